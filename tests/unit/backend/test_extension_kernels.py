"""The kernels of linalg_ext's operations against torch: NaN, ties, duplicates, negative positions."""

import numpy as np
import pytest
import torch

from tsir.backend.numpy import extension_kernels as kernels
from tsir.errors import OperatorError, OperatorIndexError


def with_nan(shape: tuple[int, ...]) -> np.ndarray:
    x = np.random.default_rng(0).integers(0, 5, shape).astype(np.float32)
    x[0, 1] = np.nan
    return x


@pytest.mark.parametrize("descending", [False, True])
def test_sort(descending: bool) -> None:
    x = with_nan((4, 20))
    values, order = kernels.sort(x, dim=1, descending=descending)
    expected, places = torch.from_numpy(x).sort(dim=1, descending=descending, stable=True)
    np.testing.assert_array_equal(values, expected.numpy())
    np.testing.assert_array_equal(order, places.numpy())


@pytest.mark.parametrize("largest", [False, True])
@pytest.mark.parametrize("size", [10, 200])
def test_topk(largest: bool, size: int) -> None:
    x = np.random.default_rng(0).normal(size=(3, size)).astype(np.float32)
    values, order = kernels.topk(x, dim=1, k=7, largest=largest)
    expected, places = torch.from_numpy(x).topk(7, 1, largest=largest)
    np.testing.assert_array_equal(values, expected.numpy())
    np.testing.assert_array_equal(order, places.numpy())
    with pytest.raises(OperatorError, match="out of range"):
        kernels.topk(x, dim=1, k=size + 1)


@pytest.mark.parametrize(("kind", "function"), [("max", torch.cummax), ("min", torch.cummin)])
def test_running_extremes(kind: str, function) -> None:
    x = with_nan((4, 6))
    values, places = kernels.scan(x, kind=kind, dim=1, indices=True)
    expected = function(torch.from_numpy(x), 1)
    np.testing.assert_array_equal(values, expected.values.numpy())
    np.testing.assert_array_equal(places, expected.indices.numpy())


def test_running_sum_of_many_float32() -> None:
    x = np.full(1_000_000, 0.1, np.float32)
    np.testing.assert_allclose(kernels.scan(x, kind="add", dim=0)[-1], torch.from_numpy(x).cumsum(0)[-1].item(), rtol=1e-6)


def test_gather() -> None:
    rng = np.random.default_rng(0)
    x, i = rng.normal(size=(4, 5, 6)), rng.integers(-4, 4, 7)
    np.testing.assert_array_equal(kernels.gather(x, i[:, None], dims=(1,), batch_pos=1, wrap=True), x[:, i])
    both = np.stack([i % 4, i % 6], -1)
    np.testing.assert_array_equal(kernels.gather(x, both, dims=(0, 2)), x[i % 4, :, i % 6])
    np.testing.assert_array_equal(kernels.gather(x, both, dims=(0, 2), batch_pos=1), x[i % 4, :, i % 6].swapaxes(0, 1))
    with pytest.raises(OperatorIndexError, match="index -1 is out of bounds for dimension 1 with size 5"):
        kernels.gather(x, np.array([[-1]]), dims=(1,), batch_pos=1)


def test_scatter() -> None:
    i = np.array([1, 3, 1, 0])
    rows = np.arange(8.0).reshape(4, 2)
    for kind, expected in (("set", [[6, 7], [4, 5], [0, 0], [2, 3]]), ("add", [[6, 7], [4, 6], [0, 0], [2, 3]])):
        found = kernels.scatter(rows, i[:, None], init=np.zeros((4, 2)), kind=kind, dims=(0,))
        np.testing.assert_array_equal(found, expected)


def test_unique() -> None:
    x = np.array([3.0, 1.0, np.nan, 3.0, np.nan])
    values, inverse, counts = kernels.unique(x, sorted=True)
    expected = torch.from_numpy(x).unique(return_inverse=True, return_counts=True)
    for found, wanted in zip((values, inverse, counts), expected):
        np.testing.assert_array_equal(found, wanted.numpy())
    found = kernels.unique(np.array([3, 3, 1, 1, 3]), consecutive=True)
    assert [f.tolist() for f in found] == [[3, 1, 3], [0, 0, 1, 1, 2], [2, 2, 1]]


def test_fft() -> None:
    x = np.random.default_rng(0).normal(size=(3, 8))
    z, t = x + 1j, torch.from_numpy(x)
    one = {"dims": (1,)}
    pairs = [
        (kernels.fft(x, kind="r2c", norm="none", **one), torch.fft.rfft(t)),
        (kernels.fft(z, kind="c2c", norm="none", **one), torch.fft.fft(torch.from_numpy(z))),
        (kernels.fft(z, kind="c2c", norm="by_n", inverse=True, **one), torch.fft.ifft(torch.from_numpy(z))),
        (kernels.fft(np.fft.rfft(x), kind="c2r", norm="by_n", inverse=True, samples=8, **one), t),
        (kernels.fft(z, kind="c2r", norm="none", samples=14, **one), torch.fft.hfft(torch.from_numpy(z))),
        (kernels.fft(x, kind="r2c", norm="by_n", inverse=True, **one), torch.fft.ihfft(t)),
    ]
    for found, expected in pairs:
        np.testing.assert_allclose(found, expected.resolve_conj().numpy(), rtol=1e-10, atol=1e-12)


def test_searchsorted_and_bincount() -> None:
    edges, values = np.array([1.0, 2.0, 2.0, 5.0]), np.array([2.0, np.nan, 7.0, 0.0])
    for right in (False, True):
        expected = torch.searchsorted(torch.from_numpy(edges), torch.from_numpy(values), right=right)
        np.testing.assert_array_equal(kernels.searchsorted(edges, values, right=right), expected.numpy())
    np.testing.assert_array_equal(kernels.bincount(np.array([1, 3, 1]), minlength=6), [0, 2, 0, 1, 0, 0])
    with pytest.raises(OperatorError):
        kernels.bincount(np.array([-1]))
