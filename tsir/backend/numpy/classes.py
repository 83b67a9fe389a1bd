"""What the code generator asks about the classes of a `ts` module: bases, subclasses, methods, members of enums."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute, Operation

from tsir.dialects.ts.structure import AttributeOp, ClassOp, MethodOp


@dataclass
class Class:
    """One `ts.class`: kind, bases by name, own methods (name to symbol), values of own attributes that have one."""

    kind: str
    bases: tuple[str, ...]
    methods: dict[str, str] = field(default_factory=dict[str, str])
    values: dict[str, Attribute] = field(default_factory=dict[str, Attribute])


class Classes:
    """The classes of a module by name."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._classes: dict[str, Class] = {}
        for op in operations:
            if isinstance(op, ClassOp):
                bases = tuple(b.string_value() for b in op.bases.data) if op.bases is not None else ()
                self._classes[op.sym_name.data] = made = Class(op.kind.data, bases)
                for member in (member for block in op.body.blocks for member in block.ops):
                    if isinstance(member, MethodOp):
                        made.methods[member.method_name.data] = member.callee.string_value()
                    elif isinstance(member, AttributeOp) and member.value is not None:
                        made.values[member.attr_name.data] = member.value

    @staticmethod
    def of(op: Operation) -> Classes:
        """The classes of the module around an operation."""
        at: Operation | None = op
        while at is not None and not isinstance(at, ModuleOp):
            at = at.parent_op()
        return Classes(at.body.ops if at is not None else ())

    def kind(self, name: str) -> str | None:
        """`module`, `class`, `interface`, `enum` or `exception`; None for an unknown class."""
        found = self._classes.get(name)
        return None if found is None else found.kind

    def linearised(self, name: str) -> list[str]:
        """The class and its first bases, most derived first."""
        chain: list[str] = []
        while name not in chain:
            chain.append(name)
            found = self._classes.get(name)
            if found is None or not found.bases:
                break
            name = found.bases[0]
        return chain

    def ancestors(self, name: str) -> Iterator[str]:
        """The class and all its bases in the order in which attributes are looked up, each once."""
        seen: set[str] = set()
        pending = [name]
        while pending:
            at = pending.pop(0)
            if at in seen:
                continue
            seen.add(at)
            yield at
            if at in self._classes:
                pending[:0] = self._classes[at].bases

    def method(self, name: str, method: str) -> str | None:
        """The symbol of a method, inherited ones included."""
        for ancestor in self.ancestors(name):
            found = self._classes.get(ancestor)
            if found is not None and method in found.methods:
                return found.methods[method]
        return None

    def implementations(self, method: str) -> dict[str, str]:
        """The classes whose objects have this method, and the symbol that it is in each."""
        found = {n: self.method(n, method) for n, c in self._classes.items() if c.kind != "interface"}
        return {n: symbol for n, symbol in found.items() if symbol is not None}

    def subclasses(self, name: str) -> set[str]:
        """The names of the classes whose objects are of this class; for an interface also those that have its methods."""
        named = {n for n in self._classes if name in self.ancestors(n)} | {name}
        found = self._classes.get(name)
        if found is not None and found.kind == "interface":
            wanted = {m for a in self.ancestors(name) if a in self._classes for m in self._classes[a].methods}
            named |= {n for n in self._classes if wanted and all(self.method(n, m) is not None for m in wanted)}
        return named

    def enum_value(self, name: str, member: str) -> Attribute | None:
        """The value of an enum's member, or None when the enum has no such member."""
        found = self._classes.get(name)
        return None if found is None else found.values.get(member)
