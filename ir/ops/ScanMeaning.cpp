// scan: meaning. Apart from its assembly and verifier, for length.
#include "ir/interp/Frame.h"
#include <limits>

using namespace mlir;
using namespace rondo;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Copies `count` elements and their scales.
void copy(const Tensor &from, int64_t fromPlace, Tensor &to, int64_t toPlace, int64_t count) {
  std::copy_n(from.data.begin() + fromPlace, count, to.data.begin() + toPlace);
  if (!from.scale.empty())
    to.needScale();
  if (!to.scale.empty())
    for (int64_t i = 0; i < count; ++i)
      to.scale[toPlace + i] = from.scaleAt(fromPlace + i);
}

/// The tensor at an index of a dim.
Tensor sliceOf(const Tensor &tensor, unsigned dim, int64_t index) {
  SmallVector<int64_t> shape(tensor.shape);
  shape.erase(shape.begin() + dim);
  Tensor slice = Tensor::full(shape, kNaN);
  int64_t rows = Tensor::sizeOf(ArrayRef(tensor.shape).take_front(dim)), width = tensor.strideOf(dim);
  for (int64_t row = 0; row < rows; ++row)
    copy(tensor, (row * tensor.shape[dim] + index) * width, slice, row * width, width);
  return slice;
}

class ScanRun {
public:
  ScanRun(ScanOp scan, Frame &frame) : scan(scan), frame(frame), block(scan.getBlock()) {}
  LogicalResult run();

private:
  ScanOp scan;
  Frame &frame;
  Block &block;
  SmallVector<int64_t> lengths; // by example
  int64_t steps = 0;
  SmallVector<std::shared_ptr<const Tensor>> carries;
  std::vector<std::shared_ptr<Tensor>> stacks, pasts;
  std::vector<Tensor> sums;
  std::vector<SmallVector<int64_t>> leads; // boundary rows of each past, by example

  LogicalResult start();
  LogicalResult startPast(unsigned past);
  LogicalResult step(int64_t now);
  /// Calls back for each example that lives, with the places of its elements in a tensor with (or without) a dim over
  /// the examples: blocks of `count` from `first`, `stride` apart, `times` of them.
  void forLiving(RankedTensorType type, ArrayRef<int64_t> shape,
                 function_ref<void(int64_t example, int64_t place, int64_t count)> callback);
  void writeRow(RankedTensorType rowType, const Tensor &row, Tensor &to, unsigned dim,
                function_ref<int64_t(int64_t)> indexOf);
};

LogicalResult ScanRun::startPast(unsigned past) {
  unsigned stack = scan.getPasts()[past], dim = scan.getStackDims()[stack];
  auto type = cast<RankedTensorType>(scan.getPastArgs()[past].getType());
  auto shape = frame.shapeOf(type, scan);
  if (failed(shape))
    return failure();
  auto tensor = std::make_shared<Tensor>(Tensor::full(*shape, kNaN)); // rows not yet written
  auto &lead = leads.emplace_back(std::max<int64_t>(frame.batch, 1), 0);
  if (Value rows = scan.getPastRows(past)) {
    auto each = frame.lengthsOf(scan.getPastLead(past), scan);
    if (failed(each))
      return failure();
    lead = *each;
    const Tensor &boundary = frame.get(rows);
    int64_t outer = Tensor::sizeOf(ArrayRef(*shape).take_front(dim)), width = tensor->strideOf(dim);
    for (int64_t row = 0; row < outer; ++row)
      copy(boundary, row * boundary.shape[dim] * width, *tensor, row * (*shape)[dim] * width,
           boundary.shape[dim] * width);
  }
  pasts.push_back(std::move(tensor));
  return success();
}

LogicalResult ScanRun::start() {
  auto each = frame.lengthsOf(scan.getAxis(), scan);
  if (failed(each))
    return failure();
  lengths = *each;
  steps = lengths.empty() ? 0 : *llvm::max_element(lengths);
  for (Value init : scan.getInit())
    carries.push_back(frame.share(init));
  for (Type type : scan.getStacked().getTypes()) {
    auto shape = frame.shapeOf(cast<RankedTensorType>(type), scan);
    if (failed(shape))
      return failure();
    stacks.push_back(std::make_shared<Tensor>(Tensor::full(*shape, kNaN)));
  }
  for (unsigned past = 0; past < scan.getPasts().size(); ++past)
    if (failed(startPast(past)))
      return failure();
  for (Type type : scan.getSummed().getTypes()) {
    auto shape = frame.shapeOf(cast<RankedTensorType>(type), scan);
    if (failed(shape))
      return failure();
    sums.push_back(Tensor::full(*shape, 0));
    sums.back().needScale();
  }
  return success();
}

