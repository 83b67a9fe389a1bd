"""The `linalg_ext` dialect: whole-tensor operations that linalg can't say, and three scalar helpers.

Operations on tensors are destination-style, as linalg's: `ins` are read, `outs` give the type (and may give the memory) of
the results. Tensors are values: an `outs` operand isn't changed. Only `scatter` reads the contents of its `outs`. Operations
whose result size depends on the data (`nonzero`, `unique`, `bincount`) have no `outs`, and write their result types:

    %v, %i = linalg_ext.sort ins(%x : tensor<4x8xf32>) outs(%a, %b : tensor<4x8xf32>, tensor<4x8xi64>) {dim = 1 : i64}
    %n = linalg_ext.nonzero ins(%x : tensor<4x8xi1>) -> tensor<?x2xi64>

Dimensions are never negative here. An `i1` is a bool: `add` is or, `mul` is and, false is less than true. An `i8` is signed
unless the operation says `unsigned`. NaN is greater than every other number, as in torch. What linalg, tensor, arith and
math can say has no copy here; operations on references and Python values are in the `ts` dialect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

from typing_extensions import Self
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    I64,
    AnyFloat,
    ComplexType,
    DenseArrayBase,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    StringAttr,
    TensorType,
    UnitAttr,
    i64,
)
from xdsl.ir import Attribute, Dialect, Operation, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import MemoryWriteEffect, NoMemoryEffect, Pure
from xdsl.utils.exceptions import VerifyException

AnyTensor = TensorType[Attribute]


def _attribute(value: Any) -> Attribute | None:
    """A Python constant as a property: False is no flag at all, a sequence of ints is an `array<i64: ...>`."""
    match value:
        case None | False:
            return None
        case True:
            return UnitAttr()
        case Attribute():
            return value
        case int():
            return IntegerAttr(value, 64)
        case str():
            return StringAttr(value)
        case _:
            return DenseArrayBase.from_list(i64, tuple(value))


def _integers(array: DenseArrayBase) -> tuple[int, ...]:
    return cast("DenseArrayBase[IntegerType]", array).get_values()


def _constant(attribute: Attribute) -> Any:
    """The inverse of `_attribute`."""
    match attribute:
        case UnitAttr():
            return True
        case IntegerAttr() | FloatAttr():
            return attribute.value.data
        case StringAttr():
            return attribute.data
        case DenseArrayBase():
            return _integers(attribute)
        case _:
            return attribute


class DestinationOp(IRDLOperation):
    """`%results = name ins(inputs : types) outs(outputs : types) {constants}`, or with `-> types` in place of `outs`."""

    inputs = var_operand_def(TensorType)
    outputs = var_operand_def(TensorType)
    results_ = var_result_def(TensorType)
    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    INPUTS: ClassVar[tuple[int, ...]] = (1,)
    """How many inputs there may be."""
    OUTPUTS: ClassVar[tuple[int, ...]] = (1,)
    """How many results there may be."""
    DESTINATION: ClassVar[bool] = True
    """Whether there is one output for each result; else there are no outputs."""

    def __init__(
        self,
        inputs: Sequence[SSAValue],
        outputs: Sequence[SSAValue] = (),
        result_types: Sequence[Attribute] | None = None,
        **constants: Any,
    ) -> None:
        """Constants are Python values: int, str, bool (a flag), a sequence of int, None for one that is left out."""
        types = [o.type for o in outputs] if result_types is None else list(result_types)
        properties = {name: _attribute(value) for name, value in constants.items()}
        super().__init__(operands=[inputs, outputs], properties=properties, result_types=[types])

    def constants(self) -> dict[str, Any]:
        """The properties that are there, as Python values: flags are True, arrays are tuples of int."""
        return {k: _constant(v) for k, v in self.properties.items() if k != "operandSegmentSizes"}

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        inputs = _parse_operands(parser, "ins")
        outputs = _parse_operands(parser, "outs")
        attributes = parser.parse_optional_attr_dict()
        if parser.parse_optional_punctuation("->") is None:
            types: Sequence[Attribute] = [o.type for o in outputs]
        else:
            types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
        known = {prop for prop in cls.get_irdl_definition().properties if prop != "operandSegmentSizes"}
        op = cls(inputs, outputs, types, **{k: v for k, v in attributes.items() if k in known})
        op.attributes |= {k: v for k, v in attributes.items() if k not in known}
        return op

    def print(self, printer: Printer) -> None:
        _print_operands(printer, "ins", self.inputs)
        if self.outputs:
            _print_operands(printer, "outs", self.outputs)
        printer.print_op_attributes({**self.properties, **self.attributes}, reserved_attr_names=("operandSegmentSizes",))
        if list(self.result_types) != [o.type for o in self.outputs]:
            printer.print_string(" -> ")
            printer.print_list(self.result_types, printer.print_attribute)

    def verify_(self) -> None:
        if len(self.inputs) not in self.INPUTS:
            raise VerifyException(f"{self.name}: expected {_one_of(self.INPUTS)} inputs, found {len(self.inputs)}")
        if len(self.results) not in self.OUTPUTS:
            raise VerifyException(f"{self.name}: expected {_one_of(self.OUTPUTS)} results, found {len(self.results)}")
        outputs = [o.type for o in self.outputs]
        if self.DESTINATION and outputs != list(self.result_types):
            raise VerifyException(
                f"{self.name}: result types {_show(self.result_types)} must be those of the outs, {_show(outputs)}"
            )
        if outputs and not self.DESTINATION:
            raise VerifyException(f"{self.name}: has no outs, for the size of its result depends on the data")
        self.verify_types([_tensor(v.type) for v in self.inputs], [_tensor(r.type) for r in self.results])

    def verify_types(self, ins: list[AnyTensor], results: list[AnyTensor]) -> None:
        """Verifies the types of inputs and results, whose number is right already."""
        raise NotImplementedError

    def expect_dim(self, dim: int, kind: AnyTensor, what: str = "dim") -> None:
        """`dim` must be a dimension of `kind`."""
        if not 0 <= dim < kind.get_num_dims():
            raise VerifyException(f"{self.name}: {what} = {dim} is no dimension of {kind}")

    def expect_shape(self, what: str, found: AnyTensor, shape: Sequence[int]) -> None:
        """`found` must have this shape; a dynamic dimension agrees with every size."""
        shown = found.get_shape()
        if len(shown) != len(shape) or any(
            a != b and DYNAMIC_INDEX not in (a, b) for a, b in zip(shown, shape, strict=True)
        ):
            wanted = "x".join("?" if d == DYNAMIC_INDEX else str(d) for d in shape) or "no dimensions"
            raise VerifyException(f"{self.name}: expected {what} of shape {wanted}, found {found}")

    def expect_element(self, what: str, found: AnyTensor, element: Attribute) -> None:
        """`found` must have this element type."""
        if found.get_element_type() != element:
            raise VerifyException(f"{self.name}: expected {what} with elements {element}, found {found}")

    def expect_one_of(self, what: str, found: str, allowed: Sequence[str]) -> None:
        """`found` must be one of a few words."""
        if found not in allowed:
            raise VerifyException(f"{self.name}: expected {what} to be one of {', '.join(allowed)}, found {found!r}")


def _tensor(kind: Attribute) -> AnyTensor:
    assert isinstance(kind, TensorType)
    return kind


def _one_of(numbers: Sequence[int]) -> str:
    return " or ".join(map(str, numbers))


def _show(types: Sequence[Attribute]) -> str:
    return f"({', '.join(map(str, types))})"


def _without(shape: Sequence[int], dims: Sequence[int]) -> list[int]:
    return [d for i, d in enumerate(shape) if i not in dims]


def _parse_operands(parser: Parser, keyword: str) -> list[SSAValue]:
    if parser.parse_optional_keyword(keyword) is None:
        return []
    position = parser.pos
    with parser.in_parens():
        operands = parser.parse_optional_undelimited_comma_separated_list(
            parser.parse_optional_unresolved_operand, parser.parse_unresolved_operand
        )
        if not operands:
            return []
        parser.parse_punctuation(":")
        types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
    return list(parser.resolve_operands(operands, types, position))


def _print_operands(printer: Printer, keyword: str, operands: Sequence[SSAValue]) -> None:
    printer.print_string(f" {keyword}")
    with printer.in_parens():
        printer.print_list(operands, printer.print_ssa_value)
        if operands:
            printer.print_string(" : ")
            printer.print_list([o.type for o in operands], printer.print_attribute)


@irdl_op_definition
class SortOp(DestinationOp):
    """Sorts along `dim`; gives the values and where they were."""

    name = "linalg_ext.sort"
    OUTPUTS: ClassVar = (2,)
    dim = prop_def(IntegerAttr[I64])
    descending = opt_prop_def(UnitAttr)
    stable = opt_prop_def(UnitAttr)
    unsigned = opt_prop_def(UnitAttr)
    traits = traits_def(Pure())

    def verify_types(self, ins: list[AnyTensor], results: list[AnyTensor]) -> None:
        self.expect_dim(self.dim.value.data, ins[0])
        self.expect_element("values", results[0], ins[0].get_element_type())
        self.expect_shape("values", results[0], ins[0].get_shape())
        self.expect_element("indices", results[1], i64)
        self.expect_shape("indices", results[1], ins[0].get_shape())


@irdl_op_definition
class TopKOp(DestinationOp):
    """The k largest (or smallest) along `dim` with their indices; k is the size of the outs there."""

    name = "linalg_ext.topk"
    OUTPUTS: ClassVar = (2,)
    dim = prop_def(IntegerAttr[I64])
    largest = opt_prop_def(UnitAttr)
    sorted = opt_prop_def(UnitAttr)
    unsigned = opt_prop_def(UnitAttr)
    traits = traits_def(Pure())

    def verify_types(self, ins: list[AnyTensor], results: list[AnyTensor]) -> None:
        dim = self.dim.value.data
        self.expect_dim(dim, ins[0])
        shape = list(ins[0].get_shape())
        shape[dim] = DYNAMIC_INDEX
        for what, result, element in zip(("values", "indices"), results, (ins[0].get_element_type(), i64), strict=True):
            self.expect_element(what, result, element)
            self.expect_shape(what, result, shape)


@irdl_op_definition
class ScanOp(DestinationOp):
    """Inclusive cumulative sum, product, maximum, minimum or logaddexp along `dim`.

    A second result of `max` and `min` is the index of the element that the accumulator holds (the last one among equals).
    """

    name = "linalg_ext.scan"
    OUTPUTS: ClassVar = (1, 2)
    KINDS: ClassVar = ("add", "mul", "max", "min", "logaddexp")
    kind = prop_def(StringAttr)
    dim = prop_def(IntegerAttr[I64])
    unsigned = opt_prop_def(UnitAttr)
    traits = traits_def(Pure())

    def verify_types(self, ins: list[AnyTensor], results: list[AnyTensor]) -> None:
        self.expect_one_of("kind", self.kind.data, self.KINDS)
        self.expect_dim(self.dim.value.data, ins[0])
        self.expect_element("the accumulator", results[0], ins[0].get_element_type())
        for result in results:
            self.expect_shape("a result", result, ins[0].get_shape())
        if len(results) == 2:
            if self.kind.data not in ("max", "min"):
                raise VerifyException(f"{self.name}: kind {self.kind.data!r} has no indices; only max and min have")
            self.expect_element("indices", results[1], i64)


class _IndexedOp(DestinationOp):
    """What gather and scatter share: a tensor is indexed by `indices : tensor<batch... x k x integer>` in `dims`.

    The k columns of `indices` are positions in the k dimensions `dims` of the indexed tensor, so that one row selects a
    slice of the remaining dimensions. The shape of the slices together is: the remaining dimensions in order, with the batch
    dimensions inserted at `batch_pos` (default 0). Positions are verified at run time (IndexError); with `wrap` a negative
    one counts from the end.
    """

    INPUTS: ClassVar = (2,)

    def verify_indexing(
        self, indexed: AnyTensor, indices: AnyTensor, slices: AnyTensor, dims: DenseArrayBase, batch_pos: int
    ) -> None:
        """Verifies that the three tensors and the dims belong together."""
        positions = _integers(dims)
        if len(set(positions)) != len(positions):
            raise VerifyException(f"{self.name}: expected different dims, found {list(positions)}")
        for dim in positions:
            self.expect_dim(dim, indexed, "an element of dims")
        if not isinstance(indices.get_element_type(), IntegerType) or not indices.get_num_dims():
            raise VerifyException(f"{self.name}: expected indices to be a tensor of integers of rank >= 1, found {indices}")
        *batch, columns = indices.get_shape()
        if columns != len(positions):
            raise VerifyException(
                f"{self.name}: expected indices with {len(positions)} columns, as dims has, found {indices}"
            )
        kept = _without(indexed.get_shape(), positions)
        if not 0 <= batch_pos <= len(kept):
            raise VerifyException(f"{self.name}: expected batch_pos in 0..{len(kept)}, found {batch_pos}")
        what = "a result" if self.name.endswith("gather") else "updates"
        self.expect_shape(what, slices, [*kept[:batch_pos], *batch, *kept[batch_pos:]])
        self.expect_element(what, slices, indexed.get_element_type())


@irdl_op_definition
class GatherOp(_IndexedOp):
    """Reads slices by position: NumPy's advanced indexing with one combined tensor of indices.

    `x[a, :, b]` with `a` and `b` of shape `[n]` is `gather ins(%x, stack(a, b)) {dims = array<i64: 0, 2>}`: a `[n, d1]`.
    The meaning of indices is that of `_IndexedOp`.
    """

    name = "linalg_ext.gather"
    dims = prop_def(DenseArrayBase.constr(i64))
    batch_pos = opt_prop_def(IntegerAttr[I64])
    wrap = opt_prop_def(UnitAttr)
    traits = traits_def(NoMemoryEffect())

    def verify_types(self, ins: list[AnyTensor], results: list[AnyTensor]) -> None:
        batch_pos = self.batch_pos.value.data if self.batch_pos else 0
        self.verify_indexing(ins[0], ins[1], results[0], self.dims, batch_pos)


@irdl_op_definition
class ScatterOp(_IndexedOp):
    """The inverse of gather: `ins(updates, indices) outs(init)` gives `init` with slices replaced or combined.

    Where positions repeat, `set` takes the last in row-major order of the batch; the other kinds accumulate them all.
    """

    name = "linalg_ext.scatter"
    KINDS: ClassVar = ("set", "add", "mul", "max", "min")
    kind = prop_def(StringAttr)
    dims = prop_def(DenseArrayBase.constr(i64))
    batch_pos = opt_prop_def(IntegerAttr[I64])
    wrap = opt_prop_def(UnitAttr)
    unsigned = opt_prop_def(UnitAttr)
    traits = traits_def(NoMemoryEffect())

    def verify_types(self, ins: list[AnyTensor], results: list[AnyTensor]) -> None:
        self.expect_one_of("kind", self.kind.data, self.KINDS)
        batch_pos = self.batch_pos.value.data if self.batch_pos else 0
        self.verify_indexing(results[0], ins[1], ins[0], self.dims, batch_pos)


@irdl_op_definition
class NonzeroOp(DestinationOp):
    """The positions of all elements that aren't zero, in row-major order: `tensor<? x rank x i64>`."""

    name = "linalg_ext.nonzero"
    DESTINATION: ClassVar = False
    traits = traits_def(Pure())

    def verify_types(self, ins: list[AnyTensor], results: list[AnyTensor]) -> None:
        self.expect_element("positions", results[0], i64)
        self.expect_shape("positions", results[0], [DYNAMIC_INDEX, ins[0].get_num_dims()])


