"""Reads an archive, trusting nothing in it: every part is checked before it is used, and nothing of it is executed."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tsir.archive import operations
from tsir.archive.entry_points import read_entry_point
from tsir.archive.format import (
    EXTRA_PREFIX,
    FORMAT,
    FORMAT_VERSION,
    MANIFEST,
    MODULE,
    VERIFIED_BYTES,
    WEIGHTS,
)
from tsir.archive.opening import Source, name_of, opened
from tsir.archive.storages import place_of, view
from tsir.archive.upgrades import upgrade_module, upgraded
from tsir.archive.values import ValueReader
from tsir.archive.weights_file import WeightsFile, read_json
from tsir.archive.zip_reading import Member, members_of
from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.program import EntryPoint, Program
from tsir.dialects.values import EnumMember, Instance
from tsir.errors import ArchiveError, IRError
from tsir.limits import Limits, configured_limits
from tsir.ops.host_tensors import numpy_dtype
from tsir.ops.versions import DIALECT_VERSION
from tsir.source_files import one_line
from tsir.source_lines import keep
from tsir.version import __version__

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp
    from xdsl.ir import Operation

Array = np.ndarray[Any, Any]
Find = Callable[[str], "type[Operation] | None"]


class Parse(Protocol):
    """Turns IR text into a module; `upgrade(module, find)` is called between reading and verifying."""

    def __call__(
        self, text: str, name: str, *, limits: Limits | None, upgrade: Callable[[ModuleOp, Find], None] | None
    ) -> ModuleOp: ...


@dataclass(frozen=True)
class Reading:
    """How an archive is read."""

    verify: bool | None = None
    """Whether weights are compared with their checksum when the archive is opened. None: short ones are, and those that are read
    anyway; longer ones are compared with the zip file's CRC-32 before their first use. False: only those that are read anyway."""
    limits: Limits | None = None
    """None: those of the environment."""
    dtypes: Mapping[DType, DType] = field(default_factory=dict[DType, DType])
    """Which tensors become others: those of the first dtypes."""


def load(source: Source, parse: Parse, extra_files: dict[str, Any] | None = None, reading: Reading | None = None) -> Program:
    """Reads a program from a path or a binary file object.

    `parse` is called when the module is first needed. `extra_files` maps names to anything; the contents replace the values, as bytes
    (empty for a file that isn't there), as in `torch.jit.load`. Raises ArchiveError, naming the part, for whatever isn't an intact
    archive of a known version; FileNotFoundError as `open`.
    """
    data, is_mapped = opened(source)
    return load_bytes(data, is_mapped, name_of(source), parse, extra_files, reading or Reading())


def load_bytes(
    data: memoryview, is_mapped: bool, name: str, parse: Parse, extra_files: dict[str, Any] | None, reading: Reading
) -> Program:
    """As `load`, of a file that was opened."""
    try:
        limits = reading.limits or configured_limits()
    except ValueError as error:
        raise ArchiveError(f"TSIR_LIMITS: {error}") from None
    return _Archive(data, is_mapped, name, reading, limits).program(parse, extra_files)


def extra_names(source: Source) -> list[str]:
    """The names of an archive's extra files. Raises ArchiveError for what is no archive."""
    name = name_of(source)
    members = members_of(opened(source)[0], name, configured_limits().members)
    return [n.removeprefix(EXTRA_PREFIX) for n in members if n.startswith(EXTRA_PREFIX)]


def versions_of(source: Source) -> tuple[int, int, dict[str, int]]:
    """The versions that an archive has: of its format, of its dialect, and of the operations that it uses."""
    archive = _Archive(opened(source)[0], False, name_of(source), Reading(), configured_limits())
    used = operations.read(archive.manifest.get("operations", {}), archive.name)
    return archive.version, archive.manifest.get("dialect_version", 1), {n: entry[0] for n, entry in used.items()}


