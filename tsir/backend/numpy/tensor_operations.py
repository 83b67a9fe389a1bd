"""How operations of the tensor dialect are written: views, slices, joins, padding, and single elements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from xdsl.dialects import tensor
from xdsl.dialects.builtin import DYNAMIC_INDEX
from xdsl.ir import Operation, SSAValue

from tsir.backend.numpy.carried import is_only_read_before
from tsir.backend.numpy.emitter import EmitFunction, FunctionEmitter, identifiers, shape_text
from tsir.backend.numpy.scalar_operations import constant_value
from tsir.backend.numpy.structured import size_of
from tsir.backend.numpy.tensors import Fill, Kind, Size, Storage, Tensor, plain, product_text, static_shape, tensor_dtype
from tsir.dialects import dtypes
from tsir.dialects.upstream import GenerateOp


def sizes_of(e: FunctionEmitter, value: SSAValue) -> tuple[Size, ...]:
    """The sizes of a tensor: numbers and expressions."""
    binding = e.binding(value)
    if isinstance(binding, Tensor | Fill):
        return binding.shape
    raise e.error(f"{binding} is no tensor")


def bind_fresh(e: FunctionEmitter, result: SSAValue, text: str) -> str:
    """Writes `name = text`, a newly allocated array, and binds the result to it."""
    name = e.assign(text, result.name_hint)
    dims = [f"{name}.shape[{i}]" if d is None else d for i, d in enumerate(static_shape(result.type))]
    e.bind(result, plain(name, dims, tensor_dtype(result.type), e.new_storage()))
    return name


def _mixed(e: FunctionEmitter, static: Any, dynamic: Sequence[SSAValue]) -> list[Size]:
    """Static and dynamic sizes together."""
    values = iter(dynamic)
    return [e.name_of(next(values)) if s == DYNAMIC_INDEX else int(s) for s in static.iter_values()]


def _empty(e: FunctionEmitter, op: tensor.EmptyOp) -> None:
    values = iter(op.dynamic_sizes)
    shape: list[Size] = [e.name_of(next(values)) if d is None else d for d in static_shape(op.tensor.type)]
    e.bind(op.tensor, Fill(None, _numbers(shape), tensor_dtype(op.tensor.type)))


def _numbers(shape: Sequence[Size]) -> tuple[Size, ...]:
    return tuple(int(s) if isinstance(s, str) and s.isdigit() else s for s in shape)


def _splat(e: FunctionEmitter, op: tensor.SplatOp) -> None:
    values = iter(op.dynamicSizes)
    shape: list[Size] = [e.name_of(next(values)) if d is None else d for d in static_shape(op.result.type)]
    dtype = tensor_dtype(op.result.type)
    e.bind(op.result, Fill(e.name_of(op.input), _numbers(shape), dtype, constant_value(op.input)))


def _dim(e: FunctionEmitter, op: tensor.DimOp) -> None:
    axis = constant_value(op.index)
    if isinstance(axis, int):
        size = size_of(e, op.source, axis)
        e.bind(op.result, str(size))
        if isinstance(size, str) and not size.isidentifier():
            e.define(op.result, size)
        return
    shape = shape_text([size_of(e, op.source, i) for i in range(len(static_shape(op.source.type)))])
    e.define(op.result, f"{shape}[{e.name_of(op.index)}]")


def _cast(e: FunctionEmitter, op: tensor.CastOp) -> None:
    found = e.binding(op.source)
    assert isinstance(found, Fill | Tensor)
    dims = static_shape(op.dest.type)
    shape = tuple(s if d is None else d for s, d in zip(found.shape, dims, strict=True))
    e.bind(op.dest, replace(found, shape=shape))


def _sizes_of_groups(op: Any) -> list[list[int]]:
    return [[int(i.value.data) for i in group.data] for group in op.reassociation.data]


def _collapse(e: FunctionEmitter, op: tensor.CollapseShapeOp) -> None:
    groups = _sizes_of_groups(op)
    found = e.binding(op.src)
    assert isinstance(found, Fill | Tensor)
    dims = static_shape(op.result.type)
    products = [product_text([found.shape[i] for i in g]) for g in groups]
    shape = [p if d is None else d for p, d in zip(products, dims, strict=True)]
    if isinstance(found, Fill):
        e.bind(op.result, replace(found, shape=tuple(shape)))
        return
    kept = {i for g in groups for i in _varying(found, g)}
    if all(len(_varying(found, g)) <= 1 for g in groups) and all(
        found.axes[i] is None or i in kept for i in range(found.rank)
    ):
        axes = tuple(next((found.axes[i] for i in _varying(found, g)), None) for g in groups)
        if all(found.axes[i] is not None or found.shape[i] == 1 for i in range(found.rank)):
            e.bind(op.result, replace(found, shape=tuple(shape), axes=axes))
            return
    if not _merged(e, found, groups, shape, op.result):
        _reshaped(e, op.src, op.result, shape)


def _merged(e: FunctionEmitter, found: Tensor, groups: list[list[int]], shape: list[Size], result: SSAValue) -> bool:
    """Merges axes that are next to each other in the array, though the array's order may not be the tensor's."""
    if not found.contiguous or any(p is None and s != 1 for p, s in zip(found.axes, found.shape, strict=True)):
        return False
    # Axes of size 1 may be anywhere.
    parts = [[p for i in g if (p := found.axes[i]) is not None and found.shape[i] != 1] for g in groups]
    if any(part != list(range(part[0], part[0] + len(part))) for part in parts if part):
        return False
    firsts = sorted((part[0], i) for i, part in enumerate(parts) if part)
    order = [i for _, i in firsts]
    name = _view_of(e, f"{{}}.reshape({shape_text([shape[i] for i in order])})", found, result)
    axes = tuple(order.index(i) if i in order else None for i in range(len(shape)))
    e.bind(result, replace(found, name=name, shape=tuple(shape), axes=axes))
    return True


def _varying(found: Tensor, group: Sequence[int]) -> list[int]:
    """The axes of a group that aren't of size 1 without an axis of the array."""
    return [i for i in group if found.axes[i] is not None]


