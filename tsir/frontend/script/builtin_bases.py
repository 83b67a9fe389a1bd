"""Objects of classes derived from list, dict, str, int and the like: script classes whose objects hold a value of the built-in class.

What a class doesn't define itself is done with that value: methods, operators, protocols such as iteration, and whatever takes a
value of the built-in class. What the object leaves the program as is `runtime/arguments.py`'s subject.
"""

from __future__ import annotations

import types
import typing
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xdsl.ir import Attribute

from tsir.dialects.builtin_bases import BASES, HELD, MUTABLE, builtin_base
from tsir.dialects.ts import types as ts
from tsir.errors import FrontendError
from tsir.frontend.script.classes import AttributeInfo, ClassInfo
from tsir.frontend.script.decided import key_of
from tsir.frontend.script.open_types import parts_of
from tsir.frontend.script.values import NONE, Condition, Method, Object, Partial, PyFunction, PyObject, Value

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session
    from tsir.frontend.script.emitter import Emitter

_FIXED: dict[type, Attribute] = {
    str: ts.StrType(), bytes: ts.BytesType(), int: ts.INT, float: ts.FLOAT, complex: ts.COMPLEX,
}  # fmt: skip

_ASSUMED: dict[type, Attribute] = {
    list: ts.ListType(ts.TensorType()), set: ts.SetType(ts.StrType()), dict: ts.DictType(ts.StrType(), ts.TensorType()),
    OrderedDict: ts.DictType(ts.StrType(), ts.TensorType(), "OrderedDict"), deque: ts.DequeType(ts.TensorType()),
    Counter: ts.DictType(ts.StrType(), ts.INT, "Counter"),
}  # fmt: skip

_COLLECTIONS = (OrderedDict, defaultdict, Counter, deque)

_OF_OWN_CLASS = ("copy", "fromkeys", "__copy__")
"""Methods of the classes of `collections` that give an object of the class that they are called on."""


def is_of_builtin(owner: Any) -> bool:
    """Whether something found in a class is that of a built-in class which others are derived from."""
    return owner in BASES


def has_builtin_base(value: Value) -> bool:
    """Whether a value is an object of a class derived from a built-in one."""
    return isinstance(value, Object) and value.info.kind == "class" and builtin_base(value.info.python_class) is not None


def is_based_on(value: Value, *bases: type) -> bool:
    """Whether a value is an object of a class derived from one of these built-in ones."""
    return isinstance(value, Object) and has_builtin_base(value) and builtin_base(value.info.python_class) in bases


def declared_held(session: Session, cls: type) -> dict[str, AttributeInfo]:
    """The attribute for what objects of a class hold, as far as the class says of what type that is."""
    base = builtin_base(cls)
    if base is None:
        return {}
    if base in _FIXED:
        return {HELD: AttributeInfo(_FIXED[base])}
    decision = session.decisions.of(session, key_of(cls, HELD))
    if decision is not None:
        return {HELD: AttributeInfo(decision.type, inferred=True, open=decision.open)}
    for of_generic in (b for c in cls.__mro__ for b in vars(c).get("__orig_bases__", ())):
        if isinstance(origin := typing.get_origin(of_generic), type) and issubclass(origin, base):
            try:
                kind = session.annotations.of_object(of_generic, {})
            except FrontendError:
                continue
            if kind is not None:
                return {HELD: AttributeInfo(kind)}
    return {}


def held_value(e: Emitter, holder: Object) -> Value:
    """What an object is as one of the built-in class that its class is derived from."""
    from tsir.frontend.script.objects import read_plainly

    info = holder.info.attributes.get(HELD)
    if info is None:
        base = builtin_base(holder.info.python_class)
        if base not in _ASSUMED:
            e.unsupported(
                f"an object of {holder.info.python_class.__name__} of which only the class is known",
                hint=f"derive the class from a type with the types of its elements: `typing.{base.__name__.title()}[...]`",
            )
        kind = e.session.decisions.opened(e.session, key_of(holder.info.python_class, HELD), _ASSUMED[base])
        info = holder.info.attributes[HELD] = AttributeInfo(kind, inferred=True, open=not e.session.decisions.opening)
    return read_plainly(e, holder, HELD, info)


