#include "codegen/cpu/Placement.h"

#include "codegen/cpu/FoldTile.h"
#include "codegen/cpu/ScanTeam.h"
#include "ir/Axes.h"

using namespace mlir;

namespace rondo {

Value Placement::resolve(Value v) const {
  while (auto *op = v.getDefiningOp()) {
    if (!isa<KernelOp, FoldOp>(op))
      break;
    v = op->getRegion(0).front().getTerminator()->getOperand(cast<OpResult>(v).getResultNumber());
  }
  return v;
}

std::optional<int64_t> Placement::boundOf(Value v) const {
  v = resolve(v);
  auto it = places.find(v);
  if (it == places.end())
    return std::nullopt;
  if (it->second.kind == Place::View)
    return boundOf(it->second.whole);
  auto arg = dyn_cast<BlockArgument>(v);
  auto func = arg ? dyn_cast<func::FuncOp>(arg.getOwner()->getParentOp()) : func::FuncOp();
  if (!func)
    return std::nullopt;
  auto bound = func.getArgAttrOfType<IntegerAttr>(arg.getArgNumber(), "rondo.bound");
  return bound ? std::optional(bound.getInt()) : std::nullopt;
}

bool Placement::isConstant(Operation *op) const {
  return op->getNumResults() && llvm::all_of(op->getResults(), [&](Value v) { return isConstant(v); });
}

// An operation is constant when everything it reads is, and it has neither an example nor a step.
void Placement::findConstants(func::FuncOp func) {
  func.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<ReadOp>(op)) {
      constants.insert(op->getResult(0));
      return WalkResult::advance();
    }
    if (isa<MapOp>(op) || isa<ContractOp, ReduceOp, SoftmaxOp, ConcatOp, PackOp, DetachOp>(op)) {
      bool constant = llvm::all_of(op->getOperands(), [&](Value v) { return constants.contains(resolve(v)); });
      if (auto equation = dyn_cast<Equation>(op))
        constant &= equation.getScalars().empty();
      op->walk([&](Operation *inner) { constant &= !isa<LengthOp, StepOp>(inner); });
      for (Type t : op->getResultTypes())
        constant &= cast<RankedTensorType>(t).hasStaticShape();
      if (constant)
        constants.insert(op->result_begin(), op->result_end());
      return isa<MapOp>(op) ? WalkResult::skip() : WalkResult::advance();
    }
    return WalkResult::advance();
  });
}

bool Placement::usedByEntries(Value v) const {
  for (Operation *user : v.getUsers()) {
    if (isa<YieldOp>(user)) {
      // Yielded by a load kernel: used where the kernel's result is.
      auto *kernel = user->getParentOp();
      for (OpOperand &use : v.getUses())
        if (use.getOwner() == user && isa<KernelOp, FoldOp>(kernel) &&
            usedByEntries(kernel->getResult(use.getOperandNumber())))
          return true;
      if (!isa<KernelOp, FoldOp>(kernel))
        return true;
      continue;
    }
    if (!isConstant(user))
      return true;
  }
  return false;
}

// A slot of its own, or the one that plan-memory gave to this value and to others that are not alive with it.
int64_t Placement::slotFor(Value v, const Layout &layout) {
  auto result = dyn_cast<OpResult>(v);
  auto numbers = result ? result.getOwner()->getAttrOfType<DenseI64ArrayAttr>("rondo.slots") : DenseI64ArrayAttr();
  if (!numbers)
    return newSlot(layout);
  auto [planned, isNew] = plannedSlots.try_emplace(numbers[result.getResultNumber()], slots.size());
  int64_t fresh = newSlot(layout);
  if (isNew)
    return fresh;
  for (auto [size, mine] : llvm::zip(slots[planned->second], slots[fresh]))
    size = std::max(size, mine);
  slots.pop_back();
  return planned->second;
}

int64_t Placement::newSlot(const Layout &layout) {
  std::vector<int64_t> terms(axes->terms());
  int64_t term = !layout.perExample ? 0 : layout.rowDims.empty() ? 1 : axes->rowTerm(axes->spaceOf(layout.axes(*axes)));
  terms[term] = layout.rowSize;
  slots.push_back(terms);
  return slots.size() - 1;
}

