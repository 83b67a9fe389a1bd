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
from database import Call, compiled_function, eager_function  # noqa: E402


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
    ("torch.special.round(a0, decimals=1)", f32(4)),
    ("torch.nn.functional.native_channel_shuffle(a0, 2)", f32(1, 4, 2, 2)),
    *[
        (f"torch.nn.functional.affine_grid(a0, {size}, align_corners={align})", f32(2, len(size) - 2, len(size) - 1))
        for size in ([2, 3, 4, 5], [2, 1, 1, 3], [2, 1, 3, 4, 2])
        for align in (False, True)
    ],
    *[(f"torch.{name}(a0)", torch.tensor([1 + 2j, -0.5j, -3 + 0j, 0.25 + 0j])) for name in ("acos", "asin", "atan", "acosh", "asinh")],
    ("torch.logaddexp(a0, a1)", torch.tensor([1 + 2j, -200j, 90 + 1j]), torch.tensor([-1 + 0j, 0.5 + 1j, 88 - 1j])),
    ("torch.logsumexp(a0, 1)", torch.tensor([[1 + 2j, -0.5j], [90 + 1j, 91 + 0j]])),
    ("torch.addmv(a0, a1, a2, beta=0.2, alpha=1.6)", torch.ones(2, dtype=torch.int64), torch.ones(2, 3, dtype=torch.int64),
     torch.arange(3)),
    ("torch.einsum('ij->i', a0)", torch.ones(2, 3, dtype=torch.uint8)),
    ("a0.char()", torch.tensor([1, 200], dtype=torch.uint8)),
    ("torch.dot(a0, a1)", torch.tensor([2**31 - 1, 5], dtype=torch.int32), torch.tensor([3, 7], dtype=torch.int32)),
    ("torch.gcd(a0, a1)", torch.tensor([200, 255], dtype=torch.uint8), torch.tensor([150, 85], dtype=torch.uint8)),
    ("torch.ldexp(a0, a1)", torch.tensor([1e-30, 3.0]), torch.tensor([200, -2])),
    ("torch.div(7, a0, rounding_mode='floor')", torch.tensor([2, -2])),
    ("torch.sub(2, a0, alpha=3)", torch.tensor([2, -2])),
    ("torch.floor_divide(0.3, a0)", torch.tensor([0.1, 7.0], dtype=torch.float64)),
    ("a0 ** False", torch.tensor([True, False])),
    ("torch.nn.functional.batch_norm(a0, a1, a2, training=True)", f32(0), f32(0), f32(0)),
    ("torch.nn.functional.instance_norm(a0, a1, a2, momentum=0.3)", f32(3, 2, 4), f32(2), f32(2).abs()),
    ("torch._native_batch_norm_legit(a0, a1, a2, a3, a4, True, 0.3, 1e-5)", f32(3, 2, 4), f32(2), f32(2, seed=1), f32(2), f32(2)),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(CALLS)), ids=[f"{i}-{text[:60]}" for i, (text, *_) in enumerate(CALLS)])
def test_call_is_eagers(number):
    text, *tensors = CALLS[number]
    why = run_call(Exact, Call(text, tuple(tensors)))
    assert why is None, f"{text}: {why}"


RAISE = [
    "torch.full((2,), 300, dtype=torch.uint8)", "torch.full((2,), float('nan'), dtype=torch.int32)",
    "torch.full((2,), 2j, dtype=torch.float32)", "torch.zeros(2, dtype=torch.int8).fill_(1e10)",
    "torch.zeros(2, dtype=torch.uint8).fill_(-300)", "torch.zeros(2, dtype=torch.uint8).clamp(max=300)",
    "torch.zeros(2, dtype=torch.int8).masked_fill_(torch.tensor([True, False]), 200)",
    "torch.nn.functional.pad(torch.ones(2, dtype=torch.uint8), (1, 1), value=300)", "torch.tensor([3], dtype=torch.uint8) ** 300",
    "torch.where(torch.tensor([True]), torch.ones(1, dtype=torch.uint8), 300)",
]  # fmt: skip


@pytest.mark.parametrize("text", RAISE)
def test_numbers_that_a_dtype_cannot_hold_raise(text):
    with pytest.raises(RuntimeError, match="overflow"):
        eager_function(text, 0)()
    with pytest.raises(RuntimeError, match="overflow"):
        compiled_function(text, 0)()


def test_negative_numbers_wrap_in_uint8():
    assert run_call(Exact, Call("torch.full((2,), -1, dtype=torch.uint8)", ())) is None
