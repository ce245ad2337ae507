// Which contracts are products that a packed weight can serve, and what of their dims are rows, columns and depth.
#pragma once

#include "ir/Dialect.h"
#include "llvm/ADT/DenseSet.h"

namespace rondo {

struct ProductShape {
  unsigned weight;                     // which of the two reads is the weight
  llvm::SmallVector<unsigned> rows;    // result dims that the weight does not have; all dynamic
  llvm::SmallVector<unsigned> columns; // result dims that only the weight has; all static
  int64_t width = 1, depth = 1;        // products of the sizes of columns and of reduced dims

  /// None where the contract has another shape: not two factors, a condition, a weight that is no parameter or is not
  /// read at pure dims, reduced dims that are not the weight's, or rows that may be read out of range.
  static std::optional<ProductShape> of(mlir::Operation *op, const llvm::DenseSet<mlir::Value> &parameters);
  /// Whether the result is rows, then one column dim.
  bool isFlat() const { return columns.size() == 1 && columns.front() == rows.size(); }
};

} // namespace rondo
