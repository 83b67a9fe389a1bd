"""Convolutions and pooling in every form that the backend writes, against torch: values, shapes, dtypes, strides."""

import threading

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import tsir


class Net(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x)


def same(got, expected, tolerance=2e-5):
    assert got.dtype == expected.dtype and got.shape == expected.shape
    assert got.is_contiguous() == expected.is_contiguous()
    steps = [(a, b) for a, b, size in zip(got.stride(), expected.stride(), got.shape, strict=True) if size > 1]
    assert all(a == b for a, b in steps) or not got.numel()
    torch.testing.assert_close(got, expected, rtol=tolerance, atol=tolerance, equal_nan=True)


def check(module, *inputs):
    module = module.eval()
    compiled = tsir.script(module)
    with torch.no_grad():
        for x in inputs:
            given = x.clone()
            for _ in range(2):  # buffers are used again
                same(compiled(x), module(x))
            assert torch.equal(x, given) or x.isnan().any()
    return compiled


CONVOLUTIONS = {
    "stem": (2, 3, 8, 7, {"stride": 2, "padding": 3}),
    "one channel": (2, 1, 6, 5, {"padding": 2}),
    "no padding": (2, 6, 16, 5, {}),
    "three by three": (2, 16, 24, 3, {"padding": 1}),
    "wide": (2, 32, 32, 3, {"padding": 1, "bias": False}),
    "stride": (2, 16, 24, 3, {"padding": 1, "stride": 2}),
    "mixed strides": (2, 20, 7, (3, 2), {"padding": (0, 1), "stride": (1, 3)}),
    "dilation": (2, 17, 5, 3, {"padding": 2, "dilation": 2}),
    "pixels": (2, 24, 8, 1, {}),
    "pixels with stride": (2, 24, 8, 1, {"stride": 2}),
    "padded pixels": (2, 24, 8, 1, {"padding": 1}),
    "groups": (2, 32, 24, 3, {"padding": 1, "groups": 4}),
    "narrow groups": (2, 6, 12, 3, {"groups": 3}),
    "depthwise": (2, 16, 16, 3, {"padding": 1, "groups": 16}),
    "depthwise with stride": (2, 16, 16, 5, {"padding": 2, "stride": 2, "groups": 16}),
    "depthwise with factor": (2, 8, 24, 3, {"padding": 1, "groups": 8}),
    "depthwise volume": (3, 6, 6, 3, {"padding": 1, "groups": 6, "dilation": (1, 2, 1)}),
    "depthwise signal": (1, 24, 24, 3, {"padding": 2, "groups": 24, "dilation": 2, "bias": False}),
    "same": (2, 16, 8, 4, {"padding": "same"}),
    "reflected": (2, 16, 8, 3, {"padding": 1, "padding_mode": "reflect"}),
    "signal": (1, 16, 8, 3, {"padding": 1}),
    "thin signal": (1, 1, 4, 9, {"stride": 4, "padding": 4}),
    "volume": (3, 4, 6, 3, {"padding": 1}),
    "volume with stride": (3, 16, 6, (1, 3, 2), {"stride": (1, 2, 2), "padding": (0, 1, 0)}),
}
SIZES = {1: (29,), 2: (13, 16), 3: (5, 7, 6)}
LAYERS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}


@pytest.mark.parametrize("name", CONVOLUTIONS)
@pytest.mark.parametrize("batch", [1, 3])
def test_convolution(name, batch):
    torch.manual_seed(0)
    spatial, inputs, outputs, kernel, options = CONVOLUTIONS[name]
    layer = LAYERS[spatial](inputs, outputs, kernel, **options)
    check(layer, torch.randn(batch, inputs, *SIZES[spatial]))
    check(Net(layer, nn.ReLU(), LAYERS[spatial](outputs, 5, 1)), torch.randn(batch, inputs, *SIZES[spatial]))


@pytest.mark.parametrize("spatial", [1, 2, 3])
def test_transposed_convolution(spatial):
    torch.manual_seed(0)
    layer = TRANSPOSED[spatial](6, 8, 3, stride=2, padding=1, output_padding=1, groups=2)
    check(layer, torch.randn(2, 6, *SIZES[spatial]))


