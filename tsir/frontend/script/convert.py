"""Values under the types in which they are wanted: what fits where, and the operations that it takes.

`materialise` makes a run-time value of a sugared one, `coerce` makes one of a given type. Neither changes what Python would
see, except that an int where a float is declared becomes a float, as PEP 484 reads `float`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from xdsl.ir import Attribute, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import PyOp, py_op
from tsir.dialects.ts.structure import CastOp, ConstantOp, DictOp, ListOp, TupleGetOp, TupleOp, UninitializedOp, UnpackOp
from tsir.dialects.ts.type_names import show_type
from tsir.dialects.values import Device
from tsir.errors import SourceLocation
from tsir.frontend.constants import emit_constant
from tsir.frontend.script.builtin_bases import has_builtin_base, held_value
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.exception_values import as_raised
from tsir.frontend.script.misfits import describe_object, object_hint, refuse_conversion
from tsir.frontend.script.open_types import unify
from tsir.frontend.script.outside_constants import materialise_container
from tsir.frontend.script.python_errors import not_none, raise_in_program
from tsir.frontend.script.run_time_slices import as_item, is_only_index, object_of_index
from tsir.frontend.script.several_types import for_each_type
from tsir.frontend.script.type_relations import NUMBERS, Tuples, is_subtype, join_all, members
from tsir.frontend.script.values import (
    Binding,
    Const,
    DictView,
    EnumValue,
    ExceptionClass,
    ExceptionValue,
    Object,
    ObjectDict,
    PyFunction,
    PyObject,
    RaisedException,
    Range,
    Run,
    Slice,
    StaticDict,
    StaticList,
    StaticObject,
    StaticTuple,
    Value,
)


def materialise(e: Emitter, value: Value) -> SSAValue:
    """The value at run time, under its natural type."""
    value = e.latest(value)
    match value:
        case Run() | Object() | RaisedException():
            return value.ssa
        case ExceptionValue():
            return as_raised(e, value)
        case Const():
            return emit_constant(e.builder, value.value, e.location)
        case EnumValue():
            return e.emit(ConstantOp(value.attribute, value.type))
        case StaticTuple():
            from tsir.frontend.script.function_values import as_function
            from tsir.frontend.script.numpy_scalars import as_held

            parts = [materialise(e, as_function(e, as_held(e, v))) for v in value.elements]
            return e.emit(TupleOp(parts, value.named or ts.TupleType([p.type for p in parts])))
        case StaticList() if not value.elements:
            return _at_run_time(
                e, value, materialise(e, e.session.empty_list(e, None, e.session.places.get(value.ref or "")))
            )
        case StaticList():
            return _at_run_time(e, value, list_of(e, value.elements))
        case StaticDict() if not value.items:
            return _at_run_time(
                e, value, materialise(e, e.session.empty_dict(e, None, e.session.places.get(value.ref or "")))
            )
        case StaticDict():
            parts = [materialise(e, v) for k, x in value.items.items() for v in (Const(k), held(e, x))]
            kinds = ts.DictType(parts[0].type, parts[1].type)
            if any(p.type != kinds.value for p in parts[1::2]):
                joined = join_all(p.type for p in parts[1::2])
                kinds = ts.DictType(kinds.key, joined)
                parts = [e.cast(p, joined) if i % 2 else p for i, p in enumerate(parts)]
            return _at_run_time(e, value, e.emit(DictOp(parts, kinds)))
        case Range():
            operands = [materialise(e, v) for v in (value.start, value.stop, value.step)]
            return e.py("range_object", operands)
        case DictView():
            return e.py(f"{value.name}_view", [value.container])
        case ObjectDict():
            from tsir.frontend.script.object_dicts import as_dict

            return materialise(e, as_dict(e, value))
        case ExceptionClass():
            return e.py("exception_type", [value.ssa])
        case StaticObject():
            from tsir.frontend.script.static_objects import as_object

            return as_object(e, value)
        case Slice() | PyObject() if is_only_index(value):
            return materialise(e, object_of_index(e, value))
        case PyObject():
            if (made := materialise_container(e, value)) is not None:
                return made
            e.error(
                f"'{value.name}' is a Python {describe_object(value.value)}, which isn't a value that compiled code can hold",
                value=value,
                hint=object_hint(value.value),
                code="TS501",
            )
        case PyFunction():
            e.error(
                "a Python function can't be stored or returned by compiled code",
                value=value,
                hint="call it, or pass it directly to the function that calls it",
                code="TS501",
            )
        case _:
            from tsir.frontend.script.iteration import as_list

            return as_list(e, value)


def _at_run_time(e: Emitter, value: StaticList | StaticDict, ssa: SSAValue) -> SSAValue:
    """A static list or dict of the program's that has become one of run time is that from here on, for all who have it."""
    if value.ref is not None and value.ref in e.variables:
        e.variables[value.ref] = Binding(Run(ssa))
    return _copied(e, value, ssa)


