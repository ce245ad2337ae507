#include "passes/algebra/Support.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/CSE.h"

using namespace mlir;
using namespace rondo;

//===--- Questions -----------------------------------------------------------------------------------------------===//

SmallVector<Value> rondo::inputsOf(Operation *op) {
  llvm::SetVector<Value> inputs;
  op->walk([&](Operation *inner) {
    for (Value value : inner->getOperands()) {
      Operation *owner = value.getParentBlock()->getParentOp();
      if (!owner || !op->isAncestor(owner)) // no owner: a block that is being built
        inputs.insert(value);
    }
  });
  return inputs.takeVector();
}

bool rondo::mentionsStep(Operation *op, StringRef axis) {
  return op
      ->walk<WalkOrder::PreOrder>([&](Operation *inner) {
        if (auto scan = dyn_cast<ScanOp>(inner); scan && scan.getAxis() == axis)
          return WalkResult::skip(); // its own step
        if (auto step = dyn_cast<StepOp>(inner); step && step.getAxis() == axis)
          return WalkResult::interrupt();
        if (auto equation = dyn_cast<Equation>(inner))
          for (Attribute scalar : equation.getScalars())
            if (cast<StringAttr>(scalar).getValue() == ("step " + axis).str())
              return WalkResult::interrupt();
        return WalkResult::advance();
      })
      .wasInterrupted();
}

bool rondo::isViewContract(Operation *op) {
  auto contract = dyn_cast<ContractOp>(op);
  return contract && contract.getReads().size() == 1 && contract.getExtents().empty();
}

bool rondo::isProduct(Operation *op) {
  auto contract = dyn_cast<ContractOp>(op);
  return contract && contract.getReads().size() >= 2 && !contract.getExtents().empty();
}

std::optional<unsigned> rondo::pureDim(AffineExpr expr) {
  auto dim = dyn_cast<AffineDimExpr>(expr);
  return dim ? std::optional<unsigned>(dim.getPosition()) : std::nullopt;
}

std::optional<std::pair<int64_t, int64_t>> rondo::rangeOf(AffineExpr expr, Equation equation) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return std::pair(constant.getValue(), constant.getValue());
  if (auto dim = pureDim(expr)) {
    int64_t size = equation.getDimSize(*dim);
    return ShapedType::isDynamic(size) ? std::nullopt : std::optional(std::pair<int64_t, int64_t>(0, size - 1));
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return std::nullopt;
  auto left = rangeOf(binary.getLHS(), equation), right = rangeOf(binary.getRHS(), equation);
  if (!left || !right)
    return std::nullopt;
  bool constant = right->first == right->second;
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return std::pair(left->first + right->first, left->second + right->second);
  case AffineExprKind::Mul:
    if (!constant)
      return std::nullopt;
    return std::pair(std::min(left->first * right->first, left->second * right->first),
                     std::max(left->first * right->first, left->second * right->first));
  case AffineExprKind::FloorDiv:
    if (!constant || left->first < 0)
      return std::nullopt;
    return std::pair(left->first / right->first, left->second / right->first);
  case AffineExprKind::Mod:
    if (!constant)
      return std::nullopt;
    return std::pair<int64_t, int64_t>(0, right->first - 1);
  default:
    return std::nullopt;
  }
}

/// Elements of a token input, or of a slice of one, are below its bound.
static std::optional<int64_t> boundOf(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument)
    return std::nullopt;
  Operation *owner = argument.getOwner()->getParentOp();
  if (auto func = dyn_cast_or_null<func::FuncOp>(owner)) {
    auto bound = func.getArgAttrOfType<IntegerAttr>(argument.getArgNumber(), "rondo.bound");
    return bound ? std::optional<int64_t>(bound.getInt()) : std::nullopt;
  }
  auto scan = dyn_cast_or_null<ScanOp>(owner);
  if (scan && argument.getArgNumber() < scan.getOver().size())
    return boundOf(scan.getOver()[argument.getArgNumber()]);
  return std::nullopt;
}

bool rondo::isInRange(Equation equation, Value value, AffineMap map) {
  auto type = cast<RankedTensorType>(value.getType());
  for (auto [place, expr] : llvm::enumerate(map.getResults())) {
    if (type.isDynamicDim(place)) {
      auto dim = pureDim(expr);
      if (!dim || equation.getDimAxis(*dim) != axisOf(type, place))
        return false;
      continue;
    }
    if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
      if (symbol.getPosition() < equation.getNumScalars())
        return false;
      unsigned let = symbol.getPosition() - equation.getNumScalars();
      auto bound = boundOf(equation.getLets()[let]);
      if (!bound || *bound > type.getDimSize(place) ||
          !isInRange(equation, equation.getLets()[let], equation.getLetMap(let)))
        return false;
      continue;
    }
    auto range = rangeOf(expr, equation);
    if (!range || range->first < 0 || range->second >= type.getDimSize(place))
      return false;
  }
  return true;
}

