#include "codegen/cpu/FoldTile.h"

#include "codegen/cpu/Math.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <limits>

using namespace mlir;
using namespace rondo;
using arith::CmpFPredicate;
using arith::CmpIPredicate;

static constexpr double kInf = std::numeric_limits<double>::infinity();
static constexpr double kLog2e = 1.44269504088896341;

SmallVector<int64_t> rondo::foldHeights(Target target) {
  switch (target.level) {
  case Level::V4:
    return {14, 8, 4, 1};
  case Level::V3:
    return {6, 4, 1};
  case Level::V2:
    return {2, 1};
  }
  return {1};
}

int64_t rondo::foldStride(int64_t columns) {
  // Panels are written several at a time, from a multiple of 16 on.
  int64_t stride = (columns + 15) / 16 * 16 + 16 + 8 * kLanes;
  return stride % 1024 ? stride : stride + 16;
}

std::pair<int64_t, int64_t> rondo::foldScratchPlan(Target target, int64_t depth) {
  int64_t rows = foldHeights(target).front();
  int64_t padded = (depth + 15) / 16 * 16;
  // Lane maxima, two edges, queries; then the scores.
  return {rows * (3 * 16 + padded), rows};
}

int64_t rondo::foldScratch(Target target, int64_t depth, int64_t stride) {
  auto [constant, factor] = foldScratchPlan(target, depth);
  return constant + factor * stride;
}

namespace {
/// One tile of rows.
struct TileEmitter {
  Emit &e;
  const FoldTile &fold;
  const RowTile &tile;
  MathForms math{e};

  int64_t height = tile.height;
  Value best, edges, queries, scores; // parts of the scratch
  Value lo0, loN, hi0, hiN;           // least and greatest edge of the rows
  Value base;                         // column at which a score row starts

  TileEmitter(Emit &e, const FoldTile &fold, const RowTile &tile) : e(e), fold(fold), tile(tile) {}

  // Scores lie [column / 16][row][16]: the rows of a tile are then constants apart, and broadcasts fold into the
  // multiply-adds. (With a stride known at run time LLVM makes a chain of addresses, and spills.)
  Value scoreVec(int64_t r, Value offset) { return e.at(e.at(scores, e.mul(offset, height)), r * kLanes); }
  Value scoreAt(int64_t r, Value offset) {
    Value strip = e.floorTo(offset, kLanes), lane = e.sub(offset, strip);
    return e.at(e.at(scores, e.add(e.mul(strip, height), lane)), r * kLanes);
  }
  Value asI32(Value index) { return e.b.createOrFold<arith::IndexCastOp>(e.loc, e.b.getI32Type(), index); }
  // Edges are kept in all lanes: of a broadcast scalar LLVM would compare one lane and spread the bit, at some cost.
  Value edgeLo(int64_t r) { return e.loadAs(e.vecI32(), e.at(edges, 2 * r * kLanes)); }
  Value edgeHi(int64_t r) { return e.loadAs(e.vecI32(), e.at(edges, (2 * r + 1) * kLanes)); }

  Value compare(CmpIPredicate p, Value x, Value y) { return arith::CmpIOp::create(e.b, e.loc, p, x, y); }
  Value both(Value x, Value y) { return arith::AndIOp::create(e.b, e.loc, x, y); }

  void layOut() {
    int64_t padded = (fold.depth + 15) / 16 * 16, rows = foldHeights(e.target).front();
    best = fold.scratch;
    edges = e.at(best, rows * 16);
    queries = e.at(edges, rows * 2 * 16);
    scores = e.at(queries, rows * padded);
  }

  void readEdges() {
    for (int64_t r = 0; r < height; ++r) {
      auto [lo, hi] = fold.range(tile.row(e, r));
      hi = e.max(hi, e.index(0));
      lo = e.min(e.max(lo, e.index(0)), hi); // nothing: an empty range where there are keys
      e.store(e.splat(asI32(lo)), e.at(edges, 2 * r * kLanes));
      e.store(e.splat(asI32(hi)), e.at(edges, (2 * r + 1) * kLanes));
      lo0 = r ? e.min(lo0, lo) : lo;
      loN = r ? e.max(loN, lo) : lo;
      hi0 = r ? e.min(hi0, hi) : hi;
      hiN = r ? e.max(hiN, hi) : hi;
    }
    base = e.floorTo(lo0, kLanes);
  }

  /// Queries side by side: their own stride may put all of them into one set of the cache.
  void gatherQueries() {
    if (height == 1) {
      queries = fold.query(tile.row(e, 0));
      return;
    }
    for (int64_t r = 0; r < height; ++r) {
      Value from = fold.query(tile.row(e, r)), to = e.at(queries, r * fold.depth);
      int64_t d = 0;
      for (; d + kLanes <= fold.depth; d += kLanes)
        e.store(e.loadVec(e.at(from, d)), e.at(to, d));
      for (; d < fold.depth; ++d)
        e.store(e.load(e.at(from, d)), e.at(to, d));
    }
  }

