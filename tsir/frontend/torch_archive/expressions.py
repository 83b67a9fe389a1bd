"""What the expressions of serialised code mean, but for calls, which are in `calls.py`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from xdsl.ir import Attribute, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.attributes import EnumValueAttr
from tsir.dialects.ts.structure import ConstantOp, GetAttrOp, TruthOp, TupleGetOp
from tsir.frontend.torch_archive.body import Body, ClassValue, FunctionValue, ListValue, TupleValue, Value
from tsir.frontend.torch_archive.calls import emit_call
from tsir.frontend.torch_archive.classes import text
from tsir.frontend.torch_archive.sources import dotted


def evaluate(b: Body, node: ast.expr, want: Attribute | None = None) -> Value:
    """Emits an expression. `want` is the type that it is used as, for literals."""
    emit = _EXPRESSIONS.get(type(node))
    with b.at(node):
        if emit is None:
            b.unsupported(f"the expression `{ast.unparse(node)[:80]}`")
        return emit(b, node, want)


def truth(b: Body, value: Value) -> SSAValue | bool:
    """A value as a condition."""
    if isinstance(value, bool | int | float):
        return bool(value)
    value = b.value(value)
    return value if value.type == ts.BOOL else b.emit(TruthOp(value))


def _constant(b: Body, node: ast.Constant, _want: Attribute | None) -> Value:
    value = node.value
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        b.error("an int of more than 64 bits")
    if value is None or isinstance(value, bool | int | float | complex):
        return value
    b.unsupported(f"a constant of type {type(value).__name__}")


_NAMES: Mapping[str, Value] = {
    "inf": float("inf"),
    "nan": float("nan"),
    "infj": complex(0, float("inf")),
    "nanj": complex(0, float("nan")),
}


def _name(b: Body, node: ast.Name, _want: Attribute | None) -> Value:
    if node.id in b.variables:
        return b.variables[node.id]
    if node.id in _NAMES:
        return _NAMES[node.id]
    b.error(f"'{node.id}' is not defined")


def _attribute(b: Body, node: ast.Attribute, _want: Attribute | None) -> Value:
    name = dotted(node)
    if name is not None and name.partition(".")[0] not in b.variables:
        return _global(b, name)
    return attribute_of(b, evaluate(b, node.value), node.attr)


def _global(b: Body, name: str) -> Value:
    if name.startswith("CONSTANTS."):
        return b.program.constant(b, name.removeprefix("CONSTANTS."))
    if name.startswith("__torch__."):
        definition = b.program.sources.find(name)
        if definition is not None:
            info = b.program.classes.find(name)
            return FunctionValue(definition) if info is None else ClassValue(info)
        outer, _, member = name.rpartition(".")
        info = b.program.classes.find(outer)
        if info is not None and info.kind == "enum" and member in info.values:
            return enum_member(b, info.symbol, member)
    b.error(f"the archive has no {name[:200]}")


def enum_member(b: Body, symbol: str, member: str) -> SSAValue:
    """A member of an enum of the archive."""
    return b.emit(ConstantOp(EnumValueAttr(symbol, member), ts.ClassType(symbol)))


def attribute_of(b: Body, value: Value, name: str) -> Value:
    """`value.name`, of an object or a NamedTuple."""
    holder = b.value(value)
    info = b.program.classes.of_type(holder.type)
    if isinstance(holder.type, ts.NamedTupleType):
        fields = [f.data for f in holder.type.fields.data]
        if name in fields:
            return b.emit(TupleGetOp(holder, fields.index(name), holder.type.elements.data[fields.index(name)]))
    if info is not None and info.kind == "enum" and name in ("name", "value"):
        kind = ts.StrType() if name == "name" else b.program.enum_value_type(info)
        return b.emit(GetAttrOp(holder, name, kind))
    if info is not None and name in info.annotations:
        return b.emit(GetAttrOp(holder, name, b.program.attribute_type(info, name)))
    from tsir.dialects.ts.type_names import show_type

    b.error(f"a value of type {show_type(holder.type)} has no attribute '{name}'")


def _list(b: Body, node: ast.List, want: Attribute | None) -> Value:
    inner = want.element if isinstance(want, ts.OptionalType) else want
    element = inner.element if isinstance(inner, ts.ListType) else None
    found = ListValue(tuple(evaluate(b, e, element) for e in node.elts))
    return b.coerce(found, inner) if isinstance(inner, ts.ListType) else found


def _tuple(b: Body, node: ast.Tuple, want: Attribute | None) -> Value:
    inner = want.element if isinstance(want, ts.OptionalType) else want
    kinds = inner.elements.data if isinstance(inner, ts.TupleType) and len(inner.elements.data) == len(node.elts) else ()
    wanted = [*kinds] or [None] * len(node.elts)
    return TupleValue(tuple(b.held(evaluate(b, e, k)) for e, k in zip(node.elts, wanted, strict=True)))


def _dict(b: Body, node: ast.Dict, want: Attribute | None) -> Value:
    keys = [evaluate(b, k) if k is not None else b.error("`**` in a dict") for k in node.keys]
    return b.dictionary(keys, [evaluate(b, v) for v in node.values], want)


def _unary(b: Body, node: ast.UnaryOp, want: Attribute | None) -> Value:
    value = evaluate(b, node.operand, want)
    if isinstance(node.op, ast.USub) and isinstance(value, int | float | complex):
        return -value
    b.unsupported("an operator of this kind")


def _binary(b: Body, node: ast.BinOp, _want: Attribute | None) -> Value:
    """A complex number is written as a sum."""
    left, right = evaluate(b, node.left), evaluate(b, node.right)
    if isinstance(left, int | float) and isinstance(right, complex):
        if isinstance(node.op, ast.Add):
            return complex(left, right.imag)
        if isinstance(node.op, ast.Sub):
            return complex(left, -right.imag)
    b.unsupported("an operator of this kind")


def _subscript(b: Body, node: ast.Subscript, _want: Attribute | None) -> Value:
    container = evaluate(b, node.value)
    index = evaluate(b, node.slice)
    return item_of(b, container, index)


def item_of(b: Body, container: Value, index: Value) -> Value:
    """`container[index]`."""
    if isinstance(index, int) and (isinstance(container, TupleValue) or _is_tuple(container)):
        parts = b.elements(container) if isinstance(container, TupleValue) else None
        count = len(parts) if parts is not None else len(container.type.elements.data)  # type: ignore[union-attr]
        if not -count <= index < count:
            b.error(f"index {index} is out of range for a tuple of {count}")
        if parts is not None:
            return parts[index]
        kind: Any = b.value(container).type
        return b.emit(TupleGetOp(b.value(container), index % count, kind.elements.data[index]))
    if (
        isinstance(container, ListValue)
        and isinstance(index, int)
        and -len(container.elements) <= index < len(container.elements)
    ):
        return container.elements[index]
    return b.py("getitem", [container, b.uncoded(index)])


def _is_tuple(value: Value) -> bool:
    return isinstance(value, SSAValue) and isinstance(value.type, ts.TupleType | ts.NamedTupleType)


_EXPRESSIONS: Mapping[type[ast.expr], Callable[[Body, Any, Attribute | None], Value]] = {
    ast.Constant: _constant, ast.Name: _name, ast.Attribute: _attribute, ast.List: _list, ast.Tuple: _tuple, ast.Dict: _dict,
    ast.UnaryOp: _unary, ast.BinOp: _binary, ast.Subscript: _subscript, ast.Call: emit_call,
}  # fmt: skip

__all__ = ["attribute_of", "enum_member", "evaluate", "item_of", "truth"]
