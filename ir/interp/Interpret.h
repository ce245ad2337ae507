// The meaning of a function, in float64: what every pass and every compiled library is compared with.
#pragma once

#include "ir/Dialect.h"
#include "ir/interp/Tensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"

namespace rondo {

using Cells = llvm::StringMap<Tensor>;

/// One example: lengths of the axes that its inputs do not show, and its inputs without a batch dim.
struct Example {
  llvm::StringMap<int64_t> length;
  std::vector<Tensor> inputs;
};

/// The results for each example, before and after `batch` and on level 2 alike. Fails with a located diagnostic.
mlir::FailureOr<std::vector<std::vector<Tensor>>> interpret(mlir::func::FuncOp function, const Cells &cells,
                                                            llvm::ArrayRef<Example> examples);

/// Whether the function takes whole batches: an argument or a result has the axis `b`.
bool isBatched(mlir::func::FuncOp function);

} // namespace rondo
