// RUN: rondo-opt %s --rondo-form-kernels --check-meaning | FileCheck %s
// RUN: rondo-opt %s --rondo-form-kernels=recurrences=columns | FileCheck %s --check-prefix=COLUMNS
// RUN: not rondo-opt %s --rondo-form-kernels=recurrences=rows 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: recurrences are shared by 'examples' or 'columns', not by 'rows'
// Products take the maps at their own index; what shares its rows stands together; views are where they are read.

rondo.cell "param" @W : tensor<8x8xf32>
rondo.cell "param" @E : tensor<30x8xf32>
rondo.cell "param" @C : tensor<8x3x8xf32>

!x = tensor<?x?x8xf32, #rondo.ax<b, t(b)>>
!r = tensor<?x?xf32, #rondo.ax<b, t(b)>>

// CHECK-LABEL: func.func @norm
func.func @norm(%text: tensor<?x?xi32, #rondo.ax<b, t(b)>> {rondo.bound = 30 : i64}) -> !x {
  // CHECK: %[[L:.*]]:2 = rondo.kernel "load" {}
  // CHECK: rondo.read @W
  // CHECK: rondo.read @E
  %W = rondo.read @W : tensor<8x8xf32>
  %E = rondo.read @E : tensor<30x8xf32>
  // The gather is part of the product's reading.
  // CHECK: %[[P:.*]] = rondo.kernel "product" {columns = 8 : i64, depth = 8 : i64, gates = 1 : i64, maps = 1 : i64, rows = 2 : i64}
  // CHECK-NEXT: %[[Y:.*]] = rondo.contract (i, j, l | r in 8) let (u = %arg0[i, j]) %[[L]]#0[l, r] * %[[L]]#1[u, r]
  // CHECK-NEXT: rondo.map (i, j, l) %[[Y]][i, j, l]
  %x = rondo.contract (b, t, e) let (u = %text[b, t]) %E[u, e] : (tensor<30x8xf32>, tensor<?x?xi32, #rondo.ax<b, t(b)>>) -> !x
  %y = rondo.contract (b, t, j | e in 8) %W[j, e] * %x[b, t, e] : (tensor<8x8xf32>, !x) -> !x
  %z = rondo.map (b, t, j) %y[b, t, j] : (!x) -> (!x) {
  ^bb0(%a: f32):
    %s = math.tanh %a : f32
    rondo.yield %s : f32
  }
  // CHECK: %[[R:.*]] = rondo.kernel "rows" {columns = 8 : i64, rows = 2 : i64}
  // CHECK: rondo.contract (i, j | r in 8) %[[P]]
  // CHECK: rondo.map (i, j, l) %[[P]]
  %n = rondo.contract (b, t | j in 8) %z[b, t, j] * %z[b, t, j] : (!x, !x) -> !r
  %m = rondo.map (b, t, j) %z[b, t, j], %n[b, t] : (!x, !r) -> (!x) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.divf %a, %b : f32
    rondo.yield %s : f32
  }
  // Another row of what a kernel makes: another kernel, with the shift inside.
  // CHECK: %[[S:.*]] = rondo.kernel "rows"
  // CHECK: %[[V:.*]] = rondo.contract (i, j, l) %[[R]][i, j - 1, l]
  // CHECK: rondo.map (i, j, l) %[[R]][i, j, l], %[[V]][i, j, l]
  %v = rondo.contract (b, t, j) %m[b, t - 1, j] : (!x) -> !x
  %o = rondo.map (b, t, j) %m[b, t, j], %v[b, t, j] : (!x, !x) -> (!x) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    rondo.yield %s : f32
  }
  // CHECK: return %[[S]]
  return %o : !x
}

// A product of rows that may not exist reads them from a value, where they are 0.
// CHECK-LABEL: func.func @window
func.func @window(%x: !x) -> !x {
  %C = rondo.read @C : tensor<8x3x8xf32>
  // CHECK: %[[S:.*]] = rondo.kernel "rows" {columns = 24 : i64, rows = 2 : i64} -> tensor<?x?x3x8xf32
  // CHECK-NEXT: rondo.contract (i, j, l, m) %arg0[i, j + l - 2, m]
  // CHECK: rondo.kernel "product" {columns = 8 : i64, depth = 24 : i64
  // CHECK-NEXT: rondo.contract (i, j, l | r in 3, s in 8) %{{.*}}[l, r, s] * %[[S]][i, j, r, s]
  %y = rondo.contract (b, t, o | k in 3, c in 8) %C[o, k, c] * %x[b, t + k - 2, c] : (tensor<8x3x8xf32>, !x) -> !x
  return %y : !x
}

