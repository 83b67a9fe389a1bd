"""Structures of arguments and results: how flat values make up tuples, lists, dicts and objects of classes, as torch's pytree has it.

An entry point with trees takes and gives what they say; its function works on the flat values, the leaves. None is a leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = Any

MAX_DEPTH = 100
"""How deeply trees may nest."""
MAX_LEAVES = 100_000

KINDS = ("leaf", "tuple", "list", "dict", "ordered_dict", "default_dict", "named_tuple", "deque", "custom")


@dataclass(frozen=True)
class Tree:
    """One node. `keys` are a dict's, `names` a NamedTuple's fields, `type` the name of its or a custom node's class, `context` what a
    custom class says about its object (as JSON text) or a deque's greatest length."""

    kind: str = "leaf"
    children: tuple[Tree, ...] = ()
    keys: tuple[Any, ...] = ()
    names: tuple[str, ...] = ()
    type: str = ""
    context: str = ""
    live: Any = field(default=None, compare=False, repr=False)
    """torch's own specification of this node, in the process that made it."""

    @property
    def leaves(self) -> int:
        """How many leaves there are."""
        count, pending = 0, list[Tree]([self])
        while pending:
            tree = pending.pop()
            count += tree.kind == "leaf"
            pending.extend(tree.children)
        return count

    def is_plain(self) -> bool:
        """Whether it is a leaf, or tuples of such, which a compiled function gives as they are."""
        return self.kind == "leaf" or (self.kind == "tuple" and all(c.is_plain() for c in self.children))

    def to_json(self) -> Json:
        """The tree as a manifest holds it."""
        if self.kind == "leaf":
            return None
        made: dict[str, Json] = {"kind": self.kind, "children": [c.to_json() for c in self.children]}
        for name in ("keys", "names"):
            if value := getattr(self, name):
                made[name] = list(value)
        for name in ("type", "context"):
            if value := getattr(self, name):
                made[name] = value
        return made

    @classmethod
    def from_json(cls, given: Json, depth: int = 0) -> Tree:
        """The tree of a manifest. Raises ValueError, TypeError or KeyError for what `to_json` doesn't give."""
        if given is None:
            return LEAF
        if depth > MAX_DEPTH:
            raise ValueError(f"trees nest deeper than {MAX_DEPTH}")
        kind = given["kind"]
        if kind not in KINDS[1:]:
            raise ValueError(f"unknown kind of tree {kind!r}")
        children = tuple(cls.from_json(c, depth + 1) for c in given["children"])
        keys = tuple(given.get("keys", ()))
        names = tuple(str(n) for n in given.get("names", ()))
        if "dict" in kind and (len(keys) != len(children) or not all(isinstance(k, str | int | float) for k in keys)):
            raise ValueError("a dict's keys and items don't match")
        if kind == "named_tuple" and len(names) != len(children):
            raise ValueError("a NamedTuple's fields and items don't match")
        return cls(kind, children, keys, names, str(given.get("type", "")), str(given.get("context", "")))

    def show(self) -> str:
        """The structure for messages, leaves as `*`: `({'p': *}, [*, *])`."""
        inner = [c.show() for c in self.children]
        match self.kind:
            case "leaf":
                return "*"
            case "tuple":
                return f"({', '.join(inner)}{',' * (len(inner) == 1)})"
            case "list":
                return f"[{', '.join(inner)}]"
            case "dict" | "ordered_dict" | "default_dict":
                return "{" + ", ".join(f"{k!r}: {v}" for k, v in zip(self.keys, inner, strict=True)) + "}"
            case "named_tuple":
                return f"{self.type.rpartition('.')[2]}({', '.join(map('='.join, zip(self.names, inner, strict=True)))})"
            case _:
                return f"{self.type.rpartition('.')[2] or self.kind}({', '.join(inner)})"

    def paths(self, name: str) -> list[str]:
        """What each leaf of a parameter is called in Python: `d['p'][0].x`."""
        if self.kind == "leaf":
            return [name]
        return [p for step, child in zip(self.steps(), self.children, strict=True) for p in child.paths(name + step)]

    def steps(self) -> list[str]:
        """How Python gets from this node to each child: `['p']`, `.x`, `[0]`."""
        steps = [f"[{k!r}]" for k in self.keys] if self.keys else [f".{n}" for n in self.names]
        return steps or [f"[{i}]" for i in range(len(self.children))]


LEAF = Tree()


@dataclass(frozen=True)
class CallTrees:
    """How calls of an entry point are made: the trees of its positional arguments, those by name, and that of its result.

    The function's parameters are the leaves of the arguments in order, those by name behind the others. `result` is None
    where the function gives what the caller gets.
    """

    args: tuple[Tree, ...]
    kwargs: tuple[tuple[str, Tree], ...]
    result: Tree | None
    names: tuple[str, ...] = ()
    """The names of the positional parameters, which calls may pass by name, too."""

    def to_json(self) -> Json:
        """As a manifest holds it."""
        return {
            "args": [t.to_json() for t in self.args],
            "kwargs": [[n, t.to_json()] for n, t in self.kwargs],
            "result": None if self.result is None else [self.result.to_json()],
            "names": list(self.names),
        }

    @classmethod
    def from_json(cls, given: Json) -> CallTrees:
        """What a manifest holds. Raises ValueError, TypeError or KeyError for what `to_json` doesn't give."""
        result = given["result"]
        made = cls(
            tuple(map(Tree.from_json, given["args"])),
            tuple((str(n), Tree.from_json(t)) for n, t in given["kwargs"]),
            None if result is None else Tree.from_json(result[0]),
            tuple(map(str, given["names"])),
        )
        if sum(t.leaves for t in (*made.args, *(t for _, t in made.kwargs))) > MAX_LEAVES:
            raise ValueError(f"an entry point takes more than {MAX_LEAVES} values")
        return made


def parameter_names(paths: Sequence[str]) -> list[str]:
    """Names for parameters of a function that are called by these paths in Python: `d['p'][0]` is `d_p_0`. All differ."""
    names: list[str] = []
    for path in paths:
        plain = "".join(c if c.isalnum() and c.isascii() else "_" for c in path).strip("_")
        while "__" in plain:
            plain = plain.replace("__", "_")
        plain = plain if plain[:1].isalpha() else f"arg_{plain}"
        names.append(_unused(plain, names.__contains__))
    return names


def _unused(name: str, taken: Callable[[str], bool]) -> str:
    found, number = name, 0
    while taken(found):
        number += 1
        found = f"{name}_{number}"
    return found
