"""Types of parameters without annotation from example inputs (`script(f, example_inputs=[(1, 2.0)])`).

The examples are looked at and not run: what is called with other types inside the program is compiled for those anyway.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from torch import nn
from xdsl.ir import Attribute

from tsir.errors import FrontendError
from tsir.frontend.script.classes import declare
from tsir.frontend.script.source import unwrap
from tsir.frontend.script.type_relations import join_types

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session

Given = Iterable[Sequence[Any]] | Mapping[Callable[..., Any], Iterable[Sequence[Any]]]


class Examples:
    """Example inputs by the function that they are for: a list of argument tuples, or a dict of such lists by callable.

    A module stands for its `forward`. Raises FrontendError for anything else.
    """

    def __init__(self, compiled: Any, given: Given) -> None:
        self._calls: dict[Any, list[tuple[Any, ...]]] = {}
        by_callable = given if isinstance(given, Mapping) else {compiled: given}
        for target, calls in by_callable.items():
            function = _function_of(target)
            for arguments in calls:
                if not isinstance(arguments, tuple | list):
                    raise FrontendError(
                        f"an example input is a tuple of arguments, not a {type(arguments).__name__}",
                        hint="for example example_inputs=[(torch.ones(2), 3)]",
                        code="TS105",
                    )
                self._calls.setdefault(function, []).append(tuple(arguments))

    def types(self, session: Session, function: Any, names: Sequence[str]) -> dict[str, Attribute]:
        """The types of a function's parameters (without `self`) that its examples say, by name."""
        found: dict[str, Attribute] = {}
        for arguments in self._calls.get(function, ()):
            for name, value in zip(names, arguments, strict=False):
                _declare_classes(value)
                kind = session.type_of_object(value)
                if kind is None:
                    raise FrontendError(
                        f"the example input for '{name}' is a {type(value).__name__}, which has no type in compiled code",
                        hint="annotate the parameter",
                        code="TS105",
                    )
                found[name] = join_types(found[name], kind) if name in found else kind
        return found


def _declare_classes(value: Any) -> None:
    """Lets the classes of the user's objects in an example be script classes, as if they had been given to `script`."""
    for inner in value if isinstance(value, list | tuple) else value.values() if isinstance(value, dict) else ():
        _declare_classes(inner)
    if hasattr(value, "__dict__") and type(value).__new__ is object.__new__ and not isinstance(value, nn.Module | type):
        declare(type(value))


def _function_of(target: Any) -> Any:
    """The function behind something that examples are given for."""
    if isinstance(target, nn.Module):
        return unwrap(type(target).forward)
    if inspect.ismethod(target):
        return unwrap(target.__func__)
    if inspect.isfunction(target):
        return unwrap(target)
    raise FrontendError(
        f"example inputs are for functions, methods and modules, not for a {type(target).__name__}",
        hint="give a list of argument tuples, or a dict from callables to such lists",
        code="TS105",
    )
