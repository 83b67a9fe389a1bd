"""Values from outside that a program works with as they are when it is called: bound arguments, global tensors, objects.

Each is a parameter of the entry point behind those that callers know. In the process that compiled the program a call takes the
object that Python has there then, so that what either side does to it is seen by the other; an archive keeps what it was as the
parameter's default.
"""

from __future__ import annotations

import enum
import inspect
import types
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from xdsl.dialects import func, scf
from xdsl.ir import Attribute, Block, SSAValue, Use

from tsir.dialects.locations import location_attribute
from tsir.dialects.names import hint_of
from tsir.dialects.program import Parameter
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import PyOp
from tsir.dialects.ts.structure import CastOp, GetAttrOp, TupleOp
from tsir.dialects.values import Instance
from tsir.errors import FrontendError, did_you_mean
from tsir.frontend.script.classes import AttributeInfo, ClassInfo
from tsir.frontend.script.decided import is_open
from tsir.frontend.script.modules import holds_functions
from tsir.frontend.script.reached_stores import is_stateful
from tsir.frontend.script.source import FunctionSource, describe
from tsir.frontend.script.static_state import NeedsInlining
from tsir.frontend.script.values import Object, Origin, PyObject, StaticDict, StaticList, StaticTuple, Value
from tsir.ops.python import FUNCTIONS

if TYPE_CHECKING:
    from tsir.frontend.script.callables import Target
    from tsir.frontend.script.compiler import Session
    from tsir.frontend.script.emitter import Emitter
    from tsir.frontend.script.signatures import ParameterInfo, Signature


@dataclass(frozen=True)
class OutsideValue:
    """One such value: what its parameter is called, its type, and how to get at it when the program is called."""

    name: str
    type: Attribute
    current: Callable[[], Any]

    def parameter(self, session: Session) -> Parameter:
        """The parameter of the entry point."""
        kept = session.to_runtime(self.current(), self.type)
        return Parameter(self.name, str(self.type), True, kept, kwarg_only=True, current=self.current)


@dataclass
class Outside:
    """The values from outside of one entry point; `block` is where its body begins, once that is being emitted."""

    taken: set[str] = field(default_factory=set[str])
    """The names of the entry point's parameters."""
    block: Block | None = None
    found: dict[int, tuple[OutsideValue, SSAValue]] = field(default_factory=dict[int, "tuple[OutsideValue, SSAValue]"])
    """By the `id` of the object."""
    kept: list[Any] = field(default_factory=list[Any])
    owner: ClassInfo | None = None
    """The class whose first parameter is the object that holds modules from outside: of a method its own, of a function one that
    has nothing else."""
    root: Instance | None = None
    """For a function: the object that holds the modules."""

    symbol: str | None = None
    """That of the entry point's function."""

    def begin(self, symbol: str, block: Block) -> None:
        """The body of the entry point begins in this block; that may happen twice, where the function calls itself."""
        self.symbol, self.block = symbol, block
        self.taken -= {value.name for value in self.values()}
        self.found.clear()
        if self.root is not None and self.owner is not None:
            block.insert_arg(self.owner.type, 0)

    def values(self) -> list[OutsideValue]:
        """What the program uses, in the order of the parameters."""
        return [value for value, _ in self.found.values()]


def constant_outside(e: Emitter, value: Any, name: str, current: Callable[[], Any], owner: Any = None) -> Value:
    """A value from outside: one of run time where it has to be, else a constant."""
    kept = outside_value(e, value, name, current)
    if kept is None and isinstance(value, list | dict):
        e.session.constants_outside.add(id(value))
    return _traced(e.session.from_python(value, name, owner), value, Origin(value)) if kept is None else kept


def _traced(static: Value, value: Any, origin: Origin) -> Value:
    """The constant for a list or dict, which says what it is a copy of; other values as they are."""
    match static:
        case StaticList() if type(value) is list:
            parts = tuple(_traced(s, v, origin) for s, v in zip(static.elements, value, strict=True))
            return replace(static, elements=parts, origin=origin)
        case StaticDict() if isinstance(value, dict) and list(static.items) == list(value):
            return replace(static, items={k: _traced(s, value[k], origin) for k, s in static.items.items()}, origin=origin)
        case _:
            return static


