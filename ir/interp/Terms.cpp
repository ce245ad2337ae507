// Terms: the walk over an equation's domain. Where accesses and conditions are linear along the innermost dim, the
// present terms of a row are a few intervals, found without visiting each of them.
#include "ir/interp/Terms.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;
using namespace rondo;

static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
static constexpr double kInf = std::numeric_limits<double>::infinity();

//===--- Preparation ---------------------------------------------------------------------------------------------===//

/// Adds factor * expr to the coefficients; false when it is not linear.
static bool addLinear(AffineExpr expr, int64_t factor, unsigned numDims, SmallVectorImpl<int64_t> &coefficients,
                      int64_t &constant) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    coefficients[dim.getPosition()] += factor;
    return true;
  }
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    coefficients[numDims + symbol.getPosition()] += factor;
    return true;
  }
  if (auto number = dyn_cast<AffineConstantExpr>(expr)) {
    constant += factor * number.getValue();
    return true;
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  if (binary.getKind() == AffineExprKind::Add)
    return addLinear(binary.getLHS(), factor, numDims, coefficients, constant) &&
           addLinear(binary.getRHS(), factor, numDims, coefficients, constant);
  auto number = dyn_cast<AffineConstantExpr>(binary.getRHS());
  return binary.getKind() == AffineExprKind::Mul && number &&
         addLinear(binary.getLHS(), factor * number.getValue(), numDims, coefficients, constant);
}

Terms::Expr Terms::makeExpr(AffineExpr tree) {
  Expr expr;
  expr.tree = tree;
  expr.coefficients.assign(numDims + equation.getNumSymbols(), 0);
  expr.linear = addLinear(tree, 1, numDims, expr.coefficients, expr.constant);
  expr.usesInner = innermost >= 0 && tree.isFunctionOfDim(innermost);
  return expr;
}

LogicalResult Terms::makeAccess(Value value, AffineMap map, Access &access) {
  auto type = cast<RankedTensorType>(value.getType());
  access.tensor = &frame.get(value);
  for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
    access.at.push_back(makeExpr(expr));
    access.usesInner |= access.at.back().usesInner;
    access.strides.push_back(access.tensor->strideOf(dim));
    access.lengths.push_back(nullptr);
    if (!isRagged(type, dim))
      continue;
    auto lengths = frame.lengthsOf(axisOf(type, dim), equation);
    if (failed(lengths))
      return failure();
    access.lengths.back() = &accessLengths.emplace_back(*lengths);
    access.exampleDim = *dimOfAxis(type, parentOf(type, dim));
  }
  return success();
}

LogicalResult Terms::prepareDims() {
  numDims = equation.getNumDims();
  numResultDims = equation.getNumResultDims();
  auto shape = frame.shapeOf(equation.getDomainType(), equation);
  if (failed(shape))
    return failure();
  resultShape = *shape;
  for (unsigned dim = 0; dim < numResultDims; ++dim)
    resultStrides.push_back(Tensor::sizeOf(ArrayRef(resultShape).drop_front(dim + 1)));

  extents.assign(numDims, 0);
  dimLengths.resize(numDims);
  for (unsigned dim = 0; dim < numDims; ++dim) {
    StringRef axis = equation.getDimAxis(dim);
    if (axis.empty()) {
      extents[dim] = equation.getDimSize(dim);
    } else if (frame.batched && axis == "b") {
      extents[dim] = frame.batch;
      if (example < 0)
        example = dim;
    } else {
      auto lengths = frame.lengthsOf(axis, equation);
      if (failed(lengths))
        return failure();
      dimLengths[dim] = *lengths;
    }
  }
  // The example comes first among the result dims or among the reduced ones: other extents hang on it.
  auto append = [&](unsigned from, unsigned to) {
    if (example >= static_cast<int>(from) && example < static_cast<int>(to))
      order.push_back(example);
    for (unsigned dim = from; dim < to; ++dim)
      if (static_cast<int>(dim) != example)
        order.push_back(dim);
  };
  append(0, numResultDims);
  append(numResultDims, numDims);
  innermost = order.empty() ? -1 : order.back();
  return success();
}

