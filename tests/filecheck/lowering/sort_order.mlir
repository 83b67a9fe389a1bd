// RUN: ts-opt -p lower-linalg-ext %s | filecheck %s

// The right run's element is taken when it is smaller, or, in descending order, when it is greater.
// CHECK-LABEL: func.func @ascending
// CHECK:         %[[L:.*]] = tensor.extract
// CHECK:         %[[R:.*]] = tensor.extract
// CHECK:         arith.cmpi slt, %[[R]], %[[L]] : i64
func.func @ascending(%x : tensor<4xi64>) -> tensor<4xi64> {
  %0 = tensor.empty() : tensor<4xi64>
  %1, %2 = linalg_ext.sort ins(%x : tensor<4xi64>) outs(%0, %0 : tensor<4xi64>, tensor<4xi64>) {dim = 0 : i64}
  func.return %1 : tensor<4xi64>
}

// CHECK-LABEL: func.func @descending
// CHECK:         %[[L:.*]] = tensor.extract
// CHECK:         %[[R:.*]] = tensor.extract
// CHECK:         arith.cmpi slt, %[[L]], %[[R]] : i64
func.func @descending(%x : tensor<4xi64>) -> tensor<4xi64> {
  %0 = tensor.empty() : tensor<4xi64>
  %1, %2 = linalg_ext.sort ins(%x : tensor<4xi64>) outs(%0, %0 : tensor<4xi64>, tensor<4xi64>) {descending, dim = 0 : i64}
  func.return %1 : tensor<4xi64>
}
