// Sizes, instances and parameters: everything of a model that is known before any fn is.
#include "dsl/Elaborate.h"

#include <cmath>

using namespace llvm;

namespace rondo::eq {

SmallVector<StringRef> namesOf(const Instance &instance) {
  SmallVector<StringRef> names;
  append_range(names, instance.entries.keys());
  for (const ast::Member *member : instance.decl->members)
    if (auto *fn = dyn_cast<ast::FnDecl>(member); fn && fn->name)
      names.push_back(fn->name.text);
  return names;
}

const ast::FnDecl *Instance::fn(StringRef name) const {
  for (const ast::Member *m : decl->members)
    if (auto *fn = dyn_cast<ast::FnDecl>(m); fn && fn->name.text == name)
      return fn;
  return nullptr;
}

Elaborator::Elaborator(ArrayRef<const ast::File *> files, Diagnostics &diagnostics)
    : diagnostics(diagnostics), scratch(std::make_unique<Program>()) {
  file = files.back()->source;
  for (const ast::File *f : files) {
    Known &known = f->source == file ? own : library;
    for (const ast::LayerDecl *layer : f->layers)
      known.layers[layer->name.text] = layer;
    for (const ast::FnDecl *fn : f->fns)
      known.fns[fn->name.text] = fn;
  }
  program = scratch.get();
}

const ast::LayerDecl *Elaborator::layerNamed(StringRef name, Range at) const {
  const ast::LayerDecl *layer = at.source == file ? own.layers.lookup(name) : nullptr;
  return layer ? layer : library.layers.lookup(name);
}

const ast::FnDecl *Elaborator::fnNamed(StringRef name, Range at) const {
  const ast::FnDecl *fn = at.source == file ? own.fns.lookup(name) : nullptr;
  return fn ? fn : library.fns.lookup(name);
}

Elaborator::Env Elaborator::frameOf(Instance &instance) {
  Frame &frame = frames.emplace_back();
  frame.self = &instance;
  return &frame;
}

bool Elaborator::instantiate(Model &m, const ast::LayerDecl *decl, ArrayRef<Override> overrides) {
  model = &m;
  m.decl = decl;
  failed = false;
  for (auto [i, o] : enumerate(overrides)) {
    bool twice = any_of(overrides.take_front(i), [&](const Override &other) { return other.name == o.name; });
    if (!twice && std::isfinite(o.value))
      continue;
    error("R0403", decl->name.range, "`" + o.name + "` is given " + (twice ? "twice" : "no number"));
    return false;
  }
  m.root = makeInstance(decl, {}, nullptr, "", decl->name.range, overrides);
  return m.root && !failed;
}

Instance *Elaborator::makeInstance(const ast::LayerDecl *decl, ArrayRef<ast::Pass> args, Env env, std::string path,
                                   Range range, ArrayRef<Override> overrides) {
  unsigned deep = 0;
  for (Instance *i = env ? env->self : nullptr; i; i = i->parent, ++deep)
    if (i->decl == decl) {
      error("R0405", range, "`" + decl->name.text.str() + "` contains itself");
      return nullptr;
    }
  if (deep == 256 || model->instances.size() == 10000) {
    error("R0408", range,
          deep == 256 ? "layers are nested more than 256 deep" : "this model is made of more than 10000 layers");
    return nullptr;
  }
  model->instances.emplace_back();
  Instance &instance = model->instances.back();
  instance.decl = decl;
  instance.path = path;
  instance.where = range;
  instance.parent = env ? env->self : nullptr;
  if (!giveSizes(instance, args, env, overrides))
    return nullptr;

  auto add = [&](const ast::Name &name, const ast::Member *member, unsigned index) {
    Instance::Entry entry;
    entry.member = member;
    entry.index = index;
    auto [it, fresh] = instance.entries.try_emplace(name.text, entry);
    if (!fresh) {
      auto &d =
          error("R0404", name.range, "`" + name.text.str() + "` is defined twice in `" + decl->name.text.str() + "`");
      if (it->second.member)
        d.label(it->second.member->range, "first here");
    }
  };
  for (const ast::Member *m : decl->members) {
    if (auto *cell = dyn_cast<ast::CellDecl>(m))
      for (auto [i, name] : enumerate(cell->names))
        add(name, m, i);
    else if (auto *setting = dyn_cast<ast::SettingDecl>(m))
      add(setting->name, m, 0);
    else if (auto *bind = dyn_cast<ast::BindDecl>(m))
      for (auto [i, name] : enumerate(bind->names))
        add(name, m, i);
  }
  finish(instance);
  return &instance;
}

/// Everything is made in the order written, so that parameters have a stable order and every mistake is seen.
void Elaborator::finish(Instance &instance) {
  Env own = frameOf(instance);
  for (const ast::Member *m : instance.decl->members) {
    if (auto *cell = dyn_cast<ast::CellDecl>(m); cell && cell->cell != ast::CellKind::State) {
      for (const ast::Name &name : cell->names)
        member(instance, name.text, name.range);
    } else if (auto *bind = dyn_cast<ast::BindDecl>(m)) {
      for (const ast::Name &name : bind->names)
        member(instance, name.text, name.range);
    } else if (auto *require = dyn_cast<ast::RequireDecl>(m)) {
      Value v = eval(require->condition, own);
      if (v.tag == Value::Poison)
        continue;
      if (!v.isFixed(Static::Truth)) {
        error("R0504", require->condition->range, "a requirement is about sizes");
      } else if (!v.fixed->number) {
        auto &d = error("R0204", instance.where ? instance.where : require->range,
                        "`" + instance.decl->name.text.str() + "` requires " + quoted(require->condition));
        d.label(require->range, "required here");
        std::string sizes;
        for (const ast::Size &size : instance.decl->sizes) {
          Value s = member(instance, size.name.text, {});
          if (s.isNumber())
            sizes += (sizes.empty() ? "" : ", ") + size.name.text.str() + " = " +
                     (s.fixed->isInteger ? std::to_string(int64_t(s.fixed->number)) : std::to_string(s.fixed->number));
        }
        d.note("here " + sizes);
      }
    }
  }
}

bool Elaborator::hasMember(Instance &instance, StringRef name) const { return instance.entries.count(name); }

Value Elaborator::member(Instance &instance, StringRef name, Range range) {
  auto it = instance.entries.find(name);
  if (it == instance.entries.end())
    return {};
  Instance::Entry &entry = it->second;
  if (entry.state == Instance::Entry::Busy) {
    error("R0405", range, "`" + name.str() + "` is made of itself");
    return {};
  }
  if (entry.state == Instance::Entry::Todo) {
    entry.state = Instance::Entry::Busy;
    // Members do not depend on where they are asked for.
    FnInstance *saved = current;
    Program *own = program;
    int wasQuiet = quiet;
    current = nullptr;
    quiet = 0;
    program = scratch.get();
    if (auto *cell = dyn_cast<ast::CellDecl>(entry.member))
      makeCell(instance, entry, cell);
    else if (auto *bind = dyn_cast<ast::BindDecl>(entry.member)) {
      std::string path = instance.path.empty() ? name.str() : instance.path + "." + name.str();
      if (bind->values.size() != bind->names.size())
        error("R0406", bind->range,
              std::to_string(bind->names.size()) + " names for " + std::to_string(bind->values.size()) + " values");
      else
        entry.value = evalMember(bind->values[entry.index], frameOf(instance), path);
    }
    current = saved;
    program = own;
    quiet = wasQuiet;
    entry.state = Instance::Entry::Done;
  }
  if (isa_and_nonnull<ast::SettingDecl>(entry.member)) {
    refuse(range, "settings, which a trainer changes");
    return {};
  }
  if (entry.cell) {
    Value v = aliasOf(entry.cell, {}, range);
    v.range = range;
    return v;
  }
  if (auto *cell = dyn_cast_or_null<ast::CellDecl>(entry.member); cell && cell->cell == ast::CellKind::State) {
    refuse(range, "state, which training updates");
    return {};
  }
  Value v = entry.value;
  v.range = range;
  return v;
}

/// What stands behind `name =` in a layer: a layer called with its sizes, a list of them, or a size.
Value Elaborator::evalMember(const ast::Expr *e, Env env, const std::string &path) {
  auto listOf = [&](std::vector<Value> elements) {
    Value v = Value::known(Static::List, e->range);
    v.fixed->list = std::move(elements);
    return v;
  };
  if (auto *call = dyn_cast<ast::CallExpr>(e))
    if (auto *name = dyn_cast<ast::NameExpr>(call->callee))
      if (const ast::LayerDecl *layer = layerNamed(name->name, name->range)) {
        if (layer->isModel) {
          error("R0407", name->range, "`" + name->name.str() + "` is a model; only layers are made inside others");
          return {};
        }
        Instance *made = makeInstance(layer, call->args, env, path, call->range);
        if (!made)
          return {};
        Value v = Value::known(Static::InstanceOf, e->range);
        v.fixed->instance = made;
        return v;
      }
  if (auto *list = dyn_cast<ast::ListExpr>(e)) {
    std::vector<Value> elements;
    for (auto [i, element] : enumerate(list->elements)) {
      elements.push_back(evalMember(element, env, path + "." + std::to_string(i)));
      if (elements.back().tag == Value::Poison)
        return {};
    }
    return listOf(std::move(elements));
  }
  if (auto *list = dyn_cast<ast::ListForExpr>(e)) {
    int64_t first = 0, count = 0;
    auto end = staticInt(list->over.first, env, "the range of a list");
    if (!end)
      return {};
    if (list->over.last) {
      auto last = staticInt(list->over.last, env, "the range of a list");
      if (!last)
        return {};
      first = *end;
      count = *last - *end + 1;
    } else
      count = *end;
    if (count > 1024) {
      error("R0504", list->over.range, "a list of " + std::to_string(count) + " is too long");
      return {};
    }
    std::vector<Value> elements;
    for (int64_t i = 0; i < count; ++i) {
      Frame *turn = frameIn(env);
      Range range = list->variable.range;
      turn->names[list->variable.text] = &makeLocal(list->variable.text, range, fixedNumber(first + i, true, range));
      elements.push_back(evalMember(list->element, turn, path + "." + std::to_string(i)));
      if (elements.back().tag == Value::Poison)
        return {};
    }
    return listOf(std::move(elements));
  }
  Value v = eval(e, env);
  if (v.tag != Value::Poison && v.tag != Value::Fixed) {
    error("R0504", e->range, "outside a fn only sizes and instances are defined, this is " + kindOf(v));
    return {};
  }
  return v;
}

void Elaborator::makeCell(Instance &instance, Instance::Entry &entry, const ast::CellDecl *decl) {
  if (decl->cell == ast::CellKind::State)
    return; // refused where it is read
  Env env = frameOf(instance);
  Type type;
  double count = 1;
  for (const ast::Axis &axis : decl->type.axes) {
    auto a = axisOf(axis.size, env);
    if (!a || !checkAxisBounds(axis, *a, env, axis.range))
      return;
    type.axes.push_back(*a);
    count *= double(a->size);
  }
  if (count > 0x1p40) {
    error("R0504", decl->type.range, "an array of so many numbers fits nowhere");
    return;
  }
  auto element = elementOf(decl->type, env);
  if (!element)
    return;
  type.element = *element;
  const ast::Name &name = decl->names[entry.index];
  if (decl->cell == ast::CellKind::Param && type.element.kind != Kind::Real) {
    error("R0503", name.range, "a parameter is real, `" + name.text.str() + "` is " + type.element.str())
        .suggest("declare it `const`");
    return;
  }
  Array cell;
  cell.role = decl->cell == ast::CellKind::Param ? Role::Param : Role::Const;
  cell.name = instance.path.empty() ? name.text.str() : instance.path + "." + name.text.str();
  cell.type = type;
  cell.range = name.range;
  if (!decl->init && decl->cell == ast::CellKind::Param) {
    cell.init = "glorot"; // a matrix without a word about it begins as most do
    if (type.axes.size() < 2)
      cell.init = "constant", cell.initArgs = {0};
  } else if (!decl->init)
    cell.init = "supplied";
  else if (!cellInit(cell, decl->init, env))
    return;
  model->cells.push_back(cell);
  entry.cell = &model->cells.back();
}

bool Elaborator::cellInit(Array &cell, const ast::Expr *init, Env env) {
  static const StringMap<unsigned> known = {{"glorot", 0}, {"orthogonal", 0}, {"normal", 1}, {"uniform", 2}};
  StringRef word;
  ArrayRef<ast::Pass> args;
  if (auto *name = dyn_cast<ast::NameExpr>(init))
    word = name->name;
  else if (auto *call = dyn_cast<ast::CallExpr>(init))
    if (auto *name = dyn_cast<ast::NameExpr>(call->callee)) {
      word = name->name;
      args = call->args;
    }
  bool whole = cell.type.element.kind != Kind::Real;
  auto wrong = [&] {
    error("R0504", init->range,
          whole ? "a table of " + cell.type.element.str() + " begins as one such number, or comes with the weights"
                : "a parameter begins as a number, `glorot`, `orthogonal`, `normal(d)` or `uniform(a, b)`");
    return false;
  };
  if (auto it = known.find(word); it != known.end() && !hasMember(*env->self, word)) {
    if (whole)
      return wrong();
    if (args.size() != it->second) {
      static const char *const forms[] = {"no numbers", "one number, `normal(deviation)`", "two, `uniform(low, high)`"};
      error("R0403", init->range, "`" + word.str() + "` takes " + forms[it->second]);
      return false;
    }
    cell.init = word.str();
    for (const ast::Pass &pass : args) {
      Value v = eval(pass.value, env);
      if (!v.isNumber()) {
        if (v.tag != Value::Poison)
          error("R0504", pass.value->range, "a number known at compile time is expected");
        return false;
      }
      cell.initArgs.push_back(v.fixed->number);
    }
    return true;
  }
  if (isa<ast::ListExpr>(init))
    return wrong();
  Value v = eval(init, env);
  if (v.tag == Value::Poison)
    return false;
  const Element &element = cell.type.element;
  bool fits = element.kind == Kind::Bool ? v.isFixed(Static::Truth) : v.isNumber();
  if (fits && element.kind == Kind::Int)
    fits = v.fixed->isInteger &&
           (!element.token || (v.fixed->number >= 0 && v.fixed->number < double(element.bound.size)));
  if (!fits)
    return wrong();
  cell.init = "constant";
  cell.initArgs = {v.fixed->number};
  return true;
}

} // namespace rondo::eq
