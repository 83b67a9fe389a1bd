"""The object tree of a torch archive as `Instance`s: what a pickle has, checked against what the classes declare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.compatibility import members
from tsir.dialects.ts.type_names import show_type
from tsir.dialects.values import Device, EnumMember, Instance, named_tuple_class
from tsir.errors import ArchiveError
from tsir.frontend.torch_archive.classes import ArchiveClass
from tsir.frontend.torch_archive.functions import ProgramBuilder
from tsir.frontend.torch_archive.pickles import Built, TensorParts
from tsir.frontend.torch_archive.tensors import TensorReader


@dataclass(frozen=True)
class Unset:
    """An object whose attributes its `__setstate__` sets, and what it is given."""

    instance: Instance
    class_name: str
    state: Any


class ObjectReader:
    """Makes the values of a pickle into values of a program; one object for one object."""

    def __init__(self, program: ProgramBuilder, tensors: TensorReader, name: str) -> None:
        self._program = program
        self._tensors = tensors
        self._name = name
        self._instances: dict[int, tuple[Built, Instance]] = {}
        self._containers: dict[tuple[int, Attribute], tuple[Any, Any]] = {}
        self.unset: list[Unset] = []

    def instances(self) -> Iterator[tuple[ArchiveClass, Instance]]:
        """The objects that were made, with their classes."""
        for built, instance in self._instances.values():
            yield self.class_of(built), instance

    def class_of(self, built: Built) -> ArchiveClass:
        """The class of an object. Raises ArchiveError for one that the archive hasn't."""
        info = self._program.classes.find(built.class_name)
        if info is None:
            raise ArchiveError(f"{self._name}: the archive has no class {built.class_name[:200]}")
        return info

    def object(self, built: Built) -> Instance:
        """The object of a class of the archive."""
        known = self._instances.get(id(built))
        if known is not None:
            return known[1]
        info = self.class_of(built)
        if info.kind not in ("module", "class"):
            raise ArchiveError(
                f"{self._name}: an object of {info.plain_name} has attributes, but that is no class of objects"
            )
        instance = Instance(info.symbol)
        self._instances[id(built)] = built, instance
        self._program.make(info)
        if "__setstate__" in info.methods:
            kind = self._program.method(info, "__setstate__").parameters[-1].type
            self.unset.append(Unset(instance, info.symbol, self.value(built.state, kind, f"state of {info.plain_name}")))
            return instance
        state: dict[Any, Any] = built.state if isinstance(built.state, dict) else {}
        for name in info.annotations:
            where = f"{info.plain_name}.{name}"
            kind = self._program.classes.type_of(info, name)
            if name in state:
                instance.attributes[name] = self.value(state[name], kind, where)
            elif name in info.values:
                instance.attributes[name] = info.values[name]
            else:
                raise ArchiveError(f"{self._name}: an object has no {where}, which its class declares")
        return instance

    def value(self, value: Any, kind: Attribute, where: str) -> Any:
        """A value of a declared type. Raises ArchiveError, naming the attribute, for one of another type."""
        if isinstance(kind, ts.AnyType):
            return self._untyped(value)
        for member in members(kind):
            found = self._of_type(value, member, where)
            if found is not NotImplemented:
                return found
        shown = value.class_name if isinstance(value, Built) else type(value).__name__
        raise ArchiveError(
            f"{self._name}: {where[:200]} is declared {show_type(kind)}, but its value is of type {shown[:200]}"
        )

    def _of_type(self, value: Any, kind: Attribute, where: str) -> Any:
        """A value of a type, or NotImplemented for one of another type."""
        match kind, value:
            case ts.TensorType(), TensorParts():
                return self._tensors.read(value)
            case ts.ClassType(), Built():
                return self._own(value, kind)
            case ts.ListType(), list() | tuple():
                return self._container(value, kind, lambda: [self.value(v, kind.element, where) for v in value])  # pyright: ignore[reportUnknownVariableType]
            case ts.DictType(), dict():
                return self._container(value, kind, lambda: {
                    self.value(k, kind.key, where): self.value(v, kind.value, where) for k, v in value.items()  # pyright: ignore[reportUnknownVariableType]
                })  # fmt: skip
            case ts.TupleType(), tuple() if len(value) == len(kind.elements.data):  # pyright: ignore[reportUnknownArgumentType]
                return tuple(self.value(v, k, where) for v, k in zip(value, kind.elements.data, strict=True))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            case ts.NamedTupleType(), tuple() | Built():
                given: tuple[Any, ...] = value if isinstance(value, tuple) else value.arguments or ()
                if len(given) != len(kind.elements.data):
                    return NotImplemented
                parts = [self.value(v, k, where) for v, k in zip(given, kind.elements.data, strict=True)]
                return named_tuple_class(kind.class_name.data, tuple(f.data for f in kind.fields.data))(*parts)  # type: ignore[call-arg]
            case ts.DeviceType(), Device():
                return value
            case ts.NumberType(), int() | float() | complex():
                return value
            case _:
                wanted = _PRIMITIVE.get(kind)
                if wanted is None or type(value) is not wanted:
                    return float(value) if wanted is float and type(value) is int else NotImplemented
                return value

    def _own(self, value: Built, kind: ts.ClassType) -> Any:
        info = self.class_of(value)
        if info.kind == "enum":
            return self._enum(info, value) if kind == ts.ClassType(info.symbol) else NotImplemented
        if kind != ts.ClassType(info.symbol) and not self._program.is_subclass(ts.ClassType(info.symbol), kind):
            return NotImplemented
        return self.object(value)

    def _enum(self, info: ArchiveClass, value: Built) -> EnumMember:
        given = value.arguments[0] if value.arguments else None
        for name, own in info.values.items():
            if own == given and type(own) is type(given):
                return EnumMember(info.symbol, name, own)
        raise ArchiveError(f"{self._name}: enum {info.plain_name} has no member {str(given)[:80]!r}")

    def _container(self, value: Any, kind: Attribute, make: Any) -> Any:
        """A list or dict; one that the pickle has twice is one here, too."""
        key = id(value), kind
        known = self._containers.get(key)
        if known is None:
            known = self._containers[key] = value, make()
        return known[1]

    def _untyped(self, value: Any) -> Any:
        match value:
            case TensorParts():
                return self._tensors.read(value)
            case Built():
                info = self.class_of(value)
                return self._enum(info, value) if info.kind == "enum" else self.object(value)
            case list():
                items: list[Any] = value
                return [self._untyped(v) for v in items]
            case tuple():
                parts: tuple[Any, ...] = value
                return tuple(self._untyped(v) for v in parts)
            case dict():
                table: dict[Any, Any] = value
                return {self._untyped(k): self._untyped(v) for k, v in table.items()}
            case _:
                return value

    def constant(self, value: Any) -> Any:
        """One of the archive's constants: a tensor as an array, others as they are."""
        return self._tensors.read(value) if isinstance(value, TensorParts) else value


_PRIMITIVE: dict[Attribute, type] = {
    ts.INT: int, ts.FLOAT: float, ts.BOOL: bool, ts.COMPLEX: complex, ts.StrType(): str, ts.NONE: type(None),
}  # fmt: skip

__all__ = ["ObjectReader", "Unset"]
