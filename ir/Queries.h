// What passes and emitters ask of equations: which are views, and what can be proved about where they look.
#pragma once

#include "ir/Dialect.h"

namespace rondo {

/// The dim that is this expression, if it is one.
std::optional<unsigned> pureDim(mlir::AffineExpr expr);

/// Least and greatest value of an expression over the static dims of an equation; none when it has other dims or
/// symbols.
std::optional<std::pair<int64_t, int64_t>> rangeOf(mlir::AffineExpr expr, Equation equation);

/// Whether the equation never reads `value` out of range at `map`: along axes at pure dims, elsewhere provably inside.
/// A token input counts as within its bound, which callers must keep.
bool isInRange(Equation equation, mlir::Value value, mlir::AffineMap map);

/// A contract with one factor and nothing reduced: a slice, shift, transpose, broadcast or gather.
bool isView(mlir::Operation *op);
/// A view without conditions and without other tensors: its map says all.
bool isPlainView(mlir::Operation *op);

/// Whether the operation is a softmax over this dim of its result, whose positions then need each other.
bool normalises(mlir::Operation *op, unsigned dim);

/// Calls back for each axis of a type.
void walkAxes(mlir::Type type, llvm::function_ref<void(llvm::StringRef)> callback);
/// Calls back for each axis that the operation itself mentions: in the types of its results and blocks, as an extent,
/// as a length, as what a scan runs along.
void walkAxes(mlir::Operation *op, llvm::function_ref<void(llvm::StringRef)> callback);

} // namespace rondo
