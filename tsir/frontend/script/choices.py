"""An element of a container of modules at an index or key that only the running program knows.

`self.layers[i]` is a `Choice`: where it is called or read, a branch for each element is emitted, so that each of them is compiled
for its own attributes, as a constant index would be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeGuard

from xdsl.ir import SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import IsInstanceOp
from tsir.frontend.script.classes import is_method
from tsir.frontend.script.convert import coerce, list_of, materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.inlining import emit_choice
from tsir.frontend.script.python_errors import raise_in_program
from tsir.frontend.script.type_relations import members
from tsir.frontend.script.values import Builtin, Choice, Condition, Const, Object, PyObject, Run, StaticDict, Value


def choice(e: Emitter, options: Sequence[Value], index: Value) -> Value:
    """The element of a list at a run-time index; a wrong one raises IndexError."""
    if not options:
        raise_in_program(e, "IndexError", "list index out of range")
    positions = list_of(e, [Const(i) for i in range(len(options))], ts.INT)
    return _of(e, e.py("getitem", [positions, coerce(e, index, ts.INT, "the index of a module")]), list(options))


def choice_by_key(e: Emitter, options: dict[str, Value], key: Value) -> Value:
    """The value of a dict at a run-time key; a wrong one raises KeyError."""
    if not options:
        raise_in_program(e, "KeyError", key)
    positions = materialise(e, StaticDict({name: Const(i) for i, name in enumerate(options)}))
    at = e.py("getitem", [positions, coerce(e, key, ts.StrType(), "the key of a module")])
    return _of(e, at, list(options.values()))


def _of(e: Emitter, number: SSAValue, options: list[Value]) -> Value:
    kind = options[0].type if isinstance(options[0], Run) else None
    if kind is not None and all(isinstance(option, Run) and option.type == kind for option in options):
        return e.session.object_or_run(e.py("getitem", [list_of(e, options, kind), number]))
    return Choice(number, tuple(options)) if len(options) > 1 else options[0]


def choice_of_classes(e: Emitter, value: SSAValue, kind: ts.UnionType) -> Choice | None:
    """An object of one of several classes as a choice among them; None for a Union with other members."""
    from tsir.frontend.script.control import choose

    classes = kind.members.data
    options = [e.session.object_or_run(e.cast(value, m)) for m in classes if isinstance(m, ts.ClassType)]
    if len(options) < len(classes) or not all(isinstance(option, Object) for option in options):
        return None

    def number(at: int) -> Value:
        if at == len(classes) - 1:
            return Const(at)
        test = e.emit(IsInstanceOp(value, [classes[at]]))
        return choose(e, Condition(test), lambda: Const(at), lambda: number(at + 1))

    return Choice(materialise(e, number(0)), tuple(options))


_NUMBERS = (ts.BOOL, ts.INT, ts.FLOAT, ts.COMPLEX)


def choice_of_types(e: Emitter, value: SSAValue) -> Choice | None:
    """The class of a value of one of several types, as a choice among them, subclasses first; None where one has no class."""
    from tsir.frontend.script.control import choose

    kinds = [n for m in members(value.type) for n in (_NUMBERS if isinstance(m, ts.NumberType) else (m,))]
    kinds = sorted(kinds, key=lambda k: -len(getattr(e.session.python_class(k), "__mro__", ())))
    classes = [e.session.python_class(k) for k in kinds]
    if len(classes) < 2 or None in classes:
        return None

    def number(at: int) -> Value:
        if at == len(kinds) - 1:
            return Const(at)
        test = e.emit(IsInstanceOp(value, [kinds[at]]))
        return choose(e, Condition(test), lambda: Const(at), lambda: number(at + 1))

    options = tuple(e.session.from_python(c, c.__name__) for c in classes if c is not None)
    return Choice(materialise(e, number(0)), options)


def for_each_class(e: Emitter, left: Value, right: Value, use: Callable[[Value, Value], Value]) -> Value | None:
    """A comparison of which one side is one of several classes, for whichever it is; None for other comparisons."""
    if is_of_classes(left):
        return emit_choice(e, left, lambda option: use(option, right))
    return emit_choice(e, right, lambda option: use(left, option)) if is_of_classes(right) else None


def is_of_classes(value: Value) -> TypeGuard[Choice]:
    """Whether a value is one of several classes."""
    return isinstance(value, Choice) and all(isinstance(option, PyObject | Builtin) for option in value.options)


def choice_attribute(e: Emitter, value: Choice, name: str) -> Value:
    """`container[i].name`: a run-time value, or again a choice when it is a method or a module."""
    from tsir.frontend.script.attributes import get_attribute

    if all(isinstance(option, Object) and _is_static(option, name) for option in value.options):
        return Choice(value.number, tuple(get_attribute(e, option, name) for option in value.options))
    return emit_choice(e, value, lambda option: get_attribute(e, option, name))


def _is_static(option: Object, name: str) -> bool:
    info = option.info.attributes.get(name)
    if info is not None:
        return info.role == "submodule"
    found = option.info.lookup(name)
    return found is not None and is_method(found[0])
