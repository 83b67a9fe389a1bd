"""Applies rules to a function: matches by root operation, rewrites from a worklist, and stops a set of rules that goes in circles."""

from __future__ import annotations

import inspect
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation, OpResult, SSAValue

from tsir.dialects.dtypes import DType
from tsir.dialects.schema import Argument
from tsir.dialects.ts.families import AtenOp, aten_op
from tsir.dialects.ts.structure import ListOp
from tsir.dialects.ts.types import FLOAT, INT, ListType, TensorType, dtype_of
from tsir.errors import OperatorError, PassError
from tsir.ops.evaluate import infer
from tsir.ops.registry import SCHEMAS
from tsir.ops.sizes import CannotLower
from tsir.ops.tensor import SymTensor
from tsir.passes.constants import UNKNOWN, constant_of, constant_ops
from tsir.passes.facts import Facts, same, strip_casts
from tsir.passes.given import is_given
from tsir.passes.memory import Memory
from tsir.passes.refine import refine_uses
from tsir.passes.rules.terms import Call, Computed, Rule, Term, Variable
from tsir.passes.structure import walk

MAX_REWRITES_PER_OPERATION = 16
"""More rewrites than this many times the function's operations mean that rules undo each other."""

Native = Callable[[Operation, Memory], "Sequence[SSAValue] | None"]
"""A rewrite that isn't a pattern: gives the values that replace the operation's results, or None."""


@dataclass(frozen=True)
class Bound:
    """What a rule's condition sees of a variable's value."""

    value: SSAValue

    @property
    def constant(self) -> Any:
        """The Python constant (also of a list of constants), or UNKNOWN."""
        return constant_or_list(self.value)

    @property
    def is_constant(self) -> bool:
        """Whether it is a constant."""
        return self.constant is not UNKNOWN

    @property
    def dtype(self) -> DType | None:
        """The tensor's dtype, when it is known."""
        kind = self.value.type
        if isinstance(kind, TensorType):
            return kind.dtype
        return dtype_of(cast(Any, kind).element_type) if isinstance(kind, BuiltinTensorType) else None

    @property
    def dims(self) -> tuple[int | None, ...] | None:
        """The tensor's dimensions (None: not known), or None when the rank isn't known."""
        kind = self.value.type
        if isinstance(kind, TensorType):
            return kind.dims
        return tuple(None if d < 0 else d for d in kind.get_shape()) if isinstance(kind, BuiltinTensorType) else None

    @property
    def rank(self) -> int | None:
        """The tensor's number of dimensions, when it is known."""
        return None if self.dims is None else len(self.dims)

    @property
    def is_none(self) -> bool:
        """Whether it is the constant None."""
        return self.constant is None


def constant_or_list(value: SSAValue) -> Any:
    """The constant that a value is, lists of constants included; UNKNOWN for others."""
    source = strip_casts(value)
    if isinstance(source, OpResult) and isinstance(source.op, ListOp):
        elements = [constant_of(strip_casts(e)) for e in source.op.elements]
        return UNKNOWN if any(e is UNKNOWN for e in elements) else elements
    return constant_of(source)


