"""The command line of `ts-opt`: its options by subject, and pass flags such as `--ts-cse`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from tsir.tools.command_line import SHELLS, ToolParser, truth
from tsir.tools.rule_options import add_rule_options
from tsir.tools.terminal import add_color_option

SEPARATOR = "// -----"
"""The line between the parts of a file, for `--split-input-file`."""

VERIFY_EACH = False

DESCRIPTION = """\
Reads a program, runs passes over it, and prints IR that it can read back.

The input is IR text, an archive, or functions and module classes of a Python file. IR and archives need no torch. Options that
mlir-opt has, too, are spelled and work as there; every pass is a flag (--ts-cse, --canonicalize)."""

EXAMPLES = """\
examples:
  passes
    ts-opt model.mlir --ts-inline --ts-dce            run two passes, in this order
    ts-opt model.mlir -p ts-inline,ts-dce             the same
    ts-opt model.mlir --pass-pipeline="builtin.module(ts-inline,func.func(ts-cse,ts-dce),ts-symbol-dce)"
    ts-opt model.pt --pipeline=linalg --arg-types="tensor<?x10xf32>"   down to linalg, for these arguments
    ts-opt model.mlir -p optimize --dump-pass-pipeline                 what a named pipeline consists of
  inputs
    ts-opt model.py:SimpleNet --pipeline=optimize     compile a class, then run a named pipeline
    ts-opt model.py                                   every function and module class that the file defines
    ts-opt model.pt --mlir-print-debuginfo            an archive's IR with the places in its source
    cat model.mlir | ts-opt -                         read standard input, check, print
  rules
    ts-opt --list-rules --why                         each rewrite rule, its conditions and why it holds
    ts-opt model.mlir --rules my_rules.py             apply the rules of a Python file
    ts-opt --verify-rules my_rules.py                 run both sides of each on inputs made for it
    ts-opt model.mlir -p ts-canonicalize --rewrite-stats --disable-rule t-of-t
  more
    ts-opt --list-passes                              each pass, what it does, its options
    ts-opt --explain TS103                            what an error's code means
    source <(ts-opt --print-completion bash)          completion in this shell
