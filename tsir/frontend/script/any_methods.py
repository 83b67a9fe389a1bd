"""Methods of values of which only run time says what they are (`Any`): a branch for each type that has a method of that name."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence

import torch
from xdsl.ir import Attribute, BlockArgument, OpResult, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import PyOp
from tsir.dialects.ts.structure import IsInstanceOp
from tsir.frontend.script.constructs import end_of
from tsir.frontend.script.convert import list_of, materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.expected import expecting_types
from tsir.frontend.script.raising import raise_error
from tsir.frontend.script.values import Condition, Const, Run, Value
from tsir.ops import python
from tsir.passes.facts import strip_casts

_ANY = ts.AnyType()
_CONTAINERS = (ts.ListType, ts.DictType, ts.SetType)
_KINDS: tuple[Attribute, ...] = (ts.ListType(_ANY), ts.StrType(), ts.DictType(_ANY, _ANY), ts.SetType(_ANY))


def call_method_of_any(
    e: Emitter, receiver: SSAValue, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]
) -> Value | None:
    """`receiver.name(...)` of a value of type Any; None where no type that it may be of has such a method."""
    count = 1 + len(args) + len(kwargs)
    rows = [(k, row) for k in _KINDS if (row := python.method(k, name)) is not None and row.accepts(count)]
    if any(row.mutates for _, row in rows) and _is_given(receiver):
        return None  # what comes in as Any is a copy: the caller wouldn't see the change
    kinds = [k for k, _ in rows]
    if hasattr(torch.Tensor, name) and not kinds:
        kinds.append(ts.TensorType())
    return _among(e, receiver, kinds, name, args, kwargs) if kinds else None


def property_of_any(e: Emitter, receiver: SSAValue, name: str) -> Value | None:
    """A property of tensors (`shape`, `T`) of a value of type Any, which is a tensor then; None for other names."""
    from tsir.frontend.script.attributes import get_attribute
    from tsir.frontend.script.control import emit_branch

    if not inspect.isdatadescriptor(getattr(torch.Tensor, name, None)) or name in ("real", "imag"):
        return None
    test = Condition(e.emit(IsInstanceOp(receiver, [ts.TensorType()])))
    emit_branch(e, test, lambda: None, lambda: _no_attribute(e, receiver, name), end_of(e.node or e.source.node))
    return get_attribute(e, e.session.object_or_run(e.cast(receiver, ts.TensorType())), name)


def _no_attribute(e: Emitter, receiver: SSAValue, name: str) -> None:
    """`raise AttributeError` with Python's words."""
    parts: list[Value] = [Const("'"), Run(e.py("exception_name", [receiver])), Const(f"' object has no attribute '{name}'")]
    raise_error(e, "AttributeError", Run(e.py("str_join", [materialise(e, Const("")), list_of(e, parts)])))


def _is_given(value: SSAValue) -> bool:
    """Whether a value is an argument of the function (or what a loop carries), or an item of one."""
    value = strip_casts(value)
    while isinstance(value, OpResult) and isinstance(value.op, PyOp) and value.op.FUNCTION == "getitem":
        value = strip_casts(value.op.operands[0])
    return isinstance(value, BlockArgument)


def _among(
    e: Emitter, receiver: SSAValue, kinds: Sequence[Attribute], name: str, args: Sequence[Value], kwargs: Mapping[str, Value]
) -> Value:
    from tsir.frontend.script.control import choose
    from tsir.frontend.script.method_calls import call_method

    if not kinds:
        _no_attribute(e, receiver, name)
        return Const(None)
    test = Condition(e.emit(IsInstanceOp(receiver, [kinds[0]])))

    def of_kind() -> Value:
        with expecting_types(e):
            found = call_method(e, e.session.object_or_run(e.cast(receiver, kinds[0])), name, args, kwargs)
        several = len(kinds) > 1 and isinstance(found, Run) and isinstance(found.type, _CONTAINERS)
        return Run(e.cast(materialise(e, found), _ANY)) if several else found

    return choose(e, test, of_kind, lambda: _among(e, receiver, kinds[1:], name, args, kwargs))


__all__ = ["call_method_of_any", "property_of_any"]
