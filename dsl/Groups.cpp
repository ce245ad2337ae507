#include "dsl/Groups.h"
#include "dsl/Normalise.h"

#include "llvm/ADT/DenseSet.h"

using namespace llvm;

namespace rondo::eq {

static std::optional<int64_t> constantStep(Program &p, const Expr *at, const Var *time) {
  if (at->is(Op::Narrow))
    return constantStep(p, at->args[0], time);
  if (at->is(Op::Index))
    return at->var == time ? std::optional<int64_t>(0) : std::nullopt;
  if (!at->is(Op::Add) && !at->is(Op::Sub))
    return std::nullopt;
  bool add = at->is(Op::Add);
  if (auto c = asInteger(at->args[1]))
    if (auto inner = constantStep(p, at->args[0], time))
      return add ? *inner + *c : *inner - *c;
  if (auto c = asInteger(at->args[0]); c && add)
    if (auto inner = constantStep(p, at->args[1], time))
      return *inner + *c;
  return std::nullopt;
}

std::optional<int64_t> offsetOf(Program &program, const Group &group, const Array &reader, const Expr *read) {
  auto own = group.time.find(&reader), other = group.time.find(read->array);
  if (own == group.time.end() || other == group.time.end())
    return std::nullopt;
  return constantStep(program, read->args[other->second], reader.vars[own->second]);
}

namespace {
struct Edge {
  Array *from;
  Expr *read;
  SmallVector<Expr *> given;
};

class Finder {
public:
  Finder(mlir::MLIRContext *context, Program &program, Diagnostics &diagnostics)
      : program(program), prover(context, program), diagnostics(diagnostics) {}

  bool run(std::vector<Group> &groups) {
    SmallVector<Array *> arrays;
    for (Array &a : program.arrays) {
      if (!a.body)
        continue;
      arrays.push_back(&a);
      auto visit = [&](Expr *e, ArrayRef<Expr *> given) {
        if (e->is(Op::Read) && e->array->role == Role::Equation)
          edges.push_back({&a, e, SmallVector<Expr *>(given)});
      };
      // A sum over the weights of a softmax has no more terms than the softmax had.
      auto weighted = [&](Expr *e) { return e->reduction == Reduction::Sum ? supportOf(e->args[0]) : nullptr; };
      SmallVector<Expr *> none, given(a.guards.begin(), a.guards.end());
      for (Expr *g : a.guards)
        walkGuarded(program, g, none, visit, weighted);
      walkGuarded(program, a.body, given, visit, weighted);
      eachLength(a, [&](Array *length) { lengths[&a].push_back(length); });
    }
    SmallVector<const Edge *> all;
    for (const Edge &e : edges)
      all.push_back(&e);
    return split(arrays, all, groups);
  }

private:
  Program &program;
  Prover prover;
  Diagnostics &diagnostics;
  std::vector<Edge> edges;
  DenseMap<const Array *, SmallVector<Array *>> lengths; // of the axes it is over

  /// The condition without which one of the factors is zero, or null.
  Expr *supportOf(Expr *e) {
    if (e->is(Op::Mul)) {
      Expr *a = supportOf(e->args[0]), *b = supportOf(e->args[1]);
      return a && b ? program.binary(Op::And, a, b, e->range) : a ? a : b;
    }
    if (!e->is(Op::Read) || !e->array->body || !e->array->body->is(Op::Softmax) || !e->array->body->args[1] ||
        !isZeroOutside(e)) // what else stands outside is a weight, too
      return nullptr;
    const Expr *softmax = e->array->body;
    Substitution map;
    for (auto [v, at] : zip(e->array->vars, e->args))
      map[v] = at;
    for (auto [own, at] : zip(softmax->vars, drop_begin(softmax->args, 2)))
      map[own] = substitute(program, at, map);
    return substitute(program, softmax->args[1], map);
  }

  /// Strongly connected components (Tarjan), what is read first.
  std::vector<SmallVector<Array *>> components(ArrayRef<Array *> arrays, ArrayRef<const Edge *> edges) {
    DenseMap<const Array *, SmallVector<Array *>> next;
    for (const Edge *e : edges)
      next[e->from].push_back(e->read->array);
    for (Array *a : arrays)
      next[a].append(lengths.lookup(a));
    DenseMap<const Array *, unsigned> index, low;
    SmallVector<Array *> stack;
    DenseSet<const Array *> onStack;
    std::vector<SmallVector<Array *>> result;
    unsigned counter = 0;
    auto visit = [&](auto &self, Array *a) -> void {
      index[a] = low[a] = ++counter;
      stack.push_back(a);
      onStack.insert(a);
      for (Array *b : next.lookup(a)) {
        if (!is_contained(arrays, b))
          continue;
        if (!index.count(b)) {
          self(self, b);
          low[a] = std::min(low[a], low[b]);
        } else if (onStack.count(b))
          low[a] = std::min(low[a], index[b]);
      }
      if (low[a] != index[a])
        return;
      SmallVector<Array *> component;
      Array *b;
      do {
        b = stack.pop_back_val();
        onStack.erase(b);
        component.push_back(b);
      } while (b != a);
      sort(component, [](Array *x, Array *y) { return x->id < y->id; });
      result.push_back(component);
    };
    for (Array *a : arrays)
      if (!index.count(a))
        visit(visit, a);
    return result;
  }