class _Archive:
    """One archive that is being read."""

    def __init__(self, data: memoryview, is_mapped: bool, name: str, reading: Reading, limits: Limits) -> None:
        self.data = data
        self.is_mapped = is_mapped
        self.name = name
        self.reading = reading
        self.limits = limits
        self.members = members_of(data, name, limits.members)
        if MANIFEST not in self.members:
            raise ArchiveError(f"{name} is a zip file without {MANIFEST}: not a tsir archive")
        self.manifest = self._read_manifest()
        self.checksums: dict[str, Any] = self._field("sha256", dict)

    def program(self, parse: Parse, extra_files: dict[str, Any] | None) -> Program:
        used = operations.read(self.manifest.get("operations", {}), f"{self.name}: {MANIFEST}")
        if self.manifest.get("producer") != f"tsir {__version__}":
            operations.check_known(used, self.name)
        dialect = self.manifest.get("dialect_version", 1)
        if type(dialect) is not int or not 1 <= dialect <= DIALECT_VERSION:
            raise ArchiveError(
                f"{self.name} has version {str(dialect)[:20]} of the dialect, written by {self._producer}; this tsir reads "
                f"up to {DIALECT_VERSION}",
                hint="install a newer tsir",
            )
        module = bytes(self._checked(MODULE, self.limits.module_bytes))
        try:
            text = module.decode()
        except UnicodeDecodeError as error:
            raise ArchiveError(f"{self.name}: {MODULE} is not UTF-8: {error}") from None
        for wanted in list(extra_files or {}):
            if extra_files is not None:
                found = EXTRA_PREFIX + wanted in self.members
                extra_files[wanted] = bytes(self._checked(EXTRA_PREFIX + wanted, None)) if found else b""
        weights, check = self._weights()
        values = ValueReader(
            self._tensors(weights), self._field("objects", list), self._field("containers", list), self.limits
        )
        try:
            root = values.read(self.manifest.get("root"))
            entry_points = [read_entry_point(e, values) for e in self._field("entry_points", list)]
            keep(self.manifest.get("source_lines", {}))
        except (KeyError, TypeError, AttributeError, ValueError, OverflowError, RecursionError) as error:
            raise ArchiveError(f"{self.name}: {MANIFEST} is damaged: {one_line(repr(error)[:200])}") from None
        if root is not None and not isinstance(root, Instance):
            raise ArchiveError(f"{self.name}: {MANIFEST} is damaged: the root is no object")
        if not entry_points and (root is None or self.manifest.get("is_function") is True):
            raise ArchiveError(f"{self.name}: {MANIFEST} is damaged: a function has no entry point")
        versions = {name: entry[0] for name, entry in used.items()}

        def load_module() -> ModuleOp:
            place = f"{self.name}:{MODULE}"
            try:
                found = parse(
                    text,
                    place,
                    limits=self.limits,
                    upgrade=lambda module, find: upgrade_module(module, dialect, versions, find),
                )
            except IRError:
                operations.check_known(used, self.name)
                raise
            _refuse_python(found, place)
            _check_attributes(root, found, place)
            _check_parameters(entry_points, root, found, place)
            return found

        return Program(
            load_module=load_module,
            entry_points={e.name: e for e in entry_points},
            root=root,
            is_function=self.manifest.get("is_function") is True,
            content_hash=hashlib.sha256(module).hexdigest(),
            weights_check=check,
        )

    @property
    def _producer(self) -> str:
        return one_line(str(self.manifest.get("producer"))[:60])

    def _read_manifest(self) -> dict[str, Any]:
        place = f"{self.name}: {MANIFEST}"
        manifest = read_json(bytes(self._content(MANIFEST, self.limits.manifest_bytes)), place)
        if manifest.get("format") != FORMAT:
            raise ArchiveError(f"{place} is not that of a tsir archive")
        version = manifest.get("format_version")
        if type(version) is not int or version < 1:
            raise ArchiveError(f"{place} has no format version")
        if version > FORMAT_VERSION:
            raise ArchiveError(
                f"{self.name} has format version {str(version)[:20]}, written by {one_line(str(manifest.get('producer'))[:60])}; "
                f"this tsir reads up to {FORMAT_VERSION}",
                hint="install a newer tsir",
            )
        self.version = version
        return upgraded(manifest, version)

    def _field(self, name: str, kind: type) -> Any:
        value = self.manifest.get(name)
        if not isinstance(value, kind):
            raise ArchiveError(f"{self.name}: {MANIFEST} is damaged: no {name}")
        return value

    def _member(self, name: str) -> Member:
        if name not in self.members:
            raise ArchiveError(f"{self.name} has no {one_line(name[:100])}")
        return self.members[name]

    def _content(self, name: str, limit: int | None) -> memoryview:
        member = self._member(name)
        if limit is not None and member.size > limit:
            raise ArchiveError(f"{self.name}: {name} has {member.size} bytes; at most {limit} are read")
        return self.data[member.start : member.start + member.size]

    def _checked(self, name: str, limit: int | None) -> memoryview:
        """A member's bytes, compared with their checksum."""
        content = self._content(name, limit)
        if self.checksums.get(name) != hashlib.sha256(content).hexdigest():
            raise self._changed(name)
        return content

    def _changed(self, name: str) -> ArchiveError:
        shown = one_line(name[:100])
        return ArchiveError(
            f"{self.name}: {shown} doesn't have the checksum that the manifest gives: the file was damaged or changed"
        )

    def _weights(self) -> tuple[WeightsFile, Callable[[], None] | None]:
        """The file of weights, and what compares it with its checksum later, None for one that was compared."""
        member = self._member(WEIGHTS)
        place = f"{self.name}: {WEIGHTS}"
        wanted = self.reading.verify
        if wanted or (wanted is None and (not self.is_mapped or member.size <= VERIFIED_BYTES)):
            return WeightsFile(self._checked(WEIGHTS, None), self.limits.header_bytes, place), None
        content = self._content(WEIGHTS, None)

        def check() -> None:
            if zlib.crc32(content) != member.crc:
                raise self._changed(WEIGHTS)

        return WeightsFile(content, self.limits.header_bytes, place), None if wanted is False else check

    def _tensors(self, weights: WeightsFile) -> list[Array]:
        storages: dict[str, Array] = {}
        tensors: list[Array] = []
        for i, description in enumerate(self._field("tensors", list)):
            try:
                dtype = dtypes.from_numpy(description["dtype"])
                wanted = self.reading.dtypes.get(dtype, dtype)
                shape = tuple(description["shape"])
                if len(shape) > self.limits.rank or any(type(d) is not int for d in shape):
                    raise ValueError(f"it has {len(shape)} dimensions; at most {self.limits.rank} are read")
                if (place := place_of(description)) is None:
                    tensor = weights.tensor(description["name"], numpy_dtype(dtype), shape)
                elif wanted is not dtype:
                    raise ValueError("it shares its memory with others, so that its dtype can't be changed")
                else:
                    if place.storage not in storages:
                        storages[place.storage] = weights.storage(place.storage)
                    tensor = view(storages[place.storage], place, numpy_dtype(dtype), shape, self.limits.expanded_bytes)
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError, MemoryError) as error:
                raise ArchiveError(f"{self.name}: tensor {i} is damaged: {one_line(str(error)[:200])}") from None
            tensors.append(tensor if wanted is dtype else tensor.astype(numpy_dtype(wanted)))
        return tensors


