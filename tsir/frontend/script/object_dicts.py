"""`vars(object)` and `object.__dict__`: the attributes of an object of the program's by their names.

What reads the dict as a whole gets a copy with the attributes as they are then; items are attributes, which `d[name] = value` and
`d.update(...)` set past what the class defines, as Python does.
Of a module's, items under constant keys are known: parameters, buffers and submodules aren't among them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.unnamed_attributes import unnamed_type
from tsir.frontend.script.values import NONE, Const, Object, ObjectDict, StaticDict, Value


def object_dict(e: Emitter, value: Value, written: str) -> ObjectDict:
    """`vars(value)`, or what is `written` for it."""
    if not isinstance(value, Object) or value.info.kind not in ("class", "module"):
        e.unsupported(f"{written} of a {e.show(value)}", hint="name the attributes one by one")
    return ObjectDict(value)


def names_of(e: Emitter, value: ObjectDict) -> list[str]:
    """The names of the attributes that the object has. Raises UnsupportedError where only the running program knows them."""
    info = value.holder.info
    if info.kind == "module":
        return list(dict.fromkeys(n for module in e.session.reader.modules_of(info) for n in vars(module)))
    e.session.define_attributes(info)
    if unnamed_type(e.session, info.python_class) is not None:
        e.unsupported(f"the dict of an object of {info.python_class.__name__}, which gets attributes by names of run time")
    late = [n for n, a in info.attributes.items() if a.late]
    if late:
        hint = f"assign '{late[0]}' in __init__"
        e.unsupported(f"the dict of an object of {info.python_class.__name__} that may be without '{late[0]}'", hint=hint)
    return [n for n, a in info.attributes.items() if a.role == "attribute"]


def as_dict(e: Emitter, value: ObjectDict) -> StaticDict:
    """The attributes as they are now. Raises UnsupportedError for a module, which has many that only Python knows."""
    if value.holder.info.kind == "module":
        e.unsupported("the dict of a module as a whole", hint="name the attributes one by one")
    return StaticDict({n: e.session.get_attribute(e, value.holder, n) for n in names_of(e, value)})


def get_item(e: Emitter, value: ObjectDict, key: Value) -> Value:
    """`vars(object)[key]`."""
    from tsir.frontend.script.python_errors import raise_in_program
    from tsir.frontend.script.subscripts import Subscript
    from tsir.frontend.script.subscripts import get_item as item_of

    if not isinstance(key, Const):
        return item_of(e, as_dict(e, value), Subscript([key]))
    if key.value not in names_of(e, value):
        raise_in_program(e, "KeyError", str(key.value))
    return e.session.get_attribute(e, value.holder, str(key.value))


def set_item(e: Emitter, value: ObjectDict, key: Value, given: Value) -> None:
    """`vars(object)[key] = given`."""
    from tsir.frontend.script.attribute_stores import set_by_name
    from tsir.frontend.script.attributes import set_plainly

    is_module = value.holder.info.kind == "module"
    if is_module and not (isinstance(key, Const) and key.value in names_of(e, value)):
        e.unsupported("a new item in the dict of a module", hint="assign the attribute")
    if isinstance(key, Const) and isinstance(key.value, str):
        set_plainly(e, value.holder, key.value, given)
    else:
        set_by_name(e, value.holder, key, given)


def call_method(e: Emitter, value: ObjectDict, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`vars(object).name(...)`."""
    from tsir.frontend.script import method_calls

    match name, args:
        case "update", [] | [StaticDict() | ObjectDict()]:
            known = [plain(e, a) for a in args]
            given = {k: v for a in known if isinstance(a, StaticDict) for k, v in a.items.items()}
            for key, item in {**given, **kwargs}.items():
                set_item(e, value, Const(key), item)
            return NONE
        case "get", [Const() as key, *default] if len(default) < 2:
            return get_item(e, value, key) if key.value in names_of(e, value) else (default[0] if default else NONE)
        case ("__getitem__", [key]):
            return get_item(e, value, key)
        case ("__setitem__", [key, item]):
            set_item(e, value, key, item)
            return NONE
        case (("update" | "pop" | "popitem" | "clear" | "setdefault"), _):
            e.unsupported(f"vars(...).{name}() with these arguments", hint="assign or delete the attributes")
        case _:
            return method_calls.call_method(e, as_dict(e, value), name, args, kwargs)


def plain(e: Emitter, value: Value) -> Value:
    """The dict of an object as a dict of its own; other values as they are."""
    return as_dict(e, value) if isinstance(value, ObjectDict) else value
