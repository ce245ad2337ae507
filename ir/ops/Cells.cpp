// cell and read: verifier, meaning.
#include "ir/Dialect.h"
#include "ir/interp/Frame.h"

using namespace mlir;
using namespace rondo;

/// C3: glorot, orthogonal, normal(s), uniform(a, b) or a number.
static bool isInit(StringRef init) {
  double number;
  auto isNumber = [&](StringRef text) { return !text.trim().getAsDouble(number); };
  if (init == "glorot" || init == "orthogonal" || isNumber(init))
    return true;
  StringRef arguments = init;
  if (arguments.consume_front("normal(") && arguments.consume_back(")"))
    return isNumber(arguments);
  arguments = init;
  if (!arguments.consume_front("uniform(") || !arguments.consume_back(")"))
    return false;
  auto [low, high] = arguments.split(',');
  return isNumber(low) && isNumber(high);
}

LogicalResult CellOp::verify() {
  if (getKind() != "param" && getKind() != "const") // C1
    return emitOpError() << "is of kind '" << getKind() << "', expected param or const";
  auto type = cast<RankedTensorType>(getType());
  Type element = type.getElementType();
  bool whole = getKind() == "const" && (element.isInteger(32) || element.isInteger(1));
  if (!type.hasStaticShape() || !(element.isF32() || whole)) // C2
    return emitOpError() << "is " << type << ", expected a static tensor of f32";
  int64_t integer;
  if (whole && getInit() && getInit()->getAsInteger(10, integer)) // C3
    return emitOpError() << "starts as '" << *getInit() << "', expected an integer";
  if (getInit() && !isInit(*getInit())) // C3
    return emitOpError() << "starts as '" << *getInit()
                         << "', expected glorot, orthogonal, normal(s), uniform(a, b) or a number";
  return success();
}

LogicalResult ReadOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto cell = symbols.lookupNearestSymbolFrom<CellOp>(*this, getCellAttr());
  if (!cell) // C1
    return emitOpError() << "reads " << getCellAttr() << ", which is no cell";
  if (cell.getType() != getResult().getType()) // C1
    return emitOpError() << "gives " << getResult().getType() << ", but the cell is " << cell.getType();
  return success();
}

//===--- Meaning -------------------------------------------------------------------------------------------------===//

LogicalResult ReadOp::evaluate(Frame &frame) {
  auto cell = frame.cells.find(getCell());
  if (cell == frame.cells.end())
    return emitOpError() << "reads " << getCellAttr() << ", but no values were given for it";
  const Tensor &tensor = cell->second;
  if (ArrayRef(tensor.shape) != cast<RankedTensorType>(getResult().getType()).getShape())
    return emitOpError() << "reads " << getCellAttr() << ", whose values have another shape";
  frame.set(getResult(), std::shared_ptr<const Tensor>(&tensor, [](const Tensor *) {})); // not owned
  return success();
}
