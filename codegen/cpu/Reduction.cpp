#include "codegen/cpu/Reduction.h"

#include "codegen/cpu/Math.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace rondo {

Reduction::Reduction(Point &point) : point(point) {
  const EquationView &eq = point.eq;
  for (unsigned d = eq.resultDims; d < eq.dims(); ++d)
    dims.push_back(d);
  if (auto reduce = dyn_cast<ReduceOp>(eq.op))
    how = reduce.getHow();
  element_ = cast<RankedTensorType>(eq.op->getResult(0).getType()).getElementType();
  bool along = point.vectorDim >= 0;
  resultType = along ? Type(code().vecOf(element_)) : element_;
  lanes = !along && !dims.empty() && element_.isF32() && how != "argmax" && point.vectorisable(dims.back(), true);
  carriedType = along || lanes ? Type(code().vecOf(element_)) : element_;
}

Value Reduction::identity() const {
  Code &c = code();
  if (how == "argmax")
    return c.integer(-1, resultType);
  if (!element_.isF32())
    return c.integer(how == "max" ? INT32_MIN : how == "min" ? INT32_MAX : how == "prod" ? 1 : 0, resultType);
  double inf = std::numeric_limits<double>::infinity();
  return c.real(how == "max" || how == "lse" ? -inf : how == "min" ? inf : how == "prod" ? 1 : 0, resultType);
}

// The innermost dimension along the lanes: strips start at multiples of 16 of the example's own positions.
Value Reduction::strips(unsigned dim, Value carried, Terms terms) {
  Code &c = code();
  auto [lo, hi] = point.bounds(dim);
  auto first = Code::constant(lo), last = Code::constant(hi);
  bool whole = first && last && *first % kLanes == 0 && *last % kLanes == 0;
  Value start = first ? c.index(*first / kLanes * kLanes) : c.times(c.floorDiv(lo, kLanes), c.index(kLanes));
  return c.loop(start, hi, kLanes, ValueRange{carried}, [&](Value i, ValueRange args) {
    Point::State saved = point.save();
    point.vectorDim = dim;
    Value mask;
    if (!whole) {
      Value at = c.sequence(i);
      mask = c.holds(arith::CmpIPredicate::slt, at, hi);
      if (!first || *first % kLanes)
        mask = c.both(mask, c.holds(arith::CmpIPredicate::sge, at, lo));
    }
    point.laneMask = mask;
    Value ok = point.bind(dim, i);
    Value next = c.branch(
        ok, {carriedType}, [&] { return SmallVector<Value>{terms(args[0], point.mask())}; },
        [&] { return SmallVector<Value>{args[0]}; })[0];
    point.restore(std::move(saved));
    return SmallVector<Value>{next};
  })[0];
}

Value Reduction::nest(ArrayRef<unsigned> open, Value carried, Terms terms) {
  Code &c = code();
  if (open.empty())
    return terms(carried, point.mask());
  unsigned dim = open.front();
  if (lanes && open.size() == 1)
    return strips(dim, carried, terms);
  auto [lo, hi] = point.bounds(dim);
  return c.loop(lo, hi, 1, ValueRange{carried}, [&](Value i, ValueRange args) {
    Point::State saved = point.save();
    Value ok = point.bind(dim, i);
    Value next = c.branch(
        ok, {carriedType}, [&] { return SmallVector<Value>{nest(open.drop_front(), args[0], terms)}; },
        [&] { return SmallVector<Value>{args[0]}; })[0];
    point.restore(std::move(saved));
    return SmallVector<Value>{next};
  })[0];
}

Value Reduction::element(unsigned k, Value mask) {
  Code &c = code();
  Value v = point.read(k, mask);
  Type stored = getElementTypeOrSelf(v.getType());
  if (stored.isInteger(1))
    v = arith::ExtUIOp::create(c.b, c.loc, c.shaped(v.getType(), c.b.getI32Type()), v);
  if (element_.isF32() && !stored.isF32())
    v = arith::SIToFPOp::create(c.b, c.loc, c.shaped(v.getType(), c.f32()), v);
  return isa<VectorType>(carriedType) ? c.splat(v) : v;
}

// One multiply-add: the last factor joins the product of the others and the sum so far.
Value Reduction::sumOfProducts(Value carried, Value mask) {
  Code &c = code();
  bool real = element_.isF32();
  auto multiply = [&](Value x, Value y) { return real ? c.mulf(x, y) : c.mul(x, y); };
  auto join = [&](Value x, Value y) { return real ? c.addf(x, y) : c.add(x, y); };
  unsigned n = point.eq.reads.size();
  Value next;
  if (n == 0) {
    next = join(carried, real ? c.real(1, carriedType) : c.integer(1, carriedType));
  } else {
    Value product = element(0, mask);
    for (unsigned k = 1; k + 1 < n; ++k)
      product = multiply(product, element(k, mask));
    if (n == 1)
      next = join(carried, product);
    else
      next =
          real ? c.fma(product, element(n - 1, mask), carried) : join(multiply(product, element(n - 1, mask)), carried);
  }
  return mask && isa<VectorType>(carriedType) ? c.pick(mask, next, carried) : next;
}

