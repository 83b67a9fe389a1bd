"""Python files of a user's that say what passes do: with rules, or with a cost model. They are imported, so they are executed."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path
from typing import Any

from tsir.errors import PassError, SourceLocation


def imported(path: str) -> Any:
    """The module of a Python file. Raises PassError when it can't be read or run, with the line of it that raised."""
    name = f"tsir_user_{Path(path).stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not Path(path).is_file():
        raise PassError(f"{path} is no Python file that can be read")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        # Whatever the user's file raises is told with the line of it that did.
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
        line = frames[-1].lineno if frames else getattr(error, "lineno", None)
        where = None if line is None else SourceLocation(path, line, 1)
        if isinstance(error, PassError):
            error.location = error.location or where
            raise
        raise PassError(f"{path} can't be run: {type(error).__name__}: {error}", location=where) from error
    finally:
        sys.modules.pop(name, None)
    return module
