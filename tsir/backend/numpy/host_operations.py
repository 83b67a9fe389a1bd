"""How `ts` host operations are written: Python's own statements where Python has them, else calls of `host` (`rt` in the
text), and of the dispatcher for single ATen operators.

Nothing that comes from IR steers the text: names and strings enter as literals by `repr`, attributes and methods are looked up
in dictionaries by literals, exceptions by `host.exception_class`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from xdsl.dialects import func
from xdsl.dialects.builtin import Float64Type, FloatAttr, IntegerAttr, IntegerType, NoneType, StringAttr
from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.ir import Attribute, Operation, OpResult, SSAValue

from tsir.backend.numpy.classes import Classes
from tsir.backend.numpy.emitter import EmitFunction, FunctionEmitter
from tsir.backend.numpy.tensors import Kind
from tsir.dialects.ts import attributes, effects, structure
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import AtenOp, PyOp

_ATOM = re.compile(r"[A-Za-z_]\w*|\d+|'[^'\\]*'")


def _rt(e: FunctionEmitter) -> str:
    """The module `host`, which generated text calls `rt`."""
    e.module.module("tsir.backend.numpy", "host as rt")
    return "rt"


def _classes(e: FunctionEmitter) -> Classes:
    return Classes.of(e.function)


def operand(e: FunctionEmitter, value: SSAValue) -> str:
    """The text of a value that may stand anywhere in an expression."""
    text = e.name_of(value)
    return text if _ATOM.fullmatch(text) else f"({text})"


def _arguments(e: FunctionEmitter, values: Sequence[SSAValue]) -> str:
    return ", ".join(e.name_of(v) for v in values)


def _results(e: FunctionEmitter, results: Sequence[SSAValue], text: str) -> None:
    """Writes a call with any number of results."""
    if not results:
        e.line(text)
    elif len(results) == 1:
        e.define(results[0], text)
    else:
        names = [e.fresh_for(r) for r in results]
        e.line(f"{', '.join(names)} = {text}")
        for value, name in zip(results, names, strict=True):
            e.bind_array(value, name)


# Constants


def constant_text(e: FunctionEmitter, value: Attribute) -> str:
    """The expression of a constant. Raises `TsirError` for an attribute that stands for none."""
    match value:
        case attributes.NoneValueAttr():
            return "None"
        case StringAttr():
            return repr(value.data)
        case IntegerAttr(type=IntegerType(width=width)) if width.data == 1:
            return repr(bool(value.value.data))
        case IntegerAttr():
            return repr(value.value.data)
        case FloatAttr():
            return float_text(e, value.value.data)
        case attributes.DTypeAttr():
            name = value.dtype.name
            return e.expression(f"{_rt(e)}.dtype({name!r})", name)
        case attributes.DeviceAttr():
            return e.expression(f"{_rt(e)}.Device.parse({value.value.data!r})", "device")
        case attributes.LayoutAttr():
            return e.expression(f"{_rt(e)}.Layout({value.value.data!r})", "layout")
        case attributes.MemoryFormatAttr():
            return e.expression(f"{_rt(e)}.MemoryFormat({value.value.data!r})", "memory_format")
        case attributes.BytesValueAttr():
            return repr(value.value)
        case attributes.ComplexValueAttr():
            real, imaginary = float_text(e, value.value.real), float_text(e, value.value.imag)
            return e.expression(f"{_rt(e)}.complex_number({real}, {imaginary})", "number")
        case attributes.EnumValueAttr():
            name, member = value.symbol.string_value(), value.member.data
            held = _classes(e).enum_value(name, member)
            if held is None and member.removeprefix("-").isdecimal():
                return e.expression(f"{_rt(e)}.EnumMember({name!r}, {member!r}, {member})", "flags")
            if held is None:
                raise e.error(f"enum @{name} has no member {member!r} with a value")
            text = constant_text(e, held)
            return e.expression(f"{_rt(e)}.EnumMember({name!r}, {member!r}, {text})", member)
        case _:
            raise e.error(f"{value} is no constant that the host knows")


def float_text(e: FunctionEmitter, value: float) -> str:
    """The expression of a float."""
    if math.isfinite(value):
        return repr(value)
    return e.expression(f"float({repr(value)!r})", repr(value).replace("-", "minus_"))


def _constant(e: FunctionEmitter, op: structure.ConstantOp) -> None:
    e.bind(op.result, constant_text(e, op.value))


# Containers


def _list(e: FunctionEmitter, op: structure.ListOp) -> None:
    e.define(op.result, f"[{_arguments(e, op.elements)}]")


def _tuple(e: FunctionEmitter, op: structure.TupleOp) -> None:
    arguments = _arguments(e, op.elements)
    kind = op.result.type
    if isinstance(kind, ts.NamedTupleType):
        e.define(op.result, f"{_named_tuple(e, kind)}({arguments})")
    else:
        e.define(op.result, f"({arguments}{',' if len(op.elements) == 1 else ''})")


def _named_tuple(e: FunctionEmitter, kind: ts.NamedTupleType) -> str:
    name = kind.class_name.data
    fields = tuple(f.data for f in kind.fields.data)
    return e.expression(f"{_rt(e)}.named_tuple_class({name!r}, {fields!r})", name.rpartition(".")[2])


def _tuple_get(e: FunctionEmitter, op: structure.TupleGetOp) -> None:
    e.define(op.result, f"{operand(e, op.tuple)}[{op.index.value.data}]")


def _unpack(e: FunctionEmitter, op: structure.UnpackOp) -> None:
    value = e.name_of(op.value)
    if _may_be_tensor(op.value.type):
        value = f"{_rt(e)}.rows({value})"
    if len(op.elements) == 1:
        name = e.fresh_for(op.elements[0])
        e.line(f"{name}, = {value}")
        e.bind_array(op.elements[0], name)
    elif op.elements:
        _results(e, op.elements, value)
    else:
        e.line(f"() = {value}")


def _may_be_tensor(kind: Attribute) -> bool:
    return isinstance(kind, ts.TensorType | BuiltinTensorType)


def _dict(e: FunctionEmitter, op: structure.DictOp) -> None:
    texts = [e.name_of(v) for v in op.items]
    pairs = ", ".join(f"{k}: {v}" for k, v in zip(texts[::2], texts[1::2], strict=True))
    if _is_by_tensor(op.result.type):
        pairs = ", ".join(f"({k}, {v})" for k, v in zip(texts[::2], texts[1::2], strict=True))
        e.define(op.result, f"{_rt(e)}.TensorDict([{pairs}])")
        return
    e.define(op.result, f"{{{pairs}}}")


def _is_by_tensor(kind: Attribute) -> bool:
    """Whether values of a type are dicts or sets whose keys or elements are tensors."""
    match kind:
        case ts.DictType():
            return isinstance(kind.key, ts.TensorType)
        case ts.SetType():
            return isinstance(kind.element, ts.TensorType)
        case _:
            return False


_BY_TENSOR = {
    "dict": "rt.TensorDict({args})", "dict_fromkeys": "rt.TensorDict.fromkeys({args})", "set": "rt.TensorSet({args})",
    "ordered_dict": "rt.TensorDict({args})", "default_dict": "rt.tensor_dict(rt.default_dict({args}))",
}  # fmt: skip
"""How containers are made whose keys or elements are tensors."""
_OF_TENSORS = {"is": "rt.same_tensor({args})", "is_not": "not rt.same_tensor({args})", "hash": "rt.tensor_hash({args})"}
"""What asks which tensor one is: texts by which the runtime knows that a program does."""


def _expression(op: PyOp, usual: str) -> str:
    """The expression of a function of Python's for these types."""
    if op.results_ and op.FUNCTION in _BY_TENSOR and _is_by_tensor(op.results_[0].type):
        return _BY_TENSOR[op.FUNCTION]
    if op.FUNCTION in _OF_TENSORS and all(isinstance(a.type, ts.TensorType) for a in op.arguments):
        return _OF_TENSORS[op.FUNCTION]
    return usual


