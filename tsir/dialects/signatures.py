"""Each operation checked against its own definition, once for each signature.

What an operation without regions has to fulfil depends on its class, the types of its operands and results and its attributes.
Programs have few different ones of these, so most operations cost one look into a table. Traits and verifiers that look further
(at the operation around, at other operations) are run for each operation. xDSL's own checks of isolation, symbol tables and
calls aren't run at all: `dominance.py` and `symbols.py` do that in linear time.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr
from xdsl.dialects.func import CallOpSymbolUserOpInterface, FuncOp, ReturnOp
from xdsl.dialects.scf import WhileOp
from xdsl.ir import Attribute, Operation
from xdsl.irdl import IRDLOperation, OpDef, traits_def
from xdsl.traits import (
    HasParent,
    IsolatedFromAbove,
    IsTerminator,
    OpTrait,
    ReturnLike,
    SameOperandsAndResultType,
    SymbolTable,
)

_CHECKED_ELSEWHERE = (IsolatedFromAbove, SymbolTable, CallOpSymbolUserOpInterface, IsTerminator)
_CHECKED_WHOLLY = (FuncOp, ReturnOp, WhileOp)
"""Operations whose own verifiers check what `control_flow.py` does."""
_OF_THE_SIGNATURE = (ReturnLike, SameOperandsAndResultType)
_BY_SIGNATURE = frozenset(("arith", "complex", "linalg_ext", "math", "tensor", "ts"))
"""Dialects whose own verifiers of operations without regions look at types and attributes alone."""
_MOST = 100_000


@dataclass(frozen=True)
class _Plan:
    """How the operations of one class are verified."""

    definition: OpDef
    traits: tuple[OpTrait, ...]
    """Those that are run for each operation."""
    once: Callable[[Any], None] | None
    each: Callable[[Any], None] | None


class Signatures:
    """Verifies operations one by one, and keeps in mind which signatures are right."""

    def __init__(self) -> None:
        self._plans: dict[type[Operation], _Plan | None] = {}
        self._right: set[object] = set()
        self._numbers: dict[Attribute, int] = {}
        """A number for each attribute and type that was met; equal ones have the same."""
        self._known: dict[int, int] = {}
        """Their numbers by id, for it takes Python long to hash them; of this verification, during which they stay."""

    def start(self) -> None:
        """A verification starts."""
        self._known.clear()
        if len(self._right) > _MOST or len(self._numbers) > _MOST:
            self._right.clear()
            self._numbers.clear()

    def verify(self, op: Operation) -> None:
        """Raises what the operation's verifier raises, VerifyException as a rule."""
        cls = type(op)
        if cls not in self._plans:
            self._plans[cls] = _plan(cls)
        plan = self._plans[cls]
        if plan is None:
            op.verify(verify_nested_ops=False)
            return
        signature = None if op.regions or op.successors else self._signature(op)
        if signature is None or signature not in self._right:
            plan.definition.verify(op)
            if plan.once is not None:
                plan.once(op)
            if signature is not None:
                self._right.add(signature)
        for trait in plan.traits:
            trait.verify(op)
        if plan.each is not None:
            plan.each(op)

    def _signature(self, op: Operation) -> object | None:
        """What decides whether an operation is right, as a key; None for attributes that are no keys."""
        known = self._known
        attributes = [v.type for v in op.operands]
        attributes += [r.type for r in op.results]
        names: list[object] = [type(op), len(op.results)]
        for table in (op.properties, op.attributes):
            names += table
            names.append(len(table))
            attributes += table.values()
        for attribute in attributes:
            number = known.get(id(attribute))
            if number is None:
                if isinstance(attribute, DenseIntOrFPElementsAttr):
                    return None  # which would be kept alive
                try:
                    number = self._numbers.setdefault(attribute, len(self._numbers))
                except TypeError:
                    return None
                known[id(attribute)] = number
            names.append(number)
        return tuple(names)


def _plan(cls: type[Operation]) -> _Plan | None:
    """None for operations that xDSL's verifier is called for as it is."""
    if not issubclass(cls, IRDLOperation) or cls.verify is not Operation.verify:
        return None
    custom = inspect.getclosurevars(cls.verify_).nonlocals.get("custom_verify", _missing)
    definition = cls.get_irdl_definition()
    if custom is _missing or inspect.getclosurevars(cls.verify_).nonlocals.get("op_def") is not definition:
        return None  # its verifier isn't the one that xDSL writes
    if custom in (Operation.verify_, None) or issubclass(cls, _CHECKED_WHOLLY):
        custom = None
    own = [t for t in definition.traits if type(t).verify is not OpTrait.verify and not isinstance(t, _CHECKED_ELSEWHERE)]
    each = [t for t in own if not isinstance(t, _OF_THE_SIGNATURE)]
    by_signature = cls.dialect_name() in _BY_SIGNATURE and not cls.has_trait(IsTerminator) and not definition.regions
    stripped = replace(definition, traits=traits_def(*(t for t in own if isinstance(t, _OF_THE_SIGNATURE))))
    return _Plan(
        stripped, tuple(sorted(each, key=_parents_first)), custom if by_signature else None, None if by_signature else custom
    )


_missing = object()


def _parents_first(trait: OpTrait) -> bool:
    return not isinstance(trait, HasParent)
