// The frame of a program: sizes, parameters, the arrays at hand, and which statements are written.
#include "tests/random/Writer.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;

namespace rondo::random_programs {

static const StringRef names[featureCount] = {
    "forward",  "backward",    "lag",     "mutual",  "own-past",       "nested-scan",    "attention",       "reduction",
    "binder",   "axes",        "pairs",   "gather",  "data-condition", "real-condition", "index-condition", "shift",
    "product",  "convolution", "loop",    "library", "own-layer",      "function",       "lifting",         "concat",
    "integers", "empty",       "bounded", "lengths", "made-length",    "rank",           "tables",          "counting",
    "chosen",   "views",       "shared",  "exports"};

StringRef nameOf(Feature feature) { return names[static_cast<unsigned>(feature)]; }

std::optional<Feature> featureNamed(StringRef name) {
  for (unsigned i = 0; i < featureCount; ++i)
    if (names[i] == name)
      return static_cast<Feature>(i);
  return std::nullopt;
}

//===--- The model ------------------------------------------------------===//

std::string ModelWriter::number(double least, double most) {
  double unit = (random.uniform() + 1) / 2;
  return formatv("{0:f2}", least + unit * (most - least)).str();
}

std::string ModelWriter::sizeText(int64_t size) {
  for (auto &[name, value] : sizes)
    if (value == size && chance(70))
      return name;
  return std::to_string(size);
}

/// Mostly what is near the edges of vectors and tiles, mostly small.
int64_t ModelWriter::size() {
  static const int64_t common[] = {1, 2, 3, 4, 5, 7, 8, 11}, edges[] = {15, 16, 17, 19, 24, 31, 32, 33, 47, 48, 65};
  if (!sizes.empty() && chance(60))
    return any(sizes).second;
  return chance(70) ? any(common) : any(edges);
}

std::string ModelWriter::shape(const AxisList &axes) {
  std::string text;
  for (const Axis &axis : axes)
    text += (text.empty() ? "" : ", ") + (axis.sequence() ? axis.name : sizeText(axis.size));
  return "[" + text + "]";
}

std::string ModelWriter::instance(const std::string &layer) {
  std::string made = name("l");
  members.push_back(made + " = " + layer);
  return made;
}

Value &ModelWriter::param(const AxisList &axes) {
  for (Value &old : params)
    if (old.axes == axes && chance(40))
      return old;
  Value &made = params.emplace_back();
  made.name = name("P");
  made.axes = axes;
  static const char *initial[] = {"", "", " = 0", " = glorot", " = normal(0.5)", " = uniform(-1, 1)"};
  members.push_back((chance(5) ? "const " : "param ") + made.name + " : " + shape(axes));
  // A matrix of one number for all shall not make a recurrence grow.
  std::string alike = axes.size() > 1 ? " = " + std::to_string(1.0 / axes.back().size) : " = 0.5";
  members.back() += StringRef(members.back()).starts_with("const") ? alike : any(initial);
  return made;
}

/// A fn of numbers, of the library or of the file. Called on arrays it lifts.
std::string ModelWriter::scalarFunction() {
  static const char *known[] = {"elu",        "selu",     "mish",        "relu6",     "hard_sigmoid",
                                "hard_swish", "softsign", "log_sigmoid", "leaky_relu"};
  if (chance(45))
    return any(known);
  features.set(static_cast<unsigned>(Feature::Function));
  static const char *bodies[] = {"x * sigmoid(1.5 * x)", "if x > 0.25 then x else 0.25 * x - 0.1",
                                 "tanh(x) ^ 2 - x / 4",  "minimum(maximum(x, -1), 1)",
                                 "1 / (1 + x * x)",      "floor(x * 3) / 3 + 0.5 * x"};
  std::string made = name("fn");
  fns.push_back("fn " + made + "(x: []) -> [] = " + any(bodies));
  return made;
}

std::string ModelWriter::text(const std::vector<std::string> &exports) {
  std::string text;
  for (const std::string &part : fns)
    text += part + "\n";
  for (const std::string &part : layers)
    text += part + "\n";
  text += "model M(";
  for (auto [i, size] : enumerate(sizes))
    text += (i ? ", " : "") + size.first + " = " + std::to_string(size.second);
  text += ") {\n";
  for (const std::string &member : members)
    text += "  " + member + "\n";
  for (const std::string &fn : exports)
    text += fn;
  for (size_t i = 0; i < exports.size(); ++i)
    text += "  export f" + std::to_string(i) + "\n";
  return text + "}\n";
}

Program generate(uint64_t seed) {
  ModelWriter model(seed);
  for (const char *size : {"E", "H", "K"})
    model.sizes.push_back({size, model.chance(75) ? 2 + model.random.below(11) : model.size()});
  std::vector<std::string> exports;
  unsigned count = model.chance(70) ? 1 : 2 + model.chance(30);
  for (unsigned i = 0; i < count; ++i)
    exports.push_back(FnWriter(model, "f" + std::to_string(i)).write());
  if (count > 1)
    model.features.set(static_cast<unsigned>(Feature::Exports));
  return {model.text(exports), model.features};
}

Program generate(uint64_t seed, const Features &wanted) {
  for (uint64_t turn = 0;; ++turn) {
    Program program = generate(seed + (turn << 40));
    if ((program.features & wanted) == wanted)
      return program;
  }
}

//===--- Axes and values ------------------------------------------------===//

FnWriter::FnWriter(ModelWriter &model, std::string name) : model(model), name(std::move(name)) {
  unsigned count = chance(55) ? 1 : chance(85) ? 2 : 3;
  static const char *axes[] = {"T", "S", "U"};
  for (const char *axis : ArrayRef(axes).take_front(count)) {
    sequences.push_back({0, axis});
    if (chance(12))
      declared[axis] = {0, 0};
    else if (chance(15))
      declared[axis] = {1, 24 + model.random.below(17)};
  }
}

Axis FnWriter::sequence() {
  if (sequences.size() > 1 && chance(40)) {
    has(Feature::Axes);
    return model.any(sequences);
  }
  return sequences[0];
}

Axis FnWriter::other(const Axis &than) {
  for (const Axis &axis : sequences)
    if (!(axis == than)) {
      has(Feature::Axes);
      return axis;
    }
  return than;
}

std::string FnWriter::axisText(const Axis &axis) { return axis.sequence() ? axis.name : model.sizeText(axis.size); }

bool FnWriter::inhabited(const Axis &axis) const {
  auto at = declared.find(axis.name);
  return !axis.sequence() || at == declared.end() || at->second.first > 0;
}

std::string FnWriter::bind(const Index &index, bool always) {
  return index.plain && !always && chance(60) ? index.name : index.name + " in " + axisText(index.axis);
}

Value *FnWriter::existing(std::function<bool(const Value &)> fits) {
  std::vector<Value *> found;
  for (Value *value : values)
    if (fits(*value))
      found.push_back(value);
  if (found.empty())
    return nullptr;
  // What was made last is what makes a program deep.
  return chance(50) ? found.back() : model.any(found);
}

Value &FnWriter::input(Kind kind, const AxisList &axes, const Axis &bound) {
  Value &made = *owned.emplace_back(std::make_unique<Value>());
  made.name = model.name("x");
  made.kind = kind;
  made.axes = axes;
  made.bound = bound;
  made.most = kind == Kind::Real ? 1.5 : 8;
  made.used = true;
  inputs.push_back(&made);
  values.push_back(&made);
  return made;
}

Value &FnWriter::want(Kind kind, const AxisList &axes, const Axis &bound) {
  auto fits = [&](const Value &v) { return v.kind == kind && v.axes == axes && v.bound == bound; };
  bool isStatic = none_of(axes, [](const Axis &axis) { return axis.sequence(); });
  if (kind == Kind::Real && isStatic && chance(60))
    return model.param(axes);
  if (Value *old = existing(fits); old && chance(85)) {
    old->used = true;
    return *old;
  }
  if (any_of(axes, [&](const Axis &axis) { return made.count(axis.name); }))
    return drawn(kind, axes, bound);
  return input(kind, axes, bound);
}

std::string FnWriter::define(Kind kind, const AxisList &axes, double most, const Axis &bound) {
  Value &made = *owned.emplace_back(std::make_unique<Value>());
  made.name = model.name("y");
  made.kind = kind;
  made.axes = axes;
  made.bound = bound;
  made.most = most;
  pending.push_back(&made);
  latest = &made;
  if (kind == Kind::Int || kind == Kind::Token)
    has(Feature::Integers);
  return made.name;
}

//===--- The fn ---------------------------------------------------------===//

static std::string elementText(ModelWriter &model, const Value &value) {
  switch (value.kind) {
  case Kind::Real:
    return "";
  case Kind::Int:
    return "int";
  case Kind::Bool:
    return "bool";
  case Kind::Token:
    return "token(" + (value.bound.sequence() ? value.bound.name : model.sizeText(value.bound.size)) + ")";
  }
  return "";
}

std::string FnWriter::signature() {
  std::map<std::string, bool> said;
  std::string text;
  // An axis is first typed by something over it, not by the tokens of another one.
  for (const Axis &axis : sequences) {
    bool mentioned = false, typed = made.count(axis.name);
    for (const std::string &line : lines)
      mentioned |= StringRef(line).contains(axis.name);
    for (Value *value : inputs) {
      typed |= is_contained(value->axes, axis);
      mentioned |= value->kind == Kind::Token && value->bound == axis;
    }
    if (mentioned && !typed)
      input(Kind::Real, {axis});
  }
  for (Value *value : inputs) {
    std::string shape;
    for (const Axis &axis : value->axes) {
      shape += shape.empty() ? "" : ", ";
      bool first = axis.sequence() && !std::exchange(said[axis.name], true) && declared.count(axis.name);
      if (!first) {
        shape += axisText(axis);
        continue;
      }
      auto [least, most] = declared[axis.name];
      shape += (least == 0 ? "0 <= " : "") + axis.name + (most ? " <= " + std::to_string(most) : "");
      has(least == 0 ? Feature::Empty : Feature::Bounded);
    }
    text += (text.empty() ? "" : ", ") + value->name + ": " + elementText(model, *value);
    if (!value->axes.empty() || value->kind == Kind::Real)
      text += "[" + shape + "]";
  }
  return "(" + text + ")";
}

std::string FnWriter::results() {
  std::string text;
  for (const std::unique_ptr<Value> &value : owned)
    if (!value->used)
      text += (text.empty() ? "" : ", ") + value->name;
  // What others read as well, an input as it came.
  for (const std::unique_ptr<Value> &value : owned)
    if (value->used && is_contained(values, value.get()) && chance(is_contained(inputs, value.get()) ? 2 : 10)) {
      has(Feature::Shared);
      text += (text.empty() ? "" : ", ") + value->name;
    }
  return text;
}

std::string FnWriter::write() {
  using Make = void (FnWriter::*)();
  static const std::pair<int, Make> kinds[] = {{8, &FnWriter::pointwise},   {4, &FnWriter::lifted},
                                               {7, &FnWriter::product},     {4, &FnWriter::convolution},
                                               {5, &FnWriter::pairs},       {6, &FnWriter::sequenceReduction},
                                               {6, &FnWriter::attention},   {3, &FnWriter::heads},
                                               {4, &FnWriter::integers},    {3, &FnWriter::mask},
                                               {4, &FnWriter::joined},      {2, &FnWriter::scatter},
                                               {6, &FnWriter::library},     {2, &FnWriter::libraryAttention},
                                               {5, &FnWriter::ownLayer},    {4, &FnWriter::loop},
                                               {2, &FnWriter::filledLoop},  {6, &FnWriter::functionCall},
                                               {6, &FnWriter::cell},        {5, &FnWriter::lagged},
                                               {4, &FnWriter::mutual},      {5, &FnWriter::ownPast},
                                               {5, &FnWriter::nested},      {3, &FnWriter::alongPairs},
                                               {3, &FnWriter::libraryStep}, {3, &FnWriter::lookingStep},
                                               {3, &FnWriter::choices},     {3, &FnWriter::restarts},
                                               {4, &FnWriter::strided},     {3, &FnWriter::endToEnd},
                                               {3, &FnWriter::resized},     {4, &FnWriter::ofAValue},
                                               {4, &FnWriter::ranked},      {6, &FnWriter::tables},
                                               {6, &FnWriter::counting},    {5, &FnWriter::hardAttention},
                                               {4, &FnWriter::sorted},      {6, &FnWriter::part}};
  int total = 0;
  for (auto &[weight, make] : kinds)
    total += weight;
  unsigned count = 2 + model.random.below(4);
  for (unsigned i = 0; i < count; ++i) {
    int64_t at = model.random.below(total);
    for (auto &[weight, make] : kinds)
      if ((at -= weight) < 0) {
        (this->*make)();
        break;
      }
    values.insert(values.end(), pending.begin(), pending.end());
    pending.clear();
  }
  std::string returned = results();
  if (returned.empty()) {
    pointwise();
    returned = results();
  }
  std::string outside;
  for (const std::string &bound : bounds)
    outside += (outside.empty() ? "   where " : ", ") + bound;
  std::string text = "  fn " + name + signature() + " {\n";
  for (const std::string &line : lines)
    text += line + "\n";
  return text + "    return " + returned + outside + "\n  }\n";
}

} // namespace rondo::random_programs
