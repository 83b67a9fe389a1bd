"""Casts around the operators of a program that is called under autocast, for what the program itself hasn't decided.

Operators inside of a `with torch.autocast(...)` of the program are marked (`ts.autocast`): they have their casts already, or none. The
functions that cast are IR, which `ts-inline` puts in place. What they cast to is in `ops/autocast.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from xdsl.dialects import arith, func
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, StringAttr, SymbolRefAttr, UnitAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Block, Operation, SSAValue

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.locations import location_of
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.attributes import DTypeAttr
from tsir.dialects.ts.families import AtenOp
from tsir.dialects.ts.structure import CallMethodOp, ConstantOp, ListOp
from tsir.errors import UnsupportedError
from tsir.ops.autocast import CASTS, DECIDED, IN_FLOAT32, THEN_LOWER, THROUGH_OTHERS, Cast, einsum_steps
from tsir.ops.registry import operator
from tsir.passes.memory import is_transient_list
from tsir.passes.rebuild import insert_before
from tsir.passes.structure import callee_name, functions, walk

_TENSOR, _OPTIONAL, _LIST = "autocast.tensor", "autocast.optional", "autocast.list"
_ROUNDED = "autocast.rounded"

_FUNCTIONS = f"""
func.func private @{_TENSOR}(%x : !ts.tensor, %dtype : !ts.dtype) -> !ts.tensor {{
  %0 = ts.aten.is_floating_point(%x) : (!ts.tensor) -> i1
  %1 = scf.if %0 -> (i1) {{
    %2 = ts.aten.dtype(%x) : (!ts.tensor) -> !ts.dtype
    %3 = ts.constant #ts.dtype<"float64"> : !ts.dtype
    %4 = ts.py.ne(%2, %3) : (!ts.dtype, !ts.dtype) -> i1
    scf.yield %4 : i1
  }} else {{
    %5 = arith.constant false
    scf.yield %5 : i1
  }}
  %6 = scf.if %1 -> (!ts.tensor) {{
    %7 = arith.constant false
    %8 = ts.constant #ts.none : none
    %9 = ts.aten.to.dtype(%x, %dtype, %7, %7, %8) : (!ts.tensor, !ts.dtype, i1, i1, none) -> !ts.tensor
    scf.yield %9 : !ts.tensor
  }} else {{
    scf.yield %x : !ts.tensor
  }}
  func.return %6 : !ts.tensor
}}
func.func private @{_ROUNDED}(%x : !ts.tensor, %dtype : !ts.dtype) -> !ts.tensor {{
  %0 = ts.constant #ts.dtype<"float32"> : !ts.dtype
  %1 = func.call @{_TENSOR}(%x, %dtype) : (!ts.tensor, !ts.dtype) -> !ts.tensor
  %2 = func.call @{_TENSOR}(%1, %0) : (!ts.tensor, !ts.dtype) -> !ts.tensor
  func.return %2 : !ts.tensor
}}
func.func private @{_OPTIONAL}(%x : !ts.optional<!ts.tensor>, %dtype : !ts.dtype) -> !ts.optional<!ts.tensor> {{
  %0 = ts.constant #ts.none : none
  %1 = ts.py.is(%x, %0) : (!ts.optional<!ts.tensor>, none) -> i1
  %2 = scf.if %1 -> (!ts.optional<!ts.tensor>) {{
    %3 = ts.cast %0 : none -> !ts.optional<!ts.tensor>
    scf.yield %3 : !ts.optional<!ts.tensor>
  }} else {{
    %4 = ts.cast %x : !ts.optional<!ts.tensor> -> !ts.tensor
    %5 = func.call @{_TENSOR}(%4, %dtype) : (!ts.tensor, !ts.dtype) -> !ts.tensor
    %6 = ts.cast %5 : !ts.tensor -> !ts.optional<!ts.tensor>
    scf.yield %6 : !ts.optional<!ts.tensor>
  }}
  func.return %2 : !ts.optional<!ts.tensor>
}}
func.func private @{_LIST}(%x : !ts.list<!ts.tensor>, %dtype : !ts.dtype) -> !ts.list<!ts.tensor> {{
  %0 = ts.list : () -> !ts.list<!ts.tensor>
  %1 = arith.constant 0 : i64
  %2 = ts.py.len(%x) : (!ts.list<!ts.tensor>) -> i64
  %3 = arith.constant 1 : i64
  scf.for %4 = %1 to %2 step %3 : i64 {{
    %5 = ts.py.getitem(%x, %4) : (!ts.list<!ts.tensor>, i64) -> !ts.tensor
    %6 = func.call @{_TENSOR}(%5, %dtype) : (!ts.tensor, !ts.dtype) -> !ts.tensor
    %7 = ts.py.list_append(%0, %6) : (!ts.list<!ts.tensor>, !ts.tensor) -> none
  }}
  func.return %0 : !ts.list<!ts.tensor>
}}
"""


def mark(block: Block, after: Operation | None, found: Attribute) -> None:
    """Marks the operators and calls of a block that stand behind an operation, but for those that an autocast inside has marked."""
    ops = list(block.ops)
    for op in (o for top in ops[ops.index(after) + 1 if after is not None else 0 :] for o in (top, *walk(top))):
        if (_is_listed(op) or isinstance(op, func.CallOp | CallMethodOp)) and DECIDED not in op.attributes:
            op.attributes[DECIDED] = found


def make_variants(module: ModuleOp) -> None:
    """Makes a program's marks casts: functions whose calls are marked with a dtype get variants, whose operators cast to it."""
    known = {f.sym_name.data: f for f in functions(module)}
    made: dict[tuple[str, str], str] = {}
    calls = [op for f in known.values() for op in walk(f) if DECIDED in op.attributes and not isinstance(op, AtenOp)]
    while calls:
        call = calls.pop()
        state = call.attributes.pop(DECIDED)
        if not isinstance(state, StringAttr):
            continue
        callee = known.get(callee_name(call)) if isinstance(call, func.CallOp) else None
        if callee is None:
            raise _refused(call, "a call of a method that the object's class decides about, under autocast,")
        assert isinstance(call, func.CallOp)
        key = (callee.sym_name.data, state.data)
        if key not in made:
            made[key] = f"{key[0]}.{state.data}"
        if made[key] not in known:
            variant = known[made[key]] = callee.clone()
            variant.sym_name = StringAttr(made[key])
            variant.sym_visibility = StringAttr("private")
            for name in ("ts.method", "ts.property", "ts.passed"):
                variant.attributes.pop(name, None)
            inside = [op for op in walk(variant) if isinstance(op, func.CallOp | CallMethodOp) or _is_listed(op)]
            for op in inside:
                op.attributes.setdefault(DECIDED, state)
            calls += [op for op in inside if not isinstance(op, AtenOp)]
            module.body.block.add_op(variant)
        call.callee = SymbolRefAttr(made[key])
    insert_casts(module, functions(module), None)


