"""What a misspelled name in IR text may have been meant to be: operations, types, attributes and dialects of a context."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tsir.errors import did_you_mean

if TYPE_CHECKING:
    from xdsl.context import Context

BUILTIN_TYPES = (
    "tensor", "memref", "vector", "complex", "tuple", "index", "none", "i1", "i8", "i16", "i32", "i64", "ui8", "si32", "f16", "bf16",
    "f32", "f64",
)  # fmt: skip


def operation_hint(context: Context, name: str) -> str | None:
    """A hint for an operation that isn't known."""
    dialect, dot, _ = name.partition(".")
    if not dot:
        same = [known for known in (op.name for op in context.loaded_ops) if known.partition(".")[2] == name]
        return f"did you mean `{same[0]}`?" if same else "operations are named dialect.operation, as `arith.addi`"
    if (hint := _dialect_hint(context, dialect)) is not None:
        return hint
    return did_you_mean(name, _operations(context, dialect))


def attribute_hint(context: Context, name: str, *, is_type: bool) -> str | None:
    """A hint for a type or attribute that isn't known; `name` is `dialect.name`."""
    dialect = name.partition(".")[0]
    if (hint := _dialect_hint(context, dialect)) is not None:
        return hint
    known = context.loaded_types if is_type else context.loaded_attrs
    return did_you_mean(name, [attribute.name for attribute in known if attribute.name.startswith(f"{dialect}.")])


def is_known_dialect(context: Context, dialect: str) -> bool:
    """Whether a dialect is registered."""
    return dialect in set(context.registered_dialect_names)


def _dialect_hint(context: Context, dialect: str) -> str | None:
    names = list(context.registered_dialect_names)
    if dialect in names:
        return None
    return did_you_mean(dialect, names) or (
        f"dialect `{dialect}` isn't registered; ts-opt --allow-unregistered-dialect takes it in generic form"
    )


def _operations(context: Context, dialect: str) -> Iterable[str]:
    known = [op.name for op in context.loaded_ops if op.name.startswith(f"{dialect}.")]
    if dialect == "ts":
        known += getattr(context, "family_names", list)()
    return known


def builtin_type_hint(name: str) -> str | None:
    """A hint for a word where a type has to be."""
    if re.fullmatch(r"[a-z]{1,3}\d+", name):
        return "number types are written i64, ui8, index, f16, bf16, f32, f64"
    return did_you_mean(name, BUILTIN_TYPES) if name else None
