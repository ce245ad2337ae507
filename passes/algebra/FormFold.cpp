// Values over two sequence axes, such as attention's scores, are enclosed with what makes and what reads them, so that
// the code for the group never stores them whole.
//
//   before  %s = contract (t, s | i) %q[t, i] * %k[s, i]    %p = softmax (t, s) over (1) %s[t, s] where (s <= t)
//           %y = contract (t, i | s in t) %p[t, s] * %v[s, i]
//   after   %y = fold ["t", "t"] { %s, %p, %y as before ; yield %y }
//
// Nothing is matched: no exp, max or division is looked at. A group is what is connected through wide values. F1: one
// pass over the wide dims must do, so nothing wide may depend on a reduction that is finished inside; a softmax may, if
// what follows it is linear in it up to the results.
// The widest values come first: attention over an image is a group of what has four axes, although its queries, too,
// have two. What a grid of the inputs gives at each of its places is not wide: such a grid stands in memory anyway.
// Postcondition: a wide value stands in a fold, or a remark says why not.
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/algebra/Support.h"
#include <set>

namespace rondo {
#define GEN_PASS_DEF_FORMFOLD
#include "passes/Passes.h.inc"
} // namespace rondo

using namespace mlir;
using namespace rondo;

namespace {
constexpr llvm::StringLiteral kPass = "form-fold";

class Former {
public:
  Former(Block &block, unsigned outerAxes) : block(block), outerAxes(outerAxes) {}

  void run() {
    findGiven();
    std::set<unsigned, std::greater<>> widths;
    for (Operation &op : block)
      if (isa<Equation>(op))
        for (Value result : op.getResults())
          if (unsigned own = width(result); own >= 2 && !given.contains(result))
            widths.insert(own);
    for (unsigned least : widths) {
      wide.clear();
      for (Operation &op : block)
        if (isa<Equation>(op))
          for (Value result : op.getResults())
            if (width(result) >= least && !given.contains(result))
              wide.insert(result);
      for (llvm::SetVector<Operation *> &ops : components())
        form(ops.getArrayRef());
    }
  }

private:
  static SmallVector<std::string> sequenceAxes(Type type) {
    SmallVector<std::string> axes;
    auto tensor = dyn_cast<RankedTensorType>(type);
    for (unsigned dim = 0; tensor && dim < tensor.getRank(); ++dim)
      if (tensor.isDynamicDim(dim) && axisOf(tensor, dim) != "b")
        axes.push_back(axisOf(tensor, dim).str());
    llvm::sort(axes);
    return axes;
  }

  /// Sequence axes of a value made here, with those of the scans around; 0: none of its own.
  unsigned width(Value value) const {
    unsigned axes = sequenceAxes(value.getType()).size();
    return axes ? axes + outerAxes : 0;
  }

  /// Values that stand in memory at the size of what is made here: what comes in over several axes, slices of such, and
  /// what is made of them place by place. Carries and pasts do not count: there is one of them, not one for each step.
  void findGiven() {
    auto scan = dyn_cast<ScanOp>(block.getParentOp());
    for (Value argument : scan ? scan.getSliceArgs() : block.getArguments())
      if (width(argument) >= 2)
        given.insert(argument);
    std::set<SmallVector<std::string>> grids;
    for (Value value : given)
      grids.insert(sequenceAxes(value.getType()));
    for (Operation &op : block)
      for (Value result : op.getResults()) {
        if (width(result) < 2)
          continue;
        SmallVector<std::string> axes = sequenceAxes(result.getType());
        bool ofGiven = isa<ScanOp>(op), ofWide = false, ofWider = false;
        for (Value input : inputsOf(&op)) {
          ofWider |= width(input) > width(result);
          bool outside = input.getParentBlock() != &block && sequenceAxes(input.getType()).size() >= width(result);
          if (given.contains(input) || outside)
            ofGiven |= sequenceAxes(input.getType()) == axes || outside;
          else
            ofWide |=
                input.getParentBlock() == &block && input.getDefiningOp() && sequenceAxes(input.getType()) == axes;
        }
        // What a still wider value is reduced to may be over a grid that is there anyway.
        if (!ofWide && (ofGiven || (ofWider && grids.count(axes))))
          given.insert(result);
      }
  }

