// RUN: rondo-opt %s --rondo-forward --check-meaning -o /dev/null
// Causal attention with two heads, a residual and a row norm; the mean over the length; a convolution; a learned position.
rondo.cell "param" @Wq : tensor<2x4x8xf32> init "glorot"
rondo.cell "param" @Wk : tensor<2x4x8xf32> init "glorot"
rondo.cell "param" @Wv : tensor<2x4x8xf32> init "glorot"
rondo.cell "param" @Wo : tensor<8x2x4xf32> init "glorot"
rondo.cell "param" @P : tensor<40x8xf32> init "normal(1)"
rondo.cell "param" @C : tensor<8x3x8xf32> init "glorot"

!x = tensor<?x8xf32, #rondo.ax<t>>
!w = tensor<2x4x8xf32>
!q = tensor<2x?x4xf32, #rondo.ax<t>>
!s = tensor<2x?x?xf32, #rondo.ax<t, t>>
func.func @encode(%in: !x {rondo.name = "x"})
    -> (!x {rondo.name = "y"}, tensor<8xf32> {rondo.name = "mean"}, tensor<i32> {rondo.name = "count"}) attributes {rondo.export} {
  %Wq = rondo.read @Wq : !w
  %Wk = rondo.read @Wk : !w
  %Wv = rondo.read @Wv : !w
  %Wo = rondo.read @Wo : tensor<8x2x4xf32>
  %P = rondo.read @P : tensor<40x8xf32>
  %C = rondo.read @C : tensor<8x3x8xf32>
  %pos = rondo.contract (t, e) %P[t, e] : (tensor<40x8xf32>) -> !x
  %x = rondo.map (t, e) %in[t, e], %pos[t, e] : (!x, !x) -> (!x) {
  ^bb0(%a: f32, %b: f32):
    %y = arith.addf %a, %b : f32
    rondo.yield %y : f32
  }
  %q = rondo.contract (h, t, i | e in 8) %Wq[h, i, e] * %x[t, e] : (!w, !x) -> !q
  %k = rondo.contract (h, t, i | e in 8) %Wk[h, i, e] * %x[t, e] : (!w, !x) -> !q
  %v = rondo.contract (h, t, i | e in 8) %Wv[h, i, e] * %x[t, e] : (!w, !x) -> !q
  %s = rondo.contract (h, t, s | i in 4) %q[h, t, i] * %k[h, s, i] : (!q, !q) -> !s
  %sc = rondo.map (h, t, s) %s[h, t, s] : (!s) -> (!s) {
  ^bb0(%a: f32):
    %c = arith.constant 0.5 : f32
    %y = arith.mulf %a, %c : f32
    rondo.yield %y : f32
  }
  %p = rondo.softmax (h, t, s) over (2) %sc[h, t, s] where (s <= t and t - s <= 3) : (!s) -> !s
  %o = rondo.contract (h, t, i | s in t) %p[h, t, s] * %v[h, s, i] : (!s, !q) -> !q
  %d = rondo.contract (t, e | h in 2, i in 4) %Wo[e, h, i] * %o[h, t, i] : (tensor<8x2x4xf32>, !q) -> !x
  %r = rondo.map (t, e) %d[t, e], %x[t, e] : (!x, !x) -> (!x) {
  ^bb0(%a: f32, %b: f32):
    %y = arith.addf %a, %b : f32
    rondo.yield %y : f32
  }
  %m2 = rondo.contract (t | e in 8) %r[t, e] * %r[t, e] : (!x, !x) -> tensor<?xf32, #rondo.ax<t>>
  %n = rondo.map (t, e) %r[t, e], %m2[t] : (!x, tensor<?xf32, #rondo.ax<t>>) -> (!x) {
  ^bb0(%a: f32, %b: f32):
    %one = arith.constant 1.0 : f32
    %b1 = arith.addf %b, %one : f32
    %sq = math.sqrt %b1 : f32
    %y = arith.divf %a, %sq : f32
    rondo.yield %y : f32
  }
  %conv = rondo.contract (t, o | k in 3, c in 8) %C[o, k, c] * %n[t + k - 2, c] : (tensor<8x3x8xf32>, !x) -> !x
  %sum = rondo.contract (e | t in t) %conv[t, e] : (!x) -> tensor<8xf32>
  %len = rondo.contract ( | t in t) let (n = size t) where (t <= n - 2) : () -> tensor<i32>
  %mean = rondo.map (e) %sum[e] : (tensor<8xf32>) -> (tensor<8xf32>) {
  ^bb0(%a: f32):
    %l = rondo.length "t"
    %li = arith.index_cast %l : index to i32
    %lf = arith.sitofp %li : i32 to f32
    %y = arith.divf %a, %lf : f32
    rondo.yield %y : f32
  }
  return %conv, %mean, %len : !x, tensor<8xf32>, tensor<i32>
}
