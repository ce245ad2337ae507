// Which recurrences are of integers or truths. One that reads itself was taken for real, because its kind is not known
// while it is being found. Here the best is assumed of it, and of every other that is found to hang on it: that it has
// the kind of what stands before its beginning. What then comes out otherwise is real, until nothing changes.
#include "dsl/Elaborate.h"

#include "llvm/ADT/ScopeExit.h"

using namespace llvm;

namespace rondo::eq {

/// The kind of every value before the beginning; nothing where they differ or are real. `unsaid` where there are none.
std::optional<Element> Elaborator::kindBefore(const Local &local, const Element &unsaid) {
  std::optional<Element> kind;
  for (auto &[bound, env] : local.bounds) {
    Value value = toData(eval(bound->value, env), bound->value->range);
    if (!value.isData() || value.type.element.kind == Kind::Real)
      return std::nullopt;
    Element here = value.type.element.kind == Kind::Bool ? Element::boolean() : Element::integer();
    if (kind && kind->kind != here.kind)
      return std::nullopt;
    kind = here;
  }
  return kind ? kind : unsaid;
}

/// Whether a real stands before the beginning, or after the end.
bool Elaborator::beginsReal(const Local &local) {
  ++quiet;
  auto back = scope_exit([&] { --quiet; });
  return any_of(local.bounds, [&](auto &entry) {
    Value value = toData(eval(entry.first->value, entry.second), entry.first->value->range);
    return value.isData() && value.type.element.kind == Kind::Real;
  });
}

void Elaborator::inferKinds(StmtInstance &stmt) {
  auto hints = [](StmtInstance &s, function_ref<void(Local &)> f) {
    for (Local *local : s.locals)
      if (local && local->hint)
        f(*local);
  };
  SmallVector<Local *, 2> was;
  hints(stmt, [&](Local &local) {
    if (local.hint->element.kind == Kind::Real)
      was.push_back(&local);
  });
  if (was.empty())
    return;
  bool unsaidMatters = false;
  for (const Element &unsaid : {Element::boolean(), Element::integer()}) {
    Trial own;
    trial = &own;
    auto leave = scope_exit([&] {
      trial = nullptr;
      ++findings;
    });
    SmallVector<StmtInstance *> members;
    auto add = [&](StmtInstance &s) { // false: it can only be real
      bool possible = false;
      hints(s, [&](Local &local) {
        if (local.hint->element.kind != Kind::Real)
          return;
        if (auto kind = kindBefore(local, unsaid)) {
          local.hint->element = *kind;
          unsaidMatters |= local.bounds.empty();
          possible = true;
        }
      });
      members.push_back(&s);
      return possible;
    };
    auto forget = [&](bool all) {
      for (StmtInstance *s : own.inferred)
        if (all || !is_contained(members, s))
          for (Local *local : s->locals)
            if (local)
              local->hint.reset();
      own.inferred.clear();
    };
    bool fits = add(stmt);
    for (bool changed = true; fits && changed;) {
      changed = false;
      ++findings; // other assumptions
      for (size_t m = 0; m < members.size() && fits && !changed; ++m) {
        Context swap(*this, *members[m]->fn);
        SmallVector<Var *> indices;
        SmallVector<Value, 2> values;
        fits = evaluate(*members[m], indices, values) && values.size() == members[m]->locals.size();
        for (StmtInstance *s : own.guessed) // its axes are a guess, its kind is open
          if (!is_contained(members, s)) {
            add(*s);
            changed = true;
          }
        own.guessed.clear();
        for (auto [local, value] : zip(members[m]->locals, values)) {
          if (!fits || changed || !local || !local->hint)
            continue;
          Value v = toData(value, local->range);
          if (v.isData() && v.type.element.kind == Kind::Int && beginsReal(*local))
            v.type.element = Element::real();
          if (v.tag == Value::Unknown && !own.guess) { // it hangs on others that are not known either
            own.guess = changed = true;
            continue;
          }
          fits = v.isData() && v.type.axes.size() + indices.size() == local->hint->axes.size();
          if (fits && v.type.element.kind != local->hint->element.kind && local->hint->element.kind != Kind::Real) {
            local->hint->element = Element::real();
            changed = true;
          }
        }
      }
      if (changed)
        forget(/*all=*/false);
      fits &= any_of(was, [](Local *local) { return local->hint->element.kind != Kind::Real; });
    }
    // What was found of others under an assumption is found again when they are asked for.
    for (StmtInstance *s : drop_begin(members))
      own.inferred.push_back(s);
    members.clear();
    forget(/*all=*/true);
    if (fits)
      return;
    for (Local *local : was)
      local->hint->element = Element::real();
    if (!unsaidMatters)
      return;
  }
}

} // namespace rondo::eq
