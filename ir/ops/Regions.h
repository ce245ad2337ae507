// What grouping regions have in common: they mean their inlining.
#pragma once

#include "ir/Dialect.h"

namespace rondo {

/// The region yields one value of the same type for each result.
mlir::LogicalResult verifyYields(mlir::Operation *op, mlir::Block &block);
/// Runs the region as if it stood here.
mlir::LogicalResult evaluateInlined(mlir::Operation *op, mlir::Block &block, Frame &frame);

} // namespace rondo
