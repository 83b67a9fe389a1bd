"""Calls of one entry point in different forms: other arguments, flags, names and objects, of programs as Python reads them."""

import contextvars
import functools
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tests.models.comparison import assert_same

X = torch.arange(6.0).reshape(2, 3)


def agree(scripted: Any, module: Any, *arguments: Any, **named: Any) -> None:
    with torch.no_grad():
        assert_same(scripted(*arguments, **named), module(*arguments, **named))


class Flags(nn.Module):
    def forward(self, x: Tensor, double: bool | None = None, pair: Any = None, **kwargs: Any) -> Any:
        if double:
            x = x * 2
        if pair is not None:
            x = x + pair[0] * pair[1]
        for name, value in kwargs.items():
            x = x + value * len(name)
        return x if kwargs.get("plain", True) else (x,)


@feature(
    "Arguments", "flags, tuples and further keyword arguments of an entry point, each form of call compiled when it comes"
)
def test_forms_of_calls() -> None:
    module = Flags()
    scripted = tsir.script(module)
    agree(scripted, module, X)
    agree(scripted, module, X, True)
    agree(scripted, module, X, double=True, abc=3)
    agree(scripted, module, X, pair=(X, 2.5))
    agree(scripted, module, X, None, [X, X], y=X, zz=2)
    agree(scripted, module, X, double=False)
    agree(scripted, module, X[0], double=True, abc=4)
    with pytest.raises(TypeError):
        scripted()
    with pytest.raises(TypeError):
        scripted(X, x=X)


def stacked(*tensors: Tensor, scale: float = 1.0) -> Tensor:
    return torch.stack(tensors).sum(0) * scale + len(tensors)


@feature("Arguments", "entry points with *args: compiled for each number of arguments")
def test_any_number_of_arguments() -> None:
    scripted = tsir.script(stacked)
    for count in (1, 2, 4):
        agree(scripted, stacked, *[X + i for i in range(count)])
    agree(scripted, stacked, X, X, scale=3.0)


class First(nn.Module):
    def forward(self, *inputs: Tensor) -> Tensor:
        return inputs[0] + len(inputs)


def test_an_entry_point_that_needs_some_of_its_arguments() -> None:
    scripted = tsir.script(First())
    agree(scripted, First(), X)
    agree(scripted, First(), X, X)


def says_what_is_given(function):
    @functools.wraps(function)
    def wrapper(self, *args, **kwargs):
        return function(self, *args, **kwargs) + (100 if "mask" in kwargs else 0) + 10 * kwargs.get("scale", 5)

    return wrapper


class Asks(nn.Module):
    @says_what_is_given
    def forward(self, x: Tensor, mask: Tensor | None = None, scale: float = 1.0) -> Tensor:
        return x * scale if mask is None else x * mask * scale


@feature("Arguments", "wrappers that ask which arguments are passed")
def test_wrappers_see_what_is_left_out() -> None:
    scripted = tsir.script(Asks())
    for named in ({}, {"mask": X}, {"mask": None}, {"scale": 2.0}, {"scale": 2.0, "mask": X}):
        agree(scripted, Asks(), X, **named)


