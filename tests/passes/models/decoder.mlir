// RUN: rondo-opt %s --rondo-forward --check-meaning -o /dev/null
// A bidirectional reader, and a decoder that attends to what was read: joined inputs, attention inside a scan.
rondo.cell "param" @W : tensor<6x4xf32> init "glorot"
rondo.cell "param" @U : tensor<6x6xf32> init "glorot"
rondo.cell "param" @W2 : tensor<6x4xf32> init "glorot"
rondo.cell "param" @U2 : tensor<6x6xf32> init "glorot"
rondo.cell "param" @Wk : tensor<5x12xf32> init "glorot"
rondo.cell "param" @Wq : tensor<5x7xf32> init "glorot"
rondo.cell "param" @w : tensor<5xf32> init "normal(1)"
rondo.cell "param" @Wr : tensor<7x14xf32> init "glorot"
rondo.cell "param" @Ur : tensor<7x7xf32> init "glorot"
rondo.cell "param" @h0 : tensor<7xf32> init "normal(1)"

!s = tensor<6xf32>
func.func @decode(%x: tensor<?x4xf32, #rondo.ax<s>> {rondo.name = "x"}, %y: tensor<?x2xf32, #rondo.ax<t>> {rondo.name = "y"})
    -> (tensor<?x7xf32, #rondo.ax<t>> {rondo.name = "hidden"}, tensor<7xf32> {rondo.name = "last"}) attributes {rondo.export} {
  %W = rondo.read @W : tensor<6x4xf32>
  %U = rondo.read @U : tensor<6x6xf32>
  %W2 = rondo.read @W2 : tensor<6x4xf32>
  %U2 = rondo.read @U2 : tensor<6x6xf32>
  %Wk = rondo.read @Wk : tensor<5x12xf32>
  %Wq = rondo.read @Wq : tensor<5x7xf32>
  %w = rondo.read @w : tensor<5xf32>
  %Wr = rondo.read @Wr : tensor<7x14xf32>
  %Ur = rondo.read @Ur : tensor<7x7xf32>
  %h0 = rondo.read @h0 : tensor<7xf32>
  %z = rondo.map (j) : () -> (!s) {
    %c = arith.constant 0.0 : f32
    rondo.yield %c : f32
  }
  %fl, %f = rondo.scan s over (%x) from (%z) : (tensor<?x4xf32, #rondo.ax<s>>, !s) -> last (!s) stack (tensor<?x6xf32, #rondo.ax<s>>) {
  ^bb0(%xs: tensor<4xf32>, %p: !s):
    %a = rondo.contract (j | e in 4) %W[j, e] * %xs[e] : (tensor<6x4xf32>, tensor<4xf32>) -> !s
    %b = rondo.contract (j | k in 6) %U[j, k] * %p[k] : (tensor<6x6xf32>, !s) -> !s
    %h = rondo.map (j) %a[j], %b[j] : (!s, !s) -> (!s) {
    ^bb0(%u: f32, %v: f32):
      %t = arith.addf %u, %v : f32
      %r = math.tanh %t : f32
      rondo.yield %r : f32
    }
    rondo.yield %h, %h : !s, !s
  }
  %bl, %bk = rondo.scan s over (%x) from (%z) reverse : (tensor<?x4xf32, #rondo.ax<s>>, !s) -> last (!s) stack (tensor<?x6xf32, #rondo.ax<s>>) {
  ^bb0(%xs: tensor<4xf32>, %p: !s):
    %a = rondo.contract (j | e in 4) %W2[j, e] * %xs[e] : (tensor<6x4xf32>, tensor<4xf32>) -> !s
    %b = rondo.contract (j | k in 6) %U2[j, k] * %p[k] : (tensor<6x6xf32>, !s) -> !s
    %h = rondo.map (j) %a[j], %b[j] : (!s, !s) -> (!s) {
    ^bb0(%u: f32, %v: f32):
      %t = arith.addf %u, %v : f32
      %r = math.tanh %t : f32
      rondo.yield %r : f32
    }
    rondo.yield %h, %h : !s, !s
  }
  %m = rondo.concat 1, %f, %bk : (tensor<?x6xf32, #rondo.ax<s>>, tensor<?x6xf32, #rondo.ax<s>>) -> tensor<?x12xf32, #rondo.ax<s>>
  %hl, %hs = rondo.scan t over (%y) from (%h0) : (tensor<?x2xf32, #rondo.ax<t>>, tensor<7xf32>) -> last (tensor<7xf32>) stack (tensor<?x7xf32, #rondo.ax<t>>) {
  ^bb0(%yt: tensor<2xf32>, %hp: tensor<7xf32>):
    %q = rondo.contract (a | j in 7) %Wq[a, j] * %hp[j] : (tensor<5x7xf32>, tensor<7xf32>) -> tensor<5xf32>
    %k = rondo.contract (s, a | j in 12) %Wk[a, j] * %m[s, j] : (tensor<5x12xf32>, tensor<?x12xf32, #rondo.ax<s>>) -> tensor<?x5xf32, #rondo.ax<s>>
    %e = rondo.map (s, a) %q[a], %k[s, a] : (tensor<5xf32>, tensor<?x5xf32, #rondo.ax<s>>) -> (tensor<?x5xf32, #rondo.ax<s>>) {
    ^bb0(%u: f32, %v: f32):
      %t = arith.addf %u, %v : f32
      %r = math.tanh %t : f32
      rondo.yield %r : f32
    }
    %sc = rondo.contract (s | a in 5) %w[a] * %e[s, a] : (tensor<5xf32>, tensor<?x5xf32, #rondo.ax<s>>) -> tensor<?xf32, #rondo.ax<s>>
    %al = rondo.softmax (s) over (0) %sc[s] : (tensor<?xf32, #rondo.ax<s>>) -> tensor<?xf32, #rondo.ax<s>>
    %c = rondo.contract (j | s in s) %al[s] * %m[s, j] : (tensor<?xf32, #rondo.ax<s>>, tensor<?x12xf32, #rondo.ax<s>>) -> tensor<12xf32>
    %yc = rondo.concat 0, %yt, %c : (tensor<2xf32>, tensor<12xf32>) -> tensor<14xf32>
    %r1 = rondo.contract (j | i in 14) %Wr[j, i] * %yc[i] : (tensor<7x14xf32>, tensor<14xf32>) -> tensor<7xf32>
    %r2 = rondo.contract (j | k in 7) %Ur[j, k] * %hp[k] : (tensor<7x7xf32>, tensor<7xf32>) -> tensor<7xf32>
    %h = rondo.map (j) %r1[j], %r2[j] : (tensor<7xf32>, tensor<7xf32>) -> (tensor<7xf32>) {
    ^bb0(%u: f32, %v: f32):
      %t = arith.addf %u, %v : f32
      %r = math.tanh %t : f32
      rondo.yield %r : f32
    }
    rondo.yield %h, %h : tensor<7xf32>, tensor<7xf32>
  }
  return %hs, %hl : tensor<?x7xf32, #rondo.ax<t>>, tensor<7xf32>
}
