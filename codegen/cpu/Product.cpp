#include "codegen/cpu/Product.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace rondo;

std::pair<Value, Value> rondo::threadRange(Emit &e, Value count, int64_t unit, Value tid, Value threads) {
  Value units = e.ceilDiv(count, unit);
  auto bound = [&](Value t) -> Value {
    Value u = e.b.createOrFold<arith::DivUIOp>(e.loc, e.mul(units, t), threads);
    return e.min(e.mul(u, unit), count);
  };
  return {bound(tid), bound(e.add(tid, 1))};
}

/// Of A and of a block: less than half of a second-level cache of 1 MB. B's panels and C pass through the same sets,
/// and reading B once more costs little, since it is fetched ahead.
static constexpr int64_t kBlockFloats = 3 << 15;
static constexpr int64_t kLeastTiles = 4, kMostTiles = 20, kHighest = 14;

int64_t rondo::productCopyStride(int64_t depth) { return ((depth + kLanes - 1) / kLanes | 1) * kLanes; }

int64_t rondo::productCopyFloats(int64_t depth) {
  int64_t rows = std::clamp(kBlockFloats / depth, kLeastTiles * kHighest, kMostTiles * kHighest);
  return rows * productCopyStride(depth);
}

namespace {
struct ProductEmitter {
  Emit &e;
  const Product &product;
  Value parked = {}; // where sums wait that the registers cannot hold
  Value copied = {}; // the first of the rows that stand in product.copy

  Value rowOfA(Value i, int64_t ahead) {
    if (!copied)
      return product.rowOfA(i, ahead);
    int64_t stride = productCopyStride(product.copyDepth);
    return e.at(e.at(product.copy, e.mul(e.sub(i, copied), stride)), ahead * stride);
  }

  void copyRows(Value lo, Value hi) {
    int64_t stride = productCopyStride(product.copyDepth);
    e.loop(lo, hi, 1, [&](Value row) {
      Value from = product.rowOfA(row, 0), to = e.at(product.copy, e.mul(e.sub(row, lo), stride));
      int64_t together = product.copyDepth % (4 * kLanes) ? kLanes : 4 * kLanes;
      e.loop(e.index(0), e.index(product.copyDepth), together, [&](Value k) {
        for (int64_t i = 0; i < together; i += kLanes)
          e.store(e.loadVec(e.at(e.at(from, k), i)), e.at(e.at(to, k), i));
      });
    });
  }

  Value offset(ValueRange k, ArrayRef<int64_t> strides, int64_t scale) {
    Value sum = e.index(0);
    for (auto [i, s] : llvm::zip(k, strides))
      sum = e.add(sum, e.mul(i, s * scale));
    return sum;
  }

