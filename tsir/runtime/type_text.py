"""Reads the type of a parameter from its IR text, without xDSL: what a call needs to check and convert arguments.

The grammar is that of `dialects/ts/types.py` as printed; the IR parser is the authority, this is its cold-start sibling.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from tsir.errors import IRError

_TOKEN = re.compile(r'\s*(@?"(?:[^"\\]|\\.)*"|[!@#]?[A-Za-z_$][\w$.]*|->|[<>,:()?*]|\d+)')


@dataclass(frozen=True)
class TypeText:
    """A parsed type: `kind` is its name without `!ts.` (`tensor`, `list`, `i64`), `arguments` the types in its brackets."""

    kind: str
    arguments: tuple[TypeText, ...] = ()
    symbol: str = ""
    """The class symbol of a `class` type, or the name of a `named_tuple`."""
    fields: tuple[str, ...] = ()

    def python_name(self) -> str:
        """How an annotation would spell it, for messages."""
        names = {"i64": "int", "f64": "float", "i1": "bool", "none": "None", "tensor": "Tensor", "number": "number"}
        if self.kind == "frozenset":
            return f"FrozenSet[{self.arguments[0].python_name()}]"
        if self.kind == "dict" and self.symbol:
            parts = self.arguments[:1] if self.symbol == "Counter" else self.arguments
            return f"{self.symbol}[{', '.join(a.python_name() for a in parts)}]"
        if self.kind == "tuple_of":
            return f"Tuple[{self.arguments[0].python_name()}, ...]"
        if self.kind in ("list", "dict", "tuple", "optional", "union", "set", "deque", "future"):
            return f"{self.kind.capitalize()}[{', '.join(a.python_name() for a in self.arguments)}]"
        return self.symbol or names.get(self.kind, self.kind)


@lru_cache(maxsize=4096)
def parse_type_text(text: str) -> TypeText:
    """Parses a type as the IR prints it. Raises IRError for text that isn't one."""
    tokens = _TOKEN.findall(text)
    if len(tokens) > 10_000:
        raise IRError(f"a type of {len(tokens)} tokens is too large")
    reader = _Reader(tokens, text)
    parsed = reader.type(0)
    if reader.position != len(tokens):
        raise IRError(f"unexpected {tokens[reader.position]!r} in type {text!r}")
    return parsed


class _Reader:
    def __init__(self, tokens: list[str], text: str) -> None:
        self.tokens, self.text, self.position = tokens, text, 0

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def next(self) -> str:
        token = self.peek()
        if not token:
            raise IRError(f"type {self.text!r} ends too early")
        self.position += 1
        return token

    def type(self, depth: int) -> TypeText:
        if depth > 64:
            raise IRError(f"type {self.text[:60]!r}... is nested too deeply")
        name = self.next()
        if name == "(":
            return self.function(depth)
        kind = name.removeprefix("!ts.")
        if kind in ("tensor", "complex"):
            self.skip_brackets()
            return TypeText(kind)
        if self.peek() != "<":
            return TypeText(kind)
        self.next()
        arguments: list[TypeText] = []
        fields: list[str] = []
        symbol = ""
        while self.peek() != ">":
            token = self.peek()
            if token == ",":
                self.next()
            elif token.startswith("@"):
                symbol = self.next()[1:].strip('"')
            elif token == ":":
                self.next()
            elif token.startswith('"'):
                literal = self.next()[1:-1]
                if kind == "named_tuple" and symbol:
                    fields.append(literal)
                else:
                    symbol = literal
            else:
                arguments.append(self.type(depth + 1))
        self.next()
        return TypeText(kind, tuple(arguments), symbol, tuple(fields))

    def function(self, depth: int) -> TypeText:
        arguments: list[TypeText] = []
        while self.peek() != ")":
            if self.peek() == ",":
                self.next()
            else:
                arguments.append(self.type(depth + 1))
        self.next()
        if self.next() != "->":
            raise IRError(f"a function type in {self.text!r} needs '->'")
        return TypeText("function", (*arguments, self.type(depth + 1)))

    def skip_brackets(self) -> None:
        if self.peek() != "<":
            return
        level = 0
        while True:
            token = self.next()
            level += {"<": 1, ">": -1}.get(token, 0)
            if not level:
                return
