"""docs/torchscript.md: what TorchScript archives may have, in both directions. `python -m tests.archive.torchscript.page` writes it.

The tables are made by running the programs: each is saved by torch.jit and loaded by tsir, and the other way round.
"""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

import tsir
from tests.archive.torchscript import comparing, test_writing
from tests.archive.torchscript import test_programs as programs
from tsir.frontend.torch_archive import container, functions, sources
from tsir.frontend.torch_archive.upgraders import NEWEST, OLDEST, UPGRADERS
from tsir.limits import Limits

PAGE = Path(__file__).parents[3] / "docs" / "torchscript.md"
X = programs.X


@dataclass(frozen=True)
class Row:
    """A program: what it is of, how it is made, and the arguments of its calls."""

    title: str
    make: Callable[[], Any]
    calls: Sequence[Sequence[Any]]
    traced: bool = False


def hooked() -> nn.Module:
    """A module with hooks, and with hooks of its submodule."""
    module = programs.Hooked()
    module.inner.register_forward_pre_hook(programs.doubled)
    module.inner.register_forward_hook(programs.added)
    module.register_forward_hook(programs.added)
    return module


ROWS = (
    Row("`if`, `while`, `for`, `break`, `continue`, early `return`", lambda: programs.flow, [[X, 0], [X, 5], [X, 9]]),
    Row("`Optional` and its refinement, `assert`", lambda: programs.optional, [[None], [X[0]], [X[0], 2.0], [X]]),
    Row("`Union`, `Any`, `isinstance`", lambda: programs.union, [[3, X], ["abc", 1], [[1, 2], "q"]]),
    Row("texts", lambda: programs.texts, [[" a,b ", ["x"]], ["abc", ["x", "y"]]]),
    Row("lists, dicts, tuples", lambda: programs.containers,
        [[{"a": torch.ones(2), "bc": torch.ones(2)}, [torch.zeros(2), torch.ones(2)]]]),
    Row("indices and assignment to them", lambda: programs.indexing, [[X, torch.tensor([1, 0]), X > 0]]),
    Row("dtypes and devices as values, `tolist`, `item`", lambda: programs.kinds, [[X], [X.double()], [X.int()]]),
    Row("`fork` and `wait`", lambda: programs.concurrent, [[X, 0], [X, 3]]),
    Row("context managers, `torch.no_grad`", lambda: programs.managed, [[X, False], [X, True]]),
    Row("interfaces, script classes, enums, NamedTuples, `Final`, module lists and dicts, exported methods, attributes of all types",
        programs.Everything, [[X], [X, 4]]),
    Row("hooks and pre-hooks", hooked, [[X]]),
    Row("`__getstate__` and `__setstate__`", programs.Kept, [[X]]),
    Row("traces, with constant tensors", programs.Constant, [[X], [X[:1]]], traced=True),
)  # fmt: skip
"""The programs of the table."""


def came_in(row: Row) -> str:
    """What becomes of a program that torch.jit has saved."""
    made = row.make()
    compiled = torch.jit.trace(made, tuple(row.calls[0])) if row.traced else torch.jit.script(made)
    return _outcome(lambda: comparing.compare(compiled, *row.calls))


def went_out(row: Row) -> str:
    """What becomes of a program that tsir writes for torch.jit."""
    made = row.make()
    compiled = tsir.trace(made, tuple(row.calls[0])) if row.traced else tsir.script(made)
    return _outcome(lambda: test_writing.compare(compiled, *row.calls))


def _outcome(compare: Callable[[], Any]) -> str:
    try:
        compare()
    except tsir.TsirError as error:
        return f"refused: {error.message}"
    return "equal"


def text() -> str:
    """The page."""
    out = io.StringIO()
    rows = "\n".join(f"| {r.title} | {came_in(r)} | {went_out(r)} |" for r in ROWS)
    older = "\n".join(
        f"| `{u.operator}` | {'any' if u.until > NEWEST else f'before {u.until}'} | {u.was} |" for u in UPGRADERS
    )
    limits = "\n".join(f"| {what} | {limit:,} |" for what, limit in LIMITS)
    out.write(PROSE.format(oldest=OLDEST, newest=NEWEST, rows=rows, older=older, limits=limits))
    return re.sub(r"[ \t]+\n", "\n", out.getvalue())


