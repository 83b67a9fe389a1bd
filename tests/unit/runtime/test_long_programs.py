"""Programs that are long or deeply nested compile without meeting Python's limits."""

import importlib.util
import sys

import pytest
import torch

import tsir

X = torch.arange(6.0).reshape(2, 3) / 6
HEAD = "import torch\nfrom typing import List\nfrom torch import Tensor\n\n\n"


@pytest.fixture
def program(tmp_path):
    """Makes a function of lines of text, in a file of its own."""

    def make(signature: str, lines: list[str], result: str, before: str = ""):
        name = f"long_program_{len(lines)}"
        file = tmp_path / f"{name}.py"
        body = "".join(f"    {line}\n" for line in lines)
        file.write_text(f"{HEAD}{before}def program({signature}):\n{body}    return {result}\n")
        spec = importlib.util.spec_from_file_location(name, file)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module.program

    return make


def agree(function, *several):
    compiled = tsir.script(function)
    for inputs in several:
        torch.testing.assert_close(compiled(*inputs), function(*inputs))
    return compiled


def test_a_chain_of_elifs(program):
    lines = ["k = n", *(s for i in range(150) for s in (f"{'el' if i else ''}if n == {i}:", f"    k = k * {i}"))]
    function = program("x: Tensor, n: int", lines, "x + k")
    compiled = agree(function, (X, 0), (X, 40), (X, 149), (X, 150))
    text = compiled.stages(X, 3).numpy
    assert "    elif n == 40:" in text and max(len(s) - len(s.lstrip()) for s in text.splitlines()) < 100


def test_the_condition_of_an_elif_may_need_lines_of_its_own(program):
    lines = [
        "if n == 0:",
        "    x = x + 1",
        "elif bool((x * n).sum() > 4):",
        "    x = x - 1",
        "elif n == 1:",
        "    x = x * 2",
    ]
    agree(program("x: Tensor, n: int", lines, "x"), (X, 0), (X, 1), (X, 9), (X, -1))


def test_fifty_nested_ifs(program):
    lines = ["k = n", *(s for d in range(50) for s in (" " * d + f"if n > {d}:", " " * (d + 1) + f"k = k + {d}"))]
    agree(program("x: Tensor, n: int", lines, "x + k"), (X, 0), (X, 20), (X, 50))


def test_many_early_returns(program):
    lines = [s for i in range(60) for s in (f"if n == {i}:", f"    return x + {i}", "x = x * 1.01")]
    agree(program("x: Tensor, n: int", lines, "x"), (X, 0), (X, 50), (X, 59), (X, 60))


def test_loops_nested_by_inlining(program):
    calls = "".join(
        f"def f{i}(n: int) -> int:\n    k = 0\n    for i in range(n):\n        for j in range(i, n):\n"
        f"            k += f{i + 1}(n - j) + j\n    return k\n\n\n"
        for i in range(7)
    )
    before = f"{calls}def f7(n: int) -> int:\n    return n\n\n\n"
    agree(program("x: Tensor, n: int", ["k = f0(n)"], "x + k", before), (X, 1), (X, 2))


@pytest.mark.parametrize("term", ["n * 3", "x"])
def test_a_sum_of_a_thousand_terms(program, term):
    agree(program("x: Tensor, n: int", [f"y = {' + '.join([term] * 1000)}"], "x + y"), (X, 2))


def test_a_chain_of_calls(program):
    before = "".join(f"def f{i}(x: Tensor):\n    return f{i + 1}(x * 1.01) + {i}\n\n\n" for i in range(90))
    agree(program("x: Tensor", ["y = f0(x)"], "y", f"{before}def f90(x: Tensor):\n    return x\n\n\n"), (X,))


def test_deep_parentheses(program):
    agree(program("x: Tensor, n: int", [f"k = {'(' * 90}n{' + 1)' * 90}"], "x + k"), (X, 2))


def test_lists_that_are_read_between_appends_grow_linearly(program):
    def size(count: int) -> int:
        steps = ("out.append(x + n)", "x = out[-1] * .5", "n = n + len(out)", "y = y + out[0]")
        lines = ["out: List[Tensor] = []", "y = x", *(steps[i % 4] for i in range(count))]
        return len(agree(program("x: Tensor, n: int", lines, "x + y, out, n"), (X, 3)).lowered(X, 3))

    assert size(120) < 4 * size(40)
