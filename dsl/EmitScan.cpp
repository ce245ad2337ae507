// Recurrences: slices of what is outside, carries with their beginnings (chains for lags beyond one), pasts, stacks.
#include "dsl/Emitter.h"

#include "llvm/ADT/SmallPtrSet.h"

using namespace llvm;
using namespace mlir;

namespace rondo::eq {

SmallVector<const Group *, 2> Emitter::groupsOf(const Array &array) {
  SmallVector<const Group *, 2> result;
  for (const ScanScope &scope : scopes)
    if (scope.group->has(&array))
      result.push_back(scope.group);
  return result;
}

static void eachRead(const Array &a, llvm::function_ref<void(Expr *)> f) {
  auto visit = [&](const Expr *e) {
    if (e->is(Op::Read))
      f(const_cast<Expr *>(e));
    return true;
  };
  walk(a.body, visit);
  for (Expr *g : a.guards)
    walk(g, visit);
}

void Emitter::emit(const std::vector<Group> &groups) {
  allGroups = &groups;
  for (const Group &group : groups)
    if (!failed)
      emitGroup(group);
}

void Emitter::emitGroup(const Group &group) {
  if (group.recurrent)
    return emitScan(group);
  const Array &array = *group.arrays[0];
  mlir::Value value = emitArray(array);
  if (!value) {
    if (!failed)
      refuse(array.range, "this equation");
    return;
  }
  // The innermost recurrence it belongs to has its value of this step.
  for (ScanScope &scope : reverse(scopes))
    if (scope.group->has(&array)) {
      for (ScanScope &each : scopes)
        if (each.group->has(&array))
          each.current[&array] = value;
      return;
    }
  values[&array] = value;
  for (const Sequence &seq : program.sequences)
    if (seq.value == &array) {
      std::string most =
          seq.bound.seq ? normalAxis("(" + seq.bound.seq->name + ")-1") : std::to_string(seq.bound.size - 1);
      AxisOp::create(b, loc(seq.where), seq.name, value, most);
    }
}

/// Whether a read from outside is of the last row that the recurrence makes.
bool Emitter::isLastRow(const Group &group, const Expr *read) {
  const Expr *at = read->args[group.time.lookup(read->array)];
  if (group.reverse)
    return asInteger(at) == 0;
  return at->is(Op::Sub) && at->args[0]->is(Op::Length) && at->args[0]->seq == group.axis &&
         asInteger(at->args[1]) == 1;
}

Emitter::Need Emitter::needOf(const Group &group, const Array &array) {
  Need need;
  for (const Array &other : program.arrays) {
    if (!other.body)
      continue;
    bool inside = group.has(&other);
    auto visit = [&](Expr *e) {
      if (e->array != &array)
        return;
      // Of no step, the last row is what this name has before the first; the last carry is what the recurrence has.
      bool begins = group.axis->least == 0 && !e->outside.empty();
      if (!inside)
        (isLastRow(group, e) && scopes.empty() && !begins ? need.last : need.stack) = true;
      else if (!offsetOf(program, group, other, e))
        need.past = true;
    };
    eachRead(other, visit);
  }
  for (const Output &o : program.outputs)
    need.stack |= o.array == &array;
  need.stack |= need.past;
  // A stack serves for the last row, too.
  need.last &= !need.stack;
  // Within an outer recurrence everything of the step may be asked for later on.
  for (const ScanScope &scope : scopes)
    need.stack |= scope.group->has(&array);
  return need;
}

/// One chain of carries for each name by which earlier steps are read, as long as the largest lag.
void Emitter::planChains(ScanScope &scope) {
  const Group &group = *scope.group;
  for (Array *a : group.arrays) {
    reader = a;
    eachRead(*a, [&](Expr *e) {
      if (!group.has(e->array))
        return;
      auto offset = offsetOf(program, group, *a, e);
      if (!offset || *offset == 0)
        return;
      // An outer recurrence carries it already.
      for (const ScanScope &outer : scopes)
        if (outer.group->has(e->array)) {
          auto there = offsetOf(program, *outer.group, *a, e);
          if (!there || *there != 0)
            return;
        }
      unsigned lag = std::abs(*offset);
      for (auto &chain : scope.chains)
        if (chain.array == e->array && chain.name == e->boundary) {
          chain.lags = std::max(chain.lags, lag);
          return;
        }
      scope.chains.push_back({e->array, e->boundary, lag, {}, {}});
    });
  }
}

/// What stands at `lag` steps before the first.
mlir::Value Emitter::beginning(const ScanScope &scope, const ScanScope::Chain &chain, unsigned lag) {
  const Group &group = *scope.group;
  const Array &array = *chain.array;
  const Var *time = array.vars[group.time.lookup(&array)];
  Range range = array.range;
  Expr *place = program.integer(-int64_t(lag), range);
  if (group.reverse)
    place = program.binary(Op::Add, program.length(group.axis, range), program.integer(int64_t(lag) - 1, range), range);
  Substitution map;
  map[time] = place;
  enter(array);
  Vars dims;
  for (const Var *v : array.vars)
    if (v != time && !is_contained(steps, v))
      dims.push_back(v);
  SmallVector<Outside> cases; // the last is all that remains: elsewhere nothing is read, as was proved
  for (auto &[name, outside] : array.before) {
    for (const Outside &o : outside) {
      if (name != chain.name || (!cases.empty() && !cases.back().when))
        continue;
      Expr *when = o.when ? substitute(program, o.when, map) : nullptr;
      if (when && prover.impossible({when}))
        continue;
      // First, because rows up to an outer step are known by the reads as they were written.
      Expr *value = substitute(program, normalise(program, array, o.value, groupsOf(array)), map);
      if (array.type.element.kind == Kind::Real)
        value = program.toReal(value);
      cases.push_back({when && !prover.holds(when, {}) ? when : nullptr, value});
    }
  }
  if (!cases.empty()) {
    Expr *value = cases.pop_back_val().value;
    for (const Outside &o : reverse(cases))
      value = program.make(Op::Select, array.type.element, range, {o.when, o.value, value});
    value = normalise(program, array, value, groupsOf(array));
    return emitOver(value, dims, {}, value->range);
  }
  return zeros(typeOf(dims, element(array.type.element)), range); // proved never to be read
}

/// What is read from outside at exactly the step becomes a slice.
void Emitter::planSlices(ScanScope &scope) {
  const Group &group = *scope.group;
  size_t level = scopes.size(); // only what encloses this recurrence
  for (Array *a : group.arrays) {
    reader = a;
    const Var *time = a->vars[group.time.lookup(a)];
    // A time that is an enclosing one's cannot be.
    auto visit = [&](Expr *e) {
      if (group.has(e->array))
        return;
      if (none_of(e->args, [&](Expr *at) { return at->is(Op::Index) && at->var == time; }))
        return;
      steps.clear();
      Operand operand = resolve(e, level);
      if (!operand || operand.past)
        return;
      for (auto [dim, at] : enumerate(operand.places)) {
        auto type = cast<RankedTensorType>(operand.value.getType());
        if (!at->is(Op::Index) || at->var != time || rondo::axisOf(type, dim) != group.axis->name)
          continue;
        if (none_of(scope.slices, [&](const ScanScope::Slice &s) { return s.whole == operand.value && s.dim == dim; }))
          scope.slices.push_back({operand.value, unsigned(dim), {}});
        break;
      }
    };
    eachRead(*a, visit);
  }
}

static bool hasInner(const Group &group, const Sequence *axis) {
  return any_of(group.inner,
                [&](const Group &inner) { return inner.recurrent && (inner.axis == axis || hasInner(inner, axis)); });
}

/// The number of each position, to run over where the name of the axis would be an inner recurrence's step; or nothing.
mlir::Value Emitter::positions(const Group &group) {
  if (!hasInner(group, group.axis))
    return {};
  Range range = group.arrays[0]->range;
  const Var *v = program.makeVar("i", {group.axis, 0, ""}, range);
  return emitMap(program.index(v, range), {v}, {}, range);
}

mlir::Value Emitter::hiddenStep(const Var *step) {
  for (auto [i, scope] : enumerate(scopes))
    if (reader->vars[scope.group->time.lookup(reader)] == step &&
        any_of(drop_begin(scopes, i + 1), [&](const ScanScope &inner) { return inner.axis == scope.axis; }))
      return scope.position;
  return {};
}

/// The arrays of which the scan gives more than the last row, as its results.
SmallVector<const Array *> Emitter::addStacks(const Group &group, ArrayRef<Need> needs, ScanParts &parts) {
  SmallVector<const Array *> stacked;
  for (auto [a, need] : zip(group.arrays, needs)) {
    if (!need.stack)
      continue;
    // The axes of enclosing recurrences are gone in their bodies.
    Vars dims;
    for (auto [i, v] : enumerate(a->vars)) {
      bool outer = any_of(scopes, [&](const ScanScope &s) { return s.group->has(a) && s.group->time.lookup(a) == i; });
      if (!outer)
        dims.push_back(v);
    }
    parts.stackDims.push_back(find(dims, a->vars[group.time.lookup(a)]) - dims.begin());
    parts.stacks.push_back(typeOf(dims, element(a->type.element)));
    if (need.past)
      parts.pasts.push_back({unsigned(stacked.size()), {}});
    stacked.push_back(a);
  }
  return stacked;
}

/// The body of a scan whose scope is the last.
bool Emitter::emitSteps(const Group &group, ScanOp scan, ArrayRef<const Array *> stacked) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(&scan.getBlock());
  for (const Group &inner : group.inner) {
    emitGroup(inner);
    if (failed)
      return false;
  }
  SmallVector<mlir::Value> yields;
  const ScanScope &own = scopes.back();
  for (const auto &chain : own.chains) {
    yields.push_back(own.current.lookup(chain.array));
    for (unsigned lag = 1; lag < chain.lags; ++lag)
      yields.push_back(chain.carried[lag - 1]);
  }
  for (const Array *a : stacked)
    yields.push_back(own.current.lookup(a));
  YieldOp::create(b, scan.getLoc(), yields);
  return true;
}

