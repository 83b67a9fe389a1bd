"""Reads mutants of the tests' IR: whatever the text is, there is a result or a TsirError, in bounded time.

    python -m tests.fuzz.fuzz [--count 10000] [--seed 0] [--keep FOLDER] [--read]

A mutant that is read is printed, read back, printed again (the same text), and goes through passes, with verification after
each. Mutants on which something else happens than a result or a TsirError are counted by their exception and place, and kept.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp

from tests.fuzz.mutation import Mutator
from tsir.dialects.context import TsContext, make_context, print_module
from tsir.dialects.parsing import parse_module
from tsir.dialects.verify import verify_module
from tsir.errors import TsirError
from tsir.lowering.pipelines import PIPELINES
from tsir.ops.python import lookup
from tsir.ops.registry import SCHEMAS
from tsir.tools.instrument.verifying import Verify
from tsir.tools.pass_manager import MODULE, Nest, read_passes, run_pipeline

PROGRAMS = Path(__file__).parents[1] / "filecheck"
PASSES = (
    "ts-inline,ts-canonicalize,ts-cse,ts-dce", "ts-infer-types,ts-fold-constants,ts-canonicalize,ts-dce",
    "ts-functionalize,ts-infer-types,lower-ts-to-linalg,ts-dce", "ts-canonicalize", "ts-cse,ts-dce", "ts-infer-types,ts-lay-out",
    "ts-freeze,ts-symbol-dce", "ts-resize-by-name,ts-drop-scalar-classes,ts-index-by-number",
    "lower-ts-to-linalg", "lower-linalg-ext,align-while",
    "trim-windows,pin-corner-cases,finish-mlir", "func.func(ts-cse,canonicalize)", "cse,dce", "convert-scf-to-cf",
    ",".join(PIPELINES["optimize"]), ",".join(PIPELINES["linalg"]), ",".join(PIPELINES["mlir"]),
)  # fmt: skip
SECONDS = 60
"""The most time that one mutant may take."""


class Hang(BaseException):
    """A mutant takes longer than it may."""


def texts() -> list[str]:
    """The parts of the tests' .mlir files, and their functions one by one, as written and in generic form with locations."""
    found: list[str] = []
    context = new_context()
    for path in sorted(PROGRAMS.rglob("*.mlir")):
        for part in path.read_text(encoding="utf-8").split("// -----\n"):
            lines = [line for line in part.splitlines() if not line.lstrip().startswith("//")]
            if not any(lines):
                continue
            text = "\n".join(lines) + "\n"
            found.append(text)
            try:
                module = parse_module(context, text)
            except TsirError:
                continue
            for op in module.body.block.ops:
                if isinstance(op, FuncOp):
                    alone = ModuleOp([op.clone()])
                    try:
                        verify_module(alone)
                    except TsirError:
                        continue
                    found += [print_module(alone), print_module(alone, generic=True, debuginfo=True)]
    return found


def new_context() -> TsContext:
    """A context with all operators."""
    return make_context(SCHEMAS.get, lambda name: lookup(name) is not None)


def run(text: bytes, passes: str) -> str:
    """What becomes of a text: `refused` when it isn't valid IR, `failed` when a pass says that it can't, or `done`.

    Raises what isn't a TsirError, and AssertionError when printing isn't undone by reading.
    """
    context = new_context()
    try:
        module = parse_module(context, text, "mutant.mlir")
    except TsirError as error:
        assert str(error)
        return "refused"
    once = print_module(module)
    again = print_module(parse_module(context, once, "printed.mlir"))
    assert again == once, "printing what was read back gives another text"
    parse_module(context, print_module(module, generic=True, debuginfo=True), "generic.mlir")
    if not passes:
        return "done"
    try:
        run_pipeline(Nest(MODULE, tuple(read_passes(passes))), context, module, [Verify()])
    except TsirError as error:
        assert str(error)
        return "failed"
    print_module(module)
    return "done"


def kind_of(error: BaseException) -> str:
    """The exception's class and the innermost place in tsir, or else in all."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "/tsir/" in f.filename and "deep_stack" not in f.filename] or frames
    return f"{type(error).__name__} at {own[-1].filename.rpartition('/tsir/')[2]}:{own[-1].lineno}: {str(error)[:100]!r}"


def fuzz(
    count: int, seed: int, keep: Path | None = None, passes_of: Sequence[str] = PASSES
) -> tuple[Counter[str], dict[str, bytes]]:
    """Runs mutants. Gives how many ended in which way, and the first mutant of each kind of failure."""
    mutator = Mutator(texts(), seed)
    outcomes: Counter[str] = Counter()
    failures: dict[str, bytes] = {}
    for i in range(count):
        text, passes = mutator.mutant(), passes_of[i % len(passes_of)]
        try:
            with within(SECONDS):
                outcomes[run(text, passes)] += 1
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001  whatever it is, it is what is looked for
            kind = kind_of(error)
            outcomes["wrong"] += 1
            if kind not in failures:
                failures[kind] = text
                if keep is not None:
                    keep.mkdir(parents=True, exist_ok=True)
                    (keep / f"{seed}-{i}.mlir").write_bytes(text)
                    (keep / f"{seed}-{i}.txt").write_text(f"{kind}\n{passes}\n" + traceback.format_exc(), encoding="utf-8")
    return outcomes, failures


@contextmanager
def within(seconds: int) -> Generator[None]:
    """What runs inside raises Hang when it takes longer: more time of a processor, or ten times as much on the clock."""

    def hang(_signal: int, _frame: object) -> None:
        raise Hang(f"more than {seconds} s")

    previous = [(s, signal.signal(s, hang)) for s in (signal.SIGPROF, signal.SIGALRM)]
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.alarm(10 * seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        for number, handler in previous:
            signal.signal(number, handler)


def main() -> int:
    """The command line; gives 1 when something went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write the first mutant of each failure there")
    parser.add_argument("--read", action="store_true", help="only read and print, without passes")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    start = time.perf_counter()
    outcomes, failures = fuzz(options.count, options.seed, options.keep, ("",) if options.read else PASSES)
    counts = ", ".join(f"{outcomes[o]} {o}" for o in ("done", "failed", "refused", "wrong"))
    print(
        f"{options.count} mutants of {len(texts())} texts, seed {options.seed}: {counts}; {time.perf_counter() - start:.0f} s"
    )
    for kind in failures:
        print(f"  {kind}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