# Objects


def _getattr(e: FunctionEmitter, op: structure.GetAttrOp) -> None:
    target, name = operand(e, op.object), op.attr_name.data
    kind = op.object.type
    is_enum = isinstance(kind, ts.ClassType) and _classes(e).kind(kind.symbol.string_value()) == "enum"
    if is_enum or structure.LATE in op.attributes:
        e.define(op.result, f"{_rt(e)}.attribute_of({target}, {name!r})")
    else:
        e.define(op.result, f"{target}.attributes[{name!r}]")


def _setattr(e: FunctionEmitter, op: structure.SetAttrOp) -> None:
    e.line(f"{operand(e, op.object)}.attributes[{op.attr_name.data!r}] = {e.name_of(op.value)}")


def _new(e: FunctionEmitter, op: structure.NewOp) -> None:
    kind = op.result.type
    assert isinstance(kind, ts.ClassType)
    e.define(op.result, f"{_rt(e)}.new({kind.symbol.string_value()!r})")


def _call_method(e: FunctionEmitter, op: structure.CallMethodOp) -> None:
    target, name = operand(e, op.object), op.method_name.data
    arguments = ", ".join([target, *(e.name_of(a) for a in op.arguments)])
    by_function: dict[str, list[str]] = {}
    for class_name, symbol in _classes(e).implementations(name).items():
        if symbol not in e.module.functions:
            raise e.error(f"method {name!r} of @{class_name} is @{symbol}, which the module doesn't have")
        by_function.setdefault(symbol, []).append(class_name)
    names = [e.fresh_for(r) for r in op.results_]
    assigned = f"{', '.join(names)} = " if names else ""
    kind = e.assign(f"{_rt(e)}.class_of({target})", "kind")
    word = "if"
    for symbol, class_names in by_function.items():
        test = f"== {class_names[0]!r}" if len(class_names) == 1 else f"in {tuple(class_names)!r}"
        e.line(f"{word} {kind} {test}:")
        with e.nested():
            e.line(f"{assigned}{e.module.function(symbol)}({arguments})")
        word = "elif"
    failure = f"raise {_rt(e)}.no_attribute({target}, {name!r})"
    shown = op.object.type
    if isinstance(shown, ts.ClassType) and _classes(e).kind(shown.symbol.string_value()) == "interface":
        given = ", ".join(e.name_of(a) for a in op.arguments)
        called = name.partition("$")[0]
        failure = f"{assigned}{_rt(e)}.call_outside({target}, {called!r}, ({given}{',' * bool(given)}), {str(op.result_types[0])!r})"
    if by_function:
        e.line("else:")
        with e.nested():
            e.line(failure)
    else:
        e.line(failure)
        if failure.startswith("raise"):
            for n in names:
                e.line(f"{n} = None")
    for value, n in zip(op.results_, names, strict=True):
        e.bind_array(value, n)