  /// One tile of a block that starts at row `first`: rows of `tile`, panels from unit `unit` on. `units` is null where
  /// all its units exist.
  void tile(const TileShape &shape, const RowTile &tile, Value first, Value unit, Value units) {
    int64_t gates = product.gates, unitsHere = shape.panels / gates;
    SmallVector<Value> rowPtr, panelPtr;
    Value firstPanel = e.mul(unit, gates);
    for (int64_t r = 0; r < tile.height; ++r)
      rowPtr.push_back(r < tile.sure ? rowOfA(tile.first, r) : rowOfA(tile.row(e, r), 0));
    for (int64_t u = 0; u < unitsHere; ++u)
      for (int64_t g = 0; g < gates; ++g) {
        bool sure = !units || u == 0;
        Value last = sure ? Value() : e.sub(units, e.index(1));
        panelPtr.push_back(sure ? product.panelOfB(firstPanel, u * gates + g)
                                : product.panelOfB(e.mul(e.min(e.add(unit, u), last), gates), g));
      }
    auto place = [&](int64_t u) {
      return units && u ? e.min(e.add(unit, u), e.sub(units, e.index(1))) : e.add(unit, u);
    };
    SmallVector<Value> init;
    if (product.start)
      for (int64_t r = 0; r < tile.height; ++r)
        for (int64_t u = 0; u < unitsHere; ++u)
          init.append(product.start(tile.row(e, r), place(u)));

    MicroKernel kernel;
    kernel.rows = tile.height;
    kernel.panels = shape.panels;
    kernel.panelsAtOnce = shape.panelsAtOnce;
    kernel.extents = product.extents;
    bool single = tile.height == 1; // bound by reading B: see MicroKernel
    kernel.unroll = single ? 16 : product.unroll;
    kernel.prefetch = product.prefetch;
    kernel.init = init;
    auto a = [&](int64_t r, ValueRange k) { return e.at(rowPtr[r], offset(k, product.strideA, 1)); };
    auto b = [&](int64_t p, ValueRange k) { return e.at(panelPtr[p], offset(k, product.strideB, kLanes)); };
    kernel.a = a;
    kernel.b = b;
    if (shape.panelsAtOnce < shape.panels) {
      if (!parked)
        parked = parkingSpace(e, 16 * std::max<int64_t>(shape.panels, 8));
      kernel.parked = parked;
    }
    SmallVector<Value> sums = emitMicroKernel(e, kernel);

    if (product.buffer) {
      for (int64_t r = 0; r < tile.height; ++r) {
        Value row = e.mul(e.sub(tile.row(e, r), first), shape.panels * kLanes);
        for (int64_t p = 0; p < shape.panels; ++p) {
          int64_t at = r * shape.panels + p;
          e.store(kernel.parked ? parkedSum(e, parked, at) : sums[at], e.at(e.at(product.buffer, row), p * kLanes));
        }
      }
      return;
    }
    for (int64_t r = 0; r < tile.height; ++r)
      for (int64_t u = 0; u < unitsHere; ++u) {
        Value inside = tile.inside(e, r);
        if (units && u) {
          Value exists = e.less(e.add(unit, u), units);
          inside = inside ? arith::AndIOp::create(e.b, e.loc, inside, exists).getResult() : exists;
        }
        auto finish = [&] {
          SmallVector<Value> strip;
          for (int64_t at = r * shape.panels + u * gates, g = 0; g < gates; ++g)
            strip.push_back(kernel.parked ? parkedSum(e, parked, at + g) : sums[at + g]);
          product.finish(e.add(tile.first, r), e.add(unit, u), strip);
        };
        if (inside)
          e.when(inside, finish);
        else
          finish();
      }
  }

  /// Rows [lo, hi) by units [from, to).
  void block(const TileShape &shape, Value lo, Value hi, Value from, Value to) {
    int64_t unitsHere = shape.panels / product.gates;
    bool whole = (product.panels / product.gates) % unitsHere == 0;
    Value end = whole ? Value() : to;
    e.loop(from, to, unitsHere, [&](Value unit) {
      forRowTiles(e, lo, hi, shape.heights, [&](const RowTile &t) { tile(shape, t, lo, unit, end); });
      if (product.buffer)
        finishBlock(shape, lo, hi, unit, to);
    });
  }

  /// Hands over the sums of rows [lo, hi) that stand in the buffer.
  void finishBlock(const TileShape &shape, Value lo, Value hi, Value unit, Value to) {
    int64_t unitsHere = shape.panels / product.gates;
    Value count = e.min(e.index(unitsHere), e.sub(to, unit));
    e.loop(lo, hi, 1, [&](Value row) {
      Value at = e.at(product.buffer, e.mul(e.sub(row, lo), shape.panels * kLanes));
      e.loop(e.index(0), count, 1, [&](Value u) {
        Value strip = e.at(at, e.mul(u, product.gates * kLanes));
        SmallVector<Value> sums;
        for (int64_t g = 0; g < product.gates; ++g)
          sums.push_back(e.loadVec(e.at(strip, g * kLanes)));
        product.finish(row, e.add(unit, u), sums);
      });
    });
  }

