"""Operator schemas in ATen's notation: parsing, printing, and the registry that maps `name.overload` to a schema.

`add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor` is what `native_functions.yaml` of PyTorch writes. The
registry is filled by whoever owns the operators (`tsir.ops`); this module knows no operator, and nothing of xDSL.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tsir.errors import TsirError

DefaultValue = None | bool | int | float | str | tuple["DefaultValue", ...]


class SchemaError(TsirError):
    """A schema string that isn't in ATen's notation."""


@dataclass(frozen=True)
class SchemaType:
    """The type of an argument or a return: a base name, `[]` or `[n]`, `?`, and the alias annotation.

    `base` is one of Tensor, Scalar, int, SymInt, float, bool, complex, str, ScalarType, Device, Layout, MemoryFormat,
    Generator, Dimname, Any.
    """

    base: str
    is_list: bool = False
    list_size: int | None = None
    optional: bool = False
    element_optional: bool = False
    """`Tensor?[]`: the elements may be None."""
    alias: str | None = None
    """The alias set's letter, as in `Tensor(a!)`."""
    is_write: bool = False

    def __str__(self) -> str:
        alias = f"({self.alias}{'!' if self.is_write else ''})" if self.alias else ""
        suffix = f"[{'' if self.list_size is None else self.list_size}]" if self.is_list else ""
        inner = self.base + ("?" if self.element_optional else "") + suffix if self.is_list else self.base + alias
        return inner + (alias if self.is_list else "") + ("?" if self.optional else "")


@dataclass(frozen=True)
class Argument:
    """One argument of a schema. `has_default` tells a default of None from no default."""

    name: str
    type: SchemaType
    kwarg_only: bool = False
    has_default: bool = False
    default: DefaultValue = None

    def __str__(self) -> str:
        return f"{self.type} {self.name}" + (f"={_show_default(self.default)}" if self.has_default else "")


@dataclass(frozen=True)
class Schema:
    """A parsed operator schema. `key` is `name` or `name.overload`."""

    name: str
    overload: str
    arguments: tuple[Argument, ...]
    returns: tuple[SchemaType, ...]

    @property
    def key(self) -> str:
        """`name.overload`, or the name alone for the default overload."""
        return f"{self.name}.{self.overload}" if self.overload else self.name

    @property
    def mutates(self) -> bool:
        """Whether an argument is written, as `Tensor(a!)` says."""
        return any(a.type.is_write for a in self.arguments)

    @property
    def returns_alias(self) -> bool:
        """Whether a result may be a view of an argument, or that argument itself."""
        return any(r.alias for r in self.returns)

    def __str__(self) -> str:
        shown: list[str] = []
        for i, argument in enumerate(self.arguments):
            if argument.kwarg_only and (i == 0 or not self.arguments[i - 1].kwarg_only):
                shown.append("*")
            shown.append(str(argument))
        results = ", ".join(map(str, self.returns))
        return f"{self.key}({', '.join(shown)}) -> {results if len(self.returns) == 1 else f'({results})'}"


_NAME = re.compile(r"\s*([A-Za-z_]\w*)(?:\.(\w+))?\s*\(")
_TYPE = re.compile(
    r"\s*(?P<base>[A-Za-z_]\w*)"
    r"(?:\((?P<alias>[a-z])(?P<write>!)?(?:\s*->\s*\*)?\))?"
    r"(?P<opt1>\?)?"
    r"(?P<list>\[(?P<size>\d*)\])?"
    r"(?:\((?P<alias2>[a-z])(?P<write2>!)?(?:\s*->\s*\*)?\))?"
    r"(?P<opt2>\?)?\s*"
)


def parse_schema(text: str) -> Schema:
    """Parses a schema string. Raises SchemaError, naming the part that can't be read."""
    head = _NAME.match(text)
    if not head:
        raise SchemaError(f"no operator name at the start of schema {text!r}")
    depth, end = 1, head.end()
    for i, character in _outside_strings(text, end):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if not depth:
            end = i + 1
            break
    arrow = re.match(r"\s*->\s*", text[end:])
    if depth or not arrow:
        raise SchemaError(f"schema {text!r} needs '(arguments) -> results'")
    arguments: list[Argument] = []
    kwarg_only = False
    for part in _split(text[head.end() : end - 1]):
        if part == "*":
            kwarg_only = True
        else:
            arguments.append(replace(_parse_argument(part, text), kwarg_only=kwarg_only))
    results = text[end + arrow.end() :].strip()
    if results.startswith("(") and results.endswith(")"):
        results = results[1:-1]
    returns = tuple(_parse_type(part, text)[0] for part in _split(results))
    return Schema(head[1], head[2] or "", tuple(arguments), returns)


