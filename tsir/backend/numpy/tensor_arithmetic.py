"""arith and math operations on whole tensors: the same as a `linalg.generic` with that operation as its body."""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.dialects.builtin import TensorType
from xdsl.dialects.linalg.ops import YieldOp
from xdsl.ir import Attribute, Block, Operation
from xdsl.ir.affine import AffineMap

from tsir.backend.numpy.emitter import FunctionEmitter, is_tensor
from tsir.backend.numpy.linalg_operations import emit_view
from tsir.backend.numpy.structured import Operand, Structured, affine


def emit_tensor_arithmetic(e: FunctionEmitter, op: Operation) -> None:
    """Writes an operation that works element by element on tensors of one shape; a scalar operand counts for all elements."""
    kind = op.results[0].type
    assert isinstance(kind, TensorType)
    rank = kind.get_num_dims()
    block = Block(arg_types=[_element(v.type) for v in (*op.operands, op.results[0])])
    scalar = arith.SelectOp if isinstance(op, arith.SelectOp) else type(op)
    inner = scalar.create(
        operands=block.args[:-1], result_types=[kind.get_element_type()], properties=op.properties, location=op.location
    )
    block.add_op(inner)
    block.add_op(YieldOp(inner.results[0]))
    identity, constant = AffineMap.identity(rank), AffineMap(rank, 0, ())
    operands = [
        Operand(v, m := identity if is_tensor(v) else constant, tuple(affine(x) for x in m.results), a)
        for v, a in zip(op.operands, block.args, strict=False)
    ]
    shaped = next(o for o in operands if is_tensor(o.value))
    out = Operand(shaped.value, identity, shaped.exprs, block.args[-1])
    emit_view(e, Structured(op, tuple(operands), (out,), (False,) * rank, block, (inner.results[0],)))


def _element(kind: Attribute) -> Attribute:
    return kind.get_element_type() if isinstance(kind, TensorType) else kind
