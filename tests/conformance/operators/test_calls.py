"""Single calls with particular arguments, compiled and compared with eager: where samples of the operator database once differed.

Values, dtypes, shapes and aliasing are compared as for the database (`comparison.py`), and what is written into inputs.
"""

import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")
sys.path.insert(0, str(Path(__file__).parent))

from conformance import run_call  # noqa: E402
from database import Call  # noqa: E402


class Exact:
    """What `run_call` needs of an entry: a name that no looser comparison goes by."""

    name = "call"


def f32(*shape, scale=1.0, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * scale


CALLS = [
    ("a0.sum_to_size(())", torch.ones((), dtype=torch.bool)),
    ("a0.sum_to_size(())", f32(2, 3)),
    ("torch.conj_physical(a0)", f32(3)),
    ("torch.conj_physical(a0)", torch.tensor([1 + 2j, -1j])),
    ("torch.polygamma(1, a0)", torch.tensor([-1.05, -0.3, 0.05, 0.4, 0.6, 3.0, 80.0])),
    ("torch.polygamma(1, a0)", torch.tensor([1, 2, 9])),
    *[
        (f"torch.special.{family}(a0, {degree})", torch.tensor([-3.0, -1.0, -0.7, 0.1, 0.9, 1.0, 2.5]))
        for family in ("chebyshev_polynomial_t", "chebyshev_polynomial_u", "chebyshev_polynomial_v", "chebyshev_polynomial_w",
                       "hermite_polynomial_h", "hermite_polynomial_he", "laguerre_polynomial_l", "legendre_polynomial_p")
        for degree in (5, 12)
    ],
    ("torch.broadcast_shapes((3, 1), (), 5)",),
    ("torch.nn.functional.batch_norm(a0, a1, a2, training=True)", f32(0), f32(0), f32(0)),
    ("torch.nn.functional.instance_norm(a0, a1, a2, momentum=0.3)", f32(3, 2, 4), f32(2), f32(2).abs()),
    ("torch._native_batch_norm_legit(a0, a1, a2, a3, a4, True, 0.3, 1e-5)", f32(3, 2, 4), f32(2), f32(2, seed=1), f32(2), f32(2)),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(CALLS)), ids=[f"{i}-{text[:60]}" for i, (text, *_) in enumerate(CALLS)])
def test_call_is_eagers(number):
    text, *tensors = CALLS[number]
    why = run_call(Exact, Call(text, tuple(tensors)))
    assert why is None, f"{text}: {why}"
