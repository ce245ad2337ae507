// RUN: rondo-opt %s --split-input-file --verify-diagnostics
// Rules E1-E5 of every equation, and the numbered constraints of contract, reduce, softmax and map.

func.func @e1_rank(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{read 0 has rank 2, but is read at 1 expressions}}
  %y = rondo.contract (i) %x[i] : (tensor<4x8xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @e2_sizes(%x: tensor<?x512xf32, #rondo.ax<t>>, %w: tensor<64x256xf32>) {
  // expected-error @+1 {{dim 2 ranges over 256, but read 1 has 512 there (its dimension 1)}}
  %y = rondo.contract (i, j | r in 256) %w[j, r] * %x[i, r] : (tensor<64x256xf32>, tensor<?x512xf32, #rondo.ax<t>>) -> tensor<?x64xf32, #rondo.ax<t>>
  return
}

// -----

func.func @e2_axes(%x: tensor<?xf32, #rondo.ax<t>>, %y: tensor<?xf32, #rondo.ax<s>>) {
  // expected-error @+1 {{dim 0 ranges over axis t, but read 1 has axis s there (its dimension 0)}}
  %z = rondo.contract (i) %x[i] * %y[i] : (tensor<?xf32, #rondo.ax<t>>, tensor<?xf32, #rondo.ax<s>>) -> tensor<?xf32, #rondo.ax<t>>
  return
}

// -----

func.func @e2_no_axes(%x: tensor<?xf32>) {
  // expected-error @+1 {{reads a tensor whose dynamic dimensions have no axes}}
  %z = rondo.contract () %x[0] : (tensor<?xf32>) -> tensor<f32>
  return
}

// -----

func.func @e2_other_encoding(%x: tensor<?xf32, "t">) {
  // expected-error @+1 {{reads a tensor whose dynamic dimensions have no axes}}
  %z = rondo.contract (| r in 4) %x[r] : (tensor<?xf32, "t">) -> tensor<f32>
  return
}

// -----

func.func @e3_ceildiv(%x: tensor<8xf32>) {
  // expected-error @+1 {{read 0 is read at an expression that is not affine}}
  %z = rondo.contract (i) %x[i ceildiv 2] : (tensor<8xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @e3_symbolic_divisor(%x: tensor<?xf32, #rondo.ax<t>>) {
  // expected-error @+1 {{has a condition that is not affine}}
  %z = rondo.contract (i) let (n = size t) %x[i] where (i floordiv n == 0) : (tensor<?xf32, #rondo.ax<t>>) -> tensor<?xf32, #rondo.ax<t>>
  return
}

// -----

func.func @e4_extent(%x: tensor<8xf32>) {
  // expected-error @+1 {{reduces over "t +s", which is neither a size nor an axis}}
  %z = rondo.contract (| r in "t +s") %x[r] : (tensor<8xf32>) -> tensor<f32>
  return
}

// -----

func.func @e4_step(%x: tensor<?xf32, #rondo.ax<t>>) {
  // expected-error @+1 {{uses the step of axis t, but stands in no scan over it}}
  %z = rondo.contract () let (k = step t) %x[k] : (tensor<?xf32, #rondo.ax<t>>) -> tensor<f32>
  return
}

// -----

func.func @e5_real_let(%x: tensor<8xf32>, %u: tensor<4xf32>) {
  // expected-error @+1 {{let 0 is no i32 tensor}}
  %z = rondo.contract (i) let (u = %u[i]) %x[u] : (tensor<8xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @parse_rank(%x: tensor<8xf32>) {
  // expected-error @+1 {{names 1 result dims, but the result has rank 2}}
  %z = rondo.contract (i) %x[i] : (tensor<8xf32>) -> tensor<8x8xf32>
  return
}

// -----

func.func @parse_names(%x: tensor<8x8xf32>) {
  // expected-error @+1 {{name 'i' stands for something else already}}
  %z = rondo.contract (i, i) %x[i, i] : (tensor<8x8xf32>) -> tensor<8x8xf32>
  return
}

// -----

func.func @contract_c1(%x: tensor<8xf32>) {
  // expected-error @+1 {{gives 'i32', but factor 0 is real}}
  %z = rondo.contract (i) %x[i] : (tensor<8xf32>) -> tensor<8xi32>
  return
}

// -----

func.func @contract_c2(%x: tensor<8xf64>) {
  // expected-error @+1 {{factor 0 has elements 'f64', expected f32, i32 or i1}}
  %z = rondo.contract (i) %x[i] : (tensor<8xf64>) -> tensor<8xf32>
  return
}

// -----

func.func @reduce_c1(%x: tensor<8xf32>) {
  // expected-error @+1 {{has 1 reads and 0 reduced dims, expected one read and at least one reduced dim}}
  %z = rondo.reduce max (i) %x[i] : (tensor<8xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @reduce_c2(%x: tensor<8xf32>) {
  // expected-error @+1 {{reduces by 'median', expected max, min, prod, lse or argmax}}
  %z = rondo.reduce median (| r in 8) %x[r] : (tensor<8xf32>) -> tensor<f32>
  return
}

// -----

func.func @reduce_c3(%x: tensor<8xf32>) {
  // expected-error @+1 {{gives elements 'f32', expected i32}}
  %z = rondo.reduce argmax (| r in 8) %x[r] : (tensor<8xf32>) -> tensor<f32>
  return
}

// -----

func.func @softmax_c2(%x: tensor<8x8xf32>) {
  // expected-error @+1 {{is over dim 2, expected result dims, each once, in order}}
  %z = rondo.softmax (i, j) over (1, 2) %x[i, j] : (tensor<8x8xf32>) -> tensor<8x8xf32>
  return
}

// -----

func.func @map_c1(%x: tensor<8xf32>) {
  // expected-error @+1 {{read 0 is not at distinct dims; take a view (contract) first}}
  %z = rondo.map (i) %x[3] : (tensor<8xf32>) -> (tensor<8xf32>) {
  ^bb0(%a: f32):
    rondo.yield %a : f32
  }
  return
}

// -----

func.func @map_c2(%x: tensor<8xf32>) {
  // expected-error @+1 {{expected one domain}}
  %z, %w = rondo.map (i) %x[i] : (tensor<8xf32>) -> (tensor<8xf32>, tensor<4xf32>) {
  ^bb0(%a: f32):
    rondo.yield %a, %a : f32, f32
  }
  return
}

// -----

func.func @map_c2_elements(%x: tensor<8xf64>) {
  // expected-error @+1 {{reads or gives elements 'f64', expected f32, i32 or i1}}
  %z = rondo.map (i) %x[i] : (tensor<8xf64>) -> (tensor<8xf64>) {
  ^bb0(%a: f64):
    rondo.yield %a : f64
  }
  return
}

// -----

// Every scalar of the table has a form on the CPU.
func.func @map_c3_power(%x: tensor<8xf32>, %n: tensor<8xi32>) {
  %z = rondo.map (i) %x[i], %n[i] : (tensor<8xf32>, tensor<8xi32>) -> (tensor<8xf32>) {
  ^bb0(%a: f32, %k: i32):
    // expected-error @+1 {{may not stand in a map: it is no scalar of the table}}
    %b = math.fpowi %a, %k : f32, i32
    rondo.yield %b : f32
  }
  return
}

// -----

func.func @map_c3(%x: tensor<8xf32>) {
  %z = rondo.map (i) %x[i] : (tensor<8xf32>) -> (tensor<8xf32>) {
  ^bb0(%a: f32):
    // expected-error @+1 {{may not stand in a map: it is no scalar of the table}}
    %b = arith.bitcast %a : f32 to i32
    rondo.yield %a : f32
  }
  return
}

// -----

func.func @index_c1(%x: tensor<8xf32>) {
  %z = rondo.map (i) %x[i] : (tensor<8xf32>) -> (tensor<8xf32>) {
  ^bb0(%a: f32):
    // expected-error @+1 {{is of dim 1, but the map has 1 dims}}
    %b = rondo.index 1
    rondo.yield %a : f32
  }
  return
}

// -----

// expected-error @+1 {{expected an axis for each of the 1 dynamic dimensions, found 2}}
func.func @axes_a1(%x: tensor<?x8xf32, #rondo.ax<t, s>>) { return }

// -----

// expected-error @+1 {{axis t is ragged in b, expected b, earlier in the type}}
func.func @axes_a2(%x: tensor<?x?xf32, #rondo.ax<t(b), b>>) { return }

// -----

// expected-error @+1 {{axis '2+t' is neither a name nor a length expression in normal form}}
func.func @axes_a3(%x: tensor<?xf32, #rondo.ax<"2+t">>) { return }
