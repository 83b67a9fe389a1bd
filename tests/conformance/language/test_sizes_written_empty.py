"""Empty lists as sizes and dimensions, devices as texts, the default dtype: what torch's own Python functions are called with."""

import torch

import tsir


def no_sizes(n: int):
    shape = []
    grown = []
    for i in range(n):
        grown.append(i + 1)
    x = torch.ones(n, 2)
    return torch.zeros([]), torch.ones(shape), torch.full(grown, 2.0), x.sum([]), x.sum(dim=[]), x.new_zeros([])


def placed(x, device: torch.device | None = None):
    return x.to(torch.get_default_dtype()), torch.ones(2, device=device)


def on_a_text(x, name: str):
    return placed(x, device="cpu"), placed(x, device=name)


def windows(n: int):
    return (
        torch.signal.windows.kaiser(n, beta=12.0),
        torch.signal.windows.general_cosine(n, a=[0.46, 0.23, 0.31], sym=False),
        torch.signal.windows.hann(n, dtype=torch.float64),
    )


def same_layout(x):
    return x.layout is torch.strided, torch.channels_last is torch.channels_last


def test_empty_lists_are_sizes_and_dimensions():
    torch.testing.assert_close(tsir.script(no_sizes)(3), no_sizes(3))


def test_devices_as_texts():
    x = torch.ones(2, dtype=torch.float64)
    torch.testing.assert_close(tsir.script(on_a_text)(x, "cpu"), on_a_text(x, "cpu"))


def test_windows():
    torch.testing.assert_close(tsir.script(windows)(7), windows(7))


def test_layouts_are_the_same_object():
    assert tsir.script(same_layout)(torch.ones(1)) == (True, True)
