"""Calls from Python: converting values in and out.

In: torch tensors and NumPy arrays become arrays over the same memory, torch's dtypes and devices tsir's, NamedTuples and enums
their compiled counterparts; each is checked against the declared type. Out: the reverse, to torch's objects when the call had
torch tensors (or no tensors at all and torch is loaded), else to NumPy's. Binding arguments to parameters is in `binding.py`.
"""

from __future__ import annotations

import enum
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

import numpy as np

from tsir.dialects.builtin_bases import HELD, MUTABLE, builtin_base, object_with, set_held, value_as_builtin
from tsir.dialects.dtypes import DType
from tsir.dialects.listed import Listed, ScalarObject, scalar_object
from tsir.dialects.program import EntryPoint
from tsir.dialects.tensor_keys import TensorDict, TensorSet
from tsir.dialects.values import (
    FUNCTION,
    IN_PYTHON,
    ITEM,
    Device,
    EnumMember,
    Future,
    Instance,
    Layout,
    MemoryFormat,
    OutsideObject,
    Record,
    Size,
    name_of_member,
    named_tuple_class,
)
from tsir.errors import OperatorTypeError, TsirError
from tsir.ops.host_random import Generator
from tsir.ops.host_strided import resize_array, take_resized
from tsir.runtime.objects import PythonClasses
from tsir.runtime.scalars_in import NUMPY_IN, SCALARS_IN, mismatch
from tsir.runtime.standard_dicts import DICTS, class_named, converted_dict
from tsir.runtime.torch_adapter import TorchAdapter, adapter
from tsir.runtime.type_text import TypeText, parse_type_text
from tsir.runtime.written_back import write_back, write_deque, write_dict, write_list, write_set

_OWN_KINDS: tuple[tuple[type, tuple[str, ...]], ...] = (
    (list, ("list",)), (tuple, ("named_tuple", "tuple", "tuple_of")), (set, ("set",)), (frozenset, ("frozenset",)),
)  # fmt: skip
"""The kinds of types that Python's containers are of, before those that take them, too: a tuple is also taken for a list."""
_WIDTHS = {"i1": 0, "i64": 1, "f64": 2, "complex": 3}


@lru_cache(maxsize=1024)
def _in_order_for(union: TypeText, given: type) -> tuple[TypeText, ...]:
    """A Union's members as a value of a class is tried with them: those of its own kind first, then the narrowest, so that a bool is
    taken as a bool where that is among them, and an int as an int."""
    own = next((kinds for cls, kinds in _OWN_KINDS if issubclass(given, cls)), ())

    def width(member: TypeText) -> int:
        return _WIDTHS.get(member.kind, 0) if not member.arguments else max(map(width, member.arguments))

    return tuple(sorted(union.arguments, key=lambda m: (m.kind not in own, width(m))))


