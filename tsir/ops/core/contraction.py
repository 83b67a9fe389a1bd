"""Sums of products: `contract`, an einsum over two tensors, and `convolve` over windows. One `linalg.generic` each."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith
from xdsl.dialects.complex import AddOp as ComplexAddOp
from xdsl.dialects.complex import MulOp as ComplexMulOp
from xdsl.ir import Operation, SSAValue
from xdsl.ir.affine import AffineExpr

from tsir.dialects import dtypes
from tsir.dialects.ts.types import linalg_element_type
from tsir.errors import OperatorError
from tsir.ops.builder import Body, affine_map, current
from tsir.ops.core.creation import full
from tsir.ops.core.elementwise import broadcast_size, convert, fill_value
from tsir.ops.core.scalars import dtype_class
from tsir.ops.core.slices import flip, insert_slice, pad
from tsir.ops.core.views import reshape, transpose
from tsir.ops.promotion import is_half
from tsir.ops.sizes import Size, is_one
from tsir.ops.tensor import SymTensor

_OPERATIONS: dict[str, tuple[type[Operation], type[Operation]]] = {
    "f": (arith.MulfOp, arith.AddfOp),
    "i": (arith.MuliOp, arith.AddiOp),
    "u": (arith.MuliOp, arith.AddiOp),
    "b": (arith.AndIOp, arith.OrIOp),
    "c": (ComplexMulOp, ComplexAddOp),
}


def _multiply_add(a: SymTensor) -> object:
    multiply, add = _OPERATIONS[dtype_class(a.dtype)]
    element = linalg_element_type(a.dtype)

    def body(e: Body, v: Sequence[SSAValue]) -> Sequence[SSAValue]:
        product = e.one(multiply, (v[0], v[1]), element)
        return (e.one(add, (v[2], product), element),)

    return body


def contract(spec: str, a: SymTensor, b: SymTensor) -> SymTensor:
    """An einsum of two tensors of one dtype, such as `"bik,bkj->bij"`; each letter at most once in each operand.

    A size of 1 broadcasts. Half precisions are summed in float32. Raises OperatorError for sizes that don't agree.
    """
    if a.dtype is not b.dtype:
        raise OperatorError(f"expected both tensors to have the same dtype, but got {a.dtype.name} and {b.dtype.name}")
    if is_half(a.dtype):
        return convert(contract(spec, convert(a, dtypes.float32), convert(b, dtypes.float32)), a.dtype)
    inputs, out = spec.split("->")
    letters_a, letters_b = inputs.split(",")
    sizes: dict[str, Size] = {}
    for letters, operand in ((letters_a, a), (letters_b, b)):
        for letter, size in zip(letters, operand.shape, strict=True):
            try:
                sizes[letter] = broadcast_size(sizes.get(letter, 1), size)
            except OperatorError:
                shapes = f"{_shown(a.shape)} and {_shown(b.shape)}"
                raise OperatorError(f"mat1 and mat2 shapes cannot be multiplied ({shapes})") from None
    shape = tuple(sizes[letter] for letter in out)
    builder = current()
    if not builder.emitting:
        return SymTensor(a.dtype, shape)
    order = out + "".join(letter for letter in sizes if letter not in out)
    maps = [
        affine_map(
            len(order),
            [
                None if is_one(size) and not is_one(sizes[letter]) else order.index(letter)
                for letter, size in zip(letters, operand.shape, strict=True)
            ],
        )
        for letters, operand in ((letters_a, a), (letters_b, b))
    ]
    zero = builder.constant(0, linalg_element_type(a.dtype))
    start = fill_value(builder, builder.empty(a.dtype, shape), zero)
    (result,) = builder.generic(
        (a.ssa, b.ssa),
        maps,
        (start,),
        (affine_map(len(order), [order.index(letter) for letter in out]),),
        "p" * len(out) + "r" * (len(order) - len(out)),
        _multiply_add(a),  # type: ignore[arg-type]
    )
    return SymTensor(a.dtype, shape, result)


def _shown(shape: Sequence[Size]) -> str:
    return "x".join(map(str, shape))


def window_size(size: Size, kernel: int, stride: int, dilation: int = 1) -> Size:
    """How many windows of `kernel` elements fit into `size` elements (which include the padding)."""
    return (size - dilation * (kernel - 1) - 1) // stride + 1


def convolve(
    x: SymTensor,
    weight: SymTensor,
    stride: Sequence[int],
    padding: Sequence[tuple[Size, Size]],
    dilation: Sequence[int],
    groups: int,
) -> SymTensor:
    """Cross-correlation over any number of spatial dimensions: x [N, C, *S], weight [O, C/groups, *K] -> [N, O, *].

    `padding` is a pair (before, behind) for each spatial dimension. Half precisions are summed in float32.
    """
    if is_half(x.dtype):
        wide = convolve(convert(x, dtypes.float32), convert(weight, dtypes.float32), stride, padding, dilation, groups)
        return convert(wide, x.dtype)
    spatial = x.rank - 2
    x = pad(x, [0, 0, *(p[0] for p in padding)], [0, 0, *(p[1] for p in padding)], False if x.dtype is dtypes.bool_ else 0)
    kernel = [int(k) for k in weight.shape[2:]]  # type: ignore[arg-type]
    out = tuple(window_size(x.shape[2 + i], kernel[i], stride[i], dilation[i]) for i in range(spatial))
    for i, size in enumerate(out):
        if not size > 0:
            raise OperatorError(
                f"Calculated padded input size per channel: ({_shown(x.shape[2:])}). Kernel size: ({_shown(kernel)}). "
                f"Kernel size can't be greater than actual input size (dimension {i})"
            )
    batch, outputs = x.shape[0], weight.shape[0]
    b = current()
    if not b.emitting:
        return SymTensor(x.dtype, (batch, outputs, *out))
    if groups > 1:
        x = reshape(x, (batch, groups, x.shape[1] // groups, *x.shape[2:]))
        weight = reshape(weight, (groups, outputs // groups, *weight.shape[1:]))
    # Iteration: batch, [group], output channel, output positions | input channel, kernel positions.
    lead = 3 if groups > 1 else 2
    rank = lead + spatial + 1 + spatial
    channel = lead + spatial
    windows: list[int | AffineExpr] = [
        AffineExpr.dimension(lead + i) * stride[i] + AffineExpr.dimension(channel + 1 + i) * dilation[i]
        for i in range(spatial)
    ]
    group = [1] if groups > 1 else []
    taps = list(range(channel + 1, rank))
    shape = (batch, *([groups, outputs // groups] if groups > 1 else [outputs]), *out)
    start = fill_value(b, b.empty(x.dtype, shape), b.constant(0, linalg_element_type(x.dtype)))
    (result,) = b.generic(
        (x.ssa, weight.ssa),
        (affine_map(rank, [0, *group, channel, *windows]), affine_map(rank, [*group, lead - 1, channel, *taps])),
        (start,),
        (affine_map(rank, list(range(lead + spatial))),),
        "p" * (lead + spatial) + "r" * (1 + spatial),
        _multiply_add(x),  # type: ignore[arg-type]
    )
    found = SymTensor(x.dtype, shape, result)
    return reshape(found, (batch, outputs, *out)) if groups > 1 else found


def convolve_transposed(
    x: SymTensor,
    weight: SymTensor,
    stride: Sequence[int],
    padding: Sequence[int],
    output_padding: Sequence[int],
    dilation: Sequence[int],
    groups: int,
) -> SymTensor:
    """The transposition of `convolve`: x [N, C, *S], weight [C, O/groups, *K] -> [N, O, *].

    Zeros are put between the elements of `x`, and the reversed kernel runs over it.
    """
    spatial = x.rank - 2
    kernel = [int(k) for k in weight.shape[2:]]  # type: ignore[arg-type]
    spread = x
    if any(s > 1 for s in stride):
        shape = (*x.shape[:2], *((x.shape[2 + i] - 1) * stride[i] + 1 for i in range(spatial)))
        spread = full(shape, False if x.dtype is dtypes.bool_ else 0, x.dtype)
        b = current()
        if b.emitting:
            value = insert_slice(b, x.ssa, spread.ssa, [0] * x.rank, x.shape, [1, 1, *stride])
            spread = SymTensor(x.dtype, shape, value)
    edges: list[tuple[Size, Size]] = []
    for i in range(spatial):
        before = dilation[i] * (kernel[i] - 1) - padding[i]
        edges.append((before, before + output_padding[i]))
    channels, per_group = weight.shape[0], weight.shape[1]
    w = reshape(weight, (groups, channels // groups, per_group, *kernel))
    w = reshape(transpose(w, 1, 2), (per_group * groups, channels // groups, *kernel))
    w = flip(w, list(range(2, w.rank)))
    cropped = _cropped(spread, edges)
    kept: list[tuple[Size, Size]] = [(_positive(a), _positive(c)) for a, c in edges]
    return convolve(cropped, w, [1] * spatial, kept, dilation, groups)


def _positive(size: Size) -> Size:
    return 0 if isinstance(size, int) and size < 0 else size


def _cropped(x: SymTensor, edges: Sequence[tuple[Size, Size]]) -> SymTensor:
    """`x` without what a negative padding takes away."""
    from tsir.ops.core.slices import slice

    for i, (before, behind) in enumerate(edges):
        first = -before if isinstance(before, int) and before < 0 else 0
        last = x.shape[2 + i] + behind if isinstance(behind, int) and behind < 0 else None
        x = slice(x, 2 + i, first, last, 1)
    return x
