"""Forms of calls: what a call passes to an entry point, apart from the values of its tensors and numbers.

A program that is read as Python reads it (wrapped entry points, `**kwargs`) may do something else for each set of arguments that is
passed: it looks at which those are, at flags, at objects such as caches. So one entry point has variants, one for each form of call
that came: `form_of` says the form and gives the values that the variant takes at run time, in the order of the form's leaves.

A form is made of plain tuples, so that it is hashable and an archive holds it:

- `("t",)` a tensor, `("i",)`, `("f",)`, `("c",)` a number, `("declared", i)` what the entry point's parameter `i` takes: leaves
- `("typed", kind)` a leaf for a parameter whose annotation doesn't say of what it is: `kind` does, as `("list", ("i",))`
- `("k", value)` a constant: None, a flag, a string, a dtype...
- `("tuple", *forms)`, `("named", class, *forms)`, `("list", *forms)`, `("dict", keys, *forms)`
- `("object", class, names, forms, keys, items)` an object of a class written in Python, `keys` and `items` those of a dict's
- `("attribute", i)` among an object's items: the same as its attribute `i`
- `("same", n)` the list, dict or object that was the n-th one met in this call
- `("python", id)` any other object of Python's, which is a constant of the variant
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tsir.dialects.program import EntryPoint

Form = tuple[Any, ...]

MAX_NODES = 10_000
"""How many values the arguments of one call may consist of."""


class ModulesChanged(Exception):
    """While compiling, the program has registered hooks on its modules, as it does once: it has to be compiled anew with them."""


@dataclass(frozen=True)
class CallForm:
    """The form of a call: by name what is passed for which parameter, and what more for `*args`."""

    names: tuple[str, ...]
    forms: tuple[Form, ...]
    rest: tuple[Form, ...] = ()

    @property
    def names_python_objects(self) -> bool:
        """Whether it is one of calls in this process alone, with certain objects of Python's."""
        pending: list[Any] = [*self.forms, *self.rest]
        while pending:
            found = pending.pop()
            if isinstance(found, tuple):
                if found[:1] == ("python",):
                    return True
                pending.extend(found)  # pyright: ignore[reportUnknownArgumentType]
        return False


@dataclass(frozen=True)
class Variant:
    """An entry point for calls of one form. Its parameters are the form's leaves.

    With `states` its result is a tuple: what the function returns, then the lists, dicts and objects that it was given, as they
    are after the call, by their numbers.
    """

    form: CallForm
    entry: EntryPoint
    states: tuple[int, ...] = ()


@dataclass
class Given:
    """What one call passes: its form's leaves, and the lists, dicts and objects in it, in the order in which they are met."""

    leaves: list[Any] = field(default_factory=list[Any])
    names: list[str] = field(default_factory=list[str])
    """What the leaves are called."""
    containers: list[Any] = field(default_factory=list[Any])
    classes: dict[str, type] = field(default_factory=dict[str, type])
    """The classes of the objects by their names in the form."""
    constants: dict[int, Any] = field(default_factory=dict[int, Any])
    """The objects that are constants, by `id`."""


class FormReader:
    """Finds the forms of values. `constant` gives the value of the program's for a constant, or None for another object;
    `is_tensor` and `is_plain` say what a tensor is and which objects are taken apart, `parts` takes them apart."""

    def __init__(
        self,
        is_tensor: Callable[[Any], bool],
        constant: Callable[[Any], Any],
        parts: Callable[[Any], tuple[str, dict[str, Any], dict[Any, Any] | None] | None],
    ) -> None:
        self._is_tensor = is_tensor
        self._constant = constant
        self._parts = parts
        self._numbers: dict[int, int] = {}
        self._nodes = 0
        self.given = Given()

    def form(self, value: Any, name: str) -> Form:
        """The form of one value; `name` is what its leaves are called after."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise OverflowError(f"the arguments consist of more than {MAX_NODES} values")
        if value is None or type(value) in (bool, str, bytes):
            return ("k", value)
        if self._is_tensor(value):
            return self._leaf(("t",), value, name)
        for cls, kind in ((int, "i"), (float, "f"), (complex, "c")):
            if type(value) is cls:
                return self._leaf((kind,), value, name)
        if (constant := self._constant(value)) is not None:
            return ("k", constant)
        if isinstance(value, tuple):
            items: Any = value
            inner = self._all(items, name)
            if not hasattr(value, "_fields"):
                return ("tuple", *inner)
            return ("named", self._class(type(value)), *inner)
        if id(value) in self._numbers:
            return ("same", self._numbers[id(value)])
        if type(value) is list:
            self._number(value)
            return ("list", *self._all(value, name))
        if type(value) is dict and all(isinstance(k, str | int) for k in value):
            self._number(value)
            return ("dict", tuple(value), *(self.form(v, f"{name}_{k}") for k, v in value.items()))
        found = self._parts(value)
        if found is None:
            self.given.constants[id(value)] = value
            return ("python", id(value))
        self._number(value)
        cls_name, attributes, items = found
        cls_name = self._class(type(value), cls_name)
        forms = tuple(self.form(v, f"{name}_{n}") for n, v in attributes.items())
        if items is None:
            return ("object", cls_name, tuple(attributes), forms, None, ())
        known = {id(v): i for i, v in enumerate(attributes.values())}
        held = tuple(
            ("attribute", known[id(v)]) if id(v) in known else self.form(v, f"{name}_{k}") for k, v in items.items()
        )
        return ("object", cls_name, tuple(attributes), forms, tuple(items), held)

    def declared(self, value: Any, name: str, index: int) -> Form:
        """The form of a value for a parameter that takes it as it is."""
        return self._leaf(("declared", index), value, name)

    def typed(self, value: Any, name: str, kind: Form) -> Form:
        """The form of a value that is passed as it is and of the type that `kind` says."""
        return self._leaf(("typed", kind), value, name)

    def _leaf(self, form: Form, value: Any, name: str) -> Form:
        self.given.leaves.append(value)
        self.given.names.append(name)
        return form

    def _all(self, values: Iterable[Any], name: str) -> list[Form]:
        return [self.form(v, f"{name}_{i}") for i, v in enumerate(values)]

    def _number(self, value: Any) -> None:
        self._numbers[id(value)] = len(self.given.containers)
        self.given.containers.append(value)

    def _class(self, cls: type, name: str | None = None) -> str:
        name = name or cls.__name__
        if self.given.classes.setdefault(name, cls) is not cls:
            name = f"{cls.__module__}.{cls.__qualname__}"
            self.given.classes[name] = cls
        return name


__all__ = ["CallForm", "Form", "FormReader", "Given", "ModulesChanged", "Variant"]
