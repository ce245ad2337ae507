// The assembly of equations: parser and printer.
#include "ir/EquationSyntax.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace rondo;

void rondo::printAxis(AsmPrinter &printer, StringRef axis) {
  // `true` and `false` would be read as sizes where either may stand.
  bool plain = !axis.empty() && (llvm::isAlpha(axis[0]) || axis[0] == '_') && axis != "true" && axis != "false" &&
               llvm::all_of(axis, [](char c) { return llvm::isAlnum(c) || c == '_' || c == '.' || c == '$'; });
  if (plain)
    printer << axis;
  else
    printer << '"' << axis << '"';
}

ParseResult rondo::parseAxis(AsmParser &parser, std::string &axis) {
  if (succeeded(parser.parseOptionalString(&axis)))
    return success();
  StringRef keyword;
  if (parser.parseKeyword(&keyword))
    return failure();
  axis = keyword.str();
  return success();
}

//===--- Parser --------------------------------------------------------------------------------------------------===//

/// A keyword that names the expression from here on.
ParseResult EquationParser::parseName(AffineExpr expr) {
  StringRef name;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseKeyword(&name))
    return failure();
  if (llvm::any_of(names, [&](auto &entry) { return entry.first == name; }))
    return parser.emitError(loc) << "name '" << name << "' stands for something else already";
  spellings.push_back(name.str());
  names.emplace_back(spellings.back(), expr);
  return success();
}

ParseResult EquationParser::parseDims(bool reduced) {
  do {
    if (parseName(getAffineDimExpr(names.size(), parser.getContext())))
      return failure();
    if (!reduced)
      continue;
    if (parser.parseKeyword("in"))
      return failure();
    int64_t size;
    std::string axis;
    if (OptionalParseResult result = parser.parseOptionalInteger(size); result.has_value()) {
      if (failed(*result))
        return failure();
      parts.reduceOver(parser.getContext(), size);
    } else if (parseAxis(parser, axis)) {
      return failure();
    } else {
      parts.reduceOver(parser.getContext(), axis);
    }
  } while (succeeded(parser.parseOptionalComma()));
  return success();
}

ParseResult EquationParser::parseHead() {
  if (parser.parseLParen())
    return failure();
  if (succeeded(parser.parseOptionalRParen()))
    return success();
  bool bar = succeeded(parser.parseOptionalVerticalBar());
  if (!bar) {
    if (parseDims(/*reduced=*/false))
      return failure();
    bar = succeeded(parser.parseOptionalVerticalBar());
  }
  numResultDims = names.size();
  if (bar && parseDims(/*reduced=*/true))
    return failure();
  return parser.parseRParen();
}

ParseResult EquationParser::parseAccess(OpAsmParser::UnresolvedOperand &operand, AffineMap &map) {
  SmallVector<AffineExpr> exprs;
  auto parseExpr = [&]() { return parser.parseAffineExpr(names, exprs.emplace_back()); };
  if (parser.parseOperand(operand) || parser.parseCommaSeparatedList(AsmParser::Delimiter::OptionalSquare, parseExpr))
    return failure();
  unsigned numDims = numResultDims + parts.extents.size();
  map = AffineMap::get(numDims, symbolIsLet.size(), exprs, parser.getContext());
  return success();
}

ParseResult EquationParser::parseLets() {
  if (failed(parser.parseOptionalKeyword("let")))
    return success();
  auto parseLet = [&]() -> ParseResult {
    AffineExpr symbol = getAffineSymbolExpr(symbolIsLet.size(), parser.getContext());
    if (parseName(symbol) || parser.parseEqual())
      return failure();
    auto name = names.pop_back_val(); // not in scope in its own definition
    StringRef kind;
    if (succeeded(parser.parseOptionalKeyword(&kind, {"size", "step"}))) {
      std::string axis;
      if (parseAxis(parser, axis))
        return failure();
      parts.scalars.push_back((kind + " " + axis).str());
      symbolIsLet.push_back(false);
    } else {
      if (parseAccess(lets.emplace_back(), parts.letMaps.emplace_back()))
        return failure();
      symbolIsLet.push_back(true);
    }
    names.push_back(name);
    return success();
  };
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseLet);
}