def _copied(e: Emitter, value: StaticTuple | StaticList | StaticDict, ssa: SSAValue) -> SSAValue:
    """Remembers that a list or dict of run time is a copy of one from outside."""
    if not isinstance(value, StaticTuple) and value.origin is not None:
        e.session.copies[ssa] = value.origin
    return ssa


def list_of(e: Emitter, elements: tuple[Value, ...] | list[Value], element_type: Attribute | None = None) -> SSAValue:
    """A new list of values; the element type is what all of them have in common unless given."""
    elements = [held(e, v) for v in elements]
    if element_type is None:
        elements = [v if e.session.type_of(v) is not None else e.session.object_or_run(materialise(e, v)) for v in elements]
        kinds = [k for v in elements if (k := e.session.type_of(v)) is not None]
        if not kinds:
            return materialise(e, e.session.empty_list(e, None))
        element_type = join_all(kinds)
    parts = [coerce(e, v, element_type, "an element of a list") for v in elements]
    return e.emit(ListOp(parts, ts.ListType(element_type)))


def as_python(e: Emitter, value: Value) -> Value:
    """A value as it leaves the program: a list that stands for a tuple of unknown length becomes one, also inside tuples."""
    if isinstance(value, Run) and value.is_tuple:
        return value if isinstance(value.type, ts.TupleOfType) else Run(_as_tuple(e, value))
    if isinstance(value, StaticObject | ObjectDict) or (isinstance(value, StaticDict) and value.ref is not None):
        return e.session.object_or_run(materialise(e, value))
    if isinstance(value, StaticTuple):
        made = tuple(as_python(e, v) for v in value.elements)
        same = all(a is b for a, b in zip(made, value.elements, strict=True))
        return value if same else StaticTuple(made, value.named)
    from tsir.frontend.script.function_values import as_function, is_of_python
    from tsir.frontend.script.listed import as_result

    return as_function(e, value) if is_of_python(value) else as_result(e, value)


def _as_tuple(e: Emitter, value: Run) -> SSAValue:
    """The tuple that a list here stands for."""
    assert isinstance(value.type, ts.ListType)
    made = "torch_size" if value.tuple_like == "size" else "tuple"
    return e.emit(py_op(made)([value.ssa], [ts.TupleOfType(value.type.element)]))


def held(e: Emitter, value: Value) -> Value:
    """A value as a container of the program holds it: what is a tuple in Python has to be hashable, and comes out as one; a function
    is an object."""
    if is_only_index(value):
        return as_item(e, value)
    if _is_new_and_empty(e.latest(value)):
        return Run(materialise(e, value))  # what it holds is what the program puts into it there
    if isinstance(value, StaticTuple):
        return replace(
            value, elements=tuple(object_of_index(e, v) if is_only_index(v) else held(e, v) for v in value.elements)
        )
    if isinstance(value, Run) and value.tuple_like == "tuple":
        return as_python(e, value)
    if isinstance(value, Run) and value.tuple_like == "size":
        return Run(e.py("held_size", [value.ssa]))
    from tsir.frontend.script.function_values import as_function
    from tsir.frontend.script.listed import as_object
    from tsir.frontend.script.numpy_scalars import as_held

    return as_function(e, as_object(e, as_held(e, value)))


