"""Verifying rules: pattern and replacement are run on inputs made from the rule's own constraints and must agree.

Values, dtypes and shapes are compared, and whether an exception is raised; inputs contain NaN, infinities, zeros of both signs, empty
tensors, the smallest and greatest ints. A rule that `rounds` may differ by rounding, on numbers of ordinary size; where it is given
NaN or infinities only dtypes and shapes are compared, as sums in another order overflow elsewhere. Both programs are lowered and run
as they are, without any rewriting.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import ml_dtypes
import numpy as np
from xdsl.dialects.builtin import Float32Type, Float64Type, IndexType, IntegerType, ModuleOp

from tsir.backend.numpy import generate, load
from tsir.dialects.context import print_module
from tsir.dialects.dtypes import Category
from tsir.errors import PassError, TsirError
from tsir.lowering.ts_to_linalg import lower_function
from tsir.passes.rules.engine import Rules
from tsir.passes.rules.terms import AnyRule, NativeRule, Rule
from tsir.passes.structure import functions
from tsir.runtime.rules.instances import RuleProgram, ScalarSpec, TensorSpec, instances

_ATTEMPTS = 600
_RAISED = (ArithmeticError, AssertionError, LookupError, NotImplementedError, RuntimeError, TsirError, TypeError, ValueError)
"""What programs raise: a result as any other, which both sides have to give."""

_ULPS = 64
"""By how many units of the greatest result a rule that rounds may differ: its sums are of few terms."""


@dataclass
class Counterexample:
    """Inputs on which a rule is wrong."""

    inputs: dict[str, str]
    before: str
    after: str
    reason: str
    pattern: str = ""
    replacement: str = ""

    def __str__(self) -> str:
        lines = [f"  {self.reason}", *(f"    {name} = {value}" for name, value in self.inputs.items())]
        lines += [f"    before: {self.before}", f"    after:  {self.after}"]
        if self.pattern:
            lines += ["  the program before:", _indented(self.pattern), "  and after:", _indented(self.replacement)]
        return "\n".join(lines)


@dataclass
class Verification:
    """What was found about one rule: in how many programs it was applied, how many inputs agreed, and one that didn't."""

    rule: AnyRule
    programs: int = 0
    inputs: int = 0
    counterexample: Counterexample | None = None
    problem: str | None = None
    """Why it couldn't be verified."""
    kinds: set[str] = field(default_factory=set[str])
    """The argument types tried."""

    @property
    def is_verified(self) -> bool:
        """Whether the rule was applied, and agreed on all inputs."""
        return self.counterexample is None and self.problem is None

    def __str__(self) -> str:
        name = f"{self.rule.name}"
        if self.problem is not None:
            return f"{name}: not verified: {self.problem}"
        if self.counterexample is not None:
            return f"{name} ({self.rule.location}): WRONG\n{self.counterexample}"
        return f"{name}: verified ({self.programs} programs, {self.inputs} inputs)"


def verify_rule(rule: AnyRule, *, seed: int = 0, programs: int = 24, attempts: int = _ATTEMPTS) -> Verification:
    """Runs a rule's two sides on inputs made from its pattern, constraints and examples.

    `programs` is how many different argument types and constants are tried at most, `attempts` how often they are guessed. Raises
    nothing: what is wrong is in the result.
    """
    found = Verification(rule)
    if isinstance(rule, NativeRule):
        _verify_native(rule, found, seed)
        return found
    generator = random.Random(f"{seed} {rule.name}")
    refused = 0
    for program in instances(rule, generator, attempts):
        before = program.module.clone()
        try:
            fired = Rules([rule]).apply(program.function, at_most=1)
        except TsirError as error:
            found.problem = error.message
            return found
        if not fired:
            refused += 1
            continue
        found.programs += 1
        found.kinds.update(map(str, program.arguments.values()))
        _compare(rule, before, program, found, seed)
        if not found.is_verified or found.programs >= programs:
            return found
    if not found.programs:
        found.problem = (
            f"no inputs were found to which it applies ({refused} programs of its pattern don't meet its constraints);"
            " give it examples=[{...}]"
        )
    return found


