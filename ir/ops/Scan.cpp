// scan: assembly, verifier, meaning.
#include "ir/EquationSyntax.h"
#include "ir/Predicate.h"

using namespace mlir;
using namespace rondo;

//===--- Parts ---------------------------------------------------------------------------------------------------===//

/// The lead of a past as a length: how many boundary rows stand before the axis.
static std::string leadOf(Value rows, int64_t dim) {
  if (!rows)
    return "0";
  auto type = cast<RankedTensorType>(rows.getType());
  return type.isDynamicDim(dim) ? axisOf(type, dim).str() : std::to_string(type.getDimSize(dim));
}

/// The stack with its axis lengthened by the boundary rows.
static RankedTensorType pastType(Type stack, int64_t dim, StringRef axis, Value rows) {
  auto type = cast<RankedTensorType>(stack);
  std::string length = axisSum({axis.str(), leadOf(rows, dim)});
  StringRef parent = parentOf(type, dim);
  return insertDim(dropDim(type, dim), dim, 0, parent.empty() ? length : length + "(" + parent.str() + ")");
}

void ScanOp::build(OpBuilder &builder, OperationState &state, const ScanParts &parts) {
  SmallVector<Value> rows;
  SmallVector<int64_t> stacks;
  SmallVector<bool> hasRows;
  for (const ScanParts::Past &past : parts.pasts) {
    stacks.push_back(past.stack);
    hasRows.push_back(static_cast<bool>(past.rows));
    if (past.rows)
      rows.push_back(past.rows);
  }
  state.addOperands(parts.over);
  state.addOperands(parts.init);
  state.addOperands(rows);
  auto sizes = [&](std::initializer_list<size_t> counts) {
    return builder.getDenseI32ArrayAttr(llvm::map_to_vector(counts, [](size_t n) { return static_cast<int32_t>(n); }));
  };
  SmallVector<Type> last(ValueRange(parts.init).getTypes());
  state.addTypes(last);
  state.addTypes(parts.stacks);
  state.addTypes(parts.sums);
  state.addAttribute("operandSegmentSizes", sizes({parts.over.size(), parts.init.size(), rows.size()}));
  state.addAttribute("resultSegmentSizes", sizes({last.size(), parts.stacks.size(), parts.sums.size()}));
  state.addAttribute("axis", builder.getStringAttr(parts.axis));
  if (parts.reverse)
    state.addAttribute("reverse", builder.getUnitAttr());
  state.addAttribute("slice_dims", builder.getDenseI64ArrayAttr(parts.sliceDims));
  state.addAttribute("stack_dims", builder.getDenseI64ArrayAttr(parts.stackDims));
  state.addAttribute("pasts", builder.getDenseI64ArrayAttr(stacks));
  state.addAttribute("past_has_rows", builder.getDenseBoolArrayAttr(hasRows));

  SmallVector<Type> types;
  for (auto [slice, dim] : llvm::zip(parts.over, parts.sliceDims))
    types.push_back(dropDim(cast<RankedTensorType>(slice.getType()), dim));
  llvm::append_range(types, last);
  for (const ScanParts::Past &past : parts.pasts)
    types.push_back(pastType(parts.stacks[past.stack], parts.stackDims[past.stack], parts.axis, past.rows));
  Region *region = state.addRegion();
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(region, region->end(), types, SmallVector<Location>(types.size(), state.location));
}

ScanParts ScanOp::getParts() {
  ScanParts parts;
  parts.axis = getAxis().str();
  parts.reverse = getReverse();
  parts.over = llvm::to_vector(getOver());
  parts.sliceDims = llvm::to_vector(getSliceDims());
  parts.init = llvm::to_vector(getInit());
  for (auto [past, stack] : llvm::enumerate(getPasts()))
    parts.pasts.push_back({static_cast<unsigned>(stack), getPastRows(past)});
  parts.stacks = llvm::to_vector(getStacked().getTypes());
  parts.stackDims = llvm::to_vector(getStackDims());
  parts.sums = llvm::to_vector(getSummed().getTypes());
  return parts;
}

