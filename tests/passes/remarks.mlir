// RUN: rondo-opt %s --rondo-form-fold --rondo-remarks -o /dev/null 2>&1 | FileCheck %s
// What could have been done and was not is said where it stands, with the reason.

!x = tensor<?x4xf32, #rondo.ax<t>>
!s = tensor<?x?xf32, #rondo.ax<t, t>>

func.func @square(%q: !x, %k: !x) -> !x {
  %s = rondo.contract (t, s | r in 4) %q[t, r] * %k[s, r] : (!x, !x) -> !s
  %p = rondo.softmax (t, s) over (1) %s[t, s] where (s <= t) : (!s) -> !s
  // CHECK: remarks.mlir:[[#@LINE+1]]:8: form-fold: not one pass: this is not linear in the softmax it reads
  %y = rondo.contract (t, j | s in t) %p[t, s] * %p[t, s] * %k[s, j] : (!s, !s, !x) -> !x
  return %y : !x
}
