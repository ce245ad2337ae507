// One equation operation: affine accesses, predicates, and the symbols both need, scalars first and then lets.
#include "dsl/Emitter.h"

using namespace llvm;
using namespace mlir;

namespace rondo::eq {

EquationBuilder::EquationBuilder(Emitter &emitter, ArrayRef<const Var *> dims, ArrayRef<const Var *> reduced)
    : emitter(emitter), forms(emitter.context, emitter.program), resultDims(dims), reduced(reduced) {
  forms.dims.append(dims.begin(), dims.end());
  forms.dims.append(reduced.begin(), reduced.end());
  forms.steps.assign(emitter.steps.begin(), emitter.steps.end());
}

void EquationBuilder::read(const Operand &operand) {
  values.push_back(operand.value);
  SmallVector<AffineExpr> at;
  for (Expr *place : operand.places)
    at.push_back(forms.get(place));
  places.push_back(at);
  if (operand.past) { // only rows that exist; the guard in the source says no more than this
    const ScanScope &scope = *operand.past;
    const Var *step = emitter.reader->vars[scope.group->time.lookup(emitter.reader)];
    if (emitter.hiddenStep(step))
      emitter.refuse(emitter.reader->range,
                     "what a step reads of all earlier ones, in a recurrence along the same axis");
    Expr *now = emitter.program.index(step, {});
    Expr *row = operand.places[operand.pastDim];
    where(scope.group->reverse ? emitter.program.binary(Op::Lt, now, row, {})
                               : emitter.program.binary(Op::Lt, row, now, {}));
  }
}

void EquationBuilder::read(const Tensor &tensor) { read(emitter.operandOf(tensor, {})); }

void EquationBuilder::where(Expr *condition) {
  conditions.push_back(condition);
  clauses = AffineForms::both(clauses, forms.clauses(condition));
}

/// Whether a read may lie outside its array where the conditions hold: one part of an `or` says nothing of another.
bool EquationBuilder::mayLeave(const Expr &read) {
  if (!read.is(Op::Read) || clauses.size() < 2)
    return false;
  Program &p = emitter.program;
  return any_of(zip(read.args, read.array->type.axes), [&](auto place) {
    auto [at, axis] = place;
    if (at->is(Op::Index) && at->var->axis.same(axis))
      return false;
    Expr *low = p.binary(Op::Le, p.integer(0, {}), at, {}), *high = p.binary(Op::Lt, at, p.extent(axis, {}), {});
    return !emitter.prover.holds(low, conditions) || !emitter.prover.holds(high, conditions);
  });
}

/// What each symbol of the forms is; finding out may bring more of them.
bool EquationBuilder::findSymbols() {
  for (size_t i = 0; i < forms.symbols.size(); ++i) {
    const Expr *e = forms.symbols[i];
    Symbol symbol;
    if (e->is(Op::Length)) {
      symbol.scalar = "size " + e->seq->name;
    } else if (mlir::Value hidden = e->is(Op::Index) ? emitter.hiddenStep(e->var) : mlir::Value()) {
      symbol.let = hidden;
    } else if (e->is(Op::Index)) {
      symbol.scalar = "step " + e->var->axis.seq->name;
    } else {
      Operand operand = emitter.operandOf(const_cast<Expr *>(e), forms.dims);
      if (!operand)
        return false;
      // Looked up in a value of their own are the rows of a past that are there, 0 at the others, and what is read in
      // part: only a view may end before what it reads does. A place that is looked up nowhere makes all of its point
      // nothing, so that what is 0 outside, or only asked for by one of several clauses, is looked up so, too.
      if (operand.past || operand.zeroOutside || mayLeave(*e) || emitter.readsPart(operand)) {
        Tensor rows = emitter.view(operand, forms.dims, e->range);
        if (!rows)
          return false;
        operand = {};
        operand.value = rows.value;
        for (const Var *v : rows.dims)
          operand.places.push_back(emitter.program.index(v, {}));
      }
      symbol.let = emitter.asInt(operand.value);
      for (Expr *place : operand.places)
        symbol.at.push_back(forms.get(place));
    }
    symbols.push_back(std::move(symbol));
  }
  return true;
}

/// The order of the lets, each after those that its own place needs.
SmallVector<size_t> EquationBuilder::orderLets() const {
  SmallVector<size_t> order;
  auto visit = [&](auto &self, size_t i) -> void {
    if (!symbols[i].scalar.empty() || is_contained(order, i))
      return;
    for (AffineExpr e : symbols[i].at)
      for (size_t j = 0; j < symbols.size(); ++j)
        if (j != i && e.isFunctionOfSymbol(j))
          self(self, j);
    order.push_back(i);
  };
  for (size_t i = 0; i < symbols.size(); ++i)
    visit(visit, i);
  return order;
}

bool EquationBuilder::finish(mlir::Type element) {
  MLIRContext *context = emitter.context;
  if (!findSymbols())
    return false;
  if (forms.dims.size() != resultDims.size() + reduced.size()) {
    emitter.refuse(emitter.reader->range, "a condition over an index that is not bound there");
    return false;
  }
  // Scalars first, then lets.
  SmallVector<AffineExpr> renamed(symbols.size());
  unsigned dims = forms.dims.size(), count = symbols.size(), next = 0;
  for (auto [symbol, name] : zip(symbols, renamed))
    if (!symbol.scalar.empty()) {
      parts.scalars.push_back(symbol.scalar);
      name = getAffineSymbolExpr(next++, context);
    }
  SmallVector<size_t> order = orderLets();
  for (size_t i : order)
    renamed[i] = getAffineSymbolExpr(next++, context);
  auto map = [&](ArrayRef<AffineExpr> exprs) {
    SmallVector<AffineExpr> out;
    for (AffineExpr e : exprs)
      out.push_back(e.replaceSymbols(renamed));
    return AffineMap::get(dims, count, out, context);
  };
  for (size_t i : order) {
    parts.lets.push_back(symbols[i].let);
    parts.letMaps.push_back(map(symbols[i].at));
  }
  for (auto [value, at] : zip(values, places)) {
    parts.reads.push_back(value);
    parts.readMaps.push_back(map(at));
  }
  bool always = any_of(clauses, [](const Clause &c) { return c.empty(); });
  if (clauses.empty()) // never: one clause that cannot hold
    parts.where.push_back(IntegerSet::get(dims, count, {getAffineConstantExpr(-1, context)}, {false}));
  else if (!always)
    for (const Clause &clause : clauses) {
      SmallVector<AffineExpr> exprs;
      SmallVector<bool> equalities;
      for (const Constraint &c : clause) {
        exprs.push_back(c.expr.replaceSymbols(renamed));
        equalities.push_back(c.equality);
      }
      parts.where.push_back(IntegerSet::get(dims, count, exprs, equalities));
    }
  for (const Var *v : reduced) {
    if (v->axis.seq)
      parts.reduceOver(context, v->axis.seq->name);
    else
      parts.reduceOver(context, v->axis.size);
  }
  if (parts.results.empty())
    parts.results.push_back(emitter.typeOf(resultDims, element));
  return true;
}

} // namespace rondo::eq