Block::BlockArgListType ScanOp::getSliceArgs() { return getBlock().getArguments().take_front(getOver().size()); }
Block::BlockArgListType ScanOp::getCarryArgs() {
  return getBlock().getArguments().slice(getOver().size(), getInit().size());
}
Block::BlockArgListType ScanOp::getPastArgs() {
  return getBlock().getArguments().drop_front(getOver().size() + getInit().size());
}
OperandRange ScanOp::getYielded() { return getBlock().getTerminator()->getOperands(); }
OperandRange ScanOp::getYieldedCarries() { return getYielded().take_front(getLast().size()); }
OperandRange ScanOp::getYieldedStacks() { return getYielded().slice(getLast().size(), getStacked().size()); }
OperandRange ScanOp::getYieldedSums() { return getYielded().drop_front(getLast().size() + getStacked().size()); }

Value ScanOp::getPastRows(unsigned past) {
  if (!getPastHasRows()[past])
    return {};
  return getRows()[llvm::count(getPastHasRows().take_front(past), true)];
}

std::string ScanOp::getPastLead(unsigned past) { return leadOf(getPastRows(past), getStackDims()[getPasts()[past]]); }

//===--- Assembly ------------------------------------------------------------------------------------------------===//

// scan t over (%x at 0) from (%h0) past (0 with %rows, 1) reverse : (operand types)
//   -> last (..) stack (.. at 0) sum (..) { .. }

/// `at N` after a slice or a stack type; without it, the first dim over the axis.
static ParseResult parseAt(OpAsmParser &parser, int64_t &dim) {
  dim = -1;
  return succeeded(parser.parseOptionalKeyword("at")) ? parser.parseInteger(dim) : ParseResult(success());
}

static ParseResult resolveAt(OpAsmParser &parser, SMLoc loc, Type type, StringRef axis, int64_t &dim) {
  if (dim >= 0)
    return success();
  auto tensor = dyn_cast<RankedTensorType>(type);
  std::optional<unsigned> found = tensor ? dimOfAxis(tensor, axis) : std::nullopt;
  if (!found)
    return parser.emitError(loc) << type << " has no axis " << axis;
  dim = *found;
  return success();
}

