"""Calls of a logger's methods: what they say is logged when the program runs."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from tsir.dialects.ts import types as ts
from tsir.frontend.script.conversions import text_of
from tsir.frontend.script.convert import materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.values import (
    NONE,
    Const,
    StaticTuple,
    Value,
)


def log(e: Emitter, target: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value | None:
    """A call of a logger's method that takes a message, which is logged at run time by the logger of that name; None for other
    methods. Keywords such as `extra` are left out."""
    function = target.__func__
    once = isinstance(function, functools._lru_cache_wrapper)
    name = getattr(function, "__name__", "").removesuffix("_once")
    level = {"warn": "WARNING", "exception": "ERROR", "fatal": "CRITICAL"}.get(name, name.upper())
    known = getattr(logging, level, None)
    number: Value = Const(known if isinstance(known, int) else None)
    if name == "log":
        number, *args = args
    if not args or (isinstance(number, Const) and number.value is None):
        return None
    message, *values = args
    text = materialise(e, text_of(e, message))
    if not isinstance(text.type, ts.StrType):
        text = e.py("str", [text])
    if values:
        text = e.py("percent", [text, materialise(e, StaticTuple(tuple(values)))])
    e.py("log", [materialise(e, Const(target.__self__.name)), materialise(e, number), text, e.bool_constant(once)])
    return NONE
