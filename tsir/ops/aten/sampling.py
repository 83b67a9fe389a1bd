"""Sampling images and volumes at points of a grid: linear, nearest and cubic interpolation, three kinds of borders."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category
from tsir.errors import OperatorError, OperatorNotImplementedError
from tsir.ops.aten.indexing import gather
from tsir.ops.aten.precision import in_float32, require_float
from tsir.ops.core.contraction import contract
from tsir.ops.core.creation import full, iota
from tsir.ops.core.elementwise import binary, clamp, convert, unary, where
from tsir.ops.core.slices import concat, slice
from tsir.ops.core.views import broadcast_to, reshape, unsqueeze
from tsir.ops.registry import aten
from tsir.ops.sizes import Size, numel
from tsir.ops.tensor import SymTensor, as_size, dtype_label, require_bool, require_int

LINEAR, NEAREST, CUBIC = 0, 1, 2
ZEROS, BORDER, REFLECTION = 0, 1, 2


class _Grid:
    """Where the points lie in each spatial dimension, and the reading of the source there."""

    def __init__(self, x: SymTensor, grid: SymTensor, padding: int, align: bool) -> None:
        self.x, self.padding, self.align = x, padding, align
        self.sizes = x.shape[2:]
        self.points = grid.shape[1:-1]
        self.flat = reshape(x, (*x.shape[:2], numel(self.sizes)))
        spatial = len(self.sizes)
        # The last dimension of the grid has the columns first.
        self.places = [self._place(reshape(slice(grid, grid.rank - 1, spatial - 1 - i, spatial - i, 1), grid.shape[:-1]), size)
                       for i, size in enumerate(self.sizes)]  # fmt: skip

    def _place(self, part: SymTensor, size: Size) -> SymTensor:
        return binary("mul", part + 1, size - 1) / 2 if self.align else (binary("mul", part + 1, size) - 1) / 2

    def bordered(self, place: SymTensor, size: Size) -> SymTensor:
        """A position with what is outside moved to the border, or reflected at it."""
        if self.padding == ZEROS:
            return place
        last = full((), size - 1, place.dtype)
        if self.padding == REFLECTION:
            low = 0.0 if self.align else -0.5
            span: Any = full((), size - 1 if self.align else size, place.dtype)
            distance = unary("abs", place - low)
            safe = where(binary("eq", span, 0), 1.0, span)
            rest, flips = binary("fmod", distance, safe), unary("floor", binary("div", distance, safe))
            even = binary("eq", binary("fmod", flips, 2.0), 0.0)
            reflected = where(even, rest + low, binary("sub", span, rest) + low)
            place = where(binary("eq", span, 0), 0.0, reflected)
        return binary("minimum", clamp(place, 0, None), last)

    def value(self, indices: Sequence[SymTensor]) -> SymTensor:
        """The source at integer positions: [batch, channels, points...]; 0 outside."""
        inside: SymTensor | None = None
        for index, size in zip(indices, self.sizes, strict=True):
            within = binary("logical_and", binary("ge", index, 0), binary("lt", index, size))
            inside = within if inside is None else binary("logical_and", inside, within)
        assert inside is not None
        flat: SymTensor | None = None
        for index, size in zip(indices, self.sizes, strict=True):
            safe = where(inside, index, 0)
            flat = safe if flat is None else binary("add", binary("mul", flat, size), safe)
        assert flat is not None
        batch, channels = self.x.shape[:2]
        count = numel(self.points)
        wide = broadcast_to(reshape(flat, (batch, 1, count)), (batch, channels, count))
        found = reshape(gather(self.flat, 2, wide), (batch, channels, *self.points))
        return where(unsqueeze(inside, 1), found, 0.0)


def _whole(place: SymTensor) -> SymTensor:
    return convert(place, dtypes.int64)


def _linear(grid: _Grid) -> SymTensor:
    places = [grid.bordered(p, s) for p, s in zip(grid.places, grid.sizes, strict=True)]
    starts = [unary("floor", p) for p in places]
    far = [unsqueeze(binary("sub", p, s), 1) for p, s in zip(places, starts, strict=True)]
    total: SymTensor | None = None
    for corner in itertools.product((0, 1), repeat=len(places)):
        weight: SymTensor | None = None
        for distance, at_end in zip(far, corner, strict=True):
            factor = distance if at_end else 1 - distance
            weight = factor if weight is None else weight * factor
        assert weight is not None
        part = binary("mul", grid.value([_whole(s) + c for s, c in zip(starts, corner, strict=True)]), weight)
        total = part if total is None else binary("add", total, part)
    assert total is not None
    return total


def cubic_weights(t: SymTensor, a: float = -0.75) -> tuple[SymTensor, SymTensor, SymTensor, SymTensor]:
    """The weights of the four neighbours of a point at a distance `t` behind the second of them, by Keys."""

    def near(d: SymTensor) -> SymTensor:
        return (d * (a + 2) - (a + 3)) * d * d + 1

    def far(d: SymTensor) -> SymTensor:
        return ((d * a - 5 * a) * d + 8 * a) * d - 4 * a

    return far(t + 1), near(t), near(1 - t), far(2 - t)


def _cubic(grid: _Grid) -> SymTensor:
    starts = [unary("floor", p) for p in grid.places]
    weights = [cubic_weights(unsqueeze(binary("sub", p, s), 1)) for p, s in zip(grid.places, starts, strict=True)]
    total: SymTensor | None = None
    for taps in itertools.product(range(4), repeat=2):
        at = [_whole(grid.bordered(s + (tap - 1), size)) for s, tap, size in zip(starts, taps, grid.sizes, strict=True)]
        part = grid.value(at) * weights[0][taps[0]] * weights[1][taps[1]]
        total = part if total is None else binary("add", total, part)
    assert total is not None
    return total


@in_float32
def sample(x: SymTensor, grid: SymTensor, interpolation: int, padding: int, align: bool) -> SymTensor:
    """The source's values at the grid's points, which lie in [-1, 1]."""
    found = _Grid(x, grid, padding, align)
    if interpolation == LINEAR:
        return _linear(found)
    if interpolation == CUBIC:
        return _cubic(found)
    places = [found.bordered(p, s) for p, s in zip(found.places, found.sizes, strict=True)]
    return found.value([_whole(unary("round", p)) for p in places])


def _checked(x: SymTensor, grid: SymTensor, interpolation: Any, padding: Any, align: Any, spatial: int) -> SymTensor:
    if x.rank != spatial + 2 or grid.rank != spatial + 2:
        raise OperatorError(f"grid_sampler(): expected {spatial + 2}D input and grid with same number of dimensions, but got input "
                            f"with sizes {list(x.shape)} and grid with sizes {list(grid.shape)}")  # fmt: skip
    if x.dtype is not grid.dtype:
        raise OperatorError(f"grid_sampler(): expected input and grid to have same dtype, but input has {dtype_label(x.dtype)} and "
                            f"grid has {dtype_label(grid.dtype)}")  # fmt: skip
    if x.dtype.category is not Category.FLOAT:
        raise OperatorNotImplementedError(f'"grid_sampler_{spatial}d_cpu" not implemented for {dtype_label(x.dtype)!r}')
    if x.shape[0] != grid.shape[0]:
        raise OperatorError(f"grid_sampler(): expected grid and input to have same batch size, but got input with sizes "
                            f"{list(x.shape)} and grid with sizes {list(grid.shape)}")  # fmt: skip
    if grid.shape[-1] != spatial:
        raise OperatorError(f"grid_sampler(): expected grid to have size {spatial} in last dimension, but got grid with sizes "
                            f"{list(grid.shape)}")  # fmt: skip
    for i, size in enumerate(x.shape[2:]):
        if isinstance(size, int) and size <= 0:
            raise OperatorError(f"grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes "
                                f"{list(x.shape)} with dimension {i + 2} being empty")  # fmt: skip
    mode = require_int(interpolation, "interpolation_mode")
    if mode == CUBIC and spatial == 3:
        raise OperatorError("grid_sampler(): bicubic interpolation only supports 4D input")
    return sample(x, grid, mode, require_int(padding, "padding_mode"), require_bool(align, "align_corners"))


@aten(
    "grid_sampler(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners) -> Tensor",
    out=False,
)
def grid_sampler(x: SymTensor, grid: SymTensor, interpolation: int, padding: int, align: bool) -> SymTensor:
    """Values of images (4-D) or volumes (5-D) at the grid's points."""
    if x.rank not in (4, 5):
        raise OperatorError(f"grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but got input with "
                            f"sizes {list(x.shape)} and grid with sizes {list(grid.shape)}")  # fmt: skip
    return _checked(x, grid, interpolation, padding, align, x.rank - 2)


