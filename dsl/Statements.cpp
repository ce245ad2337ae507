// The statements of one call: names declared first (order does not matter), loops unrolled.
#include "dsl/Elaborate.h"

#include "llvm/ADT/ScopeExit.h"

using namespace llvm;

namespace rondo::eq {

ArrayRef<ast::Target> StmtInstance::targets() const {
  return define ? define->targets : ArrayRef(result->results[resultIndex].target);
}

SmallVector<const ast::Expr *, 2> StmtInstance::values() const {
  if (define)
    return SmallVector<const ast::Expr *, 2>(define->values.begin(), define->values.end());
  return {result->results[resultIndex].value};
}

/// Said once for each export; what remains of it is then passed over.
bool Elaborator::tooMany(Range range) {
  if (stmtInstances.size() + fnInstances.size() - inlinedBefore <= mostInlined)
    return false;
  if (reported.insert({"inlined", program}).second) {
    int saying = std::exchange(quiet, 0);
    error("R0408", range, "this fn comes to more than " + std::to_string(mostInlined) + " calls and statements")
        .suggest("calls are inlined and loops unrolled, one within the other");
    quiet = saying;
  }
  return true;
}

Frame *Elaborator::frameIn(Env parent) {
  Frame &frame = frames.emplace_back();
  frame.parent = parent;
  frame.self = parent->self;
  frame.fn = parent->fn;
  return &frame;
}

Local &Elaborator::makeLocal(StringRef name, Range range, Value value) {
  Local &local = locals.emplace_back();
  local.name = name;
  local.range = range;
  local.value = std::move(value);
  local.ready = true;
  return local;
}

Local *Elaborator::declareLocal(FnInstance &fn, const ast::Target &target, StmtInstance *stmt, unsigned index,
                                Env home) {
  Local &local = locals.emplace_back();
  local.name = target.name.text;
  local.range = target.name.range;
  local.stmt = stmt;
  local.target = index;
  if (home && !home->names.try_emplace(local.name, &local).second) {
    Local *other = home->names[local.name];
    error("R0404", local.range, "`" + local.name.str() + "` is defined twice")
        .label(other->range, "first here")
        .suggest("each name is defined once; only in a loop may a name be bound again");
    return nullptr;
  }
  return &local;
}

/// `env` is what the next statement sees: it grows by rebinding. `home` takes the names that have no order.
void Elaborator::declare(FnInstance &fn, ArrayRef<ast::Stmt *> stmts, Env &env, Env home, bool inLoop,
                         SmallVectorImpl<std::pair<StringRef, Local *>> &rebound) {
  for (const ast::Stmt *s : stmts) {
    switch (s->kind) {
    case ast::Stmt::Axis: {
      auto *axis = cast<ast::AxisStmt>(s);
      Local *local = declareLocal(fn, {axis->name, {}, axis->range}, nullptr, 0, home);
      if (!local)
        break;
      local->axis = axis;
      local->env = env;
      local->fn = &fn;
      fn.axes.push_back(local);
      break;
    }
    case ast::Stmt::Update:
      refuse(s->range, "`update`");
      break;
    case ast::Stmt::Where:
      break; // after all names are declared
    case ast::Stmt::For:
      declareFor(fn, cast<ast::ForStmt>(s), env, inLoop, home, rebound);
      break;
    case ast::Stmt::Define: {
      auto *define = cast<ast::DefineStmt>(s);
      StmtInstance &stmt = stmtInstances.emplace_back();
      stmt.define = define;
      stmt.env = env;
      stmt.fn = &fn;
      fn.stmts.push_back(&stmt);
      SmallVector<Local *> rebinding;
      for (auto [i, target] : enumerate(define->targets)) {
        StringRef name = target.name.text;
        // `new[l] = ..` where l is known: one piece of an array that the loop covers.
        if (!target.indices.empty()) {
          Local *first = lookup(target.indices[0].name.text, env);
          if (first && first->isLoop && first->value.isNumber()) {
            Frame *outer = fn.root;
            Local *&whole = outer->names[name];
            if (!whole) {
              whole = &locals.emplace_back();
              whole->name = name;
              whole->range = target.name.range;
            }
            int64_t at = int64_t(first->value.fixed->number);
            if (at < 0 || at > 4096 || (whole->stmt || whole->ready)) {
              error("R0404", target.range, "`" + name.str() + "` cannot be defined at " + std::to_string(at));
              continue;
            }
            if (whole->pieces.size() <= size_t(at))
              whole->pieces.resize(at + 1, nullptr);
            Local *piece = declareLocal(fn, target, &stmt, i, nullptr);
            if (whole->pieces[at])
              error("R0404", target.range, "`" + name.str() + "[" + std::to_string(at) + "]` is defined twice")
                  .label(whole->pieces[at]->range, "first here");
            whole->pieces[at] = piece;
            stmt.locals.push_back(piece);
            continue;
          }
        }
        Local *outer = inLoop ? lookup(name, env) : nullptr;
        if (outer && !target.indices.empty() && !home->names.count(name)) {
          error("R0404", target.range, "`" + name.str() + "` is visible here already")
              .suggest("in a loop only plain names are bound again, `" + name.str() +
                       " = ..`: give this array a name of its own, and then bind that");
          continue;
        }
        bool rebinds = outer && target.indices.empty() && !home->names.count(name);
        Local *local = declareLocal(fn, target, &stmt, i, rebinds ? nullptr : home);
        stmt.locals.push_back(local);
        if (rebinds && local)
          rebinding.push_back(local);
      }
      if (!rebinding.empty()) {
        Frame *next = frameIn(env);
        for (Local *local : rebinding) {
          next->names[local->name] = local;
          rebound.push_back({local->name, local});
        }
        env = next;
      }
      break;
    }
    case ast::Stmt::Return: {
      auto *result = cast<ast::ReturnStmt>(s);
      if (fn.returns) {
        error("R0406", s->range, "a fn returns once").label(fn.returns->range, "first here");
        break;
      }
      if (inLoop) {
        error("R0406", s->range, "a loop is unrolled; `return` stands after it");
        break;
      }
      fn.returns = result;
      fn.returnEnv = env;
      for (auto [i, r] : enumerate(result->results)) {
        fn.returnStmts.push_back(nullptr);
        if (!r.target.name || r.target.indices.empty())
          continue;
        stmtInstances.emplace_back();
        StmtInstance &stmt = stmtInstances.back();
        stmt.result = result;
        stmt.resultIndex = i;
        stmt.env = env;
        stmt.fn = &fn;
        stmt.locals.push_back(declareLocal(fn, r.target, &stmt, 0, home));
        fn.stmts.push_back(&stmt);
        fn.returnStmts.back() = &stmt;
      }
      break;
    }
    }
  }
  for (const ast::Stmt *s : stmts) {
    if (auto *define = dyn_cast<ast::DefineStmt>(s))
      declareBounds(fn, define->bounds, env);
    else if (auto *where = dyn_cast<ast::WhereStmt>(s))
      declareBounds(fn, where->bounds, env);
    else if (auto *result = dyn_cast<ast::ReturnStmt>(s))
      declareBounds(fn, result->bounds, env);
  }
}

void Elaborator::declareFor(FnInstance &fn, const ast::ForStmt *loop, Env &env, bool inLoop, Env home,
                            SmallVectorImpl<std::pair<StringRef, Local *>> &rebound) {
  std::vector<Value> turns;
  auto count = [&](int64_t first, int64_t last) {
    if (last - first >= 1024) {
      error("R0504", loop->over.range,
            "a loop is unrolled; " + std::to_string(last - first + 1) + " turns are too many");
      return false;
    }
    for (int64_t i = first; i <= last; ++i)
      turns.push_back(fixedNumber(double(i), true, loop->variable.range));
    return true;
  };
  if (loop->over.last) {
    auto low = staticInt(loop->over.first, env, "the range of a loop");
    auto high = staticInt(loop->over.last, env, "the range of a loop");
    if (!low || !high || !count(*low, *high))
      return;
  } else {
    Value over = eval(loop->over.first, env);
    if (over.tag == Value::Poison)
      return;
    if (over.isFixed(Static::List))
      turns = over.fixed->list;
    else if (over.isNumber() && over.fixed->isInteger) {
      if (!count(0, int64_t(over.fixed->number) - 1))
        return;
    } else {
      error("R0504", loop->over.range,
            "a loop runs over a list or a number known at compile time, this is " + kindOf(over))
          .suggest("over a sequence runs an index, and a recurrence names its earlier value: `h[t] = f(x[t], h[t-1])   "
                   "where h[-1] = "
                   "0`");
      return;
    }
  }
  if (lookup(loop->variable.text, env)) {
    error("R0404", loop->variable.range, "`" + loop->variable.text.str() + "` is visible here already");
    return;
  }
  for (Value &turn : turns) {
    if (tooMany(loop->range))
      return;
    Frame *frame = frameIn(env);
    Local &variable = makeLocal(loop->variable.text, loop->variable.range, turn);
    variable.isLoop = true;
    frame->names[variable.name] = &variable;
    Env inner = frame;
    SmallVector<std::pair<StringRef, Local *>> changed;
    declare(fn, loop->body, inner, frame, true, changed);
    if (changed.empty())
      continue;
    // What the turn rebound is seen by the next one, and after the loop.
    Frame *next = frameIn(env);
    for (auto &[name, local] : changed) {
      if (frame->names.count(name))
        continue;
      next->names[name] = local;
      if (!home->names.count(name))
        rebound.push_back({name, local});
    }
    env = next;
  }
}

bool Elaborator::prepareBody(FnInstance &fn) {
  if (fn.decl->value)
    return true;
  bool before = failed;
  failed = false;
  Env env = fn.root;
  SmallVector<std::pair<StringRef, Local *>> rebound;
  declare(fn, fn.decl->body, env, fn.root, false, rebound);
  boundPieces(fn);
  bool ok = !failed;
  failed |= before;
  if (ok && !fn.returns) {
    error("R0406", fn.decl->head, "this fn returns nothing").suggest("end it with `return ..`");
    return false;
  }
  return ok;
}

bool Elaborator::runBody(FnInstance &fn, std::vector<Value> &results, std::vector<std::string> *names) {
  bool ok = true;
  if (!quiet)
    for (Local *axis : fn.axes)
      ok &= readAxis(*axis).known();
  if (!quiet)
    for (StmtInstance *stmt : fn.stmts) {
      if (stmt->state == StmtInstance::Todo)
        run(*stmt);
      for (Local *local : stmt->locals)
        ok &= local && local->ready;
    }
  SmallVector<Range> ranges;
  if (fn.decl->value) {
    results.push_back(eval(fn.decl->value, fn.root));
    ranges.push_back(fn.decl->value->range);
    if (names)
      names->push_back("");
  } else
    for (auto [i, r] : enumerate(fn.returns->results)) {
      bool named = r.target.name && r.target.indices.empty();
      if (named && !names) // `weight = ..` is for the trainer
        continue;
      if (StmtInstance *stmt = fn.returnStmts[i]) {
        if (!stmt->locals[0])
          return false;
        results.push_back(read(*stmt->locals[0], r.value->range));
      } else
        results.push_back(eval(r.value, fn.returnEnv));
      ranges.push_back(r.value->range);
      if (names)
        names->push_back(r.target.name.text.str());
    }
  for (Value &v : results) {
    ok &= v.tag != Value::Poison;
    v = withoutBoundary(v);
  }
  if (!quiet)
    fillBoundaries(fn);
  if (!ok)
    return false;
  const ast::FnDecl &decl = *fn.decl;
  size_t plain = results.size();
  if (names)
    plain = count_if(*names, [&](const std::string &n) { return n.empty(); }) +
            count_if(fn.returnStmts, [](StmtInstance *s) { return s != nullptr; });
  if (!quiet && decl.hasResults) {
    if (decl.results.size() != plain) {
      auto isNamed = [](const ast::Result &r) { return r.target.name && r.target.indices.empty(); };
      auto counted = [](size_t n) { return std::to_string(n) + (n == 1 ? " result" : " results"); };
      Diagnostic &wrong = error("R0406", fn.returns ? fn.returns->range : decl.value->range,
                                counted(plain) + ", " + std::to_string(decl.results.size()) + " declared");
      if (fn.returns && any_of(fn.returns->results, isNamed))
        wrong.suggest(
            "`name = ..` without subscripts is a value for training and no result: write what is returned alone");
      wrong.label(decl.head, "declared here");
      return false;
    }
    for (auto [i, declared] : enumerate(decl.results))
      if (!checkResult(fn, declared, results[i], ranges[i]))
        return false;
  }
  return true;
}

} // namespace rondo::eq
