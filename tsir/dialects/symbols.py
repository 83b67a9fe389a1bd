"""Symbols of a module: declared once, and what refers to them by name refers to something that is there.

The tables are made once for a verification, so that a call costs a lookup and not a walk over the module.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import func
from xdsl.dialects.builtin import StringAttr, SymbolRefAttr
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.traits import SymbolTable

from tsir.dialects.invalid import DIFFERENT_TYPES, UNDEFINED_SYMBOL, InvalidIR
from tsir.errors import did_you_mean

DECLARED_TWICE = "TS708"

Table = dict[str, Operation]


class Symbols:
    """The symbol tables of a module, made as they are asked for; `declared_in` is the module of an operation that isn't in it now."""

    def __init__(self, declared_in: Operation | None = None) -> None:
        self._tables: dict[Operation, Table] = {}
        self._declared_in = declared_in

    def verify(self, op: Operation) -> None:
        """Checks what an operation declares or calls. Raises InvalidIR."""
        if op.has_trait(SymbolTable, value_if_unregistered=False):
            self._verify_table(op)
        if isinstance(op, func.CallOp):
            self._verify_call(op)

    def _verify_table(self, op: Operation) -> None:
        if len(op.regions) != 1 or len(op.regions[0].blocks) != 1:
            raise InvalidIR(f"{op.name}: expected one region of one block, for it is a symbol table")
        declared: Table = {}
        for member in op.regions[0].block.ops:
            name = member.get_attr_or_prop("sym_name")
            if isinstance(name, StringAttr):
                first = declared.setdefault(name.data, member)
                if first is not member:
                    raise InvalidIR(
                        f"{member.name}: symbol @{name.data} is declared twice",
                        DECLARED_TWICE,
                        member,
                        (("it is declared here first", first),),
                    )
        self._tables[op] = declared

    def _table(self, op: Operation) -> Table:
        """The symbols of the nearest table around an operation."""
        at: Operation | None = op
        while at is not None and not at.has_trait(SymbolTable, value_if_unregistered=False):
            at = at.parent_op()
        if at is None:
            return {}
        if at not in self._tables:
            self._verify_table(at)
        return self._tables[at]

    def _callee(self, op: func.CallOp) -> Operation:
        reference = op.callee
        table = self._table(op)
        name = reference.root_reference.data
        if name not in table and self._declared_in is not None:
            table = self._table(self._declared_in)
        found = table.get(name)
        for part in reference.nested_references.data if found is not None else ():
            assert found is not None
            table = self._table(found) if found.has_trait(SymbolTable, value_if_unregistered=False) else {}
            found = table.get(part.data)
            if found is None:
                break
        if found is None:
            functions = [name for name, member in table.items() if isinstance(member, func.FuncOp)]
            name = reference.string_value()
            raise InvalidIR(
                f"{op.name}: function @{name} isn't declared in this module",
                UNDEFINED_SYMBOL,
                hint=did_you_mean(name, functions),
            )
        return found

    def _verify_call(self, op: func.CallOp) -> None:
        if not isinstance(op.get_attr_or_prop("callee"), SymbolRefAttr):
            return  # said by its definition
        callee = self._callee(op)
        name = op.callee.string_value()
        if not isinstance(callee, func.FuncOp):
            raise InvalidIR(
                f"{op.name}: expected @{name} to be a func.func, found {callee.name}",
                UNDEFINED_SYMBOL,
                notes=(("it is declared here", callee),),
            )
        notes = (("the function is declared here", callee),)
        expect_types(op, f"arguments of @{name}", callee.function_type.inputs.data, op.operands, notes)
        expect_types(op, f"results of @{name}", callee.function_type.outputs.data, op.results, notes, operands=False)


def expect_types(
    op: Operation,
    what: str,
    expected: Sequence[Attribute],
    found: Sequence[SSAValue],
    notes: tuple[tuple[str, Operation | SSAValue], ...] = (),
    *,
    first: int = 0,
    operands: bool = True,
) -> None:
    """Raises InvalidIR unless the values have these types. `found` are operands of `op`, from number `first` on, or results."""
    if len(expected) != len(found):
        kinds = ", ".join(map(str, expected))
        raise InvalidIR(
            f"{op.name}: expected {len(expected)} {what} ({kinds}), found {len(found)}", DIFFERENT_TYPES, notes=notes
        )
    for i, (type_, value) in enumerate(zip(expected, found, strict=True)):
        if value.type != type_:
            raise InvalidIR(
                f"{op.name}: expected {what} to have types ({', '.join(map(str, expected))}), found {value.type} at {i}",
                DIFFERENT_TYPES,
                first + i if operands else None,
                notes + ((("the value is defined here", value),) if operands else ()),
            )
