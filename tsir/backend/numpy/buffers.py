"""Buffers that a function's calls use again and again: which there are, and which are free at a point of the program.

A buffer is memory; what the source names are its views of a dtype and shape, made once with the buffers. A buffer's size is
that of its largest view, known when the whole function is generated. `exclusive` buffers hold something from call to
call (a border of zeros) and are never shared.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from tsir.dialects.dtypes import DType

ALIGNMENT = 64


@dataclass(eq=False)
class Buffer:
    """One piece of memory. `views` maps a view's dtype and shape to its name."""

    name: str
    size: int = 0
    views: dict[tuple[DType, tuple[int, ...]], str] = field(default_factory=dict[tuple[DType, tuple[int, ...]], str])


@dataclass
class BufferPlan:
    """The buffers of one function. `fresh` gives an unused name."""

    fresh: Callable[[str], str]
    buffers: list[Buffer] = field(default_factory=list[Buffer])
    free: list[Buffer] = field(default_factory=list[Buffer])
    views: dict[str, str] = field(default_factory=dict[str, str])
    """Each view's name and the expression that makes it, in order."""

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
        self.free.append(buffer)

    def exclusive(self, expression: str, hint: str) -> str:
        """The name of an object that `expression` makes once for each set of buffers."""
        name = self.fresh(hint)
        self.views[name] = expression
        return name

    def lines(self) -> list[str]:
        """The statements that make the buffers and views."""
        sizes = [f"{b.name} = kernels.memory({-(-b.size // ALIGNMENT) * ALIGNMENT})" for b in self.buffers]
        return sizes + [f"{name} = {expression}" for name, expression in self.views.items()]