LogicalResult Terms::prepareScalars() {
  bool hasRaggedDim = llvm::any_of(dimLengths, [](auto &lengths) { return !lengths.empty(); });
  if (frame.batched && example < 0 && (hasRaggedDim || equation.getNumScalars())) {
    // Legal only where all examples agree, as they do about a step.
    for (auto &lengths : dimLengths)
      if (!llvm::all_equal(lengths))
        return equation.emitOpError("ranges over a ragged axis, but over no examples");
  }
  for (Attribute scalar : equation.getScalars()) {
    auto [kind, axis] = cast<StringAttr>(scalar).getValue().split(' ');
    if (kind == "step") {
      auto step = frame.steps.find(axis);
      if (step == frame.steps.end())
        return equation.emitOpError() << "uses the step of axis " << axis << " outside a scan";
      scalarValues.emplace_back(std::max<int64_t>(frame.batch, 1), step->second);
      continue;
    }
    auto lengths = frame.lengthsOf(axis, equation);
    if (failed(lengths))
      return failure();
    if (frame.batched && example < 0 && !llvm::all_equal(*lengths))
      return equation.emitOpError("uses the size of a ragged axis, but ranges over no examples");
    scalarValues.push_back(*lengths);
  }
  return success();
}

/// Whole runs at once: everything linear along the innermost dim, no symbol that changes along it.
bool Terms::isFast() const {
  auto steady = [](const Expr &expr) { return expr.linear || !expr.usesInner; };
  bool all = innermost >= 0 && innermost != example;
  for (const Access &let : lets) {
    all &= !let.usesInner;
    if (let.exampleDim >= 0)
      all &= !let.at[let.exampleDim].usesInner;
  }
  for (const Access &read : reads) {
    all &= llvm::all_of(read.at, steady);
    if (read.exampleDim >= 0)
      all &= !read.at[read.exampleDim].usesInner;
  }
  for (auto &clause : clauses)
    all &= llvm::all_of(clause, [&](const Condition &condition) { return steady(condition.expr); });
  return all;
}

LogicalResult Terms::prepare() {
  if (failed(prepareDims()) || failed(prepareScalars()))
    return failure();
  reads.resize(equation.getReads().size());
  for (auto [i, value] : llvm::enumerate(equation.getReads()))
    if (failed(makeAccess(value, equation.getReadMap(i), reads[i])))
      return failure();
  lets.resize(equation.getLets().size());
  for (auto [i, value] : llvm::enumerate(equation.getLets()))
    if (failed(makeAccess(value, equation.getLetMap(i), lets[i])))
      return failure();
  for (IntegerSet clause : equation.getClauses()) {
    auto &conditions = clauses.emplace_back();
    for (unsigned i = 0; i < clause.getNumConstraints(); ++i)
      conditions.push_back({makeExpr(clause.getConstraint(i)), clause.isEq(i)});
  }
  fast = isFast();
  index.assign(numDims, 0);
  symbols.assign(equation.getNumSymbols(), 0);
  return success();
}

//===--- One point -----------------------------------------------------------------------------------------------===//

int64_t Terms::extentOf(int dim) const {
  return dimLengths[dim].empty() ? extents[dim] : dimLengths[dim][currentExample];
}

static int64_t evaluateTree(AffineExpr expr, ArrayRef<int64_t> dims, ArrayRef<int64_t> symbols) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return dims[dim.getPosition()];
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return symbols[symbol.getPosition()];
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  auto binary = cast<AffineBinaryOpExpr>(expr);
  int64_t left = evaluateTree(binary.getLHS(), dims, symbols), right = evaluateTree(binary.getRHS(), dims, symbols);
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return left + right;
  case AffineExprKind::Mul:
    return left * right;
  case AffineExprKind::Mod:
    return left - right * llvm::divideFloorSigned(left, right);
  case AffineExprKind::FloorDiv:
    return llvm::divideFloorSigned(left, right);
  default:
    return llvm::divideCeilSigned(left, right);
  }
}

int64_t Terms::evaluate(const Expr &expr) const {
  if (!expr.linear)
    return evaluateTree(expr.tree, index, symbols);
  int64_t value = expr.constant;
  for (unsigned i = 0; i < numDims; ++i)
    value += expr.coefficients[i] * index[i];
  for (unsigned i = 0; i < symbols.size(); ++i)
    value += expr.coefficients[numDims + i] * symbols[i];
  return value;
}

