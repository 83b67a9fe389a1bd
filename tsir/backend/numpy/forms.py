"""Groups of operations that are written together because NumPy has a faster way to their result: the table of these forms.

A form is found from the operation that gives its result (`root`), by what the expression is, never by an operator's name. The
operations in between are absorbed: nothing else reads their results. What matches no form is written operation by operation,
and so is a form whose arrays turn out not to fit. How the forms are computed is in `form_kernels.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from xdsl.dialects import arith, math, tensor
from xdsl.dialects.builtin import Float32Type, TensorType
from xdsl.dialects.linalg.abstract_ops import LinalgStructuredOperation
from xdsl.dialects.linalg.ops import FillOp
from xdsl.ir import Block, Operation, SSAValue

from tsir.backend.numpy.expressions import Element, Reader, ViewOf, is_identity, operand_of
from tsir.backend.numpy.scalar_operations import constant_value
from tsir.backend.numpy.structured import Affine, Structured

Parameters = tuple[float | bool, ...]


@dataclass(frozen=True)
class Match:
    """A form that was found: the kernel's name, the tensors it reads, its constant arguments, and what it absorbs."""

    kernel: str
    root: Operation
    inputs: tuple[SSAValue, ...]
    parameters: Parameters
    absorbed: frozenset[Operation]


@dataclass
class Forms:
    """The forms of a block, by their roots, and the root of each absorbed operation."""

    matches: dict[Operation, Match] = field(default_factory=dict[Operation, Match])
    absorbed: dict[Operation, Operation] = field(default_factory=dict[Operation, Operation])


Found = tuple[str, tuple[SSAValue, ...], Parameters] | None
Form = Callable[[Reader, Element], Found]


def find_forms(block: Block, view_of: ViewOf, is_pure: Callable[[type[Operation]], bool]) -> Forms:
    """The forms in a block. Later operations have the first claim, so that a larger form wins over its parts.

    What a form absorbs is computed later than it stands, so no operation in between may write memory.
    """
    found = Forms()
    stretch: dict[Operation, int] = {}
    writes = 0
    for op in block.ops:
        writes += not is_pure(type(op))
        stretch[op] = writes
    for op in reversed(list(block.ops)):
        if op in found.absorbed or not isinstance(op, LinalgStructuredOperation):
            continue
        match = _match(op, block, view_of, found)
        if match is not None and all(stretch[o] == stretch[op] for o in match.absorbed):
            found.matches[op] = match
            found.absorbed.update(dict.fromkeys(match.absorbed, op))
    return found


def _match(op: LinalgStructuredOperation, block: Block, view_of: ViewOf, found: Forms) -> Match | None:
    if len(op.results) != 1 or not _is_float32(op.results[0]):
        return None
    view = view_of(op)
    last = view.yields[0].owner if view is not None else None
    forms = _REDUCTIONS if view is not None and any(view.reductions) else _FORMS.get(type(last), ())
    for form in forms:
        reader = Reader(block, view_of)
        start = Element(view.yields[0], view) if view is not None else None
        if start is None or (forms is not _REDUCTIONS and reader.yielded(op) is None):
            continue
        made = form(reader, start)
        if made is None:
            continue
        kernel, inputs, parameters = made
        absorbed = frozenset(reader.read)
        if _is_closed(op, absorbed, inputs) and not any(o in found.absorbed or o in found.matches for o in absorbed):
            return Match(kernel, op, inputs, parameters, absorbed)
    return None


def _is_float32(value: SSAValue) -> bool:
    return isinstance(value.type, TensorType) and isinstance(value.type.get_element_type(), Float32Type)


def _is_closed(root: Operation, absorbed: frozenset[Operation], inputs: Sequence[SSAValue]) -> bool:
    """Whether nothing else reads what is absorbed."""
    if any(i.owner in absorbed for i in inputs):
        return False
    return all(u.operation is root or u.operation in absorbed for op in absorbed for r in op.results for u in r.uses)


# The forms


