"""`ts-opt`: reads a program, runs passes over it, prints IR that it can read back.

IR and archives need no torch; a Python file's function or class is compiled by the script frontend, which does.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tsir.errors import IRError, PassError, TsirError, did_you_mean
from tsir.tools import opt_information, opt_options, rule_options
from tsir.tools.exits import exit_status
from tsir.tools.programs import Source, inputs, read_program
from tsir.tools.terminal import choose_color, show

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from tsir.tools.instrument.chosen import Chosen
    from tsir.tools.instrument.semantics import CheckSemantics
    from tsir.tools.pass_manager import Nest, Step


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the tool; gives the exit status."""
    return exit_status(lambda: _run(opt_options.read(argv)))


def _run(options: argparse.Namespace) -> None:
    choose_color(options.color)
    if options.explain is not None:
        opt_information.explain(options.explain)
    elif options.list_passes:
        opt_information.list_passes()
    elif options.show_dialects:
        opt_information.show_dialects()
    elif rule_options.is_question(options):
        rule_options.answer(options)
    elif options.print_completion is not None:
        opt_information.print_completion(options.print_completion, opt_options.parser())
    else:
        _transform(options)


def _transform(options: argparse.Namespace) -> None:
    from tsir.tools.instrument.chosen import choose

    pipeline = rule_options.with_rules(pipeline_of(options), options)
    if options.dump_pass_pipeline:
        print(f"Pass Manager with {len(pipeline.elements)} passes:\n{pipeline.pretty()}\n", file=sys.stderr)
    chosen = choose(options)
    done: list[str] = []
    errors: list[TsirError] = []
    try:
        for text, name, parts in inputs(options.input, options.split_input_file):
            run = partial(_run_parts, parts, name, done, pipeline, chosen, options)
            errors += run() if options.verify_diagnostics is None else _unexpected(text, name, run, options)
    finally:
        chosen.report()
    separator = options.split_input_file if options.output_split_marker is None else options.output_split_marker
    text = f"{separator}\n".join(done)
    if options.output and not errors:
        Path(options.output).write_text(text, encoding="utf-8")
    elif not options.output:
        sys.stdout.write(text)
    for error in errors[:-1]:
        show(error)
    if errors:
        raise errors[-1]


def _run_parts(
    parts: list[Source], name: str, done: list[str], pipeline: Nest, chosen: Chosen, options: argparse.Namespace
) -> list[TsirError]:
    """Runs programs of one text; gives the errors that they end in."""
    errors: list[TsirError] = []
    for part in parts:
        try:
            done.append(_process(part, name, pipeline, chosen, options))
        except TsirError as error:
            errors.append(error)
    return errors


def _unexpected(
    text: str | None, name: str, run: Callable[[], list[TsirError]], options: argparse.Namespace
) -> list[TsirError]:
    """What is said of programs that their text doesn't expect, and the other way round. Raises TsirError for an archive."""
    from tsir.tools.expected_diagnostics import diagnostics, mismatches

    if text is None:
        raise TsirError(f"{name} is no text: it can't say which diagnostics it expects")
    return list(mismatches(text, name, diagnostics(run), only_expected=options.verify_diagnostics == "only-expected"))


def pipeline_of(options: argparse.Namespace) -> Nest:
    """The passes that the command line asks for, in their order. Raises PassError, with a caret in a pipeline's text."""
    from tsir.tools.pass_manager import MODULE, Nest, read_passes, read_pipeline

    if options.pass_pipeline is not None:
        if options.passes or options.pipeline:
            raise PassError(
                "--pass-pipeline can't be used with --passes, --pipeline and passes as options",
                hint="name all passes in the pipeline; named pipelines can stand there, too",
            )
        return read_pipeline(options.pass_pipeline)
    steps: list[Step] = []
    if options.pipeline is not None:
        steps += named_passes(options.pipeline, options.weights)
    for text in options.passes:
        steps += read_passes(text)
    return Nest(MODULE, tuple(steps))


def named_passes(name: str, weights: str) -> list[Step]:
    """The passes of a named pipeline; `weights` is the option of its `place-weights`. Raises PassError."""
    from tsir.lowering.pipelines import PIPELINES
    from tsir.tools.pass_manager import read_passes

    if name not in PIPELINES:
        hint = did_you_mean(name, PIPELINES) or f"the pipelines are {', '.join(PIPELINES)}"
        raise PassError(f"there is no pipeline {name!r}", hint=hint)
    options = {"place-weights": f"{{form={weights}}}"} | (
        {"lower-ts-to-linalg": "{in-memory=false}"} if name == "mlir" else {}
    )
    return read_passes(",".join(p + options.get(p, "") for p in PIPELINES[name]))