def insert_casts(module: ModuleOp, inside: Sequence[FuncOp], around: DType | None) -> bool:
    """Casts the arguments of the operators of functions: of those that are marked with a dtype, and of others that cast where an
    autocast with a dtype is around the call of the program.

    The casts are calls, which have to be inlined: tells whether there are any.
    """
    cast = False
    for op in [o for f in inside for o in walk(f)]:
        mark = op.attributes.get(DECIDED)
        lower = around if mark is None else dtypes.dtype(mark.data) if isinstance(mark, StringAttr) else None
        if lower is None:
            continue
        if isinstance(op, AtenOp):
            if op.SCHEMA.key == "is_autocast_cpu_enabled":
                op.results[0].replace_all_uses_with(insert_before(arith.ConstantOp(IntegerAttr(1, 1)), op).results[0])
            if op.SCHEMA.name in IN_FLOAT32 and not _is_written(op):
                cast = _cast_operands(op, lower, _ROUNDED_NAMES) or cast
            elif op.SCHEMA.name in THEN_LOWER and not _is_written(op):
                cast = _cast_operands(op, dtypes.float32) and _cast_result(op, lower)
            elif (dtype := _dtype(op, lower)) is not None:
                cast = _cast_operands(op, dtype) or cast
            op.attributes[DECIDED] = UnitAttr()
        elif mark is not None:
            raise _refused(
                op, "a call of a recursive function, or of a method that the object's class decides about, under autocast"
            )
    if cast and not any(f.sym_name.data == _TENSOR for f in functions(module)):
        module.body.block.add_ops([f.clone() for f in _cast_functions()])
    return cast


@functools.cache
def _cast_functions() -> Sequence[FuncOp]:
    from tsir.dialects.context import make_context, parse_module
    from tsir.ops.operation_names import family_names
    from tsir.ops.python import lookup
    from tsir.ops.registry import SCHEMAS

    context = make_context(SCHEMAS.get, lambda function: lookup(function) is not None, family_names)
    return functions(parse_module(context, _FUNCTIONS))