def _call_python(e: FunctionEmitter, op: structure.CallPythonOp) -> None:
    function = e.expression(f"{_rt(e)}.python_function({op.function.data!r})", op.function.data.partition("#")[0])
    _results(e, op.results, f"{function}({_arguments(e, op.arguments)})")


def _call(e: FunctionEmitter, op: func.CallOp) -> None:
    symbol = op.callee.string_value()
    if symbol not in e.module.functions:
        raise e.error(f"call of @{symbol}, which the module doesn't have")
    _results(e, op.res, f"{e.module.function(symbol)}({_arguments(e, op.arguments)})")


# Types at run time


def _cast(e: FunctionEmitter, op: structure.CastOp) -> None:
    e.bind_array(op.result, e.name_of(op.value))


def _isinstance(e: FunctionEmitter, op: structure.IsInstanceOp) -> None:
    value = operand(e, op.value)
    tests = [_test(e, kind) for kind in op.types.data]
    inline = {"rt.is_none": "{} is None", "rt.is_int": "type({}) is int", "rt.is_float": "type({}) is float",
              "rt.is_bool": "type({}) is bool", "rt.is_str": "type({}) is str", "rt.is_any": "True"}  # fmt: skip
    texts: list[str] = []
    for test in tests:
        if test in inline:
            texts.append(inline[test].format(value))
        else:
            texts.append(f"{e.expression(test, 'is_type') if '(' in test else test}({value})")
    e.define(op.result, " or ".join(texts) or "False")


