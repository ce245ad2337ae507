// RUN: rondo-opt %s --rondo-forward --check-meaning -o /dev/null
// A recurrence that attends over its own past: the score reads rows of h before the step.
rondo.cell "param" @W : tensor<6x4xf32> init "glorot"
rondo.cell "param" @Wq : tensor<6x4xf32> init "glorot"
rondo.cell "param" @U : tensor<6x6xf32> init "glorot"
rondo.cell "param" @first : tensor<2x6xf32> init "normal(1)"

!h = tensor<6xf32>
!p = tensor<?x6xf32, #rondo.ax<"t+2">>
func.func @recall(%x: tensor<?x4xf32, #rondo.ax<t>> {rondo.name = "x"}) -> (tensor<?x6xf32, #rondo.ax<t>> {rondo.name = "h"}) attributes {rondo.export} {
  %W = rondo.read @W : tensor<6x4xf32>
  %Wq = rondo.read @Wq : tensor<6x4xf32>
  %U = rondo.read @U : tensor<6x6xf32>
  %first = rondo.read @first : tensor<2x6xf32>
  %hs = rondo.scan t over (%x) from () past (0 with %first) : (tensor<?x4xf32, #rondo.ax<t>>, tensor<2x6xf32>) -> stack (tensor<?x6xf32, #rondo.ax<t>>) {
  ^bb0(%xt: tensor<4xf32>, %past: !p):
    %q = rondo.contract (j | e in 4) %Wq[j, e] * %xt[e] : (tensor<6x4xf32>, tensor<4xf32>) -> !h
    %sc = rondo.contract (s | j in 6) let (k = step t) %q[j] * %past[s, j] where (s <= k + 1) : (!h, !p) -> tensor<?xf32, #rondo.ax<"t+2">>
    %al = rondo.softmax (s) over (0) let (k = step t) %sc[s] where (s <= k + 1) : (tensor<?xf32, #rondo.ax<"t+2">>) -> tensor<?xf32, #rondo.ax<"t+2">>
    %c = rondo.contract (j | s in "t+2") let (k = step t) %al[s] * %past[s, j] where (s <= k + 1) : (tensor<?xf32, #rondo.ax<"t+2">>, !p) -> !h
    %lag = rondo.contract (j) let (k = step t) %past[k + 1, j] : (!p) -> !h
    %a = rondo.contract (j | e in 4) %W[j, e] * %xt[e] : (tensor<6x4xf32>, tensor<4xf32>) -> !h
    %b = rondo.contract (j | k in 6) %U[j, k] * %lag[k] : (tensor<6x6xf32>, !h) -> !h
    %h = rondo.map (j) %a[j], %b[j], %c[j] : (!h, !h, !h) -> (!h) {
    ^bb0(%u: f32, %v: f32, %w: f32):
      %t = arith.addf %u, %v : f32
      %t2 = arith.addf %t, %w : f32
      %r = math.tanh %t2 : f32
      rondo.yield %r : f32
    }
    rondo.yield %h : !h
  }
  return %hs : tensor<?x6xf32, #rondo.ax<t>>
}
