// Views: contracts that only say where to look, and what can be proved about where accesses look.
#pragma once

#include "ir/Dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace rondo {

/// A contract with one factor and nothing reduced: a slice, shift, transpose, broadcast or gather.
bool isViewContract(mlir::Operation *op);

/// Least and greatest value of an expression over the static dims of an equation; none when it has other dims or
/// symbols.
std::optional<std::pair<int64_t, int64_t>> rangeOf(mlir::AffineExpr expr, Equation equation);
/// Whether the equation never reads `value` out of range at `map`: along axes at pure dims, elsewhere provably inside.
/// A token input counts as within its bound, which callers must keep.
bool isInRange(Equation equation, mlir::Value value, mlir::AffineMap map);

/// Views of views become views of what those look at, where the inner one hides nothing that the outer one could reach.
void composeViews(mlir::func::FuncOp func);

/// Who reads a slice or a broadcast outside of it reads nothing, though what it is a slice of may go on there: such
/// readers say so themselves (`where`), so that afterwards views can be looked through.
void guardReadsOfViews(mlir::func::FuncOp func);

} // namespace rondo
