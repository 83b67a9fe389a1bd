"""How the operations of the `tensor` dialect are written: views as NumPy views, the rest as new arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.dialects import tensor
from xdsl.dialects.builtin import DYNAMIC_INDEX, ComplexType, IntegerType
from xdsl.ir import Operation, SSAValue

from tsir.backend.numpy.emitter import EmitFunction, FunctionEmitter, is_tensor, shape_text
from tsir.backend.numpy.tensors import Fill, Kind, Size, Storage, Tensor, plain, scalar_dtype, static_shape, tensor_dtype


def sizes_of(e: FunctionEmitter, value: SSAValue) -> tuple[Size, ...]:
    """The sizes of a bound tensor: numbers and expressions."""
    binding = e.binding(value)
    if isinstance(binding, Tensor | Fill):
        return binding.shape
    raise e.error(f"{binding} is no tensor")


def bind_view(e: FunctionEmitter, result: SSAValue, text: str, shape: Sequence[Size], source: Tensor) -> None:
    """Writes `name = text`, a view of `source`, and binds the result to it."""
    name = e.assign(text, result.name_hint)
    e.bind(result, plain(name, shape, tensor_dtype(result.type), source.storage))


def bind_fresh(e: FunctionEmitter, result: SSAValue, text: str, shape: Sequence[Size] | None = None) -> str:
    """Writes `name = text`, a newly allocated array, and binds the result to it."""
    name = e.assign(text, result.name_hint)
    dims: Sequence[Size] = shape or [
        f"{name}.shape[{i}]" if d is None else d for i, d in enumerate(static_shape(result.type))
    ]
    e.bind(result, plain(name, dims, tensor_dtype(result.type), e.new_storage()))
    return name


def mixed(e: FunctionEmitter, static: Any, dynamic: Sequence[SSAValue]) -> list[Size]:
    """Offsets, sizes or strides: the numbers, and the expressions of those known at run time."""
    values = iter(dynamic)
    return [_size(e.name_of(next(values))) if n == DYNAMIC_INDEX else int(n) for n in static.iter_values()]


def _size(text: str) -> Size:
    return int(text) if text.lstrip("-").isdigit() else text


def total(sizes: Sequence[Size]) -> Size:
    """The product of sizes."""
    number = 1
    factors: list[str] = []
    for size in sizes:
        if isinstance(size, int):
            number *= size
        else:
            factors.append(size)
    if not factors:
        return number
    text = " * ".join(factors if number == 1 else [str(number), *factors])
    return text if len(factors) == 1 and number == 1 else f"({text})"


def _empty(e: FunctionEmitter, op: Any) -> None:
    kind = op.results[0].type
    dynamic = iter(op.operands)
    shape = tuple(_size(e.name_of(next(dynamic))) if d is None else d for d in static_shape(kind))
    e.bind(op.results[0], Fill(None, shape, tensor_dtype(kind)))


def _splat(e: FunctionEmitter, op: Any) -> None:
    kind = op.results[0].type
    dynamic = iter(op.operands[1:])
    shape = tuple(_size(e.name_of(next(dynamic))) if d is None else d for d in static_shape(kind))
    e.bind(op.results[0], Fill(e.name_of(op.operands[0]), shape, tensor_dtype(kind)))


def _cast(e: FunctionEmitter, op: Any) -> None:
    found = e.binding(op.operands[0])
    if isinstance(found, Tensor):
        found = e.replaced(found, shape=_known(found.shape, op.results[0]))
    e.bind(op.results[0], found)


def _known(shape: Sequence[Size], result: SSAValue) -> tuple[Size, ...]:
    return tuple(s if d is None else d for s, d in zip(shape, static_shape(result.type), strict=True))


def _dim(e: FunctionEmitter, op: Any) -> None:
    index = e.name_of(op.operands[1])
    if index.isdigit():
        e.bind(op.results[0], str(sizes_of(e, op.operands[0])[int(index)]))
    else:
        e.define(op.results[0], f"{e.name_of(op.operands[0])}.shape[{index}]")


def _extract(e: FunctionEmitter, op: Any) -> None:
    indices = ", ".join(e.name_of(i) for i in op.operands[1:])
    text = f"{e.name_of(op.operands[0])}.item({indices})"
    kind = op.results[0].type
    if not isinstance(kind, IntegerType | ComplexType):
        text = f"float({text})" if scalar_dtype(kind).is_floating_point else text
    e.define(op.results[0], text)


def _insert(e: FunctionEmitter, op: Any) -> None:
    scalar, target, *indices = op.operands
    name = _writable(e, op, target)
    e.line(f"{name}[{', '.join(e.name_of(i) for i in indices) or '()'}] = {e.name_of(scalar)}")


def _writable(e: FunctionEmitter, op: Any, target: SSAValue) -> str:
    """The array that holds the result: the target's own memory where nobody else reads it, else a copy. Binds the result."""
    binding = e.binding(target)
    found = e.tensor(target) if isinstance(binding, Fill) else e.materialised(target)
    result = op.results[0]
    ours = isinstance(binding, Fill) and found.storage.kind is Kind.FRESH
    if not ours and not e.dies_here(target):
        text = f"{found.name}.copy()"
        return bind_fresh(e, result, text, found.shape)
    e.bind(result, plain(found.name, found.shape, found.dtype, found.storage, contiguous=found.contiguous))
    return found.name


