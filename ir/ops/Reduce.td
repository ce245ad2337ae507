// reduce: the reductions that are not linear.
#ifndef RONDO_IR_OPS_REDUCE_TD
#define RONDO_IR_OPS_REDUCE_TD

include "ir/Interfaces.td"

def Rondo_ReduceOp : Rondo_EquationOp<"reduce", [Pure]> {
  let summary = "max, min, prod, lse or argmax over the reduced dims";
  let description = [{
    Over the present terms of its only read. Empty: `max` -inf, `min` +inf, `prod` 1, `lse` (log of the sum of
    exponentials) -inf, `argmax` -1; of integers `max` and `min` are the least and the greatest of 32 bits. `argmax` gives
    the lowest position on ties.

    - C1: exactly one read, at least one reduced dim.
    - C2: `how` is max, min, prod, lse or argmax.
    - C3: the result has the element type of the read, f32, or i32 for max, min and prod; for argmax, which reduces
      exactly one dim of either, i32.

    Example: `%m = rondo.reduce max (i | r in t) %x[i, r] : (tensor<8x?xf32, #rondo.ax<t>>) -> tensor<8xf32>`
  }];
  let arguments = !con((ins StrAttr:$how), equationArguments);
  let results = (outs AnyRankedTensor:$result);
  let builders = [OpBuilder<(ins "::llvm::StringRef":$how, "const ::rondo::EquationParts &":$parts), [{
    $_state.addAttribute(getHowAttrName($_state.name), $_builder.getStringAttr(how));
    ::rondo::buildEquation($_builder, $_state, parts);
  }]>];
}

#endif