@irdl_op_definition
class UniqueOp(DestinationOp):
    """The distinct elements (slices along `dim` when it is given), for each input element its place in them, and counts.

    `consecutive` merges equal neighbours only. Elements are sorted when `sorted`, else in any order.
    """

    name = "linalg_ext.unique"
    OUTPUTS: ClassVar = (3,)
    DESTINATION: ClassVar = False
    dim = opt_prop_def(IntegerAttr[I64])
    sorted = opt_prop_def(UnitAttr)
    consecutive = opt_prop_def(UnitAttr)
    unsigned = opt_prop_def(UnitAttr)
    traits = traits_def(Pure())

    def verify_types(self, ins: list[AnyTensor], results: list[AnyTensor]) -> None:
        values, inverse, counts = results
        shape = list(ins[0].get_shape())
        if self.dim is None:
            distinct, places = [DYNAMIC_INDEX], shape
        else:
            dim = self.dim.value.data
            self.expect_dim(dim, ins[0])
            distinct, places = [*shape[:dim], DYNAMIC_INDEX, *shape[dim + 1 :]], [shape[dim]]
        self.expect_element("values", values, ins[0].get_element_type())
        self.expect_shape("values", values, distinct)
        self.expect_element("the inverse", inverse, i64)
        self.expect_shape("the inverse", inverse, places)
        self.expect_element("counts", counts, i64)
        self.expect_shape("counts", counts, [DYNAMIC_INDEX])


