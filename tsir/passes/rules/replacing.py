"""Making the operations of a rule's replacement, with the types that inference gives their results."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from xdsl.dialects import arith
from xdsl.dialects.builtin import (
    DenseArrayBase,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    LocationAttr,
    StringAttr,
    UnitAttr,
    i64,
)
from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation, OpResult, SSAValue, TypeAttribute
from xdsl.utils.exceptions import VerifyException

from tsir.dialects.schema import Argument
from tsir.dialects.ts.families import aten_op, py_op
from tsir.dialects.ts.structure import ListOp, ToReferenceOp
from tsir.dialects.ts.types import FLOAT, INT, ListType, TensorType
from tsir.errors import OperatorError, PassError
from tsir.ops.evaluate import infer
from tsir.ops.python import python_result_type
from tsir.ops.registry import SCHEMAS
from tsir.ops.sizes import CannotLower
from tsir.ops.tensor import SymTensor
from tsir.passes.constants import UNKNOWN, constant_ops
from tsir.passes.facts import Facts, strip_casts
from tsir.passes.rules.constraints import constant_or_list
from tsir.passes.rules.matching import Match
from tsir.passes.rules.terms import Built, Call, Computed, Rest, Result, Term, Variable

FactsOf = Callable[[SSAValue], Any]
"""What is known about a value when compiling (`facts.py`)."""


class _NotMade(Exception):
    """A replacement that can't be made here: a constant isn't known, or an operator doesn't take such operands."""


@dataclass(frozen=True)
class _Made:
    """A value as a term."""

    value: SSAValue


