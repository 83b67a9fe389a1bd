"""What an operator's argument is when a call leaves it out: the schema's default as the value that it stands for."""

from __future__ import annotations

from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.schema import Argument, SchemaType
from tsir.dialects.values import Device, Layout, MemoryFormat

_NAMED = {"ScalarType": dtypes.dtype, "Device": Device.parse, "Layout": Layout, "MemoryFormat": MemoryFormat}


def default_constant(value: Any, kind: SchemaType) -> Any:
    """A default, or an element of one that is a list: dtypes, layouts and the like for their names."""
    return _NAMED[kind.base](value) if kind.base in _NAMED and isinstance(value, str) else value


def default_value(argument: Argument) -> Any:
    """An argument's default; lists are tuples."""
    value, kind = argument.default, argument.type
    return tuple(default_constant(e, kind) for e in value) if isinstance(value, tuple) else default_constant(value, kind)
