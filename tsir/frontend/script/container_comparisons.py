"""Comparisons of containers whose elements are objects that define comparisons: `[a] == [b]`, `a in items`, `max(pairs)`.

What a method of the program decides can't be left to Python's operators on the values of a running program. So these comparisons
are written out: tuples element by element here, lists and dicts by functions of the prelude, which are compiled for their types.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.frontend.script import prelude
from tsir.frontend.script.conditions import identity
from tsir.frontend.script.control import choose
from tsir.frontend.script.convert import tuple_elements
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.source import function_source
from tsir.frontend.script.truth import as_bool, truth
from tsir.frontend.script.type_relations import Tuples, members
from tsir.frontend.script.values import Condition, Const, Object, PyFunction, Run, Value

EQUALITY = ("__eq__", "__ne__")
ORDER = ("__lt__", "__le__", "__gt__", "__ge__")

_ORDERED: dict[type[ast.cmpop], Callable[..., Any]] = {
    ast.Lt: prelude.lists_less, ast.LtE: prelude.lists_less_equal, ast.Gt: prelude.lists_greater,
    ast.GtE: prelude.lists_greater_equal,
}  # fmt: skip
_OF_LENGTHS: dict[type[ast.cmpop], Callable[[int, int], bool]] = {
    ast.Lt: int.__lt__, ast.LtE: int.__le__, ast.Gt: int.__gt__, ast.GtE: int.__ge__,
}  # fmt: skip


def compares_objects(e: Emitter, kind: Attribute | None, methods: Sequence[str] = (*EQUALITY, *ORDER)) -> bool:
    """Whether comparing values of a type calls one of these methods of the program's objects in it."""
    if isinstance(kind, ts.ClassType):
        info = e.session.info_of_symbol(kind.symbol.string_value())
        return info.kind == "class" and any(
            (found := info.lookup(m)) is not None and found[1] is not object for m in methods
        )
    if isinstance(kind, ts.ListType):
        return compares_objects(e, kind.element, methods)
    if isinstance(kind, ts.DictType):
        return compares_objects(e, kind.value, methods)
    if isinstance(kind, Tuples):
        return any(compares_objects(e, k, methods) for k in kind.elements.data)
    if isinstance(kind, ts.OptionalType | ts.UnionType):
        return any(compares_objects(e, k, methods) for k in members(kind))
    return False


def compare_containers(e: Emitter, op: ast.cmpop, left: Value, right: Value) -> Value | None:
    """A comparison of tuples, lists, dicts or Optionals that hold objects with comparisons; None for other values."""
    a, b = e.session.type_of(left), e.session.type_of(right)
    if isinstance(a, ts.ClassType) and isinstance(b, ts.ClassType):
        return None
    if not (compares_objects(e, a) or compares_objects(e, b)):
        return None
    equality = isinstance(op, ast.Eq | ast.NotEq)
    if isinstance(a, Tuples) and isinstance(b, Tuples):
        pair = tuple_elements(e, left) or [], tuple_elements(e, right) or []
        return _equal_tuples(e, op, *pair) if equality else _ordered_tuples(e, op, *pair)
    if isinstance(a, ts.ListType) and isinstance(b, ts.ListType):
        function = prelude.lists_equal if equality else _ORDERED[type(op)]
    elif isinstance(a, ts.DictType) and isinstance(b, ts.DictType) and equality:
        function = prelude.dicts_equal
    elif equality and (isinstance(a, ts.OptionalType) or isinstance(b, ts.OptionalType)):
        asked = any(_takes_none(e, k) for kind in (a, b) if kind is not None for k in members(kind))
        if asked and not isinstance(a, ts.OptionalType):
            return None
        function = prelude.equal_or_asked if asked else prelude.equal_unless_none
    else:
        return None
    result = _call(e, function, [left, right])
    return _negated(e, result) if isinstance(op, ast.NotEq) else result


def contains(e: Emitter, container: Value, item: Value) -> Value | None:
    """`item in container` where objects decide; None for other values."""
    kind = e.session.type_of(container)
    if not isinstance(kind, ts.ListType | Tuples) or not compares_objects(e, kind, EQUALITY):
        return None
    return _call(e, prelude.contains, [container, item])


