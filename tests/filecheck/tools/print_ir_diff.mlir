// What each pass changed. Values keep their names, so that only what changed is shown.

// RUN: ts-opt %s --pass-pipeline="builtin.module(ts-inline,func.func(ts-cse,ts-dce))" --print-ir-diff 2>&1 >%t.out | filecheck %s --match-full-lines --strict-whitespace
//     CHECK:--- before CsePass (ts-cse) ('func.func' operation: @f)
//CHECK-NEXT:+++ after CsePass (ts-cse) ('func.func' operation: @f)
//CHECK-NEXT:@@ -1,7 +1,6 @@
//CHECK-NEXT: func.func @f(%x: i64) -> i64 {
//CHECK-NEXT:   %0 = arith.addi %x, %x : i64
//CHECK-NEXT:-  %1 = arith.addi %x, %x : i64
//CHECK-NEXT:-  %2 = arith.muli %0, %1 : i64
//CHECK-NEXT:+  %2 = arith.muli %0, %0 : i64
//CHECK-NEXT:   %3 = arith.addi %2, %2 : i64
//CHECK-NEXT:   func.return %3 : i64
//CHECK-NEXT: }
// CHECK-NOT:--- {{.*}}

func.func @f(%x: i64) -> i64 {
  %0 = arith.addi %x, %x : i64
  %1 = arith.addi %x, %x : i64
  %2 = arith.muli %0, %1 : i64
  %3 = arith.addi %2, %2 : i64
  func.return %3 : i64
}
