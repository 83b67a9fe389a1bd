"""Compiles and calls what mutants of archives gave: what may come of that, and what a process does meanwhile.

Opening and compiling may raise a TsirError alone. A call runs the mutant's program, which may raise what a program can raise, and may
never end: such a call is stopped. Neither may do anything to the process or its files.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from typing import Any

import numpy as np

from tests.fuzz.fuzz import Hang, within
from tsir.dialects.program import EntryPoint
from tsir.errors import TsirError
from tsir.runtime.compiled import ScriptModule
from tsir.runtime.methods import CompiledMethod, ScriptFunction
from tsir.runtime.type_text import TypeText, parse_type_text

COMPILE_SECONDS = 20
CALL_SECONDS = 3

PROGRAMS_OWN = (
    ArithmeticError,
    LookupError,
    ValueError,
    TypeError,
    RuntimeError,
    AssertionError,
    MemoryError,
    StopIteration,
)
"""What Python's operators, NumPy and `raise` give in a program that the mutant has. No NameError, SyntaxError, SystemError..."""

FORBIDDEN = (
    "os.system", "os.exec", "os.spawn", "os.posix_spawn", "os.fork", "os.remove", "os.rename", "os.mkdir", "os.chmod", "os.putenv",
    "subprocess.Popen", "socket.connect", "socket.bind", "shutil.", "ctypes.dlopen", "pickle.find_class", "webbrowser.open",
)  # fmt: skip
"""Audit events that no mutant may cause."""


class Forbidden(Exception):
    """A mutant has done something to the process or its files."""


class _Watch:
    def __init__(self) -> None:
        self.active = False
        self.seen: list[str] = []
        self.installed = False

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        """Notes what isn't allowed while a mutant is opened, compiled or called."""
        if not self.active:
            return
        if event.startswith(FORBIDDEN):
            self.seen.append(f"{event} {str(args)[:200]}")
        elif event == "open" and isinstance(args[1], str) and set("wax+") & set(args[1]):
            self.seen.append(f"open {args[0]!r} for writing")


_watch = _Watch()


@contextmanager
def nothing_else() -> Generator[None]:
    """Raises Forbidden when what runs inside writes files, starts processes or the like."""
    if not _watch.installed:
        sys.addaudithook(_watch.hook)
        _watch.installed = True
    _watch.seen.clear()
    _watch.active = True
    try:
        yield
    finally:
        _watch.active = False
    if _watch.seen:
        raise Forbidden(_watch.seen[0])


def outcome_of_calls(loaded: Any, examples: Sequence[Sequence[Any]]) -> str:
    """Compiles and calls each entry point. Gives `refused` where compiling raised, `raised` or `endless` by the calls, else `called`.

    `examples` are arguments of calls of the program that was mutated; where they don't fit, some are made by type.
    """
    found = "called"
    try:
        methods = _methods(loaded)
    except TsirError:
        return "refused"
    for method in methods:
        fitting = [e for e in examples if _fits(method.entry, e)][:2] or [
            [_argument(p.type) for p in method.entry.parameters]
        ]
        for given in fitting:
            outcome = _outcome(method, given)
            found = outcome if found == "called" else found
    return found


def _methods(loaded: Any) -> list[CompiledMethod]:
    if isinstance(loaded, ScriptFunction):
        return [loaded]
    assert isinstance(loaded, ScriptModule)
    return [loaded.compiled_method(n) for n in list(loaded.program.entry_points)[:4]]


def _fits(entry: EntryPoint, example: Sequence[Any]) -> bool:
    needed = sum(not p.has_default for p in entry.parameters)
    return needed <= len(example) <= len(entry.parameters) or entry.trees is not None


def _outcome(method: CompiledMethod, given: Sequence[Any]) -> str:
    if method.entry.trees is None:
        with within(COMPILE_SECONDS):
            try:
                method.source(*given)
            except TsirError as error:
                assert str(error) and len(str(error)) < 10_000
                return "refused"
            except PROGRAMS_OWN as error:
                if not _is_of_conversion(error):
                    raise
                return "refused"
    try:
        with redirect_stdout(StringIO()), within(CALL_SECONDS):
            method(*given)
    except Hang:
        return "endless"
    except (TsirError, *PROGRAMS_OWN):
        return "raised"
    except AttributeError as error:  # an object whose `__init__` has read what it hasn't set yet
        if _last_frame(error)[1] != "<compiled>":
            raise
        return "raised"
    return "called"


def _is_of_conversion(error: BaseException) -> bool:
    """Whether an error is about an argument that isn't what a parameter is declared to be."""
    return isinstance(error, TypeError | ValueError | OverflowError) and _last_frame(error)[0].endswith(
        "tsir/runtime/arguments.py"
    )


def _last_frame(error: BaseException) -> tuple[str, str]:
    """The file and the function where an exception was raised."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return ("", "") if at is None else (at.tb_frame.f_code.co_filename, at.tb_frame.f_code.co_name)


def _argument(kind: str) -> Any:
    return _value(parse_type_text(kind), 0)


def _value(kind: TypeText, depth: int) -> Any:
    """Some value of a type; None for what only a program can make."""
    inner = kind.arguments
    match kind.kind:
        case "tensor":
            return np.arange(6, dtype=np.float32).reshape(2, 3)
        case "i64" | "f64" | "i1" | "number" | "str":
            return {"i64": 2, "f64": 0.5, "i1": True, "number": 1, "str": "a"}[kind.kind]
        case "list" if depth < 5:
            return [_value(inner[0], depth + 1), _value(inner[0], depth + 1)]
        case "tuple" if depth < 5:
            return tuple(_value(a, depth + 1) for a in inner)
        case "dict" if depth < 5:
            return {_value(inner[0], depth + 1): _value(inner[1], depth + 1)}
        case "optional" | "union" if depth < 5 and inner:
            return _value(inner[0], depth + 1)
        case _:
            return None


__all__ = ["Forbidden", "nothing_else", "outcome_of_calls"]
