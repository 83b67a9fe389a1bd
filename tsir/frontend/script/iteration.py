"""What `for` and comprehensions go over: items known one by one, which are unrolled, or a length and an item by index."""

from __future__ import annotations

import ast
import collections.abc
import enum
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from xdsl.dialects import arith
from xdsl.ir import SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import PyOp, py_op
from tsir.dialects.ts.structure import DictOp, ListOp
from tsir.frontend.script.convert import coerce, list_of, materialise, tuple_elements
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.expected import raise_if_expected
from tsir.frontend.script.object_dicts import names_of
from tsir.frontend.script.outside_lookup import method_in_python
from tsir.frontend.script.static_objects import call_special
from tsir.frontend.script.static_state import note_asked
from tsir.frontend.script.type_relations import join_all
from tsir.frontend.script.values import (
    Condition,
    Const,
    Coroutine,
    Enumerate,
    Filter,
    GeneratorCall,
    Map,
    Method,
    Object,
    ObjectDict,
    PyFunction,
    PyObject,
    Range,
    Reversed,
    Run,
    StaticDict,
    StaticObject,
    StaticTuple,
    Unusable,
    Value,
    Zip,
)
from tsir.ops.python_types import element_of

Thunk = Callable[[], Value]
ItemAt = Callable[[Emitter, SSAValue], Value]


@dataclass
class Items:
    """What a loop goes over. Either `static` has the items, or `item` gives the one at a counter within `bounds`."""

    static: Sequence[Thunk] | None = None
    length: Callable[[Emitter], SSAValue] | None = None
    """The number of items; counters then go from 0 by 1."""
    item_at: ItemAt | None = None
    range: tuple[SSAValue, SSAValue, SSAValue] | None = None
    """Bounds and (positive) step of the counter, where the items are the counter's values themselves."""
    never_empty: bool = False
    containers: tuple[SSAValue, ...] = ()
    """The lists, dicts and sets that the items come from: when one changes its size, `within` says what Python does."""
    within: Callable[[Emitter, SSAValue], SSAValue] | None = None
    """Whether there is an item at a counter, by what the containers hold at that moment; by default, by `length`."""
    exists: Callable[[Emitter, SSAValue], SSAValue] | None = None
    """Whether there is a `static` item of a number, where something at run time may be shorter than they."""

    def has(self, e: Emitter, i: int) -> SSAValue | None:
        """Whether there is a static item of that number; None where that is certain."""
        return None if self.exists is None else self.exists(e, e.int_constant(i))

    def bounds(self, e: Emitter) -> tuple[SSAValue, SSAValue, SSAValue]:
        """Lower bound, upper bound and step of the counter."""
        if self.range is not None:
            return self.range
        assert self.length is not None
        return e.int_constant(0), self.length(e), e.int_constant(1)

    def goes_on(self, e: Emitter, counter: SSAValue) -> SSAValue:
        """Whether there is an item at a value of the counter, asked before each round."""
        if self.within is not None:
            return self.within(e, counter)
        assert self.length is not None
        return e.py("lt", [counter, self.length(e)])

    def item(self, e: Emitter, counter: SSAValue) -> Value:
        """The item at a value of the counter."""
        assert self.item_at is not None
        return self.item_at(e, counter)


def constant_items(values: Sequence[Value]) -> Items:
    """Items that are known."""
    return Items(static=[lambda v=v: v for v in values], never_empty=bool(values))


