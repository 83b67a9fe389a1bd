"""Reading IR text: whatever the text is, the result is a verified module or an `IRError` that names the place.

The grammar is xDSL's. Its parser raises several kinds of exceptions for malformed text and follows nesting recursively; here
these become one kind of error, and nesting is bounded.
"""

from __future__ import annotations

import math
import re
from typing import Any

from xdsl.context import Context
from xdsl.dialects.builtin import BytesAttr, DenseIntOrFPElementsAttr, DenseResourceAttr, ModuleOp, UnknownLoc
from xdsl.ir import Block, Operation
from xdsl.parser import AttrParser, Parser, ParserState
from xdsl.utils.exceptions import ParseError, VerifyException
from xdsl.utils.lexer import Input, Span
from xdsl.utils.mlir_lexer import MLIRLexer, MLIRTokenKind

from tsir.dialects.deep_stack import call_with_deep_stack
from tsir.dialects.locations import location_attribute
from tsir.dialects.traversal import walk
from tsir.dialects.ts.structure import ClassOp
from tsir.dialects.verify import verify_module
from tsir.errors import IRError, SourceLocation

MAX_NESTING = 1000
"""How deep brackets of any kind may be nested in IR text."""


class _LinearLexer(MLIRLexer):
    """xDSL's lexer takes exponential time for a string that isn't closed; this pattern matches the same, in linear time."""

    _unescaped_characters_regex = re.compile(r'"[^"\\\n\v\f]*(?:\\(?:["nt\\]|[0-9A-Fa-f]{2})[^"\\\n\v\f]*)*"')


class _PositionKeepingParser(Parser):
    """Notes where each operation starts in the text."""

    def __init__(self, context: Context, text: str, name: str) -> None:
        super().__init__(context, "", name)
        AttrParser.__init__(self, ParserState(_LinearLexer(Input(text, name))), context)
        self.positions: dict[Operation, int] = {}
        self.resources: dict[str, bytes] = {}
        """The data of `dense_resource` attributes by name; xDSL would keep it in the dialect, for all texts together."""
        self.external: dict[str, dict[str, str]] = {}
        """What tools keep at the end of a text, by group and key; of words and numbers their text."""

    def parse_operation(self) -> Operation:
        start = self._current_token.span.start
        op = super().parse_operation()
        self.positions[op] = start
        if isinstance(op, ClassOp) and not op.body.blocks:
            op.body.add_block(Block())  # `{}` is a region without blocks to xDSL; a class without members prints so
        return op

    def parse_comma_separated_list(self, delimiter: Any, parse: Any, context_msg: str = "") -> Any:
        # xDSL reads the results of a `linalg.generic` with several, `-> (type, type)`, as the start of a function type.
        if (
            delimiter is self.Delimiter.NONE
            and parse == self.parse_attribute
            and self._current_token.kind is MLIRTokenKind.L_PAREN
        ):
            start = self.pos
            types = super().parse_comma_separated_list(self.Delimiter.PAREN, self.parse_attribute, context_msg)
            following: MLIRTokenKind = self._parser_state.current_token.kind
            if following is not MLIRTokenKind.ARROW:
                return types
            self._resume_from(start)
        return super().parse_comma_separated_list(delimiter, parse, context_msg)

    def _parse_dialect_resource_handle(self, dialect_name: str, interface: Any) -> str:
        return self.parse_identifier(" for resource handle")

    def _parse_external_resources(self) -> None:
        def entry(values: dict[str, str]) -> None:
            key = self.parse_optional_str_literal() or self.parse_identifier(" for a resource's key")
            self.parse_punctuation(":")
            text = self.parse_optional_str_literal()
            values[key] = self.parse_identifier(" for a resource's value") if text is None else text

        def group() -> None:
            values = self.external.setdefault(self.parse_identifier(" for a group of resources"), {})
            self.parse_punctuation(":")
            self.parse_comma_separated_list(self.Delimiter.BRACES, lambda: entry(values))

        self.parse_comma_separated_list(self.Delimiter.BRACES, group)

    def _parse_resource(self, dialect_name: str, interface: Any) -> None:
        start = self.pos
        name = self.parse_optional_str_literal() or self.parse_identifier(" for resource key")
        self.parse_punctuation(":")
        blob = self.parse_str_literal()
        try:
            data = bytes.fromhex(blob.removeprefix("0x"))
        except ValueError:
            data = b""
        if not blob.startswith("0x") or len(data) < 4:
            self.raise_error("expected a resource's data in hexadecimal", start, self.pos)
        self.resources[name] = data[4:]  # the alignment comes first

    def with_resources(self, module: ModuleOp) -> ModuleOp:
        """The module with `dense` constants for `dense_resource` ones whose data the text has. Raises ParseError."""
        if not self.resources:
            return module
        for op in walk(module):
            value = op.properties.get("value")
            if isinstance(value, DenseResourceAttr) and value.resource_handle.data in self.resources:
                op.properties["value"] = self._dense(value, self.resources[value.resource_handle.data])
        return module

    def _dense(self, value: DenseResourceAttr, data: bytes) -> DenseIntOrFPElementsAttr[Any]:
        kind: Any = value.type
        expected = math.prod(kind.get_shape()) * kind.element_type.compile_time_size
        if len(data) != expected:
            name = value.resource_handle.data
            self.raise_error(f"resource {name} has {len(data)} bytes of data, {kind} needs {expected}")
        return DenseIntOrFPElementsAttr(kind, BytesAttr(data))

    def _get_op_by_name(self, name: str) -> type[Operation]:
        found = self.ctx.get_optional_op(name, dialect_stack=self._parser_state.dialect_stack)
        if found is None:
            # xDSL would point at what comes after the name.
            start = max(0, self.lexer.input.content.rfind(name, 0, self.pos))
            self.raise_error(f"operation {name} is not registered", Span(start, start + len(name), self.lexer.input))
        return found


