// The built-in functions: scalar ones, sizes, joining.
#include "dsl/Elaborate.h"

#include <cmath>

using namespace llvm;

namespace rondo::eq {

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
    refuse(e->range, "draws, which come with training");
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
  auto isNumber = [&](const Value &v, const ast::Expr *source) {
    bool isBool = v.isFixed(Static::Truth) || (v.isData() && v.type.element.kind == Kind::Bool);
    if (isBool)
      error("R0501", source->range, "`" + name.str() + "` needs a number, this is " + kindOf(v));
    return !isBool;
  };
  if (!isNumber(x, source))
    return {};
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
    if (y.tag == Value::Poison || !isNumber(y, e->args[1].value))
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

/// Last axes joined, leading ones equal; the parts are arrays, so that each can be written in place. Along sequences
/// one part follows the other: the element says which it is of.
Value Elaborator::evalConcat(const ast::CallExpr *e, Env env) {
  SmallVector<Value, 2> parts;
  bool unknown = false, sequence = false;
  for (const ast::Pass &pass : e->args) {
    if (pass.name) {
      error("R0403", pass.name.range, "`concat` takes its arguments by position");
      return {};
    }
    Value v = withoutBoundary(eval(pass.value, env));
    if (v.tag == Value::Poison)
      return {};
    if (v.tag == Value::Unknown) {
      unknown = true;
      continue;
    }
    if (v.isData() && v.type.element.kind == Kind::Bool) {
      error("R0501", pass.value->range, "`concat` joins numbers, this is " + kindOf(v))
          .suggest("truths are joined by a condition: `y[i in A + B] = if i < A then a[i] else b[i - A]`");
      return {};
    }
    if (!v.isData() || v.type.axes.empty()) {
      error("R0202", pass.value->range, "`concat` joins last axes, this is " + kindOf(v));
      return {};
    }
    sequence |= v.type.axes.back().seq != nullptr;
    parts.push_back(v);
  }
  if (unknown)
    return Value::unknown();
  if (parts.empty()) {
    error("R0403", e->range, "`concat` of nothing");
    return {};
  }
  Type type = parts[0].type;
  Expr *total = nullptr;
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
    Expr *size = program->extent(part.type.axes.back(), e->range);
    total = total ? program->binary(Op::Add, total, size, e->range) : size;
    const Element &one = part.type.element;
    if (one.kind == Kind::Real || type.element.kind == Kind::Real)
      type.element = Element::real();
    else if (!(one.token && type.element.token && one.bound.same(type.element.bound)))
      type.element = Element::integer();
    if (!part.body->is(Op::Read))
      part = materialise(part, "part", part.range);
  }
  if (!sequence)
    type.axes.back() = Axis{nullptr, *asInteger(total), ""};
  else if (auto axis = lengthAxis(total, e->range, "", /*ofValues=*/false))
    type.axes.back() = *axis;
  else
    return {};
  auto vars = freshVars(type.axes, "");
  auto element = [&](Value &part, Expr *last) {
    SmallVector<Expr *> places;
    for (size_t n = 0; n + 1 < vars.size(); ++n)
      places.push_back(program->index(vars[n], e->range));
    places.push_back(last);
    Expr *read = at(part, places);
    return type.element.kind == Kind::Real ? program->toReal(read) : read;
  };
  if (sequence) {
    Expr *index = program->index(vars.back(), e->range), *body = nullptr;
    for (Value &part : reverse(parts)) {
      Expr *before = program->integer(0, e->range);
      for (Value *other = parts.begin(); other != &part; ++other)
        before = program->binary(Op::Add, before, program->extent(other->type.axes.back(), e->range), e->range);
      Expr *own = element(part, program->binary(Op::Sub, index, before, e->range));
      Expr *end = program->binary(Op::Add, before, program->extent(part.type.axes.back(), e->range), e->range);
      Expr *here = program->binary(Op::Lt, index, end, e->range);
      body = body ? program->make(Op::Select, type.element, e->range, {here, own, body}) : own;
    }
    return data(type, vars, body, e->range);
  }
  Expr *concat = program->make(Op::Concat, type.element, e->range);
  for (Value &part : parts) {
    Var *own = program->makeVar(part.vars.back()->name, part.type.axes.back(), e->range);
    concat->args.push_back(element(part, program->index(own, e->range)));
    concat->vars.push_back(own);
  }
  return materialise(data(type, vars, concat, e->range), "concat", e->range);
}

} // namespace rondo::eq
