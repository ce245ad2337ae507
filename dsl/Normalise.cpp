#include "dsl/Normalise.h"
#include "dsl/Tidy.h"

#include <cmath>

using namespace llvm;

namespace rondo::eq {

bool isZero(const Expr *e) { return e->is(Op::Const) && e->value == 0; }

bool isZeroOutside(const Expr *read) {
  return all_of(read->outside, [](const Outside &o) { return isZero(o.value); });
}

bool isPredicate(const Expr *c) {
  switch (c->op) {
  case Op::And:
  case Op::Or:
  case Op::Not:
    return all_of(c->args, [](Expr *a) { return isPredicate(a); });
  case Op::Const:
    return true;
  case Op::Lt:
  case Op::Le:
  case Op::Eq:
  case Op::Ne:
    return c->args[0]->isInt() && c->args[1]->isInt();
  case Op::Read:
    return true;
  default:
    return false;
  }
}

void factorsOf(Expr *e, SmallVectorImpl<Expr *> &factors) {
  if (e->is(Op::Mul) && e->isReal()) {
    factorsOf(e->args[0], factors);
    factorsOf(e->args[1], factors);
  } else
    factors.push_back(e);
}

namespace {
class Normaliser {
public:
  Normaliser(Program &p, const Array &reader, ArrayRef<const Group *> groups) : p(p), reader(reader), groups(groups) {}

  Expr *operator()(Expr *e) {
    return rewrite(p, e, [&](Expr *was, Expr *n) -> Expr * {
      if (n->is(Op::Read)) {
        auto *through = find_if(groups, [&](const Group *g) { return g->inclusive.contains({&reader, was}); });
        return read(n, through == groups.end() ? nullptr : *through);
      }
      if (n->is(Op::Reduce))
        return reduce(n);
      return n;
    });
  }

private:
  Program &p;
  const Array &reader;
  ArrayRef<const Group *> groups;

  /// Whether the place is one of every array with this axis.
  static bool liesWithin(const Expr *at, const Axis &axis) {
    if (axis.seq)
      return at->element.token && at->element.bound.same(axis);
    if (auto n = asInteger(at))
      return *n >= 0 && *n < axis.size;
    return at->element.token && !at->element.bound.seq && at->element.bound.size <= axis.size;
  }

  /// Whether the condition says that such a place lies outside.
  static bool saysOutside(const Expr *when, const Expr *at, const Axis &axis) {
    if (when->is(Op::And))
      return any_of(when->args, [&](const Expr *part) { return saysOutside(part, at, axis); });
    return when->is(Op::Eq) && equal(when->args[0], at) && isOutside(when->args[1], axis);
  }

  /// Whether a read may leave its array only along the time of a recurrence that carries it from step to step: then
  /// what stands outside is how that begins.
  bool isCarried(const Expr *n) const {
    return any_of(groups, [&](const Group *g) {
      auto offset = offsetOf(p, *g, reader, n);
      if (!offset || *offset == 0)
        return false;
      unsigned time = g->time.lookup(n->array);
      ArrayRef<Axis> axes = n->array->type.axes;
      bool within = all_of(enumerate(n->args, axes), [&](auto subscript) {
        auto [k, at, axis] = subscript;
        return k == time || liesWithin(at, axis);
      });
      return all_of(n->outside, [&](const Outside &o) {
        return within || (o.when && saysOutside(o.when, n->args[time], axes[time]));
      });
    });
  }

  /// `through`: the recurrence whose rows it reads up to the step itself, or null.
  Expr *read(Expr *n, const Group *through) {
    SmallVector<Outside, 1> outside;
    bool carried = !n->outside.empty() && isCarried(n);
    if (carried || !isZeroOutside(n)) {
      n = p.clone(*n);
      outside.swap(n->outside);
    }
    Expr *result = through ? upTo(*through, n) : n;
    if (carried)
      return result;
    for (const Outside &o : reverse(outside)) {
      Expr *inside = nullptr;
      if (o.when) {
        inside = p.negation(o.when, n->range);
      } else
        for (auto [at, axis] : zip(n->args, n->array->type.axes)) {
          if (at->is(Op::Index) && at->var->axis.same(axis))
            continue;
          Expr *in = p.binary(Op::And, p.binary(Op::Le, p.integer(0, at->range), at, at->range),
                              p.binary(Op::Lt, at, p.extent(axis, at->range), at->range), at->range);
          inside = inside ? p.binary(Op::And, inside, in, n->range) : in;
        }
      if (inside)
        result = p.make(Op::Select, n->element, n->range, {inside, result, o.value});
    }
    return result;
  }

