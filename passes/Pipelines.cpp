#include "passes/Pipelines.h"
#include "mlir/Pass/PassRegistry.h"
#include "passes/Passes.h"

using namespace mlir;
using namespace rondo;

void rondo::buildAlgebraPipeline(OpPassManager &passes) {
  // Before hoist: the part of a joined input that does not recur can then leave the scan.
  passes.addPass(createSplitConcat());
  // Before fuse-products: what leaves different scans, or stands beside them, may share its operand.
  passes.addPass(createHoist());
  // Before form-fold: queries, keys and values are made outside folds, and joined products should stay there.
  passes.addPass(createFuseProducts());
  // Last of the algebra: a fold is a closed group for whoever comes after. Before batch, where `b` would have to be
  // told apart from the axes that make a value wide.
  passes.addPass(createFormFold());
}

void rondo::buildKernelPipeline(OpPassManager &passes, StringRef recurrences) {
  // After the algebra, which moves sums out of recurrences where it can.
  passes.addPass(createSumCarries());
  // Everything above is a rule about one example; everything below is about memory and code.
  passes.addPass(createBatch());
  // Before form-kernels, which knows products with one column dim only.
  passes.addPass(createFlattenColumns());
  passes.addPass(createFormKernels({recurrences.str()}));
  // After form-kernels: a weight's layout follows from the gates of the kernel that reads it.
  passes.addPass(createPack());
  // After pack, which makes kernels' captures final; before plan-memory, whose numbers differ between equal kernels.
  passes.addPass(createOutline());
  // Last: a slot's life ends with the last kernel that reads it.
  passes.addPass(createPlanMemory());
}

void rondo::buildForwardPipeline(OpPassManager &passes, StringRef recurrences) {
  buildAlgebraPipeline(passes);
  buildKernelPipeline(passes, recurrences);
}

void rondo::registerPipelines() {
  static PassPipelineRegistration<> algebra("rondo-algebra", "Rewrites of one example's program", buildAlgebraPipeline);
  static PassPipelineRegistration<> kernels("rondo-kernels", "From one example's program to kernels of a batch",
                                            [](OpPassManager &passes) { buildKernelPipeline(passes); });
  static PassPipelineRegistration<> forward("rondo-forward", "rondo-algebra, then rondo-kernels",
                                            [](OpPassManager &passes) { buildForwardPipeline(passes); });
}
