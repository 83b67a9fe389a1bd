"""The functions and methods of an archive as `func.func`s, compiled when something calls them; and the `ts.class`es."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from xdsl.dialects import func
from xdsl.dialects.builtin import DictionaryAttr
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from tsir.dialects import type_codes
from tsir.dialects.names import hint_of
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import ClassOp, GetAttrOp, MethodOp
from tsir.errors import ArchiveError
from tsir.frontend.constants import attribute_of_constant, is_constant, type_of_constant
from tsir.frontend.torch_archive.body import Body, TensorConstant, TupleValue, Value
from tsir.frontend.torch_archive.calls import call_method
from tsir.frontend.torch_archive.classes import ArchiveClass, Classes
from tsir.frontend.torch_archive.expressions import evaluate
from tsir.frontend.torch_archive.sources import Definition, SourceFile, Sources, dotted
from tsir.frontend.torch_archive.statements import execute
from tsir.frontend.torch_archive.upgraders import Upgrades

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class FunctionParameter:
    """A parameter: its name, type and default (a tree)."""

    name: str
    type: Attribute
    default: ast.expr | None


@dataclass(eq=False)
class ArchiveFunction:
    """A function or method: what its definition declares."""

    name: str
    symbol: str
    file: SourceFile
    node: ast.FunctionDef
    parameters: list[FunctionParameter]
    result: Attribute
    owner: ArchiveClass | None = None
    constants: list[int] = field(default_factory=list[int])
    """The archive's constant tensors that it takes as parameters behind the others."""
    fixed: Mapping[str, Value] = field(default_factory=dict[str, Value])
    """The parameters that are constants in all calls of it, and not passed."""

    @property
    def passed(self) -> list[FunctionParameter]:
        """The parameters that are passed."""
        return [p for p in self.parameters if p.name not in self.fixed]


MAX_VARIANTS = 32
"""For how many combinations of constant arguments a function is compiled; then once for all."""

MAX_STATEMENTS = 1_000_000
"""How many statements are compiled for one archive."""

CONSTANT = "constant{}"
"""The attributes of modules that hold the archive's constant tensors."""


