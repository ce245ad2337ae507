// RUN: rondo-opt %s | rondo-opt | FileCheck %s
// RUN: rondo-opt %s --canonicalize --cse | rondo-opt | FileCheck %s
// A character language model: embedding, one LSTM layer, tied output, loss. Its value is checked in ProgramsTest.cpp.

!x = tensor<?x3xf32, #rondo.ax<t>>
!z = tensor<?x5xf32, #rondo.ax<t>>
!v = tensor<?xf32, #rondo.ax<t>>
!i = tensor<?xi32, #rondo.ax<t>>
!h = tensor<3xf32>
!w = tensor<3x3xf32>

rondo.cell "param" @embed.W : tensor<5x3xf32> init "glorot"
rondo.cell "param" @rnn.0.Wi : tensor<3x3xf32> init "glorot"
rondo.cell "param" @rnn.0.Wf : tensor<3x3xf32> init "glorot"
rondo.cell "param" @rnn.0.Wo : tensor<3x3xf32> init "glorot"
rondo.cell "param" @rnn.0.Wg : tensor<3x3xf32> init "glorot"
rondo.cell "param" @rnn.0.Ui : tensor<3x3xf32> init "orthogonal"
rondo.cell "param" @rnn.0.Uf : tensor<3x3xf32> init "orthogonal"
rondo.cell "param" @rnn.0.Uo : tensor<3x3xf32> init "orthogonal"
rondo.cell "param" @rnn.0.Ug : tensor<3x3xf32> init "orthogonal"
rondo.cell "param" @rnn.0.bi : tensor<3xf32> init "0"
rondo.cell "param" @rnn.0.bf : tensor<3xf32> init "1"
rondo.cell "param" @rnn.0.bo : tensor<3xf32> init "0"
rondo.cell "param" @rnn.0.bg : tensor<3xf32> init "0"

