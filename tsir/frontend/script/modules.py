"""From `nn.Module` objects to classes and `Instance`s: which attributes there are, of which type, and which never change."""

from __future__ import annotations

import dis
import enum
import inspect
import types
from collections import OrderedDict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from xdsl.dialects.builtin import ArrayAttr
from xdsl.ir import Attribute, ParametrizedAttribute

from tsir.dialects.builtin_bases import builtin_base
from tsir.dialects.program import Program
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.type_names import show_type
from tsir.dialects.values import Instance
from tsir.errors import FrontendError
from tsir.frontend.instances import TensorArrays, own_tensors
from tsir.frontend.script.assigned_modules import assigned_names, attribute_of_assigned
from tsir.frontend.script.class_annotations import annotated_interface, class_annotations, class_scope, constant_names
from tsir.frontend.script.classes import AttributeInfo, ClassInfo
from tsir.frontend.script.decided import Decision, is_open, key_of
from tsir.frontend.script.held_functions import changing_functions, held_functions
from tsir.frontend.script.hooks import hooks_of
from tsir.frontend.script.interfaces import is_assigned, missing_methods
from tsir.frontend.script.late_attributes import late_attributes, may_be_deleted
from tsir.frontend.script.object_types import type_of_object
from tsir.frontend.script.reached_stores import is_stateful, reached_stores
from tsir.frontend.script.source import is_compiled_module, is_traced_function
from tsir.frontend.script.type_relations import join_types
from tsir.frontend.script.values import Const, Origin, StaticDict, StaticList, Value
from tsir.frontend.torch_jit_modules import is_torch_jit_module, program_of_torch_jit

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session

_INTERNAL = frozenset(vars(nn.Module())) - {"training"} | {"_declared_types"}


def holds_functions(session: Session, kind: Attribute) -> bool:
    """Whether values of a type are functions, or have functions in them."""
    if isinstance(kind, ts.ClassType):
        return kind == session.function_class
    parts = kind.parameters if isinstance(kind, ParametrizedAttribute) else kind.data if isinstance(kind, ArrayAttr) else ()
    return any(holds_functions(session, part) for part in parts)