def _expand(e: FunctionEmitter, op: tensor.ExpandShapeOp) -> None:
    groups = _sizes_of_groups(op)
    shape = _mixed(e, op.static_output_shape, op.dynamic_output_shape)
    found = e.binding(op.src)
    if isinstance(found, Fill):
        e.bind(op.result, replace(found, shape=tuple(shape)))
        return
    assert isinstance(found, Tensor)
    parts: dict[int, list[int]] = {}
    for i, group in enumerate(groups):
        axis = found.axes[i]
        large = [j for j in group if shape[j] != 1]
        if axis is not None:
            parts[axis] = large or group[:1]
        elif len(large) > 1:
            _reshaped(e, op.src, op.result, shape)
            return
    if any(not parts[p] for p in range(len(found.order))):
        _reshaped(e, op.src, op.result, shape)
        return
    # Each axis of the array is split where it is: that is a view, whatever the strides are.
    order = [j for p in range(len(found.order)) for j in parts[p]]
    axes = tuple(order.index(j) if j in order else None for j in range(len(shape)))
    name = found.name
    if len(order) != len(found.order):
        name = _view_of(e, f"{{}}.reshape({shape_text([shape[j] for j in order])})", found, op.result)
    e.bind(op.result, replace(found, name=name, shape=tuple(shape), axes=axes))


def _view_of(e: FunctionEmitter, template: str, found: Tensor, result: SSAValue) -> str:
    """A name for a view of a tensor's array, made with the buffers where the array is one."""
    known = e.plan.known_as(found.name)
    if known is not None:
        return e.plan.derived(template.format(known), result.name_hint or "view")
    return e.hoisted(template.format(found.name), result.name_hint)