_STRING = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")


def _outside_strings(text: str, start: int = 0) -> Iterator[tuple[int, str]]:
    """The characters that don't belong to a string literal, with their positions."""
    while start < len(text):
        string = _STRING.match(text, start) if text[start] in "'\"" else None
        if string:
            start = string.end()
        else:
            yield start, text[start]
            start += 1


def _split(text: str) -> Iterator[str]:
    depth, start = 0, 0
    for i, character in _outside_strings(text):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(character, 0)
        if character == "," and not depth:
            yield text[start:i].strip()
            start = i + 1
    if text[start:].strip():
        yield text[start:].strip()


def _parse_type(text: str, schema: str) -> tuple[SchemaType, str]:
    m = _TYPE.match(text)
    if not m:
        raise SchemaError(f"no type in {text!r} of schema {schema!r}")
    is_list = m["list"] is not None
    return (
        SchemaType(
            base=m["base"],
            is_list=is_list,
            list_size=int(m["size"]) if m["size"] else None,
            optional=bool(m["opt2"]) or (bool(m["opt1"]) and not is_list),
            element_optional=bool(m["opt1"]) and is_list,
            alias=m["alias"] or m["alias2"],
            is_write=bool(m["write"] or m["write2"]),
        ),
        text[m.end() :],
    )


def _parse_argument(text: str, schema: str) -> Argument:
    kind, rest = _parse_type(text, schema)
    name, equals, default = rest.partition("=")
    if not name.strip().isidentifier():
        raise SchemaError(f"no argument name in {text!r} of schema {schema!r}")
    return Argument(name.strip(), kind, has_default=bool(equals), default=_parse_default(default, kind) if equals else None)


_NAMED_DEFAULTS: dict[str, DefaultValue] = {
    "None": None, "True": True, "False": False, "Mean": 1, "Sum": 2, "contiguous_format": "contiguous_format",
    "preserve_format": "preserve_format", "long": "int64", "strided": "strided",
}  # fmt: skip


def _parse_default(text: str, kind: SchemaType) -> DefaultValue:
    text = text.strip()
    if text in _NAMED_DEFAULTS:
        return _NAMED_DEFAULTS[text]
    if text.startswith("["):
        return tuple(_parse_default(part, replace(kind, is_list=False)) for part in _split(text[1:-1]))
    if text[:1] in "\"'":
        try:
            return ast.literal_eval(text)
        except (SyntaxError, ValueError):
            raise SchemaError(f"default {text} can't be read") from None
    number = float(text) if re.search(r"[.e]|inf|nan", text) or kind.base == "float" else int(text)
    return (number,) * (kind.list_size or 1) if kind.is_list else number


def _show_default(value: DefaultValue) -> str:
    return f"[{', '.join(map(_show_default, value))}]" if isinstance(value, tuple) else repr(value)


class SchemaRegistry:
    """Maps `name.overload` to its schema; asks `loader` once for the whole table when first used.

    The loader is handed in by the layer that owns the operators, so that this layer needs no import of it.
    """

    def __init__(self, loader: Callable[[], dict[str, Schema]]) -> None:
        self._loader = loader
        self._table: dict[str, Schema] | None = None
        self._by_name: dict[str, list[Schema]] = {}

    def _load(self) -> dict[str, Schema]:
        if self._table is None:
            self._table = self._loader()
            for schema in self._table.values():
                self._by_name.setdefault(schema.name, []).append(schema)
        return self._table

    def get(self, key: str) -> Schema | None:
        """The schema of `name.overload`, or None."""
        return self._load().get(key)

    def overloads(self, name: str) -> list[Schema]:
        """All overloads of an operator name, in order of declaration; empty for an unknown one."""
        self._load()
        return self._by_name.get(name, [])

    def keys(self) -> list[str]:
        """All `name.overload`, in order of declaration."""
        return list(self._load())
