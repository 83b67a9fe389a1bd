"""Operations at an insertion point: what the emitter of graphs, of control flow and of guards have in common."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from xdsl.builder import Builder
from xdsl.dialects import scf
from xdsl.dialects.builtin import LocationAttr
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint

from tsir.dialects import dtypes
from tsir.dialects.locations import UNKNOWN
from tsir.dialects.schema import SchemaRegistry
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.dialects.ts.structure import RaiseOp, TruthOp
from tsir.errors import UnsupportedError
from tsir.frontend.constants import Constant, emit_constant, emit_list, insert
from tsir.frontend.overloads import emit_aten, emit_overload
from tsir.ops import python


class Emitting:
    """A builder with the location of what is being emitted."""

    def __init__(self, builder: Builder, registry: SchemaRegistry) -> None:
        self.builder = builder
        self.registry = registry
        self.location: LocationAttr = UNKNOWN

    def insert(self, operation: Operation) -> Operation:
        """Inserts an operation at the current place."""
        return insert(self.builder, operation, self.location)

    def constant(self, value: Constant) -> SSAValue:
        """A constant."""
        return emit_constant(self.builder, value, self.location)

    def list(self, items: Sequence[SSAValue], element: Attribute) -> SSAValue:
        """A new list."""
        return emit_list(self.builder, items, element, self.location)

    def python(self, symbol: str, *operands: SSAValue) -> SSAValue:
        """Python's operator of this symbol (`+`, `not`), or its function (`min`, `math.floor`, `int`). Raises UnsupportedError."""
        types = [o.type for o in operands]
        row = python.operator(symbol, types) if not symbol[:1].isalpha() or symbol == "not" else python.builtin(symbol)
        if row is None:
            raise UnsupportedError(f"Python's {symbol} isn't supported in an exported program")
        kind = python.python_result_type(row.name, types)
        return self.insert(py_op(row.name)(operands, [kind])).results[0]

    def append(self, target: SSAValue, value: SSAValue) -> None:
        """`target.append(value)`."""
        self.insert(py_op("list_append")([target, value], [ts.NONE]))

    def aten(self, key: str, args: Sequence[Any], kwargs: Mapping[str, Any] | None = None) -> tuple[SSAValue, ...]:
        """An ATen operator by its overload's key, `add.Tensor` or `relu`. Another overload is taken where that one doesn't take
        a Python number for a tensor. Raises UnsupportedError for an unknown one."""
        schema = self.registry.get(key)
        if schema is not None:
            values = emit_overload(self.builder, self.registry, schema, args, kwargs or {}, self.location)
            if values is not None:
                return values
            if args and isinstance(args[0], bool | int | float | complex) and schema.arguments[0].type.base == "Tensor":
                return self.aten(key, [self._as_tensor(args[0]), *args[1:]], kwargs)
        name = key.partition(".")[0]
        if schema is None:
            name = key
        found = emit_aten(self.builder, self.registry, name, args, kwargs or {}, self.location)
        return (found,) if isinstance(found, SSAValue) else found

    def _as_tensor(self, value: bool | float | complex) -> SSAValue:
        """A number where torch takes a tensor, as in `1.0 - x`: one without dimensions, which doesn't change the other's dtype."""
        dtype = dtypes.bool_ if isinstance(value, bool) else dtypes.int64 if isinstance(value, int) else None
        (made,) = self.aten("scalar_tensor", [value], {"dtype": dtype})
        return made

    def one(self, key: str, *args: Any) -> SSAValue:
        """As `aten`, for an operator with one result."""
        (value,) = self.aten(key, args)
        return value

    def truth(self, value: SSAValue) -> SSAValue:
        """`bool(value)`."""
        return value if value.type == ts.BOOL else self.insert(TruthOp(value)).results[0]

    def size(self, tensor: SSAValue, dim: int) -> SSAValue:
        """A tensor's size in a dimension."""
        return self.one("size.int", tensor, dim)

    def number(self, value: SSAValue, kind: str) -> SSAValue:
        """A number as an int, float or bool."""
        wanted = {"int": ts.INT, "float": ts.FLOAT, "bool": ts.BOOL}.get(kind)
        return value if wanted is None or value.type == wanted else self.python(kind, value)

    @contextmanager
    def block(self, kinds: Sequence[Attribute] = ()) -> Generator[Block, None, None]:
        """While this is active, what is emitted goes into a new block with such arguments."""
        made, before = Block(arg_types=kinds), self.builder
        self.builder = Builder(InsertPoint.at_end(made))
        try:
            yield made
        finally:
            self.builder = before

    def raise_unless(self, condition: SSAValue, exception: str, message: str) -> None:
        """`if not condition: raise exception(message)`."""
        failed = self.python("not", condition)
        with self.block() as block:
            self.insert(RaiseOp(exception, [self.constant(message)]))
            self.insert(scf.YieldOp())
        self.insert(scf.IfOp(failed, [], Region(block)))

    def both(self, first: SSAValue, second: SSAValue) -> SSAValue:
        """Whether both bools are true; each is computed already."""
        return self.python("&", first, second)


__all__ = ["Emitting"]
