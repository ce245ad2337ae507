#include "tools/rondo/Oracle.h"
#include "ir/Axes.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>

using namespace llvm;

namespace rondo {

Cells cellsOf(const Arrays &weights) {
  Cells cells;
  for (auto &[name, array] : weights) {
    Tensor &tensor = cells[name];
    tensor.shape = array.shape;
    for (int64_t i = 0, e = array.count(); i < e; ++i)
      tensor.data.push_back(array.at(i));
  }
  return cells;
}

/// Dims of a value as written, in the order of a library: sequence axes first, each group in its own order.
static SmallVector<unsigned> libraryOrder(mlir::RankedTensorType type) {
  SmallVector<unsigned> order;
  for (bool dynamic : {true, false})
    for (unsigned d = 0; d < type.getRank(); ++d)
      if (type.isDynamicDim(d) == dynamic)
        order.push_back(d);
  return order;
}

/// Calls back with (position as written, position in a library) for every element.
template <typename Function>
static void walkElements(ArrayRef<int64_t> shape, ArrayRef<unsigned> order, Function function) {
  int64_t count = Tensor::sizeOf(shape);
  SmallVector<int64_t> stride(shape.size(), 1), index(shape.size(), 0);
  for (size_t d = shape.size(); d-- > 1;)
    stride[d - 1] = stride[d] * shape[d];
  for (int64_t at = 0; at < count; ++at) {
    int64_t written = 0;
    for (size_t d = 0; d < shape.size(); ++d)
      written += index[d] * stride[d];
    function(written, at);
    for (size_t k = order.size(); k-- && ++index[order[k]] == shape[order[k]];)
      index[order[k]] = 0;
  }
}

mlir::FailureOr<std::vector<std::vector<Expected>>> interpretBatch(mlir::func::FuncOp function, const Cells &cells,
                                                                   const Signature &fn, const Ragged &batch) {
  std::vector<Example> examples;
  for (int64_t i = 0; i < batch.count; ++i) {
    Example &example = examples.emplace_back();
    for (auto [axis, lengths] : zip(ArrayRef(fn.axes).take_front(fn.given), batch.lengths))
      example.length[axis.name] = lengths[i];
    for (auto [k, port] : enumerate(fn.inputs)) {
      auto type = cast<mlir::RankedTensorType>(function.getArgumentTypes()[k]);
      Tensor &tensor = example.inputs.emplace_back();
      unsigned axis = 0;
      for (unsigned d = 0; d < type.getRank(); ++d)
        tensor.shape.push_back(type.isDynamicDim(d) ? batch.lengths[port.axes[axis++]][i] : type.getDimSize(d));
      tensor.data.resize(Tensor::sizeOf(tensor.shape));
      int64_t first = batch.before(port, i) * port.width();
      walkElements(tensor.shape, libraryOrder(type),
                   [&](int64_t written, int64_t at) { tensor.data[written] = batch.inputs[k].at(first + at); });
    }
  }
  auto results = interpret(function, cells, examples);
  if (failed(results))
    return mlir::failure();
  std::vector<std::vector<Expected>> expected(batch.count);
  for (auto [i, own] : enumerate(*results))
    for (auto [k, tensor] : enumerate(own)) {
      Expected &result = expected[i].emplace_back();
      result.values.resize(tensor.size());
      result.scales.resize(tensor.size());
      auto type = cast<mlir::RankedTensorType>(function.getResultTypes()[k]);
      walkElements(tensor.shape, libraryOrder(type), [&, &tensor = tensor](int64_t written, int64_t at) {
        result.values[at] = tensor.data[written];
        result.scales[at] = tensor.scaleAt(written);
      });
    }
  return expected;
}

void compare(const Signature &fn, const Ragged &batch, int64_t example, ArrayRef<Array> results,
             ArrayRef<Expected> expected, double bound, double gross, Comparison &comparison) {
  for (auto [k, port] : enumerate(fn.results)) {
    int64_t first = batch.before(port, example) * port.width();
    double largest = 0;
    for (double want : expected[k].values)
      if (std::isfinite(want))
        largest = std::max(largest, std::fabs(want));
    for (auto [i, want] : enumerate(expected[k].values)) {
      double got = results[k].at(first + i), scale = expected[k].scales[i];
      ++comparison.elements;
      if (std::isinf(scale) || std::isnan(scale)) {
        ++comparison.undecided;
        continue;
      }
      double difference = std::fabs(got - want), ratio = 0;
      if (got == want || (std::isnan(got) && std::isnan(want)))
        continue;
      // Beneath the smallest normal number f32 has no relative precision left. A NaN is no such small difference.
      if (!(difference <= 0x1p-126))
        ratio = std::isnan(difference) ? INFINITY : difference / (kEpsilon * scale);
      // What f32 cannot hold is infinite there.
      if (std::isinf(got) && std::fabs(want) > 3.4e38 && std::signbit(got) == std::signbit(want))
        ratio = 0;
      double floor = bound * kEpsilon * std::min(scale, kOrdinaryScale) / gross;
      double relative = std::isnan(difference) ? INFINITY
                        : ratio                ? difference / std::max({largest, floor, 0x1p-126})
                                               : 0;
      if ((ratio > bound || relative > gross) && !comparison.failed) {
        comparison.failed = true;
        comparison.result = k;
        comparison.element = i;
        comparison.got = got;
        comparison.want = want;
        comparison.scale = scale;
      }
      comparison.worst = std::max(comparison.worst, ratio);
      comparison.relative = std::max(comparison.relative, relative);
    }
  }
}

} // namespace rondo
