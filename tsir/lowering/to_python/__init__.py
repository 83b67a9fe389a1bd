"""Prints a `ts` function as a Python program that means the same: what `m.code` shows.

`program.py` puts the text together, `names.py` has the names that all of it shares (imports, classes, functions, types),
`statements.py` and `expressions.py` print operations, `constants.py` prints values. `variables.py` says which values share a
variable, `objects.py` how new objects are made. `simplify.py` makes of that what a person would write, with the rules of `jumps.py`,
`loops.py`, `handlers.py`, `cells.py` and `copies.py`, by what `liveness.py` knows; `finals.py` and `spelling.py` come last.
An entry point that is called in several forms is a `match` of these (`forms.py`) and a function for each (`variants.py`).
"""

from __future__ import annotations

from tsir.lowering.to_python.program import Held, print_program

__all__ = ["Held", "print_program"]
