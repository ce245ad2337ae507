// Scalar expressions and conditions over the indices that are bound where they stand.
#include "tests/random/Writer.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>

using namespace llvm;

namespace rondo::random_programs {

static bool negative(const Term &x) { return StringRef(x.text).starts_with("-"); }

/// Brings a large value down, in one of the ways that models do.
Term FnWriter::damp(Term x, double most) {
  if (x.most <= most)
    return x;
  switch (model.random.below(4)) {
  case 0:
    return {"tanh(" + x.text + " / 4)", 1};
  case 1:
    return {"softsign(" + x.text + ")", 1};
  case 2:
    return {"sigmoid(" + x.text + ")", 1};
  default:
    return {"(" + x.text + " / " + std::to_string(static_cast<int>(std::ceil(x.most / 2))) + ")", 2};
  }
}

/// A subscript within an axis: an index over it, an end, or a position that data or arithmetic choose.
std::string FnWriter::place(Scope &scope, const Axis &axis) {
  for (Index &index : scope)
    if (index.axis == axis && (chance(75) || !inhabited(axis))) {
      index.plain = true;
      return index.name;
    }
  if (chance(60))
    return !axis.sequence() ? std::to_string(model.random.below(axis.size)) : chance(50) ? axis.name + " - 1" : "0";
  has(Feature::Gather);
  if (chance(70))
    return "clamp(" + integer(scope, 1) + ", " + axisText(axis) + ")";
  for (Index &index : scope)
    if (index.axis.sequence() || chance(20)) {
      index.plain = true;
      return want(Kind::Token, {index.axis}, axis).name + "[" + index.name + "]";
    }
  return want(Kind::Token, {}, axis).name;
}

/// One element of a value.
std::string FnWriter::at(Value &value, Scope &scope, bool shifts) {
  value.used = true;
  if (value.axes.empty())
    return value.name;
  Scope left = scope;
  std::string text;
  std::string first;
  for (auto [k, axis] : enumerate(value.axes)) {
    std::string part;
    if (chance(10)) // turned, where two indices go over one axis
      std::reverse(left.begin(), left.end());
    for (Index &index : left)
      if (index.axis == axis && !index.name.empty() && (chance(92) || !inhabited(axis))) {
        part = index.name;
        for (Index &outer : scope)
          outer.plain |= outer.name == part;
        if (!chance(6)) // else it may stand once more: the diagonal
          index.name.clear();
        break;
      }
    if (part.empty())
      part = place(scope, axis);
    if (k == 0)
      first = part;
    text += (k ? ", " : "") + part;
  }
  std::string plain = value.name + "[" + text + "]";
  bool isIndex = any_of(scope, [&](Index &index) { return index.name == first && index.axis.sequence(); });
  if (!shifts || !isIndex || value.kind != Kind::Real || !chance(14))
    return plain;
  has(Feature::Shift);
  int64_t by = 1 + model.random.below(3);
  bool back = chance(60);
  std::string shifted = first + (back ? " - " : " + ") + std::to_string(by);
  std::string moved = value.name + "[" + shifted + text.substr(first.size()) + "]";
  if (chance(50) || !bounded(value)) {
    std::string inside = back ? first + " >= " + std::to_string(by)
                              : first + " + " + std::to_string(by) + " < " + axisText(value.axes[0]);
    std::string otherwise = chance(50) ? plain : model.number(-1, 1);
    return "(if " + inside + " then " + moved + " else " + otherwise + ")";
  }
  return moved;
}

/// What is beyond a value's rows is a number, said once; not of a recurrence, which says its own.
bool FnWriter::bounded(Value &value) {
  auto saysSo = [&](StringRef line) { return line.split("   where ").second.contains(value.name + "["); };
  if (value.outside.empty() && any_of(lines, saysSo))
    return false;
  has(Feature::Shift);
  if (!value.outside.empty())
    return true;
  value.outside = chance(60) ? "0" : model.number(-1, 1);
  bounds.push_back(value.name + "[_] = " + value.outside);
  AxisList row(value.axes.begin() + 1, value.axes.end());
  if (row.size() > 1 || any_of(row, [](const Axis &axis) { return axis.sequence(); }))
    return true;
  // And another row just before or behind.
  std::string end = axisText(value.axes[0]);
  for (const std::string &place : {std::string("-1"), end, end + " + 1"})
    if (chance(15))
      bounds.push_back(value.name + "[" + place + "] = " + (chance(50) ? model.param(row).name : model.number(-1, 1)));
  return true;
}

/// Rows that may be read beyond their ends.
Value &FnWriter::padded(const AxisList &axes) {
  Value &value = want(Kind::Real, axes);
  if (bounded(value))
    return value;
  Value &made = input(Kind::Real, axes);
  bounded(made);
  return made;
}

/// The row of an index, seldom one nearby that may be beyond the end.
std::string FnWriter::nearRow(Value &value, const std::string &i) {
  if (!chance(10) || !bounded(value))
    return value.name + "[" + i;
  return value.name + "[" + i + (chance(50) ? " - " : " + ") + std::to_string(1 + model.random.below(3));
}

/// A value over some of the indices, in their order.
Term FnWriter::readSome(Scope &scope) {
  if (chance(35))
    if (Value *old = existing([&](const Value &v) {
          auto bound = [&](const Axis &axis) {
            return any_of(scope, [&](const Index &index) { return index.axis == axis; });
          };
          // Of an axis where nothing may be, only an index that is bound over it is within.
          return v.kind == Kind::Real && any_of(v.axes, bound) &&
                 all_of(v.axes, [&](const Axis &axis) { return inhabited(axis) || bound(axis); });
        }))
      return {at(*old, scope), old->most};
  AxisList axes;
  std::vector<std::string> used;
  for (Index &index : scope)
    if (axes.size() < 3 && (chance(70) || (axes.empty() && &index == &scope.back())))
      axes.push_back(index.axis);
  // An input over more than two sequences is nothing that a caller can give.
  unsigned sequences = count_if(axes, [](const Axis &axis) { return axis.sequence(); });
  while (sequences > 1 && (sequences > 2 || chance(70))) {
    axes.erase(find_if(axes, [](const Axis &axis) { return axis.sequence(); }));
    --sequences;
  }
  Value &value = want(Kind::Real, axes);
  return {at(value, scope), value.most};
}

Term FnWriter::leaf(Scope &scope) {
  int64_t kind = model.random.below(20);
  if (kind == 0)
    return {model.number(-2, 2), 2};
  if (kind == 1 && !scope.empty())
    return {"sin(0.7 * " + integer(scope, 1) + ")", 1};
  if (kind == 2) {
    // A row of a table by a token.
    has(Feature::Gather);
    Axis words{2 + model.random.below(9), ""};
    AxisList by;
    for (Index &index : scope)
      if (index.axis.sequence() && by.empty())
        by.push_back(index.axis);
    std::string token = at(want(Kind::Token, by, words), scope);
    AxisList axes{words};
    std::string rest;
    for (Index &index : scope)
      if (!index.axis.sequence() && axes.size() < 2) {
        axes.push_back(index.axis);
        index.plain = true;
        rest = ", " + index.name;
      }
    return {model.param(axes).name + "[" + token + rest + "]", 1};
  }
  return readSome(scope);
}

Term FnWriter::function(Term x) {
  switch (model.random.below(14)) {
  case 0:
    return {"tanh(" + x.text + ")", 1};
  case 1:
    return {"sigmoid(" + x.text + ")", 1};
  case 2:
    return {"relu(" + x.text + ")", x.most};
  case 3:
    return {"exp(minimum(" + x.text + ", 1.5))", 4.5};
  case 4:
    return {"log(1 + " + x.text + " ^ 2)", 2 * std::log1p(x.most)};
  case 5:
    return {"sqrt(abs(" + x.text + ") + 0.1)", std::sqrt(x.most) + 1};
  case 6:
    return {(chance(50) ? "gelu(" : "gelu_tanh(") + x.text + ")", x.most};
  case 7:
    return {(chance(50) ? "silu(" : "softplus(") + x.text + ")", x.most + 1};
  case 8:
    return {(chance(50) ? "sin(" : "cos(") + damp(x).text + ")", 1};
  case 9:
    return {"erf(" + x.text + ")", 1};
  case 10:
    return {"abs(" + x.text + ")", x.most};
  case 11:
    x = damp(x, 6);
    return {"(" + x.text + ") ^ " + (chance(70) ? "2" : "3"), x.most * x.most * x.most};
  case 12:
    return {"(0.5 + abs(" + x.text + ")) ^ " + model.number(-1.5, 1.2), 3 + x.most};
  default:
    return {model.scalarFunction() + "(" + x.text + ")", x.most + 2};
  }
}

/// A reduction with an index of its own.
Term FnWriter::binder(Scope &scope, int depth) {
  has(Feature::Binder);
  Axis axis = chance(60) ? staticAxis() : sequence();
  double many = axis.sequence() ? 40 : static_cast<double>(axis.size);
  if (axis.sequence())
    has(Feature::Reduction);
  scope.push_back(index(axis));
  int64_t kind = model.random.below(9);
  Term body = kind == 6 ? Term{} : real(scope, depth - 1); // counting has none
  bool conditional = chance(40);
  std::string guard = conditional ? " | " + condition(scope, 1) : "";
  std::string counted = kind == 6 && !conditional ? " | " + condition(scope, 1) : guard;
  Index bound = scope.back();
  scope.pop_back();
  std::string over = "(" + bind(bound, kind >= 6) + guard + ") ";
  switch (kind) {
  case 0:
  case 1:
    return damp({"(sum" + over + body.text + ")", body.most * many});
  case 2:
    return {"(mean" + over + body.text + ")", body.most};
  case 3:
  case 4: {
    const char *word = kind == 3 ? "max" : "min", *end = kind == 3 ? "maximum(-9, " : "minimum(9, ";
    std::string text = word + over + body.text;
    return {inhabited(axis) && !conditional && chance(70) ? "(" + text + ")" : end + text + ")",
            std::max(body.most, 9.0)};
  }
  case 5: {
    std::string text = "logsumexp" + over + damp(body).text;
    return {inhabited(axis) && !conditional && chance(70) ? "(" + text + ")" : "maximum(-9, " + text + ")",
            body.most + 9};
  }
  case 6:
    return {"(count(" + bind(bound, true) + counted + ") / 8)", many / 8};
  case 7: {
    Term factor = damp(body, 2);
    return damp({"(prod(" + bind(bound, true) + guard + ") (1 - " + factor.text + " / 9))", 50});
  }
  default: {
    // Weights that are normalised where they are used.
    scope.push_back(bound);
    Term other = real(scope, depth - 1);
    scope.pop_back();
    return {"(sum(" + bind(bound, true) + ") (softmax(" + bound.name + guard + ") " + damp(body, 10).text + ") * (" +
                other.text + "))",
            other.most};
  }
  }
}

Term FnWriter::real(Scope &scope, int depth) {
  if (depth <= 0 || chance(22))
    return leaf(scope);
  auto operand = [&] {
    Term x = real(scope, depth - 1);
    if (negative(x))
      x.text = "(" + x.text + ")";
    return x;
  };
  switch (model.random.below(11)) {
  case 0:
  case 1: {
    Term a = operand(), b = operand();
    return {"(" + a.text + (chance(60) ? " + " : " - ") + b.text + ")", a.most + b.most};
  }
  case 2:
  case 3: {
    Term a = operand(), b = operand();
    return damp({"(" + a.text + " * " + b.text + ")", a.most * b.most});
  }
  case 4: {
    Term a = operand(), b = operand();
    return {"(" + a.text + " / (1.5 + abs(" + b.text + ")))", a.most};
  }
  case 5: {
    Term a = operand(), b = operand();
    return {(chance(50) ? "maximum(" : "minimum(") + a.text + ", " + b.text + ")", std::max(a.most, b.most)};
  }
  case 6: {
    std::string guard = condition(scope, 1);
    Term a = operand(), b = operand();
    return {"(if " + guard + " then " + a.text + " else " + b.text + ")", std::max(a.most, b.most)};
  }
  case 7:
  case 8:
    return binder(scope, depth);
  default:
    return function(operand());
  }
}

//===--- Integers and conditions ----------------------------------------===//

std::string FnWriter::integer(Scope &scope, int depth) {
  if (depth > 0 && chance(40)) {
    std::string a = integer(scope, depth - 1);
    switch (model.random.below(5)) {
    case 0:
      return "(" + a + " + " + integer(scope, depth - 1) + ")";
    case 1:
      return "(" + a + " - " + integer(scope, depth - 1) + ")";
    case 2:
      return "(" + a + " div " + std::to_string(2 + model.random.below(4)) + ")";
    case 3:
      return "(" + a + " mod " + std::to_string(2 + model.random.below(4)) + ")";
    default:
      return "(" + std::to_string(2 + model.random.below(3)) + " * " + a + ")";
    }
  }
  if (!scope.empty() && chance(60))
    return model.any(scope).name;
  if (chance(25))
    return sequence().name;
  AxisList by;
  for (Index &index : scope)
    if (index.axis.sequence() && by.empty())
      by.push_back(index.axis);
  has(Feature::Gather);
  return at(want(Kind::Int, by), scope);
}

std::string FnWriter::indexCondition(Scope &scope) {
  has(Feature::IndexCondition);
  std::vector<std::string> names;
  for (Index &index : scope)
    names.push_back(index.name);
  if (names.empty())
    return sequence().name + (chance(50) ? " > " : " mod 2 == ") + std::to_string(model.random.below(2));
  std::string a = names.back(), b = names.size() > 1 && chance(80) ? names[names.size() - 2] : "";
  std::string n = std::to_string(1 + model.random.below(4));
  if (!b.empty())
    switch (model.random.below(8)) {
    case 0:
      return a + " <= " + b;
    case 1:
      return a + " < " + b;
    case 2:
      return a + " > " + b;
    case 3:
      return "abs(" + a + " - " + b + ") <= " + n;
    case 4:
      return b + " - " + n + " < " + a + " <= " + b;
    case 5:
      return a + " div " + std::to_string(2 + model.random.below(3)) + " == " + b + " div " +
             std::to_string(2 + model.random.below(3));
    case 6:
      return "(" + a + " + " + b + ") mod 2 == 0";
    default:
      return a + " != " + b;
    }
  switch (model.random.below(5)) {
  case 0:
    return a + " mod " + std::to_string(2 + model.random.below(3)) + (chance(50) ? " == 0" : " != 1");
  case 1:
    return a + " >= " + n;
  case 2:
    return a + " + " + n + " < " + axisText(chance(70) ? scope.back().axis : sequence());
  case 3:
    return n + " <= " + a + " <= " + std::to_string(3 + model.random.below(8));
  default:
    return a + " == 0";
  }
}

std::string FnWriter::dataCondition(Scope &scope) {
  has(Feature::DataCondition);
  AxisList by, first;
  for (Index &index : scope)
    if (index.axis.sequence() && (by.empty() || (by.size() < 2 && chance(25))))
      by.push_back(index.axis);
  if (!by.empty())
    first = {by.back()};
  if (!first.empty() && chance(15)) { // of a neighbour, where there is one
    std::string i = scope.back().axis == first[0] ? scope.back().name : "", to = axisText(first[0]);
    for (Index &index : scope)
      if (i.empty() && index.axis == first[0])
        i = index.name;
    std::string row = want(Kind::Int, first).name + "[" + i, sign = chance(50) ? " == " : " > ",
                value = std::to_string(model.random.below(4));
    switch (model.random.below(4)) {
    case 0:
      return "(" + i + " == 0 or " + row + " - 1]" + sign + value + ")";
    case 1:
      return i + " > 1 and " + row + " - 2]" + sign + value;
    case 2:
      return "(" + i + " + 1 == " + to + " or " + row + " + 1]" + sign + value + ")";
    default:
      return "(if " + i + " + 1 < " + to + " then " + row + " + 1] else " + value + ")" + sign + value;
    }
  }
  if (chance(40))
    return (chance(70) ? "" : "not ") + at(want(Kind::Bool, by), scope);
  // The same tokens at two places, or one against a number.
  std::vector<std::string> over;
  if (!first.empty())
    for (Index &index : scope)
      if (index.axis == first[0])
        over.push_back(index.name);
  if (over.size() > 1 && chance(70)) {
    Value &value = chance(50) ? want(Kind::Token, first, Axis{3, ""}) : want(Kind::Int, first);
    value.used = true;
    return value.name + "[" + over[0] + "]" + (chance(60) ? " == " : " <= ") + value.name + "[" + over[1] + "]";
  }
  static const char *signs[] = {" < ", " >= ", " == ", " != "};
  return at(want(Kind::Int, first), scope) + model.any(signs) + std::to_string(model.random.below(5));
}

std::string FnWriter::condition(Scope &scope, int depth) {
  if (depth > 0 && chance(30)) {
    std::string a = condition(scope, depth - 1), b = condition(scope, depth - 1);
    return chance(50) ? a + " and " + b : chance(80) ? "(" + a + " or " + b + ")" : "not (" + a + ")";
  }
  int64_t kind = model.random.below(20);
  if (kind < 9)
    return indexCondition(scope);
  if (kind < 15)
    return dataCondition(scope);
  has(Feature::RealCondition);
  return readSome(scope).text + (chance(50) ? " > " : " < ") + model.number(-0.5, 0.5);
}

} // namespace rondo::random_programs
