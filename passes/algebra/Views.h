// What is done to views, contracts that only say where to look (ir/Queries.h tells them).
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace rondo {

/// Views of views become views of what those look at, where the inner one hides nothing that the outer one could reach.
void composeViews(mlir::func::FuncOp func);

/// Who reads a slice or a broadcast outside of it reads nothing, though what it is a slice of may go on there: such
/// readers say so themselves (`where`), so that afterwards views can be looked through.
void guardReadsOfViews(mlir::func::FuncOp func);

} // namespace rondo
