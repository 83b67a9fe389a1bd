"""`bool(value)`: what conditions are of values of all kinds."""

from __future__ import annotations

from xdsl.ir import SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import TruthOp
from tsir.frontend.script.convert import materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.flags import number_of_flags
from tsir.frontend.script.several_types import truth_by_type
from tsir.frontend.script.static_state import note_asked
from tsir.frontend.script.values import (
    Const,
    EnumValue,
    Object,
    PyFunction,
    PyObject,
    Run,
    StaticDict,
    StaticList,
    StaticObject,
    StaticTuple,
    Value,
)


def truth(e: Emitter, value: Value) -> bool | SSAValue:
    """`bool(value)`: a constant where it is known, else an `i1`."""
    match value:
        case Const():
            return bool(value.value)
        case StaticTuple() | StaticList():
            return bool(value.elements)
        case StaticDict():
            note_asked(e, value.items)
            return bool(value.items)
        case StaticObject():
            from tsir.frontend.script.static_objects import call_special

            found = call_special(e, value, "__bool__", []) or call_special(e, value, "__len__", [])
            return True if found is None else truth(e, found)
        case PyObject() if e.dynamic or type(value.value) in (set, frozenset, dict):
            return bool(value.value)
        case EnumValue():
            return bool(value.member)
        case PyObject() | PyFunction():
            return True
        case Object():
            found = e.session.call_optional_method(e, value, ("__bool__", "__len__"))
            return True if found is None else truth(e, found)
        case Run() if isinstance(value.type, ts.ClassType):
            from tsir.frontend.script.enums import plain

            ssa = materialise(e, number_of_flags(e, plain(e, value)))
        case Run() if isinstance(value.type, ts.OptionalType | ts.UnionType):
            found = truth_by_type(e, value, lambda known: as_bool(e, truth(e, known)))
            if found is not None:
                return truth(e, found)
            ssa = value.ssa
        case _:
            ssa = materialise(e, value)
    return ssa if ssa.type == ts.BOOL else e.emit(TruthOp(ssa))


def as_bool(e: Emitter, condition: bool | SSAValue) -> Value:
    """A condition as a value."""
    return Const(condition) if isinstance(condition, bool) else Run(condition)
