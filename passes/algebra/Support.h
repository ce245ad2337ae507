// Questions and small changes that several algebra passes need.
#pragma once

#include "ir/Queries.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"

namespace rondo {

/// Operands of the operation and of everything inside it that are defined outside it.
llvm::SmallVector<mlir::Value> inputsOf(mlir::Operation *op);

/// Whether the operation, or one inside it, mentions the step of this axis.
bool mentionsStep(mlir::Operation *op, llvm::StringRef axis);

/// Whether anything of the function is over examples.
bool mentionsExamples(mlir::func::FuncOp func);

/// At how many places of what is read the index hangs on the dim.
unsigned placesOf(mlir::AffineMap map, unsigned dim);

/// A contract with two factors or more and a reduced dim.
bool isProduct(mlir::Operation *op);

/// Values that depend on cells alone (not on an argument of the function or of a scan).
llvm::DenseSet<mlir::Value> parameterValues(mlir::func::FuncOp func);
/// The start of a function, where what depends on cells alone stands.
class ParameterSection {
public:
  /// Moves the operations whose results depend on cells alone to the start of the function, in their order.
  explicit ParameterSection(mlir::func::FuncOp func);

  bool contains(mlir::Value value) const { return values.contains(value); }
  const llvm::DenseSet<mlir::Value> &getValues() const { return values; }
  /// Builds at the end of the section; the result is a parameter's value, too.
  template <typename Op, typename... Args>
  mlir::Value create(mlir::Location loc, Args &&...args) {
    mlir::OpBuilder builder(func.getContext());
    if (last)
      builder.setInsertionPointAfter(last);
    else
      builder.setInsertionPointToStart(&func.getBody().front());
    Op op = Op::create(builder, loc, std::forward<Args>(args)...);
    last = op;
    values.insert(op->getResult(0));
    return op->getResult(0);
  }

private:
  mlir::func::FuncOp func;
  mlir::Operation *last = nullptr;
  llvm::DenseSet<mlir::Value> values;
};

/// "64 x 512" of the static dims of a type.
std::string shapeText(mlir::Type type);

} // namespace rondo
