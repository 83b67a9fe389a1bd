"""Operators: arithmetic, comparisons, in-place forms; on constants, Python values, tensors and objects with methods for them."""

from __future__ import annotations

import ast
import builtins
import enum
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.ir import Attribute, SSAValue

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.errors import UnsupportedError
from tsir.frontend.constants import INT64_MAX, INT64_MIN, is_constant
from tsir.frontend.overloads import OverloadError, find_overload
from tsir.frontend.script import narrowing
from tsir.frontend.script.builtin_bases import changes_in_place, has_builtin_base, is_based_on
from tsir.frontend.script.builtin_bases import plain as as_builtin
from tsir.frontend.script.convert import as_key, as_python, coerce, held, materialise, tuple_elements
from tsir.frontend.script.declared_dtypes import note_used
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.expected import class_name, looks_for_none, python_message, raise_if_expected
from tsir.frontend.script.missing_operators import raise_if_conditional
from tsir.frontend.script.narrowing import by_run_time_type
from tsir.frontend.script.numbers import number_of
from tsir.frontend.script.numpy_scalars import operate
from tsir.frontend.script.object_dicts import names_of
from tsir.frontend.script.object_dicts import plain as plain_dict
from tsir.frontend.script.open_types import parts_of, unify
from tsir.frontend.script.several_types import compare_by_type, in_place_by_type, operate_by_type
from tsir.frontend.script.special_methods import call_own_method
from tsir.frontend.script.static_objects import call_special
from tsir.frontend.script.static_state import constant_key, fresh, new_dict, note_asked
from tsir.frontend.script.values import (
    ITERATORS,
    SET_LIKE,
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
    is_declined,
)
from tsir.frontend.torch_names import Call, emit_call, rewrite
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

COMPARISONS: dict[type[ast.cmpop], tuple[str, str, str, Callable[[Any, Any], Any]]] = {
    ast.Eq: ("==", "__eq__", "__eq__", operator.eq), ast.NotEq: ("!=", "__ne__", "__ne__", operator.ne),
    ast.Lt: ("<", "__lt__", "__gt__", operator.lt), ast.LtE: ("<=", "__le__", "__ge__", operator.le),
    ast.Gt: (">", "__gt__", "__lt__", operator.gt), ast.GtE: (">=", "__ge__", "__le__", operator.ge),
}  # fmt: skip
"""For each comparison: symbol, special method, that of the other operand, and its meaning for constants."""

UNARY: dict[type[ast.unaryop], tuple[str, str, Callable[[Any], Any]]] = {
    ast.USub: ("-", "__neg__", operator.neg), ast.UAdd: ("+", "__pos__", operator.pos),
    ast.Invert: ("~", "__invert__", operator.invert),
}  # fmt: skip

_PYTHON_DTYPES: dict[type, DType] = {
    int: dtypes.int64, float: dtypes.float64, bool: dtypes.bool_, complex: dtypes.complex128,
}  # fmt: skip


def is_tensor(kind: Attribute | None) -> bool:
    """Whether a static type is a tensor's."""
    return isinstance(kind, ts.TensorType | BuiltinTensorType)


def argument(e: Emitter, value: Value) -> Any:
    """A value as an argument for an ATen operator: an SSA value, a constant, or a list of these."""
    match value:
        case Const():
            return value.value
        case StaticTuple() | StaticList():
            return [argument(e, v) for v in value.elements]
        case PyObject() if value.value is Ellipsis:
            return Ellipsis
        case PyObject() if isinstance(value.value, type) and value.value in _PYTHON_DTYPES:
            return _PYTHON_DTYPES[value.value]
        case Run() if isinstance(value.type, ts.TupleOfType):
            return e.py("list", [value.ssa])
        case Object() if value.info.own_function("__index__") is not None:
            return argument(e, as_index(e, value))
        case Object() if has_builtin_base(value):
            return argument(e, as_builtin(e, value))
        case _:
            return materialise(e, value)


