// Layers of the library and of the program's own, loops over them, fns.
#include "tests/random/Writer.h"

using namespace llvm;

namespace rondo::random_programs {

void FnWriter::library() {
  has(Feature::Library);
  Axis t = sequence(), e = staticAxis(), f = staticAxis();
  std::string E = axisText(e), F = axisText(f);
  auto call = [&](const Axis &out, const std::string &layer, double most) {
    Value &x = want(Kind::Real, {t, e});
    line(define(Kind::Real, {t, out}, most) + " = " + model.instance(layer) + "(" + x.name + ")");
  };
  auto recurrent = [&](const std::string &layer) {
    Value &x = want(Kind::Real, {t, e});
    bool back = chance(40);
    has(back ? Feature::Backward : Feature::Forward);
    std::string start = chance(25) ? ", " + want(Kind::Real, {f}).name : "";
    line(define(Kind::Real, {t, f}, 1) + " = " + model.instance(layer + "(" + E + ", " + F + ")") +
         (back ? ".backward(" : "(") + x.name + start + ")");
  };
  std::string few = std::to_string(1 + model.random.below(4));
  switch (model.random.below(18)) {
  case 0:
  case 1:
    return call(f, "linear(" + E + ", " + F + ")", 3);
  case 2:
    return call(e, (chance(60) ? "layer_norm(" : chance(50) ? "rms_norm(" : "highway(") + E + ")", 4);
  case 13:
    has(Feature::Convolution);
    return call(f, "conv1d(" + E + ", " + F + ", " + few + ")", 4);
  case 14:
    has(Feature::Convolution);
    return call(f, "conv1d_causal(" + E + ", " + F + ", " + few + (chance(50) ? ", every = 2)" : ")"), 4);
  case 15:
    return call(e, (chance(50) ? "max_pool(" : "mean_pool(") + few + ")", 3);
  case 16:
    return recurrent("gru_simple");
  case 17: {
    Value &x = want(Kind::Real, {t, e});
    has(Feature::Mutual);
    line(define(Kind::Real, {t, f}, 1) + " = " +
         model.instance("jordan(" + E + ", " + model.sizeText(model.size()) + ", " + F + ")") + "(" + x.name + ")");
    return;
  }
  case 3:
    return call(e, (chance(50) ? "feed_forward(" : "feed_forward_gelu(") + E + ", " + F + ")", 3);
  case 4:
    return recurrent("elman");
  case 5:
    return recurrent("lstm");
  case 6:
    return recurrent("gru");
  case 7:
    return recurrent(chance(50) ? "gru_reset_after" : "lstm_peephole");
  case 8:
    return call(e, "sinusoidal_positions(" + E + ")", 3);
  case 9: {
    int64_t most = declared.count(t.name) ? declared[t.name].second : 0;
    if (!most)
      return call(f, "linear(" + E + ", " + F + ")", 3);
    return call(e, "learned_positions(" + std::to_string(most) + ", " + E + ")", 3);
  }
  case 10: {
    Axis words{2 + model.random.below(12), ""};
    Value &x = want(Kind::Token, {t}, words);
    has(Feature::Gather);
    line(define(Kind::Real, {t, e}, 1) + " = " + model.instance("embedding(" + axisText(words) + ", " + E + ")") + "(" +
         x.name + ")");
    return;
  }
  case 11: {
    Value &x = want(Kind::Real, {t, e});
    if (chance(50)) {
      has(Feature::Reduction);
      line(define(Kind::Real, {e}, x.most) + " = mean_rows(" + x.name + ")");
    } else {
      has(Feature::Lifting);
      line(define(Kind::Real, {t, e}, 1) + " = unit(" + x.name + ")");
    }
    return;
  }
  default: {
    Value &x = want(Kind::Real, {t, e}), &y = want(Kind::Token, {t}, e);
    std::string i = model.name("i");
    line(define(Kind::Real, {t}, 9) + "[" + i + "] = cross_entropy(" + x.name + "[" + i + "], " + y.name + "[" + i +
         "])");
  }
  }
}

void FnWriter::libraryAttention() {
  has(Feature::Library);
  has(Feature::Attention);
  Axis t = sequence(), s = chance(45) ? other(t) : t;
  if (chance(30)) {
    Axis q = staticAxis(), k = staticAxis();
    Value &ask = want(Kind::Real, {t, q}), &rows = want(Kind::Real, {s, k});
    std::string i = model.name("i"), look = model.instance("additive_attention(" + axisText(q) + ", " + axisText(k) +
                                                           ", " + model.sizeText(model.size()) + ")");
    line(define(Kind::Real, {t, k}, 3) + "[" + i + "] = " + look + "(" + ask.name + "[" + i + "], " + rows.name + ")");
    return;
  }
  int64_t n = 1 + model.random.below(3), d = 1 + model.random.below(9);
  Axis e{n * d, ""};
  Value &x = want(Kind::Real, {t, e}), &m = s == t && chance(80) ? x : want(Kind::Real, {s, e});
  m.used = true;
  std::string allow;
  if (chance(60)) {
    Scope scope{index(t), index(s)};
    std::string guard = condition(scope, 1);
    allow = ", " + model.name("m");
    line(StringRef(allow).drop_front(2).str() + "[" + scope[0].name + " in " + t.name + "," + scope[1].name + " in " +
         s.name + "] = " + guard);
  }
  std::string layer = "mha(" + std::to_string(e.size) + ", " + std::to_string(n) + ")";
  if (chance(35)) {
    std::string sizes = "(" + std::to_string(e.size) + ", " + std::to_string(n);
    layer = chance(50) ? "multi_query_attention" + sizes + ")"
                       : "grouped_attention" + sizes + ", " + std::to_string(n % 2 ? 1 : n / 2) + ")";
  } else if (s == t && &x == &m && chance(30)) {
    layer = "relative_attention(" + std::to_string(e.size) + ", " + std::to_string(n) + ", 3)";
    line(define(Kind::Real, {t, e}, 3) + " = " + model.instance(layer) + "(" + x.name + allow + ")");
    return;
  }
  line(define(Kind::Real, {t, e}, 3) + " = " + model.instance(layer) + "(" + x.name + ", " + m.name + allow + ")");
}

/// A layer of the file: with a step, a mixture or a gate.
void FnWriter::ownLayer() {
  has(Feature::OwnLayer);
  Axis t = sequence(), e = staticAxis(), f = staticAxis();
  std::string layer = model.name("layer"), text = "layer " + layer;
  static const char *functions[] = {"tanh", "sigmoid", "relu", "softsign", "gelu"};
  std::string g = model.any(functions);
  switch (model.random.below(4)) {
  case 0: { // a row at a time: lifts
    text += "(E, F) {\n  param W : [F, E]\n  param b : [F] = 0\n  fn (x: [E]) -> [F] = " + g + "(W @ x + b)" +
            (chance(50) ? " * sigmoid(b)" : "") + "\n}";
    Value &x = want(Kind::Real, {t, e});
    has(Feature::Lifting);
    line(define(Kind::Real, {t, f}, 3) + " = " + model.instance(layer + "(" + axisText(e) + ", " + axisText(f) + ")") +
         "(" + x.name + ")");
    break;
  }
  case 1: { // a recurrence with a gate and a leak, called for a sequence
    bool back = chance(40);
    has(back ? Feature::Backward : Feature::Forward);
    std::string past = back ? "t+1" : "t-1", end = back ? "T" : "-1";
    text += "(E, F, leak = " + model.number(0.1, 0.9) + ") {\n  param W, V : [F, E]\n  param U : [F, F]\n" +
            "  fn step(x: [E], h: [F]) -> [F] {\n    z = sigmoid(V @ x)\n    n = " + g +
            "(W @ x + U @ h)\n    return leak * h + z * " + (g == "relu" || g == "gelu" ? "softsign(n)" : "n") +
            " * (1 - leak)\n  }\n  fn (x: [T, E]) -> [T, F] {\n    h[t] = step(x[t], h[" + past + "])   where h[" +
            end + "] = " + (chance(60) ? "0" : model.number(-1, 1)) + "\n    return h\n  }\n}";
    Value &x = want(Kind::Real, {t, e});
    line(define(Kind::Real, {t, f}, 2) + " = " + model.instance(layer + "(" + axisText(e) + ", " + axisText(f) + ")") +
         "(" + x.name + ")");
    break;
  }
  case 2: { // pooling of each row with those nearby, any width
    text += "(W) {\n  fn (x: [T, E]) -> [T, E] {\n    return y[t in T,e] = " +
            std::string(chance(50)   ? "mean"
                        : chance(50) ? "max"
                                     : "min") +
            "(s in T | t - W < s <= t) x[s,e]\n  }\n}";
    has(Feature::Reduction);
    has(Feature::IndexCondition);
    Value &x = want(Kind::Real, {t, e});
    line(define(Kind::Real, {t, e}, x.most) + " = " +
         model.instance(layer + "(" + std::to_string(1 + model.random.below(5)) + ")") + "(" + x.name + ")");
    break;
  }
  default: { // two results
    text += "(E) {\n  param u, v : [E]\n  fn (x: [E]) -> ([E], []) {\n    y = x * " + g +
            "(u)\n    return y, (y @ v) / E\n  }\n}";
    Value &x = want(Kind::Real, {t, e});
    std::string call = model.instance(layer + "(" + axisText(e) + ")") + "(" + x.name + ")";
    std::string a = define(Kind::Real, {t, e}, x.most), b = define(Kind::Real, {t}, x.most);
    line(a + ", " + b + " = " + call);
  }
  }
  model.layers.push_back(text);
}

void FnWriter::loop() {
  has(Feature::Loop);
  Axis t = sequence(), e = staticAxis();
  Value &x = want(Kind::Real, {t, e});
  std::string l = model.name("k"), E = axisText(e), n = std::to_string(2 + model.random.below(2)), turn;
  std::string y = define(Kind::Real, {t, e}, 3);
  static const char *layers[] = {"linear", "elman", "gru", "lstm"};
  switch (model.random.below(4)) {
  case 0:
  case 1: {
    has(Feature::Library);
    std::string layer =
        chance(40) ? "layer_norm(" + E + ")" : std::string(model.any(layers)) + "(" + E + ", " + E + ")";
    std::string list = model.instance("[" + layer + " for k in " + n + "]");
    turn = chance(50) ? l + "(" + y + ")" : y + " + 0.5 * " + l + "(" + y + ")";
    line(y + " = " + x.name);
    line("for " + l + " in " + list + " { " + y + " = " + turn + " }");
    return;
  }
  case 2:
    turn = y + " * 0.5 + " + "tanh(" + y + " * (" + l + " + 1))";
    break;
  default: {
    Value &w = model.param({Axis{3, ""}, e});
    std::string i = model.name("i");
    line(y + " = " + x.name);
    line("for " + l + " in 3 {");
    std::string z = model.name("z");
    line("  " + z + "[" + i + "] = " + y + "[" + i + "] * " + w.name + "[" + l + "] + 0.1");
    line("  " + y + " = tanh(" + z + ")");
    line("}");
    return;
  }
  }
  line(y + " = " + x.name);
  line("for " + l + " in " + (chance(50) ? n : "1.." + n) + " { " + y + " = " + turn + " }");
}

/// An array filled by a loop over its first axis.
void FnWriter::filledLoop() {
  has(Feature::Loop);
  Axis n{2 + model.random.below(3), ""}, e = staticAxis();
  Value &x = want(Kind::Real, {sequence(), e});
  std::string l = model.name("k"), i = model.name("i"), j = model.name("i");
  std::string y = define(Kind::Real, {n, e}, 9);
  has(Feature::Reduction);
  line("for " + l + " in " + std::to_string(n.size) + " { " + y + "[" + l + "," + i + "] = mean(" + j + " | " + j +
       " mod " + std::to_string(n.size) + " == " + l + ") " + x.name + "[" + j + "," + i + "] }");
}

/// A fn of the model, read with arrays of this one; for a sequence of its own name.
void FnWriter::functionCall() {
  has(Feature::Function);
  Axis t = sequence(), e = staticAxis();
  Value &x = want(Kind::Real, {t, e});
  std::string fn = model.name("g");
  switch (model.random.below(3)) {
  case 0:
    model.fns.push_back("fn " + fn + "(x: [Q, D]) -> [Q, D] {\n  m[d] = mean(q) x[q,d]\n  return y[q] = x[q] - m\n}");
    break;
  case 1:
    model.fns.push_back("fn " + fn + "(x: [Q, D], by: static = " + std::to_string(1 + model.random.below(3)) +
                        ") -> [Q, D] {\n  return y[q] = if q >= by then x[q] - x[q - by] else x[q]\n}");
    break;
  default:
    model.fns.push_back("fn " + fn + "(x: [D], s: [] = 0.5) -> [D] {\n  m = max(d) x[d]\n  return s * (x - m)\n}");
    has(Feature::Lifting);
  }
  line(define(Kind::Real, {t, e}, x.most * 2) + " = " + fn + "(" + x.name + ")");
}

} // namespace rondo::random_programs
