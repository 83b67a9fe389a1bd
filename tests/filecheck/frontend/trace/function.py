# RUN: %python %s | filecheck %s
# A traced function: in-place writes, indexing, a constant from outside, and one made anew in each run.

import torch

from tsir.dialects.context import print_module
from tsir.frontend.trace import trace_function

SCALE = torch.tensor([1.0, 2.0])


def program(x, pair):
    first, n = pair
    y = x * SCALE
    y[0] = first
    y += torch.tensor([3.0, 4.0])
    return y, y[:, :n]


print(print_module(trace_function(program, (torch.ones(3, 2), (torch.zeros(2), 1))).module))

# CHECK:      ts.class "module" @program {
# CHECK-NEXT:   ts.attribute "constant" "constant0" : !ts.tensor
# CHECK-NEXT:   ts.attribute "constant" "constant1" : !ts.tensor

# CHECK:      func.func @program.forward(%self: !ts.class<@program>, %x: !ts.tensor, %pair: !ts.tuple<!ts.tensor, i64>)
# CHECK-NEXT:   %[[FIRST:.*]] = ts.tuple_get %pair[0]
# CHECK-NEXT:   %[[N:.*]] = ts.tuple_get %pair[1]
# CHECK-NEXT:   %constant0 = ts.getattr %self["constant0"]
# CHECK-NEXT:   %[[Y:.*]] = ts.aten.mul.Tensor(%x, %constant0)
# CHECK:        %[[ROW:.*]] = ts.aten.select.int(%[[Y]], %{{.*}}, %{{.*}})
# CHECK:        ts.aten.copy_(%[[ROW]], %[[FIRST]], %{{.*}})
# CHECK:        %constant1 = ts.getattr %self["constant1"]
# CHECK:        %[[NEW:.*]] = ts.aten.clone(%constant1, %{{.*}})
# CHECK:        ts.aten.add_.Tensor(%[[Y]], %[[NEW]], %{{.*}})
# CHECK:        %[[PART:.*]] = ts.aten.slice.Tensor(%[[Y]], %{{.*}}, %{{.*}}, %[[N]], %{{.*}})
# CHECK:        ts.tuple %[[Y]], %[[PART]]