  int64_t panelsPerStep() {
    if (height == 1)
      return e.target.is512() ? 8 : 4;
    return e.target.is512() ? 2 : 1;
  }

  /// Minus infinity where the row does not see the column.
  Value masked(int64_t r, Value column, Value v) {
    Value at = e.add(e.splat(asI32(column)), e.iota());
    Value sees = both(compare(CmpIPredicate::sge, at, edgeLo(r)), compare(CmpIPredicate::slt, at, edgeHi(r)));
    return e.select(sees, v, e.real(-kInf, e.vec()));
  }

  /// Scores of all rows from `base` to the greatest edge, into scratch, and the largest of each lane of each row.
  void computeScores() {
    for (int64_t r = 0; r < height; ++r)
      e.store(e.real(-kInf, e.vec()), e.at(best, r * kLanes));
    int64_t count = panelsPerStep();
    Value end = e.ceilDiv(hiN, kLanes), last = e.sub(end, e.index(1));
    e.loop(e.divu(lo0, kLanes), end, count, [&](Value panel) {
      SmallVector<Value> from;
      for (int64_t p = 0; p < count; ++p)
        from.push_back(fold.keys(p ? e.min(e.add(panel, p), last) : panel));
      MicroKernel kernel;
      kernel.rows = height;
      kernel.panels = count;
      kernel.panelsAtOnce = e.target.is512() ? count : std::min<int64_t>(count, 2);
      kernel.extents = {e.index(fold.depth)};
      kernel.unroll = height == 1 ? 8 : fold.unroll;
      kernel.prefetch = fold.prefetch;
      auto a = [&](int64_t r, ValueRange k) { return e.at(e.at(queries, r * fold.depth), k[0]); };
      auto b = [&](int64_t p, ValueRange k) { return e.at(from[p], e.mul(k[0], kLanes)); };
      kernel.a = a;
      kernel.b = b;
      SmallVector<Value> raw = emitMicroKernel(e, kernel);
      Value column = e.mul(panel, kLanes), offset = e.sub(column, base);
      auto keep = [&](bool partly) {
        for (int64_t r = 0; r < height; ++r) {
          Value most = e.loadVec(e.at(best, r * kLanes));
          for (int64_t p = 0; p < count; ++p) {
            Value v = raw[r * count + p], at = e.add(column, p * kLanes);
            if (fold.map)
              v = fold.map(tile.row(e, r), at, v, partly);
            if (partly)
              v = masked(r, at, v);
            e.store(v, e.at(scoreVec(r, offset), p * kLanes * height));
            most = e.maxSecond(v, most);
          }
          e.store(most, e.at(best, r * kLanes));
        }
      };
      Value over = e.less(hi0, e.add(column, count * kLanes)), under = e.less(column, loN);
      e.choose(arith::OrIOp::create(e.b, e.loc, over, under), [&] { keep(true); }, [&] { keep(false); });
    });
  }

  /// Scores become weights; `best` becomes one over their sum.
  void computeWeights() {
    auto row = [&](Value r, Value index) {
      Value at = e.at(best, e.mul(r, kLanes));
      Value most = e.laneTree(e.loadVec(at), [&](Value x, Value y) { return e.maxSecond(x, y); });
      Value nothing = e.cmp(CmpFPredicate::OEQ, most, e.real(-kInf, e.vec()));
      // Taken out before the scale: what rounding leaves of their products' difference may be anything.
      Value shift = e.select(nothing, e.zero(), most);
      auto edge = [&](int64_t k) {
        Value v = e.loadAs(e.b.getI32Type(), e.at(e.at(edges, k * kLanes), e.mul(r, 2 * kLanes)));
        return arith::IndexCastOp::create(e.b, e.loc, e.b.getIndexType(), v).getResult();
      };
      Value lo = edge(0), hi = edge(1);
      Value from = e.sub(e.floorTo(lo, kLanes), base), to = e.sub(e.ceilTo(hi, kLanes), base);
      to = e.select(e.less(lo, hi), to, from);
      Value start = e.at(scores, e.mul(r, kLanes));
      auto step = [&](int64_t count) {
        return [&, count](Value j, ValueRange carried) -> SmallVector<Value> {
          SmallVector<Value> weights;
          for (int64_t u = 0; u < count; ++u) {
            Value v = e.loadVec(e.at(e.at(start, e.mul(j, height)), u * kLanes * height));
            weights.push_back(math.exp2NotPositive(e.subf(v, shift), fold.scale * kLog2e));
          }
          Value sum = carried[0];
          for (int64_t u = 0; u < count; ++u) {
            e.store(weights[u], e.at(e.at(start, e.mul(j, height)), u * kLanes * height));
            sum = e.addf(sum, weights[u]);
          }
          return {sum};
        };
      };
      const int64_t unroll = e.target.is512() ? 4 : 2;
      Value full = e.add(from, e.floorTo(e.sub(to, from), unroll * kLanes));
      SmallVector<Value> sum = e.loop(from, full, unroll * kLanes, e.zero(), step(unroll));
      sum = e.loop(full, to, kLanes, sum, step(1));
      Value total = e.laneTree(sum[0], [&](Value x, Value y) { return e.addf(x, y); });
      if (fold.statistics)
        fold.statistics(index, first(most), first(total));
      Value none = e.cmp(CmpFPredicate::OEQ, total, e.zero());
      e.store(e.select(none, e.zero(), e.divf(e.real(1.0, e.vec()), total)), at);
    };
    e.loop(e.index(0), e.index(height), 1, [&](Value r) {
      row(r, height == tile.sure ? e.add(tile.first, r) : e.min(e.add(tile.first, r), e.sub(tile.end, e.index(1))));
    });
  }