ParseResult ScanOp::parse(OpAsmParser &parser, OperationState &state) {
  using Delimiter = AsmParser::Delimiter;
  std::string axis;
  SmallVector<OpAsmParser::UnresolvedOperand> over, init, rows;
  SmallVector<int64_t> sliceDims, stackDims, pasts;
  SmallVector<bool> hasRows;
  auto parseSlice = [&]() {
    return failure(parser.parseOperand(over.emplace_back()) || parseAt(parser, sliceDims.emplace_back()));
  };
  auto parsePast = [&]() -> ParseResult {
    if (parser.parseInteger(pasts.emplace_back()))
      return failure();
    hasRows.push_back(succeeded(parser.parseOptionalKeyword("with")));
    return hasRows.back() ? parser.parseOperand(rows.emplace_back()) : ParseResult(success());
  };
  SMLoc loc = parser.getCurrentLocation();
  if (parseAxis(parser, axis) || parser.parseKeyword("over") ||
      parser.parseCommaSeparatedList(Delimiter::Paren, parseSlice) || parser.parseKeyword("from") ||
      parser.parseOperandList(init, Delimiter::Paren))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("past")) && parser.parseCommaSeparatedList(Delimiter::Paren, parsePast))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("reverse")))
    state.addAttribute("reverse", parser.getBuilder().getUnitAttr());

  SmallVector<Type> operandTypes, last, stacks, sums;
  auto parseTypes = [&](SmallVectorImpl<Type> &types) {
    return parser.parseCommaSeparatedList(Delimiter::Paren, [&]() { return parser.parseType(types.emplace_back()); });
  };
  auto parseStack = [&]() {
    return failure(parser.parseType(stacks.emplace_back()) || parseAt(parser, stackDims.emplace_back()));
  };
  if (parser.parseOptionalAttrDict(state.attributes) || parser.parseColon() || parseTypes(operandTypes) ||
      parser.parseArrow())
    return failure();
  if (succeeded(parser.parseOptionalKeyword("last")) && parseTypes(last))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("stack")) && parser.parseCommaSeparatedList(Delimiter::Paren, parseStack))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("sum")) && parseTypes(sums))
    return failure();

  auto operands = llvm::to_vector(llvm::concat<OpAsmParser::UnresolvedOperand>(over, init, rows));
  if (operands.size() != operandTypes.size())
    return parser.emitError(loc) << operands.size() << " operands, but " << operandTypes.size() << " operand types";
  for (auto [dim, type] : llvm::zip(sliceDims, operandTypes))
    if (resolveAt(parser, loc, type, axis, dim))
      return failure();
  for (auto [dim, type] : llvm::zip(stackDims, stacks))
    if (resolveAt(parser, loc, type, axis, dim))
      return failure();

  Builder &builder = parser.getBuilder();
  auto sizes = [&](std::initializer_list<size_t> counts) {
    return builder.getDenseI32ArrayAttr(llvm::map_to_vector(counts, [](size_t n) { return static_cast<int32_t>(n); }));
  };
  state.addAttribute("axis", builder.getStringAttr(axis));
  state.addAttribute("operandSegmentSizes", sizes({over.size(), init.size(), rows.size()}));
  state.addAttribute("resultSegmentSizes", sizes({last.size(), stacks.size(), sums.size()}));
  state.addAttribute("slice_dims", builder.getDenseI64ArrayAttr(sliceDims));
  state.addAttribute("stack_dims", builder.getDenseI64ArrayAttr(stackDims));
  state.addAttribute("pasts", builder.getDenseI64ArrayAttr(pasts));
  state.addAttribute("past_has_rows", builder.getDenseBoolArrayAttr(hasRows));
  state.addTypes(last);
  state.addTypes(stacks);
  state.addTypes(sums);
  Region *region = state.addRegion();
  if (parser.resolveOperands(operands, operandTypes, loc, state.operands) || parser.parseRegion(*region))
    return failure();
  ScanOp::ensureTerminator(*region, builder, state.location);
  return success();
}

void ScanOp::print(OpAsmPrinter &printer) {
  printer << " ";
  printAxis(printer, getAxis());
  printer << " over (";
  llvm::interleaveComma(llvm::zip(getOver(), getSliceDims()), printer,
                        [&](auto slice) { printer << std::get<0>(slice) << " at " << std::get<1>(slice); });
  printer << ") from (" << getInit() << ")";
  if (!getPasts().empty()) {
    printer << " past (";
    llvm::interleaveComma(llvm::enumerate(getPasts()), printer, [&](auto past) {
      printer << past.value();
      if (Value rows = getPastRows(past.index()))
        printer << " with " << rows;
    });
    printer << ")";
  }
  if (getReverse())
    printer << " reverse";
  printer.printOptionalAttrDict((*this)->getAttrs(), {"axis", "reverse", "operandSegmentSizes", "resultSegmentSizes",
                                                      "slice_dims", "stack_dims", "pasts", "past_has_rows"});
  printer << " : (";
  llvm::interleaveComma((*this)->getOperandTypes(), printer);
  printer << ") -> ";
  if (!getLast().empty())
    printer << "last (" << getLast().getTypes() << ") ";
  if (!getStacked().empty()) {
    printer << "stack (";
    llvm::interleaveComma(llvm::zip(getStacked().getTypes(), getStackDims()), printer,
                          [&](auto stack) { printer << std::get<0>(stack) << " at " << std::get<1>(stack); });
    printer << ") ";
  }
  if (!getSummed().empty())
    printer << "sum (" << getSummed().getTypes() << ") ";
  printer.printRegion(getBody());
}

