"""Spellings that torch.jit takes: numbers out of tensors, unions of numbers, defaults that are tensors, einsum's lists..."""

# ruff: noqa  (how users write is the point here)
import io
from typing import *

import pytest
import torch
import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from tests.models.comparison import assert_same
from torch import Tensor, nn
from torch.jit.annotations import BroadcastingList2, BroadcastingList3

programs = Programs()
X, Y = torch.arange(6.0).reshape(2, 3), torch.arange(12.0).reshape(3, 4)


@feature("Types and annotations", "unions of numbers, with their operators")
@programs(3, 2.5)
@programs(2.0, 7)
def numbers(x: Union[int, float], y: Union[int, float]):
    z = x + y
    return (-z if x < y else z), x * y, x == y


@feature("Types and annotations", "int, float and complex together as any number")
@programs(3, 2j)
@programs(2.0, 4)
def any_number(x: Union[int, float, complex], y: Union[int, complex, float]):
    return x + y


@feature("Types and annotations", "Tuple[()]")
@programs(())
def nothing(x: Tuple[()]) -> Tuple[()]:
    return x


@feature("Tensors in programs", "einsum with lists of ints instead of an equation")
@programs(X, Y)
def subscripts(x, y):
    return (
        torch.einsum(x, [0, 1], y, [1, 2], [0, 2]),
        torch.einsum(x, [0, 1], y, [1, 2]),
        torch.einsum(x, [..., 3], [..., 3]),
        torch.einsum(x, [1, 0]),
    )


@feature("Tensors in programs", "tensordot over dimensions known at run time")
@programs(X, Y, 1, [[1], [0]])
@programs(X, X, 2, [[0], [0]])
def contracted(x, y, count: int, dims: List[List[int]]):
    return torch.tensordot(x, y, dims=count), torch.tensordot(x, y, dims)


@programs(X, Y, ([1], [0]), torch.tensor([[1], [0]]))
def contracted_by_other_types(x, y, dims: Tuple[List[int], List[int]], of_tensor: Tensor):
    return torch.tensordot(x, y, dims), torch.tensordot(x, y, of_tensor)


@feature("Tensors in programs", "indexing with an empty list")
@programs(X)
def by_empty_list(x):
    empty: List[int] = []
    return x[empty], x[:, empty]


@feature("Tensors in programs", "tolist of every kind of number, with annotate")
@programs(torch.tensor(1 + 2j))
def complex_number(x):
    return torch.jit.annotate(complex, x.tolist())


@torch.jit.script_if_tracing
def grown(x: int = 2):
    return x + 1


@feature("torch.jit's API", "script_if_tracing, called from compiled functions")
@programs()
def calls_traced():
    return grown(x=3), grown()


def twice(x: float, n: int = 1) -> float:
    return x * 2 + n


@feature("Types and annotations", "tensors without dimensions where numbers are declared, as in torch.jit")
def test_the_number_in_a_tensor() -> None:
    def f(x, i):
        y: float = x
        return twice(x, i), torch.jit.annotate(float, x), y

    assert tsir.script(f)(torch.tensor(2.0), torch.tensor(3)) == (7.0, 2.0, 2.0)
    with pytest.raises(RuntimeError, match="dimension other than 0"):
        tsir.script(f)(torch.ones(2), torch.tensor(3))


def _float_of(x: Tensor) -> float:
    return x.sum()


def _int_or_none(x: Tensor) -> Optional[int]:
    if x.numel() == 0:
        return None
    return x.argmax()


def _pair_of(x: Tensor) -> Tuple[float, Tuple[int, Tensor]]:
    return x.sum(), (x.argmax(), x)


def _calls_pair(x: Tensor) -> complex:
    total, (index, _) = _pair_of(x)
    return x.sum() + total + index


@feature("Types and annotations", "tensors without dimensions returned where numbers are declared, as in torch.jit")
@pytest.mark.parametrize("function", [_float_of, _int_or_none, _pair_of])
def test_the_number_in_a_returned_tensor(function) -> None:
    for x in (X, torch.tensor([2.0])):
        expected, found = torch.jit.script(function)(x), tsir.script(function)(x)
        assert repr(found) == repr(expected)
    assert tsir.script(_int_or_none)(torch.ones(0)) is None
    assert tsir.script(_calls_pair)(X) == torch.jit.script(_calls_pair)(X) == 35 + 0j
    with pytest.raises(RuntimeError, match="dimension other than 0"):
        tsir.script(_returned)(X)


