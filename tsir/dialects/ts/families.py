"""The two families of operations that are made on demand: `ts.aten.<name>[.<overload>]` and `ts.py.<name>`.

A `ts.aten` operation is one overload of an ATen operator: its operands are all the arguments of its schema, in the schema's
order, defaults filled in. A `ts.py` operation is a built-in function, operator or method of a Python value (not a tensor).
Their classes differ in the name only, so that each costs microseconds and is made when first used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from typing_extensions import Self
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, var_operand_def, var_result_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from tsir.dialects.schema import Schema
from tsir.dialects.ts.compatibility import describe, schema_accepts


class CallLikeOp(IRDLOperation):
    """An operation that is written as a call: `%r = name(%a, %b) {attributes} : (A, B) -> R`."""

    arguments = var_operand_def()
    results_ = var_result_def()

    def __init__(
        self,
        arguments: Sequence[SSAValue],
        result_types: Sequence[Attribute],
        attributes: Mapping[str, Attribute | None] | None = None,
    ) -> None:
        super().__init__(operands=[arguments], result_types=[result_types], attributes=dict(attributes or {}))

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        operands = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_unresolved_operand)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        position = parser.pos
        function_type = parser.parse_function_type()
        arguments = parser.resolve_operands(operands, function_type.inputs.data, position)
        return cls(arguments, function_type.outputs.data, attributes)

    def print(self, printer: Printer) -> None:
        with printer.in_parens():
            printer.print_list(self.operands, printer.print_ssa_value)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_function_type(self.operand_types, self.result_types)


@irdl_op_definition
class AtenOp(CallLikeOp):
    """One overload of an ATen operator; see `aten_op`."""

    name = "ts.aten"
    SCHEMA: ClassVar[Schema]

    arguments = var_operand_def()
    results_ = var_result_def()

    def verify_(self) -> None:
        schema = self.SCHEMA
        for what, kinds, found in (
            ("operands", [a.type for a in schema.arguments], self.operand_types),
            ("results", schema.returns, self.result_types),
        ):
            if len(kinds) != len(found):
                raise VerifyException(f"{self.name}: expected {len(kinds)} {what}, found {len(found)}; it is aten::{schema}")
            for i, (kind, type_) in enumerate(zip(kinds, found, strict=True)):
                if not schema_accepts(kind, type_):
                    name = f"operand {i} ({schema.arguments[i].name})" if what == "operands" else f"result {i}"
                    raise VerifyException(f"{self.name}: expected {name} to be of type {describe(kind)}, found {type_}")


@irdl_op_definition
class PyOp(CallLikeOp):
    """A built-in of Python; see `py_op`."""

    name = "ts.py"
    FUNCTION: ClassVar[str]

    arguments = var_operand_def()
    results_ = var_result_def()


_aten_classes: dict[str, type[AtenOp]] = {}
_py_classes: dict[str, type[PyOp]] = {}


def aten_op(schema: Schema) -> type[AtenOp]:
    """The class of `ts.aten.<schema.key>`, made when first asked for."""
    found = _aten_classes.get(schema.key)
    if found is None or (found.SCHEMA is not schema and schema != found.SCHEMA):
        found = type(
            "AtenOp_" + schema.key.replace(".", "_"), (AtenOp,), {"name": f"ts.aten.{schema.key}", "SCHEMA": schema}
        )
        _aten_classes[schema.key] = found
    return found


def py_op(function: str) -> type[PyOp]:
    """The class of `ts.py.<function>`, made when first asked for."""
    found = _py_classes.get(function)
    if found is None:
        found = type("PyOp_" + function, (PyOp,), {"name": f"ts.py.{function}", "FUNCTION": function})
        _py_classes[function] = found
    return found