def plain(e: Emitter, value: Value, *own: str) -> Value:
    """An object of such a class as a value of the built-in class, unless its class has one of these methods; others as they are."""
    if not isinstance(value, Object) or not has_builtin_base(value):
        return value
    return value if any(value.info.own_function(name) is not None for name in own) else held_value(e, value)


def changes_in_place(value: Value) -> bool:
    """Whether operators such as `+=` change an object by way of the container that it is."""
    return is_based_on(value, *MUTABLE)


def begin(e: Emitter, new: Object, args: Sequence[Value], kwargs: Mapping[str, Value]) -> None:
    """What the `__new__` of the built-in class does, and its `__init__` where the class has none of its own."""
    base = builtin_base(new.info.python_class)
    if own_init(new.info) is None:
        initialise(e, new, args, kwargs)
    elif base in MUTABLE:
        initialise(e, new, [], {})
    else:
        initialise(e, new, args[:1], {})


def own_init(info: ClassInfo) -> Any:
    """The `__init__` of the user's in a class derived from a built-in one; None where it has that of the built-in class."""
    found = info.lookup("__init__")
    return found[0] if found is not None and not is_of_builtin(found[1]) and found[1] is not object else None


def initialise(e: Emitter, holder: Object, args: Sequence[Value], kwargs: Mapping[str, Value]) -> None:
    """`base.__init__(holder, ...)` of a container, `base.__new__(cls, ...)` of others."""
    from tsir.frontend.script.calls import call
    from tsir.frontend.script.objects import define_plainly

    base = builtin_base(holder.info.python_class)
    known = holder.info.attributes.get(HELD)
    outer, e.want = e.want, None if known is None else known.type
    try:
        if base in _COLLECTIONS:
            made = e.session.construct(e, base, args, kwargs)
        else:
            made = call(e, e.session.from_python(base, base.__name__), [plain(e, a, "__iter__") for a in args], kwargs)
    finally:
        e.want = outer
    if base is tuple:
        made = _as_tuple(e, holder, made)
    define_plainly(e, holder, HELD, made)


def _as_tuple(e: Emitter, holder: Object, made: Value) -> Value:
    """What a tuple's object holds: of one length, or of any where objects of the class have several. Raises Redecided for that."""
    from tsir.frontend.script.convert import as_python

    made = as_python(e, made)
    known = holder.info.attributes.get(HELD)
    kinds = [k for k in (e.session.type_of(made), None if known is None else known.type) if k is not None]
    elements = {p for k in kinds for p in parts_of(k)}
    if len(set(kinds)) > 1 and len(elements) == 1 and not isinstance(kinds[-1], ts.TupleOfType):
        e.session.decisions.decide(e.session, key_of(holder.info.python_class, HELD), ts.TupleOfType(*elements))
    return made


def delegated(e: Emitter, holder: Object, name: str) -> Value:
    """A method or attribute that an object has of the built-in class."""
    from tsir.frontend.script.attributes import get_attribute
    from tsir.frontend.script.several_types import members_of

    base = builtin_base(holder.info.python_class)
    if name in ("__init__", "__new__"):
        return Partial(PyObject(getattr(base, name), f"{base.__name__}.{name}"), (holder,), {})
    if name in _OF_OWN_CLASS and base not in (list, dict, set, frozenset):
        e.unsupported(
            f"{name}() of an object of {holder.info.python_class.__name__}", hint="write a method that makes a new one"
        )
    if name == "__getitem__" and holder.info.own_function("__missing__") is not None:
        e.unsupported("super().__getitem__() in a class that defines __missing__", hint="look for the key with `in` first")
    if name == "default_factory":
        e.unsupported("default_factory of an object")
    held = held_value(e, holder)
    return Method(held, name) if members_of(e, held) and callable(getattr(base, name)) else get_attribute(e, held, name)