  /// In block order.
  SmallVector<llvm::SetVector<Operation *>> components() {
    SmallVector<llvm::SetVector<Operation *>> groups;
    for (Operation &op : block) {
      if (!isa<Equation>(op))
        continue;
      bool makes = llvm::any_of(op.getResults(), [&](Value v) { return wide.contains(v); });
      bool reads = llvm::any_of(op.getOperands(), [&](Value v) { return wide.contains(v); });
      if (!makes && !reads)
        continue;
      llvm::SetVector<Operation *> joined;
      for (auto it = groups.begin(); it != groups.end();) {
        bool connected = llvm::any_of(op.getOperands(), [&](Value v) {
          return wide.contains(v) && v.getDefiningOp() && it->contains(v.getDefiningOp());
        });
        if (!connected) {
          ++it;
          continue;
        }
        joined.insert_range(*it);
        it = groups.erase(it);
      }
      joined.insert(&op);
      groups.push_back(std::move(joined));
    }
    return groups;
  }

  void form(ArrayRef<Operation *> unordered) {
    llvm::DenseSet<Operation *> members(llvm::from_range, unordered);
    SmallVector<Operation *> ops;
    for (Operation &op : block)
      if (members.contains(&op))
        ops.push_back(&op);
    // What is read outside, and where.
    SmallVector<Value> results;
    Operation *firstReader = block.getTerminator();
    for (Operation *op : ops)
      for (Value result : op->getResults()) {
        bool escapes = false;
        for (Operation *user : result.getUsers()) {
          Operation *holder = block.findAncestorOpInBlock(*user);
          if (members.contains(holder))
            continue;
          escapes = true;
          if (holder->isBeforeInBlock(firstReader))
            firstReader = holder;
        }
        if (!escapes)
          continue;
        if (wide.contains(result))
          return left(op->getLoc(), kPass, "this value over " + axesText(result) + " is read outside: it is stored");
        results.push_back(result);
      }
    if (results.empty() || ops.size() < 2)
      return;
    // The fold stands where its last member stood; nothing may read its results before that.
    if (firstReader->isBeforeInBlock(ops.back()))
      return left(ops.back()->getLoc(), kPass,
                  "not one pass: a part of it is needed before another part can be computed");
    if (!checkOnePass(ops, members))
      return;
    enclose(ops, results);
  }

  /// F1. Says what breaks it.
  bool checkOnePass(ArrayRef<Operation *> ops, const llvm::DenseSet<Operation *> &members) {
    for (Operation *op : ops) {
      if (!llvm::any_of(op->getResults(), [&](Value v) { return wide.contains(v); }))
        continue;
      for (Value value : op->getOperands()) {
        Operation *maker = value.getDefiningOp();
        if (!maker || !members.contains(maker) || wide.contains(value))
          continue;
        left(op->getLoc(), kPass, "not one pass: this needs a reduction over the same values to be finished first");
        return false;
      }
    }
    for (Operation *op : ops)
      if (isa<SoftmaxOp>(op) && !checkLinearAfter(op, ops))
        return false;
    return true;
  }

  bool checkLinearAfter(Operation *softmax, ArrayRef<Operation *> ops) {
    llvm::DenseSet<Value> dependent(llvm::from_range, softmax->getResults());
    for (Operation *op : ops) {
      if (op == softmax || !llvm::any_of(op->getOperands(), [&](Value v) { return dependent.contains(v); }))
        continue;
      auto equation = cast<Equation>(op);
      unsigned times = llvm::count_if(equation.getReads(), [&](Value v) { return dependent.contains(v); });
      bool linear = isa<ContractOp>(op) ? times == 1 : isa<MapOp>(op) && isLinear(cast<MapOp>(op), dependent);
      if (!linear || llvm::any_of(equation.getLets(), [&](Value v) { return dependent.contains(v); })) {
        left(op->getLoc(), kPass, "not one pass: this is not linear in the softmax it reads");
        return false;
      }
      dependent.insert_range(op->getResults());
    }
    return true;
  }

