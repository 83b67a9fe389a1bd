"""Indexing and assigning to tensors, `x[...]` and `x[...] = value`, as ATen operators; for both frontends.

torch applies what gives a view first (ints, slices, None, Ellipsis), in order, and then indexes the view with all tensors at
once. So does this module: `select`, `slice`, `unsqueeze`, then one `index` or `index_put_`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import EllipsisType
from typing import Any, TypeAlias

from xdsl.builder import Builder
from xdsl.dialects.builtin import LocationAttr
from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.ir import SSAValue

from tsir.dialects import dtypes
from tsir.dialects.locations import source_locations
from tsir.dialects.schema import SchemaRegistry
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.dialects.ts.type_names import show_type
from tsir.errors import FrontendError
from tsir.frontend.constants import emit_constant, emit_list, insert
from tsir.frontend.overloads import emit_one
from tsir.frontend.schema_types import type_of


@dataclass(frozen=True)
class TensorIndex:
    """An index tensor, and how many dimensions it takes: a mask takes as many as it has, others one.

    A mask without dimensions stands for a new dimension, whose one position it keeps or drops.
    None: that isn't known yet, and computed where something behind the tensor depends on it.
    """

    value: SSAValue
    consumes: int | None = 1


@dataclass(frozen=True)
class _Count:
    """A number of dimensions: a known part, and index tensors that take an unknown number each."""

    known: int = 0
    unknown: tuple[SSAValue, ...] = ()

    def __add__(self, other: _Count) -> _Count:
        return _Count(self.known + other.known, self.unknown + other.unknown)


Index: TypeAlias = int | bool | EllipsisType | slice | SSAValue | TensorIndex | Sequence[Any] | None
"""One item between the brackets. The parts of a slice are ints, None or SSA values of type `i64`; a sequence holds ints, bools
or SSA values of these types, possibly nested, and is an index tensor written as a list."""

_MASKS = (dtypes.bool_, dtypes.uint8)
_OPTIONAL_TENSOR = ts.optional_of(ts.TensorType())


@dataclass
class _Indexed:
    """The view that the ints, slices and Nones give, and the tensors left to index it with, by position."""

    view: SSAValue
    tensors: list[SSAValue | None]
    gap: int | None = None
    """Position in `tensors` where the Ellipsis stands, when the number of its dimensions isn't known; then the tensors from
    there on are counted from the end of the view."""
    dimensions: _Count = _Count()
    """How many dimensions of the view `tensors` stands for, without those in the gap."""

    @property
    def has_tensors(self) -> bool:
        return any(t is not None for t in self.tensors)


class _Indexer:
    def __init__(self, builder: Builder, registry: SchemaRegistry, location: LocationAttr) -> None:
        self.builder = builder
        self.registry = registry
        self.location = location

    def emit(self, name: str, *args: Any, **kwargs: Any) -> SSAValue:
        return emit_one(self.builder, self.registry, name, args, kwargs, self.location)

    def fail(self, message: str, hint: str | None = None) -> FrontendError:
        return FrontendError(message, location=next(iter(source_locations(self.location)), None), hint=hint, code="TS307")

    def _check_slice(self, item: slice) -> None:
        for what, value in (("start", item.start), ("stop", item.stop), ("step", item.step)):
            kind = ts.NONE if value is None else type_of(value)
            if kind is not None and (isinstance(kind, ts.StrType | ts.ListType) or kind == ts.FLOAT):
                raise self.fail(f"'{what}' of a slice expects int, found {show_type(kind)}")

    def apply_views(self, tensor: SSAValue, items: Sequence[Index], rank: int | None) -> _Indexed:
        """Applies what gives a view. `rank` is the tensor's, where it is known."""
        items = [self._normal(item) for item in items]
        ellipses = [i for i, item in enumerate(items) if item is Ellipsis]
        if len(ellipses) > 1:
            raise self.fail("an index can only have a single ellipsis ('...')")
        taken = [_consumes(item) for item in items]
        if rank is not None and sum(t.known for t in taken) > rank:
            raise self.fail(f"too many indices for tensor of dimension {rank}")
        result = _Indexed(tensor, [])
        at = _Count()
        for i, item in enumerate(items):
            after = sum(taken[i + 1 :], _Count())
            if item is Ellipsis:
                # From here on dimensions are counted from the end, unless the number of those skipped is known.
                if rank is None:
                    result.gap = len(result.tensors)
                else:
                    skipped = rank - sum(t.known for t in taken)
                    result.tensors += [None] * skipped
                    at += _Count(skipped)
            elif item is None:
                result.view = self.emit("unsqueeze", result.view, self.position(result, at, after))
                result.tensors.append(None)
                at += _Count(1)
            elif isinstance(item, bool):
                result.view = self.emit("unsqueeze", result.view, self.position(result, at, after))
                # The positions where the new dimension's mask holds are known: all of it, or none.
                result.tensors.append(self.emit("full", [int(item)], 0, dtype=dtypes.int64))
                at += _Count(1)
            elif isinstance(item, TensorIndex) and item.consumes == 0:
                result.view = self.emit("unsqueeze", result.view, self.position(result, at, after))
                result.tensors.append(self.emit("unsqueeze", item.value, 0))
                at += _Count(1)
            elif isinstance(item, TensorIndex):
                result.tensors.append(item.value)
                at += taken[i]
            elif isinstance(item, slice):
                if (item.start, item.stop, item.step) != (None, None, None):
                    step = 1 if item.step is None else item.step
                    place = self.position(result, at, after)
                    self._check_slice(item)
                    result.view = self.emit("slice", result.view, place, item.start, item.stop, step)
                result.tensors.append(None)
                at += _Count(1)
            else:
                result.view = self.emit("select", result.view, self.position(result, at, after), item)
        masks = [t for item, t in zip(items, taken, strict=True) if isinstance(item, TensorIndex) and item.consumes != 0]
        result.dimensions = sum(masks, _Count(len(result.tensors) - len(masks)))
        return result

    def position(self, indexed: _Indexed, at: _Count, after: _Count) -> int | SSAValue:
        """The dimension that an item stands for: counted from the start, from the end behind a gap."""
        if indexed.gap is None:
            return self.number(at)
        count = self.number(after)
        if isinstance(count, int):
            return -count - 1
        return self._py("sub", [self.constant(-1), count], ts.INT)

    def number(self, count: _Count) -> int | SSAValue:
        """A count as a constant, or as an `i64`: a tensor takes `dim()` dimensions if it is a mask, else one."""
        if not count.unknown:
            return count.known
        total = self.constant(count.known)
        for tensor in count.unknown:
            masks = emit_list(self.builder, [self.constant(d) for d in _MASKS], ts.DTypeType(), self.location)
            is_mask = self._py("contains", [masks, self.emit("dtype", tensor)], ts.BOOL)
            more = self._py("sub", [self.emit("dim", tensor), self.constant(1)], ts.INT)
            more = self._py("mul", [self._py("int", [is_mask], ts.INT), more], ts.INT)
            total = self._py("add", [total, self._py("add", [more, self.constant(1)], ts.INT)], ts.INT)
        return total

    def constant(self, value: Any) -> SSAValue:
        return emit_constant(self.builder, value, self.location)

    def _normal(self, item: Index) -> int | bool | EllipsisType | slice | SSAValue | TensorIndex | None:
        if isinstance(item, SSAValue):
            kind = item.type
            if kind == ts.INT:
                return item
            if isinstance(kind, ts.TensorType | BuiltinTensorType):
                return TensorIndex(item)
            if isinstance(kind, ts.ListType):
                # An empty list of ints is an index without elements; its tensor would be one of floats.
                return TensorIndex(self.emit("tensor", item, dtype=dtypes.int64 if kind.element == ts.INT else None), None)
            if kind == ts.NONE:
                return None
            raise self.fail(
                f"a tensor can't be indexed with a value of type {show_type(kind)}",
                hint="indices are ints, slices, None, ..., tensors and lists of ints or bools",
            )
        if isinstance(item, str) or (
            item is not None and not isinstance(item, bool | int | EllipsisType | slice | TensorIndex | Sequence)
        ):
            raise self.fail(f"a tensor can't be indexed with {item!r}")
        if isinstance(item, Sequence):
            made = self.emit("tensor", item, dtype=None if item else dtypes.int64)
            return TensorIndex(made, None if any(isinstance(i, Sequence) for i in item) else 1)
        return item

    def tensor_list(self, indexed: _Indexed) -> SSAValue:
        """The argument `Tensor?[] indices` of `index`."""
        tensors = list(indexed.tensors)
        if indexed.gap is None or all(t is None for t in tensors[indexed.gap :]):
            tensors = tensors if indexed.gap is None else tensors[: indexed.gap]
            while tensors and tensors[-1] is None:
                tensors.pop()
            return self._list(tensors)
        # [*before, *[None] * (dim(view) - dimensions), *after]
        before = self._list(tensors[: indexed.gap])
        after = self._list(tensors[indexed.gap :])
        skipped = self.emit("dim", indexed.view)
        taken = self.number(indexed.dimensions)
        known = self.constant(taken) if isinstance(taken, int) else taken
        skipped = self._py("sub", [skipped, known], ts.INT)
        gap = self._py("mul", [self._list([None]), skipped], before.type)
        return self._py("add", [self._py("add", [before, gap], before.type), after], before.type)

    def _list(self, tensors: Sequence[SSAValue | None]) -> SSAValue:
        values = [emit_constant(self.builder, None, self.location) if t is None else t for t in tensors]
        return emit_list(self.builder, values, _OPTIONAL_TENSOR, self.location)

    def _py(self, function: str, operands: Sequence[SSAValue], result: Any) -> SSAValue:
        return insert(self.builder, py_op(function)(operands, [result]), self.location).results[0]


