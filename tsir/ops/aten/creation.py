"""New tensors from numbers: constants, ranges, identity matrices, windows. Random ones are in random.py."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category, DType
from tsir.dialects.values import Device
from tsir.errors import OperatorError, OperatorTypeError
from tsir.ops.aten.precision import number_as
from tsir.ops.core.checks import check_number
from tsir.ops.core.creation import full, iota
from tsir.ops.core.elementwise import binary, convert, unary, where
from tsir.ops.core.views import broadcast_to, reshape
from tsir.ops.promotion import default_dtype, number_dtype, number_kind
from tsir.ops.registry import aten, host
from tsir.ops.sizes import Size, SymInt
from tsir.ops.tensor import SymScalar, SymTensor, as_size, is_constant, require_int, require_number

OPTIONS = "ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None"
"""The arguments that all factories have in common."""

LIKE_OPTIONS = f"{OPTIONS}, MemoryFormat? memory_format=None"

INT64_OPTIONS = OPTIONS.replace("dtype=None", "dtype=long")
"""The options of factories that give int64 by default."""


def check_device(device: Device | None) -> None:
    """Raises OperatorError for another device than the CPU, on which tsir computes."""
    if isinstance(device, Device) and device.type not in ("cpu", "meta"):
        raise OperatorError(f"tsir computes on the CPU, the device asked for is {device}", hint="leave out the device")


def shape_of(size: Sequence[Any]) -> tuple[Size, ...]:
    """A `size` argument as a shape. Raises OperatorError, with torch's words, for a negative size."""
    shape = tuple(as_size(s) for s in size)
    for s in shape:
        if isinstance(s, int) and s < 0:
            raise OperatorError(f"Trying to create tensor with negative dimension {s}: {list(shape)}")
    return shape


def filled(size: Sequence[Any], value: Any, dtype: DType, device: Any = None) -> SymTensor:
    """A tensor of one value."""
    check_device(device)
    return full(shape_of(size), number_as(value, dtype), dtype)


@aten(f"zeros(SymInt[] size, *, {OPTIONS}) -> Tensor")
def zeros(size: Sequence[Any], dtype: DType | None, layout: Any, device: Any, pin_memory: Any) -> SymTensor:
    """All 0."""
    return filled(size, 0, dtype or default_dtype(), device)


@aten(f"ones(SymInt[] size, *, {OPTIONS}) -> Tensor")
def ones(size: Sequence[Any], dtype: DType | None, layout: Any, device: Any, pin_memory: Any) -> SymTensor:
    """All 1."""
    return filled(size, 1, dtype or default_dtype(), device)


@aten(f"full(SymInt[] size, Scalar fill_value, *, {OPTIONS}) -> Tensor")
def full_(size: Sequence[Any], value: Any, dtype: DType | None, layout: Any, device: Any, pin_memory: Any) -> SymTensor:
    """All of one value, whose kind gives the dtype if none is given."""
    return filled(size, value, dtype or number_dtype(value), device)


@aten(f"empty.memory_format(SymInt[] size, *, {LIKE_OPTIONS}) -> Tensor", out=False)
def empty(size: Sequence[Any], dtype: DType | None, layout: Any, device: Any, pin: Any, memory_format: Any) -> SymTensor:
    """All 0: torch promises no contents."""
    return filled(size, 0, dtype or default_dtype(), device)


@aten(f"empty_strided(SymInt[] size, SymInt[] stride, *, {OPTIONS}) -> Tensor", out=False)
def empty_strided(
    size: Sequence[Any], stride: Any, dtype: DType | None, layout: Any, device: Any, pin_memory: Any
) -> SymTensor:
    """All 0; the strides are torch's business."""
    return filled(size, 0, dtype or default_dtype(), device)


def _like(name: str, value: int) -> None:
    aten(f"{name}_like(Tensor self, *, {LIKE_OPTIONS}) -> Tensor", out=False)(
        lambda x, dtype, layout, device, pin, memory_format: filled(x.shape, value, dtype or x.dtype, device)
    )
    aten(f"new_{name}(Tensor self, SymInt[] size, *, {OPTIONS}) -> Tensor", out=False)(
        lambda x, size, dtype, layout, device, pin: filled(size, value, dtype or x.dtype, device)
    )