_SIMPLE_TESTS: dict[type[Attribute], str] = {
    ts.AnyType: "is_any", NoneType: "is_none", ts.StrType: "is_str", ts.BytesType: "is_bytes",
    ts.DTypeType: "is_dtype", ts.DeviceType: "is_device",
    ts.LayoutType: "is_layout", ts.MemoryFormatType: "is_memory_format", ts.NumberType: "is_number", Float64Type: "is_float",
    ts.FutureType: "nothing", ts.GeneratorType: "nothing",
}  # fmt: skip
_TYPE_TESTS: dict[Attribute, str] = {ts.INT: "is_int", ts.BOOL: "is_bool", ts.COMPLEX: "is_complex"}


def _test(e: FunctionEmitter, kind: Attribute) -> str:
    """The expression of the function that tells whether a value is of a type. The depth is that of the type's text."""
    rt = _rt(e)
    simple = _TYPE_TESTS.get(kind) or _SIMPLE_TESTS.get(type(kind))
    if simple:
        return f"{rt}.{simple}"

    def of(name: str, *kinds: Attribute) -> str:
        return f"{rt}.{name}({', '.join(_test(e, k) for k in kinds)})"

    match kind:
        case ts.OptionalType():
            return of("any_of", kind.element, ts.NONE)
        case ts.UnionType():
            return of("any_of", *kind.members.data)
        case ts.ListType():
            return of("list_of", kind.element)
        case ts.SetType():
            return of("set_of", kind.element)
        case ts.FrozenSetType():
            return of("frozen_set_of", kind.element)
        case ts.DequeType():
            return of("deque_of", kind.element)
        case ts.DictType() if kind.container.data:
            return f"{rt}.dict_of({_test(e, kind.key)}, {_test(e, kind.value)}, {kind.container.data!r})"
        case ts.TupleOfType():
            return of("tuple_of_any_length", kind.element)
        case ts.DictType():
            return of("dict_of", kind.key, kind.value)
        case ts.TupleType():
            return of("tuple_of", *kind.elements.data)
        case ts.NamedTupleType():
            fields = tuple(f.data for f in kind.fields.data)
            elements = "".join(f", {_test(e, k)}" for k in kind.elements.data)
            return f"{rt}.named_tuple_of({kind.class_name.data!r}, {fields!r}{elements})"
        case ts.TensorType():
            dtype = None if kind.dtype is None else kind.dtype.numpy
            return f"{rt}.tensor_of({dtype!r}, {kind.dims!r})"
        case ts.ClassType():
            names = sorted(_classes(e).subclasses(kind.symbol.string_value()))
            test = f"{rt}.instance_of(frozenset({names!r}))"
            is_interface = _classes(e).kind(kind.symbol.string_value()) == "interface"
            return f"{rt}.any_of({test}, {rt}.is_outside)" if is_interface else test
        case _:
            raise e.error(f"there is no run-time test for the type {kind}")


def _truth(e: FunctionEmitter, op: structure.TruthOp) -> None:
    value, kind = operand(e, op.value), op.value.type
    if kind == ts.BOOL:
        e.bind(op.result, e.name_of(op.value))
    elif kind == ts.INT or isinstance(
        kind,
        ts.StrType | ts.BytesType | ts.ListType | ts.DictType | ts.SetType | ts.DequeType | ts.TupleType | ts.TupleOfType,
    ):
        e.define(op.result, f"bool({value})")
    else:
        e.define(op.result, f"{_rt(e)}.truth({value})")


