"""Overloads that a program declares with `torch.jit._overload` and `_overload_method`: which there are, and which one a call means.

An overload only gives types; the body is that of the function defined last under the name. The operators' overloads are
`tsir.frontend.overloads`'s subject.
"""

from __future__ import annotations
import __future__

import ast
import copy
import dataclasses
import inspect
import linecache
import types
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn, cast

import torch._jit_internal as internal
from torch.jit._state import _jit_function_overload_caching
from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.type_names import show_type
from tsir.errors import FrontendError
from tsir.frontend.script.convert import fits
from tsir.frontend.script.declared_dtypes import note_passed
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.none_defaults import expect
from tsir.frontend.script.source import FunctionSource, describe, function_source
from tsir.frontend.script.type_relations import Tuples, is_subtype, members
from tsir.frontend.script.values import StaticList, StaticTuple, Value

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session
    from tsir.frontend.script.signatures import ParameterInfo, Signature

Bind = Callable[["Signature"], dict[str, Value]]
"""The arguments of a call by the names of a signature's parameters. Raises FrontendError where they don't match in number."""


def _declarations(function: Any) -> Sequence[Any]:
    """The functions whose signatures are this one's overloads, in the order of the file."""
    named = function.__name__ != "<lambda>" and function.__module__ is not None
    name = internal._qualified_name(function) if named else None
    if name is None:
        return ()
    found = internal._overloaded_fns.get(name)
    if found is not None:
        return found
    if function in _jit_function_overload_caching:  # torch.jit compiled them, and then drops them from its table
        return _from_source(function)
    classes: Mapping[str, Any] = internal._overloaded_methods.get(name) or {}
    owner = function.__qualname__.rpartition(".")[0].rpartition(".")[2]
    return classes.get(owner, ())


@lru_cache
def _from_source(function: types.FunctionType) -> Sequence[Any]:
    """The overloads that stand in the source before a function."""
    code = function.__code__
    tree = ast.parse("".join(linecache.getlines(code.co_filename)), code.co_filename)
    for parent in ast.walk(tree):
        body = getattr(parent, "body", None)
        if not isinstance(body, list):
            continue
        named = [n for n in cast("list[ast.AST]", body) if isinstance(n, ast.FunctionDef) and n.name == function.__name__]
        if any(n.lineno == code.co_firstlineno or _first_line(n) == code.co_firstlineno for n in named):
            return [_made(n, function) for n in named if any(map(_is_overload, n.decorator_list))]
    return ()


def _first_line(node: ast.FunctionDef) -> int:
    return min(n.lineno for n in [node, *node.decorator_list])


def _is_overload(decorator: ast.expr) -> bool:
    return ast.unparse(decorator).rpartition(".")[2] == "_overload"


def _made(node: ast.FunctionDef, function: types.FunctionType) -> Any:
    """The function of a definition, in the names that its implementation sees."""
    flags = function.__code__.co_flags & __future__.annotations.compiler_flag
    plain = copy.copy(node)
    plain.decorator_list = []
    tree = ast.Module([plain], [])
    names = {**function.__globals__, **inspect.getclosurevars(function).nonlocals}
    exec(compile(tree, function.__code__.co_filename, "exec", flags, dont_inherit=True), names)
    return names[node.name]


def declared_signatures(session: Session, source: FunctionSource) -> list[Signature]:
    """The signatures that a function's overloads declare; defaults that they leave out are those of the function itself."""
    own = {p.name: p for p in session.signature(source).parameters}
    found: list[Signature] = []
    declarations = _declarations(source.function)
    if any(d is source.function for d in declarations):
        raise FrontendError(
            f"{describe(source.function)}() has overloads, but no implementation: what is defined last is one of them, too",
            location=source.location(source.node),
            hint="define it once more behind the overloads, without the decorator, with the body",
            code="TS305",
        )
    for declaration in declarations:
        signature = session.signature(function_source(declaration))
        parameters = [
            p if p.has_default or p.name not in own else dataclasses.replace(p, default=own[p.name].default)
            for p in signature.parameters
        ]
        found.append(dataclasses.replace(signature, parameters=tuple(parameters)))
    return found


def choose_signature(session: Session, e: Emitter, source: FunctionSource, name: str, bind: Bind) -> Signature:
    """The signature that a call means: of the declared overloads the first that takes the arguments as they are, else the first
    that takes them converted. Raises FrontendError when none does."""
    candidates = declared_signatures(session, source)
    if not candidates:
        return session.signature(source)
    for accepts in (_is_of, _converts_to):
        for signature in candidates:
            try:
                bound = bind(signature)
            except FrontendError:
                continue
            note_passed(e, source.function, signature, bound)
            if all(_takes(e, p, bound[p.name], accepts) for p in signature.parameters):
                return signature
    _refuse(e, name, candidates, bind)


def _refuse(e: Emitter, name: str, candidates: Sequence[Signature], bind: Bind) -> NoReturn:
    """Lists the overloads, the one that fits best first, and why each doesn't."""
    refused: list[tuple[int, str, Value | None, Signature]] = []
    for signature in candidates:
        try:
            bound = bind(signature)
        except FrontendError as error:
            refused.append((1000, error.message, None, signature))
            continue
        wrong = [p for p in signature.parameters if not _takes(e, p, bound[p.name], _converts_to)]
        p = wrong[0]
        if len(wrong) == 1 and p.type is not None:
            expect(e, bound[p.name], p.type)
        why = f"argument '{p.name}' expects {show_type(p.type) if p.type else 'another type'}, found {e.show(bound[p.name])}"
        refused.append((len(wrong), why, bound[p.name], signature))
    refused.sort(key=lambda r: r[0])
    listed = tuple((f"{name}({', '.join(map(_show, s.parameters))}): {why}", s.place) for _, why, _, s in refused)
    message = f"no declared overload of {name}() takes these arguments: {refused[0][1]}"
    e.error(message, value=refused[0][2], code="TS305", notes=listed)


def _takes(e: Emitter, p: ParameterInfo, value: Value, accepts: Callable[[Emitter, Value, Attribute], bool]) -> bool:
    if p.type is None or (p.broadcast and e.session.type_of(value) in (ts.INT, ts.FLOAT)):
        return True
    return accepts(e, value, p.type)


def _show(p: ParameterInfo) -> str:
    return p.name if p.type is None else f"{p.name}: {show_type(p.type)}"


def _is_of(e: Emitter, value: Value, wanted: Attribute) -> bool:
    kind = e.session.type_of(value)
    return kind is not None and is_subtype(e, kind, wanted)


def _converts_to(e: Emitter, value: Value, wanted: Attribute) -> bool:
    """As `coerce` converts: also a tuple to a list."""
    if _is_of(e, value, wanted):
        return True
    kind = e.session.type_of(value)
    for member in members(wanted):
        if fits(e, value, member):
            return True
        if not isinstance(member, ts.ListType):
            continue
        if isinstance(value, StaticTuple | StaticList):
            if all(_converts_to(e, v, member.element) for v in value.elements):
                return True
        elif isinstance(kind, Tuples) and all(is_subtype(e, k, member.element) for k in kind.elements.data):
            return True
    return False
