"""Emission of linalg-level operations: where they go, their location, and how sizes and constants become SSA values.

A `Builder` without a block emits nothing and is for inference: core operations then compute types only. Core operations find
the builder of the body that is being run through `current()`. What the operations mean is in `core/`; nothing here knows torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from xdsl.dialects import arith, tensor
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    AffineMapAttr,
    AnyFloat,
    ArrayAttr,
    ComplexType,
    DenseArrayBase,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    StringAttr,
    TensorType,
    UnknownLoc,
    i32,
    i64,
)
from xdsl.dialects.complex import ConstantOp as ComplexConstantOp
from xdsl.dialects.complex import CreateOp as ComplexCreateOp
from xdsl.dialects.linalg.attrs import IteratorTypeAttr
from xdsl.dialects.linalg.ops import GenericOp, YieldOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.ir.affine import AffineConstantExpr, AffineDimExpr, AffineExpr, AffineMap
from xdsl.irdl import IRDLOperation

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.linalg_ext import CheckOp
from tsir.dialects.schema import parse_schema
from tsir.dialects.ts.families import aten_op
from tsir.dialects.ts.types import INT, dtype_of, linalg_element_type
from tsir.dialects.ts.types import TensorType as ReferenceType
from tsir.ops.sizes import CannotLower, ShapeEnv, Size, SymInt, size_key
from tsir.ops.tensor import SymScalar, SymTensor

INDEX = IndexType()
_SIZE = parse_schema("size.int(Tensor self, int dim) -> int")
I1 = IntegerType(1)

_default_properties: dict[type[Operation], dict[str, Attribute]] = {}
_tensor_types: dict[tuple[Any, ...], TensorType[Attribute]] = {}
_maps: dict[tuple[int, tuple[Any, ...]], AffineMapAttr] = {}
_iterators: dict[str, ArrayAttr[IteratorTypeAttr]] = {}
_ITERATORS = {
    "p": IteratorTypeAttr.parallel(),
    "r": IteratorTypeAttr.reduction(),
}
_SCALAR_TYPES: dict[str, DType] = {
    "int": dtypes.int64,
    "float": dtypes.float64,
    "bool": dtypes.bool_,
    "complex": dtypes.complex128,
}


def default_properties(op: type[Operation]) -> dict[str, Attribute]:
    """The properties of an operation class that have defaults, such as `fastmath`."""
    found = _default_properties.get(op)
    if found is None:
        found = {}
        if issubclass(op, IRDLOperation):
            for name, definition in op.get_irdl_definition().properties.items():
                if definition.default_value is not None:
                    found[name] = definition.default_value
        _default_properties[op] = found
    return found


def tensor_type(dtype: DType, shape: Sequence[Size]) -> TensorType[Attribute]:
    """The builtin type of a tensor value; sizes that aren't constants are `?`, uint8 is `i8`."""
    key = (dtype, tuple([s if isinstance(s, int) else DYNAMIC_INDEX for s in shape]))
    found = _tensor_types.get(key)
    if found is None:
        found = TensorType(linalg_element_type(dtype), key[1])
        _tensor_types[key] = found
    return found


def affine_map(dims: int, results: Sequence[int | AffineExpr | None]) -> AffineMapAttr:
    """A map from `dims` dimensions; a result is a dimension's number, an expression, or None for the constant 0."""
    key = (dims, tuple(results))
    found = _maps.get(key)
    if found is None:
        exprs = tuple(AffineConstantExpr(0) if r is None else AffineDimExpr(r) if isinstance(r, int) else r for r in results)
        found = AffineMapAttr(AffineMap(dims, 0, exprs))
        _maps[key] = found
    return found


def identity_map(rank: int) -> AffineMapAttr:
    """The identity on `rank` dimensions."""
    return affine_map(rank, range(rank))


def _iterator_types(letters: str) -> ArrayAttr[IteratorTypeAttr]:
    found = _iterators.get(letters)
    if found is None:
        found = ArrayAttr(_ITERATORS[letter] for letter in letters)
        _iterators[letters] = found
    return found


def int_attr(value: int, element: Attribute) -> IntegerAttr[Any]:
    """An integer attribute, wrapped to the width of the element type as two's complement."""
    if isinstance(element, IntegerType):
        width = element.width.data
        value &= (1 << width) - 1
        if width > 1 and value >> (width - 1):
            value -= 1 << width
        elif width == 1 and value:
            value = -1
    assert isinstance(element, IntegerType | IndexType)
    return IntegerAttr(value, element)


