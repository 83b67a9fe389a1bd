"""Random programs of views, in-place operators, containers, objects, branches, loops and calls, for the property tests of mutation.

A program is the source of a function, or of a module's `forward`, of tensors, an int, a list and a dict. Statements are chosen one
by one and tried with torch on every set of inputs, so that every program runs on the first one; one that raises there may only
stand last, and then the exception is what is compared. What a statement reads overlaps what it writes only where torch defines
the result.
"""

from __future__ import annotations

import itertools
import linecache
import random
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from tests.conformance.language import mutation_statements as table

HEADER = """\
import torch
from typing import Dict, List, Optional, Tuple
from torch import Tensor
from tests.conformance.language.mutation_callees import *


"""
PARAMETERS = "x: Tensor, y: Tensor, w: Tensor, n: int, l: List[Tensor], d: Dict[str, Tensor]"
PROLOGUES = {
    "list": ("l2 = [x * 1.0]",),
    "ints": ("li = [2, 0, 1]", "lj = li"),
    "object": ("box = Box(x.clone(), [y])", "other = box", "boxes = [box, Box(y, l)]"),
    "nested": ("ll = [[x + 1], l]", "dl = {'a': [y], 'b': l}", "pair = (x, l)", "opt: Optional[Tensor] = None"),
    "dict": ("d2 = {'a': y + 0.0}",),
}  # fmt: skip
RESULTS = {"list": "l2", "ints": "li, lj", "object": "box.t, box.l, box.n, other.t, other.l, [b.t for b in boxes]", "nested": "ll, dl, pair",
           "dict": "d2"}  # fmt: skip
ERRORS = (ArithmeticError, AttributeError, LookupError, NameError, NotImplementedError, RuntimeError, TypeError, ValueError)

_count = itertools.count()


def executed(text: str) -> dict[str, Any]:
    """The names that the program's text defines, with source that `inspect` finds."""
    name = f"<mutation program {next(_count)}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    scope: dict[str, Any] = {"__name__": "tests.conformance.language.mutation_callees"}
    exec(compile(text, name, "exec"), scope)
    return scope


@dataclass(frozen=True)
class Given:
    """One set of inputs: how the tensors lie in memory and share it, and the int."""

    kind: str
    n: int

    def make(self) -> list[Any]:
        """Small whole numbers, so that nothing depends on rounding."""
        generator = torch.Generator().manual_seed(self.n)

        def numbers(*shape: int) -> torch.Tensor:
            return torch.randint(-4, 5, shape, generator=generator).float()

        x, y, w = numbers(3, 3), numbers(3, 3), torch.tensor([0, 2])
        match self.kind:
            case "transposed":
                x, y = x.t(), y.t()
            case "strided":
                x, y = numbers(3, 7)[:, 1::2], numbers(6, 3)[::2]
            case "wide":
                x, y = numbers(4, 4), numbers(4, 4)
            case "rows":
                x, y = numbers(4, 3), numbers(4, 3)
            case "empty":
                x, y = numbers(0, 3), numbers(0, 3)
            case "one":
                x, y = numbers(1, 1), numbers(1, 1)
            case "scalar":
                x, y = numbers(), numbers()
            case "vector":
                x = numbers(3)
            case "cube":
                x = numbers(2, 3, 3)
            case "same":
                y = x
            case "overlapping":
                base = numbers(4, 3)
                x, y = base[:3], base[1:]
            case "viewed":
                y = x.t()
            case "expanded":
                x = numbers(1, 3).expand(3, 3)
            case "long":
                x, y = x.long(), y.long()
            case "double":
                x, y = x.double(), y.double()
            case "mixed":
                y = y.long()
            case "bool":
                x, y = x > 0, y > 0
            case "complex":
                x, y = torch.complex(x, y), torch.complex(y, x)
            case "uint8":
                x, y = x.abs().byte(), y.abs().byte()
            case _:
                pass
        match self.n % 3:
            case 0:
                l, d = [numbers(3, 3)], {"a": numbers(3, 3)}
            case 1:
                l, d = [x, y], {"a": x}
            case _:
                l, d = [x[:1] if x.dim() else x, numbers(3, 3), x], {"a": y, "b": x.t() if x.dim() < 3 else x}
        return [x, y, w, self.n, l, d]


KINDS = (
    "transposed", "strided", "wide", "rows", "empty", "one", "scalar", "vector", "cube", "same", "overlapping", "viewed", "expanded",
    "long", "double", "mixed", "bool", "complex", "uint8",
)  # fmt: skip
PLAIN = (Given("plain", 0), Given("plain", 1), Given("plain", 2), Given("plain", 3))


def same(a: Any, b: Any) -> bool:
    """Whether two nested values are equal, NaN to NaN."""
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.shape == b.shape and torch.equal(a.nan_to_num(), b.nan_to_num())
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return isinstance(b, list | tuple) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and bool(a == b)


