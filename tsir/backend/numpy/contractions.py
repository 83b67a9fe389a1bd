"""How sums of products are written: as matrix products (`dot`, `matmul`), or as convolutions (`convolutions.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects import arith, complex
from xdsl.dialects.linalg.abstract_ops import LinalgStructuredOperation
from xdsl.ir import Operation, SSAValue

from tsir.backend.numpy.convolutions import convolution_of, emit_convolution, image_order
from tsir.backend.numpy.elementwise import aligned
from tsir.backend.numpy.emitter import FunctionEmitter, is_tensor, shape_text
from tsir.backend.numpy.structured import BOOL, Operand, Structured, structured
from tsir.backend.numpy.tensors import Fill, Kind, Size, Storage, Tensor, plain, product_text, tensor_dtype
from tsir.dialects import dtypes

_SUMS = (arith.AddfOp, arith.AddiOp, complex.AddOp)
_PRODUCTS = (arith.MulfOp, arith.MuliOp, complex.MulOp)
_CASTS = (arith.ExtFOp, arith.ExtSIOp, arith.SIToFPOp)


@dataclass(frozen=True)
class Contraction:
    """`out += a * b`, summed over the reductions."""

    a: Operand
    b: Operand


def contraction_of(view: Structured) -> Contraction | None:
    """The factors when the body is a sum of products of two operands, possibly widened."""
    if len(view.yields) != 1 or view.yields[0].type == BOOL:
        return None
    total = view.yields[0].owner
    accumulator = view.outputs[0].element
    if not isinstance(total, _SUMS) or accumulator not in total.operands:
        return None
    product = next((v.owner for v in total.operands if v is not accumulator), None)
    if not isinstance(product, _PRODUCTS):
        return None
    elements = {o.element: o for o in view.inputs}
    factors: list[Operand] = []
    for factor in product.operands:
        source: SSAValue = factor
        while isinstance(source.owner, _CASTS) and source.owner.operands[0].type != BOOL:
            source = source.owner.operands[0]
        if source not in elements or not is_tensor(elements[source].value):
            return None
        factors.append(elements[source])
    return Contraction(*factors)


def _loops(operand: Operand) -> list[int] | None:
    found = [x.loop if x is not None else None for x in operand.exprs]
    known = [d for d in found if d is not None]
    return known if len(known) == len(found) == len(set(known)) else None


def emit_contraction(e: FunctionEmitter, view: Structured, contraction: Contraction) -> bool:
    """Writes a contraction; False when it has no form as matrix product or convolution."""
    out = _loops(view.outputs[0])
    if out is None or any(isinstance(e.binding(o.value), Fill) for o in (contraction.a, contraction.b)):
        return False
    a, b = _loops(contraction.a), _loops(contraction.b)
    if a is not None and b is not None:
        return _product(e, view, contraction, a, b, out)
    if a is None and b is not None:
        return _convolution(e, view, contraction.a, contraction.b, out)
    if a is not None:
        return _convolution(e, view, contraction.b, contraction.a, out)
    return False


def _matrix(
    e: FunctionEmitter,
    operand: Operand,
    groups: Sequence[Sequence[int]],
    sizes: Sequence[Size],
    dtype: dtypes.DType,
    *,
    partner: Size = "",
) -> str:
    """An operand as an array with one axis for each group of loops, of the dtype that is computed in.

    `partner` is how many vectors it is multiplied with, when it is one of two matrices: it decides how a weight is best laid out.
    """
    order = [d for g in groups for d in g]
    found = e.tensor(operand.value)
    text, loops, _ = aligned(e, found, operand.exprs, order, sizes)
    missing = [d for d in order if d not in loops]
    if missing:
        text = f"{e.numpy('broadcast_to')}({text}, {shape_text([sizes[d] for d in order])})"
    if any(len(g) != 1 for g in groups):
        text = f"{text}.reshape({', '.join(str(product_text([sizes[d] for d in g])) for g in groups) or '()'})"
    if found.dtype is not dtype:
        text = f"{text}.astype({e.dtype(dtype)})"
    if text != found.name and e.is_prepared_text(text):
        if partner == 1 and not missing and found.dtype is dtype and not _pays_to_copy(sizes, order):
            return e.hoisted(text, operand.value.name_hint)
        return e.hoisted(f"{e.numpy('ascontiguousarray')}({text})", operand.value.name_hint)
    return text


SMALL_MATRIX, LARGE_MATRIX = 1 << 12, 1 << 19
"""Elements of a matrix below and above which a vector is multiplied with it as fast transposed as not: calls or memory count."""


def _pays_to_copy(sizes: Sequence[Size], order: Sequence[int]) -> bool:
    """Whether a transposed weight that is multiplied with one vector should be copied. A view needs no memory, and sees writes."""
    elements = product_text([sizes[d] for d in order])
    return not isinstance(elements, int) or SMALL_MATRIX < elements < LARGE_MATRIX


def _product(
    e: FunctionEmitter, view: Structured, contraction: Contraction, a: list[int], b: list[int], out: list[int]
) -> bool:
    reductions = [d for d, r in enumerate(view.reductions) if r]
    inner = [d for d in reductions if d in a and d in b]
    if len(inner) != len(reductions) or any(d not in a and d not in b for d in out):
        return False
    batch = [d for d in out if d in a and d in b]
    rows = [d for d in out if d in a and d not in b]
    columns = [d for d in out if d in b and d not in a]
    left, right = contraction.a, contraction.b
    if rows and columns and out.index(columns[0]) < out.index(rows[0]):
        left, right, rows, columns = right, left, columns, rows
    elif not rows and not columns and not inner:
        return False
    if len(batch) > 0 and not rows and not columns:
        return False
    sizes = view.sizes(e)
    result = view.op.results[0]
    dtype = tensor_dtype(result.type)
    computed = dtypes.float32 if dtype.name in ("float16", "bfloat16") else dtype
    outer = [[d] for d in batch]
    height, width = product_text([sizes[d] for d in rows]), product_text([sizes[d] for d in columns])
    x = _matrix(e, left, [*outer, rows, inner], sizes, computed, partner="" if batch else width)
    y = _matrix(e, right, [*outer, inner, columns], sizes, computed, partner="" if batch else height)
    order = [*batch, *rows, *columns]
    shape = [sizes[d] for d in order]
    flat = [*(sizes[d] for d in batch), height, width]
    made, storage = _multiplied(
        e, x, y, shape, flat, computed, result, escapes=result in e.escaping or dtype is not computed
    )
    if dtype is not computed:
        made, storage = e.assign(f"{made}.astype({e.dtype(dtype)})"), e.new_storage()
    _finish(e, view, made, order, out, sizes, storage)
    return True


def _multiplied(
    e: FunctionEmitter,
    x: str,
    y: str,
    shape: Sequence[Size],
    flat: Sequence[Size],
    dtype: dtypes.DType,
    result: SSAValue,
    *,
    escapes: bool,
) -> tuple[str, Storage]:
    planned = e.buffer(shape, dtype, escapes=escapes)
    product = (dtype.category.name == "INT" and "integer") or ""
    call = f"{e.kernel('integer_matmul')}({x}, {y}" if product else f"{x}.dot({y}" if len(flat) == 2 else ""
    call = call or f"{e.numpy('matmul')}({x}, {y}"
    if planned is not None and not product:
        name, storage = planned
        assert storage.buffer is not None
        target = name
        if list(shape) != list(flat):
            target = e.plan.view(storage.buffer, dtype, tuple(s for s in flat if isinstance(s, int)))
        e.line(f"{call}, {target})")
        return name, storage
    reshape = "" if list(shape) == list(flat) else f".reshape({shape_text(shape)})"
    made = e.assign(f"{call}){reshape}", result.name_hint)
    if planned is not None:
        e.release(planned[1])
    return made, e.constant_storage if e.preparing else e.new_storage()


def _finish(
    e: FunctionEmitter,
    view: Structured,
    name: str,
    order: Sequence[int],
    out: Sequence[int],
    sizes: Sequence[Size],
    storage: Storage,
    *,
    relaid: bool = False,
) -> None:
    """Adds the initial value and binds the result, whose array has its axes in `order`."""
    from tsir.backend.numpy.linalg_operations import combined, is_neutral

    result = view.op.results[0]
    dtype = tensor_dtype(result.type)
    axes = tuple(list(order).index(d) for d in out)
    contiguous = relaid or storage.kind is Kind.PLANNED or len(order) < 3
    made = Tensor(name, tuple(sizes[d] for d in out), axes, dtype, storage, contiguous=contiguous, relaid=relaid)
    init = e.binding(view.outputs[0].value)
    if not (isinstance(init, Fill) and (is_neutral("add", init.value, dtype.name))):
        made = combined(e, "add", made, view.outputs[0].value)
    if storage.kind is Kind.PLANNED and result in e.escaping:
        text = e.assign(f"{e.view_text(made)}.copy()", result.name_hint)
        made = plain(text, made.shape, dtype, e.new_storage(), contiguous=True)
        e.release(storage)
    e.bind(result, made)


def _convolution(e: FunctionEmitter, view: Structured, image: Operand, weight: Operand, out: list[int]) -> bool:
    loops = _loops(weight)
    conv = None if loops is None else convolution_of(view, image, loops, out)
    if conv is None:
        return False
    dtype = tensor_dtype(view.op.results[0].type)
    computed = dtypes.float32 if dtype.name in ("float16", "bfloat16") else dtype
    sizes = view.sizes(e)
    made = emit_convolution(e, view, conv, lambda groups: _matrix(e, weight, groups, sizes, computed))
    _finish(e, view, made.name, conv.order, out, sizes, made.storage, relaid=True)
    return True


def best_order(value: SSAValue, reader: Operation) -> list[int] | None:
    """The order of a tensor's axes in memory that a convolution reads best; None when `reader` is none of this tensor."""
    if not isinstance(reader, LinalgStructuredOperation):
        return None
    view = structured(reader)
    contraction = contraction_of(view)
    out = _loops(view.outputs[0])
    if contraction is None or out is None:
        return None
    for image, weight in ((contraction.a, contraction.b), (contraction.b, contraction.a)):
        loops = _loops(weight)
        if image.value is value and loops is not None and _loops(image) is None:
            conv = convolution_of(view, image, loops, out)
            return None if conv is None else image_order(view, conv)
    return None