class ProgramBuilder:
    """All that is compiled of one archive."""

    def __init__(self, sources: Sources, constants: Sequence[Any], upgrades: Upgrades) -> None:
        self.sources = sources
        self.classes = Classes(sources)
        self.constants = constants
        self.upgrades = upgrades
        self.operations: list[Operation] = []
        self.attribute_classes: dict[tuple[str, str], Attribute] = {}
        """The types of attributes that are known better than by their declarations: of interfaces, the module's own class."""
        self.made: dict[str, ArchiveClass] = {}
        """The classes that the program makes objects of, or has objects of, by symbol."""
        self.interface_methods: dict[tuple[str, str], str] = {}
        self.constant_users: dict[str, set[int]] = {}
        """The constant tensors that the methods of a class use, by the class's symbol."""
        self._left = MAX_STATEMENTS
        self._functions: dict[str, ArchiveFunction] = {}
        self._declarations: dict[str, ArchiveFunction] = {}
        self._variants: dict[str, int] = {}
        self._queue: list[ArchiveFunction] = []

    # What bodies ask for

    def count_statement(self, b: Body) -> None:
        """Counts a statement that is compiled: bodies of loops may be several times, so that there is a limit."""
        self._left -= 1
        if self._left < 0:
            b.error(f"the archive's code is more than {MAX_STATEMENTS} statements, with those that are compiled again")

    def declaration(self, definition: Definition) -> ArchiveFunction:
        """What a function of the archive declares."""
        found = self._declarations.get(definition.name)
        if found is None:
            assert isinstance(definition.node, ast.FunctionDef)
            found = self._declared(definition.node.name, definition.file, definition.node, None)
            self._declarations[definition.name] = found
        return found

    def function(self, definition: Definition, arguments: Mapping[str, Value]) -> ArchiveFunction:
        """A function of the archive, to be compiled for the flags, texts and None among these arguments."""
        fixed = {n: v for n, v in arguments.items() if v is None or isinstance(v, bool | str)}
        key = f"{definition.name} {sorted(fixed.items(), key=str)}"
        found = self._functions.get(key)
        if found is None:
            assert isinstance(definition.node, ast.FunctionDef)
            count = self._variants[definition.name] = self._variants.get(definition.name, 0) + 1
            if count > MAX_VARIANTS and fixed:
                return self.function(definition, {})
            symbol = self.classes.symbol(definition.node.name)
            found = self._declared(symbol, definition.file, definition.node, None)
            found.constants = sorted(self._constants_in(definition, set()))
            found.fixed = {p.name: fixed[p.name] for p in found.parameters if p.name in fixed}
            self._functions[key] = found
            self._queue.append(found)
        return found

    def method(self, info: ArchiveClass, name: str) -> ArchiveFunction:
        """A method of a class, to be compiled; of an interface only its declaration."""
        key = f"{info.name}.{name}"
        found = self._functions.get(key)
        if found is None:
            node = info.methods[name]
            found = self._declared(self.classes.symbol(f"{info.symbol}__{name}"), info.file, node, info)
            found.symbol = f"{info.symbol}.{name}"
            self._functions[key] = found
            if info.kind != "interface":
                self._queue.append(found)
        return found

    def interface_method(self, info: ArchiveClass, name: str) -> str:
        """The name by which the classes of the program have their methods for one of an interface."""
        return self.interface_methods.setdefault((info.symbol, name), f"{name}${info.symbol}")

    def make(self, info: ArchiveClass) -> None:
        """Notes that the program has objects of a class."""
        self.made.setdefault(info.symbol, info)

    def attribute_type(self, info: ArchiveClass, name: str) -> Attribute:
        """The type of an attribute."""
        return self.attribute_classes.get((info.symbol, name)) or self.classes.type_of(info, name)

    def enum_value_type(self, info: ArchiveClass) -> Attribute:
        """The type of the values of an enum's members."""
        return type_of_constant(next(iter(info.values.values())))

    def is_subclass(self, given: ts.ClassType, wanted: ts.ClassType) -> bool:
        """Whether objects of one class can be used as another's: as an interface's."""
        info = self.classes.of_type(wanted)
        return info is not None and info.kind == "interface"

    def constant(self, b: Body, name: str) -> Value:
        """One of the archive's constants."""
        number = int(name[1:]) if name.startswith("c") and name[1:].isdecimal() else -1
        if not 0 <= number < len(self.constants):
            b.error(f"the archive has no constant {name[:50]}")
        value = self.constants[number]
        if isinstance(value, np.ndarray):
            return TensorConstant(number)
        if is_constant(value):
            return value
        b.unsupported(f"a constant of type {type(value).__name__}")

    def tensor_constant(self, b: Body, number: int) -> SSAValue:
        """A constant tensor: a parameter of functions, an attribute of modules; elsewhere a new tensor each time."""
        if number in b.tensors:
            return b.tensors[number]
        owner = None if b.owner is None else self.classes.of_type(b.owner.type)
        if b.owner is not None and owner is not None:
            self.constant_users.setdefault(owner.symbol, set()).add(number)
            return b.emit(GetAttrOp(b.owner, CONSTANT.format(number), ts.TensorType()))
        b.unsupported("a constant tensor in a method of a class that is no module")

    def coded_constant(self, value: int, kind: Attribute) -> tuple[Attribute, Attribute]:
        """The dtype, layout or memory format of a number, as an attribute, and its type."""
        match kind:
            case ts.DTypeType():
                found = type_codes.dtype_from_code(value)
            case ts.LayoutType():
                found = type_codes.layout_from_code(value)
            case _:
                found = type_codes.memory_format_from_code(value)
        return attribute_of_constant(found), kind

    # Compiling

    def compile_all(self) -> None:
        """Compiles what is queued, and what that calls."""
        while True:
            while self._queue:
                self._compile(self._queue.pop())
            for (interface, name), _method in list(self.interface_methods.items()):
                for info in list(self.made.values()):
                    if name in info.methods and self._implements(info, interface, name):
                        self.method(info, name)
            if not self._queue:
                return

    def _implements(self, info: ArchiveClass, interface: str, name: str) -> bool:
        wanted = self._functions.get(f"{self._class(interface).name}.{name}")
        if wanted is None:
            return False
        own = self._signature(info.methods[name], info.file)
        return [p.type for p in own[0][1:]] == [p.type for p in wanted.parameters[1:]] and own[1] == wanted.result

    def _class(self, symbol: str) -> ArchiveClass:
        found = self.classes.of_type(ts.ClassType(symbol))
        assert found is not None
        return found

    def _signature(self, node: ast.FunctionDef, file: SourceFile) -> tuple[list[FunctionParameter], Attribute]:
        arguments = node.args
        if arguments.vararg or arguments.kwarg or arguments.posonlyargs:
            file.unsupported("a function with any number of arguments", node)
        plain = [*arguments.args, *arguments.kwonlyargs]
        defaults = [*[None] * (len(arguments.args) - len(arguments.defaults)), *arguments.defaults, *arguments.kw_defaults]
        parameters = [
            FunctionParameter(
                a.arg, ts.TensorType() if a.annotation is None else self.classes.read_type(a.annotation, file), d
            )
            for a, d in zip(plain, defaults, strict=True)
        ]
        if len({p.name for p in parameters}) != len(parameters):
            file.error("two parameters have one name", node)
        return parameters, ts.NONE if node.returns is None else self.classes.read_type(node.returns, file)

    def _declared(self, symbol: str, file: SourceFile, node: ast.FunctionDef, owner: ArchiveClass | None) -> ArchiveFunction:
        if owner is not None and node.args.args and node.args.args[0].annotation is None:
            node.args.args[0].annotation = ast.parse(owner.name, mode="eval").body
        parameters, result = self._signature(node, file)
        return ArchiveFunction(node.name, symbol, file, node, parameters, result, owner)

    def _compile(self, function: ArchiveFunction) -> None:
        kinds = [p.type for p in function.passed] + [ts.TensorType()] * len(function.constants)
        block = Block(arg_types=kinds)
        b = Body(self, function.file, block, evaluate, execute)
        b.variables |= function.fixed
        for argument, p in zip(block.args, function.passed, strict=False):
            argument.name_hint = hint_of(p.name)
            b.variables[p.name] = argument
        b.tensors = dict(zip(function.constants, block.args[len(function.passed) :], strict=True))
        if function.owner is not None and function.owner.kind == "module" and block.args:
            b.owner = block.args[0]
        *statements, last = function.node.body
        with b.at(function.node):
            if isinstance(last, ast.Return):
                execute(b, statements)
                with b.at(last):
                    value = None if last.value is None else evaluate(b, last.value, function.result)
                    b.emit_void(func.ReturnOp(b.coerce(value, function.result)))
            else:
                execute(b, function.node.body)
                none = function.result == ts.NONE
                b.emit_void(func.ReturnOp(b.coerce(None, ts.NONE) if none else b.uninitialized(function.result)))
            operation = func.FuncOp(function.symbol, (kinds, [function.result]), Region(block), "private")
            operation.location = b.location
        self.operations.append(operation)

    def with_hooks(self, info: ArchiveClass) -> ArchiveFunction:
        """`__call__` of a module with forward hooks: the hooks around `forward`."""
        forward = self.method(info, "forward")
        symbol = f"{info.symbol}.__call__"
        kinds = [p.type for p in forward.parameters]
        block = Block(arg_types=kinds)
        b = Body(self, info.file, block, evaluate, execute)
        for argument, p in zip(block.args, forward.parameters, strict=True):
            argument.name_hint = hint_of(p.name)
        holder = block.args[0]
        given: Value = TupleValue(tuple(block.args[1:]))
        with b.at(forward.node):
            for hook in info.pre_hooks:
                found = call_method(b, holder, hook, [given], {})
                parts = b.elements(found)
                if parts is None and b.type_of(found) != ts.NONE:
                    parts = [found]
                given = given if parts is None else TupleValue(tuple(parts))
            arguments = b.elements(given)
            assert arguments is not None
            result = call_method(b, holder, "forward", arguments, {})
            for hook in info.hooks:
                found = call_method(b, holder, hook, [given, result], {})
                result = result if b.type_of(found) == ts.NONE else found
            value = b.value(result)
            b.emit_void(func.ReturnOp(value))
            operation = func.FuncOp(symbol, (kinds, [value.type]), Region(block), "private")
            operation.location = b.location
        made = ArchiveFunction("__call__", symbol, info.file, forward.node, forward.parameters, value.type, info)
        self._functions[f"{info.name}.__call__"] = made
        self.operations.append(operation)
        return made

    def _constants_in(self, definition: Definition, seen: set[str]) -> set[int]:
        """The constant tensors that a function uses, or a function that it calls."""
        seen.add(definition.name)
        found: set[int] = set()
        for node in ast.walk(definition.node):
            name = dotted(node) if isinstance(node, ast.Attribute) else None
            if name is None:
                continue
            if name.startswith("CONSTANTS.c") and name[11:].isdecimal() and int(name[11:]) < len(self.constants):
                if isinstance(self.constants[int(name[11:])], np.ndarray):
                    found.add(int(name[11:]))
            elif name.startswith("__torch__.") and name not in seen:
                called = self.sources.find(name)
                if called is not None and isinstance(called.node, ast.FunctionDef):
                    found |= self._constants_in(called, seen)
        return found

    def class_operation(self, info: ArchiveClass, attributes: Sequence[Operation], exported: Sequence[str]) -> ClassOp:
        """The `ts.class` of a class with these attributes and the methods that were compiled."""
        members: list[Operation] = list(attributes)
        for name in dict.fromkeys([*info.methods, "__call__"]):
            known = self._functions.get(f"{info.name}.{name}")
            if known is None or info.kind == "interface":
                continue
            members.append(MethodOp(name, known.symbol, exported=name in exported))
        for (interface, name), method in self.interface_methods.items():
            if info.symbol == interface:
                members.append(MethodOp(method, f"{interface}.{name}"))
            elif info.symbol in self.made and name in info.methods and self._implements(info, interface, name):
                members.append(MethodOp(method, f"{info.symbol}.{name}"))
        return ClassOp(info.symbol, info.kind, members)

    def known_function(self, info: ArchiveClass, name: str) -> ArchiveFunction | None:
        """A method that was asked for."""
        return self._functions.get(f"{info.name}.{name}")

    def by_symbol(self, symbol: str) -> ArchiveFunction | None:
        """The function or method that a `func.func` was made of."""
        return next((f for f in self._functions.values() if f.symbol == symbol), None)

    def default_values(self, function: ArchiveFunction) -> dict[str, Any]:
        """The defaults of a function's parameters as values, by name. Raises ArchiveError for one that is no constant."""
        from tsir.frontend.torch_archive.classes import literal

        found: dict[str, Any] = {}
        for p in function.parameters:
            if p.default is None:
                continue
            name = dotted(p.default) if isinstance(p.default, ast.Attribute) else None
            if name is not None and name.startswith("CONSTANTS.c"):
                number = int(name[11:]) if name[11:].isdecimal() else -1
                if not 0 <= number < len(self.constants):
                    raise ArchiveError(f"{function.file.name}: the archive has no constant {name[:50]}")
                found[p.name] = self.constants[number]
            else:
                found[p.name] = literal(p.default, function.file)
        return found


def defaults_attribute(values: dict[str, Any]) -> DictionaryAttr | None:
    """What `ts.defaults` says of a function's defaults, as far as attributes can."""
    known = {n: attribute_of_constant(v) for n, v in values.items() if is_constant(v)}
    return DictionaryAttr(known) if known else None
