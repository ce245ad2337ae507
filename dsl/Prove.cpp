#include "dsl/Prove.h"
#include "dsl/Elaborate.h"

#include "mlir/Analysis/FlatLinearValueConstraints.h"

#include <set>

using namespace llvm;
using namespace mlir;

namespace rondo::eq {

/// What is known of an integer or truth wherever it is evaluated, here as `e`: one of these clauses.
Clauses Prover::factsOf(AffineForms &forms, const Expr &s, AffineExpr e) {
  auto end = [&](const Axis &axis) {
    return axis.seq ? forms.get(program.length(axis.seq, {})) : getAffineConstantExpr(axis.size, context);
  };
  if (s.isBool())
    return {Clause{{e, false}, {1 - e, false}}};
  if (s.is(Op::Length)) {
    Clause facts{{e - s.seq->least, false}};
    if (s.seq->most)
      facts.push_back({*s.seq->most - e, false});
    if (s.seq->value && s.seq->bound.seq)
      facts.push_back({end(s.seq->bound) - 1 - e, false});
    return {facts};
  }
  if (s.is(Op::Max) || s.is(Op::Min)) {
    AffineExpr a = forms.get(s.args[0]), b = forms.get(s.args[1]), more = s.is(Op::Max) ? a - b : b - a;
    return {Clause{{e - a, true}, {more, false}}, Clause{{e - b, true}, {-more, false}}};
  }
  if (s.is(Op::Select)) {
    Clauses then{Clause{{e - forms.get(s.args[1]), true}}}, otherwise{Clause{{e - forms.get(s.args[2]), true}}};
    return AffineForms::either(AffineForms::both(forms.clauses(s.args[0]), then),
                               AffineForms::both(forms.clauses(s.args[0], /*negated=*/true), otherwise));
  }
  if (s.is(Op::Read) && s.array->type.element.token) {
    // A token that is read: or what stands outside its array.
    const Axis &bound = s.array->type.element.bound;
    const int64_t surely = bound.seq ? bound.seq->least : bound.size; // below this it is one
    int64_t least = 0, most = surely - 1;
    for (const Outside &o : s.outside) {
      if (o.value->element.token && o.value->element.bound.same(bound))
        continue;
      auto n = asInteger(o.value);
      if (!n)
        return {Clause{}};
      least = std::min(least, *n);
      most = std::max(most, *n);
    }
    Clause facts{{e - least, false}};
    if (!bound.seq)
      facts.push_back({most - e, false});
    else if (most < surely)
      facts.push_back({end(bound) - 1 - e, false});
    return {facts};
  }
  if (s.element.token)
    return {Clause{{e, false}, {end(s.element.bound) - 1 - e, false}}};
  return {Clause{}};
}

/// Whether integers may satisfy the clause. Something is known only of what it mentions: a token that is not evaluated
/// does not tell that there are tokens.
bool Prover::possible(AffineForms &forms, Clause clause, SmallVector<const void *> told, unsigned choices) {
  auto mentioned = [&](auto isIn) { return any_of(clause, [&](const Constraint &c) { return isIn(c.expr); }); };
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < forms.dims.size() + forms.symbols.size(); ++i) { // facts may bring new symbols
      size_t dims = forms.dims.size();
      const void *what = i < dims ? static_cast<const void *>(forms.dims[i]) : forms.symbols[i - dims];
      bool isNew = !is_contained(told, what) && mentioned([&](AffineExpr e) {
        return i < dims ? e.isFunctionOfDim(i) : e.isFunctionOfSymbol(i - dims);
      });
      if (!isNew)
        continue;
      told.push_back(what);
      changed = true;
      Clauses facts = i < dims ? factsOf(forms, *program.index(forms.dims[i], {}), getAffineDimExpr(i, context))
                               : factsOf(forms, *forms.symbols[i - dims], getAffineSymbolExpr(i - dims, context));
      if (facts.size() == 1) {
        clause.append(facts[0]);
      } else if (choices) {
        return any_of(facts, [&](const Clause &one) {
          Clause with = clause;
          with.append(one);
          return possible(forms, std::move(with), told, choices - 1);
        });
      }
    }
  }
  SmallVector<AffineExpr> exprs;
  SmallVector<bool> equalities;
  for (const Constraint &c : clause) {
    if (auto constant = dyn_cast<AffineConstantExpr>(c.expr)) {
      if (c.equality ? constant.getValue() != 0 : constant.getValue() < 0)
        return false;
      continue;
    }
    exprs.push_back(c.expr);
    equalities.push_back(c.equality);
  }
  if (exprs.empty())
    return true;
  auto set = IntegerSet::get(forms.dims.size(), forms.symbols.size(), exprs, equalities);
  return !FlatLinearValueConstraints(set).isIntegerEmpty();
}

