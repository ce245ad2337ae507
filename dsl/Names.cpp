#include "dsl/Names.h"

#include "dsl/Elaborate.h"
#include "dsl/Habits.h"

using namespace llvm;

namespace rondo::eq {

namespace {
using Scope = SmallVector<StringRef, 16>;

class NameChecker {
public:
  NameChecker(ArrayRef<const ast::File *> files, Diagnostics &diagnostics) : diagnostics(diagnostics) {
    for (const ast::File *file : files) {
      for (const ast::LayerDecl *layer : file->layers)
        layers[layer->name.text] = layer;
      for (const ast::FnDecl *fn : file->fns)
        fns[fn->name.text] = fn;
    }
  }

  void check(const ast::File &file) {
    StringMap<Range> seen;
    auto once = [&](const ast::Name &name) {
      auto [it, fresh] = seen.try_emplace(name.text, name.range);
      if (!fresh)
        diagnostics.error("R0404", name.range, "`" + name.text.str() + "` is defined twice")
            .label(it->second, "first here");
    };
    for (const ast::LayerDecl *layer : file.layers)
      once(layer->name);
    for (const ast::FnDecl *fn : file.fns)
      once(fn->name);
    for (const ast::LayerDecl *layer : file.layers)
      checkLayer(*layer);
    for (const ast::FnDecl *fn : file.fns)
      checkFn(*fn, {});
  }

private:
  Diagnostics &diagnostics;
  StringMap<const ast::LayerDecl *> layers;
  StringMap<const ast::FnDecl *> fns;
  const ast::LayerDecl *self = nullptr;
  /// The indices that binders of the present equation have bound and let go.
  struct Bound {
    StringRef index, word;
    Range binder;
  };
  SmallVector<Bound, 4> bound;
  Scope later;           // the sizes of a layer whose defaults are being read
  bool inResult = false; // within the type of a fn's result

  bool knownAnywhere(StringRef name) const {
    return layers.count(name) || fns.count(name) || isBuiltin(name) || name == "true" || name == "false" ||
           name == "batch" || name == "training";
  }

  void unknown(StringRef name, Range range, const Scope &scope, const char *what) {
    auto &d = diagnostics.error("R0401", range, std::string("there is no ") + what + "`" + name.str() + "` here");
    for (const Bound &b : reverse(bound))
      if (b.index == name && b.word != "count" && b.word != "any" && b.word != "all") {
        d.label(b.binder, "bound only here");
        d.suggest("the operand of `" + b.word.str() + "` stops at `+`, `-` and comparisons: put it in parentheses, `" +
                  b.word.str() + "(" + name.str() + ") (.. + ..)`");
        return;
      }
    if (is_contained(later, name)) {
      d.suggest("a default may use the sizes before it: declare `" + name.str() + "` first");
      return;
    }
    if (inResult && name.size() < 3) {
      d.suggest("an axis of a result is one of the inputs', or made in the body: `axis " + name.str() + " = ..`");
      return;
    }
    if (StringRef help = habitHelp(name); name.size() > 1 && !help.empty()) { // `T` may well be an axis
      d.suggest(help.str());
      return;
    }
    SmallVector<StringRef> words(scope.begin(), scope.end());
    append_range(words, layers.keys());
    append_range(words, fns.keys());
    append_range(words, scalarFunctions());
    d.suggest(didYouMean(name, words));
  }

