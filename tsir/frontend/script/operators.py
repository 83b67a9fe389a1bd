"""Arithmetic by operators, also in place: on constants, Python values, tensors and objects with methods for them.

Comparisons are in `comparisons.py`, `in` is in `membership.py`.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from xdsl.ir import SSAValue

from tsir.dialects.ts import types as ts
from tsir.frontend.constants import INT64_MAX, INT64_MIN, is_constant
from tsir.frontend.refused_calls import OverloadError
from tsir.frontend.script.builtin_bases import changes_in_place, has_builtin_base
from tsir.frontend.script.builtin_bases import plain as as_builtin
from tsir.frontend.script.comprehensions import collect
from tsir.frontend.script.convert import as_python, coerce, materialise, retype, tuple_elements
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.enums import combined, number_behind, plain
from tsir.frontend.script.expected import looks_for_none, python_message, raise_if_expected
from tsir.frontend.script.keys import refuse_objects_of_set
from tsir.frontend.script.numbers import number_in, number_of
from tsir.frontend.script.numpy_scalars import operate
from tsir.frontend.script.object_dicts import plain as plain_dict
from tsir.frontend.script.open_types import unify
from tsir.frontend.script.operator_calls import is_tensor, torch_call
from tsir.frontend.script.python_errors import not_none, raise_in_program
from tsir.frontend.script.run_time_slices import as_indices, holds_indices, is_of_indices
from tsir.frontend.script.several_types import in_place_by_type, operate_by_type
from tsir.frontend.script.special_methods import call_own_method
from tsir.frontend.script.static_state import fresh, new_dict, new_list
from tsir.frontend.script.type_relations import join_types
from tsir.frontend.script.values import (
    SET_LIKE,
    Const,
    Object,
    Run,
    Slice,
    StaticDict,
    StaticList,
    StaticTuple,
    Value,
    is_declined,
)
from tsir.ops import python
from tsir.ops.python_types import UNKNOWN

BINARY: dict[type[ast.operator], tuple[str, str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", "add", operator.add), ast.Sub: ("-", "sub", operator.sub), ast.Mult: ("*", "mul", operator.mul),
    ast.Div: ("/", "truediv", operator.truediv), ast.FloorDiv: ("//", "floordiv", operator.floordiv),
    ast.Mod: ("%", "mod", operator.mod), ast.Pow: ("**", "pow", operator.pow), ast.MatMult: ("@", "matmul", operator.matmul),
    ast.BitAnd: ("&", "and", operator.and_), ast.BitOr: ("|", "or", operator.or_), ast.BitXor: ("^", "xor", operator.xor),
    ast.LShift: ("<<", "lshift", operator.lshift), ast.RShift: (">>", "rshift", operator.rshift),
}  # fmt: skip
"""For each operator: Python's symbol, the name in its special methods, and its meaning for constants."""


UNARY: dict[type[ast.unaryop], tuple[str, str, Callable[[Any], Any]]] = {
    ast.USub: ("-", "__neg__", operator.neg), ast.UAdd: ("+", "__pos__", operator.pos),
    ast.Invert: ("~", "__invert__", operator.invert),
}  # fmt: skip


def without_view(e: Emitter, value: Value) -> Value:
    """The keys or items of a dict as the set that operators take them as; another value as it is."""
    if isinstance(value, Run) and value.tuple_like in SET_LIKE:
        return Run(e.py("set", [value.ssa]))
    return plain_dict(e, value)


def tuples_alike(e: Emitter, left: Value, right: Value) -> tuple[Value, Value]:
    """Operands of which one is a tuple of any length: a list that stands for one becomes one. A NamedTuple beside another tuple is
    a tuple."""
    kinds = [e.session.type_of(v) for v in (left, right)]
    if any(isinstance(k, ts.NamedTupleType) for k in kinds) and kinds[0] != kinds[1]:
        left, right = _without_name(e, left), _without_name(e, right)
    if any(isinstance(v, Run) and isinstance(v.type, ts.TupleOfType) for v in (left, right)):
        return as_python(e, left), as_python(e, right)
    return left, right


def _without_name(e: Emitter, value: Value) -> Value:
    if not isinstance(e.session.type_of(value), ts.NamedTupleType):
        return value
    elements = tuple_elements(e, value)
    return value if elements is None else StaticTuple(tuple(elements))


