// RUN: rondo-opt %s --rondo-form-kernels --rondo-plan-memory | FileCheck %s
// A slot is free again behind the last kernel that reads it, even through a view; in a kernel only for rows as long.

!x = tensor<?x?x8xf32, #rondo.ax<b, t(b)>>

// CHECK-LABEL: func.func @chain
// CHECK-SAME: rondo.arena = {{\[}}["rows t", 16], ["rows t", 16]]
func.func @chain(%x: !x) -> !x {
  // CHECK: rondo.map {{.*}} {rondo.slots = array<i64: 0>}
  %a = rondo.map (b, t, j) %x[b, t, j] : (!x) -> (!x) {
  ^bb0(%p: f32):
    rondo.yield %p : f32
  }
  // Reads another row of %a: another kernel, another slot.
  // CHECK: rondo.map {{.*}} {rondo.slots = array<i64: 1>}
  %s = rondo.contract (b, t, j) %a[b, t - 1, j] : (!x) -> !x
  %c = rondo.map (b, t, j) %s[b, t, j] : (!x) -> (!x) {
  ^bb0(%p: f32):
    rondo.yield %p : f32
  }
  // CHECK: rondo.map {{.*}} {rondo.slots = array<i64: 0>}
  %u = rondo.contract (b, t, j) %c[b, t - 1, j] : (!x) -> !x
  %d = rondo.map (b, t, j) %u[b, t, j] : (!x) -> (!x) {
  ^bb0(%p: f32):
    rondo.yield %p : f32
  }
  return %d : !x
}
