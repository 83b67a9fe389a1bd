"""What an operation does beside computing its results: what it writes, whether it draws random numbers, whether it may raise.

These are facts about single operations, from their schema, their family or their traits. Which values share memory, and so
which operations may be removed or merged in a given function, is the passes' work (`passes/memory.py`). What a `ts.py`
function does stands in the table of these functions (`ops/python.py`), which is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from xdsl.dialects.arith import ConstantOp as ArithConstantOp
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, MemRefType
from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.ir import Attribute, Operation, OpResult, SSAValue
from xdsl.traits import NoMemoryEffect

from tsir.dialects.traversal import walk
from tsir.dialects.ts import structure
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import AtenOp, PyOp


class PyFlags(Protocol):
    """What a `ts.py` function does; `ops/python.py`'s rows are of this form."""

    @property
    def raises(self) -> bool: ...
    @property
    def mutates(self) -> bool: ...
    @property
    def effect(self) -> bool: ...
    @property
    def fresh(self) -> bool: ...


PyTable = Callable[[str], PyFlags | None]
"""Gives what is known about a `ts.py` function; None for an unknown one, which then may do anything."""

RANDOM: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys((
        "rand", "randn", "randint", "randperm", "rand_like", "randn_like", "randint_like", "normal", "bernoulli", "multinomial",
        "poisson", "binomial", "uniform", "random", "exponential", "geometric", "cauchy", "log_normal", "seed", "manual_seed",
        "_standard_gamma", "_sample_dirichlet", "normal_functional", "_fused_dropout", "fractional_max_pool2d",
    ), ()),
    **dict.fromkeys(("dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout", "native_dropout"), ("p", "train")),
    **dict.fromkeys(("rrelu", "rrelu_with_noise"), ("training",)),
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), ("dropout", "train")),
    "scaled_dot_product_attention": ("dropout_p",),
}  # fmt: skip
"""Operators that draw random numbers (in-place forms too); not when one of the named arguments is the constant 0 or False."""

HIDDEN_WRITES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        ("batch_norm", "native_batch_norm", "cudnn_batch_norm", "_batch_norm_impl_index"),
        ("training", ("running_mean", "running_var")),
    ),
    "instance_norm": ("use_input_stats", ("running_mean", "running_var")),
}
"""Operators that write arguments which their schema doesn't mark: not when the flag is the constant False."""

ITSELF = frozenset({
    "to", "contiguous", "type_as", "real", "conj", "resolve_conj", "resolve_neg", "positive", "atleast_1d", "atleast_2d", "atleast_3d",
    "dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout", "flatten", "requires_grad_", "as_tensor", "cpu", "float",
    "double", "half", "long", "int", "short", "bool", "type", "bfloat16", "rrelu", "meshgrid", "broadcast_tensors", "index",
    "conj_physical",
})  # fmt: skip
"""Operators that may give an argument itself, where others with results that share memory give a view of it: another object."""

_UNOBSERVABLE = (
    structure.ConstantOp, structure.ListOp, structure.TupleOp, structure.TupleGetOp, structure.UnpackOp, structure.DictOp,
    structure.GetAttrOp, structure.NewOp, structure.CastOp, structure.IsInstanceOp, structure.TruthOp,
    structure.UninitializedOp, structure.ToValueOp, structure.ToReferenceOp, structure.ExceptionOp,
)  # fmt: skip
"""Structural operations that write nothing."""

_FRESH = (structure.ListOp, structure.DictOp, structure.NewOp, structure.ExceptionOp)

_CHECKS = frozenset({"linalg_ext.check", "cf.assert"})
_RAISING_EXTENSIONS = frozenset({"linalg_ext.gather", "linalg_ext.scatter", "linalg_ext.bincount", *_CHECKS})

_VALUE_DIALECTS = frozenset({"arith", "math", "complex", "tensor", "linalg", "linalg_ext", "index", "affine", "scf", "cf"})
"""Dialects whose operations compute values from values, or only contain others; they raise nothing but for the above."""

