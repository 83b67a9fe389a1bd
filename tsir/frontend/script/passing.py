"""Says on a compiled method how Python source calls it: under what name, as a property, and with which arguments.

A method is compiled for what it is given: some of its parameters are constants in it, `*args` is one tuple. What prints a program
as Python (`.code`) reads here what a call by the method's name passes. Functions need no such thing: they are printed, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, StringAttr
from xdsl.ir import Attribute, Operation

from tsir.frontend.constants import attribute_of_constant, is_constant
from tsir.frontend.script.inlining import Given
from tsir.frontend.script.source import unwrap
from tsir.frontend.script.values import Const, EnumValue, PyFunction, StaticDict, StaticTuple, Value

if TYPE_CHECKING:
    from tsir.frontend.script.signatures import ParameterInfo, Signature


def own_name(callee: PyFunction, function: Any) -> tuple[str, str] | None:
    """Under which name an object of the class has this method, and whether by calling it: (name, `call`, `get` or `set`)."""
    name = function.__name__
    found = None if callee.owner is None else callee.owner.lookup(name)
    if found is None:
        return None
    kind: Any = found[0]
    ways = {"get": kind.fget, "set": kind.fset} if isinstance(kind, property) else {"call": kind}
    return next(((name, way) for way, f in ways.items() if f is not None and unwrap(f) is function), None)


def say_how_called(
    operation: Operation,
    callee: PyFunction,
    function: Any,
    signature: Signature,
    parameters: Mapping[str, Attribute | Value],
    symbol: str,
) -> None:
    """Notes it in the attributes `ts.method`, `ts.property` and `ts.passed`, as far as a plain call by name isn't right.

    `ts.defaults` has the defaults that a call from outside may leave out, by the parameters' names.
    """
    owner, found = callee.owner, own_name(callee, function)
    if owner is None or found is None:
        return
    name, way = found
    if owner.methods.get(name) != symbol:
        operation.attributes["ts.method"] = StringAttr(name)
    if way != "call":
        operation.attributes["ts.property"] = StringAttr(way)
    defaults = {p.name: v for p in signature.parameters if (v := _default(p)) is not None}
    if defaults:
        operation.attributes["ts.defaults"] = DictionaryAttr(defaults)
    passed = _passed(signature, parameters)
    if any(p != StringAttr("") for p in passed):
        operation.attributes["ts.passed"] = ArrayAttr(passed)


def _default(p: ParameterInfo) -> Attribute | None:
    """The default of a parameter, where it is a constant of a type that the IR has."""
    value = p.default.value if isinstance(p.default, Given) else Const(p.default)
    if isinstance(value, Const) and is_constant(value.value):
        return attribute_of_constant(value.value)
    return value.attribute if isinstance(value, EnumValue) else None


def _passed(signature: Signature, parameters: Mapping[str, Attribute | Value]) -> list[Attribute]:
    """What is written for each parameter behind `self`: a prefix of the next operand, or a prefix and constants."""
    found: list[Attribute] = []
    named = False
    for p in signature.parameters[1:]:
        named = named or p.kwarg_only
        found += _argument(f"{p.name}=" if named else "", p.name, parameters[p.name])
    if signature.varargs is not None and signature.varargs in parameters:
        at = sum(not p.kwarg_only for p in signature.parameters[1:])
        found[at:at] = _argument("*", signature.varargs, parameters[signature.varargs])
    if signature.keywords is not None and signature.keywords in parameters:
        found += _argument("**", signature.keywords, parameters[signature.keywords])
    return found


def _argument(prefix: str, name: str, given: Attribute | Value) -> list[Attribute]:
    """The prefix of an operand; the prefix, the parameter's name and the constant, where that is one of the IR."""
    static = [StringAttr(prefix), StringAttr(name)]
    match given:
        case Attribute():
            return [StringAttr(prefix)]
        case StaticTuple() if not given.elements and prefix == "*":
            return []
        case StaticDict() if not given.items and prefix == "**":
            return []
        case Const() if is_constant(given.value):
            return [ArrayAttr([*static, attribute_of_constant(given.value)])]
        case EnumValue():
            return [ArrayAttr([*static, given.attribute])]
        case _:
            return [ArrayAttr(static)]
