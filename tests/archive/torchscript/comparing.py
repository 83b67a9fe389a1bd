"""Programs that torch.jit saves, loaded by tsir: both run on the same inputs."""

from __future__ import annotations

import copy
import io
from collections.abc import Sequence
from enum import Enum
from typing import Any

import numpy as np
import torch

import tsir


def saved(compiled: Any, **extra: Any) -> bytes:
    """What torch.jit.save writes."""
    buffer = io.BytesIO()
    torch.jit.save(compiled, buffer, **extra)
    return buffer.getvalue()


def same(expected: Any, found: Any, where: str = "the result") -> None:
    """Asserts that two results are equal: types of containers, dtypes, shapes, values within rounding."""
    if isinstance(expected, torch.Tensor):
        found = torch.from_numpy(found) if isinstance(found, np.ndarray) else found
        assert isinstance(found, torch.Tensor), f"{where}: {type(found)}"
        assert (expected.dtype, tuple(expected.shape)) == (found.dtype, tuple(found.shape)), where
        torch.testing.assert_close(found, expected.detach(), equal_nan=True, msg=lambda m: f"{where}: {m}")
    elif isinstance(expected, Enum):
        assert (expected.name, expected.value) == (found.name, found.value), where
    elif isinstance(expected, list | tuple):
        assert isinstance(found, list | tuple) and len(expected) == len(found), f"{where}: {expected} {found}"
        assert isinstance(expected, tuple) == isinstance(found, tuple), f"{where}: {type(expected)} {type(found)}"
        for i, (a, b) in enumerate(zip(expected, found, strict=True)):
            same(a, b, f"{where}[{i}]")
    elif isinstance(expected, dict):
        assert list(expected) == list(found), where
        for k in expected:
            same(expected[k], found[k], f"{where}[{k!r}]")
    elif isinstance(expected, float):
        assert type(found) is float, f"{where}: {type(found)}"
        np.testing.assert_allclose(found, expected, rtol=1e-6, err_msg=where)
    elif expected is None or isinstance(expected, bool | int | str | complex):
        assert type(expected) is type(found) and expected == found, f"{where}: {expected!r} {found!r}"
    elif isinstance(expected, torch.device):
        assert str(expected) == str(found), where
    else:
        raise AssertionError(f"{where}: can't compare {type(expected)}")


def outcome(call: Any, arguments: Sequence[Any], method: str | None = None) -> tuple[str, Any]:
    """What a call gives, or the words of the exception that it raises."""
    try:
        function = call if method is None else getattr(call, method)
        return "value", function(*copy.deepcopy(list(arguments)))
    except Exception as error:  # noqa: BLE001  (whatever torch raises is what tsir is compared with)
        return "exception", error


def compare(compiled: Any, *calls: Sequence[Any], method: str | None = None) -> Any:
    """Saves a program by torch.jit, loads it by torch.jit and tsir, and runs both on each of the calls' arguments, in order.

    Gives what tsir has loaded.
    """
    content = saved(compiled)
    theirs, ours = torch.jit.load(io.BytesIO(content)), tsir.load(io.BytesIO(content))
    for arguments in calls:
        torch.manual_seed(0)
        expected = outcome(theirs, arguments, method)
        torch.manual_seed(0)
        found = outcome(ours, arguments, method)
        if expected[0] == "value" and found[0] != "value":
            raise found[1]
        assert expected[0] == found[0], (expected, found)
        if expected[0] == "value":
            same(expected[1], found[1])
    return ours
