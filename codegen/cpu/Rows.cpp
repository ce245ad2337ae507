#include "codegen/cpu/Rows.h"

#include "codegen/cpu/Copy.h"
#include "codegen/cpu/Equation.h"
#include "codegen/cpu/FoldRows.h"
#include "codegen/cpu/ProductKernel.h"
#include "ir/Axes.h"

using namespace mlir;

namespace rondo {

// The first dimension over a sequence axis other than b; -1 if there is none.
static int64_t rowDim(RankedTensorType type) {
  for (int64_t d = 0; d < type.getRank(); ++d)
    if (type.isDynamicDim(d) && axisOf(type, d) != "b")
      return d;
  return -1;
}

// The same, of an operation's results: -1 also for a softmax over that dimension and a kernel with one, since threads
// that are dealt its positions would each need the others'.
static int64_t rowDim(Operation *op) {
  if (auto kernel = dyn_cast<KernelOp>(op))
    for (Operation &inner : kernel.getBlock().without_terminator())
      if (isa<SoftmaxOp>(inner) && rowDim(&inner) < 0)
        return -1;
  int64_t d = rowDim(cast<RankedTensorType>(op->getResult(0).getType()));
  return d >= 0 && normalises(op, d) ? -1 : d;
}

static LogicalResult emitRowwise(const Scope &scope, FoldOp fold, unsigned rowAxes, SmallVector<Value> positions) {
  if (positions.size() == rowAxes)
    return emitFoldRow(scope, fold, positions);
  Code &c = scope.kernel.code;
  auto type = cast<RankedTensorType>(fold.getResult(0).getType());
  unsigned dim = Layout::of(type, true).rowDims[positions.size()];
  LogicalResult result = success();
  c.loop(c.index(0), scope.lengthOf(axisOf(type, dim)), 1, [&](Value i) {
    positions.push_back(i);
    result = emitRowwise(scope, fold, rowAxes, positions);
  });
  return result;
}

LogicalResult emitForExample(const Scope &scope, Operation *op, ArrayRef<Value> positions) {
  if (isa<ReadOp, YieldOp>(op) || scope.kernel.placement.isConstant(op))
    return success();
  if (isLookedThrough(op))
    return success();
  if (auto fold = dyn_cast<FoldOp>(op))
    if (unsigned rowAxes = scope.kernel.placement.rowwiseAxes(fold))
      return emitRowwise(scope, fold, rowAxes, SmallVector<Value>(positions));
  if (isa<KernelOp, FoldOp>(op)) {
    for (Operation &inner : op->getRegion(0).front())
      if (failed(emitForExample(scope, &inner, positions)))
        return failure();
    return success();
  }
  // A scan inside a scan's step that is not worth taking all examples together.
  if (auto scan = dyn_cast<ScanOp>(op))
    return emitScan(scope, scan, /*alone=*/true);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  SmallVector<Value> preset(type.getRank());
  for (int64_t d = 0; d < type.getRank(); ++d)
    if (type.isDynamicDim(d) && axisOf(type, d) == "b")
      preset[d] = scope.example;
  for (auto [d, position] : llvm::zip(Layout::of(type, true).rowDims, positions))
    preset[d] = position;
  if (isa<Equation>(op)) {
    emitEquation(scope, op, preset);
    return success();
  }
  if (auto concat = dyn_cast<ConcatOp>(op)) {
    if (type.isDynamicDim(concat.getDim()))
      return op->emitError("joining values along a sequence axis is not built yet"), failure();
    emitConcat(scope, concat, preset);
    return success();
  }
  if (auto detach = dyn_cast<DetachOp>(op)) {
    emitCopy(scope, scope.kernel.storageOf(detach.getOperand()), scope.kernel.storageOf(detach.getResult()), type,
             preset);
    return success();
  }
  return op->emitError("has no code generation yet"), failure();
}

/// The operation of kind Op that a kernel consists of, or null.
template <typename Op>
static Op kernelOver(Operation *op) {
  auto kernel = dyn_cast<KernelOp>(op);
  if (!kernel)
    return nullptr;
  for (Operation &inner : kernel.getBlock())
    if (auto found = dyn_cast<Op>(inner))
      return found;
  return nullptr;
}

static LogicalResult emitTopProduct(Kernel &kernel, ProductKernel product) {
  Code &c = kernel.code;
  Scope outer(kernel);
  int64_t d = rowDim(product.resultType());
  RowSpace rows;
  rows.flat = true;
  if (d < 0) {
    rows.count = kernel.field(FrameField::Batch);
    auto place = [&](Value i) { return std::pair(outer.withExample(i), SmallVector<Value>()); };
    rows.placeOf = place;
    product.emit(kernel, rows, kernel.tid, kernel.threads, Product::Auto);
    return success();
  }
  SmallVector<int64_t> axes = Layout::of(product.resultType(), true).axes(kernel.axes);
  int64_t space = kernel.axes.spaceOf(axes);
  Value exampleOf = kernel.element(FrameField::ExampleOf, space);
  auto place = [&](Value i) {
    Scope scope = outer.withExample(c.loadInt(exampleOf, i));
    // The last axis runs fastest.
    SmallVector<Value> positions(axes.size());
    Value rest = c.sub(i, scope.offset[space]);
    for (unsigned k = axes.size(); k-- > 1;) {
      Value length = scope.length[axes[k]], outward = arith::DivUIOp::create(c.b, c.loc, rest, length);
      positions[k] = c.sub(rest, c.mul(outward, length));
      rest = outward;
    }
    positions[0] = rest;
    return std::pair(scope, positions);
  };
  rows.count = kernel.number(FrameField::Rows, space);
  rows.placeOf = place;
  product.emit(kernel, rows, kernel.tid, kernel.threads, Product::Auto);
  return success();
}

// Whether each operation of a kernel reads what the kernel computes at its own row.
static bool readsOwnRows(KernelOp kernel) {
  for (Operation &op : kernel.getBlock().without_terminator()) {
    if (!isa<Equation>(op))
      continue;
    EquationView eq = EquationView::of(&op);
    int64_t row = rowDim(&op);
    auto own = [&](Value v, AffineMap map) {
      if (v.getParentBlock() != &kernel.getBlock())
        return true;
      int64_t d = rowDim(v.getDefiningOp());
      if (d < 0 || row < 0)
        return d < 0 && row < 0;
      auto type = cast<RankedTensorType>(v.getType()), mine = cast<RankedTensorType>(op.getResult(0).getType());
      return map.getResult(d) == getAffineDimExpr(row, map.getContext()) && axisOf(type, d) == axisOf(mine, row);
    };
    for (auto [v, map] : llvm::zip(eq.reads, eq.readMaps))
      if (!own(v, map))
        return false;
    for (auto [v, map] : llvm::zip(eq.lets, eq.letMaps))
      if (!own(v, map))
        return false;
  }
  return true;
}

SmallVector<Operation *> partsOf(Operation *op, const Placement &placement) {
  auto kernel = dyn_cast<KernelOp>(op);
  if (!kernel || kernelOver<ScanOp>(op))
    return {op};
  SmallVector<Operation *> parts;
  if (auto product = ProductKernel::of(kernel, placement)) {
    for (Operation *earlier : product->before())
      if (!isLookedThrough(earlier))
        parts.push_back(earlier);
    parts.push_back(op);
    return parts;
  }
  FoldOp fold = kernelOver<FoldOp>(op);
  if (!fold && readsOwnRows(kernel))
    return {op};
  // A fold whose operations read each other at other rows than their own is none to the code: one is finished, then the
  // next.
  bool apart = fold && !placement.rowwiseAxes(fold) && !placement.panelSlot(fold);
  auto add = [&](Block &block, auto &add) -> void {
    for (Operation &inner : block.without_terminator())
      if (apart && &inner == fold)
        add(fold.getBody().front(), add);
      else if (!isLookedThrough(&inner))
        parts.push_back(&inner);
  };
  add(kernel.getBlock(), add);
  return parts;
}

LogicalResult emitRows(Kernel &kernel, Operation *op) {
  Code &c = kernel.code;
  Scope outer(kernel);
  auto share = [&](Value n, Value part) { // the part-th bound of n items split over the threads
    return arith::DivUIOp::create(c.b, c.loc, c.mul(n, part), kernel.threads);
  };
  if (auto scan = dyn_cast<ScanOp>(op))
    return emitScan(outer, scan, /*alone=*/false);
  if (auto inner = kernelOver<ScanOp>(op))
    return emitRows(kernel, inner);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  int64_t d = rowDim(op);
  if (auto kernelOp = dyn_cast<KernelOp>(op))
    if (auto product = ProductKernel::of(kernelOp, kernel.placement))
      return emitTopProduct(kernel, *product);
  LogicalResult result = success();
  if (d >= 0) {
    int64_t axis = kernel.axes.indexOf(axisOf(type, d));
    Value rows = kernel.number(FrameField::Rows, axis), exampleOf = kernel.element(FrameField::ExampleOf, axis);
    c.loop(share(rows, kernel.tid), share(rows, c.add(kernel.tid, c.index(1))), 1, [&](Value row) {
      Scope scope = outer.withExample(c.loadInt(exampleOf, row));
      result = emitForExample(scope, op, c.sub(row, scope.offset[axis]));
    });
  } else if (kernel.placement[op->getResult(0)].layout.perExample) {
    Value batch = kernel.field(FrameField::Batch);
    c.loop(share(batch, kernel.tid), share(batch, c.add(kernel.tid, c.index(1))), 1,
           [&](Value e) { result = emitForExample(outer.withExample(e), op); });
  } else {
    c.guarded(c.holds(arith::CmpIPredicate::eq, kernel.tid, c.index(0)), [&] { result = emitForExample(outer, op); });
  }
  return result;
}

} // namespace rondo
