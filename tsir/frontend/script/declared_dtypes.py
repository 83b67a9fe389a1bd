"""Parameters and variables that are declared `int` and hold dtypes.

torch.jit has dtypes as ints, so TorchScript programs declare `dtype: Optional[int]`. Here a dtype is a value of its own: what the
program passes for such a parameter, or uses it as, says that it is one, and the compile starts again with that (`decided`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xdsl.dialects import scf
from xdsl.ir import Attribute, Block, OpResult, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import CastOp
from tsir.frontend.script.decided import Key, key_of
from tsir.frontend.script.type_relations import members
from tsir.frontend.script.values import Value

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session
    from tsir.frontend.script.emitter import Emitter
    from tsir.frontend.script.signatures import Signature

_DTYPE = ts.DTypeType()
_RESULT = "return"


def with_dtype(kind: Attribute) -> Attribute:
    """A type with a dtype in place of the int that stands for one."""
    return ts.union_of([_DTYPE if m == ts.INT else m for m in members(kind)])


def stands_for_dtype(e: Emitter, value: Value, declared: Attribute | None) -> bool:
    """Whether a value is a dtype where an int is declared."""
    if declared is None or ts.INT not in (wanted := members(declared)) or _DTYPE in wanted:
        return False
    kind = e.session.type_of(value)
    return kind is not None and _DTYPE in members(kind)


def decided_signature(session: Session, function: Any, signature: Signature) -> Signature:
    """A function's signature, with dtypes where the program was found to have them."""
    if not session.decisions.has_dtypes:
        return signature
    parameters = tuple(
        replace(p, type=with_dtype(p.type)) if p.type is not None and _is_decided(session, function, p.name) else p
        for p in signature.parameters
    )
    result = signature.result
    if result is not None and _is_decided(session, function, _RESULT):
        result = with_dtype(result)
    return replace(signature, parameters=parameters, result=result)


def _is_decided(session: Session, function: Any, name: str) -> bool:
    return session.decisions.of(session, ("dtype", key_of(function, name))) is not None


def note_passed(e: Emitter, function: Any, signature: Signature, bound: Mapping[str, Value]) -> None:
    """Decides the parameters that get dtypes. Raises Redecided for new ones."""
    for p in signature.parameters:
        if stands_for_dtype(e, bound[p.name], p.type):
            _decide(e.session, key_of(function, p.name))


def note_returned(e: Emitter, value: Value) -> None:
    """The same of the result of the function that is being compiled."""
    if stands_for_dtype(e, value, e.return_type):
        _decide(e.session, key_of(e.source.function, _RESULT))


def note_used(e: Emitter, values: list[Any], takes: Callable[[list[Any]], bool]) -> None:
    """Decides the parameters behind the operands of a call that no overload takes as they are, if one takes them as dtypes."""
    behind = [set(_parameters(e.session, v)) if isinstance(v, SSAValue) else set[Key]() for v in values]
    found = {k for keys in behind for k in keys}
    if not found:
        return
    dummies = [v if not keys else _dummy(with_dtype(v.type)) for v, keys in zip(values, behind, strict=True)]
    if takes(dummies):
        _decide(e.session, min(found))


def _decide(session: Session, key: Key) -> None:
    session.decisions.has_dtypes = True
    session.decisions.decide(session, ("dtype", key), _DTYPE)


def _dummy(kind: Attribute) -> SSAValue:
    return Block(arg_types=[kind]).args[0]


def _parameters(session: Session, value: SSAValue) -> Iterator[Key]:
    """The parameters declared as ints that a value may be."""
    if ts.INT not in members(value.type):
        return
    if (key := session.int_parameters.get(value)) is not None:
        yield key
    elif isinstance(value.owner, CastOp):
        yield from _parameters(session, value.owner.value)
    elif isinstance(value, OpResult) and isinstance(value.op, scf.IfOp):
        for region in (value.op.true_region, value.op.false_region):
            last = region.block.last_op
            if isinstance(last, scf.YieldOp):
                yield from _parameters(session, last.operands[value.index])
