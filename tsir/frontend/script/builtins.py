"""Functions that the compiler itself carries out: Python's and torch.jit's that look at types, names or trees.

`BUILTINS` maps their names to what emits them, `named_builtin` a Python object to its name here.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import types
import typing
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import _jit_internal as jit_internal
from xdsl.ir import Attribute, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.dialects.ts.structure import RaiseOp
from tsir.dialects.values import uninitialized
from tsir.errors import did_you_mean
from tsir.frontend.script import ambient, static_objects
from tsir.frontend.script.attributes import get_attribute, set_attribute, type_of_value
from tsir.frontend.script.concurrency import emit_fork, emit_no_wait, emit_wait
from tsir.frontend.script.convert import (
    Tuples,
    as_bool,
    as_key,
    as_python,
    coerce,
    join_types,
    materialise,
    truth,
    tuple_elements,
)
from tsir.frontend.script.convert import uninitialized as uninitialized_value
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.enums import plain, text_of_member
from tsir.frontend.script.exception_values import exception_text
from tsir.frontend.script.numbers import number_in
from tsir.frontend.script.operators import is_tensor, torch_call
from tsir.frontend.script.static_state import dict_method, fresh, new_dict, note_asked
from tsir.frontend.script.values import (
    FALSE,
    ITERATORS,
    NONE,
    Builtin,
    Choice,
    Condition,
    Const,
    Coroutine,
    Enumerate,
    EnumValue,
    ExceptionClass,
    ExceptionValue,
    Filter,
    GeneratorCall,
    Map,
    Object,
    PyFunction,
    PyObject,
    RaisedException,
    Range,
    Reversed,
    Run,
    Slice,
    Spread,
    StaticDict,
    StaticList,
    StaticObject,
    StaticTuple,
    Super,
    Value,
    Zip,
)
from tsir.ops import python
from tsir.ops.python_types import UNKNOWN


@dataclass
class Arguments:
    """A call of one of these functions, its arguments not evaluated yet."""

    e: Emitter
    node: ast.Call
    want: Any = None

    def values(self, *, spread: bool = False) -> list[Value]:
        """The positional arguments, evaluated. With `spread`, `*values` of unknown length may be among them."""
        from tsir.frontend.script.calls import argument_trees, evaluate_arguments

        args, kwargs = evaluate_arguments(self.e, self.node)
        for value, tree in zip(args, self.node.args, strict=False):
            if isinstance(value, Spread) and not spread:
                self.e.error(
                    f"only a tuple of known length can be passed with * here, not a {self.e.show(value.values)}",
                    node=tree,
                    hint="pass the elements one by one",
                    code="TS401",
                )
        self.e.call_arguments.extend(argument_trees(self.node, args, kwargs))
        return args

    def keywords(self) -> dict[str, Value]:
        """The keyword arguments, evaluated."""
        return {k.arg: self.e.expression(k.value) for k in self.node.keywords if k.arg}

    def exactly(self, least: int, most: int | None = None) -> None:
        """Raises FrontendError for another number of arguments."""
        count = len(self.node.args) + len(self.node.keywords)
        if not least <= count <= (least if most is None else most):
            name = ast.unparse(self.node.func)
            number = str(least) if most in (None, least) else f"{least} to {most}"
            plural = "" if number == "1" else "s"
            self.e.error(f"{name}() takes {number} argument{plural}, got {count}", node=self.node, code="TS401")


_LITERAL_NAME = "write the name as a str literal, or keep the values in a dict"


def as_number(e: Emitter, value: Value, name: str) -> Value:
    """A tensor with one element as its number, for functions of Python's that take numbers."""
    if is_tensor(e.session.type_of(value)):
        return Run(e.py("float", [e.aten_value("item", [materialise(e, value)])]))
    return value


def _isinstance(a: Arguments) -> Value:
    from tsir.frontend.script.conditions import condition

    a.exactly(2)
    return as_bool(a.e, condition(a.e, a.node).value)


def _range(a: Arguments) -> Value:
    a.exactly(1, 3)
    values = [Run(_to_int(a.e, v)) if is_tensor(a.e.session.type_of(v)) else plain(a.e, v) for v in a.values()]
    start, stop = (Const(0), values[0]) if len(values) == 1 else values[:2]
    return Range(start, stop, values[2] if len(values) == 3 else Const(1))


def _to_int(e: Emitter, value: Value) -> Any:
    return e.py("int", [e.aten_value("item", [materialise(e, value)])])


def _enumerate(a: Arguments) -> Value:
    a.exactly(1, 2)
    values = a.values()
    start = a.keywords().get("start", values[1] if len(values) > 1 else Const(0))
    return Enumerate(values[0], start)