def items_of(e: Emitter, value: Value) -> Items:
    """The items of an iterable. Raises FrontendError for what can't be iterated over."""
    from tsir.frontend.script.comprehensions import collect
    from tsir.frontend.script.generators import is_lazy

    if is_lazy(value):
        return items_of(e, collect(e, value))
    match value:
        case Range():
            return _range(e, value)
        case Enumerate():
            return _enumerate(e, value)
        case Zip():
            return _zip(e, value)
        case Reversed():
            return _reversed(e, value)
        case Map():
            return _map(e, value)
        case Filter():
            return items_of(e, filtered(e, value))
        case ObjectDict():
            return constant_items([Const(n) for n in names_of(e, value)])
        case StaticDict():
            note_asked(e, value.items)
            return constant_items([e.session.from_python(k, "key") for k in value.items])
        case StaticObject():
            keys = call_special(e, value, "__iter__", [])
            if keys is not None:
                return items_of(e, keys)
        case Object():
            found = e.session.iterate_object(e, value)
            if found is not None:
                return found
            raise_if_expected(e, "TypeError", [value.type], "'{0}' object is not iterable")
            e.error(
                f"an object of {value.info.python_class.__name__} can't be iterated over",
                value=value,
                hint="iterate over one of its attributes" if value.info.kind == "module" else "define __iter__ in it",
                code="TS307",
            )
        case PyObject():
            if isinstance(value.value, enum.EnumMeta):
                members: list[Any] = list(value.value)
                return constant_items([e.session.from_python(m, m.name) for m in members])
            if isinstance(value.value, set | frozenset | collections.abc.Mapping):
                keys_of: list[Any] = list(value.value)
                return constant_items([e.session.from_python(k, f"an item of {value.name}") for k in keys_of])
            if isinstance(value.value, np.ndarray) and not value.value.flags.writeable:
                return constant_items([e.session.from_python(v, f"an item of {value.name}") for v in value.value])
            if (method := method_in_python(value.value, "__iter__")) is not None:
                from tsir.frontend.script.calls import call

                return items_of(e, call(e, PyFunction(method, value), [], {}))
            if e.dynamic and _may_be_listed(value.value):
                return constant_items([e.session.from_python(v, f"an item of {value.name}") for v in list(value.value)])
        case Const():
            if isinstance(value.value, str):
                return constant_items([Const(c) for c in value.value])
        case _:
            pass
    elements = tuple_elements(e, value)
    if elements is not None:
        return constant_items(elements)
    if isinstance(value, Run):
        return _run_items(e, value)
    raise_if_expected(e, "TypeError", [e.session.type_of(value)], "'{0}' object is not iterable")
    e.error(f"a value of type {e.show(value)} can't be iterated over", value=value, code="TS307")


def _may_be_listed(value: Any) -> bool:
    """Whether a constant Python object is a collection, which going over it doesn't change."""
    collection = hasattr(value, "__len__") and hasattr(value, "__iter__") and not hasattr(value, "__next__")
    return collection and not isinstance(value, torch.Tensor | torch.nn.Module | type)


def as_one_list(e: Emitter, ssa: SSAValue) -> SSAValue:
    """A container of one of several types, to be gone over: a list, its elements of any of theirs. Other values as they are."""
    kind = ssa.type
    if not isinstance(kind, ts.UnionType):
        return ssa
    elements = [k for member in kind.members.data if (k := element_of(member)) is not None]
    if len(elements) < len(kind.members.data):
        return ssa
    element = join_all(elements)
    if all(isinstance(member, ts.ListType) for member in kind.members.data):
        return e.cast(ssa, ts.ListType(element))
    return e.emit(py_op("list")([ssa], [ts.ListType(element)]))


