"""How objects that aren't strings are written: by `__format__` in templates, and ranges."""

import pytest

import tsir
from tests.conformance.language.features import feature


class Money:
    def __init__(self, amount: float):
        self.amount = amount

    def __format__(self, spec: str) -> str:
        return "$" + format(self.amount, spec)

    def __str__(self) -> str:
        return "money"


TEMPLATES = "{}", "{:.2f} {}", "{1} {0:>8.1f}", "{m:.1f}{m!s}"


def by_template(x: float):
    m = Money(x)
    shown = TEMPLATES[0].format(m), TEMPLATES[1].format(m, x), TEMPLATES[2].format(m, 2), TEMPLATES[3].format(m=m)
    return shown, f"{m:.3f}"


@feature("Strings", "objects with `__format__` in templates (`'{:.2f}'.format(money)`)")
def test_format_of_objects():
    assert tsir.script(by_template)(2.5) == by_template(2.5)


def ranges(n: int):
    r = range(n)
    return str(r), repr(range(1, n)), f"{r}|{r!r}|{range(0, n, 2)!s:>20}", TEMPLATES[0].format(r), PERCENT % (r,), format(r)


PERCENT = "<%s>"


@feature("Strings", "ranges are written as ranges (`str(range(3))`)")
@pytest.mark.parametrize("n", [0, 5])
def test_texts_of_ranges(n):
    assert tsir.script(ranges)(n) == ranges(n)


class Shape:
    kind = "shape"

    def __init__(self, n: int):
        self.n = n

    def __repr__(self) -> str:
        return f"{self.kind}<{self.n}>"


class Square(Shape):
    kind = "square"

    def __init__(self, n: int):
        super().__init__(n)
        self.area = n * n


def of_several_classes(n: int):
    shapes = [Shape(n), Square(n)]
    mixed: list[Shape | int] = [Shape(1), n]
    return [repr(s) for s in shapes], str(shapes), f"{shapes[1]!r} {shapes[0]}", [repr(m) for m in mixed]


@feature("Strings", "objects of one of several classes, alone and in lists")
def test_texts_of_several_classes():
    assert tsir.script(of_several_classes)(3) == of_several_classes(3)