@pytest.mark.parametrize("size", [(8, 8), (7, 7), (6, 9), (14, 10), (2, 2), (1, 5)])
@pytest.mark.parametrize("batch", [1, 2])
def test_square_kernels_at_even_and_odd_sizes(size, batch):
    torch.manual_seed(0)
    for padding in (0, 1, 2):
        if min(size) + 2 * padding >= 3:
            check(nn.Conv2d(32, 48, 3, padding=padding), torch.randn(batch, 32, *size))


def test_float64_and_half():
    torch.manual_seed(0)
    module = Net(nn.Conv2d(16, 16, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(16, 4, 1)).double()
    check(module, torch.randn(2, 16, 8, 8, dtype=torch.float64))
    half = nn.Conv2d(16, 16, 3, padding=1).bfloat16()
    compiled = tsir.script(half)
    x = torch.randn(2, 16, 8, 8).bfloat16()
    with torch.no_grad():
        same(compiled(x), half(x), 3e-2)


def test_an_empty_batch_and_other_sizes_in_later_calls():
    torch.manual_seed(0)
    module = Net(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, padding=1))
    check(module, *[torch.randn(n, 3, h, 12) for n, h in ((2, 12), (0, 12), (5, 12), (1, 12), (3, 8), (4, 10), (6, 14))])


def test_sizes_that_vary():
    torch.manual_seed(0)
    module = Net(
        nn.Conv2d(2, 16, 5, stride=2, padding=2), nn.MaxPool2d(3, 2, 1), nn.Conv2d(16, 16, 3, padding=1, groups=16), nn.ReLU6(),
        nn.Conv2d(16, 24, 3, padding=1, groups=2), nn.AvgPool2d(2, 1), nn.Conv2d(24, 8, 1), nn.Conv2d(8, 8, 3, groups=8, stride=2),
    )  # fmt: skip
    check(
        module, *[torch.randn(n, 2, h, w) for n, h, w in ((1, 24, 24), (3, 24, 24), (9, 24, 24), (2, 29, 24), (4, 33, 40))]
    )


