"""Attributes: what `value.name` is for every kind of value, and assigning them."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import types
from collections.abc import Sequence
from typing import Any

import torch
from xdsl.ir import Attribute, Operation, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import GetAttrOp, SetAttrOp, TupleGetOp
from tsir.dialects.ts.type_names import show_type
from tsir.errors import did_you_mean
from tsir.frontend.script import ambient, static_objects
from tsir.frontend.script.annotations import is_named_tuple
from tsir.frontend.script.any_methods import property_of_any
from tsir.frontend.script.choices import choice_attribute, choice_of_classes, choice_of_types
from tsir.frontend.script.class_of_object import class_of_object
from tsir.frontend.script.class_protocol import write_descriptor
from tsir.frontend.script.concurrency import result_of_await
from tsir.frontend.script.convert import coerce, materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.enums import member_attribute, member_value, plain
from tsir.frontend.script.exception_values import OF_EXCEPTIONS, exception_attribute, exception_object
from tsir.frontend.script.expected import looks_for_none, raise_if_expected
from tsir.frontend.script.global_names import (
    is_globals,
    read_attribute_outside,
    read_global,
    write_attribute_outside,
    write_global,
)
from tsir.frontend.script.inlining import emit_choice
from tsir.frontend.script.listed import as_object, python_class
from tsir.frontend.script.local_functions import function_attribute
from tsir.frontend.script.numpy_calls import class_of_number, member
from tsir.frontend.script.numpy_scalars import as_held
from tsir.frontend.script.operator_calls import is_operator_on_self, is_tensor, torch_call
from tsir.frontend.script.outside import constant_outside, is_plain_object, type_of_plain_object
from tsir.frontend.script.prelude import SPECIAL_METHODS, size_numel
from tsir.frontend.script.python_errors import not_none, raise_in_program
from tsir.frontend.script.run_time_slices import attribute_of_item
from tsir.frontend.script.source import unwrap
from tsir.frontend.script.values import (
    SET_LIKE,
    Builtin,
    Choice,
    Closure,
    Const,
    DTypeInfo,
    EnumValue,
    ExceptionClass,
    ExceptionValue,
    Method,
    Object,
    PyFunction,
    PyObject,
    RaisedException,
    Range,
    Run,
    Slice,
    StaticObject,
    StaticTuple,
    Super,
    Value,
)
from tsir.frontend.torch_names import GENERATOR_METHODS, PYTHON_METHODS, OperatorName, emit_call, rewrite_property
from tsir.ops import python


def get_attribute(e: Emitter, value: Value, name: str, *, emit: bool = True) -> Value:
    """`value.name`. With `emit` false only its type counts, and nothing has to stay that was emitted."""
    match value:
        case Builtin() if is_globals(value):
            return read_global(e, name)
        case Object():
            return e.session.get_attribute(e, value, name)
        case Choice():
            return choice_attribute(e, value, name)
        case Super():
            return e.session.super_attribute(e, value, name)
        case StaticObject():
            return static_objects.get_attribute(e, value, name)
        case PyObject() if name == "_make" and is_named_tuple(value.value):
            return PyObject(value.value._make, name)
        case PyObject():
            return _python_attribute(e, value, name)
        case EnumValue():
            if (found := member_attribute(e, value, name)) is not None:
                return found
            if name in ("value", "name"):
                return e.session.from_python(getattr(value.member, name), name)
            if (number := plain(e, value)) is not value:
                return get_attribute(e, number, name)
        case DTypeInfo():
            integer = value.integer or name == "bits"
            result = ts.INT if integer else ts.StrType() if name == "dtype" else ts.FLOAT
            made = e.py("dtype_limit", [value.dtype, materialise(e, Const(name))])
            return Run(e.cast(made, result))
        case RaisedException() | ExceptionValue():
            return exception_attribute(e, value, name)
        case Closure() if (of_function := function_attribute(e, value, name)) is not None:
            return of_function
        case Builtin() if name in ("__name__", "__qualname__"):
            return Const(value.name)
        case ExceptionClass() if name in ("__name__", "__qualname__"):
            return Run(e.py("exception_name", [value.ssa]))
        case Range() if name in ("start", "stop", "step"):
            return {"start": value.start, "stop": value.stop, "step": value.step}[name]
        case Slice() if name in ("start", "stop", "step"):
            return {"start": value.start, "stop": value.stop, "step": value.step}[name]
        case StaticTuple() if name in SPECIAL_METHODS:
            return PyFunction(SPECIAL_METHODS[name], value)
        case StaticTuple() if value.named is not None:
            fields = [f.data for f in value.named.fields.data]
            if name in fields:
                return value.elements[fields.index(name)]
            return _field_or_method(e, value, name, value.named)
        case Run() if name == "args" and isinstance(value.type, ts.AnyType):
            return Run(e.py("exception_args", [value.ssa]))
        case Run() if name in OF_EXCEPTIONS and isinstance(value.type, ts.AnyType):
            return Run(e.py("exception_attribute", [value.ssa, e.constant(name)]))
        case Run() if name == "__name__" and isinstance(value.type, ts.AnyType):
            return Run(e.py("class_name", [value.ssa]))
        case Run() | Const() if (of_number := member(e, value, name)) is not None:
            return of_number
        case Run():
            return _run_attribute(e, value, name)
        case PyFunction():
            return (
                e.session.from_python(getattr(value.function, name), name)
                if hasattr(value.function, name)
                else _none(e, value, name)
            )
        case Const() if value.value is None and looks_for_none(e) and not hasattr(None, name):
            raise_in_program(e, "AttributeError", f"'NoneType' object has no attribute '{name}'")
        case Const():
            return _run_attribute(e, Run(materialise(e, value)), name, value)
        case _:
            pass
    return Method(value, name)


def class_of_value(e: Emitter, value: Value) -> Value:
    """`type(value)`."""
    match value:
        case Object():
            return class_of_object(e, value)
        case StaticObject() | ExceptionValue():
            return PyObject(value.cls, value.cls.__name__)
        case PyObject():
            return PyObject(type(value.value), type(value.value).__name__)
        case RaisedException():
            return ExceptionClass(value.ssa, value.cls)
        case _ if isinstance(e.session.type_of(value), ts.AnyType):
            return ExceptionClass(materialise(e, value))
        case _:
            return type_of_value(e, value)


def type_of_value(e: Emitter, value: Value) -> Value:
    """`type(value)` of a value whose type says which class that is."""
    kind = e.session.type_of(value)
    if isinstance(value, Run) and value.is_tuple:
        return e.session.from_python(torch.Size if value.tuple_like == "size" else tuple, "tuple")
    if (cls := python_class(value)) is not None:
        return e.session.from_python(cls, cls.__name__)
    if (of_number := class_of_number(e, value)) is not None:
        return of_number
    if isinstance(kind, ts.AnyType):
        return Run(e.py("exception_type", [materialise(e, value)]))
    found = None if kind is None else e.session.python_class(kind)
    if found is None and isinstance(value, Run) and (among := choice_of_types(e, value.ssa)) is not None:
        return among
    if found is None:
        e.error(
            f"the type of a value of type {e.show(value)} isn't known while compiling",
            hint="check with isinstance()",
            code="TS507",
        )
    return e.session.from_python(found, found.__name__)


def _of_named_tuple(e: Emitter, value: Value, name: str, kind: ts.NamedTupleType) -> Value | None:
    """A method, property or constant that a NamedTuple's class defines; None for other names."""
    cls = e.session.named_tuples.get(kind.class_name.data)
    owner = None if cls is None else next((c for c in cls.__mro__ if name in vars(c)), None)
    if owner is None or owner is tuple or owner is object or name.startswith("_"):
        return None
    found = vars(owner)[name]
    match found:
        case property():
            return e.session.call_function(e, PyFunction(found.fget, value), [], {})
        case staticmethod():
            return PyFunction(found.__func__)
        case classmethod():
            return PyFunction(found.__func__, PyObject(cls, kind.class_name.data))
        case _ if inspect.isfunction(found):
            return PyFunction(found, value)
        case _:
            return e.session.from_python(found, name)