def _verify_native(rule: NativeRule, found: Verification, seed: int) -> None:
    from tsir.runtime.api import parse_ir

    try:
        module = parse_ir(rule.example, f"<the example of {rule.name}>")
    except TsirError as error:
        found.problem = f"its example is no program: {error.message}"
        return
    before = module.clone()
    (function,) = functions(module)
    if not Rules([rule]).apply(function):
        found.problem = "it doesn't apply to its example"
        return
    found.programs = 1
    arguments: dict[str, TensorSpec | ScalarSpec] = {}
    for i, argument in enumerate(function.body.block.args):
        arguments[argument.name_hint or f"arg{i}"] = _spec_of(argument.type)
    _compare(rule, before, RuleProgram(module, function, arguments), found, seed)


def _spec_of(kind: Any) -> TensorSpec | ScalarSpec:
    from xdsl.dialects.builtin import TensorType as BuiltinTensorType

    from tsir.dialects.ts.types import TensorType

    if isinstance(kind, BuiltinTensorType):
        tensor = TensorType.from_builtin(cast("BuiltinTensorType[Any]", kind))
        assert tensor.dtype is not None and tensor.dims is not None
        return TensorSpec(tensor.dtype, tuple(d or 2 for d in tensor.dims))
    return ScalarSpec(kind)


def _compare(rule: AnyRule, before: ModuleOp, program: RuleProgram, found: Verification, seed: int) -> None:
    """Runs both programs on several inputs; what differs goes into `found`."""
    texts = print_module(before), print_module(program.module)
    try:
        first, second = _compiled(before), _compiled(program.module)
        inner = [_compiled(m) for m in program.inner]
    except TsirError as error:
        found.problem = f"a side can't be compiled: {error.message}"
        return
    rounds = isinstance(rule, Rule) and rule.rounds
    numbers = np.random.default_rng(seed)
    for edges in (False, True, True):
        values = {name: _value(spec, numbers, edges) for name, spec in program.arguments.items()}
        if any(isinstance(_run(i, values.values()), Exception) for i in inner):
            continue  # an exception of what is inside may go with it, as with all that nobody needs (`ts-dce`)
        one, other = _run(first, values.values()), _run(second, values.values())
        reason = _difference(one, other, rounds, edges)
        if reason is not None:
            shown = {**{k: f"{v} : {program.arguments[k]}" for k, v in values.items()}, **program.constants}
            found.counterexample = Counterexample(
                {k: " ".join(str(v).split()) for k, v in shown.items()}, _shown(one), _shown(other), reason, *texts
            )
            return
        found.inputs += 1


def _compiled(module: ModuleOp) -> Callable[..., Any]:
    for function in functions(module):
        lower_function(function)
    function = load(generate(module, "f"))
    state = function.prepare([])
    return lambda *arguments: function.call(state, *arguments)


def _run(function: Callable[..., Any], arguments: Any) -> Any:
    try:
        with np.errstate(all="ignore"):
            return function(*[a.copy() if isinstance(a, np.ndarray) else a for a in arguments])
    except _RAISED as error:
        return error


def _value(spec: TensorSpec | ScalarSpec, numbers: np.random.Generator, edges: bool) -> Any:
    if isinstance(spec, ScalarSpec):
        return _scalar(spec, numbers, edges)
    dtype = spec.dtype.numpy
    if spec.dtype.category is Category.BOOL:
        return np.array(numbers.random(spec.shape) < 0.5)
    if spec.dtype.category is Category.INT:
        info = np.iinfo(dtype)
        low = max(int(info.min), -9)
        array = np.asarray(numbers.integers(low, 10, spec.shape)).astype(dtype)
        special: Sequence[Any] = (info.min, info.max, 0, 1)
    else:
        array = np.asarray(numbers.standard_normal(spec.shape))
        if spec.dtype.category is Category.COMPLEX:
            array = array + 1j * numbers.standard_normal(spec.shape)
        if spec.low is not None:
            return np.asarray(spec.low + np.abs(array)).astype(dtype)
        array = np.asarray(array).astype(dtype)
        special = (np.nan, np.inf, -np.inf, -0.0, 0.0, 1.0, -1.0, 1e30 if spec.dtype.name != "float16" else 6e4, 1e-40)
    if edges and array.size:
        chosen = numbers.random(spec.shape) < 0.6
        with np.errstate(all="ignore"):
            array = np.where(chosen, np.asarray(numbers.choice(np.array(special, dtype), spec.shape)), array).astype(dtype)
    return np.asarray(array)