def test_weights_that_are_arguments():
    def function(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return F.relu(F.conv2d(F.relu(F.conv2d(x, w, b, padding=1)), w, b, padding=1))

    torch.manual_seed(0)
    compiled = tsir.script(function)
    for size in (6, 7, 9):
        x, w, b = torch.randn(1, 32, size, size), torch.randn(32, 32, 3, 3) / 17, torch.randn(32)
        same(compiled(x, w, b), function(x, w, b), 1e-4)


def test_not_finite_numbers():
    torch.manual_seed(0)
    x = torch.randn(2, 20, 8, 8)
    x[0, 3, 4, 4], x[1, 2, 0, 7] = float("nan"), float("inf")
    for layer in (nn.Conv2d(20, 8, 3, padding=1, stride=2), nn.Conv2d(20, 8, 1), nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(2)):
        check(layer, x)
    low = torch.full((1, 2, 6, 6), float("-inf"))
    check(nn.MaxPool2d(3, 1, 1), low)


POOLS = {
    "halves": nn.MaxPool2d(2),
    "overlapping": nn.MaxPool2d(3, 2, 1),
    "dilated": nn.MaxPool2d(3, 1, 1, dilation=2),
    "ceil": nn.MaxPool2d(3, 2, ceil_mode=True),
    "rows": nn.MaxPool2d((1, 3), (1, 2)),
    "columns": nn.MaxPool2d((3, 1), (2, 1)),
    "single": nn.MaxPool2d(1, 2),
    "large": nn.MaxPool2d(9, 1, 4),
    "mean": nn.AvgPool2d(2),
    "padded mean": nn.AvgPool2d(3, 2, 1),
    "mean without padding": nn.AvgPool2d(3, 2, 1, count_include_pad=False),
    "global": nn.AdaptiveAvgPool2d(1),
    "adaptive": nn.AdaptiveAvgPool2d((3, 2)),
}


@pytest.mark.parametrize("name", POOLS)
def test_pool(name):
    torch.manual_seed(0)
    x = torch.randn(2, 6, 11, 13)
    check(POOLS[name], x)
    check(Net(nn.Conv2d(6, 20, 3, padding=1), POOLS[name], nn.Conv2d(20, 4, 1)), x)


def test_pools_of_signals_volumes_and_integers():
    torch.manual_seed(0)
    check(nn.MaxPool1d(3, 2, 1), torch.randn(2, 5, 12))
    check(nn.MaxPool3d(2), torch.randn(2, 3, 6, 5, 4))
    check(nn.AvgPool1d(4, 2), torch.randn(2, 5, 12))
    check(nn.MaxPool2d(2, 2, 1), torch.randint(-128, 127, (1, 2, 6, 6), dtype=torch.int8))
    check(nn.MaxPool2d(3, 2, 1), torch.randint(0, 255, (1, 2, 7, 7), dtype=torch.uint8))


class Block(nn.Module):
    """Residual connections, views and permutations between convolutions."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(16, 16, 3, padding=1)
        self.b = nn.Conv2d(16, 16, 3, padding=1)
        self.head = nn.Conv2d(16, 6, 1)

    def forward(self, x):
        y = F.relu(self.a(x))
        z = F.relu_(self.b(y) + x + y)
        heads = self.head(z).permute(0, 2, 3, 1).reshape(x.shape[0], -1, 3)
        return y, z, heads, z.flatten(2).mean(2), torch.cat([y, z], 1), z.view(x.shape[0], -1), z[:, 1:3, ::2]


def test_results_between_convolutions():
    torch.manual_seed(0)
    module = Block().eval()
    compiled = tsir.script(module)
    x = torch.randn(2, 16, 8, 9)
    with torch.no_grad():
        for _ in range(2):
            for got, expected in zip(compiled(x), module(x), strict=True):
                same(got, expected)


def test_results_are_fresh():
    module = nn.Conv2d(16, 8, 3, padding=1).eval()
    compiled = tsir.script(module)
    with torch.no_grad():
        first = compiled(torch.zeros(1, 16, 6, 6))
        kept = first.clone()
        compiled(torch.ones(1, 16, 6, 6))
    assert torch.equal(first, kept)


def test_batch_norm_follows_its_parameters():
    torch.manual_seed(0)
    for module in (Net(nn.Conv2d(16, 8, 3), nn.BatchNorm2d(8)), Net(nn.Conv2d(16, 8, 3, bias=False), nn.BatchNorm2d(8))):
        norm = module.layers[1]
        x = torch.randn(2, 16, 6, 6)
        with torch.no_grad():
            module(x)
            compiled = check(module, x)
            norm.running_mean.add_(1)
            same(compiled(x), module(x))
            module.layers[0].weight.mul_(2)
            same(compiled(x), module(x))
            norm.weight.data = torch.randn(8)
            same(compiled(x), module(x))


@pytest.mark.parametrize("affine", [True, False])
def test_a_traced_batch_norm(affine):
    torch.manual_seed(0)
    module = Net(nn.Conv2d(16, 8, 3), nn.BatchNorm2d(8, affine=affine), nn.ReLU()).eval()
    module.layers[1].running_var.uniform_(0.5, 2)
    x = torch.randn(2, 16, 6, 6)
    with torch.no_grad():
        same(tsir.trace(module, (x,))(x), module(x))


def test_threads_have_buffers_of_their_own():
    torch.manual_seed(0)
    module = Net(nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2, 1), nn.Conv2d(16, 8, 3, padding=1)).eval()
    compiled = tsir.script(module)
    inputs = [torch.randn(1, 16, 24, 24) for _ in range(4)]
    with torch.no_grad():
        expected = [module(x) for x in inputs]
        compiled(inputs[0])
    failures = []

    def work(which):
        with torch.no_grad():
            for _ in range(30):
                if not torch.allclose(compiled(inputs[which]), expected[which], rtol=1e-4, atol=1e-5):
                    failures.append(which)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