def call_by_equality(e: Emitter, row: str, args: Sequence[Value]) -> Value | None:
    """A call of `list.index` and the like, by the name of its row, where objects decide what is equal; None elsewhere."""
    functions: dict[str, Callable[..., Any]] = {
        "list_index": prelude.index_of, "tuple_index": prelude.index_of, "list_count": prelude.count_of,
        "tuple_count": prelude.count_of, "list_remove": prelude.remove_item,
    }  # fmt: skip
    if row not in functions or len(args) < 2 or not compares_objects(e, e.session.type_of(args[0]), EQUALITY):
        return None
    return _call(e, functions[row], args)


def order_of(e: Emitter, keys: Value, reverse: Value) -> Value | None:
    """The positions of a list's items in their order, where the items are tensors or objects with `<`; None elsewhere."""
    kind = e.session.type_of(keys)
    if not isinstance(kind, ts.ListType):
        return None
    if not isinstance(kind.element, ts.ClassType | ts.TensorType) and not compares_objects(e, kind.element):
        return None
    return _call(e, prelude.order_by_comparison, [keys, reverse])


def extreme_position(e: Emitter, name: str, keys: Value) -> Value | None:
    """The position of the first least (`min`) or greatest (`max`) item, where objects decide; None elsewhere."""
    kind = e.session.type_of(keys)
    if not isinstance(kind, ts.ListType):
        return None
    if not isinstance(kind.element, ts.ClassType) and not compares_objects(e, kind.element):
        return None
    return _call(e, prelude.least_position if name == "min" else prelude.greatest_position, [keys])


def _takes_none(e: Emitter, kind: Attribute) -> bool:
    """Whether the `__eq__` of a class is written for None, too."""
    if not isinstance(kind, ts.ClassType):
        return False
    found = e.session.info_of_symbol(kind.symbol.string_value()).lookup("__eq__")
    if found is None or not inspect.isfunction(found[0]) or found[0].__code__.co_filename == "<string>":
        return False
    parameters = e.session.signature(function_source(found[0])).parameters
    expected = parameters[1].type if len(parameters) == 2 else None
    return expected is None or isinstance(expected, ts.AnyType) or ts.NONE in members(expected)


def _call(e: Emitter, function: Callable[..., Any], args: Sequence[Value]) -> Value:
    from tsir.frontend.script.calls import call

    return call(e, PyFunction(function), list(args), {})


def _negated(e: Emitter, value: Value) -> Value:
    known = truth(e, value)
    return Const(not known) if isinstance(known, bool) else Run(e.emit(py_op("not")([known], [ts.BOOL])))


def _same_item(e: Emitter, a: Value, b: Value) -> Value:
    """Whether two elements are the same object or equal, as containers compare them."""
    from tsir.frontend.script.comparisons import compare

    if not isinstance(a, Object):
        return compare(e, ast.Eq(), a, b)
    same = Condition(truth(e, identity(e, a, b, negate=False)))
    return choose(e, same, lambda: Const(True), lambda: as_bool(e, truth(e, compare(e, ast.Eq(), a, b))))


def _equal_tuples(e: Emitter, op: ast.cmpop, a: list[Value], b: list[Value]) -> Value:
    result: Value = Const(len(a) == len(b))
    for x, y in zip(a, b, strict=False):
        same = Condition(truth(e, result))
        result = choose(e, same, lambda x=x, y=y: _same_item(e, x, y), lambda: Const(False))
    return _negated(e, result) if isinstance(op, ast.NotEq) else result


def _ordered_tuples(e: Emitter, op: ast.cmpop, a: list[Value], b: list[Value]) -> Value:
    """By the first elements that differ, else by the lengths."""
    from tsir.frontend.script.comparisons import compare

    if not a or not b:
        return Const(_OF_LENGTHS[type(op)](len(a), len(b)))
    same = Condition(truth(e, _same_item(e, a[0], b[0])))
    return choose(e, same, lambda: _ordered_tuples(e, op, a[1:], b[1:]), lambda: compare(e, op, a[0], b[0]))
