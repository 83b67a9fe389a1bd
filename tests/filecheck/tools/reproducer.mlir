// Reproducers: IR and the pipeline that fails on it in one file, which ts-opt (and mlir-opt, for its passes) runs again.

// RUN: not ts-opt %s -p "func.func(ts-cse),ts-set-types{types=i1 entry=f},ts-dce" --mlir-pass-pipeline-crash-reproducer=%t.all.mlir 2>&1 | filecheck %s --check-prefix=SAID
// SAID: error: @f: 'x' is declared i64, which i1 doesn't fit
// SAID: note: pipeline failed while executing SetTypesPass (ts-set-types) on 'builtin.module' operation: reproducer generated at {{.*}}.all.mlir

// RUN: filecheck %s --check-prefix=ALL < %t.all.mlir
// ALL:      %b = arith.addi %x, %x : i64 loc("m.py":3:4)
// ALL:      {-#
// ALL-NEXT:   external_resources: {
// ALL-NEXT:     mlir_reproducer: {
// ALL-NEXT:       pipeline: "builtin.module(func.func(ts-cse),ts-set-types{types=i1 entry=f},ts-dce)",
// ALL-NEXT:       disable_threading: true,
// ALL-NEXT:       verify_each: false
// ALL-NEXT:     }
// ALL-NEXT:   }
// ALL-NEXT: #-}

// RUN: not ts-opt %t.all.mlir --run-reproducer 2>&1 | filecheck %s --check-prefix=AGAIN
// AGAIN: error: @f: 'x' is declared i64, which i1 doesn't fit
// RUN: ts-opt %t.all.mlir | filecheck %s --check-prefix=PLAIN
// PLAIN: func.func @f
// PLAIN-NOT: external_resources

// The local one has the failing pass alone, and what it was given.
// RUN: not ts-opt %s -p "func.func(ts-cse),ts-set-types{types=i1 entry=f},ts-dce" --mlir-pass-pipeline-crash-reproducer=%t.one.mlir --mlir-pass-pipeline-local-reproducer 2>%t.err
// RUN: filecheck %s --check-prefix=ONE < %t.one.mlir
// ONE-NOT: %b = arith.addi
// ONE:     pipeline: "builtin.module(ts-set-types{types=i1 entry=f})",

// Without a failure nothing is left.
// RUN: rm -f %t.none.mlir
// RUN: ts-opt %s -p ts-cse --mlir-pass-pipeline-crash-reproducer=%t.none.mlir | filecheck %s --check-prefix=PLAIN
// RUN: not ts-opt %t.none.mlir
// RUN: not ts-opt %t.none.mlir.running

// Or a reproducer of a pipeline that works.
// RUN: ts-opt %s -p "func.func(cse,canonicalize)" --verify-each --mlir-generate-reproducer=%t.any.mlir >%t.direct.mlir
// RUN: ts-opt %t.any.mlir --run-reproducer --print-ir-diff 2>%t.err >%t.rerun.mlir
// RUN: filecheck %s --check-prefix=ANY < %t.any.mlir
// ANY: pipeline: "builtin.module(func.func(cse,canonicalize))",
// ANY: verify_each: true

// RUN: not ts-opt %s --run-reproducer 2>&1 | filecheck %s --check-prefix=NONE
// NONE: is no reproducer: it has no pipeline

// RUN: %python -c "import sys; a, b = [open(p).read() for p in sys.argv[1:]]; assert a == b" %t.direct.mlir %t.rerun.mlir

func.func @f(%x: i64) -> i64 {
  %a = arith.addi %x, %x : i64
  %b = arith.addi %x, %x : i64 loc("m.py":3:4)
  %c = arith.muli %a, %b : i64
  func.return %c : i64
}
