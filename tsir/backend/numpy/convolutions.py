"""How convolutions are written: which loops of a sum of products are windows, and the form that fits the sizes.

Results have their channels last in memory, whatever the order of the tensor's axes. With known sizes a convolution is one
matrix product over columns (each window's elements in a row), which are copied out of the image into a buffer; windows of
one element need no copy, and depthwise convolutions are a sum over shifted images. What sizes or dtypes this doesn't fit
calls `convolution_kernels.convolution`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from xdsl.ir import SSAValue

from tsir.backend.numpy.buffers import Buffer
from tsir.backend.numpy.convolution_kernels import FEW, together
from tsir.backend.numpy.emitter import FunctionEmitter, shape_text
from tsir.backend.numpy.structured import Operand, Structured
from tsir.backend.numpy.tensors import Size, Storage, Tensor, product_text, tensor_dtype
from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType

MAX_COLUMNS = 1 << 25
"""Above this many bytes of columns the images of a batch are convolved one by one."""

Packed = Callable[[Sequence[Sequence[int]]], str]
"""Gives the weights as an array with one axis for each group of loops."""


@dataclass(frozen=True)
class Window:
    """One axis of the image that windows slide along: the loops of positions and taps with their steps."""

    axis: int
    position: int
    tap: int
    stride: int
    dilation: int


@dataclass(frozen=True)
class Convolution:
    """`out[n, g, f, o] += image[n, g, c, o * stride + k * dilation] * weight[g, f, c, k]`, axes in any order.

    The lists are loops by their role; `axis_of` is the image's axis for each loop that isn't in a window.
    """

    image: Operand
    groups: list[int]
    batch: list[int]
    channels: list[int]
    features: list[int]
    windows: list[Window]
    axis_of: dict[int, int]

    @property
    def positions(self) -> list[int]:
        """The loops over the results' positions."""
        return [w.position for w in self.windows]

    @property
    def taps(self) -> list[int]:
        """The loops over a window's elements."""
        return [w.tap for w in self.windows]

    @property
    def order(self) -> list[int]:
        """The loops of the result, channels last."""
        return [*self.batch, *self.positions, *self.groups, *self.features]

    @property
    def image_order(self) -> list[int]:
        """The image's axes, channels last."""
        lead = [self.axis_of[d] for d in self.batch]
        return [*lead, *(w.axis for w in self.windows), *(self.axis_of[d] for d in (*self.groups, *self.channels))]


def convolution_of(view: Structured, image: Operand, weight: Sequence[int], out: Sequence[int]) -> Convolution | None:
    """The convolution that a sum of products is, whose second factor has the loops `weight`; None when it is none."""
    windows: list[Window] = []
    axis_of: dict[int, int] = {}
    for i, expr in enumerate(image.exprs):
        if expr is None or expr.constant:
            return None
        if expr.loop is not None:
            axis_of[expr.loop] = i
            continue
        pairs = list(expr.coefficients.items())
        outer = [(d, c) for d, c in pairs if d in out]
        inner = [(d, c) for d, c in pairs if d in weight and view.reductions[d]]
        if len(pairs) != 2 or len(outer) != 1 or len(inner) != 1:
            return None
        windows.append(Window(i, outer[0][0], inner[0][0], outer[0][1], inner[0][1]))
    found = Convolution(
        image,
        groups=[d for d in axis_of if d in weight and d in out],
        batch=[d for d in axis_of if d not in weight and d in out],
        channels=[d for d in axis_of if d in weight and d not in out],
        features=[d for d in weight if d in out and d not in axis_of],
        windows=windows,
        axis_of=axis_of,
    )
    if {*found.order, *found.taps, *found.channels} != set(range(len(view.reductions))):
        return None
    return found if sorted(found.order) == sorted(out) else None