def _normal_cdf(reader: Reader, start: Element) -> Found:
    """`x * 0.5 * (1 + erf(x / sqrt(2)))`, and with tanh of an odd cubic polynomial instead of erf."""
    parts = reader.fork().factors(start)[1]
    for part in parts:
        probe = reader.fork()
        inner = probe.plus_one(part)
        function = None if inner is None else probe.definition(inner)
        if function is None or not isinstance(function[0], math.ErfOp | math.TanhOp):
            continue
        argument = function[1][0]
        candidates = probe.scalings(argument) if isinstance(function[0], math.ErfOp) else parts
        for x in candidates:
            whole = reader.tensor(x)
            if whole is not None and x is not part:
                found = _times_half(reader, start, whole, type(function[0]))
                if found is not None:
                    return found
    return None


def _times_half(reader: Reader, start: Element, whole: SSAValue, kind: type[Operation]) -> Found:
    """The form when a product is `0.5 * x * (1 + kind(...))`; `whole` is the tensor of x."""
    probe = reader.fork()
    factor, parts = probe.factors(start, whole)
    others = [p for p in parts if probe.tensor(p) is not whole]
    if factor != 0.5 or len(parts) != 2 or len(others) != 1:
        return None
    inner = probe.plus_one(others[0])
    argument = None if inner is None else probe.argument(inner, kind)
    powers = None if argument is None else probe.polynomial(argument, whole)
    if powers is None:
        return None
    reader.read = probe.read
    given = {k: c for k, c in powers.items() if c}
    if kind is math.ErfOp:
        return ("gelu", (whole,), ()) if set(given) == {1} and abs(given[1] - 0.5**0.5) < 1e-6 else None
    return ("gelu_tanh", (whole,), (given[1], given[3])) if set(given) == {1, 3} and min(given.values()) > 0 else None


def _logistic(reader: Reader, element: Element) -> tuple[float, Element] | None:
    """(k, x) when the element is `1 + exp(-k * x)`, k > 0."""
    power = reader.plus_one(element)
    exponent = None if power is None else reader.argument(power, math.ExpOp)
    if exponent is None:
        return None
    factor, x = reader.scaled(exponent)
    return (-factor, x) if factor < 0 else None


def _over_logistic(reader: Reader, start: Element) -> Found:
    """`x / (1 + exp(-k * x))` and `1 / (1 + exp(-k * x))`."""
    found = reader.definition(start)
    assert found is not None
    numerator, denominator = found[1]
    logistic = _logistic(reader, denominator)
    whole = None if logistic is None else reader.tensor(logistic[1])
    if logistic is None or whole is None:
        return None
    if reader.constant(numerator) == 1.0:
        return "sigmoid", (whole,), (logistic[0],)
    return ("silu", (whole,), (logistic[0],)) if reader.tensor(numerator) is whole else None


def _times_logistic(reader: Reader, start: Element) -> Found:
    """`x * (1 / (1 + exp(-k * x)))`."""
    found = reader.definition(start)
    assert found is not None
    for one, other in (found[1], found[1][::-1]):
        whole = reader.tensor(one)
        made = reader.definition(other) if whole is not None else None
        if made is not None and isinstance(made[0], arith.DivfOp) and reader.constant(made[1][0]) == 1.0:
            logistic = _logistic(reader, made[1][1])
            if logistic is not None and reader.tensor(logistic[1]) is whole and whole is not None:
                return "silu", (whole,), (logistic[0],)
    return None


def _softmax_of_scaled(reader: Reader, start: Element) -> Found:
    """softmax of `c * x`, c > 0."""
    found = _softmax(reader, start)
    if found is None:
        return None
    kernel, (whole,), parameters = found
    made = reader.yielded(whole.owner) if isinstance(whole.owner, Operation) else None
    factor, inner = (1.0, None) if made is None else reader.scaled(made)
    x = None if inner is None else reader.tensor(inner)
    if x is None or factor <= 0 or factor == 1.0 or not isinstance(whole.owner, Operation):
        return None
    reader.read.add(whole.owner)
    return kernel, (x,), (factor, *parameters[1:])


def _softmax(reader: Reader, start: Element) -> Found:
    """`e / sum(e)` with `e = exp(x - max(x))` along the last dimension; empty rows (all minus infinity) may be made 0."""
    found = reader.definition(start)
    assert found is not None
    numerator, denominator = found[1]
    exponent = reader.argument(numerator, math.ExpOp)
    powers = reader.tensor(numerator)
    difference = None if exponent is None else reader.definition(exponent)
    if powers is None or difference is None or not isinstance(difference[0], arith.SubfOp):
        return None
    x, peak = difference[1]
    whole = reader.tensor(x)
    if whole is None:
        return None
    total, replaces_zero = _row_statistic(reader, denominator, arith.AddfOp, 0.0)
    top, replaces_low = _row_statistic(reader, peak, arith.MaximumfOp, float("-inf"))
    if total is not powers or top is not whole or replaces_zero != replaces_low:
        return None
    return "softmax", (whole,), (1.0, replaces_zero)


