"""What programs without annotations do with numbers out of tensors, modules' parameters and containers, next to plain Python."""

# ruff: noqa  (how users write is the point here)
import collections
import itertools
import statistics
from typing import *

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from tests.models.comparison import assert_same

programs = Programs()
X = torch.arange(6.0).reshape(2, 3)


@feature("Tensors in programs", "numbers of item() as indices, slices' bounds and sizes")
@programs(torch.arange(10), torch.tensor([3, 1]))
def numbers_as_indices(x: Tensor, i: Tensor):
    j, k = i[0].item(), i.max().item()
    values = [10, 20, 30, 40]
    return (
        x[j], x[j:], x[:k], values[j], x[:j:2], x[j, None], [x[v.item()] for v in i], values[k - 1], range(5)[k], torch.zeros(j, k),
        x.new_zeros((j, 2)),
    )  # fmt: skip


def no_index(x: Tensor):
    return torch.arange(3)[x.item()]


@programs(torch.tensor([[0.0, 0, 2, 2], [0, 0, 2, 1.9], [3, 3, 4, 4]]), torch.tensor([0.9, 0.8, 0.7]), 0.5)
def nms(boxes: Tensor, scores: Tensor, most: float):
    order, keep = scores.argsort(descending=True), []
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    while order.numel() > 0:
        i = order[0].item()
        keep.append(i)
        if order.numel() == 1:
            break
        rest = order[1:]
        sides = torch.min(boxes[i, 2:], boxes[rest, 2:]) - torch.max(boxes[i, :2], boxes[rest, :2])
        inter = sides.clamp(min=0).prod(1)
        order = rest[inter / (area[i] + area[rest] - inter) <= most]
    return keep


@feature("Lists and tuples", "lists of one of several types: going over them, items")
@programs(True)
@programs(False)
def one_of_two(first: bool):
    values = [1, 2] if first else ["a"]
    return [v for v in values], values[0]


@programs(torch.tensor([[0.5, 2.0, 1.0], [3.0, 0.25, 1.0]]), 2)
def beams(scores: Tensor, width: int):
    found = [([], 0.0)]
    for step in scores:
        candidates = []
        for path, total in found:
            values, at = step.topk(width)
            for v, i in zip(values.tolist(), at.tolist()):
                candidates.append((path + [i], total + v))
        found = sorted(candidates, key=lambda c: c[1], reverse=True)[:width]
    return found


@programs(X)
def row_names(x: Tensor):
    return dict(zip("ab", x)), list(zip(x, "ab")), x.stride(), x.stride() + (1,), isinstance(x.stride(), tuple)


@feature("Strings", "fields in format specifications of str.format")
@programs("x", 1)
def nested_fields(a: str, b: int):
    return "{:>{w}}|{:{f}^{n}}|{{}} {k!r:>{n}}".format(a, b, w=6, f="*", n=8, k="q")


@feature("Exceptions", "the class of an exception that an operator raises, by type()")
@programs(X)
def class_of_error(x: Tensor):
    try:
        return str(x @ x)
    except RuntimeError as error:
        return type(error).__name__


class First:
    def __init__(self) -> None:
        self.v = 1


class Second(First):
    pass


@feature("Built-in functions", "type() of values of several types, compared and named")
@programs(True)
@programs(False)
def types_of(first: bool):
    objects = [First(), Second()]
    x, y, z = 1 if first else "a", 2.5 if first else 3, None if first else 1
    return (
        [type(o).__name__ for o in objects], [type(o) is Second for o in objects], [type(o) == First for o in objects],
        type(x).__name__, type(x) is int, type(x) == str, type(y).__name__, type(y) is float, type(z).__name__,
    )  # fmt: skip


TABLE = np.array([1.0, 2.0, 3.0], dtype=np.float32)
ORDER = np.arange(3)[::-1].copy()


@feature("Globals and constants", "NumPy arrays, as tensors: torch.from_numpy(ARRAY)")
@programs(torch.ones(3))
def arrays_outside(x: Tensor):
    copied = torch.tensor(TABLE)
    copied += 1
    return (
        x * torch.from_numpy(TABLE),
        copied,
        torch.as_tensor(TABLE) + 0,
        torch.tensor(ORDER, dtype=torch.float64),
        x[torch.from_numpy(ORDER)],
    )


