// Who reads the weights of an attention: all of them mostly, now and then fewer rows, columns or heads, or others than
// those that were asked for, or rows by columns.
#include "tests/random/Writer.h"

using namespace llvm;

namespace rondo::random_programs {

/// About half of a sequence.
Axis FnWriter::half(const Axis &of) {
  has(Feature::Lengths);
  return computed(chance(50) ? of.name + " div 2" : "(" + of.name + " + 1) div 2");
}

/// `a` are weights over `t` for the rows of `s`; values have `e` columns.
void FnWriter::weighed(const std::string &a, const Axis &t, const Axis &s, const Axis &e) {
  if (chance(8)) { // what each row of the other side was given
    Value &x = want(Kind::Real, {t, e});
    std::string o = model.name("i"), in = model.name("i"), c = model.name("i");
    has(Feature::Reduction);
    line(define(Kind::Real, {s, e}, 9) + "[" + in + "," + c + "] = (sum(" + o + ") " + a + "[" + o + "," + in + "] * " +
         x.name + "[" + o + "," + c + "]) / 8");
    return;
  }
  bool fewerRows = chance(8), fewerColumns = chance(8);
  Axis rows = fewerRows ? half(t) : t, columns = fewerColumns ? half(s) : s;
  std::string o = model.name("i"), c = model.name("i"), in = model.name("i"), row = o, at = in;
  if (fewerRows && chance(50))
    row = chance(50) ? "2 * " + o : t.name + " - 1 - " + o;
  if (chance(8) && inhabited(s)) // weights of other columns than those of the values
    at = chance(50) ? "clamp(" + in + " + 1, " + s.name + ")" : s.name + " - 1 - " + in;
  std::string weight = a + "[" + row + "," + at + "]";
  if (chance(10))
    weight += " ^ 2"; // what no online form keeps
  Value &v = want(Kind::Real, {s, e});
  Scope summed{{o, rows}, {in, columns}};
  std::string fewer = chance(25) ? " | " + condition(summed, 1) : ""; // than the softmax has
  line(define(Kind::Real, {rows, e}, v.most) + "[" + o + " in " + rows.name + "," + c + "] = sum(" + in + " in " +
       columns.name + fewer + ") " + weight + " * " + nearRow(v, in) + "," + c + "]");
  if (chance(8) && inhabited(s)) { // one weight of each row
    std::string l = model.name("i");
    line(define(Kind::Real, {t}, 1) + "[" + l + "] = " + a + "[" + l + ",clamp(" + l + ", " + s.name + ")]");
  }
}

/// The same where weights and values `v` have heads `h`.
void FnWriter::weighedHeads(const std::string &a, const std::string &v, const Axis &t, const Axis &h, const Axis &s,
                            const Axis &d) {
  Axis rows = chance(8) ? half(t) : t, columns = chance(8) ? half(s) : s, heads = h;
  std::string i = model.name("i"), n = model.name("i"), k = model.name("i"), j = model.name("i"), weighs = n, told = n;
  if (h.size > 1 && chance(20)) {
    heads.size = 1 + model.random.below(h.size - 1);
    auto from = [&] { return n + " + " + std::to_string(model.random.below(h.size - heads.size + 1)); };
    if (chance(60))
      weighs = from();
    if (chance(60))
      told = from();
  } else if (chance(8)) {
    (chance(50) ? weighs : told) = std::to_string(h.size - 1) + " - " + n;
  }
  Scope summed{{i, rows}, {j, columns}};
  std::string fewer = chance(20) ? " | " + condition(summed, 1) : "";
  line(define(Kind::Real, {rows, heads, d}, 3) + "[" + i + " in " + rows.name + "," + n + " in " +
       std::to_string(heads.size) + "," + k + "] = sum(" + j + " in " + columns.name + fewer + ") " + a + "[" + i + "," +
       weighs + "," + j + "] * " + v + "[" + j + "," + told + "," + k + "]");
}

} // namespace rondo::random_programs
