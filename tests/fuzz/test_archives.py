"""Some mutants of archives in the default run; `make fuzz-archives` makes many more."""

import io
import resource
import time
from pathlib import Path

import pytest

import tsir
from tests.fuzz.archives import ArchiveMutator, archives, fuzz, run


@pytest.mark.parametrize("seed", [7])
def test_mutants_give_a_program_or_a_tsir_error(seed: int) -> None:
    outcomes, failures = fuzz(300, seed)
    assert not failures, "\n".join(failures)
    assert outcomes["refused"] > 100 and outcomes["opened"] > 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 110))
def test_many_mutants(seed: int) -> None:
    _, failures = fuzz(2000, seed)
    assert not failures, "\n".join(failures)


def test_the_same_seed_gives_the_same_mutants() -> None:
    first, second = ArchiveMutator(archives(), 3), ArchiveMutator(archives(), 3)
    assert [first.mutant() for _ in range(50)] == [second.mutant() for _ in range(50)]


def test_what_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object, **_options: object) -> None:
        raise KeyError("no such thing")

    monkeypatch.setattr("tests.fuzz.archives.load", broken)
    with pytest.raises(KeyError):
        run(b"", deeply=False)
    outcomes, failures = fuzz(20, 0)
    assert outcomes["wrong"] == 20 and all("KeyError" in kind for kind in failures)


@pytest.mark.parametrize("size", [1 << 20, 1 << 28])
def test_long_files_of_nothing_are_refused_at_once(tmp_path: Path, size: int) -> None:
    """Time and memory don't grow with what isn't an archive."""
    path = tmp_path / "m.pt"
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(size)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    for source in (path, io.BytesIO(b"PK" * 100_000)):
        with pytest.raises(tsir.TsirError, match="no intact archive"):
            tsir.load(source)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000 and time.perf_counter() - start < 20


def test_nothing_is_written_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening hostile archives makes no file."""
    monkeypatch.chdir(tmp_path)
    mutator = ArchiveMutator(archives(), 11)
    for _ in range(60):
        run(mutator.mutant()[1], deeply=True)
    assert not list(tmp_path.iterdir())
