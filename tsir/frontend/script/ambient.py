"""State of Python objects outside the program that the program changes for a while: context variables, attributes of constants.

A function may set a context variable, or an attribute of a configuration object, call something, and put back what was there. While
compiling, what is set is a variable of the emitter's, which compiled callees get as a constant; Python's own object isn't touched.
At the end of an entry point everything has to be as it was at its beginning, since nobody outside would see the change.
"""

from __future__ import annotations

import contextvars
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.frames import FRAME
from tsir.frontend.script.python_errors import raise_in_program
from tsir.frontend.script.static_state import AMBIENT, NeedsInlining
from tsir.frontend.script.values import NONE, Binding, Const, PyObject, Unusable, Value


@dataclass(frozen=True)
class ContextToken:
    """What `ContextVar.set` gives: the value before."""

    key: str
    before: Binding | None


def ambient_values(e: Emitter) -> dict[str, Value]:
    """What is set now, by key: a compiled function gets it, too."""
    return {k: b.value for k, b in e.variables.items() if k.startswith(AMBIENT)}


def _key(e: Emitter, *parts: object) -> str:
    return AMBIENT + " ".join(str(p) for p in parts) + FRAME


def _set(e: Emitter, key: str, value: Value) -> None:
    if not e.is_root:
        raise NeedsInlining
    e.variables[key] = Binding(value)


def is_context_method(target: Any) -> bool:
    """Whether a Python object is a method of a context variable."""
    return isinstance(getattr(target, "__self__", None), contextvars.ContextVar)


def call_context_method(e: Emitter, target: Any, args: Sequence[Value]) -> Value:
    """`variable.get()`, `variable.set(value)`, `variable.reset(token)`."""
    variable: contextvars.ContextVar[Any] = target.__self__
    key = _key(e, "context", id(variable))
    e.session.keep_alive.append(variable)
    match target.__name__:
        case "set":
            token = ContextToken(key, e.variables.get(key))
            _set(e, key, args[0])
            return PyObject(token, "a token of a context variable")
        case "reset" if isinstance(args[0], PyObject) and isinstance(args[0].value, ContextToken):
            before = args[0].value.before
            if before is None:
                e.variables.pop(key, None)
            else:
                e.variables[key] = before
            return NONE
        case "get":
            if key in e.variables:
                return e.variables[key].value
            missing = object()
            found = variable.get(missing)
            if found is missing and args:
                return args[0]
            if found is not missing:
                return e.session.from_python(found, variable.name)
            try:
                return e.session.from_python(variable.get(), variable.name)
            except LookupError:
                raise_in_program(e, "LookupError", variable.name)
        case _:
            pass
    e.unsupported(f"{target.__name__}() of context variable {variable.name} here")


def set_attribute(e: Emitter, holder: PyObject, name: str, value: Value) -> None:
    """`holder.name = value` for a constant object."""
    e.session.keep_alive.append(holder.value)
    e.session.changed_objects[id(holder.value)] = holder
    key = _key(e, "attribute", id(holder.value), name)
    if isinstance(value, Const) and hasattr(holder.value, name) and _is_original(e, holder, name, value):
        e.variables.pop(key, None)
        return
    _set(e, key, value)


def delete_attribute(e: Emitter, holder: PyObject, name: str) -> None:
    """`del holder.name` for a constant object: only of an attribute that the program has set."""
    key = _key(e, "attribute", id(holder.value), name)
    if key not in e.variables or hasattr(holder.value, name):
        e.unsupported(f"deleting attribute '{name}' of a constant object")
    del e.variables[key]


def _is_original(e: Emitter, holder: PyObject, name: str, value: Const) -> bool:
    original = e.session.from_python(getattr(holder.value, name), name)
    return isinstance(original, Const) and original.same(value)


def attribute(e: Emitter, holder: PyObject, name: str) -> Value | None:
    """What the program has set the attribute to; None where it hasn't."""
    if id(holder.value) not in e.session.changed_objects:
        return None
    binding = e.variables.get(_key(e, "attribute", id(holder.value), name))
    if binding is None:
        return None
    if isinstance(binding.value, Unusable):
        e.error(f"attribute '{name}' of {holder.name} {binding.value.why}", code="TS504")
    return binding.value


def attributes_set(e: Emitter) -> list[tuple[Any, str, Value]]:
    """The constant objects of which the program has set attributes that are still set, with the attributes and their values."""
    found: list[tuple[Any, str, Value]] = []
    for key, binding in e.variables.items() if e.session.changed_objects else ():
        if key.startswith(AMBIENT):
            kind, _, rest = key.removeprefix(AMBIENT).removesuffix(FRAME).partition(" ")
            number, _, name = rest.partition(" ")
            if kind == "attribute":
                found.append((e.session.changed_objects[int(number)].value, name, binding.value))
    return found


def check_restored(e: Emitter) -> None:
    """Raises UnsupportedError at the end of an entry point where something is still set."""
    left = [k for k in e.variables if k.startswith(AMBIENT)]
    if left:
        kind, _, rest = left[0].removeprefix(AMBIENT).removesuffix(FRAME).partition(" ")
        what = "a context variable" if kind == "context" else f"attribute '{rest.partition(' ')[2]}' of a constant object"
        e.unsupported(
            f"{what} that is still set at the end of {e.source.node.name}()",
            hint="put back what was there before, or keep it as an attribute of the module",
            code="TS504",
        )


__all__ = [
    "AMBIENT", "ambient_values", "attribute", "call_context_method", "check_restored", "delete_attribute", "is_context_method",
    "set_attribute",
]  # fmt: skip
