"""Operations on Python's values (`ts.py`) as serialised code: calls of TorchScript's operators, or statements that do the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xdsl.ir import Attribute, SSAValue

from tsir.archive.torchscript.calls import checked_call, outside_domain
from tsir.archive.torchscript.expressions import Parts, parts_of, tuple_of
from tsir.archive.torchscript.texts import (
    format_parts,
    format_spec_call,
    is_alike,
    is_message,
    is_percent_template,
    text_call,
)
from tsir.dialects.ts import structure as s
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import PyOp
from tsir.dialects.ts.type_names import show_type
from tsir.passes.constants import UNKNOWN, constant_of
from tsir.passes.scalar_classes import is_wide_scalar

if TYPE_CHECKING:
    from tsir.archive.torchscript.printing import FunctionPrinter


def emit_python_call(p: FunctionPrinter, operation: PyOp) -> None:
    """Writes an operation. Raises UnsupportedError for one that TorchScript hasn't on such values."""
    operands = [p.use(o) for o in operation.operands]
    kinds = [o.type for o in operation.operands]
    function = operation.FUNCTION
    if is_wide_scalar(operation) or function == "scalar_number":
        return p.define(operation, operands[0])  # TorchScript's numbers are of no class
    if function in ("range_list", "range_object"):
        return _range(p, operation, operands)
    if function == "setslice":
        return _set_slice(p, operation, operands)
    if function == "sorted" and len(operands) == 2:
        return _sorted(p, operation, operands)
    if function in ("is", "is_not") and kinds[1] == ts.NONE and p.annotation(kinds[0], operation) == "Any":
        test = f"isinstance({operands[0]}, NoneType)"  # torch.jit takes it that no Any is None
        return p.define(operation, test if function == "is" else f"torch.__not__({test})")
    if function in _TEXTS:
        return p.define(operation, _text(p, operation, operands, kinds))
    if function in ("truediv", "floordiv", "mod", "div_to_zero") and not _is_no_zero(operation.operands[1]):
        p.raise_if(f"torch.eq({operands[1]}, 0)", "division by zero", "ZeroDivisionError")
    if (
        operands
        and (outside := outside_domain(function, operands[0])) is not None
        and constant_of(operation.operands[0]) is UNKNOWN
    ):
        p.raise_if(outside, "math domain error", "ValueError")
    if all(isinstance(k, ts.TupleType | ts.NamedTupleType) for k in kinds) and (text := _tuples(p, operation, operands)):
        return p.define(operation, text)
    result = operation.results[0].type
    checked = checked_call(function, operands, kinds, result)
    if checked is None:
        shown = ", ".join(map(show_type, kinds))
        p.refuse(f"{function.replace('_', '.', 1)}() of {shown or 'no values'}", operation)
    call, found = checked
    p.annotation(result, operation)
    if result == ts.NONE:  # TorchScript's append gives the list
        p.line(call)
        p.names[operation.results[0]] = "None"
        return
    p.define(operation, call if found is None else p.of_type(call, found, result, operation))


def _text(p: FunctionPrinter, operation: PyOp, operands: Sequence[str], kinds: Sequence[Attribute]) -> str:
    """A text of values. Raises UnsupportedError where TorchScript has another than Python and the program can tell."""
    function, is_shown = operation.FUNCTION, is_message(operation.results[0])
    call: str | None = None
    if function in ("str", "repr", "format") and (len(operands) == 1 or operands[1] == '""'):
        is_name = function == "repr" and isinstance(kinds[0], ts.StrType | ts.DeviceType)
        call = text_call(operands[0], kinds[0], is_shown) if not is_name or is_shown else None
    elif function == "format":
        spec = constant_of(operation.operands[1])
        call = format_spec_call(operands[0], kinds[0], spec) if isinstance(spec, str) else None
    elif isinstance(template := constant_of(operation.operands[0]), str):
        values, types = list(operands[1:]), list(kinds[1:])
        if function == "percent" and isinstance(operation.operands[1].owner, s.TupleOp):
            values = [p.use(o) for o in operation.operands[1].owner.operands]
            types = [o.type for o in operation.operands[1].owner.operands]
        texts = [text_call(v, k, is_shown) for v, k in zip(values, types, strict=True)]
        parts = format_parts(template, len(texts)) if function == "str_format" else None
        if parts is not None and all(t is not None for t in texts):
            arguments = [
                '"{}"' if i is None else values[i] if texts[i] == f"str({values[i]})" else texts[i] for i in parts[1]
            ]
            call = f"torch.format({', '.join([p.program.text(parts[0]), *map(str, arguments)])})"
        elif function == "percent" and is_percent_template(template, types) and all(is_shown or is_alike(k) for k in types):
            call = f"torch.percentFormat({p.program.text(template)}, ({', '.join(values)},))"
    elif is_shown:
        call = f"torch.{'format' if function == 'str_format' else 'percentFormat'}({', '.join(operands)})"
    if call is None:
        shown = ", ".join(show_type(k) for k in kinds if not isinstance(k, ts.StrType))
        p.refuse(f"such text of {shown or 'values'} as Python has (by {function.replace('_', '.', 1)}())", operation)
    return call


