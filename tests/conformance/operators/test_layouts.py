"""The strides that `tsir.ops.layouts` tells are torch's: of views, of elementwise results, and of what each operator gives."""

from __future__ import annotations

import random
import warnings

import pytest
import torch

from tests.conformance.operators.test_operators import KEYS, OPERATORS, calls, cloned, torch_call
from tsir.ops import layouts

WAYS = {
    "columns": lambda t: t.permute(*reversed(range(t.dim()))).contiguous().permute(*reversed(range(t.dim()))),
    "last two": lambda t: t.transpose(-1, -2).contiguous().transpose(-1, -2),
    "channels last": lambda t: t.contiguous(memory_format=torch.channels_last) if t.dim() == 4 else t,
}


def layout(t):
    return tuple(t.shape), tuple(t.stride())


def shown(sizes, strides):
    """Strides but for those of sizes of 1, which don't matter; nothing of a tensor without elements."""
    return [] if 0 in sizes else [s for n, s in zip(sizes, strides, strict=True) if n != 1]


def tensors(value):
    """The tensors in a nested value."""
    if isinstance(value, torch.Tensor):
        return [value]
    return [t for v in value for t in tensors(v)] if isinstance(value, list | tuple) else []


def turned(value, way):
    """The same with tensors of two dimensions and more that lie in memory in another way."""
    if isinstance(value, torch.Tensor):
        return way(value) if value.dim() > 1 else value
    return [turned(v, way) for v in value] if isinstance(value, list | tuple) else value


def strided(sizes, rng):
    """A tensor of these sizes, in any order of dimensions, with gaps or repeated elements."""
    order = list(range(len(sizes)))
    rng.shuffle(order)
    t = torch.zeros([sizes[d] * rng.choice((1, 1, 2)) for d in order]).permute([order.index(d) for d in range(len(sizes))])
    for d, n in enumerate(sizes):
        if t.shape[d] != n:
            t = t[(slice(None),) * d + (slice(None, None, 2),)]
    return t.narrow(rng.randrange(len(sizes)), 0, 1).expand(sizes) if rng.random() < 0.2 else t


@pytest.mark.parametrize("seed", range(4))
def test_rules_are_torchs(seed):
    rng = random.Random(seed)
    for _ in range(150):
        sizes = [rng.choice((1, 2, 3, 4)) for _ in range(rng.randrange(1, 5))]
        given = [strided([n if rng.random() < 0.85 else 1 for n in sizes], rng) for _ in range(3)]
        result, x = torch.addcmul(*given), given[0]
        found = layouts.elementwise(tuple(result.shape), [layout(t) for t in given])
        assert shown(result.shape, found) == shown(*layout(result)), [layout(t) for t in given]
        for copy in (x.clone(), torch.zeros_like(x), x.to(torch.float64)):
            assert shown(x.shape, layouts.preserved(layout(x))) == shown(*layout(copy)), layout(x)
        assert layouts.is_contiguous(layout(x)) == x.is_contiguous()
        if x.dim() == 4:
            assert layouts.is_channels_last(layout(x)) == x.is_contiguous(memory_format=torch.channels_last)
        count = x.numel()
        for new in ((count,), (2, count // 2), (count // 3, 3), (1, *x.shape), (*x.shape, 1)):
            if torch.Size(new).numel() == count:
                try:
                    expected = x.view(new).stride()
                except RuntimeError:
                    expected = None
                assert layouts.viewed(layout(x), new) == expected, (layout(x), new)
        wider = [2] * rng.randrange(2) + [n if n != 1 else 3 for n in x.shape]
        assert layouts.expanded(layout(x), tuple(wider)) == x.expand(wider).stride()


def test_operators_lay_out_as_torch_does():
    wrong = {}
    for key in KEYS:
        op = OPERATORS[key]
        if op.kind not in ("function", "host") or any(a.type.alias for a in op.schema.arguments):
            continue
        for arguments in calls(op, torch.float32)[:3]:
            for name, way in WAYS.items():
                given = turned(cloned(arguments), way)
                operands = [layout(t) for t in tensors(given)]
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    results = torch_call(op, given)
                for i, t in enumerate([] if isinstance(results, Exception) else tensors(results)):
                    found = layouts.fresh(key, tuple(t.shape), operands)
                    if t.layout is torch.strided and found is not None and shown(t.shape, found) != shown(*layout(t)):
                        wrong[key, i] = name, operands, layout(t), found
    assert not wrong, wrong
