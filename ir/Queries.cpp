#include "ir/Queries.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rondo;

//===--- Ranges --------------------------------------------------------------------------------------------------===//

std::optional<unsigned> rondo::pureDim(AffineExpr expr) {
  auto dim = dyn_cast<AffineDimExpr>(expr);
  return dim ? std::optional<unsigned>(dim.getPosition()) : std::nullopt;
}

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
  // E3: factors and divisors are constants, and stand on the right.
  switch (int64_t constant = right->first; expr.getKind()) {
  case AffineExprKind::Add:
    return std::pair(left->first + right->first, left->second + right->second);
  case AffineExprKind::Mul:
    return std::minmax({left->first * constant, left->second * constant});
  case AffineExprKind::FloorDiv:
    return std::pair(llvm::divideFloorSigned(left->first, constant), llvm::divideFloorSigned(left->second, constant));
  case AffineExprKind::Mod:
    return std::pair<int64_t, int64_t>(0, constant - 1);
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

//===--- Views ---------------------------------------------------------------------------------------------------===//

bool rondo::isView(Operation *op) {
  auto contract = dyn_cast_or_null<ContractOp>(op);
  return contract && contract.getReads().size() == 1 && contract.getExtents().empty();
}

bool rondo::normalises(Operation *op, unsigned dim) {
  auto softmax = dyn_cast_or_null<SoftmaxOp>(op);
  return softmax && llvm::is_contained(softmax.getOver(), dim);
}

bool rondo::isPlainView(Operation *op) {
  if (!isView(op))
    return false;
  auto view = cast<Equation>(op);
  return view.getWhere().empty() && view.getNumSymbols() == 0;
}

//===--- Axes ----------------------------------------------------------------------------------------------------===//

void rondo::walkAxes(Type type, llvm::function_ref<void(StringRef)> callback) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  for (int64_t dim = 0; tensor && dim < tensor.getRank(); ++dim)
    if (tensor.isDynamicDim(dim))
      callback(axisOf(tensor, dim));
}

void rondo::walkAxes(Operation *op, llvm::function_ref<void(StringRef)> callback) {
  for (Type type : op->getResultTypes())
    walkAxes(type, callback);
  for (Region &region : op->getRegions())
    for (BlockArgument argument : region.getArguments())
      walkAxes(argument.getType(), callback);
  if (auto length = dyn_cast<LengthOp>(op))
    callback(length.getAxis());
  if (auto made = dyn_cast<AxisOp>(op))
    callback(made.getAxis());
  if (auto scan = dyn_cast<ScanOp>(op))
    callback(scan.getAxis());
  auto equation = dyn_cast<Equation>(op);
  if (!equation)
    return;
  for (Attribute extent : equation.getExtents())
    if (auto axis = dyn_cast<StringAttr>(extent))
      callback(axis);
  for (Attribute scalar : equation.getScalars())
    callback(cast<StringAttr>(scalar).getValue().split(' ').second);
}
