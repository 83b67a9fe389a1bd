"""A program: what a frontend makes, an archive holds, and the runtime runs.

It is the `ts` module (classes and functions), the entry points with their signatures, and the root object for a module.
The IR may be given as text and is parsed when first needed, so that a program whose generated source is cached runs without
xDSL being imported.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tsir.dialects.listed import with_scalars
from tsir.dialects.values import Instance
from tsir.errors import TsirError

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from tsir.dialects.call_forms import CallForm, Given, Variant
    from tsir.dialects.pytrees import CallTrees
    from tsir.dialects.shape_policy import ShapePolicy


@dataclass(frozen=True)
class Parameter:
    """A parameter of an entry point. `type` is IR text, such as `!ts.tensor`; `default` a value as in `values.py`.

    `repeat` is how often one number stands in the list that the parameter is, as in `BroadcastingList2[int]`; else 0.
    `current` gives what a call takes that leaves the parameter out, in the process that compiled the program: for a value from
    outside, such as a global tensor, of which the default is what it was.
    """

    name: str
    type: str
    has_default: bool = False
    default: Any = None
    kwarg_only: bool = False
    repeat: int = 0
    current: Callable[[], Any] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "default", with_scalars(self.default))


@dataclass(frozen=True)
class EntryPoint:
    """A function or method that can be called from outside. `symbol` is its `func.func`.

    `takes_self` says that the function's first argument is the root object; `parameters` are the others. `doc` is the
    user's docstring.
    """

    name: str
    symbol: str
    parameters: tuple[Parameter, ...]
    result_type: str
    takes_self: bool = False
    doc: str | None = None
    others: OtherForms | None = None
    """What is known about calls of other forms; None where all calls are of this one."""
    shapes: ShapePolicy | None = None
    """Which sizes a user said vary; None: those vary that differ between calls."""
    trees: CallTrees | None = None
    """How the function's parameters and result make up what callers give and get, where that isn't the same."""


@dataclass(eq=False)
class OtherForms:
    """The variants of an entry point for calls of other forms than the one that it is compiled for: see `call_forms.py`."""

    keywords: bool = False
    """Whether calls may have arguments by other names than those of the parameters."""
    varargs: bool = False
    """Whether calls may have more arguments by place."""
    present: frozenset[str] = frozenset()
    """The parameters of which the program asks whether they are passed: a call that leaves one out is of another form."""
    bare: frozenset[str] = frozenset()
    """The parameters whose annotations don't say of what their containers are: a call with others is of another form."""
    variants: list[Variant] = field(default_factory=list["Variant"])
    make: Callable[[CallForm, Given], Variant] | None = None
    """Compiles a variant, in the process that compiled the program. Raises FrontendError."""


@dataclass(frozen=True, eq=False)
class OutsideVariable:
    """A variable of Python's that a program reads or writes."""

    name: str
    holder: Any
    """The module or class that has it; None for a variable of a function around."""
    key: Any
    """What two accesses to one variable have in common."""
    has_value: bool
    """Whether it had a value when the program was compiled."""
    is_mutable: bool = False
    """Whether it has lists, dicts or objects, of which a running program has its own until it ends."""
    initial: Any = None
    """That value, as in `values.py`, of a variable of a function around."""


@dataclass(eq=False)
class PythonFunction:
    """A function of this process that a compiled program calls, such as one marked with `torch.jit.ignore`."""

    key: str
    """What `ts.call_python` names."""
    name: str
    function: Callable[..., Any]
    result_type: str
    """IR text, such as `!ts.tensor`."""
    keywords: tuple[str | None, ...] = ()
    """For each operand the name by which it is passed, None for one that is passed by its place."""
    may_be_none: bool = False
    """Whether it says nothing about its result, so that it may also give nothing."""
    variable: OutsideVariable | None = None
    """What it reads, without an operand, or writes."""
    caller: Callable[[PythonFunction, Sequence[Any]], Any] | None = None
    """Calls the function with values of the program's and gives one: the runtime's conversions around it."""

    def __call__(self, *values: Any) -> Any:
        """The result for the program's values. Raises what the function raises, TypeError for a result of another type."""
        if self.caller is None:
            raise TsirError(f"{self.name}() can only be called by a program that is compiled for calls")
        return self.caller(self, values)


_python_functions: dict[str, PythonFunction] = {}


def add_python_function(
    name: str,
    function: Callable[..., Any],
    result_type: str,
    keywords: Sequence[str | None],
    *,
    may_be_none: bool = False,
) -> PythonFunction:
    """Makes a function known to compiled code, for as long as this process lives."""
    key = f"{name}#{len(_python_functions)}"
    made = _python_functions[key] = PythonFunction(key, name, function, result_type, tuple(keywords), may_be_none)
    return made


def python_function(key: str) -> PythonFunction:
    """The function that `ts.call_python` names. Raises TsirError in another process than the one that compiled the program."""
    found = _python_functions.get(key)
    if found is None:
        name = key.partition("#")[0]
        raise TsirError(f"{name}() is Python code that isn't part of the program; only the process that compiled it has it")
    return found


