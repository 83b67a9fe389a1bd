"""The types of the `ts` dialect, and their conversion from and to `DType`.

Python's `int`, `float`, `bool`, `complex` and `None` are MLIR's own `i64`, `f64`, `i1`, `complex<f64>` and `none`: their
meaning is the same, so the dialect has no copies. What follows are the types that MLIR has not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    ArrayAttr,
    BFloat16Type,
    ComplexType,
    Float16Type,
    Float32Type,
    Float64Type,
    IntAttr,
    IntegerType,
    NoneType,
    Signedness,
    StringAttr,
    SymbolRefAttr,
)
from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.ir import Attribute, ParametrizedAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType

INT = IntegerType(64)
FLOAT = Float64Type()
BOOL = IntegerType(1)
COMPLEX = ComplexType(Float64Type())
NONE = NoneType()

_ELEMENT_TYPES: dict[DType, Attribute] = {
    dtypes.bool_: IntegerType(1),
    dtypes.uint8: IntegerType(8, Signedness.UNSIGNED),
    dtypes.int8: IntegerType(8),
    dtypes.int16: IntegerType(16),
    dtypes.int32: IntegerType(32),
    dtypes.int64: IntegerType(64),
    dtypes.float16: Float16Type(),
    dtypes.bfloat16: BFloat16Type(),
    dtypes.float32: Float32Type(),
    dtypes.float64: Float64Type(),
    dtypes.complex64: ComplexType(Float32Type()),
    dtypes.complex128: ComplexType(Float64Type()),
}
_DTYPES: dict[Attribute, DType] = {element: d for d, element in _ELEMENT_TYPES.items()}


def element_type(dtype: DType) -> Attribute:
    """The builtin element type of a dtype (`ui8` for uint8)."""
    return _ELEMENT_TYPES[dtypes.of_tensors(dtype)]


def linalg_element_type(dtype: DType) -> Attribute:
    """The element type that linalg and arith take: as `element_type`, but `i8` for uint8, for arith has no `ui8`."""
    return _ELEMENT_TYPES[dtypes.int8 if dtype is dtypes.uint8 else dtypes.of_tensors(dtype)]


def dtype_of(element: Attribute) -> DType | None:
    """The dtype of a builtin element type; None for an unknown one (`none`)."""
    return _DTYPES.get(element)


def _expect_types(what: str, *found: Attribute) -> None:
    for attribute in found:
        if not isinstance(attribute, TypeAttribute):
            raise VerifyException(f"expected a type as {what}, found {attribute}")


@irdl_attr_definition
class TensorType(ParametrizedAttribute, TypeAttribute):
    """A reference to a tensor: views of it alias and in-place operators have effects.

    `!ts.tensor` knows neither rank nor dtype; `!ts.tensor<*xf32>` has a dtype, `!ts.tensor<2x?xf32>` a shape too, where `?`
    is a dimension that isn't known before run time; an element type `none` is an unknown dtype.
    """

    name = "ts.tensor"

    shape: ArrayAttr[IntAttr] | NoneType
    element_type: Attribute

    def __init__(self, dtype: DType | Attribute | None = None, shape: Sequence[int | None] | None = None) -> None:
        element = NONE if dtype is None else element_type(dtype) if isinstance(dtype, DType) else dtype
        dims = NONE if shape is None else ArrayAttr(IntAttr(DYNAMIC_INDEX if d is None else d) for d in shape)
        super().__init__(dims, element)

    def verify(self) -> None:
        if self.element_type != NONE and self.dtype is None:
            raise VerifyException(f"expected the element type of a tensor or none, found {self.element_type}")
        if not isinstance(self.shape, NoneType) and any(d.data < 0 and d.data != DYNAMIC_INDEX for d in self.shape.data):
            raise VerifyException("a dimension of a tensor can't be negative")

    @property
    def dtype(self) -> DType | None:
        """The dtype, or None when it isn't known."""
        return dtype_of(self.element_type)

    @property
    def dims(self) -> tuple[int | None, ...] | None:
        """The dimensions (None: dynamic), or None when the rank isn't known."""
        if isinstance(self.shape, NoneType):
            return None
        return tuple(None if d.data == DYNAMIC_INDEX else d.data for d in self.shape)

    @property
    def is_ranked(self) -> bool:
        """Whether both dtype and rank are known, so that the type has a builtin counterpart."""
        return self.dtype is not None and not isinstance(self.shape, NoneType)

    def to_builtin(self) -> BuiltinTensorType[Attribute]:
        """The value type `tensor<...>` of the same shape and element type. Needs `is_ranked`."""
        dims = self.dims
        if dims is None or self.dtype is None:
            raise ValueError(f"{self} has no builtin counterpart")
        return BuiltinTensorType(self.element_type, [DYNAMIC_INDEX if d is None else d for d in dims])

    @staticmethod
    def from_builtin(value_type: BuiltinTensorType[Attribute]) -> TensorType:
        """The reference type of a builtin tensor type."""
        return TensorType(value_type.element_type, [None if d == DYNAMIC_INDEX else d for d in value_type.get_shape()])

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        if parser.parse_optional_punctuation("<") is None:
            return (NONE, NONE)
        dims, element = parser.parse_shape()
        parser.parse_punctuation(">")
        return (NONE if dims is None else ArrayAttr(IntAttr(d) for d in dims), element)

    def print_parameters(self, printer: Printer) -> None:
        if isinstance(self.shape, NoneType):
            if self.element_type == NONE:
                return
            dims = "*x"
        else:
            dims = "".join(f"{'?' if d is None else d}x" for d in self.dims or ())
        with printer.in_angle_brackets():
            printer.print_string(dims)
            printer.print_attribute(self.element_type)


