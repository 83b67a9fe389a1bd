"""Texts of classes: what `str`, `repr`, f-strings and templates write for `type(x)`, for one of several classes that only the running
program knows, too. Texts of objects and of containers are `object_text.py`'s subject."""

from __future__ import annotations

from tsir.frontend.script.choices import is_of_classes
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.function_identity import python_class_behind
from tsir.frontend.script.inlining import emit_choice
from tsir.frontend.script.values import Const, Value


def text_of_class(e: Emitter, value: Value) -> Value | None:
    """The text of a class, which is also its `repr`; None for other values."""
    if is_of_classes(value):
        return emit_choice(e, value, _text)
    return _text(value) if python_class_behind(value) is not None else None


def _text(value: Value) -> Value:
    return Const(str(python_class_behind(value)))
