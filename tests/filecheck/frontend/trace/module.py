# RUN: %python %s | filecheck %s
# A traced module: classes, one function for each kind of submodule, sizes as values.

import torch
from torch import nn

from tsir.dialects.context import print_module
from tsir.frontend.trace import trace_module


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x):
        return torch.relu(self.linear(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(Layer(), Layer())

    def forward(self, x):
        return self.layers(x).view(x.size(0) * 2, -1)


print(print_module(trace_module(Net(), {"forward": ((torch.ones(3, 4),), {})}).module))

# CHECK:      ts.class "module" @Net {
# CHECK-NEXT:   ts.attribute "attribute" "training" : i1 {value = true}
# CHECK-NEXT:   ts.attribute "submodule" "layers" : !ts.class<@Sequential>
# CHECK-NEXT:   ts.method "forward" = @Net.forward {exported}
# CHECK:      ts.class "module" @Linear {
# CHECK-NEXT:   ts.attribute "parameter" "weight" : !ts.tensor
# CHECK-NOT:  ts.class "module" @Layer_1

# CHECK:      func.func @Net.forward(%self: !ts.class<@Net>, %x: !ts.tensor) -> !ts.tensor {
# CHECK-NEXT:   %layers = ts.getattr %self["layers"] : !ts.class<@Net> -> !ts.class<@Sequential>
# CHECK-NEXT:   %[[Y:.*]] = func.call @Sequential.forward(%layers, %x)
# CHECK:        %[[N:.*]] = ts.aten.size.int(%x, %{{.*}}) : (!ts.tensor, i64) -> i64
# CHECK:        %[[M:.*]] = ts.py.mul(%[[N]], %{{.*}}) : (i64, i64) -> i64
# CHECK:        %[[S:.*]] = ts.list %[[M]], %{{.*}} : (i64, i64) -> !ts.list<i64>
# CHECK-NEXT:   %[[V:.*]] = ts.aten.view(%[[Y]], %[[S]])
# CHECK-NEXT:   func.return %[[V]] : !ts.tensor

# CHECK:      func.func private @Sequential.forward
# CHECK-NEXT:   %child0 = ts.getattr %self["0"] : !ts.class<@Sequential> -> !ts.class<@Layer>
# CHECK-NEXT:   %[[A:.*]] = func.call @Layer.forward(%child0, %input)
# CHECK-NEXT:   %child1 = ts.getattr %self["1"]
# CHECK-NEXT:   %[[B:.*]] = func.call @Layer.forward(%child1, %[[A]])
# CHECK-NEXT:   func.return %[[B]]

# CHECK:      func.func private @Layer.forward
# CHECK-NEXT:   %linear = ts.getattr %self["linear"]
# CHECK-NEXT:   %[[C:.*]] = func.call @Linear.forward(%linear, %x)
# CHECK-NEXT:   ts.aten.relu(%[[C]])
