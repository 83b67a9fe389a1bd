"""The compilation of one program: its functions and classes, and what Python objects are to compiled code."""

from __future__ import annotations

import ast
import builtins
import enum
import types
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.jit._state import _get_script_class
from xdsl.ir import Attribute, SSAValue

from tsir.dialects.program import PythonFunction
from tsir.dialects.schema import SchemaRegistry
from tsir.dialects.ts import types as ts
from tsir.dialects.values import Instance
from tsir.errors import FrontendError
from tsir.frontend.script import (
    objects,
    outside,
    standard_containers,
    static_objects,
)
from tsir.frontend.script.annotations import AnnotationReader, is_named_tuple
from tsir.frontend.script.autocasting import OFF
from tsir.frontend.script.builtin_bases import declared_held
from tsir.frontend.script.class_protocol import is_plain_call, is_plain_new, made_by_metaclass
from tsir.frontend.script.class_values import attributes_of_body
from tsir.frontend.script.classes import AttributeInfo, ClassInfo, is_declared
from tsir.frontend.script.container_displays import assume, dict_of, empty_dict, empty_list, opened
from tsir.frontend.script.decided import Decisions, Key
from tsir.frontend.script.declared_dtypes import decided_signature
from tsir.frontend.script.dispatch import Dispatcher
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.examples import Examples
from tsir.frontend.script.function_values import Function, Site, info_of_function_class
from tsir.frontend.script.functions import Compiled, call_function
from tsir.frontend.script.generated_methods import call_optional_method
from tsir.frontend.script.interfaces import InterfaceMethod, implements, is_interface
from tsir.frontend.script.iteration import Items
from tsir.frontend.script.late_attributes import late_attributes
from tsir.frontend.script.module_containers import item, iterate, iterator, keys, length
from tsir.frontend.script.modules import ModuleReader
from tsir.frontend.script.object_construction import construct, init_variables, new_object
from tsir.frontend.script.object_types import type_of_object
from tsir.frontend.script.outside import Origin, Outside
from tsir.frontend.script.overriding import Overridden
from tsir.frontend.script.prelude import replaced
from tsir.frontend.script.prelude_collections import WRITTEN_IN_PYTHON
from tsir.frontend.script.program_parts import ProgramParts
from tsir.frontend.script.python_objects import value_of_object
from tsir.frontend.script.regular_expressions import call_match
from tsir.frontend.script.runtime_objects import to_runtime
from tsir.frontend.script.signatures import ParameterInfo, Signature, signature_of
from tsir.frontend.script.source import (
    FunctionSource,
    annotation_scope,
)
from tsir.frontend.script.subscripts import Subscript
from tsir.frontend.script.type_relations import join_all
from tsir.frontend.script.value_types import python_class, type_of
from tsir.frontend.script.values import (
    Body,
    Builtin,
    Const,
    Coroutine,
    Object,
    Partial,
    PyFunction,
    PyObject,
    Run,
    Scope,
    StaticTuple,
    Super,
    Value,
)


