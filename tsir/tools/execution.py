"""Running a function of a module as its IR stands, at any level, and comparing what two runs gave.

No pass runs before: `ts` operations are called one by one through their definitions, linalg-level ones are written as NumPy
source as they are. So a pass can be judged by what it made of a program alone.
"""

from __future__ import annotations

import contextlib
import copy
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from xdsl.dialects.builtin import DictionaryAttr, ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute

from tsir.backend.numpy import generate
from tsir.backend.numpy.loading import load
from tsir.dialects.deep_stack import call_with_deep_stack
from tsir.dialects.program import EntryPoint, Program
from tsir.dialects.ts.types import ClassType
from tsir.dialects.values import Instance
from tsir.errors import OperatorError, TsirError
from tsir.passes.freeze import weight_paths
from tsir.passes.structure import find_function
from tsir.runtime.api import manual_seed
from tsir.runtime.bound import BoundFunction
from tsir.runtime.compilation import function_entries


class CannotRun(TsirError):
    """A function can't be run from its IR; the message says why."""


@dataclass(eq=False)
class Outcome:
    """What a run gave: its result or the class of what it raised; what it made of its arguments and object; what it printed."""

    result: Any
    raised: str | None
    arguments: Sequence[Any]
    attributes: Mapping[str, Any]
    printed: str


def runnable(module: ModuleOp, root: Instance | None) -> list[EntryPoint]:
    """The public functions of a module, which take their object and weights from `root`, where there is one."""
    return function_entries(module, root)


def argument_types(module: ModuleOp, entry: EntryPoint, root: Instance | None) -> list[Attribute]:
    """The types of the arguments that a caller passes. Raises CannotRun for an object that isn't there."""
    function = find_function(module, entry.symbol)
    first = 1 if entry.takes_self else 0
    last = len(function.body.block.args) - (0 if root is None else len(weight_paths(function)))
    types = [_declared(function, i) for i in range(first, last)]
    if any(isinstance(t, ClassType) for t in types):
        raise CannotRun(f"@{entry.symbol} takes an object, which IR text doesn't have: give the archive or the Python file")
    return types


def _declared(function: FuncOp, i: int) -> Attribute:
    """The type that an argument had before the lowering, or has."""
    attributes = function.arg_attrs.data[i] if function.arg_attrs is not None else None
    kept = attributes.data.get("ts.type") if isinstance(attributes, DictionaryAttr) else None
    return function.body.block.args[i].type if kept is None else kept


class Executable:
    """A function as it stands in a module at this time."""

    def __init__(self, module: ModuleOp, symbol: str, root: Instance | None) -> None:
        """Raises CannotRun for IR that the backend can't write."""
        part = module.clone()
        entry = next((e for e in function_entries(part, root) if e.symbol == symbol), None)
        if entry is None:
            raise CannotRun(f"there is no public function @{symbol} any more")
        self._entry, self._root, self._module = entry, root, part
        try:
            self._code = call_with_deep_stack(lambda: load(generate(part, symbol)))
        except TsirError as error:
            raise CannotRun(f"@{symbol} can't be run: {error.message}") from error
        except Exception as error:
            # The code generator may stumble over IR that it was never meant for.
            raise CannotRun(f"@{symbol} can't be run: {type(error).__name__}: {error}") from error

    def run(self, arguments: Sequence[Any], seed: int = 0) -> Outcome:
        """Runs it on copies of arguments and object, with a fresh stream of random numbers. Raises CannotRun."""
        arguments, root = copy.deepcopy((list(arguments), self._root))
        program = Program(lambda: self._module, {self._entry.name: self._entry}, root)
        manual_seed(seed)
        printed = io.StringIO()
        result, raised = None, None
        try:
            function = BoundFunction(self._code, root, program, self._entry)
            with contextlib.redirect_stdout(printed), np.errstate(all="ignore"):
                result = call_with_deep_stack(lambda: function(*arguments))
        except TsirError as error:
            if not isinstance(error, OperatorError):
                raise CannotRun(f"@{self._entry.symbol} can't be run: {error.message}") from error
            raised = type(error).__name__
        except Exception as error:  # noqa: BLE001  what the program raises is what it gives
            raised = type(error).__name__
        attributes = {} if root is None else root.attributes
        return Outcome(result, raised, arguments, attributes, printed.getvalue())


@dataclass(frozen=True)
class Difference:
    """Where two runs differ: `what` and `before`, `after` as text; the largest difference of numbers."""

    what: str
    before: str
    after: str
    largest: str | None = None


