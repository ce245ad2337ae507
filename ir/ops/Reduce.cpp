// reduce: assembly, verifier, meaning.
#include "ir/EquationSyntax.h"
#include "ir/Scalars.h"
#include "ir/interp/Terms.h"
#include <cmath>

using namespace mlir;
using namespace rondo;

Operation *ReduceOp::rebuild(OpBuilder &builder, Location loc, const EquationParts &parts) {
  auto op = ReduceOp::create(builder, loc, getHow(), parts);
  op->setDiscardableAttrs(llvm::to_vector((*this)->getDiscardableAttrs()));
  return op;
}

ParseResult ReduceOp::parse(OpAsmParser &parser, OperationState &state) {
  StringRef how;
  if (parser.parseKeyword(&how))
    return failure();
  state.addAttribute(getHowAttrName(state.name), parser.getBuilder().getStringAttr(how));
  EquationParser equation(parser, state);
  return failure(equation.parseHead() || equation.parseLets() || equation.parseReads(/*byStar=*/true) ||
                 equation.parseWhere() || equation.parseTypes());
}

void ReduceOp::print(OpAsmPrinter &printer) {
  printer << " " << getHow();
  EquationPrinter equation(printer, *this);
  equation.printHead();
  equation.printLets();
  equation.printReads(" * ");
  equation.printWhere();
  equation.printAttributes({"how"});
  equation.printOperandTypes();
  printer << getResult().getType();
}

LogicalResult ReduceOp::verify() {
  if (failed(verifyEquation(*this)))
    return failure();
  if (getReads().size() != 1 || getExtents().empty()) // C1
    return emitOpError() << "has " << getReads().size() << " reads and " << getExtents().size()
                         << " reduced dims, expected one read and at least one reduced dim";
  if (!llvm::is_contained({"max", "min", "prod", "lse", "argmax"}, getHow())) // C2
    return emitOpError() << "reduces by '" << getHow() << "', expected max, min, prod, lse or argmax";
  bool isArgmax = getHow() == "argmax";
  Type element = getResult().getType().getElementType();
  Type read = cast<RankedTensorType>(getReads().front().getType()).getElementType();
  bool ofInts = read.isInteger(32) && getHow() != "lse";
  if (!read.isF32() && !ofInts) // C3
    return emitOpError() << "reduces elements " << read << " by " << getHow();
  if (isArgmax ? !element.isInteger(32) : element != read) // C3
    return emitOpError() << "gives elements " << element << ", expected " << (isArgmax ? "i32" : "those of the read");
  if (isArgmax && getExtents().size() != 1) // C3
    return emitOpError() << "argmax is over " << getExtents().size() << " dims, expected one";
  return success();
}

//===--- Meaning -------------------------------------------------------------------------------------------------===//

namespace {
/// The present terms of one result.
struct Candidates {
  SmallVector<Scalar> terms;
  SmallVector<int64_t> positions; // along the innermost dim
};
} // namespace

/// max and min: as inexact as the worst term that may be the one.
static Scalar extremeOf(ArrayRef<Scalar> terms, bool wantMax) {
  Scalar best = {wantMax ? -kInfinity : kInfinity, 0};
  for (Scalar term : terms)
    if (wantMax ? term.value > best.value : term.value < best.value)
      best = term;
  Scalar result = best;
  for (Scalar term : terms)
    if (isUndecided(term, best))
      result.scale = std::max(result.scale, term.scale);
  return result;
}

static Scalar productOf(ArrayRef<Scalar> terms) {
  Scalar result = {1, 0};
  for (Scalar term : terms) {
    double value = result.value * term.value;
    result.scale = result.scale * std::fabs(term.value) + std::fabs(result.value) * term.scale + std::fabs(value);
    result.value = value;
  }
  return result;
}

static Scalar argmaxOf(const Candidates &candidates) {
  if (candidates.terms.empty())
    return {-1, 0};
  unsigned best = 0;
  for (unsigned i = 1; i < candidates.terms.size(); ++i)
    if (candidates.terms[i].value > candidates.terms[best].value)
      best = i;
  bool undecided = false;
  for (auto [i, term] : llvm::enumerate(candidates.terms))
    undecided |= i != best && isUndecided(term, candidates.terms[best]);
  return {static_cast<double>(candidates.positions[best]), undecided ? kInfinity : 0};
}

LogicalResult ReduceOp::evaluate(Frame &frame) {
  Terms terms(*this, frame);
  if (failed(terms.prepare()))
    return failure();
  const Tensor &read = frame.get(getReads().front());
  StringRef how = getHow();
  auto reduced = [&](const Candidates &candidates) -> Scalar {
    if (how == "max" || how == "min")
      return extremeOf(candidates.terms, how == "max");
    if (how == "prod")
      return productOf(candidates.terms);
    if (how == "argmax")
      return argmaxOf(candidates);
    LogSumExp sum = logSumExp(candidates.terms);
    double value = sum.value();
    return {value, std::isfinite(value) ? sum.error + std::fabs(sum.top) + std::fabs(value) : 0};
  };
  double nothing = reduced({}).value;
  if (getResult().getType().getElementType().isInteger(32)) // no infinity: the end of 32 bits
    nothing = std::clamp(nothing, -0x1p31, 0x1p31 - 1);
  Tensor result = terms.makeResult(nothing);
  result.needScale();
  Candidates candidates;
  int64_t current = -1;
  auto flush = [&]() {
    if (current < 0)
      return;
    Scalar value = reduced(candidates);
    result.data[current] = value.value;
    result.scale[current] = value.scale;
    candidates.terms.clear();
    candidates.positions.clear();
  };
  terms.forEachRun([&](const Terms::Run &run) {
    if (run.result != current)
      flush();
    current = run.result;
    for (int64_t i = 0; i < run.count; ++i) {
      int64_t place = run.offset[0] + i * run.stride[0];
      candidates.terms.push_back({read.data[place], read.scaleAt(place)});
      candidates.positions.push_back(run.inner + i);
    }
  });
  flush();
  terms.finish(result);
  frame.set(getResult(), std::move(result));
  return success();
}
