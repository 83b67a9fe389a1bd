"""`--verify-diagnostics`: what is said about a text is compared with what its comments expect, as mlir-opt does.

    %0 = arith.addi %x, %y : i32   // expected-error {{value %y is used but not defined}}

`expected-error`, `-warning`, `-note` or `-remark` is followed by where (`@+1`, `@-2`, `@above`, `@below`: the nearest line without
such a comment, `@unknown`: no place in this text; this line when it is left out) and a part of the message; in the form
`expected-error-re` text between further braces is a regular expression.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tsir.errors import IRWarning, SourceLocation, TsirError

_EXPECTED = re.compile(
    r"expected-(?P<kind>error|note|remark|warning)(?P<re>-re)? *(?:@(?P<at>[+-]\d+|above|below|unknown))? *\{\{(?P<text>.*)\}\}\s*$"
)


@dataclass(frozen=True)
class Diagnostic:
    """Something that was said about a program."""

    kind: str
    message: str
    location: SourceLocation | None


@dataclass(eq=False)
class _Expectation:
    kind: str
    text: str
    pattern: re.Pattern[str]
    line: int | None
    """None: a diagnostic without a place in the text."""
    location: SourceLocation
    found: bool = field(default=False)


def diagnostics(run: Callable[[], list[TsirError]]) -> list[Diagnostic]:
    """What is said while something runs: the errors that it gives, with their notes, and warnings."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        errors = run()
    said: list[Diagnostic] = []
    for warning in (w.message for w in warned):
        if isinstance(warning, IRWarning):
            said += _with_notes("warning", warning)
        else:
            said.append(Diagnostic("warning", str(warning), None))
    return [*said, *(d for error in errors for d in _with_notes("error", error))]


def _with_notes(kind: str, error: TsirError) -> Iterator[Diagnostic]:
    yield Diagnostic(kind, error.message, error.location)
    yield from (Diagnostic("note", text, place) for text, place in error.notes)


def mismatches(text: str, name: str, said: Iterable[Diagnostic], *, only_expected: bool = False) -> Iterator[TsirError]:
    """An error for each diagnostic that the text doesn't expect, and each that it expects in vain.

    With `only_expected` there are none of the first kind.
    """
    expected = list(_expectations(text, name))
    for diagnostic in said:
        line = diagnostic.location.line if diagnostic.location and diagnostic.location.file == name else None
        alike = [e for e in expected if e.line == line and e.pattern.search(diagnostic.message)]
        match = next((e for e in alike if e.kind == diagnostic.kind and not e.found), None)
        if match is not None:
            match.found = True
        elif only_expected:
            continue
        elif other := next((e for e in alike if not e.found), None):
            message = f"'{diagnostic.kind}' diagnostic emitted when expecting a '{other.kind}'"
            yield TsirError(f"{message}: {diagnostic.message}", location=diagnostic.location)
        else:
            yield TsirError(f"unexpected {diagnostic.kind}: {diagnostic.message}", location=diagnostic.location)
    for expectation in expected:
        if not expectation.found:
            yield TsirError(
                f'expected {expectation.kind} "{expectation.text}" was not produced', location=expectation.location
            )


def _expectations(text: str, name: str) -> Iterator[_Expectation]:
    lines = text.split("\n")
    matches = [_EXPECTED.search(line) for line in lines]
    for i, match in enumerate(matches):
        if match is None:
            continue
        at = match["at"]
        if at == "unknown":
            line = None
        elif at in ("above", "below"):
            step = 1 if at == "below" else -1
            line = i + step
            while 0 <= line < len(lines) and matches[line] is not None:
                line += step
        else:
            line = i + int(at or 0)
        location = SourceLocation(name, i + 1, match.start() + 1, len(match[0].rstrip()) + match.start() + 1, lines[i])
        shown = match["text"]
        pattern = _pattern(shown) if match["re"] else re.compile(re.escape(shown))
        yield _Expectation(match["kind"], shown, pattern, None if line is None else line + 1, location)


def _pattern(text: str) -> re.Pattern[str]:
    """The regular expression of a text with expressions between double braces."""
    parts = re.split(r"\{\{(.*?)\}\}", text)
    try:
        return re.compile("".join(f"(?:{p})" if i % 2 else re.escape(p) for i, p in enumerate(parts)))
    except re.error as error:
        raise TsirError(f"{text!r} is no regular expression: {error}") from error
