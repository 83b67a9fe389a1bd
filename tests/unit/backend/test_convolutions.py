"""Which form the generator writes for which convolution and pooling, as seen in the source."""

import pytest
import torch
from torch import nn

import tsir


def source(module, *shape):
    compiled = tsir.script(module.eval())
    x = torch.randn(*shape)
    with torch.no_grad():
        compiled(x)
    return compiled.source(x)


def body(text):
    return text[text.index("def forward(") :]


def test_columns_are_copied_into_a_buffer_and_multiplied():
    text = source(nn.Conv2d(16, 8, 3, stride=2, padding=1), 1, 16, 9, 9)
    assert "convolution_kernels" not in text and "windows = kernels.strided(padded" in text
    assert [line.strip().partition("(")[0] for line in body(text).splitlines() if "copyto" in line] == ["copyto", "copyto"]
    assert ".dot(" in body(text) and "transpose" in text[: text.index("def forward(")]


def test_few_channels_are_copied_tap_by_tap():
    text = source(nn.Conv2d(3, 8, 3), 1, 3, 9, 9)
    assert "columns = " in text and ".T" in text


def test_pixels_are_multiplied_where_they_are():
    text = source(nn.Sequential(nn.Conv2d(16, 16, 3, padding=1), nn.Conv2d(16, 8, 1)), 1, 16, 9, 9)
    assert "pixels = " in text and "pixels.dot(" in body(text)


def test_layers_between_convolutions_need_no_transposition():
    module = nn.Sequential(
        nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 8, 3, padding=1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    )  # fmt: skip
    text = body(source(module, 1, 16, 8, 8))
    copies = [line for line in text.splitlines() if "transpose" in line]
    assert len(copies) == 1 and "copyto(inside" in copies[0]  # the argument's
    assert "rsqrt" not in text and text.count("maximum(tap_0") == 2


def test_depthwise_convolutions_copy_no_windows():
    text = body(source(nn.Conv2d(16, 16, 3, padding=1, groups=16), 1, 16, 8, 8))
    assert text.count("copyto(") == 1 and "einsum(" in text


class OfSlice(nn.Module):
    def __init__(self, layer, *convolutions):
        super().__init__()
        self.layer, self.first, self.second = layer, *convolutions

    def forward(self, x):
        return self.second(self.layer(self.first(x)))


@pytest.mark.parametrize("layer", [lambda y: y[:, :16], lambda y: nn.functional.glu(y, 1), lambda y: y[:, 16:].relu()])
def test_depthwise_convolutions_of_slices_of_channels(layer):
    for convolution, sizes in ((nn.Conv1d, (40,)), (nn.Conv2d, (10, 10))):
        module = OfSlice(layer, convolution(16, 32, 1), convolution(16, 16, 3, groups=16)).eval()
        x = torch.randn(2, 16, *sizes)
        with torch.no_grad():
            torch.testing.assert_close(tsir.script(module)(x), module(x))


def test_pooling_is_slices_of_one_axis_after_the_other():
    text = body(source(nn.Sequential(nn.ReLU(), nn.MaxPool2d(3, 2, 1)), 1, 4, 8, 8))
    assert text.count("maximum(tap_0") == 2 and "reduce" not in text


def test_images_of_a_large_batch_are_convolved_one_by_one():
    text = body(source(nn.Conv2d(64, 8, 3, padding=1), 8, 64, 48, 48))
    assert "for image in range(8):" in text


def test_unknown_sizes_call_the_kernel():
    compiled = tsir.script(nn.Conv2d(16, 8, 3, padding=1).eval())
    with torch.no_grad():
        for size in (5, 6, 7):
            compiled(torch.randn(1, 16, size, size))
    assert "convolution_kernels.convolution(" in compiled.source(torch.randn(1, 16, 8, 8))


def test_equal_borders_share_a_padded_buffer():
    layers = [nn.Conv2d(16, 16, 3, stride=1, padding=1, dilation=1) for _ in range(3)]
    text = source(nn.Sequential(*layers), 1, 16, 8, 7)
    assert text.count("= zeros((1, 10, 9, 16)") == 1


@pytest.mark.parametrize("kernel", [nn.MaxPool2d(2), nn.Conv2d(4, 4, 3)])
def test_no_warning_is_raised(kernel, recwarn):
    source(kernel, 1, 4, 6, 6)
    assert not [w for w in recwarn if "tsir" in str(w.filename) or "out" in str(w.message)]
