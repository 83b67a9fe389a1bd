"""Dicts and objects that only exist while compiling, and change: `**kwargs`, dict displays of such values, outputs of models.

What such a value holds is a variable of the emitter's under a key of its own (`ref`), so that branches start from the same
contents and what they change is merged behind them as variables are. The values themselves are snapshots; `fresh` gives the one
of now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from xdsl.ir import SSAValue

from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.frames import FRAME
from tsir.frontend.script.values import (
    NONE,
    Binding,
    Const,
    DictView,
    EnumValue,
    PyObject,
    Run,
    Slice,
    StaticDict,
    StaticList,
    StaticObject,
    StaticTuple,
    Value,
    Zip,
)

MUTATING = frozenset(("pop", "update", "setdefault", "clear", "popitem", "__setitem__", "__delitem__", "move_to_end"))
"""Methods of dicts that change them."""


CONTENTS = "$contents"
AMBIENT = "$ambient "
"""How the keys begin of contents, and of what the program sets of constant objects."""


class NeedsInlining(Exception):
    """A function changes a static value that its caller has: it has to be compiled where it is called."""


def new_ref(e: Emitter) -> str:
    """A key for contents that no other value has. It looks like that of another frame's variable, and stays as it is."""
    e.session.refs += 1
    return f"{CONTENTS}{e.session.refs}{FRAME}"


def new_dict(e: Emitter, items: Mapping[Any, Value]) -> StaticDict:
    """A new dict that the program may change."""
    made = StaticDict(dict(items), new_ref(e))
    store(e, made)
    if not items:
        _note_place(e, made)
    return made


def new_list(e: Emitter, elements: Sequence[Value]) -> StaticList:
    """A new list that the program may change."""
    made = StaticList(tuple(elements), new_ref(e))
    store(e, made)
    if not elements:
        _note_place(e, made)
    return made


def _note_place(e: Emitter, made: StaticDict | StaticList) -> None:
    """Notes where an empty list or dict is made: its type, should it become a value of run time, is decided by that."""
    from tsir.frontend.script.decided import key_of_literal

    assert made.ref is not None
    e.session.places[made.ref] = key_of_literal(e)


def store(e: Emitter, value: StaticDict | StaticObject | StaticList) -> None:
    """Makes this what the value with its key holds from here on."""
    assert value.ref is not None
    e.variables[value.ref] = Binding(value)


def fresh(e: Emitter, value: Value) -> Value:
    """A value with what it holds now."""
    match value:
        case StaticDict() | StaticObject() | StaticList() if value.ref is not None:
            binding = e.variables.get(value.ref)
            return value if binding is None else binding.value
        case StaticTuple() if any(
            isinstance(v, StaticDict | StaticObject | StaticTuple | StaticList | DictView) for v in value.elements
        ):
            return replace(value, elements=tuple(fresh(e, v) for v in value.elements))
        case DictView():
            from tsir.frontend.script.listed import now

            return now(e, value)
        case _:
            return value


def changed(e: Emitter, value: StaticDict | StaticObject | StaticList, **parts: Any) -> None:
    """Gives a static value other contents. Raises NeedsInlining where another function has it."""
    if value.ref is None:
        e.error(
            "this dict is a constant of the program, so that it can't be changed",
            hint="copy it first: `dict(...)`",
            code="TS504",
        )
    if value.ref not in e.variables:
        raise NeedsInlining
    store(e, replace(value, **parts))


def changed_contents(e: Emitter, start: Mapping[str, Binding]) -> list[str]:
    """The keys of the lists and dicts that aren't any more what they were in the state `start`, or have become values of run time.

    Raises UnsupportedError where that is an object, or what the program has set for a while, which can't be one of run time.
    """
    refs: list[str] = []
    for name, binding in e.variables.items():
        if not name.startswith((CONTENTS, AMBIENT)) or name not in start or binding.origin is start[name].origin:
            continue
        if not isinstance(start[name].value, StaticList | StaticDict):
            e.unsupported(
                "changing an object that only exists while compiling in a loop of run time",
                hint="loop over something whose length is known while compiling, such as a ModuleList or a tuple",
            )
        refs.append(name)
    return refs


def at_run_time(e: Emitter, value: Value) -> SSAValue:
    """A list or dict that only exists while compiling as one of run time, for all who have it."""
    from tsir.frontend.script.convert import materialise

    return materialise(e, fresh(e, value))


def needs_run_time(e: Emitter, holder: Value, key: Value) -> bool:
    """Whether a dict that only exists while compiling has to be one of run time for a key that only the running program knows."""
    if not isinstance(holder, StaticDict) or holder.ref is None or isinstance(key, Const) or e.session.type_of(key) is None:
        return False
    now = fresh(e, holder)
    if not isinstance(now, StaticDict) or isinstance(key, EnumValue | StaticTuple):
        return False
    return all(e.session.type_of(v) is not None for v in now.items.values())


