"""Makes `break`, `continue` and `return` of the flags that stand for them: Python to Python.

Behind a branch that sets flags the program is followed with what they are: where every condition on the way to a jump is known, the
branch jumps at once. Conditions of flags that have one value at a place are decided there.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tsir.lowering.to_python.liveness import assigned, assignment, is_pure

_MOST_NODES = 24
"""How large what a `return` gives may be, where it is written once more."""
_MOST_STATEMENTS = 2
"""How many statements with an effect may be written once more before a jump."""
_MOST_STEPS = 100
Known = dict[str, object]
"""The constants that variables hold at a place."""


def with_jumps(body: Sequence[ast.stmt], temporary: Collection[str]) -> list[ast.stmt]:
    """A function's body with jumps. `temporary` are the variables that aren't the user's."""
    return _Threader(body, temporary).block(body, {}, None)[0] or [ast.Pass()]


@dataclass(frozen=True)
class _Rest:
    """What follows a statement: others of its block, then what follows the block."""

    statements: Sequence[ast.stmt]
    behind: _Place


@dataclass(frozen=True)
class _End:
    """The end of the body of a loop, or of a `try`."""

    statement: ast.stmt
    behind: _Place


_Place = _Rest | _End | None


@dataclass(frozen=True)
class _Jump:
    statements: list[ast.stmt]

    @property
    def cost(self) -> tuple[bool, int]:
        """Less is better: leaving what the other branch goes on with, with fewer statements before it."""
        return isinstance(self.statements[-1], ast.Continue), len(self.statements)


