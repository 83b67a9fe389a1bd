"""The structural operations of the `ts` dialect, named after what they are in Python.

Control flow is `scf`'s and functions are `func`'s; arithmetic on Python values is in the `ts.py` family and tensor operators
in the `ts.aten` family, both in `families.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, FlatSymbolRefAttrConstr, IntegerAttr, StringAttr, SymbolRefAttr, UnitAttr
from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_attr_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.traits import NoTerminator, Pure, SymbolOpInterface, SymbolTable

from tsir.dialects.ts.types import BOOL, ClassType, TensorType


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


@irdl_op_definition
class ListOp(IRDLOperation):
    """A new list of the operands: `%l = ts.list %a, %b : (i64, i64) -> !ts.list<i64>`."""

    name = "ts.list"
    elements = var_operand_def()
    result = result_def()
    assembly_format = "$elements attr-dict `:` functional-type($elements, $result)"

    def __init__(self, elements: Sequence[SSAValue], result_type: Attribute) -> None:
        super().__init__(operands=[elements], result_types=[result_type])


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


@irdl_op_definition
class TupleGetOp(IRDLOperation):
    """Element `index` (constant, from 0) of a tuple or NamedTuple: `ts.tuple_get %t[1] : !ts.tuple<...> -> i64`."""

    name = "ts.tuple_get"
    tuple = operand_def()
    index = prop_def(IntegerAttr)
    result = result_def()
    traits = traits_def(Pure())
    assembly_format = "$tuple `[` $index `]` attr-dict `:` type($tuple) `->` type($result)"

    def __init__(self, value: SSAValue, index: int, result_type: Attribute) -> None:
        super().__init__(operands=[value], properties={"index": IntegerAttr(index, 64)}, result_types=[result_type])


@irdl_op_definition
class UnpackOp(IRDLOperation):
    """The elements of a list, tuple or tensor (its rows), as many as there are results; ValueError for another number."""

    name = "ts.unpack"
    value = operand_def()
    elements = var_result_def()
    assembly_format = "$value attr-dict `:` functional-type($value, $elements)"

    def __init__(self, value: SSAValue, result_types: Sequence[Attribute]) -> None:
        super().__init__(operands=[value], result_types=[result_types])


@irdl_op_definition
class DictOp(IRDLOperation):
    """A new dict; the operands are key, value, key, value..."""

    name = "ts.dict"
    items = var_operand_def()
    result = result_def()
    assembly_format = "$items attr-dict `:` functional-type($items, $result)"

    def __init__(self, items: Sequence[SSAValue], result_type: Attribute) -> None:
        super().__init__(operands=[items], result_types=[result_type])


@irdl_op_definition
class ClassOp(IRDLOperation):
    """Declares a class: its attributes (`ts.attribute`) and methods (`ts.method`).

    `kind` is `module`, `class`, `interface`, `enum` or `exception`; `bases` are the symbols of its bases.
    """

    name = "ts.class"
    sym_name = prop_def(StringAttr)
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


@irdl_op_definition
class AttributeOp(IRDLOperation):
    """An attribute of a class: its name and type; `role` is `parameter`, `buffer`, `attribute`, `constant` or `submodule`.

    A `constant` never changes (`__constants__`, `Final`), and has its `value` here when an attribute can hold it.
    """

    name = "ts.attribute"
    attr_name = prop_def(StringAttr)
    type = prop_def(Attribute)
    role = prop_def(StringAttr)
    value = opt_attr_def(Attribute)
    assembly_format = "$role $attr_name `:` $type attr-dict"

    def __init__(self, attr_name: str, attr_type: Attribute, role: str, value: Attribute | None = None) -> None:
        super().__init__(
            properties={"attr_name": StringAttr(attr_name), "type": attr_type, "role": StringAttr(role)},
            attributes={} if value is None else {"value": value},
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
        "$object `[` $method_name `]` `(` $arguments `)` attr-dict"
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
class CastOp(IRDLOperation):
    """The same value under another static type: refinement (`Optional[T]` to `T`) or its opposite. Never a conversion."""

    name = "ts.cast"
    value = operand_def()
    result = result_def()
    traits = traits_def(Pure())
    assembly_format = "$value attr-dict `:` type($value) `->` type($result)"

    def __init__(self, value: SSAValue, result_type: Attribute) -> None:
        super().__init__(operands=[value], result_types=[result_type])


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
    result = result_def(BuiltinTensorType)
    assembly_format = "$reference attr-dict `:` type($reference) `->` type($result)"

    def __init__(self, reference: SSAValue, result_type: Attribute) -> None:
        super().__init__(operands=[reference], result_types=[result_type])


@irdl_op_definition
class ToReferenceOp(IRDLOperation):
    """A reference to a builtin tensor value: `ts.to_reference %v : tensor<2xf32> -> !ts.tensor<2xf32>`."""

    name = "ts.to_reference"
    value = operand_def(BuiltinTensorType)
    result = result_def(TensorType)
    assembly_format = "$value attr-dict `:` type($value) `->` type($result)"

    def __init__(self, value: SSAValue, result_type: Attribute) -> None:
        super().__init__(operands=[value], result_types=[result_type])


OPERATIONS: tuple[type[Operation], ...] = (
    ConstantOp, ListOp, TupleOp, TupleGetOp, UnpackOp, DictOp, ClassOp, AttributeOp, MethodOp, GetAttrOp, SetAttrOp,
    NewOp, CallMethodOp, CastOp, IsInstanceOp, TruthOp, RaiseOp, UninitializedOp, ToValueOp, ToReferenceOp,
)  # fmt: skip
