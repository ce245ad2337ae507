// Names, numbers and operators.
#include "dsl/Elaborate.h"

#include "llvm/ADT/ScopeExit.h"

#include <cmath>

using namespace llvm;

namespace rondo::eq {

ArrayRef<StringRef> scalarFunctions() {
  static const StringRef names[] = {"exp",  "log",  "sqrt",      "abs",  "sin",      "cos", "tanh", "sigmoid",
                                    "relu", "gelu", "gelu_tanh", "silu", "softplus", "erf", "floor"};
  return names;
}

bool isBuiltin(StringRef name) {
  static const StringRef others[] = {"minimum", "maximum", "stop",      "concat", "clamp",
                                     "vocab",   "labels",  "bernoulli", "normal", "uniform"};
  return is_contained(scalarFunctions(), name) || is_contained(others, name);
}

Local *Elaborator::lookup(StringRef name, Env env) const {
  for (Frame *f = env; f; f = f->parent)
    if (auto it = f->names.find(name); it != f->names.end())
      return it->second;
  return nullptr;
}

/// Said once for each export: of calls within calls, or of equations that ask for later ones.
void Elaborator::tooDeep(Range range) {
  failed |= !quiet;
  size_t calls = 0;
  const void *exported = nullptr;
  for (const FnInstance *fn = current; fn; fn = fn->caller, ++calls)
    exported = fn->decl;
  if (quiet || !reported.insert({"deep", exported}).second)
    return;
  if (nestedStatements > 2 * calls)
    error("R0408", range, "too many equations wait here for one that stands further down")
        .suggest("the order of equations is free, but a long chain of them is followed from its beginning: write what "
                 "is read above what reads it");
  else
    error("R0408", range, "calls go too deep");
}

Value Elaborator::eval(const ast::Expr *e, Env env) {
  ++depth;
  auto leave = scope_exit([&] { --depth; });
  if (depth > 400) {
    tooDeep(e->range);
    return {};
  }
  Value v;
  switch (e->kind) {
  case ast::Expr::Number: {
    auto *n = cast<ast::NumberExpr>(e);
    return fixedNumber(n->value, n->isInteger, e->range);
  }
  case ast::Expr::Name:
    v = evalName(cast<ast::NameExpr>(e)->name, e->range, env);
    break;
  case ast::Expr::Unary:
    v = evalUnary(cast<ast::UnaryExpr>(e), env);
    break;
  case ast::Expr::Binary:
    v = evalBinary(cast<ast::BinaryExpr>(e), env);
    break;
  case ast::Expr::Compare:
    v = evalCompare(cast<ast::CompareExpr>(e), env);
    break;
  case ast::Expr::If:
    v = evalIf(cast<ast::IfExpr>(e), env);
    break;
  case ast::Expr::Binder:
    v = evalBinder(cast<ast::BinderExpr>(e), env);
    break;
  case ast::Expr::Call:
    v = evalCall(cast<ast::CallExpr>(e), env);
    break;
  case ast::Expr::Subscript:
    v = evalSubscript(cast<ast::SubscriptExpr>(e), env);
    break;
  case ast::Expr::Member:
    v = evalMemberOf(cast<ast::MemberExpr>(e), env);
    break;
  case ast::Expr::List:
  case ast::Expr::ListFor:
    error("R0504", e->range, "a list stands only behind a name of a layer or model")
        .suggest("arguments stand one by one, `f(a, b)`; an array is an equation over an index, `y[i in 3] = 2 * i`");
    break;
  }
  v.range = e->range;
  return v;
}

Value Elaborator::evalName(StringRef name, Range range, Env env) {
  if (Local *local = lookup(name, env))
    return read(*local, range);
  for (Frame *f = env; f; f = f->parent)
    if (f->self) {
      if (hasMember(*f->self, name))
        return member(*f->self, name, range);
      break;
    }
  if (name == "true" || name == "false") {
    Value v = fixedNumber(name == "true", true, range);
    v.fixed->what = Static::Truth;
    return v;
  }
  if (name == "batch" || name == "training") {
    refuse(range, "`" + name.str() + "`");
    return {};
  }
  if (layerNamed(name, range) || fnNamed(name, range) || isBuiltin(name)) {
    error("R0402", range, "`" + name.str() + "` is called, as in `" + name.str() + "(..)`; alone it is no value");
    return {};
  }
  error("R0401", range, "there is no `" + name.str() + "` here");
  return {};
}

Value Elaborator::evalUnary(const ast::UnaryExpr *e, Env env) {
  Value v = eval(e->operand, env);
  bool isNot = e->op == ast::UnaryOp::Not;
  if (v.isNumber() && !isNot)
    return fixedNumber(-v.fixed->number, v.fixed->isInteger, e->range);
  if (v.isFixed(Static::Truth) && isNot) {
    Value r = fixedNumber(!v.fixed->number, true, e->range);
    r.fixed->what = Static::Truth;
    return r;
  }
  if (isNot && (v.isNumber() || (v.isData() && v.type.element.kind != Kind::Bool))) {
    error("R0501", e->operand->range, "`not` needs a truth value, this is " + kindOf(v));
    return {};
  }
  if (!isNot && (v.isFixed(Static::Truth) || (v.isData() && v.type.element.kind == Kind::Bool))) {
    error("R0501", e->operand->range, "`-` needs a number, this is " + kindOf(v));
    return {};
  }
  return elementwise({v}, {e->operand}, e->range, "-", [&](ArrayRef<Expr *> x) {
    if (isNot)
      return program->negation(x[0], e->range);
    if (x[0]->is(Op::Const))
      return program->number(-x[0]->value, x[0]->isInt() ? Element::integer() : Element::real(), e->range);
    return program->make(Op::Neg, x[0]->isInt() ? Element::integer() : Element::real(), e->range, {x[0]});
  });
}

static Op opOf(ast::BinaryOp op) {
  switch (op) {
  case ast::BinaryOp::Add:
    return Op::Add;
  case ast::BinaryOp::Sub:
    return Op::Sub;
  case ast::BinaryOp::Mul:
    return Op::Mul;
  case ast::BinaryOp::Div:
    return Op::Div;
  case ast::BinaryOp::IntDiv:
    return Op::IntDiv;
  case ast::BinaryOp::Mod:
    return Op::Mod;
  case ast::BinaryOp::Pow:
    return Op::Pow;
  case ast::BinaryOp::And:
    return Op::And;
  default:
    return Op::Or;
  }
}

Value Elaborator::evalBinary(const ast::BinaryExpr *e, Env env) {
  bool logic = e->op == ast::BinaryOp::And || e->op == ast::BinaryOp::Or;
  Value a = eval(e->lhs, env);
  if (logic && a.isFixed(Static::Truth)) // the rest is never evaluated
    return bool(a.fixed->number) == (e->op == ast::BinaryOp::Or) ? a : eval(e->rhs, env);
  size_t mark = guards.size();
  if (logic && a.isData() && a.type.axes.empty() && a.type.element.kind == Kind::Bool)
    guards.push_back(e->op == ast::BinaryOp::And ? a.body : program->negation(a.body, e->lhs->range));
  Value b = eval(e->rhs, env);
  guards.truncate(mark);
  if (a.tag == Value::Poison || b.tag == Value::Poison)
    return {};
  if (e->op == ast::BinaryOp::Dot)
    return evalDot(e, a, b);

  Op op = opOf(e->op);
  if (a.isNumber() && b.isNumber()) {
    const Static &x = *a.fixed, &y = *b.fixed;
    if ((op == Op::Div || op == Op::IntDiv || op == Op::Mod) && y.number == 0) {
      error("R0505", e->range, "division by zero");
      return {};
    }
    Program &p = *program;
    auto constant = [&](const Static &s) {
      return p.number(s.number, s.isInteger ? Element::integer() : Element::real(), e->range);
    };
    if ((op == Op::IntDiv || op == Op::Mod) && !(x.isInteger && y.isInteger)) {
      error("R0501", e->range, "`" + spelling(e->op).str() + "` is for integers");
      return {};
    }
    if ((op == Op::IntDiv || op == Op::Mod) && y.number < 0) {
      error("R0501", e->rhs->range, "`" + spelling(e->op).str() + "` divides by a positive constant");
      return {};
    }
    Expr *r = p.binary(op, constant(x), constant(y), e->range);
    return fixedNumber(r->value, r->isInt(), e->range);
  }
  for (auto [v, source] : {std::pair(&a, e->lhs), std::pair(&b, e->rhs)}) {
    bool isBool = v->isFixed(Static::Truth) || (v->isData() && v->type.element.kind == Kind::Bool);
    if (!v->known() || v->tag == Value::Tuple || isBool == logic)
      continue;
    error("R0501", source->range,
          "`" + spelling(e->op).str() + "` needs " + (logic ? "truth values" : "numbers") + ", this is " + kindOf(*v))
        .suggest(logic ? "a truth value is a comparison, `x > 0`"
                       : "`if c then 1 else 0` makes a number of a truth value");
    return {};
  }
  if (op == Op::IntDiv || op == Op::Mod) {
    bool integer = (a.isNumber() ? a.fixed->isInteger : !a.isData() || a.type.element.kind == Kind::Int);
    bool divisor = b.isNumber() && b.fixed->isInteger && b.fixed->number > 0;
    if (!integer || (!divisor && b.known())) {
      error("R0501", integer ? e->rhs->range : e->lhs->range,
            "`" + spelling(e->op).str() + "` divides an integer by a positive constant")
          .suggest(!integer || b.isNumber() ? "`/` divides reals"
                                            : "`/` divides by anything, and `floor(a / b)` is an integer");
      return {};
    }
  }
  return elementwise({a, b}, {e->lhs, e->rhs}, e->range, spelling(e->op),
                     [&](ArrayRef<Expr *> x) { return program->binary(op, x[0], x[1], e->range); });
}

Value Elaborator::evalDot(const ast::BinaryExpr *e, Value a, Value b) {
  if (a.tag == Value::Unknown || b.tag == Value::Unknown) {
    // `W @ h` of a matrix has its first axes whatever h is, if h is a vector.
    if (a.isData() && a.type.axes.size() > 1) {
      Type type{Element::real(), a.type.axes};
      type.axes.pop_back();
      return dummy(type, e->range);
    }
    if (b.isData() && b.type.axes.size() > 1) {
      Type type{Element::real(), withoutFirst(b.type.axes, 1)};
      return dummy(type, e->range);
    }
    return Value::unknown();
  }
  for (auto [v, source] : {std::pair(&a, e->lhs), std::pair(&b, e->rhs)})
    if (!v->isData() || v->type.axes.empty() || v->type.element.kind == Kind::Bool) {
      error("R0202", source->range,
            "`@` joins the last axis of its left side with the first of its right side, this is " + describe(*v));
      return {};
    }
  const Axis &last = a.type.axes.back(), &first = b.type.axes.front();
  if (!last.same(first)) {
    auto &d = error("R0203", e->range, "sizes differ in `" + e->range.text().split('\n').first.str() + "`");
    d.label(e->lhs->range, quoted(e->lhs) + " has " +
                               (a.type.axes.size() > 1 ? ordinal(a.type.axes.size() - 1) + " axis " : "") + last.str());
    d.label(e->rhs->range, quoted(e->rhs) + " has " + (b.type.axes.size() > 1 ? "first axis " : "") + first.str());
    if (a.type.axes.size() == 1 && b.type.axes.size() == 2 && last.same(b.type.axes.back()) && !first.seq)
      d.suggest("`@` joins the last axis of its left side with the first of its right: `" + e->rhs->range.text().str() +
                " @ " + e->lhs->range.text().str() + "`");
    else if (b.type.axes.size() > 1 && last.same(b.type.axes.back())) {
      std::string matrix = e->lhs->range.text().str(), rows = e->rhs->range.text().str();
      if (a.type.axes.size() > 1 && !b.type.axes.front().seq) // `x @ W`, where vectors are rows
        std::swap(matrix, rows);
      bool more = StringRef(rows).ends_with("]");
      std::string row = more ? rows.substr(0, rows.size() - 1) + ", s]" : rows + "[t]";
      d.suggest("`@` joins the last axis of its left side with the first of its right; for each row, `" +
                std::string(more ? "" : "y[t] = ") + matrix + " @ " + row + "`");
    }
    return {};
  }
  Var *k = program->makeVar(b.vars.front()->name, last, e->range);
  Expr *at_k = program->index(k, e->range);
  SmallVector<Var *, 4> vars(ArrayRef(a.vars).drop_back());
  Type type{Element::real(), {}};
  type.axes.assign(a.type.axes.begin(), a.type.axes.end() - 1);
  SmallVector<Expr *> left, right{at_k};
  for (Var *v : vars)
    left.push_back(program->index(v, e->range));
  left.push_back(at_k);
  for (size_t i = 1; i < b.vars.size(); ++i) {
    Var *v = program->makeVar(b.vars[i]->name, b.type.axes[i], e->range);
    vars.push_back(v);
    type.axes.push_back(b.type.axes[i]);
    right.push_back(program->index(v, e->range));
  }
  Expr *product = program->binary(Op::Mul, at(a, left), at(b, right), e->range);
  Expr *sum = program->make(Op::Reduce, Element{product->element.kind, false, {}}, e->range, {product, nullptr});
  sum->vars.push_back(k);
  type.element = sum->element;
  return data(type, vars, sum, e->range);
}

Value Elaborator::evalCompare(const ast::CompareExpr *e, Env env) {
  SmallVector<Value, 2> values;
  bool allFixed = true;
  for (const ast::Expr *o : e->operands) {
    values.push_back(eval(o, env));
    if (values.back().tag == Value::Poison)
      return {};
    allFixed &= values.back().isNumber();
  }
  auto compare = [&](ast::CompareOp op, Expr *a, Expr *b, Range range) {
    switch (op) {
    case ast::CompareOp::Lt:
      return program->binary(Op::Lt, a, b, range);
    case ast::CompareOp::Le:
      return program->binary(Op::Le, a, b, range);
    case ast::CompareOp::Gt:
      return program->binary(Op::Lt, b, a, range);
    case ast::CompareOp::Ge:
      return program->binary(Op::Le, b, a, range);
    case ast::CompareOp::Eq:
      return program->binary(Op::Eq, a, b, range);
    case ast::CompareOp::Ne:
      return program->binary(Op::Ne, a, b, range);
    }
    llvm_unreachable("comparison");
  };
  Value result;
  for (auto [i, op] : enumerate(e->ops)) {
    const ast::Expr *l = e->operands[i], *r = e->operands[i + 1];
    Range range = join(l->range, r->range);
    auto isTruth = [](const Value &v) {
      return v.isFixed(Static::Truth) || (v.isData() && v.type.element.kind == Kind::Bool);
    };
    bool leftBool = isTruth(values[i]), rightBool = isTruth(values[i + 1]);
    if (leftBool != rightBool && values[i].known() && values[i + 1].known()) {
      error("R0501", range, "a truth value is not compared with a number")
          .label(l->range, "this is " + kindOf(values[i]))
          .label(r->range, "this is " + kindOf(values[i + 1]));
      return {};
    }
    if ((leftBool || rightBool) && (op != ast::CompareOp::Eq && op != ast::CompareOp::Ne)) {
      error("R0501", leftBool ? l->range : r->range, "truth values have no order");
      return {};
    }
    Value pair = elementwise({values[i], values[i + 1]}, {l, r}, range, spelling(op),
                             [&](ArrayRef<Expr *> x) { return compare(op, x[0], x[1], range); });
    if (!pair.known())
      return pair;
    result = i == 0 ? pair : elementwise({result, pair}, {l, r}, e->range, "and", [&](ArrayRef<Expr *> x) {
      return program->binary(Op::And, x[0], x[1], e->range);
    });
    if (!result.known())
      return result;
  }
  if (allFixed && result.body->is(Op::Const)) {
    Value v = fixedNumber(result.body->value, true, e->range);
    v.fixed->what = Static::Truth;
    return v;
  }
  return result;
}

Value Elaborator::evalIf(const ast::IfExpr *e, Env env) {
  Value c = eval(e->condition, env);
  if (c.tag == Value::Poison)
    return {};
  if (c.isFixed(Static::Truth)) // a dead branch vanishes
    return eval(c.fixed->number ? e->then : e->otherwise, env);
  if (c.known() && (!c.isData() || c.type.element.kind != Kind::Bool)) {
    error("R0501", e->condition->range, "a condition is a truth value, this is " + kindOf(c));
    return {};
  }
  size_t mark = guards.size();
  bool scalar = c.isData() && c.type.axes.empty();
  if (scalar)
    guards.push_back(c.body);
  Value a = eval(e->then, env);
  guards.truncate(mark);
  if (scalar)
    guards.push_back(program->negation(c.body, e->condition->range));
  Value b = eval(e->otherwise, env);
  guards.truncate(mark);
  if (a.tag == Value::Poison || b.tag == Value::Poison)
    return {};
  return elementwise(
      {c, a, b}, {e->condition, e->then, e->otherwise}, e->range, "if", [&](ArrayRef<Expr *> x) -> Expr * {
        Expr *p = x[1], *q = x[2];
        if (p->isBool() != q->isBool()) {
          error("R0501", e->range, "one branch is a truth value, the other a number");
          return nullptr;
        }
        if (p->isBool()) // stays a predicate
          return program->binary(Op::Or, program->binary(Op::And, x[0], p, e->range),
                                 program->binary(Op::And, program->negation(x[0], e->range), q, e->range), e->range);
        Element element = p->element;
        if (p->isInt() != q->isInt()) {
          p = program->toReal(p);
          q = program->toReal(q);
          element = Element::real();
        } else if (p->isInt() && !(p->element.token && q->element.token && p->element.bound.same(q->element.bound)))
          element = Element::integer();
        // A literal fits the token kind of the other branch when it is below its bound.
        if (p->isInt() && q->isInt() && !element.token)
          for (auto [t, n] : {std::pair(p, q), std::pair(q, p)})
            if (auto value = asInteger(n);
                t->element.token && value && *value >= 0 && !t->element.bound.seq && *value < t->element.bound.size)
              element = t->element;
        return program->make(Op::Select, element, e->range, {x[0], p, q});
      });
}

} // namespace rondo::eq
