// What the interpreter knows while it runs a block: values, lengths, steps, the examples that live.
#pragma once

#include "ir/interp/Interpret.h"
#include "llvm/ADT/DenseMap.h"
#include <memory>

namespace rondo {

class Frame {
public:
  /// Lengths are one for each example; a function that is not batched has one example.
  Frame(const Cells &cells, bool batched, int64_t batch) : cells(cells), batched(batched), batch(batch) {}

  const Cells &cells;
  const bool batched;
  const int64_t batch;
  llvm::StringMap<llvm::SmallVector<int64_t>> lengths; // of base axes
  llvm::StringMap<int64_t> steps;                      // of the scans around
  std::vector<bool> alive;                             // empty: all

  bool isAlive(int64_t example) const { return alive.empty() || alive[example]; }
  const Tensor &get(mlir::Value value) const { return *values.find(value)->second; }
  std::shared_ptr<const Tensor> share(mlir::Value value) const { return values.find(value)->second; }
  void set(mlir::Value value, std::shared_ptr<const Tensor> tensor) { values[value] = std::move(tensor); }
  void set(mlir::Value value, Tensor tensor) { set(value, std::make_shared<const Tensor>(std::move(tensor))); }

  /// Length of an axis (or length expression) in an example; none if nobody gave it.
  std::optional<int64_t> lengthIn(llvm::StringRef axis, int64_t example) const;
  /// The same for every example; a diagnostic on `op` if one is unknown. For `b`, the batch each time.
  mlir::FailureOr<llvm::SmallVector<int64_t>> lengthsOf(llvm::StringRef axis, mlir::Operation *op) const;
  /// The shape a value is stored in: ragged dims as long as the longest example.
  mlir::FailureOr<llvm::SmallVector<int64_t>> shapeOf(mlir::RankedTensorType type, mlir::Operation *op) const;

  /// Evaluates all operations of a block but its terminator.
  mlir::LogicalResult run(mlir::Block &block);

private:
  llvm::DenseMap<mlir::Value, std::shared_ptr<const Tensor>> values;
};

/// The dim over `b`, if the function is batched and the type has one.
std::optional<unsigned> exampleDim(const Frame &frame, mlir::RankedTensorType type);

} // namespace rondo
