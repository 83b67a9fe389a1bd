"""Rules as text: a term as a person would write it, and what a rule asks of its variables."""

from __future__ import annotations

import inspect
from typing import Any, cast

from xdsl.ir import Attribute

from tsir.dialects.defaults import default_value
from tsir.dialects.dtypes import DType
from tsir.ops.registry import SCHEMAS
from tsir.passes.rules.terms import AnyRule, Built, Call, Computed, NativeRule, Rest, Result, Term, Variable


def term_text(term: Term) -> str:
    """`aten.relu(aten.relu(x))`; arguments that are a schema's defaults are left out."""
    match term:
        case Variable():
            return term.name
        case Rest():
            return f"*{term.name}"
        case Result():
            return f"{term_text(term.call)}[{term.index}]"
        case Call():
            return _call_text(term)
        case Computed():
            return f"computed({', '.join(inspect.signature(term.function).parameters)})"
        case Built():
            return f"built({', '.join(inspect.signature(term.function).parameters)})"
        case list():
            return f"[{', '.join(map(term_text, cast('list[Any]', term)))}]"
        case tuple():
            return f"({', '.join(map(term_text, cast('tuple[Any, ...]', term)))})"
        case DType():
            return term.name
        case _:
            return str(term) if isinstance(term, Attribute) else repr(term)


def _call_text(call: Call) -> str:
    arguments = list(call.arguments)
    name = call.op.removeprefix("ts.")
    if call.op.startswith("ts.aten."):
        schema = SCHEMAS.get(call.op.removeprefix("ts.aten."))
        while schema is not None and arguments:
            declared = schema.arguments[len(arguments) - 1]
            if not declared.has_default or isinstance(arguments[-1], Variable | Call | Result | Computed | list):
                break
            if arguments[-1] != default_value(declared) or type(arguments[-1]) is not type(default_value(declared)):
                break
            arguments.pop()
    elif not call.op.startswith("ts.py."):
        name = f"ir.{call.op}"
    attributes = [f"{k}={term_text(v)}" for k, v in call.attributes.items()]
    text = f"{name}({', '.join([*map(term_text, arguments), *attributes])})"
    return f"commute({text})" if call.commutes else text


def rule_text(rule: AnyRule) -> str:
    """`pattern -> replacement`; of a native rule, the operation that it looks at."""
    if isinstance(rule, NativeRule):
        return f"{rule.root} -> a function of the operation"
    return f"{term_text(rule.pattern)} -> {term_text(rule.replacement)}"


def condition_text(rule: AnyRule) -> str:
    """What has to hold besides the pattern, in words; empty when nothing has."""
    if isinstance(rule, NativeRule):
        return ""
    words = [c.text for c in rule.where]
    if rule.single_use:
        words.append("nothing else uses what is inside")
    return "; ".join(words)
