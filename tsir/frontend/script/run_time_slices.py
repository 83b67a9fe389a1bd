"""Slices and `...` as values of the running program: in lists and tuples of a length that only it knows, and as their items.

Where a list holds a slice, it may as well hold anything else that an index of a tensor is: its elements are of the type that
`index_type` gives. What indexing with such a list or tuple does is written in the language (`prelude_slices.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import IsInstanceOp
from tsir.frontend.script.prelude_slices import OBJECTS_OF_INDICES, Rest
from tsir.frontend.script.prelude_slices import Slice as SliceClass
from tsir.frontend.script.type_relations import members
from tsir.frontend.script.values import FALSE, Condition, Object, PyObject, Run, Slice, StaticList, StaticTuple, Value

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session
    from tsir.frontend.script.emitter import Emitter


STANDS_FOR = {cls: of_python for of_python, cls in OBJECTS_OF_INDICES.items()}
"""What the classes of objects here are in Python."""


def index_type(session: Session) -> Attribute:
    """The type of the items of a list that holds slices: what may be an item of a tensor's index."""
    return ts.union_of([session.class_type(SliceClass), session.class_type(Rest), ts.INT, ts.TensorType(), ts.NONE])


def is_ellipsis(value: Value) -> bool:
    """Whether a value is `...`."""
    return isinstance(value, PyObject) and value.value is Ellipsis


def is_only_index(value: Value) -> bool:
    """Whether a value is a slice or `...`, which has no type of its own while compiling."""
    return isinstance(value, Slice) or is_ellipsis(value)


def object_of_index(e: Emitter, value: Value) -> Value:
    """A slice or `...` as an object of the running program."""
    from tsir.frontend.script.operator_calls import as_bound

    if not isinstance(value, Slice):
        return e.session.construct(e, Rest, [], {})
    return e.session.construct(e, SliceClass, [as_bound(e, v) for v in (value.start, value.stop, value.step)], {})


def as_item(e: Emitter, value: Value) -> Value:
    """A slice or `...` as an item of a list; other values as they are."""
    from tsir.frontend.script.convert import materialise

    if not is_only_index(value):
        return value
    return Run(e.cast(materialise(e, object_of_index(e, value)), index_type(e.session)))


def is_of_indices(e: Emitter, value: Value) -> bool:
    """Whether a value is a list or a tuple of unknown length of what indexes tensors, slices among it."""
    kind = e.session.type_of(value)
    return isinstance(kind, ts.ListType | ts.TupleOfType) and may_be_slice(e, kind.element)


def may_be_slice(e: Emitter, kind: Attribute | None) -> bool:
    """Whether values of a type may be slices, or `...`."""
    classes = [e.session.class_of(m) for m in members(kind) if isinstance(m, ts.ClassType)] if kind is not None else []
    return any(cls in STANDS_FOR for cls in classes)


def may_be_index(e: Emitter, value: Value) -> bool:
    """Whether a value may be an item of a list that holds slices."""
    kind = e.session.type_of(value)
    return is_only_index(value) or (kind is not None and all(m in members(index_type(e.session)) for m in members(kind)))


def as_indices(e: Emitter, value: Value) -> Value:
    """A list or tuple of slices and other indices that only exists while compiling, as one of the running program."""
    from tsir.frontend.script.convert import coerce, materialise

    value = e.latest(value)
    if isinstance(value, StaticList) and holds_indices(value):
        return Run(materialise(e, value))
    if not isinstance(value, StaticTuple | StaticList):
        return value
    made = ts.TupleOfType if isinstance(value, StaticTuple) else ts.ListType
    items = replace(value, elements=tuple(as_item(e, v) for v in value.elements))
    return Run(coerce(e, items, made(index_type(e.session)), "an index"))


def holds_indices(value: Value) -> bool:
    """Whether a tuple or list that only exists while compiling has a slice or `...` in it."""
    return isinstance(value, StaticTuple | StaticList) and any(is_only_index(v) for v in value.elements)


def attribute_of_item(e: Emitter, value: Value, name: str) -> Value | None:
    """`start`, `stop` or `step` of an item of a list that holds slices; the program raises TypeError where it is something else."""
    from tsir.frontend.script.narrowing import item_as

    if not isinstance(value, Run) or not isinstance(value.type, ts.UnionType) or name not in ("start", "stop", "step"):
        return None
    if not may_be_slice(e, value.type):
        return None
    holder = item_as(e, value, e.session.class_type(SliceClass))
    assert isinstance(holder, Object)
    return e.session.get_attribute(e, holder, name)


def as_position(e: Emitter, value: Run, use: Callable[[Value], Value]) -> Value:
    """What `use` gives for an item of a list that holds slices, as an index of a list: TypeError for what is no int and no slice."""
    from tsir.frontend.script.control import choose
    from tsir.frontend.script.narrowing import item_as

    test = e.emit(IsInstanceOp(value.ssa, [ts.INT]))
    wanted = e.session.class_type(SliceClass)
    return choose(e, Condition(test), lambda: use(Run(e.cast(value.ssa, ts.INT))), lambda: use(item_as(e, value, wanted)))


def equal_slices(e: Emitter, left: Value, right: Value) -> Value | None:
    """`left == right` where one is a slice and the other one, too, or an item of a list that holds slices; None for other values."""
    from tsir.frontend.script.control import choose
    from tsir.frontend.script.convert import materialise
    from tsir.frontend.script.narrowing import item_as

    def is_slice(value: Value) -> bool:
        return isinstance(value, Slice) or (isinstance(value, Object) and value.info.python_class is SliceClass)

    def equal(a: Value, b: Value) -> Value:
        holder, other = (object_of_index(e, v) if isinstance(v, Slice) else v for v in (a, b))
        assert isinstance(holder, Object)
        found = e.session.call_optional_method(e, holder, ("__eq__",), [other])
        assert found is not None
        return found

    if not is_slice(left) and not is_slice(right):
        return None
    known, item = (left, right) if is_slice(left) else (right, left)
    kind = e.session.type_of(item)
    if is_slice(item):
        return equal(known, item)
    if is_ellipsis(item) or (isinstance(item, Object) and item.info.python_class is Rest):
        return FALSE
    if isinstance(item, Run) and may_be_slice(e, kind):
        wanted = e.session.class_type(SliceClass)
        test = Condition(e.emit(IsInstanceOp(materialise(e, item), [wanted])))
        return choose(e, test, lambda: equal(item_as(e, item, wanted), known), lambda: FALSE)
    never = (
        kind is not None
        and not isinstance(item, Object)
        and not any(isinstance(m, ts.ClassType | ts.AnyType) for m in members(kind))
    )
    return FALSE if never else None


def known_index(e: Emitter, value: Value) -> Value:
    """A slice or `...` of the running program as the frontend's own, others as they are."""
    if isinstance(value, Object) and value.info.python_class is SliceClass:
        return Slice(*(e.session.get_attribute(e, value, n) for n in ("start", "stop", "step")))
    if isinstance(value, Object) and value.info.python_class is Rest:
        return PyObject(Ellipsis, "...")
    return value