@irdl_op_definition
class SearchSortedOp(DestinationOp):
    """Where each of `values` would be inserted into `sorted` along its last dimension: `ins(sorted, values[, sorter])`.

    `sorted` is of rank 1, or has the shape of `values` but for the last dimension. `right` inserts after equal elements.
    """

    name = "linalg_ext.searchsorted"
    INPUTS: ClassVar = (2, 3)
    right = opt_prop_def(UnitAttr)
    unsigned = opt_prop_def(UnitAttr)
    traits = traits_def(Pure())

    def verify_types(self, ins: list[AnyTensor], results: list[AnyTensor]) -> None:
        boundaries, values, *sorter = ins
        self.expect_element("values", values, boundaries.get_element_type())
        if boundaries.get_num_dims() != 1:
            self.expect_shape("sorted", boundaries, [*values.get_shape()[:-1], DYNAMIC_INDEX])
        for order in sorter:
            self.expect_element("the sorter", order, i64)
            self.expect_shape("the sorter", order, boundaries.get_shape())
        if results[0].get_element_type() not in (i64, IntegerType(32)):
            raise VerifyException(f"{self.name}: expected a result of i64 or i32, found {results[0]}")
        self.expect_shape("a result", results[0], values.get_shape())


@irdl_op_definition
class BincountOp(DestinationOp):
    """How often each of 0, 1, ... occurs, or the sum of its weights: `ins(x[, weights])`, x of rank 1, none negative.

    The result has at least `minlength` (default 0) elements.
    """

    name = "linalg_ext.bincount"
    INPUTS: ClassVar = (1, 2)
    DESTINATION: ClassVar = False
    minlength = opt_prop_def(IntegerAttr[I64])
    traits = traits_def(NoMemoryEffect())

    def verify_types(self, ins: list[AnyTensor], results: list[AnyTensor]) -> None:
        if not isinstance(ins[0].get_element_type(), IntegerType):
            raise VerifyException(f"{self.name}: expected a tensor of integers, found {ins[0]}")
        self.expect_shape("an input", ins[0], [DYNAMIC_INDEX])
        for weights in ins[1:]:
            self.expect_shape("weights", weights, ins[0].get_shape())
        self.expect_element("a result", results[0], ins[1].get_element_type() if len(ins) == 2 else i64)
        self.expect_shape("a result", results[0], [DYNAMIC_INDEX])


