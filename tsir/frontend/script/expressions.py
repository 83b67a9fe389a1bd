"""Expressions: one function for each kind of node, in one table."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

from xdsl.ir import Attribute, SSAValue

from tsir.dialects.ts import types as ts
from tsir.frontend.constants import INT64_MAX, INT64_MIN
from tsir.frontend.script.attributes import get_attribute
from tsir.frontend.script.calls import emit_call_expression
from tsir.frontend.script.class_texts import text_of_class
from tsir.frontend.script.comparisons import compare
from tsir.frontend.script.comprehensions import (
    NotStatic,
    collect,
    emit_dict_comprehension,
    emit_generator,
    emit_list_comprehension,
    emit_set_comprehension,
    known_elements,
    speculate,
)
from tsir.frontend.script.conditions import condition, condition_of_value, path_of, without_none
from tsir.frontend.script.control import choose
from tsir.frontend.script.conversions import distinct, text_of
from tsir.frontend.script.convert import as_python, list_of, materialise, tuple_elements
from tsir.frontend.script.emitter import Emitter, ExpressionEmitter
from tsir.frontend.script.enums import text_of_member
from tsir.frontend.script.evaluation import as_python as as_python_object
from tsir.frontend.script.generators import is_lazy
from tsir.frontend.script.inlining import is_static, make_closure
from tsir.frontend.script.iteration import items_of
from tsir.frontend.script.method_calls import call_method
from tsir.frontend.script.names import value_of_name
from tsir.frontend.script.narrowing import item_as
from tsir.frontend.script.numpy_scalars import as_text, kind_of
from tsir.frontend.script.operator_calls import is_tensor
from tsir.frontend.script.operators import binary, unary
from tsir.frontend.script.several_types import text_by_type
from tsir.frontend.script.special_methods import text_of_named_tuple
from tsir.frontend.script.static_state import NeedsInlining, constant_key, new_dict, new_list
from tsir.frontend.script.subscripts import get_item, index_of
from tsir.frontend.script.truth import as_bool, truth
from tsir.frontend.script.type_relations import join_types, members
from tsir.frontend.script.values import (
    Condition,
    Const,
    EnumValue,
    Object,
    PyObject,
    Range,
    Run,
    Slice,
    Spread,
    StaticDict,
    StaticObject,
    StaticTuple,
    Value,
)

Want = Attribute | None


def _constant(e: Emitter, node: ast.Constant, want: Want) -> Value:
    value: Any = node.value
    if value is Ellipsis:
        return PyObject(Ellipsis, "...")
    if type(value) is int and not INT64_MIN <= value <= INT64_MAX:
        e.error(f"{value} doesn't fit into 64 bits", hint="write it as a float", code="TS301")
    return Const(value)


def _name(e: Emitter, node: ast.Name, want: Want) -> Value:
    return value_of_name(e, node)


def _attribute(e: Emitter, node: ast.Attribute, want: Want) -> Value:
    holder = e.expression(node.value)
    with e.at(node):
        value = get_attribute(e, holder, node.attr)
    known = e.paths.get(path_of(node) or "")
    if known is not None and isinstance(value, Run) and value.type != known:
        return Const(None) if known == ts.NONE else e.session.object_or_run(e.cast(value.ssa, known))
    return value


def _tuple(e: Emitter, node: ast.Tuple, want: Want) -> Value:
    kinds = want.elements.data if isinstance(want, ts.TupleType) and len(want.elements.data) == len(node.elts) else ()
    elements = evaluated_elements(e, node.elts, list(kinds))
    if all(spread is None for _, spread in elements):
        return StaticTuple(tuple(v for v, _ in elements))
    return Run(materialise(e, joined_lists(e, elements, None)), "tuple")


Element = tuple[Value, ast.Starred | None]
"""An element of a display, or an iterable of unknown length that is spread out in it."""


def evaluated_elements(e: Emitter, nodes: Sequence[ast.expr], kinds: Sequence[Want] = ()) -> list[Element]:
    """The elements of a tuple, a list or a call's arguments; `*` of what is known one by one is taken apart."""
    result: list[Element] = []
    for i, node in enumerate(nodes):
        if not isinstance(node, ast.Starred):
            result.append((e.expression(node, kinds[i] if kinds else None), None))
            continue
        value = _spread_out(e, node.value)
        elements = tuple_elements(e, value)
        if elements is None and is_lazy(value):
            elements = known_elements(e, value)
        elif elements is None and not isinstance(value, Run):
            static = items_of(e, value).static
            elements = None if static is None else [thunk() for thunk in static]
        result += [(value, node)] if elements is None else [(v, None) for v in elements]
    return result