def as_index(e: Emitter, value: Value) -> Value:
    """An object that stands for an int by its `__index__` as that int; other values as they are."""
    if not isinstance(value, Object) or value.info.own_function("__index__") is None:
        return as_builtin(e, value) if is_based_on(value, int) else value
    found = e.session.call_optional_method(e, value, ("__index__",))
    assert found is not None
    return found


def torch_call(e: Emitter, name: str, args: Sequence[Value], kwargs: Mapping[str, Value] | None = None) -> Value:
    """A call of torch's function or tensor method `name`."""
    operands = [argument(e, a) for a in args]
    keywords = {k: argument(e, v) for k, v in (kwargs or {}).items()}
    return _operator_call(e, name, operands, keywords, args, kwargs or {})


def _operator_call(
    e: Emitter, name: str, operands: list[Any], keywords: dict[str, Any], args: Sequence[Value], kwargs: Mapping[str, Value]
) -> Value:
    """A call with these operands. `args` and `kwargs` are the values that they come from, for messages."""
    with e.at(e.node):
        while True:
            call = rewrite(name, operands, keywords)
            try:
                result = emit_call(e.builder, e.session.schemas, call, e.location)
                break
            except UnsupportedError as error:
                raise_if_conditional(e, error)
                raise
            except OverloadError as error:
                if _empty_lists_of_ints(e, name, operands, keywords):
                    continue
                _note_dtypes(e, name, operands, keywords)
                if looks_for_none(e) and _unwrap_operand(e, name, error, operands, keywords):
                    continue
                found = by_run_time_type(
                    e,
                    narrowing.Call(name, (operands, keywords), lambda given: _resolved(rewrite(name, *given))),
                    lambda given: _operator_call(e, name, *given, args, kwargs),
                )
                if found is not None:
                    return found
                _place(e, error, call, args, kwargs, operands)
                raise
    if isinstance(result, SSAValue):
        return Run(result, tuple_result(call.name, result))
    return e.session.operator_results(call.name, result)


def _empty_lists_of_ints(e: Emitter, name: str, operands: list[Any], keywords: dict[str, Any]) -> bool:
    """Makes empty lists of which nothing is known lists of ints, as sizes and dimensions are, where an overload takes these."""
    from tsir.frontend.script.convert import retype

    empty = [
        o
        for o in (*operands, *keywords.values())
        if isinstance(o, SSAValue) and o in e.session.assumed and o.type == ts.ListType(ts.TensorType())
    ]
    if not empty:
        return False
    call = rewrite(
        name, [[] if o in empty else o for o in operands], {k: [] if o in empty else o for k, o in keywords.items()}
    )
    if find_overload(e.session.schemas, call.name, call.args, call.kwargs) is None:
        return False
    retyped = [retype(e, o, ts.ListType(ts.INT)) for o in empty]
    return all(retyped)


def _note_dtypes(e: Emitter, name: str, operands: list[Any], keywords: dict[str, Any]) -> None:
    """Decides that a parameter declared as an int is a dtype, where an overload then takes the arguments. Raises Redecided."""

    def takes(values: list[Any]) -> bool:
        given = dict(zip(keywords, values[len(operands) :], strict=True))
        call = rewrite(name, values[: len(operands)], given)
        return find_overload(e.session.schemas, call.name, call.args, call.kwargs) is not None

    note_used(e, [*operands, *keywords.values()], takes)


def _resolved(call: Call) -> tuple[str, Sequence[Any], Mapping[str, Any]]:
    return call.name, call.args, call.kwargs


