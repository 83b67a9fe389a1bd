"""torch's higher-order operators, which take graphs: branches, loops, scans, and those that only mark a part of a program."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xdsl.dialects import scf
from xdsl.dialects.builtin import StringAttr, UnitAttr
from xdsl.ir import Region, SSAValue

from tsir.dialects import dtypes
from tsir.dialects.ts import types as ts
from tsir.errors import UnsupportedError
from tsir.frontend.constants import is_constant
from tsir.frontend.exported.graphs import Graph, Node, OperatorRef, Subgraph
from tsir.frontend.exported.nodes import TOKEN, Nodes
from tsir.ops.autocast import DTYPES
from tsir.passes.autocast import mark


def higher_order(e: Nodes, node: Node) -> Sequence[Any]:
    """Emits one of the operators here; gives its results. Raises UnsupportedError for others."""
    name = node.target.partition(".")[2].removesuffix(".default")
    function = _FUNCTIONS.get(name)
    if function is None:
        raise UnsupportedError(f"torch's higher-order operator {name} isn't supported")
    return function(e, [e.value(a) for a in node.args], e.value(dict(node.kwargs)), node)


def _graph(value: Any) -> Graph:
    if not isinstance(value, Subgraph):
        raise UnsupportedError(f"expected a graph in the exported program, found a {type(value).__name__}")
    return value.graph


def _values(e: Nodes, values: Sequence[Any]) -> list[SSAValue]:
    return [v if isinstance(v, SSAValue) else e.constant(v) if is_constant(v) else e.ssa(v) for v in values]


def _cond(e: Nodes, args: list[Any], _kwargs: Mapping[str, Any], _node: Node) -> Sequence[Any]:
    predicate, yes, no, *rest = args
    operands = rest[0] if rest else ()
    if not isinstance(predicate, SSAValue):
        return e.run(_graph(yes if predicate else no), operands)

    def side(graph: Any) -> Callable[[], list[SSAValue]]:
        return lambda: _values(e, e.run(_graph(graph), operands))

    return e.choice(e.truth(predicate), side(yes), side(no))


def _while_loop(e: Nodes, args: list[Any], _kwargs: Mapping[str, Any], _node: Node) -> Sequence[Any]:
    condition, body, carried, *rest = args
    more = list(rest[0]) if rest else []
    initial = _values(e, carried)
    kinds = [v.type for v in initial]
    with e.block(kinds) as head:
        (going,) = e.run(_graph(condition), [*head.args, *more])
        e.insert(scf.ConditionOp(e.truth(e.ssa(going)), *head.args))
    with e.block(kinds) as inner:
        following = _values(e, e.run(_graph(body), [*inner.args, *more]))
        e.insert(scf.YieldOp(*following))
    return e.insert(scf.WhileOp(initial, kinds, Region(head), Region(inner))).results


def _loop(
    e: Nodes,
    count: SSAValue,
    initial: Sequence[SSAValue],
    step: Callable[[SSAValue, list[SSAValue]], Sequence[SSAValue]],
    first: int = 0,
) -> Sequence[SSAValue]:
    """`for i in range(first, count): carried = step(i, carried)`."""
    kinds = [v.type for v in initial]
    with e.block([ts.INT, *kinds]) as block:
        index, *carried = block.args
        e.insert(scf.YieldOp(*step(index, list(carried))))
    return e.insert(scf.ForOp(e.constant(first), count, e.constant(1), initial, block)).results


def _row(e: Nodes, tensor: SSAValue, index: SSAValue | int) -> SSAValue:
    return e.one("select.int", tensor, 0, index)


def _lists(e: Nodes, count: int) -> list[SSAValue]:
    return [e.list([], ts.TensorType()) for _ in range(count)]


def _map(e: Nodes, args: list[Any], _kwargs: Mapping[str, Any], node: Node) -> Sequence[Any]:
    graph, rows, more = _graph(args[0]), _values(e, args[1]), list(args[2]) if len(args) > 2 else []
    lists = [None if o is None else e.list([], ts.TensorType()) for o in graph.outputs]

    def step(index: SSAValue, carried: list[SSAValue]) -> Sequence[SSAValue]:
        for target, value in zip(lists, e.run(graph, [*(_row(e, r, index) for r in rows), *more]), strict=True):
            if target is not None:
                e.append(target, e.ssa(value))
        return carried

    _loop(e, e.size(rows[0], 0), [], step)
    return [None if made is None else e.one("stack", made, 0) for made in lists]


def _scan(e: Nodes, args: list[Any], _kwargs: Mapping[str, Any], _node: Node) -> Sequence[Any]:
    graph, initial, rows = _graph(args[0]), _values(e, args[1]), _values(e, args[2])
    more = list(args[3]) if len(args) > 3 else []
    lists = _lists(e, len(graph.outputs) - len(initial))

    def step(index: SSAValue, carried: list[SSAValue]) -> Sequence[SSAValue]:
        values = _values(e, e.run(graph, [*carried, *(_row(e, r, index) for r in rows), *more]))
        for target, value in zip(lists, values[len(initial) :], strict=True):
            e.append(target, e.one("clone", value))
        return values[: len(initial)]

    final = _loop(e, e.size(rows[0], 0), initial, step)
    return [*final, *(e.one("stack", made, 0) for made in lists)]


def _associative_scan(e: Nodes, args: list[Any], _kwargs: Mapping[str, Any], _node: Node) -> Sequence[Any]:
    graph, rows = _graph(args[0]), _values(e, args[1])
    more = list(args[2]) if len(args) > 2 else []
    initial = [_row(e, r, 0) for r in rows]
    lists = [e.list([v], ts.TensorType()) for v in initial]

    def step(index: SSAValue, carried: list[SSAValue]) -> Sequence[SSAValue]:
        values = _values(e, e.run(graph, [*carried, *(_row(e, r, index) for r in rows), *more]))
        for target, value in zip(lists, values, strict=True):
            e.append(target, value)
        return values

    _loop(e, e.size(rows[0], 0), initial, step, 1)
    return [e.one("stack", made, 0) for made in lists]


def _part(first: int) -> Callable[..., Sequence[Any]]:
    """An operator that runs a graph: the one at `first`, with what follows it."""

    def emit(e: Nodes, args: list[Any], _kwargs: Mapping[str, Any], _node: Node) -> Sequence[Any]:
        return e.run(_graph(args[first]), args[first + 1 :])

    return emit


def _listed_part(e: Nodes, args: list[Any], _kwargs: Mapping[str, Any], _node: Node) -> Sequence[Any]:
    """As `_part`, with the operands in a list."""
    return e.run(_graph(args[0]), args[1])


def _invoke(e: Nodes, args: list[Any], _kwargs: Mapping[str, Any], _node: Node) -> Sequence[Any]:
    """`invoke_subgraph(graph, identifier, *operands)`."""
    return e.run(_graph(args[0]), args[2:])


def _autocast(e: Nodes, args: list[Any], _kwargs: Mapping[str, Any], _node: Node) -> Sequence[Any]:
    """`wrap_with_autocast(device, dtype, enabled, cache, graph, *operands)`."""
    if str(getattr(args[0], "type", args[0])) != "cpu":
        return e.run(_graph(args[4]), args[5:])
    block = e.builder.insertion_point.block
    last = block.last_op
    results = e.run(_graph(args[4]), args[5:])
    mark(block, last, StringAttr(args[1].name) if args[2] and args[1] in DTYPES else UnitAttr())
    return results


def _with_effects(e: Nodes, args: list[Any], kwargs: Mapping[str, Any], node: Node) -> Sequence[Any]:
    """`with_effects(token, operator, *operands)`: the operator, and a token."""
    called = args[1]
    if not isinstance(called, OperatorRef):
        raise UnsupportedError("an effect in the exported program has no operator")
    inner = Node(
        called.target, tuple(args[2:]), kwargs, node.results[1:], node.is_list, node.place, called.function, called.schema
    )
    return [TOKEN, *e.call(inner)]


def _out_dtype(e: Nodes, args: list[Any], _kwargs: Mapping[str, Any], _node: Node) -> Sequence[Any]:
    """`out_dtype(operator, dtype, *operands)`: computed in the wider dtype."""
    called, dtype, *operands = args
    assert isinstance(called, OperatorRef)
    wide = [
        e.one("to.dtype", o, dtype) if isinstance(o, SSAValue) and isinstance(o.type, ts.TensorType) else o for o in operands
    ]
    return e.operator(called.target, wide, {})


def _auto_functionalized(e: Nodes, args: list[Any], kwargs: Mapping[str, Any], node: Node) -> Sequence[Any]:
    """`auto_functionalized(operator, **arguments)`: the operator on copies of what it changes; its results, then the copies."""
    called = args[0]
    assert isinstance(called, OperatorRef)
    if called.schema is None:
        raise UnsupportedError(f"the exported program calls {called.target}, which tsir doesn't have")
    from tsir.dialects.schema import parse_schema

    schema = parse_schema(called.schema)
    changed = [a.name for a in schema.arguments if a.type.is_write]
    given = dict(kwargs)
    bases = given.pop("_all_bases", None)
    if bases is not None:
        copies = [e.one("clone", e.ssa(b)) for b in bases]
        for name in changed:
            index = given.pop(f"_{name}_base_index", None)
            if index is None or any(k.startswith(f"_{name}_") and k not in (f"_{name}_alias",) for k in given):
                raise UnsupportedError(f"{called.target} changes views in the exported program, which isn't supported")
            given.pop(f"_{name}_alias", None)
            given[name] = copies[index]
    else:
        copies = []
        for name in changed:
            copies.append(e.one("clone", e.ssa(given[name])))
            given[name] = copies[-1]
    inner = Node(called.target, (), given, node.results, False, node.place, called.function, called.schema)
    values = list(e.call(inner))
    return [*(values or [None]), *copies]


_SCALAR = frozenset({
    "__and__", "__or__", "__xor__", "__lshift__", "__rshift__", "lift_fresh_copy", "lift_fresh", "scalar_tensor", "full", "detach",
    "alias", "to", "_to_copy", "where", "ones", "zeros", "new_ones", "new_zeros", "new_full",
})  # fmt: skip
"""Operators on single elements that torch doesn't mark as such."""


