"""The code that save_torchscript writes: torch.jit takes the types of each value, and what it wouldn't take is refused."""

import enum
import io
import math
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.archive.torchscript.comparing import same
from tests.archive.torchscript.test_writing import compare


@torch.jit.interface
class Meter:
    def read(self, x: Tensor, scale: float) -> Tensor:
        pass


class Nothing:
    pass


class Mixed(enum.Enum):
    RED = 1
    GREEN = "green"


class Node:
    following: Optional["Node"]

    def __init__(self, value: int):
        self.value = value
        self.following = None


class Low(NamedTuple):
    x: int


class High(NamedTuple):
    x: int


def summed(xs: List[Union[int, float]], n: int) -> Union[int, float]:
    total: Union[int, float] = 0
    for x in xs:
        total = total + x
    while n > 0:
        total = total - n
        n -= 1
    return total


def several(n: int) -> Tuple[int, List[str]]:
    log = []
    for i in range(n):
        log.append(i)
        log.append(f"item {i}")
        if i == 1:
            log.append(None)
    return len(log), [x for x in log if isinstance(x, str)]


def returned_in_loops(p: Optional[str], n: int) -> Tuple[Optional[str], int]:
    for i in range(n):
        for j in (i, i + 1):
            if j > n:
                if p is not None:
                    return (p, j)
        if i > 5:
            return (p, i)
    return (p, n)


def numbers_of(x: Tensor, y: Tensor) -> Tuple[int, bool, float, float, int]:
    n: int = x.item()
    flag: bool = y.item()
    return n, flag, float(y), math.sqrt(y), int(y)


def devices(index: int) -> Tuple[Optional[int], bool, Tensor]:
    device = torch.device("cuda", index)
    thing = Nothing()
    return device.index, isinstance(thing, Nothing), torch.tensor([index, 2.5])


def measured(meter: Meter, x: Tensor) -> Tensor:
    return meter.read(x, 2.0)


def test_programs() -> None:
    compare(tsir.script(summed), [[1, 2.5, 3], 3], [[1], 0])
    compare(tsir.script(several), [3])
    compare(tsir.script(returned_in_loops), [None, 3], ["a", 3], ["a", 9])
    compare(tsir.script(numbers_of), [torch.tensor(3), torch.tensor(True)])
    compare(tsir.script(devices), [1], [0])


def test_an_interface_that_no_class_has() -> None:
    buffer = io.BytesIO()
    tsir.script(measured).save_torchscript(buffer)
    assert "(meter).read(x, 2., )" in torch.jit.load(io.BytesIO(buffer.getvalue())).code


def remainders(x: int, n: int) -> int:
    return x % n


def shares(x: float, n: int) -> float:
    return x / n


def roots(x: float) -> float:
    return math.sqrt(x) + math.log(x)


@pytest.mark.parametrize(("function", "arguments"), [(remainders, [3, 0]), (shares, [1.5, 0]), (roots, [-1.0])])
def test_exceptions_where_torchscript_has_none(function: Any, arguments: List[Any]) -> None:
    """One of them would end the process."""
    compare(tsir.script(function), arguments, [4, 2] if len(arguments) == 2 else [1.0])


def mixed(x: Any) -> bool:
    return isinstance(x, Mixed)


def linked(n: int) -> int:
    node = Node(n)
    node.following = Node(n + 1)
    return node.value


def hashed(x: str) -> int:
    return hash(x)


def reinterpreted(x: Tensor) -> Tensor:
    return x.view(torch.int32)


def updated(x: Dict[str, int]):
    return dict(x, w=2.5)


def least(x: List[Tensor]) -> Tensor:
    return min(x)


def either(x: int) -> bool:
    pair: Union[Low, High] = Low(x) if x > 1 else High(x)
    return isinstance(pair, Low)


def given_back(meter: Meter) -> Meter:
    return meter


@pytest.mark.parametrize(
    ("function", "what"),
    [
        (mixed, "no enum with values of several types"),
        (linked, "no class whose objects hold others of the class, as Node"),
        (hashed, r"no hash\(\)"),
        (reinterpreted, r"no operator view\.dtype"),
        (updated, "no Dict.*where it has Dict"),
        (least, r"no (min\(\)|lt)"),
        (either, "one type for Low and High"),
        (given_back, "no interface without methods"),
    ],
)
def test_what_torch_jit_would_not_load_is_refused(function: Any, what: str) -> None:
    with pytest.raises(tsir.TsirError, match=f"TorchScript has {what}"):
        tsir.script(function).save_torchscript(io.BytesIO())


def lists_of_tuples(n: int) -> Tuple[List[int], Tuple[()], int]:
    sizes: Tuple[int, ...] = (n, 2)
    if n > 1:
        sizes = (1, 2, 3)
    empty: Tuple[()] = ()
    return [s + 1 for s in sizes], empty, len(sizes)


def test_tuples_become_lists() -> None:
    compare(tsir.script(lists_of_tuples), [1], [2])


class Shape:
    def __init__(self, n: int):
        self.n = n

    def area(self, k: int) -> int:
        return self.n * k

    def double(self) -> int:
        return self.area(2)


class Square(Shape):
    def __init__(self, n: int, m: float):
        super().__init__(n)
        self.m = m

    def area(self, k: int) -> int:
        self.n += 1
        return self.n * self.n * k


class Cube(Square):
    def area(self, k: int) -> int:
        return self.n**3 * k


def shapes(a: int, b: int) -> Tuple[int, List[int], bool, Optional[int]]:
    made: List[Shape] = [Shape(a), Square(b, 1.5), Cube(2, 1.0)]
    one: Shape = Square(a, 2.0) if a > b else Cube(b, 3.0)
    maybe: Optional[Shape] = None
    if a > 1:
        maybe = one
    one.n = 7
    total = 0
    for shape in made:
        total += shape.double() + shape.n
    return total, [s.area(1) for s in made], isinstance(one, Square), maybe.n if maybe is not None else None


def called(x: Tensor, kind: str) -> Tensor:
    functions = [torch.relu, lambda t: t * 2]

    def third(t: Tensor) -> Tensor:
        return t + x

    functions.append(third)
    for function in functions:
        x = function(x)
    chosen = torch.sin if kind == "s" else torch.cos
    return chosen(x)


def is_nothing(x: Any) -> Tuple[bool, bool]:
    return x is None, x is not None


def test_derived_classes_and_functions_as_values() -> None:
    """Values of a class that others are derived from are of type Any, and are asked for their class."""
    compare(tsir.script(shapes), [1, 2], [3, 2])
    compare(tsir.script(called), [torch.arange(3.0), "s"], [torch.arange(3.0), "c"])
    compare(tsir.script(is_nothing), [None], [1], [torch.ones(1)])
    torch.manual_seed(0)
    layer = tsir.script(nn.TransformerEncoderLayer(8, 2, 16).eval())
    compare(layer, [torch.randn(5, 2, 8)])
    buffer = io.BytesIO()
    layer.save_torchscript(buffer)
    x = torch.randn(5, 2, 8)
    same(layer(x), tsir.load(io.BytesIO(buffer.getvalue()))(x))
