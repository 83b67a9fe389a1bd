"""How linalg operations are written: elementwise operations, views, reductions; contractions are in `contractions.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xdsl.dialects import arith
from xdsl.dialects.linalg import ops as linalg
from xdsl.dialects.linalg.abstract_ops import LinalgStructuredOperation
from xdsl.ir import Operation, SSAValue

from tsir.backend.numpy.contractions import contraction_of, emit_contraction
from tsir.backend.numpy.element_loops import emit_element_loops
from tsir.backend.numpy.elementwise import BodyCompiler, aligned, loop_order
from tsir.backend.numpy.emitter import EmitFunction, FunctionEmitter, Unwritable, is_tensor, shape_text
from tsir.backend.numpy.row_sums import emit_row_sum, factor_of_square, trailing_terms
from tsir.backend.numpy.scalar_operations import constant_value
from tsir.backend.numpy.structured import BOOL, Structured, structured
from tsir.backend.numpy.tensors import Fill, Kind, Size, Storage, Tensor, scalar_dtype, tensor_dtype
from tsir.backend.numpy.windows import emit_window_reduction
from tsir.dialects.dtypes import DType

REDUCERS: dict[type[Operation], str] = {
    arith.AddfOp: "add", arith.AddiOp: "add", arith.MulfOp: "multiply", arith.MuliOp: "multiply",
    arith.MaximumfOp: "maximum", arith.MinimumfOp: "minimum", arith.MaxnumfOp: "fmax", arith.MinnumfOp: "fmin",
    arith.MaxSIOp: "maximum", arith.MinSIOp: "minimum", arith.AndIOp: "bitwise_and", arith.OrIOp: "bitwise_or",
    arith.XOrIOp: "bitwise_xor",
}  # fmt: skip
BOOL_REDUCERS: dict[type[Operation], str] = {
    arith.AddiOp: "logical_xor", arith.MuliOp: "logical_and", arith.MaxSIOp: "logical_and", arith.MinSIOp: "logical_or",
    arith.MaxUIOp: "logical_or", arith.MinUIOp: "logical_and", arith.AndIOp: "logical_and", arith.OrIOp: "logical_or",
    arith.XOrIOp: "logical_xor",
}  # fmt: skip


def _complex_reducers() -> dict[type[Operation], str]:
    from xdsl.dialects import complex

    return {complex.AddOp: "add", complex.MulOp: "multiply"}


def emit_structured(e: FunctionEmitter, op: LinalgStructuredOperation) -> None:
    """Any linalg operation with maps and a body; element by element when NumPy has no calls for it."""
    emit_view(e, e.view_of(op) or structured(op))


def emit_view(e: FunctionEmitter, view: Structured) -> None:
    """An operation given by its view."""
    written = len(e.body)
    try:
        _vectorised(e, view)
    except Unwritable:
        del e.body[written:]
        emit_element_loops(e, view)


def _vectorised(e: FunctionEmitter, view: Structured) -> None:
    if any(view.reductions):
        contraction = contraction_of(view)
        if contraction is not None and emit_contraction(e, view, contraction):
            return
        for i in range(len(view.yields)):
            emit_reduction(e, view, i)
        return
    for i in range(len(view.yields)):
        if not _alias(e, view, i):
            _parallel(e, view, i)


def _alias(e: FunctionEmitter, view: Structured, index: int) -> bool:
    """A body that only yields an input: the result is a view of it."""
    source = next((o for o in view.inputs if o.element is view.yields[index]), None)
    out = view.outputs[index]
    if source is None or not is_tensor(source.value) or isinstance(view.op, linalg.CopyOp):
        return False
    loops = [x.loop if x is not None else None for x in out.exprs]
    if None in loops or isinstance(e.binding(source.value), Fill):
        return False
    found = e.tensor(source.value)
    if any(x is None for x in source.exprs):
        return False
    varying = {d for i, x in enumerate(source.exprs) if x is not None and found.axes[i] is not None for d in x.coefficients}
    used = [x.loop if x is not None else None for i, x in enumerate(source.exprs) if found.axes[i] is not None]
    sizes = view.sizes(e)
    shape = tuple(sizes[d or 0] for d in loops)
    if None not in used and len(set(used)) == len(used):
        # The array itself, with another meaning of its axes.
        at = dict(zip(used, (p for p in found.axes if p is not None), strict=True))
        e.bind(view.op.results[index], replace(found, shape=shape, axes=tuple(at.get(d) for d in loops)))
        return True
    order = [d for d in loops if d in varying]
    text, _, _ = aligned(e, found, source.exprs, [d or 0 for d in order], sizes)
    name = e.hoisted(text, view.op.results[index].name_hint) if text != found.name else text
    axes = tuple(order.index(d) if d in order else None for d in loops)
    found.storage.repeated |= any(x is not None and len(x.coefficients) > 1 for x in source.exprs)
    e.bind(view.op.results[index], Tensor(name, shape, axes, found.dtype, found.storage, relaid=found.relaid))
    return True


def _read_loops(e: FunctionEmitter, view: Structured, value: SSAValue) -> set[int]:
    """The loops that a value of the body may vary with: those that are axes of its operands' arrays."""
    operands = {o.element: o for o in (*view.inputs, *view.outputs)}
    seen: set[SSAValue] = set()
    loops: set[int] = set()
    pending = [value]
    while pending:
        top = pending.pop()
        if top in seen:
            continue
        seen.add(top)
        if top in operands:
            operand = operands[top]
            found = e.binding(operand.value)
            if isinstance(found, Tensor):
                for axis, expr in zip(found.axes, operand.exprs, strict=True):
                    if axis is not None and expr is not None:
                        loops.update(expr.coefficients)
        elif isinstance(top.owner, Operation) and top.owner.parent is view.body:
            if isinstance(top.owner, linalg.IndexOp):
                loops.add(top.owner.dim.value.data)
            pending.extend(v for v in top.owner.operands)
    return loops


