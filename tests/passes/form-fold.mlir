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
