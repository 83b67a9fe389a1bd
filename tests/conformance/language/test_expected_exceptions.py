"""`try` bodies that count on Python's exceptions for values of other types, and warnings with category and place."""

import warnings
from typing import Any, Callable, List, Optional

import pytest
import torch
from torch import Tensor

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


class Plain:
    def __init__(self, size: int):
        self.size = size


class Sized:
    def __init__(self, size: int):
        self.amount = size

    def __len__(self):
        return self.amount


def size_of(value) -> int:
    try:
        return len(value)
    except TypeError:
        pass
    try:
        return value.size
    except AttributeError:
        return -1


@feature("Exceptions", "TypeError and AttributeError that types decide, where they are caught")
@programs(3)
def by_what_it_can(n: int):
    return size_of(Plain(n)), size_of(Sized(n + 1)), size_of([n]), size_of(n), size_of("abc"), size_of((n, n))


@programs(1.5)
def method_of_another_type(x: float):
    try:
        return str(x.is_finite())
    except AttributeError as e:
        return str(e)


@programs(1, "s")
def operator_of_other_types(x: int, y: str):
    out: List[str] = []
    try:
        out.append("before")
        z = x + y
        out.append(str(z))
    except TypeError as e:
        out.append(str(e))
    try:
        out.append(str(x < y))
    except TypeError as e:
        out.append(str(e))
    try:
        out.append(y + x)
    except TypeError as e:
        out.append(str(e))
    return out


@programs(3)
@programs(0)
def an_iterable_or_one(x: int):
    try:
        it = iter(x)
    except TypeError:
        it = iter([x])
    try:
        total = sum(v for v in x)
    except TypeError as e:
        return list(it), str(e)
    return list(it), str(total)


@programs([1, 2])
def a_missing_attribute(x: List[int]):
    try:
        n = x.shape[0]
    except (AttributeError, TypeError):
        n = len(x)
    try:
        return n + undefined_here
    except NameError as e:
        return str(e)


@feature("Exceptions", "imports that fail, where that is caught")
@programs([1, 2])
def an_import_that_fails(x: List[int]):
    try:
        import no_such_module_anywhere as fast

        return fast.total(x)
    except ImportError:
        return sum(x)


@feature("Exceptions", "None where a value is needed, where that is caught")
@programs(None, 2)
@programs("x", 2)
def none_in_the_way(x: Optional[str], n: int):
    out: List[str] = []
    for _ in range(n):
        try:
            out.append(x.upper())
        except AttributeError:
            out.append("none")
        else:
            out.append("ok")
    return out


@programs(None)
@programs([5])
@programs([])
def none_indexed(x: Optional[List[int]]):
    try:
        return str(x[0] + 1)
    except (TypeError, IndexError) as e:
        return str(e)


@programs(None)
@programs(4)
def none_added(x: Optional[int]):
    try:
        return x + 1
    except Exception:  # noqa: BLE001
        return 0


@programs(torch.ones(2))
def no_method_of_tensors(x: Tensor):
    try:
        return x.no_such_method(3)
    except AttributeError:
        return x + 1


@programs(1)
def syntax_errors(n: int):
    raise SyntaxError(f"at {n}")


@programs.parametrized()
def test_as_python(function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    check(function, arguments)


def test_only_what_is_caught() -> None:
    def added(x: int, y: str):
        try:
            return x + y
        except ValueError:
            return 0

    with pytest.raises(tsir.TsirError, match=r"operator \+ isn't defined for int and str"):
        tsir.script(added)


def deep(n: int):
    warnings.warn("deep", DeprecationWarning, stacklevel=2)
    return n


def warning(n: int):
    for i in range(n):
        warnings.warn(f"at {i}")
    warnings.warn("same", category=RuntimeWarning)
    warnings.warn(FutureWarning("made"))
    return deep(n)


@feature("Standard library", "warnings: category, stacklevel and the line of the program")
def test_warnings(form: str) -> None:
    def seen(function: Callable[[int], int], filters: str) -> list[tuple[str, type, str, int]]:
        with warnings.catch_warnings(record=True) as given:
            warnings.simplefilter(filters)
            function(2)
            function(2)
        places = [(w.filename, w.lineno) if form == "written" else ("", 0) for w in given]
        return [(str(w.message), w.category, *place) for w, place in zip(given, places, strict=True)]

    expected = seen(warning, "always")
    assert seen(tsir.script(warning), "always") == expected
    assert len(seen(tsir.script(warning), "once")) == 5