def _flex_attention(e: Nodes, args: list[Any], _kwargs: Mapping[str, Any], _node: Node) -> Sequence[Any]:
    """`flex_attention(query, key, value, score, (..., mask), scale, options, buffers of score, those of mask)`.

    The two graphs say what becomes of one element of the scores by its four indices: they are run on all elements at once.
    """
    query, key, value, score, block_mask, scale, _options, *buffers = args
    of_score, of_mask = ([*b] for b in (*buffers, (), ())[:2])
    graphs = _graph(score), _graph(block_mask[-1])
    for graph in graphs:
        _check_elementwise(graph)
    (one,) = e.aten("ones", [[1]], {"dtype": dtypes.float32})  # what torch computes in: at least float32
    groups = e.python("//", e.size(query, 1), e.size(key, 1))
    key, value = (e.one("repeat_interleave.self_int", t, groups, 1) for t in (key, value))
    keys = e.one("transpose.int", e.one("mul.Tensor", key, one), -2, -1)
    scores = e.one("mul.Scalar", e.one("matmul", e.one("mul.Tensor", query, one), keys), scale)
    places: list[SSAValue] = []
    for dim in range(4):
        (place,) = e.aten("arange", [e.size(scores, dim)], {"dtype": dtypes.int64})
        places.append(e.one("view", place, [-1 if i == dim else 1 for i in range(4)]))
    (changed,) = e.run(graphs[0], [scores, *places, *of_score])
    (kept,) = e.run(graphs[1], [*places, *of_mask])
    masked = e.one("where.ScalarOther", e.ssa(kept), e.ssa(changed), -math.inf)
    sums = e.one("div.Scalar", e.one("logsumexp", masked, [-1]), math.log(2))
    most = e.one("div.Scalar", e.one("amax", masked, [-1]), math.log(2))
    weights = e.one("to.dtype", e.one("_safe_softmax", masked, -1), e.dtype_of(query))
    return [e.one("matmul", weights, e.one("to.dtype", value, e.dtype_of(query))), sums, most]