@irdl_op_definition
class FftOp(DestinationOp):
    """A discrete Fourier transform over `dims`, all of them; of a real signal the last of `dims` is halved.

    `kind` is `c2c`, `r2c` (n real samples to n//2+1 frequencies) or `c2r` (its inverse; n is the size of the out). The sign
    of the exponent is positive when `inverse`. The sum is multiplied by 1 (`norm = "none"`), 1/n (`"by_n"`) or 1/sqrt(n)
    (`"by_root_n"`), n being the number of samples of the signal.
    """

    name = "linalg_ext.fft"
    KINDS: ClassVar = ("c2c", "r2c", "c2r")
    NORMS: ClassVar = ("none", "by_n", "by_root_n")
    kind = prop_def(StringAttr)
    dims = prop_def(DenseArrayBase.constr(i64))
    inverse = opt_prop_def(UnitAttr)
    norm = prop_def(StringAttr)
    traits = traits_def(Pure())

    def verify_types(self, ins: list[AnyTensor], results: list[AnyTensor]) -> None:
        self.expect_one_of("kind", self.kind.data, self.KINDS)
        self.expect_one_of("norm", self.norm.data, self.NORMS)
        dims = _integers(self.dims)
        for dim in dims:
            self.expect_dim(dim, ins[0], "an element of dims")
        shape = list(ins[0].get_shape())
        if self.kind.data != "c2c" and dims:
            samples = shape[dims[-1]]
            halved = self.kind.data == "r2c" and samples != DYNAMIC_INDEX
            shape[dims[-1]] = samples // 2 + 1 if halved else DYNAMIC_INDEX
        self.expect_shape("a result", results[0], shape)
        for what, kind, letter in (("an input", ins[0], self.kind.data[0]), ("a result", results[0], self.kind.data[2])):
            if isinstance(kind.get_element_type(), ComplexType) != (letter == "c"):
                wanted = "complex" if letter == "c" else "real"
                raise VerifyException(f"{self.name}: kind {self.kind.data!r} takes {what} that is {wanted}, found {kind}")


