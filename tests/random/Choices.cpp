// Rows that integers choose: tables that come with the weights, counters and flags of a recurrence, what is largest,
// the place in a sort. And parts of arrays, turned and cut.
#include "tests/random/Writer.h"

using namespace llvm;

namespace rondo::random_programs {

/// `const P : int[7]`, or of truths, or of tokens below `bound`; from the weights, or one number for all.
std::string ModelWriter::table(Kind kind, const AxisList &axes, const Axis &bound) {
  std::string made = name("P"), element = kind == Kind::Int    ? "int"
                                          : kind == Kind::Bool ? "bool"
                                                               : "token(" + sizeText(bound.size) + ")";
  members.push_back("const " + made + " : " + element + shape(axes));
  if (kind == Kind::Int && chance(20))
    members.back() += " = " + std::to_string(random.below(5) - 1);
  return made;
}

void FnWriter::tables() {
  has(Feature::Tables);
  has(Feature::Gather);
  Axis t = sequence(), words{3 + model.random.below(8), ""}, e = staticAxis();
  Value &text = want(Kind::Token, {t}, words), &x = want(Kind::Real, {t, e});
  std::string i = model.name("i"), j = model.name("i"), word = text.name + "[" + i + "]";
  switch (model.random.below(5)) {
  case 0: { // rows of a parameter, by a class of the word
    Axis classes{2 + model.random.below(5), ""};
    std::string of = model.table(Kind::Token, {words}, classes);
    line(define(Kind::Real, {t, e}, 2) + "[" + i + "," + j + "] = " + model.param({classes, e}).name + "[" + of + "[" +
         word + "]," + j + "] * " + x.name + "[" + i + "," + j + "]");
    return;
  }
  case 1: { // where the table says so
    std::string stop = model.table(Kind::Bool, {words}, {});
    line(define(Kind::Real, {t, e}, 2) + "[" + i + "," + j + "] = if " + (chance(50) ? "not " : "") + stop + "[" +
         word + "] then " + x.name + "[" + i + "," + j + "] else " + model.number(-1, 1));
    return;
  }
  case 2: { // terms of a sum that the table allows, by column
    has(Feature::Binder);
    std::string use = model.table(Kind::Bool, {e}, {});
    line(define(Kind::Real, {t}, 30) + "[" + i + "] = sum(" + j + " | " + use + "[" + j + "]) " + x.name + "[" + i +
         "," + j + "]" + (chance(40) ? " * " + model.param({e}).name + "[" + j + "]" : ""));
    return;
  }
  case 3: { // columns in another order
    std::string order = model.table(Kind::Token, {e}, e);
    line(define(Kind::Real, {t, e}, x.most) + "[" + i + "," + j + "] = " + x.name + "[" + i + "," + order + "[" + j +
         "]]");
    return;
  }
  default: { // a step to another row
    std::string shift = model.table(Kind::Int, {words}, {});
    line(define(Kind::Int, {t}, 40) + "[" + i + "] = " + i + " + " + shift + "[" + word + "]");
    if (!inhabited(t))
      return;
    std::string moved = latest->name, k = model.name("i"), l = model.name("i");
    line(define(Kind::Real, {t, e}, x.most) + "[" + k + "," + l + "] = " + x.name + "[clamp(" + moved + "[" + k +
         "], " + t.name + ")," + l + "]");
  }
  }
}

/// Counters and flags.
void FnWriter::counting() {
  has(Feature::Counting);
  bool back = backward();
  Axis t = sequence();
  std::string i = model.name("i"), past = "[" + i + (back ? "+1]" : "-1]"), end = back ? t.name : "-1";
  Scope scope{{i, t}};
  std::string guard = at(want(Kind::Bool, {t}), scope);
  if (chance(50))
    guard = want(Kind::Int, {t}).name + "[" + i + "] " + (chance(50) ? "== " : "> ") +
            std::to_string(model.random.below(3));
  // Where no array is read at the row itself, its range is said.
  std::string row = "[" + i + (StringRef(guard).contains("[" + i + "]") ? "" : " in " + t.name) + "]";
  if (chance(35)) {
    std::string seen = define(Kind::Bool, {t}, 1);
    line(seen + row + " = " + seen + past + (chance(60) ? " or " : " and ") + guard + "   where " + seen + "[" + end +
         "] = " + (chance(50) ? "false" : "true"));
    return;
  }
  std::string c = define(Kind::Int, {t}, 40), step = chance(50) ? "1" : i;
  line(c + row + " = if " + guard + " then " + (chance(50) ? "0" : c + past) + " else " + c + past + " + " + step +
       "   where " + c + "[" + end + "] = " + std::to_string(model.random.below(3)));
  if (!inhabited(t) || chance(30))
    return;
  latest->used = chance(50);
  has(Feature::Gather);
  Axis e = staticAxis();
  Value &x = want(Kind::Real, {t, e});
  std::string j = model.name("i"), k = model.name("i");
  line(define(Kind::Real, {t, e}, x.most) + "[" + j + "," + k + "] = " + x.name + "[clamp(" + c + "[" + j + "], " +
       t.name + ")," + k + "]");
}

/// The row of another sequence that fits best.
void FnWriter::hardAttention() {
  Axis t = sequence(), s = chance(50) ? other(t) : t, d = staticAxis(), e = staticAxis();
  if (!inhabited(s))
    return pointwise();
  has(Feature::Chosen);
  has(Feature::Gather);
  Value &q = want(Kind::Real, {t, d}), &key = want(Kind::Real, {s, d}), &v = want(Kind::Real, {s, e});
  std::string i = model.name("i"), j = model.name("i"), k = model.name("i"), l = model.name("i");
  std::string best = define(Kind::Token, {t}, 40, s);
  line(best + "[" + i + "] = argmax(" + j + " in " + s.name + ") " + q.name + "[" + i + "] @ " + key.name + "[" + j +
       "]");
  latest->used = chance(60);
  line(define(Kind::Real, {t, e}, v.most) + "[" + k + "," + l + "] = " + v.name + "[" + best + "[" + k + "]," + l +
       "]");
}

/// The rows of a sequence in the order of a key, or the first few of them.
void FnWriter::sorted() {
  has(Feature::Rank);
  has(Feature::Chosen);
  has(Feature::Reduction);
  Axis t = sequence(), e = staticAxis();
  Value &key = chance(60) ? want(Kind::Real, {t}) : want(Kind::Int, {t}), &x = want(Kind::Real, {t, e});
  Scope scope{index(t)};
  std::string i = scope[0].name, p = model.name("i"), s = model.name("i"), k = model.name("i");
  std::string place = define(Kind::Int, {t}, 40), few = chance(70) ? t.name : "3";
  line(place + "[" + i + " in " + t.name + "] = rank(" + i + ") " + (chance(50) ? "-" : "") + key.name + "[" + i + "]");
  latest->used = chance(50);
  line(define(Kind::Real, {few == "3" ? Axis{3, ""} : t, e}, x.most) + "[" + p + " in " + few + "," + k + "] = sum(" +
       s + " | " + place + "[" + s + "] == " + p + ") " + x.name + "[" + s + "," + k + "]");
}

/// A row, a column, some columns, the whole turned round or lying on its side: what is perhaps never stored.
void FnWriter::part() {
  has(Feature::Views);
  Axis t = sequence(), e = staticAxis();
  Value &x = want(Kind::Real, {t, e});
  std::string i = model.name("i"), j = model.name("i"), ends[] = {"0", t.name + " - 1"};
  int64_t first = model.random.below(e.size), many = 1 + model.random.below(e.size - first);
  switch (model.random.below(inhabited(t) ? 7 : 4)) {
  case 0:
    line(define(Kind::Real, {t}, x.most) + "[" + i + "] = " + x.name + "[" + i + "," + std::to_string(first) + "]");
    return;
  case 1:
    line(define(Kind::Real, {t, {many, ""}}, x.most) + "[" + i + "," + j + " in " + std::to_string(many) +
         "] = " + x.name + "[" + i + "," + j + " + " + std::to_string(first) + "]");
    return;
  case 2:
    line(define(Kind::Real, {e, t}, x.most) + "[" + j + "," + i + "] = " + x.name + "[" + i + "," + j + "]");
    return;
  case 3:
    line(define(Kind::Real, {t, e}, x.most) + "[" + i + " in " + t.name + "," + j + " in " + axisText(e) +
         "] = " + x.name + "[" + t.name + " - 1 - " + i + "," + std::to_string(e.size - 1) + " - " + j + "]");
    return;
  case 4:
    line(define(Kind::Real, {e}, x.most) + " = " + x.name + "[" + model.any(ends) + "]");
    return;
  case 5:
    line(define(Kind::Real, {}, x.most) + " = " + x.name + "[" + model.any(ends) + "," + std::to_string(first) + "]");
    return;
  default: // one row for all
    line(define(Kind::Real, {t, e}, x.most) + "[" + i + " in " + t.name + "," + j + "] = " + x.name + "[" +
         model.any(ends) + "," + j + "]");
  }
}

} // namespace rondo::random_programs
