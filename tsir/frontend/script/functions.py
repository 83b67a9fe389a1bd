"""Calling and compiling Python functions: signatures, binding arguments, one `func.func` for each set of argument types."""

from __future__ import annotations

import ast
import contextlib
import inspect
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch
from xdsl.dialects import func
from xdsl.dialects.builtin import UnitAttr
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from tsir.dialects.deep_stack import is_deep
from tsir.dialects.locations import location_attribute
from tsir.dialects.names import hint_of
from tsir.dialects.program import add_python_function
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.type_names import show_type
from tsir.errors import FrontendError, SourceLocation, TsirError, did_you_mean
from tsir.frontend.script import lazy
from tsir.frontend.script.ambient import ambient_values, check_restored
from tsir.frontend.script.annotations import Annotation, comment_annotation, comment_types
from tsir.frontend.script.control import emit_steps
from tsir.frontend.script.convert import coerce, materialise, uninitialized
from tsir.frontend.script.declared import choose_signature
from tsir.frontend.script.emitter import RESULT, RETURNED, Emitter, Unreachable, end_of
from tsir.frontend.script.expressions import EXPRESSIONS
from tsir.frontend.script.inlining import Given, holds_run, inline
from tsir.frontend.script.listed import as_object, drop_unused_views
from tsir.frontend.script.managers import is_manager_function, manager_of
from tsir.frontend.script.numbers import number_in
from tsir.frontend.script.outside import constant_outside
from tsir.frontend.script.passing import own_name, say_how_called
from tsir.frontend.script.source import (
    WRAPPER,
    FunctionSource,
    assigned_names,
    describe,
    function_source,
    is_called_in_python,
    is_exported,
    is_generator,
    is_left_out,
    unwrap,
)
from tsir.frontend.script.statements import STATEMENTS, emit_return
from tsir.frontend.script.static_state import NeedsInlining, new_dict
from tsir.frontend.script.values import (
    NONE,
    Binding,
    Body,
    Closure,
    Condition,
    Const,
    EnumValue,
    ManagerFunction,
    PyFunction,
    PyObject,
    Run,
    Spread,
    StaticDict,
    StaticList,
    StaticTuple,
    Unusable,
    Value,
)
from tsir.frontend.torch_names import torch_constant

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


@dataclass
class Compiled:
    """A function compiled for some argument types; while it is being compiled the result type may not be known."""

    symbol: str
    result: Attribute | None
    parameter_types: list[Attribute] = field(default_factory=list[Attribute])
    tuple_like: str | None = None
    """What its result is in Python, as in `Run`."""
    only_raises: bool = False
    """Whether it never returns, so that its result may be of any type."""
    recursive: bool = False
    """Whether a call of it was met before the type of its result was known."""
    incomplete: bool = False
    """Whether it lacks what is behind such a call, so that it has to be compiled again with the function that is called."""


class NoRunTimeResult(Exception):
    """A function returns what can't be a run-time value, such as a function: it has to be inlined."""

    def __init__(self, value: Value) -> None:
        super().__init__()
        self.value = value


def signature_of(session: Session, source: FunctionSource) -> Signature:
    """The signature by annotations, or by a type comment."""
    inspected = inspect.signature(source.function, follow_wrapped=False).parameters
    defaults = {name: p.default for name, p in inspected.items() if p.default is not NO_DEFAULT}
    scope = session.annotation_scope(source.function)
    return signature_of_tree(session, source, scope, defaults, inspect.get_annotations(source.function))


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
    arguments = source.node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    nodes: dict[str, ast.expr | None] = {a.arg: a.annotation for a in [*positional, *arguments.kwonlyargs]}
    returns = source.node.returns
    place = source.location(source.node)
    for a in [*positional, *arguments.kwonlyargs]:
        if a.annotation is None and a.type_comment:
            nodes[a.arg] = comment_annotation(a.type_comment, source.location(a))
    if source.node.type_comment:
        found, returns = comment_types(source.node.type_comment, place)
        if found is not None:
            nodes |= _commented(found, list(nodes), place)
    parameters: list[ParameterInfo] = []
    for a in [*positional, *arguments.kwonlyargs]:
        annotation = _annotation(session, nodes[a.arg], scope, source.location(a.annotation or a), known.get(a.arg))
        default = defaults.get(a.arg, NO_DEFAULT)
        kind = annotation.type
        if kind is not None and (default is None or _is_none(default)) and ts.NONE not in _members(kind):
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
    result = _annotation(session, returns, scope, declared, known.get("return")).type
    varargs = None if arguments.vararg is None else arguments.vararg.arg
    keywords = None if arguments.kwarg is None else arguments.kwarg.arg
    return Signature(tuple(parameters), result, varargs, keywords, place)


