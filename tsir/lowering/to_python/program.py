"""The text of a whole program: imports, definitions of classes, the functions that are called, the entry point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from xdsl.dialects.builtin import ModuleOp

from tsir.dialects.deep_stack import with_deep_stack
from tsir.dialects.program import EntryPoint, PythonFunction
from tsir.dialects.ts import types
from tsir.dialects.ts.structure import CallMethodOp, ClassOp, MethodOp
from tsir.dialects.values import FUNCTION, Instance
from tsir.errors import TsirError
from tsir.lowering.to_python.constants import attribute_text
from tsir.lowering.to_python.forms import dispatch
from tsir.lowering.to_python.names import Names, identifier
from tsir.lowering.to_python.statements import Printer
from tsir.lowering.to_python.variants import VariantPrinter


@dataclass(frozen=True)
class Held:
    """The tensors that a text reads as attributes of `CONSTANTS`: constants of the program, and those that a trace gave its module,
    the `root`."""

    root: Instance | None = None
    constants: dict[str, Any] = field(default_factory=dict[str, Any])


@with_deep_stack
def print_program(
    module: ModuleOp,
    entry: EntryPoint,
    classes: Mapping[str, type],
    python_functions: Iterable[PythonFunction] = (),
    objects: Mapping[int | str, Any] = MappingProxyType({}),
    held: Held | None = None,
) -> str:
    """The Python program of an entry point, with its variants.

    `classes` are the user's own classes by their symbols, as far as they are known; `objects` those that the forms of calls name.
    With `held` the text reads tensors that are constants as attributes of `CONSTANTS`.
    """
    entry = replace(entry, name=identifier(entry.name))  # a lambda's name is none
    names = Names(module, classes, {f.key: f for f in python_functions}, (entry.name,))
    names.constants = None if held is None else held.constants
    names.by_name[entry.symbol] = [p.name for p in entry.parameters if p.kwarg_only]
    function = names.functions.get(entry.symbol)
    if function is None:
        raise TsirError(f"the program has no function @{entry.symbol}")
    chosen = dispatch(names, entry, lambda key: names.imported(objects[key]) if key in objects else None)
    helpers: list[str] = []
    if chosen is None:
        names.enter(entry.symbol, entry.name)
        own = Printer(names, None if held is None else held.root).entry(function, entry)
    else:
        own = "\n".join(chosen.lines) + "\n"
    states = {} if chosen is None else {v.entry.symbol: s for _, v, s in chosen.variants}
    definitions: list[tuple[int, str]] = []
    at = defined = 0
    while at < len(names.to_print) or defined < len(names.to_define):
        if at < len(names.to_print):
            symbol = names.to_print[at]
            at += 1
            if symbol in states:
                helpers.append(
                    VariantPrinter(names, states[symbol]).variant(names.functions[symbol], names.function(symbol))
                )
            elif symbol != entry.symbol or chosen is not None:
                helpers.append(Printer(names).helper(names.functions[symbol], names.function(symbol)))
            continue
        wanted = names.to_define[defined]
        defined += 1
        text = _named_tuple(names, wanted) if not isinstance(wanted, str) else _class(names, wanted)
        definitions.append((_depth(names, wanted), text))
    definitions.reverse()
    classes_first = [text for _, text in sorted(definitions, key=lambda found: found[0])]
    variables = ["\n".join(found) + "\n"] if (found := names.outside.declarations()) else []
    program = "\n".join([*classes_first, *variables, *reversed(helpers), own])
    imports = names.imports(program)
    if any(isinstance(w, str) and names.kind(w) == "class" for w in names.to_define):
        imports.insert(0, "from __future__ import annotations")
    blocks = ["\n".join(imports) + "\n"] if imports else []
    return "\n".join([*blocks, program])


def _named_tuple(names: Names, type_: types.NamedTupleType) -> str:
    base = names.use("typing", "NamedTuple")
    fields = [f"  {names.declared(f.data, t)}" for f, t in zip(type_.fields.data, type_.elements.data, strict=True)]
    return "\n".join([f"class {names.named_tuple(type_)}({base}):", *(fields or ["  pass"])]) + "\n"


def _class(names: Names, symbol: str) -> str:
    name, kind = names.class_name(symbol), names.kind(symbol)
    if kind == "enum":
        members = [
            f"  {a.attr_name.data} = {attribute_text(names, a.value)}" for a in names.declared_attributes(symbol) if a.value
        ]
        return "\n".join([f"class {name}({names.use('enum', 'Enum')}):", *(members or ["  pass"])]) + "\n"
    if kind == "class":
        return _script_class(names, symbol)
    if kind == "interface":
        return _interface(names, symbol)
    declared = names.classes.get(symbol)
    base = _base(declared) if declared is not None else None
    lines = [f"class {name}({names.exception(base) if base else 'Exception'}):"]
    lines += [
        f"  {names.declared(a.attr_name.data, a.type)}"
        for a in names.declared_attributes(symbol)
        if a.attr_name.data != "args"
    ]
    for method, function in names.exception_methods.get(symbol, {}).items():
        lines += _method(names, function, method)
    return "\n".join(lines if len(lines) > 1 else [*lines, "  pass"]) + "\n"


def _method(names: Names, symbol: str, name: str) -> list[str]:
    text = Printer(names).method(names.functions[symbol], name)
    return ["", *(f"  {line}" for line in text.splitlines())]


def _interface(names: Names, symbol: str) -> str:
    """An interface with the methods that the program calls of it."""
    lines = [f"@{names.use('torch')}.jit.interface", f"class {names.class_name(symbol)}:"]
    own = types.ClassType(symbol)
    printed: set[str] = set()
    for call in (op for f in names.functions.values() for op in f.walk()):
        if not isinstance(call, CallMethodOp) or call.object.type != own or call.method_name.data in printed:
            continue
        printed.add(call.method_name.data)
        parameters = "".join(f", {names.declared(f'a{i}', a.type)}" for i, a in enumerate(call.arguments))
        result = names.annotation(call.result_types[0])
        lines += [f"  def {call.method_name.data.partition('$')[0]}(self{parameters}) -> {result}:", "    pass"]
    return "\n".join(lines if printed else [*lines, "  pass"]) + "\n"


def _base(declared: ClassOp) -> str | None:
    bases = [] if declared.bases is None else list(declared.bases.data)
    return bases[0].root_reference.data if bases else None


def _depth(names: Names, wanted: str | types.NamedTupleType) -> int:
    """How many classes a class is derived from, one from another, which are defined before it."""
    bases = names.bases(wanted) if isinstance(wanted, str) else []
    return max((1 + _depth(names, base) for base in bases), default=0)


def _script_class(names: Names, symbol: str) -> str:
    name = names.class_name(symbol)
    if names.is_dict(symbol):
        return f"class {name}({names.use('collections')}.OrderedDict):\n  pass\n"
    base = _base(names.classes[symbol])
    lines = [f"class {name}({names.class_name(base)}):" if base is not None else f"class {name}:"]
    for attribute in names.declared_attributes(symbol):
        lines.append(f"  {names.declared(attribute.attr_name.data, attribute.type)}")
    function = getattr(names.python_class(symbol), FUNCTION, None)
    if function is not None and (shown := names.imported_function(function)) is not None:
        lines.append(f"  {FUNCTION} = staticmethod({shown})")
    printed: set[str] = set()
    for member in names.classes[symbol].body.block.ops:
        if not isinstance(member, MethodOp):
            continue
        plain, _, interface = member.method_name.data.partition("$")
        shown = plain if interface else member.method_name.data
        if shown not in printed:
            printed.add(shown)
            lines += _method(names, member.callee.root_reference.data, shown)
    return "\n".join(lines if len(lines) > 1 else [*lines, "  pass"]) + "\n"
