"""The built-ins on Python values: what every `ts.py.<name>` operation means.

Each is one row: its signature, the rule for the type of its result, a Python expression, and what it does beside giving a
result. The expression is the only definition: constant folding evaluates it and generated source contains it, so the meaning
is Python's own, exceptions included. Tensors are no operands here (they may be elements of containers); operators on
tensors are in `ops/aten/`. The rules for result types are in `python_types.py`, so that this module runs without xDSL; the
rows themselves are in `python_rows/`, by area.

In an expression `{0}` stands for operand 0, `{1:}` for operand 1 and all that follow, separated by commas, `{args}` for all.
It may use Python's builtins, the modules in `MODULES`, and `rt`: the text functions of `python_text.py`, in which the backend
knows how torch writes tensors.
"""

from __future__ import annotations

import bisect
import builtins
import cmath
import collections
import copy
import heapq
import math
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy

from tsir.errors import OperatorTypeError
from tsir.ops.python_rows import ROWS
from tsir.ops.python_rows.built_in_functions import BUILTINS
from tsir.ops.python_text import PythonText, TextFunctions

if TYPE_CHECKING:
    from xdsl.ir import Attribute


@dataclass(frozen=True)
class PyFunction:
    """One row of the table.

    `parameters` are the names of the operands (for keyword arguments), `required` is how many have no default; a caller
    leaves out trailing operands that have the default. `variadic`: the last parameter stands for any number of operands.
    """

    name: str
    parameters: tuple[str, ...]
    required: int
    variadic: bool
    result: str
    expression: str
    raises: bool
    """May raise for some operands of the right types (an index out of range, a division by zero)."""
    mutates: bool
    """Changes operand 0, which is a mutable container."""
    effect: bool
    """Has an effect outside the program (prints)."""
    defaults: Mapping[str, str]
    """The text of the default of each parameter that has one."""
    spread: bool
    """The last operand is a list (or another iterable) of the last arguments: `print(*values)`."""
    fresh: bool
    """Gives a new mutable object at each call: two equal calls must not be merged into one."""

    @property
    def pure(self) -> bool:
        """Whether the call may be dropped when its result isn't used: no effect, no exception.

        A pure function that reads a list, dict or set still must not move across something that changes it.
        """
        return not (self.mutates or self.effect or self.raises)

    def accepts(self, count: int) -> bool:
        """Whether the function can be called with this number of operands."""
        return self.required <= count and (self.variadic or count <= len(self.parameters))

    def render(self, operands: Sequence[str]) -> str:
        """The expression with these operands' texts, each of which must be a name, a literal or in parentheses.

        Raises OperatorTypeError for a wrong number of operands.
        """
        if not self.accepts(len(operands)):
            expected = f"at least {self.required}" if self.variadic else f"{self.required} to {len(self.parameters)}"
            raise OperatorTypeError(f"{self.name}() takes {expected} arguments, got {len(operands)}")

        if self.spread:
            operands = [*operands[:-1], f"*{operands[-1]}"]

        def operand(match: re.Match[str]) -> str:
            if match["index"] is None:
                return ", ".join(operands)
            start = int(match["index"])
            return ", ".join(operands[start:]) if match["rest"] else operands[start]

        text = _PLACE.sub(operand, self.expression)
        return text.replace("(, ", "(").replace(", )", ")")


MODULES: Mapping[str, Any] = {
    m.__name__: m for m in (math, cmath, collections, copy, heapq, bisect, re, random, time, numpy)
}
"""The modules that expressions may use."""

_PLACE = re.compile(r"\{(?:args|(?P<index>\d+)(?P<rest>:)?)\}")


SPREAD = "_all"
"""The end of the names of the variadic functions' forms whose last operand is a list of the last arguments."""

_SIGNATURE = re.compile(r"(\w+)\((.*)\)")


def _parse(row: str) -> PyFunction:
    signature, result, expression, *flags = re.split(r"\s{2,}", row.strip())
    match = _SIGNATURE.fullmatch(signature)
    assert match, row
    texts = [text.strip() for text in match[2].split(",")] if match[2] else []
    words = flags[0].split() if flags else []
    variadic = bool(texts) and texts[-1].startswith("*")
    return PyFunction(
        name=match[1],
        parameters=tuple(text.partition("=")[0].lstrip("*") for text in texts),
        defaults={name: text for name, eq, text in (t.partition("=") for t in texts) if eq},
        required=sum("=" not in text and not text.startswith("*") for text in texts),
        variadic=variadic,
        result=result,
        expression=expression,
        raises="raises" in words,
        mutates="mutates" in words,
        effect="effect" in words,
        spread=False,
        fresh="fresh" in words,
    )


def _table() -> dict[str, PyFunction]:
    functions = [_parse(row) for row in ROWS]
    functions += [replace(f, name=f.name + SPREAD, spread=True, required=len(f.parameters)) for f in functions if f.variadic]
    return {function.name: function for function in functions}


FUNCTIONS: Mapping[str, PyFunction] = _table()
"""All rows by name."""

OPERATORS: Mapping[str, str] = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "&": "bitand",
    "|": "bitor", "^": "bitxor", "<<": "lshift", ">>": "rshift", "==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt",
    ">=": "ge", "is": "is", "is not": "is_not",
}  # fmt: skip
"""Python's binary operators. `in` and `not in` are `contains` and `not_contains`, with the container first."""

UNARY_OPERATORS: Mapping[str, str] = {"-": "neg", "+": "pos", "~": "invert", "not": "not"}

