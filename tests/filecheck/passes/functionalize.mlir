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

// Memory that the caller knows stays memory, and so does the other argument, which may be the same; a view that is returned says so.
// CHECK-LABEL: func.func @caller
// CHECK-SAME:    (%x: !ts.tensor<2x3xf32>, %y: !ts.tensor<2x3xf32>) -> (!ts.tensor<2x3xf32> {ts.alias = [0 : i64]}, !ts.tensor<3x2xf32> {ts.alias = [1 : i64], ts.view})
// CHECK-NEXT:    ts.aten.relu_(%x) : (!ts.tensor<2x3xf32>) -> !ts.tensor<2x3xf32>
// CHECK-NEXT:    %[[T:.*]] = ts.aten.t(%y) : (!ts.tensor<2x3xf32>) -> !ts.tensor<3x2xf32>
// CHECK-NEXT:    func.return %x, %[[T]]
func.func @caller(%x : !ts.tensor<2x3xf32>, %y : !ts.tensor<2x3xf32>) -> (!ts.tensor<2x3xf32>, !ts.tensor<3x2xf32>) {
  %0 = ts.aten.relu_(%x) : (!ts.tensor<2x3xf32>) -> !ts.tensor<2x3xf32>
  %1 = ts.aten.t(%y) : (!ts.tensor<2x3xf32>) -> !ts.tensor<3x2xf32>
  func.return %0, %1 : !ts.tensor<2x3xf32>, !ts.tensor<3x2xf32>
}

// A view that is used after a later write is taken again of the tensor's new value.
// CHECK-LABEL: func.func @view
// CHECK:         %[[E:.*]] = ts.aten.exp(%x)
// CHECK-NEXT:    %[[R:.*]] = ts.aten.relu_(%[[E]]) : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT:    %[[T:.*]] = ts.aten.t(%[[R]]) : (tensor<2x3xf32>) -> tensor<3x2xf32>
// CHECK-NEXT:    ts.aten.neg(%[[T]]) : (tensor<3x2xf32>) -> tensor<3x2xf32>
func.func @view(%x : !ts.tensor<2x3xf32>) -> !ts.tensor<3x2xf32> {
  %0 = ts.aten.exp(%x) : (!ts.tensor<2x3xf32>) -> !ts.tensor<2x3xf32>
  %1 = ts.aten.t(%0) : (!ts.tensor<2x3xf32>) -> !ts.tensor<3x2xf32>
  %2 = ts.aten.relu_(%0) : (!ts.tensor<2x3xf32>) -> !ts.tensor<2x3xf32>
  %3 = ts.aten.neg(%1) : (!ts.tensor<3x2xf32>) -> !ts.tensor<3x2xf32>
  func.return %3 : !ts.tensor<3x2xf32>
}

// A write to a part of a tensor, in a loop: the tensor's value goes through it.
// CHECK-LABEL: func.func @part
// CHECK:         %[[N:.*]] = scf.for %i = %a to %n step %b iter_args(%[[V:.*]] = %{{.*}}) -> (tensor<2x3xf32>)
// CHECK:           %[[S:.*]] = ts.aten.select.int(%[[V]], %zero, %i) : (tensor<2x3xf32>, i64, i64) -> tensor<3xf32>
// CHECK-NEXT:      %[[C:.*]] = ts.aten.relu_(%[[S]]) : (tensor<3xf32>) -> tensor<3xf32>
// CHECK-NEXT:      %[[W:.*]] = ts.aten.select_scatter(%[[V]], %[[C]], %zero, %i)
// CHECK-NEXT:      scf.yield %[[W]] : tensor<2x3xf32>
// CHECK:         func.return %[[N]] : tensor<2x3xf32>
func.func @part(%x : !ts.tensor<2x3xf32>, %a : i64, %n : i64, %b : i64) -> !ts.tensor<2x3xf32> {
  %zero = arith.constant 0 : i64
  %0 = ts.aten.exp(%x) : (!ts.tensor<2x3xf32>) -> !ts.tensor<2x3xf32>
  scf.for %i = %a to %n step %b : i64 {
    %1 = ts.aten.select.int(%0, %zero, %i) : (!ts.tensor<2x3xf32>, i64, i64) -> !ts.tensor<3xf32>
    %2 = ts.aten.relu_(%1) : (!ts.tensor<3xf32>) -> !ts.tensor<3xf32>
  }
  func.return %0 : !ts.tensor<2x3xf32>
}

// What a list holds before the last write stays memory; an operator that reads it takes its value of the moment.
// CHECK-LABEL: func.func @kept
// CHECK:         %[[E:.*]] = ts.aten.exp(%x) : (tensor<2xf32>) -> tensor<2xf32>
// CHECK-NEXT:    %[[R:.*]] = ts.to_reference %[[E]]
// CHECK-NEXT:    %[[L:.*]] = ts.list %[[R]]
// CHECK-NEXT:    ts.aten.relu_(%[[R]]) : (!ts.tensor<2xf32>) -> !ts.tensor<2xf32>
// CHECK-NEXT:    %[[V:.*]] = ts.to_value %[[R]]
// CHECK-NEXT:    ts.aten.neg(%[[V]]) : (tensor<2xf32>) -> tensor<2xf32>
func.func @kept(%x : !ts.tensor<2xf32>) -> (!ts.list<!ts.tensor>, !ts.tensor<2xf32>) {
  %0 = ts.aten.exp(%x) : (!ts.tensor<2xf32>) -> !ts.tensor<2xf32>
  %1 = ts.list %0 : (!ts.tensor<2xf32>) -> !ts.list<!ts.tensor>
  %2 = ts.aten.relu_(%0) : (!ts.tensor<2xf32>) -> !ts.tensor<2xf32>
  %3 = ts.aten.neg(%0) : (!ts.tensor<2xf32>) -> !ts.tensor<2xf32>
  func.return %1, %3 : !ts.list<!ts.tensor>, !ts.tensor<2xf32>
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