class Conversion:
    """The conversion of one call's values: remembers which tensor each array came from, so that identity survives."""

    def __init__(self, python_classes: PythonClasses, instances: InstanceConverter | None = None) -> None:
        self.python_classes = python_classes
        self.instances = instances
        self.tensors: dict[int, Any] = {}
        self.arrays: dict[int, Any] = {}
        """The array of each tensor that came in, by the tensor's `id`."""
        self.lists: dict[int, Any] = {}
        self.made: dict[int, Any] = {}
        """The program's lists, dicts and objects that were converted to new ones: one that occurs twice stays one."""
        self.objects: dict[int, tuple[Any, Instance]] = {}
        """The caller's objects of script classes by `id`, and what the program has for them."""
        self.tensor_of: Callable[[Any], Any] | None = None
        """Where attributes are converted: the tensor that an array is known as outside, or None."""
        self.saw_array = False
        self.of_several = False
        """Whether the types of a Union are tried."""
        self.torch: TorchAdapter | None = adapter()

    def value_in(self, value: Any, expected: TypeText, where: str) -> Any:
        """Converts an argument and checks it against the declared type. `where` names the parameter in messages."""
        torch = self.torch
        if torch is not None and isinstance(value, torch.Tensor):
            return self._tensor_as(self._array_of(torch, value), expected, where)
        if isinstance(value, np.ndarray):
            self.saw_array = True
            return self._tensor_as(value, expected, where)
        return SCALARS_IN.get(expected.kind, Conversion._structure_in)(self, value, expected, where)

    def _array_of(self, torch: TorchAdapter, tensor: Any) -> np.ndarray[Any, Any]:
        """The array of a tensor: the same one each time that the tensor comes."""
        found = self.arrays.get(id(tensor))
        if found is None:
            found = self.arrays[id(tensor)] = torch.to_array(tensor)
            self.tensors[id(found)] = (found, tensor)
        return found

    def _tensor_as(self, array: np.ndarray[Any, Any], expected: TypeText, where: str) -> Any:
        kind = expected.kind
        if kind in ("tensor", "any"):
            return array
        if kind in ("optional", "union"):
            return self._tensor_as(array, _best_member(expected, "tensor"), where)
        if kind in ("f32", "f16", "index", "i32", "i16", "i8") and array.ndim == 0:
            return SCALARS_IN[kind](self, array[()], expected, where)
        if kind in ("i64", "f64", "i1", "number", "complex") and array.size == 1:
            return {"i64": int, "f64": float, "i1": bool}.get(kind, _same)(array.item())
        raise mismatch(where, expected, "Tensor")

    def _item_in(self, value: Any, expected: TypeText, where: str) -> Any:
        """Converts what a container has: a NumPy scalar stays one there."""
        if isinstance(value, ScalarObject):
            return value
        if isinstance(value, np.generic) and isinstance(value, NUMPY_IN.get(expected.kind, ())):
            return scalar_object(value)
        return self.value_in(value, expected, where)

    def _structure_in(self, value: Any, expected: TypeText, where: str) -> Any:
        kind = expected.kind
        if kind == "optional":
            return None if value is None else self.value_in(value, expected.arguments[0], where)
        if kind == "union":
            before, self.of_several = self.of_several, True
            try:
                for member in _in_order_for(expected, type(value)):
                    with suppress(OperatorTypeError):
                        return self.value_in(value, member, where)
            finally:
                self.of_several = before
            raise mismatch(where, expected, type(value).__name__)
        if kind == "list" and isinstance(value, list | tuple | range):
            if id(value) in self.lists:
                return self.lists[id(value)][1]
            converted = [self._item_in(v, expected.arguments[0], where) for v in value]
            if isinstance(value, list):
                self.lists[id(value)] = (value, converted)
            return converted
        if kind == "frozenset" and isinstance(value, set | frozenset):
            return frozenset(self._item_in(v, expected.arguments[0], where) for v in value)
        if kind == "set" and isinstance(value, set | frozenset | TensorSet):
            if id(value) in self.lists:
                return self.lists[id(value)][1]
            own = TensorSet if expected.arguments[0].kind == "tensor" else set
            members = own(self._item_in(v, expected.arguments[0], where) for v in value)
            if not isinstance(value, frozenset):
                self.lists[id(value)] = (value, members)
            return members
        if kind == "tuple_of" and isinstance(value, tuple | list):
            return tuple(self._item_in(v, expected.arguments[0], where) for v in value)
        if kind == "tuple" and isinstance(value, tuple | list) and len(value) == len(expected.arguments):
            return tuple(self._item_in(v, t, where) for v, t in zip(value, expected.arguments, strict=True))
        if kind == "named_tuple" and isinstance(value, tuple) and len(value) == len(expected.arguments):
            items = [self._item_in(v, t, where) for v, t in zip(value, expected.arguments, strict=True)]
            self.python_classes.setdefault(expected.symbol, type(value))
            return named_tuple_class(expected.symbol, expected.fields)(*items)  # type: ignore[call-arg]
        if kind in ("deque", "dict") and id(value) in self.lists:
            return self.lists[id(value)][1]
        if kind == "deque" and isinstance(value, deque):
            items = deque((self._item_in(v, expected.arguments[0], where) for v in value), value.maxlen)
            self.lists[id(value)] = (value, items)
            return items
        if kind == "dict" and isinstance(value, (class_named(expected.symbol), TensorDict)):
            key, item = expected.arguments
            converted = converted_dict(
                value,
                lambda k: self._item_in(k, key, where),
                lambda v: self._item_in(v, item, where),
                by_tensor=key.kind == "tensor",
            )
            self.lists[id(value)] = (value, converted)
            return converted
        if kind == "any":
            return self.any_in(value)
        if kind == "class":
            if isinstance(value, enum.Enum):
                self.python_classes.setdefault(expected.symbol, type(value))
                return EnumMember(expected.symbol, name_of_member(value), self.any_in(value.value))
            if isinstance(value, Instance | EnumMember):
                return value
            if self.instances is not None and (instance := self.instances.instance_of(value)) is not None:
                return instance
            if (found := self._object_in(value, expected.symbol, where)) is not None:
                return found
            if (methods := self.python_classes.interface(expected.symbol)) is not None:
                return self._outside_in(value, expected, methods, where)
        if kind == "future":
            return self._future_in(value, expected, where)
        if isinstance(value, _VALUE_CLASSES.get(kind, ())):
            return value
        known = None if self.torch is None else self.torch.value_in(value)
        if isinstance(known, _VALUE_CLASSES.get(kind, ())):
            return known
        if kind == "device" and isinstance(value, str):
            return Device.parse(value)
        raise mismatch(where, expected, type(value).__name__)

    def _object_in(self, value: Any, symbol: str, where: str) -> Instance | None:
        """An object of a script class of the user's as the program has it; None for anything else."""
        known = self.objects.get(id(value))
        if known is not None:
            return known[1]
        name = self.python_classes.symbol_of(type(value), symbol)
        if name is None:
            return None
        instance = Instance(name)
        self.objects[id(value)] = (value, instance)
        self.made[id(instance)] = (instance, value)
        late = self.python_classes.late_attributes(name)
        for attribute, kind in self.python_classes.attribute_types(name).items():
            if attribute in late and attribute not in vars(value):
                continue
            place = f"{where}: attribute '{attribute}'"
            if attribute == HELD:
                instance.attributes[HELD] = self.value_in(value_as_builtin(value), kind, where)
                continue
            if not hasattr(value, attribute):
                raise OperatorTypeError(f"{place} of {type(value).__name__} isn't set")
            instance.attributes[attribute] = self.value_in(getattr(value, attribute), kind, place)
        return instance

    def _outside_in(self, value: Any, expected: TypeText, methods: list[str], where: str) -> OutsideObject:
        """An object given for an interface: its methods are called in Python."""
        if isinstance(value, OutsideObject):
            return value
        known = self.made.get(id(value))
        if known is not None and isinstance(known[0], OutsideObject):
            return known[0]
        lacking = [m for m in methods if not callable(getattr(value, m, None))]
        if lacking:
            raise OperatorTypeError(
                f"{where}: {type(value).__name__} is not compatible with interface {expected.python_name()}: "
                f"it has no method {' and no method '.join(map(repr, lacking))}"
            )
        classes, instances = self.python_classes, self.instances

        def call(name: str, arguments: Sequence[Any], result_type: str) -> Any:
            conversion = Conversion(classes, instances)
            result = getattr(value, name)(*(conversion.value_out(a) for a in arguments))
            place = f"the result of {type(value).__name__}.{name}()"
            return conversion.value_in(result, parse_type_text(result_type), place)

        made = OutsideObject(value, call)
        self.made[id(value)] = (made, value)
        return made

    def _object_out(self, instance: Instance) -> Any:
        """The Python object that an instance came from, or a new one; a view of it when its class isn't known here."""
        known = self.made.get(id(instance))
        if known is not None:
            return known[1]
        cls = self.python_classes.get(instance.class_name)
        if hasattr(cls, FUNCTION):
            return self._function_out(cls)
        if (in_python := getattr(cls, IN_PYTHON, None)) is not None:
            return in_python(*instance.attributes.values())
        if cls is None and any(n.startswith(ITEM) for n in instance.attributes):
            return self._record(instance)
        if cls is None:
            return instance if self.instances is None else self.instances.wrap(instance)
        if (base := builtin_base(cls)) is not None and HELD in instance.attributes and base not in MUTABLE:
            made = object_with(cls, self.value_out(instance.attributes[HELD]))
        else:
            made = cls.__new__(cls)
        self.made[id(instance)] = (instance, made)
        for name, value in self.python_classes.python_attributes(instance.class_name).items():
            object.__setattr__(made, name, value)
        for name, value in instance.attributes.items():
            if name == HELD and base is not None:
                if base in MUTABLE:
                    set_held(made, self.value_out(value))
            elif name.startswith(ITEM):
                own: Any = OrderedDict if issubclass(cls, OrderedDict) else dict
                own.__setitem__(made, name.removeprefix(ITEM), self.value_out(value))
            else:
                object.__setattr__(made, name, self.value_out(value))
        return made

    @staticmethod
    def _function_out(function_class: Any) -> Any:
        """The function of Python's that a function value stands for. Raises TsirError for one that the program made."""
        if (function := getattr(function_class, FUNCTION)) is None:
            raise TsirError(
                "a function that compiled code has made can't leave it",
                hint="return what it gives, or make the function outside and pass it",
                code="TS501",
            )
        return function

    def _record(self, instance: Instance) -> Record:
        values = {n: self.value_out(v) for n, v in instance.attributes.items()}
        items = {n.removeprefix(ITEM): v for n, v in values.items() if n.startswith(ITEM)}
        made = Record(instance.class_name, items, {n: v for n, v in values.items() if not n.startswith(ITEM)})
        self.made[id(instance)] = (instance, made)
        return made

    def _future_in(self, value: Any, expected: TypeText, where: str) -> Any:
        if isinstance(value, Future):
            return value
        if self.torch is None or not isinstance(value, self.torch.Future):
            raise mismatch(where, expected, type(value).__name__)
        return OutsideFuture(value, lambda v: self.value_in(v, expected.arguments[0], where))

    def any_in(self, value: Any) -> Any:
        """Converts a value without a declared type (`Any`)."""
        torch = self.torch
        if torch is not None:
            if isinstance(value, torch.Tensor):
                return self._array_of(torch, value)
            if (known := torch.value_in(value)) is not None:
                return known
        if isinstance(value, np.ndarray):
            self.saw_array = True
            return value
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, list):
            return [self.any_in(v) for v in value]
        if isinstance(value, dict):
            return converted_dict(value, self.any_in, self.any_in)
        if isinstance(value, tuple):
            items = [self.any_in(v) for v in value]
            fields = getattr(value, "_fields", None)
            if fields is None:
                return tuple(items)
            self.python_classes.setdefault(type(value).__name__, type(value))
            return named_tuple_class(type(value).__name__, tuple(fields))(*items)  # type: ignore[call-arg]
        if (instance := None if self.instances is None else self.instances.instance_of(value)) is not None:
            return instance
        if isinstance(value, enum.Enum) and (name := self.python_classes.enum_of(value)) is not None:
            return self.value_in(value, TypeText("class", symbol=name), "an argument")
        for symbol, cls in self.python_classes.items():
            if isinstance(cls, type) and type(value) is cls:
                return self.value_in(value, TypeText("class", symbol=symbol), "an argument")
        return value

    @property
    def gives_torch(self) -> bool:
        """Whether results become torch's objects."""
        return self.torch is not None and (bool(self.tensors) or not self.saw_array)

    def value_out(self, value: Any) -> Any:
        """Converts a result."""
        kind = type(value)
        if kind is np.ndarray:
            if self.torch is None or not self.gives_torch:
                return value
            known = self.tensors.get(id(value))
            if known is None:
                tensor = None if self.tensor_of is None else self.tensor_of(value)
                known = self.tensors[id(value)] = (value, self.torch.to_tensor(value) if tensor is None else tensor)
            return known[1]
        if kind in _PLAIN:
            return value
        if isinstance(value, np.generic):
            return self.value_out(np.asarray(value))
        if kind is list:
            for original, converted in self.lists.values():
                if converted is value:
                    write_list(self, original, converted)
                    return original
            if id(value) not in self.made:
                self.made[id(value)] = (value, [self.value_out(v) for v in value])
            return self.made[id(value)][1]
        if kind is deque:
            for original, converted in self.lists.values():
                if converted is value:
                    write_deque(self, original, converted)
                    return original
            if id(value) not in self.made:
                self.made[id(value)] = (value, deque((self.value_out(v) for v in value), value.maxlen))
            return self.made[id(value)][1]
        if kind in DICTS:
            for original, converted in self.lists.values():
                if converted is value:
                    write_dict(self, original, converted)
                    return original
            if id(value) not in self.made:
                made = converted_dict(
                    value, self.value_out, self.value_out, by_tensor=kind is TensorDict and not self.gives_torch
                )
                self.made[id(value)] = (value, made)
            return self.made[id(value)][1]
        if isinstance(value, tuple):
            if kind is Size:
                return value if self.torch is None or not self.gives_torch else self.torch.torch.Size(value)
            items = [self.value_out(v) for v in value]
            if not hasattr(value, "_fields"):
                return tuple(items)
            python_class = self.python_classes.get(kind.__name__)
            if python_class is None and self.torch is not None and self.gives_torch:
                of_operator: Any = getattr(self.torch.torch.return_types, kind.__name__, None)
                if getattr(of_operator, "__match_args__", None) == kind._fields:
                    return of_operator(items)
            return (python_class or kind)(*items)
        if isinstance(value, Listed | ScalarObject):
            return value.outside(self.value_out)
        if kind is set or kind is TensorSet:
            for original, converted in self.lists.values():
                if converted is value:
                    write_set(self, original, converted)
                    return original
            if id(value) not in self.made:
                own = TensorSet if kind is TensorSet and not self.gives_torch else set
                self.made[id(value)] = (value, own(self.value_out(v) for v in value))
            return self.made[id(value)][1]
        if kind is frozenset:
            return frozenset(self.value_out(v) for v in value)
        if isinstance(value, EnumMember):
            python_class = self.python_classes.get(value.class_name)
            if python_class is None:
                return value
            members = python_class.__members__
            return members[value.name] if value.name in members else python_class(value.value)
        if isinstance(value, Instance):
            return self._object_out(value)
        if isinstance(value, OutsideFuture):
            return value.future
        if isinstance(value, OutsideObject):
            return value.value
        if isinstance(value, Future) and self.torch is not None:
            return self.torch.future_out(value, self.value_out)
        if self.torch is not None and self.gives_torch and (known := self.torch.value_out(value)) is not None:
            return known
        return value

    def keep_made(self) -> None:
        """What was made for the program's lists, dicts and objects is known to stand for them, and follows their changes."""
        for value, made in list(self.made.values()):
            if isinstance(value, Instance):
                self.objects.setdefault(id(made), (made, value))
            elif type(value) in (list, deque) or type(value) in DICTS:
                self.lists.setdefault(id(made), (made, value))

    def resize(self) -> None:
        """The tensors whose sizes the program changed in place get them; raises OperatorError for an array that can't."""
        for array, now in take_resized():
            where = array.__array_interface__
            for known, tensor in list(self.tensors.values()):
                own = known.__array_interface__
                if known is array or (
                    own["data"] == where["data"] and known.shape == array.shape and own["strides"] == where["strides"]
                ):
                    assert self.torch is not None
                    self.torch.resize(tensor, known, now)
                    self.tensors[id(now)] = (now, tensor)
                    break
            else:
                resize_array(array, now)

    def write_back(self) -> None:
        """Lists and dicts that the program changed get their new contents, as the caller of a Python function would see."""
        write_back(self)


