// softmax: exponentials that sum to one over the present terms.
#ifndef RONDO_IR_OPS_SOFTMAX_TD
#define RONDO_IR_OPS_SOFTMAX_TD

include "ir/Interfaces.td"

def Rondo_SoftmaxOp : Rondo_EquationOp<"softmax", [Pure]> {
  let summary = "softmax over some result dims, present terms only";
  let description = [{
    `y[i..] = exp(x) / sum over the listed dims of exp(x)`; an absent term is 0 and takes no part; all absent: all 0.

    - C1: exactly one read, nothing reduced, f32.
    - C2: `over` lists at least one result dim, each once, in order.

    Example: `%p = rondo.softmax (i, j) over (1) %e[i, j] where (j <= i) : (tensor<?x?xf32, #rondo.ax<t, t>>) ->
    tensor<?x?xf32, #rondo.ax<t, t>>`
  }];
  let arguments = !con(equationArguments, (ins DenseI64ArrayAttr:$over));
  let results = (outs AnyRankedTensor:$result);
  let builders = [OpBuilder<(ins "const ::rondo::EquationParts &":$parts), [{
    $_state.addAttribute(getOverAttrName($_state.name), $_builder.getDenseI64ArrayAttr(parts.over));
    ::rondo::buildEquation($_builder, $_state, parts);
  }]>];
}

#endif