def emit_convolution(e: FunctionEmitter, view: Structured, conv: Convolution, packed: Packed) -> Tensor:
    """Writes a convolution; gives the array, whose axes are the loops `conv.order`."""
    result = view.op.results[0]
    dtype = tensor_dtype(result.type)
    sizes = view.sizes(e)
    numbers = [s for s in sizes if isinstance(s, int) and s > 0]
    known = len(numbers) == len(sizes) and all(isinstance(s, int) for s in e.tensor(conv.image.value).shape)
    exact = dtype in (dtypes.float32, dtypes.float64) and tensor_dtype(conv.image.value.type) is dtype
    if known and exact and not e.preparing:
        form = _DepthwiseForm if _is_depthwise(conv, sizes) else _ColumnForm
        return form(e, conv, numbers, dtype, packed).emit()
    return _general(e, conv, sizes, dtype, result, packed)


def _is_depthwise(conv: Convolution, sizes: Sequence[Size]) -> bool:
    return product_text([sizes[d] for d in conv.groups]) != 1 and all(
        product_text([sizes[d] for d in loops]) == 1 for loops in (conv.channels, conv.features)
    )


def image_order(view: Structured, conv: Convolution) -> list[int]:
    """The order of the image's axes in memory that the convolution reads best."""
    sizes = [1 if s is None else s for s in view.static_sizes()]
    return list(range(len(conv.image.exprs))) if copies_taps(conv, sizes) else conv.image_order


def copies_taps(conv: Convolution, sizes: Sequence[Size]) -> bool:
    """Whether the columns are copied tap by tap, from an image whose channels aren't the last: there are few channels."""
    row = product_text([sizes[d] for d in (*conv.taps[-1:], *conv.channels)])
    return isinstance(row, int) and row < FEW and product_text([sizes[d] for d in conv.groups]) == 1


class _Form:
    """What the forms for known sizes share."""

    def __init__(self, e: FunctionEmitter, conv: Convolution, sizes: list[int], dtype: DType, packed: Packed) -> None:
        self.e = e
        self.conv = conv
        self.sizes = sizes
        self.dtype = dtype
        self.packed = packed
        self.groups = self._count(conv.groups)
        self.rows = self._count([*conv.batch, *conv.positions])
        self.inner = self._count([*conv.taps, *conv.channels])
        self.features = self._count(conv.features)

    def _count(self, loops: Sequence[int]) -> int:
        count = 1
        for d in loops:
            count *= self.sizes[d]
        return count

    def emit(self) -> Tensor:
        """Writes the convolution into a buffer; gives that."""
        shape = tuple(self.sizes[d] for d in self.conv.order)
        planned = self.e.buffer(shape, self.dtype)
        assert planned is not None
        name, storage = planned
        assert storage.buffer is not None
        self.write(storage.buffer)
        return Tensor(name, shape, tuple(range(len(shape))), self.dtype, storage, contiguous=True)

    def write(self, out: Buffer) -> None:
        """Writes the convolution into the buffer."""
        raise NotImplementedError

    def windows(self, found: Tensor, shape: tuple[int, ...], steps: tuple[tuple[tuple[int, int], ...], ...]) -> str:
        """The name of a view of the image's array, made with the buffers."""
        start = (0,) * len(found.order)
        return self.e.plan.derived(f"{self.e.kernel('strided')}({found.name}, {start}, {shape}, {steps})", "windows")

    def steps(self, found: Tensor, loop: int) -> tuple[tuple[int, int], ...]:
        """How a loop walks the image's array: pairs of an axis and a number of elements."""
        conv = self.conv
        if loop in conv.axis_of:
            steps = [(found.axes[conv.axis_of[loop]], 1)]
        else:
            steps = [(found.axes[w.axis], w.stride) for w in conv.windows if w.position == loop]
            steps += [(found.axes[w.axis], w.dilation) for w in conv.windows if w.tap == loop]
        return tuple((a, step) for a, step in steps if a is not None)

    def image(self, *, channels_last: bool) -> tuple[Tensor, Storage | None]:
        """The image as an array that is the same in every call, and the memory to free when it had to be copied."""
        e, conv = self.e, self.conv
        found = e.complete(e.tensor(conv.image.value))
        known = e.plan.known_as(found.name)
        in_order = found.order == tuple(i for i in conv.image_order if found.axes[i] is not None)
        if known is not None and (in_order or not channels_last):
            return replace(found, name=known), None
        order = conv.image_order if channels_last else list(range(found.rank))
        arranged = found.permuted(order)
        shape = [s for s in arranged.shape if isinstance(s, int)]
        planned = e.buffer(shape, self.dtype)
        assert planned is not None
        name, storage = planned
        e.line(f"{e.numpy('copyto')}({name}, {e.view_text(arranged)})")
        axes = tuple(order.index(i) for i in range(found.rank))
        return Tensor(name, found.shape, axes, self.dtype, storage, contiguous=True), storage


