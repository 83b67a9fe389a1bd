"""Values to JSON and back: the object tree, attribute values and parameter defaults of an archive.

Plain JSON holds None, bool, int, str and finite floats; everything else is `{"kind": ..., ...}`. Tensors and objects are stored
once and referred to by number, and so are lists, dicts and sets that come twice: what was shared stays shared.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterable
from typing import Any

import numpy as np

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.listed import ScalarObject, scalar_object
from tsir.dialects.values import Device, EnumMember, Instance, Layout, MemoryFormat, named_tuple_class
from tsir.errors import ArchiveError
from tsir.limits import Limits
from tsir.ops import python_text
from tsir.source_files import one_line

Json = Any
RESERVED = ("tensor.", "padding.", "storage.", "__")
"""How names of tensors begin that aren't paths."""
_CONTAINERS: dict[Any, Any] = {
    "list": list,
    "dict": dict,
    "Counter": Counter,
    "OrderedDict": OrderedDict,
    "defaultdict": defaultdict,
    "set": set,
    "deque": deque,
}


class ValueWriter:
    """Turns values into JSON; collects the tensors, objects and shared containers that it meets.

    Each tensor gets a name: the path of attributes where it was met first.
    """

    def __init__(self) -> None:
        self.tensors: list[np.ndarray[Any, Any]] = []
        self.names: list[str] = []
        self.objects: list[Json] = []
        self.containers: list[Json] = []
        """The lists, dicts and sets that come more than once."""
        self._taken: set[str] = set()
        self._tensor_numbers: dict[int, int] = {}
        self._object_numbers: dict[int, int] = {}
        self._pending: list[tuple[int, Instance, str]] = []
        self._met: dict[int, tuple[Any, Json, Json]] = {}
        """Each container by its id, what stands for it where it was met first, and its content."""

    def write(self, value: Any, path: str = "") -> Json:
        """The JSON for a value, with all that it refers to. Raises ArchiveError for one that an archive can't hold."""
        written = self._write(value, path, 0)
        while self._pending:
            number, instance, place = self._pending.pop(0)
            attributes = {n: self._write(v, f"{place}.{n}" if place else n, 0) for n, v in instance.attributes.items()}
            self.objects[number] = {"class": instance.class_name, "attributes": attributes}
        return written

    def _write(self, value: Any, path: str, depth: int) -> Json:
        if isinstance(value, ScalarObject | np.generic):
            scalar = value.scalar if isinstance(value, ScalarObject) else value
            return {"kind": "numpy", "dtype": scalar.dtype.name, "value": self._write(scalar.item(), path, depth + 1)}
        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else {"kind": "float", "value": repr(value)}
        if isinstance(value, complex):
            return {"kind": "complex", "value": [repr(value.real), repr(value.imag)]}
        if isinstance(value, np.ndarray):
            return {"kind": "tensor", "number": self._tensor(value, path)}
        if isinstance(value, Instance):
            return {"kind": "object", "number": self._object(value, path)}
        if depth >= Limits.depth:
            raise ArchiveError(
                f"{path[:100] or 'a value'} can't be saved: lists, dicts and tuples nest deeper than {Limits.depth}"
            )
        if isinstance(value, frozenset):
            return {"kind": "frozenset", "items": self._items(sorted(value, key=repr), path, depth)}
        if isinstance(value, list | deque | set | dict):
            return self._container(value, path, depth)
        if isinstance(value, tuple):
            items = self._items(value, path, depth)
            if fields := getattr(value, "_fields", None):
                return {"kind": "named_tuple", "name": type(value).__name__, "fields": list(fields), "items": items}
            return {"kind": "tuple", "items": items}
        if isinstance(value, DType):
            return {"kind": "dtype", "value": value.name}
        if isinstance(value, Device):
            return {"kind": "device", "value": str(value)}
        if isinstance(value, Layout):
            return {"kind": "layout", "value": value.name}
        if isinstance(value, MemoryFormat):
            return {"kind": "memory_format", "value": value.name}
        if isinstance(value, EnumMember):
            member = self._write(value.value, path, depth + 1)
            return {"kind": "enum", "class": value.class_name, "name": value.name, "value": member}
        raise ArchiveError(f"{path[:100] or 'a value'} of type {type(value).__name__} can't be saved")

    def _items(self, values: Iterable[Any], path: str, depth: int) -> list[Json]:
        return [self._write(v, f"{path}.{i}", depth + 1) for i, v in enumerate(values)]

    def _container(self, value: Any, path: str, depth: int) -> Json:
        """A list, dict or set; one that has come before is put into the table, and stands there alone."""
        if (known := self._met.get(id(value))) is not None:
            _, placeholder, content = known
            if placeholder.get("kind") != "shared":
                placeholder.clear()
                placeholder |= {"kind": "shared", "number": len(self.containers)}
                self.containers.append(content)
            return dict(placeholder)
        placeholder, content = {}, {}
        self._met[id(value)] = (value, placeholder, content)
        if isinstance(value, dict):
            content["kind"] = type(value).__name__ if type(value) in (Counter, OrderedDict, defaultdict) else "dict"
            if isinstance(value, defaultdict):
                content["factory"] = _factory_name(value, path)
            content["items"] = [
                [
                    self._write(k, path, depth + 1),
                    self._write(v, f"{path}.{k}" if type(k) in (str, int) else path, depth + 1),
                ]
                for k, v in value.items()
            ]
        elif isinstance(value, set):
            content |= {"kind": "set", "items": self._items(sorted(value, key=repr), path, depth)}
        elif isinstance(value, deque):
            content |= {"kind": "deque", "maxlen": value.maxlen, "items": self._items(value, path, depth)}
        else:
            content |= {"kind": "list", "items": self._items(value, path, depth)}
        if not placeholder:
            placeholder |= content
        return placeholder

    def _tensor(self, array: np.ndarray[Any, Any], path: str) -> int:
        number = self._tensor_numbers.get(id(array))
        if number is None:
            number = self._tensor_numbers[id(array)] = len(self.tensors)
            self.tensors.append(array)
            name = path if path and path.isprintable() and len(path) < 1000 and not path.startswith(RESERVED) else "tensor"
            if name in self._taken or name == "tensor":
                name = f"tensor.{number}"
            self._taken.add(name)
            self.names.append(name)
        return number

    def _object(self, instance: Instance, path: str) -> int:
        number = self._object_numbers.get(id(instance))
        if number is None:
            number = self._object_numbers[id(instance)] = len(self.objects)
            self.objects.append(None)
            self._pending.append((number, instance, path))
        return number