def _zip(a: Arguments) -> Value:
    values, strict = a.values(spread=True), a.keywords().get("strict", FALSE)
    if any(isinstance(v, Spread) for v in values):
        return _zip_of_rows(a, values)
    if isinstance(strict, Const) and not strict.value:
        return Zip(tuple(values))
    if isinstance(strict, Const):
        return Zip(tuple(values), strict)
    a.e.unsupported("an argument 'strict' of zip() that isn't a constant", node=a.node)


def _zip_of_rows(a: Arguments, values: list[Value]) -> Value:
    """`zip(*rows)`: of tuples of mixed types the columns, which are as many as the tuples have elements; of other rows a list."""
    from tsir.frontend.script.comprehensions import collect

    e = a.e
    if len(values) != 1 or not isinstance(values[0], Spread):
        e.unsupported("zip() of a list of unknown length and more", node=a.node, hint="put all rows into one list")
    rows = materialise(e, collect(e, values[0].values))
    kind = rows.type
    if (
        not isinstance(kind, ts.ListType)
        or not isinstance(kind.element, Tuples)
        or len(set(kind.element.elements.data)) == 1
    ):
        return Run(e.py("zip_rows", [rows]))
    count = len(kind.element.elements.data)
    _refuse_empty(e, rows, count)
    return StaticTuple(tuple(Run(e.py("column", [rows, e.int_constant(i)], [UNKNOWN, i]), "tuple") for i in range(count)))


def _refuse_empty(e: Emitter, rows: SSAValue, count: int) -> None:
    from tsir.frontend.script.control import emit_branch
    from tsir.frontend.script.emitter import end_of

    message = f"not enough values to unpack (expected {count}, got 0)"
    empty = Condition(e.emit(py_op("not")([e.py("bool", [rows])], [ts.BOOL])))
    assert isinstance(e.node, ast.stmt | ast.expr)
    emit_branch(e, empty, lambda: raise_error(e, "ValueError", message), lambda: None, end_of(e.node))


def _reversed(a: Arguments) -> Value:
    a.exactly(1)
    value = a.values()[0]
    if isinstance(value, Object) and (found := a.e.session.call_optional_method(a.e, value, ("__reversed__",))) is not None:
        return found
    if isinstance(value, Run) and is_tensor(value.type):
        return torch_call(a.e, "flip", [value, StaticList((Const(0),))])
    return Reversed(value)


def _len(a: Arguments) -> Value:
    a.exactly(1)
    value = a.values()[0]
    e = a.e
    if isinstance(value, StaticTuple | StaticList):
        return Const(len(value.elements))
    if isinstance(value, StaticDict):
        note_asked(e, value.items)
        return Const(len(value.items))
    if isinstance(value, StaticObject) and (found := static_objects.call_special(e, value, "__len__", [])) is not None:
        return found
    if isinstance(value, Const) and isinstance(value.value, str):
        return Const(len(value.value))
    if isinstance(value, Run) and isinstance(value.type, Tuples):
        return Const(len(value.type.elements.data))
    if isinstance(value, Object):
        static = e.session.object_length(value)
        if static is not None:
            return Const(static)
        found = e.session.call_optional_method(e, value, ("__len__",))
        if found is not None:
            return found
        name = value.info.python_class.__name__
        e.error(f"an object of {name} has no len()", hint=f"define __len__ in class {name}", code="TS307")
    if isinstance(value, PyObject) and hasattr(value.value, "__len__"):
        return Const(len(value.value))
    ssa = materialise(e, plain(e, value))
    return Run(e.aten_value("size", [ssa, 0])) if is_tensor(ssa.type) else Run(e.py("len", [ssa]))


def _print(a: Arguments) -> Value:
    values = a.values(spread=True)
    spread = "" if not any(isinstance(v, Spread) for v in values) else python.SPREAD
    if spread:
        values = spread_last(a.e, values, a.node)
    operands = [materialise(a.e, v.values if isinstance(v, Spread) else text_of(a.e, v)) for v in values]
    keywords = a.keywords()
    if set(keywords) - {"sep", "end"}:
        a.e.unsupported(f"argument '{next(iter(set(keywords) - {'sep', 'end'}))}' of print()", node=a.node)
    if keywords:
        parts = [materialise(a.e, keywords.get(n, Const(d))) for n, d in (("sep", " "), ("end", "\n"))]
        a.e.py("print_with" + spread, [*parts, *operands])
    else:
        a.e.py("print" + spread, operands)
    return NONE


