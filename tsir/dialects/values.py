"""The Python values that a running program works with, beside Python's own and NumPy's.

A tensor is a `numpy.ndarray` (bfloat16: with `ml_dtypes`' dtype), int/float/bool/complex/str/None/list/dict/set/tuple are
Python's own, a dtype is a `DType`. What is left is here: objects of compiled classes, enum members, named tuples, devices.
Nothing here needs xDSL or torch, so that an archive runs without both.
"""

from __future__ import annotations

import copy
import math
from collections import namedtuple
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast
from weakref import WeakValueDictionary

from tsir.errors import OperatorError, TsirError

DEVICE_TYPES = (
    "cpu", "cuda", "ipu", "xpu", "mkldnn", "opengl", "opencl", "ideep", "hip", "ve", "fpga", "maia", "xla", "lazy", "vulkan",
    "mps", "meta", "hpu", "mtia", "privateuseone",
)  # fmt: skip
"""The names that torch knows devices by."""


@dataclass(frozen=True)
class Device:
    """`torch.device`: tsir computes on the CPU; others are accepted as values and refused when computed on."""

    type: str
    index: int | None = None

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device(type='{self.type}'" + (")" if self.index is None else f", index={self.index})")

    @staticmethod
    def parse(text: str) -> Device:
        """`cpu`, `cuda:1`. Raises OperatorError for other texts."""
        kind, colon, index = text.partition(":")
        if kind not in DEVICE_TYPES:
            raise OperatorError(f"Expected one of {', '.join(DEVICE_TYPES)} device type at start of device string: {text}")
        if colon and not (index.isascii() and index.isdecimal() and str(int(index)) == index):
            raise OperatorError(f"Invalid device string: '{text}'")
        return Device(kind, int(index) if index else None)


CPU = Device("cpu")


class Size(tuple[int, ...]):
    """`torch.Size`: a tuple of ints that prints as torch's. Compared with a list, which a program has for sizes, it is one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def __getitem__(self, index: Any) -> Any:
        found: Any = tuple.__getitem__(self, index)
        return Size(found) if isinstance(index, slice) else found

    def __add__(self, other: Any) -> Any:
        return Size((*self, *other))

    def __radd__(self, other: Any) -> Any:
        return Size((*other, *self))

    def __eq__(self, other: object) -> bool:
        return tuple.__eq__(self, tuple(cast("list[int]", other)) if isinstance(other, list) else other)

    def __lt__(self, other: Any) -> bool:
        return tuple.__lt__(self, tuple(other))

    def __le__(self, other: Any) -> bool:
        return tuple.__le__(self, tuple(other))

    def __gt__(self, other: Any) -> bool:
        return tuple.__gt__(self, tuple(other))

    def __ge__(self, other: Any) -> bool:
        return tuple.__ge__(self, tuple(other))

    __hash__ = tuple[int, ...].__hash__

    def numel(self) -> int:
        """The product of the sizes."""
        return math.prod(self)


@dataclass(frozen=True)
class _Interned:
    """A named value that exists once, so that `is` compares it as it compares torch's own."""

    name: str

    _known: ClassVar[dict[tuple[type, str], Any]] = {}

    def __new__(cls, name: str) -> Any:
        return cls._known.get((cls, name)) or cls._known.setdefault((cls, name), super().__new__(cls))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name,)

    def __repr__(self) -> str:
        return f"torch.{self.name}"


class Layout(_Interned):
    """`torch.layout`, such as `strided`."""


class MemoryFormat(_Interned):
    """`torch.memory_format`, such as `contiguous_format`."""


@dataclass(eq=False)
class Instance:
    """An object of a `ts.class` (a module, a script class): its attributes by name, in order of definition.

    `version` grows whenever an attribute is set from outside compiled code, so that specialisations that took the old value
    for a constant are not used again.
    """

    class_name: str
    attributes: dict[str, Any] = field(default_factory=dict[str, Any])
    version: int = 0
    given: set[str] = field(default_factory=set[str])
    """The paths of tensors that were also in arguments or changing attributes: compiled code doesn't take them for its own."""

    def __copy__(self) -> Instance:
        return Instance(self.class_name, copy.copy(self.attributes))

    def set(self, name: str, value: Any) -> None:
        """Sets an attribute from outside compiled code."""
        self.attributes[name] = value
        self.version += 1

    def tensor(self, path: str) -> Any:
        """The tensor (an array) at a dotted path of attributes. Raises TsirError when there is none."""
        value: Any = self
        for name in path.split("."):
            if not isinstance(value, Instance) or name not in value.attributes:
                raise TsirError(f"the object has no tensor '{path}' that the compiled code needs")
            value = value.attributes[name]
        if type(value).__module__ != "numpy":
            raise TsirError(f"'{path}' is no tensor but {type(value).__name__}")
        return value

    # Classes that define an order are compared by their methods: these are for the message, which names the program's classes.
    def __lt__(self, other: object) -> bool:
        return self._refuse_order("<", other)

    def __gt__(self, other: object) -> bool:
        return self._refuse_order(">", other)

    def __le__(self, other: object) -> bool:
        return self._refuse_order("<=", other)

    def __ge__(self, other: object) -> bool:
        return self._refuse_order(">=", other)

    def _refuse_order(self, symbol: str, other: object) -> bool:
        if not isinstance(other, Instance):
            return NotImplemented
        names = f"'{self.class_name}' and '{other.class_name}'"
        raise TypeError(f"'{symbol}' not supported between instances of {names}")