def take_changed(session: Session) -> None:
    """Lets the lists and dicts from outside that the program changes, or gives to its caller, be values of run time.

    Raises Redecided where there are any that aren't yet.
    """
    for copy, origin in session.copies.items():
        if _is_changed(session, copy, set()):
            session.decisions.take(origin.value)


def _is_changed(session: Session, value: SSAValue, seen: set[SSAValue]) -> bool:
    """Whether the program may change a container, or one that it holds."""
    if value in seen:
        return False
    seen.add(value)
    return any(_changes(session, use, seen) for use in value.uses)


def _changes(session: Session, use: Use, seen: set[SSAValue]) -> bool:
    operation, index = use.operation, use.index
    match operation:
        case PyOp():
            row = FUNCTIONS[operation.FUNCTION]
            if row.mutates and index == 0:
                return True
            if operation.FUNCTION in ("is", "is_not"):
                return all(_holds(o.type) for o in operation.operands)
            followed = [] if row.fresh else [r for r in operation.results if _holds(r.type)]
        case func.CallOp():
            callee = session.find_function(operation.callee.string_value())
            followed = [] if callee is None else [callee.body.blocks[0].args[index]]
        case scf.YieldOp():
            parent = operation.parent_op()
            followed = [] if parent is None else [*parent.results[index : index + 1]]
            if isinstance(parent, scf.ForOp | scf.WhileOp):
                followed += [b.args[-len(operation.operands) :][index] for r in parent.regions for b in r.blocks]
        case scf.ForOp() | scf.WhileOp():
            first = 3 if isinstance(operation, scf.ForOp) else 0
            blocks = [b for r in operation.regions for b in r.blocks]
            followed = [b.args[len(b.args) - (len(operation.operands) - first) :][index - first] for b in blocks]
        case CastOp() | TupleOp():
            followed = list(operation.results)
        case func.ReturnOp():
            function = operation.parent_op()
            return isinstance(function, func.FuncOp) and function.sym_name.data in session.entry_symbols
        case _:
            return False
    return any(_is_changed(session, v, seen) for v in followed)


def _holds(kind: Attribute) -> bool:
    return isinstance(kind, ts.ListType | ts.DictType | ts.SetType | ts.DequeType)


def holds_tensors(value: Any) -> bool:
    """Whether a value of Python's is a tensor, or a list, tuple or dict with tensors in it."""
    if isinstance(value, list | tuple | dict):
        return any(holds_tensors(v) for v in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, torch.Tensor)


def outside_value(e: Emitter, value: Any, name: str, current: Callable[[], Any]) -> Value | None:
    """A value from outside as one of run time, where it is one that the program can't have as a constant; None for others.

    Raises NeedsInlining in a function that isn't the entry point itself, which is compiled where it is called then.
    """
    if not e.session.decisions.is_taken(value) and not holds_tensors(value):
        return None
    kind = type_of_plain_object(e.session, value) if is_plain_object(value) else e.session.type_of_object(value)
    if kind is None and isinstance(value, list | tuple | dict):
        return _container(e, value, name, current)
    if kind is None:
        return None
    if e.outside is None:
        raise NeedsInlining
    return e.session.object_or_run(_argument(e.outside, e, value, name, kind, current))


def outside_array(e: Emitter, value: Value) -> Value:
    """A NumPy array from outside as the tensor that shares its memory; other values as they are."""
    if not isinstance(value, PyObject) or not isinstance(value.value, np.ndarray):
        return value
    array: Any = value.value
    own = array if array.flags.writeable else array.copy()  # torch has no tensors that can't be written to
    _, tensor = e.session.arrays.setdefault(id(array), (array, torch.from_numpy(own)))
    return outside_value(e, tensor, value.name, lambda: tensor) or value


def _container(
    e: Emitter, value: list[Any] | tuple[Any, ...] | dict[Any, Any], name: str, current: Callable[[], Any]
) -> Value:
    """A container of values that have no common type: constant, with the tensors in it from outside."""

    def part(key: Any, item: Any) -> Value:
        kept = outside_value(e, item, f"{name}_{key}", lambda: current()[key])
        return e.session.from_python(item, name) if kept is None else kept

    if isinstance(value, dict):
        return StaticDict({k: part(k, v) for k, v in value.items()})
    elements = tuple(part(i, v) for i, v in enumerate(value))
    return StaticList(elements) if isinstance(value, list) else StaticTuple(elements)


