// Every operation gets into a kernel: one piece of code for one emitter.
//
//   before  %y = contract (b, t, j | e) %W[j, e] * %x[b, t, e]
//           %z = map (b, t, j) %y[b, t, j], %bias[j] { .. }
//
//   after   %z = kernel "product" {columns = 64, depth = 8, gates = 1, maps = 1, rows = 2} {
//             %y, %z as before ; yield %z }
//
// Forms and schedules: docs/kernels.md. Kernels mean their inlining, so nothing is computed differently here.
// Precondition: batched; products flat (flatten-columns). Postcondition: a function, and each scan's body, holds
// kernels and its terminator only, and a function its `axis` operations; views stand in the kernels that read them.
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/algebra/Support.h"
#include "passes/algebra/Views.h"
#include "passes/kernel/Grouping.h"

namespace rondo {
#define GEN_PASS_DEF_FORMKERNELS
#include "passes/Passes.h.inc"
} // namespace rondo

using namespace mlir;
using namespace rondo;

namespace {
constexpr llvm::StringLiteral kPass = "form-kernels";

class KernelFormer {
public:
  KernelFormer(func::FuncOp func, StringRef recurrences)
      : func(func), recurrences(recurrences), builder(func.getContext()) {}

  LogicalResult run() {
    if (failed(checkBlock(func.getBody().front())))
      return failure();
    guardReadsOfViews(func);
    parameters = ParameterSection(func).getValues();
    func.walk([&](Block *block) {
      if (!isa<MapOp, FoldOp>(block->getParentOp()))
        prepareProducts(*block, parameters);
    });
    formBlock(func.getBody().front());
    finishViews(func);
    formLoad();
    return success();
  }

private:
  /// Kernels are of what gives tensors, but of no kernels; other dialects' operations may give anything.
  static LogicalResult checkBlock(Block &block) {
    for (Operation &op : block.without_terminator()) {
      if (isa<AxisOp>(op))
        continue;
      if (isa<KernelOp>(op))
        return op.emitOpError("is there already: kernels are formed once");
      if (op.getNumResults() == 0 || !llvm::all_of(op.getResultTypes(), llvm::IsaPred<RankedTensorType>))
        return op.emitOpError("gets into no kernel, because it does not give tensors: not built yet");
      if (auto scan = dyn_cast<ScanOp>(op); scan && failed(checkBlock(scan.getBlock())))
        return failure();
    }
    return success();
  }

  void formBlock(Block &block) {
    for (Operation &op : block)
      if (auto scan = dyn_cast<ScanOp>(op))
        formBlock(scan.getBlock()); // inner blocks first: they take clones of the views out here
    std::vector<KernelGroup> groups = groupBlock(block, parameters);
    for (const KernelGroup &group : groups)
      formKernel(block, group);
  }

  void formKernel(Block &block, const KernelGroup &group) {
    Operation *root = group.ops.front();
    if (group.form == KernelGroup::Axis) { // between kernels: what follows is over it
      root->moveBefore(block.getTerminator());
      return;
    }
    Block *body = new Block();
    IRMapping views; // free views and their clones in this kernel
    for (Operation *op : group.ops) {
      builder.setInsertionPointToEnd(body);
      for (Value input : inputsOf(op))
        if (isFreeView(input.getDefiningOp())) {
          Value clone = cloneView(input, views);
          input.replaceUsesWithIf(clone, [&](OpOperand &use) { return op->isAncestor(use.getOwner()); });
        }
      op->moveBefore(body, body->end());
    }
    eraseDeadViews(block);

    SmallVector<Value> yielded;
    for (Operation *op : group.ops)
      for (Value result : op->getResults())
        if (llvm::any_of(result.getUsers(), [&](Operation *user) { return !body->findAncestorOpInBlock(*user); }))
          yielded.push_back(result);
    builder.setInsertionPoint(block.getTerminator());
    Location loc = root->getLoc();
    auto kernel = KernelOp::create(builder, loc, ValueRange(yielded).getTypes(), formName(group.form), schedule(group));
    kernel.getBody().push_back(body);
    for (auto [i, value] : llvm::enumerate(yielded))
      value.replaceUsesWithIf(kernel.getResult(i),
                              [&](OpOperand &use) { return !kernel->isProperAncestor(use.getOwner()); });
    builder.setInsertionPointToEnd(body);
    YieldOp::create(builder, loc, yielded);
    report(kernel, group);
  }

  Value cloneView(Value value, IRMapping &views) {
    Operation *view = value.getDefiningOp();
    if (!isFreeView(view))
      return value;
    if (Value done = views.lookupOrNull(value))
      return done;
    IRMapping operands;
    for (Value operand : view->getOperands())
      operands.map(operand, cloneView(operand, views));
    Value clone = builder.clone(*view, operands)->getResult(0);
    views.map(value, clone);
    return clone;
  }

  static void eraseDeadViews(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isView(&op) && op.use_empty())
        op.erase();
  }

