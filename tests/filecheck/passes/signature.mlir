// RUN: ts-opt -p 'ts-set-types{entry=f types="tensor<2x?xf32>,i64"}' %s | filecheck %s
// RUN: ts-opt --arg-types="tensor<2x?xf32>,i64" --entry=f %s | filecheck %s
// RUN: ts-opt -p ts-freeze,ts-dce,ts-drop-self,ts-symbol-dce %s | filecheck %s --check-prefix=DROP
// RUN: ts-opt -p ts-freeze,ts-dce,ts-drop-self --verify-each %s | filecheck %s --check-prefix=METHOD
// RUN: not ts-opt --arg-types=i64 --entry=f %s 2>&1 | filecheck %s --check-prefix=COUNT
// RUN: not ts-opt --arg-types=f32,i64 --entry=f %s 2>&1 | filecheck %s --check-prefix=FIT
// RUN: not ts-opt --arg-types=tensor,i64 --entry=f %s 2>&1 | filecheck %s --check-prefix=READ
// RUN: ts-opt --pipeline=linalg %s 2>&1 | filecheck %s --check-prefix=NOTE
// RUN: ts-opt --pipeline=linalg --arg-types="tensor<3xf32>,i64" --entry=f %s 2>&1 | filecheck %s --check-prefix=LINALG

// COUNT: error: @f takes 2 arguments, 1 types are given
// FIT:   error: @f: 'x' is declared !ts.tensor, which f32 doesn't fit
// READ:  error: the types 'tensor,i64' can't be read
// NOTE:  note: 2 operators stay, as their arguments' types aren't known: give --arg-types
// LINALG-NOT: ts.aten.relu(%x)
// LINALG: arith.maximumf

// A function without its object is no method any more; one that is called by its name stays as it is.
// METHOD:     ts.class "module" @M
// METHOD-NOT: ts.method
// METHOD:     func.func @M.forward(%x: !ts.tensor
// METHOD:     ts.method "run" = @N.run

// CHECK: func.func @f(%x: !ts.tensor<2x?xf32>, %n: i64) -> !ts.tensor
func.func @f(%x : !ts.tensor, %n : i64) -> !ts.tensor {
  %0 = ts.aten.relu(%x) : (!ts.tensor) -> !ts.tensor
  func.return %0 : !ts.tensor
}

// DROP-NOT: ts.class
// DROP: func.func @M.forward(%x: !ts.tensor, %w_weight: !ts.tensor {ts.weight = "weight"})
// DROP-NOT: @unused
// DROP-NOT: ts.class
ts.class "module" @M {
  ts.attribute "parameter" "weight" : !ts.tensor
  ts.method "forward" = @M.forward {exported}
}
func.func @M.forward(%self : !ts.class<@M>, %x : !ts.tensor) -> !ts.tensor {
  %w = ts.getattr %self["weight"] : !ts.class<@M> -> !ts.tensor
  %0 = ts.aten.mul.Tensor(%x, %w) : (!ts.tensor, !ts.tensor) -> !ts.tensor
  func.return %0 : !ts.tensor
}
func.func private @unused(%x : i64) -> i64 {
  func.return %x : i64
}
ts.class "class" @N {
  ts.method "run" = @N.run
}
func.func private @N.run(%self : !ts.class<@N>, %x : i64) -> i64 {
  func.return %x : i64
}
func.func private @call(%n : !ts.class<@N>, %x : i64) -> i64 {
  %0 = ts.call_method %n["run"](%x) : !ts.class<@N>, (i64) -> i64
  func.return %0 : i64
}
