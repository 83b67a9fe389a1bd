"""What is known about each value of a function when compiling: constants, dtypes and shapes, through control flow.

A *fact* is what operators' bodies take as an argument (`ops/evaluate.py`): a `SymTensor` for a tensor of known dtype and rank, a
Python constant, a `SymInt` for an int that is a polynomial of sizes, a list or tuple of facts; or UNKNOWN. `ts-infer-types`
writes facts into types, `ts-fold-constants` into constants, the lowering takes shapes from them. Nothing here changes IR.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, cast

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Block, Operation, OpResult, SSAValue

from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.dialects.ts.structure import (
    CastOp,
    ConstantOp,
    IsInstanceOp,
    ListOp,
    ToReferenceOp,
    ToValueOp,
    TruthOp,
    TryOp,
    TupleGetOp,
    TupleOp,
    UninitializedOp,
    UnpackOp,
)
from tsir.dialects.ts.types import (
    BOOL,
    COMPLEX,
    FLOAT,
    INT,
    NONE,
    AnyType,
    DequeType,
    DictType,
    ListType,
    NamedTupleType,
    OptionalType,
    SetType,
    StrType,
    TensorType,
    TupleOfType,
    TupleType,
    UnionType,
    dtype_of,
)
from tsir.dialects.values import Future, named_tuple_class
from tsir.errors import OperatorError, TsirError
from tsir.ops import python
from tsir.ops.assumptions import learn
from tsir.ops.evaluate import infer
from tsir.ops.registry import operator
from tsir.ops.sizes import CannotLower, ShapeEnv, Size, SymInt, same_size
from tsir.ops.tensor import SymScalar, SymTensor
from tsir.passes.assumptions import conditions_of, named_sizes
from tsir.passes.constants import UNKNOWN, constant_of
from tsir.passes.memory import Memory

NOTHING_KNOWN = "nothing is known about"
"""How the reason starts for an operator whose argument types aren't known."""

NEVER = type("Never", (), {"__repr__": lambda self: "NEVER"})()
"""The fact about a value that is never read (`ts.uninitialized`): it agrees with every other."""

BODY_ERRORS = (OperatorError, TypeError, ValueError, LookupError, ArithmeticError, NotImplementedError)
"""What an operator's body may raise for arguments that aren't right: the operation stays as it is and raises at run time."""

_SCALAR_KINDS: dict[Attribute, str] = {INT: "int", FLOAT: "float", BOOL: "bool", COMPLEX: "complex"}

_STRUCTURAL = frozenset(
    "getitem getslice len list tuple reversed enumerate zip list_copy is is_not range_list range_object range_length"
    " isinstance".split()
)
"""`ts.py` functions that only move what they are given: it may be tensors and unknowns inside lists and tuples."""

_MAX_ELEMENTS = 4096
_MAX_INTEGER = 1 << 63


