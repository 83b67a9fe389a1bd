// Reports of time and of what passes did, in mlir-opt's form.

// RUN: ts-opt %s --pass-pipeline="builtin.module(func.func(ts-cse,ts-dce),ts-inline)" --mlir-timing --verify-each 2>&1 >%t.out | filecheck %s
// CHECK:      ===---{{-+}}===
// CHECK-NEXT:   {{ +}}... Execution time report ...
// CHECK-NEXT: ===---{{-+}}===
// CHECK-NEXT:   Total Execution Time: {{[0-9.]+}} seconds
// CHECK:        ----Wall Time----  ----Name----
// CHECK-NEXT:   {{ *[0-9.]+ \( *[0-9.]+%\)}}  Parser
// CHECK-NEXT:   {{ *[0-9.]+ \( *[0-9.]+%\)}}  'func.func' Pipeline
// CHECK-NEXT:   {{ *[0-9.]+ \( *[0-9.]+%\)}}    CsePass
// CHECK-NEXT:   {{ *[0-9.]+ \( *[0-9.]+%\)}}    (V) Verifier
// CHECK-NEXT:   {{ *[0-9.]+ \( *[0-9.]+%\)}}    DcePass
// CHECK-NEXT:   {{ *[0-9.]+ \( *[0-9.]+%\)}}  InlinePass
// CHECK-NEXT:   {{ *[0-9.]+ \( *[0-9.]+%\)}}  (V) Verifier
// CHECK-NEXT:   {{ *[0-9.]+ \( *[0-9.]+%\)}}  Output
// CHECK-NEXT:   {{ *[0-9.]+ \( *[0-9.]+%\)}}  Rest
// CHECK-NEXT:   {{ *[0-9.]+}} (100.0%)  Total

// RUN: ts-opt %s -p ts-cse,ts-dce,ts-cse --mlir-timing --mlir-timing-display=list 2>&1 >%t.out | filecheck %s --check-prefix=LIST
// LIST:     (100.0%)  root
// LIST:     CsePass
// LIST-NOT: CsePass
// LIST:     (100.0%)  Total

// RUN: ts-opt %s --pass-pipeline="builtin.module(func.func(ts-cse,ts-dce),ts-cse)" --mlir-pass-statistics 2>&1 >%t.out | filecheck %s --check-prefix=COUNT
// COUNT:      ... Pass statistics report ...
// COUNT:      'func.func' Pipeline
// COUNT-NEXT:   CsePass
// COUNT-NEXT:     (S) 5 num-ops     - Number of operations that the pass was given
// COUNT-NEXT:     (S) 0 num-made    - Number of operations made
// COUNT-NEXT:     (S) 1 num-removed - Number of operations removed
// COUNT-NEXT:   DcePass
// COUNT-NEXT:     (S) 4 num-ops
// COUNT:      CsePass
// COUNT-NEXT:   (S) 5 num-ops
// RUN: ts-opt %s --pass-pipeline="builtin.module(func.func(ts-dce,ts-cse),ts-cse)" --mlir-pass-statistics --mlir-pass-statistics-display=list 2>&1 >%t.out | filecheck %s --check-prefix=MERGED
// MERGED:      {{^}}CsePass
// MERGED-NEXT:   (S) 10 num-ops
// MERGED:      {{^}}DcePass

func.func @f(%x: i64) -> i64 {
  %0 = arith.addi %x, %x : i64
  %1 = arith.addi %x, %x : i64
  %2 = arith.muli %0, %1 : i64
  func.return %2 : i64
}
