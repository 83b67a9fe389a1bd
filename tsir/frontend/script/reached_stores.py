"""Which attributes the entry points of a class may assign, found from the bytecode of all that they may call."""

from __future__ import annotations

import dis
import inspect
import sys
from functools import lru_cache
from typing import Any

from torch import nn


def is_stateful(value: Any, holder: Any) -> bool:
    """Whether an object that a module of class `holder` has is changed by what the module runs.

    Such an object is compiled as one of a script class; another one is a constant with attributes.
    """
    cls = type(value)
    if cls.__module__.partition(".")[0] in ("builtins", "torch", "numpy", "collections") or not hasattr(value, "__dict__"):
        return False
    setters = {n for base in cls.__mro__ for n, v in vars(base).items() if isinstance(v, property) and v.fset is not None}
    return bool(reached_stores(holder, cls) & (vars(value).keys() | setters))


@lru_cache(maxsize=1024)
def reached_stores(holder: Any, cls: Any) -> frozenset[str]:
    """The attributes, of whichever object, that the entry points of a module of class `holder` may assign.

    Methods of `holder` and of `cls` are found by the names that the code reads; so are functions that it calls.
    """
    pending: list[Any] = [v for n, v in _members(holder).items() if _is_entry(False, n, v)]
    pending += [v for n, v in _members(cls).items() if _is_entry(True, n, v)]
    seen: set[Any] = set()
    stored: set[str] = set()
    while pending:
        found = pending.pop()
        code = found if inspect.iscode(found) else getattr(found, "__code__", None)
        if code is None or code in seen:
            continue
        seen.add(code)
        pending += [c for c in code.co_consts if inspect.iscode(c)]
        names: set[str] = set()
        for i in dis.get_instructions(code):
            if i.opname == "STORE_ATTR":
                stored.add(i.argval)
            elif i.opname.startswith("LOAD_") and isinstance(i.argval, str):
                names.add(i.argval)
        if inspect.isfunction(found):
            cells = dict(zip(code.co_freevars, found.__closure__ or (), strict=False))
            outside = [cell_contents(cells[n]) if n in cells else found.__globals__.get(n) for n in names]
            pending += [v for v in outside if inspect.isfunction(v) and not _is_library(v)]
        pending += [
            f for base in (holder, cls) for n in names - _OF_NEW_OBJECTS for f in _functions_of(_members(base).get(n))
        ]
    return frozenset(stored)


def cell_contents(cell: Any) -> Any:
    """What a closure's cell has; None for an empty one."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _members(cls: Any) -> dict[str, Any]:
    return {n: v for base in reversed(cls.__mro__) if base not in (nn.Module, object) for n, v in vars(base).items()}


def _functions_of(member: Any) -> list[Any]:
    """The functions that run when a member of a class is read."""
    if isinstance(member, property):
        return [] if member.fget is None else [member.fget]
    member = getattr(member, "__func__", member)
    return [member] if inspect.isfunction(member) else []


_OF_NEW_OBJECTS = frozenset(
    {"__init__", "__post_init__", "__new__", "__setstate__", "__getstate__", "__reduce__", "__reduce_ex__"}
)
"""Special methods that run for objects which are made or written to a file, not for one that the program has already."""


def _is_entry(of_value: bool, name: str, member: Any) -> bool:
    """Whether a member may be called without being named: `forward`, exported methods, an object's special methods."""
    if of_value:
        return name.startswith("__") and name != "__setattr__" and name not in _OF_NEW_OBJECTS
    return name in ("forward", "__call__") or hasattr(member, "_torchscript_modifier")


def _is_library(function: Any) -> bool:
    return function.__module__ is not None and function.__module__.partition(".")[0] in ("torch", *sys.stdlib_module_names)
