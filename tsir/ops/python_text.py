"""What the expressions of built-ins call as `rt`, for values that Python knows; and what makes the values of a defaultdict."""

from __future__ import annotations

import ast
import builtins
import logging
import warnings
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Protocol

from tsir.dialects.type_codes import dtype_from_code, layout_from_code, memory_format_from_code, type_code
from tsir.dialects.values import Device, Future, one_function
from tsir.errors import OperatorError, TsirError
from tsir.ops.ieee import ieee

OBJECT = "__tsir_object__"
"""The attribute of an exception that has the program's object, for classes with fields and methods."""


class TextFunctions(Protocol):
    """What expressions call as `rt`: Python's functions of these names, for values that may contain tensors.

    `percent` is `template % values`, `str_format` is `template.format(*values)`.
    """

    def str(self, value: Any) -> str: ...
    def repr(self, value: Any) -> str: ...
    def format(self, value: Any, spec: str = "") -> str: ...
    def percent(self, template: str, values: Any) -> str: ...
    def str_format(self, template: str, *values: Any) -> str: ...
    def print(self, *values: Any, sep: str = " ", end: str = "\n") -> None: ...
    def warn(self, message: Any, category: builtins.str = "UserWarning", stacklevel: int = 1) -> None: ...
    def log(self, logger: str, level: int, message: Any, once: bool) -> None: ...
    def default_dict(self, kind: Any) -> Any: ...
    def one_function(self, function: Any) -> Any: ...
    def device(self, text: Any, index: Any = None) -> Any: ...
    def Future(self) -> Any: ...
    def exception_object(self, error: Any) -> Any: ...
    def exception_type(self, error: Any) -> Any: ...
    def exception_from(self, error: Any, cause: Any) -> Any: ...
    def int_to_bytes(self, value: int, length: int = 1, byteorder: Any = "big", signed: bool = False) -> bytes: ...
    def type_code(self, value: Any) -> int: ...
    def ieee(self, name: str, *values: float) -> float: ...
    def dtype_from_code(self, code: int) -> Any: ...
    def layout_from_code(self, code: int) -> Any: ...
    def memory_format_from_code(self, code: int) -> Any: ...
    def int_from_bytes(self, value: bytes, byteorder: Any = "big", signed: bool = False) -> int: ...


FACTORIES: Mapping[Any, Callable[[], Any]] = {
    "int": int, "float": float, "bool": bool, "str": str, "list": list, "dict": dict, "set": set,
}  # fmt: skip
"""What makes the values of a defaultdict, by name."""


def default_dict(kind: str) -> defaultdict[Any, Any]:
    """`collections.defaultdict` of what makes the values: the name of a built-in type, `defaultdict(...)`, or a literal."""
    return defaultdict(_factory(kind))


def _factory(kind: str) -> Callable[[], Any]:
    if kind in FACTORIES:
        return FACTORIES[kind]
    if kind.startswith("defaultdict("):
        inner = kind.removeprefix("defaultdict(").removesuffix(")")
        return lambda: default_dict(inner)
    return lambda: ast.literal_eval(kind)


@lru_cache(maxsize=4096)
def _first_ones(logger: str, level: int, message: str) -> list[None]:
    return [None]


def _is_first(logger: str, level: int, message: str) -> bool:
    """Whether this is asked for the first time."""
    found = _first_ones(logger, level, message)
    return bool(found) and found.pop() is None


def device(text: Any, index: int | None = None) -> Device:
    """`torch.device(text, index)`. Raises RuntimeError for what isn't the name of a device, as torch does."""
    try:
        found = text if isinstance(text, Device) else Device.parse(text)
    except OperatorError as error:
        raise RuntimeError(error.message) from None
    return found if index is None else Device(found.type, index)


class PythonText:
    """`TextFunctions` for values that Python knows: what constant folding uses."""

    str = staticmethod(str)
    repr = staticmethod(repr)
    format = staticmethod(format)
    print = staticmethod(print)

    @staticmethod
    def warn(message: Any, category: builtins.str = "UserWarning", stacklevel: int = 1) -> None:
        """`warnings.warn(message, category, stacklevel)`, with the name of the category."""
        warnings.warn(builtins.str(message), getattr(builtins, category), stacklevel=stacklevel + 1)

    @staticmethod
    def log(logger: str, level: int, message: Any, once: bool) -> None:
        """What a logger of this name does with a message; with `once` only with the first one of all that are equal."""
        if not once or _is_first(logger, level, message):
            logging.getLogger(logger).log(level, message)

    @staticmethod
    def one_function(function: Any) -> Any:
        """The one object for a function."""
        return one_function(function)

    @staticmethod
    def default_dict(kind: Any) -> Any:
        """`collections.defaultdict` of the built-in type of this name."""
        return default_dict(kind)

    Future = Future
    device = staticmethod(device)
    type_code = staticmethod(type_code)
    ieee = staticmethod(ieee)
    dtype_from_code = staticmethod(dtype_from_code)
    layout_from_code = staticmethod(layout_from_code)
    memory_format_from_code = staticmethod(memory_format_from_code)

    @staticmethod
    def exception_object(error: Any) -> Any:
        """The program's object behind an exception."""
        return vars(error)[OBJECT]

    @staticmethod
    def exception_type(error: Any) -> Any:
        """The class of an exception: for one that an operator raises, Python's that torch's would be of."""
        return next(c for c in type(error).__mro__ if not issubclass(c, TsirError))

    @staticmethod
    def exception_from(error: Any, cause: Any) -> Any:
        """The exception with this cause: `raise error from cause` without raising it."""
        error.__cause__ = cause
        return error

    @staticmethod
    def int_to_bytes(value: int, length: int = 1, byteorder: Any = "big", signed: bool = False) -> bytes:
        """`value.to_bytes(length, byteorder, signed=signed)`."""
        return value.to_bytes(length, byteorder, signed=signed)

    @staticmethod
    def int_from_bytes(value: bytes, byteorder: Any = "big", signed: bool = False) -> int:
        """`int.from_bytes(value, byteorder, signed=signed)`."""
        return int.from_bytes(value, byteorder, signed=signed)

    @staticmethod
    def percent(template: str, values: Any) -> str:
        """`template % values`."""
        return template % values

    @staticmethod
    def str_format(template: str, *values: Any) -> str:
        """`template.format(*values)`."""
        return template.format(*values)