def _parallel(e: FunctionEmitter, view: Structured, index: int) -> None:
    result = view.op.results[index]
    value = view.yields[index]
    out = view.outputs[index]
    sizes = view.sizes(e)
    out_loops = [x.loop if x is not None else None for x in out.exprs]
    read = _read_loops(e, view, value)
    active = [d for d in out_loops if d is not None and d in read]
    order = loop_order(e, view, active)
    compiler = BodyCompiler(e, view, order, sizes)
    part = compiler.part(value)
    shape = tuple(1 if d is None else sizes[d] for d in out_loops)
    dtype = tensor_dtype(result.type)
    storage = part.temporary
    text = part.text
    if part.loops != frozenset(order) or (storage is None and not e.is_prepared_text(text)):
        # The value is an operand's element, or varies with fewer loops than the arrays have axes: it needs memory of its own.
        full = shape_text(compiler.array_shape(frozenset(order), len(order)))
        text = f"{e.numpy('broadcast_to')}({text}, {full})" if part.loops != frozenset(order) else text
        text = e.hoisted(f"{text}.copy()", result.name_hint)
        storage = None
    if e.is_prepared_text(text):
        storage = e.constant_storage
    elif storage is None:
        storage = e.new_storage()
    compiler.release([storage])
    axes = tuple(order.index(d) if d is not None and d in order else None for d in out_loops)
    made = Tensor(text, shape, axes, dtype, storage, contiguous=part.contiguous, relaid=_relaid(e, view))
    e.bind(result, independent(e, made, result))


def _relaid(e: FunctionEmitter, view: Structured) -> bool:
    """Whether the order of axes that the result takes over from the operands is the generator's own choice."""
    bindings = [e.binding(o.value) for o in view.inputs if is_tensor(o.value)]
    return any(isinstance(b, Tensor) and b.relaid for b in bindings)