static bool isOrdinary(Operation *op) { return isa<Equation, ConcatOp, DetachOp, FoldOp, ReadOp, PackOp>(op); }

llvm::DenseSet<Value> rondo::parameterValues(func::FuncOp func) {
  llvm::DenseSet<Value> values;
  func.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (!isOrdinary(op) || isa<MapOp>(op->getParentOp()))
      return WalkResult::advance();
    bool dynamic = llvm::any_of(op->getResultTypes(), [](Type type) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      return !tensor || !tensor.hasStaticShape();
    });
    bool ofExample = false; // mentions a length or a step
    op->walk([&](Operation *inner) {
      ofExample |= isa<LengthOp, StepOp>(inner);
      if (auto equation = dyn_cast<Equation>(inner))
        ofExample |= !equation.getScalars().empty() ||
                     llvm::any_of(equation.getExtents(), [](Attribute extent) { return isa<StringAttr>(extent); });
    });
    if (!dynamic && !ofExample && llvm::all_of(inputsOf(op), [&](Value value) { return values.contains(value); }))
      values.insert_range(op->getResults());
    return WalkResult::advance();
  });
  return values;
}

ParameterSection::ParameterSection(func::FuncOp func) : func(func), values(parameterValues(func)) {
  SmallVector<Operation *> ops;
  func.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op->getNumResults() == 0 || !llvm::all_of(op->getResults(), [&](Value v) { return contains(v); }))
      return WalkResult::advance();
    ops.push_back(op);
    return WalkResult::skip();
  });
  Block &block = func.getBody().front();
  for (Operation *op : ops) {
    if (last)
      op->moveAfter(last);
    else
      op->moveBefore(&block, block.begin());
    last = op;
  }
}

std::string rondo::shapeText(Type type) {
  std::string text;
  for (int64_t size : cast<RankedTensorType>(type).getShape()) {
    if (ShapedType::isDynamic(size))
      continue;
    if (!text.empty())
      text += " x ";
    text += std::to_string(size);
  }
  return text;
}

//===--- Views of views ------------------------------------------------------------------------------------------===//

static bool composeView(ContractOp outer) {
  auto inner = outer.getReads()[0].getDefiningOp<ContractOp>();
  if (!inner || !isViewContract(inner) || !inner.getWhere().empty() || !inner.getLets().empty() || !inner.getScalars().empty())
    return false;
  auto view = cast<Equation>(outer.getOperation()), through = cast<Equation>(inner.getOperation());
  AffineMap map = view.getReadMap(0);
  if (!isInRange(view, inner.getResult(), map))
    return false;
  EquationParts parts = view.getParts();
  parts.reads[0] = inner.getReads()[0];
  SmallVector<AffineExpr> exprs;
  for (AffineExpr expr : through.getReadMap(0).getResults())
    exprs.push_back(expr.replaceDims(map.getResults()));
  parts.readMaps[0] = AffineMap::get(map.getNumDims(), map.getNumSymbols(), exprs, map.getContext());
  OpBuilder builder(outer);
  Operation *made = view.rebuild(builder, outer.getLoc(), parts);
  outer.replaceAllUsesWith(made->getResult(0));
  outer.erase();
  return true;
}

void rondo::composeViews(func::FuncOp func) {
  SmallVector<ContractOp> views;
  func.walk([&](ContractOp op) {
    if (isViewContract(op))
      views.push_back(op);
  });
  for (ContractOp view : views) // makers before readers, so one look at each does
    composeView(view);
}

//===--- Tidying -------------------------------------------------------------------------------------------------===//

/// What of a scan is needed, from its results that are used backward through the body.
namespace {
struct Needed {
  SmallVector<bool> slices, carries, pasts, stacks, sums;
};
} // namespace

static Needed neededOf(ScanOp scan) {
  llvm::DenseSet<Value> live;
  SmallVector<Value> work;
  auto need = [&](Value value) {
    if (live.insert(value).second)
      work.push_back(value);
  };
  Needed needed;
  auto carryYields = scan.getYieldedCarries(), stackYields = scan.getYieldedStacks(), sumYields = scan.getYieldedSums();
  ScanParts parts = scan.getParts();
  needed.carries.assign(carryYields.size(), false);
  needed.stacks.assign(stackYields.size(), false);
  for (auto [i, result] : llvm::enumerate(scan.getLast()))
    if (!result.use_empty())
      needed.carries[i] = true, need(carryYields[i]);
  for (auto [i, result] : llvm::enumerate(scan.getStacked()))
    if (!result.use_empty())
      needed.stacks[i] = true, need(stackYields[i]);
  for (auto [i, result] : llvm::enumerate(scan.getSummed())) {
    needed.sums.push_back(!result.use_empty());
    if (needed.sums.back())
      need(sumYields[i]);
  }
  Block &body = scan.getBlock();
  while (!work.empty()) {
    Value value = work.pop_back_val();
    if (Operation *op = value.getDefiningOp()) {
      if (op->getBlock() == &body)
        for (Value input : inputsOf(op))
          if (input.getParentBlock() == &body)
            need(input);
      continue;
    }
    for (auto [i, argument] : llvm::enumerate(scan.getCarryArgs()))
      if (argument == value)
        needed.carries[i] = true, need(carryYields[i]);
    for (auto [i, argument] : llvm::enumerate(scan.getPastArgs()))
      if (argument == value)
        needed.stacks[parts.pasts[i].stack] = true, need(stackYields[parts.pasts[i].stack]);
  }
  for (Value argument : scan.getSliceArgs())
    needed.slices.push_back(live.contains(argument));
  for (Value argument : scan.getPastArgs())
    needed.pasts.push_back(live.contains(argument));
  return needed;
}

