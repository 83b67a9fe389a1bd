"""The structural operations of the `ts` dialect, named after what they are in Python.

Control flow is `scf`'s and functions are `func`'s; arithmetic on Python values is in the `ts.py` family and tensor operators
in the `ts.aten` family, both in `families.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    I64,
    ArrayAttr,
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    FlatSymbolRefAttrConstr,
    FloatAttr,
    IntegerAttr,
    StringAttr,
    SymbolNameConstraint,
    SymbolRefAttr,
    UnitAttr,
)
from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue, TypeAttribute
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_attr_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.traits import IsTerminator, NoTerminator, Pure, SymbolOpInterface, SymbolTable
from xdsl.utils.exceptions import VerifyException

from tsir.dialects.ts.attributes import (
    BytesValueAttr,
    ComplexValueAttr,
    DeviceAttr,
    DTypeAttr,
    EnumValueAttr,
    LayoutAttr,
    MemoryFormatAttr,
    NoneValueAttr,
)
from tsir.dialects.ts.compatibility import accepts, value_agrees
from tsir.dialects.ts.types import (
    BOOL,
    COMPLEX,
    NONE,
    AnyType,
    BytesType,
    ClassType,
    DeviceType,
    DictType,
    DTypeType,
    LayoutType,
    ListType,
    MemoryFormatType,
    NamedTupleType,
    StrType,
    TensorType,
    TupleOfType,
    TupleType,
)

CLASS_KINDS = ("module", "class", "interface", "enum", "exception")
ATTRIBUTE_ROLES = ("parameter", "buffer", "attribute", "constant", "submodule")

_CONSTANT_TYPES: dict[type[Attribute], Attribute] = {
    StringAttr: StrType(), NoneValueAttr: NONE, DTypeAttr: DTypeType(), DeviceAttr: DeviceType(), LayoutAttr: LayoutType(),
    MemoryFormatAttr: MemoryFormatType(), ComplexValueAttr: COMPLEX, BytesValueAttr: BytesType(),
}  # fmt: skip


def constant_type(value: Attribute) -> Attribute | None:
    """The type of the Python value that an attribute stands for; None when it stands for none."""
    match value:
        case IntegerAttr() | FloatAttr():
            return value.type
        case EnumValueAttr():
            return ClassType(value.symbol)
        case DenseIntOrFPElementsAttr() | DenseResourceAttr():
            return TensorType.from_builtin(value.type) if isinstance(value.type, BuiltinTensorType) else None
        case _:
            return _CONSTANT_TYPES.get(type(value))


def _expect(op: Operation, what: str, expected: Attribute, found: Attribute) -> None:
    if not accepts(expected, found):
        raise VerifyException(f"{op.name}: expected {what} {expected}, found {found}")


def _expect_word(op: Operation, what: str, found: str, allowed: Sequence[str]) -> None:
    if found not in allowed:
        raise VerifyException(f"{op.name}: expected {what} to be one of {', '.join(allowed)}, found {found!r}")


def _tuple_elements(op: Operation, found: Attribute) -> Sequence[Attribute]:
    if not isinstance(found, TupleType | NamedTupleType):
        raise VerifyException(f"{op.name}: expected a tuple, found {found}")
    return found.elements.data


def _expect_elements(op: Operation, kind: Attribute, found: Sequence[Attribute], what: str) -> None:
    elements = _tuple_elements(op, kind)
    if len(elements) != len(found):
        raise VerifyException(f"{op.name}: {kind} has {len(elements)} elements, found {len(found)} {what}")
    for i, (expected, given) in enumerate(zip(elements, found, strict=True)):
        _expect(op, f"{what[:-1]} {i} to be of type", expected, given)


@irdl_op_definition
class ConstantOp(IRDLOperation):
    """A Python constant that `arith.constant` can't hold: None, a str, dtype, device, complex number, enum member...

    `%0 = ts.constant "mean" : !ts.str`
    """

    name = "ts.constant"
    value = prop_def(Attribute)
    result = result_def()
    traits = traits_def(Pure())
    assembly_format = "attr-dict $value `:` type($result)"

    def __init__(self, value: Attribute, result_type: Attribute) -> None:
        super().__init__(properties={"value": value}, result_types=[result_type])

    def verify_(self) -> None:
        expected = constant_type(self.value)
        if expected is None:
            raise VerifyException(f"{self.name}: {self.value} is no constant of this operation")
        _expect(self, f"the type of {self.value} to be", expected, self.result.type)


@irdl_op_definition
class ListOp(IRDLOperation):
    """A new list of the operands: `%l = ts.list %a, %b : (i64, i64) -> !ts.list<i64>`."""

    name = "ts.list"
    elements = var_operand_def()
    result = result_def()
    assembly_format = "$elements attr-dict `:` functional-type($elements, $result)"

    def __init__(self, elements: Sequence[SSAValue], result_type: Attribute) -> None:
        super().__init__(operands=[elements], result_types=[result_type])

    def verify_(self) -> None:
        if not isinstance(self.result.type, ListType):
            raise VerifyException(f"{self.name}: expected a result of type !ts.list, found {self.result.type}")
        for i, element in enumerate(self.elements):
            _expect(self, f"element {i} to be of type", self.result.type.element, element.type)


@irdl_op_definition
class TupleOp(IRDLOperation):
    """A tuple or NamedTuple of the operands."""

    name = "ts.tuple"
    elements = var_operand_def()
    result = result_def()
    traits = traits_def(Pure())
    assembly_format = "$elements attr-dict `:` functional-type($elements, $result)"

    def __init__(self, elements: Sequence[SSAValue], result_type: Attribute) -> None:
        super().__init__(operands=[elements], result_types=[result_type])

    def verify_(self) -> None:
        _expect_elements(self, self.result.type, self.elements.types, "operands")


@irdl_op_definition
class TupleGetOp(IRDLOperation):
    """Element `index` (constant, from 0) of a tuple or NamedTuple: `ts.tuple_get %t[1] : !ts.tuple<...> -> i64`."""

    name = "ts.tuple_get"
    tuple = operand_def()
    index = prop_def(IntegerAttr[I64])
    result = result_def()
    traits = traits_def(Pure())
    assembly_format = "$tuple `[` $index `]` attr-dict `:` type($tuple) `->` type($result)"

    def __init__(self, value: SSAValue, index: int, result_type: Attribute) -> None:
        super().__init__(operands=[value], properties={"index": IntegerAttr(index, 64)}, result_types=[result_type])

    def verify_(self) -> None:
        elements = _tuple_elements(self, self.tuple.type)
        index = self.index.value.data
        if not 0 <= index < len(elements):
            raise VerifyException(f"{self.name}: index {index} is out of range for {self.tuple.type}")
        _expect(self, "a result of type", elements[index], self.result.type)


@irdl_op_definition
class UnpackOp(IRDLOperation):
    """What iteration gives of a list, tuple, str or tensor (its rows), as much as there are results; ValueError for another number.

    A value of type Any gives values of type Any.
    """

    name = "ts.unpack"
    value = operand_def()
    elements = var_result_def()
    assembly_format = "$value attr-dict `:` functional-type($value, $elements)"

    def __init__(self, value: SSAValue, result_types: Sequence[Attribute]) -> None:
        super().__init__(operands=[value], result_types=[result_types])

    def verify_(self) -> None:
        match self.value.type:
            case ListType() | TupleOfType():
                self._expect_each(self.value.type.element)
            case StrType() | AnyType():
                self._expect_each(self.value.type)
            case TupleType() | NamedTupleType():
                _expect_elements(self, self.value.type, self.elements.types, "results")
            case TensorType():
                for i, result in enumerate(self.elements):
                    if not isinstance(result.type, TensorType):
                        raise VerifyException(f"{self.name}: expected result {i} to be a !ts.tensor, found {result.type}")
            case other:
                raise VerifyException(f"{self.name}: expected a list, a tuple, a str, a tensor or any value, found {other}")

    def _expect_each(self, element: Attribute) -> None:
        for i, result in enumerate(self.elements):
            _expect(self, f"result {i} to be of type", element, result.type)


@irdl_op_definition
class DictOp(IRDLOperation):
    """A new dict; the operands are key, value, key, value..."""

    name = "ts.dict"
    items = var_operand_def()
    result = result_def()
    assembly_format = "$items attr-dict `:` functional-type($items, $result)"

    def __init__(self, items: Sequence[SSAValue], result_type: Attribute) -> None:
        super().__init__(operands=[items], result_types=[result_type])

    def verify_(self) -> None:
        kind = self.result.type
        if not isinstance(kind, DictType):
            raise VerifyException(f"{self.name}: expected a result of type !ts.dict, found {kind}")
        if len(self.items) % 2:
            raise VerifyException(f"{self.name}: expected a value for each key, found {len(self.items)} operands")
        for i, item in enumerate(self.items):
            what, expected = ("value", kind.value) if i % 2 else ("key", kind.key)
            _expect(self, f"{what} {i // 2} to be of type", expected, item.type)


@irdl_op_definition
class ClassOp(IRDLOperation):
    """Declares a class: its attributes (`ts.attribute`) and methods (`ts.method`).

    `kind` is `module`, `class`, `interface`, `enum` or `exception`; `bases` are the symbols of its bases.
    """

    name = "ts.class"
    sym_name = prop_def(SymbolNameConstraint())
    kind = prop_def(StringAttr)
    bases = opt_attr_def(ArrayAttr[SymbolRefAttr])
    body = region_def("single_block")
    traits = traits_def(SymbolOpInterface(), NoTerminator(), SymbolTable())
    assembly_format = "$kind $sym_name attr-dict-with-keyword $body"

    def __init__(self, sym_name: str, kind: str, members: Sequence[Operation] = ()) -> None:
        super().__init__(
            properties={"sym_name": StringAttr(sym_name), "kind": StringAttr(kind)},
            regions=[Region(Block(members))],
        )

    def verify_(self) -> None:
        _expect_word(self, "kind", self.kind.data, CLASS_KINDS)
        names: set[str] = set()
        for member in self.body.block.ops:
            if not isinstance(member, AttributeOp | MethodOp):
                raise VerifyException(f"{self.name}: expected ts.attribute or ts.method in a class, found {member.name}")
            name = (member.attr_name if isinstance(member, AttributeOp) else member.method_name).data
            if name in names:
                raise VerifyException(f"{self.name}: class @{self.sym_name.data} declares {name!r} twice")
            names.add(name)


@irdl_op_definition
class AttributeOp(IRDLOperation):
    """An attribute of a class: its name and type; `role` is `parameter`, `buffer`, `attribute`, `constant` or `submodule`.

    A `constant` never changes (`__constants__`, `Final`), and has its `value` here when an attribute can hold it. An object may be
    without one that is `late`, until a method assigns it.
    """

    name = "ts.attribute"
    attr_name = prop_def(StringAttr)
    type = prop_def(Attribute)
    role = prop_def(StringAttr)
    value = opt_attr_def(Attribute)
    late = opt_prop_def(UnitAttr)
    assembly_format = "$role (`late` $late^)? $attr_name `:` $type attr-dict"

    def __init__(
        self, attr_name: str, attr_type: Attribute, role: str, value: Attribute | None = None, *, late: bool = False
    ) -> None:
        properties = {"attr_name": StringAttr(attr_name), "type": attr_type, "role": StringAttr(role)}
        super().__init__(
            properties=properties | ({"late": UnitAttr()} if late else {}),
            attributes={} if value is None else {"value": value},
        )

    def verify_(self) -> None:
        _expect_word(self, "role", self.role.data, ATTRIBUTE_ROLES)
        if not isinstance(self.type, TypeAttribute):
            raise VerifyException(f"{self.name}: expected a type for {self.attr_name.data!r}, found {self.type}")
        if self.value is not None:
            expected = constant_type(self.value)
            if expected is None or not accepts(self.type, expected):
                raise VerifyException(
                    f"{self.name}: expected a value of type {self.type} for {self.attr_name.data!r}, found {self.value}"
                )


@irdl_op_definition
class MethodOp(IRDLOperation):
    """A method of a class: its Python name and the `func.func` that holds its code; `exported` ones are entry points."""

    name = "ts.method"
    method_name = prop_def(StringAttr)
    callee = prop_def(FlatSymbolRefAttrConstr)
    exported = opt_attr_def(UnitAttr)
    assembly_format = "$method_name `=` $callee attr-dict"

    def __init__(self, method_name: str, callee: str, *, exported: bool = False) -> None:
        super().__init__(
            properties={"method_name": StringAttr(method_name), "callee": SymbolRefAttr(callee)},
            attributes={"exported": UnitAttr()} if exported else {},
        )


PART = "ts.part"
"""On the operations that give a new object the attributes that the call of its class gives it."""


def mark_part(operation: Operation) -> Operation:
    """Says that an operation is what a call of a class does."""
    operation.attributes[PART] = UnitAttr()
    return operation


CACHED = "ts.cached"
"""The attribute of an `scf.if` that computes a cached property where it is read first: the property's name."""


