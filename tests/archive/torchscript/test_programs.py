"""Programs in TorchScript's language, saved by torch.jit and loaded by tsir: each construct that serialised code has."""

import enum
import io
import math
from typing import Any, Dict, Final, List, NamedTuple, Optional, Tuple, Union

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.archive.torchscript.comparing import compare, saved

# torch.jit reads annotations from the classes and functions themselves.


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


class Pair(NamedTuple):
    first: Tensor
    count: int


@torch.jit.interface
class Layer(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        pass


@torch.jit.script
class Counter:
    def __init__(self, start: int):
        self.total = start
        self.seen: List[Tensor] = []

    def add(self, x: Tensor, times: int = 1) -> int:
        self.seen.append(x)
        self.total += times
        return self.total


@torch.jit.script
class Scaled:
    def __init__(self, log: List[int]):
        self.log = log

    def __enter__(self) -> int:
        self.log.append(1)
        return 3

    def __exit__(self, kind: Any, value: Any, trace: Any) -> None:
        self.log.append(2)


class Scale(nn.Module):
    def __init__(self, factor: float):
        super().__init__()
        self.weight = nn.Parameter(torch.full((3,), factor))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight


class Everything(nn.Module):
    """Interfaces, containers of modules, enums, constants, attributes of many types, methods that are exported."""

    size: Final[int]
    layer: Layer
    table: Dict[str, List[int]]

    def __init__(self) -> None:
        super().__init__()
        self.size = 3
        self.layer = Scale(2.0)
        self.layers = nn.ModuleList([Scale(1.0), Scale(0.5)])
        self.named = nn.ModuleDict({"a": Scale(3.0)})
        self.colour = Colour.GREEN
        self.table = {"odd": [1, 3]}
        self.kind = torch.float64
        self.complex = 1 + 2j
        self.missing = math.nan
        self.pair = (1, [2.0, math.inf])
        self.counter = Counter(5)

    def forward(self, x: Tensor, n: int = 2) -> Tuple[Pair, Dict[str, List[int]], Tensor, str, List[int]]:
        x = self.layer(x)
        for layer in self.layers:
            x = layer(x)
        for name, layer in self.named.items():
            x = layer(x) + len(name)
        if self.colour == Colour.GREEN:
            x = x.to(self.kind) * abs(self.complex)
        total = self.counter.add(x, n)
        self.table["even"] = [2 * i for i in range(n)]
        text = f"{self.colour.value} of {n}" + '\\ "é"\n'
        return Pair(x, total), self.table, x.isnan().any() | torch.tensor(math.isnan(self.missing)), text, list(x.shape)

    @torch.jit.export
    def names(self, upper: bool, separator: str = ", ") -> str:
        names = [k for k in self.table.keys()]
        names.sort(reverse=True)
        return separator.join([n.upper() if upper else n for n in names])


def flow(x: Tensor, n: int) -> Tuple[Tensor, int, List[int]]:
    log: List[int] = []
    i = 0
    while i < n and bool(x.sum() < 100):
        i += 1
        if i == 3:
            continue
        if i == 6:
            break
        x = x * 1.5
    for j in range(10, 0, -3):
        if j == 4:
            return x, j, log
        log.append(j)
    return x, -1, log


def managed(x: Tensor, fails: bool) -> Tuple[Tensor, List[int]]:
    log: List[int] = []
    with Scaled(log) as k:
        x = x + k
        if fails:
            x = x.view(100)
    with torch.no_grad():
        x = x * len(log)
    return x, log


def optional(x: Optional[Tensor], scale: Optional[float] = None) -> Tensor:
    if x is None:
        return torch.zeros(2)
    if scale is not None and scale > 1.0:
        return x * scale
    assert x.dim() == 1, "one dimension"
    return x


def union(x: Union[int, str, List[int]], y: Any) -> str:
    if isinstance(x, int):
        found = "int" + str(x + 1)
    elif isinstance(x, str):
        found = x.upper()
    else:
        found = str(len(x))
    if isinstance(y, Tensor):
        found += str(y.dim())
    return found


def numbers(a: int, b: int, c: float) -> Tuple[float, int, int, float, float, int, float, float, int, complex]:
    z = complex(c, 1.0) * (2 - 1j)
    return a / b, a // b, a % b, a**b, round(c), math.ceil(c), math.sqrt(-c), math.log(float(a - a)), int(c), z


def texts(s: str, parts: List[str]) -> Tuple[List[str], str, int, bool, str, str]:
    found = f"{s} has {len(parts)}", s.strip(), s.find("b"), s.startswith("a"), s[1:3], "-".join(parts)
    return s.split(","), found[0] + found[1], found[2], found[3], found[4], found[5]


def containers(
    d: Dict[str, Tensor], xs: List[Tensor]
) -> Tuple[List[str], Tensor, Dict[int, str], List[Tuple[int, str]], int]:
    total = torch.zeros(2)
    for key, value in d.items():
        total = total + value * len(key)
    xs.insert(0, total)
    last = xs.pop()
    xs.extend([last, last + 1])
    table = {i: str(i) for i in range(3)}
    del table[1]
    a, b = xs[-2:]
    return (
        sorted(d.keys()),
        torch.stack([a, b, *xs[:1]]) if False else torch.cat(xs),
        table,
        list(enumerate("ab")),
        table.get(7, "x").count("x"),
    )


def indexing(x: Tensor, i: Tensor, mask: Tensor) -> Tensor:
    y = x.clone()
    y[0] = 1
    y[:, 1] += 2
    y[mask] = -1.0
    y[i, 0] = y[i, 1] * 2
    return torch.cat([y[..., None, 0:2].flatten(), y[mask], x[-1], x[i].reshape(-1)])


def half(x: Tensor) -> Tensor:
    return x / 2


def concurrent(x: Tensor, n: int) -> Tensor:
    futures = [torch.jit.fork(half, x)]
    for _ in range(n):
        futures.append(torch.jit.fork(half, x + len(futures)))
    return torch.stack([torch.jit.wait(f) for f in futures]).sum()


def kinds(x: Tensor) -> Tuple[Tensor, bool, int, List[int]]:
    y = torch.zeros(x.size(0), dtype=x.dtype, device=x.device) + torch.tensor(3, dtype=torch.int8)
    kind = x.dtype if x.is_floating_point() else torch.float16
    listed: List[int] = torch.arange(3).tolist()
    return y.to(kind).to("cpu"), x.dtype == torch.float64, int(x.sum()), listed


X = torch.tensor([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]])


