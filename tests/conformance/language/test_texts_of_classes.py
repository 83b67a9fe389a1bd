"""Classes in texts, and templates whose values say themselves how they are written, in every form that a template asks for."""
# ruff: noqa: UP003, UP031, UP032 - these forms are what is tested

import pytest
import torch

import tsir
from tests.conformance.language.features import feature

PERCENT = "%s and %r"


def classes(x: torch.Tensor):
    kind = type(x)
    return [f"{kind}", f"{kind!r:>30}|{kind!s}", str(kind), PERCENT % (kind, kind), "{} {!r:>30}".format(kind, type(1))]


def of_several(x: int | str | None):
    return f"{type(x)} {type(None)}", "got " + str(type(x))


@feature("Strings", "classes are written as classes (`f'{type(x)}'`)")
@pytest.mark.parametrize("value", [3, "a", None])
def test_texts_of_classes(value):
    x = torch.ones(2)
    assert tsir.script(classes)(x) == classes(x)
    assert tsir.script(of_several)(value) == of_several(value)


class Shown:
    def __init__(self, x: int):
        self.x = x

    def __repr__(self) -> str:
        return f"Shown({self.x}é)"

    def __str__(self) -> str:
        return "shown"


def templates(n: int):
    s = Shown(n)
    by_percent = ["%s %r %5s" % (s, s, s), "%r" % s, "%a|%s" % (s, n), "%d %% %*d %r" % (n, 5, n, s), "%r" % (range(n),)]
    by_format = ["{} {!r} {!s:>6}".format(s, s, s), "{a!r} {b} {0}".format(n, a=s, b=s), "{:{}} {!r}".format(n, 5, s)]
    return by_percent, by_format, [f"{s!a}", f"{[s]!r}", f"{(s, 1)!a}"]


def sizes(x: torch.Tensor):
    s = x.shape
    return "%s" % (s,), "%s" % s[0], "{} {!r}".format(s, x.size()), "%s" % s[:1]


@feature("Strings", "`%r`, `%a`, `!r` and `!a` of objects, ranges and sizes in templates")
def test_templates():
    assert tsir.script(templates)(3) == templates(3)
    assert tsir.script(sizes)(torch.ones(2, 3)) == sizes(torch.ones(2, 3))
