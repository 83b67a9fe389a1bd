"""What is seen of the variables of a random program: forms of one program, each of which is compared as a whole.

- `whole`: all variables and everything that they hold, at the end;
- `few`: some of them, so that the others' last uses are inside the program;
- `copied`: as `few`, and behind every statement, inside branches and loops, too, copies of everything that lives there;
- `sampled`: as `few`, and behind every statement a copy of one variable or two, which leaves the others dead;
- `stopped`: the program up to each of its statements, with all variables.

Copies keep every variable alive until the last of them, and the ends of a program none: so both are needed.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator, Sequence

FORMS = ("whole", "few", "copied", "sampled", "stopped")

TENSOR = re.compile(r"[xyzw]|v\d+")
"""The names of a program's tensors."""
OTHERS = {"l": "list", "d": "dict", "k": "number"}
OBJECT = {"o.t": "tensor", "o.held": "list", "o.count": "number"}
MODULE = {
    "self.buf": "tensor", "self.t": "tensor", "self.child.state": "tensor", "self.held": "list", "self.table": "dict",
    "self.count": "number",
}  # fmt: skip


def forms(text: str, kinds: Sequence[str] = FORMS, seed: int = 0) -> Iterator[tuple[str, str]]:
    """The program in these forms: a label and the text of each."""
    for kind in kinds:
        if kind == "stopped":
            yield from _stopped(text)
            continue
        tree = ast.parse(text)
        function, is_module = _function(tree)
        body, end = function.body[:-1], function.body[-1]
        assert isinstance(end, ast.Return) and isinstance(end.value, ast.Tuple)
        if kind != "whole":
            end.value.elts = end.value.elts[seed % 3 :: 3]
        if kind in ("copied", "sampled"):
            body, _ = _observed(body, _parameters(is_module=is_module), random.Random(seed) if kind == "sampled" else None)
        function.body = [*body, end]
        yield kind, ast.unparse(ast.fix_missing_locations(tree))


def _function(tree: ast.Module) -> tuple[ast.FunctionDef, bool]:
    last = tree.body[-1]
    function = last.body[-1] if isinstance(last, ast.ClassDef) else last
    assert isinstance(function, ast.FunctionDef)
    return function, function is not last


def _parameters(*, is_module: bool) -> dict[str, str]:
    return {**dict.fromkeys("xyzw", "tensor"), "l": "list", "d": "dict", **(MODULE if is_module else {})}


def _assigned(statement: ast.stmt) -> dict[str, str]:
    """The variables that a statement makes, with their kinds."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    names = {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}
    found = {n: "tensor" for n in names if TENSOR.fullmatch(n)} | {n: OTHERS[n] for n in names & OTHERS.keys()}
    return found | (OBJECT if "o" in names else {})


def _observed(
    statements: list[ast.stmt], live: dict[str, str], sample: random.Random | None
) -> tuple[list[ast.stmt], dict[str, str]]:
    """The statements with copies behind each, and what lives behind the last, with its kind."""
    body = list[ast.stmt]()
    for statement in statements:
        body.append(statement)
        if isinstance(statement, ast.FunctionDef | ast.Return | ast.Break | ast.Continue | ast.Raise):
            continue
        ends = list[dict[str, str]]()
        for part in (statement, *getattr(statement, "handlers", [])):
            for name in ("body", "orelse", "finalbody"):
                if inner := getattr(part, name, None):
                    observed, end = _observed(inner, live, sample)
                    setattr(part, name, observed)
                    ends.append(end)
        live = live | _assigned(statement)
        if isinstance(statement, ast.If) and len(ends) == 2:
            live = {name: kind for name, kind in ends[0].items() if name in ends[1]}
        body += ast.parse(_copies(live, sample)).body
    return body, live


def _copies(live: dict[str, str], sample: random.Random | None) -> str:
    of_kind = {kind: sorted(n for n, k in live.items() if k == kind) for kind in ("tensor", "list", "dict", "number")}
    tensors = of_kind["tensor"]
    if sample is not None:
        tensors = sample.sample(tensors, sample.randint(1, 2))
    copied = [f"log += [{', '.join(f'{n}.clone()' for n in tensors)}]"]
    if sample is not None:
        return copied[0]
    copied += [f"log += [s_.clone() for s_ in {held}]" for held in of_kind["list"]]
    copied += [f"log += [s_.clone() for s_ in {held}.values()]" for held in of_kind["dict"]]
    numbers = [*of_kind["number"], *(f"len({held})" for held in (*of_kind["list"], *of_kind["dict"]))]
    return "\n".join([*copied, f"counts += [{', '.join(numbers)}]"])


def _stopped(text: str) -> Iterator[tuple[str, str]]:
    """The program up to each statement but the last: the whole is the form of that name."""
    for count in range(1, len(_function(ast.parse(text))[0].body) - 2):
        tree = ast.parse(text)
        function, is_module = _function(tree)
        del function.body[count:]
        label = ast.unparse(function.body[-1]).replace("\n", "; ")
        parameters = _parameters(is_module=is_module)
        _, live = _observed(_function(ast.parse(text))[0].body[:count], parameters, None)
        seen = [n for n in live if not n.startswith("self.")]
        function.body += ast.parse(f"return ({', '.join(seen)})").body
        yield f"stopped behind {label}", ast.unparse(ast.fix_missing_locations(tree))