def _annotation(
    session: Session, node: ast.expr | None, scope: Mapping[str, Any], place: SourceLocation, evaluated: Any
) -> Annotation:
    """What an annotation says; nothing where it is only a hint and names what isn't a type here."""
    try:
        return session.annotations.of_node(node, scope, place, evaluated=evaluated)
    except FrontendError:
        if session.dynamic:
            return Annotation(None)
        raise


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


def _members(kind: Attribute) -> tuple[Attribute, ...]:
    from tsir.frontend.script.convert import members

    return (ts.NONE,) if isinstance(kind, ts.AnyType) else members(kind)


def call_function(
    session: Session, e: Emitter, callee: PyFunction, args: Sequence[Value], kwargs: Mapping[str, Value]
) -> Value:
    """Calls a Python function: compiles it for these arguments if that hasn't happened yet, and emits the call."""
    function = unwrap(callee.function)
    name = describe(function)
    if is_manager_function(function):
        from tsir.frontend.script.calls import call

        return manager_of(e, call(e, replace(callee, function=function.__wrapped__), args, kwargs))
    if function is contextlib.contextmanager and len(args) == 1:
        return ManagerFunction(args[0])
    source = _source(session, e, function)
    given = list(args) if callee.receiver is None else [callee.receiver, *args]
    try:
        signature = choose_signature(session, e, source, name, lambda s: bind_arguments(e, session, s, given, kwargs, name))
    except FrontendError as error:
        if error.location is not None and source.contains(error.location):
            error.notes = (*error.notes, (f"in a call of {name}()", e.place))
        raise
    bound = bind_arguments(e, session, signature, given, kwargs, name)
    if is_called_in_python(function):
        positional = [p.name for p in signature.parameters if not p.kwarg_only]
        if isinstance(callee.receiver, PyObject) and positional:  # a method of an object that stays in Python, too
            function = types.MethodType(function, callee.receiver.value)
            signature = replace(signature, parameters=signature.parameters[1:])
            positional, given = positional[1:], given[1:]
        return _call_python(e, function, signature, bound, {*positional[: len(given)], *kwargs}, name)
    if is_left_out(function):
        return _raise_ignored(e, name, signature)
    bound |= {p.name: _broadcast(e, bound[p.name], p) for p in signature.parameters}
    if callee.owner is not None and callee.owner.kind == "interface" and callee.receiver is not None:
        from tsir.frontend.script.interfaces import call_interface

        return call_interface(e, callee, signature, bound, name)
    if session.dynamic and not source.function.__module__.startswith("torch."):
        signature = as_hints(signature)
    alone = source.function in session.inline_only or source.function.__module__ == lazy.__name__
    if alone or any(holds_run(v) and session.type_of(v) is None for v in bound.values()):
        return inline(e, source, signature, bound, None, name)
    if function in session.local_scopes:
        return inline(e, source, signature, bound, session.local_scopes[function], name)
    if is_generator(source.node):
        return inline(e, source, signature, bound, None, name)
    return call_compiled(e, callee, source, signature, bound, name)


