"""Rewrites of containers and casts that aren't patterns of operators: taking apart what was just put together."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Operation, OpResult, SSAValue

from tsir.dialects.ts.families import PyOp
from tsir.dialects.ts.structure import CastOp, ListOp, ToReferenceOp, ToValueOp, TupleGetOp, TupleOp, UnpackOp
from tsir.passes.constants import constant_of
from tsir.passes.facts import strip_casts
from tsir.passes.memory import Memory
from tsir.passes.rules.terms import NativeRule, native


def _maker(value: SSAValue) -> Operation | None:
    source = strip_casts(value)
    return source.op if isinstance(source, OpResult) else None


def _elements(value: SSAValue, memory: Memory) -> Sequence[SSAValue] | None:
    """The elements of a tuple, or of a list that nothing changes, whose making is in sight."""
    op = _maker(value)
    if isinstance(op, TupleOp):
        return op.elements
    if isinstance(op, ListOp):
        group = memory.group(op.result)
        return op.elements if group is None or not group.container_writes else None
    return None


def _element_of_tuple(op: Operation, memory: Memory) -> Sequence[SSAValue] | None:
    assert isinstance(op, TupleGetOp)
    elements = _elements(op.tuple, memory)
    return None if elements is None else [elements[op.index.value.data]]


def _unpacked(op: Operation, memory: Memory) -> Sequence[SSAValue] | None:
    assert isinstance(op, UnpackOp)
    elements = _elements(op.value, memory)
    return elements if elements is not None and len(elements) == len(op.results) else None


def _item_of_container(op: Operation, memory: Memory) -> Sequence[SSAValue] | None:
    assert isinstance(op, PyOp)
    elements = _elements(op.operands[0], memory)
    index = constant_of(op.operands[1])
    if elements is None or type(index) is not int or not -len(elements) <= index < len(elements):
        return None
    return [elements[index]]


def _cast_of_cast(op: Operation, memory: Memory) -> Sequence[SSAValue] | None:
    assert isinstance(op, CastOp)
    if op.value.type == op.result.type:
        return [op.value]
    source = strip_casts(op.value)
    return [source] if source.type == op.result.type else None


def _value_of_reference(op: Operation, memory: Memory) -> Sequence[SSAValue] | None:
    assert isinstance(op, ToValueOp)
    made = op.reference.op if isinstance(op.reference, OpResult) else None
    if not isinstance(made, ToReferenceOp) or made.value.type != op.result.type:
        return None
    group = memory.group(op.reference)
    return None if group is not None and group.tensor_writes else [made.value]


_HEAD = "func.func public @f(%x : tensor<2xf32>, %y : tensor<2xf32>, %n : i64) -> tensor<2xf32> {\n"

CONTAINERS: tuple[NativeRule, ...] = (
    native(
        "element-of-tuple",
        "ts.tuple_get",
        _element_of_tuple,
        why="what was put into the tuple",
        example=_HEAD
        + """  %t = ts.tuple %x, %y : (tensor<2xf32>, tensor<2xf32>) -> !ts.tuple<tensor<2xf32>, tensor<2xf32>>
  %r = ts.tuple_get %t[1] : !ts.tuple<tensor<2xf32>, tensor<2xf32>> -> tensor<2xf32>
  func.return %r : tensor<2xf32>
}""",
    ),
    native(
        "unpacked",
        "ts.unpack",
        _unpacked,
        why="what was put into the tuple or list, when nothing changed the list and it has as many elements",
        example=_HEAD
        + """  %t = ts.list %x, %y : (tensor<2xf32>, tensor<2xf32>) -> !ts.list<tensor<2xf32>>
  %a, %b = ts.unpack %t : (!ts.list<tensor<2xf32>>) -> (tensor<2xf32>, tensor<2xf32>)
  func.return %b : tensor<2xf32>
}""",
    ),
    native(
        "item-of-container",
        "ts.py.getitem",
        _item_of_container,
        why="what was put there, when nothing changed the container; an index outside of it raises when the program runs",
        example=_HEAD
        + """  %t = ts.list %x, %y : (tensor<2xf32>, tensor<2xf32>) -> !ts.list<tensor<2xf32>>
  %i = arith.constant -1 : i64
  %r = ts.py.getitem(%t, %i) : (!ts.list<tensor<2xf32>>, i64) -> tensor<2xf32>
  func.return %r : tensor<2xf32>
}""",
    ),
    native(
        "cast-of-cast",
        "ts.cast",
        _cast_of_cast,
        why="the value has this type already",
        example=_HEAD
        + """  %a = ts.cast %x : tensor<2xf32> -> !ts.any
  %b = ts.cast %a : !ts.any -> tensor<2xf32>
  func.return %b : tensor<2xf32>
}""",
    ),
    native(
        "value-of-reference",
        "ts.to_value",
        _value_of_reference,
        why="what the reference was made of, when nothing wrote its memory",
        example=_HEAD
        + """  %a = ts.to_reference %x : tensor<2xf32> -> !ts.tensor<2xf32>
  %b = ts.to_value %a : !ts.tensor<2xf32> -> tensor<2xf32>
  func.return %b : tensor<2xf32>
}""",
    ),
)
"""Rewrites of containers and casts."""
