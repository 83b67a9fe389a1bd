"""`torch.autocast` in compiled code: what casts nothing on the CPU is left out; what would isn't supported, and says so.

A manager for another device, or one that isn't enabled, leaves programs of tsir as they are. Whether one is enabled may be known only
when the program runs: it raises NotImplementedError then.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from tsir.frontend.script.constructs import end_of
from tsir.frontend.script.control import emit_branch
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.raising import raise_error
from tsir.frontend.script.truth import truth
from tsir.frontend.script.values import Condition, Const, Value

_DEVICES: dict[Any, str | None] = {
    torch.autocast: None, vars(torch.cpu.amp)["autocast"]: "cpu", vars(torch.cuda.amp)["autocast"]: "cuda"
}  # fmt: skip
"""The classes, with the device of those that have one."""
_HINT = "cast tensors where you want it (x.bfloat16()); with enabled=False, or of another device, autocast changes nothing"


def is_autocast(cls: Any) -> bool:
    """Whether a class is one of torch's autocast managers."""
    return isinstance(cls, type) and cls in _DEVICES


def enter_autocast(e: Emitter, cls: Any, args: Sequence[Value], kwargs: Mapping[str, Value], tree: ast.AST) -> None:
    """Enters `cls(*args, **kwargs)`, which changes nothing. Raises UnsupportedError for one that is enabled on the CPU."""
    names = [n for n in inspect.signature(cls.__init__).parameters if n != "self"]
    given = dict(zip(names, args, strict=False)) | dict(kwargs)
    device = given.get("device_type", Const(_DEVICES[cls]))
    enabled = truth(e, given.get("enabled", Const(True)))
    if (isinstance(device, Const) and device.value != "cpu") or enabled is False:
        return
    if enabled is True:
        e.unsupported("autocast on the CPU", node=tree, hint=_HINT)
    message = "autocast on the CPU isn't supported: compile with enabled=False"
    emit_branch(e, Condition(enabled), lambda: raise_error(e, "NotImplementedError", message), lambda: None, end_of(tree))


def check_autocast(e: Emitter, manager: torch.autocast, tree: ast.AST) -> None:
    """The same for a manager that was made outside."""
    if manager.device == "cpu" and vars(manager)["_enabled"]:
        e.unsupported("autocast on the CPU", node=tree, hint=_HINT)