def _unwrap_operand(e: Emitter, name: str, error: OverloadError, operands: list[Any], keywords: dict[str, Any]) -> bool:
    """Makes the operand that no overload takes, since it may be None, one that isn't: torch raises TypeError where it is."""
    from tsir.frontend.script.convert import not_none

    holder: Any = keywords if isinstance(error.argument, str) and error.argument in keywords else operands
    keys = [error.argument, *(i for i, o in enumerate(operands) if isinstance(o, SSAValue))]
    for key in keys:
        known = key in holder if holder is keywords else isinstance(key, int) and key < len(operands)
        value = holder[key] if known else None
        if isinstance(value, SSAValue) and isinstance(value.type, ts.OptionalType):
            holder[key] = not_none(e, value, "TypeError", f"{name}(): argument {key!r} must not be None")
            return True
    return False


def _place(
    e: Emitter, error: OverloadError, call: Call, args: Sequence[Value], kwargs: Mapping[str, Value], operands: list[Any]
) -> None:
    """Puts an error about one argument at that argument's place, and gives the operator the name that the program has for it."""
    found: Value | None = None
    if isinstance(error.argument, str):
        found = kwargs.get(error.argument)
    elif error.argument is not None and error.argument < len(call.args) and len(call.args) == len(operands):
        found = args[error.argument]
    node = e.argument_node(found)
    if node is not None:
        error.location = e.source.location(node)
        e.complete(error, node)


def tuple_result(name: str, result: SSAValue) -> str | None:
    """What Python has for an operator's result that is a list in ATen: a torch.Size, or a tuple of tensors."""
    if not isinstance(result.type, ts.ListType):
        return None
    if name.partition(".")[0] == "size":
        return "size"
    return "tuple" if is_tensor(result.type.element) or name.partition(".")[0] == "stride" else None


def without_view(e: Emitter, value: Value) -> Value:
    """The keys or items of a dict as the set that operators take them as; another value as it is."""
    if isinstance(value, Run) and value.tuple_like in SET_LIKE:
        return Run(e.py("set", [value.ssa]))
    return plain_dict(e, value)


def _tuples_alike(e: Emitter, left: Value, right: Value) -> tuple[Value, Value]:
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
    from tsir.frontend.script.convert import raise_in_program, refuse_objects_of_set
    from tsir.frontend.script.enums import combined, number_behind

    symbol, method, meaning = BINARY[type(op)]
    if (flags := combined(e, [left, right], meaning)) is not None:
        return flags
    if (found := operate(e, meaning.__name__, [left, right])) is not None:
        return found
    for holder, other, name in ((left, right, f"__{method}__"), (right, left, f"__r{method}__")):
        if (found := call_own_method(e, holder, name, [other])) is not None and not is_declined(found):
            return found
    left, right = (number_of(e, number_behind(e, without_view(e, v))) for v in (left, right))
    if looks_for_none(e):
        left, right = _present(e, left, symbol), _present(e, right, symbol)
    if isinstance(left, Const) and isinstance(right, Const):
        folded = _fold(meaning, left, right)
        if folded is not None:
            return folded
    if isinstance(left, StaticTuple) and isinstance(right, StaticTuple) and symbol == "+":
        return StaticTuple(left.elements + right.elements)
    if isinstance(left, StaticTuple) and isinstance(right, Const) and isinstance(right.value, int) and symbol == "*":
        return StaticTuple(left.elements * right.value)
    if symbol in ("+", "*"):
        left, right = _tuples_alike(e, left, right)
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
    if is_tensor(a):
        return _tensor_operator(e, symbol, left, right, f"__{method}__", [left, right])
    if is_tensor(b):
        return _tensor_operator(e, symbol, left, right, f"__r{method}__", [right, left])
    by_type = operate_by_type(e, symbol, [left, right], lambda known: binary(e, op, *known))
    return _python(e, symbol, left, right) if by_type is None else by_type


def _merged(e: Emitter, left: Value, right: Value) -> Value:
    assert isinstance(left, StaticDict) and isinstance(right, StaticDict)
    return new_dict(e, {**left.items, **right.items})


