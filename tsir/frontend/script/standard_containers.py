"""`collections.Counter`, `OrderedDict`, `defaultdict` and `deque`, and the functions of `heapq` and `bisect`.

The values are Python's own at run time; here is how calls make them, what their keys and elements are converted to, and how an empty
one gets the types of what is put in first. Their methods are rows of `ops/python.py`.
"""

from __future__ import annotations

import ast
import bisect
import collections
import heapq
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xdsl.ir import Attribute, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import PyOp, py_op
from tsir.frontend.script import prelude_heaps as heaps
from tsir.frontend.script.container_comparisons import ORDER, compares_objects
from tsir.frontend.script.convert import VALUES_OF_DICTS, coerce, held, is_taken_for_empty, materialise, retype, set_type
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.open_types import unify
from tsir.frontend.script.unknown_keywords import refuse_unknown_keywords
from tsir.frontend.script.values import (
    Builtin,
    Closure,
    Const,
    Partial,
    PyFunction,
    PyObject,
    Run,
    StaticList,
    StaticTuple,
    Value,
)
from tsir.ops import python

_EMPTY: dict[str, Attribute] = {
    "int": ts.INT, "float": ts.FLOAT, "bool": ts.BOOL, "str": ts.StrType(), "list": ts.ListType(ts.TensorType()),
    "dict": ts.DictType(ts.StrType(), ts.TensorType()), "set": ts.SetType(ts.StrType()),
}  # fmt: skip
"""The types of what the built-in types give when they are called without arguments."""


