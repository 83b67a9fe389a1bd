"""Entry points: the functions and methods that a program can be called by, and compiling all that they need.

What one program shares while it is compiled, classes, functions and symbols, is `compiler.py`'s subject.
"""

from __future__ import annotations

import ast
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.jit._script import call_prepare_scriptable_func
from xdsl.ir import Attribute

from tsir.dialects.call_forms import ModulesChanged
from tsir.dialects.deep_stack import with_deep_stack
from tsir.dialects.program import EntryPoint, Parameter, Program
from tsir.dialects.schema import SchemaRegistry
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.type_names import show_type
from tsir.dialects.values import Instance
from tsir.errors import FrontendError, TsirError
from tsir.frontend.script import call_forms
from tsir.frontend.script.blame import shown_to_user
from tsir.frontend.script.callables import Target, target_of
from tsir.frontend.script.classes import ClassInfo
from tsir.frontend.script.compiler import Session
from tsir.frontend.script.decided import Decisions, compile_settled, default_type, is_open, key_of
from tsir.frontend.script.declared import declared_signatures
from tsir.frontend.script.dispatch import complete_dispatchers
from tsir.frontend.script.examples import Examples
from tsir.frontend.script.function_values import is_function as is_a_function
from tsir.frontend.script.functions import NoRunTimeResult, compile_for
from tsir.frontend.script.hooks import calling_source
from tsir.frontend.script.misfits import describe_object
from tsir.frontend.script.modules import holds_functions
from tsir.frontend.script.none_defaults import type_of_none_default
from tsir.frontend.script.outside import Outside, OutsideValue, bind_target, complete_calls, needs_entry
from tsir.frontend.script.overriding import compile_overriding
from tsir.frontend.script.passing import own_name
from tsir.frontend.script.signatures import ParameterInfo, Signature, annotation_trees
from tsir.frontend.script.source import (
    WRAPPER,
    FunctionSource,
    describe,
    docstring,
    function_source,
    innermost,
    is_compiled_module,
    is_dynamic,
    is_exported,
    is_left_out,
    unwrap,
    wrapping_source,
)
from tsir.frontend.script.static_state import NeedsInlining
from tsir.frontend.script.type_relations import join_types
from tsir.frontend.script.values import (
    Method,
    PyFunction,
    PyObject,
    StaticDict,
    StaticTuple,
    Value,
)
from tsir.frontend.torch_jit_modules import is_torch_jit_module


def _schemas() -> SchemaRegistry:
    from tsir.ops.registry import SCHEMAS

    return SCHEMAS


@with_deep_stack
def compile_callable(obj: Any, schemas: SchemaRegistry | None = None, examples: Examples | None = None) -> Program:
    """Compiles a callable: a function, `functools.partial`, an object with `__call__`, a bound method, also of a module.

    Raises FrontendError as `compile_function` does.
    """
    target = target_of(obj)
    if target.module is None:
        return compile_function(target.function, schemas, examples, target)
    return compile_module(target.module, schemas, examples, target)


def compile_function(
    function: Any, schemas: SchemaRegistry | None = None, examples: Examples | None = None, target: Target | None = None
) -> Program:
    """Compiles a Python function.

    A parameter without annotation is a Tensor, or of its default's type. Raises FrontendError, with the place in the source,
    for what can't be compiled. `schemas` are the operators to resolve calls against; tsir's own by default. `examples` say
    of what types parameters without annotation are; `target` says which arguments are bound already.
    """
    return compile_settled(lambda session: _compile_function(function, session, target), _sessions(schemas, examples))


def _sessions(schemas: SchemaRegistry | None, examples: Examples | None) -> Callable[[Decisions], Session]:
    """What makes a session for each start of a compile."""
    return lambda decisions: Session(_schemas() if schemas is None else schemas, examples, decisions)


def _complete_program(session: Session) -> None:
    """Compiles what calls by class or by function are sent to, once it is known what the program has of both."""
    compile_overriding(session)
    complete_dispatchers(session)


def _program(
    session: Session, first: list[str], entries: dict[str, EntryPoint], root: Instance | None, *, is_function: bool
) -> Program:
    """The program of what a session has compiled. `first`: the symbols of the functions that it prints first."""
    return Program(
        lambda: session.module(first),
        entries,
        root,
        dict(session.reader.arrays.sources),
        is_function=is_function,
        exceptions=session.exceptions,
        classes=ChainMap(session.python_classes, session.named_tuples),
        python_functions=session.python_functions,
        python_attributes=session.python_attributes,
        origins=session.reader.origins(),
    )


