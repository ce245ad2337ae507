// Statements without a recurrence: equations over indices, contractions, attention, reductions, integers.
#include "tests/random/Writer.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace rondo::random_programs {

/// `y[t,i] = text`, its indices bound where they must be.
static std::string left(const std::string &name, const std::vector<std::string> &indices) {
  std::string text;
  for (const std::string &index : indices)
    text += (text.empty() ? "" : ", ") + index;
  return name + (indices.empty() ? "" : "[" + text + "]") + " = ";
}

void FnWriter::pointwise() {
  AxisList axes;
  if (!chance(8))
    axes.push_back(sequence());
  if (chance(15) && !axes.empty()) {
    has(Feature::Pairs);
    axes.push_back(chance(50) ? other(axes[0]) : axes[0]);
  }
  while (axes.size() < 3 && chance(axes.size() < 2 ? 75 : 15))
    axes.push_back(staticAxis());
  if (chance(6) && axes.size() > 1)
    std::swap(axes[0], axes[1]); // a sequence need not come first
  Scope scope;
  for (const Axis &axis : axes)
    scope.push_back(index(axis));
  Term body = damp(real(scope, 2 + chance(40)), 60);
  std::vector<std::string> bound;
  for (Index &index : scope)
    bound.push_back(bind(index));
  line(left(define(Kind::Real, axes, body.most), bound) + body.text);
}

void FnWriter::lifted() {
  has(Feature::Lifting);
  AxisList axes{sequence()};
  if (chance(75))
    axes.push_back(staticAxis());
  Value &a = want(Kind::Real, axes), &b = want(Kind::Real, axes);
  Term text{a.name, a.most};
  for (unsigned i = 0, e = 1 + model.random.below(3); i < e; ++i)
    switch (model.random.below(4)) {
    case 0:
      text = damp({"(" + text.text + " + " + b.name + ")", text.most + b.most});
      break;
    case 1:
      text = damp({"(" + text.text + " * " + b.name + ")", text.most * b.most});
      break;
    case 2:
      text = {"(" + model.number(-1, 1) + " - " + text.text + ")", text.most + 1};
      break;
    default:
      text = function(text);
    }
  // Calls lift to more axes than they are written for, and so do powers and the like.
  line(define(Kind::Real, axes, text.most) + " = " + text.text);
}

/// An index of a column, seldom in another order.
std::string FnWriter::column(const std::string &k, int64_t size) {
  std::string n = std::to_string(size);
  switch (chance(10) ? model.random.below(4) : 4) {
  case 0:
    return "(" + k + " + " + std::to_string(1 + model.random.below(size)) + ") mod " + n;
  case 1:
    return std::to_string(size - 1) + " - " + k;
  case 2:
    return k + " div 2";
  case 3:
    return "clamp(2 * " + k + ", " + n + ")";
  default:
    return k;
  }
}

void FnWriter::product() {
  has(Feature::Product);
  Axis t = sequence(), e = staticAxis(), f = staticAxis();
  std::string i = model.name("i"), j = model.name("i"), k = model.name("i");
  switch (model.random.below(6)) {
  case 0: { // as one writes a layer
    Value &x = want(Kind::Real, {t, e});
    std::string text = model.param({f, e}).name + " @ " + x.name + "[" + i + "]";
    if (chance(60))
      text += " + " + model.param({f}).name;
    if (chance(40))
      text = "tanh(" + text + ")";
    line(define(Kind::Real, {t, f}, 3) + "[" + i + "] = " + text);
    return;
  }
  case 1: { // with a value for each side
    Value &x = want(Kind::Real, {t, e}), &y = want(Kind::Real, {t, e});
    line(define(Kind::Real, {t}, 6) + "[" + i + "] = " + x.name + "[" + i + "] @ " + y.name + "[" + i + "] / " +
         std::to_string(e.size));
    return;
  }
  case 2: { // two heads of axes, both contracted
    Axis h{2 + model.random.below(3), ""};
    Value &x = want(Kind::Real, {t, h, e}), &w = model.param({f, h, e});
    std::string l = model.name("i");
    line(define(Kind::Real, {t, f}, 4) + "[" + i + "," + j + "] = sum(" + k + ", " + l + ") " + w.name + "[" + j + "," +
         k + "," + l + "] * " + x.name + "[" + i + "," + column(k, h.size) + "," + column(l, e.size) + "]");
    return;
  }
  case 3: { // with a condition on the contracted index, and something beside
    Scope scope{{j, f}, {k, e}};
    std::string guard = chance(50) ? " | " + indexCondition(scope) : "";
    Value &x = want(Kind::Real, {t, e}), &w = model.param({f, e});
    line(define(Kind::Real, {t, f}, 4) + "[" + i + "," + j + "] = (sum(" + k + guard + ") " + w.name + "[" + j + "," +
         k + "] * " + x.name + "[" + i + "," + column(k, e.size) + "]) + " + x.name + "[" + i + ",0]");
    return;
  }
  case 4: { // by a power or a function of one side
    Value &x = want(Kind::Real, {t, e}), &w = model.param({e, f});
    line(define(Kind::Real, {t, f}, 4) + "[" + i + "," + j + "] = sum(" + k + ") tanh(" + x.name + "[" + i + "," +
         column(k, e.size) + "]) * " + w.name + "[" + k + "," + j + "]");
    return;
  }
  default: { // over a sequence: what one remembers of the other
    Value &x = want(Kind::Real, {t, e}), &y = want(Kind::Real, {t, f});
    has(Feature::Reduction);
    std::string name = define(Kind::Real, {e, f}, 40);
    line(name + "[" + j + "," + k + "] = " + (chance(50) ? "sum(" : "mean(") + i + ") " + x.name + "[" + i + "," + j +
         "] * " + y.name + "[" + i + "," + k + "]");
  }
  }
}

