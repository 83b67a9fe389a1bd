"""Edge cases of operators against eager, through tsir.script: empty and 0-d tensors, data-dependent sizes, argument forms."""

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402

import tsir  # noqa: E402


def softmax_of_nothing(x):
    return torch.softmax(x, -1), torch.log_softmax(x, -1)


def split_by_tensor(x):
    return torch.tensor_split(x.flatten(), torch.tensor([1, 3]))


def repeated(x):
    counts = (x.flatten() > 0.5).to(torch.int64) + 1
    return torch.repeat_interleave(x.flatten(), counts) * 2


def classes_by_data(x):
    return torch.nn.functional.one_hot((x.flatten() * 5).to(torch.int64)).sum(0)


def tensordot_forms(x):
    y = x.reshape(4, 3)
    return torch.tensordot(x, y, dims=1), torch.tensordot(x, x, dims=([0, 1], [0, 1]))


def nonzero_forms(x):
    return torch.nonzero(x > 0.5), torch.nonzero(x > 0.5, as_tuple=True)


def spectrum(x):
    return torch.fft.irfft(torch.fft.rfft(x, norm="ortho"), n=4, norm="ortho")


def decomposed(x):
    u, s, v = torch.linalg.svd(x, full_matrices=False)
    return (u * s) @ v, torch.linalg.pinv(x), torch.linalg.matrix_rank(x)


@pytest.mark.parametrize(
    "function",
    [split_by_tensor, repeated, classes_by_data, tensordot_forms, nonzero_forms, spectrum, decomposed],
    ids=lambda f: f.__name__,
)
def test_as_eager(function):
    x = torch.tensor([[0.1, 0.7, 0.3, 0.9], [0.5, 0.2, 0.8, 0.4], [0.6, 0.05, 0.95, 0.65]])
    torch.testing.assert_close(tsir.script(function)(x), function(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 0), (0, 2), (3, 0, 0)])
def test_softmax_of_empty_tensors(shape):
    x = torch.empty(shape)
    torch.testing.assert_close(tsir.script(softmax_of_nothing)(x), softmax_of_nothing(x))


def singular(x):
    return torch.linalg.inv(x)


def not_positive(x):
    return torch.linalg.cholesky(x)


@pytest.mark.parametrize("function", [singular, not_positive])
def test_errors_of_decompositions_are_runtime_errors(function):
    x = torch.tensor([[1.0, 2.0], [2.0, 4.0]]) - 2 * torch.eye(2) * (function is not_positive)
    with pytest.raises(RuntimeError):
        function(x)
    with pytest.raises(RuntimeError, match="linalg"):
        tsir.script(function)(x)


def bytes_counted(x):
    return torch.bincount(x.flatten(), minlength=256), torch.gcd(x, x.flip(0)), torch.lcm(x, x.flip(0))


def test_bytes_above_127():
    x = torch.tensor([200, 3, 255, 128, 127, 250], dtype=torch.uint8)
    for found, expected in zip(tsir.script(bytes_counted)(x), bytes_counted(x), strict=True):
        assert torch.equal(found, expected)


def python_methods(x):
    spectrum = x.stft(4, return_complex=True, window=torch.ones(4))
    return (
        x.unique(),
        x.unique(return_counts=True)[1],
        x.unique_consecutive(),
        x.unique(dim=0),
        spectrum,
        spectrum.istft(4, window=torch.ones(4)),
    )


def test_methods_that_torch_writes_in_python():
    x = torch.tensor([1.0, 3, 3, 1, 2, 2, 5, 5])
    for found, expected in zip(tsir.script(python_methods)(x), python_methods(x), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def normalized_instances(x: torch.Tensor, mean: torch.Tensor, variance: torch.Tensor):
    return torch.nn.functional.instance_norm(x, mean, variance, use_input_stats=True)


@pytest.mark.parametrize("shape", [(0, 3, 4), (2, 3, 0), (2, 3, 4)])
def test_instance_norm_moves_statistics(shape):
    found, expected = ([torch.ones(shape[1]), torch.zeros(shape[1])] for _ in range(2))
    x = torch.arange(float(torch.Size(shape).numel())).reshape(shape)
    result = tsir.script(normalized_instances)(x, *found)
    torch.testing.assert_close(result, normalized_instances(x, *expected))
    torch.testing.assert_close(found, expected, equal_nan=True)


def l1(x, y):
    return F.l1_loss(x, y, reduction="none"), F.l1_loss(x, y, reduction="sum")


def hinge(x, y):
    return F.hinge_embedding_loss(x, y, reduction="none"), F.hinge_embedding_loss(x, y, reduction="sum")


def mean_of_losses(x, y):
    return F.hinge_embedding_loss(x, y)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64], ids=str)
def test_losses_of_integers(dtype):
    """Integers have no mean, and a sum of int64; a margin counts in their dtype."""
    x, y = torch.full((2, 3), 200).to(dtype), torch.tensor([[100, 1, 3], [1, 7, 200]]).to(dtype)
    for function in (l1, hinge):
        for found, expected in zip(tsir.script(function)(x, y), function(x, y), strict=True):
            assert found.dtype == expected.dtype and torch.equal(found, expected)
    with pytest.raises(RuntimeError, match="could not infer output dtype"):
        tsir.script(mean_of_losses)(x, y)


def test_dtypes_of_floats_of_several_widths():
    def several(x, y, w):
        functions = torch.nn.functional
        losses = functions.mse_loss(x, y), functions.l1_loss(x, y), functions.smooth_l1_loss(x, y), functions.kl_div(x, y)
        of_one = functions.huber_loss(x, y), functions.soft_margin_loss(x, y), functions.rms_norm(x, (3,), w)
        with_logits = functions.binary_cross_entropy_with_logits(x, y), functions.poisson_nll_loss(x, y)
        return losses, of_one, with_logits, functions.cosine_similarity(x, y), torch.logaddexp2(x, y)

    compiled = tsir.script(several)
    low, half, single, double = torch.bfloat16, torch.float16, torch.float32, torch.float64
    for a, b in ((low, single), (single, low), (low, half), (double, low)):
        x, y, w = torch.rand(2, 3).to(a), torch.rand(2, 3).to(b), torch.rand(3).to(b)
        found, expected = (torch.utils._pytree.tree_leaves(f(x, y, w)) for f in (compiled, several))
        for ours, theirs in zip(found, expected, strict=True):
            assert ours.dtype == theirs.dtype, (a, b)
            torch.testing.assert_close(ours, theirs, rtol=0.02, atol=0.02)
