// RUN: rondo-opt %s --rondo-flatten-columns | FileCheck %s
// Heads become columns, in the product and in the map on it; readers get a view.

rondo.cell "param" @W : tensor<2x4x8xf32>
rondo.cell "param" @b : tensor<2x4xf32>

!x = tensor<?x?x8xf32, #rondo.ax<b, t(b)>>
!q = tensor<?x?x2x4xf32, #rondo.ax<b, t(b)>>

// CHECK-LABEL: func.func @query
func.func @query(%x: !x) -> !q {
  // CHECK: %[[W:.*]] = rondo.read @W
  // CHECK: %[[B:.*]] = rondo.read @b
  // CHECK-DAG: %[[FW:.*]] = rondo.contract (i, j) %[[W]][i floordiv 4, i mod 4, j] : {{.*}} -> tensor<8x8xf32>
  // CHECK-DAG: %[[FB:.*]] = rondo.contract (i) %[[B]][i floordiv 4, i mod 4] : {{.*}} -> tensor<8xf32>
  // CHECK: %[[Y:.*]] = rondo.contract (i, j, l | r in 8) %[[FW]][l, r] * %arg0[i, j, r]
  // CHECK: %[[Z:.*]] = rondo.map (i, j, l) %[[Y]][i, j, l], %[[FB]][l]
  // CHECK: %[[V:.*]] = rondo.contract (i, j, l, m) %[[Z]][i, j, l * 4 + m]
  // CHECK: return %[[V]]
  %W = rondo.read @W : tensor<2x4x8xf32>
  %b = rondo.read @b : tensor<2x4xf32>
  %y = rondo.contract (b, t, h, i | e in 8) %W[h, i, e] * %x[b, t, e] : (tensor<2x4x8xf32>, !x) -> !q
  %z = rondo.map (b, t, h, i) %y[b, t, h, i], %b[h, i] : (!q, tensor<2x4xf32>) -> (!q) {
  ^bb0(%p: f32, %r: f32):
    %s = arith.addf %p, %r : f32
    rondo.yield %s : f32
  }
  return %z : !q
}
