"""How `scf` and `func` operations are written: Python's `if`, `for`, `while` and calls."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import cf, func, scf
from xdsl.ir import Block, Operation, SSAValue

from tsir.backend.numpy.carried import hand_on, is_filled_by, writable
from tsir.backend.numpy.emitter import EmitFunction, FunctionEmitter, Line
from tsir.dialects.ts.structure import TryOp


def _terminator(block: Block) -> Operation:
    last = block.last_op
    assert last is not None
    return last


def _assign_all(e: FunctionEmitter, names: Sequence[str], values: Sequence[SSAValue]) -> None:
    """Assigns values to variables, all at once; a variable that keeps its value isn't mentioned."""
    pairs = [(n, t) for n, t in zip(names, (e.name_of(v) for v in values), strict=True) if n != t]
    if pairs:
        e.line(f"{', '.join(n for n, _ in pairs)} = {', '.join(t for _, t in pairs)}")


def _body(e: FunctionEmitter, block: Block, names: Sequence[str]) -> None:
    """The lines of a block whose results go to the variables `names`."""
    before = len(e.body)
    e.emit_block(block)
    _assign_all(e, names, _terminator(block).operands)
    if len(e.body) == before:
        e.line("pass")


def _branch(e: FunctionEmitter, block: Block, names: Sequence[str]) -> None:
    """A branch's lines. What an `if` inside gives on as it is gets the branch's own name: nothing in the branch reads that."""
    for name, value in zip(names, _terminator(block).operands, strict=True):
        if isinstance(value.owner, scf.IfOp) and value.owner.parent is block and value.has_one_use():
            e.destined[value] = name
    with e.nested():
        _body(e, block, names)


def _condition(e: FunctionEmitter, value: SSAValue) -> Line:
    """Writes the `if` line. When the line before is the condition's assignment and nothing else reads it, it is taken in."""
    name = e.name_of(value)
    before = e.body[-1] if e.body and value.has_one_use() else None
    if before is not None and before.indent == e.indent and before.text.startswith(f"{name} = "):
        before.text = f"if {before.text.removeprefix(f'{name} = ')}:"
        return before
    e.line(f"if {name}:")
    return e.body[-1]


def _if(e: FunctionEmitter, op: scf.IfOp) -> None:
    names = [e.destined.pop(r, None) or e.fresh_for(r) for r in op.results]
    first = _condition(e, op.cond)
    _branch(e, op.true_region.block, names)
    blocks = op.false_region.blocks
    otherwise = next(iter(blocks), None)
    if otherwise is not None and (names or otherwise.first_op is not otherwise.last_op):
        at = len(e.body)
        e.line("else:")
        _branch(e, otherwise, names)
        e.join_elif(at)
    e.end_if(first)
    _bind_all(e, op.results, names)
    hand_on(e, op)


def _bind_all(e: FunctionEmitter, values: Sequence[SSAValue], names: Sequence[str]) -> None:
    for value, name in zip(values, names, strict=True):
        e.bind_array(value, name)


def _for(e: FunctionEmitter, op: scf.ForOp) -> None:
    block = op.body.block
    names = [e.fresh(a.name_hint or r.name_hint) for a, r in zip(block.args[1:], op.results, strict=True)]
    filled = [a for a in block.args[1:] if is_filled_by(block, a)]
    for argument, value in zip(block.args[1:], op.iter_args, strict=True):
        if argument in filled:
            e.bind(value, writable(e, value))
    e.rewritten.update(filled)
    _assign_all(e, names, op.iter_args)
    counter = e.fresh(block.args[0].name_hint or "i")
    lower, upper, step = (e.name_of(v) for v in (op.lb, op.ub, op.step))
    bounds = [upper] if lower == "0" and step == "1" else [lower, upper] if step == "1" else [lower, upper, step]
    e.line(f"for {counter} in range({', '.join(bounds)}):")
    e.bind(block.args[0], counter)
    _bind_all(e, block.args[1:], names)
    with e.in_loop():
        _body(e, block, names)
    _bind_all(e, op.results, names)
    e.rewritten.update(op.results[a.index - 1] for a in filled)