def _is_new_and_empty(value: Value) -> bool:
    """Whether a value is a list or dict of the program's that only exists while compiling, so far, and has nothing in it."""
    if isinstance(value, StaticDict):
        return value.ref is not None and not value.items
    return isinstance(value, StaticList) and value.ref is not None and not value.elements


def uninitialized(e: Emitter, kind: Attribute) -> SSAValue:
    """A value that is never read."""
    return e.emit(UninitializedOp(kind))


def tuple_elements(e: Emitter, value: Value) -> list[Value] | None:
    """The elements of a tuple, or None for something that is no tuple."""
    if isinstance(value, StaticTuple | StaticList):
        return list(value.elements)
    if isinstance(value, Run) and isinstance(value.type, Tuples):
        kinds = value.type.elements.data
        return [e.session.object_or_run(e.emit(TupleGetOp(value.ssa, i, k))) for i, k in enumerate(kinds)]
    if isinstance(value, PyObject) and isinstance(value.value, tuple) and type(value.value).__iter__ is tuple.__iter__:
        items: list[Any] = list(value.value)  # of a class derived from tuple
        return [e.session.from_python(v, f"an item of {value.name}") for v in items]
    return None


def coerce(e: Emitter, value: Value, wanted: Attribute, what: str, declared: SourceLocation | None = None) -> SSAValue:
    """The value as one of type `wanted`. Raises FrontendError saying that `what` expects that type, as `declared` says."""
    if e.session.decisions.opening and (kind := e.session.type_of(value)) is not None:
        unify(kind, wanted)
    found = _coerce(e, value, wanted)
    if found is None and e.dynamic and isinstance(value, Run) and isinstance(value.type, ts.OptionalType):
        inner = not_none(e, value.ssa, "TypeError", f"{what} expects {show_type(wanted)}, found None")
        found = _coerce(e, Run(inner, value.tuple_like), wanted)
    if found is None and e.dynamic and isinstance(value, Const) and value.value is None:
        raise_in_program(e, "TypeError", f"{what} expects {show_type(wanted)}, found None")
    if found is None:
        refuse_conversion(e, value, wanted, what, declared)
    return found


def fits(e: Emitter, value: Value, wanted: Attribute) -> bool:
    """Whether `coerce` takes the value, as far as that shows without emitting it."""
    kind = e.session.type_of(value)
    if kind is None and e.session.function_class in members(wanted):
        from tsir.frontend.script.function_values import is_function

        return is_function(value)
    if kind is None and isinstance(value, StaticDict):
        return isinstance(wanted, ts.DictType) and all(fits(e, v, wanted.value) for v in value.items.values())
    if kind is None:
        return isinstance(wanted, ts.ListType | ts.TupleOfType | Tuples) and isinstance(value, StaticTuple | StaticList)
    return (
        is_subtype(e, kind, wanted)
        or (wanted == ts.FLOAT and kind == ts.INT)
        or (kind == ts.NumberType() and wanted in NUMBERS)
    )


def _may_fit(e: Emitter, value: Value, wanted: Attribute) -> bool:
    """As `fits`, and what only the program's run can tell, where `coerce` has it checked."""
    starred = isinstance(value, Run) and value.ssa in e.session.starred and isinstance(wanted, ts.TupleType)
    kind = e.session.type_of(value)
    of_each = isinstance(kind, ts.UnionType) and all(_converts(e, m, wanted) for m in members(kind))
    return starred or of_each or _may_be(kind, wanted) or fits(e, value, wanted)


def _may_be(kind: Attribute | None, wanted: Attribute) -> bool:
    """Whether a value of type Any is checked for being of a type; not for a Tensor, which may be only assumed of a container."""
    return isinstance(kind, ts.AnyType) and not isinstance(wanted, ts.TensorType)


