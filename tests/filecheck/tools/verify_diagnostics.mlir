// What is said about a text is what its comments expect: in tests of parsers, verifiers and passes.

// RUN: ts-opt %s --split-input-file --verify-diagnostics --allow-unregistered-dialect

func.func @undefined(%x: i32) -> i32 {
  // expected-error@+1 {{value %y is used but not defined}}
  %b = arith.addi %x, %y : i32
  func.return %b : i32
}

// -----

func.func @same_line(%x: i32) -> i32 {
  %b = arith.addi %x, %y : i32  // expected-error {{value %y is used}}
  func.return %b : i32
}

// -----

func.func @above(%x: i32) -> i32 {
  %b = arith.addi %x, %y : i32
  // expected-error-re@above {{value %{{[a-z]}} is used {{but|and}} not defined}}
  func.return %b : i32
}

// -----

// expected-warning@+1 {{private function @none isn't used}}
func.func private @none(%x: i32) -> i32 {
  func.return %x : i32
}

// -----

// RUN: echo 'func.func @f(%%x: i32) -> i32 { func.return %%y : i32 }' > %t.mlir
// RUN: ts-opt %t.mlir --verify-diagnostics=only-expected
// RUN: not ts-opt %t.mlir --verify-diagnostics 2>&1 | filecheck %s --check-prefix=UNEXPECTED --strict-whitespace
// UNEXPECTED:      {{.*}}.mlir:1:44: error: unexpected error: value %y is used but not defined
// UNEXPECTED-NEXT:      1 | func.func @f(%x: i32) -> i32 { func.return %y : i32 }
// UNEXPECTED-NEXT:        |                                            ^^

// RUN: sed "s/will be/expected-/" %s > %t.vain.mlir
// RUN: not ts-opt %t.vain.mlir --split-input-file --verify-diagnostics=only-expected --allow-unregistered-dialect 2>&1 | filecheck %s --check-prefix=VAIN
// VAIN:      {{.*}}.vain.mlir:{{[0-9]+}}:4: error: expected error "something else" was not produced
// VAIN-NEXT:   // expected-error@below
// VAIN-NEXT:      ^^^^^^^^^^^^^^^^^^^^

// will beerror@below {{something else}}
func.func @vain() {
  func.return
}