class _Threader:
    def __init__(self, body: Sequence[ast.stmt], temporary: Collection[str]) -> None:
        self._temporary = temporary
        self._flags = _flags(body, temporary)
        self._breaks: list[list[Known]] = []

    def block(self, statements: Sequence[ast.stmt], known: Known, behind: _Place) -> tuple[list[ast.stmt], Known | None]:
        """The statements of a block, where some variables are known, and what is known behind it: None where nobody gets there."""
        done: list[ast.stmt] = []
        todo = list(statements)
        now: Known | None = known
        while todo and now is not None:
            statement = todo.pop(0)
            match statement:
                case ast.If():
                    test = _folded(statement.test, now)
                    if isinstance(test, ast.Constant):
                        todo[:0] = statement.body if test.value else statement.orelse
                        continue
                    statement, now = self._if(statement, test, now, _Rest(tuple(todo), behind))
                case ast.While() | ast.For():
                    statement, now = self._loop(statement, now, _Rest(tuple(todo), behind))
                case ast.Try():
                    statement, now = self._try(statement, now, _Rest(tuple(todo), behind))
                case _:
                    statement, now = self._simple(statement, now)
            done += [] if statement is None else [statement]
        return done, now

    def _simple(self, statement: ast.stmt, known: Known) -> tuple[ast.stmt, Known | None]:
        match statement:
            case ast.Break():
                self._breaks[-1].append(known)
                return statement, None
            case ast.Continue():
                return statement, None
            case ast.Return(value=ast.expr() as value):
                return ast.Return(_folded(value, known)), None
            case ast.Return() | ast.Raise():
                return statement, None
            case ast.Assign() | ast.AnnAssign():
                found = assignment(statement)
                if found is not None and found[0] in self._temporary:
                    statement.value = _folded(found[1], known)
                return statement, self._behind(statement, known)
            case _:
                return statement, self._behind(statement, known)

    def _behind(self, statement: ast.stmt, known: Known) -> Known:
        """What is known behind a simple statement."""
        changed = assigned([statement])
        found = assignment(statement)
        known = {n: v for n, v in known.items() if n not in changed}
        match found:
            case (name, ast.Constant(value=bool() | None as value)) if name in self._temporary:
                known[name] = value
            case _:
                pass
        return known

    # Branches

    def _if(self, statement: ast.If, test: ast.expr, known: Known, rest: _Rest) -> tuple[ast.stmt | None, Known | None]:
        body, then = self.block(statement.body, known | self._facts(test, True), rest)
        orelse, otherwise = self.block(statement.orelse, known | self._facts(test, False), rest)
        if then is not None and otherwise is not None:
            differ = _differ(then, otherwise)
            first = self._jump(then, rest, differ) if differ else None
            second = self._jump(otherwise, rest, differ) if differ else None
            if first is not None and (second is None or first.cost <= second.cost):
                body, then = [*body, *first.statements], self._jumped(first, then)
            elif second is not None:
                orelse, otherwise = [*orelse, *second.statements], self._jumped(second, otherwise)
        if not body and not orelse and is_pure(test):
            return None, known
        return ast.If(test, body or [ast.Pass()], orelse), _joined([then, otherwise])

    def _jumped(self, jump: _Jump, known: Known) -> None:
        if isinstance(jump.statements[-1], ast.Break):
            for statement in jump.statements[:-1]:
                known = self._behind(statement, known)
            self._breaks[-1].append(known)

    def _facts(self, test: ast.expr, value: bool) -> Known:
        match test:
            case ast.Name(id=name) if name in self._flags:
                return {name: value}
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return self._facts(inner, not value)
            case ast.BoolOp(op=operator, values=values) if isinstance(operator, ast.And) == value:
                return {n: v for inner in values for n, v in self._facts(inner, value).items()}
            case _:
                return {}

    def _jump(self, known: Known, place: _Place, differ: set[str]) -> _Jump | None:
        """The jump that the program gets to from a place, by the flags that another branch sets otherwise."""
        used: set[str] = set()
        done: list[ast.stmt] = []
        best: _Jump | None = None
        todo: list[ast.stmt] = []
        effects, depth, again = 0, 0, False
        for _ in range(_MOST_STEPS):
            if not todo:
                match place:
                    case None:
                        return best
                    case _Rest(statements, behind):
                        todo, place = list(statements), behind
                        continue
                    case _End(ast.While() | ast.For() as loop, behind):
                        test = _folded(loop.test, known, used) if isinstance(loop, ast.While) else ast.Constant(True)
                        if isinstance(test, ast.Constant) and not test.value:
                            statement: ast.stmt = ast.Break()
                        elif not depth and used & differ:
                            return best or _Jump([*done, ast.Continue()])
                        elif not depth and not again and isinstance(loop, ast.While) and isinstance(test, ast.Constant):
                            todo, place, again = list(loop.body), _End(loop, behind), True
                            continue
                        else:
                            return best
                        place = _End(loop, behind)
                    case _:
                        return best
            else:
                statement = todo.pop(0)
            match statement:
                case ast.If():
                    test = _folded(statement.test, known, used)
                    if not isinstance(test, ast.Constant):
                        return best
                    todo[:0] = statement.body if test.value else statement.orelse
                case ast.Return() | ast.Raise():
                    value = statement.value if isinstance(statement, ast.Return) else statement.exc
                    if not used & differ or (value is not None and sum(1 for _ in ast.walk(value)) > _MOST_NODES):
                        return best
                    last = copy.deepcopy(statement)
                    if isinstance(last, ast.Return) and last.value is not None:
                        last.value = _folded(last.value, known)
                    return _Jump([*done, last])
                case ast.Break():
                    if not depth and used & differ:
                        best = _Jump([*done, ast.Break()])
                    while isinstance(place, _Rest):
                        place = place.behind
                    if place is None or not isinstance(place.statement, ast.While | ast.For):
                        return best
                    todo, place, depth = [], place.behind, depth + 1
                case ast.Continue():
                    return best if depth or best is not None or not used & differ else _Jump([*done, ast.Continue()])
                case ast.Assign() | ast.AnnAssign() | ast.Expr():
                    found = assignment(statement)
                    effects += found is None or not isinstance(found[1], ast.Constant | ast.Name | ast.Call)
                    effects += found is not None and isinstance(found[1], ast.Call) and not is_pure(found[1])
                    if effects > (0 if best is not None else _MOST_STATEMENTS):
                        return best
                    known = self._behind(statement, known)
                    done.append(copy.deepcopy(statement))
                case ast.Pass():
                    pass
                case _:
                    return best
        return best

    # Loops and try

    def _loop(self, loop: ast.While | ast.For, known: Known, rest: _Rest) -> tuple[ast.stmt | None, Known | None]:
        changed = _changed([loop], known)
        known = {n: v for n, v in known.items() if n not in changed}
        exits = [known]
        inside = dict(known)
        if isinstance(loop, ast.While):
            test = _folded(loop.test, known)
            if isinstance(test, ast.Constant):
                if not test.value:
                    return None, known
                exits = []
            else:
                exits, inside = [known | self._facts(test, False)], known | self._facts(test, True)
        else:
            test = loop.iter
        self._breaks.append([])
        body, _ = self.block(loop.body, inside, _End(loop, rest))
        exits += self._breaks.pop()
        body = body or [ast.Pass()]
        made = ast.While(test, body, []) if isinstance(loop, ast.While) else ast.For(loop.target, loop.iter, body, [])
        return made, _joined(exits)

    def _try(self, statement: ast.Try, known: Known, rest: _Rest) -> tuple[ast.stmt, Known | None]:
        body, then = self.block(statement.body, dict(known), _End(statement, rest))
        changed = assigned(statement.body)
        before = {n: v for n, v in known.items() if n not in changed}
        handlers: list[ast.ExceptHandler] = []
        exits: list[Known | None] = []
        orelse: list[ast.stmt] = []
        if then is not None:
            orelse, then = self.block(statement.orelse, then, rest)
        for handler in statement.handlers:
            inside = {n: v for n, v in before.items() if n != handler.name}
            handled, behind = self.block(handler.body, inside, rest)
            differ = _differ(then, behind) if then is not None and behind is not None else None
            jump = self._jump(behind, rest, differ) if differ and behind is not None else None
            if jump is not None and behind is not None:
                handled, behind = [*handled, *jump.statements], self._jumped(jump, behind)
            handlers.append(ast.ExceptHandler(handler.type, handler.name, handled or [ast.Pass()]))
            exits.append(behind)
        return ast.Try(body or [ast.Pass()], handlers, orelse, []), _joined([then, *exits])


