"""Where in the user's program a recorded call comes from."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from itertools import islice
from types import CodeType, FrameType

import torch

import tsir
from tsir.errors import SourceLocation

_TORCH = os.path.dirname(torch.__file__) + os.sep
_TSIR = os.path.dirname(tsir.__file__) + os.sep
_STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep


@lru_cache(maxsize=4096)
def _is_library(file: str) -> bool:
    inside = (_TORCH, _TSIR)
    if file.startswith("<frozen") or file.startswith(inside):
        return True
    return file.startswith(_STANDARD_LIBRARY) and "site-packages" not in file


@lru_cache(maxsize=4096)
def _place(code: CodeType, instruction: int, line: int) -> SourceLocation:
    positions = getattr(code, "co_positions", None)
    if positions is not None:
        start, end, column, end_column = next(islice(positions(), instruction // 2, None), (None, None, None, None))
        if start is not None and column is not None:
            last = end_column + 1 if end == start and end_column is not None else 0
            return SourceLocation(code.co_filename, start, column + 1, last)
    return SourceLocation(code.co_filename, line)


def _place_of(frame: FrameType) -> SourceLocation:
    return _place(frame.f_code, frame.f_lasti, frame.f_lineno or 0)


def current_place(entry: FrameType | None) -> SourceLocation | None:
    """The innermost line outside torch, tsir and Python's library, of the frames above `entry` (None: of all).

    `entry` is the frame that called the module's `forward`, so that every call of a module looks the same. When the module itself
    is torch's, the line is that of its `forward`.
    """
    frame: FrameType | None = sys._getframe(1)
    outermost: FrameType | None = None
    while frame is not None and frame is not entry:
        if not _is_library(frame.f_code.co_filename):
            return _place_of(frame)
        if not frame.f_code.co_filename.startswith(_TSIR):
            outermost = frame
        frame = frame.f_back
    return None if outermost is None or entry is None else _place_of(outermost)


def user_place() -> SourceLocation | None:
    """The innermost line of the user's of the whole call stack: for warnings and errors."""
    return current_place(None)


def is_called_from(code: CodeType) -> bool:
    """Whether the innermost frame outside tsir runs this code."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_TSIR):
        frame = frame.f_back
    return frame is not None and frame.f_code is code
