// What can be proved about an equation's domain: the one place that asks the Presburger library.
#pragma once

#include "ir/Dialect.h"

namespace rondo {

/// Whether no integer point satisfies the set.
bool isNever(mlir::IntegerSet set);

/// What is known of every point of the domain, as expressions that are >= 0: dims and lengths are not negative, static
/// dims end, dims over an axis end where the axis does (if its size is a symbol), a step lies within its axis.
llvm::SmallVector<mlir::AffineExpr> knownNonNegative(Equation equation);

/// Whether the expression (over the equation's dims and symbols) is >= 0 at every present term, whatever the lengths.
bool holdsWherePresent(Equation equation, mlir::AffineExpr nonNegative);

} // namespace rondo
