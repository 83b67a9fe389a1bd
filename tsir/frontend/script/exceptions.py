"""Exceptions: `raise`, `try`, and context managers.

`ts.try` runs a body and gives the exception that ended it, as a value. What Python does then is written behind it with
branches: the handlers test the exception, `finally` runs in both cases. `return`, `break` and `continue` in a body are flags
like everywhere, so nothing jumps over a `finally`.

A variable that a body assigns and that is read after an exception may have been assigned or not when it came. Such a variable
is also kept in a list of one element while the body runs, from which it is read after an exception.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Sequence

from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.traits import is_side_effect_free

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.dialects.ts.structure import CatchesOp, ListOp, RaiseOp, ReraiseOp, TryOp, YieldOp
from tsir.errors import FrontendError
from tsir.frontend.script.calls import call
from tsir.frontend.script.constructs import end_of
from tsir.frontend.script.control import body, emit_branch, emit_side
from tsir.frontend.script.convert import coerce, materialise, uninitialized
from tsir.frontend.script.emitter import DEFINED, EXIT, RESULT, RETURNED, STOP, Cell, Emitter
from tsir.frontend.script.exception_values import caught_as, is_exception_class
from tsir.frontend.script.expected import expecting
from tsir.frontend.script.frames import FRAME
from tsir.frontend.script.merging import Side, join
from tsir.frontend.script.source import assigned_names
from tsir.frontend.script.truth import truth
from tsir.frontend.script.type_relations import join_all
from tsir.frontend.script.values import (
    FALSE,
    NONE,
    Binding,
    Condition,
    Const,
    ExceptionValue,
    Object,
    PyObject,
    RaisedException,
    Run,
    StaticTuple,
    Unusable,
    Value,
)

Emit = Callable[[], None]

_FLAGS = (RETURNED, STOP, EXIT)


def emit_raise(e: Emitter, node: ast.Raise) -> None:
    """`raise`, `raise exception`, `raise exception from cause`."""
    if node.exc is None:
        handled = e.handled
        if handled is None:
            e.error("there is no exception here that `raise` could raise again", code="TS307")
        e.emit_void(ReraiseOp(handled))
    elif node.cause is not None:
        _raise_from(e, e.expression(node.exc), e.expression(node.cause), node)
    else:
        _raise(e, e.expression(node.exc), node.exc)
    e.dead = True


def _raise_from(e: Emitter, value: Value, cause: Value, node: ast.Raise) -> None:
    """`raise value from cause`."""
    parts: list[SSAValue] = []
    for part in (value, cause):
        if isinstance(part, PyObject) and is_exception_class(part.value):
            part = call(e, part, [], {})
        if e.session.type_of(part) not in (ts.AnyType(), ts.NONE) or (part is value and part is NONE):
            e.error("only exceptions can be raised and be the cause of others", node=node)
        parts.append(materialise(e, part))
    e.emit_void(ReraiseOp(e.py("exception_from", parts)))


def _raise(e: Emitter, value: Value, node: ast.expr) -> None:
    match value:
        case RaisedException():
            e.emit_void(ReraiseOp(value.ssa))
        case Run() if isinstance(value.type, ts.AnyType):
            e.emit_void(ReraiseOp(value.ssa))
        case ExceptionValue():
            name = exception_name(e, value.cls)
            e.emit_void(RaiseOp(name, [materialise(e, a) for a in value.arguments]))
        case PyObject() if is_exception_class(value.value):
            _raise(e, call(e, value, [], {}), node)
        case _:
            e.error(
                "only an exception class or a call of one can be raised",
                node=node,
                hint="for example `raise ValueError(...)`",
                code="TS307",
            )


def exception_name(e: Emitter, cls: type[BaseException]) -> str:
    """The name of an exception class in the program; a user's class becomes part of it, with its bases."""
    if getattr(builtins, cls.__name__, None) is cls:
        return cls.__name__
    return e.session.exception_class(cls)


