"""torch.autocast on the CPU, scripted and traced: the dtypes of eager, and its values up to roundings of the lower dtype."""

import contextlib
import io
from collections.abc import Callable
from typing import Any, List, Optional

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs

programs = Programs()
X = (torch.arange(16.0).reshape(4, 4) * 7 % 11 - 5) / 7
Y = X.t() * 3 + 1


def product(x: Tensor, y: Tensor) -> Tensor:
    return torch.mm(x, y)


@feature("Context managers", "torch.autocast: nested, with another dtype, switched off inside")
@programs(X, Y)
def nested(x, y):
    with torch.autocast("cpu", dtype=torch.bfloat16) as entered:  # noqa: F841
        a = x @ y
        b = torch.softmax(a, -1)
        with torch.amp.autocast("cpu", torch.float16):
            c = torch.addmm(x, x, y)
            with torch.autocast("cpu", enabled=False):
                d = x @ y
            with torch.autocast("cpu"):
                e = x @ y
        f = F.linear(x, y, x[0])
    with (
        torch.autocast("cuda"),
        torch.amp.autocast("cpu", torch.bfloat16, False),
        torch.autocast("cpu", dtype=torch.float32),
    ):
        g = x @ y
    return a, b, c, d, e, f, g, x @ y


@feature("Context managers", "torch.autocast: what casts to float32, to the lower dtype and to the widest one")
@programs(X, Y)
def lists(x, y):
    low, half = x.bfloat16(), y.half()
    with torch.autocast("cpu"):
        lower = torch.bmm(x[None], y[None]), x.matmul(half), torch.prelu(x, y[0, :1]), x.double() @ y.double()
        full = torch.prod(low, 0), low.trace(), F.mse_loss(low, y), torch.fft.rfft(low).real, torch.linalg.inv(low + 3)
        widest = torch.cat([low, y]), torch.stack([low, low]), torch.index_copy(low, 0, torch.tensor([1]), y[:1])
        rest = low + y, low.sum(), torch.mv(x, y[0]), x.clone().addmm_(x, y), torch.mm(x, y, out=torch.empty(4, 4))
    return lower, full, widest, rest


@feature("Context managers", "torch.autocast: operators that torch writes in terms of those that cast")
@programs(X, Y)
def through_others(x, y):
    low = x.bfloat16()
    with torch.autocast("cpu"):
        products = torch.inner(x, y), torch.inner(x[0, 0], y), torch.tensordot(x, y, 1), torch.linalg.multi_dot([x, y, x])
        sums = torch.einsum("ij,jk->ik", x, y), torch.einsum("i,j->ij", x[0], y[0]), torch.einsum("ij,jk,l->ikl", x, y, x[0])
        more = torch.einsum("...i,ij->...j", x, y), torch.einsum("ii->i", x)
        powers = torch.matrix_power(x, 3), torch.matrix_power(x, 1), torch.linalg.matrix_power(y + 3, -2)
        pads = F.pad(low[None], (1, 1), mode="reflect"), F.pad(low, (1, 1)), F.pad(low[None], (1, 1), mode="replicate")
        others = torch.cov(x), F.affine_grid(x[None, :2, :3], [1, 1, 3, 3]), torch.pinverse(low)
        bilinear = F.bilinear(x, y, torch.ones(2, 4, 4)), F.bilinear(x, y, torch.ones(2, 4, 4), x[0, :2])
    return products, sums, more, powers, pads, others, bilinear


@feature(
    "Context managers",
    "torch.autocast: functions called in it and outside, recursive ones, closures, exceptions and early returns",
)
@programs(X, Y, 2)
@programs(X, Y, 5)
def called(x, y, n: int):
    results = [product(x, y)]

    def local(z):
        return z @ y

    with torch.autocast("cpu"):
        results += [product(x, y), local(x), powered(x, n)]
        for i in range(n):
            results.append(product(x, y))
            if i == 1:
                break
        if n > 4:
            return results
    try:
        with torch.autocast("cpu", dtype=torch.float16):
            if n > 1:
                raise ValueError("n")
    except ValueError:
        results.append(product(x, y))
    return results + [local(x), powered(x, n)]


def powered(x: Tensor, n: int) -> Tensor:
    return x if n < 2 else powered(x, n - 1) @ x


class Base:
    def run(self, x: Tensor, y: Tensor):
        return x @ y


class Derived(Base):
    def run(self, x: Tensor, y: Tensor):
        return torch.mm(x, y) + 1


