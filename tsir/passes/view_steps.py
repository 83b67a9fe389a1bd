"""Views as steps that can be taken again and undone: a tensor's view of its new value, and the tensor with a view replaced.

`again` applies a view operation to another value of what it looked at; `undone` gives the value of the whole when the view's
value is another one: `select_scatter` for `select`, the inverse permutation for `permute`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.ir import Attribute, Block, Operation, OpResult, SSAValue

from tsir.dialects.ts.families import AtenOp, aten_op
from tsir.dialects.ts.structure import ListOp
from tsir.dialects.ts.types import TensorType
from tsir.ops.registry import operator
from tsir.passes.constants import constant_of, constant_ops
from tsir.passes.memory import is_transient_list

_SAME = frozenset(("detach", "alias"))
_SELF_INVERSE = frozenset(("t", "numpy_T", "mT", "transpose.int", "swapaxes", "swapdims"))
_RESHAPES = frozenset(("view", "view_as", "unsqueeze", "squeeze", "squeeze.dim", "squeeze.dims"))
_SCATTERS = {"select.int": "select_scatter", "slice.Tensor": "slice_scatter", "diagonal": "diagonal_scatter"}


def can_undo(step: AtenOp) -> bool:
    """Whether a write to the result of this view can be told as a new value of what it looks at."""
    key = step.SCHEMA.key
    if key == "permute":
        return int_list(step.operands[1]) is not None
    if key == "narrow":
        return all(type(constant_of(o)) is int for o in step.operands[1:])
    return key in _SAME or key in _SELF_INVERSE or key in _RESHAPES or key in _SCATTERS or key == "movedim.int"


def int_list(value: SSAValue) -> list[int] | None:
    """The ints of a constant list that only serves as an argument of operators, or None."""
    if not isinstance(value, OpResult) or not isinstance(value.op, ListOp) or not is_transient_list(value.op):
        return None
    elements = [constant_of(e) for e in value.op.elements]
    return elements if all(type(e) is int for e in elements) else None


def again(step: AtenOp, source: SSAValue, kind: Attribute, before: Operation) -> SSAValue:
    """The view of another tensor, value or reference, of the same type as the first operand; inserted before an operation."""
    return _call(step.SCHEMA.key, [source, *step.operands[1:]], kind, step, before)


def undone(step: AtenOp, whole: SSAValue, part: SSAValue, before: Operation) -> SSAValue:
    """The value of the whole with the view's value replaced by `part`."""
    key = step.SCHEMA.key
    kind = whole.type
    rest = list(step.operands[1:])
    if key in _SAME:
        return part
    if key in _SELF_INVERSE:
        return _call(key, [part, *rest], kind, step, before)
    if key in _RESHAPES:
        return _call("view_as", [part, whole], kind, step, before)
    if key == "movedim.int":
        return _call(key, [part, rest[1], rest[0]], kind, step, before)
    if key == "permute":
        dims = int_list(rest[0])
        assert dims is not None
        places = [d % len(dims) for d in dims]
        inverse = ListOp([_constant(places.index(i), step, before) for i in range(len(places))], rest[0].type)
        inverse.location = step.location
        _block(before).insert_op_before(inverse, before)
        return _call(key, [part, inverse.result], kind, step, before)
    if key == "narrow":
        start, length = constant_of(rest[1]), constant_of(rest[2])
        end, one = _constant(start + length or None, step, before), _constant(1, step, before)
        return _call("slice_scatter", [whole, part, rest[0], rest[1], end, one], kind, step, before)
    return _call(_SCATTERS[key], [whole, part, *rest], kind, step, before)


def apart(a: Sequence[AtenOp], b: Sequence[AtenOp]) -> bool:
    """Whether two views of one tensor, each a chain of steps, are the same or share nothing.

    Two `select`s of one dimension, alike in all else, are: at run time their positions are equal or not.
    """
    if len(a) != len(b):
        return False
    for x, y in zip(a, b, strict=True):
        if x is y:
            continue
        alike = x.SCHEMA.key == y.SCHEMA.key and len(x.operands) == len(y.operands)
        if not alike:
            return False
        free = 2 if x.SCHEMA.key == "select.int" else -1
        for i, (p, q) in enumerate(zip(x.operands, y.operands, strict=True)):
            if i and i != free and p is not q and not _equal_constants(p, q):
                return False
    return True


def _equal_constants(a: SSAValue, b: SSAValue) -> bool:
    x, y = constant_of(a), constant_of(b)
    if isinstance(x, int) and isinstance(y, int):
        return x == y
    lists = int_list(a), int_list(b)
    return lists[0] is not None and lists[0] == lists[1]


def value_type(kind: Attribute) -> Attribute:
    """The builtin type of a tensor, reference or value."""
    if isinstance(kind, BuiltinTensorType):
        return kind
    assert isinstance(kind, TensorType)
    return kind.to_builtin()


def _block(op: Operation) -> Block:
    block = op.parent_block()
    assert block is not None
    return block


def _constant(value: Any, like: Operation, before: Operation) -> SSAValue:
    ops = constant_ops(value, like.location)
    assert ops is not None
    _block(before).insert_ops_before(ops, before)
    return ops[-1].results[0]


def _call(key: str, operands: Sequence[SSAValue], kind: Attribute, like: Operation, before: Operation) -> SSAValue:
    definition = operator(key)
    assert definition is not None, key
    new = aten_op(definition.schema)(operands, [kind])
    new.location = like.location
    _block(before).insert_op_before(new, before)
    return new.results[0]
