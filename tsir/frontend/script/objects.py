"""Objects of compiled classes: their attributes, methods and properties, and what assignments say about attributes.

How objects are made is in `object_construction.py`, what containers of modules have in `module_containers.py`.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from typing import TYPE_CHECKING, Any

from torch import nn
from xdsl.dialects.builtin import UnitAttr
from xdsl.ir import Attribute, Block

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import LATE, GetAttrOp, SetAttrOp
from tsir.errors import FrontendError, UnsupportedError, did_you_mean
from tsir.frontend.script.assigned_modules import is_assigned_module, type_of_assigned
from tsir.frontend.script.builtin_bases import delegated, has_builtin_base, is_of_builtin
from tsir.frontend.script.cached_properties import cached_property, read_cached
from tsir.frontend.script.class_annotations import class_annotations
from tsir.frontend.script.class_of_object import class_of_object
from tsir.frontend.script.class_protocol import read_descriptor
from tsir.frontend.script.class_values import is_descriptor, shadow_class_value
from tsir.frontend.script.classes import AttributeInfo, ClassInfo
from tsir.frontend.script.compiled_calls import imported_method
from tsir.frontend.script.control import choose
from tsir.frontend.script.convert import coerce, materialise
from tsir.frontend.script.decided import key_of, wider
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.exception_values import is_exception_class
from tsir.frontend.script.expected import raise_if_expected
from tsir.frontend.script.function_values import function_type, is_function
from tsir.frontend.script.functions import compile_for
from tsir.frontend.script.global_names import read_attribute_outside
from tsir.frontend.script.held_functions import own_functions
from tsir.frontend.script.interfaces import is_interface, methods_of
from tsir.frontend.script.known_modules import known_module
from tsir.frontend.script.late_attributes import declare_late, has_late_attribute, is_conditional, may_be_deleted
from tsir.frontend.script.module_containers import module_methods
from tsir.frontend.script.object_dicts import object_dict
from tsir.frontend.script.outside import constant_outside
from tsir.frontend.script.overriding import by_class, is_overridden
from tsir.frontend.script.python_errors import raise_in_program
from tsir.frontend.script.reached_stores import reached_stores
from tsir.frontend.script.source import function_source, unwrap
from tsir.frontend.script.truth import truth
from tsir.frontend.script.type_relations import NUMBERS, join_types
from tsir.frontend.script.unnamed_attributes import name_attribute
from tsir.frontend.script.values import (
    Condition,
    Const,
    EnumValue,
    Object,
    Partial,
    PyFunction,
    PyObject,
    Run,
    StaticDict,
    StaticTuple,
    Super,
    Value,
)

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session


def read_attribute(session: Session, e: Emitter, holder: Object, name: str) -> Value:
    """`holder.name`: an attribute, a submodule, a method bound to it, a property's value, or something of its class."""
    if holder.info.own_function("__getattribute__") is not None:
        cls = holder.info.python_class.__name__
        e.unsupported(
            f"an attribute of an object of {cls}, whose class defines __getattribute__,", hint="define __getattr__"
        )
    if (read := read_descriptor(e, holder, name)) is not None:
        return read
    if (cached := cached_property(holder.info, name)) is not None:
        return read_cached(e, holder, name, cached)
    info = _attribute(session, holder, name)
    if info is not None and info.late and (of_class := holder.info.lookup(name)) is not None:
        own = Condition(truth(e, has_late_attribute(e, holder, name)))
        known = info
        return choose(
            e, own, lambda: _read(session, e, holder, name, known), lambda: _bound(session, e, holder, name, of_class[0])
        )
    if info is not None:
        return _read(session, e, holder, name, info)
    if name == "__class__":
        return class_of_object(e, holder)
    if name == "__dict__":
        return object_dict(e, holder, "__dict__")
    if holder.info.kind == "interface" and name not in (known := methods_of(holder.info.python_class)):
        e.error(
            f"interface {holder.info.python_class.__name__} has no method '{name}'",
            hint=did_you_mean(name, known) or f"its methods are {', '.join(known)}",
            code="TS203",
        )
    special = module_methods(session, e, holder, name) or imported_method(holder, name)
    if special is not None:
        return special
    found = holder.info.lookup(name)
    if found is None and (dynamic := holder.info.lookup("__getattr__")) is not None and dynamic[1] is not nn.Module:
        session.inline_only.add(unwrap(dynamic[0]))  # the name is a constant in it
        return session.call_function(e, PyFunction(dynamic[0], holder, holder.info), [Const(name)], {})
    if found is None:
        name_attribute(e, holder, name)
        raise_if_expected(e, "AttributeError", [holder.type], f"'{{0}}' object has no attribute '{name}'")
        if e.dynamic and holder.info.kind == "module" and not e.is_unconditional:
            cls = holder.info.python_class.__name__  # a program that never comes here runs, as in Python
            raise_in_program(e, "AttributeError", f"'{cls}' object has no attribute '{name}'")
        e.error(f"{holder.info.description} has no attribute '{name}'", hint=_hint(holder.info, name), code="TS203")
    if is_overridden(holder, name):
        return _of_own_class(session, e, holder, name, found[0])
    if is_of_builtin(found[1]) and has_builtin_base(holder):
        return delegated(e, holder, name)
    return _bound(session, e, holder, name, found[0])