_INERT = frozenset({"builtin.module", "func.func", "func.return"})

_references: dict[Attribute, bool] = {}


def is_reference(type_: Attribute) -> bool:
    """Whether values of a type refer, or may refer, to memory that can be written: tensors, containers, objects."""
    found = _references.get(type_)
    if found is None:
        match type_:
            case ts.OptionalType():
                found = is_reference(type_.element)
            case ts.UnionType():
                found = any(map(is_reference, type_.members.data))
            case ts.TupleType() | ts.NamedTupleType():
                found = any(map(is_reference, type_.elements.data))
            case _:
                found = isinstance(
                    type_,
                    ts.TensorType | ts.ListType | ts.SetType | ts.DictType | ts.DequeType | ts.ClassType | ts.AnyType | ts.FutureType
                    | ts.GeneratorType,
                )  # fmt: skip
        _references[type_] = found
    return found


def is_random(op: Operation) -> bool:
    """Whether an operation draws random numbers: then it is neither removed, merged nor moved."""
    if not isinstance(op, AtenOp):
        return False
    switches = RANDOM.get(op.SCHEMA.name.removesuffix("_"))
    if switches is None:
        return any(a.type.base == "Generator" for a in op.SCHEMA.arguments)
    return not any(_is_off(argument) for name in switches if (argument := _argument(op, name)) is not None)


def written_operands(op: Operation) -> Iterator[SSAValue]:
    """The operands whose memory an operation of the `ts` dialect writes itself (calls aside)."""
    if isinstance(op, AtenOp):
        for operand, argument in zip(op.operands, op.SCHEMA.arguments, strict=False):
            if argument.type.is_write and is_reference(operand.type):
                yield operand
        hidden = HIDDEN_WRITES.get(op.SCHEMA.name)
        if hidden is not None:
            switch = _argument(op, hidden[0])
            if switch is None or not _is_off(switch):
                for name in hidden[1]:
                    operand = _argument(op, name)
                    if operand is not None and is_reference(operand.type):
                        yield operand
    elif isinstance(op, structure.SetAttrOp):
        yield op.object


def aliased_operands(op: AtenOp, result: int) -> Iterator[SSAValue]:
    """The operands that a result of an ATen operation may be a view of, or is."""
    if is_dropping(op):
        return
    if op.SCHEMA.key == "index.Tensor" and _may_select(op.operands[1]):
        yield op.operands[0]
    returns = op.SCHEMA.returns
    alias = returns[min(result, len(returns) - 1)].alias if returns else None
    if alias is not None:
        for operand, argument in zip(op.operands, op.SCHEMA.arguments, strict=False):
            if argument.type.alias == alias:
                yield operand


def is_laid_out(op: Operation) -> bool:
    """Whether an operation puts the dimensions of a fresh tensor that nothing else reads in order: it gives it, or a copy."""
    return isinstance(op, AtenOp) and op.SCHEMA.key in ("_in_order", "_in_order_of")


def may_be_itself(op: AtenOp) -> bool:
    """Whether the result of an operation that shares memory with an operand may be that operand."""
    return op.SCHEMA.name in ITSELF


def _may_select(indices: SSAValue) -> bool:
    """Whether a tensor whose rank isn't known may be an index: if it is a single integer, eager indexing gives a view."""
    made = indices.owner
    if not isinstance(made, structure.ListOp):
        return True
    kinds = [
        element.owner.value.type if isinstance(element.owner, structure.CastOp) else element.type
        for element in made.elements
    ]
    return any(
        k.dims is None if isinstance(k, ts.TensorType) else isinstance(k, ts.OptionalType | ts.AnyType) for k in kinds
    )


def is_dropping(op: AtenOp) -> bool:
    """Whether an operation is dropout in training for certain, whose result is fresh."""
    if not op.SCHEMA.name.endswith("dropout"):
        return False
    train, p = _argument(op, "train"), _argument(op, "p")
    return train is not None and p is not None and _is_on(train) and _is_on(p)