def construct(e: Emitter, cls: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value | None:
    """`cls(...)` for a container of `collections`; None for another class."""
    maker = _MAKERS.get(cls)
    return None if maker is None else maker(e, args, kwargs)


def _assumed(e: Emitter, function: str, operands: Sequence[SSAValue], kind: Attribute, known: bool) -> Value:
    """A new empty container, whose types the first use decides where they aren't known."""
    result = e.emit(py_op(function)(list(operands), [kind if known else e.session.opened(e, kind)]))
    if not known:
        e.session.assume(result)
    return Run(result)


def _wanted_dict(e: Emitter, container: str) -> ts.DictType | None:
    want = e.want
    return ts.DictType(want.key, want.value, container) if isinstance(want, ts.DictType) else None


def _counter(e: Emitter, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    if not args and not kwargs:
        wanted = _wanted_dict(e, "Counter")
        return _assumed(e, "counter", [], wanted or ts.DictType(ts.StrType(), ts.INT, "Counter"), wanted is not None)
    if args and kwargs:
        e.unsupported("Counter() of values and of keyword arguments")
    given = args[0] if args else e.session.dict_of(e, [(Const(k), v) for k, v in kwargs.items()], None)
    return Run(e.py("counter", [_items(e, given)]))


def _items(e: Emitter, value: Value) -> SSAValue:
    """What is counted or put into a container: a dict, a text or set as it is, anything else as a list."""
    from tsir.frontend.script.comprehensions import collect

    kind = e.session.type_of(value)
    if isinstance(kind, ts.DictType | ts.StrType | ts.SetType | ts.FrozenSetType | ts.DequeType):
        return materialise(e, value)
    return materialise(e, collect(e, value))


def _ordered_dict(e: Emitter, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    if not args and not kwargs:
        wanted = _wanted_dict(e, "OrderedDict")
        kind = wanted or ts.DictType(ts.StrType(), ts.TensorType(), "OrderedDict")
        return _assumed(e, "ordered_dict", [], kind, wanted is not None)
    if args and kwargs:
        e.unsupported("OrderedDict() of items and of keyword arguments")
    given = args[0] if args else e.session.dict_of(e, [(Const(k), v) for k, v in kwargs.items()], None)
    if is_taken_for_empty(e, given):
        return _ordered_dict(e, [], {})
    return Run(e.py("ordered_dict", [_items(e, given)]))


def _default_dict(e: Emitter, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`defaultdict(int)`: the items' type is that of what the factory makes, unless another one is wanted."""
    if not args or (isinstance(args[0], Const) and args[0].value is None):
        e.unsupported("defaultdict() without a function that makes values", hint="use a dict")
    if len(args) > 2 or kwargs:
        e.unsupported("defaultdict() with keyword arguments", hint="update it afterwards")
    text, made = _factory(e, args[0])
    wanted = _wanted_dict(e, "defaultdict")
    kind = wanted or ts.DictType(ts.StrType(), made, "defaultdict")
    result = _assumed(e, "default_dict", [materialise(e, Const(text))], kind, wanted is not None)
    if len(args) == 2:
        from tsir.frontend.script.method_calls import call_method

        call_method(e, result, "update", [args[1]], {})
    return result


def _factory(e: Emitter, factory: Value) -> tuple[str, Attribute]:
    """The text that says what a defaultdict's factory makes (see `ops/python.py`), and the type of that."""
    if isinstance(factory, Builtin) and factory.name in _EMPTY:
        return factory.name, _EMPTY[factory.name]
    tree: ast.expr | None = None
    if isinstance(factory, Closure) and not factory.source.node.args.args:
        body = factory.source.node.body
        tree = body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None
    if isinstance(factory, Partial) and getattr(factory.function, "value", None) is collections.defaultdict and factory.args:
        return _nested(*_factory(e, factory.args[0]))
    if tree is not None and (found := _made_by(e, tree)) is not None:
        return found
    e.unsupported(
        "defaultdict() of a function that does more than to make a constant or an empty container",
        hint="use dict.setdefault()",
    )


def _nested(text: str, kind: Attribute) -> tuple[str, Attribute]:
    return f"defaultdict({text})", ts.DictType(ts.StrType(), kind, "defaultdict")


def _made_by(e: Emitter, tree: ast.expr) -> tuple[str, Attribute] | None:
    """What a factory's expression makes: a literal, an empty container or another defaultdict."""
    if isinstance(tree, ast.Call) and not tree.keywords:
        callee = e.expression(tree.func)
        if isinstance(callee, Builtin) and callee.name in _EMPTY and not tree.args:
            return callee.name, _EMPTY[callee.name]
        if isinstance(callee, PyObject) and callee.value is collections.defaultdict and len(tree.args) == 1:
            return _nested(*_factory(e, e.expression(tree.args[0])))
        return None
    try:
        value = ast.literal_eval(tree)
    except ValueError:
        return None
    kind = e.session.type_of_object(value) if value or not isinstance(value, list | dict) else _EMPTY[type(value).__name__]
    return None if kind is None else (repr(value), kind)


def _deque(e: Emitter, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    names = ("iterable", "maxlen")
    if len(args) > 2 or set(kwargs) - set(names):
        e.error("deque() takes an iterable and a maxlen", code="TS401")
    given = dict(zip(names, args, strict=False)) | dict(kwargs)
    limit = [materialise(e, given["maxlen"])] if "maxlen" in given else []
    wanted = e.want if isinstance(e.want, ts.DequeType) else None
    values = given.get("iterable")
    nothing_given = values is None or (isinstance(values, StaticTuple | StaticList) and not values.elements)
    items = None if values is None or nothing_given else _items(e, values)
    if items is None or (isinstance(items.type, ts.ListType) and is_taken_for_empty(e, items)):
        kind = wanted or ts.DequeType(ts.TensorType())
        nothing = [e.emit(py_op("tuple")([], [ts.TupleType([])]))] if limit else []
        return _assumed(e, "deque", [*nothing, *limit], kind, wanted is not None)
    if wanted is not None and isinstance(items.type, ts.ListType):
        items = coerce(e, Run(items), ts.ListType(wanted.element), "deque()")
    return Run(e.py("deque", [items, *limit]))


_MAKERS: dict[Any, Callable[[Emitter, Sequence[Value], Mapping[str, Value]], Value]] = {
    collections.Counter: _counter, collections.OrderedDict: _ordered_dict, collections.defaultdict: _default_dict,
    collections.deque: _deque,
}  # fmt: skip


def adopt_key(e: Emitter, container: SSAValue, key: Value) -> None:
    """A dict of which nothing is known yet takes the type of the first key that it is asked for."""
    kind = e.session.type_of(key)
    decided_by = e.session.open_types.get(container)
    if (
        decided_by is not None
        and isinstance(container.type, ts.DictType)
        and kind is not None
        and kind != container.type.key
    ):
        e.session.decisions.decide(e.session, decided_by, container.type.of(kind, container.type.value), still_open=True)
    if container not in e.session.assumed or not isinstance(container.type, ts.DictType) or kind is None:
        return
    if kind != container.type.key and retype(e, container, container.type.of(kind, container.type.value)):
        e.session.assumed.add(container)  # the type of the values may still be open


def adopt_item(e: Emitter, container: SSAValue, args: Sequence[Value], *, puts_in: bool) -> None:
    """The same for the arguments of `get`, `pop` and `setdefault`: the key, and what there is in place of a missing value."""
    given = [e.session.type_of(v) for v in args[:2]]
    if container in e.session.literals and not puts_in:
        return  # what is in it stays as it is
    if len(given) < 2 or given[1] is None or given[1] == ts.NONE:
        adopt_key(e, container, args[0])
    elif given[0] is not None and isinstance(container.type, ts.DictType):
        unify(container.type, container.type.of(given[0], given[1]))
        retype(e, container, container.type.of(given[0], given[1]))


def retype_value(e: Emitter, ssa: SSAValue, wanted: Attribute) -> bool:
    """Gives the container that is a value of a dict, of which nothing is known yet, another element type."""
    owner = ssa.owner
    if not isinstance(owner, PyOp) or owner.FUNCTION not in VALUES_OF_DICTS:
        return False
    container = owner.operands[0]
    if not isinstance(container.type, ts.DictType) or container.type.value != ssa.type or type(ssa.type) is not type(wanted):
        return False
    known = ssa.type
    if container not in e.session.assumed or not retype(e, container, container.type.of(container.type.key, wanted)):
        return False
    for use in list(container.uses):
        taken = use.operation
        if isinstance(taken, PyOp) and taken.FUNCTION in VALUES_OF_DICTS and use.index == 0:
            for result in taken.results:
                if result.type == known:
                    set_type(result, wanted)
    return True


def elements_of_deque(e: Emitter, target: SSAValue, name: str, args: Sequence[Value]) -> list[Value]:
    """The arguments of a deque's method, converted to its element type where they are elements."""
    values = [held(e, v) for v in args]
    position = {"append": 0, "appendleft": 0, "insert": 1, "remove": 0, "index": 0, "count": 0}.get(name)
    if position is not None and position < len(values):
        given = e.session.type_of(values[position])
        if given is not None and name in ("append", "appendleft", "insert"):
            retype(e, target, ts.DequeType(given))
        assert isinstance(target.type, ts.DequeType)
        what = f"deque.{name}() on {e.show(Run(target))}"
        values[position] = e.session.object_or_run(coerce(e, values[position], target.type.element, what))
    if name in ("extend", "extendleft") and values:
        items = _items(e, values[0])
        element = items.type.element if isinstance(items.type, ts.ListType | ts.DequeType) else None
        if element is not None:
            retype(e, target, ts.DequeType(element))
        assert isinstance(target.type, ts.DequeType)
        if isinstance(items.type, ts.ListType):
            items = coerce(e, Run(items), ts.ListType(target.type.element), f"deque.{name}()")
        values[0] = Run(items)
    return values


def counted(e: Emitter, target: SSAValue, args: Sequence[Value], kwargs: Mapping[str, Value]) -> list[Value]:
    """The argument of Counter.update() and subtract(), as what the Counter counts."""
    if args and kwargs:
        e.unsupported("a Counter's method with values and keyword arguments")
    if not args and not kwargs:
        return []
    given = args[0] if args else e.session.dict_of(e, [(Const(k), v) for k, v in kwargs.items()], None)
    items = _items(e, given)
    element = items.type.key if isinstance(items.type, ts.DictType) else getattr(items.type, "element", items.type)
    assert isinstance(target.type, ts.DictType)
    retype(e, target, target.type.of(element, target.type.value))
    if element != target.type.key:
        e.error(f"a {e.show(Run(target))} can't count {e.show(Run(items))}", code="TS301")
    return [Run(items)]


# heapq and bisect

_ROWS: dict[Any, str] = {
    heapq.heappush: "heappush", heapq.heappop: "heappop", heapq.heappushpop: "heappushpop", heapq.heapreplace: "heapreplace",
    heapq.heapify: "heapify", heapq.nlargest: "nlargest", heapq.nsmallest: "nsmallest", heapq.merge: "merge",
    bisect.insort_left: "insort_left", bisect.insort_right: "insort_right",
}  # fmt: skip
_BY_COMPARISON: dict[str, Callable[..., Any]] = {
    "heappush": heaps.heappush, "heappop": heaps.heappop, "heapify": heaps.heapify, "heappushpop": heaps.heappushpop,
    "heapreplace": heaps.heapreplace, "nlargest": heaps.nlargest, "nsmallest": heaps.nsmallest,
    "insort_left": heaps.insort_left, "insort_right": heaps.insort_right,
}  # fmt: skip


def call_sorted_list_function(e: Emitter, target: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value | None:
    """A call of a function of `heapq`, or of `bisect.insort`; None for other functions."""
    from tsir.frontend.script.rows import call_row

    try:
        name = _ROWS.get(target)
    except TypeError:
        return None
    if name is None:
        return None
    if name in ("nlargest", "nsmallest") and len(args) == 2:
        return _largest(e, name, args, kwargs)
    row = python.lookup(f"{'bisect' if name.startswith('insort') else 'heapq'}_{name}")
    assert row is not None
    if kwargs and (name == "merge" or "key" in kwargs):
        e.unsupported(f"argument '{next(iter(kwargs))}' of {name}()", hint="sort or compare tuples: `(key, item)`")
    if name == "merge":
        return call_row(e, row, [Run(_items(e, a)) for a in args])
    values = list(args)
    kind = e.session.type_of(values[0]) if values else None
    if isinstance(values[0] if values else None, Run) and isinstance(kind, ts.ListType):
        heap = materialise(e, values[0])
        if len(values) > 1:
            item = held(e, values[1])
            if (given := e.session.type_of(item)) is not None:
                retype(e, heap, ts.ListType(given))
            assert isinstance(heap.type, ts.ListType)
            values[1] = e.session.object_or_run(coerce(e, item, heap.type.element, f"{name}()"))
        if compares_objects(e, heap.type, ORDER):
            return e.session.call_function(e, PyFunction(_BY_COMPARISON[name]), [Run(heap), *values[1:]], kwargs)
    return call_row(e, row, values, kwargs)


def _largest(e: Emitter, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`nlargest(n, values, key=None)`: Python's documentation says what it is equal to."""
    from tsir.frontend.script.rows import call_row

    items = Run(_items(e, args[1]))
    if kwargs or compares_objects(e, items.type, ORDER):
        refuse_unknown_keywords(e, name, kwargs, ("key",))
        return e.session.call_function(e, PyFunction(_BY_COMPARISON[name]), [args[0], items], kwargs)
    row = python.lookup(f"heapq_{name}")
    assert row is not None
    return call_row(e, row, [args[0], items])
