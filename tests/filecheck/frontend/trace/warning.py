# RUN: %python %s 2>&1 | filecheck %s
# The warning shows the user's line; the error of an unsupported operator does, too.

import torch

from tsir.errors import TsirError
from tsir.frontend.trace import trace_function


def decides(x):
    if x.sum() > 0:
        return x
    return -x


# CHECK: warning.py:11:8: converting a tensor to a Python bool might make the trace wrong for other inputs
# CHECK-NEXT:    11 |     if x.sum() > 0:
trace_function(decides, (torch.ones(1),))


def applies(x):
    return x.apply_(abs)


# CHECK: warning.py:22:12: error[TS101]: Tensor.apply_ can't be recorded
# CHECK-NEXT:    22 |     return x.apply_(abs)
# CHECK-NEXT:       |            ^^^^^^^^^^^^^
try:
    trace_function(applies, (torch.ones(1),))
except TsirError as error:
    print(error)
