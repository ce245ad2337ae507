#include "codegen/cpu/Point.h"

#include "ir/Axes.h"

using namespace mlir;

namespace rondo {

Point::Point(const Scope &scope, const EquationView &eq) : scope(scope), eq(eq), dims(eq.dims()) {
  unsigned own = eq.scalars.size() + eq.lets.size();
  for (StringRef scalar : eq.scalars) {
    auto [kind, axis] = scalar.split(' ');
    symbols.push_back(kind == "size" ? scope.lengthOf(axis) : scope.step.lookup(axis));
  }
  symbols.resize(own);
  for (auto &name : scope.kernel.axes.names)
    symbols.push_back(scope.example ? scope.lengthOf(name) : Value());
  for (auto [read, map] : llvm::zip(eq.reads, eq.readMaps))
    requireInRange(cast<RankedTensorType>(read.getType()), map, conditions);
  for (auto [let, map] : llvm::zip(eq.lets, eq.letMaps))
    requireInRange(cast<RankedTensorType>(let.getType()), map, letConditions.emplace_back());
  if (!eq.where.empty()) {
    Condition where;
    for (IntegerSet set : eq.where) {
      Condition::Clause clause;
      for (unsigned i = 0; i < set.getNumConstraints(); ++i)
        clause.push_back({set.getConstraint(i), set.isEq(i)});
      where.clauses.push_back(clause);
    }
    // A conjunction is as many conditions, so that each can bound a loop.
    if (where.clauses.size() == 1)
      for (auto &constraint : where.clauses[0])
        conditions.push_back({{{constraint}}, false});
    else
      conditions.push_back(where);
  }
}

Value Point::extent(unsigned dim) const {
  const Extent &e = eq.extents[dim];
  return e.axis.empty() ? code().index(e.size) : scope.lengthOf(e.axis);
}

bool Point::provedInRange(AffineExpr e, RankedTensorType type, unsigned dim) const {
  if (type.isDynamicDim(dim)) {
    auto d = dyn_cast<AffineDimExpr>(e);
    return d && eq.extents[d.getPosition()].axis == axisOf(type, dim);
  }
  if (auto symbol = dyn_cast<AffineSymbolExpr>(e)) {
    unsigned let = symbol.getPosition() - eq.scalars.size();
    if (symbol.getPosition() >= eq.scalars.size() && let < eq.lets.size()) {
      auto bound = scope.kernel.placement.boundOf(eq.lets[let]);
      return bound && *bound <= type.getDimSize(dim);
    }
  }
  auto range = rangeOf(e, cast<Equation>(eq.op));
  return range && range->first >= 0 && range->second < type.getDimSize(dim);
}

void Point::requireInRange(RankedTensorType type, AffineMap map, SmallVectorImpl<Condition> &to) const {
  MLIRContext *context = type.getContext();
  for (auto [d, e] : llvm::enumerate(map.getResults())) {
    if (provedInRange(e, type, d))
      continue;
    AffineExpr size;
    if (type.isDynamicDim(d)) {
      unsigned own = eq.scalars.size() + eq.lets.size();
      size = getAffineSymbolExpr(own + scope.kernel.axes.indexOf(axisOf(type, d)), context);
    } else {
      size = getAffineConstantExpr(type.getDimSize(d), context);
    }
    to.push_back({{{{e, false}}}, false});
    to.push_back({{{{size - 1 - e, false}}}, false});
  }
}

bool Point::ready(AffineExpr e, int besides) const {
  bool all = true;
  e.walk([&](AffineExpr x) {
    if (auto d = dyn_cast<AffineDimExpr>(x))
      all &= dims[d.getPosition()] != nullptr && int(d.getPosition()) != besides;
    else if (auto s = dyn_cast<AffineSymbolExpr>(x))
      all &= symbols[s.getPosition()] != nullptr;
  });
  return all;
}

bool Point::mentions(const Condition &c, unsigned dim) const {
  for (auto &clause : c.clauses)
    for (auto &[e, eqFlag] : clause)
      if (e.isFunctionOfDim(dim))
        return true;
  return false;
}

Value Point::evaluate(AffineExpr e, bool asVector) const {
  Code &c = code();
  if (auto k = dyn_cast<AffineConstantExpr>(e))
    return c.index(k.getValue());
  if (auto d = dyn_cast<AffineDimExpr>(e)) {
    Value v = dims[d.getPosition()];
    return asVector && int(d.getPosition()) == vectorDim ? c.sequence(v) : v;
  }
  if (auto s = dyn_cast<AffineSymbolExpr>(e))
    return symbols[s.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(e);
  Value l = evaluate(binary.getLHS(), asVector);
  auto k = dyn_cast<AffineConstantExpr>(binary.getRHS());
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return c.plus(l, evaluate(binary.getRHS(), asVector));
  case AffineExprKind::Mul:
    return c.times(l, evaluate(binary.getRHS(), asVector));
  case AffineExprKind::FloorDiv:
    return c.floorDiv(l, k.getValue());
  case AffineExprKind::CeilDiv:
    return c.floorDiv(c.plus(l, c.index(k.getValue() - 1)), k.getValue());
  default:
    return c.floorMod(l, k.getValue());
  }
}

Value Point::evaluate(const Condition &condition, bool asVector) const {
  Code &c = code();
  Value any;
  for (auto &clause : condition.clauses) {
    Value all;
    for (auto &[e, isEq] : clause)
      all = c.both(
          all, c.holds(isEq ? arith::CmpIPredicate::eq : arith::CmpIPredicate::sge, evaluate(e, asVector), c.index(0)));
    if (!all)
      return Value(); // an empty clause is true
    any = any ? c.either(any, all) : all;
  }
  return any;
}

Value Point::lookUp(unsigned let) {
  Code &c = code();
  Value inRange;
  for (Condition &condition : letConditions[let])
    inRange = c.both(inRange, evaluate(condition, false));
  Storage storage = scope.kernel.storageOf(eq.lets[let]);
  SmallVector<Value> at;
  for (AffineExpr e : eq.letMaps[let].getResults())
    at.push_back(evaluate(e));
  auto load = [&] { return SmallVector<Value>{c.loadInt(scope.address(storage, at), c.index(0))}; };
  symbols[eq.scalars.size() + let] =
      c.branch(inRange, {c.b.getIndexType()}, load, [&] { return SmallVector<Value>{c.index(-1)}; })[0];
  return inRange;
}

// Looks up every `let` whose position is known and evaluates every condition that became decidable.
Value Point::settle() {
  Code &c = code();
  Value added;
  for (unsigned l = 0; l < eq.lets.size(); ++l) {
    if (symbols[eq.scalars.size() + l])
      continue;
    if (llvm::all_of(eq.letMaps[l].getResults(), [&](AffineExpr e) { return ready(e, vectorDim); }))
      added = c.both(added, lookUp(l));
  }
  for (Condition &condition : conditions) {
    if (condition.done)
      continue;
    bool decidable = true;
    for (auto &clause : condition.clauses)
      for (auto &[e, isEq] : clause)
        decidable &= ready(e, vectorDim);
    if (!decidable)
      continue;
    added = c.both(added, evaluate(condition, false));
    condition.done = true;
  }
  return added;
}

Value Point::bind(unsigned dim, Value index) {
  dims[dim] = index;
  return settle();
}

std::pair<Value, Value> Point::span(unsigned dim) const {
  Code &c = code();
  Value lo = c.index(0), hi = extent(dim);
  if (scope.columns.empty())
    return {lo, hi};
  auto narrow = [&](Value v, AffineMap map) {
    auto asked = scope.columns.find(v);
    if (asked == scope.columns.end())
      return;
    const Place &place = scope.kernel.placement[v];
    for (auto [inner, range] : llvm::zip(ArrayRef(place.layout.rowDims).drop_front(place.rowAxes), asked->second))
      if (map ? map.getResult(inner) == getAffineDimExpr(dim, map.getContext()) : inner == dim) {
        lo = c.max(lo, range.first);
        hi = c.min(hi, range.second);
      }
  };
  // A result dimension: what is asked of the results. A reduced one: what there is of the operands.
  if (dim < eq.resultDims)
    narrow(eq.op->getResult(0), {});
  else
    for (auto [v, map] : llvm::zip(eq.reads, eq.readMaps))
      narrow(v, map);
  return {lo, hi};
}

std::pair<Value, Value> Point::bounds(unsigned dim) {
  Code &c = code();
  auto [lo, hi] = span(dim);
  MLIRContext *context = eq.op->getContext();
  dims[dim] = c.index(0); // so that `ready` asks for the other dimensions only
  for (Condition &condition : conditions) {
    if (condition.done || !mentions(condition, dim))
      continue;
    // The hull of the clauses; a clause without a bound leaves none.
    Value from, to;
    bool haveFrom = true, haveTo = true, exact = condition.clauses.size() == 1;
    for (auto &clause : condition.clauses) {
      Value clauseFrom, clauseTo;
      for (auto &[e, isEq] : clause) {
        AffineExpr d = getAffineDimExpr(dim, context);
        AffineExpr rest = e.replace(d, getAffineConstantExpr(0, context));
        AffineExpr slope = simplifyAffineExpr(e - rest, eq.dims(), symbols.size());
        bool up = slope == d, down = slope == -d;
        if ((!up && !down) || !ready(rest, vectorDim)) {
          exact = false;
          continue;
        }
        Value r = evaluate(rest);
        if (up || isEq) { // d + r >= 0, or d == -+r
          Value bound = up ? c.sub(c.index(0), r) : r;
          clauseFrom = clauseFrom ? c.max(clauseFrom, bound) : bound;
        }
        if (down || isEq) {
          Value bound = c.add(down ? r : c.sub(c.index(0), r), c.index(1));
          clauseTo = clauseTo ? c.min(clauseTo, bound) : bound;
        }
      }
      haveFrom &= clauseFrom != nullptr;
      haveTo &= clauseTo != nullptr;
      if (haveFrom)
        from = from ? c.min(from, clauseFrom) : clauseFrom;
      if (haveTo)
        to = to ? c.max(to, clauseTo) : clauseTo;
    }
    if (haveFrom && from)
      lo = c.max(lo, from);
    if (haveTo && to)
      hi = c.min(hi, to);
    condition.done = exact;
  }
  dims[dim] = Value();
  return {lo, hi};
}

Value Point::mask() {
  Code &c = code();
  Value all = laneMask;
  for (Condition &condition : conditions) {
    if (condition.done)
      continue;
    all = c.both(all, evaluate(condition, true));
  }
  return all && !isa<VectorType>(all.getType()) ? c.splat(all) : all;
}

bool Point::vectorisable(unsigned dim, bool needAdjacent) const {
  for (AffineMap map : eq.letMaps)
    for (AffineExpr e : map.getResults())
      if (e.isFunctionOfDim(dim))
        return false;
  bool adjacent = false;
  for (unsigned k = 0; k < eq.reads.size(); ++k) {
    Along how = along(k, dim);
    if (how == Along::Apart)
      return false;
    adjacent |= how == Along::Adjacent;
  }
  return adjacent || !needAdjacent;
}

Point::Along Point::along(unsigned k, unsigned dim) const {
  Storage storage = scope.kernel.storageOf(eq.reads[k]);
  Along how = Along::Constant;
  unsigned full = 0;
  for (AffineExpr e : eq.readMaps[k].getResults()) {
    while (llvm::any_of(storage.held, [&](auto &h) { return h.first == full; }))
      ++full;
    if (e.isFunctionOfDim(dim)) {
      AffineExpr rest = e.replace(getAffineDimExpr(dim, e.getContext()), getAffineConstantExpr(0, e.getContext()));
      AffineExpr slope = simplifyAffineExpr(e - rest, eq.dims(), symbols.size());
      if (how != Along::Constant || slope != getAffineDimExpr(dim, e.getContext()) ||
          storage.contiguousDim() != int64_t(full))
        return Along::Apart;
      how = Along::Adjacent;
    }
    ++full;
  }
  return how;
}

Value Point::readAddress(unsigned k) const {
  SmallVector<Value> at;
  for (AffineExpr e : eq.readMaps[k].getResults())
    at.push_back(evaluate(e));
  return scope.address(scope.kernel.storageOf(eq.reads[k]), at);
}

Value Point::read(unsigned k, Value mask) {
  Code &c = code();
  Along how = vectorDim < 0 ? Along::Constant : along(k, vectorDim);
  Type element = cast<RankedTensorType>(eq.reads[k].getType()).getElementType();
  Type stored = element.isF32() ? element : c.b.getI32Type();
  Value v;
  if (how == Along::Apart)
    v = gather(k, stored, mask);
  else
    v = how == Along::Adjacent ? c.loadMasked(c.vecOf(stored), readAddress(k), mask) : c.loadAs(stored, readAddress(k));
  if (element.isInteger(1))
    v = arith::CmpIOp::create(c.b, c.loc, arith::CmpIPredicate::ne, v, c.integer(0, v.getType()));
  return v;
}

// Elements that are not adjacent, lane by lane.
Value Point::gather(unsigned k, Type stored, Value mask) {
  Code &c = code();
  Value all = arith::ConstantOp::create(c.b, c.loc, c.b.getZeroAttr(c.vecOf(stored))), first = dims[vectorDim];
  auto exists = [&](int64_t lane) -> Value {
    return mask ? vector::ExtractOp::create(c.b, c.loc, mask, ArrayRef<int64_t>{lane}).getResult() : Value();
  };
  for (int64_t lane = 0; lane < kLanes; ++lane) {
    dims[vectorDim] = c.add(first, lane);
    all = c.branch(
        exists(lane), {all.getType()},
        [&]() -> SmallVector<Value> {
          return {vector::InsertOp::create(c.b, c.loc, c.loadAs(stored, readAddress(k)), all, ArrayRef<int64_t>{lane})};
        },
        [&]() -> SmallVector<Value> { return {all}; })[0];
  }
  dims[vectorDim] = first;
  return all;
}

Value Point::resultAddress(unsigned k) const {
  Storage storage = scope.kernel.storageOf(eq.op->getResult(k));
  return scope.address(storage, ArrayRef<Value>(dims).take_front(eq.resultDims));
}

void Point::write(unsigned k, Value v) const {
  Code &c = code();
  Storage storage = scope.kernel.storageOf(eq.op->getResult(k));
  Type element = storage.layout.type.getElementType();
  if (element.isInteger(1))
    v = arith::ExtUIOp::create(c.b, c.loc, isa<VectorType>(v.getType()) ? Type(c.vecI32()) : c.b.getI32Type(), v);
  Value address = resultAddress(k);
  if (vectorDim < 0)
    return c.store(v, address);
  // Inside the library a row has room for whole vectors.
  bool room = storage.layout.padded && eq.extents[vectorDim].axis.empty();
  c.storeMasked(c.splat(v), address, room ? Value() : laneMask);
}

} // namespace rondo
