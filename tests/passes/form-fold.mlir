// RUN: rondo-opt %s --rondo-form-fold | FileCheck %s
// Scores stand in a fold, unless they are asked for or one pass does not do.

!x = tensor<?x4xf32, #rondo.ax<t>>
!s = tensor<?x?xf32, #rondo.ax<t, t>>

// CHECK-LABEL: func.func @attention
func.func @attention(%q: !x, %k: !x) -> !x {
  // CHECK-NEXT: %[[F:.*]] = rondo.fold ["t", "t"] -> tensor<?x4xf32, #rondo.ax<t>> {
  // CHECK: rondo.contract
  // CHECK: rondo.softmax
  // CHECK: %[[Y:.*]] = rondo.contract
  // CHECK: rondo.yield %[[Y]]
  // CHECK: return %[[F]]
  %s = rondo.contract (t, s | r in 4) %q[t, r] * %k[s, r] : (!x, !x) -> !s
  %p = rondo.softmax (t, s) over (1) %s[t, s] where (s <= t) : (!s) -> !s
  %y = rondo.contract (t, j | s in t) %p[t, s] * %k[s, j] : (!s, !x) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @asked
func.func @asked(%q: !x, %k: !x) -> (!x, !s) {
  // CHECK-NOT: rondo.fold
  %s = rondo.contract (t, s | r in 4) %q[t, r] * %k[s, r] : (!x, !x) -> !s
  %p = rondo.softmax (t, s) over (1) %s[t, s] where (s <= t) : (!s) -> !s
  %y = rondo.contract (t, j | s in t) %p[t, s] * %k[s, j] : (!s, !x) -> !x
  return %y, %p : !x, !s
}

// CHECK-LABEL: func.func @square
func.func @square(%q: !x, %k: !x) -> !x {
  // CHECK-NOT: rondo.fold
  %s = rondo.contract (t, s | r in 4) %q[t, r] * %k[s, r] : (!x, !x) -> !s
  %p = rondo.softmax (t, s) over (1) %s[t, s] where (s <= t) : (!s) -> !s
  %y = rondo.contract (t, j | s in t) %p[t, s] * %p[t, s] * %k[s, j] : (!s, !s, !x) -> !x
  return %y : !x
}

!g = tensor<?x?x4xf32, #rondo.ax<h, w>>
!gg = tensor<?x?x?x?xf32, #rondo.ax<h, w, h, w>>

// The logits of an image are a group of their own: what is computed at each place of the grid stays outside.
// CHECK-LABEL: func.func @image
func.func @image(%x: !g) -> !g {
  // CHECK-NEXT: %[[Q:.*]] = rondo.map
  // CHECK: %[[F:.*]] = rondo.fold ["h", "w", "h", "w"]
  // CHECK-NEXT: rondo.contract {{.*}} %[[Q]]
  // CHECK: %[[Z:.*]] = rondo.map {{.*}} %[[F]]
  // CHECK: return %[[Z]]
  %q = rondo.map (h, w, r) %x[h, w, r] : (!g) -> (!g) {
  ^bb0(%a: f32):
    %b = arith.mulf %a, %a : f32
    rondo.yield %b : f32
  }
  %s = rondo.contract (h, w, i, j | r in 4) %q[h, w, r] * %q[i, j, r] : (!g, !g) -> !gg
  %p = rondo.softmax (h, w, i, j) over (2, 3) %s[h, w, i, j] : (!gg) -> !gg
  %y = rondo.contract (h, w, r | i in h, j in w) %p[h, w, i, j] * %q[i, j, r] : (!gg, !g) -> !g
  %z = rondo.map (h, w, r) %y[h, w, r], %x[h, w, r] : (!g, !g) -> (!g) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.addf %a, %b : f32
    rondo.yield %c : f32
  }
  return %z : !g
}
