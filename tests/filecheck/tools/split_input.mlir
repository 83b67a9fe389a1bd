// RUN: ts-opt %s --split-input-file | filecheck %s

// CHECK: func.func @a()
// CHECK: // -----
func.func @a() { func.return }
// -----
// CHECK: func.func @a(%x: i64)
func.func @a(%x: i64) { func.return }
