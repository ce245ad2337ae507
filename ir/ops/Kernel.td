// Level 2: kernel and pack.
#ifndef RONDO_IR_OPS_KERNEL_TD
#define RONDO_IR_OPS_KERNEL_TD

include "ir/Interfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Rondo_KernelOp : Rondo_Op<"kernel", [RecursiveMemoryEffects, SingleBlockImplicitTerminator<"YieldOp">,
                                         DeclareOpInterfaceMethods<Rondo_Evaluates>]> {
  let summary = "operations that one emitter makes one piece of code of";
  let description = [{
    Means its inlining. Free values are captured. The schedule is for the emitter and for readers; it never changes what
    is computed.

    - C1: the form is product, rows, scan, fold or load.
    - C2: as many values of the same types are yielded as there are results.

    Example: `%y = rondo.kernel "product" {tile = [14, 32]} -> tensor<?x32xf32, #rondo.ax<t>> { ... }`
  }];
  let arguments = (ins StrAttr:$form, DictionaryAttr:$schedule);
  let results = (outs Variadic<AnyRankedTensor>:$outs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$form $schedule attr-dict-with-keyword (`->` type($outs)^)? $body";
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{ ::mlir::Block &getBlock() { return getBody().front(); } }];
}

def Rondo_PackOp : Rondo_Op<"pack", [Pure, DeclareOpInterfaceMethods<Rondo_Evaluates>]> {
  let summary = "a weight matrix as panels of 16 columns";
  let description = [{
    `%w` is N rows (columns of the product) by K. With G gates, panel `u * G + g` holds rows `g * (N / G) + 16 u .. + 15`
    of gate g, key-major: `[panel][K][16]`. Beyond N / G: zero.

    - C1: the operand is static N x K f32, the result static P x K x 16 f32.
    - C2: G divides N; P = G * ceil(N / G / 16).

    Example: `%p = rondo.pack %w gates 4 : tensor<128x64xf32> -> tensor<8x64x16xf32>`
  }];
  let arguments = (ins AnyRankedTensor:$operand, I64Attr:$gates);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$operand `gates` $gates attr-dict `:` type($operand) `->` type($result)";
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "::mlir::Value":$operand, "int64_t":$gates)>];
}

#endif
