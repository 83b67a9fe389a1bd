"""How results lie in memory, as a program and its caller see it: strides, contiguity, which views there are and what they share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Dict, List

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import tsir


def plus_one(x: Tensor):
    return x + 1


def transposed_sum(x: Tensor):
    y = x.transpose(0, 1)
    return y + 1, y * y.sum(0, keepdim=True), y.sum(1, keepdim=True), x + 1


def copies(x: Tensor):
    y = x.transpose(0, -1)
    return (
        y.clone(),
        y.contiguous(),
        torch.zeros_like(y),
        torch.ones_like(x),
        torch.full_like(y, 2.0),
        y.to(torch.float64),
        y.float(),
    )


def random_copies(x: Tensor):
    return torch.rand_like(x.transpose(0, 1)) * 0, torch.empty_like(x.transpose(0, 1)).fill_(0.0)


def questions(x: Tensor):
    y = (x.transpose(0, 1) * 2).exp()
    return y.stride(), y.is_contiguous(), y.stride(0), y.contiguous().is_contiguous(), x.is_contiguous(), x.stride()


def views(x: Tensor):
    y = x.transpose(0, 1) + 1
    return y.view(-1)


def viewed_argument(x: Tensor):
    return x.view(-1)


def reshaped_copy(x: Tensor):
    y = x.transpose(0, 1).clone()
    z = y.reshape(-1)
    z.zero_()
    return y, z


def flattened_copy(x: Tensor):
    y = x.transpose(0, 1) * 2
    z = y.flatten()
    y.add_(1)
    return y, z


def contiguous_or_not(x: Tensor):
    y = x + 1
    z = y.contiguous()
    z.mul_(0)
    return y, z


def strided(x: Tensor):
    y = x.transpose(0, 1) * 1
    return y.as_strided((x.numel(),), (1,))


def caught(x: Tensor):
    y = x.transpose(0, 1) + 1
    try:
        return y.view(-1)
    except RuntimeError:
        return y.reshape(-1) * 2


def branches(x: Tensor):
    y = x.transpose(0, 1) + 1 if x.sum() > 0 else x.transpose(0, 1) * 2
    return y, y.is_contiguous()


def listed(x: Tensor):
    kept = [x.transpose(0, 1) + i for i in range(2)]
    kept.append(kept[0].t() if x.dim() == 2 else x)
    return kept


def several(x: Tensor):
    y = x.transpose(0, 1)
    return (
        torch.where(y > 0, y, torch.zeros(())),
        torch.max(y, 0),
        torch.sort(y, 0),
        y.cumsum(0),
        torch.cat([y, y]),
        y.flip(0),
    )


FUNCTIONS = (
    plus_one, transposed_sum, copies, random_copies, questions, views, viewed_argument, reshaped_copy, flattened_copy,
    contiguous_or_not, strided, caught, branches, listed, several,
)  # fmt: skip


def given() -> dict[str, Callable[[], Tensor]]:
    """Tensors that lie in memory in several ways."""
    return {
        "rows": lambda: torch.arange(6.0).reshape(2, 3),
        "columns": lambda: torch.arange(6.0).reshape(3, 2).t(),
        "gaps": lambda: torch.arange(12.0).reshape(2, 6)[:, ::2],
        "gaps in columns": lambda: torch.arange(12.0).reshape(3, 4).t()[::2],
        "expanded": lambda: torch.arange(2.0).unsqueeze(1).expand(2, 3),
        "three": lambda: torch.arange(24.0).reshape(2, 3, 4),
        "middle": lambda: torch.arange(24.0).reshape(2, 4, 3).transpose(1, 2),
        "reversed": lambda: torch.arange(24.0).reshape(4, 3, 2).permute(2, 1, 0),
    }


def seen(value: Any) -> Any:
    """Values, sizes and strides."""
    if isinstance(value, Tensor):
        return value.tolist(), tuple(value.shape), [s for s, n in zip(value.stride(), value.shape, strict=True) if n != 1]
    if isinstance(value, list | tuple):
        return list(map(seen, value))
    return value


def outcome(function: Callable[..., Any], *arguments: Any) -> Any:
    """What is seen of the result and of the arguments, or the exception's type."""
    try:
        return seen(function(*arguments)), seen(arguments)
    except RuntimeError:
        return RuntimeError