LogicalResult Placement::placeResult(Value v, Operation *at) {
  if (places.contains(v))
    return success();
  auto type = cast<RankedTensorType>(v.getType());
  Layout layout = Layout::of(type, /*padded=*/true, axes);
  for (unsigned d : layout.rowDims)
    if (axes->indexOf(axisOf(type, d)) < 0)
      return at->emitError("a value over the computed axis '") << axisOf(type, d) << "' is not built yet", failure();
  if (isConstant(v)) {
    bool kept = usedByEntries(v);
    int64_t &end = kept ? weights->packedFloats : weights->plainFloats;
    places[v] = Place{kept ? Place::Packed : Place::Plain, end, layout};
    end += llvm::alignTo(layout.rowSize, kLanes);
    return success();
  }
  places[v] = Place{Place::Slot, slotFor(v, layout), layout};
  return success();
}

LogicalResult Placement::placeScan(ScanOp scan) {
  scratchSize[1] = std::max(scratchSize[1], depthOf(scan)); // the lists of examples of scans inside steps
  if (!scan.getSummed().empty())
    return scan.emitError("a sum out of a scan is not built yet (rondo-sum-carries makes a carry of it)"), failure();
  int64_t depth = depthOf(scan);
  for (auto [arg, over, dim] : llvm::zip(scan.getSliceArgs(), scan.getOver(), scan.getSliceDims()))
    places[arg] = Place{Place::View, 0, {}, over, dim, depth};
  for (auto [i, arg] : llvm::enumerate(scan.getPastArgs())) {
    if (scan.getPastRows(i))
      return scan.emitError("a past with boundary rows is not built yet"), failure();
    places[arg] = Place{Place::View, 0, {}, scan.getStacked()[scan.getPasts()[i]], -1, depth};
  }
  for (Value arg : scan.getCarryArgs()) {
    Layout layout = Layout::of(cast<RankedTensorType>(arg.getType()), true, axes);
    int64_t first = newSlot(layout);
    newSlot(layout);
    places[arg] = Place{Place::Carry, first, layout};
  }
  for (Value v : scan->getResults())
    if (failed(placeResult(v, scan)))
      return failure();
  return placeBlock(scan.getBlock());
}

// Key panels in a slot: per head and key, with room for each example's last panel; tiles of scores in scratch. The wide
// values themselves are nowhere.
void Placement::placeTiles(FoldOp fold, const FoldPattern &pattern) {
  auto type = cast<RankedTensorType>(pattern.scores->getResult(0).getType());
  int64_t axis = axes->indexOf(axisOf(type, pattern.column));
  std::vector<int64_t> panels(axes->terms());
  panels[1] = 2 * kLanes * pattern.heads() * pattern.depth;
  panels[axes->rowTerm(axis)] = pattern.heads() * pattern.depth;
  slots.push_back(panels);
  panelSlots[fold] = slots.size() - 1;
  if (pattern.gathersValues()) { // the slot behind that of the panels
    std::vector<int64_t> values(axes->terms());
    values[axes->rowTerm(axis)] = pattern.heads() * pattern.width;
    slots.push_back(values);
  }
  auto [constant, factor] = foldScratchPlan(Target{Level::V4}, pattern.depth); // the greatest of all levels
  scratchSize[0] = std::max(scratchSize[0], constant + factor * 12 * kLanes);
  int64_t &longest = scratchSize[axes->longestTerm(axis)];
  longest = std::max(longest, factor);
  for (Operation &op : fold.getRegion().front().without_terminator())
    for (Value v : op.getResults())
      if (Layout layout = Layout::of(cast<RankedTensorType>(v.getType()), true); layout.rowDims.size() == 2)
        places[v] = Place{Place::Nowhere, 0, layout};
}