def _present(e: Emitter, value: Value, symbol: str) -> Value:
    """An operand that may be None as one that isn't: Python raises TypeError where it is."""
    from tsir.frontend.script.convert import not_none

    if not isinstance(value, Run) or not isinstance(value.type, ts.OptionalType):
        return value
    return e.session.object_or_run(
        not_none(e, value.ssa, "TypeError", f"unsupported operand type(s) for {symbol}: 'NoneType'")
    )


def _tensor_operator(e: Emitter, symbol: str, left: Value, right: Value, method: str, operands: Sequence[Value]) -> Value:
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


def _sizes(e: Emitter, left: Value, right: Value) -> tuple[Value, Value]:
    """A tuple next to a list of its elements' type is made a list: tuples of unknown length are lists here, as in torch.jit."""
    a, b = e.session.type_of(left), e.session.type_of(right)
    if isinstance(a, ts.ListType) and isinstance(b, ts.TupleType) and all(k == a.element for k in b.elements.data):
        return left, Run(coerce(e, right, a, "a tuple of unknown length"))
    if isinstance(b, ts.ListType) and isinstance(a, ts.TupleType) and all(k == b.element for k in a.elements.data):
        return Run(coerce(e, left, b, "a tuple of unknown length")), right
    return left, right


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
    left, right = _tuples_alike(e, left, right)
    kept = next((v.tuple_like for v in (left, right) if isinstance(v, Run) and v.tuple_like), None)
    left, right = _sizes(e, left, right)
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
    from tsir.frontend.script.type_relations import join_types

    kinds = [o.type for o in operands if isinstance(o.type, ts.DictType) and not o.type.container.data]
    if len(kinds) < 2 or kinds[0] == kinds[1]:
        return list(operands)
    joined = ts.DictType(join_types(kinds[0].key, kinds[1].key), join_types(kinds[0].value, kinds[1].value))
    return [e.cast(o, joined) for o in operands]


def _same_lists(e: Emitter, left: Value, right: Value, operands: list[SSAValue]) -> list[SSAValue]:
    """The operands of a concatenation; an empty literal takes the other one's type."""
    from tsir.frontend.script.convert import retype

    unify(operands[0].type, operands[1].type)
    if operands[0].type != operands[1].type and not retype(e, operands[1], operands[0].type):
        retype(e, operands[0], operands[1].type)
    return operands


def _fold(meaning: Callable[..., Any], *operands: Const) -> Const | None:
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
        return _tensor_operator(e, symbol + "=", left, right, f"__i{method}__", [left, right])
    if isinstance(kind, ts.ListType | ts.SetType | ts.DictType | ts.DequeType) and not isinstance(
        left, StaticTuple | StaticList
    ):
        target = materialise(e, left)
        row = python.operator(symbol + "=", [target.type] * 2)
        if row is not None:
            given = materialise(e, right)
            if row.name == "list_iadd" and isinstance(kind, ts.ListType):
                from tsir.frontend.script.convert import retype

                if not isinstance(given.type, ts.ListType | ts.TupleType | ts.AnyType):
                    from tsir.frontend.script.comprehensions import collect

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
    from tsir.frontend.script.enums import combined, plain

    symbol, method, meaning = UNARY[type(op)]
    if (flags := combined(e, [value], meaning)) is not None:
        return flags
    if (found := operate(e, meaning.__name__, [value])) is not None:
        return found
    if (found := call_own_method(e, value, method, [])) is not None:
        return found
    value = number_of(e, plain(e, value))
    if looks_for_none(e):
        value = _present(e, value, symbol)
    if isinstance(value, Const):
        if isinstance(value.value, complex):
            return Const(meaning(value.value))
        folded = _fold(meaning, value)
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


