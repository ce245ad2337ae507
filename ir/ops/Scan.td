// scan: a recurrence along one axis.
#ifndef RONDO_IR_OPS_SCAN_TD
#define RONDO_IR_OPS_SCAN_TD

include "ir/Interfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Rondo_ScanOp : Rondo_Op<"scan", [RecursiveMemoryEffects, SingleBlockImplicitTerminator<"YieldOp">,
                                     AttrSizedOperandSegments, AttrSizedResultSegments,
                                     DeclareOpInterfaceMethods<Rondo_Evaluates>]> {
  let summary = "a recurrence along an axis";
  let description = [{
    The region runs once for each position of the axis, from the first to the last (`reverse`: from the last to the
    first). Its arguments are the slices of `over` at the position, the carries (at first `init`) and the pasts; it
    yields new carries, then what is stacked, then what is summed. Results are the last carries, the stacks and the sums.
    Length 0: last = init, sums 0. Free values are captured. A past `k` is the earlier rows of stack `k`, behind its
    boundary rows if it has any; rows not yet written do not exist. In a batched function the examples that are still
    within their own length run; `b` in the region means those.

    - C1: each slice operand has the axis at its `at` dim; the region's argument is the operand without it.
    - C2: init, carry argument, yielded carry and last have one type.
    - C3: a stack has the axis at its `at` dim; the stack without it is yielded. Sums, of numbers, are yielded as they are.
    - C4: at most one past for each stack; its argument is the stack with the axis `t`, or `"t+m"` where m rows of
      boundary stand first.
    - C5: a past is read by contract, reduce and softmax only, at rows proved earlier than its scan's step (reverse: later).

    Example: `%h, %hs = rondo.scan t over (%x at 0) from (%h0) : (tensor<?x8xf32, #rondo.ax<t>>, tensor<8xf32>) ->
    last (tensor<8xf32>) stack (tensor<?x8xf32, #rondo.ax<t>> at 0) { ^bb0(%xt: tensor<8xf32>, %hp: tensor<8xf32>): ... }`
  }];
  let arguments = (ins StrAttr:$axis, UnitAttr:$reverse, Variadic<AnyRankedTensor>:$over,
                       Variadic<AnyRankedTensor>:$init, Variadic<AnyRankedTensor>:$rows,
                       DenseI64ArrayAttr:$slice_dims, DenseI64ArrayAttr:$stack_dims,
                       DenseI64ArrayAttr:$pasts, DenseBoolArrayAttr:$past_has_rows);
  let results = (outs Variadic<AnyRankedTensor>:$last, Variadic<AnyRankedTensor>:$stacked,
                      Variadic<AnyRankedTensor>:$summed);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "const ::rondo::ScanParts &":$parts)>];
  let extraClassDeclaration = [{
    ::mlir::Block &getBlock() { return getBody().front(); }
    ::mlir::Block::BlockArgListType getSliceArgs();
    ::mlir::Block::BlockArgListType getCarryArgs();
    ::mlir::Block::BlockArgListType getPastArgs();
    ::mlir::OperandRange getYielded();
    ::mlir::OperandRange getYieldedCarries();
    ::mlir::OperandRange getYieldedStacks();
    ::mlir::OperandRange getYieldedSums();
    /// Boundary rows of a past, or null.
    ::mlir::Value getPastRows(unsigned past);
    /// Number of boundary rows as a length: a number or an axis, "0" where there are none.
    std::string getPastLead(unsigned past);
    /// Everything `build` takes; the region is not among it.
    ::rondo::ScanParts getParts();
  }];
}

#endif
