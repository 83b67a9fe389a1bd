"""Operations of MLIR's own dialects that xDSL has not got.

`TsContext` knows them by name, so that text with them is read back; mlir-opt knows them anyway.
"""

from __future__ import annotations

from xdsl.dialects.arith import FloatingPointLikeBinaryOperation
from xdsl.ir import Operation
from xdsl.irdl import irdl_op_definition, traits_def
from xdsl.traits import Pure


@irdl_op_definition
class RemFOp(FloatingPointLikeBinaryOperation):
    """`arith.remf`: C's fmod, a remainder with the sign of the dividend.

    https://mlir.llvm.org/docs/Dialects/ArithOps/#arithremf-arithremfop
    """

    name = "arith.remf"
    traits = traits_def(Pure())


OPERATIONS: dict[str, type[Operation]] = {op.name: op for op in (RemFOp,)}
