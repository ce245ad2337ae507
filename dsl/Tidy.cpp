#include "dsl/Tidy.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringMap.h"

#include <set>

using namespace llvm;

namespace rondo::eq {

static Expr *bind(Program &p, Expr *e);

bool isOutside(const Expr *at, const Axis &axis) {
  if (auto n = asInteger(at))
    return *n < 0 || (!axis.seq && *n >= axis.size);
  if (at->is(Op::Add) && asInteger(at->args[1]).value_or(-1) >= 0)
    at = at->args[0];
  return axis.seq && at->is(Op::Length) && at->seq == axis.seq;
}

/// The condition under which the read leaves its array along one of the axes that a boundary speaks of.
static Expr *leaves(Program &p, const Expr *read, ArrayRef<unsigned> positions) {
  Expr *any = p.truth(false, read->range);
  for (unsigned k : positions) {
    Expr *at = read->args[k];
    const Axis &axis = read->array->type.axes[k];
    if (at->is(Op::Index) && at->var->axis.same(axis))
      continue;
    Expr *before = p.binary(Op::Lt, at, p.integer(0, at->range), at->range);
    Expr *behind = p.binary(Op::Le, p.extent(axis, at->range), at, at->range);
    any = p.binary(Op::Or, any, p.binary(Op::Or, before, behind, at->range), at->range);
  }
  return any;
}

static SmallVector<Outside, 1> outsideOf(Program &p, const Boundary &b, const Expr *read) {
  SmallVector<Outside, 1> result;
  Substitution outer;
  // The leading subscripts of an array made in this fn stand for the variables of where it stands.
  for (auto [i, v] : enumerate(b.context))
    outer[v] = i < read->array->hidden ? read->args[i] : p.index(v, read->range);
  for (const Boundary::Entry &entry : b.entries) {
    Outside o;
    bool surely = false;
    for (auto [k, at] : enumerate(entry.at)) {
      if (!at)
        continue;
      Expr *place = substitute(p, at, outer);
      Expr *same = p.binary(Op::Eq, read->args[b.positions[k]], place, read->range);
      o.when = o.when ? p.binary(Op::And, o.when, same, read->range) : same;
      surely |= isOutside(place, read->array->type.axes[b.positions[k]]);
    }
    if (o.when && !surely) // `x[0, _]`, or `x[2]` of a sequence that may end before
      o.when =
          p.binary(Op::And, o.when, leaves(p, read, ArrayRef(b.positions).take_front(entry.at.size())), read->range);
    Substitution map = outer;
    for (auto [k, v] : enumerate(entry.vars))
      map[v] = read->args[b.positions[entry.at.size() + k]];
    o.value = bind(p, substitute(p, entry.value, map)); // which may itself read something with a boundary
    if (!o.when || !o.when->is(Op::Const) || o.when->value)
      result.push_back(o);
  }
  return result;
}

static Expr *bind(Program &p, Expr *e) {
  return rewrite(p, e, [&](Expr *n) -> Expr * {
    if (!n->is(Op::Read) || !n->boundary)
      return n;
    const Boundary &b = *n->boundary;
    Array &a = *n->array;
    n = p.clone(*n);
    bool inside = all_of(b.positions, [&](unsigned k) {
      const Axis &axis = a.type.axes[k];
      if (auto at = asInteger(n->args[k]))
        return *at >= 0 && !axis.seq && *at < axis.size;
      return n->args[k]->is(Op::Index) && n->args[k]->var->axis.same(axis);
    });
    if (!inside)
      n->outside = outsideOf(p, b, n);
    if (a.body && !is_contained(make_first_range(a.before), &b)) {
      SmallVector<Expr *> own;
      for (const Var *v : a.vars)
        own.push_back(p.index(v, n->range));
      a.before.push_back({&b, {}});
      a.before.back().second = outsideOf(p, b, p.read(&a, own, n->range));
    }
    return n;
  });
}

void bindBoundaries(Program &program) {
  for (Array &a : program.arrays) {
    if (!a.body)
      continue;
    a.body = bind(program, a.body);
    for (Expr *&g : a.guards)
      g = bind(program, g);
  }
}

void dropUnread(Program &program) {
  SmallPtrSet<const Array *, 32> live;
  SmallVector<const Array *> work;
  auto add = [&](const Array *a) {
    if (live.insert(a).second)
      work.push_back(a);
  };
  for (const Output &o : program.outputs)
    add(o.array);
  while (!work.empty()) {
    const Array *a = work.pop_back_val();
    auto visit = [&](const Expr *e) {
      if (e->is(Op::Read))
        add(e->array);
      return true;
    };
    walk(a->body, visit);
    for (const Expr *g : a->guards)
      walk(g, visit);
    for (auto &[name, outside] : a->before)
      for (const Outside &o : outside)
        walk(o.value, visit);
    eachLength(*a, add);
  }
  for (Array &a : program.arrays)
    if (a.role == Role::Equation && !live.count(&a))
      a.body = nullptr; // stays where it is: expressions point at it
}

/// A variable of an array, by its number.
using Place = std::pair<const Array *, unsigned>;

/// The variables of where an array stands that it does not depend on.
static std::set<Place> findFree(const Program &program) {
  std::set<Place> free;
  for (const Array &a : program.arrays)
    for (unsigned i = 0; a.body && i < a.hidden; ++i)
      free.insert({&a, i});
  // Everything is taken for free until a use shows otherwise.
  for (bool changed = true; changed;) {
    changed = false;
    for (const Array &a : program.arrays) {
      if (!a.body || !a.hidden)
        continue;
      auto visit = [&](auto &self, const Expr *e) -> void {
        if (!e)
          return;
        if (e->is(Op::Index))
          for (unsigned i = 0; i < a.hidden; ++i)
            if (a.vars[i] == e->var && free.erase({&a, i}))
              changed = true;
        for (auto [i, arg] : enumerate(e->args))
          if (!e->is(Op::Read) || !free.count({e->array, unsigned(i)}))
            self(self, arg);
        for (const Outside &o : e->outside) {
          self(self, o.when);
          self(self, o.value);
        }
      };
      visit(visit, a.body);
      for (auto &[name, outside] : a.before)
        for (const Outside &o : outside) {
          visit(visit, o.when);
          visit(visit, o.value);
        }
    }
  }
  return free;
}

void dropContext(Program &program) {
  std::set<Place> free = findFree(program);
  auto drop = [&](Expr *e) {
    return rewrite(program, e, [&](Expr *n) -> Expr * {
      if (!n->is(Op::Read) || !n->array->body)
        return n;
      SmallVector<Expr *, 3> kept;
      for (auto [i, arg] : enumerate(n->args))
        if (!free.count({n->array, unsigned(i)}))
          kept.push_back(arg);
      if (kept.size() == n->args.size())
        return n;
      n = program.clone(*n);
      n->args = kept;
      return n;
    });
  };
  for (Array &a : program.arrays) {
    if (!a.body)
      continue;
    a.body = drop(a.body);
    for (auto &[name, outside] : a.before)
      for (Outside &o : outside) {
        o.when = drop(o.when);
        o.value = drop(o.value);
      }
    SmallVector<const Var *> gone;
    for (unsigned i = 0; i < a.hidden; ++i)
      if (free.count({&a, i}))
        gone.push_back(a.vars[i]);
    SmallVector<Expr *, 2> guards;
    for (Expr *g : a.guards) {
      g = drop(g);
      // A guard on where it stands says nothing about what does not depend on that.
      if (none_of(freeVars(g), [&](const Var *v) { return is_contained(gone, v); }))
        guards.push_back(g);
    }
    a.guards = guards;
  }
  for (Array &a : program.arrays) {
    if (!a.body)
      continue;
    SmallVector<const Var *, 4> vars;
    SmallVector<Axis, 4> axes;
    unsigned hidden = a.hidden;
    for (unsigned i = 0; i < a.vars.size(); ++i) {
      if (free.count({&a, i})) {
        --hidden;
        continue;
      }
      vars.push_back(a.vars[i]);
      axes.push_back(a.type.axes[i]);
    }
    a.vars = vars;
    a.type.axes = axes;
    a.hidden = hidden;
  }
}

void nameApart(Program &program) {
  StringMap<unsigned> used;
  auto apart = [&](Array &a) {
    unsigned n = used[a.name]++;
    if (n)
      a.name += "'" + std::to_string(n + 1);
  };
  for (Array *a : program.inputs)
    apart(*a);
  for (Array &a : program.arrays)
    if (a.body)
      apart(a);
  // Variables that meet in one equation have different names.
  static const char *const letters[] = {"i", "j", "k", "l", "m", "n", "p", "q", "r", "u", "v", "w"};
  for (Array &a : program.arrays) {
    if (!a.body)
      continue;
    SmallVector<const Var *, 8> vars(a.vars.begin(), a.vars.end());
    auto visit = [&](const Expr *e) {
      for (auto [i, v] : enumerate(e->vars)) {
        // A softmax index goes by the name of the one it is taken at.
        bool same = e->is(Op::Softmax) && e->args[2 + i]->is(Op::Index) && e->args[2 + i]->var->name == v->name;
        if (!same && !is_contained(vars, v))
          vars.push_back(v);
      }
      return true;
    };
    walk(a.body, visit);
    StringMap<const Var *> names;
    for (const Var *v : vars) {
      if (names.try_emplace(v->name, v).second)
        continue;
      std::string fresh;
      for (const char *letter : letters)
        if (!names.count(letter) && none_of(vars, [&](const Var *o) { return o->name == letter; })) {
          fresh = letter;
          break;
        }
      for (unsigned n = 2; fresh.empty(); ++n)
        if (!names.count(v->name + std::to_string(n)))
          fresh = v->name + std::to_string(n);
      const_cast<Var *>(v)->name = fresh;
      names[fresh] = v;
    }
  }
}

} // namespace rondo::eq
