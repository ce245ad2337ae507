// Axes whose length is computed: from other lengths, or from a value. Later statements use them as they use any other.
#include "tests/random/Writer.h"

using namespace llvm;

namespace rondo::random_programs {

Axis FnWriter::computed(const std::string &length) {
  Axis axis{0, model.name("C")};
  line("axis " + axis.name + " = " + length);
  sequences.push_back(axis);
  declared[axis.name] = {0, 0}; // it may have no element
  made.insert(axis.name);
  return axis;
}

/// A value over a computed axis, which no caller can give: drawn from one over an axis that has one.
Value &FnWriter::drawn(Kind kind, const AxisList &axes, const Axis &bound) {
  AxisList from;
  Scope scope;
  for (const Axis &axis : axes) {
    scope.push_back(index(axis));
    if (!made.count(axis.name) || !inhabited(sequences[0])) {
      if (!made.count(axis.name))
        from.push_back(axis);
      continue;
    }
    from.push_back(sequences[0]);
  }
  std::string text = want(kind, from, bound).name, at, left;
  for (const Index &index : scope) {
    bool isMade = made.count(index.axis.name);
    left += (left.empty() ? "" : ", ") + index.name + " in " + axisText(index.axis);
    if (isMade && !inhabited(sequences[0]))
      continue;
    at += (at.empty() ? "" : ", ") + (isMade ? "clamp(" + index.name + ", " + sequences[0].name + ")" : index.name);
  }
  std::string name = define(kind, axes, 2, bound);
  Value &value = *latest;
  value.used = true;
  line(name + "[" + left + "] = " + text + (at.empty() ? "" : "[" + at + "]"));
  return value;
}

void FnWriter::strided() {
  has(Feature::Lengths);
  has(Feature::Convolution);
  Axis t = sequences[0], e = staticAxis(), f = staticAxis();
  int64_t step = 2 + model.random.below(2), width = 1 + model.random.below(4);
  std::string n = std::to_string(step);
  Value &x = padded({t, e}), &w = model.param({f, Axis{width, ""}, e});
  Axis c = computed("(" + t.name + " + " + std::to_string(step - 1) + ") div " + n);
  std::string i = model.name("i"), j = model.name("i"), k = model.name("i"), l = model.name("i");
  line(define(Kind::Real, {c, f}, 6) + "[" + i + " in " + c.name + "," + j + "] = sum(" + k + " in " +
       std::to_string(width) + ", " + l + ") " + w.name + "[" + j + "," + k + "," + l + "] * " + x.name + "[" + n +
       " * " + i + " + " + k + " - 1," + l + "]");
}

void FnWriter::endToEnd() {
  has(Feature::Lengths);
  Axis t = sequences[0], s = chance(60) ? other(t) : t, e = staticAxis();
  Value &a = want(Kind::Real, {t, e}), &b = want(Kind::Real, {s, e});
  std::string length = t == s ? "2 * " + t.name : t.name + " + " + s.name;
  Axis p = computed(length);
  std::string i = model.name("i"), j = model.name("i");
  line(define(Kind::Real, {p, e}, 3) + "[" + i + " in " + p.name + "," + j + "] = if " + i + " < " + t.name + " then " +
       a.name + "[" + i + "," + j + "] else " + b.name + "[" + i + " - " + t.name + "," + j + "]");
}

/// Every row twice, every other row, all but the last few.
void FnWriter::resized() {
  has(Feature::Lengths);
  Axis t = sequences[0], e = staticAxis();
  Value &x = want(Kind::Real, {t, e});
  std::string i = model.name("i"), j = model.name("i"), at, length;
  switch (model.random.below(3)) {
  case 0:
    length = "2 * " + t.name, at = i + " div 2";
    break;
  case 1:
    length = t.name + " div 2", at = "2 * " + i + " + 1";
    break;
  default:
    length = t.name + " + 3", at = "clamp(" + i + " - 1, " + t.name + ")";
    if (!inhabited(t))
      length = t.name, at = i;
  }
  Axis c = computed(length);
  line(define(Kind::Real, {c, e}, 2) + "[" + i + " in " + c.name + "," + j + "] = " + x.name + "[" + at + "," + j +
       "]");
}

/// As many rows as a value says.
void FnWriter::ofAValue() {
  has(Feature::Lengths);
  has(Feature::MadeLength);
  Axis e = staticAxis();
  std::string most = std::to_string(2 + model.random.below(20));
  Axis u = computed((chance(50) ? "1 + " : "") + ("clamp(" + want(Kind::Int, {}).name) + ", " + most + ")");
  std::string i = model.name("i"), j = model.name("i");
  Value &w = model.param({e});
  line(define(Kind::Real, {u, e}, 2) + "[" + i + " in " + u.name + "," + j + "] = sin(0.3 * " + i + ") * " + w.name +
       "[" + j + "]");
}

void FnWriter::ranked() {
  has(Feature::Rank);
  has(Feature::Integers);
  Axis t = sequence();
  Value &x = chance(60) ? want(Kind::Real, {t}) : want(Kind::Int, {t});
  Scope scope{index(t)};
  std::string i = scope[0].name, guard = chance(30) ? " | " + condition(scope, 0) : "";
  line(define(Kind::Int, {t}, 40) + "[" + i + " in " + t.name + "] = rank(" + i + guard + ") " + x.name + "[" + i +
       "]");
}

} // namespace rondo::random_programs