def spread_last(e: Emitter, values: list[Value], node: ast.AST | None) -> list[Value]:
    """Arguments of a variadic function with one `*values` among them, in last place, as a list."""
    from tsir.frontend.script.comprehensions import collect

    last = values[-1]
    if sum(isinstance(v, Spread) for v in values) != 1 or not isinstance(last, Spread):
        hint = "put the values into one list first: `values = [*a, b]`"
        e.unsupported("more than one argument with *, or one that isn't the last,", node=node, hint=hint)
    is_list = isinstance(last.values, Run) and isinstance(last.values.type, ts.ListType)
    return [*values[:-1], last if is_list else Spread(collect(e, last.values))]


def text_of(e: Emitter, value: Value) -> Value:
    """An object with `__str__` as its text, anything else as it is; what is a tuple in Python, as one."""
    if isinstance(value, Run) and value.tuple_like == "size":
        return Run(e.py("size_text", [value.ssa]))
    if isinstance(value, Run) and value.is_tuple:
        return as_python(e, value)
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


def _hasattr(a: Arguments) -> Value:
    a.exactly(2)
    holder, name = a.values()
    if not isinstance(name, Const) or not isinstance(name.value, str):
        a.e.error("the name in hasattr() has to be a constant", value=name, hint=_LITERAL_NAME, code="TS507")
    return Const(has_attribute(a.e, holder, name.value))


def has_attribute(e: Emitter, holder: Value, name: str) -> bool:
    """`hasattr(holder, name)`, decided while compiling."""
    if isinstance(holder, Object):
        return e.session.has_attribute(holder, name)
    if isinstance(holder, StaticObject):
        return static_objects.has_attribute(e, holder, name)
    if isinstance(holder, PyObject):
        return hasattr(holder.value, name) or ambient.attribute(e, holder, name) is not None
    if isinstance(holder, PyFunction):
        return hasattr(holder.function, name)
    if isinstance(holder, StaticTuple):
        return holder.named is not None and name in [f.data for f in holder.named.fields.data]
    kind = e.session.type_of(holder)
    if isinstance(kind, ts.NamedTupleType):
        return name in [f.data for f in kind.fields.data] or hasattr(tuple, name)
    if is_tensor(kind):
        return hasattr(torch.Tensor, name)
    python_class = None if kind is None else e.session.python_class(kind)
    return python_class is not None and hasattr(python_class, name)


def _getattr(a: Arguments) -> Value:
    a.exactly(2, 3)
    holder, name, *default = a.values()
    if not isinstance(name, Const) or not isinstance(name.value, str):
        a.e.error(
            "the name in getattr() has to be a constant",
            value=name,
            hint=_LITERAL_NAME,
            code="TS507",
        )
    if default and not has_attribute(a.e, holder, name.value):
        return default[0]
    return get_attribute(a.e, holder, name.value)


def _setattr(a: Arguments) -> Value:
    a.exactly(3)
    holder, name, value = a.values()
    if not isinstance(name, Const) or not isinstance(name.value, str):
        a.e.error(
            "the name in setattr() has to be a constant",
            value=name,
            hint=_LITERAL_NAME,
            code="TS507",
        )
    set_attribute(a.e, holder, name.value, value)
    return NONE


def _super(a: Arguments) -> Value:
    e = a.e
    function = e.source.function
    if len(a.node.args) == 2:
        cls = a.values()[0]
        after = cls.value if isinstance(cls, PyObject) else None
    else:
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=False))
        after = cells["__class__"].cell_contents if "__class__" in cells else None
    first = e.source.node.args.args[0].arg if e.source.node.args.args else ""
    receiver = e.variables.get(first)
    if after is None or receiver is None or not isinstance(receiver.value, Object | StaticObject | PyObject):
        e.error("super() can only be used in a method")
    return Super(receiver.value, after)


def _type(a: Arguments) -> Value:
    a.exactly(1)
    value = a.values()[0]
    if isinstance(value, Object):
        return PyObject(value.info.python_class, value.info.name)
    if isinstance(value, StaticObject):
        return PyObject(value.cls, value.cls.__name__)
    if isinstance(value, PyObject):
        return PyObject(type(value.value), type(value.value).__name__)
    if isinstance(value, RaisedException):
        return ExceptionClass(value.ssa, value.cls)
    if isinstance(value, ExceptionValue):
        return PyObject(value.cls, value.cls.__name__)
    if isinstance(a.e.session.type_of(value), ts.AnyType):
        return ExceptionClass(materialise(a.e, value))
    return type_of_value(a.e, value)


# Conversions


def _int(a: Arguments) -> Value:
    return _converted(a, "int")


def _float(a: Arguments) -> Value:
    return _converted(a, "float")


