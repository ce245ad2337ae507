// Where every value of one export lives, decided once for all targets: the caller's buffers, a slot of the arena, the
// packed weights, or the block that exists only while a model is opened.
#pragma once

#include "codegen/cpu/FoldPattern.h"
#include "codegen/cpu/Program.h"
#include "codegen/cpu/Storage.h"
#include "ir/Dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace rondo {

/// The packed block and what stands behind the cells in the plain block, shared by all exports of a model.
struct WeightBlocks {
  llvm::StringMap<const EmittedCell *> cells;
  llvm::StringMap<int64_t> packedCell; // cells that entries read, padded, in the packed block
  int64_t packedFloats = 0, plainFloats = 0;
};

struct Place {
  enum Kind { Input, Result, Slot, Packed, Plain, Carry, View, RowScratch, Nowhere } kind;
  int64_t index = 0; // input, result or slot; offset in floats; first of two slots of a carry
  Layout layout = {};
  mlir::Value whole = {}; // View: the value a slice is of, or a past's stack
  int64_t heldDim = -1;   // View: dimension held at the step of the scan at `depth`
  int64_t depth = 0;
  std::vector<int64_t> scratchOffset = {}; // RowScratch: where in a thread's scratch, in terms
  unsigned rowAxes = 1;                    // RowScratch: how many axes a row of the fold has
};

class Placement {
public:
  /// Failure comes with a diagnostic at the value that cannot be placed.
  static mlir::FailureOr<Placement> of(mlir::func::FuncOp func, const AxisTable &axes, WeightBlocks &weights);

  /// Results of kernels and folds are the values they yield.
  mlir::Value resolve(mlir::Value v) const;
  const Place &operator[](mlir::Value v) const { return places.find(resolve(v))->second; }
  void setAxes(const AxisTable &table) { axes = &table; }
  bool has(mlir::Value v) const { return places.contains(resolve(v)); }
  /// Elements of an input (or a slice of one) are tokens below this bound; the runtime has checked it.
  std::optional<int64_t> boundOf(mlir::Value v) const;
  /// Computed from cells alone: done once, when a model is opened.
  bool isConstant(mlir::Value v) const { return constants.contains(resolve(v)); }
  bool isConstant(mlir::Operation *op) const;
  /// Cells that constants are computed from stand in the plain block, those that entries read in the packed one too.
  llvm::ArrayRef<std::vector<int64_t>> plan() const { return slots; }
  llvm::ArrayRef<int64_t> scratch() const { return scratchSize; }
  /// For a fold that is computed row by row, its wide values existing only as one row in scratch: how many axes a row
  /// has. 0: it is not.
  unsigned rowwiseAxes(FoldOp fold) const { return rowwise.lookup(fold); }
  /// For a fold that goes tile by tile: the slot of its key panels.
  std::optional<int64_t> panelSlot(FoldOp fold) const {
    auto it = panelSlots.find(fold);
    return it == panelSlots.end() ? std::nullopt : std::optional(it->second);
  }
  /// Returned values that the caller's buffer could not hold directly: (value, result number).
  llvm::ArrayRef<std::pair<mlir::Value, unsigned>> copies() const { return copied; }

private:
  Placement(const AxisTable &axes, WeightBlocks &weights) : axes(&axes), weights(&weights) {}
  mlir::LogicalResult placeBlock(mlir::Block &block);
  mlir::LogicalResult placeScan(ScanOp scan);
  void placeFold(FoldOp fold);
  void placeTiles(FoldOp fold, const FoldPattern &pattern);
  mlir::LogicalResult placeResult(mlir::Value v, mlir::Operation *at);
  void findConstants(mlir::func::FuncOp func);
  int64_t newSlot(const Layout &layout);
  int64_t slotFor(mlir::Value v, const Layout &layout);
  bool usedByEntries(mlir::Value v) const;

  const AxisTable *axes;
  WeightBlocks *weights;
  llvm::DenseMap<mlir::Value, Place> places;
  llvm::DenseSet<mlir::Value> constants;
  std::vector<std::vector<int64_t>> slots;
  llvm::DenseMap<int64_t, int64_t> plannedSlots; // plan-memory's number -> slot
  std::vector<int64_t> scratchSize;
  llvm::DenseMap<mlir::Operation *, unsigned> rowwise;
  llvm::DenseMap<mlir::Operation *, int64_t> panelSlots;
  llvm::SmallVector<std::pair<mlir::Value, unsigned>> copied;
};

} // namespace rondo
