"""What an expression or a variable is while a function is being compiled: the sugared values.

A run-time value is an `SSAValue` wrapped in `Run`. Everything that Python knows but the program doesn't hold at run time is a
value of its own: constants, static tuples, Python objects, functions, methods, iterables. This module only says what there
is; calling, reading attributes and iterating are in the modules named after that.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from xdsl.ir import Attribute, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.attributes import EnumValueAttr
from tsir.dialects.values import name_of_member
from tsir.frontend.constants import Constant, type_of_constant

if TYPE_CHECKING:
    from tsir.dialects.program import EntryPoint, Program
    from tsir.frontend.script.classes import ClassInfo
    from tsir.frontend.script.source import FunctionSource


@dataclass(frozen=True)
class Run:
    """A value that exists at run time, with its static type.

    `tuple_like`: in Python it is a tuple of a length that isn't known ("tuple"), or a torch.Size ("size"). Here it is a list that
    nothing changes; it becomes a tuple where it leaves the program. A "range" and what `d.keys()`, `d.items()` and `d.values()` give
    ("keys", "items", "values") are lists, too (`listed.py`), of which operators take the first two of a dict as sets.
    A number may be one of NumPy's, of the class that this names.
    """

    ssa: SSAValue
    tuple_like: str | None = None

    @property
    def type(self) -> Attribute:
        """The static type."""
        return self.ssa.type

    @property
    def is_tuple(self) -> bool:
        """Whether it is a tuple in Python and a list here."""
        return self.tuple_like in ("tuple", "size") or isinstance(self.type, ts.TupleOfType)


@dataclass(frozen=True, eq=False)
class Const:
    """A Python constant; it becomes an operation where it is used as a run-time value."""

    value: Constant
    numpy: str = ""
    """The NumPy class of a number that is one of `NUMPY_KINDS`."""

    @property
    def type(self) -> Attribute:
        """The static type."""
        return type_of_constant(self.value)

    def same(self, other: Const) -> bool:
        """Whether both are the same constant: `1`, `1.0` and `True` differ, and so do `0.0` and `-0.0`."""
        a, b = self.value, other.value
        if type(a) is not type(b) or self.numpy != other.numpy:
            return False
        if isinstance(a, float) and isinstance(b, float):
            return (a == b and math.copysign(1, a) == math.copysign(1, b)) or (a != a and b != b)
        return a == b


NUMPY_KINDS = frozenset(
    "bool float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 complex64 complex128".split()
)
"""The classes of NumPy's scalars, by their dtypes."""

NONE = Const(None)
TRUE = Const(True)
FALSE = Const(False)


@dataclass(frozen=True, eq=False)
class EnumValue:
    """A member of an enum, known while compiling."""

    member: enum.Enum
    type: ts.ClassType

    @property
    def attribute(self) -> EnumValueAttr:
        """The constant's attribute."""
        return EnumValueAttr(self.type.symbol, name_of_member(self.member))


@dataclass(frozen=True, eq=False)
class StaticTuple:
    """A tuple whose elements are known one by one, so that modules and functions may be among them.

    `named` is the NamedTuple's type where it is one.
    """

    elements: tuple[Value, ...]
    named: ts.NamedTupleType | None = None


@dataclass(frozen=True, eq=False)
class Chain(StaticTuple):
    """A part of an `nn.Sequential`, which can be called as one."""


@dataclass(frozen=True)
class Origin:
    """A list or dict from outside, which is a constant of the program as long as the program doesn't change it."""

    value: Any
    """The list or dict, or the one that it is in."""


@dataclass(frozen=True, eq=False)
class StaticDict:
    """A dict with constant keys whose values are known one by one: `**kwargs`, the items of a ModuleDict.

    `ref` is the key of its contents among the emitter's variables, where they may change; the others are constants, of which
    `origin` says where one from outside is (`Origin`).
    """

    items: dict[Any, Value]
    ref: str | None = None
    origin: Origin | None = None


@dataclass(frozen=True, eq=False)
class StaticObject:
    """An object that the program makes whose attributes are known one by one, as `ref` says among the emitter's variables.

    Of a class derived from dict, `items` are the dict's.
    """

    cls: type
    attributes: dict[str, Value]
    ref: str
    items: dict[Any, Value] | None = None


@dataclass(frozen=True, eq=False)
class StaticList:
    """A list of a module's or a class's constants: written out anew wherever it is used as a run-time value.

    One with a `ref` is a list of the program's, as `StaticDict`; `origin` says where one from outside is (`Origin`).
    """

    elements: tuple[Value, ...]
    ref: str | None = None
    origin: Origin | None = None


