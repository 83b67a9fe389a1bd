"""The rows of the built-ins on Python values, by area. `ops/python.py` says what a row means and makes the table of them.

One row per line; columns are separated by two or more spaces:
  signature    result type (see python_types.py)    expression    flags: raises, mutates, effect, fresh
"""

from __future__ import annotations

from tsir.ops.python_rows import built_in_functions, containers, numbers, operators, outside, texts

_TEXTS = (
    operators.OPERATORS,
    operators.SUBSCRIPTS,
    operators.OBJECTS,
    built_in_functions.BUILTINS,
    built_in_functions.RANGES,
    numbers.NUMBERS,
    numbers.NUMPY,
    numbers.MATH_WITH_KEYWORDS,
    texts.STR,
    texts.REGULAR_EXPRESSIONS,
    containers.CONTAINERS,
    containers.COLLECTIONS,
    outside.OUTSIDE,
)

ROWS: tuple[str, ...] = (
    *(row for text in _TEXTS for row in text.splitlines() if row.strip()),
    *numbers.math_rows(),
    *texts.bytes_rows(),
    *containers.frozenset_rows(),
)
"""All rows."""
