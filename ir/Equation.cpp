// Equations as values: parts, building, normal forms, and what the interface derives from an operation.
#include "ir/Equation.h"
#include "ir/Dialect.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace rondo;

//===--- Parts ---------------------------------------------------------------------------------------------------===//

void EquationParts::read(Value value, ArrayRef<unsigned> dims) {
  MLIRContext *context = value.getContext();
  SmallVector<AffineExpr> exprs;
  unsigned count = 0;
  for (unsigned dim : dims) {
    exprs.push_back(getAffineDimExpr(dim, context));
    count = std::max(count, dim + 1);
  }
  read(value, AffineMap::get(count, 0, exprs, context));
}

AffineExpr EquationParts::let(Value value, AffineMap map) {
  lets.push_back(value);
  letMaps.push_back(map);
  return getAffineSymbolExpr(getNumSymbols() - 1, value.getContext());
}

AffineExpr EquationParts::scalar(MLIRContext *context, StringRef text) {
  auto *found = llvm::find(scalars, text);
  if (found == scalars.end()) {
    SmallVector<AffineExpr> dims, symbols; // those of lets follow, one further on
    for (unsigned dim = 0; dim < getNumDims(); ++dim)
      dims.push_back(getAffineDimExpr(dim, context));
    for (unsigned symbol = 0; symbol < getNumSymbols(); ++symbol)
      symbols.push_back(getAffineSymbolExpr(symbol < scalars.size() ? symbol : symbol + 1, context));
    scalars.push_back(text.str());
    replaceDimsAndSymbols(dims, symbols);
    found = std::prev(scalars.end());
  }
  return getAffineSymbolExpr(found - scalars.begin(), context);
}

void EquationParts::reduceOver(MLIRContext *context, int64_t size) {
  extents.push_back(IntegerAttr::get(IntegerType::get(context, 64), size));
}

void EquationParts::reduceOver(MLIRContext *context, StringRef axis) {
  extents.push_back(StringAttr::get(context, axis));
}

void EquationParts::replaceDimsAndSymbols(ArrayRef<AffineExpr> dims, ArrayRef<AffineExpr> symbols) {
  auto inMap = [&](AffineMap &map) { map = map.replaceDimsAndSymbols(dims, symbols, getNumDims(), getNumSymbols()); };
  llvm::for_each(readMaps, inMap);
  llvm::for_each(letMaps, inMap);
  for (IntegerSet &clause : where)
    clause = clause.replaceDimsAndSymbols(dims, symbols, getNumDims(), getNumSymbols());
}

//===--- Building ------------------------------------------------------------------------------------------------===//

/// One spelling for one meaning of a set: sorted, without what always holds; null when it never holds.
static IntegerSet normalClause(IntegerSet clause, unsigned dims, unsigned symbols) {
  MLIRContext *context = clause.getContext();
  auto spell = [](AffineExpr expr) {
    std::string text;
    llvm::raw_string_ostream(text) << expr;
    return text;
  };
  SmallVector<std::tuple<bool, std::string, AffineExpr>> constraints;
  for (unsigned i = 0; i < clause.getNumConstraints(); ++i) {
    bool equality = clause.isEq(i);
    AffineExpr expr = simplifyAffineExpr(clause.getConstraint(i), dims, symbols);
    if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
      if (equality ? constant.getValue() == 0 : constant.getValue() >= 0)
        continue;
      return {};
    }
    if (equality) // of e == 0 and -e == 0, the one that is spelt first
      if (AffineExpr negated = simplifyAffineExpr(-expr, dims, symbols); spell(negated) < spell(expr))
        expr = negated;
    constraints.emplace_back(equality, spell(expr), expr);
  }
  auto before = [](auto &a, auto &b) {
    return std::tie(std::get<0>(a), std::get<1>(a)) < std::tie(std::get<0>(b), std::get<1>(b));
  };
  llvm::sort(constraints, before);
  constraints.erase(llvm::unique(constraints), constraints.end());
  SmallVector<AffineExpr> exprs;
  SmallVector<bool> equalities;
  for (auto &[equality, text, expr] : constraints) {
    exprs.push_back(expr);
    equalities.push_back(equality);
  }
  if (exprs.empty()) // IntegerSet has no empty conjunction
    exprs.push_back(getAffineConstantExpr(0, context)), equalities.push_back(true);
  return IntegerSet::get(dims, symbols, exprs, equalities);
}

