"""Programs of torch.export against the modules that torch makes of them: from memory, .pt2 files and archives, and decomposed."""

from __future__ import annotations

import copy
import io
import json
import random
import zipfile
from typing import Any

import pytest
import torch

import tsir
from tests.conformance.exported.comparison import compare
from tests.conformance.exported.programs import CASES, Case

QUICK = {
    "equal_batches", "derived_sizes", "arithmetic", "nested", "dataclasses", "keywords", "constants", "Counter", "changes_its_input",
    "branches", "loop", "scanned", "numbers", "named_tuples", "variadic_sizes",
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


def _mutated(text: bytes, rng: random.Random) -> str:
    """The JSON text with one of its parts taken out, replaced or repeated."""
    value = json.loads(text)
    places: list[tuple[Any, Any]] = []
    pending = [value]
    while pending:
        holder = pending.pop()
        keys: Any = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        places += [(holder, k) for k in keys]
        pending += [holder[k] for k in keys]
    holder, key = rng.choice(places)
    others = [None, -1, 10**20, "", [], {}, True, 1.5, "Symbol('s9')*3", [[1]], {"as_none": True}]
    match rng.randrange(3):
        case 0:
            del holder[key]
        case 1:
            holder[key] = rng.choice(others)
        case _ if isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        case _:
            holder[f"{key}s"] = holder.pop(key)
    return json.dumps(value)


@pytest.mark.parametrize("seed", range(3))
def test_damaged_files_are_refused(seed: int) -> None:
    file, rng = io.BytesIO(), random.Random(seed)
    torch.export.save(exported(next(c for c in CASES if c.name == "nested")), file)
    with zipfile.ZipFile(file) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    changed = next(n for n in members if n.endswith("/models/model.json"))
    refused = 0
    for _ in range(40):
        mutant = io.BytesIO()
        with zipfile.ZipFile(mutant, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, _mutated(content, rng) if name == changed else content)
        mutant.seek(0)
        try:
            tsir.load(mutant)
        except tsir.TsirError:
            refused += 1
    assert refused


class DifferentiatedWhileExported(torch.nn.Module):
    """torch keeps a wrapper of torch.func's as a constant, and can't run the program, either."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.func.grad(lambda t: (t**2).sum())(x)


def test_what_torch_cannot_decompose_is_refused() -> None:
    program = torch.export.export(DifferentiatedWhileExported(), (torch.ones(3),))
    with pytest.raises(tsir.TsirError, match="torch can't write as ATen's operators"):
        tsir.from_exported(program)


class UnderAutocast(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y = self.linear(x)
            with torch.autocast("cpu", enabled=False):
                z = x @ x
            w = torch.prod(y, 0)
        return y, z, w, x @ x


def test_autocast_in_a_file_casts() -> None:
    module, x = UnderAutocast().eval(), torch.rand(4, 4)
    file = io.BytesIO()
    with torch.no_grad():
        torch.export.save(torch.export.export(module, (x,)), file)
        expected = module(x)
    for ours, theirs in zip(tsir.load(io.BytesIO(file.getvalue()))(x), expected, strict=True):
        assert ours.dtype == theirs.dtype
        torch.testing.assert_close(ours, theirs, rtol=0.02, atol=0.02)
