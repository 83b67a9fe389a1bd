// RUN: ts-opt -p "ts-canonicalize{tables=forms}" %s | filecheck %s
// RUN: ts-opt -p ts-canonicalize %s | filecheck %s --check-prefix=DEFAULT

// Attention as models write it out, with a mask that is added on either side.
// CHECK-LABEL: func.func public @attention
// CHECK:         ts.aten.scaled_dot_product_attention(%q, %k, %v, %mask,
// CHECK-NOT:     softmax
// DEFAULT-LABEL: func.func public @attention
// DEFAULT:         ts.aten.softmax.int
func.func public @attention(
    %q : tensor<2x4x5x8xf32>, %k : tensor<2x4x5x8xf32>, %v : tensor<2x4x5x8xf32>, %mask : tensor<2x1x5x5xf32>
) -> tensor<2x4x5x8xf32> {
  %scale = arith.constant 0.35 : f64
  %last = arith.constant -1 : i64
  %before = arith.constant -2 : i64
  %one = arith.constant 1 : i64
  %none = ts.constant #ts.none : none
  %0 = ts.aten.transpose.int(%k, %before, %last) : (tensor<2x4x5x8xf32>, i64, i64) -> tensor<2x4x8x5xf32>
  %1 = ts.aten.matmul(%q, %0) : (tensor<2x4x5x8xf32>, tensor<2x4x8x5xf32>) -> tensor<2x4x5x5xf32>
  %2 = ts.aten.mul.Scalar(%1, %scale) : (tensor<2x4x5x5xf32>, f64) -> tensor<2x4x5x5xf32>
  %3 = ts.aten.add.Tensor(%mask, %2, %one) : (tensor<2x1x5x5xf32>, tensor<2x4x5x5xf32>, i64) -> tensor<2x4x5x5xf32>
  %4 = ts.aten.softmax.int(%3, %last, %none) : (tensor<2x4x5x5xf32>, i64, none) -> tensor<2x4x5x5xf32>
  %5 = ts.aten.matmul(%4, %v) : (tensor<2x4x5x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  func.return %5 : tensor<2x4x5x8xf32>
}

// What else is computed from the scores keeps them: nothing would be saved.
// CHECK-LABEL: func.func public @scores
// CHECK:         ts.aten.softmax.int
func.func public @scores(
    %q : tensor<2x4x5x8xf32>, %k : tensor<2x4x5x8xf32>, %v : tensor<2x4x5x8xf32>
) -> (tensor<2x4x5x8xf32>, tensor<2x4x5x5xf32>) {
  %scale = arith.constant 2.0 : f64
  %last = arith.constant -1 : i64
  %before = arith.constant -2 : i64
  %none = ts.constant #ts.none : none
  %0 = ts.aten.transpose.int(%k, %last, %before) : (tensor<2x4x5x8xf32>, i64, i64) -> tensor<2x4x8x5xf32>
  %1 = ts.aten.matmul(%q, %0) : (tensor<2x4x5x8xf32>, tensor<2x4x8x5xf32>) -> tensor<2x4x5x5xf32>
  %2 = ts.aten.div.Scalar(%1, %scale) : (tensor<2x4x5x5xf32>, f64) -> tensor<2x4x5x5xf32>
  %3 = ts.aten.softmax.int(%2, %last, %none) : (tensor<2x4x5x5xf32>, i64, none) -> tensor<2x4x5x5xf32>
  %4 = ts.aten.matmul(%3, %v) : (tensor<2x4x5x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  func.return %4, %3 : tensor<2x4x5x8xf32>, tensor<2x4x5x5xf32>
}

// CHECK-LABEL: func.func public @layer
// CHECK:         ts.aten.linear(%x, %w, %b)
func.func public @layer(%x : tensor<2x3xf32>, %w : tensor<4x3xf32>, %b : tensor<4xf32>) -> tensor<2x4xf32> {
  %one = arith.constant 1 : i64
  %0 = ts.aten.t(%w) : (tensor<4x3xf32>) -> tensor<3x4xf32>
  %1 = ts.aten.addmm(%b, %x, %0, %one, %one) : (tensor<4xf32>, tensor<2x3xf32>, tensor<3x4xf32>, i64, i64) -> tensor<2x4xf32>
  func.return %1 : tensor<2x4xf32>
}