//===--- Verifier ------------------------------------------------------------------------------------------------===//

/// The tensor without its dim, which must be the axis; null otherwise.
static RankedTensorType withoutAxis(Type type, int64_t dim, StringRef axis) {
  auto tensor = cast<RankedTensorType>(type);
  if (dim < 0 || dim >= tensor.getRank() || axisOf(tensor, dim) != axis)
    return {};
  return dropDim(tensor, dim);
}

LogicalResult ScanOp::verify() {
  if (getAxis().empty() || normalAxis(getAxis()) != getAxis())
    return emitOpError() << "runs along '" << getAxis() << "', which is no axis"; // C1
  if (getSliceDims().size() != getOver().size())
    return emitOpError("needs a dim for each slice operand"); // C1
  if (getStackDims().size() != getStacked().size())
    return emitOpError("needs a dim for each stack"); // C3
  for (auto [i, slice] : llvm::enumerate(getOver()))
    if (!withoutAxis(slice.getType(), getSliceDims()[i], getAxis())) // C1
      return emitOpError() << "slice operand " << i << " is " << slice.getType() << ", which has no axis " << getAxis()
                           << " at " << getSliceDims()[i];
  for (auto [i, type] : llvm::enumerate(getStacked().getTypes()))
    if (!withoutAxis(type, getStackDims()[i], getAxis())) // C3
      return emitOpError() << "stack " << i << " is " << type << ", which has no axis " << getAxis() << " at "
                           << getStackDims()[i];
  for (auto [i, type] : llvm::enumerate(getSummed().getTypes()))
    if (cast<RankedTensorType>(type).getElementType().isInteger(1)) // C3
      return emitOpError() << "sum " << i << " is of truths, expected numbers";
  if (getInit().getTypes() != getLast().getTypes()) // C2
    return emitOpError("gives last carries of other types than its init operands");
  if (getPasts().size() != getPastHasRows().size() ||
      static_cast<size_t>(llvm::count(getPastHasRows(), true)) != getRows().size()) // C4
    return emitOpError("has another number of boundary rows than pasts that have them");
  for (auto [i, stack] : llvm::enumerate(getPasts())) {
    if (stack < 0 || stack >= static_cast<int64_t>(getStacked().size()) ||
        llvm::is_contained(getPasts().take_front(i), stack)) // C4
      return emitOpError() << "past " << i << " is of stack " << stack << ", expected a stack that has no other past";
    Value rows = getPastRows(i);
    if (!rows)
      continue;
    auto stackType = cast<RankedTensorType>(getStacked()[stack].getType());
    auto rowsType = cast<RankedTensorType>(rows.getType());
    int64_t dim = getStackDims()[stack];
    if (rowsType.getRank() != stackType.getRank() || dropDim(rowsType, dim) != dropDim(stackType, dim)) // C4
      return emitOpError() << "boundary rows are " << rowsType << ", which differs from stack " << stack << ", "
                           << stackType << ", in more than dim " << dim;
    if (getReverse()) // C4
      return emitOpError("runs in reverse and has boundary rows before its first position");
  }
  return success();
}