@irdl_attr_definition
class StrType(ParametrizedAttribute, TypeAttribute):
    """Python's `str`."""

    name = "ts.str"


@irdl_attr_definition
class BytesType(ParametrizedAttribute, TypeAttribute):
    """Python's `bytes`."""

    name = "ts.bytes"


@irdl_attr_definition
class DTypeType(ParametrizedAttribute, TypeAttribute):
    """The type of `torch.float32` and the like."""

    name = "ts.dtype"


@irdl_attr_definition
class DeviceType(ParametrizedAttribute, TypeAttribute):
    """`torch.device`."""

    name = "ts.device"


@irdl_attr_definition
class LayoutType(ParametrizedAttribute, TypeAttribute):
    """`torch.layout`."""

    name = "ts.layout"


@irdl_attr_definition
class MemoryFormatType(ParametrizedAttribute, TypeAttribute):
    """`torch.memory_format`."""

    name = "ts.memory_format"


@irdl_attr_definition
class GeneratorType(ParametrizedAttribute, TypeAttribute):
    """`torch.Generator`."""

    name = "ts.generator"


@irdl_attr_definition
class NumberType(ParametrizedAttribute, TypeAttribute):
    """ATen's `Scalar`: an int, float, bool or complex, known at run time only."""

    name = "ts.number"


@irdl_attr_definition
class AnyType(ParametrizedAttribute, TypeAttribute):
    """Any value at all (`typing.Any`)."""

    name = "ts.any"


@irdl_attr_definition
class OptionalType(ParametrizedAttribute, TypeAttribute):
    """`Optional[element]`: a value of the element type, or None."""

    name = "ts.optional"
    element: Attribute

    def verify(self) -> None:
        _expect_types("the element of an optional", self.element)
        if isinstance(self.element, OptionalType | AnyType | NoneType):
            raise VerifyException(f"an optional {self.element} is {self.element} itself")

    def __init__(self, element: Attribute) -> None:
        super().__init__(element)


@irdl_attr_definition
class UnionType(ParametrizedAttribute, TypeAttribute):
    """`Union[...]` of at least two types, none of them Optional or Union; `none` may be one when there are three or more."""

    name = "ts.union"
    members: ArrayAttr[Attribute]

    def verify(self) -> None:
        _expect_types("a member of a union", *self.members.data)
        if len(set(self.members.data)) != len(self.members.data) or len(self.members.data) < 2:
            raise VerifyException("a union has at least two members, all of them different")
        if any(isinstance(m, OptionalType | UnionType | AnyType) for m in self.members.data):
            raise VerifyException("an optional, a union or any can't be a member of a union")

    def __init__(self, members: Sequence[Attribute]) -> None:
        super().__init__(ArrayAttr(members))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        return (ArrayAttr(_parse_type_list(parser)),)

    def print_parameters(self, printer: Printer) -> None:
        _print_type_list(printer, self.members.data)


@irdl_attr_definition
class ListType(ParametrizedAttribute, TypeAttribute):
    """A Python list: a mutable reference."""

    name = "ts.list"
    element: Attribute

    def verify(self) -> None:
        _expect_types("the element of a list", self.element)

    def __init__(self, element: Attribute) -> None:
        super().__init__(element)


