"""A pytest plugin that passes every program which tests compile through a TorchScript archive, and compares the calls' results.

*Out*: what `tsir.script` gives is written by `save_torchscript` and loaded by torch.jit. *Again*: it is loaded by tsir. *In*: what
is given to `tsir.script` is given to `torch.jit.script`, saved, and loaded by tsir. Every call that a test makes is made of the loaded
program as well. What came of each program is a line in a file: `python -m tests.archive.torchscript.sweep out FILE TESTS...` runs
tests and counts.
"""

from __future__ import annotations

import collections
import copy
import io
import json
import re
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

import tsir
from tsir.dialects import type_codes
from tsir.dialects.dtypes import dtype
from tsir.dialects.values import EnumMember
from tsir.runtime.compiled import ScriptModule
from tsir.runtime.methods import CompiledMethod, ScriptFunction

ORDER = ("equal", "not torch.jit's", "refused", "not compared", "differs", "doesn't load", "crashes")
"""What can come of a program, the worst last."""
SECONDS = 20
Outcome = tuple[Any, "BaseException | None"]
"""A result, or an exception."""


class Found(NamedTuple):
    """What came of a program."""

    test: str
    status: str
    why: str


class Differs(Exception):
    """Two results aren't equal."""


class NotCompared(Exception):
    """torch.jit or Python can't be asked for it."""


def plain(value: Any) -> Any:
    """A result in the values that TorchScript has for it: lists for sizes and ranges, tuples for NamedTuples, ints for dtypes."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    if isinstance(value, torch.Tensor):
        return value.detach()
    if isinstance(value, torch.Size | range):
        return list(value)
    if isinstance(value, torch.dtype):
        return type_codes.type_code(dtype(str(value).removeprefix("torch.")))
    if isinstance(value, Enum | EnumMember):
        return "enum", value.name, plain(value.value)
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, tuple):
        return tuple(plain(v) for v in value)
    return value


def compare(wanted: Any, found: Any, where: str = "result") -> None:
    """Raises Differs where two plain values aren't equal; a list is equal to a tuple of the same elements, one way."""
    if isinstance(wanted, torch.Tensor):
        if not isinstance(found, torch.Tensor):
            raise Differs(f"{where}: {type(found).__name__} for a tensor")
        if (wanted.dtype, wanted.shape) != (found.dtype, found.shape):
            raise Differs(f"{where}: {found.dtype} {[*found.shape]}, not {wanted.dtype} {[*wanted.shape]}")
        if wanted.is_sparse or wanted.is_quantized:
            return
        try:
            torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5, equal_nan=True)
        except AssertionError as error:
            raise Differs(f"{where}: {str(error).splitlines()[0]} {found.flatten()[:6]} {wanted.flatten()[:6]}") from None
    elif isinstance(wanted, list | tuple) and isinstance(found, list | tuple):
        if isinstance(wanted, list) and isinstance(found, tuple):
            raise Differs(f"{where}: tuple for a list")
        if len(wanted) != len(found):
            raise Differs(f"{where}: {len(found)} elements, not {len(wanted)}")
        for i, (a, b) in enumerate(zip(wanted, found, strict=True)):
            compare(a, b, f"{where}[{i}]")
    elif isinstance(wanted, dict) and isinstance(found, dict):
        if [*map(plain, wanted)] != [*map(plain, found)]:
            raise Differs(f"{where}: keys {[*found]}, not {[*wanted]}")
        for (k, a), b in zip(wanted.items(), found.values(), strict=True):
            compare(a, b, f"{where}[{k!r}]")
    elif isinstance(wanted, float | complex) and type(wanted) is type(found):
        if not np.isclose(found, wanted, rtol=1e-6, atol=1e-9, equal_nan=True):
            raise Differs(f"{where}: {found!r}, not {wanted!r}")
    elif wanted is None or isinstance(wanted, int | float | complex | str | list | tuple | dict):
        if type(wanted) is not type(found) or wanted != found:
            raise Differs(f"{where}: {type(found).__name__} {found!r}, not {type(wanted).__name__} {wanted!r}"[:300])
    elif isinstance(wanted, torch.device):
        if str(wanted) != str(found):
            raise Differs(f"{where}: {found}, not {wanted}")
    else:
        raise NotCompared(f"a result of type {type(wanted).__name__}")


