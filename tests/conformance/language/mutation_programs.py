"""Random programs of views, in-place operators, containers, branches, loops and calls, for the property tests of mutation.

A program is the source of a function of three tensors and an int. Statements are chosen one by one and tried with torch, so
that every program runs; one that raises may only stand last, and then the exception is what is compared. What a statement reads
overlaps what it writes only where torch defines the result.
"""

from __future__ import annotations

import random
import re
import warnings
from dataclasses import dataclass, field
from typing import Any

import torch

HEADER = """\
import torch
from typing import Dict, List, Tuple
from torch import Tensor


def bump(t: Tensor, by: float) -> Tensor:
    t.add_(by)
    return t


def halved_row(t: Tensor) -> Tensor:
    row = t[0]
    row *= 0.5
    return row


def push(l: List[Tensor], t: Tensor) -> None:
    l.append(t)
    l[0] = t


def clear_first(d: Dict[str, Tensor]) -> Tensor:
    t = d["a"]
    t.zero_()
    return t


"""

FRESH = (
    "{a} + 1.0", "{a} * {b}", "torch.relu({a})", "{a}.clone()", "-{a}", "{a}.sum(0)", "torch.cat([{a}, {b}])", "{a} @ {b}",
    "torch.zeros_like({a})", "torch.where({a} > 0.0, {a}, {b})", "{a}.contiguous().clone()", "torch.stack([{a}, {b}])", "{a}[w]",
    "{a}[{a} > 0.0]", "{a}.repeat(2, 1)", "{a}.sort(0)[0]", "{a}.flip(0)", "torch.zeros(3, 3)", "{a}.new_ones(3)",
)  # fmt: skip
VIEWS = (
    "{a}.view(-1)", "{a}.t()", "{a}[0]", "{a}[:, 1]", "{a}[1:]", "{a}[..., ::2]", "{a}[None]", "{a}.unsqueeze(0)",
    "{a}.transpose(0, 1)", "{a}.reshape(-1)", "{a}.expand(2, 3, 3)", "{a}.diagonal()", "{a}.narrow(0, 1, 2)", "{a}.chunk(2)[1]",
    "{a}.split(2)[0]", "{a}.unbind(1)[0]", "{a}.permute(1, 0)", "{a}.select(0, -1)", "{a}.squeeze()", "{a}.flatten()",
    "{a}.view_as({b})", "{a}.expand_as({b})", "{a}.detach()", "{a}.T", "{a}.unfold(0, 2, 2)", "{a}.movedim(0, 1)",
    "{a}[n % 2]", "{a}[-1, 1:]", "{a}.contiguous()", "{a}.to(torch.float32)", "{a}",
)  # fmt: skip
WRITES = (
    "{a}.add_(1.0)", "{a}.mul_({b})", "{a}.relu_()", "{a}.fill_(2.0)", "{a}.copy_({b})", "{a}[0] = 3.0", "{a}[:, 1] = 0.5",
    "{a} += {b}", "{a} -= 0.5", "{a}.zero_()", "{a}[..., ::2] += 1.0", "{a}[{a} > 0.5] = -1.0", "{a}.masked_fill_({b} > 0.0, 7.0)",
    "{a}.index_add_(0, w, torch.ones(2, 3))", "{a}.scatter_(0, torch.zeros(1, 3, dtype=torch.long), 9.0)", "{a}[w] = 4.0",
    "{a}.index_put_([w], torch.ones(3))", "{a}[1] = {b}[0]", "{a}[n % 2] = 8.0", "{a}[0, 1] = 5.0", "{a}[0][1:] = -2.0",
    "{a}[1:] = {b}[:-1]", "{a}.clamp_(-3.0, 3.0)", "{a}.neg_()", "{a}.sub_({b}, alpha=2.0)", "{a}.index_fill_(0, w, 6.0)",
    "torch.add({b}, 1.0, out={a})", "torch.mul({b}, {b}, out={a})", "{a}.t().add_(1.0)",
    "{a}.diagonal().fill_(1.5)", "{a}[{a} < 0.0] *= 2.0",
    "{a}[:, 0].add_({b}[0])", "{a}.view(-1)[2] = 11.0", "{a} *= {b}[0]", "{a}[w, 1] = 0.25", "{a}[:2, 1:] -= 1.0", "{a}.tril_()",
    "{a}[-1] += {b}[0]", "{a}.unsqueeze(0)[0, 1] = 2.5", "bump({a}, 0.5)", "halved_row({a})", "bump({a}[1], 2.0)",
    "{a}[0], {a}[1] = {b}[1] + 0.0, {b}[0] + 0.0", "{a}.cumsum_(0)", "{a}.expand(2, 3, 3)[1].add_(1.0)",
)  # fmt: skip
NAMED_WRITES = ("{c} = {a}.mul_(0.5)", "{c} = bump({a}, 1.0)", "{c} = halved_row({a})", "{c} = {a}[0].add_(1.0)")
CONTAINERS = (
    "l.append({a})", "{c} = l[0]", "l[0] += 1.0", "{c} = torch.stack([l[0], l[-1]]).sum(0)", "l[0] = {a}",
    "l.pop()",
    "push(l, {a})",
    "{c} = l[-1].view(-1)", "l.insert(0, {a})", "l.extend([{a}, {b}])", "l.reverse()", "l[-1].mul_(0.5)", "d['a'] = {a}",
    "{c} = d['a']",
    "d['a'].add_(1.0)", "d['b'] = {a}[0]", "clear_first(d)", "{c} = d['a'][0]", "d['a'] += 1.0", "l2 = [{a}, {b}]\nl2[0].add_(1.0)",
    "t2 = ({a}, {b})\nt2[1].mul_(0.5)", "p, q = {a}.split(1)[0], {b}\np.add_(0.25)", "d.update({{'c': {a}}})", "l = l + [{a}]",
    "for e in l:\n    e.add_(0.125)", "for e in {a}:\n    e.mul_(2.0)", "for i, e in enumerate(l):\n    e[0] = float(i)",
    "l = [e * 0.5 for e in l]", "del l[0]", "l[1:] = [{a}]", "for k in d.keys():\n    d[k].add_(0.5)",
)  # fmt: skip
HEADS = (
    "if n > 1:", "if bool({a}.sum() > 4.0):", "for i in range(n):", "for i in range(2):", "while k < n:\n    k += 1",
    "for i in range(1, 3):", "if len(l) > 2:", "if {a}.size(0) > 2:",
)  # fmt: skip
BODIES = (
    "{a}[i % 2] = float(i)",
    "{a}[i % 2] += {b}[0]",
    "{a}[i % 2, :2] = {b}[0, :2]",
    "{a} = {a} * 0.5",
    "{a} = {a}[0]",
    "{a} = {b}",
)


