"""Random programs of the language without tensors: control flow, containers, exceptions, functions, closures and objects.

A program is the source of a function `f` of one value of each common type and a list that it writes notes to. Variables keep
their types and are read only where they are set on every path, as TorchScript's typing wants it. A program is a list of lines
with its variables; blocks are made by recursion. What it raises is part of what is compared.
"""

from __future__ import annotations

import random
import re
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from tests.conformance.language.random_expressions import SCALARS, TYPES, Expressions, NoVariable, element

HEADER = """\
import math
from typing import Dict, List, Optional, Set, Tuple


class Point:
    def __init__(self, x: int, y: int):
        self.x = x
        self.y = y
        self.tags: List[str] = []

    def total(self, k: int) -> int:
        return self.x * k + self.y

    def shift(self, by: int) -> "Point":
        self.x += by
        self.tags.append(str(by))
        return self

    def __eq__(self, other: "Point") -> bool:
        return self.x == other.x and self.y == other.y

    def __str__(self) -> str:
        return f"<{self.x}, {self.y}>"


class Checked(ValueError):
    pass


def helper_i(a: int, b: int) -> int:
    while b != 0 and abs(a) < 1000:
        if a % 3 == 0:
            return a - b
        a, b = b, a % b
    return a


def helper_f(a: float) -> float:
    if a > 100.0:
        return 100.0
    elif a < 0.0:
        a = -a
    return a / 2


def helper_b(a: int, s: str) -> bool:
    for c in s:
        if c == "a":
            a -= 1
        else:
            continue
        if a < 0:
            return True
    else:
        return a == 0
    return False


def helper_s(s: str, n: int) -> str:
    out = ""
    for i in range(n % 5):
        out += s[i % len(s)] if len(s) > 0 else "_"
    return out


def helper_l(l: List[int], n: int) -> List[int]:
    l.append(n)
    if len(l) > 6:
        del l[0]
    return l


def helper_o(n: int) -> Optional[int]:
    if n % 2 == 0:
        return None
    return n * 2


def helper_e(n: int) -> int:
    if n < 0:
        raise Checked(f"negative: {n}")
    if n > 50:
        raise KeyError(n)
    return n - 1


"""

PARAMETERS = {
    "a": "int", "b": "int", "x": "float", "s": "str", "q": "bool", "l": "List[int]", "w": "List[str]", "d": "Dict[str, int]",
    "o": "Optional[int]", "notes": "List[str]",
}  # fmt: skip
INPUTS: tuple[Callable[[], tuple[object, ...]], ...] = (
    lambda: (0, 1, 0.5, "ab", True, [1, 2, 3], ["a", "xyz"], {"a": 1, "b": 2}, None, []),
    lambda: (-7, 3, -2.25, "", False, [], [], {}, 5, []),
    lambda: (12, -4, 1e3, "Hello World a", True, [4, -1, 0, 9, 4], ["b", "a", "", "1"], {"xyz": -3, "1": 0, "a": 7}, -2, []),
)
LOCALS = {
    "i0": ("int", "1"), "f0": ("float", "1.5"), "s0": ("str", "'s'"), "b0": ("bool", "q"), "l0": ("List[int]", "[3, 1]"),
    "w0": ("List[str]", "['k']"), "d0": ("Dict[str, int]", "{'a': 2}"), "g0": ("List[float]", "[0.5]"),
    "o0": ("Optional[int]", "a"),
    "p0": ("Optional[str]", "None"), "e0": ("Set[int]", "{1}"), "t0": ("Tuple[int, str]", "(b, s)"),
}  # fmt: skip

