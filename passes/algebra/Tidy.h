// What every rewrite leaves behind goes: equal operations, unread ones, unread parts of scans.
#pragma once

#include "ir/Dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace rondo {

/// Drops slices, carries, stacks, sums and pasts that nothing reads. Returns what takes the scan's place: itself, when
/// there was nothing to drop.
ScanOp dropUnused(ScanOp scan);

/// Equal operations become one, unread ones go, and scans lose what nothing reads.
void tidy(mlir::func::FuncOp func);

} // namespace rondo
