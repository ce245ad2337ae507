// RUN: rondo-opt %s --rondo-flatten-columns --check-meaning | FileCheck %s
// Heads become columns, in the product and in the map on it; readers get a view.

rondo.cell "param" @W : tensor<2x4x8xf32>
rondo.cell "param" @b : tensor<2x4xf32>
rondo.cell "param" @V : tensor<8x8xf32>
rondo.cell "param" @N : tensor<2x0x8xf32>
rondo.cell "const" @keep : tensor<2xi1>

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

// A view of as many columns as there are, but of others.
// CHECK-LABEL: func.func @shifted
func.func @shifted(%x: !x) -> !q {
  // CHECK: %[[Y:.*]] = rondo.contract (i, j, l | r in 8)
  // CHECK: %[[S:.*]] = rondo.contract (i, j, l) %[[Y]][i, j, l + 1]
  // CHECK: rondo.map (i, j, l) %[[S]][i, j, l]
  %V = rondo.read @V : tensor<8x8xf32>
  %y = rondo.contract (b, t, j | e in 8) %V[j, e] * %x[b, t, e] : (tensor<8x8xf32>, !x) -> !x
  %v = rondo.contract (b, t, h, i) %y[b, t, h * 4 + i + 1] : (!x) -> !q
  %z = rondo.map (b, t, h, i) %v[b, t, h, i] : (!q) -> (!q) {
  ^bb0(%p: f32):
    %s = math.tanh %p : f32
    rondo.yield %s : f32
  }
  return %z : !q
}

// There are no views of truths, so maps that read a parameter of them, or give them, keep their heads.
// CHECK-LABEL: func.func @truths
func.func @truths(%x: !x) -> (!q, tensor<?x?x2x4xi1, #rondo.ax<b, t(b)>>) {
  // CHECK: rondo.map (i, j, l, m) %{{.*}}[i, j, l, m], %{{.*}}[l]
  // CHECK: rondo.map (i, j, l, m)
  // CHECK: arith.cmpf
  %W = rondo.read @W : tensor<2x4x8xf32>
  %k = rondo.read @keep : tensor<2xi1>
  %y = rondo.contract (b, t, h, i | e in 8) %W[h, i, e] * %x[b, t, e] : (tensor<2x4x8xf32>, !x) -> !q
  %z = rondo.map (b, t, h, i) %y[b, t, h, i], %k[h] : (!q, tensor<2xi1>) -> (!q) {
  ^bb0(%p: f32, %c: i1):
    %o = arith.constant 1.0 : f32
    %s = arith.select %c, %p, %o : f32
    rondo.yield %s : f32
  }
  %g = rondo.map (b, t, h, i) %y[b, t, h, i] : (!q) -> (tensor<?x?x2x4xi1, #rondo.ax<b, t(b)>>) {
  ^bb0(%p: f32):
    %o = arith.constant 0.0 : f32
    %s = arith.cmpf ogt, %p, %o : f32
    rondo.yield %s : i1
  }
  return %z, %g : !q, tensor<?x?x2x4xi1, #rondo.ax<b, t(b)>>
}

// Of no columns there is no one dim: h * 0 + i would have to be taken apart again.
// CHECK-LABEL: func.func @none
func.func @none(%x: !x) -> tensor<?x?x2x0xf32, #rondo.ax<b, t(b)>> {
  // CHECK: rondo.contract (i, j, l, m | r in 8)
  %N = rondo.read @N : tensor<2x0x8xf32>
  %y = rondo.contract (b, t, h, i | e in 8) %N[h, i, e] * %x[b, t, e] : (tensor<2x0x8xf32>, !x) -> tensor<?x?x2x0xf32, #rondo.ax<b, t(b)>>
  %z = rondo.map (b, t, h, i) %y[b, t, h, i] : (tensor<?x?x2x0xf32, #rondo.ax<b, t(b)>>) -> (tensor<?x?x2x0xf32, #rondo.ax<b, t(b)>>) {
  ^bb0(%p: f32):
    %s = math.tanh %p : f32
    rondo.yield %s : f32
  }
  return %z : tensor<?x?x2x0xf32, #rondo.ax<b, t(b)>>
}