def _from_elements(e: FunctionEmitter, op: Any) -> None:
    kind = op.results[0].type
    shape = [d or 0 for d in static_shape(kind)]
    elements = ", ".join(e.name_of(o) for o in op.operands)
    text = f"{e.numpy('array')}([{elements}], {e.dtype(tensor_dtype(kind))})"
    bind_fresh(e, op.results[0], text if len(shape) == 1 else f"{text}.reshape({shape_text(shape)})", shape)


def _index_text(offset: Size, size: Size, stride: Size, extent: Size) -> str:
    if offset == 0 and stride == 1 and size == extent:
        return ":"
    if all(isinstance(x, int) for x in (offset, size, stride)):
        last: Size = int(offset) + (int(size) - 1) * int(stride) + 1 if int(size) else int(offset)
        return f"{offset}:{last}" + (f":{stride}" if stride != 1 else "")
    steps = str(size) if stride == 1 else f"{size} * {stride}"
    last = steps if offset == 0 else f"{offset} + {steps}"
    # With a stride the end may lie behind the array: slices are cut to it, and have the right number of elements.
    return f"{offset}:{last}" + (f":{stride}" if stride != 1 else "")


def _dropped(sizes: Sequence[Size], result: SSAValue) -> set[int]:
    """The dimensions of size 1 that a rank-reducing slice leaves out."""
    dims = static_shape(result.type)
    surplus = len(sizes) - len(dims)
    dropped: set[int] = set()
    kept = 0
    for i, size in enumerate(sizes):
        fits = kept < len(dims) and (dims[kept] is None or not isinstance(size, int) or dims[kept] == size)
        if size == 1 and surplus and not (fits and len(sizes) - i - 1 < surplus):
            dropped.add(i)
            surplus -= 1
        else:
            kept += 1
    return dropped


def _slice_text(sizes: Sequence[Size], texts: Sequence[str], offsets: Sequence[Size], dropped: set[int]) -> str:
    parts = [str(offsets[i]) if i in dropped else texts[i] for i in range(len(sizes))]
    while parts and parts[-1] == ":":
        parts.pop()
    return ", ".join(parts) or "..."


def _extract_slice(e: FunctionEmitter, op: tensor.ExtractSliceOp) -> None:
    offsets = mixed(e, op.static_offsets, op.offsets)
    sizes = mixed(e, op.static_sizes, op.sizes)
    strides = mixed(e, op.static_strides, op.strides)
    source = e.materialised(op.source)
    texts = [_index_text(*four) for four in zip(offsets, sizes, strides, source.shape, strict=True)]
    dropped = _dropped(sizes, op.result)
    text = f"{source.name}[{_slice_text(sizes, texts, offsets, dropped)}]"
    if len(dropped) == len(sizes):
        text = text[:-1] + ", ...]"  # a 0-d view, not a scalar
    bind_view(e, op.result, text, [s for i, s in enumerate(sizes) if i not in dropped], source)