bool Prover::impossible(ArrayRef<Expr *> given) {
  AffineForms forms(context, program);
  Clauses all{Clause{}};
  for (Expr *g : reverse(given)) { // the claim is the last
    Clauses own = forms.clauses(g);
    if (own.size() * all.size() <= 256) // without the others less is known
      all = AffineForms::both(all, own);
  }
  constexpr unsigned choices = 4; // one within another: each makes more clauses of one
  return none_of(all, [&](const Clause &clause) { return possible(forms, clause, {}, choices); });
}

bool Prover::holds(Expr *condition, ArrayRef<Expr *> given) {
  SmallVector<Expr *> all(given.begin(), given.end());
  all.push_back(program.negation(condition, condition->range));
  return impossible(all);
}

void walkGuarded(Program &program, Expr *e, SmallVectorImpl<Expr *> &given,
                 llvm::function_ref<void(Expr *, ArrayRef<Expr *>)> f, llvm::function_ref<Expr *(Expr *)> matters) {
  if (!e)
    return;
  f(e, given);
  size_t mark = given.size();
  auto under = [&](Expr *guard, Expr *part) {
    if (guard)
      given.push_back(guard);
    walkGuarded(program, part, given, f, matters);
    given.truncate(mark);
  };
  switch (e->op) {
  case Op::Select:
    under(nullptr, e->args[0]);
    under(e->args[0], e->args[1]);
    under(program.negation(e->args[0], e->range), e->args[2]);
    break;
  case Op::And:
    under(nullptr, e->args[0]);
    under(e->args[0], e->args[1]);
    break;
  case Op::Or:
    under(nullptr, e->args[0]);
    under(program.negation(e->args[0], e->range), e->args[1]);
    break;
  case Op::Reduce:
    under(nullptr, e->args[1]);
    if (Expr *condition = matters ? matters(e) : nullptr)
      given.push_back(condition);
    under(e->args[1], e->args[0]);
    break;
  case Op::Softmax:
    under(nullptr, e->args[1]);
    under(e->args[1], e->args[0]);
    for (Expr *at : drop_begin(e->args, 2))
      under(nullptr, at);
    break;
  default:
    for (Expr *a : e->args)
      under(nullptr, a);
  }
  for (Outside &o : e->outside) {
    under(nullptr, o.when);
    under(o.when, o.value);
  }
}

namespace {
struct Checker {
  Program &program;
  Prover prover;
  Diagnostics &diagnostics;
  std::set<std::pair<const void *, uint32_t>> reported;
  bool ok = true;

  Diagnostic *report(const char *code, Range range, std::string message) {
    ok = false;
    if (!reported.insert({range.source, range.begin}).second)
      return nullptr;
    return &diagnostics.error(code, range, std::move(message));
  }

  /// Whether the claim holds of the integer: of a choice, of each branch where it is taken.
  bool holds(Expr *at, ArrayRef<Expr *> given, llvm::function_ref<Expr *(Expr *)> claim) {
    if (!at->is(Op::Select))
      return prover.holds(claim(at), given);
    SmallVector<Expr *> taken(given.begin(), given.end()), otherwise = taken;
    taken.push_back(at->args[0]);
    otherwise.push_back(program.negation(at->args[0], at->range));
    return holds(at->args[1], taken, claim) && holds(at->args[2], otherwise, claim);
  }
  bool notBelow(Expr *at, ArrayRef<Expr *> given) {
    return holds(at, given, [&](Expr *e) { return program.binary(Op::Le, program.integer(0, e->range), e, e->range); });
  }
  bool notBeyond(Expr *at, const Axis &axis, ArrayRef<Expr *> given) {
    return holds(at, given,
                 [&](Expr *e) { return program.binary(Op::Lt, e, program.extent(axis, e->range), e->range); });
  }

  /// How an integer comes to be a token.
  static std::string howToken(const Expr *at, const Axis &bound, const std::string &shown) {
    std::string kind = "token(" + bound.word() + ")";
    if (at->is(Op::Read) && at->array->type.element.token && at->array->type.element.bound.same(bound))
      return "inside it is `" + kind + "`: let what its `where` says be one, too, or guard it with `if`";
    return "declare it `" + kind + "`, guard it with `if`, or use `clamp(" + shown + ", " + bound.word() + ")`";
  }

