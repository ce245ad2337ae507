// Which operations of a block stand in one kernel together, and in which order the kernels run.
#pragma once

#include "ir/Dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/kernel/ProductShape.h"
#include "llvm/ADT/DenseMap.h"
#include <vector>

namespace rondo {

/// A view that is cloned into the kernels that read it, so that it is never stored: nothing needs it as a value.
bool isFreeView(mlir::Operation *op);

/// Products read through the views of their rows factor, or else those views become values: the emitter wants the
/// product's operands in memory. Marks the latter until `finishViews`.
void prepareProducts(mlir::Block &block, const llvm::DenseSet<mlir::Value> &parameters);
void finishViews(mlir::func::FuncOp func);

/// What an operation reads, looked at through free views: the value, and its index as a function of the operation's
/// dims (symbols stand for what a view looks up).
struct Access {
  mlir::Value source;
  mlir::AffineMap map;
  bool lookUp; // for a place or a condition, by the operation or by a view
};
llvm::SmallVector<Access> accessesOf(Equation op);

struct KernelGroup {
  enum Form { Product, Rows, Scan, Fold, Axis } form; // Axis: one `axis`, in no kernel
  llvm::SmallVector<mlir::Operation *> ops;
  llvm::SmallVector<std::string> rowAxes; // axes of the rows, outermost first
  std::optional<ProductShape> shape;      // Product: of the root
  int64_t width = 0;                      // Product: columns of one gate
  unsigned maps = 0;                      // Product: in the epilogue
};

/// Groups of the block's operations, in the order in which their kernels run. Operations of `parameters` and free views
/// are in none.
std::vector<KernelGroup> groupBlock(mlir::Block &block, const llvm::DenseSet<mlir::Value> &parameters);

} // namespace rondo
