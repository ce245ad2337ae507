// cell and read: parameters and constants of a model.
#ifndef RONDO_IR_OPS_CELLS_TD
#define RONDO_IR_OPS_CELLS_TD

include "ir/Interfaces.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Rondo_CellOp : Rondo_Op<"cell", [Symbol]> {
  let summary = "a tensor that belongs to the model";
  let description = [{
    - C1: the kind is param or const.
    - C2: the type is static; a param is f32, a const f32, i32 or i1.
    - C3: `init` is glorot, orthogonal, normal(s), uniform(a, b) or a number, of integers and truths a
      number; without it the values must be supplied.
    - C4: the elements of a const of i32 with `rondo.bound` are below it.

    Example: `rondo.cell "param" @rnn.0.Wi : tensor<512x64xf32> init "glorot"`
  }];
  let arguments = (ins StrAttr:$kind, SymbolNameAttr:$sym_name, TypeAttrOf<AnyRankedTensor>:$type,
                       OptionalAttr<StrAttr>:$init);
  let assemblyFormat = "$kind $sym_name `:` $type (`init` $init^)? attr-dict";
  let hasVerifier = 1;
}

def Rondo_ReadOp : Rondo_Op<"read", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>,
                                     DeclareOpInterfaceMethods<Rondo_Evaluates>]> {
  let summary = "the value of a cell";
  let description = [{
    - C1: the cell exists and has the type of the result.

    Example: `%W = rondo.read @rnn.0.Wi : tensor<512x64xf32>`
  }];
  let arguments = (ins FlatSymbolRefAttr:$cell);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$cell attr-dict `:` type($result)";
}

#endif
