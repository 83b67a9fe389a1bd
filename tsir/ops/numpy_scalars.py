"""What programs do with NumPy's scalars when they run: the functions of the `ts.py` operations on them, by the names of the classes.

In a program such a scalar is a Python number whose class the operation names, or, where a container or variable may also have Python's
numbers, a `ScalarObject`. Which operations there are for a scalar is the frontend's (`frontend/script/numpy_scalars.py`).
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from tsir.dialects.dtypes import DType
from tsir.dialects.listed import ScalarObject, scalar_object
from tsir.errors import OperatorError
from tsir.ops.host_tensors import data_dtype

FUNCTIONS = frozenset("clip round around nan_to_num real imag isclose".split())
"""Functions of NumPy's, beside the ufuncs, that give a scalar for scalars."""

METHODS = frozenset(
    """all any argmax argmin as_integer_ratio bit_count clip conj conjugate cumprod cumsum fromhex hex is_integer item max mean min
    prod ptp round std sum tolist var""".split()
)
"""Methods of NumPy's scalars that programs may call."""

MEMBERS = frozenset(("real", "imag"))
"""Attributes of NumPy's scalars that say something of the number."""


def _scalars(kinds: str, values: tuple[Any, ...]) -> list[Any]:
    """The values of which those are NumPy's scalars for which `kinds` names a class, separated by commas."""
    own = [v.scalar if isinstance(v, ScalarObject) else v for v in values]
    return [np.dtype(k).type(v) if k else v for k, v in zip(kinds.split(","), own, strict=True)]


def numpy_number(value: Any, kind: str) -> Any:
    """The number that a NumPy scalar of a class has. Raises OverflowError for an int that doesn't fit."""
    return np.dtype(kind).type(value).item()


def held_scalar(value: Any, kind: str) -> Any:
    """A NumPy scalar as containers, attributes and variables of the program have it, and as it leaves the program."""
    return scalar_object(np.dtype(kind).type(value))


def is_numpy(value: Any, kind: str) -> bool:
    """Whether a number is a NumPy scalar of a class."""
    return isinstance(value, ScalarObject) and value.scalar.dtype.name == kind


def scalar_number(value: Any, _kind: str) -> Any:
    """The Python number that a NumPy scalar has; another number as it is."""
    return value.scalar.item() if isinstance(value, ScalarObject) else value


def numpy_dtype(data: Any) -> DType | None:
    """The dtype of a tensor of nested lists of numbers of which some are NumPy's scalars; None where none is."""
    level, numbers = [data], list[Any]()
    while level:
        inner = level.pop()
        if isinstance(inner, list | tuple):
            level.extend(inner)
        else:
            numbers.append(inner)
    scalars = [n.scalar if isinstance(n, ScalarObject) else n for n in numbers]
    return dtype_of_numbers(scalars) if any(isinstance(n, np.generic) for n in scalars) else None


def dtype_of_numbers(numbers: Sequence[Any]) -> DType:
    """The dtype that torch gives to numbers, of which NumPy's scalars have their own."""
    return data_dtype([np.asarray(n) if isinstance(n, np.generic) else n for n in numbers])


def numpy_text(value: Any, kind: str) -> str:
    """`str` of a NumPy scalar."""
    return str(np.dtype(kind).type(value))


def numpy_operator(name: str, kinds: str, *values: Any) -> Any:
    """An operator of numbers by NumPy's rules; `kinds` are the classes of those that are NumPy's."""
    found = getattr(operator, name)(*_scalars(kinds, values))
    return found.item() if isinstance(found, np.generic) else found


def numpy_call(what: str, kinds: str, *values: Any) -> Any:
    """What NumPy gives for numbers: `function.sqrt`, `method.round` of the first (`method.round,decimals`: by keyword), `member.real`
    of it, or it as another class (`astype.int32`). Raises OperatorError for names that aren't of numbers."""
    how, _, rest = what.partition(".")
    name, *names = rest.split(",")
    given = _scalars(kinds, values)
    function: Any = getattr(np, name, None)
    if how == "astype":
        found = given[0].astype(name)
    elif how == "member" and name in MEMBERS:
        found = getattr(given[0], name)
    elif how == "method" and name in METHODS:
        count = len(given) - len(names)
        found = getattr(given[0], name)(*given[1:count], **dict(zip(names, given[count:], strict=True)))
    elif how == "function" and (isinstance(function, np.ufunc) or name in FUNCTIONS):
        found = function(*given)
    else:
        raise OperatorError(f"NumPy's numbers have no {how} '{name}' that programs may use")
    return found.item() if isinstance(found, np.generic) else found
