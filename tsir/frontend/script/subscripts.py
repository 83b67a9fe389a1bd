"""Subscripts: reading, writing and deleting `container[index]` for tensors, lists, dicts, strings, tuples, modules, objects."""

from __future__ import annotations

import ast
import enum
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

from xdsl.ir import Attribute, SSAValue

from tsir.dialects import dtypes
from tsir.dialects.builtin_bases import builtin_base
from tsir.dialects.ts import types as ts
from tsir.errors import did_you_mean
from tsir.frontend.indexing import TensorIndex, emit_getitem, emit_setitem
from tsir.frontend.script import object_dicts, prelude
from tsir.frontend.script.assigned_modules import set_module_item
from tsir.frontend.script.choices import choice, choice_by_key
from tsir.frontend.script.convert import as_python, coerce, held, materialise, tuple_elements
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.expected import looks_for_none
from tsir.frontend.script.iteration import as_one_list
from tsir.frontend.script.keyed_types import item_of_key
from tsir.frontend.script.keys import as_key
from tsir.frontend.script.misfits import describe_object
from tsir.frontend.script.narrowing import by_type, checked
from tsir.frontend.script.operator_calls import argument, as_bound, as_index, is_tensor
from tsir.frontend.script.outside_lookup import item_of_object
from tsir.frontend.script.prelude_slices import item_by_indices, set_item_by_indices, step_of
from tsir.frontend.script.python_errors import not_none, raise_in_program
from tsir.frontend.script.run_time_slices import (
    as_indices,
    as_position,
    holds_indices,
    is_of_indices,
    known_index,
    may_be_slice,
)
from tsir.frontend.script.several_types import use_by_type
from tsir.frontend.script.static_objects import call_special
from tsir.frontend.script.static_state import (
    at_run_time,
    dict_method,
    fresh,
    needs_run_time,
    new_list,
    set_dict_item,
    set_list_item,
    set_list_slice,
)
from tsir.frontend.script.type_relations import Tuples
from tsir.frontend.script.values import (
    NONE,
    Builtin,
    Choice,
    Closure,
    Const,
    Method,
    Object,
    ObjectDict,
    Partial,
    PyFunction,
    PyObject,
    Run,
    Slice,
    StaticDict,
    StaticList,
    StaticObject,
    StaticTuple,
    Value,
)


@dataclass
class Subscript:
    """What stands between the brackets."""

    items: list[Value]
    is_tuple: bool = False
    named: ts.NamedTupleType | None = None
    """The NamedTuple that the items are of."""

    def value(self, e: Emitter) -> Value:
        """The index as one value (a key, a number)."""
        if any(isinstance(i, Slice) for i in self.items):
            e.error("a slice can't be an index here", code="TS307")
        return self.given

    @property
    def given(self) -> Value:
        """The index as Python gives it to `__getitem__`, slices included."""
        return StaticTuple(tuple(self.items), self.named) if self.is_tuple else self.items[0]


def _positions(e: Emitter, container: Value, index: Subscript) -> Subscript:
    """The index with the ints that objects with `__index__` stand for, where the container has positions and no keys."""
    if not any(
        isinstance(v, Object) for i in index.items for v in ((i.start, i.stop, i.step) if isinstance(i, Slice) else (i,))
    ):
        return index
    kind = e.session.type_of(container)
    if kind is None or isinstance(kind, ts.ClassType | ts.DictType | ts.AnyType | ts.UnionType | ts.OptionalType):
        return index
    return Subscript([_as_position(e, i) for i in index.items], index.is_tuple, index.named)


def _as_position(e: Emitter, item: Value) -> Value:
    if isinstance(item, Slice):
        return Slice(*(as_bound(e, v) for v in (item.start, item.stop, item.step)))
    return as_index(e, item)


def index_of(e: Emitter, node: ast.expr) -> Subscript:
    """Emits what stands between the brackets."""
    if isinstance(node, ast.Tuple) and not any(isinstance(n, ast.Starred) for n in node.elts):
        return Subscript([_item(e, n) for n in node.elts], True)
    item = _item(e, node)
    if isinstance(item, StaticTuple):
        return Subscript(list(item.elements), True, item.named)
    return Subscript([item])


