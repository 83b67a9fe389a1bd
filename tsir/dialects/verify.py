"""Verification of whole modules, near linear in their size and without recursion over IR.

In one walk: each operation's own verifier (`signatures.py`), visibility of values (`dominance.py`), blocks and what is passed
between them (`control_flow.py`), symbols and calls (`symbols.py`); then what refers to classes by name (`classes.py`). xDSL's own
verifier has no check of dominance, of what branches and yields pass, and of classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from xdsl.dialects.builtin import DYNAMIC_INDEX
from xdsl.dialects.func import CallOp
from xdsl.ir import Block, Operation
from xdsl.traits import IsTerminator, SymbolTable

from tsir.dialects.classes import NAMING, Classes
from tsir.dialects.control_flow import verify_blocks, verify_leaving, verify_regions
from tsir.dialects.deep_stack import call_with_deep_stack
from tsir.dialects.dominance import Visibility
from tsir.dialects.invalid import InvalidIR, ir_error
from tsir.dialects.positions import Positions
from tsir.dialects.signatures import Signatures
from tsir.dialects.symbols import Symbols


def verify_module(module: Operation, positions: Positions | None = None, *, declared_in: Operation | None = None) -> None:
    """Verifies a module. Raises `IRError` for the first operation that is wrong, saying what was expected and found.

    `positions` is where things stand in the text that the module was parsed from. It may be an operation of the module
    `declared_in`, which then has the classes and functions.
    """
    Verifier().verify(module, positions, declared_in=declared_in)


def _verify_sizes(op: Operation) -> None:
    """`tensor.expand_shape` has an operand for each `?` of its shape: xDSL's verifier doesn't ask, its printer relies on it."""
    expand: Any = op
    dynamic = sum(size == DYNAMIC_INDEX for size in expand.static_output_shape.get_values())
    if dynamic != len(expand.dynamic_output_shape):
        raise InvalidIR(f"{op.name}: expected {dynamic} sizes as operands, found {len(expand.dynamic_output_shape)}")


@dataclass(frozen=True)
class _Kind:
    """Which checks the operations of one class need."""

    leaves: bool
    has_symbols: bool
    names_classes: bool
    lists_sizes: bool


@dataclass
class Verifier:
    """Verifies modules; what it learns of operations' signatures makes the next verification cheaper, as after each pass."""

    _signatures: Signatures = field(default_factory=Signatures)
    _kinds: dict[type[Operation], _Kind] = field(default_factory=dict[type[Operation], "_Kind"])

    def verify(self, module: Operation, positions: Positions | None = None, *, declared_in: Operation | None = None) -> None:
        """As `verify_module`."""
        visibility, symbols = Visibility(), Symbols(declared_in)
        self._signatures.start()
        at = module
        naming: list[Operation] = []
        try:
            for at in _visited(module, visibility):
                visibility.verify(at)
                self._verify_alone(at)
                kind = self._kind(type(at))
                if kind.leaves or at.successors:
                    verify_leaving(at)
                if at.regions:
                    verify_blocks(at)
                    verify_regions(at)
                if kind.has_symbols:
                    symbols.verify(at)
                if kind.names_classes:
                    naming.append(at)
                if kind.lists_sizes:
                    _verify_sizes(at)
            if naming:
                classes = Classes(declared_in or module)
                for at in naming:
                    classes.verify(at)
        except RecursionError:
            raise
        except InvalidIR as error:
            raise ir_error(at, error, positions) from None
        except Exception as error:
            # Verifiers of other dialects may stumble over IR that was never meant to exist.
            raise ir_error(at, error, positions) from error

    def _kind(self, cls: type[Operation]) -> _Kind:
        found = self._kinds.get(cls)
        if found is None:
            found = self._kinds[cls] = _Kind(
                cls.has_trait(IsTerminator, value_if_unregistered=False),
                cls.has_trait(SymbolTable, value_if_unregistered=False) or issubclass(cls, CallOp),
                issubclass(cls, NAMING),
                cls.name == "tensor.expand_shape",
            )
        return found

    def _verify_alone(self, op: Operation) -> None:
        try:
            self._signatures.verify(op)
        except RecursionError:
            call_with_deep_stack(lambda: self._signatures.verify(op))


def _visited(module: Operation, visibility: Visibility) -> Iterator[Operation]:
    """The module and all operations in it, each before what is inside it, in the order of the text."""
    yield module
    if not module.regions:
        return
    visibility.enter(module)
    pending: list[tuple[Operation, Iterator[Block], Block | None, Iterator[Operation]]] = []
    op, blocks, block, inner = module, _blocks(module), None, iter(())
    while True:
        child = next(inner, None)
        if child is not None:
            yield child
            if child.regions:
                visibility.enter(child)
                pending.append((op, blocks, block, inner))
                op, blocks, block, inner = child, _blocks(child), None, iter(())
            else:
                visibility.leave(child)
            continue
        if block is not None:
            visibility.leave_block(block)
        block = next(blocks, None)
        if block is not None:
            visibility.enter_block(block)
            inner = iter(block.ops)
            continue
        visibility.leave(op)
        if not pending:
            return
        op, blocks, block, inner = pending.pop()


def _blocks(op: Operation) -> Iterator[Block]:
    for region in op.regions:
        yield from region.blocks
