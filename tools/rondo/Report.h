// The report of `rondo explain --html`: one file, pictures inside, nothing fetched.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "tools/rondo/Model.h"

namespace rondo {

/// The source with what the passes did beside it, the kernels with their work, a roofline, the memory plan.
std::string htmlReport(Model &model, mlir::ModuleOp kernels);

} // namespace rondo
