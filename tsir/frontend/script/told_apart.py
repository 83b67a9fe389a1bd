"""Expressions and statements that only some types of a Union take: `v + 1` where `v` is an int or a text.

Python raises its TypeError or AttributeError where such a value comes, and only there. A compile that meets one starts again, and
then emits what can't be emitted for all types of an operand in a branch for each of them: one that isn't taken raises. Where no type
is taken, the error that names them all stays. What several types have a meaning for is `several_types.py`'s subject.

None is no such type: that a value may be None is an error of its own, which says where to look for it.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from xdsl.ir import Attribute, Block

from tsir.dialects.ts import types as ts
from tsir.errors import FrontendError
from tsir.frontend.script.comparisons import COMPARISONS
from tsir.frontend.script.emitter import Emitter, Unreachable
from tsir.frontend.script.expected import class_name, python_message
from tsir.frontend.script.operators import BINARY, UNARY
from tsir.frontend.script.python_errors import raise_in_program
from tsir.frontend.script.several_types import for_each_type, members_of
from tsir.frontend.script.values import Binding, Const, Value

CODES = frozenset({"TS202", "TS203", "TS301", "TS304", "TS305", "TS307", "TS504"})
"""The errors about what an operation takes. What a declaration says isn't among them: Python doesn't look at it."""

Step = tuple[str, int | None]
"""The field of a tree in which another one stands, and its position if that is a list."""

Place = tuple[Step, ...]
"""Where an operand stands in an expression or statement."""


def emit_told_apart(e: Emitter, node: ast.expr, emit: Callable[[Any], Value]) -> Value:
    """What `emit` gives for an expression, or for it with an operand of one of the types that it may be of."""
    state = _State(e) if e.session.decisions.telling_apart else None
    try:
        return emit(node)
    except FrontendError as error:
        if error.code not in CODES:
            raise
        if state is None:
            _start_again(e, error, lambda: [v for _, v in _evaluated(e, node) if _is_of_several_types(e, v)])
            raise
        state.restore(e)
        operands = _evaluated(e, node)
        if not operands or not _is_of_several_types(e, operands[-1][1]):
            return _again(e, node, dict(operands), emit, error)

        def use(values: Sequence[Value]) -> Value:
            given = {place: value for (place, _), value in zip(operands, values, strict=True)}
            return _with_operands(e, node, given, lambda tree: emit_told_apart(e, tree, emit))

        values = [value for _, value in operands]
        return _among(e, values, use, error, lambda *known: python_says(e, node, operands[-1][0], *known))


def emit_statement_told_apart(e: Emitter, node: ast.stmt, emit: Callable[[Any], None]) -> None:
    """The same for a statement."""

    def as_value(tree: Any) -> Value:
        emit(tree)
        return Const(None)

    if isinstance(node, _STATEMENTS):
        emit_told_apart(e, node, as_value)  # pyright: ignore[reportArgumentType]
    else:
        emit(node)


def use_told_apart(
    e: Emitter, values: Sequence[Value], use: Callable[[Sequence[Value]], Value], says: Callable[[Sequence[Value]], str]
) -> Value:
    """What `use` gives for values, or for them with one of the types that one of them may be of. `says` is what Python says of those
    that it doesn't take."""
    state = _State(e) if e.session.decisions.telling_apart else None
    try:
        return use(values)
    except FrontendError as error:
        at = next((i for i, v in enumerate(values) if _is_of_several_types(e, v)), None)
        if error.code not in CODES or at is None:
            raise
        if state is None:
            _start_again(e, error, lambda: True)
            raise
        state.restore(e)

        def again(known: Sequence[Value]) -> Value:
            return use_told_apart(e, [*known, *values[at + 1 :]], use, says)

        def message(known: Value, _: FrontendError) -> tuple[str, str]:
            return "TypeError", says([*values[:at], known, *values[at + 1 :]])

        return _among(e, values[: at + 1], again, error, message)


_STATEMENTS = (ast.For, ast.Assign, ast.Delete)
"""Statements that do something with a value themselves. What stands in a loop's body is told apart there."""


def _start_again(e: Emitter, error: FrontendError, is_about_several: Callable[[], object]) -> None:
    """Raises Redecided where an error may be about an operand of several types."""
    from tsir.frontend.script.decided import Redecided

    if e.session.complete or e.session.decisions.settled:
        return
    state = _State(e)
    with e.inside(Block()):
        found = is_about_several()
    state.restore(e)
    if found:
        e.session.decisions.telling_apart = True
        raise Redecided