def _spread_out(e: Emitter, node: ast.expr) -> Value:
    """What stands behind a `*`: of `[iterator] * n`, a list that nothing else has, its elements."""
    match node:
        case ast.BinOp(left=ast.List(elts=parts), op=ast.Mult(), right=right) if parts:
            found, times = evaluated_elements(e, parts), e.expression(right)
            if any(spread is not None for _, spread in found):
                return binary(e, ast.Mult(), joined_lists(e, found, None), times)
            elements = tuple(v for v, _ in found)
            if isinstance(times, Const) and isinstance(times.value, int):
                return StaticTuple(elements * times.value)
            if None in map(e.session.type_of, elements) and not e.is_root:
                raise NeedsInlining  # how often is known where the function is called
            return binary(e, ast.Mult(), Run(list_of(e, elements)), times)
        case _:
            return e.expression(node)


def joined_lists(e: Emitter, elements: Sequence[Element], kind: Want) -> Value:
    """`[*a, b]`: lists one after the other."""
    result: Value | None = None
    pending: list[Value] = []
    parts: list[Value] = []
    for value, spread in elements:
        if spread is None:
            pending.append(value)
            continue
        if pending:
            parts.append(Run(list_of(e, pending, kind)))
            pending = []
        with e.at(spread):
            parts.append(collect(e, value))
    if pending:
        parts.append(Run(list_of(e, pending, kind)))
    for part in parts:
        result = part if result is None else binary(e, ast.Add(), result, part)
    return result if result is not None else e.session.empty_list(e, None)


_Container = TypeVar("_Container", ts.ListType, ts.DictType)


def _wanted(want: Want, kind: type[_Container]) -> _Container | None:
    """The type of list or dict that is wanted: of an Optional or a Union the only one there."""
    found = [] if want is None else [m for m in members(want) if isinstance(m, kind)]
    return found[0] if len(found) == 1 else None


def _list(e: Emitter, node: ast.List, want: Want) -> Value:
    wanted = _wanted(want, ts.ListType)
    kind = None if wanted is None else wanted.element
    if not node.elts and e.dynamic and wanted is None:
        return new_list(e, [])
    if not node.elts:
        return e.session.empty_list(e, wanted)
    found = evaluated_elements(e, node.elts, [kind] * len(node.elts))
    if any(isinstance(n, ast.Starred) for n in node.elts):
        return joined_lists(e, found, kind)
    elements = [v for v, _ in found]
    if e.dynamic and wanted is None and all(_is_known(v) for v in elements):
        return new_list(e, elements)
    if any(is_static(v) or isinstance(v, Slice) for v in elements) and wanted is None:
        return new_list(e, elements)
    with e.calling(list(zip(elements, node.elts, strict=True))):
        result = list_of(e, elements, kind)
    e.session.literals.add(result)
    return Run(result)


def _is_known(value: Value) -> bool:
    """Whether a value is one that a list of the program's may hold while compiling."""
    return isinstance(value, Const | PyObject | EnumValue | StaticObject) or is_static(value)


def _static_display(e: Emitter, node: ast.Dict) -> Value | None:
    """A dict display all of whose keys are known while compiling; None for another one."""

    def emit() -> Value:
        items: dict[Any, Value] = {}
        for key, tree in zip(node.keys, node.values, strict=True):
            value = e.expression(tree)
            if key is None:
                if not isinstance(value, StaticDict | StaticObject) or value.items is None:
                    raise NotStatic
                items |= value.items
                continue
            name = e.expression(key)
            if not isinstance(name, Const | PyObject | EnumValue):
                raise NotStatic
            items[constant_key(e, name)] = value
        return new_dict(e, items)

    return speculate(e, emit)


def joined(e: Emitter, values: Sequence[Value], kind: Want = None) -> Value:
    """A list of values, with what is in those that are spread out."""
    result: Value | None = None
    pending: list[Value] = []
    parts: list[Value] = []
    for value in values:
        elements = tuple_elements(e, value.values) if isinstance(value, Spread) else [value]
        if elements is not None:
            pending += elements
            continue
        if pending:
            parts.append(Run(list_of(e, pending, kind)))
            pending = []
        assert isinstance(value, Spread)
        parts.append(collect(e, value.values))
    if pending:
        parts.append(Run(list_of(e, pending, kind)))
    for part in parts:
        result = part if result is None else binary(e, ast.Add(), result, part)
    return result if result is not None else e.session.empty_list(e, None)


