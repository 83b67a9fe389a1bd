"""New objects as Python source: by the call that makes them, where the program says one, else without `__init__` and attribute by
attribute, as the program makes them."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, cast

from xdsl.dialects.builtin import ArrayAttr, StringAttr
from xdsl.ir import Operation, SSAValue

from tsir.dialects.ts import types
from tsir.dialects.ts.structure import CACHED, PART
from tsir.dialects.values import ITEM
from tsir.lowering.to_python.atoms import receiver
from tsir.lowering.to_python.names import MADE, Names, is_name

if TYPE_CHECKING:
    from tsir.lowering.to_python.statements import Printer


def new(p: Printer, operation: Operation) -> str:
    """`ts.new`."""
    symbol = _symbol(operation.results[0])
    name = p.names.class_name(symbol)
    made = operation.attributes.get(MADE)
    if isinstance(made, ArrayAttr) and p.names.has_place(symbol):
        p.made.add(operation.results[0])
        return _call(p, operation.results[0], name, cast(Any, made).data[1:])
    return f"{'object' if p.names.has_own(_symbol(operation.results[0]), '__new__') else name}.__new__({name})"


def _call(p: Printer, made: SSAValue, name: str, arguments: Any) -> str:
    shown: list[str] = []
    for argument in arguments:
        if isinstance(argument, StringAttr):
            shown.append(f"{argument.data}={p.text(_attribute(made, argument.data))}")
            continue
        prefix, value = argument.data
        if isinstance(value, ArrayAttr):
            place, *inner = cast(Any, value).data
            shown.append(prefix.data + _call(p, made, p.names.placed(place.data) or place.data, inner))
        else:
            if "torch." in value.data:
                p.names.use("torch")
            shown.append(prefix.data + value.data)
    return f"{name}({', '.join(shown)})"


def _attribute(made: SSAValue, name: str) -> SSAValue:
    """What a new object gets as an attribute."""
    operations = (use.operation for use in made.uses if use.index == 0 and use.operation.name == "ts.setattr")
    return next(op.operands[1] for op in operations if cast(Any, op).attr_name.data == name)


def is_part(p: Printer, operation: Operation) -> bool:
    """Whether an operation is part of what a call does that is printed."""
    if operation.name == "ts.new" and MADE in operation.attributes:
        return all(PART in use.operation.attributes for use in operation.results[0].uses)  # only told how another is made
    if PART not in operation.attributes:
        return False
    if operation.name == "ts.new":
        return True
    maker = operation.operands[0].owner
    return isinstance(maker, Operation) and (operation.operands[0] in p.made or is_part(p, maker))


def cached_property(p: Printer, operation: Operation) -> str | None:
    """What reads a cached property, of an object whose class says that it is one: an `scf.if` on what is kept."""
    name = operation.attributes.get(CACHED)
    test = operation.operands[0].owner
    kept = test.operands[0].owner if isinstance(test, Operation) and test.operands else None
    if not isinstance(name, StringAttr) or not isinstance(kept, Operation) or kept.name != "ts.getattr":
        return None
    holder = kept.operands[0]
    return f"{receiver(p.text(holder))}.{name.data}" if p.names.has_place(_symbol(holder)) else None


def looks_for_cached(p: Printer, operation: Operation) -> bool:
    """Whether an operation only finds out whether a cached property was computed before, which the class itself does."""
    if operation.name not in ("ts.getattr", "ts.py.is"):
        return False
    for use in operation.results[0].uses:
        user = use.operation
        if user.name == "scf.if" and CACHED in user.attributes:
            return cached_property(p, user) is not None
        if operation.name == "ts.getattr" and user.name == "ts.py.is" and looks_for_cached(p, user):
            return True
    return False


def setattr_text(p: Printer, operation: Operation) -> str:
    """`ts.setattr`: of an object of a class derived from dict past what its class does then; it may be an item."""
    name: str = cast(Any, operation).attr_name.data
    holder, value = p.text(operation.operands[0]), p.text(operation.operands[1])
    symbol = _symbol(operation.operands[0])
    if name.startswith(ITEM):
        return f"{_dict(p.names, symbol)}.__setitem__({holder}, {name.removeprefix(ITEM)!r}, {value})"
    if p.names.is_dict(symbol) or p.names.has_own(symbol, "__setattr__"):
        return f"object.__setattr__({holder}, {name!r}, {value})"
    return f"{receiver(holder)}.{name} = {value}" if is_name(name) else f"setattr({holder}, {name!r}, {value})"


def delattr_text(p: Printer, operation: Operation, texts: list[str]) -> str:
    """`ts.py.del_attribute`, past what the class does then."""
    plainly = p.names.has_own(_symbol(operation.operands[0]), "__delattr__")
    return f"{'object.__delattr__' if plainly else 'delattr'}({texts[0]}, {texts[1]})"


def _dict(names: Names, symbol: str) -> str:
    """The built-in class that a class derived from dict is derived from."""
    cls = names.python_class(symbol)
    if cls is not None and not issubclass(cls, OrderedDict):
        return "dict"
    return f"{names.use('collections')}.OrderedDict"


def _symbol(value: SSAValue) -> str:
    return cast(types.ClassType, value.type).symbol.root_reference.data


__all__ = ["cached_property", "delattr_text", "is_part", "looks_for_cached", "new", "setattr_text"]