class _ColumnForm(_Form):
    """`columns.dot(weights)`."""

    def write(self, out: Buffer) -> None:
        conv = self.conv
        inner = [*conv.taps, *conv.channels]
        weights = self.packed(
            [[*conv.groups, *inner], conv.features] if self.groups == 1 else [conv.groups, inner, conv.features]
        )
        pixels = self._whole_image()
        if pixels is not None:
            self._product(pixels, weights, out)
        else:
            self._columns(weights, out)

    def _product(self, columns: str, weights: str, out: Buffer) -> None:
        e = self.e
        if self.groups == 1:
            target = e.plan.view(out, self.dtype, (self.rows, self.features))
            e.line(f"{columns}.dot({weights}, {target})")
        else:
            target = e.plan.view(out, self.dtype, (self.rows, self.groups, self.features))
            target = e.plan.derived(f"{target}.transpose(1, 0, 2)", "groups")
            e.line(f"{e.numpy('matmul')}({columns}, {weights}, {target})")

    def _whole_image(self) -> str | None:
        """The image itself as columns, where windows of one element are next to each other."""
        e, conv = self.e, self.conv
        found = e.tensor(conv.image.value)
        if self.groups != 1 or any(self.sizes[w.tap] != 1 or w.stride != 1 for w in conv.windows):
            return None
        if found.order != tuple(conv.image_order) or not found.contiguous:
            return None
        if any(found.shape[w.axis] != self.sizes[w.position] for w in conv.windows):
            return None
        known = e.plan.known_as(found.name)
        text = f"{known or found.name}.reshape({self.rows}, {self.inner})"
        return e.plan.derived(text, "pixels") if known else text

    def _columns(self, weights: str, out: Buffer) -> None:
        e, conv, sizes = self.e, self.conv, self.sizes
        by_taps = copies_taps(conv, sizes)
        found, temporary = self.image(channels_last=not by_taps and self._count(conv.taps) != 1)
        outer, inner = [*conv.batch, *conv.positions], [*conv.taps, *conv.channels]
        images = self._count(conv.batch)
        single = (
            len(conv.batch) == 1 and images > 1 and self.groups == 1
            and self.rows * self.inner * self.dtype.itemsize > MAX_COLUMNS
        )  # fmt: skip
        loops = [*conv.groups, *inner, *outer] if by_taps else [*conv.groups, *outer, *inner]
        kept = [d for d in loops if not (single and d in conv.batch)]
        shape = tuple(sizes[d] for d in kept)
        planned = e.buffer(shape, self.dtype)
        assert planned is not None
        columns, memory = planned
        assert memory.buffer is not None
        rows = self.rows // images if single else self.rows
        flat_shape = (self.inner, rows) if by_taps else (rows, self.inner)
        flat = e.plan.view(memory.buffer, self.dtype, flat_shape if self.groups == 1 else (self.groups, *flat_shape))
        if by_taps:
            flat = e.plan.derived(f"{flat}.T", "columns")
        steps = tuple(self.steps(found, d) for d in ([*conv.batch, *kept] if single else kept))
        full = tuple(sizes[d] for d in ([*conv.batch, *kept] if single else kept))
        windows = self.windows(found, full, steps)
        copyto = e.numpy("copyto")
        if single:
            image = e.fresh("image")
            target = e.plan.view(out, self.dtype, (images, rows, self.features))
            e.line(f"for {image} in range({images}):")
            with e.in_loop():
                e.line(f"{copyto}({columns}, {windows}[{image}])")
                e.line(f"{flat}.dot({weights}, {target}[{image}])")
        else:
            e.line(f"{copyto}({columns}, {windows})")
            self._product(flat, weights, out)
        e.release(memory)
        if temporary is not None:
            e.release(temporary)