def call_compiled(
    e: Emitter, callee: PyFunction, source: FunctionSource, signature: Signature, bound: Mapping[str, Value], name: str
) -> Value:
    """A `func.call` of the function for these arguments, unless something in them makes it impossible."""
    session = e.session
    parameters: dict[str, Attribute | Value] = {}
    operands: list[SSAValue] = []
    for p in signature.parameters:
        value = bound[p.name]
        if _is_static_flag(value, p.type):
            parameters[p.name] = value
        elif p.type is not None:
            parameters[p.name] = kind = _narrowed(e, p.type, value)
            value = number_in(e, value, kind)
            operands.append(coerce(e, value, kind, f"argument '{p.name}' of {name}()", p.declared))
        elif session.type_of(value) is None:
            parameters[p.name] = value
        else:
            operand = materialise(e, value)
            parameters[p.name] = operand.type
            operands.append(operand)
    for extra in (signature.varargs, signature.keywords):
        if extra is not None:
            value = bound[extra]
            parameters[extra] = value
            kinds = [session.type_of(v) for v in (value.elements if isinstance(value, StaticTuple) else [])]
            if isinstance(value, StaticTuple) and None not in kinds:
                operand = materialise(e, value)
                parameters[extra] = operand.type
                operands.append(operand)
            elif holds_run(value):
                return inline(e, source, signature, bound, None, name)
    ambient = ambient_values(e)
    if any(holds_run(v) for v in ambient.values()):
        return inline(e, source, signature, bound, None, name)
    parameters |= ambient
    try:
        compiled = compile_for(session, source, signature, parameters, callee)
    except (NoRunTimeResult, NeedsInlining) as error:
        from tsir.frontend.script.recursion_outside import call_recursive

        if isinstance(error, NeedsInlining) and (found := call_recursive(e, source, signature, bound, name)) is not None:
            return found
        session.inline_only.add(source.function)
        return inline(e, source, signature, bound, None, name)
    except TsirError as error:
        error.notes = (*error.notes, (f"in a call of {name}()", e.place))
        raise
    result = known_result(session, compiled)
    if callee.overridden is not None:
        from tsir.frontend.script.overriding import emit_overridden

        ssa = emit_overridden(e, callee, parameters, operands, compiled)
    else:
        ssa = e.emit(func.CallOp(compiled.symbol, operands, [result]))
    return Run(ssa, compiled.tuple_like) if compiled.tuple_like else session.object_or_run(ssa)


def known_result(session: Session, compiled: Compiled) -> Attribute:
    """The type of a function's result. Raises Unreachable where it isn't known, in a call from the function itself.

    The type comes from the paths without recursion; then the function, and all that it compiled meanwhile, is compiled again with it.
    """
    if compiled.result is not None:
        return compiled.result
    compiled.recursive = True
    for inner in reversed(session.unfinished):
        if inner is compiled:
            break
        inner.incomplete = True
    raise Unreachable


def as_hints(signature: Signature) -> Signature:
    """The signature of a function whose annotations say nothing that counts, as in Python."""
    parameters = tuple(replace(p, type=None) for p in signature.parameters)
    return replace(signature, parameters=parameters, result=None)


def _is_static_flag(value: Value, declared: Attribute | None) -> bool:
    """Whether an argument is a constant in the function, too, so that its branches for other values need not be compiled."""
    if not isinstance(value, Const):
        return False
    if value.value is None:
        return declared is None or ts.NONE in _members(declared)
    return isinstance(value.value, bool) and declared in (None, ts.BOOL)


def _narrowed(e: Emitter, declared: Attribute, value: Value) -> Attribute:
    """Of a Union the member that the argument is known to be of, so that the function's other branches aren't compiled."""
    kind = e.session.type_of(value)
    return kind if isinstance(declared, ts.UnionType) and kind is not None and kind in declared.members.data else declared


