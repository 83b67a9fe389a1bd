"""Which type TorchScript gives an expression of serialised code, and whether it takes it: calls that it hasn't are found when saving.

Types are IR types as TorchScript has them (`as_torchscript`). What an operator takes is in `signatures.py`.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from xdsl.ir import Attribute

from tsir.archive.torchscript.signatures import Overload, Type, overloads
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.compatibility import accepts, members

_PLAIN: Mapping[str, Attribute] = {
    "int": ts.INT, "float": ts.FLOAT, "bool": ts.BOOL, "complex": ts.COMPLEX, "str": ts.StrType(), "Tensor": ts.TensorType(),
    "Scalar": ts.NumberType(), "Device": ts.DeviceType(), "Any": ts.AnyType(),
}  # fmt: skip
_FUNCTIONS = {"int": "Int", "float": "Float", "bool": "Bool", "complex": "Complex", "str": "str", "sorted": "sorted"}
"""Functions of serialised code that stand for operators."""
_PRELUDE: Mapping[str, Attribute] = {
    "python_power": ts.INT, "python_rounded": ts.FLOAT, "python_text": ts.StrType(), "python_fixed": ts.StrType(),
}  # fmt: skip
_CONVERTED = {"int", "float", "complex", "Scalar"}
"""Types for which a tensor of one element is taken."""


class NoSuchCall(Exception):
    """TorchScript has no such operator for operands of these types."""


def as_torchscript(kind: Attribute) -> Attribute:
    """A type as TorchScript has it: ints for dtypes, lists for tuples of any length, tensors of which nothing is known."""
    match kind:
        case ts.TensorType():
            return _PLAIN["Tensor"]
        case ts.DTypeType() | ts.LayoutType() | ts.MemoryFormatType():
            return ts.INT
        case ts.ListType() | ts.TupleOfType():
            return ts.ListType(as_torchscript(kind.element))
        case ts.OptionalType():
            return ts.OptionalType(as_torchscript(kind.element))
        case ts.FutureType():
            return ts.FutureType(as_torchscript(kind.element))
        case ts.DictType():
            return ts.DictType(as_torchscript(kind.key), as_torchscript(kind.value))
        case ts.UnionType():
            return ts.UnionType([as_torchscript(m) for m in kind.members.data])
        case ts.TupleType():
            return ts.TupleType([as_torchscript(e) for e in kind.elements.data])
        case _:
            return kind


def is_subtype(found: Attribute, wanted: Attribute) -> bool:
    """Whether TorchScript takes a value of a type for one of another: containers only with equal elements."""
    if found == wanted:
        return True
    match wanted:
        case ts.AnyType():
            return True
        case ts.OptionalType():
            if isinstance(found, ts.OptionalType):
                return is_subtype(found.element, wanted.element)
            return found == ts.NONE or is_subtype(found, wanted.element)
        case ts.UnionType():
            members = found.members.data if isinstance(found, ts.UnionType) else [found]
            return all(any(is_subtype(m, w) for w in wanted.members.data) for m in members)
        case ts.NumberType():
            return found in (ts.INT, ts.FLOAT, ts.COMPLEX)
        case ts.TupleType() if isinstance(found, ts.TupleType):
            parts = found.elements.data, wanted.elements.data
            return len(parts[0]) == len(parts[1]) and all(is_subtype(f, w) for f, w in zip(*parts, strict=True))
        case ts.FutureType() if isinstance(found, ts.FutureType):
            return is_subtype(found.element, wanted.element)
        case _:
            return False


def can_be_cast(found: Attribute, wanted: Attribute) -> bool:
    """Whether a value may be of both types, so that its type can be changed: a list or dict can't get elements of others."""
    if isinstance(found, ts.UnionType | ts.OptionalType) or isinstance(wanted, ts.UnionType | ts.OptionalType):
        return any(f == w or can_be_cast(f, w) for f in members(found) for w in members(wanted))
    if isinstance(found, ts.ListType | ts.DictType) and isinstance(wanted, ts.ListType | ts.DictType):
        return found == wanted
    return accepts(wanted, found) or accepts(found, wanted)


def result_type(text: str, operands: Mapping[str, Attribute]) -> Attribute | None:
    """The type of an expression, by the types of what it is made of; None where it can't be told.

    Raises NoSuchCall for an operator that TorchScript hasn't for such operands.
    """
    return _Inference(text, operands).of(ast.parse(text, mode="eval").body)


