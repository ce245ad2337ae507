// One arena for all values of a function: which slot each lives in.
//
//   before  %a = kernel "product" {..} { %y = contract (b, t, j | e) .. }        %c = kernel "product" {..} { .. }
//   after   the same operations with rondo.slots = array<i64: 0>, one number for each result,
//           func attributes {rondo.arena = [["rows t", 64], ["examples", 16]]}: floats for each of what
//
// A slot's size is affine: its floats times one of 1, the examples, the rows of an axis, the rows of several axes
// together. Values share a slot when one is dead before the other is made. What a kernel reads lives until the kernel's
// end, because its rows run in any order on several threads. Within a kernel or a scan two values share only if their
// rows are equally long: row r of the one then overlaps row r of the other and no other row, and each row runs in
// order. Carries of scans have buffers of their own. Precondition: kernels formed. Postcondition: every operation
// outside `load` that gives a value has `rondo.slots`, but for views that are read through, kernels and folds. Code
// generation takes a slot only for what it does store: what stays in registers or in a thread's scratch, and what it
// writes into the caller's buffers, needs none.
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/algebra/Support.h"
#include "passes/algebra/Views.h"

namespace rondo {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/Passes.h.inc"
} // namespace rondo

using namespace mlir;
using namespace rondo;

namespace {
/// What one value needs: `floats` for each of `term`. Values of one `rows` have their rows at the same places.
struct Need {
  std::string term, rows;
  int64_t floats = 0;
};

struct Slot {
  Need need;
  int64_t freeFrom;    // first place in the order where nothing in it is alive
  Operation *lastUser; // the kernel of the last value in it
};

class Planner {
public:
  explicit Planner(func::FuncOp func) : func(func), builder(func.getContext()) {}

  void run() {
    func.walk([](Operation *op) { op->removeAttr("rondo.slots"); }); // of an earlier run, before others moved things
    number(func.getBody().front());
    visit(func.getBody().front(), nullptr);
    SmallVector<Attribute> arena;
    for (const Slot &slot : slots)
      arena.push_back(
          builder.getArrayAttr({builder.getStringAttr(slot.need.term), builder.getI64IntegerAttr(slot.need.floats)}));
    func->setAttr("rondo.arena", builder.getArrayAttr(arena));
    did(func.getLoc(), "plan-memory", std::to_string(values) + " values in " + std::to_string(slots.size()) + " slots");
  }

private:
  /// Places in the order of execution: an operation begins, what is inside it comes, it ends.
  void number(Block &block) {
    for (Operation &op : block) {
      begin[&op] = place++;
      if (!isa<MapOp>(op))
        for (Region &region : op.getRegions())
          for (Block &inner : region)
            number(inner);
      end[&op] = place++;
    }
  }

  static Need needOf(Type type) {
    auto tensor = cast<RankedTensorType>(type);
    SmallVector<std::string> axes;
    bool ofExample = false;
    int64_t floats = 1, innermost = -1;
    for (unsigned dim = 0; dim < tensor.getRank(); ++dim) {
      if (!tensor.isDynamicDim(dim)) {
        floats *= tensor.getDimSize(dim);
        innermost = tensor.getDimSize(dim);
      } else if (axisOf(tensor, dim) == "b") {
        ofExample = true;
      } else {
        axes.push_back(axisOf(tensor, dim).str());
      }
    }
    if (innermost > 0)
      floats = floats / innermost * llvm::alignTo(innermost, 16);
    std::string rows = std::to_string(floats);
    if (axes.empty())
      return {ofExample ? "examples" : "once", rows, floats};
    if (axes.size() == 1)
      return {"rows " + axes.front(), rows, floats};
    llvm::sort(axes); // in any order they have as many rows
    return {"rows " + llvm::join(axes, " "), shapeText(type), floats};
  }

  /// Where the value is last needed. A kernel or scan that reads something from outside needs it until its end; what a
  /// kernel yields lives on as the kernel's result; and who reads a view reads what it looks at.
  int64_t lastNeed(Value value) {
    int64_t last = 0;
    Block *home = value.getParentBlock();
    for (OpOperand &use : value.getUses()) {
      Operation *user = use.getOwner();
      if (Operation *holder = home->findAncestorOpInBlock(*user))
        last = std::max(last, end[holder]);
      if (isView(user))
        last = std::max(last, lastNeed(user->getResult(0)));
      Operation *parent = user->getParentOp();
      if (isa<YieldOp>(user) && isa<KernelOp, FoldOp>(parent))
        last = std::max(last, lastNeed(parent->getResult(use.getOperandNumber())));
    }
    return last;
  }

  /// `top`: the operation of the function's block that we are in.
  void visit(Block &block, Operation *top) {
    for (Operation &op : block.without_terminator()) {
      Operation *at = top ? top : &op;
      if (auto kernel = dyn_cast<KernelOp>(op)) {
        if (kernel.getForm() != "load")
          visit(kernel.getBlock(), at);
        continue;
      }
      if (auto fold = dyn_cast<FoldOp>(op)) {
        visit(fold.getBlock(), at);
        continue;
      }
      if (auto scan = dyn_cast<ScanOp>(op)) {
        assign(&op, at);
        visit(scan.getBlock(), at);
        continue;
      }
      bool stored = !isView(&op) || llvm::any_of(op.getUsers(), [](Operation *user) { return isa<YieldOp>(user); });
      if (op.getNumResults() && stored)
        assign(&op, at);
    }
  }

  void assign(Operation *op, Operation *top) {
    SmallVector<int64_t> numbers;
    for (Value result : op->getResults()) {
      int64_t last = std::max(lastNeed(result), end[op]);
      numbers.push_back(take(needOf(result.getType()), begin[op], last, top));
      ++values;
    }
    op->setAttr("rondo.slots", builder.getDenseI64ArrayAttr(numbers));
  }

  /// A slot for a value alive from `from` to `last`.
  int64_t take(const Need &need, int64_t from, int64_t last, Operation *top) {
    int64_t best = -1;
    for (auto [i, slot] : llvm::enumerate(slots)) {
      if (slot.need.term != need.term || slot.freeFrom > from)
        continue;
      bool equal = slot.need.rows == need.rows;
      // Other row lengths only where nothing of the earlier value can still be running.
      bool comparable =
          slot.lastUser != top && slot.need.floats <= 2 * need.floats && need.floats <= 2 * slot.need.floats;
      if (equal || (comparable && best < 0))
        best = i;
      if (equal)
        break;
    }
    if (best < 0) {
      slots.push_back({need, 0, nullptr});
      best = slots.size() - 1;
    }
    Slot &slot = slots[best];
    slot.need = {need.term, need.rows, std::max(slot.need.floats, need.floats)};
    slot.freeFrom = last + 1;
    slot.lastUser = top;
    return best;
  }

  func::FuncOp func;
  OpBuilder builder;
  llvm::DenseMap<Operation *, int64_t> begin, end;
  std::vector<Slot> slots;
  int64_t place = 0;
  unsigned values = 0;
};

struct PlanMemoryPass : rondo::impl::PlanMemoryBase<PlanMemoryPass> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (!func.isExternal())
        Planner(func).run();
  }
};
} // namespace
