"""What the compiler knows about a class: a module's, a script class's, an enum's."""

from __future__ import annotations

import inspect
import types
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn
from xdsl.dialects.builtin import ArrayAttr, SymbolRefAttr, UnitAttr
from xdsl.ir import Attribute

from tsir.dialects.builtin_bases import BASES
from tsir.dialects.program import EntryPoint, Program
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import AttributeOp, ClassOp, MethodOp, NewOp
from tsir.dialects.values import EnumMember, Instance
from tsir.frontend.constants import attribute_of_constant, is_constant, type_of_constant
from tsir.frontend.script.values import EnumValue, Object, Value


@dataclass
class AttributeInfo:
    """An attribute. Without a type it only exists while compiling, as `static`, or not at all, for the reason `failure`."""

    type: Attribute | None
    role: str = "attribute"
    static: Value | None = None
    """What reading it gives, where that never changes."""
    key: Any = None
    """Tells the static value from that of another object, in deciding whether two objects may share a class."""
    failure: str | None = None
    failure_hint: str | None = None
    info: ClassInfo | None = None
    """The class, of a submodule."""
    inferred: bool = False
    """Whether the type is that of the first value, for want of an annotation: what the program stores may widen it."""
    open: bool = False
    """Whether that value is an empty container, of whose elements nothing is known."""
    numpy: str | None = None
    """The NumPy class that its numbers, which are Python's when the program runs, are of in Python."""
    late: bool = False
    """Whether an object may have no such attribute yet."""
    taken: bool = False
    """Whether `static` is the value that all objects have now, which the program was found not to assign so far."""


@dataclass(eq=False)
class ClassInfo:
    """A compiled class. `kind` is `module`, `class` or `enum`, as in `ts.class`."""

    name: str
    python_class: Any
    kind: str
    attributes: dict[str, AttributeInfo] = field(default_factory=dict[str, AttributeInfo])
    methods: dict[str, str] = field(default_factory=dict[str, str])
    """The functions that hold the methods compiled so far, by name."""
    exported: set[str] = field(default_factory=set[str])
    instances: list[Instance] = field(default_factory=list[Instance])
    open: bool = False
    """Whether `__init__` is being compiled, so that assignments define attributes."""
    defined: bool = False
    """Whether the attributes that `__init__` defines have been looked for."""
    children: list[str] = field(default_factory=list[str])
    """The names of the submodules, in order."""
    bases: tuple[str, ...] = ()
    """The names of its bases, of an exception."""
    hooks: Any = None
    """The forward hooks of its modules (`Hooks`), if they have any."""
    extra_methods: dict[str, Any] = field(default_factory=dict[str, Any])
    """Functions set on the object itself (`m.forward = types.MethodType(...)`)."""
    imported: dict[str, tuple[Program, EntryPoint]] = field(default_factory=dict[str, "tuple[Program, EntryPoint]"])
    """The methods, by name, of a class that was taken over from a compiled program and has no Python source."""
    taken_over: ClassOp | None = None
    """The declaration of such a class."""

    @property
    def type(self) -> ts.ClassType:
        """The type of the class's objects."""
        return ts.ClassType(self.name)

    @property
    def description(self) -> str:
        """What messages call it."""
        return f"{'module' if self.kind == 'module' else 'class'} {self.python_class.__name__}"

    def lookup(self, name: str, after: type | None = None) -> tuple[Any, type] | None:
        """A name in the class or its bases (behind `after` in the order of resolution), and the class that has it."""
        classes = self.python_class.__mro__
        if after is not None:
            classes = classes[classes.index(after) + 1 :]
        elif name in self.extra_methods:
            return self.extra_methods[name], self.python_class
        for cls in classes:
            if name in vars(cls) and not isinstance(vars(cls)[name], types.MemberDescriptorType):  # of __slots__
                return vars(cls)[name], cls
        return None

    def own_function(self, name: str) -> Any:
        """A special method that a script class's body defines in Python; None where it has none, or one that Python made."""
        found = self.lookup(name) if self.kind == "class" else None
        if found is None or found[1] in BASES or not inspect.isfunction(found[0]):
            return None
        if found[0].__code__.co_filename == "<string>":
            return None
        return found[0]

    def operation(self) -> ClassOp:
        """The `ts.class` operation."""
        if self.taken_over is not None:
            return self.taken_over
        members = [*self._attribute_operations(), *self._method_operations()]
        made = ClassOp(self.name, self.kind, members)
        if self.bases:
            made.bases = ArrayAttr([SymbolRefAttr(b) for b in self.bases])
        if self.hooks:
            made.attributes["ts.hooks"] = UnitAttr()
        if issubclass(self.python_class, nn.ModuleList | nn.Sequential):
            made.attributes["ts.sequence"] = UnitAttr()
        return made

    def _attribute_operations(self) -> Iterator[AttributeOp]:
        if self.kind == "enum":
            yield from self._member_operations()
            return
        for name, info in self.attributes.items():
            if info.type is None:
                continue
            yield AttributeOp(name, info.type, info.role, self._common_value(name, info), late=info.late)

    def _member_operations(self) -> Iterator[AttributeOp]:
        """An enum's members, each with its value."""
        for member in self.python_class:
            # A value that is no constant is never read of the run-time value (`enums.member_value`).
            value = member.value if is_constant(member.value) else None
            yield AttributeOp(member.name, type_of_constant(value), "constant", attribute_of_constant(value))

    def _common_value(self, name: str, info: AttributeInfo) -> Attribute | None:
        """The value at compile time, if all objects have the same and an attribute can hold it."""
        if not self.instances or info.late or isinstance(info.type, ts.OptionalType | ts.UnionType | ts.AnyType):
            return None
        values: list[Any] = [i.attributes.get(name) for i in self.instances]
        first: Any = values[0]
        if isinstance(first, EnumMember) and isinstance(info.static, EnumValue):
            return info.static.attribute
        if (
            isinstance(first, EnumMember)
            or not is_constant(first)
            or any(type(v) is not type(first) or v != first for v in values)
        ):
            return None
        return attribute_of_constant(first)

    def _method_operations(self) -> Iterator[MethodOp]:
        for name, symbol in self.methods.items():
            yield MethodOp(name, symbol, exported=name in self.exported)


