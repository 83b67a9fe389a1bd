// RUN: ts-opt -p lower-ts-to-linalg,ts-dce %s | filecheck %s
// RUN: ts-opt -p lower-ts-to-linalg,lower-ts-to-linalg,ts-dce %s | filecheck %s

// CHECK-LABEL: func.func @relu
// CHECK:         linalg.generic
// CHECK:           arith.maximumf
// CHECK:         func.return %{{.*}} : tensor<?x3xf32>
func.func @relu(%x : tensor<?x3xf32>) -> tensor<?x3xf32> {
  %0 = ts.aten.relu(%x) : (tensor<?x3xf32>) -> tensor<?x3xf32>
  func.return %0 : tensor<?x3xf32>
}

// uint8 is i8 with a note.
// CHECK-LABEL: func.func @bytes
// CHECK-SAME:    (%x: tensor<2xi8> {ts.type = !ts.tensor<2xui8>}) -> (tensor<2xi8> {ts.type = !ts.tensor<2xui8>})
func.func @bytes(%x : tensor<2xui8>) -> tensor<2xui8> {
  %0 = ts.aten.relu(%x) : (tensor<2xui8>) -> tensor<2xui8>
  func.return %0 : tensor<2xui8>
}

// Python's floor division and remainder; a divisor that may be 0 raises at run time.
// CHECK-LABEL: func.func @ints
// CHECK:         arith.floordivsi
// CHECK:         arith.muli
// CHECK:         arith.subi
// CHECK:         ts.py.mod(%a, %b)
func.func @ints(%a : i64, %b : i64) -> (i64, i64) {
  %three = arith.constant 3 : i64
  %0 = ts.py.mod(%a, %three) : (i64, i64) -> i64
  %1 = ts.py.mod(%a, %b) : (i64, i64) -> i64
  func.return %0, %1 : i64, i64
}

// What can't be lowered runs by dispatch, on references, and says why.
// CHECK-LABEL: func.func @dispatched
// CHECK:         %[[R:.*]] = ts.to_reference %x
// CHECK:         ts.aten.transpose.int(%[[R]], %n, %n) {ts.reason = "{{.*}}"} : (!ts.tensor<2x2xf32>, i64, i64) -> !ts.tensor<2x2xf32>
// CHECK:         ts.to_value
func.func @dispatched(%x : tensor<2x2xf32>, %n : i64) -> tensor<2x2xf32> {
  %0 = ts.aten.transpose.int(%x, %n, %n) : (tensor<2x2xf32>, i64, i64) -> tensor<2x2xf32>
  func.return %0 : tensor<2x2xf32>
}