def _item(e: Emitter, node: ast.expr) -> Value:
    if not isinstance(node, ast.Slice):
        return e.expression(node)
    return Slice(*(NONE if part is None else e.expression(part) for part in (node.lower, node.upper, node.step)))


def _are_callables(values: Iterable[Value]) -> bool:
    """Whether all of several values are functions, which don't exist at run time: one of them is chosen by its number."""
    return all(isinstance(v, Closure | Partial | PyFunction | Builtin | PyObject | Method | Choice) for v in values)


def get_item(e: Emitter, container: Value, index: Subscript) -> Value:
    """`container[index]`."""
    index = _positions(e, container, index)
    if isinstance(container, Run) and is_tensor(container.type):
        index = _known_indices(e, index)
        narrowed = _by_run_time_type(e, index, lambda known: get_item(e, container, known))
        if narrowed is not None:
            return narrowed
        if (indices := _indices(e, index)) is not None:
            return e.session.call_function(e, PyFunction(item_by_indices), [container, indices], {})
        if (several := _tuple_of_any_length(e, index)) is not None:
            return _item_by_tuple(e, container, several)
        items = [_tensor_item(e, i) for i in index.items]
        found = emit_getitem(e.builder, e.session.schemas, container.ssa, items, e.location)
        return e.aten("alias", [found]) if found is container.ssa else Run(found)  # `x[:]` is another object than x
    item = index.items[0]
    if isinstance(container, ObjectDict):
        return object_dicts.get_item(e, container, index.value(e))
    if isinstance(container, StaticDict):
        key = index.value(e)
        if isinstance(key, Const) and key.value in container.items:
            return container.items[key.value]
        named = all(isinstance(k, str) for k in container.items)
        if named and not isinstance(key, Const) and _are_callables(container.items.values()):
            return choice_by_key(e, container.items, key)
        if container.items and needs_run_time(e, container, key):
            return get_item(e, Run(at_run_time(e, container)), Subscript([key]))
        if container.ref is not None or e.dynamic:
            found = dict_method(e, container, "__getitem__", [key], {})
            assert found is not None
            return found
    if isinstance(container, StaticObject):
        found = call_special(e, container, "__getitem__", [index.value(e)])
        if found is not None:
            return found
    if isinstance(container, Object):
        return e.session.object_item(e, container, index)
    if isinstance(container, PyObject):
        return _python_item(e, container, index)
    if not index.is_tuple and not isinstance(e.session.type_of(container), ts.DictType):
        if isinstance(item, Run) and may_be_slice(e, item.type):
            return as_position(e, item, lambda known: get_item(e, container, Subscript([known])))
        if (known := known_index(e, item)) is not item:
            return get_item(e, container, Subscript([known]))
    row = "getslice" if isinstance(item, Slice) and not index.is_tuple else "getitem"
    if (by_type := use_by_type(e, container, row, lambda known: as_python(e, get_item(e, known, index)))) is not None:
        return by_type
    static = _static_item(e, container, item) if len(index.items) == 1 else None
    if static is not None:
        return static
    listed = container.elements if isinstance(container, StaticTuple | StaticList) and not isinstance(item, Slice) else ()
    if listed and _are_callables(listed):
        return choice(e, listed, index.value(e))
    ssa = materialise(e, container)
    if isinstance(ssa.type, ts.OptionalType) and looks_for_none(e):
        present = not_none(e, ssa, "TypeError", "'NoneType' object is not subscriptable")
        return get_item(e, e.session.object_or_run(present), index)
    if isinstance(ssa.type, ts.OptionalType):
        e.error(f"a value of type {e.show(container)} can't be indexed", code="TS306")
    if isinstance(item, Slice) and not index.is_tuple:
        if isinstance(ssa.type, ts.TupleType) and len(set(ssa.type.elements.data)) == 1:
            # Of a tuple of equal types a part of unknown length.
            container = Run(
                coerce(e, StaticTuple(tuple(tuple_elements(e, container) or ())), _list_type(ssa.type), "a tuple"), "tuple"
            )
            ssa = container.ssa
        parts = [materialise(e, p) for p in (item.start, item.stop, item.step)]
        part = e.py("getslice", [ssa, *parts])
        kept = container.tuple_like if isinstance(container, Run) else None
        return Run(part, kept) if kept else e.session.object_or_run(part)
    key = index.value(e)
    if isinstance(ssa.type, ts.UnionType) and all(isinstance(m, ts.ListType) for m in ssa.type.members.data):
        ssa = as_one_list(e, ssa)
    if isinstance(ssa.type, ts.DictType):
        from tsir.frontend.script.enums import plain

        key = key if isinstance(ssa.type.key, ts.ClassType) else plain(e, key)
        from tsir.frontend.script.standard_containers import adopt_key

        adopt_key(e, ssa, held(e, key))
        assert isinstance(ssa.type, ts.DictType)
        read = "default_item" if ssa.type.container.data == "defaultdict" else "getitem"
        found = e.py(read, [ssa, coerce(e, as_key(e, key, ssa), ssa.type.key, "the key of a dict")])
        return item_of_key(e, ssa, key, e.session.object_or_run(found))
    return e.session.object_or_run(e.py("getitem", [ssa, _number(e, key)]))


