"""torch.nn's modules and functional forms, exported and saved by torch, called by a process without torch."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conformance.exported.without_torch import Program, check, check_here, programs, write

NOT_EXPORTED = {
    "GuardOnDataDependentSymNode": "torch wants to know the value of a tensor",
    "DynamicOutputShapeException": "torch has no symbolic shape for a result",
    "'weight' must be 2-D": "the database has embedding's arguments in another order than the call",
    "Expected tensor for argument #1 'indices'": "the same",
    "one_hot is only applicable": "the sample is one that fails",
}
"""Why torch doesn't export some."""

QUICK = ("BatchNorm1d(3) of",)


def checked(folder: Path, cases: list[Program], check: Callable[[Path], dict[str, str]]) -> None:
    refused = write(folder, cases)
    assert len(refused) < 0.1 * len(cases)
    unknown = {name: why for name, why in refused.items() if not any(known in why for known in NOT_EXPORTED)}
    assert not unknown
    wrong = check(folder)
    assert not wrong, "\n".join(f"{name}: {why}" for name, why in wrong.items())


def test_some_modules(tmp_path: Path) -> None:
    """In this process, for another one takes seconds to start; `unit/test_without_torch.py` has one."""
    chosen = [next(p for p in programs(functions=False) if p.name.startswith(name)) for name in QUICK]
    checked(tmp_path, chosen, check_here)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_all(part: int, tmp_path: Path) -> None:
    checked(tmp_path, programs()[part::4], check)
