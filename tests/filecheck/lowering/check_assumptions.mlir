// RUN: ts-opt %s -p check-assumptions | filecheck %s

// What a function relies on is asserted where other tools run the text.

// CHECK-LABEL: func.func @lowered(%x: tensor<?x4xf32>, %y: tensor<?xf32>)
// CHECK: [[N:%.*]] = tensor.dim %x
// CHECK: [[M:%.*]] = tensor.dim %y
// CHECK: [[E:%.*]] = arith.cmpi eq, [[N]], [[M]] : index
// CHECK: cf.assert [[E]], "made for calls with x_0 == y_0"
// CHECK: arith.floordivsi
// CHECK: arith.cmpi sgt
// CHECK: cf.assert {{%.*}}, "made for calls with floordiv(y_0, 2) > 1"
func.func @lowered(%x : tensor<?x4xf32> {ts.sizes = ["x_0", ""]}, %y : tensor<?xf32> {ts.sizes = ["y_0"]}) -> tensor<?xf32>
    attributes {ts.assume = ["x_0 == y_0", "floordiv(y_0, 2) > 1"]} {
  func.return %y : tensor<?xf32>
}