def _run_items(e: Emitter, value: Run) -> Items:
    ssa = as_one_list(e, value.ssa)
    match ssa.type:
        case ts.TensorType():
            return Items(length=lambda e: e.aten_value("size", [ssa, 0]), item_at=lambda e, i: e.aten("select", [ssa, 0, i]))
        case ts.ListType() if isinstance(ssa.owner, PyOp) and ssa.owner.FUNCTION in _DICT_VIEWS:
            return _keyed_items(e, ssa.owner.operands[0], ssa)
        case ts.ListType() | ts.TupleOfType() | ts.StrType() | ts.BytesType() | ts.AnyType():
            sequence = ssa
        case ts.DictType() | ts.SetType() | ts.DequeType():
            return _keyed_items(e, ssa, e.py("list", [ssa]))
        case ts.FrozenSetType():
            sequence = e.py("list", [ssa])
        case _:
            raise_if_expected(e, "TypeError", [value.type], "'{0}' object is not iterable")
            e.error(
                f"a value of type {e.show(value)} can't be iterated over",
                value=value,
                hint="did you mean `range(...)`?" if value.type == ts.INT else None,
                code="TS306" if isinstance(value.type, ts.OptionalType) else "TS307",
            )
    owner = sequence.owner
    return Items(
        length=lambda e: e.py("len", [sequence]),
        item_at=lambda e, i: e.session.object_or_run(e.py("getitem", [sequence, i])),
        never_empty=isinstance(owner, ListOp) and bool(owner.operands),
        containers=(sequence,) if isinstance(value.type, ts.ListType) else (),
    )


_DICT_VIEWS = ("dict_items", "dict_keys", "dict_values")


def _keyed_items(e: Emitter, container: SSAValue, sequence: SSAValue) -> Items:
    """What `sequence` took out of a dict or set, which must keep its size as long as a loop goes over it."""
    from tsir.frontend.script import prelude
    from tsir.frontend.script.calls import call

    message = "dictionary changed size during iteration"
    if isinstance(container.type, ts.SetType | ts.DequeType):
        is_set = isinstance(container.type, ts.SetType)
        message = "Set changed size during iteration" if is_set else "deque mutated during iteration"

    def within(e: Emitter, counter: SSAValue) -> SSAValue:
        sizes = Run(e.py("len", [container])), Run(e.py("len", [sequence]))
        call(e, PyFunction(prelude.keeps_size), [*sizes, Const(message)], {})
        return e.py("lt", [counter, e.py("len", [sequence])])

    return Items(
        length=lambda e: e.py("len", [sequence]),
        item_at=lambda e, i: e.session.object_or_run(e.py("getitem", [sequence, i])),
        never_empty=isinstance(container.owner, DictOp) and bool(container.owner.operands),
        containers=(container,),
        within=within,
    )


def _range(e: Emitter, value: Range) -> Items:
    start, stop, step = (coerce(e, v, ts.INT, "range()") for v in (value.start, value.stop, value.step))
    constants = [v.value if isinstance(v, Const) else None for v in (value.start, value.stop, value.step)]
    never_empty = False
    if all(isinstance(c, int) for c in constants) and constants[2] != 0:
        never_empty = len(range(*[int(c) for c in constants if isinstance(c, int)])) > 0
    if isinstance(constants[2], int) and constants[2] > 0:
        return Items(range=(start, stop, step), item_at=lambda e, i: Run(i), never_empty=never_empty)
    count = e.py("range_length", [start, stop, step])
    return Items(
        length=lambda e: count,
        item_at=lambda e, i: Run(e.py("add", [start, e.py("mul", [i, step])])),
        never_empty=never_empty,
    )


def _enumerate(e: Emitter, value: Enumerate) -> Items:
    inner = items_of(e, value.iterable)
    start = value.start
    if inner.static is not None:
        offset = start.value if isinstance(start, Const) else None

        def numbered(i: int, thunk: Thunk) -> Thunk:
            def make() -> Value:
                if isinstance(offset, int):
                    return StaticTuple((Const(offset + i), thunk()))
                return StaticTuple((Run(e.py("add", [materialise(e, start), e.int_constant(i)])), thunk()))

            return make

        rows = [numbered(i, t) for i, t in enumerate(inner.static)]
        return Items(static=rows, never_empty=inner.never_empty, exists=inner.exists)
    first = None if isinstance(start, Const) and start.value == 0 else coerce(e, start, ts.INT, "enumerate()")
    inner = counted(e, inner)

    def item(e: Emitter, i: SSAValue) -> Value:
        number = i if first is None else e.py("add", [first, i])
        return StaticTuple((Run(number), inner.item(e, i)))

    return Items(
        length=inner.length,
        item_at=item,
        never_empty=inner.never_empty,
        containers=inner.containers,
        within=inner.within,
    )


