"""The pickles of torch archives, by a machine that knows the opcodes that torch writes and no others.

Nothing is imported and nothing is called: a global is a name, of which a table says what applying it to arguments gives. The
archive's own classes become `Built` objects, with their state as it stands, which `loading.py` checks against the classes.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tsir.dialects.values import Device
from tsir.errors import ArchiveError, TsirError
from tsir.limits import Limits

ARCHIVE_PREFIX = "__torch__"
"""How the names of an archive's own classes begin."""


@dataclass(frozen=True)
class Global:
    """A name of a pickle's, `module.name`. It stands for nothing until it is applied."""

    name: str

    @property
    def is_own(self) -> bool:
        """Whether it is one of the archive's own classes."""
        return self.name.startswith(ARCHIVE_PREFIX + ".")


@dataclass(eq=False)
class Built:
    """An object of one of the archive's classes: by its attributes, or by what its `__getstate__` gave, or by arguments."""

    class_name: str
    state: Any = None
    arguments: tuple[Any, ...] | None = None
    """Of an enum's member its value, of a NamedTuple its fields."""


@dataclass(frozen=True)
class Storage:
    """A storage as a pickle names it."""

    kind: str
    key: str
    device: str
    numel: int


@dataclass(eq=False)
class TensorParts:
    """A tensor as a pickle describes it: elements of a storage, with offset, sizes and strides in elements."""

    storage: Storage
    offset: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]


class _Mark:
    """The mark on the stack."""


_MARK = _Mark()


class PickleError(ArchiveError):
    """A pickle that isn't one of torch's, or is damaged."""


def read_pickle(content: bytes, part: str, limits: Limits) -> Any:
    """What a pickle describes: lists, dicts, tuples, primitive values, `Built` objects, `TensorParts`, devices.

    `part` names it in errors. Raises PickleError, with the opcode or the name that is refused, and for values beyond the limits.
    """
    value = _Machine(part, 2 * limits.values).run(content)
    _check_depth(value, part, 2 * limits.depth)
    _check_count(value, part, limits.values)
    return value


class _Machine:
    def __init__(self, part: str, most: int) -> None:
        self.part = part
        self.most = most
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def refuse(self, what: str) -> PickleError:
        """The error that says what is wrong with the pickle."""
        return PickleError(f"{self.part}: {what}")

    def run(self, content: bytes) -> Any:
        """Carries out the opcodes up to STOP."""
        try:
            for count, (opcode, argument, _position) in enumerate(pickletools.genops(content)):
                if count > self.most:
                    raise self.refuse(f"a pickle of more than {self.most} opcodes isn't read")
                if opcode.name == "STOP":
                    break
                step = _STEPS.get(opcode.name)
                if step is None:
                    raise self.refuse(f"the pickle has opcode {opcode.name}, which torch.jit.save doesn't write")
                step(self, argument)
            if len(self.stack) != 1:
                raise self.refuse("the pickle doesn't end with one value")
            return self.pop()
        except TsirError:
            raise
        except (ValueError, TypeError, KeyError, IndexError, OverflowError, UnicodeError, RecursionError) as error:
            raise self.refuse(f"the pickle is damaged: {str(error)[:200]}") from error

    def pop(self) -> Any:
        """The top of the stack, which is no mark."""
        if not self.stack or self.stack[-1] is _MARK:
            raise self.refuse("the pickle takes a value that isn't there")
        return self.stack.pop()

    def top(self) -> Any:
        """The top of the stack, left there."""
        if not self.stack or self.stack[-1] is _MARK:
            raise self.refuse("the pickle uses a value that isn't there")
        return self.stack[-1]

    def to_mark(self) -> list[Any]:
        """The values above the topmost mark, taken from the stack with it."""
        at = next((i for i in range(len(self.stack) - 1, -1, -1) if self.stack[i] is _MARK), None)
        if at is None:
            raise self.refuse("the pickle takes values up to a mark that isn't there")
        values = self.stack[at + 1 :]
        del self.stack[at:]
        return values

    def push_tuple(self, count: int) -> None:
        """Makes a tuple of the topmost values."""
        self.stack.append(tuple(reversed([self.pop() for _ in range(count)])))

    def put(self, index: int) -> None:
        """Remembers the topmost value."""
        self.memo[index] = self.top()

    def get(self, index: int) -> None:
        """Pushes a value that was remembered."""
        if index not in self.memo:
            raise self.refuse(f"the pickle refers to value {index}, which isn't there")
        self.stack.append(self.memo[index])

    def number(self, value: int) -> None:
        """Pushes an int of 64 bits."""
        if not -(2**63) <= value < 2**63:
            raise self.refuse("the pickle has an int of more than 64 bits")
        self.stack.append(value)

    def global_(self, argument: str) -> None:
        """Pushes a name; only those of the archive's own classes and of torch's few builders pass."""
        name = argument.replace(" ", ".")
        if name not in _BUILDERS and name not in _NAMES and not Global(name).is_own:
            raise self.refuse(f"the pickle names {name[:200]}, which isn't allowed in a TorchScript archive")
        self.stack.append(Global(name))

    def reduce(self) -> None:
        """Applies a name to its arguments."""
        arguments, function = self.pop(), self.pop()
        if isinstance(function, Global) and function.is_own:  # torch gives a member of an enum its bare value
            given: tuple[Any, ...] = arguments if isinstance(arguments, tuple) else (arguments,)
            self.stack.append(Built(function.name, arguments=given))
            return
        if not isinstance(function, Global) or not isinstance(arguments, tuple):
            raise self.refuse("the pickle calls something that is no function")
        build = _BUILDERS.get(function.name)
        if build is None:
            raise self.refuse(f"the pickle calls {function.name}, which is no function")
        self.stack.append(build(self, arguments))  # pyright: ignore[reportUnknownArgumentType]

    def new_object(self) -> None:
        """An object of one of the archive's classes, without state yet."""
        arguments, cls = self.pop(), self.pop()
        if not isinstance(cls, Global) or not cls.is_own or arguments != ():
            raise self.refuse("the pickle makes an object of something that is no class of the archive")
        self.stack.append(Built(cls.name))

    def build(self) -> None:
        """Gives an object its state."""
        state, target = self.pop(), self.top()
        if not isinstance(target, Built) or target.state is not None:
            raise self.refuse("the pickle gives a state to something that has none")
        target.state = state

    def persistent(self) -> None:
        """A storage."""
        identity = self.pop()
        match identity:
            case ("storage", Global(name=kind), str() as key, str() as device, int() as numel, *rest) if (
                numel >= 0 and rest in ([], [None])  # torch up to 1.5 also says of which storage it is a view: none
            ):
                self.stack.append(Storage(kind.rpartition(".")[2], key, device, numel))
            case _:
                raise self.refuse("the pickle names a storage in an unknown way")

    def append(self, values: list[Any]) -> None:
        """Appends to the list on top."""
        target = self.top()
        if not isinstance(target, list):
            raise self.refuse("the pickle appends to something that is no list")
        target.extend(values)  # pyright: ignore[reportUnknownMemberType]

    def set_items(self, values: list[Any]) -> None:
        """Sets items of the dict on top."""
        target = self.top()
        if not isinstance(target, dict) or len(values) % 2:
            raise self.refuse("the pickle sets items of something that is no dict")
        table: dict[Any, Any] = target
        for key, value in zip(values[::2], values[1::2], strict=True):
            if not isinstance(key, str | int | float | bool | complex | TensorParts):
                raise self.refuse("the pickle has a dict with keys that no TorchScript dict has")
            table[key] = value


