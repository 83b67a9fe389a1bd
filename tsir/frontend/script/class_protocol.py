"""What classes do by special methods of their own: `__new__`, descriptors with `__get__` and `__set__`.

A metaclass's `__call__` is compiled like a method of the class. `__del__`, which would run without a call in the program, is refused.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tsir.frontend.script.classes import ClassInfo
from tsir.frontend.script.prelude import replaced
from tsir.frontend.script.values import Object, PyFunction, PyObject, Value

if TYPE_CHECKING:
    from tsir.frontend.script.emitter import Emitter


def made_by_metaclass(e: Emitter, cls: type, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value | None:
    """What the `__call__` of a class's metaclass gives; None where that is `type`'s."""
    function = inspect.getattr_static(type(cls), "__call__", None)
    if not inspect.isfunction(function):
        return None
    function = replaced(function) or function
    e.session.inline_only.add(function)
    return e.session.call_function(e, PyFunction(function, PyObject(cls, cls.__name__)), args, kwargs)


def made_by_class(e: Emitter, info: ClassInfo, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value | None:
    """What the `__new__` of a class gives; None for a class without one of its own."""
    cls = info.python_class
    if info.own_function("__del__") is not None:
        e.unsupported(f"an object of {cls.__name__}, whose class defines __del__,", hint="write a context manager")
    found = info.lookup("__new__") if info.kind == "class" else None
    function = found[0].__func__ if found is not None and isinstance(found[0], staticmethod) else None
    if not inspect.isfunction(function) or function.__module__ in ("typing", "typing_extensions"):
        return None
    return e.session.call_function(e, PyFunction(function), [PyObject(cls, info.name), *args], kwargs)


def is_plain_new(receiver: Value, after: type, name: str) -> bool:
    """Whether `super().name` in `__new__` is `object.__new__`."""
    if name != "__new__" or not isinstance(receiver, PyObject) or after not in (mro := receiver.value.__mro__):
        return False
    return next(c for c in mro[mro.index(after) + 1 :] if name in vars(c)) is object


def is_plain_call(receiver: Value, after: type, name: str) -> bool:
    """Whether `super().name` in a metaclass's method is `type.__call__`."""
    if name != "__call__" or not isinstance(receiver, PyObject) or after not in (mro := type(receiver.value).__mro__):
        return False
    return next(c for c in mro[mro.index(after) + 1 :] if name in vars(c)) is type


def read_descriptor(e: Emitter, holder: Object, name: str) -> Value | None:
    """`holder.name` by the `__get__` of what the class has; None where that is no descriptor of the user's."""
    descriptor = _descriptor(holder.info, name, "__get__")
    if descriptor is None or (name in holder.info.attributes and not hasattr(type(descriptor), "__set__")):
        return None
    cls = holder.info.python_class
    return _call(e, descriptor, "__get__", [holder, PyObject(cls, holder.info.name)])


def write_descriptor(e: Emitter, holder: Object, name: str, value: Value) -> bool:
    """`holder.name = value` by the `__set__` of what the class has; False where that is no descriptor of the user's."""
    descriptor = _descriptor(holder.info, name, "__set__")
    if descriptor is None:
        return False
    _call(e, descriptor, "__set__", [holder, value])
    return True


def _descriptor(info: ClassInfo, name: str, method: str) -> Any:
    found = info.lookup(name) if info.kind == "class" else None
    if found is None or not inspect.isfunction(getattr(type(found[0]), method, None)):
        return None
    if type(found[0]).__module__ == "functools":  # cached_property and its like, which are compiled as what they mean
        return None
    return found[0]


def _call(e: Emitter, descriptor: Any, method: str, args: Sequence[Value]) -> Value:
    function = getattr(type(descriptor), method)
    e.session.inline_only.add(function)
    return e.session.call_function(e, PyFunction(function, e.session.from_python(descriptor, method)), args, {})
