"""`ts-inline`: calls of known functions are replaced by the functions' bodies."""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.context import Context
from xdsl.dialects.builtin import LocationAttr, ModuleOp
from xdsl.dialects.func import CallOp, FuncOp, ReturnOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from tsir.dialects.locations import called_from
from tsir.dialects.ts.structure import CastOp, ClassOp, MethodOp
from tsir.passes.structure import callee_first, callee_name, find_function, reachable, symbol_name, walk


@dataclass(frozen=True)
class InlinePass(ModulePass):
    """Replaces calls of functions that have a body and aren't recursive.

        func.func @f(%x : i64) -> i64 {              func.func @f(%x : i64) -> i64 {
          %0 = func.call @double(%x) : (i64) -> i64    %0 = ts.py.add(%x, %x) : (i64, i64) -> i64
          func.return %0 : i64                   ->    func.return %0 : i64
        }                                            }
        func.func private @double(%y : i64)...       func.func private @double(%y : i64)...

    What comes from a callee is located at `CallSiteLoc(place in the callee, place of the call)`. Calls of recursive functions
    and of declarations stay. `entry` restricts the pass to one function. `ts-symbol-dce` removes what isn't needed any more.
    """

    name = "ts-inline"

    entry: str | None = None

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        order, recursive = callee_first(op)
        table = {f.sym_name.data: f for f in order if f.sym_name.data not in recursive and len(f.body.blocks) == 1}
        targets = order if self.entry is None else [find_function(op, self.entry)]
        for function in targets:
            _inline_into(function, table)


@dataclass
class _CallSites:
    """Locations of what is inlined at one call, made once for each distinct location in the callee."""

    caller: LocationAttr
    made: dict[LocationAttr, LocationAttr] = field(default_factory=dict[LocationAttr, LocationAttr])

    def of(self, callee: LocationAttr) -> LocationAttr:
        found = self.made.get(callee)
        if found is None:
            found = self.made[callee] = called_from(callee, self.caller)
        return found


def _inline_into(function: FuncOp, table: dict[str, FuncOp]) -> None:
    work = [op for op in walk(function) if isinstance(op, CallOp)]
    work.reverse()
    while work:
        call = work.pop()
        callee = table.get(callee_name(call))
        if callee is None or callee is function:
            continue
        body = callee.body.block
        values: dict[SSAValue, SSAValue] = dict(zip(body.args, call.operands, strict=True))
        sites = _CallSites(call.location)
        results: list[SSAValue] = []
        added: list[Operation] = []
        for op in body.ops:
            if isinstance(op, ReturnOp):
                results = [values.get(o, o) for o in op.operands]
                break
            copy = op.clone(values)
            added.append(copy)
        block = call.parent_block()
        assert block is not None
        for copy in added:
            for op in (copy, *walk(copy)):
                op.location = sites.of(op.location)
        for old, new in zip(call.results, results, strict=True):
            if old.type != new.type:
                cast = CastOp(new, old.type)
                cast.location = call.location
                added.append(cast)
                new = cast.result
            old.replace_all_uses_with(new)
        block.insert_ops_before(added, call)
        call.detach()
        call.erase()
        nested = [op for copy in added for op in (copy, *walk(copy)) if isinstance(op, CallOp)]
        work.extend(reversed(nested))


def drop_unused(module: ModuleOp, roots: list[str]) -> None:
    """Removes what the functions `roots` don't need: functions, classes, and the methods of classes that stay."""
    keep = set(map(id, reachable(module, roots)))
    names = {symbol_name(op) for op in module.body.block.ops if id(op) in keep}
    for op in tuple(module.body.block.ops):
        if id(op) not in keep:
            module.body.block.erase_op(op, safe_erase=False)
        elif isinstance(op, ClassOp):
            for member in tuple(op.body.block.ops):
                if isinstance(member, MethodOp) and member.callee.string_value() not in names:
                    op.body.block.erase_op(member)