class Maker:
    """Makes replacements at one match. The operations are in `made`, in order, not yet in a block."""

    def __init__(self, match: Match, location: LocationAttr, facts: FactsOf, rule: str) -> None:
        self.match = match
        self.location = location
        self.facts = facts
        self.rule = rule
        self.made: list[Operation] = []
        self._known: dict[int, Operation] = {}

    def make(self, term: Term, like: Attribute) -> SSAValue | None:
        """The value of a term that replaces a value of type `like`; None where the rule can't be applied."""
        try:
            return self._value(term, None, like)
        except _NotMade:
            return None

    def _value(self, term: Term, argument: Argument | None, like: Attribute | None) -> SSAValue:
        # A replacement is as deep as the rule that a person wrote.
        if isinstance(term, Variable):
            return self._bound(term.name)
        if isinstance(term, _Made):
            return term.value
        if isinstance(term, Call):
            return self._operation(term, like).results[0]
        if isinstance(term, Result):
            return self._operation(term.call, None).results[term.index]
        if isinstance(term, Computed):
            return self._value(self._computed(term), argument, like)
        if isinstance(term, Built):
            return self._built(term)
        if isinstance(term, list | tuple):
            return self._list(cast("Sequence[Term]", term), argument)
        return self._constant(term, argument, like)

    def _bound(self, name: str) -> SSAValue:
        value = self.match.bindings[name]
        if not isinstance(value, SSAValue):
            raise PassError(f"rule {self.rule!r}: {name} stands for no value, but is used as an operand")
        return value

    def _named(self, function: Callable[..., Any], values: Mapping[str, Any]) -> Any:
        try:
            return function(**{p: values[p] for p in inspect.signature(function).parameters})
        except Exception as error:
            # It is a user's code: what it raises is told with the rule's name.
            raise PassError(f"rule {self.rule!r}: its replacement raised {type(error).__name__}: {error}") from error

    def _computed(self, term: Computed) -> Any:
        wanted = inspect.signature(term.function).parameters
        values = {p: constant_or_list(self.match.bindings[p]) for p in wanted}
        if any(v is UNKNOWN for v in values.values()):
            raise _NotMade
        return self._named(term.function, values)

    def _built(self, term: Built) -> SSAValue:
        ops = self._named(term.function, self.match.bindings)
        if not isinstance(ops, list) or not ops or not all(isinstance(o, Operation) for o in cast("list[Any]", ops)):
            raise PassError(f"rule {self.rule!r}: what builds its replacement has to give a list of operations")
        for op in cast("list[Operation]", ops):
            self._add(op)
        return cast("list[Operation]", ops)[-1].results[0]

    def _list(self, terms: Sequence[Term], argument: Argument | None) -> SSAValue:
        kept = [self._reference(e) for e in self._spread(terms, [None] * len(terms), None)]
        kind = kept[0].type if kept else (FLOAT if argument is not None and argument.type.base == "float" else INT)
        return self._add(ListOp(kept, ListType(TensorType() if isinstance(kind, TensorType) else kind))).results[0]

    def list_of(self, values: Sequence[SSAValue]) -> SSAValue:
        """A list of these values."""
        return self._list([_Made(v) for v in values], None)

    def _reference(self, element: SSAValue) -> SSAValue:
        """A list's element: lists refer to tensors."""
        kind = element.type
        if not isinstance(kind, BuiltinTensorType):
            return element
        reference = ToReferenceOp(element, TensorType.from_builtin(cast("BuiltinTensorType[Attribute]", kind)))
        reference.attributes["ts.alias"] = UnitAttr()
        return self._add(reference).results[0]

    def _spread(self, terms: Sequence[Term], arguments: Sequence[Argument | None], like: Attribute | None) -> list[SSAValue]:
        values: list[SSAValue] = []
        for term, argument in zip(terms, arguments, strict=True):
            if isinstance(term, Rest):
                rest = self.match.bindings[term.name]
                assert isinstance(rest, tuple)
                values += rest
            else:
                values.append(self._value(term, argument, like))
        return values

    def _constant(self, value: Any, argument: Argument | None, like: Attribute | None) -> SSAValue:
        if argument is not None and argument.type.base == "float" and type(value) is int:
            value = float(value)
        if argument is None and like is not None:
            attribute: Attribute | None = None
            if isinstance(like, IntegerType | IndexType) and isinstance(value, int):
                attribute = IntegerAttr(int(value), like)
            elif isinstance(value, float) and not isinstance(like, TensorType | BuiltinTensorType | ListType):
                attribute = FloatAttr(value, cast(Any, like))
            if attribute is not None:
                return self._add(arith.ConstantOp(cast("IntegerAttr[Any]", attribute))).results[0]
        ops = constant_ops(value, self.location)
        if ops is None:
            raise _NotMade
        self.made += ops
        return ops[-1].results[0]

    def _operation(self, call: Call, like: Attribute | None) -> Operation:
        known = self._known.get(id(call))
        if known is None:
            if call.op.startswith("ts.aten."):
                known = self._aten(call)
            elif call.op.startswith("ts.py."):
                known = self._py(call)
            else:
                known = self._general(call, like)
            self._known[id(call)] = known
        return known

    def _aten(self, call: Call) -> Operation:
        schema = SCHEMAS.get(call.op.removeprefix("ts.aten."))
        assert schema is not None
        operands = [self._value(t, a, None) for t, a in zip(call.arguments, schema.arguments, strict=True)]
        return self._add(aten_op(schema)(operands, self._tensor_types(schema.key, operands, len(schema.returns))))

    def _py(self, call: Call) -> Operation:
        operands = self._spread(call.arguments, [None] * len(call.arguments), None)
        constants = [constant_or_list(o) for o in operands]
        name = call.op.removeprefix("ts.py.")
        try:
            kind = python_result_type(name, [o.type for o in operands], constants)
        except OperatorError as error:
            raise _NotMade from error
        return self._add(py_op(name)(operands, [kind]))

    def _general(self, call: Call, like: Attribute | None) -> Operation:
        """An operation of any dialect: its class makes it, its verifier says whether the types agree."""
        kind = self._said_type(call)
        fallback = kind or like
        values: list[SSAValue | None] = []
        for term in call.arguments:  # constants take the type of the other operands
            is_value = isinstance(term, Variable | Call | Result | Built | Rest)
            values += self._spread([term], [None], None) if is_value else [None]
        operand_type = next((v.type for v in values if v is not None), fallback)
        operands = [
            v if v is not None else self._value(t, None, operand_type)
            for v, t in zip(values, _spread_terms(call.arguments, self.match), strict=True)
        ]
        result = kind or _result_type(call.op, operands) or like
        if result is None:
            raise PassError(
                f"rule {self.rule!r}: the type of {call.op}'s result isn't known", hint="say what it is like: call.typed(x)"
            )
        made = class_of(call.op).create(operands=operands, result_types=[result])
        for name, term in call.attributes.items():
            attribute = self._attribute(term)
            if name in made.get_irdl_definition().properties:
                made.properties[name] = attribute
            else:
                made.attributes[name] = attribute
        try:
            made.verify()
        except VerifyException as error:
            raise PassError(f"rule {self.rule!r}: its replacement makes an invalid {call.op}: {error}") from error
        return self._add(made)

    def _said_type(self, call: Call) -> Attribute | None:
        if call.like is None:
            return None
        if isinstance(call.like, Attribute):
            return call.like
        return self._value(call.like, None, None).type

    def _attribute(self, term: Term) -> Attribute:
        if isinstance(term, Variable):
            found = self.match.bindings[term.name]
            if not isinstance(found, Attribute):
                raise PassError(f"rule {self.rule!r}: {term.name} stands for no attribute, but is used as one")
            return found
        value = self._computed(term) if isinstance(term, Computed) else term
        match value:
            case Attribute():
                return value
            case bool():
                return IntegerAttr.from_bool(value)
            case int():
                return IntegerAttr(value, 64)
            case float():
                return FloatAttr(value, 64)
            case str():
                return StringAttr(value)
            case list() | tuple() if all(type(v) is int for v in cast("Sequence[Any]", value)):
                return DenseArrayBase.from_list(i64, list(cast("Sequence[int]", value)))
            case _:
                raise PassError(f"rule {self.rule!r}: {value!r} is no attribute")

    def _tensor_types(self, key: str, operands: Sequence[SSAValue], count: int) -> list[Attribute]:
        as_value = any(map(_is_value, operands))
        try:
            arguments = [self._fact(o) for o in operands]
            results = () if any(a is UNKNOWN for a in arguments) else infer(key, arguments)
        except (OperatorError, CannotLower) as error:
            raise _NotMade from error
        if len(results) != count or not all(isinstance(r, SymTensor) for r in results):
            if as_value or count != 1:
                raise _NotMade
            return [TensorType()]
        kinds = [TensorType(r.dtype, [s if isinstance(s, int) else None for s in r.shape]) for r in results]
        return [kind.to_builtin() if as_value else kind for kind in kinds]

    def _fact(self, value: SSAValue) -> Any:
        constant = constant_or_list(value)
        if constant is not UNKNOWN:
            return constant
        source = strip_casts(value)
        if isinstance(source, OpResult) and isinstance(source.op, ListOp):
            elements = [self._fact(e) for e in source.op.elements]
            return UNKNOWN if any(e is UNKNOWN for e in elements) else elements
        kind = value.type
        if isinstance(kind, BuiltinTensorType):
            kind = TensorType.from_builtin(cast("BuiltinTensorType[Attribute]", kind))
        if isinstance(kind, TensorType) and kind.is_ranked and kind.dtype is not None:
            if None in (kind.dims or ()):
                return self.facts(value)
            return SymTensor(kind.dtype, tuple(d for d in kind.dims or () if d is not None))
        return UNKNOWN

    def _add(self, op: Operation) -> Operation:
        op.location = self.location
        self.made.append(op)
        return op


