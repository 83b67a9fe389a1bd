"""The user's containers of tensors as IR: what goes into a traced function, and what comes out.

A container is one value of a structured type (`!ts.tuple`, `!ts.list`, `!ts.dict`, `!ts.named_tuple`); its leaves, tensors and
traced numbers, are taken out of it and put into it by operations. How many elements there are is fixed by the trace.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import torch
from xdsl.builder import Builder
from xdsl.dialects.builtin import LocationAttr
from xdsl.ir import Attribute, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.dialects.ts.structure import CastOp, DictOp, TupleGetOp, TupleOp, UnpackOp
from tsir.frontend.constants import emit_constant, emit_list, insert, is_constant, type_of_constant
from tsir.frontend.torch_names import is_torch_constant, torch_constant
from tsir.frontend.trace.numbers import TracedFloat, TracedInt


class NotTraceable(Exception):
    """A value that no traced function can take or give; the text says which."""


def is_named_tuple(value: object) -> bool:
    """Whether a value is an instance of a NamedTuple class."""
    return isinstance(value, tuple) and hasattr(value, "_fields")


def containers_in(value: Any) -> Iterator[Any]:
    """The lists and dicts in a value, which programs change."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, list | dict):
            yield item
        if isinstance(item, list | tuple):
            pending.extend(item)
        elif isinstance(item, dict):
            pending.extend(item.values())