@dataclass
class Program:
    """A program: its statements in order, each a string of lines."""

    parts: list[str]
    features: tuple[str, ...]
    is_module: bool = False
    watched: bool = False
    """Whether the values of all variables are kept after each statement."""
    givens: tuple[Given, ...] = PLAIN
    names: list[str] = field(default_factory=lambda: ["x", "y"])
    """The variables that are tensors."""
    lists: list[str] = field(default_factory=lambda: ["l"])
    raises: bool = False

    def text(self, parts: Sequence[str] | None = None) -> str:
        """The program's source; `f` or `M` is what it defines."""
        statements = [s for f in self.features for s in PROLOGUES[f]]
        defined = ["x", "y"]
        if self.watched:
            statements.append("seen: List[Tensor] = []")
        lists = ["l"]
        for part in self.parts if parts is None else parts:
            statements.append(part)
            target = re.match(r"(?:p_, )?([vm]\d+)(?:, q_)? = ", part)
            if target:
                (defined if target[1][0] == "v" else lists).append(target[1])
            if self.watched:
                statements.append(f"seen.extend([{', '.join(f'{v}.clone()' for v in defined)}])")
        results = [*defined, *lists, "d", "k", *(RESULTS[f] for f in self.features), *(["seen"] if self.watched else [])]
        statements += [f"return {', '.join(results)}"]
        body = "".join(f"    {line}\n" for s in ("k = 0", *statements) for line in s.split("\n"))
        if not self.is_module:
            return f"{HEADER}def f({PARAMETERS}):\n{body}"
        body = "".join(f"    {line}\n" for line in body.splitlines())
        return f"{HEADER}class M(Base):\n    def forward(self, {PARAMETERS}):\n{body}"

    def shown(self) -> str:
        """The program without its header."""
        text = self.text()
        return text[text.index("class M(" if self.is_module else "def f(") :]

    def eager(self, parts: Sequence[str] | None = None) -> Any:
        """The function, or a new module."""
        scope = executed(self.text(parts))
        return scope["M"]() if self.is_module else scope["f"]

    def outcomes(self, parts: list[str]) -> list[Any]:
        """For each set of inputs what torch gives with these statements: the exception, or all that can be seen."""
        function = self.eager(parts)
        found: list[Any] = []
        for given in self.givens:
            if self.is_module:
                function = type(function)()
            arguments = given.make()
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")  # such as `out=` of another shape
                    result = function(*arguments)
                    found.append((result, arguments, state_of(function)))
            except (*ERRORS, Warning) as error:
                found.append(error)
        return found


def state_of(module: Any) -> Any:
    """The attributes of a module of the programs; None for a function."""
    if not hasattr(module, "count"):
        return None
    return [module.b, module.c, list(module.s), dict(module.m), module.count]