class Facts:
    """The facts about one function's values. `refine` is what the arguments' types say; `run` derives the others."""

    def __init__(self, function: FuncOp, env: ShapeEnv | None = None) -> None:
        self.function = function
        self.env = env if env is not None else ShapeEnv(allow_guards=False)
        self.memory = Memory(function)
        self.table: dict[SSAValue, Any] = {}
        self.errors: dict[Operation, str] = {}
        """Tensor operations that are wrong for these types, with torch's message."""
        self.reasons: dict[Operation, str] = {}
        """Tensor operations whose result types can't be told from the types, and why."""
        self._atoms: dict[tuple[SSAValue, tuple[int, ...]], SymInt] = {}
        self._names = named_sizes(function)

    def run(self) -> None:
        """Derives the facts of all operations, loops to a fixpoint."""
        block = self.function.body.block
        for argument in block.args:
            self.table[argument] = self._from_type(argument, argument.type, lower=2)
        if conditions := conditions_of(self.function):
            learn(conditions, {name: self._atom(a, (d,), 2) for (a, d), (name, _) in self._names.items()})
        self.visit_block(block)

    def of(self, value: SSAValue) -> Any:
        """The fact about a value."""
        found = self.table.get(value, self)
        if found is self:
            found = self.table[value] = self._from_type(value, value.type, lower=0)
        return found

    def argument(self, value: SSAValue) -> Any:
        """The fact as an operator's argument: an unknown number is a `SymScalar`. UNKNOWN where nothing fits."""
        fact = self.of(value)
        if fact is UNKNOWN:
            kind = _SCALAR_KINDS.get(strip_casts(value).type)
            return UNKNOWN if kind is None else SymScalar(kind, value)
        if isinstance(fact, list | tuple):
            op = value.op if isinstance(value, OpResult) else None
            elements: list[Any] = []
            for i, element in enumerate(cast("list[Any]", fact)):
                if isinstance(op, ListOp | TupleOp) and (element is UNKNOWN or isinstance(element, list | tuple)):
                    element = self.argument(op.operands[i])
                if element is UNKNOWN:
                    return UNKNOWN
                elements.append(element)
            return elements
        return fact

    # Types and joins --------------------------------------------------------------------------------------------------

    def _from_type(self, value: SSAValue, kind: Attribute, lower: int, path: tuple[int, ...] = ()) -> Any:
        if isinstance(kind, TensorType) and kind.is_ranked:
            assert kind.dtype is not None and kind.dims is not None
            return SymTensor(kind.dtype, self._shape(value, kind.dims, lower, path))
        if isinstance(kind, BuiltinTensorType):
            dtype = dtype_of(cast("BuiltinTensorType[Attribute]", kind).element_type)
            dims = tuple(None if d < 0 else d for d in kind.get_shape())
            return UNKNOWN if dtype is None else SymTensor(dtype, self._shape(value, dims, lower, path))
        if kind == NONE:
            return None
        if isinstance(kind, TupleType | NamedTupleType):
            elements = [self._from_type(value, e, lower, (*path, i)) for i, e in enumerate(kind.elements.data)]
            return _make_tuple(kind, elements)
        return UNKNOWN

    def _shape(self, value: SSAValue, dims: Sequence[int | None], lower: int, path: tuple[int, ...]) -> tuple[Size, ...]:
        return tuple(d if d is not None else self._atom(value, (*path, i), lower) for i, d in enumerate(dims))

    def _atom(self, value: SSAValue, path: tuple[int, ...], lower: int) -> SymInt:
        found = self._atoms.get((value, path))
        if found is None:
            name = f"{value.name_hint or 'value'}.size({path[-1]})"
            origin = (value, path[0]) if len(path) == 1 and is_tensor(value.type) else None
            _, hint = self._names.get((value, path[-1]), (None, None)) if origin is not None else (None, None)
            found = self._atoms[value, path] = self.env.atom(name, lower=lower, origin=origin, hint=hint)
        return found

    def join(self, value: SSAValue, a: Any, b: Any, path: tuple[int, ...] = ()) -> Any:
        """The fact about `value`, which is one of two values with these facts: sizes that differ become an atom of its own."""
        if a is NEVER:
            return b
        if b is NEVER or same(a, b):
            return a
        if isinstance(a, SymTensor) and isinstance(b, SymTensor):
            if a.dtype is not b.dtype or a.rank != b.rank:
                return UNKNOWN
            sizes = zip(a.shape, b.shape, strict=True)
            return SymTensor(
                a.dtype,
                tuple(x if same_size(x, y) else self._atom(value, (*path, i), 0) for i, (x, y) in enumerate(sizes)),
            )
        if isinstance(a, list | tuple) and type(a) is type(b) and len(a) == len(b):
            elements = [
                self.join(value, x, y, (*path, i)) for i, (x, y) in enumerate(zip(a, cast("list[Any]", b), strict=True))
            ]
            if isinstance(a, list):
                return elements
            return _make_like(a, elements)
        return UNKNOWN

    # Operations -------------------------------------------------------------------------------------------------------

    def visit_block(self, block: Block) -> None:
        """Derives the facts of a block's operations; its arguments' facts are set. Nested regions are visited in turn."""
        for op in block.ops:
            self.visit(op)

    def visit(self, op: Operation) -> None:
        """Derives the facts of one operation's results."""
        match op:
            case AtenOp():
                self._visit_aten(op)
            case PyOp():
                fact = self._python(op)
                for result in op.results:
                    self._set(result, fact)
            case arith.ConstantOp() | ConstantOp():
                self._set(op.results[0], constant_of(op.results[0]))
            case TryOp():
                self.visit_block(op.body.block)
                for result in op.results:
                    self._set(result, UNKNOWN)
            case scf.IfOp():
                self._visit_if(op)
            case scf.ForOp():
                self._visit_for(op)
            case scf.WhileOp():
                self._visit_while(op)
            case _:
                handler = _STRUCTURE.get(type(op))
                fact = UNKNOWN if handler is None else handler(self, op)
                if isinstance(op, UnpackOp):
                    elements: Sequence[Any] = fact if isinstance(fact, list | tuple) else [UNKNOWN] * len(op.results)
                    for result, element in zip(op.results, elements, strict=True):
                        self._set(result, element)
                else:
                    for result in op.results:
                        self._set(result, fact)

    def _set(self, result: SSAValue, fact: Any) -> None:
        if fact is UNKNOWN:
            fact = self._from_type(result, result.type, lower=0)
        elif isinstance(fact, list) and self._is_changed(result):
            fact = UNKNOWN
        self.table[result] = fact

    def _is_changed(self, value: SSAValue) -> bool:
        group = self.memory.group(value)
        if group is None:
            return False
        return bool(group.container_writes) or (group.external and self.memory.has_calls)

    def _visit_aten(self, op: AtenOp) -> None:
        self.errors.pop(op, None)
        self.reasons.pop(op, None)
        facts: Sequence[Any] = [UNKNOWN] * len(op.results)
        arguments = [self.argument(o) for o in op.operands]
        definition = operator(op.SCHEMA.key)
        if definition is None:
            self.reasons[op] = f"the operator {op.SCHEMA.key} isn't known"
        elif any(a is UNKNOWN or a is NEVER for a in arguments):
            at = next(i for i, a in enumerate(arguments) if a is UNKNOWN or a is NEVER)
            self.reasons[op] = f"{NOTHING_KNOWN} the argument {op.SCHEMA.arguments[at].name!r}"
        else:
            try:
                with self.env.guarding():
                    facts = infer(definition, arguments, self.env)
            except CannotLower as error:
                self.reasons[op] = error.message
            except BODY_ERRORS as error:
                self.errors[op] = error.message if isinstance(error, TsirError) else str(error)
        for result, fact in zip(op.results, facts, strict=True):
            self._set(result, _clean(fact))

    def _python(self, op: PyOp) -> Any:
        known = python.lookup(op.FUNCTION)
        if op.FUNCTION in ("hash", "id"):
            return UNKNOWN  # another process has other ones
        if known is None or known.mutates or known.effect or not known.accepts(len(op.operands)):
            return UNKNOWN
        facts = [self.of(o) for o in op.operands]
        if op.FUNCTION in ("is", "is_not"):
            if strip_casts(op.operands[0]) is strip_casts(op.operands[1]):
                return op.FUNCTION == "is"
            same_none = self._is_none(op.operands[0], facts[0]), self._is_none(op.operands[1], facts[1])
            if None not in same_none and any(same_none):
                return all(same_none) == (op.FUNCTION == "is")
            if not all(map(is_constant, facts)):
                return UNKNOWN
        moves = op.FUNCTION in _STRUCTURAL or (op.FUNCTION == "add" and all(isinstance(f, list | tuple) for f in facts))
        if not all(f is not UNKNOWN and f is not NEVER if moves else is_constant(f) for f in facts):
            return UNKNOWN
        if any(isinstance(f, SymTensor) for f in facts) or _is_big(op.FUNCTION, facts):
            return UNKNOWN
        try:
            result = python.evaluate(op.FUNCTION, facts)
        except CannotLower:
            return UNKNOWN
        except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, NotImplementedError):
            return UNKNOWN  # the same error comes at run time, at its place
        if isinstance(result, list | tuple | str) and len(cast("list[Any]", result)) > _MAX_ELEMENTS:
            return UNKNOWN
        if isinstance(result, str) and not all(map(_is_spelt, facts)):
            return UNKNOWN
        return result if is_fact(result) else UNKNOWN

    def _is_none(self, value: SSAValue, fact: Any) -> bool | None:
        """Whether a value is None; None when that isn't known."""
        if fact is None:
            return True
        if fact is not UNKNOWN and fact is not NEVER:
            return False
        kind = strip_casts(value).type
        return None if isinstance(kind, OptionalType | UnionType | AnyType) or fact is NEVER else False

    # Control flow -----------------------------------------------------------------------------------------------------

    def _visit_if(self, op: scf.IfOp) -> None:
        condition = self.of(op.cond)
        taken = [op.true_region, op.false_region]
        if isinstance(condition, bool):
            taken = [op.true_region if condition else op.false_region]
        yields: list[list[Any]] = []
        for region in taken:
            if region.blocks:
                self.visit_block(region.block)
                last = region.block.last_op
                yields.append([self.of(o) for o in last.operands] if last is not None else [])
        for i, result in enumerate(op.results):
            fact = yields[0][i]
            for other in yields[1:]:
                fact = self.join(result, fact, other[i])
            self.table[result] = self._known(result, fact)

    def _known(self, value: SSAValue, fact: Any) -> Any:
        return self._from_type(value, value.type, lower=0) if fact is UNKNOWN else fact

    def _visit_for(self, op: scf.ForOp) -> None:
        body = op.body.block
        facts = [self.of(v) for v in op.iter_args]
        bounds = [self.of(v) for v in (op.lb, op.ub, op.step)]
        trips = len(range(*bounds)) if all(type(b) is int for b in bounds) and bounds[2] > 0 else None
        self.table[body.args[0]] = bounds[0] if trips == 1 else UNKNOWN
        if trips == 0:
            for result, fact in zip(op.results, facts, strict=True):
                self.table[result] = fact
            return
        last = body.last_op
        assert last is not None
        initial = facts
        for _ in range(_ROUNDS):
            for argument, fact in zip(body.args[1:], facts, strict=True):
                self.table[argument] = self._known(argument, fact)
            self.visit_block(body)
            yields = [self.of(o) for o in last.operands]
            joined = [self.join(a, x, y) for a, x, y in zip(body.args[1:], facts, yields, strict=True)]
            if all(map(same, joined, facts)):
                break
            facts = joined
        else:
            facts = self._give_up(body.args[1:], body, initial)
        for result, fact in zip(op.results, facts, strict=True):
            self.table[result] = self._known(result, fact)

    def _visit_while(self, op: scf.WhileOp) -> None:
        before, after = op.before_region.block, op.after_region.block
        facts = [self.of(v) for v in op.operands]
        initial = facts
        condition, last = before.last_op, after.last_op
        assert condition is not None and last is not None
        for _ in range(_ROUNDS):
            for argument, fact in zip(before.args, facts, strict=True):
                self.table[argument] = self._known(argument, fact)
            self.visit_block(before)
            passed = [self.of(o) for o in condition.operands[1:]]
            for argument, fact in zip(after.args, passed, strict=True):
                self.table[argument] = self._known(argument, fact)
            if self.of(condition.operands[0]) is False:
                break
            self.visit_block(after)
            yields = [self.of(o) for o in last.operands]
            joined = [self.join(a, x, y) for a, x, y in zip(before.args, facts, yields, strict=True)]
            if all(map(same, joined, facts)):
                break
            facts = joined
        else:
            self._give_up(before.args, before, initial)
            for argument, value in zip(after.args, condition.operands[1:], strict=True):
                self.table[argument] = self._known(argument, self.of(value))
            self.visit_block(after)
        for result, value in zip(op.results, condition.operands[1:], strict=True):
            self.table[result] = self._known(result, self.of(value))

    def _give_up(self, arguments: Sequence[SSAValue], block: Block, initial: Sequence[Any]) -> list[Any]:
        facts = [self._from_type(a, a.type, lower=0) for a in arguments]
        for argument, fact in zip(arguments, facts, strict=True):
            self.table[argument] = fact
        self.visit_block(block)
        return facts