def compiled(text: str) -> Any:
    """The program as a plain Python function."""
    scope: dict[str, Any] = {}
    exec(compile(text, "<program>", "exec"), scope)
    return scope["f"]


def inputs(seed: int) -> list[torch.Tensor]:
    """Small whole numbers, so that nothing depends on rounding."""
    generator = torch.Generator().manual_seed(seed)
    made = [torch.randint(-4, 5, (3, 3), generator=generator).float() for _ in range(2)]
    return [*made, torch.tensor([0, 2])]


def same(a: Any, b: Any) -> bool:
    """Whether two nested values are equal, NaN to NaN."""
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.shape == b.shape and torch.equal(a.nan_to_num(), b.nan_to_num())
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


@dataclass
class Program:
    """A program being made."""

    rng: random.Random
    names: list[str] = field(default_factory=lambda: ["x", "y"])
    lines: list[str] = field(default_factory=lambda: ["l = [x * 1.0]", "d = {'a': y + 0.0}", "k = 0"])
    raises: bool = False
    fresh: int = 0

    def text(self, extra: list[str] | None = None) -> str:
        body = "".join(f"    {line}\n" for part in (*self.lines, *(extra or ())) for line in part.split("\n"))
        live = "".join(f"{n}, " for n in self.names)
        return f"{HEADER}def f(x: Tensor, y: Tensor, w: Tensor, n: int):\n{body}    return ({live}l, d, k)\n"

    def outcome(self, extra: list[str]) -> tuple[type[Exception] | None, list[Any]]:
        """What torch raises with these lines added, for any n, and what it gives."""
        function = compiled(self.text(extra))
        results: list[Any] = []
        for n in (0, 1, 3):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")  # such as `out=` of another shape
                    results.append(function(*inputs(n), n))
            except (ArithmeticError, LookupError, NameError, RuntimeError, TypeError, ValueError, Warning) as error:
                return type(error), results
        return None, results

    def fill(self, template: str) -> str:
        """The template with names for its holes; `~` stands before what is only read."""
        a, b = self.rng.choice(self.names), self.rng.choice(self.names)
        return template.format(a=a, b=b if template in FRESH + VIEWS else f"~{b}~", c=f"v{self.fresh}")

    def statement(self) -> list[str]:
        pick = self.rng.choice
        kind = pick(["fresh", "view", "view", "write", "write", "write", "container", "container", "flow", "flow"])
        if kind == "fresh":
            return [f"v{self.fresh} = {self.fill(pick(FRESH))}"]
        if kind == "view":
            return [f"v{self.fresh} = {self.fill(pick(VIEWS))}"]
        if kind == "write":
            return [self.fill(pick(WRITES + NAMED_WRITES))]
        if kind == "container":
            return [self.fill(pick(CONTAINERS))]
        head = self.fill(pick(HEADS))
        choices = WRITES + (BODIES if head.startswith("for") else BODIES[3:])
        body = [self.fill(pick(choices)) for _ in range(self.rng.randint(1, 3))]
        lines = [head, *("    " + line for line in body)]
        if head.startswith("if") and self.rng.random() < 0.5:
            lines += ["else:", "    " + self.fill(pick(choices[: len(WRITES)] + BODIES[3:]))]
        return lines

    def step(self) -> None:
        self.fresh += 1
        marked = self.statement()
        lines = [line.replace("~", "") for line in marked]
        error, results = self.outcome(lines)
        if error is not None and not (error is RuntimeError and self.rng.random() < 0.1):
            return
        if error is None and any("~" in line for line in marked):
            apart = [re.sub(r"~(\w+)~", r"\1.clone()", line) for line in marked]
            if not same(self.outcome(apart)[1], results):
                return  # torch reads what it has written already
        self.lines += lines
        self.raises = error is not None
        name = f"v{self.fresh}"
        if lines[0].startswith(f"{name} = "):
            self.names.append(name)


def random_program(rng: random.Random, length: int = 12) -> Program:
    """A program of about that many statements."""
    program = Program(rng)
    for _ in range(3 * length):
        program.step()
        if program.raises or len(program.lines) >= length + 3:
            break
    return program