@irdl_attr_definition
class SetType(ParametrizedAttribute, TypeAttribute):
    """A Python set: a mutable reference."""

    name = "ts.set"
    element: Attribute

    def verify(self) -> None:
        _expect_types("the element of a set", self.element)

    def __init__(self, element: Attribute) -> None:
        super().__init__(element)


@irdl_attr_definition
class FrozenSetType(ParametrizedAttribute, TypeAttribute):
    """A Python frozenset: a value, which nothing changes."""

    name = "ts.frozenset"
    element: Attribute

    def verify(self) -> None:
        _expect_types("the element of a frozenset", self.element)

    def __init__(self, element: Attribute) -> None:
        super().__init__(element)


@irdl_attr_definition
class TupleOfType(ParametrizedAttribute, TypeAttribute):
    """A Python tuple of any length, `Tuple[int, ...]`: a value, which nothing changes."""

    name = "ts.tuple_of"
    element: Attribute

    def verify(self) -> None:
        _expect_types("the element of a tuple", self.element)

    def __init__(self, element: Attribute) -> None:
        super().__init__(element)


@irdl_attr_definition
class DictType(ParametrizedAttribute, TypeAttribute):
    """A Python dict: a mutable reference that keeps the order of insertion.

    `container` names the class of it that it is known to be: `Counter`, `OrderedDict`, `defaultdict`; empty for any dict.
    """

    name = "ts.dict"
    key: Attribute
    value: Attribute
    container: StringAttr

    def verify(self) -> None:
        _expect_types("the key and value of a dict", self.key, self.value)
        if self.container.data not in ("", *DICT_CLASSES):
            raise VerifyException(f"'{self.container.data}' isn't a class of dicts: {', '.join(DICT_CLASSES)}")

    def __init__(self, key: Attribute, value: Attribute, container: str = "") -> None:
        super().__init__(key, value, StringAttr(container))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            key = parser.parse_type()
            parser.parse_punctuation(",")
            value = parser.parse_type()
            container = parser.parse_str_literal() if parser.parse_optional_punctuation(",") else ""
        return key, value, StringAttr(container)

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_list((self.key, self.value), printer.print_attribute)
            if self.container.data:
                printer.print_string(", ")
                printer.print_string_literal(self.container.data)

    def of(self, key: Attribute, value: Attribute) -> DictType:
        """The same class of dict with another key and value type."""
        return DictType(key, value, self.container.data)


DICT_CLASSES = ("Counter", "OrderedDict", "defaultdict")
"""The classes of `collections` that are dicts."""


@irdl_attr_definition
class DequeType(ParametrizedAttribute, TypeAttribute):
    """A `collections.deque`: a mutable reference."""

    name = "ts.deque"
    element: Attribute

    def verify(self) -> None:
        _expect_types("the element of a deque", self.element)

    def __init__(self, element: Attribute) -> None:
        super().__init__(element)


@irdl_attr_definition
class TupleType(ParametrizedAttribute, TypeAttribute):
    """A Python tuple of fixed length: `!ts.tuple<i64, !ts.str>`."""

    name = "ts.tuple"
    elements: ArrayAttr[Attribute]

    def verify(self) -> None:
        _expect_types("an element of a tuple", *self.elements.data)

    def __init__(self, elements: Sequence[Attribute]) -> None:
        super().__init__(ArrayAttr(elements))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        return (ArrayAttr(_parse_type_list(parser)),)

    def print_parameters(self, printer: Printer) -> None:
        _print_type_list(printer, self.elements.data)


