// fold: verifier, meaning.
#include "ir/interp/Frame.h"
#include "ir/ops/Regions.h"

using namespace mlir;
using namespace rondo;

LogicalResult rondo::verifyYields(Operation *op, Block &block) {
  if (block.getNumArguments())
    return op->emitOpError("has region arguments, expected free values to be captured");
  Operation *yield = block.getTerminator();
  if (yield->getNumOperands() != op->getNumResults())
    return op->emitOpError() << "yields " << yield->getNumOperands() << " values for " << op->getNumResults()
                             << " results";
  for (auto [i, value] : llvm::enumerate(yield->getOperands()))
    if (value.getType() != op->getResult(i).getType())
      return op->emitOpError() << "yields " << value.getType() << " for result " << i << ", expected "
                               << op->getResult(i).getType();
  return success();
}

LogicalResult FoldOp::verify() {
  if (getAxes().empty())
    return emitOpError("names no axis");
  return success();
}

LogicalResult FoldOp::verifyRegions() {
  if (failed(verifyYields(*this, getBlock()))) // C1
    return failure();
  for (auto [i, type] : llvm::enumerate(getResultTypes())) {
    auto tensor = cast<RankedTensorType>(type);
    SmallVector<StringRef> axes;
    for (int64_t dim = 0; dim < tensor.getRank(); ++dim)
      axes.push_back(axisOf(tensor, dim));
    bool all = true; // each named axis, as often as it is named
    for (Attribute named : getAxes()) {
      auto *found = llvm::find(axes, cast<StringAttr>(named).getValue());
      all &= found != axes.end();
      if (found != axes.end())
        axes.erase(found);
    }
    if (all && getAxes().size() > 1) // C2
      return emitOpError() << "result " << i << " is " << type << ", which is wide in all axes of the fold";
  }
  return success();
}

//===--- Meaning -------------------------------------------------------------------------------------------------===//

LogicalResult rondo::evaluateInlined(Operation *op, Block &block, Frame &frame) {
  if (failed(frame.run(block)))
    return failure();
  for (auto [result, value] : llvm::zip(op->getResults(), block.getTerminator()->getOperands()))
    frame.set(result, frame.share(value));
  return success();
}

LogicalResult FoldOp::evaluate(Frame &frame) { return evaluateInlined(*this, getBlock(), frame); }