def compare(e: Emitter, op: ast.cmpop, left: Value, right: Value) -> Value:
    """One comparison."""
    from tsir.frontend.script.choices import for_each_class
    from tsir.frontend.script.comparing import compare_containers
    from tsir.frontend.script.conditions import identity, is_one_name, none_test
    from tsir.frontend.script.convert import as_bool, raise_in_program, refuse_objects_of_set
    from tsir.frontend.script.enums import number_behind
    from tsir.frontend.script.exception_values import asks_for_class
    from tsir.frontend.script.function_identity import compares_type, same_function
    from tsir.frontend.script.listed import is_values

    if (among := for_each_class(e, left, right, lambda a, b: compare(e, op, a, b))) is not None:
        return among
    if isinstance(op, ast.Is | ast.IsNot):
        negate = isinstance(op, ast.IsNot)
        for a, b in ((left, right), (right, left)):
            if isinstance(b, Const) and b.value is None:
                return as_bool(e, none_test(e, a, None, negate=negate).value)
        return identity(e, left, right, negate=negate)
    if isinstance(op, ast.In | ast.NotIn):
        return contains_item(e, right, left, negate=isinstance(op, ast.NotIn))
    if isinstance(op, ast.Eq | ast.NotEq):
        of_functions = same_function(e, left, right, negate=isinstance(op, ast.NotEq))
        if of_functions is not None:
            return of_functions
        for a, b in ((left, right), (right, left)):
            if isinstance(a, Const) and isinstance(b, PyObject) and isinstance(b.value, type):
                return Const(isinstance(op, ast.NotEq))
        if asks_for_class(left, right):
            return identity(e, left, right, negate=isinstance(op, ast.NotEq))
        if is_values(left) and is_values(right):
            return Const(is_one_name(e.node) is isinstance(op, ast.Eq))
    symbol, method, swapped, meaning = COMPARISONS[type(op)]
    if (found := operate(e, meaning.__name__, [left, right])) is not None:
        return found
    for holder, other, name in ((left, right, method), (right, left, swapped)):
        if (found := call_own_method(e, holder, name, [other])) is not None and not is_declined(found):
            return found
    left, right = (number_of(e, number_behind(e, without_view(e, v))) for v in (left, right))
    if looks_for_none(e) and not isinstance(op, ast.Eq | ast.NotEq):
        left, right = _present(e, left, symbol), _present(e, right, symbol)
    left, right = _tuples_alike(e, left, right)
    if symbol in ("==", "!=") and _list_and_tuple(e, left, right):
        return Const(symbol == "!=")
    static = _static_compare(left, right, meaning)
    if static is not None:
        return static
    if (by_type := compare_by_type(e, left, right, lambda a, b: compare(e, op, a, b))) is not None:
        return by_type
    by_methods = compare_containers(e, op, left, right)
    if by_methods is not None:
        return by_methods
    for operand in (left, right):
        refuse_objects_of_set(e, e.session.type_of(operand), f"operator {symbol}")
    declined = False
    for holder, other, name in ((left, right, method), (right, left, swapped)):
        if isinstance(holder, Object):
            found = e.session.call_optional_method(e, holder, (name,), [other])
            if found is not None and not is_declined(found):
                return found
            declined = declined or found is not None
            if name == "__ne__":
                equal = e.session.call_optional_method(e, holder, ("__eq__",), [other])
                declined = declined or (equal is not None and is_declined(equal))
                if equal is not None and not is_declined(equal):
                    return Run(e.emit(py_op("not")([materialise(e, equal)], [ts.BOOL])))
    if declined and symbol in ("==", "!="):
        both = isinstance(left, Object) and isinstance(right, Object)
        return identity(e, left, right, negate=symbol == "!=") if both else Const(symbol == "!=")
    if declined:
        shown = f"'{e.show(left)}' and '{e.show(right)}'"
        raise_in_program(e, "TypeError", f"'{symbol}' not supported between instances of {shown}")
    if has_builtin_base(left) or has_builtin_base(right):
        return compare(e, op, as_builtin(e, left), as_builtin(e, right))
    a, b = e.session.type_of(left), e.session.type_of(right)
    if is_tensor(a):
        return _tensor_operator(e, symbol, left, right, method, [left, right])
    if is_tensor(b):
        return _tensor_operator(e, symbol, left, right, swapped, [right, left])
    if e.session.decisions.mixed and symbol not in ("==", "!="):
        by_type = operate_by_type(e, symbol, [left, right], lambda known: compare(e, op, *known))
        if by_type is not None:
            return by_type
    row = python.operator(symbol, [ts.INT, ts.INT])
    assert row is not None
    left, right = _sizes(e, left, right)
    operands = [materialise(e, left), materialise(e, right)]
    compares_type(e, operands[0].type)
    return Run(e.py(row.name, operands))


