"""Where a value that doesn't fit comes from: notes for errors, found in the function's tree.

A parameter without annotation is a Tensor, and an Optional is one because of an annotation, a default or an assignment of None:
the error stands where the value is used, the mistake often there. Nothing here decides anything; it only reads.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from xdsl.ir import Attribute, BlockArgument

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.type_names import show_type
from tsir.errors import FrontendError, SourceLocation
from tsir.frontend.script.values import Binding, Run
from tsir.ops import python

if TYPE_CHECKING:
    from tsir.frontend.script.emitter import Emitter
    from tsir.frontend.script.source import FunctionSource

Note = tuple[str, SourceLocation | None]

_ABOUT_TYPES = frozenset({"TS203", "TS301", "TS302", "TS304", "TS305", "TS307", "TS403", "TS506"})
"""Codes of errors that a missing annotation may be behind."""
_MAY_BE_NONE = "TS306"


def complete(e: Emitter, error: FrontendError, node: ast.AST) -> None:
    """Adds to an error at this node where the values in it come from, and a hint where it has none."""
    code = error.code or ""
    about_none = code == _MAY_BE_NONE or (
        code in _ABOUT_TYPES and re.search(r"Optional\[|found None| None\b(?!')", error.message) is not None
    )
    optional = list({ast.unparse(n): n for n in _paths(node) if _may_be_none(e, n)}.items()) if about_none else []
    if optional:
        error.code = _MAY_BE_NONE
        if code == _MAY_BE_NONE or error.hint is None or "None" in error.hint:
            error.hint = f"check first: `if {' and '.join(f'{name} is not None' for name, _ in optional[:3])}:`"
            always = next((n.id for _, n in optional if isinstance(n, ast.Name) and _type_of(e, n) == ts.NONE), None)
            if always is not None:
                error.hint = f"'{always}' is always None here"
        error.notes = (*(note for _, n in optional[:3] for note in _none_notes(e, n)), *error.notes)
        return
    if code == _MAY_BE_NONE and error.hint is None:
        error.hint = "assign it to a variable and check that: `if value is not None:`"
    if code not in _ABOUT_TYPES:
        return
    for parameter in _unannotated(e, _culprit(node, code)):
        note = f"parameter '{parameter.arg}' has no annotation, so it is taken as a Tensor"
        error.notes = ((note, e.source.location(parameter)), *error.notes)
        if error.hint is None or "take the number out" in error.hint or "did you mean" not in error.hint:
            error.hint = _annotation_hint(e.source, parameter.arg)
    if "Union[" in error.message:
        _explain_union(e, error, node)


def _culprit(node: ast.AST, code: str) -> ast.AST:
    """The part of a node whose type an error is about: of a call that isn't one of a function what is called."""
    return node.func if isinstance(node, ast.Call) and code == "TS307" else node


def _annotation_hint(source: FunctionSource, name: str) -> str:
    """How to annotate a parameter, judged by how the function uses it."""
    kind = "int"
    for n in ast.walk(source.node):
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == name:
            kind = next((text for t, text in _METHODS if n.attr in python.names_of(t)), kind)
        elif isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name) and n.value.id == name:
            is_key = isinstance(n.slice, ast.Constant) and isinstance(n.slice.value, str)
            kind = "Dict[str, float]" if is_key else "List[int]"
        elif isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == name:
            return f"a function can't be passed from outside: name it in the code instead of '{name}'"
    return f"if '{name}' isn't meant to be a Tensor, annotate it, for example `{name}: {kind}`"


_METHODS: tuple[tuple[Attribute, str], ...] = (
    (ts.StrType(), "str"),
    (ts.DictType(ts.StrType(), ts.INT), "Dict[str, int]"),
    (ts.ListType(ts.INT), "List[int]"),
)


def _explain_union(e: Emitter, error: FrontendError, node: ast.AST) -> None:
    """Where a variable was given values of several types."""
    for n in _paths(node):
        if isinstance(n, ast.Name) and isinstance(_type_of(e, n), ts.UnionType):
            places = [v for v in _assigned(e.source, n.id) if (v.lineno, v.col_offset) < (n.lineno, n.col_offset)][:3]
            error.notes = (*((f"'{n.id}' is assigned here", e.source.location(v)) for v in places), *error.notes)
            error.hint = error.hint or f"check its type first: `if isinstance({n.id}, ...):`, or give it one type"
            return
    error.hint = error.hint or "check its type first: `if isinstance(value, ...):`"