def _source(session: Session, e: Emitter, function: Any) -> FunctionSource:
    try:
        return function_source(function)
    except FrontendError as error:
        error.notes = (*error.notes, (f"in a call of {describe(function)}()", e.place))
        raise


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
        elif signature.keywords is not None:
            extra[key] = value
        else:
            e.error(
                f"{name}() has no argument '{key}'",
                node=e.keyword_node(key),
                value=value,
                hint=did_you_mean(key, names),
                code="TS402",
                notes=_declaration(signature),
            )
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
    count = len(needed) - len(args) + 1
    if count < 0 or (signature.varargs is not None and at + 1 < len(args)):
        e.unsupported(f"* with a list of unknown length before other arguments of {name}()")
    is_list = isinstance(spread.values, Run) and isinstance(spread.values.type, ts.ListType)
    values = materialise(e, spread.values if is_list else collect(e, spread.values))
    _check_count(e, values, count, name, signature)
    parts = [e.session.object_or_run(e.py("getitem", [values, e.int_constant(i)])) for i in range(count)]
    rest = None
    if signature.varargs is not None:
        rest = Run(e.py("getslice", [values, e.int_constant(count), materialise(e, NONE)]), "tuple")
    return [*args[:at], *parts, *args[at + 1 :]], rest


def _check_count(e: Emitter, values: SSAValue, count: int, name: str, signature: Signature) -> None:
    """Python's TypeError where `*values` gives another number of arguments than the function needs."""
    from tsir.frontend.script.control import emit_branch
    from tsir.frontend.script.raising import raise_error

    operator = "lt" if signature.varargs is not None else "ne"
    wrong = Condition(e.py(operator, [e.py("len", [values]), e.int_constant(count)]))
    message = f"{name}() needs {count} values from the list that is passed with *"
    assert isinstance(e.node, ast.stmt | ast.expr)
    emit_branch(e, wrong, lambda: raise_error(e, "TypeError", message), lambda: None, end_of(e.node))


def _declaration(signature: Signature) -> tuple[tuple[str, SourceLocation | None], ...]:
    """Where the function stands that is called."""
    return () if signature.place is None else (("the function is declared here", signature.place),)


LARGEST_CONSTANT = 4096
"""How many elements a tensor that is a parameter's default may have to become part of the program that calls the function."""


def _default(e: Emitter, p: ParameterInfo) -> Value:
    """What a parameter that isn't passed is: its default, which for a tensor is written into the program."""
    if isinstance(p.default, Given):
        return p.default.value
    if not isinstance(p.default, torch.Tensor) or p.default.numel() > LARGEST_CONSTANT:
        if isinstance(p.default, list | dict):
            return constant_outside(e, p.default, p.name, lambda: p.default)
        return e.session.from_python(p.default, p.name)
    options = {"dtype": torch_constant(p.default.dtype)}
    if p.default.numel() == 0:
        return e.aten("empty", [list(p.default.shape)], options)
    made = e.aten("tensor", [p.default.tolist()], options)
    if isinstance(made, Run) and isinstance(made.ssa.owner, Operation):
        made.ssa.owner.attributes["ts.held"] = (
            UnitAttr()
        )  # a value of the program's, which `.code_with_constants` shows as one
    return made


def _broadcast(e: Emitter, value: Value, p: ParameterInfo) -> Value:
    """One int for a `BroadcastingList2[int]` is two."""
    if p.broadcast and e.session.type_of(value) in (ts.INT, ts.FLOAT):
        return StaticTuple((value,) * p.broadcast)
    return value


def _call_python(
    e: Emitter, function: Any, signature: Signature, bound: Mapping[str, Value], given: set[str], name: str
) -> Value:
    """The call of a function that stays in Python, with the result type that it declares: a Tensor without one.

    What isn't given is left to Python, whose defaults may be anything.
    """
    from tsir.dialects.ts.structure import CallPythonOp

    names: list[str | None] = []
    operands: list[SSAValue] = []
    by_name = False
    for p in signature.parameters:
        if p.name not in given:
            by_name = True
            continue
        value = bound[p.name]
        what = f"argument '{p.name}' of {name}()"
        operands.append(materialise(e, value) if p.type is None else coerce(e, value, p.type, what, p.declared))
        names.append(p.name if p.kwarg_only or by_name else None)
    for extra in (signature.varargs, signature.keywords):
        more = None if extra is None else bound[extra]
        if isinstance(more, StaticTuple):
            operands += [materialise(e, v) for v in more.elements]
            names += [None] * len(more.elements)
        elif isinstance(more, StaticDict):
            operands += [materialise(e, v) for v in more.items.values()]
            names += [str(n) for n in more.items]
    result = signature.result or ts.TensorType()
    made = add_python_function(name, function, str(result), names, may_be_none=signature.result is None)
    e.session.python_functions.append(made)
    ssa = e.emit(CallPythonOp(made.key, operands, result))
    return NONE if result == ts.NONE else e.session.object_or_run(ssa)


