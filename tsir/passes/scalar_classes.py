"""`ts-drop-scalar-classes`: NumPy's scalars of 64 bits of whose class nobody sees anything are Python's numbers.

Which scalars there are the frontend says (`frontend/script/numpy_scalars.py`). Other classes than these compute otherwise, and stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.dialects.ts.structure import CastOp, ListOp, TruthOp, TupleOp
from tsir.passes.constants import constant_of
from tsir.passes.structure import functions, walk

WIDE = ("float64", "int64", "bool", "complex128")
"""The classes that have Python's numbers."""

_COMPUTING = frozenset("add sub mul neg pos abs max min eq ne lt le gt ge not".split())
"""Functions that give the same number for Python's numbers."""
_DIVIDING = frozenset("truediv floordiv mod".split())
"""Those that do so unless they divide by zero."""
_ENDING = frozenset("int float bool complex range_object range_list range_length scalar_number".split())
"""Functions of which the result is Python's in any case."""


@dataclass(frozen=True)
class DropScalarClassesPass(ModulePass):
    """Makes Python's numbers of scalars that only arithmetic, conditions, loops and torch's operators use.

    %n = ts.py.held_scalar(%s, %kind) : (i64, !ts.str) -> i64
    %k = ts.py.max(%n, %m) : (i64, i64) -> i64                 ->    %k = ts.py.max(%s, %m) : (i64, i64) -> i64
    %l = ts.list %k : (i64) -> !ts.list<i64>                         %l = ts.list %k : (i64) -> !ts.list<i64>
    %0 = ts.aten.zeros(%l, ...) : ...                                %0 = ts.aten.zeros(%l, ...) : ...
    """

    name = "ts-drop-scalar-classes"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions(op):
            drop_scalar_classes(function)


def drop_scalar_classes(function: FuncOp) -> bool:
    """Rewrites one function; whether anything has changed."""
    changed = False
    for op in tuple(walk(function)):
        if is_wide_scalar(op) and not _is_seen(op.results[0]):
            replace_by_number(op)
            changed = True
    return changed


def is_wide_scalar(op: Operation) -> bool:
    """Whether an operation makes a scalar of a class that has Python's numbers."""
    return isinstance(op, PyOp) and op.FUNCTION in ("held_scalar", "numpy_scalar") and constant_of(op.operands[1]) in WIDE


def replace_by_number(op: Operation) -> None:
    """Puts the Python number of a scalar in its place."""
    op.results[0].replace_all_uses_with(op.operands[0])
    op.detach()
    op.erase()


def _is_seen(scalar: SSAValue) -> bool:
    """Whether something may ask for the class of what a value is, or depend on it."""
    pending, met = [scalar], {scalar}
    while pending:
        for use in pending.pop().uses:
            following = list(_following(use.operation, use.index))
            if None in following:
                return True
            new = [v for v in following if v is not None and v not in met]
            met.update(new)
            pending += new
    return False


def _following(op: Operation, index: int) -> Iterator[SSAValue | None]:
    """The values that an operand may be, or whose class it decides; None among them where the operation sees its class."""
    match op:
        case scf.YieldOp():
            yield from _yielded(op, index)
        case scf.ConditionOp():
            if index:
                loop = op.parent_op()
                assert isinstance(loop, scf.WhileOp)
                yield from (loop.after_region.block.args[index - 1], loop.results[index - 1])
        case scf.WhileOp():
            yield op.before_region.block.args[index]
        case scf.ForOp():
            if index >= 3:
                yield from (op.body.block.args[index - 2], op.results[index - 3])
        case CastOp() | ListOp() | TupleOp() | arith.SelectOp():
            yield op.results[0]
        case AtenOp() | TruthOp() | scf.IfOp():
            pass
        case PyOp() if op.FUNCTION in _ENDING:
            pass
        case PyOp() if op.FUNCTION in _COMPUTING or (op.FUNCTION in _DIVIDING and _divides(op)):
            yield op.results[0]
        case _:
            yield None


def _divides(op: PyOp) -> bool:
    """Whether a division is certainly not by zero."""
    divisor = constant_of(op.operands[1])
    return isinstance(divisor, int | float) and divisor != 0


def _yielded(op: scf.YieldOp, index: int) -> Iterator[SSAValue | None]:
    around = op.parent_op()
    match around:
        case scf.IfOp():
            yield around.results[index]
        case scf.ForOp():
            yield from (around.body.block.args[index + 1], around.results[index])
        case scf.WhileOp():
            yield around.before_region.block.args[index]
        case _:
            yield None
