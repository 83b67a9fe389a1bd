"""Random programs of views, in-place operators, containers, objects, modules, branches, loops and calls, for the tests of mutation.

A program is the source of a function of four tensors, which may share memory, a list, a dict and an int, or of a module whose
`forward` takes them. Statements are chosen one by one and tried with torch, so that every program runs; one that raises may only
stand last, and then the exception is what is compared. What a statement reads overlaps what it writes only where torch defines
the result. The program returns all of its variables; `mutation_forms` has what else is seen of them.
"""

from __future__ import annotations

import random
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from tests.conformance.language.mutation_statements import (
    BODIES,
    CONTAINERS,
    FRESH,
    HEADER,
    HEADS,
    MODULE,
    MORE,
    NAMED_WRITES,
    OBJECTS,
    RAISING,
    SAME,
    SELF,
    VIEWS,
    WRITES,
)

READERS = frozenset((*FRESH, *VIEWS, *SAME))
"""Templates that only read their tensors, which may overlap."""

NUMBERS = (0, 1, 3)
"""What programs are called with: the last argument, and the seed of the others."""

CHECKED = frozenset(
    ("index_put_", "index_add_", "index_fill_", "index_copy_", "index_reduce_", "scatter_", "scatter_add_", "put_")
)
"""Operators that find a wrong index while they write."""


