"""Instances of a rule: values and types for its variables with which its pattern is a program, guessed or from its examples.

What a variable can be follows from where it stands in the pattern: an argument of a schema, an operand of a built-in or of another
operation. Guesses that no operator takes are thrown away by inference; whether the rule's constraints hold at an instance is found
by applying the rule. Nothing here runs programs.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
from xdsl.dialects.builtin import (
    Float32Type,
    Float64Type,
    FunctionType,
    IndexType,
    IntegerType,
    LocationAttr,
    ModuleOp,
    UnknownLoc,
)
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.utils.exceptions import VerifyException

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.schema import SchemaType
from tsir.dialects.ts.families import AtenOp, aten_op
from tsir.dialects.ts.structure import ListOp
from tsir.dialects.ts.types import FLOAT, INT, ListType, TensorType
from tsir.errors import PassError, TsirError
from tsir.ops.registry import SCHEMAS
from tsir.passes.constants import constant_ops
from tsir.passes.rules.matching import Match
from tsir.passes.rules.replacing import Maker, facts_in
from tsir.passes.rules.terms import Call, Rest, Rule, Shaped, Term, Variable, calls

_LOCATION: LocationAttr = UnknownLoc()
_SCALARS: tuple[Attribute, ...] = (
    IntegerType(64),
    IndexType(),
    IntegerType(1),
    Float64Type(),
    Float32Type(),
    IntegerType(32),
)


@dataclass(frozen=True)
class TensorSpec:
    """A tensor argument; `dynamic` dimensions are `?` in its type."""

    dtype: DType
    shape: tuple[int, ...]
    dynamic: frozenset[int] = frozenset()
    low: float | None = None
    is_unknown: bool = False
    """Whether the program knows nothing of the tensor: it is a `!ts.tensor`, and runs operator by operator."""

    @property
    def type(self) -> Attribute:
        """Its type in IR."""
        if self.is_unknown:
            return TensorType()
        dims = [None if i in self.dynamic else d for i, d in enumerate(self.shape)]
        return TensorType(self.dtype, dims).to_builtin()

    def __str__(self) -> str:
        dims = ["?" if i in self.dynamic else str(d) for i, d in enumerate(self.shape)]
        text = f"tensor<{'x'.join([*dims, self.dtype.name])}>"
        return f"!ts.tensor that is a {text}" if self.is_unknown else text


@dataclass(frozen=True)
class ScalarSpec:
    """An argument of a type that isn't a tensor's."""

    type: Attribute

    def __str__(self) -> str:
        return str(self.type)


@dataclass(frozen=True)
class Fixed:
    """A constant."""

    value: Any

    def __str__(self) -> str:
        return repr(self.value)


Spec = "TensorSpec | ScalarSpec | Fixed | tuple[TensorSpec, ...]"


@dataclass
class RuleProgram:
    """A function whose body is a rule's pattern at one instance. `arguments` are named after the variables."""

    module: ModuleOp
    function: FuncOp
    arguments: dict[str, TensorSpec | ScalarSpec]
    constants: dict[str, Any] = field(default_factory=dict[str, Any])
    inner: list[ModuleOp] = field(default_factory=list[ModuleOp])
    """Programs of what is inside the pattern alone, where the types don't say whether these raise."""


def instances(rule: Rule, generator: random.Random, attempts: int) -> Iterator[RuleProgram]:
    """Programs of a rule's pattern, no two of the same types and constants: from its examples first, then guessed.

    Ends after so many attempts.
    """
    seen: set[str] = set()
    uses = _uses(rule)
    tries = [*_of_examples(rule), *(None for _ in range(attempts))]
    for given in tries:
        assignment = given if given is not None else _guess(rule, uses, generator)
        key = str({k: str(v) for k, v in assignment.items()})
        if key in seen:
            continue
        seen.add(key)
        program = _program(rule, uses, assignment, rule.call)
        if program is not None:
            yield program
        unknown = {k: replace(v, is_unknown=True) if isinstance(v, TensorSpec) else v for k, v in assignment.items()}
        if given is None and unknown != assignment and generator.random() < 0.5:
            program = _program(rule, uses, unknown, rule.call)
            if program is not None:
                found = [_program(rule, uses, unknown, call) for call in calls(rule.pattern)[1:]]
                program.inner = [p.module for p in found if p is not None]
                yield program


def _of_examples(rule: Rule) -> list[dict[str, Any]]:
    allowed = _allowed_dtypes(rule)
    found: list[dict[str, Any]] = []
    for example in rule.examples:
        for dtype in [d for d in _SHOWN if d in allowed]:
            static = {k: _of_example(v, dtype) for k, v in example.items()}
            found.append(static)
            dynamic = {k: _with_dynamic(v) for k, v in static.items()}
            if dynamic != static:
                found.append(dynamic)
    return found


