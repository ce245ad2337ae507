#include "codegen/cpu/FoldKernel.h"

#include "codegen/cpu/FoldTile.h"
#include "codegen/cpu/Region.h"
#include "ir/Axes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace rondo {

namespace {

/// The place of one (example, head): the panels of its keys, and equations with their outer dims bound.
struct Head {
  Kernel &kernel;
  Code &c;
  const FoldPattern &pattern;
  Scope scope;
  SmallVector<Value> outer; // indices of the static dims
  Value flat;               // and their flat index
  Value panels;             // start of this head's key panels
  Value values;             // and of its values, if they are copied

  Value columns() const {
    return scope.lengthOf(axisOf(cast<RankedTensorType>(pattern.scores->getResult(0).getType()), pattern.column));
  }
  /// Binds example and outer dims, named by the wide dims' positions in `at` (where the equation has each).
  Value bind(Point &point, llvm::function_ref<unsigned(unsigned)> at) const {
    Value ok = point.bind(at(pattern.example), scope.example);
    for (auto [d, v] : llvm::zip(pattern.outer, outer))
      ok = c.both(ok, point.bind(at(d), v));
    return ok;
  }
};

unsigned same(unsigned d) { return d; }

/// Calls `body` for every (example, head) of this thread: unit u = example * heads + head, dealt out in turns.
void forHeads(Kernel &kernel, const FoldPattern &pattern, int64_t slot, llvm::function_ref<void(Head &)> body) {
  Code &c = kernel.code;
  int64_t heads = pattern.heads();
  auto type = cast<RankedTensorType>(pattern.scores->getResult(0).getType());
  Value base = kernel.pointerTo(FrameField::Slots, slot);
  Value batch = kernel.field(FrameField::Batch);
  Value count = c.mul(batch, heads);
  Value turns =
      c.b.createOrFold<arith::CeilDivUIOp>(c.loc, c.sub(c.max(count, kernel.tid), kernel.tid), kernel.threads);
  c.loop(c.index(0), turns, 1, [&](Value turn) {
    Value unit = c.add(kernel.tid, c.mul(turn, kernel.threads));
    Value example = c.divu(unit, heads);
    Head head{kernel, c, pattern, Scope(kernel).withExample(example), {}, c.sub(unit, c.mul(example, heads)), {}, {}};
    int64_t below = heads;
    for (unsigned d : pattern.outer) {
      int64_t size = type.getDimSize(d);
      below /= size;
      head.outer.push_back(c.floorMod(c.floorDiv(head.flat, below), size));
    }
    // Example b starts at column floor16(offset) + 16 b: room for every example's last, partly filled panel.
    int64_t axis = kernel.axes.indexOf(axisOf(type, pattern.column));
    Value start = c.add(c.floorTo(head.scope.offset[axis], kLanes), c.mul(example, kLanes));
    Value own = c.mul(head.flat, c.ceilTo(head.columns(), kLanes));
    head.panels = c.at(base, c.mul(c.add(c.mul(start, heads), own), pattern.depth));
    if (pattern.gathersValues()) {
      Value before = c.add(c.mul(head.scope.offset[axis], heads), c.mul(head.flat, head.columns()));
      head.values = c.at(kernel.pointerTo(FrameField::Slots, slot + 1), c.mul(before, pattern.width));
    }
    body(head);
  });
}

} // namespace

/// Sixteen vectors as a square: rows become columns, in four rounds that swap ever smaller blocks across the diagonal.
static void transpose(Code &c, MutableArrayRef<Value> rows) {
  for (int64_t size = kLanes / 2; size > 0; size /= 2) {
    SmallVector<int64_t> upper, lower;
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      bool right = lane & size;
      upper.push_back(right ? kLanes + lane - size : lane);
      lower.push_back(right ? kLanes + lane : lane + size);
    }
    for (int64_t i = 0; i < kLanes; ++i) {
      if (i & size)
        continue;
      Value x = rows[i], y = rows[i + size];
      rows[i] = vector::ShuffleOp::create(c.b, c.loc, x, y, upper);
      rows[i + size] = vector::ShuffleOp::create(c.b, c.loc, x, y, lower);
    }
  }
}

/// Where the values of one column of this head begin.
static Value valueRow(const Head &head, Value s) {
  EquationView out = EquationView::of(ContractOp(head.pattern.out));
  AffineMap weights = out.readMaps[head.pattern.weightRead];
  auto inOut = [&](unsigned d) { return weights.getDimPosition(d); };
  Point point(head.scope, out);
  head.bind(point, inOut);
  point.bind(inOut(head.pattern.row), head.c.index(0));
  point.bind(out.resultDims - 1, head.c.index(0));
  point.bind(out.resultDims, s);
  return point.readAddress(head.pattern.valueRead);
}