def facts_in(function: FuncOp) -> FactsOf:
    """What the types of a function's values say about them."""
    found: list[Facts] = []

    def facts(value: SSAValue) -> Any:
        if not found:
            found.append(Facts(function))
        return found[0].of(value)

    return facts


def _is_value(operand: SSAValue) -> bool:
    """Whether an operand is a tensor value, or a list of references to such."""
    if isinstance(operand, OpResult) and isinstance(operand.op, ListOp):
        return any(isinstance(e, OpResult) and isinstance(e.op, ToReferenceOp) for e in operand.op.elements)
    return isinstance(operand.type, BuiltinTensorType)


def class_of(name: str) -> type[Any]:
    """The class of an operation of any dialect that a rule names. Raises PassError for one that isn't known."""
    from tsir.dialects.context import make_context

    global _context
    if _context is None:
        _context = make_context(SCHEMAS.get, lambda _name: True)
    found = _context.get_optional_op(name)
    if found is None:
        raise PassError(f"a rule names the operation {name!r}, which isn't known")
    return found


_context: Any = None


def _spread_terms(terms: Sequence[Term], match: Match) -> list[Term]:
    spread: list[Term] = []
    for term in terms:
        spread += [term] * len(cast("Sequence[Any]", match.bindings[term.name])) if isinstance(term, Rest) else [term]
    return spread


def _result_type(name: str, operands: Sequence[SSAValue]) -> Attribute | None:
    """The result's type where it follows from the operation's name: that of the operands, for arithmetic."""
    if name in ("arith.cmpi", "arith.cmpf"):
        return IntegerType(1)
    if name in ("tensor.dim", "tensor.rank"):
        return IndexType()
    if name == "arith.select":
        return operands[1].type if len(operands) == 3 else None
    if name.partition(".")[0] in ("arith", "math", "complex") and name not in _CONVERSIONS and operands:
        kind = operands[0].type
        return kind if isinstance(kind, TypeAttribute) else None
    return None


_CONVERSIONS = frozenset(
    f"arith.{n}"
    for n in "extf extsi extui truncf trunci sitofp uitofp fptosi fptoui bitcast index_cast index_castui".split()
) | frozenset(("complex.re", "complex.im", "complex.create", "complex.constant", "complex.abs"))
