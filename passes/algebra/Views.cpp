#include "passes/algebra/Views.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/algebra/Support.h"

using namespace mlir;
using namespace rondo;

//===--- Views of views ------------------------------------------------------------------------------------------===//

static bool composeView(ContractOp outer) {
  auto inner = outer.getReads()[0].getDefiningOp<ContractOp>();
  if (!isPlainView(inner))
    return false;
  auto view = cast<Equation>(outer.getOperation()), through = cast<Equation>(inner.getOperation());
  AffineMap map = view.getReadMap(0);
  if (!isInRange(view, inner.getResult(), map))
    return false;
  EquationParts parts = view.getParts();
  parts.reads[0] = inner.getReads()[0];
  SmallVector<AffineExpr> exprs;
  for (AffineExpr expr : through.getReadMap(0).getResults())
    exprs.push_back(expr.replaceDims(map.getResults()));
  parts.readMaps[0] = AffineMap::get(map.getNumDims(), map.getNumSymbols(), exprs, map.getContext());
  OpBuilder builder(outer);
  Operation *made = view.rebuild(builder, outer.getLoc(), parts);
  outer.replaceAllUsesWith(made->getResult(0));
  outer.erase();
  return true;
}

void rondo::composeViews(func::FuncOp func) {
  SmallVector<ContractOp> views;
  func.walk([&](ContractOp op) {
    if (isView(op))
      views.push_back(op);
  });
  for (ContractOp view : views) // makers before readers, so one look at each does
    composeView(view);
}

//===--- Bounds of views -----------------------------------------------------------------------------------------===//

/// Whether reading beyond the view at `place` reads beyond what it looks at, too.
static bool keepsBound(Equation view, unsigned place) {
  auto from = cast<RankedTensorType>(view.getReads()[0].getType());
  auto to = cast<RankedTensorType>(view.getOperation()->getResult(0).getType());
  for (auto [at, expr] : llvm::enumerate(view.getReadMap(0).getResults()))
    if (pureDim(expr) == place && from.getDimSize(at) == to.getDimSize(place))
      return true;
  return false;
}

static void addBounds(Equation equation) {
  SmallVector<AffineExpr> bounds;
  for (auto [i, read] : llvm::enumerate(equation.getReads())) {
    Operation *maker = read.getDefiningOp();
    if (!isView(maker))
      continue;
    auto type = cast<RankedTensorType>(read.getType());
    for (auto [place, expr] : llvm::enumerate(equation.getReadMap(i).getResults())) {
      if (type.isDynamicDim(place) || keepsBound(cast<Equation>(maker), place))
        continue;
      auto range = rangeOf(expr, equation);
      if (!range || range->first < 0)
        bounds.push_back(expr);
      if (!range || range->second >= type.getDimSize(place))
        bounds.push_back(type.getDimSize(place) - 1 - expr);
    }
  }
  if (bounds.empty())
    return;
  EquationParts parts = equation.getParts();
  unsigned dims = parts.getNumDims(), symbols = parts.getNumSymbols();
  if (parts.where.empty())
    parts.where.push_back(IntegerSet::get(dims, symbols, bounds, SmallVector<bool>(bounds.size(), false)));
  else
    for (IntegerSet &clause : parts.where) {
      SmallVector<AffineExpr> all(clause.getConstraints());
      SmallVector<bool> equalities(clause.getEqFlags());
      all.append(bounds);
      equalities.append(bounds.size(), false);
      clause = IntegerSet::get(dims, symbols, all, equalities);
    }
  Operation *op = equation.getOperation();
  OpBuilder builder(op);
  Operation *made = equation.rebuild(builder, op->getLoc(), parts);
  op->replaceAllUsesWith(made->getResults());
  op->erase();
}

void rondo::guardReadsOfViews(func::FuncOp func) {
  SmallVector<Operation *> equations;
  func.walk([&](Operation *op) {
    if (isa<Equation>(op))
      equations.push_back(op);
  });
  for (Operation *op : equations)
    addBounds(cast<Equation>(op));
}