def _of_own_class(session: Session, e: Emitter, holder: Object, name: str, found: Any) -> Value:
    """Something of the class that a derived class may have another one of."""
    if isinstance(found, property):
        return session.call_function(e, PyFunction(found.fget, holder, holder.info, name), [], {})
    if inspect.isfunction(found):
        return PyFunction(found, holder, holder.info, name)

    def read(of: Object) -> Value:
        own = of.info.lookup(name)
        assert own is not None
        return _bound(session, e, of, name, own[0])

    return by_class(e, holder, name, read)


def _attribute(session: Session, holder: Object, name: str) -> AttributeInfo | None:
    """What is known about an attribute; `__init__` is asked for those of a class of which no object was made yet."""
    if name not in holder.info.attributes and holder.info.lookup(name) is None:
        define_attributes(session, holder.info)
    return holder.info.attributes.get(name)


def define_attributes(session: Session, info: ClassInfo) -> None:
    """Compiles a script class's `__init__` for the types that it declares, which says what attributes its objects have."""
    if info.kind != "class" or info.open or info.defined:
        return
    info.defined = True
    found = info.lookup("__init__")
    if found is not None and dataclasses.is_dataclass(info.python_class) and not has_source(found[0]):
        found = info.lookup("__post_init__")
    done = "__init__" in info.methods or "__post_init__" in info.methods
    if done or found is None or not inspect.isfunction(found[0]) or not has_source(found[0]):
        return
    source = function_source(unwrap(found[0]))
    signature = session.signature(source)
    kinds: dict[str, Attribute | Value] = {}
    given = _init_variables(info.python_class) if source.function.__name__ == "__post_init__" else []
    for i, p in enumerate(signature.parameters):
        of_default = session.type_of(session.from_python(p.default, p.name)) if p.has_default else None
        annotation = inspect.get_annotations(source.function).get(p.name)
        if annotation is None and 0 < i <= len(given):
            annotation = given[i - 1]
        declared = p.type or (
            None
            if annotation is None
            else session.annotations.of_part(annotation, session.annotation_scope(source.function))
        )
        kinds[p.name] = info.type if i == 0 else declared or of_default or ts.TensorType()
    kinds |= {n: StaticTuple(()) for n in (signature.varargs,) if n} | {
        n: StaticDict({}) for n in (signature.keywords,) if n
    }
    info.open = True
    try:
        compile_for(session, source, signature, kinds, PyFunction(source.function, None, info))
    finally:
        info.open = False


def _init_variables(cls: Any) -> list[Any]:
    """The types of the fields of a dataclass that its `__post_init__` gets, in order."""
    declared = [f.type for f in vars(cls).get("__dataclass_fields__", {}).values()]
    return [d.type for d in declared if isinstance(d, dataclasses.InitVar)]


