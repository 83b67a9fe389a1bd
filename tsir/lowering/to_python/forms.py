"""An entry point with variants as Python source: a function for each form of call, and the entry point, which chooses by `match`.

What a form is stands in `dialects/call_forms.py`. The entry point looks at its arguments as the form says them, and passes on the
tensors and numbers in them and the lists, dicts and objects that the variant changes. It takes `**kwargs`, so that what compiles the
text again also reads it form by form, as calls come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from xdsl.ir import Operation

from tsir.dialects.call_forms import Form, Variant
from tsir.dialects.program import EntryPoint, Parameter
from tsir.dialects.ts import types
from tsir.lowering.to_python.constants import value_text
from tsir.lowering.to_python.names import Names

_LEAVES = {"t": "Tensor()", "i": "int()", "f": "float()", "c": "complex()"}
_DECLARED = {"!ts.tensor": "Tensor()", "i64": "int()", "f64": "float() | int()", "i1": "bool()", "!ts.str": "str()"}


class NoSource(Exception):
    """A form that names an object of this process that Python doesn't find by a name."""


@dataclass
class _Seen:
    """What patterns have to tell apart: at which paths there are flags, tuples and lists in some call."""

    flags: set[str] = field(default_factory=set[str])
    tuples: set[str] = field(default_factory=set[str])
    lists: set[str] = field(default_factory=set[str])


@dataclass
class _Reader:
    """Reads the forms of one call, in which lists, dicts and objects are numbered."""

    names: Names
    entry: EntryPoint
    seen: _Seen
    """What comes in calls of the entry point."""
    name_of: Callable[[int | str], str | None]
    """The name of an object of this process by its `id`, or of a class by its name in the form."""
    tests: list[str] = field(default_factory=list[str])
    leaves: list[str] = field(default_factory=list[str])
    containers: list[str] = field(default_factory=list[str])

    def pattern(self, form: Form, path: str) -> str:
        """The pattern that values of a form match, which are found at `path`."""
        match form:
            case ("t" | "i" | "f" | "c" as kind,):
                self.leaves.append(path)
                if kind == "i" and path in self.seen.flags:
                    self.tests.append(f"not isinstance({path}, bool)")
                if kind == "t":
                    self.names.use("torch", "Tensor")
                return _LEAVES[kind]
            case ("declared", index):
                self.leaves.append(path)
                return self._declared(self.entry.parameters[index])
            case ("k", value):
                return self._constant(value, path)
            case ("tuple" | "list" as kind, *inner):
                (self.seen.lists if kind == "list" else self.seen.tuples).add(path)
                if kind == "list":
                    self.containers.append(path)
                shown = ", ".join(self.pattern(f, f"{path}[{i}]") for i, f in enumerate(inner))
                shown = f"[{shown}]" if kind == "list" else f"({shown}{',' if len(inner) == 1 else ''})"
                return f"{kind}({shown})" if path in self.seen.lists & self.seen.tuples else shown
            case ("named", cls, *inner):
                return f"{self._class(cls)}({', '.join(self.pattern(f, f'{path}[{i}]') for i, f in enumerate(inner))})"
            case ("dict", keys, *inner):
                self.containers.append(path)
                return self.mapping(dict(zip(keys, inner, strict=True)), path)
            case ("object", cls, attributes, forms, keys, items):
                return self._object(cls, dict(zip(attributes, forms, strict=True)), keys, items, path)
            case ("same", number):
                self.tests.append(f"{path} is {self.containers[number]}")
                return "_"
            case ("python", number) if (name := self.name_of(number)) is not None:
                self.tests.append(f"{path} is {name}")
                return "_"
            case _:
                raise NoSource

    def mapping(self, items: dict[Any, Form], path: str) -> str:
        """The pattern of a dict with these keys and no others."""
        self.tests.append(f"len({path}) == {len(items)}" if items else f"not {path}")
        shown = [f"{k!r}: {self.pattern(f, _item(path, k))}" for k, f in items.items()]
        return f"{{{', '.join(shown)}}}"

    def _object(self, cls: str, attributes: dict[str, Form], keys: Any, items: Any, path: str) -> str:
        number = len(self.containers)
        self.containers.append(path)
        shown = [f"{n}={self.pattern(f, f'{path}.{n}')}" for n, f in attributes.items()]
        if keys is not None:
            self.tests.append(f"list({path}) == {list(keys)!r}")
            for key, form in zip(keys, items, strict=True):
                if form[0] == "attribute":
                    self.tests.append(f"{path}[{key!r}] is {path}.{list(attributes)[form[1]]}")
                else:
                    raise NoSource
        assert self.containers[number] == path
        return f"{self._class(cls)}({', '.join(shown)})"

    def _class(self, name: str) -> str:
        found = self.name_of(name) or (self.names.class_name(name) if name in self.names.classes else None)
        if found is None:
            raise NoSource
        return found

    def _declared(self, parameter: Parameter) -> str:
        shown = _DECLARED.get(parameter.type)
        if shown == "Tensor()":
            self.names.use("torch", "Tensor")
        if shown is None and parameter.type.startswith("!ts.list<"):
            shown = "list()"
        return shown or "_"

    def _constant(self, value: Any, path: str) -> str:
        if isinstance(value, bool):
            self.seen.flags.add(path)
        text = value_text(self.names, value)
        if value is None or isinstance(value, bool | str | bytes):
            return text
        if text.startswith("torch.") and text.replace(".", "").isidentifier():
            return text
        self.tests.append(f"{path} == {text}")
        return "_"


