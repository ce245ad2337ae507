// RUN: rondo-opt %s --rondo-batch --verify-diagnostics
// Twice is once too many.

// expected-error @+1 {{has a batch already}}
func.func @batched(%x: tensor<?xf32, #rondo.ax<b>>) -> tensor<?xf32, #rondo.ax<b>> {
  return %x : tensor<?xf32, #rondo.ax<b>>
}