def _dict(e: Emitter, node: ast.Dict, want: Want) -> Value:
    wanted = _wanted(want, ts.DictType)
    if e.dynamic and wanted is None and (static := _static_display(e, node)) is not None:
        return static
    kinds = (None, None) if wanted is None else (wanted.key, wanted.value)
    if not node.keys:
        return e.session.empty_dict(e, wanted)
    result: Value | None = None
    items: list[tuple[Value, Value]] = []
    for key, value in zip(node.keys, node.values, strict=True):
        if key is not None:
            items.append((e.expression(key, kinds[0]), e.expression(value, kinds[1])))
            continue
        other = e.expression(value)
        if isinstance(other, StaticDict):
            items += [(Const(k), v) for k, v in other.items.items()]
            continue
        base = result or (e.session.dict_of(e, items, wanted) if items else None)
        copy = call_method(e, other, "copy", [], {}) if base is None else base
        if base is not None:
            call_method(e, base, "update", [other], {})
        result, items = copy, []
    if result is None and any(is_static(v) for _, v in items) and all(isinstance(k, Const) for k, _ in items):
        return StaticDict({k.value: v for k, v in items if isinstance(k, Const)})
    if result is None:
        return e.session.dict_of(e, items, wanted)
    if items:
        call_method(e, result, "update", [e.session.dict_of(e, items, e.session.type_of(result))], {})
    return result


def _bin_op(e: Emitter, node: ast.BinOp, want: Want) -> Value:
    """Long sums are a deep tree on the left, which is gone through without recursion."""
    spine: list[ast.BinOp] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp):
        spine.append(left)
        left = left.left
    value = e.expression(left, want)
    for operation in reversed(spine):
        right = e.expression(operation.right, want)
        with e.at(operation):
            value = _percent(e, value, right) if _is_format(e, operation, value) else binary(e, operation.op, value, right)
    return value


def _is_format(e: Emitter, node: ast.BinOp, left: Value) -> bool:
    return isinstance(node.op, ast.Mod) and isinstance(e.session.type_of(left), ts.StrType | ts.BytesType)


def _percent(e: Emitter, template: Value, values: Value) -> Value:
    if isinstance(e.session.type_of(template), ts.BytesType):
        e.unsupported("% with bytes as its left operand", hint="format a str, and encode it")
    from tsir.frontend.script.templates import in_percent

    if isinstance(values, StaticTuple):
        template, elements = in_percent(e, template, values.elements)
        values = replace(values, elements=tuple(elements))
    elif isinstance(values, Run) and (values.tuple_like or values.is_tuple):
        values = as_python(e, values)
    else:
        template, (values,) = in_percent(e, template, [values])
    return Run(e.py("percent", [materialise(e, template), materialise(e, values)]))


def _unary_op(e: Emitter, node: ast.UnaryOp, want: Want) -> Value:
    if isinstance(node.op, ast.Not):
        return as_bool(e, e.not_condition(condition(e, node.operand)).value)
    return unary(e, node.op, e.expression(node.operand, want))


def _bool_op(e: Emitter, node: ast.BoolOp, want: Want) -> Value:
    """`a and b`, `a or b` as values: a bool where all operands are bools, else one of the operands."""
    first = e.expression(node.values[0], want)
    rest = node.values[1:]
    return _bool_rest(e, node, first, rest)


def _bool_rest(e: Emitter, node: ast.BoolOp, first: Value, rest: list[ast.expr]) -> Value:
    is_and = isinstance(node.op, ast.And)
    value = first
    tree: ast.expr = node.values[0]
    for i, operand in enumerate(rest):
        test = _operand_condition(e, tree, value)
        remaining: list[ast.expr] = rest[i:]
        if isinstance(test.value, bool):
            if test.value is not is_and:
                return value
            e.assume(test.when_true if is_and else test.when_false)
            value, tree = e.expression(operand), operand
            continue
        keep = value

        def others(remaining: list[ast.expr] = remaining) -> Value:
            found = e.expression(remaining[0])
            return found if len(remaining) == 1 else _bool_rest(e, ast.BoolOp(node.op, remaining), found, remaining[1:])

        kept = _kept(e, keep, test, is_and)
        return choose(e, test, others, kept) if is_and else choose(e, test, kept, others)
    return value


