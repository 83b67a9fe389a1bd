"""Every operator's lowered text in upstream dialects: mlir-opt verifies it, and MLIR's JIT runs it as torch does."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parents[1] / "conformance" / "operators"))

from test_operators import EFFECTS, OPERATORS, RANDOM, UNCHECKED_VALUES, calls, torch_call  # noqa: E402
from xdsl.dialects import func  # noqa: E402
from xdsl.dialects.builtin import FunctionType, ModuleOp  # noqa: E402
from xdsl.ir import Block, Region  # noqa: E402

from tests.mlir.toolchain import available, run_mlir  # noqa: E402
from tests.unit.ops.running import dtype_of  # noqa: E402
from tsir.dialects.values import Device, MemoryFormat  # noqa: E402
from tsir.errors import PassError, TsirError  # noqa: E402
from tsir.lowering.pipelines import Specialized  # noqa: E402
from tsir.lowering.upstream.emission import upstream_text  # noqa: E402
from tsir.ops.builder import Builder, tensor_type  # noqa: E402
from tsir.ops.evaluate import emit  # noqa: E402
from tsir.ops.sizes import CannotLower, ShapeEnv  # noqa: E402
from tsir.ops.tensor import SymTensor  # noqa: E402

pytestmark = [
    pytest.mark.mlir,
    pytest.mark.skipif(not available(), reason="MLIR's tools aren't installed: make test-mlir installs them"),
]

DTYPES = (torch.float32, torch.int64, torch.bool, torch.uint8)
MOST = int(os.environ.get("TSIR_MLIR_CALLS", "2"))
"""How many calls of an operator and dtype are run."""
HOST = {
    "_fft_c2c", "_fft_c2r", "_fft_r2c",
}  # fmt: skip
"""Operators with an operation that has no lowering."""
KNOWN: dict[str, str] = {}
"""What MLIR's lowering is known to give otherwise, and why."""


def emitted(op, arguments, name, dynamic):
    """The text of a function that applies an operator to its tensor arguments; the others are constants."""
    env, block = ShapeEnv(allow_guards=dynamic is False), Block()
    builder = Builder(env, block=block)
    arrays = []

    def symbolic(value):
        match value:
            case torch.Tensor():
                dtype = dtype_of(value)
                sizes = [env.atom("unused") if dynamic and d > 1 else d for d in value.shape]
                made = block.insert_arg(tensor_type(dtype, sizes), len(block.args))
                arrays.append(value.detach().numpy())
                return builder.tensor(made, dtype, hints=list(value.shape))
            case list() | tuple():
                return [symbolic(v) for v in value]
            case torch.dtype():
                from tsir.dialects import dtypes

                return dtypes.dtype(str(value))
            case torch.device():
                return Device(value.type)
            case torch.memory_format():
                return MemoryFormat(str(value).removeprefix("torch."))
        return value

    results = emit(op, [symbolic(a) for a in arguments], builder)
    values = [r.ssa for r in results if isinstance(r, SymTensor)]
    if len(values) != len(results) or not values:
        return None
    block.add_op(func.ReturnOp(*values))
    kinds = FunctionType.from_lists([a.type for a in block.args], [v.type for v in values])
    module = ModuleOp([func.FuncOp(name, kinds, Region(block))])
    return upstream_text(Specialized(module, name, []), None), arrays


def programs(keys, dynamic):
    """`(key, dtype, text, arrays, expected)` of every call; refusals as text None."""
    for key in keys:
        op = OPERATORS[key]
        for dtype in DTYPES:
            count = 0
            for arguments in calls(op, dtype):
                expected = torch_call(op, arguments)
                if isinstance(expected, Exception) or count >= MOST:
                    continue
                expected = expected if isinstance(expected, tuple | list) else (expected,)
                if not all(isinstance(e, torch.Tensor) for e in expected):
                    continue
                name = f"f{abs(hash((key, str(dtype), count, dynamic)))}"
                try:
                    made = emitted(op, arguments, name, dynamic)
                except PassError as error:
                    yield key, dtype, None, error, expected
                    break
                except (CannotLower, TsirError):
                    continue
                if made is None:
                    continue
                count += 1
                yield key, dtype, *made, [e.resolve_conj().detach().numpy() for e in expected]


def difference(key, found, expected):
    """What is wrong with results, or None."""
    if isinstance(found, Exception):
        return str(found)[:300]
    if len(found) != len(expected):
        return f"{len(found)} results for {len(expected)}"
    for f, e in zip(found, expected):
        f = f.view(np.uint8) if e.dtype == np.uint8 else f
        if f.shape != e.shape:
            return f"shape {f.shape} for {e.shape}"
        if key in UNCHECKED_VALUES:
            continue
        tolerance = 1e-4 if e.dtype in (np.float32, np.complex64) else 1e-9
        if not np.allclose(f, e, rtol=tolerance, atol=tolerance, equal_nan=True):
            return f"{f.ravel()[:4]} for {e.ravel()[:4]}"
    return None


KEYS = sorted(k for k, op in OPERATORS.items() if op.kind not in ("host", "inplace", "out") and k not in RANDOM | EFFECTS)
PARTS = 8


@pytest.mark.parametrize("dynamic", [False, True], ids=["static", "dynamic"])
@pytest.mark.parametrize("part", range(PARTS))
def test_operators(part, dynamic):
    made = list(programs(KEYS[part::PARTS], dynamic))
    refused = {p[0]: p[3] for p in made if p[2] is None}
    runnable = [p for p in made if p[2] is not None]
    outcomes = run_mlir([(p[2], p[3]) for p in runnable], together=40)
    wrong = {}
    for (key, dtype, _, _, expected), found in zip(runnable, outcomes):
        problem = difference(key, found, expected)
        if problem is not None and key not in KNOWN:
            wrong[key, str(dtype)] = problem
    if report := os.environ.get("TSIR_MLIR_REPORT"):
        with open(report, "a", encoding="utf-8") as file:
            file.write(f"{part} dynamic={dynamic}: {len(runnable)} texts of {len({p[0] for p in runnable})} operators, ")
            file.write(f"{len(wrong)} wrong, refused: {', '.join(sorted(refused)) or 'none'}\n")
    assert not wrong, "\n".join(f"{k}: {v}" for k, v in wrong.items())