class ValueReader:
    """Turns JSON back into values, given the archive's tensors and the JSON of its objects and shared containers."""

    def __init__(
        self, tensors: list[np.ndarray[Any, Any]], objects: list[Json], containers: list[Json], limits: Limits
    ) -> None:
        self._tensors = tensors
        self._objects_json = objects
        self._containers_json = containers
        self._limits = limits
        self._objects: dict[int, Instance] = {}
        self._containers: dict[int, Any] = {}
        self._sizes: dict[int, int] = {}
        """How many values each shared container has that was read to its end."""
        self._count = 0
        self._pending: list[tuple[Instance, Json]] = []

    def read(self, value: Json) -> Any:
        """The value of some JSON, with all that it refers to. Raises ArchiveError for JSON that no writer makes."""
        found = self.part(value, 0)
        while self._pending:
            instance, attributes = self._pending.pop()
            for name, attribute in attributes.items():
                instance.attributes[name] = self.part(attribute, 0)
        return found

    def part(self, value: Json, depth: int) -> Any:
        """The value of some JSON; the attributes of objects in it are read later."""
        self._count += 1
        if self._count > self._limits.values:
            raise ArchiveError(f"manifest: lists, dicts and tuples have more than {self._limits.values} values")
        if depth > self._limits.depth:
            raise ArchiveError(f"manifest: values nest deeper than {self._limits.depth}")
        if value is None or isinstance(value, bool | int | str | float):
            return value
        if not isinstance(value, dict):
            raise ArchiveError(f"manifest: no value can be a JSON {type(value).__name__}")
        kind = value.get("kind")
        reader = _READERS.get(kind) if isinstance(kind, str) else None
        if reader is None and kind not in _CONTAINERS:
            raise ArchiveError(f"manifest: unknown kind of value {str(kind)[:100]!r}")
        try:
            return self._filled(self._empty(value), value, depth) if reader is None else reader(self, value, depth + 1)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
            raise ArchiveError(f"manifest: a damaged value of kind {kind!r}: {one_line(str(error))[:200]}") from None

    @staticmethod
    def _empty(json: Json) -> Any:
        if json["kind"] == "defaultdict":
            name = json["factory"]
            return defaultdict(None if name is None else python_text.FACTORIES[str(name)])
        return deque(maxlen=json["maxlen"]) if json["kind"] == "deque" else _CONTAINERS[json["kind"]]()

    def _filled(self, container: Any, json: Json, depth: int) -> Any:
        if isinstance(container, dict):
            for key, item in json["items"]:
                container[self.part(key, depth + 1)] = self.part(item, depth + 1)
            return container
        add = container.add if isinstance(container, set) else container.append
        for item in json["items"]:
            add(self.part(item, depth + 1))
        return container

    def items(self, value: Json, depth: int) -> list[Any]:
        """The values of the member `items`."""
        return [self.part(v, depth) for v in value["items"]]

    def tensor(self, number: int) -> np.ndarray[Any, Any]:
        """A tensor by its number."""
        return self._tensors[self._index(number, self._tensors, "tensor")]

    def object(self, number: int) -> Instance:
        """An object by its number; the same object each time."""
        number = self._index(number, self._objects_json, "object")
        if number not in self._objects:
            json = self._objects_json[number]
            made = self._objects[number] = Instance(str(json["class"]))
            attributes = json["attributes"]
            if not isinstance(attributes, dict):
                raise TypeError("its attributes are no object")
            self._pending.append((made, attributes))
        return self._objects[number]

    def shared(self, number: int, depth: int) -> Any:
        """A list, dict or set of the table; the same one each time."""
        number = self._index(number, self._containers_json, "shared container")
        if number not in self._containers:
            json = self._containers_json[number]
            if json["kind"] not in _CONTAINERS:
                raise ValueError(f"{str(json['kind'])[:100]!r} is no container")
            made, before = self._containers.setdefault(number, self._empty(json)), self._count
            self._filled(made, json, depth)
            self._sizes[number] = self._count - before
        elif number not in self._sizes:
            raise ArchiveError(f"manifest: the shared container {number} contains itself")
        else:
            self._count += self._sizes[number]
        return self._containers[number]

    @staticmethod
    def _index(number: Any, table: list[Any], kind: str) -> int:
        if type(number) is not int or not 0 <= number < len(table):
            raise ArchiveError(f"manifest: there is no {kind} {str(number)[:100]}")
        return number