  void subscript(Expr *read, unsigned k, ArrayRef<Expr *> given) {
    Expr *at = read->args[k];
    const Axis &axis = read->array->type.axes[k];
    if (at->is(Op::Index) && at->var->axis.same(axis))
      return;
    if (at->is(Op::Narrow) && at->bound.same(axis))
      return; // an obligation of its own
    SmallVector<Expr *> facts(given.begin(), given.end());
    for (const Outside &o : read->outside) {
      if (!o.when)
        return; // a value anywhere outside
      facts.push_back(program.negation(o.when, read->range));
    }
    bool lowOk = notBelow(at, facts), highOk = notBeyond(at, axis, facts);
    if (lowOk && highOk)
      return;
    const Array &array = *read->array;
    std::string index = str(at);
    // A length has its place where it is declared, which is not where it is read.
    Range place = at->range && !at->is(Op::Length) ? at->range : read->range;
    if (auto *d = report("R0601", place, "`" + index + "` may lie outside `" + array.name + "`")) {
      std::string has = array.type.axes.size() > 1 ? "this axis is " : "its axis is ";
      std::string why = !lowOk && !highOk ? "nothing keeps it in 0 .. "
                        : !lowOk          ? "it may be below 0; "
                                          : "it may reach beyond the end; ";
      d->label(place, why + (!lowOk && !highOk ? axis.word() + " - 1" : has + axis.str()));
      if (array.range && array.range.source == place.source)
        d->label(array.range, "`" + array.name + "` is defined here");
      const Var *var = at->is(Op::Index) ? at->var : nullptr;
      if (var && var->axis.seq && !axis.seq)
        d->suggest("declare a bound where `" + var->axis.seq->name + "` is: `" + var->axis.seq->name +
                   " <= " + axis.word() + "`");
      else if (at->is(Op::Read) || at->is(Op::Clamp) || at->is(Op::Reduce))
        d->suggest(howToken(at, axis, ".."));
      else if (axis.seq && ((at->is(Op::Const) && !lowOk) || at->is(Op::Length)))
        d->suggest("positions count from 0; the last is at `" + axis.seq->name + "-1`");
      else
        d->suggest("guard it with a condition, or say what is outside: `where " +
                   array.name.substr(array.name.rfind('.') + 1) + "[_] = 0`");
    }
  }

  /// An axis has no negative length, however short those are that it is made of.
  void length(const Sequence &seq) {
    if (prover.holds(program.binary(Op::Le, program.integer(0, seq.where), seq.length, seq.where), {}))
      return;
    auto *d = report("R0208", seq.where, "this length may be negative");
    if (!d)
      return;
    Sequence *given = nullptr; // a bound on the first that is given may be enough
    walk(seq.length, [&](const Expr *e) {
      if (e->is(Op::Length) && e->seq->given() && !given)
        given = e->seq;
      return true;
    });
    if (!given)
      return;
    d->label(given->where, "`" + given->name + "` is at least " + std::to_string(given->least));
    int64_t least = given->least;
    Expr *enough = program.binary(Op::Le, program.integer(0, seq.where), seq.length, seq.where);
    while (given->least < least + 64 && !prover.holds(enough, {}))
      ++given->least;
    if (given->least < least + 64)
      d->suggest("where it is declared say `" + std::to_string(given->least) + " <= " + given->name + "`");
    given->least = least;
  }

  void check(Expr *e, ArrayRef<Expr *> given) {
    if (e->is(Op::Read)) {
      for (unsigned k = 0; k < e->args.size(); ++k)
        subscript(e, k, given);
    } else if (e->is(Op::Narrow)) {
      Expr *at = e->args[0];
      if (notBelow(at, given) && notBeyond(at, e->bound, given))
        return;
      if (auto *d = report("R0603", e->range, "`" + str(at) + "` may be no `token(" + e->bound.word() + ")`"))
        d->label(e->range, "this is " + at->element.str() + ", 0 .. " +
                               (e->bound.seq ? e->bound.word() + " - 1" : std::to_string(e->bound.size - 1)) +
                               " is needed")
            .suggest(howToken(at, e->bound, e->range ? oneLine(e->range.text()) : str(at)));
    } else if (e->is(Op::Reduce) && (e->reduction == Reduction::ArgMax || isWholeExtreme(e))) {
      chooses(e, given);
    } else if (e->is(Op::Clamp) && e->bound.seq) {
      Expr *some = program.binary(Op::Lt, program.integer(0, e->range), program.extent(e->bound, e->range), e->range);
      if (!prover.holds(some, given))
        if (auto *d = report("R0604", e->range, "this `clamp` may have nothing to choose from"))
          d->label(e->range, "`" + e->bound.word() + "` may be empty")
              .suggest("guard it with `if " + e->bound.word() + " > 0`, or declare a least length");
    }
  }

  /// The largest or smallest of integers: of nothing there is none, since no integer is infinite.
  static bool isWholeExtreme(const Expr *e) {
    return e->isInt() && (e->reduction == Reduction::Max || e->reduction == Reduction::Min);
  }

  static std::string guardOf(const Expr &e) {
    return e.args[1] ? "guard it with `if any(..)` of the same condition"
                     : "guard it with `if " + e.vars[0]->axis.word() + " > 0`";
  }