class ModuleReader:
    """Reads modules; objects that are met again are the same again."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.arrays = TensorArrays()
        self.objects: dict[int, tuple[Any, Instance]] = {}
        """The objects of script classes by `id`: what is shared stays shared."""
        self.containers: dict[int, tuple[Any, Any]] = {}
        """The lists, dicts, sets and deques by `id`, and what the program has for them."""
        self._modules: dict[int, tuple[ClassInfo, Instance, nn.Module]] = {}
        self._kept: list[nn.Module] = []
        self._classes: dict[Any, ClassInfo] = {}

    def read(self, module: nn.Module) -> tuple[ClassInfo, Instance]:
        """The class and the object of a module, and of all its submodules."""
        found = self._modules.get(id(module))
        if found is not None:
            return found[0], found[1]
        origin = module
        if is_traced_function(module):
            function: Any = module
            return self._take_over(module, function.program, function.instance)
        if is_compiled_module(module):
            compiled: Any = module
            origin = compiled.program.origins.get(id(compiled.instance))
            if origin is None:
                return self._take_over(module, compiled.program, compiled.instance)
        if is_torch_jit_module(module):
            program = program_of_torch_jit(module)
            assert program.root is not None
            return self._take_over(module, program, program.root)
        attributes, values = self._attributes(module, origin)
        python_class = type(origin)
        extra = {
            n: inspect.unwrap(v.__func__)
            for n, v in vars(origin).items()
            if isinstance(v, types.MethodType) and v.__self__ is origin
        }
        hooks = hooks_of(origin)
        key = (
            python_class,
            tuple((n, a.type, a.role, a.key, a.failure) for n, a in attributes.items()),
            tuple((n, f) for n, f in extra.items()),
            hooks,
        )
        info = self._classes.get(key)
        if info is None:
            info = ClassInfo(self.session.symbol(python_class.__name__), python_class, "module", attributes)
            info.children = [n for n, _ in module._modules.items() if n not in ignored_attributes(origin)]
            info.extra_methods = extra
            info.hooks = hooks or None
            self._classes[key] = info
            self.session.add_class(info)
        instance = Instance(info.name, values)
        info.instances.append(instance)
        self._modules[id(module)] = (info, instance, origin)
        self._kept.append(module)
        return info, instance

    def modules_of(self, info: ClassInfo) -> list[nn.Module]:
        """The modules of a class."""
        return [module for own, _, module in self._modules.values() if own is info]

    def module_of(self, info: ClassInfo) -> nn.Module | None:
        """The only module of a class; None where there are several."""
        found = self.modules_of(info)
        return found[0] if len(found) == 1 else None

    def hooks_are_known(self) -> bool:
        """Whether the modules still have the hooks that they had when they were read."""
        return all((hooks_of(module) or None) == info.hooks for info, _, module in self._modules.values())

    def origins(self) -> dict[int, nn.Module]:
        """The module that each `Instance` was made of, by `id`, where it has Python source."""
        return {id(instance): module for _, instance, module in self._modules.values() if not is_compiled_module(module)}

    def _take_over(self, module: Any, program: Program, instance: Instance) -> tuple[ClassInfo, Instance]:
        """A compiled module without Python source, because it was traced or loaded: its classes become the program's."""
        known = self._modules.get(id(module))
        if known is not None:
            return known[0], known[1]
        names = self.session.imported(program)
        info = self.session.info_of_symbol(names[instance.class_name])
        made = Instance(info.name)
        info.instances.append(made)
        self._modules[id(module)] = (info, made, module)
        self._kept.append(module)
        for name, value in instance.attributes.items():
            if isinstance(value, Instance):
                value = self._take_over(getattr(module, name), program, value)[1]
            elif isinstance(value, np.ndarray) and hasattr(module, name):  # the code's constants are the program's alone
                value = self.arrays.array(getattr(module, name))
            made.attributes[name] = value
        return info, made

    def _attributes(self, module: nn.Module, origin: nn.Module) -> tuple[dict[str, AttributeInfo], dict[str, Any]]:
        """What a module has. `origin` is the module in Python, `module` the compiled one made of it, where there is one."""
        attributes: dict[str, AttributeInfo] = {}
        values: dict[str, Any] = {}
        python_class = type(origin)
        annotations = class_annotations(python_class)
        constants = constant_names(python_class, annotations)
        for name, tensor, role in own_tensors(module):
            declared = self._declared(python_class, annotations, name)
            if not isinstance(declared, ts.OptionalType) or not isinstance(declared.element, ts.TensorType):
                declared = None  # what is registered is a tensor, whatever a base class declares
            decision = self.session.decisions.of(self.session, key_of(python_class, name))
            if tensor is None and decision is not None:
                attributes[name] = AttributeInfo(decision.type, role, inferred=True)
            elif tensor is None and declared is None:
                attributes[name] = AttributeInfo(ts.NONE, role, self.session.from_python(None, name), inferred=True)
            else:
                attributes[name] = AttributeInfo(declared or ts.TensorType(), role)
            values[name] = None if tensor is None else self.arrays.of_module(origin, name, tensor)
        ignored = ignored_attributes(origin)
        for name, child in module._modules.items():
            if name in ignored:
                continue
            info, instance = (None, None) if child is None else self.read(child)
            assigned = attribute_of_assigned(self.session, origin, name, info)
            if assigned is not None or info is None:
                none = AttributeInfo(ts.NONE, "submodule", self.session.from_python(None, name))
                attributes[name] = assigned or none
                values[name] = instance
                continue
            interface = annotated_interface(annotations, name)
            if interface is not None and is_assigned(python_class, name):
                shown = self.session.info_of_class(interface)
                if lacking := missing_methods(info.python_class, interface):
                    why = f"is annotated {interface.__name__}, but {info.python_class.__name__} has no method '{lacking[0]}'"
                    attributes[name] = AttributeInfo(
                        None, "constant", None, id(child), why, "change the annotation or the module"
                    )
                    continue
                self.session.used_as.add((info.name, shown.name))
                attributes[name] = AttributeInfo(shown.type, "submodule")
            else:
                attributes[name] = AttributeInfo(info.type, "submodule", info=info)
            values[name] = instance
        for name in assigned_names(self.session, origin):
            assigned = attribute_of_assigned(self.session, origin, name, None)
            if name not in attributes and assigned is not None:
                attributes[name] = assigned
                if not assigned.late:
                    values[name] = None
        for name, value in self._others(origin):
            if module is not origin and name in module.instance.attributes:  # pyright: ignore[reportOperatorIssue, reportAttributeAccessIssue]
                now = getattr(module, name)
                value = torch.jit.Attribute(now, value.type) if isinstance(value, torch.jit.Attribute) else now
            if name not in attributes:
                self._plain(origin, annotations, constants, name, value, attributes, values)
        late = late_attributes(self.session, python_class)
        for name, info in attributes.items():
            info.late = info.late or may_be_deleted(self.session, python_class, name)
        return attributes | {n: a for n, a in late.items() if n not in attributes}, values

    def _others(self, module: nn.Module) -> list[tuple[str, Any]]:
        """The attributes that are no parameters, buffers or submodules."""
        ignored = ignored_attributes(module)
        unused: set[str] = set(getattr(module, "__jit_unused_properties__", ()))
        declared: dict[str, Any] = vars(module).get("_declared_types", {})
        return [
            (n, torch.jit.Attribute(v, declared[n]) if n in declared else v)
            for n, v in vars(module).items()
            if n not in _INTERNAL
            and n not in ignored | unused
            and not (isinstance(v, types.MethodType) and v.__self__ is module)
        ]

    def _declared(self, python_class: Any, annotations: dict[str, Any], name: str) -> Attribute | None:
        kind = self._annotated(python_class, annotations, name)
        return None if kind is None or holds_functions(self.session, kind) else kind

    def _annotated(self, python_class: Any, annotations: dict[str, Any], name: str) -> Attribute | None:
        if name not in annotations:
            return None
        annotation, owner = annotations[name]
        try:
            with self.session.trial():
                return self.session.annotations.of_part(annotation, class_scope(owner))
        except Exception:  # noqa: BLE001  (texts in it are evaluated; an attribute that isn't used may be annotated as anything)
            return None

    def _changing_functions(
        self, module: nn.Module, annotations: dict[str, Any], name: str, value: Any
    ) -> tuple[Attribute, Any] | None:
        """Functions in an attribute that the program changes, of the type that is declared for them; None for other attributes."""
        kind = self._annotated(type(module), annotations, name)
        declared = kind if kind is not None and holds_functions(self.session, kind) else None
        return changing_functions(self.session, module, name, value, declared)

    def _is_declared_object(self, declared: Attribute | None, value: Any) -> bool:
        """Whether an attribute is declared to be of the class that its value is of, whose objects may be called."""
        kind = declared.element if isinstance(declared, ts.OptionalType) else declared
        return isinstance(kind, ts.ClassType) and self.session.class_of(kind) is type(value)

    def _plain(
        self,
        module: nn.Module,
        annotations: dict[str, Any],
        constants: set[str],
        name: str,
        value: Any,
        attributes: dict[str, AttributeInfo],
        values: dict[str, Any],
    ) -> None:
        python_class = type(module)
        if isinstance(value, torch.jit.Attribute):
            declared = self.session.annotations.of_object(value.type, {})
            value = value.value
        else:
            declared = self._declared(python_class, annotations, name)
        if is_traced_function(value):
            info, values[name] = self._take_over(value, value.program, value.instance)
            attributes[name] = AttributeInfo(info.type, "submodule", info=info)
            return
        is_object = self._is_declared_object(declared, value)
        functions = None if is_object else self._changing_functions(module, annotations, name, value)
        if functions is not None:
            attributes[name], values[name] = AttributeInfo(functions[0]), functions[1]
            return
        is_callable = callable(value) and not isinstance(value, torch.Tensor | enum.Enum) and not is_object
        if isinstance(value, type) or is_callable:
            static = self.session.from_python(value, name)
            attributes[name] = AttributeInfo(None, "constant", static, key=_identity(value))
            return
        is_constant_name = name in constants
        if isinstance(declared, ts.UnionType) and not _is_stored(python_class, name):
            declared = None  # what it is in this module says more
        if (declared, type(value)) in ((ts.BOOL, int), (ts.INT, bool)):
            declared = None  # as `nn.LSTMCell(8, 8, bias=1)` has it: an int stays one in Python
        if isinstance(declared, ts.OptionalType) and name not in reached_stores(python_class, python_class):
            self.session.decisions.has_settings = True
            if self.session.decisions.settings_are_constants:
                declared = None  # whether it is None is one of the module's settings
        if declared is None and is_stateful(value, python_class) and not self._is_only_configuration(value):
            try:
                with self.session.trial():
                    self.session.info_of_class(type(value))
            except FrontendError:  # a constant: what the program stores in it is refused there, with this error
                attributes[name] = AttributeInfo(None, "constant", self._static_object(name, value), id(value))
                return
        found = self.session.type_of_object(value) if declared is None else declared
        decision = None
        if declared is None and not is_constant_name:
            decision = self.session.decisions.of(self.session, key_of(python_class, name))
            found = found if decision is None or found is None else _with_own(decision, found, value)
        if found is None and self.session.decisions.is_taken(value) and isinstance(value, list | dict):
            why = f"is a {type(value).__name__} with methods or modules in it, which the program changes"
            hint = "keep functions in it, or don't change it in compiled code"
            attributes[name] = AttributeInfo(None, "constant", None, id(value), why, hint)
            return
        if found is None and (functions := held_functions(self.session, module, name, value)) is not None:
            attributes[name] = AttributeInfo(None, "constant", functions[0], functions[1])
            return
        self.session.decisions.has_settings |= _is_setting(name, value)
        if declared is None and decision is None and self._stays_as_it_is(python_class, name, value):
            attributes[name] = AttributeInfo(None, "constant", _table_of_constants(value), _frozen(value))
            return
        if found is None and self._holds_objects(value):
            found = self.session.type_of_object(value)
        if found is None:
            static = self._static_object(name, value)
            why, hint = (None, None) if static is not None else self._why_untyped(value)
            attributes[name] = AttributeInfo(None, "constant", static, id(value), why, hint)
            return
        own = self.session.type_of_object(value)
        if isinstance(found, ts.DictType) and isinstance(own, ts.DictType) and not found.container.data:
            found = ts.DictType(found.key, found.value, own.container.data)
        if declared is not None and own is not None and _contradicts(declared, own, value):
            why = f"is annotated {show_type(declared)}, but its value is of type {show_type(own)}"
            attributes[name] = AttributeInfo(None, "constant", None, id(value), why, "change the annotation or the value")
            return
        inferred = declared is None and not is_constant_name
        if inferred and is_open(value):
            self.session.decisions.made = True
            if decision is None and self.session.decisions.opening:
                found = self.session.decisions.opened(self.session, key_of(python_class, name), found)
        static: Value | None = None
        key, taken = None, False
        if is_constant_name and not isinstance(value, torch.Tensor | nn.Module):
            static, key = self.session.from_python(value, name), _frozen(value)
        elif isinstance(value, enum.Enum) and key_of(python_class, name) not in self.session.decisions.assigned_constants:
            static, key = self.session.from_python(value, name), value
        elif value is None and found == ts.NONE:
            static = self.session.from_python(None, name)
        elif taken := found in _SCALARS and self._tells_apart(python_class, name, value):
            static, key = self.session.from_python(value, name), value
        is_open_yet = is_open(value) if decision is None else decision.open
        is_open_yet = is_open_yet and inferred and not self.session.decisions.opening
        role = "constant" if is_constant_name or taken else "attribute"
        attributes[name] = AttributeInfo(found, role, static, key, inferred=inferred, open=is_open_yet, taken=taken)
        values[name] = self.session.to_runtime(value, found)
        if isinstance(value, np.floating) and static is None and found == ts.FLOAT and not _is_stored(python_class, name):
            kind = value.dtype.name
            attributes[name].numpy, attributes[name].key, values[name] = kind, ("numpy", kind), float(value)

    def _is_only_configuration(self, value: Any) -> bool:
        """Whether an object of a program that is read as Python reads it is of a class whose annotations name what isn't compiled:
        a constant, the attributes of which the program may set for a while."""
        if not self.session.dynamic or self.session.is_script_class(type(value)):
            return False
        try:
            for annotation, owner in class_annotations(type(value)).values():
                self.session.annotations.of_object(annotation, class_scope(owner))
        except (FrontendError, NameError):
            return True
        return False

    def _stays_as_it_is(self, python_class: type, name: str, value: Any) -> bool:
        """Whether a list or dict is a constant."""
        decisions = self.session.decisions
        plain = decisions.settings_are_constants and _is_table_of_settings(value)
        return plain and not decisions.is_taken(value) and name not in reached_stores(python_class, python_class)

    def _tells_apart(self, python_class: type, name: str, value: Any) -> bool:
        """Whether a flag or text is a constant by which modules of a class are told apart."""
        decisions = self.session.decisions
        return (
            decisions.settings_are_constants
            and type(value) in (bool, str)
            and _is_setting(name, value)
            and name not in reached_stores(python_class, python_class)
            and key_of(python_class, name) not in decisions.assigned_constants
        )

    def _holds_objects(self, value: Any) -> bool:
        """Whether a container holds objects of classes in Python, which then are classes of the program."""
        from tsir.frontend.script.outside import is_plain_object, type_of_plain_object

        if not _is_container(value):
            return False
        found = False
        for item in value.values() if isinstance(value, dict) else value:
            of_item = is_plain_object(item) and type_of_plain_object(self.session, item) is not None
            found = of_item or self._holds_objects(item) or found
        return found

    def _why_untyped(self, value: Any) -> tuple[str, str]:
        """Why an attribute has no type, naming the part of it that has none, and what to do."""
        part, where = value, ""
        while True:
            inner = list(part.items() if isinstance(part, dict) else enumerate(part)) if _is_container(part) else []
            wrong = next(((k, v) for k, v in inner if type_of_object(self.session, v) is None), None)
            if wrong is None:
                break
            part, where = wrong[1], f"{where}[{wrong[0]!r}]"
        what = f"is a {type(value).__name__}" + (f" whose item {where} is a {type(part).__name__}" if where else "")
        if isinstance(part, nn.Module):
            return f"{what}, which compiled code can't hold", "keep modules in an nn.ModuleList or nn.ModuleDict"
        if callable(part):
            return f"{what}, which compiled code can't hold", "make the functions methods of the module"
        return (
            f"{what}, which compiled code can't hold",
            "give it a type that compiled code knows (int, float, str, Tensor, lists, dicts and tuples of these, script classes), "
            "or don't use it in compiled code",
        )

    def _static_object(self, name: str, value: Any) -> Value | None:
        """A configuration object or the like, whose attributes are constants."""
        plain = isinstance(value, torch.Tensor | list | dict | set) and builtin_base(type(value)) is None
        return None if plain else self.session.from_python(value, name)


