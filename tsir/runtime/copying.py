"""Pickling and copying compiled functions and modules: they travel as archives, in which nothing is executed.

What an archive can't say, the Python classes of enums, NamedTuples and exceptions, goes beside it by reference, as pickle does.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from tsir.dialects.program import Program
from tsir.dialects.values import Instance
from tsir.errors import TsirError
from tsir.runtime.compiled import ScriptModule, as_function
from tsir.runtime.methods import CompiledMethod, ScriptFunction

Classes = dict[str, Any]


def reduced(program: Program) -> tuple[bytes, Classes, Classes]:
    """A program as what `restored` takes."""
    from tsir.archive.writing import to_bytes

    return to_bytes(program, {}), _importable(program.classes), _importable(program.exceptions)


def restored(data: bytes, classes: Classes, exceptions: Classes) -> ScriptFunction | ScriptModule:
    """The compiled function or module of a reduced program."""
    from tsir.archive import load
    from tsir.runtime.api import parse_ir

    program = load(BytesIO(data), parse_ir)
    program.classes, program.exceptions = classes, exceptions
    if exceptions:
        from tsir.backend.numpy.host import know_exceptions

        know_exceptions(exceptions)
    return as_function(program) if program.root is None or program.is_function else ScriptModule(program)


def program_of(module: ScriptModule, root: Instance | None = None) -> Program:
    """The program of a module by itself, with another object of its class as the root if one is given. The IR is shared."""
    from tsir.runtime.compilation import method_entry, method_names

    whole, instance = module.program, module.instance
    if module._root is None:
        entries = whole.entry_points
    else:
        names = sorted(method_names(whole, instance), key=lambda name: name != "forward")
        entries = {n: entry for n in names if (entry := method_entry(whole, instance.class_name, n)) is not None}
    return Program(
        lambda: whole.module, entries, instance if root is None else root, dict(whole.sources), exceptions=whole.exceptions,
        classes=whole.classes, origins=whole.origins, python_functions=whole.python_functions,
    )  # fmt: skip


def path_of(module: ScriptModule, root: ScriptModule) -> str:
    """The dotted name of a submodule. Raises TsirError when the object isn't one."""
    for name, known in root.named_modules():
        if known.instance is module.instance:
            return name
    raise TsirError(
        f"an object of class {module.instance.class_name} that a compiled module gave can't be pickled or copied by itself",
        hint="copy the module, or its submodules",
    )


def submodule(root: ScriptModule, path: str) -> ScriptModule:
    """The submodule with that dotted name."""
    return dict(root.named_modules())[path]


def method(owner: ScriptModule, name: str) -> CompiledMethod:
    """A method of a compiled module."""
    return owner.compiled_method(name)


def _importable(classes: Mapping[str, Any]) -> Classes:
    """The classes that another process can find by name."""
    found: Classes = {}
    for name, cls in classes.items():
        place: Any = sys.modules.get(cls.__module__)
        for part in cls.__qualname__.split("."):
            place = getattr(place, part, None)
        if place is cls:
            found[name] = cls
    return found
