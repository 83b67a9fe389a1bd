"""Random numbers of compiled programs are eager's after the same seed, and leave the generator where eager leaves it."""

import re
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent))

from dtype_rules import function, outcome  # noqa: E402

import tsir  # noqa: E402

SIZES = (5, 17, 40)
"""Less than a block of sixteen, one more than a block, and some blocks with a rest."""

FLOATS = (
    "torch.rand(N, dtype=D)", "torch.randn(N, dtype=D)", "torch.empty(N, dtype=D).uniform_(-2, 3)",
    "torch.empty(N, dtype=D).normal_(1, 2)", "torch.empty(N, dtype=D).exponential_(0.7)", "torch.empty(N, dtype=D).cauchy_(1, 2)",
    "torch.empty(N, dtype=D).log_normal_(1, 0.5)", "torch.empty(N, dtype=D).geometric_(0.3)",
    "torch.bernoulli(torch.full((N,), 0.3, dtype=D))", "torch.empty(N, dtype=D).bernoulli_(0.3)",
    "torch.nn.functional.dropout(torch.ones(N, dtype=D), 0.4)", "torch.nn.functional.dropout2d(torch.ones(2, N, 3, 3, dtype=D), 0.4)",
    "torch.nn.functional.alpha_dropout(torch.ones(N, dtype=D), 0.4, True)",
    "torch.nn.functional.rrelu(torch.linspace(-1, 1, N, dtype=D), 0.1, 0.3, True)",
    "torch.normal(torch.zeros(N, dtype=D), torch.ones(N, dtype=D))", "torch.normal(0.5, torch.ones(N, dtype=D))",
    "torch.empty(3, N, dtype=D).t().uniform_()", "torch.empty(3, N, dtype=D).t().normal_()",
    "torch.empty(N, 3, dtype=D)[:, ::2].normal_()", "torch.rand_like(torch.ones(N, 2, dtype=D))",
    "torch.randn_like(torch.ones(N, 2, dtype=D))", "torch.poisson(torch.full((N,), 3.5, dtype=D))",
    "torch.poisson(torch.full((N,), 35.0, dtype=D))", "torch.multinomial(torch.linspace(1, 2, N + 1, dtype=D), N)",
    "torch.multinomial(torch.linspace(1, 2, N + 1, dtype=D), 5, replacement=True)",
    "torch.binomial(torch.full((N,), 10.0, dtype=D), torch.full((N,), 0.3, dtype=D))",
    "torch.binomial(torch.full((N,), 99.0, dtype=D), torch.full((N,), 0.7, dtype=D))",
    "torch._standard_gamma(torch.full((N,), 0.3, dtype=D))", "torch._sample_dirichlet(torch.full((N, 3), 2.0, dtype=D))",
    "torch.nn.init.kaiming_uniform_(torch.empty(N, 4, dtype=D))", "torch.nn.init.trunc_normal_(torch.empty(N, 4, dtype=D))",
    "torch.empty(N, dtype=torch.int64).normal_()", "torch.empty(N, dtype=torch.int64).exponential_()",
)  # fmt: skip
HALVES = ("torch.rand(N, dtype=D)", "torch.randn(N, dtype=D)", "torch.nn.functional.dropout(torch.ones(N, dtype=D), 0.4)")
OTHERS = (
    "torch.randint(-5, 10, (N,))", "torch.randint(2**28, (N,))", "torch.randint(2**32 + 5, (N,))",
    "torch.randint(-(2**40), 2**40, (N,))",
    "torch.randint(-(2**63), 2**63 - 1, (N,))", "torch.randint(200, (N,), dtype=torch.uint8)", 
    "torch.randint(2, (N,), dtype=torch.bool)",
    "torch.randint(100, (N,), dtype=torch.float16)", "torch.randperm(N)", "torch.randperm(N, dtype=torch.int32)",
    "torch.empty(N, dtype=torch.int64).random_()", "torch.empty(N, dtype=torch.uint8).random_()", "torch.empty(N).random_()",
    "torch.empty(N, dtype=torch.int16).random_(-9, 7)", "torch.empty(N, dtype=torch.int64).geometric_(0.3)",
    "torch.randint_like(torch.ones(N, 2), 5, 9)", "torch.randn(N, dtype=torch.complex64)", "torch.rand(N, dtype=torch.complex64)",
    "torch.randn(N, generator=torch.Generator().manual_seed(7))", "torch.full((N,), torch.initial_seed())",
)  # fmt: skip

TABLE = [
    *[(text.replace("=D", f"={dtype}"), SIZES) for text in FLOATS for dtype in ("torch.float32", "torch.float64")],
    *[(text.replace("=D", f"={dtype}"), SIZES) for text in HALVES for dtype in ("torch.float16", "torch.bfloat16")],
    *[(text, SIZES[1:2]) for text in OTHERS],
]
CLOSE = {torch.float32: 1e-6, torch.complex64: 1e-6, torch.float64: 1e-14, torch.float16: 2e-3, torch.bfloat16: 1e-2}
"""Relative: sines and logarithms of the last bit."""


@pytest.mark.parametrize(("text", "sizes"), TABLE, ids=[text for text, _ in TABLE])
def test_stream_is_eagers(text, sizes):
    number = TABLE.index((text, sizes))
    size = sizes[number % len(sizes)]
    call = re.sub(r"\bN\b", str(size), text)
    eager = function(f"({call}, torch.rand(2), torch.randn(1))", in_place=False)
    compiled = tsir.script(eager)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        expected = outcome(eager, (torch.zeros(1),) * 3)
        torch.manual_seed(3)
        found = outcome(compiled, (torch.zeros(1),) * 3)
    if isinstance(expected, Exception):
        assert isinstance(found, type(expected)), found
        return
    assert not isinstance(found, Exception), found
    for f, e in zip(found, expected, strict=True):
        assert f.dtype is e.dtype
        torch.testing.assert_close(f, e, rtol=CLOSE.get(e.dtype, 0), atol=CLOSE.get(e.dtype, 0))
