"""What operations cost, for the choice between equal programs: cost models by name, and those of a user's file.

ts-opt model.mlir --saturate --cost=my_costs.py:cost        # def cost(op) -> float, op an xDSL operation
"""

from __future__ import annotations

from math import prod
from typing import Any, cast

from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.ir import Attribute, Operation

from tsir.dialects.ts.families import AtenOp
from tsir.dialects.ts.types import TensorType
from tsir.errors import PassError, did_you_mean
from tsir.passes.rules.egraph import CostModel
from tsir.passes.rules.user_files import imported

ASSUMED_SIZE = 32
"""What a dimension that isn't known counts as."""

_PER_OPERATION = 16.0
"""Work that every operation has besides its elements."""

_CONTRACTIONS = frozenset("matmul mm bmm linear addmm baddbmm mv addmv dot".split())

_EXPENSIVE = frozenset(
    "exp log log2 log10 log1p expm1 sin cos tan sinh cosh tanh asin acos atan asinh acosh atanh atan2 erf erfc pow sqrt rsqrt".split()
    + "sigmoid gelu silu softmax log_softmax".split()
)


def _shape(kind: Attribute) -> tuple[int, ...] | None:
    if isinstance(kind, BuiltinTensorType):
        kind = TensorType.from_builtin(cast("BuiltinTensorType[Attribute]", kind))
    if not isinstance(kind, TensorType) or kind.dims is None:
        return None
    return tuple(ASSUMED_SIZE if d is None else d for d in kind.dims)


def work(op: Operation) -> float:
    """Multiplications and additions, and elements read and written: what a matrix product, a convolution or a loop over elements does.

    Views, constants and lists cost nothing, an element of an exponential or the like as much as eight others.
    """
    if not isinstance(op, AtenOp):
        return 0.0
    schema = op.SCHEMA
    if any(r.alias and not r.is_write for r in schema.returns):
        return 0.0
    results = [prod(s) for r in op.results if (s := _shape(r.type)) is not None]
    written = float(sum(results))
    shapes = [s for o in op.operands if (s := _shape(o.type)) is not None]
    if schema.name in _CONTRACTIONS and shapes:
        position = 1 if schema.name in ("addmm", "baddbmm", "addmv") and len(shapes) > 1 else 0
        inner = shapes[position][-1] if shapes[position] else 1
        return _PER_OPERATION + 2.0 * written * inner
    if schema.name.startswith("conv") and len(shapes) > 1:
        return _PER_OPERATION + 2.0 * written * prod(shapes[1][1:])
    if schema.name == "scaled_dot_product_attention" and len(shapes) > 2:
        scores = prod(shapes[0][:-1]) * shapes[1][-2]
        return _PER_OPERATION + 2.0 * scores * (shapes[0][-1] + shapes[2][-1]) + 8.0 * scores
    each = 8.0 if schema.name in _EXPENSIVE else 1.0
    return _PER_OPERATION + each * written + float(sum(map(prod, shapes)))


def operations(op: Operation) -> float:
    """One for each operation on tensors that isn't a view."""
    return 1.0 if work(op) else 0.0


COSTS: dict[str, CostModel] = {"work": work, "operations": operations}
"""The cost models by name."""


def cost_model(name: str) -> CostModel:
    """The cost model of a name, or `FILE.py:FUNCTION`. Raises PassError when there is none."""
    if name in COSTS:
        return COSTS[name]
    file, colon, function = name.rpartition(":")
    if not colon or not file.endswith(".py"):
        hint = did_you_mean(name, COSTS) or f"expected {', '.join(COSTS)} or FILE.py:FUNCTION"
        raise PassError(f"there is no cost model {name!r}", hint=hint)
    found: Any = getattr(imported(file), function, None)
    if not callable(found):
        raise PassError(f"{file} has no function {function!r}")
    return cast("CostModel", found)