class Emitter:
    """A place in a block where operations are appended, and the location they get."""

    def __init__(self, block: Block | None, before: Operation | None, location: Any) -> None:
        self.block = block
        self.before = before
        self.location = location
        self._constants: dict[tuple[Any, ...], SSAValue] = {}

    def op(
        self,
        cls: type[Operation],
        operands: Sequence[SSAValue],
        result_types: Sequence[Attribute],
        properties: Mapping[str, Attribute] | None = None,
        regions: Sequence[Region] = (),
    ) -> Operation:
        """Creates an operation, fills in default properties, and inserts it."""
        merged = default_properties(cls)
        if properties:
            merged = {**merged, **properties}
        op = cls.create(
            operands=operands,
            result_types=result_types,
            properties=dict(merged),
            location=self.location,
            regions=regions,
        )
        return self.insert(op)

    def insert(self, op: Operation) -> Operation:
        """Inserts an operation at this place and gives it the location when it has none."""
        if isinstance(op.location, UnknownLoc):
            op.location = self.location
        assert self.block is not None, "a builder for inference can't emit"
        if self.before is None:
            self.block.add_op(op)
        else:
            self.block.insert_op_before(op, self.before)
        return op

    def one(
        self,
        cls: type[Operation],
        operands: Sequence[SSAValue],
        result_type: Attribute,
        properties: Mapping[str, Attribute] | None = None,
    ) -> SSAValue:
        """`op` for an operation with one result, which it gives."""
        return self.op(cls, operands, (result_type,), properties).results[0]

    def constant(self, value: bool | int | float | complex, element: Attribute) -> SSAValue:
        """A constant of a scalar type; integers wrap to its width. Cached for this place."""
        key = (
            type(value),
            value if value == value else "nan",
            math.copysign(1.0, value) if type(value) is float else 0,
            element,
        )
        found = self._constants.get(key)
        if found is None:
            found = self._make_constant(value, element)
            self._constants[key] = found
        return found

    def _make_constant(self, value: bool | int | float | complex, element: Attribute) -> SSAValue:
        if isinstance(element, ComplexType):
            number = complex(value)
            part = element.element_type
            attribute = ArrayAttr([FloatAttr(number.real, part), FloatAttr(number.imag, part)])  # type: ignore[arg-type]
            return self.one(ComplexConstantOp, (), element, {"value": attribute})
        if isinstance(element, AnyFloat):
            assert not isinstance(value, complex)
            return self.one(arith.ConstantOp, (), element, {"value": FloatAttr(float(value), element)})
        assert not isinstance(value, complex)
        if isinstance(element, IntegerType) and element.width.data == 1:
            value = bool(value)
        return self.one(arith.ConstantOp, (), element, {"value": int_attr(int(value), element)})


class Body(Emitter):
    """The body of a structured operation while it is being made."""