def _row_statistic(reader: Reader, element: Element, kind: type[Operation], neutral: float) -> tuple[SSAValue | None, bool]:
    """The tensor that `kind` reduces along its last dimension to what the element is; whether `neutral` is replaced first."""
    operand = operand_of(element)
    if operand is None or not _is_broadcast_last(operand.exprs):
        return None, False
    value = operand.value
    replaces = False
    if isinstance(value.owner, LinalgStructuredOperation):
        inner = reader.yielded(value.owner)
        source = None if inner is None else _replaced(reader, inner, neutral)
        if source is not None:
            reader.read.add(value.owner)
            value, replaces = source, True
    if isinstance(value.owner, tensor.ExpandShapeOp):
        reader.read.add(value.owner)
        value = value.owner.src
    op = value.owner
    view = reader.view_of(op) if isinstance(op, LinalgStructuredOperation) and op.parent is reader.block else None
    if view is None or not _reduces_last(view, kind, neutral):
        return None, False
    reader.read.add(view.op)
    return view.inputs[0].value, replaces


def _replaced(reader: Reader, element: Element, neutral: float) -> SSAValue | None:
    """x when the element is `select(x == neutral, other, x)` with the other that makes empty rows 0."""
    found = reader.definition(element)
    if found is None or not isinstance(found[0], arith.SelectOp):
        return None
    condition, other, kept = found[1]
    test = reader.definition(condition)
    x = reader.tensor(kept)
    if test is None or x is None or not isinstance(test[0], arith.CmpfOp) or test[0].predicate.value.data != 1:
        return None
    wanted = 1.0 if neutral == 0.0 else 0.0
    if reader.constant(other) != wanted or reader.constant(test[1][1]) != neutral or reader.tensor(test[1][0]) is not x:
        return None
    return x


def _is_broadcast_last(exprs: Sequence[Affine | None]) -> bool:
    """Whether an operand is the same along the last loop and follows all others."""
    last = exprs[-1] if exprs else None
    if last is None or last.coefficients or last.constant:
        return False
    return all(x is not None and x.loop == i for i, x in enumerate(exprs[:-1]))


def _reduces_last(view: Structured, kind: type[Operation], neutral: float) -> bool:
    """Whether an operation reduces its only input's last dimension by `kind`, elements as they are."""
    if (
        len(view.inputs) != 1
        or len(view.outputs) != 1
        or list(view.reductions) != [False] * (len(view.reductions) - 1) + [True]
    ):
        return False
    op = view.yields[0].owner
    rows = view.outputs[0]
    start = rows.value.owner
    return (
        isinstance(op, kind)
        and isinstance(start, FillOp)
        and constant_value(start.inputs[0]) == neutral
        and set(op.operands) == {view.inputs[0].element, rows.element}
        and is_identity(view.inputs[0])
        and len(rows.exprs) == len(view.reductions) - 1
        and all(x is not None and x.loop == i for i, x in enumerate(rows.exprs))
    )


def _sum_of_squares(reader: Reader, start: Element) -> Found:
    """A sum of the elements of `x * x`."""
    total = start.value.owner
    accumulator = start.view.outputs[0].element
    if not isinstance(total, arith.AddfOp) or accumulator not in total.operands or len(start.view.inputs) != 1:
        return None
    term = next((v for v in total.operands if v is not accumulator), accumulator)
    found = reader.definition(Element(term, start.view))
    if found is None or not reader.read or not isinstance(found[0], arith.MulfOp):
        return None
    a, b = (reader.tensor(f) for f in found[1])
    return ("sum_of_squares", (a,), ()) if a is not None and a is b else None


_REDUCTIONS: tuple[Form, ...] = (_sum_of_squares,)
_FORMS: dict[object, tuple[Form, ...]] = {
    arith.MulfOp: (_normal_cdf, _times_logistic),
    arith.DivfOp: (_softmax_of_scaled, _softmax, _over_logistic),
}
"""The forms by the operation that comes last in their expression."""