def _coerce(e: Emitter, value: Value, wanted: Attribute) -> SSAValue | None:
    value = e.latest(value)
    if isinstance(value, StaticTuple | StaticList):
        return _coerce_sequence(e, value, wanted)
    if isinstance(value, Const):
        return _coerce_constant(e, value, wanted)
    if isinstance(value, Run) and value.is_tuple and not isinstance(value.type, ts.TupleOfType):
        inner = {type(m): m for m in members(wanted)}
        if ts.TupleOfType in inner or (ts.AnyType in inner and ts.ListType not in inner):
            value = Run(_as_tuple(e, value))
    if any(isinstance(m, ts.ClassType) and m == e.session.function_class for m in members(wanted)):
        from tsir.frontend.script.function_values import as_function

        value = as_function(e, value, objects=True)
    ssa = materialise(e, value)
    kind = ssa.type
    if kind == wanted:
        return ssa
    if isinstance(value, Object) and not is_subtype(e, kind, wanted) and has_builtin_base(value):
        return _coerce(e, held_value(e, value), wanted)
    if (retyped := _retype_literal(e, ssa, wanted)) is not None:
        return retyped
    if is_subtype(e, kind, wanted):
        return e.cast(ssa, wanted)
    if isinstance(ssa.owner, CastOp) and is_subtype(e, ssa.owner.operands[0].type, wanted):
        return e.cast(ssa.owner.operands[0], wanted)  # a slice is an item of any index, but where slices alone are wanted
    if (convert := _conversion(kind, wanted)) is not None:
        return convert(e, ssa, wanted)
    if ssa in e.session.starred and isinstance(wanted, ts.TupleType):
        return _starred_to_tuple(e, ssa, wanted)
    if isinstance(kind, ts.AnyType):
        from tsir.frontend.script.narrowing import checked

        return checked(e, ssa, wanted)
    if isinstance(kind, ts.UnionType) and all(_converts(e, m, wanted) for m in members(kind)):
        from tsir.frontend.script.numbers import number_in

        return materialise(
            e, for_each_type(e, Run(ssa), lambda known: Run(coerce(e, number_in(e, known, wanted), wanted, "a value")))
        )
    if isinstance(wanted, ts.OptionalType):
        return None if (inner := _coerce(e, Run(ssa), wanted.element)) is None else e.cast(inner, wanted)
    return None


def _converts(e: Emitter, given: Attribute, wanted: Attribute) -> bool:
    """Whether a member of a Union is of a type, or a kind of number or a text that becomes one of it."""
    becoming = (_to_float, _bool_to_int, _text_to_device)
    if isinstance(given, ts.TensorType) and wanted == ts.INT:
        return True  # as an index
    return is_subtype(e, given, wanted) or any(_conversion(given, w) in becoming for w in members(wanted))


def _coerce_constant(e: Emitter, value: Const, wanted: Attribute) -> SSAValue | None:
    if value.type != wanted and wanted == ts.FLOAT and isinstance(value.value, int):
        return emit_constant(e.builder, float(value.value), e.location)
    if wanted == ts.INT and isinstance(value.value, bool):
        return emit_constant(e.builder, int(value.value), e.location)
    if wanted == ts.COMPLEX and isinstance(value.value, int | float):
        return emit_constant(e.builder, complex(value.value), e.location)
    if is_subtype(e, value.type, wanted):
        return e.cast(materialise(e, value), wanted)
    if wanted == ts.DeviceType() and isinstance(value.value, str):
        return emit_constant(e.builder, Device.parse(value.value), e.location)
    if isinstance(wanted, ts.OptionalType):
        return None if (inner := _coerce_constant(e, value, wanted.element)) is None else e.cast(inner, wanted)
    if isinstance(wanted, ts.UnionType):
        for member in wanted.members.data:
            if (inner := _coerce_constant(e, value, member)) is not None:
                return e.cast(inner, wanted)
    return None


