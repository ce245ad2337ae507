// RUN: rondo-opt %s --rondo-forward --check-meaning -o /dev/null
// Recurrences that add up over their steps: a vector, a matrix (as the gradient of a weight is), a number of steps, and
// a value over another axis; forward and backward, one inside the step of the other.
rondo.cell "param" @W : tensor<6x4xf32> init "glorot"

!x = tensor<?x4xf32, #rondo.ax<t>>
!m = tensor<?x6xf32, #rondo.ax<s>>
!h = tensor<6xf32>
func.func @sums(%x: !x {rondo.name = "x"}, %m: !m {rondo.name = "m"}) -> (!h {rondo.name = "h"}, tensor<6x4xf32> {rondo.name = "dW"}, !m {rondo.name = "dm"}, tensor<6xf32> {rondo.name = "within"}) attributes {rondo.export} {
  %W = rondo.read @W : tensor<6x4xf32>
  %zero = rondo.map (j) : () -> (!h) {
    %c = arith.constant 0.0 : f32
    rondo.yield %c : f32
  }
  %last, %dW, %dm, %in = rondo.scan t over (%x) from (%zero) reverse : (!x, !h) -> last (!h) sum (tensor<6x4xf32>, !m, !h) {
  ^bb0(%xt: tensor<4xf32>, %h: !h):
    %a = rondo.contract (j | e in 4) %W[j, e] * %xt[e] : (tensor<6x4xf32>, tensor<4xf32>) -> !h
    %n = rondo.map (j) %a[j], %h[j] : (!h, !h) -> (!h) {
    ^bb0(%u: f32, %v: f32):
      %s = arith.addf %u, %v : f32
      %r = math.tanh %s : f32
      rondo.yield %r : f32
    }
    %g = rondo.contract (j, e) %n[j] * %xt[e] : (!h, tensor<4xf32>) -> tensor<6x4xf32>
    %d = rondo.contract (s, j) %m[s, j] * %n[j] : (!m, !h) -> !m
    %total = rondo.scan s over (%m) from () : (!m) -> sum (!h) {
    ^bb0(%ms: !h):
      %p = rondo.map (j) %ms[j], %n[j] : (!h, !h) -> (!h) {
      ^bb1(%u: f32, %v: f32):
        %q = arith.mulf %u, %v : f32
        %r = math.tanh %q : f32
        rondo.yield %r : f32
      }
      rondo.yield %p : !h
    }
    rondo.yield %n, %g, %d, %total : !h, tensor<6x4xf32>, !m, !h
  }
  return %last, %dW, %dm, %in : !h, tensor<6x4xf32>, !m, !h
}
