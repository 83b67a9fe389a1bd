"""What refers to classes by name: attributes, methods, bases and objects, checked against the classes that a module declares."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from dataclasses import dataclass, field

from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation

from tsir.dialects.invalid import DIFFERENT_TYPES, UNDEFINED_SYMBOL, InvalidIR
from tsir.dialects.ts.compatibility import accepts
from tsir.dialects.ts.structure import (
    AttributeOp,
    CallMethodOp,
    ClassOp,
    GetAttrOp,
    MethodOp,
    NewOp,
    SetAttrOp,
)
from tsir.dialects.ts.types import ClassType, StrType, union_of
from tsir.errors import did_you_mean

CLASS_MEMBER = "TS711"
NAMING = (GetAttrOp, SetAttrOp, NewOp, CallMethodOp, ClassOp, MethodOp)
"""The operations that name classes or what is in them."""


@dataclass
class _Class:
    op: Operation
    kind: str
    bases: list[str]
    attributes: dict[str, Attribute] = field(default_factory=dict[str, Attribute])
    methods: dict[str, str] = field(default_factory=dict[str, str])
    members: dict[str, Operation] = field(default_factory=dict[str, Operation])


class Classes:
    """The classes and functions of a module by name, and the verification of what refers to them."""

    def __init__(self, module: Operation) -> None:
        self._classes: dict[str, _Class] = {}
        self._functions: dict[str, FuncOp] = {}
        for op in module.regions[0].block.ops if isinstance(module, ModuleOp) else ():
            if isinstance(op, FuncOp):
                self._functions[op.sym_name.data] = op
            elif isinstance(op, ClassOp):
                self._classes[op.sym_name.data] = _declaration(op)

    def verify(self, op: Operation) -> None:
        """Verifies one operation of the module. Raises InvalidIR."""
        match op:
            case GetAttrOp():
                declared = self._attribute(op, op.object.type, op.attr_name)
                if not self._agree(declared, op.result.type):
                    raise InvalidIR(
                        f"{op.name}: expected a result of type {declared}, as {op.attr_name} is declared, found {op.result.type}",
                        CLASS_MEMBER,
                        notes=self._declared_at(op.object.type, op.attr_name.data),
                    )
            case SetAttrOp():
                declared = self._attribute(op, op.object.type, op.attr_name)
                if not accepts(declared, op.value.type, self.is_subclass):
                    raise InvalidIR(
                        f"{op.name}: expected a value of type {declared}, as {op.attr_name} is declared, found {op.value.type}",
                        CLASS_MEMBER,
                        1,
                        self._declared_at(op.object.type, op.attr_name.data),
                    )
            case NewOp():
                self._lookup(op, op.result.type)
            case CallMethodOp():
                self._verify_call(op)
            case ClassOp():
                for base in self._classes[op.sym_name.data].bases if op.sym_name.data in self._classes else ():
                    if base not in self._classes and not (op.kind.data == "exception" and _is_exception(base)):
                        raise self._undeclared(op, base, "base class")
            case MethodOp():
                self._verify_method(op)
            case _:
                pass

    def is_subclass(self, found: ClassType, expected: ClassType) -> bool:
        """Whether an object of one class may be used as one of the other: a base, or an interface with its methods."""
        wanted = expected.symbol.string_value()
        ancestors = list(self._ancestry(found.symbol.string_value()))
        if wanted in ancestors:
            return True
        interface = self._classes.get(wanted)
        if interface is None or interface.kind != "interface":
            return False
        methods = {name for ancestor in ancestors if ancestor in self._classes for name in self._classes[ancestor].methods}
        return methods >= interface.methods.keys()

    def _agree(self, declared: Attribute, found: Attribute) -> bool:
        return accepts(declared, found, self.is_subclass) or accepts(found, declared, self.is_subclass)

    def _ancestry(self, name: str) -> Iterator[str]:
        """The class and all its bases, each once."""
        pending, seen = [name], {name}
        while pending:
            current = pending.pop(0)
            yield current
            declared = self._classes.get(current)
            for base in declared.bases if declared else ():
                if base not in seen:
                    seen.add(base)
                    pending.append(base)

    def _undeclared(self, op: Operation, name: str, what: str) -> InvalidIR:
        message = f"{op.name}: {what} @{name} isn't declared in this module"
        return InvalidIR(message, UNDEFINED_SYMBOL, hint=did_you_mean(name, self._classes))

    def _class_at(self, name: str) -> tuple[tuple[str, Operation], ...]:
        return (("the class is declared here", self._classes[name].op),)

    def _declared_at(self, type_: Attribute, attribute: str) -> tuple[tuple[str, Operation], ...]:
        """The note that shows an attribute's declaration, where there is one."""
        name = type_.symbol.string_value() if isinstance(type_, ClassType) else ""
        for ancestor in self._ancestry(name):
            declared = self._classes.get(ancestor)
            if declared is not None and attribute in declared.attributes:
                return (("the attribute is declared here", declared.members[attribute]),)
        return ()

    def _lookup(self, op: Operation, type_: Attribute) -> str:
        if not isinstance(type_, ClassType):
            raise InvalidIR(f"{op.name}: expected an object of a class, found {type_}", CLASS_MEMBER)
        name = type_.symbol.string_value()
        if name not in self._classes:
            raise self._undeclared(op, name, "class")
        return name

    def _attribute(self, op: Operation, type_: Attribute, attribute: StringAttr) -> Attribute:
        name = self._lookup(op, type_)
        known: list[str] = []
        declared = self._classes.get(name)
        if declared is not None and declared.kind == "enum" and attribute.data in ("name", "value"):
            return StrType() if attribute.data == "name" else union_of([*declared.attributes.values()])
        for ancestor in self._ancestry(name):
            if ancestor in self._classes:
                attributes = self._classes[ancestor].attributes
                if attribute.data in attributes:
                    return attributes[attribute.data]
                known += attributes
        raise InvalidIR(
            f"{op.name}: class @{name} has no attribute {attribute}; it has {', '.join(known) or 'none'}",
            CLASS_MEMBER,
            notes=self._class_at(name),
            hint=did_you_mean(attribute.data, known),
        )

    def _verify_call(self, op: CallMethodOp) -> None:
        name, method = self._lookup(op, op.object.type), op.method_name.data
        callee, known = None, list[str]()
        for ancestor in self._ancestry(name):
            if ancestor in self._classes and callee is None:
                callee = self._classes[ancestor].methods.get(method)
                known += self._classes[ancestor].methods
        if callee is None:
            raise InvalidIR(
                f"{op.name}: class @{name} has no method {method!r}; it has {', '.join(known) or 'none'}",
                CLASS_MEMBER,
                notes=self._class_at(name),
                hint=did_you_mean(method, known),
            )
        function = self._functions.get(callee)
        if function is None:
            return
        declaration = (("the method is declared here", function),)
        wanted, given = function.function_type.inputs.data[1:], op.arguments.types
        if len(wanted) != len(given):
            message = f"{op.name}: {method!r} takes {len(wanted)} arguments, found {len(given)}"
            raise InvalidIR(message, DIFFERENT_TYPES, notes=declaration)
        for i, (expected, found) in enumerate(zip(wanted, given, strict=True)):
            if not accepts(expected, found, self.is_subclass):
                message = f"{op.name}: expected argument {i} of type {expected}, found {found}"
                raise InvalidIR(message, DIFFERENT_TYPES, i + 1, declaration)
        results, found_results = function.function_type.outputs.data, op.result_types
        if len(results) != len(found_results) or not all(map(self._agree, results, found_results)):
            shown = ", ".join(map(str, results))
            message = f"{op.name}: {method!r} gives ({shown}), found ({', '.join(map(str, found_results))})"
            raise InvalidIR(message, DIFFERENT_TYPES, notes=declaration)

    def _verify_method(self, op: MethodOp) -> None:
        owner = op.parent_op()
        if not isinstance(owner, ClassOp):
            raise InvalidIR(f"{op.name}: a method stands in a ts.class", CLASS_MEMBER)
        callee = op.callee.string_value()
        function = self._functions.get(callee)
        if function is None:
            if owner.kind.data == "interface":
                return
            message = f"{op.name}: function @{callee} isn't in this module"
            raise InvalidIR(message, UNDEFINED_SYMBOL, hint=did_you_mean(callee, self._functions))
        inputs = function.function_type.inputs.data
        own = ClassType(owner.sym_name.data)
        if not inputs or not isinstance(inputs[0], ClassType) or (inputs[0] != own and not self.is_subclass(own, inputs[0])):
            raise InvalidIR(
                f"{op.name}: expected @{callee} to take {own} first, found ({', '.join(map(str, inputs))})",
                DIFFERENT_TYPES,
                notes=(("the function is declared here", function),),
            )


def _declaration(op: ClassOp) -> _Class:
    found = _Class(op, op.kind.data, [base.string_value() for base in op.bases.data] if op.bases else [])
    for member in op.body.block.ops:
        if isinstance(member, AttributeOp):
            found.attributes[member.attr_name.data] = member.type
            found.members[member.attr_name.data] = member
        elif isinstance(member, MethodOp):
            found.methods[member.method_name.data] = member.callee.string_value()
    return found


def _is_exception(name: str) -> bool:
    """Whether Python has an exception class of that name."""
    found = getattr(builtins, name, None)
    return isinstance(found, type) and issubclass(found, BaseException)
