// Frames: lengths, shapes, and running a block.
#include "ir/interp/Frame.h"

using namespace mlir;
using namespace rondo;

std::optional<int64_t> Frame::lengthIn(StringRef axis, int64_t example) const {
  if (batched && axis == "b")
    return batch;
  return axisLength(axis, [&](StringRef base) -> std::optional<int64_t> {
    auto found = lengths.find(base);
    if (found == lengths.end())
      return std::nullopt;
    return found->second[example];
  });
}

FailureOr<SmallVector<int64_t>> Frame::lengthsOf(StringRef axis, Operation *op) const {
  SmallVector<int64_t> all;
  for (int64_t example = 0; example < batch; ++example) {
    std::optional<int64_t> length = lengthIn(axis, example);
    if (!length)
      return op->emitError() << "nothing says how long axis " << axis << " is";
    if (*length < 0)
      return op->emitError() << "axis " << axis << " would be " << *length << " long";
    all.push_back(*length);
  }
  return all;
}

FailureOr<SmallVector<int64_t>> Frame::shapeOf(RankedTensorType type, Operation *op) const {
  SmallVector<int64_t> shape(type.getShape());
  for (auto [dim, size] : llvm::enumerate(shape)) {
    if (!ShapedType::isDynamic(size))
      continue;
    auto all = lengthsOf(axisOf(type, dim), op);
    if (failed(all))
      return failure();
    size = all->empty() ? 0 : *llvm::max_element(*all);
  }
  return shape;
}

std::optional<unsigned> rondo::exampleDim(const Frame &frame, RankedTensorType type) {
  return frame.batched ? dimOfAxis(type, "b") : std::nullopt;
}

/// A call means the body of its callee. Functions do not recurse, so one map of values is enough.
static LogicalResult evaluateCall(func::CallOp call, Frame &frame) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(call, call.getCalleeAttr());
  if (!callee || callee.isExternal())
    return call.emitOpError("calls what has no body");
  for (auto [argument, operand] : llvm::zip(callee.getArguments(), call.getOperands()))
    frame.set(argument, frame.share(operand));
  if (failed(frame.run(callee.getBody().front())))
    return failure();
  for (auto [result, value] : llvm::zip(call.getResults(), callee.getBody().front().getTerminator()->getOperands()))
    frame.set(result, frame.share(value));
  return success();
}

static LogicalResult evaluateConstant(arith::ConstantOp constant, Frame &frame) {
  auto elements = dyn_cast<DenseElementsAttr>(constant.getValue());
  if (!elements)
    return constant.emitOpError("is no tensor, outside a map");
  Tensor tensor = Tensor::full(elements.getType().getShape(), 0);
  if (isa<FloatType>(elements.getElementType())) {
    for (auto [to, value] : llvm::zip(tensor.data, elements.getValues<APFloat>()))
      to = value.convertToDouble();
  } else {
    bool isBool = elements.getElementType().isInteger(1);
    for (auto [to, value] : llvm::zip(tensor.data, elements.getValues<APInt>()))
      to = isBool ? value.getZExtValue() : value.getSExtValue();
  }
  frame.set(constant.getResult(), std::move(tensor));
  return success();
}

LogicalResult Frame::run(Block &block) {
  for (Operation &op : block.without_terminator()) {
    if (auto evaluates = dyn_cast<Evaluates>(op)) {
      if (failed(evaluates.evaluate(*this)))
        return failure();
    } else if (auto call = dyn_cast<func::CallOp>(op)) {
      if (failed(evaluateCall(call, *this)))
        return failure();
    } else if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      if (failed(evaluateConstant(constant, *this)))
        return failure();
    } else {
      return op.emitOpError("has no meaning in the interpreter");
    }
  }
  return success();
}
