"""Conditions: what is known while compiling, what has to be tested, and what a test tells about types.

`x is None`, `isinstance(x, T)` and their combinations with and, or, not give facts for both branches.
"""

from __future__ import annotations

import ast
import builtins
import typing
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.dialects.ts.structure import CastOp, ConstantOp, GetAttrOp, IsInstanceOp
from tsir.frontend.script.classes import is_exact
from tsir.frontend.script.convert import coerce, materialise, uninitialized
from tsir.frontend.script.emitter import DEFINED, Emitter, Unreachable
from tsir.frontend.script.exception_values import asks_for_class, caught_as, is_exception_class, is_same_class
from tsir.frontend.script.legacy_tensors import DTYPES
from tsir.frontend.script.listed import python_class
from tsir.frontend.script.names import annotation_scope
from tsir.frontend.script.numpy_calls import is_of_class
from tsir.frontend.script.numpy_scalars import kind_of
from tsir.frontend.script.predicates import predicate_condition
from tsir.frontend.script.run_time_slices import STANDS_FOR
from tsir.frontend.script.static_state import NeedsInlining
from tsir.frontend.script.truth import truth
from tsir.frontend.script.type_relations import Tuples, is_subtype, join_types, members
from tsir.frontend.script.values import (
    NONE,
    TRUE,
    Binding,
    Builtin,
    Condition,
    Const,
    EnumValue,
    ExceptionValue,
    Facts,
    Object,
    PyObject,
    RaisedException,
    Run,
    Slice,
    StaticDict,
    StaticList,
    StaticObject,
    StaticTuple,
    Unusable,
    Value,
)


class Deferred(ast.expr):
    """A condition that is written when it is reached, by what is known there of the values that it is about."""

    def __init__(self, make: Callable[[], ast.expr]) -> None:
        super().__init__()
        self.make = make


def condition(e: Emitter, node: ast.expr) -> Condition:
    """Emits an expression as a condition."""
    if isinstance(node, Deferred):
        return condition(e, node.make())
    with e.at(node):
        if isinstance(node, ast.BoolOp):
            return _bool_op(e, node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return e.not_condition(condition(e, node.operand))
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Is | ast.IsNot):
            found = _is_none(e, node)
            if found is not None:
                return found
        if isinstance(node, ast.Call) and len(node.args) == 2 and not node.keywords and path_of(node.func):
            callee = e.expression(node.func)
            if isinstance(callee, Builtin) and callee.name in ("isinstance", "torch.jit.isinstance"):
                return is_instance(e, e.expression(node.args[0]), node.args[1], path_of(node.args[0]))
        if isinstance(node, ast.Call) and (found := predicate_condition(e, node)) is not None:
            return found
        return condition_of_value(e, node, e.expression(node))


def condition_of_value(e: Emitter, node: ast.expr, value: Value) -> Condition:
    """A value as a condition, whose tree is given: where it holds, the value isn't None."""
    path, kind = path_of(node), e.session.type_of(value)
    return Condition(truth(e, value), without_none(path, kind) if path and kind is not None else {})


