"""What a call changed of the caller's lists, dicts, sets and objects, as the caller of a Python function would see it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from tsir.dialects.builtin_bases import HELD, MUTABLE, builtin_base, set_held, value_as_builtin
from tsir.dialects.tensor_keys import TensorDict, TensorSet
from tsir.dialects.values import (
    Instance,
    OutsideObject,
)
from tsir.runtime.standard_dicts import fill

if TYPE_CHECKING:
    from tsir.runtime.arguments import Conversion


def write_back(conversion: Conversion) -> None:
    """Lists and dicts that the program changed get their new contents, as the caller of a Python function would see."""
    for original, converted in list(conversion.lists.values()):
        if isinstance(original, list):
            write_list(conversion, original, converted)
        elif isinstance(original, set | TensorSet):
            write_set(conversion, original, converted)
        elif isinstance(original, deque):
            write_deque(conversion, original, converted)
        else:
            write_dict(conversion, original, converted)
    for original, instance in list(conversion.objects.values()):
        late = conversion.python_classes.late_attributes(instance.class_name)
        for name in late & vars(original).keys() - instance.attributes.keys():
            object.__delattr__(original, name)
        for name, value in instance.attributes.items():
            if name == HELD and builtin_base(type(original)) is not None:
                _held(conversion, original, value)
                continue
            is_new = name in late and name not in vars(original)
            if is_new or not stands_for(conversion, getattr(original, name), value):
                object.__setattr__(original, name, conversion.value_out(value))


def _held(conversion: Conversion, original: Any, converted: Any) -> None:
    """What an object of a class derived from a container has now."""
    if builtin_base(type(original)) not in MUTABLE:
        return
    now = value_as_builtin(original)
    items, others = (list(v.items()) if isinstance(v, dict) else list(v) for v in (now, converted))
    if len(items) != len(others) or any(not stands_for(conversion, o, c) for o, c in zip(items, others, strict=True)):
        set_held(original, conversion.value_out(converted))


def write_list(conversion: Conversion, original: list[Any], converted: list[Any]) -> None:
    if len(original) != len(converted) or any(
        not stands_for(conversion, o, c) for o, c in zip(original, converted, strict=True)
    ):
        original[:] = [conversion.value_out(v) for v in converted]


def write_deque(conversion: Conversion, original: deque[Any], converted: deque[Any]) -> None:
    if len(original) != len(converted) or any(
        not stands_for(conversion, o, c) for o, c in zip(original, converted, strict=True)
    ):
        items = [conversion.value_out(v) for v in converted]
        original.clear()
        original.extend(items)


def write_dict(conversion: Conversion, original: dict[Any, Any], converted: dict[Any, Any]) -> None:
    if isinstance(converted, TensorDict):
        keys = [conversion.value_out(k) for k in converted]
        same = [*map(id, original)] == [*map(id, keys)]
    else:
        keys, same = list(converted), list(original) == list(converted)
    if not same or any(not stands_for(conversion, original[k], v) for k, v in zip(keys, converted.values(), strict=True)):
        fresh = [(conversion.value_out(k), conversion.value_out(v)) for k, v in converted.items()]
        original.clear()
        fill(original, fresh)


def write_set(conversion: Conversion, original: set[Any] | TensorSet, converted: set[Any] | TensorSet) -> None:
    if isinstance(converted, TensorSet):
        same = {id(v) for v in original} == {id(conversion.value_out(v)) for v in converted}
    else:
        same = original == converted
    if not same:
        original.clear()
        original.update(conversion.value_out(v) for v in converted)


def stands_for(conversion: Conversion, original: Any, converted: Any) -> bool:
    if isinstance(converted, np.ndarray):
        known = conversion.tensors.get(id(converted))
        return original is converted or (known is not None and known[1] is original)
    if isinstance(converted, OutsideObject):
        return converted.value is original
    if isinstance(converted, Instance):
        known = conversion.objects.get(id(original))
        return known is not None and known[1] is converted
    if isinstance(converted, list | dict | TensorDict):
        known = conversion.lists.get(id(original))
        return known is not None and known[1] is converted
    if isinstance(converted, tuple):
        return (
            isinstance(original, tuple)
            and len(original) == len(converted)
            and all(stands_for(conversion, o, c) for o, c in zip(original, converted, strict=True))
        )
    if type(original) is type(converted):
        return original == converted
    # An int given for a float, or a bool for a number: what was converted isn't a change.
    return isinstance(original, int) and isinstance(converted, int | float) and original == converted