def test_a_module_with_everything() -> None:
    ours = compare(torch.jit.script(Everything()), [X], [X, 4])
    assert ours.names(True) == "ODD, EVEN" and ours.names(False, "+") == "odd+even"
    assert ours.colour.name == "GREEN" and ours.size == 3 and ours.pair == (1, [2.0, math.inf])


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (flow, [[X, 0], [X, 5], [X, 9], [X * 0, 20]]),
        (managed, [[X, False], [X, True]]),
        (optional, [[None], [X[0]], [X[0], 0.5], [X[0], 2.0], [X]]),
        (union, [[3, X], ["abc", 1], [[1, 2], "q"]]),
        (numbers, [[7, 2, 2.5], [-7, 2, -0.5], [7, -3, 1e9]]),
        (texts, [[" a,b ", ["x"]], ["abc", ["x", "y"]]]),
        (containers, [[{"a": torch.ones(2), "bc": torch.ones(2)}, [torch.zeros(2), torch.ones(2)]]]),
        (indexing, [[X, torch.tensor([1, 0]), X > 0]]),
        (concurrent, [[X, 0], [X, 3]]),
        (kinds, [[X], [X.double()], [X.int()]]),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_functions(function: Any, calls: List[Any]) -> None:
    compare(torch.jit.script(function), *calls)


class Hooked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = Scale(2.0)

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)


def doubled(self: nn.Module, arguments: Tuple[Tensor]) -> Tuple[Tensor]:
    return (arguments[0] * 2,)


def added(self: nn.Module, arguments: Tuple[Tensor], result: Tensor) -> Tensor:
    return result + arguments[0]


def test_hooks() -> None:
    module = Hooked()
    module.inner.register_forward_pre_hook(doubled)
    module.inner.register_forward_hook(added)
    module.register_forward_hook(added)
    ours = compare(torch.jit.script(module), [X])
    assert not torch.equal(ours(X), ours.forward(X))


