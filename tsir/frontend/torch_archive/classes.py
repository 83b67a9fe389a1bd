"""The classes of a torch archive: what their definitions in the serialised code say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.frontend.torch_archive.declared_types import read_type
from tsir.frontend.torch_archive.sources import Definition, SourceFile, Sources

_KINDS = {
    "Module": "module", "Enum": "enum", "NamedTuple": "named_tuple", "Interface": "interface", "ModuleInterface": "interface",
}  # fmt: skip


@dataclass(eq=False)
class ArchiveClass:
    """A class of an archive."""

    name: str
    """Its qualified name."""
    symbol: str
    """Its name in the program."""
    kind: str
    """`module`, `class`, `enum`, `named_tuple` or `interface`."""
    definition: Definition
    annotations: dict[str, ast.expr] = field(default_factory=dict[str, ast.expr])
    """Attributes, or a NamedTuple's fields, in order."""
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    """The constants, or an enum's members, by name."""
    parameters: frozenset[str] = frozenset()
    buffers: frozenset[str] = frozenset()
    methods: dict[str, ast.FunctionDef] = field(default_factory=dict[str, ast.FunctionDef])
    hooks: tuple[str, ...] = ()
    pre_hooks: tuple[str, ...] = ()
    types: dict[str, Attribute] = field(default_factory=dict[str, Attribute])
    """The types of attributes, as far as they were asked for."""

    @property
    def file(self) -> SourceFile:
        """The file that it stands in."""
        return self.definition.file

    @property
    def plain_name(self) -> str:
        """What the class was called in Python."""
        return self.definition.node.name


class Classes:
    """The classes of an archive by qualified name, read when first asked for."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self._classes: dict[str, ArchiveClass | None] = {}
        self._by_symbol: dict[str, ArchiveClass] = {}
        self._names: set[str] = set()
        self._open: set[str] = set()
        """The NamedTuples whose fields are being read."""

    def symbol(self, wanted: str) -> str:
        """A name that nothing else of the program has."""
        wanted = re.sub(r"\W", "_", wanted)
        name, number = wanted, 0
        while name in self._names:
            number += 1
            name = f"{wanted}_{number}"
        self._names.add(name)
        return name

    def known(self) -> Iterator[ArchiveClass]:
        """The classes that were asked for, in that order; more may come while they are gone over."""
        seen = 0
        while seen < len(self._by_symbol):
            for info in list(self._by_symbol.values())[seen:]:
                seen += 1
                yield info

    def find(self, name: str) -> ArchiveClass | None:
        """The class of a qualified name, or None."""
        if name not in self._classes:
            definition = self.sources.find(name)
            if definition is None or not isinstance(definition.node, ast.ClassDef):
                return None
            info = _read_class(definition, self.symbol(definition.node.name))
            self._classes[name] = info
            self._by_symbol[info.symbol] = info
        return self._classes[name]

    def of_type(self, kind: Attribute) -> ArchiveClass | None:
        """The class whose objects are of a type, or None."""
        return self._by_symbol.get(kind.symbol.root_reference.data) if isinstance(kind, ts.ClassType) else None

    def type_of_name(self, name: str) -> Attribute | None:
        """The type of the values of a class, by its qualified name."""
        info = self.find(name)
        if info is None:
            return None
        if info.kind == "named_tuple":
            fields = list(info.annotations)
            if name in self._open:
                info.file.error(f"{info.plain_name} contains itself", info.definition.node)
            self._open.add(name)
            try:
                kinds = [self.type_of(info, f) for f in fields]
            finally:
                self._open.discard(name)
            return ts.NamedTupleType(info.plain_name, fields, kinds)
        return ts.ClassType(info.symbol)

    def type_of(self, info: ArchiveClass, name: str) -> Attribute:
        """The type of an attribute. Raises UnsupportedError for one that tsir hasn't."""
        known = info.types.get(name)
        if known is None:
            known = info.types[name] = read_type(info.annotations[name], info.file, self.type_of_name)
        return known

    def read_type(self, node: ast.expr, file: SourceFile) -> Attribute:
        """The type that an annotation declares."""
        return read_type(node, file, self.type_of_name)


