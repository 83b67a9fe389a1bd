"""`torch.compile(model, backend="tsir")` against eager: results, gradients, state, changed inputs, graph breaks, dynamic shapes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.exported.comparison import same
from tests.conformance.exported.programs import Box, Point, T
from tsir.runtime.torch_compile import backend

F = nn.functional
QUICK = {"breaks", "Trained", "changes_inputs", "containers"}


@dataclass
class Case:
    """`calls` are the arguments of calls in turn; `trains`: gradients are compared, too."""

    name: str
    make: Callable[[], Any]
    calls: list[tuple[Any, ...]]
    trains: bool = True
    options: dict[str, Any] = field(default_factory=dict)


CASES: list[Case] = []


def case(*calls: tuple[Any, ...], trains: bool = True, **options: Any) -> Callable[[Any], Any]:
    """Adds a function, or a class of modules."""

    def add(thing: Any) -> Any:
        def make() -> Any:
            torch.manual_seed(0)
            return thing() if isinstance(thing, type) else thing

        CASES.append(Case(thing.__name__, make, list(calls), trains, options))
        return thing

    return add


@case((T(3, 4),), (-T(3, 4).abs(),), (T(5, 4),), (T(7, 4),))
def breaks(x: Tensor) -> Tensor:
    y = x.sin()
    if y.sum() > 0:
        y = y * 2
    torch._dynamo.graph_break()
    n = int(y.abs().sum().item())
    for _ in range(n % 3):
        y = y + x
    return y.softmax(-1)


@case((T(4, 3, 8, 8),), (T(2, 3, 8, 8),), (T(4, 3, 8, 8, seed=1),))
class Trained(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, padding=1, groups=3)
        self.norm = nn.BatchNorm2d(6)
        self.head = nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(96, 5), nn.LayerNorm(5), nn.GELU())

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.norm(self.conv(x))))


@case((T(3, 4), T(4)), (T(3, 4, seed=1), T(4, seed=2)), trains=False)
def changes_inputs(x: Tensor, y: Tensor) -> Any:
    x.add_(1)
    y[1:].mul_(2)
    x[0] = y
    return x.t(), y


@case(
    ({"a": T(3), "b": [T(2), 3]}, Point(T(2), T(2)), "sum"),
    ({"a": T(3), "b": [T(2), 4]}, Point(T(2), T(2)), "mean"),
    trains=False,
)
def containers(d: Any, p: Any, how: str) -> Any:
    total = d["a"].sum() + d["b"][0].sum() * d["b"][1]
    return {"t": total if how == "sum" else total / 2, "p": Point(p.x + p.y, how), "n": None, "l": [d["a"], d["b"][1] + 1]}


@case((T(3, 4), 2, 0.5), (T(3, 4), 3, 1.5), (T(6, 4), 4, 2.5), trains=False)
def numbers(x: Tensor, n: int, f: float) -> Any:
    return x * n + f, x.repeat(n, 1), n * 2, f + n, x.shape[0] * n


@case((T(8),), (T(5),), (T(6),), (T(1),), dynamic=True)
def dynamic_from_the_start(x: Tensor) -> Any:
    half = x.shape[0] // 2
    return x[:half].exp(), x[half:] * x.shape[0], torch.arange(x.shape[0])


@case((torch.tensor([1.0, 0.0, 2.0]),), (torch.tensor([1.0, 5.0, 2.0]),), trains=False)
def data_dependent(x: Tensor) -> Any:
    found = x.nonzero()
    return found, x[x > 0].sum(), x.unique()


@case((T(5, 3),), (T(4, 3),))
class Stateful(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))
        self.register_buffer("history", torch.zeros(2, 3))
        self.weight = nn.Parameter(torch.ones(3))
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.count += 1
        self.history = torch.cat([self.history[1:], x.mean(0, keepdim=True).detach()])
        return x * self.weight * self.calls + self.history.sum(0)


@case((torch.tensor([[1, 2, 0], [3, 4, 4]]),))
class LanguageModel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(6, 8)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        self.head = nn.Linear(8, 6)

    def forward(self, tokens: Tensor) -> Tensor:
        mask = nn.Transformer.generate_square_subsequent_mask(tokens.shape[1])
        logits = self.head(self.layer(self.embedding(tokens), src_mask=mask, is_causal=True))
        return F.cross_entropy(logits.flatten(0, 1), tokens.flatten())


@case((T(4, 2, 3),), (T(4, 3, 3),))
class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 4, num_layers=2)

    def forward(self, x: Tensor) -> Any:
        y, (h, c) = self.lstm(x)
        return y, h + c


@case((T(2, 3, 6, 6),), (T(2, 3, 7, 5),))
class Pooled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(3, 4, 2, stride=2)
        self.bag = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        y = F.avg_pool2d(self.up(x), 2) + F.adaptive_avg_pool2d(x, (3, 3)).mean()
        y = F.interpolate(y, scale_factor=2.0, mode="bilinear", align_corners=False)
        return self.bag(F.adaptive_max_pool2d(y, 2).mean((2, 3)))


@case((T(3, 4), T(4, 3)), (T(3, 4), T(4, 3)))
def many_gradients(x: Tensor, y: Tensor) -> Any:
    z = x @ y
    return (
        z.logsumexp(-1), z.tril().std(0), z.cumsum(0).tanh(), z.sort(0).values[:2], torch.where(z > 0, z, z.exp()),
        z.clamp(-1, 1).prod(1), F.normalize(z), z.gather(1, torch.tensor([[0, 2], [1, 1], [2, 0]])), F.pad(z, (1, 1)),
        z.index_select(0, torch.tensor([2, 0])),
    )  # fmt: skip


@case((T(3, 4),), (T(3, 4),))
def views(x: Tensor) -> Any:
    y = x.view(4, 3)
    return y, x.t()[1:], x, y[0]


@case((Box(T(3), T(3)),), trains=False)
def objects(box: Any) -> Any:
    return Box(box.left + box.right, box.left)


def _inputs(args: tuple[Any, ...], trains: bool) -> tuple[Any, ...]:
    copied = copy.deepcopy(args)
    if trains:
        for value in copied:
            if isinstance(value, Tensor) and value.is_floating_point():
                value.requires_grad_()
    return copied


def _loss(result: Any) -> Tensor:
    tensors = [t for t in torch.utils._pytree.tree_leaves(result) if isinstance(t, Tensor) and t.requires_grad]
    return sum((t.square().mean() for t in tensors), torch.zeros(()))


@pytest.mark.parametrize(
    "case", [pytest.param(c, marks=() if c.name in QUICK else pytest.mark.slow) for c in CASES], ids=lambda c: c.name
)
def test_equal_to_eager(case: Case) -> None:
    torch._dynamo.reset()
    eager, other = case.make(), case.make()
    compiled = torch.compile(other, backend=backend, **case.options)
    for number, args in enumerate(case.calls):
        theirs, ours = _inputs(args, case.trains), _inputs(args, case.trains)
        expected, found = eager(*theirs), compiled(*ours)
        same(found, expected, f"call {number}", 1e-4)
        same(list(ours), list(theirs), f"call {number}: arguments", 1e-4)
        if isinstance(eager, nn.Module):
            same(dict(other.state_dict()), dict(eager.state_dict()), f"call {number}: state", 1e-4)
        if not case.trains:
            continue
        _loss(expected).backward()
        _loss(found).backward()
        for mine, its in zip(ours, theirs, strict=True):
            if isinstance(its, Tensor):
                same(mine.grad, its.grad, f"call {number}: gradient", 1e-4)
        if isinstance(eager, nn.Module):
            grads = [{n: p.grad for n, p in m.named_parameters()} for m in (other, eager)]
            same(grads[0], grads[1], f"call {number}: gradients", 1e-4)


def test_options() -> None:
    torch._dynamo.reset()
    compiled = torch.compile(torch.sin, backend=backend, options={"dynamic_shapes": True})
    for n in (3, 4, 5):
        same(compiled(T(n)), T(n).sin())
    torch._dynamo.reset()
    with pytest.raises(Exception, match="the backend tsir has no option 'speed'"):
        torch.compile(torch.cos, backend=backend, options={"speed": 3})(T(3))


def test_torch_finds_the_backend() -> None:
    if "tsir" not in entry_points(group="torch_dynamo_backends").names:
        pytest.skip("this installation of tsir is older than the entry point")
    torch._dynamo.reset()
    same(torch.compile(torch.sin, backend="tsir")(T(3)), T(3).sin())
    assert "tsir" in torch._dynamo.list_backends()
    assert tsir.__version__


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.norm = nn.BatchNorm1d(3)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return self.norm(self.linear(x)) + self.calls


def test_parameters_that_change_between_calls() -> None:
    """A module's own tensors are the program's where no gradients are wanted: what becomes of them is seen."""
    torch._dynamo.reset()
    torch.manual_seed(0)
    model = Block().eval()
    eager = copy.deepcopy(model)
    compiled = torch.compile(model, backend=backend)

    def check() -> None:
        same(compiled(T(2, 3)), eager(T(2, 3)), tolerance=1e-5)
        same(dict(model.state_dict()), dict(eager.state_dict()))

    with torch.no_grad():
        check()
        for each in (model, eager):
            each.linear.weight.mul_(2)
        check()
        for each in (model, eager):
            each.linear.bias.data = torch.arange(3.0)
        check()
        for each in (model, eager):
            each.linear.weight = nn.Parameter(torch.eye(3))
            each.norm.running_mean.add_(1)
        check()
        for each in (model, eager):
            each.train()
        check()
        check()
    same(compiled(T(2, 3)), eager(T(2, 3)), tolerance=1e-5)  # with gradients


def test_several_modules_with_one_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    from tsir.runtime import torch_compile

    monkeypatch.setattr(torch_compile, "_MOST_MODULES", 2)
    torch._dynamo.reset()
    torch.manual_seed(0)
    layers = [nn.Linear(3, 3) for _ in range(4)]
    compiled = [torch.compile(layer, backend=backend) for layer in layers]
    with torch.no_grad():
        for _ in range(2):
            for layer, of_layer in zip(layers, compiled, strict=True):
                same(of_layer(T(2, 3)), layer(T(2, 3)), tolerance=1e-6)