def _try_region(
    e: Emitter, emit: Emit, end: tuple[int, int], is_read: Callable[[str], bool], assigned: Sequence[str] = ()
) -> tuple[SSAValue, Side]:
    """Emits `ts.try`. Gives the exception, and the state behind a body that ends without one; `e` has that behind an exception.

    `end` is the place behind the body in the tree: what is read from there on is kept in cells. `is_read` says whether a
    variable that the body assigns first may be read after an exception. `assigned` are names that the body is known to assign:
    a body that assigns others is emitted again, and so are all within it.
    """
    before, paths = dict(e.variables), dict(e.paths)
    cells = {
        n: Cell(unset=DEFINED + n in before) for n in assigned
        if n in before and e.is_live(n, end) and _is_kept(e, before[n]) and not _is_assumed(e, before[n])
    }  # fmt: skip
    known = e.session.kept_in_try.setdefault((id(e.source), end), set())
    for name in sorted(known - cells.keys()):
        if name not in before or _is_kept(e, before[name]):
            cells[name] = Cell(unset=name not in before or DEFINED + name in before)
    outer_cells = e.cells
    while True:
        for name, cell in cells.items():
            _make_cell(e, before.get(name), cell, before.get(DEFINED + name))
        e.cells = {**outer_cells} | {e.cell_key(n): c for n, c in cells.items()}
        side = emit_side(e, before, paths, {}, emit)
        e.cells = outer_cells
        e.variables, e.paths, e.dead = dict(before), dict(paths), False
        changed = [
            n
            for n, b in side.variables.items()
            if n in before and not n.startswith("$") and n not in cells and b.origin is not before[n].origin
            and (FRAME in n or e.is_live(n, end)) and _is_kept(e, before[n])
        ]  # fmt: skip
        first = [
            n
            for n, b in side.variables.items()
            if n not in before and n not in cells and n[0] != "$" and FRAME not in n and is_read(n)
            and e.session.type_of(b.value) is not None
        ]  # fmt: skip
        if not changed and not first:
            break
        side.block.erase(safe_erase=False)
        for cell in cells.values():
            assert cell.ssa is not None and isinstance(cell.ssa.owner, Operation)
            cell.ssa.owner.detach()
            cell.ssa.owner.erase(safe_erase=False)  # a loop that was emitted again has left uses
        known |= {*changed, *first}
        cells = {n: Cell(unset=n not in before or DEFINED + n in before) for n in (*cells, *changed, *first)}
    results = {
        n: kind
        for n, b in side.variables.items()
        if (n not in before or b.origin is not before[n].origin)
        and not isinstance(b.value, Unusable)
        and (kind := e.session.type_of(b.value)) is not None
        and (n.startswith("$") or e.is_live(n, end))
    }
    with e.inside(side.block):
        e.variables = side.variables
        values = [] if side.dead else [coerce(e, side.variables[n].value, k, n) for n, k in results.items()]
        e.emit_void(YieldOp(values))
    e.variables = dict(before)
    operation = TryOp(Region(side.block), [] if side.dead else list(results.values()))
    e.emit_void(operation)
    if not side.dead:
        for name, ssa in zip(results, operation.results_, strict=True):
            binding = Binding(e.session.object_or_run(ssa))
            known_value = side.variables[name].value
            side.variables[name] = Binding(known_value) if isinstance(known_value, Const) else binding
    for name, cell in cells.items():
        if cell.types or name in before:
            _read_cell(e, name, before.get(name), cell)
    for name, binding in side.variables.items():
        gone = name in before and name not in cells and not name.startswith("$")
        if gone and binding.origin is not before[name].origin and e.session.type_of(binding.value) is None:
            e.variables[name] = Binding(Unusable("may be another object after an exception"))
    return operation.exception, side


def _is_kept(e: Emitter, binding: Binding) -> bool:
    """Whether a variable's value can be kept in a cell."""
    return not isinstance(binding.value, Unusable) and e.session.type_of(binding.value) is not None


def _is_assumed(e: Emitter, binding: Binding) -> bool:
    """Whether a variable's element type may still change, which a use of it would prevent."""
    return isinstance(binding.value, Run) and binding.value.ssa in e.session.assumed


def _make_cell(e: Emitter, before: Binding | None, cell: Cell, assigned: Binding | None) -> None:
    """Makes the list of a variable's value and, where it may be unassigned, whether it is. `assigned` is the flag for this."""
    value = uninitialized(e, ts.AnyType()) if before is None else e.cast(materialise(e, before.value), ts.AnyType())
    is_set = FALSE if assigned is None else assigned.value
    flags = [e.cast(materialise(e, is_set), ts.AnyType())] if cell.unset else []
    cell.ssa = e.emit(ListOp([value, *flags], ts.ListType(ts.AnyType())))


def _read_cell(e: Emitter, name: str, before: Binding | None, cell: Cell) -> None:
    """Binds a variable to what its cell has."""
    assert cell.ssa is not None
    kinds = [*([] if before is None else [e.session.type_of(before.value)]), *cell.types]
    kind = join_all(k for k in kinds if k is not None)
    e.variables[name] = Binding(e.session.object_or_run(e.cast(e.py("getitem", [cell.ssa, e.int_constant(0)]), kind)))
    if cell.unset:
        flag = e.cast(e.py("getitem", [cell.ssa, e.int_constant(1)]), ts.BOOL)
        e.variables[DEFINED + name] = Binding(Run(flag))
    outer = e.cells.get(e.cell_key(name))
    if outer is not None and outer.ssa is not None:
        # What the body assigned went to the inner cell alone.
        outer.types += cell.types
        for i in range(1 + outer.unset):
            unknown = i == 1 and not cell.unset
            latest = (
                e.cast(e.bool_constant(True), ts.AnyType()) if unknown else e.py("getitem", [cell.ssa, e.int_constant(i)])
            )
            e.py("setitem", [outer.ssa, e.int_constant(i), latest])


