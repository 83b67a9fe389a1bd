"""What is said where no overload of an operator takes a call: the candidates, and what is wrong with the nearest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from xdsl.dialects.builtin import LocationAttr

from tsir.dialects.locations import source_locations
from tsir.dialects.schema import Schema, SchemaRegistry
from tsir.errors import FrontendError, SourceLocation, UnsupportedError, did_you_mean
from tsir.frontend.argument_matching import (
    ALIASES,
    Conversion,
    Refused,
    convert_argument,
    gather_varargs,
    match_arguments,
)
from tsir.frontend.schema_types import (
    Value,
    show_schema,
    show_value,
)


class OverloadError(FrontendError, TypeError):
    """No overload takes a call's arguments: torch raises TypeError for it.

    `reason` says what is wrong with the overload that is nearest, and `argument` which argument that is: its position or its
    keyword. `given` are the types of the arguments.
    """

    code = "TS305"
    name: str = ""
    reason: str = ""
    argument: int | str | None = None
    given: tuple[str, ...] = ()


class MissingOperatorError(UnsupportedError):
    """An operator of torch's, of this `name`, that tsir has no definition of."""

    def __init__(self, name: str, message: str, **details: Any) -> None:
        super().__init__(message, **details)
        self.name = name


def place_of(location: LocationAttr) -> SourceLocation | None:
    """Where the call stands, if that is known."""
    return next(iter(source_locations(location)), None)


INSTEAD = {
    "numpy": "compiled code has no NumPy arrays: return the tensor, and call numpy() on the result",
    "backward": "compiled code computes no gradients: return the loss, and call backward() outside",
    "register_hook": "hooks of tensors belong to eager code: register them outside",
    "share_memory_": "do it outside and pass the tensor",
}
"""What to do instead of calling an operator that compiled code can't have."""


_SHOWN_OVERLOADS = 4


def refuse_call(
    registry: SchemaRegistry,
    name: str,
    schemas: Sequence[Schema],
    args: Sequence[Value],
    kwargs: Mapping[str, Value],
    location: LocationAttr,
) -> NoReturn:
    """Raises OverloadError that lists the candidates, the one that fits best first."""
    shown = name.partition(".")[0]
    if "out" not in kwargs:
        schemas = [s for s in schemas if not any(a.type.is_write and a.kwarg_only for a in s.arguments)] or schemas
    refused: list[tuple[int, Refused, Schema]] = []
    for schema in schemas:
        try:
            match_arguments(registry, schema, args, kwargs, Conversion.TENSOR)
        except Refused as problem:
            refused.append((_misfits(registry, schema, args, kwargs), problem, schema))
    refused.sort(key=lambda r: r[0])
    given = [show_value(a) for a in args] + [f"{k}={show_value(v)}" for k, v in kwargs.items()]
    nearest = refused[0][1]
    if len(refused) == 1:
        message = f"{shown}() doesn't take ({', '.join(given)}): {nearest}"
        listed = [f"it is declared as {show_schema(refused[0][2])}"]
    else:
        message = f"no overload of {shown}() takes ({', '.join(given)}): {nearest}"
        listed = [f"{show_schema(s)}: {problem}" for _, problem, s in refused[:_SHOWN_OVERLOADS]]
        if len(refused) > _SHOWN_OVERLOADS:
            listed.append(f"and {len(refused) - _SHOWN_OVERLOADS} more overloads")
    error = OverloadError(message, location=place_of(location), notes=tuple((text, None) for text in listed))
    error.name, error.reason, error.argument, error.given = shown, str(nearest), nearest.argument, tuple(given)
    if nearest.missing_keyword is not None:
        known = {a.name for _, _, s in refused for a in s.arguments}
        error.hint = did_you_mean(nearest.missing_keyword, known)
    elif nearest.hint is not None:
        error.hint = nearest.hint
    raise error


def _misfits(registry: SchemaRegistry, schema: Schema, args: Sequence[Value], kwargs: Mapping[str, Value]) -> int:
    """How many arguments of a call don't fit an overload, those that are missing and those too many included."""
    positional = [a for a in schema.arguments if not a.kwarg_only]
    args = gather_varargs(registry, positional, args, Conversion.TENSOR)
    given: dict[str, Value] = {a.name: v for a, v in zip(positional, args, strict=False)}
    count = 2 * max(0, len(args) - len(positional))
    names = {a.name: a for a in schema.arguments}
    for key, value in kwargs.items():
        name = key if key in names else ALIASES.get(key, key)
        count += 2 * (name not in names or name in given)
        given.setdefault(name, value)
    for a in schema.arguments:
        if a.name not in given:
            count += not a.has_default
            continue
        try:
            convert_argument(registry, given[a.name], a.type, Conversion.TENSOR)
        except Refused:
            count += 1
    return count
