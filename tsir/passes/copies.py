"""Where a value needs memory of its own: the copies at the border of references, which may be written, and values, which may not.

`ts.to_value` gives what a tensor holds at that moment. It needs a copy when the tensor's memory may be written while the value, or
a view of it, is still read. `ts.to_reference` gives memory to what may be written or leave the function; whether the value's own
memory will do is for the code generator, which knows who else has it. Nothing here changes IR.
"""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects import scf
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.dialects.tensor import DimOp
from xdsl.ir import Operation, SSAValue
from xdsl.traits import IsTerminator

from tsir.dialects.ts import effects
from tsir.dialects.ts.families import AtenOp
from tsir.dialects.ts.structure import CallMethodOp, CallPythonOp, IsInstanceOp, ListOp, ToReferenceOp, ToValueOp, TruthOp
from tsir.passes.memory import Memory, is_transient_list
from tsir.passes.structure import Order, walk

Views = Callable[[Operation], tuple[tuple[SSAValue, SSAValue], ...]]
"""Pairs of a result and an operand that may share memory."""


class Copies:
    """What a function's conversions between references and values need. `views` tells which results may be views."""

    def __init__(self, function: FuncOp, views: Views) -> None:
        self._memory = Memory(function, arguments_may_overlap=True)
        self.views = views
        self._order = Order()
        self._calls = [op for op in walk(function) if isinstance(op, CallOp | CallMethodOp | CallPythonOp)]

    def of_value(self, op: ToValueOp) -> bool:
        """Whether a `ts.to_value` must copy."""
        group = self._memory.group(op.reference)
        if group is None:
            return False
        writes = list(group.tensor_writes)
        if group.external or group.escapes:
            writes += self._calls
        if not writes:
            return False
        readers = self._readers(op.result)
        return readers is None or any(self._order.comes_between(w, op, r) for w in writes for r in readers)

    def is_written(self, op: ToReferenceOp) -> bool:
        """Whether the memory behind a `ts.to_reference` may be written in the function."""
        group = self._memory.group(op.result)
        if group is None:
            return False
        return bool(group.tensor_writes) or ((group.escapes or group.external) and bool(self._calls))

    def is_kept(self, op: ToReferenceOp) -> bool:
        """Whether the memory behind a `ts.to_reference` leaves the function: returned, or in a container of the caller's."""
        group = self._memory.group(op.result)
        return group is not None and (group.escapes or group.external)

    def _readers(self, value: SSAValue) -> list[Operation] | None:
        """The operations that read a value or a view of it; None when it is kept where they can't be told."""
        found: list[Operation] = []
        seen: set[SSAValue] = {value}
        work: list[SSAValue] = [value]
        while work:
            current = work.pop()
            for use in current.uses:
                op = use.operation
                if op.has_trait(IsTerminator) or isinstance(op, scf.ForOp | scf.WhileOp | CallOp):
                    return None
                if isinstance(op, DimOp | IsInstanceOp):
                    continue
                if isinstance(op, ToReferenceOp):
                    readers = self._readers_of_reference(op.result)
                    if readers is None:
                        return None
                    found += readers
                    continue
                if op.dialect_name() == "ts" and not isinstance(op, AtenOp | TruthOp | ToValueOp):
                    return None
                found.append(op)
                for result, operand in self.views(op):
                    if operand is current and result not in seen:
                        seen.add(result)
                        work.append(result)
        return found

    def _readers_of_reference(self, reference: SSAValue) -> list[Operation] | None:
        found: list[Operation] = []
        for use in reference.uses:
            op = use.operation
            if isinstance(op, ListOp) and is_transient_list(op):
                found += [u.operation for u in op.result.uses]
            elif isinstance(op, AtenOp) and op.SCHEMA.arguments[use.index].type.alias is None:
                if reference in effects.written_operands(op):
                    return None
                found.append(op)
            elif isinstance(op, TruthOp | IsInstanceOp):
                found.append(op)
            else:
                return None
        return found