def independent(e: FunctionEmitter, made: Tensor, result: SSAValue) -> Tensor:
    """What a result that leaves the function must be: an array of its own, not broadcast."""
    missing = any(p is None and s != 1 for p, s in zip(made.axes, made.shape, strict=True))
    if result not in e.escaping or not missing:
        return made
    plain_view = e.laid_out(made)
    name = e.assign(f"{plain_view.name}.copy()", result.name_hint)
    return replace(plain_view, name=name, storage=e.new_storage(), contiguous=True)


UNSIGNED_REDUCERS: dict[type[Operation], tuple[str, int]] = {arith.MaxUIOp: ("maximum", 0), arith.MinUIOp: ("minimum", -1)}
"""Reductions that read the elements as unsigned: the ufunc, and the start (as a signed number) that changes nothing."""


def emit_reduction(e: FunctionEmitter, view: Structured, index: int, *, squares: bool = False) -> bool:
    """`acc = combine(acc, expression)`: the expression over all loops, then `ufunc.reduce`.

    With `squares` it's the sum of the elements' squares; False when that has no form as a product.
    """
    result = view.op.results[index]
    accumulator = view.outputs[index].element
    value = view.yields[index]
    op = value.owner
    dtype = scalar_dtype(value.type)
    table = BOOL_REDUCERS if value.type == BOOL else {**REDUCERS, **_complex_reducers()}
    unsigned = UNSIGNED_REDUCERS.get(type(op)) if isinstance(op, Operation) and value.type != BOOL else None
    if unsigned is not None and isinstance(op, Operation):
        table = {type(op): unsigned[0]}
    if not isinstance(op, Operation) or type(op) not in table or accumulator not in op.operands:
        raise e.error(f"{view.op.name}: this reduction isn't supported by the NumPy backend")
    name = table[type(op)]
    operand = next((v for v in op.operands if v is not accumulator), accumulator)
    out = view.outputs[index]
    neutral = unsigned is None and _starts_neutral(e, out.value, name, dtype)
    if not squares and unsigned is None and dtype.name not in ("float16", "bfloat16"):
        slid = emit_window_reduction(e, view, name, operand)
        if slid is not None:
            e.bind(result, slid if neutral else combined(e, name, slid, out.value))
            return True
    sizes = view.sizes(e)
    kept = [x.loop if x is not None else None for x in out.exprs]
    reduced = [d for d, r in enumerate(view.reductions) if r]
    loops = [d for d in kept if d is not None] + reduced
    order = loop_order(e, view, loops)
    compiler = BodyCompiler(e, view, order, sizes)
    rest = [d for d in order if d not in reduced]
    terms = trailing_terms(order, reduced, sizes, dtype) if name == "add" and not e.preparing else None
    if terms is not None:
        factor = operand if squares else factor_of_square(operand)
        part = compiler.part(operand if factor is None else factor)
        if part.loops == frozenset(order):
            shape = [sizes[d] for d in rest]
            summed = emit_row_sum(
                e,
                compiler,
                part,
                shape,
                terms,
                dtype,
                result.name_hint,
                square=factor is not None,
                escapes=result in e.escaping,
            )
            if summed is not None:
                _bind_reduction(e, view, index, compiler, summed, rest, sizes, name)
                return True
    if squares:
        return False
    part = compiler.part(operand)
    full = compiler.array_shape(frozenset(order), len(order))
    text = part.text
    if part.loops != frozenset(order):
        text = f"{e.numpy('broadcast_to')}({text}, {shape_text(full)})"
    axes = [order.index(d) for d in reduced]
    axis = str(axes[0]) if len(axes) == 1 else str(tuple(axes))
    shape = tuple(sizes[d] for d in rest)
    escapes = result in e.escaping
    if unsigned is not None:
        init = e.binding(out.value)
        neutral = isinstance(init, Fill) and init.value == unsigned[1]
        if not neutral:
            raise e.error(f"{view.op.name}: an unsigned reduction from another start isn't supported by the NumPy backend")
        text = f"{text}.view('u{dtype.itemsize}')"
    planned = e.buffer(shape, dtype, escapes=escapes) if unsigned is None and (rest or not escapes) else None
    call = (
        f"{e.numpy(name)}.reduce({text}, axis={axis}{_start_of_empty(e, name, [sizes[d] for d in reduced], dtype, unsigned)}"
    )
    typed = "" if dtype.name != "float16" and dtype.category.name != "INT" else f", dtype={e.dtype(dtype)}"
    if dtype.name in ("float16", "bfloat16") and name in ("add", "multiply"):
        made = e.assign(
            f"{e.numpy('asarray')}({call}, dtype={e.numpy('float32')})).astype({e.dtype(dtype)})", result.name_hint
        )
        storage = e.new_storage()
    elif unsigned is not None:
        made = e.assign(f"{e.numpy('asarray')}({call})).view({e.dtype(dtype)})", result.name_hint)
        storage = e.new_storage()
    elif planned is not None:
        made, storage = planned
        made = e.assign(f"{call}{typed}, out={made})", result.name_hint)
    else:
        call = f"{call}{typed})"
        made = e.assign(call if rest else f"{e.numpy('asarray')}({call})", result.name_hint)
        storage = e.new_storage()
    _bind_reduction(e, view, index, compiler, (made, storage), rest, sizes, None if neutral else name)
    return True


