// A tensor of the interpreter: float64 values, each with an error scale.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <vector>

namespace rondo {

/// Unit roundoff of f32. A compiled value is right when it differs by at most k * kEpsilon * scale, for a stated k.
inline constexpr double kEpsilon = 0x1p-24;
/// Two values nearer than kTie * kEpsilon * (sum of their scales) cannot be told apart by compiled code.
inline constexpr double kTie = 64;

/// Row-major. Integers and bools are values too; where a compiled integer may differ (an undecided comparison or
/// argmax) its scale is infinite. Elements outside an example's own length are NaN.
struct Tensor {
  llvm::SmallVector<int64_t> shape;
  std::vector<double> data;
  std::vector<double> scale; // of each value; empty: all exact

  static int64_t sizeOf(llvm::ArrayRef<int64_t> shape) {
    int64_t size = 1;
    for (int64_t extent : shape)
      size *= extent;
    return size;
  }
  static Tensor full(llvm::ArrayRef<int64_t> shape, double value) {
    return {llvm::SmallVector<int64_t>(shape), std::vector<double>(sizeOf(shape), value), {}};
  }
  int64_t size() const { return data.size(); }
  double scaleAt(int64_t i) const { return scale.empty() ? 0.0 : scale[i]; }
  /// Gives every element a scale, 0 at first.
  void needScale() {
    if (scale.empty())
      scale.assign(data.size(), 0.0);
  }
  /// Elements from one index of a dim to the next.
  int64_t strideOf(unsigned dim) const { return sizeOf(llvm::ArrayRef(shape).drop_front(dim + 1)); }
};

} // namespace rondo
