"""Assignments: names, tuples of targets, attributes, subscripts; plain, annotated and augmented; and `del`."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from xdsl.ir import Attribute, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import RaiseOp, UnpackOp
from tsir.errors import FrontendError, SourceLocation
from tsir.frontend.script import ambient, lazy
from tsir.frontend.script.attributes import get_attribute, set_attribute
from tsir.frontend.script.comparisons import compare
from tsir.frontend.script.conditions import path_of
from tsir.frontend.script.constructs import end_of
from tsir.frontend.script.convert import coerce, materialise, tuple_elements
from tsir.frontend.script.declared_dtypes import stands_for_dtype, with_dtype
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.generators import is_lazy
from tsir.frontend.script.iteration import as_one_list, items_of
from tsir.frontend.script.listed import python_class
from tsir.frontend.script.names import annotation_scope
from tsir.frontend.script.numbers import number_in
from tsir.frontend.script.numpy_scalars import as_held, kept_class
from tsir.frontend.script.operators import BINARY, binary, in_place
from tsir.frontend.script.subscripts import delete_item, get_item, index_of, set_item
from tsir.frontend.script.told_apart import operator_says, use_told_apart
from tsir.frontend.script.truth import truth
from tsir.frontend.script.type_relations import join_types, members
from tsir.frontend.script.values import (
    Condition,
    Const,
    Coroutine,
    GeneratorCall,
    Object,
    Place,
    PyFunction,
    PyObject,
    Run,
    StaticTuple,
    Value,
)


def emit_assign(e: Emitter, node: ast.Assign) -> None:
    """`a = b = value`."""
    value = e.expression(node.value, _wanted(e, node.targets[0]))
    if node.type_comment:
        from tsir.frontend.script.annotations import comment_annotation

        kind = e.session.annotations.of_node(
            comment_annotation(node.type_comment, e.place), annotation_scope(e), e.place
        ).type
        if kind is not None:
            with e.calling([(value, node.value)]):
                value = _of_type(e, value, kind, "this variable", None)
    value = _as_declared(e, node.targets[0], value)
    with e.calling([(value, node.value)]):
        for target in node.targets:
            assign(e, target, value)


def _of_type(e: Emitter, value: Value, kind: Attribute, what: str, declared: SourceLocation | None) -> Value:
    """A value of the type that a variable is declared with: a NumPy scalar stays one."""
    if kept_class(value, kind) is not None:
        return value
    return e.session.object_or_run(coerce(e, as_held(e, value), kind, what, declared))


def _as_declared(e: Emitter, target: ast.expr, value: Value) -> Value:
    """A number out of a tensor, of a kind that isn't known, becomes a float where the variable is declared as one."""
    if not isinstance(target, ast.Name) or e.session.type_of(value) != ts.NumberType():
        return value
    declared = e.declared.get(e.cell_key(target.id))
    kinds = () if declared is None else members(declared)
    if ts.FLOAT not in kinds or ts.INT in kinds or ts.NumberType() in kinds:
        return value
    return Run(coerce(e, value, ts.FLOAT, f"'{target.id}'"))


def _wanted(e: Emitter, target: ast.expr) -> ts.Attribute | None:
    """The type that the target already has, as a hint for `[]`, `{}`."""
    if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
        holder = e.variables.get(target.value.id)
        if holder is not None and isinstance(holder.value, Object):
            return e.session.attribute_type(holder.value.info, target.attr)
    return None


def _is_of_own_class(e: Emitter, value: Value, declared: ts.Attribute) -> bool:
    """Whether it is a dict of a class of its own in a variable for any dict, which is better known by that."""
    kind = e.session.type_of(value)
    if not isinstance(kind, ts.DictType) or not isinstance(declared, ts.DictType) or declared.container.data:
        return False
    return kind == kind.of(declared.key, declared.value) and isinstance(value, Run)


def emit_annotated(e: Emitter, node: ast.AnnAssign) -> None:
    """`x: T = value`, or `x: T` alone, which only says something to a type checker."""
    if e.dynamic:
        if node.value is not None:
            assign(e, node.target, e.expression(node.value, _hint(e, node.annotation)))
        return
    found = e.session.annotations.of_node(node.annotation, annotation_scope(e), e.source.location(node.annotation))
    if node.value is None:
        return
    value = e.expression(node.value, found.type)
    if found.type == ts.AnyType() and e.session.type_of(value) is None:
        assign(e, node.target, value)  # a function or a class: of no type at run time, and Any says nothing of it
        return
    wanted = found.type
    if wanted is not None and stands_for_dtype(e, value, wanted):
        wanted = with_dtype(wanted)
    if wanted is not None and not _is_of_own_class(e, value, wanted):
        with e.calling([(value, node.value)]):
            what, declared = f"'{ast.unparse(node.target)}'", e.source.location(node.annotation)
            value = number_in(e, value, wanted)
            value = _of_type(e, value, wanted, what, declared)
    declared = wanted
    if isinstance(node.target, ast.Name) and declared is not None:
        e.declared[e.cell_key(node.target.id)] = declared
    if isinstance(node.target, ast.Attribute) and declared is not None:
        e.session.declare_attribute(e, e.expression(node.target.value), node.target.attr, declared)
    assign(e, node.target, value)


