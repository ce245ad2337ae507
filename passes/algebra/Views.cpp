#include "passes/algebra/Views.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/algebra/Support.h"

using namespace mlir;
using namespace rondo;

bool rondo::isViewContract(Operation *op) {
  auto contract = dyn_cast<ContractOp>(op);
  return contract && contract.getReads().size() == 1 && contract.getExtents().empty();
}

//===--- Ranges --------------------------------------------------------------------------------------------------===//

std::optional<std::pair<int64_t, int64_t>> rondo::rangeOf(AffineExpr expr, Equation equation) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return std::pair(constant.getValue(), constant.getValue());
  if (auto dim = pureDim(expr)) {
    int64_t size = equation.getDimSize(*dim);
    return ShapedType::isDynamic(size) ? std::nullopt : std::optional(std::pair<int64_t, int64_t>(0, size - 1));
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return std::nullopt;
  auto left = rangeOf(binary.getLHS(), equation), right = rangeOf(binary.getRHS(), equation);
  if (!left || !right)
    return std::nullopt;
  bool constant = right->first == right->second;
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return std::pair(left->first + right->first, left->second + right->second);
  case AffineExprKind::Mul:
    if (!constant)
      return std::nullopt;
    return std::pair(std::min(left->first * right->first, left->second * right->first),
                     std::max(left->first * right->first, left->second * right->first));
  case AffineExprKind::FloorDiv:
    if (!constant || left->first < 0)
      return std::nullopt;
    return std::pair(left->first / right->first, left->second / right->first);
  case AffineExprKind::Mod:
    if (!constant)
      return std::nullopt;
    return std::pair<int64_t, int64_t>(0, right->first - 1);
  default:
    return std::nullopt;
  }
}

/// Elements of a token input, or of a slice of one, are below its bound.
static std::optional<int64_t> boundOf(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument)
    return std::nullopt;
  Operation *owner = argument.getOwner()->getParentOp();
  if (auto func = dyn_cast_or_null<func::FuncOp>(owner)) {
    auto bound = func.getArgAttrOfType<IntegerAttr>(argument.getArgNumber(), "rondo.bound");
    return bound ? std::optional<int64_t>(bound.getInt()) : std::nullopt;
  }
  auto scan = dyn_cast_or_null<ScanOp>(owner);
  if (scan && argument.getArgNumber() < scan.getOver().size())
    return boundOf(scan.getOver()[argument.getArgNumber()]);
  return std::nullopt;
}

bool rondo::isInRange(Equation equation, Value value, AffineMap map) {
  auto type = cast<RankedTensorType>(value.getType());
  for (auto [place, expr] : llvm::enumerate(map.getResults())) {
    if (type.isDynamicDim(place)) {
      auto dim = pureDim(expr);
      if (!dim || equation.getDimAxis(*dim) != axisOf(type, place))
        return false;
      continue;
    }
    if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
      if (symbol.getPosition() < equation.getNumScalars())
        return false;
      unsigned let = symbol.getPosition() - equation.getNumScalars();
      auto bound = boundOf(equation.getLets()[let]);
      if (!bound || *bound > type.getDimSize(place) ||
          !isInRange(equation, equation.getLets()[let], equation.getLetMap(let)))
        return false;
      continue;
    }
    auto range = rangeOf(expr, equation);
    if (!range || range->first < 0 || range->second >= type.getDimSize(place))
      return false;
  }
  return true;
}

//===--- Views of views ------------------------------------------------------------------------------------------===//

static bool composeView(ContractOp outer) {
  auto inner = outer.getReads()[0].getDefiningOp<ContractOp>();
  if (!inner || !isViewContract(inner) || !inner.getWhere().empty() || !inner.getLets().empty() ||
      !inner.getScalars().empty())
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
    if (isViewContract(op))
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
    if (!maker || !isViewContract(maker))
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
