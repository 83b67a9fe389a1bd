"""NamedTuples with methods, dataclasses in containers, protocols, generic classes, texts of objects: next to plain Python."""

# ruff: noqa  (how users write is the point here)
import abc
import collections
import dataclasses
from dataclasses import dataclass, field
from typing import *

from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()
T = TypeVar("T")
UserId = NewType("UserId", int)


class Point(NamedTuple):
    x: int
    y: float = 2.0

    def norm(self) -> float:
        return self.x * self.x + self.y * self.y

    @property
    def total(self) -> float:
        return self.x + self.y

    @staticmethod
    def two() -> int:
        return 2

    @classmethod
    def make(cls, v: int):
        return cls(v, v * 1.0)

    def with_x(self, x: int) -> "Point":
        return self._replace(x=x)


class Vector:
    def __init__(self, x: float):
        self.x = x

    def __repr__(self) -> str:
        return f"V({self.x})"

    def __str__(self) -> str:
        return f"<{self.x}>"

    def __format__(self, spec: str) -> str:
        return "as " + spec

    def __index__(self) -> int:
        return int(self.x)

    def __divmod__(self, k: float):
        return divmod(self.x, k)

    def __rdivmod__(self, k: float):
        return divmod(k, self.x)


@dataclass
class Inner:
    x: int
    items: List[int] = field(default_factory=list)


@dataclass
class Outer:
    one: Inner
    several: List[Inner]
    named: Dict[str, Inner]


class HasArea(Protocol):
    def area(self) -> float: ...


class Shape(abc.ABC):
    def __init__(self, name: str):
        self.name = name

    @abc.abstractmethod
    def area(self) -> float: ...

    def describe(self) -> str:
        return f"{self.name}: {self.area()}"


class Square(Shape):
    def __init__(self, side: float):
        super().__init__("square")
        self.side = side

    def area(self) -> float:
        return self.side**2


class Disc(Shape):
    def __init__(self, radius: float):
        super().__init__("disc")
        self.radius = radius

    def area(self) -> float:
        return self.radius * 3


class Box(Generic[T]):
    def __init__(self, value: T):
        self.value = value

    def get(self) -> T:
        return self.value


class Pair(TypedDict):
    a: int
    b: int


@feature("Enums, NamedTuples and dataclasses", "methods, properties, static and class methods of NamedTuples")
@programs(Point(1), [Point(2, 3.0), Point(4)])
def named_tuples(p: Point, l: List[Point]):
    return (
        p.norm(), p.total, p.two(), p.with_x(9), Point.make(3), [q.total for q in l], l[0].with_x(1).norm(), repr(p), repr(l),
        max(l, key=lambda q: q.total), p == l[0], p < l[0], p + (1,), p._asdict(), Point._fields,
    )  # fmt: skip


@feature("Classes", "texts of objects in containers, in %, format() and f-strings with conversions")
@programs(3.0)
def texts(x: float):
    v = Vector(x)
    return (
        repr([v, v]), str((v,)), f"{[v]}", f"{(v, 1)}", repr({"a": [v]}), str([(v, 2)]), "%s" % v, "%s and %d" % (v, 1), "{}".format(v.x),
        f"{v}", f"{v:>5}", f"{v!r}", f"{v!s:>6}", f"{v!r:>6}",
    )  # fmt: skip


@feature("Classes", "__index__ as an index, __divmod__ and __rdivmod__")
@programs([1, 2, 3])
def indices(l: List[int]):
    v = Vector(2.0)
    l[v] = 7
    return l[v], divmod(v, 1.5), divmod(9.0, v)


@feature("Enums, NamedTuples and dataclasses", "asdict, astuple and repr() of dataclasses in lists and dicts of dataclasses")
@programs(3)
def nested(x: int):
    outer = Outer(Inner(x), [Inner(1), Inner(2)], {"q": Inner(3)})
    before = dataclasses.asdict(outer.one)
    outer.one.items.append(5)
    parts = [dataclasses.asdict(i) for i in outer.several]
    return before, dataclasses.astuple(outer), parts, repr(outer), str(outer.several), f"{outer.named}"


def _area(x: HasArea, k: float) -> float:
    return x.area() * k


@feature("Classes", "protocols and abstract base classes")
@programs(2.0)
def shapes(x: float):
    both: List[Shape] = [Square(x), Disc(x)]
    return _area(Square(x), 2.0) + _area(Disc(x), 1.0), [s.area() for s in both], [s.describe() for s in both]


@feature("Types and annotations", "NewType, generic classes, TypedDict of values of one type")
@programs({"a": 1, "b": 5})
def declared(d: Pair):
    e: Pair = {"a": 1, "b": 2}
    d["a"] += e["b"]
    user = UserId(d["a"])
    return d, e, user + 1, Box[int](4).get() + 1


@feature("Standard library", "collections.ChainMap, UserDict and UserList")
@programs(3)
def written_in_python(n: int):
    chain = collections.ChainMap({"x": 1}, {"y": n})
    chain["y"] = 10
    inner = chain.new_child({"x": 7})
    user, items = collections.UserDict(a=1, b=n), collections.UserList([1, 2])
    user.update(c=5)
    user.pop("a")
    items.append(n)
    try:
        missing = str(chain["q"])
    except KeyError as error:
        missing = str(error)
    seen = chain["y"], len(chain), sorted(chain), chain.get("q", -1), dict(inner), list(inner.items()), inner.parents["y"]
    return seen, missing, chain.maps, [(k, v) for k, v in user.items()], "a" in user, list(items), items.index(2), dict(user)


@programs.parametrized()
def test_program(function: Any, arguments: tuple[Any, ...]) -> None:
    check(function, arguments)
