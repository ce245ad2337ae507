// A product kernel: C[row, column] = epilogue(sum over k of A[row, k] * B[k, column]), B packed in panels of 16
// columns. Plain callbacks say where rows and panels lie and what becomes of a finished strip; nothing here knows the
// dialect.
#pragma once

#include "codegen/cpu/MicroKernel.h"

namespace rondo {

/// Floats that hold the sums of a block of rows and the panels of a tile.
constexpr int64_t kProductBuffer = 24 * 1024;

/// Rows a multiple of 4096 bytes apart share one set of the first-level cache, which a tile of fourteen overflows. They
/// are copied, a block at a time, to rows an odd number of cache lines apart: so many floats from one to the next, and
/// in all.
int64_t productCopyStride(int64_t depth);
int64_t productCopyFloats(int64_t depth);

struct Product {
  /// Rows, at run time; panels of 16 columns; how many adjoining panels an epilogue needs together (gates of a cell).
  mlir::Value rows;
  int64_t panels = 1, gates = 1;

  /// Trip counts of the reduced loops, outermost first, and per index of A's and B's position: elements from the start
  /// of A's row, and vectors of 16 from the start of B's panel.
  llvm::SmallVector<mlir::Value> extents;
  llvm::SmallVector<int64_t> strideA, strideB;

  /// Where row `i` of A starts. `ahead` is a constant to add to it: a row of a fixed stride turns it into a
  /// displacement.
  llvm::function_ref<mlir::Value(mlir::Value i, int64_t ahead)> rowOfA;
  /// It does not: rows lie anywhere.
  bool scattered = false;
  /// Where panel `p` of B starts; `ahead` as above.
  llvm::function_ref<mlir::Value(mlir::Value p, int64_t ahead)> panelOfB;

  /// Initial accumulators of one row and unit (16 columns of each gate); unset: zero.
  std::function<llvm::SmallVector<mlir::Value>(mlir::Value row, mlir::Value unit)> start;
  /// What becomes of the sums of one row and unit. Called once per row and unit; may update memory in place.
  llvm::function_ref<void(mlir::Value row, mlir::Value unit, llvm::ArrayRef<mlir::Value> sums)> finish;

  /// The team; null: one thread does all.
  mlir::Value tid, threads;
  /// Who does what: columns keep a thread's part of B in its cache, rows are best where there are many.
  enum Split { Auto, Rows, Columns } split = Auto;

  /// If set: sums pass through these floats of the thread (kProductBuffer of them), and `finish` is emitted once for
  /// each of the two ways through the panels. Unset: it is emitted for every row of every tile, for short epilogues.
  mlir::Value buffer;

  /// If set: blocks of A's rows are copied to these floats of the thread (productCopyFloats of them). A row must be
  /// `copyDepth` floats without gaps, whole vectors.
  mlir::Value copy;
  int64_t copyDepth = 0;

  int64_t unroll = 2, prefetch = 32; // of B, in steps: some hundred nanoseconds, the third-level cache's answer
  /// Rows whose part of A should stay in the second-level cache while the panels pass; 0: chosen from the extents.
  int64_t blockRows = 0;
};

void emitProduct(Emit &e, const Product &product);

/// [lo, hi) of this thread when `count` things are dealt to a team in order, `unit` at a time.
std::pair<mlir::Value, mlir::Value> threadRange(Emit &e, mlir::Value count, int64_t unit, mlir::Value tid,
                                                mlir::Value threads);

} // namespace rondo
