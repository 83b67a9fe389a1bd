"""Which sizes an entry point is compiled for: what a user fixed with `dynamic_shapes=`, as data that an archive holds.

Only the data and its text for archives are here. How a user writes it is read in `runtime/shape_policies.py`, which applies it, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Mode = Literal["dynamic", "static", "named"]
"""All sizes vary, none does, or those do that `ShapePolicy.tensors` names."""


@dataclass(frozen=True)
class DynamicDim:
    """A dimension that varies, counted from 0 or, when negative, from the end. Its size is `factor * size + offset`.

    `name` is what dimensions of equal size share, "" for none, and `size` its size, between `minimum` and `maximum` (None: any).
    With `automatic` it is compiled as it comes, and varies from the first call on that has another size.
    """

    axis: int
    name: str = ""
    minimum: int = 0
    maximum: int | None = None
    factor: int = 1
    offset: int = 0
    automatic: bool = False


@dataclass(frozen=True)
class ShapePolicy:
    """What varies. `tensors` is by the names of parameters; items of a tuple `x` are called `x_0`, `x_1`..."""

    mode: Mode
    tensors: tuple[tuple[str, tuple[DynamicDim, ...] | None], ...] = ()
    """For each named tensor its dimensions that vary, None for all of them."""

    def to_json(self) -> dict[str, Any]:
        """The policy as an archive's manifest holds it."""
        return {
            "mode": self.mode,
            "tensors": {
                name: None
                if dims is None
                else [[d.axis, d.name, d.minimum, d.maximum, d.factor, d.offset, d.automatic] for d in dims]
                for name, dims in self.tensors
            },
        }

    @classmethod
    def from_json(cls, given: Any) -> ShapePolicy:
        """The policy of a manifest. Raises ValueError, TypeError or KeyError for what `to_json` doesn't give."""
        if given["mode"] not in ("dynamic", "static", "named"):
            raise ValueError(f"unknown mode of shapes {given['mode']!r}")
        return cls(
            given["mode"], tuple((str(n), None if d is None else tuple(map(_dim, d))) for n, d in given["tensors"].items())
        )


def _dim(given: Any) -> DynamicDim:
    axis, name, minimum, maximum, factor, offset, automatic = given
    most = None if maximum is None else int(maximum)
    return DynamicDim(int(axis), str(name), int(minimum), most, int(factor), int(offset), bool(automatic))