def _raise_ignored(e: Emitter, name: str, signature: Signature) -> Value:
    from tsir.dialects.ts.structure import RaiseOp

    message = f"{name}() is marked as unused or ignored, so that it isn't part of the compiled program"
    e.emit_void(RaiseOp("NotImplementedError", [materialise(e, Const(message))]))
    result = signature.result or ts.TensorType()
    return NONE if result == ts.NONE else e.session.object_or_run(uninitialized(e, result))


def compile_for(
    session: Session,
    source: FunctionSource,
    signature: Signature,
    parameters: Mapping[str, Attribute | Value],
    callee: PyFunction,
    symbol: str | None = None,
) -> Compiled:
    """The function for parameters of these types; those given as values are bound to them while compiling."""
    key = (
        source.function,
        id(source.node),
        tuple((n, p if isinstance(p, Attribute) else _static_key(p)) for n, p in parameters.items()),
    )
    found = session.functions.get(key)
    if found is not None:
        return found
    symbol = symbol or session.symbol(_symbol_name(session, source, callee))
    kinds = [p for p in parameters.values() if isinstance(p, Attribute)]
    compiled = session.functions[key] = Compiled(symbol, signature.result, kinds)
    session.keep_alive.append(parameters)
    # A method that is called from outside, too, has its name for all values of its parameters.
    from_outside = is_exported(source.function) or source.function.__name__ == "forward"
    general = not from_outside or not any(isinstance(p, Const | EnumValue) for p in parameters.values())
    if callee.owner is not None and kinds[:1] == [callee.owner.type] and own_name(callee, source.function) and general:
        callee.owner.methods.setdefault(source.function.__name__, symbol)
    session.compiling.append(symbol)
    session.unfinished.append(compiled)
    try:
        operation = _compile(session, source, signature, parameters, compiled)
        if compiled.recursive and not compiled.incomplete:
            operation = _compile(session, source, replace(signature, result=compiled.result), parameters, compiled)
    except BaseException:
        del session.functions[key]
        if callee.owner is not None:
            callee.owner.methods = {n: s for n, s in callee.owner.methods.items() if s != symbol}
        raise
    finally:
        session.compiling.pop()
        session.unfinished.pop()
    if compiled.incomplete:
        del session.functions[key]
        if callee.owner is not None:
            callee.owner.methods = {n: s for n, s in callee.owner.methods.items() if s != symbol}
        return compiled
    say_how_called(operation, callee, source.function, signature, parameters, symbol)
    session.add_function(operation)
    return compiled


def _static_key(value: Value) -> Any:
    match value:
        case Const():
            return ("const", type(value.value), value.value)
        case Closure():
            return ("closure", id(value.source.node), tuple((k, _static_key(v)) for k, v in value.defaults.items()))
        case PyFunction():
            return ("function", value.function, id(value.receiver))
        case StaticTuple() | StaticList():
            return (type(value).__name__, tuple(_static_key(v) for v in value.elements))
        case StaticDict():
            return ("dict", tuple((k, _static_key(v)) for k, v in value.items.items()))
        case _:
            inner = getattr(value, "value", None)
            return ("object", id(inner) if inner is not None else id(value))


def _symbol_name(session: Session, source: FunctionSource, callee: PyFunction) -> str:
    name = source.node.name
    if callee.owner is None:
        return name
    found = callee.owner.lookup(name)
    is_own = found is not None and unwrap(getattr(found[0], "fget", None) or found[0]) is source.function
    qualified = name if is_own else source.function.__qualname__.rpartition("<locals>.")[2]
    return f"{callee.owner.name}.{qualified}"


