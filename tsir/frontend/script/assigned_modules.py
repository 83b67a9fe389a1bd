"""Submodules that the program assigns: `self.act = nn.Identity()`, `self.layers[i] = other`, `self.a, self.b = self.b, self.a`.

The attribute is then of a Union of the classes that its modules have in the program, and what is called or read of it is called
or read by the class that it has at run time (`several_types.py`). Which modules these are the program's stores say: the compile
starts again with each new one, as `decided.py` does for types. Attributes that are annotated with an interface are
`interfaces.py`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import nn
from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.frontend.script.choices import choice
from tsir.frontend.script.classes import AttributeInfo, ClassInfo
from tsir.frontend.script.inlining import emit_choice
from tsir.frontend.script.type_relations import join_all, members
from tsir.frontend.script.values import NONE, Choice, Const, Object, Value

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session
    from tsir.frontend.script.emitter import Emitter


def is_assigned_module(session: Session, info: AttributeInfo | None, value: Value) -> bool:
    """Whether a store is one of `nn.Module`'s: a module is assigned, or None where a module was."""
    kind = session.type_of(value)
    classes = [session.class_of(m) for m in members(kind) if isinstance(m, ts.ClassType)] if kind is not None else []
    modules = [cls for cls in classes if cls is not None and issubclass(cls, nn.Module)]
    return bool(modules) or (info is not None and info.role == "submodule" and kind == ts.NONE)


def type_of_assigned(e: Emitter, holder: Object, name: str, value: Value) -> Attribute:
    """The type of the attribute that gets this module. Raises Redecided for one of a class that it hasn't had so far."""
    session = e.session
    kind = session.type_of(value)
    known = holder.info.attributes.get(name)
    assert kind is not None
    if known is not None and known.type is not None and set(members(kind)) <= set(members(known.type)):
        return known.type
    for member in members(kind):
        info = session.info_of_symbol(member.symbol.string_value()) if isinstance(member, ts.ClassType) else None
        module = next(iter(session.reader.modules_of(info)), None) if info is not None else None
        if info is not None and module is None:
            e.error(
                f"a module of {info.python_class.__name__} can't be assigned here",
                hint="only modules that have Python source can be assigned to an attribute",
                code="TS504",
            )
        session.decisions.assign_modules(session.reader.modules_of(holder.info), name, module)
    e.error(
        f"attribute '{name}' of module {holder.info.python_class.__name__} can't have another module",
        hint="annotate it with an interface in the class's body (torch.jit.interface)",
        code="TS504",
    )


def attribute_of_assigned(session: Session, module: nn.Module, name: str, own: ClassInfo | None) -> AttributeInfo | None:
    """What a module has as the submodule `name`, which is of the class `own` or None at first; None where no method assigns it."""
    decided = session.decisions.assigned_modules.get((id(module), name))
    if decided is None:
        return None
    _, found = decided
    kinds = [ts.NONE if m is None else session.reader.read(m)[0].type for m in found]
    is_there = name in module._modules or name in vars(module)
    first = own.type if own is not None else ts.NONE
    kind = join_all([first, *kinds] if is_there else kinds)
    return AttributeInfo(kind, "submodule", key="assigned", late=not is_there)


def assigned_names(session: Session, module: nn.Module) -> list[str]:
    """The attributes of a module to which the program assigns modules."""
    return [name for owner, name in session.decisions.assigned_modules if owner == id(module)]


def set_module_item(e: Emitter, holder: Object, index: Value, value: Value) -> bool:
    """`modules[index] = value` of a list or dict of modules; False for one that has no such item, and for other modules."""
    from tsir.frontend.script.attributes import set_plainly

    cls = holder.info.python_class
    if not isinstance(index, Const):
        if not issubclass(cls, nn.ModuleList | nn.Sequential):
            return False
        chosen = choice(e, [Const(n) for n in holder.info.children], index)
        if isinstance(chosen, Const):
            set_plainly(e, holder, str(chosen.value), value)
            return True
        assert isinstance(chosen, Choice)

        def put(name: Value) -> Value:
            assert isinstance(name, Const)
            set_plainly(e, holder, str(name.value), value)
            return NONE

        emit_choice(e, chosen, put)
        return True
    name = _item_name(cls, holder.info.children, index.value)
    if name is None:
        return False
    set_plainly(e, holder, name, value)
    return True


def _item_name(cls: type, names: Sequence[str], key: object) -> str | None:
    """The name of the submodule that is an item of a container."""
    if issubclass(cls, nn.ModuleDict):
        return key if isinstance(key, str) else None
    is_list = issubclass(cls, nn.ModuleList | nn.Sequential)
    return names[key] if is_list and isinstance(key, int) and -len(names) <= key < len(names) else None
