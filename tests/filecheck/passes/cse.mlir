// RUN: ts-opt -p ts-cse %s | filecheck %s
// RUN: ts-opt -p ts-cse,ts-cse %s | filecheck %s

// CHECK-LABEL: func.func @merged
// CHECK-NEXT:    %0 = ts.aten.exp(%x)
// CHECK-NEXT:    %1 = ts.aten.mul.Tensor(%0, %0)
func.func @merged(%x : !ts.tensor) -> !ts.tensor {
  %0 = ts.aten.exp(%x) : (!ts.tensor) -> !ts.tensor
  %1 = ts.aten.exp(%x) : (!ts.tensor) -> !ts.tensor
  %2 = ts.aten.mul.Tensor(%0, %1) : (!ts.tensor, !ts.tensor) -> !ts.tensor
  func.return %2 : !ts.tensor
}

// A read of memory that is written in between isn't merged.
// CHECK-LABEL: func.func @written
// CHECK-COUNT-2: ts.aten.exp(%x)
func.func @written(%x : !ts.tensor) -> !ts.tensor {
  %0 = ts.aten.exp(%x) : (!ts.tensor) -> !ts.tensor
  %w = ts.aten.relu_(%x) : (!ts.tensor) -> !ts.tensor
  %1 = ts.aten.exp(%x) : (!ts.tensor) -> !ts.tensor
  %2 = ts.aten.mul.Tensor(%0, %1) : (!ts.tensor, !ts.tensor) -> !ts.tensor
  func.return %2 : !ts.tensor
}

// Two new objects that the caller gets are two objects.
// CHECK-LABEL: func.func @returned
// CHECK-COUNT-2: ts.aten.exp(%x)
func.func @returned(%x : !ts.tensor) -> (!ts.tensor, !ts.tensor) {
  %0 = ts.aten.exp(%x) : (!ts.tensor) -> !ts.tensor
  %1 = ts.aten.exp(%x) : (!ts.tensor) -> !ts.tensor
  func.return %0, %1 : !ts.tensor, !ts.tensor
}

// 0.0 and -0.0 are different constants; what one branch computes isn't known in the other.
// CHECK-LABEL: func.func @constants
// CHECK:         arith.constant 0.000000e+00
// CHECK:         arith.constant -0.000000e+00
// CHECK-COUNT-2: ts.aten.exp(%x)
func.func @constants(%x : !ts.tensor, %c : i1) -> (f64, f64, !ts.tensor) {
  %0 = arith.constant 0.0 : f64
  %1 = arith.constant -0.0 : f64
  %2 = scf.if %c -> (!ts.tensor) {
    %3 = ts.aten.exp(%x) : (!ts.tensor) -> !ts.tensor
    scf.yield %3 : !ts.tensor
  } else {
    %4 = ts.aten.exp(%x) : (!ts.tensor) -> !ts.tensor
    scf.yield %4 : !ts.tensor
  }
  func.return %0, %1, %2 : f64, f64, !ts.tensor
}
