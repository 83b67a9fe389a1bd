// RUN: not ts-opt %s --split-input-file 2>&1 >/dev/null | filecheck %s
// Malformed programs: one message each, with the place.

// CHECK: operand 0 (%a) isn't defined before this use
func.func @f() {
  %b = arith.addi %a, %a : i64
  %a = arith.constant 1 : i64
  func.return
}
// -----
// CHECK: value %a is used but not defined
func.func @f(%c: i1) {
  scf.if %c {
    %a = arith.constant 1 : i64
  }
  %b = arith.addi %a, %a : i64
  func.return
}
// -----
// CHECK: operand 0 (%a) isn't defined before this use
func.func @f(%c: i1) {
  "cf.cond_br"(%c)[^bb1, ^bb2] <{operandSegmentSizes = array<i32: 1, 0, 0>}> : (i1) -> ()
^bb1:
  %a = arith.constant 1 : i64
  cf.br ^bb2
^bb2:
  %b = arith.addi %a, %a : i64
  func.return
}
// -----
// CHECK: expected a terminator at the end of the block, found an empty block
"func.func"() <{sym_name = "f", function_type = () -> ()}> ({
^bb0:
}) : () -> ()
// -----
// CHECK: is not a terminator
func.func @f() {
  %a = arith.constant 1 : i64
}
// -----
// CHECK: SSA value %x is already defined
func.func @f(%x: i64) {
  %x = arith.constant 1 : i64
  func.return
}
// -----
// CHECK: expected an operation
}
// -----
// CHECK: end of file reached before closing string literal
%0 = ts.constant "abc
