"""Calls of other forms than the one that an entry point is compiled for: which variant takes them, and what goes in and out.

What a form is stands in `dialects/call_forms.py`. A variant is compiled when a call of its form comes first, in the process that
compiled the program; a loaded program has the variants that there were when it was saved.
"""

from __future__ import annotations

import enum
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from tsir.dialects.call_forms import CallForm, Form, FormReader, Given, ModulesChanged, Variant
from tsir.dialects.program import EntryPoint, OtherForms
from tsir.dialects.values import ITEM, Instance, Record
from tsir.errors import OperatorTypeError
from tsir.locks import recursive_lock
from tsir.runtime.arguments import Conversion
from tsir.runtime.inspection import plain_class_name
from tsir.runtime.torch_adapter import adapter
from tsir.runtime.type_text import TypeText, parse_type_text

if TYPE_CHECKING:
    from tsir.runtime.methods import CompiledMethod

_NUMBERS = frozenset(("i64", "f64", "complex", "number"))
_TAKEN: tuple[tuple[type, frozenset[str]], ...] = (
    (bool, frozenset(("i1", *_NUMBERS))), (int, _NUMBERS), (float, _NUMBERS), (complex, _NUMBERS), (str, frozenset(("str", "device"))),
    (bytes, frozenset(("bytes",))), (list, frozenset(("list",))), (tuple, frozenset(("tuple", "named_tuple", "list"))),
    (dict, frozenset(("dict", "class"))), (set, frozenset(("set",))), (frozenset, frozenset(("frozenset",))),
)  # fmt: skip
"""The kinds of types of the parameters that take values of Python's classes."""


