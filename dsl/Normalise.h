// Equations in the form in which they are lowered: means are sums, factors that a summed index does not touch stand
// outside their sum, boundaries are choices.
#ifndef RONDO_DSL_NORMALISE_H
#define RONDO_DSL_NORMALISE_H

#include "dsl/Groups.h"

namespace rondo::eq {

/// `groups`: the recurrences that `reader` belongs to; what they carry from step to step keeps its own beginning.
Expr *normalise(Program &program, const Array &reader, Expr *e, llvm::ArrayRef<const Group *> groups);

/// The factors of a product, constants last.
void factorsOf(Expr *e, llvm::SmallVectorImpl<Expr *> &factors);
/// Whether the condition compares integers only, so that it can stand as a predicate.
bool isPredicate(const Expr *condition);
bool isZero(const Expr *e);
/// Whether every value outside is zero, as an absent term is.
bool isZeroOutside(const Expr *read);

} // namespace rondo::eq

#endif
