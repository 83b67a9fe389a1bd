"""The serialised code of a torch archive: syntax trees of its classes and functions, found by their qualified names.

`__torch__.a.b.C` is `class C` in `code/__torch__/a/b.py`. The code is in a subset of Python's syntax and is parsed by Python's own
parser, never executed.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass
from typing import NoReturn

from tsir.errors import ArchiveError, FrontendError, SourceLocation, UnsupportedError
from tsir.frontend.torch_archive.container import Container

MALFORMED = (LookupError, ValueError, TypeError, AttributeError, AssertionError, ArithmeticError)
"""What comes of code that is of another form than what torch writes: too few arguments of an operator, a name for a text."""

MAX_NESTED = 150
"""How deep expressions and statements of serialised code nest."""


@dataclass(frozen=True)
class SourceFile:
    """One file of serialised code."""

    name: str
    """The file as messages and locations name it."""
    lines: tuple[str, ...]
    definitions: dict[str, ast.ClassDef | ast.FunctionDef]

    def place(self, node: ast.AST) -> SourceLocation:
        """Where a tree stands."""
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return SourceLocation(self.name, line, column + 1, getattr(node, "end_col_offset", 0) + 1, source_line=text)

    def error(self, message: str, node: ast.AST, hint: str | None = None) -> NoReturn:
        """Raises FrontendError at a tree."""
        raise FrontendError(message, location=self.place(node), hint=hint)

    def unsupported(self, what: str, node: ast.AST, hint: str | None = None) -> NoReturn:
        """Raises UnsupportedError at a tree: `what` names the construct."""
        raise UnsupportedError(f"{what} isn't supported yet", location=self.place(node), hint=hint)


@dataclass(frozen=True)
class Definition:
    """A class or function with its file and its qualified name."""

    name: str
    file: SourceFile
    node: ast.ClassDef | ast.FunctionDef


class Sources:
    """All the code of an archive, parsed file by file when something in it is first asked for."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._files: dict[str, SourceFile | None] = {}
        self._definitions: dict[str, Definition] = {}

    def all_files(self) -> list[SourceFile]:
        """Every file of code."""
        names = [n for n in self._container.names() if n.startswith("code/") and n.endswith(".py")]
        return [f for n in names if (f := self._file(n)) is not None]

    def assigned_attributes(self) -> frozenset[str]:
        """The names of attributes that some method assigns."""
        stores = (n for f in self.all_files() for d in f.definitions.values() for n in ast.walk(d))
        return frozenset(n.attr for n in stores if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store))

    def find(self, name: str) -> Definition | None:
        """The class or function of a qualified name, or None."""
        known = self._definitions.get(name)
        if known is None:
            module, _, own = name.rpartition(".")
            file = self._file(f"code/{module.replace('.', '/')}.py")
            node = None if file is None else file.definitions.get(own)
            if file is None or node is None:
                return None
            known = self._definitions[name] = Definition(name, file, node)
        return known

    def _file(self, member: str) -> SourceFile | None:
        if member not in self._files:
            self._files[member] = self._parsed(member) if member in self._container else None
        return self._files[member]

    def _parsed(self, member: str) -> SourceFile:
        name = f"{self._container.name}:{member}"
        try:
            text = self._container.code(member).decode()
        except UnicodeDecodeError as error:
            raise ArchiveError(f"{name} is not UTF-8: {error}") from error
        return parse(name, text, min(MAX_NESTED, self._container.limits.nesting))


def parse(name: str, text: str, most: int = MAX_NESTED) -> SourceFile:
    """The definitions of a text. Raises ArchiveError for one that is no serialised code."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about numbers and escapes that torch doesn't write
            tree = ast.parse(_raw_lines(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ArchiveError(f"{name} is no serialised code: {error}") from error
    _check_depth(tree, name, most)
    definitions: dict[str, ast.ClassDef | ast.FunctionDef] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            if node.name in definitions:
                raise ArchiveError(f"{name}: {node.name} is defined twice")
            definitions[node.name] = node
        elif not isinstance(node, ast.Import) and not _is_version(node):
            raise ArchiveError(f"{name}:{node.lineno} is no definition")
    return SourceFile(name, tuple(text.split("\n")), definitions)


def _is_version(node: ast.stmt) -> bool:
    """`op_version_set = 1`, with which files of torch before 1.5 begin."""
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "op_version_set"


_ENUM_TEXT = re.compile(r'^  (\w+) = "(.*?)"$', re.MULTILINE | re.DOTALL)


def _raw_lines(text: str) -> str:
    """The code with the texts of enums' members as literals: torch writes line breaks in them as they are."""
    if "(Enum):" not in text:
        return text
    parts = re.split(r"(^class \w+\(Enum\):\n)", text, flags=re.MULTILINE)
    for i in range(2, len(parts), 2):
        body, rest = _class_body(parts[i])
        parts[i] = _ENUM_TEXT.sub(lambda m: f"  {m[1]} = {m[2]!r}" if "\n" in m[2] else m[0], body) + rest
    return "".join(parts)


def _class_body(text: str) -> tuple[str, str]:
    """The body of the class that a text begins with, and the rest."""
    found = re.search(r"^(class|def) ", text, flags=re.MULTILINE)
    return (text, "") if found is None else (text[: found.start()], text[found.start() :])


def _check_depth(tree: ast.Module, name: str, most: int) -> None:
    todo: list[tuple[ast.AST, int]] = [(tree, 0)]
    while todo:
        node, depth = todo.pop()
        if depth > most:
            raise ArchiveError(f"{name}: code nests deeper than {most}")
        todo += [(child, depth + 1) for child in ast.iter_child_nodes(node)]


def dotted(node: ast.expr) -> str | None:
    """`a.b.c` as a text; None for other expressions."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None
