"""Shape operations that move no data: transposition, expansion, reshaping, slices. Their results alias the operand.

What is emitted is a view for the backend: a `linalg.generic` that only yields its input (transposition, expansion),
`tensor.expand_shape`, `tensor.collapse_shape`, `tensor.extract_slice`, and `tensor.reshape` where those can't express it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.dialects import tensor
from xdsl.dialects.builtin import ArrayAttr, IntegerAttr, TensorType, i64

from tsir.errors import OperatorError
from tsir.ops.builder import INDEX, affine_map, current, identity_map, tensor_type
from tsir.ops.core.elementwise import broadcast_map
from tsir.ops.core.scalars import cmpi
from tsir.ops.sizes import CannotLower, Size, SymInt, bounds, divides, is_one, numel, same_size, size_max, size_min
from tsir.ops.tensor import SymTensor, as_size, require_int, wrap_dim, wrap_dims


def permute(x: SymTensor, dims: Sequence[int]) -> SymTensor:
    """`torch.permute`: dimension `i` of the result is `dims[i]` of `x`."""
    if len(dims) != x.rank:
        raise OperatorError(
            f"permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {x.rank} is not equal to len(dims) = {len(dims)}"
        )
    order = wrap_dims(tuple(dims), x.rank)
    if order == tuple(range(x.rank)):
        return x
    shape = tuple(x.shape[d] for d in order)
    b = current()
    if not b.emitting:
        return SymTensor(x.dtype, shape)
    position = [order.index(d) for d in range(x.rank)]
    (result,) = b.generic(
        (x.ssa,),
        (affine_map(x.rank, position),),
        (b.empty(x.dtype, shape),),
        (identity_map(x.rank),),
        "p" * x.rank,
        lambda e, v: (v[0],),
    )
    return SymTensor(x.dtype, shape, result)


def transpose(x: SymTensor, dim0: int, dim1: int) -> SymTensor:
    """Swaps two dimensions."""
    a, b = wrap_dim(dim0, x.rank), wrap_dim(dim1, x.rank)
    if a == b:
        return x
    order = list(range(x.rank))
    order[a], order[b] = order[b], order[a]
    return permute(x, order)


def movedim(x: SymTensor, source: int | Sequence[int], destination: int | Sequence[int]) -> SymTensor:
    """Moves dimensions to other places; the rest keep their order."""
    sources = wrap_dims(source, x.rank)
    targets = wrap_dims(destination, x.rank)
    if len(sources) != len(targets):
        raise OperatorError(
            f"movedim: Invalid source or destination dims: source ({list(sources)} dims) should contain the same number of dims "
            f"as destination ({list(targets)} dims)"
        )
    rest = [d for d in range(x.rank) if d not in sources]
    order = [-1] * x.rank
    for s, t in zip(sources, targets, strict=True):
        order[t] = s
    for i, d in enumerate(order):
        if d < 0:
            order[i] = rest.pop(0)
    return permute(x, order)


def expand(x: SymTensor, sizes: Sequence[Any]) -> SymTensor:
    """`torch.expand`: stretches dimensions of size 1 and adds leading ones; -1 keeps a size. A read-only view."""
    if len(sizes) < x.rank:
        raise OperatorError(
            f"expand({x}, size={list(sizes)}): the number of sizes provided ({len(sizes)}) must be greater or equal to the "
            f"number of dimensions in the tensor ({x.rank})"
        )
    offset = len(sizes) - x.rank
    shape: list[Size] = []
    for i, wanted in enumerate(map(as_size, sizes)):
        wanted = _told_size(wanted, may_keep=i >= offset)
        if i < offset:
            if isinstance(wanted, int) and wanted < 0:
                raise OperatorError(
                    f"The expanded size of the tensor ({wanted}) isn't allowed in a leading, non-existing dimension {i}"
                )
            shape.append(wanted)
            continue
        own = x.shape[i - offset]
        if (isinstance(wanted, int) and wanted == -1) or same_size(own, wanted):
            shape.append(own)
        elif own == 1:
            shape.append(wanted)
        elif _is_size(wanted) and not _differ(own, wanted):
            _check_same(own, wanted, i)
            shape.append(own)
        elif own == wanted:
            shape.append(own)
        else:
            raise OperatorError(
                f"The expanded size of the tensor ({wanted}) must match the existing size ({own}) at non-singleton "
                f"dimension {i}.  Target sizes: {list(sizes)}.  Tensor sizes: {list(x.shape)}"
            )
    return broadcast_to(x, shape)


def _told_size(size: Size, *, may_keep: bool) -> Size:
    """A size of `expand`, of which it is known that it isn't negative, unless it is a constant.

    Where -1 may keep a size (`may_keep`), a number of run time that stretches a 1 is its absolute value: -1 makes 1.
    """
    if isinstance(size, int) or _is_size(size):
        return size
    try:
        return size if size >= 0 else -1 if size == -1 else -2
    except CannotLower:
        b = current()
        if b.emitting:
            holds = cmpi(b, "sge", b.size(size), b.size(-1 if may_keep else 0))
            which = "for a dimension that the tensor has" if may_keep else "in a leading, non-existing dimension"
            b.check(holds, "RuntimeError", f"The expanded size of the tensor ({{0}}) isn't allowed {which}", (b.size(size),))
        return size_max(size, -size) if may_keep else size


def _check_same(own: Size, wanted: Any, dim: int) -> None:
    """Raises at run time unless two sizes are equal that aren't known yet."""
    b = current()
    if b.emitting:
        message = f"The expanded size of the tensor must match the existing size at non-singleton dimension {dim}"
        b.check(cmpi(b, "eq", b.size(own), b.size(wanted)), "RuntimeError", message)


