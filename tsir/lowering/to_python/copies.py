"""Reads a variable itself instead of a copy of it that is no other value yet: Python to Python."""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence

from tsir.lowering.to_python.liveness import assigned, assignment


def without_copies(function: ast.FunctionDef, temporary: Collection[str]) -> None:
    """Replaces copies, in temporary variables, that are read before what they copy is assigned again."""
    writes: dict[str, int] = {}
    reads: dict[str, int] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            counts = reads if isinstance(node.ctx, ast.Load) else writes
            counts[node.id] = counts.get(node.id, 0) + 1
        elif isinstance(node, ast.ExceptHandler) and node.name is not None:
            writes[node.name] = writes.get(node.name, 0) + 1
    once = {n for n in temporary if writes.get(n) == 1}
    _block(function.body, once, reads)


def _block(statements: list[ast.stmt], once: Collection[str], reads: dict[str, int]) -> None:
    at = 0
    while at < len(statements):
        statement = statements[at]
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Name(id=source)) if name in once and name != source:
                search = _Search(name, source)
                if search.block(statements[at + 1 :]) and len(search.found) == reads.get(name, 0):
                    for read in search.found:
                        read.id = source
                    del statements[at]
                    continue
            case ast.If() | ast.While() | ast.For() | ast.Try():
                _block(statement.body, once, reads)
                _block(statement.orelse, once, reads)
                for handler in statement.handlers if isinstance(statement, ast.Try) else ():
                    _block(handler.body, once, reads)
            case _:
                pass
        at += 1


class _Search:
    """Finds the reads of a copy that come, in the order of the text, before anything assigns what it copies."""

    def __init__(self, name: str, source: str) -> None:
        self._name = name
        self._source = source
        self._changed = False
        self.found: list[ast.Name] = []

    def block(self, statements: Sequence[ast.stmt]) -> bool:
        """Whether all reads are before."""
        return all(self._statement(s) for s in statements)

    def _statement(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.If():
                return self._expressions(statement.test) and self.block(statement.body) and self.block(statement.orelse)
            case ast.While() | ast.For():
                if self._source in assigned([statement]):
                    self._changed = True  # also what is read before it in the body comes behind, in the next round
                return all(self._expressions(n) for n in ast.walk(statement) if isinstance(n, ast.Name))
            case ast.Try():
                handlers = [s for h in statement.handlers for s in h.body]
                if any(h.name == self._source for h in statement.handlers):
                    return False
                return self.block(statement.body) and self.block(handlers) and self.block(statement.orelse)
            case _:
                given = assignment(statement)
                read = self._expressions(statement) if given is None else self._expressions(given[1])
                self._changed = self._changed or self._source in assigned([statement])
                return read

    def _expressions(self, node: ast.AST) -> bool:
        reads = [n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id == self._name and isinstance(n.ctx, ast.Load)]
        self.found += reads
        return not (reads and self._changed)
