"""Objects in lists of a base class: which class they are of, also for what `dataclass` has made."""

from dataclasses import dataclass
from typing import List

from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


class Base:
    def __init__(self, n: int) -> None:
        self.n = n

    def name(self):
        return type(self).__name__

    def same(self, other):
        return type(self) is type(other)

    def is_derived(self):
        return type(self) is Derived, type(self) == Base, type(self) != Derived  # noqa: E721

    def __repr__(self):
        return f"{self.__class__.__name__}({self.n})"


class Derived(Base):
    pass


class Further(Derived):
    def __repr__(self):
        return "!" + super().__repr__()


@dataclass
class Record:
    x: int


@dataclass
class Wide(Record):
    y: int = 2


@feature("Classes", "type(self) and self.__class__ of objects of derived classes: names and comparisons")
@programs(3)
def classes_of_objects(n: int):
    values: List[Base] = [Base(n), Derived(n), Further(n)]
    names = [v.name() for v in values], repr(values), [v.is_derived() for v in values]
    return names, values[0].same(values[1]), values[1].same(Derived(1)), Base(1).name()


@feature("Enums, NamedTuples and dataclasses", "repr() and == of dataclasses in a list of their base class")
@programs(1)
def records(n: int):
    values: List[Record] = [Record(n), Wide(n, 2), Wide(n, 3)]
    equal = [a == b for a in values for b in values]
    return str(values), equal, Record(n) == Wide(n), Wide(n) == Wide(n, 2), Record(n) != values[0], values[1] == Wide(n)


@programs.parametrized()
def test_programs(function, arguments) -> None:
    check(function, arguments)
