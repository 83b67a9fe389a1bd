"""Statements: match, else of loops, local classes."""

from typing import Dict, List, NamedTuple, Optional, Tuple, Union

import torch

from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()
X = torch.arange(6.0).reshape(2, 3)


@feature("Control flow", "`while`/`else`", "`for`/`else`")
@programs(3)
@programs(0)
def while_else(n: int):
    k = n
    while k > 0:
        k -= 1
        if k == 1:
            break
    else:
        k = 50
    for i in range(n):
        if i == 9:
            break
    else:
        k += 1
    for v in (1, 2):
        if v == n:
            break
    else:
        k += 1000
    return k


@feature("Pattern matching", "literals", "alternatives `|`", "guards", "`_`")
@programs(1)
@programs(2)
@programs(3)
@programs(7)
def match_int(n: int):
    match n:
        case 1:
            return "one"
        case 2 | 3:
            return "few"
        case k if k > 5:
            return "many"
        case _:
            return "other"


class Pt(NamedTuple):
    x: int
    y: int


@feature("Pattern matching", "class patterns by keyword and position")
@programs(Pt(0, 3))
@programs(Pt(2, 0))
@programs(Pt(1, 1))
def match_nt(p: Pt):
    match p:
        case Pt(x=0, y=yy):
            r = yy
        case Pt(xx, 0):
            r = xx * 10
        case Pt(a, b):
            r = a + b + 100
    return r


@feature("Pattern matching", "sequences with `*rest`")
@programs([1])
@programs([1, 2, 3, 4])
@programs([])
@programs([0, 9])
def match_seq(l: List[int]):
    match l:
        case []:
            return -1
        case [0, b]:
            return b
        case [a]:
            return a
        case [a, *rest, z]:
            return a + z + sum(rest) * 10
    return 0


@feature("Pattern matching", "mappings")
@programs({"a": 1, "b": 2})
@programs({"c": 1})
def match_map(d: Dict[str, int]):
    match d:
        case {"a": v, "b": w}:
            return v + w
        case {"c": 1}:
            return 7
    return 0


@feature("Pattern matching", "types, None and captures in class patterns")
@programs("x")
@programs(3)
@programs(None)
def match_type(v: Union[int, str, None]):
    match v:
        case None:
            return "none"
        case int():
            return v + 1
        case str(s):
            return s + "!"


@feature("Classes", "local classes")
@programs(X)
def nested_class(x):
    class A:
        def __init__(self, k: int):
            self.k = k

        def get(self) -> int:
            return self.k * 2

    a = A(3)
    return x + a.get()


@feature("Lists and tuples", "`(1,) * n` with n known at run time")
@programs(torch.ones(2, 3), 2)
@programs(torch.ones(4), 0)
def tuples_of_unknown_length(x: torch.Tensor, n: int):
    shape = (x.shape[0],) + (1,) * (x.ndim - 1)
    pairs = (1, 2) * n
    total = 0
    for i in pairs:
        total += i
    return x.new_ones(shape), shape, n * (2.5,), ("a",) * n + ("b",), pairs == (1, 2, 1, 2), total, pairs[1:3]


@feature("Types and annotations", "numbers out of tensors take the type that their variable declares")
@programs(torch.tensor([2.0, 3.0]), True)
@programs(torch.tensor([2.0, 3.0]), False)
def numbers_as_declared(x: torch.Tensor, fixed: bool):
    size: Optional[List[int]] = None
    factor: Optional[float] = None
    if fixed:
        size = [4]
    else:
        factor = x[0].item()
    return torch.nn.functional.interpolate(x[None, None], size=size, scale_factor=factor), factor


@feature("torch.jit's API", "operators by `torch.ops.aten`")
@programs(torch.ones(1, 1, 2, 2))
def operators_by_namespace(x: torch.Tensor):
    return torch.ops.aten.relu(x) + torch.ops.aten.add.Tensor(x, x), torch.ops.aten.upsample_nearest2d(x, [4, 4])


@feature("Assignment", "starred targets of lists that may be too short")
@programs([1, 2, 3, 4])
@programs([1, 2])
@programs([1])
@programs([])
def starred_of_a_list(items: List[int]):
    first, *middle, last = items
    *start, end = middle + [9]
    return first, middle, last, start, end


@feature("Control flow", "variables that a loop assigns before it returns, and that are assigned again behind it")
@programs(1, [1])
@programs(3, [1])
@programs(5, [1])
@programs(0, [1])
def assigned_before_return(n: int, l: List[int]):
    if n > 2:
        if n > 4:
            r: Tuple[int, Optional[int], List[int]] = (1, n, l)
            return r
        r = (3, n, l)
    else:
        k = 0
        while k < 3:
            k += 1
            if n >= k:
                r = (4, n, l)
                return r
        r = (2, None, l)
    return r


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)
