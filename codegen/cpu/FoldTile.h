// Softmax-weighted sums, row by row complete: out[row] = sum over s of softmax_s(score(row, s)) * value[s], with
// score(row, s) = scale * (query[row] . key[s]), for s in the row's own range [lo, hi).
//
// Every row is computed the same way whatever tile it is in: a score is one ascending chain; the maximum is exact; the
// sum of exponentials is 16 partial sums (column mod 16), ascending, and a fixed tree; each output is one ascending
// chain over exactly the columns the row sees (so unused keys and values may hold anything, NaN too); a row that sees
// nothing is zero. Nothing depends on tile height, row position in a tile, batch or thread.
#pragma once

#include "codegen/cpu/MicroKernel.h"

namespace rondo {

struct FoldTile {
  /// Length of queries and keys; columns of values, a multiple of 16.
  int64_t depth = 64, width = 64;
  /// Positive; multiplies the score before the exponential.
  double scale = 1.0;

  /// Start of a query row of `depth` floats; of key panel p, laid out [depth][16], keys 16p .. 16p+15; of a value row.
  /// Values of one head should adjoin where there are many: rows two kilobytes apart fall into few sets of the caches
  /// (1024 keys: 12 % of the whole; see FoldPattern::gathersValues).
  llvm::function_ref<mlir::Value(mlir::Value row)> query;
  llvm::function_ref<mlir::Value(mlir::Value panel)> keys;
  llvm::function_ref<mlir::Value(mlir::Value s)> value;
  /// The columns that a row sees, 0 <= lo and lo <= hi, or lo >= hi for none (index).
  llvm::function_ref<std::pair<mlir::Value, mlir::Value>(mlir::Value row)> range;
  /// What becomes of the raw scores of 16 columns from `column` on, before `scale`; unset: nothing. Minus infinity
  /// takes a column out, its value being multiplied by zero. `partly`: some of the columns may be beyond the range of
  /// every row, where there may be no memory to read.
  std::function<mlir::Value(mlir::Value row, mlir::Value column, mlir::Value scores, bool partly)> map;
  /// Stores 16 columns of a row's result. Called once for each.
  llvm::function_ref<void(mlir::Value row, mlir::Value column, mlir::Value result)> finish;
  /// If set: the largest mapped score of a row (before `scale`) and the sum of exp(scale * (score - largest)), for a
  /// derivative.
  std::function<void(mlir::Value row, mlir::Value largest, mlir::Value sum)> statistics;

  /// Scratch of this thread, foldScratch() floats for the longest range of one tile (from the least lo to the greatest
  /// hi): foldStride() for each row of them hold scores, interleaved by strips of 16 columns.
  mlir::Value scratch;
  int64_t unroll = 2, prefetch = 16;
};

/// Floats for one row of scores of a tile that sees `columns` of them.
int64_t foldStride(int64_t columns);
/// Floats of scratch a thread needs.
int64_t foldScratch(Target target, int64_t depth, int64_t stride);
/// The same as a plan that is affine in the stride: {constant, factor}.
std::pair<int64_t, int64_t> foldScratchPlan(Target target, int64_t depth);

/// Tile heights of a level, highest first.
llvm::SmallVector<int64_t> foldHeights(Target target);

/// Rows [lo, hi).
void emitFoldRows(Emit &e, const FoldTile &fold, mlir::Value lo, mlir::Value hi);

} // namespace rondo