class Rules:
    """A set of rules, indexed by the root operation."""

    def __init__(self, rules: Iterable[Rule], natives: dict[str, list[Native]] | None = None) -> None:
        self.by_root: dict[str, list[Rule]] = {}
        self.natives = natives or {}
        for rule in rules:
            self.by_root.setdefault(rule.root, []).append(rule)

    def apply(self, function: FuncOp) -> Counter[str]:
        """Rewrites until no rule matches; gives how often each fired. Raises PassError when rules undo each other."""
        memory = Memory(function)
        ops = list(walk(function))
        work: deque[Operation] = deque(op for op in ops if op.name in self.by_root or op.name in self.natives)
        queued = set(work)
        fired: Counter[str] = Counter()
        limit = MAX_REWRITES_PER_OPERATION * (len(ops) + 16)
        while work:
            op = work.popleft()
            queued.discard(op)
            if op.parent is None:
                continue
            found = self._rewrite(op, memory)
            if found is None:
                continue
            name, values = found
            fired[name] += 1
            if fired.total() > limit:
                most = ", ".join(n for n, _ in fired.most_common(3))
                raise PassError(
                    f"the rules go in circles: after {limit} rewrites {most} still apply in @{function.sym_name.data}"
                )
            for operation in self._replace(op, values, memory):
                if (operation.name in self.by_root or operation.name in self.natives) and operation not in queued:
                    queued.add(operation)
                    work.append(operation)
        return fired

    def _rewrite(self, op: Operation, memory: Memory) -> tuple[str, Sequence[SSAValue]] | None:
        for rule in self.by_root.get(op.name, ()):
            bindings: dict[str, SSAValue] = {}
            inner: list[AtenOp] = []
            if not _matches(rule.pattern, op.results[0], bindings, inner) or not _is_sound(rule, inner, memory):
                continue
            if rule.where is not None and not _call(rule.where, {k: Bound(v) for k, v in bindings.items()}):
                continue
            made = _Maker(op, bindings, memory).make(rule.replacement)
            if made is not None:
                return rule.name, [made]
        for native in self.natives.get(op.name, ()):
            values = native(op, memory)
            if values is not None:
                return native.__name__.strip("_").replace("_", "-"), values
        return None

    @staticmethod
    def _replace(op: Operation, values: Sequence[SSAValue], memory: Memory) -> list[Operation]:
        """Puts values in the place of an operation's results; gives the operations that may match now."""
        touched: list[Operation] = []
        for old, new in zip(op.results, values, strict=True):
            touched += [use.operation for use in old.uses]
            if isinstance(new, OpResult):
                touched.append(new.op)
            refine_uses(old, new)
        dead = [op]
        while dead:
            current = dead.pop()
            if current.parent is None or any(r.first_use is not None for r in current.results):
                continue
            if current is not op and not memory.may_be_removed(current):
                continue
            sources = [o.op for o in current.operands if isinstance(o, OpResult)]
            current.parent.erase_op(current)
            dead.extend(sources)
        return touched


def _call(function: Callable[..., Any], values: dict[str, Any]) -> Any:
    return function(**{p: values[p] for p in inspect.signature(function).parameters})


def _matches(pattern: Term, root: SSAValue, bindings: dict[str, SSAValue], inner: list[AtenOp]) -> bool:
    work: list[tuple[Term, SSAValue]] = [(pattern, root)]
    while work:
        term, value = work.pop()
        if isinstance(term, Variable):
            known = bindings.setdefault(term.name, value)
            if known is not value:
                constant = constant_or_list(value)
                if constant is UNKNOWN or not same(constant, constant_or_list(known)):
                    return False
        elif isinstance(term, Call):
            source = strip_casts(value)
            op = source.op if isinstance(source, OpResult) else None
            if op is None or op.name != term.op or len(op.results) != 1 or not isinstance(op, AtenOp):
                return False
            inner.append(op)
            work.extend(zip(term.arguments, op.operands, strict=True))
        elif isinstance(term, list):
            source = strip_casts(value)
            op = source.op if isinstance(source, OpResult) else None
            if not isinstance(op, ListOp) or len(op.elements) != len(cast("list[Term]", term)):
                return False
            work.extend(zip(cast("list[Term]", term), op.elements, strict=True))
        else:
            constant = constant_or_list(value)
            if isinstance(term, float) and type(constant) is int:
                constant = float(constant)
            if constant is UNKNOWN or not same(constant, list(term) if isinstance(term, tuple) else term):
                return False
    return True


def _is_sound(rule: Rule, matched: Sequence[AtenOp], memory: Memory) -> bool:
    """Whether the rule may be applied here, what its pattern and condition say aside.

    Nothing writes the memory of what was matched, and a new tensor that leaves the function stays a new one.
    """
    for op in matched:
        for value in (*op.operands, *op.results):
            group = memory.group(value)
            if group is not None and group.writes:
                return False
    if rule.single_use and any(not op.results[0].has_one_use() for op in matched[1:]):
        return False
    if rule.alias or isinstance(rule.replacement, Call):
        return True
    result = matched[0].results[0]
    if isinstance(result.type, BuiltinTensorType):
        return not is_given(result)
    group = memory.group(result)
    return group is None or not group.escapes


