// RUN: ts-opt %s | ts-opt | filecheck %s

// CHECK: %error, %v = ts.try {
// CHECK: ts.yield %{{.*}} : i64
// CHECK: } : i64
// CHECK: %{{.*}} = ts.catches %error, ["ValueError"]
func.func @f(%text : !ts.str) -> i64 {
  %error, %v = ts.try {
    %0 = ts.py.int(%text) : (!ts.str) -> i64
    ts.yield %0 : i64
  } : i64
  %1 = ts.catches %error, ["ValueError"]
  scf.if %1 {
    ts.reraise %error
  }
  func.return %v : i64
}