def _differ(a: Known, b: Known) -> set[str]:
    """The variables that are known otherwise in two ways."""
    return {n for n in {*a, *b} if n not in a or n not in b or a[n] is not b[n]}


def _joined(ways: Sequence[Known | None]) -> Known | None:
    """What is known where several ways meet."""
    reached = [w for w in ways if w is not None]
    if not reached:
        return None
    first, *others = reached
    return {n: v for n, v in first.items() if all(n in o and o[n] is v for o in others)}


def _changed(statements: Sequence[ast.stmt], known: Known) -> set[str]:
    """The variables that statements may give another value than the known one."""
    found: set[str] = set()
    for node in (n for s in statements for n in ast.walk(s)):
        if isinstance(node, ast.stmt | ast.ExceptHandler):
            given = assignment(node)
            if given is not None:
                name, value = given
                if not (isinstance(value, ast.Constant) and name in known and value.value is known[name]):
                    found.add(name)
            elif isinstance(node, ast.For):
                found |= assigned([node.target])
            elif not isinstance(node, ast.If | ast.While | ast.Try):
                found |= assigned([node])
    return found


def _flags(body: Sequence[ast.stmt], temporary: Collection[str]) -> set[str]:
    """The temporary variables that are assigned True and False only."""
    nodes = [n for s in body for n in ast.walk(s) if isinstance(n, ast.stmt | ast.ExceptHandler)]
    values: dict[str, list[ast.expr]] = {}
    others: set[str] = set()
    for node in nodes:
        given = assignment(node)
        if given is not None:
            values.setdefault(given[0], []).append(given[1])
        elif isinstance(node, ast.For):
            others |= assigned([node.target])
        elif not isinstance(node, ast.If | ast.While | ast.Try | ast.ExceptHandler):
            others |= assigned([node])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            others.add(node.name)
    plain = {n for n in values if n in temporary and n not in others}
    while True:
        kept = {n for n in plain if all(_is_flag(v, plain) for v in values[n])}
        if kept == plain:
            return kept
        plain = kept


def _is_flag(value: ast.expr, flags: Collection[str]) -> bool:
    match value:
        case ast.Constant():
            return isinstance(value.value, bool)
        case ast.Name():
            return value.id in flags
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.BoolOp():
            return all(_is_flag(v, flags) for v in value.values)
        case ast.Call(func=ast.Attribute(attr="uninitialized"), args=[ast.Name(id="bool")]):
            return True
        case _:
            return False


def _folded(node: ast.expr, known: Known, used: set[str] | None = None) -> ast.expr:
    """A condition, or a value, with what is known of it decided. `used` gets the names of what decided."""
    match node:
        case ast.Name() if node.id in known:
            if used is not None:
                used.add(node.id)
            return ast.Constant(known[node.id])  # pyright: ignore[reportArgumentType]
        case ast.UnaryOp(op=ast.Not()):
            inner = _folded(node.operand, known, used)
            return ast.Constant(not inner.value) if isinstance(inner, ast.Constant) else ast.UnaryOp(node.op, inner)
        case ast.Compare(
            left=ast.Name() as name, ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Constant(value=None)]
        ):
            inner = _folded(name, known, used)
            if not isinstance(inner, ast.Constant):
                return node
            return ast.Constant((inner.value is None) == isinstance(op, ast.Is))
        case ast.BoolOp():
            return _folded_operands(node, known, used)
        case ast.IfExp():
            test = _folded(node.test, known, used)
            if isinstance(test, ast.Constant):
                return _folded(node.body if test.value else node.orelse, known, used)
            return ast.IfExp(test, _folded(node.body, known, used), _folded(node.orelse, known, used))
        case _:
            return node


def _folded_operands(node: ast.BoolOp, known: Known, used: set[str] | None) -> ast.expr:
    """`and` and `or` without operands that don't decide, up to the one that does."""
    neutral = isinstance(node.op, ast.And)
    kept: list[ast.expr] = []
    for value in node.values:
        inner = _folded(value, known, used)
        if not isinstance(inner, ast.Constant):
            kept.append(inner)
        elif bool(inner.value) != neutral:
            if all(is_pure(k) for k in kept):
                return inner
            kept.append(inner)
            break
    if not kept:
        return ast.Constant(neutral)
    return kept[0] if len(kept) == 1 else ast.BoolOp(node.op, kept)