// What the threads share is an entry of a recurrence's schedule, where somebody decided it beforehand.
// CHECK-LABEL: func.func @recurrence
// CHECK: rondo.kernel "scan" {axis = "t"}
// COLUMNS: rondo.kernel "scan" {axis = "t", threads = "columns"}
func.func @recurrence(%x: tensor<?x?x4xf32, #rondo.ax<b, t(b)>>, %h0: tensor<?x4xf32, #rondo.ax<b>>) -> tensor<?x4xf32, #rondo.ax<b>> {
  %h = rondo.scan t over (%x at 1) from (%h0) : (tensor<?x?x4xf32, #rondo.ax<b, t(b)>>, tensor<?x4xf32, #rondo.ax<b>>) -> last (tensor<?x4xf32, #rondo.ax<b>>) {
  ^bb0(%xt: tensor<?x4xf32, #rondo.ax<b>>, %hp: tensor<?x4xf32, #rondo.ax<b>>):
    %n = rondo.map (i, j) %xt[i, j], %hp[i, j] : (tensor<?x4xf32, #rondo.ax<b>>, tensor<?x4xf32, #rondo.ax<b>>) -> (tensor<?x4xf32, #rondo.ax<b>>) {
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      rondo.yield %s : f32
    }
    rondo.yield %n : tensor<?x4xf32, #rondo.ax<b>>
  }
  return %h : tensor<?x4xf32, #rondo.ax<b>>
}

// What looks at an axis through a view comes after the axis, whatever else it could share its rows with.
// CHECK-LABEL: func.func @made
func.func @made(%x: !r, %n: tensor<?xi32, #rondo.ax<b>>) -> (tensor<?xf32, #rondo.ax<b>>, tensor<?xf32, #rondo.ax<b>>) {
  // CHECK: rondo.kernel "rows"
  // CHECK: rondo.axis "u"
  // CHECK: rondo.kernel "rows"
  %first = rondo.map (i) %n[i] : (tensor<?xi32, #rondo.ax<b>>) -> (tensor<?xi32, #rondo.ax<b>>) {
  ^bb0(%a: i32):
    rondo.yield %a : i32
  }
  %w = rondo.contract (i) %x[i, 0] : (!r) -> tensor<?xf32, #rondo.ax<b>>
  rondo.axis "u" of %first at_most "t" : tensor<?xi32, #rondo.ax<b>>
  %v = rondo.contract (i, j) %x[i, j] : (!r) -> tensor<?x?xf32, #rondo.ax<b, u(b)>>
  %c = rondo.contract (i) %v[i, 2] : (tensor<?x?xf32, #rondo.ax<b, u(b)>>) -> tensor<?xf32, #rondo.ax<b>>
  %y = rondo.map (i) %c[i], %w[i] : (tensor<?xf32, #rondo.ax<b>>, tensor<?xf32, #rondo.ax<b>>) -> (tensor<?xf32, #rondo.ax<b>>) {
  ^bb0(%a: f32, %d: f32):
    %s = arith.subf %a, %d : f32
    rondo.yield %s : f32
  }
  return %y, %c : tensor<?xf32, #rondo.ax<b>>, tensor<?xf32, #rondo.ax<b>>
}

// A map of none of a product's columns is no epilogue of it.
// CHECK-LABEL: func.func @none
func.func @none(%x: !x) -> tensor<?x?x0xf32, #rondo.ax<b, t(b)>> {
  // CHECK: rondo.kernel "product" {{.*}} maps = 0
  // CHECK: rondo.kernel "rows"
  %W = rondo.read @W : tensor<8x8xf32>
  %y = rondo.contract (b, t, j | e in 8) %W[j, e] * %x[b, t, e] : (tensor<8x8xf32>, !x) -> !x
  %v = rondo.contract (b, t, j) %y[b, t, j] : (!x) -> tensor<?x?x0xf32, #rondo.ax<b, t(b)>>
  %z = rondo.map (b, t, j) %v[b, t, j] : (tensor<?x?x0xf32, #rondo.ax<b, t(b)>>) -> (tensor<?x?x0xf32, #rondo.ax<b, t(b)>>) {
  ^bb0(%p: f32):
    %s = math.tanh %p : f32
    rondo.yield %s : f32
  }
  return %z : tensor<?x?x0xf32, #rondo.ax<b, t(b)>>
}

// In a scan within another over the same axis a step is that one's: a view of the outer step is stored for it.
// CHECK-LABEL: func.func @same
func.func @same(%x: tensor<?x?xf32, #rondo.ax<b, t(b)>>) -> tensor<?x?x?xf32, #rondo.ax<b, t(b), t(b)>> {
  // CHECK: rondo.kernel "scan"
  // CHECK: %[[V:.*]] = rondo.kernel "rows"
  // CHECK-NEXT: rondo.contract (i) let (k = step t) %arg0[i, -k + 2]
  // CHECK: rondo.kernel "scan"
  // CHECK: rondo.map (i) %{{.*}}[i], %[[V]][i]
  %y = rondo.scan t over (%x at 1) from () : (tensor<?x?xf32, #rondo.ax<b, t(b)>>) -> stack (tensor<?x?x?xf32, #rondo.ax<b, t(b), t(b)>> at 1) {
  ^bb0(%xt: tensor<?xf32, #rondo.ax<b>>):
    %v = rondo.contract (b) let (k = step t) %x[b, 2 - k] : (tensor<?x?xf32, #rondo.ax<b, t(b)>>) -> tensor<?xf32, #rondo.ax<b>>
    %z = rondo.scan t over (%x at 1) from () : (tensor<?x?xf32, #rondo.ax<b, t(b)>>) -> stack (tensor<?x?xf32, #rondo.ax<b, t(b)>> at 1) {
    ^bb0(%xs: tensor<?xf32, #rondo.ax<b>>):
      %c = rondo.map (b) %xs[b], %v[b] : (tensor<?xf32, #rondo.ax<b>>, tensor<?xf32, #rondo.ax<b>>) -> (tensor<?xf32, #rondo.ax<b>>) {
      ^bb0(%p: f32, %q: f32):
        %d = arith.subf %p, %q : f32
        rondo.yield %d : f32
      }
      rondo.yield %c : tensor<?xf32, #rondo.ax<b>>
    }
    rondo.yield %z : tensor<?x?xf32, #rondo.ax<b, t(b)>>
  }
  return %y : tensor<?x?x?xf32, #rondo.ax<b, t(b), t(b)>>
}
