"""What `ts-opt` says about itself: passes, pipelines, dialects, error codes, completion."""

from __future__ import annotations

from tsir.errors import PassError, TsirError
from tsir.tools.command_line import ToolParser


def explain(code: str) -> None:
    """Prints the page of an error code. Raises TsirError for an unknown one."""
    from tsir.explanations import EXPLANATIONS

    page = EXPLANATIONS.get(code.upper())
    if page is None:
        raise TsirError(f"there is no error code {code!r}", hint=f"the codes are {', '.join(EXPLANATIONS)}")
    print(page)


def list_passes() -> None:
    """Prints the passes by who made them, with what they do and their options, and the named pipelines."""
    from tsir.lowering.pipelines import PIPELINES
    from tsir.tools.known_passes import ON_FUNCTIONS, options_of, pass_class, pass_names, summary

    for owner, names in pass_names().items():
        print(f"{owner}'s passes:")
        for name in names:
            try:
                cls = pass_class(name)
            except PassError as error:
                print(f"  {name:<34} {error.message}")
                continue
            mark = " (also on func.func)" if name in ON_FUNCTIONS else ""
            print(f"  {name:<34} {summary(cls)}{mark}".rstrip())
            for option, kind in options_of(cls).items():
                print(f"      {option}={kind}")
    print("pipelines:")
    for name, passes in PIPELINES.items():
        print(f"  {name}: {','.join(passes)}")


def show_dialects() -> None:
    """Prints the names of all dialects, as mlir-opt does."""
    from tsir.tools.contexts import dialect_names

    print(f"Available Dialects: {','.join(dialect_names())}")


def print_completion(shell: str, parser: ToolParser) -> None:
    """Prints a shell's completion script for a tool that takes passes."""
    from tsir.lowering.pipelines import PIPELINES
    from tsir.tools.completion import completion
    from tsir.tools.known_passes import pass_class, pass_names, summary

    names = pass_names()
    every = [n for group in names.values() for n in group]
    flags = [(n, summary(pass_class(n))) for n in names["tsir"]]
    flags += [(n, "") for n in every if n not in names["tsir"]]
    words = {
        "passes": [*every, *PIPELINES], "pipeline": list(PIPELINES),
    }  # fmt: skip
    print(completion(parser, shell, words=words, extra=flags), end="")
