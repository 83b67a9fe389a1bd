"""Completion scripts for shells, written from a tool's argument parser: options, their choices, names of passes, file names."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tsir.errors import TsirError


@dataclass(frozen=True)
class _Option:
    names: tuple[str, ...]
    help: str
    takes_value: bool
    optional: bool
    choices: tuple[str, ...]
    """The words that its value may be; none: a file's name or free text."""
    is_list: bool
    """Whether the value is a list of these words, with commas."""


def completion(
    parser: argparse.ArgumentParser, shell: str, *, words: Mapping[str, Sequence[str]], extra: Sequence[tuple[str, str]] = ()
) -> str:
    """The script for `bash`, `zsh` or `fish`. Raises TsirError for another shell.

    `words` are the words that the values of options are made of, by the option's destination; `extra` are flags, with what they
    say, that the parser doesn't list.
    """
    options = [*_options(parser, words), *(_Option((f"--{n}",), h, False, False, (), False) for n, h in extra)]
    writers = {"bash": _bash, "zsh": _zsh, "fish": _fish}
    if shell not in writers:
        raise TsirError(f"there is no completion for {shell!r}", hint=f"there is one for {', '.join(writers)}")
    return writers[shell](parser.prog, options)


def _options(parser: argparse.ArgumentParser, words: Mapping[str, Sequence[str]]) -> Iterator[_Option]:
    for action in parser._actions:
        if action.option_strings and action.help != argparse.SUPPRESS:
            choices = tuple(map(str, action.choices or words.get(action.dest, ())))
            text = (action.help or "").replace("%%", "%")
            yield _Option(
                tuple(action.option_strings), text, action.nargs != 0, action.nargs == "?", choices, action.dest in words
            )


def _bash(prog: str, options: list[_Option]) -> str:
    name = f"_{prog.replace('-', '_')}"
    cases: list[str] = []
    for option in (o for o in options if o.choices):
        words = shlex.quote(" ".join(option.choices))
        prefix = '${current%"${current##*,}"}' if option.is_list else ""
        part = "${current##*,}" if option.is_list else "$current"
        cases.append(
            f"    {'|'.join(option.names)})\n"
            f'      COMPREPLY=($(compgen -P "{prefix}" -W {words} -- "{part}"))\n'
            "      compopt -o nospace 2>/dev/null\n"
            "      return ;;\n"
        )
    files = "|".join(n for o in options if o.takes_value and not o.choices and not o.optional for n in o.names)
    flags = " ".join(n for o in options for n in o.names)
    return f"""# bash completion for {prog}: {prog} --print-completion bash
{name}() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}}
  # `--option=value` comes as three words.
  if [[ $current == "=" ]]; then current=""; elif [[ $previous == "=" ]]; then previous=${{COMP_WORDS[COMP_CWORD - 2]}}; fi
  case $previous in
{"".join(cases)}    {files or "--"})
      COMPREPLY=($(compgen -f -- "$current"))
      return ;;
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W {shlex.quote(flags)} -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}}
complete -o filenames -F {name} {prog}
"""


def _zsh(prog: str, options: list[_Option]) -> str:
    lines: list[str] = []
    for option in options:
        about = "".join(f"\\{c}" if c in "[]:\\" else c for c in option.help)
        words = " ".join(w.replace(":", "\\:") for w in option.choices)
        if not option.takes_value:
            value = ""
        elif option.is_list:
            value = f":value:_values -s , value {words}"
        else:
            value = f":value:({words})" if words else ":file:_files"
        for name in option.names:
            equals = "=" if option.takes_value and name.startswith("--") else ""
            dash = "-" if equals and option.optional else ""
            lines.append(f"  {shlex.quote(f'*{name}{equals}{dash}[{about}]{value}')} \\")
    body = "\n".join(lines)
    return f"#compdef {prog}\n# zsh completion: {prog} --print-completion zsh\n_arguments \\\n{body}\n  '*:file:_files'\n"


def _fish(prog: str, options: list[_Option]) -> str:
    lines = [f"# fish completion: {prog} --print-completion fish"]
    for option in options:
        spelled = " ".join(f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in option.names)
        line = f"complete -c {prog} {spelled} -d {_fish_quoted(option.help)}"
        if option.is_list:
            line += f" -x -a {_fish_quoted(f'(__fish_append , {chr(32).join(option.choices)})')}"
        elif option.choices:
            line += f" -x -a {_fish_quoted(' '.join(option.choices))}"
        elif option.takes_value and not option.optional:
            line += " -r"
        lines.append(line)
    return "\n".join(lines) + "\n"


def _fish_quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
