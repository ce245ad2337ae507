#include "dsl/Affine.h"

using namespace llvm;
using namespace mlir;

namespace rondo::eq {

AffineExpr AffineForms::symbol(const Expr *e) {
  for (auto [i, s] : enumerate(symbols))
    if (equal(s, e))
      return getAffineSymbolExpr(i, context);
  symbols.push_back(e);
  return getAffineSymbolExpr(symbols.size() - 1, context);
}

AffineExpr AffineForms::get(const Expr *e) {
  switch (e->op) {
  case Op::Const:
    return getAffineConstantExpr(int64_t(e->value), context);
  case Op::Index: {
    if (is_contained(steps, e->var))
      return symbol(e);
    auto *it = find(dims, e->var);
    if (it == dims.end()) {
      dims.push_back(e->var);
      it = std::prev(dims.end());
    }
    return getAffineDimExpr(it - dims.begin(), context);
  }
  case Op::Narrow:
    return get(e->args[0]);
  case Op::Length: // of axes made by arithmetic: what they are made of
    return e->seq->length ? get(e->seq->length) : symbol(e);
  case Op::Neg:
    return -get(e->args[0]);
  case Op::Add:
    return get(e->args[0]) + get(e->args[1]);
  case Op::Sub:
    return get(e->args[0]) - get(e->args[1]);
  case Op::Mul:
    if (auto c = asInteger(e->args[1]))
      return get(e->args[0]) * *c;
    if (auto c = asInteger(e->args[0]))
      return get(e->args[1]) * *c;
    return symbol(e);
  case Op::IntDiv:
    if (auto c = asInteger(e->args[1]); c && *c > 0)
      return get(e->args[0]).floorDiv(*c);
    return symbol(e);
  case Op::Mod:
    if (auto c = asInteger(e->args[1]); c && *c > 0)
      return get(e->args[0]) % *c;
    return symbol(e);
  default:
    return symbol(e);
  }
}

Clauses AffineForms::both(const Clauses &a, const Clauses &b) {
  Clauses result;
  for (const Clause &x : a)
    for (const Clause &y : b) {
      Clause c = x;
      c.append(y);
      result.push_back(c);
    }
  return result;
}

Clauses AffineForms::either(Clauses a, const Clauses &b) {
  for (const Clause &c : a)
    if (c.empty())
      return a;
  for (const Clause &c : b)
    if (c.empty())
      return b;
  a.append(b.begin(), b.end());
  return a;
}

/// Takes larger and smaller of two apart, so that `abs(i - j) <= R` is affine.
Clauses AffineForms::compare(Op op, const Expr *a, const Expr *b) {
  if (op == Op::Lt || op == Op::Le) {
    if (a->is(Op::Max))
      return both(compare(op, a->args[0], b), compare(op, a->args[1], b));
    if (a->is(Op::Min))
      return either(compare(op, a->args[0], b), compare(op, a->args[1], b));
    if (b->is(Op::Max))
      return either(compare(op, a, b->args[0]), compare(op, a, b->args[1]));
    if (b->is(Op::Min))
      return both(compare(op, a, b->args[0]), compare(op, a, b->args[1]));
    AffineExpr e = get(b) - get(a) - (op == Op::Lt ? 1 : 0);
    if (auto c = dyn_cast<AffineConstantExpr>(e))
      return c.getValue() >= 0 ? Clauses{Clause{}} : Clauses{};
    return {Clause{{e, false}}};
  }
  AffineExpr e = get(a) - get(b);
  auto c = dyn_cast<AffineConstantExpr>(e);
  if (op == Op::Eq) {
    if (c)
      return c.getValue() == 0 ? Clauses{Clause{}} : Clauses{};
    return {Clause{{e, true}}};
  }
  if (c)
    return c.getValue() != 0 ? Clauses{Clause{}} : Clauses{};
  return {Clause{{e - 1, false}}, Clause{{-e - 1, false}}};
}

/// Of `s != 1 and s != 2 and ..` each part doubles the clauses: those that would make too many are one truth together.
Clauses AffineForms::conjunction(const Expr *c, bool negated) {
  constexpr size_t most = 64;
  SmallVector<Expr *> parts;
  auto collect = [&](auto &self, const Expr *e) -> void {
    for (Expr *part : e->args)
      if (part->op == c->op)
        self(self, part);
      else
        parts.push_back(part);
  };
  collect(collect, c);
  Clauses all{Clause{}};
  Expr *rest = nullptr;
  for (Expr *part : parts) {
    Clauses own = clauses(part, negated);
    if (own.size() * all.size() <= most)
      all = both(all, own);
    else
      rest = rest ? program.binary(c->op, rest, part, c->range) : part;
  }
  return rest ? both(all, truth(rest, negated)) : all;
}

/// A condition as a symbol that is 0 or 1.
Clauses AffineForms::truth(const Expr *c, bool negated) {
  AffineExpr s = symbol(c);
  return {Clause{{negated ? s : s - 1, true}}};
}

Clauses AffineForms::clauses(const Expr *c, bool negated) {
  switch (c->op) {
  case Op::Const:
    return (c->value != 0) != negated ? Clauses{Clause{}} : Clauses{};
  case Op::Not:
    return clauses(c->args[0], !negated);
  case Op::And:
  case Op::Or:
    if (c->is(Op::And) != negated)
      return conjunction(c, negated);
    return either(clauses(c->args[0], negated), clauses(c->args[1], negated));
  case Op::Lt:
  case Op::Le:
  case Op::Eq:
  case Op::Ne: {
    const Expr *a = c->args[0], *b = c->args[1];
    if (!a->isInt() || !b->isInt())
      break;
    if (!negated)
      return compare(c->op, a, b);
    switch (c->op) {
    case Op::Lt:
      return compare(Op::Le, b, a);
    case Op::Le:
      return compare(Op::Lt, b, a);
    case Op::Eq:
      return compare(Op::Ne, a, b);
    default:
      return compare(Op::Eq, a, b);
    }
  }
  default:
    break;
  }
  return truth(c, negated);
}

} // namespace rondo::eq
