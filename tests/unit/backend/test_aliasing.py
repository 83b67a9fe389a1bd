"""Random programs of views, in-place operators and functions in `ts` IR, run by dispatch, against torch eager.

Every tensor of a program is compared after every step's effects, so that a view that is no view, or a copy that is none, shows.
"""

import random

import numpy as np
import pytest
import torch

import tsir
from tsir.backend.numpy import generate, load
from tsir.dialects.context import make_context, parse_module
from tsir.ops import python
from tsir.ops.registry import SCHEMAS, operator

T = "!ts.tensor"


class Program:
    """IR text and, beside it, what torch does."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        torch.manual_seed(seed)
        self.start = torch.randint(-4, 5, (4, 3)).float()
        self.tensors = [self.start.clone()]
        self.lines = []
        self.constants = 0

    def operand(self, value):
        if isinstance(value, torch.Tensor):
            index = next(i for i, t in enumerate(self.tensors) if t is value)
            return f"%t{index}", T
        name = f"%c{self.constants}"
        self.constants += 1
        if value is None:
            self.lines.append(f"{name} = ts.constant #ts.none : none")
            return name, "none"
        if isinstance(value, list):
            parts = [self.operand(v) for v in value]
            names, types = ", ".join(p[0] for p in parts), ", ".join(p[1] for p in parts)
            self.lines.append(f"{name} = ts.list {names} : ({types}) -> !ts.list<i64>")
            return name, "!ts.list<i64>"
        kind = "i1" if isinstance(value, bool) else "i64" if isinstance(value, int) else "f64"
        shown = str(value).lower() if kind == "i1" else repr(value)
        self.lines.append(
            f"{name} = arith.constant {shown} : {kind}" if kind != "i1" else f"{name} = arith.constant {shown}"
        )
        return name, kind

    def call(self, key, *arguments):
        schema = operator(key).schema
        name, _, overload = key.partition(".")
        keywords = {a.name: v for a, v in zip(schema.arguments, arguments, strict=True) if a.kwarg_only}
        result = getattr(getattr(torch.ops.aten, name), overload or "default")(
            *arguments[: len(arguments) - len(keywords)], **keywords
        )
        parts = [self.operand(a) for a in arguments]
        names, types = ", ".join(p[0] for p in parts), ", ".join(p[1] for p in parts)
        self.lines.append(f"%t{len(self.tensors)} = ts.aten.{key}({names}) : ({types}) -> {T}")
        self.tensors.append(result)

    def step(self):
        pick, x = self.random, self.random.choice(self.tensors)
        kind = pick.random()
        if x.dim() == 0 or kind < 0.15:
            self.call("mul_.Scalar", x, pick.choice([2, -1, 0.5])) if not repeats(x) else self.call("clone", x, None)
        elif kind < 0.6:
            d = pick.randrange(x.dim())
            n = x.size(d)
            views = [
                ("transpose.int", x, d, pick.randrange(x.dim())),
                ("unsqueeze", x, d),
                (
                    "slice.Tensor",
                    x,
                    d,
                    pick.randrange(-n, n) if n else 0,
                    pick.choice([None, n, n + 3, -1]),
                    pick.choice([1, 2]),
                ),
                ("reshape", x, [-1] if x.numel() else [0]),
                ("detach", x),
                ("squeeze.dim", x, d),
            ]
            if n:
                views.append(("select.int", x, d, pick.randrange(-n, n)))
            if x.dim() == 2:
                views.append(("t", x))
            self.call(*pick.choice(views))
        elif kind < 0.8 and not repeats(x):
            choices = [("add_.Scalar", x, pick.choice([1, 2, -3]), 1), ("relu_", x), ("fill_.Scalar", x, pick.randrange(5))]
            choices.append(("add_.Tensor", x, x, 1))
            self.call(*pick.choice(choices))
        else:
            self.call(*pick.choice([("add.Scalar", x, 1, 1), ("clone", x, None), ("neg", x), ("mul.Tensor", x, x)]))

    def text(self):
        shown = [f"%t{i}" for i in range(len(self.tensors))]
        body = "\n".join(self.lines)
        return (
            f"func.func @f(%t0 : {T}) -> !ts.list<{T}> {{\n{body}\n"
            f"%all = ts.list {', '.join(shown)} : ({', '.join([T] * len(shown))}) -> !ts.list<{T}>\n"
            f"func.return %all : !ts.list<{T}>\n}}"
        )


def repeats(tensor):
    return any(s == 0 and n > 1 for s, n in zip(tensor.stride(), tensor.shape, strict=True))


@pytest.mark.parametrize("seed", range(40))
def test_random_programs_of_views_and_writes(seed):
    program = Program(seed)
    for _ in range(14):
        program.step()
    context = make_context(SCHEMAS.get, lambda name: python.lookup(name) is not None)
    loaded = load(generate(parse_module(context, program.text()), "f"))
    got = loaded.call(loaded.prepare(()), program.start.numpy().copy())
    for i, (array, tensor) in enumerate(zip(got, program.tensors, strict=True)):
        assert array.shape == tuple(tensor.shape), (i, program.text())
        np.testing.assert_array_equal(array, tensor.numpy(), err_msg=f"%t{i} of\n{program.text()}")


def expanded_and_reshaped(x, y):
    v = (x / 2.0)[None, None].expand(1, 2, 5, 7).reshape(2, 5, 7)
    return (v + torch.sin(y)) * y.sum()


def expanded_and_merged(x, y):
    v = (x / 2.0)[None].expand(2, 5, 7).reshape(-1, x.shape[1])
    return (v + torch.sin(y).reshape(-1, 7)) * y.sum()


@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize("function", [expanded_and_reshaped, expanded_and_merged])
def test_a_reshaped_broadcast_is_not_written(function, dynamic):
    x, y = torch.randn(5, 7), torch.randn(2, 5, 7)
    found = tsir.script(function, dynamic_shapes=dynamic)
    torch.testing.assert_close(found(x, y), function(x, y))
