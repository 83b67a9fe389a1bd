"""What the statements of serialised code mean.

Its control flow is structured already: no `break`, `continue` or early `return`, and a variable that is read behind a branch is
assigned in both of its sides.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Attribute, Block, Region, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import RaiseOp, ReraiseOp, SetAttrOp, TryOp, UnpackOp, YieldOp
from tsir.dialects.ts.type_names import show_type
from tsir.errors import FrontendError, UnsupportedError
from tsir.frontend.torch_archive.autocasting import is_autocast, mark_of
from tsir.frontend.torch_archive.body import Body, FunctionValue, Value
from tsir.frontend.torch_archive.calls import call_method
from tsir.frontend.torch_archive.expressions import evaluate, truth
from tsir.passes.autocast import mark


def execute(b: Body, statements: Sequence[ast.stmt]) -> None:
    """Emits statements."""
    for statement in statements:
        emit = _STATEMENTS.get(type(statement))
        b.program.count_statement(b)
        with b.at(statement):
            if emit is None:
                b.unsupported(f"a statement such as `{ast.unparse(statement)[:80]}`")
            emit(b, statement)


def _assign(b: Body, node: ast.Assign) -> None:
    if len(node.targets) != 1:
        b.error("one assignment has one target")
    target = node.targets[0]
    if isinstance(target, ast.Attribute):
        return _set_attribute(b, target, node.value)
    if isinstance(target, ast.Subscript):
        container = evaluate(b, target.value)
        return _set_item(b, container, evaluate(b, target.slice), node.value)
    _bind(b, target, evaluate(b, node.value))


def _set_attribute(b: Body, target: ast.Attribute, value: ast.expr) -> None:
    holder = b.value(evaluate(b, target.value))
    info = b.program.classes.of_type(holder.type)
    if info is None or target.attr not in info.annotations:
        b.error(f"a value of type {show_type(holder.type)} has no attribute '{target.attr}'")
    kind = b.program.attribute_type(info, target.attr)
    b.emit_void(SetAttrOp(holder, target.attr, b.coerce(evaluate(b, value, kind), kind)))


def _set_item(b: Body, container: Value, index: Value, value: ast.expr) -> None:
    kind = b.type_of(container)
    inner = kind.element if isinstance(kind, ts.ListType) else kind.value if isinstance(kind, ts.DictType) else None
    found = evaluate(b, value, inner)
    b.py("setitem", [container, b.uncoded(index), found if inner is None else b.coerce(found, inner)])


def _bind(b: Body, target: ast.expr, value: Value) -> None:
    match target:
        case ast.Name(id=name):
            value = b.held(value)
            if isinstance(value, SSAValue) and value.name_hint is None and value.owner is not b.block and name.isascii():
                value.name_hint = name if not name.startswith("_") else None
            b.variables[name] = value
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            parts = b.elements(value)
            if parts is None:
                parts = _unpacked(b, value, len(targets))
            if len(parts) != len(targets):
                b.error(f"{len(parts)} values are given to {len(targets)} variables")
            for part, inner in zip(parts, targets, strict=True):
                _bind(b, inner, part)
        case _:
            b.error("this can't be assigned")


def _unpacked(b: Body, value: Value, count: int) -> list[Value]:
    """The elements of a list, of which there have to be as many."""
    ssa = b.value(value)
    if not isinstance(ssa.type, ts.ListType):
        b.error(f"a value of type {show_type(ssa.type)} can't be unpacked")
    operation = UnpackOp(ssa, [ssa.type.element] * count)
    b.emit_void(operation)
    return list(operation.elements)


def _declare(b: Body, node: ast.AnnAssign) -> None:
    kind = b.program.classes.read_type(node.annotation, b.file)
    if node.value is not None:
        _bind(b, node.target, b.coerce(evaluate(b, node.value, kind), kind))


def _expression(b: Body, node: ast.Expr) -> None:
    evaluate(b, node.value)


def _define(b: Body, node: ast.FunctionDef) -> None:
    b.variables[node.name] = FunctionValue(None, node)


# Branches


def _if(b: Body, node: ast.If) -> None:
    test = truth(b, evaluate(b, node.test))
    if isinstance(test, bool):
        return execute(b, node.body if test else node.orelse)
    before = dict(b.variables)
    sides = [_side(b, before, node.body), _side(b, before, node.orelse)]
    b.variables = before
    ends = [s.variables for s in sides if s.failure is None]
    if not ends:
        assert sides[0].failure is not None
        raise sides[0].failure
    names = [n for n in ends[0] if n in ends[-1] and not _same(ends[0][n], ends[-1][n], before.get(n))]
    kinds = [b.joined([b.type_of(end[n]) for end in ends]) for n in names]
    for side in sides:
        with b.inside(side.block):
            values = [
                b.uninitialized(k) if side.failure else b.coerce(side.variables[n], k)
                for n, k in zip(names, kinds, strict=True)
            ]
            b.emit_void(scf.YieldOp(*values))
    unneeded = not names and len(sides[1].block.ops) == 1
    operation = scf.IfOp(test, kinds, Region(sides[0].block), Region() if unneeded else Region(sides[1].block))
    b.emit_void(operation)
    b.variables.update(zip(names, operation.results, strict=True))


@dataclass
class _Side:
    """One side of a branch: its operations, the variables at its end, or why it can't be compiled."""

    block: Block
    variables: dict[str, Value]
    failure: FrontendError | None = None