@irdl_op_definition
class ArgReduceOp(DestinationOp):
    """The index of the largest or smallest element along `dim`, which is removed; the first among equals, NaN wins."""

    name = "linalg_ext.argreduce"
    KINDS: ClassVar = ("max", "min")
    kind = prop_def(StringAttr)
    dim = prop_def(IntegerAttr[I64])
    unsigned = opt_prop_def(UnitAttr)
    traits = traits_def(Pure())

    def verify_types(self, ins: list[AnyTensor], results: list[AnyTensor]) -> None:
        self.expect_one_of("kind", self.kind.data, self.KINDS)
        self.expect_dim(self.dim.value.data, ins[0])
        self.expect_element("indices", results[0], i64)
        self.expect_shape("indices", results[0], _without(ins[0].get_shape(), [self.dim.value.data]))


@irdl_op_definition
class CheckOp(IRDLOperation):
    """Raises a Python exception at run time when the condition is false: for what can't be verified before.

    `linalg_ext.check %ok, "RuntimeError", "size {0} doesn't match {1}" (%a, %b) : index, index`. The numbers in braces
    stand for the arguments, integers or floats.
    """

    name = "linalg_ext.check"
    condition = operand_def(IntegerType(1))
    exception = prop_def(StringAttr)
    message = prop_def(StringAttr)
    arguments = var_operand_def()
    traits = traits_def(MemoryWriteEffect())
    assembly_format = "$condition `,` $exception `,` $message (`(` $arguments^ `)` `:` type($arguments))? attr-dict"

    def __init__(self, condition: SSAValue, exception: str, message: str, arguments: Sequence[SSAValue] = ()) -> None:
        super().__init__(
            operands=[condition, arguments],
            properties={"exception": StringAttr(exception), "message": StringAttr(message)},
        )


