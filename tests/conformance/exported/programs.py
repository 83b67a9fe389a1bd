"""Programs for torch.export: each a module, the inputs it is exported with, other inputs that it takes, and some that it refuses."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field
from typing import Any, Callable, NamedTuple

import torch
from torch import Tensor, nn
from torch.export import Dim
from torch.utils import _pytree

F = nn.functional


@dataclass
class Case:
    """`more` and `refused` are other (args, kwargs); `shapes` are torch's `dynamic_shapes`."""

    name: str
    make: Callable[[], nn.Module]
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    shapes: Any = None
    more: list[Any] = field(default_factory=list)
    refused: list[Any] = field(default_factory=list)
    in_file: bool = True
    """Whether torch can save it."""


CASES: list[Case] = []


def case(
    *args: Any,
    name: str = "",
    kwargs: Any = None,
    shapes: Any = None,
    more: Any = (),
    refused: Any = (),
    in_file: bool = True,
):
    """Adds a class of modules, or a function as a module's forward."""

    def add(thing: Any) -> Any:
        def make() -> nn.Module:
            torch.manual_seed(0)
            return thing() if isinstance(thing, type) else _Function(thing)

        more_ = [c if isinstance(c, tuple) and len(c) == 2 and isinstance(c[1], dict) else (c, {}) for c in more]
        refused_ = [c if isinstance(c, tuple) and len(c) == 2 and isinstance(c[1], dict) else (c, {}) for c in refused]
        CASES.append(Case(name or thing.__name__, make, args, dict(kwargs or {}), shapes, more_, refused_, in_file))
        return thing

    return add


class _Function(nn.Module):
    def __init__(self, function: Any) -> None:
        super().__init__()
        self.forward = function


def T(*sizes: int, seed: int = 0, dtype: Any = torch.float32) -> Tensor:
    """A tensor of fixed random numbers."""
    made = torch.randn(*sizes, generator=torch.Generator().manual_seed(seed + sum(sizes)))
    return made if dtype is torch.float32 else (made * 10).to(dtype)


Point = namedtuple("Point", ["x", "y"])
_pytree._register_namedtuple(Point, serialized_type_name="tests.exported.Point")


class Typed(NamedTuple):
    a: Tensor
    b: tuple[Tensor, int]


_pytree._register_namedtuple(Typed, serialized_type_name="tests.exported.Typed")


@dataclass
class Box:
    left: Tensor
    right: Any = None


torch.export.register_dataclass(Box, serialized_type_name="tests.exported.Box")


class Pair:
    def __init__(self, first: Any, second: Any, label: str) -> None:
        self.first, self.second, self.label = first, second, label

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pair) and self.label == other.label


_pytree.register_pytree_node(
    Pair,
    lambda p: ([p.first, p.second], p.label),
    lambda children, label: Pair(*children, label),
    serialized_type_name="tests.exported.Pair",
    to_dumpable_context=lambda label: {"label": label},
    from_dumpable_context=lambda given: given["label"],
    flatten_with_keys_fn=lambda p: (
        [(_pytree.GetAttrKey("first"), p.first), (_pytree.GetAttrKey("second"), p.second)],
        p.label,
    ),
)

b = Dim("b", min=2, max=64)

# Sizes.


@case(
    T(4, 3),
    T(4, 3),
    shapes=({0: b}, {0: b}),
    more=[(T(7, 3), T(7, 3)), (T(64, 3), T(64, 3))],
    refused=[(T(65, 3), T(65, 3)), (T(4, 3), T(5, 3)), (T(4, 2), T(4, 2))],
)
def equal_batches(x: Tensor, y: Tensor) -> Tensor:
    return x + y


@case(
    T(5),
    T(11),
    shapes=({0: (n := Dim("n", min=3, max=50))}, {0: 2 * n + 1}),
    more=[(T(6), T(13))],
    refused=[(T(6), T(12)), (T(51), T(103))],
)
def derived_sizes(x: Tensor, y: Tensor) -> Tensor:
    return y[1::2] + x