ParseResult EquationParser::parseReads(bool byStar) {
  // An equation without reads goes on with anything but an SSA name.
  OpAsmParser::UnresolvedOperand first;
  OptionalParseResult any = parser.parseOptionalOperand(first);
  if (!any.has_value())
    return success();
  if (failed(*any))
    return failure();
  SmallVector<AffineExpr> exprs;
  auto parseExpr = [&]() { return parser.parseAffineExpr(names, exprs.emplace_back()); };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::OptionalSquare, parseExpr))
    return failure();
  reads.push_back(first);
  unsigned numDims = numResultDims + parts.extents.size();
  parts.readMaps.push_back(AffineMap::get(numDims, symbolIsLet.size(), exprs, parser.getContext()));
  while (succeeded(byStar ? parser.parseOptionalStar() : parser.parseOptionalComma()))
    if (parseAccess(reads.emplace_back(), parts.readMaps.emplace_back()))
      return failure();
  return success();
}

ParseResult EquationParser::parseConstraint(SmallVectorImpl<AffineExpr> &exprs, SmallVectorImpl<bool> &equalities) {
  AffineExpr left, right;
  if (parser.parseAffineExpr(names, left))
    return failure();
  bool less = succeeded(parser.parseOptionalLess()), greater = !less && succeeded(parser.parseOptionalGreater());
  bool equal = succeeded(parser.parseOptionalEqual());
  if (!less && !greater && (!equal || parser.parseEqual()))
    return failure();
  if (parser.parseAffineExpr(names, right))
    return failure();
  AffineExpr difference = less ? right - left : left - right;
  exprs.push_back(!equal ? difference - 1 : difference);
  equalities.push_back(!less && !greater);
  return success();
}

ParseResult EquationParser::parseWhere() {
  if (failed(parser.parseOptionalKeyword("where")))
    return success();
  do {
    SmallVector<AffineExpr> exprs;
    SmallVector<bool> equalities;
    if (parser.parseLParen())
      return failure();
    do {
      if (parseConstraint(exprs, equalities))
        return failure();
    } while (succeeded(parser.parseOptionalKeyword("and")));
    if (parser.parseRParen())
      return failure();
    parts.where.push_back(IntegerSet::get(numResultDims + parts.extents.size(), symbolIsLet.size(), exprs, equalities));
  } while (succeeded(parser.parseOptionalKeyword("or")));
  return success();
}

ParseResult EquationParser::parseTypes(bool parenthesised) {
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<Type> operandTypes;
  SMLoc attributesLoc = parser.getCurrentLocation();
  NamedAttrList attributes;
  auto parseTypes = [&](SmallVectorImpl<Type> &types) {
    return parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren,
                                          [&]() { return parser.parseType(types.emplace_back()); });
  };
  if (parser.parseOptionalAttrDict(attributes) || parser.parseColon() || parseTypes(operandTypes) ||
      parser.parseArrow() ||
      (parenthesised ? parseTypes(parts.results) : parser.parseType(parts.results.emplace_back())))
    return failure();
  if (parts.results.empty() || !llvm::all_of(parts.results, llvm::IsaPred<RankedTensorType>))
    return parser.emitError(attributesLoc) << "an equation gives ranked tensors";
  if (unsigned rank = cast<RankedTensorType>(parts.results.front()).getRank(); rank != numResultDims)
    return parser.emitError(attributesLoc)
           << "names " << numResultDims << " result dims, but the result has rank " << rank;

  // Scalars are numbered before lets, whatever the order of the text.
  MLIRContext *context = parser.getContext();
  SmallVector<AffineExpr> dims, symbols;
  for (unsigned dim = 0; dim < parts.getNumDims(); ++dim)
    dims.push_back(getAffineDimExpr(dim, context));
  unsigned scalar = 0, let = parts.scalars.size();
  for (bool isLet : symbolIsLet)
    symbols.push_back(getAffineSymbolExpr(isLet ? let++ : scalar++, context));
  Operands operands(reads);
  operands.append(lets);
  if (operands.size() != operandTypes.size())
    return parser.emitError(loc) << operands.size() << " operands, but " << operandTypes.size() << " operand types";
  SmallVector<Value> values;
  if (parser.resolveOperands(operands, operandTypes, loc, values))
    return failure();
  parts.reads.assign(values.begin(), values.begin() + reads.size());
  parts.lets.assign(values.begin() + reads.size(), values.end());
  // Pad to the full number of symbols first: an access in a let sees only those before it.
  auto renumber = [&](AffineMap &map) {
    map =
        map.replaceDimsAndSymbols(dims, ArrayRef(symbols).take_front(map.getNumSymbols()), dims.size(), symbols.size());
  };
  llvm::for_each(parts.readMaps, renumber);
  llvm::for_each(parts.letMaps, renumber);
  for (IntegerSet &clause : parts.where)
    clause = clause.replaceDimsAndSymbols(dims, symbols, dims.size(), symbols.size());
  state.addAttributes(attributes);
  OpBuilder builder(context);
  buildEquation(builder, state, parts);
  return success();
}