def _list_and_tuple(e: Emitter, left: Value, right: Value) -> bool:
    """Whether one value is a list and the other a tuple that is a list here: these are never equal."""

    def is_list(value: Value) -> bool:
        return isinstance(value, Run) and not value.is_tuple and isinstance(value.type, ts.ListType)

    def is_tuple(value: Value) -> bool:
        return isinstance(value, Run) and value.is_tuple

    return (is_list(left) and is_tuple(right)) or (is_tuple(left) and is_list(right))


def _static_compare(left: Value, right: Value, meaning: Callable[[Any, Any], Any]) -> Const | None:
    if isinstance(left, Const) and isinstance(right, Const):
        if meaning in (operator.eq, operator.ne):
            return Const(bool(meaning(left.value, right.value)))
        return _fold(meaning, left, right)
    for version, other in ((left, right), (right, left)):
        if isinstance(version, PyObject) and isinstance(version.value, str) and isinstance(other, Const):
            return Const(bool(meaning(_constant_of(left), _constant_of(right))))  # such as torch.__version__
    if meaning not in (operator.eq, operator.ne):
        return None
    if isinstance(left, EnumValue) and isinstance(right, EnumValue):
        return Const(bool(meaning(left.member, right.member)))
    if isinstance(left, StaticTuple) and isinstance(right, StaticTuple) and len(left.elements) != len(right.elements):
        return Const(meaning is operator.ne)
    a, b = _python_object(left), _python_object(right)
    return Const(bool(meaning(a, b))) if a is not None and b is not None else None


def _constant_of(value: Value) -> Any:
    return value.value if isinstance(value, Const | PyObject) else None


def _python_object(value: Value) -> Any:
    """The object behind a value that stands for one, such as the types in `type(x) == int`."""
    if isinstance(value, Builtin):
        return getattr(builtins, value.name, None)
    return value.value if isinstance(value, PyObject) else None


def _same_object(a: Value, b: Value) -> bool:
    """Whether two constant objects are equal, or one."""
    from tsir.frontend.script.evaluation import NotConstant, as_python

    if isinstance(a, PyFunction) and isinstance(b, PyFunction):
        return a.function is b.function and a.receiver is b.receiver
    try:
        return bool(as_python(a) == as_python(b))
    except NotConstant:
        return False


def _in_object(e: Emitter, container: PyObject, item: Value) -> Value | None:
    """`item in container` for a constant Python object that says what it contains without effects."""
    from tsir.frontend.script.evaluation import evaluate

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
    from tsir.frontend.script.choices import is_of_classes
    from tsir.frontend.script.comparing import contains
    from tsir.frontend.script.enums import class_of, plain
    from tsir.frontend.script.flags import has_flags
    from tsir.frontend.script.function_identity import compares_functions, compares_type
    from tsir.frontend.script.function_values import is_function
    from tsir.frontend.script.inlining import emit_choice
    from tsir.frontend.script.outside_lookup import is_in_object

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
        from tsir.frontend.script import prelude
        from tsir.frontend.script.calls import call

        found = call(e, PyFunction(prelude.found_in), [container, item], {})
    if isinstance(container, Object):
        container = e.session.keys_of(container) or container
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
            from tsir.frontend.script import prelude

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
