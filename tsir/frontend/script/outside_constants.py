"""Sets from outside, and dicts whose keys are enum members or tuples: constants of the program, which are made where something of run
time is done with them. One that the program changes is a parameter of the entry point, as lists and other dicts are (`outside.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xdsl.ir import Attribute, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.dialects.ts.structure import DictOp
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.values import Origin, PyObject, Run, Value

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session

_CONTAINERS = (set, frozenset, dict)


def type_of_container(session: Session, value: PyObject) -> Attribute | None:
    """The type of a set, frozenset or dict of values of one type; None for other objects."""
    return session.type_of_object(value.value) if type(value.value) in _CONTAINERS else None


def materialise_container(e: Emitter, value: PyObject) -> SSAValue | None:
    """A set or dict from outside as a value of run time; None for other objects."""
    from tsir.frontend.script.convert import coerce, list_of

    kind = type_of_container(e.session, value)
    if isinstance(kind, ts.DictType):
        parts: list[SSAValue] = []
        for k, v in value.value.items():
            parts.append(coerce(e, e.session.from_python(k, "a key"), kind.key, f"a key of {value.name}"))
            parts.append(coerce(e, e.session.from_python(v, "an item"), kind.value, f"a value of {value.name}"))
        ssa = e.emit(DictOp(parts, kind))
        e.session.copies[ssa] = Origin(value.value)
        return ssa
    if not isinstance(kind, ts.SetType | ts.FrozenSetType):
        return None
    elements = [e.session.from_python(v, f"an element of {value.name}") for v in list(value.value)]
    made = "set" if isinstance(kind, ts.SetType) else "frozenset"
    ssa = e.emit(py_op(made)([list_of(e, elements, kind.element)], [kind]))
    if made == "set":
        e.session.copies[ssa] = Origin(value.value)
    return ssa


def call_method_of_container(e: Emitter, target: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value | None:
    """A call of a method of a set or dict from outside; None for other functions."""
    from tsir.frontend.script.method_calls import call_method

    owner = getattr(target, "__self__", None)
    ssa = materialise_container(e, PyObject(owner, "a container")) if type(owner) in _CONTAINERS else None
    return None if ssa is None else call_method(e, Run(ssa), target.__name__, list(args), dict(kwargs))


__all__ = ["call_method_of_container", "materialise_container", "type_of_container"]