_EMPTIED = (list, dict, OrderedDict)
"""Containers that, where they are empty, may be registries which nothing was put into: of hooks, of callbacks."""
_SCALARS = (ts.INT, ts.FLOAT, ts.BOOL, ts.StrType())


def _contradicts(declared: Attribute, own: Attribute, value: Any) -> bool:
    """Whether a value is certainly not of the declared type; an int where a float is declared is one."""
    if isinstance(declared, ts.OptionalType):
        return own != ts.NONE and _contradicts(declared.element, own, value)
    if isinstance(declared, ts.ListType) and isinstance(own, ts.ListType):
        return bool(value) and _contradicts(declared.element, own.element, value[0])
    if declared in _SCALARS and own in _SCALARS:
        return (declared == ts.StrType()) != (own == ts.StrType()) or (declared == ts.INT and own == ts.FLOAT)
    containers = ts.ListType | ts.DictType
    return (declared in _SCALARS and isinstance(own, containers)) or (own in _SCALARS and isinstance(declared, containers))


def _is_setting(name: str, value: Any) -> bool:
    """Whether an attribute may decide what is compiled: see `Decisions.settings_are_constants`."""
    return name != "training" and (type(value) in _SETTINGS or _is_table_of_settings(value))


def _table_of_constants(value: Any) -> Value:
    if isinstance(value, dict):
        return StaticDict({k: Const(v) for k, v in value.items()}, origin=Origin(value))
    return StaticList(tuple(Const(v) for v in value), origin=Origin(value))


