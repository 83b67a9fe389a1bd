"""Programs of torch.export against the modules that torch makes of them: from memory, .pt2 files and archives, and decomposed."""

from __future__ import annotations

import copy
import io
from typing import Any

import pytest
import torch

import tsir
from tests.conformance.exported.comparison import compare
from tests.conformance.exported.programs import CASES, Case

QUICK = {
    "equal_batches", "derived_sizes", "arithmetic", "nested", "dataclasses", "keywords", "constants", "Counter", "changes_its_input",
    "branches", "loop", "scanned", "numbers",
}  # fmt: skip
"""Those that are tried by default; exporting takes torch a second for each."""

cases = pytest.mark.parametrize(
    "case", [pytest.param(c, marks=() if c.name in QUICK else pytest.mark.slow) for c in CASES], ids=lambda c: c.name
)


def exported(case: Case, *, strict: bool = False) -> torch.export.ExportedProgram:
    """The program of a case."""
    args, kwargs = copy.deepcopy((case.args, case.kwargs))
    return torch.export.export(case.make(), args, kwargs, dynamic_shapes=case.shapes, strict=strict)


def calls(case: Case) -> list[Any]:
    """All calls to try."""
    return [(case.args, case.kwargs), *case.more, *case.refused]


@cases
def test_from_memory_and_archives(case: Case) -> None:
    program = exported(case)
    module = tsir.from_exported(copy.deepcopy(program))
    archive = io.BytesIO()
    module.save(archive)
    compare(module, copy.deepcopy(program).module(), calls(case))
    archive.seek(0)
    compare(tsir.load(archive), program.module(), calls(case))


@cases
def test_from_files(case: Case) -> None:
    if not case.in_file:
        pytest.skip("torch doesn't save it")
    program, file = exported(case), io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    module = tsir.from_exported(file)
    assert str(module.graph) == str(tsir.from_exported(program).graph)
    compare(module, program.module(), calls(case))


@pytest.mark.slow
@cases
def test_decomposed(case: Case) -> None:
    program = exported(case).run_decompositions()
    compare(tsir.from_exported(copy.deepcopy(program)), program.module(), calls(case))


@pytest.mark.slow
@cases
def test_strictly_exported(case: Case) -> None:
    try:
        program = exported(case, strict=True)
    except Exception as error:  # noqa: BLE001  (torch's strict mode takes less)
        pytest.skip(f"torch: {error}")
    compare(tsir.from_exported(copy.deepcopy(program)), program.module(), calls(case))
