"""Compiled programs that another program calls: their classes and functions become part of the caller's."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects import func
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, StringAttr, SymbolRefAttr
from xdsl.ir import Attribute, Operation, ParametrizedAttribute, SSAValue
from xdsl.rewriter import Rewriter

from tsir.dialects.context import print_module
from tsir.dialects.program import EntryPoint, Parameter, Program
from tsir.dialects.ts.structure import ClassOp, MethodOp
from tsir.errors import UnsupportedError


class ImportedPrograms:
    """The operations of all compiled programs that were called, each program's once."""

    def __init__(self) -> None:
        self.operations: dict[str, Operation] = {}
        """By symbol: all that has to be in the traced program."""
        self._renamed: dict[int, dict[str, str]] = {}
        self._kept: list[Program] = []

    def names(self, program: Program) -> Mapping[str, str]:
        """What the symbols of a program are called here; takes its operations over when it is a new one.

        Raises UnsupportedError for an object's program whose class names are taken by other classes.
        """
        found = self._renamed.get(id(program))
        if found is None:
            found = self._renamed[id(program)] = self._take_over(program)
            self._kept.append(program)
        return found

    def function(self, symbol: str) -> func.FuncOp:
        """A function by its name here."""
        operation = self.operations[symbol]
        assert isinstance(operation, func.FuncOp)
        return operation

    def _take_over(self, program: Program) -> dict[str, str]:
        named = {symbol_of(op): op for op in program.module.body.block.ops}
        same = {
            n for n, op in named.items() if n in self.operations and print_module(op) == print_module(self.operations[n])
        }
        renamed = {n: n for n in named}
        if any(n in self.operations for n in named.keys() - same):
            if program.root is not None:
                raise UnsupportedError(
                    "two compiled modules with different classes of one name can't be called in one trace"
                )
            number = next(i for i in range(1, len(self._kept) + 2) if all(f"{n}_{i}" not in self.operations for n in named))
            renamed = {n: f"{n}_{number}" for n in named}
            same = set[str]()
        for name, operation in named.items():
            if name not in same:
                self.operations[renamed[name]] = renamed_copy(operation, renamed)
        return renamed


def renamed_copy(operation: Operation, names: Mapping[str, str]) -> Operation:
    """A copy of a program's function or class for another program, where its symbols have these names."""
    copy = operation.clone()
    _rename(copy, names)
    if isinstance(copy, func.FuncOp):
        copy.sym_visibility = StringAttr("private")
    return copy


def methods_of(operation: ClassOp, program: Program) -> dict[str, EntryPoint]:
    """The methods of a class of a program by name; those of the root are its entry points, with names and defaults."""
    found: dict[str, EntryPoint] = {}
    is_root = program.root is not None and program.root.class_name == operation.sym_name.data
    functions = {symbol_of(op): op for op in program.module.body.block.ops}
    for member in operation.body.block.ops:
        if not isinstance(member, MethodOp):
            continue
        name, symbol = member.method_name.data, member.callee.root_reference.data
        known = program.entry_points.get(name) if is_root else None
        function = functions[symbol]
        assert isinstance(function, func.FuncOp)
        if known is None:
            arguments = function.body.block.args[1:]
            parameters = tuple(Parameter(a.name_hint or f"argument{i}", str(a.type)) for i, a in enumerate(arguments, 1))
            results = function.function_type.outputs.data
            known = EntryPoint(name, symbol, parameters, str(results[0]) if results else "none", takes_self=True)
        found[name] = known
    return found


def symbol_of(operation: Operation) -> str:
    """The name of a function or class of a program."""
    assert isinstance(operation, func.FuncOp | ClassOp)
    return operation.sym_name.data


def _rename(operation: Operation, names: Mapping[str, str]) -> None:
    """Puts new symbols in the place of old ones, in an operation and all that is in it."""
    assert isinstance(operation, func.FuncOp | ClassOp)
    if all(old == new for old, new in names.items()):
        return
    operation.sym_name = StringAttr(names[operation.sym_name.data])
    for op in operation.walk():
        for table in (op.attributes, op.properties):
            for key, attribute in table.items():
                if key != "sym_name":
                    table[key] = renamed_attribute(attribute, names)
        for value in (*op.results, *(a for region in op.regions for block in region.blocks for a in block.args)):
            _retype(value, names)


def _retype(value: SSAValue, names: Mapping[str, str]) -> None:
    kind = renamed_attribute(value.type, names)
    if kind != value.type:
        Rewriter.replace_value_with_new_type(value, kind)


def renamed_attribute(attribute: Attribute, names: Mapping[str, str]) -> Attribute:
    """An attribute with new symbols. Attributes nest as types do: not deeply."""
    match attribute:
        case SymbolRefAttr():
            root = attribute.root_reference.data
            return SymbolRefAttr(names.get(root, root), attribute.nested_references)
        case ArrayAttr():
            return ArrayAttr([renamed_attribute(a, names) for a in attribute.data])
        case DictionaryAttr():
            return DictionaryAttr({k: renamed_attribute(a, names) for k, a in attribute.data.items()})
        case ParametrizedAttribute():
            parameters = [renamed_attribute(p, names) for p in attribute.parameters]
            return attribute if parameters == list(attribute.parameters) else type(attribute).new(parameters)
        case _:
            return attribute