LATE = "ts.late"
"""The attribute of what reads an attribute that the object may not have."""


@irdl_op_definition
class GetAttrOp(IRDLOperation):
    """Reads an attribute of an object: `%w = ts.getattr %self["weight"] : !ts.class<@Linear> -> !ts.tensor`."""

    name = "ts.getattr"
    object = operand_def(ClassType)
    attr_name = prop_def(StringAttr)
    result = result_def()
    assembly_format = "$object `[` $attr_name `]` attr-dict `:` type($object) `->` type($result)"

    def __init__(self, value: SSAValue, attr_name: str, result_type: Attribute) -> None:
        super().__init__(operands=[value], properties={"attr_name": StringAttr(attr_name)}, result_types=[result_type])


@irdl_op_definition
class SetAttrOp(IRDLOperation):
    """Writes an attribute of an object: `ts.setattr %self["n"] = %v : !ts.class<@M>, i64`."""

    name = "ts.setattr"
    object = operand_def(ClassType)
    attr_name = prop_def(StringAttr)
    value = operand_def()
    assembly_format = "$object `[` $attr_name `]` `=` $value attr-dict `:` type($object) `,` type($value)"

    def __init__(self, target: SSAValue, attr_name: str, value: SSAValue) -> None:
        super().__init__(operands=[target, value], properties={"attr_name": StringAttr(attr_name)})


