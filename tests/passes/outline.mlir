// RUN: rondo-opt %s --rondo-form-kernels --rondo-outline | FileCheck %s
// The same work on other weights is the same code; work of another width, or on one value twice, is not.

rondo.cell "param" @A : tensor<8x8xf32>
rondo.cell "param" @B : tensor<8x8xf32>
rondo.cell "param" @C : tensor<4x8xf32>

!x = tensor<?x8xf32, #rondo.ax<b>>

// CHECK-LABEL: func.func @layers
func.func @layers(%x: !x) -> tensor<?x4xf32, #rondo.ax<b>> {
  %A = rondo.read @A : tensor<8x8xf32>
  %B = rondo.read @B : tensor<8x8xf32>
  %C = rondo.read @C : tensor<4x8xf32>
  // CHECK: rondo.kernel "product" {{.*}} {rondo.code = 0 : i64}
  %a = rondo.contract (b, j | e in 8) %A[j, e] * %x[b, e] : (tensor<8x8xf32>, !x) -> !x
  // CHECK: rondo.kernel "product" {{.*}} {rondo.code = 0 : i64}
  %c = rondo.contract (b, j | e in 8) %B[j, e] * %a[b, e] : (tensor<8x8xf32>, !x) -> !x
  // CHECK: rondo.kernel "product" {{.*}} {rondo.code = 1 : i64}
  %d = rondo.contract (b, j | e in 8) %C[j, e] * %c[b, e] : (tensor<4x8xf32>, !x) -> tensor<?x4xf32, #rondo.ax<b>>
  return %d : tensor<?x4xf32, #rondo.ax<b>>
}