_MUTABLE_AUGMENTED = {
    ("list", "+="): "list_iadd", ("list", "*="): "list_imul", ("set", "&="): "set_iand", ("set", "|="): "set_ior",
    ("set", "-="): "set_isub", ("set", "^="): "set_ixor", ("dict", "|="): "dict_ior",
    ("counter", "+="): "list_iadd", ("counter", "-="): "set_isub", ("counter", "&="): "set_iand", ("deque", "+="): "list_iadd",
    ("deque", "*="): "list_imul",
}  # fmt: skip

_BUILTIN_NAMES = frozenset(_SIGNATURE.match(row)[1] for row in BUILTINS.splitlines() if row) | {"len", "pow"}  # type: ignore[index]


def lookup(name: str) -> PyFunction | None:
    """The row of `ts.py.<name>`, or None."""
    return FUNCTIONS.get(name)


def builtin(name: str) -> PyFunction | None:
    """The row for the Python built-in `name` (`len`, `sorted`, ...) or `math.<name>`, or None."""
    if name.startswith(("math.", "cmath.")):
        return FUNCTIONS.get(name.replace(".", "_"))
    return FUNCTIONS[name] if name in _BUILTIN_NAMES else None


_OF_PROCESS: tuple[tuple[str, Any], ...] = (("random", random), ("numpy_random", numpy.random), ("time", time))


def of_process(target: Any) -> PyFunction | None:
    """The row for a function of `random`, `numpy.random` or `time`, or None."""
    name = getattr(target, "__name__", None) if callable(target) else None
    if not isinstance(name, str):
        return None
    rows = ((FUNCTIONS.get(f"{prefix}_{name}"), module) for prefix, module in _OF_PROCESS)
    return next((row for row, module in rows if row is not None and getattr(module, name, None) == target), None)


def _container(receiver: Attribute) -> str:
    """The word that the rows of a dict's own class begin with: `counter`, `ordereddict`; empty for other values."""
    name = getattr(receiver, "container", None)
    return "" if name is None else str(name.data).lower()


def method(receiver: Attribute, name: str) -> PyFunction | None:
    """The row for `value.name(...)` with a value of this type, or None. The receiver is operand 0."""
    from tsir.ops.python_types import kind

    kinds = {"bool": "int", "named_tuple": "tuple"}
    prefix = kind(receiver)
    if name.startswith("get_"):
        return None
    return FUNCTIONS.get(f"{_container(receiver)}_{name}") or FUNCTIONS.get(f"{kinds.get(prefix, prefix)}_{name}")


def names_of(receiver: Attribute) -> list[str]:
    """The names of the methods and attributes of values of this type."""
    from tsir.ops.python_types import kind

    base = {"bool": "int", "named_tuple": "tuple"}.get(kind(receiver), kind(receiver))
    names = [n.removeprefix(f"{base}_").removeprefix("get_") for n in FUNCTIONS if n.startswith(f"{base}_")]
    known = getattr(builtins, base, None)
    return names if known is None else [n for n in names if hasattr(known, n)]


def attribute(receiver: Attribute, name: str) -> PyFunction | None:
    """The row for reading `value.name` of a number, dtype or device (`z.real`, `device.type`), or None."""
    from tsir.ops.python_types import kind

    prefix = kind(receiver)
    return FUNCTIONS.get(f"{'int' if prefix == 'bool' else prefix}_get_{name}")


def operator(symbol: str, types: Sequence[Attribute]) -> PyFunction | None:
    """The row for a Python operator on operands of these types, or None.

    One operand: `-`, `+`, `~`, `not`. Two: Python's symbols, `in` and `not in` included (whose operands are the container
    first), and the augmented ones such as `+=`, which change a list, set or dict in place and are the plain operator for all
    other types.
    """
    from tsir.ops.python_types import kind

    if len(types) == 1:
        return FUNCTIONS.get(UNARY_OPERATORS.get(symbol, ""))
    if symbol in ("in", "not in"):
        return FUNCTIONS["contains" if symbol == "in" else "not_contains"]
    if symbol.endswith("=") and symbol not in OPERATORS:
        found = _MUTABLE_AUGMENTED.get((_container(types[0]), symbol)) or _MUTABLE_AUGMENTED.get((kind(types[0]), symbol))
        if found:
            return FUNCTIONS[found]
        symbol = symbol[:-1]
    if symbol == "%" and kind(types[0]) == "str":
        return FUNCTIONS["percent"]
    return FUNCTIONS.get(OPERATORS.get(symbol, ""))


def python_result_type(name: str, types: Sequence[Attribute], constants: Sequence[Any] = ()) -> Attribute:
    """The type of `ts.py.<name>` on operands of these types.

    `constants`: the operands' values where they are constants, `UNKNOWN` elsewhere; it makes the type of `t[0]` of a tuple
    and of `2 ** -1` exact. Raises OperatorTypeError, with Python's words, for operands that the function doesn't take.
    """
    from tsir.ops.python_types import result_type

    return result_type(FUNCTIONS[name], types, constants)


@lru_cache(maxsize=1024)
def compiled(name: str, count: int, text: TextFunctions | None = None) -> Callable[..., Any]:
    """The function of `count` operands that evaluates `ts.py.<name>`; `text` is what `rt` stands for."""
    operands = [f"v{i}" for i in range(count)]
    source = f"lambda {', '.join(operands)}: {FUNCTIONS[name].render(operands)}"
    return eval(source, {**MODULES, "rt": text or PythonText})


def evaluate(name: str, operands: Sequence[Any], text: TextFunctions | None = None) -> Any:
    """The value of `ts.py.<name>` on these operands. Raises what Python raises."""
    return compiled(name, len(operands), text)(*operands)