def _field_or_method(e: Emitter, value: Value, name: str, kind: ts.NamedTupleType) -> Value:
    if (found := _of_named_tuple(e, value, name, kind)) is not None:
        return found
    if name == "_fields":
        return StaticTuple(tuple(Const(f.data) for f in kind.fields.data))
    if name not in ("_replace", "_asdict") and python.method(kind, name) is None and not _is_special(e, kind, name):
        fields = [f.data for f in kind.fields.data]
        hint = did_you_mean(name, fields) or f"its fields are {', '.join(fields)}"
        e.error(f"{show_type(kind)} has no field '{name}'", hint=hint, code="TS203")
    return Method(value, name)


def _names_in(value: Any) -> list[str]:
    """What a Python object has, as far as Python says."""
    try:
        return list(value.__members__) if isinstance(value, enum.EnumMeta) else dir(value)
    except Exception:  # noqa: BLE001  (it is the user's object: anything may come of it, and this is only a hint)
        return []


def _none(e: Emitter, value: Value, name: str) -> Value:
    e.error(f"{e.show(value)} has no attribute '{name}'", code="TS203")


def _python_attribute(e: Emitter, value: PyObject, name: str) -> Value:
    assigned = ambient.attribute(e, value, name)
    assigned = assigned or read_attribute_outside(e, value, name)
    if assigned is not None:
        return assigned
    try:
        found = getattr(value.value, name)
    except AttributeError:
        if value.value is torch.ops.aten and e.session.schemas.overloads(name):
            found = OperatorName(name)  # of this compiler, in code that it has printed
        else:
            what = f"enum {value.name}" if isinstance(value.value, enum.EnumMeta) else f"'{value.name}'"
            hint = did_you_mean(name, _names_in(value.value))
            if hint is None and isinstance(value.value, enum.EnumMeta):
                hint = f"its members are {', '.join(value.value.__members__)}"
            e.error(f"{what} has no attribute '{name}'", hint=hint, code="TS203")
    if isinstance(value.value, type) and inspect.isfunction(found):
        static = inspect.getattr_static(value.value, name)
        if not isinstance(static, staticmethod):
            return PyFunction(found)
    return constant_outside(e, found, f"{value.name}.{name}", lambda: getattr(value.value, name), value.value)


