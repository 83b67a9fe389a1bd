"""`ts-translate`: a program in another form: IR at some level, Python, NumPy source, an archive, a graph, JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsir.errors import PassError, TsirError, did_you_mean
from tsir.tools import opt_options
from tsir.tools.command_line import ToolParser
from tsir.tools.exits import exit_status
from tsir.tools.inputs import is_archive, is_python, read_text

if TYPE_CHECKING:
    from tsir.dialects.context import TsContext
    from tsir.tools.programs import Loaded

DESCRIPTION = """\
Writes a program in another form. Forms are guessed from the names of files where --from and --to don't say them."""

FORMS = """\
forms:
  ir, ts   .mlir .ir  IR text as it is; what --from=ir reads may be of any level
  archive  .pt        what tsir.load and ts-run take
  torchscript         an archive that torch.jit.load takes, in Python and C++
  python   .py        from: functions and module classes of a file, compiled; to: their code as it was compiled
  linalg              IR lowered for --arg-types
  mlir                the same in MLIR's own dialects alone
  numpy               the Python + NumPy source that runs, for --arg-types
  dot      .dot .gv   Graphviz's text
  svg      .svg       the graph, drawn without Graphviz
  json     .json      IR as JSON, without loss: --from=json gives the same IR back
"""

EXAMPLES = """\
examples:
  ts-translate model.py:SimpleNet -o model.pt                  compile and save
  ts-translate model.pt --to=python                            the program as Python source
  ts-translate model.pt --to=torchscript -o torchscript.pt     for torch.jit.load
  ts-translate model.pt --to=numpy --arg-types="tensor<1x10xf32>"
  ts-translate model.mlir -o model.svg                         a drawing, for a browser
  ts-translate --upgrade old.pt -o new.pt                      an archive of an earlier version as one of this version
  ts-translate model.mlir -o model.json; ts-translate model.json --to=ir
"""

SOURCES = ("ir", "archive", "python", "json")
_BY_SUFFIX = {
    ".mlir": "ir", ".ir": "ir", ".pt": "archive", ".py": "python", ".dot": "dot", ".gv": "dot", ".svg": "svg", ".json": "json",
}  # fmt: skip


def _form(text: str) -> str:
    """The form that a word stands for: `ts` is IR of that dialect, as tsir writes it."""
    return "ir" if text == "ts" else text


