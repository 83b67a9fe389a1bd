"""The code of a whole program: its classes with their methods, and its functions, in one file of serialised code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from xdsl.dialects import func
from xdsl.ir import Attribute

from tsir.archive.torchscript import prelude
from tsir.archive.torchscript.annotations import HINT, Annotations, identifier, is_identifier
from tsir.archive.torchscript.expressions import number
from tsir.archive.torchscript.hierarchies import Hierarchies
from tsir.archive.torchscript.pickling import instances_in
from tsir.archive.torchscript.printing import FunctionPrinter
from tsir.archive.torchscript.texts import is_plain, quoted
from tsir.dialects import type_codes
from tsir.dialects.dtypes import DType
from tsir.dialects.locations import location_of
from tsir.dialects.program import Program
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import AttributeOp, CallMethodOp, ClassOp, MethodOp
from tsir.dialects.values import Instance, Layout, MemoryFormat
from tsir.errors import UnsupportedError
from tsir.passes.constants import UNKNOWN, value_of_attribute
from tsir.passes.structure import reachable

PLACEHOLDER = "PlaceholderModule"
"""The class of the module that stands for a program that is one function."""

_BASES = {"module": "(Module)", "enum": "(Enum)", "class": "", "exception": ""}


def _classes_in(kind: Attribute) -> set[str]:
    """The symbols of the classes in a type."""
    found: set[str] = set()
    todo = [kind]
    while todo:
        match todo.pop():
            case ts.ClassType() as one:
                found.add(one.symbol.root_reference.data)
            case ts.OptionalType() | ts.ListType() | ts.TupleOfType() | ts.FutureType() as one:
                todo.append(one.element)
            case ts.DictType() as one:
                todo += [one.key, one.value]
            case ts.TupleType() | ts.NamedTupleType() as one:
                todo += one.elements.data
            case ts.UnionType() as one:
                todo += one.members.data
            case _:
                pass
    return found


class ProgramText:
    """Writes the code of a program. Raises UnsupportedError, with the user's line, for what TorchScript can't express."""

    def __init__(self, program: Program) -> None:
        self.program = program
        operations = list(program.module.body.block.ops)
        self.functions = {f.sym_name.data: f for f in operations if isinstance(f, func.FuncOp)}
        self._class_operations = [c for c in operations if isinstance(c, ClassOp)]
        self.hierarchies = Hierarchies(self._class_operations)
        self._names: dict[str, str] = {}
        self._own_classes: dict[str, str] = {}
        """Classes that code of the archive needs and the program hasn't, by name."""
        self._methods: dict[str, tuple[str, str]] = {}
        for operation in self._class_operations:
            self._names[operation.sym_name.data] = f"__torch__.{self._unused(identifier(operation.sym_name.data))}"
            for member in operation.body.block.ops:
                is_free = self.hierarchies.is_open(operation.sym_name.data)  # called on Any
                if isinstance(member, MethodOp) and "$" not in member.method_name.data and not is_free:
                    self._methods.setdefault(
                        member.callee.string_value(), (operation.sym_name.data, self._method_name(operation, member))
                    )
        self._entries: list[tuple[str, str]] = []
        """The entry points that the root's class has no method for, with the names that they get: of a function with a root."""
        for entry in program.entry_points.values():
            if program.root is not None and entry.symbol not in self._methods:
                name = identifier(entry.name) if self._entries or not program.is_function else "forward"
                self._entries.append((entry.symbol, name))
                self._methods[entry.symbol] = program.root.class_name, name
        interfaces = [c.sym_name.data for c in self._class_operations if c.kind.data == "interface"]
        self.annotations = Annotations(self._names, interfaces, self.hierarchies.open)
        self.constants: list[Any] = []
        """Texts that serialised code can't have, and defaults that are tensors."""
        self.operators: set[str] = set()
        """The operators that the code calls."""
        self._function_names: dict[str, str] = {}

    def _unused(self, name: str) -> str:
        taken = {*prelude.functions(), *self._own_classes, *(n.rpartition(".")[2] for n in self._names.values())}
        number_ = 0
        wanted = name
        while name in taken:
            number_ += 1
            name = f"{wanted}_{number_}"
        return name

    def _method_name(self, operation: ClassOp, member: MethodOp) -> str:
        """A module's hooks are around `forward` in `__call__`, which TorchScript has no method for: it takes forward's place."""
        names = [m.method_name.data for m in operation.body.block.ops if isinstance(m, MethodOp)]
        name = member.method_name.data
        if operation.kind.data == "module" and "__call__" in names:
            name = {"__call__": "forward", "forward": "_forward_without_hooks"}.get(name, name)
        return name

    # What functions ask for

    def qualified(self, symbol: str) -> str:
        """The name of a class in serialised code."""
        return self._names[symbol]

    def method_of(self, symbol: str) -> str | None:
        """The name of the method that a function is; None for one that is none."""
        found = self._methods.get(symbol)
        return None if found is None else found[1]

    def function(self, symbol: str) -> str:
        """The name of a function that is no method, in serialised code."""
        if symbol not in self._function_names:
            self._function_names[symbol] = self._unused_function(identifier(symbol))
        return f"__torch__.{self._function_names[symbol]}"

    def _unused_function(self, wanted: str) -> str:
        taken = {
            *prelude.functions(),
            *self._own_classes,
            *self._function_names.values(),
            *(n.rpartition(".")[2] for n in self._names.values()),
        }
        name, count = wanted, 0
        while name in taken or name in self.annotations.named_tuples:
            count += 1
            name = f"{wanted}_{count}"
        return name

    def add_class(self, wanted: str, write: Callable[[str], str]) -> str:
        """Adds a class that the program hasn't: its definition is written for the name that it gets, which is given back."""
        name = self._unused(wanted)
        self._own_classes[name] = ""
        self._own_classes[name] = write(name)
        return f"__torch__.{name}"

    def is_interface(self, kind: ts.ClassType) -> bool:
        """Whether a class is an interface."""
        symbol = kind.symbol.root_reference.data
        return any(c.sym_name.data == symbol and c.kind.data == "interface" for c in self._class_operations)

    def _interface(self, operation: ClassOp) -> str:
        """An interface: its methods with the types that a class which has them declares, or those that calls have.

        Raises UnsupportedError for one without any method.
        """
        lines: list[str] = []
        is_module = False
        for member in operation.body.block.ops:
            if not isinstance(member, MethodOp):
                continue
            name = member.method_name.data.partition("$")[0]
            owner, function = self._implementation(member.method_name.data)
            if function is not None:
                printed = FunctionPrinter(self, function)
                names, kinds = printed.parameters[1:], [a.type for a in function.body.block.args[1:]]
                result = function.function_type.outputs.data[0]
            elif (call := self._call_of(operation.sym_name.data, member.method_name.data)) is not None:
                names, kinds = [f"x{i}" for i in range(len(call.arguments))], [a.type for a in call.arguments]
                result = call.results_[0].type
            else:
                continue
            is_module = is_module or owner == "module" or (not owner and name == "forward")
            parameters = "".join(f", {n}: {self.annotations.of(k)}" for n, k in zip(names, kinds, strict=True))
            lines += [f"  def {name}(self{parameters}) -> {self.annotations.of(result)}:", "    pass"]
        name = operation.sym_name.data
        if not lines:
            raise UnsupportedError(
                f"TorchScript has no interface without methods, as {name} is where none is called", hint=HINT
            )
        base = "ModuleInterface" if is_module else "Interface"
        return "\n".join([f"class {self.qualified(name).rpartition('.')[2]}({base}):", *lines])

    def _call_of(self, interface: str, name: str) -> CallMethodOp | None:
        """Some call of an interface's method."""
        for function in self.functions.values():
            for operation in function.walk():
                if isinstance(operation, CallMethodOp) and operation.method_name.data == name:
                    kind = operation.object.type
                    if isinstance(kind, ts.ClassType) and kind.symbol.root_reference.data == interface:
                        return operation
        return None

    def _implementation(self, name: str) -> tuple[str, func.FuncOp | None]:
        """What some class has for a method of an interface, and the class's kind."""
        for operation in self._class_operations:
            for member in operation.body.block.ops:
                if isinstance(member, MethodOp) and member.method_name.data == name and operation.kind.data != "interface":
                    return operation.kind.data, self.functions.get(member.callee.string_value())
        return "", None

    def attribute_type(self, kind: Attribute, name: str) -> Attribute | None:
        """The declared type of an attribute of a class's objects."""
        symbol = kind.symbol.root_reference.data if isinstance(kind, ts.ClassType) else ""
        for operation in self._class_operations:
            if operation.sym_name.data == symbol:
                for member in operation.body.block.ops:
                    if isinstance(member, AttributeOp) and member.attr_name.data == name:
                        return member.type
        return None

    def text(self, value: str) -> str:
        """A text as an expression: as it is written, or one of the archive's constants."""
        return quoted(value) if is_plain(value) else self.add_constant(value)

    def add_constant(self, value: Any) -> str:
        """One of the archive's constants."""
        for i, known in enumerate(self.constants):
            if known is value or (isinstance(value, str) and isinstance(known, str) and known == value):
                return f"CONSTANTS.c{i}"
        self.constants.append(value)
        return f"CONSTANTS.c{len(self.constants) - 1}"

    def quoted(self, name: str) -> str:
        """An attribute's name as a text. Raises UnsupportedError for one that serialised code can't have."""
        if not is_plain(name):
            raise UnsupportedError(f"TorchScript has no attribute named {name!r}")
        return quoted(name)

    def _refuse_missing_attributes(self) -> None:
        """Raises UnsupportedError where an object of the program lacks an attribute that a method assigns first."""
        late = {
            (o.sym_name.data, m.attr_name.data)
            for o in self._class_operations
            for m in o.body.block.ops
            if isinstance(m, AttributeOp) and m.late
        }
        for instance in instances_in(self.program.root) if late else ():
            for cls, name in late:
                if cls == instance.class_name and name not in instance.attributes:
                    raise UnsupportedError(
                        f"TorchScript has no attribute that an object may be without, as '{name}' of {cls} is", hint=HINT
                    )

    # The whole code

    def code(self) -> str:
        """The file with everything."""
        for entry in self.program.entry_points.values():
            if entry.others is not None or not (entry.takes_self or self.program.root is None):
                location = next(iter(location_of(self.functions[entry.symbol])), None)
                raise UnsupportedError(
                    f"TorchScript has no calls of several forms, as {entry.name}() takes", location=location, hint=HINT
                )
        parts: list[str] = []
        needed = self._needed()
        self._refuse_recursion(needed)
        self._refuse_recursive_classes()
        self._refuse_missing_attributes()
        for operation in self._class_operations:
            parts += [text] if (text := self._class(operation, needed)) else []
        if self.program.root is None:
            parts.append(self._placeholder())
        free: list[str] = []
        done: set[str] = set()
        while len(done) < len(self._function_names):
            for symbol, name in list(self._function_names.items()):
                if symbol not in done:
                    done.add(symbol)
                    free.append(FunctionPrinter(self, self.functions[symbol]).text(name, {}))
        tuples: list[str] = []
        for name, kind in list(self.annotations.named_tuples.items()):
            fields = zip(kind.fields.data, kind.elements.data, strict=True)
            lines = [f"  {f.data} : {self.annotations.of(k)}" for f, k in fields]
            tuples.append("\n".join([f"class {name}(NamedTuple):", *lines]))
        text = "\n".join([*parts, *self._own_classes.values(), *tuples, *free, ""])
        return (
            "\n".join([text, *(prelude.functions()[n] for n in prelude.needed(text)), ""]) if prelude.needed(text) else text
        )

    def _needed(self) -> set[str]:
        """The functions that entry points reach."""
        symbols = [e.symbol for e in self.program.entry_points.values()]
        return {f.sym_name.data for f in reachable(self.program.module, symbols) if isinstance(f, func.FuncOp)}

    def _refuse_recursion(self, needed: set[str]) -> None:
        """Raises UnsupportedError for functions that call themselves, which TorchScript doesn't load."""
        done: set[str] = set()
        for start in needed:
            path: list[tuple[str, list[func.CallOp]]] = [(start, self._calls(start))]
            active = {start}
            while path:
                symbol, calls = path[-1]
                if not calls or symbol in done:
                    path.pop()
                    active.discard(symbol)
                    done.add(symbol)
                    continue
                call = calls.pop()
                callee = call.callee.string_value()
                if callee in active:
                    location = next(iter(location_of(call)), None)
                    raise UnsupportedError("TorchScript has no recursive functions", location=location, hint=HINT)
                if callee not in done and callee in self.functions:
                    active.add(callee)
                    path.append((callee, self._calls(callee)))

    def _calls(self, symbol: str) -> list[func.CallOp]:
        function = self.functions.get(symbol)
        return [] if function is None else [o for o in function.walk() if isinstance(o, func.CallOp)]

    def _class(self, operation: ClassOp, needed: set[str]) -> str:
        name = self.qualified(operation.sym_name.data).rpartition(".")[2]
        kind = operation.kind.data
        if kind == "interface":
            return self._interface(operation) if self._is_used(operation, needed) else ""
        lines = [f"class {name}{_BASES[kind]}:"]
        members = list(operation.body.block.ops)
        attributes = [m for m in members if isinstance(m, AttributeOp)]
        if kind == "module":
            for title, role in (("__parameters__", "parameter"), ("__buffers__", "buffer")):
                own = [m.attr_name.data for m in attributes if m.role.data == role and m.type != ts.NONE]
                lines.append(f"  {title} = [{''.join(f'{self.quoted(n)}, ' for n in own)}]")
        values = [value_of_attribute(m.value) for m in attributes if m.value is not None]
        if kind == "enum" and len({type(v) for v in values}) > 1:
            raise UnsupportedError(f"TorchScript has no enum with values of several types, as {name} is", hint=HINT)
        for member in attributes:
            lines.append(self._enum_member(member) if kind == "enum" else self._attribute(member))
        for member in members:
            if not isinstance(member, MethodOp) or "$" in member.method_name.data:
                continue
            symbol = member.callee.string_value()
            function = self.functions.get(symbol)
            if member.method_name.data in ("__getstate__", "__setstate__"):
                continue  # the archive has the attributes that they give
            if function is None or self._methods.get(symbol, ("", ""))[0] != operation.sym_name.data:
                continue
            if symbol not in needed and kind != "interface":
                continue
            printed = FunctionPrinter(self, function)
            text = printed.text(self._method_name(operation, member), self._defaults(symbol, printed.parameters))
            lines += ["  " + line for line in text.split("\n")]
        if self.program.root is not None and operation.sym_name.data == self.program.root.class_name:
            for symbol, method in self._entries:
                printed = FunctionPrinter(self, self.functions[symbol])
                text = printed.text(method, self._defaults(symbol, printed.parameters))
                lines += ["  " + line for line in text.split("\n")]
        if len(lines) == 1:  # TorchScript has no class without anything
            lines += [f"  def _nothing(self: {self.qualified(operation.sym_name.data)}) -> NoneType:", "    return None"]
        return "\n".join(lines)

    def _is_used(self, operation: ClassOp, needed: set[str]) -> bool:
        """Whether the program's code or attributes have values of a class."""
        symbol = operation.sym_name.data
        functions = [f for n, f in self.functions.items() if n in needed]
        kinds = (v.type for f in functions for o in f.walk() for v in (*o.operands, *o.results))
        arguments = (a.type for f in functions for a in f.body.block.args)
        attributes = (m.type for c in self._class_operations for m in c.body.block.ops if isinstance(m, AttributeOp))
        return any(symbol in _classes_in(k) for k in (*kinds, *arguments, *attributes))

    def _refuse_recursive_classes(self) -> None:
        """Raises UnsupportedError for classes whose objects hold objects of themselves, which TorchScript doesn't load."""
        inner = {
            c.sym_name.data: {n for m in c.body.block.ops if isinstance(m, AttributeOp) for n in _classes_in(m.type)}
            for c in self._class_operations
            if c.kind.data == "class"
        }
        while leaves := [n for n, found in inner.items() if not found & inner.keys()]:
            for name in leaves:
                del inner[name]
        if inner:
            raise UnsupportedError(
                f"TorchScript has no class whose objects hold others of the class, as {min(inner)} is", hint=HINT
            )

    def _enum_member(self, member: AttributeOp) -> str:
        value = UNKNOWN if member.value is None else value_of_attribute(member.value)
        if isinstance(value, str):
            return f"  {member.attr_name.data} = {self.quoted(value)}"
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise UnsupportedError(f"TorchScript has no enum with values such as that of {member.attr_name.data}")
        return f"  {member.attr_name.data} = {number(value) if isinstance(value, float) else value}"

    def _attribute(self, member: AttributeOp) -> str:
        name = member.attr_name.data
        kind = self.annotations.of(member.type)
        if is_identifier(name):
            return f"  {name} : {kind}"
        return f"  __annotations__[{self.quoted(name)}] = {kind}"

    def _defaults(self, symbol: str, parameters: list[str]) -> Mapping[str, str]:
        """The defaults of an entry point's parameters."""
        entry = next((e for e in self.program.entry_points.values() if e.symbol == symbol), None)
        if entry is None:
            return {}
        names = parameters[entry.takes_self :]
        return {n: self._default(p.default) for n, p in zip(names, entry.parameters, strict=False) if p.has_default}

    def _default(self, value: Any) -> str:
        match value:
            case None | bool() | int():
                return repr(value)
            case float():
                return number(value)
            case str():
                return self.text(value)
            case DType() | Layout() | MemoryFormat():
                return str(type_codes.type_code(value))
            case list():
                items: list[Any] = value
                return f"[{', '.join(map(self._default, items))}]"
            case tuple():
                parts: tuple[Any, ...] = value
                return f"({', '.join(map(self._default, parts))}{',' if len(parts) == 1 else ''})"
            case _ if type(value).__module__ == "numpy":
                return self.add_constant(value)
            case _:
                raise UnsupportedError(f"TorchScript has no default of type {type(value).__name__}")

    def _placeholder(self) -> str:
        """A module whose methods are the program's functions."""
        lines = [f"class {PLACEHOLDER}(Module):", "  __parameters__ = []", "  __buffers__ = []", "  training : bool"]
        for i, entry in enumerate(self.program.entry_points.values()):
            function = self.functions[entry.symbol]
            printed = FunctionPrinter(self, function)
            defaults = self._defaults(entry.symbol, printed.parameters)
            text = printed.text("forward" if i == 0 else identifier(entry.name), defaults)
            head, *rest = text.split("\n")
            comma = ", " if printed.parameters else ""
            head = head.replace("(", f"(self: __torch__.{PLACEHOLDER}{comma}", 1)
            lines += ["  " + line for line in (head, *rest)]
        return "\n".join(lines)

    def root(self) -> tuple[str, Instance]:
        """The qualified name of the root's class, and the root."""
        root = self.program.root
        if root is None:
            return f"__torch__.{PLACEHOLDER}", Instance(PLACEHOLDER, {"training": True})
        return self.qualified(root.class_name), root
