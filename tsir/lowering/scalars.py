"""Python arithmetic on ints, floats and bools as `arith`, where the meaning is the same.

ints are `i64`: a program whose ints leave 64 bits isn't for compiled code. Divisions are lowered for a divisor that is a constant
and not 0, for Python raises on 0. What isn't lowered stays a `ts.py` operation, evaluated as Python.
"""

from __future__ import annotations

from typing import Any

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Operation, SSAValue

from tsir.dialects.traversal import walk
from tsir.dialects.ts.families import PyOp
from tsir.dialects.ts.structure import TruthOp
from tsir.dialects.ts.types import BOOL, FLOAT, INT
from tsir.ops.builder import Builder
from tsir.passes.constants import UNKNOWN, constant_of
from tsir.passes.facts import strip_casts

_INT: dict[str, type[Operation]] = {"add": arith.AddiOp, "sub": arith.SubiOp, "mul": arith.MuliOp}
_FLOAT: dict[str, type[Operation]] = {"add": arith.AddfOp, "sub": arith.SubfOp, "mul": arith.MulfOp}
_BITS: dict[str, type[Operation]] = {"bitand": arith.AndIOp, "bitor": arith.OrIOp, "bitxor": arith.XOrIOp}
_COMPARE_INT = {"eq": 0, "ne": 1, "lt": 2, "le": 3, "gt": 4, "ge": 5}
"""Predicates of `arith.cmpi`, signed."""
_COMPARE_FLOAT = {"eq": 1, "gt": 2, "ge": 3, "lt": 4, "le": 5, "ne": 13}
"""Predicates of `arith.cmpf`: ordered ones, and unordered for `!=`, as Python compares NaN."""


def lower_scalar(op: Operation, builder: Builder) -> SSAValue | None:
    """The value of a `ts.py` or `ts.truth` operation as `arith`, or None when it has no such form."""
    operands = [strip_casts(o) for o in op.operands]
    types = [o.type for o in operands]
    if len(op.results) != 1 or not types or any(t not in (INT, FLOAT, BOOL) for t in types):
        return None
    if isinstance(op, TruthOp):
        return truth_of(operands[0], builder)
    if not isinstance(op, PyOp):
        return None
    name, result = op.FUNCTION, op.results[0].type
    if name == "not":
        truth = truth_of(operands[0], builder)
        return builder.one(arith.XOrIOp, (truth, builder.constant(True, BOOL)), BOOL)
    if name in ("bool", "int", "float") and len(operands) == 1:
        if types[0] == result != BOOL and _holds_scalars(op):
            return None  # of a scalar of NumPy's it makes one of Python's
        return _convert(name, operands[0], builder)
    if name == "neg" and types[0] == INT:
        return builder.one(arith.SubiOp, (builder.constant(0, INT), operands[0]), INT)
    if name == "neg" and types[0] == FLOAT:
        return builder.one(arith.NegfOp, (operands[0],), FLOAT)
    if len(operands) != 2:
        return None
    if name in _BITS and types[0] == types[1] and types[0] in (INT, BOOL):
        return builder.one(_BITS[name], operands, types[0])
    if name in _COMPARE_INT:
        return _compare(name, operands, builder)
    if FLOAT in types and name in _FLOAT and result == FLOAT:
        return builder.one(_FLOAT[name], [_to_float(o, builder) for o in operands], FLOAT)
    if FLOAT not in types and result == INT:
        a, b = (_to_int(o, builder) for o in operands)
        if name in _INT:
            return builder.one(_INT[name], (a, b), INT)
        divisor: Any = constant_of(operands[1])
        if name in ("floordiv", "mod") and type(divisor) is int and divisor != 0:
            quotient = builder.one(arith.FloorDivSIOp, (a, b), INT)
            if name == "floordiv":
                return quotient
            return builder.one(arith.SubiOp, (a, builder.one(arith.MuliOp, (quotient, b), INT)), INT)
    if name == "truediv" and result == FLOAT:
        divisor = constant_of(operands[1])
        exact = FLOAT in types  # int / int rounds once, from the exact quotient: only small ints convert exactly
        if divisor is not UNKNOWN and divisor != 0 and exact:
            return builder.one(arith.DivfOp, [_to_float(o, builder) for o in operands], FLOAT)
    return None


def _holds_scalars(op: Operation) -> bool:
    """Whether the program around an operation puts scalars of NumPy's into containers or attributes."""
    top = op
    while (parent := top.parent_op()) is not None:
        top = parent
    return any(isinstance(o, PyOp) and o.FUNCTION == "held_scalar" for o in walk(top))


def _compare(name: str, operands: list[SSAValue], builder: Builder) -> SSAValue | None:
    types = [o.type for o in operands]
    if FLOAT in types:
        if types != [FLOAT, FLOAT]:
            return None  # Python compares an int and a float exactly
        return builder.one(arith.CmpfOp, operands, BOOL, {"predicate": IntegerAttr(_COMPARE_FLOAT[name], 64)})
    numbers = [_to_int(o, builder) for o in operands]
    return builder.one(arith.CmpiOp, numbers, BOOL, {"predicate": IntegerAttr(_COMPARE_INT[name], 64)})


def truth_of(value: SSAValue, builder: Builder) -> SSAValue:
    """Python's `bool(value)` of an int, float or bool."""
    if value.type == BOOL:
        return value
    if value.type == INT:
        zero = builder.constant(0, INT)
        return builder.one(arith.CmpiOp, (value, zero), BOOL, {"predicate": IntegerAttr(_COMPARE_INT["ne"], 64)})
    zero = builder.constant(0.0, FLOAT)
    return builder.one(arith.CmpfOp, (value, zero), BOOL, {"predicate": IntegerAttr(_COMPARE_FLOAT["ne"], 64)})


def _convert(name: str, value: SSAValue, builder: Builder) -> SSAValue | None:
    if name == "bool":
        return truth_of(value, builder)
    if name == "float":
        return _to_float(value, builder)
    return None if value.type == FLOAT else _to_int(value, builder)  # int() of NaN or infinity raises


def _to_int(value: SSAValue, builder: Builder) -> SSAValue:
    return builder.one(arith.ExtUIOp, (value,), INT) if value.type == BOOL else value


def _to_float(value: SSAValue, builder: Builder) -> SSAValue:
    if value.type == FLOAT:
        return value
    if value.type == BOOL:
        return builder.one(arith.UIToFPOp, (value,), FLOAT)
    return builder.one(arith.SIToFPOp, (value,), FLOAT)