_NO_NUMBER = (np.ndarray, str, list, dict, tuple, Instance)
_WRONG: Mapping[str, Callable[[Any], bool]] = {
    "!ts.tensor": lambda value: not isinstance(value, np.ndarray),
    **dict.fromkeys(("i64", "f64", "i1"), lambda value: isinstance(value, _NO_NUMBER)),
    "!ts.str": lambda value: not isinstance(value, str),
    "!ts.list": lambda value: not isinstance(value, list | tuple),
    "!ts.dict": lambda value: not isinstance(value, dict),
    "!ts.class": lambda value: not isinstance(value, Instance | EnumMember),
}
"""By how a type is spelt, which values aren't of it."""


def _check_parameters(entry_points: Sequence[EntryPoint], root: Instance | None, module: ModuleOp, place: str) -> None:
    """Raises ArchiveError for an entry point that the program doesn't have, that takes less than the manifest says, or an object
    where there is none."""
    counts: dict[str, int] = {}
    for operation in module.body.block.ops:
        if operation.name == "func.func":
            properties: Any = operation.properties
            counts[properties["sym_name"].data] = len(properties["function_type"].inputs.data)
    for entry in entry_points:
        if entry.takes_self and root is None:
            raise ArchiveError(f"{place} has no object for {one_line(entry.name[:100])}")
        if counts.get(entry.symbol, -1) < len(entry.parameters) + entry.takes_self:
            raise ArchiveError(f"{place} has no function that takes what the manifest says of {one_line(entry.name[:100])}")


def _check_attributes(root: Instance | None, module: ModuleOp, place: str) -> None:
    """Raises ArchiveError for an object that has something else for an attribute than its class declares."""
    from tsir.dialects.program import attributes_of

    declared: dict[str, dict[str, str]] = {}
    for cls, name, properties in attributes_of(module):
        declared.setdefault(cls, {})[name] = str(properties["type"]).partition("<")[0]
    todo: list[Any] = [root]
    seen: set[int] = set()
    while todo:
        value = todo.pop()
        if not isinstance(value, Instance | list | tuple | dict) or id(value) in seen:  # pyright: ignore[reportUnknownArgumentType]
            continue
        seen.add(id(value))  # pyright: ignore[reportUnknownArgumentType]
        if not isinstance(value, Instance):
            todo.extend(value.values() if isinstance(value, dict) else value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
            continue
        for name, held in value.attributes.items():
            kind = declared.get(value.class_name, {}).get(name, "")
            if kind in _WRONG and _WRONG[kind](held):
                where = one_line(f"{value.class_name}.{name}"[:100])
                raise ArchiveError(f"{place} declares {where} as {kind}, but the manifest has a {type(held).__name__}")
            todo.append(held)


def _refuse_python(module: ModuleOp, place: str) -> None:
    """Raises ArchiveError for a program that names functions of the process that reads it: no writer makes that."""
    for op in module.walk():
        if op.name == "ts.call_python":
            raise ArchiveError(f"{place} calls a Python function, which an archive can't hold")
