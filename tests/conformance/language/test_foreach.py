"""torch's operators over lists of tensors, as optimisers use them."""

# ruff: noqa  (how users write is the point here)
from typing import *

import torch
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from torch import Tensor

programs = Programs()
L = [torch.tensor([0.5, 1.5]), torch.tensor([[1.0, 2.0], [3.0, 0.25]])]
R = [torch.tensor([2.0, 0.75]), torch.tensor([[1.5, 1.0], [0.5, 4.0]])]


@feature("Functions and closures", "`torch._foreach_*`")
@programs(L, R)
def every(l: List[Tensor], r: List[Tensor]):
    out = [torch._foreach_add(l, r, alpha=2.0), torch._foreach_add(l, 3), torch._foreach_add(l, [1.0, 2.0])]
    out += [torch._foreach_sub(l, r), torch._foreach_mul(l, r), torch._foreach_div(l, 2.0), torch._foreach_pow(l, [2, 3])]
    out += [torch._foreach_sqrt(r), torch._foreach_maximum(l, 0.5), torch._foreach_clamp_max(l, r)]
    out += [torch._foreach_addcmul(l, r, r, 0.5), torch._foreach_addcdiv(l, r, r, [0.5, 2.0])]
    out += [
        torch._foreach_lerp(l, r, 0.3),
        torch._foreach_lerp(l, r, r),
        torch._foreach_norm(r, ord=1),
        torch._foreach_max(r),
    ]
    torch._foreach_mul_(l, 0.9)
    torch._foreach_add_(l, r, alpha=-0.1)
    torch._foreach_addcmul_(l, r, r, value=0.5)
    torch._foreach_neg_(r)
    torch._foreach_lerp_(r, l, 0.25)
    torch._foreach_copy_(l, r)
    torch._foreach_zero_(r)
    return out, l, r, torch.linalg.vector_norm(torch.stack(torch._foreach_norm(l)))


@programs(L, R)
def too_few(l: List[Tensor], r: List[Tensor]):
    return torch._foreach_add(l, r[:1])


@programs(L, R, [None, None], 0.1, True)
def step_of_sgd(params: List[Tensor], grads: List[Tensor], buffers: List[Optional[Tensor]], lr: float, nesterov: bool):
    for i, (p, g) in enumerate(zip(params, grads)):
        buffer = buffers[i]
        if buffer is None:
            buffer = torch.clone(g).detach()
            buffers[i] = buffer
        else:
            buffer.mul_(0.9).add_(g, alpha=1 - 0.1)
        g = g.add(buffer, alpha=0.9) if nesterov else buffer
        p.add_(g, alpha=-lr)
    return buffers


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)