def _operand_condition(e: Emitter, tree: ast.expr, value: Value) -> Condition:
    if isinstance(tree, ast.Compare | ast.Call | ast.UnaryOp | ast.BoolOp) and e.session.type_of(value) == ts.BOOL:
        facts = _facts(e, tree)
        return Condition(truth(e, value), facts.when_true, facts.when_false)
    return condition_of_value(e, tree, value)


def _facts(e: Emitter, tree: ast.expr) -> Condition:
    """What a test says about types. It is emitted into a block of its own, which is thrown away."""
    from xdsl.ir import Block

    block = Block()
    variables, paths = dict(e.variables), dict(e.paths)
    with e.inside(block):
        found = condition(e, tree)
    e.variables, e.paths = variables, paths
    block.erase(safe_erase=False)
    return found


def _kept(e: Emitter, value: Value, test: Condition, is_and: bool) -> Any:
    """The first operand where it is the result: not None where `or` keeps it."""
    kind = e.session.type_of(value)
    if not is_and and isinstance(value, Run) and (known := without_none("", value.type)):
        return lambda: e.session.object_or_run(e.cast(value.ssa, cast("Attribute", known[""])))
    if kind == ts.BOOL:
        return lambda: Const(not is_and, kind_of(value) or "")  # the other operand may be as well known
    return lambda: value


def _compare(e: Emitter, node: ast.Compare, want: Want) -> Value:
    if len(node.ops) == 1:
        if isinstance(node.ops[0], ast.Is | ast.IsNot):
            return as_bool(e, condition(e, node).value)
        return compare(e, node.ops[0], e.expression(node.left), e.expression(node.comparators[0]))
    left = e.expression(node.left)
    return _chain(e, node, left, 0)


def _chain(e: Emitter, node: ast.Compare, left: Value, at: int) -> Value:
    """`a < b < c`: the second comparison only where the first holds."""
    right = e.expression(node.comparators[at])
    first = compare(e, node.ops[at], left, right)
    if at + 1 == len(node.ops):
        return first
    test = Condition(truth(e, first))
    return choose(e, test, lambda: _chain(e, node, right, at + 1), lambda: first)


def _if_exp(e: Emitter, node: ast.IfExp, want: Want) -> Value:
    test = condition(e, node.test)
    return choose(e, test, lambda: e.expression(node.body, want), lambda: e.expression(node.orelse, want))


def _subscript(e: Emitter, node: ast.Subscript, want: Want) -> Value:
    container = e.expression(node.value)
    value = get_item(e, container, index_of(e, node.slice))
    known = e.paths.get(path_of(node) or "") if e.paths else None
    if known is None or not isinstance(value, Run) or value.type == known:
        return value
    return item_as(e, value, known)


def _joined(e: Emitter, node: ast.JoinedStr, want: Want) -> Value:
    """An f-string: its parts, formatted and added up."""
    parts: list[Value] = []
    for value in node.values:
        parts.append(Const(str(value.value)) if isinstance(value, ast.Constant) else _formatted(e, value))
    if not parts:
        return Const("")
    if len(parts) == 1:
        return parts[0]
    known = [p.value for p in parts if isinstance(p, Const) and isinstance(p.value, str)]
    if len(known) == len(parts):
        return Const("".join(known))
    return Run(e.py("str_join", [materialise(e, Const("")), list_of(e, parts, ts.StrType())]))


def _formatted(e: Emitter, node: ast.expr) -> Value:
    assert isinstance(node, ast.FormattedValue)
    value = e.expression(node.value)
    spec: Value = Const("") if node.format_spec is None else e.expression(node.format_spec)
    return _format(e, node, value, spec)


