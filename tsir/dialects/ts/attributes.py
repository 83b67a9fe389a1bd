"""Attributes of the `ts` dialect: the constants that MLIR has no attribute for."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import Float64Type, FloatAttr, StringAttr, SymbolRefAttr
from xdsl.ir import Attribute, ParametrizedAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType


class _NamedConstantAttr(ParametrizedAttribute):
    """A constant that is written as a name in angle brackets."""

    def __init__(self, value: str) -> None:
        super().__init__(StringAttr(value))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return (StringAttr(parser.parse_str_literal()),)

    def print_parameters(self, printer: Printer) -> None:
        value = self.parameters[0]
        assert isinstance(value, StringAttr)
        with printer.in_angle_brackets():
            printer.print_string_literal(value.data)


@irdl_attr_definition
class NoneValueAttr(ParametrizedAttribute):
    """Python's `None`: `#ts.none`."""

    name = "ts.none"


@irdl_attr_definition
class DTypeAttr(_NamedConstantAttr):
    """A dtype: `#ts.dtype<"float32">`."""

    name = "ts.dtype"
    value: StringAttr

    def __init__(self, value: str) -> None:
        super().__init__(value)

    def verify(self) -> None:
        try:
            dtypes.dtype(self.value.data)
        except KeyError:
            raise VerifyException(f"{self.value.data!r} is no dtype") from None

    @property
    def dtype(self) -> DType:
        """The dtype itself."""
        return dtypes.dtype(self.value.data)


@irdl_attr_definition
class DeviceAttr(_NamedConstantAttr):
    """A device: `#ts.device<"cpu">`."""

    name = "ts.device"
    value: StringAttr

    def __init__(self, value: str) -> None:
        super().__init__(value)


@irdl_attr_definition
class LayoutAttr(_NamedConstantAttr):
    """A layout: `#ts.layout<"strided">`."""

    name = "ts.layout"
    value: StringAttr

    def __init__(self, value: str) -> None:
        super().__init__(value)


@irdl_attr_definition
class MemoryFormatAttr(_NamedConstantAttr):
    """A memory format: `#ts.memory_format<"contiguous_format">`."""

    name = "ts.memory_format"
    value: StringAttr

    def __init__(self, value: str) -> None:
        super().__init__(value)


@irdl_attr_definition
class BytesValueAttr(_NamedConstantAttr):
    """A Python bytes object, in hexadecimal digits: `#ts.bytes<"616263">`."""

    name = "ts.bytes_value"
    digits: StringAttr

    def __init__(self, value: bytes) -> None:
        super().__init__(value.hex())

    def verify(self) -> None:
        try:
            bytes.fromhex(self.digits.data)
        except ValueError:
            raise VerifyException(f"{self.digits.data!r} isn't a sequence of bytes in hexadecimal digits") from None

    @property
    def value(self) -> bytes:
        """The bytes themselves."""
        return bytes.fromhex(self.digits.data)


@irdl_attr_definition
class ComplexValueAttr(ParametrizedAttribute):
    """A Python complex number: `#ts.complex<1.0 : f64, -2.0 : f64>`."""

    name = "ts.complex"
    real: FloatAttr[Float64Type]
    imag: FloatAttr[Float64Type]

    def __init__(self, value: complex) -> None:
        super().__init__(FloatAttr(value.real, 64), FloatAttr(value.imag, 64))

    @property
    def value(self) -> complex:
        """The number itself."""
        return complex(self.real.value.data, self.imag.value.data)


@irdl_attr_definition
class EnumValueAttr(ParametrizedAttribute):
    """A member of an enum: `#ts.enum<@Color, "RED">`."""

    name = "ts.enum"
    symbol: SymbolRefAttr
    member: StringAttr

    def __init__(self, symbol: str | SymbolRefAttr, member: str) -> None:
        super().__init__(SymbolRefAttr(symbol) if isinstance(symbol, str) else symbol, StringAttr(member))


ATTRIBUTES: tuple[type[ParametrizedAttribute], ...] = (
    NoneValueAttr, DTypeAttr, DeviceAttr, LayoutAttr, MemoryFormatAttr, BytesValueAttr, ComplexValueAttr, EnumValueAttr,
)  # fmt: skip
