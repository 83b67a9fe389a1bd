"""Enums in programs: members made of a value or a name that only the running program knows, and members that are numbers or texts.

A member is a constant while it is known (`EnumValue`), else a value of its class's type.
"""

from __future__ import annotations

import enum
from typing import Any

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import GetAttrOp
from tsir.errors import did_you_mean
from tsir.frontend.script.choices import choice_by_key
from tsir.frontend.script.control import choose
from tsir.frontend.script.convert import coerce, list_of, materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.inlining import emit_choice
from tsir.frontend.script.values import Choice, Condition, Const, EnumValue, Run, Value


def member_of_value(e: Emitter, cls: Any, value: Value) -> Value:
    """`Color(value)`. Raises FrontendError for a constant that is no member's value, at run time ValueError as Python does."""
    members = list(cls)
    if isinstance(value, EnumValue) and isinstance(value.member, cls):
        return value
    if isinstance(value, Const):
        try:
            return e.session.from_python(cls(value.value), cls.__name__)
        except ValueError as error:
            e.error(
                str(error), value=value, hint=f"its values are {', '.join(repr(m.value) for m in members)}", code="TS203"
            )
    if e.session.type_of(value) == e.session.class_type(cls):
        return value
    known = list_of(e, [e.session.from_python(m.value, m.name) for m in members])
    assert isinstance(known.type, ts.ListType)
    given = coerce(e, value, known.type.element, f"the value of a member of {cls.__name__}")
    test = Condition(e.py("contains", [known, given]))

    def found() -> Value:
        return _chosen(e, Choice(e.py("list_index", [known, given]), tuple(map(_constant(e), members))))

    return choose(e, test, found, lambda: _refuse(e, cls, given))


def _refuse(e: Emitter, cls: Any, given: Any) -> Value:
    from tsir.frontend.script.builtins import raise_error

    message = e.py("add", [e.py("repr", [given]), materialise(e, Const(f" is not a valid {cls.__qualname__}"))])
    raise_error(e, "ValueError", Run(message))
    return Const(None)


def member_of_name(e: Emitter, cls: Any, key: Value) -> Value:
    """`Color[name]`. Raises FrontendError for a constant that is no member's name, at run time KeyError as Python does."""
    if isinstance(key, Const):
        if key.value in cls.__members__:
            return e.session.from_python(cls[key.value], str(key.value))
        hint = did_you_mean(str(key.value), cls.__members__) or f"its members are {', '.join(cls.__members__)}"
        e.error(f"enum {cls.__name__} has no member {key.value!r}", hint=hint, code="TS203")
    options = {name: _constant(e)(member) for name, member in cls.__members__.items()}
    found = choice_by_key(e, options, key)
    return _chosen(e, found) if isinstance(found, Choice) else found


def _constant(e: Emitter) -> Any:
    return lambda member: e.session.from_python(member, member.name)


def _chosen(e: Emitter, value: Choice) -> Value:
    return emit_choice(e, value, lambda option: Run(materialise(e, option)))


def plain(e: Emitter, value: Value) -> Value:
    """A member of an enum that is also a number or a text (`class Size(int, Enum)`, IntEnum) as that; other values as they are."""
    kind = value.type if isinstance(value, EnumValue | Run) else None
    if not isinstance(kind, ts.ClassType):
        return value
    cls = e.session.class_of(kind)
    if cls is None or not issubclass(cls, enum.Enum) or not issubclass(cls, int | float | str) or issubclass(cls, enum.Flag):
        return value
    if isinstance(value, EnumValue):
        return e.session.from_python(value.member.value, value.member.name)
    found = e.session.enum_attribute_type(kind, "value")
    assert found is not None
    return Run(e.emit(GetAttrOp(materialise(e, value), "value", found)))
