// RUN: rondo-opt %s --rondo-form-kernels --rondo-pack --check-meaning | FileCheck %s
// RUN: rondo-opt %s --rondo-form-kernels --rondo-pack --rondo-pack | FileCheck %s
// Gates are packed side by side; what only the pack reads is no result of the load kernel any more.

rondo.cell "param" @U : tensor<64x32xf32>

!g = tensor<?x64xf32, #rondo.ax<b>>
!h = tensor<?x32xf32, #rondo.ax<b>>

// CHECK-LABEL: func.func @gates
func.func @gates(%h: !h) -> !h {
  // CHECK: %[[L:.*]] = rondo.kernel "load" {} -> tensor<4x32x16xf32> {
  // CHECK-NEXT: %[[U:.*]] = rondo.read @U
  // CHECK-NEXT: rondo.pack %[[U]] gates 2 : tensor<64x32xf32> -> tensor<4x32x16xf32>
  %U = rondo.read @U : tensor<64x32xf32>
  // CHECK: rondo.kernel "product" {columns = 64 : i64, depth = 32 : i64, gates = 2 : i64
  // CHECK-NEXT: rondo.contract (i, j | r in 32) %arg0[i, r] * %[[L]][j floordiv 32 + (((j mod 32) floordiv 16) * 2), r, j mod 16]
  %y = rondo.contract (b, j | k in 32) %U[j, k] * %h[b, k] : (tensor<64x32xf32>, !h) -> !g
  %a = rondo.contract (b, j) %y[b, j] : (!g) -> !h
  %c = rondo.contract (b, j) %y[b, j + 32] : (!g) -> !h
  %z = rondo.map (b, j) %a[b, j], %c[b, j] : (!h, !h) -> (!h) {
  ^bb0(%p: f32, %q: f32):
    %s = arith.mulf %p, %q : f32
    rondo.yield %s : f32
  }
  return %z : !h
}