class CheckedWrites(TorchFunctionMode):
    """torch, but nothing is written where an index is wrong."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.__name__ in CHECKED or (func.__name__ == "__setitem__" and isinstance(args[1], torch.Tensor | list | tuple)):
            func(args[0].clone(), *args[1:], **(kwargs or {}))
        return func(*args, **(kwargs or {}))


def compiled(text: str) -> Any:
    """The program as a plain Python function, or as a new module."""
    scope: dict[str, Any] = {}
    exec(compile(text, "<program>", "exec"), scope)
    return scope["M"]() if "M" in scope else scope["f"]


def inputs(seed: int, dtype: torch.dtype = torch.float32) -> list[Any]:
    """Small whole numbers, so that nothing depends on rounding. With another seed, other tensors share memory.

    The first tensor is laid out in rows, or with gaps, or in columns; the third is none of the others, one's view, or one itself.
    """
    generator = torch.Generator().manual_seed(seed)
    x, y, z, p, q = (torch.randint(-4, 5, (3, 3), generator=generator).to(dtype) for _ in range(5))
    if seed == 3:
        x = torch.randint(-4, 5, (3, 6), generator=generator).to(dtype)[:, ::2]
    z = {0: z, 1: x.t(), 3: y}[seed]
    return [
        x,
        y,
        z,
        torch.tensor([0, 2]),
        [p, {0: q, 1: x, 3: y[0]}[seed]],
        {"a": q, "b": {0: p, 1: y, 3: x[1:]}[seed]},
        [],
        [],
    ]


def same(a: Any, b: Any) -> bool:
    """Whether two nested values are equal, NaN to NaN."""
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.shape == b.shape and torch.equal(a.nan_to_num(), b.nan_to_num())
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


@dataclass(frozen=True)
class Outcome:
    """What a call raised, and everything that can be seen after it."""

    error: Exception | None
    state: Any

    def reads_written(self, apart: Outcome) -> bool:
        """Whether torch reads what it has written already, which gives anything, where `apart` is of copies that are read."""
        if "unsupported operation" in str(self.error):
            return False
        return type(self.error) is not type(apart.error) or not same(self.state, apart.state)


@dataclass
class Program:
    """A program being made."""

    rng: random.Random
    has_objects: bool = field(init=False)
    is_module: bool = field(init=False)
    dtype: torch.dtype = field(init=False)
    names: list[str] = field(default_factory=lambda: ["x", "y", "z"])
    """Tensors: variables, and places in objects and containers."""
    lists: list[str] = field(default_factory=lambda: ["l"])
    dicts: list[str] = field(default_factory=lambda: ["d"])
    lines: list[str] = field(default_factory=lambda: ["k = 0"])
    raises: bool = False
    fresh: int = 0

    def __post_init__(self) -> None:
        pick = self.rng.choice
        self.is_module, self.has_objects = pick([False, False, True]), pick([False, False, True])
        self.dtype = pick([torch.float32] * 6 + [torch.float64, torch.int64])
        if pick([False, True]):
            self.lines += ["l = [x * 1]", "d = {'a': y + 0}"]
        if self.has_objects:
            self.lines += ["o = Box(x, y * 1)"]
            self.names += ["o.t", "o.held[0]"]
            self.lists += ["o.held"]
        if self.is_module:
            self.names += ["self.buf", "self.t", "self.child.state", "self.held[0]", "self.table['a']"]
            self.lists += ["self.held"]
            self.dicts += ["self.table"]

    def text(self, extra: Sequence[str] = ()) -> str:
        """The source of the whole program."""
        indent = "        " if self.is_module else "    "
        live = [n for n in self.names if n.isidentifier()]
        rest = ["o.t", "o.held", "o.count"] if self.has_objects else []
        lines = [*self.lines, *extra, f"return ({''.join(f'{n}, ' for n in (*live, 'w', *rest, 'l', 'd', 'k'))})"]
        body = "".join(f"{indent}{line}\n" for part in lines for line in part.split("\n"))
        header = f"{HEADER}DTYPE = {self.dtype}\n\n\n"
        parameters = "x: Tensor, y: Tensor, z: Tensor, w: Tensor, l: List[Tensor], d: Dict[str, Tensor], "
        parameters += "log: List[Tensor], counts: List[int], n: int"
        if self.is_module:
            return f"{header}{MODULE}    def forward(self, {parameters}):\n{body}"
        return f"{header}def f({parameters}):\n{body}"

    def outcomes(self, extra: Sequence[str]) -> list[Outcome]:
        """What becomes of the program in torch with these lines added, for several n."""
        found = list[Outcome]()
        try:
            function = compiled(self.text(extra))
        except SyntaxError as error:
            return [Outcome(error, None)]
        for n in NUMBERS:
            arguments, result, raised = inputs(n, self.dtype), None, None
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")  # such as `out=` of another shape
                try:
                    with CheckedWrites():
                        result = function(*arguments, n)
                except (
                    ArithmeticError,
                    AttributeError,
                    LookupError,
                    NameError,
                    RuntimeError,
                    TypeError,
                    ValueError,
                ) as error:
                    raised = error
            states = [v for _, v in state_of(function)] if self.is_module else []
            found.append(Outcome(UserWarning() if warned else raised, [result, arguments, states]))
        return found

    def fill(self, template: str) -> str:
        """The template with names for its holes; `~` stands around what is only read."""
        pick = self.rng.choice
        a, b = pick(self.names), pick(self.names)
        read = b if template in READERS else f"~{b}~"
        return template.format(a=a, b=read, c=f"v{self.fresh}", l=pick(self.lists), d=pick(self.dicts), o="o")

    def statement(self) -> list[str]:
        """One statement, as lines."""
        pick = self.rng.choice
        kinds = [
            "fresh",
            "view",
            "view",
            "same",
            "write",
            "write",
            "write",
            "container",
            "more",
            "more",
            "flow",
            "flow",
            "flow",
        ]
        kinds += ["object"] * 4 if self.has_objects else []
        kinds += ["self"] * 4 if self.is_module else []
        match pick(kinds):
            case "fresh":
                return [f"v{self.fresh} = {self.fill(pick(FRESH))}"]
            case "view":
                return [f"v{self.fresh} = {self.fill(pick(VIEWS))}"]
            case "same":
                return [f"v{self.fresh} = {self.fill(pick(SAME))}"]
            case "write":
                return [self.fill(pick(WRITES + NAMED_WRITES))]
            case "flow":
                return self.flow(self.rng.randint(1, 2))
            case kind:
                return [self.fill(pick({"container": CONTAINERS, "more": MORE, "object": OBJECTS, "self": SELF}[kind]))]

    def flow(self, depth: int) -> list[str]:
        """A branch, a loop or a `try`."""
        pick = self.rng.choice
        if self.rng.random() < 0.2:
            caught = pick(["RuntimeError", "(IndexError, KeyError)", "Exception", "ValueError", "ZeroDivisionError"])
            lines = ["try:", *self.body(depth, WRITES), *(["    " + self.fill(pick(RAISING))] * self.rng.randint(0, 1))]
            lines += [f"except {caught}:", "    k += 1", *self.body(0, WRITES)]
            return lines + (["finally:", *self.body(0, WRITES)] if self.rng.random() < 0.3 else [])
        head = self.fill(pick(HEADS))
        lines = [*head.split("\n"), *self.body(depth, WRITES + (BODIES if head.startswith("for i") else BODIES[3:6]))]
        if head.startswith(("if", "for")) and self.rng.random() < 0.4:
            lines += ["else:", *self.body(0, WRITES + BODIES[3:6])]
        return lines

    def body(self, depth: int, choices: tuple[str, ...]) -> list[str]:
        """What stands below a head."""
        pick, lines = self.rng.choice, list[str]()
        others = (CONTAINERS, MORE, *([OBJECTS] if self.has_objects else []), *([SELF] if self.is_module else []))
        for _ in range(self.rng.randint(1, 3)):
            if depth > 1 and self.rng.random() < 0.4:
                lines += self.flow(depth - 1)
            else:
                lines += self.fill(pick(choices if self.rng.random() < 0.6 else pick(others))).split("\n")
        return ["    " + line for line in lines]

    def step(self) -> None:
        """Adds a statement, if torch runs it."""
        self.fresh += 1
        marked = "\n".join(self.statement()).split("\n")
        lines = [line.replace("~", "") for line in marked]
        found = self.outcomes(lines)
        errors = {type(o.error) for o in found if o.error is not None}
        if errors and not (errors <= {RuntimeError, IndexError, KeyError} and self.rng.random() < 0.06):
            return
        apart = [re.sub(r"~([^~]+)~", r"\1.clone()", line) for line in marked]
        if apart != lines and any(o.reads_written(a) for o, a in zip(found, self.outcomes(apart), strict=True)):
            return
        self.lines += lines
        self.raises = bool(errors)
        name = f"v{self.fresh}"
        if any(line.startswith((f"{name} = ", f"{name}, = ")) for line in lines):
            self.names.append(name)


def state_of(module: Any, where: str = "self") -> list[tuple[str, Any]]:
    """What a module of these programs holds, with names."""
    names = ("buf", "weight", "t", "held", "table", "count")
    return [*((f"{where}.{n}", getattr(module, n)) for n in names), (f"{where}.child.state", module.child.state)]


def random_program(rng: random.Random, length: int = 12) -> Program:
    """A program of about that many statements."""
    program = Program(rng)
    started = len(program.lines)
    for _ in range(3 * length):
        program.step()
        if program.raises or len(program.lines) >= length + started:
            break
    return program
