// Making, walking and changing equations.
#include "dsl/Equations.h"

#include "llvm/ADT/SmallPtrSet.h"

#include <cmath>

using namespace llvm;

namespace rondo::eq {

std::string Axis::word() const {
  if (!name.empty())
    return name;
  return seq ? seq->name : std::to_string(size);
}

std::string Axis::str() const {
  if (seq)
    return name.empty() || name == seq->name ? seq->name : name + " (`" + seq->name + "`)";
  return name.empty() ? std::to_string(size) : name + " = " + std::to_string(size);
}

std::string Element::str() const {
  if (token)
    return "token(" + bound.word() + ")";
  return kind == Kind::Real ? "real" : kind == Kind::Int ? "int" : "bool";
}

std::string Type::str() const {
  std::string s = element.kind == Kind::Real && !axes.empty() ? "" : element.str();
  if (axes.empty())
    return s;
  s += "[";
  for (size_t i = 0; i < axes.size(); ++i)
    s += (i ? ", " : "") + axes[i].word();
  return s + "]";
}

std::string Program::freshSequence(StringRef word) const {
  std::string name = word == "b" ? "b_" : word.str(); // `b` is the batch's
  auto taken = [&] { return any_of(sequences, [&](const Sequence &other) { return other.name == name; }); };
  for (unsigned n = 2; taken(); ++n)
    name = word.str() + "_" + std::to_string(n);
  return name;
}

Var *Program::makeVar(StringRef name, Axis axis, Range range) {
  vars.push_back({name.str(), std::move(axis), range});
  return &vars.back();
}

Expr *Program::make(Op op, Element element, Range range, ArrayRef<Expr *> args) {
  exprs.emplace_back();
  Expr &e = exprs.back();
  e.op = op;
  e.element = std::move(element);
  e.range = range;
  e.args.assign(args.begin(), args.end());
  return &e;
}

Expr *Program::clone(const Expr &e) {
  exprs.push_back(e);
  return &exprs.back();
}

Expr *Program::number(double value, Element element, Range range) {
  Expr *e = make(Op::Const, std::move(element), range);
  e->value = value;
  return e;
}

Expr *Program::index(const Var *var, Range range) {
  Expr *e = make(Op::Index, Element::tokenOf(var->axis), range);
  e->var = var;
  return e;
}

Expr *Program::length(Sequence *seq, Range range) {
  Expr *e = make(Op::Length, Element::integer(), range);
  e->seq = seq;
  return e;
}

Expr *Program::extent(const Axis &axis, Range range) {
  return axis.seq ? length(axis.seq, range) : integer(axis.size, range);
}

Expr *Program::read(Array *array, ArrayRef<Expr *> subscripts, Range range) {
  Expr *e = make(Op::Read, array->type.element, range, subscripts);
  e->array = array;
  return e;
}

Expr *Program::toReal(Expr *e) {
  if (!e->isInt())
    return e;
  if (e->is(Op::Const))
    return number(e->value, Element::real(), e->range);
  return make(Op::ToReal, Element::real(), e->range, {e});
}

std::optional<int64_t> asInteger(const Expr *e) {
  if (e->is(Op::Const) && e->isInt())
    return int64_t(e->value);
  return std::nullopt;
}

static int64_t floorDiv(int64_t a, int64_t b) { return a / b - ((a % b != 0) && ((a < 0) != (b < 0))); }

static std::optional<double> fold(Op op, double a, double b, bool integers) {
  switch (op) {
  case Op::Add:
    return a + b;
  case Op::Sub:
    return a - b;
  case Op::Mul:
    return a * b;
  case Op::Div:
    return b == 0 ? std::nullopt : std::optional(a / b);
  case Op::IntDiv:
    return b <= 0 ? std::nullopt : std::optional(double(floorDiv(a, b)));
  case Op::Mod:
    return b <= 0 ? std::nullopt : std::optional(a - b * double(floorDiv(a, b)));
  case Op::Pow:
    return std::pow(a, b);
  case Op::Min:
    return std::min(a, b);
  case Op::Max:
    return std::max(a, b);
  case Op::Lt:
    return a < b;
  case Op::Le:
    return a <= b;
  case Op::Eq:
    return a == b;
  case Op::Ne:
    return a != b;
  case Op::And:
    return a != 0 && b != 0;
  case Op::Or:
    return a != 0 || b != 0;
  default:
    return std::nullopt;
  }
}

static bool isNumber(const Expr *e, double value) { return e->is(Op::Const) && e->value == value; }

Expr *Program::binary(Op op, Expr *a, Expr *b, Range range) {
  bool isCompare = op == Op::Lt || op == Op::Le || op == Op::Eq || op == Op::Ne;
  bool isLogic = op == Op::And || op == Op::Or;
  bool integers = a->isInt() && b->isInt() && op != Op::Div;
  if (op == Op::Pow) // an integer to a power that may be below 0 is none
    integers &= b->is(Op::Const) && b->value >= 0;
  if (!isLogic && !integers && !(a->isBool() && b->isBool())) {
    a = toReal(a);
    b = toReal(b);
  }
  Element element = isCompare || isLogic ? Element::boolean() : integers ? Element::integer() : Element::real();
  if (a->is(Op::Const) && b->is(Op::Const))
    if (auto value = fold(op, a->value, b->value, integers))
      return number(*value, element, range);
  // (k - 1) + 1 is k: an index shifted there and back is read plainly.
  if (integers && (op == Op::Add || op == Op::Sub) && b->is(Op::Const) && (a->is(Op::Add) || a->is(Op::Sub)) &&
      a->args[1]->is(Op::Const)) {
    double shift = (a->is(Op::Add) ? 1 : -1) * a->args[1]->value + (op == Op::Add ? 1 : -1) * b->value;
    return binary(shift < 0 ? Op::Sub : Op::Add, a->args[0], number(std::abs(shift), Element::integer(), range), range);
  }
  switch (op) {
  case Op::Add:
    if (isNumber(a, 0))
      return b;
    if (isNumber(b, 0))
      return a;
    break;
  case Op::Sub:
    if (isNumber(b, 0))
      return a;
    break;
  case Op::Mul: // not by zero: 0 * inf would vanish
    if (isNumber(a, 1))
      return b;
    if (isNumber(b, 1))
      return a;
    break;
  case Op::Div:
    if (isNumber(b, 1))
      return a;
    break;
  case Op::And:
    if (a->is(Op::Const))
      return a->value ? b : a;
    if (b->is(Op::Const))
      return b->value ? a : b;
    break;
  case Op::Or:
    if (a->is(Op::Const))
      return a->value ? a : b;
    if (b->is(Op::Const))
      return b->value ? b : a;
    break;
  default:
    break;
  }
  return make(op, element, range, {a, b});
}

Expr *Program::negation(Expr *c, Range range) {
  switch (c->op) {
  case Op::Const:
    return truth(!c->value, range);
  case Op::Not:
    return c->args[0];
  case Op::And:
    return binary(Op::Or, negation(c->args[0], range), negation(c->args[1], range), range);
  case Op::Or:
    return binary(Op::And, negation(c->args[0], range), negation(c->args[1], range), range);
  case Op::Eq:
    return binary(Op::Ne, c->args[0], c->args[1], range);
  case Op::Ne:
    return binary(Op::Eq, c->args[0], c->args[1], range);
  case Op::Lt: // not for reals: NaN is on neither side
    if (c->args[0]->isInt())
      return binary(Op::Le, c->args[1], c->args[0], range);
    break;
  case Op::Le:
    if (c->args[0]->isInt())
      return binary(Op::Lt, c->args[1], c->args[0], range);
    break;
  default:
    break;
  }
  return make(Op::Not, Element::boolean(), range, {c});
}

void walk(const Expr *e, function_ref<bool(const Expr *)> f) {
  if (!e || !f(e))
    return;
  for (const Expr *a : e->args)
    walk(a, f);
  for (const Outside &o : e->outside) {
    walk(o.when, f);
    walk(o.value, f);
  }
}

static void collectFree(const Expr *e, SmallVectorImpl<const Var *> &bound, SmallVectorImpl<const Var *> &out) {
  if (!e)
    return;
  if (e->is(Op::Index)) {
    if (!is_contained(bound, e->var) && !is_contained(out, e->var))
      out.push_back(e->var);
    return;
  }
  bool binds = e->is(Op::Reduce) || e->is(Op::Softmax) || e->is(Op::Concat);
  size_t mark = bound.size();
  if (binds)
    bound.append(e->vars.begin(), e->vars.end());
  for (auto [i, a] : enumerate(e->args)) {
    if (e->is(Op::Softmax) && i == 2)
      bound.truncate(mark); // the places it is taken at are outside
    collectFree(a, bound, out);
  }
  bound.truncate(mark);
  for (const Outside &o : e->outside) {
    collectFree(o.when, bound, out);
    collectFree(o.value, bound, out);
  }
}

SmallVector<const Var *, 4> freeVars(const Expr *e) {
  SmallVector<const Var *, 4> bound, out;
  collectFree(e, bound, out);
  return out;
}

bool isFree(const Var *var, const Expr *e) { return is_contained(freeVars(e), var); }

Expr *rewrite(Program &program, Expr *e, function_ref<Expr *(Expr *)> f) {
  return rewrite(program, e, [&](Expr *, Expr *now) { return f(now); });
}

Expr *rewrite(Program &program, Expr *e, function_ref<Expr *(Expr *, Expr *)> f) {
  if (!e)
    return nullptr;
  Expr *was = e;
  SmallVector<Expr *, 3> args;
  bool changed = false;
  for (Expr *a : e->args) {
    args.push_back(rewrite(program, a, f));
    changed |= args.back() != a;
  }
  SmallVector<Outside, 1> outside;
  for (const Outside &o : e->outside) {
    outside.push_back({rewrite(program, o.when, f), rewrite(program, o.value, f)});
    changed |= outside.back().when != o.when || outside.back().value != o.value;
  }
  if (changed) {
    e = program.clone(*e);
    e->args = args;
    e->outside = outside;
  }
  return f(was, e);
}

Expr *substitute(Program &program, Expr *e, const Substitution &map) {
  if (map.empty())
    return e;
  // Refolds arithmetic, so that `t + 0` of an inlined boundary or shifted index is the plain `t` again.
  return rewrite(program, e, [&](Expr *n) -> Expr * {
    switch (n->op) {
    case Op::Index: {
      auto it = map.find(n->var);
      return it == map.end() ? n : it->second;
    }
    case Op::Select: // a piece or branch that is known
      return n->args[0]->is(Op::Const) ? n->args[n->args[0]->value ? 1 : 2] : n;
    case Op::Add:
    case Op::Sub:
    case Op::IntDiv:
    case Op::Mod:
    case Op::Lt:
    case Op::Le:
    case Op::Eq:
    case Op::Ne:
    case Op::And:
    case Op::Or:
      if (n->args[0]->is(Op::Const) || n->args[1]->is(Op::Const))
        return program.binary(n->op, n->args[0], n->args[1], n->range);
      return n;
    default:
      return n;
    }
  });
}

bool equal(const Expr *a, const Expr *b) {
  if (a == b)
    return true;
  if (!a || !b || a->op != b->op || a->args.size() != b->args.size() || a->value != b->value || a->var != b->var ||
      a->seq != b->seq || a->array != b->array || a->fn != b->fn || a->reduction != b->reduction ||
      a->vars != b->vars || a->element.kind != b->element.kind || a->outside.size() != b->outside.size() ||
      a->boundary != b->boundary)
    return false;
  if ((a->is(Op::Clamp) || a->is(Op::Narrow)) && !a->bound.same(b->bound))
    return false;
  for (auto [x, y] : zip(a->args, b->args))
    if (!equal(x, y))
      return false;
  for (auto [x, y] : zip(a->outside, b->outside))
    if (!equal(x.when, y.when) || !equal(x.value, y.value))
      return false;
  return true;
}

void eachLength(const Array &array, llvm::function_ref<void(Array *)> f) {
  auto of = [&](auto &self, const Sequence *seq) -> void {
    if (!seq)
      return;
    if (seq->value)
      f(seq->value);
    self(self, seq->bound.seq);
    if (seq->length)
      walk(seq->length, [&](const Expr *e) {
        self(self, e->seq);
        return true;
      });
  };
  auto visit = [&](const Expr *e) {
    of(of, e->seq);
    of(of, e->bound.seq);
    for (const Var *v : e->vars)
      of(of, v->axis.seq);
    return true;
  };
  for (const Axis &axis : array.type.axes)
    of(of, axis.seq);
  if (array.body)
    walk(array.body, visit);
  for (const Expr *g : array.guards)
    walk(g, visit);
}

} // namespace rondo::eq
