"""Dicts whose values are of several types, each key with its own: TypedDicts, and `{"lr": 0.1, "name": "adam"}` that stays as written.

The value under a constant key is of the type that the TypedDict declares, or that the display has there. A program may still put
something else there in a way that isn't seen here, so each such read is checked when it runs.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from torch import nn
from xdsl.ir import Attribute, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import GetAttrOp
from tsir.errors import FrontendError
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.narrowing import item_as
from tsir.frontend.script.source import function_source, unwrap
from tsir.frontend.script.values import Const, Run, Value

Types = Mapping[Any, Attribute]


def note_display(e: Emitter, made: SSAValue, keys: list[Value], kinds: list[Attribute | None]) -> None:
    """Remembers of what types the values of a dict display are, where they are of several."""
    if not isinstance(made.type, ts.DictType) or not isinstance(made.type.value, ts.UnionType | ts.NumberType):
        return
    if all(isinstance(k, Const) for k in keys) and None not in kinds:
        e.session.key_types[made] = {k.value: t for k, t in zip(keys, kinds, strict=True) if isinstance(k, Const) and t}


def item_of_key(e: Emitter, container: SSAValue, key: Value, item: Value) -> Value:
    """The item under a constant key, of its own type where that is known; else as it is."""
    if not isinstance(key, Const) or not isinstance(item, Run) or not isinstance(item.type, ts.UnionType | ts.NumberType):
        return item
    kind = _declared(e, container.type).get(key.value)
    if kind is None and container in e.session.key_types and _stays(e, key.value):
        kind = e.session.key_types[container].get(key.value)
    if kind is None:
        kind = _of_attribute(e, container, key.value)
    if kind is None or isinstance(kind, ts.UnionType) or kind == ts.NONE:
        return item
    return item_as(e, item, kind, f"the item {key.value!r} isn't {{}}, as the dict says where it is made or declared")


def _of_attribute(e: Emitter, container: SSAValue, key: Any) -> Attribute | None:
    """The type of an item of a dict that modules have, where all have one of this type and their class puts nothing else there."""
    read = container.owner
    if not isinstance(read, GetAttrOp) or not isinstance(read.object.type, ts.ClassType):
        return None
    info, name = e.session.info_of_symbol(read.object.type.symbol.string_value()), read.attr_name.data
    modules = e.session.reader.modules_of(info) if info.kind == "module" else []
    dicts: list[Any] = [getattr(m, name, None) for m in modules]
    if not dicts or not all(isinstance(d, dict) and key in d for d in dicts) or _is_stored(info.python_class, name, key):
        return None
    kinds = {e.session.type_of_object(d[key]) for d in dicts}
    return kinds.pop() if len(kinds) == 1 else None


@lru_cache(maxsize=4096)
def _is_stored(cls: Any, name: str, key: Any) -> bool:
    """Whether a method of a class may put something under a key of the dict that is an attribute."""
    for function in (v for c in cls.__mro__ if c is not nn.Module for v in vars(c).values() if inspect.isfunction(v)):
        if function.__name__ == "__init__":
            continue
        try:
            tree = function_source(unwrap(function)).node
        except FrontendError:
            continue  # without source it isn't compiled either
        for n in ast.walk(tree):
            match n:
                case ast.Subscript(value=ast.Attribute(attr=found), slice=index, ctx=ast.Store() | ast.Del()) if (
                    found == name
                ):
                    if not isinstance(index, ast.Constant) or index.value == key:
                        return True
                case ast.Call(func=ast.Attribute(value=ast.Attribute(attr=found), attr=method)) if found == name:
                    if method not in ("get", "keys", "values", "items", "copy"):
                        return True
                case ast.Assign(value=ast.Attribute(attr=found)) if found == name:
                    return True
                case _:
                    pass
    return False


def item_if_present(e: Emitter, container: SSAValue, key: Value, item: Value) -> Value:
    """What `get` gives of a TypedDict: the item under a constant key, of its own type, or None."""
    if not isinstance(key, Const) or not isinstance(item, Run) or not isinstance(item.type, ts.OptionalType):
        return item
    kind = _declared(e, container.type).get(key.value)
    if kind is None or isinstance(kind, ts.UnionType):
        return item
    return item_as(
        e, item, ts.optional_of(kind), f"the item {key.value!r} isn't {{}}, as the dict says where it is declared"
    )


def _declared(e: Emitter, kind: Attribute) -> Types:
    """The types of the keys of the one TypedDict that is a dict of this type."""
    found = e.session.annotations.typed_dicts.get(kind, ())
    return found[0] if len(found) == 1 else {}


def _stays(e: Emitter, key: Any) -> bool:
    """Whether the dict that is read here, by its variable's name, keeps what it was written with under this key."""
    node = e.node
    if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Name):
        return False
    return _is_kept(e.source.node, node.value.id, key)


@lru_cache(maxsize=4096)
def _is_kept(function: ast.AST, name: str, key: Any) -> bool:
    """Whether a function assigns a variable once, doesn't pass it on, and puts nothing else under the key."""
    assigned = 0
    for n in ast.walk(function):
        match n:
            case ast.Name(id=found, ctx=ast.Store()) if found == name:
                assigned += 1
            case ast.Call(func=ast.Attribute(value=ast.Name(id=found), attr=method)) if found == name:
                if method not in ("get", "keys", "values", "items", "copy"):
                    return False
            case ast.Call(args=args, keywords=keywords):
                passed = [*args, *(k.value for k in keywords)]
                if any(isinstance(a, ast.Name) and a.id == name for a in passed) and not _only_reads(n):
                    return False
            case ast.Subscript(value=ast.Name(id=found), slice=index, ctx=ast.Store() | ast.Del()) if found == name:
                if not isinstance(index, ast.Constant) or index.value == key:
                    return False
            case ast.Assign(value=ast.Name(id=found)) | ast.Return(value=ast.Name(id=found)) if found == name:
                if isinstance(n, ast.Assign):
                    return False
            case _:
                pass
    return assigned == 1


def _only_reads(call: ast.Call) -> bool:
    names = ("len", "print", "str", "repr", "list", "sorted", "dict", "sum", "max", "min", "tuple", "set", "enumerate")
    return isinstance(call.func, ast.Name) and call.func.id in names


__all__ = ["item_if_present", "item_of_key", "note_display"]
