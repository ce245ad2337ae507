// RUN: rondo-opt %s --rondo-batch | FileCheck %s
// Examples get a leading dim b; cells do not; an operation that mentions a length is of an example.

rondo.cell "param" @W : tensor<4x8xf32>

// CHECK-LABEL: func.func @whole(%arg0: tensor<?x?x8xf32, #rondo.ax<b, t(b)>>)
// CHECK-SAME: -> (tensor<?x?x4xf32, #rondo.ax<b, t(b)>>, tensor<?xi32, #rondo.ax<b>>, tensor<?x4xf32, #rondo.ax<b>>)
func.func @whole(%x: tensor<?x8xf32, #rondo.ax<t>>) -> (tensor<?x4xf32, #rondo.ax<t>>, tensor<i32>, tensor<4xf32>) {
  // CHECK: %[[W:.*]] = rondo.read @W : tensor<4x8xf32>
  %W = rondo.read @W : tensor<4x8xf32>
  // CHECK: rondo.contract (i, j, l | r in 8) %[[W]][l, r] * %arg0[i, j, r]
  %y = rondo.contract (i, j | r in 8) %W[j, r] * %x[i, r] : (tensor<4x8xf32>, tensor<?x8xf32, #rondo.ax<t>>) -> tensor<?x4xf32, #rondo.ax<t>>
  // CHECK: rondo.contract (i | r in t) let (n = size t) where (r <= n - 2) : () -> tensor<?xi32, #rondo.ax<b>>
  %n = rondo.contract ( | r in t) let (n = size t) where (r <= n - 2) : () -> tensor<i32>
  // A result that depends on a cell alone is repeated.
  // CHECK: %[[C:.*]] = rondo.contract (i) %[[W]][i, 0]
  // CHECK: rondo.contract (i, j) %[[C]][j] : (tensor<4xf32>) -> tensor<?x4xf32, #rondo.ax<b>>
  %c = rondo.contract (i) %W[i, 0] : (tensor<4x8xf32>) -> tensor<4xf32>
  return %y, %n, %c : tensor<?x4xf32, #rondo.ax<t>>, tensor<i32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @recurrence
func.func @recurrence(%x: tensor<?x4xf32, #rondo.ax<t>>, %h0: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: rondo.scan t over (%arg0 at 1) from (%arg1)
  // CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<?x4xf32, #rondo.ax<b>>, %[[H:.*]]: tensor<?x4xf32, #rondo.ax<b>>)
  %h = rondo.scan t over (%x) from (%h0) : (tensor<?x4xf32, #rondo.ax<t>>, tensor<4xf32>) -> last (tensor<4xf32>) {
  ^bb0(%xt: tensor<4xf32>, %hp: tensor<4xf32>):
    // CHECK: rondo.map (i, j) %[[X]][i, j], %[[H]][i, j]
    // CHECK: rondo.index 1
    %n = rondo.map (j) %xt[j], %hp[j] : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>) {
    ^bb0(%a: f32, %b: f32):
      %i = rondo.index 0
      %k = arith.index_cast %i : index to i32
      %f = arith.sitofp %k : i32 to f32
      %s = arith.addf %a, %b : f32
      %r = arith.addf %s, %f : f32
      rondo.yield %r : f32
    }
    rondo.yield %n : tensor<4xf32>
  }
  return %h : tensor<4xf32>
}
