// RUN: rondo-opt %s --rondo-forward --check-meaning -o /dev/null
// A character language model: embedding, one LSTM layer, tied output.
rondo.cell "param" @E : tensor<30x8xf32> init "glorot"
rondo.cell "param" @Wi : tensor<16x8xf32> init "glorot"
rondo.cell "param" @Wf : tensor<16x8xf32> init "glorot"
rondo.cell "param" @Wo : tensor<16x8xf32> init "glorot"
rondo.cell "param" @Wg : tensor<16x8xf32> init "glorot"
rondo.cell "param" @Ui : tensor<16x16xf32> init "glorot"
rondo.cell "param" @Uf : tensor<16x16xf32> init "glorot"
rondo.cell "param" @Uo : tensor<16x16xf32> init "glorot"
rondo.cell "param" @Ug : tensor<16x16xf32> init "glorot"
rondo.cell "param" @bi : tensor<16xf32> init "0"
rondo.cell "param" @V : tensor<30x16xf32> init "glorot"

!h = tensor<16xf32>
func.func @logits(%text: tensor<?xi32, #rondo.ax<t>> {rondo.name = "text", rondo.bound = 30 : i64})
    -> (tensor<?x30xf32, #rondo.ax<t>> {rondo.name = "logits"}) attributes {rondo.export} {
  %E = rondo.read @E : tensor<30x8xf32>
  %bi = rondo.read @bi : !h
  %V = rondo.read @V : tensor<30x16xf32>
  %x = rondo.contract (t, e) let (u = %text[t]) %E[u, e] : (tensor<30x8xf32>, tensor<?xi32, #rondo.ax<t>>) -> tensor<?x8xf32, #rondo.ax<t>>
  %z = rondo.map (j) : () -> (!h) {
    %c = arith.constant 0.0 : f32
    rondo.yield %c : f32
  }
  %h, %c, %hs = rondo.scan t over (%x) from (%z, %z) : (tensor<?x8xf32, #rondo.ax<t>>, !h, !h) -> last (!h, !h) stack (tensor<?x16xf32, #rondo.ax<t>>) {
  ^bb0(%xt: tensor<8xf32>, %hp: !h, %cp: !h):
    %Wi = rondo.read @Wi : tensor<16x8xf32>
    %Wf = rondo.read @Wf : tensor<16x8xf32>
    %Wo = rondo.read @Wo : tensor<16x8xf32>
    %Wg = rondo.read @Wg : tensor<16x8xf32>
    %Ui = rondo.read @Ui : tensor<16x16xf32>
    %Uf = rondo.read @Uf : tensor<16x16xf32>
    %Uo = rondo.read @Uo : tensor<16x16xf32>
    %Ug = rondo.read @Ug : tensor<16x16xf32>
    %i1 = rondo.contract (j | e in 8) %Wi[j, e] * %xt[e] : (tensor<16x8xf32>, tensor<8xf32>) -> !h
    %i2 = rondo.contract (j | k in 16) %Ui[j, k] * %hp[k] : (tensor<16x16xf32>, !h) -> !h
    %f1 = rondo.contract (j | e in 8) %Wf[j, e] * %xt[e] : (tensor<16x8xf32>, tensor<8xf32>) -> !h
    %f2 = rondo.contract (j | k in 16) %Uf[j, k] * %hp[k] : (tensor<16x16xf32>, !h) -> !h
    %o1 = rondo.contract (j | e in 8) %Wo[j, e] * %xt[e] : (tensor<16x8xf32>, tensor<8xf32>) -> !h
    %o2 = rondo.contract (j | k in 16) %Uo[j, k] * %hp[k] : (tensor<16x16xf32>, !h) -> !h
    %g1 = rondo.contract (j | e in 8) %Wg[j, e] * %xt[e] : (tensor<16x8xf32>, tensor<8xf32>) -> !h
    %g2 = rondo.contract (j | k in 16) %Ug[j, k] * %hp[k] : (tensor<16x16xf32>, !h) -> !h
    %i = rondo.map (j) %i1[j], %i2[j], %bi[j] : (!h, !h, !h) -> (!h) {
    ^bb0(%a: f32, %b: f32, %d: f32):
      %s = arith.addf %a, %b : f32
      %s2 = arith.addf %s, %d : f32
      %y = math.tanh %s2 : f32
      rondo.yield %y : f32
    }
    %f = rondo.map (j) %f1[j], %f2[j] : (!h, !h) -> (!h) {
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      %y = math.tanh %s : f32
      rondo.yield %y : f32
    }
    %o = rondo.map (j) %o1[j], %o2[j] : (!h, !h) -> (!h) {
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      %y = math.tanh %s : f32
      rondo.yield %y : f32
    }
    %g = rondo.map (j) %g1[j], %g2[j] : (!h, !h) -> (!h) {
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      %y = math.tanh %s : f32
      rondo.yield %y : f32
    }
    %cn = rondo.map (j) %f[j], %cp[j], %i[j], %g[j] : (!h, !h, !h, !h) -> (!h) {
    ^bb0(%a: f32, %b: f32, %d: f32, %e: f32):
      %p = arith.mulf %a, %b : f32
      %q = arith.mulf %d, %e : f32
      %s = arith.addf %p, %q : f32
      rondo.yield %s : f32
    }
    %hn = rondo.map (j) %o[j], %cn[j] : (!h, !h) -> (!h) {
    ^bb0(%a: f32, %b: f32):
      %y = math.tanh %b : f32
      %p = arith.mulf %a, %y : f32
      rondo.yield %p : f32
    }
    rondo.yield %hn, %cn, %hn : !h, !h, !h
  }
  %y = rondo.contract (t, v | j in 16) %V[v, j] * %hs[t, j] : (tensor<30x16xf32>, tensor<?x16xf32, #rondo.ax<t>>) -> tensor<?x30xf32, #rondo.ax<t>>
  return %y : tensor<?x30xf32, #rondo.ax<t>>
}
