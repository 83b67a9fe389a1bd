"""Calling and compiling Python functions: signatures, binding arguments, one `func.func` for each set of argument types."""

from __future__ import annotations

import ast
import contextlib
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from xdsl.dialects import func
from xdsl.ir import Attribute, Block, Region, SSAValue

from tsir.dialects.deep_stack import is_deep
from tsir.dialects.locations import location_attribute
from tsir.dialects.names import hint_of
from tsir.dialects.program import add_python_function
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.type_names import show_type
from tsir.errors import FrontendError, SourceLocation, TsirError
from tsir.frontend.script import lazy, prelude_einops
from tsir.frontend.script.ambient import ambient_values, check_restored
from tsir.frontend.script.argument_binding import bind_arguments
from tsir.frontend.script.autocasting import OFF
from tsir.frontend.script.autograd_functions import applied, call_applied
from tsir.frontend.script.blame import is_torch
from tsir.frontend.script.constructs import end_of
from tsir.frontend.script.control import emit_steps
from tsir.frontend.script.convert import coerce, materialise, uninitialized
from tsir.frontend.script.decided import key_of
from tsir.frontend.script.declared import choose_signature
from tsir.frontend.script.declared_dtypes import note_passed
from tsir.frontend.script.emitter import RESULT, RETURNED, Emitter, Unreachable
from tsir.frontend.script.expressions import EXPRESSIONS
from tsir.frontend.script.fixed_defaults import fixed_default, is_fixed
from tsir.frontend.script.inlining import holds_run, inline, require_constant
from tsir.frontend.script.listed import as_object, drop_unused_views
from tsir.frontend.script.managers import is_manager_function, manager_of
from tsir.frontend.script.missing_operators import raise_if_conditional
from tsir.frontend.script.narrowing import item_as
from tsir.frontend.script.numbers import number_in
from tsir.frontend.script.numpy_scalars import as_held, kept_class, kind_of
from tsir.frontend.script.passing import own_name, say_how_called
from tsir.frontend.script.several_types import for_each_type
from tsir.frontend.script.signatures import ParameterInfo, Signature, as_hints, members_of_declared
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
    is_of_torch,
    unwrap,
)
from tsir.frontend.script.statements import STATEMENTS, emit_return
from tsir.frontend.script.static_state import NeedsInlining, new_dict
from tsir.frontend.script.type_relations import is_subtype, members
from tsir.frontend.script.values import (
    NONE,
    Binding,
    Body,
    Closure,
    Const,
    EnumValue,
    ManagerFunction,
    PyFunction,
    PyObject,
    Run,
    StaticDict,
    StaticList,
    StaticTuple,
    Unusable,
    Value,
)

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session


@dataclass
class Compiled:
    """A function compiled for some argument types; while it is being compiled the result type may not be known."""

    symbol: str
    result: Attribute | None
    parameter_types: list[Attribute] = field(default_factory=list[Attribute])
    numpy: Mapping[str, str] = field(default_factory=dict[str, str])
    """The NumPy classes of parameters."""
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


def call_function(
    session: Session, e: Emitter, callee: PyFunction, args: Sequence[Value], kwargs: Mapping[str, Value]
) -> Value:
    """Calls a Python function: compiles it for these arguments if that hasn't happened yet, and emits the call."""
    function = unwrap(callee.function)
    name = describe(function)
    if callee.overridden is not None and session.autocast.enabled:
        from tsir.frontend.script.overriding import call_by_class

        return call_by_class(e, callee, args, kwargs)
    if is_manager_function(function):
        from tsir.frontend.script.calls import call

        return manager_of(e, call(e, replace(callee, function=function.__wrapped__), args, kwargs))
    if function is contextlib.contextmanager and len(args) == 1:
        return ManagerFunction(args[0])
    if (autograd := applied(function, callee.receiver)) is not None:
        return call_applied(e, autograd, args, kwargs)
    source = _source(session, e, function)
    given = list(args) if callee.receiver is None else [callee.receiver, *args]
    try:
        signature = choose_signature(session, e, source, name, lambda s: bind_arguments(e, session, s, given, kwargs, name))
    except FrontendError as error:
        if error.location is not None and source.contains(error.location):
            error.notes = (*error.notes, (f"in a call of {name}()", e.place))
        raise
    bound = bind_arguments(e, session, signature, given, kwargs, name)
    note_passed(e, source.function, signature, bound)
    if is_called_in_python(function):
        positional = [p.name for p in signature.parameters if not p.kwarg_only]
        if isinstance(callee.receiver, PyObject) and positional:  # a method of an object that stays in Python, too
            function = types.MethodType(function, callee.receiver.value)
            signature = replace(signature, parameters=signature.parameters[1:])
            positional, given = positional[1:], given[1:]
        return call_in_python(e, function, signature, bound, {*positional[: len(given)], *kwargs}, name)
    if is_left_out(function):
        return _raise_ignored(e, name, signature)
    bound |= {p.name: _broadcast(e, bound[p.name], p) for p in signature.parameters}
    if callee.owner is not None and callee.owner.kind == "interface" and callee.receiver is not None:
        from tsir.frontend.script.interfaces import call_interface

        return call_interface(e, callee, signature, bound, name)
    if session.dynamic and not is_of_torch(source.function):
        signature = as_hints(signature)
    elif is_of_torch(source.function):
        signature = _with_lists(session, signature, bound)
    for parameter, what in prelude_einops.KNOWN.get(source.function, {}).items():
        value = bound[parameter]
        last = value.elements[-1] if isinstance(value, StaticTuple) and value.elements else value
        require_constant(e, last, f"the {what} of {name}()")
    alone = source.function in session.inline_only or source.function.__module__ in _INLINED
    if alone or any(holds_run(v) and session.type_of(v) is None for v in bound.values()):
        return inline(e, source, signature, bound, None, name)
    if function in session.local_scopes:
        return inline(e, source, signature, bound, session.local_scopes[function], name)
    if is_generator(source.node):
        return inline(e, source, signature, bound, None, name)
    if (session.dynamic or session.decisions.settings_are_constants) and _is_folded(session, source, bound):
        return inline(e, source, signature, bound, None, name)
    return call_compiled(e, callee, source, signature, bound, name)


