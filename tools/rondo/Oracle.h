// The interpreter's answer for a batch, in the layout that libraries use: what `rondo verify` compares with.
#pragma once

#include "ir/interp/Interpret.h"
#include "tools/support/Library.h"

namespace rondo {

/// One result of one example: values and their error scales, sequence axes first.
struct Expected {
  std::vector<double> values, scales;
};

Cells cellsOf(const Arrays &weights);

/// expected[example][result]; failure comes with a diagnostic.
mlir::FailureOr<std::vector<std::vector<Expected>>> interpretBatch(mlir::func::FuncOp function, const Cells &cells,
                                                                   const Signature &fn, const Ragged &batch);

/// How far results are from what was expected.
struct Comparison {
  double worst = 0;    // largest |difference| / (eps * scale) among decided elements
  double relative = 0; // largest |difference| of a result / its largest |value|, or the floor, among decided elements
  int64_t elements = 0, undecided = 0;
  bool failed = false; // some element differs by more than the bound; the first one:
  unsigned result = 0;
  int64_t element = 0;
  double got = 0, want = 0, scale = 0;
};

/// Scales up to here are those of a few operations on inputs of order 1, which the bound alone judges well.
inline constexpr double kOrdinaryScale = 16;

/// Compares the rows of one example of a batch's results. Beside the bound, no element may be wrong by more than
/// `gross` of its result's largest: scales of deep models grow until the bound alone would let a wrong number pass.
/// Where all of a result cancels, its largest is what rounding left, so what the bound allows at kOrdinaryScale is
/// never gross.
void compare(const Signature &fn, const Ragged &batch, int64_t example, llvm::ArrayRef<Array> results,
             llvm::ArrayRef<Expected> expected, double bound, double gross, Comparison &comparison);

} // namespace rondo
