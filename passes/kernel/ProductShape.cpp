#include "passes/kernel/ProductShape.h"
#include "passes/algebra/Support.h"
#include "passes/algebra/Views.h"

using namespace mlir;
using namespace rondo;

std::optional<ProductShape> ProductShape::of(Operation *op, const llvm::DenseSet<Value> &parameters) {
  auto contract = dyn_cast<ContractOp>(op);
  if (!contract || contract.getReads().size() != 2 || contract.getExtents().empty() || !contract.getWhere().empty())
    return std::nullopt;
  auto equation = cast<Equation>(op);
  for (Value read : contract.getReads())
    if (!cast<RankedTensorType>(read.getType()).getElementType().isF32())
      return std::nullopt;
  for (unsigned weight : {0u, 1u}) {
    if (!parameters.contains(contract.getReads()[weight]))
      continue;
    ProductShape shape;
    shape.weight = weight;
    AffineMap map = equation.getReadMap(weight), other = equation.getReadMap(1 - weight);
    llvm::SmallDenseSet<unsigned> dims;
    bool pure = true;
    for (AffineExpr expr : map.getResults()) {
      auto dim = pureDim(expr);
      pure &= dim && dims.insert(*dim).second;
    }
    if (!pure)
      continue;
    bool fits = true;
    for (unsigned dim = 0; dim < equation.getNumDims(); ++dim) {
      int64_t size = equation.getDimSize(dim);
      bool isStatic = !ShapedType::isDynamic(size);
      if (dim >= equation.getNumResultDims()) {
        fits &= isStatic && dims.contains(dim);
        shape.depth *= isStatic ? size : 1;
      } else if (dims.contains(dim)) {
        fits &= isStatic && !other.isFunctionOfDim(dim);
        shape.columns.push_back(dim);
        shape.width *= isStatic ? size : 1;
      } else {
        fits &= !isStatic;
        shape.rows.push_back(dim);
      }
    }
    for (AffineMap let :
         llvm::map_range(llvm::seq(equation.getLets().size()), [&](size_t i) { return equation.getLetMap(i); }))
      for (unsigned column : shape.columns)
        fits &= !let.isFunctionOfDim(column);
    fits &= isInRange(equation, contract.getReads()[1 - weight], other);
    if (fits && !shape.columns.empty() && !shape.rows.empty())
      return shape;
  }
  return std::nullopt;
}
