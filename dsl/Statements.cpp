// The statements of one call: names declared first (order does not matter), loops unrolled, each evaluated on demand.
#include "dsl/Elaborate.h"

#include "llvm/ADT/ScopeExit.h"

using namespace llvm;

namespace rondo::eq {

/// Work on behalf of a fn happens where its call stands, whoever asks.
struct Elaborator::Context {
  Elaborator &e;
  SmallVector<const Var *, 8> context;
  SmallVector<Expr *, 8> guards;
  FnInstance *current;
  Context(Elaborator &e, FnInstance &fn) : e(e), context(e.context), guards(e.guards), current(e.current) {
    e.context.assign(fn.context.begin(), fn.context.end());
    e.guards.assign(fn.guards.begin(), fn.guards.end());
    e.current = &fn;
  }
  ~Context() {
    e.context = context;
    e.guards = guards;
    e.current = current;
  }
};

ArrayRef<ast::Target> StmtInstance::targets() const {
  return define ? define->targets : ArrayRef(result->results[resultIndex].target);
}

SmallVector<const ast::Expr *, 2> StmtInstance::values() const {
  if (define)
    return SmallVector<const ast::Expr *, 2>(define->values.begin(), define->values.end());
  return {result->results[resultIndex].value};
}

Local *Elaborator::declareLocal(FnInstance &fn, const ast::Target &target, StmtInstance *stmt, unsigned index, Env home) {
  locals.emplace_back();
  Local &local = locals.back();
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
    case ast::Stmt::Axis:
      refuse(s->range, "`axis` from a value");
      break;
    case ast::Stmt::Update:
      refuse(s->range, "`update`");
      break;
    case ast::Stmt::Where: break; // after all names are declared
    case ast::Stmt::For:
      declareFor(fn, cast<ast::ForStmt>(s), env, inLoop, home, rebound);
      break;
    case ast::Stmt::Define: {
      auto *define = cast<ast::DefineStmt>(s);
      stmtInstances.emplace_back();
      StmtInstance &stmt = stmtInstances.back();
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
              locals.emplace_back();
              whole = &locals.back();
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
        bool rebinds = outer && target.indices.empty() && !home->names.count(name);
        Local *local = declareLocal(fn, target, &stmt, i, rebinds ? nullptr : home);
        stmt.locals.push_back(local);
        if (rebinds && local)
          rebinding.push_back(local);
      }
      if (!rebinding.empty()) {
        frames.emplace_back();
        Frame *next = &frames.back();
        next->parent = env;
        next->self = env->self;
        next->fn = &fn;
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
  if (loop->over.last) {
    auto low = staticInt(loop->over.first, env, "the range of a loop");
    auto high = staticInt(loop->over.last, env, "the range of a loop");
    if (!low || !high)
      return;
    for (int64_t i = *low; i <= *high; ++i)
      turns.push_back(fixedNumber(double(i), true, loop->variable.range));
  } else {
    Value over = eval(loop->over.first, env);
    if (over.tag == Value::Poison)
      return;
    if (over.isFixed(Static::List))
      turns = over.fixed->list;
    else if (over.isNumber() && over.fixed->isInteger) {
      for (int64_t i = 0; i < int64_t(over.fixed->number); ++i)
        turns.push_back(fixedNumber(double(i), true, loop->variable.range));
    } else {
      error("R0504", loop->over.range, "a loop runs over a list or a number known at compile time, this is " + kindOf(over))
          .suggest("over a sequence, write an equation with an index instead");
      return;
    }
  }
  if (turns.size() > 1024) {
    error("R0504", loop->over.range, "a loop is unrolled; " + std::to_string(turns.size()) + " turns are too many");
    return;
  }
  if (lookup(loop->variable.text, env)) {
    error("R0404", loop->variable.range, "`" + loop->variable.text.str() + "` is visible here already");
    return;
  }
  for (Value &turn : turns) {
    frames.emplace_back();
    Frame *frame = &frames.back();
    frame->parent = env;
    frame->self = env->self;
    frame->fn = &fn;
    locals.emplace_back();
    Local &variable = locals.back();
    variable.name = loop->variable.text;
    variable.range = loop->variable.range;
    variable.value = turn;
    variable.isLoop = true;
    variable.ready = true;
    frame->names[variable.name] = &variable;
    Env inner = frame;
    SmallVector<std::pair<StringRef, Local *>> changed;
    declare(fn, loop->body, inner, frame, true, changed);
    if (changed.empty())
      continue;
    // What the turn rebound is seen by the next one, and after the loop.
    frames.emplace_back();
    Frame *next = &frames.back();
    next->parent = env;
    next->self = env->self;
    next->fn = &fn;
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

void Elaborator::declareBounds(FnInstance &fn, ArrayRef<ast::Bound> bounds, Env env) {
  for (const ast::Bound &bound : bounds) {
    Local *local = lookup(bound.array.text, env);
    if (!local || local->isIndex || (local->ready && !local->value.isData() && local->value.tag != Value::Unknown)) {
      error("R0401", bound.array.range, "there is no array `" + bound.array.text.str() + "` here to give a boundary");
      continue;
    }
    if (local->bounds.empty()) {
      program->boundaries.emplace_back();
      local->boundary = &program->boundaries.back();
      local->boundary->context.assign(fn.context.begin(), fn.context.end());
      fn.bounded.push_back(local);
    }
    local->bounds.push_back({&bound, env});
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
    // A boundary belongs to a name in its fn; the result has none.
    if (v.isData() && v.body->is(Op::Read) && v.body->boundary && v.body->array->role == Role::Equation &&
        all_of(v.vars, [&](Var *var) {
          return any_of(v.body->args, [&](Expr *a) { return a->is(Op::Index) && a->var == var; });
        }) &&
        all_of(v.body->boundary->positions, [&](unsigned k) { return v.body->args[k]->is(Op::Index); })) {
      v.body = program->clone(*v.body);
      v.body->boundary = nullptr;
    }
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
      error("R0406", fn.returns ? fn.returns->range : decl.value->range,
            std::to_string(plain) + " results, " + std::to_string(decl.results.size()) + " declared")
          .label(decl.head, "declared here");
      return false;
    }
    for (auto [i, declared] : enumerate(decl.results))
      if (!checkResult(fn, declared, results[i], ranges[i]))
        return false;
  }
  return true;
}

/// Index variables of the left side, then the right side over them.
bool Elaborator::evaluate(StmtInstance &stmt, SmallVectorImpl<Var *> &indices, SmallVectorImpl<Value> &values) {
  auto targets = stmt.targets();
  auto sources = stmt.values();
  if (stmt.define && stmt.define->isDraw) {
    refuse(stmt.define->range, "draws `~`");
    return false;
  }
  SmallVector<StringRef> names;
  auto isFixedIndex = [&](const ast::Index &index) {
    Local *l = lookup(index.name.text, stmt.env);
    return l && l->isLoop && l->value.isNumber();
  };
  for (const ast::Target &target : targets)
    for (const ast::Index &index : target.indices)
      if (!isFixedIndex(index) && !is_contained(names, index.name.text))
        names.push_back(index.name.text);
  Env scan = dummyFrame(names, stmt.env);
  Env frame = dummyFrame({}, stmt.env);
  SmallVector<StringRef> bound;
  for (const ast::Target &target : targets) {
    SmallVector<StringRef> own;
    for (auto [i, index] : enumerate(target.indices)) {
      if (i == 0 && isFixedIndex(index))
        continue;
      StringRef name = index.name.text;
      if (is_contained(own, name)) {
        error("R0404", index.range, "`" + name.str() + "` is bound twice");
        return false;
      }
      own.push_back(name);
      if (is_contained(bound, name))
        continue;
      if (&target != targets.begin()) {
        error("R0406", target.range, "the targets of one equation have the same indices");
        return false;
      }
      bound.push_back(name);
      IndexVar var = bindIndex(index, sources, scan, frame);
      if (!var.local)
        return false;
      if (var.first) {
        error("R0205", index.range, "the axes of an array begin at 0").suggest("shift the index and write the offset on the right");
        return false;
      }
      indices.push_back(const_cast<Var *>(var.local->var));
    }
    if (own.size() != bound.size()) {
      error("R0406", target.range, "the targets of one equation have the same indices");
      return false;
    }
  }
  size_t mark = context.size();
  context.append(indices.begin(), indices.end());
  auto leave = scope_exit([&] { context.truncate(mark); });
  if (sources.size() == 1 && targets.size() > 1) {
    Value v = eval(sources[0], frame);
    if (v.tag == Value::Poison)
      return false;
    if (v.tag == Value::Unknown) {
      values.append(targets.size(), v);
      return true;
    }
    if (v.tag != Value::Tuple || v.parts.size() != targets.size()) {
      error("R0406", stmt.define->range, std::to_string(targets.size()) + " names for " +
                                             (v.tag == Value::Tuple ? std::to_string(v.parts.size()) + " results" : "one value"));
      return false;
    }
    values.append(v.parts.begin(), v.parts.end());
    return true;
  }
  if (sources.size() != targets.size()) {
    error("R0406", stmt.define->range,
          std::to_string(targets.size()) + " names for " + std::to_string(sources.size()) + " values");
    return false;
  }
  for (const ast::Expr *source : sources) {
    Value v = eval(source, frame);
    if (v.tag == Value::Poison)
      return false;
    if (v.tag == Value::Tuple) {
      error("R0406", source->range, "one name for " + std::to_string(v.parts.size()) + " results");
      return false;
    }
    values.push_back(v);
  }
  return true;
}

void Elaborator::run(StmtInstance &stmt) {
  stmt.state = StmtInstance::Busy;
  Context swap(*this, *stmt.fn);
  SmallVector<Var *> indices;
  SmallVector<Value, 2> values;
  if (evaluate(stmt, indices, values))
    for (auto [local, value] : zip(stmt.locals, values))
      if (local)
        define(stmt, *local, indices, value);
  stmt.state = StmtInstance::Done;
}

void Elaborator::define(StmtInstance &stmt, Local &local, ArrayRef<Var *> indices, Value value) {
  if (value.tag == Value::Fixed && indices.empty() && !local.array) {
    local.value = value;
    local.ready = true;
    return;
  }
  value = toData(value, value.range);
  if (!value.isData()) {
    if (value.known())
      error("R0502", value.range, "an element of an array is a number, this is " + kindOf(value));
    return;
  }
  Type type{value.type.element, {}};
  SmallVector<Var *, 4> vars(indices.begin(), indices.end());
  for (Var *v : indices)
    type.axes.push_back(v->axis);
  vars.append(value.vars);
  type.axes.append(value.type.axes);
  Value whole = data(type, vars, value.body, value.range);
  if (!local.array && isCheap(whole)) {
    local.value = whole;
    local.ready = true;
    return;
  }
  Array *array = local.array;
  if (array) { // already read by itself, with the axes that inference found
    ArrayRef<Axis> guessed = ArrayRef(array->type.axes).drop_front(array->hidden);
    bool same = guessed.size() == type.axes.size();
    for (size_t i = 0; same && i < guessed.size(); ++i)
      same = guessed[i].same(type.axes[i]);
    Element had = array->type.element;
    if (had.kind == Kind::Real && type.element.kind == Kind::Int) {
      whole.body = program->toReal(whole.body);
      type.element = Element::real();
    }
    if (!same || had.kind != type.element.kind) {
      error("R0302", local.range, "the axes of `" + local.name.str() + "` cannot be told from its own recurrence")
          .label(value.range, describe(whole))
          .suggest("write its indices on the left, or the result types of the fn it calls");
      return;
    }
  } else
    array = newArray(local.name, {}, local.range);
  SmallVector<Axis, 4> axes;
  for (const Var *c : context)
    axes.push_back(c->axis);
  axes.append(type.axes);
  Element element = local.array ? array->type.element : type.element;
  array->type = {element, axes};
  array->hidden = context.size();
  array->vars.assign(context.begin(), context.end());
  array->vars.append(vars.begin(), vars.end());
  array->body = whole.body;
  array->guards.assign(guards.begin(), guards.end());
  array->range = local.range;
  local.array = array;
  local.value = aliasOf(array, context, local.range);
  local.ready = true;
}

/// The axes and kinds of a statement's targets, without making anything.
void Elaborator::infer(StmtInstance &stmt) {
  stmt.inferring = true;
  ++quiet;
  {
    Context swap(*this, *stmt.fn);
    SmallVector<Var *> indices;
    SmallVector<Value, 2> values;
    bool ok = evaluate(stmt, indices, values);
    for (auto [i, local] : enumerate(stmt.locals)) {
      if (!local || !ok)
        continue;
      if (all_of(indices, [](Var *v) { return v->axis.seq || v->axis.size; })) {
        local->leading.clear();
        for (Var *v : indices)
          local->leading.push_back(v->axis);
      }
      Value v = i < values.size() ? toData(values[i], local->range) : Value();
      if (v.tag == Value::Unknown)
        for (auto &[bound, env] : local->bounds) { // the value of a boundary has the axes of a row
          Value b = toData(eval(bound->value, env), bound->value->range);
          if (b.isData() && !b.type.axes.empty() && bound->at.size() == indices.size())
            v = b;
        }
      bool last = quiet == 1 && v.tag == Value::Unknown && !indices.empty();
      if (last)
        v = dummy({Element::real(), {}}, local->range);
      if (!v.isData())
        continue;
      Type type{v.type.element, {}};
      for (Var *var : indices)
        type.axes.push_back(var->axis);
      type.axes.append(v.type.axes);
      if (all_of(type.axes, [](const Axis &a) { return a.seq || a.size; }))
        local->hint = type;
    }
  }
  --quiet;
  stmt.inferring = false;
}

Value Elaborator::readPieces(Local &local, Range range) {
  Value result;
  Expr *body = nullptr;
  for (auto [i, piece] : enumerate(local.pieces)) {
    if (!piece) {
      error("R0207", local.range, "`" + local.name.str() + "[" + std::to_string(i) + "]` is never defined");
      return {};
    }
    Value v = toData(read(*piece, range), range);
    if (!v.isData())
      return v;
    if (!result.isData()) {
      Axis axis{nullptr, int64_t(local.pieces.size()), ""};
      result = v;
      result.type.axes.insert(result.type.axes.begin(), axis);
      result.vars.insert(result.vars.begin(), program->makeVar("l", axis, range));
      body = v.body;
      continue;
    }
    SmallVector<Expr *> places;
    for (Var *var : ArrayRef(result.vars).drop_front())
      places.push_back(program->index(var, range));
    bool same = v.type.axes.size() + 1 == result.type.axes.size();
    for (size_t n = 0; same && n < v.type.axes.size(); ++n)
      same = v.type.axes[n].same(result.type.axes[n + 1]);
    if (!same) {
      error("R0203", piece->range, "the pieces of `" + local.name.str() + "` have different axes");
      return {};
    }
    Expr *here = program->binary(Op::Eq, program->index(result.vars[0], range), program->integer(i, range), range);
    body = program->make(Op::Select, body->element, range, {here, at(v, places), body});
  }
  result.body = body;
  return result;
}

Value Elaborator::read(Local &local, Range range) {
  if (!local.pieces.empty())
    return readPieces(local, range);
  if (local.ready || !local.stmt)
    return withBoundary(local, local.value);
  if (quiet) {
    if (!local.hint && !local.stmt->inferring)
      infer(*local.stmt);
    return local.hint ? dummy(*local.hint, range) : Value::unknown();
  }
  if (local.stmt->state == StmtInstance::Todo) {
    run(*local.stmt);
    return local.ready ? withBoundary(local, local.value) : Value();
  }
  if (local.stmt->state == StmtInstance::Done)
    return {};
  if (!local.array) {
    if (!local.hint)
      infer(*local.stmt);
    if (!local.hint) {
      // Another mistake hides the axes, too: this is said only if nothing else is.
      if (!axesUnknown)
        axesUnknown = {&local, range};
      failed = true;
      return {};
    }
    Context swap(*this, *local.stmt->fn);
    Type type = *local.hint;
    SmallVector<Axis, 4> axes;
    for (const Var *c : context)
      axes.push_back(c->axis);
    axes.append(type.axes);
    local.array = newArray(local.name, {type.element, axes}, local.range);
    local.array->hidden = context.size();
  }
  return withBoundary(local, aliasOf(local.array, local.stmt->fn->context, range));
}

Value Elaborator::withBoundary(Local &local, Value value) {
  if (!local.boundary || !value.isData())
    return value;
  Boundary &b = *local.boundary;
  value.body = rewrite(*program, value.body, [&](Expr *e) -> Expr * {
    if (!e->is(Op::Read) || e->boundary)
      return e;
    SmallVector<unsigned, 4> positions;
    for (Var *v : value.vars) {
      for (auto [i, a] : enumerate(e->args))
        if (a->is(Op::Index) && a->var == v) {
          positions.push_back(i);
          break;
        }
    }
    if (positions.size() != value.vars.size())
      return e;
    b.positions = positions;
    e = program->clone(*e);
    e->boundary = &b;
    return e;
  });
  return value;
}

void Elaborator::fillBoundaries(FnInstance &fn) {
  Context swap(*this, fn);
  for (Local *local : fn.bounded) {
    Type type;
    if (local->array)
      type = {local->array->type.element, withoutFirst(local->array->type.axes, local->array->hidden)};
    else if (local->value.isData())
      type = local->value.type;
    else
      continue;
    for (auto &[bound, env] : local->bounds) {
      Boundary::Entry entry;
      entry.range = bound->range;
      bool ok = bound->at.size() <= type.axes.size();
      if (!ok)
        error("R0202", bound->range, "`" + local->name.str() + "` has " + std::to_string(type.axes.size()) + " axes");
      for (const ast::Expr *at : bound->at) {
        entry.at.push_back(at ? scalarInt(at, env, "a boundary") : nullptr);
        ok &= !at || entry.at.back();
      }
      Value v = ok ? toData(eval(bound->value, env), bound->value->range) : Value();
      if (!v.isData())
        continue;
      Type row{type.element, withoutFirst(type.axes, bound->at.size())};
      bool same = v.type.axes.size() == row.axes.size();
      for (size_t i = 0; same && i < row.axes.size(); ++i)
        same = row.axes[i].same(v.type.axes[i]);
      if (!same && !(v.type.axes.empty() && v.body->is(Op::Const))) {
        error("R0203", bound->value->range, "the boundary of `" + local->name.str() + "` has other axes than its rows")
            .label(bound->value->range, describe(v))
            .label(local->range, "a row has " + describe(dummy(row, {})));
        continue;
      }
      v = convert(v, type.element.token ? Element::integer() : type.element, bound->value->range, "the boundary");
      if (!v.isData())
        continue;
      if (!isCheap(v))
        v = materialise(v, local->name.str() + ".before", bound->range);
      entry.vars = v.vars;
      // Within its own boundary a name has none: what is read there is inside.
      entry.value = rewrite(*program, v.body, [&](Expr *e) -> Expr * {
        if (!e->is(Op::Read) || e->boundary != local->boundary)
          return e;
        e = program->clone(*e);
        e->boundary = nullptr;
        return e;
      });
      local->boundary->entries.push_back(entry);
    }
  }
}

} // namespace rondo::eq