void FnWriter::convolution() {
  has(Feature::Convolution);
  has(Feature::Shift);
  Axis t = sequence(), e = staticAxis(), f = staticAxis();
  int64_t width = 2 + model.random.below(4), form = model.random.below(3);
  Value &x = form ? want(Kind::Real, {t, e}) : padded({t, e}), &w = model.param({f, Axis{width, ""}, e});
  std::string i = model.name("i"), j = model.name("i"), k = model.name("i"), l = model.name("i");
  std::string n = std::to_string(width);
  int64_t stride = chance(20) ? 2 : 1;
  switch (form) {
  case 0: // to the left, a number outside
    line(define(Kind::Real, {t, f}, 6) + "[" + i + " in " + t.name + "," + j + "] = sum(" + k + " in " + n + ", " + l +
         ") " + w.name + "[" + j + "," + k + "," + l + "] * " + x.name + "[" + i + " - " + (stride == 2 ? "2 * " : "") +
         k + "," + l + "]");
    return;
  case 1: { // centred, absent terms
    std::string half = std::to_string((width - 1) / 2), to = std::to_string(width - 1 - (width - 1) / 2);
    line(define(Kind::Real, {t, f}, 6) + "[" + i + " in " + t.name + "," + j + "] = sum(" + k + " in -" + half + ".." +
         to + ", " + l + " | 0 <= " + i + " + " + k + " < " + t.name + ") " + w.name + "[" + j + ", " + k + " + " +
         half + ", " + l + "] * " + x.name + "[" + i + " + " + k + ", " + l + "]");
    return;
  }
  default: // each channel for itself
    line(define(Kind::Real, {t, e}, 6) + "[" + i + " in " + t.name + "," + l + "] = sum(" + k + " in " + n + " | " + i +
         " >= " + k + ") " + model.param({Axis{width, ""}, e}).name + "[" + k + "," + l + "] * " + x.name + "[" + i +
         " - " + k + "," + l + "]");
  }
}

void FnWriter::pairs() {
  has(Feature::Pairs);
  Axis t = sequence(), s = chance(50) ? other(t) : t, e = staticAxis();
  Value &x = want(Kind::Real, {t, e}), &y = want(Kind::Real, {s, e});
  Scope scope{index(t), index(s)};
  std::string i = scope[0].name, j = scope[1].name, k = model.name("i");
  std::string body;
  double most = 3;
  switch (model.random.below(4)) {
  case 0:
    has(Feature::Product);
    body = "(sum(" + k + ") " + x.name + "[" + i + "," + k + "] * " + y.name + "[" + j + "," + k + "]) / " +
           std::to_string(e.size);
    break;
  case 1:
    body =
        "sqrt(0.1 + (mean(" + k + ") (" + x.name + "[" + i + "," + k + "] - " + y.name + "[" + j + "," + k + "]) ^ 2))";
    break;
  case 2:
    body = "max(" + k + ") " + x.name + "[" + i + "," + k + "] * " + y.name + "[" + j + "," + k + "]";
    break;
  default:
    body = "if " + condition(scope, 1) + " then " + x.name + "[" + i + ",0] else " + y.name + "[" + j + ",0]";
  }
  std::string d = define(Kind::Real, {t, s}, most);
  Value *kept = latest;
  line(d + "[" + i + " in " + t.name + "," + j + " in " + s.name + "] = " + body);
  if (chance(35))
    return; // as it is, for others to use
  Scope two{index(t), index(s)};
  std::string a = two[0].name, b = two[1].name, guard = chance(40) ? " | " + condition(two, 1) : "";
  kept->used = true;
  has(Feature::Reduction);
  static const char *words[] = {"sum", "mean", "maximum(-9, max", "minimum(9, min", "maximum(-9, logsumexp"};
  std::string word = model.any(words), close = StringRef(word).contains('(') ? ")" : "";
  bool first = chance(70);
  std::string out = first ? a : b, in = first ? b : a;
  line(define(Kind::Real, {first ? t : s}, word == "sum" ? 90 : 9) + "[" + out + "] = " + word + "(" + in + guard +
       ") " + d + "[" + a + "," + b + "]" + close);
}