"""


def parser() -> ToolParser:
    """The parser of the command line."""
    made = ToolParser("ts-opt", DESCRIPTION, EXAMPLES)
    made.add_argument(
        "input", nargs="?", default="-", help="IR file, archive (.pt), FILE.py[:NAME,...], or - (standard input)"
    )
    made.add_argument("-o", dest="output", metavar="FILE", help="write to FILE instead of standard output")
    _reading(made)
    add_passes(made)
    _printing(made)
    _around_passes(made)
    add_rule_options(made)
    _semantics(made)
    _reproducing(made)
    _information(made)
    return made


def read(argv: Sequence[str] | None) -> argparse.Namespace:
    """The options of a command line. Raises TsirError. Pass flags become parts of `passes`, in their order."""
    import sys

    return parser().read(sys.argv[1:] if argv is None else argv, pass_flag)


def pass_flag(written: str) -> str | None:
    """What `--ts-cse` or `--ts-canonicalize="tables=views"` stands for."""
    from tsir.tools.known_passes import is_pass

    name, equals, options = written.partition("=")
    if not is_pass(name):
        return None
    return f"--passes={name}{{{options}}}" if equals else f"--passes={name}"


def _reading(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("reading")
    group.add_argument(
        "--split-input-file", nargs="?", const=SEPARATOR, metavar="MARKER",
        help=f"treat the parts between lines '{SEPARATOR}', or MARKER, as files",
    )  # fmt: skip
    group.add_argument(
        "--output-split-marker", metavar="MARKER", help="what is written between the parts (default: as in the input)"
    )
    group.add_argument(
        "--verify-diagnostics", nargs="?", const="all", choices=("all", "only-expected"), metavar="WHICH",
        help="compare errors and warnings with comments `expected-error@+1 {{message}}` (only-expected: others are no failure)",
    )  # fmt: skip
    group.add_argument(
        "--allow-unregistered-dialect", action="store_true", help="read operations that nobody declared, in generic form"
    )
    group.add_argument(
        "--no-implicit-module", action="store_true", help="the text has to be one builtin.module; none is put around it"
    )


def add_passes(made: argparse.ArgumentParser) -> None:
    """Adds the options that say which passes run: what `ts_opt.pipeline_of` reads."""
    group = made.add_argument_group(
        "passes", "Each pass is an option as well, with its own options as value: --ts-canonicalize='tables=views'."
    )
    group.add_argument(
        "-p", "--passes", action="append", default=[], metavar="LIST", help="passes in order: a,func.func(b{option=value}),c"
    )
    group.add_argument("--pass-pipeline", metavar="TEXT", help="all passes, in mlir-opt's syntax: builtin.module(a,b)")
    group.add_argument("--pipeline", metavar="NAME", help="a named pipeline, run before --passes")
    group.add_argument(
        "--arg-types",
        metavar="TYPES",
        help='types of the entry point\'s arguments, set before the passes: "tensor<1x10xf32>,i64" (? is any size); '
        'a list or dict by what is in it: [tensor<2xf32>], {"key" = tensor<2xf32>}',
    )
    group.add_argument(
        "--entry", metavar="NAME", help="the function or method that --arg-types is for (default: the only one)"
    )
    group.add_argument(
        "--weights", choices=("inline", "resource", "args"), default="inline", help="their form after --pipeline=mlir"
    )


def _printing(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("printing", "What is said here also holds for what is printed around passes.")
    group.add_argument(
        "--mlir-print-debuginfo", "--print-debuginfo", dest="debuginfo", action="store_true", help="print source locations"
    )
    group.add_argument(
        "--mlir-print-op-generic", "--print-op-generic", "--print-generic", dest="generic", action="store_true",
        help="print all operations in generic form",
    )  # fmt: skip
    group.add_argument(
        "--mlir-elide-elementsattrs-if-larger", dest="elide_larger", type=int, metavar="N",
        help="leave out the values of constants of more than N elements",
    )  # fmt: skip
    group.add_argument(
        "--mlir-print-local-scope", action="store_true", help="print without aliases (which is how all IR is printed here)"
    )
    add_color_option(group)


def _around_passes(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("around passes", "All of this is written to standard error.")
    group.add_argument("--dump-pass-pipeline", action="store_true", help="write the pipeline that will run")
    prefix = "--mlir-print-ir"
    for when in ("before", "after"):
        group.add_argument(
            f"{prefix}-{when}", action="append", default=[], metavar="PASS,..", help=f"print the IR {when} these passes"
        )
    group.add_argument(
        f"{prefix}-before-all", "--print-between-passes", action="store_true", help="print the IR before each pass"
    )
    group.add_argument(f"{prefix}-after-all", action="store_true", help="print the IR after each pass")
    group.add_argument(
        f"{prefix}-after-change", action="store_true", help="print the IR after passes that changed something"
    )
    group.add_argument(f"{prefix}-after-failure", action="store_true", help="print the IR after a pass that failed")
    group.add_argument(
        f"{prefix}-module-scope", action="store_true", help="print the whole module, also around nested passes"
    )
    group.add_argument(f"{prefix}-tree-dir", metavar="DIR", help="print into a tree of files, one for each pass")
    group.add_argument("--print-ir-diff", action="store_true", help="write what each pass changed as a diff")
    group.add_argument("--mlir-timing", action="store_true", help="write a report of where the time went")
    group.add_argument(
        "--mlir-timing-display", choices=("tree", "list"), default="tree", help="how (default: tree; list: by time)"
    )
    group.add_argument(
        "--mlir-pass-statistics", action="store_true", help="write how many operations each pass made and removed"
    )
    group.add_argument(
        "--mlir-pass-statistics-display", choices=("pipeline", "list"), default="pipeline", help="how (default: pipeline)"
    )
    group.add_argument(
        "--verify-each", nargs="?", const="true", type=truth, default=VERIFY_EACH, metavar="BOOL",
        help="verify the IR after each pass (default: %(default)s)",
    )  # fmt: skip


def _semantics(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("semantics")
    group.add_argument(
        "--check-semantics", action="store_true",
        help="run the program on random inputs before the passes and after each; fail at the first that changes a result",
    )  # fmt: skip
    group.add_argument(
        "--seed", type=int, default=0, metavar="N", help="for the inputs, also of --verify-rules (default: 0)"
    )
    group.add_argument(
        "--semantics-inputs",
        type=int,
        default=3,
        metavar="N",
        help="how many; every second have NaN, inf, -0.0 (default: 3)",
    )


def _reproducing(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("reproducing", "A reproducer is a file with IR and the pipeline that fails on it.")
    group.add_argument(
        "--mlir-pass-pipeline-crash-reproducer", dest="reproducer", metavar="FILE",
        help="write a reproducer when a pass fails; FILE.running is there while passes run, for when the process dies",
    )  # fmt: skip
    group.add_argument(
        "--mlir-pass-pipeline-local-reproducer", dest="local_reproducer", action="store_true",
        help="with the IR that the failing pass was given, and this pass alone",
    )  # fmt: skip
    group.add_argument(
        "--mlir-generate-reproducer", dest="generate_reproducer", metavar="FILE", help="write a reproducer in any case"
    )
    group.add_argument("--run-reproducer", action="store_true", help="run the pipeline that the input has with it")


def _information(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("information, instead of reading a program")
    group.add_argument("--list-passes", action="store_true", help="print the names of passes and pipelines")
    group.add_argument("--show-dialects", action="store_true", help="print the names of the dialects that are known")
    group.add_argument("--explain", metavar="CODE", help="say what an error's code stands for (TS103)")
    add_completion(group)


def add_completion(made: argparse._ActionsContainer) -> None:
    """Adds the option that prints a completion script."""
    made.add_argument(
        "--print-completion", choices=SHELLS, metavar="SHELL", help=f"print completion for {', '.join(SHELLS)}, and stop"
    )
