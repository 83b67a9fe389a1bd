// RUN: ts-opt -p spread-slices,ts-dce %s | filecheck %s

// A slice with steps in zeros is the tensor where the position is a multiple, zero elsewhere.
// CHECK-LABEL: func.func @steps
// CHECK-NOT:     tensor.insert_slice
// CHECK:         linalg.generic {{.*}}iterator_types = ["parallel", "parallel"]
// CHECK:           arith.remui
// CHECK:           %[[V:.*]] = tensor.extract %x
// CHECK:           arith.select %{{.*}}, %[[V]], %zero : f32
func.func @steps(%x: tensor<3x?xf32>, %n: index, %m: index) -> tensor<3x?xf32> {
  %zero = arith.constant 0.0 : f32
  %0 = tensor.empty(%m) : tensor<3x?xf32>
  %1 = linalg.fill ins(%zero : f32) outs(%0 : tensor<3x?xf32>) -> tensor<3x?xf32>
  %2 = tensor.insert_slice %x into %1[0, 0] [3, %n] [1, 2] : tensor<3x?xf32> into tensor<3x?xf32>
  func.return %2 : tensor<3x?xf32>
}

// Into another tensor, or without steps, it stays a slice.
// CHECK-LABEL: func.func @other
// CHECK:         tensor.insert_slice %x into %y[0] [3] [2]
func.func @other(%x: tensor<3xf32>, %y: tensor<5xf32>) -> tensor<5xf32> {
  %2 = tensor.insert_slice %x into %y[0] [3] [2] : tensor<3xf32> into tensor<5xf32>
  func.return %2 : tensor<5xf32>
}
