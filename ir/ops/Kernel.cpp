// kernel and pack: verifier, meaning.
#include "ir/ops/Regions.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rondo;

//===--- kernel --------------------------------------------------------------------------------------------------===//

LogicalResult KernelOp::verify() {
  if (!llvm::is_contained({"product", "rows", "scan", "fold", "load"}, getForm())) // C1
    return emitOpError() << "is of form '" << getForm() << "', expected product, rows, scan, fold or load";
  return success();
}

LogicalResult KernelOp::verifyRegions() { return verifyYields(*this, getBlock()); } // C2

//===--- pack ----------------------------------------------------------------------------------------------------===//

static int64_t panelsOf(int64_t columns, int64_t gates) { return gates * llvm::divideCeil(columns / gates, 16); }

void PackOp::build(OpBuilder &builder, OperationState &state, Value operand, int64_t gates) {
  auto type = cast<RankedTensorType>(operand.getType());
  auto result = RankedTensorType::get({panelsOf(type.getDimSize(0), gates), type.getDimSize(1), 16},
                                      type.getElementType());
  build(builder, state, result, operand, gates);
}

LogicalResult PackOp::verify() {
  auto from = cast<RankedTensorType>(getOperand().getType());
  auto to = cast<RankedTensorType>(getResult().getType());
  if (!from.hasStaticShape() || from.getRank() != 2 || !from.getElementType().isF32() ||
      !to.getElementType().isF32()) // C1
    return emitOpError() << "packs " << from << " to " << to << ", expected a static matrix of f32";
  int64_t gates = getGates();
  if (gates < 1 || from.getDimSize(0) % gates) // C2
    return emitOpError() << "has " << gates << " gates, which do not divide " << from.getDimSize(0) << " rows";
  SmallVector<int64_t> shape = {panelsOf(from.getDimSize(0), gates), from.getDimSize(1), 16};
  if (to.getShape() != ArrayRef(shape)) // C2
    return emitOpError() << "gives " << to << ", expected shape " << shape[0] << "x" << shape[1] << "x16";
  return success();
}