def _paths(node: ast.AST) -> Iterator[ast.expr]:
    """The names and attributes of names in a node, outermost first, without what is called or written."""
    pending: list[ast.AST] = [node]
    while pending:
        current = pending.pop(0)
        if isinstance(current, ast.Name) and isinstance(current.ctx, ast.Load):
            yield current
        elif isinstance(current, ast.Attribute):
            yield current
            pending.append(current.value)
        elif isinstance(current, ast.stmt):
            pending += [c for c in ast.iter_child_nodes(current) if not isinstance(c, ast.stmt)]
        elif not isinstance(current, ast.Lambda | ast.FunctionDef):
            pending += ast.iter_child_nodes(current)


def _type_of(e: Emitter, node: ast.expr) -> Attribute | None:
    """The type of a variable, or of an attribute as it was declared; nothing is emitted."""
    if isinstance(node, ast.Name):
        binding = e.variables.get(node.id)
        return None if binding is None else e.session.type_of(binding.value)
    known = e.paths.get(ast.unparse(node))
    if known is not None:
        return known
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        kind = _type_of(e, node.value)
        return e.session.declared_attribute(kind, node.attr) if isinstance(kind, ts.ClassType) else None
    return None


def _may_be_none(e: Emitter, node: ast.expr) -> bool:
    kind = _type_of(e, node)
    return isinstance(kind, ts.OptionalType) or kind == ts.NONE


def _none_notes(e: Emitter, node: ast.expr) -> Iterator[Note]:
    """Where a name got its None: its parameter, or the assignments before."""
    source = e.source
    if isinstance(node, ast.Attribute):
        kind = _type_of(e, node)
        yield f"attribute '{ast.unparse(node)}' is {'None' if kind is None else show_type(kind)} by its declaration", None
        return
    assert isinstance(node, ast.Name)
    for a, default in _parameters(source.node.args):
        if a.arg == node.id:
            annotated = f"is annotated {ast.unparse(a.annotation)}" if a.annotation is not None else ""
            none = "has the default None" if isinstance(default, ast.Constant) and default.value is None else ""
            yield f"'{a.arg}' {' and '.join(w for w in (annotated, none) if w) or 'may be None'}", source.location(a)
    for value in _assigned(source, node.id):
        if (value.lineno, value.col_offset) >= (node.lineno, node.col_offset):
            continue
        if any(isinstance(c, ast.Constant) and c.value is None for c in ast.walk(value)):
            yield f"'{node.id}' may be None from here on", source.location(value)
        elif isinstance(value, ast.Call):
            yield f"'{node.id}' is the result of this call, which may be None", source.location(value)


def _parameters(arguments: ast.arguments) -> list[tuple[ast.arg, ast.expr | None]]:
    """The parameters with their defaults."""
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [*[None] * (len(positional) - len(arguments.defaults)), *arguments.defaults]
    return [*zip(positional, defaults, strict=True), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]


def _assigned(source: FunctionSource, name: str) -> Iterator[ast.expr]:
    """The expressions that a variable is assigned."""
    for statement in ast.walk(source.node):
        targets: list[ast.expr] = []
        value: ast.expr | None = None
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, ast.AnnAssign | ast.NamedExpr):
            targets, value = [statement.target], statement.value
        if value is not None and any(isinstance(t, ast.Name) and t.id == name for t in targets):
            yield value


def _unannotated(e: Emitter, node: ast.AST) -> Iterator[ast.arg]:
    """The parameters without annotation that a node reads and that are tensors for that reason alone."""
    source = e.source
    if not e.is_entry or source.node.type_comment:
        return
    named = {n.id for n in _paths(node) if isinstance(n, ast.Name)}
    for a, default in _parameters(source.node.args):
        binding = e.variables.get(a.arg)
        if a.arg not in named or default is not None or a.annotation is not None or a.type_comment or binding is None:
            continue
        if isinstance(e.session.type_of(binding.value), ts.TensorType) and _is_parameter(binding):
            yield a


def _is_parameter(binding: Binding) -> bool:
    value = binding.value
    return isinstance(value, Run) and isinstance(value.ssa, BlockArgument)