SmallVector<IntegerSet> rondo::normalWhere(ArrayRef<IntegerSet> where, unsigned dims, unsigned symbols) {
  SmallVector<std::pair<std::string, IntegerSet>> clauses;
  for (IntegerSet clause : where) {
    IntegerSet normal = normalClause(clause, dims, symbols);
    if (!normal)
      continue;
    if (normal.getNumConstraints() == 1 && isa<AffineConstantExpr>(normal.getConstraint(0)))
      return {};
    std::string text;
    llvm::raw_string_ostream stream(text);
    normal.print(stream);
    clauses.emplace_back(text, normal);
  }
  if (clauses.empty() && !where.empty())
    return {IntegerSet::getEmptySet(dims, symbols, where.front().getContext())};
  llvm::sort(clauses, [](auto &a, auto &b) { return a.first < b.first; });
  clauses.erase(llvm::unique(clauses), clauses.end());
  return llvm::map_to_vector(clauses, [](auto &clause) { return clause.second; });
}

void rondo::buildEquation(OpBuilder &builder, OperationState &state, const EquationParts &parts) {
  unsigned dims = parts.getNumDims(), symbols = parts.getNumSymbols();
  auto fit = [&](ArrayRef<AffineMap> maps) {
    return builder.getAffineMapArrayAttr(llvm::map_to_vector(maps, [&](AffineMap map) {
      auto exprs = llvm::map_to_vector(map.getResults(),
                                       [&](AffineExpr expr) { return simplifyAffineExpr(expr, dims, symbols); });
      return AffineMap::get(dims, symbols, exprs, builder.getContext());
    }));
  };
  SmallVector<StringRef> scalars(parts.scalars.begin(), parts.scalars.end());
  SmallVector<Attribute> where;
  for (IntegerSet clause : normalWhere(parts.where, dims, symbols))
    where.push_back(IntegerSetAttr::get(clause));
  state.addOperands(parts.reads);
  state.addOperands(parts.lets);
  state.addAttribute("operandSegmentSizes", builder.getDenseI32ArrayAttr({static_cast<int32_t>(parts.reads.size()),
                                                                          static_cast<int32_t>(parts.lets.size())}));
  state.addAttribute("read_maps", fit(parts.readMaps));
  state.addAttribute("let_maps", fit(parts.letMaps));
  state.addAttribute("scalars", builder.getStrArrayAttr(scalars));
  state.addAttribute("extents", builder.getArrayAttr(parts.extents));
  state.addAttribute("where", builder.getArrayAttr(where));
  state.addTypes(parts.results);
}

//===--- What the interface derives ------------------------------------------------------------------------------===//

RankedTensorType Equation::getDomainType() { return cast<RankedTensorType>(getOperation()->getResult(0).getType()); }
unsigned Equation::getNumResultDims() { return getDomainType().getRank(); }
unsigned Equation::getNumReducedDims() { return getExtents().size(); }
unsigned Equation::getNumScalars() { return getScalars().size(); }
unsigned Equation::getNumSymbols() { return getScalars().size() + getLets().size(); }
AffineMap Equation::getReadMap(unsigned read) { return cast<AffineMapAttr>(getReadMaps()[read]).getValue(); }
AffineMap Equation::getLetMap(unsigned let) { return cast<AffineMapAttr>(getLetMaps()[let]).getValue(); }

SmallVector<IntegerSet> Equation::getClauses() {
  return llvm::map_to_vector(getWhere(), [](Attribute clause) { return cast<IntegerSetAttr>(clause).getValue(); });
}

int64_t Equation::getDimSize(unsigned dim) {
  if (dim < getNumResultDims())
    return getDomainType().getDimSize(dim);
  auto size = dyn_cast<IntegerAttr>(getExtents()[dim - getNumResultDims()]);
  return size ? size.getInt() : ShapedType::kDynamic;
}

StringRef Equation::getDimAxis(unsigned dim) {
  if (dim < getNumResultDims())
    return axisOf(getDomainType(), dim);
  auto axis = dyn_cast<StringAttr>(getExtents()[dim - getNumResultDims()]);
  return axis ? axis.getValue() : "";
}

EquationParts Equation::getParts() {
  EquationParts parts;
  parts.results.assign(getOperation()->result_type_begin(), getOperation()->result_type_end());
  parts.reads = llvm::to_vector(getReads());
  parts.lets = llvm::to_vector(getLets());
  for (unsigned read = 0; read < parts.reads.size(); ++read)
    parts.readMaps.push_back(getReadMap(read));
  for (unsigned let = 0; let < parts.lets.size(); ++let)
    parts.letMaps.push_back(getLetMap(let));
  for (Attribute scalar : getScalars())
    parts.scalars.push_back(cast<StringAttr>(scalar).getValue().str());
  parts.extents = llvm::to_vector(getExtents());
  parts.where = getClauses();
  if (auto softmax = dyn_cast<SoftmaxOp>(getOperation()))
    parts.over = llvm::to_vector(softmax.getOver());
  return parts;
}
