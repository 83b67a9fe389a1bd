"""The structural operations as serialised code, but for control flow, which is in `printing.py`."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from typing import Any

from xdsl.dialects import arith, func, scf
from xdsl.ir import Attribute, Operation, SSAValue

from tsir.archive.torchscript.annotations import is_identifier
from tsir.archive.torchscript.calls import truth
from tsir.archive.torchscript.expressions import tuple_of
from tsir.archive.torchscript.hierarchies import call_method, get_attribute, set_attribute
from tsir.archive.torchscript.printing import FunctionPrinter
from tsir.dialects.ts import structure as s
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import AtenOp


def _nothing(p: FunctionPrinter, operation: Any) -> None:
    pass


def _logical(name: str) -> Callable[[FunctionPrinter, Any], None]:
    return lambda p, operation: p.define(operation, f"torch.__{name}__({', '.join(map(p.use, operation.operands))})")


def _return(p: FunctionPrinter, operation: func.ReturnOp) -> None:
    if not operation.operands:
        return p.line("return None")
    outputs = p.function.function_type.outputs.data
    p.line(f"return {p.typed(operation.operands[0], outputs[0], operation)}")


def _call(p: FunctionPrinter, operation: func.CallOp) -> None:
    operands = [p.use(o) for o in operation.operands]
    callee = operation.callee.string_value()
    method = p.program.method_of(callee)
    if method is not None:
        text = f"({operands[0]}).{method}({''.join(f'{o}, ' for o in operands[1:])})"
    else:
        text = f"{p.program.function(callee)}({''.join(f'{o}, ' for o in operands)})"
    p.define(operation, text)


def _call_method(p: FunctionPrinter, operation: s.CallMethodOp) -> None:
    if p.program.hierarchies.is_open(operation.object.type):
        return call_method(p, operation)
    name, _, _interface = operation.method_name.data.partition("$")
    arguments = "".join(f"{p.use(o)}, " for o in operation.arguments)
    p.define(operation, f"({p.use(operation.object)}).{name}({arguments})")


def _list(p: FunctionPrinter, operation: s.ListOp) -> None:
    kind, elements = p.annotation(operation.result.type, operation), [p.use(o) for o in operation.elements]
    is_data = all(isinstance(u.operation, AtenOp) and u.operation.SCHEMA.key == "tensor" for u in operation.result.uses)
    if (
        operation.result.type == ts.ListType(ts.NumberType())
        and is_data
        and any(_number_of(o) == ts.FLOAT for o in operation.elements)
    ):
        if not all(_number_of(o) in (ts.INT, ts.FLOAT) for o in operation.elements):
            p.refuse("tensor() of such numbers", operation)
        kind, elements = "List[float]", [f"float({o})" for o in elements]
    p.define(operation, f"annotate({kind}, [{', '.join(elements)}])")


def _number_of(value: SSAValue) -> Attribute:
    """The type of a number before it became one of any type."""
    return value.owner.value.type if isinstance(value.owner, s.CastOp) else value.type


def _tuple(p: FunctionPrinter, operation: s.TupleOp) -> None:
    parts = [p.use(o) for o in operation.elements]
    if isinstance(operation.result.type, ts.NamedTupleType):
        return p.define(operation, f"{p.annotation(operation.result.type, operation)}({', '.join(parts)})")
    text = tuple_of(parts)
    kinds: Any = operation.result.type
    if [o.type for o in operation.elements] != list(kinds.elements.data):
        text = f"annotate({p.annotation(operation.result.type, operation)}, {text})"
    p.define(operation, text)


def _tuple_get(p: FunctionPrinter, operation: s.TupleGetOp) -> None:
    p.define(operation, f"({p.use(operation.tuple)})[{operation.index.value.data}]")


def _unpack(p: FunctionPrinter, operation: s.UnpackOp) -> None:
    value = p.use(operation.value)
    if isinstance(operation.value.type, ts.TensorType):
        rows = p.fresh(None)
        p.line(f"{rows} = torch.unbind({value})")
        value = rows
    p.line(f"{''.join(f'{p.name(r)}, ' for r in operation.elements)}= {value}")


def _dict(p: FunctionPrinter, operation: s.DictOp) -> None:
    items = [p.use(o) for o in operation.items]
    pairs = ", ".join(f"{k}: {v}" for k, v in zip(items[::2], items[1::2], strict=True))
    p.define(operation, f"annotate({p.annotation(operation.result.type, operation)}, {{{pairs}}})")


def _get_attribute(p: FunctionPrinter, operation: s.GetAttrOp) -> None:
    if p.program.hierarchies.is_open(operation.object.type):
        return get_attribute(p, operation)
    name = operation.attr_name.data
    holder = p.use(operation.object)
    p.define(operation, f"{holder}.{name}" if is_identifier(name) else f"getattr({holder}, {p.program.quoted(name)})")


def _set_attribute(p: FunctionPrinter, operation: s.SetAttrOp) -> None:
    name = operation.attr_name.data
    if not is_identifier(name):
        p.refuse(f"assignment of an attribute named {name!r}", operation)
    if p.program.hierarchies.is_open(operation.object.type):
        return set_attribute(p, operation)
    kind = p.program.attribute_type(operation.object.type, name)
    value = p.use(operation.value) if kind is None else p.typed(operation.value, kind, operation)
    p.line(f"{p.use(operation.object)}.{name} = {value}")


def _new(p: FunctionPrinter, operation: s.NewOp) -> None:
    kind = operation.result.type
    assert isinstance(kind, ts.ClassType)
    name = p.program.qualified(kind.symbol.root_reference.data)
    p.define(operation, f"{name}.__new__({name})")


def _cast(p: FunctionPrinter, operation: s.CastOp) -> None:
    given, wanted = operation.value.type, operation.result.type
    text, kind = p.use(operation.value), p.annotation(wanted, operation)
    if p.annotation(given, operation) == kind:
        p.names[operation.result] = text
        return
    if text.endswith(".tolist()"):
        return p.define(operation, f"annotate({kind}, {text})")
    is_tensor = isinstance(wanted, ts.TensorType) and isinstance(given, ts.TensorType)
    if is_tensor or (text == "None" and isinstance(wanted, ts.UnionType)):  # torch.jit can't hold None as one of a Union
        p.names[operation.result] = text
    elif isinstance(given, ts.ClassType) or isinstance(wanted, ts.ClassType):
        p.define(operation, f"unchecked_cast({kind}, {text})")
    else:
        p.define(operation, p.of_type(text, given, wanted, operation))


def _is_instance(p: FunctionPrinter, operation: s.IsInstanceOp) -> None:
    value = p.use(operation.value)
    if isinstance(operation.value.type, ts.NumberType):
        value = f"annotate(Any, {value})"  # no bool is a number
    kinds = [
        p.program.qualified(c) if p.program.hierarchies.is_open(k) else p.annotation(k, operation)
        for k in operation.types.data
        for c in p.program.hierarchies.classes(k)
    ]
    first, *others = [f"isinstance({value}, {k})" for k in kinds]
    for other in others:
        first = f"torch.__or__({first}, {other})"
    p.define(operation, first)


def _truth(p: FunctionPrinter, operation: s.TruthOp) -> None:
    kind, value = operation.value.type, p.use(operation.value)
    element = kind.element if isinstance(kind, ts.OptionalType) else kind
    known = p.program.hierarchies
    has_own = any(known.method(c, n) is not None for c in known.classes(element) for n in ("__bool__", "__len__"))
    if isinstance(element, ts.ClassType) and not has_own:
        is_any = p.annotation(kind, operation) == "Any"
        test = f"torch.__not__(isinstance({value}, NoneType))" if is_any else f"torch.__isnot__({value}, None)"
        return p.define(operation, "True" if element is kind else test)
    if not isinstance(kind, ts.OptionalType):
        return p.define(operation, truth(value, kind))
    name = p.name(operation.result)
    inner = f"unchecked_cast({p.annotation(kind.element, operation)}, {value})"
    for line in (
        f"if torch.__isnot__({value}, None):",
        f"  {name} = {truth(inner, kind.element)}",
        "else:",
        f"  {name} = False",
    ):
        p.line(line)


def _raise(p: FunctionPrinter, operation: s.RaiseOp) -> None:
    name = operation.exception.data
    if len(operation.arguments) > 1:
        p.refuse("exception with several arguments", operation)
    text = p.use(operation.arguments[0]) if operation.arguments else '""'
    if operation.arguments and operation.arguments[0].type != ts.StrType():
        text = f"str({text})"
    known = isinstance(getattr(builtins, name, None), type)
    p.line(f'ops.prim.RaiseException({text}, "builtins.{name}")' if known else f"ops.prim.RaiseException({text})")


def _uninitialized(p: FunctionPrinter, operation: s.UninitializedOp) -> None:
    p.define(operation, _anything(p, operation.result.type, operation))


def _anything(p: FunctionPrinter, kind: Attribute, operation: Operation) -> str:
    """A value that is never read; elements are taken from tuples nevertheless, and put into others."""
    if not isinstance(kind, ts.TupleType | ts.NamedTupleType):
        return f"uninitialized({p.annotation(kind, operation)})"
    elements = [_anything(p, e, operation) for e in kind.elements.data]
    is_named = isinstance(kind, ts.NamedTupleType)
    return f"{p.annotation(kind, operation)}({', '.join(elements)})" if is_named else tuple_of(elements)


def _refused(what: str) -> Callable[[FunctionPrinter, Any], None]:
    return lambda p, operation: p.refuse(what, operation)


OPERATIONS: Mapping[type[Operation], Callable[[FunctionPrinter, Any], None]] = {
    arith.AndIOp: _logical("and"), arith.OrIOp: _logical("or"), arith.XOrIOp: _logical("xor"),
    arith.ConstantOp: _nothing, s.ConstantOp: _nothing, func.ReturnOp: _return, func.CallOp: _call, s.CallMethodOp: _call_method,
    s.ListOp: _list, s.TupleOp: _tuple, s.TupleGetOp: _tuple_get, s.UnpackOp: _unpack, s.DictOp: _dict, s.GetAttrOp: _get_attribute,
    s.SetAttrOp: _set_attribute, s.NewOp: _new, s.CastOp: _cast, s.IsInstanceOp: _is_instance, s.TruthOp: _truth, s.RaiseOp: _raise,
    s.UninitializedOp: _uninitialized, scf.IfOp: FunctionPrinter.branch, scf.ForOp: FunctionPrinter.for_loop,
    scf.WhileOp: FunctionPrinter.while_loop, s.TryOp: FunctionPrinter.attempt, s.ReraiseOp: _refused("exception handling"),
    s.CatchesOp: _refused("exception handling"), s.ExceptionOp: _refused("exception as a value"),
    s.CallPythonOp: _refused("call of a Python function that isn't part of the program"),
}  # fmt: skip
"""What writes each of them."""