for _n in (2, 3):
    aten(
        f"grid_sampler_{_n}d(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners) -> Tensor",
        out=False,
    )(lambda x, grid, interpolation, padding, align, n=_n: _checked(x, grid, interpolation, padding, align, n))


@aten("affine_grid_generator(Tensor theta, SymInt[] size, bool align_corners) -> Tensor")
@in_float32
def affine_grid_generator(theta: SymTensor, size: Sequence[Any], align: Any) -> SymTensor:
    """The points at which an affine map of each sample reads an image or volume of this size: what `grid_sample` takes."""
    require_float(theta, "affine_grid_generator")
    batch, _, *space = (as_size(s) for s in size)
    rank = len(space)
    if rank not in (2, 3) or theta.rank != 3:
        raise OperatorError("AffineGridGenerator needs 4d (spatial) or 5d (volumetric) input.")
    if theta.shape[0] != batch or theta.shape[1] != rank or theta.shape[2] != rank + 1:
        raise OperatorError(
            f"Expected a batch of {rank}D affine matrices of shape Nx{rank}x{rank + 1}, got {list(theta.shape)}."
        )
    inside = not require_bool(align, "align_corners")
    places = [_from_minus_one(n, theta.dtype, inside) for n in space]
    wide = [broadcast_to(reshape(p, (*[1] * d, space[d], *[1] * (rank - d))), (*space, 1)) for d, p in enumerate(places)]
    points = concat([*reversed(wide), full((*space, 1), 1.0, theta.dtype)], rank)
    letters = "xyz"[:rank]
    return contract(f"{letters}k,njk->n{letters}j", points, theta)


def _from_minus_one(count: Size, dtype: dtypes.DType, inside: bool) -> SymTensor:
    """Equal steps from -1 to 1, or between the middles of as many equal parts of that; 0 alone."""
    if isinstance(count, int) and count <= 1:
        return full((count,), 0.0, dtype)
    steps = binary("mul", convert(iota(count, dtypes.int64), dtype), 2.0)
    if inside:
        return binary("sub", binary("div", binary("add", steps, 1.0), count), 1.0)
    return binary("sub", binary("div", steps, binary("sub", count, 1)), 1.0)