def binary(e: Emitter, op: ast.operator, left: Value, right: Value) -> Value:
    """`left op right`."""
    symbol, method, meaning = BINARY[type(op)]
    if (flags := combined(e, [left, right], meaning)) is not None:
        return flags
    if (found := operate(e, meaning.__name__, [left, right], lambda known: binary(e, op, *known))) is not None:
        return found
    for holder, other, name in ((left, right, f"__{method}__"), (right, left, f"__r{method}__")):
        if (found := call_own_method(e, holder, name, [other])) is not None and not is_declined(found):
            return found
    left, right = (number_of(e, number_behind(e, without_view(e, v))) for v in (left, right))
    if looks_for_none(e):
        left, right = present(e, left, symbol), present(e, right, symbol)
    if isinstance(left, Const) and isinstance(right, Const):
        folded = fold(meaning, left, right)
        if folded is not None:
            return folded
    if isinstance(left, StaticTuple) and isinstance(right, StaticTuple) and symbol == "+":
        return StaticTuple(left.elements + right.elements)
    if isinstance(left, StaticTuple) and isinstance(right, Const) and isinstance(right.value, int) and symbol == "*":
        return StaticTuple(left.elements * right.value)
    if symbol == "*" and isinstance(left, StaticList) and isinstance(right, Const) and isinstance(right.value, int):
        known = e.latest(left)
        if isinstance(known, StaticList) and any(isinstance(v, Slice) for v in known.elements):
            return new_list(e, list(known.elements) * right.value)
    if symbol in ("+", "*") and any(holds_indices(v) or is_of_indices(e, v) for v in (left, right)):
        left, right = as_indices(e, left), as_indices(e, right)
    if symbol in ("+", "*"):
        left, right = tuples_alike(e, left, right)
    if e.dynamic and symbol == "|" and isinstance(left, StaticDict) and isinstance(right, StaticDict):
        return _merged(e, fresh(e, left), fresh(e, right))
    if symbol == "*" and (repeated := _repeated(e, left, right)) is not None:
        return repeated
    for operand in (left, right):
        refuse_objects_of_set(e, e.session.type_of(operand), f"operator {symbol}")
    declined = False
    for holder, other, name in ((left, right, f"__{method}__"), (right, left, f"__r{method}__")):
        if isinstance(holder, Object):
            found = e.session.call_optional_method(e, holder, (name,), [other])
            if found is not None and not is_declined(found):
                return found
            declined = declined or found is not None
    if declined:
        shown = f"'{e.show(left)}' and '{e.show(right)}'"
        raise_in_program(e, "TypeError", f"unsupported operand type(s) for {symbol}: {shown}")
    if has_builtin_base(left) or has_builtin_base(right):
        return binary(e, op, as_builtin(e, left), as_builtin(e, right))
    a, b = e.session.type_of(left), e.session.type_of(right)
    if symbol == "*" and (is_tensor(a) or is_tensor(b)) and isinstance(b if is_tensor(a) else a, _REPEATED):
        left, right = (number_in(e, v, ts.INT) for v in (left, right))  # a sequence takes a tensor by its `__index__`
        return binary(e, op, left, right)
    if is_tensor(a):
        return tensor_operator(e, symbol, left, right, f"__{method}__", [left, right])
    if is_tensor(b):
        return tensor_operator(e, symbol, left, right, f"__r{method}__", [right, left])
    by_type = operate_by_type(e, symbol, [left, right], lambda known: binary(e, op, *known))
    return _python(e, symbol, left, right) if by_type is None else by_type


def _merged(e: Emitter, left: Value, right: Value) -> Value:
    assert isinstance(left, StaticDict) and isinstance(right, StaticDict)
    return new_dict(e, {**left.items, **right.items})


def present(e: Emitter, value: Value, symbol: str) -> Value:
    """An operand that may be None as one that isn't: Python raises TypeError where it is."""
    if not isinstance(value, Run) or not isinstance(value.type, ts.OptionalType):
        return value
    return e.session.object_or_run(
        not_none(e, value.ssa, "TypeError", f"unsupported operand type(s) for {symbol}: 'NoneType'")
    )