def special_method(e: Emitter, value: Value, name: str, rest: Sequence[Value] = ()) -> Value | None:
    """What a built-in function such as `int` or `abs` gives of an object with the method of that name; None for other values."""
    return e.session.call_optional_method(e, value, (f"__{name}__",), rest) if isinstance(value, Object) else None


def _converted(a: Arguments, name: str) -> Value:
    from tsir.frontend.script.rows import call_row

    values = a.values()
    if values and (found := special_method(a.e, values[0], name)) is not None:
        return found
    if len(values) == 1 and is_tensor(a.e.session.type_of(values[0])):
        return Run(a.e.py(name, [a.e.aten_value("item", [materialise(a.e, values[0])])]))
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
    e, values = a.e, a.values()
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

    values, keywords = a.values(), a.keywords()
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
    row = python.builtin("dict")
    assert row is not None
    if isinstance(values[0], Run) and values[0].ssa in e.session.assumed and not keywords:
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


def _reduction(name: str, method: str) -> Callable[..., Value]:
    """`abs`, `round`, `min`, `max`, `sum`, `pow`...: the tensor's method for tensors, the table's row for Python's values."""

    def emit(a: Arguments, evaluated: list[Value] | None = None) -> Value:
        from tsir.frontend.script import prelude
        from tsir.frontend.script.calls import call
        from tsir.frontend.script.comprehensions import collect
        from tsir.frontend.script.expressions import joined
        from tsir.frontend.script.rows import call_row

        e = a.e
        values, keywords = evaluated or a.values(spread=name in ("min", "max")), a.keywords()
        if values and isinstance(values[0], (*ITERATORS, Coroutine)):
            values[0] = collect(e, values[0])
        if any(isinstance(v, Spread) for v in values):
            row = python.lookup(name)
            assert row is not None
            if not keywords:
                return call_row(e, row, values)
            values = [joined(e, values)]
        kinds = [e.session.type_of(v) for v in values]
        if values and (special := special_method(a.e, values[0], name, values[1:])) is not None:
            return special
        if name in ("divmod", "pow") and len(values) == 2 and isinstance(values[1], Object):
            reflected = special_method(a.e, values[1], f"r{name}", values[:1])
            if reflected is not None:
                return reflected
        if kinds and is_tensor(kinds[0]) and (len(values) == 1 or name in ("pow", "round")):
            if name == "sum":
                return torch_call(e, "sum", [values[0], Const(0)])
            over_rows = prelude.TENSOR_REDUCTIONS.get(name) if not keywords else None
            return torch_call(e, method, values) if over_rows is None else call(e, PyFunction(over_rows), values, {})
        start = values[1] if len(values) > 1 else keywords.get("start")
        if name == "sum" and isinstance(values[0], Run) and values[0].ssa in e.session.assumed:
            return Const(0) if start is None else start
        if name == "sum" and start is not None and isinstance(e.session.type_of(start), ts.ListType | Tuples):
            if isinstance(start, Run) and start.ssa in e.session.assumed:
                return call(e, PyFunction(prelude.sum_of_lists), [values[0]], {})
            return call(e, PyFunction(prelude.sum_of_sequences), [values[0], start], {})
        if (
            name == "sum"
            and isinstance(kinds[0], ts.ListType)
            and isinstance(kinds[0].element, ts.TensorType | ts.ListType | ts.ClassType)
        ):
            return _sum_by_operator(e, [*values, *keywords.values()], kinds[0].element)
        key = keywords.pop("key", None)
        if key is not None and name in ("min", "max") and not (isinstance(key, Const) and key.value is None):
            return _extreme_by_key(a, name, values, key)
        if len(values) == 1 and isinstance(values[0], Object):
            values[0] = collect(e, values[0])
            kinds = [e.session.type_of(values[0])]
        if name in ("min", "max") and (found := _extreme_object(e, name, values, keywords)) is not None:
            return found
        if "default" in keywords:
            row = python.lookup(f"{name}_default")
            assert row is not None
            return call_row(e, row, [*values, keywords["default"]])
        row = python.builtin(name)
        assert row is not None
        if len(values) >= 1 and kinds[0] is None:
            values[0] = collect(e, values[0])
        return call_row(e, row, values, keywords)

    return emit


def _sum_by_operator(e: Emitter, values: list[Value], element: Attribute) -> Value:
    """`sum` of tensors or lists: what adding one after the other gives."""
    from tsir.frontend.script import prelude
    from tsir.frontend.script.calls import call

    if isinstance(element, ts.ClassType):
        return call(e, PyFunction(prelude.sum_from), [values[0], values[1] if len(values) > 1 else Const(0)], {})
    if len(values) == 1:
        return call(e, PyFunction(prelude.sum_of_tensors), values, {})
    start = Run(coerce(e, values[1], element, "the start of sum()")) if isinstance(element, ts.ListType) else values[1]
    return call(e, PyFunction(prelude.sum_from), [values[0], start], {})


