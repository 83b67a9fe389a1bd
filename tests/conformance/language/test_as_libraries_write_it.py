"""What libraries for torch.jit have in their code: dtypes declared as ints, branches for what never comes, overloads with flags..."""

# ruff: noqa  (how users write is the point here)
from collections import namedtuple
from typing import *

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from torch import Tensor, nn
from torch.nn.common_types import _size_2_t

programs = Programs()
X = torch.arange(6.0).reshape(2, 3)


def weights_like(x: Tensor, dtype: Optional[int] = None) -> Tensor:
    if dtype is None:
        dtype = x.dtype
    return torch.ones(x.size(0), dtype=dtype)


@feature("Types and annotations", "dtypes declared as ints")
@programs(X)
@programs(X.double())
def dtype_for_int(x: Tensor):
    kind: int = x.dtype
    return weights_like(x, x.dtype), weights_like(x), weights_like(x, dtype=torch.float16), x.to(kind)


@programs(X, torch.int64)
@programs(X, torch.float64)
def dtype_of_caller(x: Tensor, dtype: int):
    return x.to(dtype), dtype == torch.int64


@programs(X)
@programs(X, None)
@programs(X, torch.int32)
def optional_dtype_of_caller(x: Tensor, dtype: Optional[int] = None):
    return torch.zeros(2, dtype=dtype), weights_like(x, dtype)


@torch.jit._overload
def converted(x: Tensor, dtype: Optional[int]) -> Tensor:
    pass


@torch.jit._overload
def converted(x: List[Tensor], dtype: Optional[int]) -> List[Tensor]:
    pass


def converted(x, dtype=None):
    if isinstance(x, Tensor):
        return x if dtype is None else x.to(dtype)
    return [y if dtype is None else y.to(dtype) for y in x]


@programs(X)
def overloads_with_dtypes(x: Tensor):
    return converted(x, torch.int32), converted([x, x + 1], x.dtype), converted(x, None)


def extent(size: Optional[Tuple[Optional[int], Optional[int]]]) -> int:
    if size is None:
        return -1
    a, b = size
    return (0 if a is None else a) + (0 if b is None else 10 * b)


@programs(X, None)
@programs(X, (1, 2))
def tuples_of_optionals(x: Tensor, size: Optional[Tuple[int, int]]):
    return x + extent(size)


class flags:
    FAST = False


@feature("Control flow", "conditions that their last part decides")
@programs(X, None)
@programs(X, X)
def decided_by_the_last(x: Tensor, y: Optional[Tensor]):
    if y is not None and x.device.type == "cpu" and flags.FAST:
        return flags.missing(x, y)
    if y is not None and (y.dim() == 1 or flags.FAST):
        return x
    return x + 1


@programs(X, None)
@programs(X, X)
def all_cases(x: Tensor, y: Optional[Tensor]) -> Tuple[Tensor, Optional[Tensor]]:
    if y is None or isinstance(y, Tensor):
        return x, y
    return x


def indices_of(x: Tensor) -> Tensor:
    return x._indices()


@feature("Control flow", "operators that tsir lacks, where a program never comes")
@programs(X)
def not_reached(x: Tensor):
    if x.layout == torch.sparse_coo:
        x = torch.sparse.mm(x, x)
        return indices_of(x)
    for _ in range(x.size(0) - 2):
        x = x.coalesce()
    return x * 2


@programs(torch.tensor([-2, 1]), 3)
@programs(torch.tensor([1, 9]), 3)
def bounded(box: Tensor, n: int):
    return torch.zeros(5)[max(box[0], 0) : min(box[1] + 1, n)], max(1, box[0], 0) * 2


def padding_mask(lengths: Tensor, max_len: int = 0) -> Tensor:
    max_len = max(max_len, lengths.max())
    seq_range = torch.arange(0, max_len)
    return seq_range.unsqueeze(0).expand(lengths.size(0), max_len) >= lengths.unsqueeze(-1)


