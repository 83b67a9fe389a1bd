// RUN: ts-opt -p ts-flatten,ts-dce %s | filecheck %s

// Tuples are their parts, in arguments, results and control flow; None has none; references are values.
// CHECK-LABEL: func.func @tuples
// CHECK-SAME:    (%[[P0:.*]]: tensor<2xf32>, %[[P1:.*]]: i64, %c: i1) -> (tensor<2xf32>, i64, i64)
// CHECK:    %[[T:.*]], %[[N:.*]] = scf.if %c -> (tensor<2xf32>, i64) {
// CHECK-NEXT:      scf.yield %[[P0]], %[[P1]] : tensor<2xf32>, i64
// CHECK:         func.return %[[T]], %[[N]], %[[P1]] : tensor<2xf32>, i64, i64
func.func @tuples(%p : !ts.tuple<!ts.tensor<2xf32>, i64>, %c : i1, %none : none) -> !ts.tuple<!ts.tuple<!ts.tensor<2xf32>, i64>, i64, none> {
  %one = arith.constant 1 : i64
  %t, %n = ts.unpack %p : (!ts.tuple<!ts.tensor<2xf32>, i64>) -> (!ts.tensor<2xf32>, i64)
  %r = scf.if %c -> (!ts.tuple<!ts.tensor<2xf32>, i64>) {
    scf.yield %p : !ts.tuple<!ts.tensor<2xf32>, i64>
  } else {
    %q = ts.tuple %t, %one : (!ts.tensor<2xf32>, i64) -> !ts.tuple<!ts.tensor<2xf32>, i64>
    scf.yield %q : !ts.tuple<!ts.tensor<2xf32>, i64>
  }
  %nothing = ts.constant #ts.none : none
  %s = ts.tuple %r, %n, %nothing : (!ts.tuple<!ts.tensor<2xf32>, i64>, i64, none) -> !ts.tuple<!ts.tuple<!ts.tensor<2xf32>, i64>, i64, none>
  func.return %s : !ts.tuple<!ts.tuple<!ts.tensor<2xf32>, i64>, i64, none>
}

// A value that is never read on some path is any value.
// CHECK-LABEL: func.func @loop
// CHECK:         %[[ANY:.*]] = tensor.empty() : tensor<2xf32>
// CHECK:         scf.while ({{.*}} = %[[ANY]], {{.*}}) : (tensor<2xf32>, i64, i1) -> (tensor<2xf32>, i64) {
func.func @loop(%x : tensor<2xf32>, %go : i1) -> !ts.tuple<!ts.tensor<2xf32>, i64> {
  %u = ts.uninitialized : !ts.tuple<!ts.tensor<2xf32>, i64>
  %false = arith.constant false
  %r = scf.while (%a = %u, %b = %go) : (!ts.tuple<!ts.tensor<2xf32>, i64>, i1) -> (!ts.tuple<!ts.tensor<2xf32>, i64>) {
    scf.condition(%b) %a : !ts.tuple<!ts.tensor<2xf32>, i64>
  } do {
  ^bb0(%a : !ts.tuple<!ts.tensor<2xf32>, i64>):
    %one = arith.constant 1 : i64
    %t = ts.to_reference %x : tensor<2xf32> -> !ts.tensor<2xf32>
    %n = ts.tuple %t, %one : (!ts.tensor<2xf32>, i64) -> !ts.tuple<!ts.tensor<2xf32>, i64>
    scf.yield %n, %false : !ts.tuple<!ts.tensor<2xf32>, i64>, i1
  }
  func.return %r : !ts.tuple<!ts.tensor<2xf32>, i64>
}

// A dict's values, named by their keys; a list that grows in its own block.
// CHECK-LABEL: func.func @containers
// CHECK-SAME:    -> (f64 {ml_program.identifier = "a"}, f64 {ml_program.identifier = "b"})
// CHECK:         func.return %y, %x : f64, f64
func.func @containers(%x : f64, %y : f64) -> !ts.dict<!ts.str, f64> {
  %a = ts.constant "a" : !ts.str
  %b = ts.constant "b" : !ts.str
  %0 = arith.constant 0 : i64
  %l = ts.list : () -> !ts.list<f64>
  %none = ts.py.list_append(%l, %y) : (!ts.list<f64>, f64) -> none
  %first = ts.py.getitem(%l, %0) : (!ts.list<f64>, i64) -> f64
  %d = ts.dict %a, %x : (!ts.str, f64) -> !ts.dict<!ts.str, f64>
  %set = ts.py.setitem(%d, %b, %x) : (!ts.dict<!ts.str, f64>, !ts.str, f64) -> none
  %again = ts.py.setitem(%d, %a, %first) : (!ts.dict<!ts.str, f64>, !ts.str, f64) -> none
  func.return %d : !ts.dict<!ts.str, f64>
}

// CHECK-LABEL: func.func @raises
// CHECK:         cf.assert %{{.*}}, "ValueError: too small"
func.func @raises(%c : i1, %x : f64) -> f64 {
  scf.if %c {
    %m = ts.constant "too small" : !ts.str
    ts.raise "ValueError"(%m) : !ts.str
  }
  func.return %x : f64
}

// What only the message needs goes: it is said as far as it is known when compiling.
// CHECK-LABEL: func.func @raises_for_other_sizes
// CHECK:         %[[A:.*]] = arith.cmpi eq, %n, %{{.*}} : i64
// CHECK:         %[[B:.*]] = arith.cmpi eq, %m, %{{.*}} : i64
// CHECK:         arith.xori
// CHECK-NOT:     ts.
// CHECK:         cf.assert %{{.*}}, "RuntimeError"
func.func @raises_for_other_sizes(%n : i64, %m : i64) -> i64 {
  %two = arith.constant 2 : i64
  %sizes = ts.list %n, %m : (i64, i64) -> !ts.list<i64>
  %expected = ts.list %two, %two : (i64, i64) -> !ts.list<i64>
  %other = ts.py.ne(%sizes, %expected) : (!ts.list<i64>, !ts.list<i64>) -> i1
  scf.if %other {
    %what = ts.constant "found " : !ts.str
    %empty = ts.constant "" : !ts.str
    %shown = ts.py.format(%n) : (i64) -> !ts.str
    %texts = ts.list %what, %shown : (!ts.str, !ts.str) -> !ts.list<!ts.str>
    %message = ts.py.str_join(%empty, %texts) : (!ts.str, !ts.list<!ts.str>) -> !ts.str
    ts.raise "RuntimeError"(%message) : !ts.str
  }
  func.return %n : i64
}
