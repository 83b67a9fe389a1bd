// RUN: ts-opt -p ts-freeze %s | filecheck %s
// RUN: ts-opt -p ts-freeze,ts-freeze %s | filecheck %s
// RUN: not ts-opt -p "ts-freeze{entry=plain}" %s 2>&1 | filecheck %s --check-prefix=ERROR

// ERROR: @plain can't be frozen: its first argument is no object

ts.class "module" @M {
  ts.attribute "constant" "p" : f64 {value = 0.5 : f64}
  ts.attribute "submodule" "fc" : !ts.class<@Linear>
  ts.attribute "attribute" "count" : i64 {value = 0 : i64}
}
ts.class "module" @Linear {
  ts.attribute "parameter" "weight" : !ts.tensor<2x3xf32>
  ts.attribute "buffer" "seen" : !ts.tensor<2xf32>
  ts.attribute "parameter" "bias" : !ts.optional<!ts.tensor> {value = #ts.none}
}

// CHECK-LABEL: func.func @forward
// CHECK-SAME:    (%self: !ts.class<@M>, %x: !ts.tensor, %w_fc_weight: !ts.tensor<2x3xf32> {ts.weight = "fc.weight"}, %w_fc_seen: !ts.tensor<2xf32> {ts.weight = "fc.seen", ts.mutable})
// CHECK-NEXT:    %p = arith.constant 5.000000e-01 : f64
// CHECK-NEXT:    %0 = ts.constant #ts.none : none
// CHECK-NEXT:    %b = ts.cast %0 : none -> !ts.optional<!ts.tensor>
// CHECK-NEXT:    %n = ts.getattr %self["count"]
// CHECK:         ts.aten.linear(%x, %w_fc_weight, %0)
func.func @forward(%self : !ts.class<@M>, %x : !ts.tensor) -> (!ts.tensor, f64, !ts.optional<!ts.tensor>) {
  %p = ts.getattr %self["p"] : !ts.class<@M> -> f64
  %fc = ts.getattr %self["fc"] : !ts.class<@M> -> !ts.class<@Linear>
  %w = ts.getattr %fc["weight"] : !ts.class<@Linear> -> !ts.tensor
  %s = ts.getattr %fc["seen"] : !ts.class<@Linear> -> !ts.tensor
  %b = ts.getattr %fc["bias"] : !ts.class<@Linear> -> !ts.optional<!ts.tensor>
  %n = ts.getattr %self["count"] : !ts.class<@M> -> i64
  %one = arith.constant 1 : i64
  %n1 = ts.py.add(%n, %one) : (i64, i64) -> i64
  ts.setattr %self["count"] = %n1 : !ts.class<@M>, i64
  %r = ts.aten.relu_(%s) : (!ts.tensor) -> !ts.tensor
  %y = ts.aten.linear(%x, %w, %b) : (!ts.tensor, !ts.tensor, !ts.optional<!ts.tensor>) -> !ts.tensor
  func.return %y, %p, %b : !ts.tensor, f64, !ts.optional<!ts.tensor>
}
func.func @plain(%x : !ts.tensor) -> !ts.tensor {
  func.return %x : !ts.tensor
}