@feature("Built-in functions", "slices, ranges and repetitions by what is one or the other")
@programs(torch.tensor([1, 2, 3]))
@programs(torch.tensor([4, 2]))
def numbers_or_tensors(x: Tensor):
    n = max(3, x.max())
    total = 0
    for i in range(n):
        total += i
    kept = x[:n], [5, 6, 7, 8, 9][:n], x[-n:], [5, 6, 7, 8, 9][n], n - x, torch.zeros(n, 2), bool(n > 3), int(2 * n)
    repeated = [1] * x.max(), "a" * x.max(), x.max() * [2], (1,) * x.min()
    chosen = x.max() if x.sum() > 6 else 2
    kept = *kept, x[:chosen], list(range(chosen)), [5, 6, 7, 8][:chosen]
    found = int(min(0, x.sum())), float(max(1.5, x.max())), max(x.max(), x.min())
    return total, kept, repeated, found, padding_mask(x), padding_mask(x, 9)


@feature("Standard library", "torch._check, _check_value, _check_type, _check_index; torch.unravel_index")
@programs(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), 2)
@programs(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), 1)
def checks(x: Tensor, n: int):
    torch._check(x.dim() == 2, lambda: f"{x.dim()} dimensions")
    torch._check_value(n > 1, lambda: f"too small: {n}")
    return (
        torch.unravel_index(x.argmax(), x.shape),
        torch.unravel_index(torch.tensor([1, 2]), (2, 2)),
        torch._check_type(True),
    )


