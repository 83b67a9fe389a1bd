// RUN: ts-opt %s | ts-opt - | filecheck %s
// RUN: ts-opt %s --print-generic | ts-opt - | filecheck %s
// RUN: ts-opt %s --print-debuginfo | ts-opt - --print-debuginfo | filecheck %s --check-prefix=LOC

ts.class "module" @M {
  ts.attribute "parameter" "weight" : !ts.tensor
  ts.attribute "constant" "scale" : f64 {value = 2.0 : f64}
  ts.method "forward" = @M.forward {exported}
}

// CHECK-LABEL: func.func @M.forward
// CHECK-SAME: (%self: !ts.class<@M>, %x: !ts.tensor<2x?xf32>, %n: i64) -> !ts.tensor
func.func @M.forward(%self: !ts.class<@M>, %x: !ts.tensor<2x?xf32>, %n: i64) -> !ts.tensor {
  // CHECK: %[[W:.*]] = ts.getattr %self["weight"] : !ts.class<@M> -> !ts.tensor
  %w = ts.getattr %self["weight"] : !ts.class<@M> -> !ts.tensor
  %one = arith.constant 1 : i64
  // CHECK: ts.aten.add.Tensor(%x, %[[W]], %{{.*}}) : (!ts.tensor<2x?xf32>, !ts.tensor, i64) -> !ts.tensor
  // LOC: ts.aten.add.Tensor{{.*}} loc("model.py":3:5)
  %sum = ts.aten.add.Tensor(%x, %w, %one) : (!ts.tensor<2x?xf32>, !ts.tensor, i64) -> !ts.tensor loc("model.py":3:5)
  // CHECK: ts.constant #ts.dtype<"float32"> : !ts.dtype
  %dtype = ts.constant #ts.dtype<"float32"> : !ts.dtype
  // CHECK: ts.list %n, %{{.*}} : (i64, i64) -> !ts.list<i64>
  %list = ts.list %n, %one : (i64, i64) -> !ts.list<i64>
  // CHECK: ts.py.len(%{{.*}}) : (!ts.list<i64>) -> i64
  %length = ts.py.len(%list) : (!ts.list<i64>) -> i64
  // CHECK: ts.raise "ValueError"(%{{.*}}) : !ts.str
  %message = ts.constant "too long" : !ts.str
  ts.raise "ValueError"(%message) : !ts.str
  func.return %sum : !ts.tensor
}