template <typename Range>
static auto keep(Range &&range, ArrayRef<bool> needed) {
  SmallVector<std::decay_t<decltype(*std::begin(range))>> kept;
  for (auto [value, needs] : llvm::zip(range, needed))
    if (needs)
      kept.push_back(value);
  return kept;
}

ScanOp rondo::dropUnused(ScanOp scan) {
  Needed needed = neededOf(scan);
  auto all = [](ArrayRef<bool> flags) { return llvm::all_of(flags, [](bool flag) { return flag; }); };
  ScanParts parts = scan.getParts();
  // Slices of one value at one dim are one slice.
  for (unsigned i = 0; i < parts.over.size(); ++i)
    for (unsigned j = 0; j < i; ++j)
      if (needed.slices[i] && needed.slices[j] && parts.over[i] == parts.over[j] &&
          parts.sliceDims[i] == parts.sliceDims[j]) {
        scan.getSliceArgs()[i].replaceAllUsesWith(scan.getSliceArgs()[j]);
        needed.slices[i] = false;
      }
  if (all(needed.slices) && all(needed.carries) && all(needed.pasts) && all(needed.stacks) && all(needed.sums))
    return scan;

  ScanParts less = parts;
  less.over = keep(parts.over, needed.slices);
  less.sliceDims = keep(parts.sliceDims, needed.slices);
  less.init = keep(parts.init, needed.carries);
  less.stacks = keep(parts.stacks, needed.stacks);
  less.stackDims = keep(parts.stackDims, needed.stacks);
  less.sums = keep(parts.sums, needed.sums);
  less.pasts.clear();
  for (auto [past, needs] : llvm::zip(parts.pasts, needed.pasts)) {
    if (!needs)
      continue;
    less.pasts.push_back(past);
    less.pasts.back().stack = llvm::count(ArrayRef(needed.stacks).take_front(past.stack), true);
  }
  SmallVector<bool> arguments = needed.slices, results = needed.carries;
  llvm::append_range(arguments, needed.carries);
  llvm::append_range(arguments, needed.pasts);
  llvm::append_range(results, needed.stacks);
  llvm::append_range(results, needed.sums);

  OpBuilder builder(scan);
  ScanOp made = ScanOp::create(builder, scan.getLoc(), less);
  Block &from = scan.getBlock(), &to = made.getBlock();
  to.getOperations().splice(to.end(), from.getOperations());
  unsigned next = 0;
  for (auto [argument, needs] : llvm::zip(from.getArguments(), arguments))
    if (needs)
      argument.replaceAllUsesWith(to.getArgument(next++));
  next = 0;
  for (auto [result, needs] : llvm::zip(scan.getResults(), results))
    if (needs)
      result.replaceAllUsesWith(made.getResult(next++));
  Operation *yield = to.getTerminator();
  yield->setOperands(keep(llvm::to_vector(yield->getOperands()), results));
  // Only operations that lead nowhere still use what was dropped.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(to.without_terminator())))
    if (op.use_empty())
      op.erase();
  scan.erase();
  return made;
}

/// Erases operations nothing uses, inside out and last to first.
static bool eraseUnused(Block &block) {
  bool changed = false;
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
    if (op.hasTrait<OpTrait::IsTerminator>())
      continue;
    if (op.use_empty()) {
      op.erase();
      changed = true;
      continue;
    }
    if (!isa<MapOp>(op))
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          changed |= eraseUnused(inner);
  }
  return changed;
}

void rondo::tidy(func::FuncOp func) {
  IRRewriter rewriter(func.getContext());
  DominanceInfo dominance(func);
  eliminateCommonSubExpressions(rewriter, dominance, func);
  bool changed = true;
  while (changed) {
    changed = eraseUnused(func.getBody().front());
    SmallVector<ScanOp> scans;
    func.walk([&](ScanOp scan) { scans.push_back(scan); }); // inner ones first
    for (ScanOp scan : scans) {
      ScanOp made = dropUnused(scan);
      changed |= made != scan;
    }
  }
}
