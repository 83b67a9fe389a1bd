"""What `re.match` and its like give a program: an object with the text and where the groups are in it.

`regular_expressions.py` carries out the methods that depend on the pattern; those here are compiled as they are.
"""

from __future__ import annotations

from typing import Any, ClassVar, List, Optional, Tuple  # noqa: UP035

# pyright: reportMissingParameterType=false


class Match:
    """A match. Classes derived from it know the pattern."""

    pattern: ClassVar[Any] = None

    def __init__(self, string: str, spans: List[int]):  # noqa: UP006
        self.string = string
        self.spans = spans

    def __getitem__(self, group):
        return self.group(group)

    @property
    def regs(self) -> Tuple[Tuple[int, int], ...]:  # noqa: UP006
        """Where all groups begin and end, the whole match first."""
        return tuple((self.spans[i], self.spans[i + 1]) for i in range(0, len(self.spans), 2))

    def group(self, *groups: Any) -> Any:
        """The texts of groups."""
        return group_at(self.string, self.spans, *groups)

    def groups(self, default: Any = None) -> Any:
        """The texts of all groups."""
        return tuple(group_at(self.string, self.spans, i) for i in range(1, len(self.spans) // 2))

    def groupdict(self, default: Any = None) -> Any:
        """The texts of the groups with names."""
        return {n: group_at(self.string, self.spans, i) for n, i in type(self).pattern.groupindex.items()}

    def start(self, group: Any = 0) -> Any:
        """Where a group begins."""
        return self.spans[2 * group]

    def end(self, group: Any = 0) -> Any:
        """Where a group ends."""
        return self.spans[2 * group + 1]

    def span(self, group: Any = 0) -> Any:
        """Where a group begins and ends."""
        return (self.spans[2 * group], self.spans[2 * group + 1])


def group_at(string: str, spans: List[int], group: int) -> Optional[str]:  # noqa: UP006, UP045
    """The text of a group; None where it isn't part of the match."""
    if group < 0 or 2 * group >= len(spans):
        raise IndexError("no such group")
    if spans[2 * group] < 0:
        return None
    return string[spans[2 * group] : spans[2 * group + 1]]


def substituted(matches, text: str, function, count: int) -> str:
    """`re.sub` with a function that gives what stands for each match."""
    parts = [""]
    position = 0
    for match in matches:
        parts.append(text[position : match.spans[0]])
        parts.append(function(match))
        position = match.spans[1]
        count = count - 1
        if count == 0:
            break
    parts.append(text[position:])
    return "".join(parts)
