// What stands outside an array: a property of a name in its fn.
#include "dsl/Elaborate.h"

#include "llvm/ADT/ScopeExit.h"

using namespace llvm;

namespace rondo::eq {

void Elaborator::declareBounds(FnInstance &fn, ArrayRef<ast::Bound> bounds, Env env) {
  for (const ast::Bound &bound : bounds) {
    Local *local = lookup(bound.array.text, env);
    bool isArray = local && !local->isIndex && !local->axis;
    if (isArray && local->ready && local->value.tag != Value::Unknown)
      isArray = local->value.isData() && !local->value.type.axes.empty();
    if (isArray)
      giveBoundary(fn, *local, bound, env);
    else
      error("R0401", bound.array.range, "there is no array `" + bound.array.text.str() + "` here to give a boundary");
  }
}

void Elaborator::giveBoundary(FnInstance &fn, Local &local, const ast::Bound &bound, Env env) {
  if (local.bounds.empty()) {
    program->boundaries.emplace_back();
    local.boundary = &program->boundaries.back();
    local.boundary->context.assign(fn.context.begin(), fn.context.end());
    local.fn = &fn;
    fn.bounded.push_back(&local);
  }
  local.bounds.push_back({&bound, env});
}

/// What is said of an array that a loop fills, as `h[l, -1]`, is said of its pieces, which have one subscript less.
void Elaborator::boundPieces(FnInstance &fn) {
  for (size_t i = 0; i < fn.bounded.size(); ++i)
    for (auto &[bound, env] : fn.bounded[i]->bounds) {
      ArrayRef<Local *> pieces = fn.bounded[i]->pieces;
      if (pieces.empty() || bound->at.size() < 2)
        continue;
      std::optional<int64_t> only;
      if (bound->at[0] && !(only = staticInt(bound->at[0], env, "the place of a piece")))
        continue;
      ast::Bound &own = pieceBounds.emplace_back(*bound);
      own.at = own.at.drop_front();
      for (auto [n, piece] : enumerate(pieces))
        if (piece && (!only || *only == int64_t(n)))
          giveBoundary(fn, *piece, own, env);
    }
}

/// What a value is that is read as it is, or read and converted.
static const Expr *readOf(const Value &value) {
  const Expr *e = value.body;
  while (e->is(Op::ToReal))
    e = e->args[0];
  return e;
}

/// Whether the value is elements of an array, each of its variables a subscript of its own. What lies outside is a
/// property of such an array: `b[e]` as a value over t and e has no row before the first.
bool Elaborator::isPlainRead(const Value &value) {
  const Expr *e = readOf(value);
  if (!e->is(Op::Read))
    return false;
  SmallVector<const Var *> plain;
  for (const Expr *at : e->args)
    if (at->is(Op::Index))
      plain.push_back(at->var);
    else if (any_of(value.vars, [&](const Var *v) { return isFree(v, at); })) // `x[n[t], t]`
      return false;
  return all_of(value.vars, [&](const Var *v) { return is_contained(plain, v); });
}

/// The read that a plain value is, converted or not, changed.
static Expr *changeRead(Program &program, Expr *e, function_ref<void(Expr &)> change) {
  Expr *changed = program.clone(*e);
  if (e->is(Op::ToReal))
    changed->args[0] = changeRead(program, e->args[0], change);
  else
    change(*changed);
  return changed;
}

bool Elaborator::hasBoundary(const Value &value) { return readOf(value)->boundary; }

/// Whether everything that stands outside is such a token, too.
bool Elaborator::staysToken(Local &local, const Element &element) {
  if (local.judging) // `where n[-1] = n[0]`
    return true;
  ++quiet;
  local.judging = true;
  auto back = scope_exit([&] {
    --quiet;
    local.judging = false;
  });
  return all_of(local.bounds, [&](auto &entry) {
    Value v = eval(entry.first->value, entry.second);
    const Axis &bound = element.bound;
    if (v.isNumber())
      return v.fixed->isInteger && v.fixed->number >= 0 &&
             v.fixed->number < double(bound.seq ? bound.seq->least : bound.size);
    return v.isData() && v.type.element.token && v.type.element.bound.same(element.bound);
  });
}

Value Elaborator::withBoundary(Local &local, Value value) {
  if (!local.boundary || !value.isData())
    return value;
  bool token = value.type.element.token && staysToken(local, value.type.element);
  if (quiet) {
    if (value.type.element.token && !token) {
      value.body = program->clone(*value.body);
      value.body->element = value.type.element = Element::integer();
    }
    return value;
  }
  // What is outside belongs to this name, whatever the array is called elsewhere. Where a value outside is computed, it
  // is over the variables of this fn's arrays.
  value = withoutBoundary(value);
  bool made = local.array && isPlainRead(value) && readOf(value)->array == local.array;
  bool computed = any_of(local.bounds, [](auto &entry) { return !isa<ast::NumberExpr>(entry.first->value); });
  bool other = (local.stmt || !local.pieces.empty()) && computed && !local.fn->context.empty();
  if (!made && (other || !isPlainRead(value) || hasBoundary(value))) {
    Context swap(*this, *local.fn);
    value = local.value = materialise(value, local.name, local.range);
    local.array = value.body->array;
    local.ready = true;
  }
  Boundary &b = *local.boundary;
  const Expr *read = readOf(value);
  b.positions.clear();
  for (Var *v : value.vars)
    b.positions.push_back(find_if(read->args, [&](const Expr *at) { return at->is(Op::Index) && at->var == v; }) -
                          read->args.begin());
  value.body = changeRead(*program, value.body, [&](Expr &e) {
    e.boundary = &b;
    if (e.element.token && !token)
      e.element = Element::integer();
  });
  value.type.element = value.body->element;
  return value;
}

/// A boundary belongs to a name in its fn: an array that is passed on, or returned, has none.
Value Elaborator::withoutBoundary(Value value) {
  if (!value.isData() || !isPlainRead(value) || !hasBoundary(value))
    return value;
  const Expr *read = readOf(value);
  for (unsigned k : read->boundary->positions)
    if (!read->args[k]->is(Op::Index) || !read->args[k]->var->axis.same(read->array->type.axes[k]))
      return value;
  value.body = changeRead(*program, value.body, [](Expr &e) {
    e.boundary = nullptr;
    e.element = e.array->type.element;
  });
  value.type.element = value.body->element;
  return value;
}

/// Whether every array with this axis has such a position.
static bool liesInside(const Expr *at, const Axis &axis) {
  if (!at)
    return false;
  if (auto n = asInteger(at))
    return *n >= 0 && *n < (axis.seq ? axis.seq->least : axis.size);
  bool fromEnd = at->is(Op::Sub) && at->args[0]->is(Op::Length) && at->args[0]->seq == axis.seq;
  auto back = fromEnd ? asInteger(at->args[1]) : std::nullopt;
  return back && *back > 0 && *back <= axis.seq->least;
}

static bool samePlaces(ArrayRef<Expr *> a, ArrayRef<Expr *> b) {
  return a.size() == b.size() && all_of(zip(a, b), [](auto at) { return equal(std::get<0>(at), std::get<1>(at)); });
}

/// One place and what stands there; nothing after an error.
std::optional<Boundary::Entry> Elaborator::readBound(Local &local, const Type &type, const ast::Bound &bound, Env env) {
  std::string name = "`" + local.name.str() + "`";
  if (bound.at.size() > type.axes.size()) {
    error("R0202", bound.range, name + " has " + std::to_string(type.axes.size()) + " axes");
    return std::nullopt;
  }
  Boundary::Entry entry;
  entry.range = bound.range;
  for (const ast::Expr *at : bound.at) {
    entry.at.push_back(at ? scalarInt(at, env, "a boundary") : nullptr);
    if (at && !entry.at.back())
      return std::nullopt;
  }
  if (all_of(zip(entry.at, type.axes), [](auto at) { return liesInside(std::get<0>(at), std::get<1>(at)); })) {
    error("R0601", bound.range, "this is an element of " + name)
        .suggest("a boundary says what stands outside, as before the first: `where " + local.name.str() + "[-1] = ..`");
    return std::nullopt;
  }
  Value v = toData(eval(bound.value, env), bound.value->range);
  if (!v.isData())
    return std::nullopt;
  Type row{type.element, withoutFirst(type.axes, bound.at.size())};
  bool fits = v.type.axes.size() == row.axes.size();
  for (size_t i = 0; fits && i < row.axes.size(); ++i)
    fits = row.axes[i].same(v.type.axes[i]);
  if (!fits && !(v.type.axes.empty() && v.body->is(Op::Const))) {
    error("R0203", bound.value->range, "the boundary of " + name + " has other axes than its rows")
        .label(bound.value->range, describe(v))
        .label(local.range, "a row has " + describe(dummy(row, {})));
    return std::nullopt;
  }
  v = convert(v, type.element.token ? Element::integer() : type.element, bound.value->range, "the boundary");
  if (!v.isData())
    return std::nullopt;
  if (!isCheap(v))
    v = materialise(v, local.name.str() + ".before", bound.range);
  entry.vars = v.vars;
  // Within its own boundary a name has none: what is read there is inside.
  entry.value = rewrite(*program, v.body, [&](Expr *e) -> Expr * {
    if (!e->is(Op::Read) || e->boundary != local.boundary)
      return e;
    e = program->clone(*e);
    e->boundary = nullptr;
    return e;
  });
  return entry;
}

void Elaborator::fillBoundaries(FnInstance &fn) {
  Context swap(*this, fn);
  for (Local *local : fn.bounded) {
    Type type = local->value.type;
    if (local->array)
      type = {local->array->type.element, withoutFirst(local->array->type.axes, local->array->hidden)};
    else if (!local->value.isData())
      continue;
    auto &entries = local->boundary->entries;
    for (auto &[bound, env] : local->bounds) {
      auto entry = readBound(*local, type, *bound, env);
      if (!entry)
        continue;
      auto other = find_if(entries, [&](auto &other) { return samePlaces(other.at, entry->at); });
      if (other != entries.end()) {
        bool again = other->range == entry->range; // in each turn of a loop
        if (!again || !equal(other->value, entry->value))
          error("R0404", bound->range, "this place of `" + local->name.str() + "` has two values")
              .label(other->range, again ? "in two turns of a loop" : "first here");
        continue;
      }
      // What is said of fewer places counts where both are said.
      auto anywhere = [](const Boundary::Entry &e) { return count(e.at, nullptr); };
      entries.insert(find_if(entries, [&](auto &other) { return anywhere(other) > anywhere(*entry); }), *entry);
    }
  }
}

} // namespace rondo::eq
