"""Containers of objects that define comparisons: what the objects' methods say decides, as in Python."""

import dataclasses
from typing import Any, Callable, Dict, List, Optional, Tuple

import pytest
import torch
from torch import Tensor

import tsir
from tests.conformance.language.features import feature
from tests.models.comparison import assert_same


class Clock:
    """Hours on a dial: 13 and 1 are equal, 13 is later."""

    def __init__(self, hours: int):
        self.hours = hours

    def __eq__(self, other: "Clock") -> bool:
        return self.hours % 12 == other.hours % 12

    def __lt__(self, other: "Clock") -> bool:
        return self.hours < other.hours

    def __gt__(self, other: "Clock") -> bool:
        return self.hours > other.hours


@dataclasses.dataclass
class Mark:
    name: str
    clock: Clock


class Lenient:
    def __init__(self, value: int):
        self.value = value

    def __eq__(self, other: "Optional[Lenient]") -> bool:
        return self.value == 0 if other is None else self.value == other.value


class Opaque:
    """Nothing defines what is equal: only the same object is."""

    def __init__(self, name: str):
        self.name = name


@feature("Classes", "`==` of lists, dicts, tuples and Optionals of objects with `__eq__`")
def equal(a: int, b: int):
    x, y = [Clock(a), Clock(2)], [Clock(b), Clock(14)]
    first: Optional[Clock] = Clock(a) if a > 0 else None
    second: Optional[Clock] = Clock(b) if b > 0 else None
    nested = [[(0, Clock(a))]], [[(0, Clock(b))]]
    return (
        x == y, x != y, x[:1] == y, {"x": Clock(a)} == {"x": Clock(b)}, {"x": Clock(a)} != {"y": Clock(b)},
        (1, Clock(a)) == (1, Clock(b)), (1, Clock(a)) != (2, Clock(b)), (Clock(a), "a") == (Clock(b), "b"),
        first == second, first != second, first == Clock(1), nested[0] == nested[1],
    )  # fmt: skip


def equal_or_none(name: str, value: int, both: bool):
    first: Optional[Mark] = Mark(name, Clock(value)) if value > 0 else None
    second = Mark("a", Clock(1)) if both else None
    return first == second, first != second, second == first, first in [second], Mark(name, Clock(1)) == second


def equal_to_none(value: int, both: bool):
    lenient: Optional[Lenient] = Lenient(value)
    other: Optional[Lenient] = Lenient(1) if both else None
    return lenient == other, other == lenient, Lenient(value) == other, other == other


@feature("Classes", "`<` and the like of tuples and lists of objects")
def ordered(a: int, b: int):
    x, y = [Clock(a), Clock(2)], [Clock(b), Clock(3)]
    return (
        x < y, x > y, x[:1] < x, x > x[:1], (1, Clock(a)) < (1, Clock(b)), (1, Clock(a)) > (1, Clock(b)),
        (0, Clock(a)) < (1, Clock(b)), x < x,
    )  # fmt: skip


@feature("Classes", "`in`, `index`, `count` and `remove` by `__eq__`")
def found(a: int):
    hours = [Clock(1), Clock(2), Clock(13)]
    pair = (Clock(3), Clock(a))
    result = [hours.count(Clock(a)), pair.count(Clock(a))]
    if Clock(a) in hours:
        result += [hours.index(Clock(a)), hours.index(Clock(a), -3, 3), pair.index(Clock(a))]
        hours.remove(Clock(a))
    return result, [h.hours for h in hours], Clock(a) not in hours, Clock(15) in pair


def found_after(a: int):
    return [Clock(1), Clock(2), Clock(13)].index(Clock(a), 1)


@feature("Built-in functions", "`sorted`, `sort`, `min` and `max` of tuples with objects, and by keys that are objects")
def by_objects(hours: List[int], down: bool):
    pairs = [(h % 2, Clock(h)) for h in hours]
    inner = sorted(pairs, reverse=down)
    pairs.sort()
    keyed = sorted(hours, key=lambda h: Clock(-h), reverse=down)
    ends = min(pairs)[1].hours, max(pairs)[1].hours, min((1, Clock(4)), (1, Clock(3)))[1].hours
    return [c.hours for _, c in inner], [c.hours for _, c in pairs], keyed, ends, max(hours, key=lambda h: Clock(-h))


