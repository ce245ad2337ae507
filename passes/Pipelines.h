// The order of all passes. Nothing else knows it.
#pragma once

#include "mlir/Pass/PassManager.h"

namespace rondo {

/// Rewrites of one example's program (level 1).
void buildAlgebraPipeline(mlir::OpPassManager &passes);
/// From one example's program to kernels of a batch (level 2).
void buildKernelPipeline(mlir::OpPassManager &passes, llvm::StringRef recurrences = "");
/// Both: what `compile` runs. `recurrences`: the option of form-kernels.
void buildForwardPipeline(mlir::OpPassManager &passes, llvm::StringRef recurrences = "");

/// `rondo-algebra`, `rondo-kernels`, `rondo-forward`, as flags and in textual pipelines.
void registerPipelines();

} // namespace rondo
