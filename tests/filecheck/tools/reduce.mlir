// IR that gets smaller while a pass fails on it, in this process or by a command.

// RUN: env PYTHONPATH=%S/Inputs/wrong_passes:%{root} %{reduce} %s -p ts-dce,wrong-crash --fails-with="no multiplication" -o %t.mlir 2>&1 | filecheck %s --check-prefix=SAID
// SAID: ts-reduce: {{[0-9]+}} operations, {{[0-9]+}} values and symbols after {{[0-9]+}} tests
// SAID: ts-reduce: it fails with: pass wrong-crash failed: no multiplication, please
// RUN: ts-opt %t.mlir | filecheck %s
// CHECK:      builtin.module {
// CHECK-NEXT:   func.func @f(%x: i64) -> i64 {
// CHECK-NEXT:     %0 = arith.muli %x, %x : i64
// CHECK-NEXT:     func.return %0 : i64
// CHECK-NEXT:   }
// CHECK-NEXT: }

// RUN: %{reduce} %s --quiet --test "! grep -q muli" | filecheck %s --check-prefix=COMMAND
// COMMAND:      func.func @f(%x: i64) {
// COMMAND-NEXT:   arith.muli %x, %x : i64
// COMMAND-NEXT:   func.return
// COMMAND-NEXT: }

// RUN: not %{reduce} %s -p ts-dce --fails 2>&1 | filecheck %s --check-prefix=FINE
// FINE: error: the input isn't interesting: nothing fails on it
// RUN: not %{reduce} %s 2>&1 | filecheck %s --check-prefix=WHAT
// WHAT: error: what has to fail?
// WHAT-NEXT: hint: give --test COMMAND
// RUN: not %{reduce} %s --test no-such-command-here 2>&1 | filecheck %s --check-prefix=MISSING
// MISSING: error: the test can't be run: no-such-command-here

func.func private @helper(%x: i64) -> i64 {
  %0 = arith.addi %x, %x : i64
  func.return %0 : i64
}
func.func @f(%x: i64, %c: i1, %t: tensor<3xf32>) -> (i64, tensor<3xf32>) attributes {a.b = 3 : i64} {
  %k = arith.constant 17 : i64
  %0 = arith.addi %x, %k : i64
  %1 = scf.if %c -> (i64) {
    %2 = func.call @helper(%0) : (i64) -> i64
    %3 = arith.muli %2, %0 : i64
    scf.yield %3 : i64
  } else {
    scf.yield %x : i64
  }
  %4 = arith.addf %t, %t : tensor<3xf32>
  %5 = arith.subi %1, %0 : i64
  func.return %5, %4 : i64, tensor<3xf32>
}
func.func @g(%x: i64) -> i64 {
  func.return %x : i64
}
