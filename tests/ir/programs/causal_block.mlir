// RUN: rondo-opt %s | rondo-opt | FileCheck %s
// A causal attention block, window 3, 2 global tokens, a soft cap on the scores; no value over (t, t) leaves the fold.

!x = tensor<?x4xf32, #rondo.ax<t>>
!q = tensor<?x2x3xf32, #rondo.ax<t>>
!qkv = tensor<?x2x9xf32, #rondo.ax<t>>
!s = tensor<2x?x?xf32, #rondo.ax<t, t>>
!l = tensor<2x?xf32, #rondo.ax<t>>

rondo.cell "param" @Wqkv : tensor<2x9x4xf32> init "normal(0.7)"
rondo.cell "param" @Wo : tensor<4x2x3xf32> init "normal(0.7)"

// CHECK-LABEL: func.func @block
func.func @block(%x: !x) -> (!x, !l) attributes {rondo.export} {
  %Wqkv = rondo.read @Wqkv : tensor<2x9x4xf32>
  %Wo = rondo.read @Wo : tensor<4x2x3xf32>
  %qkv = rondo.contract (t, h, i | e in 4) %Wqkv[h, i, e] * %x[t, e] : (tensor<2x9x4xf32>, !x) -> !qkv
  // CHECK: rondo.contract (i, j, l) %{{.*}}[i, j, l] : (tensor<?x2x9xf32, #rondo.ax<t>>) -> tensor<?x2x3xf32, #rondo.ax<t>>
  %q = rondo.contract (t, h, i) %qkv[t, h, i] : (!qkv) -> !q
  // CHECK: rondo.contract (i, j, l) %{{.*}}[i, j, l + 3] :
  %k = rondo.contract (t, h, i) %qkv[t, h, i + 3] : (!qkv) -> !q
  %v = rondo.contract (t, h, i) %qkv[t, h, i + 6] : (!qkv) -> !q
  // CHECK: rondo.fold ["t", "t"] -> tensor<?x2x3xf32, #rondo.ax<t>>, tensor<2x?xf32, #rondo.ax<t>> {
  %o, %lse = rondo.fold ["t", "t"] -> !q, !l {
    %s = rondo.contract (h, t, s | i in 3) %q[t, h, i] * %k[s, h, i] : (!q, !q) -> !s
    %b = rondo.map (h, t, s) %s[h, t, s] : (!s) -> (!s) {
    ^bb0(%a: f32):
      %cap = arith.constant 2.0 : f32
      %c = arith.divf %a, %cap : f32
      %d = math.tanh %c : f32
      %e = arith.mulf %cap, %d : f32
      rondo.yield %e : f32
    }
    // CHECK: rondo.softmax (i, j, l) over (2) %{{.*}}[i, j, l] where (j <= l + 2 and l <= j) or (l <= 1 and l <= j)
    %p = rondo.softmax (h, t, s) over (2) %b[h, t, s] where (s <= t and t - s <= 2) or (s <= 1 and s <= t) : (!s) -> !s
    %y = rondo.contract (t, h, i | s in t) %p[h, t, s] * %v[s, h, i] : (!s, !q) -> !q
    %m = rondo.reduce lse (h, t | s in t) %b[h, t, s] where (s <= t and t - s <= 2) or (s <= 1 and s <= t) : (!s) -> !l
    rondo.yield %y, %m : !q, !l
  }
  %out = rondo.contract (t, e | h in 2, i in 3) %Wo[e, h, i] * %o[t, h, i] : (tensor<4x2x3xf32>, !q) -> !x
  return %out, %lse : !x, !l
}
