"""Registries and other containers from outside, looked up by a key that only the running program knows."""

import collections
import enum
import types
from typing import Any, Callable, List

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()
X = torch.tensor([-1.5, 0.0, 2.0])


class MakesModules(collections.OrderedDict):
    def __getitem__(self, key):
        found = super().__getitem__(key)
        cls, options = found if isinstance(found, tuple) else (found, {})
        return cls(**options)


ACTIVATIONS = MakesModules({"relu": nn.ReLU, "leaky": (nn.LeakyReLU, {"negative_slope": 0.5}), "tanh": nn.Tanh})


@feature(
    "Globals and constants",
    "containers of modules, functions and classes with a `__getitem__` of their own, by a run-time key",
)
@programs("relu", X)
@programs("leaky", X)
@programs("none", X)
def made_by_key(name: str, x: Tensor):
    return ACTIVATIONS[name](x)


class Lower(dict):
    def __getitem__(self, key):
        return super().__getitem__(key.lower())


class Lengths(dict):
    def __missing__(self, key):
        return len(key)


LOWER = Lower(a=1, b=2)
LENGTHS = Lengths(a=100, b=200)


@feature("Dicts and sets", "dicts from outside with `__missing__` or `__getitem__`, by a run-time key")
@programs(["A", "b"])
@programs(["a", "Z"])
def derived(names: List[str]):
    return [LENGTHS[n] for n in names], [LOWER[n] for n in names]


class Vocabulary:
    def __init__(self) -> None:
        self.numbers = {"a": 0, "b": 1, "?": 2}

    def __getitem__(self, word: str) -> int:
        return self.numbers.get(word, self.numbers["?"])

    def __contains__(self, word: str) -> bool:
        return word in self.numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self):
        return iter(self.numbers)


WORDS = Vocabulary()


@feature("Globals and constants", "objects from outside with `__getitem__`, `__contains__`, `__iter__`")
@programs(["a", "x", "b"])
def vocabulary(words: List[str]):
    return [WORDS[w] for w in words], [w in WORDS for w in words], len(WORDS), [w for w in WORDS]


class Registry:
    def __init__(self) -> None:
        self.known = {}

    def register(self, name: str) -> Callable[[Any], Any]:
        def add(function):
            self.known[name] = function
            return function

        return add

    def __getitem__(self, name):
        return self.known[name]

    def get(self, name):
        if name not in self.known:
            raise KeyError(f"there is no {name}")
        return self.known[name]

    def __contains__(self, name):
        return name in self.known


FUNCTIONS = Registry()


@FUNCTIONS.register("more")
def more(x):
    return x + 1


@FUNCTIONS.register("twice")
def twice(x):
    return x * 2


@programs("more", 3)
@programs("twice", 3)
@programs("none", 3)
def registered(name: str, x: int):
    if name not in FUNCTIONS:
        return FUNCTIONS.get(name)(x)
    return FUNCTIONS[name](x) + FUNCTIONS.get(name)(x)


class Kind(enum.Enum):
    MORE = 1
    TWICE = 2


BY_KIND = {Kind.MORE: more, Kind.TWICE: twice}
BY_PAIR = {(1, "a"): more, (2, "b"): twice}
BY_NUMBER = types.MappingProxyType({1: functional.relu, 2: torch.tanh})


@feature("Globals and constants", "dicts of functions whose keys are enum members, tuples or numbers, by a run-time key")
@programs(Kind.MORE, 1, "a")
@programs(Kind.TWICE, 2, "b")
def by_other_keys(kind: Kind, n: int, name: str):
    return BY_KIND[kind](3), BY_PAIR[n, name](4), BY_NUMBER[n](X.to(torch.float64) if n > 1 else X), kind in BY_KIND


class State(enum.Enum):
    IDLE = "idle"
    RUNS = "runs"


NEXT = {(State.IDLE, "start"): State.RUNS, (State.RUNS, "stop"): State.IDLE}
WEIGHTS = {State.IDLE: 1.5, State.RUNS: 2.5}


@feature("Globals and constants", "dicts from outside whose keys are enum members or tuples: `get`, `in`, views, changes")
@programs(State.IDLE, ["start", "start", "stop"])
@programs(State.RUNS, ["stop", "stop"])
def machine(state: State, events: List[str]):
    log: List[str] = []
    for event in events:
        found = NEXT.get((state, event))
        if found is None:
            log.append(f"{state.name}: {event}?")
        else:
            log.append(f"{state.value} -> {found.value}")
            state = found
    WEIGHTS[state] += 1.0
    weight = WEIGHTS[state]
    WEIGHTS[state] -= 1.0
    return log, weight, state in WEIGHTS, (state, "go") in NEXT, [k.name for k in WEIGHTS], sum(WEIGHTS.values()), len(NEXT)


@programs(3)
def by_unknown_number(n: int):
    return BY_NUMBER[n](torch.ones(2))


CHAIN = collections.ChainMap({"a": 1}, {"b": 2})
USER = collections.UserDict({"a": 1.5})


@programs("a")
@programs("b")
@programs("c")
def standard(name: str):
    return CHAIN[name] if name in CHAIN else -1, USER[name] if name in USER else 0.5


WITH_WEIGHTS = MakesModules({"relu": nn.ReLU, "linear": (nn.Linear, {"in_features": 3, "out_features": 3})})


def activated(x: Tensor, name: str):
    return WITH_WEIGHTS[name](x)


@programs(X)
def by_an_argument_that_the_caller_knows(x: Tensor, **kwargs):
    """One of the modules has weights of its own, so that it can't be made by the program."""
    return activated(x, "relu")


@programs.parametrized()
def test_programs(function, arguments):
    check(function, arguments)
