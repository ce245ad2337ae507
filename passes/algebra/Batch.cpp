// Programs are written, and rewritten by the algebra before this pass, for one example. Here they get the batch.
//
//   before  func @f(%x: tensor<?x8xf32, #ax<t>>)       { %y = contract (i, j | r in 8) %W[j, r] * %x[i, r] }
//   after   func @f(%x: tensor<?x?x8xf32, #ax<b, t(b)>>) { %y = contract (i, j, l | r in 8) %W[l, r] * %x[i, j, r] }
//
// Precondition: nothing has an axis `b`. Postcondition: arguments, results and everything that depends on
// an example have the leading dim `b`, and all other axes are ragged in it. What depends on cells only is as before.
// An operation that mentions a length is of an example even if nothing it reads is.
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/algebra/AddAxis.h"
#include "passes/algebra/Support.h"

namespace rondo {
#define GEN_PASS_DEF_BATCH
#include "passes/Passes.h.inc"
} // namespace rondo

using namespace mlir;
using namespace rondo;

static LogicalResult batch(func::FuncOp func) {
  if (!llvm::all_of(func.getArgumentTypes(), llvm::IsaPred<RankedTensorType>))
    return func.emitError("an argument is no tensor");
  if (mentionsExamples(func))
    return func.emitError("has a batch already");

  AxisAdder adder({"b", /*ragged=*/true, /*step=*/""});
  Block &before = func.getBody().front();
  Block *after = new Block();
  func.getBody().push_back(after);
  OpBuilder builder = OpBuilder::atBlockEnd(after);
  for (BlockArgument argument : before.getArguments())
    adder.setLifted(argument, after->addArgument(adder.liftType(argument.getType()), argument.getLoc()));
  for (Operation &op : before.without_terminator())
    if (failed(adder.add(builder, &op)))
      return op.emitError("cannot be batched: not built yet");
  SmallVector<Value> results;
  Operation *end = before.getTerminator();
  for (Value value : end->getOperands())
    results.push_back(adder.front(builder, value, end->getLoc()));
  func::ReturnOp::create(builder, end->getLoc(), results);

  before.dropAllDefinedValueUses();
  before.erase();
  func.setType(builder.getFunctionType(after->getArgumentTypes(), ValueRange(results).getTypes()));
  return success();
}

namespace {
struct BatchPass : rondo::impl::BatchBase<BatchPass> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (!func.isExternal() && failed(batch(func)))
        return signalPassFailure();
  }
};
} // namespace