@irdl_attr_definition
class NamedTupleType(ParametrizedAttribute, TypeAttribute):
    """A NamedTuple: `!ts.named_tuple<"Point", "x" : i64, "y" : f64>`."""

    name = "ts.named_tuple"
    class_name: StringAttr
    fields: ArrayAttr[StringAttr]
    elements: ArrayAttr[Attribute]

    def verify(self) -> None:
        _expect_types("a field of a named tuple", *self.elements.data)
        names = [field.data for field in self.fields.data]
        if len(names) != len(self.elements.data) or len(set(names)) != len(names):
            raise VerifyException(f"named tuple {self.class_name.data!r} needs different field names, one for each type")

    def __init__(self, class_name: str, fields: Sequence[str], elements: Sequence[Attribute]) -> None:
        super().__init__(StringAttr(class_name), ArrayAttr(StringAttr(f) for f in fields), ArrayAttr(elements))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        fields: list[StringAttr] = []
        elements: list[Attribute] = []
        with parser.in_angle_brackets():
            class_name = StringAttr(parser.parse_str_literal())
            while parser.parse_optional_punctuation(",") is not None:
                fields.append(StringAttr(parser.parse_str_literal()))
                parser.parse_punctuation(":")
                elements.append(parser.parse_type())
        return (class_name, ArrayAttr(fields), ArrayAttr(elements))

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string_literal(self.class_name.data)
            for field, element in zip(self.fields.data, self.elements.data, strict=True):
                printer.print_string(", ")
                printer.print_string_literal(field.data)
                printer.print_string(" : ")
                printer.print_attribute(element)


@irdl_attr_definition
class ClassType(ParametrizedAttribute, TypeAttribute):
    """A reference to an instance of a `ts.class`: a module, a script class, an interface or an enum."""

    name = "ts.class"
    symbol: SymbolRefAttr

    def __init__(self, symbol: str | SymbolRefAttr) -> None:
        super().__init__(SymbolRefAttr(symbol) if isinstance(symbol, str) else symbol)


@irdl_attr_definition
class FutureType(ParametrizedAttribute, TypeAttribute):
    """`Future[element]`, what `fork` gives; with `kind` "await" one of torch.jit's `_Await`, whose attributes are its result's."""

    name = "ts.future"
    element: Attribute
    kind: StringAttr

    def verify(self) -> None:
        _expect_types("the element of a future", self.element)
        if self.kind.data not in ("", "await"):
            raise VerifyException(f"'{self.kind.data}' isn't a kind of future: await")

    def __init__(self, element: Attribute, kind: str = "") -> None:
        super().__init__(element, StringAttr(kind))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            element = parser.parse_type()
            kind = parser.parse_str_literal() if parser.parse_optional_punctuation(",") else ""
        return element, StringAttr(kind)

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_attribute(self.element)
            if self.kind.data:
                printer.print_string(", ")
                printer.print_string_literal(self.kind.data)

    @property
    def waits_by_itself(self) -> bool:
        """Whether reading an attribute of it that it hasn't waits for its result and reads it there."""
        return self.kind.data == "await"


def _parse_type_list(parser: AttrParser) -> list[Attribute]:
    if parser.parse_optional_punctuation("<") is None:
        return []
    types = parser.parse_optional_undelimited_comma_separated_list(parser.parse_optional_type, parser.parse_type)
    parser.parse_punctuation(">")
    return list(types or ())


def _print_type_list(printer: Printer, types: Sequence[Attribute]) -> None:
    with printer.in_angle_brackets():
        printer.print_list(types, printer.print_attribute)


Tensorlike: TypeAlias = TensorType | BuiltinTensorType[Attribute]

TYPES: tuple[type[ParametrizedAttribute], ...] = (
    TensorType, StrType, BytesType, DTypeType, DeviceType, LayoutType, MemoryFormatType, GeneratorType, NumberType, AnyType,
    OptionalType, UnionType, ListType, SetType, FrozenSetType, DictType, DequeType, TupleType, TupleOfType, NamedTupleType, ClassType,
    FutureType,
)  # fmt: skip


def optional_of(element: Attribute) -> Attribute:
    """`Optional[element]`, flattened: None and Any stay what they are, a Union gets `none` as a member."""
    if isinstance(element, OptionalType | AnyType | NoneType):
        return element
    if isinstance(element, UnionType):
        return union_of([*element.members.data, NONE])
    return OptionalType(element)


def union_of(members: Sequence[Attribute]) -> Attribute:
    """The canonical type of a value that is of one of these types: flattened, without duplicates, in first-seen order."""
    flat: dict[Attribute, None] = {}
    for member in members:
        if isinstance(member, AnyType):
            return member
        if isinstance(member, OptionalType):
            flat |= {member.element: None, NONE: None}
        elif isinstance(member, UnionType):
            flat |= dict.fromkeys(member.members.data)
        else:
            flat[member] = None
    if len(flat) == 1:
        return next(iter(flat))
    if NONE in flat and len(flat) == 2:
        return OptionalType(next(m for m in flat if m != NONE))
    return UnionType([m for m in flat if m != NONE] + ([NONE] if NONE in flat else []))
