// RUN: rondo-opt %s --rondo-hoist --split-input-file --verify-diagnostics
// In a scan of a batch `b` means the living, at each step others: their sum is no sum of all.

// expected-error @+1 {{has a batch: what leaves a recurrence leaves it for one example}}
func.func @living(%x: tensor<?x?x4xf32, #rondo.ax<b, t(b)>>, %h0: tensor<4xf32>) -> tensor<4xf32> {
  %h = rondo.scan t over (%x at 1) from (%h0) : (tensor<?x?x4xf32, #rondo.ax<b, t(b)>>, tensor<4xf32>) -> last (tensor<4xf32>) {
  ^bb0(%xt: tensor<?x4xf32, #rondo.ax<b>>, %hp: tensor<4xf32>):
    %m = rondo.contract (j | b in b) %xt[b, j] * %xt[b, j] : (tensor<?x4xf32, #rondo.ax<b>>, tensor<?x4xf32, #rondo.ax<b>>) -> tensor<4xf32>
    %n = rondo.map (i) %m[i], %hp[i] : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>) {
    ^bb0(%p: f32, %q: f32):
      %s = arith.subf %p, %q : f32
      rondo.yield %s : f32
    }
    rondo.yield %n : tensor<4xf32>
  }
  return %h : tensor<4xf32>
}
