"""Calls of compiled methods that take and give structures (`dialects/pytrees.py`), as exported modules do: containers are taken apart
into the function's parameters while compiling, and its results put together. Such calls from outside are `runtime/tree_calls.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from xdsl.ir import SSAValue

from tsir.dialects.program import EntryPoint
from tsir.dialects.pytrees import CallTrees, Tree
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import CastOp, DictOp, ListOp, TupleOp, UnpackOp
from tsir.frontend.script.convert import held, list_of, materialise, tuple_elements
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.static_state import fresh, new_dict, new_list
from tsir.frontend.script.values import Const, Run, StaticDict, StaticList, StaticTuple, Value
from tsir.passes.constants import UNKNOWN, constant_of


def call_with_trees(
    e: Emitter,
    entry: EntryPoint,
    args: Sequence[Value],
    kwargs: Mapping[str, Value],
    inner: Callable[[Sequence[Value]], Value],
) -> Value:
    """A call of an entry point with trees; `inner` calls it with the leaves.

    Raises FrontendError for arguments of another structure, as far as that shows; what only shows at run time raises there.
    """
    trees = entry.trees
    assert trees is not None
    leaves: list[Value] = []
    for name, tree, value in _placed(e, entry.name, trees, args, kwargs):
        _take(e, tree, value, name, leaves)
    result = inner(leaves)
    if trees.result is None:
        return result
    parts = tuple_elements(e, result)
    assert parts is not None
    return _put_together(e, trees.result, parts)


def _placed(
    e: Emitter, function: str, trees: CallTrees, args: Sequence[Value], kwargs: Mapping[str, Value]
) -> list[tuple[str, Tree, Value]]:
    """What is passed for each parameter, in order."""
    given, left = list(args), dict(kwargs)
    while len(given) < min(len(trees.args), len(trees.names)) and trees.names[len(given)] in left:
        given.append(left.pop(trees.names[len(given)]))
    if len(given) != len(trees.args) or left.keys() != {n for n, _ in trees.kwargs}:
        wanted = ", ".join([t.show() for t in trees.args] + [f"{n}={t.show()}" for n, t in trees.kwargs])
        named = f" and the keywords {list(left)}" if left else ""
        e.error(
            f"{function}() of an exported module takes ({wanted}), and gets {len(given)} arguments by place{named}",
            code="TS401",
        )
    names = [*trees.names, *map(str, range(len(trees.names), len(given)))]
    by_place = list(zip(names, trees.args, given, strict=False))
    return [*by_place, *((n, t, left[n]) for n, t in trees.kwargs)]


def _take(e: Emitter, tree: Tree, value: Value, path: str, leaves: list[Value]) -> None:
    if tree.kind == "leaf":
        leaves.append(value)
        return
    parts = _parts(e, tree, fresh(e, value))
    if parts is None or len(parts) != len(tree.children):
        e.error(f"{path} is a {e.show(value)}; the exported module takes {tree.show()} there", value=value, code="TS401")
    for step, child, part in zip(tree.steps(), tree.children, parts, strict=True):
        _take(e, child, part, path + step, leaves)


def _parts(e: Emitter, tree: Tree, value: Value) -> Sequence[Value] | None:
    """The children of a value, or None for one of another structure."""
    match tree.kind, value if not isinstance(value, Run) else _as_written(e, value):
        case "list", StaticList() as value:
            return list(value.elements)
        case "list", Run(type=ts.ListType()) as value if not value.is_tuple:
            assert isinstance(value.type, ts.ListType)
            unpacked = UnpackOp(value.ssa, [value.type.element] * len(tree.children))
            e.emit_void(unpacked)
            return [e.session.object_or_run(r) for r in unpacked.results]
        case (("tuple" | "named_tuple"), value) if not isinstance(value, StaticList):
            return tuple_elements(e, value)
        case (("dict" | "ordered_dict" | "default_dict"), StaticDict() as value):
            return [value.items[k] for k in tree.keys] if value.items.keys() == {*tree.keys} else None
        case (("dict" | "ordered_dict" | "default_dict"), Run(type=ts.DictType()) as value):
            return _items(e, tree, value)
        case _:
            return None


def _as_written(e: Emitter, value: Run) -> Value:
    """A list or dict that the program has written and done nothing with yet, element by element: each has its own type there."""
    made = _without_casts(value.ssa)
    if not isinstance(made.owner, ListOp | DictOp) or not _is_only_held(made):
        return value
    parts = [_without_casts(o) for o in made.owner.operands]
    if isinstance(made.owner, ListOp):
        return StaticList(tuple(e.session.object_or_run(p) for p in parts))
    keys = [constant_of(k) for k in parts[::2]]
    if UNKNOWN in keys:
        return value
    return StaticDict({k: e.session.object_or_run(p) for k, p in zip(keys, parts[1::2], strict=True)})


def _without_casts(value: SSAValue) -> SSAValue:
    while isinstance(value.owner, CastOp):
        value = value.owner.operands[0]
    return value


def _is_only_held(value: SSAValue) -> bool:
    """Whether nothing is done with a value but put it into displays with which nothing is done, either."""
    todo = [value]
    while todo:
        for use in todo.pop().uses:
            if not isinstance(use.operation, CastOp | ListOp | DictOp | TupleOp):
                return False
            todo.extend(use.operation.results)
    return True


def _items(e: Emitter, tree: Tree, value: Run) -> list[Value]:
    """The values of a dict of run time, which raises ValueError where it has another number of keys, KeyError for other keys."""
    assert isinstance(value.type, ts.DictType)
    keys = e.py("dict_keys", [value.ssa])
    e.emit_void(UnpackOp(keys, [value.type.key] * len(tree.keys)))
    return [e.session.object_or_run(e.py("getitem", [value.ssa, materialise(e, Const(k))])) for k in tree.keys]


def _put_together(e: Emitter, tree: Tree, leaves: list[Value]) -> Value:
    """The value of this structure with these leaves, which are taken from the list's start.

    Containers of values of one type are those that the program would make itself; others are known one by one.
    """
    if tree.kind == "leaf":
        return leaves.pop(0)
    parts = [_put_together(e, c, leaves) for c in tree.children]
    match tree.kind:
        case "tuple":
            return StaticTuple(tuple(parts))
        case "named_tuple":
            parts = [held(e, p) for p in parts]
            kinds = [e.session.type_of(p) or ts.AnyType() for p in parts]
            return StaticTuple(tuple(parts), ts.NamedTupleType(tree.type.rpartition(".")[2], list(tree.names), kinds))
        case "list":
            if e.dynamic:
                return new_list(e, parts)
            return Run(list_of(e, parts)) if _are_of_one_type(e, parts) else StaticList(tuple(parts))
        case "dict":
            items = dict(zip(tree.keys, parts, strict=True))
            if e.dynamic:
                return new_dict(e, items)
            if not _are_of_one_type(e, parts):
                return StaticDict(items)
            return e.session.dict_of(e, [(Const(k), v) for k, v in items.items()], None)
        case _:
            e.unsupported(
                f"a result of class {tree.type or tree.kind} of an exported module, in a compiled one",
                hint="give tuples, lists, dicts and NamedTuples from the exported module",
            )


def _are_of_one_type(e: Emitter, parts: Sequence[Value]) -> bool:
    kinds = {e.session.type_of(p) for p in parts}
    return len(kinds) == 1 and None not in kinds and not any(isinstance(p, StaticDict | StaticList) for p in parts)


__all__ = ["call_with_trees"]