_ROUNDS = 8
"""A loop's facts get weaker in every round, dimension by dimension; this many rounds suffice for all but odd programs."""


def is_tensor(kind: Attribute) -> bool:
    """Whether a type is a tensor reference or a builtin tensor."""
    return isinstance(kind, TensorType | BuiltinTensorType)


def strip_casts(value: SSAValue) -> SSAValue:
    """The value that a chain of `ts.cast` starts from."""
    while isinstance(value, OpResult) and isinstance(value.op, CastOp):
        value = value.op.value
    return value


def _is_spelt(fact: Any) -> bool:
    """Whether a fact can stand in text: a size that is only known at run time can't."""
    return all(map(_is_spelt, cast("list[Any]", fact))) if isinstance(fact, list | tuple) else not isinstance(fact, SymInt)


def is_constant(fact: Any) -> bool:
    """Whether a fact is a constant or a polynomial of sizes, also inside lists and tuples."""
    stack = [fact]
    while stack:
        current = stack.pop()
        if current is UNKNOWN or current is NEVER or isinstance(current, SymTensor | SymScalar):
            return False
        if isinstance(current, list | tuple):
            stack.extend(cast("list[Any]", current))
    return True


def is_fact(value: Any) -> bool:
    """Whether a computed Python value may stand as a fact: dicts, sets, futures and huge ints may not."""
    if isinstance(value, list | tuple):
        return all(map(is_fact, cast("list[Any]", value)))
    return not isinstance(value, dict | set | frozenset | deque | Future) and not (
        type(value) is int and abs(value) >= _MAX_INTEGER
    )


