"""How parsing, printing, verifying, each pass and the lowering grow with a program: functions of 1,000, 10,000 and 100,000 operations.

The last column is the time per operation at the greatest size by that at the smallest: near 1 is linear. Where xDSL has a pass that
does the same work (canonicalize, cse, dce on arith operations, half of which can be folded, merged or removed), it is timed beside
ours in turns, on copies of one module.

    make bench-scaling            or: python benchmarks/scaling.py --sizes 1000,10000
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

from tsir.dialects.context import make_context, parse_module, print_module
from tsir.dialects.verify import verify_module
from tsir.ops.python import lookup
from tsir.ops.registry import SCHEMAS
from tsir.passes.registry import PASSES, get_pass

TENSOR = "tensor<4x8xf32>"


def context() -> Any:
    """A context that knows all operators."""
    return make_context(SCHEMAS.get, lambda name: lookup(name) is not None)


def tensors(count: int) -> str:
    """A chain of operators on tensors: some that rules rewrite, some that are dead, some that are equal."""
    lines = [f"func.func public @f(%x : {TENSOR}) -> {TENSOR} {{", "  %one = arith.constant 1 : i64"]
    last = "%x"
    for i in range(count // 5):
        lines += [
            f"  %a{i} = ts.aten.relu({last}) : ({TENSOR}) -> {TENSOR}",
            f"  %b{i} = ts.aten.relu(%a{i}) : ({TENSOR}) -> {TENSOR}",
            f"  %c{i} = ts.aten.exp({last}) : ({TENSOR}) -> {TENSOR}",
            f"  %d{i} = ts.aten.relu({last}) : ({TENSOR}) -> {TENSOR}",
            f"  %e{i} = ts.aten.add.Tensor(%b{i}, %d{i}, %one) : ({TENSOR}, {TENSOR}, i64) -> {TENSOR}",
        ]
        last = f"%e{i}"
    return "\n".join([*lines, f"  func.return {last} : {TENSOR}", "}"])


def integers(count: int) -> str:
    """A chain of arith operations: half of them can be folded, merged or removed."""
    lines = ["func.func public @f(%x : i64) -> i64 {", "  %zero = arith.constant 0 : i64"]
    last = "%x"
    for i in range(count // 4):
        lines += [
            f"  %a{i} = arith.addi {last}, %zero : i64",
            f"  %b{i} = arith.muli %a{i}, %x : i64",
            f"  %c{i} = arith.muli %a{i}, %x : i64",
            f"  %d{i} = arith.xori %b{i}, %c{i} : i64",
        ]
        last = f"%d{i}" if i % 2 else f"%b{i}"
    return "\n".join([*lines, f"  func.return {last} : i64", "}"])


def seconds(function: Callable[..., Any], *arguments: Any) -> float:
    """The processor time that a call takes: others on the machine don't count."""
    start = time.process_time()
    function(*arguments)
    return time.process_time() - start


def measured(size: int, rounds: int) -> dict[str, float]:
    """Seconds by what was done."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        text, made = tensors(size), context()
        found.setdefault("parse", []).append(seconds(parse_module, made, text, "text"))
        module = parse_module(made, text, "text")
        found.setdefault("print", []).append(seconds(print_module, module))
        found.setdefault("verify", []).append(seconds(verify_module, module))
        for name in ("ts-infer-types", "ts-fold-constants", "ts-canonicalize", "ts-cse", "ts-dce", "ts-functionalize"):
            copy, cls = module.clone(), get_pass(name)
            found.setdefault(name, []).append(seconds(cls().apply, made, copy))
        lowered = module.clone()
        found.setdefault("lower-ts-to-linalg", []).append(seconds(get_pass("lower-ts-to-linalg")().apply, made, lowered))
    return {name: statistics.median(times) for name, times in found.items()}


def compared(size: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Seconds of xDSL's pass and of ours, by xDSL's name."""
    from xdsl.transforms import get_all_passes

    upstream = get_all_passes()
    pairs = {"canonicalize": "ts-canonicalize", "cse": "ts-cse", "dce": "ts-dce"}
    made = context()
    module = parse_module(made, integers(size), "text")
    found: dict[str, tuple[list[float], list[float]]] = {theirs: ([], []) for theirs in pairs}
    for _ in range(rounds):
        for theirs, ours in pairs.items():
            first, second = module.clone(), module.clone()
            found[theirs][0].append(seconds(upstream[theirs]()().apply, made, first))
            found[theirs][1].append(seconds(get_pass(ours)().apply, made, second))
    return {name: (statistics.median(a), statistics.median(b)) for name, (a, b) in found.items()}


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    sizes = [int(s) for s in options.sizes.split(",")]
    assert all(name in PASSES for name in ("ts-canonicalize", "ts-cse", "ts-dce"))
    measured(sizes[0], 1)  # imports and memos are no pass's time
    rows = [measured(size, options.rounds if size < 100_000 else 1) for size in sizes]
    print(f"{'microseconds per operation':<28}" + "".join(f"{size:>12,}" for size in sizes) + f"{'last/first':>14}")
    for name in rows[0]:
        each = [row[name] / size * 1e6 for row, size in zip(rows, sizes, strict=True)]
        print(f"{name:<28}" + "".join(f"{e:>12.1f}" for e in each) + f"{each[-1] / each[0]:>14.2f}")
    print(f"\n{'arith, ours / xDSL':<28}" + "".join(f"{size:>12,}" for size in sizes))
    comparisons = [compared(size, options.rounds if size < 100_000 else 1) for size in sizes]
    for name in comparisons[0]:
        print(f"{name:<28}" + "".join(f"{c[name][1] / c[name][0]:>12.2f}" for c in comparisons))


if __name__ == "__main__":
    main()