def _is_of_tensor(device: SSAValue) -> bool:
    """Whether a device is that of a tensor, and so the only one there is."""
    return isinstance(device.owner, Operation) and device.owner.name == "ts.aten.device"


def _run_attribute(e: Emitter, value: Run, name: str, shown: Value | None = None) -> Value:
    kind = value.type
    if value.tuple_like in SET_LIKE and name == "isdisjoint":
        value = Run(e.py("set", [value.ssa]))
        kind = value.type
    if value.tuple_like == "size" and name == "numel":
        return PyFunction(size_numel, value)
    if name == "__class__":
        return type_of_value(e, value)
    if name in SPECIAL_METHODS and not is_tensor(kind) and not isinstance(kind, ts.ClassType | ts.AnyType | ts.OptionalType):
        return PyFunction(SPECIAL_METHODS[name], shown or value)
    if is_tensor(kind):
        if name == "grad":
            return Const(None)
        call = rewrite_property(name, value.ssa)
        if call is not None:
            result = emit_call(e.builder, e.session.schemas, call, e.location)
            assert not isinstance(result, tuple)
            return Run(result, "size" if name == "shape" else None)
        if name not in PYTHON_METHODS and not hasattr(torch.Tensor, name):
            raise_if_expected(e, "AttributeError", [kind], f"'{{0}}' object has no attribute '{name}'")
            if is_operator_on_self(e, name):
                return Method(value, name)
            hint = _TENSOR_NAMES.get(name) or did_you_mean(name, dir(torch.Tensor))
            e.error(f"Tensor has no attribute or method '{name}'", hint=hint, code="TS203")
        return Method(value, name)
    if isinstance(kind, ts.GeneratorType) and name in GENERATOR_METHODS:
        return Method(value, name)
    if e.dynamic and name == "type" and isinstance(kind, ts.DeviceType) and _is_of_tensor(value.ssa):
        return Const("cpu")  # branches for other devices need not be compiled
    if isinstance(kind, ts.NamedTupleType):
        fields = [f.data for f in kind.fields.data]
        if name in fields:
            at = fields.index(name)
            return e.session.object_or_run(e.emit(TupleGetOp(value.ssa, at, kind.elements.data[at])))
        return _field_or_method(e, value, name, kind)
    if isinstance(kind, ts.ClassType):
        if (of_member := member_attribute(e, value, name)) is not None:
            return of_member
        found = e.session.enum_attribute_type(kind, name)
        if found is not None and name == "value":
            return member_value(e, value, found)
        if found is not None:
            return Run(e.emit(GetAttrOp(value.ssa, name, found)))
        number = plain(e, value)
        if number is not value:
            return get_attribute(e, number, name)
    if (part := attribute_of_item(e, value, name)) is not None:
        return part
    if isinstance(kind, ts.UnionType) and (found_choice := choice_of_classes(e, value.ssa, kind)) is not None:
        return choice_attribute(e, found_choice, name)
    if isinstance(kind, ts.OptionalType) and looks_for_none(e):
        message = f"'NoneType' object has no attribute '{name}'"
        return get_attribute(e, e.session.object_or_run(not_none(e, value.ssa, "AttributeError", message)), name)
    if isinstance(kind, ts.OptionalType):
        e.error(f"'{name}' can't be read of a value of type {e.show(value)}", code="TS306")
    if python.attribute(kind, name) is not None:
        row = python.attribute(kind, name)
        assert row is not None
        return Run(e.py(row.name, [value.ssa]))
    if isinstance(kind, ts.AnyType) and (found := property_of_any(e, value.ssa, name)) is not None:
        return found
    if name not in _OF_AWAITABLES and (result := result_of_await(e, value)) is not None:
        return get_attribute(e, result, name)
    if python.method(kind, name) is not None or isinstance(kind, ts.AnyType | ts.FutureType) or _is_special(e, kind, name):
        return Method(shown or value, name)
    raise_if_expected(e, "AttributeError", [kind], f"'{{0}}' object has no attribute '{name}'")
    hint = _other_name(kind, name) or did_you_mean(name, python.names_of(kind))
    if isinstance(kind, ts.UnionType):
        having = [show_type(m) for m in kind.members.data if name in python.names_of(m) or is_tensor(m)]
        hint = f"check with isinstance() first, for example for {having[0]}" if having else hint
    e.error(f"a value of type {e.show(value)} has no attribute '{name}'", hint=hint, code="TS203")


