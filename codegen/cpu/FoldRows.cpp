#include "codegen/cpu/FoldRows.h"

#include "codegen/cpu/Point.h"
#include "codegen/cpu/Rows.h"
#include "ir/Axes.h"

using namespace mlir;

namespace rondo {

namespace {

using Range = std::pair<Value, Value>;

/// Which columns of the wide values a row needs, from the users backwards, along each of their axes. A softmax asks for what its condition admits;
/// a sum asks for what its own condition and the softmax it weighs by admit; a map asks for what is asked of it.
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
  bool wide(Value v) {
    return scope.kernel.placement.has(v) && scope.kernel.placement[v].kind == Place::RowScratch;
  }
  /// The sequence dims that a row still has.
  SmallVector<unsigned> columnDims(Value v) const {
    return SmallVector<unsigned>(ArrayRef(scope.kernel.placement[v].layout.rowDims).drop_front(positions.size()));
  }
  Range all(Value v, unsigned dim) {
    return {c.index(0), scope.lengthOf(axisOf(cast<RankedTensorType>(v.getType()), dim))};
  }
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
  /// Columns that the conditions of `op` admit along `dim` in this row.
  Range admitted(Operation *op, unsigned dim) {
    EquationView eq = EquationView::of(op);
    Point point(scope, eq);
    const Value *next = positions.begin();
    for (unsigned d = 0; d < eq.resultDims; ++d) {
      if (eq.extents[d].axis == "b")
        point.bindQuietly(d, scope.example);
      else if (!eq.extents[d].axis.empty() && next != positions.end())
        point.bindQuietly(d, *next++);
    }
    return point.bounds(dim);
  }
  Range asked(Value v, unsigned dim) {
    Range sum{};
    for (OpOperand &use : v.getUses()) {
      Range r = askedBy(v, dim, use);
      sum = sum.first ? Range{c.min(sum.first, r.first), c.max(sum.second, r.second)} : r;
    }
    return sum.first ? sum : all(v, dim);
  }
  Range askedBy(Value v, unsigned inner, OpOperand &use) {
    Operation *op = use.getOwner();
    auto equation = dyn_cast<Equation>(op);
    if (!equation)
      return all(v, inner);
    for (unsigned i = 0; i < equation.getReads().size(); ++i) {
      if (equation.getReads()[i] != v)
        continue;
      auto dim = dyn_cast<AffineDimExpr>(equation.getReadMap(i).getResult(inner));
      if (!dim)
        return all(v, inner);
      unsigned d = dim.getPosition();
      if (isa<MapOp>(op)) {
        Range r = all(v, inner), own = admitted(op, d);
        bool first = true;
        for (Value result : op->getResults()) {
          Range of = askedOf(result, d);
          if (!of.first)
            return all(v, inner);
          r = first ? of : Range{c.min(r.first, of.first), c.max(r.second, of.second)};
          first = false;
        }
        return {c.max(r.first, own.first), c.min(r.second, own.second)};
      }
      Range r = admitted(op, d);
      // A term whose weight is absent is absent.
      if (auto weight = v.getDefiningOp<SoftmaxOp>(); weight && isa<ContractOp>(op)) {
        Range present = admitted(weight, inner);
        r = {c.max(r.first, present.first), c.min(r.second, present.second)};
      }
      return r;
    }
    return all(v, inner); // a let
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
