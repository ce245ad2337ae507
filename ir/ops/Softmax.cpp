// softmax: assembly, verifier, meaning.
#include "ir/EquationSyntax.h"

using namespace mlir;
using namespace rondo;

Operation *SoftmaxOp::rebuild(OpBuilder &builder, Location loc, const EquationParts &parts) {
  auto op = SoftmaxOp::create(builder, loc, parts);
  op->setDiscardableAttrs(llvm::to_vector((*this)->getDiscardableAttrs()));
  return op;
}

ParseResult SoftmaxOp::parse(OpAsmParser &parser, OperationState &state) {
  EquationParser equation(parser, state);
  SmallVector<int64_t> over;
  auto parseDim = [&]() { return parser.parseInteger(over.emplace_back()); };
  if (equation.parseHead() || parser.parseKeyword("over") ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseDim))
    return failure();
  state.addAttribute(getOverAttrName(state.name), parser.getBuilder().getDenseI64ArrayAttr(over));
  return failure(equation.parseLets() || equation.parseReads(/*byStar=*/true) || equation.parseWhere() ||
                 equation.parseTypes());
}

void SoftmaxOp::print(OpAsmPrinter &printer) {
  EquationPrinter equation(printer, *this);
  equation.printHead();
  printer << " over (";
  llvm::interleaveComma(getOver(), printer);
  printer << ")";
  equation.printLets();
  equation.printReads(" * ");
  equation.printWhere();
  equation.printAttributes({"over"});
  equation.printOperandTypes();
  printer << getResult().getType();
}

LogicalResult SoftmaxOp::verify() {
  if (failed(verifyEquation(*this)))
    return failure();
  if (getReads().size() != 1 || !getExtents().empty()) // C1
    return emitOpError() << "has " << getReads().size() << " reads and " << getExtents().size()
                         << " reduced dims, expected one read and none";
  if (!getResult().getType().getElementType().isF32() ||
      !cast<RankedTensorType>(getReads().front().getType()).getElementType().isF32()) // C1
    return emitOpError("is of elements that are not f32");
  int64_t last = -1;
  for (int64_t dim : getOver()) {
    if (dim <= last || dim >= getResult().getType().getRank()) // C2
      return emitOpError() << "is over dim " << dim << ", expected result dims, each once, in order";
    last = dim;
  }
  if (getOver().empty()) // C2
    return emitOpError("is over no dim");
  return success();
}
