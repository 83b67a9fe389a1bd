"""Random operators of compiled code and torch's generators: one stream."""

import subprocess
import sys
from typing import List, Tuple

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import tsir


def draws(x: Tensor) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    return torch.rand(3), torch.randn(5), torch.randint(10, (4,)), F.dropout(x, 0.5, True), torch.randn(40)


def seeded(seed: int) -> Tensor:
    torch.manual_seed(seed)
    return torch.rand(4)


def of_generator(generator: torch.Generator) -> List[Tensor]:
    return [torch.rand(3, generator=generator), torch.randperm(6, generator=generator)]


def test_compiled_code_draws_from_torchs_stream() -> None:
    compiled = tsir.script(draws)
    x = torch.ones(8)
    for function in (draws, compiled, compiled):
        torch.manual_seed(5)
        mixed = [torch.rand(2), *function(x), torch.randn(3), *function(x), torch.rand(700), *function(x), torch.rand(1)]
        if function is draws:
            expected = mixed
        torch.testing.assert_close(mixed, expected, rtol=1e-6, atol=1e-6)


def test_seeding_inside_and_outside() -> None:
    compiled = tsir.script(seeded)
    for _ in range(3):
        first = torch.stack([compiled(3), torch.rand(4)])
        torch.testing.assert_close(first, torch.stack([seeded(3), torch.rand(4)]), rtol=0, atol=0)
    tsir.manual_seed(11)
    result = torch.rand(3)
    assert torch.initial_seed() == 11
    torch.manual_seed(11)
    assert torch.equal(result, torch.rand(3))


def test_generators_as_arguments() -> None:
    compiled = tsir.script(of_generator)
    ours, theirs = torch.Generator().manual_seed(2), torch.Generator().manual_seed(2)
    for _ in range(3):
        torch.testing.assert_close(compiled(ours), of_generator(theirs), rtol=0, atol=0)
    assert torch.equal(torch.rand(2, generator=ours), torch.rand(2, generator=theirs))


@pytest.mark.parametrize("seed", [0, 7])
def test_without_torch_seeds_give_the_same_stream(tmp_path, seed: int) -> None:
    path = str(tmp_path / "draws.pt")
    tsir.script(draws).save(path)
    text = (
        f"import sys; sys.modules['torch'] = None\nimport tsir, numpy\ntsir.manual_seed({seed})\n"
        f"f = tsir.load({path!r})\nr = f(numpy.ones(8, 'float32'))\nprint(r[1].tolist())"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    torch.manual_seed(seed)
    torch.testing.assert_close(torch.tensor(eval(done.stdout)), draws(torch.ones(8))[1], rtol=1e-6, atol=1e-6)