def _dtype(op: AtenOp, lower: DType) -> DType | None:
    """What the tensors of an operator are cast to; None for one that takes them as they are."""
    name = op.SCHEMA.name
    if not _is_listed(op) or _is_written(op):
        return None
    match CASTS.get(name):
        case Cast.LOWER:
            return lower
        case Cast.FULL:
            return dtypes.float32
        case Cast.WIDEST:
            return None  # operators that join tensors promote them anyway
        case None:
            return _through_others(op, name, lower)


def _is_written(op: AtenOp) -> bool:
    definition = operator(op.SCHEMA.key)
    return definition is not None and definition.kind in ("out", "inplace")


def _is_listed(op: Operation) -> bool:
    return isinstance(op, AtenOp) and (op.SCHEMA.name in CASTS or op.SCHEMA.name in THROUGH_OTHERS)


def _through_others(op: AtenOp, name: str, lower: DType) -> DType | None:
    match name:
        case "einsum":
            equation, tensors = _text(op.operands[0]), op.operands[1].owner
            if equation is not None and isinstance(tensors, ListOp) and len(tensors.elements) <= 2:
                steps = einsum_steps(equation, len(tensors.elements))
                return lower if steps is not None and steps[0][1] else None
        case "pad":
            mode, sizes = _text(op.operands[2]), op.operands[1].owner
            if mode in ("constant", "circular"):
                return None
            if mode == "replicate" or (mode == "reflect" and isinstance(sizes, ListOp)):
                wide = isinstance(sizes, ListOp) and len(sizes.elements) == 6 and mode == "reflect"
                return None if wide else dtypes.float32
        case "inner" | "lstm" | "matrix_power" | "linalg_matrix_power":
            return lower
        case _:
            pass
    raise _refused(op, f"{name}() of a program that is called under autocast")


def _refused(op: Operation, what: str) -> UnsupportedError:
    places = location_of(op)
    return UnsupportedError(
        f"{what} isn't supported",
        location=places[0] if places else None,
        hint="enter the autocast in the program, around what it calls: `with torch.autocast(...)`",
    )


def _text(value: SSAValue) -> str | None:
    constant = value.owner.value if isinstance(value.owner, ConstantOp) else None
    return constant.data if isinstance(constant, StringAttr) else None


def _cast_result(op: AtenOp, dtype: DType) -> bool:
    block, wanted = op.parent_block(), ConstantOp(DTypeAttr(dtype.name), ts.DTypeType())
    assert block is not None
    call = func.CallOp(_TENSOR, [op.results[0], wanted.results[0]], [ts.TensorType()])
    for new in (wanted, call):
        new.location = op.location
    block.insert_ops_after([wanted, call], op)
    op.results[0].replace_uses_with_if(call.results[0], lambda use: use.operation is not call)
    return True


def _cast_operands(op: AtenOp, dtype: DType, names: Mapping[Attribute, str] | None = None) -> bool:
    names = names or _NAMES
    wanted: Operation | None = None
    for i, operand in enumerate(op.operands):
        made = operand.owner
        if isinstance(made, ListOp) and operand.type == ts.ListType(ts.TensorType()) and is_transient_list(made):
            wanted = wanted or _constant(op, dtype)
            elements = [
                _call(op, names[ts.TensorType()], e, wanted) if isinstance(e.type, ts.TensorType) else e
                for e in made.elements
            ]
            op.operands[i] = insert_before(ListOp(elements, ts.ListType(ts.TensorType())), op).results[0]
            continue
        name = names.get(operand.type)
        if name is not None:
            wanted = wanted or _constant(op, dtype)
            op.operands[i] = _call(op, name, operand, wanted)
    return wanted is not None


_NAMES: dict[Attribute, str] = {
    ts.TensorType(): _TENSOR, ts.OptionalType(ts.TensorType()): _OPTIONAL, ts.ListType(ts.TensorType()): _LIST,
}  # fmt: skip


_ROUNDED_NAMES: dict[Attribute, str] = {ts.TensorType(): _ROUNDED}


def _constant(op: AtenOp, dtype: DType) -> Operation:
    return insert_before(ConstantOp(DTypeAttr(dtype.name), ts.DTypeType()), op)


def _call(op: AtenOp, name: str, operand: SSAValue, dtype: Operation) -> SSAValue:
    return insert_before(func.CallOp(name, [operand, dtype.results[0]], [operand.type]), op).results[0]