  /// Whether the guard asks for just this: `if any(s | c) then argmax(s | c) ..`, or `count(s | c) > 0`.
  bool asks(Expr *guard, const Expr *e) {
    if (guard->is(Op::And))
      return any_of(guard->args, [&](Expr *part) { return asks(part, e); });
    if (guard->is(Op::Read) && guard->outside.empty() && guard->array->body) {
      Substitution map;
      for (auto [v, at] : zip(guard->array->vars, guard->args))
        map[v] = at;
      return asks(substitute(program, guard->array->body, map), e);
    }
    bool some = guard->is(Op::Lt) && asInteger(guard->args[0]) == 0;
    if (some || (guard->is(Op::Ne) && asInteger(guard->args[1]) == 0))
      guard = guard->args[some ? 1 : 0];
    else if (guard->reduction != Reduction::Any)
      return false;
    if (!guard->is(Op::Reduce) || (guard->reduction != Reduction::Any && guard->reduction != Reduction::Count) ||
        guard->vars.size() != e->vars.size())
      return false;
    Substitution map;
    for (auto [theirs, own] : zip(guard->vars, e->vars)) {
      if (!theirs->axis.same(own->axis))
        return false;
      map[theirs] = program.index(own, e->range);
    }
    return equal(guard->args[1] ? substitute(program, guard->args[1], map) : nullptr, e->args[1]);
  }

  /// Something must be there to choose: a guard says so, or one of a few likely places satisfies the condition.
  void chooses(Expr *e, ArrayRef<Expr *> given) {
    if (any_of(given, [&](Expr *guard) { return asks(guard, e); }))
      return;
    if (!e->args[1] && none_of(e->vars, [](const Var *v) { return v->axis.seq; }))
      return;
    SmallVector<SmallVector<Expr *>> likely; // of each index
    for (const Var *own : e->vars) {
      const Axis &axis = own->axis;
      SmallVector<Expr *> &places = likely.emplace_back();
      places.push_back(program.integer(0, e->range));
      places.push_back(program.binary(Op::Sub, program.extent(axis, e->range), program.integer(1, e->range), e->range));
      if (!axis.seq) // the middle of a window
        places.push_back(program.integer(axis.size / 2, e->range));
      if (e->args[1])
        for (const Var *v : freeVars(e->args[1]))
          if (!is_contained(e->vars, v) && v->axis.same(axis))
            for (int64_t shift : {0, -1, 1})
              places.push_back(
                  program.binary(Op::Add, program.index(v, e->range), program.integer(shift, e->range), e->range));
    }
    Substitution map;
    auto found = [&](auto &self, size_t k) -> bool {
      if (k < likely.size())
        return any_of(likely[k], [&](Expr *place) {
          map[e->vars[k]] = place;
          return self(self, k + 1);
        });
      Expr *all = program.truth(true, e->range);
      for (const Var *v : e->vars) {
        Expr *low = program.binary(Op::Le, program.integer(0, e->range), map[v], e->range);
        Expr *high = program.binary(Op::Lt, map[v], program.extent(v->axis, e->range), e->range);
        all = program.binary(Op::And, all, program.binary(Op::And, low, high, e->range), e->range);
      }
      if (e->args[1])
        all = program.binary(Op::And, all, substitute(program, e->args[1], map), e->range);
      return prover.holds(all, given);
    };
    if (found(found, 0))
      return;
    std::string word = e->reduction == Reduction::ArgMax ? "argmax" : e->reduction == Reduction::Max ? "max" : "min";
    if (auto *d = report("R0604", e->range, "this `" + word + "` may have nothing to choose from"))
      d->suggest(guardOf(*e) + (e->reduction == Reduction::ArgMax ? ", or choose among what is always there"
                                                                  : ": no integer is infinite"));
  }
};
} // namespace

bool proveSubscripts(MLIRContext *context, Program &program, Diagnostics &diagnostics) {
  Checker checker{program, Prover(context, program), diagnostics, {}};
  for (const Sequence &seq : program.sequences)
    if (seq.length)
      checker.length(seq);
  for (Array &a : program.arrays) {
    if (!a.body)
      continue;
    SmallVector<Expr *> given(a.guards.begin(), a.guards.end());
    for (size_t i = 0; i < a.guards.size(); ++i) {
      SmallVector<Expr *> before(a.guards.begin(), a.guards.begin() + i);
      walkGuarded(program, a.guards[i], before, [&](Expr *e, ArrayRef<Expr *> g) { checker.check(e, g); });
    }
    walkGuarded(program, a.body, given, [&](Expr *e, ArrayRef<Expr *> g) { checker.check(e, g); });
  }
  return checker.ok;
}

} // namespace rondo::eq
