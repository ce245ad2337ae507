#include "passes/algebra/Tidy.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/CSE.h"
#include "passes/algebra/Support.h"

using namespace mlir;
using namespace rondo;

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
    if (op.use_empty() && !isa<AxisOp>(op)) {
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

/// In a scan within another over the same axis a step is its own: what mentions it is not what stands outside.
static void eliminateCommon(func::FuncOp func) {
  constexpr llvm::StringLiteral kDepth = "rondo.depth";
  func.walk([&](ScanOp scan) {
    int64_t depth = 0;
    for (auto outer = scan->getParentOfType<ScanOp>(); outer; outer = outer->getParentOfType<ScanOp>())
      depth += outer.getAxis() == scan.getAxis();
    if (!depth)
      return;
    scan.getBlock().walk([&](Equation op) {
      if (op->getParentOfType<ScanOp>() == scan && mentionsStep(op, scan.getAxis()))
        op->setAttr(kDepth, IntegerAttr::get(IntegerType::get(func.getContext(), 64), depth));
    });
  });
  IRRewriter rewriter(func.getContext());
  DominanceInfo dominance(func);
  eliminateCommonSubExpressions(rewriter, dominance, func);
  func.walk([&](Equation op) { op->removeAttr(kDepth); });
}

void rondo::tidy(func::FuncOp func) {
  eliminateCommon(func);
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