def _hint(info: ClassInfo, name: str) -> str | None:
    inherited = {n for cls in info.python_class.__mro__ if cls is not nn.Module for n in vars(cls)}
    close = None if name.startswith("__") else did_you_mean(name, {*info.attributes, *inherited})
    if close is not None:
        return close
    if name.startswith("__"):
        return f"define {name} in class {info.python_class.__name__}"
    if name in class_annotations(info.python_class):
        return f"it is only annotated: assign it in __init__ (`self.{name} = ...`)"
    own = sorted(n for n in {*info.attributes, *inherited} if not n.startswith("_") and n not in vars(object))
    has = f"; it has {', '.join(own)}" if info.kind != "module" and 0 < len(own) <= 8 else ""
    return f"assign it in __init__ (`self.{name} = ...`){has}"


def read_plainly(e: Emitter, holder: Object, name: str, info: AttributeInfo) -> Value:
    """An attribute that the object has, past what its class defines."""
    return _read(e.session, e, holder, name, info)


def define_plainly(e: Emitter, holder: Object, name: str, value: Value) -> None:
    """Sets an attribute that this may define, past what the class defines."""
    kind = e.session.type_of(value) or materialise(e, value).type
    info = holder.info.attributes.get(name)
    if info is None:
        info = _defined_by(e.session, holder, name, kind, value)
    elif info.inferred and info.type is not None:
        _widen(e.session, holder, name, info.type, value)
        _mix(e.session, e, holder, name, info.type, value)
    assert info.type is not None
    what = f"what an object of {holder.info.python_class.__name__} holds"
    e.emit_void(SetAttrOp(holder.ssa, name, coerce(e, value, info.type, what)))


def _read(session: Session, e: Emitter, holder: Object, name: str, info: AttributeInfo) -> Value:
    if info.failure is not None:
        e.error(f"attribute '{name}' of {holder.info.description} {info.failure}", hint=info.failure_hint, code="TS503")
    if info.static is not None:
        return own_functions(e, holder, info.static)
    if info.type is None:
        e.error(f"attribute '{name}' of {holder.info.description} can't be used by compiled code", code="TS503")
    decides = session.dynamic or session.decisions.settings_are_constants
    if decides and _decides(info.type) and (known := _known_value(session, holder.info, name)) is not None:
        info.role, info.static, info.taken = (
            "constant",
            known,
            True,
        )  # so that neither the program nor anyone outside sets it any more
        return known
    if session.dynamic and _decides(info.type) and (known := _value_of_one(session, holder, name)) is not None:
        info.role, info.taken = "constant", True
        return known
    read = GetAttrOp(holder.ssa, name, info.type)
    if info.late:
        read.attributes[LATE] = UnitAttr()
    result = e.emit(read)
    if info.open:
        session.open_types[result] = key_of(holder.info.python_class, name)
    return session.object_or_run(result) if info.numpy is None else Run(result, info.numpy)


_DECIDING = (ts.StrType(), ts.INT, ts.BOOL)


def _decides(kind: Attribute | None) -> bool:
    """Whether values of a type decide what is compiled: texts, flags and ints, and tuples of them."""
    if isinstance(kind, ts.TupleType):
        return all(k == ts.NONE or _decides(k) for k in kind.elements)
    return kind in _DECIDING


def _constant(value: Any) -> Const | StaticTuple:
    return StaticTuple(tuple(map(_constant, value))) if type(value) is tuple else Const(value)


def _known_value(session: Session, info: ClassInfo, name: str) -> Const | StaticTuple | None:
    """What an attribute is in all modules of a class, where that decides what is compiled, unless the class assigns it."""
    values = {i.attributes.get(name) for i in info.instances}
    if len(values) != 1 or _may_be_assigned(session, info, name):
        return None
    return _constant(values.pop())


