"""Runs a program of `mutation_programs` eagerly and compiled, and compares everything that its caller can see.

That is: the exception's type; the values of all results; the arguments' contents; and who shares memory with whom, shown by
writing to each tensor in turn and comparing all others again.
"""

from __future__ import annotations

import itertools
import linecache
import warnings
from typing import Any

import numpy as np
import torch

import tsir
from tests.conformance.language.mutation_programs import ContiguousResults, inputs

ERRORS = (ArithmeticError, LookupError, NameError, NotImplementedError, RuntimeError, TypeError, ValueError, tsir.TsirError)

_count = itertools.count()


def python_function(text: str) -> Any:
    """The program's function, with source that `inspect` finds."""
    name = f"<mutation program {next(_count)}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    scope: dict[str, Any] = {"__name__": "mutation_program"}
    exec(compile(text, name, "exec"), scope)
    return scope["f"]


def tensors_in(value: Any, where: str = "result") -> list[tuple[str, Any]]:
    """All tensors and arrays in a nested value, with their places; numbers and strings are compared as such."""
    if isinstance(value, torch.Tensor | np.ndarray):
        return [(where, value)]
    if isinstance(value, dict):
        return [t for k, v in value.items() for t in tensors_in(v, f"{where}[{k!r}]")]
    if isinstance(value, list | tuple):
        return [t for i, v in enumerate(value) for t in tensors_in(v, f"{where}[{i}]")]
    return []


def outline(value: Any) -> Any:
    """The value with shapes and dtypes for tensors."""
    if isinstance(value, torch.Tensor):
        return ("tensor", tuple(value.shape), str(value.dtype).removeprefix("torch."))
    if isinstance(value, np.ndarray):
        return ("tensor", value.shape, value.dtype.name)
    if isinstance(value, dict):
        return {k: outline(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(outline, value))
    return value


def assert_equal(expected: list[tuple[str, Any]], found: list[tuple[str, Any]], when: str) -> None:
    for (where, e), (_, g) in zip(expected, found, strict=True):
        e, g = np.asarray(e), np.asarray(g)
        np.testing.assert_allclose(g, e, rtol=1e-5, atol=1e-5, err_msg=f"{where} {when}")


def outcome(function: Any, arguments: list[Any]) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return None, function(*arguments)
    except ERRORS as error:
        return error, None


def check(text: str) -> None:
    """Raises AssertionError with the program where compiled and eager differ."""
    eager = python_function(text)
    scripted = tsir.script(eager)
    for n in (0, 1, 3):
        for arrays in (False, True):
            try:
                _compare(eager, scripted, n, arrays)
            except AssertionError as error:
                path = "arrays" if arrays else "tensors"
                raise AssertionError(f"n = {n}, {path}: {error}\n{text[text.index('def f(') :]}") from None


def _compare(eager: Any, scripted: Any, n: int, arrays: bool) -> None:
    expected_arguments: list[Any] = inputs(n)
    own: list[Any] = [t.numpy() if arrays else t for t in inputs(n)]
    with ContiguousResults():
        expected_error, expected = outcome(eager, [*expected_arguments, n])
    error, found = outcome(scripted, [*own, n])
    shown = f"{type(error).__name__}: {error}" if error is not None else "nothing"
    if expected_error is None:
        assert error is None, f"raised {shown}"
    else:
        assert isinstance(error, type(expected_error)), f"raised {shown}, not {expected_error!r}"
    assert_equal(tensors_in(expected_arguments, "argument"), tensors_in(own, "argument"), "after the call")
    if expected_error is not None:
        return
    assert outline(found) == outline(expected), f"gave {outline(found)}, not {outline(expected)}"
    all_expected = tensors_in(expected) + tensors_in(expected_arguments, "argument")
    all_found = tensors_in(found) + tensors_in(own, "argument")
    assert_equal(all_expected, all_found, "after the call")
    for i, (where, tensor) in enumerate(all_expected):
        try:
            tensor += i + 1
        except RuntimeError:
            continue  # its elements share memory
        mine = all_found[i][1]
        if isinstance(mine, np.ndarray):
            try:
                mine.flags.writeable = True  # NumPy marks views of broadcast arrays as read-only
            except ValueError:
                tensor -= i + 1
                continue
        mine += i + 1
        assert_equal(all_expected, all_found, f"after a write to {where}")
