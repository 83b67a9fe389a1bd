"""Pass pipelines as text: `builtin.module(func.func(ts-cse,ts-dce),ts-symbol-dce)`, in mlir-opt's grammar.

    pipeline ::= element (`,` element)*
    element  ::= pass-name options? | anchor `(` pipeline? `)` | `mlir-opt` `[` upstream's pipeline `]`
    options  ::= `{` (key (`=` value (`,` value)*)?)* `}`

A value is a word, a quoted string, or text with balanced brackets, such as `tensor<2x3xf32>`. This module knows the grammar only:
which passes there are is `known_passes.py`'s, running them `pass_manager.py`'s.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn, TypeAlias

from tsir.errors import PassError, SourceLocation

NAME_OF_TEXT = "<pass-pipeline>"
"""What messages call the text of a pipeline."""

ANY = "any"
"""The anchor that stands for every operation that a pass can work on alone."""


@dataclass(frozen=True)
class Span:
    """A part of a pipeline's text, for messages."""

    text: str = field(repr=False)
    start: int
    end: int

    def location(self) -> SourceLocation:
        """The part as a place with its line."""
        first = self.text.rfind("\n", 0, self.start) + 1
        last = self.text.find("\n", self.start)
        line = self.text[first : len(self.text) if last < 0 else last]
        column = self.start - first + 1
        width = max(1, min(self.end - self.start, len(line) - column + 1))
        return SourceLocation(
            NAME_OF_TEXT, self.text.count("\n", 0, self.start) + 1, column, column + width, source_line=line
        )


@dataclass(frozen=True)
class Value:
    """One element of an option's value; `quoted` is a string for certain."""

    text: str
    quoted: bool = False


@dataclass(frozen=True)
class Option:
    """`key=value,value` of a pass; without values it is a flag."""

    key: str
    values: tuple[Value, ...]
    span: Span


@dataclass(frozen=True)
class PassText:
    """A pass as it is written."""

    name: str
    options: tuple[Option, ...]
    span: Span


@dataclass(frozen=True)
class NestText:
    """Elements that run on the operations that `anchor` names."""

    anchor: str
    elements: tuple[Element, ...]
    span: Span


Element: TypeAlias = "PassText | NestText"


def parse_pipeline(text: str) -> list[Element]:
    """The elements of a pipeline's text. Raises PassError with a caret for text that isn't one."""
    return _Reader(text).whole()


