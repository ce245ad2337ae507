// RUN: not rondo-opt %s --check-meaning --cse --split-input-file -o /dev/null 2>&1 | FileCheck %s
// What has no meaning is an error at its place.

// CHECK: error: takes or gives 'f32', expected tensors whose dynamic dimensions have axes
func.func @scalar(%x: f32) -> f32 {
  return %x : f32
}

// -----

// CHECK: error: takes or gives 'tensor<?xf32>', expected tensors whose dynamic dimensions have axes
func.func @without_axes(%x: tensor<?xf32>) -> tensor<?xf32> {
  return %x : tensor<?xf32>
}

// -----

// CHECK: error: axis t-9 would be {{.*}} long
func.func @negative(%x: tensor<8xf32>) -> tensor<f32> {
  %y = rondo.contract (| r in "t-9") %x[0] : (tensor<8xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

// CHECK: error: 'func.call' op calls what calls it, which has no meaning
func.func @endless(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = call @endless(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// CHECK: error: has several blocks, which has no meaning
func.func @jump(%x: tensor<4xf32>) -> tensor<4xf32> {
  llvm.br ^bb1
^bb1:
  return %x : tensor<4xf32>
}