def _list_type(kind: ts.TupleType) -> ts.ListType:
    return ts.ListType(kind.elements.data[0])


def _out_of_range(e: Emitter, index: int, count: int) -> NoReturn:
    """An index that a tuple doesn't have: an error where it is sure to be reached, else Python's exception at run time."""
    if e.is_unconditional:
        e.error(f"index {index} is out of range for a tuple of {count} elements", code="TS307")
    raise_in_program(e, "IndexError", "tuple index out of range")


def _number(e: Emitter, key: Value) -> SSAValue:
    """An index into a sequence: a tensor with one element is taken as its number, as Python's `__index__` does."""
    from tsir.frontend.script.enums import number_behind

    key = number_behind(e, key)
    if isinstance(key, Object):
        found = e.session.call_optional_method(e, key, ("__index__",))
        key = key if found is None else found
    if is_tensor(e.session.type_of(key)):
        return e.aten_value("_python_index", [materialise(e, key)])
    return materialise(e, key)


def _static_item(e: Emitter, container: Value, item: Value) -> Value | None:
    """An element of a tuple, or part of it, where the index is a constant."""
    is_tuple = isinstance(container, StaticTuple | StaticList) or (
        isinstance(container, Run) and isinstance(container.type, Tuples)
    )
    if not is_tuple:
        return None
    index = item.constant if isinstance(item, Slice) else item.value if isinstance(item, Const) else None
    if index is None or isinstance(index, str | float):
        return None
    elements = tuple_elements(e, container) if isinstance(index, slice) or not isinstance(container, Run) else None
    if isinstance(index, slice):
        part = tuple((elements or [])[index])
        if isinstance(container, StaticList):
            return StaticList(part) if container.ref is None else new_list(e, part)
        return StaticTuple(part)
    assert isinstance(index, int)
    if elements is None:
        assert isinstance(container, Run) and isinstance(container.type, Tuples)
        count = len(container.type.elements.data)
        if not -count <= index < count:
            _out_of_range(e, index, count)
        from tsir.dialects.ts.structure import TupleGetOp

        at = index % count
        return e.session.object_or_run(e.emit(TupleGetOp(container.ssa, at, container.type.elements.data[at])))
    if not -len(elements) <= index < len(elements):
        _out_of_range(e, index, len(elements))
    return elements[index]


def is_generic(cls: Any) -> bool:
    """Whether a value is a class derived from `typing.Generic`."""
    return isinstance(cls, type) and any(base is typing.Generic for base in cls.__mro__)