  bool split(ArrayRef<Array *> arrays, ArrayRef<const Edge *> edges, std::vector<Group> &groups) {
    bool ok = true;
    for (auto &component : components(arrays, edges)) {
      SmallVector<const Edge *> own;
      for (const Edge *e : edges)
        if (is_contained(component, e->from) && is_contained(component, e->read->array))
          own.push_back(e);
      for (Array *a : component)
        for (Array *length : lengths.lookup(a))
          if (is_contained(component, length)) {
            diagnostics.error("R0208", length->range, "this length depends on values over the axis it makes")
                .label(a->range, "such as `" + a->name + "`");
            return false;
          }
      Group group;
      group.arrays.assign(component.begin(), component.end());
      group.recurrent = !own.empty();
      if (group.recurrent)
        ok &= solve(group, own);
      groups.push_back(std::move(group));
    }
    return ok;
  }

  /// Finds the axis along which every cycle goes one way.
  bool solve(Group &group, ArrayRef<const Edge *> own) {
    Array *first = group.arrays[0];
    for (unsigned p = 0; p < first->type.axes.size(); ++p) {
      if (!first->type.axes[p].seq)
        continue;
      group.axis = first->type.axes[p].seq;
      group.time.clear();
      group.time[first] = p;
      if (!spread(group, own))
        continue;
      for (bool reverse : {false, true}) {
        group.reverse = reverse;
        SmallVector<const Edge *> sameStep;
        group.inclusive.clear();
        if (!directed(group, own, sameStep))
          continue;
        group.inner.clear();
        // What remains within a step may again be a recurrence, along another axis.
        if (sameStep.size() == own.size())
          continue;
        std::vector<Group> inner;
        if (!innerIsLegal(group, sameStep))
          continue;
        if (!split(group.arrays, sameStep, inner))
          return false;
        group.inner = std::move(inner);
        findBeginnings(group);
        return true;
      }
    }
    report(group, own);
    return false;
  }

  /// Which axis of each array is the group's, following the reads.
  bool spread(Group &group, ArrayRef<const Edge *> own) {
    for (bool changed = true; changed;) {
      changed = false;
      for (const Edge *e : own) {
        Array *to = e->read->array;
        bool knowFrom = group.time.count(e->from), knowTo = group.time.count(to);
        if (knowFrom && !knowTo) {
          const Var *time = e->from->vars[group.time[e->from]];
          for (unsigned q = 0; q < to->type.axes.size(); ++q)
            if (to->type.axes[q].seq == group.axis && constantStep(program, e->read->args[q], time)) {
              group.time[to] = q;
              changed = true;
              break;
            }
        } else if (!knowFrom && knowTo) {
          for (unsigned q = 0; q < e->from->vars.size(); ++q)
            if (e->from->type.axes[q].seq == group.axis &&
                constantStep(program, e->read->args[group.time[to]], e->from->vars[q])) {
              group.time[e->from] = q;
              changed = true;
              break;
            }
        }
      }
    }
    // Read only at a bound index: the first axis that is the group's.
    for (Array *a : group.arrays)
      if (!group.time.count(a)) {
        for (unsigned q = 0; q < a->type.axes.size(); ++q)
          if (a->type.axes[q].seq == group.axis) {
            group.time[a] = q;
            break;
          }
        if (!group.time.count(a))
          return false;
      }
    return true;
  }

  /// That a read at a bound index lies before the step (`<`), or up to it (`<=`).
  Expr *isPast(Op op, const Group &group, const Array &reader, const Expr *read) {
    Expr *at = read->args[group.time.lookup(read->array)];
    Expr *now = program.index(reader.vars[group.time.lookup(&reader)], at->range);
    return group.reverse ? program.binary(op, now, at, at->range) : program.binary(op, at, now, at->range);
  }

  /// A recurrence within the step may begin with a row up to the step.
  void findBeginnings(Group &group) {
    for (Array *a : group.arrays)
      for (auto &[name, outside] : a->before)
        for (Outside &o : outside) {
          SmallVector<Expr *> guards(a->guards.begin(), a->guards.end());
          walkGuarded(program, o.value, guards, [&](Expr *e, ArrayRef<Expr *> given) {
            if (e->is(Op::Read) && group.has(e->array) && !offsetOf(program, group, *a, e) &&
                !prover.holds(isPast(Op::Lt, group, *a, e), given))
              group.inclusive.insert({a, e});
          });
        }
  }

