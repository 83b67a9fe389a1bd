// RUN: ts-opt %s | ts-opt - | filecheck %s
// RUN: ts-opt %s --print-generic | ts-opt - | filecheck %s
// RUN: ts-opt %s --print-debuginfo | ts-opt - | filecheck %s
// Every structural operation of the ts dialect, and control flow around them.

// CHECK: ts.class "interface" @Base {
ts.class "interface" @Base {
}
// CHECK: ts.class "module" @M attributes {bases = [@Base]} {
// CHECK-NEXT: ts.attribute "parameter" "weight" : !ts.tensor
// CHECK-NEXT: ts.attribute "constant" "mode" : !ts.str {value = "mean"}
// CHECK-NEXT: ts.method "forward" = @M.forward {exported}
ts.class "module" @M attributes {bases = [@Base]} {
  ts.attribute "parameter" "weight" : !ts.tensor
  ts.attribute "constant" "mode" : !ts.str {value = "mean"}
  ts.method "forward" = @M.forward {exported}
}

func.func @M.forward(%self: !ts.class<@M>, %x: !ts.tensor<2x?xf32>) -> !ts.tensor {
  %one = arith.constant 1 : i64
  %yes = arith.constant true
  // CHECK: ts.constant #ts.none : none
  %none = ts.constant #ts.none : none
  // CHECK: ts.constant #ts.complex<1.000000e+00 : f64, -2.000000e+00 : f64> : complex<f64>
  %complex = ts.constant #ts.complex<1.0 : f64, -2.0 : f64> : complex<f64>
  // CHECK: ts.constant #ts.device<"cpu"> : !ts.device
  %device = ts.constant #ts.device<"cpu"> : !ts.device
  // CHECK: ts.constant #ts.enum<@Color, "RED"> : !ts.class<@Color>
  %member = ts.constant #ts.enum<@Color, "RED"> : !ts.class<@Color>
  // CHECK: ts.list : () -> !ts.list<i64>
  %empty = ts.list : () -> !ts.list<i64>
  // CHECK: ts.list %one, %one : (i64, i64) -> !ts.list<i64>
  %list = ts.list %one, %one : (i64, i64) -> !ts.list<i64>
  // CHECK: ts.tuple : () -> !ts.tuple<>
  %unit = ts.tuple : () -> !ts.tuple<>
  // CHECK: ts.tuple %one, %x : (i64, !ts.tensor<2x?xf32>) -> !ts.named_tuple<"P", "n" : i64, "t" : !ts.tensor>
  %point = ts.tuple %one, %x : (i64, !ts.tensor<2x?xf32>) -> !ts.named_tuple<"P", "n" : i64, "t" : !ts.tensor>
  // CHECK: ts.tuple_get %point[1] : !ts.named_tuple<"P", "n" : i64, "t" : !ts.tensor> -> !ts.tensor
  %t = ts.tuple_get %point[1] : !ts.named_tuple<"P", "n" : i64, "t" : !ts.tensor> -> !ts.tensor
  // CHECK: ts.unpack %list : (!ts.list<i64>) -> (i64, i64)
  %u, %v = ts.unpack %list : (!ts.list<i64>) -> (i64, i64)
  // CHECK: ts.dict %one, %x : (i64, !ts.tensor<2x?xf32>) -> !ts.dict<i64, !ts.tensor>
  %dict = ts.dict %one, %x : (i64, !ts.tensor<2x?xf32>) -> !ts.dict<i64, !ts.tensor>
  // CHECK: ts.getattr %self["weight"] : !ts.class<@M> -> !ts.tensor
  %weight = ts.getattr %self["weight"] : !ts.class<@M> -> !ts.tensor
  // CHECK: ts.setattr %self["weight"] = %weight : !ts.class<@M>, !ts.tensor
  ts.setattr %self["weight"] = %weight : !ts.class<@M>, !ts.tensor
  // CHECK: ts.new : !ts.class<@M>
  %new = ts.new : !ts.class<@M>
  // CHECK: ts.call_method %new["forward"](%x) : !ts.class<@M>, (!ts.tensor<2x?xf32>) -> !ts.tensor
  %called = ts.call_method %new["forward"](%x) : !ts.class<@M>, (!ts.tensor<2x?xf32>) -> !ts.tensor
  // CHECK: ts.cast %one : i64 -> !ts.optional<i64>
  %optional = ts.cast %one : i64 -> !ts.optional<i64>
  // CHECK: ts.isinstance %optional, [i64, none] : !ts.optional<i64>
  %is = ts.isinstance %optional, [i64, none] : !ts.optional<i64>
  // CHECK: ts.truth %called : !ts.tensor
  %true = ts.truth %called : !ts.tensor
  // CHECK: ts.to_value %x : !ts.tensor<2x?xf32> -> tensor<2x?xf32>
  %value = ts.to_value %x : !ts.tensor<2x?xf32> -> tensor<2x?xf32>
  // CHECK: ts.to_reference %value : tensor<2x?xf32> -> !ts.tensor<2x?xf32>
  %reference = ts.to_reference %value : tensor<2x?xf32> -> !ts.tensor<2x?xf32>
  // CHECK: scf.while
  %n = scf.while (%i = %one) : (i64) -> i64 {
    // CHECK: scf.condition
    scf.condition(%true) %i : i64
  } do {
  ^bb0(%j: i64):
    // CHECK: ts.py.add(%{{.*}}, %one) : (i64, i64) -> i64
    %k = ts.py.add(%j, %one) : (i64, i64) -> i64
    scf.yield %k : i64
  }
  %result = scf.if %is -> (!ts.tensor) {
    // CHECK: ts.aten.add.Tensor(%x, %weight, %n) : (!ts.tensor<2x?xf32>, !ts.tensor, i64) -> !ts.tensor
    %sum = ts.aten.add.Tensor(%x, %weight, %n) : (!ts.tensor<2x?xf32>, !ts.tensor, i64) -> !ts.tensor loc(callsite("nn.py":3:9 at "m.py":12:5))
    scf.yield %sum : !ts.tensor
  } else {
    %message = ts.constant "a \"quoted\" text" : !ts.str
    // CHECK: ts.raise "ValueError"(%{{.*}}) : !ts.str
    ts.raise "ValueError"(%message) : !ts.str
    // CHECK: ts.raise "RuntimeError"()
    ts.raise "RuntimeError"()
    // CHECK: ts.uninitialized : !ts.tensor
    %never = ts.uninitialized : !ts.tensor
    scf.yield %never : !ts.tensor
  }
  func.return %result : !ts.tensor
}
