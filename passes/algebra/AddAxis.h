// add-axis: the one rule by which operations are lifted over an axis. Batch lifts everything over `b`; hoist lifts what
// leaves a scan over the scan's axis. A lifted operation is the old one with a new first result dim; what it reads is
// either lifted too (and read at that dim) or the same for all positions. What it reads at the step of a scan it reads at
// the new dim; where that is no place over the scan's axis, through a view.
#pragma once

#include "ir/Dialect.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/DenseMap.h"

namespace rondo {

class AxisAdder {
public:
  struct Axis {
    std::string name;    // "b" or "t"
    bool ragged = false; // all other axes become ragged in it
    std::string step;    // scan axis whose step the new dim is; empty for none
  };
  explicit AxisAdder(Axis axis) : axis(std::move(axis)) {}

  /// `twin` is `value` with the axis at dimension `dim`.
  void setLifted(mlir::Value value, mlir::Value twin, unsigned dim = 0) { lifted[value] = {twin, dim}; }
  bool isLifted(mlir::Value value) const { return lifted.count(value); }

  /// Whether the operation differs along the axis: it reads something lifted, or mentions its lengths or its step.
  bool needs(mlir::Operation *op) const;
  /// Whether operations that leave a scan have a rule each: this one, and what is inside it.
  static bool canLeave(mlir::Operation *op);
  /// Builds the operation anew with the axis, or as it is when it does not need it, and records what stands for its
  /// results. Fails (silently) for an operation that has no rule.
  mlir::LogicalResult add(mlir::OpBuilder &builder, mlir::Operation *op);
  /// What stands for the value, with the axis at dimension 0: broadcast or transposed by a contract where it must be.
  mlir::Value front(mlir::OpBuilder &builder, mlir::Value value, mlir::Location loc);
  /// What stands for the value, lifted or not.
  mlir::Value twin(mlir::Value value) const;
  mlir::RankedTensorType liftType(mlir::Type type) const;

private:
  struct Twin {
    mlir::Value value;
    unsigned dim;
  };
  mlir::LogicalResult addEquation(mlir::OpBuilder &builder, Equation op);
  mlir::LogicalResult addFold(mlir::OpBuilder &builder, FoldOp op);
  mlir::LogicalResult addScan(mlir::OpBuilder &builder, ScanOp op);
  void addPlain(mlir::OpBuilder &builder, mlir::Operation *op);
  bool mentionsAxis(mlir::Operation *op) const;

  Axis axis;
  llvm::DenseMap<mlir::Value, Twin> lifted;
  mlir::IRMapping same;
};

} // namespace rondo