def _python_item(e: Emitter, container: PyObject, index: Subscript) -> Value:
    if is_generic(container.value):
        return container  # `Stack[int]`: the parameters say nothing that the arguments don't
    key = index.value(e)
    if isinstance(container.value, enum.EnumMeta):
        from tsir.frontend.script.enums import member_of_name

        return member_of_name(e, container.value, key)
    if isinstance(key, Const):
        try:
            return e.session.from_python(container.value[key.value], f"{container.name}[{key.value!r}]")
        except (KeyError, IndexError, TypeError):
            pass
    elif (found := item_of_object(e, container, key)) is not None:
        return found
    known: Any = container.value
    if isinstance(known, dict) and isinstance(key, Const) and key.value not in known:
        hint = did_you_mean(str(key.value), map(str, known))
        e.error(f"dict '{container.name}' has no key {key.value!r}", hint=hint, code="TS203")
    if isinstance(known, enum.EnumMeta) and isinstance(key, Const):
        hint = did_you_mean(str(key.value), known.__members__) or f"its members are {', '.join(known.__members__)}"
        e.error(f"enum {container.name} has no member {key.value!r}", hint=hint, code="TS203")
    hint = "read it outside, and keep the value in a constant of the module or pass it"
    e.error(f"'{container.name}' is a Python {describe_object(known)}, which can't be indexed here", hint=hint, code="TS307")


def _tensor_item(e: Emitter, item: Value) -> Any:
    if isinstance(item, Slice):
        return slice(_bound(e, item.start), _bound(e, item.stop), _bound(e, _step(e, item.step)))
    if isinstance(item, PyObject) and item.value is Ellipsis:
        return Ellipsis
    found = argument(e, item)
    if isinstance(kind := e.session.type_of(item), ts.ListType) and kind.element == ts.FLOAT:
        found = e.aten_value("tensor", [found], {"dtype": dtypes.int64})  # as torch reads a list that is an index
    if isinstance(found, SSAValue) and isinstance(found.type, ts.NumberType):
        return checked(e, found, ts.INT, "an index of a tensor", "IndexError")
    if isinstance(found, SSAValue) and isinstance(found.type, ts.OptionalType):
        e.error(f"a tensor can't be indexed with {e.show(item)}", code="TS306")
    return TensorIndex(found, None) if isinstance(found, SSAValue) and is_tensor(found.type) else found


def _known_indices(e: Emitter, index: Subscript) -> Subscript:
    """The index of a tensor with tuples of the running program taken apart, and with its slices as the frontend's own."""
    items, is_tuple = index.items, index.is_tuple
    if not is_tuple and isinstance(items[0], Run) and isinstance(items[0].type, Tuples):
        items, is_tuple = tuple_elements(e, items[0]) or items, True
    return Subscript([known_index(e, i) for i in items], is_tuple)


def _indices(e: Emitter, index: Subscript) -> Value | None:
    """The list of a tensor's indices, of which some are slices or others only when the program runs; None for other indices."""
    if not index.is_tuple and is_of_indices(e, index.items[0]):
        return index.items[0]
    if not any(isinstance(v, Run) and may_be_slice(e, v.type) for v in index.items):
        return None
    return as_indices(e, StaticTuple(tuple(index.items)))


def _tuple_of_any_length(e: Emitter, index: Subscript) -> SSAValue | None:
    """The list of what a tuple holds that is a tensor's whole index; None for an index that isn't one of unknown length."""
    item = NONE if index.is_tuple else index.items[0]
    if not isinstance(item, Run) or not item.is_tuple:
        return None
    return e.py("list", [item.ssa]) if isinstance(item.type, ts.TupleOfType) else item.ssa


def _is_of_tensors(indices: SSAValue) -> bool:
    return isinstance(indices.type, ts.ListType) and is_tensor(indices.type.element)


def _item_by_tuple(e: Emitter, container: Run, indices: SSAValue) -> Value:
    """`x[indices]` with a tuple of ints, or of tensors, whose length isn't known."""
    if _is_of_tensors(indices):
        return e.aten("index", [container.ssa, indices])
    return e.session.call_function(e, PyFunction(prelude.item_of_tensor), [container, Run(indices)], {})


def _set_item_by_tuple(e: Emitter, container: Run, indices: SSAValue, value: Any) -> None:
    """`x[indices] = value` with such a tuple."""
    target = container.ssa
    if _is_of_tensors(indices):
        is_whole = isinstance(value, SSAValue) and is_tensor(value.type)
        given = value if is_whole else e.aten_value("full", [[], value])
        e.aten("index_put_", [target, indices, e.aten_value("to", [given, target])])
        return
    item = e.session.call_function(e, PyFunction(prelude.item_of_tensor), [container, Run(indices)], {})
    assert isinstance(item, Run)
    emit_setitem(e.builder, e.session.schemas, item.ssa, [Ellipsis], value, e.location)


