// Axes, element kinds and the ranges of indices.
#include "dsl/Elaborate.h"

#include "llvm/Support/Format.h"

#include "llvm/ADT/ScopeExit.h"

using namespace llvm;

namespace rondo::eq {

/// "0.3"
static std::string shown(double number) {
  std::string text;
  raw_string_ostream(text) << format("%g", number);
  return text;
}

std::optional<int64_t> Elaborator::staticInt(const ast::Expr *e, Env env, const char *what) {
  Value v = eval(e, env);
  if (v.tag == Value::Poison)
    return std::nullopt;
  if (!v.isNumber()) {
    error("R0504", e->range, std::string(what) + " is a number known at compile time, this is " + kindOf(v))
        .suggest(StringRef(what) == "a bound" ? "a bound is a size of the model, as in `T <= M`" : "");
    return std::nullopt;
  }
  if (!v.fixed->isInteger) {
    error("R0504", e->range, std::string(what) + " is an integer, " + quoted(e) + " is " + shown(v.fixed->number))
        .suggest("`/` gives a real; `div` divides integers");
    return std::nullopt;
  }
  return int64_t(v.fixed->number);
}

std::optional<Axis> Elaborator::axisOf(const ast::Expr *size, Env env) {
  Value v = eval(size, env);
  std::string word = isa<ast::NameExpr>(size) ? size->range.text().str() : std::string();
  if (v.isData() && v.type.axes.empty() && v.body->is(Op::Length))
    return Axis{v.body->seq, 0, word};
  if (v.isData() && v.type.axes.empty() && v.type.element.kind == Kind::Int)
    return lengthAxis(v.body, size->range, word, /*ofValues=*/false);
  if (v.tag == Value::Poison || v.tag == Value::Unknown)
    return std::nullopt;
  if (!v.isNumber() || !v.fixed->isInteger || v.fixed->number < 1) {
    error("R0504", size->range,
          v.isNumber() ? "a size is a positive integer, " + quoted(size) + " is " +
                             (v.fixed->isInteger ? std::to_string(int64_t(v.fixed->number)) : shown(v.fixed->number))
                       : "a size is a number known at compile time, this is " + kindOf(v))
        .suggest(v.isNumber() && v.fixed->number >= 1 && !v.fixed->isInteger
                     ? "`/` gives a real; `div` divides integers"
                     : "");
    return std::nullopt;
  }
  if (v.fixed->number >= 0x1p31) {
    error("R0504", size->range, "a size is at most 2147483647, " + quoted(size) + " is " + shown(v.fixed->number));
    return std::nullopt;
  }
  std::string name = isa<ast::NumberExpr>(size) ? "" : size->range.text().str();
  return Axis{nullptr, int64_t(v.fixed->number), name};
}

std::optional<Element> Elaborator::elementOf(const ast::Type &type, Env env) {
  switch (type.element) {
  case ast::Element::Real:
    return Element::real();
  case ast::Element::Int:
    return Element::integer();
  case ast::Element::Bool:
    return Element::boolean();
  case ast::Element::Static:
    error("R0504", type.range, "only an argument of a fn is `static`").suggest("a size is one without a word");
    return std::nullopt;
  case ast::Element::Token: {
    auto bound = axisOf(type.tokens, env);
    if (!bound)
      return std::nullopt;
    return Element::tokenOf(*bound);
  }
  }
  return std::nullopt;
}

/// `3 <= T <= M` of a declaration against the axis it got.
bool Elaborator::checkAxisBounds(const ast::Axis &declared, const Axis &actual, Env env, Range range) {
  auto check = [&](const ast::Expr *bound, bool lower) {
    if (!bound)
      return true;
    auto limit = staticInt(bound, env, "the bound of an axis");
    if (!limit)
      return false;
    if (!lower && declared.strict)
      --*limit;
    std::optional<int64_t> have = actual.size;
    if (actual.seq)
      have = lower ? std::optional(actual.seq->least) : actual.seq->most;
    if (have && (lower ? *have >= *limit : *have <= *limit))
      return true;
    std::string said = "`" + declared.range.text().str() + "`", to = std::to_string(*limit);
    std::string word = actual.seq || !actual.name.empty() ? "`" + actual.word() + "`" : "this axis";
    auto &d = error("R0602", range,
                    !have ? word + " has no declared bound, here " + said + " is needed"
                          : word + (actual.seq ? " may be " : " is ") + std::to_string(*have) + ", here " + said +
                                (lower ? " needs at least " : " allows ") + to);
    if (!(declared.range == range))
      d.label(declared.range, "needed here");
    if (actual.seq && actual.seq->given() && actual.seq->where)
      d.label(actual.seq->where, "declared here")
          .suggest("write `" + (lower ? to + " <= " + actual.seq->name : actual.seq->name + " <= " + to) + "` there");
    return false;
  };
  return check(declared.least, true) && check(declared.most, false);
}

std::optional<Axis> Elaborator::rangeOf(const ast::Index &index, ArrayRef<const ast::Expr *> scope, Env env,
                                        int64_t &first) {
  first = 0;
  if (!index.over.first)
    return inferRange(index.name.text, index.name.range, scope, env);
  if (!index.over.last)
    return axisOf(index.over.first, env);
  auto low = staticInt(index.over.first, env, "the end of a range");
  auto high = staticInt(index.over.last, env, "the end of a range");
  if (!low || !high)
    return std::nullopt;
  if (*high < *low) {
    error("R0205", index.over.range, "this range is empty");
    return std::nullopt;
  }
  if (*high - *low >= 0x1p31) {
    error("R0504", index.over.range, "a size is at most 2147483647, this is " + std::to_string(*high - *low + 1));
    return std::nullopt;
  }
  first = *low;
  return Axis{nullptr, *high - *low + 1, ""};
}

/// Indices as plain integers, while the range of one is looked for: only kinds and axes count then.
Elaborator::Env Elaborator::dummyFrame(ArrayRef<StringRef> names, Env parent) {
  Frame *frame = frameIn(parent);
  for (StringRef name : names) {
    if (lookup(name, parent))
      continue;
    Local &local = makeLocal(name, {}, data({Element::integer(), {}}, {}, program->integer(0, {}), {}));
    local.isIndex = true;
    local.var = program->makeVar(name, {}, {});
    frame->names[local.name] = &local;
  }
  return frame;
}

/// Where an expression subscripts something with the index `name`, plainly or with an offset.
void Elaborator::collectUses(StringRef name, const ast::Expr *e, Env env, Uses &uses) {
  auto isName = [&](const ast::Expr *e) {
    auto *n = dyn_cast<ast::NameExpr>(e);
    return n && n->name == name;
  };
  if (!e)
    return;
  switch (e->kind) {
  case ast::Expr::Number:
  case ast::Expr::Name:
    return;
  case ast::Expr::Unary:
    return collectUses(name, cast<ast::UnaryExpr>(e)->operand, env, uses);
  case ast::Expr::Binary:
    collectUses(name, cast<ast::BinaryExpr>(e)->lhs, env, uses);
    return collectUses(name, cast<ast::BinaryExpr>(e)->rhs, env, uses);
  case ast::Expr::Compare:
    for (ast::Expr *o : cast<ast::CompareExpr>(e)->operands)
      collectUses(name, o, env, uses);
    return;
  case ast::Expr::If:
    collectUses(name, cast<ast::IfExpr>(e)->condition, env, uses);
    collectUses(name, cast<ast::IfExpr>(e)->then, env, uses);
    return collectUses(name, cast<ast::IfExpr>(e)->otherwise, env, uses);
  case ast::Expr::Binder: {
    auto *b = cast<ast::BinderExpr>(e);
    SmallVector<StringRef> names;
    for (const ast::Index &index : b->indices)
      names.push_back(index.name.text);
    Env inner = dummyFrame(names, env);
    collectUses(name, b->condition, inner, uses);
    return collectUses(name, b->body, inner, uses);
  }
  case ast::Expr::Call:
    for (const ast::Pass &p : cast<ast::CallExpr>(e)->args)
      collectUses(name, p.value, env, uses);
    return;
  case ast::Expr::Subscript: {
    auto *s = cast<ast::SubscriptExpr>(e);
    collectUses(name, s->base, env, uses);
    for (auto [i, at] : enumerate(s->subscripts)) {
      if (isName(at))
        uses.plain.push_back({s->base, unsigned(i), at, env});
      else if (auto *b = dyn_cast<ast::BinaryExpr>(at);
               b && (b->op == ast::BinaryOp::Add || b->op == ast::BinaryOp::Sub) && isName(b->lhs) != isName(b->rhs) &&
               !(b->op == ast::BinaryOp::Sub && isName(b->rhs)) &&
               eval(isName(b->lhs) ? b->rhs : b->lhs, env).isNumber())
        uses.offset.push_back({s->base, unsigned(i), at, env});
      collectUses(name, at, env, uses);
    }
    return;
  }
  case ast::Expr::Member:
    return collectUses(name, cast<ast::MemberExpr>(e)->base, env, uses);
  case ast::Expr::List:
    for (ast::Expr *o : cast<ast::ListExpr>(e)->elements)
      collectUses(name, o, env, uses);
    return;
  case ast::Expr::ListFor:
    return;
  }
}

std::optional<Axis> Elaborator::inferRange(StringRef name, Range range, ArrayRef<const ast::Expr *> scope, Env env) {
  ++quiet;
  auto leave = scope_exit([&] { --quiet; });
  Uses uses;
  Env own = dummyFrame({name}, env);
  for (const ast::Expr *e : scope)
    collectUses(name, e, own, uses);

  // A plain use says more than one with an offset: `sum(j) W[i,j] * m[0, H + j]` takes W's axis.
  std::optional<Axis> found;
  const Use *foundAt = nullptr;
  for (ArrayRef<Use> kind : {ArrayRef(uses.plain), ArrayRef(uses.offset)}) {
    for (const Use &use : kind) {
      Value base = eval(use.base, use.env);
      ArrayRef<Axis> axes = base.type.axes;
      if (!base.isData()) {
        auto *word = dyn_cast<ast::NameExpr>(use.base);
        Local *local = word ? lookup(word->name, use.env) : nullptr;
        if (base.tag != Value::Unknown || !local)
          continue;
        axes = local->leading;
      }
      if (axes.size() <= use.position)
        continue;
      const Axis axis = axes[use.position];
      if (!axis.seq && axis.size == 0)
        continue; // an index of a statement whose own range is still being looked for
      if (found && !found->same(axis)) {
        if (bool(found->seq) != bool(axis.seq)) { // where a bound and a sequence meet, the sequence counts
          if (axis.seq)
            found = axis, foundAt = &use;
          continue;
        }
        auto restore = scope_exit([&, saved = quiet] { quiet = saved; });
        --quiet;
        error("R0205", range, "`" + name.str() + "` subscripts axes of different sizes")
            .label(foundAt->subscript->range, quoted(foundAt->base) + " has " + found->str())
            .label(use.subscript->range, quoted(use.base) + " has " + axis.str())
            .suggest("say which with `" + name.str() + " in " + found->word() + "`");
        return std::nullopt;
      }
      if (!found)
        found = axis, foundAt = &use;
    }
    if (found)
      return found;
  }
  // Uses there are, but what they subscript is wrong itself: said already.
  if (failed && !(uses.plain.empty() && uses.offset.empty()))
    return std::nullopt;
  --quiet;
  auto restore = scope_exit([&] { ++quiet; });
  bool used = !(uses.plain.empty() && uses.offset.empty());
  error("R0205", range,
        "the range of `" + name.str() + "` is not known: " +
            (used ? "the axes of what it subscripts are not known yet" : "no array is subscripted with it"))
      .suggest("say what it runs over: `" + name.str() + " in T` with an axis T of the inputs, or a size");
  return std::nullopt;
}

Elaborator::IndexVar Elaborator::bindIndex(const ast::Index &index, ArrayRef<const ast::Expr *> scope, Env scan,
                                           Env into) {
  Range range = index.name.range;
  if (Local *other = lookup(index.name.text, into)) {
    auto &d = error("R0404", range, "the index `" + index.name.text.str() + "` has the name of something visible here");
    if (other->range)
      d.label(other->range, "this one");
    d.suggest("an index has a name of its own");
    return {};
  }
  if (into->self && hasMember(*into->self, index.name.text)) {
    error("R0404", range,
          "the index `" + index.name.text.str() + "` has the name of a member of `" +
              into->self->decl->name.text.str() + "`")
        .suggest("an index has a name of its own");
    return {};
  }
  IndexVar result;
  auto axis = rangeOf(index, scope, scan, result.first);
  if (!axis && !quiet)
    return {};
  const Var *var = program->makeVar(index.name.text, axis.value_or(Axis{}), range);
  Expr *body = program->index(var, range);
  if (result.first)
    body = program->binary(Op::Add, body, program->integer(result.first, range), range);
  Local &local = makeLocal(index.name.text, range, data({body->element, {}}, {}, body, range));
  local.isIndex = true;
  local.var = var;
  into->names[local.name] = &local;
  result.local = &local;
  return result;
}

} // namespace rondo::eq
