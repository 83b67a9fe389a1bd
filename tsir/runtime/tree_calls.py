"""Calls of entry points with trees: arguments taken apart into the function's parameters, and its results put together.

What a tree is stands in `dialects/pytrees.py`. Classes that a program's arguments or results are of are those registered with torch's
pytree in this process. Where one isn't, or torch isn't loaded, a result is a `Record` of its parts where the program knows their
names, else a tuple; and such values are taken as arguments, too.
"""

from __future__ import annotations

import json
from collections import OrderedDict, defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tsir.dialects.pytrees import CallTrees, Tree
from tsir.dialects.values import Record, named_tuple_class
from tsir.errors import OperatorValueError
from tsir.runtime.torch_adapter import adapter

if TYPE_CHECKING:
    from tsir.runtime.methods import CompiledMethod

_FACTORIES: Mapping[str, Any] = {
    "list": list,
    "dict": dict,
    "int": int,
    "float": float,
    "set": set,
    "tuple": tuple,
    "str": str,
}


class TreeCalls:
    """The calls of one entry point; `inner` takes and gives the leaves."""

    def __init__(self, inner: CompiledMethod, trees: CallTrees) -> None:
        self._inner = inner
        self._trees = trees
        self._keywords = dict(trees.kwargs)

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a call. Raises OperatorValueError for arguments of another structure, as torch does."""
        leaves: list[Any] = []
        given, named = self._placed(args, kwargs)
        for name, tree, value in (
            *zip(self._trees.names or map(str, range(len(given))), self._trees.args, given, strict=False),
            *((n, t, named[n]) for n, t in self._trees.kwargs),
        ):
            self._take(tree, value, leaves, name)
        result = self._inner(*leaves)
        if self._trees.result is None:
            return result
        parts = list(result)
        return put_together(self._trees.result, parts)

    def _placed(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Sequence[Any], dict[str, Any]]:
        """The positional arguments, also those given by name, and the others."""
        count, names = len(self._trees.args), self._trees.names
        left = dict(kwargs)
        given = list(args)
        while len(given) < count and len(given) < len(names) and names[len(given)] in left:
            given.append(left.pop(names[len(given)]))
        if left.keys() != self._keywords.keys():
            raise OperatorValueError(
                f"Ran into a kwarg keyword mismatch: Got the following keywords {list(left)} but expected {list(self._keywords)}"
            )
        if len(given) != count:
            raise OperatorValueError(f"{self._wanted()}\nbut got {len(given)} positional arguments")
        return given, left

    def _wanted(self) -> str:
        shown = [t.show() for t in self._trees.args] + [f"{n}={t.show()}" for n, t in self._trees.kwargs]
        return f"Trying to flatten user inputs with exported input tree spec:\n({', '.join(shown)})"

    def _take(self, tree: Tree, value: Any, leaves: list[Any], path: str) -> None:
        if tree.kind == "leaf":
            leaves.append(value)
            return
        parts = _parts(tree, value)
        if parts is None or len(parts) != len(tree.children):
            raise OperatorValueError(f"{self._wanted()}\nbut {path} is {_described(value)}, not {tree.show()}")
        for step, child, part in zip(tree.steps(), tree.children, parts, strict=True):
            self._take(child, part, leaves, path + step)


def _described(value: Any) -> str:
    match value:
        case list() | tuple():
            return f"a {type(value).__name__} of {len(value)}"
        case dict():
            return f"a {type(value).__name__} with the keys {list(value)}"
        case _:
            return f"a {type(value).__name__}"


def _parts(tree: Tree, value: Any) -> Sequence[Any] | None:
    """The children of a value, or None for one of another structure."""
    match tree.kind:
        case "tuple":
            return value if isinstance(value, tuple) and not hasattr(value, "_fields") else None
        case "list":
            return value if type(value) is list else None
        case "dict" | "ordered_dict" | "default_dict":
            wanted: type = {"dict": dict, "ordered_dict": OrderedDict, "default_dict": defaultdict}[tree.kind]
            if type(value) is not wanted or value.keys() != {*tree.keys}:
                return None
            return [value[k] for k in tree.keys]
        case "named_tuple":
            return value if isinstance(value, tuple) and getattr(value, "_fields", None) == tree.names else None
        case "deque":
            return list(value) if isinstance(value, deque) else None
        case _:
            return _custom_parts(tree, value)


def _custom_parts(tree: Tree, value: Any) -> Sequence[Any] | None:
    torch = adapter()
    node = None if torch is None else torch.pytree_node(type(value))
    if node is not None and torch is not None and torch.pytree_name(type(value)) in (tree.type, None):
        children, context = node.flatten_fn(value)
        known = tree.live.context if tree.live is not None else _known_context(tree, node)
        return list(children) if known is _ANY or known == context else None
    names = _names(tree)
    if names is not None and isinstance(value, dict) and [*value] == names:
        return list(value.values())
    if names is None and isinstance(value, tuple) and not hasattr(value, "_fields"):
        return value
    return None


_ANY = object()


def _known_context(tree: Tree, node: Any) -> Any:
    if not tree.context:
        return _ANY
    try:
        plain = json.loads(tree.context)
    except ValueError:
        return _ANY
    return plain if node.from_dumpable is None else node.from_dumpable(plain)


def _names(tree: Tree) -> list[str] | None:
    """What the parts of an object of a custom class are called, as far as its context says."""
    try:
        context = json.loads(tree.context) if tree.context else None
    except ValueError:
        return None
    for names in (context, context[0] if isinstance(context, list) and context else None):
        if isinstance(names, list) and len(names) == len(tree.children) and all(isinstance(n, str) for n in names):
            return names
    return None


def put_together(tree: Tree, leaves: list[Any]) -> Any:
    """The value of this structure with these leaves, which are taken from the list's start."""
    if tree.kind == "leaf":
        return leaves.pop(0)
    parts = [put_together(c, leaves) for c in tree.children]
    match tree.kind:
        case "tuple":
            return tuple(parts)
        case "list":
            return parts
        case "dict":
            return dict(zip(tree.keys, parts, strict=True))
        case "ordered_dict":
            return OrderedDict(zip(tree.keys, parts, strict=True))
        case "default_dict":
            return defaultdict(_FACTORIES.get(tree.type), zip(tree.keys, parts, strict=True))
        case "deque":
            return deque(parts, int(tree.context) if tree.context else None)
        case "named_tuple":
            return _named_tuple_class(tree)(*parts)
        case _:
            return _custom(tree, parts)


def _named_tuple_class(tree: Tree) -> Any:
    """The class of a NamedTuple: the one in this process where there is one with these fields."""
    live = getattr(tree.live, "context", None)
    torch = adapter()
    if live is None and torch is not None:
        live = torch.pytree_class(tree.type)
    known = isinstance(live, type) and getattr(live, "_fields", None) == tree.names
    return live if known else named_tuple_class(tree.type, tree.names)


def _custom(tree: Tree, parts: list[Any]) -> Any:
    torch = adapter()
    if torch is not None:
        node = torch.pytree_node_named(tree.type) if tree.live is None else torch.pytree_node(tree.live.type)
        if node is not None:
            context = tree.live.context if tree.live is not None else _known_context(tree, node)
            if context is not _ANY:
                return node.unflatten_fn(parts, context)
    names = _names(tree)
    if names is None:
        return tuple(parts)
    items = dict(zip(names, parts, strict=True))
    return Record(tree.type.rpartition(".")[2], items, items)


__all__ = ["TreeCalls", "put_together"]
