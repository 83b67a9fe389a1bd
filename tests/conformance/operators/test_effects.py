"""Operators with effects that their schemas don't show, and random operators composed of others, against torch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tsir.backend.numpy.dispatch import operator  # noqa: E402
from tsir.ops import host_random  # noqa: E402


@pytest.mark.parametrize("shape", [(4, 3, 5), (6, 3), (2, 3, 4, 4)])
def test_batch_norm_in_training_moves_its_statistics(shape):
    torch.manual_seed(0)
    x, weight, bias = torch.randn(shape), torch.rand(3), torch.rand(3)
    mean, variance = torch.zeros(3), torch.ones(3)
    mine = [np.array(v.numpy()) for v in (x, weight, bias, mean, variance)]
    for _ in range(3):
        expected = torch.batch_norm(x, weight, bias, mean, variance, True, 0.1, 1e-5, False)
        got = operator("batch_norm")(*mine, True, 0.1, 1e-5, False)
    np.testing.assert_allclose(got, expected.numpy(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(mine[3], mean.numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(mine[4], variance.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("p", [0.3, 0.5, 1.0])
@pytest.mark.parametrize("name", ["dropout", "feature_dropout", "alpha_dropout"])
def test_dropout_draws_torchs_numbers(name, p):
    x = torch.arange(1.0, 61.0).reshape(3, 4, 5)
    for seed in (0, 5):
        torch.manual_seed(seed)
        expected = getattr(torch, name)(x, p, True)
        # Whichever of the two generators is in use: torch's, once a compiled function was called with torch's tensors.
        torch.manual_seed(seed)
        host_random.DEFAULT.manual_seed(seed)
        got = operator(name)(np.array(x.numpy()), p, True)
        np.testing.assert_allclose(got, expected.numpy(), rtol=1e-6, atol=1e-6)