def path_of(node: ast.expr) -> str | None:
    """`x`, `self.a.b` or `x.[1]` (for `x[1]` and `x[i]`) as text, for what is known about it; None for other expressions."""
    if isinstance(node, ast.NamedExpr):
        node = node.target
    parts: list[str] = []
    while isinstance(node, ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
        elif (index := _index_of_path(node.slice)) is not None:
            parts.append(f"[{index}]")
        else:
            return None
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def _index_of_path(node: ast.expr) -> str | None:
    """A constant or a variable between brackets, as a path has it."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        return ast.unparse(node)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | str) and "." not in str(node.value):
        return repr(node.value)
    return None


def _bool_op(e: Emitter, node: ast.BoolOp) -> Condition:
    """`a and b`, `a or b`: the second is evaluated, and its facts hold, only where the first lets it be."""
    is_and = isinstance(node.op, ast.And)
    result = condition(e, node.values[0])
    for operand in node.values[1:]:
        if isinstance(result.value, bool):
            if result.value is not is_and:
                return result
            e.assume(result.when_true if is_and else result.when_false)
            right = condition(e, operand)
            result = _combine(result, right, right.value, is_and)
            continue
        result = _short_circuit(e, result, operand, is_and)
    return result


def _short_circuit(e: Emitter, left: Condition, operand: ast.expr, is_and: bool) -> Condition:
    assert isinstance(left.value, SSAValue)
    before, paths = dict(e.variables), dict(e.paths)
    evaluated, skipped = Block(), Block()
    with e.inside(evaluated):
        e.assume(left.when_true if is_and else left.when_false)
        try:
            right = condition(e, operand)
        except Unreachable:
            right = Condition(not is_and)  # only where the operand isn't evaluated does the program go on
        decided = right.value is (not is_and)
        idle = _is_idle(evaluated, right)
        value = e.bool_constant(right.value) if isinstance(right.value, bool) else right.value
    assigned = {n: b for n, b in e.variables.items() if b.origin is not getattr(before.get(n), "origin", None)}
    e.variables, e.paths = before, paths
    if decided and idle:
        return _combine(left, right, not is_and, is_and)
    kinds = _assigned_types(e, assigned)
    with e.inside(evaluated):
        e.emit_void(scf.YieldOp(value, *(coerce(e, assigned[n].value, k, n) for n, k in kinds.items())))
    with e.inside(skipped):
        known = e.emit(arith.ConstantOp(IntegerAttr(int(not is_and), 1)))
        kept = [_value_before(e, before.get(n), k) for n, k in kinds.items()]
        e.emit_void(scf.YieldOp(known, *kept))
    blocks = (evaluated, skipped) if is_and else (skipped, evaluated)
    operation = scf.IfOp(left.value, [ts.BOOL, *kinds.values()], Region(blocks[0]), Region(blocks[1]))
    e.emit_void(operation)
    result = _combine(left, right, (not is_and) if decided else operation.results[0], is_and)
    if kinds:
        ran = left.value if is_and else e.emit(py_op("not")([left.value], [ts.BOOL]))
        for name, ssa in zip(kinds, operation.results[1:], strict=True):
            _assigned_in_operand(e, result, name, ssa, before, ran, is_and)
    return result


def _is_idle(evaluated: Block, result: Condition) -> bool:
    """Whether nothing is evaluated for an operand: where it is decided, what the operand before it is doesn't matter."""
    facts = [*result.when_true.values(), *result.when_false.values()]
    idle = all(isinstance(op, CastOp | ConstantOp | arith.ConstantOp) for op in evaluated.ops)
    return idle and not any(isinstance(f, Binding) for f in facts)


def _assigned_types(e: Emitter, assigned: Mapping[str, Binding]) -> dict[str, Attribute]:
    """The types of what the second operand of and/or assigns, joined with those of the values before it."""
    kinds: dict[str, Attribute] = {}
    for name, binding in assigned.items():
        kind = e.session.type_of(binding.value)
        old = e.variables.get(name)
        before = None if old is None or isinstance(old.value, Unusable) else e.session.type_of(old.value)
        if kind is not None:
            kinds[name] = kind if before is None else join_types(before, kind)
    return kinds


def _value_before(e: Emitter, binding: Binding | None, kind: Attribute) -> SSAValue:
    if binding is None or e.session.type_of(binding.value) is None:
        return uninitialized(e, kind)
    return coerce(e, binding.value, kind, "the value before")


def _assigned_in_operand(
    e: Emitter, result: Condition, name: str, ssa: SSAValue, before: Mapping[str, Binding], ran: SSAValue, is_and: bool
) -> None:
    """A variable assigned in the second operand has its value where that operand has run for sure, else maybe."""
    old, flag = before.get(name), before.get(DEFINED + name)
    binding = Binding(e.session.object_or_run(ssa))
    facts = result.when_true if is_and else result.when_false
    e.variables[name] = facts[name] = binding
    if old is None or isinstance(old.value, Unusable) or flag is not None:
        known = ran if flag is None else e.emit(arith.OrIOp(ran, e.bool_value(e.flag(DEFINED + name))))
        e.variables[DEFINED + name] = Binding(Run(known))
        facts[DEFINED + name] = Binding(TRUE)


def _combine(left: Condition, right: Condition, value: bool | SSAValue, is_and: bool) -> Condition:
    both = (left.when_true | right.when_true) if is_and else (left.when_false | right.when_false)
    a, b = (left.when_false, right.when_false) if is_and else (left.when_true, right.when_true)
    if right.value is is_and:  # then the first alone decides, and what follows from its outcome holds
        either = a
    elif left.value is is_and:
        either = b
    else:
        either = {path: kind for path, kind in a.items() if b.get(path) == kind}
    return Condition(value, both, either) if is_and else Condition(value, either, both)


def _is_none(e: Emitter, node: ast.Compare) -> Condition | None:
    """`x is None`, `x is not None`; None when neither operand is None."""
    left, right = e.expression(node.left), e.expression(node.comparators[0])
    if isinstance(left, Const) and left.value is None and not (isinstance(right, Const) and right.value is None):
        left, right, path = right, left, path_of(node.comparators[0])
    else:
        path = path_of(node.left)
    if is_one_name(node):
        return Condition(isinstance(node.ops[0], ast.Is))
    if not isinstance(right, Const) or right.value is not None:
        return Condition(truth(e, identity(e, left, right, negate=isinstance(node.ops[0], ast.IsNot))))
    return none_test(e, left, path, negate=isinstance(node.ops[0], ast.IsNot))


def is_one_name(node: ast.AST | None) -> bool:
    """Whether a comparison is of one variable with itself."""
    match node:
        case ast.Compare(left=ast.Name(id=a), comparators=[ast.Name(id=b)]):
            return a == b
        case _:
            return False


def none_test(e: Emitter, value: Value, path: str | None, *, negate: bool) -> Condition:
    """`value is None`, or its opposite when `negate`."""
    kind = e.session.type_of(value)
    if isinstance(value, Const):
        return Condition((value.value is None) is not negate)
    if kind == ts.NONE:
        return Condition(not negate)
    if kind is None or (not isinstance(kind, ts.OptionalType | ts.UnionType | ts.AnyType) and kind != ts.NONE):
        return Condition(negate)
    if isinstance(kind, ts.UnionType) and ts.NONE not in kind.members.data:
        return Condition(negate)
    ssa = materialise(e, value)
    name = "is_not" if negate else "is"
    test = e.emit(py_op(name)([ssa, materialise(e, NONE)], [ts.BOOL]))
    if path is None:
        return Condition(test)
    none: Facts = {path: ts.NONE}
    other = without_none(path, kind)
    return Condition(test, other, none) if negate else Condition(test, none, other)


def without_none(path: str, kind: Attribute) -> Facts:
    """The fact that a value of this type isn't None."""
    if isinstance(kind, ts.OptionalType):
        return {path: kind.element}
    if isinstance(kind, ts.UnionType) and ts.NONE in kind.members.data:
        return {path: ts.union_of([m for m in kind.members.data if m != ts.NONE])}
    return {}


def identity(e: Emitter, left: Value, right: Value, *, negate: bool) -> Value:
    """`left is right` for values other than None."""
    from tsir.frontend.script.choices import for_each_class
    from tsir.frontend.script.function_identity import same_function

    if (among := for_each_class(e, left, right, lambda a, b: identity(e, a, b, negate=negate))) is not None:
        return among
    if (of_functions := same_function(e, left, right, negate=negate)) is not None:
        return of_functions
    if asks_for_class(left, right):
        same = is_same_class(e, left, right)
        return Run(e.py("not", [materialise(e, same)])) if negate else same
    for a, b in ((left, right), (right, left)):
        if isinstance(a, EnumValue) and isinstance(b, EnumValue):
            return Const((a.member is b.member) is not negate)
        if isinstance(a, StaticObject) and isinstance(b, StaticObject):
            return Const((a.ref == b.ref) is not negate)
        if isinstance(a, PyObject | Builtin):
            objects = [getattr(builtins, v.name, v) if isinstance(v, Builtin) else getattr(v, "value", v) for v in (a, b)]
            return Const((objects[0] is objects[1]) is not negate)
    if kind_of(left) != kind_of(right):
        return Const(negate)
    if isinstance(left, Const) and isinstance(right, Const):
        return Const(left.same(right) is not negate)
    from tsir.frontend.script.enums import class_of

    operands = [materialise(e, left), materialise(e, right)]
    if class_of(e, left) is not None or class_of(e, right) is not None:
        # There is one object for each member in Python, here there may be several that are equal.
        return Run(e.emit(py_op("ne" if negate else "eq")(operands, [ts.BOOL])))
    return Run(e.emit(py_op("is_not" if negate else "is")(operands, [ts.BOOL])))


# isinstance

_CONTAINERS: dict[type, type[Attribute] | tuple[type[Attribute], ...]] = {
    list: ts.ListType, dict: ts.DictType, set: ts.SetType, frozenset: ts.FrozenSetType, 
    tuple: (ts.TupleType, ts.NamedTupleType, ts.TupleOfType), torch._C._Await: ts.FutureType, torch.jit._Await: ts.FutureType,  # pyright: ignore[reportPrivateImportUsage]
}  # fmt: skip


def is_instance(e: Emitter, value: Value, node: ast.expr, path: str | None) -> Condition:
    """`isinstance(value, <types>)`, decided while compiling where the static type is enough."""
    return _is_instance(e, value, _candidates(e, node), node, path)


def _is_instance(e: Emitter, value: Value, candidates: Sequence[object], node: ast.expr, path: str | None) -> Condition:
    if not candidates:
        return Condition(False)
    if isinstance(value, RaisedException):
        from tsir.frontend.script.exceptions import catches

        classes = StaticTuple(tuple(PyObject(c, getattr(c, "__name__", "")) for c in candidates))
        test = catches(e, value.ssa, classes, node)
        binding = e.variables.get(path or "")
        if path is None or binding is None:
            return Condition(test)
        known = caught_as(value, [c for c in candidates if isinstance(c, type)])
        return Condition(test, {path: Binding(known, binding)})
    if isinstance(value, ExceptionValue):
        return Condition(any(isinstance(c, type) and issubclass(value.cls, c) for c in candidates))
    if isinstance(value, Object):
        return _test_object(e, value, candidates, path)
    if isinstance(value, Run) and value.is_tuple:
        cls = torch.Size if value.tuple_like == "size" else tuple
        return Condition(any(issubclass(cls, c) if isinstance(c, type) else isinstance(c, ts.ListType) for c in candidates))
    if (cls := python_class(value)) is not None:
        return Condition(any(issubclass(cls, c) if isinstance(c, type) else isinstance(c, ts.ListType) for c in candidates))
    if any(c in DTYPES for c in candidates if isinstance(c, type)):
        return _has_dtype(e, value, candidates, node, path)
    if (of_classes := _is_of_tensor_classes(e, value, candidates)) is not None:
        return Condition(of_classes)
    own = [c for c in candidates if not isinstance(c, type) or not issubclass(c, np.generic)]
    of_number = is_of_class(e, value, candidates, lambda v: _is_instance(e, v, own, node, path))
    if of_number is not None:
        return of_number
    kind = e.session.type_of(value)
    if isinstance(value, Run) and any(is_exception_class(c) for c in candidates) and ts.AnyType() in (kind, *_inner(kind)):
        return is_instance(e, RaisedException(e.cast(value.ssa, ts.AnyType())), node, path)
    if isinstance(value, StaticTuple | StaticList | StaticDict):
        python = {StaticTuple: tuple, StaticList: list, StaticDict: dict}[type(value)]
        plain = [c for c in candidates if isinstance(c, type)]
        return Condition(
            any(issubclass(python, c) for c in plain) or any(kind is not None and _matches(e, kind, c) for c in candidates)
        )
    if isinstance(value, Slice):
        return Condition(any(isinstance(c, type) and issubclass(slice, c) for c in candidates))
    if isinstance(value, StaticObject):
        return Condition(any(isinstance(c, type) and issubclass(value.cls, c) for c in candidates))
    if kind is None:
        found = value.value if isinstance(value, PyObject) else None
        return Condition(any(isinstance(c, type) and isinstance(found, c) for c in candidates))
    if isinstance(kind, ts.AnyType) and all(isinstance(c, type) and issubclass(c, BaseException) for c in candidates):
        return is_instance(e, RaisedException(materialise(e, value)), node, path)
    if isinstance(kind, ts.AnyType):
        return _test_any(e, value, candidates, path)
    parts = members(kind)
    yes = [m for m in parts if any(_matches(e, m, c) for c in candidates)]
    if isinstance(kind, ts.DictType) and not yes:
        kinds = [_of_class(kind, c) for c in candidates if isinstance(c, type) and issubclass(c, dict)]
        return Condition(e.emit(IsInstanceOp(materialise(e, value), kinds)) if kinds else False)
    if len(yes) in (0, len(parts)) and ts.NumberType() not in parts:
        return Condition(bool(yes))
    # Of a number only the running program knows which kind it is.
    asked = [m for c in candidates for m in _run_types(e, c)] if ts.NumberType() in parts else []
    numbers = [m for m in asked if m in (ts.INT, ts.FLOAT, ts.BOOL, ts.COMPLEX) and ts.NumberType() not in yes]
    test = e.emit(IsInstanceOp(materialise(e, value), [*dict.fromkeys([*yes, *numbers])] or asked))
    if path is None or not (yes or numbers):
        return Condition(test)
    no = [m for m in parts if m not in yes]
    exact = [ts.NumberType()] if len({*numbers}) > 1 else numbers[:1]
    return Condition(test, {path: ts.union_of([*exact, *yes])}, {path: ts.union_of(no)} if no and yes else {})


def _has_dtype(e: Emitter, value: Value, candidates: Sequence[object], node: ast.expr, path: str | None) -> Condition:
    """`isinstance(value, torch.FloatTensor)`: of these classes, which no tensor really is of, torch asks for the dtype."""
    others = [c for c in candidates if not isinstance(c, type) or c not in DTYPES]
    kind = e.session.type_of(value)
    if not isinstance(kind, ts.TensorType):
        if any(isinstance(m, ts.TensorType | ts.AnyType) for m in (() if kind is None else members(kind))):
            hint = "ask for torch.Tensor first, then for its dtype"
            e.unsupported(
                "isinstance() with a class of tensors of one dtype, of a value that may be something else", hint=hint
            )
        return _is_instance(e, value, others, node, path)
    if _is_instance(e, value, others, node, path).value is True:
        return Condition(True)
    wanted = StaticTuple(tuple(Const(DTYPES[c]) for c in candidates if c in DTYPES))
    from tsir.frontend.script import prelude
    from tsir.frontend.script.values import PyFunction

    return Condition(truth(e, e.session.call_function(e, PyFunction(prelude.has_dtype), [value, wanted], {})))


def _is_of_tensor_classes(e: Emitter, value: Value, candidates: Sequence[object]) -> bool | None:
    """`isinstance(value, nn.Parameter)` and its like, where no other class is asked for: what an attribute is in the modules says
    it; what callers pass and what operators make is none of these. None for other questions, and where the modules differ.

    Raises NeedsInlining for what a function is passed.
    """
    classes = [c for c in candidates if isinstance(c, type) and issubclass(c, torch.Tensor) and c is not torch.Tensor]
    if not classes or len(classes) < len(candidates) or not isinstance(value, Run):
        return None
    owner = value.ssa.owner
    if isinstance(owner, GetAttrOp):
        kind = owner.object.type
        assert isinstance(kind, ts.ClassType)
        info = e.session.info_of_symbol(kind.symbol.root_reference.data)
        held = [getattr(m, owner.attr_name.data, None) for m in e.session.reader.modules_of(info)]
        found = {isinstance(h, tuple(classes)) for h in held}
        return found.pop() if len(found) == 1 else None
    if not isinstance(value.type, ts.TensorType):
        return None
    if not isinstance(owner, Operation) and not e.is_root:
        raise NeedsInlining  # what is passed says it
    return False


def _of_class(kind: ts.DictType, cls: type) -> ts.DictType:
    """The type of a dict that is of one of the classes of `collections`."""
    return ts.DictType(kind.key, kind.value, cls.__name__) if cls.__name__ in ts.DICT_CLASSES else kind


def _inner(kind: Attribute | None) -> tuple[Attribute, ...]:
    return (kind.element,) if isinstance(kind, ts.OptionalType) else ()


def _test_object(e: Emitter, value: Object, candidates: Sequence[object], path: str | None) -> Condition:
    """Of an object: known by its static class, unless it may be of a derived class that is asked for."""
    if any(_class_matches(e, value.type, c) for c in candidates):
        return Condition(True)
    own = value.info.python_class
    derived = [c for c in candidates if isinstance(c, type) and issubclass(c, own) and not is_exact(value)]
    if not derived or value.info.kind != "class":
        return Condition(False)
    kinds: list[Attribute] = [e.session.class_type(c) for c in derived]
    test = e.emit(IsInstanceOp(value.ssa, kinds))
    return Condition(test, {path: kinds[0]} if path is not None and len(kinds) == 1 else {})


def _test_any(e: Emitter, value: Value, candidates: Sequence[object], path: str | None) -> Condition:
    kinds = [k for c in candidates for k in _run_types(e, c)]
    test = e.emit(IsInstanceOp(materialise(e, value), kinds))
    return Condition(test, {path: ts.union_of(kinds)} if path is not None else {})


def _candidates(e: Emitter, node: ast.expr) -> list[object]:
    """The types of isinstance's second argument: Python classes, or IR types where they are more than a class."""
    if isinstance(node, ast.Tuple | ast.List):
        return [c for element in node.elts for c in _candidates(e, element)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _candidates(e, node.left) + _candidates(e, node.right)
    value = e.expression(node) if isinstance(node, ast.Name | ast.Attribute) else None
    if isinstance(value, StaticTuple):
        return [c.value for c in value.elements if isinstance(c, PyObject)]
    if isinstance(value, PyObject) and isinstance(value.value, type(torch.LongTensor)) and value.value not in DTYPES:
        e.unsupported(f"isinstance() with torch.{value.value.__name__}", node=node, hint="compare the tensor's dtype")
    if isinstance(value, PyObject) and isinstance(value.value, type):
        return [torch.Tensor if value.value is torch.autograd.Variable else value.value]
    if isinstance(value, PyObject) and isinstance(origin := typing.get_origin(value.value), type):
        return [origin]
    if isinstance(value, Builtin) and isinstance(getattr(builtins, value.name, None), type):
        return [getattr(builtins, value.name)]
    if isinstance(value, Const) and value.value is None:
        return [ts.NONE]
    found = e.session.annotations.of_node(node, annotation_scope(e), e.place)
    if found.type is None:
        e.error("isinstance() needs concrete types", node=node, hint="for example `isinstance(x, int)`", code="TS103")
    return list(members(found.type))


def _run_types(e: Emitter, candidate: object) -> list[Attribute]:
    if isinstance(candidate, Attribute):
        return [candidate]
    if candidate is tuple:
        return [ts.TupleOfType(ts.AnyType())]
    if candidate is list:
        return [ts.ListType(ts.AnyType())]
    if candidate is dict:
        return [ts.DictType(ts.AnyType(), ts.AnyType())]
    found = e.session.annotations.of_object(candidate, {})
    return [] if found is None else [found]


def _matches(e: Emitter, kind: Attribute, candidate: object) -> bool:
    """Whether values of a static type are instances of the candidate."""
    if isinstance(candidate, Attribute):
        return is_subtype(e, kind, candidate)
    assert isinstance(candidate, type)
    if candidate in _CONTAINERS:
        return isinstance(kind, _CONTAINERS[candidate])
    if isinstance(kind, ts.ClassType):
        return _class_matches(e, kind, candidate)
    if isinstance(kind, Tuples):
        found = e.session.named_tuples.get(kind.class_name.data) if isinstance(kind, ts.NamedTupleType) else None
        return issubclass(found or tuple, candidate)
    basic = e.session.python_class(kind)
    return basic is not None and (
        issubclass(basic, candidate) or (issubclass(candidate, basic) and candidate.__module__.startswith("torch"))
    )


def _class_matches(e: Emitter, kind: Attribute, candidate: object) -> bool:
    if isinstance(candidate, Attribute):
        return is_subtype(e, kind, candidate)
    assert isinstance(kind, ts.ClassType) and isinstance(candidate, type)
    cls = e.session.class_of(kind)
    return cls is not None and (issubclass(cls, candidate) or issubclass(STANDS_FOR.get(cls, cls), candidate))