ITEM = "item."
"""How the attributes begin that are the items of an object of a class derived from dict."""


class Record(dict[str, Any]):
    """The plain form of an object of a class derived from dict, where the class itself isn't known, as in a loaded program.

    It has the object's items and attributes; an int or a slice in `record[...]` takes from the tuple of the items' values, as it
    does of the outputs of transformers' models.
    """

    def __init__(self, class_name: str, items: dict[str, Any], attributes: dict[str, Any]) -> None:
        super().__init__(items)
        self.__dict__.update(attributes)
        self._class_name = class_name

    def __getitem__(self, key: Any) -> Any:
        return self.to_tuple()[key] if isinstance(key, int | slice) else super().__getitem__(key)

    def to_tuple(self) -> tuple[Any, ...]:
        """The items' values."""
        return tuple(self.values())

    @property
    def class_name(self) -> str:
        """What the class is called in the program."""
        return self._class_name

    def __repr__(self) -> str:
        return f"{self._class_name}({', '.join(f'{k}={v!r}' for k, v in self.items())})"


@dataclass(frozen=True)
class EnumMember:
    """A member of a compiled enum. Members are equal when class and name are."""

    class_name: str
    name: str
    value: Any = field(compare=False)


def name_of_member(member: Any) -> str:
    """The name that a program has for an enum's member: of a combination of flags, which isn't among the members, its value."""
    members: Any = type(member)
    return member.name if member.name in [m.name for m in members] else str(member.value)


@dataclass(frozen=True, eq=False)
class OutsideObject:
    """An object that isn't the program's, given for an interface: its methods are called where it comes from.

    `call(name, arguments, result_type)` does so, with the arguments and the result as the program has them.
    """

    value: Any
    call: Callable[[str, Sequence[Any], str], Any] = field(repr=False)


class Future:
    """What `fork` gives: a call that has happened, with its result or its exception. It may also be set from outside."""

    __slots__ = ("_error", "_is_done", "_result")

    def __init__(self) -> None:
        self._is_done = False
        self._result: Any = None
        self._error: BaseException | None = None

    def set_result(self, result: Any) -> None:
        """Ends the call. Raises RuntimeError when it has ended before."""
        self._end()
        self._result = result

    def set_exception(self, error: BaseException) -> None:
        """Ends the call by an exception. Raises RuntimeError when it has ended before."""
        self._end()
        self._error = error

    def _end(self) -> None:
        if self._is_done:
            raise RuntimeError("Attempting to mark a completed Future as complete again.")
        self._is_done = True

    def done(self) -> bool:
        """Whether the call has ended."""
        return self._is_done

    def wait(self) -> Any:
        """The call's result. Raises its exception, or RuntimeError for a call that hasn't ended: nothing else could end it."""
        if not self._is_done:
            raise RuntimeError("wait() on a Future that nothing will complete")
        if self._error is not None:
            raise self._error
        return self._result

    def value(self) -> Any:
        """As `wait`."""
        return self.wait()


_named_tuples: dict[tuple[str, tuple[str, ...]], type[tuple[Any, ...]]] = {}


def named_tuple_class(name: str, fields: tuple[str, ...]) -> type[tuple[Any, ...]]:
    """The NamedTuple class with this name and these fields; the same class for the same arguments."""
    key = (name, fields)
    if key not in _named_tuples:
        _named_tuples[key] = namedtuple(name.rpartition(".")[2], fields)  # type: ignore[misc]
    return _named_tuples[key]


FUNCTION = "__tsir_function__"
"""The attribute of a function value's class that has the function of Python's which it stands for, if there is one."""

IN_PYTHON = "__tsir_python__"
"""The attribute of a class whose objects stand for Python's, such as slices: what makes Python's of the values of its attributes."""

_functions: WeakValueDictionary[tuple[Any, ...], Any] = WeakValueDictionary()


def one_function(function: Any) -> Any:
    """The one object for all function values of the same class that have the same objects in their attributes."""
    own: dict[str, Any] = function.attributes if isinstance(function, Instance) else vars(function)
    cls = function.class_name if isinstance(function, Instance) else type(function)
    return _functions.setdefault((cls, *map(id, own.values())), function)


def uninitialized(kind: Any) -> Any:
    """A value of this type that is never read: what `m.code` shows where a path gives a variable none. None in plain Python."""
    return None
