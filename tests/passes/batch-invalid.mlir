// RUN: rondo-opt %s --rondo-batch --split-input-file --verify-diagnostics
// Twice is once too many.

// expected-error @+1 {{has a batch already}}
func.func @batched(%x: tensor<?xf32, #rondo.ax<b>>) -> tensor<?xf32, #rondo.ax<b>> {
  return %x : tensor<?xf32, #rondo.ax<b>>
}

// -----

// expected-error @+1 {{has a batch already}}
func.func @inside(%x: tensor<?x4xf32, #rondo.ax<t>>) -> tensor<4xf32> {
  %y = rondo.contract (j) %x[0, j] : (tensor<?x4xf32, #rondo.ax<t>>) -> tensor<4xf32>
  %z = rondo.contract (j | r in b) %y[j] : (tensor<4xf32>) -> tensor<4xf32>
  return %z : tensor<4xf32>
}
