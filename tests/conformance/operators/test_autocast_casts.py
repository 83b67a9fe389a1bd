"""The table of what operators cast to under autocast against what torch's dispatcher and kernels do."""

import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent))

from test_operators import OPERATORS, OWN, calls, torch_call  # noqa: E402

from tsir.ops.autocast import CASTS, THROUGH_OTHERS, Cast  # noqa: E402

LOWER = torch.bfloat16
KERNELS = {n.removeprefix("aten::") for n in torch._C._dispatch_get_registrations_for_dispatch_key("AutocastCPU")}
FALLBACK = {"_convolution.deprecated", "_grid_sampler_2d_cpu_fallback"}
"""Kernels that no program calls by name."""


def mapped(value, function):
    if isinstance(value, torch.Tensor):
        return function(value)
    return [mapped(v, function) for v in value] if isinstance(value, list) else value


def cast_to(dtype):
    return lambda t: t.to(dtype) if t.is_floating_point() and t.dtype != torch.float64 else t.clone()


def tensors(value):
    if isinstance(value, torch.Tensor):
        return [value]
    return [t for v in value for t in tensors(v)] if isinstance(value, list | tuple) else []


def same(found, expected):
    if isinstance(found, Exception) or isinstance(expected, Exception):
        return isinstance(found, Exception) and isinstance(expected, Exception)
    pairs = list(zip(tensors(found), tensors(expected), strict=True))
    return all(a.dtype == b.dtype and torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in pairs)


def test_operators_with_a_kernel_for_autocast_are_listed():
    names = {k.partition(".")[0] for k in KERNELS - FALLBACK}
    assert names <= {*CASTS, *THROUGH_OTHERS}


@pytest.mark.parametrize("cast", [Cast.LOWER, Cast.FULL])
def test_operators_give_what_they_give_of_cast_tensors(cast):
    dtype = LOWER if cast is Cast.LOWER else torch.float32
    names = {k for k, v in CASTS.items() if v is cast}
    wrong = []
    for op in OPERATORS.values():
        if op.schema.name not in names or op.kind in ("inplace", "out") or op.key in OWN:
            continue
        for arguments in calls(op, torch.float32)[:4]:
            for given in (arguments, mapped(arguments, cast_to(LOWER))):
                with torch.autocast("cpu", dtype=LOWER):
                    found = torch_call(op, mapped(given, torch.clone))
                if not same(found, torch_call(op, mapped(given, cast_to(dtype)))):
                    wrong.append((op.key, [t.dtype for t in tensors(given)]))
    assert {k for k, _ in wrong} <= {"_transformer_encoder_layer_fwd", "linalg_lstsq"}, wrong
