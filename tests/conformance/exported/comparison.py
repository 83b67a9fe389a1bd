"""Compares programs of torch.export with what tsir makes of them: results, their structure, state, changed inputs, exceptions."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import torch


def same(found: Any, expected: Any, path: str = "result", tolerance: float = 1e-5) -> None:
    """Asserts that two values are equal: classes, dtypes, shapes, numbers (floats within the tolerance)."""
    if isinstance(expected, torch.Tensor):
        found = torch.from_numpy(found) if isinstance(found, np.ndarray) else found
        assert isinstance(found, torch.Tensor), f"{path}: {type(found).__name__} instead of a tensor"
        assert found.dtype == expected.dtype and found.shape == expected.shape, (
            f"{path}: {found.dtype} {list(found.shape)}, not {expected.dtype} {list(expected.shape)}"
        )
        torch.testing.assert_close(
            found.detach(), expected.detach(), rtol=tolerance, atol=tolerance, equal_nan=True, msg=lambda m: f"{path}: {m}"
        )
        return
    if isinstance(expected, tuple | list):
        assert type(found) is type(expected) and len(found) == len(expected), f"{path}: {found!r}, not {expected!r}"
        for i, (a, b) in enumerate(zip(found, expected, strict=True)):
            same(a, b, f"{path}[{i}]", tolerance)
    elif isinstance(expected, dict):
        assert type(found) is type(expected) and [*found] == [*expected], f"{path}: {found!r}, not {expected!r}"
        for k in expected:
            same(found[k], expected[k], f"{path}[{k!r}]", tolerance)
    elif isinstance(expected, float):
        assert type(found) is float and (
            math.isclose(found, expected, rel_tol=tolerance, abs_tol=tolerance) or (found != found and expected != expected)
        ), f"{path}: {found!r}, not {expected!r}"
    elif expected is None or isinstance(expected, bool | int | str):
        assert type(found) is type(expected) and found == expected, f"{path}: {found!r}, not {expected!r}"
    else:
        assert type(found) is type(expected), f"{path}: {type(found).__name__}, not {type(expected).__name__}"
        same(vars(found), vars(expected), path, tolerance)


def outcome(function: Any, args: Any, kwargs: Any) -> Any:
    """What a call gives, or its exception."""
    try:
        with torch.no_grad():
            return function(*args, **kwargs)
    except Exception as error:  # noqa: BLE001  (whatever it raises is compared)
        return error


def compare(found: Any, expected: Any, calls: Any, state: bool = True, tolerance: float = 1e-5) -> None:
    """Calls both with copies of each of the arguments in turn: equal results, changed inputs and states, or equal exceptions."""
    for number, (args, kwargs) in enumerate(calls):
        ours, theirs = copy.deepcopy((args, kwargs)), copy.deepcopy((args, kwargs))
        wanted = outcome(expected, *theirs)
        given = outcome(found, *ours)
        where = f"call {number}"
        if isinstance(wanted, Exception):
            assert isinstance(given, Exception), f"{where}: no {type(wanted).__name__}: {wanted}"
            assert isinstance(given, _kind(wanted)), f"{where}: {given!r} instead of {wanted!r}"
            if isinstance(wanted, AssertionError):
                assert str(given) == str(wanted), f"{where}: {given} instead of {wanted}"
            continue
        if isinstance(given, Exception):
            raise given
        same(given, wanted, f"{where}: result", tolerance)
        same(list(ours[0]), list(theirs[0]), f"{where}: arguments", tolerance)
        same(ours[1], theirs[1], f"{where}: keywords", tolerance)
        if state:
            now = found.state_dict()
            for name, tensor in expected.state_dict().items():
                same(now[name], tensor, f"{where}: {name}", tolerance)


def _kind(error: Exception) -> type:
    """Python's class of an exception."""
    return next(c for c in type(error).__mro__ if c.__module__ == "builtins")