class Forms:
    """The variants of one entry point, and which calls they are for."""

    def __init__(self, method: CompiledMethod, others: OtherForms) -> None:
        self._method = method
        self._others = others
        self._entry: EntryPoint = method.entry
        self._fixed = {p.name for p in self._entry.parameters if p.type == "none"}
        self._positional = [p.name for p in self._entry.parameters if not p.kwarg_only]
        self._parameters = {p.name: i for i, p in enumerate(self._entry.parameters)}
        self._lock = recursive_lock()
        self._methods: dict[CallForm, tuple[Variant, CompiledMethod]] = {}
        self.objects: dict[int | str, Any] = {}
        """The constants of forms, which name them by `id`, and the classes of objects in them by their names there."""

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any] | None:
        """The result of a call of another form, in a tuple; None for a call that the entry point itself takes."""
        if self._is_own(args, kwargs):
            return None
        form, given = self._form(args, kwargs)
        with self._lock:
            try:
                variant, method = self._find(form, given)
            except ModulesChanged:
                return (self._method.compiled_anew(args, kwargs),)
        return (method.call_variant(given.leaves, [given.containers[i] for i in variant.states]),)

    def _is_own(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether a call is of the form that the entry point is compiled for."""
        if len(args) > len(self._positional):
            return not self._others.varargs  # an error that says how many there are
        names = self._positional[: len(args)]
        if any(n in kwargs for n in names):
            return True  # an error, too
        present = self._others.present
        if present and not present <= {*names, *kwargs}:
            return False
        takes = self._takes_bare if self._others.bare else self._takes
        return all(takes(n, v) for n, v in (*zip(names, args, strict=True), *kwargs.items()))

    def _takes_bare(self, name: str, value: Any) -> bool:
        """Whether a parameter takes a value, of entry points that are of another form only for what their containers are of."""
        if name not in self._others.bare:
            return True  # an error, if it isn't
        index = self._parameters.get(name)
        return index is not None and _is_of(value, parse_type_text(self._entry.parameters[index].type))

    def _takes(self, name: str, value: Any) -> bool:
        index = self._parameters.get(name)
        if index is None:
            return not self._others.keywords
        parameter = self._entry.parameters[index]
        if name in self._fixed:
            return value is None and name not in self._others.present
        kinds = _kinds(parse_type_text(parameter.type))
        if "any" in kinds:
            return True
        if value is None:
            return bool(kinds & {"none", "optional"})
        for python_class, taken in _TAKEN:
            if isinstance(value, python_class):
                return bool(kinds & taken)
        if _is_tensor(value):
            return "tensor" in kinds or value.ndim == 0
        return not _is_plain(value) or "class" in kinds

    def _form(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[CallForm, Given]:
        reader = FormReader(_is_tensor, _constant, self._parts)
        named = dict(zip(self._positional, args, strict=False)) | kwargs
        forms = tuple(self._form_of(reader, n, v) for n, v in named.items())
        rest = args[len(self._positional) :]
        return CallForm(tuple(named), forms, tuple(reader.form(v, f"rest_{i}") for i, v in enumerate(rest))), reader.given

    def _form_of(self, reader: FormReader, name: str, value: Any) -> Form:
        index = self._parameters.get(name)
        if self._others.bare:
            if name in self._others.bare:
                kind = kind_of(value)
                return reader.form(value, name) if kind is None else reader.typed(value, name, kind)
            if index is not None:
                return reader.declared(value, name, index)
        declared = index is not None and name not in self._fixed and self._takes(name, value)
        if index is not None and declared and (isinstance(value, list | dict | set) or _is_class(self._entry, index, value)):
            return reader.declared(value, name, index)
        return reader.form(value, name)

    def _parts(self, value: Any) -> tuple[str, dict[str, Any], dict[Any, Any] | None] | None:
        """The class, the attributes and the items of an object that is taken apart."""
        if isinstance(value, Record):
            attributes = {n: v for n, v in vars(value).items() if n != "_class_name"}
            return self._plain_name(value.class_name), attributes, dict(value)
        instance = self._method.instance_of(value)
        if instance is not None:
            viewed = {n: _view(self._method, v) for n, v in instance.attributes.items()}
            return self._plain_name(instance.class_name), viewed, None
        if not _is_plain(value):
            return None
        items = dict(value) if isinstance(value, dict) else None
        return type(value).__name__, dict(vars(value)), items

    def _plain_name(self, symbol: str) -> str:
        return plain_class_name(symbol, {cls for cls, _, _ in self._method.program.class_attributes()})

    def _find(self, form: CallForm, given: Given) -> tuple[Variant, CompiledMethod]:
        found = self._methods.get(form)
        if found is None:
            variant = next((v for v in self._others.variants if v.form == form), None)
            if variant is None:
                variant = self._made(form, given)
                self._others.variants.append(variant)
                self.objects |= {**given.constants, **given.classes}
            found = self._methods[form] = variant, self._method.variant_method(variant.entry)
        return found

    def _made(self, form: CallForm, given: Given) -> Variant:
        if self._others.make is None:
            shown = ", ".join([*form.names, *(["*"] if form.rest else [])])
            known = [", ".join(v.form.names) for v in self._others.variants]
            also = f"; also with ({'), ('.join(known)})" if known else ""
            raise OperatorTypeError(
                f"{self._entry.name}() was saved without a variant for a call with ({shown}) of these kinds{also}",
                hint="call the scripted module in this way before it is saved",
            )
        return self._others.make(form, given)


def adopt(conversion: Conversion, states: tuple[Any, ...], originals: list[Any]) -> None:
    """Gives the caller's lists, dicts and objects the contents that they have behind a call."""
    for state, original in zip(states, originals, strict=True):
        conversion.made[id(state)] = (state, original)
    for state, original in zip(states, originals, strict=True):
        if isinstance(state, Instance):
            _adopt_object(conversion, state, original)
        elif isinstance(original, list):
            original[:] = [conversion.value_out(v) for v in state]
        else:
            now = {conversion.value_out(k): conversion.value_out(v) for k, v in state.items()}
            original.clear()
            original.update(now)


def _adopt_object(conversion: Conversion, state: Instance, original: Any) -> None:
    view = None if conversion.instances is None else conversion.instances.instance_of(original)
    if view is not None:  # an object of a loaded program, of a class that nobody knows
        view.class_name, view.attributes = state.class_name, state.attributes
        return
    for name, value in state.attributes.items():
        item = name.startswith(ITEM)
        plain = name.removeprefix(ITEM)
        own = original if item else vars(original)
        now = conversion.value_out(value)
        if plain not in own or own[plain] is not now:
            if item:
                base: Any = next(c for c in type(original).__mro__ if c.__module__ in ("builtins", "collections"))
                base.__setitem__(original, plain, now)
            else:
                object.__setattr__(original, name, now)


_SCALARS: dict[type, str] = {bool: "b", int: "i", float: "f", complex: "c", str: "s", bytes: "bytes", type(None): "none"}


def kind_of(value: Any) -> Form | None:
    """The kind of a value for a typed leaf; None for what no single type says: mixed containers, objects."""
    if _is_tensor(value):
        return ("t",)
    if type(value) in _SCALARS:
        return (_SCALARS[type(value)],)
    if type(value) is tuple:
        return _kind_with("tuple", [kind_of(v) for v in value])  # pyright: ignore[reportUnknownVariableType]
    if type(value) in (list, set, frozenset):
        return _kind_with(type(value).__name__, list({kind_of(v) for v in value}))
    if type(value) is dict:
        parts = {kind_of(k) for k in value}, {kind_of(v) for v in value.values()}  # pyright: ignore[reportUnknownVariableType]
        return None if max(map(len, parts)) > 1 else _kind_with("dict", [k for p in parts for k in p])
    return None


def _kind_with(name: str, inner: list[Form | None]) -> Form | None:
    if None in inner or (name != "tuple" and name != "dict" and len(inner) > 1):
        return None
    return (name, *inner)


def _is_of(value: Any, kind: TypeText) -> bool:
    """Whether a value is of a type as it is, with nothing converted."""
    inner = kind.arguments
    match kind.kind:
        case "optional":
            return value is None or _is_of(value, inner[0])
        case "tensor":
            return _is_tensor(value)
        case "list" | "set" | "frozenset" | "tuple_of":
            wanted = {"tuple_of": tuple}.get(kind.kind) or {"list": list, "set": set, "frozenset": frozenset}[kind.kind]
            return type(value) is wanted and all(_is_of(v, inner[0]) for v in value)
        case "dict":
            return type(value) is dict and all(_is_of(k, inner[0]) and _is_of(v, inner[1]) for k, v in value.items())  # pyright: ignore[reportUnknownVariableType]
        case "i64":
            return type(value) is int
        case "f64":
            return type(value) is float
        case "str":
            return type(value) is str
        case _:
            return False


def _kinds(kind: TypeText) -> frozenset[str]:
    """The kinds of the types that a value of a type may be of."""
    if kind.kind in ("optional", "union"):
        return frozenset({kind.kind}).union(*map(_kinds, kind.arguments))
    return frozenset({kind.kind})


def _view(method: CompiledMethod, value: Any) -> Any:
    """A value of an object of the program's as a caller has it: objects in it are views."""
    if isinstance(value, list):
        return [_view(method, v) for v in value]
    return method.wrapped(value) if isinstance(value, Instance) else value


def _is_tensor(value: Any) -> bool:
    torch = adapter()
    return isinstance(value, np.ndarray | np.generic) or (torch is not None and isinstance(value, torch.Tensor))


def _constant(value: Any) -> Any:
    """torch's dtypes, devices and the like as the program has them; None for other objects."""
    torch = adapter()
    if type(value).__module__ == "tsir.dialects.values" or type(value).__name__ == "DType":
        return value
    return None if torch is None else torch.value_in(value)


def _is_plain(value: Any) -> bool:
    """Whether a value is an object that is known by its attributes: of a class written in Python, no function, class or module."""
    if (
        isinstance(value, type | types.ModuleType | enum.Enum | BaseException)
        or callable(value)
        or not hasattr(value, "__dict__")
    ):
        return False
    cls = type(value)
    built_in = cls.__module__.partition(".")[0] in ("builtins", "torch", "numpy", "collections", "functools", "tsir")
    return not built_in and not hasattr(value, "__array_interface__")


def _is_class(entry: EntryPoint, index: int, value: Any) -> bool:
    """Whether an object is passed for a parameter of a script class."""
    return _is_plain(value) and "class" in parse_type_text(entry.parameters[index].type).kind


__all__ = ["Forms", "adopt"]