@dataclass(frozen=True, eq=False)
class PyObject:
    """A Python object that is no run-time value: a module, a type, a built-in or torch function."""

    value: Any
    name: str


@dataclass(frozen=True, eq=False)
class PyFunction:
    """A function written in Python; it is compiled when it is called. `receiver` is bound to its first parameter."""

    function: Any
    receiver: Value | None = None
    owner: ClassInfo | None = None
    """The class whose method this is, when it is one."""
    overridden: str | None = None
    """The name of the attribute that it is, where the receiver's own class may have another method of that name."""


@dataclass(frozen=True, eq=False)
class Scope:
    """Where names of a function are looked up: among its frame's variables, then in the scope around it.

    `frame` tells apart the functions that are inlined into one; `names` are those that the function assigns.
    """

    frame: int
    names: frozenset[str]
    outer: Scope | None = None


@dataclass(frozen=True, eq=False)
class Closure:
    """A lambda or a local function: inlined where it is called, with the variables around it as they are then."""

    source: FunctionSource
    scope: Scope
    """That of the function it stands in."""
    defaults: dict[str, Value]
    wrapped: Value | None = None
    """What `functools.wraps` says that it stands for."""

    def is_same(self, other: Closure) -> bool:
        """Whether calls of both do the same: they are of one place in one run of the function around, and have no defaults."""
        return (
            self.source is other.source
            and self.scope.frame == other.scope.frame
            and not self.defaults
            and not other.defaults
        )


@dataclass(frozen=True, eq=False)
class GeneratorCall:
    """A call of a generator, of which nothing has run yet. It can be used once: its body goes where its elements are used."""

    source: FunctionSource
    bound: dict[str, Value]
    """Its parameters."""
    outer: Scope | None
    """That of the function it stands in, for a local one."""
    name: str


@dataclass(frozen=True, eq=False)
class ManagerFunction:
    """A local generator function decorated with `contextlib.contextmanager`."""

    function: Value


@dataclass(frozen=True, eq=False)
class Manager:
    """A context manager that is a generator, which hasn't begun yet."""

    generator: GeneratorCall


@dataclass(frozen=True, eq=False)
class Coroutine:
    """A generator that may be used in several places: what it has come to is in variables of its frame.

    `step` is the function that goes on to the next `yield`.
    """

    step: Closure | None
    """None of an iterator over a list or the like."""
    frame: int
    name: str


@dataclass(frozen=True, eq=False)
class Partial:
    """`functools.partial(function, *args, **kwargs)`."""

    function: Value
    args: tuple[Value, ...]
    kwargs: dict[str, Value]


@dataclass(frozen=True, eq=False)
class Choice:
    """One of several values that don't exist at run time, such as functions: the one with this number (an `i64`)."""

    number: SSAValue
    options: tuple[Value, ...]


@dataclass(frozen=True, eq=False)
class Map:
    """`map(function, *iterables)`."""

    function: Value
    iterables: tuple[Value, ...]


@dataclass(frozen=True, eq=False)
class Filter:
    """`filter(function, iterable)`."""

    function: Value
    iterable: Value


@dataclass(frozen=True, eq=False)
class DTypeInfo:
    """`torch.finfo(dtype)` or `torch.iinfo(dtype)` of a dtype that isn't a constant."""

    dtype: SSAValue
    integer: bool


@dataclass(frozen=True, eq=False)
class ExceptionValue:
    """An exception that the program has made and not raised yet."""

    cls: type[BaseException]
    arguments: tuple[Value, ...]


@dataclass(frozen=True, eq=False)
class RaisedException:
    """An exception at run time: what `except ... as name` binds. `cls` is a class that it is known to be of."""

    ssa: SSAValue
    cls: type | None = None


@dataclass(frozen=True, eq=False)
class ExceptionClass:
    """`type(error)` of an exception at run time."""

    ssa: SSAValue
    cls: type | None = None


@dataclass(frozen=True, eq=False)
class Method:
    """A method of a built-in type: `x.relu`, `items.append`."""

    receiver: Value
    name: str


@dataclass(frozen=True, eq=False)
class Object:
    """An object of a compiled class: a module or an object of a script class."""

    ssa: SSAValue
    info: ClassInfo

    @property
    def type(self) -> Attribute:
        """The static type."""
        return self.ssa.type


@dataclass(frozen=True, eq=False)
class ObjectDict:
    """`vars(object)`: the attributes of an object by their names, as they are when they are looked at (`object_dicts.py`)."""

    holder: Object


@dataclass(frozen=True, eq=False)
class ImportedMethod:
    """What a `PyObject` has that is a method of a compiled module without Python source, bound to its object."""

    program: Program
    entry: EntryPoint
    receiver: Object


