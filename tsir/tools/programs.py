"""The programs that a tool's argument names, read: IR text, an archive, or compiled from a Python file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from tsir.errors import TsirError
from tsir.tools.inputs import is_archive, is_python, python_objects, read_text

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from tsir.dialects.context import TsContext
    from tsir.dialects.program import EntryPoint, Program
    from tsir.dialects.values import Instance

Source: TypeAlias = "str | Callable[[], Program]"
"""IR text, or what makes a program."""


@dataclass(eq=False)
class Loaded:
    """A program that was read: its module, which the caller may change, and what is known beside it."""

    module: ModuleOp
    program: Program | None = None
    """The program, when it isn't text."""
    external: dict[str, dict[str, str]] = field(default_factory=dict[str, "dict[str, str]"])
    """What a text has for tools."""

    @property
    def entries(self) -> Sequence[EntryPoint]:
        """The entry points; of text nothing is known but its functions."""
        return () if self.program is None else list(self.program.entry_points.values())

    @property
    def root(self) -> Instance | None:
        """The object that methods belong to."""
        return None if self.program is None else self.program.root

    def symbol(self, entry: str | None) -> str | None:
        """The symbol of an entry point by name, of the first one for None; what isn't the name of one is a symbol."""
        return next((e.symbol for e in self.entries if entry in (None, e.name)), entry)


def read_program(
    source: Source, name: str, context: TsContext, *, locate: bool = False, implicit_module: bool = True
) -> Loaded:
    """Reads a program into a context. Raises TsirError. The options are those of `parse_module`."""
    from tsir.dialects.context import parse_module

    if isinstance(source, str):
        external: dict[str, dict[str, str]] = {}
        module = parse_module(context, source, name, locate=locate, implicit_module=implicit_module, external=external)
        return Loaded(module, external=external)
    program = source()
    if program.root is not None:
        context.objects.update({e.symbol: program.root for e in program.entry_points.values() if e.takes_self})
    return Loaded(program.module, program)


def inputs(path: str, marker: str | None = None) -> Iterator[tuple[str | None, str, list[Source]]]:
    """The texts that an argument names, None for an archive; what messages call them; and the programs in each.

    IR text is split at lines with `marker`. Raises TsirError for what can't be read.
    """
    if is_python(path):
        objects = python_objects(path)
        file = path if path.endswith(".py") else path.rpartition(":")[0]
        yield read_text(file), file, [partial(_compiled, found, f"{path}: {name}") for name, found in objects.items()]
        return
    if path != "-" and is_archive(path):
        yield None, path, [lambda: _archived(path)]
        return
    text = read_text(path)
    name = "<stdin>" if path == "-" else path
    if marker is None:
        yield text, name, [text]
        return
    lines_before = 0
    for part in re.split(rf"^{re.escape(marker)}\s*?\n", text, flags=re.MULTILINE):
        padded = "\n" * lines_before + part  # so that messages name the line in the whole file
        yield padded, name, [padded]
        lines_before += part.count("\n") + 1


def _compiled(found: Any, name: str) -> Program:
    from tsir.runtime.api import script

    compiled = script(found)
    if not hasattr(compiled, "program"):
        raise TsirError(f"{name} is a {type(compiled).__name__}, not a function, a module or a module's class")
    return compiled.program


def _archived(path: str) -> Program:
    from tsir.runtime.api import load

    return load(path).program
