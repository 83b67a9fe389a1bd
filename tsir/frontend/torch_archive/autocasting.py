"""`with torch.autocast(...)` in an archive's code: what stands in it is marked with the dtype that it casts to.

The casts are made when the whole program is there (`make_variants` of `passes/autocast.py`), for calls are marked, too.
"""

from __future__ import annotations

import re

from xdsl.dialects import arith, func
from xdsl.dialects.builtin import IntegerAttr, StringAttr, UnitAttr
from xdsl.ir import Attribute, Operation, SSAValue

from tsir.dialects.ts.structure import CastOp, ConstantOp, NewOp
from tsir.frontend.torch_archive.body import Body
from tsir.ops.autocast import DTYPES
from tsir.passes.structure import callee_name

_MANGLED = r"(?:___torch_mangle_\d+\.)?"
_CLASS = re.compile(rf"__torch__\.{_MANGLED}torch\.(?:(cpu|cuda)\.)?amp\.(?:[a-z_]+\.)*{_MANGLED}autocast")
_PARAMETERS = {None: ("device_type", "dtype", "enabled"), "cpu": ("enabled", "dtype"), "cuda": ("enabled", "dtype")}
_CODES = {5: "float16", 15: "bfloat16"}
"""torch's numbers of the dtypes that an autocast may have."""


def is_autocast(class_name: str) -> bool:
    """Whether a class of the archive is one of torch's autocast managers."""
    return _CLASS.fullmatch(class_name) is not None


def mark_of(b: Body, class_name: str, manager: SSAValue) -> Attribute | None:
    """What the operators in it are marked with: a dtype to cast to, or that nothing is cast; None for another device."""
    found = _CLASS.fullmatch(class_name)
    assert found is not None
    device = found.group(1)
    made = next((u.operation for u in manager.uses if _initialises(u.operation)), None)
    if made is None or not isinstance(manager.owner, NewOp):
        b.unsupported("an autocast that isn't made in the function that enters it")
    given = dict(zip(_PARAMETERS[device], made.operands[1:], strict=False))
    named = _constant(given["device_type"]) if "device_type" in given else StringAttr(device or "cpu")
    if not isinstance(named, StringAttr) or named.data != "cpu":
        return None if isinstance(named, StringAttr) else b.unsupported("an autocast of a device that isn't constant")
    enabled = _constant(given["enabled"]) if "enabled" in given else IntegerAttr(1, 1)
    if not isinstance(enabled, IntegerAttr):
        b.unsupported("an autocast of which only the running program knows whether it is enabled")
    dtype = _constant(given["dtype"]) if "dtype" in given else None
    if not enabled.value.data:
        return UnitAttr()
    name = _CODES.get(dtype.value.data) if isinstance(dtype, IntegerAttr) else DTYPES[0].name
    return UnitAttr() if name is None else StringAttr(name)


def _initialises(op: Operation) -> bool:
    return isinstance(op, func.CallOp) and callee_name(op).rpartition(".")[2].startswith("__init__")


def _constant(value: SSAValue) -> Attribute | None:
    while isinstance(value.owner, CastOp):
        value = value.owner.operands[0]
    return value.owner.value if isinstance(value.owner, ConstantOp | arith.ConstantOp) else None
