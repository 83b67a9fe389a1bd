// RUN: ts-opt -p ts-functionalize,lower-ts-to-linalg %s | filecheck %s

// An operator takes a list of tensors that are unpacked from what another one gives: both are lowered.
// CHECK-LABEL: func.func public @f
// CHECK-NOT:     ts.aten
// CHECK:         func.return
func.func public @f(%x : !ts.tensor<2x4xf32>) -> !ts.tensor<2x4xf32> {
  %two = arith.constant 2 : i64
  %one = arith.constant 1 : i64
  %0 = ts.aten.split.Tensor(%x, %two, %one) : (!ts.tensor<2x4xf32>, i64, i64) -> !ts.list<!ts.tensor>
  %1, %2 = ts.unpack %0 : (!ts.list<!ts.tensor>) -> (!ts.tensor<2x2xf32>, !ts.tensor<2x2xf32>)
  %3 = ts.list %2, %1 : (!ts.tensor<2x2xf32>, !ts.tensor<2x2xf32>) -> !ts.list<!ts.tensor>
  %4 = ts.aten.cat(%3, %one) : (!ts.list<!ts.tensor>, i64) -> !ts.tensor<2x4xf32>
  func.return %4 : !ts.tensor<2x4xf32>
}