void FnWriter::sequenceReduction() {
  has(Feature::Reduction);
  Axis t = sequence();
  AxisList outer;
  if (chance(30))
    outer.push_back(chance(50) ? t : other(t));
  if (chance(60))
    outer.push_back(staticAxis());
  Scope scope;
  for (const Axis &axis : outer)
    scope.push_back(index(axis));
  scope.push_back(index(t));
  Term body = damp(real(scope, 1), 6);
  std::string guard = chance(50) ? " | " + condition(scope, 1) : "";
  Index over = scope.back();
  scope.pop_back();
  std::vector<std::string> bound;
  for (Index &index : scope)
    bound.push_back(bind(index));
  std::string inner = bind(over, true);
  static const char *words[] = {"sum", "mean", "max", "min", "logsumexp", "prod"};
  std::string word = model.any(words), text = word + "(" + inner + guard + ") ";
  double most = body.most + 9;
  if (word == "prod")
    text += "(1.02 - " + body.text + " / 40)", most = 50;
  else
    text += body.text;
  if (word == "sum")
    text += " / 10", most = body.most * 4;
  if (word == "max" || word == "logsumexp")
    text = "maximum(-9, " + text + ")";
  if (word == "min")
    text = "minimum(9, " + text + ")";
  line(left(define(Kind::Real, outer, most), bound) + text);
}

void FnWriter::attention() {
  has(Feature::Attention);
  Axis t = sequence(), s = chance(45) ? other(t) : t, d = staticAxis(), e = staticAxis();
  Scope scope{index(t), index(s)};
  std::string i = scope[0].name, j = scope[1].name, k = model.name("i");
  std::string score;
  if (chance(75)) {
    Value &q = want(Kind::Real, {t, d}), &key = want(Kind::Real, {s, d});
    std::string asks = nearRow(q, i), told = nearRow(key, j);
    score =
        chance(50) ? asks + "] @ " + told + "]" : "sum(" + k + ") " + asks + "," + k + "] * " + told + "," + k + "]";
    score += " / sqrt(" + axisText(d) + ")";
    if (chance(25))
      score = "((" + score + ") + " + damp(real(scope, 1), 5).text + ")";
  } else {
    score = damp(real(scope, 2), 8).text;
  }
  std::string guard = chance(60) ? " | " + condition(scope, 1) : "";
  std::string a = define(Kind::Real, {t, s}, 1);
  bool kept = chance(12);
  latest->used = !kept;
  line(a + "[" + i + " in " + t.name + "," + j + " in " + s.name + "] = softmax(" + j + guard + ") " + score);
  weighed(a, t, s, e);
  if (chance(12))
    weighed(a, t, s, e);
}

void FnWriter::heads() {
  has(Feature::Attention);
  has(Feature::Product);
  Axis t = sequence(), s = chance(40) ? other(t) : t, e = staticAxis(), h{1 + model.random.below(3), ""},
       d = staticAxis();
  Value &x = want(Kind::Real, {t, e}), &m = want(Kind::Real, {s, e});
  auto project = [&](Value &from, const Axis &over) {
    std::string i = model.name("i"), j = model.name("i"), k = model.name("i"), l = model.name("i");
    std::string name = define(Kind::Real, {over, h, d}, 3);
    latest->used = true;
    line(name + "[" + i + "," + j + "," + k + "] = sum(" + l + ") " + model.param({h, d, e}).name + "[" + j + "," + k +
         "," + l + "] * " + from.name + "[" + i + "," + l + "]");
    return name;
  };
  std::string q = project(x, t), key = project(m, s), v = chance(30) ? key : project(m, s);
  Scope scope{index(t), index(s)};
  std::string i = scope[0].name, j = scope[1].name, n = model.name("i"), k = model.name("i");
  std::string guard = chance(60) ? " | " + condition(scope, 1) : "";
  std::string a = define(Kind::Real, {t, h, s}, 1);
  latest->used = true;
  line(a + "[" + i + "," + n + "," + j + "] = softmax(" + j + guard + ") sum(" + k + ") " + q + "[" + i + "," + n +
       "," + k + "] * " + key + "[" + j + "," + n + "," + k + "]" + (chance(70) ? " / sqrt(" + axisText(d) + ")" : ""));
  weighedHeads(a, v, t, h, s, d);
  if (chance(15))
    weighedHeads(a, v, t, h, s, d);
}

