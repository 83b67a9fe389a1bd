// RUN: ts-opt -p ts-functionalize,ts-dce %s | filecheck %s
// RUN: ts-opt -p ts-functionalize,ts-functionalize,ts-dce %s | filecheck %s

// CHECK-LABEL: func.func @local
// CHECK-SAME:    (%x: tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT:    %0 = ts.aten.exp(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT:    %1 = ts.aten.relu_(%0) : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT:    func.return %1 : tensor<2x3xf32>
func.func @local(%x : !ts.tensor<2x3xf32>) -> !ts.tensor<2x3xf32> {
  %0 = ts.aten.exp(%x) : (!ts.tensor<2x3xf32>) -> !ts.tensor<2x3xf32>
  %1 = ts.aten.relu_(%0) : (!ts.tensor<2x3xf32>) -> !ts.tensor<2x3xf32>
  func.return %0 : !ts.tensor<2x3xf32>
}

// Memory that the caller knows stays memory; a view that is returned says so.
// CHECK-LABEL: func.func @caller
// CHECK-SAME:    (%x: !ts.tensor<2x3xf32>, %y: tensor<2x3xf32>) -> (!ts.tensor<2x3xf32> {ts.alias = [0 : i64]}, tensor<3x2xf32> {ts.alias = [1 : i64]})
// CHECK-NEXT:    ts.aten.relu_(%x) : (!ts.tensor<2x3xf32>) -> !ts.tensor<2x3xf32>
// CHECK-NEXT:    ts.aten.t(%y) : (tensor<2x3xf32>) -> tensor<3x2xf32>
func.func @caller(%x : !ts.tensor<2x3xf32>, %y : !ts.tensor<2x3xf32>) -> (!ts.tensor<2x3xf32>, !ts.tensor<3x2xf32>) {
  %0 = ts.aten.relu_(%x) : (!ts.tensor<2x3xf32>) -> !ts.tensor<2x3xf32>
  %1 = ts.aten.t(%y) : (!ts.tensor<2x3xf32>) -> !ts.tensor<3x2xf32>
  func.return %0, %1 : !ts.tensor<2x3xf32>, !ts.tensor<3x2xf32>
}

// A view that is used after a later write keeps the tensor a reference; so does a list that holds it before.
// CHECK-LABEL: func.func @view
// CHECK:         ts.aten.relu_(%{{.*}}) : (!ts.tensor<2x3xf32>) -> !ts.tensor<2x3xf32>
func.func @view(%x : !ts.tensor<2x3xf32>) -> !ts.tensor<3x2xf32> {
  %0 = ts.aten.exp(%x) : (!ts.tensor<2x3xf32>) -> !ts.tensor<2x3xf32>
  %1 = ts.aten.t(%0) : (!ts.tensor<2x3xf32>) -> !ts.tensor<3x2xf32>
  %2 = ts.aten.relu_(%0) : (!ts.tensor<2x3xf32>) -> !ts.tensor<2x3xf32>
  %3 = ts.aten.neg(%1) : (!ts.tensor<3x2xf32>) -> !ts.tensor<3x2xf32>
  func.return %3 : !ts.tensor<3x2xf32>
}

// Host objects hold references.
// CHECK-LABEL: func.func @list
// CHECK:         %[[R:.*]] = ts.to_reference %0 : tensor<2xf32> -> !ts.tensor<2xf32>
// CHECK:         ts.list %[[R]]
func.func @list(%x : !ts.tensor<2xf32>) -> !ts.list<!ts.tensor> {
  %0 = ts.aten.exp(%x) : (!ts.tensor<2xf32>) -> !ts.tensor<2xf32>
  %1 = ts.list %0 : (!ts.tensor<2xf32>) -> !ts.list<!ts.tensor>
  func.return %1 : !ts.list<!ts.tensor>
}

// What froze as written, and isn't (after folding), is a value like any other weight; the written one stays a reference.
// CHECK-LABEL: func.func @weights
// CHECK-SAME:    (%seen: tensor<2xf32> {ts.weight = "seen"}, %count: !ts.tensor<2xf32> {ts.weight = "count", ts.mutable})
func.func @weights(%seen : !ts.tensor<2xf32> {ts.weight = "seen", ts.mutable}, %count : !ts.tensor<2xf32> {ts.weight = "count", ts.mutable}) {
  %0 = ts.aten.exp(%seen) : (!ts.tensor<2xf32>) -> !ts.tensor<2xf32>
  ts.aten.relu_(%count) : (!ts.tensor<2xf32>) -> !ts.tensor<2xf32>
  func.return
}
