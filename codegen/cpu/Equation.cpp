#include "codegen/cpu/Equation.h"

#include "codegen/cpu/Copy.h"
#include "codegen/cpu/Math.h"
#include "codegen/cpu/Point.h"
#include "codegen/cpu/Reduction.h"
#include "codegen/cpu/Region.h"
#include "ir/Axes.h"

using namespace mlir;

namespace rondo {

static SmallVector<Extent> extentsOf(Equation equation) {
  SmallVector<Extent> extents;
  for (unsigned d = 0; d < equation.getNumDims(); ++d)
    extents.push_back(equation.getDimAxis(d).empty() ? Extent{equation.getDimSize(d), ""}
                                                     : Extent{0, equation.getDimAxis(d).str()});
  return extents;
}

bool isSafeView(Operation *op) {
  if (!isPlainView(op) || cast<RankedTensorType>(op->getResult(0).getType()).hasStaticShape())
    return false; // a parameter's is made once, when a model is opened
  auto view = cast<Equation>(op);
  Value from = view.getReads()[0];
  return getElementTypeOrSelf(from) == getElementTypeOrSelf(op->getResult(0)) &&
         isInRange(view, from, view.getReadMap(0));
}

/// A view beyond whose end nothing is looked up; readers say so of themselves (`where`), look-ups do not.
static bool looksThrough(Equation equation, Value let, AffineMap map) {
  return isSafeView(let.getDefiningOp()) && isInRange(equation, let, map);
}

bool isLookedThrough(Operation *op) {
  return isSafeView(op) && llvm::all_of(op->getUses(), [](OpOperand &use) {
           auto user = dyn_cast<Equation>(use.getOwner());
           if (!user)
             return false;
           unsigned reads = user.getReads().size(), operand = use.getOperandNumber();
           return operand < reads || looksThrough(user, use.get(), user.getLetMap(operand - reads));
         });
}

static void lookThrough(Value &value, AffineMap &map) {
  auto inner = cast<Equation>(value.getDefiningOp());
  map = inner.getReadMap(0).compose(map);
  value = inner.getReads()[0];
}

EquationView EquationView::of(Operation *op) {
  auto equation = cast<Equation>(op);
  EquationParts parts = equation.getParts();
  EquationView view;
  view.op = op;
  view.reads.assign(parts.reads.begin(), parts.reads.end());
  view.lets.assign(parts.lets.begin(), parts.lets.end());
  view.readMaps.assign(parts.readMaps.begin(), parts.readMaps.end());
  view.letMaps.assign(parts.letMaps.begin(), parts.letMaps.end());
  view.scalars.assign(parts.scalars.begin(), parts.scalars.end());
  view.where.assign(parts.where.begin(), parts.where.end());
  view.resultDims = equation.getNumResultDims();
  view.extents = extentsOf(equation);
  for (auto [read, map] : llvm::zip(view.reads, view.readMaps))
    while (isSafeView(read.getDefiningOp()))
      lookThrough(read, map);
  for (auto [let, map] : llvm::zip(view.lets, view.letMaps))
    while (looksThrough(equation, let, map))
      lookThrough(let, map);
  return view;
}

namespace {

/// Loops over result dimensions and hands each point (or strip of 16) to `body` with the condition gathered so far.
class ResultLoops {
public:
  ResultLoops(Point &point, llvm::function_ref<void(Value)> body) : point(point), body(body) {}

