// RUN: rondo-opt %s --rondo-fuse-products --check-meaning | FileCheck %s
// Parameters are joined before everything; results become views; a scan over a view runs over the product.

rondo.cell "param" @A : tensor<4x8xf32>
rondo.cell "param" @B : tensor<6x8xf32>
rondo.cell "param" @C : tensor<4x8xf32>

// CHECK-LABEL: func.func @two
func.func @two(%x: tensor<?x8xf32, #rondo.ax<t>>, %h0: tensor<4xf32>) -> (tensor<4xf32>, tensor<?x6xf32, #rondo.ax<t>>) {
  // CHECK: %[[A:.*]] = rondo.read @A
  // CHECK: %[[B:.*]] = rondo.read @B
  // CHECK: %[[W:.*]] = rondo.concat 0, %[[A]], %[[B]] : {{.*}} -> tensor<10x8xf32>
  // CHECK: %[[Y:.*]] = rondo.contract (i, j | r in 8) %[[W]][j, r] * %arg0[i, r]
  // CHECK: %[[V:.*]] = rondo.contract (i, j) %[[Y]][i, j + 4]
  // CHECK: rondo.scan t over (%[[Y]] at 0) from
  // CHECK-NEXT: ^bb0(%[[YT:.*]]: tensor<10xf32>,
  // CHECK-NEXT: rondo.contract (i) %[[YT]][i] : (tensor<10xf32>) -> tensor<4xf32>
  %A = rondo.read @A : tensor<4x8xf32>
  %a = rondo.contract (t, j | e in 8) %A[j, e] * %x[t, e] : (tensor<4x8xf32>, tensor<?x8xf32, #rondo.ax<t>>) -> tensor<?x4xf32, #rondo.ax<t>>
  %B = rondo.read @B : tensor<6x8xf32>
  %b = rondo.contract (t, j | e in 8) %B[j, e] * %x[t, e] : (tensor<6x8xf32>, tensor<?x8xf32, #rondo.ax<t>>) -> tensor<?x6xf32, #rondo.ax<t>>
  %h = rondo.scan t over (%a) from (%h0) : (tensor<?x4xf32, #rondo.ax<t>>, tensor<4xf32>) -> last (tensor<4xf32>) {
  ^bb0(%at: tensor<4xf32>, %hp: tensor<4xf32>):
    %n = rondo.map (j) %at[j], %hp[j] : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>) {
    ^bb0(%p: f32, %q: f32):
      %s = arith.addf %p, %q : f32
      rondo.yield %s : f32
    }
    rondo.yield %n : tensor<4xf32>
  }
  // CHECK: return %{{.*}}, %[[V]]
  return %h, %b : tensor<4xf32>, tensor<?x6xf32, #rondo.ax<t>>
}

// Columns that say where to look along another dimension of the parameter, too, cannot be counted on.
// CHECK-LABEL: func.func @bands
func.func @bands(%x: tensor<?x4xf32, #rondo.ax<t>>) -> (tensor<?x4xf32, #rondo.ax<t>>, tensor<?x4xf32, #rondo.ax<t>>) {
  // CHECK-NOT: rondo.concat
  %A = rondo.read @A : tensor<4x8xf32>
  %a = rondo.contract (t, j | e in 4) %A[j, e + j] * %x[t, e] : (tensor<4x8xf32>, tensor<?x4xf32, #rondo.ax<t>>) -> tensor<?x4xf32, #rondo.ax<t>>
  %C = rondo.read @C : tensor<4x8xf32>
  %c = rondo.contract (t, j | e in 4) %C[j, e + j] * %x[t, e] : (tensor<4x8xf32>, tensor<?x4xf32, #rondo.ax<t>>) -> tensor<?x4xf32, #rondo.ax<t>>
  return %a, %c : tensor<?x4xf32, #rondo.ax<t>>, tensor<?x4xf32, #rondo.ax<t>>
}