class _DepthwiseForm(_Form):
    """One filter for each channel: `einsum` over windows that are never copied, whose inner loop runs over channels.

    With a stride of 1 some neighbouring pixels are taken together, with the weights repeated, for a longer inner loop.
    """

    def write(self, out: Buffer) -> None:
        e, conv, sizes = self.e, self.conv, self.sizes
        found, temporary = self.image(channels_last=True)
        last = conv.windows[-1]
        adjacent = last.stride == 1 and found.contiguous  # a slice of the channels has gaps between its pixels
        count = together(sizes[last.position], self.groups) if adjacent else 1
        run = count * self.groups
        weights = self.packed([*([d] for d in conv.taps), [*conv.groups, *conv.channels, *conv.features]])
        if count > 1:
            weights = e.inline(f"{e.numpy('tile')}({weights}, {count})")
        lead = [*conv.batch, *conv.positions]
        shape = [sizes[d] for d in lead]
        steps = [self.steps(found, d) for d in lead]
        shape[-1] //= count
        steps[-1] = tuple((axis, step * count) for axis, step in steps[-1])
        full = (*shape, *(sizes[d] for d in conv.taps), run)
        walk = (*steps, *(self.steps(found, d) for d in conv.taps), ((len(found.order) - 1, 1),))
        windows = self.windows(found, full, walk)
        letters = "abcdefghijklmnop"[: len(full)]
        outer, taps = letters[: len(lead)], letters[len(lead) : -1]
        spec = f"{letters},{taps}{letters[-1]}->{outer}{letters[-1]}"
        target = e.plan.view(out, self.dtype, (*shape, run))
        e.line(f"{e.numpy('einsum')}('{spec}', {windows}, {weights}, out={target})")
        if temporary is not None:
            e.release(temporary)


def _general(
    e: FunctionEmitter, conv: Convolution, sizes: list[Size], dtype: DType, result: SSAValue, packed: Packed
) -> Tensor:
    """A call of `convolution_kernels.convolution`, for any sizes and dtypes."""
    computed = dtypes.float32 if dtype.name in ("float16", "bfloat16") else dtype
    found = e.complete(e.tensor(conv.image.value))
    arranged = e.view_text(found.permuted(conv.image_order))
    lists = (conv.groups, conv.batch, conv.channels)
    if any(len(loops) != 1 for loops in lists):
        groups, batch, channels = (product_text([sizes[d] for d in loops]) for loops in lists)
        shape = [batch, *(found.shape[w.axis] for w in conv.windows), groups, channels]
        arranged = f"{arranged}.reshape({shape_text(shape)})"
    if found.dtype is not computed:
        arranged = f"{arranged}.astype({e.dtype(computed)})"
    weights = packed([conv.groups, [*conv.taps, *conv.channels], conv.features])
    kernel, positions = (shape_text([sizes[d] for d in loops]) for loops in (conv.taps, conv.positions))
    strides, dilations = tuple(w.stride for w in conv.windows), tuple(w.dilation for w in conv.windows)
    module = e.module.module("tsir.backend.numpy", "convolution_kernels")
    scratch = e.expression(f"{module}.Scratch()", "scratch")
    call = f"{module}.convolution({arranged}, {weights}, {kernel}, {positions}, {strides}, {dilations}, {scratch}"
    target = [
        product_text([sizes[d] for d in conv.batch]), *(sizes[d] for d in conv.positions),
        product_text([sizes[d] for d in conv.groups]), product_text([sizes[d] for d in conv.features]),
    ]  # fmt: skip
    full = [sizes[d] for d in conv.order]
    planned = e.buffer(full, computed) if computed is dtype else None
    if planned is not None:
        made, storage = planned
        assert storage.buffer is not None
        flat = e.plan.view(storage.buffer, computed, tuple(s for s in target if isinstance(s, int)))
        e.line(f"{call}, {flat})")
    else:
        text = f"{call})" + ("" if full == target else f".reshape({shape_text(full)})")
        if computed is not dtype:
            text += f".astype({e.dtype(dtype)})"
        made, storage = e.assign(text, result.name_hint), e.new_storage()
    return Tensor(made, tuple(full), tuple(range(len(full))), dtype, storage, contiguous=True)
