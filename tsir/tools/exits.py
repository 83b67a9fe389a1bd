"""How a tool ends: with 0, or with one message on standard error and 1; never with a traceback."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from contextvars import copy_context

from tsir.errors import IRWarning, TsirError
from tsir.tools.terminal import show


def exit_status(run: Callable[[], None]) -> int:
    """Runs a tool and gives its exit status: 1 after an error of the user's, whose message is printed."""
    return copy_context().run(_status, run)  # what the run chooses, as colours, isn't the next one's


def _warn(message: Warning | str, *_where: object, **_more: object) -> None:
    """Shows one of Python's warnings as a diagnostic, without the place in somebody's library that it was raised at."""
    show(message if isinstance(message, IRWarning) else IRWarning(str(message), code=""))


def _status(run: Callable[[], None]) -> int:
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            run()
        sys.stdout.flush()
    except TsirError as error:
        show(error)
        return 1
    except BrokenPipeError:
        # Whoever read the output (`| head`) has enough of it. Python would complain when it closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}" if error.filename else f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