@feature("Context managers", "torch.autocast: overridden methods and functions that are values, called in it and outside")
@programs(X, Y, 0)
@programs(X, Y, 1)
def chosen_when_running(x, y, n: int):
    holder: Base = Base() if n > 0 else Derived()
    functions = [lambda a, b: a @ b, lambda a, b: torch.mm(a, b) - 1]
    before = holder.run(x, y), functions[n](x, y)
    with torch.autocast("cpu"):
        inside = holder.run(x, y), functions[n](x, y)
    return before, inside, holder.run(x, y), functions[n](x, y)


@feature(
    "Context managers",
    "torch.autocast: `enabled`, dtype and device that are known when the program runs, and a manager that a condition chooses",
)
@programs(X, Y, True, torch.bfloat16)
@programs(X, Y, False, torch.float16)
def known_when_running(x, y, on: bool, dtype: torch.dtype):
    with torch.autocast("cpu", enabled=on):
        a = x @ y
    with torch.autocast(device_type=x.device.type, dtype=dtype):
        b = x @ y
    manager = torch.autocast("cpu", dtype) if on else contextlib.nullcontext()
    with manager:
        c = x @ y
    with torch.no_grad() if on else contextlib.nullcontext():
        return a, b, c


@contextlib.contextmanager
def mixed(on: bool):
    with torch.autocast("cpu", enabled=on):
        yield on


@feature(
    "Context managers",
    "torch.autocast: as a decorator, entered in generators, kept in a variable; what programs ask about it",
)
@programs(X, Y)
@torch.autocast("cpu", dtype=torch.bfloat16)
def decorated(x, y):
    manager = torch.autocast("cpu", enabled=False)

    @manager
    def local(z):
        return z @ y, torch.is_autocast_enabled("cpu")

    with mixed(True) as on:
        a = x @ y, on
    with manager, torch.autocast("cpu", torch.float16, cache_enabled=False):
        known = torch.get_autocast_dtype("cpu") == torch.float16, torch.is_autocast_cache_enabled()
    return local(x), a, known, torch.is_autocast_enabled(), torch.is_autocast_cpu_enabled(), torch.get_autocast_cpu_dtype()


class InFloat32(torch.autograd.Function):
    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
    def forward(ctx, x):
        return x @ x


@feature("Context managers", "torch.autocast: torch.amp.custom_fwd, ExitStack, managers called with functions")
@programs(X, Y)
def further_forms(x, y):
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.autocast("cpu"))
        a = InFloat32.apply(x @ y), x @ y
    return a, torch.autocast("cpu")(lambda z: z @ y)(x), x @ y


@feature("Context managers", "torch.autocast: arguments that may be None, and lists of tensors of any length")
@programs(X, Y, None, [X, Y])
@programs(X, Y, Y[0], [X.bfloat16()])
def optional(x, y: Any, bias: Optional[Tensor], parts: List[Tensor]):
    with torch.autocast("cpu"):
        return torch.mm(x, y), F.linear(x, x, bias), torch.cat(parts)


@programs([X, X.half()])
def unlike(parts: List[Tensor]):
    with torch.autocast("cpu"):
        return torch.cat(parts)


def compare(function: Callable[..., Any], arguments: tuple[Any, ...], compiled: Callable[..., Any]) -> None:
    try:
        expected = tree_leaves(function(*arguments))
    except RuntimeError as error:
        with pytest.raises(RuntimeError, match=str(error)):
            compiled(*arguments)
        return
    found = tree_leaves(compiled(*arguments))
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected):
        if isinstance(theirs, Tensor):
            assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
            size = max(theirs.abs().max().item(), 0.01)
            assert (ours.float() - theirs.float()).abs().max().item() <= 0.01 * size
        else:
            assert ours == theirs


@programs.parametrized()
def test_dtypes_and_values_of_eager(function, arguments):
    compare(function, arguments, tsir.script(function))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.on = True
        self.recurrent = nn.LSTM(4, 4, batch_first=True)
        self.other = nn.GRU(4, 4)
        self.conv = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU())
        self.last = nn.Linear(4, 2)

    @torch.autocast("cpu")
    def part(self, x: Tensor):
        return self.conv(x[None, None]), self.last(x)

    def forward(self, x: Tensor):
        with torch.autocast("cpu", enabled=self.on):
            y, (h, c) = self.recurrent(x[None])
        return y, h, c, self.other(x), self.part(x), self.last(x)


@feature("Context managers", "torch.autocast: submodules and methods, called in it and outside, also in traces")
@pytest.mark.parametrize("compiled", [tsir.script, lambda m: tsir.trace(m, X)], ids=["script", "trace"])
def test_modules(compiled):
    torch.manual_seed(0)
    module = Block().eval()
    with torch.no_grad():
        mine = compiled(module)
        compare(module, (X,), mine)
        module.last.weight.zero_()  # casts are part of the program: a weight may change
        module.other.weight_ih_l0.zero_()
        compare(module, (X,), mine)
        file = io.BytesIO()
        mine.save(file)
        compare(module, (X,), tsir.load(io.BytesIO(file.getvalue())))
    assert compiled is not tsir.script or mine.last(X).dtype == torch.float32


