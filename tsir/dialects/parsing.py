"""Reading IR text: whatever the text is, the result is a verified module or an `IRError` that names the place.

The grammar is xDSL's. Its parser raises several kinds of exceptions for malformed text and follows nesting recursively; here
these become one kind of error, and nesting is bounded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, cast

from xdsl.context import Context
from xdsl.dialects.builtin import (
    BytesAttr,
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    IntegerType,
    ModuleOp,
    TensorType,
    UnknownLoc,
)
from xdsl.ir import AttributeInvT, Block, BlockArgument, Operation, OpResult, SSAValue
from xdsl.parser import AttrParser, Parser, ParserState, UnresolvedOperand
from xdsl.utils.exceptions import ParseError, VerifyException
from xdsl.utils.lexer import Input, Span, Token
from xdsl.utils.mlir_lexer import MLIRLexer, MLIRTokenKind, StringLiteral

from tsir.dialects.deep_stack import call_with_deep_stack, is_deep
from tsir.dialects.implicit_bodies import make_named
from tsir.dialects.invalid import DIFFERENT_TYPES, INVALID_OPERATION
from tsir.dialects.known_names import operation_hint
from tsir.dialects.locations import location_attribute
from tsir.dialects.positions import Positions
from tsir.dialects.text_errors import DEFINED_TWICE, TOO_LARGE, UNKNOWN_NAME, TextError, foreign_error, text_error
from tsir.dialects.traversal import walk
from tsir.dialects.ts.structure import ClassOp
from tsir.dialects.verify import verify_module
from tsir.errors import IRError
from tsir.limits import Limits, configured_limits

_NO_SPLAT = (MLIRTokenKind.GREATER, MLIRTokenKind.STRING_LIT, MLIRTokenKind.L_SQUARE)


class _LinearLexer(MLIRLexer):
    """xDSL's lexer takes exponential time for a string that isn't closed; this pattern matches the same, in linear time."""

    _unescaped_characters_regex = re.compile(r'"[^"\\\n\v\f]*(?:\\(?:["nt\\]|[0-9A-Fa-f]{2})[^"\\\n\v\f]*)*"')

    def _lex_string_literal(self, start_pos: int) -> Token[MLIRTokenKind]:
        # A text whose escaped bytes are UTF-8 is a string; xDSL takes one with other characters than ASCII's for bytes.
        token = super()._lex_string_literal(start_pos)
        if token.kind is MLIRTokenKind.BYTES_LIT:
            try:
                StringLiteral.from_span(token.span).bytes_contents.decode()
            except UnicodeDecodeError:
                return token
            return Token(MLIRTokenKind.STRING_LIT, token.span)
        return token


class _PositionKeepingParser(Parser):
    """Notes where each operation starts in the text."""

    def __init__(self, context: Context, text: str, positions: Positions, limits: Limits) -> None:
        super().__init__(context, "", positions.name)
        AttrParser.__init__(self, ParserState(_LinearLexer(Input(text, positions.name))), context)
        self.positions = positions
        self.limits = limits
        self._alias_sizes: dict[str, int] = {}
        self._expanded = 0
        """How many characters the aliases that were used stand for."""
        self._uses: list[tuple[SSAValue, tuple[int, int]]] = []
        """The operands read since the operation that is being read started."""
        self.resources: dict[str, bytes] = {}
        """The data of `dense_resource` attributes by name; xDSL would keep it in the dialect, for all texts together."""
        self.external: dict[str, dict[str, str]] = {}
        """What tools keep at the end of a text, by group and key; of words and numbers their text."""

    def parse_operation(self) -> Operation:
        start, around, self._uses = self._current_token.span.start, self._uses, []
        op = super().parse_operation()
        self.positions.operations[op] = start
        self._keep_uses(op)
        self._uses = around
        if isinstance(op, ClassOp) and not op.body.blocks:
            op.body.add_block(Block())  # `{}` is a region without blocks to xDSL; a class without members prints so
        return op

    def resolve_operand(self, operand: UnresolvedOperand, type: AttributeInvT) -> SSAValue[AttributeInvT]:
        place = operand.span.start, operand.span.end
        try:
            value = super().resolve_operand(operand, type)
        except ParseError as error:
            known = self.ssa_values.get(operand.operand_name, ())
            if operand.index >= len(known) or known[operand.index].type == type:
                raise
            found = known[operand.index]
            raise TextError(
                error.span,
                f"{operand.span.text} is used with type {type}, but it is of type {found.type}",
                code=DIFFERENT_TYPES,
                notes=self._definition(found, "the value is defined here"),
            ) from None
        self._uses.append((value, place))
        return value

    def _definition(self, value: SSAValue, said: str) -> tuple[tuple[str, int, int], ...]:
        """A note at the definition of a value that has been read already."""
        span = self.positions.arguments.get(value)
        if span is None and isinstance(value, OpResult) and value.op in self.positions.operations:
            start = self.positions.operations[value.op]
            span = (start, start + 1)
        return () if span is None else ((said, *span),)

    def _keep_uses(self, op: Operation) -> None:
        """Notes where the operands of an operation stand, if the text has just these in this order."""
        uses = self._uses
        if uses and len(uses) == len(op.operands):
            if any(value is not operand for (value, _), operand in zip(uses, op.operands, strict=True)):
                places = {id(value): place for value, place in reversed(uses)}
                if any(id(operand) not in places for operand in op.operands):
                    return
                self.positions.operands[op] = tuple([places[id(operand)] for operand in op.operands])
            else:
                self.positions.operands[op] = tuple([place for _, place in uses])

    def _register_ssa_definition(self, name: str, values: Sequence[SSAValue], span: Span) -> None:
        if name in self.ssa_values:
            notes = self._definition(self.ssa_values[name][0], "it is defined here first") if self.ssa_values[name] else ()
            raise TextError(span, f"SSA value %{name} is already defined", code=DEFINED_TWICE, notes=notes)
        super()._register_ssa_definition(name, values, span)
        for value in values:
            if isinstance(value, BlockArgument):
                self.positions.arguments[value] = (span.start, span.end)

    def _parse_block(self) -> Block:
        label = self._current_token.span
        block = super()._parse_block()
        self.positions.blocks[block] = (label.start, label.end)
        return block

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

    def _parse_optional_integer_or_float_type(self) -> Any:
        start = self._current_token.span
        kind = super()._parse_optional_integer_or_float_type()
        if isinstance(kind, IntegerType) and kind.width.data > self.limits.integer_bits:
            raise TextError(
                start, f"an integer of {kind.width.data} bits, more than {self.limits.integer_bits}", code=TOO_LARGE
            )
        return kind

    def parse_dense_int_or_fp_elements_attr(self, type: Any) -> DenseIntOrFPElementsAttr[Any]:
        # xDSL makes a list of all elements of a splat; one that is repeated has the size of the data only.
        start = self.pos
        self.parse_punctuation("<", " in dense attribute")
        if self._current_token.kind in _NO_SPLAT:
            self._resume_from(start)
            return super().parse_dense_int_or_fp_elements_attr(type)
        (element,), _ = self._parse_tensor_literal()
        self.parse_punctuation(">", " in dense attribute")
        if type is None:
            self.parse_punctuation(":", " in dense attribute")
            type = self._parse_dense_literal_type()
        self._bound(type, start)
        values: list[Any] = [element.to_type(self, type.element_type)]
        one: Any = DenseIntOrFPElementsAttr.from_list(cast(Any, TensorType(type.element_type, [])), values)
        return DenseIntOrFPElementsAttr(type, BytesAttr(one.data.data * math.prod(type.get_shape())))

    def _parse_optional_shape_delimiter(self) -> Any:
        # `x2x3x4` is one word to the lexer, which is read again behind each of its `x`.
        span = self._current_token.span
        if span.end - span.start > self.limits.shape_characters:
            raise TextError(
                span,
                f"a shape of {span.end - span.start} characters, more than {self.limits.shape_characters}",
                code=TOO_LARGE,
            )
        return super()._parse_optional_shape_delimiter()

    def _consume_token(self, expected_kind: MLIRTokenKind | None = None) -> Any:
        token = super()._consume_token(expected_kind)
        if token.kind is MLIRTokenKind.INTEGER_LIT and token.span.end - token.span.start > self.limits.digits:
            message = f"a number of {token.span.end - token.span.start} digits, more than {self.limits.digits}"
            raise TextError(Span(token.span.start, token.span.start + 1, self.lexer.input), message, code=TOO_LARGE)
        return token

    def _parse_alias_def(self) -> None:
        # Aliases of aliases could stand for exponentially large attributes.
        start, name, before = self.pos, self._current_token.text, self._expanded
        super()._parse_alias_def()
        used = self._expanded - before
        self._alias_sizes[name] = self.pos - start + used
        if used and self._alias_sizes[name] > self.limits.alias_characters:
            message = f"{name} stands for more than {self.limits.alias_characters} characters"
            raise TextError(Span(start, start + len(name), self.lexer.input), message, code=TOO_LARGE)

    def _parse_extended_type_or_attribute(self, attr_or_dialect_name: str, is_type: Any) -> Any:
        self._expanded += self._alias_sizes.get(("!" if is_type else "#") + attr_or_dialect_name, 0)
        return super()._parse_extended_type_or_attribute(attr_or_dialect_name, is_type)

    def _parse_dense_literal_type(self) -> Any:
        start = self.pos
        kind = super()._parse_dense_literal_type()
        self._bound(kind, start)
        return kind

    def _bound(self, kind: Any, start: int) -> None:
        """Raises for a constant that says it has more data than any text should make."""
        size = math.prod(kind.get_shape()) * kind.element_type.compile_time_size
        if size > self.limits.constant_bytes:
            span = Span(start, self.pos, self.lexer.input)
            raise TextError(span, f"a constant of {size} bytes, more than {self.limits.constant_bytes}", code=TOO_LARGE)

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
            raise TextError(
                Span(start, start + len(name), self.lexer.input),
                f"operation {name} is not registered",
                code=UNKNOWN_NAME,
                hint=operation_hint(self.ctx, name),
            )
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
    limits: Limits | None = None,
    before_verifying: Callable[[ModuleOp], None] | None = None,
) -> ModuleOp:
    """Parses IR text and verifies it. Raises `IRError` with the place in the text, whatever is wrong with it.

    With `locate`, operations without location get their place in this text, as mlir-opt does. Without `implicit_module` the text
    has to be one `builtin.module`. `external` is filled with what the text has for tools (`external_resources`). `limits` are those
    on what the text may ask for; without them those of the environment. `before_verifying` may rewrite what was read.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise IRError(f"{name}: not IR text: byte {error.start} isn't UTF-8", hint="is this a binary file?") from None
    try:
        known, bounds = text, limits or configured_limits()
    except ValueError as error:
        raise IRError(f"TSIR_LIMITS: {error}") from None
    module, positions = call_with_deep_stack(lambda: _parse(context, known, name, implicit_module, external, bounds))
    if hasattr(context, "positions"):
        setattr(context, "positions", positions)  # noqa: B010  TsContext, whose module imports this one
    if before_verifying is not None:
        before_verifying(module)
    if verify:
        verify_module(module, positions)
    if locate:
        for op, position in positions.operations.items():
            if isinstance(op.location, UnknownLoc):
                op.location = location_attribute(positions.location(position))
    return module


