"""`ts-run`: runs an archive or a function of an IR file on inputs from the command line, without torch."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tsir.errors import TsirError
from tsir.tools.command_line import ToolParser
from tsir.tools.exits import exit_status
from tsir.tools.inputs import is_archive, read_text

EXAMPLES = """examples:
  ts-run model.pt --input x.npy                        one array
  ts-run model.pt --input x.npy --input 3 --input None  arrays and Python literals, in order
  ts-run program.mlir --entry f --input x.npy --output y.npy
  ts-opt model.pt -p ts-inline,ts-freeze | ts-run - --weights model.pt --input x.npy    what passes made of a model
"""


def _parser() -> ToolParser:
    parser = ToolParser("ts-run", __doc__, EXAMPLES)
    parser.add_argument("program", help="archive (.pt) or IR file (- for standard input)")
    parser.add_argument("--input", action="append", default=[], metavar="VALUE", help="an .npy file or a Python literal")
    parser.add_argument(
        "--weights", metavar="FILE", help="the archive that an IR file's object and weights (`ts.weight`) are taken from"
    )
    parser.add_argument("--entry", metavar="NAME", help="entry point (default: forward, or the only function)")
    parser.add_argument(
        "--output", metavar="FILE", help="write the result, an array, to an .npy file instead of printing it"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the tool; gives the exit status."""
    return exit_status(lambda: _run(_parser().read(sys.argv[1:] if argv is None else argv)))


def _run(options: argparse.Namespace) -> None:
    inputs = [_input(text) for text in options.input]
    entry = entry_point(options.program, options.entry, options.weights)
    try:
        result = entry(*inputs)
    except TsirError:
        raise
    except Exception as error:
        # An exception that the program raises itself, or that its inputs cause, is the tool's result.
        raise TsirError(f"{type(error).__name__}: {error}") from error
    _show(result, options.output)


def entry_point(path: str, name: str | None, weights: str | None = None) -> Any:
    """What to call; `weights` is the archive that IR takes its object and weights from.

    Raises TsirError when the program has no such entry point, or several and none is named.
    """
    from tsir.runtime.api import load, load_ir
    from tsir.runtime.compiled import ScriptModule

    if path != "-" and is_archive(path):
        program = load(path)
        if not isinstance(program, ScriptModule):
            return program
        try:
            return program.compiled_method(name or "forward")
        except AttributeError as error:
            raise TsirError(str(error), hint=f"the entry points are {', '.join(program.program.entry_points)}") from error
    module = None if weights is None else load(weights)
    if module is not None and not isinstance(module, ScriptModule):
        raise TsirError(f"{weights} holds a function, which has no weights")
    functions = load_ir(read_text(path), path, module)
    if name is None and len(functions) == 1:
        return next(iter(functions.values()))
    found = functions.get(name or "forward")
    if found is None:
        raise TsirError(
            f"{path} has no public function {name or 'forward'!r}", hint=f"it has {', '.join(functions) or 'none'}"
        )
    return found


def _input(text: str) -> Any:
    import numpy as np

    if text.endswith(".npy"):
        try:
            return np.load(Path(text), allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise TsirError(f"{text} is no .npy file: {error}") from error
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise TsirError(f"input {text!r} is neither an .npy file nor a Python literal") from error


def _show(result: Any, output: str | None) -> None:
    import numpy as np

    if output is None:
        print(result)
    elif isinstance(result, np.ndarray):
        np.save(output, result)
    else:
        raise TsirError(f"the result is a {type(result).__name__}, no array: it can't be written to {output}")


def console() -> None:
    """The console script."""
    sys.exit(main())


if __name__ == "__main__":
    console()
