// Pipelines in mlir-opt's syntax: nested, with options, named ones among them, mixed with passes as options.

// RUN: ts-opt %s --pass-pipeline="builtin.module(func.func(ts-cse,ts-dce),ts-symbol-dce)" | filecheck %s --check-prefix=NESTED
// NESTED:      func.func @f(%x: i64) -> i64 {
// NESTED-NEXT:   %a = arith.addi %x, %x : i64
// NESTED-NEXT:   %c = arith.muli %a, %a : i64
// NESTED-NEXT:   func.return %c : i64
// NESTED-NOT:  @unused

// xDSL's passes can be nested, too, and options are spelled with one dash or two.
// RUN: ts-opt %s --pass-pipeline="builtin.module(any(cse), func.func(canonicalize))" | filecheck %s --check-prefix=ANY
// RUN: ts-opt %s --cse --canonicalize | filecheck %s --check-prefix=ANY
// RUN: ts-opt -cse -p canonicalize %s | filecheck %s --check-prefix=ANY
// ANY:     arith.muli %a, %a : i64
// ANY:     @unused

// What will run, in the order in which it was given, in a form that can be given again.
// RUN: ts-opt %s --ts-inline -p "func.func(ts-cse,ts-dce)" --ts-canonicalize="tables=views,folding" --cse --dump-pass-pipeline 2>&1 >%t.out | filecheck %s --check-prefix=DUMP --match-full-lines --strict-whitespace
//      DUMP:Pass Manager with 4 passes:
// DUMP-NEXT:builtin.module(
// DUMP-NEXT:  ts-inline,
// DUMP-NEXT:  func.func(
// DUMP-NEXT:    ts-cse,
// DUMP-NEXT:    ts-dce
// DUMP-NEXT:  ),
// DUMP-NEXT:  ts-canonicalize{tables=views,folding},
// DUMP-NEXT:  cse
// DUMP-NEXT:)
// RUN: not ts-opt %s --pass-pipeline="builtin.module(ts-set-types{types=i64,tensor<2x3xf32> entry=f})" --dump-pass-pipeline 2>&1 | filecheck %s --check-prefix=VALUES
// VALUES:  ts-set-types{types="i64,tensor<2x3xf32>" entry=f}

// A named pipeline is a part like any other.
// RUN: ts-opt %s --pass-pipeline="builtin.module(optimize)" --dump-pass-pipeline 2>&1 | filecheck %s --check-prefix=OPTIMIZE
// OPTIMIZE: ts-inline,
// OPTIMIZE: ts-dce

// RUN: not ts-opt %s --pass-pipeline="builtin.module(ts-cse)" --cse 2>&1 | filecheck %s --check-prefix=BOTH
// BOTH: error: --pass-pipeline can't be used with --passes, --pipeline and passes as options

// RUN: not ts-opt %s --pass-pipeline="ts-cse" 2>&1 | filecheck %s --check-prefix=BARE
// BARE:      <pass-pipeline>:1:1: error: expected a pipeline that is wrapped in the operation that it runs on
// BARE:      hint: write builtin.module(ts-cse)

// RUN: not ts-opt %s --pass-pipeline="builtin.module(func.func(ts-cse),ts-dec)" 2>&1 | filecheck %s --check-prefix=UNKNOWN --strict-whitespace
// UNKNOWN:      <pass-pipeline>:1:34: error: there is no pass 'ts-dec'
// UNKNOWN-NEXT:      1 | builtin.module(func.func(ts-cse),ts-dec)
// UNKNOWN-NEXT:        |                                  ^^^^^^
// UNKNOWN-NEXT: hint: did you mean `ts-dce`

// RUN: not ts-opt %s --pass-pipeline="builtin.module(func.func(ts-inline))" 2>&1 | filecheck %s --check-prefix=NEST
// NEST: 1:26: error: pass 'ts-inline' works on a builtin.module, it can't be nested in func.func

// RUN: not ts-opt %s -p "ts-canonicalize{tabels=views}" 2>&1 | filecheck %s --check-prefix=OPTION
// OPTION:      1:17: error: pass 'ts-canonicalize' has no option 'tabels'
// OPTION:      hint: did you mean `tables`?

// RUN: not ts-opt %s --ts-ces 2>&1 | filecheck %s --check-prefix=FLAG
// FLAG: error: there is no option --ts-ces

func.func @f(%x: i64) -> i64 {
  %a = arith.addi %x, %x : i64
  %b = arith.addi %x, %x : i64
  %c = arith.muli %a, %b : i64
  func.return %c : i64
}
func.func private @unused(%x: i64) -> i64 {
  func.return %x : i64
}
