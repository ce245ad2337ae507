// Emission of one equation (contract, reduce, softmax, map) at one row: the general form that works for every access,
// predicate and extent. The product, scan and fold emitters are faster ways for the shapes that allow it.
//
// The order of arithmetic follows from the equation alone, never from where or how often it is emitted:
//   chain   one multiply-add after another over the reduced dimensions, each lane of a vector another result element
//   lanes   16 partial results, lane = position mod 16 along the innermost reduced dimension, joined by a fixed tree
//   scalar  one after another
#pragma once

#include "codegen/cpu/Scope.h"
#include "ir/Queries.h"

namespace rondo {

/// A dimension's extent: a number, or the length of an axis for the current example.
struct Extent {
  int64_t size = 0;
  std::string axis; // empty: static
};

/// What all equation operations have in common, unpacked.
struct EquationView {
  mlir::Operation *op;
  llvm::SmallVector<mlir::Value> reads, lets;
  llvm::SmallVector<mlir::AffineMap> readMaps, letMaps;
  llvm::SmallVector<std::string> scalars; // "size t", "step t"
  llvm::SmallVector<mlir::IntegerSet> where;
  llvm::SmallVector<Extent> extents; // of all dimensions
  unsigned resultDims = 0;

  /// Reads and look-ups of views are those of what they are views of.
  static EquationView of(mlir::Operation *op);
  unsigned dims() const { return extents.size(); }
  unsigned symbols() const { return scalars.size() + lets.size(); }
};

/// A view that reads one tensor at other positions, all of them surely in range.
bool isSafeView(mlir::Operation *op);

/// A safe view that needs no storage: all that use it are equations that look through it.
bool isLookedThrough(mlir::Operation *op);

/// A requirement on the dimensions: a union of conjunctions of `expr >= 0` and `expr == 0`.
/// Symbols: the equation's, then the length of every axis of the program.
struct Condition {
  using Clause = llvm::SmallVector<std::pair<mlir::AffineExpr, bool>>;
  llvm::SmallVector<Clause> clauses;
  bool done = false;
};

/// Emits an equation for the example of `scope`. `preset` holds values of result dimensions fixed by the caller
/// (the row); null for those this emitter loops over. The results' storage is in scope.kernel.storage.
void emitEquation(const Scope &scope, mlir::Operation *op, llvm::ArrayRef<mlir::Value> preset);

/// `concat`: each part is copied to its place.
void emitConcat(const Scope &scope, ConcatOp op, llvm::ArrayRef<mlir::Value> preset);

} // namespace rondo
