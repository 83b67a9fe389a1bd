"""Modules as users write them, with state, nesting and sharing: scripted, then saved and loaded, each compared with eager over
several calls."""

import copy
import enum
import io
from dataclasses import dataclass, field
from typing import Callable, Dict, Final, List, NamedTuple, Optional, Tuple

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import tsir
from tests.models.comparison import assert_same

X = torch.linspace(-1, 1, 8).reshape(2, 4)


class RunningMean(nn.Module):
    """Buffers and counters that persist, and a switch by `training`."""

    momentum: Final[float]

    def __init__(self) -> None:
        super().__init__()
        self.momentum = 0.5
        self.register_buffer("mean", torch.zeros(4))
        self.register_buffer("absent", None)
        self.steps = 0
        self.history: List[float] = []

    def forward(self, x: Tensor):
        if self.training:
            self.steps += 1
            self.mean.mul_(self.momentum).add_(x.mean(0) * (1 - self.momentum))
            self.history.append(float(self.mean.sum()))
        return x - self.mean, self.steps, self.history[-1] if len(self.history) > 0 else 0.0


class KeyValueCache(nn.Module):
    """An Optional attribute that calls fill, and a method that empties it."""

    cache: Optional[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(4, 4)
        self.cache = None

    @torch.jit.export
    def reset(self) -> None:
        self.cache = None

    @torch.jit.export
    def length(self) -> int:
        cache = self.cache
        return 0 if cache is None else cache.size(0)

    def forward(self, x: Tensor) -> Tensor:
        new = self.project(x)
        cache = self.cache
        whole = new if cache is None else torch.cat([cache, new])
        self.cache = whole
        if self.length() > 5:
            self.reset()
        return whole.sum(0)


class TiedWeights(nn.Module):
    """One parameter in two modules, and one module under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(7, 4)
        self.head = nn.Linear(4, 7, bias=False)
        self.head.weight = self.embed.weight
        self.block = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
        self.again = self.block

    def forward(self, x: Tensor) -> Tensor:
        index = (x.abs() * 6).long() % 7
        return self.head(self.again(self.block(self.embed(index))))


class Routed(nn.Module):
    """A ModuleDict by a key of run time, a ModuleList by an index of run time."""

    def __init__(self) -> None:
        super().__init__()
        self.by_name = nn.ModuleDict(
            {"relu": nn.ReLU(), "linear": nn.Linear(4, 4), "deep": nn.Sequential(nn.Tanh(), nn.ReLU())}
        )
        self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Identity(), nn.LayerNorm(4)])
        self.order = ["linear", "deep", "relu"]

    def forward(self, x: Tensor):
        names: List[str] = []
        for i, name in enumerate(self.order):
            x = self.layers[(i * 2) % len(self.layers)](self.by_name[name](x))
            if name in self.by_name:
                names.append(name.upper())
        for name, module in self.by_name.items():
            x = module(x) if name != "deep" else x
        return x, names, [k for k in self.by_name.keys()], len(self.layers[1:]), "none" in self.by_name


class Residual(nn.Module):
    def __init__(self, inner: nn.Module, scale: float = 1.0) -> None:
        super().__init__()
        self.inner = inner
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        return x + self.scale * self.inner(x)


class Nested(nn.Module):
    """Lists in lists, modules of one class with different attributes, slices and reversed iteration."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.ModuleList([Residual(nn.Linear(4, 4), float(i)), Residual(nn.Sequential(nn.Linear(4, 4), nn.ReLU()))])
            for i in range(3)
        )

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks[1:]:
            for layer in block:
                x = layer(x)
        for block in reversed(self.blocks):
            x = block[0](x) * len(block)
        return x + self.blocks[0][-1].inner[0].weight.sum()


class Mode(enum.Enum):
    MEAN = 1
    MAX = 2


class Output(NamedTuple):
    logits: Tensor
    pooled: Optional[Tensor] = None
    count: int = 0


