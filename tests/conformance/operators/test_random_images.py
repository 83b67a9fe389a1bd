"""Random chains of convolutions, slices, pooling and other operators on images, against eager.

The generated code keeps images in planned memory, in the order that the next operator reads best, and goes over windows of it that are
never copied: what such a window assumes of the memory shows only where certain operators follow one another.
"""

import linecache
import random

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import tsir

CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d}
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d}
LINEAR = {1: "linear", 2: "bilinear"}
LARGEST = 60_000  # elements


class Chain:
    """A module's `forward`, made line by line, with the tensors that its variables have."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        torch.manual_seed(seed)
        self.rank = self.random.choice([1, 2, 2])
        sizes = [self.random.choice([6, 8, 9, 12, 16]) for _ in range(self.rank)]
        self.x = torch.randn(self.random.choice([1, 2, 3]), self.random.choice([2, 3, 4, 8, 16, 24]), *sizes)
        self.values, self.lines, self.modules = {"x": self.x}, [], nn.Module()
        main = [self.convolution, self.depthwise, self.slice_channels]
        kinds = [*main, *main, *self.random.sample(OTHERS, 4)]
        for _ in range(self.random.randint(4, 9)):
            recent = list(self.values)[-3:]
            name = recent[-1] if self.random.random() < 0.85 else self.random.choice(recent)
            make = self.random.choice(kinds)
            text = make(name) if make in main else make(self, name, self.values[name])
            if text is not None:
                self.add(text)

    def add(self, text):
        try:
            value = eval(text, {**self.values, "torch": torch, "F": F, "self": self.modules})
        except (RuntimeError, ValueError):
            return  # windows that don't fit
        if value.dim() == self.rank + 2 and 0 < value.numel() <= LARGEST:
            name = f"v{len(self.values)}"
            self.values[name] = value
            self.lines.append(f"        {name} = {text}")

    def hold(self, module):
        name = f"m{len(self.modules._modules)}"
        self.modules.add_module(name, module.eval())
        return f"self.{name}"

    def convolution(self, name, depthwise=False):
        r, channels = self.random, self.values[name].shape[1]
        groups = channels if depthwise else r.choice([g for g in (1, 1, 2, 4) if channels % g == 0])
        features = channels if depthwise else min(groups * r.choice([2, 4, 8, 16, 32]), 48 // groups * groups)
        module = CONVOLUTIONS[self.rank](
            channels, features, [r.choice([1, 1, 2, 3, 3, 5]) for _ in range(self.rank)], groups=groups,
            stride=[r.choice([1, 1, 1, 1, 2]) for _ in range(self.rank)], dilation=[r.choice([1, 1, 2]) for _ in range(self.rank)],
            padding=[r.choice([0, 0, 1, 2]) for _ in range(self.rank)], bias=r.random() < 0.7,
        )  # fmt: skip
        return f"{self.hold(module)}({name})"

    def depthwise(self, name):
        return self.convolution(name, depthwise=True)

    def slice_channels(self, name):
        channels = self.values[name].shape[1]
        low = self.random.randint(0, channels - 1)
        return f"{name}[:, {low}:{self.random.randint(low + 1, channels)}:{self.random.choice([1, 1, 2])}]"

    def module(self):
        source = [
            "import torch", "import torch.nn.functional as F", "class Program(torch.nn.Module):", "    def forward(self, x):",
            *self.lines, f"        return {', '.join([list(self.values)[-1], *self.random.sample(list(self.values), 1)])}",
        ]  # fmt: skip
        text = "\n".join(source) + "\n"
        file = f"<chain {id(self)}>"
        linecache.cache[file] = (len(text), None, text.splitlines(True), file)
        space = {"__name__": __name__}
        exec(compile(text, file, "exec"), space)
        made = space["Program"]()
        made._modules.update(self.modules._modules)
        return made.eval(), text


def sizes(t):
    return ", ".join(map(str, t.shape[2:]))


def slice_positions(c, name, t):
    d = c.random.randint(2, c.rank + 1)
    low = c.random.randint(0, t.shape[d] // 2)
    high = c.random.randint(max(low + 1, t.shape[d] // 2), t.shape[d])
    return f"{name}[{':, ' * d}{low}:{high}:{c.random.choice([1, 1, 2])}]"


def chunk(c, name, t):
    return f"{name}.chunk(2, 1)[{c.random.randint(0, 1)}]" if t.shape[1] % 2 == 0 else None


def pool(c, name, t):
    kind, size = c.random.choice(["max", "avg"]), c.random.choice([2, 3])
    return f"F.{kind}_pool{c.rank}d({name}, {size}, stride={c.random.choice([1, 2])}, padding={c.random.choice([0, 1])})"


def pad(c, name, t):
    mode = c.random.choice(["constant", "constant", "reflect", "replicate"])
    return f"F.pad({name}, {[c.random.choice([0, 1, 2]) for _ in range(2 * c.rank)]}, mode={mode!r})"


def activation(c, name, t):
    return f"{c.random.choice(['torch.relu', 'F.silu', 'torch.sigmoid', 'F.gelu', 'torch.tanh'])}({name})"


def batch_norm(c, name, t):
    return f"{c.hold({1: nn.BatchNorm1d, 2: nn.BatchNorm2d}[c.rank](t.shape[1]))}({name})"


def gated(c, name, t):
    return f"F.glu({name}, 1)" if t.shape[1] % 2 == 0 else None


def add(c, name, t):
    others = [n for n, v in c.values.items() if v.shape == t.shape]
    return f"{name} + {c.random.choice(others)}"


def concatenate(c, name, t):
    others = [n for n, v in c.values.items() if v.shape[2:] == t.shape[2:] and v.shape[0] == t.shape[0]]
    return f"torch.cat([{name}, {c.random.choice(others)}], 1)"


def transpose(c, name, t):
    a, b = c.random.sample(range(1, c.rank + 2), 2)
    return f"{name}.transpose({a}, {b})"


def resample(c, name, t):
    mode = c.random.choice(["nearest", LINEAR[c.rank]])
    return f"F.interpolate({name}, scale_factor={c.random.choice([2.0, 0.5, 1.5])}, mode={mode!r})"


def shuffle(c, name, t):
    n, channels = t.shape[:2]
    parts = f"{name}.reshape({n}, 2, {channels // 2}, {sizes(t)}).transpose(1, 2).reshape({n}, {channels}, {sizes(t)})"
    return parts if channels % 2 == 0 else None


def expand(c, name, t):
    return f"{name}[:, :1].expand({t.shape[0]}, {c.random.choice([2, 4])}, {sizes(t)})"


def columns(c, name, t):
    if c.rank == 1:
        return None
    return f"F.unfold({name}, 2).reshape({t.shape[0]}, {t.shape[1] * 4}, {t.shape[2] - 1}, {t.shape[3] - 1})"


def transposed(c, name, t):
    r = c.random
    module = TRANSPOSED[c.rank](
        t.shape[1], r.choice([2, 4]), r.choice([2, 3]), stride=r.choice([1, 2]), padding=r.choice([0, 1])
    )
    return f"{c.hold(module)}({name})"


def normalise(c, name, t):
    d = c.random.randint(1, c.rank + 1)
    forms = f"{name} * {name}.mean(1, keepdim=True)", f"{name} - {name}.amax({d}, keepdim=True)", f"{name}.softmax({d})"
    return c.random.choice([*forms, f"F.layer_norm({name}, [{t.shape[-1]}])"])


def reorder(c, name, t):
    d = c.random.randint(1, c.rank + 1)
    return c.random.choice([f"{name}.flip({d})", f"torch.roll({name}, {c.random.choice([1, -2])}, {d})"])


OTHERS = [
    slice_positions, chunk, pool, pad, activation, batch_norm, gated, add, concatenate, transpose, resample, shuffle, expand, columns,
    transposed, normalise, reorder,
]  # fmt: skip


def compare(seeds):
    for seed in seeds:
        chain = Chain(seed)
        module, text = chain.module()
        compiled = tsir.script(module)
        with torch.no_grad():
            for x in (chain.x, 2 * chain.x):
                for wanted, given in zip(module(x), compiled(x), strict=True):
                    assert given.shape == wanted.shape, f"seed {seed}\n{text}"
                    # float32 sums of some hundred products, one after the other
                    assert torch.allclose(given, wanted, rtol=1e-3, atol=1e-3 * wanted.abs().max().item()), (
                        f"seed {seed}\n{text}"
                    )


def test_random_chains():
    compare(range(25))


@pytest.mark.slow
def test_many_random_chains():
    compare(range(1000, 2000))
