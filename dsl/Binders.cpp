// Reductions, softmax and the built-in functions.
#include "dsl/Elaborate.h"

#include "llvm/ADT/ScopeExit.h"

#include <cmath>

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

Value Elaborator::evalBinder(const ast::BinderExpr *e, Env env) {
  for (const ast::Index &index : e->indices)
    if (index.name.text == "batch") {
      refuse(index.range, "the index `batch`");
      return {};
    }
  if (e->binder == ast::BinderKind::Rank || e->binder == ast::BinderKind::Categorical) {
    refuse(e->wordRange, "`" + spelling(e->binder).str() + "`");
    return {};
  }
  if (e->binder == ast::BinderKind::Softmax)
    return evalSoftmax(e, env);

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
  if (e->condition) {
    Value c = eval(e->condition, inner);
    if (c.tag == Value::Poison)
      return {};
    c = toData(c, e->condition->range);
    if (c.isData() && (c.type.element.kind != Kind::Bool || !c.type.axes.empty())) {
      error("R0501", e->condition->range, "a condition is one truth value, this is " + kindOf(c));
      return {};
    }
    if (c.isData() && !(c.body->is(Op::Const) && c.body->value)) {
      condition = c.body;
      guards.push_back(condition);
    }
  }
  Reduction kind = reductionOf(e->binder);
  Value body;
  Element element;
  if (e->body) {
    body = eval(e->body, inner);
    if (body.tag == Value::Unknown && e->binder == ast::BinderKind::ArgMax) // one integer, whatever it chooses from
      return dummy({Element::tokenOf(vars[0]->axis), {}}, e->range);
    if (body.tag == Value::Poison || body.tag == Value::Unknown)
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
    element = body.type.element;
  } else
    body = data({}, {}, nullptr, e->range);
  switch (kind) {
  case Reduction::Sum:
  case Reduction::Prod:
    element = element.kind == Kind::Int ? Element::integer() : Element::real();
    break;
  case Reduction::Mean:
  case Reduction::LogSumExp:
    element = Element::real();
    break;
  case Reduction::Max:
  case Reduction::Min:
    if (element.kind == Kind::Int && condition) {
      error("R0501", e->range,
            "`" + spelling(e->binder).str() +
                "` of integers under a condition: nothing may hold, and "
                "there is no infinite integer");
      return {};
    }
    break;
  case Reduction::ArgMax:
    if (vars.size() != 1) {
      error("R0501", e->range, "`argmax` is over one index");
      return {};
    }
    element = Element::tokenOf(vars[0]->axis);
    break;
  case Reduction::Count:
    element = Element::integer();
    break;
  case Reduction::Any:
  case Reduction::All:
    element = Element::boolean();
    break;
  }
  bool real = kind == Reduction::Mean || kind == Reduction::LogSumExp;
  Expr *operand = real && body.body ? program->toReal(body.body) : body.body;
  Expr *reduce = program->make(Op::Reduce, element, e->range, {operand, condition});
  reduce->reduction = kind;
  reduce->vars = vars;
  if (kind == Reduction::ArgMax && first)
    reduce = program->binary(Op::Add, reduce, program->integer(first, e->range), e->range);
  Type type{reduce->element, body.type.axes};
  return data(type, body.vars, reduce, e->range);
}

