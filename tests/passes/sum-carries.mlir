// RUN: rondo-opt %s --rondo-sum-carries | FileCheck %s
// RUN: rondo-opt %s --rondo-sum-carries --check-meaning -o /dev/null
// A sum over the steps begins with zeros; carries, stacks and pasts keep their places beside it.

!x = tensor<?x4xf32, #rondo.ax<t>>
!h = tensor<4xf32>

// CHECK-LABEL: func.func @added
func.func @added(%x: !x, %h0: !h) -> (!h, !x, !h) {
  // CHECK: %[[ZERO:.*]] = rondo.map (i) : () -> (tensor<4xf32>)
  // CHECK: %[[LAST:.*]]:2, %[[STACK:.*]] = rondo.scan t over (%{{.*}} at 0) from (%{{.*}}, %[[ZERO]]) past (0)
  // CHECK-SAME: -> last (tensor<4xf32>, tensor<4xf32>) stack ({{.*}}) {
  // CHECK-NEXT: ^bb0(%{{.*}}: tensor<4xf32>, %{{.*}}: tensor<4xf32>, %[[SUM:.*]]: tensor<4xf32>, %{{.*}}: tensor<?x4xf32{{.*}}>):
  // CHECK: %[[NEXT:.*]] = rondo.map (i) %[[SUM]][i], %[[H:.*]][i]
  // CHECK: rondo.yield %[[H]], %[[NEXT]], %[[H]]
  // CHECK: return %[[LAST]]#0, %[[STACK]], %[[LAST]]#1
  %last, %stack, %sum = rondo.scan t over (%x) from (%h0) past (0) : (!x, !h) -> last (!h) stack (!x) sum (!h) {
  ^bb0(%xt: !h, %h: !h, %past: !x):
    %c = rondo.contract (j | s in t) let (k = step t) %past[s, j] where (s <= k - 1) : (!x) -> !h
    %y = rondo.map (j) %xt[j], %h[j], %c[j] : (!h, !h, !h) -> (!h) {
    ^bb0(%a: f32, %b: f32, %d: f32):
      %e = arith.mulf %a, %b : f32
      %f = arith.addf %e, %d : f32
      %g = math.tanh %f : f32
      rondo.yield %g : f32
    }
    rondo.yield %y, %y, %y : !h, !h, !h
  }
  return %last, %stack, %sum : !h, !x, !h
}