@feature("Lists and tuples", "lists of slices, whose items are assigned, as indices")
@programs(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
def lists_of_slices(x: Tensor):
    out = []
    for d in (0, 1):
        idx = [slice(None)] * 2
        idx[d] = slice(1, None)
        out.append(x[tuple(idx)])
    both = [slice(None), 0]
    return out, x[tuple(both)], x[both[0], 1]


@programs(torch.ones(2))
def local_named_tuple(x: Tensor):
    Pair = namedtuple("Pair", "a b")
    pair = Pair(1, x)
    return pair.a, pair.b * 2, len(pair), pair._fields


@feature("Arguments", "what is an int or a tuple (`_size_2_t`), for parameters of torch's functions that repeat an int")
@programs(torch.arange(32.0).reshape(1, 2, 4, 4), 2, None)
@programs(torch.arange(32.0).reshape(1, 2, 4, 4), (2, 1), 2)
@programs(torch.arange(32.0).reshape(1, 2, 4, 4), (2, 1), (1, 2))
def int_or_pair(x: Tensor, k: _size_2_t, s: Optional[Union[int, Tuple[int, int]]]):
    pooled = (
        F.max_pool2d(x, k),
        F.avg_pool2d(x, k),
        F.max_pool2d(x, 2, stride=s),
        F.adaptive_avg_pool2d(x, k),
        torch.max_pool2d(x, k),
    )
    return pooled, F.conv2d(x, torch.ones(2, 2, 2, 2), padding=k), F.unfold(x, k)


@programs.parametrized()
def test_programs(function, arguments) -> None:
    check(function, arguments)


def test_operator_that_a_program_comes_to() -> None:
    @tsir.script
    def reached(x: Tensor, sparse: bool):
        if sparse:
            return indices_of(x)
        return x

    assert reached(X, False) is not None
    with pytest.raises(NotImplementedError, match=r"torch's operator _indices\(\) isn't supported yet \(.*:\d+\)"):
        reached(X, True)
    with pytest.raises(tsir.TsirError, match=r"operator _indices\(\) isn't supported yet"):
        tsir.script(indices_of)


class Attended(nn.Module):
    @torch.jit._overload_method
    def forward(self, x: Tensor, with_weights: None = None) -> Tensor:
        pass

    @torch.jit._overload_method
    def forward(self, x: Tensor, with_weights: bool = None) -> Tuple[Tensor, Tensor]:
        pass

    def forward(self, x, with_weights: Optional[bool] = None):
        if isinstance(with_weights, bool):
            return x * 2, x.softmax(-1)
        else:
            return x * 2


class Attending(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = Attended()

    def forward(self, x):
        y, w = self.inner(x, with_weights=True)
        return self.inner(x) + y, w


@feature("Modules", "overloads of which a flag decides")
def test_flag_of_overloads() -> None:
    torch.testing.assert_close(tsir.script(Attending())(X), Attending()(X))


class Described(NamedTuple):
    name: str
    kind: Union[Type, str]


class WithDescriptions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one = Described("one", int)
        self.listed = [self.one]
        self.by_name = {"two": Described("two", "int")}

    def forward(self, x):
        return x + len(self.one.name), self.one.name == "one"


@feature("Modules", "attributes that only Python can hold, where the program doesn't use them")
def test_named_tuples_of_types() -> None:
    torch.testing.assert_close(tsir.script(WithDescriptions())(X), WithDescriptions()(X))


class Sizes(tuple):
    @property
    def total(self) -> int:
        return sum(self)

    def scaled(self, by: int) -> int:
        return by * self.total


class OfSizes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.sizes = Sizes((1, 2, 3))

    def forward(self, x):
        seen = 0
        for size in self.sizes:
            seen += size
        first, _, last = self.sizes
        return x * self.sizes.total, self.sizes.scaled(2), seen, first + last, self.sizes[1], isinstance(self.sizes, Sizes)


@feature("Modules", "attributes of classes derived from tuple, as constants")
def test_classes_derived_from_tuple() -> None:
    found, expected = tsir.script(OfSizes())(X), OfSizes()(X)
    torch.testing.assert_close(found[0], expected[0])
    assert found[1:] == expected[1:]


Tree = Union[int, List["Tree"]]


@feature("Types and annotations", "types that name themselves: what is in them is of any type")
def test_recursive_types() -> None:
    @tsir.script
    def total(x: Tensor, tree: Tree):
        count = 0
        if isinstance(tree, int):
            count += tree
        else:
            for part in tree:
                if isinstance(part, int):
                    count += part
        return x + count

    assert total(X, 3)[0, 0] == 3
    assert total(X, [1, 2, [4]])[0, 0] == 3


class Traced(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.register_buffer("shift", torch.ones(3))

    def forward(self, x, y):
        return torch.relu(self.linear(x)) + y * self.shift


class Around(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x, x + 1)


@feature("Modules", "graph modules of torch.fx, and modules that torch.jit compiled, as they are and in others")
def test_modules_made_by_torch() -> None:
    graph = torch.fx.symbolic_trace(Traced())
    expected = Around(graph)(X)
    for inner in (graph, torch.jit.script(Traced())):
        inner.load_state_dict(graph.state_dict())
        torch.testing.assert_close(tsir.script(inner)(X, X + 1), expected)
        torch.testing.assert_close(tsir.script(Around(inner))(X), expected)
        torch.testing.assert_close(tsir.script(torch.jit.script(Around(inner)))(X), expected)


class Part(nn.Module):
    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = by

    def forward(self, x: Dict[str, Tensor]):
        return {"out": [x["a"] * self.by], "rest": []}


class Parts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = Part(2.0)
        self.parts = nn.ModuleList([self.first, Part(3.0)])

    def has_factor(self):
        return hasattr(self.first, "by")

    @torch.jit.export
    def all_of(self, x: Dict[str, Tensor]):
        if not self.has_factor():
            return None
        return [part(x) for part in self.parts]

    def forward(self):
        pass


class Searching(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.parts = Parts()

    @torch.no_grad()
    def forward(self, x: Dict[str, Dict[str, Tensor]]):
        return self._search(x)

    def _search(self, x: Dict[str, Dict[str, Tensor]]):
        found = self.parts.all_of(x["in"])
        assert found is not None
        order: Optional[Tensor] = None
        if "order" in x and isinstance(x["order"], Tensor):
            order = x["order"]
        else:
            order = torch.arange(1, -1, -1)
        return torch.stack([f["out"][0] for f in found])[order]


@feature("Modules", "lists of dicts, or None, and keys of another type, in modules whose forward is decorated")
def test_searching() -> None:
    torch.testing.assert_close(tsir.script(Searching())({"in": {"a": X}}), Searching()({"in": {"a": X}}))


@feature("Tensors in programs", "factories that write into a tensor (out=)")
def test_factories_with_out() -> None:
    @tsir.script
    def made(count: int, x: Tensor):
        buffer = torch.empty(0).long()
        if count > 0:
            torch.arange(count, out=buffer)
        torch.ones(3, out=x)
        return buffer.expand(2, count), torch.linspace(0, 1, 3, out=x[0:3]) is not None

    x = torch.zeros(3, dtype=torch.float64)
    assert made(4, x)[0].tolist() == [[0, 1, 2, 3]] * 2
    assert x.tolist() == [0.0, 0.5, 1.0]


class Contracting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pattern = "ab,cb->ac"

    def forward(self, x, transposed: bool):
        return torch.einsum(self.pattern, x, x), torch.einsum("ab,cb->" + ("ca" if transposed else "ac"), x, x + 1)


@feature("Tensors in programs", "einsum with an equation of an attribute, or of run time")
def test_equations() -> None:
    compiled = tsir.script(Contracting())
    for transposed in (False, True):
        torch.testing.assert_close(compiled(X, transposed), Contracting()(X, transposed))


@feature("Types and annotations", "unions with the same members in another order")
def test_order_of_members() -> None:
    def count(values: List[Union[str, int]]) -> int:
        return len(values)

    @tsir.script
    def used(x: Tensor, options: Optional[Dict[str, Union[Tensor, int, List[Tensor]]]], values: List[Union[int, str]]):
        if options is None:
            options = {"by": 3, "x": x, "all": [x]}
        y, by = options.get("x"), options["by"]
        assert isinstance(y, Tensor)
        assert isinstance(by, int)
        return y * by + count(values)

    assert used(X, None, [1, "a"]).equal(X * 3 + 2)
    assert used(X, {"by": 2, "x": X + 1}, []).equal(2 * X + 2)


def summed(x: Tensor, dim: Optional[int] = None, scale: Optional[float] = None) -> Tensor:
    total = x.cumsum(dim=dim) if not torch.are_deterministic_algorithms_enabled() else x
    if scale is not None:
        total = total * scale
        scale = None
    return total if scale is None else x


class Masked(nn.Module):
    def forward(self, x, mask: Optional[Tensor] = None, by: Optional[int] = None):
        if mask is None:
            mask = torch.ones_like(x)
        y = x * mask
        if by is not None:
            y = y + by
            by = None
        return y, by


class Masking(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = Masked()

    def forward(self, x, mask: Optional[Tensor] = None):
        return self.inner(x), self.inner(x, x), self.inner(x, mask, 3), self.inner(x, by=4), summed(x, 1), summed(x, 0, 2.0)


@feature("Arguments", "arguments that are known not to be None, for parameters that may be")
def test_arguments_that_are_there() -> None:
    compiled, plain = tsir.script(Masking()), Masking()
    for arguments in ((X,), (X, X + 1)):
        torch.testing.assert_close(compiled(*arguments), plain(*arguments))
    torch.testing.assert_close(compiled.inner(X, None, 2), plain.inner(X, None, 2))
    torch.testing.assert_close(compiled.inner(X, X), plain.inner(X, X))


class Steps(nn.Module):
    """It has no `forward`: others call its methods."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind, self.factor = kind, None

    def start(self, x):
        self.factor = 1
        self.length = x.size(1)
        return self.length

    def step(self):
        self.factor *= 2
        return self.factor * self.length


def kinds_of(x):
    found = {"tensor": lambda v: isinstance(v, Tensor), "text": lambda v: isinstance(v, str)}
    names = []
    names.append("tensor" if "Tensor" in str(type(x)) else "text")
    names.extend(n for n in found if n not in names)
    return names


def is_tensor(x):
    return kinds_of(x)[0] == "tensor"


class Masks(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.steps = Steps("none")

    def forward(self, x, limits: Optional[Tensor] = None, **others):
        n = self.steps.start(x)
        if self.training:
            x = x * np.random.rand(1).item()
        if "layer_norm" in [self.steps.kind]:
            x = self.norm(x)
        if not is_tensor(x):
            x = x["a"]
        counts = torch.div(n, 2, rounding_mode="trunc") - 1
        scaled = torch.einsum("ij,j->ij", x, limits) if limits is not None and n > 2 else x
        return scaled + self.steps.step() + self.steps.step() + counts


@feature("Modules", "what training and other configurations would need, as long as the program doesn't come there")
def test_what_the_program_never_comes_to() -> None:
    plain = Masks().eval()
    expected = plain(X)
    for module in (plain, Masks().eval()):
        compiled = tsir.script(module)
        torch.testing.assert_close(compiled(X), expected)
        torch.testing.assert_close(compiled(X, torch.arange(3.0)), plain(X, torch.arange(3.0)))
        torch.testing.assert_close(compiled(X.repeat(1, 2)), plain(X.repeat(1, 2)))
    compiled.train()
    with pytest.raises(NotImplementedError, match="np.random.rand"):
        compiled(X)


class Scores(nn.Module):
    def forward(self, x, scores):
        result = {}
        result["context"] = x
        if scores:
            result["scores"] = x + 1
        return result


class Scored(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = Scores()

    def forward(self, x, scores: Optional[bool] = None, **others):
        wanted = scores if scores is not None else x.sum() > 3
        found = self.inner(x, wanted)
        y = found["context"] * 2
        return found["scores"] + y if "scores" in found else y


@feature("Dicts and sets", "a dict into which only one branch puts something, and that both give")
def test_dicts_of_branches() -> None:
    plain, compiled = Scored(), tsir.script(Scored())
    for arguments in ((X,), (X - 5,), (X, True), (X, False)):
        torch.testing.assert_close(compiled(*arguments), plain(*arguments))


class Bounded(nn.Module):
    def forward(self, box, **others):
        return max(box[0], 0) + min(box[1] + 1, 3), max(box[1], 2.5)


@feature("Built-in functions", "min and max of tensors and numbers")
def test_bounds() -> None:
    compiled, plain = tsir.script(Bounded()), Bounded()
    for box in (torch.tensor([-2, 1]), torch.tensor([1, 9])):
        found, expected = compiled(box), plain(box)
        assert [type(v) for v in found] == [type(v) for v in expected]
        assert [float(v) for v in found] == [float(v) for v in expected]


class Levels:
    def __init__(self, factor: int) -> None:
        self.factor = factor

    def __call__(self, x: Tensor) -> Tensor:
        return x * self.factor


def at_levels(x: Tensor, levels: Optional[Levels]) -> Tensor:
    assert levels is not None
    return levels(x)


class Pooler(nn.Module):
    __annotations__ = {"levels": Optional[Levels]}

    def __init__(self) -> None:
        super().__init__()
        self.levels = None

    def forward(self, x: Tensor):
        if self.levels is None:
            self.levels = Levels(3)
        return at_levels(x, self.levels)


@feature("Modules", "attributes that are declared to be of a class whose objects may be called")
def test_declared_callable_objects() -> None:
    plain = Pooler()
    new = tsir.script(plain)
    expected = plain(X)
    for compiled in (new, tsir.script(plain)):
        torch.testing.assert_close(compiled(X), expected)
        torch.testing.assert_close(compiled(X + 1), plain(X + 1))