def counted(e: Emitter, items: Items) -> Items:
    """The same items, counted from 0 by 1."""
    if items.range is None:
        return items
    start, stop, step = items.range
    count = e.py("range_length", [start, stop, step])
    return Items(
        length=lambda e: count,
        item_at=lambda e, i: Run(e.py("add", [start, e.py("mul", [i, step])])),
        never_empty=items.never_empty,
    )


def _zip(e: Emitter, value: Zip) -> Items:
    if not value.iterables:
        return constant_items([])
    parts = [_literal_items(e, v) or counted(e, items_of(e, v)) for v in value.iterables]
    if value.strict is not None:
        _check_lengths(e, parts)
    static = [p.static for p in parts if p.static is not None]
    if static and len(static) == len(parts):
        rows = list(zip(*static, strict=False))
        return Items(static=[lambda row=row: StaticTuple(tuple(t() for t in row)) for row in rows], never_empty=bool(rows))
    parts = [_as_run_time_items(e, p) for p in parts]
    static = [p.static for p in parts if p.static is not None]
    if static:
        return _zip_unrolled(e, value, parts, min(len(s) for s in static))

    def shortest(e: Emitter) -> SSAValue:
        lengths = [p.bounds(e)[1] for p in parts]
        return lengths[0] if len(lengths) == 1 else e.py("min", lengths)

    def within(e: Emitter, counter: SSAValue) -> SSAValue:
        tests = [p.goes_on(e, counter) for p in parts]
        return functools.reduce(lambda a, b: e.emit(arith.AndIOp(a, b)), tests)

    return Items(
        length=shortest,
        item_at=lambda e, i: StaticTuple(tuple(p.item(e, i) for p in parts)),
        containers=tuple(c for p in parts for c in p.containers),
        within=within,
    )


def _check_lengths(e: Emitter, parts: Sequence[Items]) -> None:
    """Python's ValueError of `zip(..., strict=True)`; here before the first round, there behind the last."""
    from tsir.frontend.script.constructs import end_of
    from tsir.frontend.script.control import emit_branch
    from tsir.frontend.script.raising import raise_error

    lengths = [e.int_constant(len(p.static)) if p.static is not None else p.bounds(e)[1] for p in parts]
    assert isinstance(e.node, ast.stmt | ast.expr)
    for i, length in enumerate(lengths[1:]):
        others = "argument 1" if i == 0 else f"arguments 1-{i + 1}"
        for word, name in (("shorter", "lt"), ("longer", "gt")):
            message = f"zip() argument {i + 2} is {word} than {others}"
            test = Condition(e.py(name, [length, lengths[0]]))
            emit_branch(e, test, lambda m=message: raise_error(e, "ValueError", m), lambda: None, end_of(e.node))


def _as_run_time_items(e: Emitter, items: Items) -> Items:
    """Known items of one run-time type as those of a list, so that what they are zipped with may be shorter; others as they are."""
    if items.static is None:
        return items
    values = [thunk() for thunk in items.static]
    kinds = {e.session.type_of(v) for v in values}
    if len(kinds) != 1 or None in kinds or any(isinstance(k, ts.ClassType) for k in kinds):
        return items
    return _run_items(e, Run(list_of(e, values)))


def _map(e: Emitter, value: Map) -> Items:
    from tsir.frontend.script.calls import call

    rows = _zip(e, Zip(value.iterables))

    def result(row: Value) -> Value:
        assert isinstance(row, StaticTuple)
        return call(e, value.function, list(row.elements), {})

    if rows.static is not None:
        made = [lambda t=t: result(t()) for t in rows.static]
        return Items(static=made, never_empty=rows.never_empty, exists=rows.exists)
    return replace(rows, item_at=lambda e, i: result(rows.item(e, i)))