def _value_of_one(session: Session, holder: Object, name: str) -> Const | StaticTuple | None:
    """What an attribute is in the module that an object is, where that is known, unless the class assigns it."""
    if _may_be_assigned(session, holder.info, name) or (module := known_module(session, holder.ssa)) is None:
        return None
    return _constant(module.attributes[name])


def _may_be_assigned(session: Session, info: ClassInfo, name: str) -> bool:
    """Whether the program assigns an attribute, as far as is known, or it is of an object that isn't a module."""
    return (
        info.kind != "module"
        or name == "training"
        or name in reached_stores(info.python_class, info.python_class)
        or key_of(info.python_class, name) in session.decisions.assigned_constants
    )


def _bound(session: Session, e: Emitter, holder: Object, name: str, found: Any) -> Value:
    if isinstance(found, property):
        return session.call_function(e, PyFunction(found.fget, holder, holder.info), [], {})
    if isinstance(found, staticmethod):
        return PyFunction(found.__func__, None, holder.info)
    if isinstance(found, classmethod):
        return PyFunction(found.__func__, PyObject(holder.info.python_class, holder.info.name), holder.info)
    if inspect.isfunction(found):
        return PyFunction(found, holder, holder.info)
    if isinstance(found, functools.singledispatchmethod):
        from tsir.frontend.script.single_dispatch import dispatched_method

        return dispatched_method(found, holder)
    if name == "forward" and holder.info.kind == "module":
        e.error(f"module {holder.info.python_class.__name__} has no forward() that can be compiled", code="TS203")
    cls = holder.info.python_class
    assigned = read_attribute_outside(e, PyObject(cls, holder.info.name), name)
    if assigned is not None or holder.info.kind != "class" or is_descriptor(found) or cls in session.local_classes:
        return assigned or session.from_python(found, name)
    return constant_outside(e, found, f"{cls.__name__}.{name}", lambda: getattr(cls, name), cls)


def super_attribute(session: Session, e: Emitter, value: Super, name: str) -> Value:
    """`super().name`."""
    assert isinstance(value.receiver, Object)
    found = value.receiver.info.lookup(name, value.after)
    if found is None:
        bases = value.after.__mro__[1:]
        hint = did_you_mean(name, {n for cls in bases for n in vars(cls)})
        e.error(f"no base class of {value.after.__name__} has '{name}'", hint=hint, code="TS203")
    if is_of_builtin(found[1]) and has_builtin_base(value.receiver):
        return delegated(e, value.receiver, name)
    if found[0] in (object.__setattr__, object.__delattr__, object.__init__):
        return Partial(PyObject(found[0], name), (value.receiver,), {})
    if name == "__init__" and is_exception_class(found[1]) and not inspect.isfunction(found[0]):
        return Partial(PyObject(found[0], name), (value.receiver,), {})
    return _bound(session, e, value.receiver, name, found[0])


def has_attribute(session: Session, holder: Object, name: str) -> bool:
    """Whether the object has it, known while compiling."""
    found = _attribute(session, holder, name) is not None or holder.info.lookup(name) is not None
    dynamic = None if found or holder.info.kind == "module" else holder.info.lookup("__getattr__")
    if dynamic is not None:
        name = holder.info.python_class.__name__
        raise UnsupportedError(f"hasattr() of an object of {name}, whose class defines __getattr__, isn't supported yet")
    return found


def has_source(function: Any) -> bool:
    return not getattr(function, "__code__", None) or function.__code__.co_filename != "<string>"


def _defined_by(session: Session, holder: Object, name: str, kind: Attribute, value: Value) -> AttributeInfo:
    """What the first assignment in `__init__` says about an attribute, and what others were found to say."""
    decision = session.decisions.of(session, key_of(holder.info.python_class, name))
    is_open = isinstance(value, Run) and value.ssa in session.assumed and not session.decisions.opening
    if decision is not None:
        kind, is_open = decision.type, decision.open
    info = holder.info.attributes[name] = AttributeInfo(kind, inferred=True, open=is_open)
    return info