def _hold_scalars(e: Emitter, value: Any) -> None:
    """Notes the classes of NumPy's scalars in a container from outside, which the program has as they are."""
    if isinstance(value, np.number | np.bool_):
        e.session.decisions.hold_numpy(e.session, value.dtype.name)
    for item in (
        (*value, *value.values()) if isinstance(value, dict) else value if isinstance(value, list | tuple | set) else ()
    ):
        _hold_scalars(e, item)


def _argument(outside: Outside, e: Emitter, value: Any, name: str, kind: Attribute, current: Callable[[], Any]) -> SSAValue:
    _hold_scalars(e, value)
    known = outside.found.get(id(value))
    if known is not None:
        return known[1]
    assert outside.block is not None
    decided_by = ("outside", str(id(value)), name)
    decision = None
    if is_open(value):
        decision = e.session.decisions.of(e.session, decided_by)
        kind = e.session.decisions.opened(e.session, decided_by, kind) if decision is None else decision.type
    name = name.rpartition(".")[2]
    name = own = name if name.isidentifier() else "value"
    number = 1
    while own in outside.taken:
        own, number = f"{name}_{number}", number + 1
    outside.taken.add(own)
    argument = outside.block.insert_arg(kind, len(outside.block.args))
    argument.name_hint = hint_of(own)
    argument.location = location_attribute(e.place)
    if is_open(value) and (decision is None or decision.open) and not e.session.decisions.opening:
        e.session.open_types[argument] = decided_by
    outside.found[id(value)] = OutsideValue(own, kind, current), argument
    outside.kept.append(value)
    return argument


def outside_module(e: Emitter, module: torch.nn.Module, name: str) -> Object | None:
    """A module with tensors from outside, which the program's root holds like a submodule; None where it can't.

    Raises NeedsInlining in a function that isn't the entry point itself.
    """
    outside = e.outside
    if outside is None:
        raise NeedsInlining
    assert outside.block is not None
    info, instance = e.session.reader.read(module)
    if outside.owner is None:
        outside.owner = ClassInfo(e.session.symbol("Outside"), _Outside, "module")
        outside.owner.attributes["training"] = AttributeInfo(ts.BOOL)
        outside.root = Instance(outside.owner.name, {"training": False})
        outside.owner.instances.append(outside.root)
        e.session.add_class(outside.owner)
        this = outside.block.insert_arg(outside.owner.type, 0)
        this.name_hint = "self"
    holder, own = outside.owner, name.rpartition(".")[2]
    if len(holder.instances) != 1:
        return None
    attributes = holder.instances[0].attributes
    known = next((n for n, a in attributes.items() if a is instance), None)
    while known is None and own in holder.attributes:
        own += "_"
    if known is None:
        holder.attributes[own] = AttributeInfo(info.type, "submodule", info=info)
        holder.children.append(own)
        attributes[own] = instance
    return Object(e.emit(GetAttrOp(outside.block.args[0], known or own, info.type)), info)


class _Outside(torch.nn.Module):
    """The Python class of what holds a function's modules from outside."""


def complete_calls(outside: Outside, symbol: str, operation: func.FuncOp) -> None:
    """Passes the values on where the entry point calls itself."""
    assert outside.block is not None
    arguments = [argument for _, argument in outside.found.values()]
    this = [] if outside.root is None else [outside.block.args[0]]
    for call in operation.walk():
        if isinstance(call, func.CallOp) and call.callee.string_value() == symbol:
            call.operands = [*this, *call.operands, *arguments]


def of_global(function: Any, name: str) -> Callable[[], Any]:
    """Reads a name that a function has from its closure or its module, as it is at that time."""
    code = function.__code__
    if name in code.co_freevars:
        cell: types.CellType = function.__closure__[code.co_freevars.index(name)]
        return lambda: cell.cell_contents
    scope = function.__globals__
    return lambda: scope[name]


