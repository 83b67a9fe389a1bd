"""Deeply nested control flow cut into functions, because CPython refuses source that is nested deeply.

Each early `return` nests what comes after it, so that a long function with many of them is much deeper than it looks.

    scf.if %c {                                      scf.if %c {
      %a = ...                                         %b = func.call @f.part(%x)
      %b = ...  // deeper control flow          ->     scf.yield %b
      scf.yield %b                                   }
    }
"""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects import scf
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.dialects.func import CallOp, FuncOp, ReturnOp
from xdsl.ir import Block, Operation, Region, SSAValue

from tsir.dialects.ts.structure import TryOp
from tsir.passes.structure import functions, walk

MAX_DEPTH = 48
"""How many branches and loops may be in each other."""
MAX_LOOPS = 12
"""How many of them may be loops or `try`."""


def outline_deep_code(module: ModuleOp) -> None:
    """Moves what is nested too deeply in the module's functions to functions of its own."""
    taken: set[str] | None = None
    waiting = functions(module)
    while waiting:
        function = waiting.pop()
        for block in tuple(_too_deep(function)):
            taken = taken or {op.sym_name.data for op in module.body.block.ops if isinstance(op, FuncOp)}
            part = _outlined(block, _fresh(f"{function.sym_name.data.partition('.part')[0]}.part", taken))
            module.body.block.add_op(part)
            waiting.append(part)


def _too_deep(function: FuncOp) -> Iterator[Block]:
    """The blocks at the depth at which a function is cut that have more control flow in them."""
    waiting = [(function.body.block, 0, 0)]
    while waiting:
        block, depth, loops = waiting.pop()
        nested = [op for op in block.ops if isinstance(op, scf.IfOp | scf.ForOp | scf.WhileOp | scf.IndexSwitchOp | TryOp)]
        if (depth >= MAX_DEPTH or loops >= MAX_LOOPS) and nested:
            yield block
            continue
        for op in nested:
            inner = loops + isinstance(op, scf.ForOp | scf.WhileOp | TryOp)
            waiting.extend((b, depth + 1, inner) for region in op.regions for b in region.blocks)


def _fresh(name: str, taken: set[str]) -> str:
    number = 1
    while f"{name}{number}" in taken:
        number += 1
    taken.add(f"{name}{number}")
    return f"{name}{number}"


def _outlined(block: Block, symbol: str) -> FuncOp:
    """A function of the block's operations, which a call of it replaces."""
    last = block.last_op
    assert last is not None
    moved = [op for op in block.ops if op is not last]
    inside = {id(op) for op in moved} | {id(op) for top in moved for op in walk(top)}
    taken: dict[SSAValue, None] = {}
    for top in moved:
        for op in (top, *walk(top)):
            taken.update((o, None) for o in op.operands if not _is_inside(o, inside))
    given = list(dict.fromkeys(o for o in last.operands if _is_inside(o, inside)))
    body = Block(arg_types=[v.type for v in taken])
    for op in moved:
        op.detach()
        body.add_op(op)
    for value, argument in zip(taken, body.args, strict=True):
        argument.name_hint = value.name_hint
        value.replace_uses_with_if(argument, lambda use: id(use.operation) in inside)
    function = FuncOp(symbol, ([v.type for v in taken], [v.type for v in given]), Region(body))
    function.sym_visibility = StringAttr("private")
    call = CallOp(symbol, list(taken), [v.type for v in given])
    block.insert_op_before(call, last)
    for value, result in zip(given, call.results, strict=True):
        result.name_hint = value.name_hint
        value.replace_uses_with_if(result, lambda use: use.operation is last)
    body.add_op(ReturnOp(*given))
    return function


def _is_inside(value: SSAValue, inside: set[int]) -> bool:
    owner: Operation | Block | None = value.owner
    return id(owner if isinstance(owner, Operation) else owner.parent_op()) in inside