  /// The most tiles of a block; the buffer holds their sums.
  int64_t blockTiles(const TileShape &shape) {
    int64_t height = shape.heights.front();
    if (product.blockRows)
      return (product.blockRows + height - 1) / height;
    int64_t depth = 1;
    for (Value v : product.extents) {
      APInt c;
      depth *= matchPattern(v, m_ConstantInt(&c)) ? c.getSExtValue() : 512;
    }
    int64_t most = std::min(kMostTiles, kProductBuffer / (height * shape.panels * kLanes));
    return std::clamp(kBlockFloats / std::max<int64_t>(depth, 1) / height, kLeastTiles, most);
  }

  /// Blocks of nearly equal numbers of tiles: each reads all of B, so a short last one would cost like a long one.
  void general(const TileShape &shape, Value lo, Value hi, Value from, Value to) {
    int64_t height = shape.heights.front();
    Value tiles = e.max(e.ceilDiv(e.sub(hi, lo), height), e.index(1));
    Value blocks = e.ceilDiv(tiles, blockTiles(shape));
    Value each = e.b.createOrFold<arith::DivUIOp>(e.loc, e.add(tiles, e.sub(blocks, e.index(1))), blocks);
    auto loop = scf::ForOp::create(e.b, e.loc, lo, hi, e.mul(each, height));
    OpBuilder::InsertionGuard guard(e.b);
    e.b.setInsertionPoint(loop.getBody()->getTerminator());
    Value row = loop.getInductionVar();
    Value end = e.min(e.add(row, e.mul(each, height)), hi);
    if (product.copy) {
      copyRows(row, end);
      copied = row;
    }
    block(shape, row, end, from, to);
    copied = {};
  }

  void run() {
    TileShape wide = generalTile(e.target, product.panels, product.gates, product.scattered);
    TileShape thin = thinTile(e.target, product.panels, product.gates);
    int64_t unitsTotal = product.panels / product.gates;
    Value zero = e.index(0), units = e.index(unitsTotal);
    Value isThin = e.less(product.rows, e.index(3));
    auto columns = [&](const TileShape &shape) -> std::pair<Value, Value> {
      if (!product.tid)
        return {zero, units};
      return threadRange(e, units, shape.panels / product.gates, product.tid, product.threads);
    };
    auto thinPath = [&] {
      auto [from, to] = product.split == Product::Rows ? std::pair(zero, units) : columns(thin);
      Value lo = zero, hi = product.rows;
      if (product.tid && product.split == Product::Rows)
        std::tie(lo, hi) = threadRange(e, hi, 1, product.tid, product.threads);
      block(thin, lo, hi, from, to);
    };
    auto widePath = [&] {
      int64_t height = wide.heights.front();
      Value lo = zero, hi = product.rows, from = zero, to = units;
      if (product.tid) {
        auto byRow = threadRange(e, product.rows, height, product.tid, product.threads);
        auto byColumn = columns(wide);
        if (product.split == Product::Rows)
          std::tie(lo, hi) = byRow;
        else if (product.split == Product::Columns)
          std::tie(from, to) = byColumn;
        else {
          // Rows once every thread has several tiles of them, or where there are too few columns to deal out.
          Value tiles = e.ceilDiv(product.rows, height);
          Value many = e.less(e.mul(product.threads, 4), tiles);
          Value narrow = e.less(e.index(unitsTotal * product.gates / wide.panels), product.threads);
          Value rows = arith::OrIOp::create(e.b, e.loc, many, narrow);
          lo = e.select(rows, byRow.first, lo);
          hi = e.select(rows, byRow.second, hi);
          from = e.select(rows, from, byColumn.first);
          to = e.select(rows, to, byColumn.second);
        }
      }
      general(wide, lo, hi, from, to);
    };
    e.choose(isThin, thinPath, widePath);
  }
};
} // namespace

void rondo::emitProduct(Emit &e, const Product &product) { ProductEmitter{e, product}.run(); }
