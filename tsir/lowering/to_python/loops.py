"""Makes loops of loops with flags: conditions without them, and `for` where a `while` counts. Python to Python."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence

from tsir.lowering.to_python.liveness import Liveness, assigned, assignment, is_pure, reads


def with_plain_loops(body: Sequence[ast.stmt], temporary: Collection[str]) -> list[ast.stmt]:
    """A function's body with loops as a person would write them. `temporary` are the variables that aren't the user's."""
    return _Loops(Liveness(body), temporary).block(body)


class _Loops:
    def __init__(self, liveness: Liveness, temporary: Collection[str]) -> None:
        self._liveness = liveness
        self._temporary = temporary

    def block(self, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
        """The statements of one block."""
        done: list[ast.stmt] = []
        for statement in statements:
            match statement:
                case ast.If() | ast.While() | ast.For() | ast.Try():
                    statement.body, statement.orelse = self.block(statement.body), self.block(statement.orelse)
                case _:
                    pass
            for handler in statement.handlers if isinstance(statement, ast.Try) else ():
                handler.body = self.block(handler.body)
            result = _common_result(statement) if isinstance(statement, ast.While) else None
            done.append(self._while(statement, done) if isinstance(statement, ast.While) else statement)
            if result is not None:
                done.append(result)
        return done

    def _while(self, loop: ast.While, before: list[ast.stmt]) -> ast.stmt:
        if loop.orelse:
            return loop
        if not any(_continues(loop.body)):
            self._with_test_at_the_end(loop, before)
        self._drop_copies_before_the_test(loop)
        match loop:
            case ast.While(
                test=ast.Constant(value=True),
                body=[ast.If(test=ast.UnaryOp(op=ast.Not(), operand=test), body=[ast.Break()], orelse=[]), *rest],
            ) if rest:
                loop.test, loop.body = test, rest
            case _:
                pass
        return self._counted(loop, before) or loop

    def _drop_copies_before_the_test(self, loop: ast.While) -> None:
        """Puts copies at the head of a body behind the test that leaves it, where neither that nor what follows the loop reads
        them."""
        at = next((i for i, s in enumerate(loop.body) if not _is_copy(s)), 0)
        if not at or at == len(loop.body):
            return
        match loop.body[at]:
            case ast.If(test=test, body=[ast.Break()], orelse=[]) as leaving:
                copied = assigned(loop.body[:at])
                if not copied & reads(test) and not any(self._liveness.is_read_behind(loop, n) for n in copied):
                    loop.body = [leaving, *loop.body[:at], *loop.body[at + 1 :]]
            case _:
                pass

    def _with_test_at_the_end(self, loop: ast.While, before: Sequence[ast.stmt]) -> None:
        """`while c and not flag` with a flag that is unset before: `if flag: break` at the end of the body."""
        tests = loop.test.values if isinstance(loop.test, ast.BoolOp) and isinstance(loop.test.op, ast.And) else [loop.test]
        *others, last = tests
        match last:
            case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)) if name in self._temporary:
                pass
            case _:
                return
        if _constant_before(before, name) is not False or not all(is_pure(t) for t in others):
            return
        if len(others) > 1:
            loop.test = ast.BoolOp(ast.And(), others)
        else:
            loop.test = others[0] if others else ast.Constant(True)
        loop.body.append(ast.If(ast.Name(name, ast.Load()), [ast.Break()], []))

    def _counted(self, loop: ast.While, before: list[ast.stmt]) -> ast.For | None:
        """`i = a; while i < b: ...; i = i + 1` where nothing else changes them, nor reads `i` behind."""
        match loop.test:
            case ast.Compare(left=ast.Name(id=name), ops=[ast.Lt() | ast.Gt() as order], comparators=[stop]):
                pass
            case _:
                return None
        found = [(i, step) for i, s in enumerate(loop.body) if (step := _step(s, name)) is not None]
        start = next((s for s in reversed(before) if name in assigned([s])), None)
        first = None if start is None else assignment(start)
        if len(found) != 1 or first is None or start is None or any(_continues(loop.body)):
            return None
        place, step = found[0]
        body, tail = [*loop.body[:place], *loop.body[place + 1 :]], loop.body[place + 1 :]
        changed = assigned(body)
        fixed = isinstance(stop, ast.Constant) or (isinstance(stop, ast.Name) and stop.id not in changed and stop.id != name)
        moved = [s for s in before[before.index(start) + 1 :] if name in reads(s)]
        if (step > 0) != isinstance(order, ast.Lt) or not fixed or name in changed or moved:
            return None
        if any(name in reads(s) or not _may_leave(s) for s in tail) or self._liveness.is_read_behind(loop, name):
            return None
        if not isinstance(first[1], ast.Constant) and (
            not isinstance(first[1], ast.Name) or first[1].id in assigned(before[before.index(start) + 1 :])
        ):
            return None
        before.remove(start)
        bounds: list[ast.expr] = [first[1], stop, ast.Constant(step)]
        if step == 1:
            bounds = bounds[1:2] if isinstance(first[1], ast.Constant) and first[1].value == 0 else bounds[:2]
        counted = ast.Call(ast.Name("range", ast.Load()), bounds, [])
        return ast.For(ast.Name(name, ast.Store()), counted, body or [ast.Pass()], [])