def _check_elementwise(graph: Graph) -> None:
    for node in graph.nodes:
        name = node.target.partition(".")[2].partition(".")[0]
        tags = {t.name for t in getattr(node.function, "tags", ())}
        if "pointwise" not in tags and name not in _SCALAR and name != "index":
            raise UnsupportedError(f"flex_attention with {node.target} in its score_mod or mask_mod isn't supported")


def _print(e: Nodes, args: list[Any], kwargs: Mapping[str, Any], _node: Node) -> Sequence[Any]:
    """`print(format, **values)`."""
    from tsir.dialects.ts.families import py_op

    text = e.constant(str(args[0]))
    if kwargs:
        names = list(kwargs)
        parts: list[SSAValue] = []
        for piece in _pieces(str(args[0])):
            literal, name = piece
            parts.append(e.constant(literal))
            if name is not None:
                if name not in names:
                    raise UnsupportedError(f"torch's print of {name!r} isn't supported")
                parts.append(e.python("str", e.ssa(kwargs[name])))
        text = parts[0]
        for part in parts[1:]:
            text = e.python("+", text, part)
    e.insert(py_op("print")([e.list([text], ts.StrType())], [ts.NONE]))
    return [None]


def _pieces(text: str) -> Sequence[tuple[str, str | None]]:
    import string

    return [(literal, name) for literal, name, _, _ in string.Formatter().parse(text)]


_FUNCTIONS: Mapping[str, Callable[..., Sequence[Any]]] = {
    "cond": _cond, "while_loop": _while_loop, "map_impl": _map, "map": _map, "scan": _scan,
    "associative_scan": _associative_scan,
    "wrap": _part(0), "wrap_with_set_grad_enabled": _part(1), "tag_activation_checkpoint": _part(0),
    "wrap_activation_checkpoint": _part(0),
    "wrap_with_autocast": _autocast, "strict_mode": _listed_part, "hints_wrapper": _listed_part, "invoke_subgraph": _invoke,
    "flex_attention": _flex_attention, "with_effects": _with_effects, "out_dtype": _out_dtype,
    "auto_functionalized": _auto_functionalized,
    "auto_functionalized_v2": _auto_functionalized, "print": _print,
}  # fmt: skip

__all__ = ["higher_order"]
