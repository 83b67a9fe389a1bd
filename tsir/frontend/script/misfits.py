"""What is said of a value that isn't of the type that is wanted: found and expected, where it was declared, and what to write."""

from __future__ import annotations

import ast
import types
from typing import Any, NoReturn

import torch
from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.type_names import show_type
from tsir.errors import FrontendError, SourceLocation
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.none_defaults import expect
from tsir.frontend.script.type_relations import Tuples, is_subtype, members
from tsir.frontend.script.values import (
    StaticTuple,
    Value,
)


def refuse_conversion(e: Emitter, value: Value, wanted: Attribute, what: str, declared: SourceLocation | None) -> NoReturn:
    expect(e, value, wanted)
    kind = e.session.type_of(value)
    shown = e.show(value)
    hint = None
    if kind is not None and any(is_subtype(e, m, wanted) for m in members(kind)):
        no_none = ts.NONE in members(kind) and ts.NONE not in members(wanted)
        hint = "check that it isn't None first" if no_none else "check with isinstance() first"
    elif isinstance(kind, ts.AnyType):
        hint = "check with isinstance() first"
    elif isinstance(kind, ts.TensorType) and wanted in (ts.INT, ts.FLOAT, ts.BOOL):
        hint = f"write {show_type(wanted)}(...) to take the number out of the tensor"
    if hint is None and kind is not None and what.startswith(("list.append()", "list.insert()")):
        both = f"for a list of both, annotate it: `List[Union[{show_type(wanted)}, {show_type(kind)}]]`"
        made_empty = isinstance(wanted, ts.TensorType)
        hint = f"where it is made empty, annotate it: `List[{show_type(kind)}]`; {both}" if made_empty else both
    elif hint is None and kind == ts.NONE:
        hint = f"annotate it `Optional[{show_type(wanted)}]` where it may be None"
    elif hint is None and kind is not None:
        hint = _conversion_hint(kind, wanted)
    code = "TS403" if what.startswith("argument ") else "TS302" if what == RESULT_OF_FUNCTION else "TS301"
    notes = () if declared is None else ((f"{show_type(wanted)} is expected because of this", declared),)
    message = f"{what} expects {show_type(wanted)}, found {shown}{_misfit(e, value, kind, wanted)}"
    try:
        e.error(message, node=_misfit_node(e, value, wanted), value=value, hint=hint, code=code, notes=notes)
    except FrontendError as error:
        error.misfit = None if kind is None else (wanted, kind)
        raise


def _conversion_hint(kind: Attribute, wanted: Attribute) -> str | None:
    """How to make a value of one type from one of another, where there is an obvious way."""
    numbers = (ts.INT, ts.FLOAT, ts.BOOL)
    match kind, wanted:
        case _, ts.StrType() if kind in numbers:
            return "write str(...) to make a text of it"
        case ts.StrType(), _ if wanted in (ts.INT, ts.FLOAT):
            return f"write {show_type(wanted)}(...) to read the number in the text"
        case _ if kind == ts.FLOAT and wanted == ts.INT:
            return "write int(...) to round it towards zero, or declare a float"
        case ts.ListType(), ts.TensorType() if kind.element in numbers:
            return "write torch.tensor(...) to make a tensor of it"
        case ts.ListType(), ts.TensorType() if isinstance(kind.element, ts.TensorType):
            return "write torch.stack(...) or torch.cat(...) to make one tensor of them"
        case ts.ListType(), ts.TupleType():
            return "write a tuple: `(a, b)`"
        case ts.TupleType(), ts.ListType():
            return "write list(...) or `[a, b]`"
        case ts.TensorType(), ts.ListType() if isinstance(wanted.element, ts.TensorType):
            return "write `[...]` for a list of one tensor, or .unbind() for one of its rows"
        case ts.TensorType(), ts.ListType() if wanted.element in numbers:
            return "write .tolist() to take the numbers out of the tensor"
        case _, ts.TensorType() if kind in numbers:
            return "write torch.tensor(...) to make a tensor of it"
        case _:
            return None


def _misfit(e: Emitter, value: Value, kind: Attribute | None, wanted: Attribute) -> str:
    """Which element of a tuple doesn't fit."""
    if not (isinstance(kind, Tuples) and isinstance(wanted, ts.TupleType)):
        return ""
    given, expected = kind.elements.data, wanted.elements.data
    if len(given) != len(expected):
        return f": {len(given)} elements, not {len(expected)}"
    wrong = next((i for i, (g, w) in enumerate(zip(given, expected, strict=True)) if not is_subtype(e, g, w)), None)
    return "" if wrong is None else f": element {wrong} is {show_type(given[wrong])}, not {show_type(expected[wrong])}"


def _misfit_node(e: Emitter, value: Value, wanted: Attribute) -> ast.AST | None:
    """The tree of the element of a tuple that doesn't fit, where the tuple is written out."""
    node = e.argument_node(value)
    if not (isinstance(node, ast.Tuple) and isinstance(value, StaticTuple) and isinstance(wanted, ts.TupleType)):
        return None
    pairs = list(zip(value.elements, wanted.elements.data, node.elts, strict=False))
    if not len(node.elts) == len(value.elements) == len(wanted.elements.data):
        return None
    return next((tree for v, w, tree in pairs if (k := e.session.type_of(v)) is None or not is_subtype(e, k, w)), None)


RESULT_OF_FUNCTION = "the function's result"
"""What `coerce` is told when it converts the value of a `return`."""


def describe_object(value: Any) -> str:
    """What kind of Python object something is, for messages."""
    if isinstance(value, type):
        return "class"
    if isinstance(value, types.ModuleType):
        return "module"
    if isinstance(value, types.BuiltinFunctionType | types.MethodWrapperType | types.MethodDescriptorType):
        return "function"
    return type(value).__name__


def object_hint(value: Any) -> str | None:
    if type(value).__module__ == "numpy" and type(value).__name__ == "ndarray":
        return "make it a tensor: `self.register_buffer(name, torch.from_numpy(array))`"
    if isinstance(value, type):
        return "make an object of it: call the class" if not isinstance(value, torch.dtype) else None
    return "call it" if callable(value) else None