_INDICES: tuple[Attribute, ...] = (ts.INT, ts.TensorType(), ts.ListType(ts.INT))
"""What an index of a tensor may turn out to be."""


_ASSIGNED: tuple[Attribute, ...] = (ts.TensorType(), ts.NumberType())


def _by_run_time_type(e: Emitter, index: Subscript, use: Callable[[Subscript], Value]) -> Value | None:
    """Uses an index of a tensor by what its first item of type Any is at run time; None when it has no such item."""
    at = next((i for i, v in enumerate(index.items) if e.session.type_of(v) == ts.AnyType()), None)
    if at is None:
        return None

    def known(kind: Attribute, value: SSAValue) -> Value:
        items = [*index.items[:at], Run(e.cast(value, kind)), *index.items[at + 1 :]]
        return use(Subscript(items, index.is_tuple))

    return by_type(e, materialise(e, index.items[at]), _INDICES, known, "an index of a tensor")


def _bound(e: Emitter, value: Value) -> Any:
    if e.session.type_of(value) in (ts.AnyType(), ts.NumberType()):
        return checked(e, materialise(e, value), ts.INT, "a slice's bound")
    if is_tensor(e.session.type_of(value)):
        return _number(e, value)
    return argument(e, as_bound(e, value))


def _step(e: Emitter, step: Value) -> Value:
    """The step of a slice of a tensor: 1 where it turns out to be None."""
    if not isinstance(e.session.type_of(step), ts.OptionalType):
        return step
    return e.session.call_function(e, PyFunction(step_of), [step], {})


def _set_slice(e: Emitter, container: StaticList, item: Any, value: Value) -> bool:
    """`container[start:stop:step] = value` of a list that only exists while compiling, with bounds and values that are known."""
    value = fresh(e, value)
    if container.ref is None or not isinstance(item, Slice) or not isinstance(value, StaticTuple | StaticList):
        return False
    bounds = [p.value for p in (item.start, item.stop, item.step) if isinstance(p, Const)]
    if len(bounds) != 3 or (bounds[2] not in (None, 1)):
        return False
    set_list_slice(e, container, slice(*bounds), value.elements)
    return True


