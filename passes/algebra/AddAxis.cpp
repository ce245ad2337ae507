#include "passes/algebra/AddAxis.h"
#include "ir/Queries.h"

using namespace mlir;
using namespace rondo;

//===--- What needs the axis -------------------------------------------------------------------------------------===//

/// Whether `op` itself (not its operands) differs along the axis. A ragged axis makes all lengths differ, and with them
/// the steps: threads are at different ones, and backwards each example has its own. A scan's axis makes its step
/// differ.
static bool mentions(Operation *op, const AxisAdder::Axis &axis) {
  if (axis.ragged) {
    for (Type type : op->getResultTypes())
      if (auto tensor = dyn_cast<RankedTensorType>(type); tensor && !tensor.hasStaticShape())
        return true;
    if (isa<LengthOp, ScanOp, AxisOp>(op))
      return true;
  }
  if (auto step = dyn_cast<StepOp>(op))
    return axis.ragged || step.getAxis() == axis.step;
  auto equation = dyn_cast<Equation>(op);
  if (!equation)
    return false;
  for (Attribute extent : equation.getExtents())
    if (axis.ragged && isa<StringAttr>(extent))
      return true;
  for (Attribute scalar : equation.getScalars()) {
    auto [kind, of] = cast<StringAttr>(scalar).getValue().split(' ');
    if (axis.ragged || (kind != "size" && of == axis.step))
      return true;
  }
  return false;
}

bool AxisAdder::mentionsAxis(Operation *op) const {
  return op
      ->walk([&](Operation *inner) { return mentions(inner, axis) ? WalkResult::interrupt() : WalkResult::advance(); })
      .wasInterrupted();
}

bool AxisAdder::needs(Operation *op) const {
  WalkResult found = op->walk([&](Operation *inner) {
    return llvm::any_of(inner->getOperands(), [&](Value v) { return isLifted(v); }) ? WalkResult::interrupt()
                                                                                    : WalkResult::advance();
  });
  return found.wasInterrupted() || mentionsAxis(op);
}

//===--- Types and values ----------------------------------------------------------------------------------------===//

RankedTensorType AxisAdder::liftType(Type type) const {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape = {ShapedType::kDynamic};
  llvm::append_range(shape, tensor.getShape());
  SmallVector<std::string> axes = {axis.name};
  for (unsigned dim = 0; dim < tensor.getRank(); ++dim) {
    if (!tensor.isDynamicDim(dim))
      continue;
    std::string text = axisText(tensor, dim);
    if (axis.ragged && !isRagged(tensor, dim))
      text += "(" + axis.name + ")";
    axes.push_back(text);
  }
  return makeType(shape, axes, tensor.getElementType());
}

Value AxisAdder::twin(Value value) const {
  auto found = lifted.find(value);
  return found != lifted.end() ? found->second.value : same.lookupOrDefault(value);
}

Value AxisAdder::front(OpBuilder &builder, Value value, Location loc) {
  auto found = lifted.find(value);
  if (found != lifted.end() && found->second.dim == 0)
    return found->second.value;
  RankedTensorType type = liftType(value.getType());
  MLIRContext *context = builder.getContext();
  SmallVector<AffineExpr> exprs;
  for (unsigned dim = 1; dim < type.getRank(); ++dim)
    exprs.push_back(builder.getAffineDimExpr(dim));
  Value from = twin(value);
  if (found != lifted.end())
    exprs.insert(exprs.begin() + found->second.dim, builder.getAffineDimExpr(0));
  EquationParts parts;
  parts.results = {type};
  parts.read(from, AffineMap::get(type.getRank(), 0, exprs, context));
  Value moved;
  if (type.getElementType().isInteger(1)) // contract makes no bools
    moved = MapOp::create(builder, loc, parts, [](OpBuilder &, Location, ValueRange read) {
              return SmallVector<Value>(read);
            }).getResult(0);
  else
    moved = ContractOp::create(builder, loc, parts);
  if (found != lifted.end())
    setLifted(value, moved);
  return moved;
}

//===--- Operations ----------------------------------------------------------------------------------------------===//

bool AxisAdder::canLeave(Operation *op) {
  if (auto fold = dyn_cast<FoldOp>(op))
    return llvm::all_of(fold.getBlock().without_terminator(), [](Operation &inner) {
      return canLeave(&inner) || (inner.getNumOperands() == 0 && inner.getNumRegions() == 0);
    });
  return isa<Equation, ConcatOp, DetachOp>(op);
}