void ScanRun::forLiving(RankedTensorType type, ArrayRef<int64_t> shape,
                        function_ref<void(int64_t, int64_t, int64_t)> callback) {
  std::optional<unsigned> dim = exampleDim(frame, type);
  if (!dim) {
    callback(0, 0, Tensor::sizeOf(shape));
    return;
  }
  int64_t outer = Tensor::sizeOf(shape.take_front(*dim)), width = Tensor::sizeOf(shape.drop_front(*dim + 1));
  for (int64_t row = 0; row < outer; ++row)
    for (int64_t example = 0; example < shape[*dim]; ++example)
      if (frame.isAlive(example))
        callback(example, (row * shape[*dim] + example) * width, width);
}

/// Writes the living examples' parts of a row at their index of a dim.
void ScanRun::writeRow(RankedTensorType rowType, const Tensor &row, Tensor &to, unsigned dim,
                       function_ref<int64_t(int64_t)> indexOf) {
  // Elements after the dim stay together; those before are as many rows.
  int64_t width = to.strideOf(dim);
  forLiving(rowType, row.shape, [&](int64_t example, int64_t place, int64_t count) {
    int64_t index = indexOf(example);
    for (int64_t done = 0; done < count;) {
      int64_t from = place + done, part = std::min(count - done, width - from % width);
      copy(row, from, to, (from / width * to.shape[dim] + index) * width + from % width, part);
      done += part;
    }
  });
}

LogicalResult ScanRun::step(int64_t now) {
  frame.steps[scan.getAxis()] = now;
  for (auto [i, slice] : llvm::enumerate(scan.getOver()))
    frame.set(scan.getSliceArgs()[i], sliceOf(frame.get(slice), scan.getSliceDims()[i], now));
  for (auto [argument, carry] : llvm::zip(scan.getCarryArgs(), carries))
    frame.set(argument, carry);
  for (auto [argument, past] : llvm::zip(scan.getPastArgs(), pasts))
    frame.set(argument, std::shared_ptr<const Tensor>(past));
  if (failed(frame.run(block)))
    return failure();

  for (auto [i, value] : llvm::enumerate(scan.getYieldedStacks())) {
    auto type = cast<RankedTensorType>(value.getType());
    const Tensor &row = frame.get(value);
    unsigned dim = scan.getStackDims()[i];
    writeRow(type, row, *stacks[i], dim, [&](int64_t) { return now; });
    for (auto [past, stack] : llvm::enumerate(scan.getPasts()))
      if (stack == static_cast<int64_t>(i))
        writeRow(type, row, *pasts[past], dim, [&](int64_t example) { return leads[past][example] + now; });
  }
  for (auto [i, value] : llvm::enumerate(scan.getYieldedSums())) {
    const Tensor &term = frame.get(value);
    forLiving(cast<RankedTensorType>(value.getType()), term.shape, [&](int64_t, int64_t place, int64_t count) {
      for (int64_t at = place; at < place + count; ++at) {
        sums[i].data[at] += term.data[at];
        sums[i].scale[at] += term.scaleAt(at) + std::abs(term.data[at]);
      }
    });
  }
  // Carries last, and all at once: one may be yielded as another.
  SmallVector<std::shared_ptr<const Tensor>> next;
  for (auto [i, value] : llvm::enumerate(scan.getYieldedCarries())) {
    if (frame.alive.empty()) {
      next.push_back(frame.share(value));
      continue;
    }
    Tensor merged = *carries[i]; // of examples that are over, what they ended with
    const Tensor &yielded = frame.get(value);
    forLiving(cast<RankedTensorType>(value.getType()), merged.shape,
              [&](int64_t, int64_t place, int64_t count) { copy(yielded, place, merged, place, count); });
    next.push_back(std::make_shared<const Tensor>(std::move(merged)));
  }
  carries = std::move(next);
  return success();
}

LogicalResult ScanRun::run() {
  if (failed(start()))
    return failure();
  std::vector<bool> outer = frame.alive;
  auto outerStep = frame.steps.find(scan.getAxis());
  std::optional<int64_t> stepBefore;
  if (outerStep != frame.steps.end())
    stepBefore = outerStep->second;
  bool isRagged = frame.batched && !llvm::all_equal(lengths);
  for (int64_t i = 0; i < steps; ++i) {
    int64_t now = scan.getReverse() ? steps - 1 - i : i;
    if (isRagged) {
      frame.alive.assign(frame.batch, false);
      for (int64_t example = 0; example < frame.batch; ++example)
        frame.alive[example] = now < lengths[example] && (outer.empty() || outer[example]);
    }
    if (failed(step(now)))
      return failure();
  }
  frame.alive = outer;
  if (stepBefore)
    frame.steps[scan.getAxis()] = *stepBefore;
  else
    frame.steps.erase(scan.getAxis());
  for (auto [result, carry] : llvm::zip(scan.getLast(), carries))
    frame.set(result, carry);
  for (auto [result, stack] : llvm::zip(scan.getStacked(), stacks))
    frame.set(result, std::shared_ptr<const Tensor>(stack));
  for (auto [result, sum] : llvm::zip(scan.getSummed(), sums))
    frame.set(result, std::move(sum));
  return success();
}

} // namespace

LogicalResult ScanOp::evaluate(Frame &frame) { return ScanRun(*this, frame).run(); }
