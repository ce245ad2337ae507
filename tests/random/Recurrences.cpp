// Recurrences of many forms. Every one is bounded (by tanh, a gate or a factor below one), and those that look at many
// rows look evenly, so that long sequences stay comparable: a sharp softmax asked by the state is chaos after 60 steps.
#include "tests/random/Writer.h"

using namespace llvm;

namespace rondo::random_programs {

namespace {
/// Which way a recurrence runs, and how that is written.
struct Way {
  bool back;
  std::string before(const std::string &t, int64_t lag = 1) const {
    return t + (back ? " + " : " - ") + std::to_string(lag);
  }
  std::string outside(const Axis &axis, int64_t lag = 1) const {
    return !back ? std::to_string(-lag) : lag == 1 ? axis.name : axis.name + " + " + std::to_string(lag - 1);
  }
  std::string earlier() const { return back ? " > " : " < "; }
};
} // namespace

bool FnWriter::backward() {
  bool back = chance(35);
  has(back ? Feature::Backward : Feature::Forward);
  return back;
}

void FnWriter::cell() {
  Axis t = sequence(), e = staticAxis(), h = staticAxis();
  Way way{backward()};
  has(Feature::Product);
  Value &x = want(Kind::Real, {t, e});
  std::string W = model.param({h, e}).name, U = model.param({h, h}).name, i = model.name("i");
  std::string state = define(Kind::Real, {t, h}, 1), past = state + "[" + way.before(i) + "]";
  std::string begin = chance(60) ? "0" : chance(50) ? want(Kind::Real, {h}).name : model.number(-1, 1);
  std::string sum = W + " @ " + x.name + "[" + i + "] + " + U + " @ " + past;
  if (chance(50))
    sum += " + " + model.param({h}).name;
  std::string where = "   where " + state + "[" + way.outside(t) + "] = " + begin;
  switch (model.random.below(4)) {
  case 0:
    line(state + "[" + i + "] = tanh(" + sum + ")" + where);
    return;
  case 1: { // kept or renewed, by a gate that looks at the same
    std::string z = model.name("z"), j = model.name("i"), V = model.param({h, e}).name, Q = model.param({h, h}).name;
    line(z + "[" + j + "] = sigmoid(" + V + " @ " + x.name + "[" + j + "] + " + Q + " @ " + state + "[" +
         way.before(j) + "])");
    line(state + "[" + i + "] = " + z + "[" + i + "] * " + past + " + (1 - " + z + "[" + i + "]) * tanh(" + sum + ")" +
         where);
    return;
  }
  case 2: { // kept where data or the position says so
    Scope scope{{i, t}};
    line(state + "[" + i + "] = if " + condition(scope, 1) + " then tanh(" + sum + ") else " + past + where);
    return;
  }
  default: { // by indices
    std::string j = model.name("i"), k = model.name("i"), l = model.name("i");
    line(state + "[" + i + "," + j + "] = tanh((sum(" + k + ") " + W + "[" + j + "," + k + "] * " + x.name + "[" + i +
         "," + k + "]) + (sum(" + l + ") " + U + "[" + j + "," + l + "] * " + state + "[" + way.before(i) + "," + l +
         "]))" + where);
  }
  }
}

void FnWriter::lagged() {
  has(Feature::Lag);
  Axis t = sequence();
  Way way{backward()};
  AxisList axes{t};
  if (chance(70))
    axes.push_back(staticAxis());
  Value &x = want(Kind::Real, axes);
  std::string i = model.name("i"), s = define(Kind::Real, axes, x.most * 4);
  int64_t second = 2 + model.random.below(3);
  auto past = [&](int64_t lag) { return s + "[" + way.before(i, lag) + "]"; };
  std::string where = "   where ";
  if (second == 2 && chance(60))
    where += s + "[" + way.outside(t) +
             "] = " + (chance(50) ? "0" : x.name + "[" + (way.back ? t.name + " - 1" : "0") + "]") + ", " + s + "[" +
             way.outside(t, 2) + "] = " + model.number(-1, 1);
  else
    where += s + "[_] = " + (chance(50) ? "0" : model.number(-1, 1));
  if (StringRef(where).contains(x.name + "[") && !inhabited(t))
    where = "   where " + s + "[_] = 0"; // an empty sequence has no first row
  switch (model.random.below(3)) {
  case 0:
    line(s + "[" + i + "] = " + x.name + "[" + i + "] + 0.5 * " + past(1) + " - 0.25 * " + past(second) + where);
    break;
  case 1:
    line(s + "[" + i + "] = maximum(0.9 * " + past(1) + ", " + x.name + "[" + i + "]) - 0.125 * " + past(second) +
         where);
    break;
  default:
    if (axes.size() < 2) {
      line(s + "[" + i + "] = tanh(" + x.name + "[" + i + "] * " + past(second) + " - " + past(1) + ")" + where);
      break;
    }
    has(Feature::Product);
    std::string U = model.param({axes[1], axes[1]}).name;
    line(s + "[" + i + "] = tanh(" + x.name + "[" + i + "] + " + U + " @ " + past(second) + " + " + past(1) + ")" +
         where);
  }
}

void FnWriter::mutual() {
  has(Feature::Mutual);
  Axis t = sequence(), h = staticAxis(), g = chance(50) ? h : staticAxis();
  Way way{backward()};
  has(Feature::Product);
  Value &x = want(Kind::Real, {t, h});
  std::string i = model.name("i"), j = model.name("i");
  std::string a = define(Kind::Real, {t, h}, 2), b = define(Kind::Real, {t, g}, 1);
  if (chance(50))
    latest->used = true;
  std::string A = model.param({h, g}).name, B = model.param({g, h}).name;
  bool same = chance(50); // b reads this step's a
  std::string begin = chance(60) ? "0" : model.number(-1, 1);
  line(a + "[" + i + "] = tanh(" + A + " @ " + b + "[" + way.before(i) + "] + " + x.name + "[" + i + "])" +
       (chance(40) ? " - 0.5 * " + a + "[" + way.before(i) + "]" : ""));
  std::string second = b + "[" + j + "] = sigmoid(" + B + " @ " + a + "[" + (same ? j : way.before(j)) + "])";
  if (std::string k = model.name("i"); chance(30))
    second += " * (max(" + k + ") " + a + "[" + (same ? j : way.before(j)) + "," + k + "])";
  line(second + "   where " + a + "[" + way.outside(t) + "] = " + begin + ", " + b + "[" + way.outside(t) + "] = 0");
}

void FnWriter::ownPast() {
  has(Feature::OwnPast);
  Axis t = sequence(), h = staticAxis();
  Way way{backward()};
  Value &x = want(Kind::Real, {t, h});
  std::string i = model.name("i"), s = model.name("i"), k = model.name("i"), y = define(Kind::Real, {t, h}, 1);
  std::string guard = s + way.earlier() + i;
  if (chance(25) && !way.back)
    guard = i + " - " + std::to_string(2 + model.random.below(4)) + " <= " + s + " < " + i;
  if (chance(25)) {
    Scope scope{{i, t}, {s, t}};
    guard += " and " + (chance(50) ? dataCondition(scope) : indexCondition(scope));
  }
  switch (model.random.below(4)) {
  case 0:
  case 1: { // attention to what was said before
    has(Feature::Attention);
    std::string a = model.name("a"), r = model.name("i"), q = model.name("i");
    std::string score = chance(50) ? x.name + "[" + i + "] @ " + y + "[" + s + "]"
                                   : x.name + "[" + i + "] @ (" + model.param({h, h}).name + " @ " + y + "[" + s + "])";
    score += " / " + std::to_string(h.size);
    line(a + "[" + i + "," + s + "] = softmax(" + s + " | " + guard + ") " + score);
    line(y + "[" + r + "," + k + "] = tanh(" + x.name + "[" + r + "," + k + "] + sum(" + q + " | " + q + way.earlier() +
         r + ") " + a + "[" + r + "," + q + "] * " + y + "[" + q + "," + k + "])");
    return;
  }
  case 2:
    line(y + "[" + i + "," + k + "] = tanh(" + x.name + "[" + i + "," + k + "] + mean(" + s + " | " + guard + ") " + y +
         "[" + s + "," + k + "])");
    return;
  default:
    line(y + "[" + i + "," + k + "] = tanh(" + x.name + "[" + i + "," + k + "] - 0.5 * maximum(-1, max(" + s + " | " +
         guard + ") " + y + "[" + s + "," + k + "] * " + x.name + "[" + s + "," + k + "]))");
  }
}

void FnWriter::nested() {
  has(Feature::NestedScan);
  has(Feature::Forward);
  Axis t = sequence(), s = other(t);
  AxisList inner;
  if (chance(50))
    inner.push_back(staticAxis());
  auto with = [&](AxisList axes) {
    axes.insert(axes.end(), inner.begin(), inner.end());
    return axes;
  };
  if (s == t)
    return alongPairs();
  bool empty = !inhabited(s);
  Value &m = want(Kind::Real, with({s})), &x = want(Kind::Real, with({t}));
  std::string i = model.name("i"), j = model.name("i"), k = model.name("i");
  std::string g = model.name("g"), h = define(Kind::Real, with({t}), 2);
  bool back = chance(30), matrix = !inner.empty() && chance(50);
  std::string past = g + "[" + i + "," + j + (back ? " + 1]" : " - 1]");
  std::string end = back ? "0" : s.name + " - 1";
  if (matrix)
    has(Feature::Product);
  line(g + "[" + i + "," + j + "] = tanh(" + m.name + "[" + j + "] + " +
       (matrix ? model.param({inner[0], inner[0]}).name + " @ " + past + " / " + std::to_string(inner[0].size)
               : "0.5 * " + past) +
       " + " + h + "[" + i + " - 1])" +
       "   where " + g + "[_," + (back ? s.name : "-1") + "] = 0");
  std::string last = g + "[" + k + "," + end + "]";
  if (empty) {
    std::string l = model.name("i");
    last = inner.empty() ? "(mean(" + l + ") " + g + "[" + k + "," + l + "])" : "";
  }
  line(h + "[" + k + "] = 0.5 * " + x.name + "[" + k + "]" +
       (last.empty() ? " + 0.5 * " + h + "[" + k + " - 1]" : " + " + last) + "   where " + h +
       "[-1] = " + (chance(60) ? "0" : model.number(-1, 1)));
}

/// For each row of a table over two sequences, perhaps of one name, a recurrence along the other; or along both.
void FnWriter::alongPairs() {
  has(Feature::Pairs);
  Axis t = sequence(), s = chance(50) ? other(t) : t;
  Way way{backward()};
  Value &x = want(Kind::Real, {t}), &y = want(Kind::Real, {s});
  std::string i = model.name("i"), j = model.name("i"), g = define(Kind::Real, {t, s}, 3);
  bool kept = chance(20), both = chance(40);
  latest->used = !kept;
  Way rows{chance(30)};
  std::string earlier = g + "[" + rows.before(i) + "," + j + "]", first = g + "[" + rows.outside(t) + ",_] = ";
  if (both)
    has(Feature::NestedScan);
  line(g + "[" + i + " in " + t.name + "," + j + " in " + s.name + "] = tanh(" + x.name + "[" + i + "] * " + y.name +
       "[" + j + "] + 0.5 * " + g + "[" + i + "," + way.before(j) + "]" + (both ? " - 0.3 * " + earlier : "") +
       ")   where " + (both ? first + model.number(-1, 1) + ", " : "") + g + "[_," + way.outside(s) + "] = 0");
  std::string k = model.name("i"), l = model.name("i");
  has(Feature::Reduction);
  line(define(Kind::Real, {t}, 3) + "[" + k + "] = mean(" + l + ") " + g + "[" + k + "," + l + "]");
}

void FnWriter::libraryStep() {
  has(Feature::Library);
  Axis t = sequence(), e = staticAxis(), h = staticAxis();
  Way way{backward()};
  Value &x = want(Kind::Real, {t, e});
  std::string i = model.name("i"), s = define(Kind::Real, {t, h}, 1), past = s + "[" + way.before(i) + "]";
  std::string sizes = "(" + axisText(e) + ", " + axisText(h) + ")";
  std::string where = "   where " + s + "[" + way.outside(t) + "] = " + (chance(60) ? "0" : model.number(-1, 1));
  if (chance(35)) {
    std::string c = define(Kind::Real, {t, h}, 4);
    if (chance(70))
      latest->used = true;
    line(s + "[" + i + "], " + c + "[" + i + "] = " + model.instance((chance(70) ? "lstm" : "lstm_peephole") + sizes) +
         ".step(" + x.name + "[" + i + "], " + past + ", " + c + "[" + way.before(i) + "])" + where + ", " + c + "[" +
         way.outside(t) + "] = 0");
    return;
  }
  static const char *cells[] = {"gru", "elman", "gru_reset_after"};
  line(s + "[" + i + "] = " + model.instance(model.any(cells) + sizes) + ".step(" + x.name + "[" + i + "], " + past +
       ")" + where);
}

/// A step that looks at all rows of another sequence, asked by the state.
void FnWriter::lookingStep() {
  has(Feature::Attention);
  Axis t = sequence(), s = other(t), h = staticAxis();
  Way way{backward()};
  Value &x = want(Kind::Real, {t, h}), &m = want(Kind::Real, {s, h});
  std::string i = model.name("i"), y = define(Kind::Real, {t, h}, 1), past = y + "[" + way.before(i) + "]";
  std::string where = "   where " + y + "[" + way.outside(t) + "] = 0";
  if (chance(35)) {
    has(Feature::Library);
    has(Feature::Concat);
    std::string E = axisText(h),
                look = model.instance("additive_attention(" + E + ", " + E + ", " + model.sizeText(model.size()) + ")");
    std::string cell = model.instance("gru(" + std::to_string(2 * h.size) + ", " + E + ")");
    line(y + "[" + i + "] = " + cell + ".step(concat(" + x.name + "[" + i + "], " + look + "(" + past + ", " + m.name +
         ")), " + past + ")" + where);
    return;
  }
  std::string a = model.name("a"), j = model.name("i"), k = model.name("i"), r = model.name("i"), q = model.name("i"),
              l = model.name("i");
  Scope scope{{j, t}, {k, s}};
  std::string guard = chance(50) ? " | " + condition(scope, 1) : "";
  line(a + "[" + j + "," + k + " in " + s.name + "] = softmax(" + k + guard + ") " + y + "[" + way.before(j) + "] @ " +
       m.name + "[" + k + "] / " + std::to_string(2 * h.size));
  line(y + "[" + r + "," + l + "] = tanh(" + x.name + "[" + r + "," + l + "] + sum(" + q + ") " + a + "[" + r + "," +
       q + "] * " + m.name + "[" + q + "," + l + "])" + where);
}

/// Fed by its own choices.
void FnWriter::choices() {
  has(Feature::Forward);
  has(Feature::Gather);
  has(Feature::Mutual);
  Axis t = sequence(), words{2 + model.random.below(7), ""}, h = staticAxis();
  Value &gold = want(Kind::Token, {t}, words);
  std::string fed = model.name("fed"), i = model.name("i"), j = model.name("i"), k = model.name("i"),
              v = model.name("i");
  std::string s = define(Kind::Real, {t, h}, 1);
  latest->used = true;
  std::string z = define(Kind::Real, {t, words}, 3);
  std::string table = model.param({words, h}).name, U = model.param({h, h}).name, out = model.param({words, h}).name;
  line(fed + "[" + i + "] = if " + i + " == 0 then " + gold.name + "[" + i + "] else (argmax(" + v + ") " + z + "[" +
       i + "-1," + v + "])");
  line(s + "[" + j + "] = tanh(" + table + "[" + fed + "[" + j + "]] + " + U + " @ " + s + "[" + j + "-1] / " +
       std::to_string(h.size) + ")   where " + s + "[-1] = 0");
  line(z + "[" + k + "] = " + out + " @ " + s + "[" + k + "]");
  has(Feature::Product);
}

/// A recurrence that begins anew every few steps, or where data says so.
void FnWriter::restarts() {
  has(Feature::Forward);
  Axis t = sequence(), e = staticAxis();
  Value &x = want(Kind::Real, {t, e});
  std::string i = model.name("i"), j = model.name("i"), s = define(Kind::Real, {t, e}, 1);
  Scope scope{{i, t}};
  if (chance(50)) {
    has(Feature::IndexCondition);
    std::string n = std::to_string(2 + model.random.below(4));
    line(s + "[" + i + "," + j + "] = if " + i + " mod " + n + " == 0 then " + x.name + "[" + i + "," + j +
         "] else 0.5 * " + s + "[" + i + " - 1," + j + "] + tanh(" + x.name + "[" + i + "," + j + "])");
    return;
  }
  std::string guard = chance(50) ? dataCondition(scope) : indexCondition(scope);
  line(s + "[" + i + "," + j + "] = if " + i + " == 0 or " + guard + " then " + x.name + "[" + i + "," + j +
       "] else sin(" + s + "[" + i + " - 1," + j + "] + " + x.name + "[" + i + "," + j + "])");
}

} // namespace rondo::random_programs
