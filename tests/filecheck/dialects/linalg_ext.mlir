// RUN: ts-opt %s | ts-opt - | filecheck %s
// RUN: ts-opt %s --print-generic | ts-opt - | filecheck %s
// RUN: ts-opt %s --print-debuginfo | ts-opt - | filecheck %s

func.func @ops(%x: tensor<4x8xf32>, %v: tensor<4x8xf32>, %i: tensor<4x8xi64>, %p: tensor<5x1xi64>, %r: tensor<5x8xf32>,
               %k: tensor<4x3xf32>, %ki: tensor<4x3xi64>, %n: tensor<?xi64>, %m: tensor<4xi64>, %c: tensor<4x5xcomplex<f32>>) {
  // CHECK: linalg_ext.sort ins(%x : tensor<4x8xf32>) outs(%v, %i : tensor<4x8xf32>, tensor<4x8xi64>) {dim = 1 : i64, descending, stable}
  %0, %1 = linalg_ext.sort ins(%x : tensor<4x8xf32>) outs(%v, %i : tensor<4x8xf32>, tensor<4x8xi64>) {dim = 1 : i64, descending, stable}
  // CHECK: linalg_ext.topk ins(%x : tensor<4x8xf32>) outs(%k, %ki : tensor<4x3xf32>, tensor<4x3xi64>) {dim = 1 : i64, largest}
  %2, %3 = linalg_ext.topk ins(%x : tensor<4x8xf32>) outs(%k, %ki : tensor<4x3xf32>, tensor<4x3xi64>) {dim = 1 : i64, largest}
  // CHECK: linalg_ext.scan ins(%x : tensor<4x8xf32>) outs(%v : tensor<4x8xf32>) {dim = 0 : i64, kind = "logaddexp"}
  %4 = linalg_ext.scan ins(%x : tensor<4x8xf32>) outs(%v : tensor<4x8xf32>) {dim = 0 : i64, kind = "logaddexp"}
  // CHECK: linalg_ext.gather ins(%x, %p : tensor<4x8xf32>, tensor<5x1xi64>) outs(%r : tensor<5x8xf32>) {dims = array<i64: 0>, wrap}
  %5 = linalg_ext.gather ins(%x, %p : tensor<4x8xf32>, tensor<5x1xi64>) outs(%r : tensor<5x8xf32>) {dims = array<i64: 0>, wrap}
  // CHECK: linalg_ext.scatter ins(%r, %p : tensor<5x8xf32>, tensor<5x1xi64>) outs(%x : tensor<4x8xf32>) {dims = array<i64: 0>, kind = "add"}
  %6 = linalg_ext.scatter ins(%r, %p : tensor<5x8xf32>, tensor<5x1xi64>) outs(%x : tensor<4x8xf32>) {dims = array<i64: 0>, kind = "add"}
  // CHECK: linalg_ext.nonzero ins(%x : tensor<4x8xf32>) -> tensor<?x2xi64>
  %7 = linalg_ext.nonzero ins(%x : tensor<4x8xf32>) -> tensor<?x2xi64>
  // CHECK: linalg_ext.unique ins(%x : tensor<4x8xf32>) {dim = 0 : i64, sorted} -> tensor<?x8xf32>, tensor<4xi64>, tensor<?xi64>
  %8, %9, %10 = linalg_ext.unique ins(%x : tensor<4x8xf32>) {dim = 0 : i64, sorted} -> tensor<?x8xf32>, tensor<4xi64>, tensor<?xi64>
  // CHECK: linalg_ext.searchsorted ins(%n, %i : tensor<?xi64>, tensor<4x8xi64>) outs(%i : tensor<4x8xi64>) {right}
  %11 = linalg_ext.searchsorted ins(%n, %i : tensor<?xi64>, tensor<4x8xi64>) outs(%i : tensor<4x8xi64>) {right}
  // CHECK: linalg_ext.bincount ins(%n : tensor<?xi64>) {minlength = 3 : i64} -> tensor<?xi64>
  %12 = linalg_ext.bincount ins(%n : tensor<?xi64>) {minlength = 3 : i64} -> tensor<?xi64>
  // CHECK: linalg_ext.fft ins(%x : tensor<4x8xf32>) outs(%c : tensor<4x5xcomplex<f32>>) {dims = array<i64: 1>, kind = "r2c", norm = "by_n"}
  %13 = linalg_ext.fft ins(%x : tensor<4x8xf32>) outs(%c : tensor<4x5xcomplex<f32>>) {dims = array<i64: 1>, kind = "r2c", norm = "by_n"}
  // CHECK: linalg_ext.argreduce ins(%x : tensor<4x8xf32>) outs(%m : tensor<4xi64>) {dim = 1 : i64, kind = "max"}
  %14 = linalg_ext.argreduce ins(%x : tensor<4x8xf32>) outs(%m : tensor<4xi64>) {dim = 1 : i64, kind = "max"}
  func.return
}

func.func @scalars(%ok: i1, %n: index, %s: f32) -> f32 {
  // CHECK: linalg_ext.check %ok, "IndexError", "size {0} is too small"(%n) : index
  linalg_ext.check %ok, "IndexError", "size {0} is too small"(%n) : index
  // CHECK: linalg_ext.check %ok, "RuntimeError", "no"
  linalg_ext.check %ok, "RuntimeError", "no"
  // CHECK: linalg_ext.scalar "lgamma"(%s) : (f32) -> f32
  %r = linalg_ext.scalar "lgamma"(%s) : (f32) -> f32
  func.return %r : f32
}
