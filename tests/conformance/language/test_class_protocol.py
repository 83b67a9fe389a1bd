"""What classes do by special methods that other code calls: `__new__`, descriptors, `super()` in class methods; what is refused."""

import pytest

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from tsir.errors import UnsupportedError

programs = Programs()


class Made:
    def __new__(cls, v: int):
        made = super().__new__(cls)
        made.w = v * 2
        return made

    def __init__(self, v: int) -> None:
        self.v = v


class Number:
    def __new__(cls, v: int):
        return v + 1

    def __init__(self, v: int) -> None:
        raise ValueError


class Single:
    _only = None

    def __new__(cls):
        if cls._only is None:
            cls._only = object.__new__(cls)
        return cls._only


@feature("Classes", "__new__")
@programs(3)
def new(n: int):
    made = Made(n)
    return made.v, made.w, Number(n), Single() is Single()


class Scaled:
    def __init__(self, by: int) -> None:
        self.by = by

    def __get__(self, obj, cls=None):
        return obj._value * self.by

    def __set__(self, obj, value):
        obj._value = value + 1


class Positive:
    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, obj, cls):
        return getattr(obj, self.name)

    def __set__(self, obj, value):
        if value < 0:
            raise ValueError(f"{self.name} is negative")
        setattr(obj, self.name, value)


class Next:
    def __get__(self, obj, cls):
        return obj.k + 1


class Described:
    x = Scaled(10)
    p = Positive()
    following = Next()

    def __init__(self, p: int) -> None:
        self.x = 4
        self.k = 2
        self.p = p


@feature("Classes", "descriptors: __get__, __set__, __set_name__")
@programs(3)
@programs(-3)
def described(n: int):
    d = Described(n)
    before = d.x
    d.x = 7
    d.p += 1
    return before, d.x, d.following, d.p


class Base:
    def __init__(self) -> None:
        self.v = 0

    @classmethod
    def make(cls, v: int):
        made = cls()
        made.v = v
        return made

    def __format__(self, spec: str) -> str:
        return f"<{self.v}:{spec}>"


class Derived(Base):
    @classmethod
    def make(cls, v: int):
        return super().make(v + 1)


@programs(3)
def class_methods(n: int):
    made = Derived.make(n)
    return made.v, f"{made:>5}", format(made), f"{made}"


@programs.parametrized()
def test_as_in_python(function, arguments):
    Single._only = None
    check(function, arguments)


class Finalised:
    def __init__(self) -> None:
        self.v = 1

    def __del__(self) -> None:
        print("gone")


class Items(list):
    v = 1


@feature("Messages for what isn't supported", "__del__")
def test_what_runs_by_itself_is_refused() -> None:
    def program(n: int):
        return Finalised().v + n

    with pytest.raises(UnsupportedError, match="defines __del__"):
        tsir.script(program)