def _keys_of(e: Emitter, items: Value, key: Value) -> Any:
    """The list of `key(item)` for the items of a list."""
    from tsir.frontend.script.comprehensions import collect

    return materialise(e, collect(e, Map(key, (items,))))


def _extreme_object(e: Emitter, name: str, values: list[Value], keywords: dict[str, Value]) -> Value | None:
    """`min` and `max` of objects that define `<`, or of tuples and lists of such; None for other values."""
    from tsir.frontend.script.comparing import compares_objects, extreme_position
    from tsir.frontend.script.comprehensions import collect

    if keywords or not values:
        return None
    if len(values) > 1 and not any(compares_objects(e, e.session.type_of(v)) for v in values):
        return None
    items = values[0] if len(values) == 1 else collect(e, StaticList(tuple(values)))
    position = extreme_position(e, name, items)
    return None if position is None else _item(e, items, position)


def _item(e: Emitter, items: Value, position: Value) -> Value:
    return e.session.object_or_run(e.py("getitem", [materialise(e, items), materialise(e, position)]))


def _extreme_by_key(a: Arguments, name: str, values: list[Value], key: Value) -> Value:
    """`min` and `max` with a key: the first item whose key is the least or the greatest."""
    from tsir.frontend.script.comparing import extreme_position
    from tsir.frontend.script.comprehensions import collect

    e = a.e
    items = collect(e, values[0] if len(values) == 1 else StaticList(tuple(values)))
    keys = _keys_of(e, items, key)
    return _item(e, items, extreme_position(e, name, Run(keys)) or Run(e.py(f"{name}_position", [keys])))


def sorted_items(e: Emitter, items: Value, keywords: dict[str, Value]) -> Value:
    """A sorted list of the items of a list, by a key where there is one, else by `<`."""
    from tsir.frontend.script.comparing import order_of
    from tsir.frontend.script.rows import call_row

    key, reverse = keywords.pop("key", NONE), keywords.pop("reverse", FALSE)
    if keywords:
        wrong = next(iter(keywords))
        e.error(f"sorted() has no argument '{wrong}'", hint=did_you_mean(wrong, ("key", "reverse")), code="TS402")
    if not (isinstance(key, Const) and key.value is None):
        keys = _keys_of(e, items, key)
        order = order_of(e, Run(keys), reverse) or Run(e.py("sort_order", [keys, materialise(e, reverse)]))
        return Run(e.py("taken", [materialise(e, items), materialise(e, order)]))
    order = order_of(e, items, reverse)
    if order is not None:
        return Run(e.py("taken", [materialise(e, items), materialise(e, order)]))
    row = python.builtin("sorted")
    assert row is not None
    return call_row(e, row, [items, reverse])


def _sorted(a: Arguments) -> Value:
    from tsir.frontend.script.comprehensions import collect

    values = a.values()
    if len(values) != 1:
        a.e.error("sorted() takes one positional argument", code="TS401")
    return sorted_items(a.e, collect(a.e, values[0]), a.keywords())


def refuse_unhashable(e: Emitter, items: Value) -> Value:
    """The elements of a set to be made. Raises UnsupportedError for objects that are compared by a method."""
    kind = e.session.type_of(items)
    if isinstance(kind, ts.ListType) and isinstance(kind.element, ts.ClassType):
        value = e.session.object_or_run(uninitialized_value(e, kind.element))
        as_key(e, value)
    return items


def _set(a: Arguments) -> Value:
    """`set(items)`, `frozenset(items)`; an empty set takes the type of what is put in first."""
    from tsir.frontend.script.comprehensions import collect

    a.exactly(0, 1)
    e, values = a.e, a.values()
    if values:
        return Run(e.py("set", [materialise(e, refuse_unhashable(e, collect(e, values[0])))]))
    known = isinstance(e.want, ts.SetType)
    result = e.emit(py_op("set")([], [a.want if isinstance(a.want, ts.SetType) else ts.SetType(ts.StrType())]))
    if not known:
        e.session.assumed.add(result)
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


def _slice(a: Arguments) -> Value:
    a.exactly(1, 3)
    values = a.values()
    start, stop = (NONE, values[0]) if len(values) == 1 else values[:2]
    return Slice(start, stop, values[2] if len(values) == 3 else NONE)


def _row(name: str) -> Callable[[Arguments], Value]:
    def emit(a: Arguments) -> Value:
        from tsir.frontend.script.rows import call_row

        row = python.builtin(name)
        assert row is not None
        return call_row(a.e, row, a.values(), a.keywords())

    return emit