  void checkLayer(const ast::LayerDecl &layer) {
    self = &layer;
    Scope scope;
    for (const ast::Size &size : layer.sizes)
      later.push_back(size.name.text);
    for (const ast::Size &size : layer.sizes) {
      if (size.init)
        checkExpr(size.init, scope);
      scope.push_back(size.name.text);
    }
    later.clear();
    for (const ast::Member *m : layer.members) {
      if (auto *cell = dyn_cast<ast::CellDecl>(m))
        for (const ast::Name &name : cell->names)
          scope.push_back(name.text);
      else if (auto *setting = dyn_cast<ast::SettingDecl>(m))
        scope.push_back(setting->name.text);
      else if (auto *bind = dyn_cast<ast::BindDecl>(m))
        for (const ast::Name &name : bind->names)
          scope.push_back(name.text);
    }
    StringMap<Range> fnNames, exported, sizes;
    for (const ast::Size &size : layer.sizes) {
      auto [it, fresh] = sizes.try_emplace(size.name.text, size.name.range);
      if (!fresh)
        diagnostics.error("R0404", size.name.range, "`" + size.name.text.str() + "` is defined twice")
            .label(it->second, "first here");
    }
    auto member = [&](StringRef name) { // another than a fn
      if (auto it = sizes.find(name); it != sizes.end())
        return it->second;
      for (const ast::Member *m : layer.members) {
        ArrayRef<ast::Name> names;
        if (auto *cell = dyn_cast<ast::CellDecl>(m))
          names = cell->names;
        else if (auto *bind = dyn_cast<ast::BindDecl>(m))
          names = bind->names;
        for (const ast::Name &other : names)
          if (other.text == name)
            return other.range;
      }
      return Range();
    };
    for (const ast::Member *m : layer.members) {
      if (auto *cell = dyn_cast<ast::CellDecl>(m)) {
        for (const ast::Axis &axis : cell->type.axes)
          checkExpr(axis.size, scope);
        if (cell->type.tokens)
          checkExpr(cell->type.tokens, scope);
        static const StringRef words[] = {"glorot", "orthogonal"};
        auto *call = dyn_cast_or_null<ast::CallExpr>(cell->init);
        auto *name = dyn_cast_or_null<ast::NameExpr>(call ? call->callee : cell->init);
        if (cell->init && !(name && is_contained(words, name->name)))
          checkExpr(cell->init, scope);
      } else if (auto *setting = dyn_cast<ast::SettingDecl>(m))
        checkExpr(setting->value, scope);
      else if (auto *require = dyn_cast<ast::RequireDecl>(m))
        checkExpr(require->condition, scope);
      else if (auto *bind = dyn_cast<ast::BindDecl>(m))
        for (const ast::Expr *value : bind->values)
          checkExpr(value, scope);
      else if (auto *fn = dyn_cast<ast::FnDecl>(m)) {
        auto [it, fresh] = fnNames.try_emplace(fn->name.text, fn->head);
        if (!fresh)
          diagnostics
              .error("R0404", fn->head,
                     fn->name ? "`" + fn->name.text.str() + "` is defined twice" : "a layer has one unnamed fn")
              .label(it->second, "first here");
        else if (Range other = fn->name ? member(fn->name.text) : Range())
          diagnostics.error("R0404", fn->name.range, "`" + fn->name.text.str() + "` is defined twice")
              .label(other, "first here");
        checkFn(*fn, scope);
      } else if (auto *decl = dyn_cast<ast::ExportDecl>(m)) {
        auto [it, fresh] = exported.try_emplace(decl->name.text, decl->name.range);
        if (!fresh)
          diagnostics.error("R0404", decl->name.range, "`" + decl->name.text.str() + "` is exported twice")
              .label(it->second, "first here");
        checkExportName(*decl, layer);
        bool found = any_of(layer.members, [&](const ast::Member *other) {
          auto *fn = dyn_cast<ast::FnDecl>(other);
          return fn && fn->name && fn->name.text == decl->fn.text;
        });
        if (!found) {
          Scope own;
          for (const ast::Member *other : layer.members)
            if (auto *fn = dyn_cast<ast::FnDecl>(other); fn && fn->name)
              own.push_back(fn->name.text);
          unknown(decl->fn.text, decl->fn.range, own, "fn ");
        }
      }
    }
    self = nullptr;
  }

  /// A library calls an export's function and its structs <model>_f, <model>_f_in, <model>_f_out, beside functions and
  /// types that every library has (codegen/library/Names.cpp refuses the same, for programs from elsewhere).
  void checkExportName(const ast::ExportDecl &decl, const ast::LayerDecl &layer) {
    static const StringRef always[] = {"abi",   "manifest", "open",        "open_memory",  "save",     "close",
                                       "model", "session",  "session_new", "session_free", "selftest", "limits"};
    StringRef name = decl.name.text;
    if (is_contained(always, name)) {
      diagnostics
          .error("R0409", decl.name.range,
                 "`" + decl.name.text.str() + "` cannot be exported: every library has a function or type of this name")
          .suggest("give the fn another name");
      return;
    }
    for (const ast::Member *m : layer.members) {
      auto *other = dyn_cast<ast::ExportDecl>(m);
      if (other &&
          (other->name.text.str() + "_in" == decl.name.text || other->name.text.str() + "_out" == decl.name.text))
        diagnostics
            .error("R0409", decl.name.range,
                   "`" + decl.name.text.str() + "` cannot be exported beside `" + other->name.text.str() +
                       "`: in C, its struct is called so")
            .label(other->name.range, "exported here")
            .suggest("give one of the two fns another name");
    }
  }

