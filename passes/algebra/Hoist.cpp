// What does not depend on the recurrence leaves the scan: all `W @ x[t]` become one product before it.
//
//   before  %hs = scan t over (%x at 0) from (%h0) { ^bb0(%xt, %h): %a = contract (j | e) %W[j, e] * %xt[e]  ... }
//   after   %A = contract (t, j | e) %W[j, e] * %x[t, e]
//           %hs = scan t over (%A at 0) from (%h0) { ^bb0(%a, %h): ... }
//
// An operation that depends on nothing in the body leaves as it is. A product or a fold that depends on slices (and
// the step) alone leaves by add-axis and takes along what it reads. Maps, views and reductions never leave alone: it
// would store a value per step that costs less to compute again.
// Precondition: a program of one example; in a scan of a batched one `b` means the living, at each step others.
// Postcondition: no invariant operation in a scan; slices, carries and results that nothing reads are gone.
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/algebra/AddAxis.h"
#include "passes/algebra/Support.h"
#include "passes/algebra/Tidy.h"

namespace rondo {
#define GEN_PASS_DEF_HOIST
#include "passes/Passes.h.inc"
} // namespace rondo

using namespace mlir;
using namespace rondo;

namespace {
constexpr llvm::StringLiteral kPass = "hoist";

class Hoister {
public:
  explicit Hoister(ScanOp scan)
      : scan(scan), body(scan.getBlock()), builder(scan), adder({scan.getAxis().str(), false, scan.getAxis().str()}) {}

  void run() {
    moveInvariants();
    findFree();
    findLeaving();
    if (leaving.empty())
      return;
    lift();
    rebuild();
  }

private:
  bool isInside(Value value) const { return value.getParentBlock() == &body; }

  void moveInvariants() {
    for (Operation &op : llvm::make_early_inc_range(body.without_terminator())) {
      if (llvm::any_of(inputsOf(&op), [&](Value v) { return isInside(v); }) || mentionsStep(&op, scan.getAxis()))
        continue;
      op.moveBefore(scan);
      if (isProduct(&op) || isa<FoldOp, ScanOp>(op))
        did(op.getLoc(), kPass,
            "the same for all steps of " + scan.getAxis() + ": computed once, before the recurrence");
    }
  }

  /// Operations that depend on no carry and no past.
  void findFree() {
    llvm::DenseSet<Value> recurring(llvm::from_range, scan.getCarryArgs());
    recurring.insert_range(scan.getPastArgs());
    for (Operation &op : body.without_terminator()) {
      bool recurs = llvm::any_of(inputsOf(&op), [&](Value v) { return recurring.contains(v); });
      if (recurs && isProduct(&op))
        left(op.getLoc(), kPass, "depends on the recurrence over " + scan.getAxis() + ": computed at each step");
      if (recurs || !AxisAdder::canLeave(&op))
        recurring.insert_range(op.getResults());
      else
        free.insert(&op);
    }
  }

  /// Products and folds among them, and what they need.
  void findLeaving() {
    for (Operation &op : llvm::reverse(body.without_terminator())) {
      if (!free.contains(&op))
        continue;
      bool wanted = isProduct(&op) || isa<FoldOp>(op) ||
                    llvm::any_of(op.getUsers(), [&](Operation *user) { return leaving.contains(outermost(user)); });
      if (wanted)
        leaving.insert(&op);
    }
  }
  Operation *outermost(Operation *op) const { return body.findAncestorOpInBlock(*op); }

  void lift() {
    ScanParts parts = scan.getParts();
    for (auto [argument, value, dim] : llvm::zip(scan.getSliceArgs(), parts.over, parts.sliceDims))
      adder.setLifted(argument, value, dim);
    for (Operation &op : body.without_terminator()) {
      if (!leaving.contains(&op))
        continue;
      (void)adder.add(builder, &op); // has a rule for each kind of operation that may leave
      if (isProduct(&op))
        did(op.getLoc(), kPass,
            "does not depend on the recurrence over " + scan.getAxis() + ": one product for all steps, before it");
      else if (isa<FoldOp>(op))
        did(op.getLoc(), kPass, "does not depend on the recurrence over " + scan.getAxis() + ": leaves it");
    }
  }

  /// What stays reads the lifted values as slices.
  void rebuild() {
    ScanParts parts = scan.getParts();
    SmallVector<Value> added;
    for (Operation &op : body.without_terminator()) {
      if (!leaving.contains(&op))
        continue;
      for (Value result : op.getResults()) {
        bool read = llvm::any_of(result.getUsers(), [&](Operation *user) {
          Operation *holder = outermost(user);
          return !leaving.contains(holder);
        });
        if (read)
          added.push_back(result);
      }
    }
    unsigned slices = parts.over.size();
    for (Value value : added) {
      parts.over.push_back(adder.front(builder, value, scan.getLoc()));
      parts.sliceDims.push_back(0);
    }
    ScanOp made = ScanOp::create(builder, scan.getLoc(), parts);
    Block &to = made.getBlock();
    to.getOperations().splice(to.end(), body.getOperations());
    for (auto [i, argument] : llvm::enumerate(body.getArguments()))
      argument.replaceAllUsesWith(to.getArgument(i < slices ? i : i + added.size()));
    for (auto [i, value] : llvm::enumerate(added))
      value.replaceAllUsesWith(to.getArgument(slices + i));
    // Last first: what leaves is read by nothing but what leaves.
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(to)))
      if (leaving.contains(&op))
        op.erase();
    scan->replaceAllUsesWith(made->getResults());
    scan.erase();
  }

  ScanOp scan;
  Block &body;
  OpBuilder builder;
  AxisAdder adder;
  llvm::DenseSet<Operation *> free, leaving;
};

struct HoistPass : rondo::impl::HoistBase<HoistPass> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (func.isExternal())
        continue;
      if (mentionsExamples(func)) {
        func.emitError("has a batch: what leaves a recurrence leaves it for one example (rondo-batch comes after)");
        return signalPassFailure();
      }
      tidy(func);
      SmallVector<ScanOp> scans;
      func.walk([&](ScanOp scan) { scans.push_back(scan); }); // inner ones first
      for (ScanOp scan : scans)
        Hoister(scan).run();
      tidy(func);
    }
  }
};
} // namespace