def _is_big(function: str, facts: Sequence[Any]) -> bool:
    """Whether evaluating would take memory or time out of proportion: `10 ** 10 ** 10`, `[0] * 10 ** 9`."""
    if function in ("pow", "lshift", "mul", "math_factorial", "math_comb", "math_perm", "math_prod"):
        numbers = [f for f in facts if isinstance(f, int)]
        return any(abs(n) > 4096 for n in numbers) and (
            function != "mul" or any(isinstance(f, list | tuple | str) for f in facts)
        )
    if function in (
        "range_list",
        "range_object",
        "list",
        "str_center",
        "str_ljust",
        "str_rjust",
        "str_zfill",
        "str_expandtabs",
    ):
        return any(isinstance(f, int) and abs(f) > _MAX_ELEMENTS for f in facts)
    return False


def _clean(fact: Any) -> Any:
    """An operator's inferred result as a fact: without SSA values, unknown numbers as UNKNOWN."""
    if isinstance(fact, SymTensor):
        return fact
    if isinstance(fact, SymScalar) or fact is None:
        return UNKNOWN
    if isinstance(fact, SymInt):
        return fact.env.resolve(fact)
    if isinstance(fact, list | tuple):
        return [_clean(f) for f in cast("list[Any]", fact)]
    return fact


