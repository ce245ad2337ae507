// Binders: reductions, softmax, rank.
#include "dsl/Elaborate.h"

#include "llvm/ADT/ScopeExit.h"

using namespace llvm;

namespace rondo::eq {

static Reduction reductionOf(ast::BinderKind kind) {
  switch (kind) {
  case ast::BinderKind::Sum:
    return Reduction::Sum;
  case ast::BinderKind::Prod:
    return Reduction::Prod;
  case ast::BinderKind::Mean:
    return Reduction::Mean;
  case ast::BinderKind::Max:
    return Reduction::Max;
  case ast::BinderKind::Min:
    return Reduction::Min;
  case ast::BinderKind::LogSumExp:
    return Reduction::LogSumExp;
  case ast::BinderKind::ArgMax:
    return Reduction::ArgMax;
  case ast::BinderKind::Count:
    return Reduction::Count;
  case ast::BinderKind::Any:
    return Reduction::Any;
  default:
    return Reduction::All;
  }
}

/// What a reduction gives, of such elements over (first) such an axis.
static Element reducedElement(Reduction kind, const Element &element, const Axis &axis) {
  switch (kind) {
  case Reduction::Sum:
  case Reduction::Prod:
    return element.kind == Kind::Int ? Element::integer() : Element::real();
  case Reduction::Mean:
  case Reduction::LogSumExp:
    return Element::real();
  case Reduction::Max:
  case Reduction::Min:
    return element;
  case Reduction::ArgMax:
    return Element::tokenOf(axis);
  case Reduction::Count:
    return Element::integer();
  case Reduction::Any:
  case Reduction::All:
    return Element::boolean();
  }
  llvm_unreachable("reduction");
}

/// What a reduction is of: data, unknown, or nothing after an error.
Value Elaborator::evalTerm(const ast::BinderExpr *e, Env env) {
  Value body = eval(e->body, env);
  if (!body.known())
    return body;
  if (body.isFixed(Static::InstanceOf) || body.isFixed(Static::List) || body.tag == Value::Tuple) {
    error("R0502", e->body->range, "a number is expected here, this is " + kindOf(body));
    return {};
  }
  body = toData(body, e->body->range);
  if (body.type.element.kind == Kind::Bool) {
    error("R0501", e->body->range, "`" + spelling(e->binder).str() + "` needs numbers, this is " + kindOf(body))
        .suggest("`count(i | condition)` counts where a condition holds");
    return {};
  }
  return body;
}

Value Elaborator::evalBinder(const ast::BinderExpr *e, Env env) {
  for (const ast::Index &index : e->indices)
    if (index.name.text == "batch") {
      refuse(index.range, "the index `batch`, which comes with training");
      return {};
    }
  if (e->binder == ast::BinderKind::Categorical) {
    refuse(e->wordRange, "`categorical`, a draw: draws come with training");
    return {};
  }
  if (e->binder == ast::BinderKind::Rank || e->binder == ast::BinderKind::Softmax)
    return evalOfBound(e, env);

  SmallVector<StringRef> names;
  for (const ast::Index &index : e->indices)
    names.push_back(index.name.text);
  Env scan = dummyFrame(names, env);
  Env inner = dummyFrame({}, env);
  SmallVector<const ast::Expr *, 2> scope;
  for (const ast::Expr *part : {e->body, e->condition})
    if (part)
      scope.push_back(part);
  size_t contextMark = context.size(), guardMark = guards.size();
  auto leave = scope_exit([&] {
    context.truncate(contextMark);
    guards.truncate(guardMark);
  });
  SmallVector<const Var *, 2> vars;
  int64_t first = 0;
  for (const ast::Index &index : e->indices) {
    IndexVar bound = bindIndex(index, scope, scan, inner);
    if (!bound.local)
      return {};
    first = bound.first;
    vars.push_back(bound.local->var);
  }
  context.append(vars.begin(), vars.end());

  Expr *condition = nullptr;
  if (!evalCondition(e->condition, inner, condition))
    return {};
  Reduction kind = reductionOf(e->binder);
  Value body = e->body ? evalTerm(e, inner) : data({}, {}, nullptr, e->range);
  if (body.tag == Value::Unknown && kind == Reduction::ArgMax) // one integer, whatever it chooses from
    return dummy({Element::tokenOf(vars[0]->axis), {}}, e->range);
  if (!body.isData())
    return body;
  if (kind == Reduction::ArgMax && vars.size() != 1) {
    error("R0501", e->range, "`argmax` is over one index");
    return {};
  }
  bool real = kind == Reduction::Mean || kind == Reduction::LogSumExp;
  Expr *operand = real && body.body ? program->toReal(body.body) : body.body;
  Element element = reducedElement(kind, body.type.element, vars[0]->axis);
  Expr *reduce = program->make(Op::Reduce, element, e->range, {operand, condition});
  reduce->reduction = kind;
  reduce->vars = vars;
  if (kind == Reduction::ArgMax && first)
    reduce = program->binary(Op::Add, reduce, program->integer(first, e->range), e->range);
  Type type{reduce->element, body.type.axes};
  return data(type, body.vars, reduce, e->range);
}

/// The condition behind a bar, which guards what follows; null where there is none, or it always holds. False after an
/// error.
bool Elaborator::evalCondition(const ast::Expr *source, Env env, Expr *&condition) {
  if (!source)
    return true;
  Value c = eval(source, env);
  if (c.tag == Value::Poison)
    return false;
  c = toData(c, source->range);
  if (c.isData() && (c.type.element.kind != Kind::Bool || !c.type.axes.empty())) {
    error("R0501", source->range, "a condition is one truth value, this is " + kindOf(c));
    return false;
  }
  if (c.isData() && !(c.body->is(Op::Const) && c.body->value)) {
    condition = c.body;
    guards.push_back(condition);
  }
  return true;
}

/// The variables of indices that stand outside of the binder, which is about all of their positions.
bool Elaborator::boundIndices(const ast::BinderExpr *e, Env env, SmallVectorImpl<const Var *> &over) {
  bool ranks = e->binder == ast::BinderKind::Rank;
  for (const ast::Index &index : e->indices) {
    Local *local = lookup(index.name.text, env);
    std::string name = index.name.text.str();
    if (!local || !local->isIndex || !local->var) {
      error("R0206", index.range,
            (ranks ? "`rank` is the place of an index that is already bound; `"
                   : "`softmax` renormalises an index that is already bound; `") +
                name + "` is not")
          .suggest("bind it on the left side, as in `a[" + name + "] = " + spelling(e->binder).str() + "(" + name +
                   ") ..`");
      return false;
    }
    over.push_back(local->var);
  }
  if (ranks && over.size() != 1) {
    error("R0501", e->range, "`rank` is over one index");
    return false;
  }
  return true;
}

/// `softmax` and `rank`: what the index outside has among all of its positions that satisfy the condition.
Value Elaborator::evalOfBound(const ast::BinderExpr *e, Env env) {
  SmallVector<const Var *, 2> over;
  if (!boundIndices(e, env, over))
    return {};
  auto leave = scope_exit([&, outside = guards] { guards = outside; });
  // It reads all positions, also those where it is not asked for itself.
  erase_if(guards, [&](const Expr *guard) { return any_of(over, [&](const Var *v) { return isFree(v, guard); }); });
  Expr *condition = nullptr;
  if (!evalCondition(e->condition, env, condition))
    return {};
  Value body = toData(eval(e->body, env), e->body->range);
  return e->binder == ast::BinderKind::Rank ? rank(e, *over[0], condition, body) : softmax(e, over, condition, body);
}

/// `rank(t) key[t]`: how many positions a stable sort puts before this one, among those that satisfy the condition.
Value Elaborator::rank(const ast::BinderExpr *e, const Var &over, Expr *condition, Value key) {
  const Axis &axis = over.axis;
  if (key.tag == Value::Unknown)
    return dummy({Element::tokenOf(axis), {}}, e->range);
  if (!key.isData())
    return {};
  if (!key.type.axes.empty() || key.type.element.kind == Kind::Bool) {
    error("R0501", e->body->range, "`rank` is by a number, this is " + kindOf(key));
    return {};
  }
  if (!isCheap(key))
    key = materialise(key, "key", e->body->range);
  const Var *own = program->makeVar(over.name, axis, e->range);
  Expr *other = program->index(own, e->range), *here = program->index(&over, e->range);
  Substitution map;
  map[&over] = other;
  Expr *theirs = substitute(*program, key.body, map);
  Expr *before = program->binary(Op::Or, program->binary(Op::Lt, theirs, key.body, e->range),
                                 program->binary(Op::And, program->binary(Op::Eq, theirs, key.body, e->range),
                                                 program->binary(Op::Lt, other, here, e->range), e->range),
                                 e->range);
  if (condition)
    before = program->binary(Op::And, substitute(*program, condition, map), before, e->range);
  // Never all of them: the place itself is not before itself.
  Expr *count = program->make(Op::Reduce, Element::tokenOf(axis), e->range, {nullptr, before});
  count->reduction = Reduction::Count;
  count->vars = {own};
  return data({count->element, {}}, {}, count, e->range);
}

Value Elaborator::softmax(const ast::BinderExpr *e, ArrayRef<const Var *> over, Expr *condition, Value body) {
  if (!body.isData()) {
    if (body.known())
      error("R0502", e->body->range, "a number is expected here, this is " + kindOf(body));
    return body.tag == Value::Unknown ? body : Value();
  }
  if (body.type.element.kind == Kind::Bool) {
    error("R0501", e->body->range, "`softmax` needs numbers, this is " + kindOf(body));
    return {};
  }
  // The index it runs over is its own; the one outside says which element is meant.
  Substitution map;
  SmallVector<const Var *, 2> fresh;
  SmallVector<Expr *> args(2);
  for (const Var *v : over) {
    const Var *own = program->makeVar(v->name, v->axis, e->range);
    fresh.push_back(own);
    map[v] = program->index(own, e->range);
    args.push_back(program->index(v, e->range));
  }
  args[0] = substitute(*program, program->toReal(body.body), map);
  args[1] = condition ? substitute(*program, condition, map) : nullptr;
  Expr *softmax = program->make(Op::Softmax, Element::real(), e->range, args);
  softmax->vars = fresh;
  return data({Element::real(), body.type.axes}, body.vars, softmax, e->range);
}

} // namespace rondo::eq