def _hint(e: Emitter, annotation: ast.expr) -> ts.Attribute | None:
    """The type that an annotation which needn't be true gives an empty list or dict."""
    try:
        found = e.session.annotations.of_node(annotation, annotation_scope(e), None).type
    except FrontendError:
        return None
    return found if isinstance(found, ts.ListType | ts.DictType) else None


def assign(e: Emitter, target: ast.expr, value: Value) -> None:
    """Assigns a value to a target."""
    with e.at(target):
        match target:
            case ast.Name():
                e.bind(target.id, value)
            case ast.Tuple() | ast.List():
                _unpack(e, target.elts, value)
            case ast.Attribute():
                holder = e.expression(target.value)
                e.forget_attribute(target.attr)
                set_attribute(e, holder, target.attr, value)
                if isinstance(holder, Object):
                    _remember(e, target, value)
            case ast.Subscript():
                set_item(e, e.expression(target.value), index_of(e, target.slice), value)
            case _:
                e.unsupported(f"assignment to {ast.unparse(target)}")


def _remember(e: Emitter, target: ast.Attribute, value: Value) -> None:
    """An attribute that was just assigned isn't None if the value isn't."""
    path, kind = path_of(target), e.session.type_of(value)
    if path is not None and kind is not None:
        declared = e.session.type_of(get_attribute(e, e.expression(target.value), target.attr, emit=False))
        if isinstance(declared, ts.OptionalType) and kind == declared.element:
            e.paths[path] = kind


def _unpack(e: Emitter, targets: list[ast.expr], value: Value) -> None:
    e.end_if_never(value)
    starred = [i for i, t in enumerate(targets) if isinstance(t, ast.Starred)]
    for target, element in zip(targets, parts(e, value, len(targets), starred), strict=True):
        assign(e, target.value if isinstance(target, ast.Starred) else target, element)


def _taken(e: Emitter, value: Value, count: int | None) -> Value:
    """The elements of an iterator, no more than `count` of them."""
    from tsir.frontend.script.calls import call
    from tsir.frontend.script.comprehensions import collect, known_elements

    if count is not None:
        value = call(e, PyFunction(lazy.islice), [value, Const(count)], {})
    known = known_elements(e, value)
    return collect(e, value) if known is None else StaticTuple(tuple(known))


def parts(e: Emitter, value: Value, count: int, starred: list[int]) -> list[Value]:
    """The values that so many targets get of an iterable, with the positions of a starred target."""
    from tsir.frontend.script.comprehensions import collect

    if isinstance(value, Object):
        value = e.session.iterator_of_object(e, value) or value
    if isinstance(value, GeneratorCall | Coroutine) or is_lazy(value):
        value = _taken(e, value, None if starred else count + 1)
    elements = tuple_elements(e, value)
    if elements is None and not isinstance(value, Run):
        static = items_of(e, value).static
        if static is not None:
            elements = [thunk() for thunk in static]
    if elements is not None:
        return _known_parts(e, elements, count, starred)
    if starred and python_class(value) is not None:
        value = collect(e, value)
    ssa = as_one_list(e, materialise(e, value))
    if not starred:
        kind = _element_type(e, value, ssa.type)
        operation = UnpackOp(ssa, [kind] * count)
        e.emit_void(operation)
        return [e.session.object_or_run(r) for r in operation.results]
    if not isinstance(ssa.type, ts.ListType):
        ssa = materialise(e, collect(e, value))
    before, after = starred[0], count - starred[0] - 1
    if before + after:
        _check_length(e, ssa, before + after)
    items = [e.py("getitem", [ssa, e.int_constant(i)]) for i in range(before)]
    stop = e.int_constant(-after) if after else materialise(e, Const(None))
    middle = e.py("getslice", [ssa, e.int_constant(before), stop])
    tail = [e.py("getitem", [ssa, e.int_constant(i - after)]) for i in range(after)]
    return [e.session.object_or_run(v) for v in [*items, middle, *tail]]


