// The dialect itself and the base class of its operations.
#ifndef RONDO_IR_DIALECT_TD
#define RONDO_IR_DIALECT_TD

include "mlir/IR/OpBase.td"

def Rondo_Dialect : Dialect {
  let name = "rondo";
  let cppNamespace = "::rondo";
  let summary = "sequence models as equations over whole tensors with named axes";
  let description = [{
    Level 1 holds equations (`contract`, `reduce`, `softmax`, `map`), recurrences (`scan`), grouping regions that mean
    their inlining (`fold`) and parameters (`cell`, `read`). Level 2 adds `kernel`, which also means its inlining, and
    `pack`. Types are builtin tensors; the encoding `#rondo.ax<..>` names their dynamic dimensions.
  }];
  let useDefaultAttributePrinterParser = 1;
}

class Rondo_Op<string mnemonic, list<Trait> traits = []> : Op<Rondo_Dialect, mnemonic, traits>;

#endif
