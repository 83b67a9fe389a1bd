"""Variables outside that the program assigns: `global counter`, `nonlocal` of functions that aren't compiled, those of modules and
classes (`config.limit = 3`, `Counter.total += 1`).

They are read and written in Python, whenever the program comes there. In the tree of a function that declares and assigns them they
are attributes of `<globals>`. Other functions of the program read them in Python, too, as soon as the program is known to assign
them. A program with such variables can't be saved.
"""

from __future__ import annotations

import enum
import sys
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xdsl.ir import Attribute

from tsir.dialects.program import OutsideVariable, add_python_function
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import CallPythonOp
from tsir.dialects.ts.type_names import show_type
from tsir.frontend.script.convert import coerce, materialise
from tsir.frontend.script.decided import is_open
from tsir.frontend.script.open_types import parts_of
from tsir.frontend.script.outside import is_plain_object, type_of_plain_object
from tsir.frontend.script.python_errors import unassigned_free_variable
from tsir.frontend.script.source import GLOBALS, MISSING
from tsir.frontend.script.type_relations import NUMBERS, is_subtype, join_types
from tsir.frontend.script.values import Builtin, PyObject, Value

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session
    from tsir.frontend.script.emitter import Emitter

_HELD = (*NUMBERS, ts.StrType(), ts.NONE)


def is_globals(value: Value) -> bool:
    """Whether a value is what has the global variables that a function assigns."""
    return isinstance(value, Builtin) and value.name == GLOBALS


@dataclass(frozen=True)
class _Place:
    """Where a variable outside is: among those of a module or class, the `holder`, or in the cell of a function around."""

    key: Any
    name: str
    holder: Any
    read: Callable[[], Any]
    write: Callable[[Any], None]
    scope: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The names that its annotation may use."""

    @property
    def value(self) -> Any:
        """What it has now; `MISSING` where it has no value."""
        try:
            return self.read()
        except (NameError, AttributeError):
            return MISSING


def _place(e: Emitter, name: str) -> _Place:
    function = e.source.function
    if name in function.__code__.co_freevars:
        return _of_cell(function.__closure__[function.__code__.co_freevars.index(name)], name)
    scope = function.__globals__
    holder = sys.modules.get(scope.get("__name__", ""))
    return _of_module(scope, name, holder if holder is not None and vars(holder) is scope else None)


def _of_module(scope: dict[str, Any], name: str, holder: types.ModuleType | None) -> _Place:
    def read() -> Any:
        if name not in scope:
            raise NameError(f"name '{name}' is not defined")
        return scope[name]

    def write(new: Any) -> None:
        scope[name] = new

    return _Place(("global", id(scope), name), name, holder, read, write, scope)


def _of_class(cls: type, name: str) -> _Place:
    """A class variable: known by the class that has it, which may be a base of the one that is named."""
    owner = next((c for c in cls.__mro__ if name in vars(c)), cls)

    def read() -> Any:
        return getattr(cls, name)

    def write(new: Any) -> None:
        setattr(cls, name, new)

    scope = vars(sys.modules[owner.__module__]) if owner.__module__ in sys.modules else {}
    return _Place(("class", owner, name), name, cls, read, write, scope)


def _of_object(e: Emitter, holder: Value, name: str) -> _Place | None:
    """The variable that an attribute of a module or class is; None for attributes of other things."""
    if not isinstance(holder, PyObject):
        return None
    value = holder.value
    if isinstance(value, types.ModuleType):
        return _of_module(vars(value), name, value)
    if isinstance(value, type) and not isinstance(value, enum.EnumMeta) and value.__flags__ & _HEAP_TYPE:
        return None if value in e.session.local_classes else _of_class(value, name)
    return None


def is_written_in_class(session: Session, cls: type, name: str) -> bool:
    """Whether the program assigns a class variable, so that it isn't the first value of an attribute of each object."""
    return any(("class", c, name) in session.decisions.written for c in cls.__mro__ if name in vars(c))


_HEAP_TYPE = 1 << 9
"""The flag of classes whose attributes can be assigned: those that a `class` statement made."""


def _of_cell(cell: types.CellType, name: str) -> _Place:
    def read() -> Any:
        try:
            return cell.cell_contents
        except ValueError:
            raise NameError(unassigned_free_variable(name)) from None

    def write(new: Any) -> None:
        cell.cell_contents = new

    return _Place(("cell", id(cell), name), name, None, read, write)


def is_written(e: Emitter, name: str) -> bool:
    """Whether the program assigns a variable of the module or of a function around the one that is being emitted."""
    return bool(e.session.decisions.written) and _place(e, name).key in e.session.decisions.written


def read_global(e: Emitter, name: str) -> Value:
    """The value that a variable outside has when the program comes here."""
    return _read(e, _place(e, name))