def leaves(value: Any) -> Iterator[Any]:
    """The tensors and traced numbers in a value, in order."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, torch.Tensor | TracedInt | TracedFloat):
            yield item
        elif isinstance(item, list | tuple):
            pending.extend(reversed(item))
        elif isinstance(item, dict):
            pending.extend(reversed(list(item.values())))


def has_leaves(value: Any) -> bool:
    """Whether there is a tensor or traced number in a value."""
    return next(leaves(value), None) is not None


def type_of_input(value: Any, depth: int = 0) -> Attribute:
    """The IR type of a value that is passed to a traced function. Raises NotTraceable."""
    if depth > 50:
        raise NotTraceable("containers nested more than 50 deep")
    match value:
        case torch.Tensor():
            return ts.TensorType()
        case bool() | str():
            raise NotTraceable(f"a {type(value).__name__}")
        case int():
            return ts.INT
        case float():
            return ts.FLOAT
        case None:
            return ts.NONE
        case tuple() if is_named_tuple(value):
            elements = [type_of_input(v, depth + 1) for v in value]
            return ts.NamedTupleType(type(value).__name__, list(type(value)._fields), elements)  # type: ignore[attr-defined]
        case tuple():
            return ts.TupleType([type_of_input(v, depth + 1) for v in value])
        case list():
            return ts.ListType(_common([type_of_input(v, depth + 1) for v in value], "list"))
        case dict():
            keys = {type_of_constant(k) if is_constant(k) else None for k in value}
            if keys - {ts.StrType(), ts.INT} or len(keys) > 1:
                raise NotTraceable("a dict whose keys aren't all strings or all ints")
            key = next(iter(keys), None) or ts.StrType()
            return ts.DictType(key, _common([type_of_input(v, depth + 1) for v in value.values()], "dict"))
        case _:
            raise NotTraceable(f"a {type(value).__name__}")


def _common(kinds: Sequence[Attribute], container: str) -> Attribute:
    distinct = list(dict.fromkeys(kinds))
    if len(distinct) > 1:
        raise NotTraceable(f"a {container} whose elements aren't all of one type")
    return distinct[0] if distinct else ts.TensorType()


def _single(kind: Attribute) -> None:
    if isinstance(kind, ts.UnionType | ts.OptionalType | ts.AnyType):
        raise NotTraceable("a container of several types")


class Containers:
    """Takes containers apart and puts them together at a builder's insertion point."""

    def __init__(self, builder: Builder, location: LocationAttr) -> None:
        self.builder = builder
        self.location = location

    def take_apart(self, value: Any, ssa: SSAValue, bind: Callable[[Any, SSAValue], Any], kept: Collection[int] = ()) -> Any:
        """Gives `bind(leaf, its SSA value)` for each leaf, and the container made of the results, but for those whose `id` is in
        `kept`, which stay as they are.

        The nesting was bounded by `type_of_input`. What may be None is what it is on the path that is traced.
        """
        if isinstance(ssa.type, ts.OptionalType):
            if value is None:
                return None
            ssa = insert(self.builder, CastOp(ssa, ssa.type.element), self.location).result
        if id(value) in kept:
            return value
        if isinstance(value, torch.Tensor) or (isinstance(value, int | float) and not isinstance(value, bool)):
            return bind(value, ssa)
        if isinstance(value, tuple):
            assert isinstance(ssa.type, ts.TupleType | ts.NamedTupleType)
            kinds = ssa.type.elements.data
            items = [
                self.take_apart(v, insert(self.builder, TupleGetOp(ssa, i, kinds[i]), self.location).result, bind, kept)
                for i, v in enumerate(value)
            ]
            if isinstance(value, torch.Size):
                return torch.Size(items)
            return type(value)(*items) if is_named_tuple(value) else tuple(items)
        if isinstance(value, list):
            if not value:
                return []
            assert isinstance(ssa.type, ts.ListType)
            _single(ssa.type.element)
            unpacked = insert(self.builder, UnpackOp(ssa, [ssa.type.element] * len(value)), self.location)
            return [self.take_apart(v, r, bind, kept) for v, r in zip(value, unpacked.elements, strict=True)]
        if isinstance(value, dict):
            assert isinstance(ssa.type, ts.DictType)
            items = {k: self.take_apart(v, self._item(ssa, k), bind, kept) for k, v in value.items()}
            if type(value) is dict:
                return items
            for key, item in items.items():
                value[key] = item
            return value
        return value

    def _item(self, ssa: SSAValue, key: Any) -> SSAValue:
        assert isinstance(ssa.type, ts.DictType)
        _single(ssa.type.value)
        key_value = emit_constant(self.builder, key, self.location)
        return insert(self.builder, py_op("getitem")([ssa, key_value], [ssa.type.value]), self.location).results[0]

    def put_together(self, value: Any, leaf: Callable[[Any], SSAValue], depth: int = 0) -> SSAValue:
        """The value in IR; `leaf` gives the SSA value of a tensor or traced number. Raises NotTraceable.

        A list of several types is a list of their union, which `take_apart` doesn't take.
        """
        if depth > 50:
            raise NotTraceable("containers nested more than 50 deep")
        if isinstance(value, torch.Tensor | TracedInt | TracedFloat):
            return leaf(value)
        if is_torch_constant(value):
            value = torch_constant(value)
        if is_constant(value):
            return emit_constant(self.builder, value, self.location)
        if isinstance(value, list | tuple):
            items = [self.put_together(v, leaf, depth + 1) for v in value]
            kinds = [i.type for i in items]
            if isinstance(value, list):
                return emit_list(self.builder, items, ts.union_of(kinds) if kinds else ts.TensorType(), self.location)
            kind = ts.TupleType(kinds)
            if is_named_tuple(value):
                kind = ts.NamedTupleType(type(value).__name__, list(type(value)._fields), kinds)  # type: ignore[attr-defined]
            return insert(self.builder, TupleOp(items, kind), self.location).result
        if isinstance(value, dict):
            keys = [self.put_together(k, leaf, depth + 1) for k in value]
            items = [self.put_together(v, leaf, depth + 1) for v in value.values()]
            kind = ts.DictType(
                ts.union_of([k.type for k in keys]) if keys else ts.StrType(),
                ts.union_of([i.type for i in items]) if items else ts.TensorType(),
            )
            pairs = [v for pair in zip(keys, items, strict=True) for v in pair]
            return insert(self.builder, DictOp(pairs, kind), self.location).result
        raise NotTraceable(f"a {type(value).__name__}")
