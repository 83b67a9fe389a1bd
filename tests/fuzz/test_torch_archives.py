"""Some mutants of torch's files in the default run; `python -m tests.fuzz.torch_archives` makes many more."""

import pytest

from tests.fuzz.calling import Forbidden, nothing_else
from tests.fuzz.torch_archives import TorchMutator, fuzz, pt2, torchscript


def test_torchscript() -> None:
    outcomes, failures = fuzz(torchscript(2), 40, 2)
    assert not failures, "\n".join(failures)
    assert outcomes["refused"] > 10 and outcomes["called"] > 3


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 104))
def test_many(seed: int) -> None:
    for bases in (torchscript(), pt2()):
        _, failures = fuzz(bases, 1000, seed)
        assert not failures, "\n".join(failures)


def test_the_same_seed_gives_the_same_mutants() -> None:
    bases = torchscript(2)
    first, second = TorchMutator(bases, 3), TorchMutator(bases, 3)
    assert [first.mutant() for _ in range(20)] == [second.mutant() for _ in range(20)]


def test_what_may_not_happen_is_noticed(tmp_path: object) -> None:
    import os

    with pytest.raises(Forbidden, match="for writing"), nothing_else():
        open(f"{tmp_path}/x", "w").close()
    with pytest.raises(Forbidden, match=r"os\.system"), nothing_else():
        os.system("true")
    with nothing_else():
        open(f"{tmp_path}/x").close()