@with_deep_stack
def _compile_function(function: Any, session: Session, target: Target | None) -> Program:
    plain = unwrap(function)
    session.dynamic = is_dynamic(plain)
    with shown_to_user():
        entry = _entry(session, plain, getattr(plain, "__name__", type(plain).__name__), None, target)
        _complete_program(session)
    session.complete = True
    first = [entry.symbol]
    variants = call_forms.Variants(session, first)
    if target is None or not target.is_bound:
        entry = replace(entry, others=variants.others_of(plain, entry, None))
    is_function = session.root is not None
    variants.program = _program(session, first, {entry.name: entry}, session.root, is_function=is_function)
    return variants.program


def compile_module(
    module: nn.Module, schemas: SchemaRegistry | None = None, examples: Examples | None = None, target: Target | None = None
) -> Program:
    """Compiles a module: `forward` and what is marked with `torch.jit.export`, for this module's attributes.

    The root's arrays share their memory with the module's parameters and buffers; `sources` has the tensor behind each.
    With a `target` its method alone is compiled.
    Raises FrontendError, with the place in the source, for what can't be compiled.
    """
    while True:
        try:
            return compile_settled(lambda session: _compile_module(module, session, target), _sessions(schemas, examples))
        except ModulesChanged:
            continue  # it has other hooks now


@with_deep_stack
def _compile_module(module: nn.Module, session: Session, target: Target | None) -> Program:
    entries: dict[str, EntryPoint] = {}
    module = call_prepare_scriptable_func(module)  # modules with __prepare_scriptable__ say what is compiled in their place
    session.dynamic = any(is_dynamic(_forward_of(m), wrapped_only=m is not module) for m in module.modules())
    with shown_to_user():
        info, instance = session.reader.read(module)
        methods = _entry_methods(info) if target is None else [(target.function.__name__, target.function)]
        for name, method in methods:
            entries[name] = _entry(session, method, name, info, target)
            info.exported.add(name)
        forward = entries.get("forward")
        if info.hooks and forward is not None:
            entries["__call__"] = _hooked_entry(session, forward, info)
        for other in session.module_classes():
            if other is not info:
                _complete(session, other)
        _complete_program(session)
    session.complete = True
    first = [e.symbol for e in entries.values()]
    variants = call_forms.Variants(session, first)
    if target is None or not target.is_bound:
        functions = dict(methods)
        for name, entry in entries.items():
            function = functions["forward" if name == "__call__" else name]
            entries[name] = replace(entry, others=variants.others_of(function, entry, info))
    variants.program = _program(session, first, entries, instance, is_function=target is not None)
    return variants.program


def _forward_of(module: Any) -> Any:
    """The `forward` of a module's class; of a compiled module that of the one it was made of. None for modules of torch.jit."""
    if is_torch_jit_module(module):
        return None
    origin = module.program.origins.get(id(module.instance)) if is_compiled_module(module) else None
    return type(module if origin is None else origin).forward


def _complete(session: Session, info: ClassInfo) -> None:
    """Compiles what the program itself doesn't call of a submodule, but its owner may: `forward`, exported methods, hooks.

    What can't be compiled for the types that it declares is left out: nothing of the program needs it.
    """
    for name, method in _entry_methods(info):
        is_hooked = name == "forward" and bool(info.hooks)
        if name in info.methods and not is_hooked:
            continue
        try:
            entry = _entry(session, method, name, info)
            if is_hooked:
                _hooked_entry(session, entry, info)
        except TsirError:
            continue


def _entry_methods(info: ClassInfo) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    forward = info.lookup("forward")
    declared = hasattr(info.python_class, "_declares_script_module")
    if (
        forward is not None
        and forward[1] is not nn.Module
        and getattr(forward[0], "__name__", "") != "_forward_unimplemented"
        and not is_left_out(forward[0])
        and (not declared or is_exported(forward[0]))
    ):
        found.append(("forward", unwrap(forward[0])))
    for cls in reversed(info.python_class.__mro__):
        for name, value in vars(cls).items():
            if is_exported(value) and name not in [n for n, _ in found]:
                method = info.lookup(name)
                assert method is not None
                found.append((name, unwrap(method[0])))
    found += [(n, f) for n, f in info.extra_methods.items() if is_exported(f) and n not in [name for name, _ in found]]
    return sorted(found, key=lambda method: method[0] == "__setstate__")  # which takes what __getstate__ gives


