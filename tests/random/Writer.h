// The writer of one random program. Everything is demand-driven: a statement asks for an array of some axes and gets
// one of those at hand, a new input or a new parameter, so that whatever is written is well typed.
//
// Magnitudes are estimated on the way and brought down where they grow: an answer of 1e30 would tell nothing.
#pragma once

#include "tests/random/Program.h"
#include "tools/support/Random.h"
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace rondo::random_programs {

enum class Kind { Real, Int, Bool, Token };

/// A static axis by its size, or a sequence by its name.
struct Axis {
  int64_t size = 0; // 0: a sequence
  std::string name;
  bool sequence() const { return size == 0; }
  bool operator==(const Axis &other) const { return size == other.size && (size || name == other.name); }
};
using AxisList = std::vector<Axis>;

struct Value {
  std::string name;
  Kind kind = Kind::Real;
  AxisList axes;
  Axis bound;          // of tokens
  double most = 1;     // about how large it may be
  bool used = false;   // by something that is returned
  std::string outside; // its boundary `_`, once it has one
};

/// An index while it is bound. Where it subscripts its own axis plainly, its range need not be written.
struct Index {
  std::string name;
  Axis axis;
  bool plain = false;
};
using Scope = std::vector<Index>;

/// A scalar expression, in parentheses where it needs them.
struct Term {
  std::string text;
  double most = 1;
};

/// What all exports share: sizes, parameters, instances, layers and fns of the file.
struct ModelWriter {
  explicit ModelWriter(uint64_t seed) : random(seed) {}
  Random random;
  Features features;
  std::vector<std::pair<std::string, int64_t>> sizes;
  std::vector<std::string> members, layers, fns;
  std::deque<Value> params;
  unsigned made = 0; // names given

  bool chance(int percent) { return random.below(100) < percent; }
  template <typename List>
  auto &any(List &list) {
    return list[random.below(static_cast<int64_t>(std::size(list)))];
  }
  std::string name(const char *prefix) { return prefix + std::to_string(made++); }
  std::string number(double least, double most);
  std::string sizeText(int64_t size);
  int64_t size();
  std::string shape(const AxisList &axes);
  /// `name = layer(..)`; returns the name.
  std::string instance(const std::string &layer);
  Value &param(const AxisList &axes);
  std::string table(Kind kind, const AxisList &axes, const Axis &bound);
  std::string scalarFunction();
  std::string text(const std::vector<std::string> &exports);
};

/// One export.
class FnWriter {
public:
  FnWriter(ModelWriter &model, std::string name);
  std::string write();

private:
  // Axes and values (Writer.cpp).
  Axis sequence();
  Axis other(const Axis &than);
  Axis staticAxis() { return {model.size(), ""}; }
  std::string axisText(const Axis &axis);
  bool inhabited(const Axis &axis) const; // whether every example has an element there
  std::string bind(const Index &index, bool always = false);
  Index index(const Axis &axis) { return {model.name("i"), axis}; }
  Value &want(Kind kind, const AxisList &axes, const Axis &bound = {});
  Value *existing(std::function<bool(const Value &)> fits);
  Value &input(Kind kind, const AxisList &axes, const Axis &bound = {});
  std::string define(Kind kind, const AxisList &axes, double most, const Axis &bound = {});
  void line(const std::string &text) { lines.push_back(indent + text); }
  void has(Feature feature) { model.features.set(static_cast<unsigned>(feature)); }
  bool chance(int percent) { return model.chance(percent); }
  std::string signature();
  std::string results();

  // Expressions (Expressions.cpp).
  Term real(Scope &scope, int depth);
  Term leaf(Scope &scope);
  Term readSome(Scope &scope);
  Term function(Term x);
  Term binder(Scope &scope, int depth);
  Term damp(Term x, double most = 20);
  std::string integer(Scope &scope, int depth);
  std::string condition(Scope &scope, int depth);
  std::string indexCondition(Scope &scope);
  std::string dataCondition(Scope &scope);
  std::string place(Scope &scope, const Axis &axis);
  std::string at(Value &value, Scope &scope, bool shifts = true);
  bool bounded(Value &value);
  Value &padded(const AxisList &axes);
  std::string nearRow(Value &value, const std::string &i);
  std::string guarded(Scope &scope, const std::string &name, const Axis &axis);

  // Statements (Statements.cpp, Weights.cpp, Layers.cpp, Lengths.cpp, Recurrences.cpp, Choices.cpp).
  std::string column(const std::string &k, int64_t size);
  void pointwise();
  void lifted();
  void product();
  void convolution();
  void pairs();
  void sequenceReduction();
  void attention();
  void heads();
  Axis half(const Axis &of);
  void weighed(const std::string &a, const Axis &t, const Axis &s, const Axis &e);
  void weighedHeads(const std::string &a, const std::string &v, const Axis &t, const Axis &h, const Axis &s,
                    const Axis &d);
  void integers();
  void mask();
  void joined();
  void scatter();
  void library();
  void libraryAttention();
  void ownLayer();
  void loop();
  void filledLoop();
  void functionCall();

  Axis computed(const std::string &length);
  Value &drawn(Kind kind, const AxisList &axes, const Axis &bound);
  void strided();
  void endToEnd();
  void resized();
  void ofAValue();
  void ranked();

  bool backward();
  void cell();
  void lagged();
  void mutual();
  void ownPast();
  void nested();
  void alongPairs();
  void libraryStep();
  void lookingStep();
  void choices();
  void restarts();

  void tables();
  void counting();
  void hardAttention();
  void sorted();
  void part();

  ModelWriter &model;
  std::string name, indent = "    ";
  std::vector<Axis> sequences;
  std::map<std::string, std::pair<int64_t, int64_t>> declared; // least and greatest length
  std::vector<Value *> values, pending;                        // at hand; of the statement being written
  std::vector<std::unique_ptr<Value>> owned;
  std::vector<Value *> inputs;
  Value *latest = nullptr;    // defined last
  std::set<std::string> made; // computed axes
  std::vector<std::string> lines, bounds;
};

} // namespace rondo::random_programs
