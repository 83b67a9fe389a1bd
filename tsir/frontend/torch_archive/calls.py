"""What calls of serialised code mean: operators, functions and methods of the archive, and the few names of its own."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xdsl.dialects import func
from xdsl.ir import Attribute, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.compatibility import accepts, members
from tsir.dialects.ts.structure import CallMethodOp, CastOp, IsInstanceOp, NewOp, TruthOp, TupleOp
from tsir.dialects.ts.type_names import show_type
from tsir.frontend.overloads import emit_tensor_to_number
from tsir.frontend.torch_archive.body import Body, ClassValue, FunctionValue, Value, is_coded
from tsir.frontend.torch_archive.forks import emit_fork
from tsir.frontend.torch_archive.host_calls import emit_host_call, emit_prim_call, is_host_call, number, print_values
from tsir.frontend.torch_archive.operators import emit_operator
from tsir.frontend.torch_archive.sources import Definition, dotted
from tsir.ops.registry import SCHEMAS

if TYPE_CHECKING:
    from tsir.frontend.torch_archive.functions import ArchiveFunction


def emit_call(b: Body, node: ast.Call, want: Attribute | None) -> Value:
    """Emits a call."""
    name = dotted(node.func)
    root = "" if name is None else name.partition(".")[0]
    if name is not None and root not in b.variables:
        if name in _OWN:
            return _OWN[name](b, node, want)
        if root == "torch":
            return _operator(b, name.removeprefix("torch."), node, want)
        if root == "ops":
            return _namespaced(b, name.removeprefix("ops."), node, want)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "__new__":
        cls = b.evaluate(b, node.func.value, None)
        if isinstance(cls, ClassValue):
            return _new(b, cls)
    if isinstance(node.func, ast.Attribute) and (name is None or root in b.variables):
        return _method(b, node.func, node)
    callee = b.evaluate(b, node.func, None)
    if isinstance(callee, FunctionValue) and callee.definition is not None:
        return call_function(b, callee.definition, *_arguments(b, node))
    if isinstance(callee, ClassValue) and callee.info.kind == "named_tuple":
        return _named_tuple(b, callee, node)
    b.error("this can't be called")


def _arguments(b: Body, node: ast.Call) -> tuple[list[Value], dict[str, Value]]:
    """The values of a call's arguments."""
    args = [b.evaluate(b, a, None) for a in node.args]
    return args, {k.arg: b.evaluate(b, k.value, None) for k in node.keywords if k.arg is not None}


def _operator(b: Body, name: str, node: ast.Call, want: Attribute | None) -> Value:
    args, kwargs = _arguments(b, node)
    older = b.program.upgrades.find(b, name, args, kwargs)
    if older is not None:
        return call_function(b, older, args, kwargs)
    return operator(b, name, args, kwargs)


