"""Where an error is shown: in the user's program, also where it came up in a function of a library that the program calls.

A user can't mend the code of Python's library or of torch, but can change the call of it: that is the error's place then, and
the place in the library is a note. What the user's own modules call through torch (`nn.Sequential`) stays where it is.
"""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache

import torch

import tsir
from tsir.errors import SourceLocation, TsirError

Note = tuple[str, SourceLocation | None]

CALL = "in a call of "
"""How the notes begin that are links of the chain of calls."""
_MOST_NOTES = 14
_OWN = os.path.realpath(os.path.dirname(tsir.__file__)) + os.sep


def show_to_user(error: TsirError) -> None:
    """Moves an error in a library's code to the call in the user's program, and shortens a long chain of calls."""
    place = error.location
    calls = [i for i, (text, at) in enumerate(error.notes) if text.startswith(CALL) and at is not None]
    if place is not None and is_library(place.file):
        own = next((i for i in calls if not is_library(_file(error.notes[i]))), None)
        if own is not None:
            text, error.location = error.notes[own]
            name = text.removeprefix(CALL)
            inside: Note = (f"the error is in the code of {_package(place.file)}, which {name} runs", place)
            error.notes = (inside, *error.notes[:own], *error.notes[own + 1 :])
            error.message = f"{name} can't be compiled here: {error.message}"
            if name.endswith(".forward()") and is_torch(place.file):
                error.hint = error.hint or "look at what the modules before it give"
            elif error.hint is None or error.code == "TS103" or not is_torch(place.file):
                error.hint = f"call {name} outside of compiled code and pass the result"
    if len(error.notes) > _MOST_NOTES:
        half = _MOST_NOTES // 2
        left_out: Note = (f"{len(error.notes) - 2 * half} more calls", None)
        error.notes = (*error.notes[:half], left_out, *error.notes[-half:])


@contextmanager
def shown_to_user() -> Generator[None]:
    """Errors of a whole compilation name the place in the user's program."""
    try:
        yield
    except TsirError as error:
        show_to_user(error)
        raise


def _file(note: Note) -> str:
    return "" if note[1] is None else note[1].file


@lru_cache(maxsize=256)
def is_library(file: str) -> bool:
    """Whether a file belongs to Python's library or to torch."""
    path = os.path.realpath(file)
    standard = os.path.realpath(sysconfig.get_path("stdlib"))
    in_standard = path.startswith(standard + os.sep) and "site-packages" not in path and "dist-packages" not in path
    return file.startswith("<frozen") or in_standard or is_torch(file) or path.startswith(_OWN)


@lru_cache(maxsize=256)
def is_torch(file: str) -> bool:
    """Whether a file belongs to torch."""
    return os.path.realpath(file).startswith(os.path.realpath(os.path.dirname(torch.__file__)) + os.sep)


def _package(file: str) -> str:
    if os.path.realpath(file).startswith(_OWN):
        return "tsir"
    return "torch" if is_torch(file) else "Python's library"