_SHOWN = (dtypes.float32, dtypes.float64, dtypes.float16, dtypes.int64, dtypes.uint8)
"""The dtypes that examples are tried with, of those that the rule takes."""


def _of_example(value: Any, dtype: DType) -> Any:
    if not isinstance(value, Shaped):
        return Fixed(value)
    return TensorSpec(dtypes.dtype(value.dtype) if value.dtype else dtype, value.shape, low=value.low)


def _with_dynamic(spec: Any) -> Any:
    if isinstance(spec, TensorSpec) and len(spec.shape) > 1 and spec.shape[0] > 1:
        return TensorSpec(spec.dtype, spec.shape, frozenset({0}), spec.low)
    return spec


def _allowed_dtypes(rule: Rule) -> list[DType]:
    """The dtypes that the constraints on single variables leave."""
    allowed = list(dtypes.ALL)
    for constraint in rule.where:
        if constraint.dtypes is not None:
            allowed = [d for d in allowed if d in constraint.dtypes]
    return allowed


@dataclass(frozen=True)
class _Use:
    """Where a variable stands: an argument of this schema type, an operand of a built-in, or of any other operation."""

    schema_type: SchemaType | None = None
    family: str = "aten"
    is_rest: bool = False


def _uses(rule: Rule) -> dict[str, _Use]:
    found: dict[str, _Use] = {}

    def note(term: Term, use: _Use) -> None:
        if isinstance(term, Variable):
            known = found.get(term.name)
            if known is None or (known.schema_type is not None and known.schema_type.base == "Scalar"):
                found[term.name] = use
        elif isinstance(term, Rest):
            found.setdefault(term.name, _Use(use.schema_type, use.family, is_rest=True))
        elif isinstance(term, list):
            inner = use.schema_type
            element = None if inner is None else SchemaType(inner.base, optional=inner.element_optional)
            for e in cast("list[Term]", term):
                note(e, _Use(element, use.family))

    for call in calls(rule.pattern):
        if call.op.startswith("ts.aten."):
            schema = SCHEMAS.get(call.op.removeprefix("ts.aten."))
            assert schema is not None
            for term, argument in zip(call.arguments, schema.arguments, strict=True):
                note(term, _Use(argument.type))
        else:
            family = "py" if call.op.startswith("ts.py.") else "ir"
            for term in call.arguments:
                note(term, _Use(None, family))
    return found


def _guess(rule: Rule, uses: Mapping[str, _Use], generator: random.Random) -> dict[str, Any]:
    allowed = _allowed_dtypes(rule) or list(dtypes.ALL)
    ranks = next((c.ranks for c in rule.where if c.ranks is not None), (0, 1, 2, 3, 4))
    dtype = generator.choice(allowed)
    sizes = (1, 2, 2, 3, 4, 0) if generator.random() < 0.3 else (2, 3, 4)
    base = tuple(generator.choice(sizes) for _ in range(generator.choice(ranks)))
    scalar = generator.choice(_SCALARS)
    return {name: _guess_one(use, generator, dtype, base, scalar) for name, use in uses.items()}


def _guess_one(use: _Use, generator: random.Random, dtype: DType, base: tuple[int, ...], scalar: Attribute) -> Any:
    kind = use.schema_type
    if kind is None:
        if use.family == "py":
            return ScalarSpec(INT) if generator.random() < 0.8 else Fixed(generator.choice((0, 1, -1, 2, 7)))
        return ScalarSpec(scalar if generator.random() < 0.8 else IntegerType(1))
    if use.is_rest:
        return tuple(_tensor(generator, dtype, base) for _ in range(generator.choice((1, 2, 0))))
    if kind.optional and generator.random() < 0.3:
        return Fixed(None)
    rank = len(base)
    match kind.base:
        case "Tensor" if kind.is_list:
            return tuple(_tensor(generator, dtype, base) for _ in range(generator.choice((1, 2, 3))))
        case "Tensor":
            return _tensor(generator, dtype, base)
        case "int" | "SymInt" if kind.is_list:
            order = list(range(rank))
            generator.shuffle(order)
            flat = int(np.prod(base)) if base else 1
            shapes = [list(base), order, list(range(rank)), [flat], [1, flat], [flat, 1], [-1], [*base[:-1], -1]]
            return Fixed(generator.choice(shapes))
        case "int" | "SymInt":
            return Fixed(generator.choice((*range(-max(rank, 1), max(rank, 1)), 0, 1, 2, -1, 2**63 - 1)))
        case "float":
            return Fixed(generator.choice((0.0, 0.5, 1.0, 1e-5, -1.5)))
        case "Scalar":
            return Fixed(generator.choice((0, 1, 2, -3, 0.0, 1.0, 0.5, -2.5)))
        case "bool":
            return Fixed(generator.random() < 0.5)
        case "ScalarType":
            return Fixed(generator.choice((dtype, dtype, *dtypes.ALL)))
        case "str":
            return Fixed(generator.choice(("none", "tanh", "floor", "trunc")))
        case _:
            return Fixed(None)


