// RUN: ts-opt %s -p ts-lay-out | filecheck %s

// What is returned lies in memory as torch lays it out; what is only read again doesn't matter.

// CHECK-LABEL: func.func @turned
// CHECK: %[[T:.*]] = ts.aten.t
// CHECK: %[[E:.*]] = ts.aten.exp(%[[T]])
// CHECK-NOT: ts.aten._in_order(%[[E]]
// CHECK: %[[L:.*]] = ts.aten.neg(%[[E]])
// CHECK: ts.aten._in_order(%[[L]]
func.func @turned(%x : !ts.tensor<2x3xf32>) -> !ts.tensor<3x2xf32> {
  %0 = ts.aten.t(%x) : (!ts.tensor<2x3xf32>) -> !ts.tensor<3x2xf32>
  %1 = ts.aten.exp(%0) : (!ts.tensor<3x2xf32>) -> !ts.tensor<3x2xf32>
  %2 = ts.aten.neg(%1) : (!ts.tensor<3x2xf32>) -> !ts.tensor<3x2xf32>
  func.return %2 : !ts.tensor<3x2xf32>
}

// CHECK-LABEL: func.func @contiguous
// CHECK-NOT: _in_order
// CHECK: arith.constant true
func.func @contiguous(%x : !ts.tensor<2x3xf32>) -> i1 {
  %0 = ts.aten.exp(%x) : (!ts.tensor<2x3xf32>) -> !ts.tensor<2x3xf32>
  %1 = ts.aten.is_contiguous(%0) : (!ts.tensor<2x3xf32>) -> i1
  func.return %1 : i1
}

// CHECK-LABEL: func.func @columns
// CHECK: ts.aten.view
// CHECK-SAME: ts.error = "view size is not compatible
func.func @columns(%x : !ts.tensor<2x3xf32> {ts.strides = [1 : i64, 2 : i64]}) -> !ts.tensor<6xf32> {
  %0 = arith.constant 6 : i64
  %1 = ts.list %0 : (i64) -> !ts.list<i64>
  %2 = ts.aten.view(%x, %1) : (!ts.tensor<2x3xf32>, !ts.list<i64>) -> !ts.tensor<6xf32>
  func.return %2 : !ts.tensor<6xf32>
}

// Where a branch chooses among layouts, what is made of its result asks for them when the program runs.

// CHECK-LABEL: func.func @chosen
// CHECK: %[[Y:.*]] = scf.if
// CHECK: %[[E:.*]] = ts.aten.exp(%[[Y]])
// CHECK: %[[N:.*]] = ts.constant "exp"
// CHECK: %[[L:.*]] = ts.list %[[Y]]
// CHECK: ts.aten._in_order_of(%[[E]], %[[N]], %[[L]])
func.func @chosen(%c : i1, %x : !ts.tensor<3x3xf32>) -> !ts.tensor<3x3xf32> {
  %0 = scf.if %c -> (!ts.tensor<3x3xf32>) {
    %2 = ts.aten.t(%x) : (!ts.tensor<3x3xf32>) -> !ts.tensor<3x3xf32>
    scf.yield %2 : !ts.tensor<3x3xf32>
  } else {
    scf.yield %x : !ts.tensor<3x3xf32>
  }
  %1 = ts.aten.exp(%0) : (!ts.tensor<3x3xf32>) -> !ts.tensor<3x3xf32>
  func.return %1 : !ts.tensor<3x3xf32>
}
