"""Python numbers that remember the SSA value they stand for.

`x.size(0)` gives a `TracedInt` during a trace: an int like any other to Python and torch, but arithmetic on it, and operators that
take it as an argument, are recorded with its SSA value, so that the program works for other sizes. A comparison gives a plain
bool: what depends on it is fixed to what happened in the trace.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from xdsl.ir import SSAValue


class NumberRecorder(Protocol):
    """What a traced number needs of the recorder that made it."""

    @property
    def recording(self) -> bool:
        """Whether the trace is still going on; afterwards its numbers are plain."""
        ...

    def number_operation(self, function: str, operands: tuple[Any, ...], result: float) -> int | float:
        """Records `ts.py.<function>` and gives `result` as a traced number."""
        ...

    def leaks(self, what: str) -> None:
        """Warns that a value of the trace became a Python value."""
        ...


class TracedInt(int):
    """An int with the SSA value (of type `i64`) that computes it."""

    ssa: SSAValue
    recorder: NumberRecorder

    def __new__(cls, value: int, ssa: SSAValue, recorder: NumberRecorder) -> TracedInt:
        self = int.__new__(cls, value)
        self.ssa = ssa
        self.recorder = recorder
        return self

    def __int__(self) -> int:
        self.recorder.leaks("converting a size to a Python integer")
        return int.__int__(self)

    def __float__(self) -> float:
        self.recorder.leaks("converting a size to a Python float")
        return int.__float__(self)

    def __copy__(self) -> TracedInt:
        return self

    def __deepcopy__(self, memo: object) -> TracedInt:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (int, (int.__int__(self),))


class TracedFloat(float):
    """A float with the SSA value (of type `f64`) that computes it."""

    ssa: SSAValue
    recorder: NumberRecorder

    def __new__(cls, value: float, ssa: SSAValue, recorder: NumberRecorder) -> TracedFloat:
        self = float.__new__(cls, value)
        self.ssa = ssa
        self.recorder = recorder
        return self

    def __int__(self) -> int:
        self.recorder.leaks("converting a number to a Python integer")
        return float.__int__(self)

    def __float__(self) -> float:
        self.recorder.leaks("converting a number to a Python float")
        return float.__float__(self)

    def __copy__(self) -> TracedFloat:
        return self

    def __deepcopy__(self, memo: object) -> TracedFloat:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (float, (float.__float__(self),))


Traced: TypeAlias = TracedInt | TracedFloat

# Python's method, and the `ts.py` function that it is.
_BINARY = {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "truediv", "floordiv": "floordiv", "mod": "mod", "pow": "pow",
}  # fmt: skip
_BINARY_INT = {"and": "bitand", "or": "bitor", "xor": "bitxor", "lshift": "lshift", "rshift": "rshift"}
_UNARY = {"neg": "neg", "pos": "pos", "abs": "abs"}
_ROUNDING = {"floor": "math_floor", "ceil": "math_ceil", "trunc": "math_trunc"}


def plain(value: Any) -> Any:
    """The number without its SSA value."""
    if isinstance(value, TracedInt):
        return int.__int__(value)
    return float.__float__(value) if isinstance(value, TracedFloat) else value


def _is_number(value: object) -> bool:
    return type(value) in (int, float, bool, TracedInt, TracedFloat)


def _binary(base: type, python_name: str, function: str, *, reflected: bool) -> Callable[[Any, Any], Any]:
    compute: Callable[[Any, Any], Any] = getattr(base, f"__{'r' if reflected else ''}{python_name}__")
    compute_float: Callable[[Any, Any], Any] | None = getattr(float, f"__{'r' if reflected else ''}{python_name}__", None)

    def method(self: Any, other: Any) -> Any:
        if not _is_number(other):
            return NotImplemented if not isinstance(other, int | float) else compute(plain(self), plain(other))
        mine, theirs = plain(self), plain(other)
        result = compute(mine, theirs)
        if result is NotImplemented and isinstance(theirs, float) and compute_float is not None:
            result = compute_float(float(mine), theirs)
        if not isinstance(result, int | float) or not self.recorder.recording:
            return result
        return self.recorder.number_operation(function, (other, self) if reflected else (self, other), result)

    method.__name__ = f"__{'r' if reflected else ''}{python_name}__"
    return method


def _unary(base: type, python_name: str, function: str) -> Callable[[Any], Any]:
    compute: Callable[[Any], Any] = getattr(base, f"__{python_name}__")

    def method(self: Any) -> Any:
        result = compute(plain(self))
        return self.recorder.number_operation(function, (self,), result) if self.recorder.recording else result

    method.__name__ = f"__{python_name}__"
    return method


def _round(self: Any, ndigits: int | None = None) -> Any:
    result = round(plain(self)) if ndigits is None else round(plain(self), ndigits)
    operands = (self,) if ndigits is None else (self, ndigits)
    return self.recorder.number_operation("round", operands, result) if self.recorder.recording else result


def _divmod(self: Any, other: Any) -> Any:
    return (self // other, self % other)


def _rdivmod(self: Any, other: Any) -> Any:
    return (other // self, other % self)


def _define() -> None:
    for cls, base in ((TracedInt, int), (TracedFloat, float)):
        for name, function in (_BINARY | (_BINARY_INT if base is int else {})).items():
            for reflected in (False, True):
                method = _binary(base, name, function, reflected=reflected)
                setattr(cls, method.__name__, method)
        for name, function in _UNARY.items():
            setattr(cls, f"__{name}__", _unary(base, name, function))
        for name, method in (("round", _round), ("divmod", _divmod), ("rdivmod", _rdivmod)):
            setattr(cls, f"__{name}__", method)
    for name, function in _ROUNDING.items():
        setattr(TracedFloat, f"__{name}__", _unary(float, name, function))
        # Of an int these are the int itself.
        setattr(TracedInt, f"__{name}__", lambda self: self)


_define()