def _while(e: FunctionEmitter, op: scf.WhileOp) -> None:
    before, after = op.before_region.block, op.after_region.block
    names = [e.fresh(a.name_hint) for a in before.args]
    _assign_all(e, names, op.arguments)
    _bind_all(e, before.args, names)
    head = len(e.body)
    frames = e.frames
    with e.in_loop():
        e.emit_block(before)
        condition = before.last_op
        assert isinstance(condition, scf.ConditionOp)
        carried = [e.name_of(v) for v in condition.args]
        test = e.name_of(condition.condition)
        header = f"while {test}:"
        if len(e.body) > head:
            header = "while True:"
            e.line(f"if not {test}:")
            with e.nested():
                e.line("break")
        e.body.insert(head, Line(e.indent - 1, header, frames))
        _bind_all(e, after.args, carried)
        e.emit_block(after)
        _assign_all(e, names, _terminator(after).operands)
        if len(e.body) == head + 1:
            e.line("pass")
    # What leaves the loop stays in its variables: nothing assigns to them after the test but the next round.
    _bind_all(e, op.results, carried)


def _try(e: FunctionEmitter, op: TryOp) -> None:
    """An exception is kept under a name of its own: Python forgets that of `except` at the end of the handler."""
    names = [e.fresh_for(r) for r in op.results_]
    error, caught = e.fresh("error"), e.fresh("caught")
    e.line("try:")
    with e.in_loop():
        _body(e, op.body.block, names)
    e.line(f"except Exception as {caught}:")
    with e.nested():
        e.line(f"{error} = {caught}")
        if names:
            e.line(f"{' = '.join(names)} = None")
    e.line("else:")
    with e.nested():
        e.line(f"{error} = None")
    e.bind(op.exception, error)
    _bind_all(e, op.results_, names)


def _index_switch(e: FunctionEmitter, op: scf.IndexSwitchOp) -> None:
    names = [e.fresh_for(r) for r in op.results]
    subject = e.name_of(op.arg)
    numbers = [int(n) for n in op.cases.get_values()]
    for i, (number, region) in enumerate(zip(numbers, op.case_regions, strict=True)):
        e.line(f"{'elif' if i else 'if'} {subject} == {number}:")
        _branch(e, region.block, names)
    if numbers:
        e.line("else:")
        _branch(e, op.default_region.block, names)
    else:
        _straight(e, op.default_region.block, names)
    _bind_all(e, op.results, names)


def _straight(e: FunctionEmitter, block: Block, names: Sequence[str]) -> None:
    e.emit_block(block)
    _assign_all(e, names, _terminator(block).operands)


def _execute_region(e: FunctionEmitter, op: scf.ExecuteRegionOp) -> None:
    if len(op.region.blocks) != 1:
        raise e.error("scf.execute_region with several blocks isn't supported by the NumPy backend")
    names = [e.fresh_for(r) for r in op.results]
    _straight(e, op.region.block, names)
    _bind_all(e, op.results, names)


def _assert(e: FunctionEmitter, op: cf.AssertOp) -> None:
    e.line(f"if not {e.name_of(op.arg)}:")
    with e.nested():
        failed = f"{e.module.module('tsir.backend.numpy', 'extension_kernels')}.failed_assertion"
        e.line(f"raise {failed}({op.msg.data!r})")


def _call(e: FunctionEmitter, op: func.CallOp) -> None:
    symbol = op.callee.root_reference.data
    if symbol not in e.module.functions:
        raise e.error(f"the module has no function @{symbol}")
    call = f"{e.module.function(symbol)}({', '.join(e.name_of(v) for v in op.operands)})"
    names = [e.fresh_for(r) for r in op.results]
    e.line(f"{', '.join(names)} = {call}" if names else call)
    _bind_all(e, op.results, names)


TABLE: dict[type[Operation], EmitFunction] = {
    scf.IfOp: _if,
    scf.ForOp: _for,
    scf.WhileOp: _while,
    scf.IndexSwitchOp: _index_switch,
    scf.ExecuteRegionOp: _execute_region,
    cf.AssertOp: _assert,
    func.CallOp: _call,
    TryOp: _try,
}
