"""Operations of MLIR's own dialects that xDSL has not got.

`TsContext` knows them by name, so that text with them is read back; mlir-opt knows them anyway.
"""

from __future__ import annotations

from typing import Any

from xdsl.dialects import arith
from xdsl.dialects.arith import FloatingPointLikeBinaryOperation
from xdsl.dialects.builtin import DYNAMIC_INDEX, IndexType, IntegerType, TensorType
from xdsl.ir import Operation
from xdsl.irdl import IRDLOperation, irdl_op_definition, region_def, result_def, traits_def, var_operand_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure, RecursiveMemoryEffect
from xdsl.utils.exceptions import VerifyException


@irdl_op_definition
class RemFOp(FloatingPointLikeBinaryOperation):
    """`arith.remf`: C's fmod, a remainder with the sign of the dividend.

    https://mlir.llvm.org/docs/Dialects/ArithOps/#arithremf-arithremfop
    """

    name = "arith.remf"
    traits = traits_def(Pure())


class SelectOp(arith.SelectOp):
    """`arith.select`, whose text xDSL reads for scalars only: on tensors the condition may be one of bools.

    https://mlir.llvm.org/docs/Dialects/ArithOps/#arithselect-arithselectop
    """

    @classmethod
    def parse(cls, parser: Parser) -> arith.SelectOp:
        names = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_unresolved_operand)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        position = parser.pos
        kinds = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
        types = [*kinds, kinds[-1]] if len(kinds) == 2 else [IntegerType(1), kinds[0], kinds[0]]
        condition, first, second = parser.resolve_operands(names, types, position)
        if len(kinds) == 2:
            made: arith.SelectOp = TensorSelectOp.create(operands=[condition, first, second], result_types=[kinds[1]])
        else:
            made = arith.SelectOp(condition, first, second)
        made.attributes |= attributes
        return made

    @classmethod
    def create(cls, **given: Any) -> arith.SelectOp:
        chosen = given["result_types"][0]
        return (TensorSelectOp if isinstance(chosen, TensorType) else arith.SelectOp).create(**given)


class TensorSelectOp(arith.SelectOp):
    """`arith.select` element by element: `arith.select %c, %a, %b : tensor<4xi1>, tensor<4xf32>`."""

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_list(self.operands, printer.print_ssa_value)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_list((self.cond.type, self.result.type), printer.print_attribute)

    def verify(self, verify_nested_ops: bool = True) -> None:
        condition, result = self.cond.type, self.result.type
        if not isinstance(result, TensorType) or condition != TensorType(IntegerType(1), result.get_shape()):
            raise VerifyException(f"arith.select: {condition} can't choose elements of {result}")
        if any(v.type != result for v in (self.lhs, self.rhs)):
            raise VerifyException(f"arith.select: expected operands of type {result}")


@irdl_op_definition
class GenerateOp(IRDLOperation):
    """A tensor whose elements a region computes from their positions: `tensor.generate %n { ^bb0(%i : index): ... } : tensor<?xf32>`.

    https://mlir.llvm.org/docs/Dialects/TensorOps/#tensorgenerate-tensorgenerateop
    """

    name = "tensor.generate"
    dynamic_extents = var_operand_def(IndexType())
    result = result_def(TensorType)
    body = region_def("single_block")
    assembly_format = "$dynamic_extents $body attr-dict `:` type($result)"
    traits = traits_def(RecursiveMemoryEffect())

    def verify_(self) -> None:
        kind = self.result.type
        assert isinstance(kind, TensorType)
        shape = kind.get_shape()
        if len(self.dynamic_extents) != sum(d == DYNAMIC_INDEX for d in shape):
            raise VerifyException(f"tensor.generate: expected an extent for each ? of {kind}")
        if len(self.body.block.args) != len(shape):
            raise VerifyException(f"tensor.generate: expected {len(shape)} positions, one for each dimension of {kind}")


OPERATIONS: dict[str, type[Operation]] = {
    "arith.remf": RemFOp,
    "arith.select": SelectOp,
    "tensor.generate": GenerateOp,
}