def _compile(
    session: Session,
    source: FunctionSource,
    signature: Signature,
    parameters: Mapping[str, Attribute | Value],
    compiled: Compiled,
) -> func.FuncOp:
    block = Block(arg_types=compiled.parameter_types)
    names = frozenset([*assigned_names(source.node.body), *parameters])
    e = Emitter(session, source, EXPRESSIONS, STATEMENTS, block, return_type=signature.result, local_names=names)
    e.is_entry = e.is_root = source.node in session.entries
    arguments = iter(block.args)
    for name, p in parameters.items():
        if isinstance(p, Attribute):
            argument = next(arguments)
            argument.name_hint = hint_of(name)
            argument.location = location_attribute(source.location(source.node))
            if (decided_by := session.open_parameters.get((source.node, name))) is not None:
                session.open_types[argument] = decided_by
            if e.is_entry and WRAPPER in parameters:
                own = next((q for q in signature.parameters if q.name == name and q.has_default), None)
                if own is not None:
                    session.entry_arguments[argument] = own
            e.variables[name] = Binding(NONE if p == ts.NONE and session.dynamic else session.object_or_run(argument))
        elif name == signature.keywords and isinstance(p, StaticDict) and p.ref is None:
            e.variables[name] = Binding(new_dict(e, p.items))
        else:
            e.variables[name] = Binding(p)
    outside = session.outside
    if outside is not None and outside.symbol in (None, compiled.symbol):
        outside.begin(compiled.symbol, block)
        e.outside = outside
    node = source.node
    body = next((p for p in parameters.values() if isinstance(p, Body)), None)
    try:
        steps = [*node.body, lambda: fall_off(e, node)] if body is None else [lambda: body.emit(e)]
        emit_steps(e, steps, end_of(node))
        result = _result(e, signature.result, compiled)
        if e.is_root:
            check_restored(e)
    except RecursionError:
        if not is_deep():
            raise
        raise FrontendError(
            f"{describe(source.function)} is nested too deeply to be compiled",
            location=source.location(node),
            hint="split it into several functions",
            code="TS106",
        ) from None
    compiled.result = result.type
    e.emit_void(func.ReturnOp(result))
    types = (list(block.arg_types), [result.type])
    operation = func.FuncOp(compiled.symbol, types, Region(block))
    operation.location = location_attribute(source.location(node))
    drop_unused_views(operation)
    return operation


def fall_off(e: Emitter, node: ast.FunctionDef) -> None:
    """The end of a function, where it returns None."""
    if e.return_type is not None and ts.NONE not in _members(e.return_type):
        last = node.body[-1]
        if getattr(e.source.function, "__isabstractmethod__", False):
            from tsir.frontend.script.raising import raise_error

            raise_error(e, "NotImplementedError", f"{node.name}() is abstract")
            return
        forgotten = isinstance(last, ast.Expr) and not isinstance(last.value, ast.Constant)
        e.error(
            f"{node.name}() may end without returning a value, but its result is {show_type(e.return_type)}",
            node=last,
            hint=f"did you mean `return {ast.unparse(last)}`?" if forgotten else "add a return or a raise at the end",
            code="TS303",
        )
    emit_return(e, NONE)


def _result(e: Emitter, wanted: Attribute | None, compiled: Compiled) -> SSAValue:
    binding = e.variables.get(RESULT)
    if e.dead or binding is None:
        compiled.only_raises = wanted is None
        return uninitialized(e, ts.NONE if wanted is None else wanted)
    assert RETURNED in e.variables
    if isinstance(binding.value, Unusable):
        e.error(f"the function's result {binding.value.why}", hint=binding.value.hint, code="TS202")
    kept = isinstance(binding.value, StaticTuple | StaticDict | StaticList) and not e.session.dynamic
    from tsir.frontend.script.function_values import shares_variables

    if kept and shares_variables(e, binding.value):
        raise NoRunTimeResult(binding.value)  # inlined, the functions have the variables of the call together
    if e.session.type_of(binding.value) is None and not kept:
        raise NoRunTimeResult(binding.value)
    value = binding.value if e.is_entry else as_object(e, binding.value)
    compiled.tuple_like = value.tuple_like if isinstance(value, Run) else None
    return materialise(e, value)
