// RUN: ts-opt -p lower-linalg-ext,ts-dce,finish-mlir %s | filecheck %s
// RUN: ts-opt -p lower-linalg-ext,ts-dce,finish-mlir %s | ts-opt - | filecheck %s

// CHECK-NOT: linalg_ext

// CHECK-LABEL: func.func @gather
// CHECK:         cf.assert %{{.*}}, "IndexError: an index is out of bounds"
// CHECK:         linalg.generic
// CHECK:           %[[I:.*]] = tensor.extract %i[%{{.*}}, %{{.*}}] : tensor<3x1xi64>
// CHECK:           arith.index_cast %[[I]] : i64 to index
// CHECK:           tensor.extract %x
func.func @gather(%x : tensor<?x2xf32>, %i : tensor<3x1xi64>) -> tensor<3x2xf32> {
  %e = tensor.empty() : tensor<3x2xf32>
  %0 = linalg_ext.gather ins(%x, %i : tensor<?x2xf32>, tensor<3x1xi64>) outs(%e : tensor<3x2xf32>) {dims = array<i64: 0>}
  func.return %0 : tensor<3x2xf32>
}

// Sums of floats are kept in the next wider type.
// CHECK-LABEL: func.func @cumsum
// CHECK:         scf.for
// CHECK:           arith.extf %{{.*}} : f32 to f64
// CHECK:           arith.addf %{{.*}} : f64
// CHECK:           tensor.insert
func.func @cumsum(%x : tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %0 = linalg_ext.scan ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {kind = "add", dim = 0 : i64}
  func.return %0 : tensor<4xf32>
}

// CHECK-LABEL: func.func @sort
// CHECK:         scf.while
// CHECK:           scf.for
// CHECK:             scf.for
func.func @sort(%x : tensor<4xf32>) -> (tensor<4xf32>, tensor<4xi64>) {
  %a = tensor.empty() : tensor<4xf32>
  %b = tensor.empty() : tensor<4xi64>
  %0, %1 = linalg_ext.sort ins(%x : tensor<4xf32>) outs(%a, %b : tensor<4xf32>, tensor<4xi64>) {dim = 0 : i64}
  func.return %0, %1 : tensor<4xf32>, tensor<4xi64>
}

// CHECK-LABEL: func.func @check
// CHECK:         cf.assert %ok, "RuntimeError: no"
func.func @check(%ok : i1) {
  linalg_ext.check %ok, "RuntimeError", "no"
  func.return
}