@case(T(11), shapes=({0: 2 * Dim("half", min=2, max=9) + 1},), more=[(T(7),)], refused=[(T(8),), (T(21),)])
def only_derived(x: Tensor) -> Tensor:
    return x[1:].reshape(2, -1)


@case(
    T(4, 6),
    shapes=({0: Dim.AUTO, 1: Dim.AUTO},),
    more=[(T(3, 8),), (T(9, 2),)],
    refused=[(T(4, 7),), (T(4),)],
)
def even_columns(x: Tensor) -> Tensor:
    return x.reshape(x.shape[0], 2, x.shape[1] // 2).sum(1)


@case(T(6, 3), shapes=({0: Dim.DYNAMIC},), more=[(T(9, 3),), (T(2, 3),)], refused=[(T(6, 4),)])
def arithmetic(x: Tensor) -> Any:
    n = x.shape[0]
    return n * 2 - 1, n // 2, n % 4, -n, n**2, x.sum() / n, max(n, 5), min(n, 5), n / 2, x.numel(), [n, (n, 3.5)]


@case(T(6, 3), shapes=({0: Dim.AUTO},), more=[(T(5, 3),)], refused=[(T(4, 3),), (T(3, 3),)])
def asserts_on_sizes(x: Tensor) -> Tensor:
    assert x.shape[0] > 4
    return x * x.shape[0]


@case(T(3, 4), shapes=({0: Dim.AUTO, 1: Dim.AUTO},), more=[(T(4, 7),)])
def made_of_sizes(x: Tensor) -> Any:
    n, m = x.shape
    return (
        torch.zeros(n, m),
        torch.arange(n),
        torch.full((m, n), 2.5),
        torch.ones(n + 1, dtype=torch.int64),
        x.new_empty(n, 0),
        torch.eye(m),
    )


@case(T(4, 4), shapes=({0: Dim.AUTO},), more=[(T(6, 4),)])
def slices_by_size(x: Tensor) -> Any:
    half = x.shape[0] // 2
    return x[:half], x[half:], x[-half:, 1:], torch.split(x, 2), x.unbind(1), x.chunk(2, 1)


# Structures.


@case(
    {"p": T(3), "q": [T(2), (T(1), T(4))]},
    T(3),
    more=[(({"p": T(3, seed=2), "q": [T(2, seed=1), (T(1, seed=1), T(4))]}, T(3)), {})],
    refused=[({"p": T(3)}, T(3)), ([T(3)], T(3)), ({"p": T(3), "q": [T(2), (T(1),)]}, T(3))],
)
def nested(d: Any, x: Tensor) -> Any:
    one, (two, three) = d["q"]
    return {"sum": d["p"] + x, "rest": [one * 2, {"deep": (two, three + 1)}], "none": None, "three": 3}


@case(Point(T(2), T(3)), more=[((Point(T(2, seed=3), T(3)),), {})], refused=[((T(2), T(3)),)])
def named_tuples(p: Any) -> Any:
    return Typed(p.x + 1, (p.y * 2, 7)), Point(p.y, p.x.sum())


@case(Box(T(2), T(3)), Box(T(4)), more=[((Box(T(2, seed=1), T(3)), Box(T(4))), {})], refused=[(Box(T(2)), Box(T(4)))])
def dataclasses(p: Any, q: Any) -> Any:
    return Box(p.left * 2, q.left), Box(p.right)


@case(Pair(T(2), {"k": T(3)}, "in"), refused=[((Pair(T(2), {"k": T(3)}, "other"),), {})])
def registered_class(p: Any) -> Any:
    return Pair(p.first.exp(), [p.second["k"]], "out")


@case(OrderedDict([("b", T(2)), ("a", T(3))]), refused=[({"b": T(2), "a": T(3)},)])
def ordered_dicts(d: Any) -> Any:
    return OrderedDict((k, v + 1) for k, v in d.items())


@case(
    T(2),
    kwargs={"scale": T(2, seed=1), "shift": 3},
    more=[((T(2, seed=5),), {"shift": 3, "scale": T(2)})],
    refused=[
        ((T(2),), {"scale": T(2)}),
        ((T(2),), {"scale": T(2), "shift": 4}),
        ((T(2),), {"scale": T(2), "shift": 3, "more": 1}),
    ],
)
def keywords(x: Tensor, *, scale: Tensor, shift: int = 0) -> Tensor:
    return x * scale + shift


@case(
    T(2),
    3,
    2.5,
    True,
    "sum",
    None,
    refused=[
        (T(2), 4, 2.5, True, "sum", None),
        (T(2), 3, 2.5, False, "sum", None),
        (T(2), 3, 2.0, True, "sum", None),
        (T(2), 3, 2.5, True, "mean", None),
    ],
)
def constants(x: Tensor, n: int, f: float, flag: bool, text: str, nothing: Any) -> Any:
    if flag and nothing is None:
        x = x * f
    return x.sum() + n if text == "sum" else x.mean(), n, f, flag, text, nothing


@case(
    T(4),
    T(5),
    T(4),
    shapes=({0: (n := Dim("n", min=3, max=50))}, ({0: Dim("m", min=3, max=9)}, {0: n})),
    more=[(T(6), T(3), T(6))],
    refused=[(T(6), T(3), T(5)), (T(6), T(10), T(6)), (T(2), T(3), T(2))],
)
def variadic_sizes(x: Tensor, *rest: Tensor) -> Any:
    return x + rest[0].sum() + rest[1]


@case(T(2), T(3), T(4))
def variadic(*xs: Tensor) -> Any:
    return [x * i for i, x in enumerate(xs)]


@case(T(2), kwargs={"a": T(3), "b": T(4)})
def keyword_dict(x: Tensor, **rest: Tensor) -> Any:
    return {k: v.sum() + x for k, v in rest.items()}


@case(T(3))
def same_twice(x: Tensor) -> Any:
    y = x + 1
    return y, y, x, (x, [y])


@case(T(3, 4))
def views_out(x: Tensor) -> Any:
    return x.t(), x[1], x.view(-1), x.reshape(2, 6)


@case(T(3))
def single_list(x: Tensor) -> Any:
    return [x * 2]


@case(T(3))
def empty_result(x: Tensor) -> Any:
    return (), {}, [], None


# State.


@case(T(3), more=[(T(3, seed=1),), (T(3, seed=2),)])
class Counter(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))
        self.register_buffer("total", torch.zeros(3))
        self.register_buffer("scratch", torch.ones(3), persistent=False)

    def forward(self, x: Tensor) -> Any:
        self.count += 1
        self.total.add_(x)
        self.scratch = self.scratch * 2
        return self.total / self.count, self.scratch


