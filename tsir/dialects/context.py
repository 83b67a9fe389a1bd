"""The xDSL context of tsir: which dialects are known, and how IR text is read and printed.

Dialects are loaded when a text first names them. The `ts.aten` and `ts.py` operations are made on demand: the context asks
the schema registry it was given, so that this layer needs no import of the operators.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO

from xdsl.context import Context
from xdsl.dialects.builtin import Builtin, DenseIntOrFPElementsAttr
from xdsl.ir import Attribute, Dialect, Operation, TypeAttribute
from xdsl.printer import Printer

from tsir.dialects.deep_stack import call_with_deep_stack
from tsir.dialects.parsing import parse_module
from tsir.dialects.positions import Positions
from tsir.dialects.schema import Schema
from tsir.dialects.ts.families import aten_op, py_op
from tsir.dialects.values import Instance

__all__ = ["TsContext", "make_context", "parse_module", "print_module"]


MISSING_UPSTREAM = frozenset(("arith.remf", "arith.select", "tensor.generate"))
"""The operations of `upstream.py`, which is imported when one is first named."""


@dataclass
class TsContext(Context):
    """A context that makes `ts.aten.*` and `ts.py.*` operations when they are asked for.

    `find_schema` gives the schema of `name.overload` or None; `is_py_function` tells whether `ts.py.<name>` exists.
    """

    find_schema: Callable[[str], Schema | None] = field(default=lambda _key: None)
    is_py_function: Callable[[str], bool] = field(default=lambda _name: True)
    positions: Positions | None = None
    """Where things stand in the text that was read last."""
    family_names: Callable[[], list[str]] = field(default=list[str])
    """The names of all `ts.aten` and `ts.py` operations, for hints."""
    objects: dict[str, Instance] = field(default_factory=dict[str, Instance])
    """The object that a method's first argument will be, by the function's symbol: what passes may take as known."""
    statistics: object = None
    """Where passes that apply rules count what the rules do, when a tool wants to know (`passes/rules/engine.py`)."""
    resources: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """The data of `dense_resource` constants that passes made, by name: for the end of the text."""
    find_dialect: Callable[[str], Dialect | None] = field(default=lambda _name: None)
    """Gives a dialect that isn't registered, when a text first names it."""

    def get_optional_op(self, name: str, *, dialect_stack: Sequence[str] = ()) -> type[Operation] | None:
        if name.startswith("ts.aten."):
            schema = self.find_schema(name[len("ts.aten.") :])
            return None if schema is None else aten_op(schema)
        if name.startswith("ts.py."):
            function = name[len("ts.py.") :]
            return py_op(function) if self.is_py_function(function) else None
        if name in MISSING_UPSTREAM:
            from tsir.dialects.upstream import OPERATIONS

            return OPERATIONS[name]
        self._look_for_dialect(name)
        return super().get_optional_op(name, dialect_stack=dialect_stack)

    def get_optional_type(self, name: str) -> type[TypeAttribute] | None:
        self._look_for_dialect(name)
        return super().get_optional_type(name)

    def get_optional_attr(self, name: str) -> type[Attribute] | None:
        self._look_for_dialect(name)
        return super().get_optional_attr(name)

    def _look_for_dialect(self, name: str) -> None:
        dialect, dot, _ = name.partition(".")
        if dot and dialect not in self._registered_dialects and (found := self.find_dialect(dialect)) is not None:
            self.load_dialect(found)


def _ts() -> Dialect:
    from tsir.dialects.ts import Ts

    return Ts


def _linalg_ext() -> Dialect:
    from tsir.dialects.linalg_ext import LinalgExt

    return LinalgExt


def make_context(
    find_schema: Callable[[str], Schema | None],
    is_py_function: Callable[[str], bool] = lambda _name: True,
    family_names: Callable[[], list[str]] = list[str],
) -> TsContext:
    """A context with `builtin`, `ts`, `linalg_ext` and all of xDSL's dialects registered (loaded when first named)."""
    from xdsl.dialects import get_all_dialects

    context = TsContext(find_schema=find_schema, is_py_function=is_py_function, family_names=family_names)
    context.load_dialect(Builtin)
    for name, factory in get_all_dialects().items():
        if name != "builtin":
            context.register_dialect(name, factory)
    context.register_dialect("ts", _ts)
    context.register_dialect("linalg_ext", _linalg_ext)
    return context


@dataclass(eq=False, repr=False)
class TsPrinter(Printer):
    """xDSL's printer, which with locations prints some operations (`scf.while`) so that they can't be read back.

    There the location follows every function type; here it only ends an operation. `dense` attributes of more than `elide_larger`
    elements are printed as mlir-opt elides them, without their data.
    """

    elide_larger: int | None = None

    def print_operation_type(self, op: Operation) -> None:
        self.print_function_type(op.operand_types, op.result_types)

    def print_attribute(self, attribute: Attribute) -> None:
        if (
            self.elide_larger is not None
            and isinstance(attribute, DenseIntOrFPElementsAttr)
            and len(attribute) > self.elide_larger
        ):
            self.print_string("dense_resource<__elided__> : ")
            self.print_attribute(attribute.type)
        else:
            super().print_attribute(attribute)

    def print_op_with_default_format(self, op: Operation) -> None:
        super().print_op_with_default_format(op)
        if self.print_debuginfo:
            self.print_string(" ")
            self.print_attribute(op.location)


RESOURCE_ALIGNMENT = 8


def print_module(
    module: Operation,
    *,
    debuginfo: bool = False,
    generic: bool = False,
    resources: Mapping[str, bytes] | None = None,
    elide_larger: int | None = None,
) -> str:
    """The module as text that `parse_module` reads back; with locations when `debuginfo`.

    `resources` is the data of the `dense_resource` attributes in it, little-endian. With `elide_larger` constants of more elements
    than that come without their values, which can be read back, but isn't the same program.
    """

    def show() -> str:
        stream = StringIO()
        TsPrinter(stream, print_generic_format=generic, print_debuginfo=debuginfo, elide_larger=elide_larger).print_op(
            module
        )
        return stream.getvalue() + "\n"

    return call_with_deep_stack(show) + _resource_section(resources or {})


def _resource_section(resources: Mapping[str, bytes]) -> str:
    """The end of a text: `{-# dialect_resources: {builtin: {name: "0x08000000..."}} #-}`, the alignment before the data."""
    if not resources:
        return ""
    alignment = RESOURCE_ALIGNMENT.to_bytes(4, "little")
    lines = ",\n".join(f'      {name}: "0x{(alignment + data).hex().upper()}"' for name, data in resources.items())
    return f"\n{{-#\n  dialect_resources: {{\n    builtin: {{\n{lines}\n    }}\n  }}\n#-}}\n"
