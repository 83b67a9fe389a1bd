"""Random programs of views, in-place operators, branches, loops and lists, specialised and run, against torch eager.

What is written never overlaps what is read in the same statement: torch leaves open what happens then.
"""

import importlib.util
import random
import sys

import pytest
import torch

import tsir

FRESH = ["{a} + 1.0", "{a} * {b}", "torch.relu({a})", "{a}.clone()", "-{a}", "{a}.sum(0)", "torch.cat([{a}, {b}])"]
VIEWS = [
    "{a}.view(-1)",
    "{a}.t()",
    "{a}[0]",
    "{a}[:, 1]",
    "{a}[1:]",
    "{a}.unsqueeze(0)",
    "{a}.transpose(0, 1)",
    "{a}.reshape(-1)",
]
WRITES = [
    "{a}.add_(1.0)", "{a}.mul_({b} * 1.0)", "{a}.relu_()", "{a}.fill_(2.0)", "{a}.copy_({b} * 1.0)", "{a}[0] = 3.0", "{a}[:, 1] = 0.5",
    "{a} += {b} * 1.0", "{a} -= 0.5", "{a}.zero_()", "{c} = {a}.mul_(0.5)",
]  # fmt: skip
LISTS = ["l.append({a})", "{c} = l[0]", "l[0] += 1.0", "{c} = torch.stack(l).sum(0)"]


def program(seed: int) -> str:
    """A function of two 3x3 tensors; every statement was tried with torch, so that all of it runs."""
    rng = random.Random(seed)
    names = ["x", "y"]
    lines = ["l = [x * 1.0]"]
    header = (
        "import torch\nfrom typing import List, Tuple\nfrom torch import Tensor\n\ndef f(x: Tensor, y: Tensor, n: int):\n"
    )

    def runs(candidate: list[str]) -> bool:
        body = "".join(f"    {line}\n" for line in candidate)
        scope: dict[str, object] = {}
        exec(header + body, scope)
        try:
            for n in (0, 1, 3):
                scope["f"](torch.ones(3, 3), torch.ones(3, 3), n)  # type: ignore[operator]
        except (RuntimeError, IndexError, TypeError, UnboundLocalError):
            return False
        return True

    while len(lines) < 14:
        kind = rng.choice(["fresh", "view", "write", "write", "list", "if", "for"])
        new = f"v{len(names)}"
        a, b = rng.choice(names), rng.choice(names)
        if kind in ("fresh", "view"):
            text = f"{new} = " + rng.choice(FRESH if kind == "fresh" else VIEWS).format(a=a, b=b)
            block = [text]
        elif kind in ("if", "for"):
            head = rng.choice(["if n > 1:", "if bool(x.sum() > 4.0):"]) if kind == "if" else "for i in range(n):"
            body = [rng.choice(WRITES[:-1]).format(a=a, b=rng.choice(names)) for _ in range(rng.randint(1, 2))]
            if rng.random() < 0.4:
                body.append(f"{a} = {a} * 0.5")
            block = [head, *("    " + line for line in body)]
        else:
            text = rng.choice(WRITES if kind == "write" else LISTS).format(a=a, b=b, c=new)
            block = [text]
        if runs(lines + block):
            lines += block
            if block[0].startswith(f"{new} ="):
                names.append(new)
    picked = rng.sample(names, min(3, len(names)))
    lines.append(f"return ({', '.join(picked)}, l[0])")
    return header + "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize("seed", range(40))
def test_random_program(seed: int, tmp_path):
    text = program(seed)
    path = tmp_path / f"program_{seed}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    scripted = tsir.script(module.f)
    for n in (0, 1, 3):
        torch.manual_seed(n)
        inputs = [torch.randn(3, 3), torch.randn(3, 3)]
        ours = [t.clone() for t in inputs]
        expected = module.f(*inputs, n)
        found = scripted(*ours, n)
        for i, (e, g) in enumerate(zip(expected, found, strict=True)):
            torch.testing.assert_close(g, e, msg=lambda m, i=i: f"result {i}, n = {n}:\n{m}\n{text}")
        for name, e, g in zip("xy", inputs, ours, strict=True):
            torch.testing.assert_close(g, e, msg=lambda m, name=name: f"argument {name}, n = {n}:\n{m}\n{text}")