def _is_folded(session: Session, source: FunctionSource, bound: Mapping[str, Value]) -> bool:
    """Whether a call is of constants only, so that what a short function makes of them may be one that decides what is compiled."""
    if not bound or not all(map(_is_constant, bound.values())) or any(s is source for s, _ in session.running):
        return False
    return sum(1 for _ in ast.walk(source.node)) <= _SHORT


def _is_constant(value: Value) -> bool:
    return isinstance(value, Const) or (isinstance(value, StaticTuple) and all(map(_is_constant, value.elements)))


_INLINED = (lazy.__name__, prelude_einops.__name__)
"""The modules whose functions are emitted where they are called, so that what is constant there is constant in them."""

_SHORT = 100
"""So many nodes the tree of a short function has at most."""


def _with_lists(session: Session, signature: Signature, bound: Mapping[str, Value]) -> Signature:
    """The signature of a function of torch's that takes lists or tuples of ints where it says Tensor, as `ctc_loss` does."""

    def is_list(value: Value) -> bool:
        match session.type_of(value):
            case ts.ListType(element=kind):
                return kind == ts.INT
            case ts.TupleType(elements=kinds):
                return all(k == ts.INT for k in kinds)
            case _:
                return False

    listed = {p.name for p in signature.parameters if p.type == ts.TensorType() and is_list(bound[p.name])}
    if not listed:
        return signature
    parameters = tuple(replace(p, type=None) if p.name in listed else p for p in signature.parameters)
    return replace(signature, parameters=parameters)


def call_compiled(
    e: Emitter, callee: PyFunction, source: FunctionSource, signature: Signature, bound: Mapping[str, Value], name: str
) -> Value:
    """A `func.call` of the function for these arguments, unless something in them makes it impossible."""
    session = e.session
    parameters: dict[str, Attribute | Value] = {}
    operands: list[SSAValue] = []
    classes: dict[str, str] = {}
    for p in signature.parameters:
        value = bound[p.name]
        if _is_static_flag(value, p.type):
            parameters[p.name] = value
        elif p.type is not None:
            parameters[p.name] = kind = _narrowed(e, p.type, value)
            value = _as_torch_takes_it(e, value, kind, f"argument '{p.name}' of {name}()", p.declared)
            if (own := kept_class(value, kind)) is not None:
                classes[p.name] = own
            value = number_in(e, value if p.name in classes else as_held(e, value), kind)
            operands.append(coerce(e, value, kind, f"argument '{p.name}' of {name}()", p.declared))
        elif session.type_of(value) is None:
            parameters[p.name] = value
        else:
            if (own := kind_of(value)) is not None:
                classes[p.name] = own
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
        compiled = compile_for(session, source, signature, parameters, callee, numpy=classes)
    except (NoRunTimeResult, NeedsInlining) as error:
        from tsir.frontend.script.recursion_outside import call_recursive

        if isinstance(error, NeedsInlining) and (found := call_recursive(e, source, signature, bound, name)) is not None:
            return found
        session.inline_only.add(source.function)
        return inline(e, source, signature, bound, None, name)
    except TsirError as error:
        raise_if_conditional(e, error)
        error.notes = (*error.notes, (f"in a call of {name}()", e.place))
        raise
    result = known_result(session, compiled)
    if callee.overridden is not None:
        from tsir.frontend.script.overriding import emit_overridden

        ssa = emit_overridden(e, callee, parameters, operands, compiled)
    else:
        ssa = e.emit(func.CallOp(compiled.symbol, operands, [result]))
        if compiled.only_raises:
            raise Unreachable
    return Run(ssa, compiled.tuple_like) if compiled.tuple_like else session.object_or_run(ssa)