@case(T(4, 3), more=[(T(4, 3, seed=1),), (T(4, 3, seed=2),)])
class Normalised(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(3)
        self.linear = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.linear(self.norm(x)))


@case(T(4))
class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.b = nn.Linear(4, 4)
        self.b.weight = self.a.weight
        self.shift = torch.arange(4.0)

    def forward(self, x: Tensor) -> Tensor:
        return self.b(self.a(x)) + self.shift + torch.tensor([1.0, 2.0, 3.0, 4.0])


@case(T(3, 2), more=[(T(3, 2, seed=1),)])
def changes_its_input(x: Tensor) -> Any:
    x.mul_(2)
    x[0] = 7
    return x.sum()


@case([T(3), T(3, seed=1)])
def changes_listed_inputs(xs: Any) -> Any:
    xs[1].add_(xs[0])
    y = xs[0].view(3, 1)
    y.zero_()
    return xs[1] * 2


@case(torch.tensor([1, 2]), T(2, 3))
class Embedded(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Embedding(5, 3), nn.Embedding(5, 3)])
        self.heads = nn.ModuleDict({"0": nn.Linear(3, 2), "last": nn.Linear(2, 1)})

    def forward(self, i: Tensor, x: Tensor) -> Tensor:
        y = self.layers[0](i) + self.layers[1](i) + x
        return self.heads["last"](self.heads["0"](y))


# Control flow.