void FnWriter::integers() {
  has(Feature::Integers);
  Axis t = sequence();
  std::string i = model.name("i");
  switch (model.random.below(5)) {
  case 0: {
    Axis e = staticAxis();
    Value &x = want(Kind::Real, {t, e});
    std::string k = model.name("i");
    line(define(Kind::Token, {t}, 8, e) + "[" + i + "] = argmax(" + k + ") " + x.name + "[" + i + "," + k + "]");
    return;
  }
  case 1: {
    Scope scope{index(t), index(chance(50) ? t : other(t))};
    std::string guard = condition(scope, 1);
    line(define(Kind::Int, {t}, 40) + "[" + scope[0].name + " in " + t.name + "] = count(" + bind(scope[1], true) +
         " | " + guard + ")");
    return;
  }
  case 2: {
    Axis words{3 + model.random.below(6), ""};
    Value &x = want(Kind::Token, {t}, words);
    std::string v = model.name("i");
    has(Feature::DataCondition);
    line(define(Kind::Int, {words}, 40) + "[" + v + " in " + std::to_string(words.size) + "] = count(" + i + " in " +
         t.name + " | " + x.name + "[" + i + "] == " + v + ")");
    return;
  }
  case 3: {
    Scope scope{index(t)};
    std::string text = integer(scope, 2);
    line(define(Kind::Int, {t}, 40) + "[" + scope[0].name + " in " + t.name + "] = " + text);
    return;
  }
  default: {
    Scope scope{index(t)};
    std::string guard = condition(scope, 1);
    line(define(Kind::Int, {}, 1) + " = if " + (chance(50) ? "any(" : "all(") + bind(scope[0], true) + " | " + guard +
         ") then 1 else 0");
  }
  }
}

/// A condition with a name, used as one.
void FnWriter::mask() {
  Axis t = sequence(), s = chance(40) ? other(t) : t;
  Scope scope{index(t), index(s)};
  std::string guard = condition(scope, 1), m = define(Kind::Bool, {t, s}, 1);
  latest->used = true;
  pending.pop_back(); // a condition is read here alone
  line(m + "[" + scope[0].name + " in " + t.name + "," + scope[1].name + " in " + s.name + "] = " + guard);
  Axis e = staticAxis();
  Value &x = want(Kind::Real, {s, e});
  std::string i = model.name("i"), j = model.name("i"), k = model.name("i");
  has(Feature::Reduction);
  line(define(Kind::Real, {t, e}, 9) + "[" + i + "," + k + "] = " + (chance(50) ? "mean(" : "0.2 * (sum(") + j + " | " +
       m + "[" + i + "," + j + "]) " + x.name + "[" + j + "," + k + "]");
  if (StringRef(lines.back()).contains("0.2 * (sum("))
    lines.back() += ")";
}

void FnWriter::joined() {
  has(Feature::Concat);
  AxisList lead;
  if (chance(90))
    lead.push_back(sequence());
  int64_t sum = 0;
  std::string text;
  double most = 1;
  for (unsigned i = 0, e = 2 + chance(25); i < e; ++i) {
    Axis own = staticAxis();
    AxisList axes = lead;
    axes.push_back(own);
    Value &part = want(Kind::Real, axes);
    sum += own.size;
    most = std::max(most, part.most);
    text += (i ? ", " : "") + (chance(80) ? part.name : "tanh(" + part.name + ")");
  }
  AxisList axes = lead;
  axes.push_back({sum, ""});
  line(define(Kind::Real, axes, most) + " = concat(" + text + ")");
}

/// How much falls on each word: data chooses where terms go.
void FnWriter::scatter() {
  has(Feature::DataCondition);
  has(Feature::Reduction);
  Axis s = sequence(), words{3 + model.random.below(9), ""};
  Value &to = want(Kind::Token, {s}, words), &a = want(Kind::Real, {s});
  std::string i = model.name("i"), v = model.name("i");
  line(define(Kind::Real, {words}, 40) + "[" + v + " in " + std::to_string(words.size) + "] = sum(" + i + " | " +
       to.name + "[" + i + "] == " + v + ") " + a.name + "[" + i + "]");
}

} // namespace rondo::random_programs