def _factory_name(value: defaultdict[Any, Any], path: str) -> str | None:
    """What makes the values of a defaultdict. Raises ArchiveError for a function of the user's."""
    names = {factory: name for name, factory in python_text.FACTORIES.items()}
    if value.default_factory is None or value.default_factory in names:
        return None if value.default_factory is None else names[value.default_factory]
    raise ArchiveError(
        f"'{path}' is a defaultdict whose values a function makes, which an archive can't hold",
        hint="use defaultdict(int), defaultdict(list) or another built-in type, or a plain dict with setdefault()",
    )


def _read_named_tuple(reader: ValueReader, value: Json, depth: int) -> Any:
    return named_tuple_class(str(value["name"]), tuple(value["fields"]))(*reader.items(value, depth))  # type: ignore[call-arg]


def _read_scalar(reader: Any, value: Json, depth: int) -> Any:
    """A NumPy scalar, of a class of numbers."""
    kind = np.dtype(str(value["dtype"]))
    if kind.kind not in "biufc":
        raise ValueError(f"no scalar is of class {kind.name!r}")
    return scalar_object(kind.type(reader.part(value["value"], depth)))


_READERS: dict[str, Any] = {
    "float": lambda _r, v, _d: float(v["value"]),
    "complex": lambda _r, v, _d: complex(float(v["value"][0]), float(v["value"][1])),
    "numpy": _read_scalar,
    "tensor": lambda r, v, _d: r.tensor(v["number"]),
    "object": lambda r, v, _d: r.object(v["number"]),
    "tuple": lambda r, v, d: tuple(r.items(v, d)),
    "named_tuple": _read_named_tuple,
    "frozenset": lambda r, v, d: frozenset(r.items(v, d)),
    "shared": lambda r, v, d: r.shared(v["number"], d),
    "dtype": lambda _r, v, _d: dtypes.dtype(v["value"]),
    "device": lambda _r, v, _d: Device.parse(v["value"]),
    "layout": lambda _r, v, _d: Layout(str(v["value"])),
    "memory_format": lambda _r, v, _d: MemoryFormat(str(v["value"])),
    "enum": lambda r, v, d: EnumMember(str(v["class"]), str(v["name"]), r.part(v["value"], d)),
}
