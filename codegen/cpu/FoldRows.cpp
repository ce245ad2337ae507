#include "codegen/cpu/FoldRows.h"

#include "codegen/cpu/Point.h"
#include "codegen/cpu/Rows.h"
#include "ir/Axes.h"

using namespace mlir;

namespace rondo {

namespace {

using Range = std::pair<Value, Value>;

/// Which columns of the wide values a row needs, from the users backwards, along each of their axes. A softmax asks for
/// what its condition admits, whatever is asked of it; a sum asks for what its own condition and the softmax it weighs
/// by admit; a map asks for what is asked of it.
class Demand {
public:
  Demand(Scope &scope, FoldOp fold, ArrayRef<Value> positions)
      : scope(scope), c(scope.code()), fold(fold), positions(positions) {}

  void find() {
    for (Operation &op : llvm::reverse(fold.getRegion().front().without_terminator()))
      for (Value v : op.getResults())
        if (wide(v)) {
          SmallVector<Range> ranges;
          for (unsigned dim : columnDims(v))
            ranges.push_back(asked(v, dim));
          scope.columns[v] = std::move(ranges);
        }
  }

private:
  bool wide(Value v) { return scope.kernel.placement.has(v) && scope.kernel.placement[v].kind == Place::RowScratch; }
  /// The sequence dims that a row still has.
  SmallVector<unsigned> columnDims(Value v) const {
    return SmallVector<unsigned>(ArrayRef(scope.kernel.placement[v].layout.rowDims).drop_front(positions.size()));
  }
  Range all(Value v, unsigned dim) {
    return {c.index(0), scope.lengthOf(axisOf(cast<RankedTensorType>(v.getType()), dim))};
  }
  /// From the first of either to the last; an empty pair is nothing.
  Range hull(Range a, Range b) { return a.first ? Range{c.min(a.first, b.first), c.max(a.second, b.second)} : b; }
  /// What is asked of a result along its dim; null: nothing is known.
  Range askedOf(Value result, unsigned dim) const {
    auto ranges = scope.columns.find(result);
    if (ranges == scope.columns.end())
      return {};
    for (auto [own, range] : llvm::zip(columnDims(result), ranges->second))
      if (own == dim)
        return range;
    return {};
  }
  /// The equation at this row, nothing else of it known.
  void bindRow(Point &point) {
    const Value *next = positions.begin();
    for (unsigned d = 0; d < point.eq.resultDims; ++d) {
      if (point.eq.extents[d].axis == "b")
        point.bindQuietly(d, scope.example);
      else if (!point.eq.extents[d].axis.empty() && next != positions.end())
        point.bindQuietly(d, *next++);
    }
  }
  /// Columns that the conditions of `op` admit along `dim` in this row.
  Range admitted(Operation *op, unsigned dim) {
    EquationView eq = EquationView::of(op);
    Point point(scope, eq);
    bindRow(point);
    return point.bounds(dim);
  }
  /// What `op` goes through along one of its dims in this row: what its conditions admit and, if it makes a wide value,
  /// what is asked of that.
  Range goneThrough(Operation *op, unsigned dim) {
    Range own = admitted(op, dim), sum{};
    if (dim >= cast<Equation>(op).getNumResultDims())
      return own;
    for (Value result : op->getResults()) {
      Range of = askedOf(result, dim);
      if (!of.first)
        return own;
      sum = hull(sum, of);
    }
    return {c.max(sum.first, own.first), c.min(sum.second, own.second)};
  }
  Range asked(Value v, unsigned dim) {
    Range sum{};
    for (OpOperand &use : v.getUses()) {
      Range r = askedBy(v, dim, use);
      sum = hull(sum, r);
    }
    if (!sum.first)
      return all(v, dim);
    // It normalises by all that it admits, also by what nobody reads.
    return normalises(v.getDefiningOp(), dim) ? hull(sum, admitted(v.getDefiningOp(), dim)) : sum;
  }
  Range askedBy(Value v, unsigned inner, OpOperand &use) {
    auto equation = dyn_cast<Equation>(use.getOwner());
    if (!equation || use.getOperandNumber() >= equation.getReads().size())
      return all(v, inner); // a let
    AffineExpr at = equation.getReadMap(use.getOperandNumber()).getResult(inner);
    Range r = reached(use.getOwner(), at, all(v, inner));
    // A term whose weight is absent is absent: a loop over the columns goes through those that are there.
    std::optional<unsigned> dim = pureDim(at);
    bool sums = isa<ContractOp>(use.getOwner()) && dim && *dim >= equation.getNumResultDims();
    if (auto weight = v.getDefiningOp<SoftmaxOp>(); weight && sums) {
      Range present = admitted(weight, inner);
      r = {c.max(r.first, present.first), c.min(r.second, present.second)};
    }
    return r;
  }
  /// The values of `e`, linear in the dims of `op`, over what it goes through in this row; `most` where that is not
  /// known.
  Range reached(Operation *op, AffineExpr e, Range most) {
    EquationView eq = EquationView::of(op);
    Point point(scope, eq);
    bindRow(point);
    AffineExpr rest = e, zero = getAffineConstantExpr(0, e.getContext());
    SmallVector<std::pair<unsigned, int64_t>> slopes;
    for (unsigned d = 0; d < eq.dims(); ++d) {
      AffineExpr dim = getAffineDimExpr(d, e.getContext());
      if (point.dims[d] || !e.isFunctionOfDim(d))
        continue;
      auto slope =
          dyn_cast<AffineConstantExpr>(simplifyAffineExpr(e.replace(dim, dim + 1) - e, eq.dims(), eq.symbols()));
      if (!slope)
        return most;
      slopes.push_back({d, slope.getValue()});
      rest = rest.replace(dim, zero);
    }
    if (!point.isKnown(rest))
      return most;
    Value least = point.valueOf(rest), greatest = least;
    for (auto [d, slope] : slopes) {
      Range r = eq.extents[d].axis.empty() ? Range{c.index(0), c.index(eq.extents[d].size)} : goneThrough(op, d);
      Value first = c.mul(r.first, slope), last = c.mul(c.sub(r.second, c.index(1)), slope);
      least = c.add(least, slope < 0 ? last : first);
      greatest = c.add(greatest, slope < 0 ? first : last);
    }
    return {c.max(most.first, least), c.min(most.second, c.add(greatest, c.index(1)))};
  }

  Scope &scope;
  Code &c;
  FoldOp fold;
  ArrayRef<Value> positions;
};

} // namespace

LogicalResult emitFoldRow(const Scope &outer, FoldOp fold, ArrayRef<Value> positions) {
  Scope scope = outer;
  Demand(scope, fold, positions).find();
  for (Operation &op : fold.getRegion().front().without_terminator())
    if (failed(emitForExample(scope, &op, positions)))
      return failure();
  return success();
}

} // namespace rondo