@dataclass(frozen=True, eq=False)
class Super:
    """`super()` in a method: attributes are looked up after `after` in the order of resolution of the object's class."""

    receiver: Object | StaticObject | PyObject
    after: type


@dataclass(frozen=True, eq=False)
class DictView:
    """`d.keys()`, `d.values()` or `d.items()`, as a variable holds it: `name` of the dict, which says what it has when it is used."""

    container: SSAValue
    name: str


@dataclass(frozen=True, eq=False)
class Range:
    """`range(start, stop, step)`."""

    start: Value
    stop: Value
    step: Value


@dataclass(frozen=True, eq=False)
class Slice:
    """`slice(start, stop, step)`, and what stands between the brackets in `items[start:stop:step]`; what isn't given is None."""

    start: Value
    stop: Value
    step: Value

    @property
    def constant(self) -> slice | None:
        """The slice, when its parts are constants."""
        parts = [p.value for p in (self.start, self.stop, self.step) if isinstance(p, Const)]
        return slice(*parts) if len(parts) == 3 else None


@dataclass(frozen=True, eq=False)
class Spread:
    """`*values` among a call's arguments, of values whose number isn't known while compiling."""

    values: Value


@dataclass(frozen=True, eq=False)
class Enumerate:
    """`enumerate(iterable, start)`."""

    iterable: Value
    start: Value


@dataclass(frozen=True, eq=False)
class Zip:
    """`zip(*iterables)`."""

    iterables: tuple[Value, ...]
    strict: Value | None = None


@dataclass(frozen=True, eq=False)
class Reversed:
    """`reversed(iterable)`."""

    iterable: Value


@dataclass(frozen=True, eq=False)
class Builtin:
    """A function that the compiler itself carries out: `isinstance`, `torch.jit.annotate`; see `builtins.py`."""

    name: str


@dataclass(frozen=True, eq=False)
class Body:
    """What a function does that has no tree, among the values of its parameters."""

    emit: Callable[[Any], None]


@dataclass(frozen=True, eq=False)
class Unusable:
    """A variable that can't be read here; `why` completes the message, `hint` says what to do."""

    why: str
    hint: str | None = None
    is_unassigned: bool = False
    """Whether it is that some path doesn't assign the variable: `end` is where the branch that doesn't ends, None for a loop."""
    end: tuple[int, int] | None = None


Value: TypeAlias = (
    Run | Const | EnumValue | StaticTuple | StaticDict | StaticList | PyObject | PyFunction | Method | Object | Super | Range
    | DictView
    | Slice | Spread | Enumerate | Zip | Reversed | Builtin | Unusable | Closure | Partial | Choice | Map | Filter
    | StaticObject | Body | GeneratorCall | Coroutine | Manager | ManagerFunction
    | ObjectDict
    | ExceptionValue | RaisedException | ExceptionClass | DTypeInfo
)  # fmt: skip


def is_declined(value: Value) -> bool:
    """Whether a value is `NotImplemented`, by which a method for an operator leaves it to the other operand."""
    return isinstance(value, PyObject) and value.value is NotImplemented


SET_LIKE = ("keys", "items")
"""The views of a dict that are sets for operators."""

ITERATORS = (GeneratorCall, Enumerate, Zip, Map, Filter, Reversed)
"""Values of Python's iterators that keep no progress: it must not be asked for twice for their elements."""


@dataclass(frozen=True, eq=False)
class Binding:
    """What a variable is bound to. A refinement keeps the binding that it refines, so that it isn't taken for an assignment."""

    value: Value
    refines: Binding | None = None

    @property
    def origin(self) -> Binding:
        """The assignment behind this binding."""
        binding = self
        while binding.refines is not None:
            binding = binding.refines
        return binding


@dataclass
class Place:
    """Something that can be assigned to, with its parts evaluated once: for augmented assignment."""

    read: Callable[[], Value]
    write: Callable[[Value], None]


Facts: TypeAlias = dict[str, Attribute | Binding]
"""What a condition says: a path (`x`, `self.bias`) has this type, or a name this value."""


@dataclass
class Condition:
    """A condition: a constant or an `i1`, and what is known about names when it holds and when it doesn't."""

    value: bool | SSAValue
    when_true: Facts = field(default_factory=dict[str, "Attribute | Binding"])
    when_false: Facts = field(default_factory=dict[str, "Attribute | Binding"])

    def negated(self) -> Condition:
        """`not` of this condition; a run-time value is left for the caller to negate."""
        value = not self.value if isinstance(self.value, bool) else self.value
        return Condition(value, self.when_false, self.when_true)
