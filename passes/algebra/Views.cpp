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
    if (pureDim(expr) == place && from.getDimSize(at) == to.getDimSize(place) && axisOf(from, at) == axisOf(to, place))
      return true;
  return false;
}

/// The reads of an equation that may leave the view they look at, by (read, place).
static SmallVector<std::pair<unsigned, unsigned>> looseReads(Equation equation) {
  SmallVector<std::pair<unsigned, unsigned>> loose;
  for (auto [i, read] : llvm::enumerate(equation.getReads())) {
    Operation *maker = read.getDefiningOp();
    if (!isView(maker))
      continue;
    auto type = cast<RankedTensorType>(read.getType());
    for (auto [place, expr] : llvm::enumerate(equation.getReadMap(i).getResults())) {
      if (keepsBound(cast<Equation>(maker), place))
        continue;
      // Beyond a sequence only where nothing is stored, in a plain view; and everybody has an example.
      std::optional<unsigned> dim = pureDim(expr);
      StringRef axis = axisOf(type, place);
      if (type.isDynamicDim(place) &&
          (!isPlainView(maker) || axis == "b" || (dim && equation.getDimAxis(*dim) == axis)))
        continue;
      loose.push_back({i, place});
    }
  }
  return loose;
}

static void addBounds(Equation equation) {
  SmallVector<std::pair<unsigned, unsigned>> loose = looseReads(equation);
  if (loose.empty())
    return;
  EquationParts parts = equation.getParts();
  MLIRContext *context = equation->getContext();
  auto sizeOf = [&](unsigned read, unsigned place) -> AffineExpr {
    auto type = cast<RankedTensorType>(parts.reads[read].getType());
    return type.isDynamicDim(place) ? parts.scalar(context, ("size " + axisOf(type, place)).str())
                                    : getAffineConstantExpr(type.getDimSize(place), context);
  };
  for (auto [read, place] : loose)
    sizeOf(read, place); // symbols move now or never
  SmallVector<AffineExpr> bounds;
  for (auto [read, place] : loose) {
    auto range = rangeOf(equation.getReadMap(read).getResult(place), equation);
    auto constant = dyn_cast<AffineConstantExpr>(sizeOf(read, place));
    AffineExpr expr = parts.readMaps[read].getResult(place);
    if (!range || range->first < 0)
      bounds.push_back(expr);
    if (!range || !constant || range->second >= constant.getValue())
      bounds.push_back(sizeOf(read, place) - 1 - expr);
  }
  if (bounds.empty())
    return;
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
