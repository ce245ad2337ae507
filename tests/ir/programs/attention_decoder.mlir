// RUN: rondo-opt %s | rondo-opt | FileCheck %s
// A bidirectional encoder, additive attention and a GRU decoder, teacher-forced; attention is a fold inside the scan.

!xs = tensor<?x3xf32, #rondo.ax<s>>
!yt = tensor<?x3xf32, #rondo.ax<t>>
!hs = tensor<?x2xf32, #rondo.ax<s>>
!ms = tensor<?x4xf32, #rondo.ax<s>>
!ht = tensor<?x2xf32, #rondo.ax<t>>
!ss = tensor<?xf32, #rondo.ax<s>>
!h = tensor<2xf32>
!e = tensor<3xf32>
!m = tensor<4xf32>
!yc = tensor<7xf32>

rondo.cell "param" @fwd.W : tensor<2x3xf32> init "glorot"
rondo.cell "param" @fwd.U : tensor<2x2xf32> init "orthogonal"
rondo.cell "param" @bwd.W : tensor<2x3xf32> init "glorot"
rondo.cell "param" @bwd.U : tensor<2x2xf32> init "orthogonal"
rondo.cell "param" @att.Wq : tensor<2x2xf32> init "glorot"
rondo.cell "param" @att.Wk : tensor<2x4xf32> init "glorot"
rondo.cell "param" @att.w : tensor<2xf32> init "normal(1)"
rondo.cell "param" @dec.Wr : tensor<2x7xf32> init "glorot"
rondo.cell "param" @dec.Wu : tensor<2x7xf32> init "glorot"
rondo.cell "param" @dec.Wn : tensor<2x7xf32> init "glorot"
rondo.cell "param" @dec.Ur : tensor<2x2xf32> init "orthogonal"
rondo.cell "param" @dec.Uu : tensor<2x2xf32> init "orthogonal"
rondo.cell "param" @dec.Un : tensor<2x2xf32> init "orthogonal"

