"""Tensors of numbers that are known one by one: `torch.tensor([n, 2])` as `tensor.from_elements`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.dialects import arith, tensor
from xdsl.dialects.builtin import AnyFloat, IntegerType, TensorType
from xdsl.ir import Attribute, Operation, SSAValue

from tsir.lowering.upstream.loops import I1, INDEX, Loops


def from_numbers(numbers: Sequence[SSAValue], kind: TensorType[Attribute], before: Operation) -> SSAValue | None:
    """A tensor of that type with these elements in rows, converted; None where a number or the type is complex."""
    element = kind.get_element_type()
    simple = (IntegerType, AnyFloat)
    if not isinstance(element, simple) or not all(isinstance(n.type, simple) or n.type == INDEX for n in numbers):
        return None
    loops = Loops(before)
    if not numbers:
        return loops.empty(kind, [])
    elements = [_converted(loops, n, element) for n in numbers]
    return loops.add(tensor.FromElementsOp.create(operands=elements, result_types=[kind]))


def _converted(loops: Loops, number: SSAValue, kind: Any) -> SSAValue:
    """A number in another type, as torch converts it."""
    given: Any = number.type
    if given == INDEX:
        number = loops.to_integer(number, IntegerType(64))
        given = number.type
    if given == kind:
        return number
    if kind == I1:
        zero = loops.constant(0, given)
        return loops.compare("une" if isinstance(given, AnyFloat) else "ne", number, zero)
    if isinstance(given, AnyFloat) and isinstance(kind, AnyFloat):
        if given.bitwidth < kind.bitwidth:
            return loops.widened(number, kind)
        return loops.narrowed(number, kind)
    if isinstance(kind, AnyFloat):
        return loops.add((arith.UIToFPOp if given == I1 else arith.SIToFPOp)(number, kind))
    if isinstance(given, AnyFloat):
        return loops.add(arith.FPToSIOp(number, kind))
    if given.width.data > kind.width.data:
        return loops.add(arith.TruncIOp(number, kind))
    return loops.add((arith.ExtUIOp if given == I1 else arith.ExtSIOp)(number, kind))