def _hooked_entry(session: Session, forward: EntryPoint, info: ClassInfo) -> EntryPoint:
    """Calls the module with its hooks, where `forward` is the bare method."""
    found = info.lookup("forward")
    assert found is not None
    if any(p.current is not None for p in forward.parameters):
        raise FrontendError(
            f"{describe(found[0])}() of a module with hooks uses a global tensor",
            hint="make it a buffer of the module",
            code="TS506",
        )
    source = function_source(innermost(unwrap(found[0])))
    own, *rest = session.signature(source).parameters
    kinds = next(c.parameter_types for c in session.functions.values() if c.symbol == forward.symbol)
    types_: dict[str, Attribute | Value] = {p.name: k for p, k in zip((own, *rest), kinds, strict=True)}
    signature = Signature((own, *rest), None)
    callee = PyFunction(source.function, None, info)
    calling = calling_source(source)
    session.keep_alive.append(calling)
    compiled = compile_for(session, calling, signature, types_, callee, session.symbol(f"{info.name}.__call__"))
    info.methods["__call__"] = compiled.symbol
    info.exported.add("__call__")
    return replace(forward, name="__call__", symbol=compiled.symbol, result_type=str(compiled.result))


def _entry(session: Session, function: Any, name: str, owner: ClassInfo | None, target: Target | None = None) -> EntryPoint:
    """An entry point. Where a program that is read as Python reads it can't be compiled for all that its parameters may be, those
    with the default None are left out: calls that pass them are of other forms."""
    if not session.dynamic:
        declared = session.signature(function_source(innermost(function)))
        if any(p.bare for p in declared.parameters):
            return _entry_of_bare(session, function, name, owner, declared, target)
        return _entry_for(session, function, name, owner, frozenset(), target)
    try:
        with session.attempt():
            return _entry_for(session, function, name, owner, frozenset(), target)
    except FrontendError:
        declared = session.signature(function_source(innermost(function)))
        own = declared.parameters[0 if owner is None or isinstance(function, staticmethod) else 1 :]
        left_out = frozenset(p.name for p in own[1:] if p.default is None)
        if not left_out and declared.varargs is None:
            raise
    try:
        with session.attempt():
            return _entry_for(session, function, name, owner, left_out, target)
    except FrontendError as error:
        if declared.varargs is None:
            raise
        return call_forms.entry_without_arguments(session, function, name, owner, error)


def _entry_of_bare(
    session: Session, function: Any, name: str, owner: ClassInfo | None, declared: Signature, target: Target | None
) -> EntryPoint:
    """An entry point with parameters such as `x: list`: compiled for lists of tensors, as torch.jit does, else for what goes; calls
    with others compile variants."""
    first: FrontendError | None = None
    for element in (ts.TensorType(), ts.INT, ts.FLOAT, ts.StrType()):
        session.annotations.bare_element = element
        try:
            with session.attempt():
                return _entry_for(session, function, name, owner, frozenset(), target)
        except FrontendError as error:
            first = first or error
        finally:
            session.annotations.bare_element = ts.TensorType()
    assert first is not None
    if target is not None and target.is_bound:
        raise first
    source = function_source(innermost(function))
    kinds: dict[str, Attribute] = {}
    for i, p in enumerate(declared.parameters):
        if i == 0 and owner is not None and not isinstance(function, staticmethod):
            kinds[p.name] = owner.type
        elif not p.has_default:
            kinds[p.name] = p.type or (_generic_type(session, source, p.name) if p.annotated else None) or ts.AnyType()
    return call_forms.entry_for_no_types(session, function, name, owner, kinds, first)


def _state_of(session: Session, owner: ClassInfo) -> Attribute:
    """What `__setstate__` takes where it doesn't say so: what `__getstate__` gives."""
    symbol = owner.methods.get("__getstate__")
    return next((c.result for c in session.functions.values() if c.symbol == symbol and c.result), ts.TensorType())