def _consumes(item: Index) -> _Count:
    """How many dimensions of the tensor an item takes."""
    if item is None or item is Ellipsis or isinstance(item, bool):
        return _Count()
    if isinstance(item, TensorIndex):
        return _Count(0, (item.value,)) if item.consumes is None else _Count(item.consumes)
    return _Count(1)


def emit_getitem(
    builder: Builder,
    registry: SchemaRegistry,
    tensor: SSAValue,
    items: Sequence[Index],
    location: LocationAttr,
    rank: int | None = None,
) -> SSAValue:
    """`tensor[items]`: a view as long as no item is a tensor, else a new tensor.

    `rank` is the tensor's where it is known; without it an Ellipsis before an index tensor costs list operations at run time.
    Raises FrontendError for what a tensor can't be indexed with.
    """
    indexer = _Indexer(builder, registry, location)
    indexed = indexer.apply_views(tensor, items, rank)
    if not indexed.has_tensors:
        return indexed.view
    return indexer.emit("index", indexed.view, indexer.tensor_list(indexed))


def emit_setitem(
    builder: Builder,
    registry: SchemaRegistry,
    tensor: SSAValue,
    items: Sequence[Index],
    value: Any,
    location: LocationAttr,
    rank: int | None = None,
) -> None:
    """`tensor[items] = value`, where the value is a tensor or a number, constant or not. Raises what `emit_getitem` raises."""
    indexer = _Indexer(builder, registry, location)
    indexed = indexer.apply_views(tensor, items, rank)
    is_tensor = isinstance(value, SSAValue) and isinstance(value.type, ts.TensorType | BuiltinTensorType)
    kind = type_of(value)
    if kind is not None and (isinstance(kind, ts.StrType | ts.DictType) or kind == ts.NONE):
        raise indexer.fail(
            f"a value of type {show_type(kind)} can't be assigned to items of a tensor", "assign a tensor or a number"
        )
    if not indexed.has_tensors:
        # An assignment expands its value, which `copy_` itself doesn't: `non_blocking`, without meaning here, tells them apart.
        if is_tensor:
            indexer.emit("copy_", indexed.view, value, True)
        else:
            indexer.emit("fill_", indexed.view, value)
        return
    source = value if is_tensor else indexer.emit("new_full", indexed.view, [], value)
    indexer.emit("index_put_", indexed.view, indexer.tensor_list(indexed), source)
