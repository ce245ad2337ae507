// contract: assembly, verifier, meaning.
#include "ir/EquationSyntax.h"
#include "ir/interp/Terms.h"
#include <cmath>

using namespace mlir;
using namespace rondo;

Operation *ContractOp::rebuild(OpBuilder &builder, Location loc, const EquationParts &parts) {
  auto op = ContractOp::create(builder, loc, parts);
  op->setDiscardableAttrs(llvm::to_vector((*this)->getDiscardableAttrs()));
  return op;
}

ParseResult ContractOp::parse(OpAsmParser &parser, OperationState &state) {
  EquationParser equation(parser, state);
  return failure(equation.parseHead() || equation.parseLets() || equation.parseReads(/*byStar=*/true) ||
                 equation.parseWhere() || equation.parseTypes());
}

void ContractOp::print(OpAsmPrinter &printer) {
  EquationPrinter equation(printer, *this);
  equation.printHead();
  equation.printLets();
  equation.printReads(" * ");
  equation.printWhere();
  equation.printAttributes();
  equation.printOperandTypes();
  printer << getResult().getType();
}

LogicalResult ContractOp::verify() {
  if (failed(verifyEquation(*this)))
    return failure();
  Type element = getResult().getType().getElementType();
  if (!element.isF32() && !element.isInteger(32)) // C1
    return emitOpError() << "gives elements " << element << ", expected f32 or i32";
  for (auto [i, value] : llvm::enumerate(getReads())) {
    Type factor = cast<RankedTensorType>(value.getType()).getElementType();
    if (!factor.isF32() && !factor.isInteger(32) && !factor.isInteger(1)) // C2
      return emitOpError() << "factor " << i << " has elements " << factor << ", expected f32, i32 or i1";
    if (factor.isF32() && !element.isF32()) // C1
      return emitOpError() << "gives " << element << ", but factor " << i << " is real";
  }
  return success();
}

//===--- Meaning -------------------------------------------------------------------------------------------------===//

/// What adding a term may lose: its own rounding, which is all that a sum of few terms or of both signs needs, or an
/// eighth of the sum so far. Many terms of one sign, one after another, may round alike at each step.
static double lost(double term, double sum) { return term == 0 ? 0 : std::max(std::fabs(term), std::fabs(sum) / 8); }

/// Adds the products of a run of terms to its results. The scale of a product: each factor's scale times the others.
static void addTerms(const Terms::Run &run, ArrayRef<const Tensor *> factors, bool rounds, Tensor &result) {
  if (factors.size() == 2 && run.resultStride == 0) { // the inner loop of nearly everything
    const double *a = factors[0]->data.data() + run.offset[0], *b = factors[1]->data.data() + run.offset[1];
    const double *sa = factors[0]->scale.empty() ? nullptr : factors[0]->scale.data() + run.offset[0];
    const double *sb = factors[1]->scale.empty() ? nullptr : factors[1]->scale.data() + run.offset[1];
    int64_t da = run.stride[0], db = run.stride[1];
    double sum = result.data[run.result], terms = 0, errors = 0;
    for (int64_t i = 0; i < run.count; ++i) {
      double product = a[i * da] * b[i * db];
      sum += product;
      terms += lost(product, sum);
    }
    for (int64_t i = 0; sa && i < run.count; ++i)
      errors += sa[i * da] * std::fabs(b[i * db]);
    for (int64_t i = 0; sb && i < run.count; ++i)
      errors += sb[i * db] * std::fabs(a[i * da]);
    result.data[run.result] = sum;
    result.scale[run.result] += errors + (rounds ? terms : 0);
    return;
  }
  for (int64_t i = 0; i < run.count; ++i) {
    double product = 1, errors = 0;
    for (auto [factor, offset, stride] : llvm::zip(factors, run.offset, run.stride)) {
      double value = factor->data[offset + i * stride], scale = factor->scaleAt(offset + i * stride);
      errors = errors * std::fabs(value) + std::fabs(product) * scale;
      product *= value;
    }
    int64_t place = run.result + i * run.resultStride;
    result.data[place] += product;
    result.scale[place] += errors + (rounds ? lost(product, result.data[place]) : 0);
  }
}

LogicalResult ContractOp::evaluate(Frame &frame) {
  Terms terms(*this, frame);
  if (failed(terms.prepare()))
    return failure();
  SmallVector<const Tensor *> factors;
  for (Value read : getReads())
    factors.push_back(&frame.get(read));
  // A copy and integers are exact: nothing is rounded.
  bool copies = getReads().size() <= 1 && getExtents().empty();
  bool rounds = getResult().getType().getElementType().isF32() && !copies;
  Tensor result = terms.makeResult(0);
  result.needScale();
  terms.forEachRun([&](const Terms::Run &run) { addTerms(run, factors, rounds, result); });
  terms.finish(result);
  frame.set(getResult(), std::move(result));
  return success();
}
