"""Binding of a call's arguments to the parameters of a signature: positions, keywords, `*` and `**`, defaults."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from xdsl.dialects.builtin import UnitAttr
from xdsl.ir import Operation, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.type_names import show_type
from tsir.errors import SourceLocation
from tsir.frontend.script.constructs import end_of
from tsir.frontend.script.convert import materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.inlining import Given
from tsir.frontend.script.outside import constant_outside
from tsir.frontend.script.signatures import ParameterInfo, Signature
from tsir.frontend.script.unknown_keywords import refuse_unknown_keywords
from tsir.frontend.script.values import (
    NONE,
    Condition,
    Run,
    Spread,
    StaticDict,
    StaticTuple,
    Value,
)
from tsir.frontend.torch_names import torch_constant

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session


def bind_arguments(
    e: Emitter, session: Session, signature: Signature, args: Sequence[Value], kwargs: Mapping[str, Value], name: str
) -> dict[str, Value]:
    """What each parameter is given, defaults included; `*args` is a tuple and `**kwargs` a dict."""
    positional = [p for p in signature.parameters if not p.kwarg_only]
    rest: Value | None = None
    if any(isinstance(a, Spread) for a in args):
        args, rest = _spread_out(e, signature, args, kwargs, name)
    bound: dict[str, Value] = {p.name: v for p, v in zip(positional, args, strict=False)}
    if len(args) > len(positional) and signature.varargs is None:
        names = f" ({', '.join(p.name for p in positional)})" if positional else ""
        e.error(
            f"{name}() takes {len(positional)} positional argument{'s'[: len(positional) != 1]}{names}, got {len(args)}",
            value=args[len(positional)],
            code="TS401",
            notes=_declaration(signature),
        )
    if signature.varargs is not None:
        bound[signature.varargs] = StaticTuple(tuple(args[len(positional) :])) if rest is None else rest
    extra: dict[str, Value] = {}
    names = {p.name for p in signature.parameters}
    if signature.keywords is None:
        refuse_unknown_keywords(e, name, kwargs, names, _declaration(signature))
    for key, value in kwargs.items():
        if key in bound and key in names:
            e.error(
                f"{name}() got two values for argument '{key}'",
                node=e.keyword_node(key),
                value=value,
                code="TS402",
                notes=_declaration(signature),
            )
        if key in names:
            bound[key] = value
        else:
            extra[key] = value
    if signature.keywords is not None:
        bound[signature.keywords] = StaticDict(extra)
    missing = [p for p in signature.parameters if p.name not in bound and not p.has_default]
    if missing:
        listed = " and ".join(f"'{p.name}'" + (f": {show_type(p.type)}" if p.type is not None else "") for p in missing)
        what = f"argument{'s'[: len(missing) != 1]}"
        e.error(f"{name}() is called without {what} {listed}", code="TS401", notes=_declaration(signature))
    for p in signature.parameters:
        if p.name not in bound:
            bound[p.name] = _default(e, p)
    return bound


def _spread_out(
    e: Emitter, signature: Signature, args: Sequence[Value], kwargs: Mapping[str, Value], name: str
) -> tuple[list[Value], Value | None]:
    """The positional arguments with `*values` of unknown length taken apart: as many as the function needs, with Python's error
    for another number; and what is left for its `*args`."""
    from tsir.frontend.script.comprehensions import collect
    from tsir.frontend.script.expressions import joined

    at = next(i for i, a in enumerate(args) if isinstance(a, Spread))
    names = [p for p in signature.parameters if not p.kwarg_only and p.name not in kwargs]
    if signature.varargs is not None and at >= len(names):
        whole = [*args[len(names) : at], *args[at:]]
        return list(args[: len(names)]), Run(materialise(e, joined(e, whole)), "tuple")
    spread = args[at]
    if sum(isinstance(a, Spread) for a in args) > 1 or not isinstance(spread, Spread):
        e.unsupported("more than one argument with * whose length isn't known while compiling")
    needed = [p for p in names if not p.has_default]
    optional = [p for p in names[at:] if p.has_default]
    if at + 1 < len(args) and (optional or signature.varargs is not None):
        spread, args = Spread(joined(e, args[at:])), args[: at + 1]
    count = max(len(needed) - len(args) + 1, 0)
    if len(needed) - len(args) + 1 < 0 and not optional:
        e.unsupported(f"* with a list of unknown length before other arguments of {name}()")
    is_list = isinstance(spread.values, Run) and isinstance(spread.values.type, ts.ListType)
    values = materialise(e, spread.values if is_list else collect(e, spread.values))
    _check_count(e, values, count, None if signature.varargs is not None else count + len(optional), name)
    parts = [e.session.object_or_run(e.py("getitem", [values, e.int_constant(i)])) for i in range(count)]
    parts += [_given_or_default(e, values, count + i, p) for i, p in enumerate(optional)]
    rest = None
    if signature.varargs is not None:
        rest = Run(e.py("getslice", [values, e.int_constant(count + len(optional)), materialise(e, NONE)]), "tuple")
    return [*args[:at], *parts, *args[at + 1 :]], rest


def _given_or_default(e: Emitter, values: SSAValue, at: int, p: ParameterInfo) -> Value:
    """What a parameter with a default gets of `*values`."""
    from tsir.frontend.script.control import choose

    given = Condition(e.py("gt", [e.py("len", [values]), e.int_constant(at)]))
    return choose(
        e,
        given,
        lambda: e.session.object_or_run(e.py("getitem", [values, e.int_constant(at)])),
        lambda: _default(e, p),
    )


def _check_count(e: Emitter, values: SSAValue, least: int, most: int | None, name: str) -> None:
    """Python's TypeError where `*values` gives fewer or more arguments than the function takes."""
    from tsir.frontend.script.control import emit_branch
    from tsir.frontend.script.raising import raise_error

    assert isinstance(e.node, ast.stmt | ast.expr)
    more = "" if most == least else f" to {most}" if most else " or more"
    message = f"{name}() needs {least}{more} values from the list that is passed with *"
    tests = [("ne", least)] if most == least else [("lt", least)] * (least > 0) + ([] if most is None else [("gt", most)])
    for operator, number in tests:
        wrong = Condition(e.py(operator, [e.py("len", [values]), e.int_constant(number)]))
        emit_branch(e, wrong, lambda: raise_error(e, "TypeError", message), lambda: None, end_of(e.node))


