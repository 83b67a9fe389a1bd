"""`ts-opt`: reads a program, runs passes over it, prints IR that it can read back.

IR and archives need no torch; a Python file's function or class is compiled by the script frontend, which does.
"""

from __future__ import annotations

import argparse
import difflib
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from tsir.dialects.deep_stack import in_deep_stack
from tsir.errors import PassError, TsirError
from tsir.tools.exits import exit_status
from tsir.tools.inputs import is_archive, is_python, python_objects, read_text

if TYPE_CHECKING:
    from xdsl.context import Context
    from xdsl.dialects.builtin import ModuleOp
    from xdsl.passes import ModulePass

    from tsir.dialects.program import Program

SEPARATOR = "// -----"

Source: TypeAlias = "str | Callable[[], Program]"
"""IR text, or what makes a program."""

EXAMPLES = """examples:
  ts-opt model.mlir -p ts-inline,ts-dce           run two passes
  ts-opt model.py:SimpleNet --pipeline=optimize   compile a class, then run a named pipeline
  ts-opt model.py                                 every function and module class that the file defines
  ts-opt model.pt --pipeline=linalg --arg-types="tensor<?x10xf32>"   down to linalg, for these arguments
  ts-opt model.pt --print-debuginfo               an archive's IR with the places in its source
  cat model.mlir | ts-opt -                       read standard input, check, print
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ts-opt", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "input", nargs="?", default="-", help="IR file, archive (.pt), FILE.py[:NAME,...], or - (standard input)"
    )
    parser.add_argument("-o", dest="output", metavar="FILE", help="write to FILE instead of standard output")
    passes = parser.add_argument_group("passes")
    passes.add_argument("-p", "--passes", default="", metavar="LIST", help="passes in order: a,b{option=value},c")
    passes.add_argument("--pipeline", metavar="NAME", help="a named pipeline, run before --passes")
    passes.add_argument(
        "--arg-types",
        metavar="TYPES",
        help='types of the entry point\'s arguments, set before the passes: "tensor<1x10xf32>,i64" (? is any size)',
    )
    passes.add_argument(
        "--entry", metavar="NAME", help="the function or method that --arg-types is for (default: the only one)"
    )
    passes.add_argument(
        "--weights", choices=("inline", "resource", "args"), default="inline", help="their form after --pipeline=mlir"
    )
    passes.add_argument("--list-passes", action="store_true", help="print the names of passes and pipelines, and stop")
    passes.add_argument("--verify-each", action="store_true", help="verify the IR after each pass")
    parser.add_argument("--explain", metavar="CODE", help="say what an error's code stands for (TS103), and stop")
    printing = parser.add_argument_group("printing")
    printing.add_argument("--print-debuginfo", action="store_true", help="print source locations")
    printing.add_argument("--print-generic", action="store_true", help="print all operations in generic form")
    printing.add_argument(
        "--print-between-passes", action="store_true", help="print the IR before each pass to standard error"
    )
    printing.add_argument(
        "--split-input-file", action="store_true", help=f"treat parts between lines '{SEPARATOR}' as files"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the tool; gives the exit status."""
    options = _parser().parse_args(argv)
    if options.explain is not None:
        return exit_status(lambda: _explain(options.explain))
    return exit_status(lambda: _list_passes() if options.list_passes else _transform(options))


def _explain(code: str) -> None:
    from tsir.explanations import EXPLANATIONS

    page = EXPLANATIONS.get(code.upper())
    if page is None:
        raise TsirError(f"there is no error code {code!r}", hint=f"the codes are {', '.join(EXPLANATIONS)}")
    print(page)


def _transform(options: argparse.Namespace) -> None:
    done: list[str] = []
    errors: list[TsirError] = []
    for name, part in _inputs(options):
        try:
            done.append(_process(part, name, options))
        except TsirError as error:
            errors.append(error)
    text = f"{SEPARATOR}\n".join(done)
    if options.output and not errors:
        Path(options.output).write_text(text, encoding="utf-8")
    elif not options.output:
        sys.stdout.write(text)
    for error in errors[:-1]:
        print(f"error: {error}", file=sys.stderr)
    if errors:
        raise errors[-1]


def _inputs(options: argparse.Namespace) -> list[tuple[str, Source]]:
    path: str = options.input
    if is_python(path):
        return [(f"{path}: {name}", partial(_compiled, found, name)) for name, found in python_objects(path).items()]
    if path != "-" and is_archive(path):
        return [(path, lambda: _archived(path))]
    text = read_text(path)
    name = "<stdin>" if path == "-" else path
    if not options.split_input_file:
        return [(name, text)]
    parts: list[tuple[str, Source]] = []
    lines_before = 0
    for part in re.split(rf"^{SEPARATOR}\s*?\n", text, flags=re.MULTILINE):
        parts.append((name, "\n" * lines_before + part))  # so that messages name the line in the whole file
        lines_before += part.count("\n") + 1
    return parts


def _compiled(found: Any, name: str) -> Program:
    from tsir.runtime.api import script

    compiled = script(found)
    if not hasattr(compiled, "program"):
        raise TsirError(f"{name} is a {type(compiled).__name__}, not a function, a module or a module's class")
    return compiled.program