void Emitter::emitScan(const Group &group) {
  ScanScope scope;
  scope.group = &group;
  scope.axis = group.axis->name;
  planChains(scope);
  planSlices(scope);
  if (failed)
    return;
  SmallVector<Need> needs;
  for (Array *a : group.arrays) {
    Need need = needOf(group, *a);
    // A last row is the last carry of one step.
    if (need.last && none_of(scope.chains, [&](auto &c) { return c.array == a; }))
      scope.chains.push_back({a, nullptr, 1, {}, {}});
    needs.push_back(need);
  }
  Range range = group.arrays[0]->range;
  ScanParts parts;
  parts.axis = scope.axis;
  parts.reverse = group.reverse;
  for (const auto &slice : scope.slices) {
    parts.over.push_back(slice.whole);
    parts.sliceDims.push_back(slice.dim);
  }
  if (mlir::Value numbers = positions(group)) {
    parts.over.push_back(numbers);
    parts.sliceDims.push_back(0);
  }
  for (auto &chain : scope.chains)
    for (unsigned lag = 1; lag <= chain.lags; ++lag) {
      mlir::Value init = beginning(scope, chain, lag);
      if (!init) {
        if (!failed)
          refuse(chain.array->range, "how this recurrence begins");
        return;
      }
      chain.init.push_back(init);
      parts.init.push_back(init);
    }
  SmallVector<const Array *> stacked = addStacks(group, needs, parts);
  reader = group.arrays[0];
  auto scan = ScanOp::create(b, loc(range), parts);
  for (auto [slice, arg] : zip(scope.slices, scan.getSliceArgs()))
    slice.slice = arg;
  if (parts.over.size() > scope.slices.size())
    scope.position = scan.getSliceArgs().back();
  auto carry = scan.getCarryArgs().begin();
  for (auto &chain : scope.chains)
    for (unsigned lag = 0; lag < chain.lags; ++lag)
      chain.carried.push_back(*carry++);
  auto past = scan.getPastArgs().begin();
  for (auto [a, need] : zip(group.arrays, needs))
    if (need.past)
      scope.pasts[a] = *past++;
  scopes.push_back(std::move(scope));
  if (!emitSteps(group, scan, stacked))
    return;
  ScanScope done = std::move(scopes.back());
  scopes.pop_back();
  size_t index = 0;
  for (const auto &chain : done.chains) {
    for (auto [a, need] : zip(group.arrays, needs))
      if (a == chain.array && need.last)
        lastRows[a] = scan.getLast()[index];
    index += chain.lags;
  }
  for (auto [a, value] : zip(stacked, scan.getStacked())) {
    bool inner = false;
    for (ScanScope &outer : scopes)
      if (outer.group->has(a)) {
        outer.current[a] = value;
        inner = true;
      }
    if (!inner)
      values[a] = value;
  }
}

} // namespace rondo::eq
