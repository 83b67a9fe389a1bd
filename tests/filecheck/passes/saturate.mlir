// RUN: ts-opt -p ts-saturate %s | filecheck %s
// RUN: ts-opt -p "ts-saturate{cost=operations}" %s | filecheck %s --check-prefix=COUNT
// RUN: not ts-opt -p "ts-saturate{cost=wrok}" %s 2>&1 | filecheck %s --check-prefix=ERROR
// ERROR: there is no cost model 'wrok'

// A thin product first; in place this is taken or not taken by the rule's direction.
// CHECK-LABEL: func.func public @chain
// CHECK:         %[[R:.*]] = ts.aten.matmul(%b, %v) : (tensor<64x64xf32>, tensor<64x1xf32>) -> tensor<64x1xf32>
// CHECK-NEXT:    ts.aten.matmul(%a, %[[R]])
func.func public @chain(%a : tensor<64x64xf32>, %b : tensor<64x64xf32>, %v : tensor<64x1xf32>) -> tensor<64x1xf32> {
  %0 = ts.aten.matmul(%a, %b) : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  %1 = ts.aten.matmul(%0, %v) : (tensor<64x64xf32>, tensor<64x1xf32>) -> tensor<64x1xf32>
  func.return %1 : tensor<64x1xf32>
}

// What only weights are needed for is done before a call.
// CHECK-LABEL: func.func public @layers
// CHECK:         ts.aten.matmul(%w, %v)
// CHECK-NEXT:    ts.aten.linear(%x,
// CHECK-NEXT:    func.return
func.func public @layers(
    %x : tensor<8x16xf32>, %v : tensor<16x16xf32> {ts.weight = "v"}, %w : tensor<16x16xf32> {ts.weight = "w"}
) -> tensor<8x16xf32> {
  %n = ts.constant #ts.none : none
  %0 = ts.aten.linear(%x, %v, %n) : (tensor<8x16xf32>, tensor<16x16xf32>, none) -> tensor<8x16xf32>
  %1 = ts.aten.linear(%0, %w, %n) : (tensor<8x16xf32>, tensor<16x16xf32>, none) -> tensor<8x16xf32>
  func.return %1 : tensor<8x16xf32>
}

// COUNT-LABEL: func.func public @factored
// COUNT:         ts.aten.add.Tensor(%y, %z
// COUNT-NEXT:    ts.aten.mul.Tensor(%x,
// COUNT-NEXT:    func.return
func.func public @factored(%x : tensor<4xf32>, %y : tensor<4xf32>, %z : tensor<4xf32>) -> tensor<4xf32> {
  %one = arith.constant 1 : i64
  %0 = ts.aten.mul.Tensor(%x, %y) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = ts.aten.mul.Tensor(%x, %z) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = ts.aten.add.Tensor(%0, %1, %one) : (tensor<4xf32>, tensor<4xf32>, i64) -> tensor<4xf32>
  func.return %2 : tensor<4xf32>
}
