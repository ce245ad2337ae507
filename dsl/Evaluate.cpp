// Statements evaluated: once for all their targets, on demand; quietly where only axes are wanted.
#include "dsl/Elaborate.h"

#include "llvm/ADT/ScopeExit.h"

using namespace llvm;

namespace rondo::eq {

/// Index variables of the left side, then the right side over them.
bool Elaborator::evaluate(StmtInstance &stmt, SmallVectorImpl<Var *> &indices, SmallVectorImpl<Value> &values) {
  ++nestedStatements;
  auto ends = scope_exit([&] { --nestedStatements; });
  auto targets = stmt.targets();
  auto sources = stmt.values();
  if (stmt.define && stmt.define->isDraw) {
    refuse(stmt.define->range, "draws (`~`), which come with training: a draw is a function of the trainer's step");
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
        error("R0205", index.range, "the axes of an array begin at 0")
            .suggest("shift the index and write the offset on the right");
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
      error("R0406", stmt.define->range,
            std::to_string(targets.size()) + " names for " +
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
      // Known before any axis is: said also by inference, or the axes that never come would be blamed.
      int inferring = std::exchange(quiet, 0);
      error("R0406", source->range, "one name for " + std::to_string(v.parts.size()) + " results")
          .suggest("give each a name, as in `h[t], c[t] = ..`");
      quiet = inferring;
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
  ++findings;
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
  if (value.type.element.kind == Kind::Int && beginsReal(local)) { // the rows promote to what stands outside
    value.body = program->toReal(value.body);
    value.type.element = Element::real();
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
    if (had.token) // what inference took it for is shown of every row
      whole = convert(whole, had, value.range, "`" + local.name.str() + "`");
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
        findings += local->leading.size() != indices.size();
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
          if (v.isData() && v.type.element.token) // of the rows nothing is known
            v.type.element = Element::integer();
        }
      bool last = (quiet == 1 || (trial && trial->guess)) && v.tag == Value::Unknown && !indices.empty();
      if (last)
        v = dummy({Element::real(), {}}, local->range);
      local->guessed = last;
      if (!v.isData())
        continue;
      Type type{v.type.element, {}};
      if (type.element.kind == Kind::Int && beginsReal(*local))
        type.element = Element::real();
      for (Var *var : indices)
        type.axes.push_back(var->axis);
      type.axes.append(v.type.axes);
      if (all_of(type.axes, [](const Axis &a) { return a.seq || a.size; })) {
        local->hint = type;
        ++findings;
      }
      if (trial && local->hint)
        (last ? trial->guessed : trial->inferred).push_back(&stmt);
    }
    if (quiet == 1)
      inferKinds(stmt);
  }
  --quiet;
  stmt.inferring = false;
  stmt.inferredAt = findings;
}

Value Elaborator::readPieces(Local &local, Range range) {
  std::vector<Value> pieces;
  for (auto [i, piece] : enumerate(local.pieces)) {
    if (!piece) {
      error("R0207", local.range, "`" + local.name.str() + "[" + std::to_string(i) + "]` is never defined");
      return {};
    }
    pieces.push_back(toData(read(*piece, range), range));
    if (!pieces.back().isData())
      return pieces.back();
  }
  // One kind for all: what is real in one piece is real in each, and only tokens of one kind stay tokens.
  Element element = pieces[0].type.element;
  for (auto [i, v] : enumerate(pieces)) {
    const Element &one = v.type.element;
    if ((one.kind == Kind::Bool) != (element.kind == Kind::Bool)) {
      error("R0501", local.pieces[i]->range,
            "a piece of `" + local.name.str() + "` is a truth value, another a number");
      return {};
    }
    if (one.kind == Kind::Real)
      element = Element::real();
    else if (element.token && !(one.token && one.bound.same(element.bound)))
      element = Element::integer();
  }
  Axis axis{nullptr, int64_t(pieces.size()), ""};
  Value result = pieces[0];
  result.type.element = element;
  result.type.axes.insert(result.type.axes.begin(), axis);
  result.vars.insert(result.vars.begin(), program->makeVar("l", axis, range));
  SmallVector<Expr *> places;
  for (Var *var : ArrayRef(result.vars).drop_front())
    places.push_back(program->index(var, range));
  for (auto [i, v] : enumerate(pieces)) {
    bool same = v.type.axes.size() == places.size();
    for (size_t n = 0; same && n < places.size(); ++n)
      same = v.type.axes[n].same(result.type.axes[n + 1]);
    if (!same) {
      error("R0203", local.pieces[i]->range, "the pieces of `" + local.name.str() + "` have different axes");
      return {};
    }
    Expr *one = i ? at(v, places) : v.body;
    if (element.kind == Kind::Real)
      one = program->toReal(one);
    Expr *here = program->binary(Op::Eq, program->index(result.vars[0], range), program->integer(i, range), range);
    result.body = i ? program->make(Op::Select, element, range, {here, one, result.body}) : one;
  }
  return result;
}

Value Elaborator::read(Local &local, Range range) {
  if (!local.pieces.empty())
    return withBoundary(local, local.ready ? local.value : readPieces(local, range));
  if (local.axis)
    return readAxis(local);
  if (local.ready || !local.stmt)
    return withBoundary(local, local.value);
  if (quiet) {
    if (!local.hint && !local.stmt->inferring && local.stmt->inferredAt != findings)
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

} // namespace rondo::eq