def _bind_reduction(
    e: FunctionEmitter,
    view: Structured,
    index: int,
    compiler: BodyCompiler,
    made: tuple[str, Storage],
    rest: list[int],
    sizes: Sequence[Size],
    name: str | None,
) -> None:
    """Binds a reduction's result, an array over the loops `rest`, after combining it with the accumulator's start by `name`."""
    result, out = view.op.results[index], view.outputs[index]
    kept = [x.loop if x is not None else None for x in out.exprs]
    text, storage = made
    if e.preparing:
        storage = e.constant_storage
    positions = tuple(rest.index(d) if d is not None else None for d in kept)
    shape = tuple(1 if d is None else sizes[d] for d in kept)
    dtype = tensor_dtype(result.type)
    contiguous = storage.kind is Kind.PLANNED or len(rest) < 2
    found = Tensor(text, shape, positions, dtype, storage, contiguous=contiguous, relaid=_relaid(e, view))
    compiler.release([storage])
    init = e.binding(out.value)
    if name is not None and not (isinstance(init, Fill) and is_neutral(name, init.value, dtype.name)):
        found = combined(e, name, found, out.value)
    e.bind(result, found)


def _start_of_empty(
    e: FunctionEmitter, name: str, reduced: Sequence[Size], dtype: DType, unsigned: tuple[str, int] | None
) -> str:
    """The argument that a maximum or minimum of perhaps no elements needs: NumPy knows none to begin with."""
    if name not in ("maximum", "minimum") or all(isinstance(s, int) and s > 0 for s in reduced):
        return ""
    if unsigned is not None:
        return f", initial={unsigned[1] % 2 ** (8 * dtype.itemsize)}"
    if dtype.category.name == "INT":
        least = -(2 ** (8 * dtype.itemsize - 1))
        return f", initial={least if name == 'maximum' else -least - 1}"
    return f", initial={'-' if name == 'maximum' else ''}{e.numpy('inf')}"


def _starts_neutral(e: FunctionEmitter, value: SSAValue, name: str, dtype: DType) -> bool:
    init = e.binding(value)
    return isinstance(init, Fill) and is_neutral(name, init.value, dtype.name)


