"""`map_location`: tsir computes on the CPU, so that locations can only be mapped to it; dtypes to other dtypes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.values import Device
from tsir.errors import OperatorError, TsirError


def mapped_dtypes(map_location: Any) -> dict[DType, DType]:
    """The dtypes that a `map_location` maps. Raises TsirError for a device other than the CPU."""
    if map_location is None:
        return {}
    if not isinstance(map_location, Mapping):
        _check_device(map_location)
        return {}
    entries: Mapping[Any, Any] = map_location
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
        raise TsirError(f"tsir runs on the CPU, not on {device}", hint='leave map_location out, or give "cpu"')
