// The shape of fold that goes tile by tile: scores of queries against keys, any maps on them, one softmax over the
// keys, one sum of values weighted by it. Every other fold goes row by row (FoldRows.h), or by way of memory.
#pragma once

#include "ir/Dialect.h"
#include <optional>

namespace rondo {

struct FoldPattern {
  ContractOp scores, out;
  llvm::SmallVector<MapOp> maps; // in order, each on the one before it
  SoftmaxOp softmax;
  unsigned queryRead, keyRead;    // of scores
  unsigned weightRead, valueRead; // of out
  /// Dims of the wide values: example, row, column, and the static ones (heads).
  unsigned example, row, column;
  llvm::SmallVector<unsigned> outer;
  int64_t depth = 0, width = 0; // length of queries and keys; of values

  static std::optional<FoldPattern> of(FoldOp fold);
  /// Product of the sizes of the static dims of wide values.
  int64_t heads() const;
  /// Whether a head's values are copied side by side. Rows a multiple of 1 KB apart share few sets of the caches, and
  /// each tile of rows would fetch them again from the third level.
  bool gathersValues() const;
};

} // namespace rondo
