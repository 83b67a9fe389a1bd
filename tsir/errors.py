"""The errors that tsir raises on purpose.

Every error that a user can cause is a subclass of `TsirError`. It carries the place in the user's program (file, line,
column) where there is one, and `str(error)` shows that source line with a caret. Errors that stand for an exception that
torch or Python would raise also inherit from that exception, so that `except RuntimeError` keeps working.
Every layer may use this module.
"""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from tsir.source_files import line_of

_EXCERPT_WIDTH = 160
"""Of longer source lines only the part around the caret is shown."""


Paint: TypeAlias = Callable[[str, str], str]
"""Gives a part of a message (error, warning, note, hint, place, caret) its colour."""


def _unpainted(text: str, _part: str) -> str:
    return text


@dataclass(frozen=True)
class SourceLocation:
    """A place in a user's source file. `line` counts from 1, `column` from 1 as in MLIR's `loc`; 0 means unknown."""

    file: str
    line: int
    column: int = 0
    end_column: int = 0
    source_line: str | None = field(default=None, compare=False, repr=False)
    """The line itself, for text that isn't in a file."""

    def excerpt(self, paint: Paint = _unpainted) -> str:
        """The source line with a caret under the column, or an empty string when the file can't be read."""
        text = line_of(self.file, self.line).rstrip("\n") if self.source_line is None else self.source_line
        if not text.strip():
            return ""
        column = self.column
        if len(text) > _EXCERPT_WIDTH:
            start = max(0, min(column - 1 - _EXCERPT_WIDTH // 2, len(text) - _EXCERPT_WIDTH))
            text, column = text[start : start + _EXCERPT_WIDTH], column and column - start
        shown = f"  {self.line:>5} | {_visible(text)}"
        if not column:
            return shown
        marked = text[column - 1 : column - 1 + max(0, self.end_column - self.column)].rstrip()
        width = max(1, sum(map(_width, marked)))
        return f"{shown}\n        | {_blank(text[: column - 1])}{paint('^' * width, 'caret')}"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" + (f":{self.column}" if self.column else "")


def _width(character: str) -> int:
    """How many columns of a terminal a character takes."""
    return 2 if unicodedata.east_asian_width(character) in "WF" else 0 if unicodedata.combining(character) else 1


def _visible(text: str) -> str:
    """A line of text without what would move a terminal's cursor."""
    return text if text.isprintable() else "".join(c if c == "\t" or c.isprintable() else "\ufffd" for c in text)


def _blank(text: str) -> str:
    """White space as wide as the text."""
    return "".join(c if c == "\t" else " " * _width(c) for c in text)


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A hint that names what is spelled almost like `name`, or None."""
    import difflib  # here, because a program that compiles doesn't need it

    public = [k for k in known if not k.startswith("_") or name.startswith("_")]
    close = difflib.get_close_matches(name, public, n=2, cutoff=0.7)
    close = close or [k for k in public if k.lower() == name.lower()][:1]
    return f"did you mean {' or '.join(f'`{c}`' for c in close)}?" if close else None


class TsirError(Exception):
    """Base of all errors that tsir raises on purpose.

    `message` says what was expected and what was found, `hint` what to do about it, `notes` the chain that led there
    (innermost call first), each with its own location. `code` is stable and names the kind of error: `ts-opt --explain`
    says more about it.
    """

    code: str | None = None

    def __init__(
        self,
        message: str,
        *,
        location: SourceLocation | None = None,
        hint: str | None = None,
        notes: tuple[tuple[str, SourceLocation | None], ...] = (),
        code: str | None = None,
    ) -> None:
        self.message = message
        self.location = location
        self.hint = hint
        self.notes = notes
        self.code = type(self).code if code is None else code
        super().__init__(message)

    severity: ClassVar[str] = "error"

    def __str__(self) -> str:
        return self.render()

    def render(self, paint: Paint = _unpainted, *, labelled: bool = False) -> str:
        """The message with place, source line, hint and notes; `labelled` puts "error: " also before one without a code."""
        label = f"{self.severity}[{self.code}]: " if self.code else f"{self.severity}: " if labelled else ""
        message = f"{paint(label, self.severity)}{self.message}"
        parts = [f"{paint(f'{self.location}:', 'place')} {message}" if self.location else message]
        if self.location and (excerpt := self.location.excerpt(paint)):
            parts.append(excerpt)
        if self.hint:
            parts.append(f"{paint('hint:', 'hint')} {self.hint}")
        for text, location in self.notes:
            note = paint("note:", "note")
            parts.append(f"{note} {paint(f'{location}:', 'place')} {text}" if location else f"{note} {text}")
            if location and (excerpt := location.excerpt(paint)):
                parts.append(excerpt)
        return "\n".join(parts)


class FrontendError(TsirError, RuntimeError):
    """A Python program can't be translated to `ts`: a type error, an unknown name, a wrong annotation.

    It is a `RuntimeError` too, because that is what torch.jit raises.
    """

    code = "TS100"
    completed: bool = False
    """Whether notes about the values at its place have been added."""
    misfit: tuple[Any, Any] | None = None
    """Of a value of the wrong type: the type that was expected, and that which was found."""


class UnsupportedError(FrontendError):
    """A construct or operator that tsir doesn't support yet; the message names it."""

    code = "TS101"


class IRError(TsirError):
    """IR text that doesn't parse, or IR that a verifier rejects."""

    code = "TS700"


class IRWarning(IRError, UserWarning):
    """Something about valid IR that is most likely not what was meant. It is shown, not raised."""

    severity = "warning"


class PassError(TsirError):
    """An unknown pass or pass option, or a pass that can't do its work on this IR."""


class ArchiveError(TsirError):
    """A file that is no archive, is damaged, was tampered with, or was written by a newer version."""


class DependencyError(TsirError, ImportError):
    """Something that needs an optional package (such as torch) was asked for without it."""


class OperatorError(TsirError, RuntimeError):
    """An operator was given arguments of wrong shape, dtype or value; torch raises `RuntimeError` there."""


class OperatorIndexError(OperatorError, IndexError):
    """An index or dimension is out of range; torch raises `IndexError` there."""


class OperatorTypeError(OperatorError, TypeError):
    """An argument has a wrong type; torch raises `TypeError` there."""


class OperatorValueError(OperatorError, ValueError):
    """An argument has a wrong value; torch raises `ValueError` there."""


class OperatorZeroDivisionError(OperatorError, ZeroDivisionError):
    """Integer division by zero; torch raises `RuntimeError` with "ZeroDivisionError" in its text."""


class OperatorNotImplementedError(OperatorError, NotImplementedError):
    """The operator isn't implemented for this dtype; torch raises `NotImplementedError` there."""


class TracerWarning(UserWarning):
    """A tensor became a Python value during a trace, so the trace may not hold for other inputs."""

    @staticmethod
    def ignore_lib_warnings() -> None:
        """Ignores the warnings whose place is in torch's own modules, as torch.jit's class of this name does."""
        warnings.filterwarnings("ignore", category=TracerWarning, module=r"torch\.(?!jit)")
