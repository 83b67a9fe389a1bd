"""`lower-linalg-ext`: the operations of `linalg_ext` as `linalg` and `scf` loops. What has no lowering here stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from xdsl.context import Context
from xdsl.dialects import arith, cf, tensor
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    AnyFloat,
    BFloat16Type,
    Float16Type,
    Float32Type,
    Float64Type,
    IntegerType,
    ModuleOp,
    StringAttr,
    TensorType,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap
from xdsl.passes import ModulePass

from tsir.dialects import linalg_ext as ext
from tsir.lowering.upstream.loops import I1, I64, INDEX, Loops, Values
from tsir.lowering.upstream.scalar_functions import lower_scalar_function
from tsir.passes.structure import walk

Lowering: TypeAlias = "Callable[[Loops, Any], Sequence[SSAValue] | None]"


@dataclass(frozen=True)
class LowerLinalgExtPass(ModulePass):
    """Replaces operations of `linalg_ext` by loops of upstream dialects.

        %n = linalg_ext.nonzero ins(%x : tensor<8xi1>) -> tensor<?x1xi64>

    becomes a `linalg.generic` that counts and a `scf.for` that writes. `linalg_ext.check` becomes `cf.assert`. Fourier transforms,
    unique slices and scalar functions of no closed form have no lowering: they stay.
    """

    name = "lower-linalg-ext"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for operation in list(walk(op)):
            lowering = LOWERINGS.get(type(operation))
            if lowering is None:
                continue
            made = lowering(Loops(operation), operation)
            if made is None:
                continue
            for old, new in zip(operation.results, made, strict=True):
                if new.name_hint is None:
                    new.name_hint = old.name_hint
                old.replace_all_uses_with(new)
            block = operation.parent_block()
            assert block is not None
            block.erase_op(operation)


def _tensor(value: SSAValue) -> TensorType[Attribute]:
    assert isinstance(value.type, TensorType)
    return value.type


def _dims(rank: int) -> list[AffineExpr]:
    return [AffineExpr.dimension(i) for i in range(rank)]


# Sorting -----------------------------------------------------------------------------------------------------------------


def _sorted(l: Loops, x: SSAValue, dim: int, *, descending: bool, unsigned: bool) -> list[SSAValue]:  # noqa: E741
    """Values and indices of a stable merge sort along `dim`: rounds that merge runs of 1, 2, 4, ... elements."""
    kind = _tensor(x)
    rank = kind.get_num_dims()
    sizes = l.sizes(x)
    count = sizes[dim]
    places = TensorType(I64, kind.get_shape())
    (indices,) = l.generic(
        [],
        [l.empty(places, sizes)],
        [AffineMap.identity(rank)],
        "p" * rank,
        lambda _: [l.to_integer(l.loop_index(dim), I64)],
    )
    spare = [l.empty(kind, sizes), l.empty(places, sizes)]
    others = [s for i, s in enumerate(sizes) if i != dim]
    one = l.index(1)

    def merged(values: Values) -> Values:
        width, source, order, target, target_order = values
        double = l.plus(width, width)

        def line(at: Values, carried: Values) -> Values:
            def here(i: SSAValue) -> list[SSAValue]:
                return [*at[:dim], i, *at[dim:]]

            def pair(run: SSAValue, written: Values) -> Values:
                low = l.add(arith.MuliOp(run, double))
                middle = l.add(arith.MinSIOp(l.plus(low, width), count))
                high = l.add(arith.MinSIOp(l.plus(low, double), count))

                def step(k: SSAValue, state: Values) -> Values:
                    i, j, into, into_order = state
                    last = l.minus(count, one)
                    left = l.at(source, here(l.add(arith.MinSIOp(i, last))))
                    right = l.at(source, here(l.add(arith.MinSIOp(j, last))))
                    first, second = (left, right) if descending else (right, left)
                    smaller = l.less(first, second, unsigned=unsigned)
                    left_done = l.compare("sge", i, middle)
                    right_left = l.compare("slt", j, high)
                    take_right = l.both(right_left, l.either(left_done, smaller))
                    chosen = l.select(take_right, j, i)
                    to = here(l.plus(low, k))
                    into = l.put(into, to, l.select(take_right, right, left))
                    into_order = l.put(into_order, to, l.at(order, here(chosen)))
                    i = l.select(take_right, i, l.plus(i, one))
                    j = l.select(take_right, l.plus(j, one), j)
                    return [i, j, into, into_order]

                return l.loop(l.minus(high, low), [low, middle, *written], step)[2:]

            runs = l.add(arith.CeilDivSIOp(count, double))
            return l.loop(runs, carried, pair)

        done = l.nest(others, [target, target_order], line)
        return [double, *done, source, order]

    final = l.repeat([one, x, indices, *spare], lambda v: l.compare("slt", v[0], count), merged)
    return [final[1], final[2]]


def _sort(l: Loops, op: ext.SortOp) -> Values:  # noqa: E741
    return _sorted(
        l, op.inputs[0], op.dim.value.data, descending=op.descending is not None, unsigned=op.unsigned is not None
    )


def _topk(l: Loops, op: ext.TopKOp) -> Values:  # noqa: E741
    x, dim = op.inputs[0], op.dim.value.data
    found = _sorted(l, x, dim, descending=op.largest is not None, unsigned=op.unsigned is not None)
    kept: list[SSAValue] = []
    for value, out in zip(found, op.outputs, strict=True):
        sizes = l.sizes(out)
        kind = _tensor(out)
        rank = kind.get_num_dims()
        shown = [s if d < 0 else d for s, d in zip(sizes, kind.get_shape(), strict=True)]
        kept.append(l.add(tensor.ExtractSliceOp(value, [0] * rank, shown, [1] * rank, kind)))
    return kept


# Scans and reductions ----------------------------------------------------------------------------------------------------

_WIDER: dict[type[Attribute], Attribute] = {
    Float16Type: Float32Type(),
    BFloat16Type: Float32Type(),
    Float32Type: Float64Type(),
}


def _combined(l: Loops, kind: str, a: SSAValue, b: SSAValue, *, unsigned: bool) -> SSAValue:  # noqa: E741
    """`a` and `b` combined as `scan` and `scatter` say: bools by or and and."""
    if kind == "logaddexp":
        return l.logaddexp(a, b)
    if isinstance(a.type, AnyFloat):
        ops = {"add": arith.AddfOp, "mul": arith.MulfOp, "max": arith.MaximumfOp, "min": arith.MinimumfOp}
    elif a.type == I1:
        ops = {"add": arith.OrIOp, "mul": arith.AndIOp, "max": arith.OrIOp, "min": arith.AndIOp}
    elif unsigned:
        ops = {"add": arith.AddiOp, "mul": arith.MuliOp, "max": arith.MaxUIOp, "min": arith.MinUIOp}
    elif isinstance(a.type, IntegerType):
        ops = {"add": arith.AddiOp, "mul": arith.MuliOp, "max": arith.MaxSIOp, "min": arith.MinSIOp}
    else:
        from xdsl.dialects import complex

        ops = {"add": complex.AddOp, "mul": complex.MulOp}
    return l.binary(ops[kind], a, b)


def _scan(l: Loops, op: ext.ScanOp) -> Values:  # noqa: E741
    x, kind, dim = op.inputs[0], op.kind.data, op.dim.value.data
    element = _tensor(x).get_element_type()
    wide = _WIDER.get(type(element), element) if kind in ("add", "mul") else element
    sizes = l.sizes(x)
    others = [s for i, s in enumerate(sizes) if i != dim]
    zero = l.index(0)
    with_indices = len(op.results) == 2
    empty = l.compare("eq", sizes[dim], zero)

    def line(at: Values, outs: Values) -> Values:
        def here(i: SSAValue) -> list[SSAValue]:
            return [*at[:dim], i, *at[dim:]]

        def whole() -> Values:
            first = l.at(x, here(zero))
            start = l.widened(first, wide)
            place = [l.to_integer(zero, I64)] if with_indices else []

            def step(i: SSAValue, state: Values) -> Values:
                running, *rest = state
                found = l.at(x, here(i))
                value = l.widened(found, wide)
                both = _combined(l, kind, running, value, unsigned=op.unsigned is not None)
                # The first element stands for itself.
                running = l.select(l.compare("eq", i, zero), value, both)
                where = rest[: len(place)]
                written = list(rest[len(place) :])
                shown = l.narrowed(running, element) if wide != element else running
                written[0] = l.put(written[0], here(i), shown)
                if with_indices:
                    same = l.compare("oeq" if isinstance(element, AnyFloat) else "eq", value, running)
                    if isinstance(element, AnyFloat):
                        same = l.either(same, l.both(l.is_nan(value), l.is_nan(running)))
                    where = [l.select(same, l.to_integer(i, I64), where[0])]
                    written[1] = l.put(written[1], here(i), where[0])
                return [running, *where, *written]

            return l.loop(sizes[dim], [start, *place, *outs], step)[1 + len(place) :]

        return l.choose(empty, [o.type for o in outs], lambda: outs, whole)

    return l.nest(others, list(op.outputs), line)


def _argreduce(l: Loops, op: ext.ArgReduceOp) -> Values:  # noqa: E741
    x, dim, largest = op.inputs[0], op.dim.value.data, op.kind.data == "max"
    kind = _tensor(x)
    element = kind.get_element_type()
    rank = kind.get_num_dims()
    sizes = l.sizes(x)
    kept = [d for d in range(rank) if d != dim]
    best = l.empty(TensorType(element, [kind.get_shape()[d] for d in kept]), [sizes[d] for d in kept])
    start = l.filled(l.constant(0, element), best)
    where = l.filled(l.constant(0, I64), op.outputs[0])
    dims = _dims(rank)
    out_map = AffineMap(rank, 0, tuple(dims[d] for d in kept))

    def body(args: Values) -> Values:
        value, top, place = args
        i = l.to_integer(l.loop_index(dim), I64)
        is_first = l.compare("eq", i, l.constant(0, I64))
        if isinstance(element, AnyFloat):
            better = l.compare("ogt" if largest else "olt", value, top)
            better = l.both(l.either(better, l.is_nan(value)), l.compare("ord", top, top))
        elif largest:
            better = l.less(top, value, unsigned=op.unsigned is not None)
        else:
            better = l.less(value, top, unsigned=op.unsigned is not None)
        take = l.either(is_first, better)
        return [l.select(take, value, top), l.select(take, i, place)]

    maps = [AffineMap.identity(rank), out_map, out_map]
    found = l.generic([x], [start, where], maps, "".join("r" if d == dim else "p" for d in range(rank)), body)
    return [found[1]]


# Gather and scatter ------------------------------------------------------------------------------------------------------


def _check_positions(l: Loops, indices: SSAValue, sizes: Sequence[SSAValue], wrap: bool) -> None:  # noqa: E741
    """Asserts that all positions are in range."""
    kind = _tensor(indices)
    rank = kind.get_num_dims()
    element = kind.get_element_type()
    yes = l.filled(l.constant(-1, I1), l.add(tensor.EmptyOp([], TensorType(I1, []))))

    def body(args: Values) -> Values:
        position = l.to_index(args[0]) if element != INDEX else args[0]
        column = l.loop_index(rank - 1)
        size = sizes[-1]
        for i in reversed(range(len(sizes) - 1)):
            size = l.select(l.compare("eq", column, l.index(i)), sizes[i], size)
        low = l.minus(l.index(0), size) if wrap else l.index(0)
        fits = l.both(l.compare("sge", position, low), l.compare("slt", position, size))
        return [l.both(args[1], fits)]

    maps = [AffineMap.identity(rank), AffineMap(rank, 0, ())]
    (fits,) = l.generic([indices], [yes], maps, "r" * rank, body)
    l.add(cf.AssertOp(l.at(fits, []), StringAttr("IndexError: an index is out of bounds")))


def _position(l: Loops, column: SSAValue, size: SSAValue, wrap: bool) -> SSAValue:  # noqa: E741
    index = l.to_index(column)
    if not wrap:
        return index
    return l.select(l.compare("slt", index, l.index(0)), l.plus(index, size), index)


def _source_place(
    l: Loops,  # noqa: E741
    at: Values,
    indices: SSAValue,
    indexed: Sequence[SSAValue],
    dims: Sequence[int],
    batch_pos: int,
    wrap: bool,
) -> list[SSAValue]:
    """Where the element `at` of the slices is in the indexed tensor."""
    batch = _tensor(indices).get_num_dims() - 1
    row = list(at[batch_pos : batch_pos + batch])
    rest = iter([*at[:batch_pos], *at[batch_pos + batch :]])
    columns = {d: l.at(indices, [*row, l.index(i)]) for i, d in enumerate(dims)}
    return [_position(l, columns[d], indexed[d], wrap) if d in columns else next(rest) for d in range(len(indexed))]


def _gather(l: Loops, op: ext.GatherOp) -> Values:  # noqa: E741
    x, indices = op.inputs
    constants = op.constants()
    dims, wrap = constants["dims"], "wrap" in constants
    batch_pos = constants.get("batch_pos", 0)
    sizes = l.sizes(x)
    if dims:
        _check_positions(l, indices, [sizes[d] for d in dims], wrap)
    rank = _tensor(op.outputs[0]).get_num_dims()

    def body(_: Values) -> Values:
        at = [l.loop_index(i) for i in range(rank)]
        return [l.at(x, _source_place(l, at, indices, sizes, dims, batch_pos, wrap))]

    return l.generic([], [op.outputs[0]], [AffineMap.identity(rank)], "p" * rank, body)


def _scatter(l: Loops, op: ext.ScatterOp) -> Values:  # noqa: E741
    updates, indices = op.inputs
    constants = op.constants()
    dims, wrap = constants["dims"], "wrap" in constants
    batch_pos = constants.get("batch_pos", 0)
    target = op.outputs[0]
    sizes = l.sizes(target)
    if dims:
        _check_positions(l, indices, [sizes[d] for d in dims], wrap)

    def body(at: Values, carried: Values) -> Values:
        place = _source_place(l, at, indices, sizes, dims, batch_pos, wrap)
        value = l.at(updates, at)
        if op.kind.data != "set":
            value = _combined(l, op.kind.data, l.at(carried[0], place), value, unsigned=op.unsigned is not None)
        return [l.put(carried[0], place, value)]

    return l.nest(l.sizes(updates), [target], body)


# Results whose size depends on the data ----------------------------------------------------------------------------------


def _counted(l: Loops, x: SSAValue, holds: Callable[[SSAValue], SSAValue]) -> SSAValue:  # noqa: E741
    """How many elements have a property."""
    rank = _tensor(x).get_num_dims()
    start = l.filled(l.constant(0, I64), l.add(tensor.EmptyOp([], TensorType(I64, []))))

    def body(args: Values) -> Values:
        return [l.plus(args[1], l.add(arith.ExtUIOp(holds(args[0]), I64)))]

    (count,) = l.generic([x], [start], [AffineMap.identity(rank), AffineMap(rank, 0, ())], "r" * rank, body)
    return l.to_index(l.at(count, []))


def _is_nonzero(l: Loops, value: SSAValue) -> SSAValue:  # noqa: E741
    if value.type == I1:
        return value
    return l.compare("une" if isinstance(value.type, AnyFloat) else "ne", value, l.constant(0, value.type))


def _nonzero(l: Loops, op: ext.NonzeroOp) -> Values | None:  # noqa: E741
    x = op.inputs[0]
    kind = _tensor(x)
    if not isinstance(kind.get_element_type(), AnyFloat | IntegerType):
        return None
    rank = kind.get_num_dims()
    count = _counted(l, x, lambda v: _is_nonzero(l, v))
    result = TensorType(I64, [DYNAMIC_INDEX, rank])
    out = l.empty(result, [count, l.index(rank)])

    def body(at: Values, carried: Values) -> Values:
        def write() -> Values:
            made = carried[1]
            for i, position in enumerate(at):
                made = l.put(made, [carried[0], l.index(i)], l.to_integer(position, I64))
            return [l.plus(carried[0], l.index(1)), made]

        return l.choose(_is_nonzero(l, l.at(x, at)), [INDEX, result], write, lambda: carried)

    found = l.nest(l.sizes(x), [l.index(0), out], body)[1]
    return [l.as_type(found, op.results[0].type)]


def _unique(l: Loops, op: ext.UniqueOp) -> Values | None:  # noqa: E741
    """Elements, not slices: sorted (or not, for neighbours), then each run of equal ones counts once."""
    x = op.inputs[0]
    kind = _tensor(x)
    element = kind.get_element_type()
    if op.dim is not None or not isinstance(element, AnyFloat | IntegerType):
        return None
    sizes = l.sizes(x)
    count = l.index(1)
    for s in sizes:
        count = l.add(arith.MuliOp(count, s))
    flat_type, flat_order = TensorType(element, [DYNAMIC_INDEX]), TensorType(I64, [DYNAMIC_INDEX])

    def position(at: Values) -> SSAValue:
        place = l.index(0)
        for i, s in zip(at, sizes, strict=True):
            place = l.plus(l.add(arith.MuliOp(place, s)), i)
        return place

    (flat,) = l.nest(sizes, [l.empty(flat_type, [count])], lambda at, c: [l.put(c[0], [position(at)], l.at(x, at))])
    if op.consecutive is not None:
        (order,) = l.generic(
            [],
            [l.empty(flat_order, [count])],
            [AffineMap.identity(1)],
            "p",
            lambda _: [l.to_integer(l.loop_index(0), I64)],
        )
    else:
        flat, order = _sorted(l, flat, 0, descending=False, unsigned=op.unsigned is not None)
    one, zero = l.index(1), l.index(0)

    def begins(i: SSAValue) -> SSAValue:
        before = l.select(l.compare("eq", i, zero), zero, l.minus(i, one))
        differs = l.compare("une" if isinstance(element, AnyFloat) else "ne", l.at(flat, [i]), l.at(flat, [before]))
        return l.either(l.compare("eq", i, zero), differs)

    def counting(i: SSAValue, carried: Values) -> Values:
        return [l.select(begins(i), l.plus(carried[0], one), carried[0])]

    (distinct,) = l.loop(count, [zero], counting)
    values = l.empty(flat_type, [distinct])
    counts = l.filled(l.constant(0, I64), l.empty(flat_order, [distinct]))
    places = l.empty(flat_order, [count])

    def write(i: SSAValue, carried: Values) -> Values:
        group, values, counts, places = carried
        group = l.select(begins(i), l.plus(group, one), group)
        current = l.minus(group, one)
        values = l.put(values, [current], l.at(flat, [i]))
        counts = l.put(counts, [current], l.plus(l.at(counts, [current]), l.constant(1, I64)))
        places = l.put(places, [l.to_index(l.at(order, [i]))], l.to_integer(current, I64))
        return [group, values, counts, places]

    _, values, counts, places = l.loop(count, [zero, values, counts, places], write)
    inverse_type = _tensor(op.results[1])
    (inverse,) = l.nest(sizes, [l.empty(inverse_type, sizes)], lambda at, c: [l.put(c[0], at, l.at(places, [position(at)]))])
    return [l.as_type(v, r.type) for v, r in zip((values, inverse, counts), op.results, strict=True)]


def _searchsorted(l: Loops, op: ext.SearchSortedOp) -> Values:  # noqa: E741
    """How many of the boundaries come before the value: their order doesn't matter for that, so neither does the sorter."""
    boundaries, values = op.inputs[0], op.inputs[1]
    element = _tensor(values).get_element_type()
    rank = _tensor(values).get_num_dims()
    result = _tensor(op.results[0]).get_element_type()
    dims = _dims(rank + 1)
    lines = _tensor(boundaries).get_num_dims()
    edge = (dims[rank],) if lines == 1 else (*dims[: rank - 1], dims[rank])
    place = AffineMap(rank + 1, 0, tuple(dims[:rank]))
    unsigned = op.unsigned is not None

    def body(args: Values) -> Values:
        bound, value, total = args
        if op.right is None:
            before = l.less(bound, value, unsigned=unsigned)
        else:
            before = l.negated(l.less(value, bound, unsigned=unsigned))
        if isinstance(element, AnyFloat):
            before = l.either(before, l.is_nan(value))
        return [l.plus(total, l.add(arith.ExtUIOp(before, result)))]  # type: ignore[arg-type]

    start = l.filled(l.constant(0, result), op.outputs[0])
    maps = [AffineMap(rank + 1, 0, edge), place, place]
    return l.generic([boundaries, values], [start], maps, "p" * rank + "r", body)