def _read_after(e: Emitter, node: ast.Try, end: tuple[int, int]) -> Callable[[str], bool]:
    """Whether a variable may be read after an exception in the body: in a handler, or behind one that doesn't assign it."""

    def is_read(name: str) -> bool:
        last = end_of(node.handlers[-1])
        if e.source.is_read_between(name, end, last):
            return True
        return e.is_live(name, last) and any(not _assigns(h.body, name) for h in node.handlers)

    return is_read


def _assigns(body: list[ast.stmt], name: str) -> bool:
    """Whether a body always assigns a variable, or leaves the one around it."""
    for statement in body:
        if isinstance(statement, ast.Return | ast.Raise | ast.Continue | ast.Break):
            return True
        if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign) and name in assigned_names([statement]):
            return True
    return False


def emit_try(e: Emitter, node: ast.Try) -> None:
    """`try: ... except ...: ... else: ... finally: ...`"""
    if node.finalbody and e.dynamic and _only_compiles(e, node.finalbody):
        _with_handlers(e, node)
        if not e.dead:
            kept = {name: e.variables[name] for name in (*_FLAGS, RESULT) if name in e.variables}
            e.clear_flags()
            body(e, node.finalbody)
            e.variables |= kept
    elif node.finalbody:
        _with_final(
            e,
            lambda: _with_handlers(e, node),
            lambda: body(e, node.finalbody),
            [n for h in (node.body, *(h.body for h in node.handlers), node.orelse) for n in assigned_names(h)],
            end_of((node.orelse or node.body)[-1]),
            end_of(node.finalbody[-1]),
        )
    else:
        _with_handlers(e, node)


def _only_compiles(e: Emitter, statements: Sequence[ast.stmt]) -> bool:
    """Whether statements do nothing at run time, so that it doesn't matter whether an exception comes before them."""
    variables, paths, dead = dict(e.variables), dict(e.paths), e.dead
    block = Block()
    try:
        with e.inside(block):
            body(e, statements)
        return not e.dead and all(is_side_effect_free(op) and not op.regions for op in block.ops)
    except FrontendError:
        return False  # it needs what the body assigns: the finally clause itself is compiled behind the body
    finally:
        e.variables, e.paths, e.dead = variables, paths, dead
        block.erase(safe_erase=False)


def _with_handlers(e: Emitter, node: ast.Try) -> None:
    def handlers(error: SSAValue) -> None:
        _handlers(e, node.handlers, error)

    if not node.handlers:
        body(e, node.body)
        return
    end = end_of(node.body[-1])

    def otherwise() -> None:
        emit_branch(e, Condition(e.flag(EXIT)), lambda: None, lambda: body(e, node.orelse), end)

    assigned = assigned_names(node.body)

    def attempt() -> None:
        with expecting(e, node.handlers):
            body(e, node.body)

    emit_guarded(e, attempt, handlers, otherwise, end, _read_after(e, node, end), assigned)


def emit_guarded(
    e: Emitter,
    emit: Emit,
    handle: Callable[[SSAValue], None],
    otherwise: Emit,
    end: tuple[int, int],
    is_read: Callable[[str], bool] | None = None,
    assigned: Sequence[str] = (),
) -> None:
    """A body; `handle` runs behind an exception of it, `otherwise` behind its end without one."""
    error, side = _try_region(e, emit, end, is_read or (lambda name: e.is_live(name, end)), assigned)
    caught, paths = dict(e.variables), dict(e.paths)
    if side.dead:
        handle(error)
        return
    ok = e.emit(py_op("is")([error, materialise(e, NONE)], [ts.BOOL]))
    sides = [
        emit_side(e, side.variables, side.paths, {}, otherwise),
        emit_side(e, caught, paths, {}, lambda: handle(error)),
    ]
    e.variables, e.paths = caught, paths
    join(e, ok, caught, paths, sides, end, maybe=True)


def _handlers(e: Emitter, handlers: Sequence[ast.ExceptHandler], error: SSAValue) -> None:
    if not handlers:
        e.emit_void(ReraiseOp(error))
        e.dead = True
        return
    first, rest = handlers[0], handlers[1:]

    def run() -> None:
        outer, e.handled = e.handled, error
        if first.name:
            e.variables[first.name] = Binding(caught_as(RaisedException(error), classes))
            e.variables.pop(DEFINED + first.name, None)
        body(e, first.body)
        if first.name:
            e.variables.pop(first.name, None)
        e.handled = outer

    with e.at(first):
        kind = None if first.type is None else e.expression(first.type)
        classes = [] if kind is None else caught_classes(kind)
        test = True if kind is None else catches(e, error, kind, first)
        emit_branch(e, Condition(test), run, lambda: _handlers(e, rest, error), end_of(first))


