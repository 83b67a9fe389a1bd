"""Functions that call themselves and use tensors, lists, dicts or objects from outside that are values of run time.

Other functions that do so are compiled where they are called. One that calls itself becomes a local function of its call, which
has those values as variables around it (`inlining.py` compiles such functions, and passes them what they read).
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.inlining import inline
from tsir.frontend.script.outside import of_global, outside_value
from tsir.frontend.script.source import FunctionSource, make_source
from tsir.frontend.script.values import Value

if TYPE_CHECKING:
    from tsir.frontend.script.signatures import Signature


def call_recursive(
    e: Emitter, source: FunctionSource, signature: Signature, bound: Mapping[str, Value], name: str
) -> Value | None:
    """The call of a function that calls itself, with what it uses from outside; None for other functions."""
    from tsir.frontend.script.signatures import ParameterInfo

    node = source.node
    if not _calls_itself(node) or signature.varargs is not None or signature.keywords is not None:
        return None
    values = _values_outside(e, source, {p.name for p in signature.parameters})
    if not values:
        return None
    key = ("recursive", id(node))
    around = e.session.sources.get(key)
    if around is None:
        around = e.session.sources[key] = make_source(
            source.function, _around(node, list(values)), source.file, source.line_offset
        )
    parameters = (*(replace(p, type=None) for p in signature.parameters), *(ParameterInfo(n, None) for n in values))
    return inline(e, around, replace(signature, parameters=parameters), {**bound, **values}, None, name)


def _calls_itself(node: Any) -> bool:
    if not isinstance(node, ast.FunctionDef) or any(
        isinstance(n, ast.Global | ast.Yield | ast.YieldFrom) for n in ast.walk(node)
    ):
        return False
    return any(isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == node.name for n in ast.walk(node))


def _values_outside(e: Emitter, source: FunctionSource, own: set[str]) -> dict[str, Value]:
    """The values of run time that a function reads from its module, by their names."""
    scope = source.function.__globals__
    found: dict[str, Value] = {}
    for name in source.loads:
        if name in own or name in source.stored or name not in scope or callable(scope[name]):
            continue
        value = outside_value(e, scope[name], name, of_global(source.function, name))
        if value is not None:
            found[name] = value
    return found


def _around(node: ast.FunctionDef, names: list[str]) -> ast.FunctionDef:
    """`def f(a, memo): def f(a): ...; return f(a)`: the function as a local one of its call."""
    inner = copy.deepcopy(node)
    inner.decorator_list = []
    parameters = [*node.args.posonlyargs, *node.args.args]
    call = ast.Call(
        ast.Name(node.name, ast.Load()),
        [ast.Name(a.arg, ast.Load()) for a in parameters],
        [ast.keyword(a.arg, ast.Name(a.arg, ast.Load())) for a in node.args.kwonlyargs],
    )
    arguments = ast.arguments(
        [], [*(ast.arg(a.arg) for a in (*parameters, *node.args.kwonlyargs)), *map(ast.arg, names)], None, [], [], None, []
    )
    made = ast.FunctionDef(node.name, arguments, [inner, ast.Return(call)], [], node.returns, None)
    made.type_params = []  # pyright: ignore[reportAttributeAccessIssue]  (a field from Python 3.12 on)
    for tree in (made, made.args, *made.args.args, made.body[1], *ast.walk(call)):
        ast.copy_location(tree, node)
    return made


__all__ = ["call_recursive"]
