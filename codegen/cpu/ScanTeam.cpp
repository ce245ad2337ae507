#include "codegen/cpu/ScanTeam.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace rondo {

/// Weights of a step that do not stay in the cache of one core beside everything else: split over the threads, each
/// has a part that may.
constexpr int64_t kFloatsOfNearCache = 128 * 1024;
/// Multiply-adds that a thread must have between two meetings: a meeting costs some 200 ns, these about a microsecond.
constexpr int64_t kWorthMeeting = 32 * 1024;

ScanProducts productsOf(ScanOp scan, const Placement &placement) {
  ScanProducts products;
  for (Operation &op : scan.getBlock().without_terminator())
    if (auto inner = dyn_cast<KernelOp>(op))
      if (auto product = ProductKernel::of(inner, placement))
        products.insert({&op, *product});
  return products;
}

ScanWeights weightsOf(ScanOp scan, const Placement &placement) {
  ScanWeights all;
  scan.walk([&](KernelOp op) {
    if (auto product = ProductKernel::of(op, placement)) {
      ++all.products;
      all.floats += product->weightFloats();
    }
  });
  return all;
}

int64_t depthOf(ScanOp scan) {
  int64_t depth = 0;
  for (auto outer = scan->getParentOfType<ScanOp>(); outer; outer = outer->getParentOfType<ScanOp>())
    ++depth;
  return depth;
}

ScanTeam ScanTeam::alone(Code &code, Value example) {
  return {code.index(1), [example](Value) { return example; }, {}, {}};
}

ScanTeam ScanTeam::of(Kernel &kernel, ScanOp scan) {
  Code &c = kernel.code;
  int64_t a = kernel.axes.indexOf(scan.getAxis());
  Value order = kernel.element(FrameField::Order, a), batch = kernel.field(FrameField::Batch);
  // Dealt in turns, so that each thread has long and short examples, still the longest first.
  auto dealt = [&](Value first, Value stride) {
    Value mine = arith::DivUIOp::create(c.b, c.loc, c.add(c.sub(batch, first), c.sub(stride, c.index(1))), stride);
    auto at = [&c, order, first, stride](Value k) { return c.loadInt(order, c.add(first, c.mul(k, stride))); };
    return ScanTeam{mine, at, {}, {}};
  };
  auto kernelOp = scan->getParentOfType<KernelOp>();
  auto wanted = kernelOp ? kernelOp.getSchedule().getAs<StringAttr>("threads") : StringAttr();
  ScanWeights weights = weightsOf(scan, kernel.placement);
  if (!weights.products || (wanted && wanted.getValue() == "examples"))
    return dealt(kernel.tid, kernel.threads);

  Value several = c.holds(arith::CmpIPredicate::ugt, kernel.threads, c.index(1)), split = several;
  if (!wanted) {
    Value rows = kernel.number(FrameField::Rows, a), longest = kernel.number(FrameField::Longest, a);
    // On average rows / longest examples are in a step.
    Value least = c.mul(c.mul(kernel.threads, longest), weights.products * kWorthMeeting);
    split = c.both(split, c.holds(arith::CmpIPredicate::uge, c.mul(rows, weights.floats), least));
    if (weights.floats < kFloatsOfNearCache) {
      // Only where the thread with most steps has a quarter more than its share.
      ScanTeam first = dealt(c.index(0), kernel.threads);
      Value table = kernel.element(FrameField::Offsets, a);
      Value most = c.loop(c.index(0), first.count, 1, ValueRange{c.index(0)}, [&](Value k, ValueRange sum) {
        Value e = first.exampleAt(k);
        Value length = c.sub(c.loadLong(table, c.add(e, 1)), c.loadLong(table, e));
        return SmallVector<Value>{c.add(sum[0], length)};
      })[0];
      split = c.both(split, c.holds(arith::CmpIPredicate::ugt, c.mul(c.mul(most, kernel.threads), 4), c.mul(rows, 5)));
    }
  }
  ScanTeam team = dealt(c.pick(split, c.index(0), kernel.tid), c.pick(split, c.index(1), kernel.threads));
  team.member = c.pick(split, kernel.tid, c.index(0));
  team.members = c.pick(split, kernel.threads, c.index(1));
  return team;
}

void ScanTeam::forOwn(Code &c, Value all, llvm::function_ref<void(Value)> body) const {
  if (!members)
    return c.loop(c.index(0), all, 1, body);
  Value last = c.add(c.sub(all, member), c.sub(members, c.index(1)));
  Value own = arith::DivUIOp::create(c.b, c.loc, last, members);
  c.loop(c.index(0), own, 1, [&](Value i) { body(c.add(member, c.mul(i, members))); });
}

void ScanTeam::meet(Kernel &kernel) const {
  if (!members)
    return;
  Code &c = kernel.code;
  Value team = kernel.field(FrameField::Team);
  c.when(c.holds(arith::CmpIPredicate::ugt, members, c.index(1)), [&] {
    Value tid = arith::IndexCastOp::create(c.b, c.loc, c.b.getI32Type(), kernel.tid);
    func::CallOp::create(c.b, c.loc, "rondo_team_wait", TypeRange(), ValueRange{team, tid});
  });
}

void ScanMeetings::note(Value v, Places &places) {
  v = kernel.placement.resolve(v);
  if (!kernel.placement.has(v))
    return;
  const Place *place = &kernel.placement[v];
  while (place->kind == Place::View) {
    v = kernel.placement.resolve(place->whole);
    place = &kernel.placement[v];
  }
  if (elsewhere.contains(v))
    places.insert({-1, int64_t(reinterpret_cast<intptr_t>(v.getAsOpaquePointer()))});
  else if (place->kind == Place::Slot || place->kind == Place::Result || place->kind == Place::Carry)
    places.insert({place->kind, place->index});
}

void ScanMeetings::before(ArrayRef<Operation *> ops, Part part, ArrayRef<Value> also) {
  if (!team.members)
    return;
  Places reads, writes;
  for (Value v : also)
    note(v, reads);
  for (Operation *op : ops)
    op->walk([&](Operation *inner) {
      for (Value v : inner->getOperands())
        note(v, reads);
      for (Value v : inner->getResults())
        note(v, writes);
    });
  auto touch = [](const Places &x, const Places &y) { return llvm::any_of(x, [&](auto &p) { return y.contains(p); }); };
  bool wait = false;
  for (int other : {Examples, Columns})
    if (part == Columns || other == Columns)
      wait |= touch(reads, written[other]) || touch(writes, written[other]) || touch(writes, read[other]);
  if (wait)
    end();
  read[part].insert(reads.begin(), reads.end());
  written[part].insert(writes.begin(), writes.end());
}

void ScanMeetings::end() {
  team.meet(kernel);
  for (int part : {Examples, Columns}) {
    read[part].clear();
    written[part].clear();
  }
}

} // namespace rondo