def caught_classes(value: Value) -> list[type[BaseException]]:
    """The exception classes of an `except`: one, or a tuple, which may hold tuples."""
    if isinstance(value, StaticTuple):
        return [c for v in value.elements for c in caught_classes(v)]
    return [value.value] if isinstance(value, PyObject) and is_exception_class(value.value) else []


def catches(e: Emitter, error: SSAValue, value: Value, node: ast.AST) -> bool | SSAValue:
    """Whether an exception is one of a class, or of a tuple of classes."""
    found = caught_classes(value)
    if not found and not (isinstance(value, StaticTuple) and not value.elements):
        place = node.type if isinstance(node, ast.ExceptHandler) and node.type is not None else node
        e.error("`except` needs an exception class or a tuple of them", node=place, code="TS307")
    if any(issubclass(Exception, c) for c in found):
        return True
    return e.emit(CatchesOp(error, [exception_name(e, c) for c in found])) if found else False


def _with_final(
    e: Emitter, emit: Emit, final: Emit, assigned: Sequence[str], end: tuple[int, int], behind: tuple[int, int]
) -> None:
    """`finally`: what `final` emits runs behind the body and behind an exception of it, which then goes on.

    It stands between `end` and `behind` in the tree.
    """
    error, side = _try_region(e, emit, end, lambda name: e.source.is_read_between(name, end, behind), assigned)
    caught = dict(e.variables)
    if side.dead:
        final()
        if not e.dead and e.flag(EXIT) is not True:
            emit_branch(e, Condition(e.flag(EXIT)), lambda: None, lambda: _reraise(e, error), end)
        return
    ok = e.emit(py_op("is")([error, materialise(e, NONE)], [ts.BOOL]))
    paths = dict(e.paths)
    sides = [
        emit_side(e, side.variables, side.paths, {}, lambda: None),
        emit_side(e, caught, paths, {}, lambda: None),
    ]
    e.variables = caught
    join(e, ok, caught, paths, sides, end, maybe=True)
    e.clear_flags()
    cleared = dict(e.variables)
    final()
    if e.dead:
        return
    failed = e.emit(py_op("not")([ok], [ts.BOOL]))

    def go_on() -> None:
        """The body's end takes effect, unless `final` has left by itself."""
        emit_branch(e, Condition(failed), lambda: _reraise(e, error), lambda: None, end)
        for name, binding in side.variables.items():
            # There was no exception, so what `final` hasn't assigned is what the body has left.
            if name in (*_FLAGS, RESULT) or e.variables.get(name) is cleared.get(name):
                e.variables[name] = binding
        for name in [n for n, b in e.variables.items() if n.startswith(DEFINED) and b is cleared.get(n)]:
            if name not in side.variables:
                del e.variables[name]  # the body always assigns it

    emit_branch(e, Condition(e.flag(EXIT)), lambda: None, go_on, end)


def _reraise(e: Emitter, error: SSAValue) -> None:
    e.emit_void(ReraiseOp(error))
    e.dead = True


# Context managers


def emit_managed(e: Emitter, manager: Object, emit: Emit, end: tuple[int, int]) -> None:
    """The body of a `with`, whose manager has been entered: `__exit__` runs behind it, and may stop an exception."""

    def leave(kind: Value, error: Value, trace: Value) -> Value:
        return call(e, e.session.get_attribute(e, manager, "__exit__"), [kind, error, trace], {})

    def failed(error: SSAValue) -> None:
        kind = Run(e.py("exception_type", [error]))
        trace = Run(e.py("exception_attribute", [error, e.constant("__traceback__")]))
        stopped = truth(e, leave(kind, Run(error), trace))

        emit_branch(e, Condition(stopped), lambda: None, lambda: _reraise(e, error), end)

    def left() -> None:
        """The body was left without an exception, in whatever way."""
        kept = {name: e.variables[name] for name in (*_FLAGS, RESULT) if name in e.variables}
        e.clear_flags()
        leave(NONE, NONE, NONE)
        e.variables |= kept

    emit_guarded(e, emit, failed, left, end)


def emit_suppressed(e: Emitter, classes: Value, emit: Emit, node: ast.AST, end: tuple[int, int]) -> None:
    """The body of `with contextlib.suppress(...)`."""

    def handle(error: SSAValue) -> None:
        test = Condition(catches(e, error, classes, node))
        emit_branch(e, test, lambda: None, lambda: _reraise(e, error), end)

    emit_guarded(e, emit, handle, lambda: None, end)
