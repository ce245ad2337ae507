// Reductions: sums of products as contractions, the others over one read; softmax.
#include "dsl/Emitter.h"

using namespace llvm;
using namespace mlir;

namespace rondo::eq {

static bool sameSet(ArrayRef<const Var *> a, ArrayRef<const Var *> b) {
  return a.size() == b.size() && all_of(a, [&](const Var *v) { return is_contained(b, v); });
}

static bool subset(ArrayRef<const Var *> a, ArrayRef<const Var *> b) {
  return all_of(a, [&](const Var *v) { return is_contained(b, v); });
}

static const Expr *readOf(const Expr *e) {
  while (e->is(Op::ToReal) || e->is(Op::Narrow))
    e = e->args[0];
  return e->is(Op::Read) ? e : nullptr;
}

/// Factors over the same indices are one value, computed once, where at most two others remain or one is computed
/// anyway.
SmallVector<Emitter::Factor, 4> Emitter::joinFactors(ArrayRef<Expr *> factors, ArrayRef<const Var *> all) {
  SmallVector<Factor, 4> list;
  for (Expr *f : factors) {
    const Expr *read = readOf(f);
    bool direct = (read && isZeroOutside(read)) || f->is(Op::Reduce) || f->is(Op::Softmax);
    list.push_back({f, dimsOf(f, all), !direct, read && read->array->isCell()});
  }
  auto merge = [&](size_t i, size_t j) {
    list[i].e = program.binary(Op::Mul, list[i].e, list[j].e, list[i].e->range);
    list[i].over = dimsOf(list[i].e, all);
    list[i].computed = true;
    list[i].parameter &= list[j].parameter;
    list.erase(list.begin() + j);
  };
  for (size_t i = 0; i < list.size(); ++i)
    for (size_t j = i + 1; j < list.size();) {
      if (sameSet(list[i].over, list[j].over) && (list.size() > 2 || list[i].computed || list[j].computed))
        merge(i, j);
      else
        ++j;
    }
  for (bool changed = true; changed && list.size() > 2;) {
    changed = false;
    for (size_t i = 0; i < list.size() && !changed; ++i)
      for (size_t j = 0; j < list.size() && !changed; ++j)
        if (i != j && !list[i].parameter && subset(list[j].over, list[i].over)) {
          merge(i, j);
          changed = true;
        }
  }
  return list;
}

Tensor Emitter::emitSum(Expr *e, ArrayRef<const Var *> order) {
  Vars all(order);
  all.append(e->vars.begin(), e->vars.end());
  Vars dims = dimsOf(e, order);
  SmallVector<Expr *> factors;
  if (e->args[0]) {
    if (e->isReal())
      factorsOf(e->args[0], factors);
    else
      factors.push_back(e->args[0]);
  }
  erase_if(factors, [](Expr *f) { return f->is(Op::Const) && f->value == 1; });

  SmallVector<Factor, 4> list = joinFactors(factors, all);
  EquationBuilder equation(*this, dims, e->vars);
  // What a factor needs of the condition it must have itself: what depends on nothing else.
  for (Factor &f : list) {
    Operand operand;
    if (f.computed) {
      SmallVector<Expr *> guards;
      if (e->args[1] && subset(dimsOf(e->args[1], all), f.over) && isPredicate(e->args[1]))
        guards.push_back(e->args[1]);
      operand = operandOf({emitMap(f.e, f.over, guards, f.e->range), f.over}, f.e->range);
    } else
      operand = operandOf(f.e, all);
    if (!operand)
      return {};
    // A bound is met only by a view: an equation's own dims have the sizes of what it reads.
    auto type = cast<RankedTensorType>(operand.value.getType());
    for (auto [i, place] : enumerate(operand.places)) {
      if (!place->is(Op::Index) || is_contained(steps, place->var) || operand.past)
        continue;
      const Axis &axis = place->var->axis;
      if (axis.seq ? rondo::axisOf(type, i) != axis.seq->name : type.getDimSize(i) != axis.size) {
        Tensor t = view(operand, all, f.e->range);
        if (!t)
          return {};
        operand = operandOf(t, f.e->range);
        break;
      }
    }
    equation.read(operand);
  }
  if (e->args[1])
    equation.where(e->args[1]);
  if (!equation.finish(element(e->element)))
    return {};
  return {ContractOp::create(b, loc(e->range), equation.parts), dims};
}

/// What a reduction or a softmax goes over: one value of the body's elements, read at its own indices. An absent term
/// is no zero here, and a term does not depend on every index by itself.
Operand Emitter::termsOf(Expr *body, ArrayRef<const Var *> all) {
  Operand operand = operandOf(body, all);
  if (!operand)
    return {};
  auto type = cast<RankedTensorType>(operand.value.getType());
  if (!operand.zeroOutside && (operand.past || isPlain(operand)) && type.getElementType() == element(body->element))
    return operand;
  Vars dims = dimsOf(body, all);
  Tensor t =
      body->is(Op::ToReal) ? Tensor{emitMap(body, dims, {}, body->range), dims} : view(operand, all, body->range);
  return t ? operandOf(t, body->range) : Operand();
}

Tensor Emitter::emitReduce(Expr *e, ArrayRef<const Var *> order) {
  const char *how = nullptr;
  switch (e->reduction) {
  case Reduction::Sum:
  case Reduction::Count:
    return emitSum(e, order);
  case Reduction::Prod:
    how = "prod";
    break;
  case Reduction::Max:
    how = "max";
    break;
  case Reduction::Min:
    how = "min";
    break;
  case Reduction::LogSumExp:
    how = "lse";
    break;
  case Reduction::ArgMax:
    how = "argmax";
    break;
  default:
    return refuse(e->range, "this reduction");
  }
  Vars all(order);
  all.append(e->vars.begin(), e->vars.end());
  Vars dims = dimsOf(e, order);
  bool ofInts = e->args[0]->isInt() && e->reduction != Reduction::LogSumExp;
  Operand operand = termsOf(ofInts ? e->args[0] : program.toReal(e->args[0]), all);
  if (!operand)
    return {};
  EquationBuilder equation(*this, dims, e->vars);
  equation.read(operand);
  if (e->args[1])
    equation.where(e->args[1]);
  if (!equation.finish(element(e->element)))
    return {};
  return {ReduceOp::create(b, loc(e->range), how, equation.parts), dims};
}

Operand Emitter::emitSoftmax(Expr *e, ArrayRef<const Var *> order) {
  Vars all(order);
  all.append(e->vars.begin(), e->vars.end());
  // The index it runs over takes the place of the one it is taken at, so that results keep the order that was written.
  for (auto [own, at] : zip(e->vars, drop_begin(e->args, 2)))
    if (at->is(Op::Index)) {
      auto *outer = find(all, at->var);
      if (outer != all.end() && !isFree(at->var, e->args[0]) && !(e->args[1] && isFree(at->var, e->args[1]))) {
        *outer = own;
        all.erase(std::find(std::next(outer), all.end(), own));
      }
    }
  Vars dims;
  for (const Var *v : all)
    if (!is_contained(steps, v) &&
        (is_contained(e->vars, v) || isFree(v, e->args[0]) || (e->args[1] && isFree(v, e->args[1]))))
      dims.push_back(v);
  Operand score = termsOf(e->args[0], all);
  if (!score)
    return {};
  EquationBuilder equation(*this, dims);
  equation.read(score);
  if (e->args[1])
    equation.where(e->args[1]);
  for (auto [i, v] : enumerate(dims))
    if (is_contained(e->vars, v))
      equation.parts.over.push_back(i);
  if (!equation.finish(b.getF32Type()))
    return {};
  Operand result;
  result.value = SoftmaxOp::create(b, loc(e->range), equation.parts);
  for (const Var *v : dims) {
    auto *own = find(e->vars, v);
    result.places.push_back(own == e->vars.end() ? program.index(v, e->range) : e->args[2 + (own - e->vars.begin())]);
  }
  return result;
}

} // namespace rondo::eq
