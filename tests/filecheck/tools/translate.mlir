// Programs in other forms.

// RUN: %{translate} %s --to=ts | filecheck %s --check-prefix=TS
// TS: ts.aten.relu(

// RUN: %{translate} %s --to=python | filecheck %s --check-prefix=PYTHON
// PYTHON: def f(x: Tensor) -> Tensor:
// PYTHON:   return torch.relu({{.*}}x{{.*}})

// RUN: %{translate} %s --to=numpy --arg-types="tensor<2x3xf32>" | filecheck %s --check-prefix=NUMPY
// NUMPY: def f(state, x):

// RUN: %{translate} %s --to=linalg --arg-types="tensor<2x3xf32>" | filecheck %s --check-prefix=LINALG
// LINALG: arith.maximumf

// RUN: %{translate} %s --to=dot | filecheck %s --check-prefix=DOT
// DOT:      digraph program {
// DOT:        label="@f";
// DOT:        n2 [label="ts.aten.relu\n!ts.tensor"];
// DOT:        n1 -> n2 [label="!ts.tensor"];

// RUN: %{translate} %s --to=svg | filecheck %s --check-prefix=SVG
// SVG: <svg xmlns="http://www.w3.org/2000/svg"
// SVG: >ts.aten.relu</text>

// JSON keeps everything.
// RUN: %{translate} %s -o %t.json
// RUN: %{translate} %t.json --to=ir | filecheck %s --check-prefix=BACK
// BACK:      func.func @f(%x: !ts.tensor) -> !ts.tensor {
// BACK-NEXT:   %0 = ts.aten.relu(%x) : (!ts.tensor) -> !ts.tensor
// BACK-NEXT:   func.return %0 : !ts.tensor

// RUN: not %{translate} %s --to=pictur 2>&1 | filecheck %s --check-prefix=FORM
// FORM: error: argument --to: invalid choice: 'pictur'

func.func @f(%x: !ts.tensor) -> !ts.tensor {
  %0 = ts.aten.relu(%x) : (!ts.tensor) -> !ts.tensor
  func.return %0 : !ts.tensor
}
