"""`getattr(self, f"conv{i}")`: attributes by a name that only the running program knows.

The attributes are those of the object whose names fit what is known of the name; the name of run time chooses among them.
"""

from __future__ import annotations

import ast
import inspect
import re

from torch import nn

from tsir.frontend.script.attribute_stores import attribute_among
from tsir.frontend.script.attributes import get_attribute
from tsir.frontend.script.choices import choice
from tsir.frontend.script.control import choose
from tsir.frontend.script.convert import materialise, truth
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.late_attributes import is_late
from tsir.frontend.script.values import Condition, Const, Object, PyFunction, Run, StaticDict, StaticList, StaticTuple, Value


def attribute_of_name(e: Emitter, holder: Value, name: Value, node: ast.expr, default: Value | None) -> Value | None:
    """`getattr(holder, name)`; None where nothing is known that it could be."""
    from tsir.frontend.script import prelude
    from tsir.frontend.script.calls import call
    from tsir.frontend.script.function_values import is_function
    from tsir.frontend.script.subscripts import Subscript, get_item

    names = _fitting(holder, node)
    if not isinstance(holder, Object) or not names:
        return None
    positions = StaticDict({n: Const(i) for i, n in enumerate(names)})

    def found() -> Value:
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
    return choose(e, Condition(truth(e, _is_among(e, name, names))), found, lambda: default)


def has_attribute_of_name(e: Emitter, holder: Value, name: Value, node: ast.expr) -> Value | None:
    """`hasattr(holder, name)`; None for holders of which it isn't known."""
    if not isinstance(holder, Object):
        return None
    names = _fitting(holder, node)
    always = [n for n in names if not is_late(holder.info, n)]
    if len(always) == len(names):
        return _is_among(e, name, names)
    now = Run(e.py("has_attribute", [holder.ssa, materialise(e, name)]))
    return choose(e, Condition(truth(e, _is_among(e, name, always))), lambda: Const(True), lambda: now) if always else now


def _is_among(e: Emitter, name: Value, names: list[str]) -> Value:
    from tsir.frontend.script.operators import compare

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
