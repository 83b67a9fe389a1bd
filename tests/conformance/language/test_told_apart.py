"""Operations that only some types of a Union take: Python's exception comes where such a value does, and only there."""

from typing import Any, Dict, List, Union

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from tests.models.comparison import assert_same

programs = Programs()


class Left:
    def __init__(self, x: int):
        self.x = x

    def get(self) -> int:
        return self.x


class Right:
    def __init__(self, y: int):
        self.y = y

    def put(self) -> int:
        return -self.y


@feature("Type refinement", "operators, calls, attributes, subscripts and loops that only some types of a Union take")
@programs(1, 0)
@programs(1, 1)
@programs("ab", 0)
@programs("ab", 1)
@programs("ab", 2)
@programs("ab", 3)
@programs(1, 3)
@programs(7, 4)
@programs("ab", 4)
@programs("ab", 5)
@programs(2, 5)
@programs("ab", 6)
@programs(2, 6)
def operators(v: Union[int, str], which: int) -> Union[int, str, bool, List[str], List[int]]:
    if which == 0:
        return v + 1
    if which == 1:
        return v.upper()
    if which == 2:
        return -v
    if which == 3:
        v += "c"
        return v
    if which == 4:
        return v < 5
    if which == 5:
        return "a" in v
    return v * 2 + v**2 - 1


@programs(1, 0)
@programs([1, 2], 0)
@programs(1, 1)
@programs([1, 2], 1)
@programs(1, 2)
@programs([1, 2], 2)
@programs(1, 3)
@programs([1, 2], 3)
@programs(1, 4)
@programs([1, 2], 4)
@programs(1, 5)
@programs([1, 2], 5)
def items(v: Union[int, List[int]], which: int) -> Union[int, List[int]]:
    if which == 0:
        return v[0]
    if which == 1:
        v[0] = 3
        return v
    if which == 2:
        total = 0
        for i in v:
            total += i
        return total
    if which == 3:
        a, b = v
        return a - b
    if which == 4:
        v.append(4)
        return len(v)
    del v[0]
    return v


@programs(1, 0)
@programs(1, 1)
@programs(5, 0)
@programs(5, 1)
@programs(5, 2)
def objects(n: int, which: int) -> int:
    v = Left(n) if n > 3 else Right(n)
    if which == 0:
        return v.get()
    if which == 1:
        return v.put()
    v.x = 4
    return v.x


@programs(1, 0)
@programs(torch.ones(2), 0)
@programs(1, 1)
@programs(torch.ones(2), 1)
def tensors(v: Union[str, int, Tensor], which: int):
    """Also as an argument of torch's operators."""
    if which == 0:
        return v.sum()
    return torch.ones(2) + v


@programs({"a": 1, "b": 2})
@programs(3)
def in_expressions(v: Union[int, Dict[str, int]]):
    """What is evaluated before the operand is evaluated once."""
    log: List[int] = []

    def note(n: int) -> int:
        log.append(n)
        return n

    caught = 0
    total = 0
    try:
        total += note(3) * sum([n for _, n in v.items()]) + v["b"]
    except AttributeError:
        caught = 1
    try:
        total += note(4) * v
    except TypeError:
        caught += 2
    return log, caught, total


@programs(3)
@programs("a")
def two_operands(n: Union[int, str]) -> Any:
    w: Union[int, str] = 1 if isinstance(n, int) else "b"
    return n + w


@feature("Type refinement", "hasattr and getattr with a default of whichever of several types a value is of")
@programs(1)
@programs(5)
def asked_for_attributes(n: int):
    v = Left(n) if n > 3 else Right(n)
    w: Union[int, List[int]] = n if n > 3 else [n]
    known = v.x if hasattr(v, "x") else -v.y
    return known, getattr(v, "x", 8), getattr(v, "y", 9), hasattr(w, "append"), hasattr(w, "__str__"), hasattr((n,), "index")


@feature("Type refinement", "isinstance of numbers among values of other types")
@programs(3)
def numbers_among_others(n: int):
    values = [n, 2.5, "s", True, [1], None, 2j]
    texts: List[str] = []
    for v in values:
        if isinstance(v, bool):
            texts.append("bool")
        elif isinstance(v, int):
            texts.append("int" + str(v + 1))
        elif isinstance(v, (float, complex)):
            texts.append("other" + str(v * 2))
        elif isinstance(v, str):
            texts.append(v.upper())
        elif v is not None:
            texts.append("list" + str(len(v)))
    tests = [isinstance(v, (int, float)) for v in values], [isinstance(v, (int, str)) for v in values]
    return texts, tests, [v.is_integer() for v in values if isinstance(v, float)], [0, 1, 2, 3][torch.tensor(n).item()]


@feature("Lists and tuples", "items of lists of lists assigned")
@programs([[0], [1]])
def stored_far_inside(rows: List[List[int]]):
    made = [[0, 0] for _ in range(2)]
    made[0][0] = 1
    rows[1].append(4)
    rows[0][0] = 5
    return made


@programs(torch.ones(2, 2), torch.tensor(2), 1)
@programs(torch.ones(2, 2), torch.tensor(2), 0)
def sizes_that_are_tensors_or_ints(x: Tensor, n: Tensor, i: int):
    torch._dynamo.mark_dynamic(x, 0)
    size = n if i > 0 else i
    return torch.nn.functional.pad(x, (0, size, 0, 1)), x.new_zeros((size, 2))


@programs.parametrized()
def test_as_python(function, arguments):
    check(function, arguments, compiled(function))


_COMPILED: dict[Any, Any] = {}


def compiled(function):
    """Each program is compiled once."""
    key = function, tsir.script.__name__  # which is another one where printed code is compiled
    if key not in _COMPILED:
        _COMPILED[key] = tsir.script(function)
    return _COMPILED[key]


class Summed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(2))
        self.out = nn.Linear(2, 2)

    def forward(self, x: Tensor, n: int):
        total = 0.0
        for i, layer in enumerate(self.layers):
            if i < n:
                total = total + layer(x)
        return self.out(total)


@feature("Modules", "sums that begin as numbers, given to torch's modules: TypeError for one that is still a number")
def test_sums_of_layers() -> None:
    module = Summed()
    compiled = tsir.script(module)
    for n in (1, 2):
        assert_same(compiled(torch.ones(1, 2), n), module(torch.ones(1, 2), n))
    for each in (compiled, module):
        with pytest.raises(TypeError, match="must be Tensor"):
            each(torch.ones(1, 2), 0)
