"""The names that a printed program's functions share: imports, classes, functions, and how types are spelled.

A name of another module is imported where it is first used; a class of the user's is imported where Python can find it by its
name, and defined in the text where it can't (the program was loaded from a file, or the class is a local one).
"""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, cast

from xdsl.dialects.builtin import IntegerType, ModuleOp, StringAttr
from xdsl.ir import Attribute, Operation

from tsir.dialects.program import PythonFunction
from tsir.dialects.ts import types
from tsir.dialects.ts.structure import AttributeOp, ClassOp, MethodOp
from tsir.dialects.values import ITEM
from tsir.lowering.to_python.outside_variables import OutsideVariables

_MODULES = (
    "math",
    "torch",
    "tsir",
    "warnings",
    "logging",
    "builtins",
    "collections",
    "heapq",
    "copy",
    "re",
    "bisect",
    "numpy",
    "statistics",
    "random",
    "time",
)

MADE = "ts.made"
"""The attribute of a `ts.new` that says which call makes the object: `module:name` of the class, and the arguments."""

_WORD = re.compile(r"\w+")
_PLAIN_TYPES: dict[type[Attribute], tuple[str, str]] = {
    types.TensorType: ("torch", "Tensor"),
    types.BuiltinTensorType: ("torch", "Tensor"),
    types.NumberType: ("numbers", "Number"),
    types.AnyType: ("typing", "Any"),
}
_NAMED_TYPES: dict[type[Attribute], str] = {
    types.StrType: "str",
    types.BytesType: "bytes",
    types.DTypeType: "torch.dtype",
    types.DeviceType: "torch.device",
    types.LayoutType: "torch.layout",
    types.MemoryFormatType: "torch.memory_format",
    types.GeneratorType: "torch.Generator",
    type(types.FLOAT): "float",
    type(types.COMPLEX): "complex",
    type(types.NONE): "None",
}
_GENERIC_TYPES: dict[type[Attribute], str] = {
    types.OptionalType: "Optional",
    types.ListType: "List",
    types.SetType: "Set",
    types.FrozenSetType: "FrozenSet",
    types.DequeType: "Deque",
}


