// A fold, one row at a time: wide values exist as one row in the thread's scratch, and only the columns that somebody
// asks for are computed.
#pragma once

#include "codegen/cpu/Scope.h"

namespace rondo {

/// Emits the row at `positions` of the example of `scope`.
mlir::LogicalResult emitFoldRow(const Scope &scope, FoldOp fold, llvm::ArrayRef<mlir::Value> positions);

} // namespace rondo
