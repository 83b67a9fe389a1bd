"""Numbers, texts and the like as arguments: each is checked against the declared type, and converted as torch.jit converts it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from tsir.dialects.dtypes import DType
from tsir.dialects.type_codes import type_code
from tsir.dialects.values import (
    Layout,
    MemoryFormat,
)
from tsir.errors import OperatorTypeError
from tsir.runtime.type_text import TypeText

if TYPE_CHECKING:
    from tsir.runtime.arguments import Conversion


NUMPY_IN: dict[str, Any] = {
    "f64": np.floating, "i64": np.integer, "i1": np.bool_, "complex": np.complexfloating, "number": np.number,
}  # fmt: skip
"""The NumPy scalars that containers of these types may have."""


def _scalar_in(kinds: tuple[type, ...], convert: Any) -> Any:
    def check(_self: Conversion, value: Any, expected: TypeText, where: str) -> Any:
        if isinstance(value, np.generic):
            value = value.item()
        # bool is an int for Python but not for TorchScript's overloads; it converts, as torch.jit's binding does.
        if isinstance(value, kinds):
            return convert(value)
        raise mismatch(where, expected, type(value).__name__)

    return check


def _int_in(self: Conversion, value: Any, expected: TypeText, where: str) -> Any:
    """An int, or the number of a dtype, layout or memory format, as programs of torch.jit's archives have ints for them."""
    known = value if self.torch is None or isinstance(value, int) else self.torch.value_in(value)
    if isinstance(known, DType | Layout | MemoryFormat):
        return type_code(known)
    return _scalar_in((int,), int)(self, value, expected, where)


def _bool_in(self: Conversion, value: Any, expected: TypeText, where: str) -> bool:
    """A bool, or the truth of a number where nothing but a bool is declared, as in torch.jit."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool) or (isinstance(value, int | float | complex) and not self.of_several):
        return bool(value)
    raise mismatch(where, expected, type(value).__name__)


def _text_in(self: Conversion, value: Any, expected: TypeText, where: str) -> str:
    """A str, or the text that bytes are in UTF-8 where nothing but a str is declared, as in torch.jit."""
    if isinstance(value, bytes) and not self.of_several:
        with suppress(UnicodeDecodeError):
            return value.decode()
    return _scalar_in((str,), str)(self, value, expected, where)


def _none_in(_self: Conversion, value: Any, expected: TypeText, where: str) -> Any:
    if value is not None:
        raise mismatch(where, expected, type(value).__name__)
    return None


def _tensor_expected(_self: Conversion, value: Any, expected: TypeText, where: str) -> Any:
    raise mismatch(where, expected, type(value).__name__)


def _number_in(_self: Conversion, value: Any, expected: TypeText, where: str) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, int | float | complex):
        raise mismatch(where, expected, type(value).__name__)
    return value


def _narrow_float_in(_self: Conversion, value: Any, expected: TypeText, where: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating | np.integer):
        raise mismatch(where, expected, type(value).__name__)
    return np.dtype({"f32": "float32", "f16": "float16"}[expected.kind]).type(value)


def _narrow_int_in(_self: Conversion, value: Any, expected: TypeText, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise mismatch(where, expected, type(value).__name__)
    bits = 64 if expected.kind == "index" else int(expected.kind[1:])
    number = int(value) & ((1 << bits) - 1)
    return number - (1 << bits) if number >> (bits - 1) else number


SCALARS_IN = {
    **dict.fromkeys(("f32", "f16"), _narrow_float_in),
    **dict.fromkeys(("index", "i32", "i16", "i8"), _narrow_int_in),
    "i64": _int_in,
    "f64": _scalar_in((float, int), float),
    "i1": _bool_in,
    "complex": _scalar_in((complex, float, int), complex),
    "str": _text_in,
    "bytes": _scalar_in((bytes,), bytes),
    "none": _none_in,
    "number": _number_in,
    "tensor": _tensor_expected,
}


def mismatch(where: str, expected: TypeText, found: str) -> OperatorTypeError:
    """What is raised for a value of another type than declared."""
    return OperatorTypeError(
        f"{where}: expected a value of type '{expected.python_name()}' but instead found type '{found}'"
    )
