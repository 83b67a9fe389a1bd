"""Passes that are wrong on purpose, declared by entry points as another distribution would."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass


@dataclass(frozen=True)
class DropRelu(ModulePass):
    """Takes every relu for the identity, which is wrong for negative numbers."""

    name = "wrong-drop-relu"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in list(op.walk()):
            if inner.name == "ts.aten.relu":
                inner.results[0].replace_all_uses_with(inner.operands[0])
                inner.detach()
                inner.erase()


@dataclass(frozen=True)
class DropSpecial(ModulePass):
    """Takes nan_to_num for the identity, which is wrong for NaN and infinity alone."""

    name = "wrong-drop-nan-to-num"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in list(op.walk()):
            if inner.name == "ts.aten.nan_to_num":
                inner.results[0].replace_all_uses_with(inner.operands[0])
                inner.detach()
                inner.erase()


@dataclass(frozen=True)
class Break(ModulePass):
    """Fails on a multiplication."""

    name = "wrong-crash"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if any(inner.name == "arith.muli" for inner in op.walk()):
            raise IndexError("no multiplication, please")
