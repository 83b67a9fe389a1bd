"""Interfaces (`torch.jit.interface`): values of which only the methods are known that they have.

Inside a program an annotation with an interface means nothing: what is passed keeps its own class. Where that can't be known while
compiling (a parameter of an entry point, an attribute of a module that the program assigns) the interface is a class of its own
whose methods are called by name. The classes of the program that implement it get these methods when all else is compiled;
objects from outside the program are called in Python.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from torch import nn
from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import CallMethodOp
from tsir.errors import FrontendError
from tsir.frontend.script.classes import ClassInfo
from tsir.frontend.script.convert import coerce
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.source import describe, function_source, unwrap
from tsir.frontend.script.values import PyFunction, Value

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session
    from tsir.frontend.script.signatures import Signature


@dataclass
class InterfaceMethod:
    """A method of an interface that the program calls: what it is called in IR, and its types without `self`."""

    info: ClassInfo
    attribute: str
    method: str
    parameters: list[Attribute]
    result: Attribute


def is_interface(cls: Any) -> bool:
    """Whether a class was given to `torch.jit.interface`."""
    return isinstance(cls, type) and "__torch_script_interface__" in vars(cls)


def methods_of(interface: type) -> list[str]:
    """The names of an interface's methods."""
    classes = [c for c in interface.__mro__ if c not in (object, nn.Module)]
    return list(dict.fromkeys(n for c in classes for n, v in vars(c).items() if inspect.isfunction(v)))


def implements(cls: type, interface: type) -> bool:
    """Whether a class has an interface's methods."""
    stub = nn.Module.forward
    return all(callable(getattr(cls, m, None)) and getattr(cls, m) is not stub for m in methods_of(interface))


def missing_methods(cls: type, interface: type) -> list[str]:
    """The names of the methods that a class lacks to implement an interface."""
    stub = nn.Module.forward
    return [m for m in methods_of(interface) if not callable(getattr(cls, m, None)) or getattr(cls, m) is stub]


def call_interface(e: Emitter, callee: PyFunction, signature: Signature, bound: Mapping[str, Value], name: str) -> Value:
    """Calls a method of an object of which only the interface is known."""
    info = callee.owner
    assert info is not None and callee.receiver is not None
    attribute = callee.function.__name__
    own, *parameters = signature.parameters
    if e.session.autocast.enabled:
        e.unsupported(f"a call of {name}(), of an object of which only the interface is known, under autocast")
    if signature.result is None:
        e.error(
            f"the result of {name}() has no concrete type",
            hint="annotate what the interface's method returns: `-> Tensor`",
            code="TS103",
        )
    kinds = [p.type or ts.TensorType() for p in parameters]
    operands = [
        coerce(e, bound[p.name], k, f"argument '{p.name}' of {name}()", p.declared)
        for p, k in zip(parameters, kinds, strict=True)
    ]
    known = e.session.interface_methods.get((info.name, attribute))
    if known is None:
        method = f"{attribute}${info.name}"
        info.methods[method] = e.session.symbol(f"{info.name}.{attribute}")
        known = InterfaceMethod(info, attribute, method, kinds, signature.result)
        e.session.interface_methods[info.name, attribute] = known
    holder = coerce(e, bound[own.name], info.type, f"argument '{own.name}' of {name}()")
    return e.session.object_or_run(e.emit(CallMethodOp(holder, known.method, operands, [known.result])))


def compile_implementation(session: Session, known: InterfaceMethod, info: ClassInfo) -> None:
    """Compiles what a class of the program has for a method of an interface.

    A class whose method takes other types is no implementation; that is an error only where the program uses it as one.
    """
    from tsir.frontend.script.functions import compile_for

    found = info.lookup(known.attribute)
    if found is None or not inspect.isfunction(found[0]):
        return
    session.define_attributes(info)
    source = function_source(unwrap(found[0]))
    signature = session.signature(source)
    kinds: dict[str, Attribute | Value] = {}
    try:
        for i, p in enumerate(signature.parameters):
            if i == 0:
                kinds[p.name] = info.type
            elif i <= len(known.parameters):
                kinds[p.name] = _parameter_type(known, i - 1, p.type, info, p.name)
            elif p.has_default:
                kinds[p.name] = session.from_python(p.default, p.name)
            else:
                raise _misfit(known, info, f"{describe(found[0])}() has an argument '{p.name}' more")
        if len(signature.parameters) <= len(known.parameters):
            raise _misfit(known, info, f"{describe(found[0])}() takes fewer arguments")
        signature = replace(signature, result=known.result)
        compiled = compile_for(session, source, signature, kinds, PyFunction(found[0], None, info))
    except FrontendError:
        if (info.name, known.info.name) in session.used_as:
            raise
        return
    info.methods[known.method] = compiled.symbol


def _parameter_type(known: InterfaceMethod, i: int, own: Attribute | None, info: ClassInfo, name: str) -> Attribute:
    from tsir.dialects.ts.type_names import show_type

    given = known.parameters[i]
    if own is not None and own != given and not isinstance(own, ts.AnyType | ts.OptionalType | ts.UnionType):
        raise _misfit(known, info, f"argument '{name}' is {show_type(own)} there, and {show_type(given)} in the interface")
    return given


def _misfit(known: InterfaceMethod, info: ClassInfo, why: str) -> FrontendError:
    interface = known.info.python_class.__name__
    return FrontendError(
        f"{info.python_class.__name__}.{known.attribute}() is not compatible with interface {interface}: {why}",
        hint=f"declare it as {interface} does",
        code="TS403",
    )


def is_assigned(cls: type, name: str) -> bool:
    """Whether a method of a class other than `__init__` assigns `self.<name>`."""
    for base in cls.__mro__:
        if base in (object, nn.Module):
            continue
        for attribute, value in vars(base).items():
            if attribute == "__init__" or not inspect.isfunction(value):
                continue
            try:
                tree = function_source(unwrap(value)).node
            except FrontendError:
                continue  # without source it isn't compiled either
            stores = (n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store))
            if any(n.attr == name for n in stores):
                return True
    return False