def _issubclass(a: Arguments) -> Value:
    a.exactly(2)
    cls, bases = (_class_behind(a.e, v) for v in a.values())
    try:
        return Const(issubclass(cls, bases))
    except TypeError as error:
        a.e.error(str(error), code="TS507")


def _class_behind(e: Emitter, value: Value) -> Any:
    """The class or tuple of classes that a value stands for."""
    match value:
        case Builtin():
            return getattr(builtins, value.name, None)
        case PyObject():
            return value.value
        case StaticTuple():
            return tuple(_class_behind(e, v) for v in value.elements)
        case _:
            return None


def _map(a: Arguments) -> Value:
    function, *iterables = a.values()
    return Map(function, tuple(iterables))


def _filter(a: Arguments) -> Value:
    a.exactly(2)
    function, iterable = a.values()
    return Filter(function, iterable)


def _iter(a: Arguments) -> Value:
    from tsir.frontend.script import lazy
    from tsir.frontend.script.coroutines import iterator_of
    from tsir.frontend.script.generators import generator_of

    a.exactly(1, 2)
    values = a.values()
    if len(values) == 2:
        return generator_of(a.e, lazy.called_until, *values)
    return values[0] if isinstance(values[0], GeneratorCall) else iterator_of(a.e, values[0])


def _next(a: Arguments) -> Value:
    from tsir.frontend.script import lazy, prelude
    from tsir.frontend.script.calls import call
    from tsir.frontend.script.comprehensions import first_of_generator
    from tsir.frontend.script.coroutines import next_of

    a.exactly(1, 2)
    e, node = a.e, a.node
    if isinstance(node.args[0], ast.GeneratorExp):
        return first_of_generator(e, node.args[0], node.args[1] if len(node.args) == 2 else None)
    source, *default = a.values()
    if isinstance(source, Coroutine | Choice):
        return next_of(e, source, default[0] if default else None)
    if isinstance(source, GeneratorCall | Enumerate | Zip | Map | Filter | Reversed):
        return call(e, PyFunction(prelude.first_or if default else prelude.first), [source, *default], {})
    if isinstance(source, Object) and source.info.lookup("__next__") is not None:
        if default:
            return call(e, PyFunction(lazy.next_or), [source, *default], {})
        return call(e, get_attribute(e, source, "__next__"), [], {})
    e.error(f"a value of type {e.show(source)} isn't an iterator", value=source, hint="write next(iter(...))", code="TS307")


def _any_all(name: str) -> Callable[[Arguments], Value]:
    """`any` and `all`: of a generator expression only as many elements are evaluated as it takes."""
    plain = _reduction(name, name)

    def emit(a: Arguments) -> Value:
        from tsir.frontend.script import prelude
        from tsir.frontend.script.calls import call
        from tsir.frontend.script.comprehensions import test_of_generator

        a.exactly(1)
        if isinstance(a.node.args[0], ast.GeneratorExp):
            return test_of_generator(a.e, a.node.args[0], wanted=name == "any")
        value = a.values()[0]
        if isinstance(value, (*ITERATORS, Coroutine, Choice)):
            return call(a.e, PyFunction(prelude.any_of if name == "any" else prelude.all_of), [value], {})
        return plain(a, [value])

    return emit


# torch.jit's own


def _annotate(a: Arguments) -> Value:
    a.exactly(2)
    found = a.e.session.annotations.of_node(a.node.args[0], a.e.annotation_scope(), a.e.place)
    value = a.e.expression(a.node.args[1], found.type)
    if found.type is None:
        return value
    value = number_in(a.e, value, found.type)
    return a.e.session.object_or_run(coerce(a.e, value, found.type, "torch.jit.annotate()"))


def _typing_cast(a: Arguments) -> Value:
    a.exactly(2)
    found = a.e.session.annotations.of_node(a.node.args[0], a.e.annotation_scope(), a.e.place)
    value = a.e.expression(a.node.args[1], found.type)
    kind = a.e.session.type_of(value)
    if found.type is None or kind is None or kind == found.type:
        return value
    return a.e.session.object_or_run(a.e.cast(materialise(a.e, value), found.type))


def _uninitialized(a: Arguments) -> Value:
    a.exactly(1)
    found = a.e.session.annotations.of_node(a.node.args[0], a.e.annotation_scope(), a.e.place, generic=True)
    if found.type is None:
        a.e.error("uninitialized() takes a concrete type")
    return a.e.session.object_or_run(uninitialized_value(a.e, found.type))


