"""How compile time grows with a function's length: generated functions of eight kinds; see README.md beside this file."""

import argparse
import cProfile
import gc
import importlib.util
import math
import os
import pstats
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch  # noqa: E402

import tsir  # noqa: E402

LENGTHS = (125, 250, 500, 1000, 2000, 4000)
HEAD = "import torch\nfrom typing import List\nfrom torch import Tensor, nn\n\n"


def function(signature: str, body: Iterable[str], result: str) -> str:
    lines = "".join(f"    {line}\n" for line in body)
    return f"{HEAD}def program({signature}):\n{lines}    return {result}\n"


def tensor_code(lines: int) -> str:
    """Element-wise tensor operations, one after the other."""
    steps = ("x = x + {i}.0", "y = torch.relu(x - y)", "x = x * y", "x = torch.tanh(x)", "y = y + x.sum()")
    return function("x: Tensor, y: Tensor", (steps[i % 5].format(i=i % 7) for i in range(lines)), "x + y")


def ifs(lines: int) -> str:
    """Ifs on a run-time number, one after the other."""
    steps = (
        ("if n > {i}:", "    k = k + {i}", "else:", "    k = k - 1")[j].format(i=i)
        for i in range(lines // 4)
        for j in range(4)
    )
    return function("x: Tensor, n: int", ("k = n", *steps), "x + k")


def nested_ifs(lines: int) -> str:
    """Blocks of ifs eight deep."""
    body = ["k = n"]
    for block in range(lines // 16):
        body += [line for d in range(8) for line in ("    " * d + f"if n > {block + d}:", "    " * (d + 1) + f"k = k + {d}")]
    return function("x: Tensor, n: int", body, "x + k")


def loops(lines: int) -> str:
    """Loops with a run-time bound."""
    body = ["k = n"]
    for i in range(lines // 4):
        body += ["for i in range(n):", f"    k = k + i * {i}", f"    if k > {1000 + i}:", "        k = k - n"]
    return function("x: Tensor, n: int", body, "x + k")


def lists(lines: int) -> str:
    """Lists that are made, appended to and read."""
    body = ["out: List[int] = []"]
    for i in range(lines // 4):
        body += [f"part = [n, {i}]", f"part.append(n + {i})", f"out.append(part[{i % 3}])", "n = n + len(out)"]
    return function("x: Tensor, n: int", body, "x + out[-1], out")


def integers(lines: int) -> str:
    """Arithmetic on Python's integers."""
    steps = ("a = a + b * {i}", "b = (a - b) % 1009", "c = a // ({i} + 1) - c % 7", "a = max(a % 10007, c)")
    return function("x: Tensor, a: int, b: int, c: int", (steps[i % 4].format(i=i) for i in range(lines)), "x + a + b + c")


def calls(lines: int) -> str:
    """Calls of small functions, of which each tenth call's is another."""
    count = max(1, lines // 30)
    small = "".join(f"def small{i}(x: Tensor, n: int):\n    y = x * {i}.0\n    return y + n\n\n\n" for i in range(count))
    text = function("x: Tensor, n: int", (f"x = small{i % count}(x, n + {i})" for i in range(lines - 3 * count)), "x")
    return HEAD + small + text.removeprefix(HEAD)


def layers(lines: int) -> str:
    """A module with a layer for every second line; 1,000 lines are 500 layers."""
    count = lines // 2
    made = "".join(f"        self.layer{i} = nn.Linear(4, 4)\n" for i in range(count))
    used = "".join(f"        x = torch.relu(self.layer{i}(x))\n" for i in range(count))
    head = "class Layers(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    return f"{HEAD}{head}{made}\n    def forward(self, x: Tensor):\n{used}        return x\n\n\nprogram = Layers().eval()\n"


X = torch.linspace(-1, 1, 12).reshape(3, 4)
KINDS: dict[str, tuple[Callable[[int], str], tuple[object, ...]]] = {
    "tensor_code": (tensor_code, (X, X + 1)),
    "ifs": (ifs, (X, 50)),
    "nested_ifs": (nested_ifs, (X, 50)),
    "loops": (loops, (X, 3)),
    "lists": (lists, (X, 3)),
    "integers": (integers, (X, 3, 4, 5)),
    "calls": (calls, (X, 3)),
    "layers": (layers, (X,)),
}


def load(kind: str, lines: int, folder: Path) -> Callable[..., object]:
    """The generated program, imported from a file as a user's would be."""
    path = folder / f"{kind}_{lines}.py"
    path.write_text(KINDS[kind][0](lines))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module.program


def measure(program: Callable[..., object], inputs: tuple[object, ...]) -> tuple[float, float]:
    """Seconds of the thread in `tsir.script` and in the first call."""
    gc.collect()
    started = time.thread_time()
    compiled = tsir.script(program)
    scripted = time.thread_time()
    compiled(*inputs)
    return scripted - started, time.thread_time() - scripted


def exponent(lengths: list[int], seconds: list[float]) -> float:
    """The slope of the line fitted to log(seconds) over log(lengths): 1 is linear growth, 2 quadratic."""
    xs, ys = [math.log(n) for n in lengths], [math.log(s) for s in seconds]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)


def report(kinds: list[str], lengths: list[int]) -> None:
    print(f"{'ms per line':13}{'':9}" + "".join(f"{n:>9}" for n in lengths) + f"{'exponent':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds:
            program = load(kind, min(lengths) // 2, Path(folder))
            measure(program, KINDS[kind][1])  # what is imported and memoised once isn't the function's
            times = [measure(load(kind, n, Path(folder)), KINDS[kind][1]) for n in lengths]
            for part, name in enumerate(("script", "call")):
                seconds = [t[part] for t in times]
                cells = "".join(f"{s / n * 1e3:9.3f}" for s, n in zip(seconds, lengths, strict=True))
                fitted = f"{exponent(lengths, seconds):10.2f}" if len(lengths) > 1 else ""
                print(f"{kind if part == 0 else '':13}{name:9}{cells}{fitted}", flush=True)


def profile(kind: str, lines: int) -> None:
    """Print where the time of one kind and length goes."""
    with tempfile.TemporaryDirectory() as folder:
        measure(load(kind, 50, Path(folder)), KINDS[kind][1])
        program = load(kind, lines, Path(folder))
        profiler = cProfile.Profile()
        profiler.runcall(measure, program, KINDS[kind][1])
    statistics = pstats.Stats(profiler)
    statistics.sort_stats("tottime").print_stats(25)
    statistics.sort_stats("cumulative").print_stats(60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", help=f"which kinds (default: all of {', '.join(KINDS)})")
    parser.add_argument("--lengths", type=int, nargs="+", default=list(LENGTHS))
    parser.add_argument("--profile", action="store_true", help="a profile of each kind at the last length, no table")
    options = parser.parse_args()
    kinds = options.kinds or list(KINDS)
    if unknown := set(kinds) - set(KINDS):
        parser.error(f"no such kind: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    os.environ["TSIR_CACHE_DIR"] = ""  # no cache of generated source: each call compiles
    if options.profile:
        for kind in kinds:
            profile(kind, options.lengths[-1])
    else:
        report(kinds, sorted(options.lengths))


if __name__ == "__main__":
    main()
