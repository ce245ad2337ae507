// axis: verifier, meaning.
#include "ir/Queries.h"
#include "ir/interp/Frame.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace rondo;

LogicalResult AxisOp::verify() {
  if (!isa_and_nonnull<func::FuncOp>((*this)->getParentOp())) // C1
    return emitOpError("stands in a region of another operation");
  auto type = cast<RankedTensorType>(getLength().getType());
  bool perExample = type.getRank() == 1 && rondo::axisOf(type, 0) == "b";
  if (!type.getElementType().isInteger(32) || !(type.getRank() == 0 || perExample)) // C2
    return emitOpError() << "is as long as " << type << ", expected one i32 or one for each example";
  auto form = axisForm(getAxis());
  if (!form || !form->isBase(getAxis()) || getAxis() == "b") // C3
    return emitOpError() << "makes the axis '" << getAxis() << "', which is no name";
  bool known = false;
  for (Type argument : cast<func::FuncOp>((*this)->getParentOp()).getArgumentTypes())
    walkAxes(argument,
             [&](StringRef length) { walkBaseAxes(length, [&](StringRef base) { known |= base == getAxis(); }); });
  for (auto earlier : (*this)->getBlock()->getOps<AxisOp>()) {
    if (earlier == *this)
      break;
    known |= earlier.getAxis() == getAxis();
  }
  if (known) // C3
    return emitOpError() << "makes the axis '" << getAxis() << "', which is there already";
  if (getMost().empty() || normalAxis(getMost()) != getMost()) // C3
    return emitOpError() << "is at most '" << getMost() << "', which is no length in normal form";
  return success();
}

LogicalResult AxisOp::evaluate(Frame &frame) {
  const Tensor &length = frame.get(getLength());
  SmallVector<int64_t> all;
  for (int64_t example = 0; example < frame.batch; ++example) {
    auto most = frame.lengthIn(getMost(), example);
    if (!most)
      return emitOpError() << "is at most " << getMost() << ", which nothing says";
    double own = length.data[length.data.size() > 1 ? example : 0];
    all.push_back(std::clamp<int64_t>(static_cast<int64_t>(own), 0, std::max<int64_t>(*most, 0)));
  }
  frame.lengths[getAxis()] = all;
  return success();
}
