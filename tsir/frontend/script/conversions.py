"""Built-in types as functions: `int(x)`, `str(x)`, `list(x)`, `dict(x)`, `set(x)` and their kin."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Sequence

from tsir.dialects.builtin_bases import builtin_base
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.dialects.ts.structure import CastOp, ListOp
from tsir.frontend.script import prelude
from tsir.frontend.script.builtin_bases import plain as as_builtin
from tsir.frontend.script.call_arguments import Arguments, as_number, python_number
from tsir.frontend.script.class_texts import text_of_class
from tsir.frontend.script.convert import as_python, is_taken_for_empty, list_of, materialise, tuple_elements, uninitialized
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.enums import number_behind, text_of_member
from tsir.frontend.script.exception_values import exception_text
from tsir.frontend.script.keys import as_key
from tsir.frontend.script.listed import as_object, view_of
from tsir.frontend.script.numpy_scalars import as_text
from tsir.frontend.script.operator_calls import is_tensor
from tsir.frontend.script.read_only_sets import constant_set
from tsir.frontend.script.several_types import text_by_type, use_by_type
from tsir.frontend.script.special_methods import call_own_method, text_of_named_tuple
from tsir.frontend.script.static_state import dict_method, fresh, new_dict
from tsir.frontend.script.truth import as_bool, truth
from tsir.frontend.script.type_relations import join_types, members
from tsir.frontend.script.values import (
    FALSE,
    Choice,
    Const,
    Coroutine,
    Filter,
    Object,
    PyFunction,
    PyObject,
    RaisedException,
    Range,
    Run,
    StaticTuple,
    Value,
)
from tsir.ops import python


def text_of(e: Emitter, value: Value) -> Value:
    """An object with `__str__` as its text, anything else as it is; what is a tuple in Python, as one."""
    if isinstance(value, Run) and value.tuple_like == "size":
        return Run(e.py("size_text", [value.ssa]))
    if isinstance(value, Run) and value.is_tuple:
        return as_python(e, value)
    if view_of(value) is not None:
        return as_object(e, value)
    if (text := text_of_class(e, value) or as_text(e, value)) is not None:
        return text
    if (by_type := text_by_type(e, value, lambda known: text_of(e, known))) is not None:
        return by_type
    if (text := text_of_named_tuple(e, value)) is not None:
        return text
    if not isinstance(value, Object):
        from tsir.frontend.script.object_text import repr_of

        if (shown := repr_of(e, value)) is not None:
            return shown
    if (text := text_of_member(e, value, "__str__", str)) is not None:
        return text
    if isinstance(value, RaisedException):
        return exception_text(e, value, "__str__") or value
    if isinstance(value, Object):
        found = e.session.call_optional_method(e, value, ("__str__", "__repr__"))
        return value if found is None else found
    return value


def _int(a: Arguments) -> Value:
    return _converted(a, "int")


def _float(a: Arguments) -> Value:
    return _converted(a, "float")


def special_method(e: Emitter, value: Value, name: str, rest: Sequence[Value] = ()) -> Value | None:
    """What a built-in function such as `int` or `abs` gives of an object with the method of that name; None for other values."""
    if isinstance(value, Object):
        return e.session.call_optional_method(e, value, (f"__{name}__",), rest)
    return call_own_method(e, value, f"__{name}__", rest)


def _converted(a: Arguments, name: str) -> Value:
    return _number_from(a, name, a.values())


def _number_from(a: Arguments, name: str, values: list[Value]) -> Value:
    from tsir.frontend.script.rows import call_row

    if values and (found := special_method(a.e, values[0], name)) is not None:
        return found
    values = [number_behind(a.e, v) for v in values]
    by_type = use_by_type(a.e, values[0], name, lambda known: _number_from(a, name, [known])) if len(values) == 1 else None
    if by_type is not None:
        return by_type
    if len(values) == 1 and is_tensor(a.e.session.type_of(values[0])):
        return python_number(a.e, values[0], name)
    if len(values) == 1 and isinstance(values[0], Const) and isinstance(values[0].value, bool | int | float):
        try:
            return Const({"int": int, "float": float}[name](values[0].value))
        except (OverflowError, ValueError):
            pass
    row = python.builtin(name)
    assert row is not None
    return call_row(a.e, row, values, a.keywords())


def _complex(a: Arguments) -> Value:
    from tsir.frontend.script.rows import call_row

    row = python.builtin("complex")
    assert row is not None
    values = a.values()
    if values and (found := special_method(a.e, values[0], "complex")) is not None:
        return found
    if len(values) == 1 and is_tensor(a.e.session.type_of(values[0])):
        return python_number(a.e, values[0], "complex")
    return call_row(a.e, row, [as_number(a.e, v, "complex") for v in values], a.keywords())


def _bool(a: Arguments) -> Value:
    a.exactly(0, 1)
    values = a.values()
    return as_bool(a.e, truth(a.e, values[0])) if values else FALSE


def _str(a: Arguments) -> Value:
    a.exactly(0, 3)
    values = a.values()
    if not values:
        return Const("")
    if len(a.node.args) + len(a.node.keywords) > 1:
        from tsir.frontend.script.rows import call_row

        row = python.lookup("str_of_bytes")
        assert row is not None
        return call_row(a.e, row, values, a.keywords())
    value = text_of(a.e, values[0])
    if isinstance(a.e.session.type_of(value), ts.StrType):
        return value
    if isinstance(value, PyObject):
        return Const(str(value.value))
    if isinstance(value, Const) and isinstance(value.value, bool | int | None):
        return Const(str(value.value))
    return Run(a.e.py("str", [materialise(a.e, value)]))


def _list(a: Arguments) -> Value:
    from tsir.frontend.script.comprehensions import collect

    a.exactly(0, 1)
    values = a.values()
    if not values:
        return a.e.session.empty_list(a.e, a.want)
    return collect(a.e, values[0])


def _tuple(a: Arguments) -> Value:
    from tsir.frontend.script.comprehensions import collect, known_elements
    from tsir.frontend.script.generators import is_lazy
    from tsir.frontend.script.iteration import items_of

    a.exactly(0, 1)
    e, values = a.e, [as_builtin(a.e, v, "__iter__") for v in a.values()]
    if not values:
        return StaticTuple(())
    elements = tuple_elements(e, values[0])
    if elements is not None:
        return StaticTuple(tuple(elements))
    if isinstance(values[0], Run) and (values[0].tuple_like == "tuple" or isinstance(values[0].type, ts.TupleOfType)):
        return values[0]
    known = known_elements(e, values[0])
    if known is not None:
        return StaticTuple(tuple(known))
    if not isinstance(values[0], Run | Range | Filter | Coroutine | Choice | Object) and not is_lazy(values[0]):
        static = items_of(e, values[0]).static
        if static is not None:
            return StaticTuple(tuple(thunk() for thunk in static))
    return Run(materialise(e, collect(e, values[0])), "tuple")


def _dict(a: Arguments) -> Value:
    from tsir.frontend.script.rows import call_row

    values, keywords = [as_builtin(a.e, v, "__iter__", "keys") for v in a.values()], a.keywords()
    if a.e.dynamic and not a.want:
        made = new_dict(a.e, {})
        if not values or dict_method(a.e, made, "update", values, keywords) is not None:
            if not values:
                dict_method(a.e, made, "update", [], keywords)
            return fresh(a.e, made)
    if not values and not keywords:
        return a.e.session.empty_dict(a.e, a.want)
    if not values:
        return a.e.session.dict_of(a.e, [(Const(k), v) for k, v in keywords.items()], a.want)
    e = a.e
    if isinstance(values[0], Object) and values[0].info.lookup("keys") is not None:
        from tsir.frontend.script.calls import call

        values[0] = call(e, PyFunction(prelude.dict_of_keys), [values[0]], {})
    row = python.builtin("dict")
    assert row is not None
    if not keywords and is_taken_for_empty(e, values[0]):
        return e.session.empty_dict(e, a.want)
    made = call_row(e, row, values)
    kind = e.session.type_of(made)
    if not keywords or not isinstance(kind, ts.DictType):
        return made
    # The dict is a new one that nobody else sees, so that its values may get a wider type.
    rest = materialise(e, e.session.dict_of(e, [(Const(k), v) for k, v in keywords.items()], None))
    assert isinstance(rest.type, ts.DictType)
    wider = ts.DictType(join_types(kind.key, rest.type.key), join_types(kind.value, rest.type.value))
    whole = e.cast(materialise(e, made), wider)
    e.py("dict_update", [whole, e.cast(rest, wider)])
    return Run(whole)


def _plain_items(e: Emitter, items: Value) -> Value:
    """A list of what is put into a set, with objects of classes derived from str, int, float and tuple as what they are."""
    kind = e.session.type_of(items)
    parts = members(kind.element) if isinstance(kind, ts.ListType) else ()
    classes = [e.session.class_of(m) for m in parts if isinstance(m, ts.ClassType)]
    own = [cls for cls in classes if cls is not None and builtin_base(cls) in prelude.PLAIN_VALUES]
    if not own or any(inspect.isfunction(cls.__eq__) for cls in own):
        return items
    made = items.ssa.owner if isinstance(items, Run) else None
    if isinstance(made, ListOp):
        values = [e.session.object_or_run(o.owner.operands[0] if isinstance(o.owner, CastOp) else o) for o in made.elements]
        return Run(list_of(e, [as_builtin(e, v) for v in values]))
    if len(parts) > 1:
        e.unsupported(f"a set of objects of {own[0].__name__} and of other values", hint="convert the objects first")
    return e.session.call_function(e, PyFunction(prelude.PLAIN_VALUES[builtin_base(own[0])]), [items], {})


def distinct(e: Emitter, items: Value) -> Value:
    """The elements of a set to be made: of objects that are compared by a method the first of those that are equal."""
    items = _plain_items(e, items)
    kind = e.session.type_of(items)
    sure = not isinstance(items, Run) or items.ssa not in e.session.assumed
    if isinstance(kind, ts.ListType) and is_tensor(kind.element) and sure:
        as_key(e, Run(uninitialized(e, kind.element)))
    if isinstance(kind, ts.ListType) and isinstance(kind.element, ts.ClassType):
        cls = e.session.class_of(kind.element)
        if cls is not None and not issubclass(cls, enum.Enum) and cls.__eq__ is not object.__eq__:
            return e.session.call_function(e, PyFunction(prelude.distinct), [items], {})
    return items


def _set(a: Arguments) -> Value:
    """`set(items)`, `frozenset(items)`; an empty set takes the type of what is put in first."""
    from tsir.frontend.script.comprehensions import collect

    a.exactly(0, 1)
    e, values = a.e, a.values()
    if e.dynamic and values and (known := constant_set(e, e.node, e.latest(values[0]))) is not None:
        return known
    if values:
        return Run(e.py("set", [materialise(e, distinct(e, collect(e, values[0])))]))
    wanted = next((w for w in (a.want, e.want) if isinstance(w, ts.SetType)), None)
    known = isinstance(e.want, ts.SetType)
    kind = wanted if wanted is not None else e.session.opened(e, ts.SetType(ts.StrType()))
    result = e.emit(py_op("set")([], [kind]))
    if not known:
        e.session.assume(result)
    return Run(result)


def _frozenset(a: Arguments) -> Value:
    """`frozenset(items)`."""
    from tsir.frontend.script.comprehensions import collect

    a.exactly(0, 1)
    e, values = a.e, a.values()
    if values:
        return Run(e.py("frozenset", [materialise(e, collect(e, values[0]))]))
    kind = e.want if isinstance(e.want, ts.FrozenSetType) else ts.FrozenSetType(ts.AnyType())
    return Run(e.emit(py_op("frozenset")([], [kind])))


CONVERSIONS: dict[str, Callable[[Arguments], Value]] = {
    "int": _int, "float": _float, "complex": _complex, "bool": _bool, "str": _str, "list": _list, "tuple": _tuple, "dict": _dict,
    "set": _set, "frozenset": _frozenset,
}  # fmt: skip
"""What emits each of these built-ins."""