  bool directed(Group &group, ArrayRef<const Edge *> own, SmallVectorImpl<const Edge *> &sameStep) {
    for (const Edge *e : own) {
      if (auto offset = offsetOf(program, group, *e->from, e->read)) {
        if (*offset == 0)
          sameStep.push_back(e);
        else if ((*offset > 0) != group.reverse)
          return false;
        continue;
      }
      if (prover.holds(isPast(Op::Lt, group, *e->from, e->read), e->given))
        continue;
      if (!prover.holds(isPast(Op::Le, group, *e->from, e->read), e->given))
        return false;
      group.inclusive.insert({e->from, e->read});
      sameStep.push_back(e);
    }
    return true;
  }

  /// A cycle within the step must have some other sequence axis to run along.
  bool innerIsLegal(Group &group, ArrayRef<const Edge *> sameStep) {
    for (auto &component : components(group.arrays, sameStep)) {
      bool cyclic = any_of(sameStep, [&](const Edge *e) {
        return is_contained(component, e->from) && is_contained(component, e->read->array);
      });
      if (!cyclic)
        continue;
      for (Array *a : component) {
        bool other = false;
        for (auto [i, axis] : enumerate(a->type.axes))
          other |= axis.seq && i != group.time[a];
        if (!other)
          return false;
      }
    }
    return true;
  }

  /// A beginning that the recurrence itself would have to have made.
  bool reportBeginning(Group &group, ArrayRef<const Edge *> own) {
    for (const Edge *e : own)
      for (const Outside &o : e->read->outside) {
        const Expr *inner = nullptr;
        walk(o.value, [&](const Expr *n) {
          if (n->is(Op::Read) && group.has(n->array))
            inner = n;
          return true;
        });
        if (!inner)
          continue;
        auto &d = diagnostics.error("R0304", inner->range ? inner->range : e->read->range,
                                    "a recurrence begins with what it does not make itself");
        d.label(e->read->range, "`" + e->read->array->name + "` begins with `" + str(inner) + "`");
        d.note("`" + inner->array->name + "` belongs to the same recurrence");
        return true;
      }
    return false;
  }

  void report(Group &group, ArrayRef<const Edge *> own) {
    if (reportBeginning(group, own))
      return;
    // One cycle, as short as it gets from the first array.
    Array *start = group.arrays[0];
    DenseMap<Array *, const Edge *> via;
    SmallVector<Array *> queue{start};
    const Edge *closing = nullptr;
    for (size_t i = 0; i < queue.size() && !closing; ++i)
      for (const Edge *e : own) {
        if (e->from != queue[i])
          continue;
        if (e->read->array == start) {
          closing = e;
          break;
        }
        if (e->read->array != start && via.try_emplace(e->read->array, e).second)
          queue.push_back(e->read->array);
      }
    SmallVector<const Edge *> path;
    for (const Edge *e = closing; e; e = e->from == start ? nullptr : via[e->from])
      path.insert(path.begin(), e);
    std::string text = "`" + start->name + "`";
    for (const Edge *e : path)
      text +=
          " < `" + str(e->read) + "`" + (e->read->range ? " (line " + std::to_string(e->read->range.line()) + ")" : "");
    bool still =
        !path.empty() && all_of(path, [&](const Edge *e) { return offsetOf(program, group, *e->from, e->read) == 0; });
    bool anySequence = any_of(start->type.axes, [](const Axis &a) { return a.seq; });
    auto &d = diagnostics.error("R0303", start->range,
                                still ? "`" + start->name + "` depends on itself at the same position"
                                : anySequence
                                    ? "`" + start->name + "` depends on itself, and not one way along an axis"
                                    : "`" + start->name + "` depends on itself, and has no sequence axis to run along");
    if (closing && closing->read->range)
      d.label(closing->read->range, "reads `" + start->name + "` again");
    d.note(text, "path");
    if (!anySequence)
      return;
    // All positions are read where an index is bound inside, perhaps in a layer that takes a condition.
    const Edge *bound = nullptr;
    for (const Edge *e : path)
      for (const Expr *at : e->read->args)
        if (at->is(Op::Index) && at->var->axis.seq && !is_contained(e->from->vars, at->var))
          bound = e;
    if (bound && bound->read->range.source != start->range.source)
      d.suggest("this layer reads all positions; give it a condition that lets it see earlier ones, as "
                "`past[t in T, s in T] = s < t` for the mask of an attention");
    else if (bound)
      d.suggest("an index that is bound inside needs its guard there, as in `sum(s | s < t)`");
    else
      d.suggest("read an earlier position, as in `" + start->name + "[t-1]`, or always a later one");
  }
};
} // namespace

std::optional<std::vector<Group>> findGroups(mlir::MLIRContext *context, Program &program, Diagnostics &diagnostics) {
  std::vector<Group> groups;
  if (!Finder(context, program, diagnostics).run(groups))
    return std::nullopt;
  return groups;
}

} // namespace rondo::eq