class Stored(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weight", torch.ones(3))
        self.count = 1

    @torch.jit.export
    def __getstate__(self) -> Tuple[Tensor, int, bool]:
        return self.weight * 2, self.count + 1, self.training

    @torch.jit.export
    def __setstate__(self, state: Tuple[Tensor, int, bool]) -> None:
        self.weight = state[0] + 1
        self.count = state[1]
        self.training = state[2]

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight + self.count


class Kept(Stored):
    """What it restores is what it has stored."""

    @torch.jit.export
    def __getstate__(self) -> Tuple[Tensor, int, bool]:
        return self.weight, self.count, self.training

    @torch.jit.export
    def __setstate__(self, state: Tuple[Tensor, int, bool]) -> None:
        self.weight, self.count, self.training = state[0], state[1], state[2]


def test_setstate() -> None:
    assert compare(torch.jit.script(Stored()), [X]).count == 2
    compare(torch.jit.script(Kept()), [X])


class Constant(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + torch.tensor([1.0, 2.0, 3.0]) * torch.arange(3) + torch.tensor(0.5)


def test_traced_constants() -> None:
    compare(torch.jit.trace(Constant(), X), [X], [X[:1]])


def test_shared_and_strided_tensors() -> None:
    """Parameters that are one, views of one storage, all dtypes."""

    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(3, 3)
            self.b = nn.Linear(3, 3)
            self.b.weight = self.a.weight
            base = torch.arange(12.0)
            self.register_buffer("rows", base.view(3, 4))
            self.register_buffer("columns", base.view(3, 4).t())
            self.register_buffer("every", base[1::2])
            for kind in (
                torch.bfloat16,
                torch.float16,
                torch.int8,
                torch.uint8,
                torch.bool,
                torch.complex64,
                torch.complex128,
            ):
                self.register_buffer(f"of_{str(kind)[6:]}", torch.arange(3).to(kind))

        def forward(self, x: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
            self.rows += 1
            return self.b(self.a(x)), self.columns + self.of_bfloat16[0], self.every * self.of_complex128[1]

    ours = compare(torch.jit.script(Shared()), [X], [X])
    state = ours.state_dict()
    assert state["a.weight"].data_ptr() == state["b.weight"].data_ptr()
    assert ours.columns.stride() == (1, 4) and ours.of_bfloat16.dtype == torch.bfloat16


@torch.jit.script
class Ranked:
    def __init__(self, rank: int, name: str):
        self.rank = rank
        self.name = name

    def __lt__(self, other: "Ranked") -> bool:
        return self.rank < other.rank


def ranked(ranks: List[int]) -> Tuple[str, str, str]:
    items = [Ranked(r, str(r)) for r in ranks]
    ordered = sorted(items)
    first = "".join([i.name for i in items])
    items.sort(reverse=True)
    return first, "".join([i.name for i in ordered]), "".join([i.name for i in items])


def recorded(x: Tensor) -> Tensor:
    with torch.autograd.profiler.record_function("doubled"):
        y = x * 2
    return y


def test_objects_are_sorted_by_their_class() -> None:
    compare(torch.jit.script(ranked), [[3, 1, 2]], [[]], [[5, 4]])


def test_nothing_is_recorded() -> None:
    compare(torch.jit.script(recorded), [X])


def awaited(x: Tensor, n: int) -> Tuple[Tensor, int]:
    later = torch.jit._awaitable(doubled_by, x, n)
    now = torch.jit._awaitable_nowait(n)
    return torch.jit._awaitable_wait(later), torch.jit._awaitable_wait(now)


def doubled_by(x: Tensor, n: int) -> Tensor:
    return x * n


def test_awaitables() -> None:
    compare(torch.jit.script(awaited), [X, 3])


def generated(n: int) -> Tuple[Tensor, Tensor, Tensor]:
    first, second = torch.Generator(), torch.Generator()
    first.manual_seed(n)
    second.manual_seed(3)
    return torch.rand(2, generator=first), torch.randn(3, generator=second), torch.rand(2, generator=first)


def given_back(x: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    y = torch.as_tensor(x)
    y[1] = 7.0
    return x, y, torch.as_tensor(x, dtype=torch.float64)


def of_dtype(x: Tensor, dtype: torch.dtype) -> Tuple[Tensor, bool]:
    return x.to(dtype), dtype == torch.float64


def test_generators() -> None:
    compare(torch.jit.script(generated), [5])


def test_as_tensor_gives_the_tensor_itself() -> None:
    compare(torch.jit.script(given_back), [torch.ones(3)])


def test_a_dtype_is_passed_for_an_int() -> None:
    """TorchScript's programs have ints for dtypes; callers may pass either."""
    compare(torch.jit.script(of_dtype), [X, torch.float64], [X, 7], [X, torch.int32])


def same_members(colour: Colour) -> Tuple[bool, bool, bool]:
    maybe: Optional[Colour] = colour
    return colour is Colour.RED, colour is not Colour.RED, maybe is Colour.GREEN


def of_complex(x: Tensor) -> Tuple[int, float]:
    return int(x), float(x)


@pytest.mark.parametrize("colour", list(Colour))
def test_enums_have_one_object_for_each_member(colour: Colour) -> None:
    """As in Python: torch.jit's members are others each time."""
    ours = tsir.load(io.BytesIO(saved(torch.jit.script(same_members))))
    assert ours(colour) == same_members(colour)


def test_numbers_of_complex_tensors() -> None:
    compare(torch.jit.script(of_complex), [torch.tensor(3 + 0j)], [torch.tensor(2.5)])
