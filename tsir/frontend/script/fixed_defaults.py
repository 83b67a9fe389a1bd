"""Parameters of entry points whose default is an empty dict that the program passes with `**`, which takes a dict that is known while
compiling: they stay what the default is, and the running program raises where a caller passes something else.
"""

from __future__ import annotations

import ast
import inspect
from typing import Any

from xdsl.ir import BlockArgument, SSAValue

from tsir.frontend.script.constructs import end_of
from tsir.frontend.script.decided import key_of
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.source import innermost
from tsir.frontend.script.static_state import new_dict
from tsir.frontend.script.values import Condition, Run, Value


def fix_if_default(e: Emitter, tree: ast.expr, value: Value) -> None:
    """Fixes what is passed with `**` if it is a parameter with such a default. Raises Redecided where that is new."""
    if not isinstance(tree, ast.Name) or not isinstance(value, Run) or not isinstance(value.ssa, BlockArgument):
        return
    function = innermost(e.source.function)
    parameter = inspect.signature(function, follow_wrapped=False).parameters.get(tree.id)
    if parameter is not None and isinstance(parameter.default, dict) and not parameter.default:
        e.session.decisions.fix(key_of(function, tree.id))


def is_fixed(e: Emitter, function: Any, name: str) -> bool:
    """Whether a parameter of a function stays what its default is."""
    return e.is_entry and key_of(innermost(function), name) in e.session.decisions.fixed


def fixed_default(e: Emitter, argument: SSAValue, name: str) -> Value:
    """The empty dict that such a parameter is. Where a caller has passed something else, the program raises a TypeError."""
    from tsir.frontend.script.control import emit_branch
    from tsir.frontend.script.raising import raise_error

    test = e.py("ne", [e.py("len", [argument]), e.int_constant(0)])
    message = f"{name} must be empty here: it is passed on with **, and was compiled as the empty dict that is its default"
    emit_branch(e, Condition(test), lambda: raise_error(e, "TypeError", message), lambda: None, end_of(e.source.node))
    return new_dict(e, {})