def _scalar(spec: ScalarSpec, numbers: np.random.Generator, edges: bool) -> Any:
    kind = spec.type
    if isinstance(kind, IntegerType) and kind.width.data == 1:
        return bool(numbers.random() < 0.5)
    if isinstance(kind, IntegerType | IndexType):
        if isinstance(kind, IndexType):  # a size or a position
            return int(numbers.choice((0, 1, 2**31))) if edges else int(numbers.integers(0, 10))
        width = kind.width.data
        special = (0, 1, -1, 2 ** (width - 1) - 1, -(2 ** (width - 1)))
        return int(numbers.choice(special)) if edges else int(numbers.integers(-9, 10))
    if isinstance(kind, Float64Type | Float32Type):
        value = float(numbers.choice((np.nan, np.inf, -np.inf, -0.0, 0.0))) if edges else float(numbers.standard_normal())
        return np.float32(value) if isinstance(kind, Float32Type) else value
    raise PassError(f"no values of type {kind} can be made")


def _difference(one: Any, other: Any, rounds: bool, edges: bool) -> str | None:
    """What differs between two results, or None."""
    if isinstance(one, Exception) or isinstance(other, Exception):
        return None if type(one) is type(other) else "one side raises another exception than the other, or none"
    if isinstance(one, tuple | list):
        for a, b in zip(cast("list[Any]", one), cast("list[Any]", other), strict=True):
            reason = _difference(a, b, rounds, edges)
            if reason is not None:
                return reason
        return None
    a, b = np.asarray(one), np.asarray(other)
    if type(one) is not type(other) and not (
        isinstance(one, np.ndarray | np.generic) and isinstance(other, np.ndarray | np.generic)
    ):
        return f"a {type(one).__name__} became a {type(other).__name__}"
    if a.dtype != b.dtype:
        return f"the dtype {a.dtype} became {b.dtype}"
    if a.shape != b.shape:
        return f"the shape {a.shape} became {b.shape}"
    if rounds:
        return None if edges or _is_close(a, b) else "the values differ by more than rounding"
    return None if _is_same(a, b) else "the values differ"


def _is_close(a: Any, b: Any) -> bool:
    if a.dtype.kind in "biu" or not a.size:
        return bool(np.array_equal(a, b))
    wide = np.complex128 if a.dtype.kind == "c" else np.float64
    first, second = np.asarray(a).astype(wide), np.asarray(b).astype(wide)
    if not np.array_equal(np.isnan(first), np.isnan(second)):
        return False
    finite = np.isfinite(first)
    scale = float(np.max(np.abs(first[finite]), initial=1.0))
    return bool(np.all(np.abs(first - second)[finite] <= _ULPS * _epsilon(a.dtype) * scale))


def _epsilon(dtype: Any) -> float:
    return float(ml_dtypes.finfo(np.dtype(dtype)).eps)


def _is_same(a: Any, b: Any) -> bool:
    """Whether all elements are the same, any NaN like another, zeros by their sign."""
    if a.dtype.kind in "biu":
        return bool(np.array_equal(a, b))
    parts = [(a.real, b.real), (a.imag, b.imag)] if a.dtype.kind == "c" else [(a, b)]
    for first, second in parts:
        nan = np.isnan(first)
        if not np.array_equal(nan, np.isnan(second)):
            return False
        same = (first == second) & (np.signbit(first) == np.signbit(second))
        if not bool(np.all(same | nan)):
            return False
    return True


def _shown(result: Any) -> str:
    if isinstance(result, Exception):
        return f"raises {type(result).__name__}: {result}"
    if isinstance(result, np.ndarray):
        return f"{' '.join(str(result).split())} ({result.dtype}, shape {result.shape})"
    return str(result)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.rstrip().splitlines())
