"""What users write for `dynamic_shapes=` and `dynamic_axes=`, and what it means for the key of a call.

The forms are torch.export's (`{"x": {0: Dim("batch")}}`, sequences by position or dimension, `Dim.AUTO`), torch.onnx's
(`{"x": {0: "batch"}}`, `{"x": [0, 2]}`) and torch.compile's True and False. The data is `dialects/shape_policy.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from tsir.dialects.program import EntryPoint
from tsir.dialects.shape_policy import DynamicDim, ShapePolicy
from tsir.errors import OperatorIndexError, OperatorValueError, TsirError, did_you_mean
from tsir.runtime.keys import Key
from tsir.runtime.type_text import TypeText, parse_type_text

Path = tuple[int, ...]
_FORMS = 'give True, False, or for each parameter its dimensions, as in {"x": {0: "batch"}}'


def read_policy(given: Any, entry: EntryPoint) -> ShapePolicy | None:
    """The policy for an entry point, None for the automatic one.

    `given` is None, True (every size of 2 or more varies), False (none does), a mapping by the names of parameters, or a sequence by
    their positions. What it doesn't name doesn't vary. Raises TsirError for names that the entry point doesn't have, and other forms.
    """
    if given is None:
        return None
    if isinstance(given, bool):
        return ShapePolicy("dynamic" if given else "static")
    names = [p.name for p in entry.parameters]
    if isinstance(given, Mapping):
        by_name: dict[Any, Any] = dict(given)  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(given, Sequence) and not isinstance(given, str):
        items: list[Any] = list(given)  # pyright: ignore[reportUnknownArgumentType]
        if len(items) > len(names):
            raise TsirError(
                f"shapes of {len(items)} arguments are given, but {entry.name}() takes {len(names)}", hint=_FORMS
            )
        by_name = dict(zip(names, items, strict=False))
    else:
        raise TsirError(f"{given!r} doesn't say which sizes of {entry.name}() vary", hint=_FORMS)
    kinds = {p.name: parse_type_text(p.type) for p in entry.parameters}
    free = entry.others is not None and (entry.others.keywords or entry.others.varargs)
    found: list[tuple[str, tuple[DynamicDim, ...] | None]] = []
    for name, spec in by_name.items():
        if name not in kinds and not (free and isinstance(name, str)):
            known = f"its parameters are {', '.join(names)}" if names else "it has no parameters"
            hint = did_you_mean(name, names) if isinstance(name, str) else None
            raise TsirError(f"{entry.name}() has no parameter {name!r} whose sizes could vary", hint=hint or known)
        found.extend(_leaves(spec, str(name), kinds.get(name)))
    return ShapePolicy("named", tuple(found))


def _leaves(spec: Any, name: str, kind: TypeText | None) -> Iterator[tuple[str, tuple[DynamicDim, ...] | None]]:
    """The tensors that the spec of one value names, with their dimensions."""
    while kind is not None and kind.kind == "optional":
        kind = kind.arguments[0]
    if spec is None or spec is False or _hint(spec) == "STATIC":
        return
    if spec is True or _hint(spec) == "DYNAMIC":
        yield name, None
        return
    if isinstance(spec, Mapping):
        given: dict[Any, Any] = dict(spec)  # pyright: ignore[reportUnknownArgumentType]
        if all(_is_int(axis) for axis in given):
            yield name, tuple(d for axis, size in given.items() for d in _dim(int(axis), size, name))
            return
        fields = kind.fields if kind is not None and kind.kind == "named_tuple" else ()
        for key, inner in given.items():
            index = fields.index(key) if key in fields else None
            yield from _leaves(inner, f"{name}_{key if index is None else index}", None)
        return
    if not isinstance(spec, Sequence) or isinstance(spec, str):
        raise TsirError(f"{spec!r} doesn't say which dimensions of '{name}' vary", hint=_FORMS)
    items: list[Any] = list(spec)  # pyright: ignore[reportUnknownArgumentType]
    is_container = kind is not None and kind.kind in ("tuple", "named_tuple", "list", "tuple_of")
    if is_container or any(isinstance(i, Mapping | list | tuple) for i in items):
        inner_kinds = kind.arguments if kind is not None and kind.kind in ("tuple", "named_tuple") else ()
        for i, inner in enumerate(items):
            yield from _leaves(inner, f"{name}_{i}", inner_kinds[i] if i < len(inner_kinds) else None)
    elif all(_is_int(i) for i in items):
        yield name, tuple(DynamicDim(int(axis)) for axis in items)
    else:
        yield name, tuple(d for axis, size in enumerate(items) for d in _dim(axis, size, name))


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _hint(spec: Any) -> str | None:
    """AUTO, DYNAMIC or STATIC for torch.export's hints."""
    return str(spec.type.name) if type(spec).__name__ == "_DimHint" else None


