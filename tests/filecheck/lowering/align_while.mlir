// RUN: ts-opt -p align-while %s | filecheck %s

// CHECK-LABEL: func.func @f
// CHECK:         %[[N:.*]], %[[R:.*]] = scf.while (%go = %c, %a = %x) : (i1, f64) -> (i1, f64) {
// CHECK-NEXT:      scf.condition(%go) %go, %a : i1, f64
// CHECK:         ^{{.*}}(%{{.*}}: i1, %[[B:.*]]: f64):
// CHECK-NEXT:      arith.addf %[[B]], %[[B]]
// CHECK:         func.return %[[R]]
func.func @f(%x : f64, %c : i1) -> f64 {
  %r = scf.while (%go = %c, %a = %x) : (i1, f64) -> f64 {
    scf.condition(%go) %a : f64
  } do {
  ^bb0(%b : f64):
    %d = arith.addf %b, %b : f64
    %false = arith.constant false
    scf.yield %false, %d : i1, f64
  }
  func.return %r : f64
}