def _format(e: Emitter, node: ast.FormattedValue, value: Value, spec: Value) -> Value:
    if (text := text_of_class(e, value)) is not None:
        return _with_spec(e, materialise(e, text), spec)
    if (by_type := text_by_type(e, value, lambda known: _format(e, node, known, spec))) is not None:
        return by_type
    if isinstance(value, Object):
        if node.conversion == -1:
            found = e.session.call_optional_method(e, value, ("__format__",), [spec])
            if found is not None:
                return found
        names = ("__str__", "__repr__") if node.conversion in (-1, 115) else ("__repr__",)
        found = e.session.call_optional_method(e, value, names)
        if found is not None and node.conversion == -1 and not (isinstance(spec, Const) and spec.value == ""):
            name = value.info.python_class.__name__
            e.error(f"{name} has no __format__ that takes a format", hint=f"define __format__ in class {name}", code="TS203")
        if found is not None:
            return _with_spec(e, _as_ascii(e, node, found), spec)
    if isinstance(spec, Const):
        format_member = ("__format__" if spec.value else "__str__", lambda m: format(m, str(spec.value)))
        method, write = {-1: format_member, 115: ("__str__", str), 114: ("__repr__", repr), 97: ("__repr__", ascii)}[
            node.conversion
        ]
        if (text := text_of_member(e, value, method, write)) is not None:
            return text if node.conversion == -1 else _with_spec(e, materialise(e, text), spec)
    if (text := text_of_named_tuple(e, value, ("__str__",) if node.conversion != 114 else ())) is not None:
        return _with_spec(e, materialise(e, text), spec)
    from tsir.frontend.script.object_text import repr_of

    if kind_of(value) is not None:
        made = {115: as_text, 114: repr_of, 97: repr_of}.get(node.conversion)
        found = Run(materialise(e, value)) if made is None else made(e, value)
        assert found is not None
        return _with_spec(e, materialise(e, found), spec)
    if isinstance(value, StaticTuple | Run | Range):
        text = repr_of(e, value)
        if text is not None:
            return _with_spec(e, _as_ascii(e, node, text), spec)
    if isinstance(value, Run) and value.tuple_like:
        value = text_of(e, value)
    if isinstance(value, Const | PyObject | EnumValue) and node.format_spec is None and e.dynamic:
        shown = {-1: str, 115: str, 114: repr, 97: ascii}[node.conversion]
        return Const(shown(as_python_object(value)))
    ssa = materialise(e, value)
    if node.conversion != -1:
        ssa = e.py({"s": "str", "r": "repr", "a": "ascii"}[chr(node.conversion)], [ssa])
    return _with_spec(e, ssa, spec)


def _as_ascii(e: Emitter, node: ast.FormattedValue, text: Value) -> SSAValue:
    ssa = materialise(e, text)
    return e.py("ascii_text", [ssa]) if node.conversion == 97 else ssa


def _with_spec(e: Emitter, ssa: SSAValue, spec: Value) -> Value:
    if not isinstance(spec, Const) or spec.value != "":
        return Run(e.py("format", [ssa, materialise(e, spec)]))
    return Run(ssa) if isinstance(ssa.type, ts.StrType) else Run(e.py("format", [ssa]))


def _formatted_value(e: Emitter, node: ast.FormattedValue, want: Want) -> Value:
    return _formatted(e, node)


def _lambda(e: Emitter, node: ast.Lambda, want: Want) -> Value:
    return make_closure(e, node)


def _named(e: Emitter, node: ast.NamedExpr, want: Want) -> Value:
    """`name := value`."""
    value = e.expression(node.value, want)
    e.bind(node.target.id, value)
    return value


def _yield(e: Emitter, node: ast.Yield, want: Want) -> Value:
    """`yield value`: what is done with it is the matter of who uses the generator."""
    if e.on_yield is None:
        e.unsupported(
            "a generator that is called from outside",
            node=node,
            hint="collect the values in a list and return that, or call the generator from compiled code",
        )
    return e.on_yield(Const(None) if node.value is None else e.expression(node.value))


def _set(e: Emitter, node: ast.Set, want: Want) -> Value:
    """`{a, b}`."""
    kind = want.element if isinstance(want, ts.SetType) else None
    spread = ast.copy_location(ast.List(node.elts, ast.Load()), node)
    elements = _list(e, spread, None if kind is None else ts.ListType(kind))
    return Run(e.py("set", [materialise(e, distinct(e, elements))]))


EXPRESSIONS: Mapping[type[ast.expr], ExpressionEmitter] = {
    ast.Constant: _constant, ast.Name: _name, ast.Attribute: _attribute, ast.Tuple: _tuple, ast.List: _list, ast.Dict: _dict,
    ast.BinOp: _bin_op, ast.UnaryOp: _unary_op, ast.BoolOp: _bool_op, ast.Compare: _compare, ast.IfExp: _if_exp,
    ast.Subscript: _subscript, ast.Call: emit_call_expression, ast.JoinedStr: _joined, ast.FormattedValue: _formatted_value,
    ast.ListComp: emit_list_comprehension, ast.DictComp: emit_dict_comprehension, ast.GeneratorExp: emit_generator,
    ast.SetComp: emit_set_comprehension, ast.Set: _set, ast.Lambda: _lambda, ast.NamedExpr: _named,
    ast.Yield: _yield, ast.YieldFrom: _yield,
}  # fmt: skip
"""What emits each kind of expression; the others aren't supported yet."""

__all__ = ["EXPRESSIONS", "is_tensor", "join_types"]
