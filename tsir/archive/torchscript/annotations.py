"""IR types as annotations of TorchScript's serialised code, and names that it takes."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection

from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.type_names import show_type
from tsir.errors import UnsupportedError

HINT = "change the program, or save it by tsir's own format: save()"

_PLAIN: dict[type[Attribute], str] = {
    ts.TensorType: "Tensor", ts.StrType: "str", ts.DTypeType: "int", ts.DeviceType: "Device", ts.LayoutType: "int",
    ts.MemoryFormatType: "int", ts.NumberType: "number", ts.AnyType: "Any", ts.GeneratorType: "Generator",
}  # fmt: skip
"""TorchScript has ints for dtypes, layouts and memory formats."""

_RESERVED = frozenset(
    "torch ops annotate unchecked_cast uninitialized getattr isinstance print fork inf nan infj nanj CONSTANTS Tensor Optional List "
    "Dict Tuple Union Final Future Any number int float bool str complex Device NoneType range len self_ data".split()
)


def identifier(name: str) -> str:
    """A name that serialised code takes, made of any text."""
    made = re.sub(r"\W", "_", name, flags=re.ASCII)
    made = f"_{made}" if not made or made[0].isdigit() else made
    return f"{made}_" if keyword.iskeyword(made) or made in _RESERVED else made


def is_identifier(name: str) -> bool:
    """Whether an attribute or method can be named so in serialised code."""
    return name.isidentifier() and name.isascii() and not keyword.iskeyword(name)


class Annotations:
    """Writes types. The NamedTuples that come are classes of the archive: `named_tuples` has their types by name."""

    def __init__(self, classes: dict[str, str], interfaces: Collection[str], open_classes: Collection[str]) -> None:
        self._classes = classes
        """The qualified names of the program's classes, by symbol."""
        self._interfaces = interfaces
        self._open = open_classes
        """The classes that others are derived from: their values are of type Any."""
        self.named_tuples: dict[str, ts.NamedTupleType] = {}

    def of(self, kind: Attribute) -> str:
        """A type as an annotation. Raises UnsupportedError for one that TorchScript hasn't."""
        match kind:
            case ts.OptionalType():
                inner = self.of(kind.element)
                return "Any" if inner == "Any" else f"Optional[{inner}]"
            case ts.ListType() | ts.TupleOfType():
                return f"List[{self.of(kind.element)}]"
            case ts.DictType() if kind.container.data in ("", "OrderedDict"):
                return f"Dict[{self.of(kind.key)}, {self.of(kind.value)}]"
            case ts.TupleType():
                return f"Tuple[{', '.join(map(self.of, kind.elements.data)) or '()'}]"
            case ts.UnionType():
                return self._union(kind)
            case ts.NamedTupleType():
                return self._named_tuple(kind)
            case ts.FutureType():
                return f"Future[{self.of(kind.element)}]"
            case ts.ClassType() if kind.symbol.root_reference.data in self._open:
                return "Any"
            case ts.ClassType():
                found = self._classes.get(kind.symbol.root_reference.data)
                if found is not None:
                    return found
            case _:
                if (name := _NUMBERS.get(kind) or _PLAIN.get(type(kind))) is not None:
                    return name
        raise UnsupportedError(f"TorchScript has no type {show_type(kind)}", hint=HINT)

    def _union(self, kind: ts.UnionType) -> str:
        """TorchScript makes one of members that it can't tell apart: equal types of its own, NamedTuples of the same fields."""
        if any(self.of(m) == "Any" for m in kind.members.data):
            return "Any"
        classes = [m.symbol.root_reference.data for m in kind.members.data if isinstance(m, ts.ClassType)]
        if len(classes) > 1 and any(c in self._interfaces for c in classes):
            raise UnsupportedError("TorchScript has no Union of an interface and a class that may have it", hint=HINT)
        names: dict[str, Attribute] = {}
        for member in kind.members.data:
            is_tuple = isinstance(member, ts.NamedTupleType)
            fields = (
                str([f.data for f in member.fields.data] + [self.of(e) for e in member.elements.data]) if is_tuple else ""
            )
            other = names.setdefault(fields or self.of(member), member)
            if other is not member:
                raise UnsupportedError(
                    f"TorchScript has one type for {show_type(other)} and {show_type(member)}, which aren't told apart in a Union",
                    hint=HINT,
                )
        return f"Union[{', '.join(map(self.of, kind.members.data))}]"

    def _named_tuple(self, kind: ts.NamedTupleType) -> str:
        wanted = identifier(kind.class_name.data.rpartition(".")[2])
        name, number = wanted, 0
        while self.named_tuples.setdefault(name, kind) != kind:
            number += 1
            name = f"{wanted}_{number}"
        return f"__torch__.{name}"

    def of_optional(self, kind: Attribute) -> str | None:
        """As `of`; None for a type that TorchScript hasn't."""
        try:
            return self.of(kind)
        except UnsupportedError:
            return None


_NUMBERS: dict[Attribute, str] = {
    ts.INT: "int", ts.FLOAT: "float", ts.BOOL: "bool", ts.COMPLEX: "complex", ts.NONE: "NoneType",
}  # fmt: skip