//===--- Printer -------------------------------------------------------------------------------------------------===//

/// The nth name of a list that goes on with "i_1" (a bare "i1" would be a type).
static std::string nameOf(ArrayRef<StringRef> letters, unsigned n) {
  std::string name = letters[n % letters.size()].str();
  if (unsigned round = n / letters.size())
    name += "_" + std::to_string(round);
  return name;
}

EquationPrinter::EquationPrinter(OpAsmPrinter &printer, Equation equation) : printer(printer), equation(equation) {
  for (unsigned dim = 0; dim < equation.getNumDims(); ++dim)
    dims.push_back(dim < equation.getNumResultDims()
                       ? nameOf({"i", "j", "l", "m", "o", "p", "q"}, dim)
                       : nameOf({"r", "s", "v", "w", "x", "y", "z"}, dim - equation.getNumResultDims()));
  unsigned sizes = 0, steps = 0;
  for (Attribute scalar : equation.getScalars())
    symbols.push_back(cast<StringAttr>(scalar).getValue().starts_with("size ") ? nameOf({"n"}, sizes++)
                                                                               : nameOf({"k"}, steps++));
  for (unsigned let = 0; let < equation.getLets().size(); ++let)
    symbols.push_back(nameOf({"u"}, let));
}

void EquationPrinter::printHead() {
  printer << " (";
  unsigned numResultDims = equation.getNumResultDims();
  llvm::interleaveComma(ArrayRef(dims).take_front(numResultDims), printer);
  for (auto [reduced, extent] : llvm::enumerate(equation.getExtents())) {
    printer << (reduced ? ", " : numResultDims ? " | " : "| ") << dims[numResultDims + reduced] << " in ";
    if (auto size = dyn_cast<IntegerAttr>(extent))
      printer << size.getInt();
    else
      printAxis(printer, cast<StringAttr>(extent).getValue());
  }
  printer << ")";
}

void EquationPrinter::printLets() {
  if (symbols.empty())
    return;
  printer << " let (";
  llvm::ListSeparator comma;
  for (auto [symbol, scalar] : llvm::enumerate(equation.getScalars())) {
    auto [kind, axis] = cast<StringAttr>(scalar).getValue().split(' ');
    printer << StringRef(comma) << symbols[symbol] << " = " << kind << " ";
    printAxis(printer, axis);
  }
  for (auto [let, value] : llvm::enumerate(equation.getLets())) {
    printer << StringRef(comma) << symbols[equation.getNumScalars() + let] << " = ";
    printAccess(value, equation.getLetMap(let));
  }
  printer << ")";
}

void EquationPrinter::printReads(StringRef separator) {
  for (auto [read, value] : llvm::enumerate(equation.getReads())) {
    printer << (read ? separator : " ");
    printAccess(value, equation.getReadMap(read));
  }
}

void EquationPrinter::printAccess(Value value, AffineMap map) {
  printer << value << "[";
  llvm::interleaveComma(map.getResults(), printer, [&](AffineExpr expr) { printExpr(expr); });
  printer << "]";
}

