// The table of arith and math scalars that may stand in a map: their values and how they pass on errors.
#pragma once

#include "ir/interp/Tensor.h"
#include "mlir/IR/Operation.h"
#include <cmath>
#include <functional>
#include <limits>

namespace rondo {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A value and its error scale (decisions in `ir/interp/Tensor.h`): an infinite scale is "undecided".
struct Scalar {
  double value = 0;
  double scale = 0;
};

using ScalarFunction = std::function<Scalar(llvm::ArrayRef<Scalar>)>;

/// What the operation computes; null when it is not in the table.
ScalarFunction scalarFunction(mlir::Operation *op);
bool isScalarOp(mlir::Operation *op);

/// The largest term (-inf of nothing), the sum of the exponentials of what each is above it, and the relative error
/// scale of that sum.
struct LogSumExp {
  double top, sum, error;
  double value() const { return top + std::log(sum); }
};
LogSumExp logSumExp(llvm::ArrayRef<Scalar> terms);

/// Whether compiled code may see the two in another order or as equal.
bool isUndecided(Scalar a, Scalar b);

} // namespace rondo
