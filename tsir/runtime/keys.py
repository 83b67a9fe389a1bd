"""What a specialisation is for: the types of one call's arguments as a hashable key, exact or with dynamic dimensions.

A key is a nested tuple of plain values. A tensor is `("t", dtype name, shape)`; in a generalised key a dimension that varies
is None. Dimensions of 0 and 1 always stay exact, because broadcasting depends on them. Tensors that aren't contiguous also have
in which order their dimensions lie in memory. A list of tensors is `("list", key, ...)`, a dict `(("dict", keys), key, ...)`.
Everything else is its kind.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tsir.dialects import dtypes
from tsir.ops.layouts import DYNAMIC_SIZE, strides_of
from tsir.runtime.type_text import TypeText

if TYPE_CHECKING:
    from xdsl.ir import Attribute

    from tsir.passes.spread import Form

Key = tuple[Any, ...]


MAX_PARTS = 64
"""How many elements a list or dict may have whose elements a specialisation is for."""


def key_of(value: Any, expected: TypeText, *, whole: bool = False) -> Key:
    """The exact key of a converted argument of the declared type; `whole` leaves out what is in lists and dicts."""
    if isinstance(value, np.ndarray):
        if value.flags.c_contiguous or value.ndim < 2:
            return ("t", value.dtype.name, value.shape)
        return ("t", value.dtype.name, value.shape, *_order(value))
    if value is None:
        return ("none",)
    kind = expected.kind
    if kind == "optional":
        return ("some", key_of(value, expected.arguments[0], whole=whole))
    if kind in ("tuple", "named_tuple") and isinstance(value, tuple):
        return (kind, *(key_of(v, t, whole=whole) for v, t in zip(value, expected.arguments, strict=True)))
    if whole or kind not in ("list", "dict") or not _has_tensors(expected) or not 0 < len(value) <= MAX_PARTS:
        return ("v",)
    if kind == "list" and type(value) is list:
        return ("list", *(key_of(v, expected.arguments[0]) for v in value))
    if type(value) is dict and not expected.symbol and expected.arguments[0].kind in ("str", "i64"):
        return (("dict", tuple(value)), *(key_of(v, expected.arguments[1]) for v in value.values()))
    return ("v",)


@lru_cache(maxsize=1024)
def _has_tensors(kind: TypeText) -> bool:
    """Whether values of a type hold tensors, by its declaration."""
    return kind.kind == "tensor" or (
        kind.kind in ("list", "dict", "tuple", "named_tuple", "optional") and any(map(_has_tensors, kind.arguments))
    )


def is_container(key: Key) -> bool:
    """Whether a key has what is in a list or dict, also in one in a tuple."""
    if key[0] in ("t", "v", "none"):
        return False
    return key[0] not in ("some", "tuple", "named_tuple") or any(map(is_container, key[1:]))


def key_of_whole(key: Key) -> Key:
    """The key without what is in lists and dicts."""
    if key[0] in ("t", "v", "none"):
        return key
    if key[0] not in ("some", "tuple", "named_tuple"):
        return ("v",)
    return (key[0], *map(key_of_whole, key[1:]))


def _order(value: np.ndarray[Any, Any]) -> tuple[tuple[int, ...], ...]:
    """What of an array's strides a specialisation is for: for each dimension its place in memory, and which have gaps before them.

    Steps of 0 are places of -1. Nothing where the strides are none that a tensor has.
    """
    strides = strides_of(value)
    if strides is None:
        return ()
    inner = sorted((d for d, s in enumerate(strides) if s), key=lambda d: (strides[d], value.shape[d]))
    expected, gaps = 1, list[int]()
    for d in inner:
        if strides[d] != expected and value.shape[d] != 1:
            gaps.append(d)
            expected = strides[d]
        expected *= value.shape[d]
    return (tuple(inner.index(d) if s else -1 for d, s in enumerate(strides)), tuple(gaps))


def strides_in(key: Key) -> tuple[int, ...] | None:
    """Strides of the kind that a tensor's key has, for its sizes; None for a contiguous tensor and for what is none."""
    while key[0] == "some":
        key = key[1]
    if key[0] != "t" or len(key) < 5:
        return None
    sizes = [DYNAMIC_SIZE if d is None else d for d in key[2]]
    places, gaps = key[3:]
    strides = [0] * len(sizes)
    step = 1
    for d in sorted((d for d, p in enumerate(places) if p >= 0), key=lambda d: places[d]):
        step *= 2 if d in gaps else 1
        strides[d] = step
        step *= sizes[d]
    return tuple(strides)


