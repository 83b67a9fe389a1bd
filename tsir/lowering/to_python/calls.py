"""Calls as Python source: of functions, methods, properties, and of functions that stay in Python.

A method is called by its name where the class is one that Python finds by its own: with the constants that it was compiled for,
which `ts.passed` has. A class whose definition is part of the text has its methods as they were compiled. What neither has under
a name is printed as a function that takes the object first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from xdsl.dialects.builtin import ArrayAttr, StringAttr
from xdsl.ir import Operation

from tsir.dialects.ts import types
from tsir.dialects.ts.structure import constant_type
from tsir.lowering.to_python.atoms import receiver
from tsir.lowering.to_python.constants import attribute_text
from tsir.lowering.to_python.names import Names, identifier

if TYPE_CHECKING:
    from tsir.lowering.to_python.statements import Printer


def passed(names: Names, symbol: str, operands: Sequence[str], class_symbol: str) -> list[str] | None:
    """What a call of a method by its name passes; None where that has no text."""
    found = names.functions[symbol].attributes.get("ts.passed")
    if not isinstance(found, ArrayAttr) or names.is_defined(class_symbol):
        return list(operands)
    rest = iter(operands)
    shown: list[str] = []
    for entry in cast(Any, found).data:
        if isinstance(entry, StringAttr):
            shown.append(entry.data + next(rest))
        else:
            prefix, _, *value = entry.data
            if not value:
                return None
            shown.append(prefix.data + attribute_text(names, value[0]))
    return shown


def declared(names: Names, function: Operation, parameters: Sequence[str]) -> list[str]:
    """The parameters of a method as its definition has them: also those that it was compiled for."""
    found = function.attributes.get("ts.passed")
    if not isinstance(found, ArrayAttr):
        return list(parameters)
    rest = iter([p for p in parameters if p != "*"])
    shown: list[str] = []
    named = False
    for entry in cast(Any, found).data:
        prefix: str = entry.data if isinstance(entry, StringAttr) else entry.data[0].data
        if prefix.endswith("=") and not named:
            shown.append("*")
            named = True
        if isinstance(entry, StringAttr):
            shown.append(next(rest) if prefix.endswith("=") else prefix + next(rest))
        elif len(entry.data) == 3:
            kind = names.annotation(constant_type(entry.data[2]) or types.AnyType())
            shown.append(f"{entry.data[1].data}: {kind} = {attribute_text(names, entry.data[2])}")
    place = next((i for i, text in enumerate(shown) if text.startswith("*")), len(shown))
    last = max((i for i, text in enumerate(shown[:place]) if " = " not in text), default=-1)
    return [text if i > last else text.partition(" = ")[0] for i, text in enumerate(shown)]


def call(p: Printer, operation: Operation) -> str:
    """`func.call`."""
    symbol: str = cast(Any, operation).callee.root_reference.data
    operands = [p.text(o) for o in operation.operands]
    by_name = p.names.by_name.get(symbol, [])
    for at, parameter in enumerate(by_name, start=len(operands) - len(by_name)):
        operands[at] = f"{parameter}={operands[at]}"
    kind = operation.operands[0].type if operation.operands else None
    method = p.names.methods.get(symbol)
    if method is not None and isinstance(kind, types.ClassType):
        class_symbol = kind.symbol.root_reference.data
        text = _by_name(p.names, symbol, method, class_symbol, operands)
        if text is not None:
            return text
    return f"{p.names.function(symbol)}({', '.join(operands)})"


def _by_name(names: Names, symbol: str, method: str, class_symbol: str, operands: Sequence[str]) -> str | None:
    """The call of a method of an object, the first operand."""
    if names.is_defined(class_symbol) and not names.has_body(symbol):
        return None
    shown = passed(names, symbol, operands[1:], class_symbol)
    if shown is None:
        return None
    holder = receiver(operands[0])
    method = identifier(method) if names.is_defined(class_symbol) else method.rstrip("$")
    way = names.functions[symbol].attributes.get("ts.property")
    if isinstance(way, StringAttr) and not names.is_defined(class_symbol):
        return f"{holder}.{method}" if way.data == "get" else f"{holder}.{method} = {shown[0]}"
    is_module = names.kind(class_symbol) == "module"
    called = method == "__call__" or (method == "forward" and is_module and not names.has_hooks(class_symbol))
    if called and holder != "self":
        return f"{holder}({', '.join(shown)})"
    return f"{holder}.{method}({', '.join(shown)})"


def call_method(p: Printer, operation: Operation) -> str:
    """`ts.call_method`: the method of the object's own class."""
    method: str = cast(Any, operation).method_name.data
    kind = operation.operands[0].type
    operands = [p.text(o) for o in operation.operands]
    if isinstance(kind, types.ClassType):
        class_symbol = kind.symbol.root_reference.data
        if p.names.kind(class_symbol) == "interface":
            return f"{receiver(operands[0])}.{method.partition('$')[0]}({', '.join(operands[1:])})"
        symbol = p.names.method_symbol(class_symbol, method)
        text = None if symbol is None else _by_name(p.names, symbol, method, class_symbol, operands)
        if text is not None:
            return text
    return f"{receiver(operands[0])}.{identifier(method)}({', '.join(operands[1:])})"


def call_python(p: Printer, operation: Operation) -> str:
    """`ts.call_python`: by the function's own name, which is imported, or as a method of the object that it is given."""
    key: str = cast(Any, operation).function.data
    name = key.partition("#")[0]
    known = p.names.python_functions.get(key)
    if known is not None and known.variable is not None:
        kind = operation.operands[0].type if operation.operands else operation.results[0].type
        place = p.names.outside.text(known.variable, kind)
        return f"{place} = {p.text(operation.operands[0])}" if operation.operands else place
    operands = [p.text(o) for o in operation.operands]
    keywords = [None] * len(operands) if known is None else known.keywords
    shown = [t if k is None else f"{k}={t}" for k, t in zip(keywords, operands, strict=True)]
    if name.startswith("torch.ops."):
        return f"{name}({', '.join(shown)})"
    first = operation.operands[0].type if operands else None
    owner, _, method = name.rpartition(".")
    if isinstance(first, types.ClassType) and keywords[0] is None and (owner or known is None):
        return f"{receiver(operands[0])}.{method}({', '.join(shown[1:])})"
    found = None if known is None else p.names.imported(known.function)
    return f"{found or method}({', '.join(shown)})"
