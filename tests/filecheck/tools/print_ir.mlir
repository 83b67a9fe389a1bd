// Printing around passes, with mlir-opt's options and headers.

// RUN: ts-opt %s -p ts-cse,ts-dce --mlir-print-ir-before=ts-dce --mlir-print-ir-after=ts-cse,ts-dce 2>&1 >%t.out | filecheck %s
// CHECK:      // -----// IR Dump After CsePass (ts-cse) //----- //
// CHECK-NEXT: builtin.module {
// CHECK-NEXT:   func.func @f(%x: i64) -> i64 {
// CHECK-NEXT:     %a = arith.addi %x, %x : i64
// CHECK-NEXT:     %c = arith.muli %a, %a : i64
// CHECK:      // -----// IR Dump Before DcePass (ts-dce) //----- //
// CHECK:      // -----// IR Dump After DcePass (ts-dce) //----- //

// Only what a pass changed; a nested pass prints its operation.
// RUN: ts-opt %s --pass-pipeline="builtin.module(func.func(ts-cse,ts-dce))" -mlir-print-ir-after-change 2>&1 >%t.out | filecheck %s --check-prefix=CHANGE
// CHANGE:      // -----// IR Dump After CsePass (ts-cse) //----- //
// CHANGE-NEXT: func.func @f(%x: i64) -> i64 {
// CHANGE-NOT:  IR Dump
// CHANGE-NOT:  @g

// Or the whole module, in generic form and with locations.
// RUN: ts-opt %s --pass-pipeline="builtin.module(func.func(ts-cse))" --mlir-print-ir-before-all --mlir-print-ir-module-scope --mlir-print-op-generic --mlir-print-debuginfo 2>&1 >%t.out | filecheck %s --check-prefix=SCOPE
// SCOPE: // -----// IR Dump Before CsePass (ts-cse) ('func.func' operation: @f) //----- //
// SCOPE: "func.func"() <{sym_name = "f"
// SCOPE: "arith.muli"({{.*}}) {{.*}} : (i64, i64) -> i64 loc("m.py":3:4)
// SCOPE: "func.func"() <{sym_name = "g"
// SCOPE: // -----// IR Dump Before CsePass (ts-cse) ('func.func' operation: @g) //----- //

// Into a tree of files.
// RUN: rm -rf %t.tree
// RUN: ts-opt %s --pass-pipeline="builtin.module(func.func(ts-cse),ts-dce)" --mlir-print-ir-after-all --mlir-print-ir-tree-dir=%t.tree 2>&1 | filecheck %s --check-prefix=QUIET
// RUN: filecheck %s --check-prefix=TREE < %t.tree/builtin_module_no-symbol-name/func_func_f/0_0_ts-cse.mlir
// RUN: filecheck %s --check-prefix=ROOT < %t.tree/builtin_module_no-symbol-name/1_ts-dce.mlir
// QUIET-NOT: IR Dump
// TREE: // -----// IR Dump After CsePass (ts-cse) //----- //
// TREE-NEXT: func.func @f
// ROOT: // -----// IR Dump After DcePass (ts-dce) //----- //
// ROOT-NEXT: builtin.module

// What a pass leaves that fails.
// RUN: not ts-opt %s -p "ts-cse,ts-set-types{types=i1 entry=f},ts-dce" --mlir-print-ir-after-failure 2>&1 >%t.out | filecheck %s --check-prefix=FAILURE
// FAILURE-NOT: CsePass
// FAILURE: // -----// IR Dump After SetTypesPass Failed (ts-set-types) //----- //
// FAILURE-NEXT: "builtin.module"()
// FAILURE: error: @f: 'x' is declared i64, which i1 doesn't fit

// The last pass is printed, too, by the older spelling.
// RUN: ts-opt %s -p ts-cse,ts-dce --print-between-passes 2>&1 >%t.out | filecheck %s --check-prefix=BETWEEN
// BETWEEN: IR Dump Before CsePass (ts-cse)
// BETWEEN: IR Dump Before DcePass (ts-dce)

// RUN: not ts-opt %s --mlir-print-ir-after=ts-ces 2>&1 | filecheck %s --check-prefix=NAME
// NAME: error: there is no pass 'ts-ces'
// NAME-NEXT: hint: did you mean {{.*}}`ts-cse`

func.func @f(%x: i64) -> i64 {
  %a = arith.addi %x, %x : i64
  %b = arith.addi %x, %x : i64
  %c = arith.muli %a, %b : i64 loc("m.py":3:4)
  func.return %c : i64
}
func.func @g(%x: i64) -> i64 {
  func.return %x : i64
}