_declared: weakref.WeakSet[type] = weakref.WeakSet()


def declare(cls: type) -> None:
    """Says that a class was given to `script`: objects of it are compiled ones wherever they occur."""
    _declared.add(cls)


def is_declared(cls: type) -> bool:
    """Whether a class was given to `script`."""
    return cls in _declared


def imported_class(operation: ClassOp, program: Program, entries: Mapping[str, EntryPoint]) -> ClassInfo:
    """A class of a compiled program that becomes part of another one; `entries` are its methods."""
    name, kind = operation.sym_name.data, operation.kind.data
    python_class = program.classes.get(name) or type(name, (nn.Module,) if kind == "module" else (), {})
    info = ClassInfo(name, python_class, kind, taken_over=operation)
    info.imported = {method: (program, entry) for method, entry in entries.items()}
    for member in operation.body.block.ops:
        if isinstance(member, AttributeOp):
            info.attributes[member.attr_name.data] = AttributeInfo(member.type, member.role.data)
            if member.role.data == "submodule" and member.type != ts.NONE:
                info.children.append(member.attr_name.data)
    return info


def subclasses(cls: type) -> Iterator[type]:
    """The classes derived from a class, the most derived first."""
    for derived in cls.__subclasses__():
        yield from subclasses(derived)
        yield derived


def is_exact(holder: Object) -> bool:
    """Whether an object is known to be of its static type's class and not of a derived one."""
    return holder.info.kind not in ("class", "exception") or isinstance(holder.ssa.owner, NewOp)


def is_method(value: Any) -> bool:
    """Whether something found in a class is a function that can be compiled."""
    return inspect.isfunction(value) or isinstance(value, staticmethod | classmethod)


__all__ = [
    "ArrayAttr",
    "AttributeInfo",
    "ClassInfo",
    "SymbolRefAttr",
    "declare",
    "imported_class",
    "is_declared",
    "is_exact",
    "is_method",
]
