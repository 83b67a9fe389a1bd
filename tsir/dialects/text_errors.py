"""The errors of IR text that can't be read: xDSL's parser's exceptions turned into `IRError` with code, place, notes and hint."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xdsl.utils.exceptions import MultipleSpansParseError, ParseError

from tsir.dialects.invalid import DIFFERENT_TYPES
from tsir.dialects.known_names import attribute_hint, builtin_type_hint
from tsir.dialects.positions import Positions
from tsir.errors import IRError, SourceLocation, did_you_mean

if TYPE_CHECKING:
    from xdsl.context import Context

SYNTAX = "TS700"
UNKNOWN_NAME = "TS701"
UNDEFINED_VALUE = "TS702"
DEFINED_TWICE = "TS708"
TOO_LARGE = "TS709"


@dataclass
class TextError(ParseError):
    """What our own parts of the parser raise: with code, hint, and notes at offsets in the text."""

    code: str = SYNTAX
    hint: str | None = None
    notes: tuple[tuple[str, int, int], ...] = ()

    def __str__(self) -> str:
        return self.msg


def text_error(error: ParseError, context: Context, positions: Positions) -> IRError:
    """The user's error for what the parser says."""
    text = positions.text
    message = error.msg.strip().rstrip("!.") or "malformed IR"
    start, end = error.span.start, error.span.end
    code, hint = SYNTAX, None
    notes: list[tuple[str, SourceLocation | None]] = []
    if isinstance(error, TextError):
        code, hint = error.code, error.hint
        notes = [(said, positions.location(first, last)) for said, first, last in error.notes]
    elif message == "Could not parse entire input":
        message = "expected an operation" if text.strip() else "expected an operation, found an empty text"
    elif undefined := _UNDEFINED.match(message):
        return _undefined_value(undefined[1], positions)
    elif unregistered := _UNREGISTERED.match(message):
        name, code = unregistered[1], UNKNOWN_NAME
        found = max(text.rfind(f"{sigil}{name}", 0, start) for sigil in "!#")
        is_type = text[found : found + 1] == "!"
        hint = attribute_hint(context, name, is_type=is_type)
        if found >= 0:
            start, end = found, found + len(name) + 1
            message = f"{'type' if is_type else 'attribute'} {text[start:end]} is not registered"
    elif alias := _ALIAS.match(message):
        name, code = alias[1], UNKNOWN_NAME
        hint = did_you_mean(name, _ALIAS_DEFINITION.findall(text))
        found = text.rfind(name, 0, start)
        start, end = (found, found + len(name)) if found >= 0 else (start, end)
    elif message in ("type expected", "Expected type") or message.endswith("ype expected"):
        if hint := builtin_type_hint(text[start:end]):
            code, message = UNKNOWN_NAME, f"expected a type, found {text[start:end]}"
    elif message.startswith("SSA value tuple index") or "is referenced with an index" in message:
        code = UNDEFINED_VALUE
    elif isinstance(error, MultipleSpansParseError) and error.refs:
        code = DEFINED_TWICE if message.startswith("re-declaration") else UNDEFINED_VALUE
        first = error.refs[0][0]
        if code == UNDEFINED_VALUE:
            start, end = first.start, first.end
            message = f"block {first.text} isn't in this region"
            hint = did_you_mean(first.text, _LABEL.findall(text))
        else:
            notes = [("it is declared here first", positions.location(first.start, first.end))]
    elif "defined with type" in message or message.startswith("Result %"):
        code = DIFFERENT_TYPES
    if message[1:2].islower():
        message = message[0].lower() + message[1:]
    return IRError(message, location=positions.location(start, end), code=code, hint=hint, notes=tuple(notes))


def _undefined_value(name: str, positions: Positions) -> IRError:
    """For a value that nothing defines where its use could see it."""
    text = positions.text
    written = re.finditer(re.escape(name) + r"(?![\w$.-])", text)
    before = [(m, text[text.rfind("\n", 0, m.start()) + 1 : m.start()]) for m in written]
    found = [m for m, line in before if "//" not in line] or [m for m, _ in before]
    definitions = [m for m, line in before if _NAMES.fullmatch(line) and _BEHIND_DEFINITION.match(text, m.end())]
    last = ([m for m in found if m not in definitions] or found)[-1]
    definition = definitions[0] if definitions else None
    notes: tuple[tuple[str, SourceLocation | None], ...] = ()
    hint = None
    if definition is not None and definition is not last:
        place = positions.location(definition.start(), definition.start() + len(name))
        notes = (("a value of this name is defined here, in a region that the use isn't in", place),)
    else:
        names = {n for n in _VALUE_DEFINITION.findall(text) if n != name}
        hint = did_you_mean(name, names)
    location = positions.location(last.start(), last.end())
    return IRError(f"value {name} is used but not defined", location=location, code=UNDEFINED_VALUE, notes=notes, hint=hint)


def foreign_error(error: Exception, at: int, positions: Positions) -> IRError:
    """For what xDSL's parser lets out where attributes are malformed: ValueError, KeyError, AssertionError and others."""
    said = str(error).strip().splitlines()
    if isinstance(error, ValueError) and said and "integer string conversion" in said[0]:
        digits = next((m for m in _LONG_NUMBER.finditer(positions.text) if m.end() >= at - 1), None)
        place = positions.location(at if digits is None else digits.start())
        return IRError(f"a number of more than {_MOST_DIGITS} digits", location=place, code=TOO_LARGE)
    message = f"malformed IR: {said[0]}" if said else "malformed IR"
    return IRError(message, location=positions.location(at), code=SYNTAX)


_MOST_DIGITS = 4300
"""What Python converts; more takes time that grows with the square."""
_LONG_NUMBER = re.compile(rf"\d{{{_MOST_DIGITS + 1},}}")
_UNDEFINED = re.compile(r"values used but not defined: \[(%[^],]+)")
_UNREGISTERED = re.compile(r"'([\w$.-]+)' is not registered")
_ALIAS = re.compile(r"undefined symbol alias '([!#][\w$.-]+)'")
_ALIAS_DEFINITION = re.compile(r"^\s*([!#][\w$.-]+)\s*=", re.MULTILINE)
_NAMES = re.compile(r"\s*(?:%[\w$.-]+(?::\d+)?\s*,\s*)*")
_BEHIND_DEFINITION = re.compile(r"(?::\d+)?\s*(?:,[^=\n]*)?=")
_VALUE_DEFINITION = re.compile(r"(%[\w$.-]+)(?=\s*(?:=|:|,[^=\n]*=))")
_LABEL = re.compile(r"^\s*(\^[\w$.-]+)", re.MULTILINE)
