// Predicates: emptiness of integer sets and proofs over an equation's domain.
#include "ir/Predicate.h"
#include "mlir/Analysis/FlatLinearValueConstraints.h"

using namespace mlir;
using namespace rondo;

bool rondo::isNever(IntegerSet set) {
  FlatLinearValueConstraints constraints(set);
  return constraints.isIntegerEmpty();
}

SmallVector<AffineExpr> rondo::knownNonNegative(Equation equation) {
  MLIRContext *context = equation->getContext();
  SmallVector<AffineExpr> known;
  llvm::StringMap<AffineExpr> sizes;
  for (auto [i, scalar] : llvm::enumerate(equation.getScalars())) {
    auto [kind, axis] = cast<StringAttr>(scalar).getValue().split(' ');
    AffineExpr symbol = getAffineSymbolExpr(i, context);
    known.push_back(symbol);
    if (kind == "size")
      sizes[axis] = symbol;
  }
  for (auto [i, scalar] : llvm::enumerate(equation.getScalars())) {
    auto [kind, axis] = cast<StringAttr>(scalar).getValue().split(' ');
    if (auto size = sizes.find(axis); kind == "step" && size != sizes.end())
      known.push_back(size->second - getAffineSymbolExpr(i, context) - 1);
  }
  for (unsigned i = 0; i < equation.getNumDims(); ++i) {
    AffineExpr dim = getAffineDimExpr(i, context);
    known.push_back(dim);
    if (StringRef axis = equation.getDimAxis(i); axis.empty())
      known.push_back(getAffineConstantExpr(equation.getDimSize(i) - 1, context) - dim);
    else if (auto size = sizes.find(axis); size != sizes.end())
      known.push_back(size->second - dim - 1);
  }
  return known;
}

bool rondo::holdsWherePresent(Equation equation, AffineExpr nonNegative) {
  // A counterexample is a point of some clause where the expression is at most -1.
  auto hasCounterexample = [&](std::optional<IntegerSet> clause) {
    SmallVector<AffineExpr> exprs = knownNonNegative(equation);
    SmallVector<bool> equalities(exprs.size(), false);
    for (unsigned i = 0; clause && i < clause->getNumConstraints(); ++i) {
      exprs.push_back(clause->getConstraint(i));
      equalities.push_back(clause->isEq(i));
    }
    exprs.push_back(-nonNegative - 1);
    equalities.push_back(false);
    return !isNever(IntegerSet::get(equation.getNumDims(), equation.getNumSymbols(), exprs, equalities));
  };
  SmallVector<IntegerSet> clauses = equation.getClauses();
  if (clauses.empty())
    return !hasCounterexample(std::nullopt);
  return llvm::none_of(clauses, hasCounterexample);
}
