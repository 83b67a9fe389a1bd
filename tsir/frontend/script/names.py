"""What a name in the program means: a variable, one of a function around, or something from outside."""

from __future__ import annotations

import ast
import builtins
from typing import Any

from tsir.errors import did_you_mean
from tsir.frontend.script.constructs import end_of
from tsir.frontend.script.emitter import DEFINED, SENT, Emitter
from tsir.frontend.script.expected import raise_if_expected
from tsir.frontend.script.frames import FRAME
from tsir.frontend.script.python_errors import raise_unassigned
from tsir.frontend.script.source import MISSING, outer_name
from tsir.frontend.script.static_state import fresh
from tsir.frontend.script.unassigned import look_when_running, may_be_unassigned
from tsir.frontend.script.values import (
    Builtin,
    Condition,
    Const,
    PyObject,
    Run,
    Unusable,
    Value,
)

_MODULES = {
    "torch": "import torch", "nn": "from torch import nn", "F": "import torch.nn.functional as F", "math": "import math",
    "np": "import numpy as np", "Tensor": "from torch import Tensor",
} | {n: f"from typing import {n}" for n in ("List", "Dict", "Optional", "Tuple", "Union", "Any")}  # fmt: skip
"""What programs often forget to import, and how."""


def value_of_name(e: Emitter, node: ast.Name) -> Value:
    """What a name means: a variable, or something from outside the function."""
    key = node.id
    binding = e.variables.get(key)
    local = node.id in e.local_names and node.id not in e.rebinds
    if binding is None and not local:
        key = e.outer_key(node.id) or ""
        binding = e.variables.get(key)
    if binding is not None:
        if isinstance(binding.value, Unusable):
            look_when_running(e, node, binding.value)
            e.error(f"'{node.id}' {binding.value.why}", node=node, hint=binding.value.hint, code="TS202")
        _check_assigned(e, node, key)
        return binding.value if isinstance(binding.value, Run | Const) else fresh(e, binding.value)
    if key and not local:
        raise_unassigned(e, node.id, free=True)
    if local and (e.cell_key(node.id) in e.unreached or (e.loops and may_be_unassigned(e, node.id))):
        raise_unassigned(e, node.id)
    if local:
        look_when_running(e, node, None)
        e.error(
            f"'{node.id}' is read before it is assigned",
            node=node,
            hint="assign it before this line; a name that a function assigns anywhere is its own everywhere in it",
            code="TS202",
        )
    found = outer_name(e.source.function, node.id)
    if found is MISSING and node.id.startswith("<") and node.id != SENT:
        return Builtin(node.id)  # the compiler's own: no name of a program's
    if found is MISSING:
        raise_if_expected(e, "NameError", (), f"name '{node.id}' is not defined")
        e.error(f"name '{node.id}' isn't defined", node=node, hint=_similar_name(e, node.id), code="TS201")
    from tsir.frontend.script.global_names import is_written, read_global
    from tsir.frontend.script.outside import constant_outside, of_global

    with e.at(node):
        if is_written(e, node.id):
            return read_global(e, node.id)
        return constant_outside(e, found, node.id, of_global(e.source.function, node.id))


def _similar_name(e: Emitter, name: str) -> str | None:
    """A hint with a name that is spelled almost like this one."""
    own = [k.partition(FRAME)[0] for k in e.variables if not k.startswith("$")]
    function = e.source.function
    known = {*own, *function.__code__.co_freevars, *function.__globals__, *vars(builtins)}
    if name in _MODULES and name not in known:
        return f"import it in the file: `{_MODULES[name]}`"
    return did_you_mean(name, known)


def _check_assigned(e: Emitter, node: ast.Name, variable: str) -> None:
    """Python's UnboundLocalError, for a variable that some path to here doesn't assign."""
    key = DEFINED + variable
    binding = e.variables.get(key)
    if binding is None or variable.startswith("<"):
        return
    from tsir.frontend.script.control import emit_branch

    free = variable != node.id or node.id not in e.local_names
    test = Condition(e.flag(key))
    emit_branch(e, test, lambda: None, lambda: raise_unassigned(e, node.id, free=free), end_of(node))
    e.variables.pop(key, None)


def annotation_scope(e: Emitter) -> dict[str, Any]:
    """The names that annotations may use here: what is outside the function, and classes that it defines itself."""
    local = {k.partition(FRAME)[0]: b.value for k, b in e.variables.items()}
    classes = {n: v.value for n, v in local.items() if isinstance(v, PyObject)}
    return e.session.annotation_scope(e.source.function) | classes
