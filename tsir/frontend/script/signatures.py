"""Signatures: a function's parameters with their declared types and defaults, read from its tree and from its Python object."""

from __future__ import annotations

import ast
import enum
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args, get_origin

import torch
from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.errors import FrontendError, SourceLocation
from tsir.frontend.script.annotations import Annotation, comment_annotation, comment_types
from tsir.frontend.script.inlining import Given
from tsir.frontend.script.source import (
    FunctionSource,
)
from tsir.frontend.script.values import (
    Const,
)

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session


NO_DEFAULT = inspect.Parameter.empty


@dataclass(frozen=True)
class ParameterInfo:
    """A parameter: its type (None: that of what is passed), default, and whether it can only be passed by name."""

    name: str
    type: Attribute | None
    broadcast: int = 0
    default: Any = NO_DEFAULT
    kwarg_only: bool = False
    annotated: bool = False
    declared: SourceLocation | None = None
    """Where it stands in the source."""
    bare: bool = False
    """Whether its annotation has containers without the types of what is in them."""

    @property
    def has_default(self) -> bool:
        """Whether it may be left out."""
        return self.default is not NO_DEFAULT


@dataclass(frozen=True)
class Signature:
    """A function's parameters and result type. `varargs` and `keywords` name `*args` and `**kwargs`."""

    parameters: tuple[ParameterInfo, ...]
    result: Attribute | None
    varargs: str | None = None
    keywords: str | None = None
    place: SourceLocation | None = None
    """Where the function stands."""


def signature_of(session: Session, source: FunctionSource) -> Signature:
    """The signature by annotations, or by a type comment."""
    inspected = inspect.signature(source.function, follow_wrapped=False).parameters
    defaults = {name: p.default for name, p in inspected.items() if p.default is not NO_DEFAULT}
    scope = session.annotation_scope(source.function)
    signature = signature_of_tree(session, source, scope, defaults, inspect.get_annotations(source.function))
    return as_hints(signature) if source.function in session.hinted else signature


def as_hints(signature: Signature) -> Signature:
    """The signature of a function whose annotations say nothing that counts, as in Python."""
    parameters = tuple(replace(p, type=None) for p in signature.parameters)
    return replace(signature, parameters=parameters, result=None)


def signature_of_tree(
    session: Session,
    source: FunctionSource,
    scope: Mapping[str, Any],
    defaults: Mapping[str, Any],
    evaluated: Mapping[str, Any] | None = None,
) -> Signature:
    """The signature of a function whose defaults are known, with the names that its annotations may use.

    `evaluated` are the annotations as Python has evaluated them, for names that can't be seen any more.
    """
    known = evaluated or {}
    hints = session.dynamic or source.function in session.hinted
    arguments = source.node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    place = source.location(source.node)
    nodes, returns = annotation_trees(source)
    parameters: list[ParameterInfo] = []
    for a in [*positional, *arguments.kwonlyargs]:
        annotation = _annotation(session, nodes[a.arg], scope, source.location(a.annotation or a), known.get(a.arg), hints)
        default = defaults.get(a.arg, NO_DEFAULT)
        kind = annotation.type
        if kind is not None and (default is None or _is_none(default)) and ts.NONE not in members_of_declared(kind):
            kind = ts.optional_of(kind)
        parameters.append(
            ParameterInfo(
                a.arg,
                kind,
                annotation.broadcast,
                default,
                a in arguments.kwonlyargs,
                nodes[a.arg] is not None,
                source.location(a),
                annotation.bare,
            )
        )
    declared = place if source.node.returns is None else source.location(source.node.returns)
    result = _annotation(session, returns, scope, declared, known.get("return"), hints).type
    varargs = None if arguments.vararg is None else arguments.vararg.arg
    keywords = None if arguments.kwarg is None else arguments.kwarg.arg
    return Signature(tuple(parameters), result, varargs, keywords, place)


def annotation_trees(source: FunctionSource) -> tuple[dict[str, ast.expr | None], ast.expr | None]:
    """The trees of the parameters' annotations and of the result's, also of those in type comments."""
    arguments = source.node.args
    parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    nodes: dict[str, ast.expr | None] = {a.arg: a.annotation for a in parameters}
    returns = source.node.returns
    for a in parameters:
        if a.annotation is None and a.type_comment:
            nodes[a.arg] = comment_annotation(a.type_comment, source.location(a))
    if source.node.type_comment:
        place = source.location(source.node)
        found, returns = comment_types(source.node.type_comment, place)
        if found is not None:
            nodes |= _commented(found, list(nodes), place)
    return nodes, returns


def _annotation(
    session: Session, node: ast.expr | None, scope: Mapping[str, Any], place: SourceLocation, evaluated: Any, hints: bool
) -> Annotation:
    """What an annotation says; nothing where it says that the value is a class, or is only a hint and names what isn't a type here."""
    try:
        with session.trial():
            return session.annotations.of_node(node, scope, place, evaluated=evaluated)
    except FrontendError:
        if hints or _is_of_classes(evaluated) or _is_of_settings(evaluated):
            return Annotation(None)
        raise


def _is_of_settings(annotation: Any) -> bool:
    """Whether an annotation is a class of the user's, which can't be compiled: objects of it are known while compiling."""
    if not isinstance(annotation, type) or annotation.__module__.partition(".")[0] in (
        "builtins",
        "numpy",
        "torch",
        "collections",
    ):
        return False
    return not issubclass(annotation, torch.nn.Module | enum.Enum | BaseException)


def _is_of_classes(annotation: Any) -> bool:
    """Whether an annotation is of classes as values (`type`, `Optional[Type[nn.Module]]`), which are known while compiling."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    return annotation is type or origin is type or (origin is not None and any(map(_is_of_classes, arguments)))


def _commented(found: list[ast.expr], names: list[str], place: SourceLocation) -> dict[str, ast.expr]:
    """The annotations of a signature comment by the parameters' names; the comment of a method may leave out `self`."""
    left_out = len(names) - len(found)
    if left_out and not (left_out == 1 and names[0] in ("self", "cls")):
        raise FrontendError(
            f"the type comment has {len(found)} parameter{'s'[: len(found) != 1]}, the function {len(names)}",
            location=place,
            hint=f"give the types of {', '.join(names)}" if names else "write `# type: () -> ...`",
            code="TS104",
        )
    return dict(zip(names[left_out:], found, strict=True))


def _is_none(default: Any) -> bool:
    return isinstance(default, Given) and isinstance(default.value, Const) and default.value.value is None


def members_of_declared(kind: Attribute) -> tuple[Attribute, ...]:
    from tsir.frontend.script.type_relations import members

    return (ts.NONE,) if isinstance(kind, ts.AnyType) else members(kind)