def _bincount(l: Loops, op: ext.BincountOp) -> Values:  # noqa: E741
    x = op.inputs[0]
    weights = op.inputs[1] if len(op.inputs) == 2 else None
    kind = _tensor(op.results[0])
    element = kind.get_element_type()
    least = op.constants().get("minlength", 0)
    zero, one = l.index(0), l.index(1)
    count = l.size(x, 0)

    def bounds(i: SSAValue, carried: Values) -> Values:
        value = l.to_index(l.at(x, [i]))
        return [l.add(arith.MaxSIOp(carried[0], l.plus(value, one))), l.add(arith.MinSIOp(carried[1], value))]

    size, lowest = l.loop(count, [l.index(least), zero], bounds)
    message = "RuntimeError: bincount only supports 1-d non-negative integral inputs."
    l.add(cf.AssertOp(l.compare("sge", lowest, zero), StringAttr(message)))
    out = l.filled(l.constant(0, element), l.empty(TensorType(element, [DYNAMIC_INDEX]), [size]))

    def add(i: SSAValue, carried: Values) -> Values:
        place = [l.to_index(l.at(x, [i]))]
        amount = l.constant(1, element) if weights is None else l.at(weights, [i])
        return [l.put(carried[0], place, _combined(l, "add", l.at(carried[0], place), amount, unsigned=False))]

    return [l.as_type(l.loop(count, [out], add)[0], kind)]


# Scalars -----------------------------------------------------------------------------------------------------------------


def _check(l: Loops, op: ext.CheckOp) -> Values:  # noqa: E741
    l.add(cf.AssertOp(op.condition, StringAttr(f"{op.exception.data}: {op.message.data}")))
    return []


def _scalar(l: Loops, op: ext.ScalarOp) -> Values | None:  # noqa: E741
    found = lower_scalar_function(l, op.function.data, list(op.arguments), op.result.type)
    return None if found is None else [found]


LOWERINGS: dict[type[Operation], Lowering] = {
    ext.SortOp: _sort,
    ext.TopKOp: _topk,
    ext.ScanOp: _scan,
    ext.ArgReduceOp: _argreduce,
    ext.GatherOp: _gather,
    ext.ScatterOp: _scatter,
    ext.NonzeroOp: _nonzero,
    ext.UniqueOp: _unique,
    ext.SearchSortedOp: _searchsorted,
    ext.BincountOp: _bincount,
    ext.CheckOp: _check,
    ext.ScalarOp: _scalar,
}
