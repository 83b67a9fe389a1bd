"""Prints a `ts` function as a Python program that means the same: what `m.code` shows.

`program.py` puts the text together, `names.py` has the names that all of it shares (imports, classes, functions, types),
`statements.py` and `expressions.py` print operations, `constants.py` prints values.
"""

from __future__ import annotations

from tsir.lowering.to_python.program import PrintedProgram, print_program

__all__ = ["PrintedProgram", "print_program"]