@pytest.mark.parametrize("function", FUNCTIONS)
def test_strides_as_in_eager(function: Callable[..., Any]) -> None:
    scripted = tsir.script(function)
    for name, make in [*given().items(), *reversed(given().items())]:
        assert outcome(scripted, make()) == outcome(function, make()), name


def formats(x: Tensor):
    y = x.to(memory_format=torch.channels_last)
    z = x.contiguous(memory_format=torch.channels_last)
    return y, z, x.clone(memory_format=torch.channels_last), y.clone(), y + 1, torch.zeros_like(y), torch.relu(z)


def back(x: Tensor):
    y = x.contiguous(memory_format=torch.channels_last)
    return (
        y.contiguous(),
        y.clone(memory_format=torch.contiguous_format),
        torch.empty_like(y, memory_format=torch.contiguous_format).fill_(0.0),
    )


def format_questions(x: Tensor):
    y = x.contiguous(memory_format=torch.channels_last)
    return (
        y.is_contiguous(), y.is_contiguous(memory_format=torch.channels_last), x.is_contiguous(memory_format=torch.channels_last),
        y.stride(), (y * 2).stride(), (y.mean((2, 3), keepdim=True) * y).is_contiguous(memory_format=torch.channels_last),
    )  # fmt: skip


def written(x: Tensor):
    y = x.contiguous(memory_format=torch.channels_last)
    y.add_(1)
    return y


def pooled(x: Tensor):
    y = x.to(memory_format=torch.channels_last)
    return (
        F.max_pool2d(y, 2),
        F.avg_pool2d(y, 2),
        F.interpolate(y, scale_factor=2.0),
        F.max_pool2d(x, 2),
        F.softmax(y, 1) * 0,
    )


@pytest.mark.parametrize("function", [plus_one, formats, back, format_questions, written, pooled, questions])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_memory_formats_as_in_eager(function: Callable[..., Any], memory_format: torch.memory_format) -> None:
    make = lambda: torch.arange(96.0).reshape(2, 3, 4, 4).contiguous(memory_format=memory_format)  # noqa: E731
    assert outcome(tsir.script(function), make()) == outcome(function, make())


