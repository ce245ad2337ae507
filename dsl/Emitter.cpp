// Expressions to tensors: what a value is read from, views, and whole equations.
#include "dsl/Emitter.h"

using namespace llvm;
using namespace mlir;

namespace rondo::eq {

Location Emitter::loc(Range range) {
  if (!range)
    range = reader ? reader->range : program.range;
  if (!range)
    return UnknownLoc::get(context);
  return FileLineColLoc::get(context, range.source->path, range.line(), range.column());
}

mlir::Type Emitter::element(const Element &e) {
  switch (e.kind) {
  case Kind::Real:
    return b.getF32Type();
  case Kind::Int:
    return b.getI32Type();
  case Kind::Bool:
    return b.getI1Type();
  }
  llvm_unreachable("element kind");
}

RankedTensorType Emitter::typeOf(ArrayRef<const Var *> dims, mlir::Type element) {
  SmallVector<int64_t> shape;
  SmallVector<std::string> axes;
  for (const Var *v : dims) {
    shape.push_back(v->axis.seq ? ShapedType::kDynamic : v->axis.size);
    if (v->axis.seq)
      axes.push_back(v->axis.seq->name);
  }
  return makeType(shape, axes, element);
}

RankedTensorType Emitter::typeOf(const eq::Type &type) {
  SmallVector<int64_t> shape;
  SmallVector<std::string> axes;
  for (const Axis &a : type.axes) {
    shape.push_back(a.seq ? ShapedType::kDynamic : a.size);
    if (a.seq)
      axes.push_back(a.seq->name);
  }
  return makeType(shape, axes, element(type.element));
}

Tensor Emitter::refuse(Range range, std::string what) {
  if (!failed)
    notBuilt = NotBuilt{range ? range : reader ? reader->range : program.range, what};
  failed = true;
  return {};
}

Vars Emitter::dimsOf(const Expr *e, ArrayRef<const Var *> order) {
  Vars dims;
  auto free = freeVars(e);
  for (const Var *v : order)
    if (is_contained(free, v) && !is_contained(steps, v))
      dims.push_back(v);
  return dims;
}

mlir::Value Emitter::asInt(mlir::Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getElementType().isInteger(32))
    return value;
  EquationParts parts;
  parts.results.push_back(withElement(type, b.getI32Type()));
  SmallVector<unsigned> dims;
  for (unsigned i = 0; i < type.getRank(); ++i)
    dims.push_back(i);
  parts.read(value, dims);
  return MapOp::create(b, loc({}), parts,
                       [](OpBuilder &b, Location loc, ValueRange args) {
                         return SmallVector<mlir::Value>{arith::ExtUIOp::create(b, loc, b.getI32Type(), args[0])};
                       })
      ->getResult(0);
}

/// What a read stands for here: an input, a parameter, a value of this step, a carry, a slice.
Operand Emitter::resolve(Expr *read, size_t level) {
  Operand result;
  const Array *array = read->array;
  SmallVector<Expr *, 4> places(read->args.begin(), read->args.end());
  SmallVector<unsigned, 4> original; // which axis of the array each place is
  for (unsigned i = 0; i < places.size(); ++i)
    original.push_back(i);
  auto dropAxis = [&](unsigned axis) {
    for (unsigned i = 0; i < original.size(); ++i)
      if (original[i] == axis) {
        original.erase(original.begin() + i);
        places.erase(places.begin() + i);
        return;
      }
  };
  mlir::Value value = values.lookup(array);
  for (size_t i = 0; i < level; ++i) {
    ScanScope &scope = scopes[i];
    if (!scope.group->has(array))
      continue;
    unsigned time = scope.group->time.lookup(array);
    auto offset = offsetOf(program, *scope.group, *reader, read);
    if (!offset) {
      result.value = scope.pasts.lookup(array);
      result.places = places;
      result.past = &scope;
      result.pastDim = find(original, time) - original.begin();
      return result;
    }
    dropAxis(time);
    if (*offset == 0) {
      value = scope.current.lookup(array);
      continue;
    }
    for (auto &chain : scope.chains)
      if (chain.array == array && chain.name == read->boundary)
        value = chain.carried[std::abs(*offset) - 1];
    break; // what is carried comes from outside of inner recurrences
  }
  // Slices: for every scope that the value comes from outside of.
  for (size_t i = 0; i < level && value; ++i) {
    ScanScope &scope = scopes[i];
    for (auto &slice : scope.slices)
      if (slice.whole == value && slice.dim < places.size()) {
        const Var *step = reader->vars[scope.group->time.lookup(reader)];
        Expr *place = places[slice.dim];
        if (!place->is(Op::Index) || place->var != step)
          continue;
        value = slice.slice;
        places.erase(places.begin() + slice.dim);
        break;
      }
  }
  result.value = value;
  result.places = places;
  result.zeroOutside = !read->outside.empty();
  if (!value) {
    // Only its last row was kept.
    if (mlir::Value row = lastRows.lookup(array)) {
      for (const Group &g : *allGroups)
        if (g.has(array))
          dropAxis(g.time.lookup(array));
      result.value = row;
      result.places = places;
    } else
      refuse(read->range, "a read of `" + array->name + "` here");
  }
  return result;
}

