"""Values to JSON and back: the object tree, attribute values and parameter defaults of an archive.

Plain JSON holds None, bool, int, str and finite floats; everything else is `{"kind": ..., ...}`. Tensors and objects are stored
once and referred to by number, and so are lists, dicts and sets that come twice: what was shared stays shared.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, deque
from typing import Any

import numpy as np

from tsir.archive.format import MAX_DEPTH
from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.values import Device, EnumMember, Instance, Layout, MemoryFormat, named_tuple_class
from tsir.errors import ArchiveError

Json = Any


class ValueWriter:
    """Turns values into JSON; collects the tensors and objects that it meets in `tensors` and `objects`."""

    def __init__(self) -> None:
        self.tensors: list[np.ndarray[Any, Any]] = []
        self.objects: list[Json] = []
        self._tensor_numbers: dict[int, int] = {}
        self._object_numbers: dict[int, int] = {}
        self.shared = 0
        """How many lists, dicts and sets came more than once so far."""
        self._containers: dict[int, tuple[Any, Json]] = {}

    def write(self, value: Any) -> Json:
        """The JSON for a value. Raises ArchiveError for one that an archive can't hold."""
        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else {"kind": "float", "value": repr(value)}
        if isinstance(value, complex):
            return {"kind": "complex", "value": [repr(value.real), repr(value.imag)]}
        if isinstance(value, np.ndarray):
            return {"kind": "tensor", "number": self._tensor(value)}
        if isinstance(value, Instance):
            return {"kind": "object", "number": self._object(value)}
        if isinstance(value, frozenset):
            return {"kind": "frozenset", "items": [self.write(v) for v in sorted(value, key=repr)]}
        if isinstance(value, list | deque | set | dict):
            return self._container(value)
        if isinstance(value, tuple):
            items = [self.write(v) for v in value]
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
            return {"kind": "enum", "class": value.class_name, "name": value.name, "value": self.write(value.value)}
        raise ArchiveError(f"a value of type {type(value).__name__} can't be saved")

    def _container(self, value: Any) -> Json:
        """A list, dict or set; one that has come before gets a number, by which it is referred to."""
        if (known := self._containers.get(id(value))) is not None:
            if "number" not in known[1]:
                known[1]["number"] = self.shared
                self.shared += 1
            return {"kind": "same", "number": known[1]["number"]}
        json: dict[str, Json] = {}
        self._containers[id(value)] = (value, json)
        if isinstance(value, dict):
            json["kind"] = type(value).__name__ if type(value) in (Counter, OrderedDict) else "dict"
            json["items"] = [[self.write(k), self.write(v)] for k, v in value.items()]
        elif isinstance(value, set):
            json |= {"kind": "set", "items": [self.write(v) for v in sorted(value, key=repr)]}
        else:
            json |= {"kind": "list", "items": [self.write(v) for v in value]}
        if isinstance(value, deque):
            json |= {"kind": "deque", "maxlen": value.maxlen}
        return json

    def _tensor(self, array: np.ndarray[Any, Any]) -> int:
        number = self._tensor_numbers.get(id(array))
        if number is None:
            number = self._tensor_numbers[id(array)] = len(self.tensors)
            self.tensors.append(array)
        return number

    def _object(self, instance: Instance) -> int:
        number = self._object_numbers.get(id(instance))
        if number is None:
            number = self._object_numbers[id(instance)] = len(self.objects)
            self.objects.append(None)
            attributes = {name: self.write(v) for name, v in instance.attributes.items()}
            self.objects[number] = {"class": instance.class_name, "attributes": attributes}
        return number


class ValueReader:
    """Turns JSON back into values, given the archive's tensors and the JSON of its objects."""

    def __init__(self, tensors: list[np.ndarray[Any, Any]], objects: list[Json]) -> None:
        self._tensors = tensors
        self._objects_json = objects
        self._objects: dict[int, Instance] = {}
        self.containers: dict[int, Any] = {}
        """The lists, dicts and sets with numbers that were read so far."""

    def read(self, value: Json, depth: int = 0) -> Any:
        """The value of some JSON. Raises ArchiveError for JSON that no writer makes."""
        if depth > MAX_DEPTH:
            raise ArchiveError(f"manifest: values nest deeper than {MAX_DEPTH}")
        if value is None or isinstance(value, bool | int | str | float):
            return value
        if not isinstance(value, dict):
            raise ArchiveError(f"manifest: no value can be a JSON {type(value).__name__}")
        reader = _READERS.get(value.get("kind", ""))
        if reader is None:
            raise ArchiveError(f"manifest: unknown kind of value {value.get('kind')!r}")
        try:
            found = reader(self, value, depth + 1)
            if "number" in value and isinstance(found, list | deque | set | dict):
                self.containers[value["number"]] = found
            return found
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise ArchiveError(f"manifest: a damaged value of kind {value['kind']!r}: {error}") from error

    def items(self, value: Json, depth: int) -> list[Any]:
        """The values of the member `items`."""
        return [self.read(v, depth) for v in value["items"]]

    def tensor(self, number: int) -> np.ndarray[Any, Any]:
        """A tensor by its number."""
        if not isinstance(number, int) or not 0 <= number < len(self._tensors):
            raise ArchiveError(f"manifest: there is no tensor {number!r}")
        return self._tensors[number]

    def object(self, number: int, depth: int) -> Instance:
        """An object by its number; the same object each time."""
        if not isinstance(number, int) or not 0 <= number < len(self._objects_json):
            raise ArchiveError(f"manifest: there is no object {number!r}")
        if number not in self._objects:
            json = self._objects_json[number]
            instance = self._objects[number] = Instance(str(json["class"]))
            for name, attribute in json["attributes"].items():
                instance.attributes[name] = self.read(attribute, depth)
        return self._objects[number]


def _read_named_tuple(reader: ValueReader, value: Json, depth: int) -> Any:
    return named_tuple_class(str(value["name"]), tuple(value["fields"]))(*reader.items(value, depth))  # type: ignore[call-arg]


_READERS: dict[str, Any] = {
    "float": lambda _r, v, _d: float(v["value"]),
    "complex": lambda _r, v, _d: complex(float(v["value"][0]), float(v["value"][1])),
    "tensor": lambda r, v, _d: r.tensor(v["number"]),
    "object": lambda r, v, d: r.object(v["number"], d),
    "list": lambda r, v, d: r.items(v, d),
    "set": lambda r, v, d: set(r.items(v, d)),
    "tuple": lambda r, v, d: tuple(r.items(v, d)),
    "named_tuple": _read_named_tuple,
    "dict": lambda r, v, d: {r.read(k, d): r.read(i, d) for k, i in v["items"]},
    "Counter": lambda r, v, d: Counter({r.read(k, d): r.read(i, d) for k, i in v["items"]}),
    "OrderedDict": lambda r, v, d: OrderedDict((r.read(k, d), r.read(i, d)) for k, i in v["items"]),
    "deque": lambda r, v, d: deque(r.items(v, d), v["maxlen"]),
    "frozenset": lambda r, v, d: frozenset(r.items(v, d)),
    "same": lambda r, v, _d: r.containers[v["number"]],
    "dtype": lambda _r, v, _d: dtypes.dtype(v["value"]),
    "device": lambda _r, v, _d: Device.parse(v["value"]),
    "layout": lambda _r, v, _d: Layout(str(v["value"])),
    "memory_format": lambda _r, v, _d: MemoryFormat(str(v["value"])),
    "enum": lambda r, v, d: EnumMember(str(v["class"]), str(v["name"]), r.read(v["value"], d)),
}