def _check_length(e: Emitter, items: SSAValue, least: int) -> None:
    """Python's ValueError where there are fewer items than targets beside the starred one."""
    from tsir.frontend.script.control import emit_branch

    length = Run(e.py("len", [items]))
    short = Condition(truth(e, compare(e, ast.Lt(), length, Const(least))))

    def refuse() -> None:
        message: Value = Const(f"not enough values to unpack (expected at least {least}, got ")
        for part in (Run(e.py("str", [length.ssa])), Const(")")):
            message = binary(e, ast.Add(), message, part)
        e.emit_void(RaiseOp("ValueError", [materialise(e, message)]))
        e.dead = True

    assert isinstance(e.node, ast.stmt | ast.expr)
    emit_branch(e, short, refuse, lambda: None, end_of(e.node))


def _known_parts(e: Emitter, elements: list[Value], count: int, starred: list[int]) -> list[Value]:
    if not starred:
        if len(elements) != count:
            e.error(f"{len(elements)} value{'s'[: len(elements) != 1]} can't be unpacked into {count} targets", code="TS307")
        return elements
    if len(elements) < count - 1:
        e.error(f"{len(elements)} values are too few for {count - 1} targets and a starred one", code="TS307")
    first, last = starred[0], starred[0] + len(elements) - count + 1
    from tsir.frontend.script.convert import list_of

    middle = elements[first:last]
    kinds = {e.session.type_of(v) for v in middle}
    star: Value = StaticTuple(tuple(middle)) if None in kinds else Run(list_of(e, middle))
    if isinstance(star, Run):
        e.session.starred.add(star.ssa)
    return [*elements[:first], star, *elements[last:]]


def _element_type(e: Emitter, value: Value, kind: ts.Attribute) -> ts.Attribute:
    match kind:
        case ts.ListType() | ts.TupleOfType():
            return kind.element
        case ts.TensorType() | ts.StrType() | ts.AnyType():
            return kind
        case ts.DictType():
            return kind.key
        case _:
            code = "TS306" if isinstance(kind, ts.OptionalType) else "TS307"
            e.error(f"a value of type {e.show(value)} can't be unpacked", value=value, code=code)


def emit_augmented(e: Emitter, node: ast.AugAssign) -> None:
    """`target op= value`: in place on tensors, lists, sets and dicts, else a new value. The target's parts run once."""
    place = _place(e, node.target)
    before = place.read()
    value = e.expression(node.value)
    if is_lazy(value):
        from tsir.frontend.script.comprehensions import collect

        value = collect(e, value)
    symbol = BINARY[type(node.op)][0] + "="

    def use(known: Sequence[Value]) -> Value:
        return in_place(e, node.op, known[0], known[1])

    place.write(use_told_apart(e, [before, value], use, lambda known: operator_says(e, symbol, known)))


def _place(e: Emitter, target: ast.expr) -> Place:
    match target:
        case ast.Name():
            name = ast.copy_location(ast.Name(target.id, ast.Load()), target)
            return Place(lambda: e.expression(name), lambda value: e.bind(target.id, value))
        case ast.Attribute():
            holder = e.expression(target.value)
            load = ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)

            def write(value: Value) -> None:
                e.forget_attribute(target.attr)
                set_attribute(e, holder, target.attr, value)

            return Place(lambda: e.expression(load), write)
        case ast.Subscript():
            container, index = e.expression(target.value), index_of(e, target.slice)
            return Place(lambda: get_item(e, container, index), lambda value: set_item(e, container, index, value))
        case _:
            e.unsupported(f"augmented assignment to {ast.unparse(target)}")


def emit_delete(e: Emitter, node: ast.Delete) -> None:
    """`del name`, `del container[index]`, `del object.attribute`."""
    from tsir.frontend.script.attribute_stores import delete_attribute

    for target in node.targets:
        with e.at(target):
            match target:
                case ast.Name():
                    if e.variables.pop(target.id, None) is None:
                        e.error(f"'{target.id}' is deleted before it is assigned", code="TS202")
                    e.forget(target.id)
                case ast.Attribute() if isinstance(holder := e.expression(target.value), PyObject) and e.dynamic:
                    ambient.delete_attribute(e, holder, target.attr)
                case ast.Attribute() if isinstance(holder := e.expression(target.value), Object):
                    delete_attribute(e, holder, target.attr)
                case ast.Subscript():
                    delete_item(e, e.expression(target.value), index_of(e, target.slice))
                case _:
                    e.unsupported(f"del {ast.unparse(target)}")


__all__ = ["assign", "binary", "emit_annotated", "emit_assign", "emit_augmented", "emit_delete", "join_types"]
