"""The functions that a trace writes: one for each call of a module, one for the whole.

A value belongs to the function in which it was recorded. One that is used in another is passed: into a module that is being called
as an extra argument, out of one that has returned as an extra result. So a module's function stays a function of its own whatever
the user's code does behind its back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import FrameType

from xdsl.builder import Builder
from xdsl.dialects import func
from xdsl.dialects.builtin import FunctionType, LocationAttr
from xdsl.ir import Attribute, Block, BlockArgument, OpResult, Region, SSAValue, SSAValues
from xdsl.rewriter import InsertPoint

from tsir.dialects.locations import UNKNOWN
from tsir.dialects.names import hint_of
from tsir.frontend.constants import insert


@dataclass(eq=False)
class Scope:
    """A function that is being, or was, recorded."""

    symbol: str
    parent: Scope | None
    function: func.FuncOp
    builder: Builder
    method: str = "forward"
    """The name of the method that this is a recording of."""
    entry: FrameType | None = None
    """The frame that called the user's code of this scope."""
    captured: dict[SSAValue, BlockArgument] = field(default_factory=dict[SSAValue, BlockArgument])
    """Values of the parent that are used here, and the extra arguments that stand for them."""
    exported: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    """Values of this scope that are used outside, and the results of the call that stand for them."""
    call: func.CallOp | None = None
    """The call, in the parent, once this scope is closed."""

    @property
    def block(self) -> Block:
        """The function's only block."""
        return self.function.body.block

    def add_argument(self, kind: Attribute, name: str | None) -> BlockArgument:
        """Adds an argument to the function."""
        argument = self.block.insert_arg(kind, len(self.block.args), self.function.location)
        argument.name_hint = name_hint(name)
        return argument

    def close(self, results: Sequence[SSAValue], location: LocationAttr) -> None:
        """Ends the function with these results."""
        insert(self.builder, func.ReturnOp(*results), location)
        self.update_type()

    def update_type(self) -> None:
        """Makes the function's type that of its block's arguments and of what it returns."""
        returned = self.block.last_op
        assert returned is not None
        self.function.function_type = FunctionType.from_lists(
            [a.type for a in self.block.args], [o.type for o in returned.operands]
        )


class Scopes:
    """All functions of a trace; knows to which one a value belongs."""

    def __init__(self) -> None:
        self._of_block: dict[Block, Scope] = {}
        self.all: list[Scope] = []
        self.current: Scope | None = None

    def open(self, symbol: str, location: LocationAttr = UNKNOWN, *, private: bool = False) -> Scope:
        """Begins a function, called from the current one."""
        block = Block()
        function = func.FuncOp(symbol, ([], []), Region(block), "private" if private else None)
        function.location = location
        scope = Scope(symbol, self.current, function, Builder(InsertPoint.at_end(block)))
        self._of_block[block] = scope
        self.all.append(scope)
        self.current = scope
        return scope

    def close(self, results: Sequence[SSAValue], location: LocationAttr) -> Scope:
        """Ends the current function; the one that called it is current again."""
        scope = self.current
        assert scope is not None
        scope.close(results, location)
        self.current = scope.parent
        return scope

    def emit_call(self, scope: Scope, arguments: Sequence[SSAValue], location: LocationAttr) -> Sequence[SSAValue]:
        """Emits, in the current function, the call of one that was closed, with what it captures."""
        caller = self.current
        assert caller is not None
        operands = [*arguments, *(self.resolve(outer) for outer in scope.captured)]
        returned = scope.block.last_op
        assert returned is not None
        call = func.CallOp(scope.symbol, operands, [o.type for o in returned.operands])
        scope.call = insert(caller.builder, call, location)
        return call.results

    def owner(self, value: SSAValue) -> Scope:
        """The function to which a value belongs."""
        block = value.owner if isinstance(value.owner, Block) else value.owner.parent
        assert block is not None
        return self._of_block[block]

    def is_open(self, value: SSAValue) -> bool:
        """Whether the value belongs to a function that is still being recorded."""
        owner = self.owner(value)
        scope = self.current
        while scope is not None and scope is not owner:
            scope = scope.parent
        return scope is not None

    def resolve(self, value: SSAValue) -> SSAValue:
        """The value, or what stands for it in the current function."""
        current = self.current
        assert current is not None
        open_scopes = [current]
        while (parent := open_scopes[-1].parent) is not None:
            open_scopes.append(parent)
        owner = self.owner(value)
        while owner not in open_scopes:
            value = self._export(owner, value)
            owner = self.owner(value)
        for scope in reversed(open_scopes[: open_scopes.index(owner)]):
            value = self._capture(scope, value)
        return value

    def _capture(self, scope: Scope, value: SSAValue) -> SSAValue:
        found = scope.captured.get(value)
        if found is None:
            found = scope.captured[value] = scope.add_argument(value.type, value.name_hint)
        return found

    def _export(self, scope: Scope, value: SSAValue) -> SSAValue:
        found = scope.exported.get(value)
        if found is None:
            returned, call = scope.block.last_op, scope.call
            assert returned is not None and call is not None
            returned.operands = [*returned.operands, value]
            scope.update_type()
            # The call gets one result more in place, for its other results are remembered all over.
            found = OpResult(value.type, call, len(call.results))
            found.name_hint = value.name_hint
            call.results = SSAValues((*call.results, found))
            scope.exported[value] = found
        return found


def name_hint(name: str | None) -> str | None:
    """A name as the hint for an SSA value's: `0` is `child0`."""
    if name is None:
        return None
    return hint_of(f"child{name}" if name[:1].isdigit() else name)
