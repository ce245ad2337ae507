// Rules E1-E5, which every equation obeys.
#include "ir/EquationSyntax.h"
#include "ir/Queries.h"

using namespace mlir;
using namespace rondo;

/// How a dim or a dimension reads in messages: "64" or "axis t".
static std::string extentText(int64_t size, StringRef axis) {
  return axis.empty() ? std::to_string(size) : "axis " + axis.str();
}

/// E3: affine, and divided by positive constants only.
static bool isLegalExpr(AffineExpr expr) {
  bool legal = expr.isPureAffine();
  expr.walk([&](AffineExpr part) {
    auto binary = dyn_cast<AffineBinaryOpExpr>(part);
    if (!binary || binary.getKind() == AffineExprKind::Add || binary.getKind() == AffineExprKind::Mul)
      return;
    auto divisor = dyn_cast<AffineConstantExpr>(binary.getRHS());
    legal &= divisor && divisor.getValue() > 0 && binary.getKind() != AffineExprKind::CeilDiv;
  });
  return legal;
}

/// E1-E3 for one access. A view may read less than there is, so its sizes are not compared.
static LogicalResult verifyAccess(Equation equation, Value value, AffineMap map, bool ofView, const Twine &what) {
  auto type = cast<RankedTensorType>(value.getType());
  Operation *op = equation.getOperation();
  if (map.getNumResults() != type.getRank()) // E1
    return op->emitOpError() << what << " has rank " << type.getRank() << ", but is read at " << map.getNumResults()
                             << " expressions";
  if (map.getNumDims() != equation.getNumDims() || map.getNumSymbols() != equation.getNumSymbols())
    return op->emitOpError() << what << " is read through a map over " << map.getNumDims() << " dims and "
                             << map.getNumSymbols() << " symbols, expected " << equation.getNumDims() << " and "
                             << equation.getNumSymbols();
  for (auto [place, expr] : llvm::enumerate(map.getResults())) {
    if (!isLegalExpr(expr)) // E3
      return op->emitOpError() << what << " is read at an expression that is not affine, with quotients by positive "
                               << "constants";
    auto dim = pureDim(expr);
    if (!dim || ofView)
      continue;
    int64_t size = equation.getDimSize(*dim), found = type.getDimSize(place);
    StringRef axis = equation.getDimAxis(*dim), foundAxis = axisOf(type, place);
    if (size != found || axis != foundAxis) // E2
      return op->emitOpError() << "dim " << *dim << " ranges over " << extentText(size, axis) << ", but " << what
                               << " has " << extentText(found, foundAxis) << " there (its dimension " << place << ")";
  }
  return success();
}

LogicalResult rondo::verifyEquation(Equation equation) {
  Operation *op = equation.getOperation();
  if (equation.getReads().size() != equation.getReadMaps().size() ||
      equation.getLets().size() != equation.getLetMaps().size()) // E1
    return op->emitOpError("has another number of maps than of tensors read");
  auto hasAxes = [](Type type) {
    auto tensor = cast<RankedTensorType>(type);
    return tensor.hasStaticShape() || isa_and_nonnull<AxesAttr>(tensor.getEncoding());
  };
  if (!llvm::all_of(op->getOperandTypes(), hasAxes))
    return op->emitOpError("reads a tensor whose dynamic dimensions have no axes"); // E2
  if (!hasAxes(equation.getDomainType()))
    return op->emitOpError("gives a tensor whose dynamic dimensions have no axes"); // E2

  for (Attribute extent : equation.getExtents()) { // E4
    auto size = dyn_cast<IntegerAttr>(extent);
    auto axis = dyn_cast<StringAttr>(extent);
    if (!(size && size.getInt() >= 0) && !(axis && normalAxis(axis.getValue()) == axis.getValue()))
      return op->emitOpError() << "reduces over " << extent << ", which is neither a size nor an axis";
  }
  for (Attribute scalar : equation.getScalars()) {
    auto [kind, axis] = cast<StringAttr>(scalar).getValue().split(' ');
    if ((kind != "size" && kind != "step") || axis.empty() || normalAxis(axis) != axis) // E4
      return op->emitOpError() << "has the symbol " << scalar << ", expected \"size AXIS\" or \"step AXIS\"";
    auto scan = op->getParentOfType<ScanOp>();
    while (kind == "step" && scan && scan.getAxis() != axis)
      scan = scan->getParentOfType<ScanOp>();
    if (kind == "step" && !scan)
      return op->emitOpError() << "uses the step of axis " << axis << ", but stands in no scan over it";
  }

  for (auto [i, value] : llvm::enumerate(equation.getReads()))
    if (failed(verifyAccess(equation, value, equation.getReadMap(i), isView(op), "read " + Twine(i))))
      return failure();
  for (auto [i, value] : llvm::enumerate(equation.getLets())) {
    AffineMap map = equation.getLetMap(i);
    if (failed(verifyAccess(equation, value, map, /*ofView=*/false, "let " + Twine(i))))
      return failure();
    if (!cast<RankedTensorType>(value.getType()).getElementType().isInteger(32)) // E5
      return op->emitOpError() << "let " << i << " is no i32 tensor";
    for (unsigned later = equation.getNumScalars() + i; later < equation.getNumSymbols(); ++later)
      if (map.isFunctionOfSymbol(later)) // E5
        return op->emitOpError() << "let " << i << " is read at a symbol that is defined later";
  }
  for (Attribute clause : equation.getWhere()) {
    auto set = dyn_cast<IntegerSetAttr>(clause);
    if (!set || set.getValue().getNumDims() != equation.getNumDims() ||
        set.getValue().getNumSymbols() != equation.getNumSymbols())
      return op->emitOpError() << "has the clause " << clause << ", expected a set over its dims and symbols"; // E4
    if (!llvm::all_of(set.getValue().getConstraints(), isLegalExpr))                                           // E3
      return op->emitOpError("has a condition that is not affine, with quotients by positive constants");
  }
  return success();
}