  /// Whether all results are linear (homogeneous) in the dependent reads taken together.
  static bool isLinear(MapOp map, const llvm::DenseSet<Value> &dependent) {
    llvm::DenseSet<Value> linear;
    for (auto [value, argument] : llvm::zip(map.getReads(), map.getBlock().getArguments()))
      if (dependent.contains(value))
        linear.insert(argument);
    auto isZero = [](Value value) {
      FloatAttr constant;
      return matchPattern(value, m_Constant(&constant)) && constant.getValue().isZero();
    };
    for (Operation &op : map.getBlock().without_terminator()) {
      SmallVector<bool> of;
      for (Value operand : op.getOperands())
        of.push_back(linear.contains(operand));
      unsigned count = llvm::count(of, true);
      if (!count)
        continue;
      bool keeps = false;
      if (isa<arith::AddFOp, arith::SubFOp>(op)) // a sum with something else is linear only if that is 0
        keeps = llvm::all_of(llvm::zip(of, op.getOperands()),
                             [&](auto pair) { return std::get<0>(pair) || isZero(std::get<1>(pair)); });
      else if (isa<arith::MulFOp>(op))
        keeps = count == 1;
      else if (isa<arith::DivFOp>(op))
        keeps = of[0] && !of[1];
      else if (isa<arith::NegFOp>(op))
        keeps = true;
      else if (isa<arith::SelectOp>(op))
        keeps = !of[0] && (of[1] || isZero(op.getOperand(1))) && (of[2] || isZero(op.getOperand(2)));
      if (!keeps)
        return false;
      linear.insert_range(op.getResults());
    }
    for (Value value : map.getBlock().getTerminator()->getOperands())
      if (!linear.contains(value) && !isZero(value))
        return false;
    return true;
  }

  void enclose(ArrayRef<Operation *> ops, ArrayRef<Value> results) {
    SmallVector<Location> places;
    for (Operation *op : ops)
      places.push_back(op->getLoc());
    OpBuilder builder(ops.back()->getContext());
    builder.setInsertionPointAfter(ops.back());
    Location loc = ops.front()->getLoc();
    SmallVector<std::string> axes = axesOf(ops);
    SmallVector<StringRef> names(axes.begin(), axes.end());
    auto fold = FoldOp::create(builder, loc, ValueRange(results).getTypes(), builder.getStrArrayAttr(names));
    Block *body = builder.createBlock(&fold.getBody());
    for (Operation *op : ops) {
      op->moveBefore(body, body->end());
    }
    for (auto [i, value] : llvm::enumerate(results)) {
      Value inside = value;
      inside.replaceUsesWithIf(fold.getResult(i),
                               [&](OpOperand &use) { return !fold->isProperAncestor(use.getOwner()); });
    }
    builder.setInsertionPointToEnd(body);
    YieldOp::create(builder, loc, results);
    did(loc, kPass,
        std::to_string(ops.size()) + " operations over " + llvm::join(axes, " and ") +
            " become one fold: what is between them is never stored");
  }

  /// Axes of the widest value inside.
  SmallVector<std::string> axesOf(ArrayRef<Operation *> ops) const {
    SmallVector<std::string> axes;
    for (Operation *op : ops)
      for (Value result : op->getResults()) {
        if (!wide.contains(result))
          continue;
        SmallVector<std::string> of;
        auto type = cast<RankedTensorType>(result.getType());
        for (unsigned dim = 0; dim < type.getRank(); ++dim)
          if (type.isDynamicDim(dim) && axisOf(type, dim) != "b")
            of.push_back(axisOf(type, dim).str());
        if (of.size() > axes.size())
          axes = of;
      }
    return axes;
  }

  std::string axesText(Value value) const {
    auto type = cast<RankedTensorType>(value.getType());
    SmallVector<std::string> axes;
    for (unsigned dim = 0; dim < type.getRank(); ++dim)
      if (type.isDynamicDim(dim))
        axes.push_back(axisOf(type, dim).str());
    return llvm::join(axes, " x ");
  }

  Block &block;
  unsigned outerAxes;
  llvm::DenseSet<Value> wide, given;
};

struct FormFoldPass : rondo::impl::FormFoldBase<FormFoldPass> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (!func.isExternal())
        visit(func.getBody().front(), 0);
  }
  void visit(Block &block, unsigned outerAxes) {
    for (Operation &op : block)
      if (auto scan = dyn_cast<ScanOp>(op))
        visit(scan.getBlock(), outerAxes + 1);
    Former(block, outerAxes).run();
  }
};
} // namespace