def filtered(e: Emitter, value: Filter) -> Value:
    """`filter(function, iterable)` as a list."""
    from tsir.frontend.script import prelude
    from tsir.frontend.script.calls import call

    if isinstance(value.function, Const) and value.function.value is None:
        return call(e, PyFunction(prelude.filtered_truth), [value.iterable], {})
    return call(e, PyFunction(prelude.filtered), [value.function, value.iterable], {})


def _literal_items(e: Emitter, value: Value) -> Items | None:
    """The elements of a list literal written as an argument of zip."""
    if isinstance(value, Run) and isinstance(value.ssa.owner, ListOp) and value.ssa.first_use is None:
        return constant_items([e.session.object_or_run(o) for o in value.ssa.owner.elements])
    return None


def _zip_unrolled(e: Emitter, value: Zip, parts: list[Items], count: int) -> Items:
    """A zip of modules with a list or range: a round for each module, as long as the list has items."""

    def exists(e: Emitter, counter: SSAValue) -> SSAValue:
        tests = [p.goes_on(e, counter) for p in parts if p.static is None]
        return functools.reduce(lambda a, b: e.emit(arith.AndIOp(a, b)), tests)

    def row(i: int) -> Value:
        return StaticTuple(tuple(p.static[i]() if p.static is not None else p.item(e, e.int_constant(i)) for p in parts))

    return Items(static=[lambda i=i: row(i) for i in range(count)], exists=exists)


def _reversed(e: Emitter, value: Reversed) -> Items:
    inner = items_of(e, value.iterable)
    if inner.static is not None:
        return Items(static=list(reversed(inner.static)), never_empty=inner.never_empty)
    inner = counted(e, inner)
    assert inner.length is not None
    count = inner.length(e)

    def item(e: Emitter, i: SSAValue) -> Value:
        return inner.item(e, e.py("sub", [e.py("sub", [count, e.int_constant(1)]), i]))

    def within(e: Emitter, counter: SSAValue) -> SSAValue:
        # Python counts down from the length that the list had, and ends where that is no index any more.
        last = e.py("sub", [e.py("sub", [count, e.int_constant(1)]), counter])
        ends = e.py("ge", [last, e.int_constant(0)]), inner.goes_on(e, last)
        return e.emit(arith.AndIOp(*ends))

    return Items(
        length=lambda e: count,
        item_at=item,
        never_empty=inner.never_empty,
        containers=inner.containers,
        within=within,
    )


def _elements(e: Emitter, value: Value) -> SSAValue:
    """What an iterable has: the rows of a tensor as a list, anything else as it is."""
    if isinstance(e.session.type_of(value), ts.TensorType):
        from tsir.frontend.script.comprehensions import collect

        return materialise(e, collect(e, value))
    return materialise(e, value)


def as_list(e: Emitter, value: Value) -> SSAValue:
    """An iterable that isn't a run-time value itself, as a list. Raises FrontendError for what has no values."""
    match value:
        case Enumerate():
            return e.py("enumerate", [_elements(e, value.iterable), materialise(e, value.start)])
        case Zip():
            return e.py("zip" if value.strict is None else "zip_strict", [_elements(e, v) for v in value.iterables])
        case Reversed():
            return e.py("reversed", [_elements(e, value.iterable)])
        case GeneratorCall() | Coroutine():
            hint = "write list(...) for a list of its elements"
            e.error("a generator isn't a value that compiled code can store", value=value, hint=hint, code="TS501")
        case Map() | Filter():
            from tsir.frontend.script.comprehensions import collect

            return materialise(e, collect(e, value))
        case _:
            if isinstance(value, Method):
                hint = f"call it: `{value.name}(...)`"
                e.error(f"method {value.name} can't be used as a value here", value=value, hint=hint, code="TS501")
            if isinstance(value, Unusable):
                e.error(f"what is used as a value here {value.why}", value=value, hint=value.hint, code="TS202")
            e.error(f"a {e.show(value)} can't be used as a value here", value=value, code="TS501")