def call_special(e: Emitter, holder: Object, name: str, args: Sequence[Value]) -> Value | None:
    """A special method that the object has of the built-in class; None where that has none."""
    from tsir.frontend.script.python_errors import raise_in_program
    from tsir.frontend.script.several_types import members_of
    from tsir.frontend.script.told_apart import use_told_apart

    held = held_value(e, holder)
    if not members_of(e, held):
        return _call_special(e, holder, held, name, args)

    def use(known: Sequence[Value]) -> Value:
        return _call_special(e, holder, known[0], name, args) or raise_in_program(e, "TypeError", f"no {name}")

    return use_told_apart(e, [held], use, lambda _: f"{name}() of another type than the object holds")


def _call_special(e: Emitter, holder: Object, held: Value, name: str, args: Sequence[Value]) -> Value | None:
    from tsir.frontend.script.builtins import length_of
    from tsir.frontend.script.calls import call
    from tsir.frontend.script.control import choose
    from tsir.frontend.script.membership import contains_item
    from tsir.frontend.script.prelude import SPECIAL_METHODS
    from tsir.frontend.script.subscripts import Subscript, delete_item, get_item, set_item
    from tsir.frontend.script.truth import as_bool, truth

    match name, list(args):
        case "__iter__", []:
            return held
        case "__len__", []:
            return length_of(e, held)
        case "__bool__", []:
            return as_bool(e, truth(e, held))
        case "__getitem__", [key]:
            own = holder.info.own_function("__missing__")
            if own is None:
                return get_item(e, held, Subscript([key]))
            there = Condition(truth(e, contains_item(e, held, key)))
            missing = PyFunction(own, holder, holder.info)
            return choose(
                e,
                there,
                lambda: get_item(e, held_value(e, holder), Subscript([key])),
                lambda: e.session.call_function(e, missing, [key], {}),
            )
        case "__setitem__", [key, value]:
            set_item(e, held, Subscript([key]), value)
            return NONE
        case "__delitem__", [key]:
            delete_item(e, held, Subscript([key]))
            return NONE
        case "__contains__", [item]:
            return contains_item(e, held, item)
        case _ if name in SPECIAL_METHODS:
            return call(e, PyFunction(SPECIAL_METHODS[name]), [held, *args], {})
        case _:
            return None


def call_unbound(e: Emitter, target: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value | None:
    """`list.__init__(holder, ...)`, `str.__new__(cls, ...)`, `dict.update(holder, ...)`; None for other calls."""
    from tsir.frontend.script.calls import call

    owner = getattr(target, "__self__", None) if getattr(target, "__name__", "") == "__new__" else None
    if owner in BASES and args and isinstance(args[0], PyObject) and builtin_base(args[0].value) is not None:
        return new_object(e, args[0].value, args[1:], kwargs)
    if not args or not isinstance(args[0], Object) or not has_builtin_base(args[0]):
        return None
    if getattr(target, "__objclass__", None) not in BASES and not (
        isinstance(target, types.FunctionType) and target.__qualname__.partition(".")[0] in ("Counter", "OrderedDict")
    ):
        return None
    if target.__name__ == "__init__":
        if builtin_base(args[0].info.python_class) in MUTABLE:
            initialise(e, args[0], args[1:], kwargs)
        return NONE
    return call(e, delegated(e, args[0], target.__name__), args[1:], kwargs)


def new_object(e: Emitter, cls: type, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`base.__new__(cls, ...)`."""

    from tsir.frontend.script import object_construction

    new = object_construction.new_object(e.session, e, e.session.info_of_class(cls))
    if builtin_base(cls) is not defaultdict:  # which has no function for its values yet
        initialise(e, new, [] if builtin_base(cls) in MUTABLE else args, kwargs)
    return new


__all__ = [
    "HELD", "begin", "call_special", "call_unbound", "declared_held", "delegated", "has_builtin_base", "held_value",
    "initialise", "is_of_builtin", "new_object", "own_init", "plain",
]  # fmt: skip
