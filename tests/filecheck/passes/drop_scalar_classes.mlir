// RUN: ts-opt -p ts-drop-scalar-classes %s | filecheck %s

// A size that is computed of a scalar of 64 bits, and a loop that carries one.
// CHECK-LABEL: func.func @plain
// CHECK-NOT:     held_scalar
// CHECK:         ts.py.max(%n, %m)
// CHECK:         scf.for
// CHECK-NOT:     held_scalar
func.func @plain(%x : !ts.tensor, %n : i64, %m : i64) -> !ts.tensor {
  %kind = ts.constant "int64" : !ts.str
  %0 = ts.py.held_scalar(%n, %kind) : (i64, !ts.str) -> i64
  %1 = ts.py.max(%0, %m) : (i64, i64) -> i64
  %c0 = arith.constant 0 : i64
  %c1 = arith.constant 1 : i64
  %2 = scf.for %i = %c0 to %1 step %c1 iter_args(%t = %c0) -> (i64) : i64 {
    %3 = ts.py.held_scalar(%i, %kind) : (i64, !ts.str) -> i64
    %4 = ts.py.add(%t, %3) : (i64, i64) -> i64
    scf.yield %4 : i64
  }
  %5 = ts.list %1, %2 : (i64, i64) -> !ts.list<i64>
  %6 = ts.aten.view(%x, %5) : (!ts.tensor, !ts.list<i64>) -> !ts.tensor
  func.return %6 : !ts.tensor
}

// The caller sees the class of a result, a division by zero isn't Python's, and a float32 computes otherwise.
// CHECK-LABEL: func.func @seen
// CHECK-COUNT-3: held_scalar
func.func @seen(%x : !ts.tensor, %a : f64, %b : f64) -> !ts.tuple<f64, !ts.tensor, !ts.tensor> {
  %kind = ts.constant "float64" : !ts.str
  %other = ts.constant "float32" : !ts.str
  %one = arith.constant 1.0 : f64
  %n = arith.constant 1 : i64
  %0 = ts.py.held_scalar(%a, %kind) : (f64, !ts.str) -> f64
  %1 = ts.py.add(%0, %one) : (f64, f64) -> f64
  %2 = ts.py.held_scalar(%a, %kind) : (f64, !ts.str) -> f64
  %3 = ts.py.truediv(%2, %b) : (f64, f64) -> f64
  %4 = ts.aten.mul.Scalar(%x, %3) : (!ts.tensor, f64) -> !ts.tensor
  %5 = ts.py.held_scalar(%a, %other) : (f64, !ts.str) -> f64
  %6 = ts.aten.mul.Scalar(%x, %5) : (!ts.tensor, f64) -> !ts.tensor
  %7 = ts.tuple %1, %4, %6 : (f64, !ts.tensor, !ts.tensor) -> !ts.tuple<f64, !ts.tensor, !ts.tensor>
  func.return %7 : !ts.tuple<f64, !ts.tensor, !ts.tensor>
}
