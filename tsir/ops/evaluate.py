"""Running operators' bodies: for the types of their results (`infer`) and to emit their lowering (`emit`).

Arguments are, in the schema's order: `SymTensor`; Python numbers, strings, bools, None; `SymInt` and `SymScalar` for numbers
known at run time; `DType`; lists of these. Results come as a tuple, one for each of the schema's returns (`Tensor[]` is a list).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tsir.dialects import dtypes
from tsir.errors import OperatorError, OperatorNotImplementedError, OperatorTypeError, TsirError
from tsir.ops.builder import Builder, run_with
from tsir.ops.out_dtypes import converts
from tsir.ops.promotion import can_cast
from tsir.ops.registry import OpDef, operator
from tsir.ops.sizes import CannotLower, ShapeEnv, SymInt
from tsir.ops.tensor import SymScalar, SymTensor, dtype_label

Results = tuple[Any, ...]

_COMPUTED_IN_RESULT = frozenset(("sum", "nansum", "prod", "cumsum", "cumprod"))
"""Operators that compute in the dtype of the tensor that they write; their last argument is `dtype`."""

_MEMO_LIMIT = 1 << 15
_memo: dict[tuple[Any, ...], Results] = {}


def forget() -> None:
    """Forgets what `infer` has found: the default dtype has changed."""
    _memo.clear()


class _NotStatic(Exception):
    """An argument whose types depend on the environment of sizes, so that the result can't be shared."""


def infer(op: OpDef | str, arguments: Sequence[Any], env: ShapeEnv | None = None) -> Results:
    """The results' types: `SymTensor`s and `SymScalar`s without values, and constants where they follow from types.

    Raises `OperatorError` and its kin where torch would raise, `CannotLower` when the types don't suffice to tell, and
    `NeedsConstant` when a run-time number would have to be known. Memoised for types without symbolic sizes. For a host
    operator a result may be None: nothing is known about it.
    """
    found = _resolve(op)
    try:
        key = (found.key, *[_key(a) for a in arguments])
        known = _memo.get(key)
        if known is not None:
            return known
    except _NotStatic:
        key = None
    builder = Builder(env)
    results = run_with(builder, _run, (found, arguments))
    if key is not None and not any(_is_symbolic(r) for r in results):
        if len(_memo) >= _MEMO_LIMIT:
            _memo.clear()
        _memo[key] = results
    return results


def emit(op: OpDef | str, arguments: Sequence[Any], builder: Builder) -> Results:
    """Emits the operator's lowering at the builder's insertion point; the results carry SSA values.

    Raises as `infer` does, and `CannotLower` for a host operator; operations emitted until then are left for the caller to
    erase. The results of an in-place or `out=` form are the new value of the argument that it writes.
    """
    found = _resolve(op)
    if found.kind == "host":
        raise CannotLower(f"{found.key} is a host operator")
    return run_with(builder, _run, (found, arguments))


def _resolve(op: OpDef | str) -> OpDef:
    if isinstance(op, OpDef):
        return op
    found = operator(op)
    if found is None:
        raise TsirError(f"unknown operator {op!r}")
    return found


def _run(op: OpDef, arguments: Sequence[Any]) -> Results:
    if len(arguments) != len(op.schema.arguments):
        raise TsirError(f"{op.key} takes {len(op.schema.arguments)} arguments, found {len(arguments)}: {op.schema}")
    match op.kind:
        case "inplace" if op.functional is not None and op.functional.schema is not op.schema:
            result = op.body(*_of_written_dtype(op, arguments, arguments[0]))
            return (_written(op, result, arguments[0], same_shape=True),)
        case "out" if op.functional is not None and len(op.functional.schema.arguments) == len(arguments) - 1:
            result = op.body(*_of_written_dtype(op, arguments[:-1], arguments[-1]))
            return (_written(op, result, arguments[-1], same_shape=False),)
        case _:
            result = op.body(*arguments)
    if not op.schema.returns:
        return ()
    if len(op.schema.returns) == 1:
        return (result,)
    return tuple(result)


def _of_written_dtype(op: OpDef, arguments: Sequence[Any], target: SymTensor) -> Sequence[Any]:
    """The arguments; where torch computes in the dtype of the tensor that is written, with that for a `dtype` of None."""
    name = op.schema.name.removesuffix("_")
    if name not in _COMPUTED_IN_RESULT or (op.functional is not None and op.functional.key in ("sum", "prod")):
        return arguments
    if target.dtype is dtypes.bool_ and name.startswith("cum"):
        raise OperatorNotImplementedError(f"\"{name}_out_cpu\" not implemented for 'Bool'")
    if arguments[-1] is None:
        return [*arguments[:-1], target.dtype]
    if arguments[-1] is not target.dtype:
        given, found = dtype_label(arguments[-1]), dtype_label(target.dtype)
        raise OperatorError(f"Expected out tensor to have dtype {given}, but got {found} instead")
    return arguments


def _written(op: OpDef, result: SymTensor, target: SymTensor, *, same_shape: bool) -> SymTensor:
    """The value that an in-place or `out=` form writes into `target`."""
    from tsir.ops.core.elementwise import convert

    if not can_cast(result.dtype, target.dtype):
        message = f"can't be cast to the desired output type {dtype_label(target.dtype)}"
        if op.schema.name in ("cat", "concat", "concatenate") or op.schema.name.endswith("stack"):
            raise OperatorTypeError(f"torch.cat(): input types {message}")
        raise OperatorError(f"result type {dtype_label(result.dtype)} {message}")
    own = op.functional
    if op.kind == "out" and own is not None and result.dtype is not target.dtype and not converts(own.key):
        given, found = dtype_label(result.dtype), dtype_label(target.dtype)
        raise OperatorError(f"Expected out tensor to have dtype {given}, but got {found} instead")
    if same_shape and (
        len(result.shape) != len(target.shape) or not all(a == b for a, b in zip(result.shape, target.shape, strict=True))
    ):
        raise OperatorError(f"output with shape {list(target.shape)} doesn't match the broadcast shape {list(result.shape)}")
    return convert(result, target.dtype)


def _key(argument: Any) -> Any:
    kind = type(argument)
    if kind is SymTensor:
        shape = argument.shape
        for size in shape:
            if type(size) is SymInt:
                raise _NotStatic
        return (argument.dtype, shape)
    if kind is SymScalar:
        return ("scalar", argument.kind)
    if kind is SymInt:
        raise _NotStatic
    if kind is list or kind is tuple:
        return tuple([_key(a) for a in argument])
    if kind is float and argument != argument:
        return (float, "nan")
    return (kind, argument)


def _is_symbolic(result: Any) -> bool:
    if isinstance(result, SymTensor):
        return any(isinstance(size, SymInt) for size in result.shape)
    if isinstance(result, list | tuple):
        return any(_is_symbolic(r) for r in result)
    return isinstance(result, SymInt)