class Pooler(nn.Module):
    """Enum attributes and a NamedTuple result; class attributes, static methods and properties."""

    eps: float = 1e-5
    sizes = (1, 2)

    def __init__(self, mode: Mode) -> None:
        super().__init__()
        self.mode = mode
        self.weight = nn.Parameter(torch.ones(4))
        self.uses = 0

    @staticmethod
    def normed(x: Tensor, eps: float) -> Tensor:
        return x / (x.norm() + eps)

    @property
    def factor(self) -> float:
        return self.uses * 0.5

    @factor.setter
    def factor(self, value: float) -> None:
        self.uses = int(value * 2)

    def forward(self, x: Tensor) -> Output:
        self.factor = self.factor + 0.5
        pooled = x.mean(1) if self.mode == Mode.MEAN else x.amax(1)
        if self.uses > 2:
            return Output(self.normed(x, self.eps), count=self.sizes[1])
        return Output(x * self.weight * self.factor, pooled)


@dataclass
class Options:
    width: int = 4
    names: List[str] = field(default_factory=lambda: ["a", "b"])
    dropout: float = 0.0
    bias: Optional[float] = None


@dataclass
class Whole:
    options: Options = field(default_factory=Options)
    depth: int = 2


class Configured(nn.Module):
    """A nested dataclass and a function as attributes, and modules that may be None."""

    def __init__(self, config: Whole, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.config = config
        self.activation = activation
        self.extra = nn.Linear(4, 4) if config.options.bias is not None else None
        self.layers = nn.ModuleList([nn.Linear(config.options.width, config.options.width) for _ in range(config.depth)])

    def forward(self, x: Tensor):
        for layer in self.layers:
            x = self.activation(layer(x))
        if self.extra is not None:
            x = self.extra(x)
        bias = self.config.options.bias
        if bias is not None:
            x = x + bias
        return F.dropout(x, self.config.options.dropout, self.training), self.config.options.names[self.config.depth - 1]


class Base(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def transform(self, x: Tensor) -> Tensor:
        return self.linear(x)

    def forward(self, x: Tensor, times: int = 1) -> Tensor:
        for _ in range(times):
            x = self.transform(x)
        return x


class Derived(Base):
    """Overridden methods, `super()`, keyword-only arguments, methods left to Python."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(2.0))

    def transform(self, x: Tensor) -> Tensor:
        return super().transform(x) * self.gain

    @torch.jit.unused
    def debug(self, x: Tensor) -> Tensor:
        import pdb  # noqa: F401

        return x

    def forward(self, x: Tensor, times: int = 2, *, flip: bool = False) -> Tensor:
        y = super().forward(x, times=times)
        if times > 100:
            y = self.debug(y)
        return y.flip(0) if flip else y + self.scaled(x)

    @classmethod
    def scaled(cls, x: Tensor) -> Tensor:
        return x * 3


class Accumulator(nn.Module):
    """Dicts, lists of tensors and tuples as attributes that calls change."""

    state: Dict[str, List[Tensor]]
    last: Tuple[int, str]

    def __init__(self) -> None:
        super().__init__()
        self.state = {"all": []}
        self.last = (0, "")
        self.counts: Dict[int, int] = {}

    def forward(self, x: Tensor):
        self.state["all"].append(x * len(self.state["all"]))
        key = f"step{len(self.counts)}"
        self.state[key] = self.state["all"][-2:]
        self.counts[len(self.counts)] = self.counts.get(0, 5) + 1
        self.last = (self.last[0] + 1, key)
        return torch.stack(self.state["all"]).sum(0), sorted(self.state.keys()), self.last, self.counts


class Parameters(nn.Module):
    """ParameterList, ParameterDict, buffers made by a loop, and walks over them."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.ParameterList([nn.Parameter(torch.full((4,), float(i))) for i in range(3)])
        self.named = nn.ParameterDict({"scale": nn.Parameter(torch.ones(4)), "shift": nn.Parameter(torch.zeros(4))})
        for i in range(2):
            self.register_buffer(f"table{i}", torch.arange(4.0) + i)

    def forward(self, x: Tensor):
        for w in self.weights:
            x = x + w
        x = x * self.named["scale"] + self.named["shift"] + self.table0 - self.table1
        total = torch.zeros(())
        for p in self.parameters():
            total = total + p.sum()
        return x, total, [name for name, _ in self.named_buffers()]


class Recurrent(nn.Module):
    """Cells in a loop, with a state that may be given."""

    def __init__(self) -> None:
        super().__init__()
        self.cells = nn.ModuleList([nn.GRUCell(4, 4), nn.GRUCell(4, 4)])
        self.lstm = nn.LSTM(4, 3, batch_first=True)

    def forward(self, x: Tensor, state: Optional[List[Tensor]] = None):
        if state is None:
            state = [torch.zeros(x.size(0), 4) for _ in self.cells]
        for _ in range(3):
            for i, cell in enumerate(self.cells):
                state[i] = cell(x, state[i])
                x = state[i]
        sequence, (h, c) = self.lstm(torch.stack(state, 1))
        return sequence, h + c, state


def doubled(module: nn.Module, args: Tuple[Tensor]) -> Tuple[Tensor]:
    return (args[0] * 2,)


def shifted(module: nn.Module, args: Tuple[Tensor], result: Tensor) -> Tensor:
    return result + args[0].sum()


def hooked() -> nn.Module:
    module = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    module[0].register_forward_pre_hook(doubled)
    module[0].register_forward_hook(shifted)
    module.register_forward_hook(shifted)
    return module


PROGRAMS: Dict[str, Callable[[], nn.Module]] = {
    "running mean": RunningMean,
    "running mean, eval": lambda: RunningMean().eval(),
    "cache": KeyValueCache,
    "tied weights": TiedWeights,
    "routed": Routed,
    "nested": Nested,
    "enum and named tuple": lambda: Pooler(Mode.MEAN),
    "other enum member": lambda: Pooler(Mode.MAX),
    "configured": lambda: Configured(Whole(), torch.relu),
    "configured, with bias": lambda: Configured(Whole(Options(bias=2.0), depth=1), F.silu),
    "derived": Derived,
    "accumulator": Accumulator,
    "parameters": Parameters,
    "recurrent": Recurrent,
    "hooks": hooked,
    "hooks below": lambda: Residual(hooked(), 0.5),
    "two of one class": lambda: nn.Sequential(Residual(nn.Linear(4, 4)), Residual(nn.Tanh(), 3.0), Derived()),
    "stateful, twice": lambda: nn.Sequential(KeyValueCache(), nn.Unflatten(0, (1, 4)), KeyValueCache()),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    torch.manual_seed(0)
    eager = PROGRAMS[name]()
    file = io.BytesIO()
    compiled = tsir.script(copy.deepcopy(eager))
    tsir.save(compiled, file)
    file.seek(0)
    loaded = tsir.load(file)
    for step in range(4):
        with torch.no_grad():
            expected = eager(X + step)
            assert_same(compiled(X + step), expected)
            assert_same(loaded(X + step), expected)
    assert sorted(compiled.state_dict()) == sorted(n for n in eager.state_dict())


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return self.linear(x) + self.calls

    @torch.jit.export
    def called(self, more: int) -> int:
        return self.calls + more


class Holds(nn.Module):
    """A module whose owner calls what is in it: `forward` doesn't."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.decoder = nn.Sequential(nn.Linear(4, 2))
        self.hooked = hooked()

    def forward(self, x: Tensor) -> Tensor:
        return x


def test_submodules_that_only_their_owner_calls() -> None:
    torch.manual_seed(0)
    eager = Holds()
    compiled = tsir.script(copy.deepcopy(eager))
    file = io.BytesIO()
    tsir.save(compiled, file)
    file.seek(0)
    loaded = tsir.load(file)
    with torch.no_grad():
        expected = eager.encoder(X), eager.decoder(X), eager.hooked(X + 1), eager.hooked[0](X + 1), eager.encoder.called(2)
        for m in (compiled, loaded):
            assert_same((m.encoder(X), m.decoder(X), m.hooked(X + 1), m.hooked[0](X + 1), m.encoder.called(2)), expected)
