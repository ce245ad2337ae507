// map and the operations of its region: assembly, verifier, meaning.
#include "ir/EquationSyntax.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace rondo;

//===--- map -----------------------------------------------------------------------------------------------------===//

void MapOp::build(OpBuilder &builder, OperationState &state, const EquationParts &parts, MapBody body) {
  buildEquation(builder, state, parts);
  Region *region = state.addRegion();
  SmallVector<Type> types;
  SmallVector<Location> locs;
  for (Value read : parts.reads) {
    types.push_back(cast<RankedTensorType>(read.getType()).getElementType());
    locs.push_back(read.getLoc());
  }
  OpBuilder::InsertionGuard guard(builder);
  Block *block = builder.createBlock(region, region->end(), types, locs);
  if (body)
    YieldOp::create(builder, state.location, body(builder, state.location, block->getArguments()));
}

MapOp MapOp::createEmpty(OpBuilder &builder, Location loc, const EquationParts &parts) {
  return MapOp::create(builder, loc, parts, MapBody());
}

Operation *MapOp::rebuild(OpBuilder &builder, Location loc, const EquationParts &parts) {
  auto op = MapOp::createEmpty(builder, loc, parts);
  op->setDiscardableAttrs(llvm::to_vector((*this)->getDiscardableAttrs()));
  IRMapping mapping;
  mapping.map(getBlock().getArguments(), op.getBlock().getArguments());
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(&op.getBlock());
  for (Operation &inner : getBlock())
    if (auto index = dyn_cast<IndexOp>(builder.clone(inner, mapping))) {
      int64_t dim = index.getDim();
      for (unsigned inserted : parts.insertedDims)
        dim += dim >= inserted;
      index.setDim(dim);
    }
  return op;
}

ParseResult MapOp::parse(OpAsmParser &parser, OperationState &state) {
  EquationParser equation(parser, state);
  if (equation.parseHead() || equation.parseLets() || equation.parseReads(/*byStar=*/false) ||
      equation.parseWhere() || equation.parseTypes(/*parenthesised=*/true))
    return failure();
  Region *region = state.addRegion();
  if (parser.parseRegion(*region, /*arguments=*/{}, /*enableNameShadowing=*/true))
    return failure();
  MapOp::ensureTerminator(*region, parser.getBuilder(), state.location);
  return success();
}

void MapOp::print(OpAsmPrinter &printer) {
  EquationPrinter equation(printer, *this);
  equation.printHead();
  equation.printLets();
  equation.printReads(", ");
  equation.printWhere();
  equation.printAttributes();
  equation.printOperandTypes();
  printer << "(";
  llvm::interleaveComma(getResultTypes(), printer);
  printer << ") ";
  printer.printRegion(getBody());
}

LogicalResult MapOp::verify() {
  if (getNumResults() == 0)
    return emitOpError("has no result");
  if (failed(verifyEquation(*this)))
    return failure();
  if (!getExtents().empty()) // C1
    return emitOpError() << "has " << getExtents().size() << " reduced dims, expected none";
  for (auto [i, attribute] : llvm::enumerate(getReadMaps())) {
    AffineMap map = cast<AffineMapAttr>(attribute).getValue();
    if (!map.isProjectedPermutation()) // C1
      return emitOpError() << "read " << i << " is not at distinct dims; take a view (contract) first";
  }
  auto first = cast<RankedTensorType>(getResultTypes().front());
  for (Type type : getResultTypes())
    if (!sameDomain(first, cast<RankedTensorType>(type))) // C2
      return emitOpError() << "gives " << first << " and " << type << ", expected one domain";
  Block &block = getBlock();
  if (block.getNumArguments() != getReads().size())
    return emitOpError() << "has " << getReads().size() << " reads, but its region has " << block.getNumArguments()
                         << " arguments";
  for (auto [i, read] : llvm::enumerate(getReads()))
    if (Type element = cast<RankedTensorType>(read.getType()).getElementType();
        block.getArgument(i).getType() != element)
      return emitOpError() << "read " << i << " has elements " << element << ", but the region's argument is "
                           << block.getArgument(i).getType();
  Operation *yield = block.getTerminator();
  if (yield->getNumOperands() != getNumResults()) // C2
    return emitOpError() << "yields " << yield->getNumOperands() << " scalars for " << getNumResults() << " results";
  for (auto [i, type] : llvm::enumerate(getResultTypes()))
    if (Type element = cast<RankedTensorType>(type).getElementType(); yield->getOperand(i).getType() != element) // C2
      return emitOpError() << "yields " << yield->getOperand(i).getType() << " for elements " << element;
  return success();
}

//===--- index, length, step -------------------------------------------------------------------------------------===//

LogicalResult IndexOp::verify() {
  auto map = cast<MapOp>((*this)->getParentOp());
  int64_t rank = cast<RankedTensorType>(map.getResultTypes().front()).getRank();
  if (getDim() >= static_cast<uint64_t>(rank)) // C1
    return emitOpError() << "is of dim " << getDim() << ", but the map has " << rank << " dims";
  return success();
}

LogicalResult StepOp::verify() {
  for (auto scan = (*this)->getParentOfType<ScanOp>(); scan; scan = scan->getParentOfType<ScanOp>())
    if (scan.getAxis() == getAxis())
      return success();
  return emitOpError() << "is of axis " << getAxis() << ", but no enclosing scan is over it"; // C1
}
