// RUN: rondo-opt %s --rondo-pack --split-input-file --verify-diagnostics
// Product kernels as form-kernels does not make them.

!x = tensor<?x4xf32, #rondo.ax<b>>
!y = tensor<?x32xf32, #rondo.ax<b>>

rondo.cell "param" @W : tensor<32x4xf32>
func.func @gates(%x: !x) -> !y {
  %l = rondo.kernel "load" {} -> tensor<32x4xf32> {
    %W = rondo.read @W : tensor<32x4xf32>
    rondo.yield %W : tensor<32x4xf32>
  }
  // expected-error @+1 {{has 0 gates, which do not divide its 32 columns}}
  %y = rondo.kernel "product" {gates = 0 : i64} -> !y {
    %q = rondo.contract (i, j | r in 4) %l[j, r] * %x[i, r] : (tensor<32x4xf32>, !x) -> !y
    rondo.yield %q : !y
  }
  return %y : !y
}

// -----

!x = tensor<?x4xf32, #rondo.ax<b>>
!y = tensor<?x32xf32, #rondo.ax<b>>

rondo.cell "param" @W : tensor<32x4xf32>
func.func @weight(%x: !x) -> !y {
  %l = rondo.kernel "load" {} -> tensor<32x4xf32> {
    %W = rondo.read @W : tensor<32x4xf32>
    rondo.yield %W : tensor<32x4xf32>
  }
  %y = rondo.kernel "product" {gates = 1 : i64} -> !y {
    // expected-error @+1 {{is the root of a product kernel, but its parameter is not read at one index along each of its axes}}
    %q = rondo.contract (i, j | r in 4) %l[j, r floordiv 2] * %x[i, r] : (tensor<32x4xf32>, !x) -> !y
    rondo.yield %q : !y
  }
  return %y : !y
}
