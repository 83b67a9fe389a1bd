"""`map_location`: tsir computes on the CPU, so that locations can only be mapped to it; dtypes to other dtypes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.program import Program, arrays_in
from tsir.dialects.sharing import overlapping
from tsir.dialects.values import CPU, Device, Instance
from tsir.errors import ArchiveError, OperatorError, TsirError
from tsir.ops.host_tensors import numpy_dtype


class CpuStorage:
    """What a `map_location` that is a function gets for the storages of one device: they are on the CPU in any case."""

    device = "cpu"

    def cpu(self) -> CpuStorage:
        """Itself."""
        return self

    def cuda(self, *_arguments: Any, **_options: Any) -> CpuStorage:
        """Raises TsirError."""
        raise _refused("cuda")


@dataclass
class Locations:
    """A `map_location` that was read."""

    dtypes: Mapping[DType, DType] = field(default_factory=dict[DType, DType])
    """Which tensors become others: those of the first dtypes."""
    function: Callable[[Any, str], Any] | None = None
    devices: frozenset[str] | None = frozenset()
    """Which devices become the CPU where the program names them; None: all."""
    _placed: dict[str, bool] = field(default_factory=dict[str, bool])
    """By device whether it becomes the CPU, as the function says."""

    @classmethod
    def read(cls, map_location: Any) -> Locations:
        """Reads what a user gives. Raises TsirError for a device other than the CPU."""
        if map_location is None:
            return cls()
        if isinstance(map_location, Mapping):
            entries = cast("Mapping[Any, Any]", map_location)
            return cls(_mapped_dtypes(entries), devices=frozenset(str(k) for k in entries if _dtype(k) is None))
        if callable(map_location):
            return cls(function=map_location)
        _check_device(map_location)
        return cls(devices=None)

    def place(self, device: str) -> None:
        """Asks the function where the storages of a device go, once for each device. Raises TsirError for another than the CPU."""
        if self.function is None or device in self._placed:
            return
        given = self.function(CpuStorage(), device)
        if given is not None:
            _check_device(getattr(given, "device", given))
        self._placed[device] = given is not None

    def _becomes_cpu(self, device: Device) -> bool:
        name = str(device)
        if self.function is not None:
            self.place(name)
            return self._placed[name]
        return self.devices is None or name in self.devices

    def apply(self, program: Program, name: str) -> None:
        """Gives a program's tensors other dtypes, and its constants the devices that they are mapped to.

        Raises ArchiveError for a tensor that shares its memory with another one.
        """
        if self.dtypes:
            program.check_weights()
            self._convert(program.root, name)
        if self.function is None and not (self.devices is None or self.devices):
            return
        for op in program.module.walk():
            value = op.properties.get("value") if op.name == "ts.constant" else None
            if value is not None and value.name == "ts.device" and self._names_other(Device.parse(value.value.data)):  # type: ignore[attr-defined]
                op.properties["value"] = type(value).new([type(value.value)("cpu")])  # type: ignore[attr-defined]
                program.content_hash = None
        for holder, key, value in list(_places(program.root)):
            if isinstance(value, Device) and self._names_other(value):
                holder[key] = CPU

    def _names_other(self, device: Device) -> bool:
        return device.type != "cpu" and self._becomes_cpu(device)

    def _convert(self, root: Instance | None, name: str) -> None:
        every = {id(array): array for array in arrays_in(root)}
        wanted = {key: d for key, a in every.items() if (d := self.dtypes.get(dtypes.from_numpy(a.dtype.name))) is not None}
        if overlapping(every.values()) & wanted.keys():
            raise ArchiveError(f"{name}: tensors share their memory, so that their dtype can't be changed")
        made = {key: every[key].astype(numpy_dtype(dtype)) for key, dtype in wanted.items()}
        for holder, key, value in list(_places(root)):
            if id(value) in made:
                holder[key] = made[id(value)]


def _places(root: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Where values are in an object's attributes and in the lists and dicts there: holder, key, value."""
    seen: set[int] = set()
    todo: list[Any] = [root]
    while todo:
        holder = todo.pop()
        if not isinstance(holder, Instance | list | dict) or id(cast(object, holder)) in seen:
            continue
        seen.add(id(cast(object, holder)))
        inside: Any = holder.attributes if isinstance(holder, Instance) else holder
        for key, value in list(inside.items() if isinstance(inside, dict) else enumerate(inside)):
            yield inside, key, value
            todo.append(value)


def _mapped_dtypes(entries: Mapping[Any, Any]) -> dict[DType, DType]:
    found: dict[DType, DType] = {}
    for key, value in entries.items():
        dtype = _dtype(key)
        if dtype is None:
            _check_device(value)
        elif (wanted := _dtype(value)) is None or wanted.is_complex < dtype.is_complex:
            raise TsirError(f"map_location: tensors of {dtype.name} can't become {value}")
        else:
            found[dtype] = dtypes.of_tensors(wanted)
    return found


def _dtype(value: Any) -> DType | None:
    try:
        return dtypes.dtype(str(value))
    except KeyError:
        return None


def _check_device(device: Any) -> None:
    try:
        found = Device.parse(str(device))
    except OperatorError as error:
        raise TsirError(f"map_location: {error}") from None
    if found.type != "cpu":
        raise _refused(device)


def _refused(device: Any) -> TsirError:
    return TsirError(f"tsir runs on the CPU, not on {device}", hint='leave map_location out, or give "cpu"')