def _as_torch_takes_it(e: Emitter, value: Value, wanted: Attribute, what: str, declared: SourceLocation | None) -> Value:
    """An argument of several types for a function of torch's that takes one of them: others raise TypeError, as in torch."""
    if (
        declared is None
        or not is_torch(declared.file)
        or not isinstance(value, Run)
        or not isinstance(value.type, ts.UnionType)
    ):
        return value
    taken = [is_subtype(e, m, wanted) for m in members(value.type)]
    if not any(taken) or all(taken) or wanted == ts.FLOAT:
        return value
    return item_as(e, value, wanted, f"{what} must be {show_type(wanted)}")


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


def _is_static_flag(value: Value, declared: Attribute | None) -> bool:
    """Whether an argument is a constant in the function, too, so that its branches for other values need not be compiled."""
    if not isinstance(value, Const):
        return False
    if value.value is None:
        return declared is None or ts.NONE in members_of_declared(declared)
    return isinstance(value.value, bool) and declared in (None, ts.BOOL, ts.OptionalType(ts.BOOL))


def _narrowed(e: Emitter, declared: Attribute, value: Value) -> Attribute:
    """Of a Union or Optional the member that the argument is known to be of, so that the function's other branches aren't compiled."""
    kind = e.session.type_of(value)
    several = isinstance(declared, ts.UnionType | ts.OptionalType)
    return kind if several and kind is not None and kind != ts.NONE and kind in members_of_declared(declared) else declared


def _source(session: Session, e: Emitter, function: Any) -> FunctionSource:
    try:
        return function_source(function)
    except FrontendError as error:
        error.notes = (*error.notes, (f"in a call of {describe(function)}()", e.place))
        raise


def _broadcast(e: Emitter, value: Value, p: ParameterInfo) -> Value:
    """One int for a `BroadcastingList2[int]` is two."""
    if p.broadcast and e.session.type_of(value) in (ts.INT, ts.FLOAT):
        return StaticTuple((value,) * p.broadcast)
    kinds = members(value.type) if p.broadcast and isinstance(value, Run) else ()
    if len(kinds) > 1 and any(k in (ts.INT, ts.FLOAT) for k in kinds) and p.type is not None:
        wanted, what = p.type, f"argument '{p.name}'"
        return Run(
            materialise(e, for_each_type(e, value, lambda known: Run(coerce(e, _broadcast(e, known, p), wanted, what))))
        )
    return value


def call_in_python(
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
    numpy: Mapping[str, str] | None = None,
) -> Compiled:
    """The function for parameters of these types; those given as values are bound to them while compiling. `numpy` has the NumPy
    classes of parameters."""
    key = (
        source.function,
        id(source.node),
        session.autocast,
        tuple((n, p if isinstance(p, Attribute) else _static_key(p)) for n, p in parameters.items()),
        tuple((numpy or {}).items()),
    )
    found = session.functions.get(key)
    if found is not None:
        return found
    symbol = symbol or session.symbol(_symbol_name(session, source, callee))
    kinds = [p for p in parameters.values() if isinstance(p, Attribute)]
    compiled = session.functions[key] = Compiled(symbol, signature.result, kinds, numpy or {})
    session.keep_alive.append(parameters)
    # A method that is called from outside, too, has its name for all values of its parameters.
    from_outside = is_exported(source.function) or source.function.__name__ == "forward"
    declared = {p.name: p.type for p in signature.parameters if p.type is not None}
    general = not numpy and (
        not from_outside
        or not any(
            isinstance(p, Const | EnumValue) or (isinstance(declared.get(n), ts.OptionalType) and declared[n] != p)
            for n, p in parameters.items()
        )
    )
    general = general and session.autocast == OFF
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
    if session.autocast == OFF:  # under another one no call by name means it
        say_how_called(operation, callee, source.function, signature, parameters, symbol)
    session.add_function(operation)
    return compiled


def _static_key(value: Value) -> Any:
    match value:
        case Const():
            return ("const", type(value.value), value.value, value.numpy)
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
    ints = {p.name for p in signature.parameters if p.type is not None and ts.INT in members_of_declared(p.type)}
    for name, p in parameters.items():
        if isinstance(p, Attribute):
            argument = next(arguments)
            if name in ints:
                session.int_parameters[argument] = key_of(source.function, name)
            argument.name_hint = hint_of(name)
            argument.location = location_attribute(source.location(source.node))
            if (decided_by := session.open_parameters.get((source.node, name))) is not None:
                session.open_types[argument] = decided_by
            if (decided_by := session.none_parameters.get((source.node, name))) is not None:
                session.none_arguments[argument] = decided_by
            if e.is_entry and WRAPPER in parameters:
                own = next((q for q in signature.parameters if q.name == name and q.has_default), None)
                if own is not None:
                    session.entry_arguments[argument] = own
            if name in compiled.numpy:
                e.variables[name] = Binding(Run(argument, compiled.numpy[name]))
                continue
            if is_fixed(e, source.function, name):
                e.variables[name] = Binding(fixed_default(e, argument, name))
                continue
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
    if e.return_type is not None and ts.NONE not in members_of_declared(e.return_type):
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
    compiled.tuple_like = value.tuple_like if isinstance(value, Run) else kind_of(value)
    return materialise(e, value)