class Names:
    """The names of one printed program.

    `classes` are the user's own Python classes by their symbols, `python_functions` the functions of this process that the program
    calls by their keys, where they are known.
    """

    def __init__(
        self,
        module: ModuleOp,
        classes: Mapping[str, type],
        python_functions: Mapping[str, PythonFunction],
        reserved: Sequence[str],
    ) -> None:
        self._python_classes = classes
        self.python_functions = python_functions
        self._places: dict[str, str] = {}
        """Where Python finds the classes of new objects, as `module:name`, by their symbols."""
        self._imports: dict[str, set[str]] = {}
        self._modules: set[str] = set()
        self._class_names: dict[str, str] = {}
        self._named_tuples: dict[types.NamedTupleType, str] = {}
        self.constants: dict[str, Any] | None = None
        """Tensors that the text reads as attributes of `CONSTANTS`; None where it has them in full."""
        self.classes: dict[str, ClassOp] = {}
        self.functions: dict[str, Operation] = {}
        """By their symbols."""
        self.methods: dict[str, str] = {}
        """The name of the method that a function is, by its symbol."""
        self.exception_methods: dict[str, dict[str, str]] = {}
        """The functions that are the methods of exception classes, by the symbol of the class and the method's name."""
        self.set_attributes: set[str] = set()
        """The names of the attributes that some function of the program assigns."""
        self._bodies: set[str] = set()
        """The symbols of the functions that classes have as methods, under a name of its own each."""
        self._defined: set[str] = set()
        self.to_define: list[str | types.NamedTupleType] = []
        """The classes whose definitions are part of the text, in order of their first use."""
        self.to_print: list[str] = []
        """The symbols of the functions that are called, in order of their first use."""
        self.by_name: dict[str, list[str]] = {}
        """The parameters of functions that are only passed by name, which are the last ones."""
        self._function_names: dict[str, str] = {}
        self.taken: set[str] = {*keyword.kwlist, *_MODULES, *reserved}
        for operation in module.body.block.ops:
            if isinstance(operation, ClassOp):
                self._read_class(operation)
            elif operation.name == "func.func":
                self.functions[cast(Any, operation).sym_name.data] = operation
        for symbol, function in self.functions.items():
            method = function.attributes.get("ts.method")
            if isinstance(method, StringAttr):
                self.methods.setdefault(symbol, method.data)
            for inner in function.walk():
                if inner.name == "ts.new" and MADE in inner.attributes:
                    symbol_of_new = cast(Any, inner.results[0].type).symbol.root_reference.data
                    self._places[symbol_of_new] = cast(Any, inner.attributes[MADE]).data[0].data
                if inner.name == "ts.call_python":
                    self.set_attributes |= {a.attr_name.data for c in self.classes for a in self.declared_attributes(c)}
                elif inner.name == "ts.setattr":
                    self.set_attributes.add(cast(Any, inner).attr_name.data)
        self._read_exceptions()
        for symbol in self.functions:
            if symbol not in self.methods:
                self._function_names[symbol] = self.unique(symbol.replace(".", "_"))
        self.taken |= {name.rpartition(".")[2] for name in self.classes}
        variables = [f.variable for f in python_functions.values() if f.variable is not None]
        self.set_attributes |= {v.name for v in variables}
        self.outside = OutsideVariables(self, variables, _hints(module) if variables else set())

    def _read_class(self, operation: ClassOp) -> None:
        symbol = operation.sym_name.data
        self.classes[symbol] = operation
        for member in operation.body.block.ops:
            if isinstance(member, MethodOp):
                self.methods.setdefault(member.callee.root_reference.data, member.method_name.data)
                self._bodies.add(member.callee.root_reference.data)

    def _read_exceptions(self) -> None:
        """Finds the methods of exception classes: the first form of each is part of the definition."""
        for symbol, function in self.functions.items():
            arguments = function.regions[0].block.args if function.regions[0].blocks else ()
            kind = arguments[0].type if arguments else None
            if not isinstance(kind, types.ClassType) or symbol not in self.methods:
                continue
            owner = kind.symbol.root_reference.data
            own = self.exception_methods.setdefault(owner, {})
            if self.kind(owner) == "exception" and self.methods[symbol] not in own:
                own[self.methods[symbol]] = symbol
                self._bodies.add(symbol)

    def bases(self, symbol: str) -> list[str]:
        """The symbols of the classes that a class is derived from."""
        found = self.classes.get(symbol)
        return [] if found is None or found.bases is None else [b.root_reference.data for b in found.bases.data]

    def unique(self, name: str) -> str:
        """A name like this one that nothing else in the program has."""
        made = identifier(name)
        candidate, number = made, 0
        while candidate in self.taken:
            candidate, number = f"{made}_{number}", number + 1
        self.taken.add(candidate)
        return candidate

    def use(self, module: str, name: str | None = None) -> str:
        """Imports a module, or a name of one. Returns the text that means it."""
        if name is None:
            self._modules.add(module)
            return module
        self._imports.setdefault(module, set()).add(name)
        self.taken.add(name)
        return name

    def function(self, symbol: str) -> str:
        """The name of a function that is called, which becomes part of the text."""
        if symbol not in self.to_print:
            self.to_print.append(symbol)
        if symbol not in self._function_names:
            self._function_names[symbol] = self.unique(symbol.replace(".", "_"))
        return self._function_names[symbol]

    def rename(self, symbol: str, name: str) -> None:
        """Calls a function by a name like this one."""
        self._function_names[symbol] = self.unique(name)

    def enter(self, symbol: str, name: str) -> None:
        """Gives the function that the text is printed for its name."""
        if symbol not in self.methods:
            self._function_names[symbol] = name

    def constant(self, value: Any) -> str | None:
        """What reads a tensor from `CONSTANTS`; None where the text has it in full."""
        if self.constants is None:
            return None
        name = next((n for n, v in self.constants.items() if v is value), f"c{len(self.constants)}")
        self.constants[name] = value
        return f"CONSTANTS.{name}"

    def imports(self, program: str) -> list[str]:
        """The lines that import what a text uses."""
        words = set(_WORD.findall(program))
        used = {m: sorted(n & words) for m, n in sorted(self._imports.items())}
        plain = [f"import {m}" for m in sorted(self._modules) if m.partition(".")[0] in words]
        return plain + [f"from {m} import {', '.join(n)}" for m, n in used.items() if n]

    # Classes

    def kind(self, symbol: str) -> str:
        """What a class is: `module`, `class`, `enum`, `exception`; empty where the program doesn't have it."""
        found = self.classes.get(symbol)
        return "" if found is None else found.kind.data

    def class_name(self, symbol: str) -> str:
        """The name of a class of the user's: it is imported, or its definition becomes part of the text."""
        name = self._class_names.get(symbol)
        if name is None:
            name = self._imported(symbol)
            if name is None:
                self.to_define.append(symbol)
                name = symbol.rpartition(".")[2]
                self._defined.add(name)
            self._class_names[symbol] = name
        return name

    def named_tuple(self, type_: types.NamedTupleType) -> str:
        """The name of a NamedTuple class."""
        name = self._named_tuples.get(type_)
        if name is None:
            symbol = type_.class_name.data
            name = self._imported(symbol)
            if name is None:
                self.to_define.append(type_)
                name = self.unique(symbol.rpartition(".")[2])
            self._named_tuples[type_] = name
        return name

    def exception(self, symbol: str) -> str:
        """The name of an exception class."""
        plain: object = getattr(builtins, symbol, None)
        if isinstance(plain, type) and issubclass(plain, BaseException):
            return symbol
        return self.class_name(symbol)

    def _imported(self, symbol: str) -> str | None:
        cls = self._python_classes.get(symbol)
        if cls is not None:
            return self.imported(cls)
        return self.placed(self._places[symbol]) if symbol in self._places else None

    def has_place(self, symbol: str) -> bool:
        """Whether Python finds a class by its name."""
        return self._imported(symbol) is not None

    def python_class(self, symbol: str) -> type | None:
        """A class of the user's in this process; None where it isn't known."""
        return self._python_classes.get(symbol) or self._class_at(self._places.get(symbol, ""))

    def placed(self, place: str) -> str | None:
        """The name of a class that stands at `module:name`; None where Python doesn't find it there in this process."""
        module, _, name = place.partition(":")
        if module == "torch.nn":
            return f"{self.use('torch')}.nn.{name}"
        found = self._class_at(place)
        return None if found is None else self.imported(found)

    def _class_at(self, place: str) -> type | None:
        module, _, name = place.partition(":")
        found: Any = sys.modules.get(module)
        for part in name.split("."):
            found = getattr(found, part, None)
        return found if isinstance(found, type) else None

    def imported(self, thing: Any) -> str | None:
        """The name of a class or function, which is imported; None where Python can't find it by its name."""
        if not _is_importable(thing):
            return None
        first, _, rest = thing.__qualname__.partition(".")
        self.use(thing.__module__, first)
        return f"{first}.{rest}" if rest else first

    def imported_function(self, function: Any) -> str | None:
        """The name of a function of Python's; None where Python can't find it by its name."""
        name = getattr(function, "__name__", "")
        if getattr(builtins, name, None) is function:
            return name
        for module in ("torch", "torch.nn.functional", "math"):
            if getattr(sys.modules.get(module), name, None) is function:
                return f"{self.use(module.partition('.')[0])}.{f'{module}.{name}'.partition('.')[2]}"
        return self.imported(function)

    def is_defined(self, symbol: str) -> bool:
        """Whether the definition of a class is part of the text. Its methods take what they were compiled for."""
        return self.kind(symbol) in ("class", "exception") and self.class_name(symbol) in self._defined

    def method_symbol(self, class_symbol: str, method: str) -> str | None:
        """The function that a class or one of its bases has as a method."""
        todo = [class_symbol]
        while todo:
            found = self.classes.get(todo.pop(0))
            if found is None:
                continue
            for member in found.body.block.ops:
                if isinstance(member, MethodOp) and member.method_name.data == method:
                    return member.callee.root_reference.data
            todo += [] if found.bases is None else [b.root_reference.data for b in found.bases.data]
        return None

    def has_body(self, symbol: str) -> bool:
        """Whether a class has a function as a method, under a name of its own."""
        return symbol in self._bodies

    def has_hooks(self, symbol: str) -> bool:
        """Whether a call of a module of this class is more than its `forward`."""
        return "ts.hooks" in self.classes[symbol].attributes

    def is_dict(self, symbol: str) -> bool:
        """Whether a class is one derived from dict."""
        return any(a.attr_name.data.startswith(ITEM) for a in self.declared_attributes(symbol))

    def has_own(self, symbol: str, method: str) -> bool:
        """Whether a class has a special method such as `__setattr__` that is written in Python."""
        cls = self.python_class(symbol)
        return (
            cls is not None and hasattr(getattr(cls, method, None), "__code__") and self.classes[symbol].kind.data == "class"
        )

    def is_sequence(self, symbol: str) -> bool:
        """Whether the modules in a module of this class are its items, by their numbers."""
        return "ts.sequence" in self.classes[symbol].attributes

    def is_constant(self, kind: Attribute, name: str) -> bool:
        """Whether an attribute of a class is a tensor that a trace met, which the user gave no name."""
        if not isinstance(kind, types.ClassType):
            return False
        found = [a for a in self.declared_attributes(kind.symbol.root_reference.data) if a.attr_name.data == name]
        return any(a.role.data == "constant" and isinstance(a.type, types.TensorType) for a in found)

    def declared_attributes(self, symbol: str) -> list[AttributeOp]:
        """What a class declares."""
        return [op for op in self.classes[symbol].body.block.ops if isinstance(op, AttributeOp)]

    # Types

    def annotation(self, type_: Attribute) -> str | None:
        """How Python spells a type of the IR in an annotation; None for what has no name there (the class of a module)."""
        named = _NAMED_TYPES.get(type(type_))
        if named is not None:
            if named.startswith("torch."):
                self.use("torch")
            return named
        plain = _PLAIN_TYPES.get(type(type_))
        if plain is not None:
            return self.use(*plain)
        if isinstance(type_, IntegerType):
            return "bool" if type_.width.data == 1 else "int"
        if isinstance(type_, types.ClassType):
            symbol = type_.symbol.root_reference.data
            return self.class_name(symbol) if self.kind(symbol) in ("class", "enum", "interface") else None
        if isinstance(type_, types.NamedTupleType):
            return self.named_tuple(type_)
        return self._generic(type_)

    def _generic(self, type_: Attribute) -> str | None:
        if isinstance(type_, types.TupleType):
            name, parts = "Tuple", list(type_.elements.data)
        elif isinstance(type_, types.TupleOfType):
            inner = self.annotation(type_.element)
            return None if inner is None else f"{self.use('typing', 'Tuple')}[{inner}, ...]"
        elif isinstance(type_, types.UnionType):
            name, parts = "Union", list(type_.members.data)
        elif isinstance(type_, types.DictType):
            container = type_.container.data
            name = {"defaultdict": "DefaultDict"}.get(container, container or "Dict")
            parts = [type_.key] if container == "Counter" else [type_.key, type_.value]
        elif isinstance(type_, types.FutureType):
            inner = self.annotation(type_.element)
            return None if inner is None else f"{self.use('torch')}.jit.Future[{inner}]"
        else:
            name, parts = _GENERIC_TYPES[type(type_)], [cast(Any, type_).element]
        shown = [self.annotation(p) for p in parts]
        if None in shown:
            return None
        return f"{self.use('typing', name)}[{', '.join(s for s in shown if s) or '()'}]"

    def declared(self, name: str, type_: Attribute) -> str:
        """A parameter with its annotation, if its type has a name."""
        shown = self.annotation(type_)
        return name if shown is None else f"{name}: {shown}"


def is_name(text: str) -> bool:
    """Whether a text may stand behind a dot."""
    return text.isidentifier() and not keyword.iskeyword(text)


def identifier(text: str) -> str:
    """A text as a Python identifier."""
    made = re.sub(r"\W", "_", text)
    return made if made.isidentifier() else f"v{made}"


def _hints(module: ModuleOp) -> set[str]:
    """The names that the variables of a program may have."""
    arguments = (a for op in module.walk() for r in op.regions for b in r.blocks for a in b.args)
    values = (r for op in module.walk() for r in op.results)
    return {v.name_hint for v in (*arguments, *values) if v.name_hint is not None}


def _is_importable(thing: Any) -> bool:
    place: Any = sys.modules.get(getattr(thing, "__module__", ""))
    for part in getattr(thing, "__qualname__", "<unknown>").split("."):
        place = getattr(place, part, None)
    return place is thing
