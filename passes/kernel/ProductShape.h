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

  /// None where the contract has another shape; then `why`, for a contract of two factors and a reduced dim, says what
  /// is missing: a parameter read at pure dims, reduced dims that are its own.
  static std::optional<ProductShape> of(mlir::Operation *op, const llvm::DenseSet<mlir::Value> &parameters,
                                        std::string *why = nullptr);
  /// The rows factor can be read where it stands: every term present (no condition, never out of range), in steps. Else
  /// the rows must become a value first, 0 where they are absent.
  bool direct = true;
  /// Whether the result is rows, then one column dim.
  bool isFlat() const { return columns.size() == 1 && columns.front() == rows.size(); }
};

/// Whether an access goes by a fixed number of elements from one index of each reduced dim to the next, so that an
/// address and strides say all of it: no `div`, `mod` or look-up by what is summed over.
bool readsInSteps(const EquationParts &parts, unsigned read);

} // namespace rondo
