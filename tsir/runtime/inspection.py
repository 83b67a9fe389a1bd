"""What users of torch.jit ask compiled functions and modules about: schemas, qualified names, the types of attributes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tsir.dialects.program import EntryPoint, Parameter, Program
from tsir.dialects.values import Instance
from tsir.runtime.type_text import TypeText, parse_type_text

_NAMES = {
    "tensor": "Tensor",
    "i64": "int",
    "f64": "float",
    "i1": "bool",
    "none": "NoneType",
    "number": "Scalar",
    "any": "Any",
}
_CONTAINERS = {
    "list": "List", "optional": "Optional", "tuple": "Tuple", "dict": "Dict", "set": "Set", "future": "Future", "union": "Union",
}  # fmt: skip


@dataclass(frozen=True)
class SchemaArgument:
    """An argument or result of a schema, with the names that torch's `Argument` has.

    `type` is spelled as in annotations, `spelled` as in schemas.
    """

    name: str
    type: str
    spelled: str
    default_value: Any = None
    has_default: bool = False
    kwarg_only: bool = False

    def has_default_value(self) -> bool:
        """Whether a call may leave it out."""
        return self.has_default

    def __str__(self) -> str:
        default = f"={_default(self.default_value)}" if self.has_default else ""
        return f"{self.spelled} {self.name}{default}" if self.name else self.spelled


@dataclass(frozen=True)
class FunctionSchema:
    """The signature of a compiled function: prints as torch.jit's, `fn(Tensor x, int n=2) -> Tensor`."""

    name: str
    arguments: tuple[SchemaArgument, ...]
    returns: tuple[SchemaArgument, ...]

    def __str__(self) -> str:
        shown: list[str] = []
        for argument in self.arguments:
            if argument.kwarg_only and "*" not in shown:
                shown.append("*")
            shown.append(str(argument))
        result = str(self.returns[0])
        return f"{self.name}({', '.join(shown)}) -> {f'({result})' if result.startswith('(') else result}"

    __repr__ = __str__


def schema_of(entry: EntryPoint, owner: str | None) -> FunctionSchema:
    """The schema of an entry point; `owner` is the class of a method."""
    of_self = f"__torch__.{owner}"
    own = [] if owner is None else [SchemaArgument("self", of_self, of_self)]
    result = SchemaArgument("", *_types(entry.result_type))
    return FunctionSchema(entry.name, (*own, *(_argument(p) for p in entry.parameters)), (result,))


def _argument(p: Parameter) -> SchemaArgument:
    return SchemaArgument(p.name, *_types(p.type), p.default, p.has_default, p.kwarg_only)


def _default(value: Any) -> str:
    if isinstance(value, Instance) or hasattr(value, "__array_interface__"):
        return "..."
    return f'"{value}"' if isinstance(value, str) else str(value)


def _types(text: str) -> tuple[str, str]:
    """A type as annotations and as schemas spell it."""
    kind = parse_type_text(text)
    return _type(kind, annotation=True), _type(kind, annotation=False)


def _type(kind: TypeText, *, annotation: bool) -> str:
    inner = [_type(a, annotation=annotation) for a in kind.arguments]
    match kind.kind:
        case "list" if not annotation:
            return f"{inner[0]}[]"
        case "optional" if not annotation:
            return f"{inner[0]}?"
        case "tuple" if not annotation:
            return f"({', '.join(inner)})"
        case "tuple_of":
            return f"Tuple[{inner[0]}, ...]"
        case "number" if annotation:
            return "number"
        case "class" | "named_tuple":
            return f"__torch__.{kind.symbol}"
        case name if name in _CONTAINERS:
            shown = ", ".join(inner) or "()"
            return f"{_CONTAINERS[name]}[{shown}]" if annotation else f"{_CONTAINERS[name]}({', '.join(inner)})"
        case name:
            return _NAMES.get(name, name)


def qualified_name(name: str, original: Any) -> str:
    """The name that torch.jit gives a function: that of its module and its own."""
    module = getattr(original, "__module__", None) or "__main__"
    own = getattr(original, "__qualname__", name)
    return ".".join(["__torch__", *([] if module == "__main__" else [module]), own])


def plain_class_name(symbol: str, symbols: set[str]) -> str:
    """The name of the Python class behind a class of the program: classes of one name are told apart by a number."""
    base = re.sub(r"_\d+$", "", symbol)
    return (base if base in symbols else symbol).rpartition(".")[2]


def attribute_types(program: Program) -> dict[tuple[str, str], tuple[str, str]]:
    """The type, as IR text, and the role of each attribute, by its class and name."""
    return {
        (cls, name): (str(properties["type"]), properties["role"].data)
        for cls, name, properties in program.class_attributes()
    }


class ConstMap:
    """The constants of a program's text by name, as attributes and in `const_mapping`; what torch.jit has of this name."""

    def __init__(self, const_mapping: dict[str, Any]) -> None:
        self.const_mapping = const_mapping

    def __getattr__(self, name: str) -> Any:
        if name not in self.__dict__.get("const_mapping", {}):
            raise AttributeError(f"the program has no constant '{name}'")
        return self.const_mapping[name]
