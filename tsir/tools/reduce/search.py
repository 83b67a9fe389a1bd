"""Delta debugging: edits are tried in ever smaller groups, those that leave the module interesting are kept, until none is.

Every module that is kept verifies. The last one is read back from its text; should it be another program then, the search starts again
and reads back each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from xdsl.dialects.builtin import ModuleOp

from tsir.dialects.context import parse_module, print_module
from tsir.dialects.traversal import walk
from tsir.dialects.verify import verify_module
from tsir.errors import TsirError
from tsir.tools.contexts import tool_context
from tsir.tools.reduce import edits
from tsir.tools.reduce.interest import Test


def read_back(module: ModuleOp) -> ModuleOp:
    """The module as its text says it. Raises IRError when it can't be read."""
    return parse_module(tool_context(allow_unregistered=True), print_module(module), "<reduced>")


@dataclass(eq=False)
class Reduction:
    """A module that gets smaller. `best` is the smallest that is interesting so far."""

    best: ModuleOp
    test: Test
    max_tests: int | None = None
    progress: Callable[[str], None] = lambda _text: None
    tests: int = 0
    reads_back: bool = False
    _size: tuple[int, int, int] = field(init=False)

    def __post_init__(self) -> None:
        """Raises TsirError when the module isn't interesting at first."""
        if not self._is_interesting(self.best):
            raise TsirError("the input isn't interesting: nothing fails on it")
        self._size = _size(self.best)

    def _is_interesting(self, module: ModuleOp) -> bool:
        self.tests += 1
        return self.test(module)

    @property
    def _done(self) -> bool:
        return self.max_tests is not None and self.tests >= self.max_tests

    def run(self) -> ModuleOp:
        """Tries all edits until none makes the module smaller; gives the smallest as it is read from its text."""
        first, size = self.best, self._size
        self._search()
        if not self.reads_back:
            try:
                found = read_back(self.best)
                if self._is_interesting(found):
                    return found
            except TsirError:
                pass  # the text can't be read: the search below takes only what can
            self.best, self._size, self.reads_back = first, size, True
            self._search()
        return self.best

    def _search(self) -> None:
        while not self._done:
            before = self._size
            self._groups("symbols", edits.symbols, edits.remove_symbols)
            self._groups("bodies", edits.bodies, edits.remove_bodies)
            self._returns()
            for order in (edits.OPERANDS_FIRST, edits.CONSTANTS_FIRST, edits.ARGUMENTS_FIRST):
                self._operations(order)
            self._singly("regions", edits.with_regions, edits.inline_region)
            self._groups("results", edits.results, edits.remove_results)
            self._groups("arguments", edits.arguments, edits.remove_arguments)
            self._groups("attributes", edits.attributes, edits.remove_attributes)
            self._groups("constants", edits.constants, edits.zero_constants)
            if self._size == before:
                break

    def _returns(self) -> None:
        """Cuts each function off behind some operation, found by bisection: what fails early doesn't need what comes later."""
        for k in range(len(edits.bodies(self.best))):
            low, places = 0, edits.return_values(self.best, k)
            while low < len(places) and not self._done:
                middle = (low + len(places) - 1) // 2
                at = places[middle]
                if self._attempt("returns", lambda module, k=k, at=at: edits.return_early(module, k, at)):
                    places = places[:middle]
                else:
                    low = middle + 1

    def _operations(self, order: edits.Order) -> None:
        def edit(module: ModuleOp, indices: Iterable[int]) -> bool:
            return edits.remove_operations(module, indices, order)

        self._groups("operations", edits.removable, edit)

    def _groups(
        self, name: str, items: Callable[[ModuleOp], Sequence[Any]], edit: Callable[[ModuleOp, Iterable[int]], bool]
    ) -> None:
        """Tries an edit of groups of items, from all of them down to each alone, from the end, where what is last is used least."""
        width = len(items(self.best))
        while width > 0 and not self._done:
            end = len(items(self.best))
            while end > 0 and not self._done:
                group = range(max(0, end - width), end)
                self._attempt(name, lambda module, group=group: edit(module, group))
                # Where items went, those in front of the group are where they were.
                end = min(group.start, len(items(self.best)))
            width //= 2

    def _singly(self, name: str, items: Callable[[ModuleOp], Sequence[Any]], edit: Callable[[ModuleOp, Any], bool]) -> None:
        """Tries an edit of each item, from the first."""
        i = 0
        while i < len(found := items(self.best)) and not self._done:
            item = found[i]
            if not self._attempt(name, lambda module, item=item: edit(module, item)):
                i += 1

    def _attempt(self, name: str, edit: Callable[[ModuleOp], bool]) -> bool:
        """Makes an edit on a copy, and keeps the copy when it is smaller and interesting."""
        copy = self.best.clone()
        if not edit(copy):
            return False
        size = _size(copy)
        if size >= self._size:
            return False
        try:
            verify_module(copy)
            if not self._is_interesting(copy):
                return False
            if self.reads_back:
                copy = read_back(copy)
                if not self._is_interesting(copy):
                    return False
        except TsirError:
            return False
        self.best, self._size = copy, size
        self.progress(f"{size[0]} operations, {size[1]} values and symbols after {self.tests} tests ({name})")
        return True


def _size(module: ModuleOp) -> tuple[int, int, int]:
    """What makes a module small: few operations, then few constants, arguments, symbols, attributes, then a short text."""
    operations = rest = 0
    for op in walk(module):
        if edits.is_constant(op):
            rest += 1
        else:
            operations += 1
        rest += len(op.attributes) + sum(len(b.args) for r in op.regions for b in r.blocks)
    return operations, rest, len(print_module(module))
