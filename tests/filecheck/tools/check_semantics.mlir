// The program runs before the passes and after each; the first that changes a result is named, with the inputs.

// RUN: ts-opt %s --check-semantics --pipeline=linalg --arg-types="tensor<?x3xf32>,i64" 2>&1 >%t.out | filecheck %s --check-prefix=SAME
// SAME: // semantics: @f gives the same for 3 inputs after each of {{[0-9]+}} passes

// RUN: not env PYTHONPATH=%S/Inputs/wrong_passes:%{root} %{opt} %s --check-semantics -p ts-cse,wrong-drop-relu,ts-dce 2>&1 | filecheck %s --check-prefix=RELU
// RELU:      error: pass wrong-drop-relu changes the result[0] of @f
// RELU-NEXT: note: inputs 0 of seed 0: x = float32[2, 3] {{\[\[}}{{.*}}]], n = {{[0-9]}}
// RELU-NEXT: note: before: float32[2, 3]
// RELU-NEXT: note: after: float32[2, 3]
// RELU-NEXT: note: largest difference: {{[0-9.]+}} at [{{[0-9]}}, {{[0-9]}}]: {{.*}} and {{.*}}

// What is wrong for special values alone is found with the inputs that have such.
// RUN: not env PYTHONPATH=%S/Inputs/wrong_passes:%{root} %{opt} %s --check-semantics --seed=7 --wrong-drop-nan-to-num 2>&1 | filecheck %s --check-prefix=SPECIAL
// SPECIAL:      error: pass wrong-drop-nan-to-num changes the result[1] of @f
// SPECIAL-NEXT: note: inputs 1 of seed 7:
// SPECIAL:      note: largest difference: inf at

func.func @f(%x: !ts.tensor, %n: i64) -> !ts.tuple<!ts.tensor, !ts.tensor, i64> {
  %0 = ts.aten.relu(%x) : (!ts.tensor) -> !ts.tensor
  %none = ts.constant #ts.none : none
  %1 = ts.aten.nan_to_num(%x, %none, %none, %none) : (!ts.tensor, none, none, none) -> !ts.tensor
  %2 = ts.tuple %0, %1, %n : (!ts.tensor, !ts.tensor, i64) -> !ts.tuple<!ts.tensor, !ts.tensor, i64>
  func.return %2 : !ts.tuple<!ts.tensor, !ts.tensor, i64>
}