def _new_object(a: Arguments) -> Value:
    """`C.__new__(C)`: an object without attributes."""
    a.exactly(1)
    value = a.values()[0]
    if not isinstance(value, PyObject) or not isinstance(value.value, type):
        a.e.error("__new__() takes a class")
    return a.e.session.new_object(a.e, value.value)


def _unwrap_optional(a: Arguments) -> Value:
    from tsir.frontend.script.conditions import none_test
    from tsir.frontend.script.control import emit_branch
    from tsir.frontend.script.emitter import end_of

    a.exactly(1)
    e = a.e
    value = a.values()[0]
    kind = e.session.type_of(value)
    test = none_test(e, value, None, negate=False)
    if test.value is True:
        e.error("the value is None here", code="TS306")
    if not isinstance(test.value, bool):
        emit_branch(
            e, test, lambda: raise_error(e, "AssertionError", "Unwrapping null optional"), lambda: None, end_of(a.node)
        )
    if isinstance(kind, ts.OptionalType):
        return e.session.object_or_run(e.cast(materialise(e, value), kind.element))
    return value


def raise_error(e: Emitter, name: str, message: str | Value) -> None:
    """`raise name(message)`."""
    text = Const(message) if isinstance(message, str) else message
    e.emit_void(RaiseOp(name, [materialise(e, text)]))
    e.dead = True


def _assert(a: Arguments) -> Value:
    from tsir.frontend.script.statements import emit_assertion

    a.exactly(2)
    emit_assertion(a.e, a.node.args[0], a.node.args[1])
    return NONE


def _warn(a: Arguments) -> Value:
    a.e.py("warn", [materialise(a.e, text_of(a.e, v)) for v in a.values()[:1]])
    return NONE


def _constant(value: Value) -> Callable[[Arguments], Value]:
    def emit(a: Arguments) -> Value:
        return value

    return emit


def _is_scripting(a: Arguments) -> Value:
    # There it stands before errors that say what torch.jit can't do.
    return Const(a.e.source.function.__module__ != "torch.nn.utils.parametrize")


def _nothing(a: Arguments) -> Value:
    a.values()
    return NONE


def _callable(a: Arguments) -> Value:
    from tsir.frontend.script.values import Closure, Method, Partial

    value = a.values()[0]
    return Const(
        isinstance(value, PyFunction | Method | Builtin | Closure | Partial)
        or (isinstance(value, PyObject) and callable(value.value))
    )


def _unsupported(what: str, hint: str) -> Callable[[Arguments], Value]:
    def emit(a: Arguments) -> Value:
        a.e.unsupported(what, node=a.node, hint=hint, code="TS502")

    return emit


def _as_tensor(a: Arguments) -> Value:
    """`torch.as_tensor(data)`: a tensor of the right dtype is given back as it is."""
    values, keywords = a.values(), a.keywords()
    data = keywords.get("data", values[0] if values else None)
    if data is None or not is_tensor(a.e.session.type_of(data)):
        return _tensor(a)
    dtype = keywords.get("dtype", values[1] if len(values) > 1 else NONE)
    return data if isinstance(dtype, Const) and dtype.value is None else torch_call(a.e, "to", [data, dtype])


def _tensor(a: Arguments) -> Value:
    """`torch.tensor(data)`."""
    e = a.e
    values, keywords = a.values(), a.keywords()
    data = keywords.pop("data", values[0] if values else None)
    if data is None:
        e.error("torch.tensor() needs data", code="TS401")
    keywords.pop("requires_grad", None)
    keywords.pop("pin_memory", None)
    if len(values) > 1:
        keywords["dtype"] = values[1]
    if is_tensor(e.session.type_of(data)):
        return torch_call(e, "to", [torch_call(e, "clone", [data]), *([keywords["dtype"]] if "dtype" in keywords else [])])
    if isinstance(data, Run) and data.type == ts.BOOL:
        data = Run(data.ssa)
    return torch_call(e, "tensor", [data], keywords)


def _manual_seed(a: Arguments) -> Value:
    a.exactly(1)
    return torch_call(a.e, "manual_seed", a.values())