def set_item(e: Emitter, container: Value, index: Subscript, value: Value) -> None:
    """`container[index] = value`."""
    index = _positions(e, container, index)
    if isinstance(container, Run) and is_tensor(container.type):

        def assign(known: Subscript) -> Value:
            set_item(e, container, known, value)
            return NONE

        def assign_value(known: Value) -> Value:
            set_item(e, container, index, known)
            return NONE

        index = _known_indices(e, index)
        if _by_run_time_type(e, index, assign) is not None:
            return
        if (indices := _indices(e, index)) is not None:
            e.session.call_function(e, PyFunction(set_item_by_indices), [container, indices, value], {})
            return
        if e.session.type_of(value) == ts.AnyType():
            by_type(
                e, materialise(e, value), _ASSIGNED, lambda kind, v: assign_value(Run(e.cast(v, kind))), "what is assigned"
            )
            return
        given = argument(e, value)
        if isinstance(given, list):
            given = e.aten_value("tensor", [given])
        if (several := _tuple_of_any_length(e, index)) is not None:
            _set_item_by_tuple(e, container, several, given)
            return
        items = [_tensor_item(e, i) for i in index.items]
        emit_setitem(e.builder, e.session.schemas, container.ssa, items, given, e.location)
        return
    if isinstance(container, ObjectDict):
        object_dicts.set_item(e, container, index.value(e), value)
        return
    if isinstance(container, StaticList | StaticDict) and container.origin is not None:
        e.session.decisions.take(container.origin.value)
    if isinstance(container, StaticList) and _set_slice(e, container, index.items[0], value):
        return
    if isinstance(container, StaticList) and container.ref is not None and isinstance(index.items[0], Const):
        set_list_item(e, container, index.value(e), value)
        return
    if isinstance(container, StaticDict) and needs_run_time(e, container, key := index.value(e)):
        set_item(e, Run(at_run_time(e, container)), Subscript([key]), value)
        return
    if isinstance(container, StaticDict) and container.ref is not None:
        set_dict_item(e, container, index.value(e), value)
        return
    if (
        isinstance(container, StaticObject)
        and call_special(e, container, "__setitem__", [index.value(e), value]) is not None
    ):
        return
    if isinstance(container, PyObject) and builtin_base(type(container.value)) is not None:
        e.session.decisions.take(container.value)
    if isinstance(container, Object):
        key = index.value(e)
        if container.info.kind == "module" and set_module_item(e, container, key, value):
            return
        if e.session.call_optional_method(e, container, ("__setitem__",), [key, value]) is None:
            hint = f"define __setitem__ in class {container.info.python_class.__name__}"
            e.error(f"an object of {container.info.python_class.__name__} has no __setitem__", hint=hint, code="TS307")
        return
    if isinstance(container, StaticList) and container.ref is not None and holds_indices(e.latest(container)):
        container = Run(materialise(e, container))
    if isinstance(container, StaticTuple | StaticList):
        e.error(
            f"an item of a value of type {e.show(container)} can't be assigned: it is a constant",
            hint="copy it to a list first: `values = list(...)`",
            code="TS307",
        )

    def assign_item(known: Value) -> Value:
        set_item(e, known, index, value)
        return NONE

    if use_by_type(e, container, "setitem", assign_item) is not None:
        return
    target = materialise(e, container)
    item = index.items[0]
    from tsir.frontend.script.convert import retype

    match target.type:
        case ts.ListType():
            if isinstance(item, Slice):
                parts = [materialise(e, p) for p in (item.start, item.stop, item.step)]
                if isinstance(own := e.session.type_of(value), ts.ListType):
                    retype(e, target, own)
                e.py("setslice", [target, *parts, coerce(e, value, target.type, "assignment to a slice")])
                return
            element = coerce(e, held(e, value), target.type.element, "an element of this list")
            e.py("setitem", [target, _number(e, index.value(e)), element])
        case ts.DequeType() if not isinstance(item, Slice):
            element = coerce(e, held(e, value), target.type.element, "an element of this deque")
            e.py("setitem", [target, _number(e, index.value(e)), element])
        case ts.DictType():
            key, given = as_key(e, index.value(e), target), held(e, value)
            kinds = [e.session.type_of(key), e.session.type_of(given)]
            if kinds[0] is not None and kinds[1] is not None:
                retype(e, target, target.type.of(kinds[0], kinds[1]))
            assert isinstance(target.type, ts.DictType)
            operands = [
                coerce(e, key, target.type.key, "the key of this dict"),
                coerce(e, given, target.type.value, "a value of this dict"),
            ]
            e.py("setitem", [target, *operands])
        case _:
            e.error(
                f"an item of a value of type {e.show(container)} can't be assigned",
                hint="make a new value" if isinstance(target.type, ts.StrType | Tuples) else None,
                code="TS306" if isinstance(target.type, ts.OptionalType) else "TS307",
            )


def delete_item(e: Emitter, container: Value, index: Subscript) -> None:
    """`del container[index]`."""
    index = _positions(e, container, index)
    if isinstance(container, Object):
        if e.session.call_optional_method(e, container, ("__delitem__",), [index.value(e)]) is None:
            e.error(f"an object of {container.info.name} has no __delitem__")
        return
    target = materialise(e, container)
    item = index.items[0]
    if isinstance(item, Slice):
        e.py("delslice", [target, *(materialise(e, p) for p in (item.start, item.stop, item.step))])
    elif isinstance(target.type, ts.DictType):
        e.py("delitem", [target, coerce(e, as_key(e, index.value(e), target), target.type.key, "the key of this dict")])
    elif isinstance(target.type, ts.ListType | ts.DequeType):
        e.py("delitem", [target, _number(e, index.value(e))])
    else:
        e.error(f"an item of a value of type {e.show(container)} can't be deleted", code="TS307")
