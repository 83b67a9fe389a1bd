"""Branches and bodies: `scf.if` and early exits. What variables are behind a branch is in `merging.py`.

A body is a list of steps: statements, or functions that emit something. `return`, `break` and `continue` set flags, which are
variables like the user's: constants as long as it is known whether they hold, `i1` values after a branch where they may. The
rest of a body behind a branch that always exits goes into the other branch, so that most early returns need no flag; where
it isn't known, the rest is put into an `scf.if` on the flag. Loops are in `loops.py`.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from xdsl.ir import Attribute, Block, SSAValue

from tsir.errors import FrontendError
from tsir.frontend.script.conditions import condition
from tsir.frontend.script.constructs import end_of
from tsir.frontend.script.emitter import EXIT, RETURNED, STOP, Emitter, Unreachable
from tsir.frontend.script.frames import framed
from tsir.frontend.script.listed import as_object
from tsir.frontend.script.merging import STAYING, Side, join, merge
from tsir.frontend.script.source import assigned_names
from tsir.frontend.script.values import (
    FALSE,
    ITERATORS,
    TRUE,
    Binding,
    Closure,
    Condition,
    Run,
    Unusable,
    Value,
)

Step: TypeAlias = ast.stmt | Callable[[], None]

MAX_SPLITS = 6
"""How deep branches with the rest of a body in both sides are nested."""


MAX_NESTED_RESTS = 30
"""How deep the rests of bodies are nested before flags are used instead."""


def emit_steps(e: Emitter, steps: Sequence[Step], end: tuple[int, int]) -> None:
    """Emits a body. `end` is the place behind it in the tree, for liveness."""
    for i, step in enumerate(steps):
        if e.dead:
            unreached = assigned_names([s for s in steps[i:] if isinstance(s, ast.stmt)])
            e.unreached.update(map(e.cell_key, unreached))
            return
        exiting = e.flag(EXIT)
        if exiting is True:
            return
        rest = steps[i:]
        if not isinstance(exiting, bool):
            exited = functools.partial(_note_exit, e, exiting)
            emit_branch(e, Condition(exiting), exited, lambda rest=rest: _emit_rest(e, rest, end), end)
            return
        builder = e.builder
        e.session.steps += 1
        try:
            if e.session.decisions.is_searched(e.session):
                raise e.session.decisions.failure or Unreachable
            if isinstance(step, ast.If):
                with e.at(step):
                    done = _emit_if(e, step, steps[i + 1 :], end)
                if done:
                    return
            elif callable(step):
                step()
            else:
                e.statement(step)
        except Unreachable:
            e.dead = True
        except FrontendError as error:
            if not e.session.decisions.goes_on_after(e.session, error):
                raise
            e.builder = builder
            if isinstance(step, ast.stmt):
                _search(e, step)


def _search(e: Emitter, statement: ast.stmt) -> None:
    """Goes through the bodies of a statement that an open type was in the way of, for what they say about open types."""
    bodies: list[list[ast.stmt]] = [getattr(statement, name, []) for name in ("body", "orelse", "finalbody")]
    bodies += [handler.body for handler in getattr(statement, "handlers", [])]
    for inner in bodies:
        if not isinstance(statement, ast.FunctionDef | ast.ClassDef):
            e.dead = False
            emit_steps(e, inner, end_of(statement))


def _note_exit(e: Emitter, exiting: SSAValue) -> None:
    """Where something has exited: what is known of the flags that say so."""
    for flag in (EXIT, STOP, RETURNED):
        value = e.variables[flag].value
        if isinstance(value, Run) and value.ssa is exiting:
            e.set_flag(flag, TRUE)


def _emit_rest(e: Emitter, rest: Sequence[Step], end: tuple[int, int]) -> None:
    """What runs only if nothing has exited."""
    for flag in (EXIT, STOP, RETURNED):
        e.set_flag(flag, FALSE)
        for frame in e.spliced:
            e.set_flag(framed(flag, frame), FALSE)
    for path in [p for p in e.paths if p.endswith(STAYING)]:
        e.assume({path.removesuffix(STAYING): e.paths.pop(path)})
    emit_steps(e, rest, end)


def body(e: Emitter, statements: Sequence[ast.stmt]) -> None:
    """Emits statements of the user's."""
    if statements:
        emit_steps(e, statements, end_of(statements[-1]))


