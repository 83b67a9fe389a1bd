"""Reading scalar expressions over one iteration space, across the bodies and the tensors between linalg operations.

An expression is the same whether each scalar operation has a `linalg.generic` of its own, as the lowering writes it, or one
body holds them all, as upstream's fusion does: an element of a tensor that an elementwise operation of the block made at the
same place is what that operation's body yields. Nothing is written or changed here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xdsl.dialects import arith, math
from xdsl.dialects.linalg.abstract_ops import LinalgStructuredOperation
from xdsl.ir import Block, Operation, SSAValue

from tsir.backend.numpy.scalar_operations import constant_value
from tsir.backend.numpy.structured import Operand, Structured

ViewOf = Callable[[Operation], Structured | None]


@dataclass(frozen=True)
class Element:
    """A scalar value of the body of `view`: one of its operations' results, or an element of an operand."""

    value: SSAValue
    view: Structured


def is_identity(operand: Operand) -> bool:
    """Whether element (i, j, ...) of the operand belongs to iteration (i, j, ...)."""
    exprs = operand.exprs
    return len(exprs) == operand.map.num_dims and all(x is not None and x.loop == i for i, x in enumerate(exprs))


def operand_of(element: Element) -> Operand | None:
    """The operand whose element it is, or None for a value computed in the body."""
    return next((o for o in element.view.inputs if o.element is element.value), None)


class Reader:
    """Reads the expression of an operation's result. `read` collects the operations before it that were looked into."""

    def __init__(self, block: Block, view_of: ViewOf) -> None:
        self.block = block
        self.view_of = view_of
        self.read: set[Operation] = set()

    def fork(self) -> Reader:
        """A reader that has read the same, for an attempt."""
        made = Reader(self.block, self.view_of)
        made.read = set(self.read)
        return made

    def yielded(self, op: Operation) -> Element | None:
        """What an elementwise operation with one result yields; None for other operations."""
        if not isinstance(op, LinalgStructuredOperation) or op.parent is not self.block or len(op.results) != 1:
            return None
        view = self.view_of(op)
        if view is None or any(view.reductions) or not is_identity(view.outputs[0]):
            return None
        return Element(view.yields[0], view)

    def definition(self, element: Element) -> tuple[Operation, list[Element]] | None:
        """The scalar operation that computes an element, and its operands; None for what no body in sight computes."""
        while True:
            owner = element.value.owner
            if isinstance(owner, Operation):
                if owner.parent is not element.view.body or isinstance(owner, arith.ConstantOp):
                    return None
                return owner, [Element(v, element.view) for v in owner.operands]
            inner = self._inside(element)
            if inner is None:
                return None
            element = inner

    def _inside(self, element: Element) -> Element | None:
        operand = operand_of(element)
        if operand is None or not is_identity(operand) or not isinstance(operand.value.owner, Operation):
            return None
        inner = self.yielded(operand.value.owner)
        if inner is not None:
            self.read.add(operand.value.owner)
        return inner

    def tensor(self, element: Element) -> SSAValue | None:
        """The tensor whose elements, at the same places, these are."""
        operand = operand_of(element)
        return operand.value if operand is not None and is_identity(operand) else None

    def constant(self, element: Element) -> float | None:
        """The number that an element always is."""
        value = element.value
        operand = operand_of(element)
        if operand is not None:
            value = operand.value
        number = constant_value(value)
        return float(number) if isinstance(number, int | float) else None

    # Arithmetic

    def scaled(self, element: Element) -> tuple[float, Element]:
        """(c, x) for `c * x`, where c gathers the constant factors."""
        factor = 1.0
        while (inner := self._without_constant(element)) is not None:
            factor, element = factor * inner[0], inner[1]
        return factor, element

    def scalings(self, element: Element) -> list[Element]:
        """The element, and what is left of it without its first constant factors."""
        found = [element]
        while (inner := self._without_constant(found[-1])) is not None:
            found.append(inner[1])
        return found

    def _without_constant(self, element: Element) -> tuple[float, Element] | None:
        before = set(self.read)
        found = self.definition(element)
        if found is not None:
            op, operands = found
            constants = [self.constant(o) for o in operands]
            if isinstance(op, arith.NegfOp):
                return -1.0, operands[0]
            if isinstance(op, arith.MulfOp) and constants[1] is not None:
                return constants[1], operands[0]
            if isinstance(op, arith.MulfOp) and constants[0] is not None:
                return constants[0], operands[1]
            if isinstance(op, arith.DivfOp) and constants[1]:
                return 1.0 / constants[1], operands[0]
        self.read = before
        return None

    def factors(self, element: Element, whole: SSAValue | None = None) -> tuple[float, list[Element]]:
        """The constant factor and the others of a product. An element of the tensor `whole` isn't taken apart."""
        total = 1.0
        found: list[Element] = []
        pending = [element]
        while pending:
            top = pending.pop()
            if whole is not None and self.tensor(top) is whole:
                found.append(top)
                continue
            inner = self._without_constant(top)
            if inner is not None:
                total *= inner[0]
                pending.append(inner[1])
                continue
            before = set(self.read)
            made = self.definition(top)
            if made is not None and isinstance(made[0], arith.MulfOp):
                pending.extend(made[1])
                continue
            self.read = before
            found.append(top)
        return total, found

    def plus_one(self, element: Element) -> Element | None:
        """x when the element is `x + 1`."""
        found = self.definition(element)
        if found is None or not isinstance(found[0], arith.AddfOp):
            return None
        a, b = found[1]
        if self.constant(b) == 1.0:
            return a
        return b if self.constant(a) == 1.0 else None

    def argument(self, element: Element, kind: type[Operation]) -> Element | None:
        """x when the element is `kind(x)`."""
        found = self.definition(element)
        return found[1][0] if found is not None and isinstance(found[0], kind) else None

    def polynomial(self, element: Element, x: SSAValue) -> dict[int, float] | None:
        """The coefficients by power when the element is a polynomial in the elements of the tensor x."""
        if self.tensor(element) is x:
            return {1: 1.0}
        number = self.constant(element)
        if number is not None:
            return {0: number}
        found = self.definition(element)
        if found is None or len(self.read) > _MOST_OPERATIONS:
            return None
        op, operands = found
        if isinstance(op, math.PowFOp):
            power = self.constant(operands[1])
            base = self.polynomial(operands[0], x)
            return {int(power): 1.0} if base == {1: 1.0} and power in (2.0, 3.0) else None
        parts = [self.polynomial(o, x) for o in operands]
        if any(p is None for p in parts):
            return None
        return _combined(op, [p for p in parts if p is not None])


_MOST_OPERATIONS = 16


def _combined(op: Operation, parts: Sequence[dict[int, float]]) -> dict[int, float] | None:
    if isinstance(op, arith.AddfOp | arith.SubfOp):
        sign = 1.0 if isinstance(op, arith.AddfOp) else -1.0
        a, b = parts
        return {k: a.get(k, 0.0) + sign * b.get(k, 0.0) for k in sorted({*a, *b})}
    if isinstance(op, arith.MulfOp):
        product: dict[int, float] = {}
        for i, u in parts[0].items():
            for j, v in parts[1].items():
                product[i + j] = product.get(i + j, 0.0) + u * v
        return product
    if isinstance(op, arith.NegfOp):
        return {k: -v for k, v in parts[0].items()}
    if isinstance(op, arith.DivfOp) and set(parts[1]) == {0} and parts[1][0]:
        return {k: v / parts[1][0] for k, v in parts[0].items()}
    return None
