"""What the tools take as a program: IR text, an archive, or a function or class in a Python file."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path
from typing import Any

from tsir.errors import TsirError


def read_text(path: str) -> str:
    """The text of a file, or of standard input for `-`. Raises TsirError when it can't be read or isn't UTF-8."""
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise TsirError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise TsirError(f"{path} is no text: {error}", hint="an archive's name ends in .pt") from error


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
    spec.loader.exec_module(module)
    if not hasattr(module, name):
        raise TsirError(f"{file} has no {name}")
    found = getattr(module, name)
    if inspect.isclass(found):
        try:
            return found()
        except TypeError as error:
            raise TsirError(
                f"{name} can't be made without arguments: {error}", hint=f"define an instance in {file} and name that"
            ) from error
    return found
