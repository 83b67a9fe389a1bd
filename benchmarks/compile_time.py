"""How compile time grows with a program's length, for the kinds in `long_programs.py`; see README.md beside this file."""

import argparse
import cProfile
import gc
import importlib.util
import io
import math
import os
import pstats
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch  # noqa: E402
from long_programs import KINDS  # noqa: E402  a script beside this one

import tsir  # noqa: E402

LENGTHS = (125, 250, 500, 1000, 2000, 4000)
PARTS = ("script", "call", "save", "load", "trace")


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


def measure(program: Callable[..., object], inputs: tuple[object, ...], parts: list[str]) -> dict[str, float]:
    """Seconds of the process in each part of one program's way."""
    gc.collect()
    steps: dict[str, Callable[[], object]] = {
        "script": lambda: made.append(tsir.script(program)),
        "call": lambda: made[-1](*inputs),
        "save": lambda: tsir.save(made[-1], file),
        "load": lambda: tsir.load(file),
        "trace": lambda: made.append(tsir.trace(program, inputs)),
    }
    made: list[Callable[..., object]] = []
    file, seconds = io.BytesIO(), {}
    for part in parts:
        file.seek(0)
        started = time.process_time()
        steps[part]()
        seconds[part] = time.process_time() - started
    return seconds


def exponent(lengths: list[int], seconds: list[float]) -> float:
    """The slope of the line fitted to log(seconds) over log(lengths): 1 is linear growth, 2 quadratic."""
    xs, ys = [math.log(n) for n in lengths], [math.log(s) for s in seconds]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)


def parts_of(kind: str, wanted: list[str]) -> list[str]:
    """The parts that this kind has: only functions of tensors alone are traced."""
    return [p for p in wanted if p != "trace" or all(isinstance(v, torch.Tensor) for v in KINDS[kind][1])]


def report(kinds: list[str], lengths: list[int], wanted: list[str]) -> None:
    print(f"{'ms per line':18}{'':9}" + "".join(f"{n:>9}" for n in lengths) + f"{'exponent':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds:
            parts, inputs = parts_of(kind, wanted), KINDS[kind][1]
            measure(
                load(kind, min(lengths) // 2, Path(folder)), inputs, parts
            )  # what is imported and memoised once isn't the program's
            times = [measure(load(kind, n, Path(folder)), inputs, parts) for n in lengths]
            for part in parts:
                seconds = [t[part] for t in times]
                cells = "".join(f"{s / n * 1e3:9.3f}" for s, n in zip(seconds, lengths, strict=True))
                fitted = f"{exponent(lengths, seconds):10.2f}" if len(lengths) > 1 else ""
                print(f"{kind if part == parts[0] else '':18}{part:9}{cells}{fitted}", flush=True)


def profile(kind: str, lines: int, wanted: list[str]) -> None:
    """Print where the time of one kind and length goes."""
    with tempfile.TemporaryDirectory() as folder:
        parts = parts_of(kind, wanted)
        measure(load(kind, 50, Path(folder)), KINDS[kind][1], parts)
        program = load(kind, lines, Path(folder))
        profiler = cProfile.Profile()
        profiler.runcall(measure, program, KINDS[kind][1], parts)
    statistics = pstats.Stats(profiler)
    statistics.sort_stats("tottime").print_stats(25)
    statistics.sort_stats("cumulative").print_stats(60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", help=f"which kinds (default: all of {', '.join(KINDS)})")
    parser.add_argument("--lengths", type=int, nargs="+", default=list(LENGTHS))
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what to time (default: all)")
    parser.add_argument("--profile", action="store_true", help="a profile of each kind at the last length, no table")
    options = parser.parse_args()
    kinds = options.kinds or list(KINDS)
    if unknown := set(kinds) - set(KINDS):
        parser.error(f"no such kind: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    os.environ["TSIR_CACHE_DIR"] = ""  # no cache of generated source: each call compiles
    if options.profile:
        for kind in kinds:
            profile(kind, options.lengths[-1], options.parts)
    else:
        report(kinds, sorted(options.lengths), options.parts)


if __name__ == "__main__":
    main()