class Generator:
    """Adds statements to a program."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        features = tuple(f for f in PROLOGUES if rng.random() < 0.3)
        givens = (*PLAIN[1 : rng.choice([2, 2, 4])], *(Given(k, n) for n, k in enumerate(rng.sample(KINDS, 2))))
        self.program = Program([], features, rng.random() < 0.25, rng.random() < 0.3, givens)
        self.fresh = 0

    def fill(self, template: str, name: str) -> str:
        """The template with its holes filled; `~` stands around what is only read."""
        pick, program = self.rng.choice, self.program
        tensors = program.names + (["self.b", "self.c"] if program.is_module else [])
        lists = program.lists + (["l2"] if "list" in program.features else [])
        local = [n for n in program.names if n not in ("x", "y")] or ["x"]
        known = {
            "a": pick(tensors), "b": f"~{pick(tensors)}~", "r": pick(local), "c": name, "L": pick(lists),
            "D": pick(["d", "d2"] if "dict" in program.features else ["d"]), "I": pick(["li", "lj"]), "d": pick(table.DIMENSIONS),
            "e": pick(table.DIMENSIONS), "k": pick(table.SMALL), "s": pick(table.NUMBERS), "i": self.index(),
        }  # fmt: skip
        return template.format(**known)

    def index(self) -> str:
        pick = self.rng.choice
        count = pick([1, 1, 2, 2, 3])
        return ", ".join(pick(table.SCALAR_INDICES if self.rng.random() < 0.4 else table.OTHER_INDICES) for _ in range(count))

    def statement(self) -> str:
        pick, rng, program = self.rng.choice, self.rng, self.program
        kinds = ["fresh", "view", "view", "view", "write", "write", "write", "write", "list", "dict", "flow", "flow", "defining"]
        kinds += [k for k in ("ints", "object", "nested", "module") if k in program.features or k == "module" and program.is_module] * 2
        kind = pick(kinds)
        name = f"{'m' if kind == 'list' else 'v'}{self.fresh}"
        match kind:
            case "fresh":
                return f"{name} = {self.fill(pick(table.FRESH), name).replace('~', '')}"
            case "view":
                return f"{name} = {self.fill(pick(table.VIEWS), name).replace('~', '')}"
            case "write":
                return self.fill(pick(table.WRITES + table.NAMED_WRITES), name)
            case "list":
                return self.fill(pick(table.LISTS + table.NEW_LISTS), name)
            case "defining":
                return self.fill(pick(table.DEFINING), name)
            case "module":
                return self.fill(pick(table.MODULE + table.MODULE_DEFINING), name)
            case "flow":
                return "\n".join(self.flow(0))
            case _:
                return self.fill(pick(self.templates(kind)), name)

    def templates(self, kind: str) -> tuple[str, ...]:
        return {"dict": table.DICTS, "ints": table.INTS, "object": table.OBJECTS, "nested": table.NESTED}[kind]

    def flow(self, depth: int) -> list[str]:
        pick, rng = self.rng.choice, self.rng
        head = self.fill(pick(table.HEADS), "").replace("~", "").split("\n")
        lines = [*head, *self.body("for" in head[0] and " i " in head[0], depth)]
        if head[0].startswith("if") and rng.random() < 0.5:
            lines += ["else:", *self.body(False, depth)]
        return lines

    def body(self, in_loop: bool, depth: int) -> list[str]:
        lines: list[str] = []
        for _ in range(self.rng.randint(1, 3)):
            if depth < 2 and self.rng.random() < 0.2:
                lines += self.flow(depth + 1)
            else:
                choices = self.rng.choice([table.WRITES, table.WRITES, table.REASSIGN, table.LISTS, table.DICTS])
                if in_loop and self.rng.random() < 0.4:
                    choices = table.IN_LOOPS
                elif self.program.is_module and self.rng.random() < 0.3:
                    choices = table.MODULE
                lines += self.fill(self.rng.choice(choices), "").split("\n")
        return ["    " + line for line in lines]

    def step(self) -> None:
        self.fresh += 1
        program = self.program
        marked = self.statement()
        statement = marked.replace("~", "")
        try:
            outcomes = program.outcomes([*program.parts, statement])
        except SyntaxError:
            return
        first = outcomes[0]
        if any(isinstance(o, Warning) for o in outcomes) or any(map(_has_huge, outcomes)):
            return
        if isinstance(first, Exception) and self.rng.random() > 0.05:
            return
        if "~" in marked:
            apart = program.outcomes([*program.parts, re.sub(r"~([\w.]+)~", r"\1.clone()", marked)])
            if not all(isinstance(a, Exception) or isinstance(b, Exception) or same(a, b) for a, b in zip(apart, outcomes, strict=True)):
                return  # torch reads what it has written already
        program.parts.append(statement)
        program.raises = isinstance(first, Exception)
        match = re.match(r"(?:p_, )?([vm]\d+)(?:, q_)? = ", statement)
        if match:
            (program.names if match[1][0] == "v" else program.lists).append(match[1])


def _has_huge(value: Any) -> bool:
    """Whether a tensor holds numbers that rounding makes differ, or is big."""
    if isinstance(value, torch.Tensor):
        if value.numel() > 2000:
            return True
        real = torch.view_as_real(value.resolve_conj()) if value.is_complex() else value
        return bool(real.is_floating_point() and (real.abs().nan_to_num(0, 0, 0) > 1e5).any())
    if isinstance(value, dict):
        return any(map(_has_huge, value.values()))
    return isinstance(value, list | tuple) and any(map(_has_huge, value))


def random_program(rng: random.Random, length: int = 10) -> Program:
    """A program of about that many statements."""
    generator = Generator(rng)
    for _ in range(4 * length):
        generator.step()
        if generator.program.raises or len(generator.program.parts) >= length:
            break
    return generator.program


def shrunk(program: Program, fails: Any) -> Program:
    """A program with as few statements and inputs as still make `fails` true."""
    for given in program.givens:
        alone = replace(program, givens=(given,))
        if fails(alone):
            program = alone
            break
    for feature in program.features:
        smaller = replace(program, features=tuple(f for f in program.features if f != feature))
        if fails(smaller):
            program = smaller
    for change in ({"watched": False}, {"is_module": False}):
        smaller = replace(program, **change)
        if fails(smaller):
            program = smaller
    changed = True
    while changed:
        changed = False
        for i in reversed(range(len(program.parts))):
            smaller = replace(program, parts=program.parts[:i] + program.parts[i + 1 :])
            if fails(smaller):
                program, changed = smaller, True
        for i, part in enumerate(program.parts):
            for lines in _shorter(part.split("\n")):
                smaller = replace(program, parts=[*program.parts[:i], "\n".join(lines), *program.parts[i + 1 :]])
                if fails(smaller):
                    program, changed = smaller, True
                    break
    return program


def _shorter(lines: list[str]) -> list[list[str]]:
    """The statement without one of its lines, or one of its blocks in its place."""
    if len(lines) < 2:
        return []
    found = [lines[:i] + lines[i + 1 :] for i in range(1, len(lines))]
    if all(line.startswith("    ") for line in lines[1:]):
        found.append([line[4:] for line in lines[1:]])
    return found