class OutsideFuture(Future):
    """A future of torch's; what it gives is converted when the program waits for it."""

    __slots__ = ("_convert", "future")

    def __init__(self, future: Any, convert: Callable[[Any], Any]) -> None:
        super().__init__()
        self.future = future
        self._convert = convert

    def set_result(self, result: Any) -> None:
        raise RuntimeError("compiled code can't complete a Future that it was given")

    def set_exception(self, error: BaseException) -> None:
        raise RuntimeError("compiled code can't complete a Future that it was given")

    def done(self) -> bool:
        return self.future.done()

    def wait(self) -> Any:
        return self._convert(self.future.wait())

    def value(self) -> Any:
        return self._convert(self.future.value())


class InstanceConverter:
    """How objects of compiled classes look outside; the runtime's objects implement it."""

    def instance_of(self, value: Any) -> Instance | None:
        """The instance behind an outside object, or None when there is none."""
        raise NotImplementedError

    def wrap(self, instance: Instance) -> Any:
        """The outside object of an instance."""
        raise NotImplementedError


def _same(value: Any) -> Any:
    return value


_VALUE_CLASSES: dict[str, Any] = {
    "dtype": DType,
    "device": Device,
    "layout": Layout,
    "memory_format": MemoryFormat,
    "generator": Generator,
}
_PLAIN = frozenset({int, float, bool, complex, str, bytes, type(None)})


def _best_member(expected: TypeText, kind: str) -> TypeText:
    members = expected.arguments
    return next((m for m in members if m.kind in (kind, "any")), members[0])


def parameter_types(entry: EntryPoint) -> list[TypeText]:
    """The parsed types of an entry point's parameters."""
    return [parse_type_text(p.type) for p in entry.parameters]