_OF_AWAITABLES = frozenset(n for n in dir(torch._C._Await) if not n.startswith("_"))
"""What one of torch.jit's `_Await` has itself."""


def _other_name(kind: Attribute, name: str) -> str | None:
    """What to do instead of reading something that values of this type don't have."""
    if isinstance(kind, ts.ListType) and is_tensor(kind.element) and hasattr(torch.Tensor, name):
        return "a list of tensors isn't a tensor: make one with torch.stack(...) or torch.cat(...)"
    if isinstance(kind, ts.ListType | ts.TupleType | ts.DictType) and name in ("append", "add"):
        return "use append()" if isinstance(kind, ts.ListType) else "only lists have append()"
    if isinstance(kind, ts.DictType) and isinstance(kind.key, ts.StrType) and name not in python.names_of(kind):
        return _OTHER_NAMES.get(name) or did_you_mean(name, python.names_of(kind)) or f"to look up a key, write `[{name!r}]`"
    if kind in (ts.INT, ts.FLOAT, ts.BOOL) and hasattr(torch.Tensor, name):
        return "only tensors have it: write torch.tensor(...)"
    return _OTHER_NAMES.get(name)


_TENSOR_NAMES = {
    "len": "use len()", "length": "use len() or size(0)", "append": "use torch.cat()", "width": "use size()", "height": "use size()",
    "reverse": "use flip()", "astype": "use to(dtype)", "copy": "use clone()", "add_to": "use add_()", "concat": "use torch.cat()",
}  # fmt: skip
"""What to use for names that arrays of other libraries have."""


