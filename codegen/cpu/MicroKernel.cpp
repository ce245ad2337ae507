#include "codegen/cpu/MicroKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace rondo;

static std::optional<int64_t> constantOf(Value v) {
  APInt c;
  return matchPattern(v, m_ConstantInt(&c)) ? std::optional<int64_t>(c.getSExtValue()) : std::nullopt;
}

namespace {
/// The reduced loops of one group of panels.
struct Chains {
  Emit &e;
  const MicroKernel &kernel;
  int64_t firstPanel, panels;

  /// One step of the innermost loop.
  void step(SmallVectorImpl<Value> &acc, ValueRange k) {
    SmallVector<Value> columns;
    for (int64_t p = 0; p < panels; ++p)
      columns.push_back(e.loadVec(kernel.b(firstPanel + p, k)));
    if (kernel.prefetch) {
      SmallVector<Value> ahead(k);
      ahead.back() = e.add(ahead.back(), kernel.prefetch);
      for (int64_t p = 0; p < panels; ++p)
        e.prefetch(kernel.b(firstPanel + p, ahead));
    }
    for (int64_t r = 0; r < kernel.rows; ++r) {
      Value a = e.splat(e.load(kernel.a(r, k)));
      for (int64_t p = 0; p < panels; ++p)
        acc[r * panels + p] = e.fma(a, columns[p], acc[r * panels + p]);
    }
  }

  /// One row: B is read once, so its reading is all that counts. Panel after panel within the unrolled steps makes runs
  /// of consecutive lines, which the hardware follows; the chains are the same.
  SmallVector<Value> stream(SmallVector<Value> index, Value k, int64_t count, SmallVector<Value> acc) {
    SmallVector<Value> a;
    for (int64_t u = 0; u < count; ++u) {
      index.back() = e.add(k, u);
      a.push_back(e.splat(e.load(kernel.a(0, index))));
    }
    for (int64_t p = 0; p < panels; ++p)
      for (int64_t u = 0; u < count; ++u) {
        index.back() = e.add(k, u);
        acc[p] = e.fma(a[u], e.loadVec(kernel.b(firstPanel + p, index)), acc[p]);
        index.back() = e.add(k, u + kernel.prefetch);
        if (kernel.prefetch)
          e.prefetch(kernel.b(firstPanel + p, index));
      }
    return acc;
  }

  SmallVector<Value> steps(ValueRange outer, Value k, int64_t count, ValueRange start) {
    SmallVector<Value> acc(start), index(outer);
    index.push_back(k);
    if (kernel.rows == 1)
      return stream(index, k, count, acc);
    for (int64_t u = 0; u < count; ++u) {
      index.back() = e.add(k, u);
      step(acc, index);
    }
    return acc;
  }

  SmallVector<Value> innermost(ValueRange outer, Value extent, SmallVector<Value> acc) {
    int64_t unroll = std::max<int64_t>(kernel.unroll, 1);
    std::optional<int64_t> size = constantOf(extent);
    if (size && *size <= unroll)
      return steps(outer, e.index(0), *size, acc);
    Value full = size ? e.index(*size / unroll * unroll) : e.floorTo(extent, unroll);
    acc = e.loop(e.index(0), full, unroll, acc,
                 [&](Value k, ValueRange carried) { return steps(outer, k, unroll, carried); });
    if (size)
      return *size % unroll ? steps(outer, full, *size % unroll, acc) : acc;
    if (unroll == 1)
      return acc;
    return e.loop(full, extent, 1, acc, [&](Value k, ValueRange carried) { return steps(outer, k, 1, carried); });
  }

  SmallVector<Value> nest(ArrayRef<Value> extents, SmallVector<Value> outer, SmallVector<Value> acc) {
    if (extents.size() == 1)
      return innermost(outer, extents.front(), acc);
    return e.loop(e.index(0), extents.front(), 1, acc, [&](Value k, ValueRange carried) {
      SmallVector<Value> deeper(outer);
      deeper.push_back(k);
      return nest(extents.drop_front(), deeper, SmallVector<Value>(carried));
    });
  }
};
} // namespace