bool Emitter::isPlain(const Operand &operand) {
  if (operand.past || readsPart(operand))
    return false;
  SmallVector<const Var *> seen;
  for (const Expr *place : operand.places) {
    if (!place->is(Op::Index) || is_contained(steps, place->var) || is_contained(seen, place->var))
      return false;
    seen.push_back(place->var);
  }
  return true;
}

bool Emitter::readsPart(const Operand &operand) {
  auto type = cast<RankedTensorType>(operand.value.getType());
  return any_of(enumerate(operand.places), [&](auto at) {
    auto [i, place] = at;
    if (!place->is(Op::Index) || is_contained(steps, place->var))
      return false;
    const Axis &axis = place->var->axis;
    return axis.seq ? rondo::axisOf(type, i) != axis.seq->name : type.getDimSize(i) != axis.size;
  });
}

/// A subscript that comes to one index is that index: `every * u + k - 1` with a constant u may be plain k.
Expr *Emitter::asIndex(Expr *place) {
  if (place->is(Op::Index))
    return place;
  AffineForms forms(context, program);
  forms.steps.assign(steps.begin(), steps.end());
  auto dim = dyn_cast<AffineDimExpr>(forms.get(place));
  return dim ? program.index(forms.dims[dim.getPosition()], place->range) : place;
}

/// Anything that can be read at expressions without being computed first; other expressions are computed.
/// A tensor, read at its own dims.
Operand Emitter::operandOf(const Tensor &tensor, Range range) {
  Operand operand;
  operand.value = tensor.value;
  for (const Var *v : tensor.dims)
    operand.places.push_back(program.index(v, range));
  return operand;
}

Operand Emitter::operandOf(Expr *e, ArrayRef<const Var *> order) {
  if (e->is(Op::Narrow) || (e->is(Op::ToReal) && e->args[0]->is(Op::Read)))
    return operandOf(e->args[0], order);
  if (e->is(Op::Read) && isZeroOutside(e)) {
    Operand operand = resolve(e, scopes.size());
    for (Expr *&place : operand.places)
      place = asIndex(place);
    return operand;
  }
  if (e->is(Op::Softmax))
    return emitSoftmax(e, order);
  return operandOf(tensorOf(e, order), e->range);
}

/// The operand as a tensor over the variables its places mention.
Tensor Emitter::view(const Operand &operand, ArrayRef<const Var *> order, Range range) {
  if (!operand)
    return {};
  if (isPlain(operand)) {
    Tensor t{operand.value, {}};
    for (Expr *place : operand.places)
      t.dims.push_back(place->var);
    return t;
  }
  Vars dims;
  for (const Var *v : order)
    if (!is_contained(steps, v) && any_of(operand.places, [&](Expr *p) { return isFree(v, p); }))
      dims.push_back(v);
  mlir::Type element = cast<RankedTensorType>(operand.value.getType()).getElementType();
  if (element.isInteger(1)) // contract makes no truths; who reads it compares with 0
    element = b.getI32Type();
  EquationBuilder equation(*this, dims);
  equation.read(operand);
  if (!equation.finish(element))
    return {};
  return {ContractOp::create(b, loc(range), equation.parts), dims};
}