def bind_target(
    session: Session, signature: Signature, target: Target, name: str, types_: dict[str, Attribute | Value]
) -> tuple[Signature, list[OutsideValue]]:
    """Binds what a callable has already: constants while compiling, in `types_`, everything else as values from outside.

    The signature's other parameters go first. Raises FrontendError for arguments that the function doesn't take.
    """
    own = signature.parameters[1:] if target.module is not None else signature.parameters
    positional = [p for p in own if not p.kwarg_only]
    if len(target.args) > len(positional) and signature.varargs is None:
        raise FrontendError(
            f"{name}() takes {len(positional)} positional arguments, {len(target.args)} are bound already",
            location=signature.place,
            code="TS401",
        )
    given = {p.name: (p, v, False) for p, v in zip(positional, target.args, strict=False)}
    names = {p.name: p for p in own}
    others = {k: v for k, v in target.kwargs.items() if k not in names}
    if others and signature.keywords is None:
        wrong = next(iter(others))
        raise FrontendError(
            f"{name}() has no argument '{wrong}', which is bound already",
            location=signature.place,
            hint=did_you_mean(wrong, names),
            code="TS402",
        )
    given |= {k: (names[k], v, True) for k, v in target.kwargs.items() if k in names}
    if signature.varargs is not None:
        rest = target.args[len(positional) :]
        types_[signature.varargs] = StaticTuple(tuple(session.from_python(v, signature.varargs) for v in rest))
    if signature.keywords is not None:
        types_[signature.keywords] = StaticDict({k: session.from_python(v, k) for k, v in others.items()})
    found: list[OutsideValue] = []
    for p, value, by_name in given.values():
        kind = _type_at_run_time(session, p, value, by_name=by_name)
        if kind is None:
            is_float = p.type == ts.FLOAT and type(value) is int
            static = session.from_python(float(value) if is_float else value, p.name)
            types_[p.name] = _traced(static, value, Origin(value))
            if session.decisions.is_taken(value):
                raise FrontendError(
                    f"{name}() changes its argument '{p.name}', which has functions in it",
                    location=p.declared,
                    hint="change a copy of it: `list(...)`, `dict(...)`",
                    code="TS501",
                )
        else:
            types_[p.name] = kind
            found.append(OutsideValue(p.name, kind, _constantly(value)))
    free = [p for p in signature.parameters if p.name not in given]
    bound = [replace(p, kwarg_only=True) for p in signature.parameters if p.name in given]
    return replace(signature, parameters=(*free, *bound)), found


def _constantly(value: Any) -> Callable[[], Any]:
    return lambda: value


def _type_at_run_time(session: Session, p: ParameterInfo, value: Any, *, by_name: bool) -> Attribute | None:
    """The type that a bound argument has as a value of run time; None for one that is a constant of the program.

    Numbers and strings that are bound by name can be passed anew, where their type is known.
    """
    if isinstance(value, int | float | complex | str) and not isinstance(value, bool | enum.Enum):
        return p.type if by_name else None
    if isinstance(value, tuple) and not holds_tensors(value):
        return None
    if p.type is not None and holds_functions(session, p.type):
        return None
    if isinstance(value, torch.Tensor | list | dict | set | tuple):
        return p.type or session.type_of_object(value)
    if is_plain_object(value):
        return p.type or type_of_plain_object(session, value)
    return None


def is_plain_object(value: Any) -> bool:
    """Whether something is an object of a class that a user wrote, with attributes of its own."""
    cls = type(value)
    if isinstance(value, type | enum.Enum | torch.nn.Module | BaseException) or inspect.isroutine(value):
        return False
    library = cls.__module__.partition(".")[0] in (
        "builtins",
        "torch",
        "numpy",
        "collections",
        "functools",
        "typing",
        "tsir",
    )
    return not library and hasattr(value, "__dict__") and cls.__new__ is object.__new__


def type_of_plain_object(session: Session, value: Any) -> Attribute | None:
    """The type of an object whose attributes all are values of run time; None for one that is a constant with attributes."""
    cls = type(value)
    is_object = session.is_script_class(cls) or is_stateful(value, cls)
    if not is_object and any(session.type_of_object(v) is None and not is_plain_object(v) for v in vars(value).values()):
        return None
    for held in vars(value).values():
        if is_plain_object(held):
            type_of_plain_object(session, held)
    session.info_of_class(cls)
    return session.type_of_object(value)


def needs_entry(source: FunctionSource) -> FrontendError:
    """The error for a value from outside in a function that can't be compiled where it is called."""
    return FrontendError(
        f"{describe(source.function)}() uses a global tensor in a function that isn't compiled where it is called",
        location=source.location(source.node),
        hint="pass it as an argument, or make it a buffer of the module",
        code="TS506",
    )