def _returned(x: Tensor) -> float:
    return x


def declared_numbers(a: int, b: float, c: list[int], d: list[float], e: tuple[float, int], f: int | None):
    return a, b, c[0], c[1], d[0], d[1], e, f


@feature("Types and annotations", "ints where floats are declared, bools where ints are, as torch.jit converts them")
def test_numbers_are_of_the_declared_types() -> None:
    arguments: tuple[Any, ...] = (True, 2, [True, 2], [3, True], (1, True), True)
    expected = torch.jit.script(declared_numbers)(*arguments)
    found = tsir.script(declared_numbers)(*arguments)
    assert repr(found) == repr(expected) == repr((1, 2.0, 1, 2, 3.0, 1.0, (1.0, 1), 1))


def truth(flag: bool, flags: List[bool], either: Union[int, bool]):
    return flag, flags, either, all(flags)


def test_numbers_for_a_bool_are_taken_by_their_truth() -> None:
    scripted, theirs = tsir.script(truth), torch.jit.script(truth)
    for given in ((1, [True, 1, 0], True), (0, [0.5], 3), (2.5, [], False)):
        assert scripted(*given)[:2] == theirs(*given)[:2]
        assert scripted(*given)[2] is given[2]
    with pytest.raises(TypeError, match="expected a value of type 'bool' but instead found type 'str'"):
        scripted("a", [], 1)


def test_too_many_dimensions_to_contract() -> None:
    compiled = tsir.script(contracted)
    with pytest.raises(RuntimeError, match="dims >= 0, but got dims=-1"):
        compiled(X, Y, -1, [[1], [0]])
    with pytest.raises(RuntimeError, match="got dims=5"):
        compiled(X, Y, 5, [[1], [0]])


@feature("torch.jit's API", "script_if_tracing functions, compiled themselves")
def test_script_if_tracing() -> None:
    assert tsir.script(grown)() == 3


HALF, TENS, OFF = torch.tensor(0.5), torch.tensor([10, 2]), torch.tensor(False)


def shifted(x, a=HALF, b=TENS, off=OFF):
    if bool(off):
        return x
    return x + a + b


@feature("Functions and closures", "tensors as defaults of parameters")
def test_tensors_as_defaults() -> None:
    def outer(x):
        return shifted(x), shifted(x, torch.tensor(3.0)), shifted(x, off=torch.tensor(True))

    x = torch.ones(2)
    compiled = tsir.script(shifted)
    torch.testing.assert_close(compiled(x), shifted(x))
    torch.testing.assert_close(compiled(x, b=torch.tensor(3)), shifted(x, b=torch.tensor(3)))
    torch.testing.assert_close(tsir.script(outer)(x), outer(x))


def test_tensors_as_defaults_are_saved() -> None:
    file = io.BytesIO()
    tsir.script(shifted).save(file)
    file.seek(0)
    torch.testing.assert_close(tsir.load(file)(torch.ones(2)), shifted(torch.ones(2)))


@feature("Types and annotations", "BroadcastingList: one number for a list, also from outside")
def test_one_number_for_a_list() -> None:

    def three(x: float, y: BroadcastingList3[float]) -> List[float]:
        return y

    def two(x: BroadcastingList2[int]):
        return x

    compiled = tsir.script(three)
    assert compiled(2.0, 1.0) == [1.0] * 3 == compiled(2.0, [1.0, 1.0, 1.0]) == compiled(2.0, (1.0, 1.0, 1.0))
    assert tsir.script(two)(1) == [1, 1] == tsir.script(two)(x=1)
    file = io.BytesIO()
    tsir.script(two).save(file)
    file.seek(0)
    assert tsir.load(file)(4) == [4, 4]


@feature("torch.jit's API", "torch.jit.Attribute: a value in __init__, its type in compiled code")
def test_attributes_are_values_in_init() -> None:
    class Counter(tsir.ScriptModule):
        def __init__(self) -> None:
            super().__init__()
            self.step = torch.jit.Attribute(0.5, float)
            assert self.step > 0
            self.seen = torch.jit.Attribute([], List[int])
            self.seen.append(3)

        @tsir.script_method
        def forward(self, x):
            self.seen.append(1)
            return x + self.step, self.seen

    counter = Counter()
    total, seen = counter(torch.ones(1))
    assert total.item() == 1.5 and seen == [3, 1] and counter.seen == [3, 1]


