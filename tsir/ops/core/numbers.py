"""Arithmetic on run-time numbers (`SymScalar`, `SymInt`): what bodies compute with scalar arguments."""

from __future__ import annotations

import operator
from typing import Any

from tsir.dialects import dtypes
from tsir.ops.builder import current
from tsir.ops.core.binary_rules import BINARY
from tsir.ops.core.scalars import convert_scalar, dtype_class
from tsir.ops.promotion import number_kind
from tsir.ops.sizes import SymInt
from tsir.ops.tensor import SymScalar, is_constant

_KINDS = ("bool", "int", "float", "complex")
_DTYPES = {"bool": dtypes.bool_, "int": dtypes.int64, "float": dtypes.float64, "complex": dtypes.complex128}
_PYTHON = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "eq": operator.eq,
    "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
    "pow": operator.pow, "floordiv": operator.floordiv, "remainder": operator.mod, "maximum": max, "minimum": min,
}  # fmt: skip
_SIZE_OPERATIONS = frozenset(("add", "sub", "mul", "floordiv", "remainder"))


def number_binary(name: str, a: Any, b: Any) -> Any:
    """A function of `BINARY` of two numbers: a constant, a size, or a `SymScalar`."""
    if is_constant(a) and is_constant(b):
        return _PYTHON[name](a, b)
    if name in _SIZE_OPERATIONS and not isinstance(a, SymScalar | float) and not isinstance(b, SymScalar | float):
        return _PYTHON[name](a, b)
    kinds = [number_kind(a), number_kind(b)]
    kind = max(*kinds, "int", key=_KINDS.index)
    if BINARY[name][0] == "float" and kind == "int":
        kind = "float"
    result = "bool" if BINARY[name][0] in ("bool", "logical") else kind
    builder = current()
    if not builder.emitting:
        return SymScalar(result)
    dtype = _DTYPES[kind]
    left, right = (convert_scalar(builder, *builder.number_value(v), dtype) for v in (a, b))
    rule = BINARY[name][2][dtype_class(dtype)]
    value = builder.one(rule, (left, right), left.type) if isinstance(rule, type) else rule(builder, left, right, dtype)
    return SymScalar(result, value)


def to_number(value: Any, kind: str) -> Any:
    """A number as one of another kind: `float(alpha)` for run-time numbers too."""
    if isinstance(value, SymInt | SymScalar):
        if number_kind(value) == kind:
            return value
        builder = current()
        if not builder.emitting:
            return SymScalar(kind)
        return SymScalar(kind, convert_scalar(builder, *builder.number_value(value), _DTYPES[kind]))
    return {"bool": bool, "int": int, "float": float, "complex": complex}[kind](value)
