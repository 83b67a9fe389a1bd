// RUN: ts-opt %s -p pin-corner-cases | filecheck %s

// One dimension that becomes several whose sizes aren't known is read element by element; one unknown size is no corner case.

// CHECK-LABEL: @several
// CHECK-NOT: tensor.expand_shape
// CHECK: linalg.generic
// CHECK: arith.muli
// CHECK: tensor.extract %x
func.func @several(%x : tensor<?xf32>, %n : index, %m : index) -> tensor<?x?xf32> {
  %0 = tensor.expand_shape %x [[0, 1]] output_shape [%n, %m] : tensor<?xf32> into tensor<?x?xf32>
  func.return %0 : tensor<?x?xf32>
}

// CHECK-LABEL: @one
// CHECK: tensor.expand_shape
func.func @one(%x : tensor<?xf32>, %n : index) -> tensor<?x2xf32> {
  %0 = tensor.expand_shape %x [[0, 1]] output_shape [%n, 2] : tensor<?xf32> into tensor<?x2xf32>
  func.return %0 : tensor<?x2xf32>
}