def _raise(e: FunctionEmitter, op: structure.RaiseOp) -> None:
    kind = e.expression(_exception(e, op.exception.data), op.exception.data.rpartition(".")[2])
    arguments = "".join(f", {e.name_of(a)}" for a in op.arguments)
    e.line(f"raise {_rt(e)}.exception_instance({kind}{arguments})")


def _make_exception(e: FunctionEmitter, op: structure.ExceptionOp) -> None:
    kind = e.expression(_exception(e, op.exception.data), op.exception.data.rpartition(".")[2])
    arguments = "".join(f", {e.name_of(a)}" for a in op.arguments)
    e.define(op.result, f"{_rt(e)}.exception_instance({kind}{arguments})")


def _exception(e: FunctionEmitter, name: str) -> str:
    """The expression of an exception class, with its chain of bases as the module's classes tell it."""
    rt = _rt(e)
    classes = _classes(e)
    text = ""
    for link in reversed(classes.linearised(name)):
        bases = f", {text}" if text else ""
        text = f"{rt}.exception_class({link!r}{bases})"
    return text


def _catches(e: FunctionEmitter, op: structure.CatchesOp) -> None:
    kinds = [e.expression(_exception(e, c.data), c.data.rpartition(".")[2]) for c in op.classes.data]
    shown = kinds[0] if len(kinds) == 1 else f"({', '.join(kinds)})"
    e.define(op.result, f"isinstance({e.name_of(op.exception)}, {shown})")


def _reraise(e: FunctionEmitter, op: structure.ReraiseOp) -> None:
    e.line(f"raise {e.name_of(op.exception)}")


# References and values


def _to_value(e: FunctionEmitter, op: structure.ToValueOp) -> None:
    """The same array; a copy where the reference may be written while the value is in use."""
    text = e.name_of(op.reference)
    if e.copies.of_value(op):
        text = f"{_rt(e)}.copied({text})"
    _reinterpreted(e, op.reference, op.result, text, Kind.FRESH if _is_laid_out(op.reference) else Kind.FOREIGN)


def _to_reference(e: FunctionEmitter, op: structure.ToReferenceOp) -> None:
    """The same array where torch's tensor shares memory or nobody else has it; else a copy when it is written or kept."""
    is_view = "ts.alias" in op.attributes
    if not is_view and (e.copies.is_written(op) or any(effects.is_laid_out(use.operation) for use in op.result.uses)):
        text = e.owned_name(op.value)
    elif not is_view and e.copies.is_kept(op) and e.tensor(op.value).storage.kind is Kind.CONSTANT:
        text = f"{e.name_of(op.value)}.copy()"
    else:
        text = e.name_of(op.value)
    if "ts.view" in op.attributes:
        text = f"{operand_text(text)}.view()"
    _reinterpreted(e, op.value, op.result, text)


def _is_laid_out(value: SSAValue) -> bool:
    return isinstance(value, OpResult) and effects.is_laid_out(value.op)


def _reinterpreted(e: FunctionEmitter, source: SSAValue, result: SSAValue, text: str, kind: Kind = Kind.FOREIGN) -> None:
    """Arrays of uint8 are values of `i8`."""
    reference = source.type if isinstance(source.type, ts.TensorType) else result.type
    assert isinstance(reference, ts.TensorType)
    if reference.dtype is not None and reference.dtype.name == "uint8":
        into = "int8" if isinstance(result.type, BuiltinTensorType) else "uint8"
        text = f"{operand_text(text)}.view({e.numpy(into)})"
    if _ATOM.fullmatch(text):
        e.bind_array(result, text, kind)
    else:
        e.define(result, text)


def operand_text(text: str) -> str:
    """An expression that may be followed by an attribute."""
    return text if _ATOM.fullmatch(text) or text.endswith(")") else f"({text})"


# The two families of calls