def _among(
    e: Emitter,
    values: Sequence[Value],
    use: Callable[[Sequence[Value]], Value],
    error: FrontendError,
    says: Callable[[Value, FrontendError], tuple[str, str]],
) -> Value:
    """What `use` gives for values of which the last may be of several types. Raises the error where it takes none of them."""
    taken = 0

    def attempt(known: Value) -> Value:
        nonlocal taken
        state = _State(e)
        try:
            found = use([*values[:-1], known])
        except FrontendError as other:
            if other.code not in CODES:
                raise
            state.restore(e)
            if other.code == "TS504":
                raise  # Python gives the object a new attribute
            if e.session.type_of(known) == ts.NumberType():
                return for_each_type(e, known, attempt, _NUMBERS)
            raise_in_program(e, *says(known, other))
        except Unreachable:
            taken += 1
            raise
        taken += 1
        return found

    try:
        found = for_each_type(e, values[-1], attempt, _kinds(e, values[-1]))
    except Unreachable:
        if taken:
            raise
        raise error from None
    if not taken:
        raise error
    return found


class _State:
    """What an emitter had come to, which is put back where something can't be emitted."""

    def __init__(self, e: Emitter) -> None:
        self.fields = {n: v.copy() if isinstance(v, dict | list | set) else v for n, v in vars(e).items()}
        self.last = e.block.last_op
        self.cells = len(e.session.open_cells)

    def restore(self, e: Emitter) -> None:
        """Puts it back, and takes out what was emitted since."""
        vars(e).update({n: v.copy() if isinstance(v, dict | list | set) else v for n, v in self.fields.items()})
        while (operation := e.block.last_op) is not None and operation is not self.last:
            operation.detach()
            operation.erase(safe_erase=False)
        del e.session.open_cells[self.cells :]


def _operands(node: ast.AST) -> Iterator[tuple[Place, ast.expr]]:
    """The operands of an expression or statement, in the order of their evaluation, with where they stand in it."""
    match node:
        case ast.Call():
            if isinstance(node.func, ast.Attribute):
                yield (("func", None), ("value", None)), node.func.value
            else:
                yield (("func", None),), node.func
            yield from (((("args", i),), a) for i, a in enumerate(node.args))
            yield from (((("keywords", i), ("value", None)), k.value) for i, k in enumerate(node.keywords) if k.arg)
        case ast.Compare():
            yield (("left", None),), node.left
            yield (("comparators", 0),), node.comparators[0]
        case ast.For():
            yield (("iter", None),), node.iter
        case ast.Delete() | ast.Assign():
            if isinstance(node, ast.Assign):
                yield (("value", None),), node.value
            for i, target in enumerate(node.targets):
                if isinstance(target, ast.Subscript | ast.Attribute):
                    yield (("targets", i), ("value", None)), target.value
                if isinstance(target, ast.Subscript):
                    yield (("targets", i), ("slice", None)), target.slice
        case ast.BinOp() | ast.UnaryOp() | ast.Subscript() | ast.Attribute() | ast.FormattedValue():
            fields = ("left", "right", "operand", "value", "slice")
            yield from ((((f, None),), getattr(node, f)) for f in fields if hasattr(node, f))
        case _:
            pass


_NUMBERS = (ts.BOOL, ts.INT, ts.FLOAT, ts.COMPLEX)


def _kinds(e: Emitter, value: Value) -> Sequence[Attribute]:
    """The types that a value of several types may be of."""
    return _NUMBERS if e.session.type_of(value) == ts.NumberType() else members_of(e, value)


def _is_of_several_types(e: Emitter, value: Value) -> bool:
    kinds = _kinds(e, value)
    return len(kinds) > 1 and ts.NONE not in kinds


def _evaluated(e: Emitter, node: ast.AST) -> list[tuple[Place, Value]]:
    """The operands up to the first that may be of several types, or all. Names are left as they are, but for that one."""
    found: list[tuple[Place, Value]] = []
    for place, operand in _operands(node):
        if isinstance(operand, ast.Constant | _VALUELESS):
            continue
        try:
            value = e.expression(operand)
        except (FrontendError, Unreachable):
            break
        if _is_of_several_types(e, value):
            return [*found, (place, value)]
        if not isinstance(operand, ast.Name):
            found.append((place, value))
    return found


def _again(
    e: Emitter, node: ast.AST, operands: dict[Place, Value], emit: Callable[[Any], Value], error: FrontendError
) -> Value:
    """What couldn't be emitted with its operands, which are of one type each and may have been told apart themselves."""
    if not operands:
        raise error
    try:
        return _with_operands(e, node, operands, emit)
    except FrontendError:
        raise error from None