_BLANK = re.compile(r"\s*")
_NAME = re.compile(r"[A-Za-z0-9_][\w.\-]*")
_OPENING = {"{": "}", "(": ")", "[": "]", "<": ">"}


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def whole(self) -> list[Element]:
        """All of the text. Raises PassError."""
        self._blank()
        if self.at == len(self.text):
            return []
        elements = self._elements()
        if self.at < len(self.text):
            if self.text[self.at] == ")":
                self._fail("there is a `)` too many", self.at)
            self._fail(f"expected `,` between passes, found {self.text[self.at]!r}", self.at)
        return elements

    def _elements(self) -> list[Element]:
        # Nesting is followed with a stack: the text is the user's and may be nested as deep as they like.
        open_nests: list[tuple[str, int, list[Element]]] = []
        elements: list[Element] = []
        while True:
            self._blank()
            if not (elements == [] and open_nests and self._next() == ")"):
                start = self.at
                name = self._name()
                self._blank()
                if self._next() == "(":
                    open_nests.append((name, start, elements))
                    elements = []
                    self.at += 1
                    continue
                elements.append(self._pass(name, start))
            while True:
                self._blank()
                if self._next() == ")" and open_nests:
                    self.at += 1
                    anchor, start, outer = open_nests.pop()
                    outer.append(NestText(anchor, tuple(elements), self._span(start, start + len(anchor))))
                    elements = outer
                    continue
                break
            if self._next() != ",":
                if open_nests and self.at == len(self.text):
                    anchor, start, _ = open_nests[-1]
                    self._fail(f"the `(` after {anchor} isn't closed", start + len(anchor))
                if open_nests:
                    self._fail(f"expected `,` or `)`, found {self.text[self.at]!r}", self.at)
                return elements
            self.at += 1

    def _pass(self, name: str, start: int) -> PassText:
        span = self._span(start, start + len(name))
        if self._next() == "[":
            return self._upstream(name, span)
        if self._next() != "{":
            return PassText(name, (), span)
        opening = self.at
        self.at += 1
        options: list[Option] = []
        while True:
            self._blank()
            if self._next() == "}":
                self.at += 1
                return PassText(name, tuple(options), span)
            if not self._next():
                self._fail(f"the list of passes can't be read: the `{{` after {name} isn't closed", opening)
            options.append(self._option())

    def _upstream(self, name: str, span: Span) -> PassText:
        """`mlir-opt[cse,canonicalize]`, as xDSL writes it: a pipeline that upstream's tool runs."""
        if name != "mlir-opt":
            self._fail(f"expected `,` after {name}: only mlir-opt takes a pipeline in brackets", self.at)
        start = self.at
        inner = self._balanced()[1:-1]
        arguments = ("--mlir-print-op-generic", "--allow-unregistered-dialect", "-p", f"builtin.module({inner})")
        values = tuple(Value(a, quoted=True) for a in arguments)
        return PassText(name, (Option("arguments", values, self._span(start, self.at)),), span)

    def _option(self) -> Option:
        start = self.at
        key = _NAME.match(self.text, self.at)
        if key is None:
            self._fail(f"expected the name of an option, found {self.text[self.at]!r}", self.at)
        self.at = key.end()
        if self._next() != "=":
            return Option(key[0], (), self._span(start, self.at))
        self.at += 1
        values = [self._value()]
        while self._next() == ",":
            self.at += 1
            self._blank()
            values.append(self._value())
        return Option(key[0], tuple(values), self._span(start, self.at))

    def _value(self) -> Value:
        start = self.at
        if self._next() == '"':
            return Value(self._string(), quoted=True)
        while (following := self._next()) and following not in ",})" and not following.isspace():
            if following in _OPENING:
                self._balanced()
            elif following == '"':
                self._string()
            else:
                self.at += 1
        if self.at == start:
            self._fail("the list of passes can't be read: expected a value", self.at)
        text = self.text[start : self.at]
        return Value(text[1:-1] if text[0] == "{" and text[-1] == "}" else text)

    def _string(self) -> str:
        match = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL).match(self.text, self.at)
        if match is None:
            self._fail("the list of passes can't be read: the string isn't closed", self.at)
        self.at = match.end()
        escapes = {"n": "\n", "t": "\t"}
        return re.sub(r"\\(.)", lambda m: escapes.get(m[1], m[1]), match[1], flags=re.DOTALL)

    def _balanced(self) -> str:
        """What is between a bracket and the one that closes it, with both."""
        start = self.at
        waiting: list[str] = []
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == '"':
                self._string()
                continue
            self.at += 1
            if character in _OPENING:
                waiting.append(_OPENING[character])
            elif character == waiting[-1] and not (character == ">" and self.text[self.at - 2] == "-"):
                waiting.pop()
                if not waiting:
                    return self.text[start : self.at]
        self._fail(f"the list of passes can't be read: the `{self.text[start]}` isn't closed", start)

    def _name(self) -> str:
        match = _NAME.match(self.text, self.at)
        if match is None:
            found = repr(self._next()) if self._next() else "the end of the text"
            self._fail(f"expected the name of a pass, found {found}", self.at)
        self.at = match.end()
        return match[0]

    def _blank(self) -> None:
        match = _BLANK.match(self.text, self.at)
        assert match is not None
        self.at = match.end()

    def _next(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def _span(self, start: int, end: int) -> Span:
        return Span(self.text, start, end)

    def _fail(self, message: str, at: int) -> NoReturn:
        raise PassError(message, location=self._span(at, at + 1).location())


_WORD = re.compile(r"[\w.+\-@%*/]+")


def option_text(key: str, values: Sequence[object]) -> str:
    """An option as `parse_pipeline` reads it back: `key=1,"a b"`."""
    return f"{key}={','.join(map(_value_text, values))}" if values else key


def _value_text(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str() if _WORD.fullmatch(value):
            # A word that reads as a number or a truth value is quoted, so that it stays a string.
            is_other = value in ("true", "false") or re.fullmatch(r"[-+]?[\d.][\d.eE+-]*", value)
            return f'"{value}"' if is_other else value
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            return f'"{escaped}"'
        case _:
            return str(value)