def _is_size(wanted: Size) -> bool:
    """Whether a number can't be negative."""
    low, _ = bounds(wanted)
    return low is not None and low >= 0


def _differ(a: Size, b: Size) -> bool:
    """Whether two sizes can't be equal, as far as their bounds tell."""
    low, high = bounds(a - b)
    return (low is not None and low > 0) or (high is not None and high < 0)


def broadcast_to(x: SymTensor, shape: Sequence[Size]) -> SymTensor:
    """`x` as if it had this shape, which it is known to broadcast to. A read-only view."""
    shape = tuple(shape)
    if len(shape) == x.rank and all(map(same_size, shape, x.shape)):
        return x
    b = current()
    if not b.emitting:
        return SymTensor(x.dtype, shape)
    (result,) = b.generic(
        (x.ssa,),
        (broadcast_map(x.shape, shape),),
        (b.empty(x.dtype, shape),),
        (identity_map(len(shape)),),
        "p" * len(shape),
        lambda e, v: (v[0],),
    )
    return SymTensor(x.dtype, shape, result)


# Reshaping ------------------------------------------------------------------------------------------------------------


def resolve_reshape(sizes: Sequence[Any], total: Size, shown: Sequence[Size]) -> tuple[Size, ...]:
    """The sizes of a reshape of `total` elements with a -1 filled in. Raises as torch does when they don't fit."""
    wanted = [as_size(s) for s in sizes]
    unknown = [i for i, s in enumerate(wanted) if isinstance(s, int) and s < 0]
    if any(wanted[i] != -1 for i in unknown):
        raise OperatorError(f"invalid shape dimension {min(s for s in wanted if isinstance(s, int))}")
    if len(unknown) > 1:
        raise OperatorError("only one dimension can be inferred")
    if unknown:
        known = numel([s for i, s in enumerate(wanted) if i != unknown[0]])
        if isinstance(known, int) and known == 0:
            if isinstance(total, int) and total == 0:
                raise OperatorError(
                    f"cannot reshape tensor of 0 elements into shape {list(sizes)} because the unspecified dimension size -1 "
                    "can be any value and is ambiguous"
                )
            raise _bad_reshape(sizes, total)
        quotient = total // known
        if not same_size(quotient * known, total) and quotient * known != total:
            raise _bad_reshape(sizes, total)
        wanted[unknown[0]] = quotient
    else:
        found = numel(wanted)
        if not same_size(found, total) and found != total:
            raise _bad_reshape(sizes, total)
    return tuple(wanted)


def _bad_reshape(sizes: Sequence[Any], total: Size) -> OperatorError:
    return OperatorError(f"shape '{list(sizes)}' is invalid for input of size {total}")