def operator(b: Body, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """A call of `torch.<name>`: an operator on tensors, or one on Python values."""
    if is_host_call(b, name, args):
        return emit_host_call(b, name, args, kwargs)
    return emit_operator(b, name, args, kwargs)


def _namespaced(b: Body, name: str, node: ast.Call, want: Attribute | None) -> Value:
    namespace, _, own = name.partition(".")
    args, kwargs = _arguments(b, node)
    if namespace == "aten":
        return operator(b, own, args, kwargs)
    if namespace == "prim":
        return _prim(b, own, args, kwargs)
    if namespace == "profiler":
        return None  # nothing is recorded
    b.unsupported(f"operator {namespace}::{own} of another library")


def _prim(b: Body, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    if name == "NumToTensor":
        kind = b.type_of(args[0])
        code = 4 if kind == ts.INT else 11 if kind == ts.BOOL else 10 if kind == ts.COMPLEX else 7
        return emit_operator(b, "scalar_tensor", args, {"dtype": code})
    if name in _PRIM_OPERATORS:
        return emit_operator(b, _PRIM_OPERATORS[name], args, {})
    found = emit_prim_call(b, name, args, kwargs)
    if found is not None or name == "RaiseException":
        return found
    return emit_operator(b, name, args, kwargs)


_PRIM_OPERATORS = {"data": "detach", "shape": "size"}


def _method(b: Body, callee: ast.Attribute, node: ast.Call) -> Value:
    holder = b.value(b.evaluate(b, callee.value, None))
    info = b.program.classes.of_type(holder.type)
    if info is None:
        b.error(f"a value of type {show_type(holder.type)} has no method {callee.attr}()")
    args, kwargs = _arguments(b, node)
    return call_method(b, holder, callee.attr, args, kwargs)


def call_method(b: Body, holder: SSAValue, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`holder.name(...)` of an object of one of the archive's classes."""
    info = b.program.classes.of_type(holder.type)
    if info is None or name not in info.methods:
        b.error(f"a value of type {show_type(holder.type)} has no method {name}()")
    callee = b.program.method(info, name)
    operands = [holder, *_bound(b, callee, args, kwargs, skip=1)]
    if info.kind == "interface":
        method = b.program.interface_method(info, name)
        return b.emit(CallMethodOp(holder, method, operands[1:], [callee.result]))
    return b.emit(func.CallOp(callee.symbol, operands, [callee.result]))


def call_function(b: Body, definition: Definition, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """A call of a function of the archive."""
    declared = b.program.declaration(definition)
    callee = b.program.function(definition, _given(b, declared, declared.parameters, args, kwargs))
    operands = _bound(b, callee, args, kwargs)
    operands += [b.program.tensor_constant(b, n) for n in callee.constants]
    return b.emit(func.CallOp(callee.symbol, operands, [callee.result]))


def _given(
    b: Body, callee: ArchiveFunction, parameters: Sequence[Any], args: Sequence[Value], kwargs: Mapping[str, Value]
) -> dict[str, Value]:
    """The arguments of a call by the names of the parameters."""
    if len(args) > len(parameters):
        b.error(f"{callee.name}() takes {len(parameters)} arguments, got {len(args)}")
    given = dict(zip((p.name for p in parameters), args, strict=False))
    for name, value in kwargs.items():
        if name in given or all(p.name != name for p in parameters):
            b.error(f"{callee.name}() got a wrong argument '{name}'")
        given[name] = value
    return given


def _bound(
    b: Body, callee: ArchiveFunction, args: Sequence[Value], kwargs: Mapping[str, Value], skip: int = 0
) -> list[SSAValue]:
    """The operands of a call: each parameter's value, or its default."""
    parameters = callee.parameters[skip:]
    given = _given(b, callee, parameters, args, kwargs)
    operands: list[SSAValue] = []
    for p in parameters:
        if p.name in callee.fixed:
            continue
        if p.name in given:
            operands.append(b.coerce(given[p.name], p.type))
        elif p.default is not None:
            operands.append(b.coerce(b.evaluate(b, p.default, p.type), p.type))
        else:
            b.error(f"{callee.name}() needs an argument '{p.name}'")
    return operands


def _new(b: Body, cls: ClassValue) -> Value:
    if cls.info.kind not in ("class", "module"):
        b.error(f"no object of {cls.info.plain_name} can be made so")
    b.program.make(cls.info)
    return b.emit(NewOp(ts.ClassType(cls.info.symbol)))


def _named_tuple(b: Body, cls: ClassValue, node: ast.Call) -> Value:
    kind = b.program.classes.type_of_name(cls.info.name)
    assert isinstance(kind, ts.NamedTupleType)
    args, kwargs = _arguments(b, node)
    fields = [f.data for f in kind.fields.data]
    given = {**dict(zip(fields, args, strict=False)), **kwargs}
    if sorted(given) != sorted(fields) or len(args) + len(kwargs) != len(fields):
        b.error(f"{cls.info.plain_name} has the fields {', '.join(fields)}")
    parts = [b.coerce(given[f], k) for f, k in zip(fields, kind.elements.data, strict=True)]
    return b.emit(TupleOp(parts, kind))


# The names that serialised code has beside operators


def _typed(b: Body, node: ast.Call) -> tuple[Attribute, ast.expr]:
    if len(node.args) != 2:
        b.error("this takes a type and a value")
    return b.program.classes.read_type(node.args[0], b.file), node.args[1]


def _annotate(b: Body, node: ast.Call, _want: Attribute | None) -> Value:
    """`annotate(T, x)`: a literal of this type, or an implicit conversion of a tensor to a number."""
    kind, inner = _typed(b, node)
    if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr == "tolist":
        return _to_list(b, b.value(b.evaluate(b, inner.func.value, None)), kind)
    value = b.evaluate(b, inner, kind)
    if isinstance(b.type_of(value), ts.TensorType) and kind in (ts.INT, ts.FLOAT, ts.COMPLEX, ts.NumberType()):
        return _from_tensor(b, "Scalar" if kind == ts.NumberType() else show_type(kind), b.value(value))
    if isinstance(value, SSAValue) and value.type == ts.AnyType():
        return b.cast(value, kind)
    if is_coded(b.type_of(value)) and kind == ts.INT:
        return value
    return b.coerce(value, kind)


def _to_list(b: Body, tensor: SSAValue, kind: Attribute) -> Value:
    """`annotate(List[int], x.tolist())`. Raises at run time for a tensor of another dtype or rank."""
    found = emit_operator(b, "tolist", [tensor], {})
    return b.emit(CastOp(b.value(found), kind))


def _unchecked_cast(b: Body, node: ast.Call, _want: Attribute | None) -> Value:
    kind, inner = _typed(b, node)
    value = b.evaluate(b, inner, kind)
    given = b.type_of(value)
    if given == kind or (is_coded(given) and kind == ts.INT):
        return value
    if given == ts.NONE:
        return b.uninitialized(kind)  # behind a test that is false
    ssa = b.value(value)
    if accepts(kind, given, b.program.is_subclass) or accepts(given, kind, b.program.is_subclass):
        return b.emit(CastOp(ssa, kind))
    return b.uninitialized(kind)  # behind an isinstance() that is false


def _uninitialized(b: Body, node: ast.Call, _want: Attribute | None) -> Value:
    return b.uninitialized(b.program.classes.read_type(node.args[0], b.file))


def _isinstance(b: Body, node: ast.Call, _want: Attribute | None) -> Value:
    value = b.uncoded(b.evaluate(b, node.args[0], None))
    named = node.args[1]
    listed = named.elts if isinstance(named, ast.List | ast.Tuple) else [named]
    given = b.type_of(value)
    kinds = [k for t in listed for k in _tested(b, t, given)]
    if any(accepts(k, given) and not isinstance(k, ts.AnyType) for k in kinds) and not isinstance(given, ts.ClassType):
        return True
    if not any(accepts(given, k) for k in kinds) and not isinstance(given, ts.ClassType):
        return False
    return b.emit(IsInstanceOp(b.value(value), kinds))


def _tested(b: Body, node: ast.expr, given: Attribute) -> list[Attribute]:
    """The types that isinstance() asks for; of `list` and `tuple` those that the value may be of."""
    if isinstance(node, ast.Name) and node.id in ("list", "tuple"):
        wanted = ts.ListType if node.id == "list" else ts.TupleType | ts.NamedTupleType
        if any(isinstance(m, ts.AnyType) for m in members(given)):
            b.unsupported(f"isinstance() of any {node.id}")
        return [m for m in members(given) if isinstance(m, wanted)]
    return [b.program.classes.read_type(node, b.file)]


def _getattr(b: Body, node: ast.Call, _want: Attribute | None) -> Value:
    from tsir.frontend.torch_archive.expressions import attribute_of

    name = b.evaluate(b, node.args[1], None)
    if not isinstance(name, str):
        b.error("getattr() takes a name")
    return attribute_of(b, b.evaluate(b, node.args[0], None), name)


def _number(name: str) -> Callable[[Body, ast.Call, Attribute | None], Value]:
    def emit(b: Body, node: ast.Call, _want: Attribute | None) -> Value:
        args = [b.evaluate(b, a, None) for a in node.args]
        if len(args) != 1:
            return b.py(name, args)
        if isinstance(b.type_of(args[0]), ts.TensorType):
            return _number_of(b, name, b.value(args[0]))
        return number(b, name, args[0])

    return emit


def _number_of(b: Body, name: str, tensor: SSAValue) -> Value:
    """`int(t)`, `bool(t)` of a tensor with one element."""
    if name == "bool":
        return b.emit(TruthOp(tensor))
    into = [] if name == "complex" else [name]  # of a complex number that has no imaginary part
    return b.py(name, [b.value(emit_operator(b, "_python_number", [tensor, *into], {}))])


def _from_tensor(b: Body, name: str, tensor: SSAValue) -> Value:
    """What becomes of a tensor that is given for a number: not of another kind of number."""
    found = emit_tensor_to_number(b.builder, SCHEMAS, name, tensor, b.location)
    if found is None:
        b.unsupported(f"{name}() of a tensor")
    return found


def _str(b: Body, node: ast.Call, _want: Attribute | None) -> Value:
    return b.py("str", [b.uncoded(b.evaluate(b, node.args[0], None))])


def _print(b: Body, node: ast.Call, _want: Attribute | None) -> Value:
    print_values(b, [b.evaluate(b, a, None) for a in node.args])
    return None


def _operator_named(name: str) -> Callable[[Body, ast.Call, Attribute | None], Value]:
    """An operator that is written as a built-in of Python's."""
    return lambda b, node, want: _operator(b, name, node, want)


def _prim_named(name: str) -> Callable[[Body, ast.Call, Attribute | None], Value]:
    return lambda b, node, want: _prim(b, name, *_arguments(b, node))


_OWN: Mapping[str, Callable[[Body, ast.Call, Attribute | None], Value]] = {
    "annotate": _annotate, "unchecked_cast": _unchecked_cast, "uninitialized": _uninitialized, "isinstance": _isinstance,
    "getattr": _getattr, "int": _number("int"), "float": _number("float"), "bool": _number("bool"), "complex": _number("complex"),
    "str": _str, "print": _print, "fork": emit_fork, "awaitable": emit_fork,
    "sorted": _operator_named("sorted"), "ord": _operator_named("ord"), "chr": _operator_named("chr"), "hex": _operator_named("hex"),
    "oct": _operator_named("oct"), "bin": _operator_named("bin"), "divmod": _operator_named("divmod"), "hash": _operator_named("hash"),
    "max": _prim_named("max"), "min": _prim_named("min"), "abs": _prim_named("abs"), "range": _prim_named("rangelist"),
    "list": _operator_named("list"), "round": _operator_named("round"), "sum": _operator_named("sum"), "pow": _operator_named("pow"),
    "len": _operator_named("len"),
}  # fmt: skip

__all__ = ["call_function", "call_method", "emit_call", "operator"]