  Value first(Value v) { return vector::ExtractOp::create(e.b, e.loc, v, 0); }

  /// `count` vectors of the result from column `column` on.
  void computeResult(Value column, int64_t count) {
    auto columns = [&](Value s) {
      Value from = e.at(fold.value(s), column);
      SmallVector<Value> v;
      for (int64_t p = 0; p < count; ++p)
        v.push_back(e.loadVec(e.at(from, p * kLanes)));
      return v;
    };
    // Where not every row sees the column: each takes it or leaves its sums as they are.
    auto some = [&](Value from, Value to, bool testLo, bool testHi, SmallVector<Value> acc) {
      return e.loop(from, to, 1, acc, [&](Value s, ValueRange carried) {
        SmallVector<Value> next(carried), v = columns(s);
        Value at = e.splat(asI32(s));
        for (int64_t r = 0; r < height; ++r) {
          Value above = testLo ? compare(CmpIPredicate::sge, at, edgeLo(r)) : Value();
          Value below = testHi ? compare(CmpIPredicate::slt, at, edgeHi(r)) : Value();
          Value sees = !below ? above : !above ? below : both(above, below);
          Value w = e.splat(e.load(scoreAt(r, e.sub(s, base))));
          for (int64_t p = 0; p < count; ++p) {
            Value &sum = next[r * count + p];
            sum = e.select(sees, e.fma(w, v[p], sum), sum);
          }
        }
        return next;
      });
    };
    // Columns before every row has begun, those all rows see, and those after the first row has ended; if rows begin
    // after others have ended, all columns are of one kind.
    SmallVector<Value> acc(height * count, e.zero());
    Value from = lo0, to = hi0;
    if (height > 1) {
      Value apart = e.less(hi0, loN);
      from = e.select(apart, hiN, loN);
      to = e.select(apart, hiN, hi0);
      acc = some(lo0, e.select(apart, hiN, lo0), true, true, acc);
      acc = some(e.select(apart, from, lo0), from, true, false, acc);
    }
    MicroKernel kernel;
    kernel.rows = height;
    kernel.panels = count;
    kernel.extents = {e.sub(to, from)};
    kernel.unroll = height == 1 ? 4 : fold.unroll;
    kernel.prefetch = fold.prefetch;
    kernel.init = acc;
    Value begin = e.sub(from, base);
    auto a = [&](int64_t r, ValueRange k) { return scoreAt(r, e.add(begin, k[0])); };
    auto b = [&](int64_t p, ValueRange k) { return e.at(e.at(fold.value(e.add(from, k[0])), column), p * kLanes); };
    kernel.a = a;
    kernel.b = b;
    acc = emitMicroKernel(e, kernel);
    if (height > 1)
      acc = some(to, hiN, false, true, acc);
    for (int64_t r = 0; r < height; ++r) {
      auto store = [&] {
        Value scale = e.loadVec(e.at(best, r * kLanes));
        for (int64_t p = 0; p < count; ++p)
          fold.finish(e.add(tile.first, r), e.add(column, p * kLanes), e.mulf(acc[r * count + p], scale));
      };
      if (Value inside = tile.inside(e, r))
        e.when(inside, store);
      else
        store();
    }
  }

  void run() {
    layOut();
    readEdges();
    gatherQueries();
    computeScores();
    computeWeights();
    int64_t together = height == 1 ? 4 : e.target.is512() ? 2 : 1;
    int64_t vectors = fold.width / kLanes, full = vectors / together * together;
    if (full == together)
      computeResult(e.index(0), together);
    else if (full)
      e.loop(e.index(0), e.index(full * kLanes), together * kLanes,
             [&](Value column) { computeResult(column, together); });
    if (vectors > full)
      computeResult(e.index(full * kLanes), vectors - full);
  }
};
} // namespace

void rondo::emitFoldRows(Emit &e, const FoldTile &fold, Value lo, Value hi) {
  forRowTiles(
      e, lo, hi, foldHeights(e.target), [&](const RowTile &tile) { TileEmitter(e, fold, tile).run(); },
      /*oneCopy=*/true);
}