_SETTINGS = (bool, str, int)

_MOST_SETTINGS = 64
"""So many items a list or dict of settings has at most."""


def _is_table_of_settings(value: Any) -> bool:
    """Whether a list or dict, maybe an empty one, holds what may decide what is compiled."""
    if type(value) not in (list, dict) or len(value) > _MOST_SETTINGS:
        return type(value) in _EMPTIED and not value
    items = [*value, *value.values()] if isinstance(value, dict) else value
    return all(type(v) in _SETTINGS for v in items)


def _is_container(value: Any) -> bool:
    return isinstance(value, list | dict | tuple)


def ignored_attributes(module: nn.Module) -> set[str]:
    """The attributes that a module's class keeps out of compiled code."""
    return set(getattr(type(module), "__jit_ignored_attributes__", ()))


def _is_stored(cls: Any, name: str) -> bool:
    """Whether a method other than `__init__` assigns the attribute."""
    return name in _stored_names(cls)


@lru_cache(maxsize=1024)
def _stored_names(cls: Any) -> frozenset[str]:
    """The attributes, of whichever object, that the methods of a class other than `__init__` assign."""
    members = [m for base in cls.__mro__ if base is not nn.Module for m in vars(base).values()]
    functions = [f for m in members for f in ((m.fget, m.fset) if isinstance(m, property) else (m,))]
    return frozenset(
        i.argval
        for f in functions
        if inspect.isfunction(f) and f.__name__ not in ("__init__", "__post_init__")
        for i in dis.get_instructions(f)
        if i.opname == "STORE_ATTR"
    )


def _identity(value: Any) -> Any:
    """What tells two callables apart: closures made by the same code with the same contents are the same."""
    if isinstance(value, types.FunctionType) and value.__closure__:
        try:
            return (value.__code__, tuple(id(c.cell_contents) for c in value.__closure__))
        except ValueError:
            return id(value)
    return value if isinstance(value, types.FunctionType | type) else id(value)


def _frozen(value: Any) -> Any:
    """A constant as a key: lists as tuples."""
    if isinstance(value, list | tuple):
        return (type(value).__name__, tuple(_frozen(v) for v in value))
    if isinstance(value, dict):
        return ("dict", tuple((k, _frozen(v)) for k, v in value.items()))
    return (type(value).__name__, repr(value) if isinstance(value, float) else value)


def _with_own(decision: Decision, own: Attribute, value: Any) -> Attribute:
    """The type that was decided for an attribute, joined with that of the value which it has in one of the modules."""
    return decision.type if is_open(value) else join_types(decision.type, own)
