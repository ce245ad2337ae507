// Where a value of the batched program lives and how its elements are addressed.
//
// The sequence dimensions of a value are flattened to rows, example after example; its static dimensions follow,
// row-major, the innermost padded to 16 floats inside the library and not padded in the user's buffers.
//
//   no example dimension      one row
//   b                         row = example
//   b, t                      row = offset_t[b] + t
//   b, t, s                   row = offset_ts[b] + t * length_s[b] + s     and so on: the axes are a grid
//
// Inside the library the static dimensions of a value over a grid stand before its last axis (t, static dims, s), so
// that the elements along s are adjacent, as they are in a fold's scratch: the order of sums does not depend on which.
// But a grid whose rows are operands of products, or slices of a recurrence, has its values by rows like those of one
// axis; which of the two is a property of the grid, so that values which share a slot agree.
//
// Every element has four bytes: reals are float, ints and bools int32_t.
// A slice of a scan is the same storage with one dimension held at the current step.
#pragma once

#include "codegen/cpu/Code.h"
#include "mlir/IR/BuiltinTypes.h"

namespace rondo {

/// Sequence axes of a program, by the names that types carry, and the grids of them that its values are over. A *space*
/// is an axis or a grid: axes have the indices of the emitted axis table, grids follow.
struct AxisTable {
  llvm::SmallVector<std::string> names;
  struct Grid {
    llvm::SmallVector<int64_t> axes; // rising
    bool byRows = false;             // products run over its rows, or recurrences along one of its axes
  };
  llvm::SmallVector<Grid> grids;

  int64_t indexOf(llvm::StringRef name) const; // -1: no such axis
  unsigned spaces() const { return names.size() + grids.size(); }
  /// The space of some axes in any order; one axis is its own. -1: no value is over it.
  int64_t spaceOf(llvm::ArrayRef<int64_t> axes) const;
  void addGrid(llvm::ArrayRef<int64_t> axes, bool byRows = false);
  /// Where a plan has the coefficient of a space's rows, of its longest example; and how many coefficients there are.
  int64_t rowTerm(int64_t space) const { return 2 + space; }
  int64_t longestTerm(int64_t space) const { return 2 + spaces() + space; }
  int64_t terms() const { return 2 + 2 * spaces(); }
};

/// The shape of a value's storage; independent of any function being built.
struct Layout {
  mlir::RankedTensorType type;
  llvm::SmallVector<int64_t> strides;  // in elements, of each static dimension; 0 for dynamic ones
  llvm::SmallVector<unsigned> rowDims; // the dynamic dimensions other than b, in order
  int64_t rowSize = 1;                 // elements from one row to the next
  bool perExample = false;             // has a `b` dimension
  bool padded = true;
  bool innerRow = false; // static dimensions stand before the last of several sequence axes

  /// `table`: null where no grid has rows that lie in the library.
  static Layout of(mlir::RankedTensorType type, bool padded, const AxisTable *table = nullptr);
  /// The axes of `rowDims`, by their indices.
  llvm::SmallVector<int64_t> axes(const AxisTable &table) const;
  /// The innermost dimension, if its elements are adjacent; -1 for a scalar row.
  int64_t contiguousDim() const;
};

/// A value during emission: a pointer to its first element and its layout.
struct Storage {
  mlir::Value base;
  Layout layout;
  /// Dimensions held fixed (slices): index in `layout.type`, and how deep the scan stands whose current step is its
  /// value. Not by axis: a scan may stand in a step of another over the same.
  llvm::SmallVector<std::pair<unsigned, int64_t>> held;
  /// Scratch of one row of a value over a grid: elements from one run to the next. The row has the `rowAxes` first
  /// axes; what it holds is [the other axes but the last.., static dims.., last axis]. Runs over one axis are 64-byte
  /// aligned.
  mlir::Value runLength;
  unsigned rowAxes = 1;

  /// The dimension of `layout.type` whose elements are adjacent; -1 for a scalar row.
  int64_t contiguousDim() const { return runLength ? int64_t(layout.rowDims.back()) : layout.contiguousDim(); }
};

} // namespace rondo
