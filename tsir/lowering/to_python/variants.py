"""Variants of entry points as Python functions: what they say of the caller's lists, dicts and objects, these get.

A variant gives a tuple: what the user's function returns, and behind it what has become of the lists, dicts and objects that it was
called with. Printed, it takes those as further parameters, and changes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from xdsl.ir import Operation, SSAValue

from tsir.dialects.ts import types
from tsir.lowering.to_python.names import Names
from tsir.lowering.to_python.statements import Printer


class VariantPrinter(Printer):
    """Prints a variant; `states` are the parameters that take what it changes."""

    def __init__(self, names: Names, states: Sequence[str]) -> None:
        super().__init__(names)
        self._wanted = states
        self._states: list[str] = []
        self._objects: dict[SSAValue, str] = {}
        """The new objects that stand for the caller's."""
        self._lists: dict[SSAValue, str] = {}
        """The lists that become the contents of the caller's."""

    def variant(self, function: Operation, name: str) -> str:
        """The whole function."""
        self._share(function)
        arguments = function.regions[0].block.args
        shown = [self.names.declared(self.name(a), a.type) for a in arguments]
        self._states = [self.fresh(s) for s in self._wanted]
        for results in _results(function) if self._states else ():
            for value, state in zip(results.operands[1:], self._states, strict=True):
                if isinstance(value.owner, Operation) and value.owner.name == "ts.new":
                    self._objects[value] = state
                elif isinstance(value.owner, Operation) and isinstance(value.type, types.ListType):
                    self._lists[value] = state
        return self._function(function, name, [*shown, *self._states])

    def _result_type(self, function: Operation) -> Any:
        result = super()._result_type(function)
        return result.elements.data[0] if self._states and isinstance(result, types.TupleType) else result

    def operation(self, operation: Operation) -> None:
        """One operation: where it makes the object that the caller's becomes, that is the caller's."""
        state = self._objects.get(operation.results[0]) if operation.name == "ts.new" else None
        if state is not None:
            self._texts[operation.results[0]] = state
            return
        super().operation(operation)
        for result in operation.results:
            if (state := self._lists.get(result)) is not None:  # from here on it is the caller's list that changes
                self._line(f"{state}[:] = {self.text(result)}")
                self._texts[result] = state

    def _returned(self, terminator: Operation) -> None:
        results = terminator.operands[0].owner if terminator.operands else None
        if not self._states or not isinstance(results, Operation):
            super()._returned(terminator)
            return
        if results.name == "ts.tuple":
            result, *states = results.operands
            shown = self.text(result)
            texts = [self.text(s) for s in states]
            kinds = [s.type for s in states]
        else:
            held = self.fresh("results")
            self._line(f"{held} = {self.text(terminator.operands[0])}")
            shown = f"{held}[0]"
            texts = [f"{held}[{i + 1}]" for i in range(len(self._states))]
            kinds = list(cast(types.TupleType, terminator.operands[0].type).elements.data)[1:]
        for state, text, kind in zip(self._states, texts, kinds, strict=True):
            if state != text:
                self._change(state, text, kind)
        self._line(f"return {shown}")

    def _change(self, state: str, text: str, kind: Any) -> None:
        """Gives one of the caller's lists, dicts or objects the contents of another one."""
        match kind:
            case types.ListType() | types.TupleType() | types.TupleOfType():
                self._line(f"{state}[:] = {text}")
            case types.DictType():
                self._line(f"{state}.clear()")
                self._line(f"{state}.update({text})")
            case types.ClassType():
                for attribute in self.names.declared_attributes(kind.symbol.root_reference.data):
                    name = attribute.attr_name.data
                    self._line(f"{state}.{name} = {text}.{name}")
            case _:
                pass


def _results(function: Operation) -> Iterator[Operation]:
    """The tuples that a function may give."""
    last = cast(Any, function).regions[0].block.last_op
    pending: list[SSAValue] = list(last.operands)
    while pending:
        owner = pending.pop().owner
        if not isinstance(owner, Operation):
            continue
        if owner.name == "ts.tuple":
            yield owner
        elif owner.name == "scf.if":
            pending += [region.block.last_op.operands[0] for region in owner.regions if region.block.last_op is not None]


__all__ = ["VariantPrinter"]