def _side(b: Body, before: Mapping[str, Value], statements: Sequence[ast.stmt]) -> _Side:
    """Emits one side of a branch. With an operator that tsir hasn't it raises NotImplementedError when the program takes it."""
    block = Block()
    b.variables = dict(before)
    try:
        with b.inside(block):
            execute(b, statements)
    except UnsupportedError as error:
        block = Block()
        with b.inside(block):
            b.emit_void(RaiseOp("NotImplementedError", [b.value(f"{error.location}: {error.message}")]))
        return _Side(block, dict(before), error)
    return _Side(block, b.variables)


def _same(a: Value, b: Value, before: Value) -> bool:
    """Whether a variable is the same behind both sides of a branch: nothing has assigned it."""
    if a is b is before and before is not None:
        return True
    return isinstance(a, FunctionValue) or isinstance(b, FunctionValue)


# Loops


def assigned(statements: Sequence[ast.stmt]) -> list[str]:
    """The variables that statements assign, in order."""
    found: dict[str, None] = {}
    todo: list[ast.AST] = [*reversed(statements)]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found[node.id] = None
        todo += reversed([*ast.iter_child_nodes(node)])
    return list(found)


def _settled(b: Body, names: Sequence[str], emit: Callable[[list[Attribute]], list[Attribute]]) -> None:
    """Emits a loop with types of its variables that hold for every round: those at the start, widened until they do.

    `emit(types)` gives the types that the variables have at the end of a round, and inserts the loop when they fit.
    """
    kinds = [b.type_of(b.variables[n]) for n in names]
    kinds = [ts.INT if type(k) in (ts.DTypeType, ts.LayoutType, ts.MemoryFormatType) else k for k in kinds]
    for _ in range(8):
        ends = emit(kinds)
        wider = [b.join(k, e) for k, e in zip(kinds, ends, strict=True)]
        if wider == kinds:
            return
        kinds = wider
    b.unsupported("a loop whose variables change their types")


def _for(b: Body, node: ast.For) -> None:
    match node:
        case ast.For(target=ast.Name(id=index), iter=ast.Call(func=ast.Name(id="range"), args=[count]), orelse=[]):
            pass
        case _:
            b.unsupported("a loop over something else than a range")
    limit = b.value(evaluate(b, count))
    names = [n for n in assigned(node.body) if n in b.variables and n != index]
    before = dict(b.variables)

    def emit(kinds: list[Attribute]) -> list[Attribute]:
        block = Block(arg_types=[ts.INT, *kinds])
        b.variables = {**before, index: block.args[0], **dict(zip(names, block.args[1:], strict=True))}
        with b.inside(block):
            execute(b, node.body)
        ends = [b.type_of(b.variables[n]) for n in names]
        if [b.join(k, e) for k, e in zip(kinds, ends, strict=True)] == kinds:
            with b.inside(block):
                b.emit_void(scf.YieldOp(*(b.coerce(b.variables[n], k) for n, k in zip(names, kinds, strict=True))))
            b.variables = before
            initial = [b.coerce(before[n], k) for n, k in zip(names, kinds, strict=True)]
            zero, one = (b.emit(arith.ConstantOp(IntegerAttr(v, 64))) for v in (0, 1))
            operation = scf.ForOp(zero, limit, one, initial, Region(block))
            b.emit_void(operation)
            b.variables = {**before, **dict(zip(names, operation.results, strict=True))}
        return ends

    _settled(b, names, emit)