def test_traced_functions():
    compare(through_others, (X, Y), tsir.trace(through_others, (X, Y)))
    compare(lists, (X, Y), tsir.trace(lists, (X, Y)))


@feature("Context managers", "torch.autocast: calls of functions that are compiled or traced already")
def test_calls_of_compiled_functions():
    traced, scripted = tsir.trace(product, (X, Y)), tsir.script(product)

    def calls(x, y):
        with torch.autocast("cpu"):
            a = traced(x, y), scripted(x, y)
            with torch.autocast("cpu", enabled=False):
                b = scripted(x, y)
        return a, b, traced(x, y)

    low, single = torch.bfloat16, torch.float32
    assert [t.dtype for t in tree_leaves(tsir.script(calls)(X, Y))] == [low, low, single, single]


def of_unknown_equation(x, equation: str):
    with torch.autocast("cpu"):
        return torch.einsum(equation, x, x)


def of_unknown_cache(x, cache: bool):
    with torch.autocast("cpu", cache_enabled=cache):
        return x @ x


def entered_by_hand(x):
    manager = torch.autocast("cpu")
    manager.__enter__()
    return x @ x


def of_no_device(x):
    with torch.autocast("no device"):
        return x @ x


@feature("Messages for what isn't supported", "torch.autocast")
@pytest.mark.parametrize(
    ("function", "message"),
    [
        (of_unknown_equation, "einsum.. under autocast with an equation or a number of tensors"),
        (of_unknown_cache, "cache_enabled of autocast has to be a constant"),
        (of_no_device, "no device"),
        (entered_by_hand, r"__enter__\(\) of an autocast"),
    ],
)
def test_refused(function, message):
    with pytest.raises(tsir.TsirError, match=message):
        tsir.script(function)


def switched_off(x, y):
    with torch.autocast("cpu", enabled=False):
        a = x @ y, product(x, y)
    return a, product(x, y)


def undecided(x, y, parts: List[Tensor], bias: Optional[Tensor]):
    a = torch.softmax(x @ y, -1)
    sums = torch.einsum("ij,jk->ik", x, y), torch.einsum("i,j->ij", x[0], y[0]), torch.linalg.multi_dot(parts)
    padded = F.pad(x.bfloat16()[None], (1, 1), mode="reflect"), F.pad(x, (1, 1))
    others = (
        torch.gru_cell(x, y, x.repeat(3, 1), y.repeat(3, 1)),
        torch.lstm_cell(x, (x, y), x.repeat(4, 1), y.repeat(4, 1)),
        torch.cov(x),
    )
    asked = torch.is_autocast_enabled("cpu"), torch.is_autocast_cpu_enabled(), torch.is_autocast_enabled()
    return torch.prod(a, 0), torch.cat([a, x]), F.linear(x, y, bias), powered(x, 3), sums, padded, others, asked


def bilinear(x):
    return F.bilinear(x, x, x.repeat(2, 1, 1))


@feature("Context managers", "torch.autocast around the calls of scripted, traced and loaded programs")
def test_called_under_autocast(form):
    compiled, partly = tsir.script(undecided), tsir.script(switched_off)
    module = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 2)).eval()
    traced = tsir.trace(module, X)
    file = io.BytesIO()
    traced.save(file)
    loaded = tsir.load(io.BytesIO(file.getvalue()))
    with torch.no_grad():
        for dtype in (None, torch.bfloat16, None, torch.float16):
            around = contextlib.nullcontext() if dtype is None else torch.autocast("cpu", dtype)
            for _ in range(2):  # the second call is known
                with around:
                    compare(undecided, (X, Y, [X, Y, X], X[0]), compiled)
                    compare(undecided, (X, Y, [X, Y], None), compiled)
                    if form == "written":  # `.code` doesn't say what is switched off
                        compare(switched_off, (X, Y), partly)
                    for mine in (traced, loaded):
                        compare(module, (X,), mine)
        with (
            torch.autocast("cpu"),
            pytest.raises(tsir.TsirError, match=r"bilinear\(\) of a program that is called under autocast"),
        ):
            tsir.script(bilinear)(X)
        with torch.autocast("cpu"), pytest.raises(tsir.TsirError, match="which is compiled, under autocast"):
            tsir.trace(lambda x: traced(x) + 1, X)