def _parser() -> ToolParser:
    parser = ToolParser("ts-translate", DESCRIPTION, f"{FORMS}\n{EXAMPLES}")
    parser.add_argument("input", nargs="?", default="-", help="a file, FILE.py:NAME, or - (standard input)")
    parser.add_argument("-o", dest="output", metavar="FILE", help="write to FILE instead of standard output")
    parser.add_argument("--from", dest="source", type=_form, choices=SOURCES, metavar="FORM", help=", ".join(SOURCES))
    parser.add_argument("--to", dest="target", type=_form, choices=TARGETS, metavar="FORM", help=", ".join(TARGETS))
    parser.add_argument(
        "--arg-types", metavar="TYPES", help='types of the arguments: "tensor<1x10xf32>,i64" (? is any size)'
    )
    parser.add_argument("--entry", metavar="NAME", help="the function or method that is meant (default: the only one)")
    parser.add_argument(
        "--weights", choices=("inline", "resource", "args"), default="inline", help="their form in MLIR (default: inline)"
    )
    parser.add_argument(
        "--upgrade", action="store_true", help="write an archive of an earlier version as this tsir writes it, to -o FILE.pt"
    )
    parser.add_argument("--print-debuginfo", dest="debuginfo", action="store_true", help="IR with source locations")
    opt_options.add_completion(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the tool; gives the exit status."""
    return exit_status(lambda: _run(_parser().read(sys.argv[1:] if argv is None else argv)))


def _run(options: argparse.Namespace) -> None:
    if options.print_completion is not None:
        from tsir.tools.completion import completion

        print(completion(_parser(), options.print_completion, words={}), end="")
        return
    if options.upgrade:
        _upgrade(options)
        return
    target = options.target or _guessed(options.output)
    job = _Job(options, _read(options))
    if target in ARCHIVES:
        if not options.output:
            raise TsirError("an archive is no text: it can't be written to standard output", hint="give -o FILE.pt")
        program = job.program()
        (program.save if target == "archive" else program.save_torchscript)(options.output)
        return
    text = _WRITERS[target](job)
    if options.output:
        Path(options.output).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


def _upgrade(options: argparse.Namespace) -> None:
    """Writes an archive anew, with its extra files, and says what was rewritten."""
    from tsir.archive.reading import extra_names, versions_of
    from tsir.archive.upgrades import steps_for
    from tsir.runtime.loading import load

    if options.input == "-" or not is_archive(options.input):
        raise TsirError(f"--upgrade takes an archive, not {options.input}")
    if not options.output:
        raise TsirError("--upgrade writes an archive", hint="give -o FILE.pt")
    steps = steps_for(versions_of(options.input))
    extra: dict[str, Any] = dict.fromkeys(extra_names(options.input))
    load(options.input, _extra_files=extra, verify=True).save(options.output, extra)
    for step in steps or ["nothing to upgrade"]:
        print(step, file=sys.stderr)


def _guessed(path: str | None) -> str:
    """The form that a file's name tells. Raises TsirError when it tells none."""
    form = None if path is None else _BY_SUFFIX.get(Path(path).suffix)
    if form is None:
        raise TsirError(f"{path or 'standard output'} doesn't say its form", hint="give --to=FORM; --help lists the forms")
    return form


@dataclass(eq=False)
class _Job:
    """A program that was read, and how it is to be written."""

    options: argparse.Namespace
    read: tuple[Loaded, TsContext]

    @property
    def loaded(self) -> Loaded:
        return self.read[0]

    def program(self) -> Any:
        """The program, compiled: what `tsir.script` or `tsir.load` give. Raises TsirError for text with several functions."""
        from tsir.runtime.api import as_function
        from tsir.runtime.compilation import function_entries
        from tsir.runtime.compiled import ScriptModule

        found = self.loaded.program
        if found is not None:
            return as_function(found) if found.root is None or found.is_function else ScriptModule(found)
        from tsir.dialects.program import Program

        module = self.loaded.module
        entries = {e.name: e for e in function_entries(module)}
        return as_function(Program(lambda: module, {name: entries[name] for name in [self.entry(list(entries))]}))

    def entry(self, names: Sequence[str]) -> str:
        """The function that is meant. Raises TsirError when there is none, or several and none is named."""
        chosen = self.options.entry
        if chosen is None and len(names) == 1:
            return names[0]
        if chosen is None:
            raise TsirError(f"the program has {len(names)} functions", hint=f"give --entry: {', '.join(names)}")
        if chosen not in names:
            raise TsirError(
                f"there is no function {chosen!r}", hint=did_you_mean(chosen, names) or f"there is {', '.join(names)}"
            )
        return chosen


def _read(options: argparse.Namespace) -> tuple[Loaded, TsContext]:
    from tsir.tools.contexts import tool_context
    from tsir.tools.programs import Loaded, inputs, read_program

    context = tool_context(allow_unregistered=True)
    path = options.input
    known = is_python(path) or (path != "-" and is_archive(path))
    form = options.source or (
        "python" if is_python(path) else "archive" if known else _BY_SUFFIX.get(Path(path).suffix, "ir")
    )
    if form == "json":
        from tsir.tools.translate.json_form import from_json

        return Loaded(from_json(read_text(path), context, path)), context
    if form in ("python", "archive") and not known:
        raise TsirError(f"{path} is no {'Python file' if form == 'python' else 'archive'}")
    sources = [(name, part) for _, name, parts in inputs(path) for part in parts]
    if len(sources) != 1:
        raise TsirError(f"{path} has {len(sources)} programs", hint=f"name one: {path}:NAME")
    [(name, source)] = sources
    return read_program(source, name, context), context


def _ir(job: _Job) -> str:
    from tsir.dialects.context import print_module

    return print_module(job.loaded.module, debuginfo=job.options.debuginfo, resources=job.read[1].resources)


def _lowered(job: _Job, pipeline: str) -> None:
    """Lowers the program for its argument types, in place."""
    from tsir.tools.pass_manager import MODULE, Nest, run_pipeline
    from tsir.tools.ts_opt import named_passes, typing_passes

    options, (loaded, context) = job.options, job.read
    first = typing_passes(options.arg_types, loaded.symbol(options.entry))
    run_pipeline(Nest(MODULE, (*first, *named_passes(pipeline, options.weights))), context, loaded.module)


def _linalg(job: _Job) -> str:
    _lowered(job, "linalg")
    return _ir(job)


def _mlir(job: _Job) -> str:
    _lowered(job, "mlir")
    return _ir(job)


def _numpy(job: _Job) -> str:
    from tsir.backend.numpy import generate
    from tsir.runtime.compilation import function_entries

    _lowered(job, "linalg")
    names = [e.symbol for e in function_entries(job.loaded.module)]
    chosen = job.options.entry
    wanted = job.loaded.symbol(chosen) if chosen is not None or job.loaded.entries else None
    if wanted is None:
        wanted = job.entry(names)
    if wanted not in names:
        raise PassError(f"there is no function @{wanted}", hint=f"there is {', '.join(names)}")
    return generate(job.loaded.module, wanted).text


def _python(job: _Job) -> str:
    program = job.program()
    if job.loaded.program is None:
        _check_level(job)
    if job.options.entry is not None and hasattr(program, "compiled_method"):
        return program.compiled_method(job.options.entry).code
    return program.code


def _check_level(job: _Job) -> None:
    """Raises PassError for IR below the `ts` level, whose operations aren't Python's."""
    from tsir.dialects.traversal import walk

    for op in walk(job.loaded.module):
        if op.name.partition(".")[0] not in ("builtin", "func", "scf", "ts") and op.name != "arith.constant":
            raise PassError(
                f"{op.name} has no form in Python: only IR of the ts level has",
                hint="--to=numpy gives source for all levels",
            )


def _dot(job: _Job) -> str:
    from tsir.tools.translate.dot import to_dot
    from tsir.tools.translate.graphs import graphs

    return to_dot(graphs(job.loaded.module))


def _svg(job: _Job) -> str:
    from tsir.tools.translate.graphs import graphs
    from tsir.tools.translate.svg import to_svg

    return to_svg(graphs(job.loaded.module))


def _json(job: _Job) -> str:
    from tsir.tools.translate.json_form import to_json

    return to_json(job.loaded.module)


_WRITERS: dict[str, Callable[[_Job], str]] = {
    "ir": _ir,
    "python": _python,
    "linalg": _linalg,
    "mlir": _mlir,
    "numpy": _numpy,
    "dot": _dot,
    "svg": _svg,
    "json": _json,
}

ARCHIVES = ("archive", "torchscript")
TARGETS = (*ARCHIVES, *_WRITERS)


def console() -> None:
    """The console script."""
    sys.exit(main())


if __name__ == "__main__":
    console()