def _append_one(machine: _Machine) -> None:
    value = machine.pop()
    machine.append([value])


def _set_one(machine: _Machine) -> None:
    value, key = machine.pop(), machine.pop()
    machine.set_items([key, value])


def _protocol(machine: _Machine, version: int) -> None:
    if not 2 <= version <= 4:
        raise machine.refuse(f"the pickle is of protocol {version}")


def _constant(value: Any) -> Callable[[_Machine, Any], None]:
    return lambda m, _a: m.stack.append(value)


_STEPS: Mapping[str, Callable[[_Machine, Any], None]] = {
    "PROTO": _protocol,
    "MARK": _constant(_MARK),
    "NONE": _constant(None),
    "NEWTRUE": _constant(True),
    "NEWFALSE": _constant(False),
    "EMPTY_TUPLE": _constant(()),
    "EMPTY_LIST": lambda m, _a: m.stack.append([]),
    "EMPTY_DICT": lambda m, _a: m.stack.append({}),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1"), lambda m, a: m.number(a)),
    **dict.fromkeys(("BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"), lambda m, a: m.stack.append(a)),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), lambda m, a: m.put(a)),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), lambda m, a: m.get(a)),
    "TUPLE": lambda m, _a: m.stack.append(tuple(m.to_mark())),
    "TUPLE1": lambda m, _a: m.push_tuple(1),
    "TUPLE2": lambda m, _a: m.push_tuple(2),
    "TUPLE3": lambda m, _a: m.push_tuple(3),
    "APPEND": lambda m, _a: _append_one(m),
    "APPENDS": lambda m, _a: m.append(m.to_mark()),
    "SETITEM": lambda m, _a: _set_one(m),
    "SETITEMS": lambda m, _a: m.set_items(m.to_mark()),
    "GLOBAL": lambda m, a: m.global_(a),
    "REDUCE": lambda m, _a: m.reduce(),
    "NEWOBJ": lambda m, _a: m.new_object(),
    "BUILD": lambda m, _a: m.build(),
    "BINPERSID": lambda m, _a: m.persistent(),
    "POP": lambda m, _a: m.pop() and None,
}
"""What each opcode does."""


def _one(machine: _Machine, arguments: tuple[Any, ...]) -> Any:
    if not arguments or not isinstance(arguments[0], list | dict | tuple):
        raise machine.refuse("the pickle makes a list of something that is none")
    return arguments[0]  # pyright: ignore[reportUnknownVariableType]


def _complex(machine: _Machine, arguments: tuple[Any, ...]) -> complex:
    match arguments:
        case (float() as real, float() as imaginary):
            return complex(real, imaginary)
        case _:
            raise machine.refuse("the pickle makes a complex number of something else than two floats")


