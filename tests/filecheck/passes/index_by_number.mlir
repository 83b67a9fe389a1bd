// RUN: ts-opt -p ts-index-by-number %s | filecheck %s
// RUN: ts-opt -p ts-index-by-number,ts-index-by-number %s | filecheck %s

// CHECK-LABEL: func.func @view
// CHECK:         %0 = ts.aten.item(%at)
// CHECK:         %1 = ts.py.int(%0)
// CHECK:         %3 = ts.aten.select.int(%x, %2, %1)
// CHECK-NEXT:    func.return %3
func.func @view(%x : !ts.tensor, %at : !ts.tensor<i64>) -> !ts.tensor {
  %l = ts.list %at : (!ts.tensor<i64>) -> !ts.list<!ts.tensor>
  %0 = ts.aten.index.Tensor(%x, %l) : (!ts.tensor, !ts.list<!ts.tensor>) -> !ts.tensor
  func.return %0 : !ts.tensor
}

// What is left is indexed with as before.
// CHECK-LABEL: func.func @rest
// CHECK:         ts.aten.select.int
// CHECK:         ts.list %more
// CHECK-NEXT:    ts.aten.index.Tensor
func.func @rest(%x : !ts.tensor, %at : !ts.tensor<i64>, %more : !ts.tensor<2xi64>) -> !ts.tensor {
  %l = ts.list %at, %more : (!ts.tensor<i64>, !ts.tensor<2xi64>) -> !ts.list<!ts.tensor>
  %0 = ts.aten.index.Tensor(%x, %l) : (!ts.tensor, !ts.list<!ts.tensor>) -> !ts.tensor
  func.return %0 : !ts.tensor
}

// A mask, a vector, and what isn't known.
// CHECK-LABEL: func.func @kept
// CHECK-COUNT-3: ts.aten.index.Tensor
func.func @kept(%x : !ts.tensor, %m : !ts.tensor<i1>, %v : !ts.tensor<1xi64>, %u : !ts.tensor) -> !ts.tensor {
  %l = ts.list %m : (!ts.tensor<i1>) -> !ts.list<!ts.tensor>
  %0 = ts.aten.index.Tensor(%x, %l) : (!ts.tensor, !ts.list<!ts.tensor>) -> !ts.tensor
  %k = ts.list %v : (!ts.tensor<1xi64>) -> !ts.list<!ts.tensor>
  %1 = ts.aten.index.Tensor(%0, %k) : (!ts.tensor, !ts.list<!ts.tensor>) -> !ts.tensor
  %j = ts.list %u : (!ts.tensor) -> !ts.list<!ts.tensor>
  %2 = ts.aten.index.Tensor(%1, %j) : (!ts.tensor, !ts.list<!ts.tensor>) -> !ts.tensor
  func.return %2 : !ts.tensor
}