_like("zeros", 0)
_like("ones", 1)
_like("empty", 0)


@aten(f"full_like(Tensor self, Scalar fill_value, *, {LIKE_OPTIONS}) -> Tensor", out=False)
def full_like(
    x: SymTensor, value: Any, dtype: DType | None, layout: Any, device: Any, pin: Any, memory_format: Any
) -> SymTensor:
    """All of one value, of another tensor's shape and dtype."""
    return filled(x.shape, value, dtype or x.dtype, device)


@aten(f"new_full(Tensor self, SymInt[] size, Scalar fill_value, *, {OPTIONS}) -> Tensor", out=False)
def new_full(
    x: SymTensor, size: Sequence[Any], value: Any, dtype: DType | None, layout: Any, device: Any, pin_memory: Any
) -> SymTensor:
    """All of one value, of another tensor's dtype."""
    return filled(size, value, dtype or x.dtype, device)


@aten("fill.Scalar(Tensor self, Scalar value) -> Tensor")
def fill(x: SymTensor, value: Any) -> SymTensor:
    """All of one value, of `self`'s shape and dtype."""
    return filled(x.shape, value, x.dtype)


@aten("fill.Tensor(Tensor self, Tensor value) -> Tensor")
def fill_tensor(x: SymTensor, value: SymTensor) -> SymTensor:
    """All of the value of a 0-d tensor, of `self`'s shape and dtype."""
    if value.shape:
        raise OperatorError(f"fill_ only supports 0-dimension value tensor but got tensor with {value.rank} dimensions.")
    from tsir.ops.core.elementwise import copy

    return copy(broadcast_to(convert(value, x.dtype), x.shape))


@aten("zero(Tensor self) -> Tensor")
def zero(x: SymTensor) -> SymTensor:
    """All 0, of `self`'s shape and dtype."""
    return filled(x.shape, 0, x.dtype)


@aten("copy(Tensor self, Tensor src, bool non_blocking=False) -> Tensor")
def copy_(x: SymTensor, source: SymTensor, non_blocking: bool) -> SymTensor:
    """The contents of `src` in `self`'s shape and dtype.

    `x[i] = value` is a copy with `non_blocking`, and there eager drops dimensions of size 1 that `value` has in front.
    """
    from tsir.ops.core.elementwise import copy
    from tsir.ops.core.views import expand, reshape

    while non_blocking and source.rank > x.rank and isinstance(source.shape[0], int) and source.shape[0] == 1:
        source = reshape(source, source.shape[1:])
    if source.rank > x.rank:
        raise OperatorError(f"The size of tensor a ({list(x.shape)}) must match the size of tensor b ({list(source.shape)})")
    value = expand(convert(source, x.dtype), x.shape)
    return copy(value)


@aten(f"scalar_tensor(Scalar s, *, {OPTIONS}) -> Tensor", out=False)
def scalar_tensor(value: Any, dtype: DType | None, layout: Any, device: Any, pin_memory: Any) -> SymTensor:
    """A 0-d tensor."""
    return filled((), value, dtype or default_dtype(), device)


for _kind in ("bool", "int", "float", "complex"):
    aten(
        f"tensor.{_kind}({_kind} t, *, ScalarType? dtype=None, Device? device=None, bool requires_grad=False) -> Tensor",
        out=False,
    )(lambda value, dtype, device, grad: filled((), value, dtype or number_dtype(value), device))
    aten(f"as_tensor.{_kind}({_kind} t, *, ScalarType? dtype=None, Device? device=None) -> Tensor", out=False)(
        lambda value, dtype, device: filled((), value, dtype or number_dtype(value), device)
    )


