// RUN: ts-opt %s -p ts-infer-types | filecheck %s
// RUN: not ts-opt %s -p check-assumptions 2>&1 | filecheck %s --check-prefix=LATER

// What a function relies on in the sizes of its arguments is known to inference.

// LATER: @known takes references: lower it first
// CHECK-LABEL: func.func @known
// CHECK: ts.aten.add.Tensor(%x, %y, %{{.*}}) : (!ts.tensor<?xf32>, !ts.tensor<?xf32>, i64) -> !ts.tensor<?xf32>
func.func @known(%x : !ts.tensor<?xf32> {ts.sizes = ["x_0"]}, %y : !ts.tensor<?xf32> {ts.sizes = ["y_0"]}) -> !ts.tensor
    attributes {ts.assume = ["x_0 == y_0"]} {
  %one = arith.constant 1 : i64
  %0 = ts.aten.add.Tensor(%x, %y, %one) : (!ts.tensor<?xf32>, !ts.tensor<?xf32>, i64) -> !ts.tensor
  func.return %0 : !ts.tensor
}