@dataclass
class Program:
    """A compiled program. `entry_points` by name (`forward` first for a module, the function's own name for a function)."""

    load_module: Callable[[], ModuleOp]
    entry_points: dict[str, EntryPoint]
    root: Instance | None = None
    sources: dict[int, Any] = field(default_factory=dict[int, Any])
    """The torch tensor behind each array of the root's attributes, by `id(array)`; empty for a loaded program.

    Use `source_of` and `add_source`: they know which arrays still live.
    """
    content_hash: str | None = None
    """A hash of the IR and signatures that stands for the program in caches; None: computed from the IR's text."""
    exceptions: dict[str, type[BaseException]] = field(default_factory=dict[str, type[BaseException]])
    """The user's own exception classes by name, for a program of this process: what the caller's `except` knows."""
    classes: MutableMapping[str, Any] = field(default_factory=dict[str, Any])
    """The user's own enums, NamedTuples and script classes by name, for a program of this process: what results are made of."""
    origins: dict[int, Any] = field(default_factory=dict[int, Any], repr=False)
    """The Python module that each `Instance` was made of, by `id`, for a program of this process that was compiled from source."""
    python_attributes: dict[str, dict[str, Any]] = field(default_factory=dict[str, "dict[str, Any]"], repr=False)
    """What objects that the program makes have beside their attributes, by the names of their classes, in this process."""
    weights_check: Callable[[], None] | None = None
    """Compares the weights of an archive with their checksum, before they are used for the first time; see `check_weights`."""
    is_function: bool = False
    """Whether it is a function although it has a root: the module that it is a method of, or what holds the modules it uses."""
    python_functions: list[PythonFunction] = field(default_factory=list[PythonFunction], repr=False)
    """The functions of this process that the program calls."""
    _module: ModuleOp | None = None
    _exposed: dict[int, weakref.ref[Any]] = field(default_factory=dict[int, "weakref.ref[Any]"], repr=False)
    _living: dict[int, weakref.ref[Any]] = field(default_factory=dict[int, "weakref.ref[Any]"], repr=False)

    @property
    def module(self) -> ModuleOp:
        """The `ts` module. Parsed or built at the first call; never changed in place by its users: clone it."""
        if self._module is None:
            self._module = self.load_module()
        return self._module

    def check_weights(self) -> None:
        """Has to be called before weights are read. Raises ArchiveError when those of a file that was opened are damaged."""
        if (check := self.weights_check) is not None:
            check()
            self.weights_check = None

    def class_attributes(self) -> Iterator[tuple[str, str, Any]]:
        """Each attribute of each class, in order: the class's name, the attribute's, and the properties of its `ts.attribute`."""
        return attributes_of(self.module)

    def interfaces(self) -> dict[str, list[str]]:
        """The interfaces of the program by name, and the methods that it calls of each."""
        found: dict[str, list[str]] = {}
        for operation in self.module.body.block.ops:
            properties: Any = operation.properties
            if operation.name == "ts.class" and properties["kind"].data == "interface":
                members: list[Any] = [m.properties for m in operation.regions[0].block.ops if m.name == "ts.method"]
                found[properties["sym_name"].data] = [m["method_name"].data.partition("$")[0] for m in members]
        return found

    def enums(self) -> set[str]:
        """The names of the program's enums."""
        classes: list[Any] = [op.properties for op in self.module.body.block.ops if op.name == "ts.class"]
        return {p["sym_name"].data for p in classes if p["kind"].data == "enum"}

    def __post_init__(self) -> None:
        for array in arrays_in(self.root):
            if id(array) in self.sources:
                self.add_source(array, self.sources[id(array)])

    def source_of(self, array: Any) -> Any:
        """The torch tensor behind an array that belongs to the root, or None."""
        reference = self._living.get(id(array))
        return self.sources[id(array)] if reference is not None and reference() is array else None

    def add_source(self, array: Any, tensor: Any) -> None:
        """Says that an array is a tensor's memory. It is forgotten when the array dies, for its `id` may come back then."""
        key = id(array)

        def forget(_: object) -> None:
            self.sources.pop(key, None)
            self._living.pop(key, None)

        self.sources[key] = tensor
        self._living[key] = weakref.ref(array, forget)

    def expose(self, array: Any) -> None:
        """Says that an array was given away: it may be written at any time, and nobody counts such writes."""
        key = id(array)
        self._exposed[key] = weakref.ref(array, lambda _: self._exposed.pop(key, None))

    def is_exposed(self, array: Any) -> bool:
        """Whether an array was given away."""
        reference = self._exposed.get(id(array))
        return reference is not None and reference() is array


def attributes_of(module: ModuleOp) -> Iterator[tuple[str, str, Any]]:
    """As `Program.class_attributes`, of a module."""
    for operation in module.body.block.ops:
        if operation.name != "ts.class":
            continue
        properties: Any = operation.properties
        for member in operation.regions[0].block.ops:
            if member.name == "ts.attribute":
                own: Any = member.properties
                yield properties["sym_name"].data, own["attr_name"].data, own


def arrays_in(root: Any) -> Iterator[Any]:
    """Every array in an object's attributes and in the containers there, some more than once."""
    seen: set[int] = set()
    todo: list[Any] = [root]
    while todo:
        value = todo.pop()
        if isinstance(value, Instance | list | tuple | dict):
            if id(value) not in seen:
                seen.add(id(value))
                items: Any = value.attributes if isinstance(value, Instance) else value
                todo.extend(items.values() if isinstance(items, dict) else items)
        elif hasattr(value, "__array_interface__"):
            yield value