def set_dict_item(e: Emitter, holder: StaticDict | StaticObject, key: Value, value: Value) -> None:
    """`holder[key] = value`."""
    name = constant_key(e, key)
    now = fresh(e, holder)
    assert isinstance(now, StaticDict | StaticObject) and now.items is not None
    changed(e, now, items={**now.items, name: value})


def set_list_item(e: Emitter, holder: StaticList, index: Value, value: Value) -> None:
    """`holder[index] = value`."""
    at = constant_key(e, index)
    elements = list(holder.elements)
    if not isinstance(at, int) or not -len(elements) <= at < len(elements):
        e.error(f"index {at!r} is out of range for a list of {len(elements)} elements", code="TS307")
    elements[at] = value
    changed(e, holder, elements=tuple(elements))


def set_list_slice(e: Emitter, holder: StaticList, bounds: slice, values: Sequence[Value]) -> None:
    """`holder[bounds] = values`."""
    elements = list(fresh(e, holder).elements)  # pyright: ignore[reportAttributeAccessIssue]
    elements[bounds] = values
    changed(e, holder, elements=tuple(elements))


def list_method(e: Emitter, holder: StaticList, name: str, args: Sequence[Value]) -> Value | None:
    """A method of list on a static one; None for one that isn't known here."""
    elements = holder.elements
    match name, args:
        case "append", [value]:
            changed(e, holder, elements=(*elements, value))
        case "extend", [StaticTuple() | StaticList() as more]:
            changed(e, holder, elements=(*elements, *more.elements))
        case "pop", []:
            if not elements:
                return None
            changed(e, holder, elements=elements[:-1])
            return elements[-1]
        case "copy", []:
            return new_list(e, elements)
        case "clear", []:
            changed(e, holder, elements=())
        case "insert", [Const(value=int() as at), value]:
            several = list(elements)
            several.insert(at, value)
            changed(e, holder, elements=tuple(several))
        case "index" | "count", [value]:
            return _found_in(e, elements, name, value)
        case _:
            return None
    return NONE


def _found_in(e: Emitter, elements: Sequence[Value], name: str, value: Value) -> Value | None:
    """`list.index` and `list.count` of constants; None for other values."""
    from tsir.frontend.script.evaluation import NotConstant, as_python, evaluate

    try:
        values = [as_python(v) for v in elements]
    except NotConstant:
        return None
    return evaluate(e, getattr(values, name), [value], {}, name)


def constant_key(e: Emitter, key: Value) -> Any:
    """A key that is known while compiling. Raises FrontendError for another one."""
    if isinstance(key, Const):
        return key.value
    if isinstance(key, EnumValue):
        return key.member
    if isinstance(key, PyObject):
        return key.value
    if isinstance(key, StaticTuple):
        return tuple(constant_key(e, k) for k in key.elements)
    e.error(
        "the key has to be a constant: the dict only exists while compiling",
        value=key,
        hint="keep tensors in a dict whose values all have one type",
        code="TS507",
    )


def note_asked(e: Emitter, items: Mapping[Any, Value], key: Any = None, default: Value | None = None) -> None:
    """Notes that the program asks whether there is an item, or without a key which there are: of a parameter of an entry point
    that calls may leave out, the answer depends on the call. Asked with the parameter's own default it doesn't."""
    for name in items if key is None else [key]:
        value = items.get(name)
        parameter = e.session.entry_arguments.get(value.ssa) if isinstance(value, Run) else None
        if parameter is None:
            continue
        own = e.session.from_python(parameter.default, str(name)) if default is not None else None
        if not (isinstance(own, Const) and isinstance(default, Const) and own.same(default)):
            e.session.asked.add(parameter.name)


_BY_KEY = ("get", "pop", "setdefault", "__getitem__", "__contains__", "__setitem__", "__delitem__")