Tensor Emitter::leaf(Expr *e, ArrayRef<const Var *> order) {
  if (e->is(Op::Reduce))
    return emitReduce(e, order);
  return view(operandOf(e, order), order, e->range);
}

Tensor Emitter::tensorOf(Expr *e, ArrayRef<const Var *> order) {
  if (e->is(Op::Reduce))
    return emitReduce(e, order);
  if ((e->is(Op::Read) && isZeroOutside(e)) || e->is(Op::Softmax))
    return view(operandOf(e, order), order, e->range);
  Vars dims = dimsOf(e, order);
  return {emitMap(e, dims, {}, e->range), dims};
}

Tensor Emitter::broadcast(const Tensor &t, ArrayRef<const Var *> dims, Range range) {
  if (!t || ArrayRef<const Var *>(t.dims) == dims)
    return t;
  EquationBuilder equation(*this, dims);
  equation.read(t);
  mlir::Type element = cast<RankedTensorType>(t.value.getType()).getElementType();
  if (!equation.finish(element))
    return {};
  if (element.isInteger(1)) // contract makes no truths
    return {MapOp::create(b, loc(range), equation.parts,
                          [](OpBuilder &, Location, ValueRange read) { return SmallVector<mlir::Value>(read); })
                ->getResult(0),
            Vars(dims)};
  return {ContractOp::create(b, loc(range), equation.parts), Vars(dims)};
}

/// The expression over exactly these dims.
mlir::Value Emitter::emitOver(Expr *e, ArrayRef<const Var *> dims, ArrayRef<Expr *> guards, Range range) {
  bool isLeaf = e->is(Op::Reduce) || e->is(Op::Softmax) || (e->is(Op::Read) && isZeroOutside(e));
  if (!isLeaf)
    return emitMap(e, dims, guards, range);
  Tensor t = tensorOf(e, dims);
  if (t && e->element.kind == Kind::Bool && !cast<RankedTensorType>(t.value.getType()).getElementType().isInteger(1))
    return emitMap(e, dims, guards, range);
  return broadcast(t, dims, range).value;
}

mlir::Value Emitter::emitConcat(const Array &array, ArrayRef<const Var *> dims) {
  const Var *last = array.vars.back();
  SmallVector<mlir::Value> parts;
  for (auto [part, own] : zip(array.body->args, array.body->vars)) {
    Vars over(dims);
    for (const Var *&v : over)
      if (v == last)
        v = own;
    mlir::Value value = emitOver(part, over, array.guards, part->range);
    if (!value)
      return {};
    parts.push_back(value);
  }
  int64_t dim = find(dims, last) - dims.begin();
  return ConcatOp::create(b, loc(array.range), dim, parts);
}

/// From here on the equation of this array is emitted.
void Emitter::enter(const Array &array) {
  reader = &array;
  steps.clear();
  for (const ScanScope &scope : scopes)
    if (scope.group->has(&array))
      steps.push_back(array.vars[scope.group->time.lookup(&array)]);
}

mlir::Value Emitter::emitArray(const Array &array) {
  enter(array);
  Vars dims;
  for (const Var *v : array.vars)
    if (!is_contained(steps, v))
      dims.push_back(v);
  auto groups = groupsOf(array);
  SmallVector<Expr *> guards;
  for (Expr *g : array.guards)
    guards.push_back(normalise(program, array, g, groups));
  if (array.body->is(Op::Concat)) {
    Array copy = array;
    copy.guards.assign(guards.begin(), guards.end());
    copy.body = normalise(program, array, array.body, groups);
    return emitConcat(copy, dims);
  }
  return emitOver(normalise(program, array, array.body, groups), dims, guards, array.body->range);
}

} // namespace rondo::eq
