#include "codegen/cpu/FoldPattern.h"

#include "codegen/cpu/Equation.h"
#include "codegen/cpu/Storage.h"
#include "ir/Axes.h"

using namespace mlir;

namespace rondo {

int64_t FoldPattern::heads() const {
  int64_t n = 1;
  for (unsigned d : outer)
    n *= cast<RankedTensorType>(scores->getResult(0).getType()).getDimSize(d);
  return n;
}

bool FoldPattern::gathersValues() const {
  auto type = cast<RankedTensorType>(ContractOp(out).getReads()[valueRead].getType());
  return heads() > 1 && Layout::of(type, true).rowSize % 256 == 0;
}

// `dim` stands in the last expression only, with coefficient one.
static bool runsAlong(AffineMap map, unsigned dim) {
  AffineExpr d = getAffineDimExpr(dim, map.getContext()), zero = getAffineConstantExpr(0, map.getContext());
  for (AffineExpr e : map.getResults().drop_back())
    if (e.isFunctionOfDim(dim))
      return false;
  AffineExpr last = map.getResults().back();
  return simplifyAffineExpr(last - last.replace(d, zero), map.getNumDims(), map.getNumSymbols()) == d;
}

/// Whether dim `own` of `eq` goes through all that dim `dim` of `of` does: a view may be of fewer heads, rows or
/// columns.
static bool goesThroughAll(const EquationView &eq, unsigned own, const EquationView &of, unsigned dim) {
  const Extent &x = eq.extents[own], &y = of.extents[dim];
  return x.size == y.size && x.axis == y.axis;
}

/// Tiles read, as they lie in memory, real numbers of every row and column that the loops name: none may be beyond the
/// value. Those of a grid stand apart where its last axis is the innermost.
static bool readsRows(const EquationView &eq, unsigned read) {
  auto type = cast<RankedTensorType>(eq.reads[read].getType());
  return type.getElementType().isF32() && !Layout::of(type, /*padded=*/true).innerRow &&
         isInRange(cast<Equation>(eq.op), eq.reads[read], eq.readMaps[read]);
}

static bool plain(const EquationView &eq) { return eq.lets.empty() && eq.scalars.empty() && eq.where.empty(); }

/// Whether a condition says where a range of `dim` begins and ends, and no more: what is outside is then not read.
static bool isRange(ArrayRef<IntegerSet> where, unsigned dim) {
  auto steps = [&](AffineExpr e, IntegerSet set) {
    AffineExpr d = getAffineDimExpr(dim, e.getContext());
    AffineExpr step = simplifyAffineExpr(e.replace(d, d + 1) - e, set.getNumDims(), set.getNumSymbols());
    auto constant = dyn_cast<AffineConstantExpr>(step);
    return constant && std::abs(constant.getValue()) <= 1;
  };
  return where.size() == 1 && llvm::all_of(where[0].getConstraints(), [&](AffineExpr e) { return steps(e, where[0]); });
}

// Whether `out` states the condition of `softmax` again, its weights read by `map`.
static bool sameCondition(const EquationView &softmax, const EquationView &out, AffineMap map) {
  if (!softmax.lets.empty() || !out.lets.empty() || softmax.scalars != out.scalars ||
      softmax.where.size() != out.where.size())
    return false;
  SmallVector<AffineExpr> dims(map.getResults()), symbols;
  for (unsigned i = 0; i < softmax.scalars.size(); ++i)
    symbols.push_back(getAffineSymbolExpr(i, map.getContext()));
  SmallVector<IntegerSet> moved;
  for (IntegerSet set : softmax.where)
    moved.push_back(set.replaceDimsAndSymbols(dims, symbols, out.dims(), symbols.size()));
  auto normal = [&](ArrayRef<IntegerSet> where) { return normalWhere(where, out.dims(), symbols.size()); };
  return normal(moved) == normal(out.where);
}

std::optional<FoldPattern> FoldPattern::of(FoldOp fold) {
  FoldPattern p;
  SmallVector<Operation *> ops;
  for (Operation &op : fold.getRegion().front().without_terminator())
    if (!isSafeView(&op))
      ops.push_back(&op);
  if (ops.size() < 3 || fold.getNumResults() != 1)
    return std::nullopt;
  p.scores = dyn_cast<ContractOp>(ops.front());
  p.softmax = dyn_cast<SoftmaxOp>(ops[ops.size() - 2]);
  p.out = dyn_cast<ContractOp>(ops.back());
  for (Operation *op : ArrayRef(ops).drop_front().drop_back(2))
    p.maps.push_back(dyn_cast<MapOp>(op));
  if (!p.scores || !p.softmax || !p.out || llvm::is_contained(p.maps, MapOp()) ||
      fold.getRegion().front().getTerminator()->getOperand(0) != p.out->getResult(0))
    return std::nullopt;

  EquationView scores = EquationView::of(p.scores), softmax = EquationView::of(p.softmax),
               out = EquationView::of(p.out);
  auto type = cast<RankedTensorType>(p.scores->getResult(0).getType());
  SmallVector<unsigned> axes;
  for (int64_t d = 0; d < type.getRank(); ++d) {
    if (!type.isDynamicDim(d))
      p.outer.push_back(d);
    else if (axisOf(type, d) == "b")
      p.example = d;
    else
      axes.push_back(d);
  }
  if (axes.size() != 2 || type.getNumDynamicDims() != 3 || !plain(scores) || scores.reads.size() != 2 ||
      scores.dims() != scores.resultDims + 1 || !scores.extents.back().axis.empty())
    return std::nullopt;
  p.row = axes[0], p.column = axes[1];
  p.depth = scores.extents.back().size;
  p.queryRead = scores.readMaps[0].isFunctionOfDim(p.column) ? 1 : 0;
  p.keyRead = 1 - p.queryRead;
  unsigned inner = scores.resultDims;
  if (scores.readMaps[p.queryRead].isFunctionOfDim(p.column) || scores.readMaps[p.keyRead].isFunctionOfDim(p.row) ||
      !runsAlong(scores.readMaps[p.queryRead], inner) || !runsAlong(scores.readMaps[p.keyRead], inner) ||
      !readsRows(scores, 0) || !readsRows(scores, 1))
    return std::nullopt;

  // One chain of wide values, each read at its own index.
  Value wide = p.scores->getResult(0);
  auto continues = [&](const EquationView &eq, AffineMap *where = nullptr) {
    unsigned found = 0;
    for (auto [v, map] : llvm::zip(eq.reads, eq.readMaps))
      found += v == wide && (where || map.isIdentity());
    for (unsigned d = 0; !where && d < scores.resultDims; ++d)
      if (d >= eq.resultDims || !goesThroughAll(eq, d, scores, d))
        return false;
    return found == 1 && wide.hasOneUse() && !llvm::is_contained(eq.lets, wide);
  };
  for (MapOp map : p.maps) {
    EquationView eq = EquationView::of(map);
    if (!continues(eq) || map->getNumResults() != 1 || !eq.lets.empty() || !eq.where.empty())
      return std::nullopt;
    wide = map->getResult(0);
  }
  ArrayRef<int64_t> over = p.softmax.getOver();
  if (!continues(softmax) || over.size() != 1 || over[0] != int64_t(p.column))
    return std::nullopt;
  for (AffineMap map : softmax.letMaps)
    if (map.isFunctionOfDim(p.column))
      return std::nullopt;
  wide = p.softmax->getResult(0);
  AffineMap any;
  if (!continues(out, &any) || out.reads.size() != 2 || out.dims() != out.resultDims + 1)
    return std::nullopt;
  p.weightRead = out.reads[0] == wide ? 0 : 1;
  p.valueRead = 1 - p.weightRead;
  // Weights are read at result dims, the column at the reduced one; the last result dim runs along the values' rows.
  AffineMap weights = out.readMaps[p.weightRead];
  if (!weights.isProjectedPermutation() || weights.getDimPosition(p.column) != out.resultDims)
    return std::nullopt;
  for (unsigned d = 0; d < scores.resultDims; ++d)
    if (!goesThroughAll(out, weights.getDimPosition(d), scores, d))
      return std::nullopt;
  // A condition of the sum must be the one the softmax has, and absent values must not be multiplied, by zero or not.
  if (!plain(out) && !(sameCondition(softmax, out, weights) && isRange(softmax.where, p.column)))
    return std::nullopt;
  unsigned lane = out.resultDims - 1;
  if (weights.isFunctionOfDim(lane) || !out.extents[lane].axis.empty() || weights.getNumResults() != out.resultDims ||
      !runsAlong(out.readMaps[p.valueRead], lane) ||
      out.readMaps[p.valueRead].isFunctionOfDim(weights.getDimPosition(p.row)) || !readsRows(out, p.valueRead))
    return std::nullopt;
  p.width = out.extents[lane].size;
  if (p.width % kLanes)
    return std::nullopt;
  return p;
}

} // namespace rondo
