#include "codegen/cpu/FoldRows.h"

#include "codegen/cpu/Point.h"
#include "codegen/cpu/Rows.h"
#include "ir/Axes.h"

using namespace mlir;

namespace rondo {

namespace {

using Range = std::pair<Value, Value>;

/// Which columns of the wide values a row needs, from the users backwards. A softmax asks for what its condition admits;
/// a sum asks for what its own condition and the softmax it weighs by admit; a map asks for what is asked of it.
class Demand {
public:
  Demand(Scope &scope, FoldOp fold, Value position) : scope(scope), c(scope.code()), fold(fold), position(position) {}

  void find() {
    for (Operation &op : llvm::reverse(fold.getRegion().front().without_terminator()))
      for (Value v : op.getResults())
        if (wide(v))
          scope.columns[v] = asked(v);
  }

private:
  bool wide(Value v) {
    return scope.kernel.placement.has(v) && scope.kernel.placement[v].kind == Place::RowScratch;
  }
  Range all(Value v) {
    Layout layout = scope.kernel.placement[v].layout;
    return {c.index(0), scope.lengthOf(axisOf(layout.type, layout.rowDims.back()))};
  }
  /// Columns that the conditions of `op` admit along `dim` in this row.
  Range admitted(Operation *op, unsigned dim) {
    EquationView eq = EquationView::of(op);
    Point point(scope, eq);
    bool rowBound = false;
    for (unsigned d = 0; d < eq.resultDims; ++d) {
      if (eq.extents[d].axis == "b")
        point.bindQuietly(d, scope.example);
      else if (!eq.extents[d].axis.empty() && !rowBound && d != dim) {
        point.bindQuietly(d, position);
        rowBound = true;
      }
    }
    return point.bounds(dim);
  }
  Range asked(Value v) {
    Range sum{};
    for (OpOperand &use : v.getUses()) {
      Range r = askedBy(v, use);
      sum = sum.first ? Range{c.min(sum.first, r.first), c.max(sum.second, r.second)} : r;
    }
    return sum.first ? sum : all(v);
  }
  Range askedBy(Value v, OpOperand &use) {
    Operation *op = use.getOwner();
    auto equation = dyn_cast<Equation>(op);
    if (!equation)
      return all(v);
    unsigned inner = scope.kernel.placement[v].layout.rowDims.back();
    for (unsigned i = 0; i < equation.getReads().size(); ++i) {
      if (equation.getReads()[i] != v)
        continue;
      auto dim = dyn_cast<AffineDimExpr>(equation.getReadMap(i).getResult(inner));
      if (!dim)
        return all(v);
      unsigned d = dim.getPosition();
      if (isa<MapOp>(op)) {
        Range r = all(v), own = admitted(op, d);
        bool first = true;
        for (Value result : op->getResults()) {
          Range of = scope.columns.lookup(result);
          if (!of.first)
            return all(v);
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
    return all(v); // a let
  }

  Scope &scope;
  Code &c;
  FoldOp fold;
  Value position;
};

} // namespace

LogicalResult emitFoldRow(const Scope &outer, FoldOp fold, Value position) {
  Scope scope = outer;
  Demand(scope, fold, position).find();
  for (Operation &op : fold.getRegion().front().without_terminator())
    if (failed(emitForExample(scope, &op, position)))
      return failure();
  return success();
}

} // namespace rondo