SIMPLE = (
    "{name:List[int]}.append({int})", "{name:List[int]}.extend({List[int]})", "{name:List[int]}.insert({int}, {int})",
    "{name:List[int]}.pop()", "{name:List[int]}.pop({int})", "{name:List[int]}.remove({int})", "{name:List[int]}.reverse()",
    "{name:List[int]}.sort()", "{name:List[int]}.sort(reverse={bool})", "{name:List[int]}.clear()",
    "del {name:List[int]}[{int}]",
    "{name:List[int]}[{int}] = {int}", "{name:List[int]}[{int}] += {int}", "{name:List[int]}[{int}:{int}] = {List[int]}",
    "del {name:List[int]}[{int}:]", "{name:List[int]} += {List[int]}", "{name:List[str]}.append({str})",
    "{name:List[str]}[{int}] = {str}", "{name:List[str]}[{int}] += {str}",
    "{name:List[str]}.sort(key=lambda e: {e:str|int})",
    "{name:Dict[str, int]}[{str}] = {int}", "{name:Dict[str, int]}[{str}] += {int}",
    "{name:Dict[str, int]}.update({Dict[str, int]})",
    "{name:Dict[str, int]}.pop({str})", "{name:Dict[str, int]}.pop({str}, {int})",
    "{name:Dict[str, int]}.setdefault({str}, {int})",
    "del {name:Dict[str, int]}[{str}]", "{name:Dict[str, int]}.clear()", "{name:Set[int]}.add({int})",
    "{name:Set[int]}.discard({int})",
    "{name:Set[int]}.remove({int})", "{name:Set[int]}.update({List[int]})", "{name:Set[int]} |= {Set[int]}",
    "{name:int} += {int}", "{name:int} -= {int}", "{name:int} *= {lit:int}", "{name:int} //= {int}", "{name:int} %= {int}",
    "{name:int} <<= ({int} % 3)", "{name:int} >>= ({int} % 3)", "{name:int} &= {int}", "{name:int} |= {int}",
    "{name:int} ^= {int}",
    "{name:float} += {float}", "{name:float} *= {lit:float}", "{name:float} /= {float}", "{name:float} -= {int}",
    "{name:float} //= {lit:float}", "{name:str} += {str}", "{name:bool} &= {bool}", "{name:bool} ^= {bool}",
    "{name:int}, {name:int} = {int}, {int}", "{name:str}, {name:int} = {str}, {int}",
    "({name:int}, {name:str}) = {Tuple[int, str]}",
    "{name:int}, *{name:List[int]} = {List[int]}", "*{name:List[int]}, {name:int} = {List[int]}",
    "[{name:int}, {name:int}] = {List[int]}",
    "{name:int} = {name:int} = {int}", "{name:List[int]} = {name:List[int]} = {List[int]}", "assert {bool}, {str}",
    "assert {bool}",
    "{name:List[int]}[0], {name:List[int]}[-1] = {int}, {int}", "{name:List[float]}[{int}] = {float}",
    "{name:List[float]}[{int}] /= {lit:float}",
    "{name:List[float]}.append({float})", "helper_l({name:List[int]}, {int})", "{name:int} = helper_e({int})",
    "{name:List[int]}[::2] = {List[int]}", "del {name:List[int]}[::2]", "{name:List[int]}[{int}:{int}:-1] = {List[int]}",
    "{name:List[int]} *= ({int} % 3)", "{name:Dict[str, int]} |= {Dict[str, int]}",
    "{name:List[int]}.extend(range({small}))",
    "{name:int} = {name:List[int]}.pop()", "{name:int} = {name:Dict[str, int]}.pop({str})",
    "notes.append(f'{{{name:int}}} {{{name:str}}}')",
    "notes.append({str})", "notes.append(str({float}))", "notes.append(repr({List[int]}))", "pass",
)  # fmt: skip
RAISES = (
    "raise ValueError({str})", "raise Checked(f'bad {{{name:int}}}')", "raise KeyError({str})",
    "raise IndexError('i', {int})",
    "raise RuntimeError({str})", "raise TypeError", "raise ZeroDivisionError({str})",
)  # fmt: skip
HANDLED = (
    "ValueError", "KeyError", "IndexError", "(ValueError, KeyError)", "ZeroDivisionError", "Exception",
    "ArithmeticError", "LookupError",
    "Checked", "(IndexError, ZeroDivisionError, Checked)", "RuntimeError", "",
)  # fmt: skip