Value Reduction::fold(Value init, llvm::function_ref<Value(Value, Value)> combine, Terms terms) {
  Code &c = code();
  Value v = nest(dims, init, terms);
  if (!lanes)
    return v;
  return vector::ExtractOp::create(c.b, c.loc, c.laneTree(v, combine), ArrayRef<int64_t>{0});
}

Value Reduction::argmax() {
  Code &c = code();
  unsigned dim = dims[0];
  bool real = cast<RankedTensorType>(point.eq.reads[0].getType()).getElementType().isF32();
  Type kept = real ? Type(c.f32()) : Type(c.b.getI32Type());
  Value lowest = real ? c.real(-std::numeric_limits<double>::infinity(), kept) : c.integer(INT32_MIN, kept);
  Value none = c.index(-1);
  auto [lo, hi] = point.bounds(dim);
  auto best = c.loop(lo, hi, 1, ValueRange{lowest, none}, [&](Value i, ValueRange args) {
    Point::State saved = point.save();
    Value ok = point.bind(dim, i);
    auto next = c.branch(
        ok, {kept, c.b.getIndexType()},
        [&]() -> SmallVector<Value> {
          Value x = point.read(0, {});
          // The first present term always counts; after it only a larger one.
          Value first = c.holds(arith::CmpIPredicate::slt, args[1], c.index(0));
          Value larger = real ? c.cmp(arith::CmpFPredicate::OGT, x, args[0])
                              : arith::CmpIOp::create(c.b, c.loc, arith::CmpIPredicate::sgt, x, args[0]).getResult();
          Value better = c.either(first, larger);
          return {c.pick(better, x, args[0]), c.pick(better, i, args[1])};
        },
        [&]() -> SmallVector<Value> { return {args[0], args[1]}; });
    point.restore(std::move(saved));
    return next;
  });
  return arith::IndexCastOp::create(c.b, c.loc, c.b.getI32Type(), best[1]);
}

// log sum exp, with the greatest term taken out first.
Value Reduction::logSumExp() {
  Code &c = code();
  MathForms forms(c);
  Value lowest = c.real(-std::numeric_limits<double>::infinity(), carriedType);
  auto larger = [&](Value x, Value y) { return c.maxSecond(x, y); };
  auto sum = [&](Value x, Value y) { return c.addf(x, y); };
  // Bounds are settled by the first pass that loops; the second must find them open again.
  Point::State open = point.save();
  Value most = fold(lowest, larger, [&](Value m, Value mask) {
    Value next = c.maxSecond(element(0, mask), m);
    return mask ? c.pick(mask, next, m) : next;
  });
  point.restore(std::move(open));
  // Of nothing, and where one is infinite, nothing is taken out: the logarithm of 0 or of infinity is right.
  Value infinite = c.cmp(arith::CmpFPredicate::OEQ, math::AbsFOp::create(c.b, c.loc, most),
                         c.real(std::numeric_limits<double>::infinity(), most.getType()));
  Value shift = c.pick(infinite, c.real(0, most.getType()), most);
  Value wide = isa<VectorType>(carriedType) ? c.splat(shift) : shift;
  Value total = fold(c.real(0, carriedType), sum, [&](Value t, Value mask) {
    Value next = c.addf(t, forms.exp(c.subf(element(0, mask), wide)));
    return mask ? c.pick(mask, next, t) : next;
  });
  return c.addf(shift, forms.log(total));
}

Value Reduction::emit() {
  Code &c = code();
  if (how == "argmax")
    return argmax();
  if (how == "lse")
    return logSumExp();
  Value init = element_.isF32() ? c.real(0, carriedType) : c.integer(0, carriedType);
  if (how.empty())
    return fold(
        init, [&](Value x, Value y) { return c.addf(x, y); },
        [&](Value carried, Value mask) { return sumOfProducts(carried, mask); });
  double inf = std::numeric_limits<double>::infinity();
  bool real = element_.isF32();
  auto combine = [&](Value x, Value y) -> Value {
    if (!real)
      return how == "max"   ? arith::MaxSIOp::create(c.b, c.loc, x, y).getResult()
             : how == "min" ? arith::MinSIOp::create(c.b, c.loc, x, y).getResult()
                            : arith::MulIOp::create(c.b, c.loc, x, y).getResult();
    return how == "max" ? c.maxSecond(x, y) : how == "min" ? c.minSecond(x, y) : c.mulf(x, y);
  };
  double start = how == "max" ? -inf : how == "min" ? inf : 1;
  int64_t startInt = how == "max" ? INT32_MIN : how == "min" ? INT32_MAX : 1;
  init = real ? c.real(start, carriedType) : c.integer(startInt, carriedType);
  return fold(init, combine, [&](Value carried, Value mask) {
    Value next = combine(element(0, mask), carried);
    return mask && isa<VectorType>(carriedType) ? c.pick(mask, next, carried) : next;
  });
}

} // namespace rondo