BUILTINS: dict[str, Callable[[Arguments], Value]] = {
    "isinstance": _isinstance, "torch.jit.isinstance": _isinstance, "range": _range, "enumerate": _enumerate, "zip": _zip,
    "reversed": _reversed, "len": _len, "print": _print, "hasattr": _hasattr, "getattr": _getattr, "setattr": _setattr,
    "super": _super, "type": _type, "int": _int, "float": _float, "complex": _complex, "bool": _bool, "str": _str,
    "list": _list, "tuple": _tuple, "dict": _dict, "abs": _reduction("abs", "abs"), "round": _reduction("round", "round"),
    "min": _reduction("min", "min"), "max": _reduction("max", "max"), "sum": _reduction("sum", "sum"),
    "pow": _reduction("pow", "pow"), "any": _any_all("any"), "all": _any_all("all"), "sorted": _sorted,
    "callable": _callable, "iter": _iter, "next": _next, "map": _map, "filter": _filter, "set": _set,
    "frozenset": _frozenset, "bytes": _row("bytes"), "slice": _slice, "issubclass": _issubclass,
    "open": _unsupported("open()", "read the file outside and pass what is in it"),
    "eval": _unsupported("eval()", "write the expression as code"), "exec": _unsupported("exec()", "write the statements as code"),
    "torch.jit.annotate": _annotate, "typing.cast": _typing_cast, "uninitialized": _uninitialized,
    "object.__new__": _new_object, "unwrap_optional": _unwrap_optional, "assert": _assert,
    "warn": _warn, "is_scripting": _is_scripting, "false": _constant(FALSE), "nothing": _nothing,
    "fork": emit_fork, "wait": emit_wait, "no wait": emit_no_wait,
    "torch.tensor": _tensor, "torch.as_tensor": _as_tensor, "torch.manual_seed": _manual_seed,
}  # fmt: skip
"""What emits each of these functions."""


def _table() -> dict[Any, str]:
    table: dict[Any, str] = {getattr(builtins, name): name for name in BUILTINS if hasattr(builtins, name)}
    table |= {
        torch.jit.isinstance: "torch.jit.isinstance", torch.jit.annotate: "torch.jit.annotate", typing.cast: "typing.cast",
        uninitialized: "uninitialized", object.__new__: "object.__new__", torch._assert: "assert", warnings.warn: "warn",
        torch.tensor: "torch.tensor",
        torch.as_tensor: "torch.as_tensor", torch.jit.fork: "fork", torch.jit.wait: "wait",
        torch.is_tensor: "is_tensor",
        inspect.unwrap(torch.manual_seed): "torch.manual_seed", torch.is_grad_enabled: "false",
    }  # fmt: skip
    for module, names in (
        (torch.overrides, ("has_torch_function", "has_torch_function_unary", "has_torch_function_variadic")),
        (torch._C, ("_get_tracing_state", "_is_tracing")),
        (torch.compiler, ("is_compiling", "is_dynamo_compiling", "is_exporting")),
        (jit_internal, ("is_tracing",)),
        (torch.backends.cuda, ("is_built",)), (torch.backends.mha, ("get_fastpath_enabled",)), (torch.cuda, ("is_available",)),
        (getattr(torch._C, "_functorch", None), ("is_functorch_wrapped_tensor",)),
    ):  # fmt: skip
        table |= {getattr(module, n): "false" for n in names if hasattr(module, n)}
    awaitables = {"_awaitable": "fork", "_awaitable_wait": "wait", "_awaitable_nowait": "no wait"}
    named = awaitables | {"_unwrap_optional": "unwrap_optional", "is_scripting": "is_scripting", "is_tracing": "false"}
    for module in (torch.jit, jit_internal):
        table |= {getattr(module, n): meaning for n, meaning in named.items() if hasattr(module, n)}
    from tsir.frontend.script import lazy

    return table | {lazy.advance: "<advance>", lazy.current: "<current>"}


_NAMES = _table()


def _is_tensor(a: Arguments) -> Value:
    kinds = [a.e.session.type_of(v) for v in a.values()]
    return Const(is_tensor(kinds[0]))


BUILTINS["is_tensor"] = _is_tensor


def _intrinsic(name: str) -> Callable[[Arguments], Value]:
    def emit(a: Arguments) -> Value:
        from tsir.frontend.script.coroutines import INTRINSICS

        return INTRINSICS[name](a)

    return emit


INTRINSICS = ("<elements>", "<within>", "<iterate>", "<more>", "<item>", "<returned>", "<advance>", "<current>")
"""Functions that the trees of generators call which the compiler makes."""

BUILTINS.update((name, _intrinsic(name)) for name in INTRINSICS)


def named_builtin(value: Any) -> str | None:
    """The name in `BUILTINS` of a Python function, or None."""
    # Namespaces of torch.ops have any attribute that they are asked for: only functions are looked into.
    if isinstance(value, types.FunctionType) and value.__globals__.get("__name__", "").startswith("torch."):
        value = getattr(value, "__wrapped__", value)  # importing torch._dynamo wraps functions of torch
    try:
        return _NAMES.get(value)
    except TypeError:
        return None


__all__ = [
    "BUILTINS",
    "Arguments",
    "Condition",
    "EnumValue",
    "as_number",
    "has_attribute",
    "named_builtin",
    "py_op",
    "raise_error",
]