@irdl_op_definition
class NewOp(IRDLOperation):
    """A new object of a class, without attributes yet: a call of its `__init__` follows. `%o = ts.new : !ts.class<@C>`."""

    name = "ts.new"
    result = result_def(ClassType)
    assembly_format = "attr-dict `:` type($result)"

    def __init__(self, result_type: ClassType) -> None:
        super().__init__(result_types=[result_type])


@irdl_op_definition
class CallMethodOp(IRDLOperation):
    """Calls a method by name, looked up in the object's own class: for interfaces and overridden methods.

    A method of a class that is known is called by `func.call`.
    """

    name = "ts.call_method"
    object = operand_def()
    arguments = var_operand_def()
    method_name = prop_def(StringAttr)
    results_ = var_result_def()
    assembly_format = (
        "$object `[` $method_name `]` `` `(` $arguments `)` attr-dict"
        " `:` type($object) `,` functional-type($arguments, $results_)"
    )

    def __init__(
        self, target: SSAValue, method_name: str, arguments: Sequence[SSAValue], result_types: Sequence[Attribute]
    ) -> None:
        super().__init__(
            operands=[target, arguments],
            properties={"method_name": StringAttr(method_name)},
            result_types=[result_types],
        )


@irdl_op_definition
class CallPythonOp(IRDLOperation):
    """Calls a function that isn't part of the program: one of the process that made it (`PythonFunction`), by its key.

    It may change and keep what it is given. The result is checked against the result type when run.
    """

    name = "ts.call_python"
    function = prop_def(StringAttr)
    arguments = var_operand_def()
    result = result_def()
    assembly_format = "$function `(` $arguments `)` attr-dict `:` functional-type($arguments, $result)"

    def __init__(self, function: str, arguments: Sequence[SSAValue], result_type: Attribute) -> None:
        super().__init__(operands=[arguments], properties={"function": StringAttr(function)}, result_types=[result_type])