def tensor_operator(e: Emitter, symbol: str, left: Value, right: Value, method: str, operands: Sequence[Value]) -> Value:
    """`left symbol right` by a tensor's method. Errors speak of the operator, not of the function behind it."""
    try:
        return torch_call(e, method, operands)
    except OverloadError:
        _undefined(e, symbol, left, right)


def _undefined(e: Emitter, symbol: str, left: Value, right: Value) -> NoReturn:
    """The error for operands that an operator doesn't take together."""
    hint = None
    kinds = [e.session.type_of(v) for v in (left, right)]
    raise_if_expected(e, "TypeError", kinds, python_message(symbol, kinds))
    for kind, other, value in ((kinds[0], kinds[1], right), (kinds[1], kinds[0], left)):
        if isinstance(kind, ts.StrType) and symbol == "+" and (other in _NUMBERS or is_tensor(other)):
            hint = f"write `str(...)` to make a text of the {e.show(value)}, or an f-string"
    e.error(f"operator {symbol} isn't defined for {e.show(left)} and {e.show(right)}", hint=hint, code="TS304")


_NUMBERS = (ts.BOOL, ts.INT, ts.FLOAT, ts.COMPLEX)


def sizes(e: Emitter, left: Value, right: Value) -> tuple[Value, Value]:
    """A tuple next to a list of its elements' type is made a list: tuples of unknown length are lists here, as in torch.jit."""
    a, b = e.session.type_of(left), e.session.type_of(right)
    if isinstance(a, ts.ListType) and isinstance(b, ts.TupleType) and all(k == a.element for k in b.elements.data):
        return left, Run(coerce(e, right, a, "a tuple of unknown length"))
    if isinstance(b, ts.ListType) and isinstance(a, ts.TupleType) and all(k == b.element for k in a.elements.data):
        return Run(coerce(e, left, b, "a tuple of unknown length")), right
    return left, right


_REPEATED = (ts.ListType, ts.StrType, ts.TupleType, ts.TupleOfType)
"""The types of sequences that `*` repeats."""


def _repeated(e: Emitter, left: Value, right: Value) -> Value | None:
    """`(1,) * n` where n is known at run time: a tuple of unknown length."""
    for value, times in ((left, right), (right, left)):
        kind = e.session.type_of(value)
        if not isinstance(kind, ts.TupleType) or e.session.type_of(times) != ts.INT or len(set(kind.elements.data)) != 1:
            continue
        items = coerce(e, value, ts.TupleOfType(kind.elements.data[0]), "a tuple of unknown length")
        return _python(e, "*", Run(items), times)
    return None


def _python(e: Emitter, symbol: str, left: Value, right: Value) -> Value:
    left, right = tuples_alike(e, left, right)
    kept = next((v.tuple_like for v in (left, right) if isinstance(v, Run) and v.tuple_like), None)
    left, right = sizes(e, left, right)
    operands = [materialise(e, left), materialise(e, right)]
    if symbol == "+" and isinstance(operands[0].type, ts.ListType) and isinstance(operands[1].type, ts.ListType):
        operands = _same_lists(e, left, right, operands)
    if symbol == "|" and isinstance(operands[0].type, ts.DictType) and isinstance(operands[1].type, ts.DictType):
        operands = _dicts_alike(e, _same_lists(e, left, right, operands))
    row = python.operator(symbol, [o.type for o in operands])
    text_and_number = symbol == "+" and ts.StrType() in (a := [o.type for o in operands]) and any(k in _NUMBERS for k in a)
    if row is None or text_and_number:
        _undefined(e, symbol, left, right)
    constants = [v.value if isinstance(v, Const) else UNKNOWN for v in (left, right)]
    result = e.py(row.name, operands, constants)
    return Run(result, kept) if kept and isinstance(result.type, ts.ListType) else e.session.object_or_run(result)


def _dicts_alike(e: Emitter, operands: Sequence[SSAValue]) -> list[SSAValue]:
    """Two dicts as dicts of one type, which has the keys and values of both."""
    kinds = [o.type for o in operands if isinstance(o.type, ts.DictType) and not o.type.container.data]
    if len(kinds) < 2 or kinds[0] == kinds[1]:
        return list(operands)
    joined = ts.DictType(join_types(kinds[0].key, kinds[1].key), join_types(kinds[0].value, kinds[1].value))
    return [e.cast(o, joined) for o in operands]


