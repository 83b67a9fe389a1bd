// RUN: ts-opt --arg-types='[tensor<2xf32>, tensor<3xf32>], {"a" = tensor<?xf32>}' --entry=f %s | filecheck %s
// RUN: ts-opt -p ts-inline -p 'ts-set-types{entry=f types="[tensor<2xf32>, tensor<3xf32>], !ts.dict<!ts.str, !ts.tensor>"}' %s | filecheck %s --check-prefix=PART
// RUN: ts-opt --arg-types='[tensor<2xf32>], {"a" = tensor<2xf32>}' --entry=keeps %s | filecheck %s --check-prefix=WHOLE
// RUN: ts-opt --arg-types='[tensor<2xf32>, tensor<3xf32>], {"a" = tensor<5xf32>}' --entry=f --pipeline=mlir %s | filecheck %s --check-prefix=MLIR
// RUN: not ts-opt --arg-types='[tensor<2xf32>, i64], {"a" = tensor<2xf32>}' --entry=f %s 2>&1 | filecheck %s --check-prefix=FIT
// RUN: not ts-opt --arg-types='[tensor<2xf32>, {"a" = tensor<2xf32>}' --entry=f %s 2>&1 | filecheck %s --check-prefix=READ

// FIT:  error: @f: 'xs' is declared !ts.list<!ts.tensor>, which [tensor<2xf32>, i64] doesn't fit
// READ: error: the types '[tensor<2xf32>, {"a" = tensor<2xf32>}' can't be read

// CHECK:      func.func @f(%xs: !ts.tensor<2xf32> {ts.part = [0 : i64, 0 : i64]}, %xs_1: !ts.tensor<3xf32> {ts.part = [0 : i64, 1 : i64]},
// CHECK-SAME:              %d_a: !ts.tensor<?xf32> {ts.part = [1 : i64, "a"]}) -> !ts.tensor {
// CHECK-NEXT:   %[[XS:.*]] = ts.list %xs, %xs_1 : (!ts.tensor<2xf32>, !ts.tensor<3xf32>) -> !ts.list<!ts.tensor>
// CHECK-NEXT:   %[[KEY:.*]] = ts.constant "a" : !ts.str
// CHECK-NEXT:   %d = ts.dict %[[KEY]], %d_a : (!ts.str, !ts.tensor<?xf32>) -> !ts.dict<!ts.str, !ts.tensor>

// PART: func.func @f(%xs: !ts.tensor<2xf32> {ts.part = [0 : i64, 0 : i64]}, %xs_1: !ts.tensor<3xf32> {ts.part = [0 : i64, 1 : i64]}, %d: !ts.dict

// MLIR:     func.func @f(%xs: tensor<2xf32>, %xs_1: tensor<3xf32>, %d_a: tensor<5xf32>) -> tensor<5xf32>
// MLIR-NOT: ts.
func.func @f(%xs : !ts.list<!ts.tensor>, %d : !ts.dict<!ts.str, !ts.tensor>) -> !ts.tensor {
  %0 = func.call @joined(%xs) : (!ts.list<!ts.tensor>) -> !ts.tensor
  %key = ts.constant "a" : !ts.str
  %1 = ts.py.getitem(%d, %key) : (!ts.dict<!ts.str, !ts.tensor>, !ts.str) -> !ts.tensor
  %2 = ts.aten.mul.Tensor(%0, %1) : (!ts.tensor, !ts.tensor) -> !ts.tensor
  func.return %2 : !ts.tensor
}
func.func private @joined(%xs : !ts.list<!ts.tensor>) -> !ts.tensor {
  %c0 = arith.constant 0 : i64
  %0 = ts.aten.cat(%xs, %c0) : (!ts.list<!ts.tensor>, i64) -> !ts.tensor
  func.return %0 : !ts.tensor
}

// What is returned, or changed, stays the caller's own.
// WHOLE: func.func private @keeps(%xs: !ts.list<!ts.tensor>, %d_a: !ts.tensor<2xf32> {ts.part = [1 : i64, "a"]}) -> !ts.list<!ts.tensor> {
func.func private @keeps(%xs : !ts.list<!ts.tensor>, %d : !ts.dict<!ts.str, !ts.tensor>) -> !ts.list<!ts.tensor> {
  func.return %xs : !ts.list<!ts.tensor>
}