/// The element an access reads; false when it is out of range.
bool Terms::place(const Access &access, int64_t &offset) const {
  offset = 0;
  int64_t owner = access.exampleDim < 0 ? 0 : evaluate(access.at[access.exampleDim]);
  if (owner < 0 || owner >= std::max<int64_t>(frame.batch, 1))
    return false;
  for (auto [dim, expr] : llvm::enumerate(access.at)) {
    int64_t at = evaluate(expr);
    if (at < 0 || at >= (access.lengths[dim] ? (*access.lengths[dim])[owner] : access.tensor->shape[dim]))
      return false;
    offset += at * access.strides[dim];
  }
  return true;
}

void Terms::markUndecided() {
  if (undecided.empty())
    undecided.assign(Tensor::sizeOf(resultShape), 0);
  // What is looked up once for a whole run concerns all of it.
  bool run = fast && innermost >= 0 && innermost < static_cast<int>(numResultDims);
  for (int64_t i = 0, count = run ? extentOf(innermost) : 1; i < count; ++i)
    undecided[resultPlace() + i * (run ? resultStrides[innermost] : 0)] = 1;
}

/// Symbols of the current point; false when a let is out of range.
bool Terms::evaluateSymbols() {
  unsigned scalars = scalarValues.size();
  for (unsigned i = 0; i < scalars; ++i)
    symbols[i] = scalarValues[i].empty() ? 0 : scalarValues[i][currentExample];
  for (auto [i, let] : llvm::enumerate(lets)) {
    int64_t offset;
    if (!place(let, offset))
      return false;
    double value = let.tensor->data[offset];
    if (let.tensor->scaleAt(offset) > 0)
      markUndecided();
    if (std::isnan(value)) // not written yet, or of no example
      return false;
    symbols[scalars + i] = static_cast<int64_t>(value);
  }
  return true;
}

bool Terms::holds() const {
  if (clauses.empty())
    return true;
  return llvm::any_of(clauses, [&](auto &clause) {
    return llvm::all_of(clause, [&](const Condition &condition) {
      int64_t value = evaluate(condition.expr);
      return condition.equality ? value == 0 : value >= 0;
    });
  });
}

int64_t Terms::resultPlace() const {
  int64_t place = 0;
  for (unsigned dim = 0; dim < numResultDims; ++dim)
    place += index[dim] * resultStrides[dim];
  return place;
}

//===--- The walk ------------------------------------------------------------------------------------------------===//

/// All points of the dims order[depth .. end).
void Terms::walk(unsigned depth, unsigned end, llvm::function_ref<void()> leaf) {
  if (depth == end) {
    leaf();
    return;
  }
  int dim = order[depth];
  int64_t extent = extentOf(dim);
  for (int64_t i = 0; i < extent; ++i) {
    index[dim] = i;
    if (dim == example) {
      if (!frame.isAlive(i))
        continue;
      currentExample = i;
    }
    walk(depth + 1, end, leaf);
  }
  index[dim] = 0;
}

void Terms::forEachResult(function_ref<void(int64_t)> callback) {
  walk(0, numResultDims, [&]() { callback(resultPlace()); });
}

void Terms::forEachRun(function_ref<void(const Run &)> callback) {
  walk(0, order.empty() ? 0 : order.size() - 1, [&]() { emitRuns(callback); });
}

/// The present terms along the innermost dim, the others being fixed.
void Terms::emitRuns(function_ref<void(const Run &)> callback) {
  Run run;
  run.innermost = innermost;
  run.offset.assign(reads.size(), 0);
  run.stride.assign(reads.size(), 0);
  run.dims = index;
  int64_t extent = innermost < 0 ? 1 : extentOf(innermost);
  run.resultStride = innermost >= 0 && innermost < static_cast<int>(numResultDims) ? resultStrides[innermost] : 0;
  if (fast) {
    index[innermost] = 0;
    if (extent > 0 && evaluateSymbols())
      emitFast(extent, run, callback);
    return;
  }
  for (int64_t i = 0; i < extent; ++i) {
    if (innermost >= 0)
      index[innermost] = i;
    if (innermost >= 0 && innermost == example) {
      if (!frame.isAlive(i))
        continue;
      currentExample = i;
    }
    bool present = evaluateSymbols() && holds();
    for (unsigned read = 0; present && read < reads.size(); ++read)
      present = place(reads[read], run.offset[read]);
    if (!present)
      continue;
    run.result = resultPlace();
    run.inner = i;
    run.example = currentExample;
    callback(run);
  }
  if (innermost >= 0)
    index[innermost] = 0;
}

