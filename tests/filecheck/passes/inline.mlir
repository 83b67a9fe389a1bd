// RUN: ts-opt -p ts-inline %s | filecheck %s
// RUN: ts-opt -p ts-inline,ts-inline %s | filecheck %s
// RUN: ts-opt -p "ts-inline{entry=f},ts-symbol-dce" %s | filecheck %s --check-prefix=DROP
// RUN: ts-opt -p ts-inline --print-debuginfo %s | filecheck %s --check-prefix=LOC

// CHECK-LABEL: func.func @f
// CHECK-NEXT:    %0 = ts.py.add(%x, %x) : (i64, i64) -> i64
// CHECK-NEXT:    %1 = ts.py.add(%0, %0) : (i64, i64) -> i64
// CHECK-NEXT:    %2 = func.call @recursive(%1) : (i64) -> i64
// CHECK-NEXT:    func.return %2 : i64

// DROP-NOT: @double
// DROP:     @recursive
// DROP-NOT: @unused

// LOC: ts.py.add(%x, %x) : (i64, i64) -> i64 loc(callsite("callee.py":2:5 at "caller.py":7:3))
func.func @f(%x : i64) -> i64 {
  %0 = func.call @double(%x) : (i64) -> i64 loc("caller.py":7:3)
  %1 = func.call @double(%0) : (i64) -> i64 loc("caller.py":8:3)
  %2 = func.call @recursive(%1) : (i64) -> i64
  func.return %2 : i64
}
func.func private @double(%y : i64) -> i64 {
  %0 = ts.py.add(%y, %y) : (i64, i64) -> i64 loc("callee.py":2:5)
  func.return %0 : i64
}
func.func private @recursive(%y : i64) -> i64 {
  %0 = func.call @recursive(%y) : (i64) -> i64
  func.return %0 : i64
}
func.func private @unused() {
  func.return
}
