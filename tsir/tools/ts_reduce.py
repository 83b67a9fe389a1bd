"""`ts-reduce`: makes IR smaller while a command or a pipeline keeps failing on it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tsir.errors import TsirError
from tsir.tools import opt_options
from tsir.tools.command_line import ToolParser
from tsir.tools.exits import exit_status

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from tsir.tools.pass_manager import Instrument
    from tsir.tools.programs import Loaded
    from tsir.tools.reduce.interest import CommandTest, PipelineTest

DESCRIPTION = """\
Makes IR smaller while something keeps failing on it: removes functions, operations, regions, arguments, results and
attributes, replaces operands by constants and arguments. What it writes verifies, can be read, and fails as the input does."""

EXAMPLES = """\
examples:
  ts-reduce crash.mlir -p my-pass --fails -o small.mlir                   while the pass fails, in this process (fast)
  ts-reduce crash.mlir -p a,b --fails-with="no multiplication"            with this text in its message
  ts-reduce model.pt --pipeline=optimize --check-semantics -o small.mlir  while a pass changes a result
  ts-reduce crash.mlir --test "my-tool {} --flag" -o small.mlir           while a command's exit status isn't 0
  ts-reduce hang.mlir --test "timeout 5 my-tool {}" --status=124          while it is 124
"""


def _parser() -> ToolParser:
    parser = ToolParser("ts-reduce", DESCRIPTION, EXAMPLES)
    parser.add_argument("input", nargs="?", default="-", help="IR file, archive (.pt), FILE.py:NAME, or - (standard input)")
    parser.add_argument("-o", dest="output", metavar="FILE", help="write to FILE instead of standard output")
    command = parser.add_argument_group("a command that fails")
    command.add_argument(
        "--test", metavar="COMMAND", help="shell command; {} is the file with IR (default: the last argument)"
    )
    command.add_argument("--status", type=int, metavar="N", help="the exit status that is meant (default: any but 0)")
    command.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS", help="for the command (default: 60)")
    failing = parser.add_argument_group("a pipeline that fails, in this process")
    failing.add_argument("--fails", action="store_true", help="a pass fails or gives wrong IR, whatever the message")
    failing.add_argument("--fails-with", metavar="TEXT", help="with TEXT in the message")
    failing.add_argument("--check-semantics", action="store_true", help="a pass changes a result for random inputs")
    failing.add_argument("--semantics-inputs", type=int, default=2, metavar="N", help="how many (default: 2)")
    failing.add_argument("--seed", type=int, default=0, metavar="N", help="for these inputs (default: 0)")
    opt_options.add_passes(parser)
    parser.add_argument("--max-tests", type=int, metavar="N", help="give the smallest of the first N tests")
    parser.add_argument("--quiet", action="store_true", help="no progress on standard error")
    opt_options.add_completion(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the tool; gives the exit status."""
    return exit_status(lambda: _run(_parser().read(sys.argv[1:] if argv is None else argv, opt_options.pass_flag)))


def _run(options: argparse.Namespace) -> None:
    if options.print_completion is not None:
        from tsir.tools.opt_information import print_completion

        print_completion(options.print_completion, _parser())
        return
    module, loaded = _input(options)
    if options.test is not None:
        from tsir.tools.reduce.interest import CommandTest

        with CommandTest(options.test, options.status, options.timeout) as test:
            _reduce(module, test, options)
    else:
        _reduce(module, _pipeline_test(options, loaded), options)


def _input(options: argparse.Namespace) -> tuple[ModuleOp, Loaded]:
    from tsir.tools.contexts import tool_context
    from tsir.tools.programs import inputs, read_program

    sources = [(name, part) for _, name, parts in inputs(options.input) for part in parts]
    if len(sources) != 1:
        raise TsirError(f"{options.input} has {len(sources)} programs", hint=f"name one: {options.input}:NAME")
    [(name, source)] = sources
    loaded = read_program(source, name, tool_context(allow_unregistered=True))
    return loaded.module, loaded


def _pipeline_test(options: argparse.Namespace, loaded: Loaded) -> PipelineTest:
    from tsir.tools.pass_manager import Nest
    from tsir.tools.reduce.interest import PipelineTest
    from tsir.tools.ts_opt import pipeline_of, typing_passes

    if not (options.fails or options.fails_with is not None or options.check_semantics):
        raise TsirError(
            "what has to fail?", hint="give --test COMMAND, or passes with --fails, --fails-with or --check-semantics"
        )
    pipeline = pipeline_of(options)
    whole = Nest(pipeline.anchor, (*typing_passes(options.arg_types, loaded.symbol(options.entry)), *pipeline.elements))
    text = options.fails_with or ""

    def checks() -> list[Instrument]:
        from tsir.tools.instrument.semantics import CheckSemantics

        return [CheckSemantics(loaded.root, options.seed, options.semantics_inputs)]

    objects = {} if loaded.root is None else {e.symbol: loaded.root for e in loaded.entries if e.takes_self}
    if not options.check_semantics:
        return PipelineTest(whole, text, objects)
    return PipelineTest(whole, text or " changes ", objects, checks)


def _reduce(module: ModuleOp, test: CommandTest | PipelineTest, options: argparse.Namespace) -> None:
    from tsir.dialects.context import print_module
    from tsir.tools.reduce.search import Reduction

    def progress(text: str) -> None:
        if not options.quiet:
            print(f"ts-reduce: {text}", file=sys.stderr)

    reduced = print_module(Reduction(module, test, options.max_tests, progress).run())
    error = getattr(test, "error", None)
    if error is not None and not options.quiet:
        print(f"ts-reduce: it fails with: {error.message}", file=sys.stderr)
    if options.output:
        Path(options.output).write_text(reduced, encoding="utf-8")
    else:
        sys.stdout.write(reduced)


def console() -> None:
    """The console script."""
    sys.exit(main())


if __name__ == "__main__":
    console()
