"""Texts of expressions as parts of others: where brackets are needed."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"-?[\d.e+-]+")


def is_atom(text: str) -> bool:
    """Whether a text may be an operand of any operator as it stands: a name, a call, a literal, something in brackets."""
    depth, at, end = 0, 0, len(text)
    while at < end:
        c = text[at]
        if c in "\"'":
            at += 1
            while text[at] != c:
                at += 2 if text[at] == "\\" else 1
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif not depth and not (c.isalnum() or c in "_."):
            return False
        at += 1
    return True


def receiver(text: str) -> str:
    """A text as what stands before a dot."""
    return f"({text})" if not is_atom(text) or _NUMBER.fullmatch(text) else text


def operand(text: str) -> str:
    """A text as an operand of an operator."""
    return text if is_atom(text) else f"({text})"