def same(a: Any, b: Any) -> bool:
    """Whether two facts are the same: equal types and values, provably equal sizes."""
    if a is b:
        return True
    if isinstance(a, SymTensor) and isinstance(b, SymTensor):
        return a.dtype is b.dtype and a.rank == b.rank and all(map(same_size, a.shape, b.shape))
    if isinstance(a, SymInt) or isinstance(b, SymInt):
        return isinstance(a, SymInt) and isinstance(b, SymInt) and same_size(a, b)
    if type(a) is not type(b) or isinstance(a, SymTensor | SymScalar):
        return False
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return (a == b and str(a) == str(b)) or (a != a and b != b)
    if isinstance(a, complex):
        return repr(a) == repr(b)
    return bool(a == b)


def _make_tuple(kind: TupleType | NamedTupleType, elements: list[Any]) -> Any:
    if isinstance(kind, NamedTupleType):
        return named_tuple_class(kind.class_name.data, tuple(f.data for f in kind.fields.data))(*elements)
    return tuple(elements)


def _make_like(value: tuple[Any, ...], elements: list[Any]) -> Any:
    return type(value)(*elements) if hasattr(value, "_fields") else tuple(elements)


def _tuple(facts: Facts, op: TupleOp) -> Any:
    kind = op.result.type
    assert isinstance(kind, TupleType | NamedTupleType)
    return _make_tuple(kind, [facts.of(e) for e in op.elements])


def _tuple_get(facts: Facts, op: TupleGetOp) -> Any:
    whole = facts.of(op.tuple)
    return whole[op.index.value.data] if isinstance(whole, tuple) else UNKNOWN


def _list(facts: Facts, op: ListOp) -> Any:
    return [facts.of(e) for e in op.elements]