def _tensor(generator: random.Random, dtype: DType, base: tuple[int, ...]) -> TensorSpec:
    shape = base
    chance = generator.random()
    if chance > 0.88 and base:
        shape = base[1:]
    elif chance > 0.72:
        shape = tuple(1 if generator.random() < 0.5 else d for d in base)
    elif chance > 0.66:
        shape = tuple(generator.choice((1, 2, 3)) for _ in range(generator.randrange(4)))
    if generator.random() > 0.85:
        dtype = generator.choice((dtypes.bool_, dtypes.float32, dtypes.int64, dtype))
    is_dynamic = shape and shape[0] > 1 and generator.random() < 0.25
    return TensorSpec(dtype, shape, frozenset({0}) if is_dynamic else frozenset())


def _program(rule: Rule, uses: Mapping[str, _Use], assignment: Mapping[str, Any], root: Call) -> RuleProgram | None:
    """The pattern, or a call in it, as a function at these values; None where it is no program."""
    arguments: dict[str, TensorSpec | ScalarSpec] = {}
    constants: dict[str, Any] = {}
    for name, spec in assignment.items():
        if isinstance(spec, TensorSpec | ScalarSpec):
            arguments[name] = spec
        elif isinstance(spec, tuple):
            arguments.update({f"{name}{i}": s for i, s in enumerate(cast("tuple[TensorSpec, ...]", spec))})
        else:
            constants[name] = spec.value
    block = Block(arg_types=[s.type for s in arguments.values()])
    function = FuncOp("f", (list(block.arg_types), []), Region(block))
    known = dict(zip(arguments, block.args, strict=True))
    bindings: dict[str, Any] = {}
    maker = Maker(Match(bindings), _LOCATION, facts_in(function), rule.name)
    for name, spec in assignment.items():
        if name in known:
            known[name].name_hint = name
            bindings[name] = known[name]
        elif isinstance(spec, tuple):
            values = tuple(known[f"{name}{i}"] for i in range(len(cast("tuple[Any, ...]", spec))))
            bindings[name] = values if uses[name].is_rest else maker.list_of(values)
        elif isinstance(spec.value, Attribute):
            bindings[name] = spec.value
        else:
            made = _constant(block, spec.value, _wants_float(uses.get(name)))
            if made is None:
                return None
            bindings[name] = made
    try:
        like = next((s.type for s in arguments.values()), INT)
        if maker.make(root, like) is None:
            return None
    except (PassError, VerifyException, TsirError):
        return None  # the pattern's operations don't take operands of such types
    operation = maker.made[-1]
    block.add_ops(maker.made)
    wanted = rule.replacements() if root is rule.call else range(len(operation.results))
    results = [operation.results[i] for i in wanted]
    returned = [_apart(block, r) for r in results]
    block.add_op(ReturnOp(*returned))
    function.function_type = FunctionType.from_lists(list(block.arg_types), [r.type for r in returned])
    module = ModuleOp([function])
    try:
        module.verify()
    except VerifyException:
        return None
    return RuleProgram(module, function, arguments, constants)


def _wants_float(use: _Use | None) -> bool:
    return use is not None and use.schema_type is not None and use.schema_type.base == "float"


def _apart(block: Block, value: SSAValue) -> SSAValue:
    """A copy of a tensor: nobody can tell what a pattern gives from another tensor that is equal."""
    schema = SCHEMAS.get("clone")
    if not isinstance(value.owner, AtenOp) or schema is None:
        return value
    clone = _constant(block, None, False)
    assert clone is not None
    op = aten_op(schema)([value, clone], [value.type])
    block.add_op(op)
    return op.results[0]


def _constant(block: Block, value: Any, as_float: bool) -> SSAValue | None:
    if isinstance(value, list | tuple):
        made = [_constant(block, v, False) for v in cast("list[Any]", value)]
        if any(m is None for m in made):
            return None
        elements = [m for m in made if m is not None]
        op: Operation = ListOp(elements, ListType(elements[0].type if elements else (FLOAT if as_float else INT)))
        block.add_op(op)
        return op.results[0]
    ops = constant_ops(float(value) if as_float and type(value) is int else value, _LOCATION)
    if ops is None:
        return None
    block.add_ops(ops)
    return ops[-1].results[0]