  void checkType(const ast::Type &type, Scope &scope, bool variables) {
    for (const ast::Axis &axis : type.axes) {
      for (const ast::Expr *bound : {axis.least, axis.most})
        if (bound)
          checkExpr(bound, scope);
      auto *name = dyn_cast<ast::NameExpr>(axis.size);
      if (variables && name && !is_contained(scope, name->name)) {
        scope.push_back(name->name);
        continue;
      }
      checkExpr(axis.size, scope);
    }
    if (type.tokens)
      checkExpr(type.tokens, scope);
  }

  void declareTargets(ArrayRef<ast::Stmt *> stmts, Scope &scope) {
    for (const ast::Stmt *s : stmts) {
      if (auto *define = dyn_cast<ast::DefineStmt>(s))
        for (const ast::Target &target : define->targets)
          scope.push_back(target.name.text);
      else if (auto *axis = dyn_cast<ast::AxisStmt>(s))
        scope.push_back(axis->name.text);
      else if (auto *result = dyn_cast<ast::ReturnStmt>(s)) {
        for (const ast::Result &r : result->results)
          if (r.target.name && !r.target.indices.empty())
            scope.push_back(r.target.name.text);
      } else if (auto *loop = dyn_cast<ast::ForStmt>(s)) {
        // A piece `new[l] = ..` makes an array of the fn; other names stay in the turn.
        for (const ast::Stmt *inner : loop->body)
          if (auto *define = dyn_cast<ast::DefineStmt>(inner))
            for (const ast::Target &target : define->targets)
              if (!target.indices.empty() && target.indices[0].name.text == loop->variable.text)
                scope.push_back(target.name.text);
      }
    }
  }

  void checkFn(const ast::FnDecl &fn, Scope scope) {
    Scope types = scope;
    for (const ast::Arg &arg : fn.args) {
      checkType(arg.type, types, true);
      if (arg.init)
        checkExpr(arg.init, types);
      types.push_back(arg.name.text);
    }
    scope = types;
    declareTargets(fn.body, scope);
    for (const ast::Type &type : fn.results)
      inResult = true, checkType(type, scope, false), inResult = false;
    bound.clear();
    if (fn.value)
      checkExpr(fn.value, scope);
    checkStmts(fn.body, scope);
  }

  void checkBounds(ArrayRef<ast::Bound> bounds, Scope &scope) {
    for (const ast::Bound &b : bounds) {
      if (!is_contained(scope, b.array.text))
        unknown(b.array.text, b.array.range, scope, "array ");
      for (const ast::Expr *at : b.at)
        if (at)
          checkExpr(at, scope);
      checkExpr(b.value, scope);
    }
  }

  void checkTargets(ArrayRef<ast::Target> targets, ArrayRef<const ast::Expr *> values, Scope &scope) {
    Scope inner = scope;
    for (const ast::Target &target : targets)
      for (const ast::Index &index : target.indices) {
        checkRange(index.over, scope);
        inner.push_back(index.name.text);
      }
    for (const ast::Expr *value : values)
      checkExpr(value, inner);
  }

  void checkStmts(ArrayRef<ast::Stmt *> stmts, Scope &scope) {
    for (const ast::Stmt *s : stmts) {
      bound.clear();
      switch (s->kind) {
      case ast::Stmt::Define: {
        auto *define = cast<ast::DefineStmt>(s);
        SmallVector<const ast::Expr *> values(define->values.begin(), define->values.end());
        checkTargets(define->targets, values, scope);
        checkBounds(define->bounds, scope);
        break;
      }
      case ast::Stmt::Axis:
        checkExpr(cast<ast::AxisStmt>(s)->value, scope);
        break;
      case ast::Stmt::Update:
        checkExpr(cast<ast::UpdateStmt>(s)->value, scope);
        break;
      case ast::Stmt::Where:
        checkBounds(cast<ast::WhereStmt>(s)->bounds, scope);
        break;
      case ast::Stmt::For: {
        auto *loop = cast<ast::ForStmt>(s);
        checkRange(loop->over, scope);
        Scope inner = scope;
        inner.push_back(loop->variable.text);
        declareTargets(loop->body, inner);
        checkStmts(loop->body, inner);
        break;
      }
      case ast::Stmt::Return: {
        auto *result = cast<ast::ReturnStmt>(s);
        for (const ast::Result &r : result->results)
          checkTargets(r.target, {r.value}, scope);
        checkBounds(result->bounds, scope);
        break;
      }
      }
    }
  }

