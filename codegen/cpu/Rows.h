// Operations that are computed row by row: each for one example, or for one position of one example.
#pragma once

#include "codegen/cpu/Scope.h"

namespace rondo {

/// Emits any level-1 operation (and the contents of kernels and folds) for the example of `scope`. `positions` are the
/// row's places along the first sequence axes of the result; those without one are loops like any other dimension.
mlir::LogicalResult emitForExample(const Scope &scope, mlir::Operation *op, llvm::ArrayRef<mlir::Value> positions = {});

/// The operations of a block at the top level of an export, each as rows split over the threads, with a barrier
/// between those that read each other's results.
mlir::LogicalResult emitRows(Kernel &kernel, mlir::Operation *op);

/// What a kernel must be divided into so that nothing reads another row of a value of its own kernel before all rows
/// are there: operations to emit one after the other, with a barrier between. The kernel itself where it needs no
/// division.
llvm::SmallVector<mlir::Operation *> partsOf(mlir::Operation *op, const Placement &placement);

/// A recurrence: inside another one's step for the example of `scope`, else for a whole batch.
mlir::LogicalResult emitScan(const Scope &scope, ScanOp scan, bool alone);

} // namespace rondo