def _entry_for(
    session: Session,
    function: Any,
    name: str,
    owner: ClassInfo | None,
    left_out: frozenset[str],
    target: Target | None = None,
) -> EntryPoint:
    source = function_source(function)
    declaring = source
    wrapped = innermost(function)
    types_: dict[str, Attribute | Value] = {}
    if wrapped is function:
        signature = next(iter(declared_signatures(session, source)), None) or session.signature(source)
        types_ |= {n: StaticTuple(()) for n in (signature.varargs,) if n is not None}
        types_ |= {n: StaticDict({}) for n in (signature.keywords,) if n is not None}
    else:
        declaring = function_source(wrapped)
        signature = replace(session.signature(declaring), varargs=None, keywords=None)
        kept = session.decisions.fixed
        fixed = [
            p.name
            for p in signature.parameters
            if p.name in left_out or _has_only_default(p, p.type) or key_of(wrapped, p.name) in kept
        ]
        source = wrapping_source(source, declaring.node, fixed)
        types_[WRAPPER] = PyFunction(function)
    if owner is not None and not signature.parameters and not isinstance(function, staticmethod):
        raise FrontendError(
            f"method {describe(function)}() takes no arguments, not even the object",
            location=source.location(source.node),
            hint=f"write `def {source.node.name}(self)`, or mark it with @staticmethod",
            code="TS105",
        )
    if session.dynamic:
        signature = replace(signature, result=None)
    session.entries.add(source.node)
    session.keep_alive.append(source)
    session.outside = outside = Outside(owner=owner)
    bound: list[OutsideValue] = []
    if target is not None and target.is_bound:
        signature, bound = bind_target(session, signature, target, describe(function), types_)
    own = [p.name for p in signature.parameters[0 if owner is None or isinstance(function, staticmethod) else 1 :]]
    outside.taken.update(own)
    exemplary = {} if session.examples is None else session.examples.types(session, wrapped, own)
    for i, p in enumerate(signature.parameters):
        if i == 0 and owner is not None and not isinstance(function, staticmethod):
            types_[p.name] = owner.type
            continue
        if p.name in types_:
            continue
        kind = p.type
        if kind is None and p.annotated and not session.dynamic:
            kind = _generic_type(session, declaring, p.name)
        if kind is not None and holds_functions(session, kind):
            kind = None
        is_of_python = kind is None and p.annotated and p.default is None
        if is_of_python or (session.dynamic and (p.name in left_out or _has_only_default(p, kind))):
            types_[p.name] = ts.NONE
            continue
        if kind is None and p.annotated and not (session.dynamic and p.has_default):
            raise FrontendError(
                f"the annotation of parameter '{p.name}' isn't a type of values that can be passed from outside",
                location=p.declared or source.location(source.node),
                hint="a callable, a module or an interface only works in functions that compiled code calls",
                code="TS105",
            )
        if kind is None and p.name in exemplary:
            kind = exemplary[p.name]
            if p.has_default and (of_default := session.type_of_object(p.default)) is not None:
                kind = join_types(kind, of_default)
        elif kind is None:
            kind = _state_of(session, owner) if name == "__setstate__" and owner is not None else ts.TensorType()
            if p.has_default:
                kind = _kind_of_default(session, p.default, p.name)
                if p.default is None:
                    kind = type_of_none_default(session, wrapped, source.node, p.name)
                elif is_open(p.default):
                    kind = default_type(session, wrapped, source.node, p.name, kind)
        types_[p.name] = kind
    types_ = {p.name: types_[p.name] for p in signature.parameters} | types_
    session.asked = set()
    try:
        compiled = compile_for(session, source, signature, types_, PyFunction(function, None, owner))
    except NoRunTimeResult as error:
        raise _no_result(session, source, error.value) from None
    except NeedsInlining:
        raise needs_entry(source) from None
    finally:
        session.outside = None
    if outside.found or outside.root is not None:
        session.root = outside.root
        complete_calls(outside, compiled.symbol, session.function_named(compiled.symbol))
    session.entry_symbols.add(compiled.symbol)
    session.asked_of[compiled.symbol] = frozenset(session.asked)
    assert compiled.result is not None
    if holds_functions(session, compiled.result) and not any(s.is_of_python for s in session.function_sites.values()):
        raise _no_result(session, source, PyFunction(function))
    if owner is not None and own_name(PyFunction(function, None, owner), source.function) is not None:
        owner.methods.setdefault(source.function.__name__, compiled.symbol)
    rest = signature.parameters[1 if owner is not None else 0 :]
    known = {v.name: v for v in bound}
    parameters = [
        known[p.name].parameter(session) if p.name in known else _parameter(session, p, types_[p.name])
        for p in rest
        if isinstance(types_[p.name], Attribute)
    ]
    parameters += [value.parameter(session) for value in outside.values()]
    return EntryPoint(
        name,
        compiled.symbol,
        tuple(parameters),
        str(compiled.result),
        takes_self=outside.owner is not None,
        doc=docstring(declaring.node),
    )


