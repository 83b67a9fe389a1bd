"""What the tools take as a program: IR text, an archive, or a function or class in a Python file."""

from __future__ import annotations

import difflib
import importlib.util
import inspect
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from tsir.errors import SourceLocation, TsirError


def read_text(path: str) -> str:
    """The text of a file, or of standard input for `-`. Raises TsirError when it can't be read or isn't UTF-8."""
    try:
        return (sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()).decode("utf-8")
    except OSError as error:
        raise TsirError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise TsirError(
            f"{'standard input' if path == '-' else path} is no text: byte {error.start} isn't UTF-8",
            hint="expected IR or an archive",
        ) from error


def is_archive(path: str) -> bool:
    """Whether a path is an archive's: its name ends in `.pt`, or the file starts as zip files do."""
    if path.endswith(".pt"):
        return True
    try:
        with Path(path).open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError:
        return False


def is_python(path: str) -> bool:
    """Whether a path names a Python file, `model.py`, or objects in one: `model.py:SimpleNet`, `model.py:encode,decode`."""
    file, names = _names(path)
    return file.endswith(".py") and all(n.isidentifier() for n in names)


def python_objects(path: str) -> dict[str, Any]:
    """The objects that `file.py:Name` or `file.py:first,second` names; those of `file.py` are the functions and module classes
    that the file itself defines, without those whose names start with `_`. A class is instantiated.

    The file is imported, so it is executed: it is the user's own. Raises TsirError when there is no such object.
    """
    file, names = _names(path)
    module = _imported(file)
    chosen = names or [n for n, v in vars(module).items() if _is_program(v, module.__name__) and not n.startswith("_")]
    if not chosen:
        raise TsirError(f"{file} defines no function and no module", hint=f"name an object: {file}:NAME")
    return {name: _object(module, file, name) for name in chosen}


def _names(path: str) -> tuple[str, list[str]]:
    """The file and the names of objects in it that a path is made of."""
    if path.endswith(".py"):
        return path, []
    file, _, names = path.rpartition(":")
    return file, names.split(",")


def _is_program(value: Any, module: str) -> bool:
    """Whether it is a function or module class that this module defines."""
    if getattr(value, "__module__", None) != module:
        return False
    return inspect.isfunction(value) or (inspect.isclass(value) and hasattr(value, "forward"))


def _imported(file: str) -> ModuleType:
    if not Path(file).is_file():
        raise TsirError(f"there is no file {file}")
    stem = Path(file).stem
    name = f"{stem}_py" if stem in sys.modules or stem in sys.stdlib_module_names else stem
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise TsirError(f"{file} can't be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(Path(file).resolve().parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise TsirError(
            f"{file} can't be imported: {type(error).__name__}: {error}", location=_line_of(error, file)
        ) from error
    return module


def _object(module: ModuleType, file: str, name: str) -> Any:
    if not hasattr(module, name):
        close = difflib.get_close_matches(name, [n for n in vars(module) if not n.startswith("_")], n=3)
        raise TsirError(f"{file} has no {name}", hint=f"did you mean {' or '.join(close)}?" if close else None)
    found = getattr(module, name)
    if not inspect.isclass(found):
        return found
    try:
        return found()
    except Exception as error:
        raise TsirError(
            f"{name}() fails: {type(error).__name__}: {error}", hint=f"define an instance in {file} and name that"
        ) from error


def _line_of(error: Exception, file: str) -> SourceLocation | None:
    """The innermost line of the user's file that an exception went through, or that doesn't parse."""
    if isinstance(error, SyntaxError):
        return SourceLocation(file, error.lineno or 1, error.offset or 0)
    lines = [
        f.lineno
        for f in traceback.extract_tb(error.__traceback__)
        if f.lineno and Path(f.filename).resolve() == Path(file).resolve()
    ]
    return SourceLocation(file, lines[-1]) if lines else None