def difference(before: Outcome, after: Outcome) -> Difference | None:
    """The first difference between two runs, or None."""
    if before.raised != after.raised:
        shown = [f"raises {o.raised}" if o.raised else describe_value(o.result) for o in (before, after)]
        return Difference("the result", *shown)
    pairs: list[tuple[str, Any, Any]] = [] if before.raised else [("the result", before.result, after.result)]
    both = zip(before.arguments, after.arguments, strict=True)
    pairs += [(f"argument {i} after the call", a, b) for i, (a, b) in enumerate(both)]
    pairs += [(f"attribute {n} after the call", v, after.attributes.get(n)) for n, v in before.attributes.items()]
    pairs.append(("what is printed", before.printed, after.printed))
    for what, a, b in pairs:
        for path, x, y in _unequal(a, b):
            return Difference(what + path, describe_value(x), describe_value(y), _largest(x, y))
    return None


def _unequal(a: Any, b: Any) -> Iterator[tuple[str, Any, Any]]:
    """The parts in which two values differ, with the ways to them."""
    pending: list[tuple[str, Any, Any]] = [("", a, b)]
    seen: set[tuple[int, int]] = set()
    while pending:
        path, x, y = pending.pop()
        if (id(x), id(y)) in seen:
            continue
        if isinstance(x, np.ndarray) or isinstance(y, np.ndarray):
            if not _equal_arrays(x, y):
                yield path, x, y
            continue
        if isinstance(x, Instance) and isinstance(y, Instance):
            seen.add((id(x), id(y)))
            x, y = x.attributes, y.attributes
        if isinstance(x, list | tuple) and type(x) is type(y) and len(x) == len(y):
            seen.add((id(x), id(y)))
            pending += [(f"{path}[{i}]", *pair) for i, pair in reversed(list(enumerate(zip(x, y, strict=True))))]
        elif isinstance(x, dict) and isinstance(y, dict) and list(x) == list(y):
            seen.add((id(x), id(y)))
            pending += [(f"{path}[{k!r}]", x[k], y[k]) for k in reversed(x)]
        elif not _equal_numbers(x, y):
            yield path, x, y


def _equal_numbers(x: Any, y: Any) -> bool:
    if isinstance(x, float) and isinstance(y, float):
        return math.isclose(x, y, rel_tol=1e-6, abs_tol=1e-9) or (math.isnan(x) and math.isnan(y))
    if isinstance(x, complex) and isinstance(y, complex):
        return _equal_numbers(x.real, y.real) and _equal_numbers(x.imag, y.imag)
    if callable(x) and callable(y):
        return True
    return type(x) is type(y) and bool(x == y)


_TOLERANCE = {"float16": 1e-2, "bfloat16": 6e-2, "float32": 2e-4, "complex64": 2e-4, "float64": 1e-9, "complex128": 1e-9}
"""By how much results may differ, as a part of the largest number there: another order of sums gives other roundings."""


def _equal_arrays(x: Any, y: Any) -> bool:
    if not (isinstance(x, np.ndarray) and isinstance(y, np.ndarray)) or x.dtype != y.dtype or x.shape != y.shape:
        return False
    if x.dtype.name not in _TOLERANCE:
        return bool(np.array_equal(x, y))
    wide = np.complex128 if x.dtype.kind == "c" else np.float64
    a, b = x.astype(wide), y.astype(wide)
    finite = np.isfinite(a)
    scale = float(np.max(np.abs(a[finite]), initial=1e-3))
    return bool(np.allclose(a, b, rtol=_TOLERANCE[x.dtype.name], atol=_TOLERANCE[x.dtype.name] * scale, equal_nan=True))


def _largest(x: Any, y: Any) -> str | None:
    if not (isinstance(x, np.ndarray) and isinstance(y, np.ndarray)) or x.shape != y.shape or not x.size:
        return None
    if x.dtype != y.dtype or x.dtype.kind not in "fciu" + "V":
        return None
    wide = np.complex128 if x.dtype.kind == "c" else np.float64
    with np.errstate(all="ignore"):
        apart = np.abs(x.astype(wide) - y.astype(wide))
    unlike = np.isnan(x.astype(wide)) != np.isnan(y.astype(wide))
    apart = np.where(unlike, np.inf, np.nan_to_num(apart, nan=0.0, posinf=np.inf))
    at = tuple(int(i) for i in np.unravel_index(int(np.argmax(apart)), x.shape))
    return f"{float(apart[at]):.6g} at {list(at)}: {x[at]} and {y[at]}"


def describe_value(value: Any) -> str:
    """A value on one line, with dtype and shape; of long ones the beginning."""
    if isinstance(value, np.ndarray):
        shown = np.array2string(value, threshold=24, edgeitems=3, precision=6, separator=", ")
        text = f"{value.dtype.name}{list(value.shape)} {' '.join(shown.split())}"
    elif isinstance(value, list | tuple):
        inner = ", ".join(map(describe_value, value))
        text = f"[{inner}]" if isinstance(value, list) else f"({inner})"
    else:
        text = repr(value)
    return text if len(text) <= 400 else f"{text[:400]}..."
