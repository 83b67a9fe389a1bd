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
_CONTAINERS = {"dict": "Dict", "set": "Set", "future": "Future", "union": "Union"}


@dataclass(frozen=True)
class SchemaArgument:
    """An argument or result of a schema, with the names that torch's `Argument` has."""

    name: str
    type: str
    default_value: Any = None
    has_default: bool = False
    kwarg_only: bool = False

    def has_default_value(self) -> bool:
        """Whether a call may leave it out."""
        return self.has_default

    def __str__(self) -> str:
        default = f"={_default(self.default_value)}" if self.has_default else ""
        return f"{self.type} {self.name}{default}" if self.name else self.type


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
        return f"{self.name}({', '.join(shown)}) -> {self.returns[0]}"

    __repr__ = __str__


def schema_of(entry: EntryPoint, owner: str | None) -> FunctionSchema:
    """The schema of an entry point; `owner` is the class of a method."""
    own = [] if owner is None else [SchemaArgument("self", f"__torch__.{owner}")]
    result = SchemaArgument("", _type(parse_type_text(entry.result_type)))
    return FunctionSchema(entry.name, (*own, *(_argument(p) for p in entry.parameters)), (result,))


def _argument(p: Parameter) -> SchemaArgument:
    return SchemaArgument(p.name, _type(parse_type_text(p.type)), p.default, p.has_default, p.kwarg_only)


def _default(value: Any) -> str:
    if isinstance(value, Instance) or hasattr(value, "__array_interface__"):
        return "..."
    return f'"{value}"' if isinstance(value, str) else str(value)


def _type(kind: TypeText) -> str:
    """A type as schemas spell it."""
    inner = [_type(a) for a in kind.arguments]
    match kind.kind:
        case "list":
            return f"{inner[0]}[]"
        case "optional":
            return f"{inner[0]}?"
        case "tuple":
            return f"({', '.join(inner)})"
        case "class" | "named_tuple":
            return f"__torch__.{kind.symbol}"
        case name if name in _CONTAINERS:
            return f"{_CONTAINERS[name]}({', '.join(inner)})"
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
