// contract: assembly, verifier, meaning.
#include "ir/EquationSyntax.h"

using namespace mlir;
using namespace rondo;

void ContractOp::build(OpBuilder &builder, OperationState &state, Type result, ValueRange reads,
                       ArrayRef<AffineMap> readMaps, ValueRange lets, ArrayRef<AffineMap> letMaps,
                       ArrayRef<std::string> scalars, ArrayRef<Attribute> extents, ArrayRef<IntegerSet> where) {
  EquationParts parts;
  parts.results = {result};
  parts.reads = llvm::to_vector(reads);
  parts.readMaps = llvm::to_vector(readMaps);
  parts.lets = llvm::to_vector(lets);
  parts.letMaps = llvm::to_vector(letMaps);
  parts.scalars = llvm::to_vector(scalars);
  parts.extents = llvm::to_vector(extents);
  parts.where = llvm::to_vector(where);
  buildEquation(builder, state, parts);
}

Operation *ContractOp::rebuild(OpBuilder &builder, Location loc, const EquationParts &parts) {
  auto op = ContractOp::create(builder, loc, parts);
  op->setDiscardableAttrs(llvm::to_vector((*this)->getDiscardableAttrs()));
  return op;
}

ParseResult ContractOp::parse(OpAsmParser &parser, OperationState &state) {
  EquationParser equation(parser, state);
  return failure(equation.parseHead() || equation.parseLets() || equation.parseReads(/*byStar=*/true) ||
                 equation.parseWhere() || equation.parseTypes());
}

void ContractOp::print(OpAsmPrinter &printer) {
  EquationPrinter equation(printer, *this);
  equation.printHead();
  equation.printLets();
  equation.printReads(" * ");
  equation.printWhere();
  equation.printAttributes();
  equation.printOperandTypes();
  printer << getResult().getType();
}

LogicalResult ContractOp::verify() {
  if (failed(verifyEquation(*this)))
    return failure();
  Type element = getResult().getType().getElementType();
  if (!element.isF32() && !element.isInteger(32)) // C1
    return emitOpError() << "gives elements " << element << ", expected f32 or i32";
  for (auto [i, value] : llvm::enumerate(getReads())) {
    Type factor = cast<RankedTensorType>(value.getType()).getElementType();
    if (!factor.isF32() && !factor.isInteger(32) && !factor.isInteger(1)) // C2
      return emitOpError() << "factor " << i << " has elements " << factor << ", expected f32, i32 or i1";
    if (factor.isF32() && !element.isF32()) // C1
      return emitOpError() << "gives " << element << ", but factor " << i << " is real";
  }
  return success();
}
