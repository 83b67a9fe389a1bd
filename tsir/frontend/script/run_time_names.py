"""`getattr(self, f"conv{i}")`: attributes by a name that only the running program knows.

The attributes are those of the object whose names fit what is known of the name; the name of run time chooses among them.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Sequence

from torch import nn
from xdsl.ir import Attribute

from tsir.frontend.script.attribute_stores import attribute_among
from tsir.frontend.script.attributes import get_attribute
from tsir.frontend.script.choices import choice
from tsir.frontend.script.control import choose
from tsir.frontend.script.convert import materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.late_attributes import is_late
from tsir.frontend.script.truth import truth
from tsir.frontend.script.unnamed_attributes import read_unnamed, unnamed_type
from tsir.frontend.script.values import Condition, Const, Object, PyFunction, Run, StaticDict, StaticList, StaticTuple, Value


def attribute_of_name(e: Emitter, holder: Value, name: Value, node: ast.expr, default: Value | None) -> Value | None:
    """`getattr(holder, name)`; None where nothing is known that it could be."""
    from tsir.frontend.script import prelude
    from tsir.frontend.script.calls import call
    from tsir.frontend.script.function_values import is_function
    from tsir.frontend.script.subscripts import Subscript, get_item

    names = _fitting(holder, node)
    unnamed = _unnamed(e, holder, node)
    if not isinstance(holder, Object) or (not names and unnamed is None):
        return None
    positions = StaticDict({n: Const(i) for i, n in enumerate(names)})

    def found() -> Value:
        if unnamed is not None:
            return _among_all(e, holder, name, names, unnamed)
        if any(is_late(holder.info, n) for n in names):
            return attribute_among(e, holder, name, names)
        owner = Const(holder.info.python_class.__name__)
        position = call(e, PyFunction(prelude.position_of_attribute), [positions, name, owner], {})
        options = [get_attribute(e, holder, n) for n in names]
        if all(isinstance(v, Object) or is_function(v) for v in options):
            return choice(e, options, position) if len(options) > 1 else options[0]
        if any(is_function(v) for v in options):
            e.error(f"'{ast.unparse(node)}' may name a method or an attribute", code="TS507")
        return get_item(e, StaticList(tuple(options)), Subscript([position]))

    if default is None:
        return found()
    there = _is_among(e, name, names) if unnamed is None else has_attribute_of_name(e, holder, name, node)
    assert there is not None
    return choose(e, Condition(truth(e, there)), found, lambda: default)


def _among_all(e: Emitter, holder: Object, name: Value, names: Sequence[str], kind: Attribute) -> Value:
    """The attribute of this name: one of those that the program names, or another one of this type."""
    if not names:
        return read_unnamed(e, holder, name, kind)
    first, *others = names
    test = Condition(truth(e, _is_among(e, name, [first])))
    return choose(e, test, lambda: get_attribute(e, holder, first), lambda: _among_all(e, holder, name, others, kind))


def has_attribute_of_name(e: Emitter, holder: Value, name: Value, node: ast.expr) -> Value | None:
    """`hasattr(holder, name)`; None for holders of which it isn't known."""
    if not isinstance(holder, Object):
        return None
    names = _fitting(holder, node)
    always = [n for n in names if not is_late(holder.info, n)]
    if len(always) == len(names) and _unnamed(e, holder, node) is None:
        return _is_among(e, name, names)
    now = Run(e.py("has_attribute", [holder.ssa, materialise(e, name)]))
    return choose(e, Condition(truth(e, _is_among(e, name, always))), lambda: Const(True), lambda: now) if always else now


def _unnamed(e: Emitter, holder: Value, node: ast.expr) -> Attribute | None:
    """The type of an attribute that the program names nowhere, where the expression may name such a one."""
    return (
        unnamed_type(e.session, holder.info.python_class) if isinstance(holder, Object) and ".*" in _pattern(node) else None
    )


def _is_among(e: Emitter, name: Value, names: list[str]) -> Value:
    from tsir.frontend.script.comparisons import compare

    return compare(e, ast.In(), name, StaticTuple(tuple(Const(n) for n in names))) if names else Const(False)


def _fitting(holder: Value, node: ast.expr) -> list[str]:
    """The names of an object's attributes and methods that the expression may give."""
    if not isinstance(holder, Object):
        return []
    pattern = re.compile(_pattern(node))
    own = [n for n in holder.info.attributes if n != "training" and pattern.fullmatch(n)]
    if pattern.pattern == ".*":
        return own
    classes = [c for c in holder.info.python_class.__mro__ if c is not nn.Module]
    methods = [n for c in classes for n, v in vars(c).items() if inspect.isfunction(v) and pattern.fullmatch(n)]
    return list(dict.fromkeys([*own, *methods]))


def _pattern(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return re.escape(text)
        case ast.JoinedStr():
            return "".join(_pattern(v) for v in node.values)
        case ast.BinOp(op=ast.Add()):
            return _pattern(node.left) + _pattern(node.right)
        case _:
            return ".*"


__all__ = ["attribute_of_name", "has_attribute_of_name"]
