"""What programs ask torch about its state, and warnings: tsir computes without gradients.

`is_autocast_cpu_enabled` holds for programs that are called under autocast: `passes/autocast.py` makes it a constant then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tsir.ops.core.elementwise import broadcast_shapes
from tsir.ops.registry import aten, host
from tsir.ops.sizes import Size

for _name in ("is_grad_enabled", "is_autocast_enabled", "is_autocast_cpu_enabled"):
    aten(f"{_name}() -> bool")(lambda: False)

host("set_grad_enabled(bool val) -> ()", implementation="tsir.ops.host_settings:set_grad_enabled", infer=lambda val: None)
host(
    "warn(str message, int stacklevel=2) -> ()",
    implementation="tsir.ops.host_settings:warn",
    infer=lambda message, stacklevel: None,
    pure=False,
)


@aten("broadcast_shapes(int[] a, int[] b) -> int[]")
def broadcast_shapes_(a: Sequence[Any], b: Sequence[Any]) -> list[Size]:
    """The shape that both broadcast to."""
    return list(broadcast_shapes(tuple(a), tuple(b)))
