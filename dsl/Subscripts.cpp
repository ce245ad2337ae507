// Elements of arrays and lists, and members of instances.
#include "dsl/Elaborate.h"
#include "dsl/Habits.h"

using namespace llvm;

namespace rondo::eq {

Expr *Elaborator::scalarInt(const ast::Expr *e, Env env, StringRef what) {
  Value v = eval(e, env);
  return v.known() ? scalarInt(v, e->range, what) : nullptr;
}

Expr *Elaborator::scalarInt(const Value &value, Range range, StringRef what) {
  Value v = toData(value, range);
  if (v.isData() && v.type.axes.empty() && v.type.element.kind == Kind::Int)
    return v.body;
  auto &d = error("R0501", range, what.str() + " is one integer, this is " + kindOf(v));
  if (v.isData() && v.type.element.kind == Kind::Real)
    d.suggest("`/` gives a real; `div` divides integers");
  return nullptr;
}

/// One piece of an array that a loop defines piece by piece: the others may not be known yet.
Value Elaborator::evalPiece(const ast::SubscriptExpr *e, const Local &array, int64_t at, Env env) {
  const ast::Bound *outside = nullptr;
  Env where = nullptr;
  if (at < 0 || at >= int64_t(array.pieces.size()))
    for (auto &[bound, from] : array.bounds)
      if (bound->at.size() == 1 && !outside && (!bound->at[0] || staticInt(bound->at[0], from, "a boundary") == at))
        outside = bound, where = from;
  if (!outside && (at < 0 || at >= int64_t(array.pieces.size()) || !array.pieces[at])) {
    error("R0601", e->subscripts[0]->range,
          "`" + array.name.str() + "` has " + std::to_string(array.pieces.size()) + " pieces, from 0");
    return {};
  }
  Value piece = toData(outside ? eval(outside->value, where) : read(*array.pieces[at], e->range), e->range);
  if (!piece.isData() || (outside && piece.type.axes.empty() && piece.body->is(Op::Const))) // one number for all
    return piece;
  SmallVector<Expr *> places;
  for (const ast::Expr *s : drop_begin(e->subscripts)) {
    Expr *place = scalarInt(s, env, "a subscript");
    if (!place)
      return {};
    places.push_back(place);
  }
  if (places.size() > piece.type.axes.size()) {
    error("R0202", e->range, std::to_string(places.size() + 1) + " subscripts for " + quoted(e->base));
    return {};
  }
  return subscript(piece, places, e->range);
}

Value Elaborator::evalSubscript(const ast::SubscriptExpr *e, Env env) {
  if (auto *name = dyn_cast<ast::NameExpr>(e->base))
    if (Local *local = lookup(name->name, env); local && !local->pieces.empty())
      if (Value first = eval(e->subscripts[0], env); first.isNumber() && first.fixed->isInteger)
        return evalPiece(e, *local, int64_t(first.fixed->number), env);
  Value base = eval(e->base, env);
  if (base.tag == Value::Poison)
    return {};
  if (base.isFixed(Static::List)) {
    auto i = staticInt(e->subscripts[0], env, "the subscript of a list");
    if (!i)
      return {};
    if (*i < 0 || *i >= int64_t(base.fixed->list.size()) || e->subscripts.size() != 1) {
      error("R0601", e->subscripts[0]->range,
            quoted(e->base) + " has " + std::to_string(base.fixed->list.size()) + " elements, from 0");
      return {};
    }
    return base.fixed->list[*i];
  }
  if (base.isFixed(Static::InstanceOf)) {
    error("R0502", e->base->range, "only arrays and lists have subscripts, this is " + kindOf(base))
        .suggest("an instance is called: `" + e->base->range.text().str() + "(..)`");
    return {};
  }
  SmallVector<Expr *> places;
  for (const ast::Expr *s : e->subscripts) {
    Value v = eval(s, env);
    if (v.tag == Value::Poison)
      return {};
    Expr *place = v.known() ? scalarInt(v, s->range, "a subscript") : program->integer(0, s->range);
    if (!place)
      return {};
    places.push_back(place);
  }
  if (base.tag == Value::Unknown)
    return base;
  if (!base.isData()) {
    error("R0502", e->base->range, "only arrays and lists have subscripts, this is " + kindOf(base));
    return {};
  }
  if (places.size() > base.type.axes.size()) {
    auto *name = dyn_cast<ast::NameExpr>(e->base);
    if (Local *local = name ? lookup(name->name, env) : nullptr; local && local->guessed) {
      error("R0302", local->range, "the axes of `" + local->name.str() + "` cannot be told from its own recurrence")
          .label(e->range, "read with " + std::to_string(places.size()) + " subscripts")
          .suggest("write its indices on the left, or the result types of the fn it calls");
      return {};
    }
    error("R0202", e->range,
          std::to_string(places.size()) + " subscripts for " + quoted(e->base) + ", which has " +
              (base.type.axes.empty() ? "no axes" : describe(base)));
    return {};
  }
  return subscript(base, places, e->range);
}

Value Elaborator::evalMemberOf(const ast::MemberExpr *e, Env env) {
  Value base = eval(e->base, env);
  if (base.tag == Value::Poison)
    return {};
  StringRef name = e->member.text;
  if (base.isNumber() && base.fixed->isVocabulary) {
    if (auto it = base.fixed->constants.find(name.str()); it != base.fixed->constants.end())
      return fixedNumber(double(it->second), true, e->range);
    error("R0401", e->member.range, quoted(e->base) + " names no `" + name.str() + "`")
        .suggest("give it where the vocabulary is made: `vocab(.., " + name.str() + " = 0)`");
    return {};
  }
  if (!base.isFixed(Static::InstanceOf)) {
    std::string help = habitHelp(name).str();
    if (help.empty() &&
        (lookup(name, env) || (current && current->self && hasMember(*current->self, name)))) { // meant as a product
      std::string a = e->base->range.text().str(), b = name.str();
      help = "there is no dot product by `.`: `" + a + " @ " + b +
             "` joins the last axis of the one with the first of " +
             "the other; every other product is a sum over indices, as `sum(i) q[t,i] * k[s,i]`";
    }
    error("R0502", e->range, "`." + name.str() + "` asks for a member, but this is " + kindOf(base)).suggest(help);
    return {};
  }
  Instance &instance = *base.fixed->instance;
  if (hasMember(instance, name))
    return member(instance, name, e->range);
  if (instance.fn(name))
    error("R0402", e->range,
          "`" + name.str() + "` is a fn of `" + instance.decl->name.text.str() + "` and must be called");
  else
    error("R0401", e->member.range, "`" + instance.decl->name.text.str() + "` has no `" + name.str() + "`")
        .label(instance.decl->name.range, "declared here")
        .suggest(didYouMean(name, namesOf(instance)));
  return {};
}

} // namespace rondo::eq
