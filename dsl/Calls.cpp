// Calls: arguments to parameters, axis variables, lifting, and the body inlined where the call stands.
#include "dsl/Elaborate.h"
#include "dsl/Habits.h"

#include "llvm/ADT/ScopeExit.h"

using namespace llvm;

namespace rondo::eq {

static std::string nameOf(const FnInstance &fn) {
  if (fn.decl->name)
    return (fn.self && !fn.self->path.empty() ? fn.self->decl->name.text.str() + "." : "") + fn.decl->name.text.str();
  return fn.self ? fn.self->decl->name.text.str() : "fn";
}

Value Elaborator::evalCall(const ast::CallExpr *e, Env env) {
  auto callOf = [&](Instance &instance, StringRef name, Range range) -> Value {
    if (const ast::FnDecl *fn = instance.fn(name))
      return callFn(fn, &instance, e, env);
    std::string layer = instance.decl->name.text.str();
    error("R0401", range,
          name.empty() ? "`" + layer + "` has no unnamed fn to call" : "`" + layer + "` has no fn `" + name.str() + "`")
        .label(instance.decl->name.range, "declared here")
        .suggest(didYouMean(name, namesOf(instance)));
    return {};
  };
  auto callOfValue = [&](const Value &callee) -> Value {
    if (callee.isFixed(Static::InstanceOf))
      return callOf(*callee.fixed->instance, "", e->callee->range);
    if (callee.tag != Value::Poison)
      error("R0402", e->callee->range, "only fns and instances of layers are called, this is " + kindOf(callee))
          .suggest(callee.isData() && callee.type.axes.size() == 2 ? "a matrix is applied by `@`: `W @ x`"
                                                                   : "`[` subscripts an array");
    return {};
  };

  if (auto *name = dyn_cast<ast::NameExpr>(e->callee)) {
    if (Local *local = lookup(name->name, env))
      return callOfValue(read(*local, name->range));
    for (Frame *f = env; f; f = f->parent)
      if (f->self) {
        if (hasMember(*f->self, name->name))
          return callOfValue(member(*f->self, name->name, name->range));
        if (f->self->fn(name->name))
          return callOf(*f->self, name->name, name->range);
        break;
      }
    if (const ast::FnDecl *fn = fnNamed(name->name, name->range))
      return callFn(fn, nullptr, e, env);
    if (isBuiltin(name->name))
      return evalBuiltin(name->name, e, env);
    if (layerNamed(name->name, name->range)) {
      error("R0407", e->range,
            "`" + name->name.str() + "` is a layer; it is made in a layer or model, beside its params")
          .suggest("write `name = " + e->range.text().str() + "` there and call `name(..)` here");
      return {};
    }
    error("R0401", name->range, "there is no `" + name->name.str() + "` to call");
    return {};
  }
  if (auto *m = dyn_cast<ast::MemberExpr>(e->callee)) {
    Value base = eval(m->base, env);
    if (base.tag == Value::Poison)
      return {};
    if (base.isFixed(Static::InstanceOf)) {
      Instance &instance = *base.fixed->instance;
      if (hasMember(instance, m->member.text))
        return callOfValue(member(instance, m->member.text, m->range));
      return callOf(instance, m->member.text, m->member.range);
    }
    error("R0502", m->base->range, "`." + m->member.text.str() + "` asks for a fn, but this is " + kindOf(base))
        .suggest(habitHelp(m->member.text).str());
    return {};
  }
  return callOfValue(eval(e->callee, env));
}

bool Elaborator::matchArguments(const ast::FnDecl *fn, const ast::CallExpr *call, Env env, Env into,
                                SmallVectorImpl<Argument> &arguments) {
  arguments.resize(fn->args.size());
  for (auto [i, arg] : enumerate(fn->args))
    arguments[i].param = &arg;
  size_t position = 0;
  bool ok = true;
  for (const ast::Pass &pass : call->args) {
    size_t at = position;
    if (pass.name) {
      for (at = 0; at < fn->args.size() && fn->args[at].name.text != pass.name.text; ++at)
        ;
      if (at == fn->args.size()) {
        SmallVector<StringRef> names;
        for (const ast::Arg &arg : fn->args)
          names.push_back(arg.name.text);
        error("R0402", pass.name.range, "there is no parameter `" + pass.name.text.str() + "`")
            .label(fn->head, "of this fn")
            .suggest(didYouMean(pass.name.text, names));
        return false;
      }
    } else
      ++position;
    if (at >= fn->args.size()) {
      error("R0403", pass.value->range,
            quoted(call->callee) + " takes " + std::to_string(fn->args.size()) + " arguments, here are " +
                std::to_string(call->args.size()))
          .label(fn->head, "declared here");
      return false;
    }
    if (arguments[at].source) {
      error("R0403", pass.value->range, "`" + fn->args[at].name.text.str() + "` is given twice");
      return false;
    }
    arguments[at].source = pass.value;
    arguments[at].range = pass.value->range;
    arguments[at].value = eval(pass.value, env);
    ok &= arguments[at].value.tag != Value::Poison;
  }
  for (Argument &a : arguments)
    if (!a.source && !a.param->init) {
      error("R0403", call->range, quoted(call->callee) + " needs its argument `" + a.param->name.text.str() + "`")
          .label(a.param->range, "declared here");
      return false;
    }
  return ok;
}

bool Elaborator::bindAxis(FnInstance &fn, const ast::Axis &declared, const Axis &actual, size_t position,
                          Argument &argument) {
  auto *name = dyn_cast<ast::NameExpr>(declared.size);
  bool isVariable = name && !lookup(name->name, fn.root) && !(fn.self && hasMember(*fn.self, name->name));
  if (isVariable) {
    Value length;
    if (actual.seq)
      length = data({Element::integer(), {}}, {}, program->length(actual.seq, name->range), name->range);
    else {
      length = fixedNumber(actual.size, true, name->range);
      length.fixed->word = name->name.str();
    }
    fn.root->names[name->name] = &makeLocal(name->name, name->range, length);
    return checkAxisBounds(declared, actual, fn.root, argument.range);
  }
  auto axis = axisOf(declared.size, fn.root);
  if (!axis)
    return false;
  if (!axis->same(actual)) {
    std::string expected = axis->seq && !actual.seq ? axis->word() : axis->str();
    auto &d = error("R0203", argument.range, "sizes differ in the call of `" + nameOf(fn) + "`");
    d.label(argument.range, quoted(argument.source) + " has " +
                                (argument.value.type.axes.size() > 1 ? ordinal(position) + " axis " : "") +
                                actual.str());
    d.label(declared.range, "`" + argument.param->name.text.str() + "` has " +
                                (argument.param->type.axes.size() > 1
                                     ? ordinal(&declared - argument.param->type.axes.begin()) + " axis "
                                     : "") +
                                expected);
    if (axis->seq && actual.seq)
      d.note("two sequence axes are the same only if one name typed both");
    else if (fn.self && fn.self->where && !axis->seq && !actual.seq)
      d.note("`" + fn.self->path + "` is made in line " + std::to_string(fn.self->where.line()) + ": `" +
             fn.self->where.text().str() + "`");
    return false;
  }
  return checkAxisBounds(declared, actual, fn.root, argument.range);
}

/// Axis variables, sizes and the element kind of one parameter; extra leading axes go to `lift`.
bool Elaborator::bindParameter(FnInstance &fn, Argument &argument, Lift &lift) {
  const ast::Type &type = argument.param->type;
  std::string name = "`" + argument.param->name.text.str() + "` of `" + nameOf(fn) + "`";
  Value &v = argument.value;
  if (type.element == ast::Element::Static) {
    if (v.tag != Value::Fixed) {
      if (v.known())
        error("R0504", argument.range, name + " is static: known at compile time, this is " + kindOf(v));
      return false;
    }
    return true;
  }
  if (v.tag == Value::Unknown) { // only while inferring: what is declared is as good a guess as any
    if (auto declared = declaredType(fn, type))
      v = dummy(*declared, argument.range);
    return true;
  }
  bool literal = v.isNumber() || v.isFixed(Static::Truth);
  if (!literal && !v.isData()) {
    error("R0502", argument.range, name + " is an array, this is " + kindOf(v));
    return false;
  }
  v = toData(v, argument.range);
  // A constant lifts like the literal it stands for.
  literal |= v.type.axes.empty() && v.body->is(Op::Const);
  size_t rank = type.axes.size(), have = v.type.axes.size();
  if (have < rank && !literal) {
    std::string what =
        name + " has " + std::to_string(rank) + (rank == 1 ? " axis" : " axes") + ", here is " + kindOf(v);
    std::string help;
    if (have + 1 == rank && fn.self && !fn.decl->name && fn.self->fn("step"))
      help = "`" + nameOf(fn) + "` reads a whole sequence; one step of it is `" + nameOf(fn) + ".step(..)`";
    if (quiet && !suspect)
      suspect = {argument.range, argument.param->range, what, help};
    error("R0202", argument.range, what).label(argument.param->range, "declared here").suggest(help);
    return false;
  }
  if (literal && have == 0) {
    SmallVector<Axis, 4> axes;
    for (const ast::Axis &declared : type.axes) {
      auto axis = axisOf(declared.size, fn.root);
      if (!axis)
        return false;
      axes.push_back(*axis);
    }
    v = data({v.type.element, axes}, freshVars(axes, argument.param->name.text), v.body, argument.range);
  } else {
    size_t extra = have - rank;
    for (size_t i = 0; i < rank; ++i)
      if (!bindAxis(fn, type.axes[i], v.type.axes[extra + i], extra + i, argument))
        return false;
    ArrayRef<Axis> leading = ArrayRef(v.type.axes).take_front(extra);
    if (!leading.empty() && lift.axes.empty()) {
      lift.axes.assign(leading.begin(), leading.end());
      lift.by = argument.range;
    } else if (!leading.empty()) {
      bool same = lift.axes.size() == leading.size();
      for (size_t i = 0; same && i < lift.axes.size(); ++i)
        same = lift.axes[i].same(leading[i]);
      if (!same) {
        auto show = [](ArrayRef<Axis> axes) {
          std::string s = "[";
          for (auto [i, a] : enumerate(axes))
            s += (i ? ", " : "") + a.word();
          return s + "]";
        };
        error("R0202", argument.range, "two arguments of `" + nameOf(fn) + "` have different extra axes")
            .label(lift.by, "extra axes " + show(lift.axes))
            .label(argument.range, "extra axes " + show(leading))
            .suggest("write the indices, as in `y[t] = f(a[t], b[t])`");
        return false;
      }
    }
  }
  auto element = elementOf(type, fn.root);
  if (!element)
    return false;
  // What is said of a token to the caller is in the caller's words.
  if (Axis &bound = element->bound; element->token && !bound.seq && current && current->self) {
    bool known = hasMember(*current->self, bound.name);
    Value size = known ? member(*current->self, bound.name, argument.range) : Value();
    if (!size.isNumber() || size.fixed->number != double(bound.size))
      bound.name.clear();
  }
  v = convert(v, *element, argument.range, name);
  return v.tag != Value::Poison;
}

/// A value of the element kind asked for: ints become real, tokens int, and an int a token by proof.
Value Elaborator::convert(Value v, const Element &to, Range range, StringRef what) {
  if (!v.isData())
    return v;
  const Element &from = v.type.element;
  auto wrap = [&](Expr *body) {
    Value r = v;
    r.body = body;
    r.type.element = body->element;
    return r;
  };
  if (from.kind == to.kind && !to.token)
    return v;
  if (to.kind == Kind::Real && from.kind == Kind::Int)
    return wrap(program->toReal(v.body));
  if (to.kind == Kind::Int && from.kind == Kind::Int) {
    bool fits = from.token &&
                (from.bound.same(to.bound) || (!from.bound.seq && !to.bound.seq && from.bound.size <= to.bound.size));
    if (fits)
      return v;
    Expr *n = program->make(Op::Narrow, to, range, {v.body});
    n->bound = to.bound;
    return wrap(n);
  }
  auto &d = error("R0501", range, what.str() + " is " + to.str() + ", this is " + from.str());
  if (to.kind == Kind::Int && from.kind == Kind::Real)
    d.suggest(
        to.token
            ? "an input of tokens is declared so, `token(V)[T]`; `floor(x)` is an integer, `clamp(n, A)` a token of A"
            : "`floor(x)` is an integer, `clamp(n, A)` a token of A");
  return {};
}

/// Whether a `where` in the body gives `name` values outside; `computed`: that are more than numbers.
static bool hasBounds(ArrayRef<ast::Stmt *> body, StringRef name, bool computed = false) {
  for (const ast::Stmt *s : body) {
    ArrayRef<ast::Bound> bounds;
    if (auto *d = dyn_cast<ast::DefineStmt>(s))
      bounds = d->bounds;
    else if (auto *r = dyn_cast<ast::ReturnStmt>(s))
      bounds = r->bounds;
    else if (auto *w = dyn_cast<ast::WhereStmt>(s))
      bounds = w->bounds;
    else if (auto *f = dyn_cast<ast::ForStmt>(s))
      if (hasBounds(f->body, name, computed))
        return true;
    for (const ast::Bound &b : bounds)
      if (b.array.text == name && !(computed && isa<ast::NumberExpr>(b.value)))
        return true;
  }
  return false;
}

FnInstance &Elaborator::makeFn(const ast::FnDecl *decl, Instance *self, Range call) {
  FnInstance &fn = fnInstances.emplace_back();
  fn.decl = decl;
  fn.self = self;
  fn.caller = current;
  fn.call = call;
  fn.path = self ? self->path : current ? current->path : "";
  if (decl->name && (!self || !self->path.empty()))
    fn.path += (fn.path.empty() ? "" : ".") + decl->name.text.str();
  fn.root = &frames.emplace_back();
  fn.root->self = self;
  fn.root->fn = &fn;
  return fn;
}

/// The value has these axes, too, before its own.
static void liftOver(ArrayRef<Var *> vars, ArrayRef<Axis> axes, Value &v) {
  v.vars.insert(v.vars.begin(), vars.begin(), vars.end());
  v.type.axes.insert(v.type.axes.begin(), axes.begin(), axes.end());
}

void Elaborator::declareArgument(FnInstance &fn, const Argument &argument, Value value) {
  const ast::Name &name = argument.param->name;
  Local &local = makeLocal(name.text, name.range, std::move(value));
  if (!fn.root->names.try_emplace(local.name, &local).second)
    error("R0404", local.range, "two parameters are called `" + local.name.str() + "`");
}

/// What was given, and what is static, to their parameters; still where the call stands.
bool Elaborator::bindArguments(FnInstance &fn, MutableArrayRef<Argument> arguments, Lift &lift) {
  bool ok = true;
  for (Argument &a : arguments) {
    bool isStatic = a.param->type.element == ast::Element::Static;
    if (!a.source && !isStatic)
      continue;
    if (!a.source) {
      a.source = a.param->init;
      a.range = a.source->range;
      a.value = eval(a.source, fn.root);
    }
    ok &= bindParameter(fn, a, lift);
    // Static arguments are visible in the types that follow.
    if (isStatic)
      declareArgument(fn, a, a.value);
  }
  if (!ok)
    return false;
  // What is computed for the argument is computed once, where the call stands, however often it is read inside.
  for (Argument &a : arguments)
    if (a.source && a.value.isData() && !isCheap(a.value))
      a.value = materialise(a.value, a.param->name.text, a.range);
  return true;
}

/// The parameters as the body sees them: of a lifted one the row at `places`, then those left to their defaults.
bool Elaborator::declareArguments(FnInstance &fn, MutableArrayRef<Argument> arguments, Lift &lift,
                                  ArrayRef<Expr *> places) {
  ArrayRef<ast::Stmt *> body = fn.decl->body;
  for (Argument &a : arguments) {
    if (!a.source || a.param->type.element == ast::Element::Static)
      continue;
    StringRef name = a.param->name.text;
    Value v = withoutBoundary(a.value);
    if (v.isData() && v.type.axes.size() > a.param->type.axes.size())
      v = subscript(v, places, a.range);
    if (v.isData() && hasBounds(body, name) &&
        (!isPlainRead(v) || hasBoundary(v) || hasBounds(body, name, /*computed=*/true)))
      v = materialise(v, name, a.range);
    declareArgument(fn, a, v);
  }
  for (Argument &a : arguments) {
    if (a.source)
      continue;
    a.source = a.param->init;
    a.range = a.source->range;
    a.value = eval(a.source, fn.root);
    if (a.value.tag == Value::Poison || !bindParameter(fn, a, lift))
      return false;
    declareArgument(fn, a, a.value);
  }
  return true;
}

Value Elaborator::callFn(const ast::FnDecl *decl, Instance *self, const ast::CallExpr *call, Env env) {
  if (tooMany(call->range))
    return {};
  unsigned nested = 0;
  for (FnInstance *f = current; f; f = f->caller)
    nested += f->decl == decl && f->self == self;
  if (nested > 4) {
    error("R0408", call->range, quoted(call->callee) + " calls itself without end");
    return {};
  }
  FnInstance &fn = makeFn(decl, self, call->range);
  SmallVector<Argument, 4> arguments;
  Lift lift;
  if (!matchArguments(decl, call, env, fn.root, arguments) || !bindArguments(fn, arguments, lift))
    return {};

  size_t contextMark = context.size();
  SmallVector<Var *> lifted;
  SmallVector<Expr *> places;
  for (const Axis &axis : lift.axes) {
    lifted.push_back(freshVars({axis}, "")[0]);
    places.push_back(program->index(lifted.back(), call->range));
    context.push_back(lifted.back());
  }
  auto leave = scope_exit([&] { context.truncate(contextMark); });
  fn.context.assign(context.begin(), context.end());
  fn.guards.assign(guards.begin(), guards.end());
  FnInstance *caller = current;
  current = &fn;
  auto back = scope_exit([&] { current = caller; });
  if (!declareArguments(fn, arguments, lift, places))
    return {};

  std::vector<Value> results;
  if (quiet && decl->hasResults) { // axes alone are wanted, and they are declared
    for (const ast::Type &t : decl->results) {
      auto type = declaredType(fn, t);
      results.push_back(type ? dummy(*type, call->range) : Value::unknown());
    }
  } else if (!prepareBody(fn) || !runBody(fn, results, nullptr))
    return {};
  for (Value &v : results) {
    v = toData(v, call->range);
    if (v.isData() && !lift.axes.empty())
      liftOver(lifted, lift.axes, v);
    if (v.tag == Value::Poison)
      return {};
  }
  if (results.size() == 1)
    return results[0];
  Value tuple;
  tuple.tag = Value::Tuple;
  tuple.parts = std::move(results);
  return tuple;
}

std::optional<Type> Elaborator::declaredType(FnInstance &fn, const ast::Type &declared) {
  Type type;
  for (const ast::Axis &a : declared.axes) {
    auto axis = axisOf(a.size, fn.root);
    if (!axis || !checkAxisBounds(a, *axis, fn.root, a.range))
      return std::nullopt;
    type.axes.push_back(*axis);
  }
  auto element = elementOf(declared, fn.root);
  if (!element)
    return std::nullopt;
  type.element = *element;
  return type;
}

bool Elaborator::checkResult(FnInstance &fn, const ast::Type &declared, Value &value, Range range) {
  auto type = declaredType(fn, declared);
  if (!type)
    return false;
  value = toData(value, range);
  if (!value.isData()) {
    error("R0502", range, "`" + nameOf(fn) + "` returns " + type->str() + ", this is " + kindOf(value));
    return false;
  }
  if (value.type.axes.empty() && value.body->is(Op::Const) && !type->axes.empty())
    value = data({value.type.element, type->axes}, freshVars(type->axes, ""), value.body, range);
  bool same = value.type.axes.size() == type->axes.size();
  for (size_t i = 0; same && i < type->axes.size(); ++i)
    same = type->axes[i].same(value.type.axes[i]);
  if (!same) {
    error("R0207", range, "this is not what `" + nameOf(fn) + "` says it returns")
        .label(range, describe(value))
        .label(declared.range, "declared as " + describe(dummy(*type, range)));
    return false;
  }
  value = convert(value, type->element, range, "the result of `" + nameOf(fn) + "`");
  if (value.tag == Value::Poison)
    return false;
  // The caller's messages use the words of the declaration.
  for (auto [have, say] : zip(value.type.axes, type->axes))
    if (!say.name.empty())
      have.name = say.name;
  return true;
}

} // namespace rondo::eq
