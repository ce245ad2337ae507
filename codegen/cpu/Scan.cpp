// A recurrence: all living examples take step n together; an example of length 5 takes five.
// Carries live in two buffers, read from one and written to the other, exchanged at each step; so after its last step
// an example's carries stand in buffer (its length mod 2) whatever the others still do.
#include "codegen/cpu/Copy.h"
#include "codegen/cpu/Equation.h"
#include "codegen/cpu/ProductKernel.h"
#include "codegen/cpu/Rows.h"
#include "ir/Axes.h"

using namespace mlir;

namespace rondo {

namespace {

SmallVector<Value> presetExample(RankedTensorType type, Value example) {
  SmallVector<Value> preset(type.getRank());
  for (int64_t d = 0; d < type.getRank(); ++d)
    if (type.isDynamicDim(d) && axisOf(type, d) == "b")
      preset[d] = example;
  return preset;
}

class ScanEmitter {
public:
  ScanEmitter(const Scope &outer, ScanOp scan, Value count, llvm::function_ref<Value(Value)> exampleAt)
      : outer(outer), kernel(outer.kernel), c(kernel.code), scan(scan), count(count), exampleAt(exampleAt) {}

  LogicalResult emit() {
    for (Value arg : scan.getCarryArgs()) {
      const Place &place = kernel.placement[arg];
      buffers.push_back({kernel.pointerTo(FrameField::Slots, place.index), kernel.pointerTo(FrameField::Slots, place.index + 1)});
    }
    copyCarries([&](Scope &scope, unsigned i) {
      copy(scope, kernel.storageOf(scan.getInit()[i]), buffer(i, buffers[i].first), scan.getInit()[i]);
    });
    Value steps = c.branch(
        c.holds(arith::CmpIPredicate::sgt, count, c.index(0)), {c.b.getIndexType()},
        [&] { return SmallVector<Value>{lengthOf(c.index(0))}; }, [&] { return SmallVector<Value>{c.index(0)}; })[0];
    LogicalResult result = success();
    c.loop(c.index(0), steps, 1, ValueRange{count}, [&](Value n, ValueRange carried) {
      Value alive = livingAt(n, carried[0]);
      result = step(n, alive);
      return SmallVector<Value>{alive};
    });
    if (failed(result))
      return failure();
    copyCarries([&](Scope &scope, unsigned i) {
      Value odd = c.floorMod(scope.lengthOf(scan.getAxis()), 2);
      Value base = c.pick(c.holds(arith::CmpIPredicate::eq, odd, c.index(0)), buffers[i].first, buffers[i].second);
      copy(scope, buffer(i, base), kernel.storageOf(scan.getLast()[i]), scan.getLast()[i]);
    });
    return success();
  }

private:
  Value lengthOf(Value k) { return outer.withExample(exampleAt(k)).lengthOf(scan.getAxis()); }

  /// Examples are ordered by length: those that have a step n are a prefix.
  Value livingAt(Value n, Value before) {
    auto loop = scf::WhileOp::create(
        c.b, c.loc, TypeRange{c.b.getIndexType()}, ValueRange{before},
        [&](OpBuilder &, Location, ValueRange args) {
          OpBuilder::InsertionGuard guard(c.b);
          c.b.setInsertionPointToEnd(args[0].getParentBlock());
          Value ended = c.branch(
              c.holds(arith::CmpIPredicate::sgt, args[0], c.index(0)), {c.b.getI1Type()},
              [&] {
                Value last = lengthOf(c.sub(args[0], c.index(1)));
                return SmallVector<Value>{c.holds(arith::CmpIPredicate::sle, last, n)};
              },
              [&] { return SmallVector<Value>{c.integer(0, c.b.getI1Type())}; })[0];
          scf::ConditionOp::create(c.b, c.loc, ended, args);
        },
        [&](OpBuilder &, Location, ValueRange args) {
          OpBuilder::InsertionGuard guard(c.b);
          c.b.setInsertionPointToEnd(args[0].getParentBlock());
          Value fewer = c.sub(args[0], c.index(1));
          scf::YieldOp::create(c.b, c.loc, fewer);
        });
    return loop.getResult(0);
  }