  /// Rows up to the step itself: the one of this step, or an earlier one.
  Expr *upTo(const Group &g, Expr *n) {
    unsigned time = g.time.lookup(n->array);
    Expr *now = p.index(reader.vars[g.time.lookup(&reader)], n->range);
    Expr *current = p.clone(*n);
    current->args[time] = now;
    return p.make(Op::Select, n->element, n->range, {p.binary(Op::Eq, n->args[time], now, n->range), current, n});
  }

  Expr *real(double value, Range range) { return p.number(value, Element::real(), range); }

  Expr *reduce(Expr *n) {
    switch (n->reduction) {
    case Reduction::Mean:
      return mean(n);
    case Reduction::Any:
    case Reduction::All: {
      if (n->reduction == Reduction::All && !n->args[1]) // of a condition that always holds
        return p.truth(true, n->range);
      Expr *count = p.make(Op::Reduce, Element::integer(), n->range, {nullptr, n->args[1]});
      count->reduction = Reduction::Count;
      count->vars = n->vars;
      if (n->reduction == Reduction::Any)
        return p.binary(Op::Lt, p.integer(0, n->range), count, n->range);
      count->args[1] = p.negation(n->args[1], n->range);
      return p.binary(Op::Eq, count, p.integer(0, n->range), n->range);
    }
    case Reduction::Sum:
      return sum(n);
    default:
      return n;
    }
  }

  Expr *mean(Expr *n) {
    Expr *total = p.clone(*n);
    total->reduction = Reduction::Sum;
    Expr *s = sum(total);
    if (n->args[1]) {
      Expr *count = p.make(Op::Reduce, Element::integer(), n->range, {nullptr, n->args[1]});
      count->reduction = Reduction::Count;
      count->vars = n->vars;
      Expr *least = p.binary(Op::Max, p.toReal(count), real(1, n->range), n->range); // the mean of nothing is 0
      return p.binary(Op::Div, s, least, n->range);
    }
    double size = 1;
    Expr *length = nullptr;
    for (const Var *v : n->vars) {
      if (!v->axis.seq) {
        size *= double(v->axis.size);
        continue;
      }
      Expr *l = p.toReal(p.length(v->axis.seq, n->range));
      if (v->axis.seq->least == 0)
        l = p.binary(Op::Max, l, real(1, n->range), n->range);
      length = length ? p.binary(Op::Mul, length, l, n->range) : l;
    }
    Expr *scale = real(1 / size, n->range);
    if (length)
      scale = p.binary(Op::Div, scale, length, n->range);
    return p.binary(Op::Mul, s, scale, n->range);
  }

  /// A factor that is one thing at the step and another before: a sum for each, so that rows need not be put together.
  Expr *cases(Expr *n) {
    Expr *choice = nullptr;
    SmallVector<Expr *> factors;
    factorsOf(n->args[0], factors);
    for (Expr *f : factors)
      if (f->is(Op::Select) && f->args[1]->is(Op::Read) && f->args[2]->is(Op::Read) &&
          f->args[2]->array == f->args[1]->array)
        choice = f;
    if (!choice)
      return nullptr;
    auto with = [&](Expr *chosen, Expr *condition) {
      Expr *body = nullptr;
      for (Expr *f : factors) {
        Expr *part = f == choice ? chosen : f;
        body = body ? p.binary(Op::Mul, body, part, n->range) : part;
      }
      Expr *s = p.clone(*n);
      s->args[0] = body;
      if (condition)
        s->args[1] = s->args[1] ? p.binary(Op::And, s->args[1], condition, n->range) : condition;
      return sum(s);
    };
    Expr *when = choice->args[0], *otherwise = p.negation(when, n->range);
    if (!touches(when, n))
      return p.make(Op::Select, n->element, n->range,
                    {when, with(choice->args[1], nullptr), with(choice->args[2], nullptr)});
    return p.binary(Op::Add, with(choice->args[1], when), with(choice->args[2], otherwise), n->range);
  }

