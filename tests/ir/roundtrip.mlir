// RUN: rondo-opt %s | FileCheck %s
// RUN: rondo-opt %s | rondo-opt | FileCheck %s
// RUN: rondo-opt %s --mlir-print-op-generic | rondo-opt | FileCheck %s
// Every operation is read and printed; the generic form reads back too.

!x = tensor<?x64xf32, #rondo.ax<t>>

// CHECK: rondo.cell "param" @W : tensor<32x64xf32> init "glorot"
rondo.cell "param" @W : tensor<32x64xf32> init "glorot"
// CHECK: rondo.cell "const" @noise : tensor<8xf32>
rondo.cell "const" @noise : tensor<8xf32>

// CHECK-LABEL: func.func @contract
func.func @contract(%x: !x, %text: tensor<?xi32, #rondo.ax<t>>, %E: tensor<100x64xf32>) -> !x attributes {rondo.export, rondo.max = {t = 512 : i64}} {
  %W = rondo.read @W : tensor<32x64xf32>
  // CHECK: rondo.contract (i, j | r in 64) %{{.*}}[j, r] * %{{.*}}[i, r] : (tensor<32x64xf32>, tensor<?x64xf32, #rondo.ax<t>>) -> tensor<?x32xf32, #rondo.ax<t>>
  %y = rondo.contract (a, b | c in 64) %W[b, c] * %x[a, c] : (tensor<32x64xf32>, !x) -> tensor<?x32xf32, #rondo.ax<t>>
  // CHECK: rondo.contract (i, j) let (u = %{{.*}}[i]) %{{.*}}[u, j] :
  %e = rondo.contract (i, j) let (u = %text[i]) %E[u, j] : (tensor<100x64xf32>, tensor<?xi32, #rondo.ax<t>>) -> !x
  // CHECK: rondo.contract (i | r in t) let (n = size t) %{{.*}}[r, i] where (r <= n - 2) or (n >= 2 and r == 0) :
  %s = rondo.contract (j | r in t) let (n = size t) %x[r, j] where (r <= n - 2) or (r == 0 and n >= 2) : (!x) -> tensor<64xf32>
  // CHECK: rondo.contract (| r in t) : () -> tensor<i32>
  %n = rondo.contract ( | r in t) : () -> tensor<i32>
  // CHECK: rondo.contract (i, j | r in 3) %{{.*}}[i + r - 1, j] :
  %w = rondo.contract (i, j | r in 3) %x[i + r - 1, j] : (!x) -> !x
  // CHECK: rondo.contract (i, j) let (n = size t, u = %{{.*}}[i]) %{{.*}}[-i + n - 1, (j floordiv 2) * 2] where (i <= u + 3 and u <= i)
  %v = rondo.contract (i, j) let (w = %text[i], n = size t) %x[n - 1 - i, (j floordiv 2) * 2] where (w <= i and i - w <= 3) : (!x, tensor<?xi32, #rondo.ax<t>>) -> !x
  // CHECK: rondo.contract () %{{.*}}[2, 3] : (tensor<32x64xf32>) -> tensor<f32>
  %z = rondo.contract () %W[2, 3] : (tensor<32x64xf32>) -> tensor<f32>
  return %e : !x
}

// CHECK-LABEL: func.func @others
func.func @others(%x: !x, %e: tensor<?x?xf32, #rondo.ax<b, t(b)>>) -> !x {
  // CHECK: rondo.reduce max (i | r in t) %{{.*}}[r, i] where (r >= 1)
  %m = rondo.reduce max (i | r in t) %x[r, i] where (r >= 1) : (!x) -> tensor<64xf32>
  // CHECK: rondo.softmax (i, j) over (1) %{{.*}}[i, j] where (j <= i) : (tensor<?x?xf32, #rondo.ax<b, t(b)>>) -> tensor<?x?xf32, #rondo.ax<b, t(b)>>
  %p = rondo.softmax (i, j) over (1) %e[i, j] where (j <= i) : (tensor<?x?xf32, #rondo.ax<b, t(b)>>) -> tensor<?x?xf32, #rondo.ax<b, t(b)>>
  // CHECK: rondo.map (i, j) %{{.*}}[i, j], %{{.*}}[j] where (j <= i) : (tensor<?x64xf32, #rondo.ax<t>>, tensor<64xf32>) -> (tensor<?x64xf32, #rondo.ax<t>>, tensor<?x64xi32, #rondo.ax<t>>) {
  // CHECK: rondo.index 1
  // CHECK: rondo.length "t"
  %a, %k = rondo.map (i, j) %x[i, j], %m[j] where (j <= i) : (!x, tensor<64xf32>) -> (!x, tensor<?x64xi32, #rondo.ax<t>>) {
  ^bb0(%p0: f32, %q: f32):
    %s = arith.addf %p0, %q : f32
    %i = rondo.index 1
    %n = rondo.length "t"
    %d = arith.subi %n, %i : index
    %c = arith.index_cast %d : index to i32
    rondo.yield %s, %c : f32, i32
  }
  // CHECK: rondo.map (i, j) let (n = size t) %{{.*}}[i, j] where (i <= n - 2)
  %g0 = rondo.map (i, j) let (n = size t) %x[i, j] where (i <= n - 2) : (!x) -> (!x) {
  ^bb0(%p0: f32):
    rondo.yield %p0 : f32
  }
  // CHECK: rondo.concat 0, %{{.*}}, %{{.*}} : (tensor<?x64xf32, #rondo.ax<t>>, tensor<?x64xf32, #rondo.ax<t>>) -> tensor<?x64xf32, #rondo.ax<"2*t">>
  %c2 = rondo.concat 0, %x, %a : (!x, !x) -> tensor<?x64xf32, #rondo.ax<"2*t">>
  // CHECK: rondo.detach %{{.*}} : tensor<?x64xf32, #rondo.ax<t>>
  %dt = rondo.detach %a : !x
  // CHECK: rondo.fold ["t", "t"] -> tensor<?x64xf32, #rondo.ax<t>> {
  %f = rondo.fold ["t", "t"] -> !x {
    rondo.yield %dt : !x
  }
  // CHECK: rondo.kernel "rows" {tile = [14, 32]} -> tensor<?x64xf32, #rondo.ax<t>> {
  %g = rondo.kernel "rows" {tile = [14, 32]} -> !x {
    rondo.yield %f : !x
  }
  %W = rondo.read @W : tensor<32x64xf32>
  // CHECK: rondo.pack %{{.*}} gates 4 : tensor<32x64xf32> -> tensor<4x64x16xf32>
  %pk = rondo.pack %W gates 4 : tensor<32x64xf32> -> tensor<4x64x16xf32>
  return %g : !x
}

// CHECK-LABEL: func.func @scan
func.func @scan(%x: !x, %h0: tensor<64xf32>, %rows: tensor<2x64xf32>) -> (!x, tensor<64xf32>) {
  // CHECK: rondo.scan t over (%{{.*}} at 0) from (%{{.*}}) past (0 with %{{.*}}) : (tensor<?x64xf32, #rondo.ax<t>>, tensor<64xf32>, tensor<2x64xf32>) -> last (tensor<64xf32>) stack (tensor<?x64xf32, #rondo.ax<t>> at 0) sum (tensor<64xf32>) {
  // CHECK: ^bb0(%{{.*}}: tensor<64xf32>, %{{.*}}: tensor<64xf32>, %{{.*}}: tensor<?x64xf32, #rondo.ax<"t+2">>):
  // CHECK: rondo.contract (i) let (k = step t) %{{.*}}[k + 1, i]
  %h, %y, %s = rondo.scan t over (%x) from (%h0) past (0 with %rows) : (!x, tensor<64xf32>, tensor<2x64xf32>) -> last (tensor<64xf32>) stack (!x) sum (tensor<64xf32>) {
  ^bb0(%xt: tensor<64xf32>, %hp: tensor<64xf32>, %past: tensor<?x64xf32, #rondo.ax<"t+2">>):
    %b = rondo.contract (i) let (k = step t) %past[k + 1, i] : (tensor<?x64xf32, #rondo.ax<"t+2">>) -> tensor<64xf32>
    rondo.yield %xt, %b, %xt : tensor<64xf32>, tensor<64xf32>, tensor<64xf32>
  }
  // CHECK: rondo.scan t over (%{{.*}} at 0) from () reverse : (tensor<?x64xf32, #rondo.ax<t>>) -> stack (tensor<64x?xf32, #rondo.ax<t>> at 1) {
  %r = rondo.scan t over (%x) from () reverse : (!x) -> stack (tensor<64x?xf32, #rondo.ax<t>>) {
  ^bb0(%xt: tensor<64xf32>):
    rondo.yield %xt : tensor<64xf32>
  }
  return %y, %s : !x, tensor<64xf32>
}

// Names of axes that are no words of the assembly, or mean something else there, keep their quotes.
// CHECK-LABEL: func.func @names
// CHECK-SAME: tensor<?xf32, #rondo.ax<".t">>
func.func @names(%x: tensor<?xf32, #rondo.ax<".t">>, %y: tensor<?xf32, #rondo.ax<"true">>) -> tensor<f32> {
  // CHECK: rondo.contract (| r in "true") %{{.*}}[r] : (tensor<?xf32, #rondo.ax<"true">>)
  %z = rondo.contract (| r in "true") %y[r] : (tensor<?xf32, #rondo.ax<"true">>) -> tensor<f32>
  return %z : tensor<f32>
}
