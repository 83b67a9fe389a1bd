"""Built-ins that make one value of many, or put them in order: `sum`, `min`, `max`, `any`, `all`, `sorted`.

`abs`, `round` and `pow` are here too: as the others they are methods of a tensor, and rows of the table for Python's values.
"""

from __future__ import annotations

import ast
import enum
import functools
from collections.abc import Callable
from typing import Any

from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.frontend.script import prelude
from tsir.frontend.script.builtin_bases import plain as as_builtin
from tsir.frontend.script.call_arguments import Arguments, python_number
from tsir.frontend.script.comparisons import compare
from tsir.frontend.script.comprehensions import collect, test_of_generator
from tsir.frontend.script.container_comparisons import compares_objects, extreme_position, order_of
from tsir.frontend.script.control import choose
from tsir.frontend.script.conversions import (
    special_method,
)
from tsir.frontend.script.convert import coerce, is_taken_for_empty, materialise, tuple_elements
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.operator_calls import is_tensor, torch_call
from tsir.frontend.script.operators import binary
from tsir.frontend.script.rows import call_row
from tsir.frontend.script.truth import truth
from tsir.frontend.script.type_relations import NUMBERS, Tuples
from tsir.frontend.script.unknown_keywords import refuse_unknown_keywords
from tsir.frontend.script.values import (
    FALSE,
    ITERATORS,
    NONE,
    Choice,
    Condition,
    Const,
    Coroutine,
    Map,
    Object,
    PyFunction,
    PyObject,
    Run,
    Spread,
    StaticList,
    Value,
)
from tsir.ops import python

_ITERATING = ("sum", "min", "max", "any", "all", "sorted")


