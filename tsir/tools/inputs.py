"""What the tools take as a program: IR text, an archive, or a function or class in a Python file."""

from __future__ import annotations

import difflib
import importlib.util
import inspect
import sys
import traceback
from pathlib import Path
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
    """Whether a path names an object in a Python file: `model.py:SimpleNet`."""
    file, colon, name = path.rpartition(":")
    return bool(colon) and file.endswith(".py") and name.isidentifier()


def python_object(path: str) -> Any:
    """The object that `file.py:Name` names; a module class is instantiated. Raises TsirError when there is none.

    The file is imported, so it is executed: it is the user's own.
    """
    file, _, name = path.rpartition(":")
    if not Path(file).is_file():
        raise TsirError(f"there is no file {file}")
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
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