  Storage buffer(unsigned i, Value base) {
    return Storage{base, kernel.placement[scan.getCarryArgs()[i]].layout, {}, {}};
  }
  void copy(const Scope &scope, const Storage &from, const Storage &to, Value like) {
    auto type = cast<RankedTensorType>(like.getType());
    emitCopy(scope, from, to, type, presetExample(type, scope.example));
  }
  void copyCarries(llvm::function_ref<void(Scope &, unsigned)> each) {
    c.loop(c.index(0), count, 1, [&](Value k) {
      Scope scope = inExample(exampleAt(k));
      for (unsigned i = 0; i < buffers.size(); ++i)
        each(scope, i);
    });
  }
  Scope inExample(Value e) { return outer.withExample(e); }

  LogicalResult step(Value n, Value alive) {
    Value even = c.holds(arith::CmpIPredicate::eq, c.floorMod(n, 2), c.index(0));
    SmallVector<Storage> next;
    for (auto [i, arg] : llvm::enumerate(scan.getCarryArgs())) {
      Value now = c.pick(even, buffers[i].first, buffers[i].second);
      Value then = c.pick(even, buffers[i].second, buffers[i].first);
      kernel.setStorage(arg, buffer(i, now));
      next.push_back(buffer(i, then));
    }
    SmallVector<Operation *> rowwise;
    for (Operation &op : scan.getBlock().without_terminator()) {
      auto kernelOp = dyn_cast<KernelOp>(op);
      auto product = kernelOp ? ProductKernel::of(kernelOp, kernel.placement) : std::nullopt;
      if (!product) {
        rowwise.push_back(&op);
        continue;
      }
      llvm::append_range(rowwise, product->before());
      if (failed(forEach(n, alive, rowwise, {}, false)))
        return failure();
      rowwise.clear();
      RowSpace rows;
      rows.count = alive;
      auto place = [&](Value k) { return std::pair(at(n, k), Value()); };
      rows.placeOf = place;
      product->emit(kernel, rows, Value(), Value(), Product::Rows);
    }
    return forEach(n, alive, rowwise, next, true);
  }

  /// The place of the k-th living example at step n.
  Scope at(Value n, Value k) {
    Scope scope = outer.withExample(exampleAt(k));
    Value length = scope.lengthOf(scan.getAxis());
    scope.step[scan.getAxis()] = scan.getReverse() ? c.sub(c.sub(length, c.index(1)), n) : n;
    return scope;
  }

  /// Operations of the step that each example does alone, then, if these are the last, the
  /// end of its step.
  LogicalResult forEach(Value n, Value alive, ArrayRef<Operation *> ops, ArrayRef<Storage> next, bool last) {
    LogicalResult result = success();
    c.loop(c.index(0), alive, 1, [&](Value k) {
      Scope scope = at(n, k);
      for (Operation *op : ops)
        if (failed(emitForExample(scope, op, Value())))
          result = failure();
      if (failed(result) || !last)
        return;
      for (auto [i, v] : llvm::enumerate(scan.getYieldedCarries()))
        copy(scope, kernel.storageOf(v), next[i], v);
      for (auto [i, v] : llvm::enumerate(scan.getYieldedStacks())) {
        Storage stack = kernel.storageOf(scan.getStacked()[i]);
        unsigned dim = scan.getStackDims()[i];
        for (auto &[d, axis] : stack.held)
          dim += d <= dim;
        stack.held.push_back({dim, scan.getAxis().str()});
        llvm::sort(stack.held);
        copy(scope, kernel.storageOf(v), stack, v);
      }
    });
    return result;
  }

  const Scope &outer;
  Kernel &kernel;
  Code &c;
  ScanOp scan;
  Value count;
  llvm::function_ref<Value(Value)> exampleAt;
  SmallVector<std::pair<Value, Value>> buffers;
};

} // namespace

LogicalResult emitScan(const Scope &scope, ScanOp scan, Value count, llvm::function_ref<Value(Value)> exampleAt) {
  return ScanEmitter(scope, scan, count, exampleAt).emit();
}

} // namespace rondo
