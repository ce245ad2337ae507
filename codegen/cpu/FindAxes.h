// The sequence axes of an export: those that its inputs bring, and those that are made from them.
#pragma once

#include "codegen/cpu/Program.h"
#include "codegen/cpu/Storage.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace rondo {

/// Every axis that a value of the function has or whose length something asks for, each after those that it is made
/// of, given ones first. `table` names them as types do, in the same order. Nothing after a diagnostic.
mlir::FailureOr<std::vector<EmittedAxis>> findAxes(mlir::func::FuncOp func, AxisTable &table);

} // namespace rondo