@irdl_op_definition
class CastOp(IRDLOperation):
    """The same value under another static type: refinement (`Optional[T]` to `T`) or its opposite. Never a conversion."""

    name = "ts.cast"
    value = operand_def()
    result = result_def()
    traits = traits_def(Pure())
    assembly_format = "$value attr-dict `:` type($value) `->` type($result)"

    def __init__(self, value: SSAValue, result_type: Attribute) -> None:
        super().__init__(operands=[value], result_types=[result_type])

    def verify_(self) -> None:
        before, after = self.value.type, self.result.type
        if not accepts(after, before) and not accepts(before, after):
            raise VerifyException(f"{self.name}: {before} and {after} have no value in common")


@irdl_op_definition
class IsInstanceOp(IRDLOperation):
    """Whether a value is of one of the given types at run time; containers by their first element, as torch.jit does."""

    name = "ts.isinstance"
    value = operand_def()
    types = prop_def(ArrayAttr[Attribute])
    result = result_def(BOOL)
    traits = traits_def(Pure())
    assembly_format = "$value `,` $types attr-dict `:` type($value)"

    def __init__(self, value: SSAValue, types: Sequence[Attribute]) -> None:
        super().__init__(operands=[value], properties={"types": ArrayAttr(types)}, result_types=[BOOL])

    def verify_(self) -> None:
        for type_ in self.types.data:
            if not isinstance(type_, TypeAttribute):
                raise VerifyException(f"{self.name}: expected types, found {type_}")