def _emit_if(e: Emitter, node: ast.If, rest: Sequence[Step], end: tuple[int, int]) -> bool:
    """Emits an if statement; True when the rest of the body has been emitted with it."""
    test = condition(e, node.test)
    if isinstance(test.value, bool):
        e.assume(test.when_true if test.value else test.when_false)
        chosen = node.body if test.value else node.orelse
        if e.dynamic and any(isinstance(s, ast.If) for s in chosen):
            emit_steps(e, [*chosen, *rest], end)  # a branch in it may need the rest in both of its sides
            return True
        body(e, chosen)
        return False
    before, paths = dict(e.variables), dict(e.paths)
    sides = [
        emit_side(e, before, paths, facts, lambda statements=statements: body(e, statements))
        for facts, statements in ((test.when_true, node.body), (test.when_false, node.orelse))
    ]
    took_rest = False
    if e.dynamic and rest and e.depth < MAX_SPLITS and all(not s.exits and not s.dead for s in sides):
        split = [n for n in {**sides[0].variables, **sides[1].variables} if _splits(e, n, sides, end_of(node))]
        if split:
            e.depth += 1
            sides = [resume(e, side, lambda: emit_steps(e, rest, end)) for side in sides]
            e.depth -= 1
            join(e, test.value, before, paths, sides, end)
            return True
    for i in (0, 1):
        other = sides[1 - i]
        if sides[i].exits and not other.exits and not other.dead and rest and e.depth < MAX_NESTED_RESTS:
            e.depth += 1
            sides[1 - i] = resume(e, other, lambda: emit_steps(e, rest, end))
            e.depth -= 1
            took_rest = True
            break
    join(e, test.value, before, paths, sides, end if took_rest else end_of(node))
    return took_rest


def _splits(e: Emitter, name: str, sides: Sequence[Side], end: tuple[int, int]) -> bool:
    """Whether a variable has a value in each branch that the branch's end can't make one of, so that the rest goes into both."""
    bindings = [s.variables.get(name) for s in sides]
    known = [b for b in bindings if b is not None and not isinstance(b.value, Unusable)]
    if len(known) < len(bindings) or known[0].origin is known[1].origin or not e.is_live(name, end):
        return False
    found = merge(e, name, sides, end)
    return isinstance(found.value, Unusable) or any(isinstance(o, Closure) for o in found.options)


def emit_side(
    e: Emitter,
    before: Mapping[str, Binding],
    paths: Mapping[str, Attribute],
    facts: Mapping[str, Attribute | Binding],
    emit: Callable[[], None],
    block: Block | None = None,
) -> Side:
    """Emits a branch into a block of its own, starting from the given state."""
    block = Block() if block is None else block
    e.variables, e.paths, e.dead = dict(before), dict(paths), False
    with e.inside(block):
        e.assume(facts)
        try:
            emit()
        except Unreachable:
            e.dead = True
    return Side(block, e.variables, e.paths, e.dead)


def resume(e: Emitter, side: Side, emit: Callable[[], None]) -> Side:
    """Emits more at the end of a branch."""
    return emit_side(e, side.variables, side.paths, {}, emit, side.block)


def emit_branch(
    e: Emitter,
    test: Condition,
    then: Callable[[], None],
    other: Callable[[], None],
    end: tuple[int, int],
    *,
    maybe: bool = False,
) -> None:
    """Emits `scf.if` with two bodies, only the one that runs when the condition is a constant. `maybe`: as in `join`."""
    if isinstance(test.value, bool):
        e.assume(test.when_true if test.value else test.when_false)
        (then if test.value else other)()
        return
    before, paths = dict(e.variables), dict(e.paths)
    sides = [emit_side(e, before, paths, test.when_true, then), emit_side(e, before, paths, test.when_false, other)]
    join(e, test.value, before, paths, sides, end, maybe=maybe)


def choose(e: Emitter, test: Condition, then: Callable[[], Value], other: Callable[[], Value]) -> Value:
    """The value of `then if test else other`: only the branch that runs is evaluated."""
    end = end_of(e.node) if e.node is not None else (0, 0)
    name = f"$value{len(e.variables)}"

    def keep(value: Value) -> None:
        if isinstance(value, ITERATORS) and not isinstance(test.value, bool):
            from tsir.frontend.script.coroutines import iterator_of

            value = iterator_of(e, value)
        elif not isinstance(test.value, bool):
            value = as_object(e, value)
        e.set_flag(name, value)

    emit_branch(e, test, lambda: keep(then()), lambda: keep(other()), end)
    binding = e.variables.pop(name, None)
    if binding is None:
        raise Unreachable
    if isinstance(binding.value, Unusable):
        e.error(f"the value of this expression {binding.value.why}", hint=binding.value.hint, code="TS202")
    return binding.value