def allocates(op: Operation, python: PyTable) -> bool:
    """Whether an operation makes a new mutable container or object: two equal ones aren't the same."""
    if isinstance(op, PyOp):
        flags = python(op.FUNCTION)
        return flags is None or flags.fresh
    return isinstance(op, _FRESH)


def computes_values(op: Operation) -> bool:
    """Whether an operation, as all of its class, only computes values from values: it has no effect, and no part in memory."""
    known = _computes_values.get(type(op))
    if known is None:
        known = op.dialect_name() in ("arith", "math", "complex") and op.name not in _CHECKS
        _computes_values[type(op)] = known
    return known


_computes_values: dict[type[Operation], bool] = {}


def writes(op: Operation, python: PyTable) -> bool:
    """Whether an operation, or one in its regions, changes something beside its results.

    That is memory, the state of a random generator, the console, or the control flow by a `raise` or a check on purpose.
    Calls may do everything.
    """
    return any(_writes(inner, python) for inner in (walk(op) if op.regions else (op,)))


def _writes(op: Operation, python: PyTable) -> bool:
    match op:
        case AtenOp():
            schema = op.SCHEMA
            return schema.mutates or not schema.returns or is_random(op) or any(True for _ in written_operands(op))
        case PyOp():
            flags = python(op.FUNCTION)
            return flags is None or flags.mutates or flags.effect
        case _ if isinstance(op, _UNOBSERVABLE):
            return False
        case _ if op.dialect_name() in _VALUE_DIALECTS:
            return op.name in _CHECKS or any(isinstance(o, MemRefType) for o in op.operand_types)
        case _:
            return op.name not in _INERT and not op.has_trait(NoMemoryEffect, value_if_unregistered=False)


def may_raise(op: Operation, python: PyTable) -> bool:
    """Whether an operation, or one in its regions, may raise an exception for some operands of its types."""
    return any(_may_raise(inner, python) for inner in (walk(op) if op.regions else (op,)))


def _may_raise(op: Operation, python: PyTable) -> bool:
    match op:
        case PyOp():
            flags = python(op.FUNCTION)
            return flags is None or flags.raises
        case structure.UnpackOp():
            return not isinstance(op.value.type, ts.TupleType | ts.NamedTupleType)
        case structure.TruthOp() if isinstance(op.value.type, BuiltinTensorType):
            return any(size != 1 for size in op.value.type.get_shape())
        case structure.TruthOp():
            return is_reference(op.value.type) and not isinstance(
                op.value.type, ts.ListType | ts.DictType | ts.SetType | ts.DequeType
            )
        case structure.GetAttrOp():
            return structure.LATE in op.attributes
        case _ if isinstance(op, _UNOBSERVABLE):
            return False
        case _ if op.dialect_name() in _VALUE_DIALECTS:
            return op.name in _RAISING_EXTENSIONS
        case _:
            return op.name not in _INERT


def is_pure(op: Operation, python: PyTable) -> bool:
    """Whether an operation does nothing but compute its results from its operands and from what they refer to.

    It may then be dropped when its results aren't used, and be repeated while nothing writes that memory. It may still raise
    (`may_raise`), and its results may be new objects (`allocates`).
    """
    return not writes(op, python)


def _argument(op: AtenOp, name: str) -> SSAValue | None:
    for operand, argument in zip(op.operands, op.SCHEMA.arguments, strict=False):
        if argument.name == name:
            return operand
    return None


def _is_on(value: SSAValue) -> bool:
    """Whether a value is a constant other than False and 0."""
    return isinstance(value, OpResult) and isinstance(value.op, ArithConstantOp) and not _is_off(value)


def _is_off(value: SSAValue) -> bool:
    """Whether a value is the constant False, 0 or 0.0."""
    if not isinstance(value, OpResult) or not isinstance(value.op, ArithConstantOp):
        return False
    constant = value.op.value
    return isinstance(constant, IntegerAttr | FloatAttr) and not constant.value.data
