"""Variables outside that the program assigns: `global counter`, `nonlocal` of functions that aren't compiled.

They are read and written in Python, whenever the program comes there. In the tree of a function that declares and assigns them they
are attributes of `<globals>`. Other functions of the program read them in Python, too, as soon as the program is known to assign
them. A program with such variables can't be saved.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xdsl.ir import Attribute

from tsir.dialects.program import add_python_function
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import CallPythonOp
from tsir.dialects.ts.type_names import show_type
from tsir.frontend.script.convert import NUMBERS, coerce, is_subtype, join_types, materialise, unassigned_free_variable
from tsir.frontend.script.source import GLOBALS, MISSING
from tsir.frontend.script.values import Builtin, Value

if TYPE_CHECKING:
    from tsir.frontend.script.emitter import Emitter

_HELD = (*NUMBERS, ts.StrType(), ts.NONE)


def is_globals(value: Value) -> bool:
    """Whether a value is what has the global variables that a function assigns."""
    return isinstance(value, Builtin) and value.name == GLOBALS


@dataclass(frozen=True)
class _Place:
    """Where a variable outside is: among those of a module, or in the cell of a function around."""

    key: Any
    read: Callable[[], Any]
    write: Callable[[Any], None]

    @property
    def value(self) -> Any:
        """What it has now; `MISSING` where it has no value."""
        try:
            return self.read()
        except NameError:
            return MISSING


def _place(e: Emitter, name: str) -> _Place:
    function = e.source.function
    if name in function.__code__.co_freevars:
        return _of_cell(function.__closure__[function.__code__.co_freevars.index(name)], name)
    scope = function.__globals__

    def read() -> Any:
        if name not in scope:
            raise NameError(f"name '{name}' is not defined")
        return scope[name]

    def write(new: Any) -> None:
        scope[name] = new

    return _Place(("global", id(scope), name), read, write)


def _of_cell(cell: types.CellType, name: str) -> _Place:
    def read() -> Any:
        try:
            return cell.cell_contents
        except ValueError:
            raise NameError(unassigned_free_variable(name)) from None

    def write(new: Any) -> None:
        cell.cell_contents = new

    return _Place(("cell", id(cell), name), read, write)


def is_written(e: Emitter, name: str) -> bool:
    """Whether the program assigns a variable of the module or of a function around the one that is being emitted."""
    return bool(e.session.decisions.written) and _place(e, name).key in e.session.decisions.written


def read_global(e: Emitter, name: str) -> Value:
    """The value that a variable outside has when the program comes here."""
    place = _place(e, name)
    kind = _type(e, place)
    if kind is None and place.value is MISSING:
        e.error(f"name '{name}' isn't defined", hint="assign it in the module first", code="TS201")
    if kind is None or not _can_be_held(kind):
        shown = type(place.value).__name__ if kind is None else show_type(kind)
        e.unsupported(
            f"the variable '{name}' outside of the program, which it assigns, of type {shown}",
            hint="change the list or object that it is, or keep it as an attribute of a module (self.x = ...)",
        )
    return e.session.object_or_run(e.emit(CallPythonOp(_function(e, place, f"get {name}", kind), [], kind)))


def write_global(e: Emitter, name: str, value: Value) -> None:
    """`name = value` where it is declared `global`, or `nonlocal` of a function that isn't compiled."""
    place = _place(e, name)
    e.session.decisions.write(e.session, place.key)
    ssa = materialise(e, value)
    kind = _type(e, place)
    if kind is None or not is_subtype(e, ssa.type, kind):
        e.session.decisions.decide(e.session, place.key, ssa.type if kind is None else join_types(kind, ssa.type))
    if not _can_be_held(ssa.type):
        e.unsupported(
            f"the assignment of a value of type {e.show(value)} to the variable '{name}' outside of the program",
            hint="return the value, keep it in a list or an object, or as an attribute of a module (self.x = ...)",
        )
    given = coerce(e, value, kind or ssa.type, f"variable '{name}'")
    e.emit_void(CallPythonOp(_function(e, place, f"set {name}", None), [given], ts.NONE))


def _function(e: Emitter, place: _Place, name: str, kind: Attribute | None) -> str:
    """The key of a function of Python's that the program calls: to read a value of this type, or to write."""
    session = e.session
    known = session.global_access.get((place.key, kind))
    if known is None:
        function, names = (place.write, [None]) if kind is None else (place.read, [])
        made = add_python_function(name, function, str(kind or ts.NONE), names)
        session.python_functions.append(made)
        known = session.global_access[place.key, kind] = made.key
    return known


def _type(e: Emitter, place: _Place) -> Attribute | None:
    """The type of a variable: of its value now and of what the program assigns; None for one that has none yet."""
    decision = e.session.decisions.of(e.session, place.key)
    if decision is not None:
        return decision.type
    return None if place.value is MISSING else e.session.type_of_object(place.value)


def _can_be_held(kind: Attribute) -> bool:
    """Whether a value is the same after it went to Python and back."""
    if isinstance(kind, ts.OptionalType):
        return _can_be_held(kind.element)
    if isinstance(kind, ts.TupleType):
        return all(_can_be_held(k) for k in kind.elements.data)
    if isinstance(kind, ts.UnionType):
        return all(_can_be_held(k) for k in kind.members.data)
    return kind in _HELD or isinstance(kind, ts.TensorType)
