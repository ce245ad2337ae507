// Where a value of the batched program lives and how its elements are addressed.
//
// The sequence dimensions of a value are flattened to rows, example after example; its static dimensions follow,
// row-major, the innermost padded to 16 floats inside the library and not padded in the user's buffers.
//
//   no example dimension      one row
//   b                         row = example
//   b, t                      row = offset_t[b] + t
//   b, t, s                   row = pair_ts[b] + t * length_s[b] + s
//
// Inside the library the static dimensions of a value over two sequence axes stand between them (t, static dims, s), so
// that the elements along s are adjacent, as they are in a fold's scratch: the order of sums does not depend on which.
//
// Every element has four bytes: reals are float, ints and bools int32_t.
// A slice of a scan is the same storage with one dimension held at the current step.
#pragma once

#include "codegen/cpu/Code.h"
#include "mlir/IR/BuiltinTypes.h"

namespace rondo {

/// Sequence axes of a program, by the names that types carry. Their index is the one of the emitted axis table.
struct AxisTable {
  llvm::SmallVector<std::string> names;
  int64_t indexOf(llvm::StringRef name) const;   // -1: no such axis
  int64_t pairOf(int64_t first, int64_t second) const; // index of the pair count of two axes, in the plan's order
};

/// The shape of a value's storage; independent of any function being built.
struct Layout {
  mlir::RankedTensorType type;
  llvm::SmallVector<int64_t> strides;   // in elements, of each static dimension; 0 for dynamic ones
  llvm::SmallVector<unsigned> rowDims;  // the dynamic dimensions other than b, in order
  int64_t rowSize = 1;                  // elements from one row to the next
  bool perExample = false;              // has a `b` dimension
  bool padded = true;
  bool innerRow = false;                // static dimensions stand between the two sequence axes

  static Layout of(mlir::RankedTensorType type, bool padded);
  /// The innermost dimension, if its elements are adjacent; -1 for a scalar row.
  int64_t contiguousDim() const;
};

/// A value during emission: a pointer to its first element and its layout.
struct Storage {
  mlir::Value base;
  Layout layout;
  /// Dimensions held fixed (slices): index in `layout.type`, and the axis whose current step is its value.
  llvm::SmallVector<std::pair<unsigned, std::string>> held;
  /// Scratch of one row of a value over two sequence axes: elements from one static index to the next. The row is
  /// [static dims.., inner axis], each innermost run 64-byte aligned.
  mlir::Value runLength;

  /// The dimension of `layout.type` whose elements are adjacent; -1 for a scalar row.
  int64_t contiguousDim() const { return runLength ? int64_t(layout.rowDims.back()) : layout.contiguousDim(); }
};

} // namespace rondo
