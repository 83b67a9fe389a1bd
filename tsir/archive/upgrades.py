"""How files of earlier versions become files of this one: a table of numbered steps, each a small rewrite of data.

Three things have versions, each of its own: the format (the manifest's layout), the dialect (operations of IR that are no operators),
and each operator. A step says what changed, in words, and rewrites what the version before wrote; steps are never changed later.
Golden archives of each version are in tests/archive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tsir.archive.format import STORAGE_PREFIX
from tsir.dialects.schema import Schema, parse_schema
from tsir.errors import ArchiveError

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp
    from xdsl.ir import Operation, SSAValue

Json = Any
Manifest = dict[str, Any]


@dataclass(frozen=True)
class FormatUpgrade:
    """Makes a manifest of version `version` one of the next version."""

    version: int
    what: str
    rewrite: Callable[[Manifest], Manifest]


def _containers_in_a_table(manifest: Manifest) -> Manifest:
    """Version 2 had `number` where a shared container was met first, and `same` where it came again."""
    table: dict[int, Json] = {}
    numbers: dict[Any, int] = {}

    def rewritten(value: Json, depth: int = 0) -> Json:
        if depth > 1000:
            raise ArchiveError("manifest: values nest deeper than 1000")
        if isinstance(value, list):
            return [rewritten(v, depth + 1) for v in value]
        if not isinstance(value, dict):
            return value
        made = {k: rewritten(v, depth + 1) for k, v in value.items()}
        if made.get("kind") == "same":
            return {"kind": "shared", "number": numbers.setdefault(made.get("number"), len(numbers))}
        if "number" in made and made.get("kind") in ("list", "dict", "set", "deque", "Counter", "OrderedDict"):
            number = numbers.setdefault(made.pop("number"), len(numbers))
            table[number] = made
            return {"kind": "shared", "number": number}
        return made

    changed = {name: rewritten(manifest.get(name)) for name in ("root", "objects", "entry_points")}
    return {**manifest, **changed, "containers": [table.get(i) for i in range(len(numbers))]}


def _tensors_by_name(manifest: Manifest) -> Manifest:
    """Version 2 found tensors in the file of weights by their number, and storages by that of the storage."""
    tensors = [
        {**t, "storage": f"{STORAGE_PREFIX}{t['storage']}"} if "storage" in t else {**t, "name": str(i)}
        for i, t in enumerate(manifest["tensors"])
    ]
    return {**manifest, "tensors": tensors}


FORMAT_UPGRADES: tuple[FormatUpgrade, ...] = (
    FormatUpgrade(1, "tensors may share storages, lists, dicts and sets may come twice", dict),
    FormatUpgrade(2, "shared lists, dicts and sets are in a table", _containers_in_a_table),
    FormatUpgrade(2, "tensors have names and lie aligned in the file of weights", _tensors_by_name),
)


@dataclass(frozen=True)
class Constant:
    """An operand that an upgrade adds: None, a bool, an int, a float or a text."""

    value: bool | int | float | str | None


@dataclass(frozen=True)
class OperationUpgrade:
    """Makes operations of one name, as archives with version `version` of it have them, operations of the next version.

    `name` is what the operation is called now, None for the same. `operands` are the operands of the new operation: numbers are those
    of the old one, a `Constant` is a new one; None for the same. `schema` is that of an ATen operator that is gone, to read it by.
    """

    operation: str
    version: int
    what: str
    name: str | None = None
    operands: tuple[int | Constant, ...] | None = None
    arity: int | None = None
    """How many operands the old form has, None: any number. Others aren't rewritten."""
    schema: str | None = None


OPERATION_UPGRADES: tuple[OperationUpgrade, ...] = (
    OperationUpgrade("ts.aten._python_number", 1, "`into` came last", arity=1, operands=(0, Constant(None))),
)
"""One row for each change; `VERSIONS` in `ops/versions.py` has the versions that come of them."""


@dataclass(frozen=True)
class DialectUpgrade:
    """Rewrites a module with the operations of dialect version `version` into one of the next version."""

    version: int
    what: str
    rewrite: Callable[[ModuleOp], None]


DIALECT_UPGRADES: tuple[DialectUpgrade, ...] = ()