def _insert_slice(e: FunctionEmitter, op: tensor.InsertSliceOp) -> None:
    offsets = mixed(e, op.static_offsets, op.offsets)
    sizes = mixed(e, op.static_sizes, op.sizes)
    strides = mixed(e, op.static_strides, op.strides)
    part = e.name_of(op.source)
    extents = sizes_of(e, op.dest)
    name = _writable(e, op, op.dest)
    texts = [_index_text(*four) for four in zip(offsets, sizes, strides, extents, strict=True)]
    dropped = _dropped(sizes, op.source)
    e.line(f"{name}[{_slice_text(sizes, texts, offsets, dropped)}] = {part}")


def _expand_shape(e: FunctionEmitter, op: Any) -> None:
    _reshape_to(e, op, mixed(e, op.static_output_shape, op.operands[1:]))


def _collapse_shape(e: FunctionEmitter, op: Any) -> None:
    source = sizes_of(e, op.operands[0])
    groups = [[int(d.value.data) for d in group.data] for group in op.reassociation.data]
    _reshape_to(e, op, _known([total([source[d] for d in group]) for group in groups], op.results[0]))


def _reshape_to(e: FunctionEmitter, op: Operation, shape: Sequence[Size]) -> None:
    source = e.materialised(op.operands[0])
    text = f"{source.name}.reshape({shape_text(shape)})"
    name = e.assign(text, op.results[0].name_hint)
    e.bind(op.results[0], plain(name, shape, source.dtype, source.storage, contiguous=source.contiguous))


def _reshape(e: FunctionEmitter, op: Any) -> None:
    source = e.materialised(op.operands[0])
    name = e.assign(f"{source.name}.reshape({e.name_of(op.operands[1])})", op.results[0].name_hint)
    shape = [f"{name}.shape[{i}]" if d is None else d for i, d in enumerate(static_shape(op.results[0].type))]
    e.bind(op.results[0], plain(name, shape, source.dtype, source.storage))


def _pad(e: FunctionEmitter, op: tensor.PadOp) -> None:
    low, high = mixed(e, op.static_low, op.low), mixed(e, op.static_high, op.high)
    block = op.region.block
    if any(any(True for _ in a.uses) for a in block.args):
        raise e.error("tensor.pad by values that depend on the position can't be run")
    e.emit_block(block)
    terminator = block.last_op
    assert terminator is not None
    source = e.materialised(op.source)
    shape = [_sum(a, s, b) for a, s, b in zip(low, source.shape, high, strict=True)]
    number = e.name_of(terminator.operands[0])
    name = bind_fresh(e, op.result, e.np_full(shape_text(shape), number, e.dtype(source.dtype)), shape)
    texts = [_index_text(a, s, 1, total) for a, s, total in zip(low, source.shape, shape, strict=True)]
    e.line(f"{name}[{', '.join(texts) or '...'}] = {source.name}")


def _sum(*sizes: Size) -> Size:
    number = sum(s for s in sizes if isinstance(s, int))
    texts = [s for s in sizes if isinstance(s, str)]
    if not texts:
        return number
    if len(texts) == 1 and not number:
        return texts[0]
    return f"({' + '.join(texts + ([str(number)] if number else []))})"


def _concat(e: FunctionEmitter, op: Any) -> None:
    parts = ", ".join(e.name_of(o) for o in op.operands)
    bind_fresh(e, op.results[0], f"{e.numpy('concatenate')}(({parts},), {op.dim.value.data})")


def storage_of(e: FunctionEmitter, value: SSAValue) -> Storage | None:
    """The memory of a bound tensor, None for a fill that isn't made yet."""
    found = e.binding(value)
    return found.storage if isinstance(found, Tensor) and is_tensor(value) else None


TABLE: dict[type[Operation], EmitFunction] = {
    tensor.EmptyOp: _empty,
    tensor.SplatOp: _splat,
    tensor.CastOp: _cast,
    tensor.DimOp: _dim,
    tensor.ExtractOp: _extract,
    tensor.InsertOp: _insert,
    tensor.FromElementsOp: _from_elements,
    tensor.ExtractSliceOp: _extract_slice,
    tensor.InsertSliceOp: _insert_slice,
    tensor.ExpandShapeOp: _expand_shape,
    tensor.CollapseShapeOp: _collapse_shape,
    tensor.ReshapeOp: _reshape,
    tensor.PadOp: _pad,
    tensor.ConcatOp: _concat,
}
