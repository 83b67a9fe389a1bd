"""`item in container`, for whatever may be asked for what it contains.

Containers of objects that define comparisons are in `container_comparisons.py`; what is gone through one by one is a loop of the
prelude.
"""

from __future__ import annotations

import enum
from dataclasses import replace

from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.frontend.script import prelude
from tsir.frontend.script.builtin_bases import has_builtin_base
from tsir.frontend.script.builtin_bases import plain as as_builtin
from tsir.frontend.script.choices import is_of_classes
from tsir.frontend.script.container_comparisons import contains
from tsir.frontend.script.convert import held, materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.enums import class_of, plain
from tsir.frontend.script.evaluation import NotConstant, as_python, evaluate
from tsir.frontend.script.expected import class_name
from tsir.frontend.script.flags import has_flags
from tsir.frontend.script.function_identity import compares_functions, compares_type
from tsir.frontend.script.function_values import is_function
from tsir.frontend.script.inlining import emit_choice
from tsir.frontend.script.keys import as_key
from tsir.frontend.script.object_dicts import names_of
from tsir.frontend.script.open_types import parts_of
from tsir.frontend.script.operator_calls import is_tensor, torch_call
from tsir.frontend.script.outside_lookup import is_in_object
from tsir.frontend.script.static_objects import call_special
from tsir.frontend.script.static_state import at_run_time, constant_key, needs_run_time, note_asked
from tsir.frontend.script.values import (
    ITERATORS,
    Builtin,
    Choice,
    Const,
    Coroutine,
    EnumValue,
    Object,
    ObjectDict,
    PyFunction,
    PyObject,
    Reversed,
    Run,
    StaticDict,
    StaticList,
    StaticObject,
    StaticTuple,
    Value,
)


def _same_object(a: Value, b: Value) -> bool:
    """Whether two constant objects are equal, or one."""
    if isinstance(a, PyFunction) and isinstance(b, PyFunction):
        return a.function is b.function and a.receiver is b.receiver
    try:
        return bool(as_python(a) == as_python(b))
    except NotConstant:
        return False


def _in_object(e: Emitter, container: PyObject, item: Value) -> Value | None:
    """`item in container` for a constant Python object that says what it contains without effects."""
    method = getattr(container.value, "__contains__", None)
    if method is not None:
        return evaluate(e, method, [item], {}, f"in {container.name}")
    return Const(constant_key(e, item) in container.value) if isinstance(container.value, set | frozenset) else None


def _is_gone_through(e: Emitter, container: Value) -> bool:
    """Whether `in` looks at one element after the other until one is equal."""
    if isinstance(container, Object):
        info = container.info
        by_element = info.kind != "module" and info.lookup("__contains__") is None
        return by_element and (info.lookup("__iter__") or info.lookup("__getitem__")) is not None
    return isinstance(container, (*ITERATORS, Coroutine, Choice)) and not isinstance(container, Reversed)


def keys_of(kind: Attribute) -> Attribute:
    """The type of a dict's keys or of a set's elements."""
    assert isinstance(kind, ts.DictType | ts.SetType | ts.FrozenSetType)
    return kind.key if isinstance(kind, ts.DictType) else kind.element


