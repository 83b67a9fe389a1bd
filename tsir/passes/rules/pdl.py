"""Rules as PDL, MLIR's dialect for patterns: what xDSL's and upstream's interpreters of PDL apply with the same result.

    pdl.pattern @relu_of_relu : benefit(1) {
      %x = pdl.operand
      %t0 = pdl.type
      %0 = pdl.operation "ts.aten.relu" (%x : !pdl.value) -> (%t0 : !pdl.type)
      ...

Constraints become `pdl.apply_native_constraint`, whose functions `native_constraints` gives. What PDL can't say is named: any
number of operands, constants that are computed, operations that a function makes, types that only inference knows. That nothing
writes the matched tensors' memory, and that a new tensor which leaves the function stays a new one, the engine checks and PDL
doesn't: such patterns are for functions of tensor values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from xdsl.dialects.builtin import FloatAttr, IntegerAttr
from xdsl.ir import Attribute

from tsir.ops.registry import SCHEMAS
from tsir.passes.constants import attribute_of
from tsir.passes.rules.constraints import Bound
from tsir.passes.rules.terms import AnyRule, Built, Call, Computed, NativeRule, Rest, Result, Rule, Term, Variable


class NoPdl(Exception):
    """A rule has a part that PDL can't say; the message names it."""


def pdl_text(rules: Iterable[AnyRule]) -> str:
    """A module of patterns; a comment stands for each rule that can't be one, and says which part can't."""
    parts: list[str] = []
    for rule in rules:
        try:
            parts += pdl_patterns(rule)
        except NoPdl as error:
            parts.append(f"// rule {rule.name} is no PDL: {error}\n")
    return "builtin.module {\n" + "".join(_indented(p) for p in parts) + "}\n"


def pdl_patterns(rule: AnyRule) -> list[str]:
    """The rule as patterns: one for each order of the operands of commutative operations. Raises NoPdl."""
    if isinstance(rule, NativeRule):
        raise NoPdl("it is a function of the operation, no pattern")
    orders: list[frozenset[int]] = [frozenset()]
    for call in _commutative(rule.call):
        orders += [o | {id(call)} for o in orders]
    return [_Pattern(rule, order, "" if not i else f"_{i}").text() for i, order in enumerate(orders)]


def native_constraints(rules: Iterable[AnyRule]) -> dict[str, Callable[..., bool]]:
    """The functions behind the `pdl.apply_native_constraint`s of rules, by name: they take values and attributes."""
    found: dict[str, Callable[..., bool]] = {}
    for rule in rules:
        for i, constraint in enumerate(rule.where if isinstance(rule, Rule) else ()):

            def check(*values: Any, constraint: Any = constraint) -> bool:
                return constraint({n: Bound(v) for n, v in zip(constraint.variables, values, strict=True)})

            found[_constraint_name(rule.name, i)] = check
    return found


def _constraint_name(rule: str, index: int) -> str:
    return f"{rule}.{index}"


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.rstrip().splitlines())


def _commutative(root: Call) -> list[Call]:
    from tsir.passes.rules.terms import calls

    return [c for c in calls(root) if c.commutes]