def _coerce_sequence(e: Emitter, value: StaticTuple | StaticList, wanted: Attribute) -> SSAValue | None:
    if isinstance(wanted, ts.OptionalType):
        return None if (inner := _coerce_sequence(e, value, wanted.element)) is None else e.cast(inner, wanted)
    if isinstance(wanted, ts.UnionType):
        own = ts.ListType if isinstance(value, StaticList) else ts.TupleOfType | Tuples
        for member in sorted(wanted.members.data, key=lambda m: not isinstance(m, own)):
            if isinstance(member, ts.ListType | ts.TupleOfType | Tuples) and _sequence_fits(e, value, member):
                inner = _coerce_sequence(e, value, member)
                return None if inner is None else e.cast(inner, wanted)
        return None
    if isinstance(wanted, ts.AnyType):
        return e.cast(materialise(e, value), wanted)
    if not _sequence_fits(e, value, wanted, _may_fit):
        return None
    if isinstance(wanted, ts.ListType):
        return _copied(e, value, list_of(e, value.elements, wanted.element))
    if isinstance(wanted, ts.TupleOfType):
        parts = [coerce(e, v, wanted.element, "an element of a tuple") for v in value.elements]
        return e.cast(e.emit(TupleOp(parts, ts.TupleType([wanted.element] * len(parts)))), wanted)
    assert isinstance(wanted, Tuples)
    kinds = wanted.elements.data
    parts = [coerce(e, v, k, "an element of a tuple") for v, k in zip(value.elements, kinds, strict=True)]
    return e.emit(TupleOp(parts, wanted))


def _sequence_fits(
    e: Emitter,
    value: StaticTuple | StaticList,
    wanted: Attribute,
    takes: Callable[[Emitter, Value, Attribute], bool] = fits,
) -> bool:
    if isinstance(wanted, ts.ListType):
        return all(takes(e, v, wanted.element) for v in value.elements)
    if isinstance(wanted, ts.TupleOfType) and isinstance(value, StaticTuple):
        return all(takes(e, v, wanted.element) for v in value.elements)
    if not isinstance(wanted, Tuples) or isinstance(value, StaticList):
        return False
    if isinstance(wanted, ts.NamedTupleType) and value.named != wanted:
        return False
    kinds = wanted.elements.data
    return len(kinds) == len(value.elements) and all(takes(e, v, k) for v, k in zip(value.elements, kinds, strict=True))


def _retype_literal(e: Emitter, ssa: SSAValue, wanted: Attribute) -> SSAValue | None:
    """A list or dict literal that nobody has seen yet takes the type that it is wanted in."""
    inner = wanted.element if isinstance(wanted, ts.OptionalType) else wanted
    if not retype(e, ssa, inner) or not is_subtype(e, ssa.type, wanted):
        return None
    return e.cast(ssa, wanted)


def set_type(ssa: SSAValue, kind: Attribute) -> None:
    """Gives a value another type in place: xDSL's rewriter would make a new value, and variables hold this one."""
    ssa._type = kind


EMPTY_MAKERS = ("counter", "ordered_dict", "default_dict", "deque")
"""The functions of `collections` whose result may be an empty container of which nothing is known yet."""


VALUES_OF_DICTS = ("getitem", "default_item", "dict_setdefault")
"""The functions that give a value of a dict."""


class Retyped(Exception):
    """An empty list or dict that a loop carries has got another element type: the loop's body is emitted again."""

    def __init__(self, loop: object) -> None:
        self.loop = loop


_READS_OF_ANY_TYPE = frozenset(("len", "contains", "not_contains"))
"""What says the same of a container, whatever the type of its elements is."""


def is_taken_for_empty(e: Emitter, value: Value | SSAValue) -> bool:
    """Whether a list or dict is one that has no elements where this is asked, since nothing is known of their type. It may get
    some later, and this place may run again: then its type has to be known from the start."""
    ssa = value.ssa if isinstance(value, Run) else value
    if isinstance(ssa, SSAValue) and e.session.decisions.staying_empty:
        from tsir.frontend.script.staying_empty import stays_empty

        return stays_empty(e.session, ssa.type)
    if not isinstance(ssa, SSAValue) or ssa not in e.session.assumed:
        return False
    if isinstance(ssa.type, ts.DictType) and ssa.type.container.data == "defaultdict":
        return False  # reading an item puts it in
    e.session.taken_for_empty.add(ssa)
    return True