def read_attribute_outside(e: Emitter, holder: Value, name: str) -> Value | None:
    """`holder.name` of a module or class, where the program assigns that; None for other attributes."""
    if not e.session.decisions.written:
        return None
    place = _of_object(e, holder, name)
    return None if place is None or place.key not in e.session.decisions.written else _read(e, place)


def write_attribute_outside(e: Emitter, holder: Value, name: str, value: Value) -> bool:
    """`holder.name = value` of a module or class; False for other things."""
    place = _of_object(e, holder, name)
    if place is None or hasattr(type(place.value), "__set__") or isinstance(place.value, types.FunctionType):
        return False
    _write(e, place, value)
    return True


def _read(e: Emitter, place: _Place) -> Value:
    name = place.name
    kind = _type(e, place)
    if kind is None and place.value is MISSING:
        e.error(f"name '{name}' isn't defined", hint="assign it in the module first", code="TS201")
    if kind is None or not _can_be_held(kind):
        shown = type(place.value).__name__ if kind is None else show_type(kind)
        e.unsupported(
            f"the variable '{name}' outside of the program, which it assigns, of type {shown}",
            hint="change the list or object that it is, or keep it as an attribute of a module (self.x = ...)",
        )
    found = e.emit(CallPythonOp(_function(e, place, f"get {name}", kind), [], kind))
    if is_open(place.value) and e.session.decisions.of(e.session, place.key) is None and _annotated(e, place) is None:
        e.session.open_types[found] = place.key
    return e.session.object_or_run(found)


def write_global(e: Emitter, name: str, value: Value) -> None:
    """`name = value` where it is declared `global`, or `nonlocal` of a function that isn't compiled."""
    _write(e, _place(e, name), value)


def _write(e: Emitter, place: _Place, value: Value) -> None:
    name = place.name
    e.session.decisions.write(e.session, place.key)
    ssa = materialise(e, value)
    kind = _type(e, place)
    if is_open(place.value) and e.session.decisions.of(e.session, place.key) is None and _annotated(e, place) is None:
        kind = ssa.type if ssa not in e.session.assumed else kind
        e.session.decisions.decide(e.session, place.key, kind or ssa.type, ssa in e.session.assumed)
    elif kind is None or not is_subtype(e, ssa.type, kind):
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
    key = (place.key, place.holder)
    known = session.global_access.get((key, kind))
    if known is None:
        function, names = (place.write, [None]) if kind is None else (place.read, [])
        has_value, held = place.value is not MISSING, _type(e, place)
        initial = None
        if has_value and held is not None and not isinstance(place.holder, types.ModuleType):
            initial = session.to_runtime(place.value, held)
        made = add_python_function(name, function, str(kind or ts.NONE), names)
        made.variable = OutsideVariable(place.name, place.holder, key, has_value, _is_mutable(held or kind), initial)
        session.python_functions.append(made)
        known = session.global_access[key, kind] = made.key
    return known


def _type(e: Emitter, place: _Place) -> Attribute | None:
    """The type of a variable: of its value now and of what the program assigns; None for one that has none yet."""
    decision = e.session.decisions.of(e.session, place.key)
    if decision is not None:
        return decision.type
    value = place.value
    if value is MISSING:
        known = None
    elif is_plain_object(value):
        known = type_of_plain_object(e.session, value)
    else:
        known = e.session.type_of_object(value)
    if value is MISSING or value is None or is_open(value):
        return _annotated(e, place) or known
    return known


def _annotated(e: Emitter, place: _Place) -> Attribute | None:
    """The type that a variable of a module or class is annotated with, of which its value says too little."""
    owner = place.key[1] if isinstance(place.holder, type) else place.holder
    annotation = vars(owner).get("__annotations__", {}).get(place.name) if owner is not None else None
    return None if annotation is None else e.session.annotations.of_part(annotation, place.scope)


def _can_be_held(kind: Attribute) -> bool:
    """Whether a value is the same after it went to Python and back."""
    if isinstance(kind, ts.OptionalType):
        return _can_be_held(kind.element)
    if isinstance(kind, ts.TupleType):
        return all(_can_be_held(k) for k in kind.elements.data)
    if isinstance(kind, ts.UnionType):
        return all(_can_be_held(k) for k in kind.members.data)
    if isinstance(kind, ts.ListType | ts.DequeType):
        return _can_be_held(kind.element)
    if isinstance(kind, ts.DictType):
        return _can_be_held(kind.key) and _can_be_held(kind.value)
    return kind in _HELD or isinstance(kind, ts.TensorType | ts.ClassType)


def _is_mutable(kind: Attribute | None) -> bool:
    if isinstance(kind, ts.ListType | ts.DequeType | ts.DictType | ts.ClassType):
        return True
    return kind is not None and any(_is_mutable(p) for p in parts_of(kind))