class Noting(nn.Module):
    __jit_ignored_attributes__ = ["answer"]

    def __init__(self) -> None:
        super().__init__()
        self.notes = 0

    @property
    def answer(self):
        return 41

    @torch.jit.ignore
    def note(self, a: int):
        self.noted = a

    @torch.jit.ignore
    def next(self) -> int:
        return self.answer + 1

    def forward(self, x):
        self.note(4)
        return x


@feature("Modules", "ignored properties, read from Python")
def test_ignored_properties_and_methods_without_result() -> None:
    module = tsir.script(Noting())
    assert module.answer == 41 and module.next() == 42
    torch.testing.assert_close(module(torch.ones(2)), torch.ones(2))


@feature("Tensors in programs", "masks without dimensions, in traces")
def test_masks_without_dimensions() -> None:

    def read(x, m):
        return x[:, m, 1:], x[..., m], x[m, :, 0], x[0, 0][x[0, 0] > 0]

    def write(x, m):
        y = x.clone()
        y[:, m] = 5
        return y

    for f in (read, write):
        traced = tsir.trace(f, (X, torch.tensor(True)))
        for m in (torch.tensor(True), torch.tensor(False)):
            torch.testing.assert_close(traced(X, m), f(X, m))


@feature("torch.jit's API", "lists and dicts given to script: their items stay of one type")
def test_lists_and_dicts_of_one_type() -> None:
    def fill(items: List[int], table: Dict[str, int]) -> int:
        items.append(4)
        table["n"] = 5
        return len(items)

    items, table = tsir.script([1, 2]), tsir.script({"a": 1})
    assert tsir.script(fill)(items, table) == 3 and items == [1, 2, 4] and table == {"a": 1, "n": 5}
    for wrong in (
        lambda: items.append("x"),
        lambda: items.insert(0, 1.5),
        lambda: items.extend([1, "x"]),
        lambda: items.__setitem__(0, None),
        lambda: items.__setitem__(slice(0, 1), ["x"]),
        lambda: items.count("x"),
        lambda: items.remove("x"),
        lambda: "x" in items,
        lambda: table.__setitem__(1, 1),
        lambda: table.__setitem__("b", "x"),
        lambda: table.update(b="x"),
        lambda: table.__delitem__(1),
    ):
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(KeyError):
        1 in table
    assert items == [1, 2, 4] and table == {"a": 1, "n": 5}
    with pytest.raises(TypeError):
        tsir.script([1, "x"])
    empty = tsir.script([])
    empty.append([1])
    with pytest.raises(TypeError):
        empty.append([1.5])
    floats = tsir.script([1.5])
    floats.append(2)
    assert floats == [1.5, 2.0] and isinstance(floats[1], float)
    table.setdefault("z", 7)
    del table["a"]
    assert table == {"n": 5, "z": 7}


class Stack(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1)])

    def forward(self, x, n: int):
        for v, layer in zip(range(n), self.layers):
            x = layer(x) * v
        return x

    @torch.jit.export
    def enumerated(self, x, values: List[int]):
        seen: List[int] = []
        for i, (layer, v) in enumerate(zip(self.layers, values)):
            if v == 5:
                break
            if v == 7:
                continue
            x = layer(x) + v * i
            seen.append(v)
        else:
            seen.append(-1)
        return x, seen

    @torch.jit.export
    def gathered(self, x, values: List[int]):
        first = [layer(x) + v for layer, v in zip(self.layers, values)]
        return first, [layer(x) for layer, v in zip(self.layers, values) if v > 1]

    @torch.jit.export
    def until(self, x, values: List[int]):
        for layer, v in zip(self.layers, values):
            x = layer(x)
            if v == 5:
                return x * 2
        return x


@feature("Control flow", "for over zip of a ModuleList with a shorter list or range")
def test_zip_of_modules_stops_at_the_shortest() -> None:
    module, x = Stack(), torch.ones(1)
    compiled = tsir.script(module)
    for n in range(5):
        torch.testing.assert_close(compiled(x, n), module(x, n))
    for values in ([], [1], [1, 2, 3], [1, 2, 3, 4], [5], [1, 5, 2], [7, 1, 5], [7, 7, 7], [1, 7, 3]):
        for name in ("enumerated", "gathered", "until"):
            torch.testing.assert_close(getattr(compiled, name)(x, values), getattr(module, name)(x, values))