@dataclass
class Program:
    """A program being made."""

    rng: random.Random
    expressions: Expressions = field(init=False)
    budget: int = 30
    """Statements that may still be made."""
    fresh: int = 0
    protected: list[str] = field(default_factory=list[str])
    """Counters of loops and variables of outer functions: not assigned."""
    loops: int = 0
    functions: int = 0
    returns: str = ""
    """What `return` gives where the statement stands, empty where none may stand."""

    def __post_init__(self) -> None:
        self.expressions = Expressions(self.rng)

    @property
    def variables(self) -> dict[str, str]:
        """The variables that are set here, with their types."""
        return self.expressions.variables

    def expression(self, kind: str, depth: int = 2) -> str:
        """A random expression."""
        return self.expressions.expression(kind, depth)

    def name(self) -> str:
        """A name that isn't used."""
        self.fresh += 1
        return f"v{self.fresh}"

    def block(self, lines: int, bound: dict[str, str] | None = None, *, kept: bool = False) -> list[str]:
        """Indented statements that see more variables; what they set is forgotten unless it is kept."""
        outer = dict(self.variables)
        self.expressions.variables = {**outer, **(bound or {})}
        made = [line for _ in range(lines) for line in self.statement()] or ["pass"]
        if not kept:
            self.expressions.variables = outer
        return ["    " + line for line in made]

    def size(self) -> int:
        """How many statements a block has."""
        return self.rng.choice([1, 1, 2, 2, 3])

    def statement(self) -> list[str]:
        """One statement, as lines."""
        self.budget -= 1
        if self.budget <= 0 or len(self.protected) + self.functions > 4:
            return self.simple()
        kinds = (
            ["simple"] * 6
            + ["assign"] * 5
            + ["if"] * 3
            + ["for"] * 3
            + ["while", "try", "try", "function", "object", "refine", "lambda"]
        )
        if self.loops:
            kinds += ["jump"] * 2
        if self.returns:
            kinds += ["return"]
        return getattr(self, "make_" + self.rng.choice(kinds))()

    def simple(self) -> list[str]:
        """A statement of one line from the table."""
        for _ in range(20):
            template = self.rng.choice(SIMPLE)
            try:
                made = self.expressions.fill(template, 2)
            except NoVariable:
                continue
            if not set(re.findall(r"\w+", re.sub(r"\[.*?\](?! =)", "", made.rpartition("= ")[0]))) & set(self.protected):
                return [made]
        return ["pass"]

    make_simple = simple

    def make_assign(self) -> list[str]:
        """An assignment to a variable, new or of the same type."""
        names = [n for n, k in self.variables.items() if n not in self.protected and n != "notes"]
        if names and self.rng.random() < 0.5:
            name = self.rng.choice(names)
            return [f"{name} = {self.expression(self.variables[name], 3)}"]
        kind, name = self.rng.choice(TYPES), self.name()
        value = self.expression(kind, 3)
        self.variables[name] = kind
        if kind.startswith("Optional") or self.rng.random() < 0.3:
            return [f"{name}: {kind} = {value}"]
        return [f"{name} = {value}"]

    def make_if(self) -> list[str]:
        """if, elif, else; what both sides set is set behind them."""
        lines = [f"if {self.expression('bool')}:", *self.block(self.size())]
        while self.rng.random() < 0.25:
            lines += [f"elif {self.expression('bool')}:", *self.block(self.size())]
        if self.rng.random() < 0.5:
            if self.rng.random() < 0.4:
                kind, name = self.rng.choice(TYPES[:10]), self.name()
                value, other = self.expression(kind), self.expression(kind)
                lines = [f"if {self.expression('bool')}:", f"    {name} = {value}", "else:", f"    {name} = {other}"]
                self.variables[name] = kind
                return lines
            lines += ["else:", *self.block(self.size())]
        return lines

    def make_for(self) -> list[str]:
        """A for loop over one of many iterables."""
        rng, name, other = self.rng, self.name(), self.name()
        make = self.expression
        heads: list[tuple[str, dict[str, str]]] = [
            (f"for {name} in range({self.expressions.fill('{small}', 1)}):", {name: "int"}),
            (f"for {name} in range({make('int', 1)} % 4, {make('int', 1)} % 7, 2):", {name: "int"}),
            (f"for {name} in range(4, {make('int', 1)} % 5, -1):", {name: "int"}),
            (f"for {name} in ({make('List[int]')})[:6]:", {name: "int"}),
            (f"for {name} in {rng.choice(self.expressions.names('List[int]'))}[:5]:", {name: "int"}),
            (f"for {name} in list({make('List[str]')})[:5]:", {name: "str"}),
            (f"for {name} in ({make('str')})[:6]:", {name: "str"}),
            (f"for {name}, {other} in enumerate(({make('List[str]')})[:4]):", {name: "int", other: "str"}),
            (f"for {name}, {other} in zip(({make('List[int]')})[:4], {make('List[str]')}):", {name: "int", other: "str"}),
            (f"for {name}, {other} in list(({make('Dict[str, int]')}).items()):", {name: "str", other: "int"}),
            (f"for {name} in sorted({make('Dict[str, int]')}):", {name: "str"}),
            (f"for {name} in reversed(({make('List[int]')})[:5]):", {name: "int"}),
            (f"for {name} in ({make('int')}, {make('int')}):", {name: "int"}),
            (f"for {name}, ({other}, _) in enumerate([{make('Tuple[int, str]')}]):", {name: "int", other: "int"}),
        ]
        if not self.loops:
            grown = rng.choice(self.expressions.names("List[int]"))
            change = rng.choice(
                [f"{grown}.append({name} - 1)", f"{grown}.pop()", f"del {grown}[0]", f"{grown}.insert(0, {name})"]
            )
            if rng.random() < 0.15:
                body = ["    " + line for line in (f"if len({grown}) < 9:", f"    {change}", "else:", "    break")]
                return [f"for {name} in {grown}:", *body, *self.block(1, {name: "int"})]
        head, bound = rng.choice(heads)
        self.loops += 1
        lines = [head, *self.block(self.size(), bound)]
        self.loops -= 1
        if rng.random() < 0.15:
            lines += ["else:", *self.block(1)]
        return lines

    def make_while(self) -> list[str]:
        """A while loop with a counter of its own."""
        count, rng = self.name(), self.rng
        self.variables[count] = "int"
        self.protected.append(count)
        self.loops += 1
        test = rng.choice([f"{count} < {rng.randint(1, 4)}", f"{count} < 3 and {self.expression('bool', 1)}"])
        body = [f"    {count} += 1", *self.block(self.size())]
        if rng.random() < 0.2:
            test, body = "True", [*body[:1], f"    if {count} > 3:", "        break", *body[1:]]
        self.loops -= 1
        lines = [f"{count} = 0", f"while {test}:", *body]
        if test != "True" and rng.random() < 0.2:
            lines += ["else:", *self.block(1)]
        return lines

    def make_jump(self) -> list[str]:
        """break or continue, mostly under a condition."""
        jump = self.rng.choice(["break", "continue"])
        return [f"if {self.expression('bool')}:", f"    {jump}"] if self.rng.random() < 0.85 else [jump]

    def make_return(self) -> list[str]:
        """return under a condition."""
        return [f"if {self.expression('bool')}:", f"    return {self.returned()}"]

    def returned(self) -> str:
        """What this function returns."""
        return f"({', '.join(LOCALS)})" if self.returns == "main" else self.expression(self.returns)

    def make_try(self) -> list[str]:
        """try with handlers, else and finally."""
        rng, name = self.rng, self.name()
        body = self.block(self.size())
        if rng.random() < 0.4:
            body += [f"    if {self.expression('bool', 1)}:", "        " + self.expressions.fill(rng.choice(RAISES), 1)]
        if rng.random() < 0.1:
            return ["try:", *body, "finally:", *self.block(1)]
        lines = ["try:", *body]
        for handled in rng.sample(HANDLED[:-1], rng.choice([1, 1, 2])) + (["Exception"] if rng.random() < 0.6 else []):
            named = rng.random() < 0.5
            lines.append(f"except {handled} as {name}:" if named else f"except {handled}:")
            if named:
                lines.append("    " + rng.choice([f"notes.append(str({name}))", f"notes.append(type({name}).__name__)"]))
            lines += self.block(1)
            if rng.random() < 0.1:
                lines.append("    " + rng.choice(["raise", self.expressions.fill(rng.choice(RAISES), 1)]))
        if rng.random() < 0.25:
            lines += ["else:", *self.block(1)]
        if rng.random() < 0.25:
            loops, self.loops, returns, self.returns = self.loops, 0, self.returns, ""
            lines += ["finally:", *self.block(1)]
            self.loops, self.returns = loops, returns
        return lines

    def make_function(self) -> list[str]:
        """A local function that reads variables around it, and may assign them, with calls."""
        rng, name = self.rng, "g" + self.name()
        if self.functions or self.loops:
            return self.simple()
        kinds = [rng.choice(TYPES[:8]) for _ in range(rng.randint(0, 2))]
        result = rng.choice(TYPES[:12])
        parameters = {f"{name}_{i}": kind for i, kind in enumerate(kinds)}
        outer, loops, returns, protected = dict(self.variables), self.loops, self.returns, self.protected
        free = [n for n in outer if n not in protected and n != "notes"]
        changed = rng.sample(free, min(len(free), rng.randint(0, 2)))
        self.functions, self.loops, self.returns = self.functions + 1, 0, result
        self.protected = [n for n in outer if n not in changed]
        self.expressions.variables = {**outer, **parameters}
        body = [*self.block(self.size(), kept=True), f"    return {self.expression(result)}"]
        self.expressions.variables, self.loops, self.returns, self.protected = outer, loops, returns, protected
        self.functions -= 1
        head = ", ".join(f"{n}: {k}" for n, k in parameters.items())
        lines = [f"def {name}({head}) -> {result}:", *([f"    nonlocal {', '.join(changed)}"] if changed else []), *body]
        for _ in range(rng.randint(1, 2)):
            value = self.name()
            given = ", ".join(self.expression(kind, 1) for kind in kinds)
            lines.append(f"{value} = {name}({given})")
            self.variables[value] = result
        return lines

    def make_lambda(self) -> list[str]:
        """A lambda in a variable, called."""
        name, value = "h" + self.name(), self.name()
        kind, result = self.rng.choice(SCALARS), self.rng.choice(SCALARS)
        lines = [f"{name} = lambda e: " + self.expressions.fill(f"{{e:{kind}|{result}}}", 2)]
        lines.append(f"{value} = {name}({self.expression(kind, 1)})")
        self.variables[value] = result
        return lines

    def make_object(self) -> list[str]:
        """An object, changed and read."""
        name, value = "p" + self.name(), self.name()
        steps = (
            "{p}.x = {int}", "{p}.y += {int}", "{p}.shift({int})", "{p}.shift({int}).shift({int})", "{p}.tags.append({str})",
            "notes.append(str({p}))", "{p}.x, {p}.y = {p}.y, {p}.x", "{p}.tags += {List[str]}",
            "notes.append(f'{{{p}}} {{{p}.x}}')",
        )  # fmt: skip
        lines = [f"{name} = Point({self.expression('int')}, {self.expression('int')})"]
        for step in self.rng.sample(steps, self.rng.randint(1, 3)):
            lines.append(self.expressions.fill(step.replace("{p}", name), 2))
        lines.append(f"{value} = {name}.x + {name}.total({self.expression('int', 1)}) + len({name}.tags)")
        self.variables[value] = "int"
        return lines

    def make_refine(self) -> list[str]:
        """A branch on whether an optional is None, which is its value's type on one side."""
        names = [n for n, k in self.variables.items() if k.startswith("Optional")]
        if not names:
            return self.simple()
        name = self.rng.choice(names)
        kind = element(self.variables[name])
        self.protected.append(name)
        form = self.rng.randint(0, 3)
        if form == 0:
            lines = [f"if {name} is not None:", *self.block(self.size(), {name: kind})]
            if self.rng.random() < 0.5:
                lines += ["else:", *self.block(1)]
        elif form == 1:
            lines = [f"if {name} is None:", *self.block(1), "else:", *self.block(self.size(), {name: kind})]
        elif form == 2:
            test = self.expressions.fill(f"{{{name}:{kind}|bool}}", 2)
            lines = [f"if {name} is not None and {test}:", *self.block(self.size(), {name: kind})]
        else:
            value = self.name()
            made = self.expressions.fill(f"{{{name}:{kind}|int}}", 2)
            lines = [f"{value} = {made} if {name} is not None else {self.expression('int')}"]
            self.variables[value] = "int"
        self.protected.remove(name)
        return lines

    def text(self) -> str:
        """The source of a whole program."""
        self.returns = "main" if self.rng.random() < 0.4 else ""
        self.expressions.variables = dict(PARAMETERS)
        lines = [f"{n}: {k} = {v}" if k[0] in "OS" else f"{n} = {v}" for n, (k, v) in LOCALS.items()]
        self.variables.update({n: k for n, (k, _) in LOCALS.items()})
        while self.budget > 0:
            before = dict(self.variables)
            more = self.statement()
            found = outcomes(self.source([*lines, *more]))
            if found is None or (not any(found) and self.rng.random() < 0.9):
                self.expressions.variables = before
            else:
                lines += more
            if not any(found or (True,)):
                break
        return self.source(lines)

    def source(self, lines: list[str]) -> str:
        """The program with these lines as the body of `f`."""
        head = ", ".join(f"{n}: {k}" for n, k in PARAMETERS.items())
        kept = self.returned() if self.returns else f"({', '.join(n for n in self.variables if n not in PARAMETERS)})"
        body = "".join(f"    {line}\n" for line in [*lines, f"return {kept}"])
        return f"{HEADER}def f({head}):\n{body}"


