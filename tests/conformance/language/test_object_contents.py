"""Objects as what they consist of: `vars()`, `copy`, attributes by names that only the running program knows, `__index__`, and the
class of an exception that `__exit__` is given."""

import copy
from typing import Optional

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from tests.models.comparison import assert_same

programs = Programs()


class Point:
    def __init__(self, x: int, y: float) -> None:
        self.x = x
        self.y = y
        self.items = [1, 2]


class Weighted(Point):
    def __init__(self, x: int) -> None:
        super().__init__(x, 1.0)
        self.weight = torch.ones(2) * x


class Free:
    def __init__(self, **given) -> None:
        self.__dict__.update(given)


@feature("Classes", "vars(object) and object.__dict__: items, in, update(), assignment, ** and equality")
@programs(3)
def vars_of_objects(n: int):
    p, q = Point(n, 2.5), Point(0, 0.0)
    d = vars(p)
    p.x += 1
    q.__dict__.update(p.__dict__)
    q.x += 1
    q.items.append(3)
    p.__dict__["y"] = 7.0
    texts = [f"{k}={v}" for k, v in p.__dict__.items()]
    f = Free(a=n, b="z")
    found = d["x"], "y" in vars(p), "z" in d, d.get("z", 3), len(d), list(d), sorted(vars(q).keys()), {**vars(p)}
    return found, texts, p.x, q.x, p.items, f.a, f.b, vars(p) == p.__dict__, vars(p) == vars(q), str(vars(q)), dict(d)


class Node:
    def __init__(self, value: int) -> None:
        self.value = value
        self.next: Optional[Node] = None


class Counted:
    def __init__(self, x: int) -> None:
        self.x = x

    def __copy__(self):
        return Counted(self.x + 1)

    def __deepcopy__(self, memo):
        return Counted(self.x + 100)


@feature(
    "Standard library", "copy.copy and copy.deepcopy of objects, also in containers and in a circle, __copy__, __deepcopy__"
)
@programs(3)
def copies(n: int):
    w = Weighted(n)
    shallow, deep = copy.copy(w), copy.deepcopy(w)
    shallow.x = 9
    shallow.items.append(4)
    shallow.weight.add_(1)
    deep.items.append(5)
    deep.weight.add_(10)
    a, b = Node(1), Node(2)
    a.next, b.next = b, a
    c = copy.deepcopy(a)
    c.value = n
    after = c.next
    assert after is not None
    again = after.next
    assert again is not None
    points = [Point(n, 1.0), Point(2, 2.0)]
    others, same = copy.deepcopy(points), copy.copy(points)
    others[0].x = 50
    same[1].x = 7
    d = {"a": [n], "b": [2]}
    e, f = copy.deepcopy(d), copy.copy(d)
    e["a"].append(5)
    f["b"].append(7)
    whole = w.x, w.items, w.weight, shallow.x, shallow.weight, deep.x, deep.items, deep.weight
    own = copy.copy(Counted(n)).x, copy.deepcopy(Counted(n)).x
    return whole, again is c, again.value, a.value, [p.x for p in points], [p.x for p in others], d, e, f, own


@feature("Classes", "setattr() of an attribute that the program names nowhere, and getattr() and hasattr() of it")
@programs(3, "foo")
@programs(3, "x")
def attributes_by_any_name(n: int, name: str):
    p = Point(n, 2.0)
    for k in ["x", "q"]:
        setattr(p, k, n + 1)
    setattr(p, name, n)
    setattr(p, name + "2", n * 2)
    found = []
    for k in [name, name + "2", "x", "nope"]:
        if hasattr(p, k):
            found.append(getattr(p, k))
    return found, p.x, p.q, getattr(p, "foo", -1), hasattr(p, "nope"), getattr(p, name + "3", -2)


class Suppressing:
    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace) -> bool:
        if kind is None:
            return False
        return issubclass(kind, KeyError) or issubclass(kind, (ValueError, ZeroDivisionError))


@feature("Context managers", "issubclass() of the class of an exception that `__exit__` is given")
@programs(0)
@programs(1)
@programs(2)
@programs(3)
@programs(4)
def suppressed(n: int):
    with Suppressing():
        if n == 1:
            raise ValueError("a")
        if n == 2:
            raise KeyError("a")
        if n == 3:
            raise UnicodeError("a")
        if n == 4:
            raise IndexError("a")
        return 5
    return n


class Noting:
    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace) -> bool:
        self.seen = (kind is LookupError, kind == KeyError, kind is not KeyError, kind != IndexError)  # noqa: E721
        return kind is LookupError or kind is KeyError


class Own(Exception):
    pass


@feature("Context managers", "`is` and `==` of the class of an exception that `__exit__` is given, and of type(error)")
@programs(0)
@programs(1)
@programs(2)
@programs(3)
@programs(4)
def classes_of_exceptions(n: int):
    noting = Noting()
    with noting:
        if n == 1:
            raise LookupError("a")
        if n == 2:
            raise KeyError("a")
        if n == 3:
            raise IndexError("a")
    try:
        if n == 4:
            raise Own("q")
        raise ValueError
    except Exception as error:  # noqa: BLE001
        kinds = type(error) is Own, type(error) == ValueError, type(error) is Exception, type(error) is not Own  # noqa: E721
    return noting.seen, kinds


class Index:
    def __init__(self, n: int) -> None:
        self.n = n

    def __index__(self) -> int:
        return self.n


@feature("Classes", "objects with __index__ as indices, slice bounds, ranges and sizes")
@programs(3)
def indices(n: int):
    i = Index(n)
    values, x = [10, 20, 30, 40, 50], torch.arange(12).view(3, 4)
    values[i] = 7
    del values[Index(0)]
    return (
        values,
        list(range(i)),
        values[i],
        values[:i],
        (1, 2, 3, 4)[i],
        "abcd"[i],
        x[:, i],
        x[1:i],
        torch.zeros(i, 2),
        torch.ones((i,)),
    )


@programs.parametrized()
def test_object_contents(function, arguments) -> None:
    check(function, arguments)


class Copying(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.state = Point(1, 2.0)

    def forward(self, x: Tensor):
        other = copy.deepcopy(self.layer)
        other.weight.data.zero_()
        state = copy.copy(self.state)
        state.x += 1
        self.state = state
        return other(x), self.layer(x), self.state.x


@feature("Modules", "copy.deepcopy of a submodule, copies of objects that the module has")
def test_copies_in_modules() -> None:
    eager = Copying()
    scripted = tsir.script(copy.deepcopy(eager))
    for _ in range(2):
        assert_same(scripted(torch.ones(2)), eager(torch.ones(2)))


def test_attributes_of_any_name_reach_the_caller() -> None:
    def made(name: str):
        p = Point(1, 2.0)
        setattr(p, name, 1.5)
        return p

    assert vars(tsir.script(made)("extra")) == vars(made("extra"))


class Late(Point):
    def start(self) -> None:
        self.late = 1


class Reduced(Point):
    def __reduce__(self):
        return Reduced, (1, 2.0)


def test_what_is_refused() -> None:
    def vars_of_late(n: int):
        p = Late(n, 1.0)
        if n > 1:
            p.start()
        return vars(p)

    def copy_of_reduced(n: int):
        return copy.copy(Reduced(n, 1.0)).x

    with pytest.raises(tsir.TsirError, match="that may be without 'late'"):
        tsir.script(vars_of_late)
    with pytest.raises(tsir.TsirError, match="whose class defines __reduce__"):
        tsir.script(copy_of_reduced)