def _reshaped(e: FunctionEmitter, source: SSAValue, result: SSAValue, shape: Sequence[Size]) -> None:
    found = e.tensor(source)
    whole = e.laid_out(found)
    text = f"{whole.name}.reshape({shape_text(shape)})"
    contiguous = found.contiguous and found.is_plain
    if (_is_broadcast(found) or (found.relaid and not contiguous and shape)) and not e.is_prepared_text(text):
        name = e.assign(f"{whole.name}.copy().reshape({shape_text(shape)})", result.name_hint)
        e.bind(result, plain(name, shape, found.dtype, e.new_storage(), contiguous=True))
        return
    name = e.hoisted(text, result.name_hint)
    e.bind(result, plain(name, shape, found.dtype, found.storage, contiguous=contiguous))


def _is_broadcast(found: Tensor) -> bool:
    """Whether one element of the array is several of the tensor: NumPy may give a view of such an array that can't be written."""
    return any(p is None and n != 1 for p, n in zip(found.axes, found.shape, strict=True))


def _reshape(e: FunctionEmitter, op: tensor.ReshapeOp) -> None:
    dims = static_shape(op.result.type)
    names = e.name_of(op.shape)
    shape: list[Size] = [f"int({names}[{i}])" if d is None else d for i, d in enumerate(dims)]
    found = e.tensor(op.source)
    text = e.laid_out(found).name
    is_copied = _is_broadcast(found) and not e.is_prepared_text(text)
    if is_copied:
        name = e.assign(f"{text}.copy().reshape({shape_text(shape)})", op.result.name_hint)
    else:
        name = e.hoisted(f"{text}.reshape({shape_text(shape)})", op.result.name_hint)
    sizes: list[Size] = [f"{name}.shape[{i}]" if d is None else d for i, d in enumerate(dims)]
    e.bind(op.result, plain(name, sizes, found.dtype, e.new_storage() if is_copied else found.storage, contiguous=is_copied))


def _slice_texts(
    e: FunctionEmitter, op: tensor.ExtractSliceOp | tensor.InsertSliceOp, shape: Sequence[Size]
) -> tuple[list[str], list[Size]]:
    offsets = _mixed(e, op.static_offsets, op.offsets)
    sizes = _mixed(e, op.static_sizes, op.sizes)
    strides = _mixed(e, op.static_strides, op.strides)
    texts: list[str] = []
    for offset, size, stride, full in zip(offsets, sizes, strides, shape, strict=True):
        texts.append(_slice(offset, size, stride, full))
    return texts, sizes


def _slice(offset: Size, size: Size, stride: Size, full: Size) -> str:
    if offset == 0 and stride == 1:
        return ":" if size == full else f":{size}"
    start = "" if offset == 0 else str(offset)
    if all(isinstance(v, int) for v in (offset, size, stride)):
        stop = int(offset) + (int(size) - 1) * int(stride) + 1 if size else int(offset)
        end = "" if stop == full else str(stop)
        return f"{start}:{end}" + ("" if stride == 1 else f":{stride}")
    if stride == 1:
        return f"{start}:{offset} + {size}"
    return f"{start}:{offset} + {size} * {stride}:{stride}"


def _dropped(kept: Sequence[int | None], full: Sequence[int | None]) -> list[int]:
    """The unit dimensions that a rank-reducing slice drops: the ones that leave `kept`, the first ones if there's a choice."""
    dropped: list[int] = []
    j = len(kept) - 1
    for i in reversed(range(len(full))):
        if j >= 0 and kept[j] == full[i] and _fits(kept[:j], full[:i]):
            j -= 1
        else:
            dropped.append(i)
    return dropped[::-1]


def _fits(kept: Sequence[int | None], full: Sequence[int | None]) -> bool:
    position = 0
    for size in full:
        if position < len(kept) and kept[position] == size:
            position += 1
        elif size != 1:
            return False
    return position == len(kept)