class _TooLarge(BaseException):
    """A program that runs for long or makes large values."""


def _limit() -> Callable[..., Any]:
    """A trace function that stops programs of many steps, and values that torch.jit's 64 bits can't hold."""
    steps = 0

    def watch(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal steps
        steps += 1
        for value in frame.f_locals.values():
            if isinstance(value, int) and abs(value) >= 2**53:
                raise _TooLarge
            if isinstance(value, list | str | dict) and len(value) > 200:
                raise _TooLarge
        if steps > 3000:
            raise _TooLarge
        return watch

    return watch


def outcomes(text: str) -> list[bool] | None:
    """Whether Python runs the program without an exception, for each input; None if it isn't one to try."""
    scope: dict[str, Any] = {"__name__": "random_program"}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(text, "<random program>", "exec"), scope)
    except SyntaxError:
        return None
    results: list[bool] = []
    before = sys.gettrace()
    for make in INPUTS:
        try:
            sys.settrace(_limit())
            scope["f"](*make())
        except (_TooLarge, NameError):
            return None
        except Exception:  # noqa: BLE001  (whatever the program raises)
            results.append(False)
        else:
            results.append(True)
        finally:
            sys.settrace(before)
    return results


def random_program(rng: random.Random, length: int = 30) -> Program:
    """A program of about that many statements."""
    return Program(rng, budget=length)
