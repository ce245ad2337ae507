// RUN: rondo-opt %s --rondo-hoist --check-meaning | FileCheck %s
// Products of slices leave for all steps at once and take their maps along; a map never leaves alone; the step becomes
// the new dim; what is not read any more is dropped.

rondo.cell "param" @W : tensor<4x4xf32>

// CHECK-LABEL: func.func @step
func.func @step(%x: tensor<4x?xf32, #rondo.ax<t>>, %h0: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: %[[W:.*]] = rondo.read @W
  // CHECK: %[[D:.*]] = rondo.map (i, j) %arg0[j, i] :
  // CHECK: %[[A:.*]] = rondo.contract (i, j | r in 4) %[[W]][j, r] * %[[D]][i, r] where (i >= 1)
  // CHECK: rondo.scan t over (%arg0 at 1, %[[A]] at 0) from (%arg1) : {{.*}} -> last (tensor<4xf32>) {
  // CHECK-NEXT: ^bb0(%[[XT:.*]]: tensor<4xf32>, %[[AT:.*]]: tensor<4xf32>, %[[H:.*]]: tensor<4xf32>):
  %h, %unused, %stack = rondo.scan t over (%x at 1) from (%h0, %h0) : (tensor<4x?xf32, #rondo.ax<t>>, tensor<4xf32>, tensor<4xf32>) -> last (tensor<4xf32>, tensor<4xf32>) stack (tensor<?x4xf32, #rondo.ax<t>> at 0) {
  ^bb0(%xt: tensor<4xf32>, %hp: tensor<4xf32>, %u: tensor<4xf32>):
    %W = rondo.read @W : tensor<4x4xf32>
    %d = rondo.map (j) %xt[j] : (tensor<4xf32>) -> (tensor<4xf32>) {
    ^bb0(%a: f32):
      %r = math.tanh %a : f32
      rondo.yield %r : f32
    }
    %a = rondo.contract (j | r in 4) let (k = step t) %W[j, r] * %d[r] where (k >= 1) : (tensor<4x4xf32>, tensor<4xf32>) -> tensor<4xf32>
    // CHECK-NOT: rondo.contract
    // CHECK: rondo.map (i) %[[XT]][i]
    %e = rondo.map (j) %xt[j] : (tensor<4xf32>) -> (tensor<4xf32>) {
    ^bb0(%p: f32):
      %r = math.exp %p : f32
      rondo.yield %r : f32
    }
    // CHECK: rondo.map (i) %[[AT]][i], %[[H]][i]
    %n = rondo.map (j) %a[j], %hp[j], %e[j] : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>) {
    ^bb0(%p: f32, %q: f32, %r: f32):
      %s = arith.addf %p, %q : f32
      %s2 = arith.addf %s, %r : f32
      rondo.yield %s2 : f32
    }
    rondo.yield %n, %u, %n : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
  return %h : tensor<4xf32>
}

// A fold with a recurrence in it depends on no carry, but a scan has no rule to leave another by.
// CHECK-LABEL: func.func @inner
func.func @inner(%x: tensor<?x4xf32, #rondo.ax<t>>, %y: tensor<?x4xf32, #rondo.ax<s>>, %h0: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: rondo.scan t
  // CHECK: rondo.fold
  // CHECK: rondo.scan s
  %h = rondo.scan t over (%x at 0) from (%h0) : (tensor<?x4xf32, #rondo.ax<t>>, tensor<4xf32>) -> last (tensor<4xf32>) {
  ^bb0(%xt: tensor<4xf32>, %hp: tensor<4xf32>):
    %f = rondo.fold ["s"] -> tensor<4xf32> {
      %g = rondo.scan s over (%y at 0) from (%xt) : (tensor<?x4xf32, #rondo.ax<s>>, tensor<4xf32>) -> last (tensor<4xf32>) {
      ^bb0(%ys: tensor<4xf32>, %gp: tensor<4xf32>):
        %n = rondo.map (i) %ys[i], %gp[i] : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>) {
        ^bb0(%p: f32, %q: f32):
          %s = arith.subf %p, %q : f32
          rondo.yield %s : f32
        }
        rondo.yield %n : tensor<4xf32>
      }
      rondo.yield %g : tensor<4xf32>
    }
    %n = rondo.map (i) %f[i], %hp[i] : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>) {
    ^bb0(%p: f32, %q: f32):
      %s = arith.subf %p, %q : f32
      rondo.yield %s : f32
    }
    rondo.yield %n : tensor<4xf32>
  }
  return %h : tensor<4xf32>
}