def _is_special(e: Emitter, kind: Attribute, name: str) -> bool:
    """Whether a name is a special method of a built-in type that stands for an operator."""
    return (name == "__len__" or name in SPECIAL_METHODS) and hasattr(e.session.python_class(kind), name)


_OTHER_NAMES = {
    "push": "use append()", "length": "use len()", "size": "use len()", "has_key": "use `in`", "iteritems": "use items()",
    "itervalues": "use values()", "iterkeys": "use keys()", "shape": "only tensors have a shape", "push_back": "use append()",
    "contains": "use `in`", "substring": "use a slice: `s[a:b]`", "dtype": "only tensors have a dtype",
}  # fmt: skip
"""What to use for names that other types or languages have."""


def is_frozen(holder: Object) -> bool:
    """Whether an object is of a frozen dataclass."""
    parameters = getattr(holder.info.python_class, "__dataclass_params__", None)
    return parameters is not None and parameters.frozen and holder.info.kind == "class"


def set_attribute(e: Emitter, holder: Value, name: str, value: Value) -> None:
    """`holder.name = value`."""
    if is_globals(holder):
        write_global(e, name, value)
        return
    if isinstance(holder, PyObject) and e.dynamic and not isinstance(holder.value, type | types.ModuleType):
        ambient.set_attribute(e, holder, name, value)
        return
    if isinstance(holder, StaticObject):
        static_objects.set_attribute(e, holder, name, value)
        return
    if isinstance(holder, PyObject) and is_plain_object(holder.value) and type_of_plain_object(e.session, holder.value):
        e.session.decisions.take(holder.value)
    if isinstance(holder, RaisedException):
        holder = exception_object(e, holder) or holder
    if write_attribute_outside(e, holder, name, value):
        return
    if not isinstance(holder, Object):
        kind = e.session.type_of(holder)
        if is_tensor(kind) and name == "requires_grad":
            torch_call(e, "requires_grad_", [holder, value])
            return
        if is_tensor(kind) and name == "data" and is_tensor(e.session.type_of(value)):
            torch_call(e, "set_", [holder, torch_call(e, "detach", [value])])
            return
        named = isinstance(kind, ts.NamedTupleType)
        hint = f"make a new one: `value._replace({name}=...)`" if named else None
        e.error(f"an attribute of a value of type {e.show(holder)} can't be assigned", hint=hint, code="TS504")
    if (own := holder.info.own_function("__setattr__")) is not None:
        call_by_name(e, own, holder, [Const(name), value])
        return
    if is_frozen(holder) and holder.ssa not in e.session.uninitialised:
        raise_in_program(e, e.session.exception_class(dataclasses.FrozenInstanceError), f"cannot assign to field {name!r}")
    set_plainly(e, holder, name, value)


def call_by_name(e: Emitter, function: Any, holder: Object, args: Sequence[Value]) -> Value:
    """Calls a method that is given the name of an attribute, which is a constant in it."""
    e.session.inline_only.add(unwrap(function))
    return e.session.call_function(e, PyFunction(function, holder, holder.info), args, {})


def set_plainly(e: Emitter, holder: Object, name: str, value: Value) -> None:
    """What `object.__setattr__` does."""
    if write_descriptor(e, holder, name, value):
        return
    setter = inspect.getattr_static(holder.info.python_class, name, None)
    if isinstance(setter, property):
        if setter.fset is None:
            e.error(f"property '{name}' can't be assigned", hint=f"give it a setter: `@{name}.setter`", code="TS504")
        e.session.call_function(e, PyFunction(setter.fset, holder, holder.info), [value], {})
        return
    if isinstance(value, Choice) and all(isinstance(option, Object) for option in value.options):

        def put(option: Value) -> Value:
            set_plainly(e, holder, name, option)
            return Const(None)

        emit_choice(e, value, put)
        return
    kind = e.session.attribute_for_store(e, holder, name, value)
    what = f"attribute '{name}' of {holder.info.python_class.__name__}"
    e.emit_void(SetAttrOp(holder.ssa, name, coerce(e, as_object(e, as_held(e, value)), kind, what)))