def _declaration(signature: Signature) -> tuple[tuple[str, SourceLocation | None], ...]:
    """Where the function stands that is called."""
    return () if signature.place is None else (("the function is declared here", signature.place),)


LARGEST_CONSTANT = 4096
"""How many elements a tensor that is a parameter's default may have to become part of the program that calls the function."""


def _default(e: Emitter, p: ParameterInfo) -> Value:
    """What a parameter that isn't passed is: its default, which for a tensor is written into the program."""
    return p.default.value if isinstance(p.default, Given) else _written(e, p.default, p.name)


def _written(e: Emitter, value: Any, name: str) -> Value:
    """A default as a value of the program, with the tensors in tuples."""
    if type(value) is tuple and any(isinstance(v, torch.Tensor | tuple) for v in value):
        return StaticTuple(tuple(_written(e, v, name) for v in value))
    if not isinstance(value, torch.Tensor) or value.numel() > LARGEST_CONSTANT:
        if isinstance(value, list | dict):
            return constant_outside(e, value, name, lambda: value)
        return e.session.from_python(value, name)
    options = {"dtype": torch_constant(value.dtype)}
    if value.numel() == 0:
        return e.aten("empty", [list(value.shape)], options)
    made = e.aten("tensor", [value.tolist()], options)
    if isinstance(made, Run) and isinstance(made.ssa.owner, Operation):
        made.ssa.owner.attributes["ts.held"] = (
            UnitAttr()
        )  # a value of the program's, which `.code_with_constants` shows as one
    return made
