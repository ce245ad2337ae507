// The register-blocked multiply that every product, score and weighted sum is made of, and the tile shapes that fit the
// registers of each level. Each output is one chain of multiply-adds, ascending over the reduced indices, so its bits
// do not depend on the shape of the tile it is computed in.
#pragma once

#include "codegen/cpu/Emit.h"

namespace rondo {

/// rows x panels vectors of 16 columns, accumulated over nested reduced loops.
struct MicroKernel {
  int64_t rows = 1, panels = 1;
  /// Trip counts of the reduced loops (index), outermost first; constants are recognised.
  llvm::SmallVector<mlir::Value> extents;
  /// Address of the scalar of A for a row of the tile, and of 16 columns of B for a panel, at reduced indices.
  llvm::function_ref<mlir::Value(int64_t row, mlir::ValueRange k)> a, b;
  /// Initial accumulators, row by row; empty: zero.
  llvm::ArrayRef<mlir::Value> init;
  /// Of the innermost loop.
  int64_t unroll = 2;
  /// Prefetches B this many steps of the innermost loop ahead; 0: not at all.
  int64_t prefetch = 16;
  /// Where the registers hold fewer panels: this many go through the reduced loops together; 0: all.
  int64_t panelsAtOnce = 0;
  /// Then also: memory where the sums wait, rows x panels vectors. Kept as values they would be spilled, and LLVM puts
  /// the spills inside the loops (a fifth of the time).
  mlir::Value parked;
};

/// Stack memory of the enclosing function for so many vectors.
mlir::Value parkingSpace(Emit &e, int64_t vectors);

/// A parked sum, loaded here.
mlir::Value parkedSum(Emit &e, mlir::Value parked, int64_t index);

/// The accumulators, row by row: result[row * panels + panel]; empty if they are parked.
llvm::SmallVector<mlir::Value> emitMicroKernel(Emit &e, const MicroKernel &kernel);

/// Tile shapes of a level.
struct TileShape {
  /// Heights of tiles, highest first; the last is used for anything lower.
  llvm::SmallVector<int64_t> heights;
  int64_t panels, panelsAtOnce;
};
/// For products with `group` panels that must stay together (the gates of a cell), out of `total`. `scattered`: each
/// row needs a pointer of its own; more than some six do not fit the registers.
TileShape generalTile(Target target, int64_t total, int64_t group = 1, bool scattered = false);
/// For at most two rows, where B streams through once; heights {2, 1}.
TileShape thinTile(Target target, int64_t total, int64_t group = 1);

/// M rows as near-equal tiles of at most `most` rows.
llvm::SmallVector<int64_t> splitRows(int64_t rows, int64_t most);

/// One tile of rows in a loop: its height, its first row, and how many of its rows are surely there; row(r) is the
/// index of its r-th row (never beyond the last), and inside(r) a condition, null where it always holds.
struct RowTile {
  int64_t height, sure;
  mlir::Value first, end;
  mlir::Value row(Emit &e, int64_t r) const;
  mlir::Value inside(Emit &e, int64_t r) const;
};

/// Emits `body` over rows [lo, hi): full tiles in a loop, then one tile of the least height that holds the rest.
/// With oneCopy the highest tile is emitted once, its upper rows always checked: for bodies that are long.
void forRowTiles(Emit &e, mlir::Value lo, mlir::Value hi, llvm::ArrayRef<int64_t> heights,
                 llvm::function_ref<void(const RowTile &)> body, bool oneCopy = false);

} // namespace rondo
