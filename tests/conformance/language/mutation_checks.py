"""Runs a program of `mutation_programs` eagerly and compiled, and compares everything that its caller can see.

That is: the exception's type; the values of all results; the arguments' contents and a module's attributes; who is the same
object as whom, among what a call gives and is given, and among the attributes; and who shares memory with whom, shown by
writing to each tensor in turn and comparing all others again.
"""

from __future__ import annotations

import itertools
import linecache
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

import tsir
from tests.conformance.language.mutation_programs import CheckedWrites, inputs, state_of

ERRORS = (ArithmeticError, LookupError, NameError, NotImplementedError, RuntimeError, TypeError, ValueError, tsir.TsirError)

LOG = "argument[6]"
"""The list that copies of variables are put into."""
_count = itertools.count()


def python_program(text: str) -> dict[str, Any]:
    """The program's names, with source that `inspect` finds."""
    name = f"<mutation program {next(_count)}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    scope: dict[str, Any] = {"__name__": "mutation_program"}
    exec(compile(text, name, "exec"), scope)
    return scope


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
    """Compares values with equal places."""
    assert [w for w, _ in found] == [w for w, _ in expected], (
        f"{when}: {[w for w, _ in found]}, not {[w for w, _ in expected]}"
    )
    pairs = [(np.asarray(e), np.asarray(g)) for (_, e), (_, g) in zip(expected, found, strict=True)]
    if all(e.shape == g.shape for e, g in pairs) and np.allclose(
        _joined(pairs, 1), _joined(pairs, 0), 1e-5, 1e-5, equal_nan=True
    ):
        return
    for (where, _), (e, g) in zip(expected, pairs, strict=True):
        np.testing.assert_allclose(g, e, rtol=1e-5, atol=1e-5, err_msg=f"{where} {when}")


def _joined(pairs: list[tuple[Any, Any]], side: int) -> Any:
    return np.concatenate([np.zeros(0), *(pair[side].astype(np.float64).ravel() for pair in pairs)])


def identities(values: list[tuple[str, Any]]) -> list[list[str]]:
    """The places that hold the same object, where there is more than one."""
    groups: dict[int, list[str]] = {}
    for where, value in values:
        groups.setdefault(id(value), []).append(where)
    return [g for g in groups.values() if len(g) > 1]


def outcome(function: Any, arguments: list[Any]) -> Any:
    """The exception, or the result."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return None, function(*arguments)
    except ERRORS as error:
        return error, None


def in_arrays(value: Any) -> Any:
    """The same with NumPy arrays of the same memory for tensors."""
    if isinstance(value, torch.Tensor):
        return value.numpy()
    if isinstance(value, dict):
        return {k: in_arrays(v) for k, v in value.items()}
    return [in_arrays(v) for v in value] if isinstance(value, list) else value


def check(text: str, *, numbers: Sequence[int] = (0, 1, 3), arrays: bool = True) -> None:
    """Raises AssertionError with the program where compiled and eager differ, for each `n`, with tensors and with arrays."""
    scope = python_program(text)
    dtype, is_module = scope["DTYPE"], "M" in scope

    def make() -> Any:
        return scope["M"]() if is_module else scope["f"]

    for as_arrays in (False, True) if arrays and not is_module else (False,):
        eager, scripted = make(), tsir.script(make())
        for n in numbers:
            try:
                _compare(eager, scripted, n, dtype, arrays=as_arrays, is_module=is_module)
            except AssertionError as error:
                path = "arrays" if as_arrays else "tensors"
                start = text.index("    def forward(") if is_module else text.index("def f(")
                raise AssertionError(f"n = {n}, {path}: {error}\n{text[start:]}") from None


def _compare(eager: Any, scripted: Any, n: int, dtype: torch.dtype, *, arrays: bool, is_module: bool) -> None:
    expected_arguments, given = inputs(n, dtype), inputs(n, dtype)
    own = in_arrays(given) if arrays else given
    with CheckedWrites():
        expected_error, expected = outcome(eager, [*expected_arguments, n])
    error, found = outcome(scripted, [*own, n])
    shown = f"{type(error).__name__}: {error}" if error is not None else "nothing"
    if expected_error is None:
        assert error is None, f"raised {shown}"
    else:
        assert isinstance(error, type(expected_error)), f"raised {shown}, not {expected_error!r}"
    states = [dict(state_of(m)) if is_module else {} for m in (eager, scripted)]
    if expected_error is None:
        assert outline(found) == outline(expected), f"gave {outline(found)}, not {outline(expected)}"
    assert outline(own) == outline(expected_arguments), f"arguments: {outline(own)}, not {outline(expected_arguments)}"
    assert outline(states[1]) == outline(states[0]), f"attributes: {outline(states[1])}, not {outline(states[0])}"
    all_expected = [*tensors_in(expected), *tensors_in(expected_arguments, "argument"), *tensors_in(states[0], "")]
    all_found = [*tensors_in(found), *tensors_in(own, "argument"), *tensors_in(states[1], "")]
    assert_equal(all_expected, all_found, "after the call")
    for mine, theirs in (
        ()
        if arrays
        else (
            (
                [*tensors_in(found), *tensors_in(own, "argument")],
                [*tensors_in(expected), *tensors_in(expected_arguments, "argument")],
            ),
            (tensors_in(states[1], ""), tensors_in(states[0], "")),
        )
    ):
        mine, theirs = identities(mine), identities(theirs)
        differ = [g for g in mine if g not in theirs], [g for g in theirs if g not in mine]
        assert mine == theirs, f"the same objects: {differ[0]}, not {differ[1]}"
    for i, (where, tensor) in enumerate(all_expected):
        if where.startswith(LOG):
            continue  # copies
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
