"""Runs a program of `mutation_programs` eagerly and compiled, and compares everything that its caller can see.

That is: the exception's type; the values of all results; the arguments' contents and the module's attributes; and who shares
memory with whom, shown by writing to each tensor in turn and comparing all others again.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

import tsir
from tests.conformance.language.mutation_programs import ERRORS, Given, Program, state_of

CAUGHT = (*ERRORS, tsir.TsirError)
UNTRACEABLE = re.compile(r"\b(if|for|while|bool|len|box|boxes|other|li|lj|l|ll|dl|pair|opt|d|k|m\d+|\[t)\b")


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


def array_of(tensor: Any) -> np.ndarray[Any, Any]:
    return tensor.detach().resolve_conj().resolve_neg().numpy() if isinstance(tensor, torch.Tensor) else tensor


def assert_equal(expected: list[tuple[str, Any]], found: list[tuple[str, Any]], when: str) -> None:
    for (where, e), (_, g) in zip(expected, found, strict=True):
        mine, theirs = array_of(g), array_of(e)
        if mine.shape != theirs.shape or not (mine == theirs).all():
            np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-4, err_msg=f"{where} {when}")


def outcome(function: Any, arguments: list[Any]) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return None, function(*arguments)
    except CAUGHT as error:
        return error, None


def with_arrays(value: Any, known: dict[int, Any]) -> Any:
    """Arrays over the tensors' memory; one that occurs twice stays one."""
    if isinstance(value, torch.Tensor):
        if id(value) not in known:
            known[id(value)] = value.numpy()
            known[id(known[id(value)])] = value
        return known[id(value)]
    if isinstance(value, list):
        return [with_arrays(v, known) for v in value]
    return {k: with_arrays(v, known) for k, v in value.items()} if isinstance(value, dict) else value


def check(program: Program) -> None:
    """Raises AssertionError with the program where compiled and eager differ."""
    try:
        checked(program)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{program.shown()}") from None


MODES = ("scripted", "again", "loaded", "traced")


def checked(program: Program, modes: Sequence[str] = MODES) -> None:
    """Compares scripted and eager on all inputs; the state after several calls; loaded from an archive, and traced, on some inputs."""
    eager = program.eager()
    scripted = tsir.script(eager)
    if "scripted" in modes:
        for i, given in enumerate(program.givens):
            if program.is_module and i:
                eager = program.eager()
                scripted = tsir.script(eager)
            _labelled("scripted", eager, scripted, given, i % 3 == 2)
    if "again" in modes and program.is_module:  # what one call leaves is what the next one finds
        eager = program.eager()
        scripted = tsir.script(eager)
        for given in program.givens:
            _labelled("again", eager, scripted, given, False)
    if "loaded" in modes:
        stream = io.BytesIO()
        tsir.script(program.eager()).save(stream)
        _labelled("loaded", program.eager(), tsir.load(io.BytesIO(stream.getvalue())), program.givens[0], True)
    if "traced" in modes and _is_traceable(program):
        given = program.givens[0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            traced = tsir.trace(program.eager(), tuple(given.make()), check_trace=False, strict=False)
        _labelled("traced", program.eager(), traced, given, False)


def _is_traceable(program: Program) -> bool:
    return not (program.raises or program.is_module or program.features or UNTRACEABLE.search("\n".join(program.parts)))


def _labelled(how: str, eager: Any, compiled: Any, given: Given, arrays: bool) -> None:
    try:
        compare(eager, compiled, given, arrays)
    except AssertionError as error:
        raise AssertionError(f"{how}, {given}{', arrays' if arrays else ''}: {error}") from None


def compare(eager: Any, compiled: Any, given: Given, arrays: bool) -> None:
    """Calls both on inputs of their own and compares."""
    expected_arguments, own = given.make(), given.make()
    if arrays:
        own = with_arrays(own, {})
    expected_error, expected = outcome(eager, expected_arguments)
    error, found = outcome(compiled, own)
    shown = f"{type(error).__name__}: {error}" if error is not None else "nothing"
    if expected_error is None:
        assert error is None, f"raised {shown}"
    elif error is None and given.kind != "plain":
        return  # it came from a tensor that nothing uses: those aren't computed
    else:
        assert isinstance(error, type(expected_error)), f"raised {shown}, not {expected_error!r}"
    states = state_of(eager), state_of(compiled)
    wanted = [*tensors_in(expected_arguments, "argument"), *tensors_in(states[0], "state")]
    got = [*tensors_in(own, "argument"), *tensors_in(states[1], "state")]
    assert outline(own[4:]) == outline(expected_arguments[4:]), "a list or dict of the caller's differs"
    assert outline(states[1]) == outline(states[0]), "the module's attributes differ"
    assert_equal(wanted, got, "after the call")
    if expected_error is not None:
        return
    assert outline(found) == outline(expected), f"gave {outline(found)}, not {outline(expected)}"
    wanted, got = tensors_in(expected) + wanted, tensors_in(found) + got
    assert_equal(wanted, got, "after the call")
    for i, ((where, tensor), (_, mine)) in enumerate(zip(wanted, got, strict=True)):
        if where == "argument[2]":
            continue
        value = i + 9 if tensor.dtype != torch.bool else not tensor.any()
        tensor.fill_(value)
        if isinstance(mine, np.ndarray):
            if not mine.flags.writeable:  # what NumPy makes of broadcast arrays
                mine = np.asarray(_Writable(mine))
            mine[...] = value
        else:
            mine.fill_(value)
        assert_equal(wanted, got, f"after a write to {where}")


class _Writable:
    """An array's memory, which may be written through another array."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        interface = dict(array.__array_interface__)
        interface["data"] = (interface["data"][0], False)
        self.__array_interface__ = interface
