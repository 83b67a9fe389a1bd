// RUN: not ts-opt %s --split-input-file 2>&1 >/dev/null | filecheck %s
// What the verifiers of linalg_ext say, in the order of the programs.

// CHECK: linalg_ext.sort: dim = 2 is no dimension of tensor<4x8xf32>
%x = "test.op"() : () -> tensor<4x8xf32>
%v = "test.op"() : () -> tensor<4x8xf32>
%i = "test.op"() : () -> tensor<4x8xi64>
%0, %1 = linalg_ext.sort ins(%x : tensor<4x8xf32>) outs(%v, %i : tensor<4x8xf32>, tensor<4x8xi64>) {dim = 2 : i64}
// -----
// CHECK: linalg_ext.sort: expected 2 results, found 1
%x = "test.op"() : () -> tensor<4x8xf32>
%v = "test.op"() : () -> tensor<4x8xf32>
%0 = linalg_ext.sort ins(%x : tensor<4x8xf32>) outs(%v : tensor<4x8xf32>) {dim = 1 : i64}
// -----
// CHECK: linalg_ext.sort: expected indices with elements i64, found tensor<4x8xf32>
%x = "test.op"() : () -> tensor<4x8xf32>
%v = "test.op"() : () -> tensor<4x8xf32>
%0, %1 = linalg_ext.sort ins(%x : tensor<4x8xf32>) outs(%v, %v : tensor<4x8xf32>, tensor<4x8xf32>) {dim = 1 : i64}
// -----
// CHECK: linalg_ext.sort: result types (tensor<4x8xf32>, tensor<?x8xi64>) must be those of the outs, (tensor<4x8xf32>, tensor<4x8xi64>)
%x = "test.op"() : () -> tensor<4x8xf32>
%v = "test.op"() : () -> tensor<4x8xf32>
%i = "test.op"() : () -> tensor<4x8xi64>
%0, %1 = linalg_ext.sort ins(%x : tensor<4x8xf32>) outs(%v, %i : tensor<4x8xf32>, tensor<4x8xi64>) {dim = 1 : i64} -> tensor<4x8xf32>, tensor<?x8xi64>
// -----
// CHECK: linalg_ext.scan: expected kind to be one of add, mul, max, min, logaddexp, found 'sub'
%x = "test.op"() : () -> tensor<4x8xf32>
%v = "test.op"() : () -> tensor<4x8xf32>
%0 = linalg_ext.scan ins(%x : tensor<4x8xf32>) outs(%v : tensor<4x8xf32>) {dim = 1 : i64, kind = "sub"}
// -----
// CHECK: linalg_ext.scan: kind 'add' has no indices; only max and min have
%x = "test.op"() : () -> tensor<4x8xf32>
%v = "test.op"() : () -> tensor<4x8xf32>
%i = "test.op"() : () -> tensor<4x8xi64>
%0, %1 = linalg_ext.scan ins(%x : tensor<4x8xf32>) outs(%v, %i : tensor<4x8xf32>, tensor<4x8xi64>) {dim = 1 : i64, kind = "add"}
// -----
// CHECK: linalg_ext.gather: expected different dims, found {{.}}0, 0{{.}}
%x = "test.op"() : () -> tensor<4x8xf32>
%v = "test.op"() : () -> tensor<4x8xf32>
%p = "test.op"() : () -> tensor<5x2xi64>
%0 = linalg_ext.gather ins(%x, %p : tensor<4x8xf32>, tensor<5x2xi64>) outs(%v : tensor<4x8xf32>) {dims = array<i64: 0, 0>}
// -----
// CHECK: linalg_ext.gather: expected indices with 1 columns, as dims has, found tensor<5x2xi64>
%x = "test.op"() : () -> tensor<4x8xf32>
%v = "test.op"() : () -> tensor<4x8xf32>
%p = "test.op"() : () -> tensor<5x2xi64>
%0 = linalg_ext.gather ins(%x, %p : tensor<4x8xf32>, tensor<5x2xi64>) outs(%v : tensor<4x8xf32>) {dims = array<i64: 0>}
// -----
// CHECK: linalg_ext.gather: expected a result of shape 5x8, found tensor<4x8xf32>
%x = "test.op"() : () -> tensor<4x8xf32>
%v = "test.op"() : () -> tensor<4x8xf32>
%p = "test.op"() : () -> tensor<5x1xi64>
%0 = linalg_ext.gather ins(%x, %p : tensor<4x8xf32>, tensor<5x1xi64>) outs(%v : tensor<4x8xf32>) {dims = array<i64: 0>}
// -----
// CHECK: linalg_ext.gather: expected batch_pos in 0..1, found 2
%x = "test.op"() : () -> tensor<4x8xf32>
%v = "test.op"() : () -> tensor<4x8xf32>
%p = "test.op"() : () -> tensor<5x1xi64>
%0 = linalg_ext.gather ins(%x, %p : tensor<4x8xf32>, tensor<5x1xi64>) outs(%v : tensor<4x8xf32>) {batch_pos = 2 : i64, dims = array<i64: 0>}
// -----
// CHECK: linalg_ext.gather: expected indices to be a tensor of integers of rank >= 1, found tensor<5x1xf32>
%x = "test.op"() : () -> tensor<4x8xf32>
%v = "test.op"() : () -> tensor<4x8xf32>
%p = "test.op"() : () -> tensor<5x1xf32>
%0 = linalg_ext.gather ins(%x, %p : tensor<4x8xf32>, tensor<5x1xf32>) outs(%v : tensor<4x8xf32>) {dims = array<i64: 0>}
// -----
// CHECK: linalg_ext.scatter: expected updates of shape 5x8, found tensor<4x8xf32>
%x = "test.op"() : () -> tensor<4x8xf32>
%v = "test.op"() : () -> tensor<4x8xf32>
%p = "test.op"() : () -> tensor<5x1xi64>
%0 = linalg_ext.scatter ins(%x, %p : tensor<4x8xf32>, tensor<5x1xi64>) outs(%v : tensor<4x8xf32>) {dims = array<i64: 0>, kind = "set"}
// -----
// CHECK: linalg_ext.nonzero: expected positions of shape ?x2, found tensor<?x1xi64>
%x = "test.op"() : () -> tensor<4x8xf32>
%0 = linalg_ext.nonzero ins(%x : tensor<4x8xf32>) -> tensor<?x1xi64>
// -----
// CHECK: linalg_ext.nonzero: has no outs, for the size of its result depends on the data
%x = "test.op"() : () -> tensor<4x8xf32>
%i = "test.op"() : () -> tensor<4x8xi64>
%0 = linalg_ext.nonzero ins(%x : tensor<4x8xf32>) outs(%i : tensor<4x8xi64>)
// -----
// CHECK: linalg_ext.nonzero: expected 1 inputs, found 2
%x = "test.op"() : () -> tensor<4x8xf32>
%0 = linalg_ext.nonzero ins(%x, %x : tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<?x2xi64>
// -----
// CHECK: linalg_ext.searchsorted: expected a result of i64 or i32, found tensor<4x8xf32>
%x = "test.op"() : () -> tensor<4x8xf32>
%v = "test.op"() : () -> tensor<4x8xf32>
%b = "test.op"() : () -> tensor<?xf32>
%0 = linalg_ext.searchsorted ins(%b, %x : tensor<?xf32>, tensor<4x8xf32>) outs(%v : tensor<4x8xf32>)
// -----
// CHECK: linalg_ext.bincount: expected a tensor of integers, found tensor<?xf32>
%b = "test.op"() : () -> tensor<?xf32>
%0 = linalg_ext.bincount ins(%b : tensor<?xf32>) -> tensor<?xi64>
// -----
// CHECK: linalg_ext.fft: kind 'c2c' takes an input that is complex, found tensor<4x8xf32>
%x = "test.op"() : () -> tensor<4x8xf32>
%v = "test.op"() : () -> tensor<4x8xf32>
%0 = linalg_ext.fft ins(%x : tensor<4x8xf32>) outs(%v : tensor<4x8xf32>) {dims = array<i64: 1>, kind = "c2c", norm = "none"}
// -----
// CHECK: linalg_ext.fft: expected a result of shape 4x5, found tensor<4x8xf32>
%x = "test.op"() : () -> tensor<4x8xf32>
%v = "test.op"() : () -> tensor<4x8xf32>
%0 = linalg_ext.fft ins(%x : tensor<4x8xf32>) outs(%v : tensor<4x8xf32>) {dims = array<i64: 1>, kind = "r2c", norm = "none"}
// -----
// CHECK: linalg_ext.argreduce: expected indices of shape 4, found tensor<4x8xi64>
%x = "test.op"() : () -> tensor<4x8xf32>
%i = "test.op"() : () -> tensor<4x8xi64>
%0 = linalg_ext.argreduce ins(%x : tensor<4x8xf32>) outs(%i : tensor<4x8xi64>) {dim = 1 : i64, kind = "max"}
// -----
// CHECK: linalg_ext.scalar: unknown function 'sinc'
%s = "test.op"() : () -> f32
%0 = linalg_ext.scalar "sinc"(%s) : (f32) -> f32
// -----
// CHECK: linalg_ext.scalar: 'zeta' takes 2 arguments, found 1
%s = "test.op"() : () -> f32
%0 = linalg_ext.scalar "zeta"(%s) : (f32) -> f32
