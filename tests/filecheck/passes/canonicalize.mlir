// RUN: ts-opt -p ts-canonicalize,ts-dce %s | filecheck %s
// RUN: ts-opt -p ts-canonicalize,ts-canonicalize,ts-dce %s | filecheck %s
// RUN: not ts-opt -p "ts-canonicalize{tables=nothing}" %s 2>&1 | filecheck %s --check-prefix=ERROR

// ERROR: there is no table of rules 'nothing'

// CHECK-LABEL: func.func @containers
// CHECK-NEXT:    func.return %x, %n : !ts.tensor, i64
func.func @containers(%x : !ts.tensor, %n : i64) -> (!ts.tensor, i64) {
  %p = arith.constant 0.5 : f64
  %false = arith.constant false
  %0 = ts.aten.dropout(%x, %p, %false) : (!ts.tensor, f64, i1) -> !ts.tensor
  %1 = ts.tuple %0, %n : (!ts.tensor, i64) -> !ts.tuple<!ts.tensor, i64>
  %2, %3 = ts.unpack %1 : (!ts.tuple<!ts.tensor, i64>) -> (!ts.tensor, i64)
  func.return %2, %3 : !ts.tensor, i64
}

// A rule isn't applied to a tensor that is written.
// CHECK-LABEL: func.func @written
// CHECK-COUNT-2: ts.aten.relu(
func.func @written(%x : !ts.tensor) -> !ts.tensor {
  %0 = ts.aten.relu(%x) : (!ts.tensor) -> !ts.tensor
  %1 = ts.aten.neg_(%0) : (!ts.tensor) -> !ts.tensor
  %2 = ts.aten.relu(%0) : (!ts.tensor) -> !ts.tensor
  func.return %2 : !ts.tensor
}
