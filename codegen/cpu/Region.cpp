#include "codegen/cpu/Region.h"

#include "codegen/cpu/Math.h"

using namespace mlir;

namespace rondo {

SmallVector<Value> emitRegion(const Point &point, MapOp map, ArrayRef<Value> read) {
  Code &c = point.code();
  IRMapping values;
  values.map(map.getBlock().getArguments(), read);
  for (Operation &op : map.getBlock().without_terminator()) {
    if (auto index = dyn_cast<IndexOp>(op)) {
      unsigned dim = index.getDim();
      Value v = point.dims[dim];
      values.map(index.getResult(), int(dim) == point.vectorDim ? c.sequence(v) : v);
    } else if (auto length = dyn_cast<LengthOp>(op)) {
      values.map(length.getResult(), point.scope.lengthOf(length.getAxis()));
    } else if (auto step = dyn_cast<StepOp>(op)) {
      values.map(step.getResult(), point.scope.step.lookup(step.getAxis()));
    } else {
      SmallVector<Value> operands;
      for (Value v : op.getOperands())
        operands.push_back(values.lookup(v));
      values.map(op.getResult(0), emitMath(c.b, c.loc, &op, operands, c.target));
    }
  }
  SmallVector<Value> yielded;
  for (Value v : map.getBlock().getTerminator()->getOperands())
    yielded.push_back(values.lookupOrDefault(v));
  return yielded;
}

} // namespace rondo