@contextmanager
def limited(seconds: int = SECONDS) -> Iterator[None]:
    """Raises TimeoutError in what takes longer."""

    def late(_number: int, _frame: Any) -> None:
        raise TimeoutError(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def called(program: Any, name: str | None, arguments: Any) -> Any:
    """A call of a program, or of a method of its."""
    function = program if name is None else getattr(program, name)
    return function(*arguments[0], **arguments[1])


class Passed:
    """A program that goes through an archive, and what came of its calls so far."""

    def __init__(self, compiled: Any) -> None:
        self.compiled = compiled
        self.loaded: Any = None
        self.status, self.why = "not compared", "no calls"

    def found(self, status: str, why: str = "") -> None:
        """Notes what came of saving, loading or a call: the worst stays."""
        if self.why == "no calls" or ORDER.index(status) > ORDER.index(self.status):
            self.status, self.why = status, why

    def ready(self) -> None:
        """Before a call."""

    def expected(self, name: str | None, arguments: Any, outcome: Outcome) -> list[Outcome]:
        """What the loaded program may give for what the compiled one gave: the first, or else another of them."""
        return [outcome]

    def call(self, name: str | None, arguments: Any, outcome: Outcome) -> None:
        """Calls the loaded program as a test has called the compiled one."""
        wanted = self.expected(name, arguments, outcome)
        found: Outcome
        try:
            with limited():
                found = called(self.loaded, name, arguments), None
        except Exception as error:  # noqa: BLE001  (whatever torch raises is compared)
            found = None, error
        compared = [judged(w, found) for w in wanted]
        self.found(*min(compared, key=lambda c: ORDER.index(c[0])))


def judged(wanted: Outcome, found: Outcome) -> tuple[str, str]:
    """What came of a call, and why."""
    if isinstance(found[1], TimeoutError):
        return "differs", str(found[1])
    if found[1] is not None:
        return ("equal", "") if isinstance(wanted[1], Exception) else _raised(found[1])
    if wanted[1] is not None:
        return "differs", f"{type(wanted[1]).__name__} isn't raised"
    try:
        compare(plain(wanted[0]), plain(found[0]))
    except Differs as differs:
        return "differs", str(differs)
    except NotCompared as other:
        return "not compared", str(other)
    return "equal", ""


class Out(Passed):
    """What tsir compiled, written for torch.jit and loaded by it: before each call for which it has other attributes than before."""

    def __init__(self, _source: Any, compiled: Any) -> None:
        super().__init__(compiled)
        self.content = b""

    def ready(self) -> None:
        buffer = io.BytesIO()
        try:
            self.compiled.save_torchscript(buffer)
        except tsir.TsirError as error:
            return self.found("refused", error.message)
        except Exception as error:  # noqa: BLE001  (a bug: it's counted)
            return self.found("doesn't load", f"saving: {type(error).__name__}: {error}")
        content = buffer.getvalue()
        if content != self.content:
            self.content, self.loaded = content, None
            try:
                self.loaded = self.load(io.BytesIO(content))
            except Exception as error:  # noqa: BLE001
                self.found("doesn't load", _shown(str(error)))

    def load(self, file: io.BytesIO) -> Any:
        """Loads what was written."""
        return torch.jit.load(file)

    def call(self, name: str | None, arguments: Any, outcome: Outcome) -> None:
        super().call(name, arguments, outcome)
        if isinstance(self.compiled, ScriptModule):
            theirs, ours = self.loaded.state_dict(), dict(self.compiled.state_dict())
            try:
                compare({k: plain(ours.get(k)) for k in theirs}, {k: plain(v) for k, v in theirs.items()}, "state")
            except Differs as differs:
                self.found("differs", str(differs))


class Again(Out):
    """What tsir compiled, written for torch.jit and loaded by tsir."""

    def load(self, file: io.BytesIO) -> Any:
        return tsir.load(file)


class In(Passed):
    """What torch.jit makes of a program, saved and loaded by tsir: the results are torch.jit's own, or else Python's."""

    def __init__(self, source: Any, compiled: Any) -> None:
        super().__init__(compiled)
        self.oracle: Any = None
        buffer = io.BytesIO()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                torch.jit.save(torch.jit.script(source), buffer)
            self.oracle = torch.jit.load(io.BytesIO(buffer.getvalue()))
        except Exception as error:  # noqa: BLE001  (torch.jit hasn't everything)
            return self.found("not torch.jit's", type(error).__name__)
        try:
            self.loaded = tsir.load(io.BytesIO(buffer.getvalue()))
        except tsir.TsirError as error:
            self.found("refused", error.message)
        except Exception as error:  # noqa: BLE001
            self.found("doesn't load", f"{type(error).__name__}: {error}")

    def expected(self, name: str | None, arguments: Any, outcome: Outcome) -> list[Outcome]:
        state = torch.random.get_rng_state()
        try:
            with limited():
                return [(called(self.oracle, name, copy.deepcopy(arguments)), None), outcome]
        except Exception as error:  # noqa: BLE001  (compared)
            return [(None, error), outcome]
        finally:
            torch.random.set_rng_state(state)


_ARGUMENTS = re.compile(
    r"Expected a value of type|Unknown keyword argument|missing value for argument|Cannot cast|Only tensors|"
    r"expected at most|is not an? (instance|object)|couldn't (be )?convert|Can't|toIValue|Unable to cast|has no attribute or method"
)

"""What torch.jit says of arguments that its functions can't be given from Python."""
_LEAVING = re.compile(r"Unknown reference to ScriptClass|classType INTERNAL ASSERT FAILED|Tracer cannot infer type of")
"""What it says of enums and objects that Python can't have, as the process has no such class, and of empty containers."""


def _raised(error: Exception) -> tuple[str, str]:
    text = " | ".join(t for t in str(error).strip().splitlines() if t.strip())
    if _LEAVING.search(text) or (_ARGUMENTS.search(text) and "Traceback of TorchScript" not in text):
        return "not compared", f"{type(error).__name__}: {text[:300]}"
    return "differs", f"{type(error).__name__}: {text[-400:]}"


def _shown(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip() and not re.fullmatch(r"[ ~.<=HERE-]+", line)]
    return " | ".join(line.strip() for line in lines)[:700]


KINDS: Mapping[str, type[Out | In]] = {"out": Out, "in": In, "again": Again}


class Sweep:
    """The plugin."""

    def __init__(self, direction: str, target: Path) -> None:
        self.kind = KINDS[direction]
        self.target = target
        self.programs: dict[int, Passed] = {}
        self.depth = 0
        self.test = ""
        self.originals: list[tuple[Any, str, Any]] = []

    # pytest's hooks

    def pytest_configure(self, config: Any) -> None:
        self.patch(tsir, "script", self.script)
        for cls in (ScriptModule, CompiledMethod, ScriptFunction):
            self.patch(cls, "__call__", self.call)

    def pytest_unconfigure(self, config: Any) -> None:
        for owner, name, original in self.originals:
            type.__setattr__(owner, name, original) if isinstance(owner, type) else setattr(owner, name, original)

    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        done = {e["starts"] for e in entries(self.target) if "starts" in e}
        as_written = [i for i in items if not hasattr(i, "callspec") or i.callspec.params.get("form") != "printed"]
        items[:] = [i for i in as_written if i.nodeid not in done]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: Any) -> Iterator[None]:
        self.test = item.nodeid
        with self.target.open("a") as file:
            file.write(json.dumps({"starts": self.test}) + "\n")
        try:
            return (yield)
        finally:
            with self.target.open("a") as file:
                for passed in self.programs.values():
                    file.write(json.dumps(Found(self.test, passed.status, passed.why)._asdict()) + "\n")
            self.programs.clear()

    # What is patched

    def patch(self, owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
        original = getattr(owner, name)
        self.originals.append((owner, name, original))

        def patched(*arguments: Any, **keywords: Any) -> Any:
            return wrapper(original, *arguments, **keywords)

        type.__setattr__(owner, name, patched) if isinstance(owner, type) else setattr(owner, name, patched)

    def script(self, original: Any, obj: Any, *arguments: Any, **keywords: Any) -> Any:
        self.depth += 1
        try:
            compiled = original(obj, *arguments, **keywords)
            if self.depth == 1 and isinstance(compiled, ScriptModule | CompiledMethod):
                state = torch.random.get_rng_state()
                self.programs[id(compiled)] = self.kind(obj, compiled)
                torch.random.set_rng_state(state)
            return compiled
        finally:
            self.depth -= 1

    def call(self, original: Any, compiled: Any, *arguments: Any, **keywords: Any) -> Any:
        holder = compiled._owner if isinstance(compiled, CompiledMethod) else None
        known = self.programs.get(id(compiled))
        name: str | None = None
        if known is None and holder is not None and (known := self.programs.get(id(holder))) is not None:
            name = compiled.name
        if known is None or self.depth:
            return original(compiled, *arguments, **keywords)
        self.depth += 1
        try:
            before = torch.random.get_rng_state()
            known.ready()
            try:
                copied = copy.deepcopy((arguments, keywords))
            except Exception as error:  # noqa: BLE001  (not all that is passed can be copied)
                known.found("not compared", f"arguments: {error}")
                return original(compiled, *arguments, **keywords)
            torch.random.set_rng_state(before)
            result, raised = None, None
            try:
                result = original(compiled, *arguments, **keywords)
            except BaseException as error:  # noqa: BLE001  (goes on below)
                raised = error
            after = torch.random.get_rng_state()
            torch.random.set_rng_state(before)
            if known.loaded is not None:
                known.call(name, copied, (result, raised))
            torch.random.set_rng_state(after)
            if raised is not None:
                raise raised
            return result
        finally:
            self.depth -= 1


def entries(target: Path) -> list[dict[str, str]]:
    """The lines that sweeps have written so far."""
    return [json.loads(line) for line in target.read_text().splitlines()] if target.exists() else []


def counted(target: Path) -> dict[str, list[Found]]:
    """What a sweep has written, by status."""
    found: dict[str, list[Found]] = {o: [] for o in ORDER}
    for entry in entries(target):
        if "starts" not in entry:
            found[entry["status"]].append(Found(**entry))
    return found


def reason(why: str) -> str:
    """A reason without what is particular to a program."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "…", why)[:140]


_OPTIONS = ["-q", "-p", "no:cacheprovider", "-W", "ignore", "--no-header", "--tb=no"]


def swept(direction: str, target: Path, tests: list[str]) -> dict[str, list[Found]]:
    """Runs tests with the plugin, in a process of their own; what ends the process is noted, and the tests behind it go on."""
    target.unlink(missing_ok=True)
    while True:
        child = subprocess.run([sys.executable, "-m", __spec__.name, "--here", direction, str(target), *tests])
        if child.returncode >= 0:
            return counted(target)
        last, name = entries(target)[-1]["starts"], signal.Signals(-child.returncode).name
        found = Found(last, "crashes" if direction == "out" else "not torch.jit's", name)  # only torch ends processes
        with target.open("a") as file:
            file.write(json.dumps(found._asdict()) + "\n")


def main(arguments: list[str]) -> int:
    """Sweeps and prints what came of the programs, with the reasons and how frequent they are."""
    if arguments[0] == "--here":
        return pytest.main([*_OPTIONS, *arguments[3:]], plugins=[Sweep(arguments[1], Path(arguments[2]))])
    direction, target, *tests = arguments
    for status, found in swept(direction, Path(target), tests).items():
        print(f"{status}: {len(found)}")
        if status != "equal":
            for why, count in collections.Counter(reason(e.why) for e in found).most_common(60):
                print(f"    {count:4} {why}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