@dataclass(frozen=True)
class Dispatch:
    """The text of an entry point that chooses among its variants, and the variants that it calls, by their names."""

    lines: list[str]
    variants: list[tuple[str, Variant, list[str]]]
    """With each one the names of the parameters that take the lists, dicts and objects that it changes."""


def dispatch(names: Names, entry: EntryPoint, name_of: Callable[[int | str], str | None]) -> Dispatch | None:
    """The text of an entry point with variants; None for one without."""
    others = entry.others
    if others is None or not others.variants:
        return None
    made = _Dispatch(names, entry, name_of)
    return made.text(others.variants)


@dataclass
class _Case:
    patterns: dict[str, str]
    tests: list[str]
    call: str


class _Dispatch:
    """Writes the dispatch of one entry point."""

    def __init__(self, names: Names, entry: EntryPoint, name_of: Callable[[int | str], str | None]) -> None:
        assert entry.others is not None
        self.names, self.entry, self.name_of = names, entry, name_of
        present = entry.others.present
        parameters = list(entry.parameters)
        cut = next((i for i, p in enumerate(parameters) if p.name in present and not p.kwarg_only), len(parameters))
        self.own = [p for i, p in enumerate(parameters) if p.name not in present and (i < cut or p.kwarg_only)]
        """The parameters that the entry point has under their names: those that don't come by place behind one of which the
        program asks whether it is passed."""
        self.given = [p for p in parameters if p not in self.own]
        names.rename(entry.symbol, entry.name)
        self.rest = self._free("args")
        self.keywords = self._free("given" if self.given else "kwargs")
        arguments = names.functions[entry.symbol].regions[0].block.args[entry.takes_self :]
        self.types = {p.name: a.type for p, a in zip(parameters, arguments, strict=True)}
        self.fixed = {p.name for p in parameters if p.type == "none"}

    def _free(self, name: str) -> str:
        taken = {p.name for p in self.entry.parameters}
        while name in taken:
            name += "_"
        return name

    def text(self, variants: Sequence[Variant]) -> Dispatch:
        """The entry point's text."""
        seen = _Seen()
        cases: list[_Case] = []
        called: list[tuple[str, Variant, list[str]]] = []
        known: list[Variant] = []
        for variant in sorted(variants, key=lambda v: -len(v.form.names)):
            try:
                self._case(variant, seen)
            except NoSource:
                continue
            known.append(variant)
        for variant in known:
            made = self._case(variant, seen)
            cases.append(made[0])
            called.append(made[1])
        cases.append(self._own_case())
        return Dispatch(self._lines(cases, any(v.form.rest for _, v, _ in called)), called)

    def _case(self, variant: Variant, seen: _Seen) -> tuple[_Case, tuple[str, Variant, list[str]]]:
        form = variant.form
        reader = _Reader(self.names, self.entry, seen, self.name_of)
        own = {p.name for p in self.own}
        patterns: dict[str, str] = {}
        further: dict[str, Form] = {}
        for name, f in zip(form.names, form.forms, strict=True):
            if name in own:
                shown = reader.pattern(f, name)
                patterns[name] = "_" if f == ("t",) and isinstance(self.types[name], types.TensorType) else shown
            else:
                further[name] = f
        if further or self.given or self._takes_keywords:
            patterns[self.keywords] = reader.mapping(further, self.keywords)
        if self._takes_rest:
            inner = [reader.pattern(f, f"{self.rest}[{i}]") for i, f in enumerate(form.rest)]
            patterns[self.rest] = f"[{', '.join(inner)}]"
        for parameter in self.own:
            if parameter.name not in form.names:
                patterns[parameter.name] = _absent(self.names, parameter)
        states = [reader.containers[i] for i in variant.states]
        name = self.names.function(variant.entry.symbol if states else _called(self.names, variant.entry.symbol))
        receiver = ["self"] if self.entry.takes_self else []
        call = f"{name}({', '.join([*receiver, *reader.leaves, *self._outside(variant, len(reader.leaves)), *states])})"
        parameters = [_parameter_name(s) for s in states]
        return _Case(patterns, reader.tests, call), (name, variant, parameters)

    def _outside(self, variant: Variant, leaves: int) -> list[str]:
        """What a variant takes from outside, which the entry point has, too. Raises NoSource for what it has not."""
        own = {p.name: p for p in self.own}
        names = [p.name for p in variant.entry.parameters[leaves:]]
        if any(n not in own or own[n].current is None for n in names):
            raise NoSource
        return names

    def _own_case(self) -> _Case:
        """The form that the entry point itself was compiled for."""
        patterns: dict[str, str] = {n.name: "None" for n in self.own if n.name in self.fixed}
        tests: list[str] = []
        passed: list[str] = []
        held = [p for p in self.given if p.name not in self.fixed]
        if self.given or self._takes_keywords:
            shown = ", ".join(f"{p.name!r}: {_pattern_of(self.names, p)}" for p in held)
            patterns[self.keywords] = f"{{{shown}}}"
            tests.append(f"len({self.keywords}) == {len(held)}" if held else f"not {self.keywords}")
        if self._takes_rest:
            patterns[self.rest] = "[]"
        for p in self.entry.parameters:
            passed.append(p.name if p in self.own else "None" if p not in held else f"{self.keywords}[{p.name!r}]")
        receiver = ["self"] if self.entry.takes_self else []
        return _Case(patterns, tests, f"{self.names.function(self.entry.symbol)}({', '.join([*receiver, *passed])})")

    @property
    def _takes_keywords(self) -> bool:
        assert self.entry.others is not None
        return self.entry.others.keywords

    @property
    def _takes_rest(self) -> bool:
        assert self.entry.others is not None
        return self.entry.others.varargs and not self.given

    def _lines(self, cases: Sequence[_Case], has_rest: bool) -> list[str]:
        names = self.names
        any_ = names.use("typing", "Any")
        lines = [f"def {self.entry.name}({', '.join(self._parameters())}) -> {any_}:"]
        if self.given:
            keys = ", ".join(repr(p.name) for p in self.given)
            comma = "," if len(self.given) == 1 else ""
            lines.append(f"  {self.keywords} = dict(zip(({keys}{comma}), {self.rest})) | kwargs")
        everything = [*(p.name for p in self.own), self.rest, self.keywords]
        told = [n for n in everything if len({c.patterns.get(n, "_") for c in cases} - {"_", "{}"}) > 0]
        subjects = [n for n in told if len({c.patterns.get(n, "_") for c in cases}) > 1]
        if subjects:
            lines.append(f"  match {', '.join(subjects)}:")
        for case in cases:
            shown = ", ".join(case.patterns.get(n, "_") for n in subjects)
            guard = f" if {' and '.join(case.tests)}" if case.tests else ""
            if not subjects:
                lines += [f"  if {' and '.join(case.tests)}:", f"    return {case.call}"] if case.tests else []
                continue
            lines += [f"    case {shown}{guard}:", f"      return {case.call}"]
        lines.append(f'  raise TypeError("{self.entry.name}() was compiled for calls of other forms")')
        return lines

    def _parameters(self) -> Iterator[str]:
        names = self.names
        any_ = names.use("typing", "Any")
        if self.entry.takes_self:
            yield "self"
        for p in self.own:
            if not p.kwarg_only:
                yield self._declared(p)
        keyword_only = [self._declared(p) for p in self.own if p.kwarg_only]
        if self.given or self._takes_rest:
            yield f"*{self.rest}: {any_}"
        elif keyword_only:
            yield "*"
        yield from keyword_only
        yield f"**{'kwargs' if self.given else self.keywords}: {any_}"

    def _declared(self, p: Parameter) -> str:
        default = f" = {value_text(self.names, p.default)}" if p.has_default else ""
        type_ = None if p.name in self.fixed else self.names.annotation(self.types[p.name])
        return f"{p.name}: {type_ or self.names.use('typing', 'Any')}{default}"


def _item(path: str, key: Any) -> str:
    return f"{path}[{key!r}]"


def _called(names: Names, symbol: str) -> str:
    """The function that a function does nothing but call, with its own arguments; else itself."""
    block = names.functions[symbol].regions[0].block
    match list(block.ops):
        case [Operation(name="func.call") as call, Operation(name="func.return") as end] if list(call.operands) == list(
            block.args
        ) and list(end.operands) == list(call.results):
            return cast(Any, call).callee.root_reference.data
        case _:
            return symbol


def _absent(names: Names, parameter: Parameter) -> str:
    """The pattern of a parameter that isn't passed: what would be passed for another variant doesn't match it."""
    value = parameter.default
    return value_text(names, value) if value is None or isinstance(value, bool | str) else "_"


def _pattern_of(names: Names, parameter: Parameter) -> str:
    shown = _DECLARED.get(parameter.type, "_")
    if shown == "Tensor()":
        names.use("torch", "Tensor")
    return shown


def _parameter_name(path: str) -> str:
    """A name for what is found at a path: `memory.names` is `memory_names`."""
    return "_".join("".join(c if c.isalnum() or c == "_" else " " for c in path).split())


__all__ = ["Dispatch", "dispatch"]