@case(T(4), shapes=({0: Dim.DYNAMIC},), more=[(-T(4).abs(),), (T(4).abs(),), (T(9),)])
def branches(x: Tensor) -> Any:
    return torch.cond(x.sum() > 0, lambda t: (t.sin(), t + 1), lambda t: (t.cos(), t - 1), (x,))


@case(T(6), shapes=({0: Dim.DYNAMIC},), more=[(T(3),)])
def branch_on_size(x: Tensor) -> Any:
    return torch.cond(x.shape[0] > 4, lambda t: t * 2, lambda t: t * 3, (x,))


@case(T(4), more=[(-T(4).abs(),), (T(4).abs() * 9,)])
class NestedBranches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Any:
        def inner(t: Tensor) -> Tensor:
            return torch.cond(t.max() > 2, lambda u: self.linear(u), lambda u: u.relu() + 1, (t,))

        return torch.cond(x.sum() > 0, inner, lambda t: self.linear(t) * 2, (x,))


@case(torch.tensor(5), T(3), more=[(torch.tensor(0), T(3)), (torch.tensor(9), T(3))])
def loop(n: Tensor, x: Tensor) -> Any:
    from torch._higher_order_ops import while_loop

    return while_loop(lambda i, y: i > 0, lambda i, y: (i - 1, y * 1.5 + i), (n, x))


@case(T(4, 3), T(3), shapes=({0: Dim.DYNAMIC}, None), more=[(T(7, 3), T(3))])
def mapped(xs: Tensor, y: Tensor) -> Any:
    from torch._higher_order_ops.map import map as torch_map

    return torch_map(lambda x, y: (x * y).cumsum(0), xs, y)


@case(T(5, 3), T(3), more=[(T(5, 3, seed=1), T(3))])
def scanned(xs: Tensor, start: Tensor) -> Any:
    from torch._higher_order_ops.scan import scan

    return scan(lambda carry, x: (carry * 0.5 + x, carry.exp() + x), start, xs)


@case(T(6, 3), in_file=False)  # torch makes a `vmap` of it, of which a file needs run_decompositions()
def associative(xs: Tensor) -> Any:
    from torch._higher_order_ops.associative_scan import associative_scan

    return associative_scan(lambda x, y: x + y, xs, 0, combine_mode="generic")