def _extract_slice(e: FunctionEmitter, op: tensor.ExtractSliceOp) -> None:
    found = e.tensor(op.source)
    texts, sizes = _slice_texts(e, op, found.shape)
    offsets = _mixed(e, op.static_offsets, op.offsets)
    full = [s if isinstance(s, int) else None for s in sizes]
    dims = static_shape(op.result.type)
    drop = _dropped(dims, full) if len(dims) != len(full) else []
    by_axis = {p: str(offsets[i]) if i in drop else texts[i] for i, p in enumerate(found.axes) if p is not None}
    indices = [by_axis[p] for p in range(len(found.order))]
    removed = [found.axes[i] for i in drop if found.axes[i] is not None]
    while indices and indices[-1] == ":":
        indices.pop()
    dots = ", ..." if removed and len(removed) == len(found.order) else ""
    name = _part(e, found, f"[{', '.join(indices)}{dots}]", op.result.name_hint) if indices else found.name
    left = {p: k for k, p in enumerate(q for q in range(len(found.order)) if q not in removed)}
    keep = [i for i in range(len(sizes)) if i not in drop]
    axes = tuple(None if (p := found.axes[i]) is None else left[p] for i in keep)
    contiguous = found.contiguous and not indices
    e.bind(op.result, replace(found, name=name, shape=tuple(sizes[i] for i in keep), axes=axes, contiguous=contiguous))


def _part(e: FunctionEmitter, found: Tensor, index: str, hint: str | None) -> str:
    """The name of `array[index]`; of a planned buffer the view is made once for all calls."""
    known = e.plan.known_as(found.name)
    if known is not None and not identifiers(index):
        return e.plan.derived(f"{known}{index}", "b")
    return e.hoisted(f"{found.name}{index}", hint)


def _destination(e: FunctionEmitter, value: SSAValue, result: SSAValue) -> Tensor:
    """A plain array with the contents of a tensor that this operation may write."""
    binding = e.binding(value)
    if isinstance(binding, Fill):
        planned = e.buffer(binding.shape, binding.dtype, escapes=result in e.escaping)
        if planned is not None:
            name, storage = planned
            if binding.scalar is not None:
                e.line(f"{name}.fill({binding.scalar})")
        else:
            shape, dtype = shape_text(binding.shape), e.dtype(binding.dtype)
            empty = f"{e.numpy('empty')}({shape}, {dtype})"
            name = e.assign(empty if binding.scalar is None else e.np_full(shape, binding.scalar, dtype), result.name_hint)
            storage = e.constant_storage if e.preparing else e.new_storage()
        return plain(name, binding.shape, binding.dtype, storage, contiguous=True)
    rewritten = value in e.rewritten and is_only_read_before(e, value, e.op)
    if (rewritten or e.dies_here(value)) and binding_is_plain(binding):
        assert isinstance(binding, Tensor)
        if rewritten:
            e.rewritten.add(result)
        return binding
    found = e.laid_out(e.tensor(value))
    planned = e.buffer(found.shape, found.dtype, escapes=result in e.escaping)
    if planned is not None:
        name, storage = planned
        e.line(f"{e.numpy('copyto')}({name}, {found.name})")
    else:
        name, storage = e.assign(f"{found.name}.copy()", result.name_hint), e.new_storage()
        storage = e.constant_storage if e.preparing else storage
    return replace(found, name=name, storage=storage, contiguous=True)


def binding_is_plain(binding: object) -> bool:
    """Whether a binding is an array in the tensor's own layout."""
    return isinstance(binding, Tensor) and binding.is_plain