class Convolutions(nn.Module):
    """Channels last where the images or the weights are."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm, self.second = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor):
        return self.second(torch.relu(self.norm(self.first(x))))


@pytest.mark.parametrize("of_weights", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("of_images", [torch.contiguous_format, torch.channels_last])
def test_convolutions_as_in_eager(of_weights: torch.memory_format, of_images: torch.memory_format) -> None:
    module = Convolutions().eval().to(memory_format=of_weights)
    images = torch.rand(2, 3, 6, 6).contiguous(memory_format=of_images)
    with torch.no_grad():
        expected, found = module(images), tsir.script(module)(images)
    torch.testing.assert_close(found, expected)
    assert found.stride() == expected.stride()


def without_dimensions(x: Tensor):
    y = x.sum()
    return y.transpose(0, 0), y.unsqueeze(0), y.squeeze(0), y.t(), y.expand(2, 3), y.permute([])


def test_tensors_without_dimensions():
    x = torch.arange(3.0)
    for found, expected in zip(tsir.script(without_dimensions)(x), without_dimensions(x), strict=True):
        assert torch.equal(found, expected) and found.stride() == expected.stride()


@pytest.mark.parametrize(
    "call", [lambda x: x.transpose(0, 5), lambda x: x.select(4, 0), lambda x: x.squeeze(7), lambda x: x.diagonal(0, 0, 3)]
)
def test_dimensions_that_there_are_not(call):
    with pytest.raises(IndexError):
        tsir.script(call)(torch.ones(2, 3).t())


def test_losses_that_are_summed_up():
    x, y = torch.tensor([0.25]), torch.tensor([0.5])
    for loss in (torch.nn.functional.binary_cross_entropy, torch.nn.functional.mse_loss, torch.nn.functional.l1_loss):
        assert torch.equal(tsir.script(loss)(x, y), loss(x, y))


class Holder:
    def __init__(self, t: Tensor):
        self.t = t


def in_lists(x: Tensor):
    parts = x.split(3, 0)
    first, second = x.chunk(2, 0)
    return [p.clone() for p in parts], torch.zeros_like(first), second + 1, [p.neg() for p in x.tensor_split(2, 1)]


def in_objects(x: Tensor):
    holder = Holder(x)
    holder.t = holder.t + 1
    by_name: Dict[str, Tensor] = {"a": holder.t}
    return holder.t, holder.t.clone(), torch.rand_like(by_name["a"]) * 0, torch.bernoulli(x * 0)


def in_for(x: Tensor):
    y, z = x, torch.zeros_like(x)
    for i in range(3):
        y = y * 2 + i
        if i == 1:
            z = torch.relu(z + x)
    return y, y.stride(), z.clone(), torch.where(z > 0, z, y)


def in_while(x: Tensor):
    y, turned = x, x
    while bool(y.sum() < 1e5):
        y = y * 2
        turned = turned.transpose(0, 1).contiguous().transpose(0, 1)
    return y, y.clone(), turned


def in_branches(x: Tensor):
    y = x.transpose(0, 1) if bool(x.sum() > 3) else x * 2
    z = y.clone() + 1
    return z.stride(), -y, (y + 1) * 2, torch.zeros_like(y), z.t() if z.dim() == 2 else z, z.flatten(), z.contiguous()


def in_turning_loop(x: Tensor):
    for _ in range(int(x.size(0)) - 1):
        x = x.transpose(0, 1).clone()
    return x, x + 1, x.sum(0)


@pytest.mark.parametrize("function", [in_lists, in_objects, in_for, in_while, in_branches, in_turning_loop])
@pytest.mark.parametrize("layout", ["contiguous", "transposed", "channels last"])
def test_containers_and_loops_as_in_eager(function: Callable[..., Any], layout: str) -> None:
    make = {
        "contiguous": lambda: torch.arange(24.0).reshape(6, 4),
        "transposed": lambda: torch.arange(24.0).reshape(4, 6).t(),
        "channels last": lambda: torch.arange(240.0).reshape(4, 3, 4, 5).contiguous(memory_format=torch.channels_last),
    }[layout]
    assert outcome(tsir.script(function), make()) == outcome(function, make())


def listed(xs: List[Tensor]):
    return [x * 2 for x in xs], [x.clone() for x in xs], torch.zeros_like(xs[0])


def test_lists_of_any_rank_as_in_eager() -> None:
    xs = [torch.ones(4, 6).t(), torch.ones(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)]
    assert outcome(tsir.script(listed), xs) == outcome(listed, xs)


def taken_apart(x: Tensor):
    a, b = x.split([1, 3], 0)
    c = x.unbind(1)
    d = x.hsplit(2)
    e, f = x.chunk(2, 1)
    return (
        a + 1,
        b.clone(),
        c[1].clone(),
        d[0].neg(),
        [e - 3, f * 2],
        torch.ones_like(c[0]),
        [t + 1 for t in x.tensor_split(2, 1)],
    )


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
def test_parts_of_tensors_as_in_eager(order: List[int]) -> None:
    x = torch.arange(120.0).reshape([(4, 6, 5)[order.index(i)] for i in range(3)]).permute(order)
    assert outcome(tsir.script(taken_apart), x) == outcome(taken_apart, x)