def _unpack(facts: Facts, op: UnpackOp) -> Any:
    whole = facts.of(op.value)
    if isinstance(whole, list | tuple) and len(whole) == len(op.results):
        return whole
    if isinstance(whole, SymTensor) and whole.rank:
        return [SymTensor(whole.dtype, whole.shape[1:])] * len(op.results)
    return UNKNOWN


def _cast(facts: Facts, op: CastOp) -> Any:
    fact = facts.of(op.value)
    declared = op.result.type
    if _contradicts(fact, declared):
        return NEVER  # in a branch that isn't taken
    if isinstance(fact, SymTensor) and isinstance(declared, TensorType) and declared.is_ranked:
        known = facts._from_type(op.result, declared, lower=0)
        if isinstance(known, SymTensor) and known.rank == fact.rank and known.dtype is fact.dtype:
            return SymTensor(
                fact.dtype, tuple(k if isinstance(k, int) else f for f, k in zip(fact.shape, known.shape, strict=True))
            )
    return fact


_PLAIN = frozenset({NONE, *_SCALAR_KINDS, StrType()})
"""Types of which no value is a tensor or a container."""


def _contradicts(fact: Any, kind: Attribute) -> bool:
    """Whether a value of which this is known can't be of a type."""
    if fact is UNKNOWN or fact is NEVER:
        return False
    match kind:
        case TensorType():
            return fact is None or isinstance(fact, list | tuple | dict | str)
        case TupleType() | NamedTupleType() if isinstance(fact, tuple):
            return len(cast("tuple[Any, ...]", fact)) != len(kind.elements.data)
        case ListType() | TupleType() | NamedTupleType() | DictType():
            return not isinstance(fact, list | tuple | dict)
        case _ if kind in (BOOL, INT, FLOAT, COMPLEX):
            return fact is None or isinstance(fact, list | tuple | dict | str | SymTensor)
        case _:
            return False


def _truth(facts: Facts, op: TruthOp) -> Any:
    fact = facts.of(op.value)
    if fact is UNKNOWN or fact is NEVER or isinstance(fact, SymTensor):
        return UNKNOWN
    try:
        return bool(fact)
    except CannotLower:
        return UNKNOWN


def _is_instance(facts: Facts, op: IsInstanceOp) -> Any:
    fact = facts.of(op.value)
    kind = strip_casts(op.value).type
    if isinstance(fact, list | tuple) and all(w in _PLAIN or is_tensor(w) for w in op.types.data):
        return False
    if fact is None:
        kind = NONE
    elif isinstance(fact, SymTensor):
        kind = TensorType()
    elif isinstance(fact, bool | int | float | complex | SymInt):
        kind = BOOL if isinstance(fact, bool) else INT if isinstance(fact, int | SymInt) else FLOAT
        if isinstance(fact, complex):
            kind = COMPLEX
    elif isinstance(
        kind,
        OptionalType
        | UnionType
        | AnyType
        | ListType
        | DictType
        | DequeType
        | SetType
        | TupleOfType
        | TupleType
        | NamedTupleType,
    ):
        return UNKNOWN
    if kind not in (NONE, BOOL, INT, FLOAT, COMPLEX) and not isinstance(kind, TensorType):
        return UNKNOWN
    wanted = op.types.data
    if any(isinstance(w, AnyType | OptionalType | UnionType) for w in wanted):
        return UNKNOWN
    if isinstance(kind, TensorType):
        return any(isinstance(w, TensorType) for w in wanted)
    return kind in wanted or (kind == BOOL and INT in wanted)


def _same_operand(facts: Facts, op: Operation) -> Any:
    return facts.of(op.operands[0])


def _never(_facts: Facts, _op: Operation) -> Any:
    return NEVER


_STRUCTURE: dict[type[Operation], Callable[[Facts, Any], Any]] = {
    TupleOp: _tuple,
    TupleGetOp: _tuple_get,
    ListOp: _list,
    UnpackOp: _unpack,
    CastOp: _cast,
    TruthOp: _truth,
    IsInstanceOp: _is_instance,
    ToValueOp: _same_operand,
    ToReferenceOp: _same_operand,
    UninitializedOp: _never,
}