Value Elaborator::evalSoftmax(const ast::BinderExpr *e, Env env) {
  SmallVector<const Var *, 2> over, fresh;
  for (const ast::Index &index : e->indices) {
    Local *local = lookup(index.name.text, env);
    if (!local || !local->isIndex || !local->var) {
      error("R0206", index.range,
            "`softmax` renormalises an index that is already bound; `" + index.name.text.str() + "` is not")
          .suggest("bind it on the left side, as in `a[" + index.name.text.str() + "] = softmax(" +
                   index.name.text.str() + ") ..`");
      return {};
    }
    over.push_back(local->var);
  }
  size_t guardMark = guards.size();
  auto leave = scope_exit([&] { guards.truncate(guardMark); });
  Expr *condition = nullptr;
  if (e->condition) {
    Value c = eval(e->condition, env);
    if (c.tag == Value::Poison)
      return {};
    c = toData(c, e->condition->range);
    if (c.isData() && (c.type.element.kind != Kind::Bool || !c.type.axes.empty())) {
      error("R0501", e->condition->range, "a condition is one truth value, this is " + kindOf(c));
      return {};
    }
    if (c.isData() && !(c.body->is(Op::Const) && c.body->value)) {
      condition = c.body;
      guards.push_back(condition);
    }
  }
  Value body = toData(eval(e->body, env), e->body->range);
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

static double evalScalar(StringRef name, double x) {
  if (name == "exp")
    return std::exp(x);
  if (name == "log")
    return std::log(x);
  if (name == "sqrt")
    return std::sqrt(x);
  if (name == "abs")
    return std::fabs(x);
  if (name == "sin")
    return std::sin(x);
  if (name == "cos")
    return std::cos(x);
  if (name == "tanh")
    return std::tanh(x);
  if (name == "sigmoid")
    return 1 / (1 + std::exp(-x));
  if (name == "relu")
    return std::max(x, 0.0);
  if (name == "gelu")
    return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
  if (name == "gelu_tanh")
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  if (name == "silu")
    return x / (1 + std::exp(-x));
  if (name == "softplus")
    return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
  if (name == "erf")
    return std::erf(x);
  return std::floor(x);
}

Value Elaborator::evalBuiltin(StringRef name, const ast::CallExpr *e, Env env) {
  if (name == "vocab" || name == "labels")
    return builtinSize(e, env);
  if (name == "concat")
    return evalConcat(e, env);
  if (name == "bernoulli" || name == "normal" || name == "uniform") {
    refuse(e->range, "draws");
    return {};
  }
  size_t wanted = name == "minimum" || name == "maximum" || name == "clamp" ? 2 : 1;
  if (e->args.size() != wanted || any_of(e->args, [](const ast::Pass &p) { return bool(p.name); })) {
    error("R0403", e->range,
          "`" + name.str() + "` takes " + (wanted == 1 ? "one argument" : "two arguments") + " by position, here are " +
              std::to_string(e->args.size()));
    return {};
  }
  const ast::Expr *source = e->args[0].value;
  Value x = eval(source, env);
  if (x.tag == Value::Poison)
    return {};
  bool isBool = x.isFixed(Static::Truth) || (x.isData() && x.type.element.kind == Kind::Bool);
  if (isBool) {
    error("R0501", source->range, "`" + name.str() + "` needs a number, this is " + kindOf(x));
    return {};
  }
  if (name == "clamp") {
    auto bound = axisOf(e->args[1].value, env);
    if (!bound)
      return {};
    if (isReal(x)) {
      error("R0501", source->range, "`clamp` is for integers, this is " + kindOf(x))
          .suggest("`floor(x)` is an integer");
      return {};
    }
    return elementwise({x}, {source}, e->range, "clamp", [&](ArrayRef<Expr *> v) {
      Expr *c = program->make(Op::Clamp, Element::tokenOf(*bound), e->range, {v[0]});
      c->bound = *bound;
      return c;
    });
  }
  if (name == "minimum" || name == "maximum") {
    Value y = eval(e->args[1].value, env);
    if (y.tag == Value::Poison)
      return {};
    Op op = name == "minimum" ? Op::Min : Op::Max;
    if (x.isNumber() && y.isNumber())
      return op == Op::Min ? (x.fixed->number <= y.fixed->number ? x : y)
                           : (x.fixed->number >= y.fixed->number ? x : y);
    return elementwise({x, y}, {source, e->args[1].value}, e->range, name,
                       [&](ArrayRef<Expr *> v) { return program->binary(op, v[0], v[1], e->range); });
  }
  if (x.isNumber() && name != "stop") {
    double v = evalScalar(name, x.fixed->number);
    return fixedNumber(v, name == "floor" || (name == "abs" && x.fixed->isInteger), e->range);
  }
  return elementwise({x}, {source}, e->range, name, [&](ArrayRef<Expr *> v) -> Expr * {
    if (name == "stop")
      return program->make(Op::Stop, v[0]->element, e->range, {v[0]});
    if (name == "abs" && v[0]->isInt()) // as the larger of two, which predicates take apart
      return program->binary(Op::Max, v[0], program->make(Op::Neg, Element::integer(), e->range, {v[0]}), e->range);
    if (name == "floor" && v[0]->isInt())
      return v[0];
    Expr *call = program->make(Op::Call, name == "floor" ? Element::integer() : Element::real(), e->range,
                               {program->toReal(v[0])});
    call->fn = name;
    return call;
  });
}

/// Last axes joined, leading ones equal. Every part is an array, so that parts can be written in place.
Value Elaborator::evalConcat(const ast::CallExpr *e, Env env) {
  SmallVector<Value, 2> parts;
  bool unknown = false;
  for (const ast::Pass &pass : e->args) {
    Value v = eval(pass.value, env);
    if (v.tag == Value::Poison)
      return {};
    if (v.tag == Value::Unknown) {
      unknown = true;
      continue;
    }
    if (!v.isData() || v.type.axes.empty() || v.type.element.kind == Kind::Bool) {
      error("R0202", pass.value->range, "`concat` joins last axes, this is " + kindOf(v));
      return {};
    }
    if (v.type.axes.back().seq) {
      refuse(pass.value->range, "joining along a sequence axis");
      return {};
    }
    parts.push_back(v);
  }
  if (unknown)
    return Value::unknown();
  if (parts.empty()) {
    error("R0403", e->range, "`concat` of nothing");
    return {};
  }
  Type type = parts[0].type;
  type.element = Element::real();
  int64_t total = 0;
  for (auto [i, part] : enumerate(parts)) {
    const ast::Expr *source = e->args[i].value;
    bool same = part.type.axes.size() == type.axes.size();
    for (size_t n = 0; same && n + 1 < type.axes.size(); ++n)
      same = part.type.axes[n].same(type.axes[n]);
    if (!same) {
      error("R0203", e->range, "`concat` needs equal leading axes")
          .label(e->args[0].value->range, quoted(e->args[0].value) + " has " + describe(parts[0]))
          .label(source->range, quoted(source) + " has " + describe(part));
      return {};
    }
    total += part.type.axes.back().size;
  }
  type.axes.back() = Axis{nullptr, total, ""};
  auto vars = freshVars(type.axes, "");
  Expr *concat = program->make(Op::Concat, Element::real(), e->range);
  for (Value &part : parts) {
    if (!part.body->is(Op::Read))
      part = materialise(part, "part", part.range);
    Var *own = program->makeVar(part.vars.back()->name, part.type.axes.back(), e->range);
    SmallVector<Expr *> places;
    for (size_t n = 0; n + 1 < vars.size(); ++n)
      places.push_back(program->index(vars[n], e->range));
    places.push_back(program->index(own, e->range));
    concat->args.push_back(program->toReal(at(part, places)));
    concat->vars.push_back(own);
  }
  return materialise(data(type, vars, concat, e->range), "concat", e->range);
}

} // namespace rondo::eq
