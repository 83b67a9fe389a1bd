"""The state of one function of an archive that is being compiled: its variables, where operations go, conversions of values.

What an expression or statement means is in `expressions.py`, `calls.py`, `host_calls.py` and `statements.py`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from xdsl.builder import Builder
from xdsl.dialects import scf
from xdsl.dialects.builtin import LocationAttr
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint

from tsir.dialects.locations import location_attribute
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.compatibility import NUMBERS, accepts
from tsir.dialects.ts.families import py_op
from tsir.dialects.ts.structure import CastOp, ConstantOp, DictOp, ListOp, TupleGetOp, TupleOp, UninitializedOp
from tsir.dialects.ts.type_names import show_type
from tsir.errors import ArchiveError, FrontendError, OperatorError, TsirError
from tsir.frontend.constants import Constant, emit_constant, insert, is_constant, type_of_constant
from tsir.frontend.torch_archive.classes import ArchiveClass
from tsir.frontend.torch_archive.sources import MALFORMED, Definition, SourceFile
from tsir.ops import python
from tsir.ops.python_types import UNKNOWN

if TYPE_CHECKING:
    from tsir.frontend.torch_archive.functions import ProgramBuilder


@dataclass(frozen=True)
class FunctionValue:
    """A function of the archive, or one defined in the function that is being compiled."""

    definition: Definition | None
    local: ast.FunctionDef | None = None


@dataclass(frozen=True)
class ClassValue:
    """A class of the archive."""

    info: ArchiveClass


@dataclass(frozen=True)
class ListValue:
    """A list that is written out and has no value of its own yet: its type is what it is used as."""

    elements: tuple[Any, ...]


@dataclass(frozen=True)
class TupleValue:
    """A tuple that is written out."""

    elements: tuple[Any, ...]


@dataclass(frozen=True)
class TensorConstant:
    """A tensor of the archive's constants, by its number."""

    number: int


Value: TypeAlias = SSAValue | Constant | ListValue | TupleValue | FunctionValue | ClassValue | TensorConstant
"""What an expression gives: a value of run time, or what is known while compiling."""

_CODED: dict[type[Attribute], str] = {
    ts.DTypeType: "dtype_from_code", ts.LayoutType: "layout_from_code", ts.MemoryFormatType: "memory_format_from_code",
}  # fmt: skip
"""The types whose values are ints in serialised code, and what makes one of an int."""


def is_coded(kind: Attribute | None) -> bool:
    """Whether serialised code has ints for values of a type."""
    return type(kind) in _CODED