// CHECK-LABEL: func.func @loss
func.func @loss(%text: !i {rondo.name = "text", rondo.bound = 5 : i64}) -> (tensor<f32>, tensor<f32>, !z)
    attributes {rondo.export} {
  %E = rondo.read @embed.W : tensor<5x3xf32>
  %Wi = rondo.read @rnn.0.Wi : !w
  %Wf = rondo.read @rnn.0.Wf : !w
  %Wo = rondo.read @rnn.0.Wo : !w
  %Wg = rondo.read @rnn.0.Wg : !w
  %Ui = rondo.read @rnn.0.Ui : !w
  %Uf = rondo.read @rnn.0.Uf : !w
  %Uo = rondo.read @rnn.0.Uo : !w
  %Ug = rondo.read @rnn.0.Ug : !w
  %bi = rondo.read @rnn.0.bi : !h
  %bf = rondo.read @rnn.0.bf : !h
  %bo = rondo.read @rnn.0.bo : !h
  %bg = rondo.read @rnn.0.bg : !h
  // CHECK: rondo.contract (i, j) let (u = %{{.*}}[i]) %{{.*}}[u, j]
  %x = rondo.contract (t, e) let (u = %text[t]) %E[u, e] : (tensor<5x3xf32>, !i) -> !x
  %z0 = rondo.map (j) : () -> (!h) {
    %zero = arith.constant 0.0 : f32
    rondo.yield %zero : f32
  }
  // CHECK: rondo.scan t over (%{{.*}} at 0) from (%{{.*}}, %{{.*}})
  %hT, %cT, %hs = rondo.scan t over (%x) from (%z0, %z0) : (!x, !h, !h) -> last (!h, !h) stack (!x) {
  ^bb0(%xt: !h, %hp: !h, %cp: !h):
    %i1 = rondo.contract (j | e in 3) %Wi[j, e] * %xt[e] : (!w, !h) -> !h
    %i2 = rondo.contract (j | k in 3) %Ui[j, k] * %hp[k] : (!w, !h) -> !h
    %f1 = rondo.contract (j | e in 3) %Wf[j, e] * %xt[e] : (!w, !h) -> !h
    %f2 = rondo.contract (j | k in 3) %Uf[j, k] * %hp[k] : (!w, !h) -> !h
    %o1 = rondo.contract (j | e in 3) %Wo[j, e] * %xt[e] : (!w, !h) -> !h
    %o2 = rondo.contract (j | k in 3) %Uo[j, k] * %hp[k] : (!w, !h) -> !h
    %g1 = rondo.contract (j | e in 3) %Wg[j, e] * %xt[e] : (!w, !h) -> !h
    %g2 = rondo.contract (j | k in 3) %Ug[j, k] * %hp[k] : (!w, !h) -> !h
    %i, %f, %o = rondo.map (j) %i1[j], %i2[j], %bi[j], %f1[j], %f2[j], %bf[j], %o1[j], %o2[j], %bo[j] : (!h, !h, !h, !h, !h, !h, !h, !h, !h) -> (!h, !h, !h) {
    ^bb0(%a0: f32, %a1: f32, %a2: f32, %b0: f32, %b1: f32, %b2: f32, %c0: f32, %c1: f32, %c2: f32):
      %one = arith.constant 1.0 : f32
      %p0 = arith.addf %a0, %a1 : f32
      %p1 = arith.addf %p0, %a2 : f32
      %p2 = arith.negf %p1 : f32
      %p3 = math.exp %p2 : f32
      %p4 = arith.addf %one, %p3 : f32
      %p5 = arith.divf %one, %p4 : f32
      %q0 = arith.addf %b0, %b1 : f32
      %q1 = arith.addf %q0, %b2 : f32
      %q2 = arith.negf %q1 : f32
      %q3 = math.exp %q2 : f32
      %q4 = arith.addf %one, %q3 : f32
      %q5 = arith.divf %one, %q4 : f32
      %r0 = arith.addf %c0, %c1 : f32
      %r1 = arith.addf %r0, %c2 : f32
      %r2 = arith.negf %r1 : f32
      %r3 = math.exp %r2 : f32
      %r4 = arith.addf %one, %r3 : f32
      %r5 = arith.divf %one, %r4 : f32
      rondo.yield %p5, %q5, %r5 : f32, f32, f32
    }
    %c = rondo.map (j) %f[j], %cp[j], %i[j], %g1[j], %g2[j], %bg[j] : (!h, !h, !h, !h, !h, !h) -> (!h) {
    ^bb0(%ff: f32, %cc: f32, %ii: f32, %a: f32, %b: f32, %d: f32):
      %s = arith.addf %a, %b : f32
      %s2 = arith.addf %s, %d : f32
      %g = math.tanh %s2 : f32
      %m = arith.mulf %ff, %cc : f32
      %n = arith.mulf %ii, %g : f32
      %y = arith.addf %m, %n : f32
      rondo.yield %y : f32
    }
    %h = rondo.map (j) %o[j], %c[j] : (!h, !h) -> (!h) {
    ^bb0(%a: f32, %b: f32):
      %s = math.tanh %b : f32
      %y = arith.mulf %a, %s : f32
      rondo.yield %y : f32
    }
    rondo.yield %h, %c, %h : !h, !h, !h
  }
  %z = rondo.contract (t, v | e in 3) %E[v, e] * %hs[t, e] : (tensor<5x3xf32>, !x) -> !z
  // CHECK: rondo.reduce lse (i | r in 5)
  %l = rondo.reduce lse (t | v in 5) %z[t, v] : (!z) -> !v
  // CHECK: rondo.contract (i) let (u = %{{.*}}[i + 1])
  %y = rondo.contract (t) let (u = %text[t + 1]) %z[t, u] : (!z, !i) -> !v
  %ce = rondo.map (t) %l[t], %y[t] : (!v, !v) -> (!v) {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    rondo.yield %d : f32
  }
  // CHECK: rondo.contract (| r in t) let (n = size t) %{{.*}}[r] where (r <= n - 2)
  %s = rondo.contract ( | t in t) let (n = size t) %ce[t] where (t <= n - 2) : (!v) -> tensor<f32>
  // CHECK: rondo.contract (| r in t) let (n = size t) where (r <= n - 2) : () -> tensor<f32>
  %n = rondo.contract ( | t in t) let (n = size t) where (t <= n - 2) : () -> tensor<f32>
  return %s, %n, %z : tensor<f32>, tensor<f32>, !z
}
