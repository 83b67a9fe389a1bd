"""Generators that go over calls of themselves: of trees, for example.

They can't be emitted where they are used, since that has no end. Such a generator becomes a function that gives a list of its
elements, which is called when the first of them is asked for. That is the same as long as nothing shows when an element is made: the
generator must have no effect, and must come to an end. One that may have an effect is refused.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from tsir.errors import UnsupportedError
from tsir.frontend.script.source import FunctionNode, FunctionSource, make_source

if TYPE_CHECKING:
    from tsir.frontend.script.call_arguments import Arguments
    from tsir.frontend.script.emitter import Emitter
    from tsir.frontend.script.signatures import Signature
    from tsir.frontend.script.values import Value

_OUT, _ITEM = "<out>", "<element>"

_PURE = frozenset((
    "len", "range", "enumerate", "zip", "reversed", "isinstance", "sorted", "min", "max", "abs", "int", "float", "str", "bool", "list",
    "tuple", "sum", "items", "keys", "values", "size", "dim", "item",
))  # fmt: skip
"""Functions and methods that have no effect, whatever they are called with."""


def calls_itself(node: FunctionNode) -> bool:
    """Whether a function calls one of its own name."""
    return any(isinstance(n, ast.Call) and _called(n) == node.name for n in ast.walk(node))


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def recursive_source(e: Emitter, source: FunctionSource, signature: Signature) -> FunctionSource:
    """The source of a generator that gives the elements of the list that the function gives which is made of this one."""
    key = ("recursive", id(source.node))
    found = e.session.sources.get(key)
    if found is None:
        _refuse_effects(source)
        e.session.keep_alive.append(source)
        node = _function(source.node, _collected(source.node.body))
        of_list = e.session.sources["list", id(source.node)] = make_source(
            source.function, node, source.file, source.line_offset
        )
        names = [ast.Name(p.name, ast.Load()) for p in signature.parameters]
        call = ast.Call(ast.Name("<elements>", ast.Load()), [*names], [])
        loop = ast.For(ast.Name(_ITEM, ast.Store()), call, [ast.Expr(ast.Yield(ast.Name(_ITEM, ast.Load())))], [], None)
        wrapper = _function(source.node, [loop])
        found = e.session.sources[key] = make_source(source.function, wrapper, source.file, source.line_offset)
        e.session.recursive[id(wrapper)] = of_list, replace(signature, result=None)
    return found


def elements(a: Arguments) -> Value:
    """The list of all elements of the generator that is being emitted."""
    from tsir.frontend.script.emitter import Unreachable
    from tsir.frontend.script.functions import call_compiled
    from tsir.frontend.script.values import PyFunction, StaticTuple

    e, values = a.e, a.values()
    of_list, signature = next(
        found for key, found in e.session.recursive.items() if any(key == id(s.node) for s in (e.source, *_steps_of(e)))
    )
    bound = dict(zip((p.name for p in signature.parameters), values, strict=True))
    try:
        return call_compiled(e, PyFunction(of_list.function), of_list, signature, bound, of_list.node.name)
    except Unreachable:
        return StaticTuple(())  # of what type they are will be known from its other elements


def _steps_of(e: Emitter) -> list[FunctionSource]:
    """The generators whose steps are the function that is being emitted."""
    return [
        s
        for key, s in e.session.sources.items()
        if key[0] == "recursive" and e.session.sources.get(("step", id(s.node))) is e.source
    ]


def _function(node: FunctionNode, body: list[ast.stmt]) -> FunctionNode:
    made = ast.FunctionDef(node.name, node.args, body, [], None, None)
    made.type_params = []  # pyright: ignore[reportAttributeAccessIssue]  (a field from Python 3.12 on)
    ast.copy_location(made, node)
    for tree in ast.walk(made):
        if not hasattr(tree, "lineno"):
            ast.copy_location(tree, node)
    return made


def _collected(statements: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The body of the function that gives a list."""
    empty = ast.Assign([ast.Name(_OUT, ast.Store())], ast.List([], ast.Load()))
    return [
        empty,
        *(made for s in statements for made in _Collecting().statement(s)),
        ast.Return(ast.Name(_OUT, ast.Load())),
    ]


_Node = TypeVar("_Node", bound=ast.AST)


class _Collecting:
    """Puts what a generator yields into a list."""

    def statement(self, node: ast.stmt) -> list[ast.stmt]:
        match node:
            case ast.Expr(value=ast.Yield() | ast.YieldFrom() as given):
                value = ast.Constant(None) if given.value is None else given.value
                method = "append" if isinstance(given, ast.Yield) else "extend"
                call = ast.Call(ast.Attribute(ast.Name(_OUT, ast.Load()), method, ast.Load()), [value], [])
                for tree in (call, call.func, call.func.value):  # pyright: ignore[reportAttributeAccessIssue]
                    ast.copy_location(tree, given)
                return [ast.copy_location(ast.Expr(call), node)]
            case ast.Return():
                return [ast.copy_location(ast.Return(ast.copy_location(ast.Name(_OUT, ast.Load()), node)), node)]
            case ast.If() | ast.For():
                return [self.with_body(node)]
            case _:
                return [node]

    def with_body(self, node: _Node) -> _Node:
        fields: dict[str, Any] = {name: getattr(node, name, None) for name in node._fields}
        for name in ("body", "orelse"):
            fields[name] = [made for s in fields[name] for made in self.statement(s)]
        return ast.copy_location(type(node)(**fields), node)


def _refuse_effects(source: FunctionSource) -> None:
    """Raises UnsupportedError for a generator that may have an effect, or not come to an end."""
    for node in ast.walk(source.node):
        allowed = True
        match node:
            case ast.Call():
                allowed = _called(node) in _PURE or _called(node) == source.node.name
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                allowed = False
            case ast.stmt():
                allowed = node is source.node or isinstance(
                    node,
                    ast.If
                    | ast.For
                    | ast.Expr
                    | ast.Return
                    | ast.Pass
                    | ast.Assign
                    | ast.AnnAssign
                    | ast.Break
                    | ast.Continue,
                )
            case ast.Yield() | ast.YieldFrom():
                allowed = any(isinstance(s, ast.Expr) and s.value is node for s in ast.walk(source.node))
            case _:
                pass
        if not allowed:
            raise UnsupportedError(
                f"generator {source.node.name}(), which goes over itself, with something that may have an effect, isn't supported yet",
                location=source.location(node),
                hint="write it as a function that gives a list",
            )