def reshape(x: SymTensor, sizes: Sequence[Any]) -> SymTensor:
    """The same elements in row-major order in another shape; one size may be -1.

    A view where the backend can make one. Emits `expand_shape` and `collapse_shape` where they express it.
    """
    shape = resolve_reshape(sizes, x.numel(), x.shape)
    b = current()
    if not b.emitting:
        return SymTensor(x.dtype, shape)
    if len(shape) == x.rank and all(_same_static(p, q) for p, q in zip(shape, x.shape, strict=True)):
        return SymTensor(x.dtype, x.shape, x.value)
    if not shape and all(isinstance(s, int) for s in x.shape):
        return collapse(x, (), ())
    groups = _groups(x.shape, shape)
    if groups is None:
        return _dynamic_reshape(x, shape)
    sources, targets = groups
    middle = tuple(numel([x.shape[i] for i in group]) for group in sources)
    y = collapse(x, sources, middle) if len(middle) != x.rank else x
    if len(targets) != len(shape):
        return expand_groups(y, targets, shape)
    return b.cast(y, shape)


def _same_static(a: Size, b: Size) -> bool:
    return isinstance(a, int) == isinstance(b, int) and same_size(a, b)


def _groups(source: Sequence[Size], target: Sequence[Size]) -> tuple[list[list[int]], list[list[int]]] | None:
    """Splits both shapes into as many runs of equal products; None when an unequal run needs a decision."""
    sources: list[list[int]] = []
    targets: list[list[int]] = []
    i = j = 0
    while i < len(source) and j < len(target):
        left, right = [i], [j]
        a, b = source[i], target[j]
        i, j = i + 1, j + 1
        while not same_size(a, b):
            grow_left = _smaller(a, b)
            if grow_left is None:
                return None
            if grow_left:
                if i == len(source):
                    return None
                left.append(i)
                a = a * source[i]
                i += 1
            else:
                if j == len(target):
                    return None
                right.append(j)
                b = b * target[j]
                j += 1
        sources.append(left)
        targets.append(right)
    if not sources:
        if i < len(source) or j < len(target):
            return None
        return sources, targets
    for k in range(i, len(source)):
        if not is_one(source[k]):
            return None
        sources[-1].append(k)
    for k in range(j, len(target)):
        if not is_one(target[k]):
            return None
        targets[-1].append(k)
    return sources, targets


def _smaller(a: Size, b: Size) -> bool | None:
    """Whether `a` must grow to reach `b` (True), or `b` to reach `a` (False); None when that isn't known."""
    if isinstance(a, int) and isinstance(b, int):
        if a == 0 or b == 0:
            return None
        return a < b
    for one, other, answer in ((a, b, True), (b, a, False)):
        if isinstance(one, int) and one == 0:
            return None
        if is_one(one):
            return answer
        if isinstance(other, SymInt) and divides(one, other):
            return answer
    return None


def _reassociation(groups: Sequence[Sequence[int]]) -> ArrayAttr[Any]:
    return ArrayAttr(ArrayAttr(IntegerAttr(d, i64) for d in group) for group in groups)


def collapse(x: SymTensor, groups: Sequence[Sequence[int]], shape: Sequence[Size]) -> SymTensor:
    """`tensor.collapse_shape`: each group of neighbouring dimensions becomes one."""
    b = current()
    if not b.emitting:
        return SymTensor(x.dtype, tuple(shape))
    shape = tuple(
        numel([x.shape[d] for d in group]) if all(isinstance(x.shape[d], int) for d in group) else _symbolic(x, group, size)
        for group, size in zip(groups, shape, strict=True)
    )
    result = b.one(tensor.CollapseShapeOp, (x.ssa,), tensor_type(x.dtype, shape), {"reassociation": _reassociation(groups)})
    return SymTensor(x.dtype, shape, result)


def _symbolic(x: SymTensor, group: Sequence[int], size: Size) -> Size:
    """The size of a collapsed group that has a dynamic dimension: `?` in the type even when it is known meanwhile."""
    if isinstance(size, SymInt):
        return size
    product = numel([x.shape[d] for d in group])
    if isinstance(product, SymInt):
        return product
    env = next(s.env for d in group if isinstance(s := x.shape[d], SymInt))
    atom = env.atom(None, lower=0, hint=product)
    env.assume_equal(atom, product)
    return atom