@case(
    T(2, 4, 16, 8),
    T(2, 2, 16, 8),
    T(2, 2, 16, 8),
    in_file=False,
    more=[(T(2, 4, 16, 8) * 2, T(2, 2, 16, 8), T(2, 2, 16, 8))],
)
class FlexibleAttention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("bias", T(4))
        self.register_buffer("document", torch.arange(16) // 5)

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Any:
        from torch.nn.attention.flex_attention import create_block_mask, flex_attention

        def is_seen(b: Any, h: Any, i: Any, j: Any) -> Any:
            return (i >= j) & (self.document[i] == self.document[j])

        def score(s: Any, b: Any, h: Any, i: Any, j: Any) -> Any:
            return torch.where(h > 1, s * self.bias[h], s - (i - j).abs() * (b + 1))

        mask = create_block_mask(is_seen, None, None, 16, 16, device="cpu")
        plain = flex_attention(q, k, v, enable_gqa=True)
        masked = flex_attention(q, k, v, score_mod=score, block_mask=mask, enable_gqa=True, return_lse=True)
        return plain, masked, flex_attention(q.half(), q.half(), q.half())


# Values that depend on data.


@case(torch.tensor([3.0, 0.0, 2.0]), more=[(torch.tensor([0.0, 0.0, 0.0]),), (torch.tensor([1.0, 2.0, 3.0]),)])
def nonzeros(x: Tensor) -> Any:
    found = x.nonzero()
    return found, found.shape[0], x[x > 0], x.sum()


@case(torch.tensor(3), T(5), more=[(torch.tensor(5), T(5))], refused=[(torch.tensor(6), T(5)), (torch.tensor(-1), T(5))])
def numbers(n: Tensor, x: Tensor) -> Any:
    k = n.item()
    torch._check(k >= 0)
    torch._check(k <= 5)
    return x.narrow(0, 0, k), torch.zeros(k), k * 2, x * k


@case(T(3), torch.tensor(2.5), torch.tensor(True), in_file=False)
def number_of_each_kind(x: Tensor, f: Tensor, flag: Tensor) -> Any:
    return x * f.item(), f.item() + 1, flag.item()


@case(T(4), refused=[(-T(4).abs(),)], name="asserts_on_values")
def asserts_on_values(x: Tensor) -> Tensor:
    total = x.sum().abs().to(torch.int64).item()
    torch._check(total < 3, "too big")
    return x * total


# Contexts.


@case(T(3, 3))
class Switches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            y = self.linear(x)
        with torch.enable_grad():
            return y + self.linear(y)


@case(T(3, 3))
class Checkpointed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Any:
        from torch.utils.checkpoint import checkpoint

        return checkpoint(lambda t: self.linear(t).relu(), x, use_reentrant=False)


@case(
    T(3, 4, 8), T(3, 4, 8), shapes=({0: Dim.AUTO, 1: Dim.AUTO}, {0: Dim.AUTO, 1: Dim.AUTO}), more=[(T(2, 6, 8), T(2, 6, 8))]
)
class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm = nn.LayerNorm(8)

    def forward(self, x: Tensor, y: Tensor) -> Any:
        z, weights = self.attention(x, y, y)
        return F.scaled_dot_product_attention(self.norm(z), x, y, is_causal=True), weights


@case(T(2, 3, 9, 9), shapes=({0: Dim.AUTO, 2: Dim.AUTO, 3: Dim.AUTO},), more=[(T(3, 3, 12, 11),)])
class Convolved(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Conv2d(4, 6, 3,
            stride=2, padding=1, groups=2), nn.SiLU(),
            nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Dropout(0.5), nn.Linear(6, 2),
        )  # fmt: skip
        self.features.eval()

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2.0, mode="nearest").mean() + self.features(x)


@case(T(5, 2, 3), T(1, 2, 4), shapes=({0: Dim.AUTO}, None), more=[(T(7, 2, 3), T(1, 2, 4))])
class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(3, 4)
        self.lstm = nn.LSTM(4, 5, bidirectional=True)

    def forward(self, x: Tensor, h: Tensor) -> Any:
        y, last = self.gru(x, h)
        z, state = self.lstm(y)
        return z, last, state


@case(T(3, 4, dtype=torch.float64), T(4, dtype=torch.int32), torch.tensor([True, False, True, True]))
def dtypes(x: Tensor, i: Tensor, mask: Tensor) -> Any:
    return (
        x.to(torch.float16),
        i / 2,
        x.to(i.dtype) + i,
        mask.float(),
        x[:, mask],
        x.masked_fill(mask, -1),
        i.bitwise_and(3),
        x > i,
        torch.where(mask, x, i),
    )


@case(T(3, 4))
def many_operators(x: Tensor) -> Any:
    values, indices = x.topk(2, 1)
    mean, var = torch.var_mean(x, 0)
    return (
        values,
        indices,
        x.sort(1).values,
        x.cumsum(0),
        torch.stack([x, x]),
        torch.cat([x, x[:1]]),
        torch.einsum("ij,kj->ik", x, x),
        mean,
        var,
        x.softmax(-1),
        F.gelu(x),
        x.amax(0),
        x.roll(1, 0),
        F.pad(x, (1, 2)),
        x.clamp(-1, 1),
        torch.linalg.norm(x),
        x.unsqueeze(0).expand(2, -1, -1),
    )


@case(torch.tensor([1, 4, 2, 0]), torch.tensor([0, 2]))
class Bags(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mean = nn.EmbeddingBag(5, 3)
        self.padded = nn.EmbeddingBag(5, 3, mode="sum", padding_idx=2)

    def forward(self, i: Tensor, starts: Tensor) -> Tensor:
        return self.mean(i, starts) + self.padded(i, starts) * (1.5 - self.mean.weight[0])


__all__ = ["CASES", "Case"]