@feature("Type refinement", "variables that another type leaves by continue, break or return")
@programs(-1)
@programs(0)
@programs(2)
@programs(5)
def left_by_continue(n: int):
    x = None
    if n < 0:
        x = 1
    i = 0
    while x is None or x > 3:
        if i < 3:
            if i < n:
                x = torch.jit.annotate(Optional[int], None)
                i += 1
                continue
            x = 1
        else:
            x = 1 if x is None else x
        x = x + 1
    return x, i


@feature("Type refinement", "the type behind a branch that may return")
@programs([1, 2])
@programs([])
@programs([9])
def left_by_return(values: List[int]):
    found = None
    if len(values) > 0:
        found = values[0]
        if found > 5:
            found = None
            return -1
    else:
        found = 7
    return found + 1


@feature("Type refinement", "what each `elif` that returns, breaks or continues leaves of a Union")
@programs(X, 3)
@programs(X, [X, X + 1])
@programs(X, None)
@programs(X, X)
def left_by_elif(x: Tensor, value: Union[int, List[Tensor], Tensor, None]) -> Tensor:
    if isinstance(value, int):
        return x + value
    elif isinstance(value, list):
        return value[0] * value[1]
    elif value is None:
        return x
    return value.exp()


@programs(X, [1, X, 3.0, 2.5, X, X])
@programs(X, [X, 2.5, 5.0, X])
def left_by_elif_in_loops(x: Tensor, values: List[Union[int, float, Tensor]]):
    for value in values:
        if isinstance(value, int):
            continue
        elif isinstance(value, float):
            if value > 4.0:
                break
            elif value > 2.7:
                x = x - 1
            continue
        x = x + value.exp()
    return x


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)


@feature("Modules", "iteration, length and subscripts, of containers of modules only")
def test_only_containers_are_iterated_over() -> None:
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.items = nn.ModuleList([nn.Linear(2, 2)])
            self.table = nn.ModuleDict({"a": nn.ReLU()})

        def forward(self, x):
            return self.items[0](x)

    compiled = tsir.script(Both())
    assert len(compiled.items) == 1 and len(list(compiled.items)) == 1 and len(compiled.table) == 1
    assert list(compiled.table) == ["a"] and "a" in compiled.table and len(tsir.script(nn.Sequential(nn.ReLU()))) == 1
    for wrong in (lambda: list(compiled), lambda: len(compiled), lambda: compiled[0]):
        with pytest.raises(TypeError):
            wrong()
    file = io.BytesIO()
    compiled.save(file)
    file.seek(0)
    loaded = tsir.load(file)
    assert len(list(loaded.items)) == 1 and list(loaded.table) == ["a"]
    with pytest.raises(TypeError):
        list(loaded)


@feature("Modules", "a submodule of a compiled module replaced by a module in Python")
def test_submodules_are_replaced() -> None:
    class Holder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.sub = nn.Linear(2, 2)

        def forward(self, x):
            return self.sub(x)

    compiled, other, x = tsir.script(Holder()), nn.Linear(2, 2), torch.ones(2)
    compiled(x)
    compiled.sub = other
    torch.testing.assert_close(compiled(x), other(x))


@feature("torch.jit's API", "traced functions that read tensors around them, as attributes of modules")
def test_traced_functions_with_tensors() -> None:
    layer, shift = nn.Linear(3, 2), torch.ones(3)

    class Holder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.f = tsir.trace(lambda x: layer(x + shift), torch.ones(3))
            self.g = self.f

        def forward(self, x):
            return self.f(x) + self.g(x)

    x = torch.rand(3)
    torch.testing.assert_close(tsir.script(Holder())(x), 2 * layer(x + shift))


@feature("Messages for what isn't supported", "methods without self; overloads without implementation")
def test_methods_that_cannot_be_called() -> None:
    class NoSelf(nn.Module):
        def forward():
            return torch.zeros(3)

    class OnlyOverloads(nn.Module):
        @torch.jit._overload_method
        def forward(self, x: int):
            pass

        @torch.jit._overload_method
        def forward(self, x: Tensor):
            pass

    with pytest.raises(tsir.TsirError, match="takes no arguments, not even the object"):
        tsir.script(NoSelf())
    with pytest.raises(tsir.TsirError, match="has overloads, but no implementation"):
        tsir.script(OnlyOverloads())


