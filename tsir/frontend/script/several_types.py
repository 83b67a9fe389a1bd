"""Values that are one of several types, in operators, built-ins, calls and subscripts: a branch for each type that they may be of.

What all types of a Union have in common (`ts.py` operations on numbers and texts) needs no branch. The rest does, since it means
another operator of torch, or another method of the program, for each type. Values of type Any are `narrowing.py`'s subject,
attributes of objects of several classes that of `choices.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import IsInstanceOp
from tsir.errors import OperatorTypeError
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.expected import expecting_types, is_expected
from tsir.frontend.script.type_relations import members
from tsir.frontend.script.values import Condition, Const, Run, Value
from tsir.ops import python

_MOST = 8
"""How many types a value may be of: each may multiply the branches of an expression with several such values."""


def members_of(e: Emitter, value: Value) -> list[Attribute]:
    """The types that a value of several types may be of, derived classes first; none for other values, and for kinds of numbers."""
    kind = value.type if isinstance(value, Run) else None
    if not isinstance(kind, ts.UnionType | ts.OptionalType) or len(members(kind)) > _MOST:
        return []
    return sorted(members(kind), key=lambda k: -len(getattr(e.session.python_class(k), "__mro__", ())))


def for_each_type(e: Emitter, value: Value, use: Callable[[Value], Value], kinds: Sequence[Attribute] = ()) -> Value:
    """What `use` gives for a value of several types by each of them: a branch for each of `kinds` and one for the others.

    `kinds` are all that it may be of, where they aren't given.
    """
    from tsir.frontend.script.control import choose

    assert isinstance(value, Run)
    if e.session.decisions.mixed and not is_expected(e, "TypeError"):
        with expecting_types(e):
            return for_each_type(e, value, use, kinds)
    own = members_of(e, value)
    tested = list(kinds) or own
    others = [k for k in own if k not in tested]

    def among(left: Sequence[Attribute]) -> Value:
        if not left:
            return use(Run(e.cast(value.ssa, ts.union_of(others))))
        kind = left[0]
        if len(left) == 1 and not others:
            return use(e.session.object_or_run(e.cast(value.ssa, kind)))
        test = e.emit(IsInstanceOp(value.ssa, [kind]))
        return choose(e, Condition(test), lambda: use(_known(e, value, kind)), lambda: among(left[1:]))

    return among(tested)


def _known(e: Emitter, value: Run, kind: Attribute) -> Value:
    return Const(None) if kind == ts.NONE else e.session.object_or_run(e.cast(value.ssa, kind))


def compare_by_type(e: Emitter, left: Value, right: Value, use: Callable[[Value, Value], Value]) -> Value | None:
    """A comparison of which one side may be an object that decides, or a tensor; None for other comparisons."""
    if kinds := _deciding(e, left):
        return for_each_type(e, left, lambda known: use(known, right), kinds)
    if kinds := _deciding(e, right):
        return for_each_type(e, right, lambda known: use(left, known), kinds)
    return None


def _deciding(e: Emitter, value: Value) -> list[Attribute]:
    """The types among those of a value whose comparisons aren't Python's own on the values of a running program."""
    from tsir.frontend.script.container_comparisons import compares_objects

    kinds = members_of(e, value)
    if kinds and isinstance(value.type if isinstance(value, Run) else None, ts.OptionalType) and len(kinds) == 2:
        return []  # `container_comparisons.py` has these
    return [k for k in kinds if isinstance(k, ts.TensorType) or compares_objects(e, k)]


def operate_by_type(e: Emitter, symbol: str, operands: Sequence[Value], use: Callable[[list[Value]], Value]) -> Value | None:
    """An operator of Python's with an operand of several types, of which not all have the same one; None for other operators."""
    at = next((i for i, o in enumerate(operands) if members_of(e, o)), None)
    if at is None or ts.NONE in members_of(e, operands[at]):
        return None
    kinds = [k for o in operands if (k := e.session.type_of(o)) is not None]
    row = python.operator(symbol, kinds)
    if len(kinds) < len(operands) or (row is None and not e.session.decisions.mixed):
        return None
    if row is not None and _has_type(row.name, kinds):
        return None
    if not e.session.decisions.mixed and not all(
        _may_take(symbol, [*kinds[:at], kind, *kinds[at + 1 :]]) for kind in members_of(e, operands[at])
    ):
        return None  # the error names all the types
    several = operands[at]
    return for_each_type(e, several, lambda known: use([known if _is_same(o, several) else o for o in operands]))


def _may_take(symbol: str, kinds: Sequence[Attribute]) -> bool:
    """Whether an operator may be defined for these types: Python's on its own values, anything for objects and tensors."""
    if any(isinstance(k, ts.ClassType | ts.TensorType | ts.UnionType) for k in kinds):
        return True
    row = python.operator(symbol, kinds)
    return row is not None and _has_type(row.name, kinds)


def _is_same(a: Value, b: Value) -> bool:
    return isinstance(a, Run) and isinstance(b, Run) and a.ssa is b.ssa


def in_place_by_type(e: Emitter, left: Value, use: Callable[[Value], Value]) -> Value | None:
    """`left op= right` of a value that may be one that the operator changes, or an object; None for other values."""
    kinds = members_of(e, left)
    changed = ts.ClassType | ts.TensorType | ts.ListType | ts.SetType | ts.DictType | ts.DequeType
    if ts.NONE in kinds or not any(isinstance(k, changed) for k in kinds):
        return None
    return for_each_type(e, left, use)


def _has_type(row: str, kinds: Sequence[Attribute]) -> bool:
    """Whether a `ts.py` operation takes operands of these types."""
    try:
        python.python_result_type(row, kinds)
    except OperatorTypeError:
        return False
    return True


def text_by_type(e: Emitter, value: Value, use: Callable[[Value], Value]) -> Value | None:
    """The text of a value that may be an object; None for a value whose text Python's own `str` makes."""
    kinds = [k for k in members_of(e, value) if isinstance(k, ts.ClassType)]
    return for_each_type(e, value, use, kinds) if kinds else None


def truth_by_type(e: Emitter, value: Value, use: Callable[[Value], Value]) -> Value | None:
    """The truth of a value that may be an object with `__bool__` or `__len__`; None where Python's own `bool` says it."""
    kinds = [k for k in members_of(e, value) if isinstance(k, ts.ClassType) and _says_truth(e, k)]
    return for_each_type(e, value, use, kinds) if kinds else None


def _says_truth(e: Emitter, kind: ts.ClassType) -> bool:
    cls = e.session.class_of(kind)
    return cls is not None and (hasattr(cls, "__bool__") or hasattr(cls, "__len__"))


def use_by_type(e: Emitter, value: Value, row: str, use: Callable[[Value], Value]) -> Value | None:
    """A call of, a subscript on, or a built-in (`row`, by its name among the `ts.py` operations) of a value of several types
    without None among them, where objects or tensors do it otherwise, or not all do the same; None for other values."""
    kinds = members_of(e, value)
    if not kinds or ts.NONE in kinds:
        return None
    special = [k for k in kinds if isinstance(k, ts.ClassType | ts.TensorType)]
    if not special and (
        row in ("call", "setitem") or _has_type(row, [ts.union_of(kinds), ts.INT][: 1 + (row == "getitem")])
    ):
        return None
    return for_each_type(e, value, use)
