"""Buffers that a function's calls use again and again: which there are, and which are free at a point of the program.

A buffer is memory; what the source names are its views of a dtype and shape, made once with the buffers. A buffer's size is
that of its largest view, known when the whole function is generated. `kept` buffers hold something from call to call (a
border of zeros); only who needs an equal one may use them again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from tsir.dialects.dtypes import DType

ALIGNMENT = 64


@dataclass(eq=False)
class Buffer:
    """One piece of memory. `views` maps a view's dtype and shape to its name; `kept` is the expression of a kept buffer."""

    name: str
    size: int = 0
    kept: str = ""
    views: dict[tuple[DType, tuple[int, ...]], str] = field(default_factory=dict[tuple[DType, tuple[int, ...]], str])


@dataclass
class BufferPlan:
    """The buffers of one function. `fresh` gives an unused name."""

    fresh: Callable[[str], str]
    buffers: list[Buffer] = field(default_factory=list[Buffer])
    free: list[Buffer] = field(default_factory=list[Buffer])
    views: dict[str, str] = field(default_factory=dict[str, str])
    """Each view's name and the expression that makes it, in order."""
    free_kept: dict[str, list[Buffer]] = field(default_factory=dict[str, list[Buffer]])
    aliases: dict[str, str] = field(default_factory=dict[str, str])
    """Other names of views: of ufuncs' results that are written to them."""
    _derived: dict[str, str] = field(default_factory=dict[str, str])

    def acquire(self, dtype: DType, shape: tuple[int, ...]) -> tuple[Buffer, str]:
        """A buffer for an array, and the name of its view."""
        size = dtype.itemsize * math.prod(shape)
        fitting = [b for b in self.free if b.size >= size]
        if fitting:
            buffer = min(fitting, key=lambda b: (b.size, (dtype, shape) not in b.views))
            self.free.remove(buffer)
        elif self.free:
            buffer = max(self.free, key=lambda b: b.size)
            self.free.remove(buffer)
        else:
            buffer = Buffer(self.fresh("buffer"))
            self.buffers.append(buffer)
        return buffer, self.view(buffer, dtype, shape)

    def view(self, buffer: Buffer, dtype: DType, shape: tuple[int, ...]) -> str:
        """The name of the buffer's view of that dtype and shape."""
        key = (dtype, shape)
        if key not in buffer.views:
            buffer.size = max(buffer.size, dtype.itemsize * math.prod(shape))
            name = self.fresh("b")
            buffer.views[key] = name
            self.views[name] = f"kernels.view({buffer.name}, '{dtype.numpy}', {shape!r})"
        return buffer.views[key]

    def release(self, buffer: Buffer) -> None:
        """Nothing reads the buffer any more."""
        if buffer.kept:
            self.free_kept.setdefault(buffer.kept, []).append(buffer)
        else:
            self.free.append(buffer)

    def keep(self, expression: str, use: str, hint: str) -> Buffer:
        """An array that `expression` makes once for each set of buffers; `use` tells which part of it is written."""
        key = f"{expression} {use}"
        free = self.free_kept.get(key)
        if free:
            return free.pop()
        name = self.fresh(hint)
        self.views[name] = expression
        return Buffer(name, kept=key)

    def derived(self, expression: str, hint: str) -> str:
        """The name of a view of a view, made once for each set of buffers."""
        if expression not in self._derived:
            self._derived[expression] = name = self.fresh(hint)
            self.views[name] = expression
        return self._derived[expression]

    def known_as(self, name: str) -> str | None:
        """The view (the same in every call) that a variable holds, or None when it holds something else."""
        while name in self.aliases:
            name = self.aliases[name]
        return name if name in self.views else None

    def lines(self) -> list[str]:
        """The statements that make the buffers and views."""
        sizes = [f"{b.name} = kernels.memory({-(-b.size // ALIGNMENT) * ALIGNMENT})" for b in self.buffers]
        return sizes + [f"{name} = {expression}" for name, expression in self.views.items()]
