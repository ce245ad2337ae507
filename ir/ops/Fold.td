// fold: a group whose values over the named axes never leave.
#ifndef RONDO_IR_OPS_FOLD_TD
#define RONDO_IR_OPS_FOLD_TD

include "ir/Interfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Rondo_FoldOp : Rondo_Op<"fold", [RecursiveMemoryEffects, SingleBlockImplicitTerminator<"YieldOp">,
                                     DeclareOpInterfaceMethods<Rondo_Evaluates>]> {
  let summary = "operations whose wide values need not be stored";
  let description = [{
    Means its inlining: the region as if it stood here. Free values are captured.

    - C1: as many values of the same types are yielded as there are results.
    - C2: no value over all the named axes is yielded.

    Example: `%o = rondo.fold ["t", "t"] -> tensor<?x8xf32, #rondo.ax<t>> { ... rondo.yield %y : .. }`
  }];
  let arguments = (ins StrArrayAttr:$axes);
  let results = (outs Variadic<AnyRankedTensor>:$outs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$axes attr-dict-with-keyword (`->` type($outs)^)? $body";
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{ ::mlir::Block &getBlock() { return getBody().front(); } }];
}

#endif