def expand_groups(x: SymTensor, groups: Sequence[Sequence[int]], shape: Sequence[Size]) -> SymTensor:
    """`tensor.expand_shape`: each dimension becomes a group of neighbouring ones."""
    b = current()
    if not b.emitting:
        return SymTensor(x.dtype, tuple(shape))
    # A dimension that is static must expand to static ones, and the other way round: cast first where that isn't so.
    wanted: list[Size] = []
    for own, group in zip(x.shape, groups, strict=True):
        product = numel([shape[d] for d in group])
        static = all(isinstance(shape[d], int) for d in group)
        wanted.append(product if static else own if isinstance(own, SymInt) else _opaque(shape, group, product))
    x = b.cast(x, wanted)
    values, static_shape = b.dynamic(shape)
    result = b.one(
        tensor.ExpandShapeOp,
        (x.ssa, *values),
        tensor_type(x.dtype, shape),
        {"reassociation": _reassociation(groups), "static_output_shape": static_shape},
    )
    return SymTensor(x.dtype, tuple(shape), result)


def _opaque(shape: Sequence[Size], group: Sequence[int], product: Size) -> Size:
    """A symbolic size for a static dimension that expands to dynamic ones."""
    if isinstance(product, SymInt):
        return product
    return next(s for d in group if isinstance(s := shape[d], SymInt))


def _dynamic_reshape(x: SymTensor, shape: Sequence[Size]) -> SymTensor:
    """`tensor.reshape` by a shape that is a tensor of indices."""
    b = current()
    sizes = [b.size(s) for s in shape]
    kind = TensorType(INDEX, [len(shape)])
    if sizes:
        shape_value = b.one(tensor.FromElementsOp, sizes, kind)
    else:
        shape_value = b.one(tensor.EmptyOp, (), kind)
    result = b.one(tensor.ReshapeOp, (x.ssa, shape_value), tensor_type(x.dtype, shape))
    return SymTensor(x.dtype, tuple(shape), result)


def flatten(x: SymTensor, start: int = 0, end: int = -1) -> SymTensor:
    """`torch.flatten`: merges the dimensions from start to end; a 0-d tensor gets one dimension."""
    if x.rank == 0:
        return reshape(x, (1,))
    first, last = wrap_dim(start, x.rank), wrap_dim(end, x.rank)
    if first > last:
        raise OperatorError("flatten() has invalid args: start_dim cannot come after end_dim")
    return reshape(x, (*x.shape[:first], numel(x.shape[first : last + 1]), *x.shape[last + 1 :]))


def unsqueeze(x: SymTensor, dim: int) -> SymTensor:
    """Inserts a dimension of size 1."""
    dim = wrap_dim(dim, x.rank + 1)
    return reshape(x, (*x.shape[:dim], 1, *x.shape[dim:]))


def squeeze(x: SymTensor, dims: Sequence[int] | None = None) -> SymTensor:
    """Leaves out those of `dims` (all) that have size 1; the others stay."""
    chosen = range(x.rank) if dims is None else wrap_dims(tuple(dims), x.rank) if x.rank else ()
    kept = [s for i, s in enumerate(x.shape) if i not in chosen or s != 1]
    return x if len(kept) == x.rank else reshape(x, kept)


def diagonal(x: SymTensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> SymTensor:
    """`torch.diagonal`: a view whose last dimension runs along the diagonal."""
    a, b = wrap_dim(dim1, x.rank), wrap_dim(dim2, x.rank)
    if a == b:
        raise OperatorError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    offset = require_int(offset, "offset")
    from tsir.ops.core.slices import slice as slice_

    rows, columns = x.shape[a], x.shape[b]
    length = size_max(size_min(rows, columns - offset) if offset >= 0 else size_min(rows + offset, columns), 0)
    if offset:
        x = slice_(x, b, offset, None, 1) if offset > 0 else slice_(x, a, -offset, None, 1)
    rest = [d for d in range(x.rank) if d not in (a, b)]
    shape = (*(x.shape[d] for d in rest), length)
    builder = current()
    if not builder.emitting:
        return SymTensor(x.dtype, shape)
    place = {d: i for i, d in enumerate(rest)} | {a: len(rest), b: len(rest)}
    # The iteration space is given by the result: both dimensions may be longer than their diagonal.
    x = slice_(slice_(x, a, 0, length, 1), b, 0, length, 1)
    (result,) = builder.generic(
        (x.ssa,),
        (affine_map(len(shape), [place[d] for d in range(x.rank)]),),
        (builder.empty(x.dtype, shape),),
        (identity_map(len(shape)),),
        "p" * len(shape),
        lambda e, v: (v[0],),
    )
    return SymTensor(x.dtype, shape, result)