def sliced(x):
    return x[:, ::2].contiguous()


def flattened(x):
    return x[:, ::2].contiguous().view(-1)


def unchanged(x):
    return x.contiguous()


@feature("Aliasing and mutation", "contiguous: the tensor itself, or a copy where it lies otherwise")
@pytest.mark.parametrize("how", ["script", "trace"])
@pytest.mark.parametrize("function", [sliced, flattened, unchanged])
def test_contiguous_copies_where_it_has_to(function, how) -> None:
    for lies in (torch.rand(3, 4), torch.rand(4, 3).t(), torch.rand(3, 8)[:, ::2]):
        compiled = tsir.script(function) if how == "script" else tsir.trace(function, lies.clone())
        expected, found = function(lies), compiled(lies)
        torch.testing.assert_close(found, expected)
        assert found.stride() == expected.stride()
        assert (found.data_ptr() == lies.data_ptr()) == (expected.data_ptr() == lies.data_ptr())


def _both(pair: Tuple[int, str]) -> str:
    return pair[1] * pair[0]


def _rest(n: int) -> Tuple[int, str]:
    first, *rest = (0, n, "ab")
    return rest


def _passed(n: int) -> Tuple[str, List[int]]:
    first, *rest = (0, n, "ab")
    *few, last = (n, n + 1, n + 2)
    few.append(7)
    return _both(rest), few


def _inside() -> Tuple[int, int, Tuple[int, int], Tuple[int, int]]:
    a, (b, *c), *d = 1, (2, 3, 4), 5, 6
    return a, b, c, d


def _too_many(n: int) -> Tuple[int, int]:
    *few, last = (n, n + 1, n + 2)
    if n > 3:
        few.append(7)
    return few


def test_starred_targets_are_tuples_where_these_are_declared() -> None:
    assert tsir.script(_rest)(3) == torch.jit.script(_rest)(3) == (3, "ab")
    assert tsir.script(_passed)(3) == ("ababab", [3, 4, 7])
    assert tsir.script(_inside)() == torch.jit.script(_inside)() == (1, 2, (3, 4), (5, 6))
    few = tsir.script(_too_many)
    assert few(3) == (3, 4)
    with pytest.raises(ValueError, match="too many values to unpack"):
        few(4)