@feature("Standard library", "statistics: mean, median, stdev and others")
@programs([1.0, 2.5, 4.0], [1, 2, 3])
@programs([2.5], [1, 2])
@programs([1.5], [])
def of_statistics(x: List[float], n: List[int]):
    values = statistics.fmean(x), statistics.median(v * 2 for v in x), statistics.pstdev(x), statistics.mode(["a", "b", "a"])
    try:
        return (
            values,
            statistics.mean(n),
            statistics.median(n),
            statistics.median_low(n),
            statistics.multimode(n),
            statistics.stdev(x),
        )
    except statistics.StatisticsError as error:
        return values, str(error), type(error).__name__


@programs([[1, 2], [3], []])
def chained(rows: List[List[int]]):
    return [*itertools.chain(*rows)], list(itertools.chain([0], *rows)), sum(itertools.chain(*rows, [9]))


class Noting:
    def __init__(self, log: List[str]) -> None:
        self.log = log

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback) -> bool:
        self.log.append("none" if kind is None else kind.__name__)
        return error is not None


@feature("Context managers", "the name of the exception's class in __exit__")
@programs(0)
@programs(2)
def noted(n: int):
    log: List[str] = []
    with Noting(log):
        10 // n
    return log


@programs.parametrized()
def test_as_in_python(function, arguments):
    check(function, arguments)


def test_no_index() -> None:
    with pytest.raises(IndexError, match="an index of a tensor expects int"):
        tsir.script(no_index)(torch.tensor([1.5]))


class Containers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.seen = set()
        self.order = collections.OrderedDict()
        self.last = collections.deque([1, 2], maxlen=2)
        self.counts = collections.Counter()
        self.fixed = frozenset({1, 2})

    def forward(self, x: Tensor):
        n = x.size(0)
        self.seen.add(n)
        self.order["a"] = n
        self.order["b"] = 1
        self.order.move_to_end("a")
        self.last.append(n)
        self.counts["k"] += 1
        return sorted(self.seen), list(self.order), list(self.last), self.counts["k"], n in self.fixed


@feature("Modules", "sets and containers of collections as attributes")
def test_containers_of_modules(tmp_path) -> None:
    module, compiled = Containers(), tsir.script(Containers())
    for n in (2, 3):
        assert_same(compiled(torch.ones(n)), module(torch.ones(n)))
    compiled.save(tmp_path / "m.tsir")
    assert_same(tsir.load(tmp_path / "m.tsir")(torch.ones(4)), module(torch.ones(4)))


class Generates(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(3, 3)

    @torch.no_grad()
    def step(self, x: Tensor):
        return self.inner(x)

    def forward(self, x: Tensor):
        with torch.no_grad(), torch.autograd.profiler.record_function("forward"):
            y = self.step(x)
        first = next(self.parameters())
        return y.to(first.dtype), first.shape, next(self.buffers(), None) is None, next(iter(self.parameters())).dtype


@feature("Modules", "methods decorated with @torch.no_grad(), next(self.parameters())")
def test_methods_without_grad() -> None:
    module = Generates()
    assert_same(tsir.script(module)(X), tuple(v.detach() if isinstance(v, Tensor) else v for v in module(X)))


class Defaults(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.usage: Dict[str, int] = collections.defaultdict(int)
        self.groups = collections.defaultdict(list)

    def forward(self, x: Tensor):
        for key in ["a", "b", "a"]:
            self.usage[key] += 1
            self.groups[key].append(x.size(0))
        return self.usage["c"], dict(self.usage), dict(self.groups), len(self.groups["d"])


@feature("Modules", "attributes that are defaultdicts")
def test_defaultdicts_of_modules(tmp_path) -> None:
    module = Defaults()
    compiled = tsir.script(Defaults())
    for _ in range(2):
        assert_same(compiled(X), module(X))
    compiled.save(str(tmp_path / "m.pt"))
    assert_same(tsir.load(str(tmp_path / "m.pt"))(X), module(X))
    compiled = tsir.script(Defaults())
    compiled.groups = collections.defaultdict(lambda: [1])
    with pytest.raises(tsir.TsirError, match="a defaultdict whose values a function makes"):
        compiled.save(str(tmp_path / "f.pt"))