class Builder(Emitter):
    """Emits at an insertion point, or (without a block) only infers.

    `env` knows the sizes. The SSA values of sizes and constants are cached: later insertion points must be dominated by
    earlier ones; `nested` gives a builder for a region whose cached values don't leak out of it.
    """

    def __init__(
        self,
        env: ShapeEnv | None = None,
        *,
        block: Block | None = None,
        before: Operation | None = None,
        location: Any = None,
    ) -> None:
        super().__init__(block, before, UnknownLoc() if location is None else location)
        self.env = ShapeEnv() if env is None else env
        self.emitting = block is not None
        self._sizes: dict[Any, SSAValue] = {}
        self._origins: dict[Any, tuple[SSAValue, int] | SSAValue] = {}

    def nested(self, block: Block, before: Operation | None = None) -> Builder:
        """A builder for a block inside a region of an operation at this one's insertion point."""
        inner = Builder(self.env, block=block, before=before, location=self.location)
        inner._constants.update(self._constants)
        inner._sizes.update(self._sizes)
        return inner

    # Values -----------------------------------------------------------------------------------------------------------

    def tensor(
        self, value: SSAValue, dtype: DType | None = None, *, lower: int = 2, hints: Sequence[int] | None = None
    ) -> SymTensor:
        """The `SymTensor` of a builtin tensor value: each `?` becomes a new atom with this lower bound.

        `dtype` tells uint8 from int8, which have the same element type; `hints` is an example of the shape.
        """
        kind = value.type
        assert isinstance(kind, TensorType)
        found = dtype or dtype_of(kind.element_type)
        assert found is not None, f"no dtype for {kind}"
        name = value.name_hint or "t"
        shape = tuple(
            d
            if d != DYNAMIC_INDEX
            else self.env.atom(
                f"{name}.size({i})", lower=lower, hint=hints[i] if hints is not None else None, origin=(value, i)
            )
            for i, d in enumerate(kind.get_shape())
        )
        return SymTensor(found, shape, value)

    def number(self, value: SSAValue) -> SymScalar:
        """The `SymScalar` of an `i64`, `f64`, `i1` or `complex<f64>` value."""
        dtype = dtype_of(value.type)
        for kind, scalar in _SCALAR_TYPES.items():
            if dtype is scalar:
                return SymScalar(kind, value)
        raise CannotLower(f"a value of type {value.type} is no Python number")

    def with_shape(self, value: SSAValue, dtype: DType, shape: Sequence[Size]) -> SymTensor:
        """A tensor value of a known shape."""
        return SymTensor(dtype, tuple(shape), value)

    def index(self, value: int) -> SSAValue:
        """A constant of type `index`."""
        return self.constant(value, INDEX)

    def size(self, size: Size) -> SSAValue:
        """The SSA value of a size, of type `index`. Raises CannotLower for one that has no run-time origin."""
        if isinstance(size, int):
            return self.index(size)
        resolved = self.env.resolve(size)
        if isinstance(resolved, int):
            return self.index(resolved)
        key = size_key(resolved)
        found = self._sizes.get(key)
        if found is None:
            found = self._size_value(resolved)
            self._sizes[key] = found
        return found

    def _size_value(self, size: SymInt) -> SSAValue:
        total: SSAValue | None = None
        constant = size.terms.get((), 0)
        for monomial, coefficient in size.terms.items():
            if not monomial:
                continue
            product: SSAValue | None = None
            for atom in monomial:
                value = self._atom_value(atom)
                product = value if product is None else self.one(arith.MuliOp, (product, value), INDEX)
            assert product is not None
            if coefficient != 1:
                product = self.one(arith.MuliOp, (product, self.index(coefficient)), INDEX)
            total = product if total is None else self.one(arith.AddiOp, (total, product), INDEX)
        assert total is not None
        return self.one(arith.AddiOp, (total, self.index(constant)), INDEX) if constant else total

    def _atom_value(self, atom: Any) -> SSAValue:
        key = ("atom", atom)
        found = self._sizes.get(key)
        if found is not None:
            return found
        if atom.operation is not None:
            a, b = (self.size(v) for v in atom.operands)
            found = self._compound_value(atom.operation, a, b, atom)
        elif isinstance(atom.origin, tuple):
            source, dim = atom.origin
            found = self._dimension(source, dim)
        elif isinstance(atom.origin, SSAValue):
            found = atom.origin
            if found.type != INDEX:
                found = self.one(arith.IndexCastOp, (found,), INDEX)
        else:
            raise CannotLower(f"the size {atom} has no value at run time here")
        self._sizes[key] = found
        return found

    def _dimension(self, source: SSAValue, dim: int) -> SSAValue:
        """The size of a dimension; of a reference, which `tensor.dim` doesn't take, by the operator for that."""
        if not isinstance(source.type, ReferenceType):
            return self.one(tensor.DimOp, (source, self.index(dim)), INDEX)
        call = self.insert(aten_op(_SIZE)([source, self.constant(dim, INT)], [INT]))
        return self.one(arith.IndexCastOp, (call.results[0],), INDEX)

    def _compound_value(self, operation: str, a: SSAValue, b: SSAValue, atom: Any) -> SSAValue:
        match operation:
            case "min":
                return self.one(arith.MinSIOp, (a, b), INDEX)
            case "max":
                return self.one(arith.MaxSIOp, (a, b), INDEX)
            case "floordiv":
                return self.one(arith.FloorDivSIOp, (a, b), INDEX)
            case _:
                quotient = self.one(arith.FloorDivSIOp, (a, b), INDEX)
                return self.one(arith.SubiOp, (a, self.one(arith.MuliOp, (quotient, b), INDEX)), INDEX)

    def int_value(self, size: Size) -> SSAValue:
        """The SSA value of a size as Python's int, `i64`."""
        if isinstance(size, int):
            return self.constant(size, i64)
        resolved = self.env.resolve(size)
        if isinstance(resolved, int):
            return self.constant(resolved, i64)
        atom = resolved.as_atom()
        if atom is not None and isinstance(atom.origin, SSAValue) and atom.origin.type == i64:
            return atom.origin
        key = ("i64", size_key(resolved))
        found = self._sizes.get(key)
        if found is None:
            found = self.one(arith.IndexCastOp, (self.size(resolved),), i64)
            self._sizes[key] = found
        return found

    def dynamic(self, sizes: Sequence[Size]) -> tuple[list[SSAValue], DenseArrayBase[Any]]:
        """Mixed sizes as the operations of `tensor` take them: the values of the dynamic ones, and the static list."""
        values = [self.size(s) for s in sizes if not isinstance(s, int)]
        static = DenseArrayBase.from_list(i64, [s if isinstance(s, int) else DYNAMIC_INDEX for s in sizes])
        return values, static

    def empty(self, dtype: DType, shape: Sequence[Size]) -> SSAValue:
        """A `tensor.empty`."""
        return self.one(tensor.EmptyOp, [self.size(s) for s in shape if not isinstance(s, int)], tensor_type(dtype, shape))

    def number_value(self, number: Any, emitter: Emitter | None = None) -> tuple[SSAValue, DType]:
        """The SSA value of a number and its dtype: i64, f64, i1 or complex<f64> (constants where `emitter` is)."""
        if isinstance(number, SymScalar):
            assert number.value is not None
            return number.value, _SCALAR_TYPES[number.kind]
        if isinstance(number, SymInt):
            return self.int_value(number), dtypes.int64
        dtype = _SCALAR_TYPES[
            "bool" if isinstance(number, bool) else "int" if isinstance(number, int) else type(number).__name__
        ]
        return (emitter or self).constant(number, linalg_element_type(dtype)), dtype

    # Operations -------------------------------------------------------------------------------------------------------

    def cast(self, value: SymTensor, shape: Sequence[Size]) -> SymTensor:
        """The same tensor with other (equal at run time) sizes in its type: a `tensor.cast` where the type changes."""
        target = tensor_type(value.dtype, shape)
        if not self.emitting or value.value is None or value.value.type == target:
            return SymTensor(value.dtype, tuple(shape), value.value)
        return SymTensor(value.dtype, tuple(shape), self.one(tensor.CastOp, (value.value,), target))

    def generic(
        self,
        inputs: Sequence[SSAValue],
        input_maps: Sequence[AffineMapAttr],
        outputs: Sequence[SSAValue],
        output_maps: Sequence[AffineMapAttr],
        iterators: str,
        make_body: Callable[[Body, Sequence[SSAValue]], Sequence[SSAValue]],
    ) -> Sequence[SSAValue]:
        """A `linalg.generic`; `iterators` is a letter for each dimension, `p` parallel or `r` reduction.

        `make_body` gets the elements of inputs and outputs and gives what is yielded.
        """
        block = Block(arg_types=[_element(v.type) for v in (*inputs, *outputs)])
        body = Body(block, None, self.location)
        yielded = make_body(body, block.args)
        body.op(YieldOp, yielded, ())
        op = self.op(
            GenericOp,
            (*inputs, *outputs),
            [o.type for o in outputs],
            {
                "indexing_maps": ArrayAttr((*input_maps, *output_maps)),
                "iterator_types": _iterator_types(iterators),
                "operandSegmentSizes": DenseArrayBase.from_list(i32, (len(inputs), len(outputs))),
            },
            (Region(block),),
        )
        return op.results

    def check(self, condition: SSAValue, exception: str, message: str, arguments: Sequence[SSAValue] = ()) -> None:
        """A `linalg_ext.check`: raises at run time when the condition is false."""
        self.op(
            CheckOp,
            (condition, *arguments),
            (),
            {"exception": StringAttr(exception), "message": StringAttr(message)},
        )


def _element(kind: Attribute) -> Attribute:
    return kind.element_type if isinstance(kind, TensorType) else kind


def complex_value(emitter: Emitter, real: SSAValue, imaginary: SSAValue, element: Attribute) -> SSAValue:
    """`complex.create`."""
    return emitter.one(ComplexCreateOp, (real, imaginary), element)


_current: ContextVar[Builder] = ContextVar("tsir_builder")


def current() -> Builder:
    """The builder of the body that is being run; one for inference when none is."""
    found = _current.get(None)
    return Builder() if found is None else found


@contextmanager
def building(builder: Builder) -> Generator[Builder, None, None]:
    """Runs core operations with this builder: `with building(b): y = exp(x)`."""
    token = _current.set(builder)
    try:
        yield builder
    finally:
        _current.reset(token)


def run_with(builder: Builder, function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    """`function(*arguments)` with this builder as the current one."""
    token = _current.set(builder)
    try:
        return function(*arguments)
    finally:
        _current.reset(token)