class _Loss(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.loss = nn.CTCLoss(reduction="none", zero_infinity=True)

    def forward(self, x: Tensor, targets: Tensor, lengths: List[int]):
        tensors = torch.tensor(lengths), torch.tensor((2, 0))
        return (
            self.loss(x, targets, lengths, (2, 0)),
            self.loss(x, targets, *tensors),
            nn.functional.ctc_loss(x, targets.view(-1), (4, 4), [3, 3]),
        )


@feature("Tensors in programs", "CTCLoss with lists and tuples of ints as lengths, as in eager")
def test_lengths_of_ctc_loss() -> None:
    x = (torch.arange(24.0) % 7).reshape(4, 2, 3).log_softmax(-1)
    module, arguments = _Loss(), (x, torch.tensor([[1, 2, 1], [2, 1, 2]]), [4, 3])
    compiled = tsir.script(module)
    for ours, theirs in zip(compiled(*arguments), module(*arguments)):
        torch.testing.assert_close(ours, theirs)


def _saved(x: Tensor, name: str):
    torch.save(x, name)
    torch.save((x + 1, {"a": [1, 2]}, None), f=name + "2")
    return x


@feature("Functions and closures", "torch.save of any value, to a file by its name, stays in Python")
def test_save(tmp_path: Any) -> None:
    name = str(tmp_path / "x.pt")
    tsir.script(_saved)(X, name)
    assert torch.equal(torch.load(name), X)
    found = torch.load(name + "2")
    assert torch.equal(found[0], X + 1) and found[1:] == ({"a": [1, 2]}, None)


def _filled(x: Tensor) -> Tensor:
    return x.zeros_like() + x.ones_like()  # type: ignore[operator]


@feature("torch.jit's API", "operators on `self` as methods that Python's Tensor lacks: `x.zeros_like()`")
def test_operators_as_methods():
    assert_same(tsir.script(_filled)(X), torch.ones_like(X))


def _saved_views(x: Tensor, name: str) -> Tensor:
    y = x + 1
    torch.save((y, y.view(-1), {"a": [y[1:, 1], y]}, x.t(), y.flip(0)), name)
    return y


def test_save_keeps_what_views_share(tmp_path: Any) -> None:
    name = str(tmp_path / "x.pt")
    tsir.script(_saved_views)(X, name)
    y, flat, held, transposed, flipped = torch.load(name)
    flat[4] += 20
    assert y[1, 1] == held["a"][0][0] == 25 and held["a"][1] is y
    assert torch.equal(transposed, X.t()) and torch.equal(flipped, (X + 1).flip(0))
    assert y.untyped_storage().nbytes() == 24


class _SavesViews(nn.Module):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.weight = nn.Parameter(torch.ones(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        torch.save([x[0], x, x.view(-1), self.weight[:, 0], self.weight], self.name)
        return x


def test_save_keeps_what_views_of_arguments_share(tmp_path: Any) -> None:
    name, x = str(tmp_path / "x.pt"), X.clone()
    tsir.script(_SavesViews(name))(x)
    row, whole, flat, column, weight = torch.load(name)
    row[0] = 1.5
    assert whole[0, 0] == flat[0] == 1.5
    with torch.no_grad():
        column[1] = 7
    assert weight[1, 0] == 7


def _reversed_by_position(x: List[int], reverse: bool) -> List[int]:
    x.sort(reverse)
    return x


def _sorted_by_itself(x: List[int]) -> List[int]:
    x.sort(x)
    return x


def test_sort_takes_reverse_by_position() -> None:
    assert tsir.script(_reversed_by_position)([1, 3, 2], True) == torch.jit.script(_reversed_by_position)([1, 3, 2], True)
    assert tsir.script(_reversed_by_position)([1, 3, 2], False) == [1, 2, 3]
    with pytest.raises(tsir.TsirError, match="takes no positional arguments"):
        tsir.script(_sorted_by_itself)


def _with_numbers_of_tensors(x: Tensor, number: Tensor):
    return (
        torch.add(x, x, alpha=number),
        torch.sub(x, x * 3, alpha=number),
        torch.subtract(x, x * 3, alpha=number),
        x.add(x, alpha=number),
        torch.addcmul(x, x, x, value=number),
        torch.full((2,), number),
    )


@feature("Tensors in programs", "tensors without dimensions where operators take numbers, beside other tensors")
@pytest.mark.parametrize("number", [torch.tensor(2.0), torch.tensor(3)])
def test_numbers_of_tensors(number: Tensor) -> None:
    expected = _with_numbers_of_tensors(X, number)
    for ours, theirs in zip(tsir.script(_with_numbers_of_tensors)(X, number), expected):
        torch.testing.assert_close(ours, theirs)
    with pytest.raises(RuntimeError, match="dimension other than 0"):
        tsir.script(_with_numbers_of_tensors)(X, number.view(1))


def _texts(s: str, others: List[str]) -> Tuple[str, int]:
    return s + "-" + others[0], len(s)


def test_bytes_are_texts():
    assert tsir.script(_texts)(b"a\xc3\xa4", [b"c"]) == ("aä-c", 2)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a value of type 'str' but instead found type 'bytes'"):
        tsir.script(_texts)(b"\xff", ["c"])  # type: ignore[arg-type]


class Fields:
    def __init__(self, size: int, **fields: Any) -> None:
        self.__dict__.update(fields, size=size)


class TypedFields:
    def __init__(self, size: int) -> None:
        self.size = size
        self._boxes: Optional[Tensor] = None

    @property
    def boxes(self) -> Tensor:
        assert self._boxes is not None
        return self._boxes

    def set_boxes(self, value: Tensor) -> "TypedFields":
        self._boxes = value
        return self


def _detected(x: Tensor, given: List[Fields]) -> Tuple[Tensor, int, bool]:
    found = Fields(len(given))
    found.set_boxes(x * 2)
    return found.boxes + given[0].boxes, found.size, isinstance(found, Fields)


@feature("torch.jit's API", "classes for which another one is compiled: `_jit_override_qualname`, as detectron2's Instances")
def test_another_class_is_compiled(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Fields, "_jit_override_qualname", torch._jit_internal._qualified_name(TypedFields), raising=False)
    given = TypedFields(3).set_boxes(X)
    assert_same(tsir.script(_detected)(X, [given]), (X * 3, 1, True))