/// Where low <= base + coefficient * i < high, for i >= 0.
Terms::Interval Terms::intervalOf(int64_t base, int64_t coefficient, int64_t low, int64_t high) const {
  constexpr int64_t far = std::numeric_limits<int64_t>::max();
  if (coefficient == 0)
    return base >= low && base < high ? Interval(0, far) : Interval(0, 0);
  bool bounded = high != far;
  if (coefficient > 0)
    return {std::max<int64_t>(0, llvm::divideCeilSigned(low - base, coefficient)),
            bounded ? llvm::divideFloorSigned(high - 1 - base, coefficient) + 1 : far};
  return {bounded ? std::max<int64_t>(0, llvm::divideCeilSigned(base - high + 1, -coefficient)) : 0,
          llvm::divideFloorSigned(base - low, -coefficient) + 1};
}

void Terms::emitFast(int64_t extent, Run &run, function_ref<void(const Run &)> callback) {
  constexpr int64_t far = std::numeric_limits<int64_t>::max();
  Interval range(0, extent);
  auto meet = [](Interval &range, Interval other) {
    range.first = std::max(range.first, other.first);
    range.second = std::min(range.second, other.second);
  };
  auto coefficientOf = [&](const Expr &expr) { return expr.linear ? expr.coefficients[innermost] : 0; };
  SmallVector<int64_t, 4> base(reads.size(), 0);
  for (auto [r, read] : llvm::enumerate(reads)) {
    int64_t owner = read.exampleDim < 0 ? 0 : evaluate(read.at[read.exampleDim]);
    if (owner < 0 || owner >= std::max<int64_t>(frame.batch, 1))
      return;
    run.stride[r] = 0;
    for (auto [dim, expr] : llvm::enumerate(read.at)) {
      int64_t at = evaluate(expr), coefficient = coefficientOf(expr);
      meet(range,
           intervalOf(at, coefficient, 0, read.lengths[dim] ? (*read.lengths[dim])[owner] : read.tensor->shape[dim]));
      base[r] += at * read.strides[dim];
      run.stride[r] += coefficient * read.strides[dim];
    }
  }
  if (range.first >= range.second)
    return;
  SmallVector<Interval, 4> intervals;
  for (auto &clause : clauses) {
    Interval part = range;
    for (const Condition &condition : clause)
      meet(part, intervalOf(evaluate(condition.expr), coefficientOf(condition.expr), 0, condition.equality ? 1 : far));
    if (part.first < part.second)
      intervals.push_back(part);
  }
  if (clauses.empty())
    intervals.push_back(range);
  llvm::sort(intervals);
  run.example = currentExample;
  int64_t done = 0, firstPlace = resultPlace();
  for (auto [first, end] : intervals) {
    first = std::max(first, done); // clauses may overlap
    if (first >= end)
      continue;
    done = end;
    run.inner = first;
    run.count = end - first;
    run.result = firstPlace + first * run.resultStride;
    for (unsigned r = 0; r < reads.size(); ++r)
      run.offset[r] = base[r] + first * run.stride[r];
    callback(run);
  }
}

//===--- Results -------------------------------------------------------------------------------------------------===//

Tensor Terms::makeResult(double value) {
  Tensor result = Tensor::full(resultShape, kNaN);
  forEachResult([&](int64_t place) { result.data[place] = value; });
  return result;
}

void Terms::finish(Tensor &result) {
  if (!undecided.empty())
    result.needScale();
  for (auto [i, scale] : llvm::enumerate(result.scale))
    if (std::isnan(scale) || (!undecided.empty() && undecided[i]))
      scale = kInf;
}
