// The sizes of a layer: arguments to sizes, defaults, vocabularies.
#include "dsl/Elaborate.h"

#include <cmath>

using namespace llvm;

namespace rondo::eq {

/// Which argument is which size: by position or by name.
bool Elaborator::matchSizes(const ast::LayerDecl *decl, ArrayRef<ast::Pass> args,
                            SmallVectorImpl<const ast::Expr *> &given) {
  given.assign(decl->sizes.size(), nullptr);
  size_t position = 0;
  for (const ast::Pass &pass : args) {
    size_t at = position;
    if (pass.name) {
      at = find_if(decl->sizes, [&](auto &size) { return size.name.text == pass.name.text; }) - decl->sizes.begin();
      if (at == decl->sizes.size()) {
        error("R0402", pass.name.range, "`" + decl->name.text.str() + "` has no size `" + pass.name.text.str() + "`")
            .label(decl->name.range, "declared here");
        return false;
      }
    } else
      ++position;
    if (at >= decl->sizes.size()) {
      error("R0403", pass.value->range,
            "`" + decl->name.text.str() + "` takes " + std::to_string(decl->sizes.size()) + " sizes, here are " +
                std::to_string(args.size()))
          .label(decl->name.range, "declared here");
      return false;
    }
    if (given[at]) {
      error("R0403", pass.value->range, "`" + decl->sizes[at].name.text.str() + "` is given twice");
      return false;
    }
    given[at] = pass.value;
  }
  return true;
}

/// Sizes, left to right: given with the call, from outside, by default. A default may use the sizes before it.
bool Elaborator::giveSizes(Instance &instance, ArrayRef<ast::Pass> args, Env env, ArrayRef<Override> overrides) {
  const ast::LayerDecl *decl = instance.decl;
  SmallVector<const ast::Expr *> given;
  if (!matchSizes(decl, args, given))
    return false;
  Env own = frameOf(instance);
  auto isWhole = [](double value) { return value == std::floor(value); };
  for (auto [i, size] : enumerate(decl->sizes)) {
    Value v;
    auto over = find_if(overrides, [&](const Override &o) { return o.name == size.name.text; });
    if (given[i])
      v = eval(given[i], env);
    else if (over != overrides.end() && !size.init)
      v = fixedNumber(over->value, isWhole(over->value), size.name.range);
    else if (size.init)
      v = eval(size.init, own);
    else {
      error("R0403", instance.where, "`" + decl->name.text.str() + "` needs its size `" + size.name.text.str() + "`")
          .label(size.name.range, "declared here, without a default");
      return false;
    }
    if (v.tag == Value::Poison)
      return false;
    if (!v.isNumber()) {
      error("R0504", given[i] ? given[i]->range : size.init->range,
            "a size is a number known at compile time, this is " + kindOf(v));
      return false;
    }
    std::map<std::string, int64_t> constants = v.fixed->constants;
    bool isVocabulary = v.fixed->isVocabulary;
    if (over != overrides.end())
      v = fixedNumber(over->value, isWhole(over->value), v.range);
    v.fixed = std::make_shared<Static>(*v.fixed);
    v.fixed->word = size.name.text.str();
    v.fixed->constants = constants; // an override keeps what a vocabulary names
    v.fixed->isVocabulary = isVocabulary;
    for (auto &[word, at] : constants)
      if (double(at) >= v.fixed->number) {
        error("R0603", size.init ? size.init->range : size.name.range,
              "`" + word + "` is not below the size " + std::to_string(int64_t(v.fixed->number)));
        return false;
      }
    Instance::Entry entry;
    entry.state = Instance::Entry::Done;
    entry.value = v;
    instance.entries[size.name.text] = entry;
  }
  for (const Override &o : overrides)
    if (!instance.entries.count(o.name)) {
      std::string sizes;
      for (const ast::Size &size : decl->sizes)
        sizes += (sizes.empty() ? "`" : ", `") + size.name.text.str() + "`";
      error("R0402", decl->name.range, "`" + decl->name.text.str() + "` has no size `" + o.name + "` to override")
          .note(sizes.empty() ? "it has none" : "it has " + sizes);
      return false;
    }
  return true;
}

/// `vocab(N, unk = 0, ..)` and `labels(N)`: a size with named constants.
Value Elaborator::builtinSize(const ast::CallExpr *call, Env env) {
  Value v;
  for (auto [i, pass] : enumerate(call->args)) {
    auto n = staticInt(pass.value, env, "a size");
    if (!n)
      return {};
    if (i == 0 && !pass.name) {
      v = fixedNumber(double(*n), true, call->range);
      v.fixed->isVocabulary = true;
      continue;
    }
    if (!pass.name || i == 0) {
      error("R0403", pass.value->range, "one size first, then constants by name, as in `vocab(8000, unk = 0)`");
      return {};
    }
    if (*n < 0 || *n >= int64_t(v.fixed->number)) {
      error("R0603", pass.value->range,
            "`" + pass.name.text.str() + "` is not below the size " + std::to_string(int64_t(v.fixed->number)));
      return {};
    }
    if (!v.fixed->constants.try_emplace(pass.name.text.str(), *n).second) {
      error("R0404", pass.name.range, "`" + pass.name.text.str() + "` is defined twice");
      return {};
    }
  }
  if (!v.known())
    error("R0403", call->range, "a vocabulary has a size, as in `vocab(256)`");
  return v;
}

} // namespace rondo::eq
