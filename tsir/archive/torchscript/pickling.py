"""The pickles of TorchScript archives: the object tree by the few opcodes that torch reads."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from xdsl.ir import Attribute

from tsir.archive.torchscript.annotations import Annotations
from tsir.dialects import type_codes
from tsir.dialects.dtypes import DType
from tsir.dialects.ts import types as ts
from tsir.dialects.values import Device, EnumMember, Instance, Layout, MemoryFormat
from tsir.errors import UnsupportedError

Array = np.ndarray[Any, Any]

_STORAGES = {
    "float64": "Double", "float32": "Float", "float16": "Half", "bfloat16": "BFloat16", "int64": "Long", "int32": "Int",
    "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool", "complex128": "ComplexDouble", "complex64": "ComplexFloat",
}  # fmt: skip

AttributeTypes = Callable[[str, str], Attribute | None]
"""The declared type of an attribute, by its class's symbol and its name."""


class Placed:
    """Where each tensor lies: its storage's number, and in elements its offset, strides and the storage's size."""

    def __init__(self, tensors: Sequence[Array]) -> None:
        from tsir.archive.storages import storages_of

        self.contents: list[bytes] = []
        self._places: dict[int, tuple[Array, int, int, tuple[int, ...], int]] = {}
        storages, places = storages_of(tensors)
        numbers: dict[str, int] = {}
        for tensor, place in zip(tensors, places, strict=True):
            item = tensor.itemsize
            if place is not None and all(p >= 0 and p % item == 0 for p in (place.offset, *place.strides)):
                if place.storage not in numbers:
                    numbers[place.storage] = len(self.contents)
                    self.contents.append(storages[place.storage].tobytes())
                number = numbers[place.storage]
                strides = tuple(st // item for st in place.strides)
                self._places[id(tensor)] = tensor, number, place.offset // item, strides, len(self.contents[number]) // item
                continue
            own = np.ascontiguousarray(tensor).reshape(tensor.shape)
            self._places[id(tensor)] = tensor, len(self.contents), 0, tuple(st // item for st in own.strides), own.size
            self.contents.append(own.tobytes())

    def of(self, tensor: Array) -> tuple[int, int, tuple[int, ...], int]:
        """Storage, offset, strides and the storage's size."""
        return self._places[id(tensor)][1:]


class PickleWriter:
    """Writes one pickle."""

    def __init__(
        self, annotations: Annotations, qualified: Callable[[str], str], attribute_type: AttributeTypes, placed: Placed
    ) -> None:
        self._out = bytearray(b"\x80\x02")
        self._annotations = annotations
        self._qualified = qualified
        self._attribute_type = attribute_type
        self._placed = placed
        self._memo: dict[Any, int] = {}
        self._kept: list[Any] = []
        self._puts = 0
        self._storages: dict[tuple[int, str], int] = {}
        self._open: set[int] = set()
        """The objects that are being written, or were."""

    def finish(self) -> bytes:
        """The pickle."""
        return bytes(self._out) + b"."

    def object(self, instance: Instance, class_name: str) -> None:
        """An object with its attributes; one that comes again is the same again."""
        if self._known(instance):
            return
        if id(instance) in self._open:
            raise UnsupportedError(f"TorchScript has no object of {instance.class_name} that contains itself")
        self._open.add(id(instance))
        self._global(class_name)
        self._out += b")\x81}("
        for name, value in instance.attributes.items():
            kind = self._attribute_type(instance.class_name, name)
            if kind is None:
                continue
            self._text(name)
            self.value(value, kind, f"{instance.class_name}.{name}")
        self._out += b"ub"
        self._remember(instance)

    def value(self, value: Any, kind: Attribute, where: str) -> None:
        """A value of a declared type. Raises UnsupportedError for one that TorchScript hasn't."""
        kind = _narrowed(value, kind)
        match value:
            case None:
                self._out += b"N"
            case bool():
                self._out += b"\x88" if value else b"\x89"
            case int():
                self._int(value)
            case float():
                self._out += b"G" + struct.pack(">d", value)
            case complex():
                self._global("builtins.complex")
                self._out += b"G" + struct.pack(">d", value.real) + b"G" + struct.pack(">d", value.imag) + b"\x86R"
            case str():
                self._text(value)
            case np.ndarray():
                self._tensor(value)
            case Instance():
                self.object(value, self._qualified(value.class_name))
            case EnumMember():
                self._global(self._qualified(value.class_name))
                self.value(value.value, kind, where)
                self._out += b"R"
            case DType() | Layout() | MemoryFormat():
                self._int(type_codes.type_code(value))
            case Device():
                self._global("torch.device")
                self._text(str(value))
                self._out += b"\x85R"
            case list() | dict() | tuple():
                self._container(value, kind, where)
            case _:
                raise UnsupportedError(f"{where}: TorchScript has no values of type {type(value).__name__}")

    def _container(self, value: Any, kind: Attribute, where: str) -> None:
        if isinstance(value, tuple) and isinstance(kind, ts.TupleType | ts.NamedTupleType):
            parts: tuple[Any, ...] = value
            self._out += b"("
            for part, inner in zip(parts, kind.elements.data, strict=True):
                self.value(part, inner, where)
            self._out += b"t"
            return
        if self._known(value):
            return
        if isinstance(value, dict) and isinstance(kind, ts.DictType):
            table: dict[Any, Any] = value
            self._global("torch.jit._pickle.restore_type_tag")
            self._out += b"}("
            for key, item in table.items():
                self.value(key, kind.key, where)
                self.value(item, kind.value, where)
            self._out += b"u"
        elif isinstance(value, list | tuple) and isinstance(kind, ts.ListType | ts.TupleOfType):
            items: list[Any] | tuple[Any, ...] = value
            self._global("torch.jit._pickle.restore_type_tag")
            self._out += b"]("
            for item in items:
                self.value(item, kind.element, where)
            self._out += b"e"
        else:
            raise UnsupportedError(f"{where}: TorchScript has no values of type {type(value).__name__} there")
        self._text(self._annotations.of(kind))
        self._out += b"\x86R"
        self._remember(value)

    def _tensor(self, array: Array) -> None:
        if self._known(array):
            return
        number, offset, strides, size = self._placed.of(array)
        self._global("torch._utils._rebuild_tensor_v2")
        self._out += b"("
        self._storage(number, array.dtype.name, size)
        self._int(offset)
        for numbers in (array.shape, strides):
            self._out += b"("
            for n in numbers:
                self._int(n)
            self._out += b"t"
        self._out += b"\x89"
        self._global("collections.OrderedDict")
        self._out += b")RtR"
        self._remember(array)

    def _storage(self, number: int, dtype: str, size: int) -> None:
        """A storage; torch knows by the memo that two tensors share one."""
        key = number, dtype
        if (known := self._storages.get(key)) is not None:
            self._out += b"j" + struct.pack("<I", known)
            return
        self._out += b"("
        self._text("storage")
        self._global(f"torch.{_STORAGES[dtype]}Storage")
        self._text(str(number))
        self._text("cpu")
        self._int(size)
        self._out += b"tQr" + struct.pack("<I", self._puts)
        self._storages[key] = self._puts
        self._puts += 1

    def _int(self, value: int) -> None:
        if -(2**31) <= value < 2**31:
            self._out += b"J" + struct.pack("<i", value)
        else:
            self._out += b"\x8a\x08" + struct.pack("<q", value)

    def _text(self, value: str) -> None:
        content = value.encode()
        self._out += b"X" + struct.pack("<I", len(content)) + content

    def _global(self, name: str) -> None:
        module, _, own = name.rpartition(".")
        self._out += f"c{module}\n{own}\n".encode()

    def _remember(self, value: Any) -> None:
        self._memo[id(value)] = self._puts
        self._kept.append(value)
        self._out += b"r" + struct.pack("<I", self._puts)
        self._puts += 1

    def _known(self, value: Any) -> bool:
        number = self._memo.get(id(value))
        if number is None:
            return False
        self._out += b"j" + struct.pack("<I", number)
        return True


def _narrowed(value: Any, kind: Attribute) -> Attribute:
    """The member of an Optional or Union that a value is of, as far as containers need it."""
    from tsir.dialects.ts.compatibility import members

    wanted = {list: (ts.ListType,), dict: (ts.DictType,), tuple: (ts.TupleType, ts.NamedTupleType, ts.TupleOfType)}.get(
        type(value)
    )
    if isinstance(value, tuple) and hasattr(value, "_fields"):  # pyright: ignore[reportUnknownArgumentType]
        wanted = (ts.NamedTupleType, ts.TupleType)
    return kind if wanted is None else next((m for m in members(kind) if isinstance(m, wanted)), kind)


def tensors_in(value: Any) -> list[Array]:
    """The tensors in an object tree, each once."""
    return [item for item in _held_by(value) if isinstance(item, np.ndarray)]


def instances_in(value: Any) -> list[Instance]:
    """The objects in an object tree, each once."""
    return [item for item in _held_by(value) if isinstance(item, Instance)]


def _held_by(value: Any) -> list[Any]:
    found: list[Any] = []
    seen: set[int] = set()
    todo: list[Any] = [value]
    while todo:
        item = todo.pop()
        if not isinstance(item, np.ndarray | Instance | list | tuple | dict) or id(item) in seen:  # pyright: ignore[reportUnknownArgumentType]
            continue
        seen.add(id(item))  # pyright: ignore[reportUnknownArgumentType]
        found.append(item)
        if not isinstance(item, np.ndarray):
            inner: Any = item.attributes if isinstance(item, Instance) else item
            todo.extend(inner.values() if isinstance(inner, dict) else inner)
    return found
