"""What all tools' command lines have in common: errors that are messages, LLVM's spelling of options, and completion in shells.

As with LLVM's tools an option may be written with one dash or two, `--option=value` or `--option value`, and isn't abbreviated.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn

from tsir.errors import TsirError, did_you_mean

SHELLS = ("bash", "zsh", "fish")


class ToolParser(argparse.ArgumentParser):
    """An argument parser that raises TsirError for a command line that it can't read."""

    def __init__(self, prog: str, description: str | None, epilog: str) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """Raises TsirError."""
        raise TsirError(message, hint=f"{self.prog} --help shows the options")

    def read(self, argv: Sequence[str], others: Callable[[str], str | None] = lambda _name: None) -> argparse.Namespace:
        """The options of a command line. Raises TsirError.

        `others` says of an option that isn't the parser's own, such as `--ts-cse`, what to read in its place, or None.
        """
        options, unknown = self.parse_known_args(list(self._spelled_out(argv, others)))
        if unknown:
            known = [o for o in self._option_string_actions if o.startswith("--")]
            name = unknown[0].partition("=")[0]
            if not name.startswith("-"):
                raise TsirError(f"there is one argument too many: {name!r}", hint=f"{self.prog} --help shows the usage")
            hint = did_you_mean(f"--{name.lstrip('-')}", known) or f"{self.prog} --help shows the options"
            raise TsirError(f"there is no option {name}", hint=hint)
        return options

    def _spelled_out(self, argv: Sequence[str], others: Callable[[str], str | None]) -> Iterator[str]:
        """The command line with all long options in two dashes, and `others` replaced."""
        arguments = iter(argv)
        for argument in arguments:
            if argument == "--":
                yield from (argument, *arguments)
                return
            name, equals, value = argument.partition("=")
            long = name if name.startswith("--") else f"-{name}"
            if not name.startswith("-") or name == "-":
                yield argument
                continue
            action = self._option_string_actions.get(name)
            if action is None and len(name) > 2:
                action = self._option_string_actions.get(long)
                name = long if action else name
            if action is not None:
                if action.nargs == "?" and not equals:
                    yield f"{name}={action.const}"  # argparse would take what comes next for its value
                    continue
                following = next(arguments, None) if action.nargs is None and not equals else None
                if following is None:
                    yield name + equals + value
                elif name.startswith("--"):
                    yield f"{name}={following}"  # argparse would refuse a value that starts with a dash
                else:
                    yield from (name, following)
            elif (replaced := others(name.lstrip("-") + equals + value)) is not None:
                yield replaced
            else:
                yield argument


def truth(text: str) -> bool:
    """The value of an option that is on or off. Raises ArgumentTypeError."""
    if text not in ("true", "false", "1", "0"):
        raise argparse.ArgumentTypeError(f"expected true or false, found {text!r}")
    return text in ("true", "1")