_VALUELESS = ast.Lambda | ast.GeneratorExp | ast.Starred | ast.Slice
"""Trees that aren't evaluated apart from what they stand in."""


def _with_operands(e: Emitter, node: ast.AST, values: dict[Place, Value], emit: Callable[[Any], Value]) -> Value:
    """Emits a tree in which these operands have been evaluated."""
    made = copy.copy(node)
    names = {place: f"$operand{len(e.variables) + i}" for i, place in enumerate(values)}
    for place, name in names.items():
        tree = made
        for step in place[:-1]:
            tree = _replaced(tree, step, copy.copy(_at(tree, step)))
        _replaced(tree, place[-1], ast.copy_location(ast.Name(name, ast.Load()), _at(tree, place[-1])))
    for place, value in values.items():
        e.variables[names[place]] = Binding(value)
    try:
        return emit(made)
    finally:
        for name in names.values():
            e.variables.pop(name, None)


def _at(tree: ast.AST, step: Step) -> Any:
    found = getattr(tree, step[0])
    return found if step[1] is None else found[step[1]]


def _replaced(tree: ast.AST, step: Step, inner: ast.AST) -> Any:
    field, position = step
    if position is None:
        setattr(tree, field, inner)
    else:
        items = list(getattr(tree, field))
        items[position] = inner
        setattr(tree, field, items)
    return inner


def python_says(e: Emitter, node: ast.AST, place: Place, known: Value, error: FrontendError) -> tuple[str, str]:
    """The class and message of what Python raises for an operand of a type that isn't taken, once it has evaluated the others."""
    (name,) = _names(e, [known])
    is_missing = error.code == "TS203" and place[0][0] in ("func", "value")
    others = [] if is_missing or isinstance(node, ast.stmt) else _behind(e, node, place)
    match node:
        case ast.Attribute():
            return "AttributeError", f"'{name}' object has no attribute '{node.attr}'"
        case ast.Call(func=ast.Attribute(attr=attribute)) if error.code == "TS203" and place[0][0] == "func":
            return "AttributeError", f"'{name}' object has no attribute '{attribute}'"
        case ast.Call() if place[0][0] == "func" and len(place) == 1:
            return "TypeError", f"'{name}' object is not callable"
        case ast.Subscript() if place[0][0] == "value":
            return "TypeError", f"'{name}' object is not subscriptable"
        case ast.For():
            return "TypeError", f"'{name}' object is not iterable"
        case ast.Assign() if place[0][0] == "value":
            return "TypeError", f"cannot unpack non-iterable {name} object"
        case ast.Assign():
            return "TypeError", f"'{name}' object does not support item assignment"
        case ast.Delete():
            return "TypeError", f"'{name}' object does not support item deletion"
        case ast.BinOp():
            return "TypeError", operator_says(e, BINARY[type(node.op)][0], _both(e, node.left, place, known, others))
        case ast.Compare() if isinstance(node.ops[0], ast.In | ast.NotIn):
            return "TypeError", f"argument of type '{name}' is not iterable" if place[0][
                0
            ] == "comparators" else error.message
        case ast.Compare() if type(node.ops[0]) in COMPARISONS:
            left, right = _names(e, _both(e, node.left, place, known, others))
            symbol = COMPARISONS[type(node.ops[0])][0]
            return "TypeError", f"'{symbol}' not supported between instances of '{left}' and '{right}'"
        case ast.UnaryOp():
            return "TypeError", f"bad operand type for unary {UNARY[type(node.op)][0]}: '{name}'"
        case _:
            return "TypeError", error.message


def _names(e: Emitter, values: Sequence[Value]) -> list[str]:
    """Python's names of the classes of values."""
    return [class_name(e, e.session.type_of(v)) or e.show(v) for v in values]


def operator_says(e: Emitter, symbol: str, operands: Sequence[Value]) -> str:
    """What Python says of operands that an operator doesn't take."""
    return python_message(symbol, [e.session.type_of(v) for v in operands]).format(*_names(e, operands))


def _behind(e: Emitter, node: ast.AST, place: Place) -> list[Value]:
    """The operands behind the one at `place`."""
    operands = list(_operands(node))
    at = next(i for i, (p, _) in enumerate(operands) if p == place)
    return [e.expression(tree) for _, tree in operands[at + 1 :] if not isinstance(tree, _VALUELESS)]


def _both(e: Emitter, left: ast.expr, place: Place, known: Value, others: Sequence[Value]) -> list[Value]:
    """The two operands of an operator of which the one at `place` is known; nothing stays of what is emitted for a left one."""
    if others:
        return [known, others[0]]
    with e.inside(Block()):
        return [e.expression(left), known]
