"""The arguments of a call expression as values, with `*` and `**` taken apart, and the trees that errors about one of them point at.

Which parameters they are bound to is in `argument_binding.py`; what a built-in's emitter gets is in `call_arguments.py`.
"""

from __future__ import annotations

import ast
import copy
from typing import Any

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import PyOp
from tsir.dialects.ts.structure import CastOp, ConstantOp, DictOp
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.fixed_defaults import fix_if_default
from tsir.frontend.script.object_dicts import plain as plain_dict
from tsir.frontend.script.values import (
    Run,
    Spread,
    StaticDict,
    StaticObject,
    Value,
)
from tsir.ops import python

Keywords = dict[str, Value]


def argument_trees(node: ast.Call, args: list[Value], kwargs: Keywords) -> list[tuple[Value, ast.AST]]:
    """The trees of a call's arguments. One value that is passed twice is made two, so that each has its own."""
    trees: list[tuple[Value, ast.AST]] = []
    holders: list[tuple[list[Value] | Keywords, Any, ast.AST]] = []
    if not any(isinstance(a, ast.Starred) for a in node.args):
        holders += [(args, i, a) for i, a in enumerate(node.args)]
    holders += [(kwargs, k.arg, k.value) for k in node.keywords if k.arg is not None]
    for holder, key, tree in holders:
        value = holder[key]
        if any(known is value for known, _ in trees):
            value = holder[key] = copy.copy(value)
        trees.append((value, tree))
    return trees


def evaluate_arguments(e: Emitter, node: ast.Call, *, takes_sizes: bool = False) -> tuple[list[Value], Keywords]:
    """The arguments of a call, `*` and `**` taken apart. Where it takes sizes they become one list if their number isn't known."""
    from tsir.frontend.script.expressions import evaluated_elements, joined_lists

    found = evaluated_elements(e, node.args)
    if takes_sizes and any(tree is not None for _, tree in found):
        args = [joined_lists(e, found, ts.INT)]
    else:
        args = [v if tree is None else Spread(v) for v, tree in found]
    kwargs: Keywords = {}
    for keyword in node.keywords:
        value = plain_dict(e, e.expression(keyword.value))
        if keyword.arg is not None:
            kwargs[keyword.arg] = value
        elif isinstance(value, StaticDict | StaticObject) and value.items is not None:
            kwargs |= value.items
        elif (literal := _literal_items(e, value)) is not None:
            kwargs |= literal
        else:
            fix_if_default(e, keyword.value, value)
            e.error(
                f"only a dict that is known while compiling can be passed with **, not a {e.show(value)}",
                node=keyword.value,
                hint="pass the arguments by name, one by one",
                code="TS402",
            )
    return args, kwargs


def _literal_items(e: Emitter, value: Value) -> Keywords | None:
    """The items of a dict literal with constant keys that nothing has changed since."""
    owner = value.ssa.owner if isinstance(value, Run) else None
    if not isinstance(owner, DictOp) or any(
        not isinstance(u.operation, PyOp) or _mutates(u.operation) for u in owner.result.uses
    ):
        return None
    keys = [k.owner.value if isinstance(k.owner, ConstantOp) else None for k in owner.items[::2]]
    names = [k.data for k in keys if isinstance(k, StringAttr)]
    values = [e.session.object_or_run(_before_casts(v)) for v in owner.items[1::2]]
    return dict(zip(names, values, strict=True)) if len(names) == len(keys) else None


def _before_casts(value: SSAValue) -> SSAValue:
    """The value under the type that it had before it became one of several types of items."""
    while isinstance(value.owner, CastOp) and isinstance(
        value.type, ts.NumberType | ts.UnionType | ts.OptionalType | ts.AnyType
    ):
        value = value.owner.operands[0]
    return value


def _mutates(op: PyOp) -> bool:
    row = python.lookup(op.FUNCTION)
    return row is None or row.mutates
