// concat and detach: verifier, meaning.
#include "ir/Dialect.h"
#include "ir/interp/Frame.h"
#include <limits>

using namespace mlir;
using namespace rondo;

/// Length of a dimension as a length expression.
static std::string lengthText(RankedTensorType type, unsigned dim) {
  return type.isDynamicDim(dim) ? axisOf(type, dim).str() : std::to_string(type.getDimSize(dim));
}

/// The type of the joined parts; null when the parts do not fit.
static RankedTensorType joinedType(ValueRange parts, unsigned dim) {
  auto first = cast<RankedTensorType>(parts.front().getType());
  SmallVector<std::string> lengths;
  bool isStatic = true;
  int64_t size = 0;
  std::string parent;
  for (Value part : parts) {
    auto type = cast<RankedTensorType>(part.getType());
    if (type.getRank() != first.getRank())
      return {};
    isStatic &= !type.isDynamicDim(dim);
    size += isStatic ? type.getDimSize(dim) : 0;
    lengths.push_back(lengthText(type, dim));
    if (isRagged(type, dim))
      parent = "(" + parentOf(type, dim).str() + ")";
  }
  RankedTensorType rest = dropDim(first, dim);
  return isStatic ? insertDim(rest, dim, size) : insertDim(rest, dim, 0, axisSum(lengths) + parent);
}

void ConcatOp::build(OpBuilder &builder, OperationState &state, int64_t dim, ValueRange parts) {
  RankedTensorType type = joinedType(parts, dim);
  assert(type && "parts of one rank");
  build(builder, state, type, dim, parts);
}

LogicalResult ConcatOp::verify() {
  auto result = cast<RankedTensorType>(getResult().getType());
  if (getParts().empty()) // C1
    return emitOpError("joins nothing");
  if (getDim() >= static_cast<uint64_t>(result.getRank())) // C1
    return emitOpError() << "joins along dim " << static_cast<int64_t>(getDim()) << ", but the result has rank "
                         << result.getRank();
  RankedTensorType rest = dropDim(result, getDim());
  for (auto [i, part] : llvm::enumerate(getParts())) {
    auto type = cast<RankedTensorType>(part.getType());
    if (type.getRank() != result.getRank() || dropDim(type, getDim()) != rest) // C1
      return emitOpError() << "part " << i << " is " << type << ", which differs from the result " << result
                           << " in more than dim " << getDim();
  }
  if (RankedTensorType joined = joinedType(getParts(), getDim()); joined != result) // C2
    return emitOpError() << "gives " << result << ", but its parts join to " << joined;
  return success();
}

//===--- Meaning -------------------------------------------------------------------------------------------------===//

LogicalResult ConcatOp::evaluate(Frame &frame) {
  auto type = cast<RankedTensorType>(getResult().getType());
  auto shape = frame.shapeOf(type, *this);
  if (failed(shape))
    return failure();
  unsigned dim = getDim();
  Tensor result = Tensor::full(*shape, std::numeric_limits<double>::quiet_NaN());
  result.needScale();
  std::optional<unsigned> examples = exampleDim(frame, type);
  int64_t rows = Tensor::sizeOf(ArrayRef(*shape).take_front(dim)), width = result.strideOf(dim);
  int64_t perExample =
      examples && *examples < dim ? Tensor::sizeOf(ArrayRef(*shape).slice(*examples + 1, dim - *examples - 1)) : rows;
  SmallVector<int64_t> filled(rows, 0); // of each row, how far the parts before reach
  for (Value value : getParts()) {
    const Tensor &part = frame.get(value);
    auto partType = cast<RankedTensorType>(value.getType());
    SmallVector<int64_t> counts(std::max<int64_t>(frame.batch, 1), part.shape[dim]);
    if (isRagged(partType, dim)) { // each example's parts adjoin
      auto lengths = frame.lengthsOf(axisOf(partType, dim), *this);
      if (failed(lengths))
        return failure();
      counts = *lengths;
    }
    for (int64_t row = 0; row < rows; ++row) {
      int64_t count = counts[perExample ? row / perExample % frame.batch : 0];
      int64_t from = row * part.shape[dim] * width, to = (row * (*shape)[dim] + filled[row]) * width;
      for (int64_t i = 0; i < count * width; ++i) {
        result.data[to + i] = part.data[from + i];
        result.scale[to + i] = part.scaleAt(from + i);
      }
      filled[row] += count;
    }
  }
  frame.set(getResult(), std::move(result));
  return success();
}

LogicalResult DetachOp::evaluate(Frame &frame) {
  frame.set(getResult(), frame.share(getOperand()));
  return success();
}
