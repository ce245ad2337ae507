// Questions and small changes that several algebra passes need.
#pragma once

#include "ir/Dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"

namespace rondo {

/// Operands of the operation and of everything inside it that are defined outside it.
llvm::SmallVector<mlir::Value> inputsOf(mlir::Operation *op);

/// Whether the operation, or one inside it, mentions the step of this axis.
bool mentionsStep(mlir::Operation *op, llvm::StringRef axis);

/// A contract with one factor and nothing reduced: a slice, shift, transpose, broadcast or gather.
bool isViewContract(mlir::Operation *op);
/// A contract with two factors or more and a reduced dim.
bool isProduct(mlir::Operation *op);
/// The dim that is this expression, if it is one.
std::optional<unsigned> pureDim(mlir::AffineExpr expr);

/// Least and greatest value of an expression over the static dims of an equation; none when it has other dims or symbols.
std::optional<std::pair<int64_t, int64_t>> rangeOf(mlir::AffineExpr expr, Equation equation);
/// Whether the equation never reads `value` out of range at `map`: along axes at pure dims, elsewhere provably inside.
/// A token input counts as within its bound, which callers must keep.
bool isInRange(Equation equation, mlir::Value value, mlir::AffineMap map);

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

/// Drops slices, carries, stacks, sums and pasts that nothing reads. Returns what takes the scan's place: itself, when
/// there was nothing to drop.
ScanOp dropUnused(ScanOp scan);

/// Views of views become views of what those look at, where the inner one hides nothing that the outer one could reach.
void composeViews(mlir::func::FuncOp func);

/// Equal operations become one, unread ones go, and scans lose what nothing reads.
void tidy(mlir::func::FuncOp func);

/// "64 x 512" of the static dims of a type.
std::string shapeText(mlir::Type type);

} // namespace rondo
