"""`.pt2` files of many modules and functions, written by torch and then called by a process that has no torch.

`write` exports and saves in this process; `check` calls the files in one without torch and gives what was wrong by name. The table of
cases is torch.nn's modules (`conformance/modules/cases.py`) and the functional forms in torch's own database of operators.

    python -m tests.conformance.exported.without_torch [PATTERN]     runs what the pattern names, and prints what is wrong
"""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SEED = 11
CHILD = """
from tests.conformance.exported.without_torch import call_all
call_all(sys.argv[1])
"""


@dataclass(frozen=True)
class Program:
    """A module or function and the arguments of a call, made when they are needed."""

    name: str
    make: Callable[[], Any]
    arguments: Callable[[], tuple[Any, ...]]
    is_random: bool = False


def programs(*, functions: bool = True) -> list[Program]:
    """All cases, in a fixed order, each name once; without `functions` the modules alone, for the database takes long to load."""
    found = {p.name: p for p in (*_modules(), *(_functions() if functions else ()))}
    return list(found.values())


def _modules() -> Iterator[Program]:
    from functools import partial

    from tests.conformance.modules.test_torch_modules import CASES, inputs, made

    for mode, constructor, text in CASES:
        yield Program(f"{constructor} of {text}, {mode}", partial(made, constructor, mode), partial(inputs, text))


def _functions() -> Iterator[Program]:
    """The first three samples of each functional form that can be written as a call."""
    import torch
    from torch import nn

    from tests.conformance.operators.database import RANDOM, call_text, full_name, in_scope

    class Function(nn.Module):
        def __init__(self, function: Callable[..., Any]) -> None:
            super().__init__()
            self.function = function

        def forward(self, *tensors: Any) -> Any:
            return self.function(*tensors)

    for entry in in_scope():
        if not entry.name.startswith("nn.functional."):
            continue
        torch.manual_seed(3)
        count = 0
        for sample in entry.sample_inputs("cpu", torch.float32, requires_grad=False):
            call = call_text(entry, sample)
            if call is None or count == 3:
                continue
            count += 1
            names = [f"a{i}" for i in range(len(call.tensors))]
            function = eval(f"lambda {', '.join(names)}: {call.text}", {"torch": torch, "inf": float("inf")})
            tensors = tuple(t.detach().clone() for t in call.tensors)
            yield Program(
                f"{full_name(entry)} {count}",
                lambda function=function: Function(function),
                lambda tensors=tensors: tensors,
                entry.name in RANDOM,
            )


def write(folder: Path, cases: list[Program]) -> dict[str, str]:
    """Saves programs, calls and their results. Gives what torch can't export or save, by name, and why."""
    import copy

    import torch

    refused: dict[str, str] = {}
    written: list[dict[str, Any]] = []
    for number, case in enumerate(cases):
        try:
            with torch.no_grad():
                module, args = case.make(), case.arguments()
                exported = torch.export.export(copy.deepcopy(module), copy.deepcopy(args))
                torch.export.save(exported, folder / f"{number}.pt2")
                given = _plain(copy.deepcopy(args))
                torch.manual_seed(SEED)
                expected = module(*args)
        except Exception as error:  # noqa: BLE001  whatever torch can't do is no case of ours
            refused[case.name] = f"{type(error).__name__}: {str(error)[:200]}"
            continue
        state = {n: _plain(t) for n, t in module.state_dict().items()}
        record = {"name": case.name, "random": case.is_random, "number": number, "args": given, "expected": _plain(expected)}
        written.append({**record, "after": _plain(args), "state": state})
    (folder / "calls.pkl").write_bytes(pickle.dumps(written))
    return refused


def _plain(value: Any) -> Any:
    """A value with arrays for tensors and tuples for NamedTuples."""
    if type(value).__module__ == "torch" and hasattr(value, "numpy"):
        return value.detach().numpy().copy()
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value


def check(folder: Path) -> dict[str, str]:
    """Calls the saved programs in a process without torch; gives what was wrong by name."""
    from tests.unit.test_without_torch import NO_TORCH

    command = [sys.executable, "-c", NO_TORCH + CHILD, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def call_all(folder: str) -> None:
    """The other process: prints what was wrong as JSON."""
    print(json.dumps(check_here(Path(folder))))


def check_here(folder: Path) -> dict[str, str]:
    """As `check`, in this process."""
    wrong: dict[str, str] = {}
    for record in pickle.loads((folder / "calls.pkl").read_bytes()):
        try:
            _call(folder / f"{record['number']}.pt2", record)
        except Exception as error:  # noqa: BLE001  whatever it is, it is wrong
            wrong[record["name"]] = f"{type(error).__name__}: {str(error)[:300]}"
    return wrong


def _call(path: Path, record: dict[str, Any]) -> None:
    import tsir

    module = tsir.load(path)
    args = record["args"]
    tsir.manual_seed(SEED)
    found = module(*args)
    _same(found, record["expected"], "result", record["random"])
    _same(list(args), list(record["after"]), "arguments", record["random"])
    now = module.state_dict()
    for name, value in record["state"].items():
        if name in now:
            _same(now[name], value, name, record["random"])


def _same(found: Any, expected: Any, path: str, is_random: bool) -> None:
    if isinstance(expected, np.ndarray):
        found = found.detach().numpy() if hasattr(found, "detach") else found  # where torch is loaded
        assert isinstance(found, np.ndarray), f"{path}: {type(found).__name__} instead of an array"
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape), (
            f"{path}: {found.dtype} {found.shape}, not {expected.dtype} {expected.shape}"
        )
        if not is_random:
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5, err_msg=path)
    elif isinstance(expected, tuple | list):
        assert isinstance(found, tuple | list) and len(found) == len(expected), f"{path}: {found!r}, not {expected!r}"
        for i, (a, b) in enumerate(zip(found, expected, strict=True)):
            _same(a, b, f"{path}[{i}]", is_random)
    elif isinstance(expected, dict):
        assert list(found) == list(expected), f"{path}: {list(found)}, not {list(expected)}"
        for key, value in expected.items():
            _same(found[key], value, f"{path}[{key!r}]", is_random)
    else:
        assert found == expected, f"{path}: {found!r}, not {expected!r}"


def main() -> None:
    """The command line."""
    pattern = sys.argv[1] if len(sys.argv) > 1 else ""
    start = time.perf_counter()
    chosen = [p for p in programs() if re.search(pattern, p.name)]
    with tempfile.TemporaryDirectory() as name:
        refused = write(Path(name), chosen)
        wrong = check(Path(name))
    for what, found in (("torch can't", refused), ("wrong", wrong)):
        for case, reason in found.items():
            print(f"{what}: {case}: {reason}")
    print(
        f"{len(chosen)} programs, {len(refused)} that torch doesn't export or save, {len(wrong)} wrong; "
        f"{time.perf_counter() - start:.0f} s"
    )


if __name__ == "__main__":
    main()
