"""Functions from text: the source that `define` and `CompilationUnit` are given."""

from __future__ import annotations
import __future__

import builtins
import importlib
import itertools
import linecache
import re
import textwrap
import types
import typing
from collections.abc import Mapping
from typing import Any

from tsir.errors import FrontendError, SourceLocation
from tsir.runtime.torch_needed import need_torch

_TYPES = ("Any", "Dict", "List", "NamedTuple", "Optional", "Set", "Tuple", "Union")
_numbers = itertools.count(1)


def functions_of(text: str, scope: Mapping[str, Any]) -> dict[str, types.FunctionType]:
    """The functions that a source text defines at its top level, by name, in order.

    `scope` has the names that they may use, beside `torch`. Raises FrontendError for what Python can't read.
    """
    text = textwrap.dedent(text)
    name = f"<tsir source {next(_numbers)}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    names = {**_implied(text), **scope}
    names.pop("__builtins__", None)
    try:
        code = compile(text, name, "exec", flags=__future__.annotations.compiler_flag, dont_inherit=True)
    except SyntaxError as error:
        raise FrontendError(
            f"the source can't be read: {error.msg}", location=SourceLocation(name, error.lineno or 1, error.offset or 1)
        ) from None
    before = dict(names)
    exec(code, names)
    return {n: f for n, f in names.items() if isinstance(f, types.FunctionType) and before.get(n) is not f}


def _implied(text: str) -> dict[str, Any]:
    """What names mean that nothing around the text defines, as in torch.jit: torch itself, types, operators."""
    need_torch("compiling a text")
    torch: Any = importlib.import_module("torch")
    found: dict[str, Any] = {"torch": torch, "Tensor": torch.Tensor}
    for name in set(re.findall(r"[A-Za-z_]\w*", text)) - vars(builtins).keys():
        place = typing if name in _TYPES else torch if hasattr(torch, name) else torch.nn.functional
        if name not in found and callable(getattr(place, name, None)):
            found[name] = getattr(place, name)
    return found