LIMITS = (
    ("members of an archive", Limits.members),
    ("bytes of a source file or pickle", Limits.module_bytes),
    ("growth of a compressed member, times", container.MAX_RATIO),
    ("values in a pickle, with shared ones counted each time", Limits.values),
    ("depth of lists, dicts and objects in a pickle", 2 * Limits.depth),
    ("bytes by which a tensor with strides of 0 is larger than its storage", Limits.expanded_bytes),
    ("depth of code", sources.MAX_NESTED),
    ("statements that are compiled", functions.MAX_STATEMENTS),
)

PROSE = """\
# TorchScript archives

`tsir.load` reads what `torch.jit.save` writes, and `save_torchscript` writes what `torch.jit.load` reads, in Python and in C++.
Neither needs torch. This page is written by `python -m tests.archive.torchscript.page`, which runs the programs of the table.

```python
m = tsir.load("torchscript.pt")  # also file objects, bytes, .ptl files; with extra files
m.save("ours.pt")  # tsir's own format
m.save_torchscript("torchscript.pt")  # for torch.jit.load
```

```sh
ts-translate model.pt --to=torchscript -o torchscript.pt
```

## What is kept

Each program is saved by the one and run by both. *In*: saved by torch.jit, loaded by tsir. *Out*: compiled by tsir, loaded by
torch.jit.

| program | in | out |
| --- | --- | --- |
{rows}

Shared storages, strided views and all dtypes but quantised ones are kept in both directions. What can't be expressed in
TorchScript is refused with the line of the program that has it. Operators that tsir hasn't raise NotImplementedError where they
stand in a branch, when the program takes it; elsewhere the archive is refused. Two things are other than in torch.jit: a list
or dict that is passed is the caller's own, not a copy; and an exception has its own class.

## What is written

TorchScript's operators are looked up when a program is written, so that `torch.jit.load` never meets one that it hasn't for such
operands. For what it has none the archive brings functions along: powers of ints, `round(x, n)`, texts of floats, f-strings with a
width or digits. Slices of lists are assigned to, tuples compared and joined, division by zero and numbers outside a function's domain
raise as in Python. `with` and `finally` are written with what they do when an exception passes; `except` can't be. Values of a class
that others are derived from, and functions as values, are of type Any there, and are asked for their class. Texts that TorchScript
writes in other words (of tensors, dicts, complex numbers, of texts and floats in lists) are refused, unless only the reader of a
message sees them. A few things are as TorchScript has them:

- A tuple of any length, a `torch.Size` and a `range` are lists, a dtype is an int, an exception is `torch.jit.Error`.
- Enums and objects can't be given to a Python process, or by it, that has no compiled class for them; C++ can.
- A value that nothing reads isn't computed, even if that would raise.
- An integer tensor without dimensions as an index gives a copy, where eager mode gives a view; a value that is assigned to an index
  can't have more dimensions than its place.
- `x ** n` of ints with a negative `n` raises ValueError.

## Versions

Archives of version {oldest} to {newest} are read: those of torch 1.4 to 2.13. What operators meant in older ones they mean still:

| operator | in archives of version | what it was |
| --- | --- | --- |
{older}

An archive for mobile devices (`.ptl`) is read when it carries code, as `_save_for_lite_interpreter` writes it; a flatbuffer has
bytecode alone and is refused. So are archives of torch before 1.4, and what `torch.save` has written.

## Archives of strangers

Nothing of an archive is executed when it is read: pickles go through a machine of few opcodes that builds numbers, texts, lists,
dicts, tuples, tensors and objects of the archive's own classes, and code is parsed and compiled. The one exception is a program's
own `__setstate__`, which runs as compiled code. Everything else is refused with one line, as is what passes these limits, which
`tsir.load(path, limits=tsir.Limits(...))` and `TSIR_LIMITS` change as for tsir's own archives (docs/archive.md):

| what | at most |
| --- | --- |
{limits}
"""


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
