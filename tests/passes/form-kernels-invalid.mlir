// RUN: rondo-opt %s --rondo-form-kernels --split-input-file --verify-diagnostics
// Operations of other dialects that give no tensors; kernels.

func.func @scalar(%x: tensor<?xf32, #rondo.ax<b>>) -> tensor<?xf32, #rondo.ax<b>> {
  // expected-error @+1 {{gets into no kernel, because it does not give tensors: not built yet}}
  %c = arith.constant 2.0 : f32
  return %x : tensor<?xf32, #rondo.ax<b>>
}

// -----

func.func private @other(tensor<?xf32, #rondo.ax<b>>)
func.func @nothing(%x: tensor<?xf32, #rondo.ax<b>>) -> tensor<?xf32, #rondo.ax<b>> {
  // expected-error @+1 {{gets into no kernel, because it does not give tensors: not built yet}}
  call @other(%x) : (tensor<?xf32, #rondo.ax<b>>) -> ()
  return %x : tensor<?xf32, #rondo.ax<b>>
}

// -----

func.func @twice(%x: tensor<?xf32, #rondo.ax<b>>) -> tensor<?xf32, #rondo.ax<b>> {
  // expected-error @+1 {{is there already: kernels are formed once}}
  %y = rondo.kernel "rows" {} -> tensor<?xf32, #rondo.ax<b>> {
    %z = rondo.detach %x : tensor<?xf32, #rondo.ax<b>>
    rondo.yield %z : tensor<?xf32, #rondo.ax<b>>
  }
  return %y : tensor<?xf32, #rondo.ax<b>>
}