def _data_type(data: Any, dtype: DType | None) -> SymTensor | None:
    """The type of a tensor of nested lists, as far as it is known."""
    shape: list[int] = []
    numbers = [data]
    while numbers and isinstance(numbers[0], list | tuple):
        if any(not isinstance(n, list | tuple) or len(n) != len(numbers[0]) for n in numbers):
            raise OperatorTypeError("expected nested sequences of equal lengths")
        shape.append(len(numbers[0]))
        numbers = [number for part in numbers for number in part]
    if not all(isinstance(n, int | float | complex | SymInt | SymScalar) for n in numbers):
        return None
    if dtype is None:
        dtype = default_dtype() if not numbers else dtypes.bool_
        for number in numbers:
            dtype = dtypes.promote(dtype, number_dtype(number)) if numbers else dtype
    return SymTensor(dtype, tuple(shape))


@host(
    "tensor(Any data, *, ScalarType? dtype=None, Device? device=None, bool requires_grad=False) -> Tensor",
    implementation="tsir.ops.host_tensors:tensor",
)
def tensor(data: Any, dtype: DType | None, device: Any, requires_grad: bool) -> SymTensor | None:
    """A new tensor of nested lists of numbers, or of a tensor."""
    check_device(device)
    if isinstance(data, SymTensor):
        return SymTensor(dtype or data.dtype, data.shape)
    return _data_type(data, dtype)


@host(
    "as_tensor(Any data, *, ScalarType? dtype=None, Device? device=None) -> Tensor",
    implementation="tsir.ops.host_tensors:as_tensor",
)
def as_tensor(data: Any, dtype: DType | None, device: Any) -> SymTensor | None:
    """A tensor of nested lists of numbers; a tensor of the right dtype is given back."""
    return tensor(data, dtype, device, False)


# Ranges ---------------------------------------------------------------------------------------------------------------


def _range_dtype(numbers: Sequence[Any]) -> DType:
    return default_dtype() if any(number_kind(n) == "float" for n in numbers) else dtypes.int64


def _check_span(size: Size, message: str) -> Size:
    """The size of a range: raises for a negative one, with a check at run time when it isn't known before."""
    from tsir.ops.builder import current
    from tsir.ops.core.scalars import cmpi
    from tsir.ops.sizes import bounds

    if isinstance(size, int):
        if size < 0:
            raise OperatorError(message)
        return size
    low, _ = bounds(size)
    b = current()
    if (low is None or low < 0) and b.emitting:
        value = b.size(size)
        b.check(cmpi(b, "sge", value, b.index(0)), "RuntimeError", message)
    return size


def _arange(start: Any, end: Any, step: Any, dtype: DType | None, device: Any) -> SymTensor:
    check_device(device)
    dtype = dtype or _range_dtype((start, end, step))
    if dtype.is_complex or dtype is dtypes.bool_:
        raise OperatorError(f'"arange_cpu" not implemented for {dtype.name!r}')
    step = require_number(step, "step")
    if step == 0:
        raise OperatorError("step must be nonzero")
    message = "upper bound and lower bound inconsistent with step sign"
    if dtype.category is Category.INT:
        start, end, step = (int(n) if isinstance(n, float) else n for n in (start, end, step))
        if step == 0:
            raise OperatorError("step must be nonzero")
    if all(number_kind(n) != "float" for n in (start, end, step)):
        first, last = as_size(start), as_size(end)
        span = _check_span(last - first if step > 0 else first - last, message)
        size = span if abs(step) == 1 else (span + abs(step) - 1) // abs(step)
        return _affine(iota(size, dtypes.int64), start, step, dtype)
    start, end = require_number(start, "start"), require_number(end, "end")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise OperatorError(f"unsupported range: {start} -> {end}")
    if (end - start) * (1 if step > 0 else -1) < 0:
        raise OperatorError(message)
    size = math.ceil((end - start) / step)
    if dtype.category is Category.INT:
        return _affine(iota(size, dtypes.int64), int(start), int(step), dtype)
    return _affine(convert(iota(size, dtypes.int64), dtypes.float64), float(start), float(step), dtype)