def _widen(session: Session, holder: Object, name: str, declared: Attribute, value: Value) -> None:
    """Decides for a wider type of an attribute without annotation, where another value than the first needs one."""
    kind = session.type_of(value)
    info = holder.info.attributes.get(name)
    is_known = not isinstance(value, Run) or value.ssa not in session.assumed
    if (
        info is not None
        and info.open
        and kind is not None
        and kind != declared
        and type(kind) is type(declared)
        and is_known
    ):
        session.decisions.decide(session, key_of(holder.info.python_class, name), kind)
    if kind is not None and holder.info.kind == "exception":
        joined = join_types(declared, kind)
        joined = None if joined == declared else joined
    else:
        joined = None if kind is None else wider(declared, kind)
    if joined is not None:
        session.decisions.decide(session, key_of(holder.info.python_class, name), joined)


def _mix(session: Session, e: Emitter, holder: Object, name: str, declared: Attribute, value: Value) -> None:
    """Decides for a Union as the type of an attribute without annotation that gets values of several types."""
    kind = session.type_of(value)
    if kind is None or kind == declared or session.complete or session.decisions.settled:
        return
    if isinstance(kind, ts.AnyType) and declared in NUMBERS and isinstance(value, Run):
        session.decisions.hold_anything(session, key_of(holder.info.python_class, name))
        return
    try:
        with e.inside(Block()):
            coerce(e, value, declared, f"attribute '{name}' of {holder.info.python_class.__name__}")
    except FrontendError as error:
        session.decisions.mix(session, key_of(holder.info.python_class, name), join_types(declared, kind), error)


def _is_interface(session: Session, info: AttributeInfo | None) -> bool:
    """Whether an attribute is annotated with an interface."""
    kind = None if info is None else info.type
    return isinstance(kind, ts.ClassType) and is_interface(session.class_of(kind))


def type_for_store(session: Session, e: Emitter, holder: Object, name: str, value: Value) -> Attribute:
    """The type of an attribute that is assigned; in `__init__` of a script class the assignment may define it."""
    info = _attribute(session, holder, name)
    if holder.info.kind == "module" and not _is_interface(session, info) and is_assigned_module(session, info, value):
        return type_of_assigned(e, holder, name, value)
    if info is None:
        if not holder.info.open:
            shadow_class_value(session, holder.info, name)
            if holder.info.kind in ("class", "module"):
                kind = function_type(session) if is_function(value) else session.type_of(value)
                declare_late(e, holder.info.python_class, name, kind or materialise(e, value).type, value)
            hint = did_you_mean(name, holder.info.attributes) or f"assign it in __init__ first (`self.{name} = ...`)"
            e.error(f"{holder.info.description} has no attribute '{name}' to assign", hint=hint, code="TS504")
        kind = function_type(session) if is_function(value) else session.type_of(value)
        if kind is None:
            kind = materialise(e, value).type
        info = _defined_by(session, holder, name, kind, value)
        info.late = is_conditional(e) or may_be_deleted(session, holder.info.python_class, name)
    elif info.inferred and info.type is not None and info.role in ("attribute", "buffer"):
        _widen(session, holder, name, info.type, value)
        _mix(session, e, holder, name, info.type, value)
    if ((isinstance(info.static, EnumValue) and info.role == "attribute") or info.taken) and not session.complete:
        session.decisions.assign_constant(key_of(holder.info.python_class, name))
    if _decides(info.type):
        session.decisions.assigned_constants.add(key_of(holder.info.python_class, name))
    if info.role == "constant":
        hint = "leave it out of __constants__ and Final"
        e.error(f"attribute '{name}' is a constant and can't be assigned", hint=hint, code="TS504")
    if info.type is None or (info.role == "submodule" and not _is_interface(session, info)):
        what = "a submodule" if info.role == "submodule" else "a Python object"
        e.error(
            f"attribute '{name}' of {holder.info.description} is {what}, which compiled code can't assign",
            hint="annotate it with an interface in the class's body (torch.jit.interface)"
            if info.role == "submodule"
            else "keep what changes in another attribute",
            code="TS504",
        )
    return info.type
