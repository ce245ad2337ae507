// Moving a value from one place to another, row by row.
#pragma once

#include "codegen/cpu/Scope.h"

namespace rondo {

/// Copies the elements of `from` (of type `type`) for the example of `scope`, to `start` onwards along `dim` of `to`.
/// `preset` holds the dimensions that the caller fixed, null for those to loop over.
void emitCopy(const Scope &scope, const Storage &from, const Storage &to, mlir::RankedTensorType type,
              llvm::ArrayRef<mlir::Value> preset, int64_t dim = 0, int64_t start = 0);

} // namespace rondo
