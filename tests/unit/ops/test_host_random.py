"""torch's random streams: every distribution equals torch's own numbers, bit for bit, over several seeds and calls."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tsir.ops import host_random as h  # noqa: E402

E = np.empty
PROBABILITIES = np.linspace(0.02, 0.98, 50)
WEIGHTS = np.abs(np.sin(np.arange(27, dtype=np.float32))).reshape(3, 9) + np.float32(0.1)

CASES = {
    **{f"randn of {n}": (lambda n=n: torch.randn(n), lambda n=n: h.fill_normal(E(n, "f4"))) for n in (3, 16, 20, 1000)},
    **{
        f"normal_ of {n} doubles": (
            lambda n=n: torch.empty(n, dtype=torch.float64).normal_(1.5, 0.3),
            lambda n=n: h.fill_normal(E(n, "f8"), 1.5, 0.3),
        )
        for n in (3, 16, 20, 1000)
    },
    "normal_": (lambda: torch.empty(100).normal_(1.5, 0.3), lambda: h.fill_normal(E(100, "f4"), 1.5, 0.3)),
    "complex": (lambda: torch.randn(40, dtype=torch.complex64), lambda: h.fill_normal(E(40, "c8"))),
    "transposed": (lambda: torch.empty(5, 7).t().normal_(), lambda: h.fill_normal(E((5, 7), "f4").T)),
    "strided": (lambda: torch.empty(5, 7)[:, ::2].normal_(), lambda: h.fill_normal(E((5, 7), "f4")[:, ::2])),
    "rand": (lambda: torch.rand(50), lambda: h.fill_uniform(E(50, "f4"))),
    "rand, double": (lambda: torch.rand(50, dtype=torch.float64), lambda: h.fill_uniform(E(50, "f8"))),
    "rand, half": (lambda: torch.rand(5000, dtype=torch.float16), lambda: h.fill_uniform(E(5000, "f2"))),
    "uniform_": (lambda: torch.empty(50).uniform_(-1.3, 2.7), lambda: h.fill_uniform(E(50, "f4"), -1.3, 2.7)),
    "uniform_, transposed": (
        lambda: torch.empty(5, 7).t().uniform_(-1.3, 2.7),
        lambda: h.fill_uniform(E((5, 7), "f4").T, -1.3, 2.7),
    ),
    "randint": (lambda: torch.randint(-3, 10, (50,)), lambda: h.fill_integers(E(50, "i8"), -3, 10)),
    "randint, below 2**28": (
        lambda: torch.randint(0, 2**28 - 1, (50,)),
        lambda: h.fill_integers(E(50, "i8"), 0, 2**28 - 1),
    ),
    "randint, from 2**28": (lambda: torch.randint(0, 2**28, (50,)), lambda: h.fill_integers(E(50, "i8"), 0, 2**28)),
    "randint, wide": (lambda: torch.randint(-3, 2**33, (50,)), lambda: h.fill_integers(E(50, "i8"), -3, 2**33)),
    **{
        f"random_ of {t}": (
            lambda t=t: torch.empty(50, dtype=getattr(torch, t)).random_(),
            lambda t=t: h.fill_full_range(E(50, t)),
        )
        for t in ("int64", "int32", "int16", "int8", "uint8", "bool", "float16", "float32", "float64")
    },
    "bernoulli_": (lambda: torch.empty(50).bernoulli_(0.3), lambda: h.fill_bernoulli(E(50, "f4"), 0.3)),
    "bernoulli": (
        lambda: torch.bernoulli(torch.tensor(PROBABILITIES)),
        lambda: h.fill_bernoulli(E(50, "f8"), PROBABILITIES),
    ),
    "exponential_": (lambda: torch.empty(50).exponential_(2.0), lambda: h.fill_exponential(E(50, "f4"), 2.0)),
    "cauchy_": (lambda: torch.empty(50).cauchy_(1, 2.0), lambda: h.fill_cauchy(E(50, "f4"), 1, 2.0)),
    "log_normal_": (lambda: torch.empty(50).log_normal_(1, 2.0), lambda: h.fill_log_normal(E(50, "f4"), 1, 2.0)),
    "geometric_": (lambda: torch.empty(50).geometric_(0.3), lambda: h.fill_geometric(E(50, "f4"), 0.3)),
    "randperm": (lambda: torch.randperm(50), lambda: h.permutation(50)),
    "multinomial": (
        lambda: torch.multinomial(torch.tensor(WEIGHTS), 5, True),
        lambda: h.sample_categories(WEIGHTS, 5, True),
    ),
    "multinomial of one": (
        lambda: torch.multinomial(torch.tensor(WEIGHTS), 1, True),
        lambda: h.sample_categories(WEIGHTS, 1, True),
    ),
    "multinomial without replacement": (
        lambda: torch.multinomial(torch.tensor(WEIGHTS), 5),
        lambda: h.sample_categories(WEIGHTS, 5, False),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_stream_equals_torchs(name, monkeypatch):
    monkeypatch.setattr(h.DEFAULT, "outside", None)
    reference, mine = CASES[name]
    for seed in (0, 1, 123456789012):
        torch.manual_seed(seed)
        h.DEFAULT.manual_seed(seed)
        for _ in range(3):
            expected, got = reference().numpy(), mine()
            assert got.dtype == expected.dtype
            np.testing.assert_array_equal(got, expected)


def test_one_stream_serves_all_distributions():
    torch.manual_seed(7)
    generator = h.Generator(7)
    expected = [torch.randn(3), torch.rand(2), torch.randint(0, 9, (4,)), torch.randn(2), torch.randperm(5)]
    got = [
        h.fill_normal(E(3, "f4"), generator=generator),
        h.fill_uniform(E(2, "f4"), generator=generator),
        h.fill_integers(E(4, "i8"), 0, 9, generator),
        h.fill_normal(E(2, "f4"), generator=generator),
        h.permutation(5, generator),
    ]
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a, b.numpy())
    assert generator.initial_seed() == 7