SmallVector<Value> rondo::emitMicroKernel(Emit &e, const MicroKernel &kernel) {
  int64_t rows = kernel.rows, panels = kernel.panels;
  SmallVector<Value> result(rows * panels);
  int64_t atOnce = kernel.panelsAtOnce ? kernel.panelsAtOnce : panels;
  Value zero = e.zero();
  for (int64_t first = 0; first < panels; first += atOnce) {
    Chains chains{e, kernel, first, std::min(atOnce, panels - first)};
    SmallVector<Value> acc;
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t p = 0; p < chains.panels; ++p)
        acc.push_back(kernel.init.empty() ? zero : kernel.init[r * panels + first + p]);
    if (kernel.extents.empty())
      chains.step(acc, {});
    else
      acc = chains.nest(kernel.extents, {}, acc);
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t p = 0; p < chains.panels; ++p) {
        int64_t at = r * panels + first + p;
        result[at] = acc[r * chains.panels + p];
        if (kernel.parked) // volatile, or the optimiser makes it a value again
          LLVM::StoreOp::create(e.b, e.loc, result[at], e.at(kernel.parked, at * kLanes), 64, /*isVolatile=*/true);
      }
  }
  return kernel.parked ? SmallVector<Value>() : result;
}

Value rondo::parkingSpace(Emit &e, int64_t vectors) {
  OpBuilder::InsertionGuard guard(e.b);
  auto func = e.b.getInsertionBlock()->getParentOp();
  if (!isa<FunctionOpInterface>(func))
    func = func->getParentOfType<FunctionOpInterface>();
  e.b.setInsertionPointToStart(&func->getRegion(0).front());
  return LLVM::AllocaOp::create(e.b, e.loc, LLVM::LLVMPointerType::get(e.b.getContext()), e.vec(), e.i64(vectors), 64);
}

Value rondo::parkedSum(Emit &e, Value parked, int64_t index) {
  return LLVM::LoadOp::create(e.b, e.loc, e.vec(), e.at(parked, index * kLanes), 64, /*isVolatile=*/true);
}

/// Vectors of 16 that the registers hold beside those of B and one of A.
static int64_t accumulators(Target target) {
  switch (target.level) {
  case Level::V4:
    return 28; // of 32 zmm
  case Level::V3:
    return 6; // of 16 ymm, two each
  case Level::V2:
    return 2; // of 16 xmm, four each, and a product before its sum
  }
  return 1;
}

static int64_t highest(Target target, int64_t panelsAtOnce) {
  int64_t rows = accumulators(target) / panelsAtOnce;
  // B's vectors and one of A take registers too.
  if (target.is512())
    while (rows > 1 && rows * panelsAtOnce + panelsAtOnce + 1 > 32)
      --rows;
  return std::min<int64_t>(std::max<int64_t>(rows, 1), 14);
}

static SmallVector<int64_t> heightsBelow(int64_t most) {
  SmallVector<int64_t> heights;
  int64_t least = std::min<int64_t>(most, 4);
  for (int64_t h = most; h > least; h -= most > 6 ? 2 : 1)
    heights.push_back(h);
  heights.push_back(least);
  if (least > 2)
    heights.push_back(2);
  return heights;
}

TileShape rondo::generalTile(Target target, int64_t total, int64_t group, bool scattered) {
  if (!target.is512()) {
    int64_t most = highest(target, 1);
    return {heightsBelow(most), group, 1};
  }
  if (scattered && group <= 2) {
    int64_t panels = std::min<int64_t>(4, llvm::alignTo(total, group));
    return {heightsBelow(std::min<int64_t>(highest(target, panels), 6)), panels, panels};
  }
  if (group > 1) {
    // All gates together while at least four rows of them fit.
    int64_t most = highest(target, group);
    return most >= 4 ? TileShape{heightsBelow(most), group, group} : TileShape{heightsBelow(14), group, 2};
  }
  // Two panels are best; other widths where they leave fewer columns over.
  int64_t best = std::min<int64_t>(total, 2);
  auto waste = [&](int64_t p) { return double((total + p - 1) / p * p) / total; };
  for (int64_t p : {3, 4, 5})
    if (p <= total && waste(p) < waste(best) - 0.04)
      best = p;
  return {heightsBelow(highest(target, best)), best, best};
}

