"""Conversions: of dtypes, and of tensors with one element to Python numbers. Devices other than the CPU are refused."""

from __future__ import annotations

from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category, DType
from tsir.dialects.values import Device
from tsir.errors import OperatorError, OperatorTypeError, OperatorValueError
from tsir.ops.aten.comparison import isclose
from tsir.ops.aten.creation import check_device
from tsir.ops.builder import current
from tsir.ops.core import reductions
from tsir.ops.core.checks import check_elements_are_zero
from tsir.ops.core.elementwise import binary, convert, copy, imag, real
from tsir.ops.core.scalars import convert_scalar
from tsir.ops.core.views import reshape
from tsir.ops.registry import aten, host
from tsir.ops.tensor import SymScalar, SymTensor, dtype_label

_KINDS = {Category.BOOL: "bool", Category.INT: "int", Category.FLOAT: "float", Category.COMPLEX: "complex"}
_KIND_DTYPES = {"bool": dtypes.bool_, "int": dtypes.int64, "float": dtypes.float64, "complex": dtypes.complex128}


def converted(x: SymTensor, dtype: DType | None, is_copy: bool) -> SymTensor:
    """`x` in a dtype: itself when it has that already, unless a copy is wanted."""
    if dtype is None or dtype is x.dtype:
        return copy(x) if is_copy else x
    return convert(x, dtype)


@aten(
    "to.dtype(Tensor(a) self, ScalarType dtype, bool non_blocking=False, bool copy=False, "
    "MemoryFormat? memory_format=None) -> Tensor(a)"
)
def to_dtype(x: SymTensor, dtype: DType, non_blocking: bool, is_copy: bool, memory_format: Any) -> SymTensor:
    """The tensor in another dtype."""
    return converted(x, dtype, is_copy)


@aten(
    "to.other(Tensor(a) self, Tensor other, bool non_blocking=False, bool copy=False, "
    "MemoryFormat? memory_format=None) -> Tensor(a)"
)
def to_other(x: SymTensor, other: SymTensor, non_blocking: bool, is_copy: bool, memory_format: Any) -> SymTensor:
    """The tensor in another tensor's dtype."""
    return converted(x, other.dtype, is_copy)


@aten(
    "to.device(Tensor(a) self, Device device, ScalarType dtype, bool non_blocking=False, bool copy=False, "
    "MemoryFormat? memory_format=None) -> Tensor(a)"
)
def to_device(
    x: SymTensor, device: Device, dtype: DType, non_blocking: bool, is_copy: bool, memory_format: Any
) -> SymTensor:
    """The tensor in another dtype; the device must be the CPU."""
    check_device(device)
    return converted(x, dtype, is_copy)


@aten(
    "to.dtype_layout(Tensor(a) self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, "
    "bool? pin_memory=None, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)"
)
def to_dtype_layout(
    x: SymTensor,
    dtype: DType | None,
    layout: Any,
    device: Device | None,
    pin_memory: Any,
    non_blocking: bool,
    is_copy: bool,
    memory_format: Any,
) -> SymTensor:
    """The tensor in another dtype, if one is given; the device must be the CPU."""
    check_device(device)
    return converted(x, dtype, is_copy)


@aten(
    "_to_copy(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, "
    "bool non_blocking=False, MemoryFormat? memory_format=None) -> Tensor",
    out=False,
)
def to_copy(
    x: SymTensor, dtype: DType | None, layout: Any, device: Any, pin: Any, non_blocking: bool, memory_format: Any
) -> SymTensor:
    """A fresh tensor of the same contents, in another dtype if one is given."""
    check_device(device)
    return converted(x, dtype, True)


@aten("type_as(Tensor(a) self, Tensor other) -> Tensor(a)", out=False)
def type_as(x: SymTensor, other: SymTensor) -> SymTensor:
    """The tensor in another tensor's dtype."""
    return converted(x, other.dtype, False)


# Numbers --------------------------------------------------------------------------------------------------------------


_CONVERTED = {"int": "int64_t", "float": "double"}
"""What torch converts a complex number without imaginary part to, as it says when there is one."""


def number_of(x: SymTensor, kind: str | None = None) -> SymScalar:
    """The element of a tensor that has just one, as a number of this kind (that of its dtype).

    Raises OperatorError (RuntimeError) for any other number of elements.
    """
    kind = kind or _KINDS[x.dtype.category]
    count = x.numel()
    if count != 1:
        raise OperatorError(f"a Tensor with {count} elements cannot be converted to Scalar")
    if x.is_complex and kind in _CONVERTED:
        check_elements_are_zero(imag(x), f"value cannot be converted to type {_CONVERTED[kind]} without overflow")
        return number_of(real(x), kind)
    b = current()
    if not b.emitting:
        return SymScalar(kind)
    from xdsl.dialects.tensor import ExtractOp

    from tsir.dialects.ts.types import linalg_element_type

    element = b.one(ExtractOp, (reshape(x, ()).ssa,), linalg_element_type(x.dtype))
    return SymScalar(kind, convert_scalar(b, element, x.dtype, _KIND_DTYPES[kind]))


