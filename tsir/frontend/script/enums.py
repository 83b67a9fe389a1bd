"""Enums in programs: members made of a value or a name that only the running program knows, and members that are numbers or texts.

A member is a constant while it is known (`EnumValue`), else a value of its class's type.
"""

from __future__ import annotations

import enum
import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import GetAttrOp
from tsir.errors import did_you_mean
from tsir.frontend.constants import is_constant
from tsir.frontend.script.choices import choice_by_key
from tsir.frontend.script.control import choose
from tsir.frontend.script.convert import coerce, list_of, materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.flags import combinations, combined_at_run_time, flags_of_number
from tsir.frontend.script.inlining import emit_choice
from tsir.frontend.script.values import Choice, Condition, Const, EnumValue, PyFunction, PyObject, Run, Value


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
    if issubclass(cls, enum.Flag):
        members = combinations(e, cls)
    known = list_of(e, [e.session.from_python(m.value, m.name) for m in members])
    assert isinstance(known.type, ts.ListType)
    given = coerce(e, value, known.type.element, f"the value of a member of {cls.__name__}")
    test = Condition(e.py("contains", [known, given]))

    def found() -> Value:
        if issubclass(cls, enum.Flag):
            return flags_of_number(e, cls, Run(given))
        return _chosen(e, Choice(e.py("list_index", [known, given]), tuple(map(_constant(e), members))))

    return choose(e, test, found, lambda: _refuse(e, cls, given))


def _refuse(e: Emitter, cls: Any, given: Any) -> Value:
    from tsir.frontend.script.raising import raise_error

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


def class_of(e: Emitter, value: Value) -> Any:
    """The enum that a value is a member of; None for other values."""
    kind = value.type if isinstance(value, EnumValue | Run) else None
    cls = e.session.class_of(kind) if isinstance(kind, ts.ClassType) else None
    return cls if cls is not None and issubclass(cls, enum.Enum) else None


def by_member(e: Emitter, value: Value, read: Callable[[enum.Enum], Value]) -> Value:
    """What `read` gives of a member: of the one that is known while compiling, else of the one that it is at run time."""
    if isinstance(value, EnumValue):
        return read(value.member)
    cls = class_of(e, value)
    if issubclass(cls, enum.Flag):
        e.unsupported(f"this of a {cls.__name__} that isn't known while compiling", hint="use its value: `flags.value`")
    members = list(cls)
    known = list_of(e, [_constant(e)(m) for m in members])
    number = e.py("list_index", [known, materialise(e, value)])
    return _chosen(e, Choice(number, tuple(map(read, members))))


def text_of_member(e: Emitter, value: Value, method: str, write: Callable[[Any], str]) -> Value | None:
    """The text that `write` gives of a member by this special method; None for a value that is no member of an enum."""
    cls = class_of(e, value)
    if cls is None:
        return None
    found = getattr(cls, method)
    if inspect.isfunction(found) and found.__module__ != "enum" and not isinstance(value, EnumValue):
        return e.session.call_function(e, PyFunction(found, value, e.session.info_of_class(cls)), [], {})
    return by_member(e, value, lambda member: Const(write(member)))


def member_attribute(e: Emitter, value: Value, name: str) -> Value | None:
    """`member.name` of what a user's enum defines: methods, properties, what `__init__` or `__new__` set; None for other names."""
    cls = class_of(e, value)
    if cls is None or (name.startswith("__") and name.endswith("__")):
        return None
    owner = next((c for c in cls.__mro__ if name in vars(c)), None)
    if owner is not None and (
        owner.__module__ == "enum" or (not issubclass(owner, enum.Enum) and owner.__module__ == "builtins")
    ):
        return None
    found = None if owner is None else inspect.getattr_static(owner, name)
    if isinstance(found, functools.cached_property):
        found = property(found.func)
    info = e.session.info_of_class(cls)
    match found:
        case property():
            return e.session.call_function(e, PyFunction(found.fget, value, info), [], {})
        case staticmethod():
            return PyFunction(found.__func__, None, info)
        case classmethod():
            return PyFunction(found.__func__, PyObject(cls, cls.__name__), info)
        case _ if inspect.isfunction(found):
            return PyFunction(found, value, info)
        case _ if name in ("name", "value"):
            return None
        case _ if all(hasattr(m, name) for m in cls):
            return by_member(e, value, lambda member: e.session.from_python(getattr(member, name), name))
        case _:
            return None


def member_value(e: Emitter, value: Value, kind: Any) -> Value:
    """`member.value`."""
    cls = class_of(e, value)
    if all(is_constant(m.value) for m in cls):
        return Run(e.emit(GetAttrOp(materialise(e, value), "value", kind)))
    return by_member(e, value, lambda member: e.session.from_python(member.value, "value"))


def combined(e: Emitter, operands: Sequence[Value], meaning: Callable[..., Any]) -> Value | None:
    """An operator on members of a Flag; None for other values."""
    known = [v.member if isinstance(v, EnumValue) else v.value if isinstance(v, Const) else None for v in operands]
    if None in known:
        return combined_at_run_time(e, operands, meaning)
    if not any(isinstance(v, enum.Flag) for v in known):
        return None
    try:
        result = meaning(*known)
    except TypeError:
        return None
    return None if result is NotImplemented else e.session.from_python(result, "a flag")


def extreme_member(e: Emitter, name: str, values: Sequence[Value]) -> Value | None:
    """`min` or `max` of members of one enum whose members are numbers or texts; None for other values."""
    cls = class_of(e, values[0])
    numbers = [plain(e, v) for v in values]
    if cls is None or any(class_of(e, v) is not cls for v in values) or numbers[0] is values[0]:
        return None
    position = e.py(f"{name}_position", [list_of(e, numbers)])
    return Run(e.py("getitem", [list_of(e, list(values)), position]))


def number_behind(e: Emitter, value: Value) -> Value:
    """As `plain`, also of flags, which operators keep as flags: what `int(flag)` starts from."""
    kind = value.type if isinstance(value, EnumValue | Run) else None
    cls = e.session.class_of(kind) if isinstance(kind, ts.ClassType) else None
    if not isinstance(kind, ts.ClassType) or cls is None or not issubclass(cls, enum.IntFlag):
        return plain(e, value)
    if isinstance(value, EnumValue):
        return Const(int(value.member.value))
    return Run(e.emit(GetAttrOp(materialise(e, value), "value", ts.INT)))


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