void emitKeyPanels(Kernel &kernel, const FoldPattern &pattern, int64_t slot) {
  forHeads(kernel, pattern, slot, [&](Head &head) {
    Code &c = head.c;
    EquationView eq = EquationView::of(ContractOp(pattern.scores));
    auto key = [&](Value column) {
      Point point(head.scope, eq);
      head.bind(point, same);
      point.bind(pattern.row, c.index(0));
      point.bind(pattern.column, column);
      point.bind(eq.resultDims, c.index(0));
      return point.readAddress(pattern.keyRead);
    };
    auto panel = [&](Value column) { return c.at(head.panels, c.mul(c.divu(column, kLanes), pattern.depth * kLanes)); };
    auto copy = [&](Value from, Value to, Value i) { c.store(c.load(c.at(from, i)), c.at(to, c.mul(i, kLanes))); };
    // Whole panels by squares: keys of one head lie far apart, and sixteen loads in flight hide what one would wait
    // for.
    int64_t squares = pattern.depth / kLanes * kLanes;
    Value columns = head.columns(), whole = c.floorTo(columns, kLanes);
    c.loop(c.index(0), whole, kLanes, [&](Value column) {
      SmallVector<Value> from;
      for (int64_t l = 0; l < kLanes; ++l)
        from.push_back(key(c.add(column, l)));
      Value to = panel(column);
      if (squares)
        c.loop(c.index(0), c.index(squares), kLanes, [&](Value i) {
          SmallVector<Value> square;
          for (Value f : from)
            square.push_back(c.loadVec(c.at(f, i)));
          transpose(c, square);
          for (auto [l, v] : llvm::enumerate(square))
            c.store(v, c.at(c.at(to, c.mul(i, kLanes)), l * kLanes));
        });
      if (squares < pattern.depth)
        c.loop(c.index(squares), c.index(pattern.depth), 1, [&](Value i) {
          for (auto [l, f] : llvm::enumerate(from))
            copy(f, c.at(to, l), i);
        });
    });
    c.loop(whole, columns, 1, [&](Value column) {
      Value from = key(column), to = c.at(panel(column), c.sub(column, whole));
      c.loop(c.index(0), c.index(pattern.depth), 1, [&](Value i) { copy(from, to, i); });
    });
    if (head.values)
      c.loop(c.index(0), columns, 1, [&](Value s) {
        Value from = valueRow(head, s), to = c.at(head.values, c.mul(s, pattern.width));
        Value soon = valueRow(head, c.add(s, kLanes)); // the hardware does not follow rows over pages
        for (int64_t i = 0; i < pattern.width; i += kLanes) {
          c.prefetch(c.at(soon, i));
          c.store(c.loadVec(c.at(from, i)), c.at(to, i));
        }
      });
  });
}

void emitFoldTiles(Kernel &kernel, FoldPattern pattern, int64_t slot) {
  auto type = cast<RankedTensorType>(pattern.scores->getResult(0).getType());
  Code &c = kernel.code;
  Value scratch = kernel.scratch();
  forHeads(kernel, pattern, slot, [&](Head &head) {
    EquationView scores = EquationView::of(pattern.scores), softmax = EquationView::of(pattern.softmax),
                 out = EquationView::of(pattern.out);
    AffineMap weights = out.readMaps[pattern.weightRead];
    auto inOut = [&](unsigned d) { return weights.getDimPosition(d); };
    FoldTile fold;
    fold.depth = pattern.depth;
    fold.width = pattern.width;
    fold.scratch = scratch;
    auto query = [&](Value row) {
      Point point(head.scope, scores);
      head.bind(point, same);
      point.bind(pattern.row, row);
      point.bind(pattern.column, c.index(0));
      point.bind(scores.resultDims, c.index(0));
      return point.readAddress(pattern.queryRead);
    };
    auto keys = [&](Value panel) { return c.at(head.panels, c.mul(panel, pattern.depth * kLanes)); };
    auto place = [&](Point &point, Value row, Value s, Value lane) {
      head.bind(point, inOut);
      point.bind(inOut(pattern.row), row);
      point.bind(out.resultDims - 1, lane);
      point.bind(out.resultDims, s);
    };
    auto value = [&](Value s) { return head.values ? c.at(head.values, c.mul(s, pattern.width)) : valueRow(head, s); };
    auto range = [&](Value row) {
      Point point(head.scope, softmax);
      Value ok = head.bind(point, same);
      ok = c.both(ok, point.bind(pattern.row, row));
      auto [lo, hi] = point.bounds(pattern.column);
      return std::pair(lo, ok ? c.pick(ok, hi, lo) : hi);
    };
    auto finish = [&](Value row, Value column, Value result) {
      Point point(head.scope, out);
      place(point, row, c.index(0), column);
      c.store(result, point.resultAddress(0));
    };
    fold.query = query;
    fold.keys = keys;
    fold.value = value;
    fold.range = range;
    fold.finish = finish;
    fold.map = [&](Value row, Value column, Value v, bool partly) {
      Value present; // what is read along the columns ends with them
      if (partly)
        present = c.holds(arith::CmpIPredicate::slt, c.sequence(column), head.columns());
      auto along = [&](Point &point) {
        head.bind(point, same);
        point.bind(pattern.row, row);
        point.bounds(pattern.column); // what bounds the range needs no mask
        point.vectorDim = pattern.column;
        point.bind(pattern.column, column);
      };
      Value wide = pattern.scores->getResult(0);
      for (MapOp map : pattern.maps) {
        EquationView eq = EquationView::of(map);
        Point point(head.scope, eq);
        along(point);
        SmallVector<Value> read;
        for (unsigned k = 0; k < eq.reads.size(); ++k)
          read.push_back(eq.reads[k] == wide ? v : point.read(k, present));
        v = c.splat(emitRegion(point, map, read)[0]);
        wide = map->getResult(0);
      }
      Point point(head.scope, softmax);
      along(point);
      Value mask = point.mask();
      return mask ? c.pick(mask, v, c.real(-std::numeric_limits<double>::infinity(), c.vec())) : v;
    };
    Value rows = head.scope.lengthOf(axisOf(type, pattern.row));
    emitFoldRows(c, fold, c.index(0), rows);
  });
}

} // namespace rondo