def _common_result(loop: ast.While) -> ast.Return | None:
    """What an endless loop returns wherever it ends: it is left by `break` then, and the result is returned behind it."""
    if not isinstance(loop.test, ast.Constant) or not loop.test.value or loop.orelse:
        return None
    found = list(_leaving(loop.body))
    if not found or not all(isinstance(s, ast.Return) for _, _, s in found):
        return None
    returned = [n for s in loop.body for n in ast.walk(s) if isinstance(n, ast.Return)]
    result = returned[0]
    if len(returned) != len(found) or len({ast.dump(r) for r in returned}) > 1 or not isinstance(result.value, ast.Name):
        return None
    for block, index, _ in found:
        block[index] = ast.Break()
    return result


def _leaving(block: list[ast.stmt]) -> Iterator[tuple[list[ast.stmt], int, ast.stmt]]:
    """The statements that leave the loop that a block is the body of, or return, outside of loops and `try` in it."""
    for i, statement in enumerate(block):
        match statement:
            case ast.Return() | ast.Break():
                yield block, i, statement
            case ast.If():
                yield from _leaving(statement.body)
                yield from _leaving(statement.orelse)
            case _:
                pass


def _is_copy(statement: ast.stmt) -> bool:
    found = assignment(statement)
    return found is not None and isinstance(found[1], ast.Name | ast.Constant)


def _constant_before(before: Sequence[ast.stmt], name: str) -> object:
    """The constant that a variable has behind some statements; None where it has none that is known."""
    for statement in reversed(before):
        if name in assigned([statement]):
            found = assignment(statement)
            return found[1].value if found is not None and isinstance(found[1], ast.Constant) else None
    return None


def _step(statement: ast.stmt, name: str) -> int | None:
    """By how much a statement counts a variable up or down."""
    match statement:
        case ast.Assign(
            targets=[ast.Name(id=target)],
            value=ast.BinOp(left=ast.Name(id=source), op=ast.Add() | ast.Sub() as operator, right=right),
        ) if target == source == name:
            pass
        case _:
            return None
    match right:
        case ast.Constant(value=int() as by) if not isinstance(by, bool):
            pass
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as size)):
            by = -size
        case _:
            return None
    return (by if isinstance(operator, ast.Add) else -by) or None


def _may_leave(statement: ast.stmt) -> bool:
    """Whether a statement only leaves the loop on a condition without effects."""
    return isinstance(statement, ast.If) and is_pure(statement.test) and not statement.orelse and len(statement.body) == 1


def _continues(statements: Sequence[ast.stmt]) -> Iterator[ast.Continue]:
    """The `continue` statements of a loop's body."""
    for statement in statements:
        if isinstance(statement, ast.Continue):
            yield statement
        elif isinstance(statement, ast.If | ast.Try):
            yield from _continues(statement.body)
            yield from _continues(statement.orelse)
            for handler in statement.handlers if isinstance(statement, ast.Try) else ():
                yield from _continues(handler.body)
