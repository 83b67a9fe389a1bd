"""Interfaces: objects and modules of which a program only knows the methods, given from outside or swapped while it runs."""

import copy
import io
from typing import Any, Callable, Dict, List, Optional, Tuple

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tests.models.comparison import assert_same


@torch.jit.interface
class Meter:
    def read(self, x: Tensor, scale: float) -> Tensor:
        pass

    def count(self) -> int:
        pass


@torch.jit.interface
class Layer(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        pass


class Counting:
    def __init__(self, start: int):
        self.seen = start

    def read(self, x: Tensor, scale: float) -> Tensor:
        self.seen += 1
        return x * scale

    def count(self) -> int:
        return self.seen


class Fixed:
    def read(self, x: Tensor, scale: float) -> Tensor:
        x.add_(scale)
        return x

    def count(self) -> int:
        return 7


class Gain(nn.Module):
    def __init__(self, size: int):
        super().__init__()
        self.weight = nn.Parameter(torch.full((size,), 3.0))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight


class Shift(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + 100


def one(meter: Meter, x: Tensor):
    y = meter.read(x, 2)
    return y + meter.read(x, scale=0.5), meter.count()


def several(meters: List[Meter], named: Dict[str, Meter], maybe: Optional[Meter], x: Tensor):
    total = 0
    for meter in meters:
        x = meter.read(x, 1.5)
        total += meter.count()
    for name, meter in named.items():
        if name != "skip":
            total += meter.count()
    if maybe is not None:
        total += maybe.count()
    return x, total


def chosen(meter: Meter, x: Tensor, own: bool):
    used = Counting(1) if own else meter
    first = used.read(x, 3.0)
    return first, used.count(), [m.count() for m in [meter, meter]]


def declared(x: Tensor, fixed: bool):
    meter: Meter = Counting(2)
    if fixed:
        meter = Fixed()
    return meter.read(x, 4.0), meter.count()


def given_back(meter: Meter) -> Meter:
    return meter


Given = Callable[[], Tuple[Any, ...]]
GIVEN: List[Tuple[Callable[..., Any], Given]] = [
    (one, lambda: (Counting(0), torch.ones(2))), (one, lambda: (Fixed(), torch.ones(2))),
    (several, lambda: ([Counting(1), Fixed(), Counting(5)], {"a": Fixed(), "skip": Fixed()}, None, torch.ones(3))),
    (several, lambda: ([], {}, Counting(3), torch.ones(3))), (chosen, lambda: (Fixed(), torch.ones(2), True)),
    (chosen, lambda: (Fixed(), torch.ones(2), False)), (declared, lambda: (torch.ones(2), True)),
    (declared, lambda: (torch.ones(2), False)),
]  # fmt: skip


@feature("Types and annotations", "interfaces as parameters of entry points, also in lists, dicts and Optional")
@pytest.mark.parametrize("program, given", GIVEN)
def test_objects_from_outside(program: Callable[..., Any], given: Given) -> None:
    expected, found = given(), given()
    wanted, got = program(*expected), tsir.script(program)(*found)
    assert_same(got, wanted)
    assert_same(outside(found), outside(expected))


def outside(values: Any) -> Any:
    """What has become of the caller's objects and tensors."""
    if isinstance(values, list | tuple):
        return [outside(v) for v in values]
    if isinstance(values, dict):
        return {k: outside(v) for k, v in values.items()}
    return vars(values) if isinstance(values, Counting | Fixed) else values


def test_an_object_that_is_given_back_is_the_same_object() -> None:
    meter = Counting(0)
    assert tsir.script(given_back)(meter) is meter


def commented(meter, x):
    # type: (Meter, Tensor) -> Tensor
    return meter.read(x, 2.0) + meter.count()


def test_interfaces_in_type_comments() -> None:
    assert_same(tsir.script(commented)(Counting(3), torch.ones(2)), commented(Counting(3), torch.ones(2)))


def test_objects_from_outside_after_loading() -> None:
    file = io.BytesIO()
    tsir.save(tsir.script(one), file)
    file.seek(0)
    meter = Counting(4)
    assert_same(tsir.load(file)(meter, torch.ones(2)), (torch.full((2,), 2.5), 6))
    assert meter.seen == 6


def test_what_is_not_compatible() -> None:
    class Half:
        def count(self) -> int:
            return 1

    class Wrong(Fixed):
        def count(self):  # pyright: ignore[reportIncompatibleMethodOverride]
            return "many"

    with pytest.raises(TypeError, match="Half is not compatible with interface Meter: it has no method 'read'"):
        tsir.script(one)(Half(), torch.ones(2))
    with pytest.raises(TypeError, match=r"the result of Wrong.count\(\): expected a value of type 'int'"):
        tsir.script(one)(Wrong(), torch.ones(2))

    def other(meter: Meter):
        return meter.reset()

    with pytest.raises(tsir.TsirError, match="interface Meter has no method 'reset'"):
        tsir.script(other)


class Swapping(nn.Module):
    active: Layer

    def __init__(self) -> None:
        super().__init__()
        self.gain = Gain(2)
        self.shift = Shift()
        self.active = self.gain

    def forward(self, x: Tensor, swap: bool):
        before = self.active(x)
        if swap:
            self.active = self.shift
        return before, self.active.forward(x)

    @torch.jit.export
    def back(self) -> None:
        self.active = self.gain


@feature("Modules", "a submodule annotated with an interface is assigned while the program runs")
def test_a_swapped_submodule() -> None:
    eager = Swapping()
    scripted = tsir.script(copy.deepcopy(eager))
    x = torch.tensor([1.0, 2.0])
    for swap in (False, True, False):
        assert_same(scripted(x, swap), eager(x, swap))
    eager.back()
    scripted.back()
    assert_same(scripted(x, False), eager(x, False))
    assert [n for n, _ in scripted.named_parameters()] == [n for n, _ in eager.named_parameters()]


def test_a_swapped_submodule_after_loading() -> None:
    file = io.BytesIO()
    tsir.save(tsir.script(Swapping()), file)
    file.seek(0)
    loaded, eager, x = tsir.load(file), Swapping(), torch.ones(2)
    for swap in (True, False):
        assert_same(loaded(x, swap), eager(x, swap))


def test_a_module_that_does_not_fit_is_refused() -> None:
    class Counts(nn.Module):
        def forward(self, x: int) -> int:
            return x + 1

    class Wrong(nn.Module):
        active: Layer

        def __init__(self) -> None:
            super().__init__()
            self.gain = Gain(2)
            self.counts = Counts()
            self.active = self.gain

        def forward(self, x: Tensor) -> Tensor:
            self.active = self.counts
            return self.active(x)

    with pytest.raises(
        tsir.TsirError, match=r"Counts.forward\(\) is not compatible with interface Layer: argument 'x' is int"
    ):
        tsir.script(Wrong())


def test_compiled_modules_from_outside() -> None:
    def both(layers: List[Layer], x: Tensor):
        return layers[0].forward(x) + layers[1](x)

    layers = [tsir.script(Gain(2)), Shift()]
    assert_same(tsir.script(both)(layers, torch.ones(2)), both(layers, torch.ones(2)))
