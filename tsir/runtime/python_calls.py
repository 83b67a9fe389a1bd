"""Calls of functions in Python that compiled code makes: values become the caller's, and the result the program's again."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tsir.dialects.program import PythonFunction
from tsir.errors import TsirError
from tsir.runtime.arguments import Conversion, InstanceConverter
from tsir.runtime.objects import PythonClasses
from tsir.runtime.type_text import parse_type_text

Array = np.ndarray[Any, Any]


class _Running(threading.local):
    """The conversion of the call that runs in a thread; generated code has a context of its own."""

    conversion: Conversion | None = None


_running = _Running()


def has_shared_variables(functions: Sequence[PythonFunction]) -> bool:
    """Whether a program works on lists, dicts or objects that are variables of Python's, as it does on its arguments."""
    return any(f.variable is not None and f.variable.is_mutable for f in functions)


@contextmanager
def running(conversion: Conversion) -> Generator[None]:
    """What the program reads from and writes to variables of Python's inside is converted as its arguments are."""
    before, _running.conversion = _running.conversion, conversion
    try:
        yield
    finally:
        _running.conversion = before


def share_storages(conversion: Conversion, values: Sequence[Any]) -> None:
    """Arrays that overlap become tensors of one storage, as they are in eager: `torch.save` keeps what storages share."""
    torch = conversion.torch
    if torch is None or not conversion.gives_torch:
        return
    arrays = {id(a): a for a in _arrays_in(values) if a.size and all(s >= 0 for s in a.strides)}
    spans = sorted((*np.lib.array_utils.byte_bounds(a), key) for key, a in arrays.items())
    groups: list[list[int]] = []
    end = 0
    for low, high, key in spans:
        if groups and low < end:
            groups[-1].append(key)
        else:
            groups.append([key])
        end = max(end, high)
    for group in groups:
        known = [conversion.tensors[key][1] for key in group if key in conversion.tensors]
        missing = [arrays[key] for key in group if key not in conversion.tensors]
        if len(group) > 1 and missing:
            made = torch.views(missing, known[0].untyped_storage() if known else None)
            conversion.tensors.update({id(a): (a, tensor) for a, tensor in zip(missing, made, strict=True)})


def _arrays_in(values: Iterable[Any]) -> Iterator[Array]:
    for value in values:
        if isinstance(value, np.ndarray):
            yield value
        elif isinstance(value, list | tuple | deque):
            yield from _arrays_in(value)
        elif isinstance(value, dict):
            yield from _arrays_in(value.values())


def know_caller(functions: Sequence[PythonFunction], instances: InstanceConverter, classes: PythonClasses) -> None:
    """Says how the functions of a program are called: with its objects as `instances` shows them outside."""
    # The functions live as long as the process, the program only as long as somebody has it.
    shown, known = weakref.ref(instances), weakref.ref(classes.program)

    def call(function: PythonFunction, values: Sequence[Any]) -> Any:
        program = known()
        if program is None:
            raise TsirError(f"{function.name}() belongs to a program that doesn't exist any more")
        conversion = Conversion(PythonClasses(program), shown())
        is_shared = function.variable is not None and function.variable.is_mutable
        if is_shared:
            conversion = _running.conversion or conversion
        share_storages(conversion, values)
        pairs = [(n, conversion.value_out(v)) for n, v in zip(function.keywords, values, strict=True)]
        result = function.function(*(v for n, v in pairs if n is None), **{n: v for n, v in pairs if n is not None})
        if is_shared:
            conversion.keep_made()
        if result is None and function.may_be_none:
            return None
        return conversion.value_in(result, parse_type_text(function.result_type), f"the result of {function.name}()")

    for function in functions:
        function.caller = call
