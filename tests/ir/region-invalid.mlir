// RUN: rondo-opt %s --split-input-file --verify-diagnostics
// The numbered constraints of concat, scan, fold, cell, read, kernel, pack and axis.

func.func @concat_c1(%a: tensor<2x3xf32>, %b: tensor<2x4xf32>) {
  // expected-error @+1 {{part 1 is 'tensor<2x4xf32>', which differs from the result 'tensor<4x3xf32>' in more than dim 0}}
  %c = rondo.concat 0, %a, %b : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @concat_c2(%a: tensor<2xf32>, %b: tensor<?xf32, #rondo.ax<t>>) {
  // expected-error @+1 {{but its parts join to 'tensor<?xf32, #rondo.ax<"t+2">>'}}
  %c = rondo.concat 0, %a, %b : (tensor<2xf32>, tensor<?xf32, #rondo.ax<t>>) -> tensor<?xf32, #rondo.ax<t>>
  return
}

// -----

func.func @scan_c1(%x: tensor<8x?xf32, #rondo.ax<t>>) {
  // expected-error @+1 {{slice operand 0 is 'tensor<8x?xf32, #rondo.ax<t>>', which has no axis t at 0}}
  %y = rondo.scan t over (%x at 0) from () : (tensor<8x?xf32, #rondo.ax<t>>) -> stack (tensor<?x8xf32, #rondo.ax<t>>) {
  ^bb0(%xt: tensor<8xf32>):
    rondo.yield %xt : tensor<8xf32>
  }
  return
}

// -----

func.func @scan_c2(%x: tensor<?x8xf32, #rondo.ax<t>>, %h: tensor<4xf32>) {
  // expected-error @+1 {{yields 'tensor<8xf32>' for carry 0, expected 'tensor<4xf32>'}}
  %y = rondo.scan t over (%x) from (%h) : (tensor<?x8xf32, #rondo.ax<t>>, tensor<4xf32>) -> last (tensor<4xf32>) {
  ^bb0(%xt: tensor<8xf32>, %hp: tensor<4xf32>):
    rondo.yield %xt : tensor<8xf32>
  }
  return
}

// -----

func.func @scan_c3(%x: tensor<?x8xf32, #rondo.ax<t>>) {
  // expected-error @+1 {{yields 'tensor<8xf32>' for stack 0, expected 'tensor<4xf32>'}}
  %y = rondo.scan t over (%x) from () : (tensor<?x8xf32, #rondo.ax<t>>) -> stack (tensor<?x4xf32, #rondo.ax<t>>) {
  ^bb0(%xt: tensor<8xf32>):
    rondo.yield %xt : tensor<8xf32>
  }
  return
}

// -----

func.func @scan_c4(%x: tensor<?x8xf32, #rondo.ax<t>>) {
  // expected-error @+1 {{past 0 is 'tensor<?x8xf32, #rondo.ax<s>>' in the region, expected 'tensor<?x8xf32, #rondo.ax<t>>'}}
  %y = rondo.scan t over (%x) from () past (0) : (tensor<?x8xf32, #rondo.ax<t>>) -> stack (tensor<?x8xf32, #rondo.ax<t>>) {
  ^bb0(%xt: tensor<8xf32>, %p: tensor<?x8xf32, #rondo.ax<s>>):
    rondo.yield %xt : tensor<8xf32>
  }
  return
}

// -----

func.func @scan_c4_twice(%x: tensor<?x8xf32, #rondo.ax<t>>) {
  // expected-error @+1 {{past 1 is of stack 0, expected a stack that has no other past}}
  %y = rondo.scan t over (%x) from () past (0, 0) : (tensor<?x8xf32, #rondo.ax<t>>) -> stack (tensor<?x8xf32, #rondo.ax<t>>) {
  ^bb0(%xt: tensor<8xf32>, %p: tensor<?x8xf32, #rondo.ax<t>>, %q: tensor<?x8xf32, #rondo.ax<t>>):
    rondo.yield %xt : tensor<8xf32>
  }
  return
}

// -----

func.func @scan_c5_unguarded(%x: tensor<?x8xf32, #rondo.ax<t>>) {
  %y = rondo.scan t over (%x) from () past (0) : (tensor<?x8xf32, #rondo.ax<t>>) -> stack (tensor<?x8xf32, #rondo.ax<t>>) {
  ^bb0(%xt: tensor<8xf32>, %p: tensor<?x8xf32, #rondo.ax<t>>):
    // expected-error @+1 {{reads a past at a row that is not proved to be before the step of t}}
    %s = rondo.contract (i | r in t) let (k = step t) %p[r, i] where (r <= k) : (tensor<?x8xf32, #rondo.ax<t>>) -> tensor<8xf32>
    rondo.yield %s : tensor<8xf32>
  }
  return
}

// -----

func.func @scan_c5_map(%x: tensor<?xf32, #rondo.ax<t>>) {
  %y = rondo.scan t over (%x) from () past (0) : (tensor<?xf32, #rondo.ax<t>>) -> stack (tensor<?xf32, #rondo.ax<t>>) {
  ^bb0(%xt: tensor<f32>, %p: tensor<?xf32, #rondo.ax<t>>):
    // expected-error @+1 {{reads a past of the scan; select rows by contract, reduce or softmax first}}
    %m = rondo.detach %p : tensor<?xf32, #rondo.ax<t>>
    rondo.yield %xt : tensor<f32>
  }
  return
}

// -----

func.func @fold_c1(%x: tensor<8xf32>) {
  // expected-error @+1 {{yields 2 values for 1 results}}
  %y = rondo.fold ["t"] -> tensor<8xf32> {
    rondo.yield %x, %x : tensor<8xf32>, tensor<8xf32>
  }
  return
}

// -----

func.func @fold_c2(%x: tensor<?x?xf32, #rondo.ax<t, s>>) {
  // expected-error @+1 {{which is wide in all axes of the fold}}
  %y = rondo.fold ["t", "s"] -> tensor<?x?xf32, #rondo.ax<t, s>> {
    rondo.yield %x : tensor<?x?xf32, #rondo.ax<t, s>>
  }
  return
}

// -----

// expected-error @+1 {{is of kind 'weight', expected param or const}}
rondo.cell "weight" @cell_c1 : tensor<4xf32>

// -----

// expected-error @+1 {{expected a static tensor of f32}}
rondo.cell "param" @cell_c2 : tensor<4xi32>

// -----

// expected-error @+1 {{starts as 'xavier', expected glorot, orthogonal, normal(s), uniform(a, b) or a number}}
rondo.cell "param" @cell_c3 : tensor<4xf32> init "xavier"

// -----

func.func @read_c1() {
  // expected-error @+1 {{reads @nothing, which is no cell}}
  %w = rondo.read @nothing : tensor<4xf32>
  return
}

// -----

rondo.cell "param" @w : tensor<4xf32>
func.func @read_c1_type() {
  // expected-error @+1 {{gives 'tensor<5xf32>', but the cell is 'tensor<4xf32>'}}
  %w = rondo.read @w : tensor<5xf32>
  return
}

// -----

func.func @kernel_c1(%x: tensor<8xf32>) {
  // expected-error @+1 {{is of form 'gemm', expected product, rows, scan, fold or load}}
  %y = rondo.kernel "gemm" {} -> tensor<8xf32> {
    rondo.yield %x : tensor<8xf32>
  }
  return
}

// -----

func.func @pack_c2(%w: tensor<10x4xf32>) {
  // expected-error @+1 {{has 4 gates, which do not divide 10 rows}}
  %p = rondo.pack %w gates 4 : tensor<10x4xf32> -> tensor<4x4x16xf32>
  return
}

// -----

func.func @scan_c1_axis(%h: tensor<4xf32>) {
  // expected-error @+1 {{runs along 't +1', which is no axis}}
  %y = rondo.scan "t +1" over () from (%h) : (tensor<4xf32>) -> last (tensor<4xf32>) {
  ^bb0(%hp: tensor<4xf32>):
    rondo.yield %hp : tensor<4xf32>
  }
  return
}

// -----

func.func @scan_c3_sum(%x: tensor<?xi1, #rondo.ax<t>>) {
  // expected-error @+1 {{sum 0 is of truths, expected numbers}}
  %y = rondo.scan t over (%x) from () : (tensor<?xi1, #rondo.ax<t>>) -> sum (tensor<i1>) {
  ^bb0(%xt: tensor<i1>):
    rondo.yield %xt : tensor<i1>
  }
  return
}

// -----

func.func @scan_c5_step(%x: tensor<?x4xf32, #rondo.ax<t>>) {
  %y = rondo.scan t over (%x) from () past (0) : (tensor<?x4xf32, #rondo.ax<t>>) -> stack (tensor<?x4xf32, #rondo.ax<t>>) {
  ^bb0(%xt: tensor<4xf32>, %p: tensor<?x4xf32, #rondo.ax<t>>):
    %in = rondo.scan t over () from (%xt) : (tensor<4xf32>) -> last (tensor<4xf32>) {
    ^bb0(%hp: tensor<4xf32>):
      // expected-error @+1 {{reads a past of another scan over t than its step is of}}
      %q = rondo.contract (i | r in t) let (k = step t) %p[r, i] where (r <= k - 1) : (tensor<?x4xf32, #rondo.ax<t>>) -> tensor<4xf32>
      rondo.yield %q : tensor<4xf32>
    }
    rondo.yield %in : tensor<4xf32>
  }
  return
}

// -----

func.func @axis_c3_input(%x: tensor<?xf32, #rondo.ax<t>>, %n: tensor<i32>) {
  // expected-error @+1 {{makes the axis 't', which is there already}}
  rondo.axis "t" of %n at_most "9" : tensor<i32>
  return
}

// -----

func.func @axis_c3_twice(%n: tensor<i32>) {
  rondo.axis "u" of %n at_most "9" : tensor<i32>
  // expected-error @+1 {{makes the axis 'u', which is there already}}
  rondo.axis "u" of %n at_most "8" : tensor<i32>
  return
}

// -----

// expected-error @+1 {{names no axis}}
func.func @a1_none(%x: tensor<4xf32, #rondo.ax<>>) {
  return
}

// -----

// expected-error @+1 {{axis t is ragged in s, expected b, earlier in the type}}
func.func @a2(%x: tensor<?x?xf32, #rondo.ax<s, t(s)>>) {
  return
}
