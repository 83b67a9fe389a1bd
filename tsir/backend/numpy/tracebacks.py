"""Tracebacks that name the user's program instead of generated code.

When generated code raises, `rewrite` replaces its frames in the exception's traceback by frames that carry the user's file,
line and function, as template engines do: one for each level of inlining. Frames of tsir, of NumPy and of what else works
behind generated code are left out. The exception object stays the same. Setting the environment variable
`TSIR_TRACEBACK=full` leaves tracebacks alone, for work on tsir itself.

What belongs to which line is in the table that the code generator makes; this module knows only the table. Without xDSL,
except in `source_frames`, which the code generator calls to fill the table.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, wraps
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import TYPE_CHECKING, NamedTuple, ParamSpec, Protocol, TypeVar

from tsir.errors import TsirError
from tsir.source_files import is_source, one_line
from tsir.source_lines import function_at

if TYPE_CHECKING:
    from xdsl.ir import Attribute


_P = ParamSpec("_P")
_R = TypeVar("_R")


class SourceFrame(NamedTuple):
    """A place in the user's program, as one line of a traceback shows it. `function` is empty when it isn't known."""

    file: str
    line: int
    function: str = ""


class GeneratedCode(Protocol):
    """What `rewrite` needs to know of a loaded module: the name its code was compiled under, and its table of lines."""

    @property
    def filename(self) -> str:
        """`co_filename` of the generated code."""
        ...

    @property
    def frames(self) -> Mapping[int, Sequence[SourceFrame]]:
        """For each line of generated code the user's places that it stands for, the outermost caller first."""
        ...


def source_frames(location: Attribute, function: str = "") -> tuple[SourceFrame, ...]:
    """The places that an MLIR location names, the outermost caller first; empty for an unknown one.

    `CallSiteLoc(callee, caller)` gives the caller's places and then the callee's; `NameLoc` gives its name to the function;
    of a `FusedLoc` the first known part counts. `function` names the function of places without a name in the
    outermost level.
    """
    from xdsl.dialects.builtin import ArrayAttr, CallSiteLoc, FileLineColLoc, FusedLoc, NameLoc, UnknownLoc

    frames: list[SourceFrame] = []
    pending: list[tuple[Attribute, str]] = [(location, function)]
    while pending:
        place, name = pending.pop()
        if isinstance(place, FileLineColLoc):
            frames.append(SourceFrame(place.filename.data, place.line.data, name))
        elif isinstance(place, CallSiteLoc):
            pending.append((place.callee, ""))
            pending.append((place.caller, name))
        elif isinstance(place, NameLoc):
            pending.append((place.location, place.desc.data))
        elif isinstance(place, FusedLoc) and isinstance(place.locations, ArrayAttr):
            known = next((p for p in place.locations.data if not isinstance(p, UnknownLoc)), None)
            if known is not None:
                pending.append((known, name))
    return tuple(frames)


FRAMES = "__frames__"
"""The global variable of a generated module that has its table of lines."""


def place_around(frame: FrameType | None, level: int) -> tuple[str, int, str | None] | None:
    """The user's place from which generated code was called, `level` calls up from a frame of it: file, line, and module if it is
    known. None for frames outside of generated code alone."""
    if frame is None or FRAMES not in frame.f_globals:
        return None
    while frame is not None:
        places: list[tuple[str, int, str | None]] = []
        if FRAMES in frame.f_globals:
            found = reversed(frame.f_globals[FRAMES].get(frame.f_lineno, ()))
            places = [(p.file, p.line, _module_of(p.file)) for p in found]
        elif not _is_internal(frame):
            places = [(frame.f_code.co_filename, frame.f_lineno, frame.f_globals.get("__name__"))]
        if level <= len(places):
            return places[level - 1]
        level -= len(places)
        frame = frame.f_back
    return None


def _module_of(file: str) -> str | None:
    return next((n for n, m in list(sys.modules.items()) if getattr(m, "__file__", None) == file), None)


_TSIR = str(Path(__file__).parents[2]) + os.sep
_LIBRARIES = ("numpy", "scipy", "xdsl", "ml_dtypes")


def rewrite(error: BaseException, code: GeneratedCode | None = None) -> None:
    """Makes the traceback of `error`, caught around a call of `code`, show the user's program.

    Call it in the `except` block and re-raise with a bare `raise`: the function that does so isn't shown then (on
    Python 3.10 it is). Frames of other Python code that generated code called are kept. Without `code` only tsir's own frames
    are left out, for callers above the one that has rewritten the traceback already.
    """
    original = error.__traceback__
    if original is None or os.environ.get("TSIR_TRACEBACK") == "full":
        return
    shown: list[tuple[FrameType, int, int]] = []
    rest: TracebackType | None = original
    while rest is not None:
        frame, line = rest.tb_frame, rest.tb_lineno
        places = code.frames.get(line, ()) if code is not None and frame.f_code.co_filename == code.filename else ()
        if places:
            for place in places:
                made = _frame(place.file, place.line, place.function or function_at(place.file, place.line))
                shown.append((made, made.f_lasti, place.line))
        elif not _is_internal(frame):
            shown.append((frame, rest.tb_lasti, line))
        rest = rest.tb_next
    chain: TracebackType | None = None
    for frame, instruction, line in reversed(shown):
        chain = TracebackType(chain, frame, instruction, line)
    # Python 3.10 re-raises with the traceback object that was caught, so that one is changed too.
    original.tb_next = chain
    error.__traceback__ = chain


def user_facing(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Errors leave the decorated function without frames of tsir's; of the user's own exceptions the user's frames stay."""

    @wraps(function)
    def called(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            rewrite(error)
            if isinstance(error, TsirError) and os.environ.get("TSIR_TRACEBACK") != "full":
                error.__cause__, error.__context__ = None, None  # the message says it all
            raise

    return called


def _is_internal(frame: FrameType) -> bool:
    if frame.f_code.co_filename.startswith(_TSIR):
        return True
    module = str(frame.f_globals.get("__name__", ""))
    return module.partition(".")[0] in _LIBRARIES or "__tsir__" in frame.f_globals


def _frame(file: str, line: int, function: str) -> FrameType:
    """A frame that was never the user's but looks so: its code has this file, line and name."""
    file = one_line(file) if is_source(file) else f"<{one_line(file)}>"  # traceback doesn't look for files in <>
    names = {"__name__": Path(file).stem, "__file__": file, "_frame": sys._getframe}
    return eval(_code(file, line, one_line(function)), names)


_LAST_LINE = (1 << 31) - 1
"""The largest line that code objects have."""


@lru_cache(maxsize=256)
def _code(file: str, line: int, function: str) -> CodeType:
    call = ast.Call(ast.Name("_frame", ast.Load()), [], [])
    for node in (call, call.func):
        node.lineno = node.end_lineno = min(max(line, 1), _LAST_LINE)
        # No columns: of an expression's place only the start is known, and a caret under that would mislead.
        node.col_offset = node.end_col_offset = -1
    code = compile(ast.Expression(call), file, "eval").replace(co_name=function)
    return code.replace(co_qualname=function) if sys.version_info >= (3, 11) else code