LogicalResult AxisAdder::add(OpBuilder &builder, Operation *op) {
  if (!needs(op)) {
    builder.clone(*op, same);
    return success();
  }
  if (auto equation = dyn_cast<Equation>(op))
    return addEquation(builder, equation);
  if (auto fold = dyn_cast<FoldOp>(op))
    return addFold(builder, fold);
  if (auto scan = dyn_cast<ScanOp>(op))
    return addScan(builder, scan);
  if (auto made = dyn_cast<AxisOp>(op)) {
    AxisOp::create(builder, op->getLoc(), made.getAxis(), front(builder, made.getLength(), op->getLoc()),
                   made.getMost());
    return success();
  }
  if (!isa<ConcatOp, DetachOp>(op))
    return failure();
  addPlain(builder, op);
  return success();
}

/// `value` as far as the axis goes at each of `places`, where it has another axis or a fixed size: a dim has to be of
/// the length of what it reads, but for a view's, which gives 0 beyond.
static Value alongAxis(OpBuilder &builder, Location loc, Value value, ArrayRef<unsigned> places, StringRef axis) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  SmallVector<std::string> axes;
  for (unsigned dim = 0; dim < type.getRank(); ++dim) {
    bool along = llvm::is_contained(places, dim);
    if (along)
      shape[dim] = ShapedType::kDynamic;
    if (along || type.isDynamicDim(dim))
      axes.push_back(along ? axis.str() : axisText(type, dim));
  }
  EquationParts view;
  Type element = type.getElementType().isInteger(1) ? builder.getI32Type() : type.getElementType();
  view.results = {makeType(shape, axes, element)};
  view.read(value, builder.getMultiDimIdentityMap(type.getRank()));
  return ContractOp::create(builder, loc, view);
}

/// Terms are there only where dim 0 is below the size of the place.
static void addEnd(EquationParts &parts, RankedTensorType type, unsigned place) {
  MLIRContext *context = type.getContext();
  AffineExpr size = type.isDynamicDim(place) ? parts.scalar(context, ("size " + axisOf(type, place)).str())
                                             : getAffineConstantExpr(type.getDimSize(place), context);
  unsigned dims = parts.getNumDims(), symbols = parts.getNumSymbols();
  AffineExpr below = size - 1 - getAffineDimExpr(0, context);
  if (parts.where.empty())
    return parts.where.push_back(IntegerSet::get(dims, symbols, below, false));
  for (IntegerSet &clause : parts.where) {
    SmallVector<AffineExpr> all(clause.getConstraints());
    SmallVector<bool> equalities(clause.getEqFlags());
    all.push_back(below);
    equalities.push_back(false);
    clause = IntegerSet::get(dims, symbols, all, equalities);
  }
}

LogicalResult AxisAdder::addEquation(OpBuilder &builder, Equation op) {
  MLIRContext *context = builder.getContext();
  EquationParts parts = op.getParts();
  unsigned dims = parts.getNumDims(), symbols = parts.getNumSymbols();

  // Every dim moves up by one; the step of the axis is the new dim, and its symbol goes.
  SmallVector<AffineExpr> newDims, newSymbols;
  for (unsigned dim = 0; dim < dims; ++dim)
    newDims.push_back(builder.getAffineDimExpr(dim + 1));
  unsigned kept = 0;
  SmallVector<std::string> scalars;
  for (unsigned symbol = 0; symbol < symbols; ++symbol) {
    bool isStep = symbol < parts.scalars.size() && !axis.step.empty() && parts.scalars[symbol] == "step " + axis.step;
    newSymbols.push_back(isStep ? builder.getAffineDimExpr(0) : builder.getAffineSymbolExpr(kept++));
    if (!isStep && symbol < parts.scalars.size())
      scalars.push_back(parts.scalars[symbol]);
  }
  parts.scalars = scalars;

  auto lift = [&](Value &value, AffineMap &map) {
    map = map.replaceDimsAndSymbols(newDims, newSymbols, dims + 1, kept);
    auto found = lifted.find(value);
    if (found == lifted.end()) {
      value = same.lookupOrDefault(value);
      return;
    }
    SmallVector<AffineExpr> exprs(map.getResults());
    exprs.insert(exprs.begin() + found->second.dim, builder.getAffineDimExpr(0));
    map = AffineMap::get(dims + 1, kept, exprs, context);
    value = found->second.value;
  };
  SmallVector<std::pair<Type, unsigned>> ends; // of what may end before the axis: then a term is absent
  auto bound = [&](Value &value, AffineMap map, bool isFactor) {
    auto type = cast<RankedTensorType>(value.getType());
    SmallVector<unsigned> places;
    for (auto [place, expr] : llvm::enumerate(map.getResults()))
      if (expr == builder.getAffineDimExpr(0) && axisOf(type, place) != axis.step)
        places.push_back(place);
    if (places.empty())
      return;
    value = alongAxis(builder, op->getLoc(), value, places, axis.name);
    for (unsigned place : places)
      if (!isFactor)
        ends.push_back({type, place});
  };
  for (auto [value, map] : llvm::zip(parts.reads, parts.readMaps)) {
    lift(value, map);
    if (!axis.step.empty() && !isView(op))
      bound(value, map, isa<ContractOp>(op));
  }
  for (auto [value, map] : llvm::zip(parts.lets, parts.letMaps)) {
    lift(value, map);
    if (!axis.step.empty())
      bound(value, map, /*isFactor=*/false);
  }
  for (IntegerSet &set : parts.where)
    set = set.replaceDimsAndSymbols(newDims, newSymbols, dims + 1, kept);
  for (Type &type : parts.results)
    type = liftType(type);
  for (int64_t &dim : parts.over)
    ++dim;
  parts.addedDims = 1;
  for (auto [type, place] : ends)
    addEnd(parts, cast<RankedTensorType>(type), place);

  Operation *made = op.rebuild(builder, op->getLoc(), parts);
  made->walk([&](StepOp step) {
    if (step.getAxis() != axis.step)
      return;
    OpBuilder inner(step);
    step.replaceAllUsesWith(IndexOp::create(inner, step.getLoc(), inner.getIndexType(), 0).getResult());
    step.erase();
  });
  for (auto [before, after] : llvm::zip(op->getResults(), made->getResults()))
    setLifted(before, after);
  return success();
}

