"""How diagnostics look on a terminal: colours, where the reader wants them."""

from __future__ import annotations

import argparse
import os
import sys
from contextvars import ContextVar
from typing import TextIO

from tsir.errors import TsirError

_STYLES = {"error": "1;31", "warning": "1;35", "note": "1;36", "hint": "1;36", "place": "1", "caret": "1;32"}
"""The SGR codes of the parts of a diagnostic."""

MODES = ("auto", "always", "never")
_chosen: ContextVar[str] = ContextVar("color", default="auto")


def add_color_option(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    """Gives a tool's parser the option `--color=auto|always|never`."""
    parser.add_argument(
        "--color",
        choices=MODES,
        default="auto",
        help="colour diagnostics: auto (a terminal that NO_COLOR and FORCE_COLOR say nothing of), always, never",
    )


def choose_color(mode: str) -> None:
    """Takes what the option says for all that this run of a tool shows (`exit_status` gives each run a context of its own)."""
    _chosen.set(mode)


def has_color(stream: TextIO, mode: str | None = None) -> bool:
    """Whether to colour what goes to a stream, as the option says. `auto` heeds NO_COLOR (no-color.org), FORCE_COLOR and TERM=dumb."""
    chosen = _chosen.get() if mode is None else mode
    if chosen != "auto":
        return chosen == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def show(diagnostic: TsirError, mode: str | None = None, stream: TextIO | None = None) -> None:
    """Prints an error or warning to standard error, or another stream, in colours where these are wanted."""
    to = sys.stderr if stream is None else stream
    print(rendered(diagnostic, has_color(to, mode)), file=to)


def rendered(diagnostic: TsirError, color: bool) -> str:
    """A diagnostic as the tools print it, which always says whether it is an error or a warning."""
    paint = _painted if color else _plain
    return diagnostic.render(paint, labelled=True)


def _painted(text: str, part: str) -> str:
    return f"\x1b[{_STYLES[part]}m{text}\x1b[0m" if part in _STYLES else text


def _plain(text: str, _part: str) -> str:
    return text
