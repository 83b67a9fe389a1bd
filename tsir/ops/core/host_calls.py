"""Calls of host operators from within a body: how dropout and attention draw random numbers.

The call is emitted as the `ts.aten` operation that it is, between conversions of its tensors to references and back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.dialects.builtin import StringAttr, TensorType
from xdsl.ir import SSAValue

from tsir.dialects.dtypes import DType
from tsir.dialects.ts import types as ts_types
from tsir.errors import TsirError
from tsir.ops.builder import Builder, current, tensor_type
from tsir.ops.sizes import SymInt
from tsir.ops.tensor import SymScalar, SymTensor


def call_host(key: str, *arguments: Any) -> SymTensor:
    """The tensor that a host operator with one result gives for these arguments, in the schema's order."""
    (result,) = call_host_results(key, *arguments)
    return result


def call_host_results(key: str, *arguments: Any) -> tuple[SymTensor, ...]:
    """The tensors that a host operator gives for these arguments, in the schema's order."""
    from tsir.ops.registry import operator

    op = operator(key)
    if op is None or op.kind != "host":
        raise TsirError(f"{key!r} is no host operator")
    found = op.body(*arguments)
    results: tuple[SymTensor, ...] = found if isinstance(found, tuple) else (found,)
    b = current()
    if not b.emitting:
        return results
    from tsir.dialects.ts.families import aten_op

    operands = [_operand(b, argument) for argument in arguments]
    references = [ts_types.TensorType(r.dtype, [s if isinstance(s, int) else None for s in r.shape]) for r in results]
    call = b.insert(aten_op(op.schema)(operands, references))
    return tuple(_as_value(b, value, r) for value, r in zip(call.results, results, strict=True))


def _as_value(b: Builder, reference: SSAValue, result: SymTensor) -> SymTensor:
    """A reference that a host operator gave as a tensor of the inferred type."""
    from tsir.dialects.ts.structure import ToValueOp

    kind = reference.type
    assert isinstance(kind, ts_types.TensorType)
    found = b.insert(ToValueOp(reference, kind.to_builtin())).results[0]
    target = tensor_type(result.dtype, result.shape)
    if found.type != target:
        assert isinstance(target, TensorType)
        from xdsl.dialects.builtin import UnrealizedConversionCastOp

        found = b.insert(UnrealizedConversionCastOp.get([found], [target])).results[0]
    for i, size in enumerate(result.shape):
        atom = size.as_atom() if isinstance(size, SymInt) else None
        if atom is not None and atom.origin is None and atom.operation is None:
            atom.origin = (found, i)  # a size that depends on data is that of the result
    return SymTensor(result.dtype, result.shape, found)


def _operand(b: Builder, argument: Any) -> SSAValue:
    """An argument as an operand of a `ts` operation."""
    from tsir.dialects.ts import attributes, structure, types

    def constant(value: Any, kind: Any) -> SSAValue:
        return b.insert(structure.ConstantOp(value, kind)).results[0]

    match argument:
        case SymTensor():
            kind = types.TensorType(argument.dtype, [s if isinstance(s, int) else None for s in argument.shape])
            return b.insert(structure.ToReferenceOp(argument.ssa, kind)).results[0]
        case None:
            return constant(attributes.NoneValueAttr(), types.NONE)
        case DType():
            return constant(attributes.DTypeAttr(argument.name), types.DTypeType())  # type: ignore[arg-type]
        case str():
            return constant(StringAttr(argument), types.StrType())
        case bool() | int() | float() | complex() | SymInt() | SymScalar():
            return b.number_value(argument)[0]
        case Sequence():
            elements = [_operand(b, a) for a in argument]
            element = elements[0].type if elements else types.INT
            return b.insert(structure.ListOp(elements, types.ListType(element))).results[0]
        case _:
            raise TsirError(f"{argument!r} can't be an argument of a host operator here")
