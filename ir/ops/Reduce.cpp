// reduce: assembly, verifier, meaning.
#include "ir/EquationSyntax.h"

using namespace mlir;
using namespace rondo;

Operation *ReduceOp::rebuild(OpBuilder &builder, Location loc, const EquationParts &parts) {
  auto op = ReduceOp::create(builder, loc, getHow(), parts);
  op->setDiscardableAttrs(llvm::to_vector((*this)->getDiscardableAttrs()));
  return op;
}

ParseResult ReduceOp::parse(OpAsmParser &parser, OperationState &state) {
  StringRef how;
  if (parser.parseKeyword(&how))
    return failure();
  state.addAttribute(getHowAttrName(state.name), parser.getBuilder().getStringAttr(how));
  EquationParser equation(parser, state);
  return failure(equation.parseHead() || equation.parseLets() || equation.parseReads(/*byStar=*/true) ||
                 equation.parseWhere() || equation.parseTypes());
}

void ReduceOp::print(OpAsmPrinter &printer) {
  printer << " " << getHow();
  EquationPrinter equation(printer, *this);
  equation.printHead();
  equation.printLets();
  equation.printReads(" * ");
  equation.printWhere();
  equation.printAttributes({"how"});
  equation.printOperandTypes();
  printer << getResult().getType();
}

LogicalResult ReduceOp::verify() {
  if (failed(verifyEquation(*this)))
    return failure();
  if (getReads().size() != 1 || getExtents().empty()) // C1
    return emitOpError() << "has " << getReads().size() << " reads and " << getExtents().size()
                         << " reduced dims, expected one read and at least one reduced dim";
  if (!llvm::is_contained({"max", "min", "prod", "lse", "argmax"}, getHow())) // C2
    return emitOpError() << "reduces by '" << getHow() << "', expected max, min, prod, lse or argmax";
  bool isArgmax = getHow() == "argmax";
  Type element = getResult().getType().getElementType();
  if (isArgmax ? !element.isInteger(32) : !element.isF32()) // C3
    return emitOpError() << "gives elements " << element << ", expected " << (isArgmax ? "i32" : "f32");
  if (isArgmax && getExtents().size() != 1) // C3
    return emitOpError() << "argmax is over " << getExtents().size() << " dims, expected one";
  if (!cast<RankedTensorType>(getReads().front().getType()).getElementType().isF32()) // C3
    return emitOpError("reduces elements that are not f32");
  return success();
}