def _reduction(name: str, method: str) -> Callable[..., Value]:
    """`abs`, `round`, `min`, `max`, `sum`, `pow`...: the tensor's method for tensors, the table's row for Python's values."""

    def emit(a: Arguments, evaluated: list[Value] | None = None) -> Value:
        from tsir.frontend.script.calls import call
        from tsir.frontend.script.expressions import joined

        e = a.e
        values, keywords = evaluated or a.values(spread=name in ("min", "max")), a.keywords()
        if values and (isinstance(values[0], (*ITERATORS, Coroutine)) or _is_enum(values[0])):
            values[0] = collect(e, values[0])
        if any(isinstance(v, Spread) for v in values):
            row = python.lookup(name)
            assert row is not None
            if not keywords:
                return call_row(e, row, values)
            values = [joined(e, values)]
        if len(values) == 1 or name in ("sum", "sorted"):
            values[:1] = [as_builtin(e, v, "__iter__") for v in values[:1]] if name in _ITERATING else values[:1]
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
        if name == "sum" and is_taken_for_empty(e, values[0]):
            return Const(0) if start is None else start
        if name == "sum" and start is not None and isinstance(e.session.type_of(start), ts.ListType | Tuples):
            if is_taken_for_empty(e, start):
                return call(e, PyFunction(prelude.sum_of_lists), [values[0]], {})
            return call(e, PyFunction(prelude.sum_of_sequences), [values[0], start], {})
        if name == "sum" and isinstance(kinds[0], Tuples) and not set(kinds[0].elements.data) <= set(NUMBERS):
            total = Const(0) if start is None else start
            return functools.reduce(lambda a, b: binary(e, ast.Add(), a, b), tuple_elements(e, values[0]) or (), total)
        if (
            name == "sum"
            and isinstance(kinds[0], ts.ListType)
            and isinstance(kinds[0].element, ts.TensorType | ts.ListType | ts.ClassType | ts.UnionType)
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
        if name in ("min", "max") and not keywords and (found := _extreme_of_tensors(e, name, values)) is not None:
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


def _is_enum(value: Value) -> bool:
    """Whether a value is an enum, which goes over its members."""
    return isinstance(value, PyObject) and isinstance(value.value, enum.EnumMeta)


def _sum_by_operator(e: Emitter, values: list[Value], element: Attribute) -> Value:
    """`sum` of tensors or lists: what adding one after the other gives."""
    from tsir.frontend.script.calls import call

    if isinstance(element, ts.ClassType | ts.UnionType):
        return call(e, PyFunction(prelude.sum_from), [values[0], values[1] if len(values) > 1 else Const(0)], {})
    if len(values) == 1:
        return call(e, PyFunction(prelude.sum_of_tensors), values, {})
    start = Run(coerce(e, values[1], element, "the start of sum()")) if isinstance(element, ts.ListType) else values[1]
    return call(e, PyFunction(prelude.sum_from), [values[0], start], {})


def _keys_of(e: Emitter, items: Value, key: Value) -> Any:
    """The list of `key(item)` for the items of a list."""
    return materialise(e, collect(e, Map(key, (items,))))


def _extreme_object(e: Emitter, name: str, values: list[Value], keywords: dict[str, Value]) -> Value | None:
    """`min` and `max` of objects that define `<`, or of tuples and lists of such; None for other values."""
    if keywords or not values:
        return None
    if len(values) > 1 and not any(compares_objects(e, e.session.type_of(v)) for v in values):
        return None
    items = values[0] if len(values) == 1 else collect(e, StaticList(tuple(values)))
    position = extreme_position(e, name, items)
    return None if position is None else _item(e, items, position)


def _extreme_of_tensors(e: Emitter, name: str, values: list[Value]) -> Value | None:
    """`min` and `max` of tensors and numbers, None for other values: one of them as Python compares them, or as torch.jit has it where
    types count, a number."""
    kinds = [e.session.type_of(v) for v in values]
    if len(values) < 2 or not any(map(is_tensor, kinds)) or not any(k in (ts.INT, ts.FLOAT) for k in kinds):
        return None
    if not e.dynamic:
        row = python.builtin(name)
        assert row is not None
        number = "float" if ts.FLOAT in kinds else "int"
        return call_row(
            e, row, [python_number(e, v, number) if is_tensor(k) else v for v, k in zip(values, kinds, strict=True)]
        )
    found, operator = values[0], ast.Gt() if name == "max" else ast.Lt()
    for value in values[1:]:
        test = Condition(truth(e, compare(e, operator, value, found)))
        found = choose(e, test, lambda value=value: value, lambda found=found: found)
    return found


def _item(e: Emitter, items: Value, position: Value) -> Value:
    return e.session.object_or_run(e.py("getitem", [materialise(e, items), materialise(e, position)]))


def _extreme_by_key(a: Arguments, name: str, values: list[Value], key: Value) -> Value:
    """`min` and `max` with a key: the first item whose key is the least or the greatest."""
    e = a.e
    items = collect(e, values[0] if len(values) == 1 else StaticList(tuple(values)))
    keys = _keys_of(e, items, key)
    return _item(e, items, extreme_position(e, name, Run(keys)) or Run(e.py(f"{name}_position", [keys])))


def sorted_items(e: Emitter, items: Value, keywords: dict[str, Value]) -> Value:
    """A sorted list of the items of a list, by a key where there is one, else by `<`."""
    key, reverse = keywords.pop("key", NONE), keywords.pop("reverse", FALSE)
    refuse_unknown_keywords(e, "sorted", keywords, ("key", "reverse"))
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
    values = a.values()
    if len(values) != 1:
        a.e.error("sorted() takes one positional argument", code="TS401")
    return sorted_items(a.e, collect(a.e, values[0]), a.keywords())


def _any_all(name: str) -> Callable[[Arguments], Value]:
    """`any` and `all`: of a generator expression only as many elements are evaluated as it takes."""
    plain = _reduction(name, name)

    def emit(a: Arguments) -> Value:
        from tsir.frontend.script.calls import call

        a.exactly(1)
        if isinstance(a.node.args[0], ast.GeneratorExp):
            return test_of_generator(a.e, a.node.args[0], wanted=name == "any")
        value = a.values()[0]
        if isinstance(value, (*ITERATORS, Coroutine, Choice)):
            return call(a.e, PyFunction(prelude.any_of if name == "any" else prelude.all_of), [value], {})
        return plain(a, [value])

    return emit


REDUCTIONS: dict[str, Callable[[Arguments], Value]] = {
    **{name: _reduction(name, name) for name in ("abs", "round", "min", "max", "sum", "pow")},
    "any": _any_all("any"), "all": _any_all("all"), "sorted": _sorted,
}  # fmt: skip
"""What emits each of these built-ins."""