SCALAR_FUNCTIONS: Mapping[str, int] = {
    "lgamma": 1, "digamma": 1, "erfinv": 1, "ndtri": 1, "log_ndtr": 1, "erfcx": 1, "i0": 1, "i0e": 1, "i1": 1, "i1e": 1,
    "bessel_j0": 1, "bessel_j1": 1, "bessel_y0": 1, "bessel_y1": 1, "modified_bessel_i0": 1, "modified_bessel_i1": 1,
    "modified_bessel_k0": 1, "modified_bessel_k1": 1, "scaled_modified_bessel_k0": 1, "scaled_modified_bessel_k1": 1,
    "spherical_bessel_j0": 1, "airy_ai": 1, "zeta": 2, "polygamma": 2, "igamma": 2, "igammac": 2, "nextafter": 2, "gcd": 2,
    "lcm": 2, "hypot": 2, "logaddexp": 2, "chebyshev_polynomial_t": 2, "chebyshev_polynomial_u": 2,
    "chebyshev_polynomial_v": 2, "chebyshev_polynomial_w": 2, "hermite_polynomial_h": 2, "hermite_polynomial_he": 2,
    "laguerre_polynomial_l": 2, "legendre_polynomial_p": 2, "frexp_mantissa": 1, "frexp_exponent": 1, "ldexp": 2,
    "acos": 1, "asin": 1, "atan": 1, "acosh": 1, "asinh": 1, "atanh": 1,
}  # fmt: skip
"""The functions of `linalg_ext.scalar` and their number of arguments; each means what torch's function of that name does.

`frexp_exponent` gives an i32, `polygamma`'s first argument is the order. The others' result has the type of their arguments.
`acos` to `atanh` are those of complex numbers.
"""


