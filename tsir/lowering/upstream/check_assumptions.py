"""`check-assumptions`: what a function relies on in the sizes of its arguments, as assertions at its start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, cf
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from tsir.errors import PassError
from tsir.lowering.upstream.loops import Loops
from tsir.passes.assumptions import ASSUME, conditions_of, drop_hints, named_sizes
from tsir.passes.structure import functions


@dataclass(frozen=True)
class CheckAssumptionsPass(ModulePass):
    """Turns the conditions of `ts.assume` into assertions.

        func.func @f(%x : tensor<?xf32> {ts.sizes = ["x_0"]}) attributes {ts.assume = ["x_0 <= 8"]} { ... }

    becomes

        func.func @f(%x : tensor<?xf32>) {
          %n = tensor.dim %x, %c0 : tensor<?xf32>
          %ok = arith.cmpi sle, %n, %c8 : index
          cf.assert %ok, "made for calls with x_0 <= 8"
    """

    name = "check-assumptions"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions(op):
            conditions = conditions_of(function)
            first = function.body.block.first_op
            if conditions and first is not None:
                loops = Loops(first)
                if any(not isinstance(a.type, TensorType) for a, _ in named_sizes(function)):
                    raise PassError(f"@{function.sym_name.data} takes references: lower it first (lower-ts-to-linalg)")
                names = {name: loops.size(a, d) for (a, d), (name, _) in named_sizes(function).items()}
                for condition in conditions:
                    left, right = condition.sides(_Indices(loops, names))
                    holds = loops.compare(_PREDICATES[condition.relation], left, right)
                    loops.add(cf.AssertOp(holds, f"made for calls with {condition.text}"))
            function.attributes.pop(ASSUME, None)
            drop_hints(function)


_PREDICATES = {"==": "eq", "!=": "ne", ">": "sgt", "<=": "sle"}
_OPERATIONS = {
    "add": arith.AddiOp, "sub": arith.SubiOp, "mul": arith.MuliOp, "min": arith.MinSIOp, "max": arith.MaxSIOp,
}  # fmt: skip


@dataclass(frozen=True)
class _Indices:
    """Conditions as arithmetic on values of type `index`."""

    loops: Loops
    names: Mapping[str, SSAValue]

    def size(self, name: str) -> SSAValue:
        return self.names[name]

    def number(self, value: int) -> SSAValue:
        return self.loops.index(value)

    def apply(self, operation: str, a: SSAValue, b: SSAValue) -> SSAValue:
        if operation not in ("floordiv", "mod"):
            return self.loops.binary(_OPERATIONS[operation], a, b)
        quotient = self.loops.binary(arith.FloorDivSIOp, a, b)
        if operation == "floordiv":
            return quotient
        return self.loops.minus(a, self.loops.binary(arith.MuliOp, quotient, b))