def _aten(e: FunctionEmitter, op: AtenOp) -> None:
    from tsir.ops.registry import operator

    key = op.SCHEMA.key
    definition = operator(key)
    if definition is None:
        raise e.error(f"there is no definition of the operator {key}")
    if definition.host is not None and "ts.unchecked" in op.attributes:
        made = f"{_rt(e)}.operator({key!r})"
    elif definition.host is not None:
        made = f"{_rt(e)}.host_function({definition.host!r})"
    else:
        made = f"{_rt(e)}.operator({str(definition.schema)!r})"
    dispatcher = e.expression(made, f"aten_{key.replace('.', '_')}")
    _results(e, op.results_, f"{dispatcher}({_arguments(e, op.arguments)})")


_COMPARING = frozenset(
    """eq ne lt le gt ge contains not_contains min max min_default max_default any all sorted sort_order min_position max_position
    list_count list_index list_remove tuple_count tuple_index deque_count deque_index deque_remove""".split()
)
"""Functions that ask for the truth of what they compare."""


def _has_tensors(kind: Attribute) -> bool:
    """Whether values of a type are or hold tensors, as far as the type says."""
    match kind:
        case ts.TensorType() | ts.AnyType():
            return True
        case ts.ListType() | ts.DequeType() | ts.OptionalType():
            return _has_tensors(kind.element)
        case ts.TupleType() | ts.NamedTupleType():
            return any(map(_has_tensors, kind.elements.data))
        case ts.UnionType():
            return any(map(_has_tensors, kind.members.data))
        case ts.DictType():
            return _has_tensors(kind.value)
        case _:
            return False


def _py(e: FunctionEmitter, op: PyOp) -> None:
    from tsir.ops import python

    function = python.lookup(op.FUNCTION)
    if function is None:
        raise e.error(f"there is no function ts.py.{op.FUNCTION}")
    function = replace(function, expression=_expression(op, function.expression))
    text = function.render([operand(e, a) for a in op.arguments])
    if op.FUNCTION in _COMPARING and any(_has_tensors(a.type) for a in op.arguments):
        text = f"rt.comparing(lambda: {text})"
    if "rt." in text:
        _rt(e)
    for module in python.MODULES:
        if f"{module}." in function.expression:
            e.module.module("", module)
    if op.results_ and (function.result != "none" or not isinstance(op.results_[0].type, NoneType)):
        _results(e, op.results_, text)
        return
    e.line(text)
    for result in op.results_:
        e.bind(result, "None")


def _uninitialized(e: FunctionEmitter, op: structure.UninitializedOp) -> None:
    e.bind(op.result, _unread(op.result.type))


def _unread(kind: Attribute) -> str:
    """A value that nothing reads; it may be converted, as `3` to a float, or taken apart and put together again."""
    match kind:
        case ts.TupleType() | ts.NamedTupleType():
            return "({})".format("".join(f"{_unread(k)}, " for k in kind.elements.data)) if kind.elements.data else "()"
        case ts.FLOAT:
            return "0.0"
        case ts.INT | ts.BOOL:
            return "0" if kind == ts.INT else "False"
        case _:
            return "None"


def _nothing(_e: FunctionEmitter, _op: Operation) -> None:
    """Declarations have no text."""


TABLE: dict[type[Operation], EmitFunction] = {
    structure.ConstantOp: _constant, structure.ListOp: _list, structure.TupleOp: _tuple, structure.TupleGetOp: _tuple_get,
    structure.UnpackOp: _unpack, structure.DictOp: _dict, structure.GetAttrOp: _getattr, structure.SetAttrOp: _setattr,
    structure.NewOp: _new, structure.CallMethodOp: _call_method, structure.CallPythonOp: _call_python,
    structure.CastOp: _cast, structure.IsInstanceOp: _isinstance,
    structure.TruthOp: _truth, structure.RaiseOp: _raise,
    structure.ExceptionOp: _make_exception, structure.CatchesOp: _catches, structure.ReraiseOp: _reraise,
    structure.UninitializedOp: _uninitialized,
    structure.ToValueOp: _to_value, structure.ToReferenceOp: _to_reference, structure.ClassOp: _nothing,
    AtenOp: _aten, PyOp: _py, func.CallOp: _call,
}  # fmt: skip
"""How each host operation is written; subclasses of `AtenOp` and `PyOp` are found through their base."""