def _is_read(e: Emitter, ssa: SSAValue) -> bool:
    """Whether something was emitted for an empty container that depends on the type of its elements, which is only assumed."""
    is_dict = isinstance(ssa.type, ts.DictType)
    for use in ssa.uses:
        read = use.operation.FUNCTION if isinstance(use.operation, PyOp) else None
        if is_dict and read in VALUES_OF_DICTS:  # whose type changes with that of the dict
            if any(_is_read(e, r) for r in use.operation.results):
                return True
        elif read not in _READS_OF_ANY_TYPE:
            return True
    return ssa in e.session.taken_for_empty


def retype(e: Emitter, ssa: SSAValue, wanted: Attribute) -> bool:
    """Gives a list or dict literal another element type if that is possible: nobody has used the value yet, or it is empty
    and its element type was only assumed."""
    decided_by = e.session.open_types.get(ssa)
    if decided_by is not None:
        if ssa.type != wanted and type(ssa.type) is type(wanted):
            e.session.decisions.decide(e.session, decided_by, wanted)
        return False
    carried = e.session.assumed_in_loops.get(ssa)
    if carried is not None:
        if ssa in e.session.assumed and ssa.type != wanted and retype(e, carried[1], wanted):
            raise Retyped(carried[0])
        return False
    owner = ssa.owner
    if isinstance(owner, ListOp) and isinstance(wanted, ts.ListType):
        kinds = [wanted.element] * len(owner.elements)
    elif isinstance(owner, DictOp) and isinstance(wanted, ts.DictType):
        kinds = [wanted.key, wanted.value] * (len(owner.items) // 2)
    elif isinstance(owner, PyOp) and owner.FUNCTION in EMPTY_MAKERS and type(wanted) is type(ssa.type):
        kinds = []
        if isinstance(wanted, ts.DictType) and isinstance(ssa.type, ts.DictType):
            wanted = ssa.type.of(wanted.key, wanted.value)
    elif isinstance(owner, PyOp) and owner.FUNCTION == "set" and isinstance(wanted, ts.SetType) and not owner.arguments:
        kinds = []
    else:
        from tsir.frontend.script.standard_containers import retype_value

        return retype_value(e, ssa, wanted)
    if kinds and (ssa.first_use is not None or ssa not in e.session.literals):
        return False
    if not kinds and (ssa not in e.session.assumed or (ssa.type != wanted and _is_read(e, ssa))):
        return False
    operands = list(owner.operands) if kinds else []
    if not all(
        is_subtype(e, o.type, k) or (k == ts.FLOAT and o.type == ts.INT) or _may_be(o.type, k)
        for o, k in zip(operands, kinds, strict=True)
    ):
        return False
    from xdsl.builder import Builder
    from xdsl.rewriter import InsertPoint

    outer = e.builder
    e.builder = Builder(InsertPoint.before(owner))
    try:
        for i, (operand, kind) in enumerate(zip(operands, kinds, strict=True)):
            owner.operands[i] = coerce(e, Run(operand), kind, "an element")
    finally:
        e.builder = outer
    set_type(ssa, wanted)
    e.session.assumed.discard(ssa)
    return True


def _to_float(e: Emitter, ssa: SSAValue, wanted: Attribute) -> SSAValue:
    return e.emit(py_op("float")([ssa], [ts.FLOAT]))


def _bool_to_int(e: Emitter, ssa: SSAValue, wanted: Attribute) -> SSAValue:
    return e.emit(py_op("int")([ssa], [ts.INT]))


def _number_to_kind(e: Emitter, ssa: SSAValue, wanted: Attribute) -> SSAValue:
    from tsir.frontend.script.narrowing import number_as

    return number_as(e, ssa, wanted)


def _are_sequences(kind: ts.UnionType, element: Attribute) -> bool:
    """Whether all types of a Union are lists and tuples with elements of one type."""
    return all(
        m.element == element
        if isinstance(m, ts.ListType | ts.TupleOfType)
        else isinstance(m, Tuples) and all(k == element for k in m.elements.data)
        for m in kind.members.data
    )


def _any_to_list(e: Emitter, ssa: SSAValue, wanted: Attribute) -> SSAValue:
    """A list or tuple as a list: a list is itself, whose changes its other names see."""
    return materialise(e, for_each_type(e, Run(ssa), lambda known: Run(coerce(e, known, wanted, "a list"))))


def _text_to_device(e: Emitter, ssa: SSAValue, wanted: Attribute) -> SSAValue:
    return e.py("device", [ssa])


def _tuple_to_list(e: Emitter, ssa: SSAValue, wanted: Attribute) -> SSAValue | None:
    assert isinstance(wanted, ts.ListType)
    parts = tuple_elements(e, Run(ssa)) or []
    return list_of(e, parts, wanted.element) if all(_may_fit(e, p, wanted.element) for p in parts) else None


def _starred_to_tuple(e: Emitter, ssa: SSAValue, wanted: ts.TupleType) -> SSAValue | None:
    """The list of a starred target as a declared tuple of as many elements; the program raises ValueError where it has others."""
    from tsir.frontend.script.narrowing import item_as

    assert isinstance(ssa.type, ts.ListType)
    element, kinds = ssa.type.element, wanted.elements.data
    if not all(any(is_subtype(e, m, k) for m in members(element)) for k in kinds):
        return None
    items = UnpackOp(ssa, [element] * len(kinds))
    e.emit_void(items)
    parts = [
        Run(r) if is_subtype(e, element, k) else item_as(e, Run(r), k) for r, k in zip(items.results, kinds, strict=True)
    ]
    return e.emit(TupleOp([coerce(e, p, k, "an element of a tuple") for p, k in zip(parts, kinds, strict=True)], wanted))


def _tuple_to_tuple(e: Emitter, ssa: SSAValue, wanted: Attribute) -> SSAValue | None:
    assert isinstance(wanted, ts.TupleType) and isinstance(ssa.type, Tuples)
    kinds = wanted.elements.data
    if len(kinds) != len(ssa.type.elements.data):
        return None
    parts = [_coerce(e, v, k) for v, k in zip(tuple_elements(e, Run(ssa)) or [], kinds, strict=True)]
    known = [p for p in parts if p is not None]
    return e.emit(TupleOp(known, wanted)) if len(known) == len(parts) else None


def _any_length_to_list(e: Emitter, ssa: SSAValue, wanted: Attribute) -> SSAValue | None:
    assert isinstance(wanted, ts.ListType) and isinstance(ssa.type, ts.TupleOfType)
    return e.py("list", [ssa]) if ssa.type.element == wanted.element else None


_Conversion = Callable[[Emitter, SSAValue, Attribute], SSAValue | None]


def _conversion(given: Attribute, wanted: Attribute) -> _Conversion | None:
    if wanted == ts.FLOAT and given in (ts.INT, ts.BOOL, ts.NumberType()):
        return _to_float
    if wanted == ts.INT and given == ts.BOOL:
        return _bool_to_int
    if wanted == ts.DeviceType() and given == ts.StrType():
        return _text_to_device
    if given == ts.NumberType() and wanted in NUMBERS:
        return _number_to_kind
    if isinstance(given, ts.UnionType) and isinstance(wanted, ts.ListType) and _are_sequences(given, wanted.element):
        return _any_to_list
    if isinstance(given, Tuples) and isinstance(wanted, ts.ListType):
        return _tuple_to_list
    if isinstance(given, ts.TupleOfType) and isinstance(wanted, ts.ListType):
        return _any_length_to_list
    if isinstance(given, Tuples) and isinstance(wanted, ts.TupleType):
        return _tuple_to_tuple
    return None