def _affine(numbers: SymTensor, start: Any, step: Any, dtype: DType) -> SymTensor:
    """`start + step * numbers`, converted at the end."""
    if not (is_constant(step) and step == 1):
        numbers = binary("mul", numbers, step)
    if not (is_constant(start) and start == 0):
        numbers = binary("add", numbers, start)
    return convert(numbers, dtype)


@aten(f"arange(Scalar end, *, {OPTIONS}) -> Tensor")
def arange(end: Any, dtype: DType | None, layout: Any, device: Any, pin_memory: Any) -> SymTensor:
    """0, 1, ... below `end`."""
    return _arange(0, end, 1, dtype or _range_dtype((end,)), device)


@aten(f"arange.start(Scalar start, Scalar end, *, {OPTIONS}) -> Tensor", out=False)
def arange_start(start: Any, end: Any, dtype: DType | None, layout: Any, device: Any, pin_memory: Any) -> SymTensor:
    """`start`, `start + 1`, ... below `end`."""
    return _arange(start, end, 1, dtype, device)


@aten(f"arange.start_step(Scalar start, Scalar end, Scalar step=1, *, {OPTIONS}) -> Tensor")
def arange_step(
    start: Any, end: Any, step: Any, dtype: DType | None, layout: Any, device: Any, pin_memory: Any
) -> SymTensor:
    """`start`, `start + step`, ... before `end`."""
    return _arange(start, end, step, dtype, device)


def float32_of(value: float) -> float:
    """A number rounded to single precision."""
    return struct.unpack("f", struct.pack("f", value))[0]