// A fold goes row by row when every operation in it reads what the fold itself computes at its own row only. What is
// wanted of a row only there exists as one row in scratch.
void Placement::placeFold(FoldOp fold) {
  bool inScan = fold->getParentOfType<ScanOp>() != nullptr;
  if (auto pattern = FoldPattern::of(fold); pattern && !inScan)
    return placeTiles(fold, *pattern);
  auto rowsOf = [](Value v) { return Layout::of(cast<RankedTensorType>(v.getType()), true).rowDims; };
  Block &block = fold.getRegion().front();
  // A row is over the axes that every operation has.
  size_t rowAxes = SIZE_MAX;
  for (Operation &op : block.without_terminator())
    for (Value v : op.getResults())
      rowAxes = std::min<size_t>(rowAxes, rowsOf(v).size());
  for (Operation &op : block.without_terminator()) {
    auto equation = dyn_cast<Equation>(op);
    if (!equation || rowAxes == 0 || !Layout::of(equation.getDomainType(), true).perExample)
      return;
    SmallVector<unsigned> mine = rowsOf(op.getResult(0));
    if (llvm::any_of(ArrayRef(mine).take_front(rowAxes), [&](unsigned dim) { return normalises(&op, dim); }))
      return;
    auto atOwnRow = [&](Value v, AffineMap map) {
      if (v.getParentBlock() != &block)
        return true;
      SmallVector<unsigned> rows = rowsOf(v);
      for (unsigned k = 0; k < rowAxes; ++k)
        if (map.getResult(rows[k]) != getAffineDimExpr(mine[k], map.getContext()) ||
            equation.getDimAxis(mine[k]) != axisOf(cast<RankedTensorType>(v.getType()), rows[k]))
          return false;
      return true;
    };
    for (unsigned i = 0; i < equation.getReads().size(); ++i)
      if (!atOwnRow(equation.getReads()[i], equation.getReadMap(i)))
        return;
    for (unsigned i = 0; i < equation.getLets().size(); ++i)
      if (!atOwnRow(equation.getLets()[i], equation.getLetMap(i)))
        return;
  }
  rowwise[fold] = rowAxes;
  std::vector<int64_t> used(axes->terms());
  for (Operation &op : block.without_terminator())
    for (Value v : op.getResults()) {
      Layout layout = Layout::of(cast<RankedTensorType>(v.getType()), true);
      if (layout.rowDims.size() <= rowAxes || llvm::is_contained(block.getTerminator()->getOperands(), v))
        continue; // stored
      int64_t runs = 1;
      for (int64_t d = 0; d < layout.type.getRank(); ++d)
        if (!layout.type.isDynamicDim(d))
          runs *= layout.type.getDimSize(d);
      places[v] = Place{Place::RowScratch, 0, layout, {}, -1, {}, used, unsigned(rowAxes)};
      used[axes->longestTerm(axes->spaceOf(ArrayRef(layout.axes(*axes)).drop_front(rowAxes)))] += runs;
      used[0] += (runs + 1) * kLanes; // each run to whole vectors, and room behind the last
    }
  for (auto [most, u] : llvm::zip(scratchSize, used))
    most = std::max(most, u);
}

LogicalResult Placement::placeBlock(Block &block) {
  for (Operation &op : block) {
    if (isa<KernelOp, FoldOp>(op)) {
      if (auto kernel = dyn_cast<KernelOp>(op))
        if (auto product = ProductKernel::of(kernel, *this))
          scratchSize[0] = std::max(scratchSize[0], product->scratchFloats());
      if (auto fold = dyn_cast<FoldOp>(op))
        placeFold(fold);
      if (failed(placeBlock(op.getRegion(0).front())))
        return failure();
    } else if (auto scan = dyn_cast<ScanOp>(op)) {
      if (failed(placeScan(scan)))
        return failure();
    } else if (auto read = dyn_cast<ReadOp>(op)) {
      const EmittedCell *cell = weights->cells.lookup(read.getCell());
      Layout plain = Layout::of(cast<RankedTensorType>(read.getType()), false);
      Layout padded = Layout::of(cast<RankedTensorType>(read.getType()), true);
      places[read.getResult()] = Place{Place::Plain, cell->offset, plain};
      if (usedByEntries(read.getResult())) {
        auto [it, isNew] = weights->packedCell.try_emplace(read.getCell(), weights->packedFloats);
        if (isNew)
          weights->packedFloats += llvm::alignTo(padded.rowSize, kLanes);
        places[read.getResult()] = Place{Place::Packed, it->second, padded};
      }
    } else {
      for (Value v : op.getResults())
        if (failed(placeResult(v, &op)))
          return failure();
    }
  }
  return success();
}

FailureOr<Placement> Placement::of(func::FuncOp func, const AxisTable &axes, WeightBlocks &weights) {
  Placement p(axes, weights);
  p.scratchSize.assign(axes.terms(), 0);
  for (auto [i, arg] : llvm::enumerate(func.getArguments()))
    p.places[arg] = Place{Place::Input, int64_t(i), Layout::of(cast<RankedTensorType>(arg.getType()), false)};
  p.findConstants(func);
  Operation *exit = func.getBody().front().getTerminator();
  for (auto [i, v] : llvm::enumerate(exit->getOperands())) {
    Value source = p.resolve(v);
    // The caller's layout of a value over several sequence axes differs from ours.
    bool inner = Layout::of(cast<RankedTensorType>(source.getType()), true, &axes).innerRow;
    if (p.places.contains(source) || p.isConstant(source) || inner) {
      p.copied.push_back({v, i});
      continue;
    }
    Layout layout = Layout::of(cast<RankedTensorType>(source.getType()), false);
    p.places[source] = Place{Place::Result, int64_t(i), layout};
  }
  if (failed(p.placeBlock(func.getBody().front())))
    return failure();
  return p;
}

} // namespace rondo
