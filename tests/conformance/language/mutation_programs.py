"""Random programs of views, in-place operators, containers, branches, loops and calls, for the property tests of mutation.

A program is the source of a function of four tensors, which may share memory, and an int. Statements are chosen one by one and
tried with torch, so that every program runs; one that raises may only stand last, and then the exception is what is compared.
What a statement reads overlaps what it writes only where torch defines the result.
"""

from __future__ import annotations

import random
import re
import warnings
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

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


def bump_twice(t: Tensor) -> Tensor:
    bump(t, 1.0)
    first = bump(t[0], 2.0)
    return first


def fill_all(rows: List[List[Tensor]], by: float) -> None:
    for row in rows:
        for t in row:
            t.fill_(by)
            break


def pair_of(t: Tensor) -> Tuple[Tensor, Tensor]:
    return t[0], t


def swapped(a: Tensor, b: Tensor) -> Tensor:
    old = a.clone()
    a.copy_(b)
    b.copy_(old)
    return a


"""

FRESH = (
    "{a} + 1.0", "{a} * {b}", "torch.relu({a})", "{a}.clone()", "-{a}", "{a}.sum(0)", "torch.cat([{a}, {b}])", "{a} @ {b}",
    "torch.zeros_like({a})", "torch.where({a} > 0.0, {a}, {b})", "{a}.contiguous().clone()", "torch.stack([{a}, {b}])",
    "{a}[w]",
    "{a} > 0.0", "{a}.long()", "{a}.to(torch.float64)", "{a}[:0]", "{a}.sum()", "torch.arange(3)", "torch.tensor(1)",
    "{a}[{b} > 0.0]",
    "torch.zeros(0, 3)", "{a}.cumsum(0)", "{a}.max(0)[0]", "torch.where({a} != 0.0)[0]", "{a}.nonzero()", "{a}.roll(1, 0)",
    "torch.einsum('ij,jk->ik', {a}, {b})", "{a}.masked_fill({b} > 0.0, 2.0)", "{a}.index_select(0, w)", "{a}.take(w)",
    "{a}.tril()",
    "{a}[{a} > 0.0]", "{a}.repeat(2, 1)", "{a}.sort(0)[0]", "{a}.flip(0)", "torch.zeros(3, 3)", "{a}.new_ones(3)",
)  # fmt: skip
VIEWS = (
    "{a}.view(-1)", "{a}.t()", "{a}[0]", "{a}[:, 1]", "{a}[1:]", "{a}[..., ::2]", "{a}[None]", "{a}.unsqueeze(0)",
    "{a}.transpose(0, 1)", "{a}.reshape(-1)", "{a}.expand(2, 3, 3)", "{a}.diagonal()", "{a}.narrow(0, 1, 2)",
    "{a}.chunk(2)[1]",
    "{a}.split(2)[0]", "{a}.unbind(1)[0]", "{a}.permute(1, 0)", "{a}.select(0, -1)", "{a}.squeeze()", "{a}.flatten()",
    "{a}.view_as({b})", "{a}.expand_as({b})", "{a}.detach()", "{a}.T", "{a}.unfold(0, 2, 2)", "{a}.movedim(0, 1)",
    "{a}.swapaxes(0, 1)", "{a}.unflatten(0, (1, -1))", "{a}.squeeze(0)", "{a}.view(3, -1)", "{a}.tensor_split(2)[0]",
    "{a}[:, None]",
    "{a}[..., 0]", "{a}[:, ::2]", "{a}.mT", "{a}.unsqueeze(-1)", "torch.broadcast_to({a}, (2, 3, 3))", "{a}.ravel()",
    "{a}.flatten(0, 1)",
    "torch.unbind({a})[1]", "torch.diagonal({a}, 1)", "{a}.expand(3, -1)", "{a}.select(1, n % 2)",
    "{a}.as_strided((2, 2), (1, 2))",
    "{a}.adjoint()", "{a}.real", "{a}.conj()", "torch.atleast_2d({a})", "{a}[::2, 1:]", "{a}.hsplit(3)[1]", "{a}[1:].t()[0]",
    "{a}.view({a}.shape)", "{a}.reshape(3, 3)", "{a}.t().contiguous()", "{a}.t().reshape(-1)", "{a}.view(-1)[2:7].view(-1)",
    "{a}[torch.tensor(1)]", "{a}[:, torch.tensor(-1)]", "{a}.narrow(-1, 0, 1)", "{a}.chunk(3, 1)[n % 2]", "pair_of({a})[1]",
    "torch.as_tensor({a})", "{a}.type_as({b})", "{a}.to({b}.dtype)", "{a}.float()", "{a}.vsplit(3)[0]",
    "{a} if n > 1 else {a}.t()", "{a}[n % 2]", "{a}[-1, 1:]", "{a}.contiguous()", "{a}.to(torch.float32)", "{a}",
)  # fmt: skip
WRITES = (
    "{a}.add_(1.0)", "{a}.mul_({b})", "{a}.relu_()", "{a}.fill_(2.0)", "{a}.copy_({b})", "{a}[0] = 3.0", "{a}[:, 1] = 0.5",
    "{a} += {b}", "{a} -= 0.5", "{a}.zero_()", "{a}[..., ::2] += 1.0", "{a}[{a} > 0.5] = -1.0",
    "{a}.masked_fill_({b} > 0.0, 7.0)",
    "{a}.index_add_(0, w, torch.ones(2, 3))", "{a}.scatter_(0, torch.zeros(1, 3, dtype=torch.long), 9.0)", "{a}[w] = 4.0",
    "{a}.index_put_([w], torch.ones(3))", "{a}[1] = {b}[0]", "{a}[n % 2] = 8.0", "{a}[0, 1] = 5.0", "{a}[0][1:] = -2.0",
    "{a}[1:] = {b}[:-1]", "{a}.clamp_(-3.0, 3.0)", "{a}.neg_()", "{a}.sub_({b}, alpha=2.0)", "{a}.index_fill_(0, w, 6.0)",
    "torch.add({b}, 1.0, out={a})", "torch.mul({b}, {b}, out={a})", "{a}.t().add_(1.0)",
    "{a}.diagonal().fill_(1.5)", "{a}[{a} < 0.0] *= 2.0",
    "{a}[:, 0].add_({b}[0])", "{a}.view(-1)[2] = 11.0", "{a} *= {b}[0]", "{a}[w, 1] = 0.25", "{a}[:2, 1:] -= 1.0",
    "{a}.tril_()",
    "{a}.addcmul_({b}, {b}, value=0.5)", "{a}.lerp_({b}, 0.5)", "{a}.masked_scatter_({b} > 0.0, torch.ones(9))",
    "{a}.addmm_({b}, {b})",
    "{a}.index_copy_(0, w, torch.ones(2, 3))", "{a}.scatter_add_(0, torch.zeros(1, 3, dtype=torch.long), {b}[:1])",
    "{a}.clamp_min_(0.0)",
    "{a}.scatter_(1, torch.tensor([[0], [2], [1]]), {b})", "{a}.put_(w, torch.tensor([5.0, 6.0]))",
    "{a}.fill_diagonal_(4.0)", "{a}.pow_(2)",
    "{a}.div_(2.0, rounding_mode='floor')", "{a}.remainder_(2.0)", "{a}.sign_()", "{a}.round_()", "{a}.triu_(1)",
    "{a}.cumprod_(0)",
    "{a}.logical_not_()", "{a}.abs_()", "{a}.add_({b}[0, 0])", "{a}.mul_(n)",
    "{a}[{b} > 0.0] = {b}[{b} > 0.0]", "{a}[0, w] = {b}[0, w]", "{a}[None] = 0.0", "{a}[..., 1] *= 2.0", "{a}[w] += 1.0",
    "{a}[:, w] -= {b}[:, w]", "{a}[::2, 1:] = {b}[::2, 1:]", "{a}.copy_({b}.t())", "{a}[...] = {b}", "{a}[:] = {b}[0]",
    "{a}[w, w] *= 3.0", "{a}[[0, 1], [1, 2]] = 1.5", "{a}[torch.tensor(1)][0] = 5.0", "{a}[torch.tensor(0)] = {b}[1]",
    "{a}[0][1] += 1.0",
    "torch.cumsum({b}, 0, out={a})", "torch.matmul({b}, {b}, out={a})", "torch.sum({b}, 0, out={a}[0])",
    "torch.clamp({b}, 0.0, 1.0, out={a})",
    "torch.neg({b}, out={a}.t())", "torch.cat([{b}[:1], {b}[1:]], out={a})", "{a}.transpose(0, 1)[0].fill_(0.75)",
    "{a}[:0] = 1.0",
    "{a}[:0].add_(1.0)", "{a} //= 2.0", "{a} **= 2", "{a} /= 2.0", "{a} %= 3.0", "{a} |= {b}", "{a} &= {b}", "{a} @= {b}",
    "{a} -= {b}.t()",
    "{a}.view(-1).index_fill_(0, w, 0.5)", "{a}.reshape(-1)[4] = 9.0", "{a}.ravel().mul_(0.5)", "{a}.unbind(0)[1].zero_()",
    "{a}.flatten()[1:3] = 6.0", "{a}.chunk(3)[1].add_({b}[0])", "bump_twice({a})", "pair_of({a})[0].mul_(2.0)",
    "swapped({a}, {b})",
    "swapped({a}[0], {b}[1])", "{a}.sort(0)[0].add_(1.0)", "torch.relu_({a})", "torch.nn.functional.relu({a}, inplace=True)",
    "torch.nn.functional.dropout({a}, 0.5, False, True).add_(1.0)", "{a}.expand_as({a}).mul_(2.0)",
    "{a}.contiguous().add_(1.0)",
    "{a}.float().sub_(1.0)", "{a}.index_put_((w, w), torch.ones(2), accumulate=True)",
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
    "d['a'].add_(1.0)", "d['b'] = {a}[0]", "clear_first(d)", "{c} = d['a'][0]", "d['a'] += 1.0",
    "l2 = [{a}, {b}]\nl2[0].add_(1.0)",
    "t2 = ({a}, {b})\nt2[1].mul_(0.5)", "p, q = {a}.split(1)[0], {b}\np.add_(0.25)", "d.update({{'c': {a}}})",
    "l = l + [{a}]",
    "ll = [[{a}, {b}], [{a}[0]]]\nll[0][0].add_(1.0)\nll[1][0].mul_(2.0)\n{c} = ll[0][1]",
    "fill_all([[{a}[0]], [{b}[1], {a}]], 0.5)",
    "dl = {{'k': [{a}]}}\ndl['k'].append({b})\ndl['k'][-1].add_(1.0)\nl = dl['k']", "l.append(l[0][0])",
    "l[-1], l[0] = l[0], l[-1]",
    "t3 = (l, {a})\nt3[0].append({b})\nt3[1].sub_(1.0)", "{c} = [t * 1.0 for t in l][-1]", "l2 = l\nl2.append({a})",
    "l2 = list(l)\nl2.append({a})",
    "for i in range(len(l)):\n    l[i] = l[i] + 1.0", "for e in l:\n    e = e + 1.0",
    "for e in l:\n    if e.dim() == 0:\n        continue\n    e[0] = 2.0",
    "for e in l:\n    if e.dim() < 2:\n        break\n    e.mul_(0.5)", "for a_, b_ in zip(l, {a}):\n    b_.add_(1.0)",
    "d['c'] = d.pop('a')\nd['a'] = {a}",
    "for k_, v_ in d.items():\n    v_.mul_(0.5)", "(p1, q1), r1 = ({a}, {b}), l[0]\nq1.add_(0.5)\nr1.sub_(0.5)",
    "first, *others = {a}\nothers[-1].zero_()",
    "def add_all(by: float):\n    for e in l:\n        e.add_(by)\nadd_all(1.0)",
    "g = lambda t: t.mul_(2.0)\ng({a})\n{c} = g({b}[0])",
    "def change():\n    {a}[0] = 4.0\n    return {a}[1]\n{c} = change()", "l += [{a}]", "l *= 2", "l[0] *= 2.0",
    "l[0][0] = 1.0", "l[:] = [{b}]",
    "{c} = sorted(l, key=lambda t: float(t.sum()))[0]", "{c}, = {a}.split(3)[:1]", "{c} = max([{a}.sum(), {b}.sum()])",
    "l = [*l, {a}]",
    "for e in l:\n    e.add_(0.125)", "for e in {a}:\n    e.mul_(2.0)", "for i, e in enumerate(l):\n    e[0] = float(i)",
    "l = [e * 0.5 for e in l]", "del l[0]", "l[1:] = [{a}]", "for k in d.keys():\n    d[k].add_(0.5)",
)  # fmt: skip
HEADS = (
    "if n > 1:", "if bool({a}.sum() > 4.0):", "for i in range(n):", "for i in range(2):", "while k < n:\n    k += 1",
    "for i in range(1, 3):", "if len(l) > 2:", "if {a}.size(0) > 2:", "for i, e in enumerate(l[:2]):",
    "if {a}.dtype == torch.float32:",
    "if n > 0 and {a}.dim() == 2:", "for i in range(n):\n    k += i",
)  # fmt: skip
BODIES = (
    "{a}[i % 2] = float(i)",
    "{a}[i % 2] += {b}[0]",
    "{a}[i % 2, :2] = {b}[0, :2]",
    "{a} = {a} * 0.5",
    "{a} = {a}[0]",
    "{a} = {b}",
    "if {a}.dim() == 0:\n    break",
    "if i == 1:\n    continue",
    "if bool({a}.sum() > 3.0):\n    break",
    "{a}[i % 2].add_(1.0)",
    "{a} = {a}.t()",
    "l.append({a}[i % 2])",
)


class ContiguousResults(TorchFunctionMode):
    """torch, but for one thing: what isn't a view is contiguous.

    torch gives `x.t() * 2.0` the strides of `x.t()`, so that `flatten` of it is a copy. tsir's results are always contiguous.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        given = {t.untyped_storage().data_ptr() for t in _tensors((args, kwargs))}
        return _laid_out(result, given)


