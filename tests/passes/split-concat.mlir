// RUN: rondo-opt %s --rondo-split-concat --check-meaning | FileCheck %s
// The part that does not recur gets its own product; outside scans a joined value stays joined.

rondo.cell "param" @W : tensor<4x6xf32>
rondo.cell "param" @V : tensor<4xf32>
rondo.cell "const" @m : tensor<6xi1>
rondo.cell "const" @k : tensor<6xi32>

// CHECK-LABEL: func.func @step
func.func @step(%x: tensor<?x2xf32, #rondo.ax<t>>, %h0: tensor<4xf32>) -> (tensor<4xf32>, tensor<?x4xf32, #rondo.ax<t>>) {
  // CHECK: %[[W:.*]] = rondo.read @W
  %W = rondo.read @W : tensor<4x6xf32>
  %h = rondo.scan t over (%x) from (%h0) : (tensor<?x2xf32, #rondo.ax<t>>, tensor<4xf32>) -> last (tensor<4xf32>) {
  // CHECK: ^bb0(%[[X:.*]]: tensor<2xf32>, %[[H:.*]]: tensor<4xf32>):
  ^bb0(%xt: tensor<2xf32>, %hp: tensor<4xf32>):
    // CHECK-NOT: concat
    // CHECK: %[[W0:.*]] = rondo.contract (i, j) %[[W]][i, j] : (tensor<4x6xf32>) -> tensor<4x2xf32>
    // CHECK: rondo.contract (i | r in 2) %[[W0]][i, r] * %[[X]][r]
    // CHECK: %[[W1:.*]] = rondo.contract (i, j) %[[W]][i, j + 2] : (tensor<4x6xf32>) -> tensor<4x4xf32>
    // CHECK: rondo.contract (i | r in 4) %[[W1]][i, r] * %[[H]][r]
    // CHECK: arith.addf
    %c = rondo.concat 0, %xt, %hp : (tensor<2xf32>, tensor<4xf32>) -> tensor<6xf32>
    %y = rondo.contract (j | r in 6) %W[j, r] * %c[r] : (tensor<4x6xf32>, tensor<6xf32>) -> tensor<4xf32>
    rondo.yield %y : tensor<4xf32>
  }
  // CHECK: %[[XX:.*]] = rondo.concat
  %xx = rondo.concat 1, %x, %x, %x : (tensor<?x2xf32, #rondo.ax<t>>, tensor<?x2xf32, #rondo.ax<t>>, tensor<?x2xf32, #rondo.ax<t>>) -> tensor<?x6xf32, #rondo.ax<t>>
  // CHECK: %[[W]][j, r] * %[[XX]][i, r]
  %z = rondo.contract (t, j | r in 6) %W[j, r] * %xx[t, r] : (tensor<4x6xf32>, tensor<?x6xf32, #rondo.ax<t>>) -> tensor<?x4xf32, #rondo.ax<t>>
  return %h, %z : tensor<4xf32>, tensor<?x4xf32, #rondo.ax<t>>
}

// A part is shorter than the whole: who looks at row r + 2 because of column r would look at row r of the part.
// CHECK-LABEL: func.func @diagonals
func.func @diagonals(%x: tensor<?x4x2xf32, #rondo.ax<t>>, %h0: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = rondo.read @V : tensor<4xf32>
  %h = rondo.scan t over (%x) from (%h0) : (tensor<?x4x2xf32, #rondo.ax<t>>, tensor<4x2xf32>) -> last (tensor<4x2xf32>) {
  ^bb0(%xt: tensor<4x2xf32>, %hp: tensor<4x2xf32>):
    // CHECK: %[[C:.*]] = rondo.concat 1
    %c = rondo.concat 1, %xt, %hp : (tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x4xf32>
    // CHECK: rondo.contract (i, j | r in 4) %{{.*}}[r] * %[[C]][{{.*}}, r]
    %y = rondo.contract (i, j | r in 4) %w[r] * %c[3 - i - r, r] : (tensor<4xf32>, tensor<4x4xf32>) -> tensor<4x2xf32>
    rondo.yield %y : tensor<4x2xf32>
  }
  return %h : tensor<4x2xf32>
}

// What a factor of truths, and what is looked up, is cut along with the joined value.
// CHECK-LABEL: func.func @kept
func.func @kept(%x: tensor<?x2xf32, #rondo.ax<t>>, %h0: tensor<4xf32>) -> tensor<4xf32> {
  %W = rondo.read @W : tensor<4x6xf32>
  %m = rondo.read @m : tensor<6xi1>
  %k = rondo.read @k : tensor<6xi32>
  %h = rondo.scan t over (%x) from (%h0) : (tensor<?x2xf32, #rondo.ax<t>>, tensor<4xf32>) -> last (tensor<4xf32>) {
  ^bb0(%xt: tensor<2xf32>, %hp: tensor<4xf32>):
    // CHECK: rondo.contract (i | r in 2) let (u = %{{.*}}[r]) {{.*}} where (u <= 2)
    // CHECK: %[[M:.*]] = rondo.contract (i) %{{.*}}[i + 2] : (tensor<6xi1>) -> tensor<4xi32>
    // CHECK: %[[K:.*]] = rondo.contract (i) %{{.*}}[i + 2] : (tensor<6xi32>) -> tensor<4xi32>
    // CHECK: rondo.contract (i | r in 4) let (u = %[[K]][r]) {{.*}} * %[[M]][r] where (u <= 2)
    %c = rondo.concat 0, %xt, %hp : (tensor<2xf32>, tensor<4xf32>) -> tensor<6xf32>
    %y = rondo.contract (j | r in 6) let (u = %k[r]) %W[j, r] * %c[r] * %m[r] where (u <= 2) : (tensor<4x6xf32>, tensor<6xf32>, tensor<6xi1>, tensor<6xi32>) -> tensor<4xf32>
    rondo.yield %y : tensor<4xf32>
  }
  return %h : tensor<4xf32>
}