def _kind_of_default(session: Session, default: Any, name: str) -> Attribute:
    """The type of a parameter without annotation that has a default: the default's."""
    if isinstance(default, torch.Tensor):
        return ts.TensorType()
    if is_open(default):
        return session.type_of_object(default) or ts.TensorType()
    of_default = session.type_of(session.from_python(default, name))
    return of_default or ts.TensorType()


def _has_only_default(p: ParameterInfo, kind: Attribute | None) -> bool:
    """Whether a parameter of a wrapped entry point is fixed at its default None: a flag, which decides what else is compiled, a
    container, or something of a class of Python's. Tensors, numbers and strings can be passed."""
    if p.default is not None:
        return False
    passed = (ts.TensorType(), ts.INT, ts.FLOAT, ts.COMPLEX, ts.NumberType(), ts.StrType(), ts.DTypeType(), ts.DeviceType())
    return (kind is None and p.annotated) or (isinstance(kind, ts.OptionalType) and kind.element not in passed)


def _no_result(session: Session, source: FunctionSource, value: Value) -> FrontendError:
    """The error for an entry point that returns what only exists while compiling."""
    returns = [n for n in ast.walk(source.node) if isinstance(n, ast.Return) and n.value is not None]
    place = source.location((returns[-1].value or returns[-1]) if returns else source.node)
    shown, hint = (
        "something",
        "return a value that compiled code knows: a number, a str, a Tensor, a list, dict or tuple of these",
    )
    match value:
        case Method():
            shown, hint = f"the method {value.name}", f"call it: `{value.name}(...)`"
        case _ if is_a_function(value) and not isinstance(value, PyObject):
            shown, hint = "a function", "call it, and return what it gives"
        case PyObject():
            shown = f"the Python {describe_object(value.value)} '{value.name}'"
        case _:
            shown = f"a {type(value).__name__.lower()}"
    message = f"{describe(source.function)}() returns {shown}, which isn't a value that compiled code can give"
    return FrontendError(message, location=place, hint=hint, code="TS501")


def _generic_type(session: Session, source: FunctionSource, name: str) -> Attribute | None:
    """The type of a parameter whose annotation has type variables, which may be anything here."""
    annotation = annotation_trees(source)[0][name]
    return session.annotations.of_node(annotation, session.annotation_scope(source.function), None, generic=True).type


_SIMPLE = (bool, int, float, complex, str)


_FITTING: Mapping[Attribute, tuple[type, ...]] = {
    ts.INT: (int,), ts.FLOAT: (int, float), ts.BOOL: (bool,), ts.COMPLEX: (int, float, complex), ts.StrType(): (str,),
}  # fmt: skip
"""The classes that a parameter's default may have by the parameter's type, where both are simple."""


def _parameter(session: Session, p: Any, kind: Attribute | Value) -> Parameter:
    assert isinstance(kind, Attribute)
    fitting = _FITTING.get(kind)
    if p.has_default and fitting is not None and isinstance(p.default, _SIMPLE) and not isinstance(p.default, fitting):
        raise FrontendError(
            f"the default of parameter '{p.name}' expects {show_type(kind)}, found {type(p.default).__name__}",
            location=p.declared,
            hint=f"give it a default of its type, or annotate `{p.name}: {type(p.default).__name__}`",
            code="TS301",
        )
    default = session.to_runtime(p.default, kind) if p.has_default else None
    return Parameter(p.name, str(kind), p.has_default, default, p.kwarg_only, p.broadcast)
