// Axes with computed lengths: by arithmetic over other lengths, where equal normal forms are the same axis, and of a
// value, where each is an axis of its own.
#include "dsl/Elaborate.h"

#include "ir/Axes.h"
#include "llvm/ADT/ScopeExit.h"

using namespace llvm;

namespace rondo::eq {

/// The length as `ir/Axes.h` reads it; `e` is what lengthOf gives.
static std::string text(const Expr *e) {
  auto join = [&](const char *sign) { return "(" + text(e->args[0]) + sign + text(e->args[1]) + ")"; };
  switch (e->op) {
  case Op::Const:
    return e->value < 0 ? "(" + std::to_string(int64_t(e->value)) + ")" : std::to_string(int64_t(e->value));
  case Op::Length:
    return e->seq->name;
  case Op::Neg:
    return "(-" + text(e->args[0]) + ")";
  case Op::Add:
    return join("+");
  case Op::Sub:
    return join("-");
  case Op::Mul:
    return join("*");
  default:
    return join(" div ");
  }
}

/// The least and the greatest a length can be, as far as its terms tell one by one.
static std::pair<int64_t, std::optional<int64_t>> boundsOf(const Expr *e) {
  using Bounds = std::pair<int64_t, std::optional<int64_t>>;
  constexpr int64_t low = -(int64_t(1) << 40);
  auto of = [&](unsigned i) { return boundsOf(e->args[i]); };
  auto negated = [&](Bounds b) { return Bounds(b.second ? -*b.second : low, -b.first); };
  auto sum = [&](Bounds a, Bounds b) {
    return Bounds(std::max(a.first + b.first, low),
                  a.second && b.second ? std::optional(*a.second + *b.second) : std::nullopt);
  };
  switch (e->op) {
  case Op::Const:
    return {int64_t(e->value), int64_t(e->value)};
  case Op::Length:
    return {e->seq->least, e->seq->most};
  case Op::Neg:
    return negated(of(0));
  case Op::Add:
    return sum(of(0), of(1));
  case Op::Sub:
    return sum(of(0), negated(of(1)));
  case Op::Mul: {
    bool left = e->args[0]->is(Op::Const);
    int64_t factor = int64_t(e->args[left ? 0 : 1]->value);
    Bounds b = of(left ? 1 : 0);
    if (factor < 0)
      b = negated(b);
    factor = std::abs(factor);
    return {std::max(b.first * factor, low), b.second ? std::optional(*b.second * factor) : std::nullopt};
  }
  default: {
    int64_t divisor = int64_t(e->args[1]->value);
    Bounds b = of(0);
    return {divideFloorSigned(b.first, divisor),
            b.second ? std::optional(divideFloorSigned(*b.second, divisor)) : std::nullopt};
  }
  }
}

/// The expression over lengths of axes that are not made by arithmetic; null, with a message, where it is no length.
/// With a word, the name of the axis, a token in it makes an axis.
Expr *Elaborator::lengthOf(Expr *e, Range range, StringRef word) {
  std::string part = word.empty() || word.ends_with(".value") ? word.str() : word.str() + ".value";
  auto both = [&](Op op) -> Expr * {
    Expr *a = lengthOf(e->args[0], range, part), *b = a ? lengthOf(e->args[1], range, part) : nullptr;
    return b ? program->binary(op, a, b, e->range) : nullptr;
  };
  switch (e->op) {
  case Op::Const:
    return e;
  case Op::Length:
    return e->seq->length ? e->seq->length : e;
  case Op::Narrow:
    return lengthOf(e->args[0], range, word);
  case Op::Neg: {
    Expr *a = lengthOf(e->args[0], range, part);
    return a ? program->binary(Op::Sub, program->integer(0, e->range), a, e->range) : nullptr;
  }
  case Op::Add:
  case Op::Sub:
  case Op::IntDiv: // by a constant, or it is none
    return both(e->op);
  case Op::Mul:
    if (e->args[0]->is(Op::Const) || e->args[1]->is(Op::Const))
      return both(e->op);
    error("R0208", range, "a length is no product of lengths")
        .suggest("lengths are added, and multiplied and divided by constants");
    return nullptr;
  case Op::Mod: {
    Expr *a = lengthOf(e->args[0], range, part);
    if (!a)
      return nullptr;
    Expr *quotient = program->binary(Op::IntDiv, a, e->args[1], e->range);
    return program->binary(Op::Sub, a, program->binary(Op::Mul, quotient, e->args[1], e->range), e->range);
  }
  default:
    break;
  }
  if (word.empty()) {
    error("R0208", range, "an axis whose length is a value has a name: it is made in a statement of its own")
        .suggest("write `axis U = " + str(e) + "`, and `U` here");
    return nullptr;
  }
  if (!e->element.token) {
    error("R0208", range, "nothing says how long this axis may be")
        .suggest("a length is a token, which has a bound: `clamp(" + str(e) + ", M)` with the greatest length M - 1");
    return nullptr;
  }
  Sequence *seq = valueAxis(e, range, word);
  return seq ? program->length(seq, range) : nullptr;
}

/// An axis as long as a token says: a new one each time.
Sequence *Elaborator::valueAxis(Expr *value, Range range, StringRef word) {
  if (!context.empty() || !guards.empty()) {
    error("R0208", range, "an axis made of a value stands outside of equations")
        .suggest("here each position would have an axis of its own; make it where no index is bound");
    return nullptr;
  }
  program->sequences.push_back({program->freshSequence(word), range, 0, std::nullopt});
  Sequence &seq = program->sequences.back();
  seq.bound = value->element.bound;
  std::optional<int64_t> end = seq.bound.seq ? seq.bound.seq->most : std::optional(seq.bound.size);
  if (end)
    seq.most = *end - 1;
  Value scalar = data({value->element, {}}, {}, value, range);
  seq.value = materialise(scalar, seq.name, range).body->array;
  return &seq;
}

std::optional<Axis> Elaborator::lengthAxis(Expr *length, Range range, StringRef word, bool ofValues) {
  Expr *plain = lengthOf(length, range, ofValues ? word : "");
  if (!plain)
    return std::nullopt;
  unsigned terms = 0;
  walk(plain, [&](const Expr *) { return ++terms <= 1000; });
  if (terms > 1000) {
    error("R0208", range, "this length is a sum of too many others");
    return std::nullopt;
  }
  std::string name = normalAxis(text(plain));
  int64_t size;
  if (!StringRef(name).getAsInteger(10, size)) {
    if (size >= 1)
      return Axis{nullptr, size, word.str()};
    error("R0504", range, "a size is a positive integer, this is " + name);
    return std::nullopt;
  }
  for (Sequence &seq : program->sequences)
    if (seq.name == name) {
      if (seq.word.empty() && !seq.given())
        seq.word = word.str();
      return Axis{&seq, 0, word.str()};
    }
  auto [least, most] = boundsOf(plain);
  program->sequences.push_back({name, range, std::max<int64_t>(least, 0), most});
  Sequence &seq = program->sequences.back();
  seq.word = word.str();
  seq.length = plain;
  return Axis{&seq, 0, word.str()};
}

/// The length of an axis made in the body, which is found when first asked for.
Value Elaborator::readAxis(Local &local) {
  if (local.ready)
    return local.value;
  Range range = local.axis->value->range;
  if (local.measuring) {
    error("R0208", range, "the length of `" + local.name.str() + "` depends on itself");
    return {};
  }
  local.measuring = true;
  // An axis is what it is, also where only axes are asked for.
  int wasQuiet = quiet;
  quiet = 0;
  auto leave = scope_exit([&] {
    quiet = wasQuiet;
    local.measuring = false;
    local.ready = true;
  });
  Context swap(*this, *local.fn);
  Value v = eval(local.axis->value, local.env);
  if (v.isNumber() && v.fixed->isInteger) {
    local.value = fixedNumber(v.fixed->number, true, local.range);
    local.value.fixed->word = local.name.str();
    return local.value;
  }
  v = toData(v, range);
  if (!v.isData() || !v.type.axes.empty() || v.type.element.kind != Kind::Int) {
    if (v.known()) {
      auto &d = error("R0208", range, "a length is one integer, this is " + kindOf(v));
      if (v.isData() && v.type.axes.empty() && v.type.element.kind == Kind::Real)
        d.suggest("`/` gives a real; `div` divides integers");
    }
    return local.value;
  }
  auto axis = lengthAxis(v.body, range, local.name, /*ofValues=*/true);
  if (!axis)
    return local.value;
  if (axis->seq)
    local.value = data({Element::integer(), {}}, {}, program->length(axis->seq, local.range), local.range);
  else
    local.value = fixedNumber(double(axis->size), true, local.range);
  return local.value;
}

} // namespace rondo::eq
