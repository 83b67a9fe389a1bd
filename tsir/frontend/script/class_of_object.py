"""`type(object)`: the class of an object whose static type's class has derived ones in the program, which the object may be of.

Classes may join the program behind the place that asks. The compile starts again then (`Decisions.join`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tsir.dialects.ts.structure import IsInstanceOp
from tsir.frontend.script.classes import is_exact, subclasses
from tsir.frontend.script.decided import key_of
from tsir.frontend.script.values import Choice, Condition, Const, Object, PyObject, Value

if TYPE_CHECKING:
    from tsir.frontend.script.emitter import Emitter


def class_of_object(e: Emitter, holder: Object) -> Value:
    """`type(holder)`: its class, or whichever of those derived from it in the program it is of."""
    from tsir.frontend.script.control import choose
    from tsir.frontend.script.convert import materialise

    cls = holder.info.python_class
    own = PyObject(cls, holder.info.name)
    if is_exact(holder):
        return own
    e.session.asked_classes.add(cls)
    known = {*e.session.classes_derived_from([cls])}
    joined = e.session.decisions.derived
    derived = [c for c in dict.fromkeys(subclasses(cls)) if c in known or key_of(c, "") in joined]
    if not derived:
        return own

    def number(at: int) -> Value:
        if at == len(derived):
            return Const(at)
        test = e.emit(IsInstanceOp(holder.ssa, [e.session.class_type(derived[at])]))
        return choose(e, Condition(test), lambda: Const(at), lambda: number(at + 1))

    options = (*(PyObject(c, c.__name__) for c in derived), own)
    return Choice(materialise(e, number(0)), options)