// In a scan within another over the same axis a step is that one's: what mentions it is not the same as outside, and
// what leaves the inner one has the inner one's steps.
// CHECK-LABEL: func.func @same
func.func @same(%x: tensor<?xf32, #rondo.ax<t>>) -> tensor<?x?xf32, #rondo.ax<t, t>> {
  // CHECK: rondo.scan t
  // CHECK: rondo.step
  // CHECK: rondo.scan t
  // CHECK: rondo.step
  %y = rondo.scan t over (%x) from () : (tensor<?xf32, #rondo.ax<t>>) -> stack (tensor<?x?xf32, #rondo.ax<t, t>> at 0) {
  ^bb0(%xt: tensor<f32>):
    %a = rondo.map () %xt[] : (tensor<f32>) -> (tensor<f32>) {
    ^bb0(%p: f32):
      %s = rondo.step "t"
      %i = arith.index_cast %s : index to i32
      %r = arith.sitofp %i : i32 to f32
      %m = arith.mulf %p, %r : f32
      rondo.yield %m : f32
    }
    %z = rondo.scan t over (%x) from () : (tensor<?xf32, #rondo.ax<t>>) -> stack (tensor<?xf32, #rondo.ax<t>> at 0) {
    ^bb0(%xs: tensor<f32>):
      %b = rondo.map () %xt[] : (tensor<f32>) -> (tensor<f32>) {
      ^bb0(%p: f32):
        %s = rondo.step "t"
        %i = arith.index_cast %s : index to i32
        %r = arith.sitofp %i : i32 to f32
        %m = arith.mulf %p, %r : f32
        rondo.yield %m : f32
      }
      %c = rondo.map () %a[], %b[], %xs[] : (tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<f32>) {
      ^bb0(%p: f32, %q: f32, %r: f32):
        %d = arith.subf %p, %q : f32
        %e = arith.mulf %d, %r : f32
        rondo.yield %e : f32
      }
      rondo.yield %c : tensor<f32>
    }
    rondo.yield %z : tensor<?xf32, #rondo.ax<t>>
  }
  return %y : tensor<?x?xf32, #rondo.ax<t, t>>
}

// What is read at the step of another axis is read through a view, which is 0 beyond; where that is no term, none is.
// CHECK-LABEL: func.func @another
func.func @another(%x: tensor<?x4xf32, #rondo.ax<t>>, %y: tensor<?x4xf32, #rondo.ax<s>>, %n: tensor<?xi32, #rondo.ax<s>>, %h0: tensor<4xf32>) -> tensor<4xf32> {
  %W = rondo.read @W : tensor<4x4xf32>
  // CHECK: %[[Y:.*]] = rondo.contract (i, j) %arg1[i, j] : (tensor<?x4xf32, #rondo.ax<s>>) -> tensor<?x4xf32, #rondo.ax<t>>
  // CHECK: %[[A:.*]] = rondo.contract (i, j | r in 4) %[[W:.*]][j, r] * %[[Y]][i, r] :
  // CHECK: %[[N:.*]] = rondo.contract (i) %arg2[i] : (tensor<?xi32, #rondo.ax<s>>) -> tensor<?xi32, #rondo.ax<t>>
  // CHECK: rondo.contract (i, j | r in 4) let (n = size s, u = %[[N]][i]) %[[W]][u, r] * %arg0[i, r] where (i <= n - 1)
  // CHECK: rondo.scan
  %h = rondo.scan t over (%x at 0) from (%h0) : (tensor<?x4xf32, #rondo.ax<t>>, tensor<4xf32>) -> last (tensor<4xf32>) {
  ^bb0(%xt: tensor<4xf32>, %hp: tensor<4xf32>):
    %a = rondo.contract (j | r in 4) let (k = step t) %W[j, r] * %y[k, r] : (tensor<4x4xf32>, tensor<?x4xf32, #rondo.ax<s>>) -> tensor<4xf32>
    %b = rondo.contract (j | r in 4) let (k = step t, u = %n[k]) %W[u, r] * %xt[r] : (tensor<4x4xf32>, tensor<4xf32>, tensor<?xi32, #rondo.ax<s>>) -> tensor<4xf32>
    %c = rondo.map (j) %a[j], %b[j], %hp[j] : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>) {
    ^bb0(%p: f32, %q: f32, %r: f32):
      %s = arith.subf %p, %q : f32
      %s2 = arith.addf %s, %r : f32
      rondo.yield %s2 : f32
    }
    rondo.yield %c : tensor<4xf32>
  }
  return %h : tensor<4xf32>
}
