"""Entry points as Python code has them beyond TorchScript: wrapped, with `**kwargs`, with configuration objects, giving records."""

import contextvars
import dataclasses
import functools
import inspect
import logging
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tests.models.comparison import assert_same
from tsir.errors import UnsupportedError

X = torch.arange(6.0).reshape(2, 3)
MASK = torch.tensor([[True, False, True], [True, True, True]])
logger = logging.getLogger(__name__)


def same(module: nn.Module, *arguments: Any, **named: Any) -> Any:
    """Scripts the module and compares a call."""
    scripted = tsir.script(module)
    with torch.no_grad():
        assert_same(scripted(*arguments, **named), module(*arguments, **named))
    return scripted


@dataclasses.dataclass
class Config:
    size: int = 3
    scale: float = 0.5
    act: str = "relu"
    extras: dict[str, Any] = dataclasses.field(default_factory=lambda: {"bias": 2.0, "order": [1, 0]})
    is_decoder: bool = False

    @property
    def doubled(self) -> float:
        return self.scale * 2

    def factor(self, power: int, *, sign: int = 1) -> float:
        if power < 0:
            raise ValueError("power")
        return sign * self.scale**power

    def rename(self, act: str) -> None:
        self.act = act


class Configured(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config

    def forward(self, x: Tensor) -> Tensor:
        if self.config.is_decoder:
            return x.tril().undefined_method()
        x = x * self.config.scale + self.config.extras["bias"] + self.config.factor(2, sign=-1)
        if getattr(self.config, "missing", None) is not None or not hasattr(self.config, "act"):
            x = x * 100
        return x * self.config.doubled if self.config.act.startswith("re") else x


@feature(
    "Modules", "dataclasses and other configuration objects as attributes: fields, properties and methods are constants"
)
def test_a_configuration_object_is_a_constant() -> None:
    same(Configured(Config()), X)
    same(Configured(Config(act="gelu", scale=3.0)), X)


ACTIVATIONS: dict[str, Any] = {"relu": torch.relu, "double": lambda x: x * 2}


class Registry(Mapping[str, Any]):
    def __init__(self, own: dict[str, Any]) -> None:
        self.own = own

    def __getitem__(self, key: str) -> Any:
        return self.own[key] if key in self.own else ACTIVATIONS[key]

    def __iter__(self):
        return iter({**ACTIVATIONS, **self.own})

    def __len__(self) -> int:
        return len({**ACTIVATIONS, **self.own})

    def interface(self, name: str, default: Any) -> Any:
        if name not in self and name != "none":
            raise KeyError(name)
        return super().get(name, default)


REGISTRY = Registry({"triple": lambda x: x * 3})


def unchanged(x: Tensor, **kwargs: Any) -> Tensor:
    return x


class Looks(nn.Module):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = Config(act=name)

    def forward(self, x: Tensor, **kwargs: Any) -> Tensor:
        act = REGISTRY.interface(self.name.act, unchanged)
        return act(x) + len(REGISTRY)


@feature("Globals and constants", "methods of constant objects and look-ups in constant mappings, evaluated while compiling")
@pytest.mark.parametrize("name", ["relu", "triple", "double", "none"])
def test_functions_come_from_a_constant_mapping(name: str) -> None:
    same(Looks(name), X - 2)


def wrapped(function):
    @functools.wraps(function)
    def wrapper(self, *args, **kwargs):
        plain = kwargs.pop("plain", not self.config.is_decoder)
        scale = kwargs.get("scale")
        if scale is None:
            kwargs["scale"] = self.config.scale
        names = {f"given_{k}": 1 for k in kwargs if k == "scale"}
        result = function(self, *args, **{**kwargs, "extra": len(names)})
        return result if plain else (result,)

    return wrapper


def renamed(old: str, new: str):
    def decorate(function):
        parameters = set(inspect.signature(function).parameters)

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            if old in kwargs and old not in parameters:
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return wrapper

    return decorate


class Wrapped(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.child = Child()

    @wrapped
    @renamed("factor", "scale")
    def forward(self, x: Tensor, scale: float | None = None, mask: Tensor | None = None, **kwargs: Any) -> Tensor:
        assert kwargs.keys() == {"extra"} or len(kwargs) == 1
        return self.child(x * scale, size=1, mask=mask, **kwargs)


class Child(nn.Module):
    @renamed("size", "by")
    def forward(self, x: Tensor, by: int = 5, **kwargs: Any) -> Tensor:
        mask = kwargs["mask"]
        if mask is not None:
            x = x.masked_fill(mask, 0.0)
        return x + by + kwargs.get("extra", 100) + kwargs.get("absent", 0)


@feature("Functions and closures", "decorated forward(): wrappers by functools.wraps with *args and **kwargs")
@pytest.mark.parametrize("named", [{}, {"scale": 3.0}, {"mask": MASK}, {"scale": 2.0, "mask": MASK}])
def test_a_wrapped_forward(named: dict[str, Any]) -> None:
    same(Wrapped(Config()), X, **named)


class Keywords(nn.Module):
    def forward(self, x: Tensor, **kwargs: Any) -> Tensor:
        return x + len(kwargs) if not kwargs else x * 2


@feature("Arguments", "entry points with **kwargs")
def test_an_entry_point_with_keywords() -> None:
    scripted = same(Keywords(), X)
    assert_same(scripted(X, y=1), Keywords()(X, y=1))


class Cache:
    """A class that nothing outside passes."""

    def length(self) -> int:
        raise NotImplementedError


class Fixed(nn.Module):
    def forward(self, x: Tensor, cache: Cache | None = None, flag: bool | None = None, **kwargs: Any) -> Tensor:
        if cache is not None:
            x = x[cache.length() :]
        flag = flag if flag is not None else False
        return x + 1 if flag else x


@feature("Arguments", "parameters of wrapped entry points that are flags and objects of Python's")
def test_flags_are_passed() -> None:
    scripted = same(Fixed(), X, cache=None)
    assert_same(scripted(X, flag=True), X + 1)


class Output(OrderedDict[str, Any]):
    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # pyright: ignore[reportArgumentType]
            value = getattr(self, field.name)
            if value is not None:
                self[field.name] = value

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        super().__setattr__(key, value)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return dict(self.items())[key]
        return self.to_tuple()[key]

    def to_tuple(self) -> tuple[Any, ...]:
        return tuple(self[k] for k in self.keys())


@dataclasses.dataclass
class Scores(Output):
    logits: Tensor | None = None
    hidden: Tensor | None = None
    states: tuple[Tensor, ...] | None = None


class Gives(nn.Module):
    def __init__(self, config: Config, states: bool = False) -> None:
        super().__init__()
        self.config, self.states = config, Config(is_decoder=states)

    def forward(self, x: Tensor, **kwargs: Any) -> Any:
        inner = Scores(logits=x * 2, states=(x, x + 1) if self.states.is_decoder else None)
        assert "logits" in inner and inner["logits"] is inner[0] and len(inner) == (2 if self.states.is_decoder else 1)
        outer = Scores(logits=inner.logits + 1, hidden=inner[0])
        outer["states"] = inner.states
        return outer if not self.config.is_decoder else outer.to_tuple()


@feature("Classes", "outputs of classes derived from dict (dataclasses with __post_init__): the same class comes back")
def test_outputs_are_of_their_class(form: str) -> None:
    scripted = tsir.script(Gives(Config(), states=True))
    found, expected = scripted(X), Gives(Config(), states=True)(X)
    assert type(found) is Scores and list(found) == list(expected) == ["logits", "hidden", "states"]
    assert_same(found.to_tuple(), expected.to_tuple())
    assert found.hidden is found["hidden"]
    without = tsir.script(Gives(Config()))(X)
    assert without.states is None and list(without) == list(Gives(Config())(X))
    same(Gives(Config(is_decoder=True), states=True), X)


def test_a_loaded_program_gives_the_plain_form(form: str, tmp_path: Any) -> None:
    tsir.script(Gives(Config())).save(tmp_path / "m.pt")
    found = tsir.load(tmp_path / "m.pt")(X)
    assert list(found) == ["logits", "hidden", "states"] and found.states is None
    assert_same(found.to_tuple()[:2], (X * 2 + 1, X * 2))
    assert found["hidden"] is found.hidden is found[1]


class Notes(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config

    def forward(self, x: Tensor, **kwargs: Any) -> Tensor:
        if x.sum() > 100:
            logger.warning("large: %s, %d", self.config.act, x.shape[0])
        return x


@feature("Standard library", "logging: what a logger is given is logged at run time")
def test_logging(caplog: pytest.LogCaptureFixture) -> None:
    scripted = tsir.script(Notes(Config()))
    scripted(X)
    assert not caplog.records
    scripted(X + 100)
    assert [(r.name, r.levelname, r.getMessage()) for r in caplog.records] == [(__name__, "WARNING", "large: relu, 2")]


DEPTH: contextvars.ContextVar[Any] = contextvars.ContextVar("depth", default=None)


def deeper(x: Tensor) -> Tensor:
    return x if DEPTH.get() is None else x * DEPTH.get()


class Contexts(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config

    def forward(self, x: Tensor, restore: bool = True, **kwargs: Any) -> Tensor:
        x = deeper(x) + 1
        token = DEPTH.set(3)
        before = self.config.act
        self.config.act = "gelu"
        try:
            x = deeper(x) + len(self.config.act)
        finally:
            DEPTH.reset(token)
            self.config.act = before
        return deeper(x) + (1 if self.config.act == "relu" else 100)


@feature("Context managers", "context variables and attributes of constant objects, set for a while")
def test_state_that_is_put_back() -> None:
    same(Contexts(Config()), X)
    assert DEPTH.get() is None


class Keeps(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = Looks("relu"), config

    def forward(self, x: Tensor, **kwargs: Any) -> Tensor:
        DEPTH.set(3)
        return x


def test_state_that_stays_set_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="a context variable that is still set at the end of forward"):
        tsir.script(Keeps(Config()))


def either(mask: Tensor | None):
    def all_of(i: Tensor) -> Tensor:
        return i >= 0

    def masked(i: Tensor) -> Tensor:
        assert mask is not None
        return mask[:, i]

    return all_of if mask is None else masked


class Splits(nn.Module):
    def forward(self, x: Tensor, mask: Tensor | None = None, **kwargs: Any) -> Tensor:
        function = either(None)
        if mask is not None:
            function = either(mask)
            kwargs["shift"] = 2
        found = function(torch.arange(x.shape[1]))
        return torch.where(found, x, x - 10) + kwargs.get("shift", 1)


@feature("Functions and closures", "a function or a dict that a branch at run time chooses, with what it captures")
@pytest.mark.parametrize("named", [{}, {"mask": MASK}])
def test_the_rest_of_a_body_is_compiled_for_both_sides(named: dict[str, Any]) -> None:
    same(Splits(), X, **named)


class MayBeNone(nn.Module):
    def forward(self, x: Tensor | None = None, other: Tensor | None = None, n: int | None = None, **kwargs: Any) -> Tensor:
        if x is None:
            return other.abs()  # pyright: ignore[reportOptionalMemberAccess]
        return x + n


def test_none_is_looked_for_at_run_time() -> None:
    scripted = same(MayBeNone(), X, n=2)
    same(MayBeNone(), other=-X)
    for arguments, error in (((), AttributeError), ((X,), TypeError)):
        with pytest.raises(error):
            scripted(*arguments)


class Shapes(nn.Module):
    def forward(self, x: Tensor, **kwargs: Any) -> Tensor:
        shape = x.shape[:-1]
        y = x.reshape(*shape, -1, 1).expand(*shape, -1, 2)
        whole = (*shape, 3, 2)
        return y.reshape(whole).view(*whole).permute(*range(y.dim() - 1, -1, -1)) if len(shape) == 1 else y


@feature("Expressions", "`*` of a shape of unknown length in a tuple or a call")
def test_shapes_of_unknown_length_are_spread_out() -> None:
    same(Shapes(), X)


class Spread(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        shape = x.shape[:-1]
        return x.reshape(*shape, -1, 1).expand(*shape, -1, 2)


@pytest.mark.parametrize("x", [X, X[0], X[None, None]])
def test_shapes_of_any_rank(x: Tensor) -> None:
    same(Spread(), x)


class Hints(nn.Module):
    def forward(self, x: Tensor, parts: list[Tensor] | None = None, **kwargs: Any) -> "Hints":
        scale: str = x.shape[0]  # pyright: ignore[reportAssignmentType]
        found: UnknownName = x * scale  # noqa: F821  # pyright: ignore[reportUndefinedVariable]
        names: list[int] = []
        for i in range(x.shape[1]):
            names.append(i)
        return found + len(names) + (parts.count(x) if parts is not None else 0)  # pyright: ignore[reportReturnType]


@feature("Types and annotations", "annotations that aren't true, in wrapped entry points and what they call")
def test_annotations_are_hints() -> None:
    same(Hints(), X)


@dataclasses.dataclass
class Pair:
    whole: Tensor
    part: Tensor


class KeepsWhole(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(3)

    def forward(self, x: Tensor) -> Pair:
        whole = x + 1
        return Pair(whole, self.norm(whole[:, 0]))


def test_what_an_object_keeps_is_not_overwritten() -> None:
    """Its part is normalised after the last time that anything else reads the whole."""
    x = torch.arange(30.0).reshape(2, 5, 3)
    module = KeepsWhole()
    with torch.no_grad():
        found, expected = tsir.script(module)(x), module(x)
    assert_same((found.whole, found.part), (expected.whole, expected.part))