@irdl_op_definition
class ScalarOp(IRDLOperation):
    """A pure function of scalars that the math dialect hasn't: `%r = linalg_ext.scalar "lgamma"(%x) : (f32) -> f32`.

    For the body of a `linalg.generic`. The functions are `SCALAR_FUNCTIONS`.
    """

    name = "linalg_ext.scalar"
    function = prop_def(StringAttr)
    arguments = var_operand_def(IntegerType | AnyFloat | ComplexType)
    result = result_def(IntegerType | AnyFloat | ComplexType)
    traits = traits_def(Pure())
    assembly_format = "$function `(` $arguments `)` attr-dict `:` functional-type($arguments, $result)"

    def __init__(self, function: str, arguments: Sequence[SSAValue], result_type: Attribute | None = None) -> None:
        super().__init__(
            operands=[arguments],
            properties={"function": StringAttr(function)},
            result_types=[arguments[-1].type if result_type is None else result_type],
        )

    def verify_(self) -> None:
        function = self.function.data
        arity = SCALAR_FUNCTIONS.get(function)
        if arity is None:
            raise VerifyException(f"{self.name}: unknown function {function!r}")
        if len(self.arguments) != arity:
            raise VerifyException(f"{self.name}: {function!r} takes {arity} arguments, found {len(self.arguments)}")


OPERATIONS: tuple[type[Operation], ...] = (
    SortOp, TopKOp, ScanOp, GatherOp, ScatterOp, NonzeroOp, UniqueOp, SearchSortedOp, BincountOp, FftOp, ArgReduceOp,
    CheckOp, ScalarOp,
)  # fmt: skip

LinalgExt = Dialect("linalg_ext", list(OPERATIONS), [])