def _insert_slice(e: FunctionEmitter, op: tensor.InsertSliceOp) -> None:
    source = e.laid_out(e.tensor(op.source))
    shares = isinstance(e.binding(op.dest), Tensor) and e.tensor(op.dest).storage is source.storage
    target = _destination(e, op.dest, op.result)
    texts, sizes = _slice_texts(e, op, target.shape)
    text = f"{source.name}.copy()" if shares else source.name
    if source.rank != len(sizes):
        offsets = _mixed(e, op.static_offsets, op.offsets)
        for i in _dropped(
            [s if isinstance(s, int) else None for s in source.shape], [s if isinstance(s, int) else None for s in sizes]
        ):
            texts[i] = str(offsets[i])
    while len(texts) > 1 and texts[-1] == ":":
        texts.pop()
    e.line(f"{target.name}[{', '.join(texts) or '...'}] = {text}")
    e.bind(op.result, target)


def _concat(e: FunctionEmitter, op: tensor.ConcatOp) -> None:
    axis = op.dim.value.data
    parts = [e.laid_out(e.tensor(v)) for v in op.inputs]
    dtype = tensor_dtype(op.result.type)
    names = f"({', '.join(p.name for p in parts)}{',' if len(parts) == 1 else ''})"
    along = [p.shape[axis] for p in parts]
    total: Size = sum(s for s in along if isinstance(s, int))
    if any(isinstance(s, str) for s in along):
        total = " + ".join(map(str, along))
        total = f"({total})"
    shape = [total if i == axis else s for i, s in enumerate(parts[0].shape)]
    planned = e.buffer(shape, dtype, escapes=op.result in e.escaping)
    call = f"{e.numpy('concatenate')}({names}, {axis}"
    if planned is not None:
        name, storage = planned
        e.line(f"{call}, {name})")
    else:
        name = e.assign(f"{call})", op.result.name_hint)
        storage = e.constant_storage if e.preparing else e.new_storage()
        shape = [f"{name}.shape[{i}]" if isinstance(s, str) else s for i, s in enumerate(shape)]
    e.bind(op.result, plain(name, shape, dtype, storage, contiguous=True))


def _pad(e: FunctionEmitter, op: tensor.PadOp) -> None:
    found = e.tensor(op.source)
    low = _mixed(e, op.static_low, op.low)
    high = _mixed(e, op.static_high, op.high)
    block = op.region.block
    terminator = block.last_op
    assert terminator is not None
    value = terminator.operands[0]
    if value.owner is not block and isinstance(value.owner, Operation) and value.owner.parent is block:
        e.emit_block(block)
    number = e.name_of(value)
    shape: list[Size] = [_sum(s, a, b) for s, a, b in zip(found.shape, low, high, strict=True)]
    dtype = tensor_dtype(op.result.type)
    # The array keeps the source's order of axes when the tensor varies along all of them.
    order = _pad_order(e, op, found)
    shape_in_order = [shape[i] for i in order]
    inner = ", ".join(_slice(low[i], found.shape[i], 1, shape[i]) for i in order)
    source = e.view_text(found.permuted(order))
    full = shape_text(shape_in_order)
    constant = constant_value(value)
    static = all(isinstance(s, int) for s in shape)
    if static and constant is not None and not e.preparing and op.result not in e.escaping:
        made = e.np_full(full, e.number(constant, dtype), e.dtype(dtype))
        buffer = e.plan.keep(made, inner, op.result.name_hint or "padded")
        name = buffer.name
        inside = e.plan.derived(f"{name}[{inner or '...'}]", "inside")
        e.line(f"{e.numpy('copyto')}({inside}, {source})")
        storage = Storage(Kind.CONSTANT, e.block, buffer)
    else:
        number = number if constant is None else e.number(constant, dtype)
        name = e.assign(e.np_full(full, number, e.dtype(dtype)), op.result.name_hint)
        e.line(f"{name}[{inner or '...'}] = {source}")
        storage = e.constant_storage if e.preparing else e.new_storage()
        shape = [f"{name}.shape[{order.index(i)}]" if isinstance(s, str) else s for i, s in enumerate(shape)]
    axes = tuple(order.index(i) for i in range(len(shape)))
    e.bind(op.result, Tensor(name, tuple(shape), axes, dtype, storage, contiguous=True, relaid=True))


