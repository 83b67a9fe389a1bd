"""Parameters of entry points without annotation and with the default None: a tensor or None, until the program passes one on where
something else is expected. The compile starts again then with that type."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import CastOp
from tsir.frontend.script.decided import key_of
from tsir.frontend.script.open_types import open_in
from tsir.frontend.script.type_relations import join_all, members
from tsir.frontend.script.values import Run, Value

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session
    from tsir.frontend.script.emitter import Emitter


def type_of_none_default(session: Session, function: Any, node: ast.AST, name: str) -> Attribute:
    """The type of such a parameter. `node`: the function's tree."""
    key = key_of(function, name)
    decision = session.decisions.of(session, key)
    session.none_parameters[node, name] = key
    return ts.optional_of(ts.TensorType()) if decision is None else decision.type


def expect(e: Emitter, value: Value, wanted: Attribute, *, or_tensor: bool = False) -> None:
    """Notes that a value is expected to be of a type that it isn't of, with `or_tensor` besides. Raises Redecided where it is such a
    parameter."""
    if not isinstance(value, Run) or e.session.complete:
        return
    argument = value.ssa
    while isinstance(argument.owner, CastOp):
        argument = argument.owner.value
    key = e.session.none_arguments.get(argument)
    some = [m for m in members(wanted) if m != ts.NONE]
    if key is None or not some or any(isinstance(m, ts.TensorType | ts.AnyType) or any(open_in(m)) for m in some):
        return
    found = join_all([ts.TensorType(), *some] if or_tensor else some)
    e.session.decisions.decide(e.session, key, ts.optional_of(found))