def old_schema(key: str) -> Schema | None:
    """The schema of an ATen operator that is gone, so that its operations can be read and upgraded."""
    for step in OPERATION_UPGRADES:
        if step.schema is not None and step.operation == f"ts.aten.{key}":
            return parse_schema(step.schema)
    return None


def upgrade_module(
    module: ModuleOp, dialect: int, operations: Mapping[str, int], find: Callable[[str], type[Operation] | None]
) -> None:
    """Rewrites a module that was read and not yet verified, in place.

    `dialect` and `operations` are the versions that the file has, 1 for what isn't there; `find` gives the class of an operation.
    """
    for step in DIALECT_UPGRADES:
        if step.version >= dialect:
            step.rewrite(module)
    if not OPERATION_UPGRADES:
        return
    for op in list(module.walk()):
        for step in OPERATION_UPGRADES:
            if (
                op.name == step.operation
                and operations.get(step.operation, 1) <= step.version
                and step.arity in (None, len(op.operands))
            ):
                op = _rewritten(op, step, find)


def _rewritten(op: Operation, step: OperationUpgrade, find: Callable[[str], type[Operation] | None]) -> Operation:
    from xdsl.rewriter import InsertPoint, Rewriter

    name = step.name or step.operation
    made_class = find(name)
    if made_class is None:
        raise ArchiveError(f"{step.operation} can't be upgraded: there is no {name}")
    operands: list[SSAValue] = []
    added: list[Operation] = []
    for part in range(len(op.operands)) if step.operands is None else step.operands:
        if isinstance(part, Constant):
            added.append(_constant(part.value, op))
            operands.append(added[-1].results[0])
        elif part < len(op.operands):
            operands.append(op.operands[part])
        else:
            raise ArchiveError(f"{step.operation} can't be upgraded: it has no operand {part}")
    made = made_class.create(
        operands=operands,
        result_types=op.result_types,
        properties=op.properties,
        attributes=op.attributes,
        location=op.location,
    )
    Rewriter.insert_op(added, InsertPoint.before(op))
    Rewriter.replace_op(op, made, safe_erase=False)
    return made


def _constant(value: bool | int | float | str | None, at: Operation) -> Operation:
    from xdsl.dialects.arith import ConstantOp
    from xdsl.dialects.builtin import BoolAttr, FloatAttr, IntegerAttr, StringAttr, f64, i64

    from tsir.dialects.ts import types
    from tsir.dialects.ts.attributes import NoneValueAttr
    from tsir.dialects.ts.structure import ConstantOp as TsConstantOp

    made: Operation
    if value is None:
        made = TsConstantOp(NoneValueAttr(), types.NONE)
    elif isinstance(value, str):
        made = TsConstantOp(StringAttr(value), types.StrType())
    elif isinstance(value, bool):
        made = ConstantOp(BoolAttr.from_bool(value))
    else:
        made = ConstantOp(IntegerAttr(value, i64) if isinstance(value, int) else FloatAttr(value, f64))
    made.location = at.location
    return made


def upgraded(manifest: Manifest, version: int) -> Manifest:
    """The manifest as `FORMAT_VERSION` has it. Raises ArchiveError for one that its version doesn't allow."""
    try:
        for step in FORMAT_UPGRADES:
            if step.version >= version:
                manifest = step.rewrite(manifest)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArchiveError(f"the manifest is damaged: it can't be upgraded from version {version}: {error!r}") from None
    return manifest


def steps_for(versions: tuple[int, int, Mapping[str, int]]) -> list[str]:
    """What reading a file of these versions (format, dialect, operations) rewrites, in words."""
    version, dialect, operations = versions
    found = [f"format {s.version} -> {s.version + 1}: {s.what}" for s in FORMAT_UPGRADES if s.version >= version]
    found += [f"dialect {s.version} -> {s.version + 1}: {s.what}" for s in DIALECT_UPGRADES if s.version >= dialect]
    return found + [
        f"{s.operation} {s.version} -> {s.version + 1}: {s.what}"
        for s in OPERATION_UPGRADES
        if s.operation in operations and operations[s.operation] <= s.version
    ]
