// Values: scalar expressions over one variable for each axis, and the arrays made of them.
#include "dsl/Elaborate.h"

#include <cmath>

using namespace llvm;

namespace rondo::eq {

std::string ordinal(size_t n) {
  static const char *const words[] = {"first", "second", "third", "fourth", "fifth", "sixth"};
  return n < 6 ? words[n] : std::to_string(n + 1) + "th";
}

std::string oneLine(StringRef text) {
  std::string flat;
  for (char c : text)
    if (!isSpace(c))
      flat += c;
    else if (!flat.empty() && flat.back() != ' ')
      flat += ' ';
  return flat;
}

std::string quoted(const ast::Expr *e) {
  std::string flat = oneLine(e->range.text());
  if (flat.size() > 48)
    flat = flat.substr(0, 45) + "...";
  return "`" + flat + "`";
}

Diagnostic &Elaborator::error(StringRef code, Range range, std::string message) {
  failed |= !quiet;
  if (quiet || !reported.insert({code.str() + std::to_string(range.begin), range.source}).second) {
    sink = {};
    return sink;
  }
  Diagnostic &d = diagnostics.error(code.str(), range, std::move(message));
  // A mistake met inside a layer is seen through the call that brought it there.
  constexpr size_t most = 6;
  SmallVector<std::string> calls;
  for (FnInstance *fn = current; fn && fn->call; fn = fn->caller) {
    if (fn->call.source == range.source && fn->call.begin <= range.begin && range.end <= fn->call.end)
      continue;
    std::string name = fn->decl->name ? fn->decl->name.text.str() : fn->self ? fn->self->decl->name.text.str() : "";
    std::string call = "in `" + name + "`, called as `" + fn->call.text().split('\n').first.str() + "` in line " +
                       std::to_string(fn->call.line());
    if (!is_contained(calls, call))
      calls.push_back(call);
  }
  for (const std::string &call : ArrayRef(calls).take_front(most))
    d.note(call);
  if (calls.size() > most)
    d.note("and so on, " + std::to_string(calls.size()) + " calls deep");
  return d;
}

Diagnostic &Elaborator::refuse(Range range, std::string what) {
  // Not the user's mistake: the export is left out, the file is accepted.
  if (!quiet && !notBuilt)
    notBuilt = NotBuilt{range, what};
  failed |= !quiet;
  sink = {};
  return sink;
}

std::string Elaborator::describe(const Value &v) const {
  switch (v.tag) {
  case Value::Data: {
    if (v.type.axes.empty())
      return "one " + v.type.element.str();
    std::string s = "axes [";
    for (auto [i, a] : enumerate(v.type.axes))
      s += (i ? ", " : "") + a.str();
    return s + "]" + (v.type.element.kind == Kind::Real ? "" : " of " + v.type.element.str());
  }
  case Value::Fixed:
    switch (v.fixed->what) {
    case Static::Number:
      return "a number";
    case Static::Truth:
      return "a truth value";
    case Static::InstanceOf:
      return "an instance of `" + v.fixed->instance->decl->name.text.str() + "`";
    case Static::List:
      return "a list";
    }
    return "";
  case Value::Tuple:
    return std::to_string(v.parts.size()) + " results";
  default:
    return "unknown";
  }
}

std::string Elaborator::kindOf(const Value &v) const {
  return (v.isData() && !v.type.axes.empty() ? "an array with " : "") + describe(v);
}

SmallVector<Var *, 4> Elaborator::freshVars(ArrayRef<Axis> axes, StringRef hint) {
  static const char *const letters[] = {"i", "j", "l", "m", "n", "p"};
  SmallVector<Var *, 4> vars;
  for (auto [n, axis] : enumerate(axes)) {
    std::string word = axis.word();
    bool plain = all_of(word, [](char c) { return isAlpha(c); });
    std::string name = plain ? StringRef(word).lower() : letters[n % 6];
    vars.push_back(program->makeVar(name, axis, {}));
  }
  return vars;
}

Value Elaborator::data(Type type, ArrayRef<Var *> vars, Expr *body, Range range) {
  Value v;
  v.tag = Value::Data;
  v.type = std::move(type);
  v.vars.assign(vars.begin(), vars.end());
  v.body = body;
  v.range = range;
  return v;
}

Value Elaborator::dummy(const Type &type, Range range) {
  return data(type, freshVars(type.axes, ""), program->number(0, type.element, range), range);
}

Value Elaborator::fixedNumber(double value, bool isInteger, Range range) {
  Value v = Value::known(Static::Number, range);
  v.fixed->number = value;
  v.fixed->isInteger = isInteger && std::abs(value) <= 0x1p53; // beyond, and of no number, it is not exact
  return v;
}

Value Elaborator::toData(const Value &v, Range range) {
  if (v.isNumber()) {
    bool fits = -0x1p31 <= v.fixed->number && v.fixed->number < 0x1p31; // an `int` has 32 bits
    Element element = v.fixed->isInteger && fits ? Element::integer() : Element::real();
    return data({element, {}}, {}, program->number(v.fixed->number, element, range), range);
  }
  if (v.isFixed(Static::Truth))
    return data({Element::boolean(), {}}, {}, program->truth(v.fixed->number != 0, range), range);
  return v;
}

Expr *Elaborator::at(const Value &v, ArrayRef<Expr *> places) {
  Substitution map;
  for (auto [var, place] : zip(v.vars, places))
    map[var] = place;
  return substitute(*program, v.body, map);
}

Value Elaborator::subscript(Value base, ArrayRef<Expr *> places, Range range) {
  Expr *body = at(base, places);
  if (body->is(Op::Read) && body != base.body) {
    body = program->clone(*body);
    body->range = range;
  }
  Type type{base.type.element, withoutFirst(base.type.axes, places.size())};
  return data(type, ArrayRef(base.vars).drop_front(places.size()), body, range);
}

Array *Elaborator::newArray(StringRef name, Type type, Range range) {
  program->arrays.emplace_back();
  Array &a = program->arrays.back();
  a.name = current && !current->path.empty() ? current->path + "." + name.str() : name.str();
  a.type = std::move(type);
  a.range = range;
  a.id = program->arrays.size();
  return &a;
}

Value Elaborator::aliasOf(Array *array, ArrayRef<const Var *> outer, Range range) {
  Type type{array->type.element, withoutFirst(array->type.axes, outer.size())};
  auto vars = freshVars(type.axes, array->name);
  SmallVector<Expr *> places;
  for (const Var *v : outer)
    places.push_back(program->index(v, range));
  for (Var *v : vars)
    places.push_back(program->index(v, range));
  Expr *body = program->read(array, places, range);
  return data(type, vars, body, range);
}

Value Elaborator::materialise(const Value &v, StringRef name, Range range) {
  Type type = v.type;
  SmallVector<Axis, 4> axes;
  for (const Var *c : context)
    axes.push_back(c->axis);
  axes.append(type.axes);
  Array *array = newArray(name, {type.element, axes}, range);
  array->hidden = context.size();
  array->vars.assign(context.begin(), context.end());
  array->vars.append(v.vars.begin(), v.vars.end());
  array->body = v.body;
  array->guards.assign(guards.begin(), guards.end());
  return aliasOf(array, context, range);
}

bool Elaborator::isCheap(const Value &v) const {
  const Expr *e = v.body;
  while (e->is(Op::ToReal) || e->is(Op::Narrow) || e->is(Op::Stop))
    e = e->args[0];
  if (!e->is(Op::Read) && !e->is(Op::Const) && e->isReal())
    return false;
  // A gather by data is done once, before what is computed from it.
  if (e->is(Op::Read) && e->isReal())
    for (const Expr *at : e->args) {
      bool data = false;
      walk(at, [&](const Expr *n) {
        data |= n->is(Op::Read);
        return !data;
      });
      if (data)
        return false;
    }
  // Integers and truth values stay what they are, so that predicates and subscripts through names stay affine.
  bool cheap = true;
  unsigned size = 0; // a chain of names, each used twice, doubles at each
  walk(e, [&](const Expr *n) {
    cheap &= !n->is(Op::Reduce) && !n->is(Op::Softmax) && !n->is(Op::Concat) && ++size <= 256;
    return cheap;
  });
  return cheap;
}

bool Elaborator::isReal(const Value &v) const {
  return v.isData() ? v.type.element.kind == Kind::Real : v.isNumber() && !v.fixed->isInteger;
}

Value Elaborator::elementwise(ArrayRef<Value> operands, ArrayRef<const ast::Expr *> sources, Range range,
                              StringRef what, function_ref<Expr *(ArrayRef<Expr *>)> f) {
  SmallVector<Value, 3> values;
  const Value *widest = nullptr;
  bool unknown = false;
  for (auto [i, operand] : enumerate(operands)) {
    if (operand.tag == Value::Poison)
      return {};
    unknown |= operand.tag == Value::Unknown;
    if (operand.tag == Value::Tuple || operand.isFixed(Static::InstanceOf) || operand.isFixed(Static::List)) {
      error("R0502", sources[i]->range, "a number is expected here, this is " + kindOf(operand));
      return {};
    }
    values.push_back(toData(operand, sources[i]->range));
  }
  size_t first = 0;
  for (auto [i, v] : enumerate(values))
    if (v.isData() && !v.type.axes.empty() && !widest)
      widest = &v, first = i;
  if (unknown) {
    if (!widest)
      return Value::unknown();
    for (Value &v : values)
      if (v.tag == Value::Unknown)
        v = dummy({Element::real(), widest->type.axes}, range);
  }
  Type type;
  SmallVector<Var *, 4> vars;
  if (widest) {
    type.axes = widest->type.axes;
    vars = widest->vars;
  }
  SmallVector<Expr *, 3> bodies;
  for (auto [i, v] : enumerate(values)) {
    if (v.type.axes.empty()) {
      bodies.push_back(v.body);
      continue;
    }
    if (v.type.axes.size() != type.axes.size()) {
      auto &d = error("R0202", range, "different numbers of axes in `" + range.text().split('\n').first.str() + "`");
      d.label(sources[first]->range, quoted(sources[first]) + " has " + describe(values[first]));
      d.label(sources[i]->range, quoted(sources[i]) + " has " + describe(v));
      d.suggest("there is no broadcasting: write the indices, as in `y[t] = x[t] " + what.str() + " b`");
      return {};
    }
    for (auto [n, a, b] : enumerate(type.axes, v.type.axes)) {
      if (a.same(b))
        continue;
      auto &d = error("R0203", range, "sizes differ in `" + range.text().split('\n').first.str() + "`");
      auto axis = [&](const Value &value, const Axis &axis) {
        return value.type.axes.size() == 1 ? axis.str() : ordinal(n) + " axis " + axis.str();
      };
      d.label(sources[first]->range, quoted(sources[first]) + " has " + axis(values[first], a));
      d.label(sources[i]->range, quoted(sources[i]) + " has " + axis(v, b));
      return {};
    }
    SmallVector<Expr *> places;
    for (Var *var : vars)
      places.push_back(program->index(var, range));
    bodies.push_back(at(v, places));
  }
  Expr *body = f(bodies);
  if (!body)
    return {};
  type.element = body->element;
  return data(type, vars, body, range);
}

} // namespace rondo::eq