@irdl_op_definition
class TruthOp(IRDLOperation):
    """Python's `bool(value)` as `scf` needs it: of a tensor with one element, a number, a container, an object."""

    name = "ts.truth"
    value = operand_def()
    result = result_def(BOOL)
    assembly_format = "$value attr-dict `:` type($value)"

    def __init__(self, value: SSAValue) -> None:
        super().__init__(operands=[value], result_types=[BOOL])


@irdl_op_definition
class RaiseOp(IRDLOperation):
    """Raises a Python exception: `ts.raise "ValueError"(%message) : !ts.str`.

    Not a terminator: what follows isn't reached.
    """

    name = "ts.raise"
    exception = prop_def(StringAttr)
    arguments = var_operand_def()
    assembly_format = "$exception `(` $arguments `)` attr-dict (`:` type($arguments)^)?"

    def __init__(self, exception: str, arguments: Sequence[SSAValue]) -> None:
        super().__init__(operands=[arguments], properties={"exception": StringAttr(exception)})

    def verify_(self) -> None:
        if not self.exception.data:
            raise VerifyException(f"{self.name}: expected the name of an exception, found an empty one")


@irdl_op_definition
class ExceptionOp(IRDLOperation):
    """Makes an exception without raising it: `%0 = ts.exception "ValueError"(%message) : !ts.str`.

    One argument that is an object of the exception's own class gives it `args` and the other attributes.
    """

    name = "ts.exception"
    exception = prop_def(StringAttr)
    arguments = var_operand_def()
    result = result_def(AnyType())
    assembly_format = "$exception `(` $arguments `)` attr-dict (`:` type($arguments)^)?"

    def __init__(self, exception: str, arguments: Sequence[SSAValue]) -> None:
        super().__init__(operands=[arguments], properties={"exception": StringAttr(exception)}, result_types=[AnyType()])

    def verify_(self) -> None:
        if not self.exception.data:
            raise VerifyException(f"{self.name}: expected the name of an exception, found an empty one")


@irdl_op_definition
class TryOp(IRDLOperation):
    """Runs a region; an exception that is raised in it is the first result, None when there is none.

    The other results are what the region yields; they aren't read after an exception. What the program does then is written
    behind the operation, with `scf.if`:

        %error, %v = ts.try {
          %0 = ts.py.int(%text) : (!ts.str) -> i64
          ts.yield %0 : i64
        } : i64
        %ok = ts.py.is(%error, %none) : (!ts.any, none) -> i1
    """

    name = "ts.try"
    body = region_def("single_block")
    exception = result_def(AnyType())
    results_ = var_result_def()
    assembly_format = "$body attr-dict (`:` type($results_)^)?"

    def __init__(self, body: Region, result_types: Sequence[Attribute]) -> None:
        super().__init__(regions=[body], result_types=[AnyType(), result_types])

    def verify_(self) -> None:
        last = self.body.block.last_op
        if not isinstance(last, YieldOp):
            raise VerifyException(f"{self.name}: expected the region to end with ts.yield")
        if len(last.operands) != len(self.results_):
            raise VerifyException(f"{self.name}: expected {len(self.results_)} values yielded, found {len(last.operands)}")
        for i, (result, value) in enumerate(zip(self.results_, last.operands, strict=True)):
            _expect(self, f"value {i} that is yielded to be of type", result.type, value.type)


