"""Calls of functions that only ask what a value is, where a condition stands: `if exists(x):` where `exists` returns `v is not None`.

They are emitted where they are called, so that the condition says of the argument what it says of the parameter in the function.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from xdsl.ir import Attribute, Block

from tsir.errors import FrontendError
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.names import annotation_scope
from tsir.frontend.script.source import (
    FunctionSource,
    function_source,
    is_called_in_python,
    is_generator,
    is_left_out,
    unwrap,
)
from tsir.frontend.script.values import Closure, Condition, Facts, PyFunction, Scope, Value

if TYPE_CHECKING:
    from tsir.frontend.script.signatures import Signature


def predicate_condition(e: Emitter, node: ast.Call) -> Condition | None:
    """A call as a condition, if the function is a predicate that takes these arguments by position; else None."""
    if node.keywords or any(isinstance(a, ast.Starred) for a in node.args) or not _names_function(e, node.func):
        return None
    source, outer = _source_of(e.expression(node.func))
    if source is None or (asked := _asked(source)) is None:
        return None
    arguments = source.node.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    left_out = names[len(node.args) :]
    if len(node.args) > len(names) or arguments.vararg or arguments.kwonlyargs or arguments.kwarg:
        return None
    if any(isinstance(n, ast.Name) and n.id in left_out for n in ast.walk(asked)) or len(left_out) > len(arguments.defaults):
        return None
    return _emitted(e, source, outer, asked, dict(zip(names, node.args, strict=False)))


def _emitted(
    e: Emitter, source: FunctionSource, outer: Scope | None, asked: ast.expr, arguments: dict[str, ast.expr]
) -> Condition:
    from tsir.frontend.script.conditions import condition, path_of
    from tsir.frontend.script.inlining import as_declared, entered

    name = source.node.name
    values = {n: e.expression(a) for n, a in arguments.items()}
    if not e.session.dynamic:
        with e.inside(Block()):  # the errors of a call
            for p in _signature(e, source, outer).parameters:
                if p.name in values:
                    as_declared(e, values[p.name], p, name)
    with entered(e, source, values, None, outer, name):
        found = condition(e, asked)
    paths = {n: path_of(a) for n, a in arguments.items()}
    if outer is not None and outer.frame == e.scope.frame:
        paths |= {
            n: n for n in source.loads if n not in paths and n not in source.stored
        }  # variables of the function around
    return Condition(found.value, _of_caller(found.when_true, paths), _of_caller(found.when_false, paths))


def _names_function(e: Emitter, node: ast.expr) -> bool:
    """Whether a tree is the name of a function, or of one in a module, which it costs nothing to look up."""
    root = _root(node)
    return root is node or (root is not None and root.id not in e.local_names)


def _signature(e: Emitter, source: FunctionSource, outer: Scope | None) -> Signature:
    from tsir.frontend.script.signatures import signature_of, signature_of_tree

    if outer is None:
        return signature_of(e.session, source)
    return signature_of_tree(e.session, source, annotation_scope(e), {})


def _of_caller(facts: Facts, paths: dict[str, str | None]) -> Facts:
    """What is known of parameters, as what is known of the arguments that have a path."""
    found: Facts = {}
    for path, fact in facts.items():
        name, dot, rest = path.partition(".")
        argument = paths.get(name)
        if argument is not None and isinstance(fact, Attribute):
            found[f"{argument}{dot}{rest}"] = fact
    return found


def _source_of(callee: Value) -> tuple[FunctionSource | None, Scope | None]:
    """The source of a function that may be a predicate, and where its variables are looked up if it is a local one."""
    match callee:
        case Closure():
            return callee.source, callee.scope
        case PyFunction(receiver=None, overridden=None):
            function = unwrap(callee.function)
            if is_left_out(function) or is_called_in_python(function) or hasattr(function, "__wrapped__"):
                return None, None
            try:
                return function_source(function), None
            except FrontendError:
                return None, None  # the call itself says why
        case _:
            return None, None


def _asked(source: FunctionSource) -> ast.expr | None:
    """What a predicate returns: a combination of questions what its parameters are."""
    body = source.node.body
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    if len(body) != 1 or not isinstance(body[0], ast.Return) or body[0].value is None or is_generator(source.node):
        return None
    return body[0].value if _only_asks(source, body[0].value) else None


def _only_asks(source: FunctionSource, node: ast.expr) -> bool:
    match node:
        case ast.BoolOp():
            return all(_only_asks(source, v) for v in node.values)
        case ast.UnaryOp(op=ast.Not()):
            return _only_asks(source, node.operand)
        case ast.Compare(ops=[ast.Is() | ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return _root(node.left) is not None
        case ast.Call(func=ast.Name(id="isinstance"), args=[tested, _], keywords=[]):
            return _root(tested) is not None and "isinstance" not in source.stored
        case _:
            return False


def _root(node: ast.expr) -> ast.Name | None:
    """The name that `a.b.c` begins with; None for other expressions."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node if isinstance(node, ast.Name) else None