class _Pattern:
    """One pattern, written line by line."""

    def __init__(self, rule: Rule, exchanged: frozenset[int], suffix: str) -> None:
        self.rule = rule
        self.exchanged = exchanged
        self.name = re.sub(r"\W", "_", rule.name) + suffix
        self.lines: list[str] = []
        self.operations: dict[int, str] = {}
        self.types: dict[str, str] = {}
        """The name of the type of each value, where the pattern knows it."""
        self.variables: dict[str, str] = {}
        self.attributes: set[str] = set()
        self.count = 0

    def text(self) -> str:
        root_call = self.rule.call
        root = self._operation(root_call, matching=True)
        for i, constraint in enumerate(self.rule.where):
            values = [f"%{v}" for v in constraint.variables]
            kinds = ["!pdl.attribute" if v in self.attributes else "!pdl.value" for v in constraint.variables]
            name = _constraint_name(self.rule.name, i)
            self.lines.append(f'pdl.apply_native_constraint "{name}"({", ".join(values)} : {", ".join(kinds)})')
        matched, self.lines = self.lines, []
        replacements = self.rule.replacements()
        if isinstance(self.rule.pattern, Result) or sorted(replacements) != list(range(max(len(replacements), 1))):
            raise NoPdl("it replaces one result of several, and PDL replaces whole operations")
        root_types = self._result_types(root_call)
        values = [self._value(term, root_types[i]) for i, term in replacements.items()]
        kinds = ", ".join("!pdl.value" for _ in values)
        body = [*self.lines, f"pdl.replace {root} with ({', '.join(values)} : {kinds})"]
        return "\n".join(
            [f"pdl.pattern @{self.name} : benefit(1) {{", *(f"  {x}" for x in matched), f"  pdl.rewrite {root} {{"]
            + [f"    {x}" for x in body]
            + ["  }", "}", ""]
        )

    def _fresh(self, prefix: str = "") -> str:
        self.count += 1
        return f"%{prefix}{self.count - 1}"

    def _result_types(self, call: Call) -> list[str]:
        return [self.types[f"{self.operations[id(call)]}#{i}"] for i in range(_result_count(call))]

    def _operation(self, call: Call, *, matching: bool, like: str | None = None) -> str:
        known = self.operations.get(id(call))
        if known is not None:
            return known
        arguments = list(call.arguments)
        if id(call) in self.exchanged and matching:
            arguments[:2] = arguments[1::-1]
        schema = SCHEMAS.get(call.op.removeprefix("ts.aten.")) if call.op.startswith("ts.aten.") else None
        operands: list[str] = []
        for i, term in enumerate(arguments):
            declared = None if schema is None else schema.arguments[i].type
            wants_float = declared is not None and declared.base == "float"
            operands.append(
                self._operand(float(term) if wants_float and type(term) is int else term, matching, declared is None)
            )
        attributes = [(n, self._attribute(t, matching)) for n, t in call.attributes.items()]
        types: list[str] = []
        for i in range(_result_count(call)):
            types.append(self._type(call, i, operands, matching, like))
        name = self._fresh()
        self.operations[id(call)] = name
        for i, kind in enumerate(types):
            self.types[f"{name}#{i}"] = kind
        text = f'{name} = pdl.operation "{call.op}"'
        if operands:
            text += f" ({', '.join(operands)} : {', '.join('!pdl.value' for _ in operands)})"
        if attributes:
            text += f" {{{', '.join(f'{chr(34)}{n}{chr(34)} = {a}' for n, a in attributes)}}}"
        text += f" -> ({', '.join(types)} : {', '.join('!pdl.type' for _ in types)})"
        self.lines.append(text)
        return name

    def _type(self, call: Call, index: int, operands: Sequence[str], matching: bool, like: str | None) -> str:
        if isinstance(call.like, Attribute):
            return self._constant_type(call.like)
        if matching:
            name = self._fresh("t")
            self.lines.append(f"{name} = pdl.type")
            return name
        if like is not None:
            return like
        known = next((self.types[o] for o in operands if o in self.types), None)
        if call.op.partition(".")[0] in ("arith", "math") and known is not None:
            return known
        raise NoPdl(f"the type of {call.op}'s result in the replacement comes from inference")

    def _constant_type(self, kind: Attribute) -> str:
        name = self._fresh("t")
        self.lines.append(f"{name} = pdl.type : {kind}")
        return name

    def _operand(self, term: Term, matching: bool, takes_place_type: bool) -> str:
        match term:
            case Variable() if matching and term.name not in self.variables:
                self.variables[term.name] = f"%{term.name}"
                self.lines.append(f"%{term.name} = pdl.operand")
                return f"%{term.name}"
            case Variable():
                return f"%{term.name}"
            case Call() | Result():
                return self._result(term, matching)
            case Rest():
                raise NoPdl(f"*{term.name} stands for any number of operands")
            case list():
                return self._list(cast("list[Any]", term), matching)
            case Computed():
                raise NoPdl("its replacement computes a constant")
            case Built():
                raise NoPdl("its replacement is made by a function")
            case _:
                return self._constant(term, takes_place_type)

    def _value(self, term: Term, like: str) -> str:
        if isinstance(term, Call):
            operation = self._operation(term, matching=False, like=like)
            return self._result_of(operation, 0)
        if not isinstance(term, Variable | Result | list | Computed | Built):
            return self._constant(term, not self.rule.root.startswith("ts."))
        return self._operand(term, False, False)

    def _result(self, term: Call | Result, matching: bool) -> str:
        call, index = (term.call, term.index) if isinstance(term, Result) else (term, 0)
        return self._result_of(self._operation(call, matching=matching), index)

    def _result_of(self, operation: str, index: int) -> str:
        name = self._fresh()
        self.lines.append(f"{name} = pdl.result {index} of {operation}")
        self.types[name] = self.types[f"{operation}#{index}"]
        return name

    def _list(self, terms: list[Any], matching: bool) -> str:
        if not matching:
            raise NoPdl("its replacement makes a list, whose type comes from inference")
        if any(isinstance(t, Variable | Call | Result) for t in terms):
            raise NoPdl("a list holds references to its tensors, through which PDL doesn't look")
        operands = [self._operand(t, matching, False) for t in terms]
        kind, name = self._fresh("t"), self._fresh()
        self.lines.append(f"{kind} = pdl.type")
        given = f" ({', '.join(operands)} : {', '.join('!pdl.value' for _ in operands)})" if operands else ""
        self.lines.append(f'{name} = pdl.operation "ts.list"{given} -> ({kind} : !pdl.type)')
        self.types[f"{name}#0"] = kind
        return self._result_of(name, 0)

    def _constant(self, value: Any, takes_place_type: bool) -> str:
        """A constant operation, which the pattern asks for or the replacement makes."""
        if takes_place_type and not isinstance(value, bool):
            raise NoPdl(f"the constant {value!r} has the type of the place where it stands")
        found = attribute_of(value)
        if found is None:
            raise NoPdl(f"the constant {value!r} is no single attribute")
        attribute, kind = found
        operation = "arith.constant" if isinstance(attribute, IntegerAttr | FloatAttr) else "ts.constant"
        name, type_name = self._fresh(), self._constant_type(kind)
        attribute_name = self._fresh("a")
        self.lines.append(f"{attribute_name} = pdl.attribute = {attribute}")
        self.lines.append(
            f'{name} = pdl.operation "{operation}" {{"value" = {attribute_name}}} -> ({type_name} : !pdl.type)'
        )
        self.types[f"{name}#0"] = type_name
        return self._result_of(name, 0)

    def _attribute(self, term: Term, matching: bool) -> str:
        if isinstance(term, Variable):
            if matching and term.name not in self.variables:
                self.variables[term.name] = f"%{term.name}"
                self.attributes.add(term.name)
                self.lines.append(f"%{term.name} = pdl.attribute")
            return f"%{term.name}"
        if isinstance(term, Computed):
            raise NoPdl("an attribute of its replacement is computed")
        if not isinstance(term, Attribute):
            raise NoPdl(f"the attribute {term!r} is given by its Python value, whose type PDL would have to know")
        name = self._fresh("a")
        self.lines.append(f"{name} = pdl.attribute = {term}")
        return name


def _result_count(call: Call) -> int:
    schema = SCHEMAS.get(call.op.removeprefix("ts.aten.")) if call.op.startswith("ts.aten.") else None
    return 1 if schema is None else len(schema.returns)
