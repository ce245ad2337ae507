// One exported fn as a program: its inputs, its body inlined, its results.
#include "dsl/Elaborate.h"
#include "dsl/Tidy.h"

#include "llvm/ADT/StringSet.h"

using namespace llvm;

namespace rondo::eq {

/// What other systems call the axis that is never written here.
static bool isWordForBatch(StringRef name) {
  return name == "B" || name == "BS" || name.equals_insensitive("batch") || name.equals_insensitive("batch_size");
}

/// The default of an exported fn's input: one number for all elements, since the library fills it in.
std::optional<double> Elaborator::presetOf(const ast::Arg &arg, const Type &type, Env env) {
  Value value = eval(arg.init, env);
  if (value.tag == Value::Poison)
    return std::nullopt;
  if (!value.isNumber() && !value.isFixed(Static::Truth)) {
    error("R0504", arg.init->range,
          "the default of an exported fn's input is a number known at compile time, this is " + kindOf(value))
        .suggest("compute it in the body, or give the fn that is exported no such input");
    return std::nullopt;
  }
  double number = value.fixed->number;
  if (const Element &e = type.element;
      e.token && value.isNumber() &&
      (!value.fixed->isInteger || number < 0 || number >= double(e.bound.seq ? e.bound.seq->least : e.bound.size))) {
    error("R0603", arg.init->range, quoted(arg.init) + " may be no `" + e.str() + "`")
        .label(arg.type.range,
               e.bound.seq ? "declared here" : "0 .. " + std::to_string(e.bound.size - 1) + " is needed");
    return std::nullopt;
  }
  if (!convert(toData(value, arg.init->range), type.element, arg.init->range, "`" + arg.name.text.str() + "`").isData())
    return std::nullopt;
  return number;
}

/// An axis that the type of an input names first: a sequence axis of its own.
Axis Elaborator::declareSequence(FnInstance &fn, const ast::Axis &axis, StringRef name) {
  program->sequences.push_back({program->freshSequence(name), axis.range, 1, std::nullopt});
  Sequence *seq = &program->sequences.back();
  // A bound holds for the axis, whichever input declares it.
  std::optional<int64_t> least;
  for (const ast::Arg &arg : fn.decl->args)
    for (const ast::Axis &other : arg.type.axes) {
      auto *word = dyn_cast<ast::NameExpr>(other.size);
      if (!word || word->name != name)
        continue;
      if (other.least)
        if (auto bound = staticInt(other.least, fn.root, "a bound"))
          least = std::max(least.value_or(*bound), *bound);
      if (other.most)
        if (auto bound = staticInt(other.most, fn.root, "a bound")) {
          int64_t limit = *bound - (other.strict ? 1 : 0);
          seq->most = std::min(seq->most.value_or(limit), limit);
        }
    }
  seq->least = least.value_or(1);
  if (seq->least < 0)
    error("R0205", axis.range, "no length is below 0");
  if (seq->most && *seq->most < seq->least)
    error("R0205", axis.range,
          "no length is at least " + std::to_string(seq->least) + " and at most " + std::to_string(*seq->most))
        .suggest(axis.least ? "" : "a sequence has at least one position, unless declared: `0 <= " + seq->name + "`");
  Value length = data({Element::integer(), {}}, {}, program->length(seq, axis.range), axis.range);
  fn.root->names[name] = &makeLocal(name, axis.range, length);
  program->axisNotes.push_back({program->name, name.str(), "a sequence axis"});
  return {seq, 0, name.str()};
}

void Elaborator::declareInput(FnInstance &fn, const ast::Arg &arg) {
  if (arg.type.element == ast::Element::Static) {
    error("R0504", arg.range, "an exported fn has no static arguments");
    return;
  }
  Type type;
  bool ok = true;
  for (const ast::Axis &axis : arg.type.axes) {
    auto *variable = dyn_cast<ast::NameExpr>(axis.size);
    if (variable && !lookup(variable->name, fn.root) && !hasMember(*fn.self, variable->name)) {
      type.axes.push_back(declareSequence(fn, axis, variable->name));
      const std::string &word = type.axes.back().seq->name;
      if (&axis == arg.type.axes.begin() && arg.type.axes.size() > 1 && isWordForBatch(variable->name) &&
          reported.insert({word, fn.decl}).second)
        diagnostics.warning("R0209", axis.range, "`" + word + "` is a sequence of each example, not the batch")
            .suggest("a program describes one example, and the compiler batches it: leave `" + word +
                     "` out (if it is meant, another name says so)");
      continue;
    }
    auto known = axisOf(axis.size, fn.root);
    ok &= known.has_value();
    if (known && !(known->seq && known->seq->given()))
      ok &= checkAxisBounds(axis, *known, fn.root, axis.range);
    if (known)
      type.axes.push_back(*known);
  }
  auto element = elementOf(arg.type, fn.root);
  if (!ok || !element)
    return;
  type.element = *element;
  std::optional<double> preset;
  if (arg.init && !(preset = presetOf(arg, type, fn.root)))
    return;
  Array &input = program->arrays.emplace_back();
  input.preset = preset;
  input.role = Role::Input;
  input.name = arg.name.text.str();
  input.type = type;
  input.range = arg.range;
  program->inputs.push_back(&input);
  Local &local = makeLocal(arg.name.text, arg.name.range, aliasOf(&input, {}, arg.range));
  if (!fn.root->names.try_emplace(local.name, &local).second)
    error("R0404", arg.name.range, "`" + arg.name.text.str() + "` is defined twice");
}

/// A result is an array of its own, in the order of its own axes.
Array *Elaborator::resultArray(const Value &v, StringRef name) {
  Array *array = v.body->is(Op::Read) ? v.body->array : nullptr;
  bool whole = array && !v.body->boundary && array->role == Role::Equation && v.body->args.size() == v.vars.size();
  if (whole)
    for (auto [var, at, axis] : zip(v.vars, v.body->args, array->type.axes))
      whole &= at->is(Op::Index) && at->var == var && var->axis.same(axis); // y[i in 3] = w[i] is a part of w
  return whole ? array : materialise(v, name, v.range).body->array;
}

bool Elaborator::elaborate(Model &m, const ast::FnDecl *decl, StringRef name, Program &p) {
  model = &m;
  program = &p;
  failed = false;
  notBuilt.reset();
  inlinedBefore = stmtInstances.size() + fnInstances.size();
  p.name = name.str();
  p.range = decl->name.range;
  FnInstance &fn = fnInstances.emplace_back();
  fn.decl = decl;
  fn.self = m.root;
  fn.root = frameOf(*m.root);
  fn.root->fn = &fn;
  for (const ast::Arg &arg : decl->args)
    declareInput(fn, arg);
  if (failed)
    return false;

  current = &fn;
  std::vector<Value> results;
  std::vector<std::string> names;
  axesUnknown.reset();
  suspect.reset();
  unsigned before = diagnostics.errors();
  bool ok = prepareBody(fn) && runBody(fn, results, &names);
  if (!ok || failed) {
    current = nullptr;
    reportUnknownAxes(before);
    return false;
  }
  for (auto [i, result] : enumerate(results)) {
    Value v = toData(result, fn.decl->head);
    if (!v.isData()) {
      error("R0502", result.range, "an exported fn returns arrays, this is " + kindOf(v));
      continue;
    }
    Array *array = resultArray(v, names[i].empty() ? name : StringRef(names[i]));
    std::string word = names[i];
    if (word.empty() && fn.returns && fn.returns->results[i].target.name)
      word = fn.returns->results[i].target.name.text.str();
    p.outputs.push_back({word, array});
  }
  // What has no name of its own is called by the fn, and by its place where there are several.
  for (auto [i, output] : enumerate(p.outputs)) {
    if (!output.name.empty())
      continue;
    std::string word = results.size() == 1 ? name.str() : name.str() + std::to_string(i);
    while (any_of(p.outputs, [&](const Output &other) { return other.name == word; }))
      word += '_';
    output.name = word;
  }
  current = nullptr;
  if (failed)
    return false;
  bindBoundaries(p);
  dropUnread(p);
  dropContext(p);
  nameApart(p);
  return true;
}

void Elaborator::reportUnknownAxes(unsigned errorsBefore) {
  if (!axesUnknown || notBuilt || diagnostics.errors() != errorsBefore)
    return;
  auto [local, range] = *axesUnknown;
  bool itself = suspect && suspect->range.begin <= range.begin && range.end <= suspect->range.end;
  if (suspect && !itself) {
    error("R0202", suspect->range, suspect->what).label(suspect->declared, "declared here").suggest(suspect->help);
    return;
  }
  error("R0302", range, "the axes of `" + local->name.str() + "` depend on themselves")
      .label(local->range, "defined here")
      .suggest("write its indices on the left, or the result types of the fn it calls");
}

} // namespace rondo::eq
