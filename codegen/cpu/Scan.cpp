// A recurrence: all living examples take step n together; an example of length 5 takes five.
// Carries live in two buffers, read from one and written to the other, exchanged at each step; so after its last step
// an example's carries stand in buffer (its length mod 2) whatever the others still do. What a product makes of a carry
// goes straight into the next buffer, and into the stack; everything else is copied there at the end of the step.
//
// A recurrence with products inside a step takes all examples of that step together, too. They are not in the order of
// its axis, so each thread keeps a list of those that still have steps.
#include "codegen/cpu/Copy.h"
#include "codegen/cpu/Equation.h"
#include "codegen/cpu/Rows.h"
#include "codegen/cpu/ScanTeam.h"
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
  /// `enter` makes the scope of an example; `list` is where the list stands, null where examples are ordered.
  ScanEmitter(Kernel &kernel, ScanOp scan, const ScanTeam &team, llvm::function_ref<Scope(Value)> enter, Value list)
      : kernel(kernel), c(kernel.code), scan(scan), team(team), products(productsOf(scan, kernel.placement)),
        enter(enter), list(list) {}

  LogicalResult emit() {
    for (Value arg : scan.getCarryArgs()) {
      const Place &place = kernel.placement[arg];
      buffers.push_back(
          {kernel.pointerTo(FrameField::Slots, place.index), kernel.pointerTo(FrameField::Slots, place.index + 1)});
    }
    copyCarries([&](Scope &scope, unsigned i) {
      copy(scope, kernel.storageOf(scan.getInit()[i]), buffer(i, buffers[i].first), scan.getInit()[i]);
    });
    team.meet(kernel);
    Value steps = list ? fillList() : longestOfOrder();
    LogicalResult result = success();
    c.loop(c.index(0), steps, 1, ValueRange{team.count}, [&](Value n, ValueRange carried) {
      Value alive = list ? keepLiving(n, carried[0]) : livingAt(n, carried[0]);
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
  Value lengthOf(Value example) { return enter(example).lengthOf(scan.getAxis()); }
  /// The k-th example that is in the present step.
  Value presentAt(Value k) { return list ? c.loadInt(list, k) : team.exampleAt(k); }

  Value longestOfOrder() {
    return c.branch(
        c.holds(arith::CmpIPredicate::sgt, team.count, c.index(0)), {c.b.getIndexType()},
        [&] { return SmallVector<Value>{lengthOf(team.exampleAt(c.index(0)))}; },
        [&] { return SmallVector<Value>{c.index(0)}; })[0];
  }

  void putInList(Value k, Value example) {
    c.store(arith::IndexCastOp::create(c.b, c.loc, c.b.getI32Type(), example), c.at(list, k));
  }
  /// Returns the greatest length.
  Value fillList() {
    return c.loop(c.index(0), team.count, 1, ValueRange{c.index(0)}, [&](Value k, ValueRange longest) {
      Value example = team.exampleAt(k);
      putInList(k, example);
      return SmallVector<Value>{c.max(longest[0], lengthOf(example))};
    })[0];
  }
  /// Takes out of the list whoever has no step n.
  Value keepLiving(Value n, Value before) {
    return c.loop(c.index(0), before, 1, ValueRange{c.index(0)}, [&](Value k, ValueRange kept) {
      Value example = c.loadInt(list, k);
      putInList(kept[0], example);
      Value lives = c.holds(arith::CmpIPredicate::sgt, lengthOf(example), n);
      return SmallVector<Value>{c.add(kept[0], c.pick(lives, c.index(1), c.index(0)))};
    })[0];
  }

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
                Value last = lengthOf(team.exampleAt(c.sub(args[0], c.index(1))));
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
    team.forOwn(c, team.count, [&](Value k) {
      Scope scope = enter(team.exampleAt(k));
      for (unsigned i = 0; i < buffers.size(); ++i)
        each(scope, i);
    });
  }
  LogicalResult step(Value n, Value alive) {
    Value even = c.holds(arith::CmpIPredicate::eq, c.floorMod(n, 2), c.index(0));
    SmallVector<Storage> next;
    for (auto [i, arg] : llvm::enumerate(scan.getCarryArgs())) {
      Value now = c.pick(even, buffers[i].first, buffers[i].second);
      Value then = c.pick(even, buffers[i].second, buffers[i].first);
      kernel.setStorage(arg, buffer(i, now));
      next.push_back(buffer(i, then));
    }
    ScanMeetings meetings(team, kernel);
    SmallVector<Move> moves = redirect(next, meetings);
    SmallVector<Operation *> rowwise;
    for (Operation &op : scan.getBlock().without_terminator()) {
      ProductKernel *product = productOf(&op);
      ScanOp inner = product ? ScanOp() : innerScan(&op);
      if (!product && !inner) {
        rowwise.push_back(&op);
        continue;
      }
      if (product)
        llvm::append_range(rowwise, product->before());
      if (failed(forEach(n, alive, rowwise, meetings)))
        return failure();
      rowwise.clear();
      if (inner) {
        meetings.end();
        if (failed(within(n, alive, inner)))
          return failure();
        meetings.end();
        continue;
      }
      meetings.before(&op, ScanMeetings::Columns);
      RowSpace rows;
      rows.count = alive;
      rows.also = &stacked;
      auto place = [&](Value k) { return std::pair(at(n, k), SmallVector<Value>()); };
      rows.placeOf = place;
      product->emit(kernel, rows, team.member, team.members, team.members ? Product::Columns : Product::Rows);
    }
    if (failed(forEach(n, alive, rowwise, meetings, moves)))
      return failure();
    meetings.end();
    return success();
  }

  /// The recurrence that a kernel of the step consists of, if its examples are better taken together.
  ScanOp innerScan(Operation *op) {
    auto scan = dyn_cast<ScanOp>(op);
    if (auto kernelOp = dyn_cast<KernelOp>(op))
      for (Operation &part : kernelOp.getBlock().without_terminator()) {
        if (!isa<ScanOp>(part) && !isSafeView(&part))
          return nullptr;
        if (isa<ScanOp>(part))
          scan = cast<ScanOp>(part);
      }
    return scan && weightsOf(scan, kernel.placement).products ? scan : ScanOp();
  }

  /// Step n of an inner recurrence's surroundings, for all its examples at once.
  LogicalResult within(Value n, Value alive, ScanOp inner) {
    ScanTeam same{alive, [&](Value k) { return presentAt(k); }, team.member, team.members};
    auto enterStep = [&](Value example) { return inStep(n, example); };
    return ScanEmitter(kernel, inner, same, enterStep, kernel.exampleList(depthOf(inner))).emit();
  }

  /// A value that goes somewhere at the end of the step.
  struct Move {
    Value from;
    Storage to;
  };

  ProductKernel *productOf(Operation *op) {
    auto it = products.find(op);
    return it == products.end() ? nullptr : &it->second;
  }

  /// Has products store what they make where it belongs; the rest is left to be moved.
  SmallVector<Move> redirect(ArrayRef<Storage> next, ScanMeetings &meetings) {
    SmallVector<Move> moves;
    stacked.clear();
    llvm::DenseSet<Value> placed;
    auto made = [&](Value v) { return llvm::any_of(products, [&](auto &p) { return p.second.stores(v); }); };
    for (auto [i, v] : llvm::enumerate(scan.getYieldedCarries())) {
      Value source = kernel.placement.resolve(v);
      if (!made(source)) {
        moves.push_back({v, next[i]});
      } else if (placed.insert(source).second) {
        kernel.setStorage(source, next[i]);
        meetings.redirected(source);
      } else {
        stacked[source].push_back(next[i]);
      }
    }
    for (auto [i, v] : llvm::enumerate(scan.getYieldedStacks())) {
      Storage stack = kernel.storageOf(scan.getStacked()[i]);
      unsigned dim = scan.getStackDims()[i];
      for (auto &[d, depth] : stack.held)
        dim += d <= dim;
      stack.held.push_back({dim, depthOf(scan)});
      llvm::sort(stack.held);
      Value source = kernel.placement.resolve(v);
      if (made(source))
        stacked[source].push_back(stack);
      else
        moves.push_back({v, stack});
    }
    return moves;
  }

  /// The place of the k-th living example at step n.
  Scope at(Value n, Value k) { return inStep(n, presentAt(k)); }
  Scope inStep(Value n, Value example) {
    Scope scope = enter(example);
    Value length = scope.lengthOf(scan.getAxis());
    Value now = scan.getReverse() ? c.sub(c.sub(length, c.index(1)), n) : n;
    scope.step[scan.getAxis()] = now;
    scope.steps.push_back(now);
    return scope;
  }

  /// Operations of the step that each example does alone, then what moves at its end.
  LogicalResult forEach(Value n, Value alive, ArrayRef<Operation *> ops, ScanMeetings &meetings,
                        ArrayRef<Move> moves = {}) {
    if (ops.empty() && moves.empty())
      return success();
    SmallVector<Value> moved;
    for (const Move &move : moves)
      moved.push_back(move.from);
    meetings.before(ops, ScanMeetings::Examples, moved);
    LogicalResult result = success();
    team.forOwn(c, alive, [&](Value k) {
      Scope scope = at(n, k);
      for (Operation *op : ops)
        if (failed(emitForExample(scope, op)))
          result = failure();
      for (const Move &move : moves)
        copy(scope, kernel.storageOf(move.from), move.to, move.from);
    });
    return result;
  }

  Kernel &kernel;
  Code &c;
  ScanOp scan;
  const ScanTeam &team;
  ScanProducts products;
  llvm::function_ref<Scope(Value)> enter;
  Value list;
  SmallVector<std::pair<Value, Value>> buffers;
  llvm::DenseMap<Value, SmallVector<Storage, 1>> stacked; // where else products store
};

} // namespace

LogicalResult emitScan(const Scope &scope, ScanOp scan, bool alone) {
  Kernel &kernel = scope.kernel;
  ScanTeam team = alone ? ScanTeam::alone(kernel.code, scope.example) : ScanTeam::of(kernel, scan);
  return ScanEmitter(kernel, scan, team, [&](Value example) { return scope.withExample(example); }, Value()).emit();
}

} // namespace rondo