def by_identity(name: str):
    a, b = Opaque(name), Opaque(name)
    return [a] == [a], [a] == [b], a in [b], a in [b, a], (a, 1) == (a, 1), {1: a} == {1: b}


def same_object_first(x: int):
    """A list looks at identity before it asks `__eq__`."""

    class Odd:
        def __init__(self, value: int):
            self.value = value

        def __eq__(self, other: "Odd") -> bool:
            return self.value != other.value

    a = Odd(x)
    return a == a, [a] == [a], a in [a], (a,) == (a,), [a] == [Odd(x)], a in [Odd(x + 1)]


@pytest.mark.parametrize(
    "program, arguments",
    [
        (equal, (1, 13)), (equal, (1, 2)), (ordered, (1, 13)), (ordered, (2, 2)),
        (ordered, (5, 4)), (found, (1,)), (found, (14,)), (found, (5,)), (found_after, (1,)), (by_objects, ([5, 2, 9, 4], False)),
        (by_objects, ([5, 2, 9, 4], True)), (by_objects, ([7], False)), (by_identity, ("a",)), (equal_or_none, ("a", 13, True)),
        (equal_or_none, ("b", 1, True)), (equal_or_none, ("a", 1, False)), (equal_or_none, ("a", 0, False)),
        (equal_to_none, (0, False)),
        (equal_to_none, (1, False)), (equal_to_none, (1, True)), (same_object_first, (3,)),
    ],
)  # fmt: skip
def test_as_in_python(program: Callable[..., Any], arguments: Tuple[Any, ...]) -> None:
    assert_same(tsir.script(program)(*arguments), program(*arguments))


def test_a_value_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="not in"):
        tsir.script(found_after)(5)


def unordered_sort(n: int):
    values = [Opaque("a"), Opaque("b")]
    values.sort()
    return n


def unordered_pairs(n: int):
    return max([(n, Opaque("a")), (n, Opaque("b"))])[0]


def unordered(n: int):
    return Opaque("a") <= Lenient(n)


@pytest.mark.parametrize("program", [unordered_sort, unordered_pairs, unordered])
def test_objects_without_order(program: Callable[[int], Any]) -> None:
    with pytest.raises(TypeError) as expected:
        program(1)
    with pytest.raises(TypeError) as found:
        tsir.script(program)(1)
    assert str(found.value) == str(expected.value)


def test_min_of_nothing() -> None:
    with pytest.raises(ValueError, match="empty"):
        tsir.script(by_objects)([], False)


@feature("Types and annotations", "annotations of methods with local names, and with their own class")
def test_annotations_with_local_names() -> None:
    Image = Tensor

    class Frame:
        def __init__(self, data: Image, tags: Dict[str, Image]):
            self.data = data
            self.tags = tags

        def joined(self, other: "Frame") -> "Frame":
            return Frame(torch.cat([self.data, other.data]), {**self.tags, **other.tags})

        def parts(self) -> List["Frame"]:
            return [Frame(row, {}) for row in self.data]

    def program(x: Image):
        frame = Frame(x, {"x": x}).joined(Frame(x + 1, {"y": x}))
        return frame.data, frame.tags, [part.data for part in frame.parts()]

    x = torch.arange(4.0).view(2, 2)
    assert_same(tsir.script(program)(x), program(x))


@feature("torch.jit's API", "`script` of an object")
def test_a_scripted_object_is_what_compiled_code_changes() -> None:
    def wind(clock: Clock, hours: int):
        clock.hours += hours
        return clock.hours

    clock = tsir.script(Clock(3))
    assert clock < Clock(4)
    assert tsir.script(wind)(clock, 2) == 5
    assert clock.hours == 5
    with pytest.raises(tsir.TsirError, match="can't compile a"):
        tsir.script({1, 2})