@aten("item(Tensor self) -> Scalar", "_local_scalar_dense(Tensor self) -> Scalar")
def item(x: SymTensor) -> SymScalar:
    """The only element, as a Python number."""
    return number_of(x)


def _check_implicit(x: SymTensor) -> None:
    """Only tensors without dimensions stand for numbers where an operator expects one."""
    if x.shape:
        raise OperatorError("Cannot input a tensor of dimension other than 0 as a scalar argument")


@aten("ScalarImplicit(Tensor a) -> Scalar")
def scalar_implicit(x: SymTensor) -> SymScalar:
    """A 0-d tensor where a number is expected."""
    _check_implicit(x)
    return number_of(x)


@aten("_python_number(Tensor self, str? into=None) -> Scalar")
def python_number(x: SymTensor, into: str | None) -> SymScalar:
    """What `int`, `float` and `complex` take a tensor for: its only element. Raises ValueError for any other number of elements.

    With `into`, `int` or `float`, a complex number is its real part; RuntimeError where it has an imaginary one.
    """
    if x.numel() != 1:
        raise OperatorValueError("only one element tensors can be converted to Python scalars")
    return number_of(x, into if into and x.is_complex else None)


@aten("_python_index(Tensor self) -> int")
def python_index(x: SymTensor) -> SymScalar:
    """What `range` and indices of sequences take a tensor for. Raises TypeError unless it is one integer."""
    if x.dtype.category not in (Category.INT, Category.BOOL) or x.numel() != 1:
        raise OperatorTypeError("only integer tensors of a single element can be converted to an index")
    return number_of(x, "int")


_NUMBERS = {"Int": "int", "Float": "float", "Bool": "bool"}
for _name, _kind in _NUMBERS.items():
    aten(f"{_name}.Tensor(Tensor a) -> {_kind}")(lambda x, kind=_kind: number_of(x, kind))


def _implicit(x: SymTensor, kind: str) -> SymScalar:
    _check_implicit(x)
    return number_of(x, kind)


for _name, _kind in (("FloatImplicit", "float"), ("ComplexImplicit", "complex")):
    aten(f"{_name}(Tensor a) -> {_kind}")(lambda x, kind=_kind: _implicit(x, kind))


@aten("IntImplicit(Tensor a) -> int")
def int_implicit(x: SymTensor) -> SymScalar:
    """A 0-d integer tensor where an int is expected."""
    _check_implicit(x)
    if x.dtype.category is not Category.INT:
        raise OperatorError(f"Cannot input a tensor of type {dtype_label(x.dtype)} as an integral argument")
    return number_of(x, "int")


@aten("Complex.Tensor(Tensor a) -> complex")
def complex_number(x: SymTensor) -> SymScalar:
    """The only element, as a complex number."""
    return number_of(x, "complex")


@aten("is_nonzero(Tensor self) -> bool")
def is_nonzero(x: SymTensor) -> SymScalar:
    """Whether the only element isn't 0."""
    count = x.numel()
    if count != 1:
        what = "no values" if isinstance(count, int) and count == 0 else "more than one value"
        raise OperatorError(f"Boolean value of Tensor with {what} is ambiguous")
    return number_of(x, "bool")


@aten("equal(Tensor self, Tensor other) -> bool")
def equal(x: SymTensor, other: SymTensor) -> Any:
    """Whether shapes and all elements are equal."""
    if x.rank != other.rank or not all(a == b for a, b in zip(x.shape, other.shape, strict=True)):
        return False
    same = binary("eq", x, other)
    return number_of(reductions.all(same, tuple(range(same.rank)), False), "bool")


@aten("allclose(Tensor self, Tensor other, float rtol=1e-05, float atol=1e-08, bool equal_nan=False) -> bool")
def allclose(x: SymTensor, other: SymTensor, rtol: Any, atol: Any, equal_nan: bool) -> SymScalar:
    """Whether all elements are close, as `isclose` says."""
    close = isclose(x, other, rtol, atol, equal_nan)
    return number_of(reductions.all(close, tuple(range(close.rank)), False), "bool")


host(
    "tolist(Tensor self) -> Any",
    implementation="tsir.ops.host_tensors:tolist",
    infer=lambda x: None,
)