@dataclass(eq=False)
class Body:
    """Compiles one function."""

    program: ProgramBuilder
    file: SourceFile
    block: Block
    evaluate: Callable[[Body, ast.expr, Attribute | None], Value]
    execute: Callable[[Body, Sequence[ast.stmt]], None]
    variables: dict[str, Value] = field(default_factory=dict[str, Value])
    tensors: Mapping[int, SSAValue] = field(default_factory=dict[int, SSAValue])
    """The archive's constant tensors that are parameters of the function."""
    owner: SSAValue | None = None
    """The module that the function is a method of."""
    node: ast.AST = field(default_factory=ast.Pass)

    def __post_init__(self) -> None:
        self.builder = Builder(InsertPoint.at_end(self.block))

    # Places

    @property
    def location(self) -> LocationAttr:
        """Where the tree that is being compiled stands."""
        return location_attribute(self.file.place(self.node))

    def error(self, message: str, hint: str | None = None) -> NoReturn:
        """Raises FrontendError at the tree that is being compiled."""
        self.file.error(message, self.node, hint)

    def unsupported(self, what: str, hint: str | None = None) -> NoReturn:
        """Raises UnsupportedError at the tree that is being compiled: `what` names the construct."""
        self.file.unsupported(what, self.node, hint)

    @contextmanager
    def at(self, node: ast.AST) -> Generator[None]:
        """What is emitted inside belongs to this tree; errors that have no place yet get its place."""
        previous, self.node = self.node, node
        try:
            yield
        except FrontendError as error:
            error.location = self.file.place(node) if error.location is None else error.location
            raise
        except OperatorError as error:
            raise FrontendError(error.message, location=self.file.place(node), hint=error.hint, code=error.code) from None
        except TsirError:
            raise
        except MALFORMED as error:
            what = f"{type(error).__name__}: {str(error)[:200]}"
            raise ArchiveError(f"this isn't code that torch writes: {what}", location=self.file.place(node)) from error
        finally:
            self.node = previous

    # Emission

    def emit(self, operation: Operation) -> SSAValue:
        """Inserts an operation and gives its result."""
        return insert(self.builder, operation, self.location).results[0]

    def emit_void(self, operation: Operation) -> None:
        """Inserts an operation without a result."""
        insert(self.builder, operation, self.location)

    def py(self, name: str, operands: Sequence[Value], kind: Attribute | None = None) -> SSAValue:
        """A `ts.py` operation on these values, with the result type that its row gives unless `kind` says it."""
        values = [self.value(o) for o in operands]
        if kind is None:
            constants = [o if is_constant(o) else UNKNOWN for o in operands]
            kind = python.python_result_type(name, [v.type for v in values], constants)
        return self.emit(py_op(name)(values, [kind]))

    @contextmanager
    def inside(self, block: Block) -> Generator[None]:
        """What is emitted inside goes to the end of this block."""
        outer, self.block, outer_builder = self.block, block, self.builder
        self.builder = Builder(InsertPoint.at_end(block))
        try:
            yield
        finally:
            self.block, self.builder = outer, outer_builder

    # Values

    def type_of(self, value: Value) -> Attribute:
        """The type that a value has, or would have if it were one of run time."""
        match value:
            case SSAValue():
                return value.type
            case ListValue():
                return ts.ListType(self.joined([self.type_of(e) for e in value.elements] or [ts.TensorType()]))
            case TupleValue():
                return ts.TupleType([self.type_of(e) for e in value.elements])
            case TensorConstant():
                return ts.TensorType()
            case FunctionValue() | ClassValue():
                self.error("a function or a class is no value here")
            case _:
                return type_of_constant(value)

    def value(self, value: Value) -> SSAValue:
        """A value of run time, of its own type."""
        match value:
            case SSAValue():
                return value
            case ListValue():
                return self._list(value, self.type_of(value))
            case TupleValue():
                parts = [self.value(e) for e in value.elements]
                return self.emit(TupleOp(parts, ts.TupleType([p.type for p in parts])))
            case TensorConstant():
                return self.program.tensor_constant(self, value.number)
            case FunctionValue() | ClassValue():
                self.error("a function or a class is no value here")
            case _:
                return emit_constant(self.builder, value, self.location)

    def _list(self, value: ListValue, kind: Attribute) -> SSAValue:
        assert isinstance(kind, ts.ListType)
        return self.emit(ListOp([self.coerce(e, kind.element) for e in value.elements], kind))

    def coerce(self, value: Value, wanted: Attribute) -> SSAValue:
        """A value as one of another type: of a subtype, of None for an Optional, of an int where code has ints for dtypes."""
        match value:
            case ListValue() if isinstance(inner := _unwrapped(wanted), ts.ListType):
                return self.cast(self._list(value, inner), wanted)
            case TupleValue() if isinstance(inner := _unwrapped(wanted), ts.TupleType | ts.NamedTupleType):
                kinds = inner.elements.data
                if len(kinds) == len(value.elements):
                    parts = [self.coerce(e, k) for e, k in zip(value.elements, kinds, strict=True)]
                    return self.cast(self.emit(TupleOp(parts, inner)), wanted)
            case int() if is_coded(wanted) and not isinstance(value, bool):
                return self.emit(ConstantOp(*self.program.coded_constant(value, wanted)))
            case _:
                pass
        return self.cast(self.value(value), wanted)

    def cast(self, value: SSAValue, wanted: Attribute) -> SSAValue:
        """A value of run time as one of another type. Raises FrontendError for a type that it can't be of."""
        given = value.type
        if given == wanted:
            return value
        if is_coded(given) and accepts(wanted, ts.INT):
            return self.cast(self.py("type_code", [value]), wanted)
        if is_coded(wanted) and given == ts.INT:
            return self.py(_CODED[type(wanted)], [value])
        if isinstance(wanted, ts.OptionalType) and is_coded(wanted.element) and given == ts.INT:
            return self.cast(self.cast(value, wanted.element), wanted)
        if wanted == ts.FLOAT and given in (ts.INT, ts.BOOL):
            return self.py("float", [value])
        if accepts(wanted, given, self.program.is_subclass) or accepts(given, wanted, self.program.is_subclass):
            return self.emit(CastOp(value, wanted))
        if isinstance(wanted, ts.ListType) and isinstance(given, ts.ListType) and is_coded(given.element):
            self.unsupported("a list of dtypes")
        self.error(f"expected a value of type {show_type(wanted)}, found {show_type(given)}")

    def uncoded(self, value: Value) -> Value:
        """A value as serialised code has it: of a dtype, layout or memory format its number."""
        return self.py("type_code", [value]) if isinstance(value, SSAValue) and is_coded(value.type) else value

    def held(self, value: Value) -> Value:
        """A value as a variable has it: lists become values of run time, of which there is one."""
        match value:
            case ListValue():
                return self.value(value)
            case TupleValue():
                return TupleValue(tuple(self.held(e) for e in value.elements))
            case _:
                return value

    def elements(self, value: Value) -> list[Value] | None:
        """The elements of a tuple, or None for something else."""
        if isinstance(value, TupleValue):
            return list(value.elements)
        if isinstance(value, SSAValue) and isinstance(value.type, ts.TupleType | ts.NamedTupleType):
            return [self.emit(TupleGetOp(value, i, t)) for i, t in enumerate(value.type.elements.data)]
        return None

    def dictionary(self, keys: Sequence[Value], values: Sequence[Value], kind: Attribute | None) -> SSAValue:
        """A dict that is written out."""
        inner = None if kind is None else _unwrapped(kind)
        if not isinstance(inner, ts.DictType):
            key = self.joined([self.type_of(k) for k in keys] or [ts.StrType()])
            inner = ts.DictType(key, self.joined([self.type_of(v) for v in values] or [ts.TensorType()]))
        items = [
            self.coerce(item, inner.value if i else inner.key)
            for pair in zip(keys, values, strict=True)
            for i, item in enumerate(pair)
        ]
        return self.emit(DictOp(items, inner))

    def uninitialized(self, kind: Attribute) -> SSAValue:
        """A value that is never read."""
        return self.emit(UninitializedOp(kind))

    def joined(self, kinds: Sequence[Attribute]) -> Attribute:
        """The type of a value that is of one of these types."""
        found = kinds[0]
        for kind in kinds[1:]:
            found = self.join(found, kind)
        return found

    def join(self, a: Attribute, b: Attribute) -> Attribute:
        """The type of a value that is of one of two types."""
        if is_coded(a) != is_coded(b):
            a, b = (ts.INT if is_coded(k) else k for k in (a, b))
        if accepts(a, b, self.program.is_subclass):
            return a
        if accepts(b, a, self.program.is_subclass):
            return b
        if a in NUMBERS and b in NUMBERS:
            return ts.NumberType()
        if isinstance(a, ts.TupleType) and isinstance(b, ts.TupleType) and len(a.elements.data) == len(b.elements.data):
            return ts.TupleType([self.join(x, y) for x, y in zip(a.elements.data, b.elements.data, strict=True)])
        if isinstance(a, ts.OptionalType) and b != ts.NONE:
            return ts.optional_of(self.join(a.element, b.element if isinstance(b, ts.OptionalType) else b))
        if isinstance(b, ts.OptionalType) and a != ts.NONE:
            return ts.optional_of(self.join(a, b.element))
        return ts.union_of([a, b])

    def choose(self, test: SSAValue, kind: Attribute, then: Callable[[], Value], other: Callable[[], Value]) -> SSAValue:
        """The value of one of two expressions, of which only one is evaluated."""
        blocks: list[Block] = []
        for emit in (then, other):
            blocks.append(Block())
            with self.inside(blocks[-1]):
                self.emit_void(scf.YieldOp(self.coerce(emit(), kind)))
        return self.emit(scf.IfOp(test, [kind], Region(blocks[0]), Region(blocks[1])))


def _unwrapped(kind: Attribute) -> Attribute:
    return kind.element if isinstance(kind, ts.OptionalType) else kind
