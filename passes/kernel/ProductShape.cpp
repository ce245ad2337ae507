#include "passes/kernel/ProductShape.h"
#include "passes/algebra/Support.h"
#include "passes/algebra/Views.h"

using namespace mlir;
using namespace rondo;

bool rondo::readsInSteps(const EquationParts &parts, unsigned read) {
  for (unsigned dim = parts.getNumResultDims(); dim < parts.getNumDims(); ++dim) {
    for (AffineMap let : parts.letMaps)
      if (let.isFunctionOfDim(dim))
        return false;
    for (AffineExpr expr : parts.readMaps[read].getResults()) {
      AffineExpr here = getAffineDimExpr(dim, expr.getContext());
      AffineExpr step = expr.replace(here, here + 1) - expr;
      if (!isa<AffineConstantExpr>(simplifyAffineExpr(step, parts.getNumDims(), parts.getNumSymbols())))
        return false;
    }
  }
  return true;
}

/// The shape with the given read as weight, or what is against it.
static std::string shapeWith(Equation equation, unsigned weight, ProductShape &shape) {
  AffineMap map = equation.getReadMap(weight), other = equation.getReadMap(1 - weight);
  llvm::SmallDenseSet<unsigned> dims;
  for (AffineExpr expr : map.getResults()) {
    auto dim = pureDim(expr);
    if (!dim || !dims.insert(*dim).second)
      return "its parameter is not read at one index along each of its axes";
  }
  for (unsigned dim = 0; dim < equation.getNumDims(); ++dim) {
    int64_t size = equation.getDimSize(dim);
    bool isStatic = !ShapedType::isDynamic(size), ofWeight = dims.contains(dim);
    if (size == 0)
      return "one of its sizes is 0";
    if (dim >= equation.getNumResultDims()) {
      if (!isStatic || !ofWeight)
        return "it sums over an index that its parameter does not have";
      shape.depth *= size;
    } else if (ofWeight) {
      if (other.isFunctionOfDim(dim))
        return "both factors have an index of the result";
      shape.columns.push_back(dim);
      shape.width *= size;
    } else {
      if (isStatic)
        return "an axis of fixed size is a row of it";
      shape.rows.push_back(dim);
    }
  }
  for (unsigned let = 0; let < equation.getLets().size(); ++let)
    for (unsigned column : shape.columns)
      if (equation.getLetMap(let).isFunctionOfDim(column))
        return "what it looks up depends on the column";
  if (shape.columns.empty() || shape.rows.empty())
    return "its parameter is a vector";
  for (IntegerSet clause : equation.getClauses())
    for (AffineExpr constraint : clause.getConstraints())
      for (unsigned column : shape.columns)
        if (constraint.isFunctionOfDim(column))
          return "its condition depends on the column";
  shape.weight = weight;
  shape.direct = equation.getWhere().empty() && isInRange(equation, equation.getReads()[1 - weight], other) &&
                 readsInSteps(equation.getParts(), 1 - weight);
  return "";
}

std::optional<ProductShape> ProductShape::of(Operation *op, const llvm::DenseSet<Value> &parameters, std::string *why) {
  auto contract = dyn_cast<ContractOp>(op);
  if (!contract || contract.getReads().size() != 2 || contract.getExtents().empty())
    return std::nullopt;
  std::string reason = "none of its factors is a parameter";
  auto isReal = [](Value v) { return cast<RankedTensorType>(v.getType()).getElementType().isF32(); };
  if (!llvm::all_of(contract.getReads(), isReal)) {
    reason = "a factor is no real number";
  } else {
    for (unsigned weight : {0u, 1u}) {
      if (!parameters.contains(contract.getReads()[weight]))
        continue;
      ProductShape shape;
      reason = shapeWith(cast<Equation>(op), weight, shape);
      if (reason.empty())
        return shape;
    }
  }
  if (why)
    *why = reason;
  return std::nullopt;
}