  bool touches(const Expr *e, const Expr *sum) const {
    return any_of(sum->vars, [&](const Var *v) { return isFree(v, e); });
  }

  Expr *sum(Expr *n) {
    if (!n->isReal())
      return n;
    if (Expr *parts = cases(n))
      return parts;
    SmallVector<Expr *> inner, outer, under;
    Expr *condition = n->args[1];
    split(n, n->args[0], condition, inner, outer, under);
    Expr *body = nullptr;
    for (Expr *f : inner)
      body = body ? p.binary(Op::Mul, body, f, n->range) : f;
    if (!body)
      body = real(1, n->range);
    Expr *result = n;
    if (body != n->args[0] || condition != n->args[1]) {
      result = p.clone(*n);
      result->args[0] = body;
      result->args[1] = condition;
    }
    double constant = 1;
    bool finite = true; // what is multiplied with: then nothing stays nothing
    for (Expr *f : outer) {
      if (f->is(Op::Const)) {
        constant *= f->value;
        continue;
      }
      result = p.binary(Op::Mul, result, f, n->range);
      finite = false;
    }
    for (Expr *d : under) {
      if (d->is(Op::Const)) {
        constant /= d->value;
        continue;
      }
      result = p.binary(Op::Div, result, d, n->range);
      finite = false;
    }
    if (constant == -1)
      result = p.make(Op::Neg, Element::real(), n->range, {result});
    else if (constant != 1)
      result = p.binary(Op::Mul, result, real(constant, n->range), n->range);
    Expr *some = finite && std::isfinite(constant) ? nullptr : hasTerms(n, condition);
    return some ? p.make(Op::Select, Element::real(), n->range, {some, result, real(0, n->range)}) : result;
  }

  /// Whether anything is summed, where that is a question: the sum of nothing is 0, whatever stood beside it.
  Expr *hasTerms(const Expr *sum, Expr *condition) {
    if (condition) {
      Expr *count = p.make(Op::Reduce, Element::integer(), sum->range, {nullptr, condition});
      count->reduction = Reduction::Count;
      count->vars = sum->vars;
      return p.binary(Op::Lt, p.integer(0, sum->range), count, sum->range);
    }
    Expr *all = nullptr;
    for (const Var *v : sum->vars)
      if (v->axis.seq && v->axis.seq->least == 0) {
        Expr *some = p.binary(Op::Lt, p.integer(0, sum->range), p.length(v->axis.seq, sum->range), sum->range);
        all = all ? p.binary(Op::And, all, some, sum->range) : some;
      }
    return all;
  }

  /// Takes the body apart: what depends on the summed indices, and what stands outside, above and below the line.
  void split(Expr *sum, Expr *e, Expr *&condition, SmallVectorImpl<Expr *> &inner, SmallVectorImpl<Expr *> &outer,
             SmallVectorImpl<Expr *> &under) {
    if (!touches(e, sum)) {
      outer.push_back(e);
      return;
    }
    switch (e->op) {
    case Op::Mul:
      split(sum, e->args[0], condition, inner, outer, under);
      split(sum, e->args[1], condition, inner, outer, under);
      return;
    case Op::Neg:
      outer.push_back(real(-1, e->range));
      split(sum, e->args[0], condition, inner, outer, under);
      return;
    case Op::Div:
      if (!touches(e->args[1], sum)) {
        split(sum, e->args[0], condition, inner, outer, under);
        under.push_back(e->args[1]);
        return;
      }
      break;
    case Op::Select: {
      // A term that is zero is absent.
      bool then = isZero(e->args[2]), otherwise = isZero(e->args[1]);
      if ((then || otherwise) && isPredicate(e->args[0])) {
        Expr *c = then ? e->args[0] : p.negation(e->args[0], e->range);
        condition = condition ? p.binary(Op::And, condition, c, e->range) : c;
        split(sum, then ? e->args[1] : e->args[2], condition, inner, outer, under);
        return;
      }
      break;
    }
    default:
      break;
    }
    inner.push_back(e);
  }
};
} // namespace

Expr *normalise(Program &program, const Array &reader, Expr *e, ArrayRef<const Group *> groups) {
  return Normaliser(program, reader, groups)(e);
}

} // namespace rondo::eq
