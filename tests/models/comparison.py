"""Compares what tsir gives with what torch eager gives: structure, dtype, shape and values."""

import math
from collections import deque
from typing import Any

import torch


def assert_same(found: Any, expected: Any, rtol: float = 1e-4, atol: float = 1e-5, path: str = "result") -> None:
    """Raises AssertionError where the two differ.

    The tolerances are those of float32 sums in another order, over up to some thousand terms.
    """
    if isinstance(expected, torch.Tensor):
        assert isinstance(found, torch.Tensor), f"{path}: {type(found).__name__}, not a Tensor"
        assert found.dtype == expected.dtype, f"{path}: {found.dtype}, not {expected.dtype}"
        assert found.shape == expected.shape, f"{path}: {tuple(found.shape)}, not {tuple(expected.shape)}"
        torch.testing.assert_close(
            found.detach(), expected.detach(), rtol=rtol, atol=atol, equal_nan=True, msg=lambda m: f"{path}: {m}"
        )
    elif isinstance(expected, dict):
        assert isinstance(found, dict) and list(found) == list(expected), f"{path}: {found!r}"
        if type(expected).__module__ in ("builtins", "collections"):
            assert type(found) is type(expected), f"{path}: {type(found).__name__}, not {type(expected).__name__}"
        for key, value in expected.items():
            assert_same(found[key], value, rtol, atol, f"{path}[{key!r}]")
    elif isinstance(expected, list | tuple):
        assert isinstance(found, tuple if isinstance(expected, tuple) else list), f"{path}: {type(found).__name__}"
        assert len(found) == len(expected), f"{path}: {len(found)} elements, not {len(expected)}"
        for i, (f, e) in enumerate(zip(found, expected, strict=True)):
            assert_same(f, e, rtol, atol, f"{path}[{i}]")
    elif isinstance(expected, deque):
        assert isinstance(found, deque) and found.maxlen == expected.maxlen, f"{path}: {found!r}"
        assert_same(list(found), list(expected), rtol, atol, path)
    elif isinstance(expected, float):
        assert isinstance(found, float), f"{path}: {type(found).__name__}, not float"
        same = found == expected or (found != found and expected != expected)
        assert same or math.isclose(found, expected, rel_tol=rtol, abs_tol=atol), f"{path}: {found}, not {expected}"
    else:
        assert type(found) is type(expected) and found == expected, f"{path}: {found!r}, not {expected!r}"
