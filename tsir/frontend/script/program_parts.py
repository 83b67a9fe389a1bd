"""What is in the program that is being compiled: its functions and classes, and the symbols that they have.

How functions and classes come about is not here: `Session` of `compiler.py` adds to this.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from xdsl.dialects import arith, func
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Attribute, Block, Operation

from tsir.dialects.program import Program
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import ClassOp, ConstantOp
from tsir.frontend.imported import methods_of, renamed_copy, symbol_of
from tsir.frontend.script import call_forms
from tsir.frontend.script.classes import ClassInfo, imported_class
from tsir.frontend.script.functions import Compiled
from tsir.passes.autocast import make_variants


class ProgramParts:
    """The functions and classes of one program."""

    def __init__(self) -> None:
        self.functions: dict[Any, Compiled] = {}
        """The functions by what they were compiled of and for."""
        self.keep_alive: list[Any] = []
        """What keys of functions name by `id`."""
        self.python_classes: dict[str, type] = {}
        """The user's enums and script classes by their names in the program."""
        self._symbols: set[str] = set()
        self._classes: dict[str, ClassInfo] = {}
        self._script_classes: dict[Any, ClassInfo] = {}
        self._operations: list[func.FuncOp] = []
        self._imported: dict[int, dict[str, str]] = {}

    def symbol(self, name: str) -> str:
        """An unused symbol like `name`."""
        name = "".join(c if c.isalnum() or c in "_.$" else "_" for c in name)
        candidate, number = name, 1
        while candidate in self._symbols:
            candidate, number = f"{name}_{number}", number + 1
        self._symbols.add(candidate)
        return candidate

    def add_class(self, info: ClassInfo) -> None:
        """Makes a class part of the program."""
        self._classes[info.name] = info
        if info.kind in ("enum", "class", "interface"):
            self.python_classes[info.name] = info.python_class

    def add_function(self, operation: func.FuncOp) -> None:
        """Makes a function part of the program."""
        _merge_constants(operation)
        self._operations.append(operation)

    def forget_function(self, compiled: Compiled) -> None:
        """Takes a function out of the program, which is compiled anew."""
        self._operations = [op for op in self._operations if op.sym_name.data != compiled.symbol]
        self.functions = {key: known for key, known in self.functions.items() if known is not compiled}

    def forget_functions_for(self, is_forgotten: Callable[[Attribute], bool]) -> None:
        """Lets no later call find the functions with parameters or results of such types, which stay part of the program."""
        self.functions = {
            key: known
            for key, known in self.functions.items()
            if not any(map(is_forgotten, (*known.parameter_types, *([] if known.result is None else [known.result]))))
        }

    def compiled_operations(self) -> Sequence[func.FuncOp]:
        """The functions of the program so far."""
        return self._operations

    def attribute_types(self) -> list[Attribute]:
        """The types of the attributes of all classes of the program."""
        return [a.type for info in self._classes.values() for a in info.attributes.values() if a.type is not None]

    def function_named(self, symbol: str) -> func.FuncOp:
        """The function of the program with this symbol."""
        found = self.find_function(symbol)
        assert found is not None
        return found

    def find_function(self, symbol: str) -> func.FuncOp | None:
        """The same; None for one that is being compiled."""
        return next((op for op in self._operations if op.sym_name.data == symbol), None)

    def imported(self, program: Program) -> Mapping[str, str]:
        """Makes the functions of a compiled function's program part of this one; says what they are called here."""
        found = self._imported.get(id(program))
        if found is None:
            operations = list(program.module.body.block.ops)
            found = self._imported[id(program)] = {n: self.symbol(n) for n in map(symbol_of, operations)}
            self.keep_alive.append(program)
            for operation in operations:
                copy = renamed_copy(operation, found)
                if isinstance(copy, func.FuncOp):
                    self._operations.append(copy)
                else:
                    assert isinstance(copy, ClassOp) and isinstance(operation, ClassOp)
                    self.add_class(imported_class(copy, program, methods_of(operation, program)))
        return found

    def info_of_symbol(self, symbol: str) -> ClassInfo:
        """What is known about a class of the program."""
        return self._classes[symbol]

    def info_in_use(self, cls: type) -> ClassInfo | None:
        """What is known about a user's class of which objects are among the program's values; None for another class."""
        return self._script_classes.get(cls)

    @contextmanager
    def attempt(self) -> Generator[None]:
        """What was compiled inside is forgotten where it raises."""
        functions, operations, imported = dict(self.functions), list(self._operations), dict(self._imported)
        symbols = set(self._symbols)
        methods = {name: dict(info.methods) for name, info in self._classes.items()}
        try:
            yield
        except BaseException:
            self.functions, self._operations, self._imported = functions, operations, imported
            self._symbols = symbols | set(self._classes)
            for name, info in self._classes.items():
                info.methods = methods.get(name, {})
            raise

    @contextmanager
    def trial(self) -> Generator[None]:
        """Classes that became part of the program inside are no part of it where it raises."""
        classes, script_classes, symbols = dict(self._classes), dict(self._script_classes), set(self._symbols)
        python_classes = dict(self.python_classes)
        try:
            yield
        except BaseException:
            self._classes, self._script_classes, self._symbols = classes, script_classes, symbols
            self.python_classes.clear()
            self.python_classes.update(python_classes)
            raise

    def module(self, first: Sequence[str]) -> ModuleOp:
        """The `ts` module: classes, the functions with these symbols, then the other functions, which are private."""
        named = {op.sym_name.data: op for op in self._operations}
        others = [op for op in self._operations if op.sym_name.data not in first]
        for operation in others:
            operation.sym_visibility = StringAttr("private")
        module = ModuleOp([*(info.operation() for info in self._classes.values()), *(named[s] for s in first), *others])
        make_variants(module)
        return module

    def extend(self, module: ModuleOp, first: str) -> None:
        """Adds what was compiled since to the program's module; the function with the symbol `first` is public."""
        added = [op for op in self._operations if op.parent is None]
        for operation in added:
            if operation.sym_name.data != first:
                operation.sym_visibility = StringAttr("private")
        call_forms.extend(module, added, list(self._classes.values()))
        make_variants(module)

    def module_classes(self) -> list[ClassInfo]:
        """The classes of modules that were read from Python."""
        return [c for c in self._classes.values() if c.kind == "module" and c.instances]

    def script_classes(self) -> list[ClassInfo]:
        """The script classes of the program so far."""
        return [info for info in self._classes.values() if info.kind in ("class", "exception")]

    def implementations(self) -> list[ClassInfo]:
        """The classes of the program that may implement an interface."""
        return [info for info in self._classes.values() if info.kind in ("class", "module")]

    def class_of(self, kind: ts.ClassType) -> type | None:
        """The Python class behind a class type."""
        info = self._classes.get(kind.symbol.string_value())
        return None if info is None else info.python_class

    def python_class_of(self, symbol: str) -> type | None:
        """The user's class or enum of this name in the program; None where it is no class that types can name."""
        info = self._classes.get(symbol)
        return info.python_class if info is not None and info.kind in ("class", "enum") else None


def _merge_constants(operation: func.FuncOp) -> None:
    """Keeps one operation for each constant in a region's scope, so that the IR stays readable."""
    pending: list[tuple[Block, dict[Any, Operation]]] = [(operation.body.block, {})]
    while pending:
        block, known = pending.pop()
        for op in list(block.ops):
            if isinstance(op, arith.ConstantOp | ConstantOp):
                key = (type(op), op.value, op.results[0].type)
                first = known.get(key)
                if first is None:
                    known[key] = op
                else:
                    op.results[0].replace_all_uses_with(first.results[0])
                    op.detach()
                    op.erase()
                continue
            for region in op.regions:
                pending += [(b, dict(known)) for b in region.blocks]
