# RUN: ts-opt %s | filecheck %s

# An entry point with `*args` is compiled for a call without any; other calls get variants when they come.

import torch
from torch import nn


def total(*values: torch.Tensor, scale: float = 2.0):
    result = torch.zeros(2)
    for v in values:
        result = result + v
    return result * scale


# CHECK: func.func @total(%scale: f64) -> !ts.tensor {
# CHECK-NOT: ts.aten.add
# CHECK: ts.aten.mul


def loss(x: torch.Tensor, y: torch.Tensor):
    return nn.MSELoss(reduction="sum")(x, y)


# CHECK: func.func @loss
# CHECK: ts.new {ts.made = ["torch.nn:MSELoss", ["reduction=", "'sum'"]]} : !ts.class<@MSELoss>
# CHECK: ts.aten.mse_loss