// CHECK-LABEL: func.func @decode
func.func @decode(%x: !xs, %y: !yt) -> !ht attributes {rondo.export} {
  %FW = rondo.read @fwd.W : tensor<2x3xf32>
  %FU = rondo.read @fwd.U : tensor<2x2xf32>
  %BW = rondo.read @bwd.W : tensor<2x3xf32>
  %BU = rondo.read @bwd.U : tensor<2x2xf32>
  %Wq = rondo.read @att.Wq : tensor<2x2xf32>
  %Wk = rondo.read @att.Wk : tensor<2x4xf32>
  %w = rondo.read @att.w : tensor<2xf32>
  %Wr = rondo.read @dec.Wr : tensor<2x7xf32>
  %Wu = rondo.read @dec.Wu : tensor<2x7xf32>
  %Wn = rondo.read @dec.Wn : tensor<2x7xf32>
  %Ur = rondo.read @dec.Ur : tensor<2x2xf32>
  %Uu = rondo.read @dec.Uu : tensor<2x2xf32>
  %Un = rondo.read @dec.Un : tensor<2x2xf32>
  %z = rondo.map (j) : () -> (!h) {
    %zero = arith.constant 0.0 : f32
    rondo.yield %zero : f32
  }
  %lf, %f = rondo.scan s over (%x) from (%z) : (!xs, !h) -> last (!h) stack (!hs) {
  ^bb0(%xt: !e, %hp: !h):
    %a = rondo.contract (j | r in 3) %FW[j, r] * %xt[r] : (tensor<2x3xf32>, !e) -> !h
    %b = rondo.contract (j | r in 2) %FU[j, r] * %hp[r] : (tensor<2x2xf32>, !h) -> !h
    %n = rondo.map (j) %a[j], %b[j] : (!h, !h) -> (!h) {
    ^bb0(%p: f32, %q: f32):
      %u = arith.addf %p, %q : f32
      %v = math.tanh %u : f32
      rondo.yield %v : f32
    }
    rondo.yield %n, %n : !h, !h
  }
  // CHECK: rondo.scan s over (%{{.*}} at 0) from (%{{.*}}) reverse
  %lb, %g = rondo.scan s over (%x) from (%z) reverse : (!xs, !h) -> last (!h) stack (!hs) {
  ^bb0(%xt: !e, %hp: !h):
    %a = rondo.contract (j | r in 3) %BW[j, r] * %xt[r] : (tensor<2x3xf32>, !e) -> !h
    %b = rondo.contract (j | r in 2) %BU[j, r] * %hp[r] : (tensor<2x2xf32>, !h) -> !h
    %n = rondo.map (j) %a[j], %b[j] : (!h, !h) -> (!h) {
    ^bb0(%p: f32, %q: f32):
      %u = arith.addf %p, %q : f32
      %v = math.tanh %u : f32
      rondo.yield %v : f32
    }
    rondo.yield %n, %n : !h, !h
  }
  %m = rondo.concat 1, %f, %g : (!hs, !hs) -> !ms
  %keys = rondo.contract (s, a | j in 4) %Wk[a, j] * %m[s, j] : (tensor<2x4xf32>, !ms) -> !hs
  %lt, %hs = rondo.scan t over (%y) from (%lb) : (!yt, !h) -> last (!h) stack (!ht) {
  ^bb0(%yt: !e, %hp: !h):
    %q = rondo.contract (a | j in 2) %Wq[a, j] * %hp[j] : (tensor<2x2xf32>, !h) -> !h
    // CHECK: rondo.fold ["s"] -> tensor<4xf32> {
    %c = rondo.fold ["s"] -> !m {
      %e = rondo.map (s, a) %q[a], %keys[s, a] : (!h, !hs) -> (!hs) {
      ^bb0(%p: f32, %k: f32):
        %u = arith.addf %p, %k : f32
        %v = math.tanh %u : f32
        rondo.yield %v : f32
      }
      %sc = rondo.contract (s | a in 2) %w[a] * %e[s, a] : (tensor<2xf32>, !hs) -> !ss
      %al = rondo.softmax (s) over (0) %sc[s] : (!ss) -> !ss
      %o = rondo.contract (j | s in s) %al[s] * %m[s, j] : (!ss, !ms) -> !m
      rondo.yield %o : !m
    }
    %yc = rondo.concat 0, %yt, %c : (!e, !m) -> !yc
    %r1 = rondo.contract (j | k in 7) %Wr[j, k] * %yc[k] : (tensor<2x7xf32>, !yc) -> !h
    %r2 = rondo.contract (j | k in 2) %Ur[j, k] * %hp[k] : (tensor<2x2xf32>, !h) -> !h
    %u1 = rondo.contract (j | k in 7) %Wu[j, k] * %yc[k] : (tensor<2x7xf32>, !yc) -> !h
    %u2 = rondo.contract (j | k in 2) %Uu[j, k] * %hp[k] : (tensor<2x2xf32>, !h) -> !h
    %rh, %u = rondo.map (j) %r1[j], %r2[j], %u1[j], %u2[j], %hp[j] : (!h, !h, !h, !h, !h) -> (!h, !h) {
    ^bb0(%a: f32, %b: f32, %d: f32, %f0: f32, %p: f32):
      %one = arith.constant 1.0 : f32
      %s0 = arith.addf %a, %b : f32
      %s1 = arith.negf %s0 : f32
      %s2 = math.exp %s1 : f32
      %s3 = arith.addf %one, %s2 : f32
      %s4 = arith.divf %p, %s3 : f32
      %v0 = arith.addf %d, %f0 : f32
      %v1 = arith.negf %v0 : f32
      %v2 = math.exp %v1 : f32
      %v3 = arith.addf %one, %v2 : f32
      %v4 = arith.divf %one, %v3 : f32
      rondo.yield %s4, %v4 : f32, f32
    }
    %n1 = rondo.contract (j | k in 7) %Wn[j, k] * %yc[k] : (tensor<2x7xf32>, !yc) -> !h
    %n2 = rondo.contract (j | k in 2) %Un[j, k] * %rh[k] : (tensor<2x2xf32>, !h) -> !h
    %hn = rondo.map (j) %u[j], %hp[j], %n1[j], %n2[j] : (!h, !h, !h, !h) -> (!h) {
    ^bb0(%a: f32, %p: f32, %d: f32, %f0: f32):
      %s = arith.addf %d, %f0 : f32
      %n = math.tanh %s : f32
      %one = arith.constant 1.0 : f32
      %b = arith.subf %one, %a : f32
      %v = arith.mulf %a, %p : f32
      %x1 = arith.mulf %b, %n : f32
      %x2 = arith.addf %v, %x1 : f32
      rondo.yield %x2 : f32
    }
    rondo.yield %hn, %hn : !h, !h
  }
  return %hs : !ht
}
