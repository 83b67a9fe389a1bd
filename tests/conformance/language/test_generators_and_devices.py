"""Values of torch's own that programs make at run time: generators of random numbers, devices; numbers of several types."""

from typing import List, Optional, Union

import torch

from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


@feature("Tensors in programs", "torch.Generator: made, seeded, passed on")
@programs(3)
def generators(n: int):
    g = torch.Generator()
    first = torch.rand(n, generator=g)
    g.manual_seed(5)
    second = torch.rand(n, generator=g)
    again = torch.rand(n, generator=torch.Generator().manual_seed(5))
    other = torch.Generator(device="cpu")
    other.manual_seed(n)
    return first, second, again, g.initial_seed(), other.initial_seed(), torch.randperm(n, generator=other)


@programs(2)
def a_new_seed(n: int):
    g = torch.Generator()
    seed = g.seed()
    return seed == g.initial_seed(), torch.randn(n, generator=g).shape


@feature("Tensors in programs", "a text of run time as a device")
@programs(torch.ones(2), "cpu", 3)
@programs(torch.ones(2), "gpu", 3)
def device_by_name(x: torch.Tensor, name: str, n: int):
    made = torch.zeros(n, 2, dtype=torch.float, device=name), torch.arange(n, device=name), torch.full((n,), 2, device=name)
    like = torch.zeros_like(x, device=name), x.new_ones(n, device=name), torch.tensor([1, 2], device=name)
    moved = x.to(name), x.to(name, torch.float64), x.to(device=name), torch.as_tensor([n], device=name)
    return made, like, moved, torch.randn(n, device=name).shape, torch.device(name)


def _noise(x: torch.Tensor, g: Optional[torch.Generator]):
    if g is None:
        return x
    return x + torch.randn(x.shape, generator=g)


@programs(torch.zeros(2, 3))
def handed_on(x: torch.Tensor):
    return _noise(x, None), _noise(x, torch.Generator())


def on(n: int, device: Optional[torch.device] = None):
    return torch.zeros(n, device=device)


@feature("Tensors in programs", "devices that may be strings (`Union[str, torch.device, None]`) where a device is wanted")
@programs(2, "cpu")
@programs(2, torch.device("cpu"))
@programs(2, None)
def device_or_name(n: int, device: Union[str, torch.device, None]):
    return on(n, device), on(n)


@feature("Tensors in programs", "torch.device of strings known at run time")
@programs("cpu", 0)
@programs("cuda:1", 2)
@programs("cuda", 1)
@programs("nothing", 1)
@programs("cpu:x", 1)
def devices(name: str, index: int):
    a = torch.device(name)
    b = torch.device("cpu")
    c = torch.device("cuda", index)
    d = torch.device(type="cuda", index=index)
    return a == b, a.type, a.index, str(a), c.index, c == d, torch.device(a) == a


@programs(torch.ones(2), "cpu")
def moved(x: torch.Tensor, name: str):
    y = x.to(torch.device(name))
    return y, torch.zeros(2, device=torch.device(name)), y.device == torch.device(name)


@feature("Types and annotations", "arithmetic on Unions of numbers")
@programs(2)
@programs(2.5)
def numbers(x: Union[int, float]) -> Union[int, float]:
    y = x * 2 + 1
    return y if y > 5 else -y


@programs([1, 2.5, 3])
def sums(xs: List[Union[int, float]]) -> Union[int, float]:
    total: Union[int, float] = 0
    for x in xs:
        total = total + x
    return total


@feature("Arguments", "`**` of a dict literal of mixed types, kept in a variable")
@programs(torch.arange(6.0).reshape(2, 3))
def mixed_keywords(x: torch.Tensor):
    options = {"dim": 1, "keepdim": True}
    return torch.sum(x, **options), len(options)


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)