def parse_module(
    context: Context,
    text: str | bytes,
    name: str = "<text>",
    *,
    verify: bool = True,
    locate: bool = False,
    implicit_module: bool = True,
    external: dict[str, dict[str, str]] | None = None,
) -> ModuleOp:
    """Parses IR text and verifies it. Raises `IRError` with the place in the text, whatever is wrong with it.

    With `locate`, operations without location get their place in this text, as mlir-opt does. Without `implicit_module` the text
    has to be one `builtin.module`. `external` is filled with what the text has for tools (`external_resources`).
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise IRError(f"{name}: not IR text: byte {error.start} isn't UTF-8", hint="is this a binary file?") from None
    known = text
    try:
        module, positions = call_with_deep_stack(lambda: _parse(context, known, name, implicit_module, external))
    except RecursionError:
        raise IRError(f"{name}: IR nested too deep") from None

    def place(op: Operation) -> SourceLocation | None:
        return source_location(known, name, positions[op]) if op in positions else None

    if verify:
        verify_module(module, place)
    if locate:
        for op, position in positions.items():
            if isinstance(op.location, UnknownLoc):
                op.location = location_attribute(source_location(text, name, position))
    return module


def source_location(text: str, name: str, start: int, end: int | None = None) -> SourceLocation:
    """A position in a text as line and column, with the line itself."""
    start = min(start, len(text))
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", start)
    last = len(text) if last < 0 else last
    column = start - first + 1
    end_column = max(column + 1, (start + 1 if end is None else min(end, last)) - first + 1)
    return SourceLocation(name, text.count("\n", 0, start) + 1, column, end_column, source_line=text[first:last])


def _parse(
    context: Context, text: str, name: str, implicit_module: bool, external: dict[str, dict[str, str]] | None
) -> tuple[ModuleOp, dict[Operation, int]]:
    try:
        parser = _PositionKeepingParser(context, text, name)
    except ParseError as error:
        raise _parse_error(error, text, name) from None
    try:
        module = parser.with_resources(parser.parse_module(implicit_module))
        if external is not None:
            external.update(parser.external)
        return module, parser.positions
    except ParseError as error:
        raise _parse_error(error, text, name) from None
    except RecursionError:
        depth, position = _deepest_nesting(text)
        if depth > MAX_NESTING:
            message = f"brackets are nested {depth} deep, more than {MAX_NESTING}"
            raise IRError(message, location=source_location(text, name, position)) from None
        raise
    except VerifyException as error:
        raise IRError(str(error), location=source_location(text, name, parser.pos)) from None
    except Exception as error:
        # xDSL's parser lets ValueError, KeyError, AssertionError and others out where attributes are malformed.
        said = str(error).strip().splitlines()
        message = f"malformed IR: {said[0]}" if said else "malformed IR"
        raise IRError(message, location=source_location(text, name, parser.pos)) from error


def _parse_error(error: ParseError, text: str, name: str) -> IRError:
    message = error.msg.strip().rstrip("!") or "malformed IR"
    start, end = error.span.start, error.span.end
    if message == "Could not parse entire input":
        message = "expected an operation" if text.strip() else "expected an operation, found an empty text"
    elif undefined := _UNDEFINED.match(message):
        *_, last = re.finditer(re.escape(undefined[1]) + r"(?![\w$.-])", text)
        message, start, end = f"value {undefined[1]} is used but not defined", last.start(), last.end()
    if message[1:2].islower():
        message = message[0].lower() + message[1:]
    return IRError(message, location=source_location(text, name, start, end))


_UNDEFINED = re.compile(r"values used but not defined: \[(%[^],]+)")


_BRACKET = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|->|[<({\[]|[>)}\]]')


def _deepest_nesting(text: str) -> tuple[int, int]:
    """The depth of the deepest bracket, and where the first one beyond the limit is."""
    depth = deepest = position = 0
    for match in _BRACKET.finditer(text):
        token = match[0]
        if token in "<({[":
            depth += 1
            if depth > deepest:
                deepest = depth
                if depth <= MAX_NESTING + 1:
                    position = match.start()
        elif token in ">)}]":
            depth -= 1
    return deepest, position