def _process(source: Source, name: str, pipeline: Nest, chosen: Chosen, options: argparse.Namespace) -> str:
    """The text of one program after the passes."""
    from tsir.dialects.context import print_module
    from tsir.dialects.lint import warnings_of
    from tsir.tools.contexts import tool_context
    from tsir.tools.instrument.reproducers import Reproducer, reproducer_text, stored_pipeline
    from tsir.tools.instrument.verifying import Verify
    from tsir.tools.pass_manager import Nest, run_pipeline

    context = tool_context(allow_unregistered=options.allow_unregistered_dialect)
    context.statistics = chosen.rules
    with chosen.measure("Parser" if isinstance(source, str) else "Frontend"):
        loaded = read_program(
            source,
            name,
            context,
            locate=True,
            implicit_module=not options.no_implicit_module,
        )
    if isinstance(source, str):
        for warning in warnings_of(loaded.module, context.positions):
            warnings.warn(warning, stacklevel=1)
    module, instruments = loaded.module, chosen.instruments
    whole = Nest(pipeline.anchor, (*typing_passes(options.arg_types, loaded.symbol(options.entry)), *pipeline.elements))
    if options.run_reproducer:
        whole, verify_each = stored_pipeline(loaded.external, name)
        instruments = [*instruments, *([Verify()] if verify_each and not options.verify_each else ())]
    semantics: CheckSemantics | None = None
    if options.check_semantics:
        from tsir.tools.instrument import semantics as checking  # imports NumPy

        semantics = checking.CheckSemantics(loaded.root, options.seed, options.semantics_inputs)
        instruments = [semantics, *instruments]
    if options.generate_reproducer is not None:
        text = reproducer_text(module, whole, verify_each=options.verify_each)
        Path(options.generate_reproducer).write_text(text, encoding="utf-8")
    if options.reproducer is not None:
        with Reproducer(options.reproducer, whole, module, options.verify_each, options.local_reproducer) as kept:
            run_pipeline(whole, context, module, [kept, *instruments])
    else:
        run_pipeline(whole, context, module, instruments)
    if semantics is not None:
        print(semantics.report(), file=sys.stderr)
    if not (options.verify_each and whole.elements):
        with chosen.measure("Verifier"):
            _verify(module, bool(whole.elements))
    if options.arg_types is None and (left := _untyped(module)):
        print(f"note: {left} operators stay, as their arguments' types aren't known: give --arg-types", file=sys.stderr)
    with chosen.measure("Output"):
        return print_module(
            module,
            debuginfo=options.debuginfo,
            generic=options.generic,
            resources=context.resources,
            elide_larger=options.elide_larger,
        )


def _verify(module: ModuleOp, transformed: bool) -> None:
    """Verifies the result. Raises IRError, which says how to find the pass that it is due to."""
    from tsir.dialects.verify import verify_module

    try:
        verify_module(module)
    except IRError as error:
        if transformed and error.hint is None:
            error.hint = "a pass gave wrong IR: --verify-each says which"
        raise


def typing_passes(types: str | None, entry: str | None) -> list[Step]:
    """What sets the argument types that a command line gives, for the function of a symbol or the only one."""
    if types is None:
        return []
    from tsir.passes.inline import InlinePass
    from tsir.passes.signature import SetTypesPass

    apart = any(c in types for c in "[{")  # calls would keep the lists and dicts that are taken apart
    return [*([InlinePass(entry)] if apart else []), SetTypesPass(types, entry)]


def _untyped(module: ModuleOp) -> int:
    """How many operators a lowering left because nothing is known of an argument."""
    from xdsl.dialects.builtin import StringAttr

    from tsir.passes.facts import NOTHING_KNOWN
    from tsir.passes.structure import walk

    reasons = [r.data for op in walk(module) if isinstance(r := op.attributes.get("ts.reason"), StringAttr)]
    return sum(1 for reason in reasons if reason.startswith(NOTHING_KNOWN))


def console() -> None:
    """The console script."""
    sys.exit(main())


if __name__ == "__main__":
    console()