/// C5: every read of a past is by an operation with a predicate, at rows proved to be written already.
static LogicalResult verifyPastReads(ScanOp scan, unsigned past) {
  unsigned dim = scan.getStackDims()[scan.getPasts()[past]];
  std::string lead = scan.getPastLead(past);
  for (OpOperand &use : scan.getPastArgs()[past].getUses()) {
    Operation *user = use.getOwner();
    auto within = user->getParentOfType<ScanOp>();
    while (within != scan && within.getAxis() != scan.getAxis())
      within = within->getParentOfType<ScanOp>();
    if (within != scan)
      return user->emitOpError() << "reads a past of another scan over " << scan.getAxis() << " than its step is of";
    auto equation = dyn_cast<Equation>(user);
    if (!equation || isa<MapOp>(user))
      return user->emitOpError() << "reads a past of the scan; select rows by contract, reduce or softmax first";
    unsigned operand = use.getOperandNumber(), reads = equation.getReads().size();
    AffineMap map = operand < reads ? equation.getReadMap(operand) : equation.getLetMap(operand - reads);
    AffineExpr step, before = getAffineConstantExpr(0, scan.getContext());
    for (auto [i, scalar] : llvm::enumerate(equation.getScalars())) {
      StringRef text = cast<StringAttr>(scalar).getValue();
      if (text == ("step " + scan.getAxis()).str())
        step = getAffineSymbolExpr(i, scan.getContext());
      if (text == "size " + lead)
        before = getAffineSymbolExpr(i, scan.getContext());
    }
    if (int64_t rows; !StringRef(lead).getAsInteger(10, rows))
      before = getAffineConstantExpr(rows, scan.getContext());
    AffineExpr row = map.getResult(dim);
    if (!step || !holdsWherePresent(equation, scan.getReverse() ? row - step - 1 : step + before - 1 - row))
      return user->emitOpError() << "reads a past at a row that is not proved to be "
                                 << (scan.getReverse() ? "after" : "before") << " the step of " << scan.getAxis();
  }
  return success();
}

LogicalResult ScanOp::verifyRegions() {
  Block &block = getBlock();
  if (block.getNumArguments() != getOver().size() + getInit().size() + getPasts().size())
    return emitOpError() << "has " << block.getNumArguments() << " region arguments, expected " << getOver().size()
                         << " slices, " << getInit().size() << " carries and " << getPasts().size() << " pasts";
  for (auto [i, slice] : llvm::enumerate(getOver()))
    if (Type expected = dropDim(cast<RankedTensorType>(slice.getType()), getSliceDims()[i]);
        getSliceArgs()[i].getType() != expected) // C1
      return emitOpError() << "slice " << i << " is " << getSliceArgs()[i].getType() << " in the region, expected "
                           << expected;
  for (auto [i, type] : llvm::enumerate(getInit().getTypes()))
    if (getCarryArgs()[i].getType() != type) // C2
      return emitOpError() << "carry " << i << " is " << getCarryArgs()[i].getType() << " in the region, but starts as "
                           << type;
  for (auto [i, stack] : llvm::enumerate(getPasts())) {
    Type expected = pastType(getStacked()[stack].getType(), getStackDims()[stack], getAxis(), getPastRows(i));
    if (getPastArgs()[i].getType() != expected) // C4
      return emitOpError() << "past " << i << " is " << getPastArgs()[i].getType() << " in the region, expected "
                           << expected;
  }
  if (getYielded().size() != getNumResults())
    return emitOpError() << "yields " << getYielded().size() << " values, expected " << getLast().size() << " carries, "
                         << getStacked().size() << " stacks and " << getSummed().size() << " sums";
  for (auto [i, value] : llvm::enumerate(getYieldedCarries()))
    if (Type expected = getLast()[i].getType(); value.getType() != expected) // C2
      return emitOpError() << "yields " << value.getType() << " for carry " << i << ", expected " << expected;
  for (auto [i, value] : llvm::enumerate(getYieldedStacks()))
    if (Type expected = dropDim(cast<RankedTensorType>(getStacked()[i].getType()), getStackDims()[i]);
        value.getType() != expected) // C3
      return emitOpError() << "yields " << value.getType() << " for stack " << i << ", expected " << expected;
  for (auto [i, value] : llvm::enumerate(getYieldedSums()))
    if (Type expected = getSummed()[i].getType(); value.getType() != expected) // C3
      return emitOpError() << "yields " << value.getType() << " for sum " << i << ", expected " << expected;
  for (unsigned past = 0; past < getPasts().size(); ++past)
    if (failed(verifyPastReads(*this, past)))
      return failure();
  return success();
}
