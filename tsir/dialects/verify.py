"""Verification of whole modules: each operation's own verifier, visibility of values, and what refers to classes by name.

xDSL verifies operations one by one. What it doesn't verify is done here: that each value is defined before its uses (SSA
dominance), and that attributes and methods which operations name are declared by the class. Nothing here recurses over IR.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from xdsl.dialects.builtin import ModuleOp, StringAttr, UnknownLoc
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Block, BlockArgument, Operation, OpResult, Region, SSAValue
from xdsl.traits import NoTerminator
from xdsl.utils.exceptions import VerifyException

from tsir.dialects.deep_stack import call_with_deep_stack
from tsir.dialects.locations import location_of
from tsir.dialects.traversal import walk
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
from tsir.errors import IRError, SourceLocation

Place = Callable[[Operation], SourceLocation | None]
"""Where an operation stands in the text that it was parsed from."""


def verify_module(module: Operation, place: Place = lambda _op: None, *, declared_in: Operation | None = None) -> None:
    """Verifies a module. Raises `IRError` for the first operation that is wrong, saying what was expected and found.

    It may be an operation of the module `declared_in`, which then has the classes and functions.
    """
    visibility = _Visibility(module)

    def verify_alone(op: Operation) -> None:
        call_with_deep_stack(lambda: op.verify(verify_nested_ops=False))
        _verify_blocks(op)
        visibility.verify(op)

    _verify_each(module, verify_alone, place)
    _verify_each(module, Classes(declared_in or module).verify, place)


def _verify_each(module: Operation, verify: Callable[[Operation], None], place: Place) -> None:
    for op in walk(module):
        try:
            verify(op)
        except VerifyException as error:
            raise _ir_error(op, error, place) from None
        except RecursionError:
            raise
        except Exception as error:
            # Verifiers of other dialects may stumble over IR that was never meant to exist.
            raise _ir_error(op, error, place) from error


def _ir_error(op: Operation, error: Exception, place: Place) -> IRError:
    cause = error.__cause__ if isinstance(error.__cause__, VerifyException) else error
    message = str(cause).strip().removeprefix("Operation does not verify: ") or type(cause).__name__
    if op.name not in message:
        message = f"{op.name}: {message}"
    written, chain = place(op), location_of(op)
    if written is None:
        notes = tuple(("called from here", caller) for caller in chain[1:])
        return IRError(message, location=chain[0] if chain else None, notes=notes)
    own = [] if isinstance(op.location, UnknownLoc) else chain
    return IRError(message, location=written, notes=tuple(("the operation comes from here", source) for source in own[:1]))


def _verify_blocks(op: Operation) -> None:
    for region in op.regions:
        if len(region.blocks) == 1 and region.block.is_empty and not op.has_trait(NoTerminator):
            raise VerifyException("expected a terminator at the end of the block, found an empty block")


def _is_current(value: SSAValue) -> bool:
    """Whether a value is still what its operation or block gives at that place."""
    if isinstance(value, OpResult):
        return value.index < len(value.op.results) and value.op.results[value.index] is value
    return not isinstance(value, BlockArgument) or (
        value.index < len(value.block.args) and value.block.args[value.index] is value
    )


class _Visibility:
    """Tells whether a value is defined on every way to its use."""

    def __init__(self, module: Operation) -> None:
        self._order = {op: i for i, op in enumerate(walk(module))}
        self._dominators: dict[Region, dict[Block, Block | None]] = {}

    def verify(self, op: Operation) -> None:
        for i, operand in enumerate(op.operands):
            if not _is_current(operand):
                raise VerifyException(f"{op.name}: operand {i} is a value that its operation has replaced by another")
            if not self._is_visible(operand, op):
                name = f" (%{operand.name_hint})" if operand.name_hint else ""
                raise VerifyException(f"{op.name}: operand {i}{name} isn't defined before this use")

    def _is_visible(self, value: SSAValue, user: Operation) -> bool:
        block = value.owner.parent if isinstance(value, OpResult) else value.owner
        assert block is None or isinstance(block, Block)
        if block is None:
            return False
        at: Operation | None = user
        while at is not None and at.parent is not block:
            if at.parent is not None and at.parent.parent is block.parent:
                return self._dominates(block, at.parent)
            at = at.parent_op()
        if at is None:
            return False
        return not isinstance(value, OpResult) or (
            value.op in self._order and at in self._order and self._order[value.op] < self._order[at]
        )

    def _dominates(self, a: Block, b: Block) -> bool:
        """Whether every way to `b` leads through `a`; both are in one region. Unreachable blocks are dominated by all."""
        region = a.parent
        assert region is not None
        if region not in self._dominators:
            self._dominators[region] = immediate_dominators(region)
        tree = self._dominators[region]
        if b not in tree:
            return True
        at: Block | None = b
        while at is not None and at is not a:
            at = tree[at]
        return at is a


def immediate_dominators(region: Region) -> dict[Block, Block | None]:
    """The immediate dominator of each reachable block, None for the entry (Cooper, Harvey, Kennedy 2001)."""
    entry = region.blocks.first
    if entry is None:
        return {}
    order = _reverse_postorder(entry)
    number = {block: i for i, block in enumerate(order)}
    predecessors: dict[Block, list[Block]] = {block: [] for block in order}
    for block in order:
        for successor in _successors(block):
            predecessors[successor].append(block)
    dominator: dict[Block, Block] = {entry: entry}
    changed = True
    while changed:
        changed = False
        for block in order[1:]:
            known = [p for p in predecessors[block] if p in dominator]
            common = known[0]
            for other in known[1:]:
                while common is not other:
                    if number[common] > number[other]:
                        common = dominator[common]
                    else:
                        other = dominator[other]
            if dominator.get(block) is not common:
                dominator[block] = common
                changed = True
    return {block: None if block is entry else dominator[block] for block in order}


def _successors(block: Block) -> Iterator[Block]:
    if block.last_op is not None:
        yield from block.last_op.successors


def _reverse_postorder(entry: Block) -> list[Block]:
    done: list[Block] = []
    seen = {entry}
    pending = [(entry, _successors(entry))]
    while pending:
        block, successors = pending[-1]
        following = next((s for s in successors if s not in seen), None)
        if following is None:
            done.append(block)
            pending.pop()
        else:
            seen.add(following)
            pending.append((following, _successors(following)))
    return done[::-1]


@dataclass
class _Class:
    kind: str
    bases: list[str]
    attributes: dict[str, Attribute] = field(default_factory=dict[str, Attribute])
    methods: dict[str, str] = field(default_factory=dict[str, str])


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
        """Verifies one operation of the module. Raises VerifyException."""
        match op:
            case GetAttrOp():
                declared = self._attribute(op, op.object.type, op.attr_name)
                if not self._agree(declared, op.result.type):
                    raise VerifyException(
                        f"{op.name}: expected a result of type {declared}, as {op.attr_name} is declared, found {op.result.type}"
                    )
            case SetAttrOp():
                declared = self._attribute(op, op.object.type, op.attr_name)
                if not accepts(declared, op.value.type, self.is_subclass):
                    raise VerifyException(
                        f"{op.name}: expected a value of type {declared}, as {op.attr_name} is declared, found {op.value.type}"
                    )
            case NewOp():
                self._lookup(op, op.result.type)
            case CallMethodOp():
                self._verify_call(op)
            case ClassOp():
                for base in self._classes[op.sym_name.data].bases if op.sym_name.data in self._classes else ():
                    if base not in self._classes and not (op.kind.data == "exception" and _is_exception(base)):
                        raise VerifyException(f"{op.name}: base class @{base} isn't declared in this module")
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

    def _lookup(self, op: Operation, type_: Attribute) -> str:
        if not isinstance(type_, ClassType):
            raise VerifyException(f"{op.name}: expected an object of a class, found {type_}")
        name = type_.symbol.string_value()
        if name not in self._classes:
            raise VerifyException(f"{op.name}: class @{name} isn't declared in this module")
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
        raise VerifyException(f"{op.name}: class @{name} has no attribute {attribute}; it has {', '.join(known) or 'none'}")

    def _verify_call(self, op: CallMethodOp) -> None:
        name, method = self._lookup(op, op.object.type), op.method_name.data
        callee, known = None, list[str]()
        for ancestor in self._ancestry(name):
            if ancestor in self._classes and callee is None:
                callee = self._classes[ancestor].methods.get(method)
                known += self._classes[ancestor].methods
        if callee is None:
            raise VerifyException(f"{op.name}: class @{name} has no method {method!r}; it has {', '.join(known) or 'none'}")
        function = self._functions.get(callee)
        if function is None:
            return
        wanted, given = function.function_type.inputs.data[1:], op.arguments.types
        if len(wanted) != len(given):
            raise VerifyException(f"{op.name}: {method!r} takes {len(wanted)} arguments, found {len(given)}")
        for i, (expected, found) in enumerate(zip(wanted, given, strict=True)):
            if not accepts(expected, found, self.is_subclass):
                raise VerifyException(f"{op.name}: expected argument {i} of type {expected}, found {found}")
        results, found_results = function.function_type.outputs.data, op.result_types
        if len(results) != len(found_results) or not all(map(self._agree, results, found_results)):
            shown = ", ".join(map(str, results))
            raise VerifyException(f"{op.name}: {method!r} gives ({shown}), found ({', '.join(map(str, found_results))})")

    def _verify_method(self, op: MethodOp) -> None:
        owner = op.parent_op()
        if not isinstance(owner, ClassOp):
            raise VerifyException(f"{op.name}: a method stands in a ts.class")
        callee = op.callee.string_value()
        function = self._functions.get(callee)
        if function is None:
            if owner.kind.data == "interface":
                return
            raise VerifyException(f"{op.name}: function @{callee} isn't in this module")
        inputs = function.function_type.inputs.data
        own = ClassType(owner.sym_name.data)
        if not inputs or not isinstance(inputs[0], ClassType) or (inputs[0] != own and not self.is_subclass(own, inputs[0])):
            raise VerifyException(
                f"{op.name}: expected @{callee} to take {own} first, found ({', '.join(map(str, inputs))})"
            )


def _declaration(op: ClassOp) -> _Class:
    found = _Class(op.kind.data, [base.string_value() for base in op.bases.data] if op.bases else [])
    for member in op.body.block.ops:
        if isinstance(member, AttributeOp):
            found.attributes[member.attr_name.data] = member.type
        elif isinstance(member, MethodOp):
            found.methods[member.method_name.data] = member.callee.string_value()
    return found


def _is_exception(name: str) -> bool:
    """Whether Python has an exception class of that name."""
    found = getattr(builtins, name, None)
    return isinstance(found, type) and issubclass(found, BaseException)
