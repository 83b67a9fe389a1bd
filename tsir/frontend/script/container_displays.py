"""Lists and dicts that the program writes out, and empty ones, whose type their first use decides."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xdsl.ir import Attribute, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import DictOp, ListOp
from tsir.frontend.script.convert import coerce, held
from tsir.frontend.script.decided import key_of_literal
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.keyed_types import note_display
from tsir.frontend.script.keys import as_key, is_compared
from tsir.frontend.script.type_relations import join_types
from tsir.frontend.script.values import (
    Run,
    Value,
)

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session


def empty_list(session: Session, e: Emitter, want: Attribute | None, place: Any) -> Value:
    """`[]`: of the type that is wanted; else of tensors, until something else is put in. `place`: where it is made, if not here."""
    known = isinstance(want, ts.ListType)
    kind = want if isinstance(want, ts.ListType) else opened(session, e, ts.ListType(ts.TensorType()), place)
    result = e.emit(ListOp([], kind))
    if not known:
        assume(session, result)
    return Run(result)


def empty_dict(session: Session, e: Emitter, want: Attribute | None, place: Any) -> Value:
    """`{}`: of the type that is wanted; else from str to tensors, until something else is put in."""
    known = isinstance(want, ts.DictType)
    assumed = ts.DictType(ts.StrType(), ts.TensorType())
    kind = ts.DictType(want.key, want.value) if isinstance(want, ts.DictType) else opened(session, e, assumed, place)
    result = e.emit(DictOp([], kind))
    if not known:
        assume(session, result)
    return Run(result)


def opened(session: Session, e: Emitter, assumed: Attribute, place: Any) -> Attribute:
    """The type of an empty container that is made at a place, or here, of which only this is assumed."""
    return session.decisions.opened(session, place or key_of_literal(e), assumed)


def assume(session: Session, result: SSAValue) -> None:
    """Lets the first use of an empty container decide its type, unless that is open or known from what else the program does."""
    if not session.decisions.opening:
        session.assumed.add(result)


def dict_of(session: Session, e: Emitter, items: Sequence[tuple[Value, Value]], want: Attribute | None) -> Value:
    """A new dict of these items."""
    if any(is_compared(k) for k, _ in items):
        return _put_in(session, e, items, want)
    items = [(as_key(e, k), held(e, v)) for k, v in items]
    if isinstance(want, ts.DictType):
        key, value = want.key, want.value
    else:
        key, value = (_common(session, e, [pair[i] for pair in items]) for i in (0, 1))
    tree = e.node if isinstance(e.node, ast.Dict) and len(e.node.keys) == len(items) else None
    parts: list[SSAValue] = []
    for i, (k, v) in enumerate(items):
        with e.at(tree.keys[i] if tree is not None else None):
            parts.append(coerce(e, k, key, "a key of this dict"))
        with e.at(tree.values[i] if tree is not None else None):
            parts.append(coerce(e, v, value, "a value of this dict"))
    result = e.emit(DictOp(parts, ts.DictType(key, value)))
    note_display(e, result, [k for k, _ in items], [session.type_of(v) for _, v in items])
    session.literals.add(result)
    return Run(result)


def _put_in(session: Session, e: Emitter, items: Sequence[tuple[Value, Value]], want: Attribute | None) -> Value:
    """A new dict of these items, put in one by one: what keys are equal their `__eq__` decides."""
    items = [(k, held(e, v)) for k, v in items]
    kinds = [_common(session, e, [pair[i] for pair in items]) for i in (0, 1)]
    result = e.emit(DictOp([], want if isinstance(want, ts.DictType) else ts.DictType(kinds[0], kinds[1])))
    assert isinstance(result.type, ts.DictType)
    for k, v in items:
        key = coerce(e, as_key(e, k, result), result.type.key, "a key of this dict")
        e.py("setitem", [result, key, coerce(e, v, result.type.value, "a value of this dict")])
    return Run(result)


def _common(session: Session, e: Emitter, values: Sequence[Value]) -> Attribute:
    found: Attribute | None = None
    for value in values:
        kind = session.type_of(value)
        if kind is None:
            e.error(f"a {e.show(value)} can't be an item of a dict", value=value, code="TS501")
        found = kind if found is None else join_types(found, kind)
    return found or ts.TensorType()
