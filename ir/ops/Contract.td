// contract: the one linear operation.
#ifndef RONDO_IR_OPS_CONTRACT_TD
#define RONDO_IR_OPS_CONTRACT_TD

include "ir/Interfaces.td"

def Rondo_ContractOp : Rondo_EquationOp<"contract", [Pure]> {
  let summary = "sum over the reduced dims of the product of its factors";
  let description = [{
    `y[i..] = sum over r.., where present, of the product of the factors`; without factors, the number of present terms.
    An empty sum is 0. Shift, slice, transpose, broadcast, window, convolution, gather, scatter, pick, count and running
    sum are all contracts.

    - C1: the result is f32, or i32 when there are no factors or all of them are integers.
    - C2: factors are f32, i32 or i1; integers are promoted when the result is f32.

    Example: `%y = rondo.contract (i, j | r in 64) %W[j, r] * %x[i, r] : (tensor<32x64xf32>,
    tensor<?x64xf32, #rondo.ax<t>>) -> tensor<?x32xf32, #rondo.ax<t>>`
  }];
  let arguments = equationArguments;
  let results = (outs AnyRankedTensor:$result);
  let builders = [
    OpBuilder<(ins "const ::rondo::EquationParts &":$parts), [{ ::rondo::buildEquation($_builder, $_state, parts); }]>
  ];
}

#endif