TileShape rondo::thinTile(Target target, int64_t total, int64_t group) {
  int64_t wanted = target.is512() ? 8 : target.level == Level::V3 ? 2 : 1;
  int64_t panels = std::max<int64_t>(wanted / group, 1) * group;
  panels = std::min(panels, (total + group - 1) / group * group);
  return {{2, 1}, panels, std::min(panels, target.is512() ? 8 : wanted)};
}

SmallVector<int64_t> rondo::splitRows(int64_t rows, int64_t most) {
  int64_t count = (rows + most - 1) / most;
  SmallVector<int64_t> tiles;
  for (int64_t i = 0; i < count; ++i)
    tiles.push_back(rows / count + (i < rows % count));
  return tiles;
}

Value RowTile::row(Emit &e, int64_t r) const {
  Value i = e.add(first, r);
  return r < sure ? i : e.min(i, e.sub(end, e.index(1)));
}

Value RowTile::inside(Emit &e, int64_t r) const { return r < sure ? Value() : e.less(e.add(first, r), end); }

void rondo::forRowTiles(Emit &e, Value lo, Value hi, ArrayRef<int64_t> heights,
                        function_ref<void(const RowTile &)> body, bool oneCopy) {
  int64_t most = heights.front();
  Value full = e.add(lo, e.floorTo(e.sub(hi, lo), most)), rest = e.sub(hi, full), kind = rest;
  // One or two rows over would make a tile too low to keep the multipliers busy: with the last full tile's rows they
  // make two tiles of half the height instead.
  int64_t half = most > 2 && most % 2 == 0 && llvm::is_contained(heights, most / 2 + 1) ? most / 2 + 1 : 0;
  if (half) {
    Value few = arith::AndIOp::create(e.b, e.loc, e.less(e.index(0), rest), e.less(rest, e.index(3)));
    Value two = arith::AndIOp::create(e.b, e.loc, few, e.less(lo, full));
    kind = e.select(two, e.index(half), rest);
    full = e.select(two, e.sub(full, e.index(most)), full);
  }
  int64_t sure = most;
  if (oneCopy && heights.size() > 1) {
    // A rest that needs the highest tile belongs to the loop.
    Value high = e.less(e.index(heights[1]), kind);
    full = e.select(high, e.add(full, most), full);
    kind = e.select(high, e.index(0), kind);
    sure = heights[1] + 1;
  }
  e.loop(lo, full, most, [&](Value row) { body({most, sure, row, hi}); });
  // The rest: every height answers for the counts above the next lower one.
  std::function<void(ArrayRef<int64_t>)> tail = [&](ArrayRef<int64_t> candidates) {
    int64_t height = candidates.front();
    int64_t lower = candidates.size() > 1 ? candidates[1] : 0;
    auto here = [&] {
      if (height == half)
        e.loop(full, hi, height, [&](Value row) { body({height, lower + 1, row, hi}); });
      else
        body({height, lower + 1, full, hi});
    };
    if (candidates.size() == 1)
      return here();
    e.choose(e.less(e.index(lower), kind), here, [&] { tail(candidates.drop_front()); });
  };
  if (most > 1)
    e.when(e.less(e.index(0), kind), [&] {
      // A rest of most - 1 rows may need the highest tile again.
      bool needed = heights.size() == 1 || (!oneCopy && heights[1] < most - 1);
      tail(needed ? heights : heights.drop_front());
    });
}
