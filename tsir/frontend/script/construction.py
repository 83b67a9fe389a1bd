"""Says on a new object how Python source makes it: by a call of its class, whose attributes the program then doesn't set one by one.

Modules that compiled code makes, and objects that only exist while compiling, come into the program as a new object and assignments
of all its attributes. What prints a program as Python (`.code`) reads here which call gives the same: `ts.made` of the `ts.new`.
"""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from xdsl.dialects.builtin import ArrayAttr, StringAttr
from xdsl.ir import Attribute, Operation, SSAValue

from tsir.dialects.dtypes import DType
from tsir.dialects.ts.structure import mark_part
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.evaluation import NotConstant, as_python
from tsir.frontend.script.values import Object, StaticTuple, Value

MADE = "ts.made"
"""The class as `module:name`, then its arguments: a string is the attribute whose value is passed under its name; an array has a
prefix (`name=`), then the source of a constant, or an array for an object that is made there."""


def say_how_module_is_made(new: SSAValue, cls: type, args: Sequence[Value], kwargs: Mapping[str, Value]) -> None:
    """Notes the call that makes a module, as far as its class has a name and its arguments have source."""
    arguments = [_argument("", a) for a in args] + [_argument(f"{k}=", v) for k, v in kwargs.items()]
    place = _place(cls)
    if place is not None and isinstance(new.owner, Operation) and None not in arguments:
        new.owner.attributes[MADE] = ArrayAttr([place, *(a for a in arguments if a is not None)])


def _argument(prefix: str, value: Value) -> Attribute | None:
    if isinstance(value, Object):
        made = value.ssa.owner.attributes.get(MADE) if isinstance(value.ssa.owner, Operation) else None
        return None if made is None else ArrayAttr([StringAttr(prefix), made])
    try:
        text = constant_source(as_python(value))
    except NotConstant:
        return None
    return None if text is None else ArrayAttr([StringAttr(prefix), StringAttr(text)])


def say_how_object_is_made(
    e: Emitter, new: SSAValue, cls: type, attributes: Mapping[str, Value], items: Mapping[Any, Value] | None
) -> None:
    """Notes the call that makes an object with these attributes and items: that of its class with the attributes that are named as
    parameters. Whether it gives this object is tried, with other values in the place of those of run time."""
    place = _place(cls)
    if place is None or not _is_plain_init(cls):
        return
    stand_ins = {n: _stand_in(e, v) for n, v in attributes.items()}
    parameters = _keywords(cls)
    given = {n: v for n, v in stand_ins.items() if n in parameters and parameters[n] is not v}
    if not _makes(cls, given, stand_ins, attributes, items):
        return
    arguments: list[Attribute] = []
    for name in parameters:
        if name in given:
            text = constant_source(given[name]) if _is_constant(attributes[name]) else None
            known = StringAttr(name) if text is None else ArrayAttr([StringAttr(f"{name}="), StringAttr(text)])
            arguments.append(known)
    if isinstance(new.owner, Operation):
        new.owner.attributes[MADE] = ArrayAttr([place, *arguments])


def _makes(
    cls: type,
    given: Mapping[str, Any],
    stand_ins: Mapping[str, Any],
    attributes: Mapping[str, Value],
    items: Mapping[Any, Value] | None,
) -> bool:
    """Whether a call of a class makes an object with just these attributes and items."""
    names = {id(v): n for n, v in attributes.items()}
    try:
        made = cls(**given)
    except Exception:  # noqa: BLE001  (of the user's class, which wasn't made for stand-ins)
        return False
    held = vars(made)
    if held.keys() != stand_ins.keys() or any(held[n] is not v for n, v in stand_ins.items()):
        return False
    if items is None:
        return not isinstance(made, dict)
    own = dict(dict.items(made))
    if list(own) != list(items) or not all(id(v) in names for v in items.values()):
        return False
    return all(own[k] is stand_ins[names[id(v)]] for k, v in items.items())


def _is_plain_init(cls: type) -> bool:
    """Whether a class is made by what `dataclass` or dict gives it: a user's own `__init__` isn't run to try it."""
    init = cls.__init__
    code = getattr(init, "__code__", None)
    return code is None or (code.co_filename == "<string>" and code.co_name == "__init__")


def _is_constant(value: Value) -> bool:
    try:
        as_python(value)
    except NotConstant:
        return False
    return True


def _stand_in(e: Emitter, value: Value) -> Any:
    """A constant, or another value of a kind like the one of run time."""
    if _is_constant(value):
        return as_python(value)
    if isinstance(value, StaticTuple):
        return tuple(_stand_in(e, v) for v in value.elements)
    return torch.zeros(1)


def _keywords(cls: type) -> dict[str, Any]:
    """The parameters that a call of a class takes by name, with their defaults."""
    try:
        parameters = inspect.signature(cls).parameters.values()
    except (TypeError, ValueError):
        return {}
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {p.name: p.default for p in parameters if p.kind in by_name}


def _place(cls: type) -> StringAttr | None:
    """Where Python finds a class; None for one that it doesn't find by its name."""
    if getattr(torch.nn, cls.__name__, None) is cls:
        return StringAttr(f"torch.nn:{cls.__name__}")
    found: Any = sys.modules.get(cls.__module__)
    for part in cls.__qualname__.split("."):
        found = getattr(found, part, None)
    return StringAttr(f"{cls.__module__}:{cls.__qualname__}") if found is cls else None


def constant_source(value: Any) -> str | None:
    """A constant as Python source; None for what has none."""
    match value:
        case bool() | int() | str() | bytes() | None:
            return repr(value)
        case float():
            return repr(value) if math.isfinite(value) else f"float({str(value)!r})"
        case DType() | torch.dtype():
            return f"torch.{str(value).removeprefix('torch.')}"
        case tuple() | list():
            items: Iterable[Any] = value
            parts = [constant_source(v) for v in items]
            if any(p is None for p in parts) or type(value) not in (tuple, list):
                return None
            inner = ", ".join(p for p in parts if p is not None)
            return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(parts) == 1 else ''})"
        case _:
            return None


__all__ = ["MADE", "mark_part", "say_how_module_is_made", "say_how_object_is_made"]
