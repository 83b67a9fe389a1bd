"""`functools.singledispatch`: which of the registered functions a call means, by the class of its first argument.

The function is chosen while compiling, or in a branch for each class that the argument may be of.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tsir.frontend.script.attributes import class_of_value
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.function_identity import python_class_behind
from tsir.frontend.script.inlining import emit_choice
from tsir.frontend.script.several_types import for_each_type, members_of
from tsir.frontend.script.values import Choice, Object, PyFunction, Value

Call = Callable[[Emitter, Any, Sequence[Value], Mapping[str, Value]], Value]


def is_single_dispatch(function: Any) -> bool:
    """Whether a function is one that `functools.singledispatch` has made."""
    return callable(getattr(function, "dispatch", None)) and hasattr(function, "registry")


def dispatched_method(method: functools.singledispatchmethod[Any], holder: Object) -> PyFunction:
    """A method that `functools.singledispatchmethod` has made, of an object."""
    return PyFunction(method.dispatcher, holder, holder.info)


def call_dispatched(
    e: Emitter, callee: PyFunction, args: Sequence[Value], kwargs: Mapping[str, Value], call: Call
) -> Value | None:
    """A call of such a function; None without a first argument, or with one whose class isn't known."""
    if not args:
        return None
    function = callee.function
    first, rest = args[0], list(args[1:])
    if members_of(e, first):
        return for_each_type(e, first, lambda known: call(e, callee, [known, *rest], kwargs))

    def by_class(kind: Value) -> Value:
        found = function.dispatch(python_class_behind(kind))
        if callee.receiver is None:
            return call(e, e.session.from_python(found, found.__name__), args, kwargs)
        if isinstance(found, staticmethod | classmethod):
            cls = e.session.from_python(callee.owner.python_class, callee.owner.name) if callee.owner is not None else None
            receiver = cls if isinstance(found, classmethod) else None
            return call(e, PyFunction(found.__func__, receiver, callee.owner), args, kwargs)
        return call(e, PyFunction(found, callee.receiver, callee.owner), args, kwargs)

    kind = class_of_value(e, first)
    if isinstance(kind, Choice):
        return emit_choice(e, kind, by_class)
    return None if python_class_behind(kind) is None else by_class(kind)