def sizes_in(key: Key) -> tuple[int, ...] | None:
    """The shape of a tensor with this exact key; None for what is none."""
    while key[0] == "some":
        key = key[1]
    return key[2] if key[0] == "t" else None


def generalise(key: Key, dynamic: frozenset[tuple[int, ...]], path: tuple[int, ...] = ()) -> Key:
    """The key with the dimensions at the given positions (path of the tensor, then dimension) made dynamic, 0 and 1 kept."""
    if key[0] == "t":
        dims = tuple(None if (*path, i) in dynamic and d >= 2 else d for i, d in enumerate(key[2]))
        return ("t", key[1], dims, *key[3:])
    if key[0] in ("v", "none"):
        return key
    return (key[0], *(generalise(k, dynamic, (*path, i)) for i, k in enumerate(key[1:])))


def rank_key(key: Key) -> Key:
    """The key with ranks instead of shapes: calls that agree in it may share a dynamic specialisation."""
    if key[0] == "t":
        return ("t", key[1], len(key[2]), *key[3:])
    if key[0] in ("v", "none"):
        return key
    return (key[0], *(rank_key(k) for k in key[1:]))


def differing_dims(a: Key, b: Key, path: tuple[int, ...] = ()) -> frozenset[tuple[int, ...]]:
    """The positions of the dimensions that differ between two keys of equal `rank_key`."""
    if a[0] == "t":
        return frozenset((*path, i) for i, (x, y) in enumerate(zip(a[2], b[2], strict=True)) if x != y)
    if a[0] in ("v", "none"):
        return frozenset()
    found: frozenset[tuple[int, ...]] = frozenset()
    for i, (x, y) in enumerate(zip(a[1:], b[1:], strict=True)):
        found |= differing_dims(x, y, (*path, i))
    return found


def show(key: Key) -> str:
    """The key as a person reads it: `float32[2, ?]`."""
    kind = key[0]
    if kind == "t":
        return f"{key[1]}[{', '.join('?' if d is None else str(d) for d in key[2])}]"
    if kind == "v":
        return "value"
    if kind == "none":
        return "None"
    if kind == "some":
        return show(key[1])
    if kind == "list":
        return f"[{', '.join(map(show, key[1:]))}]"
    if isinstance(kind, tuple):
        return f"{{{', '.join(f'{k!r}: {show(v)}' for k, v in zip(kind[1], key[1:], strict=True))}}}"
    return f"({', '.join(map(show, key[1:]))})"


def form_of(key: Key, declared: Attribute, call: Key | None) -> Form:
    """What the compiler knows of an argument with this key; `call` is the exact key of the call that it compiles for."""
    from tsir.dialects.ts.types import DictType, ListType, NamedTupleType, OptionalType, TupleType
    from tsir.passes.spread import Container, Leaf

    kind = key[0]
    if not is_container(key):
        return Leaf(refined_type(key, declared), strides_in(key), None if call is None else sizes_in(call))
    if kind == "some":
        inner = declared.element if isinstance(declared, OptionalType) else declared
        return form_of(key[1], inner, None if call is None else call[1])
    match declared:
        case ListType():
            types: list[Attribute] = [declared.element] * (len(key) - 1)
        case DictType():
            types = [declared.value] * (len(key) - 1)
        case TupleType() | NamedTupleType():
            types = list(declared.elements.data)
        case _:
            return Leaf(declared)
    calls = [None] * len(types) if call is None else call[1:]
    parts = tuple(form_of(k, t, c) for k, t, c in zip(key[1:], types, calls, strict=True))
    return Container(declared, parts, kind[1] if isinstance(kind, tuple) else None)


def refined_type(key: Key, declared: Attribute) -> Attribute:
    """The IR type of an argument with this key: the declared type with what the key knows of tensors and None."""
    from tsir.dialects.ts.types import NONE, AnyType, NamedTupleType, OptionalType, TensorType, TupleType, UnionType

    kind = key[0]
    if kind == "t":
        if isinstance(declared, OptionalType):
            declared = declared.element
        if isinstance(declared, TensorType | AnyType | UnionType):
            return TensorType(dtypes.from_numpy(key[1]), key[2])
        return declared
    if kind == "none":
        return NONE
    if kind == "some" and isinstance(declared, OptionalType):
        return refined_type(key[1], declared.element)
    if kind == "tuple" and isinstance(declared, TupleType):
        return TupleType([refined_type(k, t) for k, t in zip(key[1:], declared.elements.data, strict=True)])
    if kind == "named_tuple" and isinstance(declared, NamedTupleType):
        elements = [refined_type(k, t) for k, t in zip(key[1:], declared.elements.data, strict=True)]
        return NamedTupleType(declared.class_name.data, [f.data for f in declared.fields.data], elements)
    return declared