def _archived(path: str) -> Program:
    from tsir.runtime.api import load

    return load(path).program


def _process(source: Source, name: str, options: argparse.Namespace) -> str:
    from tsir.dialects.context import make_context, parse_module, print_module
    from tsir.dialects.verify import verify_module
    from tsir.ops.python import lookup
    from tsir.ops.registry import SCHEMAS

    # Not `tsir.runtime.api.parse_ir`: that would import NumPy, a third of a start's time.
    context = make_context(SCHEMAS.get, lambda function: lookup(function) is not None)
    entry: str | None = options.entry
    if isinstance(source, str):
        module = parse_module(context, source, name)
    else:
        program = source()
        module = program.module
        entries = program.entry_points.values()
        if program.root is not None:
            context.objects.update({e.symbol: program.root for e in entries if e.takes_self})
        entry = next((e.symbol for e in entries if entry in (None, e.name)), entry)
    for pass_ in [*_typing(options.arg_types, entry), *passes_of(options.pipeline, options.passes, options.weights)]:
        if options.print_between_passes:
            print(f"// before {pass_.name}", file=sys.stderr)
            print(print_module(module, debuginfo=options.print_debuginfo), file=sys.stderr)
        _run(pass_, context, module)
        if options.verify_each:
            verify_module(module)
    verify_module(module)
    if options.arg_types is None and (left := _untyped(module)):
        print(f"note: {left} operators stay, as their arguments' types aren't known: give --arg-types", file=sys.stderr)
    return print_module(
        module, debuginfo=options.print_debuginfo, generic=options.print_generic, resources=context.resources
    )


def _typing(types: str | None, entry: str | None) -> list[ModulePass]:
    """What sets the argument types that the command line gives."""
    if types is None:
        return []
    from tsir.passes.signature import SetTypesPass

    return [SetTypesPass(types, entry)]


def _untyped(module: ModuleOp) -> int:
    """How many operators a lowering left because nothing is known of an argument."""
    from xdsl.dialects.builtin import StringAttr

    from tsir.passes.facts import NOTHING_KNOWN
    from tsir.passes.structure import walk

    reasons = [r.data for op in walk(module) if isinstance(r := op.attributes.get("ts.reason"), StringAttr)]
    return sum(1 for reason in reasons if reason.startswith(NOTHING_KNOWN))


def _run(pass_: ModulePass, context: Context, module: ModuleOp) -> None:
    try:
        in_deep_stack(lambda: pass_.apply(context, module))
    except TsirError:
        raise
    except Exception as error:
        # xDSL's passes raise what they like on IR that they don't expect.
        said = str(error).strip() or type(error).__name__
        raise PassError(f"pass {pass_.name} failed: {said}") from error


def passes_of(pipeline: str | None, text: str, weights: str = "inline") -> list[ModulePass]:
    """The passes of a named pipeline, then those of a list `a,b{option=value}`. Raises PassError for unknown ones.

    `weights` is the option of the pipeline's `place-weights`.
    """
    from xdsl.utils.arg_spec import parse_pipeline
    from xdsl.utils.exceptions import ArgSpecParseError, PassFailedException

    found: list[ModulePass] = []
    if pipeline is not None:
        from tsir.lowering.pipelines import PIPELINES

        if pipeline not in PIPELINES:
            raise PassError(f"there is no pipeline {pipeline!r}", hint=_did_you_mean(pipeline, PIPELINES))
        options = {"place-weights": {"form": weights}}
        found += [_pass_class(name)(**options.get(name, {})) for name in PIPELINES[pipeline]]
    if not text:
        return found
    try:
        specs = list(parse_pipeline(text))
    except ArgSpecParseError as error:
        raise PassError(f"the list of passes can't be read: {error}") from error
    for spec in specs:
        cls = _pass_class(spec.name)
        try:
            found.append(cls.from_pass_spec(spec))
        except (ValueError, ArgSpecParseError, PassFailedException) as error:
            raise PassError(f"pass {spec.name!r}: {error}") from error
    return found


def _pass_class(name: str) -> type[ModulePass]:
    from xdsl.transforms import get_all_passes

    from tsir.passes.registry import PASSES, get_pass

    if name in PASSES:
        return get_pass(name)
    upstream = get_all_passes()
    if name in upstream:
        return upstream[name]()
    raise PassError(f"there is no pass {name!r}", hint=_did_you_mean(name, [*PASSES, *upstream]))


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=3)
    return f"did you mean {' or '.join(close)}?" if close else "ts-opt --list-passes shows them all"


def _list_passes() -> None:
    from xdsl.transforms import get_all_passes

    from tsir.lowering.pipelines import PIPELINES
    from tsir.passes.registry import PASSES, get_pass

    print("tsir's passes:")
    for name in PASSES:
        summary = (inspect.getdoc(get_pass(name)) or "").partition("\n")[0]
        print(f"  {name:<20} {summary}".rstrip())
    print("pipelines:")
    for name, passes in PIPELINES.items():
        print(f"  {name}: {','.join(passes)}")
    print("xDSL's passes:")
    for name in sorted(get_all_passes()):
        print(f"  {name}")


def console() -> None:
    """The console script."""
    sys.exit(main())


if __name__ == "__main__":
    console()