def _same_lists(e: Emitter, left: Value, right: Value, operands: list[SSAValue]) -> list[SSAValue]:
    """The operands of a concatenation; an empty literal takes the other one's type."""
    unify(operands[0].type, operands[1].type)
    if operands[0].type != operands[1].type and not retype(e, operands[1], operands[0].type):
        retype(e, operands[0], operands[1].type)
    return operands


def fold(meaning: Callable[..., Any], *operands: Const) -> Const | None:
    """The result on constants; None when it raises, or gives something that is no constant: then it happens at run time."""
    values = [o.value for o in operands]
    if not all(isinstance(v, bool | int | float | str) for v in values):
        return None
    if any(isinstance(v, str) for v in values) and meaning in (operator.mod, operator.mul):
        return None
    if meaning in (operator.pow, operator.lshift) and abs(_number(values[-1])) > 64:
        return None
    try:
        result = meaning(*values)
    except (ArithmeticError, TypeError, ValueError):
        return None
    if not is_constant(result) or (type(result) is int and not INT64_MIN <= result <= INT64_MAX):
        return None
    return Const(result)


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) else 0


def in_place(e: Emitter, op: ast.operator, left: Value, right: Value) -> Value:
    """`left op= right`: what the target is assigned afterwards."""
    symbol, method, _ = BINARY[type(op)]
    kind = e.session.type_of(left)
    if is_tensor(kind) and not isinstance(op, ast.MatMult):
        return tensor_operator(e, symbol + "=", left, right, f"__i{method}__", [left, right])
    if isinstance(kind, ts.ListType | ts.SetType | ts.DictType | ts.DequeType) and not isinstance(
        left, StaticTuple | StaticList
    ):
        target = materialise(e, left)
        row = python.operator(symbol + "=", [target.type] * 2)
        if row is not None:
            given = materialise(e, right)
            if row.name == "list_iadd" and isinstance(kind, ts.ListType):
                if not isinstance(given.type, ts.ListType | ts.TupleType | ts.AnyType):
                    given = materialise(e, collect(e, right))

                if not retype(e, target, given.type):
                    given = coerce(e, Run(given), target.type, "list +=")
            e.py(row.name, [target, given])
            return left if isinstance(left, Run) and left.ssa is target else Run(target)
    if (by_type := in_place_by_type(e, left, lambda known: in_place(e, op, known, right))) is not None:
        return by_type
    if isinstance(left, Object):
        found = e.session.call_optional_method(e, left, (f"__i{method}__",), [right])
        if found is not None and not is_declined(found):
            return found
        if found is None and changes_in_place(left):
            in_place(e, op, as_builtin(e, left), as_builtin(e, right))
            return left
    return binary(e, op, left, right)


def unary(e: Emitter, op: ast.unaryop, value: Value) -> Value:
    """`-value`, `+value`, `~value`."""
    symbol, method, meaning = UNARY[type(op)]
    if (flags := combined(e, [value], meaning)) is not None:
        return flags
    if (found := operate(e, meaning.__name__, [value], lambda known: unary(e, op, *known))) is not None:
        return found
    if (found := call_own_method(e, value, method, [])) is not None:
        return found
    value = number_of(e, plain(e, value))
    if looks_for_none(e):
        value = present(e, value, symbol)
    if isinstance(value, Const):
        if isinstance(value.value, complex):
            return Const(meaning(value.value))
        folded = fold(meaning, value)
        if folded is not None:
            return folded
    if is_tensor(e.session.type_of(value)):
        return torch_call(e, method, [value])
    if isinstance(value, Object):
        found = e.session.call_optional_method(e, value, (method,), [])
        if found is not None:
            return found
    if (by_type := operate_by_type(e, symbol, [value], lambda known: unary(e, op, *known))) is not None:
        return by_type
    operand = materialise(e, value)
    row = python.operator(symbol, [operand.type])
    if row is None:
        raise_if_expected(e, "TypeError", [operand.type], f"bad operand type for unary {symbol}: '{{0}}'")
        e.error(f"operator {symbol} isn't defined for {e.show(value)}", code="TS304")
    return Run(e.py(row.name, [operand]))
