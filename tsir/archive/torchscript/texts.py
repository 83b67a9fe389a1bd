"""Texts of values: which of them TorchScript writes as Python does, and templates as it takes them.

TorchScript's `format` and `str` print a float with other digits, texts in containers without quotes, and tensors, dicts, enums and
objects in other words. A text that only a message shows (an exception's, a warning's) may be other than Python's.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence

from xdsl.ir import Attribute, Operation, SSAValue

from tsir.dialects.ts import structure as s
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.compatibility import members
from tsir.dialects.ts.families import PyOp

_ALIKE = (ts.INT, ts.BOOL, ts.NONE)
_SHOWN = frozenset(("print", "warn"))
_PASSED_ON = frozenset(("add", "str_join", "str_format", "format", "str", "percent"))


def is_alike(kind: Attribute) -> bool:
    """Whether TorchScript's text of a value is Python's."""
    if isinstance(kind, ts.StrType | ts.DeviceType):
        return True
    return _alike_inside(kind)


def _alike_inside(kind: Attribute) -> bool:
    match kind:
        case ts.OptionalType() | ts.UnionType():
            return all(_alike_inside(m) for m in members(kind))
        case ts.ListType():
            return _alike_inside(kind.element)
        case ts.TupleType():
            return all(map(_alike_inside, kind.elements.data))
        case _:
            return kind in _ALIKE


def is_message(value: SSAValue, depth: int = 8) -> bool:
    """Whether a text is only shown: nothing of the program can tell what it is."""
    if depth == 0:
        return False
    return all(_shows(use.operation, depth) for use in value.uses)


def _shows(operation: Operation, depth: int) -> bool:
    if isinstance(operation, s.RaiseOp) or (isinstance(operation, PyOp) and operation.FUNCTION in _SHOWN):
        return True
    if isinstance(operation, s.ListOp) or (isinstance(operation, PyOp) and operation.FUNCTION in _PASSED_ON):
        return is_message(operation.results[0], depth - 1)
    return False


def text_call(operand: str, kind: Attribute, is_shown: bool) -> str | None:
    """`str(operand)`; None where TorchScript's text is another than Python's and isn't only shown."""
    if isinstance(kind, ts.StrType):
        return operand
    if kind == ts.FLOAT:
        return f"__torch__.python_text({operand}, )"
    return f"str({operand})" if is_shown or is_alike(kind) else None


_SPEC = re.compile(r"(?:(?P<fill>.)?(?P<align>[<>]))?(?P<zero>0)?(?P<width>\d+)?(?:\.(?P<digits>\d+))?(?P<kind>[dsf])?")


_KINDS: Mapping[Attribute, Sequence[str | None]] = {ts.INT: ("d", None), ts.FLOAT: ("f",), ts.StrType(): ("s", None)}


def format_spec_call(operand: str, kind: Attribute, spec: str) -> str | None:
    """`format(operand, spec)` for a width, and for the digits behind the point of a float; None for others."""
    found = _SPEC.fullmatch(spec)
    if found is None or found["kind"] not in _KINDS.get(kind, ()) or (found["digits"] and kind != ts.FLOAT):
        return None
    text = f"str({operand})" if kind == ts.INT else operand
    if kind == ts.FLOAT:
        text = f"__torch__.python_fixed({operand}, {found['digits'] or 6}, )"
    if not found["width"]:
        return text
    if found["zero"]:
        return None if found["align"] or isinstance(kind, ts.StrType) else f"torch.zfill({text}, {found['width']})"
    default = "<" if isinstance(kind, ts.StrType) else ">"
    function = "ljust" if (found["align"] or default) == "<" else "rjust"
    fill = found["fill"] or " "
    return f"torch.{function}({text}, {found['width']}, {quoted(fill)})" if is_plain(fill) else None


def format_parts(template: str, count: int) -> tuple[str, list[int | None]] | None:
    """A template as TorchScript has it, with which value each field has, None for the text `{}`; None for other templates."""
    text, fields, position = "", dict[int, int](), 0
    try:
        parsed = list(string.Formatter().parse(template))
    except ValueError:
        return None
    for literal, field, spec, conversion in parsed:
        text += literal
        if field is None:
            continue
        if spec or conversion or not (field == "" or field.isdigit()):
            return None
        index = int(field) if field else position
        position += 1
        if index >= count:
            return None
        fields[len(text)] = index
        text += "{}"
    return text, [fields.get(m.start()) for m in re.finditer(r"\{\}", text)]


def is_percent_template(template: str, kinds: Sequence[Attribute]) -> bool:
    """Whether TorchScript's `%` takes a template for values of these types: `%d` of ints and `%s`."""
    fields = re.findall(r"%(.)", template)
    if len(fields) != len(kinds):
        return False
    return all(f == "s" or (f in "di" and k == ts.INT) for f, k in zip(fields, kinds, strict=True))


def is_plain(text: str) -> bool:
    """Whether serialised code can have a text as it is."""
    return text.isascii() and text.isprintable() and '"' not in text and "\\" not in text


def quoted(text: str) -> str:
    """A plain text as an expression."""
    return f'"{text}"'