class Session(ProgramParts):
    """One program being compiled. `schemas` are the operators that calls are resolved against."""

    def __init__(
        self, schemas: SchemaRegistry, examples: Examples | None = None, decisions: Decisions | None = None
    ) -> None:
        super().__init__()
        self.schemas = schemas
        self.decisions = Decisions() if decisions is None else decisions
        self.key_types: dict[SSAValue, dict[Any, Attribute]] = {}
        """The types of the values of dict displays by their keys, where they are of several."""
        self.open_types: dict[SSAValue, Key] = {}
        """Containers whose type is that of an attribute or parameter and still open, with what it is decided by."""
        self.open_parameters: dict[tuple[ast.AST, str], Key] = {}
        """The same of entry points' parameters, by the trees of the functions."""
        self.none_parameters: dict[tuple[ast.AST, str], Key] = {}
        """Entry points' parameters without annotation whose default is None, by the trees of the functions."""
        self.none_arguments: dict[SSAValue, Key] = {}
        """What they are in the program."""
        self.copies: dict[SSAValue, Origin] = {}
        self.constants_outside: set[int] = set()
        """The lists and dicts from outside that the program has as constants, by `id`."""
        self.autocast = OFF
        """The autocast around the place that is being compiled."""
        self.steps = 0
        """How many statements were emitted so far."""
        self.complete = False
        """Whether the program is compiled, so that only other forms of its entry points may still be added."""
        self.examples = examples
        self.annotations = AnnotationReader(self.annotated_class, lambda cls: static_objects.is_taken_for_dict(self, cls))
        self.reader = ModuleReader(self)
        self.int_parameters: dict[SSAValue, Key] = {}
        """The parameters that are declared as ints, of which the program may say yet that they are dtypes."""
        self.arrays: dict[int, tuple[Any, torch.Tensor]] = {}
        """NumPy's arrays from outside, by `id`, and the tensors that share their memory."""
        self.named_tuples = self.annotations.named_tuples
        self.literals: set[SSAValue] = set()
        """List and dict literals, which may take another type until they are used."""
        self.starred: set[SSAValue] = set()
        """The lists of starred targets, which are tuples where one is declared, as in torch.jit."""
        self.assumed: set[SSAValue] = set()
        """Empty lists and dicts whose element type is only assumed."""
        self.taken_for_empty: set[SSAValue] = set()
        """Those of them that were read as what has no elements, so that they can't get any in place any more."""
        self.entry_symbols: set[str] = set()
        """The functions of the entry points that were compiled so far."""
        self.expected: list[frozenset[str]] = []
        """The exceptions that handlers around name, for each `try` whose body is being compiled: see `expected.py`."""
        self.kept_in_try: dict[tuple[int, tuple[int, int]], set[str]] = {}
        """What the body of a `try` was found to assign, by its source and end: a body that is emitted again keeps it at once."""
        self.assumed_in_loops: dict[SSAValue, tuple[object, SSAValue]] = {}
        """For such lists and dicts that a loop carries: the loop, and the value before it."""
        self.uninitialised: set[SSAValue] = set()
        """Objects that `__new__` made, whose attributes may be set also where their class is frozen."""
        self.evaluated: dict[int, Value] = {}
        """Values of trees that were emitted before the place where they are used."""
        self.python_functions: list[PythonFunction] = []
        self.hinted: set[Any] = set()
        """The functions whose annotations count for nothing, as in Python: `__init__` of exceptions, which `raise` calls."""
        self.exceptions: dict[str, type[BaseException]] = {}
        """The user's exception classes by their names in the program."""
        self.python_attributes: dict[str, dict[str, Any]] = {}
        """What objects have of Python's that compiled code can't hold, such as functions, by the names of their classes."""
        self.made_modules: dict[SSAValue, nn.Module] = {}
        """The modules without parameters that the program makes."""
        self.entry_arguments: dict[SSAValue, ParameterInfo] = {}
        """The parameters of wrapped entry points that calls may leave out."""
        self.asked: set[str] = set()
        """Those of which the program asks whether they are passed."""
        self.asked_of: dict[str, frozenset[str]] = {}
        """The same by the symbols of the entry points."""
        self.outside: Outside | None = None
        """The values from outside of the entry point that is being compiled."""
        self.root: Instance | None = None
        """What holds the modules from outside that a function uses."""
        self.global_access: dict[Any, str] = {}
        """The functions that read and write global variables, by module, what they do and type."""
        self.unfinished: list[Compiled] = []
        """The functions that are being compiled, outermost first."""
        self.function_sites: dict[Any, Site] = {}
        """The places where functions are made that are values of run time."""
        self.dispatchers: dict[Any, Dispatcher] = {}
        """The functions that call such values, by the types of the arguments."""
        self.site_bodies: dict[Any, tuple[FunctionSource, Body]] = {}
        """What the functions of one place do, by the types of the arguments."""
        self.asked_classes: set[type] = set()
        """The classes whose objects the program asks for their classes, which may be derived ones."""
        self.asks_numpy = False
        """Whether the program asks numbers whether they are NumPy's scalars."""
        self.functions_being_made: list[Value] = []
        """The local functions that are being made of such values, outermost first."""
        self.open_cells: list[tuple[str, Value]] = []
        """The variables that functions being made share with others: key and list."""
        self.frame_sources: dict[int, FunctionSource] = {}
        """The functions that are or were inlined, by their frames."""
        self.active_frames: set[int] = set()
        """The frames of those that are being inlined."""
        self.entries: set[Any] = set()
        """The functions that are called from outside."""
        self.sources: dict[Any, FunctionSource] = {}
        """The sources of local functions, by their trees."""
        self.refs = 0
        """How many dicts and objects that only exist while compiling there have been: their numbers."""
        self.places: dict[str, Any] = {}
        """Where such lists and dicts are made that are empty there, by their keys."""
        self.static_classes: dict[Any, ClassInfo] = {}
        """The classes of such objects that leave the program, by Python class and types of attributes."""
        self.changed_objects: dict[int, PyObject] = {}
        """The constant objects an attribute of which the program sets for a while, by `id`."""
        self.dynamic = False
        """Whether annotations of functions are hints, None is looked for at run time, and dicts are static where they can be:
        the program's entry points are wrapped or take `**kwargs`, as no TorchScript program's do."""
        self.frames = 0
        """How many frames of inlined functions there have been: their numbers."""
        self.kept_frames: set[int] = set()
        """The frames of generators whose progress the program keeps."""
        self.going_on: frozenset[int] = frozenset()
        """The frames of the functions with the loops over generators that are being emitted."""
        self.coroutines: dict[tuple[int, str], Coroutine] = {}
        """Generators whose progress is kept, by the place in another one where they are made."""
        self.owners: dict[int, int] = {}
        """For the frames of such generators: that of the one they are made in, whenever that comes to their place."""
        self.recursive: dict[int, tuple[FunctionSource, Signature]] = {}
        """The functions that give lists of the elements of generators that go over themselves, by the generators' trees."""
        self.iterated: dict[tuple[int, str], Value] = {}
        """What the loops of such generators go over, by the generator's frame and the loop's number."""
        self.generator_trees: dict[int, ast.FunctionDef] = {}
        """The functions that generator expressions are, by their trees."""
        self.consumed: set[int] = set()
        """The trees of generator expressions all elements of which are used where they stand."""
        self.compiling: list[str] = []
        """The symbols of the functions that are being compiled, outermost first."""
        self.inlined: list[str] = []
        """The calls that are being inlined, outermost first."""
        self.running: list[tuple[FunctionSource, int | None]] = []
        """The functions that are being inlined, with the frames that they stand in."""
        self.inline_only: set[Any] = set()
        """Functions whose results are no run-time values."""
        self.local_classes: set[type] = set()
        """The classes that functions of the program define."""
        self.local_scopes: dict[Any, Scope] = {}
        """Where the methods of local classes look up names, of those classes that read variables of the function around."""
        self.interface_methods: dict[tuple[str, str], InterfaceMethod] = {}
        """The methods of interfaces that are called, by the names of interface and method."""
        self.used_as: set[tuple[str, str]] = set()
        """The classes whose objects the program uses as those of an interface: the names of both."""
        self.overridden: dict[str, Overridden] = {}
        """The methods that are called by name, since subclasses have others, by their functions' symbols."""
        self._signatures: dict[Any, Signature] = {}

    def take_changed(self) -> None:
        """Lets the lists and dicts from outside that the program changes be values of run time. Raises Redecided for new ones."""
        outside.take_changed(self)

    # Symbols and what is in the module

    def may_assign_first(self, frame: int | None) -> bool:
        """Whether branches and loops of other functions may assign a variable of this frame first, or not: its function goes on inside
        of them."""
        return frame is not None and (frame in self.kept_frames or frame in self.going_on)

    @property
    def function_class(self) -> ts.ClassType | None:
        """The type of function values, once the program has any."""
        found = self._script_classes.get(Function)
        return None if found is None else found.type

    # Types

    def type_of(self, value: Value) -> Attribute | None:
        """The static type of a value, or None for what has no run-time value."""
        return type_of(self, value)

    def python_class(self, kind: Attribute) -> type | None:
        """The Python class of values of a type, where there is one."""
        return python_class(self, kind)

    def object_or_run(self, ssa: SSAValue) -> Value:
        """A run-time value as what it is: an object when it is of a compiled class, None when it can only be that."""
        if isinstance(ssa.type, ts.ClassType):
            info = self._classes.get(ssa.type.symbol.string_value())
            if info is not None and info.kind != "enum":
                return Object(ssa, info)
        return Run(ssa)

    def is_subclass(self, given: ts.ClassType, wanted: ts.ClassType) -> bool:
        """Whether one compiled class is derived from another."""
        a, b = self.class_of(given), self.class_of(wanted)
        if a is not None and is_interface(b) and a is not b:
            assert b is not None
            pair = given.symbol.string_value(), wanted.symbol.string_value()
            if not implements(a, b):
                return False
            self.used_as.add(pair)
            return True
        return a is not None and b is not None and b in a.__mro__

    def annotated_class(self, cls: type) -> ts.ClassType:
        """The type of a class that an annotation names. Raises FrontendError where annotations are hints, for a class of Python's."""
        if self.dynamic and not issubclass(cls, enum.Enum) and not self.is_script_class(cls):
            raise FrontendError(f"{cls.__name__} isn't a class of compiled objects", code="TS103")
        return self.class_type(cls)

    def class_type(self, cls: type) -> ts.ClassType:
        """The type of the objects of a user's class or enum."""
        return self.info_of_class(cls).type

    def class_in_use(self, cls: type) -> bool:
        """Whether objects of a class are among the program's values."""
        return cls in self._script_classes

    def is_script_class(self, cls: type) -> bool:
        """Whether objects of a class are compiled as such: it was given to torch.jit.script, or is in use here already."""
        return cls in self._script_classes or is_declared(cls) or _get_script_class(cls) is not None

    def info_of_class(self, cls: type) -> ClassInfo:
        """What is known about a user's class or enum; it becomes part of the program."""
        found = self._script_classes.get(cls)
        if found is not None:
            return found
        if is_interface(cls):
            info = self._script_classes[cls] = ClassInfo(self.symbol(cls.__name__), cls, "interface")
            self.add_class(info)
            return info
        if issubclass(cls, nn.Module):
            raise FrontendError(
                f"module class {cls.__name__} can't be used as a type here",
                hint="call the module where it is an attribute (self.x)",
                code="TS103",
            )
        if (info := info_of_function_class(self, cls)) is not None:
            self._script_classes[cls] = info
            return info
        kind = "enum" if issubclass(cls, enum.Enum) else "class"
        info = ClassInfo(self.symbol(cls.__name__), cls, kind)
        self._script_classes[cls] = info
        self.add_class(info)
        if kind == "enum":
            self._describe_enum(info)
        else:
            info.attributes |= declared_held(self, cls)
            info.attributes |= attributes_of_body(self, cls, {f.name for f in init_variables(cls)})
            info.attributes |= {n: a for n, a in late_attributes(self, cls).items() if n not in info.attributes}
        return info

    def classes_derived_from(self, bases: Collection[type]) -> list[type]:
        """The classes of the program that are derived from one of these."""
        return [
            c for c in self._script_classes if isinstance(c, type) and any(c is not b and issubclass(c, b) for b in bases)
        ]

    def annotation_scope(self, function: Any) -> dict[str, Any]:
        """The names that annotations of a function may use: also of local classes of the program that stand around it."""
        near = {
            cls.__name__: cls
            for cls in self._script_classes
            if cls.__module__ == function.__module__ and function.__qualname__.startswith(_around(cls))
        }
        return near | annotation_scope(function)

    def exception_class(self, cls: type[BaseException]) -> str:
        """The name of a user's exception class, which becomes part of the program with its bases."""
        for name, known in self.exceptions.items():
            if known is cls:
                return name
        if getattr(builtins, cls.__name__, None) is cls:
            return cls.__name__
        name = self.symbol(f"{cls.__module__}.{cls.__qualname__}")
        self.exceptions[name] = cls
        info = ClassInfo(name, cls, "exception")
        info.bases = (self.exception_class(cls.__bases__[0]),)
        self.add_class(info)
        return name

    def exception_info(self, cls: type) -> ClassInfo:
        """What is known about a user's exception class."""
        return self._classes[self.exception_class(cls)]

    def _describe_enum(self, info: ClassInfo) -> None:
        members: list[enum.Enum] = list(info.python_class)
        kinds = [self.type_of(self.from_python(m.value, m.name)) for m in members]
        known = [k for k in kinds if k is not None]
        value_type = join_all(known) if known else ts.NONE
        info.attributes = {"name": AttributeInfo(ts.StrType(), "constant"), "value": AttributeInfo(value_type, "constant")}

    def enum_attribute_type(self, kind: ts.ClassType, name: str) -> Attribute | None:
        """The type of `member.name` or `member.value`."""
        info = self._classes.get(kind.symbol.string_value())
        found = None if info is None else info.attributes.get(name)
        return None if found is None else found.type

    def named_tuple(self, cls: Any) -> ts.NamedTupleType:
        """The type of a NamedTuple class."""
        return self.annotations.named_tuple(cls, {})

    def holds_named_tuple(self, value: Any) -> bool:
        """Whether an object is a NamedTuple whose fields are of types that compiled code has."""
        if not is_named_tuple(type(value)):
            return False
        try:
            self.named_tuple(type(value))
        except FrontendError:
            return False
        return True

    def type_of_object(self, value: Any) -> Attribute | None:
        """The type of a Python object as an attribute's value."""
        return type_of_object(self, value)

    def to_runtime(self, value: Any, kind: Attribute) -> Any:
        """A Python object as a running program has it."""
        return to_runtime(self, value, kind)

    # Python objects

    def from_python(self, value: Any, name: str, owner: Any = None) -> Value:
        """What a Python object from outside is to compiled code."""
        return value_of_object(self, value, name, owner)

    # Literals whose type their use decides

    def empty_list(self, e: Emitter, want: Attribute | None, place: Any = None) -> Value:
        """`[]`: of the type that is wanted; else of tensors, until something else is put in. `place`: where it is made."""
        return empty_list(self, e, want, place)

    def empty_dict(self, e: Emitter, want: Attribute | None, place: Any = None) -> Value:
        """`{}`: of the type that is wanted; else from str to tensors, until something else is put in."""
        return empty_dict(self, e, want, place)

    def opened(self, e: Emitter, assumed: Attribute) -> Attribute:
        """The type of an empty container that is made here, of which only this is assumed."""
        return opened(self, e, assumed, None)

    def assume(self, result: SSAValue) -> None:
        """Lets the first use of an empty container decide its type, unless that is open or known from what else the program does."""
        assume(self, result)

    def dict_of(self, e: Emitter, items: Sequence[tuple[Value, Value]], want: Attribute | None) -> Value:
        """A new dict of these items."""
        return dict_of(self, e, items, want)

    def operator_results(self, name: str, results: tuple[SSAValue, ...]) -> Value:
        """Several results of an operator: a tuple, with the fields' names where torch has them."""
        if not results:
            return Const(None)
        parts = tuple(Run(r) for r in results)
        fields = getattr(torch.return_types, name.partition(".")[0], None)
        names = [n for n in dir(fields) if isinstance(getattr(fields, n), types.MemberDescriptorType)] if fields else []
        ordered = sorted(names, key=lambda n: _field_position(fields, n, len(names)))
        if len(ordered) != len(parts):
            return StaticTuple(parts)
        return StaticTuple(parts, ts.NamedTupleType(name.partition(".")[0], ordered, [r.type for r in results]))

    # Functions and objects

    def signature(self, source: FunctionSource) -> Signature:
        """A function's signature."""
        found = self._signatures.get(source.function)
        if found is None:
            found = decided_signature(self, source.function, signature_of(self, source))
            self._signatures[source.function] = found
        return found

    def call_function(self, e: Emitter, callee: PyFunction, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        """Calls a Python function, or what is compiled in its place."""
        if (matched := call_match(e, callee.function, callee.receiver, args)) is not None:
            return matched
        if (found := replaced(callee.function)) is not None:
            callee = replace(callee, function=found)
        return call_function(self, e, callee, args, kwargs)

    def get_attribute(self, e: Emitter, holder: Object, name: str) -> Value:
        """`holder.name`."""
        return objects.read_attribute(self, e, holder, name)

    def super_attribute(self, e: Emitter, value: Super, name: str) -> Value:
        """`super().name`."""
        if is_plain_new(value.receiver, value.after, name):
            return Builtin("object.__new__")
        if is_plain_call(value.receiver, value.after, name):
            return Partial(Builtin("type.__call__"), (value.receiver,), {})
        if not isinstance(value.receiver, Object):
            return static_objects.super_attribute(e, value, name)
        return objects.super_attribute(self, e, value, name)

    def has_attribute(self, holder: Object, name: str) -> bool:
        """`hasattr(holder, name)`."""
        return objects.has_attribute(self, holder, name)

    def define_attributes(self, info: ClassInfo) -> None:
        """Finds out which attributes the objects of a script class have."""
        objects.define_attributes(self, info)

    def attribute_type(self, info: ClassInfo, name: str) -> Attribute | None:
        """The type of an attribute, if it is known already."""
        found = info.attributes.get(name)
        return None if found is None else found.type

    def declared_attribute(self, kind: ts.ClassType, name: str) -> Attribute | None:
        """The type of an attribute of a compiled class, or None."""
        info = self._classes.get(kind.symbol.string_value())
        return None if info is None else self.attribute_type(info, name)

    def attribute_for_store(self, e: Emitter, holder: Object, name: str, value: Value) -> Attribute:
        """The type of an attribute that is assigned."""
        return objects.type_for_store(self, e, holder, name, value)

    def declare_attribute(self, e: Emitter, holder: Value, name: str, kind: Attribute) -> None:
        """`self.name: kind = ...` in `__init__`."""
        if isinstance(holder, Object) and holder.info.open:
            holder.info.attributes.setdefault(name, AttributeInfo(kind))

    def call_optional_method(
        self, e: Emitter, holder: Object, names: Sequence[str], args: Sequence[Value] = ()
    ) -> Value | None:
        """Calls the first of these methods that the object's class has; None when it has none of them."""
        return call_optional_method(self, e, holder, names, args)

    def construct(self, e: Emitter, cls: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        """`cls(...)`."""
        if (made := made_by_metaclass(e, cls, args, kwargs)) is not None:
            return made
        return self.construct_plainly(e, cls, args, kwargs)

    def construct_plainly(self, e: Emitter, cls: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        """`type.__call__(cls, ...)`."""
        if cls.__module__ in ("builtins", "collections"):
            if (made := standard_containers.construct(e, cls, args, kwargs)) is not None:
                return made
            if cls not in WRITTEN_IN_PYTHON:
                e.unsupported(f"{cls.__name__}()", code="TS502")
        if static_objects.is_static_class(self, cls):
            return static_objects.construct(e, cls, args, kwargs)
        return construct(self, e, cls, args, dict(kwargs))

    def new_object(self, e: Emitter, cls: type) -> Value:
        """An object of a class whose `__init__` isn't called."""
        info = self.info_of_class(cls)
        if info.lookup("__post_init__") is not None:
            objects.define_attributes(self, info)
        made = new_object(self, e, info)
        self.uninitialised.add(made.ssa)
        return made

    def iterator_of_object(self, e: Emitter, holder: Object) -> Value | None:
        """`iter(holder)` of an object of a class that defines how it is iterated over; None for others."""
        return iterator(self, e, holder)

    def iterate_object(self, e: Emitter, holder: Object) -> Items | None:
        """The items of an object."""
        return iterate(self, e, holder)

    def object_item(self, e: Emitter, holder: Object, index: Subscript) -> Value:
        """`holder[index]`."""
        return item(self, e, holder, index)

    def object_length(self, holder: Object) -> int | None:
        """The length of a container of modules; None for other objects."""
        return length(holder)

    def keys_of(self, holder: Object) -> StaticTuple | None:
        """The keys of a dict of modules or parameters, for `in`; None for other objects."""
        names = keys(holder)
        return None if names is None else StaticTuple(tuple(Const(n) for n in names))


def _field_position(cls: Any, name: str, count: int) -> int:
    """Where a field stands in one of torch's named results."""
    probe = cls(range(count))
    return getattr(probe, name)


def _around(cls: type) -> str:
    """What the qualified names of all that stands beside a class begin with."""
    return cls.__qualname__.rpartition(".")[0] + "."
