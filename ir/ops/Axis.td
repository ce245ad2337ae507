// axis: a length that the model computes.
#ifndef RONDO_IR_OPS_AXIS_TD
#define RONDO_IR_OPS_AXIS_TD

include "ir/Interfaces.td"

def Rondo_AxisOp : Rondo_Op<"axis", [DeclareOpInterfaceMethods<Rondo_Evaluates>]> {
  let summary = "makes an axis that is as long as a value says";
  let description = [{
    Each example has its own length, at least 0 and at most `most`. Values over the axis come after this operation.

    - C1: stands in a function, not in a region of another operation.
    - C2: the length is one i32, or one for each example.
    - C3: the axis is a name that no argument and no other `axis` has, `most` a length expression in normal form.

    Example: `rondo.axis "u" of %n at_most "511" : tensor<i32>`
  }];
  let arguments = (ins StrAttr:$axis, AnyRankedTensor:$length, StrAttr:$most);
  let assemblyFormat = "$axis `of` $length `at_most` $most attr-dict `:` type($length)";
  let hasVerifier = 1;
}

#endif