def _while(b: Body, node: ast.While) -> None:
    names = [n for n in assigned(node.body) if n in b.variables]
    before = dict(b.variables)

    def emit(kinds: list[Attribute]) -> list[Attribute]:
        test, block = Block(arg_types=kinds), Block(arg_types=kinds)
        b.variables = {**before, **dict(zip(names, test.args, strict=True))}
        with b.inside(test):
            condition = b.value(truth(b, evaluate(b, node.test)))
            b.emit_void(scf.ConditionOp(condition, *test.args))
        b.variables = {**before, **dict(zip(names, block.args, strict=True))}
        with b.inside(block):
            execute(b, node.body)
        ends = [b.type_of(b.variables[n]) for n in names]
        if [b.join(k, e) for k, e in zip(kinds, ends, strict=True)] == kinds:
            with b.inside(block):
                b.emit_void(scf.YieldOp(*(b.coerce(b.variables[n], k) for n, k in zip(names, kinds, strict=True))))
            b.variables = before
            initial = [b.coerce(before[n], k) for n, k in zip(names, kinds, strict=True)]
            operation = scf.WhileOp(initial, kinds, Region(test), Region(block))
            b.emit_void(operation)
            b.variables = {**before, **dict(zip(names, operation.results, strict=True))}
        return ends

    _settled(b, names, emit)


# Context managers


def _with(b: Body, node: ast.With) -> None:
    if len(node.items) != 1:
        b.unsupported("a `with` of several managers")
    item = node.items[0]
    manager = b.value(evaluate(b, item.context_expr))
    info = b.program.classes.of_type(manager.type)
    if info is not None and info.name == "__torch__.torch.autograd.profiler.record_function":  # nothing is recorded
        if item.optional_vars is not None:
            _bind(b, item.optional_vars, manager)
        return execute(b, node.body)
    if info is not None and is_autocast(info.name):
        if item.optional_vars is not None:
            _bind(b, item.optional_vars, manager)
        found, before_body = mark_of(b, info.name, manager), b.block.last_op
        execute(b, node.body)
        if found is not None:
            mark(b.block, before_body, found)
        return
    entered = call_method(b, manager, "__enter__", [], {})
    if item.optional_vars is not None:
        _bind(b, item.optional_vars, entered)
    if info is not None and info.name.startswith("__torch__.torch.autograd.grad_mode."):
        execute(b, node.body)  # no gradients are computed here, so that there is nothing to put back after an exception
        call_method(b, manager, "__exit__", [None, None, None], {})
        return
    names, before, body = assigned(node.body), dict(b.variables), Block()
    with b.inside(body):
        execute(b, node.body)
        inside = [n for n in names if n in b.variables and not isinstance(b.variables[n], FunctionValue)]
        ends = [b.value(b.variables[n]) for n in inside]
        b.emit_void(YieldOp(ends))
    attempt = TryOp(Region(body), [e.type for e in ends])
    b.variables = before
    b.emit_void(attempt)
    b.variables.update(zip(inside, attempt.results_, strict=True))
    call_method(b, manager, "__exit__", [None, None, None], {})
    failed = Block()
    with b.inside(failed):
        b.emit_void(ReraiseOp(attempt.exception))
        b.emit_void(scf.YieldOp())
    test = b.py("is_not", [attempt.exception, None])
    b.emit_void(scf.IfOp(test, [], Region(failed), Region()))


def _pass(b: Body, node: ast.Pass) -> None:
    pass


_STATEMENTS: Mapping[type[ast.stmt], Callable[[Body, Any], None]] = {
    ast.Assign: _assign, ast.AnnAssign: _declare, ast.Expr: _expression, ast.If: _if, ast.For: _for, ast.While: _while,
    ast.With: _with, ast.Pass: _pass, ast.FunctionDef: _define,
}  # fmt: skip
