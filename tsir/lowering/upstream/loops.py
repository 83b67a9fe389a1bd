"""Writing loops over tensors: a small builder for `scf`, `tensor` and `arith` that reads like the loops it makes.

Indices are SSA values of type `index`; the functions that make bodies take the indices and the carried values and give the
values to carry on. Tensors that loops write are carried, as bufferization in place wants.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from xdsl.dialects import arith, linalg, math, scf, tensor
from xdsl.dialects.builtin import (
    AffineMapAttr,
    AnyFloat,
    ArrayAttr,
    ComplexType,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    LocationAttr,
    TensorType,
)
from xdsl.dialects.linalg.attrs import IteratorTypeAttr
from xdsl.dialects.linalg.ops import GenericOp, YieldOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.ir.affine import AffineMap

from tsir.dialects.implicit_bodies import make_named

INDEX = IndexType()
I1 = IntegerType(1)
I64 = IntegerType(64)

Values = Sequence[SSAValue]

_CMPI = ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge")
_CMPF = ("false", "oeq", "ogt", "oge", "olt", "ole", "one", "ord", "ueq", "ugt", "uge", "ult", "ule", "une", "uno", "true")


def is_float(kind: Attribute) -> bool:
    """Whether a type is a floating-point type."""
    return isinstance(kind, AnyFloat)


class Loops:
    """Emits operations before `anchor`, or inside the body that is being made."""

    def __init__(self, anchor: Operation) -> None:
        block = anchor.parent_block()
        assert block is not None
        self.location: LocationAttr = anchor.location
        self._places: list[tuple[Block, Operation | None]] = [(block, anchor)]

    def add(self, op: Operation) -> Any:
        """Inserts an operation here; gives its only result, or the list of its results."""
        op.location = self.location
        block, before = self._places[-1]
        if before is None:
            block.add_op(op)
        else:
            block.insert_op_before(op, before)
        return op.results[0] if len(op.results) == 1 else list(op.results)

    # Scalars

    def index(self, value: int) -> SSAValue:
        """A constant of type `index`."""
        return self.add(arith.ConstantOp(IntegerAttr(value, INDEX)))

    def constant(self, value: float, kind: Attribute) -> SSAValue:
        """A constant of a number's type."""
        if isinstance(kind, AnyFloat):
            return self.add(arith.ConstantOp(FloatAttr(float(value), kind)))
        assert isinstance(kind, IntegerType | IndexType)
        return self.add(arith.ConstantOp(IntegerAttr(int(value), kind)))

    def binary(self, op: type[Operation], a: SSAValue, b: SSAValue) -> SSAValue:
        """`op a, b` with a result of the operands' type."""
        return self.add(op(a, b))  # type: ignore[call-arg]

    def plus(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """The sum of two integers."""
        return self.add(arith.AddiOp(a, b))

    def minus(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """The difference of two integers."""
        return self.add(arith.SubiOp(a, b))

    def both(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """Whether both hold."""
        return self.add(arith.AndIOp(a, b))

    def either(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """Whether one holds."""
        return self.add(arith.OrIOp(a, b))

    def negated(self, a: SSAValue) -> SSAValue:
        """Whether it doesn't hold."""
        return self.add(arith.XOrIOp(a, self.add(arith.ConstantOp(IntegerAttr(-1, I1)))))

    def compare(self, predicate: str, a: SSAValue, b: SSAValue) -> SSAValue:
        """`arith.cmpi` or `arith.cmpf`, as the type wants."""
        if isinstance(a.type, AnyFloat):
            return self.add(arith.CmpfOp(a, b, _CMPF.index(predicate)))
        return self.add(arith.CmpiOp(a, b, _CMPI.index(predicate)))

    def select(self, condition: SSAValue, a: SSAValue, b: SSAValue) -> SSAValue:
        """`a` where the condition holds, else `b`."""
        return self.add(arith.SelectOp(condition, a, b))

    def is_nan(self, x: SSAValue) -> SSAValue:
        """Whether a float is NaN."""
        return self.compare("uno", x, x)

    def less(self, a: SSAValue, b: SSAValue, *, unsigned: bool) -> SSAValue:
        """Torch's order: NaN is greater than every number, false less than true."""
        if isinstance(a.type, AnyFloat):
            above = self.both(self.is_nan(b), self.compare("ord", a, a))
            return self.either(self.compare("olt", a, b), above)
        return self.compare("ult" if unsigned or a.type == I1 else "slt", a, b)

    def to_index(self, value: SSAValue) -> SSAValue:
        """A signed integer as `index`."""
        return value if value.type == INDEX else self.add(arith.IndexCastOp(value, INDEX))

    def to_integer(self, value: SSAValue, kind: Attribute) -> SSAValue:
        """An index as a signed integer."""
        return self.add(arith.IndexCastOp(value, kind))

    def widened(self, x: SSAValue, kind: Attribute) -> SSAValue:
        """A float in a wider type."""
        return x if x.type == kind else self.add(arith.ExtFOp(x, kind))  # type: ignore[arg-type]

    def narrowed(self, x: SSAValue, kind: Attribute) -> SSAValue:
        """A float in a narrower type."""
        return x if x.type == kind else self.add(arith.TruncFOp(x, kind))  # type: ignore[arg-type]

    def math(self, op: type[Operation], x: SSAValue) -> SSAValue:
        """A unary function of the math dialect."""
        return self.add(op(x))  # type: ignore[call-arg]

    def logaddexp(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """`log(exp(a) + exp(b))` without overflow."""
        top = self.add(arith.MaximumfOp(a, b))
        distance = self.math(math.AbsFOp, self.add(arith.SubfOp(a, b)))
        zero = self.constant(0.0, a.type)
        distance = self.select(self.compare("oeq", a, b), zero, distance)  # of equal infinities
        return self.add(arith.AddfOp(top, self.math(math.Log1pOp, self.math(math.ExpOp, self.add(arith.NegfOp(distance))))))

    # Tensors

    def size(self, x: SSAValue, dim: int) -> SSAValue:
        """The size of a dimension."""
        kind = x.type
        assert isinstance(kind, TensorType)
        known = kind.get_shape()[dim]
        return self.index(known) if known >= 0 else self.add(tensor.DimOp(x, self.index(dim)))

    def sizes(self, x: SSAValue) -> list[SSAValue]:
        """The sizes of all dimensions."""
        kind = x.type
        assert isinstance(kind, TensorType)
        return [self.size(x, i) for i in range(kind.get_num_dims())]

    def at(self, x: SSAValue, indices: Values) -> SSAValue:
        """An element."""
        kind = x.type
        assert isinstance(kind, TensorType)
        return self.add(tensor.ExtractOp(x, list(indices), kind.get_element_type()))

    def put(self, x: SSAValue, indices: Values, value: SSAValue) -> SSAValue:
        """The tensor with another element."""
        return self.add(tensor.InsertOp(value, x, list(indices)))

    def empty(self, kind: TensorType[Attribute], sizes: Values) -> SSAValue:
        """A new tensor; `sizes` are those of all its dimensions."""
        dynamic = [s for s, d in zip(sizes, kind.get_shape(), strict=True) if d < 0]
        return self.add(tensor.EmptyOp(dynamic, kind))

    def filled(self, value: SSAValue, out: SSAValue) -> SSAValue:
        """A tensor of equal elements."""
        return self.add(make_named(linalg.ops.FillOp, [value], [out], [out.type]))

    def as_type(self, x: SSAValue, kind: Attribute) -> SSAValue:
        """The tensor with a type that knows more or less of its sizes."""
        return x if x.type == kind else self.add(tensor.CastOp(x, kind))  # type: ignore[arg-type]

    # Control flow

    def _body(self, block: Block, make: Callable[[], Values], end: Callable[[Values], Operation]) -> None:
        self._places.append((block, None))
        self.add(end(make()))
        self._places.pop()

    def loop(self, count: SSAValue, carried: Values, make: Callable[[SSAValue, Values], Values]) -> list[SSAValue]:
        """`for i in range(count)`; gives what is carried at the end."""
        block = Block(arg_types=[INDEX, *(v.type for v in carried)])
        zero, one = self.index(0), self.index(1)
        self._body(block, lambda: make(block.args[0], block.args[1:]), lambda values: scf.YieldOp(*values))
        made = scf.ForOp(zero, count, one, list(carried), block)
        self.add(made)
        return list(made.results)

    def nest(self, counts: Values, carried: Values, make: Callable[[Values, Values], Values]) -> list[SSAValue]:
        """Loops nested in each other, one for each count."""

        def inner(indices: Values, values: Values) -> Values:
            if len(indices) == len(counts):
                return make(indices, values)
            return self.loop(counts[len(indices)], values, lambda i, v: inner([*indices, i], v))

        return list(inner([], carried))

    def choose(
        self, condition: SSAValue, types: Sequence[Attribute], yes: Callable[[], Values], no: Callable[[], Values]
    ) -> list[SSAValue]:
        """`if`, with results."""
        blocks = [Block(), Block()]
        for block, make in zip(blocks, (yes, no), strict=True):
            self._body(block, make, lambda values: scf.YieldOp(*values))
        made = scf.IfOp(condition, types, [blocks[0]], [blocks[1]])
        self.add(made)
        return list(made.results)

    def repeat(
        self, carried: Values, test: Callable[[Values], SSAValue], make: Callable[[Values], Values]
    ) -> list[SSAValue]:
        """`while test`; gives what is carried at the end."""
        types = [v.type for v in carried]
        before, after = Block(arg_types=types), Block(arg_types=types)
        self._body(before, lambda: [test(before.args)], lambda found: scf.ConditionOp(found[0], *before.args))
        self._body(after, lambda: make(after.args), lambda values: scf.YieldOp(*values))
        made = scf.WhileOp(list(carried), types, [before], [after])
        self.add(made)
        return list(made.results)

    def generic(
        self,
        inputs: Values,
        outputs: Values,
        maps: Sequence[AffineMap],
        iterators: str,
        make: Callable[[Values], Values],
    ) -> list[SSAValue]:
        """A `linalg.generic`; `iterators` has a `p` (parallel) or `r` (reduction) for each loop."""
        elements = [v.type.get_element_type() if isinstance(v.type, TensorType) else v.type for v in (*inputs, *outputs)]
        block = Block(arg_types=elements)
        self._body(block, lambda: make(block.args), lambda values: YieldOp(*values))
        kinds = {"p": IteratorTypeAttr.parallel(), "r": IteratorTypeAttr.reduction()}
        made = GenericOp(
            list(inputs),
            list(outputs),
            Region(block),
            ArrayAttr([AffineMapAttr(m) for m in maps]),
            ArrayAttr([kinds[i] for i in iterators]),
            [v.type for v in outputs],
        )
        self.add(made)
        return list(made.results)

    def loop_index(self, dim: int) -> SSAValue:
        """The index of a loop of the `linalg.generic` whose body is being made."""
        return self.add(linalg.ops.IndexOp(dim))


def is_complex(kind: Attribute) -> bool:
    """Whether a type is a complex type."""
    return isinstance(kind, ComplexType)