def _tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [t for part in parts for t in _tensors(part)]


def _laid_out(result: Any, given: set[int]) -> Any:
    if isinstance(result, torch.Tensor):
        return result if result.untyped_storage().data_ptr() in given else result.contiguous()
    if type(result) in (list, tuple) or type(result).__module__ == "torch.return_types":
        return tuple(_laid_out(r, given) for r in result)
    return result


def compiled(text: str) -> Any:
    """The program as a plain Python function."""
    scope: dict[str, Any] = {}
    exec(compile(text, "<program>", "exec"), scope)
    return scope["f"]


def inputs(seed: int) -> list[torch.Tensor]:
    ""
    "Small whole numbers, so that nothing depends on rounding. The third tensor is none of the others, one's view, or one itself."
    ""
    generator = torch.Generator().manual_seed(seed)
    x, y, z = (torch.randint(-4, 5, (3, 3), generator=generator).float() for _ in range(3))
    return [x, y, {0: z, 1: x.t(), 3: y}[seed], torch.tensor([0, 2])]


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
    names: list[str] = field(default_factory=lambda: ["x", "y", "z"])
    lines: list[str] = field(default_factory=lambda: ["l = [x * 1.0]", "d = {'a': y + 0.0}", "k = 0"])
    raises: bool = False
    fresh: int = 0

    def text(self, extra: list[str] | None = None) -> str:
        body = "".join(f"    {line}\n" for part in (*self.lines, *(extra or ())) for line in part.split("\n"))
        live = "".join(f"{n}, " for n in self.names)
        return f"{HEADER}def f(x: Tensor, y: Tensor, z: Tensor, w: Tensor, n: int):\n{body}    return ({live}l, d, k)\n"

    def outcome(self, extra: list[str]) -> tuple[type[Exception] | None, list[Any]]:
        """What torch raises with these lines added, for any n, and what it gives."""
        try:
            function = compiled(self.text(extra))
        except SyntaxError as error:
            return type(error), []
        results: list[Any] = []
        for n in (0, 1, 3):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")  # such as `out=` of another shape
                    arguments = inputs(n)
                    with ContiguousResults():
                        results.append(function(*arguments, n))
            except (
                ArithmeticError,
                AttributeError,
                LookupError,
                NameError,
                RuntimeError,
                TypeError,
                ValueError,
                Warning,
            ) as error:
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
        choices = WRITES + (BODIES if head.startswith("for i") else BODIES[3:6])
        body = [self.fill(pick(choices)) for _ in range(self.rng.randint(1, 3))]
        lines = [head, *("    " + line for part in body for line in part.split("\n"))]
        if head.startswith("if") and self.rng.random() < 0.5:
            lines += ["else:", "    " + self.fill(pick(choices[: len(WRITES)] + BODIES[3:6]))]
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