def _read_class(definition: Definition, symbol: str) -> ArchiveClass:
    node, file = definition.node, definition.file
    assert isinstance(node, ast.ClassDef)
    base = node.bases[0].id if node.bases and isinstance(node.bases[0], ast.Name) else ""
    info = ArchiveClass(definition.name, symbol, _KINDS.get(base, "class"), definition)
    for statement in node.body:
        match statement:
            case ast.FunctionDef():
                if statement.name in info.methods:
                    file.error(f"method {statement.name} is defined twice", statement)
                info.methods[statement.name] = statement
            case ast.AnnAssign(target=target, annotation=annotation, value=value):
                name = _attribute_name(target)
                if name is None or name in info.annotations:
                    file.error("this declares no attribute, or one a second time", statement)
                info.annotations[name] = annotation
                if value is not None:
                    info.values[name] = literal(value, file)
            case ast.Assign(targets=[target], value=value):
                _read_assignment(info, target, value, statement)
            case ast.Pass():
                pass
            case _:
                file.error("a class has attributes and methods alone", statement)
    return info


def _read_assignment(info: ArchiveClass, target: ast.expr, value: ast.expr, statement: ast.stmt) -> None:
    match target:
        case ast.Name(id="__parameters__"):
            info.parameters = frozenset(_names(value, info.file))
        case ast.Name(id="__buffers__"):
            info.buffers = frozenset(_names(value, info.file))
        case ast.Name(id=("__forward_hooks__" | "__forward_pre_hooks__") as which):
            names = tuple(_names(value, info.file))
            info.hooks, info.pre_hooks = (names, info.pre_hooks) if which == "__forward_hooks__" else (info.hooks, names)
        case ast.Name(id="__annotations__"):
            pass
        case ast.Subscript(value=ast.Name(id="__annotations__"), slice=ast.Constant(value=str() as name)):
            if name in info.annotations:
                info.file.error(f"attribute {name} is declared twice", statement)
            info.annotations[name] = value
        case ast.Name(id=name) if info.kind == "enum":
            info.values[name] = literal(value, info.file)
        case _:
            info.file.error("this is no part of a class", statement)


def _attribute_name(target: ast.expr) -> str | None:
    return target.id if isinstance(target, ast.Name) else None


def _names(value: ast.expr, file: SourceFile) -> list[str]:
    if not isinstance(value, ast.List):
        file.error("this is no list of names", value)
    found = [e.value if isinstance(e, ast.Constant) else None for e in value.elts]
    names = [n for n in found if isinstance(n, str)]
    if len(names) != len(found):
        file.error("this is no list of names", value)
    return names


def literal(node: ast.expr, file: SourceFile) -> Any:
    """A constant as it is written, also in lists and tuples. Numbers may be `inf`, `-nan`."""
    match node:
        case ast.Constant(value=value) if isinstance(value, bool | int | float | complex | str) or value is None:
            return text(value) if isinstance(value, str) else value
        case ast.Name(id="inf"):
            return float("inf")
        case ast.Name(id="nan"):
            return float("nan")
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = literal(operand, file)
            if isinstance(value, int | float | complex):
                return -value
        case ast.List(elts=elements):
            return [literal(e, file) for e in elements]
        case ast.Tuple(elts=elements):
            return tuple(literal(e, file) for e in elements)
        case _:
            pass
    file.error("this is no constant", node)


def text(value: str) -> str:
    """A string of serialised code: torch writes the bytes of UTF-8 above 127 as octal escapes, which Python reads as characters."""
    if value.isascii() or any(ord(c) > 255 for c in value):
        return value
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value