def _tuples(p: FunctionPrinter, operation: PyOp, operands: Sequence[str]) -> str | None:
    """What Python does with two tuples, element by element; None for what isn't done so."""
    left, right = (
        (parts_of(o, v.type) for o, v in zip(operands, operation.operands, strict=True)) if len(operands) == 2 else ([], [])
    )
    match operation.FUNCTION:
        case "add":
            return tuple_of([t for t, _ in (*left, *right)])
        case "eq":
            return _equal_tuples(p, left, right, operation)
        case "ne":
            return f"torch.__not__({_equal_tuples(p, left, right, operation)})"
        case _:
            return None


def _equal_tuples(p: FunctionPrinter, left: Parts, right: Parts, operation: PyOp) -> str:
    if len(left) != len(right):
        return "False"
    text = ""
    for (a, a_kind), (b, b_kind) in zip(left, right, strict=True):
        if isinstance(a_kind, ts.TupleType | ts.NamedTupleType) and isinstance(b_kind, ts.TupleType | ts.NamedTupleType):
            part = _equal_tuples(p, parts_of(a, a_kind), parts_of(b, b_kind), operation)
        else:
            checked = checked_call("eq", [a, b], [a_kind, b_kind], ts.BOOL)
            if checked is None:
                p.refuse(f"comparison of {show_type(a_kind)} and {show_type(b_kind)} in tuples", operation)
            part = checked[0]
        text = f"torch.__and__({text}, {part})" if text else part
    return text or "True"


def _set_slice(p: FunctionPrinter, operation: PyOp, operands: Sequence[str]) -> None:
    """`a[start:stop] = value`: the list is filled again with what is before, the value, and what is behind."""
    target, start, stop, step, value = operands
    if step not in ("None", "1"):
        p.refuse("assignment to a slice with a step", operation)
    copied, head, tail = p.fresh(None), p.fresh(None), p.fresh(None)
    p.line(f"{copied} = torch.list({value})")
    p.line(f"{head} = torch.slice({target}, 0, {'0' if start == 'None' else start}, 1)")
    before = f"torch.len({head})"
    ends = "" if stop == "None" else f"ops.prim.max({before}, torch.len(torch.slice({target}, 0, {stop}, 1)))"
    p.line(f"{tail} = torch.slice({target}, {ends or f'torch.len({target})'}, None, 1)")
    p.line(f"torch.clear({target})")
    for part in (head, copied, tail):
        p.line(f"torch.extend({target}, {part})")


def _range(p: FunctionPrinter, operation: PyOp, operands: list[str]) -> None:
    """A list of the numbers of a range."""
    start, stop, step = {1: ["0", *operands, "1"], 2: [*operands, "1"], 3: operands}[len(operands)]
    name, counter, ignored = p.name(operation.results[0]), p.fresh(None), p.fresh(None)
    p.line(f"{name} = annotate(List[int], [])")
    p.line(f"for {counter} in range(torch.__range_length({start}, {stop}, {step})):")
    p.line(f"  {ignored} = torch.append({name}, torch.__derive_index({counter}, {start}, {step}))")


def _sorted(p: FunctionPrinter, operation: PyOp, operands: list[str]) -> None:
    """A sorted copy, the greatest first if that is wanted."""
    name, ignored = p.name(operation.results[0]), p.fresh(None)
    p.line(f"{name} = torch.list({operands[0]})")
    p.line(f"{ignored} = torch.sort({name}, {operands[1]})")


_TEXTS = frozenset(("str", "repr", "format", "str_format", "percent"))


def _is_no_zero(divisor: SSAValue) -> bool:
    """Whether a divisor is known not to be 0, or TorchScript's division by it raises."""
    value = constant_of(divisor)
    if value is not UNKNOWN:
        return value != 0
    return divisor.type not in (ts.INT, ts.FLOAT, ts.NumberType())