  static StringRef formName(KernelGroup::Form form) {
    switch (form) {
    case KernelGroup::Product:
      return "product";
    case KernelGroup::Rows:
      return "rows";
    case KernelGroup::Scan:
      return "scan";
    case KernelGroup::Fold:
      return "fold";
    case KernelGroup::Axis:
      break;
    }
    llvm_unreachable("a form without a name");
  }

  DictionaryAttr schedule(const KernelGroup &group) {
    NamedAttrList entries;
    auto number = [&](StringRef name, int64_t value) { entries.set(name, builder.getI64IntegerAttr(value)); };
    Operation *root = group.ops.front();
    switch (group.form) {
    case KernelGroup::Product:
      number("columns", group.shape->width);
      number("depth", group.shape->depth);
      number("gates", group.width ? group.shape->width / group.width : 1);
      number("maps", group.maps);
      number("rows", group.rowAxes.size());
      break;
    case KernelGroup::Rows: {
      int64_t columns = 1;
      for (Operation *op : group.ops)
        for (Type type : op->getResultTypes()) {
          int64_t width = 1;
          for (int64_t size : cast<RankedTensorType>(type).getShape())
            width *= ShapedType::isDynamic(size) ? 1 : size;
          columns = std::max(columns, width);
        }
      number("columns", columns);
      number("rows", group.rowAxes.size());
      break;
    }
    case KernelGroup::Scan:
      entries.set("axis", builder.getStringAttr(cast<ScanOp>(root).getAxis()));
      if (!recurrences.empty())
        entries.set("threads", builder.getStringAttr(recurrences));
      break;
    case KernelGroup::Fold:
      entries.set("axes", cast<FoldOp>(root).getAxesAttr());
      number("rows", group.rowAxes.size());
      break;
    case KernelGroup::Axis:
      break;
    }
    return entries.getDictionary(builder.getContext());
  }

  void report(KernelOp kernel, const KernelGroup &group) {
    Location loc = kernel.getLoc();
    switch (group.form) {
    case KernelGroup::Product: {
      int64_t columns = group.shape->width, depth = group.shape->depth;
      std::string text = "product [" + std::to_string(columns) + " x " + std::to_string(depth) + "]";
      if (group.maps)
        text += " with what is computed from each element of it";
      did(loc, kPass, text, {{"flops per row", 2 * columns * depth}, {"weight bytes", 4 * columns * depth}});
      break;
    }
    case KernelGroup::Rows:
      did(loc, kPass,
          "one pass over the rows for " + std::to_string(group.ops.size()) +
              (group.ops.size() == 1 ? " operation" : " operations"));
      break;
    case KernelGroup::Scan: {
      auto scan = cast<ScanOp>(group.ops.front());
      unsigned kernels = std::distance(scan.getBlock().begin(), scan.getBlock().end()) - 1;
      did(loc, kPass, "recurrence over " + scan.getAxis() + " in one kernel", {{"kernels per step", kernels}});
      break;
    }
    case KernelGroup::Fold:
      did(loc, kPass, "fold in one kernel");
      break;
    case KernelGroup::Axis:
      break;
    }
  }

  /// Parameters' operations, all at the start of the function, become one kernel that runs when a model is opened.
  void formLoad() {
    Block &block = func.getBody().front();
    SmallVector<Operation *> ops;
    for (Operation &op : block.without_terminator())
      if (!isa<KernelOp, AxisOp>(op) && llvm::all_of(op.getResults(), [&](Value v) { return parameters.contains(v); }))
        ops.push_back(&op);
    if (ops.empty())
      return;
    Block *body = new Block();
    for (Operation *op : ops)
      op->moveBefore(body, body->end());
    SmallVector<Value> yielded;
    for (Operation *op : ops)
      for (Value result : op->getResults())
        if (llvm::any_of(result.getUsers(), [&](Operation *user) { return !body->findAncestorOpInBlock(*user); }))
          yielded.push_back(result);
    builder.setInsertionPointToStart(&block);
    auto kernel =
        KernelOp::create(builder, func.getLoc(), ValueRange(yielded).getTypes(), "load", builder.getDictionaryAttr({}));
    kernel.getBody().push_back(body);
    for (auto [i, value] : llvm::enumerate(yielded))
      value.replaceUsesWithIf(kernel.getResult(i),
                              [&](OpOperand &use) { return !kernel->isProperAncestor(use.getOwner()); });
    builder.setInsertionPointToEnd(body);
    YieldOp::create(builder, func.getLoc(), yielded);
  }

  func::FuncOp func;
  StringRef recurrences;
  OpBuilder builder;
  llvm::DenseSet<Value> parameters;
};

struct FormKernelsPass : rondo::impl::FormKernelsBase<FormKernelsPass> {
  using FormKernelsBase::FormKernelsBase;
  void runOnOperation() override {
    if (!llvm::is_contained({"", "examples", "columns"}, recurrences.getValue())) {
      getOperation().emitError("form-kernels: recurrences are shared by 'examples' or 'columns', not by '")
          << recurrences.getValue() << "'";
      return signalPassFailure();
    }
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (!func.isExternal() && failed(KernelFormer(func, recurrences).run()))
        return signalPassFailure();
  }
};
} // namespace
