// Operations that nobody declared, modules that have to be written, parts of a file, constants without their values.

// RUN: ts-opt %s --allow-unregistered-dialect --split-input-file | filecheck %s
// CHECK:      %0 = "foreign.op"(%x) {key = 1 : i32} : (i32) -> !foreign.type<4>
// CHECK:      // -----
// CHECK:      dense<[1, 2, 3]>

// RUN: not ts-opt %s --split-input-file 2>&1 | filecheck %s --check-prefix=UNKNOWN
// UNKNOWN: reading.mlir:{{[0-9]+}}:9: error[TS701]: operation foreign.op is not registered

// RUN: not ts-opt %s --allow-unregistered-dialect --split-input-file --no-implicit-module 2>&1 | filecheck %s --check-prefix=MODULE
// MODULE: builtin.module operation expected
// RUN: ts-opt %s --allow-unregistered-dialect --split-input-file | ts-opt - --allow-unregistered-dialect --split-input-file --no-implicit-module | filecheck %s

// RUN: ts-opt %s --allow-unregistered-dialect --split-input-file="// -----" --output-split-marker="// next" --mlir-elide-elementsattrs-if-larger=2 | filecheck %s --check-prefix=ELIDED
// ELIDED: // next
// ELIDED: dense_resource<__elided__> : tensor<3xi32>
// RUN: ts-opt %s --allow-unregistered-dialect --split-input-file --mlir-elide-elementsattrs-if-larger=3 | filecheck %s

// RUN: sed "s/^\/\/ -----$/\/\/ cut/" %s > %t.mlir
// RUN: ts-opt %t.mlir --allow-unregistered-dialect --split-input-file="// cut" | filecheck %s --check-prefix=CUT
// CUT: // cut

func.func @f(%x: i32) {
  %0 = "foreign.op"(%x) {key = 1 : i32} : (i32) -> !foreign.type<4>
  func.return
}
// -----
func.func @g() -> tensor<3xi32> {
  %0 = arith.constant dense<[1, 2, 3]> : tensor<3xi32>
  func.return %0 : tensor<3xi32>
}
