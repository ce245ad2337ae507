// Questions and small changes that several algebra passes need.
#pragma once

#include "ir/Dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"

namespace rondo {

/// Operands of the operation and of everything inside it that are defined outside it.
llvm::SmallVector<mlir::Value> inputsOf(mlir::Operation *op);

/// Whether the operation, or one inside it, mentions the step of this axis.
bool mentionsStep(mlir::Operation *op, llvm::StringRef axis);

/// A contract with one factor and nothing reduced: a slice, shift, transpose, broadcast or gather.
bool isView(mlir::Operation *op);
/// A contract with two factors or more and a reduced dim.
bool isProduct(mlir::Operation *op);
/// The dim that is this expression, if it is one.
std::optional<unsigned> pureDim(mlir::AffineExpr expr);

/// Least and greatest value of an expression over the static dims of an equation; none when it has other dims or symbols.
std::optional<std::pair<int64_t, int64_t>> rangeOf(mlir::AffineExpr expr, Equation equation);
/// Whether the equation never reads `value` out of range at `map`: along axes at pure dims, elsewhere provably inside.
/// A token input counts as within its bound, which callers must keep.
bool isInRange(Equation equation, mlir::Value value, mlir::AffineMap map);

/// Values that depend on cells alone (not on an argument of the function or of a scan).
llvm::DenseSet<mlir::Value> parameterValues(mlir::func::FuncOp func);
/// Moves the operations whose results depend on cells alone to the start of the function, in their order. Returns the
/// operation behind the last of them.
mlir::Operation *liftParameterOps(mlir::func::FuncOp func);

/// Drops slices, carries, stacks, sums and pasts that nothing reads. Returns what takes the scan's place: itself, when
/// there was nothing to drop.
ScanOp dropUnused(ScanOp scan);

/// Views of views become views of what those look at, where the inner one hides nothing that the outer one could reach.
void composeViews(mlir::func::FuncOp func);

/// Equal operations become one, unread ones go, and scans lose what nothing reads.
void tidy(mlir::func::FuncOp func);

/// "64 x 512" of the static dims of a type.
std::string shapeText(mlir::Type type);

} // namespace rondo
