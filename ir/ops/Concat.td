// concat and detach: plumbing.
#ifndef RONDO_IR_OPS_CONCAT_TD
#define RONDO_IR_OPS_CONCAT_TD

include "ir/Interfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Rondo_ConcatOp : Rondo_Op<"concat", [Pure, DeclareOpInterfaceMethods<Rondo_Evaluates>]> {
  let summary = "parts joined along one dim";
  let description = [{
    Along a ragged dim each example's parts adjoin.

    - C1: at least one part; parts and result have one element type and equal dims but for the joined one.
    - C2: the joined dim of the result is the sum of the parts' dims; an axis `t` and 2 rows make the axis `"t+2"`.

    Example: `%w = rondo.concat 0, %a, %b : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<8x8xf32>`
  }];
  let arguments = (ins I64Attr:$dim, Variadic<AnyRankedTensor>:$parts);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$dim `,` $parts attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "int64_t":$dim, "::mlir::ValueRange":$parts)>];
}

def Rondo_DetachOp : Rondo_Op<"detach", [Pure, DeclareOpInterfaceMethods<Rondo_Evaluates>,
                                         AllTypesMatch<["operand", "result"]>]> {
  let summary = "identity that passes no derivative";
  let arguments = (ins AnyRankedTensor:$operand);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand)";
}

#endif