def dict_method(
    e: Emitter, holder: StaticDict | StaticObject, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]
) -> Value | None:
    """A method of dict on a static one; None for one that isn't known here."""
    if args and name in _BY_KEY and needs_run_time(e, holder, args[0]):
        from tsir.frontend.script.method_calls import call_method

        return call_method(e, Run(at_run_time(e, holder)), name, args, kwargs)
    now = fresh(e, holder)
    assert isinstance(now, StaticDict | StaticObject) and now.items is not None
    items = now.items
    if name in ("keys", "values", "items", "__iter__", "__len__", "popitem"):
        note_asked(e, items)
    elif args and name in ("get", "pop", "__contains__", "setdefault"):
        has_default = name in ("get", "setdefault")
        default = args[1] if len(args) > 1 else kwargs.get("default", NONE if has_default else None)
        note_asked(e, items, constant_key(e, args[0]), default)
    match name:
        case "keys" | "__iter__":
            return StaticTuple(tuple(e.session.from_python(k, "key") for k in items))
        case "values":
            return StaticTuple(tuple(items.values()))
        case "items":
            return StaticTuple(tuple(StaticTuple((e.session.from_python(k, "key"), v)) for k, v in items.items()))
        case "get" if 1 <= len(args) + len(kwargs) <= 2:
            default = args[1] if len(args) > 1 else kwargs.get("default", NONE)
            return items.get(constant_key(e, args[0]), default)
        case "__getitem__":
            return _item(e, items, args[0])
        case "__contains__":
            return Const(constant_key(e, args[0]) in items)
        case "__len__":
            return Const(len(items))
        case "copy":
            return new_dict(e, items)
        case "pop":
            key = constant_key(e, args[0])
            if key not in items and len(args) > 1:
                return args[1]
            found = _item(e, items, args[0])
            changed(e, now, items={k: v for k, v in items.items() if k != key})
            return found
        case "setdefault":
            key = constant_key(e, args[0])
            if key not in items:
                changed(e, now, items={**items, key: args[1] if len(args) > 1 else NONE})
            return items[key] if key in items else (args[1] if len(args) > 1 else NONE)
        case "update":
            more = _items_of(e, args[0]) if args else {}
            if more is None:
                return None
            changed(e, now, items={**items, **more, **kwargs})
            return NONE
        case "__setitem__":
            set_dict_item(e, now, args[0], args[1])
            return NONE
        case "__delitem__":
            _item(e, items, args[0])
            key = constant_key(e, args[0])
            changed(e, now, items={k: v for k, v in items.items() if k != key})
            return NONE
        case "clear":
            changed(e, now, items={})
            return NONE
        case _:
            return None


def _items_of(e: Emitter, value: Value) -> dict[Any, Value] | None:
    from tsir.frontend.script.convert import tuple_elements

    value = fresh(e, value)
    if isinstance(value, StaticDict | StaticObject) and value.items is not None:
        return value.items
    if isinstance(value, Zip) and value.strict is None:
        rows = [tuple_elements(e, fresh(e, v)) for v in value.iterables]
        known = [r for r in rows if r is not None]
        value = StaticTuple(tuple(map(StaticTuple, zip(*known, strict=False)))) if len(known) == len(rows) else value
    if isinstance(value, StaticTuple | StaticList):
        pairs = [v.elements for v in value.elements if isinstance(v, StaticTuple | StaticList) and len(v.elements) == 2]
        if len(pairs) == len(value.elements):
            return {constant_key(e, k): v for k, v in pairs}
    return None


def _item(e: Emitter, items: Mapping[Any, Value], key: Value) -> Value:
    """An item of a static dict. Python's KeyError where there is none."""
    from tsir.frontend.script.python_errors import raise_in_program

    name = constant_key(e, key)
    if name in items:
        return items[name]
    raise_in_program(e, "KeyError", str(name))


def parts_of(value: Value) -> tuple[Any, list[Value]] | None:
    """What kind of structure a static value is and the values in it, so that two of one kind can be merged; None for others."""
    match value:
        case Slice():
            return (("slice",), [value.start, value.stop, value.step])
        case StaticTuple():
            return (("tuple", len(value.elements), value.named), list(value.elements))
        case StaticList():
            return (("list", len(value.elements), value.ref), list(value.elements))
        case StaticDict():
            return (("dict", tuple(value.items), value.ref), list(value.items.values()))
        case StaticObject():
            items = value.items or {}
            kind = ("object", value.cls, value.ref, tuple(value.attributes), None if value.items is None else tuple(items))
            return (kind, [*value.attributes.values(), *items.values()])
        case _:
            return None


def with_parts(value: Value, parts: Sequence[Value]) -> Value:
    """The static value with other values in it, in the order that `parts_of` gives them."""
    match value:
        case Slice():
            return Slice(*parts)
        case StaticTuple() | StaticList():
            return replace(value, elements=tuple(parts))
        case StaticDict():
            return replace(value, items=dict(zip(value.items, parts, strict=True)))
        case StaticObject():
            count = len(value.attributes)
            attributes = dict(zip(value.attributes, parts[:count], strict=True))
            items = None if value.items is None else dict(zip(value.items, parts[count:], strict=True))
            return replace(value, attributes=attributes, items=items)
        case _:
            raise AssertionError(type(value).__name__)


__all__ = [
    "AMBIENT",
    "MUTATING",
    "NeedsInlining",
    "at_run_time",
    "changed",
    "changed_contents",
    "constant_key",
    "dict_method",
    "fresh",
    "list_method",
    "new_dict",
    "new_list",
    "new_ref",
    "note_asked",
    "parts_of",
    "set_dict_item",
    "set_list_item",
    "set_list_slice",
    "store",
    "with_parts",
]  # fmt: skip
