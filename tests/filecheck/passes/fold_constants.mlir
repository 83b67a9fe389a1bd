// RUN: ts-opt -p ts-fold-constants,ts-dce %s | filecheck %s
// RUN: ts-opt -p ts-fold-constants,ts-fold-constants,ts-dce %s | filecheck %s

// CHECK-LABEL: func.func @branch
// CHECK-NEXT:    %r = ts.aten.relu(%x) : (!ts.tensor<4x3xf32>) -> !ts.tensor<4x3xf32>
// CHECK-NEXT:    func.return %r : !ts.tensor<4x3xf32>
func.func @branch(%x : !ts.tensor<4x3xf32>) -> !ts.tensor {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %n = ts.aten.size.int(%x, %zero) : (!ts.tensor<4x3xf32>, i64) -> i64
  %c = ts.py.gt(%n, %one) : (i64, i64) -> i1
  %r = scf.if %c -> (!ts.tensor) {
    %0 = ts.aten.relu(%x) : (!ts.tensor<4x3xf32>) -> !ts.tensor
    scf.yield %0 : !ts.tensor
  } else {
    %1 = ts.aten.exp(%x) : (!ts.tensor<4x3xf32>) -> !ts.tensor
    scf.yield %1 : !ts.tensor
  }
  func.return %r : !ts.tensor
}

// CHECK-LABEL: func.func @comprehension
// CHECK-NEXT:    %0 = arith.constant 0 : i64
// CHECK-NEXT:    %1 = arith.constant 1 : i64
// CHECK-NEXT:    %{{.*}} = ts.list %0, %1 : (i64, i64) -> !ts.list<i64>
// CHECK-NEXT:    func.return
func.func @comprehension() -> !ts.list<i64> {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %two = arith.constant 2 : i64
  %l = ts.list : () -> !ts.list<i64>
  scf.for %i = %zero to %two step %one : i64 {
    %u = ts.py.list_append(%l, %i) : (!ts.list<i64>, i64) -> none
  }
  func.return %l : !ts.list<i64>
}

// What raises stays.
// CHECK-LABEL: func.func @raises
// CHECK:         ts.py.floordiv(%one, %zero)
func.func @raises() -> i64 {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %d = ts.py.floordiv(%one, %zero) : (i64, i64) -> i64
  func.return %d : i64
}

// A length or element that is read between two appends is known, without a list for each.
// CHECK-LABEL: func.func @read_between
// CHECK-NOT:     ts.py
// CHECK:         %[[L:.*]] = ts.list %a, %b, %a, %{{.*}} : (i64, i64, i64, i64) -> !ts.list<i64>
// CHECK-NEXT:    func.return %[[L]]
func.func @read_between(%a : i64, %b : i64) -> !ts.list<i64> {
  %last = arith.constant -1 : i64
  %l = ts.list %a : (i64) -> !ts.list<i64>
  %0 = ts.py.list_append(%l, %b) : (!ts.list<i64>, i64) -> none
  %x = ts.py.getitem(%l, %last) : (!ts.list<i64>, i64) -> i64
  %n = ts.py.len(%l) : (!ts.list<i64>) -> i64
  %first = arith.constant 0 : i64
  %y = ts.py.getitem(%l, %first) : (!ts.list<i64>, i64) -> i64
  %1 = ts.py.list_append(%l, %y) : (!ts.list<i64>, i64) -> none
  %2 = ts.py.list_append(%l, %n) : (!ts.list<i64>, i64) -> none
  func.return %l : !ts.list<i64>
}