class _Inference:
    def __init__(self, text: str, operands: Mapping[str, Attribute]) -> None:
        self.text, self.operands = text, operands

    def of(self, node: ast.expr) -> Attribute | None:
        known = self.operands.get(ast.get_source_segment(self.text, node) or "")
        if known is not None:
            return known
        match node:
            case ast.Constant(value=None):
                return ts.NONE
            case ast.Constant(value=bool() | int() | float() | str() as value):
                return _PLAIN[type(value).__name__]
            case ast.UnaryOp():
                return self.of(node.operand)
            case ast.Name(id="nan" | "inf"):
                return ts.FLOAT
            case ast.Subscript():
                return self.call("__getitem__", [node.value, node.slice])
            case ast.Call(func=ast.Attribute(value=ast.Name(id="__torch__"), attr=name)) if name in _PRELUDE:
                return _PRELUDE[name]
            case ast.Call(func=ast.Name(id=name)) if name in _FUNCTIONS:
                return self.call(_FUNCTIONS[name], node.args)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr=name)):
                return self.call(name, node.args)
            case ast.Call(func=ast.Attribute(value=ast.Attribute(value=ast.Name(id="ops"), attr="prim"), attr=name)):
                return self.call(f"prim.{name}", node.args)
            case _:
                return None

    def call(self, name: str, arguments: Sequence[ast.expr]) -> Attribute | None:
        kinds = [self.of(a) for a in arguments]
        known = overloads().get(name)
        if known is None or any(k is None for k in kinds):
            return None
        given = [as_torchscript(k) for k in kinds if k is not None]
        for converts in (False, True):
            for overload in known:
                bound = matched(overload, given, converts)
                if bound is not None:
                    return _built(overload.result, bound)
        raise NoSuchCall(name)


def matched(overload: Overload, given: Sequence[Attribute], converts: bool) -> dict[str, Attribute] | None:
    """The types that an overload's variables have for operands of these types; None if it doesn't take them."""
    wanted = overload.arguments
    if not overload.required <= len(given) or (len(given) > len(wanted) and not overload.is_variadic):
        return None
    bound: dict[str, Attribute] = {}
    return bound if all(_matches(w, g, bound, converts) for w, g in zip(wanted, given, strict=False)) else None


def _matches(wanted: Type, given: Attribute, bound: dict[str, Attribute], converts: bool) -> bool:
    match wanted:
        case ("?", tuple() as inner):
            if given == ts.NONE:
                return True
            return _matches(inner, given.element if isinstance(given, ts.OptionalType) else given, bound, converts)
        case ("[]", ("Any",)):
            return isinstance(given, ts.ListType)
        case ("[]", tuple() as inner) if isinstance(given, ts.TupleType):  # becomes a list
            kinds = given.elements.data
            return all(k == kinds[0] for k in kinds) and _is(inner, kinds[0] if kinds else _PLAIN["Tensor"], bound)
        case ("[]", tuple() as inner):
            return isinstance(given, ts.ListType) and _is(inner, given.element, bound)
        case ("Dict", tuple() as key, tuple() as value):
            return isinstance(given, ts.DictType) and _is(key, given.key, bound) and _is(value, given.value, bound)
        case ("()", *inner):
            kinds = given.elements.data if isinstance(given, ts.TupleType) else ()
            return len(kinds) == len(inner) and all(_is(w, k, bound) for w, k in zip(inner, kinds, strict=True))  # pyright: ignore
        case ("Future", tuple() as inner):
            return isinstance(given, ts.FutureType) and _is(inner, given.element, bound)
        case ("AnyEnumType",):
            return isinstance(given, ts.ClassType)
        case (str() as name,) if name in _PLAIN:
            if is_subtype(given, _PLAIN[name]):
                return True
            return converts and name in _CONVERTED and (given == _PLAIN["Tensor"] or given == ts.NumberType())
        case (str() as name,):
            return is_subtype(given, bound[name]) if name in bound else _bind(name, given, bound)
        case _:
            return False


def _is(wanted: Type, given: Attribute, bound: dict[str, Attribute]) -> bool:
    """Whether the element of a container is of exactly a type."""
    match wanted:
        case (str() as name,) if name in _PLAIN:
            return given == _PLAIN[name]
        case (str() as name,):
            return bound[name] == given if name in bound else _bind(name, given, bound)
        case _:
            return _matches(wanted, given, bound, False)


_KEYS = tuple(_PLAIN[n] for n in ("int", "float", "bool", "complex", "str", "Tensor"))


def _bind(name: str, given: Attribute, bound: dict[str, Attribute]) -> bool:
    if name == "K" and given not in _KEYS:
        return False
    bound[name] = given
    return True


def _built(kind: Type, bound: Mapping[str, Attribute]) -> Attribute | None:
    """A type of the table with its variables' types."""
    match kind:
        case ("()",):
            return ts.NONE
        case ("()", *inner):
            return ts.TupleType([_known(_built(i, bound)) for i in inner])  # pyright: ignore[reportArgumentType]
        case ("[]", tuple() as inner):
            return ts.ListType(_known(_built(inner, bound)))
        case ("?", tuple() as inner):
            element = _known(_built(inner, bound))
            return element if isinstance(element, ts.OptionalType) else ts.OptionalType(element)
        case ("Dict", tuple() as key, tuple() as value):
            return ts.DictType(_known(_built(key, bound)), _known(_built(value, bound)))
        case (str() as name,):
            return _PLAIN.get(name) or bound.get(name)
        case _:
            return None


def _known(kind: Attribute | None) -> Attribute:
    assert kind is not None, "a type of the table has a variable that no argument has"
    return kind
