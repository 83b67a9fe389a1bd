// RUN: ts-opt -p ts-infer-types %s | filecheck %s
// RUN: ts-opt -p ts-infer-types,ts-infer-types %s | filecheck %s

// Sizes are followed through ints and lists.
// CHECK-LABEL: func.func @flatten
// CHECK:         ts.aten.view(%x, %shape) : (!ts.tensor<?x3x4xf32>, !ts.list<i64>) -> !ts.tensor<?x12xf32>
// CHECK:         func.return %y : !ts.tensor<?x12xf32>
func.func @flatten(%x : !ts.tensor<?x3x4xf32>) -> !ts.tensor {
  %zero = arith.constant 0 : i64
  %minus = arith.constant -1 : i64
  %n = ts.aten.size.int(%x, %zero) : (!ts.tensor<?x3x4xf32>, i64) -> i64
  %shape = ts.list %n, %minus : (i64, i64) -> !ts.list<i64>
  %y = ts.aten.view(%x, %shape) : (!ts.tensor<?x3x4xf32>, !ts.list<i64>) -> !ts.tensor
  func.return %y : !ts.tensor
}

// What a loop changes is dynamic, what it doesn't change stays.
// CHECK-LABEL: func.func @grow
// CHECK:         iter_args(%a = %{{.*}}) -> (!ts.tensor<?x3xf32>)
// CHECK:           ts.aten.cat(%l, %zero) : (!ts.list<!ts.tensor>, i64) -> !ts.tensor<?x3xf32>
// CHECK:         func.return %r : !ts.tensor<?x3xf32>
func.func @grow(%x : !ts.tensor<2x3xf32>, %n : i64) -> !ts.tensor {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %init = ts.cast %x : !ts.tensor<2x3xf32> -> !ts.tensor
  %r = scf.for %i = %zero to %n step %one iter_args(%a = %init) -> (!ts.tensor) : i64 {
    %l = ts.list %a, %x : (!ts.tensor, !ts.tensor<2x3xf32>) -> !ts.list<!ts.tensor>
    %b = ts.aten.cat(%l, %zero) : (!ts.list<!ts.tensor>, i64) -> !ts.tensor
    scf.yield %b : !ts.tensor
  }
  func.return %r : !ts.tensor
}

// An error is left for run time.
// CHECK-LABEL: func.func @wrong
// CHECK:         ts.aten.mm(%x, %x) {ts.error = "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)"} : (!ts.tensor<2x3xf32>, !ts.tensor<2x3xf32>) -> !ts.tensor
func.func @wrong(%x : !ts.tensor<2x3xf32>) -> !ts.tensor {
  %y = ts.aten.mm(%x, %x) : (!ts.tensor<2x3xf32>, !ts.tensor<2x3xf32>) -> !ts.tensor
  func.return %y : !ts.tensor
}