def _device(machine: _Machine, arguments: tuple[Any, ...]) -> Device:
    match arguments:
        case (str() as text,):
            return Device.parse(text)
        case (str() as text, int() as index):
            return Device.parse(f"{text}:{index}")
        case _:
            raise machine.refuse("the pickle makes a device of something else than its name")


def _tensor(machine: _Machine, arguments: tuple[Any, ...]) -> TensorParts:
    match arguments:
        case (Storage() as storage, int() as offset, tuple() as sizes, tuple() as strides, *_) if offset >= 0:
            numbers: tuple[Any, ...] = (*sizes, *strides)
            if len(sizes) == len(strides) <= 64 and all(isinstance(n, int) and 0 <= n < 2**62 for n in numbers):
                return TensorParts(storage, offset, tuple(sizes), tuple(strides))
            raise machine.refuse("the pickle has a tensor with wrong sizes or strides")
        case _:
            raise machine.refuse("the pickle describes a tensor in an unknown way")


def _refused(what: str) -> Callable[[_Machine, tuple[Any, ...]], Any]:
    def build(machine: _Machine, _arguments: tuple[Any, ...]) -> Any:
        raise machine.refuse(f"it has {what}, which tsir doesn't compute with")

    return build


_BUILDERS: Mapping[str, Callable[[_Machine, tuple[Any, ...]], Any]] = {
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_parameter": lambda m, a: a[0] if a else _tensor(m, a),
    "torch._utils._rebuild_qtensor": _refused("quantised tensors"),
    "torch._utils._rebuild_sparse_tensor": _refused("sparse tensors"),
    "torch._utils._rebuild_sparse_csr_tensor": _refused("sparse tensors"),
    "torch._utils._rebuild_nested_tensor": _refused("nested tensors"),
    "torch._utils._rebuild_meta_tensor_no_storage": _refused("tensors on device meta"),
    "torch._tensor._rebuild_from_type_v2": _refused("tensors of a Python class"),
    "collections.OrderedDict": lambda m, a: {},
    "builtins.complex": _complex,
    "torch.device": _device,
    "torch.jit._pickle.restore_type_tag": _one,
    **dict.fromkeys(
        (f"torch.jit._pickle.build_{kind}list" for kind in ("int", "tensor", "double", "bool")),
        _one,
    ),
}
"""What a name that isn't the archive's own gives when it is applied to arguments."""

_STORAGES = (
    "Double Float Half Long Int Short Char Byte Bool BFloat16 ComplexDouble ComplexFloat ComplexHalf QInt8 QInt32 QUInt8 QUInt4x2 "
    "QUInt2x4 UInt16 UInt32 UInt64 Float8_e4m3fn Float8_e5m2 Float8_e4m3fnuz Float8_e5m2fnuz Float8_e8m0fnu Untyped"
).split()
_NAMES = frozenset(f"torch.{kind}Storage" for kind in _STORAGES) | {
    "torch.storage.UntypedStorage",
    "torch.per_tensor_affine",
    "torch.per_channel_affine",
}
"""Names that stand for themselves."""


def _check_depth(value: Any, part: str, most: int) -> None:
    """Raises PickleError for containers that are nested too deeply, or that contain themselves: no archive's are.

    A module in a module counts twice: the object, and its attributes.
    """
    todo: list[tuple[Any, int]] = [(value, 0)]
    deepest: dict[int, int] = {}
    while todo:
        item, depth = todo.pop()
        if not isinstance(item, list | tuple | dict | Built):
            continue
        if depth > most:
            raise PickleError(f"{part}: values of the pickle nest deeper than {most}, or contain themselves")
        known = deepest.get(id(item))  # pyright: ignore[reportUnknownArgumentType]
        if known is not None and (known >= depth or isinstance(item, Built)):
            continue
        deepest[id(item)] = depth  # pyright: ignore[reportUnknownArgumentType]
        todo += [(v, depth + 1) for v in _inside(item)]


def _check_count(value: Any, part: str, most: int) -> None:
    """Raises PickleError for more values than `most`, where those of what is in several containers count each time.

    Objects count once: they are made once. The value doesn't contain itself.
    """
    counts: dict[int, int] = {}
    todo: list[tuple[Any, bool]] = [(value, False)]
    while todo:
        item, inside_is_counted = todo.pop()
        if not isinstance(item, list | tuple | dict | Built) or id(item) in counts:  # pyright: ignore[reportUnknownArgumentType]
            continue
        inner = _inside(item)
        if not inside_is_counted:
            todo.append((item, True))
            todo += [(v, False) for v in inner]
            continue
        total = len(inner) + sum(counts.get(id(v), 0) for v in inner if not isinstance(v, Built))
        if total > most:
            raise PickleError(f"{part}: the pickle stands for more than {most} values")
        counts[id(item)] = total  # pyright: ignore[reportUnknownArgumentType]


def _inside(item: Any) -> list[Any]:
    if isinstance(item, Built):
        return [item.state, *(item.arguments or ())]
    values: Any = item.values() if isinstance(item, dict) else item
    return [*values]