def _pad_order(e: FunctionEmitter, op: tensor.PadOp, found: Tensor) -> list[int]:
    """The order of axes in memory: the one that a convolution reads best, else the source's."""
    return _read_order(op.result) or (
        list(found.order) if len(found.order) == found.rank else list(range(found.rank))
    )  # fmt: skip


def _read_order(value: SSAValue) -> list[int] | None:
    from tsir.backend.numpy.contractions import best_order

    for use in value.uses:
        reader = use.operation
        order = best_order(value, reader)
        if order is None and isinstance(reader, tensor.ExpandShapeOp):
            # Channels in groups: the order of the parts' axes.
            parts = [(j, i) for i, group in enumerate(_sizes_of_groups(reader)) for j in group]
            inner = [best_order(reader.result, u.operation) for u in reader.result.uses]
            order = next((list(dict.fromkeys(dict(parts)[j] for j in o)) for o in inner if o is not None), None)
        if order is not None:
            return order
    return None


def _sum(*sizes: Size) -> Size:
    number = sum(s for s in sizes if isinstance(s, int))
    texts = [s for s in sizes if isinstance(s, str)]
    if not texts:
        return number
    return f"({' + '.join([*texts, *([str(number)] if number else [])])})"


def _extract(e: FunctionEmitter, op: tensor.ExtractOp) -> None:
    name = e.name_of(op.tensor)
    dtype = tensor_dtype(op.tensor.type)
    indices = ", ".join(e.name_of(i) for i in op.indices)
    if dtype in (dtypes.float64, dtypes.complex128, dtypes.bool_) or dtype.category.name == "INT":
        e.define(op.result, f"{name}.item({indices})")
    else:
        e.define(op.result, f"{name}[{indices or '()'}]")


def _insert(e: FunctionEmitter, op: tensor.InsertOp) -> None:
    target = _destination(e, op.dest, op.result)
    indices = ", ".join(e.name_of(i) for i in op.indices)
    e.line(f"{target.name}[{indices or '()'}] = {e.name_of(op.scalar)}")
    e.bind(op.result, target)


def _from_elements(e: FunctionEmitter, op: tensor.FromElementsOp) -> None:
    shape = [d or 0 for d in static_shape(op.result.type)]
    dtype = tensor_dtype(op.result.type)
    elements = ", ".join(e.name_of(v) for v in op.elements)
    text = f"{e.numpy('array')}([{elements}], {e.dtype(dtype)})"
    if len(shape) != 1:
        text = f"{text}.reshape({shape_text(shape)})"
    name = e.assign(text, op.result.name_hint)
    e.bind(op.result, plain(name, shape, dtype, e.constant_storage if e.preparing else e.new_storage(), contiguous=True))


def _generate(e: FunctionEmitter, op: GenerateOp) -> None:
    from tsir.backend.numpy.element_loops import emit_generated

    extents = iter(op.dynamic_extents)
    shape: list[Size] = [e.name_of(next(extents)) if d is None else d for d in static_shape(op.result.type)]
    block = op.body.block
    terminator = block.last_op
    assert terminator is not None
    emit_generated(e, op.result, shape, block, terminator.operands[0])


TABLE: dict[type[Operation], EmitFunction] = {
    GenerateOp: _generate,
    tensor.EmptyOp: _empty,
    tensor.SplatOp: _splat,
    tensor.DimOp: _dim,
    tensor.CastOp: _cast,
    tensor.CollapseShapeOp: _collapse,
    tensor.ExpandShapeOp: _expand,
    tensor.ReshapeOp: _reshape,
    tensor.ExtractSliceOp: _extract_slice,
    tensor.InsertSliceOp: _insert_slice,
    tensor.ConcatOp: _concat,
    tensor.PadOp: _pad,
    tensor.ExtractOp: _extract,
    tensor.InsertOp: _insert,
    tensor.FromElementsOp: _from_elements,
}