def combined(e: FunctionEmitter, name: str, found: Tensor, init: SSAValue) -> Tensor:
    """The ufunc of a fresh tensor and the initial value of an accumulator, in place."""
    binding = e.binding(init)
    if isinstance(binding, Fill):
        text = e.scalar_array(binding.scalar or "0", binding.dtype, binding.value)
    else:
        other = e.tensor(init)
        order = found.order
        text = e.view_text(other.permuted(order))
    call = f"{e.numpy(name)}({found.name}, {text}"
    e.line(f"{call}, {e.out_argument(call, found.name)})")
    return found


def is_neutral(name: str, value: object, dtype: str) -> bool:
    """Whether combining with `value` changes nothing."""
    if not isinstance(value, int | float):
        return False
    match name:
        case "add" | "logical_or" | "logical_xor" | "bitwise_or" | "bitwise_xor":
            return value == 0
        case "multiply" | "logical_and":
            return value == 1 or (name == "logical_and" and bool(value))
        case "maximum" | "fmax":
            return value == float("-inf") or (dtype.startswith("int") and value == -(1 << (int(dtype[3:]) - 1)))
        case "minimum" | "fmin":
            return value == float("inf") or (dtype.startswith("int") and value == (1 << (int(dtype[3:]) - 1)) - 1)
        case _:
            return name == "bitwise_and" and value == -1


def _fill(e: FunctionEmitter, op: linalg.FillOp) -> None:
    value = op.inputs[0]
    for out, result in zip(op.outputs, op.results, strict=True):
        target = e.binding(out)
        assert isinstance(target, Fill | Tensor)
        text = e.name_of(value)
        dtype = tensor_dtype(result.type)
        e.bind(result, Fill(text, target.shape, dtype, constant_value(value)))


def _transpose(e: FunctionEmitter, op: linalg.TransposeOp) -> None:
    order = [int(i) for i in op.permutation.get_values()]
    e.bind(op.results[0], e.tensor(op.inputs[0]).permuted(order))


def _broadcast(e: FunctionEmitter, op: linalg.BroadcastOp) -> None:
    added = [int(i) for i in op.dimensions.get_values()]
    found = e.tensor(op.input)
    target = e.binding(op.init)
    assert isinstance(target, Fill | Tensor)
    shape: list[Size] = list(target.shape)
    axes = iter(found.axes)
    made = replace(found, shape=tuple(shape), axes=tuple(None if i in added else next(axes) for i in range(len(shape))))
    e.bind(op.results[0], made)


def _copy(e: FunctionEmitter, op: linalg.CopyOp) -> None:
    found = e.tensor(op.inputs[0])
    name = e.assign(f"{e.view_text(found)}.copy()" if found.is_plain else e.laid_out(found).name + ".copy()")
    result = op.results[0]
    storage = e.constant_storage if e.preparing else Storage(Kind.FRESH, e.block)
    e.bind(result, replace(e.laid_out(found), name=name, storage=storage, contiguous=True))


_NAMED = (
    linalg.GenericOp, linalg.AddOp, linalg.SubOp, linalg.MulOp, linalg.ExpOp, linalg.LogOp, linalg.SqrtOp, linalg.SelectOp,
    linalg.MaxOp, linalg.MinOp, linalg.MatmulOp, linalg.PoolingNchwMaxOp, linalg.Conv2DNchwFchwOp,
    linalg.Conv2DNgchwFgchwOp, linalg.Conv2DNgchwGfchwOp, linalg.Conv2DNhwc_FhwcOp, linalg.Conv2DNhwc_HwcfOp,
    linalg.Conv2DNhwgcGfhwcOp,
)  # fmt: skip


def _index(_e: FunctionEmitter, _op: linalg.IndexOp) -> None:
    """Nothing: `element_loops.py` has bound it to the loop's variable."""


TABLE: dict[type[Operation], EmitFunction] = {
    linalg.IndexOp: _index,
    **dict.fromkeys(_NAMED, emit_structured),
    linalg.FillOp: _fill,
    linalg.CopyOp: _copy,
    linalg.TransposeOp: _transpose,
    linalg.BroadcastOp: _broadcast,
}
