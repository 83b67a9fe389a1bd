// RUN: ts-opt -p ts-dce %s | filecheck %s
// RUN: ts-opt -p ts-dce,ts-dce %s | filecheck %s

// CHECK-LABEL: func.func @local_writes
// CHECK-NEXT:    func.return %x : !ts.tensor
func.func @local_writes(%x : !ts.tensor) -> !ts.tensor {
  %l = ts.list : () -> !ts.list<i64>
  %one = arith.constant 1 : i64
  %u = ts.py.list_append(%l, %one) : (!ts.list<i64>, i64) -> none
  %a = ts.aten.exp(%x) : (!ts.tensor) -> !ts.tensor
  %b = ts.aten.relu_(%a) : (!ts.tensor) -> !ts.tensor
  func.return %x : !ts.tensor
}

// CHECK-LABEL: func.func @seen_writes
// CHECK-NEXT:    ts.aten.relu_(%x)
// CHECK-NEXT:    func.return
func.func @seen_writes(%x : !ts.tensor) {
  %b = ts.aten.relu_(%x) : (!ts.tensor) -> !ts.tensor
  func.return
}

// CHECK-LABEL: func.func @loop
// CHECK:         iter_args(%a_1 = %zero) -> (i64)
// CHECK-NEXT:      ts.py.add(%a_1, %i)
// CHECK-NEXT:      scf.yield
func.func @loop(%x : !ts.tensor, %n : i64) -> i64 {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %a, %b = scf.for %i = %zero to %n step %one iter_args(%a_1 = %zero, %b_1 = %x) -> (i64, !ts.tensor) : i64 {
    %a_2 = ts.py.add(%a_1, %i) : (i64, i64) -> i64
    %b_2 = ts.aten.exp(%b_1) : (!ts.tensor) -> !ts.tensor
    scf.yield %a_2, %b_2 : i64, !ts.tensor
  }
  func.return %a : i64
}

// Random numbers and exceptions are effects.
// CHECK-LABEL: func.func @effects
// CHECK-NEXT:    %zero = arith.constant 0 : i64
// CHECK-NEXT:    ts.py.floordiv(%n, %zero)
// CHECK-NEXT:    ts.py.print(%n)
// CHECK-NEXT:    func.return
func.func @effects(%n : i64) {
  %zero = arith.constant 0 : i64
  %d = ts.py.floordiv(%n, %zero) : (i64, i64) -> i64
  %p = ts.py.print(%n) : (i64) -> none
  func.return
}

// A slice raises nothing but for its step.
// CHECK-LABEL: func.func @slices
// CHECK-NOT:     ts.py.getslice(%l, %n, %none)
// CHECK:         ts.py.getslice(%l, %none, %none, %n)
// CHECK-NEXT:    func.return
func.func @slices(%l : !ts.list<i64>, %n : i64) {
  %none = ts.constant #ts.none : none
  %a = ts.py.getslice(%l, %n, %none) : (!ts.list<i64>, i64, none) -> !ts.list<i64>
  %b = ts.py.getslice(%l, %none, %none, %n) : (!ts.list<i64>, none, none, i64) -> !ts.list<i64>
  func.return
}
