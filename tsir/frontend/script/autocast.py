"""`with torch.autocast(...)`: without effect where it is off or for another device than the CPU, on which everything is computed."""

from __future__ import annotations

import ast
from typing import Any

import torch

from tsir.frontend.script.calls import evaluate_arguments
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.values import Const

_OF_DEVICES: dict[Any, str] = {
    vars(module)["autocast"]: device for module, device in ((torch.cuda.amp, "cuda"), (torch.cpu.amp, "cpu"))
}

AUTOCASTS: tuple[Any, ...] = (torch.autocast, torch.amp.autocast_mode.autocast, *_OF_DEVICES)
"""The classes whose objects switch to lower precision."""


def enter_autocast(e: Emitter, manager: Any, node: ast.Call) -> None:
    """Evaluates the arguments. Raises UnsupportedError unless they say that the results are the same as without it."""
    args, kwargs = evaluate_arguments(e, node)
    names = ("enabled", "dtype") if manager in _OF_DEVICES else ("device_type", "dtype", "enabled")
    given = dict(zip(names, args, strict=False)) | dict(kwargs)
    enabled, device = given.get("enabled", Const(True)), given.get("device_type", Const(_OF_DEVICES.get(manager)))
    off = isinstance(enabled, Const) and not enabled.value
    if not off and not (isinstance(device, Const) and device.value != "cpu"):
        e.unsupported(
            "autocast on the CPU",
            node=node,
            hint="convert with .to(dtype) where the lower precision is wanted, or `enabled=False`",
        )