LogicalResult AxisAdder::addFold(OpBuilder &builder, FoldOp op) {
  // The region first, because the results' types are those of what it yields.
  OperationState state(op.getLoc(), op->getName());
  state.addAttributes(op->getAttrs());
  OpBuilder inner(builder.getContext());
  inner.createBlock(state.addRegion());
  for (Operation &nested : op.getBlock().without_terminator())
    if (failed(add(inner, &nested)))
      return failure();
  SmallVector<Value> yielded;
  for (Value value : op.getBlock().getTerminator()->getOperands())
    yielded.push_back(front(inner, value, op.getLoc()));
  YieldOp::create(inner, op.getLoc(), yielded);
  state.addTypes(ValueRange(yielded).getTypes());
  Operation *made = builder.create(state);
  for (auto [before, after] : llvm::zip(op->getResults(), made->getResults()))
    setLifted(before, after);
  return success();
}

LogicalResult AxisAdder::addScan(OpBuilder &builder, ScanOp op) {
  // Steps of several positions of the axis run together: right for a batch, where the step is everybody's own, but a
  // scan that leaves another scan would need its body to tell the two steps apart.
  if (!axis.step.empty())
    return failure();
  Location loc = op.getLoc();
  ScanParts parts = op.getParts();
  for (auto [value, dim] : llvm::zip(parts.over, parts.sliceDims)) {
    value = front(builder, value, loc);
    ++dim;
  }
  for (Value &value : parts.init)
    value = front(builder, value, loc);
  for (ScanParts::Past &past : parts.pasts)
    if (past.rows)
      past.rows = front(builder, past.rows, loc);
  for (auto [type, dim] : llvm::zip(parts.stacks, parts.stackDims)) {
    type = liftType(type);
    ++dim;
  }
  for (Type &type : parts.sums)
    type = liftType(type);
  ScanOp made = ScanOp::create(builder, loc, parts);
  Block &body = made.getBlock();
  for (auto [before, after] : llvm::zip(op.getBlock().getArguments(), body.getArguments()))
    setLifted(before, after);
  OpBuilder inner = OpBuilder::atBlockEnd(&body);
  for (Operation &nested : op.getBlock().without_terminator())
    if (failed(add(inner, &nested)))
      return failure();
  SmallVector<Value> yielded;
  for (Value value : op.getYielded())
    yielded.push_back(front(inner, value, loc));
  YieldOp::create(inner, loc, yielded);
  for (auto [before, after] : llvm::zip(op->getResults(), made->getResults()))
    setLifted(before, after);
  return success();
}

void AxisAdder::addPlain(OpBuilder &builder, Operation *op) {
  OperationState state(op->getLoc(), op->getName());
  state.addAttributes(op->getAttrs());
  for (Value operand : op->getOperands())
    state.addOperands(front(builder, operand, op->getLoc()));
  state.addTypes(liftType(op->getResult(0).getType()));
  Operation *made = builder.create(state);
  if (auto concat = dyn_cast<ConcatOp>(made))
    concat.setDim(concat.getDim() + 1);
  setLifted(op->getResult(0), made->getResult(0));
}