  void checkRange(const ast::IndexRange &range, Scope &scope) {
    if (range.first)
      checkExpr(range.first, scope);
    if (range.last)
      checkExpr(range.last, scope);
  }

  void checkExpr(const ast::Expr *e, Scope &scope) {
    if (!e)
      return;
    switch (e->kind) {
    case ast::Expr::Number:
      return;
    case ast::Expr::Name: {
      StringRef name = cast<ast::NameExpr>(e)->name;
      if (!is_contained(scope, name) && !knownAnywhere(name))
        unknown(name, e->range, scope, "");
      return;
    }
    case ast::Expr::Unary:
      return checkExpr(cast<ast::UnaryExpr>(e)->operand, scope);
    case ast::Expr::Binary:
      checkExpr(cast<ast::BinaryExpr>(e)->lhs, scope);
      return checkExpr(cast<ast::BinaryExpr>(e)->rhs, scope);
    case ast::Expr::Compare:
      for (const ast::Expr *o : cast<ast::CompareExpr>(e)->operands)
        checkExpr(o, scope);
      return;
    case ast::Expr::If:
      checkExpr(cast<ast::IfExpr>(e)->condition, scope);
      checkExpr(cast<ast::IfExpr>(e)->then, scope);
      return checkExpr(cast<ast::IfExpr>(e)->otherwise, scope);
    case ast::Expr::Binder: {
      auto *b = cast<ast::BinderExpr>(e);
      size_t mark = scope.size();
      for (const ast::Index &index : b->indices) {
        checkRange(index.over, scope);
        // Softmax binds nothing; that its index is bound is checked with the axes.
        scope.push_back(index.name.text);
      }
      checkExpr(b->condition, scope);
      checkExpr(b->body, scope);
      scope.truncate(mark);
      for (const ast::Index &index : b->indices)
        bound.push_back({index.name.text, spelling(b->binder), b->range});
      return;
    }
    case ast::Expr::Call: {
      auto *call = cast<ast::CallExpr>(e);
      if (auto *name = dyn_cast<ast::NameExpr>(call->callee)) {
        bool ownFn = self && any_of(self->members, [&](const ast::Member *m) {
                       auto *fn = dyn_cast<ast::FnDecl>(m);
                       return fn && fn->name.text == name->name;
                     });
        if (!ownFn && !is_contained(scope, name->name) && !knownAnywhere(name->name)) {
          Scope all = scope;
          if (self)
            for (const ast::Member *m : self->members)
              if (auto *fn = dyn_cast<ast::FnDecl>(m); fn && fn->name)
                all.push_back(fn->name.text);
          unknown(name->name, name->range, all, "fn or layer ");
        }
      } else
        checkExpr(call->callee, scope);
      for (const ast::Pass &pass : call->args)
        checkExpr(pass.value, scope);
      return;
    }
    case ast::Expr::Subscript: {
      auto *s = cast<ast::SubscriptExpr>(e);
      checkExpr(s->base, scope);
      for (const ast::Expr *at : s->subscripts)
        checkExpr(at, scope);
      return;
    }
    case ast::Expr::Member:
      return checkExpr(cast<ast::MemberExpr>(e)->base, scope);
    case ast::Expr::List:
      for (const ast::Expr *o : cast<ast::ListExpr>(e)->elements)
        checkExpr(o, scope);
      return;
    case ast::Expr::ListFor: {
      auto *list = cast<ast::ListForExpr>(e);
      checkRange(list->over, scope);
      scope.push_back(list->variable.text);
      checkExpr(list->element, scope);
      scope.pop_back();
      return;
    }
    }
  }
};
} // namespace

bool checkNames(ArrayRef<const ast::File *> files, Diagnostics &diagnostics) {
  unsigned before = diagnostics.errors();
  NameChecker(files, diagnostics).check(*files.back());
  return diagnostics.errors() == before;
}

} // namespace rondo::eq
