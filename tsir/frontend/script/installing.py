"""Functions that a program calls to register hooks on its modules, once: they run in Python while compiling.

`install_hooks(self)` in a `forward` gives the modules below `self` hooks where they have none yet. What those do is compiled, so the
modules have to have them before they are read. A function is taken for such a one if all its arguments are modules of the program,
its code or that of a function it calls says `register_forward_hook`, and it gives nothing; then the program is compiled
anew, until a call of it changes no module's hooks any more.
"""

from __future__ import annotations

import dis
import inspect
import types
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from tsir.dialects.call_forms import ModulesChanged
from tsir.errors import FrontendError
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.source import is_of_torch, outer_name, unwrap
from tsir.frontend.script.values import Object, PyFunction, Value

_REGISTER = ("register_forward_hook", "register_forward_pre_hook")
_MOST_FUNCTIONS = 50


def registers_hooks(e: Emitter, callee: PyFunction, args: Sequence[Value], kwargs: Mapping[str, Value]) -> bool:
    """Calls a function in Python if it is one that registers hooks; says whether it is.

    Raises ModulesChanged if modules of the program have other hooks now, FrontendError for what the function raises.
    """
    function = unwrap(callee.function)
    if kwargs or not args or callee.receiver is not None or not isinstance(function, types.FunctionType):
        return False
    if not all(isinstance(a, Object) and a.info.kind == "module" for a in args) or not _says_register(function):
        return False
    modules = [m for a in args if isinstance(a, Object) and (m := e.session.reader.module_of(a.info)) is not None]
    if len(modules) < len(args):
        return False
    try:
        result = function(*modules)
    except Exception as error:
        raise FrontendError(
            f"{function.__qualname__}(), which registers hooks, raised {type(error).__name__}: {error}",
            location=e.place,
            code="TS505",
        ) from error
    if not e.session.reader.hooks_are_known():
        raise ModulesChanged
    return result is None


@lru_cache(maxsize=1024)
def _says_register(function: types.FunctionType) -> bool:
    """Whether the code of a function, or of functions of modules that it calls, names the methods that register hooks."""
    pending, seen = [function], set[Any]()
    while pending and len(seen) < _MOST_FUNCTIONS:
        found = pending.pop()
        codes = [found.__code__]
        while codes:
            code = codes.pop()
            if code in seen:
                continue
            seen.add(code)
            codes += [c for c in code.co_consts if inspect.iscode(c)]
            for i in dis.get_instructions(code):
                if i.opname in ("LOAD_ATTR", "LOAD_METHOD") and i.argval in _REGISTER:
                    return True
                if i.opname == "LOAD_GLOBAL" and isinstance(i.argval, str):
                    named = outer_name(found, i.argval)
                    if isinstance(named, types.FunctionType) and not is_of_torch(named):
                        pending.append(named)
    return False


__all__ = ["registers_hooks"]