class Memory:
    """What one call leaves for the next."""

    def __init__(self, *names: str) -> None:
        self.seen: Tensor | None = None
        self.names = list(names)
        self.count = 0

    def update(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        self.seen = x if self.seen is None else torch.cat([self.seen, x])
        self.count += 1
        self.names.append("more")
        return self.seen


class Remembers(nn.Module):
    def forward(self, x: Tensor, memory: Memory | None = None, remember: bool | None = None, **kwargs: Any) -> Any:
        if remember and memory is None:
            memory = Memory("first")
        if memory is None:
            return x
        whole = memory.update(x)
        return whole.sum(0) + memory.count, memory


@feature("Classes", "objects of Python's that an entry point is given, changes and gives: caches")
def test_an_object_goes_from_call_to_call(tmp_path: Path) -> None:
    module = Remembers()
    scripted = tsir.script(module)
    agree(scripted, module, X)
    found, memory = scripted(X, remember=True)
    expected, own = module(X, remember=True)
    for n in range(3):
        assert type(memory) is Memory and (memory.names, memory.count) == (own.names, own.count)
        assert_same((found, memory.seen), (expected, own.seen))
        found, after = scripted(X + n, memory=memory)
        assert after is memory
        expected, own = module(X + n, memory=own)
    scripted.save(tmp_path / "m.pt")
    loaded = tsir.load(tmp_path / "m.pt")
    found, memory = loaded(X, remember=True)
    expected, own = module(X, remember=True)
    for n in range(2):
        assert_same((found, memory.seen, memory.count), (expected, own.seen, own.count))
        found, memory = loaded(X + n, memory=memory)
        expected, own = module(X + n, memory=own)
    with pytest.raises(TypeError, match=r"saved without a variant for a call with \(x, remember, memory\)"):
        loaded(X, remember=True, memory=memory)


class Slots:
    """What each of several layers has seen, by its number."""

    def __init__(self, count: int) -> None:
        self.slots = [Memory(str(i)) for i in range(count)]

    def update(self, x: Tensor, number: int, **kwargs: Any) -> Tensor:
        return self.slots[number].update(x)


class Layer(nn.Module):
    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def forward(self, x: Tensor, slots: Slots | None = None) -> Tensor:
        return x * (self.number + 2) if slots is None else x + slots.update(x, self.number).sum(0)


class Layers(nn.Module):
    def __init__(self, remembers: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(i) for i in range(3))
        self.remembers = remembers

    def forward(self, x: Tensor, slots: Slots | None = None, **kwargs: Any) -> Any:
        if slots is None and (self.remembers or kwargs.get("remember")):
            slots = Slots(len(self.layers))
        for layer in self.layers:
            x = layer(x, slots)
        return x if slots is None else (x, slots)


@feature("Modules", "numbers of layers, by which each finds its own part of an object that is passed through all")
@pytest.mark.parametrize("remembers", [True, False])
def test_layers_with_numbers(remembers: bool) -> None:
    module = Layers(remembers)
    scripted = tsir.script(module)
    (found, slots), (expected, own) = scripted(X, remember=True), module(X, remember=True)
    for n in range(2):
        assert [s.count for s in slots.slots] == [s.count for s in own.slots]
        assert_same((found, [s.seen for s in slots.slots]), (expected, [s.seen for s in own.slots]))
        (found, _), (expected, _) = scripted(X + n, slots=slots), module(X + n, slots=own)


STEPS: contextvars.ContextVar[Any] = contextvars.ContextVar("steps", default=None)


def note(module: nn.Module, args: Any, output: Tensor) -> None:
    steps = STEPS.get()
    if steps is not None:
        if len(steps) == 0:
            steps.append(args[0])
        steps.append(output)


def install(module: nn.Module) -> None:
    for child in module.modules():
        if isinstance(child, Step) and not child._forward_hooks:
            child.register_forward_hook(note)


class Step(nn.Module):
    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = by

    def forward(self, x: Tensor) -> Tensor:
        return x * 2 + self.by


class Steps(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.steps = nn.ModuleList([Step(0.5), Step(2.0)])

    def forward(self, x: Tensor, **kwargs: Any) -> Any:
        collected = {name: [] for name in kwargs if kwargs[name]}.get("states")
        if collected is not None:
            install(self)
        token = STEPS.set(collected)
        try:
            for step in self.steps:
                x = step(x)
        finally:
            STEPS.reset(token)
        return x if collected is None else (x, tuple(collected))


@feature("Modules", "hooks that a forward() registers on its modules, once")
def test_hooks_that_the_program_registers() -> None:
    scripted = tsir.script(Steps())
    agree(scripted, Steps(), X)
    agree(scripted, Steps(), X, states=True)
    agree(scripted, Steps(), X, states=False)
    agree(scripted, Steps(), X + 1, states=True)


def appended(x: Tensor, **kwargs: Any) -> Tensor:
    items = [1, 2]
    for i in range(x.shape[0]):
        items.append(i)
    return x + sum(items)


def grown(x: Tensor, **kwargs: Any) -> Tensor:
    items = []
    other = items
    try:
        for row in x:
            if bool(row.sum() > 3):
                items.append(3)
    finally:
        items.append(4)
    other += [5]
    return x + len(items) + sum(other)


def held(x: Tensor, **kwargs: Any) -> Any:
    table = {"a": [], "b": [1]}
    pair = (table["a"], table)
    table["a"].append(x)
    pair[1]["b"].append(2)
    pair[0].append(x + 1)
    return tuple(table["a"]), len(pair[1]["b"]), torch.stack(pair[0]), sum(table["b"])


def test_lists_in_dicts_change() -> None:
    agree(tsir.script(held), held, X)


@feature("Lists and tuples", "lists of constants that a loop of run time changes, in programs as Python reads them")
@pytest.mark.parametrize("function", [appended, grown])
def test_lists_of_constants_in_loops(function: Any) -> None:
    agree(tsir.script(function), function, X)


class Loss(nn.Module):
    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        return (
            nn.CrossEntropyLoss(ignore_index=2, reduction="sum")(x, labels)
            + nn.Sequential(nn.ReLU(), nn.Flatten(0))(x).sum()
        )


@feature("Modules", "modules without parameters made inside compiled code: losses, activations")
def test_modules_made_in_forward() -> None:
    scripted = tsir.script(Loss())
    agree(scripted, Loss(), X, torch.tensor([1, 2]))


class Linear(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return nn.Linear(3, 2)(x)


def test_modules_with_parameters_are_not_made_in_forward() -> None:
    with pytest.raises(tsir.TsirError, match="module Linear is made inside compiled code, with new parameters"):
        tsir.script(Linear())


class Shelf:
    def __init__(self, names: list[str], *more: str) -> None:
        self.names = [*names, *more]


class Looks(nn.Module):
    def forward(self, x: Tensor, shelf: Any = None, pair: Any = None, **kwargs: Any) -> Any:
        given = {} | kwargs | dict(zip(("first", "second"), pair or (), strict=False))
        match shelf, given:
            case Shelf(names=[first, "b"]), {"scale": float() as scale}:
                shelf.names[:] = [first, "c", "d"]
                return x * scale
            case Shelf(names=[_, *rest]), {"scale": None}:
                shelf.names[1:] = ["e"]
                return x + len(rest)
            case None, {"first": Tensor() as first, **more}:
                return first + len(more)
            case None, {}:
                return x - len(given)


@feature("Pattern matching", "parts of objects that may be absent: class patterns with sequences inside")
@feature("Dicts and sets", "`|` of dicts of different types, of an empty one")
@feature("Lists and tuples", "slices of lists assigned in programs as Python reads them: the caller's lists change")
def test_patterns_of_what_is_passed() -> None:
    scripted = tsir.script(Looks())
    agree(scripted, Looks(), X)
    agree(scripted, Looks(), X, pair=(X + 1,))
    agree(scripted, Looks(), X, pair=(X + 1, 2), scale=3)
    agree(scripted, Looks(), X, other=True)
    for names, scale in ((["a", "b"], 2.0), (["a", "b", "c"], None)):
        mine, own = Shelf(names), Shelf(names)
        assert_same(scripted(X, mine, scale=scale), Looks()(X, own, scale=scale))
        assert mine.names == own.names


class Entry(dict[str, Any]):
    pass


class Makes(nn.Module):
    def forward(self, x: Tensor) -> Any:
        made = Entry.__new__(Entry)
        dict.__setitem__(made, "x", x)
        object.__setattr__(made, "size", x.sum())
        made["y"] = x + 1
        return made


@feature("Classes", "`__new__` of classes derived from dict, methods of dict called by the class")
def test_objects_derived_from_dict_without_init(form: str) -> None:
    found = tsir.script(Makes())(X)
    assert type(found) is Entry and list(found) == ["x", "y"]
    assert_same((found["x"], found["y"], found.size), (X, X + 1, X.sum()))
