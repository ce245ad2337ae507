// kernel and pack: verifier, meaning.
#include "ir/interp/Frame.h"
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
  auto result =
      RankedTensorType::get({panelsOf(type.getDimSize(0), gates), type.getDimSize(1), 16}, type.getElementType());
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

//===--- Meaning -------------------------------------------------------------------------------------------------===//

LogicalResult KernelOp::evaluate(Frame &frame) { return evaluateInlined(*this, getBlock(), frame); }

LogicalResult PackOp::evaluate(Frame &frame) {
  const Tensor &weights = frame.get(getOperand());
  auto type = cast<RankedTensorType>(getResult().getType());
  Tensor panels = Tensor::full(type.getShape(), 0);
  panels.needScale();
  int64_t gates = getGates(), columns = weights.shape[0] / gates, depth = weights.shape[1];
  for (int64_t panel = 0; panel < type.getDimSize(0); ++panel)
    for (int64_t lane = 0; lane < 16; ++lane) {
      int64_t gate = panel % gates, column = panel / gates * 16 + lane;
      for (int64_t k = 0; k < depth && column < columns; ++k) {
        int64_t from = (gate * columns + column) * depth + k, to = (panel * depth + k) * 16 + lane;
        panels.data[to] = weights.data[from];
        panels.scale[to] = weights.scaleAt(from);
      }
    }
  frame.set(getResult(), std::move(panels));
  return success();
}