class _Maker:
    """Makes a replacement before the operation that it replaces, with its location."""

    def __init__(self, root: Operation, bindings: dict[str, SSAValue], memory: Memory) -> None:
        self.root = root
        self.bindings = bindings
        self.memory = memory
        self.made: list[Operation] = []

    def make(self, term: Term) -> SSAValue | None:
        value = self._value(term, None)
        if value is None:
            return None
        block = self.root.parent_block()
        assert block is not None
        block.insert_ops_before(self.made, self.root)
        for op in self.made:
            for result in op.results:
                self.memory.adopt(result, self.root.results[0])
        return value

    def _value(self, term: Term, argument: Argument | None) -> SSAValue | None:
        # A replacement is as deep as the rule that a person wrote.
        if isinstance(term, Variable):
            return self.bindings[term.name]
        if isinstance(term, Call):
            return self._operation(term)
        if isinstance(term, Computed):
            values = {k: constant_or_list(v) for k, v in self.bindings.items()}
            wanted = inspect.signature(term.function).parameters
            if any(values[p] is UNKNOWN for p in wanted):
                return None
            return self._value(_call(term.function, values), argument)
        if isinstance(term, list | tuple):
            elements = [self._value(e, None) for e in cast("list[Term]", term)]
            if any(e is None for e in elements):
                return None
            kept = [e for e in elements if e is not None]
            kind = kept[0].type if kept else (FLOAT if argument is not None and argument.type.base == "float" else INT)
            return self._add(ListOp(kept, ListType(TensorType() if isinstance(kind, TensorType) else kind)))
        if argument is not None and argument.type.base == "float" and type(term) is int:
            term = float(term)
        ops = constant_ops(term, self.root.location)
        if ops is None:
            return None
        self.made += ops
        return ops[-1].results[0]

    def _operation(self, term: Call) -> SSAValue | None:
        schema = SCHEMAS.get(term.op.removeprefix("ts.aten."))
        assert schema is not None
        operands = [self._value(t, a) for t, a in zip(term.arguments, schema.arguments, strict=True)]
        if any(o is None for o in operands):
            return None
        kind = self._result_type(term, schema.key, [o for o in operands if o is not None])
        if kind is None:
            return None
        return self._add(aten_op(schema)([o for o in operands if o is not None], [kind]))

    def _result_type(self, term: Call, key: str, operands: list[SSAValue]) -> Attribute | None:
        as_value = any(isinstance(o.type, BuiltinTensorType) for o in operands)
        try:
            arguments = [self._fact(o) for o in operands]
            results = () if any(a is UNKNOWN for a in arguments) else infer(key, arguments)
        except (OperatorError, CannotLower):
            return None
        if results and isinstance(results[0], SymTensor):
            kind = TensorType(results[0].dtype, [s if isinstance(s, int) else None for s in results[0].shape])
            return kind.to_builtin() if as_value else kind
        return None if as_value else TensorType()

    def _fact(self, value: SSAValue) -> Any:
        constant = constant_or_list(value)
        if constant is not UNKNOWN:
            return constant
        kind = value.type
        if isinstance(kind, BuiltinTensorType):
            kind = TensorType.from_builtin(cast("BuiltinTensorType[Attribute]", kind))
        if isinstance(kind, TensorType) and kind.is_ranked and kind.dtype is not None:
            if None in (kind.dims or ()):
                function: Any = self.root
                while not isinstance(function, FuncOp):
                    function = function.parent_op()
                return Facts(function).of(value)
            return SymTensor(kind.dtype, tuple(d for d in kind.dims or () if d is not None))
        return UNKNOWN

    def _add(self, op: Operation) -> SSAValue:
        op.location = self.root.location
        self.made.append(op)
        return op.results[0]
