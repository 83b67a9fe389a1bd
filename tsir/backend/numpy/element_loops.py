"""The last resort for structured operations: a Python loop over the elements, for maps and bodies that NumPy has no call for.

Everything that `linalg.generic` can say is written so, far slower than what `linalg_operations.py` and `contractions.py` write.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from xdsl.dialects.linalg import ops as linalg
from xdsl.ir import Block, SSAValue
from xdsl.ir.affine import AffineBinaryOpExpr, AffineBinaryOpKind, AffineConstantExpr, AffineDimExpr, AffineExpr

from tsir.backend.numpy.emitter import FunctionEmitter, is_tensor, shape_text
from tsir.backend.numpy.structured import Operand, Structured
from tsir.backend.numpy.tensors import Size, plain, tensor_dtype
from tsir.dialects import dtypes

if TYPE_CHECKING:
    from collections.abc import Generator

_OPERATORS = {
    AffineBinaryOpKind.Add: "({} + {})",
    AffineBinaryOpKind.Mul: "{} * {}",
    AffineBinaryOpKind.Mod: "{} % {}",
    AffineBinaryOpKind.FloorDiv: "{} // {}",
    AffineBinaryOpKind.CeilDiv: "-(-{} // {})",
}


def emit_element_loops(e: FunctionEmitter, view: Structured) -> None:
    """Writes a structured operation as one loop over the positions of all its loops, and binds its results."""
    sizes = view.sizes(e)
    with _at_run_time(e):
        targets = [_copy(e, o.value, r) for o, r in zip(view.outputs, view.op.results, strict=True)]
        sources = [e.name_of(o.value) for o in view.inputs]
        loops = [e.fresh(f"d{i}") for i in range(len(sizes))]
        with _positions(e, loops, sizes):
            for operand, name in zip((*view.inputs, *view.outputs), (*sources, *targets), strict=True):
                if operand.element.first_use is not None:
                    _bind_element(e, operand, name, loops)
            _body(e, view.body, loops)
            values = [e.name_of(v) for v in view.yields]
            for operand, target, value in zip(view.outputs, targets, values, strict=True):
                e.line(f"{target}[{_index(operand, loops)}] = {value}")


def emit_generated(e: FunctionEmitter, result: SSAValue, shape: Sequence[Size], block: Block, value: SSAValue) -> None:
    """Writes a tensor whose elements a block computes from their positions, its arguments."""
    with _at_run_time(e):
        target = e.assign(f"{e.numpy('empty')}({shape_text(shape)}, {e.dtype(tensor_dtype(result.type))})", result.name_hint)
        _bind_result(e, result, target)
        loops = [e.fresh(a.name_hint or f"d{i}") for i, a in enumerate(block.args)]
        with _positions(e, loops, shape):
            for argument, loop in zip(block.args, loops, strict=True):
                e.bind(argument, loop)
            e.emit_block(block)
            e.line(f"{target}[{', '.join(loops) or '()'}] = {e.name_of(value)}")


@contextmanager
def _at_run_time(e: FunctionEmitter) -> Generator[None, None, None]:
    """`prepare` has straight lines only: a loop over weights runs with each call."""
    before = e.preparing
    e.preparing = False
    try:
        yield
    finally:
        e.preparing = before


@contextmanager
def _positions(e: FunctionEmitter, loops: Sequence[str], sizes: Sequence[Size]) -> Generator[None, None, None]:
    if loops:
        e.line(f"for {', '.join(loops)}{',' if len(loops) == 1 else ''} in {e.numpy('ndindex')}({shape_text(sizes)}):")
        with e.in_loop():
            yield
    else:
        yield


def _copy(e: FunctionEmitter, value: SSAValue, result: SSAValue) -> str:
    name = e.assign(f"{e.name_of(value)}.copy()", result.name_hint)
    _bind_result(e, result, name)
    return name


def _bind_result(e: FunctionEmitter, result: SSAValue, name: str) -> None:
    kind = result.type
    from tsir.backend.numpy.tensors import static_shape

    shape = [f"{name}.shape[{i}]" if d is None else d for i, d in enumerate(static_shape(kind))]
    e.bind(result, plain(name, shape, tensor_dtype(kind), e.new_storage()))


def _bind_element(e: FunctionEmitter, operand: Operand, name: str, loops: Sequence[str]) -> None:
    """Binds the body's argument to the element, as the scalars of `scalar_operations.py` are."""
    if not is_tensor(operand.value):
        e.bind(operand.element, name)
        return
    dtype = tensor_dtype(operand.value.type)
    as_python = dtype in (dtypes.float64, dtypes.complex128, dtypes.bool_) or dtype.category.name == "INT"
    index = _index(operand, loops)
    text = f"{name}[{index}].item()" if as_python else f"{name}[{index}]"
    e.bind(operand.element, e.assign(text, operand.element.name_hint))


def _body(e: FunctionEmitter, block: Block, loops: Sequence[str]) -> None:
    for op in block.ops:
        if isinstance(op, linalg.IndexOp):
            e.bind(op.result, loops[op.dim.value.data])
    e.emit_block(block)


def _index(operand: Operand, loops: Sequence[str]) -> str:
    return ", ".join(_expression(x, loops) for x in operand.map.results) or "()"


def _expression(expr: AffineExpr, loops: Sequence[str]) -> str:
    match expr:
        case AffineConstantExpr():
            return str(expr.value)
        case AffineDimExpr():
            return loops[expr.position]
        case AffineBinaryOpExpr():
            return "(" + _OPERATORS[expr.kind].format(_expression(expr.lhs, loops), _expression(expr.rhs, loops)) + ")"
        case _:
            raise TypeError(f"an indexing map has no symbols: {expr}")