def _dim(axis: int, size: Any, name: str) -> Iterator[DynamicDim]:
    """The dimension for what a user says of its size: a name, torch.export's Dim or hint, True; none for one that is fixed."""
    hint = _hint(size)
    if size is None or size is False or _is_int(size) or hint == "STATIC":
        return
    if size is True or isinstance(size, str):
        yield DynamicDim(axis, size if isinstance(size, str) else "")
        return
    if hint is not None:
        yield DynamicDim(axis, minimum=size.min or 0, maximum=_bound(size.max), automatic=hint == "AUTO")
        return
    root, function = getattr(size, "root", size), getattr(size, "fn", None)
    if not hasattr(root, "__name__") or not hasattr(root, "min"):
        raise TsirError(
            f"{size!r} says nothing of the size of dimension {axis} of '{name}'", hint='give a name, such as "batch"'
        )
    offset = 0 if function is None else int(function(0))
    factor = 1 if function is None else int(function(1)) - offset
    if factor < 1:
        raise TsirError(f"{size!r} is no size of dimension {axis} of '{name}'", hint="multiply by a positive number")
    yield DynamicDim(axis, root.__name__, int(root.min), _bound(root.max), factor, offset)


def _bound(value: Any) -> int | None:
    """A largest size; None for torch.export's infinity."""
    return int(value) if _is_int(value) else None


class AppliedPolicy:
    """A policy applied to the calls of one entry point."""

    def __init__(self, policy: ShapePolicy, names: Sequence[str]) -> None:
        self.policy = policy
        self._names = names
        self._dims = dict(policy.tensors)

    @cached_property
    def constrains(self) -> bool:
        """Whether it says more of a size than that it varies."""
        dims = [d for given in self._dims.values() if given is not None for d in given]
        names = [d.name for d in dims if d.name]
        return len(names) != len({*names}) or any(
            d.minimum > 0 or d.maximum is not None or d.factor != 1 or d.offset for d in dims
        )

    def dynamic(self, key: tuple[Key, ...], observed: frozenset[Path]) -> frozenset[Path]:
        """The positions that are dynamic for a call with this key; `observed` are those that varied so far.

        Raises OperatorIndexError for a dimension that a tensor doesn't have, OperatorValueError for a size that isn't as declared.
        """
        if self.policy.mode == "static":
            return frozenset()
        tensors = [t for i, (name, k) in enumerate(zip(self._names, key, strict=True)) for t in _tensors(k, name, (i,))]
        if self.policy.mode == "dynamic":
            return frozenset((*path, axis) for _, path, shape in tensors for axis in range(len(shape)))
        found: set[Path] = set()
        sizes: dict[str, tuple[int, str]] = {}
        for name, path, shape in tensors:
            dims = self._dims.get(name, ())
            for dim in [DynamicDim(i) for i in range(len(shape))] if dims is None else dims:
                axis = dim.axis + len(shape) if dim.axis < 0 else dim.axis
                if not 0 <= axis < len(shape):
                    raise OperatorIndexError(
                        f"dimension {dim.axis} of '{name}' is declared to vary, but it has {len(shape)} dimensions"
                    )
                _check(dim, shape[axis], f"{name}.shape[{axis}]", sizes)
                position = (*path, axis)
                if not dim.automatic or position in observed:
                    found.add(position)
        return frozenset(found)


def _tensors(key: Key, name: str, path: Path) -> Iterator[tuple[str, Path, tuple[int, ...]]]:
    """The tensors in an argument's key, with what they are called."""
    if key[0] == "t":
        yield name, path, key[2]
    elif key[0] not in ("v", "none"):
        steps = key[0][1] if isinstance(key[0], tuple) else range(len(key) - 1)
        for i, (step, inner) in enumerate(zip(steps, key[1:], strict=True)):
            yield from _tensors(inner, name if key[0] == "some" else f"{name}_{step}", (*path, i))


def _check(dim: DynamicDim, size: int, place: str, sizes: dict[str, tuple[int, str]]) -> None:
    """Raises OperatorValueError for a size that isn't as declared; `sizes` are those of the names so far."""
    what = f"'{dim.name}'" if dim.name else "it"
    if dim.factor != 1 or dim.offset:
        whole, rest = divmod(size - dim.offset, dim.factor)
        if rest:
            formula = f"{dim.factor} * {dim.name} + {dim.offset}" if dim.offset else f"{dim.factor} * {dim.name}"
            raise OperatorValueError(f"{place} is {size}, but declared as {formula}")
    else:
        whole = size
    if whole < dim.minimum or (dim.maximum is not None and whole > dim.maximum):
        most = "" if dim.maximum is None else f" and at most {dim.maximum}"
        raise OperatorValueError(f"{place} is {size}, but {what} is declared as at least {dim.minimum}{most}")
    if dim.name:
        known = sizes.setdefault(dim.name, (whole, f"{place} = {size}"))
        if known[0] != whole:
            raise OperatorValueError(f"{place} is {size}, but {what} is {known[0]} by {known[1]}")