def _parse(
    context: Context,
    text: str,
    name: str,
    implicit_module: bool,
    external: dict[str, dict[str, str]] | None,
    limits: Limits,
) -> tuple[ModuleOp, Positions]:
    positions = Positions(text, name)
    if limits.nesting < Limits.nesting:  # what the default allows the stack holds
        _check_nesting(text, limits.nesting, positions)
    try:
        parser = _PositionKeepingParser(context, text, positions, limits)
    except ParseError as error:
        raise text_error(error, context, positions) from None
    try:
        module = parser.with_resources(make_named(parser.parse_module, implicit_module))
        if external is not None:
            external.update(parser.external)
        return module, positions
    except ParseError as error:
        raise text_error(error, context, positions) from None
    except RecursionError:
        _check_nesting(text, limits.nesting, positions)
        if (signs := _SIGNS.search(text)) is not None:
            message = "a thousand signs in a row"
            raise IRError(message, location=positions.location(signs.start()), code=TOO_LARGE) from None
        if is_deep():
            raise IRError("IR nested too deep", location=positions.location(parser.pos), code=TOO_LARGE) from None
        raise
    except VerifyException as error:
        raise IRError(str(error), location=positions.location(parser.pos), code=INVALID_OPERATION) from None
    except Exception as error:
        raise foreign_error(error, parser.pos, positions) from error


_SIGNS = re.compile(r"-(?:\s*-){1000,}")
_BRACKET = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|->|[<({\[]|[>)}\]]')


def _check_nesting(text: str, limit: int, positions: Positions) -> None:
    """Raises IRError for brackets that are nested deeper than the limit."""
    depth, position = _deepest_nesting(text, limit)
    if depth > limit:
        message = f"brackets are nested {depth} deep, more than {limit}"
        raise IRError(message, location=positions.location(position), code=TOO_LARGE) from None


def _deepest_nesting(text: str, limit: int) -> tuple[int, int]:
    """The depth of the deepest bracket, and where the first one beyond the limit is."""
    depth = deepest = position = 0
    for match in _BRACKET.finditer(text):
        token = match[0]
        if token in "<({[":
            depth += 1
            if depth > deepest:
                deepest = depth
                if depth <= limit + 1:
                    position = match.start()
        elif token in ">)}]":
            depth -= 1
    return deepest, position
