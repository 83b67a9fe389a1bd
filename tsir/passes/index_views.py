"""`ts-index-by-number`: tensors of one integer as indices are numbers, so that what they give is a view."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, OpResult, SSAValue
from xdsl.passes import ModulePass

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category
from tsir.dialects.ts.families import AtenOp, aten_op, py_op
from tsir.dialects.ts.structure import ListOp
from tsir.dialects.ts.types import INT, NONE, NumberType, TensorType
from tsir.ops.registry import operator
from tsir.passes.constants import constant_of, constant_ops
from tsir.passes.facts import strip_casts
from tsir.passes.rebuild import insert_before
from tsir.passes.structure import functions, walk

_MASKS = (dtypes.bool_, dtypes.uint8)
_INDEXING = ("index.Tensor", "index_put_", "_index_put_impl_")


@dataclass(frozen=True)
class IndexByNumberPass(ModulePass):
    """Takes integer tensors without dimensions out of the indices of `index` and `index_put_`, as eager indexing does.

        %l = ts.list %n, %at : ...                                         %i = ts.aten.item(%at) : (!ts.tensor<i64>) -> i64
        %0 = ts.aten.index.Tensor(%x, %l) : (...) -> !ts.tensor      ->    %0 = ts.aten.select.int(%x, %1, %i) : ...

    The result is then a view, through which `x` can be written. What other tensors are left is indexed with as before.
    """

    name = "ts-index-by-number"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions(op):
            index_by_number(function)


def index_by_number(function: FuncOp) -> bool:
    """Rewrites one function whose types are inferred; whether anything has changed."""
    changed = False
    for op in tuple(walk(function)):
        if isinstance(op, AtenOp) and op.SCHEMA.key in _INDEXING:
            changed |= _rewrite(op)
    return changed


def _rewrite(op: AtenOp) -> bool:
    made = strip_casts(op.operands[1])
    if not isinstance(made, OpResult) or not isinstance(made.op, ListOp):
        return False
    indices = list(made.op.elements)
    if not any(map(_is_number, indices)) or any(use.operation.name == "ts.py.add" for use in made.uses):
        return False
    places = _dimensions(indices)
    if places is None:
        return False
    view, kept = op.operands[0], list[SSAValue]()
    for index, place in zip(indices, places, strict=True):
        if _is_number(index):
            item = _aten("item", [index], NumberType(), op)
            number = insert_before(py_op("int")([item], [INT]), op).results[0]
            view = _aten("select.int", [view, _constant(place, op), number], TensorType(), op)
        else:
            kept.append(index)
    block = op.parent_block()
    assert block is not None
    if any(strip_casts(k).type != NONE for k in kept):
        rest = insert_before(ListOp(kept, made.op.result.type), op).results[0]
        new = type(op)([view, rest, *op.operands[2:]], [r.type for r in op.results])
        made_of = list(insert_before(new, op).results)
    elif op.SCHEMA.mutates:
        made_of = [_written(op, view)]
    else:
        made_of = [view]
        view.name_hint = op.results[0].name_hint
    for old, value in zip(op.results, made_of, strict=True):
        old.replace_all_uses_with(op.operands[0] if op.SCHEMA.mutates else value)
    block.erase_op(op)
    return True


def _written(op: AtenOp, view: SSAValue) -> SSAValue:
    """The view after what `index_put_` puts there, or adds to it."""
    if constant_of(op.operands[3]) is True:
        return _aten("add_.Tensor", [view, op.operands[2], _constant(1, op)], TensorType(), op)
    return _aten("copy_", [view, op.operands[2], _constant(True, op)], TensorType(), op)


def _dimensions(indices: list[SSAValue]) -> list[int] | None:
    """The dimension of the view that each index stands for when those before it are applied; None where that isn't known."""
    places: list[int] = []
    at = 0
    for index in indices:
        places.append(at)
        kind = _tensor_type(index)
        if strip_casts(index).type == NONE:
            at += 1
        elif kind is None or kind.dtype is None or kind.dims is None:
            return None
        elif kind.dtype not in _MASKS:
            at += bool(kind.dims)
        elif not kind.dims:
            return None  # a new dimension
        else:
            at += len(kind.dims)
    return places


def _tensor_type(value: SSAValue) -> TensorType | None:
    kind = strip_casts(value).type
    if isinstance(kind, BuiltinTensorType):
        return TensorType.from_builtin(kind)
    return kind if isinstance(kind, TensorType) else None


def _is_number(value: SSAValue) -> bool:
    """Whether an index is an integer tensor without dimensions; one of a mask's dtype is a mask."""
    kind = _tensor_type(value)
    if kind is None or kind.dims != () or kind.dtype is None:
        return False
    return kind.dtype.category is Category.INT and kind.dtype not in _MASKS


def _aten(key: str, operands: list[SSAValue], kind: TensorType | NumberType, like: Operation) -> SSAValue:
    definition = operator(key)
    assert definition is not None, key
    return insert_before(aten_op(definition.schema)(operands, [kind]), like).results[0]


def _constant(value: int | bool, like: Operation) -> SSAValue:
    ops = constant_ops(value, like.location)
    assert ops is not None
    block = like.parent_block()
    assert block is not None
    block.insert_ops_before(ops, like)
    return ops[-1].results[0]