void EquationPrinter::printExpr(AffineExpr expr, bool nested) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    printer << dims[dim.getPosition()];
    return;
  }
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    printer << symbols[symbol.getPosition()];
    return;
  }
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    printer << constant.getValue();
    return;
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  AffineExpr left = binary.getLHS(), right = binary.getRHS();
  bool sum = binary.getKind() == AffineExprKind::Add;
  /// x of -x, else null.
  auto negated = [](AffineExpr part) -> AffineExpr {
    auto product = dyn_cast<AffineBinaryOpExpr>(part);
    if (!product || product.getKind() != AffineExprKind::Mul)
      return {};
    auto factor = dyn_cast<AffineConstantExpr>(product.getRHS());
    return factor && factor.getValue() == -1 ? product.getLHS() : AffineExpr();
  };
  auto constant = dyn_cast<AffineConstantExpr>(right);
  if (nested)
    printer << "(";
  AffineExpr opposite = negated(expr);
  if (opposite)
    printer << "-";
  printExpr(opposite ? opposite : left, /*nested=*/!sum);
  if (opposite) {
    // Said all of it.
  } else if (sum && constant && constant.getValue() < 0) {
    printer << " - " << -constant.getValue();
  } else if (sum && negated(right)) {
    printer << " - ";
    printExpr(negated(right), /*nested=*/true);
  } else {
    switch (binary.getKind()) {
    case AffineExprKind::Add:
      printer << " + ";
      break;
    case AffineExprKind::Mul:
      printer << " * ";
      break;
    case AffineExprKind::FloorDiv:
      printer << " floordiv ";
      break;
    case AffineExprKind::CeilDiv:
      printer << " ceildiv ";
      break;
    default:
      printer << " mod ";
    }
    printExpr(right, /*nested=*/true);
  }
  if (nested)
    printer << ")";
}

/// e >= 0 as `negative terms <= positive terms + constant`, which is how people write conditions.
void EquationPrinter::printConstraint(AffineExpr expr, bool equality) {
  SmallVector<AffineExpr> positive, negative, todo = {expr};
  int64_t constant = 0;
  while (!todo.empty()) {
    AffineExpr term = todo.pop_back_val();
    auto binary = dyn_cast<AffineBinaryOpExpr>(term);
    if (auto number = dyn_cast<AffineConstantExpr>(term)) {
      constant += number.getValue();
    } else if (binary && binary.getKind() == AffineExprKind::Add) {
      todo.push_back(binary.getRHS());
      todo.push_back(binary.getLHS());
    } else if (auto factor = binary && binary.getKind() == AffineExprKind::Mul
                                 ? dyn_cast<AffineConstantExpr>(binary.getRHS())
                                 : AffineConstantExpr();
               factor && factor.getValue() < 0) {
      negative.push_back(binary.getLHS() * -factor.getValue());
    } else {
      positive.push_back(term);
    }
  }
  auto printSum = [&](ArrayRef<AffineExpr> terms) {
    llvm::interleave(terms, printer, [&](AffineExpr term) { printExpr(term); }, " + ");
  };
  if (negative.empty()) {
    printSum(positive);
    if (positive.empty())
      printer << 0;
    printer << (equality ? " == " : " >= ") << -constant;
    return;
  }
  printSum(negative);
  printer << (equality ? " == " : " <= ");
  if (positive.empty()) {
    printer << constant;
    return;
  }
  printSum(positive);
  if (constant)
    printer << (constant > 0 ? " + " : " - ") << std::abs(constant);
}

void EquationPrinter::printWhere() {
  if (equation.getWhere().empty())
    return;
  printer << " where ";
  auto printClause = [&](IntegerSet clause) {
    printer << "(";
    for (unsigned i = 0; i < clause.getNumConstraints(); ++i) {
      if (i)
        printer << " and ";
      printConstraint(clause.getConstraint(i), clause.isEq(i));
    }
    printer << ")";
  };
  llvm::interleave(equation.getClauses(), printer, printClause, " or ");
}

void EquationPrinter::printAttributes(ArrayRef<StringRef> elided) {
  SmallVector<StringRef> all = {"operandSegmentSizes", "read_maps", "let_maps", "scalars", "extents", "where"};
  llvm::append_range(all, elided);
  printer.printOptionalAttrDict(equation->getAttrs(), all);
}

void EquationPrinter::printOperandTypes() {
  printer << " : (";
  llvm::interleaveComma(equation->getOperandTypes(), printer);
  printer << ") -> ";
}