  /// `order`: the dimensions to loop over; `vectorDim`: the last of them if it runs along the lanes, else -1.
  void run(ArrayRef<unsigned> order, int vectorDim, bool room, Value condition) {
    if (order.empty())
      return body(condition);
    Code &c = point.code();
    unsigned dim = order.front();
    auto inner = [&](Value index, Value mask) {
      Point::State saved = point.save();
      if (int(dim) == vectorDim) {
        point.vectorDim = dim;
        point.laneMask = mask;
      }
      Value added = point.bind(dim, index);
      run(order.drop_front(), vectorDim, room, c.both(condition, added));
      point.restore(std::move(saved));
    };
    auto [first, size] = point.span(dim);
    if (int(dim) != vectorDim)
      return c.loop(first, size, 1, [&](Value i) { inner(i, {}); });
    auto known = Code::constant(size);
    if (known && (room || *known % kLanes == 0))
      return c.loop(c.index(0), c.index(llvm::alignTo(*known, kLanes)), kLanes, [&](Value i) { inner(i, {}); });
    if (known) {
      int64_t full = *known / kLanes * kLanes;
      if (full)
        c.loop(c.index(0), c.index(full), kLanes, [&](Value i) { inner(i, {}); });
      Value mask = c.holds(arith::CmpIPredicate::slt, c.sequence(c.index(full)), size);
      return inner(c.index(full), mask);
    }
    c.loop(c.floorTo(first, kLanes), size, kLanes,
           [&](Value i) { inner(i, c.holds(arith::CmpIPredicate::slt, c.sequence(i), size)); });
  }

private:
  Point &point;
  llvm::function_ref<void(Value)> body;
};

/// Whether whole vectors may be read and written past the end of dimension `dim`: every value that has it is the
/// library's own and padded.
bool hasRoom(const Point &point, unsigned dim) {
  if (!point.eq.extents[dim].axis.empty())
    return false;
  auto padded = [&](Value v) { return point.scope.kernel.storageOf(v).layout.padded; };
  for (auto [value, map] : llvm::zip(point.eq.reads, point.eq.readMaps))
    if (llvm::any_of(map.getResults(), [&](AffineExpr e) { return e.isFunctionOfDim(dim); })) {
      // Adjacent, but perhaps shifted: then the end of the read is not the end of the row.
      bool pure = llvm::is_contained(map.getResults(), getAffineDimExpr(dim, map.getContext()));
      if (!padded(value) || !pure)
        return false;
    }
  return llvm::all_of(point.eq.op->getResults(), padded);
}

void emitMap(Point &point, Value condition) {
  Code &c = point.code();
  auto map = cast<MapOp>(point.eq.op);
  SmallVector<Type> types;
  auto compute = [&] {
    Value mask = point.mask();
    SmallVector<Value> read;
    for (unsigned k = 0; k < point.eq.reads.size(); ++k)
      read.push_back(point.read(k, mask));
    SmallVector<Value> values = emitRegion(point, map, read);
    for (Value &v : values) {
      if (point.vectorDim >= 0)
        v = c.splat(v);
      // Without conditions the only lanes masked are beyond the row, where nothing is kept.
      if (mask && mask != point.laneMask)
        v = c.pick(mask, v, arith::ConstantOp::create(c.b, c.loc, c.b.getZeroAttr(v.getType())));
    }
    return values;
  };
  for (Type t : map.getResultTypes()) {
    Type element = cast<RankedTensorType>(t).getElementType();
    types.push_back(point.vectorDim >= 0 ? Type(c.vecOf(element)) : element);
  }
  SmallVector<Value> values = c.branch(condition, types, compute, [&] {
    SmallVector<Value> zeroes;
    for (Type t : types)
      zeroes.push_back(arith::ConstantOp::create(c.b, c.loc, c.b.getZeroAttr(t)));
    return zeroes;
  });
  for (auto [k, v] : llvm::enumerate(values))
    point.write(k, v);
}

void emitReduced(Point &point, Value condition) {
  Code &c = point.code();
  Reduction reduction(point);
  Value v = c.branch(
      condition, {reduction.type()}, [&] { return SmallVector<Value>{reduction.emit()}; },
      [&] { return SmallVector<Value>{reduction.identity()}; })[0];
  point.write(0, v);
}

void emitSoftmax(Point &point, ArrayRef<unsigned> over, int vectorDim, Value condition) {
  Code &c = point.code();
  Type type = vectorDim >= 0 ? Type(c.vec()) : c.f32();
  Value lowest = c.real(-std::numeric_limits<float>::infinity(), type), zeroes = c.real(0, type);
  // A pass over the listed dimensions: `body` gets the element (-inf where absent) and carries one value.
  auto pass = [&](Value init, llvm::function_ref<Value(Value, Value, Value)> body) {
    std::function<Value(ArrayRef<unsigned>, Value, Value)> nest = [&](ArrayRef<unsigned> dims, Value carried,
                                                                      Value ok) {
      if (dims.empty()) {
        Value mask = point.mask();
        Value x = c.branch(
            ok, {type}, [&] { return SmallVector<Value>{point.read(0, mask)}; },
            [&] { return SmallVector<Value>{lowest}; })[0];
        if (vectorDim >= 0)
          x = c.splat(x);
        if (mask)
          x = c.pick(mask, x, lowest);
        return body(carried, x, mask);
      }
      unsigned dim = dims.front();
      bool along = int(dim) == vectorDim;
      auto [first, size] = point.span(dim);
      return c.loop(along ? c.floorTo(first, kLanes) : first, size, along ? kLanes : 1, ValueRange{carried},
                    [&](Value i, ValueRange args) {
                      Point::State saved = point.save();
                      if (along) {
                        point.vectorDim = dim;
                        auto known = Code::constant(size);
                        if (!known || *known % kLanes)
                          point.laneMask = c.holds(arith::CmpIPredicate::slt, c.sequence(i), size);
                      }
                      Value added = point.bind(dim, i);
                      Value next = nest(dims.drop_front(), args[0], c.both(ok, added));
                      point.restore(std::move(saved));
                      return SmallVector<Value>{next};
                    })[0];
    };
    return nest(over, init, condition);
  };
  auto joined = [&](Value v, llvm::function_ref<Value(Value, Value)> f) {
    return vectorDim >= 0 ? c.laneTree(v, f) : v;
  };
  MathForms forms(c);
  auto larger = [&](Value x, Value y) { return c.maxSecond(x, y); };
  auto sum = [&](Value x, Value y) { return c.addf(x, y); };
  Value most = joined(pass(lowest, [&](Value m, Value x, Value) { return c.maxSecond(x, m); }), larger);
  Value none = c.cmp(arith::CmpFPredicate::OEQ, most, lowest);
  Value shift = c.pick(none, zeroes, most); // so that nothing present gives exp(-inf) = 0, not NaN
  Value total = joined(pass(zeroes,
                            [&](Value t, Value x, Value) {
                              Value e = forms.exp(c.subf(x, shift));
                              point.write(0, e);
                              return c.addf(t, e);
                            }),
                       sum);
  Value scale = c.divf(c.real(1, type), c.pick(none, c.real(1, type), total));
  Storage result = point.scope.kernel.storageOf(point.eq.op->getResult(0));
  pass(zeroes, [&](Value carried, Value, Value) {
    Value address = point.resultAddress(0);
    bool room = result.layout.padded && (vectorDim < 0 || point.eq.extents[vectorDim].axis.empty());
    Value e = vectorDim < 0 ? c.load(address) : c.loadMasked(c.vec(), address, room ? Value() : point.laneMask);
    point.write(0, c.mulf(e, scale));
    return carried;
  });
}

} // namespace

void emitEquation(const Scope &scope, Operation *op, ArrayRef<Value> preset) {
  EquationView eq = EquationView::of(op);
  Point point(scope, eq);
  Value condition;
  SmallVector<unsigned> open;
  for (unsigned d = 0; d < eq.resultDims; ++d) {
    if (preset[d])
      condition = point.code().both(condition, point.bind(d, preset[d]));
    else
      open.push_back(d);
  }
  if (eq.resultDims == 0)
    condition = point.settleNow();

  int64_t contiguous = scope.kernel.storageOf(op->getResult(0)).contiguousDim();
  auto alongLanes = [&](ArrayRef<unsigned> among, bool adjacent) {
    return contiguous >= 0 && llvm::is_contained(among, unsigned(contiguous)) &&
           point.vectorisable(contiguous, adjacent);
  };
  if (auto softmax = dyn_cast<SoftmaxOp>(op)) {
    SmallVector<unsigned> over(softmax.getOver().begin(), softmax.getOver().end());
    for (unsigned d : over)
      llvm::erase(open, d);
    // The lanes run along a normalised dimension; it must then be the innermost loop.
    int vectorDim = -1;
    if (alongLanes(over, true)) {
      vectorDim = contiguous;
      llvm::erase(over, vectorDim);
      over.push_back(vectorDim);
    }
    llvm::SmallVector<unsigned> listed = over;
    return ResultLoops(point, [&](Value ok) { emitSoftmax(point, listed, vectorDim, ok); })
        .run(open, -1, false, condition);
  }
  auto reduce = dyn_cast<ReduceOp>(op);
  int vectorDim = -1;
  if (!(reduce && reduce.getHow() == "argmax") && alongLanes(open, false)) {
    vectorDim = contiguous;
    llvm::erase(open, vectorDim);
    open.push_back(vectorDim);
  }
  bool room = vectorDim >= 0 && hasRoom(point, vectorDim);
  ResultLoops(point, [&](Value ok) {
    isa<MapOp>(op) ? emitMap(point, ok) : emitReduced(point, ok);
  }).run(open, vectorDim, room, condition);
}

void emitConcat(const Scope &scope, ConcatOp op, ArrayRef<Value> preset) {
  Storage to = scope.kernel.storageOf(op.getResult());
  int64_t start = 0;
  for (Value part : op.getParts()) {
    auto type = cast<RankedTensorType>(part.getType());
    emitCopy(scope, scope.kernel.storageOf(part), to, type, preset, op.getDim(), start);
    start += type.getDimSize(op.getDim());
  }
}

} // namespace rondo