def contains_item(e: Emitter, container: Value, item: Value, *, negate: bool = False) -> Value:
    """`item in container`, or `item not in container`."""
    found: Value | None = None
    if isinstance(container, ObjectDict):
        container = StaticTuple(tuple(Const(n) for n in names_of(e, container)))
    if isinstance(container, Run):
        compares_functions(e, item)
    if isinstance(container, PyObject) and isinstance(container.value, enum.EnumMeta) and class_of(e, item) is not None:
        return Const((class_of(e, item) is container.value) is not negate)
    if isinstance(container, EnumValue) and isinstance(item, EnumValue):
        flags, wanted = container.member, item.member
        if isinstance(flags, enum.Flag) and isinstance(wanted, enum.Flag):
            return Const(flags.__contains__(wanted) is not negate)
    found = has_flags(e, container, item)
    if isinstance(container, StaticTuple | StaticList) and not all(
        class_of(e, v) is class_of(e, item) for v in container.elements
    ):
        item, container = plain(e, item), replace(container, elements=tuple(plain(e, v) for v in container.elements))
    if _is_gone_through(e, container):
        from tsir.frontend.script.calls import call

        found = call(e, PyFunction(prelude.found_in), [container, item], {})
    if isinstance(container, Object):
        container = e.session.keys_of(container) or container
    if needs_run_time(e, container, item):
        container = Run(at_run_time(e, container))
    if isinstance(container, StaticDict) and (isinstance(item, Const) or container.ref is not None):
        note_asked(e, container.items, constant_key(e, item))
        return Const((constant_key(e, item) in container.items) is not negate)
    if isinstance(container, StaticDict) and any(is_function(v) for v in container.items.values()):
        container = StaticTuple(tuple(Const(k) for k in container.items))
    if isinstance(container, StaticObject):
        found = call_special(e, container, "__contains__", [item])
    if isinstance(container, PyObject) and isinstance(item, Const | PyObject | EnumValue):
        found = _in_object(e, container, item)
    elif isinstance(container, PyObject):
        found = is_in_object(e, container, item)
    objects = EnumValue | PyObject | PyFunction | Builtin
    if isinstance(container, StaticTuple | StaticList) and is_of_classes(item):
        return emit_choice(e, item, lambda option: contains_item(e, container, option, negate=negate))
    if (
        isinstance(container, StaticTuple | StaticList)
        and isinstance(item, objects)
        and all(isinstance(v, objects | Const) for v in container.elements)
    ):
        same = any(_same_object(v, item) for v in container.elements)
        return Const(same is not negate)
    if isinstance(container, Const) and isinstance(item, Const):
        texts = container.value, item.value
        if isinstance(texts[0], str) and isinstance(texts[1], str):
            return Const((texts[1] in texts[0]) is not negate)
    if isinstance(container, StaticTuple | StaticList) and isinstance(item, Const):
        constants = [v for v in container.elements if isinstance(v, Const)]
        if len(constants) == len(container.elements):
            return Const(any(c.value == item.value for c in constants) is not negate)
    if isinstance(container, Object) and found is None:
        found = e.session.call_optional_method(e, container, ("__contains__",), [item])
    if found is None and is_tensor(e.session.type_of(container)):
        found = torch_call(e, "__contains__", [container, item])
        found = Run(e.py("bool", [materialise(e, found)]))
    if found is None and has_builtin_base(item) and not _holds_objects(e, container):
        assert isinstance(item, Object)
        in_text = isinstance(e.session.type_of(container), ts.StrType | ts.BytesType)
        if in_text or item.info.own_function("__eq__") is None:
            item = as_builtin(e, item)
        elif isinstance(e.session.type_of(container), ts.ListType):
            found = e.session.call_function(e, PyFunction(prelude.contains), [container, item], {})
    if found is None:
        found = contains(e, container, item)
    if found is None:
        whole = materialise(e, container)
        compares_type(e, whole.type)
        keyed = isinstance(whole.type, ts.SetType | ts.FrozenSetType | ts.DictType)
        if is_tensor(e.session.type_of(item)) and keyed and class_name(e, keys_of(whole.type)) not in (None, "Tensor"):
            return Const(negate)  # a tensor is in there by which one it is
        operands = [whole, materialise(e, as_key(e, item, whole) if keyed else held(e, item))]
        return Run(e.py("not_contains" if negate else "contains", operands))
    if isinstance(found, Const):
        return Const(bool(found.value) is not negate)
    value = materialise(e, found)
    return Run(e.emit(py_op("not")([value], [ts.BOOL]))) if negate else Run(value)


def _holds_objects(e: Emitter, container: Value) -> bool:
    """Whether a container may have objects of the program in it."""
    kind = e.session.type_of(container)
    return kind is None or any(isinstance(part, ts.ClassType | ts.AnyType | ts.UnionType) for part in parts_of(kind))