@aten(f"linspace(Scalar start, Scalar end, int steps, *, {OPTIONS}) -> Tensor")
def linspace(start: Any, end: Any, steps: Any, dtype: DType | None, layout: Any, device: Any, pin: Any) -> SymTensor:
    """`steps` numbers from `start` to `end`, both included."""
    check_device(device)
    is_complex = any(isinstance(v, complex) for v in (start, end))
    dtype = dtype or (number_dtype(1j) if is_complex else default_dtype())
    count = as_size(steps)
    if isinstance(count, int) and count < 0:
        raise OperatorError("number of steps must be non-negative")
    known = require_int(count, "steps")
    if known == 1:
        return filled((1,), start, dtype)
    if dtype.category is Category.COMPLEX:
        low, high = complex(require_number(start, "start")), complex(require_number(end, "end"))
        at = convert(iota(count, dtypes.int64), dtypes.complex128)
        width = (high - low) / max(known - 1, 1)
        below = binary("add", binary("mul", at, width), low)
        above = binary("sub", high, binary("mul", binary("sub", known - 1, at), width))
        is_low = binary("lt", iota(count, dtypes.int64), known // 2)
        return convert(where(is_low, below, above), dtype)
    if is_complex:
        raise OperatorError(
            f"torch.linspace(): inferred dtype ComplexFloat can't be safely cast to passed dtype {dtype.name}"
        )
    first, last = float(require_number(start, "start")), float(require_number(end, "end"))
    rounded = (lambda v: v) if dtype is dtypes.float64 else float32_of
    if dtype.category is Category.FLOAT:
        first, last = rounded(first), rounded(last)
    step = rounded(rounded(last - first) / max(known - 1, 1))
    number = convert(iota(count, dtypes.int64), dtypes.float64)
    from_end = binary("sub", last, binary("sub", float(known - 1), number) * step)
    values = where(binary("lt", number, float(known // 2)), number * step + first, from_end)
    return convert(convert(values, dtypes.float32) if dtype.itemsize < 4 and dtype.is_floating_point else values, dtype)


@aten(f"logspace(Scalar start, Scalar end, int steps, float base=10., *, {OPTIONS}) -> Tensor")
def logspace(
    start: Any, end: Any, steps: Any, base: Any, dtype: DType | None, layout: Any, device: Any, pin_memory: Any
) -> SymTensor:
    """`base` to the power of `linspace`."""
    is_complex = any(isinstance(v, complex) for v in (start, end))
    wide, usual = (dtypes.complex128, number_dtype(1j)) if is_complex else (dtypes.float64, default_dtype())
    exponents = linspace(start, end, steps, wide, layout, device, pin_memory)
    return convert(binary("pow", float(base), exponents), dtype or usual)


@aten(f"eye(SymInt n, *, {OPTIONS}) -> Tensor")
def eye(n: Any, dtype: DType | None, layout: Any, device: Any, pin_memory: Any) -> SymTensor:
    """The identity matrix."""
    return eye_m(n, n, dtype, layout, device, pin_memory)


@aten(f"eye.m(SymInt n, SymInt m, *, {OPTIONS}) -> Tensor")
def eye_m(n: Any, m: Any, dtype: DType | None, layout: Any, device: Any, pin_memory: Any) -> SymTensor:
    """1 on the diagonal of a matrix with n rows and m columns, else 0."""
    check_device(device)
    rows, columns = as_size(n), as_size(m)
    for size, name in ((rows, "n"), (columns, "m")):
        check_number(size, "ge", 0, f"{name} must be greater or equal to 0, got {{0}}")
    same = binary("eq", reshape(iota(rows, dtypes.int64), (rows, 1)), iota(columns, dtypes.int64))
    return convert(same, dtype or default_dtype())


# Windows --------------------------------------------------------------------------------------------------------------


def _window(length: Any, periodic: bool, dtype: DType | None, terms: Sequence[float]) -> SymTensor:
    """A sum of cosines: `terms[0] + terms[1] cos(x) + terms[2] cos(2x)...` over one period."""
    dtype, count = dtype or default_dtype(), require_int(length, "window_length")
    if not dtype.is_floating_point:
        raise OperatorError(f"window expects floating point dtypes, got: {dtype}")
    if count < 0:
        raise OperatorError(f"window requires non-negative window_length, got window_length={count}")
    if count <= 1:
        return full((count,), 1.0, dtype)
    period = count if periodic else count - 1
    phase = binary("mul", convert(iota(count, dtypes.int64), dtype), 2 * math.pi / period)
    total: Any = None
    for k, amplitude in enumerate(terms[1:], 1):
        part = unary("cos", phase * k if k > 1 else phase) * amplitude
        total = part if total is None else total + part
    return total + terms[0]


_WINDOWS = {"hann": (0.5, -0.5), "hamming": (0.54, -0.46), "blackman": (0.42, -0.5, 0.08)}

for _name, _terms in _WINDOWS.items():
    aten(f"{_name}_window(int window_length, *, {OPTIONS}) -> Tensor", out=False)(
        lambda length, dtype, layout, device, pin, terms=_terms: _window(length, True, dtype, terms)
    )
    aten(f"{_name}_window.periodic(int window_length, bool periodic, *, {OPTIONS}) -> Tensor", out=False)(
        lambda length, periodic, dtype, layout, device, pin, terms=_terms: _window(length, periodic, dtype, terms)
    )


@aten(f"bartlett_window(int window_length, *, {OPTIONS}) -> Tensor", out=False)
def bartlett_window(length: Any, dtype: DType | None, layout: Any, device: Any, pin_memory: Any) -> SymTensor:
    """A triangle."""
    return bartlett_window_periodic(length, True, dtype, layout, device, pin_memory)


@aten(f"bartlett_window.periodic(int window_length, bool periodic, *, {OPTIONS}) -> Tensor", out=False)
def bartlett_window_periodic(
    length: Any, periodic: bool, dtype: DType | None, layout: Any, device: Any, pin_memory: Any
) -> SymTensor:
    """A triangle, periodic or symmetric."""
    dtype, count = dtype or default_dtype(), require_int(length, "window_length")
    if count <= 1:
        return full((count,), 1.0, dtype)
    period = count if periodic else count - 1
    position = binary("mul", convert(iota(count, dtypes.int64), dtype), 2.0 / period)
    return where(binary("le", position, 1.0), position, binary("sub", 2.0, position))