@irdl_op_definition
class YieldOp(IRDLOperation):
    """Ends the region of `ts.try` with its results."""

    name = "ts.yield"
    values = var_operand_def()
    traits = traits_def(IsTerminator())
    assembly_format = "($values^ `:` type($values))? attr-dict"

    def __init__(self, values: Sequence[SSAValue]) -> None:
        super().__init__(operands=[values])


@irdl_op_definition
class CatchesOp(IRDLOperation):
    """Whether an exception is one of those that `except` names: `%1 = ts.catches %error, ["ValueError", "KeyError"]`."""

    name = "ts.catches"
    exception = operand_def(AnyType())
    classes = prop_def(ArrayAttr[StringAttr])
    result = result_def(BOOL)
    traits = traits_def(Pure())
    assembly_format = "$exception `,` $classes attr-dict"

    def __init__(self, exception: SSAValue, classes: Sequence[str]) -> None:
        super().__init__(
            operands=[exception],
            properties={"classes": ArrayAttr([StringAttr(c) for c in classes])},
            result_types=[BOOL],
        )


@irdl_op_definition
class ReraiseOp(IRDLOperation):
    """Raises an exception that is a value: of `ts.try`. Not a terminator: what follows isn't reached."""

    name = "ts.reraise"
    exception = operand_def(AnyType())
    assembly_format = "$exception attr-dict"

    def __init__(self, exception: SSAValue) -> None:
        super().__init__(operands=[exception])


@irdl_op_definition
class UninitializedOp(IRDLOperation):
    """A value that is never read: for a variable on a path that raises, or on which it isn't assigned."""

    name = "ts.uninitialized"
    result = result_def()
    traits = traits_def(Pure())
    assembly_format = "attr-dict `:` type($result)"

    def __init__(self, result_type: Attribute) -> None:
        super().__init__(result_types=[result_type])


@irdl_op_definition
class ToValueOp(IRDLOperation):
    """The builtin tensor value that a reference holds now: `ts.to_value %t : !ts.tensor<2xf32> -> tensor<2xf32>`."""

    name = "ts.to_value"
    reference = operand_def(TensorType)
    result = result_def(BuiltinTensorType[Attribute])
    assembly_format = "$reference attr-dict `:` type($reference) `->` type($result)"

    def __init__(self, reference: SSAValue, result_type: Attribute) -> None:
        super().__init__(operands=[reference], result_types=[result_type])

    def verify_(self) -> None:
        reference, value = self.reference.type, self.result.type
        if not value_agrees(reference, value):
            raise VerifyException(f"{self.name}: {reference} can't hold {value}")


@irdl_op_definition
class ToReferenceOp(IRDLOperation):
    """A reference to a builtin tensor value: `ts.to_reference %v : tensor<2xf32> -> !ts.tensor<2xf32>`."""

    name = "ts.to_reference"
    value = operand_def(BuiltinTensorType[Attribute])
    result = result_def(TensorType)
    assembly_format = "$value attr-dict `:` type($value) `->` type($result)"

    def __init__(self, value: SSAValue, result_type: Attribute) -> None:
        super().__init__(operands=[value], result_types=[result_type])

    def verify_(self) -> None:
        reference, value = self.result.type, self.value.type
        if not value_agrees(reference, value):
            raise VerifyException(f"{self.name}: {reference} can't hold {value}")


OPERATIONS: tuple[type[Operation], ...] = (
    ConstantOp, ListOp, TupleOp, TupleGetOp, UnpackOp, DictOp, ClassOp, AttributeOp, MethodOp, GetAttrOp, SetAttrOp,
    NewOp, CallMethodOp, CallPythonOp, CastOp, IsInstanceOp, TruthOp, RaiseOp, ExceptionOp, TryOp, YieldOp, CatchesOp, ReraiseOp,
    UninitializedOp, ToValueOp, ToReferenceOp,
)  # fmt: skip
