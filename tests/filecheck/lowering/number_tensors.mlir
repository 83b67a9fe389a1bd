// RUN: ts-opt %s -p ts-infer-types,ts-functionalize,lower-ts-to-linalg,ts-flatten | filecheck %s

// A tensor of numbers that are known one by one is made of them, in its dtype.

// CHECK-LABEL: func.func @f(%n: i64) -> tensor<2x2xf32>
// CHECK: arith.sitofp %n : i64 to f32
// CHECK: tensor.from_elements {{.*}} : tensor<2x2xf32>
func.func @f(%n : i64) -> !ts.tensor {
  %two = arith.constant 2 : i64
  %a = ts.list %n, %two : (i64, i64) -> !ts.list<i64>
  %b = ts.list %two, %n : (i64, i64) -> !ts.list<i64>
  %l = ts.list %a, %b : (!ts.list<i64>, !ts.list<i64>) -> !ts.list<!ts.list<i64>>
  %dtype = ts.constant #ts.dtype<"float32"> : !ts.dtype
  %none = ts.constant #ts.none : none
  %false = arith.constant false
  %0 = ts.aten.tensor(%l, %dtype, %none, %false) : (!ts.list<!ts.list<i64>>, !ts.dtype, none, i1) -> !ts.tensor
  func.return %0 : !ts.tensor
}
